//! The server's own words, made fit for a person: out of JSON or a web page, plain, short, and without the key.
//!
//! Doesn't belong here: what an answer means (`answer`).

use serde_json::Value;

use super::keys::Keys;

/// The longest message that is shown, in characters.
const SHOWN: usize = 200;

/// Where servers put their words, the most telling first; `data` holds them in newer revisions of the API.
const PLACES: [&str; 6] = ["message", "detail", "data", "error", "errors", "title"];

/// Whether this is a web page, by its type or its first character.
pub(super) fn is_page(content_type: &str, body: &[u8]) -> bool {
    content_type.to_ascii_lowercase().contains("html") || body.trim_ascii_start().first() == Some(&b'<')
}

/// What an answer says, for a person.
pub(super) fn words(body: &[u8], page: bool, keys: &Keys) -> String {
    let text = String::from_utf8_lossy(body);
    if page {
        return plain(&page_words(&text), keys);
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => plain(&json_words(&value, 0).unwrap_or_default(), keys),
        Err(_) => plain(&text, keys),
    }
}

/// One line of printable text of a bearable length, the key masked: first, so that no cut hides half of it, and again,
/// in case the cleaning has put it together.
pub(super) fn plain(text: &str, keys: &Keys) -> String {
    let masked = keys.mask(text);
    let mut clean = String::new();
    for word in masked.split(|c: char| c.is_whitespace()) {
        let word: String = word.chars().filter(|c| !is_invisible(*c)).collect();
        if !word.is_empty() {
            if !clean.is_empty() {
                clean.push(' ');
            }
            clean.push_str(&word);
        }
        // Enough for what is shown, whatever the masking still replaces.
        if clean.len() > 64 * 1024 {
            break;
        }
    }
    let clean = keys.mask(&clean);
    match clean.char_indices().nth(SHOWN) {
        Some(_) => clean.chars().take(SHOWN.saturating_sub(1)).chain(['…']).collect(),
        None => clean,
    }
}

/// Characters that move or hide others on a terminal.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn json_words(value: &Value, depth: u8) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.trim().is_empty()),
        Value::Object(object) if depth < 3 => {
            let told = PLACES.iter().filter_map(|place| object.get(*place));
            let mut told = told.filter_map(|value| json_words(value, depth.saturating_add(1)));
            told.next()
                .or_else(|| (depth == 0 && !object.is_empty()).then(|| value.to_string()))
        }
        Value::Array(list) if depth < 3 => list
            .first()
            .and_then(|first| json_words(first, depth.saturating_add(1))),
        _ => None,
    }
}

/// A page's title, else its text.
fn page_words(page: &str) -> String {
    // ASCII case folding keeps every byte's place.
    let folded = page.to_ascii_lowercase();
    let title = between(page, &folded, "<title", "</title")
        .and_then(|rest| rest.split_once('>'))
        .map(|(_, title)| title);
    match title {
        Some(title) if !title.trim().is_empty() => entities(title),
        _ => entities(&without_tags(page, &folded)),
    }
}

fn between<'a>(page: &'a str, folded: &str, open: &str, close: &str) -> Option<&'a str> {
    let from = folded.find(open)?.saturating_add(open.len());
    let to = folded.get(from..)?.find(close)?.saturating_add(from);
    page.get(from..to)
}

/// The text between the tags; scripts and styles are none.
fn without_tags(page: &str, folded: &str) -> String {
    let mut text = String::new();
    let mut at = 0;
    while let Some(open) = folded
        .get(at..)
        .and_then(|rest| rest.find('<'))
        .map(|n| n.saturating_add(at))
    {
        text.push_str(page.get(at..open).unwrap_or_default());
        text.push(' ');
        let rest = folded.get(open..).unwrap_or_default();
        let close = ["script", "style"]
            .iter()
            .find(|name| rest.get(1..).is_some_and(|r| r.starts_with(**name)));
        let end = match close {
            Some(name) => rest.find(&format!("</{name}")).filter(|n| *n > 0).unwrap_or(rest.len()),
            None => rest.find('>').map_or(rest.len(), |n| n.saturating_add(1)),
        };
        at = open.saturating_add(end);
    }
    text.push_str(page.get(at..).unwrap_or_default());
    text
}

fn entities(text: &str) -> String {
    [
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (entity, character)| {
        text.replace(entity, character)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Key;

    fn told(body: &str) -> String {
        words(
            body.as_bytes(),
            is_page("", body.as_bytes()),
            &Keys::new(Key::new("s3cret").unwrap(), None),
        )
    }

    #[test]
    fn each_shape_of_json_that_the_api_has_shown_is_understood() {
        assert_eq!(told(r#"{"error":true,"message":"Invalid key"}"#), "Invalid key");
        assert_eq!(
            told(r#"{"success":false,"data":"Authentication failed."}"#),
            "Authentication failed."
        );
        assert_eq!(told(r#"{"success":false,"data":null,"message":"No"}"#), "No");
        assert_eq!(
            told(r#"{"detail":"Method \"PUT\" not allowed."}"#),
            "Method \"PUT\" not allowed."
        );
        assert_eq!(told(r#"{"error":{"message":"deep"}}"#), "deep");
        assert_eq!(told(r#"{"code":7}"#), r#"{"code":7}"#);
        assert_eq!(told("upstream timed out"), "upstream timed out");
        assert_eq!(told("{}"), "");
        assert_eq!(told(""), "");
    }

    #[test]
    fn a_web_page_is_told_by_its_title_or_its_text() {
        assert_eq!(
            told("<!DOCTYPE html><html><head><TITLE>\n Server Error &amp; more\n</TITLE>…"),
            "Server Error & more"
        );
        assert_eq!(
            told("<html><head><title></title><style>b{}</style></head><body><h1>Bad</h1><script>x<y</script> Gateway"),
            "Bad Gateway"
        );
        for broken in ["<", "<title", "<title>", "<script>", "<style", "<é", "</title><title>"] {
            assert!(told(broken).len() < 20, "{broken}");
        }
    }

    #[test]
    fn a_message_is_one_short_line_without_control_characters() {
        assert_eq!(told("{\"message\":\"a\\u001b[31mb\\r\\n\\n c\\u202ed\"}"), "a[31mb cd");
        let long = told(&format!("{{\"message\":\"{}\"}}", "é".repeat(500)));
        assert_eq!(long.chars().count(), 200);
        assert!(long.ends_with('…'));
    }

    #[test]
    fn the_key_is_masked_in_every_form_a_server_may_echo_it_in() {
        for body in [
            r#"{"message":"unknown key s3cret"}"#,
            r#"{"message":"unknown key \u00733cret"}"#,
            "{\"message\":\"unknown key s3\u{200b}cret\"}",
            "<title>unknown key S3CRET</title>",
            "unknown key s3cret",
        ] {
            assert_eq!(told(body), "unknown key [key]", "{body}");
        }
        let at_the_cut = format!("{}s3cret", "x".repeat(197));
        assert!(!told(&at_the_cut).contains("s3"));
    }
}
