//! What takes a format's bytes, and the compression around them.
//!
//! Doesn't belong here: the file around it (`file`).

use std::io::{BufWriter, Result, Write};
use std::path::PathBuf;

use flate2::write::GzEncoder;

use super::Compression;

/// Room for a few hundred rows between two calls to the system.
const BUFFER: usize = 1 << 16;
/// zstd's own default: a third of gzip's size for CSV at a fraction of its time.
const ZSTD_LEVEL: i32 = 3;

/// What takes the bytes of a result.
pub struct ByteSink<'w> {
    /// The bytes themselves.
    pub out: Box<dyn Write + Send + 'w>,
    /// Where temporary files are written: on the disk of the result, which must have the room anyway.
    pub folder: PathBuf,
}

impl<'w> ByteSink<'w> {
    /// Bytes that go to no file.
    #[must_use]
    pub fn without_file(out: Box<dyn Write + Send + 'w>) -> Self {
        Self {
            out,
            folder: std::env::temp_dir(),
        }
    }
}

type Sink<'w> = BufWriter<Box<dyn Write + Send + 'w>>;

/// Bytes on their way out.
pub(super) enum Out<'w> {
    Plain(Sink<'w>),
    Gzip(GzEncoder<Sink<'w>>),
    Zstd(zstd::stream::write::Encoder<'static, Sink<'w>>),
}

impl<'w> Out<'w> {
    pub(super) fn new(compression: Compression, out: Box<dyn Write + Send + 'w>) -> Result<Self> {
        let sink = BufWriter::with_capacity(BUFFER, out);
        Ok(match compression {
            Compression::None => Self::Plain(sink),
            Compression::Gzip => Self::Gzip(GzEncoder::new(sink, flate2::Compression::default())),
            Compression::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(sink, ZSTD_LEVEL)?;
                // So that damage is found when it is read.
                encoder.include_checksum(true)?;
                Self::Zstd(encoder)
            }
        })
    }

    /// Writes the compression's end and all that is buffered.
    pub(super) fn finish(self) -> Result<()> {
        let mut sink = match self {
            Self::Plain(sink) => sink,
            Self::Gzip(encoder) => encoder.finish()?,
            Self::Zstd(encoder) => encoder.finish()?,
        };
        sink.flush()
    }
}

impl Write for Out<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        match self {
            Self::Plain(sink) => sink.write(bytes),
            Self::Gzip(encoder) => encoder.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> Result<()> {
        match self {
            Self::Plain(sink) => sink.flush(),
            Self::Gzip(encoder) => encoder.flush(),
            Self::Zstd(encoder) => encoder.flush(),
        }
    }
}
