//! `--report FILE`: the file that a run's report is written to, as a page or as a workbook.
//!
//! Doesn't belong here: what it says (`details`), how it looks (`page`, `book`).

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::{ReportError, Summary, book, page};
use crate::error::Error;
use crate::sheet::write::{AtomicFile, WriteError};

/// What a report is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Page,
    Workbook,
}

/// The file of a report.
#[derive(Clone, Debug)]
pub struct ReportFile {
    path: PathBuf,
    form: Form,
}

impl ReportFile {
    /// The file that `--report` names; its ending decides on the form. One that can't be written, or exists, is an error now,
    /// before anything is sent.
    pub fn named(path: &Path) -> Result<Self, Error> {
        let ending = path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
        let form = match ending.as_ref().and_then(|ending| ending.to_str()) {
            Some("html" | "htm") => Form::Page,
            Some("xlsx") => Form::Workbook,
            _ => return Err(ReportError::NoFormat(path.display().to_string()).into()),
        };
        drop(AtomicFile::create(path, false)?);
        Ok(Self {
            path: path.to_owned(),
            form,
        })
    }

    /// Writes the report of a run, complete or not at all, and names it in the summary.
    pub fn write(self, command: &str, summary: &mut Summary) -> Result<(), Error> {
        let mut file = AtomicFile::create(&self.path, false)?;
        match self.form {
            Form::Page => file
                .write_all(page::page(command, summary).as_bytes())
                .map_err(WriteError::from)?,
            Form::Workbook => book::write(command, summary, file.bytes()?)?,
        }
        file.commit()?;
        summary.report = Some(self.path);
        Ok(())
    }
}
