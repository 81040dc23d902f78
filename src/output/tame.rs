//! What would steer a terminal is shown instead: names, and a server's words, may hold anything.
//!
//! Doesn't belong here: how text is laid out (`layout`), which colour something has (`terminal`).

use std::borrow::Cow;
use std::sync::LazyLock;

/// Marks the program's own changes of colour, so that those in a name are told from them.
static MARK: LazyLock<String> = LazyLock::new(|| format!("{};", fastrand::u32(1_000_000_000..)));

/// How a change of colour begins.
const CHANGE: &str = "\u{1b}[";

/// The text in a colour of the program's own, which [`tame`] lets through. `code` is that of `ESC [ … m`.
pub(super) fn coloured(code: &str, text: &str) -> String {
    let mark = MARK.as_str();
    format!("{CHANGE}{mark}{code}m{text}{CHANGE}{mark}0m")
}

/// The text for a terminal: each character that would steer it as an escape (`\u{1b}`), the program's own colours and
/// line breaks as they are.
#[must_use]
pub fn tame(text: &str) -> Cow<'_, str> {
    if !text.contains(is_shown_as_escape) {
        return Cow::Borrowed(text);
    }
    let mut tame = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some((code, behind)) = own_colour(rest) {
            tame.push_str(CHANGE);
            tame.push_str(code);
            tame.push('m');
            rest = behind;
            continue;
        }
        if is_shown_as_escape(c) {
            // `\r` and `\t` in their short form, the others as `\u{1b}`.
            if c.is_ascii() {
                tame.extend(c.escape_default());
            } else {
                tame.extend(c.escape_unicode());
            }
        } else {
            tame.push(c);
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    Cow::Owned(tame)
}

/// A JSON text for a terminal: each such character as JSON's own escape, which means the same.
pub(super) fn tame_json(text: &str) -> Cow<'_, str> {
    if !text.contains(is_shown_as_escape) {
        return Cow::Borrowed(text);
    }
    let mut tame = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_shown_as_escape(c) {
            let mut units = [0; 2];
            tame.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            tame.push(c);
        }
    }
    Cow::Owned(tame)
}

/// Whether a character steers a terminal (control characters), turns the order of those around it (bidirectional marks),
/// or can't be seen.
#[must_use]
pub fn is_shown_as_escape(c: char) -> bool {
    let is_hidden = || {
        matches!(
            c,
            '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
    };
    !matches!(c, '\n' | ' '..='~') && (c.is_control() || is_hidden())
}

/// The code of a change of colour that the text begins with, and what follows it.
fn own_colour(text: &str) -> Option<(&str, &str)> {
    let codes = text.strip_prefix(CHANGE)?.strip_prefix(MARK.as_str())?;
    let (code, behind) = codes.split_once('m')?;
    code.bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b';')
        .then_some((code, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_steer_the_terminal_is_shown_instead() {
        let own = coloured("32", "ok");
        let text = format!("{own} \u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7}\u{1b}[2J\u{9b}1m\r\nnext\u{7f}");
        assert_eq!(
            tame(&text),
            "\u{1b}[32mok\u{1b}[0m \\u{1b}[31mred\\u{1b}[0m \\u{1b}]0;title\\u{7}\\u{1b}[2J\\u{9b}1m\\r\nnext\\u{7f}"
        );
        assert!(matches!(tame("plain: ü 麻 🌿 עברית"), Cow::Borrowed(_)));
    }

    #[test]
    fn marks_that_turn_or_hide_text_are_shown() {
        for c in
            "\u{61c}\u{200b}\u{200d}\u{200e}\u{200f}\u{202a}\u{202e}\u{2028}\u{2060}\u{2066}\u{2069}\u{feff}".chars()
        {
            assert_eq!(tame(&format!("a{c}b")), format!("a\\u{{{:x}}}b", u32::from(c)));
        }
    }

    #[test]
    fn json_keeps_its_meaning() {
        let value = serde_json::json!({"a\u{202e}\u{9b}": "\u{1b}\u{7f}\u{e0001}\n麻"});
        let text = value.to_string();
        let tamed = tame_json(&text);
        assert!(
            !tamed.contains(is_shown_as_escape) && tamed.is_ascii() != tamed.contains('麻'),
            "{tamed}"
        );
        assert_eq!(serde_json::from_str::<serde_json::Value>(&tamed).unwrap(), value);
    }
}
