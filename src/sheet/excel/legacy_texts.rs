//! The records of an xls and the texts in them, which go on in further records where one is too short.
//!
//! calamine 0.38 reads texts of BIFF8 in the code page of the file, though they are UTF-16 or Latin-1 in every file, and
//! decodes the pieces of a text one by one, so that a letter of two units whose halves stand in two records is lost.
//!
//! Doesn't belong here: what a record means (`legacy`, `legacy_sheet`).

use crate::sheet::charset::Charset;

/// The rest of a record that is too long for one (MS-XLS 2.4.58).
const CONTINUE: u16 = 0x003C;

/// The records of a stream, from a place on.
#[derive(Clone)]
pub(super) struct Records<'s> {
    stream: &'s [u8],
    at: usize,
}

/// A record: its type, where it begins, and what it holds.
#[derive(Clone, Copy)]
pub(super) struct Record<'s> {
    pub(super) kind: u16,
    pub(super) at: usize,
    pub(super) body: &'s [u8],
}

impl<'s> Records<'s> {
    pub(super) fn new(stream: &'s [u8], at: usize) -> Self {
        Self { stream, at }
    }

    /// What a record holds that has just come, with the records in which it goes on.
    pub(super) fn pieces(&self, record: &Record<'s>) -> Pieces<'s> {
        Pieces {
            data: record.body,
            records: self.clone(),
        }
    }
}

impl<'s> Iterator for Records<'s> {
    type Item = Record<'s>;

    /// None at the end of the stream, and where the stream ends inside a record.
    fn next(&mut self) -> Option<Record<'s>> {
        let at = self.at;
        let (head, behind) = self.stream.get(at..)?.split_first_chunk::<4>()?;
        let [a, b, c, d] = *head;
        let length = usize::from(u16::from_le_bytes([c, d]));
        let body = behind.get(..length)?;
        self.at = at + 4 + length;
        let kind = u16::from_le_bytes([a, b]);
        Some(Record { kind, at, body })
    }
}

/// What is left of a record and of those in which it goes on. None: the record ends before what it is said to hold.
pub(super) struct Pieces<'s> {
    data: &'s [u8],
    records: Records<'s>,
}

impl Pieces<'_> {
    fn go_on(&mut self) -> Option<()> {
        let next = self.records.next().filter(|record| record.kind == CONTINUE)?;
        self.data = next.body;
        Some(())
    }

    pub(super) fn is_over(&mut self) -> bool {
        while self.data.is_empty() {
            if self.go_on().is_none() {
                return true;
            }
        }
        false
    }

    pub(super) fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let mut taken = [0; N];
        for byte in &mut taken {
            while self.data.is_empty() {
                self.go_on()?;
            }
            let (first, rest) = self.data.split_first()?;
            (*byte, self.data) = (*first, rest);
        }
        Some(taken)
    }

    pub(super) fn skip(&mut self, mut count: usize) -> Option<()> {
        while count > 0 {
            if self.data.is_empty() {
                self.go_on()?;
            }
            let here = self.data.len().min(count);
            self.data = self.data.get(here..)?;
            count -= here;
        }
        Some(())
    }

    /// Adds so many UTF-16 units, each of which stands in one byte where the upper byte of all is 0. The rest of a text that
    /// goes on says anew whether it does.
    fn units(&mut self, count: usize, mut is_wide: bool, units: &mut Vec<u16>) -> Option<()> {
        let end = units.len() + count;
        while units.len() < end {
            if self.data.is_empty() {
                self.go_on()?;
                let [flags] = self.take()?;
                is_wide = flags & 1 != 0;
                continue;
            }
            let width = if is_wide { 2 } else { 1 };
            let here = (self.data.len() / width).min(end - units.len());
            // Half a unit at the end of a record is none.
            let (bytes, rest) = self.data.split_at_checked(here * width).filter(|_| here > 0)?;
            self.data = rest;
            if is_wide {
                let (pairs, _) = bytes.as_chunks::<2>();
                units.extend(pairs.iter().map(|pair| u16::from_le_bytes(*pair)));
            } else {
                units.extend(bytes.iter().map(|byte| u16::from(*byte)));
            }
        }
        Some(())
    }
}

/// How the texts of a workbook are stored.
#[derive(Clone, Copy, Debug)]
pub(super) enum Letters {
    /// As UTF-16, whatever code page the file names (BIFF8, MS-XLS 2.5.293 and 2.5.294).
    Utf16,
    /// In a code page (BIFF5). None: one that is not known.
    Bytes(Option<Charset>),
}

impl Letters {
    /// A text whose length stands in two bytes.
    pub(super) fn text(self, pieces: &mut Pieces<'_>) -> Option<String> {
        let length = u16::from_le_bytes(pieces.take()?);
        self.letters(pieces, usize::from(length))
    }

    /// A text whose length stands in one byte.
    pub(super) fn short_text(self, pieces: &mut Pieces<'_>) -> Option<String> {
        let [length] = pieces.take()?;
        self.letters(pieces, usize::from(length))
    }

    /// A number format's code.
    pub(super) fn code(self, pieces: &mut Pieces<'_>) -> Option<String> {
        match self {
            Self::Utf16 => self.text(pieces),
            Self::Bytes(_) => self.short_text(pieces),
        }
    }

    fn letters(self, pieces: &mut Pieces<'_>, length: usize) -> Option<String> {
        match self {
            Self::Utf16 => wide_text(pieces, length),
            Self::Bytes(charset) => {
                let mut bytes = Vec::new();
                for _ in 0..length {
                    let [byte] = pieces.take()?;
                    bytes.push(byte);
                }
                match charset {
                    Some(charset) => Some(charset.text_of(&bytes)),
                    None => String::from_utf8(bytes).ok().filter(|text| text.is_ascii()),
                }
            }
        }
    }
}

/// A text of so many UTF-16 units. How its parts look and how they are pronounced is skipped.
fn wide_text(pieces: &mut Pieces<'_>, length: usize) -> Option<String> {
    const WIDE: u8 = 1;
    const PRONOUNCED: u8 = 4;
    const RICH: u8 = 8;
    let [flags] = pieces.take()?;
    let (mut runs, mut phonetics) = (0, 0);
    if flags & RICH != 0 {
        runs = usize::from(u16::from_le_bytes(pieces.take()?));
    }
    if flags & PRONOUNCED != 0 {
        phonetics = usize::try_from(u32::from_le_bytes(pieces.take()?)).ok()?;
    }
    let mut units = Vec::new();
    pieces.units(length, flags & WIDE != 0, &mut units)?;
    pieces.skip(4 * runs)?;
    pieces.skip(phonetics)?;
    Some(utf16(units))
}

/// Half a letter becomes U+FFFD.
pub(super) fn utf16(units: impl IntoIterator<Item = u16>) -> String {
    char::decode_utf16(units)
        .map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// The character set of a `CodePage` record (MS-XLS 2.4.52).
pub(super) fn code_page(number: u16) -> Option<Charset> {
    match number {
        367 | 0x8001 => Charset::named("windows-1252"),
        874 => Charset::named("windows-874"),
        932 => Charset::named("shift_jis"),
        936 => Charset::named("gbk"),
        949 => Charset::named("euc-kr"),
        950 => Charset::named("big5"),
        10_000 | 0x8000 => Charset::named("macintosh"),
        10_007 => Charset::named("x-mac-cyrillic"),
        1250..=1258 => Charset::named(&format!("windows-{number}")),
        65_001 => Charset::named("utf-8"),
        _ => Charset::named(&format!("cp{number}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u16, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).unwrap();
        [&kind.to_le_bytes(), &length.to_le_bytes(), body].concat()
    }

    fn read(records: &[Vec<u8>], letters: Letters) -> Option<String> {
        let stream = records.concat();
        let mut records = Records::new(&stream, 0);
        let first = records.next().unwrap();
        letters.text(&mut records.pieces(&first))
    }

    fn wide(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn a_text_goes_on_in_the_next_record_with_a_width_of_its_own() {
        let first = record(0x204, &[&[7, 0, 0][..], b"abc"].concat());
        let second = record(CONTINUE, &[&[1][..], &wide("柚子")].concat());
        let third = record(CONTINUE, &[&[0][..], b"de"].concat());
        let parts = [first, second, third, record(CONTINUE, b"x")];
        assert_eq!(read(&parts, Letters::Utf16).as_deref(), Some("abc柚子de"));
        // The record that it goes on in is missing, or is another.
        assert_eq!(read(&parts[..2], Letters::Utf16), None);
        assert_eq!(
            read(&[parts[0].clone(), record(9, &[1]), parts[1].clone()], Letters::Utf16),
            None
        );
    }

    #[test]
    fn the_halves_of_a_letter_may_stand_in_two_records() {
        let text = wide("🍋🍋");
        for at in [2, 4, 6] {
            let (before, after) = text.split_at(at);
            let parts = [
                record(0x204, &[&[4, 0, 1][..], before].concat()),
                record(CONTINUE, &[&[1][..], after].concat()),
            ];
            assert_eq!(read(&parts, Letters::Utf16).as_deref(), Some("🍋🍋"), "{at}");
        }
        let half = record(0x204, &[&[1, 0, 1][..], &text[..2]].concat());
        assert_eq!(read(&[half], Letters::Utf16).as_deref(), Some("\u{fffd}"));
        let odd = [record(0x204, &[2, 0, 1, b'a', 0, b'b']), record(CONTINUE, &[1, 0])];
        assert_eq!(read(&odd, Letters::Utf16), None);
    }

    #[test]
    fn runs_and_phonetics_are_skipped_across_records() {
        // Two runs of a format, and three bytes of phonetics.
        let head = [&[2, 0, 13, 2, 0, 3, 0, 0, 0][..], &wide("柚子"), &[0; 5]].concat();
        let stream = [
            record(0xFC, &head),
            record(CONTINUE, &[&[0; 6][..], &[1, 0, 0, b'x']].concat()),
        ]
        .concat();
        let mut records = Records::new(&stream, 0);
        let first = records.next().unwrap();
        let mut pieces = records.pieces(&first);
        assert_eq!(Letters::Utf16.text(&mut pieces).as_deref(), Some("柚子"));
        assert_eq!(Letters::Utf16.text(&mut pieces).as_deref(), Some("x"));
        assert!(pieces.is_over());
    }

    #[test]
    fn older_texts_are_in_the_files_code_page() {
        let text = |bytes: &[u8]| record(0x204, &[&[u8::try_from(bytes.len()).unwrap(), 0][..], bytes].concat());
        let decoded = |page: u16, bytes: &[u8]| read(&[text(bytes)], Letters::Bytes(code_page(page)));
        assert_eq!(decoded(1252, b"Cr\xe8me").as_deref(), Some("Crème"));
        assert_eq!(decoded(437, b"Cr\x8ame").as_deref(), Some("Crème"));
        assert_eq!(decoded(10_000, b"Cr\x8fme").as_deref(), Some("Crème"));
        assert_eq!(decoded(1251, b"\xcc\xff").as_deref(), Some("Мя"));
        assert_eq!(decoded(932, b"\x97M").as_deref(), Some("柚"));
        // A page that is not known: what is the same in all of them is read.
        assert_eq!(decoded(1361, b"plain").as_deref(), Some("plain"));
        assert_eq!(decoded(1361, b"Cr\xe8me"), None);
    }
}
