//! The plan, line by line: every item that is created, updated or deleted, and every row that is rejected.
//!
//! Doesn't belong here: the first items, which the plan on screen shows (`events`), where the lines go.

use super::Description;
use super::events::{field_by_field, named_item, placed};
use super::render::{item_line, update_line};
use crate::error::Error;
use crate::inventory::ItemStore;
use crate::journal::Journal;
use crate::plan::Action;

/// Gives every line of what is still to be sent, by kind, until `take` returns false.
pub fn each_line(
    supply: &Description<'_>,
    journal: &Journal,
    stored: &mut ItemStore,
    take: &mut dyn FnMut(&str) -> bool,
) -> Result<(), Error> {
    let mut goes_on = true;
    for (action, title) in [
        (Action::Create, "New items:"),
        (Action::Update, "Changed items:"),
        (Action::Delete, "Items to delete:"),
    ] {
        let mut is_first = true;
        journal.each_open::<Error>(Some(action), &mut |_, change| {
            let line = match action {
                Action::Create => item_line('+', &named_item(change)),
                Action::Update => update_line(&field_by_field(change, stored)?),
                Action::Delete => item_line('-', &named_item(change)),
            };
            goes_on = (!std::mem::take(&mut is_first) || take(title)) && take(&format!("  {line}"));
            Ok(goes_on)
        })?;
        if !goes_on {
            return Ok(());
        }
    }
    let mut is_first = true;
    for table in 0..supply.tables {
        journal.each_rejection::<Error>(table, &mut |problem| {
            let address = (supply.address)(problem.origin, problem.rejection.index).unwrap_or_default();
            let line = placed(&address, &problem.rejection.reason);
            goes_on = (!std::mem::take(&mut is_first) || take("Rejected rows:")) && take(&format!("  {line}"));
            Ok(goes_on)
        })?;
    }
    Ok(())
}
