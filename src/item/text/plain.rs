//! Whether a text is an item, or an array of items, spelled as this program spells them: without white space, nested values
//! and exponents. Nothing of them is kept, so that the look costs little.
//!
//! Doesn't belong here: what items say (`text`), and any other spelling, which may be JSON all the same.

use super::first_special;

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plainly {
    /// One object.
    Item,
    /// An array of objects.
    Items,
}

/// What this text is, if it is plainly one of these.
#[must_use]
pub fn plainly(text: &str) -> Option<Plainly> {
    let text = text.as_bytes();
    let (rest, what) = match text.strip_prefix(b"[") {
        None => (item(text)?, Plainly::Item),
        Some(after) => (items(after)?, Plainly::Items),
    };
    rest.is_empty().then_some(what)
}

/// What follows the items, and the bracket that ends them.
fn items(mut rest: &[u8]) -> Option<&[u8]> {
    if let Some(after) = rest.strip_prefix(b"]") {
        return Some(after);
    }
    loop {
        match item(rest)?.split_first()? {
            (b',', after) => rest = after,
            (b']', after) => return Some(after),
            _ => return None,
        }
    }
}

/// What follows the object that begins here.
fn item(rest: &[u8]) -> Option<&[u8]> {
    let mut rest = rest.strip_prefix(b"{")?;
    if let Some(after) = rest.strip_prefix(b"}") {
        return Some(after);
    }
    loop {
        rest = value(text(rest)?.strip_prefix(b":")?)?;
        match rest.split_first()? {
            (b',', after) => rest = after,
            (b'}', after) => return Some(after),
            _ => return None,
        }
    }
}

fn value(rest: &[u8]) -> Option<&[u8]> {
    match rest.first()? {
        b'"' => text(rest),
        b'n' => rest.strip_prefix(b"null"),
        b't' => rest.strip_prefix(b"true"),
        b'f' => rest.strip_prefix(b"false"),
        _ => number(rest),
    }
}

/// What follows the text that begins with the quote here.
fn text(rest: &[u8]) -> Option<&[u8]> {
    let mut rest = rest.strip_prefix(b"\"")?;
    loop {
        match rest.get(first_special(rest, 0)?..)? {
            [b'"', after @ ..] => return Some(after),
            // Of code points, some say nothing without another one.
            [
                b'\\',
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't',
                after @ ..,
            ] => rest = after,
            _ => return None,
        }
    }
}

/// What follows the number that begins here (RFC 8259, without an exponent: what comes then is no part of an item).
fn number(rest: &[u8]) -> Option<&[u8]> {
    let whole = rest.strip_prefix(b"-").unwrap_or(rest);
    let after = digits(whole)?;
    if whole.first() == Some(&b'0') && whole.len() > after.len() + 1 {
        return None;
    }
    match after.strip_prefix(b".") {
        Some(fraction) => digits(fraction),
        None => Some(after),
    }
}

/// What follows the digits here; there has to be one.
fn digits(rest: &[u8]) -> Option<&[u8]> {
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 {
        return None;
    }
    rest.get(count..)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::*;

    /// What a parser says of it.
    fn parsed(text: &str) -> Option<Plainly> {
        if serde_json::from_str::<Map<String, Value>>(text).is_ok() {
            return Some(Plainly::Item);
        }
        let items = serde_json::from_str::<Vec<Map<String, Value>>>(text);
        items.is_ok().then_some(Plainly::Items)
    }

    #[test]
    fn what_this_program_writes_is_plain() {
        let one =
            r#"{"item_id":"A \"1\"\\\n","name":"Crème","quantity":-0.50,"x":0,"y":10,"a":null,"b":true,"c":false}"#;
        assert_eq!(plainly(one), Some(Plainly::Item));
        assert_eq!(plainly(&format!("[{one},{{}},{one}]")), Some(Plainly::Items));
        assert_eq!(plainly("[]"), Some(Plainly::Items));
    }

    #[test]
    fn what_is_no_json_is_not_plain() {
        for text in [
            "",
            "x",
            "[",
            "{",
            "{}x",
            "[{}",
            "[{},]",
            "[1]",
            "{\"a\":}",
            "{\"a\":01}",
            "{\"a\":-}",
            "{\"a\":1.}",
            "{\"a\":.5}",
            "{\"a\":1,}",
            "{\"a\" 1}",
            "{\"a\":nul}",
            "{\"a\":\"\n\"}",
            "{\"a\":\"\\x\"}",
            "{\"a\":\"b}",
            "{\"\\ud800\":1}",
        ] {
            assert_eq!((plainly(text), parsed(text)), (None, None), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn what_is_plain_a_parser_takes_too(
            pieces in prop::collection::vec(prop::sample::select(vec![
                "{", "}", "[", "]", ",", ":", "\"", "\"a\"", "\"é b\"", "\\", "\\n", "\\u00e9", "\\ud800", "\n", "0", "12", "-", ".", "e5",
                "null", "true", "fals", "{\"a\":", "\"b\":1.5", "},{", " ",
            ]), 0..12),
        ) {
            let text = pieces.concat();
            if let Some(what) = plainly(&text) {
                prop_assert_eq!(Some(what), parsed(&text), "{}", text);
            }
        }

        #[test]
        fn an_item_with_a_byte_changed_is_plain_only_where_a_parser_takes_it(
            at in 0..200_usize, byte in prop::sample::select(b"{}[],:\"\\0e.-nx \x01".to_vec()), many in any::<bool>(),
        ) {
            let item = r#"{"item_id":"1A4\"","name":"Blue \\ Dream","quantity":12.50,"status":null,"approved":true,"n":-7}"#;
            let text = if many { format!("[{item},{item}]") } else { item.to_owned() };
            let mut bytes = text.into_bytes();
            let at = at % bytes.len();
            bytes[at] = byte;
            let text = String::from_utf8(bytes).unwrap();
            if let Some(what) = plainly(&text) {
                prop_assert_eq!(Some(what), parsed(&text), "{}", text);
            }
        }
    }
}
