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
use crate::schedule::record::Record;
use crate::snapshot;

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

/// The proxy that the API is reached through. Its user and password are not shown.
pub(super) fn proxy(wishes: &Wishes) -> Check {
    const NAME: &str = "proxy";
    if wishes.sandbox {
        return Check::ok(NAME, "the sandbox is reached without one");
    }
    let network = match wishes.network() {
        Ok(network) => network,
        Err(error) => return Check::failed(NAME, &error),
    };
    let base = wishes.base();
    match (&network.proxy, network.way_to(&base), network.ignored) {
        (_, Some(proxy), _) => Check::ok(NAME, format!("{base} is reached through the proxy {proxy}")),
        (Some(proxy), None, _) => Check::ok(
            NAME,
            format!("{base} is reached without the proxy {proxy}: NO_PROXY lists it"),
        ),
        (None, None, Some(variable)) => Check::warning(
            NAME,
            format!("{variable} is set; stockport doesn't use proxies of the environment by itself"),
            "pass --proxy env, or write proxy = \"env\" into the profile, to use it; --proxy none if it is not wanted",
        ),
        (None, None, None) => Check::ok(NAME, "none is used"),
    }
}

/// What `stockport schedule` has put in place, whether the programs of it are there, and how each last run ended.
pub(super) fn schedule() -> Check {
    const NAME: &str = "schedule";
    let all = match list() {
        Ok(all) => all,
        Err(error) => return Check::error(NAME, error.to_string(), error.hint()),
    };
    if all.is_empty() {
        return Check::ok(NAME, "nothing is scheduled");
    }
    if let Some((one, program)) = all.iter().find_map(|one| Some((one, lost(one)?))) {
        return Check::warning(
            NAME,
            format!("{} runs {program}, which is not there", one.name),
            format!("run stockport schedule remove {}, then schedule it again", one.name),
        );
    }
    if let Some(one) = all.iter().find(|one| one.is_active() == Some(false)) {
        return Check::warning(
            NAME,
            format!("the timer of {} is not started", one.name),
            format!("start it: systemctl --user enable --now stockport-{}.timer", one.name),
        );
    }
    let last = |one: &Installed| Record::read(&one.name).filter(Record::has_failed);
    if let Some((one, record)) = all.iter().find_map(|one| Some((one, last(one)?))) {
        return Check::warning(
            NAME,
            format!("the last run of {}: {}", one.name, record.told()),
            "run its command by hand to see why: `stockport schedule list` shows it",
        );
    }
    let named: Vec<String> = all.iter().map(|one| format!("{} ({})", one.name, one.when)).collect();
    Check::ok(NAME, named.join(", "))
}

/// The program of a schedule, if it is an absolute path and is not there.
fn lost(installed: &Installed) -> Option<&str> {
    let program = installed.program.as_deref()?;
    let path = Path::new(program);
    (path.is_absolute() && !path.exists()).then_some(program)
}
