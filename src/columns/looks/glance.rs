//! What one look shows of a cell's text. A property holds it to what the cell means.
//!
//! Doesn't belong here: which cells are looked at (`looks`), what the others mean (`cells`).

use super::super::dates;
use super::super::numbers::is_plain_integer;
use super::Look;
use crate::bits::packed;
use crate::item::Kind;
use crate::sheet::{FIELD, Field};

/// Looks at a text of any length.
pub(super) fn look(text: &str, kind: Kind) -> Look {
    let bytes = text.as_bytes();
    let mut beginning = [0; 4];
    for (to, from) in beginning.iter_mut().zip(bytes) {
        *to = *from;
    }
    if is_nothing(beginning, bytes.len()) {
        return Look::Nothing;
    }
    match kind {
        Kind::Text => {
            let stands = match bytes {
                [first, .., last] => stands_for_itself(*first, *last),
                [only] => stands_for_itself(*only, *only),
                [] => false,
            };
            if stands { Look::Text } else { Look::Other }
        }
        Kind::Number => look_at_number(bytes),
        Kind::Date => look_at_date(bytes),
        Kind::Time if dates::is_time_as_written(bytes) => Look::Plain,
        Kind::Time => Look::Other,
    }
}

fn look_at_date(text: &[u8]) -> Look {
    if dates::is_as_written(text) {
        Look::Plain
    } else if dates::usual_triple(text).is_some() {
        Look::Triple
    } else {
        Look::Other
    }
}

fn look_at_number(text: &[u8]) -> Look {
    if is_plain_integer(text) {
        Look::Digits
    } else if is_plain_decimal(text) {
        if may_be_grouped(text) {
            Look::Either
        } else {
            Look::Decimal
        }
    } else if is_zero_led(text) {
        Look::ZeroLed
    } else {
        Look::Other
    }
}

/// Looks at a short text, which is most of them: as `look` does, without a step that depends on what one cell holds and the
/// next doesn't. No processor can guess those, and each wrong guess costs more than the look.
#[inline]
pub(super) fn glance_at_text(field: &Field<'_>) -> Look {
    // What JSON escapes: a byte for each, 0 or 1, which compilers turn into a few instructions for all of them.
    let mut special = [0; FIELD];
    let within = WITHIN.get(field.length).unwrap_or(&[1; FIELD]);
    for ((special, byte), within) in special.iter_mut().zip(field.block).zip(within) {
        *special = within & (u8::from(*byte < b' ') | u8::from(*byte == b'"') | u8::from(*byte == b'\\'));
    }
    let (words, _) = special.as_chunks::<8>();
    let special = words.iter().fold(0, |all, word| all | u64::from_le_bytes(*word)) != 0;
    shown_by_text(field, special)
}

/// The same, where it is known of the whole row that nothing in it has to be escaped.
#[inline]
pub(super) fn glance_at_plain_text(field: &Field<'_>) -> Look {
    shown_by_text(field, false)
}

/// `special`: something in it has to be escaped.
#[inline]
fn shown_by_text(field: &Field<'_>, special: bool) -> Look {
    const SHOWN: [Look; 8] = [
        Look::Other,
        Look::Other,
        Look::Plain,
        Look::Text,
        Look::Nothing,
        Look::Nothing,
        Look::Nothing,
        Look::Nothing,
    ];
    let first = field.block.first().copied().unwrap_or_default();
    let last = field
        .block
        .get(field.length.wrapping_sub(1) % FIELD)
        .copied()
        .unwrap_or_default();
    let stands = stands_for_itself(first, last);
    let nothing = is_nothing(beginning(field.block), field.length);
    SHOWN[usize::from(nothing) << 2 | usize::from(stands) << 1 | usize::from(special)]
}

/// Whether a text that begins and ends with these bytes stands for itself in a column of text: it is neither an error value
/// nor guarded, and none of the words that say nothing, with white space behind it or not.
#[inline]
fn stands_for_itself(first: u8, last: u8) -> bool {
    BEGINS[usize::from(first)] & ENDS[usize::from(last)] != 0
}

/// Such a word may begin so.
const WORD: u8 = 1;
/// Neither white space nor any of those words begins so.
const OTHER_WORD: u8 = 2;

const BEGINS: [u8; 256] = {
    let mut begins = [0; 256];
    let mut byte = 0_u8;
    while byte < u8::MAX {
        begins[byte as usize] = match byte {
            b'n' | b'N' => WORD,
            // White space beyond ASCII, and the dash, begin with 0xc2, 0xe1, 0xe2 or 0xe3; a byte-order mark with 0xef.
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | 0xc3..=0xe0 | 0xe4..=0xee | 0xf0..=0xf4 => OTHER_WORD,
            _ => 0,
        };
        byte += 1;
    }
    begins
};

const ENDS: [u8; 256] = {
    let mut ends = [OTHER_WORD; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        if byte.is_ascii_graphic() {
            ends[byte as usize] = WORD | OTHER_WORD;
        }
        byte += 1;
    }
    ends
};

/// Looks at a short field in a column of dates.
#[inline]
pub(super) fn glance_at_date(field: &Field<'_>) -> Look {
    if matches!(field.length, 10 | 19 | 20) {
        look_at_date(field.bytes())
    } else {
        nothing_or_other(field)
    }
}

/// Looks at a short field in a column of times of day.
#[inline]
pub(super) fn glance_at_time(field: &Field<'_>) -> Look {
    if field.length == 8 && dates::is_time_as_written(field.bytes()) {
        Look::Plain
    } else {
        nothing_or_other(field)
    }
}

/// What there is to a short field but whether it says nothing.
#[inline]
fn nothing_or_other(field: &Field<'_>) -> Look {
    if is_nothing(beginning(field.block), field.length) {
        Look::Nothing
    } else {
        Look::Other
    }
}

/// The first bytes of a block.
#[inline]
fn beginning(block: &[u8; FIELD]) -> [u8; 4] {
    block.first_chunk().copied().unwrap_or_default()
}

/// For each length, a 1 for each byte of a block that is within it.
const WITHIN: [[u8; FIELD]; FIELD + 1] = {
    let mut within = [[0; FIELD]; FIELD + 1];
    let mut length = 0;
    while length <= FIELD {
        let mut at = 0;
        while at < length {
            within[length][at] = 1;
            at += 1;
        }
        length += 1;
    }
    within
};

/// Numbers have no more than so many bytes at a glance.
const NUMBER: usize = 16;

#[expect(clippy::needless_bitwise_bool, reason = "a lazy operator is a branch")]
#[inline]
pub(super) fn glance_at_number(field: &Field<'_>) -> Look {
    const SHOWN: [Look; 8] = [
        Look::Other,
        Look::Decimal,
        Look::Digits,
        Look::ZeroLed,
        Look::Other,
        Look::Either,
        Look::Digits,
        Look::ZeroLed,
    ];
    // Most columns of numbers hold hardly any, or hardly anything else: that can be guessed.
    if is_nothing(beginning(field.block), field.length) {
        return Look::Nothing;
    }
    let length = field.length;
    let Some(block) = field.block.first_chunk::<NUMBER>().filter(|_| length <= NUMBER) else {
        return look_at_number(field.bytes());
    };
    let byte_at = |at: usize| block[at % NUMBER];
    let others = others_than_digits(block) & ((1 << length) - 1);
    let first = block[0];
    let negative = first == b'-';
    let begin = usize::from(negative);
    // As `is_plain_integer` and `is_plain_decimal` have it.
    let all_digits = (others == u64::from(negative)) & (length > begin);
    let zero_led = all_digits & (first == b'0') & (length > 1);
    let integer = all_digits & ((byte_at(begin) != b'0') | (length == 1)) | zero_led;
    let point = others.trailing_zeros() as usize;
    let fraction = length.wrapping_sub(point + 1);
    let decimal = others.is_power_of_two()
        & (byte_at(point) == b'.')
        & (point >= 1)
        & ((point == 1) | (first != b'0'))
        & (fraction >= 1)
        & (byte_at(length.wrapping_sub(1)) != b'0')
        | zero_led;
    let may_be_grouped = (fraction == 3) & (point <= 3) & (first != b'0');
    SHOWN[usize::from(may_be_grouped) << 2 | usize::from(integer) << 1 | usize::from(decimal)]
}

/// A bit for each byte that is no digit, the lowest for the first.
#[inline]
fn others_than_digits(block: &[u8; NUMBER]) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let (words, _) = block.as_chunks::<8>();
    words.iter().rev().fold(0, |bits, word| {
        let apart = u64::from_le_bytes(*word) ^ (EACH * 0x30);
        // The highest bit of each byte says whether it is above 9.
        let above = (((apart & (EACH * 0x7f)) + EACH * 0x76) | apart) & (EACH * 0x80);
        bits << 8 | packed(above >> 7)
    })
}

/// Whether a text is empty or one of the words that say nothing, but the dashes, of which a column of numbers is warned:
/// its first four bytes, or what stands behind it, and its length.
#[expect(clippy::needless_bitwise_bool, reason = "a lazy operator is a branch")]
#[inline]
fn is_nothing(beginning: [u8; 4], length: usize) -> bool {
    let within = WITHIN_WORD[length % 8];
    let text = u32::from_le_bytes(beginning);
    // Lower case: of ASCII's letters, and of nothing that becomes one.
    let text = (text | (text & 0x4040_4040) >> 1) & within;
    let word = NOTHINGS[(text.wrapping_mul(PLACES) >> 29) as usize];
    (length == 0) | (length <= 4) & (text == word)
}

/// For each length up to four, the bits of a word that are within it.
const WITHIN_WORD: [u32; 8] = [0, 0xff, 0xffff, 0x00ff_ffff, u32::MAX, 0, 0, 0];

/// These words, each at the place that its product with `PLACES` has in its highest bits; in
/// the other places what is no text.
const NOTHINGS: [u32; 8] = {
    let words = [b"none", b"null", b"nil\0", b"nan\0", b"na\0\0", b"n/a\0"];
    let mut places = [u32::MAX; 8];
    let mut at = 0;
    while at < words.len() {
        let word = u32::from_le_bytes(*words[at]);
        let place = (word.wrapping_mul(PLACES) >> 29) as usize;
        assert!(places[place] == u32::MAX, "two words at one place");
        places[place] = word;
        at += 1;
    }
    places
};

const PLACES: u32 = 0x2265_b1f5;

fn is_zero_led(text: &[u8]) -> bool {
    matches!(text, [b'0', _, ..]) && text.iter().all(u8::is_ascii_digit)
}

/// Whether the point of such a number may part groups of digits.
fn may_be_grouped(text: &[u8]) -> bool {
    matches!(text, [b'1'..=b'9', .., b'.', _, _, _]) && text.len() <= 7
}

/// Whether a text is digits, a point and digits as JSON writes them.
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
    whole_is_plain && text.len() < 18 && digits(fraction) && fraction.last().is_some_and(|digit| *digit != b'0')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::cells::{self, Blanks, Concern, Meaning, Part, Style};
    use super::super::super::dates::DateText;
    use super::super::super::numbers::{self, Shape};
    use super::super::super::{DateOrder, FieldValue, NumberStyle};
    use super::*;
    use crate::sheet::{Cell, Row};

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
                "[0-3][0-9][-/.][0-3][0-9][-/.](19|20|00|02)[0-9][0-9]",
                "[0-9]{1,4}\\.[0-9]{3}",
                "[ '=#a-zA/0é\u{a0}\"\\\\\u{0}\u{1f}\u{7f}]{0,32}",
                "[a-z0-9]{1,30}[\"\\\\\t\ré]?[a-z]{0,3}",
                "[nN]?(one|a|il)?[\u{85}\u{a0}\u{1680}\u{2003}\u{3000}\u{205f}\u{feff}—\u{c0}大麻ァ😀 a]{0,4}",
                Just("#N/A".to_owned()),
                Just("#REF!".to_owned()),
            ],
        ) {
            let mut row = Row::new();
            row.fill_fields(&[&text, "behind\"1"]);
            for kind in [Kind::Text, Kind::Number, Kind::Date, Kind::Time] {
                let at_any_length = look(&text, kind);
                let glance = match kind {
                    Kind::Text => glance_at_text,
                    Kind::Number => glance_at_number,
                    Kind::Date => glance_at_date,
                    Kind::Time => glance_at_time,
                };
                let seen = row.field(0).map_or(at_any_length, |field| glance(&field));
                if text.is_empty() {
                    prop_assert_eq!(seen, Look::Nothing);
                    continue;
                }
                // Only at a glance it is seen whether JSON has to escape the text.
                let shown = if kind == Kind::Text && seen == Look::Plain { Look::Text } else { seen };
                prop_assert_eq!(shown, at_any_length);
                let is_escaped = serde_json::to_string(&text).unwrap().len() > text.len() + 2;
                prop_assert!(seen != Look::Plain || !is_escaped);
                if let Some(field) = row.field(0).filter(|_| kind == Kind::Text && !is_escaped) {
                    prop_assert_eq!(glance_at_plain_text(&field), seen);
                }
                prop_assert!(seen != Look::Text || is_escaped || row.field(0).is_none());
                for (numbers, order, signs) in [
                    (NumberStyle::Us, DateOrder::Mdy, false),
                    (NumberStyle::Eu, DateOrder::Dmy, false),
                    (NumberStyle::Us, DateOrder::Ymd, true),
                ] {
                    let style = Style {
                        kind, numbers, dates: order, blanks: Blanks::default(), currency: signs, percent: signs,
                        text_too: false, mixed: None, part: Part::Whole,
                    };
                    let meaning = cells::read(Cell::Text(&text), &style, true);
                    let number = || Meaning::Value(FieldValue::Number(text.as_str().into()), None);
                    match seen {
                        Look::Nothing => prop_assert_eq!(meaning, Meaning::Nothing(None)),
                        Look::Plain | Look::Text => prop_assert_eq!(meaning, Meaning::Value(FieldValue::Text(text.as_str().into()), None)),
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
                        Look::Either => {
                            prop_assert_eq!(numbers::shape(&text), Shape::Either);
                            if numbers == NumberStyle::Us {
                                prop_assert_eq!(meaning, number());
                            }
                        }
                        Look::Triple => {
                            let DateText::Triple(triple, _) = dates::read(&text) else {
                                return Err(TestCaseError::fail("a triple is none"));
                            };
                            let written = String::from_utf8(triple.as_usual(order).unwrap().to_vec()).unwrap();
                            prop_assert_eq!(Some(triple), dates::usual_triple(text.as_bytes()));
                            let day = text.as_bytes().first_chunk().and_then(|text| dates::usual_as_written(text, order));
                            prop_assert_eq!(day, triple.as_usual(order));
                            let Meaning::Value(FieldValue::Text(value), concern) = meaning else {
                                return Err(TestCaseError::fail("a triple is no value"));
                            };
                            prop_assert_eq!(value, written);
                            prop_assert!(matches!(concern, None | Some(Concern::OtherOrder)));
                        }
                        Look::ZeroLed => {
                            prop_assert_eq!(numbers::shape(&text), Shape::LeadingZero);
                            let value = FieldValue::Text(text.as_str().into());
                            prop_assert_eq!(meaning, Meaning::Value(value, Some(Concern::LeadingZero)));
                        }
                        Look::Other => {}
                        Look::Untold => return Err(TestCaseError::fail("it was looked at")),
                    }
                }
            }
        }
    }
}
