//! `stockport migrate`: an organization → another one.
//!
//! Doesn't belong here: choosing items and proving the result (`migrate`), sending (`transfer`).

use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::json;

use super::ends::Ends;
use super::next::RESUME;
use super::run::{Share, Terms, Writing, WritingRun, writing};
use super::{Context, recheck};
use crate::backup::PATIENCE;
use crate::cli;
use crate::config;
use crate::delete::DeleteError;
use crate::error::{Error, Exit};
use crate::inventory::{ItemStore, Listing};
use crate::journal::Journal;
use crate::migrate::{
    Certificate, Choice, DELETIONS, Earlier, Gone, ID_MAP, IDS, Ids, MigrateError, Migration, OnConflict, Part, Paths,
    RULE, Side, verify, whole,
};
use crate::output::{About, counted, grouped};
use crate::plan::{Action, MaxShare};
use crate::report::Summary;
use crate::runs::{Fingerprint, Identity};
use crate::transfer::{Purpose, Transfer, show_items, show_listing};

/// How many of the items that would be deleted are named.
const FIRST: usize = 5;

/// Runs the command.
pub(super) fn run(context: &Context, options: &cli::Migrate) -> Exit {
    if let Some(certificate) = &options.check {
        return recheck::run(context, options, certificate);
    }
    let terms = Terms {
        brakes: Some(options.brakes),
        // It is always done, here, with more proof.
        verify: false,
        resume: Some(RESUME),
        profile: options.to_profile.as_deref(),
        report: options.report.file.as_deref(),
        source_profile: options.from_profile.as_deref(),
        ..Terms::of("migrate", !options.dry_run, options.pace)
    };
    let source = options.from.clone().unwrap_or_default();
    writing(context, terms, source, |writing, summary| {
        if options.mirror {
            writing.may_delete()?;
        }
        summary.target = options.to.clone().unwrap_or_default();
        migrate(writing, options, summary)
    })
}

fn migrate(writing: Writing<'_>, options: &cli::Migrate, summary: &mut Summary) -> Result<(), Error> {
    let started = Timestamp::now();
    let part = part_of(options)?;
    let choice = choice(options, &part)?;
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
    let (listing, mut source) = read_source(&run, &ends, options)?;
    let read_at = Timestamp::now();
    let resumed = run.resumable(options.resume.as_deref(), "this migration", &identity, summary)?;
    let journal = run.journal(resumed.as_ref(), &identity, summary)?;
    note_ids(&run, &journal, options, &choice.ids)?;
    let file_part = choice.shard.map(|shard| shard.file_part());
    let rejects = rejects_file(from, to, file_part.as_deref());
    words.extend(choice.shard.map(|shard| format!("shard {shard} of them")));
    let moving = Moving {
        run: &run,
        ends: &ends,
        journal: &journal,
        folder: run.terms.sends.then(config::snapshots_folder).transpose()?,
        started,
        read_at,
        words,
        part,
        ids: choice.ids.clone(),
        file_part,
    };
    moving.keep(End::Source, &listing, &mut source)?;
    let earlier = earlier(&run, &identity, &choice, summary)?;
    let migration = Migration::new((from, to), source, choice, earlier, journal.deletions()?, rejects)?;
    let approve = |listing: &Listing, stored: &mut ItemStore| moving.approve(&migration, options, listing, stored);
    let transfer = Transfer {
        approve: &approve,
        ..run.transfer()
    };
    transfer.run(&migration, &journal, None, summary);
    ends.blame(writing.context, options, summary);
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
    let earlier = Earlier::find(&run.runs, identity, &choice.ids, fresh)?;
    let unreadable = earlier.unreadable().iter();
    let warnings = unreadable.map(|what| {
        About::EarlierUnreadable.warning(format!(
            "{what}; if it belongs to this migration, the items that it moved count as conflicts"
        ))
    });
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
        format!(
            "one name is a part of the other ({from}, {to}), and the API may match either for both: check the spelling"
        )
    } else {
        return Ok(());
    };
    context.warn([About::NamesAlike.warning(warning)], summary);
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
fn read_source(run: &WritingRun<'_>, ends: &Ends, options: &cli::Migrate) -> Result<(Listing, ItemStore), Error> {
    let (org, output) = (ends.from.org(), &run.context.output);
    let known = run.known_of(&ends.from.place, org);
    let read = ends.from.read(output, known.at_least);
    let of_source = |error| run.context.of_source(options, Some(org), error);
    let (mut listing, source) = read.map_err(of_source)?;
    ends.from.ask_for(output, &mut listing, &known.earlier())?;
    whole(org, &listing)?;
    show_listing(output, org, &listing);
    known.check(org, &listing)?;
    if listing.count == 0 && !known.allow_empty {
        return Err(MigrateError::Empty(org.to_owned()).into());
    }
    Ok((listing, source))
}

/// Which items are asked for.
fn part_of(options: &cli::Migrate) -> Result<Part, Error> {
    let shard = options.shard.map(crate::shard::Choice::from_environment).transpose()?;
    Ok(Part {
        conditions: options.conditions.clone(),
        only: options.only.clone(),
        shard: shard.map(|shard| shard.to_string()),
    })
}

fn choice(options: &cli::Migrate, part: &Part) -> Result<Choice, Error> {
    let ids = Ids::given(options.id_prefix.as_deref(), options.id_map.as_deref())?;
    Ok(Choice {
        on_conflict: match options.on_conflict {
            cli::OnConflict::Fail => OnConflict::Fail,
            cli::OnConflict::Skip => OnConflict::Skip,
            cli::OnConflict::Overwrite => OnConflict::Overwrite,
        },
        other_ids: options.allow_other_ids,
        mirror: options.mirror,
        ..part.choice(ids)?
    })
}

/// Notes how ids change, so that a later run of this migration can be held to it.
fn note_ids(run: &WritingRun<'_>, journal: &Journal, options: &cli::Migrate, ids: &Ids) -> Result<(), Error> {
    run.note_once(journal, IDS, &ids.name())?;
    run.note_once(journal, RULE, &ids.rule().to_string())?;
    let Some(file) = &options.id_map else { return Ok(()) };
    let file = std::path::absolute(file)?;
    run.note_once(journal, ID_MAP, &file.to_string_lossy())
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
    if choice.mirror {
        words.push("items that the source no longer has are deleted in the target".to_owned());
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
    /// When the source had been read.
    read_at: Timestamp,
    /// Which items are asked for, as the certificate says it.
    words: Vec<String>,
    /// The same for programs.
    part: Part,
    /// How ids change.
    ids: Ids,
    /// The name of this process's share of the job in files' names.
    file_part: Option<String>,
}

impl Moving<'_> {
    /// The organization and its API.
    fn place(&self, end: End) -> (&str, &str) {
        match end {
            End::Source => (self.ends.from.org(), &self.ends.from.place),
            End::Target => (&self.ends.to.org, &self.ends.to.place),
        }
    }

    /// Keeps what one end holds, unless an earlier part of this run has.
    fn keep(&self, end: End, listing: &Listing, store: &mut ItemStore) -> Result<(), Error> {
        let Some(folder) = &self.folder else { return Ok(()) };
        if self.kept(end)?.is_some() {
            return Ok(());
        }
        let path = self.run.copy((folder, PATIENCE), self.place(end), listing, store)?;
        self.journal.note(end.fact(), &path.to_string_lossy())?;
        Ok(())
    }

    /// Called when the plan has been shown and nothing been sent.
    fn approve(
        &self,
        migration: &Migration,
        options: &cli::Migrate,
        listing: &Listing,
        stored: &mut ItemStore,
    ) -> Result<(), Error> {
        migration.approve(listing)?;
        if options.mirror {
            self.agree(options.max_delete, listing.count.max(stored.count()))?;
        }
        self.keep(End::Target, listing, stored)
    }

    /// Names the first items that are to be deleted, holds their number against the bound, and asks.
    fn agree(&self, bound: MaxShare, held: u64) -> Result<(), Error> {
        let context = self.run.context;
        let (_, _, count) = self.journal.open_by_kind()?;
        show_items(&context.output, self.journal, (Action::Delete, count), FIRST)?;
        if !bound.allows(count, held) {
            return Err(DeleteError::TooMany { count, held }.into());
        }
        if count == 0 || !self.run.terms.sends {
            return Ok(());
        }
        let ((from, _), (to, _)) = (self.place(End::Source), self.place(End::Target));
        let (items, of) = (counted(count, "item"), grouped(held));
        let them = if count == 1 { "it" } else { "them" };
        context.consent(&format!(
            "{items} of the {of} that {to} holds will be deleted: earlier runs moved {them}, and {from} no longer has {them}"
        ))
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
        let mut not_deleted = Vec::new();
        self.journal.problems::<Error>(DELETIONS, &mut |problem| {
            not_deleted.push(problem.rejection.reason);
            Ok(())
        })?;
        let extra = &mut summary.extra;
        extra.insert("not_deleted".to_owned(), json!(not_deleted));
        let gone = migration.gone();
        extra.insert("gone_from_source".to_owned(), gone.iter().map(Gone::document).collect());
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
        let ends = (&self.ends.from, &self.ends.to.client);
        let proof = verify(output, ends, migration, self.journal)?;
        summary.verified = Some(proof.differences.is_empty());
        let certificate = Certificate {
            run: &summary.run,
            from: &self.side(End::Source, source)?,
            to: &self.side(End::Target, target)?,
            times: [self.started, self.read_at, Timestamp::now()],
            choice: &self.words,
            part: &self.part,
            ids: &self.ids,
            tally,
            noticed: &migration.noticed(),
            proof: &proof,
        };
        let usual = || {
            let (from, to) = (self.ends.from.org(), &self.ends.to.org);
            Paths::usual(from, to, self.started, self.file_part.as_deref())
        };
        let paths = named.map_or_else(usual, Ok)?;
        certificate.write(&paths)?;
        certificate.sentences().iter().for_each(|line| output.result(line));
        summary.extra.extend(certificate.findings());
        let line = format!("Certificate: {} and {}", paths.page.display(), paths.json.display());
        output.result_naming(&line, &[&paths.page, &paths.json]);
        for (name, path) in [("certificate", &paths.json), ("certificate_page", &paths.page)] {
            summary.extra.insert(name.to_owned(), json!(path.to_string_lossy()));
        }
        Ok(())
    }
}
