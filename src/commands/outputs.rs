//! The files that a command line names for its output, which must differ: the one that is written last would fail, after
//! everything has been sent.
//!
//! Doesn't belong here: whether such a file can be written (the room that writes it).

use std::path::{Path, PathBuf};

use crate::cli::{BackupCommand, Cli, Command};
use crate::migrate::Paths;

/// Two options, by their names, that name the same file.
pub(super) fn same(cli: &Cli) -> Option<(&'static str, &'static str)> {
    let named = named(&cli.command);
    named.iter().enumerate().find_map(|(at, (option, file))| {
        let before = named[..at].iter().find(|(_, other)| other == file)?;
        Some((before.0, *option))
    })
}

/// Every option that names a file to write, with that file.
fn named(command: &Command) -> Vec<(&'static str, PathBuf)> {
    let (rejects, report) = match command {
        Command::Import(import) => (import.rejects.as_ref(), import.report.file.as_ref()),
        Command::Delete(delete) => (delete.rejects.as_ref(), delete.report.file.as_ref()),
        Command::Undo(undo) => (None, undo.report.file.as_ref()),
        Command::Migrate(migrate) => (None, migrate.report.file.as_ref()),
        Command::Backup(BackupCommand::Restore(restore)) => (restore.rejects.as_ref(), restore.report.file.as_ref()),
        _ => (None, None),
    };
    let mut named = vec![("rejects", rejects.cloned()), ("report", report.cloned())];
    if let Command::Import(import) = command {
        named.extend([
            ("missing", import.missing.clone()),
            ("results", import.results.clone()),
            ("plan-out", import.plan_out.clone()),
        ]);
    }
    if let Command::Migrate(migrate) = command {
        let paths = migrate.certificate.as_deref().map(Paths::of);
        named.extend(
            paths
                .into_iter()
                .flat_map(|paths| [paths.json, paths.page])
                .map(|path| ("certificate", Some(path))),
        );
    }
    let spelt = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    named
        .into_iter()
        .filter_map(|(option, path)| Some((option, spelt(&path?))))
        .collect()
}
