//! `stockport diff`: every pairing of places, and what is told of them.

use std::path::PathBuf;

use serde_json::{Value, json};
use stockport::sandbox::Flavour;

use crate::support::faulty::Faulty;
use crate::support::{Stockport, TestSandbox};

const ORG: &str = "sandbox-company";
const OTHER: &str = "sandbox-branch";

const EARLIER: &str = "item_id,name,quantity,status\nA1,Kush,12,Active\nA2,Haze,5,Active\nA3,Dream,1,\n";
const LATER: &str = "item_id,name,quantity,status\nA1,Kush 2,10.5,Active\nA3,Dream,1.0,None\nA4,New,2,\n";

/// What a diff says of its items, by id: `("A1", "~")`.
fn marks(document: &Value) -> Vec<(String, String)> {
    let items = document["items"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    items
        .map(|item| (text(&item["item_id"]), text(&item["change"])))
        .collect()
}

fn told(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(id, mark)| ((*id).to_owned(), (*mark).to_owned()))
        .collect()
}

fn sample(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("samples").join(name);
    path.to_string_lossy().into_owned()
}

#[test]
fn two_files_that_say_the_same_are_equal() {
    let stockport = Stockport::new();
    let run = stockport
        .run(["diff", &sample("inventory.csv"), &sample("inventory.csv")])
        .ok();
    assert!(run.stdout.contains("60 = equal"), "{}", run.stdout);
    assert!(run.stdout.contains("No differences"), "{}", run.stdout);
    assert!(!run.stdout.contains("= WA"), "{}", run.stdout);
}

#[test]
fn the_summary_comes_first_and_then_each_item_with_the_fields_that_differ() {
    let stockport = Stockport::new();
    stockport.write("a.csv", EARLIER);
    stockport.write("b.csv", LATER);
    let run = stockport.run(["diff", "a.csv", "b.csv"]).exit(4);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(
        lines,
        [
            "A: a.csv, 3 items",
            "B: b.csv, 3 items",
            "        1 = equal",
            "        1 ~ different",
            "        1 - only in A",
            "        1 + only in B",
            "~ A1: name \"Kush\" → \"Kush 2\", quantity 12 → 10.5",
            "- A2",
            "+ A4",
        ]
    );
    let verbose = stockport.run(["diff", "a.csv", "b.csv", "-v"]).exit(4);
    assert!(verbose.stdout.contains("\n= A3\n"), "{}", verbose.stdout);
    let ignoring = stockport
        .run(["diff", "a.csv", "b.csv", "--ignore", "name,quantity", "--json"])
        .exit(4)
        .json();
    assert_eq!(marks(&ignoring), told(&[("A2", "-"), ("A4", "+")]));
}

#[test]
fn the_document_holds_the_summary_and_every_item() {
    let stockport = Stockport::new();
    stockport.write("a.csv", EARLIER);
    stockport.write("b.csv", LATER);
    let document = stockport.run(["diff", "a.csv", "b.csv", "--json"]).exit(4).json();
    let count = |name: &str| document[name].as_u64().unwrap();
    assert_eq!(
        [count("equal"), count("changed"), count("removed"), count("added")],
        [1, 1, 1, 1]
    );
    assert_eq!(document["differs"], true);
    assert_eq!(document["error"], Value::Null);
    assert_eq!(marks(&document), told(&[("A1", "~"), ("A2", "-"), ("A4", "+")]));
    assert_eq!(
        document["items"][0]["fields"][1],
        json!({"field": "quantity", "a": 12, "b": 10.5})
    );
}

#[test]
fn the_differences_are_written_as_a_table_to_a_file_or_to_standard_output() {
    let stockport = Stockport::new();
    stockport.write("a.csv", EARLIER);
    stockport.write("b.csv", LATER);
    let expected = "item_id,change,field,a,b\nA1,~,name,Kush,Kush 2\nA1,~,quantity,12,10.5\nA2,-,,,\nA4,+,,,\n";
    stockport.run(["diff", "a.csv", "b.csv", "--csv", "out.csv"]).exit(4);
    assert_eq!(stockport.read("out.csv"), expected);
    let piped = stockport.run(["diff", "a.csv", "b.csv", "--csv", "-"]).exit(4);
    assert_eq!(piped.stdout, expected);
    assert!(piped.stderr.contains("1 ~ different"), "{}", piped.stderr);
    stockport.run(["diff", "a.csv", "b.csv", "--csv", "out.csv"]).exit(1);
    stockport
        .run(["diff", "a.csv", "b.csv", "--csv", "out.csv", "--force"])
        .exit(4);
    stockport
        .run(["diff", "a.csv", "b.csv", "--csv", "-", "--json"])
        .exit(2);
}

#[test]
fn an_export_of_any_format_equals_the_organization_that_it_was_made_of() {
    let server = TestSandbox::new();
    for item in [
        json!({"item_id": "001", "name": "N/A", "quantity": "024", "approved_at": "07/08/2021", "note": "ours"}),
        json!({"item_id": "A 2", "name": "None", "quantity": 12.50, "extra": {"a": [1, "x"], "b": null}}),
        json!({"item_id": "Ü3", "name": "two\nlines", "approved": true, "status": "", "weight": 1e-7}),
    ] {
        let id = item["item_id"].as_str().unwrap().to_owned();
        let store = server.sandbox.store();
        store.put(ORG, &id, item.as_object().unwrap().clone()).unwrap();
    }
    let stockport = Stockport::new().at(&server, ORG);
    let place = format!("org:{ORG}");
    for name in [
        "out.csv",
        "out.tsv",
        "out.xlsx",
        "out.json",
        "out.jsonl",
        "out.jsonl.gz",
    ] {
        stockport.run(["export", name]).ok();
        stockport.run(["diff", name, &place]).ok();
        stockport.run(["diff", &place, name]).ok();
    }
    stockport.run(["diff", "out.csv", "out.xlsx"]).ok();
    stockport.run(["diff", &place, &place]).ok();
}

#[test]
fn an_organization_differs_from_a_file_in_fields_and_items_and_the_fields_without_a_column_are_named() {
    let server = Faulty::new();
    server.put(
        ORG,
        &json!({"item_id": "A1", "name": "Kush", "quantity": 10.5, "area_name": "Vault", "status": "Active"}),
    );
    server.put(ORG, &json!({"item_id": "A9", "name": "Nine"}));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("a.csv", EARLIER);
    let run = stockport.run(["diff", "a.csv", "org:sandbox-company"]).exit(4);
    assert!(
        run.stdout
            .contains("not compared (A has no column for them): area_name"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("~ A1: quantity 12 → 10.5\n"), "{}", run.stdout);
    let document = stockport
        .run(["diff", "a.csv", "org:sandbox-company", "--json"])
        .exit(4)
        .json();
    assert_eq!(
        marks(&document),
        told(&[("A1", "~"), ("A2", "-"), ("A3", "-"), ("A9", "+")])
    );
    assert_eq!(document["b"]["not_compared"], json!(["area_name"]));
    assert!(server.posts().is_empty());
}

#[test]
fn two_organizations_are_compared_as_stored_with_the_fields_that_nobody_knows() {
    let stockport = Stockport::new();
    let import = |org: &str, file: &str| {
        stockport
            .run(["import", file, "--sandbox", "--org", org, "--map", "map.toml"])
            .ok();
    };
    stockport.write("map.toml", "[columns.shelf]\nextra = \"keep\"\n");
    stockport.write("a.csv", "item_id,name,shelf\nA1,Kush,3\nA2,Haze,4\n");
    stockport.write("b.csv", "item_id,name,shelf\nA1,Kush,9\nA2,Haze,4\n");
    import(ORG, "a.csv");
    import(OTHER, "b.csv");
    let run = stockport
        .run(["diff", "org:sandbox-company", "org:sandbox-branch", "--sandbox"])
        .exit(4);
    assert!(run.stdout.contains("~ A1: shelf \"3\" → \"9\"\n"), "{}", run.stdout);
    import(OTHER, "a.csv");
    stockport
        .run(["diff", "org:sandbox-company", "org:sandbox-branch", "--sandbox"])
        .ok();
}

#[test]
fn a_snapshot_is_compared_as_stored_with_every_other_kind_of_place() {
    let server = Faulty::new();
    let item = json!({"item_id": "A1", "name": "Kush", "extra": {"a": 1, "b": 2}});
    server.put(ORG, &item);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let home = "backups/sandbox-company";
    stockport.run(["backup", "create", "backups"]).ok();
    let mut changed = item.clone();
    changed["extra"]["b"] = json!(3);
    changed["note"] = json!("x");
    server.put(ORG, &changed);
    stockport.run(["backup", "create", "backups"]).ok();
    let mut names: Vec<String> = std::fs::read_dir(stockport.path(home))
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter(|name| name.ends_with(".jsonl.zst"))
        .map(|name| name.replace(".jsonl.zst", ""))
        .collect();
    names.sort_by_key(|name| (name.len(), name.clone()));
    let [before, after] = &names[..] else {
        panic!("{names:?}")
    };
    let run = stockport
        .run(["diff", &format!("{home}/{before}"), &format!("backups/{after}")])
        .exit(4);
    // What the first snapshot lacks was not stored: that is a difference, not a column that is missing.
    assert!(
        run.stdout.contains("~ A1: extra.b 2 → 3, note nothing → \"x\"\n"),
        "{}",
        run.stdout
    );
    stockport.write("a.csv", "item_id,name\nA1,Kush\n");
    let moment = after.split("Z-").next().unwrap();
    // By each of the names that `backup restore` takes.
    for place in [
        "backups".to_owned(),
        home.to_owned(),
        format!("{home}/{after}"),
        format!("{home}/{after}.jsonl.zst"),
        format!("{home}/{after}.manifest.json"),
        format!("{home}@latest"),
        format!("backups@{}", &moment[..10]),
    ] {
        let run = stockport.run(["diff", &place, "org:sandbox-company"]).ok();
        assert!(
            run.stdout.contains(&format!("snapshot {after} of sandbox-company")),
            "{place}: {}",
            run.stdout
        );
        stockport.run(["diff", "a.csv", &place]).ok();
    }
    stockport.run(["diff", "backups@2001-01-01", "a.csv"]).exit(1);
    stockport.run(["diff", "nowhere@latest", "a.csv"]).exit(1);
}

#[test]
fn a_snapshot_that_is_not_as_it_was_written_is_not_compared() {
    let server = Faulty::new();
    for number in 0..50 {
        server.put(ORG, &json!({"item_id": format!("A{number}"), "name": "Kush"}));
    }
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.run(["backup", "create", "backups"]).ok();
    let folder = stockport.path("backups/sandbox-company");
    let files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    for ending in [".jsonl.zst", ".manifest.json"] {
        let file = files
            .iter()
            .find(|file| file.to_str().unwrap().ends_with(ending))
            .unwrap();
        let whole = std::fs::read(file).unwrap();
        let mut damaged = whole.clone();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 1;
        std::fs::write(file, damaged).unwrap();
        for place in ["backups", file.to_str().unwrap()] {
            let run = stockport.run(["diff", place, "org:sandbox-company"]).exit(4);
            assert!(run.stderr.contains("is damaged"), "{ending} {}", run.stderr);
        }
        std::fs::write(file, whole).unwrap();
        stockport.run(["diff", "backups", "org:sandbox-company"]).ok();
    }
}

#[test]
fn rows_that_cannot_be_read_are_told_and_counted() {
    let stockport = Stockport::new();
    stockport.write("a.csv", "item_id,name\nA1,Kush\nA/2,slash\n");
    stockport.write("b.csv", "item_id,name\nA1,Kush\n");
    let run = stockport.run(["diff", "a.csv", "b.csv"]).exit(3);
    assert!(run.stderr.contains("an item id can't hold '/'"), "{}", run.stderr);
    assert!(
        run.stdout.contains("A: a.csv, 1 item, 1 row rejected"),
        "{}",
        run.stdout
    );
    stockport.write("b.csv", "item_id,name\nA1,Haze\n");
    stockport.run(["diff", "a.csv", "b.csv"]).exit(4);
}

#[test]
fn a_list_that_is_not_whole_is_exit_4_with_the_reason_before_anything_is_compared() {
    let server = Faulty::with(Flavour {
        hard_cut: Some(2),
        ..Flavour::default()
    });
    for id in ["A1", "A2", "A3", "A4", "A5", "A6"] {
        server.put(ORG, &json!({"item_id": id, "name": "old"}));
    }
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("a.csv", EARLIER);
    for pair in [["a.csv", "org:sandbox-company"], ["org:sandbox-company", "a.csv"]] {
        let run = stockport.run(["diff", pair[0], pair[1]]).exit(4);
        assert!(
            run.stderr.contains("the list of sandbox-company is incomplete"),
            "{}",
            run.stderr
        );
        assert_eq!(run.stdout, "");
    }
    let document = stockport
        .run(["diff", "a.csv", "org:sandbox-company", "--json"])
        .exit(4)
        .json();
    assert!(document["error"].as_str().unwrap().contains("is incomplete"));
}

#[test]
fn what_is_no_place_is_refused() {
    let stockport = Stockport::new();
    stockport.write("a.csv", EARLIER);
    stockport.run(["diff", "a.csv", "org:"]).exit(2);
    stockport.run(["diff", "-", "-"]).exit(2);
    stockport.run(["diff", "a.csv", "missing.csv"]).exit(1);
    let run = stockport.run(["diff", "a.csv", "a.csv", "--ignore", "quantitty"]).ok();
    assert!(
        run.stderr.contains("neither side has the field \"quantitty\""),
        "{}",
        run.stderr
    );
}

#[test]
fn standard_input_is_a_place_too() {
    let stockport = Stockport::new();
    stockport.write("a.csv", EARLIER);
    let run = stockport
        .run_with_input(["diff", "a.csv", "-", "--json"], LATER.as_bytes())
        .exit(4)
        .json();
    assert_eq!(run["changed"], 1);
}

#[test]
fn a_hundred_thousand_items_on_each_side_are_compared() {
    let stockport = Stockport::new();
    let mut sides = [String::new(), String::new()];
    for (side, text) in sides.iter_mut().enumerate() {
        text.push_str("item_id,name,quantity\n");
        for number in 0..100_000_u64 {
            // The two sides come in different orders; each lacks one item in a thousand that the other has.
            let number = if side == 0 { number } else { (number * 7_919) % 100_000 };
            let lacking = number % 1_000 == side as u64;
            let quantity = u8::from(side == 1 && number % 500 == 7);
            if !lacking {
                text.push_str(&format!("TAG{number:06},Item {number},{quantity}\n"));
            }
        }
    }
    stockport.write("a.csv", &sides[0]);
    stockport.write("b.csv", &sides[1]);
    let document = stockport.run(["diff", "a.csv", "b.csv", "--json"]).exit(4).json();
    let count = |name: &str| document[name].as_u64().unwrap();
    assert_eq!(
        [count("equal"), count("changed"), count("removed"), count("added")],
        [99_600, 200, 100, 100]
    );
    assert_eq!(marks(&document).len(), 400);
}

#[test]
fn each_side_has_a_profile_of_its_own_and_ids_are_those_that_a_migration_gives() {
    let (old, new) = (Faulty::new(), Faulty::new());
    for n in 0..3 {
        old.put(ORG, &json!({"item_id": format!("A{n}"), "name": "a", "quantity": n}));
        new.put(
            OTHER,
            &json!({"item_id": format!("N-A{n}"), "name": "a", "quantity": n}),
        );
    }
    let stockport = Stockport::new();
    crate::migrate::profiles(
        &stockport,
        &[
            ("old", old.url(), ORG, old.key(ORG)),
            ("new", new.url(), OTHER, new.key(OTHER)),
        ],
    );
    let stockport = stockport.env("STOCKPORT_CONFIG", "config.toml");
    let (a, b) = (format!("org:{ORG}"), format!("org:{OTHER}"));
    let sides = ["diff", &a, &b, "--a-profile", "old", "--b-profile", "new"];
    let run = |more: &[&str]| stockport.run([&sides[..], more].concat());
    let plain = run(&["--json"]).exit(4).json();
    assert_eq!((&plain["removed"], &plain["added"]), (&json!(3), &json!(3)));
    let mapped = run(&["--id-prefix", "N-"]).ok();
    assert!(
        mapped.stdout.contains("ids with the prefix \"N-\""),
        "{}",
        mapped.stdout
    );
    assert!(mapped.stdout.contains("3 = equal"), "{}", mapped.stdout);
    new.put(OTHER, &json!({"item_id": "N-A1", "name": "b", "quantity": 1}));
    let differing = run(&["--id-prefix", "N-", "--json"]).exit(4).json();
    assert_eq!(marks(&differing), told(&[("N-A1", "~")]));
    assert_eq!(
        differing["items"][0]["fields"],
        json!([{"field": "name", "a": "a", "b": "b"}])
    );
    stockport.write("ids.csv", "from,to\nA0,N-A0\nA2,N-A2\n");
    let listed = run(&["--id-map", "ids.csv", "--json"]).exit(4).json();
    assert_eq!(marks(&listed), told(&[("A1", "-"), ("N-A1", "+")]));
    // Files and snapshots are renamed as well, and need no profile.
    stockport.write("a.csv", "item_id,name\nA0,a\nA2,a\n");
    let file = ["diff", "a.csv", &b, "--b-profile", "new", "--id-prefix", "N-", "--json"];
    assert_eq!(marks(&stockport.run(file).exit(4).json()), told(&[("N-A1", "+")]));
    // An item that says another id of itself is not made right by the renaming.
    old.put_as(ORG, "A0", &json!({"item_id": "other", "name": "a", "quantity": 0}));
    let odd = run(&["--id-prefix", "N-", "--json"]).exit(4).json();
    assert_eq!(
        odd["items"][0]["fields"],
        json!([{"field": "item_id", "a": "other", "b": "N-A0"}])
    );
    for (more, said) in [
        (
            &["--id-prefix", "N-", "--id-map", "ids.csv"][..],
            "--id-prefix and --id-map",
        ),
        (&["--sandbox"], "--sandbox and --a-profile"),
        (&["--api", "http://127.0.0.1:9"], "--api and --a-profile"),
        (&["--profile", "old"], "--profile and --a-profile"),
    ] {
        let refused = run(more).exit(2);
        assert!(refused.stderr.contains(said), "{said}: {}", refused.stderr);
    }
    let of_file = stockport.run(["diff", "a.csv", &b, "--a-profile", "old"]).exit(2);
    assert!(of_file.stderr.contains("--a-profile and a.csv"), "{}", of_file.stderr);
    let unknown = run(&["--id-map", "none.csv"]).exit(2);
    assert!(unknown.stderr.contains("none.csv"), "{}", unknown.stderr);
}
