//! One look at each cell of a row: most cells of text files say nothing, or what they say is plain whatever will be decided
//! for their column. The survey has nothing to find in those, and they are written as they are.
//!
//! Belongs here: telling such cells from all others, quickly. Doesn't: the others (`cells`); a property holds the two to the
//! same meaning.

use super::cells::{Blanks, Part};
use super::dates;
use super::layout::Layout;
use super::numbers::is_plain_integer;
use crate::item::Kind;
use crate::sheet::{Cell, Row};

/// What one look shows of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// It says nothing.
    Nothing,
    /// The text stands for itself.
    Text,
    /// The text is a number just as JSON writes it.
    Digits,
    /// The text is a number just as JSON writes it, if the column's numbers have a decimal point: it shows that they do.
    Decimal,
    /// It takes more than a look.
    Other,
}

/// Looks at the cells of one row after the other.
pub(crate) struct Looks {
    /// For each target, its column and what its texts are; nothing where each cell takes more than a look.
    targets: Vec<(usize, Option<Kind>)>,
    /// For each target, what its cell shows.
    row: Vec<Look>,
}

impl Looks {
    pub(crate) fn new(layout: &Layout) -> Self {
        let targets = layout.targets.iter().map(|target| {
            let style = &target.style;
            let plain = layout.untyped
                && target.joined.is_none()
                && style.part == Part::Whole
                && style.blanks == Blanks::default();
            (target.index, plain.then_some(style.kind))
        });
        Self {
            targets: targets.collect(),
            row: Vec::new(),
        }
    }

    /// Looks at a row.
    pub(crate) fn at(&mut self, row: &Row) -> &[Look] {
        self.row.clear();
        self.row
            .extend(self.targets.iter().map(|(index, kind)| match (row.cell(*index), kind) {
                (Cell::Empty, Some(_)) => Look::Nothing,
                (Cell::Text(text), Some(kind)) => look(text, *kind),
                _ => Look::Other,
            }));
        &self.row
    }
}

#[inline]
fn look(text: &str, kind: Kind) -> Look {
    let bytes = text.as_bytes();
    if bytes.len() <= 4 && is_usual_blank(bytes) {
        return Look::Nothing;
    }
    match kind {
        Kind::Text => {
            // Neither an error value nor a guard begins so; and none of the blanks with white space around them.
            let whole = matches!(bytes, [first, .., last] if first.is_ascii_alphanumeric() && last.is_ascii_graphic())
                || matches!(bytes, [only] if only.is_ascii_alphanumeric());
            if whole { Look::Text } else { Look::Other }
        }
        Kind::Number if is_plain_integer(text) => Look::Digits,
        Kind::Number if is_plain_decimal(bytes) => Look::Decimal,
        Kind::Date if dates::is_as_written(text) => Look::Text,
        Kind::Time if dates::is_time_as_written(text) => Look::Text,
        _ => Look::Other,
    }
}

/// Whether one to four bytes are one of the words that say nothing, but the dashes, of which a column of numbers is warned.
fn is_usual_blank(bytes: &[u8]) -> bool {
    const LOWER: u32 = 0x2020_2020;
    let word = |word: &[u8; 4]| u32::from_le_bytes(*word);
    match *bytes {
        [a, b, c, d] => {
            let text = u32::from_le_bytes([a, b, c, d]) | LOWER;
            (text == word(b"none")) | (text == word(b"null"))
        }
        [a, b, c] => {
            let text = u32::from_le_bytes([a, b, c, 0]) | (LOWER >> 8);
            // A slash has the bit that tells lower case from upper case.
            (text == word(b"nil\0")) | (text == word(b"nan\0")) | (text == word(b"n/a\0") && b == b'/')
        }
        [a, b] => a | 0x20 == b'n' && b | 0x20 == b'a',
        _ => false,
    }
}

/// Whether a text is digits, a point and digits as JSON writes them, and a number with a decimal point in no other style.
fn is_plain_decimal(text: &[u8]) -> bool {
    let Some(point) = text.iter().position(|byte| *byte == b'.') else {
        return false;
    };
    let (Some(whole), Some(fraction)) = (text.get(..point), text.get(point + 1..)) else {
        return false;
    };
    let digits = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    let whole_is_plain = match whole {
        [_] => digits(whole),
        [first, ..] => *first != b'0' && digits(whole),
        [] => false,
    };
    // Three digits behind the point may be a group.
    whole_is_plain
        && text.len() < 18
        && fraction.len() != 3
        && digits(fraction)
        && fraction.last().is_some_and(|digit| *digit != b'0')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::cells::{self, Meaning, Style};
    use super::super::numbers::{self, Shape};
    use super::super::{DateOrder, FieldValue, NumberStyle};
    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]
        #[test]
        fn what_is_plain_at_a_look_is_what_the_cell_means(
            text in prop_oneof![
                "[nN][oOuUiIaA/\u{f}][nNlLaA]?[eElL]?",
                "[-—+0-9.,eE%$]{1,7}",
                "[0-9]{1,20}(\\.[0-9]{0,6})?",
                "(19|20|21)[0-9]{2}-[01][0-9]-[0-3][0-9](T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z?)?",
                "[0-2][0-9]:[0-5][0-9]:[0-6][0-9]",
                "[ '=#a-zA/0é\u{a0}]{1,6}",
                Just("#N/A".to_owned()),
                Just("#REF!".to_owned()),
            ],
        ) {
            for kind in [Kind::Text, Kind::Number, Kind::Date, Kind::Time] {
                let seen = look(&text, kind);
                for (numbers, dates, signs) in [
                    (NumberStyle::Us, DateOrder::Mdy, false),
                    (NumberStyle::Eu, DateOrder::Dmy, false),
                    (NumberStyle::Us, DateOrder::Ymd, true),
                ] {
                    let style = Style {
                        kind, numbers, dates, blanks: Blanks::default(), currency: signs, percent: signs, part: Part::Whole,
                    };
                    let meaning = cells::read(Cell::Text(&text), &style, true);
                    let number = || Meaning::Value(FieldValue::Number(text.as_str().into()), None);
                    match seen {
                        Look::Nothing => prop_assert_eq!(meaning, Meaning::Nothing(None)),
                        Look::Text => prop_assert_eq!(meaning, Meaning::Value(FieldValue::Text(text.as_str().into()), None)),
                        Look::Digits => {
                            prop_assert_eq!(numbers::shape(&text), Shape::Plain);
                            prop_assert_eq!(meaning, number());
                        }
                        Look::Decimal => {
                            prop_assert_eq!(numbers::shape(&text), Shape::Us);
                            if numbers == NumberStyle::Us {
                                prop_assert_eq!(meaning, number());
                            }
                        }
                        Look::Other => {}
                    }
                }
            }
        }
    }
}
