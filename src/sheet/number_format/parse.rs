//! A format code into sections of tokens (ECMA-376 part 1, 18.8.31).
//!
//! Doesn't belong here: rendering (`number`, `moment`).

use std::iter::Peekable;
use std::str::Chars;

use super::Parts;

/// A part of a section, in its order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// Shown as it is.
    Literal(String),
    /// The number as General shows it.
    General,
    /// `0`, `#` or `?`.
    Digit(char),
    Point,
    /// A comma: a separator of thousands, or a division by a thousand.
    Comma,
    Percent,
    /// `E+` or `E-`; whether a positive exponent has a sign.
    Exponent(bool),
    /// A slash, of a fraction unless the section is a date.
    Slash,
    /// The text of the cell.
    Text,
    /// `y`, `m`, `d`, `h`, `s` and how often; `n` stands for `m` as minutes.
    Date(char, usize),
    /// Elapsed hours, minutes or seconds in brackets.
    Elapsed(char, usize),
    /// So many digits of a second.
    Fraction(usize),
    /// What is shown before noon and from noon on.
    Half(String, String),
    /// What this program can't render: eras, numerals of other scripts, letters with no meaning.
    Unknown,
}

/// For which numbers a section is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Condition {
    less: bool,
    equal: bool,
    greater: bool,
    than: f64,
}

impl Condition {
    fn parse(text: &str) -> Option<Self> {
        let end = text.find(|c| !matches!(c, '<' | '>' | '='))?;
        let (sign, number) = text.split_at_checked(end)?;
        let (less, equal, greater) = match sign {
            "<" => (true, false, false),
            "<=" => (true, true, false),
            "=" => (false, true, false),
            ">=" => (false, true, true),
            ">" => (false, false, true),
            "<>" => (true, false, true),
            _ => return None,
        };
        Some(Self {
            less,
            equal,
            greater,
            than: number.trim().parse().ok()?,
        })
    }

    pub(super) fn holds(self, value: f64) -> bool {
        (self.less && value < self.than)
            || (self.greater && value > self.than)
            || (self.equal && value >= self.than && value <= self.than)
    }

    /// Whether it holds for negative numbers only.
    pub(super) fn is_for_negative(self) -> bool {
        self.less && !self.greater && (self.than < 0.0 || (self.than <= 0.0 && !self.equal))
    }
}

/// One of the parts of a code that semicolons separate.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Section {
    pub(super) tokens: Vec<Token>,
    pub(super) condition: Option<Condition>,
    /// Which parts of a moment it shows.
    pub(super) parts: Parts,
    /// It shows an elapsed time.
    pub(super) elapsed: bool,
    /// It is for text.
    pub(super) is_text: bool,
    /// Names of months and days are not those of English.
    pub(super) is_foreign: bool,
}

impl Section {
    /// The text, if it is all that the section shows.
    pub(super) fn literal(&self) -> Option<&str> {
        match self.tokens.as_slice() {
            [Token::Literal(text)] => Some(text),
            _ => None,
        }
    }

    pub(super) fn is_scientific(&self) -> bool {
        self.tokens.iter().any(|token| matches!(token, Token::Exponent(_)))
    }

    /// Whether it shows a number as an amount: with separators, decimals, percent, or in thousands.
    pub(super) fn is_amount(&self) -> bool {
        let is_amount = |token: &Token| matches!(token, Token::Point | Token::Comma | Token::Percent);
        self.tokens.iter().any(is_amount)
    }

    /// Whether it shows a number as it is: General, text, or a fraction, which is left to the number.
    fn is_plain(&self) -> bool {
        match self.tokens.as_slice() {
            [Token::General | Token::Text] => true,
            tokens => tokens.contains(&Token::Slash) && tokens.iter().any(|token| matches!(token, Token::Digit(_))),
        }
    }
}

/// Whether a format shows every number as it is.
pub(super) fn is_plain(sections: &[Section]) -> bool {
    matches!(sections, [only] if only.condition.is_none() && only.is_plain())
}

/// The sections of a code. An empty code is General.
pub(super) fn sections(code: &str) -> Vec<Section> {
    if code.trim().is_empty() {
        return vec![Section {
            tokens: vec![Token::General],
            ..Section::default()
        }];
    }
    let mut letters = code.chars().peekable();
    let mut sections = Vec::new();
    loop {
        let (section, is_last) = section(&mut letters);
        sections.push(section);
        if is_last {
            break;
        }
    }
    let count = sections.len();
    for (index, section) in sections.iter_mut().enumerate() {
        // The only section shows numbers, too.
        section.is_text = (count > 1 && section.tokens.contains(&Token::Text)) || index == 3;
    }
    sections
}

fn push_literal(tokens: &mut Vec<Token>, text: impl Iterator<Item = char>) {
    if let Some(Token::Literal(last)) = tokens.last_mut() {
        last.extend(text);
        return;
    }
    let text: String = text.collect();
    if !text.is_empty() {
        tokens.push(Token::Literal(text));
    }
}

/// Reads up to the next semicolon, and says whether it was the last section.
fn section(letters: &mut Peekable<Chars<'_>>) -> (Section, bool) {
    let mut section = Section::default();
    let mut is_last = true;
    while let Some(letter) = letters.next() {
        let tokens = &mut section.tokens;
        match letter {
            ';' => {
                is_last = false;
                break;
            }
            '\\' => push_literal(tokens, letters.next().into_iter()),
            '"' => push_literal(tokens, letters.by_ref().take_while(|c| *c != '"')),
            // As wide as the next letter, and filled with it.
            '_' => {
                letters.next();
                push_literal(tokens, std::iter::once(' '));
            }
            '*' => {
                letters.next();
            }
            '[' => {
                let inner: String = letters.by_ref().take_while(|c| *c != ']').collect();
                bracket(&inner, &mut section);
            }
            '0' | '#' | '?' => tokens.push(Token::Digit(letter)),
            '.' => tokens.push(Token::Point),
            ',' => tokens.push(Token::Comma),
            '%' => tokens.push(Token::Percent),
            '/' => tokens.push(Token::Slash),
            '@' => tokens.push(Token::Text),
            'E' | 'e' if matches!(letters.peek(), Some('+' | '-')) => {
                tokens.push(Token::Exponent(letters.next() == Some('+')));
            }
            'a'..='z' | 'A'..='Z' => word(letter, letters, tokens),
            other => push_literal(tokens, std::iter::once(other)),
        }
    }
    settle(&mut section);
    (section, is_last)
}

/// What stands in brackets.
fn bracket(inner: &str, section: &mut Section) {
    let lower = inner.to_ascii_lowercase();
    let first = lower.chars().next();
    if let Some(unit @ ('h' | 'm' | 's')) = first
        && lower.chars().all(|c| c == unit)
    {
        section.tokens.push(Token::Elapsed(unit, lower.len()));
    } else if let Some(rest) = inner.strip_prefix('$') {
        // The symbol of a currency, and a locale in hexadecimal digits.
        let (symbol, locale) = rest.split_once('-').unwrap_or((rest, ""));
        push_literal(&mut section.tokens, symbol.chars());
        let locale = locale.split(',').next().unwrap_or_default();
        match u32::from_str_radix(locale, 16) {
            // Numerals or a calendar of their own stand in the third and fourth byte.
            Ok(id) if id >> 16 != 0 => section.tokens.push(Token::Unknown),
            // The system's own dates and times; the primary language of English.
            Ok(0xF400 | 0xF800) => {}
            Ok(id) => section.is_foreign |= id != 0 && id & 0x3FF != 9,
            Err(_) => section.is_foreign |= !locale.is_empty() && !locale.to_ascii_lowercase().starts_with("en"),
        }
    } else if matches!(first, Some('<' | '>' | '=')) {
        match Condition::parse(inner) {
            Some(condition) => section.condition = Some(condition),
            None => section.tokens.push(Token::Unknown),
        }
    } else if lower.starts_with("dbnum") || lower.starts_with("natnum") {
        section.tokens.push(Token::Unknown);
    }
    // Others are colours.
}

/// A letter outside of quotation marks: a part of a date, a mark of the half of the day, or General.
fn word(letter: char, letters: &mut Peekable<Chars<'_>>, tokens: &mut Vec<Token>) {
    let rest =
        |letters: &Peekable<Chars<'_>>| -> String { letters.clone().take(7).collect::<String>().to_ascii_lowercase() };
    let unit = letter.to_ascii_lowercase();
    let ahead = rest(letters);
    match unit {
        'g' if ahead.starts_with("eneral") => {
            skip(letters, 6);
            tokens.push(Token::General);
        }
        's' if ahead.starts_with("tandard") => {
            skip(letters, 7);
            tokens.push(Token::General);
        }
        'a' if ahead.starts_with("m/pm") => {
            skip(letters, 4);
            tokens.push(Token::Half("AM".to_owned(), "PM".to_owned()));
        }
        'a' if ahead.starts_with("/p") => {
            letters.next();
            let second = letters.next().unwrap_or('P');
            tokens.push(Token::Half(letter.to_string(), second.to_string()));
        }
        'y' | 'm' | 'd' | 'h' | 's' => {
            let mut count = 1;
            while letters.next_if(|c| c.to_ascii_lowercase() == unit).is_some() {
                count += 1;
            }
            tokens.push(Token::Date(unit, count));
        }
        // A year of the era, which is that of the calendar in most languages.
        'e' => {
            while letters.next_if(|c| c.eq_ignore_ascii_case(&'e')).is_some() {}
            tokens.push(Token::Date('y', 4));
        }
        _ => tokens.push(Token::Unknown),
    }
}

fn skip(letters: &mut Peekable<Chars<'_>>, count: usize) {
    for _ in 0..count {
        letters.next();
    }
}

/// Finds out what the section shows, and what its points, slashes and `m` are.
fn settle(section: &mut Section) {
    let is_date = |token: &Token| matches!(token, Token::Date(..) | Token::Elapsed(..) | Token::Half(..));
    if !section.tokens.iter().any(is_date) {
        return;
    }
    let tokens = std::mem::take(&mut section.tokens);
    let units: Vec<Option<char>> = tokens.iter().filter(|token| is_date(token)).map(unit).collect();
    let (mut settled, mut seen) = (Vec::new(), 0);
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let token = match token {
            Token::Date('m', count) if count <= 2 && is_minute(&units, seen) => Token::Date('n', count),
            Token::Point => {
                let mut digits = 0;
                while tokens.next_if_eq(&Token::Digit('0')).is_some() {
                    digits += 1;
                }
                match digits {
                    0 => Token::Literal(".".to_owned()),
                    digits => Token::Fraction(digits),
                }
            }
            Token::Slash => Token::Literal("/".to_owned()),
            Token::Comma => Token::Literal(",".to_owned()),
            Token::Digit(_) | Token::Percent | Token::Exponent(_) | Token::General | Token::Text => Token::Unknown,
            other => other,
        };
        seen += usize::from(is_date(&token));
        match &token {
            Token::Elapsed(..) => section.elapsed = true,
            Token::Date('y' | 'm' | 'd', _) => section.parts.day = true,
            Token::Date(..) | Token::Half(..) => section.parts.time = true,
            _ => {}
        }
        settled.push(token);
    }
    section.tokens = settled;
}

fn unit(token: &Token) -> Option<char> {
    match token {
        Token::Date(unit, _) | Token::Elapsed(unit, _) => Some(*unit),
        _ => None,
    }
}

/// Whether the unit at this place, an `m`, is a minute: behind hours, or before seconds.
fn is_minute(units: &[Option<char>], place: usize) -> bool {
    let before = place.checked_sub(1).and_then(|before| units.get(before));
    before == Some(&Some('h')) || units.get(place + 1) == Some(&Some('s'))
}
