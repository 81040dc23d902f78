//! Text and workbook numbers in a column's style.
//!
//! Doesn't belong here: the digits themselves (`numbers`), which style a column has (`evidence`).

use std::borrow::Cow;

use super::super::numbers::{self, Shape, Written};
use super::super::texts::bare;
use super::super::{FieldValue, NumberStyle};
use super::{Concern, Meaning, Style, as_is, misfit, owned, read_text};
use crate::item::Kind;
use crate::sheet::NumberFormat;

pub(super) fn text_as_number<'a>(text: &'a str, style: &Style) -> Meaning<'a> {
    let bare = bare_number(text, style);
    let written_in = bare.style.unwrap_or(style.numbers);
    let number = match &bare.text {
        Cow::Borrowed(bare) => numbers::canonical(bare, written_in),
        Cow::Owned(bare) => numbers::canonical(bare, written_in).map(|number| Cow::Owned(number.into_owned())),
    };
    let number = match number {
        Some(number) if style.percent && text.contains('%') => numbers::percent(&number).map(Cow::Owned),
        number => number,
    };
    if let Some(number) = number {
        return Meaning::Value(FieldValue::Number(number), None);
    }
    match (numbers::shape(&bare.text), written_in) {
        (Shape::LeadingZero, _) => as_is(unquoted(text), Concern::LeadingZero),
        (Shape::Us, NumberStyle::Eu) => Meaning::Fault(format!(
            "{text:?} is not written like the column's other numbers (1.234,50)"
        )),
        (Shape::Eu, NumberStyle::Us) => Meaning::Fault(format!(
            "{text:?} is not written like the column's other numbers (1,234.50)"
        )),
        _ if style.text_too => as_is(text, Concern::TextForNumber),
        _ => as_is(text, Concern::NotANumber),
    }
}

/// A text without the apostrophe that keeps its digits as text.
fn unquoted(text: &str) -> &str {
    let rest = text.trim_start().strip_prefix('\'');
    rest.filter(|rest| rest.contains(|c: char| c.is_ascii_digit()))
        .unwrap_or(text)
}

/// The number without white space, without the apostrophe by which spreadsheet programs keep digits as text, and without the
/// currency or percent sign that the mapping file allows.
pub(crate) fn bare_number<'a>(text: &'a str, style: &Style) -> Written<'a> {
    let mut text = unquoted(bare(text));
    if style.percent {
        text = text.strip_suffix('%').map_or(text, str::trim_end);
    }
    if !style.currency {
        return numbers::written(text);
    }
    let sign = |c: char| matches!(c, '$' | '€' | '£' | '¥') || c.is_whitespace();
    // Accounting shows a loss in brackets.
    let (inner, bracketed) = match text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(inner) => (inner, true),
        None => (text, false),
    };
    let (inner, negative) = match inner.trim_start_matches(sign).strip_prefix('-') {
        Some(rest) => (rest, true),
        None => (inner, bracketed),
    };
    let bare = inner.trim_matches(sign);
    if negative && !bare.starts_with('-') {
        numbers::written(&format!("-{bare}")).into_owned()
    } else {
        numbers::written(bare)
    }
}

/// A workbook's number as text: the digits as shown for an integer, 15 significant digits else.
pub(super) fn shown(value: f64, format: NumberFormat) -> Option<String> {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        let width = if let NumberFormat::Padded(width) = format {
            usize::from(width)
        } else {
            0
        };
        let sign = if value < 0.0 { "-" } else { "" };
        return Some(format!("{sign}{:0>width$}", format!("{:.0}", value.abs())));
    }
    numbers::from_double(value)
}

pub(super) fn number<'a>(value: f64, format: NumberFormat, style: &Style) -> Meaning<'a> {
    let text = |text: String| FieldValue::Text(Cow::Owned(text));
    let no_number = || Meaning::Fault("the cell holds a number that can't be stored".to_owned());
    match style.kind {
        Kind::Number => match numbers::from_double(value) {
            Some(number) => Meaning::Value(FieldValue::Number(Cow::Owned(number)), None),
            None => no_number(),
        },
        Kind::Text => shown(value, format).map_or_else(no_number, |shown| Meaning::Value(text(shown), None)),
        Kind::Date | Kind::Time => {
            let Some(shown) = shown(value, format) else {
                return no_number();
            };
            match owned(read_text(&shown, style)) {
                Meaning::Value(FieldValue::Text(_), Some(Concern::NotADate | Concern::NotATime)) => {
                    Meaning::Value(text(shown), misfit(style))
                }
                other => other,
            }
        }
    }
}
