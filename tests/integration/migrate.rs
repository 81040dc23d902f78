//! `stockport migrate`: between the two organizations of a sandbox, through faults, kills and conflicts.

mod check;
mod conflicts;
mod deltas;
mod mirror;
mod odd;
mod verdict;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use stockport::sandbox::Flavour;

use crate::support::Stockport;
use crate::support::faulty::Faulty;
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
        "sandbox-company holds 2 items (complete, both ends checked",
        "sandbox-branch holds 1 item (complete, both ends checked",
        "2 create",
        "2 read = 2 created",
        "2 items, no differences",
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
    // By the server's own log: nothing but reading has reached the source.
    let of_source: Vec<_> = server
        .requests()
        .into_iter()
        .filter(|request| request.query.contains(FROM))
        .collect();
    assert!(!of_source.is_empty() && of_source.iter().all(|request| request.method == "GET"));
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
    for (end, org) in [("source", FROM), ("target", TO)] {
        assert_eq!(
            (&certificate[end]["api"], &certificate[end]["organization"]),
            (&json!(server.url()), &json!(org))
        );
    }
    let moments =
        ["started", "ended"].map(|name| certificate[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap());
    assert!(moments[0] <= moments[1]);
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
        page.contains("COMPLETE AND EQUAL: every item of sandbox-company is in sandbox-branch"),
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
fn what_can_not_be_meant_is_refused_before_anything_is_sent() {
    let server = Faulty::new();
    server.put(FROM, &json!({"item_id": "1", "name": "a"}));
    let stockport = at(&server);
    // The API would take every item under a part of a name, and nobody would find them again.
    let part = stockport
        .run(["migrate", "--from", FROM, "--to", "sandbox-comp"])
        .exit(1);
    for said in ["one name is a part of the other", "has no organization 'sandbox-comp'"] {
        assert!(part.stderr.contains(said), "{}", part.stderr);
    }
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
    let absent = migrate(&stockport, &["--only", "1,nope"]).exit(1);
    assert!(
        absent.stderr.contains("sandbox-company doesn't hold nope"),
        "{}",
        absent.stderr
    );
    let org = migrate(&stockport, &["--org", FROM]).exit(2);
    assert!(org.stderr.contains("--org and --from"), "{}", org.stderr);
    stockport.write("ids.csv", "from,to\n1,2\n");
    server.put(FROM, &json!({"item_id": "2", "name": "b"}));
    let collision = migrate(&stockport, &["--id-map", "ids.csv"]).exit(1);
    assert!(
        collision.stderr.contains("two items would get the id \"2\""),
        "{}",
        collision.stderr
    );
    assert_eq!(server.posts().len(), 0);
}

#[test]
fn where_no_snapshot_can_be_kept_nothing_is_sent() {
    let server = Faulty::new();
    server.put(FROM, &json!({"item_id": "1", "name": "a"}));
    let stockport = at(&server);
    std::fs::write(stockport.home().join("data"), "no folder").unwrap();
    let run = migrate(&stockport, &[]).exit(1);
    assert!(run.stderr.contains("can't be created"), "{}", run.stderr);
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
    let other = "--allow-other-ids";
    migrate(&stockport, &["--id-map", "ids.csv", "--only", "1,2", other]).ok();
    let ids: Vec<String> = server.items(TO).into_keys().collect();
    assert_eq!(ids, ["2", "N-4", "N-5", "one"]);
    let bad = migrate(&stockport, &["--id-prefix", "a/", "--only", "1", other]).exit(3);
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
        run.stderr.contains("8: its own item_id is another one: \"eight\""),
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
            run.stderr.contains(&format!("the list of {named} is incomplete")),
            "{}",
            run.stderr
        );
        assert_eq!(server.posts().len(), 0);
    }
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
        run.stderr.contains("not as expected in sandbox-branch: 17 (quantity)"),
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
pub(crate) fn profiles(stockport: &Stockport, profiles: &[(&str, &str, &str, &str)]) {
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
        (["--from-profile", "old"], "--from-profile is given more than once"),
    ] {
        let refused = stockport.run([&ends[..], &more].concat()).exit(2);
        assert!(refused.stderr.contains(said), "{}", refused.stderr);
    }
    let unknown = stockport
        .run(["migrate", "--from-profile", "old", "--to-profile", "ne"])
        .exit(2);
    assert!(unknown.stderr.contains("the nearest is \"new\""), "{}", unknown.stderr);
}
