//! Which file of `src` uses which other one: read from `use` lines and from paths in the code, tests excluded.
//!
//! Belongs here: reading. Doesn't: what is allowed (`house`).

use std::collections::{BTreeMap, BTreeSet};

use crate::readme::text;

/// A module's path below the crate: `["columns", "source"]`.
type Module = Vec<String>;

/// The imports of all files of `src`.
pub(super) struct Imports {
    /// Each file's module, with the modules whose definitions it uses.
    pub(super) files: BTreeMap<Module, BTreeSet<Module>>,
    /// Each room with the rooms that it names, and a file that does.
    pub(super) rooms: BTreeMap<(String, String), String>,
}

/// One file as it was read.
struct Source {
    name: String,
    /// Every path in it, `use` trees written out.
    paths: Vec<Vec<String>>,
    /// The names that its `use` lines bring in, with what they stand for.
    names: BTreeMap<String, Vec<String>>,
}

impl Imports {
    pub(super) fn read(files: &BTreeSet<String>) -> Self {
        let mut sources: BTreeMap<Module, Source> = BTreeMap::new();
        for name in files {
            if name.contains("test") || ["src/lib.rs", "src/main.rs"].contains(&name.as_str()) {
                continue;
            }
            sources.insert(module_of(name), read(name));
        }
        let mut imports = Self {
            files: BTreeMap::new(),
            rooms: BTreeMap::new(),
        };
        for (module, source) in &sources {
            let used = imports.files.entry(module.clone()).or_default();
            for path in &source.paths {
                let Some(full) = absolute(&sources, module, path) else {
                    continue;
                };
                let Some(room) = full.first().filter(|room| **room != module[0]) else {
                    used.extend(resolved(&sources, &full, 0));
                    continue;
                };
                if sources.contains_key(std::slice::from_ref(room)) {
                    let edge = (module[0].clone(), room.clone());
                    imports.rooms.entry(edge).or_insert_with(|| source.name.clone());
                }
            }
            used.remove(module);
        }
        imports
    }

    /// Who uses whom among the children of a folder, each with all below it. What the folder's own file defines, they may
    /// all use.
    pub(super) fn within(&self, folder: &[String]) -> BTreeMap<(String, String), String> {
        let child = |module: &Module| {
            let below = module.strip_prefix(folder)?;
            below.first().cloned()
        };
        let mut edges = BTreeMap::new();
        for (module, used) in &self.files {
            for other in used {
                if let (Some(from), Some(to)) = (child(module), child(other))
                    && from != to
                {
                    edges.entry((from, to)).or_insert_with(|| module.join("/"));
                }
            }
        }
        edges
    }
}

fn module_of(name: &str) -> Module {
    let name = name.trim_start_matches("src/").trim_end_matches(".rs");
    let name = name.strip_suffix("/mod").unwrap_or(name);
    name.split('/').map(str::to_owned).collect()
}

/// A path from the crate's root; none where it leads out of the crate.
fn absolute(sources: &BTreeMap<Module, Source>, module: &Module, path: &[String]) -> Option<Vec<String>> {
    let mut base = module.clone();
    let mut rest = path;
    match path.first()?.as_str() {
        "crate" => {
            base.clear();
            rest = &rest[1..];
        }
        "self" => rest = &rest[1..],
        "super" => {
            while rest.first().is_some_and(|word| word == "super") {
                base.pop();
                rest = &rest[1..];
            }
        }
        first => {
            let mut child = base.clone();
            child.push(first.to_owned());
            sources.get(&child)?;
        }
    }
    base.extend_from_slice(rest);
    Some(base)
}

/// The module that defines what a path names: names that a module only brings in are followed.
fn resolved(sources: &BTreeMap<Module, Source>, full: &[String], depth: usize) -> Option<Module> {
    let (module, source) = (1..=full.len()).rev().find_map(|end| {
        let module = full[..end].to_vec();
        sources.get(&module).map(|source| (module, source))
    })?;
    let target = full.get(module.len()).and_then(|name| source.names.get(name));
    if let Some(target) = target.filter(|_| depth < 8)
        && let Some(next) = absolute(sources, &module, target)
        && next != full
    {
        return resolved(sources, &next, depth + 1);
    }
    Some(module)
}

fn read(name: &str) -> Source {
    let tokens = without_tests(&tokens(&text(name)));
    let mut source = Source {
        name: name.to_owned(),
        paths: Vec::new(),
        names: BTreeMap::new(),
    };
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at] == "use" {
            at = tree(&tokens, at + 1, &[], &mut source);
        } else if is_word(&tokens[at]) {
            let mut path = vec![tokens[at].clone()];
            while tokens.get(at + 1).is_some_and(|token| token == "::")
                && tokens.get(at + 2).is_some_and(|token| is_word(token))
            {
                path.push(tokens[at + 2].clone());
                at += 2;
            }
            if path.len() > 1 {
                source.paths.push(path);
            }
        }
        at += 1;
    }
    source
}

/// Reads one tree of a `use` line, and returns the place of the token that ends it.
fn tree(tokens: &[String], mut at: usize, before: &[String], source: &mut Source) -> usize {
    let mut path = before.to_vec();
    let mut name = None;
    while let Some(token) = tokens.get(at) {
        match token.as_str() {
            "::" => {}
            "{" => loop {
                at = tree(tokens, at + 1, &path, source);
                if tokens.get(at).is_none_or(|token| token != ",") {
                    return at + 1;
                }
            },
            "as" => {
                at += 1;
                name = tokens.get(at).cloned();
            }
            "self" if !before.is_empty() && path.len() == before.len() => {}
            word if is_word(word) => path.push(word.to_owned()),
            "*" => {}
            _ => break,
        }
        at += 1;
    }
    if path.len() > before.len() || tokens.get(at.wrapping_sub(1)).is_some_and(|token| token == "self") {
        if let Some(name) = name.or_else(|| path.last().cloned()) {
            source.names.insert(name, path.clone());
        }
        source.paths.push(path);
    }
    at
}

fn is_word(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// The tokens without items that stand behind `#[cfg(test)]`.
fn without_tests(tokens: &[String]) -> Vec<String> {
    const TEST: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at..].len() < TEST.len() || tokens[at..at + TEST.len()] != TEST {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        at += TEST.len();
        let mut depth = 0;
        while at < tokens.len() {
            match tokens[at].as_str() {
                "{" | "(" | "[" => depth += 1,
                ")" | "]" => depth -= 1,
                "}" => {
                    depth -= 1;
                    // A `use` tree's brace is followed by its semicolon.
                    if depth == 0 && tokens.get(at + 1).is_none_or(|next| next != ";") {
                        break;
                    }
                }
                ";" if depth == 0 => break,
                _ => {}
            }
            at += 1;
        }
        at += 1;
    }
    kept
}

/// Words, `::` and single signs; comments, texts and lifetimes are dropped.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(hashes) = raw_text(rest) {
            let end = format!("\"{}", "#".repeat(hashes));
            let begin = rest.find('"').unwrap_or(0) + 1;
            rest[begin..].find(&end).map_or(rest.len(), |at| begin + at + end.len())
        } else if first == '"' {
            quoted(rest, '"')
        } else if first == '\'' {
            let mut chars = rest.chars().skip(1);
            match (chars.next(), chars.next()) {
                (Some('\\'), _) | (_, Some('\'')) => quoted(rest, '\''),
                _ => 1 + word_length(&rest[1..]),
            }
        } else if rest.starts_with("::") {
            tokens.push("::".to_owned());
            2
        } else if first.is_alphanumeric() || first == '_' {
            let length = word_length(rest);
            tokens.push(rest[..length].to_owned());
            length
        } else {
            if !first.is_whitespace() {
                tokens.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    tokens
}

fn word_length(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len())
}

/// The number of signs `#` around a raw text that begins here.
fn raw_text(text: &str) -> Option<usize> {
    let rest = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    rest[hashes..].starts_with('"').then_some(hashes)
}

/// The length of a text or character that begins here, with its quotation marks.
fn quoted(text: &str, mark: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == mark => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

#[test]
fn paths_are_read_from_use_lines_and_code_and_not_from_tests_texts_or_comments() {
    let code = r##"
        use crate::a::{self, b::C as D, e::*};
        pub(crate) use super::f;
        #[cfg(test)]
        use crate::no1::{X, Y};
        // crate::no2::x
        fn g<'a>(x: &'a str) -> char { crate::h::i(x, "crate::no3::x", r#"crate::no4::x"#); '"' }
        #[cfg(test)]
        #[expect(dead_code, reason = "…")]
        mod tests { use crate::no5::x; fn y() { let z = crate::no6::z; } }
        type J = self::k::L;
    "##;
    let tokens = without_tests(&tokens(code));
    assert!(!tokens.iter().any(|token| token.starts_with("no")), "{tokens:?}");
    let mut source = Source {
        name: String::new(),
        paths: Vec::new(),
        names: BTreeMap::new(),
    };
    let begin = tokens.iter().position(|token| token == "use").unwrap();
    tree(&tokens, begin + 1, &[], &mut source);
    let paths: Vec<String> = source.paths.iter().map(|path| path.join("::")).collect();
    assert_eq!(paths, ["crate::a", "crate::a::b::C", "crate::a::e"]);
    assert_eq!(source.names["D"], ["crate", "a", "b", "C"]);
    let code: Vec<&str> = tokens.iter().map(String::as_str).collect();
    assert!(code.windows(5).any(|words| words == ["crate", "::", "h", "::", "i"]));
    assert!(code.ends_with(&["type", "J", "=", "self", "::", "k", "::", "L", ";"]));
}
