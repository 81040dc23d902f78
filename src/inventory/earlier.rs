//! Ids that earlier snapshots and runs name and a list lacks: they are asked for one by one. Both ends of an ordered list
//! prove nothing of its middle.
//!
//! Doesn't belong here: where the ids come from (`runs`, `snapshot`), what the lists prove (`proof`).

use std::collections::HashSet;
use std::sync::Arc;

use rayon::prelude::*;

use super::listed::Listed;
use super::{Completeness, Listing, id_of};
use crate::api::{ApiError, Client};
use crate::error::Error;
use crate::output::{About, Output, counted, grouped};
use crate::progress::Progress;

/// How many ids are asked for at most: at 50 ms an answer and [`JOBS`] at a time, some ten seconds.
const ASKED: usize = 1_000;

/// How many ids are asked for at the same time.
const JOBS: usize = 4;

/// How many ids that are there are found before the others aren't asked for any more: the list is incomplete anyway.
const ENOUGH: usize = 10;

/// Who names ids: the filter says which ids the list lacks, and only those are passed on.
pub(super) type EachLacking<'a> = dyn Fn(&dyn Fn(&str) -> bool, &mut dyn FnMut(&str)) -> Result<(), Error> + 'a;

/// Earlier knowledge of an organization's items.
pub struct Earlier<'a> {
    /// What it is, as a person reads it (`snapshot 20261128T120000Z`).
    pub source: String,
    /// Names the ids that it knows to be stored.
    pub each: Box<EachLacking<'a>>,
}

/// The ids that a list held, by their hashes.
#[derive(Clone, Default)]
pub struct Seen(Option<Arc<Listed>>);

impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seen")
    }
}

/// What a listing tells doesn't depend on it.
impl PartialEq for Seen {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Seen {}

impl Seen {
    pub(super) fn of(listed: Listed) -> Self {
        Self(Some(Arc::new(listed)))
    }

    /// Whether the list is known and lacks this id.
    fn lacks(&self, id: &str) -> bool {
        self.0.as_ref().is_some_and(|listed| !listed.has(id))
    }
}

/// Asks for the ids that earlier knowledge names and the list lacks. Where one of them is stored, the list is cut; where
/// none is, they have been deleted meanwhile. What was asked goes into the listing's evidence; ids beyond the bound are
/// reported.
pub fn ask_for(output: &Output, client: &Client, listing: &mut Listing, earlier: &[Earlier<'_>]) -> Result<(), Error> {
    if listing.completeness == Completeness::Unlisted {
        return Ok(());
    }
    let mut met = HashSet::new();
    for Earlier { source, each } in earlier {
        let (mut absent, mut beyond) = (Vec::new(), 0_u64);
        let left = ASKED.saturating_sub(usize::try_from(listing.asked).unwrap_or(ASKED));
        each(&|id| listing.seen.lacks(id), &mut |id| {
            if !met.insert(id.to_owned()) {
            } else if absent.len() < left {
                absent.push(id.to_owned());
            } else {
                beyond += 1;
            }
        })?;
        if absent.is_empty() && beyond == 0 {
            continue;
        }
        let (asked, there) = still_there(output, client, &listing.seen, &absent)?;
        listing.asked += asked;
        listing.not_asked += beyond;
        let ids = counted(asked, "id");
        if there.is_empty() {
            listing.evidence +=
                &format!("; not in the list: {ids} of {source}, requested one by one and deleted since");
        } else {
            listing.completeness = Completeness::Cut;
            listing.evidence +=
                &format!("; not in the list: {ids} of {source}, requested one by one and partly stored");
            listing.missing.extend(there);
            listing.missing.sort_unstable();
            listing.missing.dedup();
            return Ok(());
        }
        if beyond > 0 {
            listing.evidence += &format!(", {} more not requested", grouped(beyond));
            output.warn(&About::ListGaps.warning(format!(
                "the list of {} lacks {} of {source}: {} requested and deleted since, the rest not requested",
                client.org(),
                counted(asked + beyond, "id"),
                grouped(asked)
            )));
        }
    }
    Ok(())
}

/// How many of the ids were asked for, and which of them are stored.
fn still_there(output: &Output, client: &Client, seen: &Seen, ids: &[String]) -> Result<(u64, Vec<String>), Error> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(JOBS).build().ok();
    let progress = Progress::begin(output, "Requesting ids that the list lacks", Some(ids.len() as u64));
    let stored = |id: &String| -> Result<bool, ApiError> {
        // The list may show an item under a stored `id` that hides its document's.
        let shown = |item| id_of(item).is_none_or(|shown| shown == id.as_str() || seen.lacks(&shown));
        Ok(client.get(id)?.as_ref().is_some_and(shown))
    };
    let (mut asked, mut there) = (0, Vec::new());
    for some in ids.chunks(JOBS * 4) {
        let answers: Result<Vec<bool>, ApiError> = match &pool {
            Some(pool) => pool.install(|| some.par_iter().map(stored).collect()),
            None => some.iter().map(stored).collect(),
        };
        let answers = answers?;
        asked += some.len() as u64;
        progress.done(some.len() as u64);
        there.extend(
            some.iter()
                .zip(answers)
                .filter(|(_, is_stored)| *is_stored)
                .map(|(id, _)| id.clone()),
        );
        if there.len() >= ENOUGH {
            break;
        }
    }
    progress.clear();
    Ok((asked, there))
}
