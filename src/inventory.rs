//! The whole of an organization: the listing, and the proof that it is whole.
//!
//! The API cuts a list at 1000 items and says nothing. So every reading of an inventory ends with a grade of
//! completeness, by the rules of the API contract ("Completeness"). The lists of each attempt are in `listing`, the
//! reasoning about them in `proof`; this file is the order in which things are tried.
//!
//! Doesn't belong here: requests (`api`), what is done with the items.

mod earlier;
mod identity;
mod incomplete;
mod lines;
mod listed;
mod listing;
mod proof;
mod store;
#[cfg(test)]
mod tests;

use std::hash::RandomState;
use std::sync::Arc;

use crate::api::{ApiError, Client, Limit, Loss};
use crate::item::Object;
pub use crate::item::id_of;
use crate::item::text::Item;
use crate::output::{About, Output};
use crate::progress::Progress;

pub use earlier::{Earlier, Seen, ask_for};
pub use incomplete::Incomplete;
pub use lines::{Lines, each_item};
use listed::Listed;
use listing::Lister;
use proof::Verdict;
pub use store::{ItemStore, Lookup, Window};

/// An integer limit for endpoints that don't take an empty one; more than any inventory is known to hold.
const MANY: u64 = 1_000_000;

/// Adds an item to what is made of its batch, on the thread that parses the batch.
pub type Maker<M> = Arc<dyn Fn(&mut M, &Item<'_, '_>) + Send + Sync>;

/// Takes the items of a listing as they arrive.
pub trait Receiver {
    /// What the threads that parse a list make of a batch of items, in addition to the items' lines.
    type Made: Default + Send;
    /// All that has been received counts for nothing: the listing begins anew (somebody wrote meanwhile).
    fn restart(&mut self);
    /// One item, as stored. Its `id` is the document's.
    fn item(&mut self, item: Object) -> Result<(), ApiError>;
    /// All ids of the list that comes now are hashed with this. Nothing has been received since the last restart.
    fn begin(&mut self, _hasher: &RandomState) {}
    /// What makes `Made` of the items of the list that is read next; nothing is made without it.
    fn maker(&self) -> Option<Maker<Self::Made>> {
        None
    }
    /// A batch of items as lines of text, in the list's order, and what was made of the batch; `None` if `lines` lacks some
    /// of its items, because their ids came before.
    fn lines(&mut self, lines: Lines, _made: Option<Self::Made>) -> Result<(), ApiError> {
        lines.each(&mut |item| self.item(item))
    }
}

/// How sure it is that a listing is whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Completeness {
    /// Both ends of the ordered list were asked for as well, and nothing is missing.
    Proved,
    /// The endpoint doesn't order; the list isn't of a suspicious length.
    Plausible,
    /// Items are missing, or may be.
    #[default]
    Cut,
    /// Only listing fails (5xx), while single items can be read.
    Unlisted,
}

/// What is known of an inventory that has been read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// How many items were received.
    pub count: u64,
    /// How sure it is that these are all.
    pub completeness: Completeness,
    /// Why, in plain words (`both ends of the ordered list hold the same items`).
    pub evidence: String,
    /// What a person should know of items whose document had to be asked for, a sentence each.
    pub doubts: Vec<String>,
    /// Ids that are known to be there and were not in the list, in order.
    pub missing: Vec<String>,
    /// The ids that were in the list.
    pub seen: Seen,
    /// How many ids that the list lacks were asked for one by one, because earlier snapshots or runs name them.
    pub asked: u64,
    /// How many more such ids there are, which were not asked for.
    pub not_asked: u64,
}

/// Lists everything, then proves that it is everything. `known` is how many items an earlier run knows of, at least.
///
/// Each id is handed out once; an item that has none is handed out as well. What the receiver holds at the end are the
/// [`Listing::count`] items of the grade that is told; [`Receiver::restart`] is called whenever what came before is void.
/// A list that breaks off is asked for again, as often as the client repeats a request.
pub fn read<R: Receiver>(client: &Client, known: Option<u64>, receiver: &mut R) -> Result<Listing, ApiError> {
    let mut source = Lister::new(client, receiver);
    let (limit, mut listed) = match first_list(&mut source, known)? {
        Ok(list) => list,
        Err(failure) => {
            source.forget();
            return Ok(Listing {
                count: 0,
                completeness: Completeness::Unlisted,
                evidence: format!("the API can't list the items, though single items can be read: {failure}"),
                ..Listing::default()
            });
        }
    };
    let mut verdict = proof::judge(client, &limit, &listed, known)?;
    if verdict.completeness == Completeness::Cut {
        // Somebody may have written meanwhile: once more, all of it.
        let before = verdict;
        listed = source.list(&limit)?;
        verdict = proof::judge(client, &limit, &listed, known)?;
        if verdict.is_moving(&before) {
            // Ends that are asked for after the list always know more than it while others create items, as the other
            // shards of a job do. A list that is asked for after the ends has to hold them.
            listed = source.list_like(&limit, &listed)?;
            if let Some(proved) = verdict.of_later(&listed) {
                return Ok(proved.listing(listed));
            }
            verdict = proof::judge(client, &limit, &listed, known)?;
        }
    }
    if verdict.completeness == Completeness::Cut && verdict.ends_overlap {
        if let Some(whole) = proof::union(&mut source)? {
            return Ok(whole);
        }
        listed = source.list(&limit)?;
        verdict = proof::judge(client, &limit, &listed, known)?;
    }
    if verdict.completeness == Completeness::Cut && limit == Limit::All {
        (listed, verdict) = by_integer(&mut source, known, listed, verdict)?;
    }
    Ok(verdict.listing(listed))
}

/// A receiver whose filling is shown.
struct Counted<'a, R> {
    receiver: &'a mut R,
    progress: &'a Progress<'a>,
}

impl<R: Receiver> Receiver for Counted<'_, R> {
    type Made = R::Made;

    fn restart(&mut self) {
        self.progress.restart();
        self.receiver.restart();
    }

    fn item(&mut self, item: Object) -> Result<(), ApiError> {
        self.progress.done(1);
        self.receiver.item(item)
    }

    fn begin(&mut self, hasher: &RandomState) {
        self.receiver.begin(hasher);
    }

    fn maker(&self) -> Option<Maker<R::Made>> {
        self.receiver.maker()
    }

    fn lines(&mut self, lines: Lines, made: Option<R::Made>) -> Result<(), ApiError> {
        self.progress.done(lines.items.len() as u64);
        self.receiver.lines(lines, made)
    }
}

/// Reads a complete inventory into a receiver, and shows the progress. `known` is how many items it holds, at least. If
/// nothing is known and the list is empty, the API is asked whether there is such an organization.
pub fn read_into<R: Receiver>(
    output: &Output,
    client: &Client,
    known: Option<u64>,
    receiver: &mut R,
) -> Result<Listing, ApiError> {
    let progress = Progress::begin(output, &format!("Reading {}", client.org()), None);
    let listing = read(
        client,
        known,
        &mut Counted {
            receiver,
            progress: &progress,
        },
    );
    progress.clear();
    if known.is_none() && matches!(&listing, Ok(listing) if listing.count == 0) {
        // A wrong or truncated name has an empty list too.
        client.check_organization()?;
    }
    for doubt in listing.iter().flat_map(|listing| &listing.doubts) {
        output.warn(&About::ListDoubt.warning(format!("{}: {doubt}", client.org())));
    }
    listing
}

/// Asks with the limits that endpoints are known to take, the best first. Where only listing fails, the inner result says how
/// the best one did.
fn first_list<R: Receiver>(
    source: &mut Lister<'_, R>,
    known: Option<u64>,
) -> Result<Result<(Limit, Listed), ApiError>, ApiError> {
    let failure = match source.list(&Limit::All) {
        Ok(listed) => return Ok(Ok((Limit::All, listed))),
        Err(failure) => failure,
    };
    if !is_about_listing(&failure) {
        return Err(failure);
    }
    // Is it the list, or the API as a whole (a mistyped path, an outage)?
    if let Err(other) = source.client.block_on(source.client.probe()) {
        return Err(if is_about_listing(&other) { failure } else { other });
    }
    for limit in [integer_limit(known), Limit::Default] {
        match source.list(&limit) {
            Ok(listed) => return Ok(Ok((limit, listed))),
            // Refused content is no failing server: the plain list without any parameter was called wrong.
            Err(refused @ ApiError::Refused { .. }) if limit == Limit::Default => return Err(refused),
            Err(next) if is_about_listing(&next) => {}
            Err(next) => return Err(next),
        }
    }
    Ok(Err(failure))
}

/// An endpoint may take an empty limit for its default and honour an integer. What was listed before is kept where the
/// integer brings less.
fn by_integer<R: Receiver>(
    source: &mut Lister<'_, R>,
    known: Option<u64>,
    before: Listed,
    verdict: Verdict,
) -> Result<(Listed, Verdict), ApiError> {
    let limit = integer_limit(known);
    match source.list(&limit) {
        Ok(listed) if listed.count >= before.count => {
            let verdict = proof::judge(source.client, &limit, &listed, known)?;
            return Ok((listed, verdict));
        }
        Ok(_) => {}
        Err(failure) if is_about_listing(&failure) => {
            if !source.is_broken() {
                return Ok((before, verdict));
            }
        }
        Err(failure) => return Err(failure),
    }
    let listed = source.list(&Limit::All)?;
    let verdict = proof::judge(source.client, &Limit::All, &listed, known)?;
    Ok((listed, verdict))
}

fn integer_limit(known: Option<u64>) -> Limit {
    Limit::Exactly(
        known
            .unwrap_or(0)
            .saturating_mul(2)
            .clamp(MANY, i32::MAX.unsigned_abs().into()),
    )
}

/// Whether a failure may be the list's alone, so that another list, or single items, can still be read: a failing or
/// refusing server, an answer that breaks off each time or can't be understood. A host that is silent, or asks for fewer
/// requests to the end, fails as a whole.
fn is_about_listing(failure: &ApiError) -> bool {
    match failure {
        ApiError::ServerError { status, .. } => *status >= 500,
        ApiError::Refused { .. } | ApiError::Foreign(_) | ApiError::Lost { how: Loss::Cut, .. } => true,
        _ => false,
    }
}
