//! One cell of a sheet's XML, passed on as calamine reads it right, in as few tags as can be.
//!
//! calamine takes the first piece of a `<v>` for its value, a number of a shared string that it can't parse for the first
//! string, and a formula behind the value for no value; it refuses the whole sheet for an error value or an element that
//! it doesn't know, and doesn't tell a formula that was never calculated from a blank cell. Its time goes by the tags and
//! attributes that it reads, so a cell without a value is left out, an address that follows from the cell before it, too,
//! an inline text becomes a value, and the numbers of a row's shared texts become one value.
//!
//! Doesn't belong here: what the value means (calamine, `cells`).

use quick_xml::escape::{partial_escape, unescape};

use super::inline::{Halt, Inline, between, characters, is_trimmed, next_token};
use super::tokens::{Token, attributes, element, tag_end, tag_name};
use crate::sheet::{NOT_CALCULATED, column_letters};

/// What became of a cell.
pub(super) enum Passed {
    /// It has so many bytes.
    Cell(usize),
    /// The text ends before the cell does.
    Part,
    /// No reader could read it; why.
    Broken(String),
}

/// The error values that calamine knows.
const KNOWN_ERRORS: [&[u8]; 7] = [
    b"#DIV/0!", b"#N/A", b"#NAME?", b"#NULL!", b"#NUM!", b"#REF!", b"#VALUE!",
];

/// Where cells without an address stand, and the shared texts of the row that are not written yet.
#[derive(Default)]
pub(super) struct Place {
    /// The row's line, from 1.
    line: u64,
    /// The column behind the last cell, from 0, and what it is to calamine, which isn't given cells without a value.
    next: u64,
    theirs: u64,
    /// Shared texts as `SHARED_MARK` says.
    run: Vec<u8>,
    /// Whether formulas with the value 0 were never calculated.
    recalculates: bool,
    /// The styles whose cells can't be in a run.
    text_styles: Vec<bool>,
}

impl Place {
    pub(super) fn keep(&mut self, recalculates: bool, text_styles: Vec<bool>) {
        self.recalculates = recalculates;
        self.text_styles = text_styles;
    }

    pub(super) fn start_row(&mut self, line: u64) {
        self.line = line;
        self.next = 0;
        self.theirs = 0;
    }

    /// Writes the shared texts of the row that are not written yet.
    pub(super) fn write_texts(&mut self, out: &mut Vec<u8>) {
        if !self.run.is_empty() {
            out.extend_from_slice(b"<c t=\"d\"><v>");
            self.write_run(out);
            self.theirs += 1;
        }
    }

    fn write_run(&mut self, out: &mut Vec<u8>) {
        out.push(SHARED_MARK);
        out.append(&mut self.run);
        out.extend_from_slice(b"</v></c>");
    }

    /// The row and the column of a cell. None for what is no address, which calamine refuses.
    ///
    /// Shared texts that stand before the cell are written first if the order matters: of two cells at one place the later
    /// counts, and a cell of another row ends this one.
    fn at(&mut self, reference: Option<&[u8]>, out: &mut Vec<u8>) -> Option<(u64, u64)> {
        let found = match reference {
            None => Some((self.line, self.next)),
            Some(reference) => address(reference),
        };
        if found.is_none_or(|(line, column)| line != self.line || column < self.next) {
            self.write_texts(out);
        }
        self.next = found.map_or(self.next, |(_, column)| column) + 1;
        found
    }

    /// A cell with a shared text, whose number is given in digits.
    fn share(&mut self, tag: &Tag<'_>, number: &[u8], out: &mut Vec<u8>) {
        let style = tag.style.filter(|style| self.is_shown_in(style));
        if style.is_some() {
            self.write_texts(out);
        }
        let found = self.at(tag.reference, out);
        push_number(found.map_or(0, |(_, column)| column), &mut self.run);
        self.run.push(b' ');
        self.run.extend_from_slice(number);
        self.run.push(b' ');
        if style.is_some() || found.is_none_or(|(line, _)| line != self.line) {
            self.write(found, tag.reference, out);
            if let Some(style) = style {
                out.extend_from_slice(b" s=\"");
                out.extend_from_slice(style);
                out.push(b'"');
            }
            out.extend_from_slice(b" t=\"d\"><v>");
            self.write_run(out);
        }
    }

    /// Whether cells of this style show more than their texts.
    fn is_shown_in(&self, style: &[u8]) -> bool {
        let number = || std::str::from_utf8(style).ok()?.parse::<usize>().ok();
        !self.text_styles.is_empty() && number().and_then(|number| self.text_styles.get(number)) == Some(&true)
    }

    /// Writes the beginning of a cell's start tag, with its address if calamine needs it.
    fn write(&mut self, found: Option<(u64, u64)>, reference: Option<&[u8]>, out: &mut Vec<u8>) {
        out.extend_from_slice(b"<c");
        if found != Some((self.line, self.theirs)) {
            out.extend_from_slice(b" r=\"");
            if let Some(reference) = reference {
                out.extend_from_slice(reference);
            } else if let Some((line, column)) = found {
                let letters = column_letters(usize::try_from(column).unwrap_or(usize::MAX));
                out.extend_from_slice(format!("{letters}{line}").as_bytes());
            }
            out.push(b'"');
        }
        self.theirs = self.next;
    }
}

/// `C7` as row 7, column 2. None for what is no address, which calamine refuses.
pub(super) fn address(reference: &[u8]) -> Option<(u64, u64)> {
    let letters = reference.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let (letters, digits) = reference.split_at_checked(letters)?;
    if !(1..=3).contains(&letters.len()) || !(1..=7).contains(&digits.len()) || digits.starts_with(b"0") {
        return None;
    }
    let column = letters.iter().fold(0, |sum, letter| {
        sum * 26 + u64::from(letter.to_ascii_uppercase() - b'A') + 1
    });
    let row = digits.iter().try_fold(0, |sum, digit| {
        digit.is_ascii_digit().then(|| sum * 10 + u64::from(digit - b'0'))
    })?;
    Some((row, column - 1))
}

/// Adds the digits of a number.
fn push_number(number: u64, out: &mut Vec<u8>) {
    if number >= 10 {
        push_number(number / 10, out);
    }
    out.extend(u8::try_from(number % 10).map(|digit| b'0' + digit));
}

/// The attributes of a `<c>` that count.
#[derive(Clone, Copy, Default)]
struct Tag<'a> {
    reference: Option<&'a [u8]>,
    style: Option<&'a [u8]>,
    kind: &'a [u8],
}

/// Adds the cell at the beginning of the text to `out`.
pub(super) fn pass(text: &[u8], place: &mut Place, out: &mut Vec<u8>) -> Passed {
    let Some(open) = tag_end(text) else { return Passed::Part };
    let (raw, rest) = text.split_at(open);
    let mut tag = Tag::default();
    attributes(raw, |key, value| match key {
        b"r" => tag.reference = Some(value),
        b"s" => tag.style = Some(value),
        b"t" => tag.kind = value,
        _ => {}
    });
    if raw.ends_with(b"/>") {
        place.at(tag.reference, out);
        return Passed::Cell(open);
    }
    if let Some((kind, value, len)) = plain(tag.kind, rest) {
        match kind {
            b"s" => place.share(&tag, value, out),
            kind => tag.write(kind, value, place, out),
        }
        return Passed::Cell(open + len);
    }
    let written = Content::read(rest).and_then(|(content, len)| {
        content.write(&tag, place, out).map_err(Halt::Broken)?;
        Ok(open + len)
    });
    match (written, tag.reference) {
        (Ok(len), _) => Passed::Cell(len),
        (Err(Halt::More), _) => Passed::Part,
        (Err(Halt::Broken(why)), None) => Passed::Broken(why),
        (Err(Halt::Broken(why)), Some(cell)) => {
            Passed::Broken(format!("{why} in cell {}", String::from_utf8_lossy(cell)))
        }
    }
}

/// Adds the entry of the table of texts at the beginning of the text to `out`, as a cell.
pub(super) fn pass_text(text: &[u8], out: &mut Vec<u8>) -> Passed {
    let Some(open) = tag_end(text) else { return Passed::Part };
    let (raw, rest) = text.split_at(open);
    let start = |kind: &[u8], out: &mut Vec<u8>| {
        out.extend_from_slice(b"<c t=\"");
        out.extend_from_slice(kind);
        out.extend_from_slice(b"\">");
    };
    let mut inline = Inline::default();
    let read = if raw.ends_with(b"/>") {
        Ok(0)
    } else {
        inline.read(b"si", rest)
    };
    match read {
        Ok(len) => {
            inline.write(out, start);
            Passed::Cell(open + len)
        }
        Err(Halt::More) => Passed::Part,
        Err(Halt::Broken(why)) => Passed::Broken(why),
    }
}

/// The content of nearly all cells, a value or an inline text without more: the kind and the value that are passed on, and
/// its bytes up to the cell's end.
fn plain<'a>(kind: &'a [u8], text: &'a [u8]) -> Option<(&'a [u8], &'a [u8], usize)> {
    if let Some((value, len)) = between(text, b"<v>", b"</v></c>") {
        return is_plain(kind, value).then_some((passed_kind(kind), value, len));
    }
    let (value, len) = between(text, b"<is><t>", b"</t></is></c>")?;
    (!is_trimmed(value)).then_some((b"str", value, len))
}

/// The kind under which calamine is given a value. It refuses the sheet for a number that is none; without a kind it is text.
fn passed_kind(kind: &[u8]) -> &[u8] {
    if kind == b"n" { b"" } else { kind }
}

/// Whether calamine reads a value right that stands in the XML like this.
fn is_plain(kind: &[u8], value: &[u8]) -> bool {
    match kind {
        b"" | b"n" => {
            !value.is_empty()
                && value
                    .iter()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'))
        }
        b"s" => is_index(value),
        b"b" => matches!(value, b"0" | b"1"),
        b"e" => KNOWN_ERRORS.contains(&value),
        b"d" => is_date(value),
        _ => true,
    }
}

fn is_index(value: &[u8]) -> bool {
    (1..=9).contains(&value.len()) && value.iter().all(u8::is_ascii_digit)
}

/// Whether a value of kind `d` may be a date: not one of the texts with a mark that are passed as such.
fn is_date(value: &[u8]) -> bool {
    value.first().is_some_and(u8::is_ascii_digit)
}

/// What stands between the tags of a cell.
#[derive(Default)]
struct Content<'a> {
    /// The characters of `<v>` as XML writes them, if there is one.
    value: Option<Vec<u8>>,
    inline: Option<Inline<'a>>,
    has_formula: bool,
}

impl<'a> Content<'a> {
    /// Reads up to the cell's end, and says how many bytes that are.
    fn read(text: &'a [u8]) -> Result<(Self, usize), Halt> {
        let (mut content, mut at) = (Self::default(), 0);
        loop {
            let (rest, token, mut len) = next_token(text, &mut at)?;
            match token {
                Token::Close(b"c") => return Ok((content, at + len)),
                Token::Open { tag, is_empty } => match tag_name(tag) {
                    b"v" => {
                        let mut value = Vec::new();
                        if !is_empty {
                            len += characters(rest.get(len..).unwrap_or_default(), &mut value)?;
                        }
                        content.value = Some(value);
                    }
                    b"is" => {
                        let mut inline = Inline::default();
                        if !is_empty {
                            len += inline.read(b"is", rest.get(len..).unwrap_or_default())?;
                        }
                        content.inline = Some(inline);
                    }
                    name => {
                        content.has_formula |= name == b"f";
                        len = element(rest).ok_or(Halt::More)?;
                    }
                },
                Token::Data(_) | Token::Nothing => {}
                Token::Close(_) | Token::DocumentType => return Err(Halt::Broken("its tags don't match".to_owned())),
            }
            at += len;
        }
    }

    fn write(&self, tag: &Tag<'_>, place: &mut Place, out: &mut Vec<u8>) -> Result<(), String> {
        if let Some(inline) = &self.inline {
            inline.write(out, |kind, out| tag.open(kind, place, out));
            return Ok(());
        }
        match (tag.kind, &self.value) {
            (b"" | b"n" | b"s" | b"b" | b"e", _) => self.write_plain(tag, place, out)?,
            (_, None) if self.has_formula => tag.refuse(NOT_CALCULATED, place, out),
            // A text without letters is one that a calculating program has stored, unless it says that it doesn't calculate.
            (b"str", Some(value)) if self.has_formula && place.recalculates && value.is_empty() => {
                tag.refuse(NOT_CALCULATED, place, out);
            }
            (b"inlineStr" | b"is", _) | (_, None) => {
                place.at(tag.reference, out);
            }
            (b"d", Some(value)) => tag.write_date(value, place, out)?,
            (kind, Some(value)) => tag.write(kind, value, place, out),
        }
        Ok(())
    }

    /// A value of a kind that calamine takes from the XML as it is.
    fn write_plain(&self, tag: &Tag<'_>, place: &mut Place, out: &mut Vec<u8>) -> Result<(), String> {
        let value = self.value.as_deref().unwrap_or_default();
        let value = std::str::from_utf8(value).map_err(|_| "its text is not UTF-8".to_owned())?;
        let value = unescape(value).map_err(|cause| cause.to_string())?;
        let value = value.trim_matches([' ', '\t', '\r', '\n']);
        let written = partial_escape(value);
        let is_placeholder = self.has_formula && place.recalculates && value == "0" && tag.kind != b"s";
        match tag.kind {
            _ if self.has_formula && value.is_empty() || is_placeholder => tag.refuse(NOT_CALCULATED, place, out),
            _ if value.is_empty() => {
                place.at(tag.reference, out);
            }
            b"s" if is_index(value.as_bytes()) => place.share(tag, value.as_bytes(), out),
            b"s" => return Err(format!("{value:?} is not the number of a shared string")),
            b"e" if !KNOWN_ERRORS.contains(&value.as_bytes()) => tag.refuse(&written, place, out),
            // Text in a cell without a kind.
            b"" | b"n" if written != value => tag.write(b"str", written.as_bytes(), place, out),
            kind => tag.write(passed_kind(kind), written.as_bytes(), place, out),
        }
        Ok(())
    }
}

/// What the value of a cell of kind `d` begins with if it is an error value.
pub(super) const ERROR_MARK: u8 = b'#';
/// What it begins with if it is a run of shared texts: for each of them its column from 0 and its number, each followed by a
/// space.
pub(super) const SHARED_MARK: u8 = b'~';

impl Tag<'_> {
    /// Writes the cell's start tag.
    fn open(&self, kind: &[u8], place: &mut Place, out: &mut Vec<u8>) {
        let found = place.at(self.reference, out);
        place.write(found, self.reference, out);
        for (key, value) in [(b's', self.style.unwrap_or_default()), (b't', kind)] {
            if !value.is_empty() {
                out.extend_from_slice(&[b' ', key, b'=', b'"']);
                out.extend_from_slice(value);
                out.push(b'"');
            }
        }
        out.push(b'>');
    }

    /// Writes the cell with a value.
    fn write(&self, kind: &[u8], value: &[u8], place: &mut Place, out: &mut Vec<u8>) {
        self.open(kind, place, out);
        out.extend_from_slice(b"<v>");
        out.extend_from_slice(value);
        out.extend_from_slice(b"</v></c>");
    }

    /// Writes the cell with the value of a date, or with the text that it is instead.
    fn write_date(&self, value: &[u8], place: &mut Place, out: &mut Vec<u8>) -> Result<(), String> {
        let value = std::str::from_utf8(value).map_err(|_| "its text is not UTF-8".to_owned())?;
        let value = unescape(value).map_err(|cause| cause.to_string())?;
        let kind: &[u8] = if is_date(value.as_bytes()) { b"d" } else { b"str" };
        self.write(kind, partial_escape(&*value).as_bytes(), place, out);
        Ok(())
    }

    /// Writes the cell with an error value.
    fn refuse(&self, error: &str, place: &mut Place, out: &mut Vec<u8>) {
        self.write(b"d", &[&[ERROR_MARK], error.as_bytes()].concat(), place, out);
    }
}
