//! What of a JSON document is a row: which of its lists holds them, and whether they are objects or arrays.
//!
//! Doesn't belong here: cutting the document into its rows (`cut`), what a row's keys and values are (`json`).

use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::cut::{Cutter, Shape, two_lists};
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

/// How the document that begins with this text is arranged, or why its rows can't be told; none where the text isn't JSON at
/// all.
pub(super) fn of(sample: &str, judge: &dyn HeaderJudge) -> Option<Result<Arrangement, String>> {
    let text = sample.trim_start();
    if let Some(rest) = text.strip_prefix('[') {
        return of_array(text, rest.trim_start()).map(Ok);
    }
    let rest = text.strip_prefix('{')?.trim_start();
    if !rest.starts_with(['"', '\'', '}']) && !rest.is_empty() && !begins_with_bare_key(rest) {
        return None;
    }
    let members = Members::of(text);
    if let Some(what) = members.by_columns(judge) {
        return Some(Err(what));
    }
    Some(members.list(judge).map(|list| match list {
        Some((path, arrays)) => Arrangement {
            shape: Shape::Envelope { path, arrays },
            arrays,
        },
        None => Arrangement {
            shape: Shape::Lines,
            arrays: false,
        },
    }))
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

/// So many keys lead to a list of rows at most.
const DEPTH: usize = 3;

/// The members of the object at the beginning and of the objects in it, as far as the text goes.
#[derive(Default)]
struct Members(Vec<Member>);

struct Member {
    /// Its key, behind those of the objects that it stands in.
    path: Vec<String>,
    content: Content,
    /// The keys of a list's first object, or the texts of its first array.
    names: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Content {
    /// A text, a number, true, false or null.
    Scalar,
    Object,
    /// A list without anything.
    Nothing,
    /// A list of objects.
    Objects,
    /// A list of arrays.
    Arrays,
    /// A list of anything else.
    Others,
}

/// The keys of the members of one object.
type Keys<'m> = Vec<&'m Member>;

impl Members {
    fn of(text: &str) -> Self {
        let mut members = Self::default();
        // The text may end anywhere: what is known by then has to do.
        let _: Option<()> = members.walk(&mut cutter(text), &[]);
        members
    }

    fn walk(&mut self, cutter: &mut Cutter<&[u8]>, around: &[String]) -> Option<()> {
        let mut scratch = Vec::new();
        cutter.expect(b'{').ok()?;
        while cutter.peek().ok()? == Some(b'"') {
            cutter.value(&mut scratch).ok()?;
            let key: String = serde_json::from_slice(&scratch).ok()?;
            cutter.expect(b':').ok()?;
            let path: Vec<String> = around.iter().cloned().chain([key]).collect();
            match cutter.peek().ok()? {
                Some(b'[') => self.list_of(cutter, path)?,
                Some(b'{') if path.len() < DEPTH => {
                    self.add(path.clone(), Content::Object, Vec::new());
                    self.walk(cutter, &path)?;
                }
                first => {
                    let is_object = first == Some(b'{');
                    self.add(
                        path,
                        if is_object { Content::Object } else { Content::Scalar },
                        Vec::new(),
                    );
                    cutter.value(&mut scratch).ok()?;
                }
            }
            if cutter.peek().ok()? == Some(b',') {
                cutter.take();
            }
        }
        cutter.expect(b'}').ok()
    }

    fn list_of(&mut self, cutter: &mut Cutter<&[u8]>, path: Vec<String>) -> Option<()> {
        let mut scratch = Vec::new();
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
        self.add(path, content, names);
        scratch.clear();
        cutter.rest_of_list(&mut scratch).ok()
    }

    fn add(&mut self, path: Vec<String>, content: Content, names: Vec<String>) {
        self.0.push(Member { path, content, names });
    }

    /// The members of the object under this path.
    fn within(&self, path: &[String]) -> Keys<'_> {
        let is_within = |member: &&Member| member.path.split_last().is_some_and(|(_, around)| around == path);
        self.0.iter().filter(is_within).collect()
    }

    /// The list that holds the rows, and whether they are arrays; none where the object is a row itself. Fails where either
    /// of two lists may hold them.
    fn list(&self, judge: &dyn HeaderJudge) -> Result<Option<(Vec<String>, bool)>, String> {
        let own = rate(&keys(&self.within(&[])), judge);
        let is_known = |list: &&Member| {
            let key = list.path.last().map(|key| key.to_ascii_lowercase());
            list.content != Content::Nothing || key.is_some_and(|key| LISTS.contains(&key.as_str()))
        };
        // An object that has an id is a row, whatever lists the objects in it have.
        let may_be = |list: &&Member| list.path.len() == 1 || own.0 == 0;
        let of = |content| {
            let lists = self.0.iter().filter(move |list| list.content == content);
            lists.filter(is_known).filter(may_be)
        };
        let best = |content| {
            // Of equal ones, the outermost and first.
            let deep = |list: &&Member| (rate(&list.names, judge), std::cmp::Reverse(list.path.len()));
            of(content).rev().max_by_key(deep)
        };
        let kinds = [Content::Objects, Content::Arrays, Content::Nothing];
        let Some(list) = kinds.into_iter().find_map(best) else {
            return Ok(None);
        };
        // An object that is described at least as well as those in its list is a row with a list in it.
        if own.0 > 0 && rate(&list.names, judge) <= own {
            return Ok(None);
        }
        let others = of(list.content).filter(|other| other.path != list.path);
        // Those beside the list, and beside the objects around it, are found when the document is read.
        let mut others = others.filter(|other| rate(&other.names, judge).0 > 0);
        if let Some(other) = others.next() {
            return Err(two_lists(&list.path.join("."), &other.path.join(".")));
        }
        Ok(Some((list.path.clone(), list.content == Content::Arrays)))
    }

    /// Why a document is refused that is arranged by columns, or by keys of rows.
    fn by_columns(&self, judge: &dyn HeaderJudge) -> Option<String> {
        let mut path = Vec::new();
        loop {
            let members = self.within(&path);
            let what = by_columns(&members, judge);
            let mut others = members.iter().filter(|member| member.content != Content::Scalar);
            match (others.next(), others.next()) {
                // An answer with one object beside its scalars; an object that describes an item is a row.
                (Some(one), None) if one.content == Content::Object && rate(&keys(&members), judge).1 == 0 => {
                    path.clone_from(&one.path);
                }
                _ => return what,
            }
            if what.is_some() {
                return what;
            }
        }
    }
}

fn keys(members: &[&Member]) -> Vec<String> {
    members
        .iter()
        .filter_map(|member| member.path.last().cloned())
        .collect()
}

fn by_columns(members: &[&Member], judge: &dyn HeaderJudge) -> Option<String> {
    let keys = keys(members);
    let all = |contents: &[Content]| members.iter().all(|member| contents.contains(&member.content));
    let has = |name: &str, content: Content| {
        let mut named = members.iter().zip(&keys).filter(|(_, key)| *key == name);
        named.any(|(member, _)| member.content == content)
    };
    // What such a list or object holds is no id, so that nothing is refused here that could be read otherwise.
    let ids = members.iter().zip(&keys).filter(|(_, key)| judge.is_id(key));
    let id = ids.map(|(member, key)| (member.content, key)).next();
    if has("columns", Content::Others) && has("data", Content::Arrays) {
        return Some("it is arranged as pandas' orient=\"split\": column names separate from the rows".to_owned());
    }
    match id {
        Some((Content::Others, key)) if all(&[Content::Others, Content::Nothing, Content::Arrays]) => Some(format!(
            "it is arranged by columns: {key:?} holds a list with the values of all rows"
        )),
        Some((Content::Object, key)) if all(&[Content::Object]) => Some(format!(
            "it is arranged by columns (pandas' orient=\"columns\"): {key:?} holds an object with the values of all rows"
        )),
        _ => {
            let is_number = |key: &String| key.bytes().all(|byte| byte.is_ascii_digit());
            let (first, second) = (keys.first()?, keys.get(1)?);
            (all(&[Content::Object]) && keys.iter().all(is_number)).then(|| {
                format!("its rows are the values of the keys {first:?}, {second:?}, … (pandas' orient=\"index\"), not a list")
            })
        }
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
