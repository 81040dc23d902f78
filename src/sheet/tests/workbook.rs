//! Which of a workbook's sheets are read, and what is said of the others.

use rust_xlsxwriter::{Format as CellFormat, Workbook};

use super::*;

fn saved(mut book: Workbook) -> Vec<u8> {
    book.save_to_buffer().unwrap()
}

fn fill(sheet: &mut rust_xlsxwriter::Worksheet, rows: &[&[&str]]) {
    for (row, cells) in (0u32..).zip(rows) {
        for (column, cell) in (0u16..).zip(cells.iter()) {
            match cell.parse::<f64>() {
                Ok(number) => sheet.write_number(row, column, number).unwrap(),
                Err(_) => sheet.write_string(row, column, *cell).unwrap(),
            };
        }
    }
}

fn tables(bytes: &[u8], options: &ReadOptions) -> Result<Vec<Table>, ReadError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    fs::write(&path, bytes).unwrap();
    open(&Input::Path(path), options, &Names)
}

fn of_sheet(sheet: SheetChoice) -> ReadOptions {
    ReadOptions {
        sheet,
        ..ReadOptions::default()
    }
}

/// A title sheet, one of zeros with the better header, the stock, and a hidden one.
fn several() -> Vec<u8> {
    let mut book = Workbook::new();
    fill(
        book.add_worksheet().set_name("Read me").unwrap(),
        &[&["Hello"], &["foo", "bar"]],
    );
    let zeros: &[&[&str]] = &[
        &["Item ID", "Name", "Status", "Quantity"],
        &["0", "0", "0", "0"],
        &["0", "0", "0", "0"],
    ];
    fill(book.add_worksheet().set_name("Upload").unwrap(), zeros);
    let stock: &[&[&str]] = &[
        &["Stock"],
        &["Item ID", "Name", "Quantity"],
        &["a1", "Chess", "5"],
        &["0", "0", "0"],
    ];
    fill(book.add_worksheet().set_name("Stock").unwrap(), stock);
    let hidden = book.add_worksheet().set_name("Old").unwrap().set_hidden(true);
    fill(
        hidden,
        &[&["Item ID", "Name", "Status", "Quantity"], &["h1", "x", "y", "1"]],
    );
    saved(book)
}

#[test]
fn the_sheet_with_the_best_header_and_real_rows_is_chosen_and_the_others_are_named() {
    let read = read("a.csv", several());
    assert_eq!((read.format.clone(), read.header.line), (Format::Workbook("xlsx"), 2));
    assert_eq!(read.lines(), [3, 4]);
    for left_out in [
        "\"Read me\" is ignored",
        "\"Upload\" is ignored",
        "\"Old\" is ignored: it is hidden",
    ] {
        assert!(read.noted(left_out), "{left_out} of {:?}", read.notes);
    }
}

#[test]
fn a_sheet_that_is_named_is_read_hidden_or_not_in_any_case() {
    for name in ["Old", "oLD"] {
        let tables = tables(&several(), &of_sheet(SheetChoice::Named(name.to_owned()))).unwrap();
        assert_eq!(tables[0].sheet.as_deref(), Some("Old"));
        assert_eq!(tables[0].address(2, 2), "Old!C2");
    }
    let unknown = tables(&several(), &of_sheet(SheetChoice::Named("None".to_owned()))).err();
    assert!(
        matches!(&unknown, Some(ReadError::NoSuchSheet { known, .. }) if known.len() == 4),
        "{unknown:?}"
    );
}

#[test]
fn all_sheets_with_a_known_header_are_read() {
    let tables = tables(&several(), &of_sheet(SheetChoice::All)).unwrap();
    let names: Vec<_> = tables.iter().map(|table| table.sheet.as_deref().unwrap()).collect();
    assert_eq!(names, ["Upload", "Stock"]);
}

#[test]
fn of_equal_sheets_the_first_is_read() {
    let mut book = Workbook::new();
    for name in ["One", "Two"] {
        fill(
            book.add_worksheet().set_name(name).unwrap(),
            &[&["Item ID", "Name"], &["a", "b"]],
        );
    }
    let tables = tables(&saved(book), &ReadOptions::default()).unwrap();
    assert_eq!(tables[0].sheet.as_deref(), Some("One"));
}

#[test]
fn merged_header_cells_reach_over_their_columns() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.merge_range(0, 1, 0, 2, "Unit", &CellFormat::new()).unwrap();
    sheet.merge_range(0, 0, 1, 0, "Item ID", &CellFormat::new()).unwrap();
    for (column, name) in [(1, "Weight"), (2, "Volume"), (3, "Name")] {
        sheet.write_string(1, column, name).unwrap();
    }
    sheet.write_string(2, 0, "a1").unwrap();
    let read = read("a.xlsx", saved(book));
    assert_eq!(read.names(), ["Item ID", "Unit Weight", "Unit Volume", "Name"]);
    assert_eq!((read.header.line, read.lines()), (2, vec![3]));
}

#[test]
fn hidden_rows_are_read_and_counted_aloud() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    fill(sheet, &[&["Item ID", "Name"], &["a", "b"], &["c", "d"]]);
    for row in [1, 7, 8] {
        sheet.set_row_hidden(row).unwrap();
    }
    let read = read("a.xlsx", saved(book));
    assert_eq!(read.lines(), [2, 3]);
    assert!(
        read.noted("1 row is hidden in the sheet and is read like the others (the first is row 2)"),
        "hidden rows without data are not counted: {:?}",
        read.notes
    );
}

#[test]
fn a_workbook_without_a_row_is_blank() {
    let mut book = Workbook::new();
    book.add_worksheet();
    assert!(matches!(refusal("a.xlsx", saved(book)), ReadError::Blank(_)));
}

#[test]
fn sheets_that_continue_the_chosen_one_are_read_with_it() {
    let mut book = Workbook::new();
    let rows: [(&str, &[&[&str]]); 4] = [
        ("Inventory", &[&["Item ID", "Name"], &["a1", "x"]]),
        ("Inventory 2", &[&["Item ID", "Name"], &["a2", "y"]]),
        ("Inventory 3", &[&["Item ID", "Status"], &["a3", "z"]]),
        ("Vault", &[&["Item ID", "Name"], &["a4", "z"]]),
    ];
    for (name, rows) in rows {
        fill(book.add_worksheet().set_name(name).unwrap(), rows);
    }
    let tables = tables(&saved(book), &ReadOptions::default()).unwrap();
    let sheets: Vec<&str> = tables.iter().filter_map(|table| table.sheet.as_deref()).collect();
    assert_eq!(sheets, ["Inventory", "Inventory 2"]);
    let notes = tables[0].notes.join("\n");
    assert!(
        notes.contains("\"Inventory 2\" has the header of \"Inventory\" and continues it"),
        "{notes}"
    );
    assert!(
        notes.contains("\"Vault\" is ignored: another sheet has the same header"),
        "{notes}"
    );
}
