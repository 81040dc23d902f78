//! What a transfer tells of itself, collected from the survey, the list and the journal: what was understood, what the
//! organization holds, the plan, the items that did not go through.
//!
//! Doesn't belong here: the events' text (`render`), what comes after the writing (`report`).

use serde_json::{Value, json};

use super::sample::{FIRST_PROBLEMS, Sample, Told};
use super::{Conflicts, Description};
use crate::columns::{Survey, is_nothing};
use crate::error::Error;
use crate::inventory::{Completeness, ItemStore, Listing};
use crate::item::ITEM_ID;
use crate::journal::{Journal, StoredDifferently};
use crate::output::events::{
    self, Event, Fate, FieldUpdate, Grade, Items, NamedItem, Plan, ReadTable, SkippedItem, Update,
};
use crate::output::{About, Output, and_more, counted, counted_are};
use crate::plan::{Action, Change, shown};
use crate::report::{Summary, bare};
use crate::sheet::Table;

/// The fields that name and measure an item for a person.
const NAME: &str = "name";
const QUANTITY: &str = "quantity";

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
/// the run. Gives the first items of each kind, for programs.
pub(super) fn show_plan(
    output: &Output,
    supply: &Description<'_>,
    (journal, stored): (&Journal, &mut ItemStore),
    (create, update, delete): (u64, u64, u64),
    (unchanged, skip, done_before): (u64, u64, u64),
    skips: Vec<SkippedItem>,
) -> Result<Value, Error> {
    let reject = journal.rejected()?;
    let (conflicts, conflicts_are) = match supply.conflicts {
        Conflicts::Refused(count) => (count.min(reject), Fate::Rejected),
        Conflicts::Left(count) => (count.min(skip), Fate::Skipped),
        Conflicts::Overwritten(count) => (count.min(update), Fate::Overwritten),
    };
    let most = if create > 0 { supply.showing.creates } else { 0 };
    let creates: Vec<NamedItem> = first_items(journal, Action::Create, most)?;
    let (mut cleared, mut updates) = (0, Vec::new());
    if update > 0 {
        cleared = journal.cleared()?;
        for change in journal.first_changes(Action::Update, supply.shown_updates)? {
            updates.push(field_by_field(change, stored)?);
        }
    }
    let first = json!({"creates": creates, "updates": updates, "skips": skips});
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
        creates,
        updates,
        skips,
        all_in: supply.showing.all_in.clone(),
        is_asked: supply.showing.is_asked,
    }));
    Ok(first)
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

/// An update with the stored name of its item, which isn't repeated where it is among the fields.
pub(super) fn field_by_field(change: Change, stored: &mut ItemStore) -> Result<Update, Error> {
    let Change { id, body, before, .. } = change;
    let mut before = before.unwrap_or_default();
    let name = if body.contains_key(NAME) {
        None
    } else {
        name_of(&id, stored)?
    };
    let fields = body.into_iter().filter(|(field, _)| field.as_str() != ITEM_ID);
    Ok(Update {
        item: id,
        name,
        fields: fields
            .map(|(field, after)| FieldUpdate {
                before: before.remove(&field),
                field,
                after,
            })
            .collect(),
    })
}

/// The name under which an item is stored, if it has one.
pub fn name_of(id: &str, stored: &mut ItemStore) -> Result<Option<Value>, Error> {
    let item = stored.get(id)?;
    Ok(item
        .and_then(|mut item| item.remove(NAME))
        .filter(|name| !is_nothing(Some(name))))
}

/// An item to create or to delete, with its name; a new one with its quantity, too.
pub(super) fn named_item(change: Change) -> NamedItem {
    let is_new = change.action == Action::Create;
    let mut item = change.before.unwrap_or(change.body);
    let mut taken = |field| item.remove(field).filter(|value| !is_nothing(Some(value)));
    NamedItem {
        item: change.id,
        name: taken(NAME),
        quantity: taken(QUANTITY).filter(|_| is_new),
    }
}

fn first_items(journal: &Journal, action: Action, most: usize) -> Result<Vec<NamedItem>, Error> {
    let first = journal.first_changes(action, most)?;
    Ok(first.into_iter().map(named_item).collect())
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
    output.tell(Event::Items(Items {
        action: action.name(),
        count,
        first: first_items(journal, action, most)?,
    }));
    Ok(())
}

/// Warns of the first rejected rows of each reason. Gives them for programs.
pub(super) fn show_problems(output: &Output, supply: &Description<'_>, journal: &Journal) -> Result<Vec<Value>, Error> {
    let mut sample = Sample::of(most_named(supply));
    for table in 0..supply.tables {
        journal.each_rejection::<Error>(table, &mut |problem| {
            let address = (supply.address)(problem.origin, problem.rejection.index).unwrap_or_default();
            let rejection = problem.rejection;
            let reason = bare(&address, &rejection.reason);
            sample.add((reason, &rejection.value), || {
                let document = json!({
                    "place": address, "column": rejection.column, "value": rejection.value, "reason": reason,
                });
                (placed(&address, &rejection.reason), document)
            });
            Ok(true)
        })?;
    }
    let mut documents = Vec::new();
    sample.tell(("", ""), &supply.showing.all_rejects, |told| match told {
        Told::Problem((line, document)) => {
            output.warn(&About::RowRejected.warning(line));
            documents.push(document);
        }
        Told::More(line) => output.warn(&About::RowRejected.warning(line)),
    });
    Ok(documents)
}

/// How many problems of one reason are shown: all, where no file takes the rest.
fn most_named(supply: &Description<'_>) -> usize {
    if supply.keeps_rejects {
        FIRST_PROBLEMS
    } else {
        usize::MAX
    }
}

/// Warns of the items that were to be deleted and have changed since the plan. `rest` is where those that aren't shown are.
pub(super) fn show_left(output: &Output, supply: &Description<'_>, journal: &Journal, rest: &str) -> Result<(), Error> {
    let mut sample = Sample::of(most_named(supply));
    journal.each_left(&mut |problem| {
        // The others are reported by the command.
        if let Some(address) = (supply.address)(problem.origin, None) {
            let rejection = problem.rejection;
            let known = (rejection.reason.as_str(), rejection.value.as_str());
            sample.add(known, || placed(&address, &rejection.reason));
        }
    })?;
    sample.tell(("item", "not deleted"), rest, |told| match told {
        Told::Problem(line) | Told::More(line) => output.warn(&About::NotDeleted.warning(line)),
    });
    Ok(())
}

/// Shows the first items of each reason that the endpoint refused, in its own words. `rest` is where the others are.
pub(super) fn show_failures(
    output: &Output,
    supply: &Description<'_>,
    journal: &Journal,
    rest: &str,
) -> Result<(), Error> {
    let mut sample = Sample::of(most_named(supply));
    journal.each_failure(&mut |item, reason| {
        sample.add((reason, item), || (item.to_owned(), reason.to_owned()));
    })?;
    sample.tell(("", "failed"), rest, |told| match told {
        Told::Problem((item, reason)) => output.tell(Event::Failed { item, reason }),
        Told::More(line) => output.warn(&About::ItemsFailed.warning(line)),
    });
    Ok(())
}

/// Warns of the first items that the endpoint stores differently from what was sent, with both values.
pub(super) fn show_stored_differently(output: &Output, journal: &Journal, summary: &mut Summary) -> Result<(), Error> {
    let (count, first) = journal.stored_differently(FIRST_PROBLEMS)?;
    for item in &first {
        output.warn(&About::StoredDifferently.warning(format!("stored differently: {}", stored_in_words(item))));
    }
    let more = count.saturating_sub(first.len() as u64);
    let place = format!("`stockport runs {}` lists them", summary.run);
    if let Some(line) = and_more(more, ("item", "stored differently"), &place) {
        output.warn(&About::StoredDifferently.warning(line));
    }
    if count > 0 {
        let items = counted_are(count, "item");
        summary
            .warnings
            .push(About::StoredDifferently.warning(format!("{items} stored differently from what was sent")));
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
