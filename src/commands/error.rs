//! Why a command refuses what it is asked for, or ends without it.
//!
//! Doesn't belong here: what the parser refuses (`cli`), errors of the work itself (each room's own).

use crate::cli::UsageError;
use crate::error::{Category, Code, Error, Exit, UserError, code};

/// Why a command refuses what it is asked for, or ends without it.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// Two results for one standard output.
    #[error("--json and {0} - would both write to standard output")]
    TwoResults(&'static str),
    /// The format of a file that is to be written can't be told.
    #[error("{0} has no known file extension")]
    NoFormat(String),
    /// The command that is to be scheduled is mistyped.
    #[error("the command to schedule is not valid: {0}")]
    Scheduled(UsageError),
    /// A profile is asked for where nobody can answer.
    #[error("there is no terminal to ask for the organization and the key")]
    NoTerminal,
    /// A profile for the sandbox.
    #[error("the sandbox needs no key and no profile")]
    NoLogin,
    /// A profile of this name is there, and is not to be replaced.
    #[error("the profile {0:?} exists already")]
    ProfileExists(String),
    /// The user has declined.
    #[error("{0}: declined, and nothing was changed")]
    Declined(String),
    /// The key that one end of a migration or a comparison is reached with is missing or refused.
    #[error("{end}: {cause}")]
    EndKey {
        /// The end, with its organization.
        end: String,
        /// The option that names the profile of this end.
        option: &'static str,
        /// The profiles that there are.
        profiles: Vec<String>,
        /// What is wrong with the key.
        cause: Error,
    },
    /// The user stopped the run, and would not wait for what was in flight.
    #[error("stopped at once: the requests in flight were not finished")]
    StoppedAtOnce,
}

/// The codes of documents whose `error` sums up what a command has looked at.
pub(super) const CHECKS_FAILED: &str = "doctor_checks_failed";
pub(super) const PROFILES_FAILED: &str = "config_profiles_failed";
pub(super) const BACKUP_DIFFERENT: &str = "backup_different";
pub(super) const BACKUP_UNVERIFIED: &str = "backup_unverified";
pub(super) const BACKUP_TOO_OLD: &str = "backup_too_old";

/// These codes, with what each means.
pub const SUMS: &[(&str, &str)] = &[
    (CHECKS_FAILED, "checks of `stockport doctor` failed"),
    (PROFILES_FAILED, "profiles of the config file can't be used"),
    (
        BACKUP_TOO_OLD,
        "the newest complete snapshot of an organization is too old, or there is none",
    ),
    (
        BACKUP_DIFFERENT,
        "a snapshot is damaged, or differs from what it was compared with",
    ),
    (BACKUP_UNVERIFIED, "a snapshot can't be verified"),
];

impl UserError for CommandError {
    fn code(&self) -> Code {
        match self {
            Self::NoFormat(_) => "command_unknown_format".into(),
            Self::Scheduled(_) => "command_to_schedule".into(),
            _ => code("command", self),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::EndKey { cause, profiles, .. } if profiles.is_empty() => return cause.hint(),
            Self::EndKey { option, profiles, cause, .. } => {
                let hint = format!("name the profile with its key: --{option} {}", profiles.join("|"));
                return match cause.category() {
                    Category::NoKey => hint,
                    _ => format!("{}; {hint}", cause.hint()),
                };
            }
            Self::TwoResults(_) => "give one of them a file",
            Self::NoFormat(_) => "use the extension .csv, .tsv, .xlsx, .json or .jsonl, or pass --format",
            Self::Scheduled(_) => "write it after --, as on the command line: -- backup create DIR --org ID",
            Self::NoTerminal => "run it on a terminal, or name --org ID and --key-file FILE, and --api URL where it isn't the vendor's",
            Self::NoLogin => "use --sandbox with any command; to log in to an API, omit it",
            Self::ProfileExists(_) => "replace it with --force, or give the new one another name with --profile NAME",
            Self::Declined(_) => "run the command again for another prompt; --dry-run shows the plan without one",
            Self::StoppedAtOnce => {
                "run the same command again (an import with --resume): it finds out what arrived; `stockport runs` lists the runs"
            }
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::TwoResults(_) | Self::NoFormat(_) | Self::Scheduled(_) | Self::NoTerminal | Self::NoLogin => {
                Exit::Usage
            }
            Self::Declined(_) | Self::ProfileExists(_) => Exit::Stopped,
            Self::StoppedAtOnce => Exit::Interrupted,
            Self::EndKey { cause, .. } => cause.exit(),
        }
    }

    fn category(&self) -> Category {
        match self {
            Self::Declined(_) => Category::Declined,
            _ => Category::Other,
        }
    }
}
