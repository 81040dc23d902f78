//! Which document a listed item is, where its fields leave that open.
//!
//! The API answers `{"id": NAME, …}` with the stored fields over it, so a stored field `id` hides the document's name. Such an
//! item shows an `id` that isn't its `item_id`, or an `id` that another item shows too. The name is then asked for: an item
//! that `GET /inventory/<name>` answers is the document of that name. Items are set aside while the list arrives, and asked
//! for once it has ended, since a list that waits may be closed by the host.
//!
//! Doesn't belong here: the lists (`listing`), how an item carries its name (`item`).

use std::collections::BTreeSet;
use std::io;

use rayon::prelude::*;

use super::is_about_listing;
use super::lines::{Hashes, Lines};
use super::listed::{Listed, content};
use super::store::ItemStore;
use crate::api::{ApiError, Client};
use crate::item::{ITEM_ID, NAME, Object, check_id, id_in, is_doubtful, set_name};

/// How many items are gathered before they are asked for together.
const TOGETHER: usize = 256;

/// How many are asked for at the same time, at most.
const AT_ONCE: usize = 8;

/// Items whose document has to be asked for, on disk.
#[derive(Default)]
pub(super) struct Aside {
    store: Option<ItemStore>,
}

impl Aside {
    /// Sets items aside.
    pub(super) fn put(&mut self, lines: Lines) -> Result<(), ApiError> {
        if lines.items.is_empty() {
            return Ok(());
        }
        let store = match &mut self.store {
            Some(store) => store,
            empty => empty.insert(ItemStore::sequential().map_err(kept)?),
        };
        store.put_lines(lines).map_err(kept)
    }
}

fn kept(cause: io::Error) -> ApiError {
    ApiError::ListNotKept(Box::new(cause))
}

impl Aside {
    /// Asks for the items' documents, and gives the items with their names to `hand_out`. Returns the names that more than one
    /// item has a claim to; in the last attempt such an item is handed out without a name.
    pub(super) fn resolve(
        self,
        client: &Client,
        listed: &mut Listed,
        is_last: bool,
        hand_out: &mut dyn FnMut(Lines) -> Result<(), ApiError>,
    ) -> Result<BTreeSet<String>, ApiError> {
        let Some(mut store) = self.store else {
            return Ok(BTreeSet::new());
        };
        let mut claims = Claims {
            listed,
            is_last,
            contested: BTreeSet::new(),
            changed: Vec::new(),
            hand_out,
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(AT_ONCE).build().ok();
        let mut seen = Hashes::default();
        let mut items = Vec::with_capacity(TOGETHER);
        store.each::<Kept>(|item| {
            if seen.insert(content(&item, &claims.listed.hasher)) {
                items.push(item);
            } else {
                // The same to the letter: one item that the list shows twice.
                claims.listed.repeated += 1;
            }
            if items.len() == TOGETHER {
                claims.settle(client, pool.as_ref(), &mut items)?;
            }
            Ok(())
        })?;
        claims.settle(client, pool.as_ref(), &mut items)?;
        // An item that is stored just as listed has the better claim to a name.
        for (item, name) in std::mem::take(&mut claims.changed) {
            claims.claim(item, name)?;
        }
        Ok(claims.contested)
    }
}

/// An error of the API, or of the disk that the items are kept on.
struct Kept(ApiError);

impl From<io::Error> for Kept {
    fn from(cause: io::Error) -> Self {
        Self(kept(cause))
    }
}

impl From<ApiError> for Kept {
    fn from(failure: ApiError) -> Self {
        Self(failure)
    }
}

impl From<Kept> for ApiError {
    fn from(Kept(failure): Kept) -> Self {
        failure
    }
}

/// Names that are claimed by the items that were set aside.
struct Claims<'a> {
    listed: &'a mut Listed,
    is_last: bool,
    contested: BTreeSet<String>,
    /// Items whose document has changed since they were listed.
    changed: Vec<(Object, String)>,
    hand_out: &'a mut dyn FnMut(Lines) -> Result<(), ApiError>,
}

impl Claims<'_> {
    fn settle(
        &mut self,
        client: &Client,
        pool: Option<&rayon::ThreadPool>,
        items: &mut Vec<Object>,
    ) -> Result<(), ApiError> {
        let ask = |item: &Object| ask(client, item);
        let answers: Result<Vec<Answer>, ApiError> = match pool {
            Some(pool) => pool.install(|| items.par_iter().map(ask).collect()),
            None => items.iter().map(ask).collect(),
        };
        for (item, answer) in items.drain(..).zip(answers?) {
            match answer {
                Answer::Is(name) => self.claim(item, name)?,
                Answer::WasChanged(name) => self.changed.push((item, name)),
                Answer::Unknown => self.give(item, None)?,
            }
        }
        Ok(())
    }

    fn claim(&mut self, item: Object, name: String) -> Result<(), ApiError> {
        if self.listed.claim(&name) {
            self.give(item, Some(&name))
        } else if self.is_last || self.listed.contests(&name) {
            self.give(item, None)
        } else {
            self.contested.insert(name);
            Ok(())
        }
    }

    fn give(&mut self, mut item: Object, name: Option<&str>) -> Result<(), ApiError> {
        self.listed.note_found(&item, name);
        set_name(&mut item, name);
        let lines = Lines::of(&item, &self.listed.hasher).map_err(kept)?;
        (self.hand_out)(lines)
    }
}

/// What single reads tell of an item that was set aside.
enum Answer {
    /// The document of this name holds just this item.
    Is(String),
    /// The document of this name shows the same `id` and `item_id`; other fields have changed meanwhile.
    WasChanged(String),
    /// None of the documents that it can be.
    Unknown,
}

/// Asks which document an item is: the one that its `item_id` names, or else the one that its `id` names.
fn ask(client: &Client, item: &Object) -> Result<Answer, ApiError> {
    let (own, shown) = (id_in(item, ITEM_ID), id_in(item, "id"));
    let second = shown.filter(|shown| own.as_ref() != Some(shown));
    let mut changed = None;
    for name in own.into_iter().chain(second).filter(|name| check_id(name).is_ok()) {
        let mut found = match client.get(&name) {
            Ok(Some(found)) => found,
            Ok(None) => continue,
            // One item that can't be read is no reason to stop.
            Err(failure) if is_about_listing(&failure) && !matches!(failure.status(), Some(502..=504)) => continue,
            Err(failure) => return Err(failure),
        };
        found.remove(NAME);
        if found == *item {
            return Ok(Answer::Is(name.into_owned()));
        }
        if changed.is_none()
            && ["id", ITEM_ID]
                .iter()
                .all(|field| found.get(*field) == item.get(*field))
        {
            changed = Some(name.into_owned());
        }
    }
    Ok(changed.map_or(Answer::Unknown, Answer::WasChanged))
}

/// Records in which document an item of another list is stored: by what was found out before, or else by asking now.
pub(super) fn identify(client: &Client, item: &mut Object, listed: &Listed) -> Result<(), ApiError> {
    if !is_doubtful(item) && !listed.is_contested(item) {
        return Ok(());
    }
    let name = match listed.names.get(&content(item, &listed.hasher)) {
        Some(name) => name.clone(),
        None => match ask(client, item)? {
            Answer::Is(name) | Answer::WasChanged(name) => Some(name),
            Answer::Unknown => None,
        },
    };
    set_name(item, name.as_deref());
    Ok(())
}
