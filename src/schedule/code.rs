//! The codes of [`ScheduleError`], which programs know its errors by.
//!
//! Doesn't belong here: their texts, which may change.

use super::ScheduleError;

/// An error's code.
pub(super) fn of(error: &ScheduleError) -> &'static str {
    match error {
        ScheduleError::NoTime(..) => "schedule_bad_time",
        ScheduleError::Cannot { .. } => "schedule_cannot",
        ScheduleError::NoName(_) => "schedule_bad_name",
        ScheduleError::NoKey => "schedule_no_key",
        ScheduleError::NoOrganization => "schedule_no_organization",
        ScheduleError::Misplaced(_) => "schedule_misplaced",
        ScheduleError::Unwritable(..) => "schedule_unwritable",
        ScheduleError::Fails { .. } => "schedule_fails",
        ScheduleError::Exists(_) => "schedule_exists",
        ScheduleError::NoSuch(_) => "schedule_no_such",
        ScheduleError::NoHome(_) => "schedule_no_home",
        ScheduleError::File { .. } => "schedule_file_failed",
        ScheduleError::Absent { .. } => "schedule_absent",
        ScheduleError::Program { .. } => "schedule_program_failed",
        ScheduleError::TimeLimit(_) => "schedule_time_limit",
    }
}
