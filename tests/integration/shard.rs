//! `--shard`: one job, done by several processes, each with its own journal and its own equation.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::Stockport;
use crate::support::faulty::{Fault, Faulty, Rule};

const ORG: &str = "sandbox-company";
const OTHER: &str = "sandbox-branch";
const ROWS: usize = 4_000;

/// Rows of every fate: good ones, bad ids, bad values under good ids, two rows of one id, warnings.
fn sheet() -> String {
    let mut sheet = "item_id,name,quantity\n".to_owned();
    for n in 0..ROWS {
        let id = match n % 400 {
            7 => format!("bad/{n}"),
            8 => String::new(),
            9 | 10 => format!("twice {}", n / 400),
            _ => format!("Nr {n:05}"),
        };
        let quantity = if (11..20).contains(&(n % 400)) {
            "#REF!".to_owned()
        } else {
            (n % 7).to_string()
        };
        writeln!(sheet, "{id},Item {n},{quantity}").unwrap();
    }
    sheet
}

fn spawn(stockport: &Stockport, args: &[&str]) -> Child {
    let mut command = stockport.command(args);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// The JSON summary of a process that has to end with this code.
fn ended(child: Child, code: i32) -> Value {
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{text}\n{complaint}");
    serde_json::from_str(&text).unwrap()
}

fn sum(summaries: &[Value], of: &str) -> u64 {
    summaries.iter().map(|summary| summary[of].as_u64().unwrap()).sum()
}

/// What is stored, without the stamps of the moment.
fn stored(server: &Faulty, org: &str) -> Vec<Value> {
    let items = server.items(org).into_values().map(|mut item| {
        item.remove("updated_at");
        Value::Object(item)
    });
    items.collect()
}

#[test]
fn four_shards_in_four_processes_do_what_one_process_does_even_when_one_is_killed_and_resumed() {
    let alone = Faulty::new();
    let stockport = Stockport::new().at_faulty(&alone, ORG);
    stockport.write("count.csv", sheet());
    let whole = stockport.run(["import", "count.csv", "--json"]).exit(3).json();

    let server = Faulty::new().rule(Rule::mixed(10, 4, Fault::passing()));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("count.csv", sheet());
    let shards = ["1/4", "2/4", "3/4", "4/4"];
    let import = |shard| {
        spawn(
            &stockport,
            &[
                "import",
                "count.csv",
                "--shard",
                shard,
                "--resume",
                "--batch",
                "20",
                "--json",
            ],
        )
    };
    let mut victim = import("3/4");
    let others: Vec<Child> = ["1/4", "2/4", "4/4"].map(&import).into_iter().collect();
    let is_the_victims = |ids: &[String]| ids.iter().any(|id| owner(id, 4) == 3);
    while victim.try_wait().unwrap().is_none()
        && server.posts().iter().filter(|post| is_the_victims(&post.ids)).count() < 10
    {
        std::thread::sleep(Duration::from_millis(2));
    }
    victim.kill().unwrap();
    victim.wait().unwrap();
    let mut summaries: Vec<Value> = others.into_iter().map(|child| ended(child, 3)).collect();
    summaries.push(ended(import("3/4"), 3));

    assert_eq!(stored(&server, ORG), stored(&alone, ORG));
    for part in ["read", "created", "rejected", "unchanged", "failed", "not_attempted"] {
        assert_eq!(
            sum(&summaries, part),
            whole[part].as_u64().unwrap(),
            "{part} of {summaries:?}"
        );
    }
    let files: BTreeSet<&str> = summaries
        .iter()
        .filter_map(|summary| summary["rejects_file"].as_str())
        .collect();
    assert_eq!(files.len(), 4, "{files:?}");
    let rejected: usize = files.iter().map(|file| stockport.read(file).lines().count() - 1).sum();
    assert_eq!(rejected as u64, whole["rejected"].as_u64().unwrap());
    // Each share is a run of its own, and the one that was killed was gone on with.
    let runs = stockport.run(["runs", "--json"]).ok().json();
    assert_eq!(runs["runs"].as_array().unwrap().len(), shards.len());
    for post in server.posts() {
        let owners: BTreeSet<u64> = post.ids.iter().map(|id| owner(id, 4)).collect();
        assert_eq!(owners.len(), 1, "{:?}", post.ids);
    }
}

/// Whose an id is, by the documented rule.
fn owner(id: &str, of: u64) -> u64 {
    use sha2::{Digest as _, Sha256};
    let hash = Sha256::digest(id.as_bytes());
    1 + u64::from_be_bytes(hash[..8].try_into().unwrap()) % of
}

#[test]
fn a_pod_takes_its_share_from_its_index() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("count.csv", "item_id,name\na,1\nb,2\nc,3\nd,4\ne,5\n");
    let args = ["import", "count.csv", "--shard", "auto/2", "--json"];
    let missing = stockport.run(args).exit(2).json();
    assert!(
        missing["error"]
            .as_str()
            .unwrap()
            .contains("JOB_COMPLETION_INDEX, which is not set"),
        "{missing}"
    );
    let stockport = stockport.env("JOB_COMPLETION_INDEX", "0");
    let first = stockport.run(args).ok().json();
    let own = ["a", "b", "c", "d", "e"]
        .into_iter()
        .filter(|id| owner(id, 2) == 1)
        .count();
    assert_eq!(first["read"], own);
    let stockport = stockport.env("JOB_COMPLETION_INDEX", "1");
    let second = stockport.run(args).ok().json();
    assert_eq!(second["created"], 5 - own);
    assert_eq!(server.count(ORG), 5);
    let stockport = stockport.env("JOB_COMPLETION_INDEX", "2");
    let beyond = stockport.run(args).exit(2);
    assert!(beyond.stderr.contains("has the numbers 0 to 1"), "{}", beyond.stderr);
}

#[test]
fn a_migration_in_four_shards_is_the_whole_migration_though_one_is_killed_and_each_has_its_certificate() {
    let server = Faulty::new();
    for n in 0..2_000 {
        server.put(ORG, &json!({"item_id": n.to_string(), "name": "a", "lab": {"n": n}}));
    }
    let server = server.rule(Rule::mixed(10, 5, Fault::passing()).on("POST"));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let part = |shard| {
        let args = [
            "migrate", "--from", ORG, "--to", OTHER, "--shard", shard, "--resume", "--batch", "20", "--json",
        ];
        spawn(&stockport, &args)
    };
    let mut victim = part("2/4");
    let others: Vec<Child> = ["1/4", "3/4", "4/4"].map(&part).into_iter().collect();
    let is_the_victims = |ids: &[String]| ids.iter().any(|id| owner(id, 4) == 2);
    while victim.try_wait().unwrap().is_none()
        && server.posts().iter().filter(|post| is_the_victims(&post.ids)).count() < 8
    {
        std::thread::sleep(Duration::from_millis(2));
    }
    victim.kill().unwrap();
    victim.wait().unwrap();
    let mut summaries: Vec<Value> = others.into_iter().map(|child| ended(child, 0)).collect();
    summaries.insert(1, ended(part("2/4"), 0));
    assert_eq!((sum(&summaries, "read"), sum(&summaries, "created")), (2_000, 2_000));
    let mut proved = BTreeSet::new();
    for (number, summary) in (1..).zip(&summaries) {
        let name = summary["certificate"].as_str().unwrap();
        assert!(name.ends_with(&format!("-shard-{number}-of-4.json")), "{name}");
        let certificate: Value = serde_json::from_str(&stockport.read(name)).unwrap();
        assert_eq!(
            (&certificate["whole"], &certificate["part"]["shard"]),
            (&json!(false), &json!(format!("{number}/4")))
        );
        for item in certificate["items"].as_array().unwrap() {
            assert_eq!(owner(item["id"].as_str().unwrap(), 4), number);
            proved.insert(item["id"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(proved.len(), 2_000);
    let there = server.items(OTHER);
    for item in stored(&server, ORG) {
        let there = &there[item["item_id"].as_str().unwrap()];
        assert_eq!((&there["name"], &there["lab"]), (&item["name"], &item["lab"]));
    }
    // The whole, run again by one process, has nothing left to do.
    let again = stockport
        .run(["migrate", "--from", ORG, "--to", OTHER, "--json"])
        .ok()
        .json();
    assert_eq!((&again["unchanged"], &again["conflicts"]), (&json!(2_000), &json!(0)));
    assert_eq!(again["whole"], true);
}
