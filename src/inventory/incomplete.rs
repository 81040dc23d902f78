//! The error of a list that can't be shown to be complete, where a complete one is needed.
//!
//! Doesn't belong here: what proves a list complete (`proof`).

use super::Listing;
use crate::error::{Code, Exit, UserError};

/// How many of the ids that a list lacks are named.
const NAMED: usize = 5;

/// A list that can't be shown to be complete.
#[derive(Debug, thiserror::Error)]
#[error("the list of {org} is incomplete: {evidence}")]
pub struct Incomplete {
    /// The organization.
    pub org: String,
    /// How that is known, with the ids that are known to be missing.
    pub evidence: String,
}

impl Incomplete {
    /// The error of a list that was read.
    #[must_use]
    pub fn of(org: &str, listing: &Listing) -> Self {
        let mut evidence = listing.evidence.clone();
        if !listing.missing.is_empty() {
            let named: Vec<&str> = listing.missing.iter().take(NAMED).map(String::as_str).collect();
            let more = if listing.missing.len() > NAMED { ", …" } else { "" };
            evidence += &format!("; missing: {}{more}", named.join(", "));
        }
        Self {
            org: org.to_owned(),
            evidence,
        }
    }
}

impl UserError for Incomplete {
    fn code(&self) -> Code {
        "list_incomplete".into()
    }

    fn hint(&self) -> String {
        "nothing was written; ask the API's operator why the list is incomplete, and try again".to_owned()
    }

    fn exit(&self) -> Exit {
        Exit::Different
    }
}
