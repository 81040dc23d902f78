//! One list after another, from the client to the receiver: each id once, and what is remembered of it.
//!
//! Only 64-bit hashes of the ids are kept, with a secret of each list's own: two ids that fall together in one list (once
//! in some thirty million inventories of a million items) look like a repeated id, and don't when the list is asked for again.
//!
//! Doesn't belong here: what the lists prove (`proof`).

use std::hash::{BuildHasher as _, RandomState};

use super::store::{Hashes, Lines};
use super::{Receiver, id_of};
use crate::api::{ApiError, Client, Limit, ListQuery};
use crate::item::Object;
use crate::item::text::Item;

/// The document's id, to order by: unlike `item_id`, no item lacks it (from the API contract).
const BY_NAME: &str = "__name__";

/// What is remembered of a list.
pub(super) struct Listed {
    hasher: RandomState,
    ids: Hashes,
    /// How many items were handed out.
    pub(super) count: u64,
    /// How many items came with an id that had come before, and were not handed out again.
    pub(super) repeated: u64,
}

impl Listed {
    fn new() -> Self {
        Self::hashed_by(RandomState::new())
    }

    fn hashed_by(hasher: RandomState) -> Self {
        Self {
            hasher,
            ids: Hashes::default(),
            count: 0,
            repeated: 0,
        }
    }

    fn hash(&self, id: &str) -> u64 {
        self.hasher.hash_one(id)
    }

    /// Whether this item is to be handed out.
    fn note(&mut self, item: &Object) -> bool {
        let new = id_of(item).is_none_or(|id| self.ids.insert(self.hasher.hash_one(id.as_ref())));
        let counter = if new { &mut self.count } else { &mut self.repeated };
        *counter = counter.saturating_add(1);
        new
    }

    /// Removes the items whose ids came before; returns whether there were none.
    fn note_lines(&mut self, lines: &mut Lines) -> bool {
        let all = lines.items.len() as u64;
        let repeated = lines.drop_seen(&mut self.ids);
        self.count = self.count.saturating_add(all.saturating_sub(repeated));
        self.repeated = self.repeated.saturating_add(repeated);
        repeated == 0
    }

    /// Whether every id of an end is in it, which was compared with this list or one [like](Lister::list_like) it.
    pub(super) fn holds(&self, end: &End) -> bool {
        end.hashes.iter().all(|hash| self.ids.contains(hash))
    }

    /// Whether an item of this id was in it.
    pub(super) fn has(&self, id: &str) -> bool {
        self.ids.contains(&self.hash(id))
    }

    /// How many different ids there were.
    pub(super) fn ids(&self) -> usize {
        self.ids.len()
    }
}

/// One end of the ordered list.
pub(super) struct End {
    /// The ids in the order in which they came, as hashes of the list that they are compared with.
    pub(super) hashes: Vec<u64>,
    /// Every id came after (ascending) or before (descending) the one before it, byte by byte, as Firestore orders.
    pub(super) in_order: bool,
    /// Ids that the list lacks.
    pub(super) absent: Vec<String>,
}

/// Lists for a receiver.
pub(super) struct Lister<'a, R> {
    pub(super) client: &'a Client,
    receiver: &'a mut R,
    /// The receiver holds something.
    holds: bool,
    /// What it holds is part of a list that broke off.
    broken: bool,
}

impl<'a, R: Receiver> Lister<'a, R> {
    pub(super) fn new(client: &'a Client, receiver: &'a mut R) -> Self {
        Self {
            client,
            receiver,
            holds: false,
            broken: false,
        }
    }

    /// Whether what the receiver holds is part of a list that broke off.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Makes the receiver empty.
    pub(super) fn forget(&mut self) {
        if std::mem::take(&mut self.holds) {
            self.receiver.restart();
        }
        self.broken = false;
    }

    /// What the receiver holds is void: the first of a list comes now.
    fn void(&mut self) {
        if std::mem::replace(&mut self.holds, true) {
            self.receiver.restart();
        }
        self.broken = true;
    }

    /// The unordered list, to the receiver. What it holds from before is void with the first item, or with an answer that
    /// holds none; a list that fails at once leaves it alone.
    pub(super) fn list(&mut self, limit: &Limit) -> Result<Listed, ApiError> {
        self.list_into(limit, &Listed::new)
    }

    /// The same, by the secret of an earlier list, so that the ends that were compared with that can be compared with this.
    pub(super) fn list_like(&mut self, limit: &Limit, earlier: &Listed) -> Result<Listed, ApiError> {
        self.list_into(limit, &|| Listed::hashed_by(earlier.hasher.clone()))
    }

    fn list_into(&mut self, limit: &Limit, empty: &dyn Fn() -> Listed) -> Result<Listed, ApiError> {
        let query = ListQuery {
            limit: limit.clone(),
            order_by: None,
            descending: false,
        };
        let mut attempt = 0;
        loop {
            let mut listed = empty();
            let mut begun = false;
            let mut refused = false;
            let maker = self.receiver.maker();
            let hasher = listed.hasher.clone();
            let make = |(lines, made): &mut (Lines, R::Made), item: &Item<'_, '_>| {
                lines.add(item, &hasher);
                if let Some(maker) = &maker {
                    maker(made, item);
                }
            };
            let answer = self.client.list_texts(&query, &make, &mut |(mut lines, made)| {
                let first = !std::mem::replace(&mut begun, true);
                if first {
                    self.void();
                }
                let all_new = listed.note_lines(&mut lines);
                if first {
                    self.receiver.begin(&hasher);
                }
                let made = all_new.then_some(made);
                self.receiver.lines(lines, made).inspect_err(|_| refused = true)
            });
            match answer {
                Ok(_) => {
                    if !begun {
                        self.forget();
                    }
                    self.broken = false;
                    return Ok(listed);
                }
                // Before the first item the client has repeated it already.
                Err(failure) if refused || !begun => return Err(failure),
                Err(failure) => self.client.pause_after(failure, attempt)?,
            }
            attempt = attempt.saturating_add(1);
        }
    }

    /// Both ends of the ordered list, to the receiver, each id once; and both, to be compared. One attempt: the receiver
    /// can't take back a part.
    pub(super) fn both_ends(&mut self) -> Result<(Listed, End, End), ApiError> {
        self.forget();
        let mut listed = Listed::new();
        let ascending = self.hand_out_end(false, &mut listed)?;
        let descending = self.hand_out_end(true, &mut listed)?;
        self.broken = false;
        Ok((listed, ascending, descending))
    }

    fn hand_out_end(&mut self, descending: bool, listed: &mut Listed) -> Result<End, ApiError> {
        let mut end = End::new();
        let mut last = None;
        self.client.list(&end_query(descending), &mut |item| {
            // An id that both ends hold is the overlap; one that comes twice in an end puts it out of order.
            let new = listed.note(&item);
            end.note(&item, descending, listed, &mut last);
            if new {
                self.holds = true;
                self.broken = true;
                self.receiver.item(item)?;
            }
            Ok(())
        })?;
        Ok(end)
    }
}

impl End {
    fn new() -> Self {
        Self {
            hashes: Vec::new(),
            in_order: true,
            absent: Vec::new(),
        }
    }

    fn note(&mut self, item: &Object, descending: bool, listed: &Listed, last: &mut Option<String>) {
        // An item without an id has no place in the order, and couldn't be told from its double in the other end.
        let Some(id) = id_of(item) else {
            self.in_order = false;
            return;
        };
        if let Some(last) = last.as_deref() {
            self.in_order &= if descending {
                id.as_ref() < last
            } else {
                id.as_ref() > last
            };
        }
        let hash = listed.hash(&id);
        self.hashes.push(hash);
        if !listed.ids.contains(&hash) {
            self.absent.push(id.clone().into_owned());
        }
        let kept = last.get_or_insert_default();
        kept.clear();
        kept.push_str(&id);
    }
}

/// One end of the ordered list, compared with this list.
pub(super) fn end_of(client: &Client, descending: bool, listed: &Listed) -> Result<End, ApiError> {
    let query = end_query(descending);
    let mut attempt = 0;
    loop {
        let mut end = End::new();
        let mut last = None;
        let answer = client.list(&query, &mut |item| {
            end.note(&item, descending, listed, &mut last);
            Ok(())
        });
        match answer {
            Ok(_) => return Ok(end),
            Err(failure) if last.is_none() => return Err(failure),
            Err(failure) => client.pause_after(failure, attempt)?,
        }
        attempt = attempt.saturating_add(1);
    }
}

fn end_query(descending: bool) -> ListQuery {
    ListQuery {
        limit: Limit::Default,
        order_by: Some(BY_NAME.to_owned()),
        descending,
    }
}
