//! `stockport convert`: a spreadsheet → a spreadsheet, without an organization.
//!
//! Doesn't belong here: the columns that are written (`convert`), formats (`sheet`).

use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Context, reading, writing};
use crate::cli::Convert;
use crate::columns::{Draft, Incoming, Reader, Reading, Rejection, Source, Straight, Survey};
use crate::convert::Layout;
use crate::error::{Category, Error, Exit};
use crate::output::{Warning, grouped, human};
use crate::progress::Progress;
use crate::report::Imbalance;
use crate::sheet::write::{
    Buffer, Column, Destination, InParts, OutFormat, RowEncoder, Style, Target, WriteError, writer,
};

/// What became of the rows.
#[derive(Default)]
struct Counts {
    read: u64,
    written: u64,
    skipped: u64,
    rejected: u64,
    /// Rows that are no items, which are not among those read.
    set_aside: u64,
}

impl Counts {
    fn equation(&self) -> String {
        let mut parts = vec![format!("{} written", grouped(self.written))];
        for (name, count) in [("skipped", self.skipped), ("rejected", self.rejected)] {
            if count > 0 {
                parts.push(format!("{} {name}", grouped(count)));
            }
        }
        format!("{} read = {}", grouped(self.read), parts.join(" + "))
    }

    /// Counts what became of some rows, and shows those that were rejected.
    fn tally(&mut self, context: &Context, source: &Source, part: &Part) {
        self.written += part.written;
        self.skipped += part.skipped;
        self.rejected += part.rejected.len() as u64;
        show_rejected(context, source, &part.rejected);
    }

    fn holds(&self) -> bool {
        self.read == self.written + self.skipped + self.rejected
    }
}

/// What became of some rows, one after the other.
#[derive(Default)]
struct Part {
    rows: u64,
    written: u64,
    skipped: u64,
    /// With the table of each.
    rejected: Vec<(usize, Vec<Rejection>)>,
    bytes: Buffer,
}

/// Writes an item of the table of this number; what it makes of it may go into the bytes.
type Write<'w> = dyn FnMut(usize, &Draft<'_>, &mut Buffer) -> Result<(), WriteError> + 'w;

/// How many rejected rows are kept until it is known that what is said of them holds.
const HELD_BACK: usize = 4096;

impl Part {
    /// Adds what became of further rows, less their bytes.
    fn join(&mut self, further: Self) {
        self.rows += further.rows;
        self.written += further.written;
        self.skipped += further.skipped;
        self.rejected.extend(further.rejected);
    }

    fn take(&mut self, incoming: Incoming<'_>, write: &mut Write<'_>) -> Result<(), Error> {
        self.rows += 1;
        let table = incoming.origin.table;
        match incoming.reading.without_stored() {
            Reading::Item(draft) => {
                write(table, &draft, &mut self.bytes)?;
                self.written += 1;
            }
            Reading::Skipped(_) => self.skipped += 1,
            Reading::Rejected(reasons) => self.rejected.push((table, reasons)),
        }
        Ok(())
    }
}

fn show_rejected(context: &Context, source: &Source, rejected: &[(usize, Vec<Rejection>)]) {
    for (table, reasons) in rejected {
        let file = source.tables.get(*table).map_or("", |table| &table.file);
        for rejection in reasons {
            let reason = format!("{file}, {}", rejection.reason);
            context.output.rejected(&reason, &rejection.value);
        }
    }
}

/// Runs the command.
pub(super) fn run(context: &Context, options: &Convert) -> Exit {
    let began = Instant::now();
    match convert(context, options) {
        Ok((counts, warnings)) => {
            show(context, options, &counts, &warnings, began.elapsed());
            if counts.rejected > 0 { Exit::Partial } else { Exit::Done }
        }
        // Whoever read the output has had enough (`convert IN - | head -1`): nothing to complain about.
        Err(error) if error.category() == Category::ClosedPipe => Exit::Done,
        Err(error) if writing::is_stdout(&options.output) => {
            // Standard output belongs to the items alone.
            let error = context.cause_of(error);
            context
                .output
                .error(error.code(), &error.to_string(), Some(&error.hint()), error.place());
            error.exit()
        }
        Err(error) => context.fail(error),
    }
}

fn convert(context: &Context, options: &Convert) -> Result<(Counts, Vec<Warning>), Error> {
    let target = writing::target(&options.output, options.format)?;
    let input = std::slice::from_ref(&options.input);
    let opening = reading::prepare(context, input, &options.reading)?;
    opening.with_open(input, &mut |opened| {
        let source = opened.source(reading::column_options(&opening.reading))?;
        convert_source(context, options, target, source)
    })
}

fn convert_source(
    context: &Context,
    options: &Convert,
    target: Target,
    mut source: Source,
) -> Result<(Counts, Vec<Warning>), Error> {
    let mut place = writing::open(&options.output, options.force)?;
    let layout = Layout::new(&source);
    let style = Style {
        excel_safe: options.excel_safe,
        ..Style::default()
    };
    let columns = layout.columns(writing::headers(&target, options.headers));
    let shape = Shape {
        target,
        style,
        columns,
        layout,
        spare: Mutex::default(),
    };
    // What was written to standard output can't be taken back.
    let early = if place.can_restart() {
        shape.write_early(context, &mut source, &mut place)?
    } else {
        None
    };
    let (survey, early) = match early {
        Some((survey, early)) => (survey, early),
        None => (source.survey()?, None),
    };
    context.go_on()?;
    tell(context, &source, &survey);
    if options.excel_safe && !matches!(target.format, OutFormat::Csv | OutFormat::Tsv) {
        context
            .output
            .say("--excel-safe applies to csv and tsv only: other formats mark text themselves");
    }
    let mut counts = Counts {
        read: survey.rows,
        set_aside: survey.set_aside.count,
        ..Counts::default()
    };
    let mut warnings = survey.warnings;
    if let Some(whole) = early {
        counts.tally(context, &source, &whole);
    } else {
        let notes = shape.write(context, &source, &mut place, &mut counts)?;
        for note in &notes {
            context.output.warn(note);
        }
        warnings.extend(notes);
    }
    if !counts.holds() {
        return Err(Imbalance(counts.equation()).into());
    }
    // A workbook of a million rows is compressed for some seconds.
    context.go_on()?;
    place.commit()?;
    Ok((counts, warnings))
}

/// What is written.
struct Shape {
    target: Target,
    style: Style,
    columns: Vec<Column>,
    layout: Layout,
    /// Memory of rows that have been written, for those to come.
    spare: Mutex<Vec<Buffer>>,
}

impl Shape {
    fn straight(&self, encoder: &dyn RowEncoder, part: &mut Part, row: &Straight<'_>) -> Result<bool, Error> {
        if part.bytes.capacity() == 0 {
            part.bytes = self.spare().pop().unwrap_or_default();
        }
        let written = self.layout.encode(row, encoder, &mut part.bytes)?;
        part.rows += u64::from(written);
        part.written += u64::from(written);
        Ok(written)
    }

    fn other(&self, encoder: &dyn RowEncoder, part: &mut Part, incoming: Incoming<'_>) -> Result<(), Error> {
        part.take(incoming, &mut |table, draft, bytes| {
            encoder.encode(&self.layout.cells(table, draft), bytes)
        })
    }

    fn spare(&self) -> MutexGuard<'_, Vec<Buffer>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes rows that have been encoded.
    fn put(&self, parts: &mut dyn InParts, part: &mut Part) -> Result<(), WriteError> {
        let mut bytes = mem::take(&mut part.bytes);
        let written = parts.encoded(bytes.as_slice());
        bytes.truncate(0);
        if bytes.capacity() > 0 {
            self.spare().push(bytes);
        }
        written
    }

    /// Writes the rows while they are surveyed; none where the format doesn't allow it. With the survey come the counts
    /// of what was written, if it stands.
    fn write_early(
        &self,
        context: &Context,
        source: &mut Source,
        place: &mut Destination,
    ) -> Result<Option<(Survey, Option<Part>)>, Error> {
        if self.target.format == OutFormat::Xlsx {
            return Ok(None);
        }
        let mut whole = Part::default();
        let read = {
            let mut out = writer(&self.target, &self.columns, &self.style, place.bytes()?)?;
            let Some(parts) = out.in_parts() else {
                return Ok(None);
            };
            let encoder = parts.encoder();
            let progress = Progress::begin(&context.output, "Converting", None);
            let read = source.survey_reading(&mut Reader {
                straight: Some(&|part, row| self.straight(&*encoder, part, row)),
                part: &|part, _, incoming| self.other(&*encoder, part, incoming),
                take: &mut |mut part: Part| {
                    progress.done(part.rows);
                    let written = context.go_on().is_ok() && self.put(parts, &mut part).is_ok();
                    whole.join(part);
                    written && whole.rejected.len() <= HELD_BACK
                },
            });
            progress.clear();
            match read {
                Ok((survey, stands)) => Ok((survey, stands && out.finish().is_ok())),
                Err(error) => Err(error),
            }
        };
        let (survey, stands) = read?;
        if !stands {
            place.restart()?;
        }
        Ok(Some((survey, stands.then_some(whole))))
    }

    /// Writes the rows after the survey, and gives what a person has to know of them.
    fn write(
        &self,
        context: &Context,
        source: &Source,
        place: &mut Destination,
        counts: &mut Counts,
    ) -> Result<Vec<Warning>, Error> {
        let mut out = writer(&self.target, &self.columns, &self.style, place.bytes()?)?;
        let progress = Progress::begin(&context.output, "Converting", Some(counts.read));
        let mut tally = |part: &Part| {
            progress.done(part.rows);
            counts.tally(context, source, part);
        };
        let written = match out.in_parts() {
            Some(parts) => {
                let encoder = parts.encoder();
                source.read_parts::<Part, Error>(
                    Some(&|part, row| self.straight(&*encoder, part, row)),
                    &|part, _, incoming| self.other(&*encoder, part, incoming),
                    &mut |mut part| {
                        context.go_on()?;
                        tally(&part);
                        Ok(self.put(parts, &mut part)?)
                    },
                )
            }
            None => source.read::<Error>(&mut |_, incoming| {
                context.go_on()?;
                let mut one = Part::default();
                one.take(incoming, &mut |table, draft, _| {
                    out.row(&self.layout.cells(table, draft))
                })?;
                tally(&one);
                Ok(())
            }),
        };
        progress.clear();
        written?;
        let notes = out.notes();
        out.finish()?;
        Ok(notes)
    }
}

/// How the file was understood: on standard error, for standard output may belong to the items.
pub(super) fn tell(context: &Context, source: &Source, survey: &Survey) {
    let output = &context.output;
    for note in source.tables.iter().flat_map(|table| &table.notes) {
        output.say(note);
    }
    for decision in &survey.decisions {
        output.say(decision);
    }
    for warning in &survey.warnings {
        output.warn(warning);
    }
}

fn show(context: &Context, options: &Convert, counts: &Counts, warnings: &[Warning], took: Duration) {
    let output = &context.output;
    if writing::is_stdout(&options.output) {
        output.say(&counts.equation());
        return;
    }
    let line = format!("{} in {}: {}", counts.equation(), human(took), options.output.display());
    output.result_naming(&line, &[&options.output]);
    output.document(&json!({
        "source": options.input.to_string_lossy(), "target": options.output.to_string_lossy(),
        "read": counts.read, "written": counts.written, "skipped": counts.skipped, "rejected": counts.rejected,
        "set_aside": counts.set_aside,
        "seconds": (took.as_secs_f64() * 1000.0).round() / 1000.0, "warnings": warnings,
        "warning_codes": Warning::codes(warnings), "error": Value::Null,
    }));
}
