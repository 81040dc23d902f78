//! A date or a time of day as a workbook's cell holds it.
//!
//! Doesn't belong here: how it is stored and shown (`number_format`), how the API is told it (`columns`).

use jiff::civil;

/// A workbook's date or time of day. Both epochs are already dealt with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Moment {
    /// A day without a time of day.
    Date(civil::Date),
    /// A day with a time of day.
    DateTime(civil::DateTime),
    /// A time of day without a day.
    Time(civil::Time),
    /// An elapsed time (`[h]:mm`), in days, or a serial number that is no real day.
    Duration(f64),
}
