//! A text of one or more runs in a workbook's XML (`CT_Rst`), inside a cell (`<is>`) or in the table of texts (`<si>`).
//!
//! Doesn't belong here: what stands around it (`cell`, `walk`).

use std::borrow::Cow;

use memchr::memchr;
use quick_xml::escape::partial_escape;

use super::tokens::{Token, attributes, element, tag_name, token};

/// Why an element can't be read: the text ends before the element does, or no reader could read it.
pub(super) enum Halt {
    More,
    Broken(String),
}

/// Whether calamine may cut white space off an inline text, which it does after it has resolved references. It keeps that
/// of a value.
pub(super) fn is_trimmed(text: &[u8]) -> bool {
    let cut = |byte: Option<&u8>| byte.is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'&' | b';'));
    cut(text.first()) || cut(text.last())
}

/// The content of the element up to its end.
#[derive(Default)]
pub(super) struct Inline<'a> {
    /// The content as it stands.
    raw: &'a [u8],
    /// The texts of its runs as XML writes them.
    text: Vec<u8>,
    runs: usize,
    /// Whether a run has white space that calamine cuts off.
    is_cut: bool,
}

impl<'a> Inline<'a> {
    /// Reads what follows the start tag of an element of this name, and returns how many bytes that are.
    pub(super) fn read(&mut self, name: &[u8], text: &'a [u8]) -> Result<usize, Halt> {
        let mut at = 0;
        loop {
            let (rest, token, mut len) = next_token(text, &mut at)?;
            match token {
                Token::Close(end) if end == name => {
                    self.raw = text.get(..at).unwrap_or_default();
                    return Ok(at + len);
                }
                Token::Open { tag, is_empty: false } => match tag_name(tag) {
                    b"r" => {}
                    b"t" => {
                        let start = self.text.len();
                        len += characters(rest.get(len..).unwrap_or_default(), &mut self.text)?;
                        let mut preserves = false;
                        attributes(tag, |key, value| {
                            preserves |= key == b"xml:space" && value == b"preserve";
                        });
                        self.is_cut |= !preserves && is_trimmed(self.text.get(start..).unwrap_or_default());
                        self.runs += 1;
                    }
                    // How a run looks and how it is pronounced.
                    _ => len = element(rest).ok_or(Halt::More)?,
                },
                Token::DocumentType => return Err(Halt::Broken("its tags don't match".to_owned())),
                _ => {}
            }
            at += len;
        }
    }

    /// Adds the text to `out` as a cell whose start tag `open` writes, given the cell's kind.
    pub(super) fn write(&self, out: &mut Vec<u8>, open: impl FnOnce(&[u8], &mut Vec<u8>)) {
        if self.is_joined() {
            open(b"str", out);
            out.extend_from_slice(b"<v>");
            out.extend_from_slice(&self.text);
            out.extend_from_slice(b"</v></c>");
        } else {
            open(b"inlineStr", out);
            out.extend_from_slice(b"<is>");
            out.extend_from_slice(self.raw);
            out.extend_from_slice(b"</is></c>");
        }
    }

    /// Whether the text is what calamine puts together. Excel's escapes (`_x000D_`) stand within a run.
    fn is_joined(&self) -> bool {
        !self.is_cut && (self.runs < 2 || !self.text.contains(&b'_'))
    }
}

/// What stands between two pieces of markup at the beginning of the text, if no other markup does, and the bytes up to the
/// end of the second.
pub(super) fn between<'a>(text: &'a [u8], start: &[u8], end: &[u8]) -> Option<(&'a [u8], usize)> {
    let inner = text.strip_prefix(start)?;
    let (value, rest) = inner.split_at_checked(memchr(b'<', inner)?)?;
    let len = start.len() + value.len() + end.len();
    rest.starts_with(end).then_some((value, len))
}

/// The next token from a place on, its bytes, and the text from there. The place moves to it.
pub(super) fn next_token<'a>(text: &'a [u8], at: &mut usize) -> Result<(&'a [u8], Token<'a>, usize), Halt> {
    let rest = text.get(*at..).unwrap_or_default();
    let next = memchr(b'<', rest).ok_or(Halt::More)?;
    *at += next;
    let rest = rest.get(next..).unwrap_or_default();
    let (token, len) = token(rest).ok_or(Halt::More)?;
    Ok((rest, token, len))
}

/// Adds the characters up to the end of an element as XML writes them without comments and CDATA. Says how many bytes stand
/// there, the end tag among them.
pub(super) fn characters(text: &[u8], found: &mut Vec<u8>) -> Result<usize, Halt> {
    let mut at = 0;
    loop {
        let start = at;
        let (_, token, len) = next_token(text, &mut at)?;
        found.extend_from_slice(text.get(start..at).unwrap_or_default());
        at += len;
        match token {
            Token::Data(data) => {
                let data = std::str::from_utf8(data).map_err(|_| Halt::Broken("its text is not UTF-8".to_owned()))?;
                // XML's own line breaks (XML 1.0, 2.11), which a reference would not be.
                let data = match memchr(b'\r', data.as_bytes()) {
                    Some(_) => Cow::Owned(data.replace("\r\n", "\n").replace('\r', "\n")),
                    None => Cow::Borrowed(data),
                };
                found.extend_from_slice(partial_escape(data).as_bytes());
            }
            Token::Nothing => {}
            Token::Close(_) => return Ok(at),
            Token::Open { .. } | Token::DocumentType => {
                return Err(Halt::Broken("its value has elements in it".to_owned()));
            }
        }
    }
}
