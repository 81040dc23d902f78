//! What the tests share: a plain HTTP client, a sandbox of one's own.

pub(crate) mod http;

use stockport::sandbox::{Flavour, Options, Sandbox};
use tempfile::TempDir;

use http::Http;

/// A sandbox in a folder of its own, gone after the test.
pub(crate) struct TestSandbox {
    pub(crate) sandbox: Sandbox,
    pub(crate) dir: TempDir,
}

impl TestSandbox {
    pub(crate) fn new() -> Self {
        Self::with(Flavour::default())
    }

    pub(crate) fn with(traits: Flavour) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = Options {
            dir: dir.path().to_owned(),
            port: 0,
            orgs: Vec::new(),
            traits,
        };
        Self {
            sandbox: Sandbox::start(options).unwrap(),
            dir,
        }
    }

    /// A client for an organization of the sandbox, with its own key.
    pub(crate) fn http(&self, org: &str) -> Http {
        Http::new(self.sandbox.url(), org, self.sandbox.key_for(org).unwrap())
    }
}
