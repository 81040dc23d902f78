//! The codes of [`RunError`], which programs know its errors by.
//!
//! Doesn't belong here: their texts, which may change.

use super::RunError;

/// An error's code.
pub(super) fn of(error: &RunError) -> &'static str {
    match error {
        RunError::NoSuchRun(_) => "run_no_such",
        RunError::Ambiguous { .. } => "run_ambiguous",
        RunError::NothingToUndo { .. } => "run_nothing_to_undo",
        RunError::Busy(_) => "run_busy",
        RunError::Unreadable { .. } => "run_unreadable",
        RunError::Hidden { .. } => "run_hidden",
        RunError::Folder { .. } => "run_folder",
        RunError::NoRun(_) => "run_none",
        RunError::Undone { .. } => "run_undone",
        RunError::Mismatch { .. } => "run_mismatch",
        RunError::Elsewhere { .. } => "run_elsewhere",
        RunError::CutShort { .. } => "run_organization_cut_short",
        RunError::Shrunken { .. } => "run_organization_shrunken",
    }
}
