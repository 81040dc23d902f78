//! `stockport migrate`: an organization → another one.
//!
//! Doesn't belong here: choosing items and proving the result (`migrate`), sending (`transfer`).

use std::path::PathBuf;
use std::time::Instant;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::ends::Ends;
use super::{Context, runs_folder};
use crate::cli;
use crate::config;
use crate::error::{Error, Exit};
use crate::filter::Filter;
use crate::inventory::{ItemStore, Listing};
use crate::journal::Journal;
use crate::migrate::{
    Certificate, Choice, Earlier, IDS, Ids, MigrateError, Migration, OnConflict, Paths, Side, verify, whole,
};
use crate::report::Summary;
use crate::runs::{Fingerprint, Identity, Known, Runs};
use crate::transfer::{Purpose, Transfer, show_listing};

/// The facts under which a run notes the snapshots that it took of the source and of the target before anything was sent,
/// so that one that is gone on with keeps those.
const SNAPSHOTS: [&str; 2] = ["snapshot of the source", "snapshot of the target"];

/// Runs the command.
pub(super) fn run(context: &Context, options: &cli::Migrate) -> Exit {
    let began = Instant::now();
    let mut summary = Summary {
        source: options.from.clone().unwrap_or_default(),
        target: options.to.clone().unwrap_or_default(),
        dry_run: options.dry_run,
        ..Summary::default()
    };
    if let Err(error) = migrate(context, options, &mut summary, began) {
        summary.error = Some(error);
    }
    summary.took = began.elapsed();
    context.tell_next(&mut summary, options.to_profile.as_deref());
    summary.show(&context.output);
    summary.exit()
}

fn migrate(context: &Context, options: &cli::Migrate, summary: &mut Summary, began: Instant) -> Result<(), Error> {
    let started = Timestamp::now();
    let sends = !options.dry_run;
    let choice = choice(options)?;
    let mut words = in_words(options, &choice);
    let named = options.certificate.as_deref().map(Paths::named).transpose()?;
    let ends = context.connect_ends(options)?;
    let (from_org, to_org) = (ends.from.org(), ends.to.org.as_str());
    from_org.clone_into(&mut summary.source);
    to_org.clone_into(&mut summary.target);
    check_names(context, &ends, summary)?;
    let identity = identity(&ends, &words);
    let folder = runs_folder(sends)?;
    let runs = Runs::new(folder.clone()).of_shard(choice.shard);
    let lock = if sends {
        Some(super::lock(&folder, &identity, &identity.options, choice.shard)?)
    } else {
        None
    };
    let (listing, mut source) = read_source(context, options, &ends, &runs)?;
    let (journal, purpose) = journal(context, options, &runs, &identity, &choice, summary)?;
    let fresh = (purpose != Purpose::Resume).then(|| summary.run.clone());
    let before = Before {
        context,
        journal: &journal,
        folder: sends.then(config::snapshots_folder).transpose()?,
    };
    let snapshot = before.keep(0, from_org, &ends.from.place, &listing, &mut source)?;
    let from = Side {
        org: from_org.to_owned(),
        api: ends.from.place.clone(),
        before: listing,
        snapshot,
    };
    words.extend(choice.shard.map(|shard| format!("shard {shard} of them")));
    let part = choice.shard.map(|shard| shard.file_part());
    let rejects = rejects_file(from_org, to_org, part.as_deref());
    let earlier = earlier(context, &runs, &identity, &choice, fresh.as_deref(), summary)?;
    let keep = |listing: &Listing, stored: &mut ItemStore| {
        let is_new = before.kept(1)?.is_none();
        let kept = before.keep(1, to_org, &ends.to.place, listing, stored)?;
        if let Some(path) = kept.filter(|_| is_new) {
            let restore = ["backup", "restore", &path.to_string_lossy()];
            context.tell_way_back("To bring it back", &restore, to_org, options.to_profile.as_deref());
        }
        Ok(())
    };
    let names = (from_org, to_org);
    let migration = Migration::new(names, source, choice, earlier, rejects, Box::new(keep))?;
    let transfer = Transfer {
        output: &context.output,
        client: &ends.to.client,
        org: to_org,
        upload: context.upload_with(&ends.target, &options.pace),
        purpose,
        rejects_anyway: false,
        // Done below, with more proof.
        verify: false,
        known: known_target(&ends, &runs, options.brakes),
        read: None,
        approve: &|listing, stored| migration.approve(listing, stored),
        stop: &context.stop,
    };
    transfer.run(&migration, &journal, None, summary);
    let noticed = migration.noticed();
    summary.extra.insert("conflicts".to_owned(), noticed.conflicts.into());
    summary.extra.insert("kept".to_owned(), json!(noticed.kept_named));
    let snapshots = json!({"source": before.kept(0)?, "target": before.kept(1)?});
    summary.extra.insert("snapshots".to_owned(), snapshots);
    if sends {
        if let (None, Some(tally), Some(found)) = (&summary.error, summary.tally, migration.found()) {
            let proof = verify(&context.output, &ends.to.client, &migration, &journal)?;
            summary.verified = Some(proof.differences.is_empty());
            let to = Side {
                org: to_org.to_owned(),
                api: ends.to.place.clone(),
                before: found,
                snapshot: before.kept(1)?,
            };
            let certificate = Certificate {
                run: &summary.run,
                from: &from,
                to: &to,
                times: (started, Timestamp::now()),
                choice: &words,
                tally,
                noticed: &noticed,
                proof: &proof,
            };
            let paths = named.map_or_else(|| Paths::usual(from_org, to_org, started, part.as_deref()), Ok)?;
            certificate.write(&paths)?;
            tell(context, &paths, &mut summary.extra);
        }
        summary.took = began.elapsed();
        Runs::end(&journal, summary)?;
    }
    let (requests, retries) = ends.from.requests();
    summary.requests = ends.to.client.requests() + requests;
    summary.retries = ends.to.client.retries() + retries;
    drop(lock);
    Ok(())
}

/// What earlier runs of this migration have moved; what can't be read, and may be one of them, is named.
fn earlier(
    context: &Context,
    runs: &Runs,
    identity: &Identity,
    choice: &Choice,
    except: Option<&str>,
    summary: &mut Summary,
) -> Result<Earlier, Error> {
    let earlier = Earlier::find(runs, identity, &choice.ids.name(), except)?;
    for what in earlier.unreadable() {
        let warning = format!("{what}; if it was of this migration, what it moved counts as a conflict");
        context.output.warn(&warning);
        summary.warnings.push(warning);
    }
    Ok(earlier)
}

/// Says where the certificate is.
fn tell(context: &Context, paths: &Paths, extra: &mut Map<String, Value>) {
    let line = format!("Certificate: {} and {}", paths.page.display(), paths.json.display());
    context.output.result_naming(&line, &[&paths.page, &paths.json]);
    for (name, path) in [("certificate", &paths.json), ("certificate_page", &paths.page)] {
        extra.insert(name.to_owned(), json!(path.to_string_lossy()));
    }
}

/// The server looks for the organization's name inside the names of the account's own ones, so that a part of a name
/// passes (API contract).
fn check_names(context: &Context, ends: &Ends, summary: &mut Summary) -> Result<(), Error> {
    let (from, to) = (ends.from.org(), ends.to.org.as_str());
    let same_place = config::is_same_api(&ends.from.place, &ends.to.place);
    if from == to && same_place {
        return Err(MigrateError::Same {
            org: from.to_owned(),
            place: ends.to.place.clone(),
        }
        .into());
    }
    let warning = if from == to {
        format!(
            "both organizations are called {from}: make sure that {} and {} are not two names of one API",
            ends.from.place, ends.to.place
        )
    } else if from.contains(to) || to.contains(from) {
        format!("one name is a part of the other ({from}, {to}), and the API takes either for both: check the spelling")
    } else {
        return Ok(());
    };
    context.output.warn(&warning);
    summary.warnings.push(warning);
    Ok(())
}

fn known(runs: &Runs, place: &str, org: &str, brakes: cli::Brakes) -> Known {
    Known {
        allow_empty: brakes.allow_empty,
        allow_shrink: brakes.allow_shrink,
        ..runs.known(place, org)
    }
}

/// The same of the target; the source is an organization that is known, too. A name that was cut short would take every item,
/// and nobody would find them again.
fn known_target(ends: &Ends, runs: &Runs, brakes: cli::Brakes) -> Known {
    let (from, to) = (ends.from.org(), ends.to.org.as_str());
    let known = known(runs, &ends.to.place, to, brakes);
    let is_part = from != to && from.contains(to) && config::is_same_api(&ends.from.place, &ends.to.place);
    Known {
        longer_name: known.longer_name.or_else(|| is_part.then(|| from.to_owned())),
        ..known
    }
}

/// All of the source, or why it can't be relied on.
fn read_source(
    context: &Context,
    options: &cli::Migrate,
    ends: &Ends,
    runs: &Runs,
) -> Result<(Listing, ItemStore), Error> {
    let org = ends.from.org();
    let known = known(runs, &ends.from.place, org, options.brakes);
    let (listing, source) = ends.from.read(&context.output, known.at_least)?;
    whole(org, &listing)?;
    show_listing(&context.output, org, &listing);
    known.check(org, &listing)?;
    if listing.count == 0 && !options.brakes.allow_empty {
        return Err(MigrateError::Empty(org.to_owned()).into());
    }
    Ok((listing, source))
}

fn choice(options: &cli::Migrate) -> Result<Choice, Error> {
    let ids = match (&options.id_prefix, &options.id_map) {
        (Some(prefix), _) => Ids::Prefix(prefix.clone()),
        (None, Some(file)) => Ids::load(file)?,
        (None, None) => Ids::Same,
    };
    Ok(Choice {
        filter: Filter::parse(&options.conditions)?,
        only: options.only.iter().cloned().collect(),
        ids,
        on_conflict: match options.on_conflict {
            cli::OnConflict::Fail => OnConflict::Fail,
            cli::OnConflict::Skip => OnConflict::Skip,
            cli::OnConflict::Overwrite => OnConflict::Overwrite,
        },
        shard: options.shard.map(crate::shard::Choice::from_environment).transpose()?,
    })
}

/// Which items are meant, as the certificate says it.
fn in_words(options: &cli::Migrate, choice: &Choice) -> Vec<String> {
    let mut words: Vec<String> = options
        .conditions
        .iter()
        .map(|condition| format!("those where {condition}"))
        .collect();
    if !choice.only.is_empty() {
        let ids: Vec<&str> = choice.only.iter().map(String::as_str).collect();
        words.push(format!("only {}", ids.join(", ")));
    }
    if words.is_empty() {
        words.push("all".to_owned());
    }
    if choice.ids != Ids::Same {
        words.push(format!("ids {}", choice.ids.name()));
    }
    words
}

fn identity(ends: &Ends, words: &[String]) -> Identity {
    let source = Fingerprint {
        path: format!("org:{} at {}", ends.from.org(), ends.from.place),
        // What it holds may change from run to run; that is what running again is for.
        sha256: Some(String::new()),
    };
    Identity {
        command: "migrate".to_owned(),
        files: vec![source],
        api: ends.to.place.clone(),
        org: ends.to.org.clone(),
        // What is done about conflicts is no part of it: that may be decided after a first look.
        options: words.join("; "),
    }
}

/// The run's journal: its own, an earlier run's that is gone on with, or one that goes with the process.
fn journal(
    context: &Context,
    options: &cli::Migrate,
    runs: &Runs,
    identity: &Identity,
    choice: &Choice,
    summary: &mut Summary,
) -> Result<(Journal, Purpose), Error> {
    if options.dry_run {
        return Ok((Journal::temporary()?, Purpose::Look));
    }
    let what = "this migration";
    let (journal, purpose) = context.journal(options.resume.as_deref(), what, runs, identity, summary)?;
    if purpose == Purpose::Write {
        journal.note(IDS, &choice.ids.name())?;
    }
    Ok((journal, purpose))
}

fn rejects_file(from: &str, to: &str, part: Option<&str>) -> PathBuf {
    let part = part.map(|part| format!(".shard-{part}")).unwrap_or_default();
    PathBuf::from(format!("{}{part}.rejects.jsonl", Paths::stem(from, to)))
}

/// The snapshots of both organizations from before the run.
struct Before<'a> {
    context: &'a Context,
    journal: &'a Journal,
    /// Where they are kept; none where nothing is sent.
    folder: Option<PathBuf>,
}

impl Before<'_> {
    /// Keeps what one end holds, unless an earlier part of this run has.
    fn keep(
        &self,
        end: usize,
        org: &str,
        api: &str,
        listing: &Listing,
        store: &mut ItemStore,
    ) -> Result<Option<PathBuf>, Error> {
        let Some(folder) = &self.folder else { return Ok(None) };
        if let Some(path) = self.kept(end)? {
            return Ok(Some(path));
        }
        let path = self.context.safety(folder).keep(org, api, listing, store)?;
        if let Some(fact) = SNAPSHOTS.get(end) {
            self.journal.note(fact, &path.to_string_lossy())?;
        }
        Ok(Some(path))
    }

    /// The snapshot of one end.
    fn kept(&self, end: usize) -> Result<Option<PathBuf>, Error> {
        let mut facts = self.journal.facts()?;
        Ok(SNAPSHOTS
            .get(end)
            .and_then(|fact| facts.remove(*fact))
            .map(PathBuf::from))
    }
}
