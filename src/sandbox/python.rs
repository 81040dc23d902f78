//! What the server's Python makes of a request: JSON with `NaN` and halves of surrogate pairs, and `str()` of a value.
//!
//! Doesn't belong here: what Firestore makes of the result (`document`).

use serde_json::{Number, Value};

/// The text under which a number beyond a double is kept: JSON has no infinity, but every reader of numbers as text
/// parses this one as an infinite double, and none as a finite one.
const INFINITY: &str = "1e+999";

/// The text under which NaN is kept, in the spelling that `serde_json` gives an exponent: as a number it would be
/// infinite, and nobody writes it so.
const NAN: &str = "1e+99999999999999999999";

/// What half of a surrogate pair is read as. Only looked for where [`Parsed::surrogates`] is set, so that a text that
/// holds the same characters is stored as it is.
const HALF_PAIR: &str = "\u{FDD0}half of a surrogate pair\u{FDD0}";

/// A body as Python reads it.
#[derive(Debug, PartialEq)]
pub(super) struct Parsed {
    pub(super) value: Value,
    /// Some text holds half of a surrogate pair, which Python reads and Firestore refuses.
    pub(super) surrogates: bool,
}

/// Reads JSON as Python's `json.loads` does; none where Python fails too.
pub(super) fn parse(body: &[u8]) -> Option<Parsed> {
    if let Ok(value) = serde_json::from_slice(body) {
        return Some(Parsed {
            value,
            surrogates: false,
        });
    }
    let (rewritten, surrogates) = without_extensions(body)?;
    let value = serde_json::from_slice(&rewritten).ok()?;
    Some(Parsed { value, surrogates })
}

/// Whether a name or text in the value holds half of a surrogate pair.
pub(super) fn has_half_pair(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(HALF_PAIR),
        Value::Array(elements) => elements.iter().any(has_half_pair),
        Value::Object(map) => map
            .iter()
            .any(|(name, value)| name.contains(HALF_PAIR) || has_half_pair(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Rewrites what Python reads beyond JSON's grammar: the bare words `NaN` and `Infinity` become numbers, a lone
/// `\uD800`…`\uDFFF` becomes [`HALF_PAIR`]. Returns whether there was one of the latter; none where nothing was
/// rewritten.
fn without_extensions(body: &[u8]) -> Option<(Vec<u8>, bool)> {
    let mut out = Vec::with_capacity(body.len() + 64);
    let (mut rest, mut in_text, mut found, mut surrogates) = (body, false, false, false);
    while let Some((first, tail)) = rest.split_first() {
        if !in_text {
            let word = match (rest, out.last()) {
                ([b'N', b'a', b'N', tail @ ..], last) if last != Some(&b'-') => Some((NAN, tail)),
                ([b'I', b'n', b'f', b'i', b'n', b'i', b't', b'y', tail @ ..], _) => Some((INFINITY, tail)),
                _ => None,
            };
            if let Some((number, tail)) = word {
                out.extend_from_slice(number.as_bytes());
                rest = tail;
                found = true;
                continue;
            }
            in_text = *first == b'"';
        } else if *first == b'\\' {
            let (length, lone) = escape(rest);
            if lone {
                out.extend_from_slice(HALF_PAIR.as_bytes());
                surrogates = true;
            } else {
                out.extend_from_slice(rest.get(..length).unwrap_or(rest));
            }
            rest = rest.get(length..).unwrap_or_default();
            continue;
        } else if *first == b'"' {
            in_text = false;
        }
        out.push(*first);
        rest = tail;
    }
    (found || surrogates).then_some((out, surrogates))
}

/// How many bytes an escape has that begins here (a pair of surrogates is one), and whether it is half of a pair.
fn escape(text: &[u8]) -> (usize, bool) {
    let unit = |at: usize| {
        let [b'\\', b'u', digits @ ..] = text.get(at..at + 6)? else {
            return None;
        };
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    match (unit(0), unit(6)) {
        (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => (12, false),
        (Some(0xD800..=0xDFFF), _) => (6, true),
        _ => (2, false),
    }
}

/// A number as the double that Python reads, if the text is no integer.
pub(super) fn double(number: &Number) -> f64 {
    match number.as_str() {
        NAN => f64::NAN,
        text => text.parse().unwrap_or(f64::INFINITY),
    }
}

/// Python reads such a number as `int`, of any size.
pub(super) fn is_integer(number: &Number) -> bool {
    number
        .as_str()
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'-')
}

/// `str()` of a value, which the server makes an id of.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => {
            let mut out = String::new();
            represent(&mut out, other);
            out
        }
    }
}

/// `repr()` of a value.
fn represent(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Number(number) if is_integer(number) => out.push_str(match number.as_str() {
            "-0" => "0",
            text => text,
        }),
        Value::Number(number) => represent_double(out, double(number)),
        Value::String(text) => represent_text(out, text),
        Value::Array(elements) => {
            out.push('[');
            for (at, element) in elements.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                represent(out, element);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            for (at, (name, value)) in map.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                represent_text(out, name);
                out.push_str(": ");
                represent(out, value);
            }
            out.push('}');
        }
    }
}

/// The shortest digits that read back the same, with an exponent where that is below -4 or above 15.
fn represent_double(out: &mut String, double: f64) {
    if !double.is_finite() {
        out.push_str(match double {
            f64::INFINITY => "inf",
            f64::NEG_INFINITY => "-inf",
            _ => "nan",
        });
        return;
    }
    let scientific = format!("{double:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let text = if (-4..16).contains(&exponent) {
        format!("{double}")
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
    };
    out.push_str(&text);
    if !text.contains(['.', 'e']) {
        out.push_str(".0");
    }
}

/// In single quotes, unless these are in the text and double ones aren't. What Python counts as not printable is
/// escaped: controls, white space other than a blank, and the invisible characters of general punctuation.
fn represent_text(out: &mut String, text: &str) {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    out.push(quote);
    for c in text.chars() {
        let invisible = c.is_control()
            || (c.is_whitespace() && c != ' ')
            || matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}');
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote || c == '\\' => out.extend(['\\', c]),
            c if !invisible => out.push(c),
            c if c <= '\u{FF}' => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => out.push_str(&format!("\\u{:04x}", u32::from(c))),
        }
    }
    out.push(quote);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bare_words_are_numbers_and_the_same_words_in_texts_are_not() {
        let item = parse(br#"{"a": NaN, "b": -Infinity, "c": "NaN \" Infinity", "NaN": [Infinity]}"#)
            .unwrap()
            .value;
        let number = |value: &Value| match value {
            Value::Number(number) => double(number),
            other => panic!("{other}"),
        };
        assert_eq!(item["c"], json!("NaN \" Infinity"));
        assert!(number(&item["a"]).is_nan());
        assert!(number(&item["b"]) < f64::MIN);
        assert!(number(&item["NaN"][0]) > f64::MAX);
        for body in ["{\"a\": Nan}", "-NaN", "[+Infinity]", "NaN NaN"] {
            assert_eq!(parse(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn half_of_a_surrogate_pair_is_read_and_found() {
        for body in [
            r#""\ud800""#,
            r#"["a", {"b": "x\udc00y"}]"#,
            r#"{"\ud83d": 1}"#,
            r#""\ud83d\ud83d\ude00""#,
            r#""\\\ud800""#,
        ] {
            let parsed = parse(body.as_bytes()).expect(body);
            assert!(parsed.surrogates && has_half_pair(&parsed.value), "{body}");
        }
        for body in [r#""\ud83d\ude00""#, r#""\\ud800""#, r#"[NaN, "\\ud800\u00e9"]"#] {
            let parsed = parse(body.as_bytes()).expect(body);
            assert!(!parsed.surrogates && !has_half_pair(&parsed.value), "{body}");
        }
        for body in [r#""\ud8""#, r#""\ud800"#, "\"\\"] {
            assert_eq!(parse(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn every_value_has_pythons_text() {
        for (json, expected) in [
            ("null", "None"),
            ("true", "True"),
            ("10001", "10001"),
            ("-0", "0"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("1.50", "1.5"),
            ("1e5", "100000.0"),
            ("-0.0", "-0.0"),
            ("1e15", "1000000000000000.0"),
            ("1e16", "1e+16"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("1.25e300", "1.25e+300"),
            ("NaN", "nan"),
            ("-Infinity", "-inf"),
            ("\"a'b\"", "a'b"),
            ("[]", "[]"),
            ("[\"a\", null, 1.50]", "['a', None, 1.5]"),
            ("{\"a\": {\"b\": [false]}}", "{'a': {'b': [False]}}"),
            (
                "[\"it's\", \"\\\"'\", \"é\\n\\u0007\\u200b\\\\\"]",
                r#"["it's", '"\'', 'é\n\x07\u200b\\']"#,
            ),
        ] {
            assert_eq!(text(&parse(json.as_bytes()).expect(json).value), expected, "{json}");
        }
    }
}
