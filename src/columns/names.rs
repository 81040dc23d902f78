//! How two column names are compared: what counts as the same name, and how alike two names are.
//!
//! Belongs here: text only. Doesn't: which names mean which field (`vocabulary`).

use std::cmp::Ordering;

/// The name without case, spaces and punctuation: `Item ID*`, `item_id` and `ItemId` are all `itemid`.
/// Accents stay. `#`, `%` and `$` stay as words, because they change what a column holds.
pub(crate) fn fold(name: &str) -> String {
    let mut folded = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '#' => folded.push_str("number"),
            '%' => folded.push_str("percent"),
            '$' => folded.push_str("dollar"),
            // Of these there are many.
            c if c.is_ascii_alphanumeric() => folded.push(c.to_ascii_lowercase()),
            c if c.is_ascii() => {}
            c if c.is_alphanumeric() => folded.extend(c.to_lowercase()),
            _ => {}
        }
    }
    folded
}

/// Whether the name is a path that ends in `id`, as programs write what is nested: `item.id`, `item/id`, `item[id]`,
/// `item__id`. `Item. ID` and `SKU / ID` are a person's.
pub(crate) fn is_path_to_id(name: &str) -> bool {
    let name = name.trim().trim_end_matches([']', '*', '"', '\'']);
    let head = name.get(..name.len().saturating_sub(2)).unwrap_or_default();
    let is_id = name.get(head.len()..).is_some_and(|end| end.eq_ignore_ascii_case("id"));
    let head = head.trim_end_matches(['"', '\'']);
    let separators = [".", "/", "\\", ":", "[", "->", "__"];
    let parent = separators.iter().find_map(|separator| head.strip_suffix(separator));
    is_id && parent.is_some_and(|parent| parent.ends_with(|c: char| c.is_alphanumeric() || c == ']' || c == ':'))
}

/// The name's words in lower case: `PackagedDate*` is `packaged`, `date`.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    let mut before_lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() {
            open = false;
            before_lower = false;
            continue;
        }
        let starts = !open || (c.is_uppercase() && before_lower);
        if starts {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
        open = true;
        before_lower = c.is_lowercase() || c.is_numeric();
    }
    words
}

/// The name as the API spells its own: `Lot Number` is `lot_number`.
pub(crate) fn snake(name: &str) -> String {
    words(name).join("_")
}

/// How alike two names are, from 0 to 1.
pub(crate) fn likeness(a: &str, b: &str) -> f64 {
    Shape::of(a).likeness(&Shape::of(b))
}

/// What a name is compared by: its words and its letter pairs, taken apart once.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    words: Vec<String>,
    pairs: Vec<(char, char)>,
}

impl Shape {
    /// A name's shape.
    pub(crate) fn of(name: &str) -> Self {
        Self {
            words: sorted(words(name)),
            pairs: pairs(&fold(name)),
        }
    }

    /// How alike two names are, from 0 to 1: the better of shared words and shared letter pairs (Dice's coefficient).
    pub(crate) fn likeness(&self, other: &Self) -> f64 {
        dice(&self.words, &other.words).max(dice(&self.pairs, &other.pairs))
    }

    /// Whether two names can be so alike at all, as far as their lengths say.
    pub(crate) fn may_reach(&self, other: &Self, likeness: f64) -> bool {
        let most = |a: usize, b: usize| coefficient(a.min(b), a, b);
        most(self.pairs.len(), other.pairs.len()) >= likeness || dice(&self.words, &other.words) >= likeness
    }
}

fn pairs(text: &str) -> Vec<(char, char)> {
    sorted(text.chars().zip(text.chars().skip(1)).take(200).collect())
}

/// In order, so that what two names share is counted in one walk along both.
fn sorted<T: Ord>(mut parts: Vec<T>) -> Vec<T> {
    parts.sort_unstable();
    parts
}

fn dice<T: Ord>(a: &[T], b: &[T]) -> f64 {
    let (mut left, mut right) = (a.iter().peekable(), b.iter().peekable());
    let mut shared = 0_usize;
    while let (Some(x), Some(y)) = (left.peek(), right.peek()) {
        let order = x.cmp(y);
        shared += usize::from(order == Ordering::Equal);
        if order != Ordering::Greater {
            left.next();
        }
        if order != Ordering::Less {
            right.next();
        }
    }
    coefficient(shared, a.len(), b.len())
}

fn coefficient(shared: usize, a: usize, b: usize) -> f64 {
    if shared == 0 {
        return 0.0;
    }
    2.0 * shared as f64 / (a + b) as f64
}

/// A folded name, or with a `*` that stands for anything, its beginning and its end.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    head: String,
    tail: Option<String>,
}

impl Pattern {
    pub(crate) fn new(pattern: &str) -> Self {
        match pattern.split_once('*') {
            None => Self {
                head: fold(pattern),
                tail: None,
            },
            Some((head, tail)) => Self {
                head: fold(head),
                tail: Some(fold(tail)),
            },
        }
    }

    /// Whether a folded name fits.
    pub(crate) fn fits(&self, folded: &str) -> bool {
        match &self.tail {
            None => self.head == folded,
            Some(tail) => {
                folded.len() >= self.head.len() + tail.len()
                    && folded.starts_with(&self.head)
                    && folded.ends_with(tail.as_str())
            }
        }
    }
}

/// The candidate most like `word`, if one is like it at all: for "did you mean".
pub(crate) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|candidate| (likeness(word, candidate).max(closeness(word, candidate)), candidate))
        .filter(|(score, _)| *score >= 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// How few letters have to be typed anew to make `b` of `a`, from 0 to 1 (Levenshtein's distance, with a swap of two
/// neighbours as one step).
fn closeness(a: &str, b: &str) -> f64 {
    let a: Vec<char> = a.chars().take(100).collect();
    let b: Vec<char> = b.chars().take(100).collect();
    let longest = a.len().max(b.len());
    if longest == 0 {
        return 1.0;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut line = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |line: &[usize], j: usize| line.get(j).copied().unwrap_or(longest);
            let mut steps = (at(&above, j) + usize::from(x != y))
                .min(at(&above, j + 1) + 1)
                .min(at(&line, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                steps = steps.min(at(&before, j - 1) + 1);
            }
            line.push(steps);
        }
        before = std::mem::replace(&mut above, line);
    }
    let steps = above.last().copied().unwrap_or(longest);
    1.0 - steps as f64 / longest as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_something_nested_is_known_by_its_path() {
        for name in [
            "item.id",
            "Item.Id",
            "product/id",
            "item[id]",
            "a.item.ID",
            "item__id",
            "item->id",
            "ITEM:id*",
        ] {
            assert!(is_path_to_id(name), "{name}");
        }
        for name in [
            "item_id",
            "Item ID",
            "id",
            ".id",
            "Item. ID",
            "SKU / ID",
            "itemid",
            "item.uuid",
            "item.name",
            "é",
            "",
        ] {
            assert!(!is_path_to_id(name), "{name}");
        }
    }

    #[test]
    fn case_punctuation_and_line_breaks_do_not_make_another_name() {
        for name in ["item_id", "Item ID", "ITEM-ID*", "itemId", "Item\nID", "  item.id "] {
            assert_eq!(fold(name), "itemid", "{name:?}");
        }
    }

    #[test]
    fn a_number_sign_or_a_percent_sign_makes_another_name() {
        assert_ne!(fold("Item #"), fold("Item"));
        assert_ne!(fold("Weight %"), fold("Weight"));
    }

    #[test]
    fn accents_are_left_alone() {
        assert_ne!(fold("Quantité"), fold("Quantite"));
        assert_eq!(fold("QUANTITÉ"), fold("quantité"));
    }

    #[test]
    fn camel_case_becomes_words() {
        assert_eq!(snake("UnitOfMeasureName"), "unit_of_measure_name");
        assert_eq!(snake("Lot Number*"), "lot_number");
        assert_eq!(snake("THC %"), "thc");
    }

    #[test]
    fn a_pattern_fits_what_stands_between() {
        let fits = |pattern: &str, name: &str| Pattern::new(pattern).fits(&fold(name));
        assert!(fits("Unit*Percent", "UnitThcPercent"));
        assert!(!fits("Unit*Percent", "UnitThcContentDose"));
        assert!(!fits("aba*aba", "aba"));
        assert!(fits("THC %", "thc percent") && !fits("THC %", "thc percents"));
    }

    #[test]
    fn a_misspelt_name_is_most_like_the_right_one() {
        assert_eq!(
            nearest("quantitty", ["quality", "quantity", "units"].into_iter()),
            Some("quantity")
        );
        assert_eq!(nearest("feild", ["extra", "field", "split"].into_iter()), Some("field"));
        assert_eq!(nearest("zzz", ["quality"].into_iter()), None);
    }
}
