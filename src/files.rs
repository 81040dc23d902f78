//! The files that the program keeps for itself (locks, notes, journals, snapshots, keys), and how much of a file is read.
//!
//! A file of its own is opened without following a link as the last component, without waiting on a pipe, and only if it is
//! a regular file. What is created is readable by its user alone: files 0600, folders 0700.
//!
//! Doesn't belong here: files that a user names for results (`sheet::write`), what stands in a file.

pub(crate) mod bounds;
pub(crate) mod leftovers;
pub mod trust;

use std::borrow::Cow;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// Why a file of the program's own is not used, as the system's error holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Refusal {
    #[error("it is a symbolic link, and links are not followed here")]
    Link,
    #[error("it is a folder, not a regular file")]
    Folder,
    #[error("it is a device or a pipe, not a file")]
    Special,
}

/// What to do about a file that is refused because of what it is; none where the error is another one.
pub(crate) fn hint(cause: &io::Error) -> Option<&'static str> {
    let refusal: &Refusal = cause.get_ref()?.downcast_ref()?;
    Some(match refusal {
        Refusal::Link => "name the file that the link leads to, or remove the link",
        Refusal::Folder | Refusal::Special => "move it away; a regular file is needed there",
    })
}

/// Opens a file for reading.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    opened(path, OpenOptions::new().read(true))
}

/// Opens a file for reading and writing, and creates it where it is absent. What stands in it stays.
pub(crate) fn open_or_create(path: &Path) -> io::Result<File> {
    // Two steps, as the creation of a file follows no link only where the file has to be new.
    match create_new(path) {
        Err(cause) if cause.kind() == ErrorKind::AlreadyExists => {
            opened(path, OpenOptions::new().read(true).write(true))
        }
        created => created,
    }
}

/// Creates a file where none is; a link that leads nowhere counts as a file.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

/// Creates an empty database where none is: SQLite would follow a link, and give a new file the usual permissions. One that
/// is there isn't opened, because closing it would end SQLite's locks on it.
pub(crate) fn create_for_sqlite(path: &Path) -> io::Result<()> {
    match create_new(path) {
        Err(cause) if cause.kind() == ErrorKind::AlreadyExists => regular(&fs::symlink_metadata(path)?),
        created => created.map(drop),
    }
}

/// Writes a small file in place of what stood there, in one step. A link is replaced, not followed.
pub(crate) fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut part = leftovers::new_part(&mut || leftovers::part().tempfile_in(folder))?;
    part.write_all(content)?;
    leftovers::release_on_windows(part.as_file());
    part.persist(path)?;
    Ok(())
}

/// Reads a file of the program's own, up to so many bytes.
pub(crate) fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    all_of(open(path)?, most)
}

/// The same as text.
pub(crate) fn read_text(path: &Path, most: u64) -> io::Result<String> {
    text(&read(path, most)?)
}

/// Reads a file that the user names, up to so many bytes. A link or a pipe is the user's own wish; a device has no end.
pub(crate) fn read_named(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    all_of(open_named(path)?, most)
}

/// The same as text.
pub(crate) fn read_named_text(path: &Path, most: u64) -> io::Result<String> {
    text(&read_named(path, most)?)
}

/// Opens a file, or a pipe, that the user names.
pub(crate) fn open_named(path: &Path) -> io::Result<File> {
    let found = fs::metadata(path)?;
    if found.is_dir() {
        return Err(io::Error::from(ErrorKind::IsADirectory));
    }
    if is_device(&found) {
        return Err(io::Error::new(ErrorKind::InvalidInput, Refusal::Special));
    }
    File::open(path)
}

/// All of an open file as text, up to so many bytes.
pub(crate) fn text_of(file: File, most: u64) -> io::Result<String> {
    text(&all_of(file, most)?)
}

/// Reads all that a reader gives, up to so many bytes.
pub(crate) fn all_of(from: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(ErrorKind::FileTooLarge, bounds::exceeded(most)));
    }
    Ok(bytes)
}

/// Bytes as text: UTF-8, or UTF-16 as PowerShell's `>` writes it. A byte-order mark is no part of the text.
pub(crate) fn text(bytes: &[u8]) -> io::Result<String> {
    let fault = |what| io::Error::new(ErrorKind::InvalidData, what);
    let (encoding, mark) = match Encoding::for_bom(bytes) {
        Some(marked) => marked,
        // Without a mark, every second byte of plain letters is a NUL.
        None => match (nuls(bytes, 0), nuls(bytes, 1)) {
            (0, low) if low * 4 > bytes.len() => (UTF_16LE, 0),
            (high, 0) if high * 4 > bytes.len() => (UTF_16BE, 0),
            _ => (UTF_8, 0),
        },
    };
    let rest = bytes.get(mark..).unwrap_or_default();
    let text = encoding.decode_without_bom_handling_and_without_replacement(rest);
    text.map(Cow::into_owned).ok_or_else(|| match encoding {
        encoding if encoding == UTF_8 => fault("it is not UTF-8 text"),
        _ => fault("it is damaged UTF-16 text"),
    })
}

/// How many bytes are NUL, of every second one from this place on.
fn nuls(bytes: &[u8], from: usize) -> usize {
    bytes.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count()
}

/// Creates a folder, with those that it stands in, where it is absent.
pub(crate) fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)
}

/// The same of a folder that nothing but the program uses: one that an earlier version left open to others is closed.
pub(crate) fn create_own_folder(path: &Path) -> io::Result<()> {
    create_folder(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let found = fs::metadata(path)?;
        if trust::is_mine(&found) && found.permissions().mode() & 0o077 != 0 {
            fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
        }
    }
    Ok(())
}

fn opened(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    without_links(options);
    let file = options.open(path).map_err(|cause| {
        // The system's reason is another one on each system.
        let found = fs::symlink_metadata(path).ok();
        found.and_then(|found| regular(&found).err()).unwrap_or(cause)
    })?;
    regular(&file.metadata()?)?;
    Ok(file)
}

fn regular(found: &fs::Metadata) -> io::Result<()> {
    let refusal = match found.file_type() {
        kind if kind.is_file() => return Ok(()),
        kind if kind.is_symlink() => Refusal::Link,
        kind if kind.is_dir() => Refusal::Folder,
        _ => Refusal::Special,
    };
    Err(io::Error::new(ErrorKind::InvalidInput, refusal))
}

#[cfg(unix)]
fn without_links(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;

    use rustix::fs::OFlags;
    // A pipe that nobody writes to would be waited for without NONBLOCK, which has no effect on regular files.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    options.custom_flags(flags.bits().cast_signed());
}

#[cfg(windows)]
fn without_links(options: &mut OpenOptions) {
    use std::os::windows::fs::OpenOptionsExt as _;
    /// Opens a link itself (winbase.h: `FILE_FLAG_OPEN_REPARSE_POINT`).
    const REPARSE_POINT: u32 = 0x0020_0000;
    options.custom_flags(REPARSE_POINT);
}

#[cfg(not(any(unix, windows)))]
fn without_links(_options: &mut OpenOptions) {}

#[cfg(unix)]
fn is_device(found: &fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    let kind = found.file_type();
    kind.is_char_device() || kind.is_block_device()
}

#[cfg(not(unix))]
fn is_device(_found: &fs::Metadata) -> bool {
    false
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_created_is_readable_by_its_user_alone() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("a/b");
        create_folder(&below).unwrap();
        assert_eq!((mode(&below), mode(&folder.path().join("a"))), (0o700, 0o700));
        for name in ["lock", "note"] {
            open_or_create(&below.join(name)).unwrap();
            assert_eq!(mode(&below.join(name)), 0o600);
        }
        fs::set_permissions(&below, fs::Permissions::from_mode(0o755)).unwrap();
        create_folder(&below).unwrap();
        assert_eq!(mode(&below), 0o755, "somebody may have shared it");
        create_own_folder(&below).unwrap();
        assert_eq!(mode(&below), 0o700);
    }

    #[test]
    fn a_link_a_pipe_a_device_and_a_folder_are_refused_and_nothing_behind_them_changes() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("precious"), "kept").unwrap();
        symlink("precious", at("link")).unwrap();
        symlink("absent", at("dangling")).unwrap();
        symlink("/dev/zero", at("zero")).unwrap();
        fs::create_dir(at("dir")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(at("pipe")).status();
        assert!(made.unwrap().success());
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        for name in ["link", "dangling", "zero", "dir", "pipe", "socket"] {
            for error in [
                open(&at(name)).unwrap_err(),
                open_or_create(&at(name)).unwrap_err(),
                read(&at(name), 10).unwrap_err(),
            ] {
                assert!(hint(&error).is_some(), "{name}: {error}");
            }
        }
        assert!(open(Path::new("/dev/zero")).is_err());
        for name in ["link", "dangling", "zero", "pipe", "socket"] {
            write(&at(name), b"x").unwrap();
            assert_eq!(read(&at(name), 10).unwrap(), b"x");
        }
        assert!(write(&at("dir"), b"x").is_err());
        assert_eq!(fs::read(at("precious")).unwrap(), b"kept");
        assert!(!at("absent").exists());
    }

    #[test]
    fn a_file_is_read_up_to_its_bound_and_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("note");
        write(&path, b"a longer text").unwrap();
        write(&path, b"short").unwrap();
        assert_eq!(read_text(&path, 5).unwrap(), "short");
        let error = read(&path, 4).unwrap_err();
        assert!(error.to_string().contains("more than 4 bytes"), "{error}");
        assert!(read_named(Path::new("/dev/zero"), 10).is_err());
        assert!(read_named(folder.path(), 10).is_err());
        symlink("note", folder.path().join("link")).unwrap();
        assert_eq!(read_named_text(&folder.path().join("link"), 5).unwrap(), "short");
    }
}
