//! What can be checked without a request: versions, the config file, the key, proxies, schedules.
//!
//! Doesn't belong here: folders (`folders`), the API (`online`).

use std::fs::Metadata;
use std::path::Path;

use super::super::runs_folder;
use super::{Check, folders};
use crate::config::file::Profile;
use crate::config::{self as settings, ConfigError, Wishes};
use crate::error::UserError as _;
use crate::journal;
use crate::output::counted;
use crate::runs::Runs;
use crate::schedule::install::{Installed, list};
use crate::snapshot;

/// The variables that name a proxy to other programs, in either case.
const PROXIES: [&str; 3] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];

/// So many of the newest runs are looked at.
const RUNS: usize = 100;

/// The version of the program and of the formats that it writes, and whether the journals can be read.
pub(super) fn versions() -> Check {
    const NAME: &str = "versions";
    let version = format!(
        "stockport {}, journals of format {}, snapshots of format {}",
        env!("CARGO_PKG_VERSION"),
        journal::FORMAT,
        snapshot::FORMAT
    );
    let runs = runs_folder(false).unwrap_or_default();
    if runs.as_os_str().is_empty() {
        return Check::ok(NAME, version);
    }
    let found = match Runs::new(runs).newest_first() {
        Ok(runs) => runs.take(RUNS).collect::<Vec<_>>(),
        Err(error) => return Check::failed(NAME, &error.into()),
    };
    let mut faults = found.iter().filter_map(|run| Some((run, run.fault.as_ref()?)));
    let Some((run, (why, hint))) = faults.next() else {
        return Check::ok(NAME, version);
    };
    let count = 1 + faults.count() as u64;
    Check::warning(
        NAME,
        format!(
            "{version}; {} can't be read, the newest is {}: {why}",
            counted(count, "run"),
            run.name
        ),
        hint.clone(),
    )
}

/// The config file, and the profile that is used.
pub(super) fn config(chosen: &Result<Option<Profile>, ConfigError>) -> Check {
    const NAME: &str = "config";
    let profile = match chosen {
        Ok(profile) => profile,
        Err(error) => return Check::error(NAME, error.to_string(), error.hint()),
    };
    let path = settings::config_path()
        .map(|(path, _)| path.display().to_string())
        .unwrap_or_default();
    match profile {
        Some(profile) => match profile.trusted() {
            Ok(()) => Check::ok(NAME, format!("{path}, profile {}", profile.name)),
            Err(error) => Check::failed(NAME, &error.into()),
        },
        None => Check::ok(
            NAME,
            "no profile is used: API, organization and key come from options and the environment",
        ),
    }
}

/// Where the key comes from, and who can read its file.
pub(super) fn key(wishes: &Wishes) -> Check {
    const NAME: &str = "key";
    if wishes.sandbox {
        return Check::ok(NAME, "the sandbox needs none");
    }
    match wishes.found_key() {
        Err(error) => Check::failed(NAME, &error),
        Ok((_, source)) => match source.file().and_then(mode) {
            Some(mode) if mode & 0o077 != 0 => Check::warning(
                NAME,
                format!("it comes from {source}, which others can read (mode {mode:03o})"),
                "make it readable by you only: chmod 600 FILE",
            ),
            Some(mode) => Check::ok(NAME, format!("it comes from {source}, mode {mode:03o}")),
            None => Check::ok(NAME, format!("it comes from {source}")),
        },
    }
}

/// Who can read a file.
fn mode(path: &Path) -> Option<u32> {
    let found = path.metadata().ok().filter(Metadata::is_file)?;
    Some(folders::mode(&found)? & 0o777)
}

/// The proxies that the environment names. Their addresses may hold passwords, and are not shown.
pub(super) fn proxy() -> Check {
    const NAME: &str = "proxy";
    let names = PROXIES
        .iter()
        .flat_map(|name| [(*name).to_owned(), name.to_lowercase()]);
    let mut set: Vec<String> = names
        .filter(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
        .collect();
    // On some systems both spellings are one variable.
    set.dedup_by(|a, b| cfg!(windows) && a.eq_ignore_ascii_case(b));
    if set.is_empty() {
        return Check::ok(NAME, "the environment sets none");
    }
    let are = if set.len() == 1 { "is" } else { "are" };
    Check::warning(
        NAME,
        format!(
            "{} {are} set; stockport doesn't use proxies of the environment",
            set.join(", ")
        ),
        "if the API can't be reached, let this machine reach it without the proxy",
    )
}

/// What `stockport schedule` has put in place, and whether the programs of it are there.
pub(super) fn schedule() -> Check {
    const NAME: &str = "schedule";
    if cfg!(windows) {
        return Check::ok(NAME, "not checked: on Windows the task scheduler lists it");
    }
    let all = match list() {
        Ok(all) => all,
        Err(error) => return Check::error(NAME, error.to_string(), error.hint()),
    };
    if all.is_empty() {
        return Check::ok(NAME, "nothing is scheduled");
    }
    let named: Vec<String> = all.iter().map(|one| format!("{} ({})", one.name, one.when)).collect();
    match all.iter().find_map(|one| Some((one, lost(one)?))) {
        Some((one, program)) => Check::warning(
            NAME,
            format!("{} runs {program}, which is not there", one.name),
            format!("run stockport schedule remove {}, then schedule it again", one.name),
        ),
        None => Check::ok(NAME, named.join(", ")),
    }
}

/// The program of a schedule, if it is told by an absolute path and is not there.
fn lost(installed: &Installed) -> Option<String> {
    // Of a cron line, the program follows the folder that it runs in.
    let command = installed.command.rsplit(" && ").next()?.trim();
    let program = match command.strip_prefix(['"', '\'']) {
        Some(rest) => rest.split(['"', '\'']).next()?,
        None => command.split(' ').next()?,
    };
    let path = Path::new(program);
    (path.is_absolute() && !path.exists()).then(|| program.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_of_a_schedule_is_looked_for() {
        let lost = |command: &str| {
            lost(&Installed {
                name: "nightly".to_owned(),
                place: String::new(),
                when: String::new(),
                command: command.to_owned(),
            })
        };
        let own = std::env::current_exe().unwrap();
        assert_eq!(lost(&format!("\"{}\" backup create x", own.display())), None);
        assert_eq!(
            lost("\"/nowhere/at all/stockport\" backup"),
            Some("/nowhere/at all/stockport".to_owned())
        );
        assert_eq!(
            lost("cd /srv && /nowhere/stockport backup create x"),
            Some("/nowhere/stockport".to_owned())
        );
        assert_eq!(
            lost("cd '/a b' && '/nowhere/a b/stockport' x"),
            Some("/nowhere/a b/stockport".to_owned())
        );
        assert_eq!(lost(""), None);
    }
}
