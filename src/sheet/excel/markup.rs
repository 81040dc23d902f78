//! The plain XML that programs write into workbooks, token by token: tags, attributes, texts.
//!
//! Belongs here: only what is read the same by every XML reader. Doesn't: comments, CDATA, declarations of entities,
//! anything odd or broken: that is `Halt::Unusual`, and a full XML reader has to look at it.

use std::borrow::Cow;

use memchr::{memchr, memchr3};

/// Why a token isn't given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Halt {
    /// The text ends before the token does.
    More,
    /// This isn't the plain XML that is read here.
    Unusual,
}

/// A start tag, or one that is its own end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Open<'a> {
    /// With its prefix.
    pub(super) name: &'a [u8],
    /// `<c/>`
    pub(super) is_empty: bool,
    /// Its bytes.
    pub(super) len: usize,
}

/// A name without its prefix.
pub(super) fn local(name: &[u8]) -> &[u8] {
    match memchr(b':', name) {
        Some(colon) => name.get(colon + 1..).unwrap_or_default(),
        None => name,
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':')
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn name_at(text: &[u8], at: usize) -> Result<&[u8], Halt> {
    let rest = text.get(at..).ok_or(Halt::More)?;
    let len = rest.iter().position(|byte| !is_name(*byte)).ok_or(Halt::More)?;
    let name = rest.get(..len).unwrap_or_default();
    // More than one colon, or one at an end, is no name with a prefix.
    let odd = match memchr(b':', name) {
        Some(colon) => {
            colon == 0 || colon + 1 == len || memchr(b':', name.get(colon + 1..).unwrap_or_default()).is_some()
        }
        None => len == 0,
    };
    if odd { Err(Halt::Unusual) } else { Ok(name) }
}

/// The start tag at the beginning of the text; `each` is given its attributes, their values as they are written.
pub(super) fn open<'a>(
    text: &'a [u8],
    mut each: impl FnMut(&'a [u8], &'a [u8]) -> Result<(), Halt>,
) -> Result<Open<'a>, Halt> {
    match text.first() {
        None => return Err(Halt::More),
        Some(b'<') => {}
        Some(_) => return Err(Halt::Unusual),
    }
    let name = name_at(text, 1)?;
    let mut at = 1 + name.len();
    loop {
        let before = at;
        while is_space(*text.get(at).ok_or(Halt::More)?) {
            at += 1;
        }
        match text.get(at) {
            Some(b'>') => {
                return Ok(Open {
                    name,
                    is_empty: false,
                    len: at + 1,
                });
            }
            Some(b'/') => {
                return match text.get(at + 1) {
                    Some(b'>') => Ok(Open {
                        name,
                        is_empty: true,
                        len: at + 2,
                    }),
                    None => Err(Halt::More),
                    Some(_) => Err(Halt::Unusual),
                };
            }
            None => return Err(Halt::More),
            Some(_) if at == before => return Err(Halt::Unusual),
            Some(_) => {}
        }
        let key = name_at(text, at)?;
        at += key.len();
        if *text.get(at).ok_or(Halt::More)? != b'=' {
            return Err(Halt::Unusual);
        }
        let quote = *text.get(at + 1).ok_or(Halt::More)?;
        if !matches!(quote, b'"' | b'\'') {
            return Err(Halt::Unusual);
        }
        at += 2;
        let rest = text.get(at..).ok_or(Halt::More)?;
        let len = rest.iter().position(|byte| *byte == quote).ok_or(Halt::More)?;
        let value = rest.get(..len).unwrap_or_default();
        each(key, value)?;
        at += len + 1;
    }
}

/// The end tag at the beginning of the text: its name with its prefix, and its bytes.
pub(super) fn close(text: &[u8]) -> Result<(&[u8], usize), Halt> {
    if !text.starts_with(b"</") {
        return Err(if text.len() < 2 { Halt::More } else { Halt::Unusual });
    }
    let name = name_at(text, 2)?;
    match text.get(2 + name.len()) {
        Some(b'>') => Ok((name, name.len() + 3)),
        None => Err(Halt::More),
        Some(_) => Err(Halt::Unusual),
    }
}

/// How many bytes of white space stand before the next tag; anything else there is unusual.
pub(super) fn blank(text: &[u8]) -> Result<usize, Halt> {
    let len = text.iter().position(|byte| !is_space(*byte)).ok_or(Halt::More)?;
    if text.get(len) == Some(&b'<') {
        Ok(len)
    } else {
        Err(Halt::Unusual)
    }
}

/// The text up to the next tag, as it is written.
pub(super) fn until_tag(text: &[u8]) -> Result<&[u8], Halt> {
    let len = memchr(b'<', text).ok_or(Halt::More)?;
    Ok(text.get(..len).unwrap_or_default())
}

/// A text that means nothing here, but has to be well-formed.
pub(super) fn check(raw: &[u8]) -> Result<(), Halt> {
    content(raw).map(drop)
}

pub(super) fn string(raw: &[u8]) -> Result<&str, Halt> {
    std::str::from_utf8(raw).map_err(|_| Halt::Unusual)
}

/// A text with its references resolved and its line breaks as XML has them (XML 1.0, 2.11).
pub(super) fn content(raw: &[u8]) -> Result<Cow<'_, str>, Halt> {
    let mut rest = string(raw)?;
    let Some(mut at) = special(rest) else {
        return Ok(Cow::Borrowed(rest));
    };
    let mut whole = String::with_capacity(rest.len());
    loop {
        whole.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at..).unwrap_or_default();
        let passed = if let Some(after) = rest.strip_prefix('\r') {
            whole.push('\n');
            if after.starts_with('\n') { 2 } else { 1 }
        } else {
            let end = rest.find(';').ok_or(Halt::Unusual)?;
            whole.push(reference(rest.get(1..end).unwrap_or_default())?);
            end + 1
        };
        rest = rest.get(passed..).unwrap_or_default();
        match special(rest) {
            Some(next) => at = next,
            None => break,
        }
    }
    whole.push_str(rest);
    Ok(Cow::Owned(whole))
}

fn special(text: &str) -> Option<usize> {
    memchr::memchr2(b'&', b'\r', text.as_bytes())
}

/// What stands between `&` and `;`: one of XML's own five names, or a character's number.
fn reference(name: &str) -> Result<char, Halt> {
    Ok(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#').ok_or(Halt::Unusual)?;
            let (digits, radix) = match number.strip_prefix('x') {
                Some(hex) => (hex, 16),
                None => (number, 10),
            };
            if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return Err(Halt::Unusual);
            }
            let code = u32::from_str_radix(digits, radix).map_err(|_| Halt::Unusual)?;
            char::from_u32(code).filter(|_| code != 0).ok_or(Halt::Unusual)?
        }
    })
}

/// A cell's text as Excel means it. `preserve` (`xml:space`): white space at its ends belongs to it.
pub(super) fn cell_text(raw: &[u8], preserve: bool) -> Result<Cow<'_, str>, Halt> {
    if memchr3(b'&', b'\r', b'_', raw).is_none() {
        let text = string(raw)?;
        return Ok(Cow::Borrowed(if preserve { text } else { trim(text) }));
    }
    let text = match content(raw)? {
        text if preserve => text,
        Cow::Borrowed(text) => Cow::Borrowed(trim(text)),
        Cow::Owned(text) => match trim(&text) {
            trimmed if trimmed.len() == text.len() => Cow::Owned(text),
            trimmed => Cow::Owned(trimmed.to_owned()),
        },
    };
    Ok(match unescape(&text) {
        Some(unescaped) => Cow::Owned(unescaped),
        None => text,
    })
}

/// Without the white space that XML knows; a no-break space stays.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

/// Excel's own escapes, `_x000D_`: four hexadecimal digits of UTF-16 (ECMA-376 part 1, 22.9.2.19). None if there are none.
fn unescape(text: &str) -> Option<String> {
    let mut whole: Option<String> = None;
    let (mut copied, mut from) = (0, 0);
    while let Some(at) = text.get(from..).and_then(|rest| rest.find('_')).map(|at| from + at) {
        let Some(unit) = escaped_unit(text, at) else {
            from = at + 1;
            continue;
        };
        let whole = whole.get_or_insert_default();
        whole.push_str(text.get(copied..at).unwrap_or_default());
        from = at + ESCAPE;
        let low = escaped_unit(text, from).filter(|low| (0xDC00..0xE000).contains(low));
        let code = match (unit, low) {
            (0xD800..0xDC00, Some(low)) => {
                from += ESCAPE;
                0x1_0000 + ((u32::from(unit) - 0xD800) << 10) + (u32::from(low) - 0xDC00)
            }
            _ => u32::from(unit),
        };
        // Half of a pair stands for nothing.
        whole.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        copied = from;
    }
    let mut whole = whole?;
    whole.push_str(text.get(copied..).unwrap_or_default());
    Some(whole)
}

/// The bytes of `_x000D_`.
const ESCAPE: usize = 7;

fn escaped_unit(text: &str, at: usize) -> Option<u16> {
    let escape = text.as_bytes().get(at..at.checked_add(ESCAPE)?)?;
    let digits = escape.strip_prefix(b"_x")?.strip_suffix(b"_")?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// What stands from a place to the next tag, if that begins with these tags, and the bytes up to their end.
pub(super) fn between<'a>(text: &'a [u8], start: usize, tags: &[u8]) -> Result<Option<(&'a [u8], usize)>, Halt> {
    let raw = until_tag(text.get(start..).unwrap_or_default())?;
    let end = start + raw.len();
    let closed = text.get(end..).is_some_and(|rest| rest.starts_with(tags));
    Ok(closed.then_some((raw, end + tags.len())))
}

/// The text of an element that holds nothing else, and the bytes up to its end.
pub(super) fn simple<'a>(text: &'a [u8], name: &[u8], start: usize) -> Result<(&'a [u8], usize), Halt> {
    let raw = until_tag(text.get(start..).unwrap_or_default())?;
    let end = start + raw.len();
    let (closed, len) = close(text.get(end..).unwrap_or_default())?;
    if closed == name {
        Ok((raw, end + len))
    } else {
        Err(Halt::Unusual)
    }
}

/// What stands before the first element: a mark of the encoding and the declaration, which has to say UTF-8 if anything.
pub(super) fn prologue(text: &[u8]) -> Result<usize, Halt> {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    // Enough to tell; no part is shorter.
    if text.len() < 16 {
        return Err(Halt::More);
    }
    let mark = if text.starts_with(MARK) { MARK.len() } else { 0 };
    let rest = text.get(mark..).unwrap_or_default();
    let space = blank(rest)?;
    let rest = rest.get(space..).unwrap_or_default();
    if !rest.starts_with(b"<?xml ") {
        return Ok(mark + space);
    }
    let len = rest.windows(2).position(|two| two == b"?>").ok_or(Halt::More)? + 2;
    let declaration = string(rest.get(..len).unwrap_or_default())?.to_ascii_lowercase();
    let says_other = declaration.contains("encoding")
        && !declaration.contains("encoding=\"utf-8\"")
        && !declaration.contains("encoding='utf-8'");
    if says_other {
        return Err(Halt::Unusual);
    }
    Ok(mark + space + len)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tag, and its attributes in words.
    fn opened(text: &str) -> Result<(Open<'_>, String), Halt> {
        let mut all = String::new();
        let open = open(text.as_bytes(), |key, value| {
            all += &format!("{}={} ", String::from_utf8_lossy(key), String::from_utf8_lossy(value));
            Ok(())
        })?;
        Ok((open, all))
    }

    #[test]
    fn a_tag_is_read_with_its_attributes_whatever_they_hold() {
        let (tag, attributes) = opened("<x:c r=\"A1\"\n t='>' s=\"\"/>rest").unwrap();
        let open = Open {
            name: b"x:c",
            is_empty: true,
            len: 25,
        };
        assert_eq!((tag, attributes.as_str()), (open, "r=A1 t=> s= "));
        assert_eq!(local(b"x:c"), b"c");
    }

    #[test]
    fn every_beginning_of_a_tag_asks_for_more() {
        for whole in ["<row r=\"12\" spans='1:3' >", "<c r=\"A1\"/>"] {
            for end in 0..whole.len() {
                assert_eq!(opened(&whole[..end]), Err(Halt::More), "{}", &whole[..end]);
            }
            assert!(opened(whole).is_ok());
        }
        for end in 0..6 {
            assert_eq!(close(&b"</row>"[..end]), Err(Halt::More));
        }
        assert_eq!(close(b"</x:row>"), Ok((&b"x:row"[..], 8)));
    }

    #[test]
    fn what_is_not_plain_is_unusual() {
        for odd in [
            "<!-- -->",
            "<![CDATA[x]]>",
            "<?xml?>",
            "<c r>",
            "<c r=A1>",
            "<c r = \"A1\">",
            "<c r=\"A1\"t=\"s\">",
            "<c/ >",
            "<é>",
            "<:c>",
            "<a:b:c>",
            "< c>",
            "text",
        ] {
            assert_eq!(opened(odd), Err(Halt::Unusual), "{odd}");
        }
        for odd in ["</c >", "</>", "x </c>"] {
            assert_eq!(close(odd.as_bytes()), Err(Halt::Unusual), "{odd}");
        }
    }

    #[test]
    fn texts_mean_what_xml_and_excel_say() {
        let text = |raw: &str, preserve| cell_text(raw.as_bytes(), preserve).map(Cow::into_owned);
        for (raw, meant) in [
            ("plain", "plain"),
            ("a &amp; b&lt;&#65;&#x42;", "a & b<AB"),
            ("a\r\nb\rc", "a\nb\nc"),
            ("a&#13;\nb", "a\r\nb"),
            ("x_x000D_y", "x\ry"),
            ("_x005F_x000D_", "_x000D_"),
            ("_xD83D__xDCF7_ _xD83D_", "\u{1F4F7} \u{FFFD}"),
            ("a_b_xyz_x00", "a_b_xyz_x00"),
            ("\u{a0}x\u{a0}", "\u{a0}x\u{a0}"),
        ] {
            assert_eq!(text(raw, false).as_deref(), Ok(meant), "{raw}");
        }
        assert_eq!(text(" \n_a ", false).as_deref(), Ok("_a"));
        assert_eq!(text(" a&amp; ", false).as_deref(), Ok("a&"));
        assert_eq!(text(" a ", true).as_deref(), Ok(" a "));
        for odd in ["&nbsp;", "&", "&amp", "&#0;", "&#xD800;", "&#+65;", "&#;"] {
            assert_eq!(text(odd, true), Err(Halt::Unusual), "{odd}");
        }
        assert_eq!(cell_text(b"\xff", true), Err(Halt::Unusual));
    }
}
