//! What stops a run that would do harm, what holds its pace, and what is told of it.

use std::process::Stdio;
use std::thread;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::support::Stockport;
use crate::support::faulty::{Fault, Faulty, Request, Rule};
use crate::support::load::{Load, assert_adds_up, contents, id};

const ORG: &str = "sandbox-company";

#[test]
fn two_runs_into_one_organization_at_once_are_noticed_and_the_holder_is_named() {
    let load = Load::new(500);
    let server = Faulty::new().rule(Rule::every(1, Fault::Slow(Duration::from_millis(100))).on("POST"));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    load.prepare(&server, ORG, &stockport);
    stockport.write("other.csv", "item_id,name\nA1,Kush\n");
    let mut first = stockport
        .command(["import", "load.csv", "--jobs", "1", "--batch", "10"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while server.posts().is_empty() {
        thread::sleep(Duration::from_millis(2));
    }
    let second = stockport.run(["import", "other.csv", "--json"]).exit(1);
    assert!(second.stderr.contains("another run is writing"), "{}", second.stderr);
    assert!(
        second.stderr.contains(&format!("process {}", first.id())),
        "{}",
        second.stderr
    );
    stockport.run(["undo"]).exit(1);
    // Looking is free, and so is another organization.
    stockport.run(["import", "other.csv", "--dry-run"]).ok();
    assert!(first.try_wait().unwrap().is_none(), "the first was still at it");
    assert_eq!(first.wait().unwrap().code(), Some(0));
    load.assert_stored(&server, ORG, "the first");
    stockport.run(["import", "other.csv"]).ok();
}

#[test]
fn a_key_never_travels_in_the_open_nor_through_a_redirect_nor_with_a_line_break() {
    let stockport = Stockport::new()
        .env("CANNLYTICS_API_KEY", "s3cret-key")
        .env("STOCKPORT_ORG", ORG);
    stockport.write("new.csv", "item_id,name\nA1,Kush\n");
    let open = stockport.run(["import", "new.csv", "--api", "http://inventory.example/api"]);
    assert!([1, 2].contains(&open.code), "{open:?}");
    assert!(
        open.stderr.contains("http") && !open.stderr.contains("s3cret"),
        "{}",
        open.stderr
    );

    let server = Faulty::new().rule(Rule::every(1, Fault::Redirect));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("new.csv", "item_id,name\nA1,Kush\n");
    let run = stockport.run(["import", "new.csv"]).exit(1);
    assert!(run.stderr.contains("redirect"), "{}", run.stderr);
    assert!(
        server
            .requests()
            .iter()
            .all(|request| !request.path.contains("elsewhere"))
    );

    let silent = Faulty::new().expects_silence();
    let stockport = Stockport::new()
        .at_faulty(&silent, ORG)
        .env("CANNLYTICS_API_KEY", "s3cret\r\nX-Evil: yes");
    stockport.write("new.csv", "item_id,name\nA1,Kush\n");
    let run = stockport.run(["import", "new.csv"]);
    assert!([1, 2].contains(&run.code), "{run:?}");
    assert!(
        run.stderr.contains("line break") && !run.stderr.contains("s3cret"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_page_of_a_proxy_is_told_for_what_it_is() {
    let server = Faulty::new().rule(Rule::every(1, Fault::ProxyPage));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("new.csv", "item_id,name\nA1,Kush\n");
    let run = stockport.run(["import", "new.csv", "--retries", "1"]).exit(1);
    assert!(
        run.stderr.contains("web page") && run.stderr.contains("proxy"),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("<html"), "{}", run.stderr);
    assert!(server.posts().is_empty());
}

#[test]
fn an_organization_that_is_suddenly_empty_or_has_lost_half_stops_the_run() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let load = Load::new(100);
    load.prepare(&server, ORG, &stockport);
    stockport.run(["import", "load.csv"]).ok();
    let held = server.count(ORG);
    let posts = server.posts().len();
    for id in contents(&server, ORG).keys().take(60) {
        server.remove(ORG, id);
    }
    let run = stockport.run(["import", "load.csv"]).exit(1);
    assert!(
        run.stderr
            .contains(&format!("lists {} items, where {held} were known", held - 60)),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("--allow-shrink"), "{}", run.stderr);
    for id in contents(&server, ORG).keys() {
        server.remove(ORG, id);
    }
    let run = stockport.run(["import", "load.csv", "--json"]).exit(1);
    let summary = run.json();
    assert_adds_up(&summary, "empty");
    assert_eq!(summary["not_attempted"], json!(100));
    assert!(run.stderr.contains("--allow-empty"), "{}", run.stderr);
    // The brake holds as often as it is met: a run that was stopped knows nothing better.
    stockport.run(["import", "load.csv"]).exit(1);
    assert_eq!(server.posts().len(), posts, "nothing was sent");
    stockport.run(["import", "load.csv", "--allow-empty"]).ok();
    assert_eq!(server.count(ORG), 100);
}

#[test]
fn an_organizations_name_that_was_cut_short_is_noticed_before_anything_is_saved_under_it() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let load = Load::new(50);
    load.prepare(&server, ORG, &stockport);
    stockport.run(["import", "load.csv"]).ok();
    let posts = server.posts().len();
    let run = stockport.run(["import", "load.csv", "--org", "sandbox-comp"]).exit(1);
    assert!(
        run.stderr.contains("has no organization 'sandbox-comp'") && run.stderr.contains("check the spelling of --org"),
        "{}",
        run.stderr
    );
    assert_eq!(server.posts().len(), posts, "nothing was sent");
}

#[test]
fn a_run_that_goes_wrong_stops_at_the_number_or_share_of_failures_that_is_allowed() {
    for (most, stops) in [("5", true), ("5%", true), ("25", false), ("30%", false)] {
        let load = Load::new(1_000);
        // Of the 800 that are written, every 40th is bad.
        let bad = (0..1_000).filter(|number| number % 50 == 3).map(id);
        let server = Faulty::new().poison(bad);
        let stockport = Stockport::new().at_faulty(&server, ORG);
        load.prepare(&server, ORG, &stockport);
        let run = stockport.run([
            "import",
            "load.csv",
            "--json",
            "--retries",
            "0",
            "--jobs",
            "1",
            "--batch",
            "10",
            "--max-failures",
            most,
        ]);
        let summary = run.json();
        assert_adds_up(&summary, most);
        let failed = summary["failed"].as_u64().unwrap();
        if stops && most == "5" {
            assert_eq!((run.code, failed), (1, 6), "{most}: {summary}");
            assert!(summary["not_attempted"].as_u64().unwrap() > 0);
            assert!(run.stderr.contains("--max-failures"), "{}", run.stderr);
        } else {
            // 20 of 800 are 2.5 %: under five.
            assert_eq!((run.code, failed), (3, 20), "{most}: {summary}");
        }
    }
    let load = Load::new(1_000);
    let server = Faulty::new().poison((0..1_000).filter(|number| number % 10 == 3).map(id));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    load.prepare(&server, ORG, &stockport);
    let run = stockport
        .run([
            "import",
            "load.csv",
            "--json",
            "--retries",
            "0",
            "--jobs",
            "1",
            "--max-failures",
            "5%",
        ])
        .exit(1);
    assert_adds_up(&run.json(), "share");
}

/// The posts, in the order of their arrival.
fn posts(server: &Faulty) -> Vec<Request> {
    let mut posts = server.posts();
    posts.sort_by_key(|post| post.at);
    posts
}

#[test]
fn a_rate_bounds_the_items_that_arrive_in_any_stretch_of_the_run() {
    let load = Load::new(500);
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    load.prepare(&server, ORG, &stockport);
    stockport
        .run(["import", "load.csv", "--rate", "200", "--batch", "20"])
        .ok();
    load.assert_stored(&server, ORG, "rate");
    let posts = posts(&server);
    for (n, first) in posts.iter().enumerate() {
        let mut items = 0;
        for post in &posts[n..] {
            items += post.ids.len();
            // A batch goes at once; a machine that is busy may hold some back and let them go together.
            let allowed = (post.at.saturating_sub(first.at) + Duration::from_millis(500)).as_secs_f64() * 200.0 + 20.0;
            assert!(items as f64 <= allowed, "{items} items, {allowed} allowed");
        }
    }
    let span = posts.last().unwrap().at.saturating_sub(posts[0].at);
    assert!(span >= Duration::from_millis(1_500), "400 items in {span:?}");
}

#[test]
fn retry_after_in_both_forms_is_obeyed_by_the_whole_pool_whatever_the_clocks_say() {
    for fault in [
        Fault::TooManySeconds(3),
        Fault::TooManyDate(4),
        Fault::TooManyBySlowClock(4),
    ] {
        let load = Load::new(1_000);
        let server = Faulty::new()
            .rule(Rule::first(5, Fault::Slow(Duration::from_millis(5))).on("POST"))
            .rule(Rule::every(12, fault.clone()).on("POST"))
            .rule(Rule::every(1, Fault::Slow(Duration::from_millis(20))).on("POST"));
        let stockport = Stockport::new().at_faulty(&server, ORG);
        load.prepare(&server, ORG, &stockport);
        stockport.run(["import", "load.csv", "--batch", "50"]).ok();
        load.assert_stored(&server, ORG, &format!("{fault:?}"));
        let posts = posts(&server);
        let asked = posts.iter().find(|post| post.fault.as_ref() == Some(&fault)).unwrap();
        // What set out before the answer arrived is no disobedience; a date is in whole seconds.
        let early: Vec<_> = posts
            .iter()
            .filter(|post| {
                post.at > asked.at + Duration::from_millis(700) && post.at < asked.at + Duration::from_millis(2_900)
            })
            .map(|post| post.at.saturating_sub(asked.at))
            .collect();
        assert!(early.is_empty(), "{fault:?}: {early:?} after it");
        assert!(
            posts
                .iter()
                .any(|post| post.at > asked.at + Duration::from_millis(2_900))
        );
    }
}

#[test]
fn verify_reads_back_and_a_difference_is_exit_4_and_listed() {
    let load = Load::new(300);
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    load.prepare(&server, ORG, &stockport);
    let fine = stockport.run(["import", "load.csv", "--json", "--verify"]).ok().json();
    assert_eq!(fine["verified"], json!(true));
    let plain = stockport.run(["import", "load.csv", "--json"]).ok().json();
    assert_eq!(plain["verified"], Value::Null);

    let server = Faulty::new().rule(Rule::every(1, Fault::Slow(Duration::from_millis(30))).on("POST"));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    load.prepare(&server, ORG, &stockport);
    let run = stockport
        .command([
            "import", "load.csv", "--json", "--verify", "--jobs", "1", "--batch", "10",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Somebody tampers with the first batch while the later ones are sent.
    while server.posts().len() < 3 {
        thread::sleep(Duration::from_millis(1));
    }
    let written = server.posts()[0].ids.clone();
    server.put(ORG, &json!({"item_id": written[0], "name": "tampered", "quantity": 1}));
    server.remove(ORG, &written[1]);
    let output = run.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(4), "{said}");
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["verified"], json!(false));
    assert_adds_up(&summary, "tampered");
    assert!(
        said.contains(&format!("{} (", written[0])) && said.contains("name"),
        "{said}"
    );
    assert!(said.contains(&format!("{} is not there", written[1])), "{said}");
}

#[test]
fn a_run_whose_journal_is_being_written_is_listed_like_any_other() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let load = Load::new(50);
    load.prepare(&server, ORG, &stockport);
    let first = stockport.run(["import", "load.csv", "--json"]).ok().json();
    let second = stockport.run(["import", "load.csv", "--json"]).ok().json();
    let runs = stockport.run(["runs", "--json"]).ok().json();
    let journal = rusqlite::Connection::open(runs["runs"][0]["journal"].as_str().unwrap()).unwrap();
    // As while a plan is written.
    journal.pragma_update(None, "journal_mode", "TRUNCATE").unwrap();
    journal.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let runs = stockport.run(["runs", "--json"]).ok().json();
    let told: Vec<[&Value; 3]> = runs["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| [&run["run"], &run["busy"], &run["finished"]])
        .collect();
    assert_eq!(
        told,
        [
            [&second["run"], &json!(true), &json!(false)],
            [&first["run"], &json!(false), &json!(true)]
        ]
    );
    let shown = stockport.run(["runs"]).ok().stdout;
    assert!(shown.contains("under way\n  its journal is being written"), "{shown}");
    let name = second["run"].as_str().unwrap();
    // Nor is the one before it taken for the last.
    for undo in [&["undo", name][..], &["undo"]] {
        let refused = stockport.run(undo).exit(1).stderr;
        assert!(
            refused.contains("is under way: its journal is being written"),
            "{refused}"
        );
    }
    // The others are as they were.
    stockport
        .run(["undo", first["run"].as_str().unwrap(), "--dry-run"])
        .ok();
    journal.execute_batch("ROLLBACK").unwrap();
    let runs = stockport.run(["runs", "--json"]).ok().json();
    assert_eq!(runs["runs"][0]["busy"], json!(false));
}

#[test]
fn runs_are_listed_and_their_journals_go_with_age() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    assert!(stockport.run(["runs"]).ok().stdout.contains("no runs yet"));
    let load = Load::new(50);
    load.prepare(&server, ORG, &stockport);
    let first = stockport.run(["import", "load.csv", "--json"]).ok().json();
    let second = stockport.run(["import", "load.csv", "--json"]).ok().json();
    let runs = stockport.run(["runs", "--json"]).ok().json();
    let names: Vec<&Value> = runs["runs"].as_array().unwrap().iter().map(|run| &run["run"]).collect();
    assert_eq!(names, [&second["run"], &first["run"]], "the newest first");
    let oldest = &runs["runs"][1];
    assert_eq!(
        (
            &oldest["finished"],
            &oldest["command"],
            &oldest["org"],
            &oldest["summary"]["created"]
        ),
        (&json!(true), &json!("import"), &json!(ORG), &json!(load.created))
    );
    let shown = stockport.run(["runs", "--last", "1"]).ok().stdout;
    assert!(
        shown.contains(second["run"].as_str().unwrap()) && shown.contains("1 older"),
        "{shown}"
    );
    assert!(!shown.contains(first["run"].as_str().unwrap()), "{shown}");

    let names = || {
        let runs = stockport.run(["runs", "--last", "100", "--json"]).ok().json();
        let runs = runs["runs"].as_array().unwrap().clone();
        runs.iter().map(|run| run["run"].clone()).collect::<Vec<_>>()
    };
    // A run for each of the days before, a hundred of them; what is older than ninety days goes.
    let folder = stockport.home().join("state/stockport/runs");
    let newest = folder.join(format!("{}.sqlite", second["run"].as_str().unwrap()));
    let (day, now) = (Duration::from_secs(24 * 60 * 60), SystemTime::now());
    for days in 1..=100_u32 {
        let moment: jiff::Timestamp = (now - day * days).try_into().unwrap();
        let name = format!("{}-{days:04x}.sqlite", moment.strftime("%Y-%m-%dT%H-%M-%S-%3fZ"));
        std::fs::copy(&newest, folder.join(name)).unwrap();
    }
    let last = stockport.run(["import", "load.csv", "--json"]).ok().json();
    let left = names();
    assert_eq!(left.len(), 92, "three of today, and eighty-nine days");
    assert_eq!(
        [&left[0], &left[1], &left[2]],
        [&last["run"], &second["run"], &first["run"]]
    );
}

#[test]
fn with_json_log_every_line_of_standard_error_is_json_and_results_alone_are_on_standard_output() {
    let load = Load::new(300);
    let bad = id(3);
    let server = Faulty::new().poison([bad]);
    let stockport = Stockport::new().at_faulty(&server, ORG);
    load.prepare(&server, ORG, &stockport);
    stockport.write("load.csv", format!("{},nobody,1,,\n", load.csv));
    let run = stockport
        .run(["import", "load.csv", "--json", "--json-log", "--retries", "1"])
        .exit(3);
    assert_adds_up(&run.json(), "json log");
    assert_eq!(run.stdout.lines().count(), 1);
    for line in run.stderr.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(event["time"].is_string() && event["event"].is_string(), "{line}");
    }
    assert!(run.stderr.contains("warning"), "{}", run.stderr);
    for args in [
        vec!["import", "missing.csv", "--json", "--json-log"],
        vec!["undo", "nothing", "--json", "--json-log"],
    ] {
        let run = stockport.run(args).exit(1);
        assert!(run.json()["error"].is_string(), "{}", run.stdout);
        for line in run.stderr.lines() {
            serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        }
    }
}

#[test]
fn without_a_terminal_a_line_every_few_seconds_tells_how_far_it_is() {
    let load = Load::new(100);
    let server = Faulty::new().rule(Rule::every(1, Fault::Slow(Duration::from_millis(850))).on("POST"));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    load.prepare(&server, ORG, &stockport);
    let run = stockport
        .run([
            "import",
            "load.csv",
            "--json",
            "--json-log",
            "--jobs",
            "1",
            "--batch",
            "10",
        ])
        .ok();
    let events: Vec<Value> = run
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let progress: Vec<&Value> = events.iter().filter(|event| event["event"] == "progress").collect();
    assert!((1..=3).contains(&progress.len()), "{}", run.stderr);
    let event = progress[0];
    assert_eq!(
        (&event["total"], &event["concurrency"]),
        (&json!(80), &json!(1)),
        "{event}"
    );
    assert!(
        event["done"].as_u64().unwrap() > 0 && event["per_second"].is_number(),
        "{event}"
    );
    let quiet = stockport.run(["import", "load.csv", "-q"]).ok();
    assert_eq!(quiet.stderr, "");
}
