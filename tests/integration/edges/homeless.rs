//! A user without a home folder, as in a container whose user no list knows: the variables for folders are enough, and each error
//! names one that helps.

#![cfg(unix)]

use super::places::{as_nobody, is_superuser, mode};
use super::{ORG, assert_told, filled};
use crate::support::{Run, Stockport, TestSandbox};

const GONE: [&str; 8] = [
    "HOME",
    "USERPROFILE",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "XDG_CACHE_HOME",
    "APPDATA",
    "LOCALAPPDATA",
];

/// A working folder that anybody can write to; none where only a user that a list knows can be had.
#[expect(clippy::print_stdout, reason = "what is not tried is said aloud")]
fn homeless(server: &TestSandbox) -> Option<Stockport> {
    if !is_superuser() {
        println!("skipped: only the superuser can take the place of a user whom no list knows");
        return None;
    }
    let stockport = Stockport::new().at(server, ORG);
    mode(stockport.home(), 0o755);
    for folder in ["work", "tmp"] {
        mode(&stockport.home().join(folder), 0o777);
    }
    stockport.write("count.csv", "item_id,name\nA1,Kush\n");
    Some(stockport)
}

/// Runs a command without a home, with these variables alone.
fn with(stockport: &Stockport, line: &str, variables: &[(&str, &str)]) -> Run {
    as_nobody(stockport, &line.split(' ').collect::<Vec<_>>(), &GONE, variables)
}

#[test]
fn without_any_home_what_keeps_nothing_works_and_the_rest_says_what_to_set() {
    let server = filled(3);
    let Some(stockport) = homeless(&server) else { return };
    let run = |line: &str| with(&stockport, line, &[]);
    for line in [
        "inspect count.csv",
        "convert count.csv out.csv",
        "export all.csv",
        "import count.csv --dry-run",
        "backup create bk",
        "backup verify bk --drill",
        "import count.csv --dry-run --sandbox --sandbox-dir sandbox --org sandbox-company",
        "--version",
    ] {
        let run = run(line);
        assert_eq!(run.code, 0, "{line}: {}{}", run.stdout, run.stderr);
    }
    assert_told(
        &run("import count.csv").exit(1),
        "no folder for the journals",
        "XDG_STATE_HOME",
    );
    assert_told(
        &run("delete --ids TAG000000 --yes").exit(1),
        "no folder for",
        "_HOME to the absolute path",
    );
    let config = run("config check").exit(1);
    assert_told(&config, "no folder for the config file", "STOCKPORT_CONFIG");
    assert!(!config.stderr.contains("journal"), "{}", config.stderr);
    let run = run("import count.csv --sandbox --org sandbox-company").exit(1);
    assert_told(&run, "no home folder for the sandbox's data", "--sandbox-dir");
}

#[test]
fn without_any_home_each_folders_own_variable_is_enough() {
    let server = filled(3);
    let Some(stockport) = homeless(&server) else { return };
    let folder = |name: &str| stockport.path(name).display().to_string();
    let (state, data, config) = (folder("state"), folder("data"), folder("config"));
    with(&stockport, "import count.csv", &[("XDG_STATE_HOME", &state)]).ok();
    let listed = with(&stockport, "runs", &[("XDG_STATE_HOME", &state)]).ok();
    assert!(listed.stdout.contains("1 created"), "{}", listed.stdout);
    // What deletes keeps a copy as well, in the folder for state or for data.
    let both = [("XDG_STATE_HOME", state.as_str()), ("XDG_DATA_HOME", data.as_str())];
    with(&stockport, "delete --ids TAG000000 --yes", &both).ok();
    let sandbox = "export - --sandbox --org sandbox-company";
    with(&stockport, sandbox, &[("XDG_DATA_HOME", &data)]).ok();
    let check = with(&stockport, "config check", &[("XDG_CONFIG_HOME", &config)]).ok();
    assert!(
        check.stdout.contains(&format!("{config}/stockport/config.toml")),
        "{}",
        check.stdout
    );
    // A relative path is none, and the hint says what it has to be.
    let relative = with(&stockport, "import count.csv", &[("XDG_STATE_HOME", "state")]).exit(1);
    assert_told(&relative, "no folder for the journals", "absolute path");
    // Nor is a home that is empty, which would be another folder in each working folder.
    let empty = with(&stockport, "import count.csv", &[("HOME", "")]).exit(1);
    assert_told(&empty, "no folder for the journals", "set HOME");
}

#[test]
fn without_any_home_a_key_file_below_it_is_refused_by_its_line() {
    let server = filled(3);
    let Some(stockport) = homeless(&server) else { return };
    stockport.write("config.toml", "[profiles.main]\nkey_file = \"~/main.key\"\n");
    let check = with(&stockport, "config check", &[("STOCKPORT_CONFIG", "config.toml")]).exit(1);
    assert_told(&check, "line 2: key_file begins with ~", "set HOME");
}
