//! What lists prove: the three grades of the API contract.
//!
//! Doesn't belong here: asking for lists (`listing`).

use std::collections::BTreeSet;

use super::listed::{End, Listed};
use super::listing::{Lister, end_of};
use super::{Completeness, Listing, Receiver, Seen};
use crate::api::{ApiError, Client, Fate, Limit};
use crate::output::{counted, counted_are};

/// Where the API cuts a list without a word, from the API contract.
const SILENT_CUT: u64 = 1000;

/// What is thought of a list, and why.
pub(super) struct Verdict {
    pub(super) completeness: Completeness,
    evidence: String,
    missing: BTreeSet<String>,
    /// The two ends overlap, so that together they are the whole.
    pub(super) ends_overlap: bool,
    /// The two ends, where they are ordered.
    ends: Vec<End>,
}

impl Verdict {
    /// Whether items are being created while the inventory is read: the ends, which were asked for after the list, show
    /// some that it lacks, and others than they did before.
    pub(super) fn is_moving(&self, before: &Self) -> bool {
        !self.ends.is_empty() && !self.missing.is_empty() && self.missing != before.missing
    }

    /// The verdict on a list that was asked for after these ends. They know of nothing that is newer than it.
    pub(super) fn of_later(&self, listed: &Listed) -> Option<Self> {
        let proves = !self.ends.is_empty() && listed.repeated == 0 && self.ends.iter().all(|end| listed.holds(end));
        proves.then(|| Self {
            completeness: Completeness::Proved,
            evidence: "both ends of the ordered list, requested before it, are in the list".to_owned(),
            missing: BTreeSet::new(),
            ends_overlap: self.ends_overlap,
            ends: Vec::new(),
        })
    }

    /// What is told of the list.
    pub(super) fn listing(self, listed: Listed) -> Listing {
        let repeated = match listed.repeated {
            0 => String::new(),
            1 => "; one item was listed twice and is counted once".to_owned(),
            n => format!("; {n} items were listed more than once and are counted once"),
        };
        Listing {
            count: listed.count,
            completeness: self.completeness,
            evidence: format!("{}{repeated}", self.evidence),
            doubts: listed.found.sentences(),
            missing: self.missing.into_iter().collect(),
            seen: Seen::of(listed),
            ..Listing::default()
        }
    }
}

/// Asks for both ends, and compares them with the list that was asked for with this limit.
pub(super) fn judge(client: &Client, limit: &Limit, listed: &Listed, known: Option<u64>) -> Result<Verdict, ApiError> {
    let end = |descending| match end_of(client, descending, listed) {
        Ok(end) => Ok(Some(end)),
        Err(failure) if is_about_ordering(&failure) => Ok(None),
        Err(failure) => Err(failure),
    };
    let ascending = end(false)?;
    let descending = if ascending.is_some() { end(true)? } else { None };
    let ends = [&ascending, &descending];
    let missing: BTreeSet<_> = ends
        .into_iter()
        .flatten()
        .flat_map(|end| end.absent.iter().cloned())
        .collect();
    let orders = ends
        .into_iter()
        .all(|end| end.as_ref().is_some_and(|end| is_ordered(end, listed)));
    let ends: Vec<End> = if orders {
        ascending.into_iter().chain(descending).collect()
    } else {
        Vec::new()
    };
    let ends_overlap = matches!(ends.as_slice(), [up, down] if overlap(up, down));
    let verdict = |completeness, evidence| Verdict {
        completeness,
        evidence,
        missing: BTreeSet::new(),
        ends_overlap,
        ends,
    };
    Ok(if !missing.is_empty() {
        let evidence = match missing.len() {
            1 => "an item that the ordered list shows isn't in the list".to_owned(),
            n => format!("{n} items that the ordered list shows aren't in the list"),
        };
        Verdict {
            missing,
            ..verdict(Completeness::Cut, evidence)
        }
    } else if orders && listed.count == 0 {
        verdict(
            Completeness::Proved,
            "the list and both ends of the ordered list are empty".to_owned(),
        )
    } else if orders {
        verdict(
            Completeness::Proved,
            "both ends of the ordered list are in the list".to_owned(),
        )
    } else if let Some(suspicion) = suspicion(limit, listed.count, known) {
        verdict(Completeness::Cut, suspicion)
    } else {
        verdict(
            Completeness::Plausible,
            "the API doesn't order its lists, so there is no proof; the length isn't suspicious".to_owned(),
        )
    })
}

/// Whether the endpoint can't order, rather than being in trouble: a list without order has just been answered.
fn is_about_ordering(failure: &ApiError) -> bool {
    match failure {
        ApiError::ServerError { status, .. } => matches!(status, 500 | 501),
        ApiError::Refused { .. } | ApiError::Foreign(_) => true,
        _ => false,
    }
}

/// Hands out the union of both ends, where they overlap: then it is the whole, whatever cuts the lists.
pub(super) fn union<R: Receiver>(source: &mut Lister<'_, R>) -> Result<Option<Listing>, ApiError> {
    let mut attempt = 0;
    let (listed, up, down) = loop {
        match source.both_ends() {
            Ok(all) => break all,
            Err(failure) if matches!(failure.fate(), Fate::Repeat { .. }) => {
                source.client.pause_after(failure, attempt)?;
            }
            Err(failure) => return Err(failure),
        }
        attempt = attempt.saturating_add(1);
    };
    Ok((up.in_order && down.in_order && overlap(&up, &down)).then(|| Listing {
        count: listed.count,
        completeness: Completeness::Proved,
        evidence: format!(
            "the API truncates its lists, but both ends of the ordered list ({} and {} items) overlap and cover all items",
            up.hashes.len(),
            down.hashes.len()
        ),
        doubts: listed.found.sentences(),
        seen: Seen::of(listed),
        ..Listing::default()
    }))
}

/// An end proves an order only if it could have shown disorder: it has two items where the list has.
fn is_ordered(end: &End, listed: &Listed) -> bool {
    end.in_order && end.hashes.len() >= listed.ids().min(2) && (listed.count == 0 || !end.hashes.is_empty())
}

/// Whether the last items of the ascending end are, one for one, the last of the descending end.
fn overlap(up: &End, down: &End) -> bool {
    let Some(lowest) = down.hashes.last() else { return false };
    let Some(at) = up.hashes.iter().position(|hash| hash == lowest) else {
        return false;
    };
    let tail = up.hashes.len().saturating_sub(at);
    tail <= down.hashes.len() && up.hashes.iter().skip(at).eq(down.hashes.iter().rev().take(tail))
}

/// Why a list that nothing proves can't be trusted.
fn suspicion(limit: &Limit, count: u64, known: Option<u64>) -> Option<String> {
    if count == SILENT_CUT {
        Some("the list holds exactly 1000 items, which is where the API truncates without notice".to_owned())
    } else if *limit == Limit::Exactly(count) {
        Some(format!(
            "the list holds exactly as many items as were requested: {count}"
        ))
    } else {
        known.filter(|known| count < *known).map(|known| {
            format!(
                "the list holds {}, and {} known to exist",
                counted(count, "item"),
                counted_are(known, "item")
            )
        })
    }
}
