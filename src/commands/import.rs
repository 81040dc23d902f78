//! `stockport import`: spreadsheets → an organization.
//!
//! Doesn't belong here: reading rows (`columns`), sending items (`transfer`).

mod files;

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::reading::{self, Opened, Opening};
use super::{Connected, Context, runs_folder};
use crate::cli::{self, Import};
use crate::columns::Settings;
use crate::error::{Error, Exit};
use crate::inventory::{ItemStore, Listing};
use crate::journal::Journal;
use crate::output::grouped;
use crate::place::PlaceError;
use crate::plan::{Blanks, Mode, Policy};
use crate::report::{Rejects, Summary};
use crate::review::{Reviewed, write_plan};
use crate::runs::{Fingerprint, Fingerprints, Identity, Known, Runs, fingerprint_of};
use crate::shard::{self, Shard};
use crate::sheet::is_stream;
use crate::transfer::{Purpose, Review, Supply as _, Transfer};
use files::Files;

/// Files that are larger than this, together, are surveyed and planned in one pass, behind the list of what the organization
/// holds. Of smaller ones it is known sooner whether they can be read than the list would take.
const LARGE: u64 = 16 << 20;

/// Runs the command.
pub(super) fn run(context: &Context, options: &Import) -> Exit {
    let began = Instant::now();
    let sends = !options.dry_run && options.plan_out.is_none();
    let mut summary = Summary {
        source: named(&options.files),
        dry_run: !sends,
        ..Summary::default()
    };
    if let Err(error) = import(context, options, sends, &mut summary, began) {
        summary.error = Some(context.cause_of(error));
    }
    summary.took = began.elapsed();
    context.tell_next(&mut summary, None);
    summary.show(&context.output);
    summary.exit()
}

fn import(
    context: &Context,
    options: &Import,
    sends: bool,
    summary: &mut Summary,
    began: Instant,
) -> Result<(), Error> {
    if options.files.iter().filter(|file| *file == Path::new("-")).count() > 1 {
        return Err(PlaceError::TwiceStdin.into());
    }
    let opening = reading::prepare(context, &options.files, &options.reading)?;
    let options = &completed(options, &opening);
    // A plan that nobody keeps says nothing of what the files held.
    let are_noted = sends || options.plan_out.is_some() || options.plan.is_some();
    let fingerprints = are_noted.then(|| Fingerprints::begin(&options.files));
    let mut columns = reading::column_options(&opening.reading);
    columns.blanks_reject = matches!(options.blanks, cli::Blanks::Reject);
    let shard = options.shard.map(shard::Choice::from_environment).transpose()?;
    let in_one_pass = shard.is_none() && are_large(&options.files);
    let mut connected = None;
    let rejects = Rejects {
        wanted: options.rejects.as_deref(),
        part: shard.map(|shard| shard.file_part()),
        settings: settings(options, &opening),
        run: String::new(),
    };
    // Surveyed before the lock, which needs the fingerprints: they are still being taken.
    let mut survey = |opened: Opened| {
        let paths = opened.paths.clone();
        let mut source = opened.source(columns.clone())?;
        if sends || options.rejects.is_some() {
            rejects.check(&source, &paths)?;
        }
        if connected.is_none() {
            connected = Some(context.connect()?);
        }
        let survey = if in_one_pass { None } else { Some(source.survey()?) };
        Ok((source, paths, survey))
    };
    let surveyed = opening.with_open(&options.files, &mut survey);
    if let Some(connected) = &connected {
        summary.target.clone_from(&connected.org);
    }
    let (source, paths, survey) = surveyed?;
    let reopen = || opening.open(&options.files)?.source(columns.clone());
    let connected = connected.map_or_else(|| context.connect(), Ok)?;
    let fingerprints = fingerprints.map(Fingerprints::end).transpose()?;
    let mut identity = identity(options, &opening, &connected, fingerprints.unwrap_or_default())?;
    let job = identity.options.clone();
    if let Some(shard) = shard {
        identity.options += &format!(" shard {shard}");
    }
    let mut reviewed = options
        .plan
        .as_ref()
        .map(|plan| Reviewed::load(plan, &identity))
        .transpose()?;
    let runs = Runs::new(runs_folder(sends)?).of_shard(shard);
    let lock = if sends {
        Some(super::lock(&runs_folder(true)?, &identity, &job, shard)?)
    } else {
        None
    };
    let mut files = Files {
        source: RefCell::new(source),
        survey: RefCell::new(survey),
        reopen: &reopen,
        paths: &paths,
        rejects,
        policy: policy(options),
        shard,
        count: None,
        is_shown: Cell::default(),
    };
    if !in_one_pass {
        files.survey(&context.output)?;
    }
    summary.warnings = files.warnings();
    let known = known(options, &runs, &identity);
    let (journal, purpose) = journal(context, options, sends, &runs, &identity, summary)?;
    files.rejects.run.clone_from(&summary.run);
    let transfer = Transfer {
        output: &context.output,
        client: &connected.client,
        org: &connected.org,
        upload: context.upload(&options.pace),
        purpose,
        rejects_anyway: options.rejects.is_some(),
        verify: options.verify && sends,
        known,
        read: None,
        approve: &approved(context),
        stop: &context.stop,
    };
    let files = files.counted()?;
    tell_share(context, &files, shard);
    let review = reviewed.as_mut().map(|reviewed| reviewed as &mut dyn Review);
    transfer.run(&files, &journal, review, summary);
    summary.error = summary.error.take().map(|error| context.cause_of(error));
    summary.warnings = files.warnings();
    if let (Some(path), None) = (&options.plan_out, &summary.error) {
        put_plan(context, path, &identity, &journal)?;
    }
    if sends {
        summary.took = began.elapsed();
        keep(journal, summary)?;
    }
    drop(lock);
    Ok(())
}

/// Writes the plan for review.
fn put_plan(context: &Context, path: &Path, identity: &Identity, journal: &Journal) -> Result<(), Error> {
    write_plan(path, identity, journal)?;
    let line = format!("The plan, for review: {}", path.display());
    context.output.result_naming(&line, &[path]);
    Ok(())
}

/// What is stopped once the plan has been shown has to account for every row.
fn approved(context: &Context) -> impl Fn(&Listing, &mut ItemStore) -> Result<(), Error> {
    |_, _| {
        context.reading.ignore();
        Ok(())
    }
}

/// Says how many of the rows are of this process's share, where it has only a share.
fn tell_share(context: &Context, files: &Files<'_>, shard: Option<Shard>) {
    if let Some(shard) = shard {
        let (own, all) = (grouped(files.count.unwrap_or_default()), grouped(files.all()));
        context
            .output
            .result(&format!("Shard {shard}: {own} of the {all} rows"));
    }
}

/// What earlier runs know of the organization, and which surprises are allowed.
fn known(options: &Import, runs: &Runs, identity: &Identity) -> Known {
    Known {
        allow_empty: options.brakes.allow_empty,
        allow_shrink: options.brakes.allow_shrink,
        ..runs.known(&identity.api, &identity.org)
    }
}

/// Notes how the run ended. One whose files couldn't be read has sent nothing, and there is nothing of it to go on with.
fn keep(journal: Journal, summary: &mut Summary) -> Result<(), Error> {
    if summary.tally.is_none() {
        summary.run.clear();
        journal.discard();
        return Ok(());
    }
    Ok(Runs::end(&journal, summary)?)
}

/// Whether the first look at these files takes longer than a look at a small organization; what gives its bytes only once
/// is spooled first, and looked at then.
fn are_large(files: &[PathBuf]) -> bool {
    let sizes = files.iter().filter_map(|file| std::fs::metadata(file).ok());
    !files.iter().any(|file| is_stream(file)) && sizes.map(|found| found.len()).sum::<u64>() > LARGE
}

/// The run's journal: its own, an earlier run's that is gone on with, or one that goes with the process.
fn journal(
    context: &Context,
    options: &Import,
    sends: bool,
    runs: &Runs,
    identity: &Identity,
    summary: &mut Summary,
) -> Result<(Journal, Purpose), Error> {
    if !sends {
        return Ok((Journal::temporary()?, Purpose::Look));
    }
    let what = "this file and organization";
    context.journal(options.resume.as_deref(), what, runs, identity, summary)
}

fn identity(
    options: &Import,
    opening: &Opening,
    connected: &Connected,
    files: Vec<Fingerprint>,
) -> Result<Identity, Error> {
    let maps = opening.maps.iter().map(|map| Ok(fingerprint_of(map)?.sha256));
    let maps: Vec<String> = maps.collect::<Result<Vec<_>, Error>>()?.into_iter().flatten().collect();
    Ok(Identity {
        command: "import".to_owned(),
        files,
        api: connected.place.clone(),
        org: connected.org.clone(),
        options: meaning(options, &maps),
    })
}

/// Whatever decides what a row means, as it would be typed, one a line: with other options it is another job.
fn meaning(options: &Import, maps: &[String]) -> String {
    let reading = &options.reading;
    let word = |value: &dyn std::fmt::Debug| format!("{value:?}").to_lowercase();
    let mut lines = vec![
        format!("--blanks {}", word(&options.blanks)),
        format!("--mode {}", word(&options.mode)),
        format!("--duplicates {}", word(&reading.duplicates)),
    ];
    let switches = [("--complete", options.complete), ("--strict", reading.strict)];
    lines.extend(
        switches
            .iter()
            .filter(|(_, on)| *on)
            .map(|(name, _)| (*name).to_owned()),
    );
    let optional = [
        reading.sheet.as_ref().map(|sheet| format!("--sheet {sheet}")),
        reading.header_row.map(|row| format!("--header-row {row}")),
        reading.dates.map(|dates| format!("--dates {}", word(&dates))),
        reading.numbers.map(|numbers| format!("--numbers {}", word(&numbers))),
        reading
            .delimiter
            .map(|byte| format!("--delimiter {}", char::from(byte))),
        reading
            .encoding
            .as_ref()
            .map(|encoding| format!("--encoding {encoding}")),
    ];
    lines.extend(optional.into_iter().flatten());
    lines.extend(maps.iter().map(|sha256| format!("--map of SHA-256 {sha256}")));
    lines.join("\n")
}

/// The options, completed by those of the mapping files.
fn completed(options: &Import, opening: &Opening) -> Import {
    let settings = &opening.settings;
    Import {
        reading: opening.reading.clone(),
        blanks: reading::setting(settings, "blanks").unwrap_or(options.blanks),
        mode: reading::setting(settings, "mode").unwrap_or(options.mode),
        complete: options.complete || settings.is_on("complete"),
        ..options.clone()
    }
}

/// The options that the mapping files beside the reject files keep: those that decide what a row means and does.
fn settings(options: &Import, opening: &Opening) -> Settings {
    let mut settings = opening.given();
    if !matches!(options.blanks, cli::Blanks::Keep) {
        reading::set(&mut settings, "blanks", &options.blanks);
    }
    if !matches!(options.mode, cli::Mode::Upsert) {
        reading::set(&mut settings, "mode", &options.mode);
    }
    if options.complete {
        settings.turn_on("complete");
    }
    settings
}

fn policy(options: &Import) -> Policy {
    Policy {
        blanks: match options.blanks {
            cli::Blanks::Keep | cli::Blanks::Reject => Blanks::Keep,
            cli::Blanks::Clear => Blanks::Clear,
        },
        mode: match options.mode {
            cli::Mode::Upsert => Mode::Upsert,
            cli::Mode::Create => Mode::Create,
            cli::Mode::Update => Mode::Update,
        },
        complete: options.complete,
    }
}

fn named(files: &[PathBuf]) -> String {
    files
        .iter()
        .map(|file| file.to_string_lossy())
        .collect::<Vec<_>>()
        .join(", ")
}
