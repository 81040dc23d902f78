//! Sums of quantities by unit, exact to the last digit.
//!
//! Doesn't belong here: which items are summed (`verify`).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::columns::{as_text, canonical_number};
use crate::item::Object;
use crate::output::counted;

/// The most digits before and behind the point of a number that is summed: those that a double can have.
const MOST: i64 = 400;

/// Decimal digits in one limb of a sum.
const DIGITS: i64 = 9;

/// What one limb holds at most, and one.
const BASE: i64 = 1_000_000_000;

/// The quantities of items, by unit as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quantities(BTreeMap<String, Total>);

/// The quantities of one unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Total {
    /// Items whose quantity is a number.
    items: u64,
    /// Items whose quantity is blank or no number.
    without: u64,
    sum: Sum,
}

/// A sum as limbs of nine decimal digits: limb `n` counts units of 10^(9n). Limbs carry over only when the sum is read, so
/// that nine thousand million numbers can be added before one overflows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Sum(BTreeMap<i64, i64>);

impl Quantities {
    /// Adds an item's quantity.
    pub(super) fn add(&mut self, item: &Object) {
        let unit = item.get("units").map(|unit| as_text(unit).into_owned());
        let total = self.0.entry(unit.unwrap_or_default()).or_default();
        let number = match item.get("quantity") {
            Some(Value::Number(number)) => canonical_number(&number.to_string()),
            Some(Value::String(text)) => canonical_number(text),
            _ => None,
        };
        let counted = match number.filter(|number| total.sum.add(number)) {
            Some(_) => &mut total.items,
            None => &mut total.without,
        };
        *counted += 1;
    }

    /// The units, in byte order.
    pub(super) fn units(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// A unit's sum for a person, with the items that have no number; a dash where no item has the unit.
    pub(super) fn told(&self, unit: &str) -> String {
        let Some(total) = self.0.get(unit) else {
            return "–".to_owned();
        };
        let without = match total.without {
            0 => String::new(),
            without => format!(", {without} without a number"),
        };
        format!("{} ({}{without})", total.sum.text(), counted(total.items, "item"))
    }

    /// A line for each unit. Sums are text: as JSON numbers, most readers would round them to doubles.
    pub(super) fn document(&self) -> Value {
        let line = |(unit, total): (&String, &Total)| {
            json!({
                "units": unit, "sum": total.sum.text(), "items": total.items, "without_number": total.without,
            })
        };
        self.0.iter().map(line).collect()
    }
}

impl Sum {
    /// Adds a number in canonical form (`-125e-1`); false, and nothing is added, where it is beyond what is summed.
    fn add(&mut self, number: &str) -> bool {
        let (mantissa, exponent) = number.split_once('e').unwrap_or((number, "0"));
        let (sign, digits) = match mantissa.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, mantissa),
        };
        let Ok(exponent) = exponent.parse::<i64>() else {
            return false;
        };
        let length = i64::try_from(digits.len()).unwrap_or(i64::MAX);
        if exponent < -MOST || exponent.saturating_add(length) > MOST {
            return false;
        }
        for (place, digit) in (exponent..).zip(digits.bytes().rev()) {
            let power = u32::try_from(place.rem_euclid(DIGITS)).unwrap_or_default();
            let value = i64::from(digit.saturating_sub(b'0')) * 10_i64.pow(power);
            *self.0.entry(place.div_euclid(DIGITS)).or_default() += sign * value;
        }
        true
    }

    /// The sum as digits, without an exponent and without zeros behind the point.
    fn text(&self) -> String {
        let (limbs, is_negative) = self.carried();
        let lowest = limbs.keys().next().copied().unwrap_or_default().min(0);
        let highest = limbs.keys().next_back().copied().unwrap_or_default().max(0);
        let limb = |place: i64| format!("{:09}", limbs.get(&place).copied().unwrap_or_default());
        let whole: String = (0..=highest).rev().map(limb).collect();
        let fraction: String = (lowest..0).rev().map(limb).collect();
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let sign = if is_negative { "-" } else { "" };
        let whole = if whole.is_empty() { "0" } else { whole };
        let point = if fraction.is_empty() { "" } else { "." };
        format!("{sign}{whole}{point}{fraction}")
    }

    /// The limbs of the sum's size, each from 0 to below [`BASE`], and whether it is negative.
    fn carried(&self) -> (BTreeMap<i64, i64>, bool) {
        let carry = |sign: i64| {
            let mut limbs = BTreeMap::new();
            let Some((&lowest, _)) = self.0.first_key_value() else {
                return Some(limbs);
            };
            let highest = self.0.keys().next_back().copied().unwrap_or(lowest);
            let mut over = 0;
            // Two more than the highest take whatever is carried: a limb is less than BASE².
            for place in lowest..=highest + 2 {
                let value = sign * self.0.get(&place).copied().unwrap_or_default() + over;
                over = value.div_euclid(BASE);
                limbs.insert(place, value.rem_euclid(BASE));
            }
            (over == 0).then_some(limbs)
        };
        // What is left over at the top is the sign.
        match carry(1) {
            Some(limbs) => (limbs, false),
            None => (carry(-1).unwrap_or_default(), true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(numbers: &[&str]) -> String {
        let mut sum = Sum::default();
        for number in numbers {
            assert!(sum.add(&canonical_number(number).unwrap()), "{number}");
        }
        sum.text()
    }

    #[test]
    fn sums_are_exact() {
        for (numbers, wanted) in [
            (&[][..], "0"),
            (&["0.1", "0.2"], "0.3"),
            (&["0.1"; 10], "1"),
            (&["999999999", "1"], "1000000000"),
            (&["-0.5", "0.25"], "-0.25"),
            (&["5", "-5.0"], "0"),
            (&["-1000000000", "1"], "-999999999"),
            (&["9007199254740993", "0.000000001"], "9007199254740993.000000001"),
            (&["1e30", "1e-30", "-1e30"], "0.000000000000000000000000000001"),
            (&["1.797e308", "-1.797e308", "12.50"], "12.5"),
        ] {
            assert_eq!(sum(numbers), wanted, "{numbers:?}");
        }
        assert!(!Sum::default().add("1e999999999") && !Sum::default().add("1e-999999999"));
    }

    #[test]
    fn units_are_told_apart_to_the_letter_and_what_is_no_number_is_counted_apart() {
        let mut quantities = Quantities::default();
        for item in [
            json!({"quantity": 1.1, "units": "Grams"}),
            json!({"quantity": "2.20", "units": "Grams"}),
            json!({"quantity": "about 5", "units": "Grams"}),
            json!({"quantity": "1,234", "units": "Grams"}),
            json!({"quantity": 7, "units": "grams"}),
            json!({"quantity": 3, "units": "None"}),
            json!({"quantity": null}),
            json!({"quantity": true, "units": ""}),
        ] {
            quantities.add(item.as_object().unwrap());
        }
        assert_eq!(
            quantities.document(),
            json!([
                {"units": "", "sum": "3", "items": 1, "without_number": 2},
                {"units": "Grams", "sum": "3.3", "items": 2, "without_number": 2},
                {"units": "grams", "sum": "7", "items": 1, "without_number": 0},
            ])
        );
        assert_eq!(quantities.told("Grams"), "3.3 (2 items, 2 without a number)");
        assert_eq!(quantities.told("Each"), "–");
    }
}
