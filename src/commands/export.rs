//! `stockport export`: an organization → a file.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use super::{Connected, Context};
use crate::cli::{self, Export};
use crate::error::{Error, Exit};
use crate::export::{Headers, Layout, exported_id};
use crate::inventory::{Completeness, Listing, Spool, read_into};
use crate::output::{counted, grouped};
use crate::progress::Progress;
use crate::sheet::write::{AtomicFile, Compression, OutFormat, Style, Target, writer};

/// How many items whose `item_id` isn't their id are named.
const NAMED: usize = 5;

/// What there is to say of an export at its end.
struct Outcome {
    org: String,
    listing: Listing,
    requests: u64,
    /// Items that say another id of themselves than the one they are stored under.
    strangers: (u64, Vec<String>),
}

/// Runs the command.
pub(super) fn run(context: &Context, options: &Export) -> Exit {
    let began = Instant::now();
    match export(context, options) {
        Ok(outcome) => {
            show(context, options, &outcome, began.elapsed().as_secs_f64());
            Exit::Done
        }
        // Whoever read the output has had enough (`export - | head -1`): nothing to complain about.
        Err(Error::Write(error)) if error.is_closed_pipe() => Exit::Done,
        Err(error) => context.fail(&error),
    }
}

fn export(context: &Context, options: &Export) -> Result<Outcome, Error> {
    let target = target(options)?;
    let to_stdout = options.file == Path::new("-");
    // What can't be written is refused before anything is asked for.
    let mut file = if to_stdout {
        None
    } else {
        Some(AtomicFile::create(&options.file, options.force)?)
    };
    let connected = context.connect()?;
    let mut spool = Spool::new()?;
    let listing = read_into(&context.output, &connected.client, &mut spool)?;
    if matches!(listing.completeness, Completeness::Cut | Completeness::Unlisted) {
        return Err(incomplete(&connected, &listing));
    }
    let out: Box<dyn Write + Send + '_> = match &mut file {
        Some(file) => Box::new(file),
        None => Box::new(std::io::stdout()),
    };
    let strangers = write(context, options, &target, &mut spool, out)?;
    if let Some(file) = file {
        file.commit()?;
    }
    Ok(Outcome {
        org: connected.org,
        listing,
        requests: connected.client.requests(),
        strangers,
    })
}

fn incomplete(connected: &Connected, listing: &Listing) -> Error {
    let mut evidence = listing.evidence.clone();
    if !listing.missing.is_empty() {
        let named: Vec<&str> = listing.missing.iter().take(NAMED).map(String::as_str).collect();
        let more = if listing.missing.len() > NAMED { ", …" } else { "" };
        evidence += &format!("; missing: {}{more}", named.join(", "));
    }
    Error::Incomplete {
        org: connected.org.clone(),
        evidence,
    }
}

fn target(options: &Export) -> Result<Target, Error> {
    let format = options.format.map(|format| match format {
        cli::Format::Csv => OutFormat::Csv,
        cli::Format::Tsv => OutFormat::Tsv,
        cli::Format::Xlsx => OutFormat::Xlsx,
        cli::Format::Json => OutFormat::Json,
        cli::Format::Jsonl => OutFormat::Jsonl,
    });
    if options.file == Path::new("-") {
        return Ok(Target {
            format: format.unwrap_or(OutFormat::Jsonl),
            compression: Compression::None,
        });
    }
    match (format, Target::for_path(&options.file)) {
        (Some(format), _) => Ok(Target {
            format,
            compression: Compression::for_path(&options.file),
        }),
        (None, Some(target)) => Ok(target),
        (None, None) => Err(Error::NoFormat(options.file.display().to_string())),
    }
}

fn write(
    context: &Context,
    options: &Export,
    target: &Target,
    spool: &mut Spool,
    out: Box<dyn Write + Send + '_>,
) -> Result<(u64, Vec<String>), Error> {
    let headers = match options.headers {
        Some(cli::Headers::Title) => Headers::Title,
        None if target.format == OutFormat::Xlsx => Headers::Title,
        Some(cli::Headers::Field) | None => Headers::Field,
    };
    let layout = Layout::new(spool.fields());
    let mut out = writer(target, &layout.columns(headers), &Style::default(), out)?;
    let progress = Progress::begin(&context.output, "Writing", Some(spool.count()));
    let mut strangers = (0, Vec::new());
    let written = spool.each::<Error>(|item| {
        let (id, differs) = exported_id(&item);
        if differs {
            strangers.0 += 1;
            if strangers.1.len() < NAMED {
                strangers.1.push(id.as_str().unwrap_or_default().to_owned());
            }
        }
        let mut cells = Vec::new();
        layout.fill(&item, &id, &mut cells);
        out.row(&cells)?;
        progress.done(1);
        Ok(())
    });
    progress.clear();
    written?;
    out.finish()?;
    Ok(strangers)
}

fn show(context: &Context, options: &Export, outcome: &Outcome, seconds: f64) {
    let output = &context.output;
    let mut warnings = Vec::new();
    let (strangers, named) = &outcome.strangers;
    if *strangers > 0 {
        let more = if *strangers > named.len() as u64 { ", …" } else { "" };
        warnings.push(format!(
            "{} items say another item_id of themselves than the id they are stored under, or none: {}{more}",
            grouped(*strangers),
            named.join(", ")
        ));
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
        "Exported {} of {} ({grade} to be all{evidence}) in {seconds:.1} s",
        counted(outcome.listing.count, "item"),
        outcome.org
    );
    if options.file == Path::new("-") {
        // Standard output belongs to the items alone.
        output.say(&summary);
        return;
    }
    output.result(&format!("{summary}: {}", options.file.display()));
    output.document(&json!({
        "source": outcome.org, "target": options.file.to_string_lossy(), "items": outcome.listing.count,
        "completeness": grade, "evidence": outcome.listing.evidence, "requests": outcome.requests,
        "seconds": (seconds * 1000.0).round() / 1000.0, "warnings": warnings, "error": Value::Null,
    }));
}
