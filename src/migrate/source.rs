//! The organization that a migration reads: it is listed, and never written to.
//!
//! Doesn't belong here: which of its items are moved (`choice`).

use crate::api::Client;
use crate::error::Error;
use crate::inventory::{Completeness, Earlier, Incomplete, ItemStore, Listing, ask_for, read_into};
use crate::output::Output;

/// An organization that is read and never written to: nothing here posts, and the client is not given out.
#[derive(Debug)]
pub struct Source {
    client: Client,
    /// What names its API in journals.
    pub place: String,
}

impl Source {
    /// The organization behind this client.
    #[must_use]
    pub fn new(client: Client, place: String) -> Self {
        Self { client, place }
    }

    /// The organization.
    #[must_use]
    pub fn org(&self) -> &str {
        self.client.org()
    }

    /// Reads all of it. `known` is how many items it holds at least, by an earlier run.
    pub fn read(&self, output: &Output, known: Option<u64>) -> Result<(Listing, ItemStore), Error> {
        let mut store = ItemStore::new()?;
        let listing = read_into(output, &self.client, known, &mut store)?;
        Ok((listing, store))
    }

    /// Asks for the items that earlier knowledge names and the list lacks.
    pub fn ask_for(&self, output: &Output, listing: &mut Listing, earlier: &[Earlier<'_>]) -> Result<(), Error> {
        ask_for(output, &self.client, listing, earlier)
    }

    /// How many requests have been sent, and how many of them were repetitions.
    #[must_use]
    pub fn requests(&self) -> (u64, u64) {
        (self.client.requests(), self.client.retries())
    }
}

/// Refuses a list that isn't known to be whole.
pub fn whole(org: &str, listing: &Listing) -> Result<(), Error> {
    match listing.completeness {
        Completeness::Proved | Completeness::Plausible => Ok(()),
        Completeness::Cut | Completeness::Unlisted => Err(Incomplete::of(org, listing).into()),
    }
}
