//! The commands that a summary ends with, pasted into a shell as they are.
#![cfg(unix)]

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::faulty::{Fault, Faulty, Rule};
use crate::support::stockport::Run;
use crate::support::{Stockport, TestSandbox};

const ORG: &str = "sandbox-company";

/// Has a shell run a line, with the binary on its path and the environment that all runs have.
pub(crate) fn paste(stockport: &Stockport, line: &str) -> Run {
    let like = stockport.command([""; 0]);
    let mut shell = Command::new("bash");
    shell.args(["-c", line]).env_clear();
    shell.current_dir(stockport.path(""));
    for (name, value) in like.get_envs() {
        shell.envs(value.map(|value| (name, value)));
    }
    let folder = Path::new(like.get_program()).parent().unwrap().to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder).chain(std::env::split_paths(&path));
    shell.env("PATH", std::env::join_paths(folders).unwrap());
    let output = shell.stdin(std::process::Stdio::null()).output().unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The command of a summary that begins so.
fn next(summary: &Value, begins: &str) -> String {
    let all = summary["next"].as_array().unwrap().iter();
    let mut all = all.map(|command| command.as_str().unwrap());
    let found = all.find(|command| command.starts_with(&format!("stockport {begins}")));
    found.unwrap_or_else(|| panic!("no {begins}: {summary}")).to_owned()
}

#[test]
fn each_command_stands_below_what_it_is_for_and_quiet_shows_none() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("in.csv", "item_id,name\nA1,Kush\nA/2,Haze\n");
    let run = stockport.run(["import", "in.csv"]).exit(3);
    let lines: Vec<&str> = run.stdout.lines().collect();
    let [what, import, other, undo] = lines[lines.len() - 4..] else {
        panic!("{lines:?}")
    };
    assert_eq!(
        (what, other),
        ("To import the corrected rows:", "To undo it:"),
        "{}",
        run.stdout
    );
    assert_eq!(import, format!("stockport import in.rejects.csv --org {ORG}"));
    assert!(undo.starts_with("stockport undo 20"), "{undo}");
    stockport.write("in.csv", "item_id,name\nA1,Kush 2\n");
    let run = stockport.run(["import", "in.csv", "--quiet"]).ok();
    assert!(!run.stdout.contains("stockport "), "{}", run.stdout);
    // Nothing was changed, nothing was rejected.
    let run = stockport.run(["import", "in.csv", "--json"]).ok().json();
    assert_eq!(run["next"], json!([]));
}

#[test]
fn a_dry_run_and_a_plan_file_end_with_the_command_that_carries_them_out() {
    let sandbox = TestSandbox::new();
    let stockport = Stockport::new().at(&sandbox, ORG);
    stockport.write("in.csv", "item_id,name\nA1,Kush\nA2,Haze\n");
    let dry = ["import", "in.csv", "--dry-run", "--json", "--report", "dry.html"];
    let line = next(&stockport.run(dry).ok().json(), "import");
    assert_eq!(line, format!("stockport import in.csv --json --org {ORG}"));
    for sheet in ["plan.xlsx", "plan.csv"] {
        let run = stockport.run(["import", "in.csv", "--plan-out", sheet, "--json"]).ok();
        assert_eq!(next(&run.json(), "import"), line);
    }
    let run = stockport
        .run(["import", "in.csv", "--plan-out", "plan.json", "--json"])
        .ok();
    let line = next(&run.json(), "import");
    assert_eq!(
        line,
        format!("stockport import in.csv --json --plan plan.json --org {ORG}")
    );
    let run = paste(&stockport, &line).ok().json();
    assert_eq!(run["created"], 2, "{run}");
    // There is nothing left to do.
    let run = stockport.run(["import", "in.csv", "--dry-run", "--json"]).ok().json();
    assert_eq!(run["next"], json!([]));
}

#[test]
fn a_reject_file_of_any_name_is_imported_by_the_line_that_is_shown() {
    for name in [
        "count 2026.csv",
        "it's.csv",
        "-x.csv",
        "a$HOME`id`.csv",
        "line\nbreak.csv",
        "\"quoted\".csv",
        "*.csv",
        "Zähl.csv",
    ] {
        let server = Faulty::new();
        let stockport = Stockport::new().at_faulty(&server, ORG);
        stockport.write(name, "item_id,name\nA1,Kush\nA/2,Haze\n");
        let run = stockport.run(["import", &format!("./{name}"), "--json"]).exit(3).json();
        let rejects = stockport.path(&name.replace(".csv", ".rejects.csv"));
        let text = fs::read_to_string(&rejects).unwrap_or_else(|error| panic!("{name}: {error}"));
        fs::write(&rejects, text.replace("A/2", "A2")).unwrap();
        paste(&stockport, &next(&run, "import ")).ok();
        assert_eq!(server.count(ORG), 2, "{name}");
        paste(&stockport, &(next(&run, "undo ") + " --yes")).ok();
        assert_eq!(server.count(ORG), 1, "{name}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_no_text_is_pasted_byte_by_byte() {
    let server = Faulty::new();
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let name = OsStr::from_bytes(b"a\xff b.csv");
    fs::write(stockport.path("").join(name), "item_id,name\nA/2,Haze\n").unwrap();
    let args: Vec<OsString> = vec!["import".into(), name.to_owned(), "--json".into()];
    let run = stockport.run(args).exit(3).json();
    let rejects = stockport.path("").join(OsStr::from_bytes(b"a\xff b.rejects.csv"));
    let text = fs::read_to_string(&rejects).unwrap();
    fs::write(&rejects, text.replace("A/2", "A2")).unwrap();
    paste(&stockport, &next(&run, "import ")).ok();
    assert_eq!(server.count(ORG), 1);
}

#[test]
fn a_stopped_import_is_resumed_by_the_line_that_is_shown_with_all_its_options() {
    // The third post and all after it are refused for good: the key was withdrawn.
    let withdrawn = r#"{"error":true,"message":"Invalid API key."}"#;
    let fault = Fault::Answered(401, withdrawn, crate::support::faulty::Done::Nothing);
    let server = Faulty::new().rule(Rule::from(3, fault).on("POST"));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    stockport.write("my count.csv", "lot,name\nA1,a\nA2,b\nA3,c\nA4,d\n");
    let args = [
        "import",
        "my count.csv",
        "--column",
        "lot=item_id",
        "--batch",
        "1",
        "--jobs",
        "1",
        "--json",
    ];
    let run = stockport.run(args).exit(1).json();
    assert_eq!(
        (&run["created"], &run["not_attempted"]),
        (&json!(2), &json!(2)),
        "{run}"
    );
    let command = next(&run, "import ");
    assert!(
        command.contains("--resume") && command.contains("'my count.csv'"),
        "{command}"
    );
    server.behave();
    let resumed = paste(&stockport, &command).ok().json();
    assert_eq!((&resumed["run"], &resumed["created"]), (&run["run"], &json!(4)));
    assert_eq!(server.count(ORG), 4);
}

#[test]
fn what_was_stopped_before_anything_was_sent_or_came_from_a_pipe_is_not_resumed() {
    let withdrawn = r#"{"error":true,"message":"Invalid API key."}"#;
    let fault = || Fault::Answered(401, withdrawn, crate::support::faulty::Done::Nothing);
    let server = Faulty::new().rule(Rule::from(2, fault()).on("POST"));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let args = ["import", "-", "--batch", "1", "--jobs", "1", "--json"];
    let run = stockport
        .run_with_input(args, b"item_id,name\nA1,a\nA2,b\n")
        .exit(1)
        .json();
    assert!(!run["next"].to_string().contains("--resume"), "{run}");
    // The rest of it stands in the reject file.
    assert!(next(&run, "import stdin.rejects.csv").contains("--org"), "{run}");
    server.behave();
    server.add_rule(Rule::first(1_000, fault()));
    stockport.write("in.csv", "item_id,name\nA1,a\n");
    let run = stockport.run(["import", "in.csv", "--json"]).exit(1).json();
    assert_eq!(run["next"], json!([]), "{run}");
}

#[test]
fn a_migration_names_the_check_of_its_certificate_and_its_undo() {
    let server = TestSandbox::new();
    let stockport = Stockport::new();
    for org in [ORG, "sandbox-branch"] {
        crate::config::write_key(&stockport, &format!("{org}.key"), server.sandbox.key_for(org).unwrap());
    }
    let url = server.sandbox.url();
    let config = format!(
        "[profiles.\"the main one\"]\napi = \"{url}\"\norg = \"{ORG}\"\nkey_file = \"{ORG}.key\"\n\
         [profiles.branch]\napi = \"{url}\"\norg = \"sandbox-branch\"\nkey_file = \"sandbox-branch.key\"\n"
    );
    stockport.write("config.toml", config);
    let stockport = stockport.env("STOCKPORT_CONFIG", "config.toml");
    stockport.write("in.csv", "item_id,name\nA1,Kush\n");
    stockport.run(["import", "in.csv", "--profile", "the main one"]).ok();
    let args = [
        "migrate",
        "--from-profile",
        "the main one",
        "--to-profile",
        "branch",
        "--certificate",
        "my proof",
    ];
    let run = stockport.run([args.as_slice(), &["--json"]].concat()).ok().json();
    let check = next(&run, "migrate --check 'my proof.json'");
    let checked = paste(&stockport, &check).ok();
    assert!(checked.stdout.contains("Nothing has changed"), "{}", checked.stdout);
    let undo = next(&run, "undo ");
    assert!(undo.ends_with("--org sandbox-branch --profile branch"), "{undo}");
    paste(&stockport, &(undo + " --yes")).ok();
    fs::remove_file(stockport.path("my proof.json")).unwrap();
    fs::remove_file(stockport.path("my proof.html")).unwrap();
    let text = stockport.run(args).ok().stdout;
    assert!(
        text.contains("To compare both organizations with the certificate later:\nstockport migrate --check "),
        "{text}"
    );
}

#[test]
fn in_the_sandbox_the_lines_lead_to_the_same_sandbox() {
    let stockport = Stockport::new();
    stockport.write("in.csv", "item_id,name\nA1,Kush\n");
    let sandbox = ["--sandbox", "--sandbox-dir", "my box"];
    let run = stockport
        .run([&["import", "in.csv", "--json"], sandbox.as_slice()].concat())
        .ok()
        .json();
    paste(&stockport, &(next(&run, "undo ") + " --yes")).ok();
    let export = stockport.run([&["export", "out.csv", "--json", "--allow-empty"], sandbox.as_slice()].concat());
    assert_eq!(export.ok().json()["items"], 0);
    let args = ["migrate", "--from", ORG, "--to", "sandbox-branch", "--json"];
    stockport.run([&["import", "in.csv"], sandbox.as_slice()].concat()).ok();
    let run = stockport
        .run([args.as_slice(), sandbox.as_slice()].concat())
        .ok()
        .json();
    paste(&stockport, &next(&run, "migrate --check ")).ok();
}

#[test]
fn a_backup_names_its_verification_and_one_that_failed_names_none() {
    let server = Faulty::new();
    server.put(ORG, &json!({"item_id": "A1", "name": "Kush"}));
    let stockport = Stockport::new().at_faulty(&server, ORG);
    let run = stockport.run(["backup", "create", "my backups", "--json"]).ok().json();
    let verified = paste(&stockport, &next(&run, "backup verify 'my backups'")).ok();
    assert!(verified.stdout.contains("1 snapshot verified"), "{}", verified.stdout);
    let run = stockport.run(["backup", "create", "my backups"]).ok();
    assert!(
        run.stdout
            .ends_with("To verify the backup:\nstockport backup verify 'my backups'\n"),
        "{}",
        run.stdout
    );
    server.add_rule(Rule::from(1, Fault::Blocked(403)));
    let run = stockport
        .run(["backup", "create", "my backups", "--json"])
        .exit(1)
        .json();
    assert_eq!(run["next"], json!([]));
}
