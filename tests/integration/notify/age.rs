//! `backup check`: the age of the newest complete snapshot of each organization.

use std::fs;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use stockport::snapshot::{Kind, Shelf};

use crate::backup::{ORG, made};
use crate::support::{Run, Stockport};

const BRANCH: &str = "sandbox-branch";

fn shelf(stockport: &Stockport, org: &str) -> Shelf {
    Shelf::of(&stockport.path("bk"), org).unwrap()
}

/// A snapshot that was begun so many hours ago.
fn aged(stockport: &Stockport, org: &str, hours: i64) -> String {
    let moment = Timestamp::now() - SignedDuration::from_hours(hours);
    let made = made(
        &shelf(stockport, org),
        &moment.to_string(),
        usize::try_from(1 + hours.unsigned_abs()).unwrap(),
        None,
    );
    made.name.to_string()
}

fn check(stockport: &Stockport, args: &[&str]) -> Run {
    stockport.run(["backup", "check"].iter().chain(args))
}

fn first(run: &Run) -> Value {
    run.json()["organizations"][0].clone()
}

#[test]
fn a_young_snapshot_is_enough_and_an_old_one_is_exit_4() {
    let stockport = Stockport::new();
    aged(&stockport, ORG, 50);
    let name = aged(&stockport, ORG, 20);
    for dir in ["bk".to_owned(), format!("bk/{ORG}")] {
        let run = check(&stockport, &[&dir, "--max-age", "26h", "--json"]).ok();
        let one = first(&run);
        assert_eq!((&one["snapshot"], &one["fresh"]), (&json!(name), &json!(true)), "{one}");
        let age = one["age_seconds"].as_u64().unwrap();
        assert!((72_000..72_300).contains(&age), "{one}");
        assert_eq!(run.json()["error"], Value::Null);
    }
    let run = check(&stockport, &["bk", "--max-age", "19h"]).exit(4);
    assert!(
        run.stdout
            .contains(&format!("{ORG}: too old: {name} is 20 h old (at most 19 h)")),
        "{run:?}"
    );
    let run = check(&stockport, &["bk", "--max-age", "19h", "-q"]).exit(4);
    assert!(run.stdout.is_empty() && run.stderr.contains("20 h old"), "{run:?}");
    let run = check(&stockport, &["bk", "--max-age", "19h", "--json"]).exit(4).json();
    assert!(run["error"].as_str().unwrap().contains(ORG), "{run}");
    let run = check(&stockport, &[&format!("bk/{ORG}/{name}"), "--max-age", "19h"]).exit(2);
    assert!(run.stderr.contains("folder"), "{run:?}");
    check(&stockport, &["bk"]).exit(2);
    for age in ["26", "1y", "-1h", "soon"] {
        let run = check(&stockport, &["bk", &format!("--max-age={age}")]).exit(2);
        assert!(run.stderr.contains("1d12h"), "{run:?}");
    }
}

#[test]
fn each_organization_needs_a_young_one_unless_it_is_not_asked_for() {
    let stockport = Stockport::new();
    aged(&stockport, ORG, 1);
    aged(&stockport, BRANCH, 30);
    let run = check(&stockport, &["bk", "--max-age", "1d", "--json"]).exit(4).json();
    let fresh: Vec<&Value> = run["organizations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["fresh"])
        .collect();
    assert_eq!(fresh, [&json!(false), &json!(true)], "{run}");
    assert!(!run["error"].as_str().unwrap().contains(ORG), "{run}");
    check(&stockport, &["bk", "--max-age", "1d", "--org", ORG]).ok();
    check(&stockport, &["bk", "--max-age", "1d", "--org", BRANCH]).exit(4);
    check(&stockport, &["bk", "--max-age", "1d", "--org", "another"]).exit(4);
    // The environment's organization is what is written to, not what is looked at.
    let other = stockport.env("STOCKPORT_ORG", ORG);
    check(&other, &["bk", "--max-age", "1d"]).exit(4);
}

#[test]
fn where_there_is_no_backup_none_is_young_enough() {
    let stockport = Stockport::new();
    let run = check(&stockport, &["bk", "--max-age", "1w", "--json"]).exit(4);
    assert!(run.json()["error"].as_str().unwrap().contains("no snapshot"), "{run:?}");
    made(
        &shelf(&stockport, ORG).safety(),
        "2026-11-27T02:00:00Z",
        3,
        Some(Kind::Safety),
    );
    let run = check(&stockport, &["bk", "--max-age", "1w", "--json"]).exit(4);
    assert!(
        run.json()["error"].as_str().unwrap().contains("no complete snapshot"),
        "{run:?}"
    );
    // Beside another organization's good one it still counts.
    aged(&stockport, BRANCH, 1);
    let run = check(&stockport, &["bk", "--max-age", "1w"]).exit(4);
    assert!(run.stdout.contains(&format!("{ORG}: no complete snapshot")), "{run:?}");
}

#[test]
fn what_a_clock_ahead_has_dated_in_the_future_is_named_and_is_not_fresh() {
    let stockport = Stockport::new();
    aged(&stockport, ORG, 30);
    let name = aged(&stockport, ORG, -24);
    let run = check(&stockport, &["bk", "--max-age", "26h", "--json"]).exit(4);
    let document = run.json();
    assert!(document["warnings"].to_string().contains(&name), "{document}");
    assert!(
        first(&run)["skipped"].to_string().contains("in the future"),
        "{document}"
    );
    assert_eq!(first(&run)["age_seconds"].as_u64().unwrap() / 3600, 30);
    assert!(run.stderr.contains("check this machine's clock"), "{run:?}");
    // Clocks that are set over a network differ by less than five minutes.
    let moment = Timestamp::now() + SignedDuration::from_secs(60);
    made(&shelf(&stockport, ORG), &moment.to_string(), 9, None);
    check(&stockport, &["bk", "--max-age", "1m"]).ok();
}

fn manifest(stockport: &Stockport, name: &str) -> std::path::PathBuf {
    stockport.path("bk").join(ORG).join(format!("{name}.manifest.json"))
}

fn spoil(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn what_is_damaged_or_cannot_be_read_is_named_and_does_not_count() {
    for which in ["manifest", "data", "newer"] {
        let stockport = Stockport::new();
        aged(&stockport, ORG, 30);
        let name = aged(&stockport, ORG, 2);
        let path = manifest(&stockport, &name);
        match which {
            "manifest" => spoil(&path),
            "data" => spoil(&path.with_file_name(format!("{name}.jsonl.zst"))),
            _ => {
                let text = fs::read_to_string(&path).unwrap();
                fs::write(&path, text.replace("\"format\": 1", "\"format\": 2")).unwrap();
            }
        }
        let run = check(&stockport, &["bk", "--max-age", "26h", "--json"]).exit(4);
        assert!(first(&run)["skipped"].to_string().contains(&name), "{which}: {run:?}");
        assert!(run.stderr.contains(&name), "{which}: {run:?}");
        let run = check(&stockport, &["bk", "--max-age", "2d"]).ok();
        assert!(run.stderr.contains(&name), "{which}: {run:?}");
    }
}

#[test]
fn an_age_is_numbers_with_units() {
    for (text, seconds) in [
        ("26h", Some(93_600)),
        ("1d12h", Some(129_600)),
        ("1d 12h", Some(129_600)),
        ("90m", Some(5_400)),
        ("2w", Some(1_209_600)),
        ("0s", Some(0)),
        ("", None),
        ("26", None),
        ("h", None),
        ("1d12", None),
        ("1.5h", Some(5_400)),
        ("-1h", None),
        ("1h ago", None),
        ("1month", None),
        ("1y", None),
        ("99999999999999999999w", None),
    ] {
        let args = ["stockport", "backup", "check", "bk", "--max-age", text];
        let parsed = stockport::cli::command().try_get_matches_from(args);
        let age = parsed.ok().and_then(|matches| {
            let check = matches.subcommand()?.1.subcommand()?.1.clone();
            Some(check.get_one::<std::time::Duration>("max_age")?.as_secs())
        });
        assert_eq!(age, seconds, "{text:?}");
    }
}
