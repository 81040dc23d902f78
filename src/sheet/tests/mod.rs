//! What `open` makes of whole files. Each test writes its file, so that its bytes stand beside what they mean.

mod any;
mod charsets;
mod compressed;
mod headers;
mod json;
mod real;
mod text;
mod workbook;

use std::fs;
use std::path::Path;

use super::*;

/// A cell with all that is told of it, but for how a moment is shown.
pub(super) fn seen(cell: Cell<'_>) -> String {
    match cell {
        Cell::Moment(moment, _) => format!("Moment({moment:?})"),
        cell => format!("{cell:?}"),
    }
}

/// A few names, as the module that knows the fields would weigh them.
pub(super) struct Names;

impl HeaderJudge for Names {
    fn weight(&self, name: &str) -> u32 {
        let folded: String = name
            .chars()
            .filter(|c| c.is_alphanumeric())
            .collect::<String>()
            .to_lowercase();
        match folded.as_str() {
            "itemid" | "name" | "quantity" | "status" | "strainname" | "weight" | "volume" | "areaname" => 3,
            "unitweight" | "unitvolume" | "externalidentifier" | "tag" | "item" | "location" | "quantityonhand" => 2,
            "type" | "sampleid" => 1,
            _ => 0,
        }
    }

    fn is_id(&self, name: &str) -> bool {
        matches!(name.trim().to_lowercase().as_str(), "item_id" | "item id" | "tag")
    }

    fn is_certain(&self, names: &[(usize, String)]) -> bool {
        names.iter().any(|(_, name)| name == "_reason")
    }
}

/// A file, read to its end.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) format: Format,
    pub(super) header: Header,
    pub(super) declared: Option<u64>,
    pub(super) rows: Vec<(u64, Vec<String>)>,
    pub(super) notes: Vec<String>,
}

impl Read {
    pub(super) fn names(&self) -> Vec<&str> {
        self.header.cells.iter().map(|cell| cell.name.as_str()).collect()
    }

    pub(super) fn lines(&self) -> Vec<u64> {
        self.rows.iter().map(|(line, _)| *line).collect()
    }

    pub(super) fn row(&self, at: usize) -> Vec<&str> {
        self.rows[at].1.iter().map(String::as_str).collect()
    }

    pub(super) fn noted(&self, words: &str) -> bool {
        self.notes.iter().any(|note| note.contains(words))
    }
}

fn show(cell: Cell<'_>) -> String {
    match cell {
        Cell::Absent => "(absent)".to_owned(),
        Cell::Empty => String::new(),
        Cell::Text(text) => text.to_owned(),
        Cell::Error(text) => format!("error {text}"),
        Cell::Json(value) => format!("json {value}"),
        other => format!("{other:?}"),
    }
}

pub(super) fn read_path(path: &Path, options: &ReadOptions) -> Result<Read, ReadError> {
    let mut tables = open(&Input::Path(path.to_owned()), options, &Names)?;
    assert_eq!(tables.len(), 1);
    let table = tables.remove(0);
    let mut passes = Vec::new();
    let mut notes = table.notes.clone();
    notes.extend(table.warnings.iter().map(ToString::to_string));
    for pass in 0..2 {
        let mut reader = table.rows()?;
        let (mut row, mut rows) = (Row::new(), Vec::new());
        while reader.next(&mut row)? {
            rows.push((row.line, row.cells().map(show).collect()));
        }
        if pass == 0 {
            notes.extend(reader.passed().notes().iter().map(ToString::to_string));
        }
        passes.push(rows);
    }
    let rows: Vec<(u64, Vec<String>)> = passes.pop().unwrap();
    assert_eq!(passes.pop().unwrap(), rows, "both passes give the same");
    Ok(Read {
        format: table.format,
        header: table.header,
        declared: table.declared_rows,
        rows,
        notes,
    })
}

pub(super) fn read_with(name: &str, bytes: impl AsRef<[u8]>, options: &ReadOptions) -> Result<Read, ReadError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    read_path(&path, options)
}

pub(super) fn read(name: &str, bytes: impl AsRef<[u8]>) -> Read {
    read_with(name, bytes, &ReadOptions::default()).unwrap()
}

pub(super) fn refusal(name: &str, bytes: impl AsRef<[u8]>) -> ReadError {
    read_with(name, bytes, &ReadOptions::default()).unwrap_err()
}

/// Text as UTF-16, without a mark.
pub(super) fn utf16(text: &str, little: bool) -> Vec<u8> {
    text.encode_utf16()
        .flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() })
        .collect()
}
