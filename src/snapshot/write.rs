//! A snapshot is written: the items sorted and packed, then the manifest. Until that is in its place, there is none.
//!
//! Doesn't belong here: whether the items are all (`inventory`).

use std::io::{self, BufWriter, Write};

use jiff::Timestamp;

use super::manifest::{Data, FORMAT};
use super::{Grade, Lock, Manifest, Name, Shelf, Snapshot, SnapshotError, name};
use crate::hash::{Sha256, hex};
use crate::inventory::{Spool, id_of};
use crate::sheet::write::{AtomicFile, WriteError};
use crate::sort::Sorter;

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
}

impl Shelf {
    /// Writes what the spool holds as a new snapshot. Where an earlier one holds the same items, byte for byte, and is
    /// undamaged, only a manifest is written, which points to its data.
    pub fn create(&self, lock: &Lock, spool: &mut Spool, facts: &Facts) -> Result<Created, SnapshotError> {
        self.clean(lock)?;
        let earlier = self.snapshots()?;
        if let Some(other) = earlier
            .iter()
            .rev()
            .find_map(|snapshot| snapshot.manifest.as_ref().ok())
            && other.organization != self.org
        {
            return Err(SnapshotError::OtherOrganization {
                folder: self.folder.clone(),
                other: other.organization.clone(),
            });
        }
        let name = self.free_name(facts.started);
        let file_name = format!("{name}{}", name::DATA);
        let mut file = AtomicFile::create(&self.folder.join(&file_name), false)?;
        let (sha256, bytes, content_sha256) = pack(spool, &mut file)?;
        let same_as = earlier
            .into_iter()
            .rev()
            .find(|snapshot| holds(snapshot, &content_sha256));
        let shared = same_as.as_ref().and_then(|snapshot| snapshot.manifest.as_ref().ok());
        let data = if let Some(earlier) = shared {
            earlier.data.clone()
        } else {
            file.commit()?;
            Data {
                file: file_name,
                bytes,
                sha256,
                content_sha256,
            }
        };
        let manifest = Manifest {
            format: FORMAT,
            tool: concat!("stockport ", env!("CARGO_PKG_VERSION")).to_owned(),
            api: facts.api.clone(),
            organization: self.org.clone(),
            started: facts.started.strftime("%FT%TZ").to_string(),
            finished: Timestamp::now().strftime("%FT%TZ").to_string(),
            items: spool.count(),
            fields: spool.fields().iter().cloned().collect(),
            completeness: facts.grade,
            evidence: facts.evidence.clone(),
            data,
            sha256: String::new(),
        }
        .sealed();
        let mut file = AtomicFile::create(&self.folder.join(format!("{name}{}", name::MANIFEST)), false)?;
        file.write_all(&manifest.to_bytes()).map_err(WriteError::Io)?;
        file.commit()?;
        Ok(Created {
            name,
            manifest,
            same_as: same_as.map(|snapshot| snapshot.name),
        })
    }

    fn free_name(&self, started: Timestamp) -> Name {
        let mut name = Name::new(started);
        let taken = |name: Name| {
            let is_there = |ending| self.folder.join(format!("{name}{ending}")).symlink_metadata().is_ok();
            is_there(name::MANIFEST) || is_there(name::DATA)
        };
        while taken(name) {
            name = name.next();
        }
        name
    }
}

/// Whether a snapshot holds this content and can still be relied on.
fn holds(snapshot: &Snapshot, content: &str) -> bool {
    let same = |manifest: &Manifest| manifest.data.content_sha256 == content;
    snapshot.manifest.as_ref().is_ok_and(same) && snapshot.check_bytes().is_ok()
}

/// Writes the items in the order of their ids, packed; gives the SHA-256 and length of the file, and the SHA-256 of the lines.
fn pack(spool: &mut Spool, file: &mut AtomicFile) -> Result<(String, u64, String), SnapshotError> {
    let mut sorter = Sorter::default();
    let sorted = spool.each::<io::Error>(|item| {
        // Keys are written in byte order, so that an item is the same line each time.
        let mut line = serde_json::to_vec(&item)?;
        line.push(b'\n');
        sorter.push(id_of(&item).unwrap_or_default().as_bytes(), line)
    });
    sorted.map_err(SnapshotError::Temporary)?;
    let hashed = Hashed {
        inner: BufWriter::with_capacity(1 << 17, file),
        hash: Sha256::new(),
        length: 0,
    };
    let written = |cause| SnapshotError::Write(WriteError::Io(cause));
    let mut packed = zstd::stream::write::Encoder::new(hashed, LEVEL).map_err(written)?;
    packed.include_checksum(true).map_err(written)?;
    let mut content = Sha256::new();
    // Which of the two disks is full makes a difference to the user.
    for entry in &sorter.finish().map_err(SnapshotError::Temporary)? {
        let (_, line) = entry.map_err(SnapshotError::Temporary)?;
        content.update(&line);
        packed.write_all(&line).map_err(written)?;
    }
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
