//! An item of a list that can't be parsed: which one it is, and where the fault stands.
//!
//! Doesn't belong here: finding items in an answer (`stream`), parsing them (`item::text`).

use crate::item::ITEM_ID;

/// How much of an item is looked at for its id, in bytes.
const LOOKED_AT: usize = 64 * 1024;

/// The longest id that is shown, in characters.
const SHOWN: usize = 80;

/// An item that can't be parsed, by its place in some text.
#[derive(Debug)]
pub(super) struct BadItem {
    /// Where the item begins.
    pub(super) start: usize,
    /// Where the fault stands.
    pub(super) place: usize,
    /// What is wrong.
    pub(super) what: String,
}

impl BadItem {
    /// An item that is wrong where it begins.
    pub(super) fn at(start: usize, what: &str) -> Self {
        Self {
            start,
            place: start,
            what: what.to_owned(),
        }
    }

    /// An item of this text that isn't JSON, or no object. Line and column of the error are counted from the item's begin.
    pub(super) fn of(start: usize, text: &str, error: &serde_json::Error) -> Self {
        let words = error.to_string();
        let what = words.split(" at line ").next().unwrap_or_default().to_owned();
        let item = text.get(start..).unwrap_or_default();
        let lines = item.split_inclusive('\n').take(error.line().saturating_sub(1));
        let before: usize = lines.map(str::len).sum();
        Self {
            start,
            place: start + before + error.column().saturating_sub(1),
            what,
        }
    }

    /// What follows the item's number; the text begins at this byte of the answer.
    pub(super) fn told(&self, text: &str, at: u64) -> String {
        let item = text.get(self.start..).unwrap_or_default();
        let id = id_in(item).map(|id| format!(" ('{id}')")).unwrap_or_default();
        format!("{id}, at byte {} of the answer: {}", at + self.place as u64, self.what)
    }
}

/// The id that the beginning of an item shows.
fn id_in(item: &str) -> Option<String> {
    let (mut end, mut depth) = (item.len().min(LOOKED_AT), 0_usize);
    while !item.is_char_boundary(end) {
        end -= 1;
    }
    let mut rest = item.get(..end)?;
    let mut found = None;
    // Strings of the item itself, not of what is nested in it.
    while let Some(at) = rest.find(['"', '{', '}']) {
        let tail = rest.get(at..)?;
        match tail.as_bytes().first()? {
            b'{' => depth += 1,
            b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    break;
                }
            }
            _ => {
                let Some((name, behind)) = string(tail) else { break };
                rest = behind;
                let Some(value) = behind.trim_start().strip_prefix(':') else {
                    continue;
                };
                if depth == 1
                    && (name == ITEM_ID || name == "id")
                    && let Some((id, behind)) = string(value.trim_start())
                {
                    rest = behind;
                    if name == "id" || found.is_none() {
                        found = Some(id);
                    }
                }
                continue;
            }
        }
        rest = tail.get(1..)?;
    }
    let id: String = found?.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
    Some(id)
}

/// The string that begins here, and what follows it.
fn string(text: &str) -> Option<(String, &str)> {
    let mut strings = serde_json::Deserializer::from_str(text).into_iter::<String>();
    let string = strings.next()?.ok()?;
    Some((string, text.get(strings.byte_offset()..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_broken_item_is_its_own() {
        for (item, id) in [
            (r#"{"item_id":"A1","quantity":NaN}"#, Some("A1")),
            (r#"{"lab":{"id":"no"},"item_id": "A\u00e91", "x":}"#, Some("Aé1")),
            (r#"{"id":"A","item_id":"B",}"#, Some("A")),
            (r#"{"item_id":"B","id":"A",}"#, Some("A")),
            (r#"{"x":NaN}"#, None),
            (r#"{"x":{"item_id":"no"}}"#, None),
            (r#"{"x":1}{"item_id":"the next one"}"#, None),
            ("7", None),
            ("", None),
        ] {
            assert_eq!(id_in(item).as_deref(), id, "{item}");
        }
    }
}
