//! The texts that a workbook's cells share, and how a text is put together of its runs.
//!
//! Doesn't belong here: the cells that share them (`scan`).

use std::borrow::Cow;

use super::blocks::Step;
use super::markup::{Halt, between, blank, cell_text, check, close, local, open, prologue, simple};

/// The texts that a workbook's cells share.
#[derive(Debug, Default)]
pub(super) struct Strings {
    text: String,
    ends: Vec<u32>,
}

impl Strings {
    pub(super) fn push(&mut self, text: &str) -> Result<(), Halt> {
        self.text.push_str(text);
        self.ends
            .push(u32::try_from(self.text.len()).map_err(|_| Halt::Unusual)?);
        Ok(())
    }

    pub(super) fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.text.get(start as usize..end as usize)
    }

    /// Gives back what was reserved for more.
    pub(super) fn close(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

/// Reads the table of shared texts.
#[derive(Default)]
pub(super) struct StringScan {
    strings: Strings,
    begun: bool,
    in_table: bool,
}

impl StringScan {
    pub(super) fn finish(mut self) -> Strings {
        self.strings.close();
        self.strings
    }

    /// For `blocks::read`.
    pub(super) fn step(&mut self, text: &[u8]) -> Result<Step, Halt> {
        if !self.begun {
            let passed = prologue(text)?;
            self.begun = true;
            if passed > 0 {
                return Ok(Step::Passed(passed));
            }
        }
        let mut at = 0;
        loop {
            match self.item(text.get(at..).unwrap_or_default()) {
                Ok(Step::Passed(len)) => at += len,
                Ok(Step::Done) => return Ok(Step::Done),
                Err(Halt::More) if at > 0 => return Ok(Step::Passed(at)),
                Err(halt) => return Err(halt),
            }
        }
    }

    fn item(&mut self, text: &[u8]) -> Result<Step, Halt> {
        let space = blank(text)?;
        let rest = text.get(space..).unwrap_or_default();
        if rest.starts_with(b"</") {
            let (name, _) = close(rest)?;
            return if self.in_table && local(name) == b"sst" {
                Ok(Step::Done)
            } else {
                Err(Halt::Unusual)
            };
        }
        // Nearly all are of this form.
        if self.in_table
            && rest.starts_with(b"<si><t>")
            && let Some((raw, len)) = between(rest, 7, b"</t></si>")?
        {
            self.strings.push(&cell_text(raw, false)?)?;
            return Ok(Step::Passed(space + len));
        }
        let element = open(rest, |_, value| check(value))?;
        let len = match (local(element.name), self.in_table) {
            (b"sst", false) if element.is_empty => return Ok(Step::Done),
            (b"sst", false) => {
                self.in_table = true;
                element.len
            }
            (b"si", true) if element.is_empty => {
                self.strings.push("")?;
                element.len
            }
            (b"si", true) => {
                let (text, len) = string_item(rest, element.name, element.len)?;
                self.strings.push(&text)?;
                len
            }
            _ => return Err(Halt::Unusual),
        };
        Ok(Step::Passed(space + len))
    }
}

/// The text of an `<is>` or `<si>` whose start tag of `start` bytes has been read: that of all its runs, but not how it is
/// pronounced.
pub(super) fn string_item<'a>(text: &'a [u8], name: &[u8], start: usize) -> Result<(Cow<'a, str>, usize), Halt> {
    let (mut at, mut whole, mut phonetic) = (start, None::<Cow<'a, str>>, false);
    loop {
        let rest = text.get(at..).unwrap_or_default();
        at += blank(rest)?;
        let rest = text.get(at..).unwrap_or_default();
        if rest.starts_with(b"</") {
            let (closed, len) = close(rest)?;
            at += len;
            if closed == name {
                return Ok((whole.unwrap_or_default(), at));
            }
            match local(closed) {
                b"rPh" => phonetic = false,
                b"t" => return Err(Halt::Unusual),
                _ => {}
            }
            continue;
        }
        let mut preserve = false;
        let mut odd = false;
        let element = open(rest, |key, value| match key {
            b"xml:space" if value == b"preserve" => {
                odd = std::mem::replace(&mut preserve, true);
                Ok(())
            }
            b"xml:space" => Err(Halt::Unusual),
            _ => check(value),
        })?;
        match local(element.name) {
            b"t" => {
                let (raw, len) = if element.is_empty {
                    (&[][..], element.len)
                } else {
                    simple(rest, element.name, element.len)?
                };
                if odd {
                    return Err(Halt::Unusual);
                }
                at += len;
                if phonetic {
                    check(raw)?;
                    continue;
                }
                let text = cell_text(raw, preserve)?;
                match &mut whole {
                    None => whole = Some(text),
                    Some(whole) => whole.to_mut().push_str(&text),
                }
            }
            b"rPh" => {
                phonetic = !element.is_empty;
                at += element.len;
            }
            b"is" | b"si" => return Err(Halt::Unusual),
            _ => at += element.len,
        }
    }
}
