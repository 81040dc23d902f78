//! One list after another, from the client to the receiver: each id once, and what is remembered of it.
//!
//! Only 64-bit hashes of the ids are kept, with a secret of each list's own: two ids that fall together in one list (once
//! in some thirty million inventories of a million items) look like a repeated id, and don't when the list is asked for again.
//!
//! Doesn't belong here: what the lists prove (`proof`).

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, RandomState};

use super::identity::{self, Aside, Findings, Names};
use super::store::{Hashes, Lines, each_item};
use super::{Receiver, id_of};
use crate::api::{ApiError, Client, Limit, ListQuery};
use crate::item::text::Item;
use crate::item::{NAME, Object};

/// The document's id, to order by: unlike `item_id`, no item lacks it (from the API contract).
const BY_NAME: &str = "__name__";

/// How often a list is asked for again because of ids that more than one item shows.
const AGAIN: usize = 2;

/// What is remembered of a list.
pub(super) struct Listed {
    pub(super) hasher: RandomState,
    ids: Hashes,
    /// How many items were handed out.
    pub(super) count: u64,
    /// How many items came twice, the same to the letter, and were not handed out again.
    pub(super) repeated: u64,
    /// Ids that more than one item showed before.
    contested: Hashes,
    /// The names of the items that were set aside.
    pub(super) names: Names,
    /// What was found out about these.
    pub(super) found: Findings,
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
            contested: Hashes::default(),
            names: Names::default(),
            found: Findings::default(),
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

    /// Counts the items of a batch, and takes out those whose ids came before.
    fn note_lines(&mut self, lines: &mut Lines) -> Lines {
        let repeated = lines.take_seen(&mut self.ids);
        self.count = self.count.saturating_add(lines.items.len() as u64);
        repeated
    }

    /// Takes a document's name for an item; false if another item has it.
    pub(super) fn claim(&mut self, name: &str) -> bool {
        self.ids.insert(self.hasher.hash_one(name))
    }

    /// Counts an item that was set aside and is handed out.
    pub(super) fn note_found(&mut self, item: &Object, name: Option<&str>) {
        self.count = self.count.saturating_add(1);
        self.found.note(item, name);
        let content = identity::content(item, &self.hasher);
        self.names.insert(content, name.map(str::to_owned));
    }

    /// Whether another item has shown this item's id.
    pub(super) fn is_contested(&self, item: &Object) -> bool {
        !self.contested.is_empty() && id_of(item).is_some_and(|id| self.contests(&id))
    }

    /// Whether more than one item has shown this id before.
    pub(super) fn contests(&self, id: &str) -> bool {
        self.contested.contains(&self.hash(id))
    }

    /// Whether every id of an end is in it, which was compared with this list or one [like](Lister::list_like) it.
    pub(super) fn holds(&self, end: &End) -> bool {
        end.hashes.iter().all(|hash| self.ids.contains(hash))
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
    /// Ids that more than one item has shown.
    contested: BTreeSet<String>,
}

/// What the threads that parse a list make of a batch of items.
#[derive(Default)]
struct Batch<M> {
    lines: Lines,
    /// Items whose document has to be asked for.
    aside: Lines,
    made: M,
}

impl<'a, R: Receiver> Lister<'a, R> {
    pub(super) fn new(client: &'a Client, receiver: &'a mut R) -> Self {
        Self {
            client,
            receiver,
            holds: false,
            broken: false,
            contested: BTreeSet::new(),
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

    /// Gives the receiver some items; what it holds from before is void with the first.
    fn hand_out(
        &mut self,
        hasher: &RandomState,
        lines: Lines,
        made: Option<R::Made>,
        begun: &mut bool,
    ) -> Result<(), ApiError> {
        if lines.items.is_empty() {
            return Ok(());
        }
        if !std::mem::replace(begun, true) {
            self.void();
            self.receiver.begin(hasher);
        }
        self.receiver.lines(lines, made)
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
        for _ in 0..AGAIN {
            let (listed, contested) = self.list_once(limit, empty, false)?;
            if contested.is_empty() {
                return Ok(listed);
            }
            // All items that show these ids are asked for.
            self.contested.extend(contested);
        }
        Ok(self.list_once(limit, empty, true)?.0)
    }

    /// The list, and the ids that more than one item showed unexpectedly. What was handed out is void if there are any.
    fn list_once(
        &mut self,
        limit: &Limit,
        empty: &dyn Fn() -> Listed,
        is_last: bool,
    ) -> Result<(Listed, BTreeSet<String>), ApiError> {
        let query = ListQuery {
            limit: limit.clone(),
            order_by: None,
            descending: false,
        };
        let mut attempt = 0;
        loop {
            let mut listed = empty();
            listed.contested = self.contested.iter().map(|id| listed.hash(id)).collect();
            let (mut aside, mut repeated) = (Aside::default(), BTreeSet::new());
            let (mut arrived, mut begun, mut refused) = (false, false, false);
            let maker = self.receiver.maker();
            let (hasher, contested) = (listed.hasher.clone(), listed.contested.clone());
            let is_contested = |item: &Item<'_, '_>| {
                !contested.is_empty()
                    && item
                        .id()
                        .is_some_and(|id| contested.contains(&hasher.hash_one(id.as_ref())))
            };
            let make = |batch: &mut Batch<R::Made>, item: &Item<'_, '_>| {
                if item.is_doubtful() || is_contested(item) {
                    batch.lines.add_names(item);
                    batch.aside.add_unplaced(item);
                    return;
                }
                batch.lines.add(item, &hasher);
                if let Some(maker) = &maker {
                    maker(&mut batch.made, item);
                }
            };
            let answer = self.client.list_texts(&query, &make, &mut |mut batch| {
                arrived = true;
                let seen = listed.note_lines(&mut batch.lines);
                note_ids(&seen, &mut repeated);
                let is_complete = seen.items.is_empty() && batch.aside.items.is_empty();
                let kept = aside.put(seen).and_then(|()| aside.put(batch.aside));
                let made = is_complete.then_some(batch.made);
                kept.and_then(|()| self.hand_out(&hasher, batch.lines, made, &mut begun))
                    .inspect_err(|_| refused = true)
            });
            match answer {
                Ok(_) => {
                    if is_last || repeated.is_empty() {
                        let client = self.client;
                        let hand_out = &mut |lines| self.hand_out(&hasher, lines, None, &mut begun);
                        repeated = aside.resolve(client, &mut listed, is_last, hand_out)?;
                    }
                    if !begun {
                        self.forget();
                    }
                    self.broken = false;
                    return Ok((listed, repeated));
                }
                // Before the first item the client has repeated it already.
                Err(failure) if refused || !arrived => return Err(failure),
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
        let client = self.client;
        client.list(&end_query(descending), &mut |mut item| {
            identity::identify(client, &mut item, listed)?;
            // An id that both ends hold is the overlap; one that comes twice in an end puts it out of order.
            let new = listed.note(&item);
            end.note(&item, descending, listed, &mut last);
            if new {
                if item.contains_key(NAME) {
                    listed.found.note(&item, id_of(&item).as_deref());
                }
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

/// Notes the ids of these items.
fn note_ids(lines: &Lines, ids: &mut BTreeSet<String>) {
    // The list was parsed before.
    let _ = each_item::<std::io::Error>(&lines.bytes, &mut |item| {
        ids.extend(item.id().map(std::borrow::Cow::into_owned));
        Ok(())
    });
}

/// One end of the ordered list, compared with this list.
pub(super) fn end_of(client: &Client, descending: bool, listed: &Listed) -> Result<End, ApiError> {
    let query = end_query(descending);
    let mut attempt = 0;
    loop {
        let mut end = End::new();
        let mut last = None;
        let answer = client.list(&query, &mut |mut item| {
            identity::identify(client, &mut item, listed)?;
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
