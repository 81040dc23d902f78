//! Text that is a number: in which style, and how JSON writes it. Works on digits, never through a double, so that
//! no digit is lost.
//!
//! Belongs here: single numbers. Doesn't: which style a column has (`survey`), which fields hold numbers (`item`).

mod written;

use std::borrow::Cow;
use std::cmp::Ordering;

use super::NumberStyle;
pub(crate) use written::{Written, written};

/// Which styles a text is a number in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// In both, with the same meaning: `12`.
    Plain,
    /// Only as `1,234.50`.
    Us,
    /// Only as `1.234,50`.
    Eu,
    /// In both, with different meanings: `1.234`, `1,234`.
    Either,
    /// Digits that are no number because of a leading zero: `024`.
    LeadingZero,
    /// No number.
    None,
}

/// A decimal number: `0.digits × 10^point`, the digits without zeros at either end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    point: i64,
}

struct Parts<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: i64,
}

/// Which styles `text` (without outer white space) is a number in.
pub(crate) fn shape(text: &str) -> Shape {
    if !matches!(text.as_bytes(), [b'0'..=b'9' | b'+' | b'-' | b'.' | b',', ..]) {
        return Shape::None;
    }
    if is_plain_integer(text.as_bytes()) {
        return Shape::Plain;
    }
    if let Some(shape) = shape_of_plain_decimal(text) {
        return shape;
    }
    match (parts(text, NumberStyle::Us), parts(text, NumberStyle::Eu)) {
        (Some(us), Some(_)) => {
            let plain = us.fraction.is_empty() && us.whole.bytes().all(|b| b.is_ascii_digit());
            if plain { Shape::Plain } else { Shape::Either }
        }
        (Some(_), None) => Shape::Us,
        (None, Some(_)) => Shape::Eu,
        (None, None) => {
            let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
            let zero_led = digits.len() > 1 && digits.starts_with('0');
            if zero_led && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b',') {
                Shape::LeadingZero
            } else {
                Shape::None
            }
        }
    }
}

/// The shape of digits, a point and digits; none of anything else.
fn shape_of_plain_decimal(text: &str) -> Option<Shape> {
    let point = text.bytes().position(|byte| byte == b'.')?;
    let (whole, fraction) = (text.get(..point)?, text.get(point + 1..)?);
    let plain = is_plain_integer(whole.as_bytes())
        && !fraction.is_empty()
        && fraction.bytes().all(|byte| byte.is_ascii_digit());
    // Three digits behind it may be a group, if what is before it may be one too.
    let grouped = fraction.len() == 3 && whole.len() <= 3 && !whole.starts_with(['0', '-']);
    (plain && !whole.starts_with('-')).then_some(if grouped { Shape::Either } else { Shape::Us })
}

/// `12`: in any style, and as JSON writes it.
pub(crate) fn is_plain_integer(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    match digits {
        [b'0'] => text == b"0",
        [b'1'..=b'9', rest @ ..] => rest.len() < 18 && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// The number as JSON writes it, without an exponent where that is readable; none where `text` is not a number in this
/// style, or none that the API can hold (beyond the range of a double).
pub(crate) fn canonical(text: &str, style: NumberStyle) -> Option<Cow<'_, str>> {
    if is_plain_integer(text.as_bytes()) || (style == NumberStyle::Us && is_plain_fraction(text)) {
        return Some(Cow::Borrowed(text));
    }
    decimal(text, style)?.to_json().map(Cow::Owned)
}

/// `12.5`: already as JSON writes it.
fn is_plain_fraction(text: &str) -> bool {
    text.len() < 18
        && text.split_once('.').is_some_and(|(whole, fraction)| {
            (is_plain_integer(whole.as_bytes()) || whole == "-0")
                && fraction.bytes().all(|b| b.is_ascii_digit())
                && fraction.bytes().last().is_some_and(|b| b != b'0')
        })
}

/// The value of `text` in this style.
pub(crate) fn decimal(text: &str, style: NumberStyle) -> Option<Decimal> {
    let parts = parts(text, style)?;
    let mut digits: Vec<u8> = parts.whole.bytes().filter(u8::is_ascii_digit).collect();
    let mut point = i64::try_from(digits.len()).ok()?.checked_add(parts.exponent)?;
    digits.extend(parts.fraction.bytes());
    let leading = digits.iter().take_while(|digit| **digit == b'0').count();
    digits.drain(..leading);
    point = point.checked_sub(i64::try_from(leading).ok()?)?;
    while digits.last() == Some(&b'0') {
        digits.pop();
    }
    if digits.is_empty() {
        return Some(Decimal {
            negative: false,
            digits,
            point: 0,
        });
    }
    Some(Decimal {
        negative: parts.negative,
        digits,
        point,
    })
}

fn parts(text: &str, style: NumberStyle) -> Option<Parts<'_>> {
    let (mark, group) = match style {
        NumberStyle::Us => ('.', ','),
        NumberStyle::Eu => (',', '.'),
    };
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent_of(exponent)?),
        None => (rest, 0),
    };
    let (whole, fraction) = match mantissa.split_once(mark) {
        Some((_, "")) => return None,
        Some((whole, fraction)) => (whole, fraction),
        None => (mantissa, ""),
    };
    let digits_only = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let whole_fits = if whole.is_empty() {
        !fraction.is_empty()
    } else if whole.contains(group) {
        mantissa.len() == rest.len() && is_grouped(whole, group)
    } else {
        digits_only(whole) && (whole == "0" || !whole.starts_with('0'))
    };
    (whole_fits && digits_only(fraction)).then_some(Parts {
        negative,
        whole,
        fraction,
        exponent,
    })
}

fn exponent_of(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let sound = !digits.is_empty() && digits.len() <= 9 && digits.bytes().all(|b| b.is_ascii_digit());
    if sound {
        text.strip_prefix('+').unwrap_or(text).parse().ok()
    } else {
        None
    }
}

fn is_grouped(whole: &str, group: char) -> bool {
    whole.split(group).enumerate().all(|(at, part)| {
        part.bytes().all(|b| b.is_ascii_digit())
            && if at == 0 {
                (1..=3).contains(&part.len()) && !part.starts_with('0')
            } else {
                part.len() == 3
            }
    })
}

impl Decimal {
    /// An integer without zeros at its end, and a power of ten where that isn't 0: `125e-1`.
    pub(crate) fn canonical(&self) -> String {
        if self.digits.is_empty() {
            return "0".to_owned();
        }
        let sign = if self.negative { "-" } else { "" };
        let digits: String = self.digits.iter().copied().map(char::from).collect();
        // A text is shorter than half the range of the exponents.
        let exponent = self
            .point
            .saturating_sub(i64::try_from(digits.len()).unwrap_or(i64::MAX));
        if exponent == 0 {
            format!("{sign}{digits}")
        } else {
            format!("{sign}{digits}e{exponent}")
        }
    }

    /// How two values stand to each other.
    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        let sign = |value: &Self| match (value.digits.is_empty(), value.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        // The digits begin with one that isn't zero, so that the point decides first.
        let size = (self.point, &self.digits).cmp(&(other.point, &other.digits));
        let size = if self.negative { size.reverse() } else { size };
        sign(self).cmp(&sign(other)).then(size)
    }

    /// As JSON writes it. Integers beyond 64 bit (which the API answers with 500) and very small or large numbers
    /// are written with an exponent, which every JSON reader takes for a double.
    fn to_json(&self) -> Option<String> {
        if self.digits.is_empty() {
            return Some("0".to_owned());
        }
        // Beyond a double's range the server would hold infinity, or zero.
        if self.point > 308 && self.as_double().is_infinite() || self.point < -306 && self.as_double() == 0.0 {
            return None;
        }
        let digits = std::str::from_utf8(&self.digits).ok()?;
        let mut text = String::with_capacity(digits.len() + 8);
        if self.negative {
            text.push('-');
        }
        let count = i64::try_from(digits.len()).ok()?;
        if count <= self.point && self.point <= 19 {
            let sign = text.len();
            text.push_str(digits);
            for _ in count..self.point {
                text.push('0');
            }
            if self.point == 19 && text.parse::<i64>().is_err() {
                text.truncate(sign);
                self.write_scientific(&mut text, digits)?;
            }
        } else if 0 < self.point && self.point <= 18 {
            let (whole, fraction) = digits.split_at_checked(usize::try_from(self.point).ok()?)?;
            text.push_str(whole);
            text.push('.');
            text.push_str(fraction);
        } else if (-20..=0).contains(&self.point) {
            text.push_str("0.");
            for _ in self.point..0 {
                text.push('0');
            }
            text.push_str(digits);
        } else {
            self.write_scientific(&mut text, digits)?;
        }
        Some(text)
    }

    fn write_scientific(&self, text: &mut String, digits: &str) -> Option<()> {
        let (first, rest) = digits.split_at_checked(1)?;
        text.push_str(first);
        if !rest.is_empty() {
            text.push('.');
            text.push_str(rest);
        }
        text.push('e');
        text.push_str(&self.point.checked_sub(1)?.to_string());
        Some(())
    }

    fn as_double(&self) -> f64 {
        let digits = String::from_utf8_lossy(&self.digits);
        let sign = if self.negative { "-" } else { "" };
        format!("{sign}0.{digits}e{}", self.point).parse().unwrap_or(f64::NAN)
    }

    fn is_integer(&self) -> bool {
        i64::try_from(self.digits.len()).is_ok_and(|count| count <= self.point)
    }

    /// Whether two numbers are the same. The API stores a fraction as a double: one that has more digits than a
    /// double holds equals what the double made of it, and what a workbook makes of the double, which is read with 15 digits.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        if self == other {
            return true;
        }
        let long = self.digits.len().max(other.digits.len()) > 15;
        let in_double = !(self.is_integer() && other.is_integer()) || self.point > 19;
        long && in_double && {
            let (a, b) = (self.as_double(), other.as_double());
            a.total_cmp(&b) == Ordering::Equal || self.is_rounded(b) || other.is_rounded(a)
        }
    }

    /// Whether it is a double without the digits beyond the 15th.
    fn is_rounded(&self, double: f64) -> bool {
        let rounded = || decimal(&format!("{double:.14e}"), NumberStyle::Us);
        self.digits.len() <= 15 && rounded().as_ref() == Some(self)
    }
}

/// A workbook's number without float noise: 15 significant digits, which is all that the program shows.
pub(crate) fn from_double(value: f64) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    // Most are such: integers of no more digits than that are what they are.
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return Some(format!("{}", value + 0.0));
    }
    decimal(&format!("{value:.14e}"), NumberStyle::Us)?.to_json()
}

/// A number in percent as the fraction that it is: `25` is `0.25`.
pub(crate) fn percent(number: &str) -> Option<String> {
    let mut value = decimal(number, NumberStyle::Us)?;
    if !value.digits.is_empty() {
        value.point = value.point.checked_sub(2)?;
    }
    value.to_json()
}

#[cfg(test)]
mod tests;
