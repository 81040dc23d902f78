//! JSON and JSON Lines → rows. The keys are the header: all of them, in the order of their first appearance.
//!
//! Belongs here: what a key and a value of an object are as a row. Doesn't: cutting a document into objects (`cut`),
//! which of its lists holds them (`arrangement`), rows that are arrays (`arrays`).

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io::Read;
use std::sync::Arc;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::cut::{Cutter, Shape};
use super::encoding::TextEncoding;
use super::source::Source;
use super::{
    Cell, Format, Header, HeaderBy, HeaderCell, Limits, ReadError, ReadOptions, Row, RowReader, Table, TextForm,
};

/// Opens a JSON file's table; reads the whole of it once, for its keys, so that a broken one is refused before anything else.
pub(super) fn table(
    source: Source,
    encoding: TextEncoding,
    shape: Shape,
    options: &ReadOptions,
) -> Result<Table, ReadError> {
    if let Some(row) = options.header_row {
        let why = "a JSON file has no rows; its keys are the header";
        return Err(ReadError::HeaderRow {
            file: source.file,
            row,
            why,
        });
    }
    let limits = options.limits;
    let (keys, declared_rows) = survey(&source, encoding, &shape, &limits)?;
    let keys = Arc::new(keys);
    let mut names: Vec<(usize, &String)> = keys.iter().map(|(name, index)| (*index, name)).collect();
    names.sort_unstable();
    let cells = names
        .into_iter()
        .map(|(index, name)| HeaderCell {
            index,
            name: name.clone(),
        })
        .collect();
    let format = if shape == Shape::Lines {
        Format::JsonLines
    } else {
        Format::Json
    };
    let file = source.file.clone();
    Ok(Table {
        file: file.clone(),
        format,
        text: TextForm::default(),
        sheet: None,
        header: Header {
            rows: Vec::new(),
            line: 0,
            by: HeaderBy::Recognized,
            cells,
        },
        declared_rows,
        notes: Vec::new(),
        warnings: Vec::new(),
        first: Vec::new(),
        opener: Box::new(move || {
            let objects =
                Cutter::new(&file, &limits, shape.clone(), encoding.reader(&source)?).encoded(encoding.name());
            Ok(Box::new(JsonReader {
                objects,
                keys: Arc::clone(&keys),
                file: file.clone(),
                buffer: Vec::new(),
            }))
        }),
        pieces: None,
    })
}

/// All keys, with their columns, and how many objects the document says it has.
fn survey(
    source: &Source,
    encoding: TextEncoding,
    shape: &Shape,
    limits: &Limits,
) -> Result<(HashMap<String, usize>, Option<u64>), ReadError> {
    let mut keys = HashMap::new();
    let mut objects =
        Cutter::new(&source.file, limits, shape.clone(), encoding.reader(source)?).encoded(encoding.name());
    let mut buffer = Vec::new();
    let mut seen = HashSet::new();
    while let Some(line) = objects.next(&mut buffer)? {
        let text = text_of(&source.file, &buffer, line, encoding)?;
        seen.clear();
        let mut twice = None;
        let visitor = KeyVisitor {
            keys: &mut keys,
            seen: &mut seen,
            twice: &mut twice,
        };
        read_object(&source.file, text, line, visitor)?;
        if let Some(key) = twice {
            return Err(ReadError::DuplicateKey {
                file: source.file.clone(),
                line,
                key,
            });
        }
        if keys.len() > limits.columns {
            let what = format!("its objects have more than {} different keys", limits.columns);
            return Err(ReadError::TooLarge {
                file: source.file.clone(),
                what,
            });
        }
    }
    Ok((keys, objects.total()))
}

pub(super) fn text_of<'a>(
    file: &str,
    bytes: &'a [u8],
    line: u64,
    encoding: TextEncoding,
) -> Result<&'a str, ReadError> {
    std::str::from_utf8(bytes).map_err(|_| ReadError::NotText {
        file: file.to_owned(),
        line,
        encoding: encoding.name(),
    })
}

/// Reads one object's text with a visitor, and says in plain words what is wrong with it.
fn read_object<'a>(
    file: &str,
    text: &'a str,
    line: u64,
    visitor: impl Visitor<'a, Value = ()>,
) -> Result<(), ReadError> {
    let mut parser = serde_json::Deserializer::from_str(text);
    parser
        .deserialize_map(visitor)
        .and_then(|()| parser.end())
        .map_err(|error| fault_of(&error, file, text, line, '{'))
}

/// What is wrong with the text of a row that should begin with this bracket.
pub(super) fn fault_of(error: &serde_json::Error, file: &str, text: &str, line: u64, wanted: char) -> ReadError {
    let below = u64::try_from(error.line()).unwrap_or(1).saturating_sub(1);
    let words = error.to_string();
    let what = if words.contains("recursion limit") {
        "it is nested more than 128 levels deep".to_owned()
    } else if text.starts_with(wanted) {
        let plain = words.split(" at line ").next().unwrap_or_default();
        let row = if wanted == '[' { "an array" } else { "an object" };
        format!("{row} is not valid ({plain})")
    } else {
        let seen = match text.as_bytes().first() {
            Some(b'{') => "an object",
            Some(b'[') => "an array",
            Some(b'"') => "a text",
            Some(b'-' | b'0'..=b'9') => "a number",
            _ if matches!(text, "null" | "true" | "false") => text,
            _ => "something else",
        };
        let row = if wanted == '[' { "an array" } else { "an object" };
        format!("it is {seen}, but a row of this file is {row}")
    };
    ReadError::Json {
        file: file.to_owned(),
        line: line.saturating_add(below),
        what,
    }
}

/// Collects an object's keys.
struct KeyVisitor<'k> {
    keys: &'k mut HashMap<String, usize>,
    seen: &'k mut HashSet<String>,
    twice: &'k mut Option<String>,
}

impl<'de> Visitor<'de> for KeyVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Key<'de>>()? {
            // Checked as what they will be read as, so that no value fails only in a later pass.
            map.next_value::<IgnoredAny>()?;
            if self.seen.contains(&*key.0) {
                *self.twice = Some(key.0.clone().into_owned());
            }
            if !self.keys.contains_key(&*key.0) {
                self.keys.insert(key.0.clone().into_owned(), self.keys.len());
            }
            self.seen.insert(key.0.into_owned());
        }
        Ok(())
    }
}

/// A key, borrowed where it has no escapes (a derived `Cow` never borrows).
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyText;
        impl<'de> Visitor<'de> for KeyText {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyText)
    }
}

struct JsonReader<R> {
    file: String,
    objects: Cutter<R>,
    keys: Arc<HashMap<String, usize>>,
    buffer: Vec<u8>,
}

impl<R: Read> RowReader for JsonReader<R> {
    fn next(&mut self, row: &mut Row) -> Result<bool, ReadError> {
        while let Some(line) = self.objects.next(&mut self.buffer)? {
            let Ok(text) = std::str::from_utf8(&self.buffer) else {
                return Err(self.objects.not_text(line));
            };
            row.clear(line);
            read_object(&self.file, text, line, RowVisitor { row, keys: &self.keys })?;
            if !row.is_blank() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Puts an object's values into a row.
struct RowVisitor<'r> {
    row: &'r mut Row,
    keys: &'r HashMap<String, usize>,
}

impl<'de> Visitor<'de> for RowVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Key<'de>>()? {
            match self.keys.get(&*key.0) {
                Some(index) => map.next_value_seed(CellSeed {
                    row: self.row,
                    index: *index,
                })?,
                None => {
                    return Err(serde::de::Error::custom(
                        "a key has appeared since the file was first read",
                    ));
                }
            }
        }
        Ok(())
    }
}

/// Reads one value into the row's cell of this index.
pub(super) struct CellSeed<'r> {
    pub(super) row: &'r mut Row,
    pub(super) index: usize,
}

impl CellSeed<'_> {
    fn put(self, value: &Value) {
        match value {
            Value::Null => self.row.put(self.index, Cell::Empty),
            Value::Bool(value) => self.row.put(self.index, Cell::Bool(*value)),
            Value::String(text) => self.row.put(self.index, Cell::Text(text)),
            other => self.row.put(self.index, Cell::Json(other)),
        }
    }
}

impl<'de> DeserializeSeed<'de> for CellSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for CellSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.row.put(self.index, Cell::Empty);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.row.put(self.index, Cell::Bool(value));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.row.put(self.index, Cell::Text(text));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.put(&Value::from(value));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.put(&Value::from(value));
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.put(&Value::from(value));
        Ok(())
    }

    // With arbitrary precision serde_json hands numbers over as maps too, and `Value` knows how to take them.
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.put(&Value::deserialize(MapAccessDeserializer::new(map))?);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        self.put(&Value::deserialize(SeqAccessDeserializer::new(seq))?);
        Ok(())
    }
}
