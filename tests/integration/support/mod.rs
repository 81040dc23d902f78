//! What the tests share: the binary in a home of its own, a sandbox, a server that misbehaves, a plain HTTP client.

#[cfg(target_os = "linux")]
pub(crate) mod disk;
pub(crate) mod faulty;
pub(crate) mod http;
pub(crate) mod load;
pub(crate) mod proxy;
#[allow(dead_code, reason = "each command's tests use the part of it that they need")]
pub(crate) mod stockport;
pub(crate) mod terminal;
mod wire;

use std::path::Path;

use ::stockport::sandbox::{Flavour, Options, Sandbox};
use tempfile::TempDir;

use http::Http;
pub(crate) use stockport::{Run, Stockport};

/// A sandbox in a folder of its own, gone after the test.
pub(crate) struct TestSandbox {
    pub(crate) sandbox: Sandbox,
    _dir: TempDir,
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
            _dir: dir,
        }
    }

    /// A client for an organization of the sandbox, with its own key.
    pub(crate) fn http(&self, org: &str) -> Http {
        Http::new(self.sandbox.url(), org, self.sandbox.key_for(org).unwrap())
    }
}

/// A sample as it is shipped.
pub(crate) fn sample(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name);
    assert!(path.exists(), "{}", path.display());
    path.to_string_lossy().into_owned()
}
