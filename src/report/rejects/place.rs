//! Where reject files stand, what each is written as, and the mapping file beside one.
//!
//! Doesn't belong here: what stands in them (`rejects`).

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::report::RejectError;
use crate::sheet::write::{AtomicFile, Compression, LineEnd, OutFormat, Style, Target, WriteError};
use crate::sheet::{Format, Table, is_delimiter_found, is_stream};

/// What a table's reject file is written as: the file's ending decides, else it is the table's own format. Delimited text
/// is UTF-8 with a byte-order mark, without which Excel takes it for something else; where the source was delimited text of
/// the same kind, its delimiter and its line ends stay.
pub(super) fn form(table: &Table, wanted: Option<&Path>) -> Result<(Target, Style), Error> {
    let own = own_format(table);
    let target = match wanted.filter(|path| path.extension().is_some()) {
        Some(path) => Target::for_path(path).ok_or_else(|| RejectError::NoFormat(path.display().to_string()))?,
        None => Target {
            format: own,
            compression: Compression::None,
        },
    };
    let style = match &table.format {
        Format::Delimited { delimiter, .. } => Style {
            // Another delimiter would have to be named again.
            delimiter: Some(*delimiter).filter(|byte| target.format == own && is_delimiter_found(*byte)),
            line_end: if table.text.crlf { LineEnd::CrLf } else { LineEnd::Lf },
            ..Style::default()
        },
        _ => Style::default(),
    };
    Ok((target, marked(&target, style)))
}

/// The same style with a byte-order mark, where the format has one.
pub(in crate::report) fn marked(target: &Target, style: Style) -> Style {
    Style {
        bom: matches!(target.format, OutFormat::Csv | OutFormat::Tsv),
        ..style
    }
}

/// A table's own format, as far as it can be written: workbooks of any kind come back as xlsx.
pub(super) fn own_format(table: &Table) -> OutFormat {
    match &table.format {
        Format::Delimited { delimiter: b'\t', .. } => OutFormat::Tsv,
        Format::Delimited { .. } => OutFormat::Csv,
        Format::Workbook(_) => OutFormat::Xlsx,
        Format::Json | Format::JsonArrays => OutFormat::Json,
        Format::JsonLines => OutFormat::Jsonl,
    }
}

/// `inventory.rejects.csv` beside `inventory.csv`; `stdin.rejects.csv` in the working folder for standard input, and for
/// another pipe, which has nothing beside it.
pub(super) fn beside(file: &Path, part: Option<&str>, format: OutFormat) -> PathBuf {
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

/// The mapping file beside a reject file: `inventory.rejects.toml` beside `inventory.rejects.csv.gz`.
pub(crate) fn mapping_beside(file: &Path) -> PathBuf {
    let (mut name, _) = parted(file);
    name.push(".toml");
    file.with_file_name(name)
}

/// A file's name in two: `x` and `.csv.gz`.
fn parted(path: &Path) -> (OsString, OsString) {
    let mut stem = PathBuf::from(path.file_name().unwrap_or_default());
    let mut ending = OsString::new();
    let endings = if Compression::for_path(path) == Compression::None {
        1
    } else {
        2
    };
    for _ in 0..endings {
        let Some((shorter, last)) = stem.file_stem().zip(stem.extension()) else {
            break;
        };
        let mut longer = OsString::from(".");
        longer.push(last);
        longer.push(&ending);
        (stem, ending) = (PathBuf::from(shorter), longer);
    }
    (stem.into_os_string(), ending)
}

/// The first of `x.csv`, `x-2.csv`, `x-3.csv` … that isn't there yet. A link is there, wherever it leads.
pub(crate) fn numbered(wanted: &Path) -> Result<(PathBuf, AtomicFile), WriteError> {
    numbered_where(wanted, &is_there)
}

/// The same, of those that have no mapping file beside them yet. A link that the user names is followed.
pub(super) fn numbered_with_mapping(wanted: &Path, is_named: bool) -> Result<(PathBuf, AtomicFile), WriteError> {
    numbered_where(wanted, &|path| {
        let is_taken = if is_named { path.exists() } else { is_there(path) };
        is_taken || is_there(&mapping_beside(path))
    })
}

fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn numbered_where(wanted: &Path, is_taken: &dyn Fn(&Path) -> bool) -> Result<(PathBuf, AtomicFile), WriteError> {
    if wanted.is_dir() {
        return Err(WriteError::Directory(wanted.to_owned()));
    }
    // A device has no next one: what is wrong with it is told by the attempt.
    if std::fs::metadata(wanted).is_ok_and(|found| !found.is_file()) {
        drop(AtomicFile::create(wanted, false)?);
    }
    let mut path = wanted.to_owned();
    let mut number = 1_u32;
    while is_taken(&path) {
        number += 1;
        let (mut name, ending) = parted(wanted);
        name.push(format!("-{number}"));
        name.push(ending);
        path = wanted.with_file_name(name);
    }
    let file = if path.is_symlink() {
        AtomicFile::create(&path, false)?
    } else {
        AtomicFile::create_own(&path)?
    };
    Ok((path, file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stands_before_all_endings_and_the_mapping_file_has_none_of_them() {
        for (file, stem, ending, mapping) in [
            ("a/x.rejects.csv", "x.rejects", ".csv", "a/x.rejects.toml"),
            ("x.csv.gz", "x", ".csv.gz", "x.toml"),
            ("x.jsonl.zst", "x", ".jsonl.zst", "x.toml"),
            ("bad", "bad", "", "bad.toml"),
            ("x.gz", "x", ".gz", "x.toml"),
        ] {
            let path = Path::new(file);
            assert_eq!(parted(path), (stem.into(), ending.into()), "{file}");
            assert_eq!(mapping_beside(path), Path::new(mapping), "{file}");
        }
    }
}
