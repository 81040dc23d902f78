//! No terminal, and readers that have had enough.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

use super::{ORG, assert_tidy, assert_told, filled, rows};
use crate::support::{Run, Stockport};

#[test]
fn without_a_terminal_nothing_is_drawn_and_nobody_is_asked() {
    let server = filled(3);
    let stockport = Stockport::new().at(&server, ORG);
    stockport.write("count.csv", "item_id,name\nA1,Kush\nA/2,Slash\n");
    stockport.write("gone.csv", "item_id\nTAG000000\n");
    for (line, code) in [
        ("import count.csv", 3),
        ("export out.csv", 0),
        ("export -", 0),
        ("inspect count.csv", 0),
        ("convert count.csv out.jsonl", 3),
        ("diff count.csv org:sandbox-company", 4),
        ("migrate --from sandbox-company --to sandbox-branch", 0),
        ("backup create bk", 0),
        ("backup list bk", 0),
        ("backup verify bk --drill", 0),
        ("delete --file gone.csv", 2),
        ("backup restore bk --exact", 2),
        ("backup restore bk --exact --yes", 0),
        ("undo --yes", 0),
        ("runs", 0),
    ] {
        let run = stockport.run(line.split(' ')).exit(code);
        for told in [&run.stdout, &run.stderr] {
            assert!(!told.contains(['\u{1b}', '\r']), "{line} draws: {told:?}");
        }
        assert!(!run.stderr.contains("[y/N]"), "{line} asks: {}", run.stderr);
    }
    // What is to be agreed to is refused, with what to say instead; nothing is changed.
    let added = serde_json::json!({"item_id": "NEW", "name": "since then"});
    let added = added.as_object().unwrap().clone();
    server.sandbox.store().put(ORG, "NEW", added).unwrap();
    let run = stockport
        .run(["backup", "restore", "bk", "--exact", "--max-delete", "50%"])
        .exit(2);
    assert_told(&run, "there is no terminal to ask on", "pass --yes");
    assert!(server.sandbox.store().items(ORG).unwrap().contains_key("NEW"));
    stockport
        .run(["backup", "restore", "bk", "--exact", "--max-delete", "50%", "--yes"])
        .ok();
    assert!(!server.sandbox.store().items(ORG).unwrap().contains_key("NEW"));
}

/// Runs a command whose reader takes the first line and goes.
fn head(stockport: &Stockport, args: &[&str]) -> (String, Run) {
    let mut command = stockport.command(args);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut reader = BufReader::with_capacity(64, child.stdout.take().unwrap());
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line).unwrap();
    drop(reader);
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    let code = child.wait().unwrap().code().unwrap_or(-1);
    let first = String::from_utf8_lossy(&line).into_owned();
    let run = Run {
        code,
        stdout: first.clone(),
        stderr,
    };
    (first, run)
}

#[test]
fn a_reader_that_goes_is_no_error_and_what_was_found_stays_found() {
    let server = filled(2_000);
    let stockport = Stockport::new().at(&server, ORG);
    stockport.write("a.csv", rows(5_000, "a long text"));
    stockport.write("b.csv", rows(5_000, "another text"));
    stockport.run(["backup", "create", "bk"]).ok();
    stockport.run(["import", "b.csv", "-q"]).ok();
    // Exit 4 is diff's way to say that they differ, which the reader's going doesn't change.
    for (line, code) in [
        ("export - -q", 0),
        ("export - -q --format csv", 0),
        ("export - -q --format json", 0),
        ("export - -q --format xlsx", 0),
        ("convert a.csv - -q", 0),
        ("convert a.csv - -q --format csv", 0),
        ("convert a.csv - -q --format xlsx", 0),
        ("diff a.csv b.csv --no-progress", 4),
        ("diff a.csv b.csv -q --json", 4),
        ("diff a.csv b.csv -q --csv -", 4),
        ("inspect a.csv --no-progress", 0),
        ("inspect a.csv -q --json", 0),
        ("backup list bk", 0),
        ("backup verify bk --no-progress", 0),
        ("runs", 0),
        ("import a.csv --no-progress --dry-run", 0),
        ("--help", 0),
        ("import --help", 0),
        ("help backup create", 0),
        ("man", 0),
        ("man import", 0),
        ("completions bash", 0),
        ("completions zsh", 0),
        ("--version", 0),
    ] {
        let args: Vec<&str> = line.split(' ').collect();
        let (first, run) = head(&stockport, &args);
        assert!(!first.is_empty(), "{line} says nothing");
        assert_eq!((run.code, run.stderr.as_str()), (code, ""), "{line} | head -1");
        assert_tidy(&stockport, line);
    }
}

#[test]
fn a_run_that_writes_goes_on_to_its_end_without_a_reader() {
    let server = filled(0);
    let stockport = Stockport::new().at(&server, ORG);
    stockport.write("a.csv", rows(2_000, "a text"));
    let (_, run) = head(&stockport, &["import", "a.csv", "--verify", "--no-progress"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(server.sandbox.store().count(ORG).unwrap(), 2_000);
    let listed = stockport.run(["runs"]).ok().stdout;
    assert!(
        listed.contains("finished") && listed.contains("2,000 created"),
        "{listed}"
    );
}

#[cfg(unix)]
#[test]
fn what_a_shell_pipes_in_by_a_name_is_read_once_and_its_rejects_stand_in_the_working_folder() {
    let server = filled(0);
    let stockport = Stockport::new().at(&server, ORG);
    for name in ["pipe", "map.pipe"] {
        let made = std::process::Command::new("mkfifo").arg(stockport.path(name)).status();
        assert!(made.unwrap().success());
    }
    let feed = |name: &str, text: &'static str| {
        let path = stockport.path(name);
        std::thread::spawn(move || std::fs::write(path, text).unwrap())
    };
    let feeders = [
        feed("pipe", "Tag,name\nA1,Kush\nA/2,Slash\n"),
        feed("map.pipe", "[columns]\nTag = \"item_id\"\n"),
    ];
    let run = stockport.run(["import", "pipe", "--map", "map.pipe"]).exit(3);
    for feeder in feeders {
        feeder.join().unwrap();
    }
    assert!(run.stdout.contains("2 read = 1 created + 1 rejected"), "{}", run.stdout);
    assert!(stockport.read("stdin.rejects.csv").contains("A/2"));
    let feeder = feed("pipe", "Tag,name\nA1,Kush\n");
    let run = stockport.run(["import", "pipe", "--resume"]).ok();
    feeder.join().unwrap();
    assert!(run.stdout.contains("1 unchanged"), "{}{}", run.stdout, run.stderr);
    // Through a name that leads to standard input.
    let run = stockport
        .run_with_input(["convert", "/dev/stdin", "-"], b"item_id\nA1\n")
        .ok();
    assert_eq!(run.stdout, "{\"item_id\":\"A1\"}\n");
}
