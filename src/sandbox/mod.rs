//! The embedded inventory server: the API's contract, traps included, on loopback.
//!
//! Belongs here: what the vendor's server does, and what Firestore below it does. Doesn't: anything of the client.
//! The only room that names axum.
//!
//! A request's way through it: `server` listens, `handler` decides by the contract (with `request` reading what
//! was asked and `answer` shaping what is said), `accounts` knows who may, `store` keeps the items and `listing`
//! streams them; `document` is what Firestore would make of an item, `field_path` of an order, and `python` what
//! the vendor's Python makes of a body.

mod accounts;
mod answer;
mod document;
mod error;
mod field_path;
mod flavour;
mod handler;
mod listing;
mod python;
mod request;
mod server;
mod store;

use std::path::PathBuf;

use crate::config::folder::Base;
pub use error::SandboxError;
pub use flavour::Flavour;
pub use handler::router;
pub use server::Sandbox;
pub use store::Store;

/// The organization that a sandbox has from the beginning, and that is the default.
pub const DEFAULT_ORG: &str = "sandbox-company";

/// The second organization that a sandbox has from the beginning, so that a migration can be tried.
pub const SECOND_ORG: &str = "sandbox-branch";

/// How a sandbox is to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder that keeps its items and keys; made where it is absent.
    pub dir: PathBuf,
    /// The port on 127.0.0.1; 0 takes any that is free.
    pub port: u16,
    /// Organizations to add where they are absent, beside the two that are always there.
    pub orgs: Vec<String>,
    /// Which endpoint it plays.
    pub traits: Flavour,
}

/// An organization of a sandbox, with the key of an account that owns it.
#[derive(Clone, PartialEq, Eq)]
pub struct Organization {
    /// Its id, as `organization_id` wants it.
    pub name: String,
    /// An API key that may do everything there. Generated at the first start, the same ever after.
    pub key: String,
}

impl std::fmt::Debug for Organization {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Organization({:?}, key …)", self.name)
    }
}

/// Where a sandbox lives unless a folder is named: `stockport/sandbox` in the user's data folder
/// (`XDG_DATA_HOME` or `~/.local/share`; on Windows the roaming `AppData`).
pub fn default_dir() -> Result<PathBuf, SandboxError> {
    let data = Base::Data.folder().map_err(|_| SandboxError::NoHome)?;
    Ok(data.join("stockport").join("sandbox"))
}
