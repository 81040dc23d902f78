//! Which row is taken for the header, and what becomes of the rows above it.

use super::*;

#[test]
fn a_header_below_a_preamble_is_found() {
    let read = read(
        "a.csv",
        "Inventory of Main Street\nPrinted,2024-01-02\n\nItem ID*,Name,Status\n1,a,b\n",
    );
    assert_eq!((read.header.line, read.lines()), (4, vec![5]));
    assert_eq!(read.names(), ["Item ID*", "Name", "Status"], "to the letter");
    assert!(
        read.noted("2 rows are left out") || read.noted("2 rows are above") || read.noted("2 rows"),
        "{:?}",
        read.notes
    );
}

#[test]
fn the_declared_number_of_records_is_kept() {
    let text = "SubmittedBy,Ann\nSubmittedDate,01/02/2024\nNumberRecords,2\nExternalIdentifier,Name\n1,a\n2,b\n";
    let read = read("ccrs.csv", text);
    assert_eq!((read.header.line, read.declared, read.rows.len()), (4, Some(2), 2));
}

#[test]
fn two_header_rows_are_joined_where_that_is_known_better() {
    let read = read("a.csv", "Item,,Unit,\nID,Name,Weight,Volume\n1,a,2,3\n");
    assert_eq!(read.names(), ["Item ID", "Name", "Unit Weight", "Unit Volume"]);
    assert_eq!((read.header.line, read.lines()), (2, vec![3]));
}

#[test]
fn a_title_above_the_header_is_not_joined_to_it() {
    let read = read("a.csv", "Inventory,,\nItem ID,Name,Status\n1,a,b\n");
    assert_eq!(read.names(), ["Item ID", "Name", "Status"]);
}

#[test]
fn a_row_of_data_is_not_joined_to_the_header_because_a_cell_spells_a_name() {
    for text in [
        "Item ID,Label,Note\nA1,,Name\nA2,x,y\n",
        "Item ID,Label,Note\nA1,,Name\n",
        "Item ID,,Note\nA1,Name,\nA2,x,y\n",
        "Item ID,,Note\nA1,Name,\n",
        "Item ID,Label,\nA1,,Status\n",
        "Name,Item ID,\nx,A1,Status\n",
        // A code under a name that is not known, like those below it.
        "Lot,Name,\nA1,x,Status\nA2,y,\n",
        // The same text further down.
        "Item ID,,Note\n,Name,\nA2,Name,y\n",
    ] {
        let read = read("a.csv", text);
        assert_eq!(
            (read.header.line, read.rows.len()),
            (1, text.lines().count() - 1),
            "{text}"
        );
    }
}

#[test]
fn a_second_row_that_completes_neither_blanks_nor_groups_is_data() {
    for text in [
        "Item ID,Label,Note\nA1,x,Name\n",
        "Lot,Room,Note\nItem ID,Name,Status\nA1,x,y\n",
        "Label,Room,\nName,Quantity,Status\n",
    ] {
        let read = read("a.csv", text);
        assert!(
            read.names()
                .iter()
                .all(|name| !name.contains(' ') || *name == "Item ID"),
            "{text}: {:?}",
            read.names()
        );
    }
}

#[test]
fn a_header_of_numbers_and_dates_is_found_where_the_user_has_named_them() {
    struct Named;
    impl HeaderJudge for Named {
        fn weight(&self, name: &str) -> u32 {
            if self.is_named(name) { 3 } else { 0 }
        }
        fn is_named(&self, name: &str) -> bool {
            ["2024", "2024-01-02"].contains(&name)
        }
    }
    let mut rows = vec![Row::new(), Row::new(), Row::new()];
    for (line, row) in (1_u64..).zip(&mut rows) {
        row.clear(line);
        row.push(Cell::Text("a title"));
    }
    rows[1].push(Cell::Number(2024.0, NumberFormat::Plain));
    rows[1].push(Cell::Moment(
        Moment::Date(jiff::civil::date(2024, 1, 2)),
        NumberFormat::Plain,
    ));
    rows[2].push(Cell::Number(7.0, NumberFormat::Plain));
    let found = header::recognize(&rows, &[], &Named).unwrap();
    assert_eq!((found.header.line, found.header.cells.len()), (2, 3));
    assert!(header::recognize(&rows, &[], &Names).is_none());
}

#[test]
fn a_row_of_data_that_spells_more_names_than_the_header_is_not_the_header() {
    for text in [
        "Item ID,Label,Note\nA1,Name,Quantity\nA2,x,y\n",
        "Item ID,Label,Note\nA1,Name,Quantity\n",
        "Item ID,Label,Note\nalpha,Name,Quantity\nbeta,x,y\n",
        "Item ID,Label,Note\nalpha,Tag,Name\n",
        "Tag,Label,Note\n1,Item ID,Name\n2,x,y\n",
    ] {
        let read = read("a.csv", text);
        assert_eq!(
            (read.header.line, read.rows.len()),
            (1, text.lines().count() - 1),
            "{text}"
        );
    }
}

#[test]
fn names_above_the_header_do_not_keep_it_from_being_found() {
    for text in [
        "Location,Main\nItem ID,Name,Status\n1,a,b\n",
        "Name,Count of 2024\nItem ID,2024,Status\n1,7,b\n2,8,b\n",
    ] {
        assert_eq!(read("a.csv", text).header.line, 2, "{text}");
    }
}

#[test]
fn two_header_rows_are_joined_where_the_upper_one_repeats_its_titles() {
    let read = read("a.csv", "Item,Item,Unit,Unit\nID,Name,Weight,Volume\n1,a,2,3\n");
    assert_eq!(read.names(), ["Item ID", "Name", "Unit Weight", "Unit Volume"]);
}

#[test]
fn below_a_header_that_is_certain_every_row_is_data() {
    let text = "foo,Item ID,_reason\nItem ID,Name,Status\nfoo,Item ID,_reason\n0,0,\n";
    let read = read("a.csv", text);
    assert_eq!((read.header.line, read.lines()), (1, vec![2, 3, 4]));
    assert_eq!(read.names(), ["foo", "Item ID", "_reason"]);
}

#[test]
fn a_column_without_a_name_is_no_column_and_its_values_stay_in_the_row() {
    let read = read("a.csv", "item_id,,name\n1,,a\n2,lost,b\n");
    assert_eq!((read.names(), read.header.cells[1].index), (vec!["item_id", "name"], 2));
    assert_eq!(read.row(1), ["2", "lost", "b"]);
}

#[test]
fn the_header_row_that_the_user_names_wins() {
    let text = "item_id,name\n\nfoo,bar\n1,a\n";
    let options = |row| ReadOptions {
        header_row: Some(row),
        ..ReadOptions::default()
    };
    let read = read_with("a.csv", text, &options(3)).unwrap();
    assert_eq!(
        (read.names(), read.header.by, read.lines()),
        (vec!["foo", "bar"], HeaderBy::Option, vec![4])
    );
    for row in [0, 2, 9] {
        assert!(
            matches!(
                read_with("a.csv", text, &options(row)),
                Err(ReadError::HeaderRow { .. })
            ),
            "row {row}"
        );
    }
}

#[test]
fn a_header_row_far_down_can_be_named() {
    let text = format!("{}item_id,name\n1,a\n", "x,y\n".repeat(500));
    let options = ReadOptions {
        header_row: Some(501),
        ..ReadOptions::default()
    };
    assert_eq!(read_with("a.csv", text, &options).unwrap().lines(), [502]);
}

#[test]
fn where_no_name_is_known_the_filled_row_unlike_those_below_is_guessed() {
    let read = read("a.csv", "Report,,\nfoo,bar,baz\n1,2,x\n3,4,y\n");
    assert_eq!(
        (read.header.line, read.header.by, read.lines()),
        (2, HeaderBy::Guessed, vec![3, 4])
    );
}

#[test]
fn where_all_rows_are_alike_the_first_filled_one_is_guessed() {
    let read = read("a.csv", "a,\nfoo,bar\nx,y\n");
    assert_eq!((read.header.line, read.header.by), (2, HeaderBy::Guessed));
}

#[test]
fn a_weak_name_alone_recognizes_nothing() {
    assert_eq!(read("a.csv", "Type,Other\n1,2\n").header.by, HeaderBy::Guessed);
}

#[test]
fn a_header_without_rows_is_a_table_without_rows() {
    assert!(read("a.csv", "item_id,name\n").rows.is_empty());
}

#[test]
fn a_wide_sheet_of_many_merged_cells_and_names_comes_to_an_end() {
    let mut rows = vec![Row::new(), Row::new(), Row::new()];
    for (line, row) in (1_u64..).zip(&mut rows) {
        row.clear(line);
        (0..16_384).for_each(|column| row.push(Cell::Text(&format!("text {line} of {column}"))));
    }
    rows.iter_mut().last().unwrap().set(3, Cell::Text("item_id"));
    let merge = super::super::excel::Merge {
        first: (1, 20_000),
        last: (1, 20_001),
    };
    let found = header::recognize(&rows, &vec![merge; 1_000_000], &Names).unwrap();
    assert_eq!((found.header.line, found.header.cells.len()), (3, 16_384));
}
