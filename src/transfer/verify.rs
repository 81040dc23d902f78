//! Reading everything back: what was written, or was there already, has to be there now.
//!
//! Doesn't belong here: what a migration or an audit proves (`migrate`, `audit`).

use serde_json::Value;

use super::{Supply, Transfer, lookup};
use crate::error::Error;
use crate::inventory::{Completeness, ItemStore, read_into};
use crate::item::ITEM_ID;
use crate::journal::Journal;
use crate::output::events::Event;
use crate::output::{About, and_more};
use crate::plan::{Action, Change};
use crate::upload::is_spelling;

/// How many differences are named.
const NAMED: usize = 20;

/// Reads the organization again and decides anew: an item that should be as wanted and would still be written is a
/// difference. Says which there are; gives whether there are none.
pub(super) fn agrees(transfer: &Transfer<'_>, supply: &dyn Supply, journal: &Journal) -> Result<bool, Error> {
    let output = transfer.output;
    let mut store = ItemStore::new()?;
    let listing = read_into(output, transfer.client, None, &mut store)?;
    if matches!(listing.completeness, Completeness::Cut | Completeness::Unlisted) {
        lookup::fetch(output, transfer.client, supply, &mut store, transfer.upload.jobs)?;
    }
    let unreadable = store.unreadable().clone();
    let mut differences = 0_u64;
    let mut compared = 0_u64;
    let mut named = 0;
    // The first pass has been made: what is decided now stands.
    let _ = supply.decide(&store.lookup()?, &mut |part| {
        compared += part.unchanged.count();
        for change in part.changes() {
            // What failed or was never sent is told in the equation already.
            if journal.should_be_stored(change.id)? {
                differences += 1;
                compared += 1;
                let change = change.to_change();
                let is_spelling = noted_as_spelling(journal, &change)?;
                // What is stored differently is named with the account.
                if !is_spelling && named < NAMED {
                    let found = match unreadable.get(change.id.as_str()) {
                        Some(reason) => format!("{} can't be read: {reason}", change.id),
                        None => described(&change),
                    };
                    output.warn(&About::NotAsExpected.warning(format!("not as expected: {found}")));
                }
                named += usize::from(!is_spelling);
            }
        }
        Ok(())
    })?;
    if let Some(line) = and_more(named.saturating_sub(NAMED) as u64, ("", ""), "") {
        output.warn(&About::NotAsExpected.warning(line));
    }
    output.tell(Event::Verified {
        compared,
        differing: differences,
    });
    Ok(differences == 0)
}

/// Whether an item that this run has saved is stored differently, and only that; then the journal records it.
fn noted_as_spelling(journal: &Journal, change: &Change) -> Result<bool, Error> {
    let Some(stored) = change.before.as_ref().filter(|_| change.action == Action::Update) else {
        return Ok(false);
    };
    let is_stored = |field: &String, value: &Value| stored.get(field).is_some_and(|stored| is_spelling(value, stored));
    let fields = change.body.iter().filter(|(field, _)| field.as_str() != ITEM_ID);
    let spelled = fields.clone().filter(|(field, value)| is_stored(field, value));
    let spelled = spelled.filter_map(|(field, _)| Some((field.clone(), stored.get(field)?.clone())));
    let known = journal.note_stored(&change.id, &spelled.collect())?.unwrap_or_default();
    let mut fields = fields;
    Ok(fields.all(|(field, _)| known.get(field).is_some_and(|known| Some(known) == stored.get(field))))
}

fn described(change: &Change) -> String {
    if change.action == Action::Delete {
        return format!("{} is still there", change.id);
    }
    let fields: Vec<&str> = change
        .body
        .keys()
        .map(String::as_str)
        .filter(|field| *field != ITEM_ID)
        .collect();
    if change.before.is_none() {
        format!("{} is not there", change.id)
    } else {
        format!("{} ({})", change.id, fields.join(", "))
    }
}
