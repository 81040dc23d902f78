//! A snapshot is written: the items sorted and packed, then the manifest. Until that is in its place, there is none.
//!
//! Doesn't belong here: whether the items are all (`inventory`).

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use jiff::Timestamp;

use super::manifest::{Data, FORMAT};
use super::{Grade, Kind, Lock, Manifest, Name, Shelf, Snapshot, SnapshotError, failed, name};
use crate::counter;
use crate::hash::{Sha256, hex};
use crate::inventory::ItemStore;
use crate::output::{About, Warning};
use crate::sheet::write::{AtomicFile, WriteError};

/// zstd's own default: JSON lines become a tenth, at hundreds of megabytes a second.
const LEVEL: i32 = 3;

/// What a snapshot says of itself beside its items.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The API's base.
    pub api: String,
    /// When the reading began, which names the snapshot.
    pub started: Timestamp,
    /// How sure it is that these are all items.
    pub grade: Grade,
    /// Why.
    pub evidence: String,
    /// What it is kept for; none where it is a backup.
    pub kind: Option<Kind>,
}

/// A snapshot that was written.
#[derive(Clone, Debug)]
pub struct Created {
    /// Its name.
    pub name: Name,
    /// Its manifest.
    pub manifest: Manifest,
    /// The snapshot whose data it shares, as nothing has changed since.
    pub same_as: Option<Name>,
    /// What of earlier snapshots is damaged or can't be read, for a person.
    pub warnings: Vec<Warning>,
}

impl Shelf {
    /// Writes what the store holds as a new snapshot. Where an earlier one holds the same items, byte for byte, and is
    /// undamaged, only a manifest is written, which points to its data. No file that is there is ever replaced, so that two
    /// writers can't harm each other even where the file system knows no locks.
    pub fn create(&self, lock: &Lock, store: &mut ItemStore, facts: &Facts) -> Result<Created, SnapshotError> {
        self.clean(lock)?;
        let earlier = self.every()?;
        let readable = || {
            earlier
                .iter()
                .rev()
                .filter_map(|snapshot| snapshot.manifest.as_ref().ok())
        };
        if let Some(other) = readable().next()
            && other.organization != self.org
        {
            return Err(SnapshotError::OtherOrganization {
                folder: self.folder.clone(),
                other: other.organization.clone(),
            });
        }
        let above = readable()
            .filter_map(|manifest| manifest.number)
            .max()
            .unwrap_or_default();
        let mut name = self.free_name(Name::new(facts.started));
        let mut file = AtomicFile::create_own(&self.file(name, name::DATA))?;
        let (sha256, bytes, content_sha256) = pack(store, &mut file)?;
        let (same_as, warnings) = same(&earlier, &content_sha256);
        let shared = same_as.and_then(|snapshot| snapshot.manifest.as_ref().ok());
        let data = if let Some(earlier) = shared {
            earlier.data.clone()
        } else {
            name = self.commit(file, name, name::DATA)?;
            Data {
                file: format!("{name}{}", name::DATA),
                bytes,
                sha256,
                content_sha256,
            }
        };
        let number = counter::next(&self.folder, above).map_err(|cause| failed(&self.folder, "written", cause))?;
        let manifest = Manifest {
            format: FORMAT,
            tool: concat!("stockport ", env!("CARGO_PKG_VERSION")).to_owned(),
            api: facts.api.clone(),
            organization: self.org.clone(),
            started: facts.started.strftime("%FT%TZ").to_string(),
            finished: Timestamp::now().strftime("%FT%TZ").to_string(),
            items: store.count(),
            fields: store.fields().iter().cloned().collect(),
            completeness: facts.grade,
            evidence: facts.evidence.clone(),
            data,
            sha256: String::new(),
            number: Some(number),
            kind: facts.kind,
        }
        .sealed();
        let mut file = AtomicFile::create_own(&self.file(name, name::MANIFEST))?;
        file.write_all(&manifest.to_bytes()).map_err(WriteError::Io)?;
        let name = self.commit(file, name, name::MANIFEST)?;
        Ok(Created {
            name,
            manifest,
            same_as: same_as.map(|snapshot| snapshot.name),
            warnings,
        })
    }

    fn file(&self, name: Name, ending: &str) -> PathBuf {
        self.folder.join(format!("{name}{ending}"))
    }

    /// Puts a file in its place under this name, or under the next one that is free; gives the name.
    fn commit(&self, file: AtomicFile, mut name: Name, ending: &str) -> Result<Name, SnapshotError> {
        file.commit_new(&mut || {
            name = self.free_name(name.next());
            self.file(name, ending)
        })?;
        Ok(name)
    }

    /// This name, or the first after it that neither file has.
    fn free_name(&self, mut name: Name) -> Name {
        let is_there = |name, ending| self.file(name, ending).symlink_metadata().is_ok();
        while is_there(name, name::MANIFEST) || is_there(name, name::DATA) {
            name = name.next();
        }
        name
    }
}

/// The newest snapshot that holds this content and whose data are as they were written; and what is wrong with others.
fn same<'a>(earlier: &'a [Snapshot], content: &str) -> (Option<&'a Snapshot>, Vec<Warning>) {
    let mut warnings = Vec::new();
    let mut damaged = BTreeMap::new();
    let mut found = None;
    for snapshot in earlier.iter().rev() {
        match &snapshot.manifest {
            Err(fault) => warnings.push(About::SnapshotUnreadable.warning(format!(
                "the snapshot {} {fault}; it is not counted, and its data is not reused",
                snapshot.shown()
            ))),
            Ok(manifest) if found.is_none() && manifest.data.content_sha256 == content => {
                match snapshot.check_bytes() {
                    Ok(()) => found = Some(snapshot),
                    Err(error) => drop(damaged.entry(&manifest.data.file).or_insert(error)),
                }
            }
            Ok(_) => {}
        }
    }
    let instead = if found.is_none() {
        "it holds the same items, so they were written again"
    } else {
        "another snapshot holds the same items"
    };
    warnings.extend(
        damaged
            .values()
            .map(|error| About::SnapshotNotShared.warning(format!("{error}; {instead}"))),
    );
    (found, warnings)
}

/// Why packing failed: reading the store's temporary file, or writing. Which of the two disks is full makes a difference to the
/// user.
struct Packing(SnapshotError);

impl From<io::Error> for Packing {
    fn from(cause: io::Error) -> Self {
        Self(SnapshotError::Temporary(cause))
    }
}

/// Writes the items in the order of their ids, packed; gives the SHA-256 and length of the file, and the SHA-256 of the lines.
fn pack(store: &mut ItemStore, file: &mut AtomicFile) -> Result<(String, u64, String), SnapshotError> {
    store.sort(&mut |_| Ok(())).map_err(SnapshotError::Temporary)?;
    let hashed = Hashed {
        inner: BufWriter::with_capacity(1 << 17, file),
        hash: Sha256::new(),
        length: 0,
    };
    let written = |cause| SnapshotError::Write(WriteError::Io(cause));
    let mut packed = zstd::stream::write::Encoder::new(hashed, LEVEL).map_err(written)?;
    packed.include_checksum(true).map_err(written)?;
    let mut content = Sha256::new();
    let each = store.each::<Packing>(|item| {
        // Keys are written in byte order, so that an item is the same line each time.
        let mut line = serde_json::to_vec(&item).map_err(io::Error::from)?;
        line.push(b'\n');
        content.update(&line);
        packed.write_all(&line).map_err(|cause| Packing(written(cause)))
    });
    each.map_err(|Packing(error)| error)?;
    let mut hashed = packed.finish().map_err(written)?;
    hashed.inner.flush().map_err(written)?;
    Ok((hex(&hashed.hash.finish()), hashed.length, hex(&content.finish())))
}

/// Passes bytes on and remembers their hash.
struct Hashed<W> {
    inner: W,
    hash: Sha256,
    length: u64,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
