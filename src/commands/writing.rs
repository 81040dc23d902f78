//! The options by which files are written, as every command that writes files takes them.
//!
//! Doesn't belong here: writing (`sheet`).

use std::path::Path;

use super::CommandError;
use crate::cli;
use crate::error::Error;
use crate::export::Headers;
use crate::sheet::write::{AtomicFile, Compression, Destination, OutFormat, Target, WriteError};

/// Whether a path stands for standard output.
pub(super) fn is_stdout(file: &Path) -> bool {
    file == Path::new("-")
}

/// The format that is written: as `--format` says, else as the file's ending does; JSON Lines to standard output.
pub(super) fn target(file: &Path, format: Option<cli::Format>) -> Result<Target, Error> {
    let format = format.map(|format| match format {
        cli::Format::Csv => OutFormat::Csv,
        cli::Format::Tsv => OutFormat::Tsv,
        cli::Format::Xlsx => OutFormat::Xlsx,
        cli::Format::Json => OutFormat::Json,
        cli::Format::Jsonl => OutFormat::Jsonl,
    });
    if is_stdout(file) {
        return Ok(Target {
            format: format.unwrap_or(OutFormat::Jsonl),
            compression: Compression::None,
        });
    }
    match (format, Target::for_path(file)) {
        (Some(format), _) => Ok(Target {
            format,
            compression: Compression::for_path(file),
        }),
        (None, Some(target)) => Ok(target),
        (None, None) => Err(CommandError::NoFormat(file.display().to_string()).into()),
    }
}

/// How headers are written: for people in a workbook, as the API names the fields elsewhere, unless `--headers` says.
pub(super) fn headers(target: &Target, wanted: Option<cli::Headers>) -> Headers {
    match wanted {
        Some(cli::Headers::Title) => Headers::Title,
        None if target.format == OutFormat::Xlsx => Headers::Title,
        Some(cli::Headers::Field) | None => Headers::Field,
    }
}

/// Where the bytes of a command with `--force` go. Refuses at once what can't be written at the end.
pub(super) fn open(file: &Path, force: bool) -> Result<Destination, WriteError> {
    if is_stdout(file) {
        return Ok(Destination::stdout());
    }
    match AtomicFile::create(file, force) {
        Err(WriteError::Exists(path)) => Err(WriteError::NotForced(path)),
        created => Ok(Destination::file(created?)),
    }
}
