//! Homes that can't be written or aren't there, disks that are full, links in the place of files.

#![cfg(unix)]

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{ORG, assert_told, filled, names, rows};
#[cfg(target_os = "linux")]
use crate::support::disk::SmallDisk;
use crate::support::{Run, Stockport};

/// A user that no list of users knows; to its right of writing a mode of 0555 is an obstacle, unlike the superuser's.
const NOBODY: u32 = 61_234;

pub(super) fn is_superuser() -> bool {
    let told = Command::new("id").arg("-u").output().unwrap();
    told.stdout.trim_ascii() == b"0"
}

fn ended(command: &mut Command) -> Run {
    let output = command.stdin(Stdio::null()).output().unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs a command as somebody who may not write into what is marked read-only, with these variables gone and those
/// set.
pub(super) fn as_nobody(stockport: &Stockport, args: &[&str], without: &[&str], with: &[(&str, &str)]) -> Run {
    let mut command = stockport.command(args);
    if is_superuser() {
        command.uid(NOBODY).gid(NOBODY);
    }
    for name in without {
        command.env_remove(name);
    }
    command.envs(with.iter().copied());
    ended(&mut command)
}

pub(super) fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A home whose working folder and temporary folder alone can be written.
fn read_only_home() -> Stockport {
    let stockport = Stockport::new();
    mode(stockport.home(), 0o555);
    for folder in ["work", "tmp"] {
        mode(&stockport.home().join(folder), 0o777);
    }
    stockport
}

#[test]
fn in_a_home_that_can_only_be_read_what_keeps_nothing_works_and_the_rest_says_where_it_may_not_write() {
    let server = filled(3);
    let stockport = read_only_home().at(&server, ORG);
    stockport.write("count.csv", "item_id,name\nA1,Kush\n");
    for line in [
        "inspect count.csv",
        "convert count.csv out.csv",
        "export all.csv",
        "export -",
        "import count.csv --dry-run",
        "runs",
        "config check",
        "backup create bk",
        "backup list bk",
        "backup verify bk --drill",
        "man import",
    ] {
        let run = as_nobody(&stockport, &line.split(' ').collect::<Vec<_>>(), &[], &[]);
        assert_eq!(run.code, 0, "{line}: {}{}", run.stdout, run.stderr);
    }
    for (line, message, hint) in [
        ("import count.csv", "state/stockport", "XDG_STATE_HOME"),
        ("delete --ids TAG000000 --yes", "state/stockport", "XDG_STATE_HOME"),
        ("backup restore bk", "state/stockport", "XDG_STATE_HOME"),
        ("import count.csv --sandbox", "the sandbox's folder", "--sandbox-dir"),
    ] {
        let run = as_nobody(&stockport, &line.split(' ').collect::<Vec<_>>(), &[], &[]).exit(1);
        assert_told(&run, message, hint);
        assert!(run.stderr.contains("permission denied"), "{line}: {}", run.stderr);
    }
    let elsewhere = stockport.path("state").to_string_lossy().into_owned();
    let stockport = stockport.env("XDG_STATE_HOME", &elsewhere);
    let run = as_nobody(&stockport, &["import", "count.csv"], &[], &[]).ok();
    assert!(run.stdout.contains("1 read = 1 created"), "{}", run.stdout);
    mode(stockport.home(), 0o755);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_standard_output_is_an_error_of_every_command() {
    let server = filled(50);
    let stockport = Stockport::new().at(&server, ORG);
    stockport.write("a.csv", rows(50, "a text"));
    stockport.write("b.csv", rows(50, "another text"));
    stockport.run(["backup", "create", "bk"]).ok();
    for (line, code) in [
        ("export -", 1),
        ("export - --format xlsx", 1),
        ("convert a.csv -", 1),
        ("convert a.csv - --format xlsx", 1),
        ("inspect a.csv", 1),
        ("inspect a.csv --json", 1),
        ("diff a.csv a.csv", 1),
        ("diff a.csv b.csv --csv -", 1),
        // That they differ is worth more than that it could not be listed.
        ("diff a.csv b.csv", 4),
        ("backup list bk", 1),
        ("import a.csv --dry-run --json", 1),
        ("import a.csv", 1),
        ("runs", 1),
        ("man", 1),
        ("completions bash", 1),
        ("--help", 1),
        ("import --help", 1),
        ("--version", 1),
    ] {
        let mut command = stockport.command(line.split(' '));
        let full = File::options().write(true).open("/dev/full").unwrap();
        command.stdout(full).stderr(Stdio::piped());
        let run = ended(&mut command);
        assert_eq!(run.code, code, "{line}: {}", run.stderr);
        assert_told(&run, "the output can't be written: the disk is full", "free some space");
        assert_eq!(run.stderr.matches("error:").count(), 1, "{line}: {}", run.stderr);
    }
    // The import itself was done.
    let listed = stockport.run(["runs"]).ok().stdout;
    assert!(listed.contains("50 updated"), "{listed}");
    // Where even standard error is full, the exit code is left to tell.
    let mut command = stockport.command(["inspect", "absent.csv"]);
    command.stderr(File::options().write(true).open("/dev/full").unwrap());
    assert_eq!(ended(&mut command).code, 1);
}

#[test]
fn a_device_is_no_place_for_a_file() {
    let server = filled(3);
    let stockport = Stockport::new().at(&server, ORG);
    stockport.write("a.csv", "item_id,name\nA1,Kush\nA/2,Slash\n");
    for line in [
        "export /dev/null --format csv --force",
        "convert a.csv /dev/null --format csv --force",
        "convert a.csv /dev/stdout --format csv",
        "import a.csv --rejects /dev/null",
        "import a.csv --plan-out /dev/null",
        "inspect a.csv --save-map /dev/null",
    ] {
        let run = stockport.run(line.split(' ')).exit(1);
        let hint = if line.contains("--rejects") {
            "--rejects FILE"
        } else {
            "- is standard output"
        };
        assert_told(&run, "it is a device or a pipe, not a file", hint);
    }
    assert_eq!(server.sandbox.store().count(ORG).unwrap(), 3, "something was sent");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_under_temporary_files_journals_or_the_reject_file_is_told_and_nothing_is_lost() {
    let server = filled(1_500);
    let Some(disk) = SmallDisk::new(128) else { return };
    disk.fill(8 << 10);
    let base = || {
        let stockport = Stockport::new().at(&server, ORG);
        stockport.write(
            "many.csv",
            rows(3_000, "a text of some length that is long enough to fill a disk"),
        );
        stockport.write("one.csv", "item_id,name\nNEW,Kush\nA/2,Slash\n");
        stockport
    };
    // Temporary files.
    let stockport = base().env("TMPDIR", &disk.path());
    for line in [
        "export out.csv",
        "backup create bk",
        "diff many.csv org:sandbox-company",
        "import many.csv",
    ] {
        let run = stockport.run(line.split(' ')).exit(1);
        assert_told(&run, "the disk is full", "");
        assert!(
            run.stderr.contains("TMPDIR") || run.stderr.contains("free some space"),
            "{line}: {}",
            run.stderr
        );
    }
    let run = stockport
        .run_with_input(["convert", "-", "done.csv"], rows(3_000, "text").as_bytes())
        .exit(1);
    assert_told(&run, "the disk is full", "");
    assert!(!stockport.path("out.csv").exists() && !stockport.path("done.csv").exists());
    // Journals, and with them the run.
    let stockport = base().env("XDG_STATE_HOME", &disk.path());
    let run = stockport.run(["import", "many.csv"]).exit(1);
    assert_told(&run, "the journal", "XDG_STATE_HOME");
    assert!(run.stderr.contains("the disk is full"), "{}", run.stderr);
    assert_eq!(
        server.sandbox.store().count(ORG).unwrap(),
        1_500,
        "something was sent without a journal"
    );
    // The sandbox's own data.
    let run = stockport.run([
        "import",
        "many.csv",
        "--sandbox",
        "--org",
        ORG,
        "--sandbox-dir",
        &format!("{}/box", disk.path()),
    ]);
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("the disk is full"), "{}", run.stderr);
    // The reject file: its place is tried first, and where it fills up later, that is said.
    let stockport = base();
    disk.fill(0);
    let rejects = format!("{}/rejects.csv", disk.path());
    let run = stockport.run(["import", "one.csv", "--rejects", &rejects]).exit(1);
    assert!(run.stderr.contains("the disk is full"), "{}", run.stderr);
    assert!(!Path::new(&rejects).exists());
    assert!(
        fs::read_dir(disk.folder())
            .unwrap()
            .all(|entry| { !entry.unwrap().file_name().to_string_lossy().contains(".part") })
    );
}

#[test]
fn a_link_stays_a_link_and_what_it_leads_to_is_written() {
    let server = filled(3);
    let stockport = Stockport::new().at(&server, ORG);
    stockport.write("in.csv", "item_id,name\nA1,Kush\nA/2,Slash\n");
    fs::create_dir_all(stockport.path("real/bk")).unwrap();
    // To a file that is there, to one that isn't yet, and through a folder.
    fs::write(stockport.path("real/old.csv"), "old").unwrap();
    for (link, to) in [
        ("old.csv", "real/old.csv"),
        ("new.csv", "real/new.csv"),
        ("rejects.csv", "real/rejects.csv"),
        ("plan.json", "real/plan.json"),
        ("map.toml", "real/map.toml"),
        ("folder", "real"),
        ("bk", "real/bk"),
    ] {
        symlink(to, stockport.path(link)).unwrap();
    }
    stockport.run(["export", "old.csv"]).exit(1);
    assert_eq!(stockport.read("real/old.csv"), "old");
    stockport.run(["export", "old.csv", "--force"]).ok();
    stockport.run(["convert", "in.csv", "new.csv"]).exit(3);
    stockport.run(["convert", "in.csv", "folder/through.csv"]).exit(3);
    stockport.run(["import", "in.csv", "--plan-out", "plan.json"]).exit(3);
    stockport.run(["import", "in.csv", "--rejects", "rejects.csv"]).exit(3);
    stockport.run(["inspect", "in.csv", "--save-map", "map.toml"]).ok();
    stockport.run(["backup", "create", "bk"]).ok();
    stockport.run(["backup", "verify", "bk"]).ok();
    for link in [
        "old.csv",
        "new.csv",
        "rejects.csv",
        "plan.json",
        "map.toml",
        "folder",
        "bk",
    ] {
        let is_link = fs::symlink_metadata(stockport.path(link)).unwrap().is_symlink();
        assert!(is_link, "{link} is no link any more");
    }
    assert_eq!(stockport.read("real/old.csv").lines().count(), 4);
    assert!(stockport.read("real/rejects.csv").contains("A/2"));
    let real = names(&stockport.path("real"));
    for name in ["map.toml", "new.csv", "plan.json", "through.csv", "bk/sandbox-company"] {
        assert!(real.iter().any(|real| real == name), "{name} is not in {real:?}");
    }
}

#[test]
fn links_that_lead_nowhere_in_a_circle_or_to_a_folder_are_told_in_plain_words() {
    let server = filled(3);
    let stockport = Stockport::new().at(&server, ORG);
    stockport.write("in.csv", "item_id,name\nA1,Kush\n");
    fs::create_dir(stockport.path("real")).unwrap();
    for (link, to) in [
        ("a.csv", "b.csv"),
        ("b.csv", "a.csv"),
        ("a.json", "b.json"),
        ("b.json", "a.json"),
        ("nowhere", "absent/x.csv"),
        ("dir.csv", "real"),
        ("bk", "absent"),
    ] {
        symlink(to, stockport.path(link)).unwrap();
    }
    let circle = "its symbolic links lead in a circle";
    for (line, message) in [
        ("inspect a.csv", circle),
        ("import a.csv", circle),
        ("import in.csv --map a.csv", circle),
        ("convert in.csv a.csv", circle),
        ("export a.csv --force", circle),
        ("import in.csv --rejects a.csv", circle),
        ("import in.csv --plan a.json", circle),
        ("backup create a.csv", circle),
        ("inspect nowhere", "nowhere does not exist"),
        (
            "convert in.csv nowhere --format csv",
            "the folder ./absent does not exist",
        ),
        ("convert in.csv dir.csv", "dir.csv is a folder, not a file"),
        ("import in.csv --rejects dir.csv", "dir.csv is a folder, not a file"),
        ("backup create bk", "a file or a broken link exists there"),
    ] {
        let run = stockport.run(line.split(' ')).exit(1);
        assert_told(&run, message, "");
    }
    assert_eq!(server.sandbox.store().count(ORG).unwrap(), 3, "something was sent");
}
