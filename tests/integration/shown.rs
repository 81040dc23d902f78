//! What a workbook shows is what is read: ids, texts, dates and truth values by their number formats, and formulas that
//! were never calculated. Doesn't belong here: other programs' files as such, single formats (the unit tests).

use std::io::Write as _;

use rust_xlsxwriter::{Format, Formula, Workbook};
use serde_json::{Value, json};

use crate::support::{Run, Stockport};

pub(super) fn case(name: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration/shown");
    std::fs::read(path.join(name)).unwrap()
}

fn items(run: &Run) -> Vec<Value> {
    run.stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

pub(super) fn converted(name: &str) -> (Vec<Value>, Run) {
    let stockport = Stockport::new();
    stockport.write(name, case(name));
    let run = stockport.run(["convert", name, "-"]);
    (items(&run), run)
}

pub(super) fn field(items: &[Value], name: &str) -> Value {
    items.iter().map(|item| item[name].clone()).collect()
}

/// A sheet with these headers, whose cells are numbers in these number formats.
fn numbers(headers: &[&str], rows: &[&[(f64, &str)]]) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (column, header) in (0..).zip(headers) {
        sheet.write_string(0, column, *header).unwrap();
    }
    for (line, row) in (1..).zip(rows) {
        for (column, (value, code)) in (0..).zip(*row) {
            let format = Format::new().set_num_format(*code);
            sheet.write_number_with_format(line, column, *value, &format).unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

#[test]
fn an_id_and_a_text_are_what_their_number_format_shows() {
    let (items, run) = converted("id-number-format.xlsx");
    assert_eq!(run.code, 0, "{run:?}");
    let ids = json!(["SKU-0042", "SKU-0043", "012-345-6789", "00001-2345", "0077-A"]);
    assert_eq!(field(&items, "item_id"), ids);
    assert_eq!(field(&items, "area_id"), json!(["A01", "A02", "Room 3", "4.00", "005"]));
    assert_eq!(field(&items, "quantity"), json!([5, 6, 1, 1, 1]));
}

#[test]
fn an_id_that_is_shown_as_an_amount_or_cannot_be_rendered_is_refused_by_its_cell() {
    let stockport = Stockport::new();
    let rows: [&[(f64, &str)]; 6] = [
        &[(1234.0, "#,##0"), (1.0, "0")],
        &[(42.0, "0.00"), (1.0, "0")],
        &[(1.0, "0%"), (1.0, "0")],
        &[(1e10, "0.00E+00"), (1.0, "0")],
        &[(42.0, "[DBNum1]0"), (1.0, "0")],
        &[(42.0, "\"Tag \"0"), (1.0, "0")],
    ];
    stockport.write("ids.xlsx", numbers(&["Item ID", "Quantity"], &rows));
    let run = stockport.run(["convert", "ids.xlsx", "-"]).exit(3);
    assert_eq!(field(&items(&run), "item_id"), json!(["Tag 42"]));
    for why in [
        "A2: the id is a number that is shown as an amount (1,234)",
        "A3: the id is a number that is shown as an amount (42.00)",
        "A4: the id is a number that is shown as an amount (100%)",
        "A5: the id is a number in scientific format",
        "A6: the id is a number (42) in a number format that can't be rendered ([DBNum1]0)",
    ] {
        assert!(run.stderr.contains(why), "{why}: {}", run.stderr);
    }
}

#[test]
fn texts_are_shown_and_numbers_are_stored() {
    let stockport = Stockport::new();
    let headers = ["Item ID", "Name", "Area ID", "Status", "Quantity", "Approved"];
    let rows: [&[(f64, &str)]; 3] = [
        &[
            (1.0, "0"),
            (5_551_234.0, "000\\-0000"),
            (0.25, "0%"),
            (1234.5, "$#,##0.00"),
            (1234.5, "#,##0\" g\""),
            (1.0, "\"TRUE\";\"TRUE\";\"FALSE\""),
        ],
        &[
            (2.0, "0"),
            (0.5, "# ?/?"),
            (12.5, "General"),
            (5.0, ";;;"),
            (0.0, "0;-0;\"-\""),
            (0.0, "\"TRUE\";\"TRUE\";\"FALSE\""),
        ],
        &[
            (3.0, "0"),
            (7.0, "\"N/A\""),
            (-5.0, "0;(0)"),
            (5.0, "[DBNum1]0"),
            (7.0, "0.00E+00"),
            (1.0, "\"Yes\";;\"No\""),
        ],
    ];
    stockport.write("texts.xlsx", numbers(&headers, &rows));
    let items = items(&stockport.run(["convert", "texts.xlsx", "-"]).ok());
    assert_eq!(field(&items, "name"), json!(["555-1234", "0.5", null]));
    assert_eq!(field(&items, "area_id"), json!(["25%", "12.5", "(5)"]));
    assert_eq!(field(&items, "status"), json!(["$1,234.50", null, "5"]));
    assert_eq!(field(&items, "quantity"), json!([1234.5, 0, 7]));
    assert_eq!(field(&items, "approved"), json!([true, false, "Yes"]));
}

#[test]
fn a_text_is_shown_with_what_its_format_adds() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let format = Format::new().set_num_format("\"SKU-\"@");
    for (column, header) in (0..).zip(["Item ID", "Name", "Quantity"]) {
        sheet.write_string(0, column, header).unwrap();
    }
    sheet.write_string_with_format(1, 0, "ABC", &format).unwrap();
    sheet.write_string(1, 1, "Kush").unwrap();
    sheet.write_number(1, 2, 5).unwrap();
    sheet.write_string_with_format(2, 0, "7", &format).unwrap();
    sheet.write_string_with_format(2, 1, "Kush", &format).unwrap();
    let stockport = Stockport::new();
    stockport.write("texts.xlsx", book.save_to_buffer().unwrap());
    let items = items(&stockport.run(["convert", "texts.xlsx", "-"]).ok());
    assert_eq!(field(&items, "item_id"), json!(["SKU-ABC", "SKU-7"]));
    assert_eq!(field(&items, "name"), json!(["Kush", "SKU-Kush"]));
}

#[test]
fn a_link_to_a_blank_cell_is_no_date() {
    let (items, run) = converted("zero-dates.xlsx");
    assert_eq!((run.code, run.stderr.contains("warning")), (0, false), "{run:?}");
    assert_eq!(field(&items, "moved_at"), json!([null, "2026-07-22"]));
}

#[test]
fn a_moment_is_a_date_or_a_time_of_day_as_it_is_shown() {
    let (items, run) = converted("shown-as-time.xlsx");
    assert_eq!((run.code, run.stderr.contains("warning")), (0, false), "{run:?}");
    assert_eq!(field(&items, "moved_at"), json!(["2026-07-22"]));
    assert_eq!(field(&items, "moved_at_time"), json!(["15:52:00"]));

    let stockport = Stockport::new();
    let noon = 46_225.661_111_111_1;
    let rows: [&[(f64, &str)]; 4] = [
        &[(1.0, "0"), (noon, "m/d/yyyy h:mm"), (noon, "[$-409]h:mm:ss AM/PM")],
        &[(2.0, "0"), (46_225.0, "yyyy-mm-dd hh:mm:ss"), (0.0, "h:mm")],
        &[(3.0, "0"), (0.0, "m/d/yyyy h:mm"), (0.75, "[h]:mm")],
        &[(4.0, "0"), (20_260_722.0, "0000-00-00"), (0.5, "h:mm")],
    ];
    stockport.write(
        "moments.xlsx",
        numbers(&["Item ID", "Moved At", "Moved At Time"], &rows),
    );
    let items = self::items(&stockport.run(["convert", "moments.xlsx", "-"]).ok());
    let days = json!(["2026-07-22T15:52:00", "2026-07-22", null, "2026-07-22"]);
    assert_eq!(field(&items, "moved_at"), days);
    let times = json!(["15:52:00", "00:00:00", "18:00:00", "12:00:00"]);
    assert_eq!(field(&items, "moved_at_time"), times);
    // The cell shows no date.
    let rows: [&[(f64, &str)]; 1] = [&[(1.0, "0"), (noon, "h:mm")]];
    stockport.write("time.xlsx", numbers(&["Item ID", "Moved At"], &rows));
    let run = stockport.run(["convert", "time.xlsx", "-"]).exit(3);
    assert!(run.stderr.contains("B2"), "{}", run.stderr);
}

#[test]
fn a_date_in_a_column_of_text_is_text_as_it_is_shown_with_a_warning() {
    let stockport = Stockport::new();
    stockport.write("dates.xlsx", case("dates-in-text.xlsx"));
    let items = items(&stockport.run(["convert", "dates.xlsx", "-", "--lenient"]).ok());
    assert_eq!(field(&items, "name"), json!(["1-Mar", "b"]));
    assert_eq!(field(&items, "area_name"), json!(["2-Jan", "3-4"]));
    assert_eq!(field(&items, "quantity"), json!(["1/5/1900", 7]));
    let warning =
        "column \"Name\" (B): 1 value is a date or a time of day in a column of text, posted as the cell shows it";
    let plan = stockport
        .run(["import", "dates.xlsx", "--dry-run", "--sandbox", "--lenient"])
        .ok();
    assert!(format!("{}{}", plan.stdout, plan.stderr).contains(warning), "{plan:?}");
    let seen = stockport.run(["inspect", "dates.xlsx", "--json"]).ok().json();
    assert!(seen["notes"].to_string().contains("in a column of text"), "{seen}");
    let problems = seen["problems"].as_array().unwrap();
    let cells: Vec<(&Value, &Value)> = problems
        .iter()
        .map(|problem| (&problem["cell"], &problem["value"]))
        .collect();
    assert!(
        cells
            .iter()
            .any(|(cell, value)| cell.as_str().unwrap().ends_with("B2") && *value == "1-Mar"),
        "{seen}"
    );
    assert!(
        cells
            .iter()
            .any(|(cell, value)| cell.as_str().unwrap().ends_with("D2") && *value == "2-Jan"),
        "{seen}"
    );
    // Names of other languages aren't rendered.
    let rows: [&[(f64, &str)]; 1] = [&[(1.0, "0"), (46_082.0, "[$-407]d. mmmm yyyy")]];
    stockport.write("german.xlsx", numbers(&["Item ID", "Name"], &rows));
    let run = stockport.run(["convert", "german.xlsx", "-"]).ok();
    assert_eq!(field(&self::items(&run), "name"), json!(["2026-03-01"]));
    assert!(run.stderr.contains("in a column of text"), "{}", run.stderr);
}

#[test]
fn truth_values_that_are_stored_as_numbers_are_truth_values() {
    let (items, _) = converted("booleans-of-libreoffice.xlsx");
    assert_eq!(field(&items, "approved"), json!([true, false, null]));
    let (items, _) = converted("libreoffice-true.ods");
    let approved = field(&items, "approved");
    assert_eq!(
        approved.as_array().unwrap()[..2],
        [json!(true), json!(false)],
        "{approved}"
    );
    assert_eq!(items[0]["item_id"], "00187");
}

#[test]
fn a_date_of_excels_own_ods_is_a_date() {
    let (items, run) = converted("dates-of-excel.ods");
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(field(&items, "approved_at"), json!(["2021-07-08", null, null]));
    assert_eq!(field(&items, "approved_at_time"), json!(["09:05:00", null, null]));
    assert_eq!(
        field(&items, "moved_at"),
        json!(["2021-07-09T16:30:15", "2021-12-31", null])
    );
    assert_eq!(
        field(&items, "item_id"),
        json!(["00187", "00188", "1A4FF0100000022000000189"])
    );
}

/// An ods document with one sheet of these rows, whose styles are these.
fn ods(styles: &str, rows: &str) -> Vec<u8> {
    let content = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><office:document-content xmlns:office=\"o\" xmlns:table=\"t\" \
         xmlns:text=\"x\" xmlns:style=\"s\" xmlns:number=\"n\"><office:automatic-styles>{styles}</office:automatic-styles>\
         <office:body><office:spreadsheet><table:table table:name=\"Stock\">{rows}</table:table></office:spreadsheet>\
         </office:body></office:document-content>"
    );
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let plain = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, part) in [
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        ("content.xml", &content),
    ] {
        zip.start_file(name, plain).unwrap();
        zip.write_all(part.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn ods_row(cells: &[&str]) -> String {
    format!("<table:table-row>{}</table:table-row>", cells.concat())
}

fn ods_text(text: &str) -> String {
    format!("<table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell>")
}

#[test]
fn number_styles_of_an_ods_document_are_read_as_the_formats_that_they_are() {
    let styles = "\
        <number:number-style style:name=\"N1\"><number:text>SKU-</number:text>\
        <number:number number:decimal-places=\"0\" number:min-integer-digits=\"4\"/></number:number-style>\
        <number:number-style style:name=\"N2\"><number:number number:decimal-places=\"0\" number:min-integer-digits=\"10\">\
        <number:embedded-text number:position=\"7\">-</number:embedded-text>\
        <number:embedded-text number:position=\"4\">-</number:embedded-text></number:number></number:number-style>\
        <number:number-style style:name=\"N3\"><number:number number:decimal-places=\"0\" number:min-integer-digits=\"1\" \
        number:grouping=\"true\"/></number:number-style>\
        <number:date-style style:name=\"N4\"><number:day/><number:text>-</number:text><number:month number:textual=\"true\"/>\
        </number:date-style>\
        <number:time-style style:name=\"N5\"><number:hours/><number:text>:</number:text><number:minutes number:style=\"long\"/>\
        </number:time-style>\
        <number:percentage-style style:name=\"N6\"><number:number number:decimal-places=\"1\" number:min-integer-digits=\"1\"/>\
        <number:text>%</number:text></number:percentage-style>\
        <style:style style:name=\"base\" style:family=\"table-cell\" style:data-style-name=\"N1\"/>\
        <style:style style:name=\"c1\" style:family=\"table-cell\" style:parent-style-name=\"base\"/>\
        <style:style style:name=\"c2\" style:family=\"table-cell\" style:data-style-name=\"N2\"/>\
        <style:style style:name=\"c3\" style:family=\"table-cell\" style:data-style-name=\"N3\"/>\
        <style:style style:name=\"c4\" style:family=\"table-cell\" style:data-style-name=\"N4\"/>\
        <style:style style:name=\"c5\" style:family=\"table-cell\" style:data-style-name=\"N5\"/>\
        <style:style style:name=\"c6\" style:family=\"table-cell\" style:data-style-name=\"N6\"/>";
    let number = |style: &str, value: &str| {
        format!("<table:table-cell table:style-name=\"{style}\" office:value-type=\"float\" office:value=\"{value}\"/>")
    };
    let date = |style: &str, value: &str| {
        format!(
            "<table:table-cell table:style-name=\"{style}\" office:value-type=\"date\" office:date-value=\"{value}\"/>"
        )
    };
    let header = ["Item ID", "Name", "Moved At", "Moved At Time", "Area ID"].map(ods_text);
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let moment = "2026-07-22T15:52:00";
    let rows = [
        ods_row(&header),
        ods_row(&[
            &number("c1", "42"),
            &date("c4", "2026-03-01"),
            &date("c4", moment),
            &date("c5", moment),
            &number("c6", "0.125"),
        ]),
        ods_row(&[
            &number("c2", "123456789"),
            &number("c3", "1234"),
            &date("none", "2026-07-22T00:00:00"),
            &ods_text("15:52"),
            &ods_text("x"),
        ]),
        ods_row(&[&number("c3", "1234"), &ods_text("refused")]),
    ];
    let stockport = Stockport::new();
    stockport.write("styles.ods", ods(styles, &rows.concat()));
    let run = stockport.run(["convert", "styles.ods", "-"]).exit(3);
    let items = items(&run);
    assert_eq!(field(&items, "item_id"), json!(["SKU-0042", "012-345-6789"]));
    assert_eq!(field(&items, "name"), json!(["1-Mar", "1,234"]));
    assert_eq!(items[0]["moved_at"], "2026-07-22");
    assert_eq!(field(&items, "moved_at_time"), json!(["15:52:00", "15:52:00"]));
    assert_eq!(field(&items, "area_id"), json!(["12.5%", "x"]));
    assert!(
        run.stderr
            .contains("A4: the id is a number that is shown as an amount (1,234)"),
        "{}",
        run.stderr
    );
}

#[test]
fn white_space_and_comments_in_a_value_are_none_of_it() {
    let (items, _) = converted("padded-numbers.xlsx");
    assert_eq!(field(&items, "quantity"), json!([5, 6]));
    let (items, _) = converted("comment-in-a-value.xlsx");
    assert_eq!(field(&items, "quantity"), json!([15, 7]));
    let (items, _) = converted("space-around-a-shared-string.xlsx");
    assert_eq!(items[0]["name"], "Blue Dream");
}

fn refused_cells(run: &Run) -> Vec<String> {
    let lines = run.stderr.lines();
    let refused = lines.filter(|line| line.contains("is a formula that was never calculated: open the file in Excel"));
    refused
        .map(|line| {
            line.split(": ")
                .nth(1)
                .unwrap_or_default()
                .rsplit('!')
                .next()
                .unwrap()
                .to_owned()
        })
        .collect()
}

#[test]
fn formulas_that_were_never_calculated_are_refused_by_their_cells() {
    let (items, run) = converted("formula-not-calculated.xlsx");
    assert_eq!((run.code, items.len()), (3, 0), "{run:?}");
    assert_eq!(refused_cells(&run), ["C2", "B3", "C4"], "{}", run.stderr);

    // The placeholder of a writer that leaves the calculation to the reader.
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (column, header) in (0..).zip(["Item ID", "Name", "Quantity"]) {
        sheet.write_string(0, column, header).unwrap();
    }
    for (row, id) in (1..).zip(["A1", "A2", "A3", "A4", "A5"]) {
        sheet.write_string(row, 0, id).unwrap();
    }
    sheet.write_formula(1, 2, "=2*5").unwrap();
    sheet
        .write_formula(2, 1, Formula::new("=A1&A2").set_result(""))
        .unwrap();
    sheet
        .write_formula(3, 2, Formula::new("=2*5").set_result("10"))
        .unwrap();
    sheet.write_array_formula(4, 2, 4, 2, "{=SUM(1,2)}").unwrap();
    sheet.write_number(5, 2, 0).unwrap();
    let stockport = Stockport::new();
    stockport.write("formulas.xlsx", book.save_to_buffer().unwrap());
    let run = stockport.run(["convert", "formulas.xlsx", "-"]).exit(3);
    assert_eq!(field(&self::items(&run), "quantity"), json!([10, 0]), "{}", run.stderr);
    assert_eq!(refused_cells(&run), ["C2", "B3", "C5"], "{}", run.stderr);
}

#[test]
fn formulas_of_an_ods_document_without_a_value_are_refused() {
    let formula = "<table:table-cell table:formula=\"of:=2*5\"/>";
    let calculated = "<table:table-cell table:formula=\"of:=2*5\" office:value-type=\"float\" office:value=\"0\"/>";
    let empty =
        "<table:table-cell table:formula=\"of:=&quot;&quot;\" office:value-type=\"string\" office:string-value=\"\"/>";
    let header = ["Item ID", "Quantity", "Name"].map(ods_text);
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let rows = [
        ods_row(&header),
        ods_row(&[&ods_text("A1"), formula, empty]),
        ods_row(&[&ods_text("A2"), calculated, empty]),
    ];
    let stockport = Stockport::new();
    stockport.write("formulas.ods", ods("", &rows.concat()));
    let run = stockport.run(["convert", "formulas.ods", "-"]).exit(3);
    assert_eq!(field(&items(&run), "item_id"), json!(["A2"]));
    assert_eq!(refused_cells(&run), ["B2"], "{}", run.stderr);
}
