//! Warnings: a sentence for a person, and a code for programs.
//!
//! Doesn't belong here: the sentences, which the rooms that warn make; errors, which have codes of their own (`error`).

use std::fmt;
use std::ops::Deref;

use serde::{Serialize, Serializer};
use serde_json::Value;

/// Makes the enum, its codes, and the list of them with their meanings.
macro_rules! codes {
    ($($(#[doc = $meaning:literal])+ $name:ident => $code:literal,)+) => {
        /// What a warning is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum About { $($(#[doc = $meaning])+ $name,)+ }

        impl About {
            /// Every code, with what it means.
            pub const ALL: &[(&str, &str)] = &[$(($code, concat!($($meaning),+))),+];

            /// Its name for programs. It never changes, whatever becomes of the sentence.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }
        }
    };
}

codes! {
    /// The list of an organization shows something odd.
    ListDoubt => "list_doubt",
    /// Ids that the list lacks were not all asked for.
    ListGaps => "list_gaps",
    /// The list can't be relied on: each item is requested by its id.
    ListUnreliable => "list_unreliable",
    /// The list is empty or much shorter than an earlier run found.
    ListShrunken => "list_shrunken",
    /// Items can't be read although others can.
    ItemsUnreadable => "items_unreadable",
    /// New ids are nearly the same as stored ones.
    NearIds => "near_ids",
    /// Items are stored under an id that differs from their own field.
    IdMismatch => "id_mismatch",
    /// An item that was read back is not as expected.
    NotAsExpected => "not_as_expected",
    /// An item is stored differently from what was sent.
    StoredDifferently => "stored_differently",
    /// A row is rejected.
    RowRejected => "row_rejected",
    /// Further items failed.
    ItemsFailed => "items_failed",
    /// An item has changed since the plan and was not deleted.
    NotDeleted => "not_deleted",
    /// Fields that the snapshot doesn't have were kept.
    FieldsKept => "fields_kept",
    /// The file of missing items is not written.
    MissingNotWritten => "missing_not_written",
    /// The names of two organizations may mean one.
    NamesAlike => "names_alike",
    /// A run that may belong to this migration can't be read.
    EarlierUnreadable => "earlier_unreadable",
    /// A run is dated in the future.
    RunInFuture => "run_in_future",
    /// A run can't be listed by `stockport runs`.
    RunNotRecorded => "run_not_recorded",
    /// A snapshot is dated in the future.
    SnapshotInFuture => "snapshot_in_future",
    /// An earlier snapshot can't be read and doesn't count.
    SnapshotUnreadable => "snapshot_not_counted",
    /// Data of an earlier snapshot are damaged and are not shared.
    SnapshotNotShared => "snapshot_not_shared",
    /// A folder of snapshots can't be read.
    FolderUnseen => "folder_unseen",
    /// A restore resumes with the snapshot that it began with.
    RestoreResumed => "restore_resumed",
    /// Snapshots can't be read, so an item's history may have gaps.
    HistoryGaps => "history_gaps",
    /// Old safety copies were not removed.
    SafetyCopiesKept => "safety_copies_kept",
    /// Items are exported because it is not known whether they changed.
    ChangeUnknown => "change_unknown",
    /// Times of updates have no offset and are read as UTC.
    TimeWithoutOffset => "time_without_offset",
    /// The time of `--since` lies in the future.
    SinceInFuture => "since_in_future",
    /// This system has no scheduler that is known.
    NoScheduler => "no_scheduler",
    /// Metrics can't be written or read.
    MetricsFailed => "metrics_failed",
    /// A monitor was not reached.
    PingFailed => "ping_failed",
    /// The user's own command failed.
    HookFailed => "hook_failed",
    /// A line of the result that reports a fault, with `--quiet`.
    Result => "result",
    /// A check of `stockport doctor` warns.
    Check => "check",
    /// The environment's key is used instead of the profile's.
    KeyVariable => "key_variable",
    /// An option has no effect here.
    NoEffect => "no_effect",
    /// A row can't be compared.
    NotCompared => "not_compared",
    /// A field to ignore is on neither side.
    IgnoredUnknown => "ignored_unknown",
    /// The output's format can't keep values as stored.
    ValuesNotKept => "values_not_kept",
    /// Items can't be imported again by their id.
    NotImportable => "not_importable",
    /// The rows continue in further sheets.
    FurtherSheets => "further_sheets",
    /// Numbers are written as text.
    NumbersAsText => "numbers_as_text",
    /// The encoding of a file is a guess.
    EncodingGuessed => "encoding_guessed",
    /// Hidden rows are read like others.
    HiddenRows => "hidden_rows",
    /// The mapping file names columns that are not there.
    MappingUnmet => "mapping_unmet",
    /// Values are not numbers.
    NotANumber => "not_a_number",
    /// Values have a leading zero and are posted as text.
    LeadingZero => "leading_zero",
    /// Values are not dates.
    NotADate => "not_a_date",
    /// Values are not times of day.
    NotATime => "not_a_time",
    /// Years have two digits.
    ShortYear => "short_year",
    /// Years are before 1970 or after 2100.
    FarYear => "far_year",
    /// Dates stand in a column of text.
    DateInText => "date_in_text",
    /// Cells are just a dash and count as blank.
    Dash => "dash",
    /// Values stand under no header.
    NoHeader => "no_header",
    /// Error values stand in ignored columns.
    ErrorValues => "error_values",
    /// Rows are shorter than the header.
    ShortRows => "short_rows",
    /// The file declares another number of records.
    CountDiffers => "count_differs",
    /// Rows are not items and are set aside.
    SetAside => "set_aside",
    /// Ids look like numbers that a spreadsheet program has rewritten.
    SuspiciousIds => "suspicious_ids",
    /// Ids in number cells have more than 15 digits.
    LongIds => "long_ids",
    /// Ids may have lost their leading zeros.
    LostZeros => "lost_zeros",
    /// Ids of one file are nearly the same.
    IdsAlike => "ids_alike",
    /// Ids stand in more than one row.
    IdsRepeated => "ids_repeated",
    /// Numbers are written both ways, 1,234.50 and 1.234,50.
    MixedNumbers => "mixed_numbers",
    /// Dates are written in several orders.
    MixedDates => "mixed_dates",
    /// Day and month are probably exchanged in date cells.
    DaysExchanged => "days_exchanged",
}

/// Something that a person should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// What it is about.
    pub about: About,
    /// The sentence.
    pub text: String,
}

impl About {
    /// A warning about it.
    #[must_use]
    pub fn warning(self, text: impl Into<String>) -> Warning {
        Warning {
            about: self,
            text: text.into(),
        }
    }
}

impl Warning {
    /// The codes of warnings, in their order: `warning_codes` beside `warnings`.
    #[must_use]
    pub fn codes(warnings: &[Self]) -> Value {
        warnings.iter().map(|warning| warning.about.code()).collect()
    }
}

impl Deref for Warning {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A program reads the sentence, as ever; the code stands beside it.
impl Serialize for Warning {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}
