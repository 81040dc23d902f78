//! `--check CERTIFICATE`: both organizations compared with a certificate again.

use serde_json::{Value, json};

use super::{FROM, TO, at, migrate, profiles};
use crate::support::Stockport;
use crate::support::faulty::Faulty;
use crate::support::stockport::Run;

fn server(items: u32) -> Faulty {
    let server = Faulty::new();
    for n in 0..items {
        server.put(FROM, &json!({"item_id": format!("A{n}"), "name": "a", "quantity": n}));
    }
    server
}

fn check(stockport: &Stockport, more: &[&str]) -> Run {
    stockport.run([&["migrate", "--check", "moved.json"], more].concat())
}

/// What a check says of its items: each one's id, what has become of it, and where.
fn found(stockport: &Stockport, exit: i32) -> Vec<(String, String, String)> {
    let document = check(stockport, &["--json"]).exit(exit).json();
    let items = document["items"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    items
        .map(|item| (text(&item["id"]), text(&item["change"]), text(&item["at"])))
        .collect()
}

fn told(items: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    items
        .iter()
        .map(|(id, change, at)| ((*id).to_owned(), (*change).to_owned(), (*at).to_owned()))
        .collect()
}

#[test]
fn what_has_changed_since_on_either_side_is_named_item_by_item_and_nothing_is_written() {
    let server = server(8);
    let stockport = at(&server);
    migrate(&stockport, &["--certificate", "moved"]).ok();
    let sent = server.posts().len();
    // What the target alone has, and stamps of the server, are no changes.
    server.put(TO, &json!({"item_id": "own", "name": "theirs"}));
    let mut kept = server.items(TO)["A0"].clone();
    kept.insert("note".to_owned(), json!("ours"));
    kept.insert("updated_at".to_owned(), json!("later"));
    server.put(TO, &Value::Object(kept));
    let same = check(&stockport, &[]).ok();
    assert!(
        same.stdout
            .contains("Nothing has changed since the certificate of run 2"),
        "{}",
        same.stdout
    );
    assert!(same.stdout.contains("sandbox-company holds 8 items"), "{}", same.stdout);
    assert_eq!(found(&stockport, 0), []);
    server.put(FROM, &json!({"item_id": "A1", "name": "b", "quantity": 1}));
    server.remove(FROM, "A2");
    server.put(TO, &json!({"item_id": "A3", "name": "a", "quantity": 33}));
    server.remove(TO, "A4");
    for org in [FROM, TO] {
        server.put(org, &json!({"item_id": "A5", "name": "both", "quantity": 5}));
        server.remove(org, "A6");
    }
    server.put(FROM, &json!({"item_id": "NEW", "name": "late"}));
    let run = check(&stockport, &[]).exit(4);
    for said in [
        "~ A1: differs in the source (name \"b\", in the target \"a\")",
        "- A2: missing in the source",
        "~ A3: differs in the target (quantity 3, in the target 33)",
        "- A4: missing in the target",
        "~ A5: differs in the source and in the target",
        "- A6: missing in the source and in the target",
        "+ NEW: new in the source",
        "which names 8 items: 3 missing, 3 different, 1 new",
    ] {
        assert!(run.stdout.contains(said), "{said}\n{}", run.stdout);
    }
    let document = check(&stockport, &["--json"]).exit(4).json();
    for (name, value) in [
        ("named", json!(8)),
        ("missing", json!(3)),
        ("differs", json!(3)),
        ("new", json!(1)),
        ("source", json!(FROM)),
        ("target", json!(TO)),
        ("error", json!(null)),
    ] {
        assert_eq!(document[name], value, "{document}");
    }
    assert_eq!(
        document["items"][0],
        json!({"id": "A1", "source_id": null, "change": "differs", "at": ["source"],
            "fields": [{"field": "name", "source": "b", "target": "a"}]})
    );
    assert_eq!(server.posts().len(), sent);
    assert!(
        server
            .requests()
            .iter()
            .skip(sent)
            .all(|request| request.method != "DELETE")
    );
}

#[test]
fn a_part_and_its_ids_are_those_of_the_certificate() {
    let server = server(5);
    let stockport = at(&server);
    let part = ["--id-prefix", "N-", "--where", "quantity<3", "--certificate", "moved"];
    migrate(&stockport, &part).ok();
    assert_eq!(found(&stockport, 0), []);
    // Not of the part.
    server.put(FROM, &json!({"item_id": "A4", "name": "b", "quantity": 4}));
    server.put(FROM, &json!({"item_id": "A8", "name": "b", "quantity": 8}));
    assert_eq!(found(&stockport, 0), []);
    server.put(FROM, &json!({"item_id": "A9", "name": "b", "quantity": 2}));
    // No longer of the part, and so another item than the certificate's.
    server.put(FROM, &json!({"item_id": "A1", "name": "a", "quantity": 11}));
    assert_eq!(
        found(&stockport, 4),
        told(&[("N-A1", "differs", "[\"source\"]"), ("N-A9", "new", "[\"source\"]")])
    );
    let other = self::server(3);
    let stockport = at(&other);
    stockport.write("ids.csv", "from,to\nA1,B1\n");
    migrate(&stockport, &["--id-map", "ids.csv", "--certificate", "moved"]).ok();
    std::fs::remove_file(stockport.path("ids.csv")).unwrap();
    assert_eq!(found(&stockport, 0), []);
    other.remove(TO, "B1");
    assert_eq!(found(&stockport, 4), told(&[("B1", "missing", "[\"target\"]")]));
}

#[test]
fn conflicts_that_were_skipped_are_known_and_differences_are_still_wrong() {
    let server = server(3);
    server.put(TO, &json!({"item_id": "A2", "name": "theirs"}));
    let stockport = at(&server);
    migrate(&stockport, &["--on-conflict", "skip", "--certificate", "moved"]).ok();
    assert_eq!(found(&stockport, 0), []);
    let spoiled = self::server(3).spoil(&json!({"item_id": "A1", "name": "a", "quantity": 11}));
    let stockport = at(&spoiled);
    migrate(&stockport, &["--certificate", "moved"]).exit(4);
    assert_eq!(found(&stockport, 4), told(&[("A1", "differs", "[\"target\"]")]));
    spoiled.put(TO, &json!({"item_id": "A1", "name": "a", "quantity": 1}));
    assert_eq!(found(&stockport, 0), []);
}

#[test]
fn each_end_is_reached_with_its_own_key_and_no_key_goes_where_only_the_certificate_says() {
    let (old, new) = (server(2), Faulty::new());
    let stockport = Stockport::new();
    profiles(
        &stockport,
        &[
            ("old", old.url(), FROM, old.key(FROM)),
            ("new", new.url(), TO, new.key(TO)),
        ],
    );
    let stockport = stockport.env("STOCKPORT_CONFIG", "config.toml");
    let keys = ["--from-profile", "old", "--to-profile", "new"];
    stockport
        .run([&["migrate", "--certificate", "moved"], &keys[..]].concat())
        .ok();
    check(&stockport, &keys).ok();
    let seen = (old.seen(), new.seen());
    let swapped = check(&stockport, &["--from-profile", "new", "--to-profile", "old"]).exit(2);
    assert!(
        swapped.stderr.contains("the certificate is for sandbox-company at"),
        "{}",
        swapped.stderr
    );
    // A key of the environment is for another API.
    let stockport = stockport.env("CANNLYTICS_API_KEY", "a-key");
    let elsewhere = check(&stockport, &[]).exit(2);
    assert!(
        elsewhere
            .stderr
            .contains("and the key is for https://console.cannlytics.com/api"),
        "{}",
        elsewhere.stderr
    );
    assert_eq!((old.seen(), new.seen()), seen);
    let text = stockport.read("moved.json");
    assert!(!text.contains(old.key(FROM)) && !text.contains(new.key(TO)));
}

#[test]
fn what_is_no_certificate_or_of_other_organizations_is_refused_before_anything_is_asked() {
    let server = server(2);
    let stockport = at(&server);
    migrate(&stockport, &["--certificate", "moved"]).ok();
    let whole = stockport.read("moved.json");
    let seen = server.seen();
    check(&stockport, &["--from", FROM, "--to", TO]).ok();
    let asked = server.seen();
    assert!(asked > seen);
    let other = check(&stockport, &["--from", "elsewhere"]).exit(2);
    assert!(
        other.stderr.contains("it is for sandbox-company, not for elsewhere"),
        "{}",
        other.stderr
    );
    let reordered = whole.replacen("A0", "A9", 1);
    for (content, said) in [
        ("", "it is not a certificate"),
        ("[]", "it is not a certificate"),
        ("{}", "it is not a certificate"),
        (&whole[..whole.len() / 2], "it is not a certificate"),
        (&reordered, "don't match its hash"),
    ] {
        stockport.write("moved.json", content);
        let run = check(&stockport, &[]).exit(2);
        assert!(run.stderr.contains(said), "{said}: {}", run.stderr);
        let document = check(&stockport, &["--json"]).exit(2).json();
        assert!(document["error"].is_string(), "{document}");
    }
    std::fs::remove_file(stockport.path("moved.json")).unwrap();
    let absent = check(&stockport, &[]).exit(2);
    assert!(
        absent.stderr.contains("moved.json: it can't be read"),
        "{}",
        absent.stderr
    );
    std::fs::create_dir(stockport.path("moved.json")).unwrap();
    let folder = check(&stockport, &[]).exit(2);
    assert!(folder.stderr.contains("it is not a regular file"), "{}", folder.stderr);
    // As version 0.1.0 wrote it: all items, their ids as they were.
    std::fs::remove_dir(stockport.path("moved.json")).unwrap();
    let mut old: Value = serde_json::from_str(&whole).unwrap();
    for name in ["ids", "part", "skipped_conflicts", "source_changed", "quantities"] {
        old.as_object_mut().unwrap().remove(name);
    }
    stockport.write("moved.json", old.to_string());
    check(&stockport, &[]).ok();
    old["choice"] = json!(["those where quantity>1"]);
    stockport.write("moved.json", old.to_string());
    let words = check(&stockport, &[]).exit(2);
    assert!(
        words.stderr.contains("an earlier version of stockport wrote it"),
        "{}",
        words.stderr
    );
}
