//! Items that can't be read although others can, as one that holds a NaN: it is not known what is stored there.
//!
//! Doesn't belong here: telling such an item from an API that fails (`api`), asking for items (`lookup`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Transfer;
use crate::error::Error;
use crate::journal::Journal;
use crate::output::{About, counted};
use crate::report::Summary;

/// The fact that holds the ids that a run posted without knowing what was stored, as a JSON array.
const POSTED: &str = "posted unread";

/// The field of the JSON summary that holds the ids that can't be read.
const FIELD: &str = "unreadable";

/// How many ids are named.
const NAMED: usize = 10;

impl Transfer<'_> {
    /// Reports the items that can't be read, with the reason of each. Their changes fail, or are posted where the user wishes
    /// so; then the journal remembers that they can't be undone.
    pub(super) fn settle_unreadable(
        &self,
        unreadable: &BTreeMap<String, String>,
        journal: &Journal,
        summary: &mut Summary,
    ) -> Result<(), Error> {
        if unreadable.is_empty() {
            return Ok(());
        }
        let ids: Vec<&String> = unreadable.keys().collect();
        let named = unreadable
            .iter()
            .take(NAMED)
            .map(|(id, reason)| format!("{id} ({reason})"));
        let named = named.collect::<Vec<_>>().join(", ");
        let more = if ids.len() > NAMED { ", …" } else { "" };
        let outcome = if self.post_unreadable {
            "the file's values are posted, and the post can't be undone"
        } else {
            "what is stored there is not known, so nothing is written there"
        };
        let warning = About::ItemsUnreadable.warning(format!(
            "{} can't be read, though others can: {named}{more}; {outcome}",
            counted(ids.len() as u64, "item")
        ));
        self.output.warn(&warning);
        summary.warnings.push(warning);
        summary.extra.insert(FIELD.to_owned(), json!(ids));
        if self.post_unreadable {
            journal.note(POSTED, &json!(ids).to_string())?;
            return Ok(());
        }
        for (id, reason) in unreadable {
            let why = format!("it is not known what is stored: {reason}; --post-unreadable posts the item anyway");
            journal.fail_planned(id, &why)?;
        }
        Ok(())
    }
}

/// The ids that a run posted without knowing what was stored: their earlier values are not known.
pub fn posted_unread(journal: &Journal) -> Result<BTreeSet<String>, Error> {
    let facts = journal.facts()?;
    let ids = facts
        .get(POSTED)
        .map(|ids| serde_json::from_str::<Vec<Value>>(ids).unwrap_or_default());
    let ids = ids.unwrap_or_default().into_iter();
    Ok(ids.filter_map(|id| id.as_str().map(str::to_owned)).collect())
}
