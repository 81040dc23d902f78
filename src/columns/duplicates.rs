//! Ids compared with each other, over all tables of a run: one id in two rows, ids that are nearly the same, leading zeros
//! that some rows have lost.
//!
//! Belongs here: ids that have been read. Doesn't: reading one (`ids`).
//!
//! The first pass keeps one 64-bit hash an id. Only where a hash comes twice is the source read once more, for the
//! ids themselves: so a collision of hashes can't be taken for one id, and memory stays flat.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault};

use foldhash::quality::RandomState;

use super::near::fold_id_into;
use crate::hash::Prehashed;

/// Which row it is. A line alone doesn't tell: a JSON file may have all its rows on one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Spot {
    /// The table's place among the tables of the run.
    pub(crate) table: usize,
    /// The row's place among the table's rows, from 1.
    pub(crate) number: u64,
    /// The row's line, from 1.
    pub(crate) line: u64,
}

impl Spot {
    /// The same, where so many rows stand before those that were counted.
    pub(crate) fn after(self, before: u64) -> Self {
        Self {
            number: self.number + before,
            ..self
        }
    }
}

type Hashes = HashSet<u64, BuildHasherDefault<Prehashed>>;

/// The first pass: which ids may stand in two rows.
#[derive(Default)]
pub(crate) struct FirstLook {
    state: RandomState,
    seen: Vec<Vec<u64>>,
    suspects: Hashes,
    folded: String,
    zeros: LeadingZeros,
}

/// The first pass over some of the rows.
#[derive(Clone)]
pub(crate) struct PartialLook {
    state: RandomState,
    seen: Vec<u64>,
    folded: String,
    zeros: LeadingZeros,
}

impl PartialLook {
    pub(crate) fn add(&mut self, id: &str, origin: Spot) {
        self.seen.push(hash(&self.state, id, &mut self.folded));
        self.zeros.add(id, origin);
    }
}

fn hash(state: &RandomState, id: &str, folded: &mut String) -> u64 {
    fold_id_into(id, folded);
    state.hash_one(&*folded)
}

impl FirstLook {
    /// Begins to look at some of the rows.
    pub(crate) fn part(&self) -> PartialLook {
        PartialLook {
            state: self.state.clone(),
            seen: Vec::new(),
            folded: String::new(),
            zeros: LeadingZeros::default(),
        }
    }

    /// Adds what was seen in rows further down, where the numbers of rows begin after `before` rows.
    pub(crate) fn join(&mut self, mut part: PartialLook, before: u64) {
        part.seen.shrink_to_fit();
        self.seen.push(part.seen);
        self.zeros.join(part.zeros, before);
    }

    /// Once all rows have been seen: whether any id has to be looked at again.
    pub(crate) fn finds_suspects(&mut self) -> bool {
        let seen = std::mem::take(&mut self.seen);
        self.suspects.extend(twice(&seen));
        !self.suspects.is_empty()
    }

    /// Whether this id has to be looked at again.
    pub(crate) fn is_suspect(&mut self, id: &str) -> bool {
        let hash = hash(&self.state, id, &mut self.folded);
        self.suspects.contains(&hash)
    }

    /// What the lengths of ids of digits say: how many may have lost leading zeros, and the first of them.
    pub(crate) fn lost_zeros(&self) -> Option<LostZeros> {
        self.zeros.lost()
    }
}

/// How many bits there are for each hash: one in so many meets another's by chance.
const SPREAD: usize = 32;

/// The hashes that come more than once. A look at a bit each tells nearly all of the others apart, and only what is left is
/// compared.
fn twice(parts: &[Vec<u64>]) -> Vec<u64> {
    let all = || parts.iter().flatten().copied();
    let count: usize = parts.iter().map(Vec::len).sum();
    let width = count.saturating_mul(SPREAD).max(64).ilog2();
    let mut bits = vec![0_u64; 1 << (width - 6)];
    let mut met = Hashes::default();
    for hash in all() {
        let place = hash >> (u64::BITS - width);
        let bit = 1 << (place % 64);
        if let Some(word) = bits.get_mut(usize::try_from(place / 64).unwrap_or_default()) {
            if *word & bit != 0 {
                met.insert(hash);
            }
            *word |= bit;
        }
    }
    drop(bits);
    if met.is_empty() {
        return Vec::new();
    }
    // Of each that comes twice, the second met the first.
    let mut left: Vec<u64> = all().filter(|hash| met.contains(hash)).collect();
    left.sort_unstable();
    left.windows(2)
        .filter_map(|pair| match pair {
            [one, other] if one == other => Some(*one),
            _ => None,
        })
        .collect()
}

/// Ids of digits, by their length.
#[derive(Clone)]
struct LeadingZeros {
    /// Lengths of which there is an id with a leading zero, as bits; and the first such id.
    led: u64,
    example: String,
    /// For each length: ids without a leading zero, and the first of them.
    plain: Vec<(u64, Option<(Spot, String)>)>,
}

impl Default for LeadingZeros {
    fn default() -> Self {
        Self {
            led: 0,
            example: String::new(),
            plain: vec![(0, None); 64],
        }
    }
}

/// Ids that may have lost leading zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LostZeros {
    pub(crate) count: u64,
    pub(crate) first: Spot,
    pub(crate) id: String,
    /// An id that has its zeros.
    pub(crate) example: String,
}

impl LeadingZeros {
    fn add(&mut self, id: &str, origin: Spot) {
        let length = id.len();
        if length >= 64 || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return;
        }
        if length > 1 && id.starts_with('0') {
            if self.led == 0 {
                id.clone_into(&mut self.example);
            }
            self.led |= 1 << length;
        } else if let Some((count, first)) = self.plain.get_mut(length) {
            *count += 1;
            if first.is_none() {
                *first = Some((origin, id.to_owned()));
            }
        }
    }

    fn join(&mut self, further: Self, before: u64) {
        if self.led == 0 {
            self.example = further.example;
        }
        self.led |= further.led;
        for ((count, first), (more, further)) in self.plain.iter_mut().zip(further.plain) {
            *count += more;
            if first.is_none() {
                *first = further.map(|(spot, id)| (spot.after(before), id));
            }
        }
    }

    /// Where all ids with leading zeros have one length, shorter ids of digits may have lost theirs.
    fn lost(&self) -> Option<LostZeros> {
        if self.led.count_ones() != 1 {
            return None;
        }
        let length = usize::try_from(self.led.trailing_zeros()).ok()?;
        let shorter = self.plain.iter().take(length);
        let count = shorter.clone().map(|(count, _)| count).sum();
        let (first, id) = shorter
            .filter_map(|(_, first)| first.as_ref())
            .min_by_key(|(origin, _)| *origin)?;
        Some(LostZeros {
            count,
            first: *first,
            id: id.clone(),
            example: self.example.clone(),
        })
    }
}

/// The second look: the rows of each id that stands in more than one.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    rows: HashMap<String, Vec<Spot>>,
}

/// Two ids that are nearly the same.
pub(crate) struct Alike {
    pub(crate) count: u64,
    pub(crate) first: (String, Spot),
    pub(crate) second: (String, Spot),
}

impl Groups {
    pub(crate) fn add(&mut self, id: &str, origin: Spot) {
        match self.rows.get_mut(id) {
            Some(rows) => rows.push(origin),
            None => {
                self.rows.insert(id.to_owned(), vec![origin]);
            }
        }
    }

    /// Ids that are nearly the same as another: how many such ids, and the first two.
    pub(crate) fn alike(&self) -> Option<Alike> {
        let mut folded: HashMap<String, Vec<(&String, Spot)>> = HashMap::new();
        for (id, rows) in &self.rows {
            let mut key = String::new();
            fold_id_into(id, &mut key);
            folded
                .entry(key)
                .or_default()
                .extend(rows.first().map(|origin| (id, *origin)));
        }
        let mut pairs: Vec<Vec<(&String, Spot)>> = folded.into_values().filter(|ids| ids.len() > 1).collect();
        for ids in &mut pairs {
            ids.sort_by_key(|(_, origin)| *origin);
        }
        let count = pairs.iter().map(|ids| ids.len() as u64).sum();
        let ids = pairs
            .into_iter()
            .min_by_key(|ids| ids.first().map(|(_, origin)| *origin))?;
        let owned = |at: usize| ids.get(at).map(|(id, origin)| ((*id).clone(), *origin));
        Some(Alike {
            count,
            first: owned(0)?,
            second: owned(1)?,
        })
    }

    /// Forgets the ids that stand in one row only.
    pub(crate) fn keep_repeated(&mut self) {
        self.rows.retain(|_, rows| rows.len() > 1);
    }

    /// Whether no id stands in more than one row.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows of an id that stands in more than one.
    pub(crate) fn of(&self, id: &str) -> Option<&[Spot]> {
        if self.rows.is_empty() {
            None
        } else {
            self.rows.get(id).map(Vec::as_slice)
        }
    }

    /// How many ids stand in more than one row, and in how many rows.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (
            self.rows.len() as u64,
            self.rows.values().map(|rows| rows.len() as u64).sum(),
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_comes_twice_is_found_and_nothing_else(
            parts in prop::collection::vec(prop::collection::vec(0..40_u64, 0..30), 0..5),
            // Hashes that share their first bits, or their last.
            shift in 0..59_u32, spread in any::<bool>(),
        ) {
            let hash = |number: u64| if spread { number.wrapping_mul(0x9e37_79b9_7f4a_7c15) } else { number << shift };
            let parts: Vec<Vec<u64>> = parts.iter().map(|part| part.iter().map(|number| hash(*number)).collect()).collect();
            let mut counts = HashMap::<u64, usize>::new();
            for hash in parts.iter().flatten() {
                *counts.entry(*hash).or_default() += 1;
            }
            let mut several: Vec<u64> = counts.into_iter().filter(|(_, count)| *count > 1).map(|(hash, _)| hash).collect();
            several.sort_unstable();
            let mut found = twice(&parts);
            found.dedup();
            prop_assert_eq!(found, several);
        }
    }

    fn at(line: u64) -> Spot {
        Spot {
            table: 0,
            number: line,
            line,
        }
    }

    /// Ids in parts, whose rows are numbered from 1 in each.
    fn look_at(parts: &[&[&str]]) -> FirstLook {
        let mut look = FirstLook::default();
        let mut before = 0;
        for ids in parts {
            let mut part = look.part();
            for (number, id) in (1..).zip(*ids) {
                let spot = Spot {
                    line: before + number,
                    ..at(number)
                };
                part.add(id, spot);
            }
            look.join(part, before);
            before += ids.len() as u64;
        }
        look
    }

    #[test]
    fn an_id_is_looked_at_again_only_if_it_comes_twice() {
        let mut look = look_at(&[&["A1", "B2"], &["a1 ", "C3"]]);
        assert!(look.finds_suspects() && look.is_suspect("A1") && look.is_suspect("a1"));
        assert!(!look.is_suspect("B2"));
    }

    #[test]
    fn ids_that_differ_in_case_or_space_are_told_from_equal_ones() {
        let mut groups = Groups::default();
        for (line, id) in ["A1", "a1", "B2", "B2"].into_iter().enumerate() {
            groups.add(id, at(line as u64));
        }
        let alike = groups.alike().expect("A1 and a1");
        assert_eq!(
            (alike.count, alike.first.0.as_str(), alike.second.0.as_str()),
            (2, "A1", "a1")
        );
        groups.keep_repeated();
        assert_eq!(groups.of("B2"), Some([at(2), at(3)].as_slice()));
        assert_eq!(groups.of("A1"), None);
    }

    #[test]
    fn shorter_digits_beside_leading_zeros_are_pointed_out() {
        let look = look_at(&[&["00123"], &["45", "12345", "X1"], &["00456", "678"]]);
        let lost = look.lost_zeros().expect("two ids");
        assert_eq!(
            (lost.count, lost.first, lost.id.as_str(), lost.example.as_str()),
            (2, at(2), "45", "00123")
        );
    }

    #[test]
    fn ids_of_many_lengths_with_leading_zeros_have_lost_none() {
        let look = look_at(&[&["00123", "0456", "7"]]);
        assert_eq!(look.lost_zeros(), None);
    }
}
