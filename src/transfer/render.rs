//! The terminal's text: what a person reads of each event.
//!
//! Doesn't belong here: collecting events (`events` and the rooms that tell them), streams and line breaks (`output`).

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::items::{Lines, first_lines, item_lines};
use crate::output::events::{COMPLETE, Event, Fate, Grade, Listing, PROBABLY_COMPLETE, Plan, Reading, Told, Watch};
use crate::output::{Output, Style, Terminal, Tone, counted, grouped};

/// An output whose events are shown on the terminal, results among them on standard output, unless the style says otherwise.
#[must_use]
pub fn printer(style: Style) -> Output {
    Output::new(style).watched_by(|terminal| Box::new(Text { style, terminal }))
}

/// Prints events as text.
struct Text {
    style: Style,
    terminal: Arc<Terminal>,
}

impl Watch for Text {
    fn tell(&self, told: &Told) {
        match &told.event {
            Event::Start(_) | Event::Finish { .. } => {}
            Event::Reading(reading) => self.results(&reading_lines(reading)),
            Event::Listing(listing) => self.results(&listing_lines(listing, self.style.verbose)),
            Event::Plan(plan) => self.plan(plan),
            Event::Items(items) => self.results(&item_lines(items)),
            Event::Verified { compared, differing } => self.results(&verified_lines(*compared, *differing)),
            Event::Progress(progress) => self.say(&progress.message, &[]),
            Event::Waiting { message, .. } => self.say(message, &[]),
            Event::Info { message, paths } => self.say(message, paths),
            Event::Warning { message, .. } => self.warn(message),
            Event::Failed { item, reason } => self.warn(&format!("{item} failed: {reason}")),
            Event::Rejected { message, value } => {
                let value = if value.is_empty() || message.contains(value.as_str()) {
                    String::new()
                } else {
                    format!(" ({value:?})")
                };
                self.err(Tone::Bad, "rejected:", &format!("{message}{value}"), &[]);
            }
            Event::Error {
                message, hint, place, ..
            } => {
                let mut text = message.clone();
                if let Some(hint) = hint {
                    text += &format!("\n{} {hint}", self.terminal.paint_err(Tone::Good, "hint:"));
                }
                self.err(Tone::Bad, "error:", &text, place.as_slice());
            }
        }
    }
}

impl Text {
    /// Lines of the result. With `--json` they are not shown, as the document holds them; nor with `--quiet`.
    fn results(&self, lines: &[(Tone, String)]) {
        if self.style.json || self.style.quiet {
            return;
        }
        for (tone, line) in lines {
            self.terminal.out(&self.terminal.paint(*tone, line), &[]);
        }
    }

    /// The plan. A person who is asked to agree to it sees it, wherever the results go.
    fn plan(&self, plan: &Plan) {
        let lines = plan_lines(plan);
        if plan.is_asked
            && !self.style.json_log
            && (self.style.json || self.style.quiet || !std::io::stdout().is_terminal())
        {
            for (tone, line) in &lines {
                self.terminal.err(&self.terminal.paint_err(*tone, line), &[]);
            }
        }
        self.results(&lines);
    }

    fn say(&self, line: &str, paths: &[PathBuf]) {
        if !self.style.quiet && !self.style.json_log {
            self.terminal.err(line, &as_paths(paths));
        }
    }

    fn warn(&self, line: &str) {
        self.err(Tone::Warning, "warning:", line, &[]);
    }

    /// With `--json-log` standard error belongs to the log.
    fn err(&self, tone: Tone, kind: &str, text: &str, paths: &[PathBuf]) {
        if !self.style.json_log {
            let text = format!("{} {text}", self.terminal.paint_err(tone, kind));
            self.terminal.err(&text, &as_paths(paths));
        }
    }
}

fn as_paths(paths: &[PathBuf]) -> Vec<&Path> {
    paths.iter().map(PathBuf::as_path).collect()
}

/// How each file was understood.
fn reading_lines(reading: &Reading) -> Lines {
    let mut lines = Lines::new();
    for table in &reading.tables {
        let sheet = table.sheet.as_ref().map(|sheet| format!(", sheet {sheet}"));
        let header = table.header_row.map(|row| format!(", header in row {row}"));
        let line = format!(
            "{}{}{}",
            table.file,
            sheet.unwrap_or_default(),
            header.unwrap_or_default()
        );
        lines.push((Tone::Plain, line));
        lines.extend(table.notes.iter().map(|note| (Tone::Dim, format!("  {note}"))));
    }
    let decisions = reading.decisions.iter();
    lines.extend(decisions.map(|decision| (Tone::Plain, format!("  {decision}"))));
    lines
}

fn listing_lines(listing: &Listing, is_verbose: bool) -> Lines {
    let grade = match listing.completeness {
        Grade::Proved => COMPLETE,
        Grade::Plausible => PROBABLY_COMPLETE,
        Grade::Cut => "incomplete",
        Grade::Unlisted => "it can't be listed",
    };
    // A proof is for those who ask for it; why there is none concerns everybody.
    let evidence = if listing.completeness == Grade::Proved && !is_verbose {
        String::new()
    } else {
        format!(": {}", listing.evidence)
    };
    let items = counted(listing.items, "item");
    vec![(
        Tone::Plain,
        format!("{} holds {items} ({grade}{evidence})", listing.organization),
    )]
}

/// The counts. Conflicts stand on a line of their own, and leave the line where they are counted.
fn plan_lines(plan: &Plan) -> Lines {
    let (mut update, mut skip, mut reject) = (plan.update, plan.skip, plan.reject);
    let (counted_in, conflict) = match plan.conflicts_are {
        Fate::Rejected => (&mut reject, "conflict"),
        Fate::Skipped => (&mut skip, "conflict, left as they are"),
        Fate::Overwritten => (&mut update, "conflict, overwritten"),
    };
    *counted_in = counted_in.saturating_sub(plan.conflicts);
    let others = plan.create + plan.update + plan.delete + plan.skip + plan.reject + plan.done_before;
    let unchanged = if others == 0 && plan.unchanged > 0 {
        "unchanged (all of them: nothing to send)"
    } else {
        "unchanged"
    };
    let counts = [
        (Tone::Good, "create", plan.create, true),
        (Tone::Good, "update", update, true),
        (Tone::Bad, conflict, plan.conflicts, false),
        (Tone::Plain, unchanged, plan.unchanged, true),
        (Tone::Bad, "delete", plan.delete, false),
        (Tone::Plain, "skip", skip, false),
        (Tone::Warning, "reject", reject, false),
        (
            Tone::Plain,
            "done by an earlier part of this run",
            plan.done_before,
            false,
        ),
        (
            Tone::Warning,
            "stored values among them would be cleared",
            plan.cleared,
            false,
        ),
    ];
    let mut lines = vec![(Tone::Plain, "Plan:".to_owned())];
    for (tone, name, count, is_always_shown) in counts {
        if count > 0 || is_always_shown {
            let tone = if count > 0 { tone } else { Tone::Dim };
            lines.push((tone, format!("  {:>9} {name}", grouped(count))));
        }
    }
    lines.extend(plan.remarks.iter().map(|remark| (Tone::Plain, format!("  {remark}"))));
    lines.extend(first_lines(plan));
    lines
}

fn verified_lines(compared: u64, differing: u64) -> Lines {
    let items = counted(compared, "item");
    let line = if differing == 0 {
        format!("{items}, no differences")
    } else {
        let differ = if differing == 1 { "differs" } else { "differ" };
        format!("{} of {items} {differ}", grouped(differing))
    };
    vec![(Tone::Plain, format!("Verified by reading back: {line}"))]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::events::{FieldUpdate, NamedItem, Update};

    fn texts(lines: Lines) -> Vec<String> {
        lines.into_iter().map(|(_, line)| line).collect()
    }

    #[test]
    fn a_plan_shows_its_counts_and_its_first_updates() {
        let plan = Plan {
            create: 1_200,
            update: 2,
            unchanged: 3,
            reject: 4,
            conflicts: 1,
            cleared: 1,
            remarks: vec!["a remark".to_owned()],
            creates: vec![NamedItem {
                item: "A0".to_owned(),
                name: Some(json!("Haze")),
                quantity: Some(json!(1.5)),
            }],
            all_in: "l lists them".to_owned(),
            updates: vec![Update {
                item: "A1".to_owned(),
                name: Some(json!("Og")),
                fields: vec![
                    FieldUpdate {
                        field: "quantity".to_owned(),
                        before: Some(json!(12)),
                        after: json!(10.5),
                    },
                    FieldUpdate {
                        field: "name".to_owned(),
                        before: None,
                        after: json!("Kush"),
                    },
                ],
            }],
            ..Plan::default()
        };
        assert_eq!(
            texts(plan_lines(&plan)),
            [
                "Plan:",
                "      1,200 create",
                "          2 update",
                "          1 conflict",
                "          3 unchanged",
                "          3 reject",
                "          1 stored values among them would be cleared",
                "  a remark",
                "  + A0 \"Haze\", quantity 1.5",
                "  … and 1,199 more new items: l lists them",
                "  ~ A1 \"Og\": quantity 12 → 10.5, name nothing → \"Kush\"",
                "  … and 1 more update: l lists them",
            ]
        );
    }

    #[test]
    fn conflicts_leave_the_count_that_they_are_part_of() {
        let lines = |conflicts_are| {
            texts(plan_lines(&Plan {
                update: 5,
                skip: 5,
                reject: 5,
                conflicts: 2,
                conflicts_are,
                ..Plan::default()
            }))
        };
        for (fate, expected) in [
            (
                Fate::Rejected,
                ["5 update", "2 conflict", "0 unchanged", "5 skip", "3 reject"],
            ),
            (
                Fate::Skipped,
                [
                    "5 update",
                    "2 conflict, left as they are",
                    "0 unchanged",
                    "3 skip",
                    "5 reject",
                ],
            ),
            (
                Fate::Overwritten,
                [
                    "3 update",
                    "2 conflict, overwritten",
                    "0 unchanged",
                    "5 skip",
                    "5 reject",
                ],
            ),
        ] {
            let lines = lines(fate);
            let lines: Vec<&str> = lines[2..].iter().map(|line| line.trim()).collect();
            assert_eq!(lines, expected);
        }
    }
}
