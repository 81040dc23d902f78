//! `stockport migrate`: an organization → another one.
//!
//! Doesn't belong here: choosing items and proving the result (`migrate`), sending (`transfer`).

use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::json;

use super::Context;
use super::ends::Ends;
use super::run::{Share, Terms, Writing, WritingRun, writing};
use crate::backup::PATIENCE;
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
use crate::runs::{Fingerprint, Identity};
use crate::transfer::{Purpose, Transfer, show_listing};

/// Runs the command.
pub(super) fn run(context: &Context, options: &cli::Migrate) -> Exit {
    let terms = Terms {
        brakes: Some(options.brakes),
        // It is always done, here, with more proof.
        verify: false,
        profile: options.to_profile.as_deref(),
        ..Terms::of("migrate", !options.dry_run, options.pace)
    };
    let source = options.from.clone().unwrap_or_default();
    writing(context, terms, source, |writing, summary| {
        summary.target = options.to.clone().unwrap_or_default();
        migrate(writing, options, summary)
    })
}

fn migrate(writing: Writing<'_>, options: &cli::Migrate, summary: &mut Summary) -> Result<(), Error> {
    let started = Timestamp::now();
    let choice = choice(options)?;
    let named = options.certificate.as_deref().map(Paths::named).transpose()?;
    let ends = writing.context.connect_ends(options)?;
    let (from, to) = (ends.from.org(), ends.to.org.as_str());
    from.clone_into(&mut summary.source);
    to.clone_into(&mut summary.target);
    check_names(writing.context, &ends, summary)?;
    let mut words = in_words(options, &choice);
    // What is done about conflicts is no part of it: that may be decided after a first look.
    let identity = writing.identity(&ends.to, vec![source_of(&ends)], words.join("; "));
    let share = choice.shard.map(|shard| Share {
        shard,
        files: &identity.files,
        options: &identity.options,
    });
    let mut run = writing.begin(&ends.to, share)?;
    know_the_source(&mut run, &ends);
    let (listing, mut source) = read_source(&run, &ends)?;
    let resumed = run.resumable(options.resume.as_deref(), "this migration", &identity, summary)?;
    let journal = run.journal(resumed.as_ref(), &identity, summary)?;
    run.note_once(&journal, IDS, &choice.ids.name())?;
    let part = choice.shard.map(|shard| shard.file_part());
    let rejects = rejects_file(from, to, part.as_deref());
    words.extend(choice.shard.map(|shard| format!("shard {shard} of them")));
    let moving = Moving {
        run: &run,
        ends: &ends,
        journal: &journal,
        folder: run.terms.sends.then(config::snapshots_folder).transpose()?,
        started,
        words,
        part,
    };
    moving.keep(End::Source, &listing, &mut source)?;
    let earlier = earlier(&run, &identity, &choice, summary)?;
    let migration = Migration::new((from, to), source, choice, earlier, rejects)?;
    let approve = |listing: &Listing, stored: &mut ItemStore| {
        migration.approve(listing)?;
        moving.keep(End::Target, listing, stored)
    };
    let transfer = Transfer {
        approve: &approve,
        ..run.transfer()
    };
    transfer.run(&migration, &journal, None, summary);
    moving.note(&migration, summary)?;
    if run.terms.sends && summary.error.is_none() {
        moving.certify(&migration, listing, named, summary)?;
    }
    let (requests, retries) = ends.from.requests();
    summary.requests = ends.to.client.requests() + requests;
    summary.retries = ends.to.client.retries() + retries;
    run.end(journal, summary)
}

/// What earlier runs of this migration have moved; what can't be read, and may be one of them, is named.
fn earlier(
    run: &WritingRun<'_>,
    identity: &Identity,
    choice: &Choice,
    summary: &mut Summary,
) -> Result<Earlier, Error> {
    let fresh = (run.purpose != Purpose::Resume).then_some(summary.run.as_str());
    let earlier = Earlier::find(&run.runs, identity, &choice.ids.name(), fresh)?;
    let unreadable = earlier.unreadable().iter();
    let warnings =
        unreadable.map(|what| format!("{what}; if it was of this migration, what it moved counts as a conflict"));
    run.context.warn(warnings, summary);
    Ok(earlier)
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
    context.warn([warning], summary);
    Ok(())
}

/// The source is an organization that is known, too. A target whose name is a part of it, because it was cut short, would
/// take every item, and nobody would find them again.
fn know_the_source(run: &mut WritingRun<'_>, ends: &Ends) {
    let (from, to) = (ends.from.org(), ends.to.org.as_str());
    if from != to && from.contains(to) && config::is_same_api(&ends.from.place, &ends.to.place) {
        run.known.longer_name.get_or_insert_with(|| from.to_owned());
    }
}

/// All of the source, or why it can't be relied on.
fn read_source(run: &WritingRun<'_>, ends: &Ends) -> Result<(Listing, ItemStore), Error> {
    let (org, output) = (ends.from.org(), &run.context.output);
    let known = run.known_of(&ends.from.place, org);
    let (mut listing, source) = ends.from.read(output, known.at_least)?;
    ends.from.ask_for(output, &mut listing, &known.earlier())?;
    whole(org, &listing)?;
    show_listing(output, org, &listing);
    known.check(org, &listing)?;
    if listing.count == 0 && !known.allow_empty {
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

/// The source as a run notes it. What it holds may change from run to run; that is what running again is for.
fn source_of(ends: &Ends) -> Fingerprint {
    Fingerprint {
        path: format!("org:{} at {}", ends.from.org(), ends.from.place),
        sha256: Some(String::new()),
    }
}

fn rejects_file(from: &str, to: &str, part: Option<&str>) -> PathBuf {
    let part = part.map(|part| format!(".shard-{part}")).unwrap_or_default();
    PathBuf::from(format!("{}{part}.rejects.jsonl", Paths::stem(from, to)))
}

/// One end of a migration.
#[derive(Clone, Copy)]
enum End {
    Source,
    Target,
}

impl End {
    /// The fact under which a run notes its snapshot of this end from before anything was sent; a run that is continued
    /// keeps that one.
    fn fact(self) -> &'static str {
        match self {
            Self::Source => "snapshot of the source",
            Self::Target => "snapshot of the target",
        }
    }
}

/// A migration whose journal has begun.
struct Moving<'a> {
    run: &'a WritingRun<'a>,
    ends: &'a Ends,
    journal: &'a Journal,
    /// Where both organizations are kept as they were before the run; none where nothing is sent.
    folder: Option<PathBuf>,
    started: Timestamp,
    /// Which items are meant, as the certificate says it.
    words: Vec<String>,
    /// The name of this process's share of the job in files' names.
    part: Option<String>,
}

impl Moving<'_> {
    /// The organization and its API.
    fn place(&self, end: End) -> (&str, &str) {
        match end {
            End::Source => (self.ends.from.org(), &self.ends.from.place),
            End::Target => (&self.ends.to.org, &self.ends.to.place),
        }
    }

    /// Keeps what one end holds, unless an earlier part of this run has, and tells how the target's comes back.
    fn keep(&self, end: End, listing: &Listing, store: &mut ItemStore) -> Result<(), Error> {
        let Some(folder) = &self.folder else { return Ok(()) };
        if self.kept(end)?.is_some() {
            return Ok(());
        }
        let path = self.run.copy((folder, PATIENCE), self.place(end), listing, store)?;
        self.journal.note(end.fact(), &path.to_string_lossy())?;
        if matches!(end, End::Target) {
            self.run.tell_way_back(&path);
        }
        Ok(())
    }

    /// The snapshot of one end.
    fn kept(&self, end: End) -> Result<Option<PathBuf>, Error> {
        let mut facts = self.journal.facts()?;
        Ok(facts.remove(end.fact()).map(PathBuf::from))
    }

    /// Puts into the summary what was noticed, and where the snapshots are.
    fn note(&self, migration: &Migration, summary: &mut Summary) -> Result<(), Error> {
        let noticed = migration.noticed();
        let snapshots = json!({"source": self.kept(End::Source)?, "target": self.kept(End::Target)?});
        let extra = &mut summary.extra;
        extra.insert("conflicts".to_owned(), noticed.conflicts.into());
        extra.insert("kept".to_owned(), json!(noticed.kept_named));
        extra.insert("snapshots".to_owned(), snapshots);
        Ok(())
    }

    fn side(&self, end: End, before: Listing) -> Result<Side, Error> {
        let (org, api) = self.place(end);
        Ok(Side {
            org: org.to_owned(),
            api: api.to_owned(),
            before,
            snapshot: self.kept(end)?,
        })
    }

    /// Reads the target back, and certifies what that shows: in the files that were named, or in the usual ones.
    fn certify(
        &self,
        migration: &Migration,
        source: Listing,
        named: Option<Paths>,
        summary: &mut Summary,
    ) -> Result<(), Error> {
        let (Some(tally), Some(target)) = (summary.tally, migration.found()) else {
            return Ok(());
        };
        let output = &self.run.context.output;
        let proof = verify(output, &self.ends.to.client, migration, self.journal)?;
        summary.verified = Some(proof.differences.is_empty());
        let certificate = Certificate {
            run: &summary.run,
            from: &self.side(End::Source, source)?,
            to: &self.side(End::Target, target)?,
            times: (self.started, Timestamp::now()),
            choice: &self.words,
            tally,
            noticed: &migration.noticed(),
            proof: &proof,
        };
        let usual = || {
            let (from, to) = (self.ends.from.org(), &self.ends.to.org);
            Paths::usual(from, to, self.started, self.part.as_deref())
        };
        let paths = named.map_or_else(usual, Ok)?;
        certificate.write(&paths)?;
        let line = format!("Certificate: {} and {}", paths.page.display(), paths.json.display());
        output.result_naming(&line, &[&paths.page, &paths.json]);
        for (name, path) in [("certificate", &paths.json), ("certificate_page", &paths.page)] {
            summary.extra.insert(name.to_owned(), json!(path.to_string_lossy()));
        }
        Ok(())
    }
}
