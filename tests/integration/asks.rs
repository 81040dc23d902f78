//! `import` at a terminal: the plan, the question, the list; and what is sent after each answer.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU16, Ordering};

use serde_json::{Value, json};

use crate::support::Stockport;
use crate::support::faulty::Faulty;
use crate::support::terminal::Terminal;

const ORG: &str = "sandbox-company";

/// Twelve new items, two changed ones, and a row that is rejected.
fn counted(server: &Faulty, stockport: &Stockport) {
    server.put(ORG, &json!({"item_id": "S-01", "name": "Kush", "quantity": 12}));
    server.put(ORG, &json!({"item_id": "S-02", "name": "Haze", "quantity": 3}));
    let mut file = String::from("item_id,name,quantity\nS-01,Kush,10.5\nS-02,Amnesia Haze,3\nS/03,Slash,1\n");
    for number in 1..=12 {
        writeln!(file, "N-{number:02},New {number},{number}").unwrap();
    }
    stockport.write("count.csv", file);
}

/// The screen of an import that asks, after these answers; with its exit code.
fn answered(stockport: &Stockport, args: &[&str], answers: &[&str]) -> Option<(String, String)> {
    // A terminal of another width has another socket: that of the one before may still be closing.
    static COLUMNS: AtomicU16 = AtomicU16::new(100);
    let terminal = Terminal::open(stockport, COLUMNS.fetch_add(1, Ordering::Relaxed))?;
    terminal.begin(&[&["import", "count.csv", "--no-progress"], args].concat());
    for (number, answer) in answers.iter().enumerate() {
        let mut screen = terminal.wait_for("[y/N/l]", false);
        while screen.matches("[y/N/l]").count() <= number {
            screen = terminal.wait_for("[y/N/l]", false);
        }
        terminal.key(answer);
        terminal.key("Enter");
    }
    Some((terminal.end(false), terminal.code()))
}

/// A server and a home, with `PAGER` as given.
fn prepared(pager: &str) -> (Faulty, Stockport) {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG).env("PAGER", pager);
    counted(&server, &stockport);
    // Somebody has to call the server where there is no terminal.
    stockport.run(["export", "-"]).ok();
    (server, stockport)
}

const QUESTION: &str = "Create 12 and update 2 items in sandbox-company? [y/N/l]";

#[test]
fn a_no_sends_nothing_and_accounts_for_every_row() {
    let (server, stockport) = prepared("cat");
    for answer in ["n", "x"] {
        let Some((screen, code)) = answered(&stockport, &[], &[answer]) else {
            return;
        };
        for shown in [
            QUESTION,
            "+ N-01 \"New 1\", quantity 1\n",
            "+ N-10 \"New 10\", quantity 10\n",
            "… and 2 more new items: l lists them",
            "~ S-01 \"Kush\": quantity 12 → 10.5\n",
            "~ S-02: name \"Haze\" → \"Amnesia Haze\"\n",
            "15 read = 15 not attempted",
        ] {
            assert!(screen.contains(shown), "{shown}:\n{screen}");
        }
        assert!(!screen.contains("N-11"), "{screen}");
        assert_eq!(code, "1", "{screen}");
        assert!(server.posts().is_empty());
        assert!(!stockport.path("count.rejects.csv").exists(), "nothing was done");
    }
}

#[test]
fn a_declined_run_writes_no_report_which_would_stand_in_the_way_of_the_next_one() {
    let (_server, stockport) = prepared("cat");
    let report = ["--report", "done.html"];
    let Some((screen, _)) = answered(&stockport, &report, &["n"]) else {
        return;
    };
    assert!(!stockport.path("done.html").exists(), "{screen}");
    let (screen, code) = answered(&stockport, &report, &["y"]).unwrap();
    assert_eq!(code, "3", "{screen}");
    assert!(screen.contains(", sent at "), "{screen}");
    assert!(stockport.path("done.html").exists());
}

#[test]
fn a_yes_sends_and_with_json_the_plan_is_seen_all_the_same() {
    let (server, stockport) = prepared("cat");
    let Some((screen, code)) = answered(&stockport, &["--json"], &["y"]) else {
        return;
    };
    assert!(
        screen.contains(QUESTION) && screen.contains("+ N-01 \"New 1\""),
        "{screen}"
    );
    assert!(screen.replace('\n', "").contains("\"created\":12"), "{screen}");
    assert_eq!((code.as_str(), server.count(ORG)), ("3", 14), "{screen}");
}

#[test]
fn the_list_shows_every_item_in_the_pager_and_the_question_comes_again() {
    // A pager that fails to start leaves the list as it is.
    for pager in ["sed s/^/paged:/", "", "no-such-pager"] {
        let (server, stockport) = prepared(pager);
        let Some((screen, code)) = answered(&stockport, &[], &["l", "n"]) else {
            return;
        };
        let mark = if pager.starts_with("sed") { "paged:" } else { "" };
        for shown in [
            "New items:",
            "  + N-11 \"New 11\", quantity 11",
            "Changed items:",
            "Rejected rows:",
            "  count.csv, line 4, column \"item_id\": an item id can't hold '/'",
        ] {
            assert!(
                screen.contains(&format!("\n{mark}{shown}")),
                "{pager} {shown}:\n{screen}"
            );
        }
        assert_eq!(screen.matches(QUESTION).count(), 2, "{screen}");
        assert_eq!(code, "1");
        assert!(server.posts().is_empty());
    }
}

#[test]
fn a_list_that_is_left_early_is_followed_by_the_question() {
    let (server, stockport) = prepared("head -n 1");
    let Some((screen, code)) = answered(&stockport, &[], &["l", "y"]) else {
        return;
    };
    assert!(
        screen.contains("New items:") && !screen.contains("Changed items:"),
        "{screen}"
    );
    assert_eq!((code.as_str(), server.count(ORG)), ("3", 14), "{screen}");
}

#[test]
fn nobody_is_asked_where_nothing_is_sent_nobody_sits_or_somebody_has_agreed() {
    let (server, stockport) = prepared("cat");
    for args in [
        &["--dry-run"][..],
        &["--plan-out", "plan.json"],
        &["--sandbox"],
        &["--yes"],
    ] {
        let Some((screen, _)) = answered(&stockport, args, &[]) else {
            break;
        };
        assert!(!screen.contains("[y/N"), "{args:?}: {screen}");
        assert!(screen.contains("+ N-01 \"New 1\", quantity 1\n"), "{args:?}: {screen}");
    }
    stockport.run(["import", "count.csv"]).exit(3);
    assert_eq!(server.count(ORG), 14);
    // All of it is stored now.
    let Some((screen, code)) = answered(&stockport, &[], &[]) else {
        return;
    };
    assert!(
        screen.contains("nothing to send") || screen.contains("14 unchanged"),
        "{screen}"
    );
    assert_eq!(code, "3", "{screen}");
}

#[test]
fn a_run_that_is_resumed_or_carries_out_a_plan_asks_as_well() {
    let (server, stockport) = prepared("cat");
    stockport
        .run(["import", "count.csv", "--plan-out", "plan.json"])
        .exit(3);
    for args in [&["--plan", "plan.json"][..], &["--resume"]] {
        let Some((screen, code)) = answered(&stockport, args, &["n"]) else {
            return;
        };
        assert!(screen.contains(QUESTION), "{screen}");
        assert_eq!(code, "1", "{screen}");
    }
    assert!(server.posts().is_empty());
}

#[test]
fn a_dry_run_names_the_first_items_of_each_kind_and_where_all_of_them_are() {
    let (server, stockport) = prepared("cat");
    let run = stockport.run(["import", "count.csv", "--dry-run"]).exit(3);
    for shown in [
        "\n  + N-01 \"New 1\", quantity 1\n",
        "\n  … and 2 more new items: --plan-out FILE.xlsx lists them\n",
        "\n  ~ S-01 \"Kush\": quantity 12 → 10.5\n",
    ] {
        assert!(run.stdout.contains(shown), "{shown}: {}", run.stdout);
    }
    let run = stockport
        .run(["import", "count.csv", "--dry-run", "--json"])
        .exit(3)
        .json();
    assert_eq!(run["plan"], json!({"create": 12, "update": 2, "delete": 0}));
    let creates = run["plan_first"]["creates"].as_array().unwrap();
    assert_eq!(creates.len(), 10);
    assert_eq!(creates[0], json!({"item": "N-01", "name": "New 1", "quantity": 1}));
    let update = json!({
        "item": "S-01", "name": "Kush", "fields": [{"field": "quantity", "before": 12, "after": 10.5}],
    });
    assert_eq!(run["plan_first"]["updates"][0], update);
    assert_eq!(run["rejected_first"][0]["value"], json!("S/03"));
    assert!(server.posts().is_empty());
}

#[test]
fn skipped_rows_are_named_with_their_reasons() {
    let (_server, stockport) = prepared("cat");
    let run = stockport
        .run(["import", "count.csv", "--dry-run", "--mode", "create"])
        .exit(3);
    let line = "\n  S-01 (count.csv, line 2) is skipped: it is stored already (--mode create)\n";
    assert!(run.stdout.contains(line), "{}", run.stdout);
    stockport.write("count.csv", "item_id,name\nA,One\nA,Two\nB,Three\n");
    let args = [
        "import",
        "count.csv",
        "--dry-run",
        "--duplicates",
        "last",
        "--mode",
        "create",
    ];
    let run = stockport.run(args).ok();
    let line = "\n  A (count.csv, line 2) is skipped: the id is in line 3 again (--duplicates last)\n";
    assert!(run.stdout.contains(line), "{}", run.stdout);
    let first: Value = stockport.run([&args[..], &["--json"]].concat()).ok().json();
    assert_eq!(first["plan_first"]["skips"].as_array().unwrap().len(), 1, "{first}");
}

/// A file of which every row but the last five is rejected, for one reason or the other.
fn mostly_rejected() -> String {
    let mut file = String::from("item_id,name,quantity\n");
    for number in 0..300 {
        let quantity = if number % 50 == 0 { "12" } else { "twelve" };
        let id = if number % 50 == 0 { "a/b" } else { "R" };
        writeln!(file, "{id}{number},Row,{quantity}{number}").unwrap();
    }
    (0..5).for_each(|number| writeln!(file, "G{number},Good,1").unwrap());
    file
}

#[test]
fn ten_rejected_rows_of_each_reason_are_shown_and_where_the_others_are() {
    let (_server, stockport) = prepared("cat");
    stockport.write("count.csv", mostly_rejected());
    let run = stockport.run(["import", "count.csv", "--dry-run"]).exit(3);
    let warnings: Vec<&str> = run
        .stderr
        .lines()
        .filter(|line| line.starts_with("warning: "))
        .collect();
    let of = |text: &str| warnings.iter().filter(|line| line.contains(text)).count();
    assert_eq!((of("is not a number"), of("can't hold '/'")), (10, 6), "{}", run.stderr);
    assert!(
        run.stderr
            .contains("\nwarning: … and 284 more: --rejects FILE lists them\n"),
        "{}",
        run.stderr
    );
    let run = stockport.run(["import", "count.csv"]).exit(3);
    assert!(
        run.stderr
            .contains("\nwarning: … and 284 more: see count.rejects.csv\n"),
        "{}",
        run.stderr
    );
    assert!(stockport.path("count.rejects.csv").exists());
    let run = stockport.run(["import", "count.csv", "--dry-run", "--rejects", "bad.csv", "--json"]);
    let first = &run.exit(3).json()["rejected_first"];
    assert_eq!(first.as_array().unwrap().len(), 16, "{first}");
}

#[test]
fn more_rejected_rows_than_allowed_stop_before_anything_is_sent_and_all_rows_are_accounted_for() {
    let (server, stockport) = prepared("cat");
    stockport.write("count.csv", mostly_rejected());
    for most in ["299", "50%", "98.3%", "0"] {
        let run = stockport
            .run(["import", "count.csv", "--max-rejects", most, "--rejects", "bad.csv"])
            .exit(1);
        assert!(
            run.stdout.contains("305 read = 300 rejected + 5 not attempted"),
            "{}",
            run.stdout
        );
        let error = "error: 300 of 305 rows are rejected, which is more than --max-rejects allows";
        assert!(run.stderr.contains(error), "{}", run.stderr);
        // Both kinds, so that nothing is lost where the file is corrected and imported.
        let rows = stockport.read("bad.csv").lines().count();
        assert_eq!(rows, 306);
        std::fs::remove_file(stockport.path("bad.csv")).unwrap();
        std::fs::remove_file(stockport.path("bad.toml")).unwrap();
        stockport
            .run(["import", "count.csv", "--max-rejects", most, "--dry-run"])
            .exit(1);
    }
    assert!(server.posts().is_empty());
    for most in ["300", "98.4%", "100%"] {
        stockport
            .run(["import", "count.csv", "--max-rejects", most, "--dry-run"])
            .exit(3);
    }
    stockport.run(["import", "count.csv", "--max-rejects", "300"]).exit(3);
    assert_eq!(server.count(ORG), 7);
    stockport.run(["import", "count.csv", "--max-rejects", "some"]).exit(2);
}
