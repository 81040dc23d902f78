//! Why a migration can't be begun.
//!
//! Doesn't belong here: what goes wrong once items are sent (`upload`).

use std::path::PathBuf;

use crate::error::{Code, Exit, UserError, code};
use crate::output::{counted, counted_are, grouped, shortened};

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
    #[error("two items would get the id {:?}: {:?} from the list, and the item that has that id already", .ids[1], .ids[0])]
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
    #[error("{} in {org} already, with other values: {}", counted_are(*.count, "item"), differing(.named, *.count))]
    Conflicts {
        /// The target.
        org: String,
        /// How many.
        count: u64,
        /// The first of them, with what differs.
        named: Vec<String>,
    },
    /// A certificate can't be checked.
    #[error("the certificate {}: {why}", .path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A certificate names another API than the one that would be asked.
    #[error("the certificate is for {org} at {api}, and the key is for {given}")]
    OtherApi {
        /// The organization.
        org: String,
        /// The certificate's API.
        api: String,
        /// The one that the key is for.
        given: String,
    },
    /// An earlier run gave other ids.
    #[error("run {run} moved {} to {org} under other ids, such as {id:?}", counted(*.count, "item"))]
    OtherIds {
        /// The target.
        org: String,
        /// How many items.
        count: u64,
        /// The earlier run.
        run: String,
        /// The id that it gave to one of them.
        id: String,
        /// What the earlier run was given; blank where ids stayed as they were.
        option: String,
    },
}

impl UserError for MigrateError {
    fn code(&self) -> Code {
        code("migrate", self)
    }

    fn hint(&self) -> String {
        match self {
            Self::OtherIds { option, .. } => {
                let as_before = if option.is_empty() {
                    "omit --id-prefix and --id-map, as that run did".to_owned()
                } else {
                    format!("pass {option}, as that run did")
                };
                return format!("nothing was sent; {as_before}, or --allow-other-ids to move them twice");
            }
            Self::Certificate { .. } => "give the .json file that the migration wrote, unchanged",
            Self::OtherApi { .. } => {
                "name that API with --api, or a profile of it with --from-profile or --to-profile; nothing was \
                 requested"
            }
            Self::Same { .. } => "name another organization, or another profile, with --to",
            Self::Empty(_) => "check the spelling of --from; --allow-empty continues with an empty organization",
            Self::Absent { .. } => "check the ids; they are compared exactly, letter case included",
            Self::Collision { .. } => "list another id for one of them; nothing was sent",
            Self::IdMap { .. } => {
                "write a CSV file with the headers from,to and, on each line, an id of each \
                                   organization"
            }
            Self::Conflicts { .. } => {
                "nothing was sent; pass --on-conflict skip or overwrite, or keep the ids apart with --id-prefix"
            }
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Same { .. } | Self::IdMap { .. } | Self::Certificate { .. } | Self::OtherApi { .. } => Exit::Usage,
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
