//! `stockport import`: spreadsheets → an organization.
//!
//! Doesn't belong here: reading rows (`columns`), sending items (`transfer`).

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::{Connected, Context, reading, runs_folder};
use crate::cli::{self, Import};
use crate::columns::{Incoming, Origin, Reading, Source};
use crate::error::{Error, Exit};
use crate::inventory::{Listing, Lookup, Spool, Window};
use crate::journal::Journal;
use crate::output::grouped;
use crate::place::PlaceError;
use crate::plan::{self, Blanks, Mode, PlanPart, Policy, Straightway, Verdict};
use crate::report::{Summary, check_rejects, write_rejects};
use crate::review::{Reviewed, write_plan};
use crate::runs::{Fingerprint, Fingerprints, Identity, Known, Runs, fingerprint_of};
use crate::shard::{self, Shard};
use crate::sheet::Stop;
use crate::transfer::{Holds, Purpose, Review, Supply, Take, Transfer, show_reading};

/// The rows of the files that the user named.
struct Files<'a> {
    source: &'a Source,
    /// The file that each table came from.
    paths: &'a [PathBuf],
    rejects: Option<&'a Path>,
    reading: &'a Stop,
    policy: Policy,
    /// The share of the rows that is this process's own; others aren't counted.
    shard: Option<Shard>,
    count: u64,
}

impl Files<'_> {
    /// Every row that is this process's own, in order.
    fn read(&self, take: &mut dyn FnMut(Incoming<'_>) -> Result<(), Error>) -> Result<(), Error> {
        self.source.read::<Error>(&mut |_, incoming| match self.shard {
            Some(shard) if !is_own(shard, &incoming) => Ok(()),
            _ => take(incoming),
        })
    }

    /// The same with their number, which takes a reading of its own where it isn't the number of all.
    fn counted(mut self) -> Result<Self, Error> {
        if self.shard.is_some() {
            let mut count = 0;
            self.read(&mut |_| {
                count += 1;
                Ok(())
            })?;
            self.count = count;
        }
        Ok(self)
    }
}

/// Whether a row is of this share: by its id, or by its place where it has none that counts.
fn is_own(shard: Shard, incoming: &Incoming<'_>) -> bool {
    match &incoming.reading {
        Reading::Item(draft) => shard.has_id(&draft.id),
        Reading::Rejected(_) | Reading::Skipped(_) => shard.has_place(incoming.origin.table, incoming.origin.line),
    }
}

impl Supply for Files<'_> {
    fn count(&self) -> u64 {
        self.count
    }

    fn ids(&self, take: &mut dyn FnMut(&str) -> Result<(), Error>) -> Result<(), Error> {
        self.read(&mut |incoming| match incoming.reading {
            Reading::Item(draft) => take(&draft.id),
            Reading::Rejected(_) | Reading::Skipped(_) => Ok(()),
        })
    }

    fn decide(&self, holds: &mut Holds<'_>, take: &mut Take<'_>) -> Result<(), Error> {
        self.read(&mut |incoming| {
            let origin = incoming.origin;
            let (id, decision) = match incoming.reading {
                Reading::Item(draft) => {
                    let stored = holds(&draft.id)?;
                    let decision = plan::decide(&draft, stored.as_ref(), &self.policy);
                    (draft.id.into_owned(), Ok(decision))
                }
                Reading::Rejected(reasons) => (String::new(), Err(reasons)),
                Reading::Skipped(_) => (String::new(), Ok(plan::Decision::Skipped("another row stands for it"))),
            };
            take(Verdict { origin, id, decision })
        })
    }

    fn decide_in_parts(
        &self,
        stored: &Lookup<'_>,
        take: &mut dyn FnMut(PlanPart) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        let straightway = Straightway::new(self.source, &self.policy)?;
        self.source.read_parts_straight::<(PlanPart, Window), Error>(
            &|(part, window), row| {
                // A row that turns out to be refused is another process's than its id says.
                if self.shard.is_some_and(|shard| !shard.has_id(row.id())) {
                    return Ok(false);
                }
                Ok(stored.with(row.id(), window, |item| straightway.decide(row, item, part))??)
            },
            &|(part, window), _, incoming| {
                if self.shard.is_some_and(|shard| !is_own(shard, &incoming)) {
                    return Ok(());
                }
                let origin = incoming.origin;
                match incoming.reading {
                    Reading::Item(draft) => {
                        stored.with(&draft.id, window, |item| {
                            part.decide(origin, &draft, item, &self.policy);
                        })?;
                    }
                    Reading::Rejected(reasons) => {
                        part.rows += 1;
                        part.rejects.extend(reasons.into_iter().map(|reason| (origin, reason)));
                    }
                    Reading::Skipped(_) => {
                        part.rows += 1;
                        part.skipped += 1;
                    }
                }
                Ok(())
            },
            &mut |(part, _)| take(part),
        )?;
        Ok(true)
    }

    fn address(&self, origin: Origin, index: Option<usize>) -> String {
        match (self.source.tables.get(origin.table), index) {
            (Some(table), Some(index)) => format!("{}, {}", table.file, table.address(origin.line, index)),
            (Some(table), None) => format!("{}, {}", table.file, table.row_address(origin.line)),
            (None, _) => format!("line {}", origin.line),
        }
    }

    fn tables(&self) -> usize {
        self.source.tables.len()
    }

    fn approve(&self, _listing: &Listing, _stored: &mut Spool) -> Result<(), Error> {
        // What is stopped from here on has to account for every row.
        self.reading.ignore();
        Ok(())
    }

    fn write_rejects(&self, journal: &Journal) -> Result<Vec<PathBuf>, Error> {
        let part = self.shard.map(|shard| shard.file_part());
        write_rejects(journal, &self.source.tables, self.paths, self.rejects, part.as_deref())
    }
}

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
    let mapping = reading::mapping(&options.reading)?;
    let fingerprints = Fingerprints::begin(&options.files);
    let mut columns = reading::column_options(&options.reading);
    columns.blanks_reject = matches!(options.blanks, cli::Blanks::Reject);
    let shard = options.shard.map(shard::Choice::from_environment).transpose()?;
    let mut connected = None;
    // Surveyed before the lock, which needs the fingerprints: they are still being taken.
    let mut survey = |tables, paths: Vec<PathBuf>| {
        let mut source = Source::with_mapping(tables, columns.clone(), mapping.as_ref())?;
        if sends || options.rejects.is_some() {
            let part = shard.map(|shard| shard.file_part());
            check_rejects(&source.tables, &paths, options.rejects.as_deref(), part.as_deref())?;
        }
        if connected.is_none() {
            connected = Some(context.connect()?);
        }
        let survey = source.survey()?;
        Ok((source, paths, survey))
    };
    let (reading, stop) = (&options.reading, &context.reading);
    let surveyed = reading::with_open(&options.files, reading, mapping.as_ref(), stop, &mut survey);
    if let Some(connected) = &connected {
        summary.target.clone_from(&connected.org);
    }
    let (source, paths, survey) = surveyed?;
    let connected = connected.map_or_else(|| context.connect(), Ok)?;
    let mut identity = identity(options, &connected, fingerprints.end()?)?;
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
    show_reading(&context.output, &source.tables, &survey);
    summary.warnings.clone_from(&survey.warnings);
    let known = Known {
        allow_empty: options.brakes.allow_empty,
        allow_shrink: options.brakes.allow_shrink,
        ..runs.known(&identity.api, &identity.org)
    };
    let (journal, purpose) = journal(context, options, sends, &runs, &identity, summary)?;
    let transfer = Transfer {
        output: &context.output,
        client: &connected.client,
        org: &connected.org,
        upload: context.upload(&options.pace),
        purpose,
        rejects_anyway: options.rejects.is_some(),
        verify: options.verify && sends,
        known,
        stop: &context.stop,
    };
    let files = Files {
        source: &source,
        paths: &paths,
        rejects: options.rejects.as_deref(),
        reading: &context.reading,
        policy: policy(options),
        shard,
        count: survey.rows,
    }
    .counted()?;
    if let Some(shard) = shard {
        context.output.result(&format!(
            "Shard {shard}: {} of the {} rows",
            grouped(files.count),
            grouped(survey.rows)
        ));
    }
    let review = reviewed.as_mut().map(|reviewed| reviewed as &mut dyn Review);
    transfer.run(&files, &journal, review, summary);
    if let (Some(path), None) = (&options.plan_out, &summary.error) {
        write_plan(path, &identity, &journal)?;
        let line = format!("The plan, for review: {}", path.display());
        context.output.result_naming(&line, &[path]);
    }
    if sends {
        summary.took = began.elapsed();
        Runs::end(&journal, summary)?;
    }
    drop(lock);
    Ok(())
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

fn identity(options: &Import, connected: &Connected, files: Vec<Fingerprint>) -> Result<Identity, Error> {
    let map = options.reading.map.as_deref().map(fingerprint_of).transpose()?;
    let map = map.and_then(|file| file.sha256);
    Ok(Identity {
        command: "import".to_owned(),
        files,
        api: connected.place.clone(),
        org: connected.org.clone(),
        options: meaning(options, map.as_deref()),
    })
}

/// Whatever decides what a row means, as it would be typed, one a line: with other options it is another job.
fn meaning(options: &Import, map: Option<&str>) -> String {
    let reading = &options.reading;
    let word = |value: &dyn std::fmt::Debug| format!("{value:?}").to_lowercase();
    let mut lines = vec![
        format!("--blanks {}", word(&options.blanks)),
        format!("--mode {}", word(&options.mode)),
        format!("--duplicates {}", word(&reading.duplicates)),
        format!("version {}", env!("CARGO_PKG_VERSION")),
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
        map.map(|sha256| format!("--map of SHA-256 {sha256}")),
    ];
    lines.extend(optional.into_iter().flatten());
    lines.join("\n")
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
