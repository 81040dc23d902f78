//! Which runs an undo has undone.
//!
//! Doesn't belong here: which run an undo means (`undo`).

use super::Run;

/// The command of a run that undid others.
pub const UNDO: &str = "undo";

impl Run {
    /// The runs that it undid; none where it is no undo.
    #[must_use]
    pub fn undid(&self) -> Vec<String> {
        if self.fact("command") == UNDO {
            self.fact("options").lines().map(str::to_owned).collect()
        } else {
            Vec::new()
        }
    }
}
