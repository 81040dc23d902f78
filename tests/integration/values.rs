//! What a value is, in files as people and programs write them: dates whose order the file itself decides, numbers of other
//! notations, and values that aren't of their field's kind.

use serde_json::{Value, json};

use crate::support::Stockport;
use crate::support::faulty::Faulty;

const ORG: &str = "sandbox-company";

/// The items that `convert` makes of a text, by the field.
fn values(text: &str, options: &[&str], field: &str) -> Vec<Value> {
    let stockport = Stockport::new();
    stockport.write("in.csv", text);
    let run = stockport.run([&["convert", "in.csv", "-"], options].concat());
    assert!([0, 3].contains(&run.code), "{run:?}");
    let items = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    items.map(|item| item[field].clone()).collect()
}

#[test]
fn a_time_with_a_point_before_pm_is_a_time() {
    let text = "Item ID,Name,Moved At,Moved At Time\nA1,a,7/22/2026 3.52 PM,3.52 PM\nA2,b,7/22/2026 11.05 AM,11.05 AM\n\
                A3,c,7/22/2026 3:52:10 p.m.,3:52 p.\u{a0}m.\n";
    assert_eq!(
        values(text, &[], "moved_at"),
        ["2026-07-22T15:52:00", "2026-07-22T11:05:00", "2026-07-22T15:52:10"]
    );
    assert_eq!(values(text, &[], "moved_at_time"), ["15:52:00", "11:05:00", "15:52:00"]);
}

#[test]
fn a_narrow_or_no_break_space_before_pm_is_a_space() {
    let text = "Item ID,Name,Moved At\nA1,browser,\"7/22/2026, 3:52:00\u{202f}PM\"\nA2,no-break,7/22/2026\u{a0}3:52 PM\n\
                A3,plain,7/22/2026 3:52 PM\n";
    assert_eq!(values(text, &[], "moved_at"), ["2026-07-22T15:52:00"; 3]);
}

#[test]
fn numbers_with_groups_of_spaces_and_apostrophes_brackets_and_minus_signs_are_read() {
    let text = "Item ID;Name;Quantity\nA1;French Excel;1\u{202f}234,50\nA2;no-break space;2\u{a0}000\nA3;Swiss;1'234.50\n\
                A4;minus sign;\u{2212}12\nA5;accounting;(12,50)\nA6;SAP;12-\nA7;Fortran;12.\nA8;guarded;=\"5,5\"\n";
    let numbers = values(text, &[], "quantity");
    assert_eq!(json!(numbers), json!([1234.5, 2000, 1234.5, -12, -12.5, -12, 12, 5.5]));
}

#[test]
fn digits_behind_an_apostrophe_stay_text_without_it_where_they_begin_with_a_zero() {
    let text = "Item ID,Name,Quantity\nA1,a,'0012\nA2,b,'12\n";
    assert_eq!(values(text, &[], "quantity"), [json!("0012"), json!(12)]);
}

#[test]
fn a_two_digit_year_is_never_read_in_an_order_that_a_value_contradicts() {
    let text = "Item ID,Name,Moved At\nA1,thirty-first of December,31/12/25\nA2,fifth of December,05/12/25\n\
                A3,first of February,01/02/26\n";
    assert_eq!(
        values(text, &[], "moved_at"),
        ["2025-12-31", "2025-12-05", "2026-02-01"]
    );
    assert_eq!(
        values(text, &["--dates", "mdy"], "moved_at"),
        ["2025-12-31", "2025-12-05", "2026-02-01"]
    );
    // Every such year is counted, that of the value which decides too.
    let stockport = Stockport::new();
    stockport.write("in.csv", text);
    let said = stockport.run(["convert", "in.csv", "-"]).ok().stderr;
    assert!(said.contains("3 dates have a year of two digits"), "{said}");
    // Two orders fit, so that the option decides between them.
    assert_eq!(
        values(text, &["--dates", "ymd"], "moved_at"),
        ["2031-12-25", "2005-12-25", "2001-02-26"]
    );
}

#[test]
fn what_is_not_of_its_fields_kind_is_rejected_unless_just_that_is_stored() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write(
        "in.csv",
        "item_id,quantity,moved_at\nA1,about 20,last week\nA2,5,2026-07-01\n",
    );
    let run = stockport.run(["import", "in.csv", "--json"]).exit(3);
    let told = run.json();
    assert_eq!((&told["created"], &told["rejected"]), (&json!(1), &json!(1)));
    let rejects = stockport.read("in.rejects.csv");
    for reason in [
        "\"about 20\"\" is not a number",
        "\"last week\"\" is not a date",
        "--lenient",
    ] {
        assert!(
            rejects.replace("\"\"", "\"").contains(&reason.replace("\"\"", "\"")),
            "{reason}: {rejects}"
        );
    }
    let told = stockport.run(["import", "in.csv", "--lenient", "--json"]).ok().json();
    assert_eq!((&told["created"], &told["unchanged"]), (&json!(1), &json!(1)));
    // What is stored so is no change, whatever its kind.
    let told = stockport.run(["import", "in.csv", "--json"]).ok().json();
    assert_eq!(told["unchanged"], json!(2));
    // One value that has changed is refused, the other is not.
    stockport.write(
        "in.csv",
        "item_id,quantity,moved_at\nA1,about 21,last week\nA2,5,2026-07-01\n",
    );
    let run = stockport.run(["import", "in.csv", "--dry-run"]).exit(3);
    let all = run.stdout + &run.stderr;
    assert!(
        all.contains("\"about 21\" is not a number (--lenient")
            && !all.contains("\"last week\" is not a date (--lenient"),
        "{all}"
    );
}
