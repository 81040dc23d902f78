//! Help that teaches: one sentence, examples that run, options in groups; suggestions; completions; manual pages.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::readme::{Ended, words};
use crate::support::{Run, Stockport, TestSandbox};

const ORG: &str = "sandbox-company";

/// Every command with what its help says, those inside others too.
fn helps(stockport: &Stockport) -> Vec<(Vec<String>, String)> {
    let mut helps = vec![(Vec::new(), stockport.run(["--help"]).ok().stdout)];
    let mut next = 0;
    while let Some((path, help)) = helps.get(next).cloned() {
        for name in crate::manual::listed(&help).into_iter().filter(|name| name != "help") {
            let path: Vec<String> = path.iter().cloned().chain([name]).collect();
            let args: Vec<&str> = path.iter().map(String::as_str).chain(["--help"]).collect();
            let help = stockport.run(args).ok().stdout;
            helps.push((path, help));
        }
        next += 1;
    }
    helps
}

/// The commands that a help shows as examples.
fn examples(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Examples:").skip(1);
    let block = lines.take_while(|line| !line.is_empty());
    block
        .filter_map(|line| line.strip_prefix("  stockport ").map(str::to_owned))
        .collect()
}

#[test]
fn every_help_opens_with_a_sentence_shows_examples_and_groups_its_options() {
    let stockport = Stockport::new();
    let helps = helps(&stockport);
    assert!(helps.len() > 20, "only {} commands", helps.len());
    for (path, help) in &helps {
        let first = help.lines().next().unwrap();
        assert!(
            first.ends_with('.') || help.lines().nth(1).unwrap().ends_with('.'),
            "{path:?}: {first}"
        );
        let shown = examples(help).len();
        let wanted = if path.last().is_some_and(|name| name == "remove") {
            0..=0
        } else {
            1..=3
        };
        assert!(wanted.contains(&shown), "{path:?} shows {shown} examples");
        for group in ["Where:", "Output:"] {
            assert!(help.contains(group), "{path:?} has no {group}");
        }
        let args: Vec<&str> = path.iter().map(String::as_str).chain(["-h"]).collect();
        let short = stockport.run(args).ok().stdout;
        assert!(!short.contains("Examples:"), "{path:?}: -h shows examples");
        assert!(
            short.lines().count() <= 50,
            "{path:?}: -h has {} lines",
            short.lines().count()
        );
        assert!(
            short.lines().count() < help.lines().count(),
            "{path:?}: -h is no shorter"
        );
    }
}

#[test]
fn every_example_of_the_help_runs() {
    let server = TestSandbox::new();
    let stockport = Stockport::new().at(&server, ORG);
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    for (sample, name) in [
        ("inventory.xlsx", "inventory.xlsx"),
        ("inventory.xlsx", "stored.xlsx"),
        ("mapping/count.csv", "count.csv"),
    ] {
        fs::copy(samples.join(sample), stockport.path(name)).unwrap();
    }
    crate::config::write_key(&stockport, "main.key", server.sandbox.key_for(ORG).unwrap());
    let key = stockport.write("stockport.key", "a-key");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
    }
    #[cfg(not(unix))]
    drop(key);
    for (path, help) in helps(&stockport) {
        for example in examples(&help) {
            let args = words(&example);
            if path == ["sandbox"] {
                serves(&stockport, &args);
                continue;
            }
            // The scheduler is this machine's own, not a test's.
            if path == ["schedule", "list"] {
                continue;
            }
            stockport.run(&args).ok();
        }
    }
}

/// Begins to serve, and says where.
fn serves(stockport: &Stockport, args: &[&str]) {
    let mut child = Ended(stockport.command(args).stdout(Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(child.0.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.contains("http://127.0.0.1:"), "{args:?}: {line}");
}

#[test]
fn what_is_mistyped_is_told_with_what_comes_nearest() {
    let stockport = Stockport::new();
    stockport.write("one.csv", "item_id,name\nA1,Kush\n");
    stockport.write("other.csv", "item_id,name\nA1,Kush\n");
    fs::create_dir_all(stockport.home().join("config/stockport")).unwrap();
    fs::write(
        stockport.home().join("config/stockport/config.toml"),
        "[profiles.main]\norg = \"north\"\n",
    )
    .unwrap();
    let told = |args: &[&str], wanted: &str| {
        let Run { stderr, .. } = stockport.run(args).exit(2);
        assert!(stderr.contains(wanted), "{args:?}: {stderr}");
    };
    told(&["imprt", "one.csv"], "\"import\"");
    told(&["backup", "creat", "dir"], "\"backup create\"");
    told(&["import", "one.csv", "--dryrun"], "--dry-run");
    told(&["import", "one.csv", "--mode", "updat"], "\"update\"");
    told(&["import", "one.csv", "--profile", "mian"], "\"main\"");
    told(&["man", "imprt"], "\"import\"");
    stockport.run(["import", "one.csv", "--sandbox"]).ok();
    told(
        &["export", "-", "--sandbox", "--fields", "item_id,quantiy"],
        "\"quantity\"",
    );
    told(&["export", "-", "--sandbox", "--where", "nmae=Kush"], "\"name\"");
}

/// The long options that a help lists, without their hyphens.
fn long_options(help: &str) -> Vec<String> {
    let options = help.lines().filter_map(|line| {
        let line = line.trim_start();
        let at = line.find("--").filter(|at| *at == 0 || line.starts_with('-'))?;
        line[at + 2..]
            .split(|c: char| !(c.is_ascii_lowercase() || c == '-'))
            .next()
            .map(str::to_owned)
    });
    options.filter(|option| !option.is_empty()).collect()
}

/// How a name is written in a script.
type Written = fn(&str) -> String;

/// What a shell is told of one command: its part of the script, and how an option and a command inside it are written there.
fn told<'s>(shell: &str, script: &'s str, path: &[String]) -> (&'s str, Written, Written) {
    let part = |begins: &str, ends: &str| -> &'s str {
        let (_, rest) = script
            .split_once(begins)
            .unwrap_or_else(|| panic!("{shell} knows nothing of {path:?}: no {begins:?}"));
        rest.split_once(ends).map_or(rest, |(part, _)| part)
    };
    let joined = |glue: &str| -> String {
        let names = std::iter::once("").chain(path.iter().map(String::as_str));
        names.collect::<Vec<_>>().join(glue)
    };
    match shell {
        "bash" => (
            part(
                &format!("\n        stockport{})\n            opts=\"", joined("__subcmd__")),
                "\"",
            ),
            |option| format!(" --{option} "),
            |command| format!(" {command} "),
        ),
        "powershell" => (
            part(
                &format!("\n        'stockport{}' {{", joined(";")),
                "\n            break",
            ),
            |option| format!("('--{option}',"),
            |command| format!("('{command}',"),
        ),
        // Their parts stand in each other, so that the whole script is looked at.
        "zsh" => (script, |option| format!("--{option}"), |command| format!("'{command}:")),
        "fish" => (
            script,
            |option| format!(" -l {option} "),
            |command| format!(" -a \"{command}\" "),
        ),
        other => panic!("no test knows {other}"),
    }
}

#[test]
fn the_completions_of_each_shell_name_every_option_and_command_of_every_command() {
    let stockport = Stockport::new();
    let helps = helps(&stockport);
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = stockport.run(["completions", shell]).ok().stdout;
        for (path, help) in &helps {
            let options = long_options(help);
            assert!(options.iter().any(|option| option == "help"), "{path:?}: {options:?}");
            let (part, option, command) = told(shell, &script, path);
            let part = format!(" {part} ");
            for name in options {
                // zsh gives an option what it takes (`=`) or its description (`[`).
                let written = option(&name);
                let there = match shell {
                    "zsh" => ["[", "=[", "=-"]
                        .iter()
                        .any(|end| part.contains(&format!("{written}{end}"))),
                    "fish" => part.contains(&written) || part.contains(&format!("{}\n", written.trim_end())),
                    _ => part.contains(&written),
                };
                assert!(there, "{shell} doesn't complete --{name} of {path:?}: {part}");
            }
            for name in crate::manual::listed(help) {
                assert!(
                    part.contains(&command(&name)),
                    "{shell} doesn't complete {name} of {path:?}"
                );
            }
        }
    }
}

#[test]
fn each_shell_that_is_installed_takes_its_completions() {
    let stockport = Stockport::new();
    for (shell, program, option) in [
        ("bash", "bash", "-n"),
        ("zsh", "zsh", "-n"),
        ("fish", "fish", "--no-execute"),
    ] {
        let script = stockport.run(["completions", shell]).ok().stdout;
        let file = stockport.write("completions", &script);
        match Command::new(program).arg(option).arg(&file).output() {
            Ok(output) => assert!(
                output.status.success(),
                "{shell}: {}",
                String::from_utf8_lossy(&output.stderr)
            ),
            Err(_) => println!("skipped: {program} is not installed, so it doesn't look at its completions"),
        }
    }
}

#[test]
fn the_manual_page_of_every_command_names_all_of_its_options() {
    let stockport = Stockport::new();
    stockport.run(["man", "--dir", "man1"]).ok();
    for (path, help) in helps(&stockport) {
        let names: Vec<&str> = std::iter::once("").chain(path.iter().map(String::as_str)).collect();
        let name = names.join("-");
        let page = stockport.read(&format!("man1/stockport{name}.1"));
        let (_, described) = page.split_once("\n.SH OPTIONS\n").unwrap();
        for option in long_options(&help) {
            let roff = format!("\\fB\\-\\-{}\\fR", option.replace('-', "\\-"));
            assert!(described.contains(&roff), "stockport{name} lacks --{option}:\n{page}");
        }
        for command in crate::manual::listed(&help).iter().filter(|name| *name != "help") {
            assert!(
                page.contains(&format!("\\-{command}(1)")),
                "stockport{name} lacks {command}"
            );
        }
    }
}

#[test]
fn every_command_has_a_manual_page_that_groff_takes() {
    let stockport = Stockport::new();
    stockport.run(["man", "--dir", "man1"]).ok();
    for (path, help) in helps(&stockport) {
        let args: Vec<&str> = std::iter::once("man").chain(path.iter().map(String::as_str)).collect();
        let page = stockport.run(&args).ok().stdout;
        let name = std::iter::once("stockport")
            .chain(path.iter().map(String::as_str))
            .collect::<Vec<_>>()
            .join("-");
        assert_eq!(
            stockport.read(&format!("man1/{name}.1")).trim_end(),
            page.trim_end(),
            "{name}"
        );
        for example in examples(&help) {
            let roff = example.replace('-', "\\-");
            assert!(page.contains(&roff), "{name} lacks {example}:\n{page}");
        }
        let groff = Command::new("groff")
            .args(["-man", "-ww", "-z", "-Tutf8", "-K", "utf8"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let Ok(mut groff) = groff else {
            println!("skipped: groff is not installed, so it doesn't look at the pages");
            continue;
        };
        groff.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
        let output = groff.wait_with_output().unwrap();
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && complaints.is_empty(), "{name}: {complaints}");
    }
}
