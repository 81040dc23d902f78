//! Exports and backups among the runs: a small file for each, since they have no journal. They change nothing in an
//! organization, so that there is nothing to undo or to continue.
//!
//! A record ages as journals do, by itself: exports every hour push no journal out.
//!
//! Doesn't belong here: what an export or a backup writes (`export`, `backup`).

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Runs, now, order, without_paths};
use crate::error::Exit;
use crate::files::{self, bounds};
use crate::journal::{Facts, Running};

/// What the file of a record ends in.
pub(super) const ENDING: &str = "record.json";

/// How the name begins of a file that becomes a record.
pub(super) const MAKING: &str = ".record-";

/// The record of an export or a backup that is under way.
#[derive(Debug)]
pub struct Record {
    name: String,
    path: PathBuf,
    facts: Facts,
    _running: Option<Running>,
}

impl Runs {
    /// Begins the record of a command that reads this organization; `target` is where it writes. Records that have passed
    /// their age are removed.
    pub fn record(&self, command: &str, (api, org): (&str, &str), target: &str) -> io::Result<Record> {
        files::create_own_folder(&self.folder)?;
        let all = self.all().map_err(io::Error::other)?;
        let (name, number) = self.next_name(&all).map_err(io::Error::other)?;
        let facts = [
            (order::NUMBER, number.to_string()),
            ("command", command.to_owned()),
            ("source", org.to_owned()),
            ("target", target.to_owned()),
            ("api", api.to_owned()),
            ("org", org.to_owned()),
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
            ("started", now()),
            ("state", "begun".to_owned()),
        ];
        let record = Record {
            path: self.record_of(&name),
            facts: facts
                .into_iter()
                .map(|(fact, value)| (fact.to_owned(), value))
                .collect(),
            _running: Running::begin(&self.folder, &name),
            name,
        };
        record.write()?;
        let records = all.into_iter().filter(|(_, path)| is_one(path));
        self.prune_records(&without_paths(records));
        Ok(record)
    }
}

impl Record {
    /// The name of the run.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Notes how the command ended: its exit code, why it failed, and the document that it prints for programs.
    pub fn end(mut self, exit: Exit, error: Option<&str>, summary: &Value) -> io::Result<()> {
        let state = if exit == Exit::Done { "finished" } else { "stopped" };
        let code = exit as u8;
        for (fact, value) in [
            ("ended", now()),
            ("exit", code.to_string()),
            ("error", error.unwrap_or_default().to_owned()),
            ("summary", summary.to_string()),
            ("state", state.to_owned()),
        ] {
            self.facts.insert(fact.to_owned(), value);
        }
        self.write()
    }

    /// Takes the record away: the command was refused before it did anything.
    pub fn discard(self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }

    /// Puts the file in its place as a whole.
    fn write(&self) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let mut temporary = tempfile::Builder::new().prefix(MAKING).tempfile_in(folder)?;
        serde_json::to_writer(&mut temporary, &self.facts)?;
        temporary.flush()?;
        temporary.persist(&self.path)?;
        Ok(())
    }
}

/// Whether a file is a record, by its name.
pub(super) fn is_one(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.ends_with(&format!(".{ENDING}")))
}

/// What a record holds.
pub(super) fn read(path: &Path) -> io::Result<Facts> {
    let text = files::read(path, bounds::SETTINGS)?;
    serde_json::from_slice(&text).map_err(|_| io::Error::other("it is damaged"))
}
