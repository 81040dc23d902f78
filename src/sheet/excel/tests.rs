//! Workbooks of our own making, the samples, and the real ones where they are at hand.

use std::path::{Path, PathBuf};

use super::{Limits, Merge, Workbook};
use crate::sheet::tests::seen;
use crate::sheet::{Cell, Moment, ReadError, Row};

/// A file of other projects' test data; none where that folder isn't there (it is no part of this repository).
fn real(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/real").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: ../shared/real/{name} is not at hand");
    None
}

fn open(path: &Path) -> Result<Workbook, ReadError> {
    Workbook::open(path, "book", &Limits::default())
}

fn rows(workbook: &Workbook, sheet: &str) -> Vec<Row> {
    try_rows(workbook, sheet).unwrap()
}

fn try_rows(workbook: &Workbook, sheet: &str) -> Result<Vec<Row>, ReadError> {
    let (mut reader, mut row, mut all) = (workbook.rows(sheet)?, Row::new(), Vec::new());
    while reader.next(&mut row)? {
        all.push(row.clone());
    }
    Ok(all)
}

fn names(workbook: &Workbook) -> Vec<(&str, bool)> {
    workbook
        .sheets()
        .iter()
        .map(|sheet| (sheet.name.as_str(), sheet.visible))
        .collect()
}

#[test]
fn the_vendors_workbook_gives_its_preamble_header_and_item() {
    let Some(path) = real("inventory_import.xlsm") else {
        return;
    };
    let workbook = open(&path).unwrap();
    assert_eq!(workbook.kind(), "xlsm");
    assert!(
        names(&workbook).contains(&("Worksheet", true)),
        "{:?}",
        names(&workbook)
    );
    let rows = rows(&workbook, "Worksheet");
    let header = rows.iter().find(|row| row.line == 7).unwrap();
    assert!(header.cells().any(|cell| cell == Cell::Text("Item ID")), "{header:?}");
    let item = rows.iter().find(|row| row.line == 8).unwrap();
    assert!(item.cells().any(|cell| cell == Cell::Text("test-item")), "{item:?}");
    assert!(item.cells().any(|cell| cell == Cell::Text("Chess Set")), "{item:?}");
    assert!(!workbook.merges("Worksheet").unwrap().is_empty());
    assert!(rows_of_errors(&workbook, "Upload") > 0);
}

fn rows_of_errors(workbook: &Workbook, sheet: &str) -> usize {
    rows(workbook, sheet)
        .iter()
        .filter(|row| row.cells().any(|cell| matches!(cell, Cell::Error(_))))
        .count()
}

#[test]
fn a_workbook_with_a_macro_sheet_gives_its_worksheets() {
    let Some(path) = real("sjs-BlankSheetTypes.xlsm") else {
        return;
    };
    let workbook = open(&path).unwrap();
    assert!(!workbook.sheets().is_empty());
    for sheet in workbook.sheets() {
        rows(&workbook, &sheet.name);
        println!("{}", sheet.name);
    }
}

#[test]
fn the_1904_epoch_is_respected() {
    let Some(path) = real("cal-date_1904.xlsx") else { return };
    let workbook = open(&path).unwrap();
    let sheet = workbook.sheets()[0].name.clone();
    let rows = rows(&workbook, &sheet);
    assert_eq!(
        rows[0].cell(0),
        Cell::Moment(
            Moment::Date(jiff::civil::date(2021, 1, 1)),
            crate::sheet::NumberFormat::of("yyyy\\-mm\\-dd")
        )
    );
}

#[test]
fn error_cells_keep_their_names_and_the_hidden_row_is_known() {
    let Some(path) = real("cal-errors.xlsx") else { return };
    let workbook = open(&path).unwrap();
    let sheet = workbook.sheets()[0].name.clone();
    let all = rows(&workbook, &sheet);
    let errors: Vec<String> = all
        .iter()
        .flat_map(Row::cells)
        .filter_map(|cell| {
            if let Cell::Error(text) = cell {
                Some(text.to_owned())
            } else {
                None
            }
        })
        .collect();
    assert_eq!(
        errors,
        ["#DIV/0!", "#NAME?", "#VALUE!", "#NULL!", "#REF!", "#NUM!", "#N/A"]
    );
    assert_eq!(workbook.hidden_rows(&sheet).unwrap().len(), 1);
}

#[test]
fn a_password_is_told_in_plain_words() {
    let Some(path) = real("cal-pass_protected.xlsx") else {
        return;
    };
    let error = open(&path).err().unwrap();
    assert!(matches!(error, ReadError::PasswordProtected(_)));
    assert_eq!(error.to_string(), "book is password-protected");
}

#[test]
fn hidden_and_very_hidden_sheets_are_told_apart_from_visible_ones() {
    let Some(path) = real("sjs-sheet_visibility.xlsx") else {
        return;
    };
    let workbook = open(&path).unwrap();
    assert_eq!(
        names(&workbook),
        [("Visible", true), ("Hidden", false), ("VeryHidden", false)]
    );
}

#[test]
fn text_that_looks_like_a_number_stays_text() {
    let Some(path) = real("fl-cast-int-to-string-issue-1251.xlsx") else {
        return;
    };
    let workbook = open(&path).unwrap();
    let sheet = workbook.sheets()[0].name.clone();
    let all = rows(&workbook, &sheet);
    assert!(
        all.iter().flat_map(Row::cells).any(|cell| cell == Cell::Text("001")),
        "{all:?}"
    );
}

#[test]
fn a_title_row_and_a_total_row_come_as_they_are() {
    let Some(path) = real("fl-skip-rows.xlsx") else { return };
    let workbook = open(&path).unwrap();
    let sheet = workbook.sheets()[0].name.clone();
    for row in rows(&workbook, &sheet) {
        println!("{row:?}");
    }
    let _: Vec<Merge> = workbook.merges(&sheet).unwrap();
}

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/formats").join(name)
}

#[test]
fn the_same_inventory_reads_alike_from_every_kind_of_workbook() {
    for kind in ["xlsx", "xls", "ods"] {
        let workbook = open(&sample(&format!("inventory.{kind}"))).unwrap();
        assert_eq!(workbook.kind(), kind);
        assert_eq!(names(&workbook), [("Inventory", true), ("Settings", false)], "{kind}");
        let all = rows(&workbook, "Inventory");
        let cells = |line: u64| -> Vec<String> {
            let row = all.iter().find(|row| row.line == line).unwrap();
            row.cells().map(seen).collect()
        };
        assert_eq!(
            all.iter().map(|row| row.line).collect::<Vec<_>>(),
            [1, 3, 4, 5, 8],
            "{kind}"
        );
        assert_eq!(
            cells(1),
            ["Text(\"Inventory of Green Valley, count of July\")"],
            "{kind}"
        );
        assert_eq!(cells(3)[0], "Text(\"Item ID\")", "{kind}");
        assert_eq!(
            cells(4),
            [
                "Text(\"00187\")",
                "Text(\"Blue Dream, 3.5 g\")",
                "Number(12.0, Plain)",
                "Text(\"Each\")",
                "Bool(true)",
                "Moment(Date(2021-07-08))",
                "Moment(Time(09:05:00))",
                "Moment(DateTime(2021-07-09T16:30:15))"
            ],
            "{kind}"
        );
        assert_eq!(
            cells(5),
            [
                "Number(188.0, Coded(\"00000\"))",
                "Text(\"Crème brûlée “gummies”\")",
                "Number(10.5, Plain)",
                "Text(\"None\")",
                "Bool(false)",
                "Empty",
                "Empty",
                "Moment(Date(2021-12-31))"
            ],
            "{kind}"
        );
        assert_eq!(
            cells(8),
            [
                "Text(\"1A4FF0100000022000000189\")",
                "Text(\"Two lines\\nin one cell\")",
                "Number(-2.0, Plain)",
                "Text(\"Grams\")"
            ],
            "{kind}"
        );
        assert_eq!(
            workbook.merges("Inventory").unwrap(),
            [Merge {
                first: (1, 0),
                last: (1, 2)
            }],
            "{kind}"
        );
        let hidden = workbook.hidden_rows("Inventory").unwrap();
        assert_eq!(hidden, [5], "{kind}");
        // Once more, and two at once: readers don't disturb each other.
        assert_eq!(rows(&workbook, "Inventory").len(), 5);
        let (mut first, mut second) = (workbook.rows("Inventory").unwrap(), workbook.rows("Inventory").unwrap());
        let (mut a, mut b) = (Row::new(), Row::new());
        assert!(first.next(&mut a).unwrap() && second.next(&mut b).unwrap());
        assert_eq!((a.line, b.line), (1, 1));
        let error = workbook.rows("Sheet9").err().unwrap();
        assert_eq!(
            error.to_string(),
            "book has no sheet \"Sheet9\"; it has \"Inventory\", \"Settings\""
        );
    }
}

mod cells {
    use jiff::civil::{date, time};

    use super::super::cells::{iso_duration, iso_moment};
    use crate::sheet::Moment;
    use crate::sheet::number_format::serial_moment;

    #[test]
    fn serials_count_from_either_epoch_and_skip_the_day_that_never_was() {
        let day = |y, m, d| Moment::Date(date(y, m, d));
        assert_eq!(serial_moment(1.0, false), day(1900, 1, 1));
        assert_eq!(serial_moment(59.0, false), day(1900, 2, 28));
        assert_eq!(serial_moment(60.0, false), Moment::Duration(60.0));
        assert_eq!(serial_moment(60.5, false), Moment::Duration(60.5));
        assert_eq!(serial_moment(61.0, false), day(1900, 3, 1));
        assert_eq!(serial_moment(44_197.0, false), day(2021, 1, 1));
        assert_eq!(serial_moment(42_735.0, true), day(2021, 1, 1));
        assert_eq!(serial_moment(60.0, true), day(1904, 3, 1));
        assert_eq!(serial_moment(2_958_465.0, false), day(9999, 12, 31));
        assert_eq!(serial_moment(2_958_466.0, false), Moment::Duration(2_958_466.0));
        assert_eq!(serial_moment(2_958_465.0, true), Moment::Duration(2_958_465.0));
        assert_eq!(serial_moment(-1.0, false), Moment::Duration(-1.0));
        assert!(matches!(serial_moment(f64::NAN, false), Moment::Duration(_)));
        assert!(matches!(serial_moment(1e300, false), Moment::Duration(_)));
    }

    #[test]
    fn times_of_day_lose_their_noise() {
        let moment = |h, m, s| Moment::DateTime(date(2021, 7, 8).at(h, m, s, 0));
        assert_eq!(serial_moment(44_385.378_472_222_22, false), moment(9, 5, 0));
        assert_eq!(serial_moment(44_385.378_472_2, false), moment(9, 5, 0));
        assert_eq!(serial_moment(44_385.999_999_9, false), Moment::Date(date(2021, 7, 9)));
        assert_eq!(serial_moment(0.5, false), Moment::Time(time(12, 0, 0, 0)));
        assert_eq!(serial_moment(0.0, false), Moment::Time(time(0, 0, 0, 0)));
        assert_eq!(serial_moment(0.999_999_9, false), Moment::Time(time(23, 59, 59, 0)));
    }

    #[test]
    fn iso_cells_become_moments_unless_an_offset_would_be_lost() {
        assert_eq!(iso_moment("2021-07-08"), Some(Moment::Date(date(2021, 7, 8))));
        assert_eq!(
            iso_moment("2021-07-08T09:05:00.000"),
            Some(Moment::DateTime(date(2021, 7, 8).at(9, 5, 0, 0)))
        );
        assert_eq!(iso_moment("09:05:00"), Some(Moment::Time(time(9, 5, 0, 0))));
        assert_eq!(iso_moment("2021-07-08T09:05:00Z"), None);
        assert_eq!(iso_moment("2021-07-08T09:05:00-07:00"), None);
        assert_eq!(iso_moment("soon"), None);
        assert_eq!(iso_duration("PT09H05M00S"), Some(Moment::Time(time(9, 5, 0, 0))));
        assert_eq!(iso_duration("PT36H00M00S"), Some(Moment::Duration(1.5)));
        assert_eq!(iso_duration("P1DT12H"), Some(Moment::Duration(1.5)));
        assert_eq!(iso_duration("-PT12H"), Some(Moment::Duration(-0.5)));
        for wrong in ["PT9", "9H", "P1H", "PTH", ""] {
            assert_eq!(iso_duration(wrong), None, "{wrong}");
        }
    }
}

/// A workbook of our own with what real ones have.
fn made() -> (tempfile::TempDir, PathBuf) {
    use rust_xlsxwriter::{ExcelDateTime, Format};
    let mut book = rust_xlsxwriter::Workbook::new();
    let with = |code: &str| Format::new().set_num_format(code);
    let sheet = book.add_worksheet();
    sheet.merge_range(0, 0, 0, 2, "Inventory", &Format::new()).unwrap();
    sheet.write_string(2, 1, "Item ID").unwrap();
    sheet.write_string(2, 2, "").unwrap();
    sheet.write_number_with_format(3, 1, 187.0, &with("00000")).unwrap();
    sheet.write_number_with_format(3, 2, 1e10, &with("0.00E+00")).unwrap();
    let day = ExcelDateTime::parse_from_str("2021-07-08").unwrap();
    let moment = ExcelDateTime::parse_from_str("2021-07-08T09:05:07").unwrap();
    sheet.write_datetime_with_format(3, 3, &day, &with("m/d/yy")).unwrap();
    sheet
        .write_datetime_with_format(3, 4, &moment, &with("d mmm yyyy h:mm AM/PM"))
        .unwrap();
    sheet.write_number_with_format(3, 5, 0.5, &with("h:mm")).unwrap();
    sheet.write_number_with_format(3, 6, 1.5, &with("[h]:mm")).unwrap();
    sheet.write_blank(3, 9, &with("0")).unwrap();
    sheet
        .write_string(4, 1, " two  spaces, a\r\nbreak and _x000D_ ")
        .unwrap();
    sheet.set_row_hidden(4).unwrap();
    sheet.write_number(6, 1, 68.664_999_999_999_99).unwrap();
    sheet
        .write_formula(6, 2, rust_xlsxwriter::Formula::new("=A1").set_result("#REF!"))
        .unwrap();
    book.add_worksheet().set_name("Hidden one").unwrap().set_hidden(true);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    book.save(&path).unwrap();
    (folder, path)
}

#[test]
fn a_made_workbook_gives_back_what_was_put_in() {
    let (_folder, path) = made();
    let workbook = open(&path).unwrap();
    assert_eq!(workbook.kind(), "xlsx");
    assert_eq!(names(&workbook), [("Sheet1", true), ("Hidden one", false)]);
    assert_eq!(
        workbook.merges("Sheet1").unwrap(),
        [Merge {
            first: (1, 0),
            last: (1, 2)
        }]
    );
    assert_eq!(workbook.hidden_rows("Sheet1").unwrap(), [5]);
    assert!(rows(&workbook, "Hidden one").is_empty());
    let all = rows(&workbook, "Sheet1");
    assert_eq!(all.iter().map(|row| row.line).collect::<Vec<_>>(), [1, 3, 4, 5, 7]);
    assert_eq!(all[1].cells().collect::<Vec<_>>(), [Cell::Empty, Cell::Text("Item ID")]);
    let shown: Vec<String> = all[2].cells().map(seen).collect();
    assert_eq!(
        shown,
        [
            "Empty",
            "Number(187.0, Coded(\"00000\"))",
            "Number(10000000000.0, Coded(\"0.00E+00\"))",
            "Moment(Date(2021-07-08))",
            "Moment(DateTime(2021-07-08T09:05:07))",
            "Moment(Time(12:00:00))",
            "Moment(Duration(1.5))"
        ]
    );
    assert_eq!(all[3].cell(1), Cell::Text(" two  spaces, a\r\nbreak and _x000D_ "));
    assert_eq!(
        all[4].cell(1),
        Cell::Number(68.664_999_999_999_99, crate::sheet::NumberFormat::Plain)
    );
    assert_eq!(all[4].cell(2), Cell::Error("#REF!"));
}
