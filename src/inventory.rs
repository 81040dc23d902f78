//! The whole of an organization: the listing, and the proof that it is whole.
//!
//! The API cuts a list at 1000 items and says nothing. So every reading of an inventory ends with a grade of
//! completeness, by the rules of the API contract.

use crate::api::{ApiError, Client};
use crate::item::Object;

/// Takes the items of a listing as they arrive.
pub trait Receiver {
    /// All that has been received counts for nothing: the listing begins anew (somebody wrote meanwhile).
    fn restart(&mut self);
    /// One item, as stored. Its `id` is the document's.
    fn item(&mut self, item: Object) -> Result<(), ApiError>;
}

/// How sure it is that a listing is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// Both ends of the ordered list were asked for as well, and nothing is missing.
    Proved,
    /// The endpoint doesn't order; the list isn't of a suspicious length.
    Plausible,
    /// Items are missing, or may be.
    Cut,
    /// Only listing fails (5xx), while single items can be read.
    Unlisted,
}

/// What is known of an inventory that has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// How many items were received.
    pub count: u64,
    /// How sure it is that these are all.
    pub completeness: Completeness,
    /// Why, in plain words (`both ends of the ordered list hold the same items`).
    pub evidence: String,
    /// Ids that are known to be there and were not in the list.
    pub missing: Vec<String>,
}

/// Lists everything, then proves that it is everything. `known` is how many items an earlier run knows of, at least.
pub fn read(_client: &Client, _known: Option<u64>, _receiver: &mut dyn Receiver) -> Result<Listing, ApiError> {
    todo!()
}
