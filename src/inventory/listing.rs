//! One list after another, from the client to the receiver: each id once, and what is remembered of it.
//!
//! Only 64-bit hashes of the ids are kept, with a secret of each list's own: two ids that fall together in one list (once
//! in some thirty million inventories of a million items) look like a repeated id, and don't when the list is asked for again.
//!
//! Doesn't belong here: what the lists prove (`proof`).

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, RandomState};

use super::identity::{self, Aside};
use super::lines::Lines;
use super::listed::{End, Listed};
use super::{Receiver, id_of};
use crate::api::{ApiError, Client, Limit, ListQuery};
use crate::item::NAME;
use crate::item::text::Item;

/// The document's id, to order by: unlike `item_id`, no item lacks it (from the API contract).
const BY_NAME: &str = "__name__";

/// How often a list is asked for again because of ids that more than one item shows.
const AGAIN: usize = 2;

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
                seen.each_item(&mut |item| repeated.extend(item.id().map(std::borrow::Cow::into_owned)));
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
