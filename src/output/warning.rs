//! Warnings: a sentence for a person, and a code for programs.
//!
//! Doesn't belong here: the sentences, which the rooms that warn make; errors, which have codes of their own (`error`).

use std::fmt;
use std::ops::Deref;

use serde::{Serialize, Serializer};
use serde_json::Value;

/// Makes the enum, its codes, and the list of them with their meanings.
macro_rules! codes {
    ($($name:ident $code:literal $meaning:literal,)+) => {
        /// What a warning is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum About { $(#[doc = $meaning] $name,)+ }

        impl About {
            /// Every code, with what it means.
            pub const ALL: &[(&str, &str)] = &[$(($code, $meaning)),+];

            /// Its name for programs. It never changes, whatever becomes of the sentence.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }
        }
    };
}

codes! {
    ListDoubt "list_doubt" "The list of an organization shows something odd.",
    ListGaps "list_gaps" "Ids that the list lacks were not all asked for.",
    ListUnreliable "list_unreliable" "The list can't be relied on: each item is requested by its id.",
    ListShrunken "list_shrunken" "The list is empty or much shorter than an earlier run found.",
    ItemsUnreadable "items_unreadable" "Items can't be read although others can.",
    NearIds "near_ids" "New ids are nearly the same as stored ones.",
    IdMismatch "id_mismatch" "Items are stored under an id that differs from their own field.",
    NotAsExpected "not_as_expected" "An item that was read back is not as expected.",
    StoredDifferently "stored_differently" "An item is stored differently from what was sent.",
    RowRejected "row_rejected" "A row is rejected.",
    ItemsFailed "items_failed" "Further items failed.",
    NotDeleted "not_deleted" "An item has changed since the plan and was not deleted.",
    FieldsKept "fields_kept" "Fields that the snapshot doesn't have were kept.",
    MissingNotWritten "missing_not_written" "The file of missing items is not written.",
    NamesAlike "names_alike" "The names of two organizations may mean one.",
    EarlierUnreadable "earlier_unreadable" "A run that may belong to this migration can't be read.",
    RunInFuture "run_in_future" "A run is dated in the future.",
    RunNotRecorded "run_not_recorded" "A run can't be listed by `stockport runs`.",
    SnapshotInFuture "snapshot_in_future" "A snapshot is dated in the future.",
    SnapshotUnreadable "snapshot_not_counted" "An earlier snapshot can't be read and doesn't count.",
    SnapshotNotShared "snapshot_not_shared" "Data of an earlier snapshot are damaged and are not shared.",
    FolderUnseen "folder_unseen" "A folder of snapshots can't be read.",
    RestoreResumed "restore_resumed" "A restore resumes with the snapshot that it began with.",
    HistoryGaps "history_gaps" "Snapshots can't be read, so an item's history may have gaps.",
    SafetyCopiesKept "safety_copies_kept" "Old safety copies were not removed.",
    ChangeUnknown "change_unknown" "Items are exported because it is not known whether they changed.",
    TimeWithoutOffset "time_without_offset" "Times of updates have no offset and are read as UTC.",
    SinceInFuture "since_in_future" "The time of `--since` lies in the future.",
    NoScheduler "no_scheduler" "This system has no scheduler that is known.",
    MetricsFailed "metrics_failed" "Metrics can't be written or read.",
    PingFailed "ping_failed" "A monitor was not reached.",
    HookFailed "hook_failed" "The user's own command failed.",
    Result "result" "A line of the result that reports a fault, with `--quiet`.",
    Check "check" "A check of `stockport doctor` warns.",
    KeyVariable "key_variable" "The environment's key is used instead of the profile's.",
    NoEffect "no_effect" "An option has no effect here.",
    NotCompared "not_compared" "A row can't be compared.",
    IgnoredUnknown "ignored_unknown" "A field to ignore is on neither side.",
    ValuesNotKept "values_not_kept" "The output's format can't keep values as stored.",
    NotImportable "not_importable" "Items can't be imported again by their id.",
    FurtherSheets "further_sheets" "The rows continue in further sheets.",
    NumbersAsText "numbers_as_text" "Numbers are written as text.",
    EncodingGuessed "encoding_guessed" "The encoding of a file is a guess.",
    HiddenRows "hidden_rows" "Hidden rows are read like others.",
    MappingUnmet "mapping_unmet" "The mapping file names columns that are not there.",
    NotANumber "not_a_number" "Values are not numbers.",
    LeadingZero "leading_zero" "Values have a leading zero and are posted as text.",
    NotADate "not_a_date" "Values are not dates.",
    NotATime "not_a_time" "Values are not times of day.",
    ShortYear "short_year" "Years have two digits.",
    FarYear "far_year" "Years are before 1970 or after 2100.",
    DateInText "date_in_text" "Dates stand in a column of text.",
    Dash "dash" "Cells are just a dash and count as blank.",
    NoHeader "no_header" "Values stand under no header.",
    ErrorValues "error_values" "Error values stand in ignored columns.",
    ShortRows "short_rows" "Rows are shorter than the header.",
    CountDiffers "count_differs" "The file declares another number of records.",
    SetAside "set_aside" "Rows are not items and are set aside.",
    SuspiciousIds "suspicious_ids" "Ids look like numbers that a spreadsheet program has rewritten.",
    LongIds "long_ids" "Ids in number cells have more than 15 digits.",
    LostZeros "lost_zeros" "Ids may have lost their leading zeros.",
    IdsAlike "ids_alike" "Ids of one file are nearly the same.",
    IdsRepeated "ids_repeated" "Ids stand in more than one row.",
    MixedNumbers "mixed_numbers" "Numbers are written both ways, 1,234.50 and 1.234,50.",
    MixedDates "mixed_dates" "Dates are written in several orders.",
    DaysExchanged "days_exchanged" "Day and month are probably exchanged in date cells.",
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
