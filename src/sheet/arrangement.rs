//! What of a JSON document is a row: which of its lists holds them, and whether they are objects or arrays.
//!
//! Doesn't belong here: cutting the document into its rows (`cut`), what a row's keys and values are (`json`).

use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::cut::{Cutter, Shape};
use super::{HeaderJudge, Limits};

/// How the rows of a document are arranged, and what each of them is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Arrangement {
    pub(super) shape: Shape,
    /// The rows are arrays (`["A1", 1]`), and the header is one of them; else they are objects, whose keys are the header.
    pub(super) arrays: bool,
}

/// The keys under which the answers of inventory programs keep their items. Such a list is known even where it is empty.
const LISTS: [&str; 2] = ["data", "items"];

/// How the document that begins with this text is arranged; none where the text isn't JSON at all.
pub(super) fn of(sample: &str, judge: &dyn HeaderJudge) -> Option<Arrangement> {
    let text = sample.trim_start();
    if let Some(rest) = text.strip_prefix('[') {
        return of_array(text, rest.trim_start());
    }
    let rest = text.strip_prefix('{')?.trim_start();
    if !rest.starts_with(['"', '\'', '}']) && !rest.is_empty() && !begins_with_bare_key(rest) {
        return None;
    }
    let list = Members::of(text).list(judge);
    Some(Arrangement {
        arrays: list.as_ref().is_some_and(|(_, arrays)| *arrays),
        shape: list.map_or(Shape::Lines, |(key, arrays)| Shape::Envelope { key, arrays }),
    })
}

/// An array at the beginning is the list of rows, or the first row where others follow it.
fn of_array(text: &str, inside: &str) -> Option<Arrangement> {
    let arrangement = |shape, arrays| Some(Arrangement { shape, arrays });
    if inside.starts_with(['{', ']', '\'']) || inside.is_empty() {
        return arrangement(Shape::Array, false);
    }
    if inside.starts_with('[') {
        return arrangement(Shape::Array, true);
    }
    // `[Item ID],[Name]` is a header row, `["item_id", "name"]` a row or a list of texts.
    let mut cutter = cutter(text);
    let mut first = Vec::new();
    if cutter.value(&mut first).is_err() {
        return inside.starts_with('"').then_some(Arrangement {
            shape: Shape::Array,
            arrays: false,
        });
    }
    serde_json::from_slice::<Vec<IgnoredAny>>(&first).ok()?;
    match cutter.peek() {
        Ok(None) => arrangement(Shape::Array, false),
        Ok(Some(b'[' | b'{')) => arrangement(Shape::Lines, true),
        _ => None,
    }
}

/// `{item_id: "A1"}`, as programs write it that aren't strict: refused, but as JSON.
fn begins_with_bare_key(inside: &str) -> bool {
    let end = inside.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$');
    let (word, rest) = inside.split_at(end.unwrap_or(inside.len()));
    !word.is_empty() && rest.trim_start().starts_with(':')
}

fn cutter(text: &str) -> Cutter<&[u8]> {
    Cutter::new("", &Limits::default(), Shape::Lines, text.as_bytes())
}

/// The members of the object at the beginning, as far as the text goes.
#[derive(Default)]
struct Members {
    keys: Vec<String>,
    lists: Vec<List>,
}

/// A member that is a list.
struct List {
    key: String,
    content: Content,
    /// The keys of its first object, or the texts of its first array.
    names: Vec<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum Content {
    Nothing,
    Objects,
    Arrays,
    Others,
}

impl Members {
    fn of(text: &str) -> Self {
        let mut members = Self::default();
        // The text may end anywhere: what is known by then has to do.
        let _: Option<()> = members.walk(&mut cutter(text));
        members
    }

    fn walk(&mut self, cutter: &mut Cutter<&[u8]>) -> Option<()> {
        let mut scratch = Vec::new();
        cutter.expect(b'{').ok()?;
        while cutter.peek().ok()? == Some(b'"') {
            cutter.value(&mut scratch).ok()?;
            let key: String = serde_json::from_slice(&scratch).ok()?;
            cutter.expect(b':').ok()?;
            self.keys.push(key.clone());
            if cutter.peek().ok()? != Some(b'[') {
                cutter.value(&mut scratch).ok()?;
                cutter.expect(b',').ok()?;
                continue;
            }
            cutter.take();
            let content = match cutter.peek().ok()? {
                Some(b']') => Content::Nothing,
                Some(b'{') => Content::Objects,
                Some(b'[') => Content::Arrays,
                _ => Content::Others,
            };
            let mut names = Vec::new();
            if content != Content::Nothing && cutter.value(&mut scratch).is_ok() {
                names = names_in(&scratch);
            }
            self.lists.push(List { key, content, names });
            scratch.clear();
            cutter.rest_of_list(&mut scratch).ok()?;
            cutter.expect(b',').ok()?;
        }
        Some(())
    }

    /// The list that holds the rows, and whether they are arrays; none where the object is a row itself.
    fn list(&self, judge: &dyn HeaderJudge) -> Option<(String, bool)> {
        let of = |content| self.lists.iter().find(move |list| list.content == content);
        let known_and_empty =
            || of(Content::Nothing).filter(|list| LISTS.contains(&list.key.to_ascii_lowercase().as_str()));
        let list = of(Content::Objects)
            .or_else(|| of(Content::Arrays))
            .or_else(known_and_empty)?;
        let own = rate(&self.keys, judge);
        // An object that is described at least as well as those in its list is a row with a list in it.
        (own.0 == 0 || rate(&list.names, judge) > own).then(|| (list.key.clone(), list.content == Content::Arrays))
    }
}

fn names_in(row: &[u8]) -> Vec<String> {
    match serde_json::from_slice(row) {
        Ok(Value::Object(object)) => Map::into_iter(object).map(|(key, _)| key).collect(),
        Ok(Value::Array(cells)) => cells
            .into_iter()
            .filter_map(|cell| cell.as_str().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    }
}

/// How well names describe an item: how well their id is known, then how many of them are known.
fn rate(names: &[String], judge: &dyn HeaderJudge) -> (u32, usize) {
    let ids = names.iter().filter(|name| judge.is_id(name));
    let id = ids.map(|name| judge.weight(name)).max().unwrap_or(0);
    (id, names.iter().filter(|name| judge.is_known(name)).count())
}
