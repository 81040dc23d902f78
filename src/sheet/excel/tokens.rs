//! Where the tags, comments and attributes of XML end. A `None` asks for more of the text.
//!
//! Doesn't belong here: what they mean in a sheet (`walk`, `cell`), references in texts (quick-xml).

use memchr::memmem::find;
use memchr::{memchr, memchr3};

const CDATA: &[u8] = b"<![CDATA[";

/// What begins with `<`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A start tag; `is_empty` for `<c/>`.
    Open { tag: &'a [u8], is_empty: bool },
    /// An end tag: its name without a prefix.
    Close(&'a [u8]),
    /// The characters of a CDATA section.
    Data(&'a [u8]),
    /// A comment or a processing instruction.
    Nothing,
    /// A document type, which a workbook's parts can't have (ECMA-376 part 2, 8.1.4).
    DocumentType,
}

/// The token at the beginning of the text, and its bytes. The text begins with `<`.
pub(super) fn token(text: &[u8]) -> Option<(Token<'_>, usize)> {
    match text.get(1)? {
        b'/' => {
            let end = memchr(b'>', text)?;
            Some((Token::Close(local(name(text.get(2..end)?))), end + 1))
        }
        b'!' => declaration(text),
        b'?' => Some((Token::Nothing, find(text, b"?>")? + 2)),
        _ => {
            let len = tag_end(text)?;
            let tag = text.get(..len)?;
            let is_empty = tag.ends_with(b"/>");
            Some((Token::Open { tag, is_empty }, len))
        }
    }
}

fn declaration(text: &[u8]) -> Option<(Token<'_>, usize)> {
    if text.starts_with(b"<!--") {
        return Some((Token::Nothing, find(text.get(4..)?, b"-->")? + 7));
    }
    if text.starts_with(CDATA) {
        let data = text.get(CDATA.len()..)?;
        let len = find(data, b"]]>")?;
        return Some((Token::Data(data.get(..len)?), CDATA.len() + len + 3));
    }
    (text.len() >= CDATA.len()).then_some((Token::DocumentType, text.len()))
}

/// The bytes of the start tag at the beginning of the text. A value may hold a `>`.
pub(super) fn tag_end(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        let found = at + memchr3(b'>', b'"', b'\'', text.get(at..)?)?;
        let quote = *text.get(found)?;
        if quote == b'>' {
            return Some(found + 1);
        }
        at = found + memchr(quote, text.get(found + 1..)?)? + 2;
    }
}

/// The name of a start tag, without its prefix.
pub(super) fn tag_name(tag: &[u8]) -> &[u8] {
    local(name(tag.get(1..).unwrap_or_default()))
}

/// The bytes of the element at the beginning of the text, with all that is in it.
pub(super) fn element(text: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (0_usize, 0_usize);
    loop {
        let rest = text.get(at..)?;
        at += memchr(b'<', rest)?;
        let (token, len) = token(text.get(at..)?)?;
        at += len;
        match token {
            Token::Open { is_empty: false, .. } => depth += 1,
            Token::Close(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && !matches!(token, Token::Data(_) | Token::Nothing) {
            return Some(at);
        }
    }
}

/// Calls `each` with the attributes of a start tag, their values as they are written.
pub(super) fn attributes<'a>(tag: &'a [u8], mut each: impl FnMut(&'a [u8], &'a [u8])) {
    let mut rest = tag
        .get(1 + name(tag.get(1..).unwrap_or_default()).len()..)
        .unwrap_or_default();
    loop {
        rest = rest.trim_ascii_start();
        let key = name(rest);
        let after = rest.get(key.len()..).unwrap_or_default().trim_ascii_start();
        let Some(value) = after.strip_prefix(b"=") else { return };
        let Some((quote @ (b'"' | b'\''), value)) = value.trim_ascii_start().split_first() else {
            return;
        };
        let Some(len) = memchr(*quote, value) else { return };
        each(key, value.get(..len).unwrap_or_default());
        rest = value.get(len + 1..).unwrap_or_default();
    }
}

/// What stands before a character that ends a name.
fn name(text: &[u8]) -> &[u8] {
    let ends = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'=' | b'/' | b'>');
    let len = text.iter().position(ends).unwrap_or(text.len());
    text.get(..len).unwrap_or_default()
}

/// A name without its prefix.
fn local(name: &[u8]) -> &[u8] {
    match memchr(b':', name) {
        Some(colon) => name.get(colon + 1..).unwrap_or_default(),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_beginning_of_a_token_asks_for_more() {
        for (text, expected) in [
            (
                "<x:c r='>' t=\"/>\" >",
                Token::Open {
                    tag: b"<x:c r='>' t=\"/>\" >",
                    is_empty: false,
                },
            ),
            (
                "<v/>",
                Token::Open {
                    tag: b"<v/>",
                    is_empty: true,
                },
            ),
            ("</x:v >", Token::Close(b"v")),
            ("<!-- <c> -- -->", Token::Nothing),
            ("<?a > ?>", Token::Nothing),
            ("<![CDATA[<a>]]]>", Token::Data(b"<a>]")),
        ] {
            assert_eq!(token(text.as_bytes()), Some((expected, text.len())));
            for end in 1..text.len() {
                assert_eq!(token(&text.as_bytes()[..end]), None, "{}", &text[..end]);
            }
        }
        assert!(matches!(token(b"<!DOCTYPE x []>"), Some((Token::DocumentType, _))));
    }

    #[test]
    fn an_element_ends_with_its_own_end() {
        let text = "<is><t>a</t><!-- </is> --><r><t/></r><![CDATA[</is>]]></is>";
        assert_eq!(element(format!("{text}<v>").as_bytes()), Some(text.len()));
        assert_eq!(element(b"<f/>x"), Some(4));
        for end in 1..text.len() {
            assert_eq!(element(&text.as_bytes()[..end]), None, "{}", &text[..end]);
        }
    }

    #[test]
    fn attributes_come_as_they_are_written() {
        let mut all = Vec::new();
        attributes(b"<x:c r = 'A1'\n\ty:t=\">\" s=''/>", |key, value| {
            all.push(format!(
                "{}={}",
                String::from_utf8_lossy(key),
                String::from_utf8_lossy(value)
            ));
        });
        assert_eq!(all, ["r=A1", "y:t=>", "s="]);
        assert_eq!(tag_name(b"<x:c/>"), b"c");
    }
}
