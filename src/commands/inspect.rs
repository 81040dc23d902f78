//! `stockport inspect`: what a file is, which row is its header, what each column means and why, every problem.
//!
//! Doesn't belong here: understanding the file (`columns::inspect`).

use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::slice;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Context, reading};
use crate::cli::Inspect;
use crate::columns::{self, ColumnError, InspectedColumn, Inspection, Mapping, MappingError, Sample};
use crate::error::{Error, Exit};
use crate::files::{self, bounds};
use crate::output::{Output, Tone, and_more, counted, padded, width as width_of};
use crate::sheet::write::AtomicFile;

/// How many problems are shown unless more is asked for.
const PROBLEMS: usize = 50;

/// Where the others are.
const MORE: &str = "--verbose or --json lists them";
/// How many samples of a column are shown, and how much of each.
const SAMPLES: usize = 3;
const SAMPLE_WIDTH: usize = 32;

/// Runs the command.
pub(super) fn run(context: &Context, options: &Inspect) -> Exit {
    match inspect(context, options) {
        Ok(()) => Exit::Done,
        Err(error) => context.fail(error),
    }
}

fn inspect(context: &Context, options: &Inspect) -> Result<(), Error> {
    let file = slice::from_ref(&options.file);
    let opening = reading::prepare(context, file, &options.reading)?;
    let opened = opening.open(file)?;
    opened.refuse_unknown()?;
    let given = opened.mappings.first().cloned().flatten();
    let mut inspections = Vec::with_capacity(opened.tables.len());
    for (table, mapping) in opened.tables.into_iter().zip(opened.mappings) {
        let columns = reading::column_options(&opening.reading);
        inspections.push(columns::inspect(table, columns, mapping)?);
        context.go_on()?;
    }
    if let Some(path) = &options.save_map {
        save_map(path, &inspections, given.map(Arc::unwrap_or_clone))?;
    }
    let output = &context.output;
    output.document(&document(&inspections));
    for inspection in &inspections {
        show(output, inspection);
    }
    if let Some(path) = &options.save_map {
        output.say_naming(&format!("The mapping file is {}", path.display()), &[path]);
    }
    Ok(())
}

/// One table is one document; several sheets (`--sheet '*'`) stand in a list.
fn document(inspections: &[Inspection]) -> Value {
    match inspections {
        [one] => json!(one),
        several => json!({"file": several.first().map(|first| &first.file), "sheets": several}),
    }
}

/// Writes what was understood into a mapping file. What a user has written there, or in the one given with `--map`,
/// stays as it is.
fn save_map(path: &Path, inspections: &[Inspection], given: Option<Mapping>) -> Result<(), Error> {
    let name = path.display().to_string();
    let mut file = AtomicFile::create(path, true)?;
    let mut earlier = match files::read_named_text(path, bounds::SETTINGS) {
        Ok(text) => Some(Mapping::parse(&name, &text).map_err(ColumnError::from)?),
        Err(cause) if cause.kind() == ErrorKind::NotFound => given,
        Err(cause) => {
            let file = path.to_owned();
            return Err(ColumnError::from(MappingError::Read { file, cause }).into());
        }
    };
    let mut text = String::new();
    for inspection in inspections {
        text = Mapping::text_for(&inspection.matching, earlier.as_ref());
        earlier = Some(Mapping::parse(&name, &text).map_err(ColumnError::from)?);
    }
    file.write_all(text.as_bytes())?;
    Ok(file.commit()?)
}

fn show(output: &Output, seen: &Inspection) {
    let sheet = seen.sheet.as_ref().map(|sheet| format!(", sheet {sheet}"));
    output.result(&format!("{}{}: {}", seen.file, sheet.unwrap_or_default(), kind(seen)));
    output.result(&header(seen));
    output.result(&counted(seen.rows, "data row"));
    for note in &seen.notes {
        output.result(&format!("  {note}"));
    }
    output.result("");
    let width = |text: &dyn Fn(&InspectedColumn) -> usize| seen.columns.iter().map(text).max().unwrap_or(0).min(40);
    let headers = width(&|column| width_of(&shown(&column.header)));
    let fields = width(&|column| width_of(&field(column)));
    for column in &seen.columns {
        show_column(output, column, headers, fields);
    }
    show_set_aside(output, seen);
    show_problems(output, seen);
}

fn kind(seen: &Inspection) -> String {
    let mut kind = seen.format.clone();
    if let Some(encoding) = &seen.encoding {
        kind += &format!(", {encoding}");
    }
    if let Some(delimiter) = &seen.delimiter {
        let name = match delimiter.as_str() {
            "," => "commas",
            ";" => "semicolons",
            "\t" => "tabs",
            "|" => "vertical bars",
            other => other,
        };
        kind += &format!(", columns separated by {name}");
    }
    if let Some(export) = &seen.export {
        kind += &format!("; known by its headers: {export}");
    }
    kind
}

fn header(seen: &Inspection) -> String {
    match (seen.header_row, seen.header_by.as_str()) {
        (None, _) => "The keys of the objects are the headers".to_owned(),
        (Some(row), "guessed") => {
            format!("Row {row} is probably the header: a guess, because none of its names is known")
        }
        (Some(row), "option") => format!("Row {row} is the header (--header-row)"),
        (Some(row), _) => format!("Row {row} is the header: its names match best"),
    }
}

fn show_column(output: &Output, column: &InspectedColumn, headers: usize, fields: usize) {
    let tone = match (&column.field, column.weak) {
        (Some(_), false) => Tone::Good,
        (Some(_), true) => Tone::Warning,
        (None, _) => Tone::Dim,
    };
    let field = output.paint(tone, &padded(&field(column), fields));
    output.result(&format!(
        "  {}  {field}  {}",
        padded(&shown(&column.header), headers),
        why(column)
    ));
    let mut samples: Vec<String> = Vec::new();
    for sample in &column.samples {
        let text = example(sample, column.field.is_some() && !column.weak);
        if !text.is_empty() && !samples.contains(&text) && samples.len() < SAMPLES {
            samples.push(text);
        }
    }
    if !samples.is_empty() {
        let line = format!("  {:<headers$}  {}", "", samples.join(" · "));
        output.result(&output.paint(Tone::Dim, &line));
    }
}

fn field(column: &InspectedColumn) -> String {
    match (&column.field, column.weak) {
        (Some(field), false) => format!("= {field}"),
        (Some(field), true) => format!("? {field}"),
        (None, _) => "ignored".to_owned(),
    }
}

/// Why a column is taken as it is, in words.
fn why(column: &InspectedColumn) -> String {
    let by = match column.by.as_str() {
        "exact" => "the field's own name".to_owned(),
        "synonym" => "a known name for it".to_owned(),
        "mapping" => "from the mapping file".to_owned(),
        "option" => "from --column".to_owned(),
        "similar" => "its name is like the field's".to_owned(),
        "values" => "its values look like ids".to_owned(),
        "ignored" => return "a column of the server, of a reject file or of changes".to_owned(),
        "unknown" => return "no known name".to_owned(),
        by => by.strip_prefix("fingerprint ").unwrap_or(by).to_owned(),
    };
    let confidence = format!("{:.0}%", column.confidence * 100.0);
    match (&column.field, column.weak) {
        (Some(_), false) => format!("{by} ({confidence})"),
        (Some(_), true) => format!("suggested, not applied: {by} ({confidence}); --column applies it"),
        (None, _) if matches!(column.by.as_str(), "mapping" | "option") => by,
        (None, _) => format!("{by}, but another column is mapped to the field"),
    }
}

/// `"07/22/2019" → "2019-07-22"`; a value that stays as it is is shown once.
fn example(sample: &Sample, taken: bool) -> String {
    let before = shown(&sample.before);
    let after = match &sample.after {
        None => return before,
        Some(Value::Null) if before.is_empty() => return before,
        Some(Value::Null) => "(nothing)".to_owned(),
        Some(Value::String(text)) if *text == sample.before => return before,
        Some(Value::String(text)) => format!("{:?}", shown(text)),
        Some(other) => other.to_string(),
    };
    if taken && after != before {
        format!("{before} → {after}")
    } else {
        before
    }
}

/// A text on one line, cut where it is long.
fn shown(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(SAMPLE_WIDTH)
        .collect();
    let line = line.trim().to_owned();
    if text.chars().count() > SAMPLE_WIDTH {
        line + "…"
    } else {
        line
    }
}

/// The rows that are no items, where there are more than a note names.
fn show_set_aside(output: &Output, seen: &Inspection) {
    if seen.set_aside <= columns::NAMED_ASIDE {
        return;
    }
    output.result("");
    output.result(&format!("{} ignored (not items):", counted(seen.set_aside, "row")));
    let most = if output.is_verbose() { usize::MAX } else { PROBLEMS };
    for row in seen.set_aside_rows.iter().take(most) {
        output.result(&format!("  {} {:?} {}", row.cell, shown(&row.value), row.reason));
    }
    let more = seen
        .set_aside
        .saturating_sub(seen.set_aside_rows.len().min(most) as u64);
    if let Some(line) = and_more(more, ("row", ""), MORE) {
        output.result(&format!("  {line}"));
    }
}

fn show_problems(output: &Output, seen: &Inspection) {
    let all = seen.problems.len() as u64 + seen.more_problems;
    output.result("");
    if all == 0 {
        output.result("No problems");
        return;
    }
    output.result(&format!("{}:", counted(all, "problem")));
    let most = if output.is_verbose() { usize::MAX } else { PROBLEMS };
    for problem in seen.problems.iter().take(most) {
        let value = if problem.value.is_empty() {
            String::new()
        } else {
            format!(" {:?}", shown(&problem.value))
        };
        output.result(&format!("  {}:{value} {}", problem.cell, problem.reason));
    }
    let more = all.saturating_sub(seen.problems.len().min(most) as u64);
    if let Some(line) = and_more(more, ("problem", ""), MORE) {
        output.result(&format!("  {line}"));
    }
}
