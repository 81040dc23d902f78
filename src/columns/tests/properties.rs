//! Properties that hold for any text: numbers and dates that were read are read the same again.

use proptest::prelude::*;

use super::super::numbers::{canonical, shape};
use super::super::texts::unguard;
use super::super::{dates, names};
use super::*;

proptest! {
    #[test]
    fn no_text_makes_the_reading_panic(text in "\\PC{0,40}", digits in "[-+0-9.,:/ eETZapmAPM]{0,24}") {
        for text in [&text, &digits] {
            let _ = (shape(text), canonical(text, NumberStyle::Us), canonical(text, NumberStyle::Eu));
            let _ = (dates::read(text), dates::read_time(text), unguard(text), names::likeness(text, "item_id"));
            let (values, _) = one_column("quantity", &[text], ColumnOptions::default());
            prop_assert_eq!(values.len(), 1);
            let _ = one_column("moved_at", &[text], ColumnOptions::default());
        }
    }

    #[test]
    fn a_number_written_by_json_keeps_its_value_and_is_written_the_same_again(value in any::<f64>().prop_filter("finite", |v| v.is_finite())) {
        let text = serde_json::to_string(&value).expect("a number");
        let read = canonical(&text, NumberStyle::Us).expect("a number").into_owned();
        let back: f64 = read.parse().expect("a number");
        // A zero has no sign here.
        prop_assert_eq!((back + 0.0).to_bits(), (value + 0.0).to_bits(), "{} became {}", text, read);
        let again = canonical(&read, NumberStyle::Us);
        prop_assert_eq!(again.as_deref(), Some(read.as_str()));
        prop_assert!(serde_json::from_str::<Value>(&read).is_ok(), "{read} is no JSON");
    }

    #[test]
    fn a_written_integer_is_the_same_in_both_styles(value in any::<i64>()) {
        let text = value.to_string();
        prop_assert_eq!(canonical(&text, NumberStyle::Us), canonical(&text, NumberStyle::Eu));
        let back: Value = serde_json::from_str(&canonical(&text, NumberStyle::Us).expect("a number")).expect("JSON");
        prop_assert!(same("quantity", Some(&back), Some(&Value::from(value))), "{text}");
    }

    #[test]
    fn a_date_that_was_read_is_read_the_same_again(y in 1900_i16..2100, m in 1_u8..=12, d in 1_u8..=28, h in 0_u8..24, s in 0_u8..60) {
        let written = format!("{y:04}-{m:02}-{d:02}T{h:02}:{s:02}:{s:02}");
        for text in [format!("{m}/{d}/{y} {h}:{s:02}:{s:02}"), written.replace('T', " "), written.clone()] {
            let (values, _) = one_column("moved_at", &[&text, "12/31/2000"], ColumnOptions::default());
            prop_assert_eq!(&values[0], &format!("\"{written}\""), "{}", text);
        }
    }
}
