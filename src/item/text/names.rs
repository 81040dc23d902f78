//! The names of an item's fields, with which the next item's text is compared.
//!
//! Doesn't belong here: parsing (`text`).

/// Names one after the other, each with its quotes and the colon behind it: `"name":`.
#[derive(Debug, Default)]
pub(super) struct Names {
    text: String,
    /// Where each of them ends.
    pub(super) ends: Vec<usize>,
    /// Whether one of the previous item's names is [`NAME`](crate::item::NAME).
    pub(super) have_name: bool,
}

impl Names {
    pub(super) fn get(&self, place: usize) -> Option<&str> {
        let end = *self.ends.get(place)?;
        let start = place.checked_sub(1).and_then(|before| self.ends.get(before));
        self.text.get(start.copied().unwrap_or(0)..end)
    }

    /// Adds a name, as it stands between its quotes.
    pub(super) fn push(&mut self, name: &str) {
        self.text.extend(["\"", name, "\":"]);
        self.ends.push(self.text.len());
    }

    pub(super) fn truncate(&mut self, count: usize) {
        self.ends.truncate(count);
        self.text.truncate(self.ends.last().copied().unwrap_or(0));
    }
}
