//! `stockport import`: spreadsheets → an organization.
//!
//! Doesn't belong here: reading rows (`columns`), sending items (`transfer`).

mod files;
mod missing;
mod outcomes;
mod showing;
mod skips;

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};

use super::next::RESUME;
use super::reading::{self, Opened, Opening};
use super::run::{Share, Terms, Writing, WritingRun, writing};
use super::{Connected, Context};
use crate::cli::{self, Import};
use crate::columns::{ColumnOption, ColumnOptions, Settings, Source, Survey};
use crate::error::{Error, Exit};
use crate::output::{counted, grouped};
use crate::place::PlaceError;
use crate::plan::{Blanks, Mode, Policy};
use crate::report::{Rejects, Results, Summary};
use crate::review::{PlanSheet, Reviewed, sheet_of, write_plan};
use crate::runs::{Fingerprints, Identity, fingerprint_of};
use crate::shard::{self, Shard};
use crate::sheet::is_stream;
use crate::transfer::{Review, Showing, Supply as _, Transfer};
use files::Files;
use missing::Missing;
use skips::Skips;

/// Files that are larger than this, together, are surveyed and planned in one pass, behind the list of what the organization
/// holds. Of smaller ones it is known sooner whether they can be read than the list would take.
const LARGE: u64 = 16 << 20;

/// Runs the command.
pub(super) fn run(context: &Context, options: &Import) -> Exit {
    let sends = !options.dry_run && options.plan_out.is_none();
    let terms = Terms {
        brakes: Some(options.brakes),
        verify: options.verify,
        rejects: options.rejects.as_deref(),
        report: options.report.file.as_deref(),
        plan: options.plan_out.as_deref().filter(|path| sheet_of(path).is_none()),
        resume: Some(RESUME),
        ..Terms::of("import", sends, options.pace)
    };
    writing(context, terms, named(&options.files), |writing, summary| {
        import(writing, options, summary)
    })
}

fn import(writing: Writing<'_>, options: &Import, summary: &mut Summary) -> Result<(), Error> {
    let context = writing.context;
    if options.files.iter().filter(|file| *file == Path::new("-")).count() > 1 {
        return Err(PlaceError::TwiceStdin.into());
    }
    // What can't be written is refused before anything is asked for.
    let missing = options.missing.as_deref().map(Missing::open).transpose()?;
    let results = options.results.as_deref().map(outcomes::open).transpose()?;
    let opening = reading::prepare(context, &options.files, &options.reading)?;
    let options = &completed(options, &opening);
    // A plan that nobody keeps says nothing of what the files held.
    let are_noted = writing.terms.sends || options.plan_out.is_some() || options.plan.is_some();
    let fingerprints = are_noted.then(|| Fingerprints::begin(&options.files));
    let shard = options.shard.map(shard::Choice::from_environment).transpose()?;
    // Surveyed before the lock, which needs the fingerprints: they are still being taken.
    let surveyed = survey(writing, options, &opening, shard, summary)?;
    let fingerprints = fingerprints.map(Fingerprints::end).transpose()?;
    let connected = &surveyed.connected;
    let job = meaning(options, &opening)?;
    let own = shard.map_or_else(|| job.clone(), |shard| format!("{job} shard {shard}"));
    let identity = writing.identity(connected, fingerprints.unwrap_or_default(), own);
    let reviewed = options.plan.as_ref().map(|plan| Reviewed::load(plan, &identity));
    let reviewed = reviewed.transpose()?;
    let share = shard.map(|shard| Share {
        shard,
        files: &identity.files,
        options: &job,
    });
    let run = writing.begin(connected, share)?;
    let reopen = || opening.open(&options.files)?.source(columns(options, &opening));
    let files = Files {
        source: RefCell::new(surveyed.source),
        survey: RefCell::new(surveyed.survey),
        reopen: &reopen,
        paths: &surveyed.paths,
        rejects: surveyed.rejects,
        policy: policy(options),
        shard,
        count: Cell::default(),
        is_shown: Cell::default(),
        showing: Showing::default(),
        skips: results
            .is_some()
            .then(|| RefCell::new(Skips::new(options.mode, reviewed.is_some()))),
    };
    let rejects = &surveyed.reject_files;
    write(
        run,
        options,
        (files, rejects),
        (reviewed, missing, results),
        &identity,
        summary,
    )
}

/// Writes the rows of the files, or only plans that.
fn write(
    mut run: WritingRun<'_>,
    options: &Import,
    (mut files, rejects): (Files<'_>, &[PathBuf]),
    (mut reviewed, missing, results): (Option<Reviewed>, Option<Missing>, Option<Results>),
    identity: &Identity,
    summary: &mut Summary,
) -> Result<(), Error> {
    let context = run.context;
    // What an odd id means is known once the stored ids are.
    let is_settled = files.survey.borrow().as_ref().is_some_and(|survey| !survey.has_odd_ids);
    if is_settled {
        files.survey(&context.output)?;
        summary.warnings = files.warnings();
        summary.extra.insert("set_aside".to_owned(), files.set_aside().into());
    }
    let what = "this file and organization";
    let earlier = run.resumable(options.resume.as_deref(), what, identity, summary)?;
    let journal = run.journal(earlier.as_ref(), identity, summary)?;
    files.rejects.run.clone_from(&summary.run);
    files.showing = showing::of(context, options, rejects);
    files.count_share()?;
    tell_share(context, &files);
    let missing = RefCell::new(missing);
    let sheet = options.plan_out.as_ref().and_then(|path| Some((path, sheet_of(path)?)));
    let transfer = Transfer {
        post_unreadable: options.unreadable.post_unreadable,
        // What is stopped once the plan has been shown has to account for every row.
        approve: &|listing, stored| {
            context.reading.ignore();
            if let Some(missing) = missing.take() {
                missing.write(context, &run.connected.org, listing, stored)?;
            }
            if let Some((path, target)) = &sheet {
                let source = &files.source.borrow();
                let journal = &journal;
                PlanSheet { source, journal }.write(path, target, stored)?;
            }
            showing::ask(&run, &files, &journal, stored)
        },
        max_rejects: options.max_rejects,
        ..run.transfer()
    };
    let review = reviewed.as_mut().map(|reviewed| reviewed as &mut dyn Review);
    transfer.run(&files, &journal, review, summary);
    if !is_settled {
        summary.warnings.extend(files.warnings());
        summary.extra.insert("set_aside".to_owned(), files.set_aside().into());
    }
    outcomes::write(context, results, &files, &journal, summary);
    if let (Some(path), None) = (&options.plan_out, &summary.error) {
        if sheet.is_none() {
            write_plan(path, identity, &journal)?;
        }
        let line = format!("Plan for review: {}", path.display());
        context.output.result_naming(&line, &[path]);
    }
    run.end(journal, summary)
}

/// The files, opened, and looked at as far as that is done before the list of what the organization holds.
struct Surveyed<'a> {
    source: Source,
    /// The file that each table came from.
    paths: Vec<PathBuf>,
    /// None where the files are large: they are surveyed and planned in one pass.
    survey: Option<Survey>,
    rejects: Rejects<'a>,
    /// The reject files that the run may write; none where it writes none.
    reject_files: Vec<PathBuf>,
    connected: Connected,
}

/// Opens the files, checks where rejects would be written, connects, and surveys.
fn survey<'a>(
    writing: Writing<'_>,
    options: &'a Import,
    opening: &Opening,
    shard: Option<Shard>,
    summary: &mut Summary,
) -> Result<Surveyed<'a>, Error> {
    let in_one_pass = shard.is_none() && are_large(&options.files);
    let rejects = Rejects {
        wanted: options.rejects.as_deref(),
        part: shard.map(|shard| shard.file_part()),
        settings: settings(options, opening),
        run: String::new(),
    };
    let mut connected = None;
    let mut reject_files = Vec::new();
    let (source, paths, survey) = opening.with_open(&options.files, &mut |opened: Opened| {
        let paths = opened.paths.clone();
        let mut source = opened.source(columns(options, opening))?;
        if writing.terms.sends || options.rejects.is_some() {
            reject_files = rejects.check(&source, &paths)?;
        }
        if connected.is_none() {
            connected = Some(writing.connect(summary)?);
        }
        let survey = if in_one_pass { None } else { Some(source.survey()?) };
        Ok((source, paths, survey))
    })?;
    Ok(Surveyed {
        source,
        paths,
        survey,
        rejects,
        reject_files,
        connected: connected.map_or_else(|| writing.connect(summary), Ok)?,
    })
}

/// How columns and values are read.
fn columns(options: &Import, opening: &Opening) -> ColumnOptions {
    ColumnOptions {
        blanks_reject: matches!(options.blanks, cli::Blanks::Reject),
        ..reading::column_options(&opening.reading)
    }
}

/// Says how many of the rows are of this process's share, where it has only a share.
fn tell_share(context: &Context, files: &Files<'_>) {
    if let Some(shard) = files.shard {
        let (own, all) = (
            grouped(files.count.get().unwrap_or_default()),
            counted(files.all(), "row"),
        );
        context.output.result(&format!("Shard {shard}: {own} of {all}"));
    }
}

/// Whether the first look at these files takes longer than a look at a small organization; what gives its bytes only once
/// is spooled first, and looked at then.
fn are_large(files: &[PathBuf]) -> bool {
    let sizes = files.iter().filter_map(|file| std::fs::metadata(file).ok());
    !files.iter().any(|file| is_stream(file)) && sizes.map(|found| found.len()).sum::<u64>() > LARGE
}

/// Whatever decides what a row means, as it would be typed, one a line: with other options it is another job.
fn meaning(options: &Import, opening: &Opening) -> Result<String, Error> {
    let reading = &options.reading;
    let word = |value: &dyn std::fmt::Debug| format!("{value:?}").to_lowercase();
    let mut lines = vec![
        format!("--blanks {}", word(&options.blanks)),
        format!("--mode {}", word(&options.mode)),
        format!("--duplicates {}", word(&reading.duplicates)),
    ];
    let switches = [
        ("--complete", options.complete),
        ("--lenient", reading.lenient),
        ("--keep-suspects", reading.keep_suspects),
    ];
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
    let mut columns: Vec<&ColumnOption> = reading.column.iter().collect();
    columns.sort();
    lines.extend(columns.iter().map(ToString::to_string));
    for map in &opening.maps {
        let sha256 = fingerprint_of(map)?.sha256;
        lines.extend(sha256.map(|sha256| format!("--map of SHA-256 {sha256}")));
    }
    Ok(lines.join("\n"))
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
