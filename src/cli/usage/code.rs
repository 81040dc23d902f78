//! The codes of [`UsageError`], which programs know its errors by.
//!
//! Doesn't belong here: their texts, which may change.

use super::UsageError;

/// An error's code.
pub(super) fn of(error: &UsageError) -> &'static str {
    match error {
        UsageError::UnknownCommand { .. } => "usage_unknown_command",
        UsageError::UnknownTopic { .. } => "usage_unknown_topic",
        UsageError::NoCommand { .. } => "usage_no_command",
        UsageError::UnknownOption { .. } => "usage_unknown_option",
        UsageError::Surplus { .. } => "usage_surplus_argument",
        UsageError::Missing { .. } => "usage_missing_argument",
        UsageError::UnknownValue { .. } => "usage_unknown_value",
        UsageError::Value { .. } => "usage_bad_value",
        UsageError::NoValue { .. } => "usage_no_value",
        UsageError::NeedlessValue { .. } => "usage_needless_value",
        UsageError::Conflict(..) => "usage_conflict",
        UsageError::SameFile(..) => "usage_same_file",
        UsageError::Twice(_) => "usage_option_twice",
        UsageError::NotText { .. } => "usage_not_text",
        UsageError::Malformed { .. } => "usage_malformed",
    }
}
