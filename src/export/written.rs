//! The account of what was written: items, ids, and values that a format doesn't keep.
//!
//! Doesn't belong here: writing them (`sink`), how the account is told (`commands`).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::columns::ReadBack;
use crate::item::text::Item;
use crate::item::{ITEM_ID, IdFault, check_id, is_other_id};
use crate::output::Warning;
use crate::sheet::Cell;

/// The number of items with another `item_id` than their id that are named.
const NAMED: usize = 5;

/// What was written.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The number of items that meet the conditions.
    pub items: u64,
    /// How many of them have another `item_id` than the id that they are stored under, or none.
    pub id_mismatches: u64,
    /// The ids of the first of these.
    pub mismatched: Vec<String>,
    /// How many have an id that no import takes.
    pub refused_ids: u64,
    /// The first of these, each with the reason.
    pub refused: Vec<String>,
    /// What a person has to know of the file, in sentences.
    pub notes: Vec<Warning>,
    /// The fields whose values are not all kept by the format, by name.
    pub lost: BTreeMap<String, Lost>,
}

/// Values of one field that an import of the file reads as something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// How many items have such a value.
    pub items: u64,
    /// The id of the first of them.
    pub first: String,
    /// What its value is read as, and which format keeps it.
    pub how: String,
}

impl Written {
    pub(super) fn note(&mut self, item: &Item<'_, '_>, id: Option<&str>) {
        self.items += 1;
        let fault = id.map_or(Err(IdFault::Empty), check_id).err();
        if let Some(fault) = fault {
            self.refused_ids += 1;
            if self.refused.len() < NAMED {
                self.refused.push(format!("{:?} ({fault})", id.unwrap_or_default()));
            }
        }
        if is_other_id(item.id_in(ITEM_ID).as_deref(), id) {
            self.id_mismatches += 1;
            if self.mismatched.len() < NAMED {
                self.mismatched.push(id.unwrap_or_default().to_owned());
            }
        }
    }

    pub(super) fn note_lost(&mut self, back: &ReadBack, cells: &[Cell<'_>], id: Option<&str>) {
        for column in back.lost(cells) {
            if let Some(lost) = self.lost.get_mut(back.field(column)) {
                lost.items += 1;
            } else if let Some(cell) = cells.get(column) {
                let lost = Lost {
                    items: 1,
                    first: id.unwrap_or_default().to_owned(),
                    how: back.how(column, cell),
                };
                self.lost.insert(back.field(column).to_owned(), lost);
            }
        }
    }

    pub(super) fn add(&mut self, more: Self) {
        for (field, more) in more.lost {
            match self.lost.entry(field) {
                Entry::Occupied(mut lost) => lost.get_mut().items += more.items,
                Entry::Vacant(none) => {
                    none.insert(more);
                }
            }
        }
        self.items += more.items;
        self.id_mismatches += more.id_mismatches;
        let room = NAMED.saturating_sub(self.mismatched.len());
        self.mismatched.extend(more.mismatched.into_iter().take(room));
        self.refused_ids += more.refused_ids;
        let room = NAMED.saturating_sub(self.refused.len());
        self.refused.extend(more.refused.into_iter().take(room));
    }
}
