//! Numbers by their digits: which texts are numbers, how they are written, and which are the same.
//!
//! Doesn't belong here: marks and signs around a number (`written`).

use super::*;

fn us(text: &str) -> Option<String> {
    canonical(text, NumberStyle::Us).map(Cow::into_owned)
}

fn eu(text: &str) -> Option<String> {
    canonical(text, NumberStyle::Eu).map(Cow::into_owned)
}

#[test]
fn a_number_follows_jsons_grammar_with_a_leading_plus_or_point() {
    for (text, json) in [
        ("-2.0000", "-2"),
        ("+5", "5"),
        (".5", "0.5"),
        ("-.5", "-0.5"),
        ("1e3", "1000"),
        ("1.5E-2", "0.015"),
        ("0", "0"),
        ("-0.0", "0"),
        ("0.10", "0.1"),
        ("12.5", "12.5"),
        ("-0.5", "-0.5"),
        ("100", "100"),
        ("0.1234567890123456789", "0.1234567890123456789"),
        ("123456789012345678", "123456789012345678"),
    ] {
        assert_eq!(us(text).as_deref(), Some(json), "{text}");
    }
    for text in [
        "024", "5.", ".", "-", "+", "1e", "1e+", "0x10", "1_000", "١٢", "--5", "1 000", "00.5", "NaN", "Infinity",
        "5 g", "$5", "5%", "1,23", "1,2345",
    ] {
        assert_eq!(us(text), None, "{text}");
    }
}

#[test]
fn the_short_way_to_a_shape_is_as_good_as_the_long_one() {
    let wholes = ["", "0", "1", "12", "123", "1234", "012", "-1", "-0", "+5", "x"];
    let fractions = ["", "0", "5", "50", "500", "005", "5000", "5.0", "5e3", "x"];
    for text in wholes
        .iter()
        .flat_map(|whole| fractions.iter().map(move |fraction| format!("{whole}.{fraction}")))
    {
        let long = match (parts(&text, NumberStyle::Us), parts(&text, NumberStyle::Eu)) {
            (Some(_), Some(_)) => Shape::Either,
            (Some(_), None) => Shape::Us,
            (None, Some(_)) => Shape::Eu,
            (None, None) => continue,
        };
        assert_eq!(shape(&text), long, "{text}");
    }
}

#[test]
fn the_separators_show_the_style() {
    for text in ["1,234.50", "1,234,567", "12.5", "0.125", "1234.567", ".125", "1.5e3"] {
        assert_eq!(shape(text), Shape::Us, "{text}");
    }
    for text in ["1.234,5", "1.234.567", "12,5", "0,125", "1234,567"] {
        assert_eq!(shape(text), Shape::Eu, "{text}");
    }
    for text in ["1.234", "1,234", "-999.999"] {
        assert_eq!(shape(text), Shape::Either, "{text}");
    }
    for text in ["0", "12", "-5", "+7", "1e5", "12345678901234567890"] {
        assert_eq!(shape(text), Shape::Plain, "{text}");
    }
}

#[test]
fn each_style_reads_its_own_way() {
    assert_eq!(us("1,234.50").as_deref(), Some("1234.5"));
    assert_eq!(us("1,234").as_deref(), Some("1234"));
    assert_eq!(us("1.234").as_deref(), Some("1.234"));
    assert_eq!(eu("1.234,50").as_deref(), Some("1234.5"));
    assert_eq!(eu("1.234").as_deref(), Some("1234"));
    assert_eq!(eu("1,234").as_deref(), Some("1.234"));
    assert_eq!(eu("12.5"), None);
    assert_eq!(us("1.234,5"), None);
}

#[test]
fn what_the_api_can_not_hold_as_an_integer_is_written_as_a_double() {
    assert_eq!(us("100000000000000000000").as_deref(), Some("1e20"));
    assert_eq!(us("12345678901234567890").as_deref(), Some("1.234567890123456789e19"));
    assert_eq!(us("9223372036854775807").as_deref(), Some("9223372036854775807"));
    assert_eq!(us("-9223372036854775809").as_deref(), Some("-9.223372036854775809e18"));
    assert_eq!(us("1e400"), None);
    assert_eq!(us("-1e999999999"), None);
    assert_eq!(us("1e-400"), None);
    assert_eq!(us("1e99999999999999999999"), None);
    assert_eq!(us("1.7976931348623157e308").as_deref(), Some("1.7976931348623157e308"));
    assert_eq!(us("1e-10").as_deref(), Some("0.0000000001"));
}

#[test]
fn excels_float_noise_is_lost_at_15_digits() {
    assert_eq!(from_double(68.664_999_999_999_99).as_deref(), Some("68.665"));
    assert_eq!(from_double(0.1 + 0.2).as_deref(), Some("0.3"));
    assert_eq!(from_double(1.0).as_deref(), Some("1"));
    assert_eq!(from_double(-2.0).as_deref(), Some("-2"));
    assert_eq!(from_double(1e300).as_deref(), Some("1e300"));
    assert_eq!(from_double(f64::NAN), None);
}

#[test]
fn numbers_are_compared_by_value() {
    let number = |text: &str| decimal(text, NumberStyle::Us).expect("a number");
    assert!(number("5").equals(&number("5.0")));
    assert!(number("5e0").equals(&number("5")));
    assert!(number("-0").equals(&number("0")));
    assert!(!number("5").equals(&number("-5")));
    assert!(!number("9007199254740993").equals(&number("9007199254740992")));
    assert!(number("0.1234567890123456789").equals(&number("0.12345678901234568")));
    assert!(!number("0.1").equals(&number("0.1000000001")));
    // As a workbook's number is read.
    assert!(number("0.30000000000000004").equals(&number("0.3")));
    assert!(number("435").equals(&number("434.99999999999994")));
    assert!(number("1180591620717411303424").equals(&number("1.18059162071741e21")));
    assert!(!number("0.30000000000004").equals(&number("0.3")));
    assert!(!number("0.300000000000000041").equals(&number("0.30000000000000016")));
}
