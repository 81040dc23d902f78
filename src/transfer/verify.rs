//! Reading everything back: what was written, or was there already, has to be there now.
//!
//! Doesn't belong here: what a migration or an audit proves (`migrate`, `audit`).

use super::{Supply, Transfer, lookup};
use crate::error::Error;
use crate::inventory::{Completeness, ItemStore, read_into};
use crate::item::ITEM_ID;
use crate::journal::Journal;
use crate::output::events::Event;
use crate::output::grouped;
use crate::plan::{Action, Change};

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
    // The first pass has been made: what is decided now stands.
    let _ = supply.decide(&store.lookup()?, &mut |part| {
        compared += part.unchanged.count();
        for change in part.changes() {
            // What failed or was never sent is told in the equation already.
            if journal.should_be_stored(change.id)? {
                differences += 1;
                compared += 1;
                if differences <= NAMED as u64 {
                    let found = match unreadable.get(change.id) {
                        Some(reason) => format!("{} can't be read: {reason}", change.id),
                        None => described(&change.to_change()),
                    };
                    output.warn(&format!("not as it should be: {found}"));
                }
            }
        }
        Ok(())
    })?;
    if differences > NAMED as u64 {
        output.warn(&format!("… and {} more", grouped(differences - NAMED as u64)));
    }
    output.tell(Event::Verified {
        compared,
        differing: differences,
    });
    Ok(differences == 0)
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
