//! `stockport migrate`: between the two organizations of a sandbox, through faults, kills and conflicts.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use stockport::sandbox::Flavour;

use crate::support::Stockport;
use crate::support::faulty::{Fault, Faulty, Rule};
use crate::support::stockport::Run;

const FROM: &str = "sandbox-company";
const TO: &str = "sandbox-branch";

type Items = BTreeMap<String, Map<String, Value>>;

/// A home whose runs go to this server, with the key that may use both organizations.
fn at(server: &Faulty) -> Stockport {
    Stockport::new().at_faulty(server, FROM)
}

fn migrate(stockport: &Stockport, more: &[&str]) -> Run {
    let mut args = vec!["migrate", "--from", FROM, "--to", TO];
    args.extend(more);
    stockport.run(args)
}

/// The certificate that a run's JSON summary names.
fn certificate(stockport: &Stockport, summary: &Value) -> Value {
    let name = summary["certificate"].as_str().unwrap_or_else(|| panic!("{summary}"));
    serde_json::from_str(&stockport.read(name)).unwrap()
}

fn hash(form: &str) -> String {
    Sha256::digest(form)
        .iter()
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// What is stored, without the server's own stamps.
fn bare(mut items: Items) -> Items {
    for item in items.values_mut() {
        item.retain(|field, _| !["id", "updated_at", "updated_by"].contains(&field.as_str()));
    }
    items
}

#[test]
fn an_organization_is_moved_whole_and_proved_and_the_source_is_never_written_to() {
    let server = Faulty::new();
    server.put(
        FROM,
        &json!({"item_id": "1", "name": "Kush", "lab": {"thc": 20.5, "by": null}, "tags": [1, "a"]}),
    );
    server.put(
        FROM,
        &json!({"item_id": "Ü 2", "status": "None", "seen": true, "unheard_of": 9_007_199_254_740_993_i64}),
    );
    server.put(TO, &json!({"item_id": "other", "name": "theirs"}));
    let before = server.items(FROM);
    let stockport = at(&server);
    let run = migrate(&stockport, &[]).ok();
    for said in [
        "sandbox-company holds 2 items (proved whole",
        "sandbox-branch holds 1 item (proved whole",
        "2 create",
        "2 read = 2 created",
        "2 items, none differs",
        "Certificate: ",
    ] {
        assert!(run.stdout.contains(said), "{said}\n{}", run.stdout);
    }
    let to = server.items(TO);
    for (id, item) in bare(before.clone()) {
        for (field, value) in item {
            assert_eq!(to[&id].get(&field), Some(&value), "{id} {field}");
        }
    }
    assert_eq!(server.items(FROM), before);
    assert!(server.posts().iter().all(|post| !post.query.contains(FROM)));
    let again = migrate(&stockport, &["--json"]).ok().json();
    assert_eq!((&again["unchanged"], &again["verified"]), (&json!(2), &json!(true)));
    assert_eq!(server.posts().len(), 1);
}

#[test]
fn the_certificate_is_true_and_names_no_key() {
    let server = Faulty::new();
    server.put(FROM, &json!({"item_id": "b", "quantity": "2.50", "name": "<b>"}));
    server.put(FROM, &json!({"item_id": "a", "name": "x", "y": null}));
    let stockport = at(&server);
    let summary = migrate(&stockport, &["--json", "--certificate", "proof.json"])
        .ok()
        .json();
    assert_eq!(summary["certificate"], "proof.json");
    let text = stockport.read("proof.json");
    let certificate = certificate(&stockport, &summary);
    assert_eq!(certificate["whole"], true);
    assert_eq!(certificate["differences"], json!([]));
    assert_eq!(certificate["counts"]["created"], 2);
    assert_eq!(certificate["source"]["organization"], FROM);
    assert_eq!(certificate["target"]["api"], server.url());
    assert_eq!(certificate["target"]["completeness_after"], "proved");
    let (a, b) = (
        hash(r#"{"item_id":"a","name":"x"}"#),
        hash(r#"{"item_id":"b","name":"<b>","quantity":25e-1}"#),
    );
    assert_eq!(
        certificate["items"],
        json!([{"id": "a", "sha256": a}, {"id": "b", "sha256": b}])
    );
    assert_eq!(certificate["sha256"], hash(&format!("{a}  a\n{b}  b\n")));
    let page = stockport.read("proof.html");
    assert!(
        page.contains("Every item of sandbox-company that was asked for is in sandbox-branch"),
        "{page}"
    );
    assert!(page.contains(&a) && page.contains("<p>None.</p>"));
    for key in [server.key(FROM), server.key(TO)] {
        assert!(!text.contains(key) && !page.contains(key));
    }
    let refused = migrate(&stockport, &["--certificate", "proof"]).exit(1);
    assert!(
        refused.stderr.contains("proof.json exists already"),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_conflict_stops_everything_unless_it_is_to_be_skipped_or_overwritten() {
    let server = Faulty::new();
    for n in 0..5 {
        server.put(
            FROM,
            &json!({"item_id": n.to_string(), "name": "ours", "lab": {"thc": n}}),
        );
    }
    server.put(
        TO,
        &json!({"item_id": "3", "name": "theirs", "note": "kept", "lab": {"thc": 3, "cbd": 1}}),
    );
    server.put(TO, &json!({"item_id": "4", "name": "ours", "lab": {"thc": 4}}));
    let stockport = at(&server);
    let look = migrate(&stockport, &["--dry-run"]).exit(1);
    assert!(
        look.stdout.contains("1 conflict\n") && look.stdout.contains("1 unchanged"),
        "{}",
        look.stdout
    );
    let fail = migrate(&stockport, &["--json"]).exit(1).json();
    assert!(
        fail["error"]
            .as_str()
            .unwrap()
            .contains("3 (name \"theirs\" → \"ours\")"),
        "{fail}"
    );
    assert_eq!((&fail["not_attempted"], &fail["conflicts"]), (&json!(5), &json!(1)));
    assert_eq!(server.posts().len(), 0);
    let skip = migrate(&stockport, &["--on-conflict", "skip", "--json"]).ok().json();
    assert_eq!(
        (&skip["created"], &skip["skipped"], &skip["unchanged"]),
        (&json!(3), &json!(1), &json!(1))
    );
    assert_eq!(server.items(TO)["3"]["name"], "theirs");
    let overwrite = migrate(&stockport, &["--on-conflict", "overwrite"]).ok();
    assert!(
        overwrite.stdout.contains("1 conflict, overwritten"),
        "{}",
        overwrite.stdout
    );
    assert!(
        overwrite.stdout.contains("keep what only they have: 3: lab.cbd, note"),
        "{}",
        overwrite.stdout
    );
    let item = &server.items(TO)["3"];
    assert_eq!((&item["name"], &item["note"]), (&json!("ours"), &json!("kept")));
    assert_eq!(item["lab"], json!({"thc": 3, "cbd": 1}));
    let undone = stockport.run(["undo", "--org", TO]).ok();
    assert!(undone.stdout.contains("1 read = 1 updated"), "{}", undone.stdout);
    assert_eq!(server.items(TO)["3"]["name"], "theirs");
}

#[test]
fn run_again_it_moves_what_has_changed_since_and_what_others_changed_is_a_conflict() {
    let server = Faulty::new();
    for n in 0..10 {
        server.put(
            FROM,
            &json!({"item_id": n.to_string(), "name": "a", "quantity": n, "lab": {"x": 1, "y": 2}}),
        );
    }
    let stockport = at(&server);
    migrate(&stockport, &[]).ok();
    server.put(
        FROM,
        &json!({"item_id": "3", "name": "b", "quantity": 3, "lab": {"x": 1, "y": 3}, "new": "z"}),
    );
    let second = migrate(&stockport, &[]).ok();
    assert!(
        second
            .stdout
            .contains("1 of the updates have changed in sandbox-company since run "),
        "{}",
        second.stdout
    );
    assert!(
        second.stdout.contains("10 read = 1 updated + 9 unchanged"),
        "{}",
        second.stdout
    );
    assert_eq!(server.items(TO)["3"]["lab"], json!({"x": 1, "y": 3}));
    // What the first run wrote, in an item that the second didn't touch; and once more what the second wrote.
    server.put(
        FROM,
        &json!({"item_id": "4", "name": "c", "quantity": 4, "lab": {"x": 1, "y": 2}}),
    );
    server.put(
        FROM,
        &json!({"item_id": "3", "name": "d", "quantity": 3, "lab": {"x": 1, "y": 3}, "new": "z"}),
    );
    let third = migrate(&stockport, &["--json"]).ok().json();
    assert_eq!((&third["updated"], &third["conflicts"]), (&json!(2), &json!(0)));
    // Somebody else has been at the target's item.
    let mut theirs = server.items(TO)["5"].clone();
    theirs.insert("quantity".to_owned(), json!(99));
    server.put(TO, &Value::Object(theirs));
    server.put(
        FROM,
        &json!({"item_id": "5", "name": "a", "quantity": 50, "lab": {"x": 1, "y": 2}}),
    );
    let fourth = migrate(&stockport, &[]).exit(1);
    assert!(fourth.stderr.contains("5 (quantity 99 → 50)"), "{}", fourth.stderr);
}

#[test]
fn what_can_not_be_meant_is_refused_before_anything_is_sent() {
    let server = Faulty::new();
    server.put(FROM, &json!({"item_id": "1", "name": "a"}));
    let stockport = at(&server);
    let same = stockport.run(["migrate", "--from", FROM, "--to", FROM]).exit(2);
    assert!(
        same.stderr.contains("source and target are the same"),
        "{}",
        same.stderr
    );
    let empty = stockport.run(["migrate", "--from", TO, "--to", FROM]).exit(1);
    assert!(
        empty.stderr.contains("sandbox-branch holds no items"),
        "{}",
        empty.stderr
    );
    stockport
        .run(["migrate", "--from", TO, "--to", FROM, "--allow-empty"])
        .ok();
    let part = stockport
        .run(["migrate", "--from", FROM, "--to", "sandbox-comp", "--dry-run"])
        .exit(1);
    assert!(
        part.stderr.contains("one name is a part of the other"),
        "{}",
        part.stderr
    );
    let absent = migrate(&stockport, &["--only", "1,nope"]).exit(1);
    assert!(
        absent.stderr.contains("sandbox-company doesn't hold nope"),
        "{}",
        absent.stderr
    );
    stockport.write("ids.csv", "from,to\n1,2\n");
    server.put(FROM, &json!({"item_id": "2", "name": "b"}));
    let collision = migrate(&stockport, &["--id-map", "ids.csv"]).exit(1);
    assert!(
        collision.stderr.contains("two items would become \"2\""),
        "{}",
        collision.stderr
    );
    assert_eq!(server.posts().len(), 0);
}

#[test]
fn ids_change_by_a_prefix_or_a_list_and_only_what_is_asked_for_is_moved() {
    let server = Faulty::new();
    for n in 0..6 {
        server.put(FROM, &json!({"item_id": n.to_string(), "quantity": n}));
    }
    let stockport = at(&server);
    let prefixed = migrate(&stockport, &["--id-prefix", "N-", "--where", "quantity>3", "--json"])
        .ok()
        .json();
    assert_eq!((&prefixed["created"], &prefixed["skipped"]), (&json!(2), &json!(4)));
    assert_eq!(certificate(&stockport, &prefixed)["items"][0]["source_id"], "4");
    assert_eq!(server.items(TO)["N-4"]["item_id"], "N-4");
    stockport.write("ids.csv", "from,to\n0,zero\n1,one\n");
    migrate(&stockport, &["--id-map", "ids.csv", "--only", "1,2"]).ok();
    let ids: Vec<String> = server.items(TO).into_keys().collect();
    assert_eq!(ids, ["2", "N-4", "N-5", "one"]);
    let bad = migrate(&stockport, &["--id-prefix", "a/", "--only", "1"]).exit(3);
    assert!(bad.stderr.contains("1: an item id can't hold '/'"), "{}", bad.stderr);
}

#[test]
fn an_item_that_says_another_id_of_itself_is_rejected_and_a_number_is_sent_as_text() {
    let server = Faulty::new();
    server.put(FROM, &json!({"item_id": "1", "name": "a"}));
    server.put_as(FROM, "7", &json!({"item_id": 7, "name": "b"}));
    server.put_as(FROM, "8", &json!({"item_id": "eight", "name": "c"}));
    server.put_as(FROM, "9", &json!({"name": "d"}));
    let stockport = at(&server);
    let run = migrate(&stockport, &[]).exit(3);
    assert!(run.stdout.contains("4 read = 2 created + 2 rejected"), "{}", run.stdout);
    assert!(
        run.stderr.contains("8: it says another item_id of itself: \"eight\""),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("9: it has no item_id"), "{}", run.stderr);
    assert_eq!(server.items(TO)["7"]["item_id"], "7");
    let rejects = stockport.read("migration-sandbox-company-sandbox-branch.rejects.jsonl");
    let rejects: Vec<Value> = rejects
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rejects.len(), 2);
    assert_eq!(
        (&rejects[1]["name"], &rejects[1]["_reason"]),
        (&json!("d"), &json!("9: it has no item_id"))
    );
}

#[test]
fn a_list_that_is_cut_on_either_side_is_no_migration() {
    let cut = Flavour {
        hard_cut: Some(3),
        ..Flavour::default()
    };
    for (from, to, named) in [(10, 0, FROM), (2, 10, TO)] {
        let server = Faulty::with(cut.clone());
        for (org, count) in [(FROM, from), (TO, to)] {
            for n in 0..count {
                server.put(org, &json!({"item_id": n.to_string()}));
            }
        }
        let stockport = at(&server);
        let run = migrate(&stockport, &[]).exit(4);
        assert!(
            run.stderr.contains(&format!("the list of {named} is not whole")),
            "{}",
            run.stderr
        );
        assert_eq!(server.posts().len(), 0);
    }
}

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
    let summary = stockport.run(args).ok().json();
    assert_eq!(summary["read"], items.len());
    assert_eq!(summary["verified"], true, "{summary}");
    let certificate = certificate(&stockport, &summary);
    assert_eq!(certificate["counts"]["equal"], items.len());
    assert_eq!(certificate["whole"], true);
    server.put(
        FROM,
        &json!({"item_id": "item 00009", "name": "changed after the run", "lab": {"late": 1}}),
    );
    let second = migrate(&stockport, &[]).ok();
    assert!(
        second
            .stdout
            .contains("1 of the updates have changed in sandbox-company since run "),
        "{}",
        second.stdout
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

#[test]
fn what_a_part_of_the_run_wrote_is_no_conflict_though_a_later_part_planned_anew_and_died_before_sending() {
    let server = Faulty::new();
    for n in 0..30 {
        server.put(FROM, &json!({"item_id": format!("{n:02}"), "name": "first"}));
    }
    let server = server.rule(Rule::from(2, Fault::ErrorBefore).on("POST"));
    let stockport = at(&server);
    let args = [
        "migrate", "--from", FROM, "--to", TO, "--resume", "--batch", "10", "--jobs", "1",
    ];
    // The first batch arrives; nothing that comes later does.
    for n in 0..2 {
        let seen = server.posts().len();
        let mut child = stockport
            .command(args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while server.posts().len() < seen + 2 - n && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(2));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        for id in ["03", "04"] {
            server.put(FROM, &json!({"item_id": id, "name": format!("changed {n}")}));
        }
    }
    server.behave();
    let summary = stockport.run(args.iter().chain(&["--json"])).ok().json();
    assert_eq!((&summary["conflicts"], &summary["verified"]), (&json!(0), &json!(true)));
    assert_eq!(server.items(TO)["03"]["name"], "changed 1");
}

#[test]
fn a_target_that_somebody_tampers_with_is_found_and_named() {
    let server = Faulty::new();
    for n in 0..250 {
        server.put(FROM, &json!({"item_id": n.to_string(), "name": "a", "quantity": n}));
    }
    let server = server.spoil(&json!({"item_id": "17", "name": "a", "quantity": 18}));
    let stockport = at(&server);
    let run = migrate(&stockport, &["--json"]).exit(4);
    let summary = run.json();
    assert_eq!(
        (&summary["created"], &summary["verified"]),
        (&json!(250), &json!(false))
    );
    assert!(
        run.stderr
            .contains("not as it should be in sandbox-branch: 17 (quantity)"),
        "{}",
        run.stderr
    );
    let certificate = certificate(&stockport, &summary);
    assert_eq!(certificate["whole"], false);
    assert_eq!(certificate["differences"], json!([{"id": "17", "differs": "quantity"}]));
    assert!(
        certificate["verdict"].as_str().unwrap().starts_with("NOT EQUAL"),
        "{certificate}"
    );
    assert_eq!(certificate["items"].as_array().unwrap().len(), 249);
}

/// A config file with these profiles: each its name, server, organization and the key of that.
fn profiles(stockport: &Stockport, profiles: &[(&str, &str, &str, &str)]) {
    let mut text = String::new();
    for (name, url, org, key) in profiles {
        let file = stockport.write(&format!("{name}.key"), key);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        let file = file.to_str().unwrap().replace('\\', "/");
        text += &format!("[profiles.{name}]\napi = \"{url}\"\norg = \"{org}\"\nkey_file = \"{file}\"\n");
    }
    stockport.write("config.toml", text);
}

#[test]
fn each_accounts_organization_is_reached_with_that_accounts_profile_and_no_other_key() {
    let (old, new) = (Faulty::new(), Faulty::new());
    old.put(FROM, &json!({"item_id": "1", "name": "a"}));
    let stockport = Stockport::new();
    let config = stockport.path("config.toml");
    // The environment's key and API are right for neither.
    let silent = Faulty::new().expects_silence();
    let stockport = stockport
        .at_faulty(&silent, FROM)
        .env("STOCKPORT_CONFIG", config.to_str().unwrap());
    let shouted = new.url().replace("http://", "HTTP://");
    profiles(
        &stockport,
        &[
            ("old", old.url(), FROM, old.key(FROM)),
            ("new", new.url(), TO, new.key(TO)),
            ("again", &format!("{shouted}/"), TO, new.key(TO)),
        ],
    );
    let ends = ["migrate", "--from-profile", "old", "--to-profile", "new"];
    stockport.run(ends).ok();
    assert_eq!((new.count(TO), old.count(TO)), (1, 0));
    assert_eq!(old.posts().len(), 0);
    // One organization by two profiles, whose addresses are spelled in two ways.
    let twice = stockport
        .run(["migrate", "--from-profile", "new", "--to-profile", "again"])
        .exit(2);
    assert!(
        twice.stderr.contains("source and target are the same"),
        "{}",
        twice.stderr
    );
    // One name at two APIs is no reason to refuse, but to look twice.
    let same_name = stockport
        .run([&ends[..], &["--from", TO, "--allow-empty", "--dry-run"]].concat())
        .ok();
    assert!(
        same_name.stderr.contains("two names of one API"),
        "{}",
        same_name.stderr
    );
    for (more, said) in [
        (["--api", "http://127.0.0.1:9"], "--api and --from-profile"),
        (["--profile", "old"], "--profile and --from-profile"),
        (["--from-profile", "old"], "cannot be used multiple times"),
    ] {
        let refused = stockport.run([&ends[..], &more].concat()).exit(2);
        assert!(refused.stderr.contains(said), "{}", refused.stderr);
    }
    let unknown = stockport
        .run(["migrate", "--from-profile", "old", "--to-profile", "ne"])
        .exit(2);
    assert!(unknown.stderr.contains("the nearest is \"new\""), "{}", unknown.stderr);
}
