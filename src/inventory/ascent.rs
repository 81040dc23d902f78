//! Whether the items of a list come in the order of their ids: found out while they arrive, so that a list that does is not
//! sorted.
//!
//! Doesn't belong here: sorting those that don't (`store::order`).

/// Whether ids have come in ascending order.
#[derive(Clone, Debug, Default)]
pub(super) struct Ascent {
    first: Option<String>,
    last: String,
    broken: bool,
}

impl Ascent {
    /// Takes the next id. This is done for each item of each list, so that it compares and copies, and no more.
    #[inline]
    pub(super) fn note(&mut self, id: Option<&str>) {
        let Some(id) = id else {
            self.broken = true;
            return;
        };
        if self.first.is_none() {
            self.first = Some(id.to_owned());
        } else if id <= self.last.as_str() {
            self.broken = true;
        }
        self.last.clear();
        self.last.push_str(id);
    }

    /// Takes the ids of the next batch.
    pub(super) fn append(&mut self, next: Self) {
        self.broken |= next.broken;
        let Some(first) = next.first else { return };
        if self.first.is_none() {
            self.first = Some(first);
        } else if first <= self.last {
            self.broken = true;
        }
        self.last = next.last;
    }

    /// Whether each id so far has come after the one before it.
    pub(super) fn holds(&self) -> bool {
        !self.broken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ascends(batches: &[&[Option<&str>]]) -> bool {
        let mut all = Ascent::default();
        for batch in batches {
            let mut ascent = Ascent::default();
            batch.iter().for_each(|id| ascent.note(*id));
            all.append(ascent);
        }
        all.holds()
    }

    #[test]
    fn ids_ascend_byte_by_byte_and_each_comes_once() {
        assert!(ascends(&[]));
        assert!(ascends(&[
            &[],
            &[Some("10"), Some("2")],
            &[],
            &[Some("A"), Some("a"), Some("é")]
        ]));
        for batches in [
            &[&[Some("2"), Some("10")][..]][..],
            &[&[Some("A"), Some("A")]],
            &[&[Some("A")], &[Some("A")]],
            &[&[Some("A"), Some("C")], &[], &[Some("B")]],
            &[&[Some("A"), None]],
            &[&[None], &[Some("A")]],
        ] {
            assert!(!ascends(batches), "{batches:?}");
        }
    }
}
