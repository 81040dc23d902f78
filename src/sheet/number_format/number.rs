//! A number's digits as a section shows them.
//!
//! Doesn't belong here: dates (`moment`), which section is for a number (`format`).

use super::EXACT;
use super::parse::{Section, Token};

/// A number as General shows it: without the noise beyond 15 significant digits. Not a number or infinite (which no workbook
/// holds): the empty text.
pub(in crate::sheet) fn general(value: f64) -> String {
    if !value.is_finite() {
        return String::new();
    }
    if value.fract() == 0.0 && value.abs() < EXACT {
        // A negative zero is a zero.
        return format!("{}", value + 0.0);
    }
    let clean = format!("{value:.14e}").parse::<f64>().unwrap_or(value);
    if (1e-7..1e21).contains(&clean.abs()) {
        format!("{clean}")
    } else {
        format!("{clean:e}")
    }
}

/// A number as decimal digits: 0.d₁d₂… × 10^point.
struct Decimal {
    digits: Vec<u8>,
    point: i64,
}

impl Decimal {
    /// The 15 significant digits that a spreadsheet program shows; the exact integer, where there is one.
    fn of(value: f64) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        let value = value.abs();
        let (mantissa, exponent) = if value.fract() == 0.0 && value < EXACT {
            let digits = format!("{value:.0}");
            let exponent = i64::try_from(digits.len()).ok()? - 1;
            (digits, exponent)
        } else {
            let written = format!("{value:.14e}");
            let (mantissa, exponent) = written.split_once('e')?;
            (mantissa.to_owned(), exponent.parse().ok()?)
        };
        let mut digits: Vec<u8> = mantissa
            .bytes()
            .filter(u8::is_ascii_digit)
            .map(|digit| digit - b'0')
            .collect();
        while digits.last() == Some(&0) {
            digits.pop();
        }
        Some(Self {
            digits,
            point: exponent + 1,
        })
    }

    /// Rounds half away from zero to so many decimals.
    fn round(&mut self, decimals: i64) {
        let Ok(keep) = usize::try_from(self.point + decimals) else {
            self.digits.clear();
            return;
        };
        let Some(next) = self.digits.get(keep) else { return };
        let is_up = *next >= 5;
        self.digits.truncate(keep);
        if is_up {
            let mut at = keep;
            loop {
                let Some(before) = at.checked_sub(1) else {
                    self.digits.insert(0, 1);
                    self.point += 1;
                    break;
                };
                at = before;
                match self.digits.get_mut(at) {
                    Some(9) => drop(self.digits.pop()),
                    Some(digit) => {
                        *digit += 1;
                        break;
                    }
                    None => break,
                }
            }
        }
        while self.digits.last() == Some(&0) {
            self.digits.pop();
        }
    }

    fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    /// The digit that counts 10^place.
    fn digit(&self, place: i64) -> u8 {
        usize::try_from(self.point - 1 - place)
            .ok()
            .and_then(|at| self.digits.get(at))
            .copied()
            .unwrap_or(0)
    }

    /// How many digits stand before the point.
    fn whole(&self) -> usize {
        if self.is_zero() {
            0
        } else {
            usize::try_from(self.point).unwrap_or(0)
        }
    }
}

/// How a section's places for digits are laid out.
#[derive(Default)]
struct Layout {
    whole: usize,
    decimals: usize,
    /// Places of the exponent.
    power: usize,
    grouped: bool,
    /// Divisions by a thousand.
    thousands: i64,
    percents: i64,
    has_exponent: bool,
    has_general: bool,
}

impl Layout {
    /// None for what can't be rendered.
    fn of(section: &Section) -> Option<Self> {
        let (mut layout, mut has_point, mut commas) = (Self::default(), false, 0);
        for token in &section.tokens {
            match token {
                Token::Digit(_) if layout.has_exponent => layout.power += 1,
                Token::Digit(_) => {
                    // A comma between digits separates thousands; behind the last of them it divides.
                    layout.grouped |= commas > 0;
                    commas = 0;
                    *(if has_point {
                        &mut layout.decimals
                    } else {
                        &mut layout.whole
                    }) += 1;
                }
                Token::Comma if layout.whole > 0 => commas += 1,
                Token::Point if has_point => return None,
                Token::Point => {
                    layout.thousands += commas;
                    commas = 0;
                    has_point = true;
                }
                Token::Percent => layout.percents += 1,
                Token::Exponent(_) if layout.has_exponent => return None,
                Token::Exponent(_) => layout.has_exponent = true,
                // A format for text alone shows numbers, too.
                Token::General | Token::Text => layout.has_general = true,
                Token::Literal(_) | Token::Comma => {}
                _ => return None,
            }
        }
        layout.thousands += commas;
        let has_digits = layout.whole + layout.decimals > 0;
        (!(layout.has_general && has_digits)).then_some(layout)
    }
}

/// A number as the section shows it; none where that can't be rendered.
pub(super) fn render(value: f64, section: &Section) -> Option<String> {
    let layout = Layout::of(section)?;
    let mut number = Decimal::of(value)?;
    number.point += 2 * layout.percents - 3 * layout.thousands;
    // A number has at most 15 digits to be seen, but may be very long.
    if number.point > 400 {
        return None;
    }
    let mut power = 0;
    let decimals = i64::try_from(layout.decimals).ok()?;
    if layout.has_exponent {
        power = scale(&mut number, layout.whole, decimals);
    } else if layout.whole + layout.decimals > 0 {
        number.round(decimals);
    }
    let is_negative = value < 0.0 && (!number.is_zero() || layout.has_general);
    let mut shown = String::new();
    if is_negative {
        shown.push('-');
    }
    let mut pen = Pen {
        number: &number,
        layout: &layout,
        power,
        place: i64::try_from(layout.whole).ok()? - 1,
        is_first: true,
        exponent_left: layout.power,
        in_exponent: false,
    };
    for token in &section.tokens {
        pen.write(token, value, &mut shown);
    }
    Some(shown)
}

/// Moves the point of a number in scientific notation, and returns the exponent: a multiple of the number of places before
/// the point.
fn scale(number: &mut Decimal, whole: usize, decimals: i64) -> i64 {
    let step = i64::try_from(whole.max(1)).unwrap_or(1);
    if number.is_zero() {
        return 0;
    }
    let power = |point: i64| (point - 1).div_euclid(step) * step;
    let mut by = power(number.point);
    number.point -= by;
    number.round(decimals);
    // Rounding may have made one digit more.
    let more = power(number.point);
    if more > 0 {
        number.point -= more;
        by += more;
    }
    by
}

/// Where the rendering of a number stands.
struct Pen<'a> {
    number: &'a Decimal,
    layout: &'a Layout,
    /// The exponent.
    power: i64,
    /// The next digit counts 10^place.
    place: i64,
    /// No place for a digit has come yet.
    is_first: bool,
    exponent_left: usize,
    in_exponent: bool,
}

impl Pen<'_> {
    fn write(&mut self, token: &Token, value: f64, shown: &mut String) {
        match token {
            Token::Literal(text) => shown.push_str(text),
            Token::Percent => shown.push('%'),
            Token::General | Token::Text => shown.push_str(&general(value.abs())),
            Token::Point => {
                if self.layout.whole == 0 {
                    self.leading(shown);
                }
                shown.push('.');
                self.place = -1;
            }
            Token::Exponent(is_signed) => {
                self.in_exponent = true;
                shown.push('E');
                if self.power < 0 {
                    shown.push('-');
                } else if *is_signed {
                    shown.push('+');
                }
            }
            Token::Digit(_) if self.in_exponent => self.exponent(shown),
            Token::Digit(kind) => self.digit(*kind, shown),
            _ => {}
        }
    }

    /// The digits for which there is no place.
    fn leading(&mut self, shown: &mut String) {
        if std::mem::take(&mut self.is_first) {
            let mut place = i64::try_from(self.number.whole()).unwrap_or(0) - 1;
            while place > self.place.max(-1) {
                self.push(place, shown);
                place -= 1;
            }
        }
    }

    fn push(&self, place: i64, shown: &mut String) {
        shown.push(char::from(b'0' + self.number.digit(place)));
        self.separate(place, shown);
    }

    fn separate(&self, place: i64, shown: &mut String) {
        if self.layout.grouped && place > 0 && place % 3 == 0 {
            shown.push(',');
        }
    }

    fn digit(&mut self, kind: char, shown: &mut String) {
        if self.place >= 0 {
            self.leading(shown);
        }
        let place = self.place;
        self.place -= 1;
        let is_there = if place >= 0 {
            i64::try_from(self.number.whole()).unwrap_or(0) > place
        } else {
            let last = self.number.point - i64::try_from(self.number.digits.len()).unwrap_or(0);
            last <= place && !self.number.is_zero()
        };
        match kind {
            _ if is_there || kind == '0' => self.push(place, shown),
            '?' => shown.push(' '),
            _ => {}
        }
    }

    /// The exponent goes to its first place, padded to as many as there are.
    fn exponent(&mut self, shown: &mut String) {
        let width = std::mem::take(&mut self.exponent_left);
        if width > 0 {
            shown.push_str(&format!("{:0>width$}", self.power.abs()));
        }
    }
}
