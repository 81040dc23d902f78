//! A copy of an organization on disk, as it was before a migration.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::inventory::Spool;
use crate::item::Kind;
use crate::sheet::Cell;
use crate::sheet::write::{AtomicFile, Column, Compression, OutFormat, Style, Target, WriteError, writer};

/// Writes every item of a spool as it is stored, a JSON object a line, packed with zstd, to `FOLDER/NAME.jsonl.zst`.
pub fn keep(folder: &Path, name: &str, spool: &mut Spool) -> Result<PathBuf, Error> {
    std::fs::create_dir_all(folder).map_err(|cause| WriteError::File {
        path: folder.to_owned(),
        doing: "created",
        cause,
    })?;
    let path = folder.join(format!("{}.jsonl.zst", super::certificate::plain(name)));
    let mut file = AtomicFile::create(&path, true)?;
    let fields: Vec<String> = spool.fields().iter().cloned().collect();
    let columns: Vec<Column> = fields
        .iter()
        .map(|name| Column {
            name: name.clone(),
            kind: Kind::Text,
            id: false,
        })
        .collect();
    let target = Target {
        format: OutFormat::Jsonl,
        compression: Compression::Zstd,
    };
    let mut out = writer(&target, &columns, &Style::default(), Box::new(&mut file))?;
    spool.each::<Error>(|item| {
        let cells: Vec<Cell<'_>> = fields
            .iter()
            .map(|field| item.get(field).map_or(Cell::Absent, Cell::Json))
            .collect();
        Ok(out.row(&cells)?)
    })?;
    out.finish()?;
    file.commit()?;
    Ok(path)
}
