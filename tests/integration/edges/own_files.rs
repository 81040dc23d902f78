//! The files that the program keeps for itself: nobody else reads them, no link is followed, no pipe is waited for, and what
//! a killed process leaves goes with the next run.

#![cfg(unix)]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{ORG, assert_told, filled, names};
use crate::support::Stockport;
use crate::support::faulty::{FOR_EVER, Fault, Faulty, Rule};

const CSV: &str = "item_id,name\nA1,Kush\nA/2,Slash\n";

/// The files and folders below one, with their modes.
fn modes(folder: &Path) -> Vec<(String, u32)> {
    let mode = |name: &String| {
        let found = fs::symlink_metadata(folder.join(name)).unwrap();
        (name.clone(), found.permissions().mode() & 0o777)
    };
    names(folder).iter().map(mode).collect()
}

fn ending(folder: &Path, ending: &str) -> PathBuf {
    let found = names(folder).into_iter().find(|name| name.ends_with(ending));
    folder.join(found.unwrap_or_else(|| panic!("no {ending} in {}", folder.display())))
}

/// Puts a pipe in place of a file.
fn pipe(path: &Path) {
    fs::remove_file(path).unwrap();
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn what_is_kept_is_readable_by_its_user_alone() {
    let server = filled(3);
    let stockport = Stockport::new().at(&server, ORG);
    stockport.write("in.csv", CSV);
    stockport.run(["import", "in.csv"]).exit(3);
    stockport.run(["delete", "--yes", "--ids", "TAG000001"]).ok();
    stockport.run(["backup", "create", "bk"]).ok();
    stockport.run(["export", "out.csv", "--sandbox"]).ok();
    for folder in [
        stockport.home().join("state"),
        stockport.home().join("data"),
        stockport.path("bk"),
    ] {
        let modes = modes(&folder);
        assert!(!modes.is_empty());
        for (name, mode) in modes {
            assert_eq!(mode & 0o077, 0, "{name} in {}: {mode:o}", folder.display());
        }
    }
    for name in ["in.rejects.csv", "in.rejects.toml"] {
        let mode = fs::metadata(stockport.path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn a_folder_of_runs_that_was_open_is_closed() {
    let server = filled(1);
    let stockport = Stockport::new().at(&server, ORG);
    stockport.write("in.csv", "item_id,name\nA1,Kush\n");
    let runs = stockport.home().join("state/stockport/runs");
    fs::create_dir_all(&runs).unwrap();
    stockport.run(["import", "in.csv"]).ok();
    assert_eq!(fs::metadata(runs).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn no_link_in_place_of_a_file_is_followed() {
    let server = filled(3);
    let stockport = Stockport::new().at(&server, ORG);
    stockport.write("in.csv", CSV);
    stockport.write("precious", "kept");
    stockport.run(["import", "in.csv"]).exit(3);
    stockport.run(["backup", "create", "bk"]).ok();
    let state = stockport.home().join("state");
    let link = |path: &Path| {
        fs::remove_file(path).unwrap();
        symlink(stockport.path("precious"), path).unwrap();
    };
    for name in [".holder", ".last", ".known.json"] {
        link(&ending(&state, name));
    }
    stockport.run(["import", "in.csv"]).exit(3);
    let lock = ending(&state, ".lock");
    link(&lock);
    let run = stockport.run(["import", "in.csv"]).exit(1);
    assert_told(&run, "it is a symbolic link", "remove the link");
    fs::remove_file(lock).unwrap();
    link(&stockport.path("bk").join(ORG).join(".lock"));
    let run = stockport.run(["backup", "create", "bk"]).exit(1);
    assert_told(&run, "it is a symbolic link", "remove the link");
    let data = ending(&stockport.path("bk"), ".jsonl.zst");
    fs::rename(&data, stockport.path("elsewhere.zst")).unwrap();
    symlink(stockport.path("elsewhere.zst"), &data).unwrap();
    assert_ne!(stockport.run(["backup", "verify", "bk"]).code, 0);
    assert_eq!(stockport.read("precious"), "kept");
}

#[test]
fn a_reject_file_of_our_own_name_follows_no_link() {
    let server = filled(1);
    let stockport = Stockport::new().at(&server, ORG);
    stockport.write("in.csv", CSV);
    symlink("victim", stockport.path("in.rejects.csv")).unwrap();
    stockport.run(["import", "in.csv"]).exit(3);
    assert!(!stockport.path("victim").exists());
    assert!(stockport.read("in.rejects-2.csv").contains("A/2"));
}

#[test]
fn no_pipe_in_place_of_a_file_is_waited_for() {
    let server = filled(3);
    let stockport = Stockport::new().at(&server, ORG);
    stockport.write("in.csv", "item_id,name\nA1,Kush\n");
    stockport.run(["import", "in.csv"]).ok();
    stockport.run(["backup", "create", "bk"]).ok();
    let state = stockport.home().join("state");
    pipe(&ending(&state, ".holder"));
    pipe(&ending(&state, ".last"));
    pipe(&ending(&state, ".known.json"));
    stockport.run(["import", "in.csv", "--resume"]).ok();
    pipe(&ending(&state, ".lock"));
    assert_told(&stockport.run(["import", "in.csv"]).exit(1), "a device or a pipe", "");
    pipe(&ending(&state, ".sqlite"));
    let runs = stockport.run(["runs"]).ok();
    assert!(runs.stdout.contains("can't be read"), "{runs:?}");
    pipe(&ending(&stockport.path("bk"), ".jsonl.zst"));
    assert_ne!(stockport.run(["backup", "verify", "bk"]).code, 0);
    pipe(&ending(&stockport.path("bk"), ".manifest.json"));
    assert_ne!(stockport.run(["backup", "verify", "bk"]).code, 0);
    stockport.run(["backup", "list", "bk"]);
}

/// Waits until the process has made what is looked for, and kills it.
fn killed(mut child: Child, is_there: impl Fn() -> bool) {
    while !is_there() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before");
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn what_a_killed_process_leaves_goes_with_the_next_run() {
    let server = Faulty::new().rule(Rule::every(1, Fault::SlowBefore(FOR_EVER)));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let temporary = stockport.home().join("tmp");
    let silent = |line: &[&str]| {
        let mut command = stockport.command(line);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.spawn().unwrap()
    };
    let mut child = silent(&["convert", "-", "out.csv"]);
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"item_id\nA1\n").unwrap();
    killed(child, || names(&temporary).iter().any(|name| name.ends_with("copy")));
    drop(input);
    stockport.write("in.csv", CSV);
    let with_file = stockport.path("in.csv");
    let child = silent(&["import", with_file.to_str().unwrap(), "--dry-run"]);
    killed(child, || server.seen() > 0);
    assert!(!names(&temporary).is_empty());
    let part = || {
        names(&stockport.path(""))
            .into_iter()
            .find(|name| name.starts_with(".stockport-"))
    };
    let before = server.seen();
    let child = silent(&["export", "export.csv"]);
    killed(child, || server.seen() > before);
    fs::write(stockport.path(".stockport-killed.part"), "left").unwrap();
    // Somebody else's, by its name or its kind.
    fs::create_dir(temporary.join("stockport-folder")).unwrap();
    fs::write(temporary.join("other"), "").unwrap();
    server.behave();
    stockport.run(["export", "export.csv"]).ok();
    assert_eq!(part(), None);
    assert_eq!(names(&temporary), ["other", "stockport-folder"]);
}

#[test]
fn a_file_without_end_meets_a_bound() {
    let server = filled(1);
    let stockport = Stockport::new().at(&server, ORG);
    stockport.write("in.csv", "item_id,name\nA1,Kush\n");
    let device = "it is a device or a pipe";
    for (line, message) in [
        (vec!["inspect", "/dev/zero"], "zero bytes only"),
        (vec!["import", "/dev/zero"], "zero bytes only"),
        (vec!["import", "in.csv", "--map", "/dev/zero"], device),
        (vec!["import", "in.csv", "--plan", "/dev/zero"], device),
        (vec!["import", "in.csv", "--map", "."], "it is a folder"),
        (vec!["inspect", "."], "is a folder, not a file"),
        (vec!["delete", "--dry-run", "--file", "/dev/zero"], "zero bytes only"),
    ] {
        assert_told(&stockport.run(&line).exit(1), message, "");
    }
    let line = ["migrate", "--from", ORG, "--to", "other", "--id-map", "/dev/zero"];
    assert_told(&stockport.run(line), device, "");
    let endless = "A1,Kush\n".repeat(1 << 18);
    let run = stockport.run_with_input(["inspect", "-", "--max-unpacked", "1M"], endless.as_bytes());
    assert_told(
        &run.exit(1),
        "standard input is too large: it gives more than 1 MiB",
        "--max-unpacked",
    );
    let stockport = stockport.env("STOCKPORT_CONFIG", "/dev/zero");
    assert_told(&stockport.run(["import", "in.csv"]).exit(1), device, "");
}
