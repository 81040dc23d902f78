//! What a workbook's cell shows: a stored number or date and its number format, rendered as text.
//!
//! Belongs here: the grammar of number formats (ECMA-376 part 1, 18.8.31; `parse`), the digits (`number`), dates and times
//! of day (`moment`), and which numbers name a thing (`NumberFormat::id`). Doesn't belong here: where a cell's format stands
//! in a file (`excel`), what a field makes of the text (`columns`).
//!
//! A format is parsed once, however many cells and styles have it: cells carry its place in a table of the process.

mod moment;
mod number;
mod parse;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, OnceLock, PoisonError};

use jiff::civil;

use super::Moment;
pub(in crate::sheet) use moment::{narrowed, serial_moment, shown_moment};
pub(in crate::sheet) use number::general;
use parse::{Section, Token};

/// How a workbook shows a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum NumberFormat {
    /// As the number is: General, text (`@`), a fraction, or no format.
    #[default]
    Plain,
    /// As a format code says.
    Coded(FormatCode),
}

/// A format code by its place in the table.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FormatCode(u16);

/// A format code, parsed.
struct Parsed {
    code: String,
    sections: Vec<Section>,
}

/// A workbook has a few hundred formats at most. Further ones are `UNKNOWN`.
const MOST_FORMATS: usize = 4096;
/// Excel keeps no longer format code.
const MOST_LETTERS: usize = 1024;
static FORMATS: [OnceLock<Parsed>; MOST_FORMATS] = [const { OnceLock::new() }; MOST_FORMATS];
static PLACES: Mutex<Option<HashMap<String, u16>>> = Mutex::new(None);
/// A format whose code can't be kept: an empty section, which nothing can be rendered by.
const UNKNOWN: FormatCode = FormatCode(u16::MAX);

/// What a number is, by its format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sheet) enum Shows {
    /// A number.
    Number,
    /// TRUE or FALSE: `LibreOffice` stores a truth value as a number.
    Truth(bool),
    /// A day, a time of day, or both.
    Moment(Parts),
    /// An elapsed time.
    Elapsed,
}

/// Which parts of a moment are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::sheet) struct Parts {
    pub(in crate::sheet) day: bool,
    pub(in crate::sheet) time: bool,
}

/// Why a number can't be an id.
#[derive(Clone, Debug, PartialEq)]
pub enum NoId {
    /// Shown with an exponent.
    Scientific,
    /// Stored with decimals, or no number at all.
    Decimals,
    /// Too large for a double to hold every integer.
    TooLong,
    /// Shown as an amount: with separators of thousands, decimals or a percent sign.
    Amount(String),
    /// Its format can't be rendered.
    Unreadable,
}

/// From here on a double no longer holds every integer.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl NumberFormat {
    /// The format with this code.
    #[must_use]
    pub fn of(code: &str) -> Self {
        let mut places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
        let places = places.get_or_insert_with(HashMap::new);
        let coded = |place: u16| match FORMATS.get(usize::from(place)).and_then(OnceLock::get) {
            Some(format) if parse::is_plain(&format.sections) => Self::Plain,
            _ => Self::Coded(FormatCode(place)),
        };
        if let Some(place) = places.get(code) {
            return coded(*place);
        }
        if code.len() > MOST_LETTERS {
            return Self::Coded(UNKNOWN);
        }
        let place = places.len();
        let (Some(slot), Ok(number)) = (FORMATS.get(place), u16::try_from(place)) else {
            return Self::Coded(UNKNOWN);
        };
        slot.get_or_init(|| Parsed {
            code: code.to_owned(),
            sections: parse::sections(code),
        });
        places.insert(code.to_owned(), number);
        coded(number)
    }

    /// The section for this number; none for a plain number.
    fn section(self, value: f64) -> Option<(&'static Section, bool)> {
        match self {
            Self::Plain => None,
            Self::Coded(code) => code.section(value),
        }
    }

    /// What a number with this format is.
    pub(in crate::sheet) fn shows(self, value: f64) -> Shows {
        let Some((section, _)) = self.section(value) else {
            return Shows::Number;
        };
        if section.elapsed {
            return Shows::Elapsed;
        }
        if section.parts.day || section.parts.time {
            return Shows::Moment(section.parts);
        }
        section.literal().and_then(truth).map_or(Shows::Number, Shows::Truth)
    }

    /// A moment, as far as it is shown. None: nothing.
    pub(in crate::sheet) fn narrowed(self, moment: Moment) -> Option<Moment> {
        match self.shows(days_of(moment)) {
            Shows::Moment(parts) => moment::narrowed(moment, parts),
            _ => Some(moment),
        }
    }

    /// A number as this format shows it, without outer white space. None where it can't be rendered.
    #[must_use]
    pub fn show(self, value: f64) -> Option<String> {
        match self {
            Self::Plain => Some(general(value)),
            Self::Coded(code) => {
                let (section, is_absolute) = code.section(value)?;
                let value = if is_absolute { value.abs() } else { value };
                number::render(value, section).map(|text| text.trim().to_owned())
            }
        }
    }

    /// A date, a time of day or an elapsed time as this format shows it; none where it can't be rendered.
    #[must_use]
    pub fn show_moment(self, moment: Moment) -> Option<String> {
        let Self::Coded(code) = self else { return None };
        let (section, is_absolute) = code.section(days_of(moment))?;
        moment::render(moment, section, is_absolute).map(|text| text.trim().to_owned())
    }

    /// The text of a text cell with this format, if its format adds anything to it.
    pub(in crate::sheet) fn show_text(self, text: &str) -> Option<String> {
        let Self::Coded(code) = self else { return None };
        let sections = &code.format()?.sections;
        let section = match sections.as_slice() {
            [only] if only.tokens.contains(&Token::Text) => only,
            sections => sections.iter().find(|section| section.is_text)?,
        };
        let mut shown = String::new();
        for token in &section.tokens {
            match token {
                Token::Literal(literal) => shown.push_str(literal),
                Token::Text => shown.push_str(text),
                _ => return None,
            }
        }
        (shown.trim() != text.trim()).then(|| shown.trim().to_owned())
    }

    /// Whether cells of text may be shown with something added to them.
    pub(in crate::sheet) fn changes_text(self) -> bool {
        self.show_text("x").is_some()
    }

    /// The id that a number is: an integer that is stored exactly, as its format shows it.
    ///
    /// Nobody has ids with separators of thousands, decimals or a percent sign: there the format belongs to an amount, and
    /// whether the id is `1,234` or `1234` can't be told.
    pub fn id(self, value: f64) -> Result<String, NoId> {
        let section = self.section(value);
        if section.is_some_and(|(section, _)| section.is_scientific()) {
            return Err(NoId::Scientific);
        }
        if value.fract() != 0.0 || !value.is_finite() {
            return Err(NoId::Decimals);
        }
        if value.abs() >= EXACT {
            return Err(NoId::TooLong);
        }
        match (self, section) {
            // A negative zero is a zero.
            (Self::Plain, _) => Ok(format!("{:.0}", value + 0.0)),
            (_, Some((section, _))) if section.is_amount() => {
                Err(self.show(value).map_or(NoId::Unreadable, NoId::Amount))
            }
            _ => self.show(value).ok_or(NoId::Unreadable),
        }
    }

    /// The format code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Plain => "General",
            Self::Coded(code) => code.format().map_or("General", |format| &format.code),
        }
    }

    /// What stands for the format where rows are packed; `from_packed` gives it back.
    pub(in crate::sheet) fn packed(self) -> [u8; 2] {
        match self {
            Self::Plain => (u16::MAX - 1).to_le_bytes(),
            Self::Coded(FormatCode(place)) => place.to_le_bytes(),
        }
    }

    pub(in crate::sheet) fn from_packed(packed: [u8; 2]) -> Self {
        match u16::from_le_bytes(packed) {
            place if place == u16::MAX - 1 => Self::Plain,
            place => Self::Coded(FormatCode(place)),
        }
    }
}

impl FormatCode {
    fn format(self) -> Option<&'static Parsed> {
        FORMATS.get(usize::from(self.0))?.get()
    }

    /// The section for a number, and whether it shows a negative one without its sign (18.8.31): of two sections the second
    /// is for negative numbers, of three the third is for zero; a fourth is for text.
    fn section(self, value: f64) -> Option<(&'static Section, bool)> {
        let sections = &self.format()?.sections;
        let numeric = sections.iter().take_while(|section| !section.is_text).count();
        let numeric = sections.get(..numeric.min(3))?;
        if numeric.iter().any(|section| section.condition.is_some()) {
            let fits = |section: &&Section| section.condition.is_none_or(|condition| condition.holds(value));
            let section = numeric.iter().find(fits)?;
            let is_for_negative = section.condition.is_some_and(parse::Condition::is_for_negative);
            return Some((section, is_for_negative));
        }
        match numeric {
            [] => None,
            [only] => Some((only, false)),
            [_, second] | [_, second, _] if value < 0.0 => Some((second, true)),
            [_, _, third] if value == 0.0 => Some((third, false)),
            [first, ..] => Some((first, false)),
        }
    }
}

impl fmt::Debug for FormatCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.format().map_or("", |format| &format.code))
    }
}

/// About the serial number of a moment, as conditions of formats compare it.
fn days_of(moment: Moment) -> f64 {
    let days = |date: civil::Date| {
        let since = date.since(civil::date(1899, 12, 30));
        since.map_or(1.0, |span| f64::from(span.get_days()))
    };
    match moment {
        Moment::Duration(days) => days,
        Moment::Date(date) => days(date),
        Moment::DateTime(stamp) => days(stamp.date()),
        Moment::Time(_) => 0.5,
    }
}

/// The code of a format that every workbook has without writing it (18.8.30), as Excel shows it in English.
///
/// Each language of East Asia has its own formats 27 to 36 and 50 to 58. Their codes here say whether they show days or times
/// of day, but with numerals that can't be rendered.
pub(in crate::sheet) fn built_in(id: u32) -> Option<&'static str> {
    Some(match id {
        0 => "General",
        1 => "0",
        2 => "0.00",
        3 => "#,##0",
        4 => "#,##0.00",
        5 => "\"$\"#,##0_);(\"$\"#,##0)",
        6 => "\"$\"#,##0_);[Red](\"$\"#,##0)",
        7 => "\"$\"#,##0.00_);(\"$\"#,##0.00)",
        8 => "\"$\"#,##0.00_);[Red](\"$\"#,##0.00)",
        9 => "0%",
        10 => "0.00%",
        11 => "0.00E+00",
        12 => "# ?/?",
        13 => "# ??/??",
        14 => "m/d/yyyy",
        15 => "d-mmm-yy",
        16 => "d-mmm",
        17 => "mmm-yy",
        18 => "h:mm AM/PM",
        19 => "h:mm:ss AM/PM",
        20 => "h:mm",
        21 => "h:mm:ss",
        22 => "m/d/yyyy h:mm",
        27..=31 | 36 | 50..=54 | 57 | 58 => "[DBNum1]yyyy-mm-dd",
        32 | 33 => "[DBNum1]hh:mm:ss",
        34 | 35 | 55 | 56 => "[DBNum1]yyyy-mm-dd hh:mm:ss",
        37 | 38 => "#,##0_);(#,##0)",
        39 | 40 => "#,##0.00_);(#,##0.00)",
        41 => "_(* #,##0_);_(* (#,##0);_(* \"-\"_);_(@_)",
        42 => "_($* #,##0_);_($* (#,##0);_($* \"-\"_);_(@_)",
        43 => "_(* #,##0.00_);_(* (#,##0.00);_(* \"-\"??_);_(@_)",
        44 => "_($* #,##0.00_);_($* (#,##0.00);_($* \"-\"??_);_(@_)",
        45 => "mm:ss",
        46 => "[h]:mm:ss",
        47 => "mm:ss.0",
        48 => "##0.0E+0",
        49 => "@",
        _ => return None,
    })
}

/// The truth value that a text of a spreadsheet program stands for, in its languages.
pub(in crate::sheet) fn truth(text: &str) -> Option<bool> {
    const TRUE: [&str; 10] = [
        "true",
        "wahr",
        "vrai",
        "verdadero",
        "verdadeiro",
        "vero",
        "waar",
        "prawda",
        "sant",
        "tosi",
    ];
    const FALSE: [&str; 9] = [
        "false", "falsch", "faux", "falso", "onwaar", "fałsz", "falskt", "falsk", "epätosi",
    ];
    let lower = text.trim().to_lowercase();
    if TRUE.contains(&lower.as_str()) {
        Some(true)
    } else {
        FALSE.contains(&lower.as_str()).then_some(false)
    }
}
