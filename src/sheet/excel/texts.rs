//! The texts that cells share, by their numbers: as many as memory allows at hand, the others in a temporary file, so that
//! a small file whose table unpacks to hundreds of megabytes doesn't fill the memory.
//!
//! Doesn't belong here: how the table is read (`xlsx`), the temporary file (`spool`).

use std::io::{Error, ErrorKind, Result};

use super::spool::{Place, Shelf};

/// What the texts at hand may take.
const MEMORY: usize = 96 << 20;
/// Other texts are kept in pages of about so many bytes.
const PAGE: usize = 1 << 16;
/// How many pages are kept at hand, each in the slot of its number.
const SLOTS: usize = 64;

/// The texts of one workbook.
pub(super) struct SpilledTexts {
    /// The first texts, one behind the other, and where each of them ends.
    text: String,
    ends: Vec<usize>,
    memory: usize,
    shelf: Shelf,
    /// Complete pages: the number of the first text, and the place.
    pages: Vec<(usize, Place)>,
    /// The page that is being filled.
    page: Page,
    count: usize,
    slots: Vec<Option<(usize, Page)>>,
}

/// Some texts, one behind the other.
#[derive(Default)]
struct Page {
    text: String,
    ends: Vec<usize>,
}

impl Page {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }

    fn get(&self, at: usize) -> Option<&str> {
        piece(&self.text, &self.ends, at)
    }

    fn weight(&self) -> usize {
        self.text.len() + self.ends.len() * size_of::<usize>()
    }

    /// The number of texts, their ends, and the texts.
    fn to_bytes(&self) -> Vec<u8> {
        let numbers = std::iter::once(self.ends.len()).chain(self.ends.iter().copied());
        let mut bytes: Vec<u8> = numbers.flat_map(|number| (number as u64).to_le_bytes()).collect();
        bytes.extend_from_slice(self.text.as_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (numbers, _) = bytes.as_chunks::<8>();
        let mut numbers = numbers
            .iter()
            .map(|number| usize::try_from(u64::from_le_bytes(*number)));
        let count = numbers.next()?.ok()?;
        let ends = numbers.take(count).collect::<std::result::Result<_, _>>().ok()?;
        let text = bytes.get((1 + count) * 8..)?;
        let text = std::str::from_utf8(text).ok()?.to_owned();
        Some(Self { text, ends })
    }
}

fn piece<'t>(text: &'t str, ends: &[usize], at: usize) -> Option<&'t str> {
    let end = *ends.get(at)?;
    let start = at.checked_sub(1).and_then(|before| ends.get(before)).copied();
    text.get(start.unwrap_or(0)..end)
}

impl Default for SpilledTexts {
    fn default() -> Self {
        Self::within(MEMORY)
    }
}

impl SpilledTexts {
    fn within(memory: usize) -> Self {
        Self {
            text: String::new(),
            ends: Vec::new(),
            memory,
            shelf: Shelf::without_memory(),
            pages: Vec::new(),
            page: Page::default(),
            count: 0,
            slots: Vec::new(),
        }
    }

    /// Adds the next text.
    pub(super) fn push(&mut self, text: &str) -> Result<()> {
        self.count += 1;
        let taken = self.text.len() + self.ends.len() * size_of::<usize>();
        if self.ends.len() + 1 == self.count && taken + text.len() <= self.memory {
            self.text.push_str(text);
            self.ends.push(self.text.len());
            return Ok(());
        }
        self.page.push(text);
        if self.page.weight() >= PAGE {
            let page = std::mem::take(&mut self.page);
            let place = self.shelf.put(&page.to_bytes())?;
            self.pages.push((self.count - page.ends.len(), place));
        }
        Ok(())
    }

    /// The text of this number; none where there is no such text.
    #[inline]
    pub(super) fn get(&mut self, number: usize) -> Result<Option<&str>> {
        if number < self.ends.len() {
            return Ok(piece(&self.text, &self.ends, number));
        }
        self.get_far(number)
    }

    #[cold]
    fn get_far(&mut self, number: usize) -> Result<Option<&str>> {
        if number >= self.count {
            return Ok(None);
        }
        let in_page = self.count - self.page.ends.len();
        if number >= in_page {
            return Ok(self.page.get(number - in_page));
        }
        let found = self.pages.partition_point(|(first, _)| *first <= number);
        let at = found.saturating_sub(1);
        let Some((first, place)) = self.pages.get(at) else {
            return Ok(None);
        };
        self.slots.resize_with(SLOTS, || None);
        let Some(slot) = self.slots.get_mut(at % SLOTS) else {
            return Ok(None);
        };
        if slot.as_ref().is_none_or(|(held, _)| *held != at) {
            let page = Page::from_bytes(&self.shelf.get(place)?).ok_or(Error::from(ErrorKind::InvalidData))?;
            *slot = Some((at, page));
        }
        Ok(slot.as_ref().and_then(|(_, page)| page.get(number - first)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_beyond_memory_are_the_same_as_those_at_hand() {
        let text = |number: usize| format!("{number}{}", "é".repeat(number % 700));
        let mut texts = SpilledTexts::within(100_000);
        for number in 0..3_000 {
            texts.push(&text(number)).unwrap();
        }
        assert!(
            texts.ends.len() < 500 && texts.pages.len() > SLOTS / 4,
            "{}",
            texts.pages.len()
        );
        assert!(texts.text.len() + texts.page.text.len() < 100_000 + 2 * PAGE);
        for number in (0..3_000)
            .chain((0..3_000).rev())
            .chain((0..3_000).map(|number| number * 7 % 3_000))
        {
            assert_eq!(texts.get(number).unwrap(), Some(text(number).as_str()));
        }
        assert_eq!(texts.get(3_000).unwrap(), None);
        assert_eq!(SpilledTexts::default().get(0).unwrap(), None);
    }
}
