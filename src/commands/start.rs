//! The event that a command begins with: its name, its organization and its files, as the command line gives them.
//!
//! Doesn't belong here: when the event is told (`output`), the command's own work.

use std::path::{Path, PathBuf};

use clap::parser::ArgMatches;

use crate::cli::{BackupCommand, Cli, Command};
use crate::output::Awaits;
use crate::output::contract::CONTRACT;
use crate::output::events::Start;

/// The start of a command whose name is not known.
pub(super) fn unknown() -> Start {
    Start {
        version: env!("CARGO_PKG_VERSION"),
        contract: CONTRACT,
        ..Start::default()
    }
}

/// The start, and what it waits for: the run, where the command writes to an organization; else the organization, where the
/// command works with one.
pub(super) fn of(cli: &Cli, matches: &ArgMatches) -> (Start, Awaits) {
    let orgs = &cli.global.org;
    let one = |path: &PathBuf| Some(shown(path));
    let (organization, file, awaits) = match &cli.command {
        Command::Import(options) => (orgs.first().cloned(), all(&options.files), Awaits::Run),
        Command::Delete(options) => (orgs.first().cloned(), options.file.as_ref().and_then(one), Awaits::Run),
        Command::Undo(_) => (orgs.first().cloned(), None, Awaits::Run),
        Command::Migrate(options) if options.check.is_some() => (
            options.to.clone(),
            options.check.as_ref().and_then(one),
            Awaits::Nothing,
        ),
        Command::Migrate(options) => (options.to.clone(), None, Awaits::Run),
        Command::Backup(BackupCommand::Restore(options)) => {
            (orgs.first().cloned(), one(&options.snapshot), Awaits::Run)
        }
        Command::Export(options) => (orgs.first().cloned(), one(&options.file), Awaits::Organization),
        Command::Backup(BackupCommand::Create(options)) if options.all_profiles => {
            (None, one(&options.dir), Awaits::Nothing)
        }
        Command::Backup(BackupCommand::Create(options)) => {
            let awaits = if orgs.len() > 1 {
                Awaits::Nothing
            } else {
                Awaits::Organization
            };
            (joined(orgs), one(&options.dir), awaits)
        }
        Command::Backup(BackupCommand::List(options)) => (None, one(&options.dir), Awaits::Nothing),
        Command::Backup(BackupCommand::Check(options)) => (None, one(&options.dir), Awaits::Nothing),
        Command::Backup(BackupCommand::Verify(options)) => (None, one(&options.dir), Awaits::Nothing),
        Command::Backup(BackupCommand::History(options)) => (None, one(&options.dir), Awaits::Nothing),
        Command::Backup(BackupCommand::Prune(options)) => (None, one(&options.dir), Awaits::Nothing),
        Command::Inspect(options) => (None, one(&options.file), Awaits::Nothing),
        Command::Template(options) => {
            let awaits = if options.with_data {
                Awaits::Organization
            } else {
                Awaits::Nothing
            };
            (None, one(&options.file), awaits)
        }
        Command::Convert(options) => (None, one(&options.input), Awaits::Nothing),
        Command::Diff(options) => (None, all([&options.a, &options.b]), Awaits::Nothing),
        Command::Runs(_)
        | Command::Fields(_)
        | Command::Schedule(_)
        | Command::Config(_)
        | Command::Login(_)
        | Command::Doctor(_)
        | Command::Sandbox(_)
        | Command::Completions(_)
        | Command::Man(_)
        | Command::Help(_) => (None, None, Awaits::Nothing),
    };
    let start = Start {
        command: name(matches),
        organization,
        file,
        ..unknown()
    };
    (start, awaits)
}

/// The command as it is typed: `backup create`.
fn name(matches: &ArgMatches) -> Option<String> {
    let mut words = Vec::new();
    let mut level = matches;
    while let Some((word, below)) = level.subcommand() {
        words.push(word);
        level = below;
    }
    (!words.is_empty()).then(|| words.join(" "))
}

fn all(files: impl IntoIterator<Item = impl AsRef<Path>>) -> Option<String> {
    let files: Vec<String> = files.into_iter().map(|file| shown(file.as_ref())).collect();
    joined(&files)
}

fn joined(names: &[String]) -> Option<String> {
    (!names.is_empty()).then(|| names.join(", "))
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
