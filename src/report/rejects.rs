//! The reject file: the rows that did not go through, as they stood in their file, with the reason beside them,
//! ready to be corrected and imported again.
//!
//! Doesn't belong here: why a row did not go through (`columns`, `upload`).

use std::collections::BTreeMap;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::columns::{Judge, REJECT_COLUMNS, Rejection};
use crate::error::Error;
use crate::inventory::Spool;
use crate::item::{ITEM_ID, Kind};
use crate::journal::{Journal, Problem};
use crate::runs::is_stream;
use crate::sheet::write::{
    AtomicFile, Column, Compression, LineEnd, OutFormat, Style, TableWriter, Target, WriteError, writer,
};
use crate::sheet::{Cell, Format, Row, Table};

/// Writes one reject file for each table that has problems, in the table's own format: where `wanted` says, or beside
/// the file that the table came from (`paths`, in the tables' order). A file that is there already is never
/// overwritten: the next one is numbered. `part` names the share of a job that is done by several processes: its files
/// beside the input bear its name, so that no two of them want the same.
pub fn write_rejects(
    journal: &Journal,
    tables: &[Table],
    paths: &[PathBuf],
    wanted: Option<&Path>,
    part: Option<&str>,
) -> Result<Vec<PathBuf>, Error> {
    let mut written = Vec::new();
    for (index, (table, path)) in tables.iter().zip(paths).enumerate() {
        if journal.has_problems(index)? {
            let wanted = wanted.map_or_else(|| beside(path, part, form(table).0.format), Path::to_owned);
            written.push(write_table(journal, index, table, &wanted)?);
        }
    }
    Ok(written)
}

/// Writes stored items that did not go through as JSON lines, each as it is stored with the reason beside it. The journal's
/// lines are the items' numbers in the spool, from 1. Gives the file, where there is one.
pub fn write_objects(journal: &Journal, items: &mut Spool, wanted: &Path) -> Result<Vec<PathBuf>, Error> {
    if !journal.has_problems(0)? {
        return Ok(Vec::new());
    }
    let mut lines: BTreeMap<u64, Vec<Problem>> = BTreeMap::new();
    journal.problems::<Error>(0, &mut |problem| {
        lines.entry(problem.origin.line).or_default().push(problem);
        Ok(())
    })?;
    let (path, mut file) = numbered(wanted)?;
    let mut out = BufWriter::new(&mut file);
    let mut line = 0;
    items.each::<Error>(|mut item| {
        line += 1;
        let Some(problems) = lines.get(&line) else {
            return Ok(());
        };
        let texts: [&dyn Fn(&Rejection) -> String; 3] = [
            &|rejection| rejection.column.clone().unwrap_or_default(),
            &|rejection| rejection.value.clone(),
            &|rejection| rejection.reason.clone(),
        ];
        for (name, text) in REJECT_COLUMNS.iter().skip(1).zip(texts) {
            let parts: Vec<String> = problems.iter().map(|problem| text(&problem.rejection)).collect();
            item.insert((*name).to_owned(), Value::String(parts.join("; ")));
        }
        serde_json::to_writer(&mut out, &item).map_err(std::io::Error::from)?;
        out.write_all(b"\n").map_err(WriteError::from)?;
        Ok(())
    })?;
    out.flush().map_err(WriteError::from)?;
    drop(out);
    file.commit()?;
    Ok(vec![path])
}

/// Writes the ids that did not go through, where they stood in no table, with the reason beside each. Gives the file,
/// where there is one.
pub fn write_ids(journal: &Journal, wanted: &Path) -> Result<Vec<PathBuf>, Error> {
    if !journal.has_problems(0)? {
        return Ok(Vec::new());
    }
    let target = Target::for_path(wanted).unwrap_or(Target {
        format: OutFormat::Csv,
        compression: Compression::None,
    });
    let (path, mut file) = numbered(wanted)?;
    let columns: Vec<Column> = [ITEM_ID]
        .into_iter()
        .chain(REJECT_COLUMNS)
        .map(|name| Column {
            name: name.to_owned(),
            kind: Kind::Text,
            id: name == ITEM_ID,
        })
        .collect();
    {
        let mut out = writer(&target, &columns, &Style::default(), Box::new(&mut file))?;
        journal.problems::<Error>(0, &mut |problem| {
            let number = problem.origin.line.to_string();
            let rejection = &problem.rejection;
            // The column at fault can only be that of the ids. Its name in a row of data would read as a header.
            let cells = [&rejection.value, &number, "", &rejection.value, &rejection.reason];
            Ok(out.row(&cells.map(Cell::Text))?)
        })?;
        out.finish()?;
    }
    file.commit()?;
    Ok(vec![path])
}

fn write_table(journal: &Journal, index: usize, table: &Table, wanted: &Path) -> Result<PathBuf, Error> {
    let (target, style) = form(table);
    let (path, file) = numbered(wanted)?;
    match fill(journal, index, table, &target, &style, file) {
        // The server's words, or a reason, may need a character that the file's encoding lacks: then the whole is
        // written in the one that has them all, marked as such.
        Err(Error::Write(WriteError::Unencodable { .. })) => {
            let style = Style {
                encoding: None,
                bom: true,
                ..style
            };
            fill(
                journal,
                index,
                table,
                &target,
                &style,
                AtomicFile::create(&path, false)?,
            )?;
        }
        written => written?,
    }
    Ok(path)
}

fn fill(
    journal: &Journal,
    index: usize,
    table: &Table,
    target: &Target,
    style: &Style,
    mut file: AtomicFile,
) -> Result<(), Error> {
    let originals: Vec<(usize, &str)> = table
        .header
        .cells
        .iter()
        .filter(|cell| !REJECT_COLUMNS.contains(&cell.name.trim()))
        .map(|cell| (cell.index, cell.name.as_str()))
        .collect();
    let judge = Judge::new();
    let columns: Vec<Column> = originals
        .iter()
        .map(|(_, name)| *name)
        .chain(REJECT_COLUMNS)
        .map(|name| Column {
            name: name.to_owned(),
            kind: Kind::Text,
            // So that an id that is corrected there stays text.
            id: judge.names_ids(name),
        })
        .collect();
    {
        let mut out = writer(target, &columns, style, Box::new(&mut file))?;
        let mut rows = table.rows()?;
        let mut row = Row::new();
        let mut of_row: Vec<Problem> = Vec::new();
        // The journal gives the problems in the file's order, so that both are read side by side.
        let mut write = |of_row: &mut Vec<Problem>| -> Result<(), Error> {
            let Some(line) = of_row.first().map(|problem| problem.origin.line) else {
                return Ok(());
            };
            while row.line != line {
                if !rows.next(&mut row)? {
                    return Err(Error::Imbalance(format!("line {line} of {} is gone", table.file)));
                }
            }
            write_row(out.as_mut(), &row, &originals, of_row)?;
            of_row.clear();
            Ok(())
        };
        journal.problems::<Error>(index, &mut |problem| {
            if of_row
                .first()
                .is_some_and(|first| first.origin.line != problem.origin.line)
            {
                write(&mut of_row)?;
            }
            of_row.push(problem);
            Ok(())
        })?;
        write(&mut of_row)?;
        out.finish()?;
    }
    file.commit()?;
    Ok(())
}

/// Finds out, before anything is sent, whether the files of [`write_rejects`] could be written: a row's failure must
/// not be lost for want of a place to put it.
pub fn check_rejects(
    tables: &[Table],
    paths: &[PathBuf],
    wanted: Option<&Path>,
    part: Option<&str>,
) -> Result<(), Error> {
    for (table, path) in tables.iter().zip(paths) {
        let wanted = wanted.map_or_else(|| beside(path, part, form(table).0.format), Path::to_owned);
        if let Err(cause) = numbered(&wanted) {
            return Err(Error::NoRejects(cause));
        }
    }
    Ok(())
}

fn write_row(
    out: &mut dyn TableWriter,
    row: &Row,
    originals: &[(usize, &str)],
    problems: &[Problem],
) -> Result<(), WriteError> {
    let line = row.line.to_string();
    let join = |of: &dyn Fn(&Rejection) -> String, between: &str| {
        let parts = problems.iter().map(|problem| of(&problem.rejection));
        let mut parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
        parts.dedup();
        parts.join(between)
    };
    let column = join(&|problem| problem.column.clone().unwrap_or_default(), ", ");
    let value = join(&|problem| problem.value.clone(), " | ");
    let reason = join(&|problem| problem.reason.clone(), "; ");
    let mut cells: Vec<Cell<'_>> = originals.iter().map(|(index, _)| row.cell(*index)).collect();
    cells.extend([&line, &column, &value, &reason].map(|text| Cell::Text(text)));
    let bad: Vec<usize> = originals
        .iter()
        .enumerate()
        .filter(|(_, (index, _))| problems.iter().any(|problem| problem.rejection.index == Some(*index)))
        .map(|(place, _)| place)
        .collect();
    out.marked_row(&cells, &bad)
}

/// A table's own format and style, as far as it can be written: workbooks of any kind come back as xlsx.
fn form(table: &Table) -> (Target, Style) {
    let (format, style) = match &table.format {
        Format::Delimited { delimiter, encoding } => {
            let format = if *delimiter == b'\t' {
                OutFormat::Tsv
            } else {
                OutFormat::Csv
            };
            (
                format,
                Style {
                    delimiter: Some(*delimiter),
                    encoding: Some(encoding),
                    bom: table.text.mark,
                    line_end: if table.text.crlf { LineEnd::CrLf } else { LineEnd::Lf },
                    ..Style::default()
                },
            )
        }
        Format::Workbook(_) => (OutFormat::Xlsx, Style::default()),
        Format::Json => (OutFormat::Json, Style::default()),
        Format::JsonLines => (OutFormat::Jsonl, Style::default()),
    };
    (
        Target {
            format,
            compression: Compression::None,
        },
        style,
    )
}

/// `inventory.rejects.csv` beside `inventory.csv`; `stdin.rejects.csv` in the working folder for standard input, and for
/// another pipe, which has nothing beside it.
fn beside(file: &Path, part: Option<&str>, format: OutFormat) -> PathBuf {
    let file = if is_stream(file) { Path::new("stdin") } else { file };
    let mut stem = file.file_name().map_or(file, Path::new).to_owned();
    // `inventory.csv.gz` loses both endings.
    for _ in 0..2 {
        if let Some(shorter) = stem.file_stem().filter(|_| stem.extension().is_some()) {
            stem = PathBuf::from(shorter);
        }
    }
    let mut name = stem.into_os_string();
    if let Some(part) = part {
        name.push(format!(".shard-{part}"));
    }
    name.push(".rejects.");
    name.push(format.name());
    file.with_file_name(name)
}

/// The first of `x.csv`, `x-2.csv`, `x-3.csv` … that isn't there yet.
pub(crate) fn numbered(wanted: &Path) -> Result<(PathBuf, AtomicFile), WriteError> {
    if wanted.is_dir() {
        return Err(WriteError::Directory(wanted.to_owned()));
    }
    // A device has no next one: what is wrong with it is told by the attempt.
    if std::fs::metadata(wanted).is_ok_and(|found| !found.is_file()) {
        drop(AtomicFile::create(wanted, false)?);
    }
    let mut path = wanted.to_owned();
    let mut number = 1_u32;
    while path.exists() {
        number += 1;
        let mut name = wanted.file_stem().unwrap_or_default().to_owned();
        name.push(format!("-{number}"));
        if let Some(extension) = wanted.extension() {
            name.push(".");
            name.push(extension);
        }
        path = wanted.with_file_name(name);
    }
    let file = AtomicFile::create(&path, false)?;
    Ok((path, file))
}
