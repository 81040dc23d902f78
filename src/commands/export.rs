//! `stockport export`: an organization → a file.
//!
//! Doesn't belong here: the columns and rows that are written (`export`), formats (`sheet`), `--since` (`since`).

mod since;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Connected, Context, runs_folder, writing};
use crate::cli::{Export, Order};
use crate::error::{Category, Error, Exit};
use crate::export::{Headers, Lost, Settings, Sink, Written};
use crate::filter::{self, Filter};
use crate::inventory::{Completeness, Incomplete, Listing, ask_for, read_into};
use crate::output::events::{COMPLETE, PROBABLY_COMPLETE};
use crate::output::{About, Warning, counted, counted_have, grouped, human};
use crate::runs::{Known, Runs};
use crate::sheet::write::{Destination, Form, OutFormat, Style};
use since::{Since, Told};

/// What is reported of an export at its end.
struct Outcome {
    org: String,
    listing: Listing,
    requests: u64,
    retries: u64,
    format: OutFormat,
    written: Written,
    changes: Option<Told>,
}

/// Runs the command. `form`: a workbook is to be filled in.
pub(super) fn run(context: &Context, options: &Export, form: Option<&'static Form>) -> Exit {
    let began = Instant::now();
    match export(context, options, form) {
        Ok(outcome) => {
            show(context, options, &outcome, began.elapsed());
            Exit::Done
        }
        // Whoever read the output has had enough (`export - | head -1`): nothing to complain about.
        Err(error) if error.category() == Category::ClosedPipe => Exit::Done,
        Err(error) => context.fail(error),
    }
}

fn export(context: &Context, options: &Export, form: Option<&'static Form>) -> Result<Outcome, Error> {
    let settings = settings(options, form)?;
    let format = settings.target.format;
    let since = options.since.as_deref().map(|since| since::find(context, since));
    let since = since.transpose()?;
    // What can't be written is refused before anything is asked for.
    let destination = writing::open(&options.file, options.force)?;
    let connected = context.connect()?;
    since.iter().try_for_each(|since| since.check(&connected))?;
    let recorded = context.record("export", &connected, &options.file);
    let ended = write(context, options, (settings, destination), (&connected, since.as_ref()));
    match &ended {
        Ok((listing, written, _)) => {
            let document = json!({"items": written.items, "held": listing.count, "evidence": listing.evidence});
            recorded.end(Exit::Done, None, &document);
        }
        // Whoever read the output has had enough.
        Err(error) if error.category() == Category::ClosedPipe => recorded.end(Exit::Done, None, &Value::Null),
        Err(error) => recorded.end(error.exit(), Some(error), &Value::Null),
    }
    let (listing, written, changes) = ended?;
    Ok(Outcome {
        org: connected.org,
        listing,
        requests: connected.client.requests(),
        retries: connected.client.retries(),
        format,
        written,
        changes,
    })
}

/// Reads the organization and writes the file.
fn write(
    context: &Context,
    options: &Export,
    (settings, destination): (Settings, Destination),
    (connected, since): (&Connected, Option<&Since>),
) -> Result<(Listing, Written, Option<Told>), Error> {
    let runs = Runs::new(runs_folder(false)?);
    let known = Known {
        allow_empty: options.brakes.allow_empty,
        allow_shrink: options.brakes.allow_shrink,
        ..runs.known(&connected.place, &connected.org)
    };
    let expected = known.at_least.filter(|_| !known.allow_shrink);
    let mut sink = Sink::new(settings, destination)?;
    let mut listing = read_into(&context.output, &connected.client, expected, &mut sink)?;
    ask_for(&context.output, &connected.client, &mut listing, &known.earlier())?;
    if matches!(listing.completeness, Completeness::Cut | Completeness::Unlisted) {
        return Err(Incomplete::of(&connected.org, &listing).into());
    }
    known.check(&connected.org, &listing)?;
    let changes = since.map(|since| since.tell(context, &mut sink)).transpose()?;
    let written = sink.finish(&context.output, &|| context.go_on());
    Ok((listing, written.map_err(|error| context.cause_of(error))?, changes))
}

fn settings(options: &Export, form: Option<&'static Form>) -> Result<Settings, Error> {
    let target = writing::target(&options.file, options.format)?;
    Ok(Settings {
        target,
        headers: match options.headers {
            // As stored: the API's own names, in a workbook too.
            None if options.raw => Headers::Field,
            wanted => writing::headers(&target, wanted),
        },
        style: Style {
            excel_safe: options.excel_safe,
            form,
            ..Style::default()
        },
        raw: options.raw,
        fields: if options.fields.is_empty() {
            Vec::new()
        } else {
            // Which fields there are is known once the items are.
            filter::fields(&options.fields, &BTreeSet::new())?
        },
        filter: Filter::parse(&options.conditions)?,
        by_id: options.order == Order::Id,
        changes: options.since.is_some(),
    })
}

fn show(context: &Context, options: &Export, outcome: &Outcome, took: Duration) {
    let output = &context.output;
    let mut warnings = outcome.written.notes.clone();
    warnings.extend(outcome.changes.iter().flat_map(|changes| changes.warnings.clone()));
    for (field, lost) in &outcome.written.lost {
        let Lost { items, first, how } = lost;
        warnings.push(About::ValuesNotKept.warning(format!(
            "{} can't keep {field} of {} as stored (first: {first:?}, {how})",
            outcome.format.name(),
            counted(*items, "item")
        )));
    }
    let (count, named) = (outcome.written.id_mismatches, &outcome.written.mismatched);
    if count > 0 {
        let more = if count > named.len() as u64 { ", …" } else { "" };
        warnings.push(About::IdMismatch.warning(format!(
            "{} an item_id that differs from the id of its document, or none: {}{more}",
            counted_have(count, "item"),
            named.join(", ")
        )));
    }
    let (count, named) = (outcome.written.refused_ids, &outcome.written.refused);
    if count > 0 {
        let more = if count > named.len() as u64 { ", …" } else { "" };
        warnings.push(About::NotImportable.warning(format!(
            "{} can't be imported again by the id: {}{more}",
            counted(count, "item"),
            named.join(", ")
        )));
    }
    if options.excel_safe && !matches!(outcome.format, OutFormat::Csv | OutFormat::Tsv) {
        warnings.push(
            About::NoEffect.warning("--excel-safe applies to csv and tsv only: other formats mark text themselves"),
        );
    }
    for warning in &warnings {
        output.warn(warning);
    }
    let (grade, words) = match outcome.listing.completeness {
        Completeness::Proved => ("proved", COMPLETE),
        _ => ("plausible", PROBABLY_COMPLETE),
    };
    let listing = &outcome.listing;
    let is_plain = listing.completeness == Completeness::Proved && listing.asked == 0;
    let evidence = if is_plain && !output.is_verbose() {
        String::new()
    } else {
        format!(": {}", listing.evidence)
    };
    let summary = format!(
        "Exported {} of {} ({words}{evidence}) in {}",
        if let Some(changes) = &outcome.changes {
            changes.summary()
        } else if outcome.written.items == outcome.listing.count {
            counted(outcome.written.items, "item")
        } else {
            format!(
                "{} of the {}",
                grouped(outcome.written.items),
                counted(outcome.listing.count, "item")
            )
        },
        outcome.org,
        human(took),
    );
    let document = json!({
        "source": outcome.org, "target": options.file.to_string_lossy(), "items": outcome.written.items,
        "held": outcome.listing.count, "since": outcome.changes.as_ref().map(Told::document),
        "not_importable": outcome.written.refused_ids,
        "completeness": grade, "evidence": outcome.listing.evidence,
        "requests": outcome.requests, "retries": outcome.retries,
        "asked_by_id": outcome.listing.asked, "not_asked_by_id": outcome.listing.not_asked,
        "seconds": (took.as_secs_f64() * 1000.0).round() / 1000.0, "warnings": warnings,
        "warning_codes": Warning::codes(&warnings), "error": Value::Null,
    });
    if writing::is_stdout(&options.file) {
        // Standard output belongs to the items alone.
        output.say(&summary);
        output.summary(&document);
        return;
    }
    output.result_naming(&format!("{summary}: {}", options.file.display()), &[&options.file]);
    output.document(&document);
}
