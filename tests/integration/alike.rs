//! Ids that nobody can tell apart, in one file: pointed out, and cleaned only of what no id begins with on purpose.

use serde_json::{Value, json};

use crate::support::Stockport;
use crate::support::faulty::Faulty;

const ORG: &str = "sandbox-company";

/// The same as a file of UTF-8 that was put together of several, with ids that differ in what can't be seen.
const INVISIBLE: &str = "Item ID,Name,Quantity
A100,plain,1
A100\u{200b},zero-width space behind,2
\u{200e}A100,left-to-right mark in front,4
A\u{ad}100,soft hyphen inside,5
Caf\u{e9}-1,NFC,6
Cafe\u{301}-1,NFD,7
A\u{a0}200,no-break space inside,8
A 200,space inside,9
";

fn converted(stockport: &Stockport, code: i32) -> (Vec<Value>, String) {
    let run = stockport.run(["convert", "in.csv", "-"]).exit(code);
    let lines = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap());
    (lines.collect(), run.stderr.clone())
}

#[test]
fn ids_that_differ_in_what_cannot_be_seen_are_pointed_out() {
    let stockport = Stockport::new();
    stockport.write("in.csv", INVISIBLE);
    let (items, said) = converted(&stockport, 0);
    assert_eq!(items.len(), 8, "they are different items");
    assert!(
        said.contains("8 ids are nearly the same as another id of the file"),
        "{said}"
    );
    assert!(said.contains("A100\\u{200b}"), "what can't be seen is spelled: {said}");
    for (one, other) in [
        ("A100", "A100\u{200b}"),
        ("A100", "\u{200e}A100"),
        ("A100", "A\u{ad}100"),
        ("Caf\u{e9}-1", "Cafe\u{301}-1"),
        ("A\u{a0}200", "A 200"),
        ("A\u{202f}200", "A 200"),
        ("A100", "a100"),
    ] {
        stockport.write("in.csv", format!("Item ID,Name\n{one},a\n{other},b\n"));
        let said = converted(&stockport, 0).1;
        assert!(said.contains("2 ids are nearly the same"), "{one:?} {other:?}: {said}");
        let seen = stockport.run(["inspect", "in.csv", "--json"]).ok().json();
        assert!(
            seen["notes"].to_string().contains("nearly the same"),
            "{one:?} {other:?}"
        );
    }
}

#[test]
fn a_byte_order_mark_at_the_start_of_a_line_is_none_of_the_id_unless_it_is_stored() {
    let stockport = Stockport::new();
    stockport.write("in.csv", "Item ID,Name\nA100,a\n\u{feff}A101,b\n");
    let (items, said) = converted(&stockport, 0);
    assert_eq!(items[1]["item_id"], "A101");
    assert!(
        said.contains("byte-order mark was removed from the start of 1 id"),
        "{said}"
    );
    stockport.write("in.csv", "Item ID,Name\nA100,a\n\u{feff}A100,b\n");
    let (items, said) = converted(&stockport, 3);
    assert!(
        items.is_empty() && said.contains("\"A100\" is also in line 3"),
        "{said}"
    );
    stored_so_stays("\u{feff}A101", "A101");
}

#[test]
fn a_byte_order_mark_at_the_start_of_a_line_belongs_to_no_cell_whatever_the_first_column_is() {
    let stockport = Stockport::new();
    let items = [
        json!({"item_id": "A 1", "name": "x, y", "quantity": 1}),
        json!({"item_id": "A2", "name": "b", "quantity": 2}),
    ];
    for text in [
        "Item ID,Name,Quantity\n\u{feff}\"A 1\",\"x, y\",1\n\u{feff}A2,b,2\n",
        "Name,Item ID,Quantity\n\u{feff}\"x, y\",A 1,1\n\u{feff}b,A2,2\n",
        "Quantity,Item ID,Name\n\u{feff}1,A 1,\"x, y\"\n\u{feff}\"2\",A2,b\n",
        // Marks alone are blank lines; other dialects have lines that begin with one too.
        "Item ID,Name,Quantity\n\u{feff}\n\u{feff}\"A 1\",\"x, y\",1\nA2,b,2\n\u{feff}",
        "Item ID,Name,Quantity\n\u{feff}'A 1','x, y',1\n'A2','b',2\n",
        "Item ID, Name, Quantity\n\u{feff}\"A 1\", \"x, y\", 1\nA2, \"b\", 2\n",
    ] {
        stockport.write("in.csv", text);
        assert_eq!(converted(&stockport, 0).0, items, "{text:?}");
    }
    // A quoted cell behind a mark may hold line breaks and further marks.
    stockport.write("in.csv", "Name,Item ID\n\u{feff}\"a\n\u{feff}\"\"b\",A1\nc,A2\n");
    let (items, _) = converted(&stockport, 0);
    assert_eq!((items.len(), &items[0]["name"]), (2, &json!("a\n\u{feff}\"b")));
    for (stored, unchanged) in [("\u{feff}a", 1), ("a", 1), ("b", 0)] {
        let server = Faulty::new();
        let stockport = Stockport::new().at_faulty(&server, ORG);
        stockport.write("seed.jsonl", json!({"item_id": "A1", "name": stored}).to_string());
        stockport.run(["import", "seed.jsonl"]).ok();
        stockport.write("in.csv", "Name,Item ID\n\u{feff}a,A1\n");
        let run = stockport.run(["import", "in.csv", "--json"]).ok().json();
        assert_eq!(run["unchanged"], unchanged, "{stored:?}: {run}");
    }
}

#[test]
fn an_apostrophe_before_digits_is_none_of_the_id_unless_it_is_stored() {
    let stockport = Stockport::new();
    stockport.write("in.csv", "Item ID,Name,Quantity\n'00187,a,1\n00188,b,2\n");
    let (items, said) = converted(&stockport, 0);
    assert_eq!(
        (&items[0]["item_id"], &items[1]["item_id"]),
        (&json!("00187"), &json!("00188"))
    );
    assert!(
        said.contains("an apostrophe or a byte-order mark was removed from the start of 1 id"),
        "{said}"
    );
    stored_so_stays("'00187", "00187");
}

/// What is stored under an odd id is that item, and what isn't is the item of the id without the mark.
fn stored_so_stays(odd: &str, plain: &str) {
    for (stored, unchanged) in [(odd, true), (plain, true), ("Z9", false)] {
        let server = Faulty::new();
        let stockport = Stockport::new().at_faulty(&server, ORG);
        stockport.write("seed.jsonl", json!({"item_id": stored, "name": "a"}).to_string());
        stockport.run(["import", "seed.jsonl"]).ok();
        stockport.write("in.csv", format!("Item ID,Name\n{odd},a\n"));
        let run = stockport.run(["import", "in.csv", "--json"]).ok().json();
        assert_eq!(run["unchanged"], json!(u8::from(unchanged)), "{stored:?}: {run}");
    }
}
