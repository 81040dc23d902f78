//! The source, listed again at the end of a migration: what has changed in it since it was read, and whether the target
//! holds all of it as it is now.
//!
//! Doesn't belong here: comparing what was sent (`verify`), what the findings are called (`verdict`).

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::difference::{FieldPair, changed_leaves, compare};
use super::quantities::Quantities;
use super::{Migration, Source, Wanted, whole};
use crate::error::{Error, Exit};
use crate::inventory::{ItemStore, Listing, id_of};
use crate::item::Object;
use crate::output::Output;

/// How many items that only the target has are named.
const NAMED: usize = 1_000;

/// An item of the source that was asked for and has other values than when it was read.
#[derive(Clone, Debug)]
pub struct Changed {
    /// Its id in the source.
    pub id: String,
    /// What differs: as it was read, and as it is now.
    pub fields: Vec<FieldPair>,
}

/// What has changed in the source since it was read, among the items that were asked for.
#[derive(Clone, Debug)]
pub struct Since {
    /// The list that was read.
    pub listing: Listing,
    /// When it was read.
    pub at: Timestamp,
    /// Items with other values.
    pub changed: Vec<Changed>,
    /// Items that are new.
    pub added: Vec<String>,
    /// Items that are no longer there.
    pub removed: Vec<String>,
    /// How many items of the second source list are missing in the target or have other values there.
    pub unequal: u64,
}

/// Items that only the target has, and that no migration moved.
#[derive(Clone, Debug, Default)]
pub struct OnlyThere {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub ids: Vec<String>,
}

/// What both organizations hold at the end.
pub struct Now {
    /// What has changed in the source; or why it can't be told.
    pub since: Result<Since, String>,
    /// What only the target has.
    pub only_there: OnlyThere,
    /// The quantities of all items of the source and of the target.
    pub quantities: [Quantities; 2],
}

impl Since {
    /// Whether the source is as it was read.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.changed.is_empty() && self.added.is_empty() && self.removed.is_empty()
    }
}

/// Lists the source again, and holds it against what was read of it and against the target. Where it can't be listed, the
/// migration stands all the same, and the certificate names the reason.
pub(super) fn now(
    output: &Output,
    source: &Source,
    migration: &Migration,
    target: &mut ItemStore,
) -> Result<Now, Error> {
    let mut then = migration.source.borrow_mut();
    let (listing, mut now) = match read(output, source)? {
        Ok(read) => read,
        Err(why) => {
            let (only_there, quantities) = both(migration, &mut [&mut then], target)?;
            return Ok(Now {
                since: Err(why),
                only_there,
                quantities,
            });
        }
    };
    let since = since(migration, (listing, &mut now), &mut then, target)?;
    let (only_there, quantities) = both(migration, &mut [&mut now, &mut then], target)?;
    Ok(Now {
        since: Ok(since),
        only_there,
        quantities,
    })
}

/// The source as it is now, or why it can't be relied on.
fn read(output: &Output, source: &Source) -> Result<Result<(Listing, ItemStore), String>, Error> {
    let read = source.read(output, None);
    match read.and_then(|(listing, store)| whole(source.org(), &listing).map(|()| (listing, store))) {
        Err(error) if error.exit() == Exit::Interrupted => Err(error),
        Err(error) => Ok(Err(error.to_string())),
        Ok(read) => Ok(Ok(read)),
    }
}

fn since(
    migration: &Migration,
    (listing, now): (Listing, &mut ItemStore),
    then: &mut ItemStore,
    target: &mut ItemStore,
) -> Result<Since, Error> {
    let mut since = Since {
        listing,
        at: Timestamp::now(),
        changed: Vec::new(),
        added: Vec::new(),
        removed: Vec::new(),
        unequal: 0,
    };
    let choice = &migration.choice;
    let is_asked = |item: &Object| matches!(choice.wanted(item), Wanted::Item { .. } | Wanted::Refused(_));
    now.each::<Error>(|item| {
        let wanted = choice.wanted(&item);
        let is_equal = match &wanted {
            Wanted::Item { id, body, .. } => compare(body, target.get(id)?.as_ref()).is_ok(),
            Wanted::Refused(_) => false,
            Wanted::Elsewhere | Wanted::LeftOut => true,
        };
        since.unequal += u64::from(!is_equal);
        let Some(id) = id_of(&item) else { return Ok(()) };
        match then.get(&id)? {
            None if is_asked(&item) => since.added.push(id.into_owned()),
            Some(before) if is_asked(&item) || is_asked(&before) => {
                let fields = changed_leaves(&before, &item);
                if !fields.is_empty() {
                    let id = id.into_owned();
                    since.changed.push(Changed { id, fields });
                }
            }
            None | Some(_) => {}
        }
        Ok(())
    })?;
    then.each::<Error>(|item| {
        if let Some(id) = id_of(&item)
            && is_asked(&item)
            && !now.has(&id)?
        {
            since.removed.push(id.into_owned());
        }
        Ok(())
    })?;
    Ok(since)
}

/// What only the target has, given the states of the source, the newest first; and the sums of the newest and of the target.
fn both(
    migration: &Migration,
    sources: &mut [&mut ItemStore],
    target: &mut ItemStore,
) -> Result<(OnlyThere, [Quantities; 2]), Error> {
    let mut quantities = [Quantities::default(), Quantities::default()];
    let [of_source, of_target] = &mut quantities;
    if let Some(newest) = sources.first_mut() {
        newest.each::<Error>(|item| {
            of_source.add(&item);
            Ok(())
        })?;
    }
    let inverse = migration.choice.ids.inverse();
    let moved: BTreeSet<String> = migration.gone_ids();
    let mut only_there = OnlyThere::default();
    target.each::<Error>(|item| {
        of_target.add(&item);
        let Some(id) = id_of(&item) else { return Ok(()) };
        if moved.contains(id.as_ref()) {
            return Ok(());
        }
        if let Some(from) = inverse.source(&id) {
            for source in sources.iter_mut() {
                if source.has(from)? {
                    return Ok(());
                }
            }
        }
        only_there.count += 1;
        if only_there.ids.len() < NAMED {
            only_there.ids.push(id.into_owned());
        }
        Ok(())
    })?;
    Ok((only_there, quantities))
}
