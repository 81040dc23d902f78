//! Why a migration can't be begun.
//!
//! Doesn't belong here: what goes wrong once items are sent (`upload`).

use std::path::PathBuf;

use crate::error::{Exit, UserError};
use crate::output::{grouped, shortened};

/// How many ids a message names.
const SHOWN: usize = 3;

/// Why a migration can't be begun. Nothing has been sent then.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// Both ends are one.
    #[error("source and target are the same: {org} at {place}")]
    Same {
        /// The organization.
        org: String,
        /// What names its API.
        place: String,
    },
    /// There is nothing to move.
    #[error("{0} holds no items")]
    Empty(String),
    /// Ids that are named are not there.
    #[error("{org} doesn't hold {}", listed(.ids))]
    Absent {
        /// The source.
        org: String,
        /// The ids.
        ids: Vec<String>,
    },
    /// Two items would get one id.
    #[error("two items would become {:?}: {:?} by the list, and the one that has that id", .ids[1], .ids[0])]
    Collision {
        /// The id that changes, and the one that it becomes.
        ids: [String; 2],
    },
    /// The list of ids can't be used.
    #[error("the list of ids {}: {why}", .path.display())]
    IdMap {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The target holds other values.
    #[error("{} items are in {org} already, with other values: {}", grouped(*.count), differing(.named, *.count))]
    Conflicts {
        /// The target.
        org: String,
        /// How many.
        count: u64,
        /// The first of them, with what differs.
        named: Vec<String>,
    },
}

impl UserError for MigrateError {
    fn hint(&self) -> String {
        match self {
            Self::Same { .. } => "name another organization, or another profile, with --to",
            Self::Empty(_) => "check the spelling of --from; --allow-empty goes on with an empty one",
            Self::Absent { .. } => "check the ids; they count to the letter",
            Self::Collision { .. } => "list another id for one of them; nothing was sent",
            Self::IdMap { .. } => "write a CSV file with the headers from,to and an id of each organization a line",
            Self::Conflicts { .. } => {
                "nothing was sent; say --on-conflict skip or overwrite, or give ids of their own by --id-prefix"
            }
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Same { .. } | Self::IdMap { .. } => Exit::Usage,
            _ => Exit::Stopped,
        }
    }
}

fn listed(ids: &[String]) -> String {
    let named: Vec<&str> = ids.iter().take(SHOWN).map(String::as_str).collect();
    format!("{}{}", named.join(", "), more(ids.len() as u64, named.len()))
}

/// The first of the items that differ, as far as a message has room for them.
fn differing(named: &[String], count: u64) -> String {
    let shown: Vec<String> = named.iter().take(1).map(|item| shortened(item, 72)).collect();
    format!("{}{}", shown.join("; "), more(count, shown.len()))
}

fn more(count: u64, named: usize) -> String {
    match count.saturating_sub(named as u64) {
        0 => String::new(),
        more => format!(", and {} more", grouped(more)),
    }
}
