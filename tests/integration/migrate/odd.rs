//! A whole inventory of every oddity, moved through faults and kills.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use super::{FROM, Items, TO, at, bare, certificate, migrate};
use crate::support::faulty::{Fault, Faulty, Rule};

/// Items with every oddity that an inventory can have.
fn oddities(count: usize) -> Items {
    let mut items: Items = (0..count)
        .map(|n| {
            let mut item = json!({"item_id": format!("item {n:05}"), "name": format!("Größe 柚子 🌿 {n}"), "quantity": n});
            let odd = match n % 10 {
                0 => json!({"lab": {"thc": 20.25, "terpenes": {"limonene": [1, "x", {"y": null}], "empty": {}}, "none": null}}),
                1 => json!({"status": null, "area_name": "", "units": "None", "approved": "none"}),
                2 => json!({"weight": 1.797_693_134_862_315_7e308, "volume": 5e-324, "dose": -0.1, "far": i64::MAX, "low": i64::MIN}),
                3 => json!({"quantity": "024", "dose_number": "1,234", "moved_at": "07/08/2021", "approved": true}),
                4 => json!({"unheard_of": [{}, 1.0, null, ""], "Ünï cöde": {"ключ": "значение"}, "_": false}),
                5 => json!({"name": "line\nbreak\ttab \"quote\" \\ \u{1}", "area_id": "0042"}),
                6 => json!({"quantity": 0.1, "serving_size": 1e21, "tiny": 1e-7, "whole": 5.0}),
                7 => json!({"map": {}, "list": [], "deep": {"a": {"b": {"c": {"d": [true]}}}}}),
                8 => json!({"=cmd|' /C calc'!A0": "=1+1", "updated": "2021-07-08T00:00:00Z"}),
                _ => json!({"name": "  spaces outside  ", "strain_name": "e\u{301}"}),
            };
            item.as_object_mut().unwrap().extend(odd.as_object().unwrap().clone());
            (format!("item {n:05}"), item.as_object().unwrap().clone())
        })
        .collect();
    // As large as an item may be, next to it its name and its own id.
    let large = json!({"item_id": "large", "note": "x".repeat((1 << 20) - 200)});
    items.insert("large".to_owned(), large.as_object().unwrap().clone());
    let number = json!({"item_id": 10001, "name": "a number of old"});
    items.insert("10001".to_owned(), number.as_object().unwrap().clone());
    items
}

/// As many as the batches of two hundred requests hold.
const MANY: usize = 20_000;

#[test]
fn every_oddity_arrives_through_faults_and_three_kills_and_a_second_run_moves_what_changed_meanwhile() {
    let items = oddities(MANY);
    let server = Faulty::new();
    server.fill(FROM, &items);
    let stored = server.items(FROM);
    let server = server.rule(Rule::mixed(10, 6, Fault::passing()));
    let stockport = at(&server);
    let args = ["migrate", "--from", FROM, "--to", TO, "--resume", "--json"];
    for kill in 1..=3 {
        let seen = server.posts().len();
        let mut child = stockport
            .command(args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while server.posts().len() < seen + 5 * kill && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(2));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // Somebody goes on working in the source.
        let id = format!("item {kill:05}");
        let mut item = stored[&id].clone();
        item.insert("name".to_owned(), json!(format!("changed after kill {kill}")));
        server.put(FROM, &Value::Object(item));
    }
    // And while the last part sends, what that has read already.
    let seen = server.posts().len();
    let mut child = stockport.command(args).stdout(Stdio::piped()).spawn().unwrap();
    while server.posts().len() == seen && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    let mut item = stored["item 00004"].clone();
    item.insert("name".to_owned(), json!("changed during the run"));
    server.put(FROM, &Value::Object(item));
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["read"], items.len());
    assert_eq!(summary["verified"], true, "{summary}");
    let certificate = certificate(&stockport, &summary);
    assert_eq!(certificate["counts"]["equal"], items.len());
    assert_eq!(certificate["whole"], false);
    assert_eq!(
        certificate["source_changed"]["changed"],
        json!([{"id": "item 00004", "fields": [
            {"field": "name", "read": stored["item 00004"]["name"], "now": "changed during the run"},
        ]}])
    );
    server.put(
        FROM,
        &json!({"item_id": "item 00009", "name": "changed after the run", "lab": {"late": 1}}),
    );
    let second = migrate(&stockport, &[]).ok();
    assert!(
        second
            .stdout
            .contains("2 of the updates have changed in sandbox-company since run "),
        "{}",
        second.stdout
    );
    assert!(
        server
            .requests()
            .iter()
            .all(|request| request.method == "GET" || !request.query.contains(FROM))
    );
    let (from, to) = (bare(server.items(FROM)), bare(server.items(TO)));
    assert_eq!(from.len(), to.len());
    for (id, item) in &from {
        for (field, value) in item {
            let there = to[id].get(field);
            let same = Some(value) == there || (field == "item_id" && there == Some(&json!(id)));
            assert!(same, "{id} {field}: {value} {there:?}");
        }
    }
}
