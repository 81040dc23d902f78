//! `stockport export`: an organization → a file.
//!
//! Doesn't belong here: the columns that are written (`export`), formats (`sheet`).

use std::collections::BTreeSet;
use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Context;
use super::early::Early;
use super::runs_folder;
use super::writing::{self, Place};

use crate::cli::Export;
use crate::error::{Category, Error, Exit};
use crate::export::{Headers, Layout, TextFill, exported_id, says_another_id};
use crate::filter::{self, Filter};
use crate::inventory::{Completeness, Incomplete, ItemStore, Listing, read_into};
use crate::output::{counted, grouped, human};
use crate::progress::Progress;
use crate::runs::{Known, Runs};
use crate::sheet::write::{Buffer, OutFormat, Style, TableWriter, Target, WriteError, writer};

/// How many items whose `item_id` isn't their id are named.
const NAMED: usize = 5;

/// What there is to say of an export at its end.
struct Outcome {
    org: String,
    listing: Listing,
    requests: u64,
    /// Whether the file is delimited text.
    delimited: bool,
    written: Written,
}

/// What was written.
#[derive(Default)]
pub(super) struct Written {
    /// How many items: all, unless conditions left some out.
    pub(super) items: u64,
    /// How many of them say another id of themselves than the one they are stored under, and the first of these ids.
    strangers: (u64, Vec<String>),
}

impl Written {
    pub(super) fn note(&mut self, id: Option<&str>, differs: bool) {
        self.items += 1;
        if differs {
            self.strangers.0 += 1;
            if self.strangers.1.len() < NAMED {
                self.strangers.1.push(id.unwrap_or_default().to_owned());
            }
        }
    }

    pub(super) fn add(&mut self, more: Self) {
        self.items += more.items;
        self.strangers.0 += more.strangers.0;
        let room = NAMED.saturating_sub(self.strangers.1.len());
        self.strangers.1.extend(more.strangers.1.into_iter().take(room));
    }
}

/// Some items that were made into bytes.
#[derive(Default)]
struct Part<'l> {
    read: u64,
    written: Written,
    fill: Option<TextFill<&'l Layout>>,
    bytes: Buffer,
}

/// Runs the command.
pub(super) fn run(context: &Context, options: &Export) -> Exit {
    let began = Instant::now();
    match export(context, options) {
        Ok(outcome) => {
            show(context, options, &outcome, began.elapsed());
            Exit::Done
        }
        // Whoever read the output has had enough (`export - | head -1`): nothing to complain about.
        Err(error) if error.category() == Category::ClosedPipe => Exit::Done,
        Err(error) => context.fail(error),
    }
}

fn export(context: &Context, options: &Export) -> Result<Outcome, Error> {
    let target = writing::target(&options.file, options.format)?;
    let filter = Filter::parse(&options.conditions)?;
    // What can't be written is refused before anything is asked for.
    let mut place = Place::open(&options.file, options.force)?;
    let connected = context.connect()?;
    let mut store = ItemStore::sequential()?;
    let runs = Runs::new(runs_folder(false)?);
    let known = Known {
        allow_empty: options.brakes.allow_empty,
        allow_shrink: options.brakes.allow_shrink,
        ..runs.known(&connected.place, &connected.org)
    };
    let expected = known.at_least.filter(|_| !known.allow_shrink);
    let early = filter.is_empty() && place.can_restart();
    let mut early = Early::new(options, &target, &mut store, early.then(|| place.bytes()));
    let listing = read_into(&context.output, &connected.client, expected, &mut early)?;
    if matches!(listing.completeness, Completeness::Cut | Completeness::Unlisted) {
        return Err(Incomplete::of(&connected.org, &listing).into());
    }
    known.check(&connected.org, &listing)?;
    filter.check(early.fields())?;
    let layout = layout(options, early.fields())?;
    let written = if let Some(written) = early.finish(&layout) {
        written
    } else {
        place.restart()?;
        write(context, options, &target, (&layout, &filter), &mut store, place.bytes())?
    };
    place.commit()?;
    Ok(Outcome {
        org: connected.org,
        listing,
        requests: connected.client.requests(),
        delimited: matches!(target.format, OutFormat::Csv | OutFormat::Tsv),
        written,
    })
}

fn layout(options: &Export, present: &BTreeSet<String>) -> Result<Layout, Error> {
    let layout = whole_layout(options.raw, present);
    if options.fields.is_empty() {
        return Ok(layout);
    }
    Ok(layout.only(filter::fields(&options.fields, present)?))
}

/// With every field.
pub(super) fn whole_layout(raw: bool, present: &BTreeSet<String>) -> Layout {
    if raw {
        Layout::raw(present)
    } else {
        Layout::new(present)
    }
}

/// How an export looks.
#[derive(Clone, Copy)]
pub(super) struct Looks {
    target: Target,
    headers: Headers,
    style: Style,
    pub(super) raw: bool,
}

pub(super) fn options_of(options: &Export, target: &Target) -> Looks {
    Looks {
        target: *target,
        // As stored: the API's own names, in a workbook too.
        headers: match options.headers {
            None if options.raw => Headers::Field,
            wanted => writing::headers(target, wanted),
        },
        style: Style {
            excel_safe: options.excel_safe,
            ..Style::default()
        },
        raw: options.raw,
    }
}

/// The writer of an export.
pub(super) fn table<'w>(
    looks: Looks,
    layout: &Layout,
    out: Box<dyn Write + Send + 'w>,
) -> Result<Box<dyn TableWriter + 'w>, WriteError> {
    writer(&looks.target, &layout.columns(looks.headers), &looks.style, out)
}

fn write(
    context: &Context,
    options: &Export,
    target: &Target,
    (layout, filter): (&Layout, &Filter),
    store: &mut ItemStore,
    out: Box<dyn Write + Send + '_>,
) -> Result<Written, Error> {
    let mut out = table(options_of(options, target), layout, out)?;
    let progress = Progress::begin(&context.output, "Writing", Some(store.count()));
    let mut all = Written::default();
    let written = match out.in_parts() {
        Some(parts) => {
            let encoder = parts.encoder();
            store.each_part::<Part<'_>, Error>(
                &|part, item| {
                    part.read += 1;
                    if !filter.is_empty() && !filter.matches(&item.to_object()) {
                        return Ok(());
                    }
                    let id = item.id();
                    let id = id.as_deref();
                    part.written.note(id, says_another_id(item, id));
                    let mut cells = Vec::with_capacity(32);
                    part.fill
                        .get_or_insert_with(|| TextFill::new(layout))
                        .fill(item, id, &mut cells);
                    Ok(encoder.encode(&cells, &mut part.bytes)?)
                },
                &mut |part| {
                    context.go_on()?;
                    progress.done(part.read);
                    all.add(part.written);
                    Ok(parts.encoded(part.bytes.as_slice())?)
                },
            )
        }
        None => store.each::<Error>(|item| {
            context.go_on()?;
            progress.done(1);
            if !filter.matches(&item) {
                return Ok(());
            }
            let (id, differs) = exported_id(&item);
            all.note(id.as_str(), differs);
            let mut cells = Vec::new();
            layout.fill(&item, &id, &mut cells);
            Ok(out.row(&cells)?)
        }),
    };
    progress.clear();
    written?;
    out.finish()?;
    Ok(all)
}

fn show(context: &Context, options: &Export, outcome: &Outcome, took: Duration) {
    let output = &context.output;
    let mut warnings = Vec::new();
    let (strangers, named) = &outcome.written.strangers;
    if *strangers > 0 {
        let more = if *strangers > named.len() as u64 { ", …" } else { "" };
        warnings.push(format!(
            "{} items say another item_id of themselves than the id they are stored under, or none: {}{more}",
            grouped(*strangers),
            named.join(", ")
        ));
    }
    if options.excel_safe && !outcome.delimited {
        warnings.push("--excel-safe changes nothing here: only delimited text needs a guard".to_owned());
    }
    for warning in &warnings {
        output.warn(warning);
    }
    let grade = match outcome.listing.completeness {
        Completeness::Proved => "proved",
        _ => "plausible",
    };
    let evidence = if outcome.listing.completeness == Completeness::Proved && !output.is_verbose() {
        String::new()
    } else {
        format!(": {}", outcome.listing.evidence)
    };
    let summary = format!(
        "Exported {} of {} ({grade} to be all{evidence}) in {}",
        if outcome.written.items == outcome.listing.count {
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
    if writing::is_stdout(&options.file) {
        // Standard output belongs to the items alone.
        output.say(&summary);
        return;
    }
    output.result_naming(&format!("{summary}: {}", options.file.display()), &[&options.file]);
    output.document(&json!({
        "source": outcome.org, "target": options.file.to_string_lossy(), "items": outcome.written.items,
        "held": outcome.listing.count,
        "completeness": grade, "evidence": outcome.listing.evidence, "requests": outcome.requests,
        "seconds": (took.as_secs_f64() * 1000.0).round() / 1000.0, "warnings": warnings, "error": Value::Null,
    }));
}
