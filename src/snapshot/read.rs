//! A snapshot read back: its items, and the proof that every byte is as it was written.
//!
//! Doesn't belong here: what is done with the items.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::{Fault, Manifest, Name, Snapshot, SnapshotError, failed, name};
use crate::cause;
use crate::files::{self, bounds};
use crate::hash::{Sha256, hex};
use crate::inventory::id_of;
use crate::item::Object;
use crate::output::{counted, grouped};

/// An item's line is no longer than this. The API's own limit is 1 MiB, before JSON's escapes.
const LINE_MOST: u64 = 256 << 20;
const BUFFER: usize = 1 << 17;

impl Snapshot {
    /// Reads a snapshot's manifest; none where it isn't there.
    pub(super) fn open(folder: &Path, name: Name) -> Option<Self> {
        let path = folder.join(format!("{name}{}", name::MANIFEST));
        let manifest = match files::read(&path, bounds::MANIFEST) {
            Ok(bytes) => Manifest::from_bytes(&bytes).and_then(plain_name),
            Err(cause) if cause.kind() == ErrorKind::NotFound => return None,
            Err(cause) => Err(Fault::Unreadable(cause::io(&cause))),
        };
        Some(Self {
            folder: folder.to_owned(),
            name,
            manifest,
        })
    }

    /// The folder that it stands in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where it stands, for a person: the path of its manifest.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.join(format!("{}{}", self.name, name::MANIFEST))
    }

    /// Where it stands, as a command line names it.
    #[must_use]
    pub fn shown(&self) -> String {
        self.folder.join(self.name.to_string()).display().to_string()
    }

    /// The manifest, or why it can't be used.
    pub fn manifest(&self) -> Result<&Manifest, SnapshotError> {
        self.manifest.as_ref().map_err(|fault| match fault {
            Fault::Damaged(what) => self.damaged(what.clone()),
            Fault::Newer(format) => SnapshotError::Newer {
                snapshot: self.shown(),
                format: *format,
            },
            Fault::Unreadable(why) => SnapshotError::Unreadable {
                snapshot: self.shown(),
                why: why.clone(),
            },
        })
    }

    /// Whether the data are there, in their length; a look at the folder, not at the data.
    #[must_use]
    pub fn looks_good(&self) -> bool {
        let Ok(manifest) = &self.manifest else { return false };
        let found = fs::symlink_metadata(self.folder.join(&manifest.data.file));
        found.is_ok_and(|found| found.is_file() && found.len() == manifest.data.bytes)
    }

    /// Proves that the data file is, byte for byte, what was written.
    pub fn check_bytes(&self) -> Result<(), SnapshotError> {
        let manifest = self.manifest()?;
        let mut file = self.data(manifest)?;
        let mut hash = Sha256::new();
        let mut bytes = vec![0; BUFFER];
        let mut length = 0_u64;
        loop {
            let read = match file.read(&mut bytes) {
                Ok(0) => break,
                Ok(read) => read,
                Err(cause) if cause.kind() == ErrorKind::Interrupted => continue,
                Err(cause) => return Err(self.damaged(format!("{} can't be read ({cause})", manifest.data.file))),
            };
            length += read as u64;
            hash.update(bytes.get(..read).unwrap_or_default());
        }
        if length != manifest.data.bytes {
            let (file, bytes) = (&manifest.data.file, manifest.data.bytes);
            return Err(self.damaged(format!("the size of {file} is {length} instead of {bytes} bytes")));
        }
        if hex(&hash.finish()) != manifest.data.sha256 {
            return Err(self.damaged(format!("{} has changed since it was written", manifest.data.file)));
        }
        Ok(())
    }

    /// Proves everything: the bytes, and that what they hold is what the manifest says.
    pub fn check(&self) -> Result<(), SnapshotError> {
        let manifest = self.manifest()?;
        self.check_bytes()?;
        let mut hash = Sha256::new();
        let mut fields = BTreeSet::new();
        let mut count = 0_u64;
        let mut last: Option<String> = None;
        let mut in_order = true;
        self.lines(&mut |line| {
            hash.update(line);
            let item = self.item(line)?;
            count += 1;
            if let Some(id) = id_of(&item) {
                in_order &= last.as_deref().is_none_or(|last| last < id.as_ref());
                last = Some(id.into_owned());
            }
            for field in item.keys() {
                if !fields.contains(field) {
                    fields.insert(field.clone());
                }
            }
            Ok::<(), SnapshotError>(())
        })?;
        if hex(&hash.finish()) != manifest.data.content_sha256 {
            return Err(self.damaged("its items have changed since they were written".to_owned()));
        }
        if count != manifest.items {
            return Err(self.damaged(format!(
                "it holds {} instead of {}",
                counted(count, "item"),
                grouped(manifest.items)
            )));
        }
        if !in_order {
            return Err(self.damaged("its items aren't in order".to_owned()));
        }
        if !fields.iter().eq(&manifest.fields) {
            return Err(self.damaged("its items have other fields than its manifest lists".to_owned()));
        }
        Ok(())
    }

    /// Every item as it was stored, in the order of their ids. Whoever needs to be sure of them calls [`Self::check`] first.
    pub fn each<E: From<SnapshotError>>(&self, mut take: impl FnMut(Object) -> Result<(), E>) -> Result<(), E> {
        self.lines(&mut |line| take(self.item(line)?))
    }

    fn item(&self, line: &[u8]) -> Result<Object, SnapshotError> {
        serde_json::from_slice(line).map_err(|cause| self.damaged(format!("an item of it can't be read ({cause})")))
    }

    fn lines<E: From<SnapshotError>>(&self, take: &mut dyn FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let manifest = self.manifest()?;
        let broken = |cause: io::Error| self.damaged(format!("{} can't be unpacked ({cause})", manifest.data.file));
        let file = self.data(manifest)?;
        let unpacked = zstd::stream::read::Decoder::new(file).map_err(broken)?;
        let mut lines = BufReader::with_capacity(BUFFER, unpacked);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = (&mut lines)
                .take(LINE_MOST)
                .read_until(b'\n', &mut line)
                .map_err(broken)?;
            if read == 0 {
                return Ok(());
            }
            if line.last() != Some(&b'\n') {
                return Err(self.damaged("its last line is incomplete".to_owned()).into());
            }
            take(&line)?;
        }
    }

    fn data(&self, manifest: &Manifest) -> Result<File, SnapshotError> {
        let path = self.folder.join(&manifest.data.file);
        match files::open(&path) {
            Ok(file) => Ok(file),
            Err(cause) if cause.kind() == ErrorKind::NotFound => {
                Err(self.damaged(format!("{} isn't there", manifest.data.file)))
            }
            Err(cause) => Err(failed(&path, "read", cause)),
        }
    }

    fn damaged(&self, what: String) -> SnapshotError {
        SnapshotError::Damaged {
            snapshot: self.shown(),
            what,
        }
    }
}

/// A manifest that speaks of data in its own folder; one that points elsewhere was not written here.
fn plain_name(manifest: Manifest) -> Result<Manifest, Fault> {
    let file = &manifest.data.file;
    if file.ends_with(name::DATA) && Name::parse(file).is_some() {
        Ok(manifest)
    } else {
        Err(Fault::Damaged(
            "its manifest refers to no data file of this folder".to_owned(),
        ))
    }
}
