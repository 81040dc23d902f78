//! `--quiet`: errors and warnings only, and nothing at all on success.
//!
//! Doesn't belong here: the log's events with `--quiet` (`events`).

use std::fs;
use std::path::Path;

use crate::support::{Run, Stockport, TestSandbox};

const ORG: &str = "sandbox-company";

fn silent(run: &Run, args: &[&str]) {
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""), "{args:?}");
}

fn prepared(server: &TestSandbox) -> Stockport {
    let stockport = Stockport::new().at(server, ORG);
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    for name in ["inventory.csv", "messy.csv"] {
        fs::copy(samples.join(name), stockport.path(name)).unwrap();
    }
    stockport.write(
        "clean.csv",
        "item_id,name,quantity,units\nQ1,Kush,1.5,Grams\nQ2,Haze,2,Grams\n",
    );
    stockport
}

#[test]
fn success_prints_nothing() {
    let server = TestSandbox::new();
    let stockport = prepared(&server);
    for args in [
        &["import", "clean.csv", "-q"][..],
        &["import", "clean.csv", "--dry-run", "--quiet"],
        &["import", "clean.csv", "--verify", "-q"],
        &["export", "all.csv", "-q"],
        &["inspect", "clean.csv", "-q"],
        &["convert", "clean.csv", "clean.xlsx", "-q"],
        &["diff", "clean.csv", "all.csv", "-q"],
        &["backup", "create", "backups", "--keep-daily", "7", "-q"],
        &["backup", "list", "backups", "-q"],
        &["backup", "verify", "backups", "--drill", "-q"],
        &["backup", "restore", "backups", "--verify", "-q"],
        &["backup", "prune", "backups", "--keep-last", "1", "-q"],
        &[
            "migrate",
            "--from",
            ORG,
            "--to",
            "sandbox-branch",
            "--certificate",
            "moved",
            "-q",
        ],
        &["migrate", "--check", "moved.json", "-q"],
        &["delete", "--ids", "Q1", "--yes", "-q"],
        &["undo", "--yes", "-q"],
        &["runs", "-q"],
        &["fields", "-q"],
        &["config", "check", "-q"],
        &["man", "--dir", "man1", "-q"],
    ] {
        silent(&stockport.run(args).ok(), args);
    }
}

#[test]
fn data_that_is_asked_for_is_printed() {
    let server = TestSandbox::new();
    let stockport = prepared(&server);
    stockport.run(["import", "clean.csv", "-q"]).ok();
    for args in [
        &["export", "-"][..],
        &["convert", "clean.csv", "-"],
        &["completions", "bash"],
        &["man", "import"],
        &["schedule", "hourly", "--system", "cron", "--", "config", "check"],
        &["help", "import"],
        &["import", "--help"],
        &["fields", "--json"],
    ] {
        let quiet = [args, &["-q"]].concat();
        let quiet = if args.contains(&"--") {
            [&["-q"], args].concat()
        } else {
            quiet
        };
        let run = stockport.run(&quiet).ok();
        assert_eq!(run.stdout, stockport.run(args).ok().stdout, "{args:?}");
        assert!(!run.stdout.is_empty(), "{args:?}");
    }
    let run = stockport.run(["import", "clean.csv", "-q", "--json"]).ok();
    assert_eq!((run.json()["unchanged"].as_u64(), run.stderr.as_str()), (Some(2), ""));
}

#[test]
fn warnings_and_what_did_not_go_through_are_printed_to_standard_error() {
    let server = TestSandbox::new();
    let stockport = prepared(&server);
    let run = stockport.run(["import", "messy.csv", "-q"]).exit(3);
    assert_eq!(run.stdout, "");
    for wanted in [
        "line 4, column \"Item ID\"",
        "15 read = 5 created + 10 rejected",
        "messy.rejects.csv",
    ] {
        assert!(run.stderr.contains(wanted), "{wanted}: {}", run.stderr);
    }
    for line in run.stderr.lines() {
        assert!(line.starts_with("warning:") || line.starts_with("rejected:"), "{line}");
    }
    // A warning on the way of a run that succeeds.
    stockport.write("year.csv", "item_id,moved_at\nY1,7/22/26\n");
    let run = stockport.run(["import", "year.csv", "-q"]).ok();
    assert!(run.stdout.is_empty() && run.stderr.starts_with("warning: "), "{run:?}");
    // A row that is no item is a note.
    stockport.write("total.csv", "item_id,name,quantity\nY2,Kush,3\nTOTAL,,3\n");
    let run = stockport.run(["import", "total.csv", "--dry-run"]).ok();
    assert!(
        run.stdout.contains("1 row is not an item and is ignored") && run.stderr.is_empty(),
        "{run:?}"
    );
    silent(&stockport.run(["import", "total.csv", "-q"]).ok(), &["total.csv"]);
    // An error.
    let run = stockport.run(["import", "absent.csv", "-q"]).exit(1);
    assert!(run.stdout.is_empty() && run.stderr.starts_with("error: "), "{run:?}");
    // A difference that a check finds.
    stockport
        .run([
            "migrate",
            "--from",
            ORG,
            "--to",
            "sandbox-branch",
            "--certificate",
            "moved",
            "-q",
        ])
        .ok();
    stockport
        .run(["delete", "--org", "sandbox-branch", "--ids", "Y1", "--yes", "-q"])
        .ok();
    let run = stockport.run(["migrate", "--check", "moved.json", "-q"]).exit(4);
    assert!(run.stdout.is_empty() && run.stderr.contains("Y1"), "{run:?}");
}
