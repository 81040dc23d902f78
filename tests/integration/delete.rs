//! `stockport delete`: what goes, what stays, what stops it, and how it comes back.

mod meanwhile;

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Map, Value, json};
use stockport::columns::same;
use stockport::sandbox::Flavour;

use crate::support::Stockport;
use crate::support::faulty::{Fault, Faulty, Rule};

const ORG: &str = "sandbox-company";

type Items = BTreeMap<String, Map<String, Value>>;

/// A server with so many items, of every oddity that can be stored.
fn filled(server: Faulty, count: usize) -> Faulty {
    for number in 0..count {
        server.put(
            ORG,
            &json!({
                "item_id": format!("T{number:05}"), "name": format!("Item {number}"),
                "quantity": number, "weight": "024", "status": if number % 2 == 0 { "Active" } else { "Empty" },
                "extra": {"note": "Ü", "list": [1, {"a": null}]}, "own": true, "units": null,
            }),
        );
    }
    server
}

/// Whether both hold the same items with the same values, the server's own fields aside.
fn assert_equal(before: &Items, after: &Items) {
    assert_eq!(before.len(), after.len());
    for (id, item) in before {
        let now = &after[id];
        for field in item.keys().chain(now.keys()) {
            let servers = ["id", "updated_at", "updated_by"].contains(&field.as_str());
            assert!(servers || same(field, item.get(field), now.get(field)), "{id}: {field}");
        }
    }
}

fn counts(document: &Value) -> [u64; 6] {
    ["read", "deleted", "unchanged", "skipped", "rejected", "failed"].map(|name| document[name].as_u64().unwrap())
}

fn run_name(document: &Value) -> String {
    document["run"].as_str().unwrap().to_owned()
}

#[test]
fn five_thousand_of_six_thousand_go_past_faults_and_exactly_the_rest_stays_and_undo_brings_them_back_equal() {
    let server = filled(Faulty::new(), 6_000)
        .rule(Rule::mixed(10, 7, Fault::passing()).on("DELETE"))
        .rule(Rule::mixed(
            10,
            8,
            vec![Fault::ErrorBefore, Fault::Reset, Fault::CutBody, Fault::Unavailable],
        ));
    let before = server.items(ORG);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let doomed: Vec<&String> = before.keys().take(5_000).collect();
    let mut file = String::from("Name,Item ID\n");
    for id in &doomed {
        file.push_str(&format!("whatever,{id}\n"));
    }
    stockport.write("gone.csv", file);
    let pace = ["--jobs", "32", "--retries", "20", "--json"];
    let run = stockport
        .run(
            ["delete", "--file", "gone.csv", "--yes", "--verify"]
                .iter()
                .chain(&pace),
        )
        .ok()
        .json();
    assert_eq!(counts(&run), [5_000, 5_000, 0, 0, 0, 0]);
    assert_eq!(run["verified"], true);
    let left = server.items(ORG);
    assert_eq!(left.len(), 1_000);
    assert!(doomed.iter().all(|id| !left.contains_key(*id)));
    let undone = stockport.run(["undo", &run_name(&run)].iter().chain(&pace)).ok().json();
    assert_eq!((&undone["read"], &undone["created"]), (&json!(5_000), &json!(5_000)));
    assert_equal(&before, &server.items(ORG));
}

#[test]
fn named_ids_go_one_request_each_and_one_that_is_gone_already_is_unchanged() {
    let server = filled(Faulty::new(), 4);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let args = ["delete", "--ids", "T00001, T00003,nobody,T00001", "--yes"];
    let run = stockport.run(args).ok();
    assert!(run.stdout.contains("sandbox-company holds 4 items"), "{}", run.stdout);
    assert!(run.stdout.contains("2 delete"), "{}", run.stdout);
    assert!(run.stdout.contains("  - T00001 \"Item 1\"\n"), "{}", run.stdout);
    assert!(
        run.stdout.contains("3 read = 1 unchanged + 2 deleted\n"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("To undo it:\nstockport undo "), "{}", run.stdout);
    let ids: Vec<String> = server.items(ORG).into_keys().collect();
    assert_eq!(ids, ["T00000", "T00002"]);
    let deletes = server.requests().into_iter().filter(|r| r.method == "DELETE").count();
    assert_eq!(deletes, 2);
    let again = stockport.run(args.iter().chain(&["--json"])).ok().json();
    assert_eq!(counts(&again), [3, 0, 3, 0, 0, 0]);
}

#[test]
fn a_dry_run_shows_the_plan_and_neither_asks_nor_sends_nor_keeps_anything() {
    let server = filled(Faulty::new(), 20);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let run = stockport.run(["delete", "--where", "quantity<2", "--dry-run"]).ok();
    assert!(run.stdout.contains("2 delete"), "{}", run.stdout);
    assert!(
        run.stdout.contains("Dry run, nothing sent: 2 read = 2 to delete"),
        "{}",
        run.stdout
    );
    assert_eq!(server.count(ORG), 20);
    assert!(!stockport.home().join("state").exists() && !stockport.home().join("data").exists());
}

#[test]
fn without_a_terminal_and_without_yes_nothing_is_even_asked_for() {
    let server = Faulty::new().expects_silence();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let run = stockport.run(["delete", "--ids", "T00001"]).exit(2);
    assert!(run.stderr.contains("--yes"), "{}", run.stderr);
    stockport.run(["delete"]).exit(2);
    stockport.run(["delete", "--ids", "A", "--where", "name=x"]).exit(2);
    stockport.run(["delete", "--ids", " , ", "--yes"]).exit(2);
    stockport.run(["delete", "--where", "name", "--yes"]).exit(2);
    stockport.run(["delete", "--ids", "A", "--sheet", "x", "--yes"]).exit(2);
}

#[test]
fn conditions_stop_above_a_tenth_and_named_ids_do_not() {
    let server = filled(Faulty::new(), 20);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let by = |condition: &str, bound: &[&str]| {
        let args = ["delete", "--where", condition, "--yes", "--json"];
        stockport.run(args.iter().chain(bound))
    };
    let stopped = by("quantity<3", &[]).exit(1).json();
    assert!(
        stopped["error"]
            .as_str()
            .unwrap()
            .contains("3 of 20 items would be deleted"),
        "{stopped}"
    );
    assert_eq!((&stopped["read"], &stopped["not_attempted"]), (&json!(3), &json!(3)));
    by("quantity<3", &["--dry-run"]).exit(1);
    by("quantity<3", &["--max-delete", "2"]).exit(1);
    assert_eq!(server.count(ORG), 20);
    assert_eq!(counts(&by("quantity<2", &[]).ok().json()), [2, 2, 0, 0, 0, 0]);
    assert_eq!(
        counts(&by("quantity<5", &["--max-delete", "20%"]).ok().json()),
        [3, 3, 0, 0, 0, 0]
    );
    let named = ["delete", "--ids", "T00005,T00006,T00007,T00008,T00009", "--yes"];
    stockport.run(named.iter().chain(&["--max-delete", "4"])).exit(1);
    stockport.run(named).ok();
    assert_eq!(server.count(ORG), 10);
    // What nothing meets is no deletion: nothing is asked, kept or sent.
    assert_eq!(counts(&by("quantity>100", &[]).ok().json()), [0, 0, 0, 0, 0, 0]);
}

#[test]
fn a_field_that_is_misspelt_deletes_nothing() {
    let server = filled(Faulty::new(), 3);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let run = stockport.run(["delete", "--where", "staus=Empty", "--yes"]).exit(2);
    assert!(run.stderr.contains("the nearest is \"status\""), "{}", run.stderr);
    assert_eq!(server.count(ORG), 3);
}

/// The words of the command that restores the safety copy that a command has named.
pub(crate) fn way_back(stdout: &str) -> Vec<String> {
    let line = stdout.lines().find(|line| line.contains(" as a safety copy ("));
    let (_, path) = line.and_then(|line| line.split_once("): ")).unwrap();
    ["backup", "restore", path].map(str::to_owned).into()
}

#[test]
fn the_undo_leads_to_the_api_and_the_key_that_only_the_command_line_named() {
    let server = filled(Faulty::new(), 3);
    let stockport = Stockport::new()
        .at_faulty(&server, ORG)
        .env("CANNLYTICS_API_URL", "http://127.0.0.1:9/api")
        .env("CANNLYTICS_API_KEY", "another-key");
    let before = server.items(ORG);
    crate::config::write_key(&stockport, "own.key", server.key(ORG));
    let reached = ["--api", server.url(), "--key-file", "own.key"];
    let delete = ["delete", "--ids", "T00001", "--yes"];
    let run = stockport.run(delete.iter().chain(&reached)).ok();
    let undo = run.stdout.lines().last().unwrap().strip_prefix("stockport ").unwrap();
    let undone = stockport.run(undo.split(' ')).ok();
    assert!(undone.stdout.contains("1 read = 1 created"), "{}", undone.stdout);
    assert_eq!(server.items(ORG).len(), before.len());
}

#[test]
fn what_is_there_is_kept_as_a_snapshot_that_is_named_and_restored() {
    let server = filled(Faulty::new(), 3);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let before = server.items(ORG);
    let run = stockport.run(["delete", "--ids", "T00001", "--yes"]).ok();
    let restore = way_back(&run.stdout);
    assert_eq!(restore[..2], ["backup", "restore"]);
    let undo = run.stdout.lines().last().unwrap();
    assert!(
        undo.starts_with("stockport undo ") && undo.ends_with(&format!(" --org {ORG}")),
        "{undo}"
    );
    let folder = stockport.home().join("data/stockport/snapshots");
    let folder = folder.to_str().unwrap();
    let listed = stockport.run(["backup", "list", folder]).ok();
    assert!(listed.stdout.contains("3 items"), "{}", listed.stdout);
    stockport.run(["backup", "verify", folder]).ok();
    let restored = stockport.run(&restore).ok();
    assert!(
        restored.stdout.contains("3 read = 1 created + 2 unchanged"),
        "{}",
        restored.stdout
    );
    assert_equal(&before, &server.items(ORG));
}

#[test]
fn of_a_list_that_is_cut_the_snapshot_holds_what_goes_and_says_that_it_is_a_part() {
    let server = filled(
        Faulty::with(Flavour {
            hard_cut: Some(4),
            ..Flavour::default()
        }),
        20,
    );
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let before = server.items(ORG);
    let run = stockport.run(["delete", "--ids", "T00010", "--yes"]).ok();
    let restore = way_back(&run.stdout);
    let mut exact = restore.clone();
    exact.extend(["--exact", "--yes", "--max-delete", "100%"].map(str::to_owned));
    let refused = stockport.run(&exact).exit(1);
    assert!(refused.stderr.contains("holds only a part"), "{}", refused.stderr);
    stockport.run(&restore).ok();
    assert_equal(&before, &server.items(ORG));
}

#[test]
fn where_the_copy_cannot_be_kept_nothing_goes() {
    let server = filled(Faulty::new(), 3);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    fs::write(stockport.home().join("data"), "no folder").unwrap();
    let run = stockport.run(["delete", "--ids", "T00001", "--yes"]).exit(1);
    assert!(run.stderr.contains("can't be created"), "{}", run.stderr);
    assert_eq!(server.count(ORG), 3);
}

#[test]
fn a_file_needs_a_column_of_ids_and_nothing_else_of_it_matters() {
    let server = filled(Faulty::new(), 6);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    // An id in two rows is asked for once; what the other columns hold rejects nothing.
    stockport.write(
        "gone.csv",
        "Quantity,Item ID\n\"1.234,50\",T00001\n#REF!,T00002\n5,T00001\n,\n1,bad/id\n",
    );
    let run = stockport
        .run(["delete", "--file", "gone.csv", "--yes", "--json"])
        .exit(3)
        .json();
    assert_eq!(counts(&run), [3, 2, 0, 0, 1, 0]);
    assert_eq!(run["rejects_file"], "gone.rejects.csv");
    assert!(stockport.read("gone.rejects.csv").contains("bad/id"));
    assert_eq!(server.count(ORG), 4);
    stockport.write("gone.jsonl", "{\"id\":\"T00003\",\"item_id\":\"T00003\"}\n");
    stockport.run(["delete", "--file", "gone.jsonl", "--yes"]).ok();
    let piped = stockport.run_with_input(["delete", "--file", "-", "--yes"], b"item_id\nT00004\n");
    piped.ok();
    assert_eq!(server.count(ORG), 2);
    stockport.write("none.csv", "Name,Quantity\nx,1\n");
    stockport.run(["delete", "--file", "none.csv", "--yes"]).exit(1);
}

#[test]
fn ids_that_do_not_go_through_stand_in_a_file_that_can_be_given_again() {
    let server = filled(Faulty::new(), 3).rule(Rule::from(1, Fault::ErrorBefore).on("DELETE"));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let run = stockport
        .run(["delete", "--ids", "T00001,a/b", "--yes", "--json", "--retries", "1"])
        .exit(3)
        .json();
    assert_eq!(counts(&run), [2, 0, 0, 0, 1, 1]);
    assert_eq!(run["rejects_file"], "delete.rejects.csv");
    let rejects = stockport.read("delete.rejects.csv");
    assert!(rejects.contains("T00001,1,,T00001,"), "{rejects}");
    assert!(rejects.contains("can't hold '/'"), "{rejects}");
    server.behave();
    let again = stockport
        .run(["delete", "--file", "delete.rejects.csv", "--yes", "--json"])
        .exit(3)
        .json();
    assert_eq!(counts(&again), [2, 1, 0, 0, 1, 0]);
}

#[test]
fn conditions_need_a_list_that_is_whole_and_named_ids_are_asked_for_one_by_one() {
    let server = filled(
        Faulty::with(Flavour {
            hard_cut: Some(4),
            ..Flavour::default()
        }),
        20,
    );
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let run = stockport.run(["delete", "--where", "quantity=9", "--yes"]).exit(4);
    assert!(
        run.stderr.contains("the list of sandbox-company is incomplete"),
        "{}",
        run.stderr
    );
    assert_eq!(server.count(ORG), 20);
    let run = stockport
        .run(["delete", "--ids", "T00010,T00099", "--yes", "--json", "--verify"])
        .ok()
        .json();
    assert_eq!(counts(&run), [2, 1, 1, 0, 0, 0]);
    assert!(!server.items(ORG).contains_key("T00010"));
}

#[test]
fn the_form_of_deletion_that_the_endpoint_takes_is_found_whichever_it_is() {
    for fault in [
        Fault::NoBodyDelete(500),
        Fault::NoBodyDelete(405),
        Fault::NoBodyDelete(200),
        Fault::NoPathDelete(404),
    ] {
        let server = filled(Faulty::new(), 30).rule(Rule::from(1, fault.clone()).on("DELETE"));
        let stockport = Stockport::new().at_faulty(&server, ORG);
        let args = [
            "delete",
            "--where",
            "quantity<20",
            "--max-delete",
            "100%",
            "--yes",
            "--json",
            "--retries",
            "1",
        ];
        let run = stockport.run(args).ok().json();
        assert_eq!(counts(&run), [20, 20, 0, 0, 0, 0], "{fault:?}");
        assert_eq!(server.count(ORG), 10, "{fault:?}");
    }
}

#[test]
fn undo_leaves_what_has_been_created_anew_since() {
    let server = filled(Faulty::new(), 3);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.run(["delete", "--ids", "T00001,T00002", "--yes"]).ok();
    server.put(ORG, &json!({"item_id": "T00001", "name": "another"}));
    let run = stockport.run(["undo", "--json"]).exit(3).json();
    assert_eq!((&run["created"], &run["rejected"]), (&json!(1), &json!(1)));
    assert_eq!(server.items(ORG)["T00001"]["name"], "another");
    assert_eq!(server.items(ORG)["T00002"]["name"], "Item 2");
}

#[test]
fn a_deletion_that_the_endpoint_only_claims_is_a_failure() {
    // The answer is a success of some proxy's, and nothing is done.
    let server = filled(Faulty::new(), 2).rule(Rule::from(1, Fault::ProxyPage).on("DELETE"));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let run = stockport
        .run(["delete", "--ids", "T00001", "--yes", "--json", "--retries", "1"])
        .exit(3)
        .json();
    assert_eq!(counts(&run), [1, 0, 0, 0, 0, 1]);
    assert_eq!(server.count(ORG), 2);
}

#[cfg(target_os = "linux")]
/// Runs at a terminal, which only a helper of the system can give; what it shows, or none where there is no helper.
fn at_a_terminal(stockport: &Stockport, args: &str, answer: &str) -> Option<String> {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    let line = format!("{} {args}", env!("CARGO_BIN_EXE_stockport"));
    let mut command = stockport.command([""; 0]);
    let settings: Vec<_> = command
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect();
    let folder = command.get_current_dir().map(std::borrow::ToOwned::to_owned);
    command = Command::new("script");
    command.args(["-qec", &line, "/dev/null"]).env_clear().envs(settings);
    command
        .current_dir(folder.unwrap())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().ok()?;
    child.stdin.take().unwrap().write_all(answer.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(target_os = "linux")]
#[test]
fn at_a_terminal_the_question_names_the_organization_and_the_count_and_only_yes_deletes() {
    let server = filled(Faulty::new(), 3);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let args = "delete --ids T00001,T00002 --no-progress";
    let Some(shown) = at_a_terminal(&stockport, args, "n\n") else {
        eprintln!("skipped: there is no program `script` to give a terminal");
        drop(server.expects_silence());
        return;
    };
    let question = "2 items of the 3 that sandbox-company holds will be deleted. Continue? [y/N]";
    assert!(shown.contains(question), "{shown}");
    assert_eq!(server.count(ORG), 3, "{shown}");
    assert!(!stockport.home().join("data").exists(), "a copy for nothing");
    let shown = at_a_terminal(&stockport, args, "y\n").unwrap();
    assert!(shown.contains("2 read = 2 deleted"), "{shown}");
    assert_eq!(server.count(ORG), 1);
}
