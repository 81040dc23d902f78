//! Files of other projects, which lie beside this one where it was built; each with the reading that it ought to have.

use super::*;

/// The file, unless the folder is absent, which is said aloud.
fn real(name: &str) -> Option<Read> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/real").join(name);
    if !path.exists() {
        println!("skipped: {} is not here", path.display());
        return None;
    }
    Some(read_path(&path, &ReadOptions::default()).unwrap())
}

#[test]
fn the_vendor_s_export_of_samples_reads() {
    let Some(read) = real("cannlytics-samples.csv") else {
        return;
    };
    assert_eq!(
        (read.names()[0], read.names().len(), read.rows.len()),
        ("Sample ID", 15, 1)
    );
    assert_eq!(read.row(0)[6..9], ["07/08/2021", "KLS", "2021-08-21T10:55:05.496866"]);
}

#[test]
fn a_byte_order_mark_reads() {
    let Some(read) = real("fl-bom.csv") else { return };
    assert_eq!(
        (read.names(), read.rows.len(), read.row(1)[1]),
        (vec!["id", "name"], 2, "中国人")
    );
}

#[test]
fn latin_1_reads() {
    let Some(read) = real("fl-latin1.csv") else { return };
    assert_eq!(
        (read.row(1), read.format.clone()),
        (
            vec!["2", "©"],
            Format::Delimited {
                delimiter: b',',
                encoding: "windows-1252"
            }
        )
    );
}

#[test]
fn two_columns_of_one_name_are_both_there() {
    let Some(read) = real("fl-duplicate-headers.csv") else {
        return;
    };
    assert_eq!(
        (read.names(), read.rows.len()),
        (vec!["id", "name", "id", "age", "id"], 2)
    );
}

#[test]
fn a_comment_above_the_header_is_skipped() {
    let Some(read) = real("fl-skip-rows-before-headers.csv") else {
        return;
    };
    assert_eq!(
        (read.header.line, read.names(), read.lines()),
        (2, vec!["id", "name"], vec![3, 4])
    );
}

#[test]
fn a_line_break_inside_quotes_keeps_the_lines_right() {
    let Some(read) = real("spectrum-newlines_crlf.csv") else {
        return;
    };
    assert_eq!((read.names(), read.lines()), (vec!["a", "b", "c"], vec![2, 3, 5]));
}

#[test]
fn a_utf_16_file_of_error_values_reads() {
    let Some(read) = real("sjs-ErrorTypes-utf16le.txt") else {
        return;
    };
    assert_eq!(
        (read.names().len(), read.names()[0], read.rows.len()),
        (10, "Error", 13)
    );
    assert_eq!(read.row(0)[..3], ["error #NULL!", "error #NULL!", "#NULL?"]);
}

#[test]
fn the_vendor_s_workbook_gives_one_item_of_the_right_sheet() {
    let Some(read) = real("inventory_import.xlsm") else {
        return;
    };
    assert_eq!((read.header.line, read.lines()), (7, vec![8]));
    assert_eq!(read.row(0)[..2], ["test-item", "Chess Set"]);
    assert_eq!(read.names().len(), 25);
    assert!(read.noted("\"Upload\" is ignored"), "{:?}", read.notes);
}

#[test]
fn a_title_above_a_workbook_s_header_is_skipped() {
    let Some(read) = real("fl-skip-rows.xlsx") else { return };
    assert!(read.header.line > 1, "{read:?}");
}

#[test]
fn only_the_visible_sheet_is_read() {
    let Some(read) = real("sjs-sheet_visibility.xlsx") else {
        return;
    };
    assert!(read.noted("it is hidden"), "{:?}", read.notes);
}
