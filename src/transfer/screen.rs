//! What a person sees of a transfer before it writes: what was understood, what the organization holds, the plan.
//!
//! Doesn't belong here: printing (`output`), what comes after the writing (`report`).

use super::{Conflicts, Description};
use crate::columns::{Survey, is_nothing};
use crate::error::Error;
use crate::inventory::{Completeness, Listing};
use crate::item::ITEM_ID;
use crate::journal::Journal;
use crate::output::{Output, Tone, counted, grouped};
use crate::plan::{Action, Change, shown};
use crate::sheet::Table;

/// How many changes are shown field by field, and how many problems.
pub(super) const FIRST: usize = 5;
const FIRST_PROBLEMS: usize = 10;

/// How each file was understood.
pub fn show_reading(output: &Output, tables: &[Table], survey: &Survey) {
    for table in tables {
        let sheet = table
            .sheet
            .as_ref()
            .map(|sheet| format!(", sheet {sheet}"))
            .unwrap_or_default();
        let header = if table.header.line > 0 {
            format!(", header in row {}", table.header.line)
        } else {
            String::new()
        };
        output.result(&format!("{}{sheet}{header}", table.file));
        for note in &table.notes {
            output.result(&output.paint(Tone::Dim, &format!("  {note}")));
        }
    }
    for decision in &survey.decisions {
        output.result(&format!("  {decision}"));
    }
    for warning in &survey.warnings {
        output.warn(warning);
    }
}

/// What an organization holds, and how sure it is.
pub fn show_listing(output: &Output, org: &str, listing: &Listing) {
    let grade = match listing.completeness {
        Completeness::Proved => "proved whole",
        Completeness::Plausible => "plausibly whole",
        Completeness::Cut => "cut",
        Completeness::Unlisted => "it can't be listed",
    };
    // A proof is for those who ask for it; why there is none concerns everybody.
    let evidence = if listing.completeness == Completeness::Proved && !output.is_verbose() {
        String::new()
    } else {
        format!(": {}", listing.evidence)
    };
    output.result(&format!(
        "{org} holds {} ({grade}{evidence})",
        counted(listing.count, "item")
    ));
}

pub(super) fn show_plan(
    output: &Output,
    supply: &Description<'_>,
    journal: &Journal,
    (create, update, delete): (u64, u64, u64),
    (unchanged, skipped, done): (u64, u64, u64),
) -> Result<(), Error> {
    output.result("Plan:");
    let rejected = journal.rejected()?;
    let (mut reject, mut skip, mut change) = (rejected, skipped, update);
    let (conflicts, conflict) = match supply.conflicts {
        Conflicts::Refused(count) => (take_from(&mut reject, count), "conflict"),
        Conflicts::Left(count) => (take_from(&mut skip, count), "conflict, left as they are"),
        Conflicts::Overwritten(count) => (take_from(&mut change, count), "conflict, overwritten"),
    };
    let all = create + update + delete + skipped + rejected + done == 0 && unchanged > 0;
    let unchanged_name = if all {
        "unchanged (all of them: nothing to send)"
    } else {
        "unchanged"
    };
    let lines = [
        (Tone::Good, "create", create, true),
        (Tone::Good, "update", change, true),
        (Tone::Bad, conflict, conflicts, conflicts > 0),
        (Tone::Plain, unchanged_name, unchanged, true),
        (Tone::Bad, "delete", delete, delete > 0),
        (Tone::Plain, "skip", skip, skip > 0),
        (Tone::Warning, "reject", reject, reject > 0),
        (Tone::Plain, "done by an earlier part of this run", done, done > 0),
    ];
    for (tone, name, count, shown) in lines {
        if shown {
            let tone = if count > 0 { tone } else { Tone::Dim };
            output.result(&output.paint(tone, &format!("  {:>9} {name}", grouped(count))));
        }
    }
    let cleared = if update > 0 { journal.cleared()? } else { 0 };
    if cleared > 0 {
        let line = format!("  {:>9} stored values among them would be cleared", grouped(cleared));
        output.result(&output.paint(Tone::Warning, &line));
    }
    for remark in &supply.remarks {
        output.result(&format!("  {remark}"));
    }
    let changes = if update > 0 {
        journal.first_changes(Action::Update, supply.shown_updates)?
    } else {
        Vec::new()
    };
    for change in &changes {
        output.result(&format!("  {}: {}", change.id, differences(change)));
    }
    let more = update.saturating_sub(changes.len() as u64);
    if more > 0 && !changes.is_empty() {
        output.result(&output.paint(Tone::Dim, &format!("  … and {}", counted(more, "more update"))));
    }
    show_problems(output, supply, journal, rejected)
}

/// Names the first items that are to be created or deleted, so many at most.
pub fn show_items(
    output: &Output,
    journal: &Journal,
    (action, count): (Action, u64),
    most: usize,
) -> Result<(), Error> {
    if count == 0 {
        return Ok(());
    }
    let sign = if action == Action::Delete { '-' } else { '+' };
    let first = journal.first_changes(action, most)?;
    for change in &first {
        let item = change.before.as_ref().unwrap_or(&change.body);
        let name = item.get("name").filter(|name| !is_nothing(Some(name)));
        let name = name.map_or_else(String::new, |name| format!(" {}", shown(Some(name))));
        output.result(&format!("  {sign} {}{name}", change.id));
    }
    let more = count.saturating_sub(first.len() as u64);
    if more > 0 {
        output.result(&output.paint(Tone::Dim, &format!("  … and {}", counted(more, "more item"))));
    }
    Ok(())
}

/// What is shown on a line of its own leaves the line where it was counted. A resumed run may have sent some of them
/// before; those are not counted there any more.
fn take_from(line: &mut u64, count: u64) -> u64 {
    let count = count.min(*line);
    *line -= count;
    count
}

fn show_problems(output: &Output, supply: &Description<'_>, journal: &Journal, rejected: u64) -> Result<(), Error> {
    let mut shown = 0_u64;
    for table in 0..supply.tables {
        for problem in journal.first_rejects(table, most_named(supply))? {
            let address = (supply.address)(problem.origin, problem.rejection.index);
            output.warn(&placed(&address.unwrap_or_default(), &problem.rejection.reason));
            shown += 1;
        }
    }
    if rejected > shown {
        output.warn(&format!("… and {}", counted(rejected - shown, "more rejected row")));
    }
    Ok(())
}

/// How many problems are shown: all, where no file takes the rest.
fn most_named(supply: &Description<'_>) -> usize {
    if supply.keeps_rejects {
        FIRST_PROBLEMS
    } else {
        usize::MAX
    }
}

/// The items that were to be deleted and have changed since the plan.
pub(super) fn show_left(output: &Output, supply: &Description<'_>, journal: &Journal, left: u64) -> Result<(), Error> {
    if left == 0 {
        return Ok(());
    }
    let most = most_named(supply);
    let (mut shown, mut more) = (0, 0_u64);
    journal.each_left(&mut |problem| {
        // The others are reported by the command.
        let Some(address) = (supply.address)(problem.origin, None) else {
            return;
        };
        if shown < most {
            output.warn(&placed(&address, &problem.rejection.reason));
            shown += 1;
        } else {
            more += 1;
        }
    })?;
    if more > 0 {
        output.warn(&format!("… and {} left as they are", counted(more, "more item")));
    }
    Ok(())
}

/// The first items that the endpoint refused, in its own words.
pub(super) fn show_failures(
    output: &Output,
    supply: &Description<'_>,
    journal: &Journal,
    failed: u64,
) -> Result<(), Error> {
    let mut shown = 0;
    for (id, reason) in journal.first_failures(most_named(supply))? {
        output.warn(&format!("{id} failed: {reason}"));
        shown += 1;
    }
    let more = failed.saturating_sub(shown);
    if more > 0 {
        output.warn(&format!("… and {} more failed", grouped(more)));
    }
    Ok(())
}

/// `count.csv, line 3, column "Item ID": the item id is empty`: most reasons bring the end of the address themselves.
fn placed(address: &str, reason: &str) -> String {
    let ends = std::iter::once(0).chain(address.match_indices(", ").map(|(at, comma)| at + comma.len()));
    let bare = ends
        .filter_map(|at| address.get(at..))
        .find_map(|end| reason.strip_prefix(end)?.strip_prefix(": "));
    format!("{address}: {}", bare.unwrap_or(reason))
}

/// `quantity 12 → 10.5, name "Kush" → "Kush 2"`
fn differences(change: &Change) -> String {
    let fields = change
        .body
        .iter()
        .filter(|(field, _)| field.as_str() != ITEM_ID)
        .map(|(field, new)| {
            let old = change.before.as_ref().and_then(|before| before.get(field));
            format!("{field} {} → {}", shown(old), shown(Some(new)))
        });
    fields.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_once() {
        let address = r#"messy.csv, line 3, column "Item, ID: no""#;
        let reason = r#"line 3, column "Item, ID: no": the item id is empty"#;
        assert_eq!(placed(address, reason), format!("{address}: the item id is empty"));
        assert_eq!(
            placed("count.xlsx, Sheet!B8", "Sheet!B8: no integer"),
            "count.xlsx, Sheet!B8: no integer"
        );
        assert_eq!(placed("a.csv, line 3", "too long"), "a.csv, line 3: too long");
    }
}
