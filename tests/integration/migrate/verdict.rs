//! What a certificate claims: complete and equal, or which of the findings that make it less.

use serde_json::{Value, json};

use super::{FROM, TO, at, certificate, migrate};
use crate::support::Stockport;
use crate::support::faulty::{Fault, Faulty, Rule};

/// A server whose source holds so many items.
fn server(items: u32) -> Faulty {
    let server = Faulty::new();
    for n in 0..items {
        server.put(FROM, &item(n, "a"));
    }
    server
}

fn item(n: u32, name: &str) -> Value {
    json!({"item_id": n.to_string(), "name": name, "quantity": n, "units": "Grams", "lab": {"thc": n}})
}

/// Migrates with exit code 0, and gives the certificate. The summary has to hold the same findings.
fn moved(stockport: &Stockport, more: &[&str]) -> Value {
    moved_with(stockport, more, 0)
}

fn moved_with(stockport: &Stockport, more: &[&str], exit: i32) -> Value {
    let summary = migrate(stockport, &[&["--json"], more].concat()).exit(exit).json();
    let certificate = certificate(stockport, &summary);
    for name in FINDINGS {
        assert_eq!(summary[name], certificate[name], "{name}");
        assert!(summary.get(name).is_some(), "{name}");
    }
    certificate
}

/// The fields of the verdict.
const FINDINGS: [&str; 8] = [
    "verdict",
    "whole",
    "part",
    "skipped_conflicts",
    "only_in_target",
    "gone_from_source",
    "source_changed",
    "quantities",
];

fn says(certificate: &Value, said: &[&str]) {
    let verdict = certificate["verdict"].as_str().unwrap();
    for said in said {
        assert!(verdict.contains(said), "{said}: {verdict}");
    }
}

#[test]
fn complete_and_equal_is_said_of_all_items_alone_whatever_else_the_target_holds() {
    let server = server(3);
    let stockport = at(&server);
    let whole = moved(&stockport, &[]);
    assert_eq!((&whole["whole"], &whole["part"]), (&json!(true), &json!(null)));
    assert_eq!(
        whole["verdict"],
        "COMPLETE AND EQUAL: every item of sandbox-company is in sandbox-branch, equal field by field: 3 items."
    );
    assert_eq!(whole["source_changed"]["changed"], json!([]));
    assert_eq!(whole["source"]["items_after"], 3);
    server.put(TO, &json!({"item_id": "own", "name": "theirs"}));
    let beside = moved(&stockport, &[]);
    assert_eq!(beside["whole"], true);
    assert_eq!(beside["only_in_target"], json!({"count": 1, "ids": ["own"]}));
    says(
        &beside,
        &[
            "COMPLETE AND EQUAL",
            "ONLY IN THE TARGET: sandbox-branch holds 1 item that",
        ],
    );
}

#[test]
fn whatever_changes_in_the_source_meanwhile_is_named_and_is_no_failure() {
    type Change = (&'static str, Option<Value>);
    let late = || Some(json!({"item_id": "NEW", "name": "late"}));
    let edited =
        || Some(json!({"item_id": "1", "name": "b", "quantity": 1, "units": "Grams", "lab": {"thc": 1, "by": "us"}}));
    let stamped = || {
        let mut item = item(1, "a");
        item["updated_at"] = json!("just now");
        Some(item)
    };
    let cases: [(Vec<Change>, [Value; 3]); 6] = [
        (vec![("NEW", late())], [json!([]), json!(["NEW"]), json!([])]),
        (vec![("2", None)], [json!([]), json!([]), json!(["2"])]),
        (
            vec![("1", edited())],
            [
                json!([{"id": "1", "fields": [
                    {"field": "lab.by", "read": null, "now": "us"}, {"field": "name", "read": "a", "now": "b"},
                ]}]),
                json!([]),
                json!([]),
            ],
        ),
        (
            vec![("NEW", late()), ("0", None)],
            [json!([]), json!(["NEW"]), json!(["0"])],
        ),
        (
            vec![("0", None), ("1", None), ("2", None)],
            [json!([]), json!([]), json!(["0", "1", "2"])],
        ),
        (vec![("1", stamped())], [json!([]), json!([]), json!([])]),
    ];
    for (changes, [changed, added, removed]) in cases {
        let server = server(3);
        server.meanwhile(FROM, &changes);
        let stockport = at(&server);
        let certificate = moved(&stockport, &[]);
        let found = &certificate["source_changed"];
        assert_eq!(
            (&found["changed"], &found["added"], &found["removed"]),
            (&changed, &added, &removed),
            "{certificate}"
        );
        let is_unchanged = [&changed, &added, &removed].iter().all(|list| **list == json!([]));
        assert_eq!(certificate["whole"], is_unchanged, "{changes:?}");
        assert_eq!(certificate["counts"]["equal"], 3);
        if !is_unchanged {
            says(
                &certificate,
                &["EQUAL AS READ: 3 items", "CHANGED SINCE: in sandbox-company since 2"],
            );
        }
    }
}

#[test]
fn a_change_of_what_was_not_asked_for_is_none_and_one_that_brings_an_item_into_the_part_is() {
    let server = server(4);
    server.meanwhile(
        FROM,
        &[
            ("0", Some(json!({"item_id": "0", "name": "b", "quantity": 0}))),
            ("1", Some(json!({"item_id": "1", "name": "a", "quantity": 9}))),
            ("NEW", Some(json!({"item_id": "NEW", "quantity": 0}))),
        ],
    );
    let part = moved(&at(&server), &["--where", "quantity>2"]);
    let changed = part["source_changed"]["changed"].as_array().unwrap();
    assert_eq!(changed.len(), 1, "{part}");
    assert_eq!(changed[0]["id"], "1");
    assert_eq!(part["source_changed"]["added"], json!([]));
    assert_eq!(part["whole"], false);
}

#[test]
fn a_source_that_can_not_be_listed_again_is_a_finding_and_no_failure() {
    // The source is listed by three requests before the first item is sent, and so is the target before and after.
    let listings = |server: &Faulty| {
        let requests = server.requests();
        let of_source = requests.iter().filter(|request| request.query.contains(FROM));
        of_source.count() as u64
    };
    let count = {
        let server = server(2);
        moved(&at(&server), &[]);
        listings(&server) / 2
    };
    let server = server(2);
    let server = server.rule(Rule::from(1 + 3 * count, Fault::ErrorBefore).on("GET"));
    let stockport = at(&server);
    let certificate = moved(&stockport, &["--retries", "0"]);
    assert_eq!(certificate["whole"], false);
    assert!(certificate["source_changed"]["error"].is_string(), "{certificate}");
    assert_eq!(certificate["source_changed"]["listed_again"], json!(null));
    says(
        &certificate,
        &[
            "EQUAL AS READ: 2 items",
            "NOT LISTED AGAIN: it is not known whether sandbox-company has changed",
        ],
    );
}

#[test]
fn a_part_is_named_as_it_was_asked_for_and_is_never_the_whole() {
    let server = server(4);
    let stockport = at(&server);
    for (asked, part, words) in [
        (
            &["--only", "1,2"][..],
            json!({"where": [], "only": ["1", "2"], "shard": null}),
            "PART: limited on request (only 1, 2); not included: 2 items of sandbox-company.",
        ),
        (
            &["--where", "quantity>=0"],
            json!({"where": ["quantity>=0"], "only": [], "shard": null}),
            "PART: limited on request (those where quantity>=0).",
        ),
        (
            &["--shard", "1/1"],
            json!({"where": [], "only": [], "shard": "1/1"}),
            "PART: limited on request (all; shard 1/1 of them).",
        ),
    ] {
        let certificate = moved(&stockport, asked);
        assert_eq!((&certificate["whole"], &certificate["part"]), (&json!(false), &part));
        says(&certificate, &["EQUAL AS READ", words]);
    }
}

#[test]
fn skipped_conflicts_are_named_one_by_one_with_both_values_field_by_field() {
    let server = server(30);
    for n in 0..20 {
        server.put(
            TO,
            &json!({"item_id": n.to_string(), "name": "theirs", "quantity": n, "lab": {"thc": 99, "cbd": 1}}),
        );
    }
    let certificate = moved(&at(&server), &["--on-conflict", "skip"]);
    assert_eq!(certificate["whole"], false);
    let conflicts = certificate["skipped_conflicts"].as_array().unwrap();
    assert_eq!(conflicts.len(), 20, "all, not the first ones");
    let of_seven = conflicts.iter().find(|conflict| conflict["id"] == "7").unwrap();
    assert_eq!(
        of_seven["fields"],
        json!([
            {"field": "lab.thc", "source": 7, "target": 99},
            {"field": "name", "source": "a", "target": "theirs"},
            {"field": "units", "source": "Grams", "target": null},
        ])
    );
    assert_eq!(
        (&certificate["counts"]["equal"], &certificate["differences"]),
        (&json!(10), &json!([]))
    );
    says(
        &certificate,
        &[
            "EQUAL AS READ: 10 items",
            "SKIPPED CONFLICTS: sandbox-branch keeps other values",
        ],
    );
    // Their ids in the source stand beside those in the target.
    let prefixed = moved(
        &at(&server),
        &["--on-conflict", "skip", "--id-prefix", "1", "--only", "0"],
    );
    let conflict = &prefixed["skipped_conflicts"][0];
    assert_eq!((&conflict["id"], &conflict["source_id"]), (&json!("10"), &json!("0")));
}

#[test]
fn what_an_earlier_migration_moved_and_the_source_no_longer_has_is_told_from_what_only_the_target_has() {
    let server = server(4);
    server.put(TO, &json!({"item_id": "own", "name": "theirs"}));
    let stockport = at(&server);
    let first = migrate(&stockport, &["--json"]).ok().json();
    server.remove(FROM, "2");
    server.remove(FROM, "3");
    // It is no longer in the target either.
    server.remove(TO, "3");
    let delta = migrate(&stockport, &[]).ok();
    assert!(
        delta
            .stdout
            .contains("no longer in sandbox-company, and moved by earlier runs: 1 item (2)"),
        "{}",
        delta.stdout
    );
    let certificate = moved(&stockport, &[]);
    assert_eq!(
        certificate["gone_from_source"],
        json!([{"id": "2", "run": first["run"]}])
    );
    assert_eq!(certificate["only_in_target"], json!({"count": 1, "ids": ["own"]}));
    assert_eq!(certificate["whole"], true, "all that the source has is there");
    says(
        &certificate,
        &[
            "GONE FROM THE SOURCE: sandbox-branch holds 1 item",
            "ONLY IN THE TARGET",
        ],
    );
}

#[test]
fn something_that_was_asked_for_and_is_missing_or_differs_is_exit_4() {
    let server = server(50).spoil(&json!({"item_id": "17", "name": "a", "quantity": 18}));
    server.meanwhile(FROM, &[("NEW", Some(json!({"item_id": "NEW"}))), ("0", None)]);
    let certificate = moved_with(&at(&server), &["--where", "quantity>1"], 4);
    assert_eq!(certificate["whole"], false);
    says(
        &certificate,
        &[
            "NOT EQUAL: sandbox-branch differs from sandbox-company in 1 item",
            "PART:",
        ],
    );
}

#[test]
fn sums_by_unit_stand_on_both_sides_and_there_is_a_line_to_sign() {
    let server = Faulty::new();
    for (id, quantity, units) in [
        ("1", json!(0.1), json!("Grams")),
        ("2", json!("0.20"), json!("Grams")),
        ("3", json!(9_007_199_254_740_993_i64), json!("Each")),
        ("4", json!("a few"), json!("Each")),
        ("5", json!(null), json!(null)),
        ("6", json!(-1.5), json!("<b>")),
    ] {
        server.put(FROM, &json!({"item_id": id, "quantity": quantity, "units": units}));
    }
    server.put(TO, &json!({"item_id": "own", "quantity": 0.7, "units": "Grams"}));
    let stockport = at(&server);
    let certificate = moved(&stockport, &["--certificate", "proof"]);
    let line = |units: &str, sum: &str, items: u64, without: u64| json!({"units": units, "sum": sum, "items": items, "without_number": without});
    let asked = json!([
        line("", "0", 0, 1),
        line("<b>", "-1.5", 1, 0),
        line("Each", "9007199254740993", 1, 1),
        line("Grams", "0.3", 2, 0),
    ]);
    let sums = &certificate["quantities"];
    assert_eq!(sums["asked_for"]["source"], asked);
    assert_eq!(sums["asked_for"]["target"], asked);
    assert_eq!(sums["all"]["source"], asked);
    assert_eq!(sums["all"]["target"][3], line("Grams", "1", 3, 0));
    let page = stockport.read("proof.html");
    for said in [
        "<h2>Sums of quantity by unit</h2>",
        "<th scope=\"row\">(no unit)</th>",
        "<th scope=\"row\">&lt;b&gt;</th><td>-1.5 (1 item)</td>",
        "0.3 (2 items)",
        "9007199254740993 (1 item, 1 without a number)",
        "<h2>Signed</h2>",
        "<th scope=\"row\">Name</th>",
        "<th scope=\"row\">Date</th>",
    ] {
        assert!(page.contains(said), "{said}\n{page}");
    }
}
