//! The codes of [`ScheduleError`], which programs know its errors by.
//!
//! Doesn't belong here: their texts, which may change.

use super::ScheduleError;

/// An error's code.
pub(super) fn of(error: &ScheduleError) -> &'static str {
    match error {
        ScheduleError::NoTime(_) => "schedule_bad_time",
        ScheduleError::NoName(_) => "schedule_bad_name",
        ScheduleError::NoKey => "schedule_no_key",
        ScheduleError::NoOrganization => "schedule_no_organization",
        ScheduleError::LineBreak => "schedule_line_break",
        ScheduleError::Exists(_) => "schedule_exists",
        ScheduleError::NoSuch(_) => "schedule_no_such",
        ScheduleError::NoHome(_) => "schedule_no_home",
        ScheduleError::File { .. } => "schedule_file_failed",
        ScheduleError::Program { .. } => "schedule_program_failed",
        ScheduleError::ByHand => "schedule_by_hand",
    }
}
