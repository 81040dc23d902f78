//! The guard that keeps Excel and `LibreOffice` from changing text when they open a CSV, and its exact inverse.
//!
//! Two forms. What they would take for a number or a date (`00123`, `1E10`, `1-2`, a tag of 24 digits) becomes
//! `="00123"`: both programs show the text as it is, and it can hold no formula of its own. What they would run as a
//! formula (`=cmd|…`, `+`, `-`, `@`: OWASP, CSV injection) gets a leading apostrophe, since nothing must be evaluated.
//!
//! Doesn't belong here: when it is wanted (`commands::writing`).

use std::borrow::Cow;

/// A text literal in an Excel formula holds at most so many characters.
const LITERAL: usize = 255;
/// Excel keeps so many digits of a number.
const DIGITS: usize = 15;

/// The text as it is safe in a CSV that Excel opens; unchanged where nothing would happen to it.
#[must_use]
pub fn guard(text: &str) -> Cow<'_, str> {
    if takes_literal(text) {
        Cow::Owned(format!("=\"{text}\""))
    } else if takes_apostrophe(text) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Takes the guard off: for every text, `unguard(guard(text))` is the text. What isn't guarded is unchanged.
#[must_use]
pub fn unguard(text: &str) -> Cow<'_, str> {
    if let Some(inner) = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'))
        && takes_literal(inner)
    {
        return Cow::Borrowed(inner);
    }
    match text.strip_prefix('\'') {
        Some(inner) if takes_apostrophe(inner) => Cow::Borrowed(inner),
        _ => Cow::Borrowed(text),
    }
}

/// As `guard`, for columns whose dates are meant to be taken for dates: only what would run is guarded.
pub(super) fn guard_formula(text: &str) -> Cow<'_, str> {
    if runs(text) || looks_guarded(text) {
        guard(text)
    } else {
        Cow::Borrowed(text)
    }
}

fn looks_guarded(text: &str) -> bool {
    text.starts_with('\'') && takes_apostrophe(text)
}

fn takes_literal(text: &str) -> bool {
    !runs(text) && is_reread(text) && text.len() <= LITERAL
}

fn takes_apostrophe(text: &str) -> bool {
    // A text that begins with apostrophes is guarded when what follows them would be: else the inverse would take
    // off an apostrophe that was there before.
    let inner = text.trim_start_matches('\'');
    !takes_literal(inner) && (runs(inner) || is_reread(inner))
}

/// Whether a spreadsheet would run it as a formula. White space in front hides nothing from Excel, and neither do the
/// full-width forms of the signs. A plain negative number stays a number.
fn runs(text: &str) -> bool {
    if is_plain_number(text) {
        return false;
    }
    let inner = text.trim_start();
    inner.starts_with(['=', '+', '-', '@', '\u{FF1D}', '\u{FF0B}', '\u{FF0D}', '\u{FF20}'])
        || (text.starts_with(['\t', '\r', '\n']) && !inner.is_empty())
}

/// Whether a spreadsheet would make something else of it: a number with other digits, a date, a truth value.
fn is_reread(text: &str) -> bool {
    if is_plain_number(text) {
        return false;
    }
    let inner = text.trim();
    let mut letters = inner.chars();
    let Some(first) = letters.next() else { return false };
    // Quotes never stand in what is reread, so the literal needs no escapes.
    if inner.contains('"') || inner.chars().count() > LITERAL && !inner.chars().all(|c| c.is_ascii_digit()) {
        return false;
    }
    let lower = inner.to_lowercase();
    if lower == "true" || lower == "false" {
        return true;
    }
    if first.is_ascii_digit() || matches!(first, '.' | ',' | '$' | '€' | '£' | '(') {
        // Digits and their punctuation, or digits with a month, am or pm among them.
        return inner.contains(|c: char| c.is_ascii_digit()) && words(&lower).all(is_number_word);
    }
    // `MAR1`, `Sep 2`, `march-2021`.
    inner.contains(|c: char| c.is_ascii_digit())
        && words(&lower).next().is_some_and(is_month)
        && words(&lower).count() == 1
}

/// The runs of letters in it.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty())
}

fn is_number_word(word: &str) -> bool {
    // `t` and `z` in ISO dates, `e` in exponents (`1E10`, and the hexadecimal look of `1e5` is no other case).
    matches!(word, "e" | "t" | "z" | "a" | "p" | "am" | "pm") || is_month(word)
}

fn is_month(word: &str) -> bool {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    word.len() >= 3 && MONTHS.iter().any(|month| month.starts_with(word)) || word == "sept"
}

/// A number that a spreadsheet writes back as it stands: no leading or trailing zeros, at most 15 digits.
fn is_plain_number(text: &str) -> bool {
    let number = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (number, None),
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(|fraction| digits(fraction) && !fraction.ends_with('0'))
        && whole.len() + fraction.map_or(0, str::len) <= DIGITS
        && text != "-0"
}
