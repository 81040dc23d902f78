//! `stockport backup create`: organizations → snapshots.
//!
//! Doesn't belong here: when a snapshot may be written (`backup`), files (`snapshot`).

use std::ffi::OsStr;
use std::time::Instant;

use serde_json::{Map, Value, json};

use super::super::{Connected, Context, runs_folder, shell};
use super::{patience, policy, prune};
use crate::backup::Backup;
use crate::cli::BackupCreate;
use crate::config::file::Profile;
use crate::config::{self as settings, ConfigError, Wishes};
use crate::error::{Error, Exit};
use crate::output::{Tone, Warning, counted};
use crate::report::Next;
use crate::runs::{Known, Runs};
use crate::snapshot::{Manifest, Name};

/// What became of one organization's backup.
struct Outcome {
    document: Value,
    exit: Exit,
}

/// Runs the command: every organization in turn; one that fails doesn't stop the others, and the exit code remembers.
pub(super) fn run(context: &Context, options: &BackupCreate) -> Exit {
    let targets = match targets(context, options) {
        Ok(targets) => targets,
        Err(error) => vec![Err(error)],
    };
    let mut documents = Vec::new();
    let mut exit = Exit::Done;
    for target in targets {
        let outcome = create(context, options, target);
        documents.push(outcome.document);
        exit = worse(exit, outcome.exit);
        if exit == Exit::Interrupted {
            break;
        }
    }
    let first = |key| {
        documents
            .iter()
            .find_map(|one| one.get(key).filter(|value| !value.is_null()))
    };
    let next = next(context, options, &documents, exit);
    let document = json!({
        "error": first("error"), "error_code": first("error_code"), "exit": exit as u8, "backups": documents,
        "next": Next::document(&next),
    });
    context.output.document(&document);
    Next::show(&next, &context.output);
    exit
}

/// The commands to go on with: the verification of what was written, and the same command where it was interrupted.
fn next(context: &Context, options: &BackupCreate, documents: &[Value], exit: Exit) -> Vec<Next> {
    let mut next = Vec::new();
    if exit == Exit::Interrupted {
        let again = context.again::<&str>(&[], None);
        next.extend(again.map(|command| Next::new("To run it again:", command)));
    }
    if documents.iter().any(|one| one.get("snapshot").is_some()) {
        let dir = shell::argument(&options.dir);
        let words = ["stockport", "backup", "verify"].map(OsStr::new);
        let line = shell::line(&[words.as_slice(), &[&dir]].concat());
        next.push(Next::new("To verify the backup:", line));
    }
    next
}

/// Of two exit codes the one to remember: an interruption, then a list that isn't whole, then any other failure.
fn worse(a: Exit, b: Exit) -> Exit {
    let weight = |exit: Exit| match exit {
        Exit::Done => 0,
        Exit::Partial => 1,
        Exit::Usage => 2,
        Exit::Stopped => 3,
        Exit::Different => 4,
        Exit::Interrupted => 5,
    };
    if weight(b) > weight(a) { b } else { a }
}

/// An organization, and what it is reached with.
struct Target {
    profile: Option<String>,
    org: Option<String>,
    wishes: Wishes,
}

/// The organizations that are named, or those of every profile; or why one of them can't be meant.
fn targets(context: &Context, options: &BackupCreate) -> Result<Vec<Result<Target, Error>>, Error> {
    if options.all_profiles {
        let (path, file) = settings::load()?;
        let profiles = file.map(|file| file.profiles).filter(|profiles| !profiles.is_empty());
        let profiles = profiles.ok_or(ConfigError::NoFile(path))?;
        return Ok(profiles
            .into_iter()
            .map(|profile| Ok(of_profile(context, profile)))
            .collect());
    }
    let orgs = &context.wishes.orgs;
    let target = |org: Option<&String>| {
        Ok(Target {
            profile: context.wishes.profile.as_ref().map(|profile| profile.name.clone()),
            org: org.cloned(),
            wishes: context.wishes.clone(),
        })
    };
    Ok(if orgs.is_empty() {
        vec![target(None)]
    } else {
        orgs.iter().map(Some).map(target).collect()
    })
}

fn of_profile(context: &Context, profile: Profile) -> Target {
    Target {
        profile: Some(profile.name.clone()),
        org: profile.org.clone(),
        wishes: context.of_profile(profile),
    }
}

fn create(context: &Context, options: &BackupCreate, target: Result<Target, Error>) -> Outcome {
    let began = Instant::now();
    let named = target
        .as_ref()
        .map_or((None, None), |target| (target.profile.clone(), target.org.clone()));
    let mut document = Map::from_iter([
        ("profile".to_owned(), json!(named.0)),
        ("organization".to_owned(), json!(named.1)),
    ]);
    let result = target.and_then(|target| back_up(context, options, &target, &mut document));
    let seconds = (began.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
    document.insert("seconds".to_owned(), json!(seconds));
    let error = result.err();
    if let Some(error) = &error {
        let output = &context.output;
        output.error(error.code(), &error.to_string(), Some(&error.hint()), error.place());
    }
    document.insert("error".to_owned(), json!(error.as_ref().map(Error::line)));
    document.insert("error_code".to_owned(), json!(error.as_ref().map(Error::code)));
    let exit = error.as_ref().map_or(Exit::Done, Error::exit);
    document.insert("exit".to_owned(), json!(exit as u8));
    Outcome {
        document: Value::Object(document),
        exit,
    }
}

fn back_up(
    context: &Context,
    options: &BackupCreate,
    target: &Target,
    document: &mut Map<String, Value>,
) -> Result<(), Error> {
    let connected = context.connect_with(&target.wishes, target.org.as_deref())?;
    document.insert("organization".to_owned(), json!(connected.org));
    let recorded = context.record("backup", &connected, &options.dir);
    let taken = take(context, options, &connected, document);
    document.insert("requests".to_owned(), json!(connected.client.requests()));
    document.insert("retries".to_owned(), json!(connected.client.retries()));
    let exit = taken.as_ref().err().map_or(Exit::Done, Error::exit);
    recorded.end(exit, taken.as_ref().err(), &Value::Object(document.clone()));
    taken
}

/// Takes the backup, and removes the snapshots that are not to be kept.
fn take(
    context: &Context,
    options: &BackupCreate,
    connected: &Connected,
    document: &mut Map<String, Value>,
) -> Result<(), Error> {
    let policy = policy(&options.keep);
    // Without a folder of runs there are none.
    let runs = runs_folder(false).map(Runs::new).ok();
    let known = runs.map(|runs| runs.known(&connected.place, &connected.org));
    let taken = Backup {
        output: &context.output,
        client: &connected.client,
        api: &connected.place,
        dir: &options.dir,
        allow_empty: options.brakes.allow_empty,
        allow_shrink: options.brakes.allow_shrink,
        patience: patience(options.wait),
        stop: &context.stop,
        earlier: known.as_ref().map(Known::earlier).unwrap_or_default(),
    }
    .take()?;
    taken.warnings.iter().for_each(|warning| context.output.warn(warning));
    let created = &taken.created;
    let manifest = &created.manifest;
    let folder = taken.shelf.folder();
    let line = told(
        &connected.org,
        &folder.display().to_string(),
        created.name,
        manifest,
        created.same_as,
    );
    let line = context.output.paint(Tone::Good, &line);
    context.output.result_naming(&line, &[folder]);
    for (key, value) in [
        ("snapshot", json!(created.name.to_string())),
        ("folder", json!(folder.to_string_lossy())),
        ("data", json!(manifest.data.file)),
        ("items", json!(manifest.items)),
        ("bytes", json!(manifest.data.bytes)),
        ("sha256", json!(manifest.data.sha256)),
        ("completeness", json!(manifest.completeness.name())),
        ("evidence", json!(manifest.evidence)),
        ("unchanged", json!(created.same_as.is_some())),
        ("same_as", json!(created.same_as.map(|name| name.to_string()))),
        ("warnings", json!(taken.warnings)),
        ("warning_codes", Warning::codes(&taken.warnings)),
    ] {
        document.insert(key.to_owned(), value);
    }
    if !policy.is_empty() {
        let fates = prune::prune(context, &taken.shelf, &taken.lock, &policy, Some(created.name))?;
        document.insert("retention".to_owned(), prune::document(&taken.shelf, &fates));
    }
    Ok(())
}

fn told(org: &str, folder: &str, name: Name, manifest: &Manifest, same_as: Option<Name>) -> String {
    let items = counted(manifest.items, "item");
    let grade = manifest.completeness.words();
    let evidence = &manifest.evidence;
    let data = match same_as {
        Some(earlier) => format!("unchanged since {earlier}, whose data it shares"),
        None => counted(manifest.data.bytes, "byte"),
    };
    format!("Backed up {items} of {org} ({grade}: {evidence}), {data}: {folder}/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_remembers_the_worst() {
        assert_eq!(worse(Exit::Done, Exit::Stopped), Exit::Stopped);
        assert_eq!(worse(Exit::Different, Exit::Stopped), Exit::Different);
        assert_eq!(worse(Exit::Stopped, Exit::Done), Exit::Stopped);
    }
}
