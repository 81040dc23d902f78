//! What a transfer has to know of a supply besides its items, and what it shows of it.
//!
//! Doesn't belong here: the supplies themselves (each command's room).

use crate::columns::Origin;
use crate::filter::Filter;

/// How many updates are shown field by field, where the supply doesn't say.
const FIRST: usize = 5;

/// Gives the address of an item for a person, or of its cell in this column; none where the command itself reports the item.
pub type Address<'s> = dyn Fn(Origin, Option<usize>) -> Option<String> + 's;

/// What a transfer has to know of a supply besides its items.
pub struct Description<'s> {
    /// How many items there are; none before the first pass has counted them.
    pub count: Option<u64>,
    /// How many separate tables the items stand in.
    pub tables: usize,
    /// Where an item stands.
    pub address: Box<Address<'s>>,
    /// How many updates are shown field by field.
    pub shown_updates: usize,
    /// How else the plan is shown.
    pub showing: Showing,
    /// Whether there is a file for the items that did not go through; else each of them is named on the screen.
    pub keeps_rejects: bool,
    /// Whether the plan needs the complete inventory: then a list that isn't known to be complete is an error.
    pub needs_whole: bool,
    /// Whether the items of the organization that the supply doesn't hold are counted.
    pub counts_missing: bool,
    /// The conflicts among what was decided, for the plan on screen.
    pub conflicts: Conflicts,
    /// What else is to be said of the plan, a line each.
    pub remarks: Vec<String>,
    /// What an item has to meet when its turn to be deleted comes, where that is how it was found.
    pub condition: Option<&'s Filter>,
}

impl Default for Description<'_> {
    fn default() -> Self {
        Self {
            count: None,
            tables: 1,
            address: Box::new(|origin, _| Some(format!("item {}", origin.line))),
            shown_updates: FIRST,
            showing: Showing::default(),
            keeps_rejects: true,
            needs_whole: false,
            counts_missing: false,
            conflicts: Conflicts::Refused(0),
            remarks: Vec::new(),
            condition: None,
        }
    }
}

/// How a plan is shown on the screen, which has the first items of each kind.
#[derive(Clone, Debug, Default)]
pub struct Showing {
    /// How many new items are named.
    pub creates: usize,
    /// Where all items of the plan are listed; blank if nowhere.
    pub all_in: String,
    /// The same of the rejected rows.
    pub all_rejects: String,
    /// Whether a person is asked to agree to the plan.
    pub is_asked: bool,
}

/// How many items of a supply stand against other values in the organization, and what becomes of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflicts {
    /// They are rejected.
    Refused(u64),
    /// They are skipped.
    Left(u64),
    /// They are updates.
    Overwritten(u64),
}
