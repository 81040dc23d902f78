//! UTF-8 turned into the encoding that a delimited file is to have.
//!
//! Doesn't belong here: guessing the encoding of a file that is read (`sheet::encoding`).

use std::io::{Result, Write};

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::WriteError;

/// The encoding of this label, UTF-8 without one.
pub(super) fn named(label: Option<&str>) -> std::result::Result<&'static Encoding, WriteError> {
    let Some(label) = label else { return Ok(UTF_8) };
    Encoding::for_label(label.as_bytes()).ok_or_else(|| WriteError::UnknownEncoding(label.to_owned()))
}

/// The first character that the encoding lacks.
pub(super) fn unencodable(encoding: &'static Encoding, text: &str) -> Option<char> {
    if is_unicode(encoding) || text.is_ascii() || !encoding.encode(text).2 {
        return None;
    }
    let mut utf8 = [0; 4];
    text.chars()
        .find(|character| encoding.encode(character.encode_utf8(&mut utf8)).2)
}

/// Whether the encoding has every character.
pub(super) fn is_unicode(encoding: &'static Encoding) -> bool {
    encoding == UTF_8 || encoding == UTF_16LE || encoding == UTF_16BE
}

/// Takes UTF-8 and passes it on in another encoding.
pub(super) struct Encoder<W> {
    inner: W,
    encoding: &'static Encoding,
    /// The beginning of a character whose end is still to come.
    tail: Vec<u8>,
    encoded: Vec<u8>,
}

impl<W: Write> Encoder<W> {
    pub(super) fn new(inner: W, encoding: &'static Encoding) -> Self {
        Self {
            inner,
            encoding,
            tail: Vec::new(),
            encoded: Vec::new(),
        }
    }

    pub(super) fn into_inner(self) -> W {
        self.inner
    }

    fn put(&mut self, text: &str) -> Result<()> {
        self.encoded.clear();
        if self.encoding == UTF_16LE {
            self.encoded.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        } else if self.encoding == UTF_16BE {
            self.encoded.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
        } else {
            self.encoded.extend_from_slice(&self.encoding.encode(text).0);
        }
        self.inner.write_all(&self.encoded)
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        if self.encoding == UTF_8 {
            return self.inner.write(bytes);
        }
        // The csv writer's buffer ends anywhere, inside a character too.
        let mut whole = std::mem::take(&mut self.tail);
        whole.extend_from_slice(bytes);
        match std::str::from_utf8(&whole) {
            Ok(text) => self.put(text)?,
            Err(cut) => {
                let (text, tail) = whole.split_at(cut.valid_up_to());
                self.tail = tail.to_vec();
                self.put(&String::from_utf8_lossy(text))?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        self.inner.flush()
    }
}
