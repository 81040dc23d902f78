//! What numbers, dates and texts look like in number formats. Doesn't belong here: files with them (`excel`).

use jiff::civil::{date, time};

use super::*;

fn shown(code: &str, value: f64) -> String {
    let format = NumberFormat::of(code);
    match format.shows(value) {
        Shows::Number => format.show(value).unwrap_or_else(|| "?".to_owned()),
        Shows::Truth(value) => value.to_string().to_uppercase(),
        Shows::Elapsed => format
            .show_moment(Moment::Duration(value))
            .unwrap_or_else(|| "?".to_owned()),
        Shows::Moment(parts) => match shown_moment(value, parts, false) {
            Some(moment) => format.show_moment(moment).unwrap_or_else(|| "?".to_owned()),
            None => String::new(),
        },
    }
}

fn all(cases: &[(&str, f64, &str)]) {
    for (code, value, expected) in cases {
        assert_eq!(shown(code, *value), *expected, "{code} of {value}");
    }
}

#[test]
fn literals_and_zeros_are_shown() {
    all(&[
        ("\"SKU-\"0000", 42.0, "SKU-0042"),
        ("\"SKU-\"0000", 123_456.0, "SKU-123456"),
        ("000\\-000\\-0000", 123_456_789.0, "012-345-6789"),
        ("000-000-0000", 123_456_789.0, "012-345-6789"),
        ("00000\\-0000", 12_345.0, "00001-2345"),
        ("0000\"-A\"", 77.0, "0077-A"),
        ("0\"-A\"", 7.0, "7-A"),
        ("\"A\"00", 1.0, "A01"),
        ("\"Room \"0", 3.0, "Room 3"),
        ("\\L\\o\\t\\ 0", 3.0, "Lot 3"),
        ("General\" kg\"", 2.5, "2.5 kg"),
        ("\"Lot \"@", 5.0, "Lot 5"),
        ("00000", 187.0, "00187"),
        ("00000;-00000", -187.0, "-00187"),
        ("[Red]000_)", 5.0, "005"),
        ("[$-409]000", 5.0, "005"),
        ("[<=9999999]###\\-####;\\(###\\)\\ ###\\-####", 5_551_234.0, "555-1234"),
        (
            "[<=9999999]###\\-####;\\(###\\)\\ ###\\-####",
            4_255_551_234.0,
            "(425) 555-1234",
        ),
        ("000\\-00\\-0000", 1_000_009.0, "001-00-0009"),
        ("##-##", 7.0, "-7"),
        ("\"-\"", 5.0, "-"),
        ("\"n/a\"", 5.0, "n/a"),
        (";;;", 5.0, ""),
        ("0;;", 0.0, ""),
        ("*x0", 5.0, "5"),
    ]);
}

#[test]
fn amounts_are_shown_with_separators_decimals_and_signs() {
    all(&[
        ("0.00", 4.0, "4.00"),
        ("0.00", 2.675, "2.68"),
        ("0.0", -0.04, "0.0"),
        ("0", 12.5, "13"),
        ("0", 0.4, "0"),
        ("#", 0.0, ""),
        ("#.##", 0.5, ".5"),
        ("0.##", 5.0, "5."),
        ("0.0#", 5.25, "5.25"),
        ("#,##0", 1_234_567.0, "1,234,567"),
        ("#,##0", 12.0, "12"),
        ("0,000", 5.0, "0,005"),
        ("#,##0.00", -1234.5, "-1,234.50"),
        ("#,##0,", 1_234_567.0, "1,235"),
        ("0.0,,\"M\"", 1_250_000.0, "1.3M"),
        ("0%", 0.25, "25%"),
        ("0.0%", 0.0725, "7.3%"),
        ("_($* #,##0.00_);_($* (#,##0.00);_($* \"-\"??_);_(@_)", -5.0, "$(5.00)"),
        ("_($* #,##0.00_);_($* (#,##0.00);_($* \"-\"??_);_(@_)", 0.0, "$-"),
        ("[$€-407] #,##0.00", 5.0, "€ 5.00"),
        ("#,##0.00\\ [$kr-41D]", 5.0, "5.00 kr"),
        ("[Red]-0;[Blue]0", -5.0, "5"),
        ("[<0]\"minus \"0;0", -5.0, "minus 5"),
        ("[>100]\"many\";0", 101.0, "many"),
        ("0.00E+00", 1e10, "1.00E+10"),
        ("0.00E+00", 0.000_123_4, "1.23E-04"),
        ("##0.0E+0", 12_345.0, "12.3E+3"),
        ("0E+0", 9.99, "1E+1"),
        ("0.00E+00", 0.0, "0.00E+00"),
        ("General", 68.664_999_999_999_99, "68.665"),
        ("# ?/?", 0.5, "0.5"),
        ("@", 5.0, "5"),
        ("", 5.0, "5"),
        ("[DBNum1]0", 5.0, "?"),
        ("0x", 5.0, "?"),
        ("0.0.0", 5.0, "?"),
    ]);
}

#[test]
fn dates_and_times_are_shown() {
    let (day, noon) = (46_082.0, 46_225.661_111_111_1);
    all(&[
        ("d-mmm", day, "1-Mar"),
        ("mmm-yy", day, "Mar-26"),
        ("m/d/yyyy", day, "3/1/2026"),
        ("m/d/yy;@", day, "3/1/26"),
        ("[$-409]mmmm d, yyyy", day, "March 1, 2026"),
        ("dddd, mmmmm dd", day, "Sunday, M 01"),
        ("yyyy\\-mm\\-dd", day, "2026-03-01"),
        ("yyyy\"年\"m\"月\"d\"日\"", day, "2026年3月1日"),
        ("dd.mm.yyyy", day, "01.03.2026"),
        ("m/d/yyyy", noon, "7/22/2026"),
        ("h:mm AM/PM", noon, "3:52 PM"),
        ("h:mm a/p", noon, "3:52 p"),
        ("hh:mm:ss.00", noon, "15:52:00.00"),
        ("m/d/yyyy h:mm", noon, "7/22/2026 15:52"),
        ("mm:ss", noon, "52:00"),
        ("h:mm AM/PM", 0.0, "12:00 AM"),
        ("[h]:mm", 1.5, "36:00"),
        ("[mm]:ss", 0.5, "720:00"),
        ("[h]:mm", -0.5, "-12:00"),
        ("m/d/yyyy", 0.0, ""),
        ("m/d/yyyy h:mm", 0.0, ""),
        ("[=0]\"never\";m/d/yyyy", 0.0, "never"),
        ("[=0]\"never\";m/d/yyyy", day, "3/1/2026"),
        ("[$-407]d. mmmm", day, "?"),
        ("[$-407]dd.mm.yyyy", day, "01.03.2026"),
        ("ggge\"年\"", day, "?"),
        ("m/d/yyyy", 60.0, "?"),
        ("m/d/yyyy", -1.0, "?"),
    ]);
}

#[test]
fn a_format_decides_which_part_of_a_moment_is_read() {
    let of = |code: &str, value| match NumberFormat::of(code).shows(value) {
        Shows::Moment(parts) => shown_moment(value, parts, false),
        _ => panic!("{code} shows no moment"),
    };
    let (noon, day) = (46_225.661_111_111_1, date(2026, 7, 22));
    assert_eq!(of("m/d/yyyy", noon), Some(Moment::Date(day)));
    assert_eq!(of("h:mm AM/PM", noon), Some(Moment::Time(time(15, 52, 0, 0))));
    assert_eq!(of("m/d/yy h:mm", noon), Some(Moment::DateTime(day.at(15, 52, 0, 0))));
    assert_eq!(of("m/d/yy h:mm", 46_225.0), Some(Moment::Date(day)));
    assert_eq!(of("h:mm", 46_225.0), Some(Moment::Time(time(0, 0, 0, 0))));
    assert_eq!(of("h:mm", 0.0), Some(Moment::Time(time(0, 0, 0, 0))));
    assert_eq!(of("m/d/yyyy", 0.0), None);
    assert_eq!(of("m/d/yyyy h:mm", 0.0), None);
    // The last second of a day is still this day.
    assert_eq!(of("m/d/yyyy", 46_225.999_999_9), Some(Moment::Date(day)));
    assert_eq!(
        of("m/d/yyyy", 46_225.999_999_999_9),
        Some(Moment::Date(date(2026, 7, 23)))
    );
}

#[test]
fn truth_values_are_stored_as_numbers() {
    all(&[
        ("\"TRUE\";\"TRUE\";\"FALSE\"", 1.0, "TRUE"),
        ("\"TRUE\";\"TRUE\";\"FALSE\"", 0.0, "FALSE"),
        ("[=1]\"TRUE\";[=0]\"FALSE\";0", 0.0, "FALSE"),
        ("\"WAHR\";\"WAHR\";\"FALSCH\"", 1.0, "TRUE"),
        ("\"Yes\";\"Yes\";\"No\"", 0.0, "No"),
    ]);
}

#[test]
fn texts_are_shown_with_what_their_format_adds() {
    let of = |code: &str| NumberFormat::of(code).show_text("ABC");
    assert_eq!(of("\"SKU-\"@").as_deref(), Some("SKU-ABC"));
    assert_eq!(of("0;-0;0;@\"-A\"").as_deref(), Some("ABC-A"));
    assert_eq!(of("_(* #,##0_);_(* (#,##0);_(* \"-\"_);_(@_)"), None);
    assert_eq!(of("@"), None);
    assert_eq!(of("0"), None);
    assert!(NumberFormat::of("\"SKU-\"@").changes_text());
    assert!(!NumberFormat::of("d-mmm;@").changes_text());
}

#[test]
fn an_id_is_an_integer_as_it_is_shown_but_no_amount() {
    let id = |code: &str, value| NumberFormat::of(code).id(value);
    assert_eq!(id("General", 42.0).as_deref(), Ok("42"));
    assert_eq!(id("General", -0.0).as_deref(), Ok("0"));
    assert_eq!(id("0", 42.0).as_deref(), Ok("42"));
    assert_eq!(id("\"SKU-\"0000", 42.0).as_deref(), Ok("SKU-0042"));
    assert_eq!(id("00000", 1_234_567.0).as_deref(), Ok("1234567"));
    assert_eq!(id("# ?/?", 3.0).as_deref(), Ok("3"));
    assert_eq!(id("0", 9_007_199_254_740_991.0).as_deref(), Ok("9007199254740991"));
    assert_eq!(id("0", 9_007_199_254_740_992.0), Err(NoId::TooLong));
    assert_eq!(id("0.00E+00", 1e10), Err(NoId::Scientific));
    assert_eq!(id("0", 1.5), Err(NoId::Decimals));
    assert_eq!(id("#,##0", 1234.0), Err(NoId::Amount("1,234".to_owned())));
    assert_eq!(id("0.00", 42.0), Err(NoId::Amount("42.00".to_owned())));
    assert_eq!(id("0%", 1.0), Err(NoId::Amount("100%".to_owned())));
    assert_eq!(id("[DBNum1]0", 5.0), Err(NoId::Unreadable));
}

#[test]
fn one_code_has_one_place_and_comes_out_of_packed_rows_again() {
    let (one, other) = (NumberFormat::of("\"one\"0"), NumberFormat::of("\"other\"0"));
    assert_eq!(one, NumberFormat::of("\"one\"0"));
    assert_ne!(one, other);
    for format in [one, other, NumberFormat::Plain] {
        assert_eq!(NumberFormat::from_packed(format.packed()), format);
    }
    let endless = NumberFormat::of(&"0".repeat(MOST_LETTERS + 1));
    assert_eq!((endless.show(5.0), endless.id(5.0)), (None, Err(NoId::Unreadable)));
}

#[test]
fn built_in_formats_are_those_that_excel_shows() {
    let code = |id| built_in(id).unwrap();
    all(&[
        (code(14), 46_082.0, "3/1/2026"),
        (code(16), 46_082.0, "1-Mar"),
        (code(22), 46_225.661_111_111_1, "7/22/2026 15:52"),
        (code(7), -5.0, "($5.00)"),
        (code(38), -5.0, "(5)"),
        (code(48), 12_345.0, "12.3E+3"),
    ]);
    assert_eq!(built_in(200), None);
    let day = |id| match NumberFormat::of(code(id)).shows(46_225.5) {
        Shows::Moment(parts) => (parts.day, parts.time),
        _ => (false, false),
    };
    let east_asian = [day(27), day(33), day(55), day(58)];
    assert_eq!(east_asian, [(true, false), (false, true), (true, true), (true, false)]);
    assert_eq!(
        NumberFormat::of(code(27)).show_moment(Moment::Date(date(2026, 3, 1))),
        None
    );
}

#[test]
fn no_code_and_no_number_panics() {
    let pieces = [
        "0", "#", "?", ".", ",", "%", "E+", "/", "@", "m", "d", "y", "h", "s", "[", "]", "\"", "\\", "_", "*", ";",
        "General", "AM/PM", "[h]", "[>5]", "[$-407]", "x", "é",
    ];
    let values = [
        0.0,
        -0.0,
        1.0,
        -1.5,
        60.0,
        1e300,
        -1e-300,
        1e15,
        f64::NAN,
        f64::INFINITY,
    ];
    for a in pieces {
        for b in pieces {
            for c in pieces {
                let sections = parse::sections(&format!("{a}{b}{c}"));
                for value in values {
                    for section in &sections {
                        number::render(value, section);
                        moment::render(Moment::Duration(value), section, false);
                        moment::render(serial_moment(value, false), section, false);
                    }
                }
            }
        }
    }
}
