//! Numbers as people and accounting programs write them → the two styles of `numbers`: `1 234,50`, `1'234.50`, `(12.50)`,
//! `12-`, `−12`, `12.`.
//!
//! Doesn't belong here: currency and percent signs (`cells`), the style of a column (`evidence`).

use std::borrow::Cow;

use super::super::NumberStyle;

/// A number's text without what only one notation has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written<'a> {
    /// A sign, digits, commas and points; or the text as it was, if it is in no such notation.
    pub(crate) text: Cow<'a, str>,
    /// The style of `text`, where the notation decides it: a group that is parted by spaces or apostrophes leaves the comma
    /// or the point one meaning.
    pub(crate) style: Option<NumberStyle>,
}

impl Written<'_> {
    pub(crate) fn into_owned(self) -> Written<'static> {
        Written {
            text: Cow::Owned(self.text.into_owned()),
            style: self.style,
        }
    }
}

/// U+2212 and its narrow and wide forms.
const MINUS: [char; 4] = ['-', '\u{2212}', '\u{fe63}', '\u{ff0d}'];

/// Reads the notation of a text without outer white space.
pub(crate) fn written(text: &str) -> Written<'_> {
    let usual = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b',' | b'e' | b'E');
    let ends_in_digit = text.bytes().last().is_some_and(|byte| byte.is_ascii_digit());
    let as_it_is = Written {
        text: Cow::Borrowed(text),
        style: None,
    };
    if ends_in_digit && text.bytes().all(usual) {
        return as_it_is;
    }
    in_notation(text).unwrap_or(as_it_is)
}

fn in_notation(text: &str) -> Option<Written<'static>> {
    let (negative, unsigned) = signed(text)?;
    let sign = if negative { "-" } else { "" };
    let end = unsigned.find(['.', ',']).unwrap_or(unsigned.len());
    let (whole, rest) = unsigned.split_at_checked(end)?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some(group) = whole.chars().find(|c| !c.is_ascii_digit()) else {
        // A point with nothing behind it parts nothing.
        let text = if digits(whole) && rest == "." { whole } else { unsigned };
        return Some(Written {
            text: Cow::Owned(format!("{sign}{text}")),
            style: None,
        });
    };
    let is_apostrophe = |c: char| matches!(c, '\'' | '\u{2019}');
    let parts_groups = |c: char| {
        if is_apostrophe(group) {
            is_apostrophe(c)
        } else {
            group.is_whitespace() && c.is_whitespace()
        }
    };
    let are_groups = whole.split(parts_groups).enumerate().all(|(at, part)| {
        let length = if at == 0 { 1..=3 } else { 3..=3 };
        digits(part) && length.contains(&part.len()) && !(at == 0 && part.starts_with('0'))
    });
    let style = match rest.chars().next() {
        None => None,
        Some(mark) if rest.strip_prefix(mark).is_some_and(digits) => {
            Some(if mark == ',' { NumberStyle::Eu } else { NumberStyle::Us })
        }
        Some(_) => return None,
    };
    let whole: String = whole.chars().filter(char::is_ascii_digit).collect();
    are_groups.then(|| Written {
        text: Cow::Owned(format!("{sign}{whole}{rest}")),
        style,
    })
}

/// Whether a number is negative, and what is left without the sign: before it, behind it, or brackets around it.
fn signed(text: &str) -> Option<(bool, &str)> {
    let inner = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let (negative, rest) = if let Some(inner) = inner {
        (true, inner.trim())
    } else if let Some(rest) = text.strip_prefix(MINUS) {
        (true, rest.trim_start())
    } else if let Some(rest) = text.strip_suffix(MINUS) {
        (true, rest.trim_end())
    } else {
        (false, text.strip_prefix('+').unwrap_or(text))
    };
    let begins = rest.strip_prefix(['.', ',']).unwrap_or(rest);
    begins
        .starts_with(|c: char| c.is_ascii_digit())
        .then_some((negative, rest))
}

#[cfg(test)]
mod tests {
    use super::super::{canonical, shape};
    use super::*;
    use crate::columns::numbers::Shape;

    #[test]
    fn each_notation_is_the_number_that_it_shows() {
        for (text, json) in [
            ("1\u{202f}234,50", "1234.5"),
            ("1\u{a0}234\u{a0}567", "1234567"),
            ("2 000", "2000"),
            ("1 234.567", "1234.567"),
            ("1'234.50", "1234.5"),
            ("1\u{2019}234\u{2019}567", "1234567"),
            ("\u{2212}12", "-12"),
            ("- 12", "-12"),
            ("\u{2212}1 234,5", "-1234.5"),
            ("(12.50)", "-12.5"),
            ("( 1 234,50 )", "-1234.5"),
            ("12-", "-12"),
            ("1,234.50-", "-1234.5"),
            ("12.", "12"),
            ("-12.", "-12"),
        ] {
            let number = written(text);
            let style = number.style.unwrap_or(NumberStyle::Us);
            assert_eq!(canonical(&number.text, style).as_deref(), Some(json), "{text}");
        }
    }

    #[test]
    fn what_is_in_no_notation_is_left_as_it_is() {
        for text in [
            "about 20",
            "1 23",
            "12 34 567",
            "1 234 56",
            "0 123",
            "1'23",
            "1' 234",
            "(12",
            "12)",
            "()",
            "(-12)",
            "--12",
            "-12-",
            "1 234,",
            "5 g",
            "12..",
            "1 234.5.6",
            "1/2",
            "5'",
            "",
            "-",
            "\u{2212}",
            "'5",
            "1\n234x",
        ] {
            assert_eq!(shape(&written(text).text), Shape::None, "{text}");
        }
    }

    #[test]
    fn a_leading_zero_is_no_number_and_is_told_from_other_text() {
        assert_eq!(shape("024"), Shape::LeadingZero);
        assert_eq!(shape("-007"), Shape::LeadingZero);
        assert_eq!(shape("0.24"), Shape::Us);
        assert_eq!(shape("0,24"), Shape::Eu);
        assert_eq!(shape("about 5"), Shape::None);
    }

    #[test]
    fn a_usual_number_is_not_copied() {
        for text in ["12", "-1,234.50", "+5", ".5", "1e5", "024"] {
            assert_eq!(written(text).text, Cow::Borrowed(text));
            assert!(matches!(written(text).text, Cow::Borrowed(_)), "{text}");
        }
    }
}
