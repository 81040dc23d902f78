//! What a transfer tells of itself, collected from the survey, the list and the journal: what was understood, what the
//! organization holds, the plan, the items that did not go through.
//!
//! Doesn't belong here: the events' text (`render`), what comes after the writing (`report`).

use serde_json::{Value, json};

use super::{Conflicts, Description};
use crate::columns::{Survey, is_nothing};
use crate::error::Error;
use crate::inventory::{Completeness, Listing};
use crate::item::ITEM_ID;
use crate::journal::{Journal, StoredDifferently};
use crate::output::events::{self, Event, Fate, FieldUpdate, Grade, Items, NamedItem, Plan, ReadTable, Update};
use crate::output::{Output, counted, grouped};
use crate::plan::{Action, Change, shown};
use crate::report::{Summary, bare};
use crate::sheet::Table;

/// How many changes are shown field by field, and how many problems.
pub(super) const FIRST: usize = 5;
const FIRST_PROBLEMS: usize = 10;

/// Shows how each file was understood.
pub fn show_reading(output: &Output, tables: &[Table], survey: &Survey) {
    let table = |table: &Table| ReadTable {
        file: table.file.clone(),
        sheet: table.sheet.clone(),
        header_row: (table.header.line > 0).then_some(table.header.line),
        notes: table.notes.clone(),
    };
    output.tell(Event::Reading(events::Reading {
        tables: tables.iter().map(table).collect(),
        rows: survey.rows,
        decisions: survey.decisions.clone(),
    }));
    for warning in &survey.warnings {
        output.warn(warning);
    }
}

/// Shows what an organization holds, and how sure it is.
pub fn show_listing(output: &Output, org: &str, listing: &Listing) {
    output.tell(Event::Listing(events::Listing {
        organization: org.to_owned(),
        items: listing.count,
        completeness: match listing.completeness {
            Completeness::Proved => Grade::Proved,
            Completeness::Plausible => Grade::Plausible,
            Completeness::Cut => Grade::Cut,
            Completeness::Unlisted => Grade::Unlisted,
        },
        evidence: listing.evidence.clone(),
    }));
}

/// Shows the plan: what there is to create, update and delete; then what is unchanged, skipped, and done by an earlier part of
/// the run.
pub(super) fn show_plan(
    output: &Output,
    supply: &Description<'_>,
    journal: &Journal,
    (create, update, delete): (u64, u64, u64),
    (unchanged, skip, done_before): (u64, u64, u64),
) -> Result<(), Error> {
    let reject = journal.rejected()?;
    let (conflicts, conflicts_are) = match supply.conflicts {
        Conflicts::Refused(count) => (count.min(reject), Fate::Rejected),
        Conflicts::Left(count) => (count.min(skip), Fate::Skipped),
        Conflicts::Overwritten(count) => (count.min(update), Fate::Overwritten),
    };
    let (cleared, updates) = if update > 0 {
        let first = journal.first_changes(Action::Update, supply.shown_updates)?;
        (journal.cleared()?, first.into_iter().map(field_by_field).collect())
    } else {
        (0, Vec::new())
    };
    output.tell(Event::Plan(Plan {
        create,
        update,
        unchanged,
        delete,
        skip,
        reject,
        // A resumed run may have sent some of them before; those don't count any more.
        conflicts,
        conflicts_are,
        done_before,
        cleared,
        remarks: supply.remarks.clone(),
        updates,
    }));
    show_problems(output, supply, journal, reject)
}

/// How many items of an organization the supply doesn't hold, for a person; none if it holds all. `None` if the list is
/// incomplete.
pub(super) fn missing(org: &str, count: Option<u64>) -> Option<String> {
    match count {
        Some(0) => None,
        Some(count) => Some(format!(
            "{} of {org} not in the file (--missing FILE lists them)",
            counted(count, "item")
        )),
        None => Some(format!(
            "the list of {org} is incomplete: items that the file doesn't hold are not counted"
        )),
    }
}

fn field_by_field(change: Change) -> Update {
    let Change { id, body, before, .. } = change;
    let mut before = before.unwrap_or_default();
    let fields = body.into_iter().filter(|(field, _)| field.as_str() != ITEM_ID);
    Update {
        item: id,
        fields: fields
            .map(|(field, after)| FieldUpdate {
                before: before.remove(&field),
                field,
                after,
            })
            .collect(),
    }
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
    let named = |change: Change| {
        let mut item = change.before.unwrap_or(change.body);
        NamedItem {
            item: change.id,
            name: item.remove("name").filter(|name| !is_nothing(Some(name))),
        }
    };
    let first = journal.first_changes(action, most)?;
    output.tell(Event::Items(Items {
        action: action.name(),
        count,
        first: first.into_iter().map(named).collect(),
    }));
    Ok(())
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

/// Warns of the items that were to be deleted and have changed since the plan.
pub(super) fn show_left(output: &Output, supply: &Description<'_>, journal: &Journal) -> Result<(), Error> {
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

/// Shows the first items that the endpoint refused, in its own words.
pub(super) fn show_failures(
    output: &Output,
    supply: &Description<'_>,
    journal: &Journal,
    failed: u64,
) -> Result<(), Error> {
    let mut shown = 0;
    for (item, reason) in journal.first_failures(most_named(supply))? {
        output.tell(Event::Failed { item, reason });
        shown += 1;
    }
    let more = failed.saturating_sub(shown);
    if more > 0 {
        output.warn(&format!("… and {} more failed", grouped(more)));
    }
    Ok(())
}

/// Warns of the first items that the endpoint stores differently from what was sent, with both values.
pub(super) fn show_stored_differently(output: &Output, journal: &Journal, summary: &mut Summary) -> Result<(), Error> {
    let (count, first) = journal.stored_differently(FIRST_PROBLEMS)?;
    for item in &first {
        output.warn(&format!("stored differently: {}", stored_in_words(item)));
    }
    let more = count.saturating_sub(first.len() as u64);
    if more > 0 {
        let run = &summary.run;
        output.warn(&format!(
            "… and {} stored differently (`stockport runs {run}` lists them)",
            counted(more, "more item")
        ));
    }
    if count > 0 {
        let items = counted(count, "item");
        summary
            .warnings
            .push(format!("{items} stored differently from what was sent"));
    }
    let fields = first.iter().flat_map(|item| {
        let value = |(field, stored): (&String, &Value)| json!({"item": item.id, "field": field, "sent": item.sent.get(field), "stored": stored});
        item.stored.iter().map(value)
    });
    summary.stored_differently = (count, fields.collect());
    Ok(())
}

/// `A1: name " Kush" is stored as "Kush", quantity 1.25 is stored as 1.3`
#[must_use]
pub fn stored_in_words(item: &StoredDifferently) -> String {
    let fields = item.stored.iter().map(|(field, stored)| {
        let (sent, stored) = (shown(item.sent.get(field)), shown(Some(stored)));
        format!("{field} {sent} is stored as {stored}")
    });
    format!("{}: {}", item.id, fields.collect::<Vec<_>>().join(", "))
}

/// `count.csv, line 3, column "Item ID": the item id is empty`: most reasons bring the end of the address themselves.
#[must_use]
pub fn placed(address: &str, reason: &str) -> String {
    format!("{address}: {}", bare(address, reason))
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
