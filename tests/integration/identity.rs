//! Who an item is: documents that a stored field `id` hides, ids that are nearly stored ones, and ids to the letter.

use std::collections::BTreeSet;
use std::fs;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};

use crate::support::Stockport;
use crate::support::faulty::Faulty;

const ORG: &str = "sandbox-company";

/// Five documents, two of which hide their names.
fn hidden() -> Faulty {
    let server = Faulty::new();
    for n in 0..3 {
        server.put(
            ORG,
            &json!({"item_id": format!("T{n}"), "name": format!("Item {n}"), "quantity": n}),
        );
    }
    server.put(
        ORG,
        &json!({"item_id": "copy", "id": "T0", "name": "read, changed and posted", "quantity": 7}),
    );
    server.put(
        ORG,
        &json!({"item_id": "own", "id": "7731", "name": "with an id of its own"}),
    );
    server
}

#[test]
fn items_whose_stored_id_hides_their_documents_are_exported_kept_compared_and_restored() {
    let server = hidden();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let export = stockport.run(["export", "all.csv", "--json"]).ok();
    assert_eq!(export.json()["items"], 5);
    assert_eq!(export.json()["completeness"], "proved");
    assert!(
        export.stderr.contains("2 items with a stored field 'id'"),
        "{}",
        export.stderr
    );
    let import = stockport.run(["import", "all.csv", "--json"]).ok().json();
    assert_eq!(
        (&import["unchanged"], &import["missing_from_file"]),
        (&json!(5), &json!(0))
    );
    let raw = stockport.run(["export", "raw.jsonl", "--raw"]).ok();
    assert!(raw.stderr.contains("hides"), "{}", raw.stderr);
    let own = stockport.read("raw.jsonl");
    let own = own.lines().find(|line| line.contains("7731")).unwrap();
    assert!(
        own.contains(r#""__name__":"own""#) && own.contains(r#""id":"7731""#),
        "{own}"
    );
    stockport.run(["backup", "create", "bk"]).ok();
    let drill = stockport
        .run(["backup", "verify", "bk", "--against-org", "--drill"])
        .ok();
    assert!(drill.stdout.contains("no difference"), "{}", drill.stdout);
    // Gone and restored: by the documents' names, without the field that hid them.
    let before = server.items(ORG);
    stockport
        .run(["delete", "--where", "quantity=7", "--yes", "--max-delete", "50%"])
        .ok();
    let left: BTreeSet<String> = server.items(ORG).into_keys().collect();
    assert_eq!(left, ["T0", "T1", "T2", "own"].map(str::to_owned).into());
    let undo = stockport.run(["undo", "--yes", "--json"]).ok().json();
    assert_eq!(undo["created"], 1, "{undo}");
    assert_eq!(server.items(ORG)["copy"]["name"], before["copy"]["name"]);
    stockport.run(["delete", "--ids", "own,copy", "--yes"]).ok();
    let restore = stockport.run(["backup", "restore", "bk", "--json"]).ok().json();
    assert_eq!(
        (&restore["created"], &restore["unchanged"]),
        (&json!(2), &json!(3)),
        "{restore}"
    );
    let after = server.items(ORG);
    assert_eq!(after["own"]["name"], before["own"]["name"]);
    assert!(!after["own"].contains_key("id"));
}

#[test]
fn a_document_that_is_not_what_its_item_id_says_is_named_and_not_restored() {
    let server = hidden();
    server.put_as(
        ORG,
        "moved",
        &json!({"item_id": "elsewhere", "name": "another item_id"}),
    );
    server.put_as(ORG, "lost", &json!({"name": "no item_id"}));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let export = stockport.run(["export", "all.csv"]).ok();
    assert!(
        export
            .stderr
            .contains("2 items have an item_id that differs from the id of its document"),
        "{}",
        export.stderr
    );
    let ids: BTreeSet<String> = stockport
        .read("all.csv")
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').next().map(str::to_owned))
        .collect();
    assert_eq!(
        ids,
        ["T0", "T1", "T2", "copy", "lost", "moved", "own"]
            .map(str::to_owned)
            .into()
    );
    stockport.run(["backup", "create", "bk"]).ok();
    let restore = stockport
        .run(["backup", "restore", "bk", "--dry-run", "--json"])
        .exit(3);
    assert_eq!(restore.json()["rejected"], 2, "{}", restore.stdout);
}

#[test]
fn new_ids_that_are_nearly_stored_ones_are_named_with_both_spellings() {
    let server = Faulty::new();
    for id in [
        "1A4FF01",
        " B2 ",
        "\u{fc}1",
        "112",
        "00443",
        "C\u{200b}3",
        "D-4",
        "same",
    ] {
        server.put(ORG, &json!({"item_id": id, "name": "stored"}));
    }
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write(
        "x.csv",
        "item_id,name\n1a4ff01,x\nB2,x\nu\u{308}1,x\n00112,x\n443,x\nC3,x\nD\u{2013}4,x\nsame,stored\nE5,new\n",
    );
    let run = stockport.run(["import", "x.csv", "--dry-run", "--json"]).ok();
    let near = &run.json()["near_ids"];
    assert_eq!(near["count"], 7, "{near}");
    let first = near["first"].as_array().unwrap();
    assert_eq!(first.len(), 5);
    assert_eq!((&first[1]["id"], &first[1]["stored"]), (&json!("B2"), &json!(" B2 ")));
    for shown in [
        r#"x.csv, line 2: "1a4ff01" is stored as "1A4FF01""#,
        r#""B2" is stored as "\u{20}B2\u{20}""#,
        "\"u\\u{308}1\" is stored as \"\u{fc}1\"",
        r#""00112" is stored as "112""#,
        "7 new ids are nearly",
    ] {
        assert!(run.stderr.contains(shown), "{shown}: {}", run.stderr);
    }
    stockport.write("new.csv", "item_id,name\nE5,new\nsame,other\n");
    let run = stockport.run(["import", "new.csv", "--dry-run", "--json"]).ok().json();
    assert_eq!(run["near_ids"], json!({"count": 0, "first": []}));
}

#[test]
fn what_the_file_does_not_hold_is_counted_and_listed() {
    let server = Faulty::new();
    for n in 0..5 {
        server.put(
            ORG,
            &json!({"item_id": format!("T{n}"), "name": format!("Item {n}"), "extra": n}),
        );
    }
    let stockport = Stockport::new().at_faulty(&server, ORG);
    // T0 is unchanged, T1 changed, T2 rejected, T3 stands twice.
    stockport.write(
        "count.csv",
        "item_id,name,quantity\nT0,Item 0,\nT1,other,\nT2,x,many\nT3,x,\nT3,y,\nnew,x,\n",
    );
    let run = stockport
        .run(["import", "count.csv", "--dry-run", "--missing", "gone.csv", "--json"])
        .exit(3);
    assert_eq!(run.json()["missing_from_file"], 1, "{}", run.stdout);
    assert_eq!(server.posts().len(), 0);
    let gone = stockport.read("gone.csv");
    let lines: Vec<&str> = gone.lines().collect();
    assert_eq!(lines.len(), 2, "{gone}");
    assert!(
        lines[0].starts_with("item_id,name,") && lines[0].ends_with(",extra"),
        "{gone}"
    );
    assert!(lines[1].starts_with("T4,Item 4,"), "{gone}");
    let again = stockport
        .run(["import", "count.csv", "--dry-run", "--missing", "gone.csv"])
        .exit(1);
    assert!(again.stderr.contains("gone.csv"), "{}", again.stderr);
    let text = stockport
        .run(["import", "count.csv", "--dry-run", "--missing", "gone.xlsx"])
        .exit(3);
    assert!(
        text.stdout.contains("1 item of sandbox-company not in the file"),
        "{}",
        text.stdout
    );
    assert!(fs::metadata(stockport.path("gone.xlsx")).is_ok());
}

#[test]
fn an_empty_list_of_an_organization_that_the_api_does_not_know_stops() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("x.csv", "item_id,name\nA,x\n");
    // An empty organization that is there is no mistake.
    stockport.run(["export", "none.csv"]).ok();
    for args in [
        vec!["import", "x.csv", "--org", "sandbox-compan"],
        vec!["export", "o.csv", "--org", "sandbox-compan"],
        vec!["backup", "create", "bk", "--org", "sandbox-compan"],
    ] {
        let run = stockport.run(&args).exit(1);
        assert!(
            run.stderr.contains("has no organization 'sandbox-compan'"),
            "{}",
            run.stderr
        );
        assert!(run.stderr.contains("--org"), "{}", run.stderr);
    }
    assert_eq!(server.posts().len(), 0);
}

/// Texts that a reading may take for something else.
const TEXTS: [&str; 63] = [
    "",
    "None",
    "none",
    "null",
    "-",
    "\u{2014}",
    "N/A",
    "nan",
    " ",
    " x ",
    "x\n",
    "a\r\nb",
    "a,b",
    "a\"b",
    "'",
    "'=1+1",
    "=1+1",
    "+1",
    "-1",
    "@x",
    "\tx",
    "TRUE",
    "true",
    "1E10",
    "1e5",
    "1.0",
    "024",
    "1,234.50",
    "1.234,5",
    "1.234",
    "$5",
    "5%",
    "12.50",
    "-2.0000",
    ".5",
    "+5",
    "#REF!",
    "#N/A",
    "03/04/2021",
    "2021-07-08",
    "2021-07-08T10:00:00Z",
    "7/8/21",
    "13/13/2021",
    "0001-01-01T00:00:00",
    "15:52",
    "3:52 PM",
    "=\"00123\"",
    "u\u{308}",
    "\u{200b}",
    "\u{feff}x",
    "\u{a0}x\u{a0}",
    "\u{65e5}\u{672c}",
    "\u{1f34b}",
    "[1,2]",
    "{\"a\":1}",
    "{}",
    "_x0041_",
    "a\u{1}b",
    "\u{2028}",
    "9007199254740993",
    "0.1234567890123456789012345",
    "1/2",
    "(5)",
];

const FIELDS: [&str; 14] = [
    "name",
    "status",
    "quantity",
    "units",
    "area_id",
    "approved",
    "approved_at",
    "approved_at_time",
    "moved_at",
    "weight",
    "dose",
    "dose_number",
    "serving_size",
    "supply_duration_days",
];

/// Fields of the organization's own, some of which are other spellings of the API's.
const OWN: [&str; 10] = [
    "extra",
    "Quantity",
    "ITEM_ID",
    "Item Name",
    "tag",
    "package_id",
    "weird,field",
    "a.b",
    "thc%",
    "Notes",
];

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        6 => prop::sample::select(TEXTS.as_slice()).prop_map(Value::from),
        1 => "\\PC{0,12}".prop_map(Value::from),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => prop::sample::select([0.0, 12.5, -2.0, 1e10, 1e300, 1e-7, 68.664_999_999_999_99].as_slice()).prop_map(|n| json!(n)),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        let scalar = inner
            .clone()
            .prop_filter("no arrays in arrays", |value| !value.is_array());
        prop_oneof![
            prop::collection::vec(scalar, 0..3).prop_map(Value::Array),
            prop::collection::btree_map("[a-c]", inner, 0..3).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn items() -> impl Strategy<Value = Vec<Value>> {
    let id = prop_oneof![
        3 => "[A-Z]{1,2}[0-9]{1,4}",
        1 => prop::sample::select(TEXTS.as_slice()).prop_map(str::to_owned),
        1 => " ?[0-9]{1,5}(\\.0)? ?",
        1 => "\\PC{1,8}",
    ];
    let names = prop::sample::select([FIELDS.as_slice(), OWN.as_slice()].concat());
    let fields = prop::collection::btree_map(names, value(), 0..6);
    prop::collection::btree_map(id, fields, 1..40).prop_map(|items| {
        let item = |(id, fields): (String, std::collections::BTreeMap<&str, Value>)| {
            let mut item: Map<String, Value> = fields
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect();
            // A row of nothing but such an id may be blank, a total or a line of dashes, and is none of an item.
            if !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                item.insert("strain_name".to_owned(), Value::from("Kush"));
            }
            item.insert("item_id".to_owned(), Value::from(id));
            Value::Object(item)
        };
        items.into_iter().map(item).collect()
    })
}

#[test]
fn importing_an_export_changes_nothing_whatever_is_stored() {
    let config = Config {
        cases: 6,
        failure_persistence: None,
        max_shrink_iters: 40,
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    let outcome = runner.run(&items(), |items| {
        // What no import takes, and the store refuses, is another matter.
        let sound = |item: &&Value| stockport::item::check_id(item["item_id"].as_str().unwrap()).is_ok();
        let items: Vec<&Value> = items.iter().filter(sound).collect();
        if items.is_empty() {
            return Ok(());
        }
        let count = items.len();
        let server = Faulty::new();
        for item in items {
            server.put(ORG, item);
        }
        let stockport = Stockport::new().at_faulty(&server, ORG);
        let exports = [
            vec!["o.csv"],
            vec!["o.tsv"],
            vec!["o.xlsx"],
            vec!["o.json"],
            vec!["o.jsonl"],
            vec!["safe.csv", "--excel-safe"],
            vec!["titles.csv", "--headers", "title"],
        ];
        for export in exports {
            let args: Vec<&str> = ["export"].into_iter().chain(export.iter().copied()).collect();
            stockport.run(&args).ok();
            let run = stockport.run(["import", export[0], "--dry-run", "--json"]);
            prop_assert_eq!(run.code, 0, "{}: {}\n{}", export[0], run.stdout, run.stderr);
            prop_assert_eq!(&run.json()["unchanged"], &json!(count), "{}: {}", export[0], run.stdout);
        }
        prop_assert!(server.posts().is_empty());
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
