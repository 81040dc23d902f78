//! What happens where the system gives few threads, or none: a plain error or fewer threads, and no panic.

#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{Run, Stockport};

/// A user that nobody is: the limit counts all threads of a user, and doesn't count for root.
const USER: u32 = 61_234;

/// Enough threads for anything that is tried here.
const MANY: usize = 40;

/// stockport as a user who may have so many threads.
struct Limited(Stockport);

impl Limited {
    /// `None` where the limit can't be set.
    fn new() -> Option<Self> {
        let tools = Command::new("setpriv")
            .args([
                "--reuid",
                &USER.to_string(),
                "--clear-groups",
                "prlimit",
                "--nproc=9",
                "true",
            ])
            .stderr(Stdio::null())
            .status();
        if !tools.is_ok_and(|status| status.success()) {
            return None;
        }
        let stockport = Stockport::new();
        fs::copy(env!("CARGO_BIN_EXE_stockport"), stockport.path("stockport")).unwrap();
        fs::copy("samples/inventory.xlsx", stockport.path("inventory.xlsx")).unwrap();
        for (name, rows) in [("rows.csv", 1_000), ("large.csv", 20_000)] {
            let rows = (0..rows).map(|row| format!("A{row:06},Kush {row},{row}\n"));
            let text = ["item_id,name,quantity\n".to_owned()].into_iter().chain(rows);
            stockport.write(name, text.collect::<String>());
        }
        give(stockport.home());
        Some(Self(stockport))
    }

    fn run(&self, threads: usize, args: &[&str], terminal: bool) -> Run {
        let user = USER.to_string();
        let mut line = vec!["--reuid", &user, "--clear-groups"];
        let (limit, all) = (
            format!("--nproc={threads}"),
            format!("prlimit --nproc={threads} ./stockport {}", args.join(" ")),
        );
        if terminal {
            line.extend(["script", "-qec", &all, "/dev/null"]);
        } else {
            line.extend(["prlimit", &limit, "./stockport"]);
            line.extend(args);
        }
        let as_usual = self.0.command([] as [&str; 0]);
        let mut command = Command::new("setpriv");
        let output = command
            .args(line)
            .current_dir(as_usual.get_current_dir().unwrap())
            .env_clear()
            .envs(as_usual.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Run {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Gives a folder and all that is in it to the user.
fn give(path: &Path) {
    chown(path, Some(USER), None).unwrap();
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path());
        }
    }
}

fn assert_plain(run: &Run, what: &str) {
    let all = format!("{}{}", run.stdout, run.stderr);
    assert!(!all.contains("panicked"), "{what}: {all}");
    // 4 is what `diff` gives for a difference.
    assert!([0, 1, 4].contains(&run.code), "{what}: exit {}: {all}", run.code);
    if run.code == 1 {
        assert!(all.contains("error:") && all.contains("hint:"), "{what}: {all}");
    }
}

#[test]
fn few_threads_are_enough_or_are_named_in_a_plain_error() {
    let Some(limited) = Limited::new() else {
        println!("skipped: only root, with setpriv and prlimit, can limit the threads of another user");
        return;
    };
    let sandbox = ["--sandbox", "--sandbox-dir", "server"];
    for (args, needs_server) in [
        (&["import", "inventory.xlsx"][..], true),
        (&["import", "rows.csv"], true),
        (&["export", "out.csv", "--force"], true),
        (&["export", "out.xlsx", "--force"], true),
        (&["backup", "create", "backups"], true),
        (&["undo", "--yes"], true),
        (&["delete", "--where", "item_id=A000001", "--yes"], true),
        (&["inspect", "inventory.xlsx"], false),
        (&["convert", "inventory.xlsx", "items.jsonl", "--force"], false),
        (&["convert", "large.csv", "items.xlsx", "--force"], false),
        (&["diff", "rows.csv", "inventory.xlsx"], false),
    ] {
        let args = if needs_server {
            [args, &sandbox].concat()
        } else {
            args.to_vec()
        };
        for threads in (1..=9).chain([MANY]) {
            let run = limited.run(threads, &args, false);
            assert_plain(&run, &format!("{args:?} with {threads} threads"));
            let is_enough = threads == MANY && args[0] != "undo";
            assert!(!is_enough || run.code != 1, "{args:?}: {}", run.stderr);
        }
    }
}

#[test]
fn a_bar_is_drawn_without_a_thread_of_its_own() {
    let Some(limited) = Limited::new() else {
        println!("skipped: only root, with setpriv and prlimit, can limit the threads of another user");
        return;
    };
    if Command::new("script")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_err()
    {
        println!("skipped: there is no program `script` to give a terminal");
        return;
    }
    let args = ["import", "rows.csv", "--sandbox", "--sandbox-dir", "server"];
    for threads in 5..=10 {
        let run = limited.run(threads, &args, true);
        assert_plain(&run, &format!("{args:?} on a terminal with {threads} threads"));
    }
}

#[test]
fn one_thread_for_each_pool_is_enough() {
    let stockport = Stockport::new().env("RAYON_NUM_THREADS", "1");
    stockport.write("new.csv", "item_id,name\nA1,Kush\nA2,Haze\n");
    let run = stockport.run(["import", "new.csv", "--sandbox", "--json"]).ok();
    assert!(run.stdout.contains("\"created\":2"), "{}", run.stdout);
}
