//! What a run's files hold: the SHA-256 by which a file that has changed is known.
//!
//! Doesn't belong here: whether a change matters (`resume`).

use std::io::Read as _;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread::{Builder, JoinHandle};

use serde::{Deserialize, Serialize};

use crate::hash::{Sha256, hex};
use crate::sheet::{ReadError, is_stream};

/// A file that a run reads, by what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Its absolute path, `-` for standard input.
    pub path: String,
    /// The SHA-256 of its content, in hexadecimal; none for standard input, which can't be read again.
    pub sha256: Option<String>,
}

/// What a file holds, as a run notes it.
pub fn fingerprint(path: &Path) -> std::io::Result<Fingerprint> {
    if is_stream(path) {
        return Ok(Fingerprint {
            path: path.to_string_lossy().into_owned(),
            sha256: None,
        });
    }
    let absolute = std::fs::canonicalize(path)?;
    let mut file = std::fs::File::open(&absolute)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer)?;
        let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else {
            break;
        };
        hash.update(part);
    }
    let sha256 = hex(&hash.finish());
    Ok(Fingerprint {
        path: absolute.to_string_lossy().into_owned(),
        sha256: Some(sha256),
    })
}

/// Fingerprints of files, taken on a thread of their own while the files are being looked at: a large one takes a while.
pub struct Fingerprints {
    files: Vec<PathBuf>,
    /// None where the system gives no thread: then they are taken at the end.
    taking: Option<JoinHandle<Result<Vec<Fingerprint>, ReadError>>>,
}

impl Fingerprints {
    /// Begins to take those of these files.
    #[must_use]
    pub fn begin(files: &[PathBuf]) -> Self {
        let theirs = files.to_vec();
        Self {
            files: files.to_vec(),
            taking: Builder::new().spawn(move || fingerprints_of(&theirs)).ok(),
        }
    }

    /// Waits for them.
    pub fn end(self) -> Result<Vec<Fingerprint>, ReadError> {
        match self.taking {
            Some(taking) => taking.join().unwrap_or_else(|panic| resume_unwind(panic)),
            None => fingerprints_of(&self.files),
        }
    }
}

fn fingerprints_of(files: &[PathBuf]) -> Result<Vec<Fingerprint>, ReadError> {
    files.iter().map(|file| fingerprint_of(file)).collect()
}

/// What a file that the user named holds.
pub fn fingerprint_of(file: &Path) -> Result<Fingerprint, ReadError> {
    fingerprint(file).map_err(|cause| ReadError::Io {
        file: file.display().to_string(),
        cause,
    })
}
