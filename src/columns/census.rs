//! How full the rows of a table are, and what follows for those with nothing but an id.
//!
//! Doesn't belong here: other reasons why a row may be no item (`suspects`).

/// What is known of rows that hold nothing but an id, once all rows have been seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Bare {
    /// They are items like others.
    #[default]
    Items,
    /// The other rows are fuller.
    Suspects,
    /// They are suspects where their ids are unlike those of the other rows: without a digit, or of several words.
    Unlike { digits: bool, words: bool },
}

/// How full a table's rows are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Census {
    /// Rows with an id alone.
    pub(super) bare: u64,
    /// Rows with more than that, and those of them with at least two other cells.
    pub(super) fuller: u64,
    pub(super) rich: u64,
    /// Fuller rows whose id has no digit, and those whose id has more than one word.
    pub(super) without_digit: u64,
    pub(super) with_blank: u64,
}

impl Census {
    pub(crate) fn join(&mut self, further: &Self) {
        self.bare += further.bare;
        self.fuller += further.fuller;
        self.rich += further.rich;
        self.without_digit += further.without_digit;
        self.with_blank += further.with_blank;
    }

    /// Whether it matters what rows with nothing but an id are.
    pub(crate) fn has_bare(&self) -> bool {
        self.bare > 0
    }

    pub(crate) fn settle(&self) -> Bare {
        if self.rich * 2 > self.fuller && self.fuller > self.bare {
            return Bare::Suspects;
        }
        let (digits, words) = (self.without_digit == 0, self.with_blank == 0);
        // A list of ids in which a few rows have more is a list of ids.
        if self.fuller * 3 < self.bare.max(1) || !(digits || words) {
            return Bare::Items;
        }
        Bare::Unlike { digits, words }
    }
}
