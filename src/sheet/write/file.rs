//! A file that is there whole, or not at all: written beside its place, synced, then moved there.
//!
//! Doesn't belong here: what stands in it.

use std::fs::{self, Metadata};
use std::io::{self, BufWriter, ErrorKind, Read as _, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{ByteSink, WriteError};
use crate::files::leftovers::{clear_parts, new_part, part, release_on_windows};

/// A file under construction. Dropped without `commit`, it leaves nothing behind and the old file as it was.
#[derive(Debug)]
pub struct AtomicFile {
    temporary: NamedTempFile,
    target: PathBuf,
    overwrite: bool,
}

impl AtomicFile {
    /// Begins a file that will stand at `path`. A symbolic link stays one: what it points to is replaced. An existing
    /// file is refused unless `overwrite`, and is replaced with its own permissions.
    pub fn create(path: &Path, overwrite: bool) -> Result<Self, WriteError> {
        // A device or a pipe would be replaced by a file; /dev/stdout leads to one.
        if fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
            let device = io::Error::new(ErrorKind::InvalidInput, "it is a device or a pipe, not a file");
            return Err(file_error(path, "replaced", device));
        }
        let target = resolve(path).map_err(|cause| file_error(path, "created", cause))?;
        let existing = match fs::metadata(&target) {
            Ok(found) if found.is_dir() => return Err(WriteError::Directory(path.to_owned())),
            Ok(_) if !overwrite => return Err(WriteError::Exists(path.to_owned())),
            Ok(found) => Some(found),
            Err(cause) if cause.kind() == ErrorKind::NotFound => None,
            Err(cause) => return Err(file_error(path, "created", cause)),
        };
        if target.file_name().is_none() {
            return Err(WriteError::Directory(path.to_owned()));
        }
        Self::begin(path, target, Mode::of(existing.as_ref()), overwrite)
    }

    /// Begins a new file under a name that the user has not given: no link is followed, and the file is this user's alone.
    pub fn create_own(path: &Path) -> Result<Self, WriteError> {
        Self::begin(path, path.to_owned(), Mode::Own, false)
    }

    fn begin(path: &Path, target: PathBuf, mode: Mode<'_>, overwrite: bool) -> Result<Self, WriteError> {
        let folder = folder_of(&target);
        if !folder.is_dir() {
            return Err(WriteError::NoFolder(folder.to_owned()));
        }
        clear_parts(folder);
        let temporary = new_part(&mut || temporary(folder, &mode));
        let temporary = temporary.map_err(|cause| file_error(path, "created", cause))?;
        Ok(Self {
            temporary,
            target,
            overwrite,
        })
    }

    /// The file's place.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.target
    }

    /// What takes the bytes of a writer that has the file as its own.
    pub fn bytes(&self) -> Result<ByteSink<'static>, WriteError> {
        let handle = self.temporary.as_file().try_clone();
        let handle = handle.map_err(|cause| file_error(&self.target, "written", cause))?;
        Ok(ByteSink {
            out: Box::new(handle),
            folder: folder_of(&self.target).to_owned(),
        })
    }

    /// Takes back what was written.
    pub fn restart(&mut self) -> Result<(), WriteError> {
        let file = self.temporary.as_file_mut();
        let emptied = file.set_len(0).and_then(|()| file.rewind());
        emptied.map_err(|cause| file_error(&self.target, "written", cause))
    }

    /// Puts pieces of what was written in this order, which are its end, by their places behind its beginning. The file is
    /// copied once.
    pub fn rearrange(&mut self, pieces: &[(u64, u64)]) -> Result<(), WriteError> {
        let new = self.copied(pieces);
        self.temporary = new.map_err(|cause| file_error(&self.target, "written", cause))?;
        Ok(())
    }

    fn copied(&mut self, pieces: &[(u64, u64)]) -> io::Result<NamedTempFile> {
        let found = self.temporary.as_file().metadata()?;
        let mut new = new_part(&mut || temporary(folder_of(&self.target), &Mode::As(&found)))?;
        let rows: u64 = pieces.iter().map(|(_, length)| length).sum();
        let head = found.len().saturating_sub(rows);
        let mut out = BufWriter::with_capacity(1 << 16, new.as_file_mut());
        let old = self.temporary.as_file_mut();
        let mut buffer = vec![0; 1 << 16];
        let all = pieces.iter().map(|(from, length)| (head + from, *length));
        for (from, length) in std::iter::once((0, head)).chain(all) {
            old.seek(SeekFrom::Start(from))?;
            let mut left = length;
            while left > 0 {
                let most = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
                let room = buffer.get_mut(..most).unwrap_or_default();
                old.read_exact(room)?;
                out.write_all(room)?;
                left -= most as u64;
            }
        }
        out.flush()?;
        drop(out);
        Ok(new)
    }

    /// Makes the bytes durable and puts the file in its place, in one step.
    pub fn commit(self) -> Result<(), WriteError> {
        self.commit_as(&mut || None)
    }

    /// The same for a file that replaces none: where another one is in its place, it takes the next place.
    pub fn commit_new(self, next: &mut dyn FnMut() -> PathBuf) -> Result<(), WriteError> {
        let new = Self {
            overwrite: false,
            ..self
        };
        new.commit_as(&mut || Some(next()))
    }

    fn commit_as(self, next: &mut dyn FnMut() -> Option<PathBuf>) -> Result<(), WriteError> {
        let Self {
            mut temporary,
            mut target,
            overwrite,
        } = self;
        let synced = temporary.flush().and_then(|()| temporary.as_file().sync_all());
        synced.map_err(|cause| file_error(&target, "written", cause))?;
        release_on_windows(temporary.as_file());
        loop {
            let moved = if overwrite {
                temporary.persist(&target)
            } else {
                temporary.persist_noclobber(&target)
            };
            match moved {
                Ok(_) => break,
                Err(failed) if failed.error.kind() == ErrorKind::AlreadyExists => match next() {
                    Some(place) => (temporary, target) = (failed.file, place),
                    None => return Err(WriteError::Exists(target)),
                },
                Err(failed) => return Err(file_error(&target, "replaced", failed.error)),
            }
        }
        sync_folder(folder_of(&target)).map_err(|cause| file_error(&target, "written", cause))
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.temporary.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.temporary.flush()
    }
}

/// Who may read a new file.
enum Mode<'m> {
    /// This user alone.
    Own,
    /// Whoever may read a new file of this user's.
    Usual,
    /// The same as the file that it replaces.
    As(&'m Metadata),
}

impl<'m> Mode<'m> {
    fn of(existing: Option<&'m Metadata>) -> Self {
        existing.map_or(Self::Usual, Self::As)
    }
}

/// Where the bytes will really be: the end of a chain of symbolic links, which may not exist yet.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_owned();
    // As many as Linux follows.
    for _ in 0..40 {
        match fs::symlink_metadata(&target) {
            Ok(found) if found.file_type().is_symlink() => {
                let next = fs::read_link(&target)?;
                target = folder_of(&target).join(next);
            }
            _ => return Ok(target),
        }
    }
    Err(io::Error::new(
        ErrorKind::InvalidInput,
        "its symbolic links lead in a circle",
    ))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(unix)]
fn temporary(folder: &Path, mode: &Mode<'_>) -> io::Result<NamedTempFile> {
    use std::os::unix::fs::PermissionsExt;
    let mut builder = part();
    match mode {
        Mode::Own => builder.tempfile_in(folder),
        Mode::As(found) => {
            let file = builder.tempfile_in(folder)?;
            // Set afterwards, since the process's umask would take bits from a new file.
            file.as_file().set_permissions(found.permissions())?;
            Ok(file)
        }
        // The umask makes of this what it makes of any new file.
        Mode::Usual => builder
            .permissions(fs::Permissions::from_mode(0o666))
            .tempfile_in(folder),
    }
}

#[cfg(not(unix))]
fn temporary(folder: &Path, mode: &Mode<'_>) -> io::Result<NamedTempFile> {
    if matches!(mode, Mode::As(found) if found.permissions().readonly()) {
        return Err(io::Error::new(ErrorKind::PermissionDenied, "it is marked read-only"));
    }
    part().tempfile_in(folder)
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    // So that the new name survives a loss of power too.
    fs::File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

fn file_error(path: &Path, doing: &'static str, cause: io::Error) -> WriteError {
    WriteError::File {
        path: path.to_owned(),
        doing,
        cause,
    }
}
