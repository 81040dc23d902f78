//! `stockport convert`: a spreadsheet → a spreadsheet, without an organization.
//!
//! Doesn't belong here: the columns that are written (`convert`), formats (`sheet`).

use std::slice;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::writing::{self, Place};
use super::{Context, reading};
use crate::cli::Convert;
use crate::columns::{Draft, Incoming, Reading, Rejection, Source, Survey};
use crate::convert::Layout;
use crate::error::{Error, Exit};
use crate::output::{grouped, human};
use crate::progress::Progress;
use crate::sheet::write::{OutFormat, Style, WriteError, writer};

/// What became of the rows.
#[derive(Default)]
struct Counts {
    read: u64,
    written: u64,
    skipped: u64,
    rejected: u64,
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
    bytes: Vec<u8>,
}

/// Writes an item of the table of this number; what it makes of it may go into the bytes.
type Write<'w> = dyn FnMut(usize, &Draft<'_>, &mut Vec<u8>) -> Result<(), WriteError> + 'w;

impl Part {
    fn take(&mut self, incoming: Incoming<'_>, write: &mut Write<'_>) -> Result<(), Error> {
        self.rows += 1;
        let table = incoming.origin.table;
        match incoming.reading {
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
        Err(Error::Write(error)) if error.is_closed_pipe() => Exit::Done,
        Err(error) if writing::is_stdout(&options.output) => {
            // Standard output belongs to the items alone.
            let error = context.cause_of(error);
            context
                .output
                .error(&error.to_string(), error.hint().as_deref(), error.place());
            error.exit()
        }
        Err(error) => context.fail(error),
    }
}

fn convert(context: &Context, options: &Convert) -> Result<(Counts, Vec<String>), Error> {
    let target = writing::target(&options.output, options.format)?;
    let mapping = reading::mapping(&options.reading)?;
    let (tables, _) = reading::open(
        slice::from_ref(&options.input),
        &options.reading,
        mapping.as_ref(),
        &context.reading,
    )?;
    let mut source = Source::with_mapping(tables, reading::column_options(&options.reading), mapping.as_ref())?;
    let mut place = Place::open(&options.output, options.force)?;
    let survey = source.survey()?;
    context.go_on()?;
    tell(context, &source, &survey);
    let layout = Layout::new(&source);
    let style = Style {
        excel_safe: options.excel_safe,
        ..Style::default()
    };
    if options.excel_safe && !matches!(target.format, OutFormat::Csv | OutFormat::Tsv) {
        context
            .output
            .say("--excel-safe guards csv and tsv only: other formats say themselves what is text");
    }
    let columns = layout.columns(writing::headers(&target, options.headers));
    let mut counts = Counts {
        read: survey.rows,
        ..Counts::default()
    };
    {
        let mut out = writer(&target, &columns, &style, place.bytes())?;
        let progress = Progress::begin(&context.output, "Converting", Some(survey.rows));
        let mut tally = |part: &Part| {
            progress.done(part.rows);
            counts.written += part.written;
            counts.skipped += part.skipped;
            counts.rejected += part.rejected.len() as u64;
            show_rejected(context, &source, &part.rejected);
        };
        let written = match out.in_parts() {
            Some(parts) => {
                let encoder = parts.encoder();
                source.read_parts_straight::<Part, Error>(
                    &|part, row| {
                        let written = layout.encode(row, &*encoder, &mut part.bytes)?;
                        part.rows += u64::from(written);
                        part.written += u64::from(written);
                        Ok(written)
                    },
                    &|part, _, incoming| {
                        part.take(incoming, &mut |table, draft, bytes| {
                            encoder.encode(&layout.cells(table, draft), bytes)
                        })
                    },
                    &mut |part| {
                        context.go_on()?;
                        tally(&part);
                        Ok(parts.encoded(&part.bytes)?)
                    },
                )
            }
            None => source.read::<Error>(&mut |_, incoming| {
                context.go_on()?;
                let mut one = Part::default();
                one.take(incoming, &mut |table, draft, _| out.row(&layout.cells(table, draft)))?;
                tally(&one);
                Ok(())
            }),
        };
        progress.clear();
        written?;
        out.finish()?;
    }
    if !counts.holds() {
        return Err(Error::Imbalance(counts.equation()));
    }
    place.commit()?;
    Ok((counts, survey.warnings))
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

fn show(context: &Context, options: &Convert, counts: &Counts, warnings: &[String], took: Duration) {
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
        "seconds": (took.as_secs_f64() * 1000.0).round() / 1000.0, "warnings": warnings, "error": Value::Null,
    }));
}
