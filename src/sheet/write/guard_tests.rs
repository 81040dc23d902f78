//! The guard and its inverse.

use proptest::prelude::*;

use super::{guard, unguard};

#[test]
fn the_guard_keeps_zeros_and_stops_formulas() {
    for (text, guarded) in [
        ("00123", "=\"00123\""),
        ("123456789012345678901234", "=\"123456789012345678901234\""),
        ("1E10", "=\"1E10\""),
        ("1.50", "=\"1.50\""),
        ("1-2", "=\"1-2\""),
        ("MAR1", "=\"MAR1\""),
        ("TRUE", "=\"TRUE\""),
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1 555", "'+1 555"),
        ("-x", "'-x"),
        ("@SUM(1)", "'@SUM(1)"),
        ("'=1", "''=1"),
        ("=\"00123\"", "'=\"00123\""),
        ("10.5", "10.5"),
        ("-2", "-2"),
        ("Blue Dream 3.5g", "Blue Dream 3.5g"),
        ("3.5g Blue Dream", "3.5g Blue Dream"),
        ("'tis", "'tis"),
        ("", ""),
    ] {
        assert_eq!(guard(text), guarded);
        assert_eq!(unguard(guarded), text);
    }
}

proptest! {
    #[test]
    fn the_guard_comes_off_exactly(text in "[='+@\"0-9eE./ a-zA-Z\t-]{0,12}|\\PC*") {
        prop_assert_eq!(unguard(&guard(&text)).into_owned(), text.clone());
        prop_assert_eq!(unguard(&guard(&guard(&text))).into_owned(), guard(&text).into_owned());
    }

    #[test]
    fn guarded_text_never_runs(text in "[=+@-]\\PC{0,20}") {
        let guarded = guard(&text);
        let literal = guarded.starts_with("=\"") && guarded.ends_with('"') && !guarded[2..guarded.len() - 1].contains('"');
        prop_assert!(literal || !guarded.starts_with(['=', '+', '@']), "{}", guarded);
    }
}
