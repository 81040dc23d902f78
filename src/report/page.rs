//! A run's report as a page: whether all went well, the totals, the changes by field, the rejects by reason.
//!
//! Doesn't belong here: how a page looks (`output::page`), what is counted (`details`).

use super::Summary;
use super::details::{Named, Reason};
use crate::error::Exit;
use crate::output::page::{Page, Verdict};
use crate::output::{grouped, human};

/// The page of a command's run.
pub(super) fn page(command: &str, summary: &Summary) -> String {
    let mut page = Page::new(&title(command, summary));
    let verdict = match summary.exit() {
        Exit::Done => Verdict::Good,
        Exit::Partial => Verdict::Part,
        _ => Verdict::Bad,
    };
    for sentence in sentences(summary) {
        page.verdict(verdict, &sentence);
    }
    if let Some(tally) = &summary.tally {
        page.bar(&tally.parts());
    }
    page.facts(&facts(summary));
    if let Some(details) = &summary.details {
        fields(&mut page, summary);
        reasons(&mut page, &details.reasons);
    }
    if !summary.warnings.is_empty() {
        page.heading("Warnings");
        for warning in &summary.warnings {
            page.text(warning);
        }
    }
    if !summary.next.is_empty() {
        page.heading("Next commands");
        for next in &summary.next {
            page.code(next.what(), next.command());
        }
    }
    page.finish()
}

/// `Import: count.xlsx → acme`
pub(super) fn title(command: &str, summary: &Summary) -> String {
    let mut letters = command.chars();
    let command = letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect::<String>())
        .unwrap_or_default();
    let run = if summary.dry_run { " (dry run)" } else { "" };
    let ends = [summary.source.as_str(), summary.target.as_str()];
    let ends: Vec<&str> = ends.into_iter().filter(|end| !end.is_empty()).collect();
    format!("{command}{run}: {}", ends.join(" → "))
}

/// What became of the run, the closing equation first.
pub(super) fn sentences(summary: &Summary) -> Vec<String> {
    let mut sentences = Vec::new();
    if let Some(tally) = &summary.tally {
        sentences.push(summary.equation(tally));
    }
    if let Some(error) = &summary.error {
        sentences.push(format!("Stopped: {}", error.line()));
    }
    sentences
}

/// What else there is to know of the run, by name.
pub(super) fn facts(summary: &Summary) -> Vec<(&'static str, String)> {
    let paths = |paths: &[std::path::PathBuf]| {
        let paths = paths.iter().map(|path| path.display().to_string());
        paths.collect::<Vec<_>>().join(", ")
    };
    let verified = match summary.verified {
        None => "",
        Some(true) => "read back: every value is as sent",
        Some(false) => "read back: values differ from what was sent",
    };
    let planned = summary.planned.map(|(create, update, delete)| {
        format!(
            "{} to create, {} to update, {} to delete",
            grouped(create),
            grouped(update),
            grouped(delete)
        )
    });
    let differently = match summary.stored_differently.0 {
        0 => String::new(),
        count => grouped(count),
    };
    let facts = [
        ("Source", summary.source.clone()),
        ("Organization", summary.target.clone()),
        ("Run", summary.run.clone()),
        ("Plan", planned.unwrap_or_default()),
        ("Verified", verified.to_owned()),
        ("Items stored differently from what was sent", differently),
        ("Rows to be corrected", paths(&summary.rejects)),
        ("Requests", grouped(summary.requests)),
        ("Requests repeated", grouped(summary.retries)),
        ("Duration", human(summary.took)),
        (
            "Ended",
            jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        ),
        ("Tool", concat!("stockport ", env!("CARGO_PKG_VERSION")).to_owned()),
    ];
    facts.into_iter().filter(|(_, fact)| !fact.is_empty()).collect()
}

fn fields(page: &mut Page, summary: &Summary) {
    let fields = summary.details.iter().flat_map(|details| &details.fields);
    let rows: Vec<[String; 4]> = fields
        .map(|count| {
            [
                count.field.clone(),
                grouped(count.created),
                grouped(count.updated),
                grouped(count.cleared),
            ]
        })
        .collect();
    page.heading(if summary.dry_run {
        "Planned changes by field"
    } else {
        "Changes by field"
    });
    if rows.is_empty() {
        page.text("None.");
    } else {
        page.table(
            &["Field", "New items with a value", "Items updated", "Of these cleared"],
            rows,
        );
    }
}

fn reasons(page: &mut Page, reasons: &[Reason]) {
    page.heading("Rejects by reason");
    if reasons.is_empty() {
        page.text("None.");
        return;
    }
    let rows = reasons.iter().map(|reason| {
        [
            reason.text.clone(),
            reason.column.clone().unwrap_or_default(),
            reason.outcome.to_owned(),
            grouped(reason.rows),
            named(reason),
        ]
    });
    page.table(&["Reason", "Column", "Outcome", "Rows", "First rows"], rows);
    page.text("A row with several reasons counts for each.");
}

/// The first rows of a reason, each with its value.
pub(super) fn named(reason: &Reason) -> String {
    let row = |Named { place, value }: &Named| match (place.is_empty(), value.is_empty()) {
        (true, _) => value.clone(),
        (false, true) => place.clone(),
        (false, false) => format!("{place}: {value}"),
    };
    let mut rows: Vec<String> = reason.first.iter().map(row).collect();
    let more = reason.rows.saturating_sub(reason.first.len() as u64);
    if more > 0 {
        rows.push(format!("… and {} more", grouped(more)));
    }
    rows.join("; ")
}
