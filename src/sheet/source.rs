//! Where the bytes come from: a file, standard input, either compressed or not, as something that can
//! be read from the beginning again and again.
//!
//! Belongs here: opening, spooling, unpacking, and what the first bytes say. Doesn't: text or cells.

use std::fs::{File, Metadata};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::stop::{Bytes, Pipe, Stop};
use super::{Input, Limits, ReadError};
use crate::files::leftovers::Scratch;
use crate::files::{bounds, create_new};
use flate2::read::MultiGzDecoder;

/// What the first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A zip archive (xlsx, xlsm, xlsb, ods) or an OLE compound file (xls, an encrypted xlsx).
    Workbook,
    /// Anything else that might be text.
    Text,
}

/// Whether it gives its bytes only once: standard input, a named pipe, what a shell puts for `<(…)`.
#[must_use]
pub fn is_stream(path: &Path) -> bool {
    path == Path::new("-") || std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

#[derive(Clone, Copy)]
enum Packing {
    Gzip,
    Zstd,
}

impl Packing {
    fn of(head: &[u8]) -> Option<Self> {
        if head.starts_with(&[0x1f, 0x8b, 0x08]) {
            Some(Self::Gzip)
        } else if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            Some(Self::Zstd)
        } else {
            None
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// Kinds of files that people name by mistake, by their first bytes.
const STRANGERS: [(&[u8], &str); 12] = [
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"SQLite format 3\0", "a SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"{\\rtf", "a text document (RTF)"),
];

/// Spreadsheets of programs before 1993, and the records of an xls without the compound file around them.
const OLDER: [(&[u8], &str); 6] = [
    (b"\x09\x00\x04\x00", "a workbook of Excel 2"),
    (b"\x09\x02\x06\x00", "a workbook of Excel 3"),
    (b"\x09\x04\x06\x00", "a workbook of Excel 4"),
    (b"\x09\x08", "an .xls without the container that Excel writes around it"),
    (b"\x00\x00\x02\x00", "a Lotus 1-2-3 file"),
    (b"\x00\x00\x1a\x00", "a Lotus 1-2-3 file"),
];

/// A file of bytes that can be opened again for another pass.
#[derive(Debug)]
pub(super) struct Source {
    /// What the user named, for messages.
    pub(super) file: String,
    pub(super) kind: Kind,
    path: PathBuf,
    stamp: (u64, Option<SystemTime>),
    stop: Stop,
    // Held so that the spooled or unpacked copy lives as long as its readers need it.
    _copy: Option<Scratch>,
}

impl Source {
    /// Opens the input, spools it where it can be read only once, unpacks gzip and zstd.
    pub(super) fn open(input: &Input, limits: &Limits, stop: &Stop) -> Result<Self, ReadError> {
        let stop = stop.clone();
        match input {
            Input::Path(path) => {
                let file = path.display().to_string();
                let metadata = std::fs::metadata(path).map_err(|cause| match cause.kind() {
                    io::ErrorKind::NotFound => ReadError::Missing(path.clone()),
                    _ => ReadError::Io {
                        file: file.clone(),
                        cause,
                    },
                })?;
                if metadata.is_dir() {
                    return Err(ReadError::Directory(path.clone()));
                }
                if metadata.is_file() {
                    Self::examine(file, path.clone(), None, limits, stop)
                } else {
                    // A named pipe or a device gives its bytes only once.
                    let path = path.clone();
                    Self::piped(file, move || File::open(path), limits, stop)
                }
            }
            Input::Stdin => Self::piped("standard input".to_owned(), || Ok(io::stdin().lock()), limits, stop),
        }
    }

    fn piped<R: Read>(
        file: String,
        open: impl FnOnce() -> io::Result<R> + Send + 'static,
        limits: &Limits,
        stop: Stop,
    ) -> Result<Self, ReadError> {
        match Pipe::new(open, stop.clone()) {
            Ok(mut pipe) => Self::spool(file, &mut pipe, limits, stop),
            Err(cause) => Err(ReadError::Io { file, cause }),
        }
    }

    /// Keeps all that `from` gives in a temporary file.
    pub(super) fn spool(file: String, from: &mut dyn Read, limits: &Limits, stop: Stop) -> Result<Self, ReadError> {
        let bound = limits.expanded_bytes;
        let copy = copy_of(&file, from, bound, "gives", |cause| ReadError::Io {
            file: file.clone(),
            cause,
        })?;
        let path = copy.path(COPY);
        Self::examine(file, path, Some(copy), limits, stop)
    }

    fn examine(
        file: String,
        path: PathBuf,
        copy: Option<Scratch>,
        limits: &Limits,
        stop: Stop,
    ) -> Result<Self, ReadError> {
        let (mut opened, head) = head_of(&file, &path)?;
        let Some(packing) = Packing::of(&head) else {
            return Self::settle(file, path, copy, &head, stop);
        };
        opened.seek(SeekFrom::Start(0)).map_err(|cause| ReadError::Io {
            file: file.clone(),
            cause,
        })?;
        let opened = Bytes::new(opened, stop.clone());
        let mut unpacked: Box<dyn Read> = match packing {
            Packing::Gzip => Box::new(MultiGzDecoder::new(BufReader::new(opened))),
            Packing::Zstd => Box::new(zstd::stream::read::Decoder::new(opened).map_err(|cause| ReadError::Io {
                file: file.clone(),
                cause,
            })?),
        };
        let copy = copy_of(&file, &mut unpacked, limits.expanded_bytes, "unpacks to", |cause| {
            // The operating system's errors carry its number; the decoder's own are about the data.
            if cause.raw_os_error().is_some() {
                ReadError::Io {
                    file: file.clone(),
                    cause,
                }
            } else {
                let what = format!("its {} data is corrupt or truncated", packing.name());
                ReadError::Damaged {
                    file: file.clone(),
                    what,
                }
            }
        })?;
        let path = copy.path(COPY);
        let (_, head) = head_of(&file, &path)?;
        if Packing::of(&head).is_some() {
            return Err(ReadError::NotASpreadsheet {
                file,
                what: "a file compressed twice".to_owned(),
            });
        }
        Self::settle(file, path, Some(copy), &head, stop)
    }

    fn settle(file: String, path: PathBuf, copy: Option<Scratch>, head: &[u8], stop: Stop) -> Result<Self, ReadError> {
        if head.is_empty() {
            return Err(ReadError::Empty(file));
        }
        if let Some((_, what)) = OLDER.iter().find(|(magic, _)| head.starts_with(magic)) {
            return Err(ReadError::OtherFormat { file, what });
        }
        if let Some((_, what)) = STRANGERS.iter().find(|(magic, _)| head.starts_with(magic)) {
            return Err(ReadError::NotASpreadsheet {
                file,
                what: (*what).to_owned(),
            });
        }
        let kind = if head.starts_with(b"PK\x03\x04")
            || head.starts_with(b"PK\x05\x06")
            || head.starts_with(&[0xd0, 0xcf, 0x11, 0xe0])
        {
            Kind::Workbook
        } else {
            Kind::Text
        };
        let metadata = std::fs::metadata(&path).map_err(|cause| ReadError::Io {
            file: file.clone(),
            cause,
        })?;
        Ok(Self {
            file,
            kind,
            path,
            stamp: stamp(&metadata),
            stop,
            _copy: copy,
        })
    }

    /// The bytes from the first one on; refused if another program has changed them since the last pass.
    pub(super) fn bytes(&self) -> Result<Bytes, ReadError> {
        let opened = File::open(&self.path).map_err(|cause| self.io(cause))?;
        let metadata = opened.metadata().map_err(|cause| self.io(cause))?;
        if stamp(&metadata) == self.stamp {
            Ok(Bytes::new(opened, self.stop.clone()))
        } else {
            Err(ReadError::Changed(self.file.clone()))
        }
    }

    /// Where the bytes are on disk: the file itself, or its spooled or unpacked copy.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The system's error, with the file's name.
    pub(super) fn io(&self, cause: io::Error) -> ReadError {
        ReadError::Io {
            file: self.file.clone(),
            cause,
        }
    }
}

fn stamp(metadata: &Metadata) -> (u64, Option<SystemTime>) {
    (metadata.len(), metadata.modified().ok())
}

fn head_of(file: &str, path: &Path) -> Result<(File, Vec<u8>), ReadError> {
    let io = |cause| ReadError::Io {
        file: file.to_owned(),
        cause,
    };
    let mut opened = File::open(path).map_err(io)?;
    let mut head = Vec::new();
    (&mut opened).take(16).read_to_end(&mut head).map_err(io)?;
    Ok((opened, head))
}

/// A file that begins with so many zero bytes is a device, or a hole on the disk.
const ZEROS: u64 = 1 << 20;

/// The name of a copy in its temporary folder.
const COPY: &str = "copy";

/// A temporary copy of what `from` gives, up to `bound` bytes.
fn copy_of(
    file: &str,
    from: &mut dyn Read,
    bound: u64,
    verb: &str,
    read_error: impl Fn(io::Error) -> ReadError,
) -> Result<Scratch, ReadError> {
    let write_error = |cause| ReadError::Io {
        file: format!("a temporary copy of {file}"),
        cause,
    };
    let scratch = Scratch::new().map_err(write_error)?;
    let mut copy = create_new(&scratch.path(COPY)).map_err(write_error)?;
    let mut buffer = vec![0; 1 << 16];
    let mut total = 0u64;
    let mut only_zeros = true;
    let too_large = |what| ReadError::TooLarge {
        file: file.to_owned(),
        what,
    };
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
            Err(cause) => return Err(read_error(cause)),
        };
        total = total.saturating_add(count as u64);
        if total > bound {
            return Err(too_large(format!("it {verb} more than {}", bounds::size(bound))));
        }
        let part = buffer.get(..count).unwrap_or_default();
        only_zeros &= part.iter().all(|byte| *byte == 0);
        if only_zeros && total > ZEROS {
            let zeros = bounds::size(ZEROS);
            return Err(too_large(format!("it {verb} more than {zeros} of zero bytes only")));
        }
        copy.write_all(part).map_err(write_error)?;
    }
    copy.flush().map_err(write_error)?;
    Ok(scratch)
}
