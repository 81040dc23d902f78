//! Mapping files: what they say, what is wrong with them, and those that are written.

use super::*;

fn parse(text: &str) -> Result<Mapping, MappingError> {
    Mapping::parse("map.toml", text)
}

fn read_with(table: Table, map: &str) -> (Vec<Seen>, Survey) {
    let mapping = parse(map).expect("a mapping file");
    let mut source = Source::with_mapping(vec![table], ColumnOptions::default(), Some(&mapping)).expect("columns");
    read_source(&mut source)
}

fn values(seen: &Seen) -> String {
    item(seen).1
}

#[test]
fn a_mapping_file_says_what_columns_mean() {
    let table = csv(&["Lot No", "Item ID", "Notes", "Type"], &[&["L1", "x", "n", "t"]]);
    let (seen, _) = read_with(
        table,
        "[columns]\n\"Lot No\" = \"item_id\"\n\"Item ID\" = false\nNotes = { extra = \"keep\" }\nType = \"item_type\"\n[constants]\nunits = \"Grams\"\ndose = 1.5\n",
    );
    assert!(matches!(&seen[0], Seen::Item(id, _) if id == "L1"));
    assert_eq!(
        values(&seen[0]),
        r#"{"dose":1.5,"item_type":"t","notes":"n","units":"Grams"}"#
    );
}

#[test]
fn a_column_has_its_own_blanks_style_and_order() {
    let table = csv(
        &["item_id", "Quantity", "Weight", "Volume", "Moved At", "Name"],
        &[
            &["A", "($1,234.50)", "1.234", "25%", "03/04/2021", "None"],
            &["B", "$5", "1,5", "7", "05/06/2021", "?"],
        ],
    );
    let map = "[columns]\nQuantity = { field = \"quantity\", currency = true }\nWeight = { field = \"weight\", numbers = \"eu\" }\nVolume = { field = \"volume\", percent = true }\n\"Moved At\" = { field = \"moved_at\", dates = \"dmy\" }\nName = { field = \"name\", blanks = [\"?\"] }\n";
    let (seen, _) = read_with(table, map);
    assert_eq!(
        values(&seen[0]),
        r#"{"moved_at":"2021-04-03","name":"None","quantity":-1234.5,"volume":0.25,"weight":1234}"#
    );
    assert_eq!(
        values(&seen[1]),
        r#"{"moved_at":"2021-06-05","name":null,"quantity":5,"volume":7,"weight":1.5}"#
    );
}

#[test]
fn a_day_and_a_time_of_day_are_split_and_joined() {
    let table = csv(
        &["item_id", "Approved", "Day", "Hour"],
        &[
            &["A", "07/22/2019 03:52pm", "2021-01-02", "9:05"],
            &["B", "2021-01-02", "2021-01-02", ""],
        ],
    );
    let map = "[columns]\nApproved = { split = [\"approved_at\", \"approved_at_time\"] }\n[join]\nmoved_at = [\"Day\", \"Hour\"]\n";
    let (seen, _) = read_with(table, map);
    assert_eq!(
        values(&seen[0]),
        r#"{"approved_at":"2019-07-22","approved_at_time":"15:52:00","moved_at":"2021-01-02T09:05:00"}"#
    );
    assert_eq!(
        values(&seen[1]),
        r#"{"approved_at":"2021-01-02","moved_at":"2021-01-02"}"#
    );
}

#[test]
fn what_is_left_over_is_kept_on_request() {
    let table = csv(
        &["item_id", "Lot Number", "Type", "Total", "updated_at"],
        &[&["A", "7", "t", "3", "x"]],
    );
    let (seen, _) = read_with(table, "extra = \"keep\"\n");
    assert_eq!(values(&seen[0]), r#"{"lot_number":"7","total":"3","type":"t"}"#);
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_the_nearest() {
    let error = parse("[columns]\n\"A\" = \"name\"\n\"B\" = { feild = \"name\" }\n").unwrap_err();
    assert_eq!(error.to_string(), "map.toml, line 3: \"feild\" is not a valid key here");
    assert_eq!(error.hint(), "did you mean \"field\"?");
    let error = parse("\n[colums]\n").unwrap_err();
    assert_eq!(
        (error.to_string().as_str(), error.hint().as_str()),
        (
            "map.toml, line 2: \"colums\" is not a valid key here",
            "did you mean \"columns\"?"
        )
    );
    let error = parse("[columns]\nA = \"quantitty\"\n").unwrap_err();
    assert_eq!(
        (error.to_string().as_str(), error.hint().as_str()),
        (
            "map.toml, line 2: \"quantitty\" is not an inventory field",
            "did you mean \"quantity\"? `stockport fields` lists all fields"
        )
    );
}

#[test]
fn what_is_no_mapping_file_is_refused_in_plain_words() {
    for text in [
        "[columns",
        "columns = 5",
        "extra = \"maybe\"",
        "[columns]\nA = 5",
        "[columns]\nA = { dates = \"xyz\" }",
        "[constants]\nitem_id = \"x\"",
        "[constants]\nname = [1]",
        "[join]\nmoved_at = [\"A\"]",
        "[columns]\nA = \"name\"\nB = \"name\"",
        "[columns]\nA = { split = \"name\" }",
    ] {
        let error = parse(text).expect_err(text);
        assert!(error.to_string().starts_with("map.toml, line "), "{error}");
        assert!(!error.hint().is_empty());
    }
    let missing = Mapping::load(std::path::Path::new("no/such/map.toml")).unwrap_err();
    assert!(missing.to_string().contains("can't be read"), "{missing}");
}

#[test]
fn a_join_of_a_column_that_is_not_there_is_refused() {
    let mapping = parse("[join]\nmoved_at = [\"Day\", \"Hour\"]\n").expect("a mapping file");
    let table = csv(&["item_id", "Day"], &[]);
    let error = Source::with_mapping(vec![table], ColumnOptions::default(), Some(&mapping))
        .err()
        .expect("a refusal");
    assert!(error.to_string().contains("no column \"Hour\""), "{error}");
}

#[test]
fn a_saved_mapping_means_what_was_understood_and_offers_the_rest() {
    let names = ["Tag", "Item", "Category", "Quantity", "Type", "Notes\nmore"];
    let source = Source::new(vec![csv(&names, &[])], ColumnOptions::default()).expect("columns");
    let text = Mapping::text_for(&source.matchings()[0], None);
    assert!(
        text.contains("# \"Notes\\nmore\" = { extra = \"keep\" }")
            && text.contains("# Type = \"item_type\"   # suggested: synonym"),
        "{text}"
    );
    let mapping = parse(&text).expect("a saved file is well-formed");
    let again =
        Source::with_mapping(vec![csv(&names, &[])], ColumnOptions::default(), Some(&mapping)).expect("columns");
    for (a, b) in source.matchings()[0]
        .columns
        .iter()
        .zip(&again.matchings()[0].columns)
        .filter(|(a, _)| a.is_taken())
    {
        assert_eq!((&a.field, &b.by), (&b.field, &By::Mapping));
    }
}

#[test]
fn an_edited_mapping_keeps_its_comments_and_gains_new_columns() {
    let edited = "# mine\nextra = \"drop\"\n\n[columns]\n# the lot is the id\n\"Lot No\" = \"item_id\" # yes\n";
    let mapping = parse(edited).expect("a mapping file");
    let table = csv(&["Lot No", "Name", "Huh"], &[]);
    let source = Source::with_mapping(vec![table], ColumnOptions::default(), Some(&mapping)).expect("columns");
    let text = Mapping::text_for(&source.matchings()[0], Some(&mapping));
    assert!(text.starts_with(edited), "{text}");
    assert!(
        text.contains("Name = \"name\"") && text.contains("# Huh = { extra = \"keep\" }"),
        "{text}"
    );
    parse(&text).expect("still well-formed");
    let twice = Mapping::text_for(&source.matchings()[0], Some(&parse(&text).expect("a file")));
    assert_eq!(twice, text);
}

#[test]
fn a_header_of_the_mapping_file_that_is_not_there_is_pointed_out() {
    let table = csv(&["item_id", "Notes"], &[]);
    let (_, survey) = read_with(table, "[columns]\nNotes = false\n\"Lot Nr\" = \"name\"\n");
    warned(&survey, "has columns that inventory.csv lacks: \"Lot Nr\"");
}
