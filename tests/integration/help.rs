//! Help that fits on a screen: one sentence, examples that run, the command's own options, topics; suggestions; completions;
//! manual pages.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use stockport::help::TOPICS;

use crate::readme::{Ended, words};
use crate::support::{Run, Stockport, TestSandbox};

const ORG: &str = "sandbox-company";

/// Every command with what its help says, those inside others too.
fn helps(stockport: &Stockport) -> Vec<(Vec<String>, String)> {
    let mut helps = vec![(Vec::new(), stockport.run(["--help"]).ok().stdout)];
    let mut next = 0;
    while let Some((path, help)) = helps.get(next).cloned() {
        for name in crate::manual::listed(&help) {
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

/// The most lines of a short help: stockport's own, and a command's. It fits on a screen.
const SCREEN: (usize, usize) = (24, 40);
/// The most columns of a line.
const COLUMNS: usize = 80;

/// The options that every command takes, without their hyphens.
fn global_options() -> Vec<String> {
    let command = stockport::cli::command();
    let global = command.get_arguments().filter(|arg| arg.is_global_set());
    global.filter_map(|arg| arg.get_long().map(str::to_owned)).collect()
}

#[test]
fn every_help_opens_with_a_sentence_shows_examples_and_lists_the_commands_own_options() {
    let stockport = Stockport::new();
    let helps = helps(&stockport);
    assert!(helps.len() > 20, "only {} commands", helps.len());
    let global = global_options();
    assert!(global.len() > 10, "{global:?}");
    let mut all = 0;
    for (path, help) in &helps {
        let first = help.lines().next().unwrap();
        assert!(first.ends_with('.'), "{path:?}: {first}");
        let shown = examples(help);
        // A longer one would be broken into two lines, and no longer be one command.
        let most = COLUMNS - "  stockport ".len();
        assert!(shown.iter().all(|example| example.len() <= most), "{path:?}: {shown:?}");
        let shown = shown.len();
        all += shown;
        let wanted = if path.last().is_some_and(|name| name == "remove") {
            0..=0
        } else {
            1..=3
        };
        assert!(wanted.contains(&shown), "{path:?} shows {shown} examples");
        let listed = long_options(help);
        assert!(listed.contains(&"help".to_owned()), "{path:?}: {listed:?}");
        // stockport itself lists --version.
        let foreign = listed.iter().find(|name| global.contains(name) && !path.is_empty());
        assert_eq!(foreign, None, "{path:?} lists an option of every command");
        let pointers = help.lines().filter(|line| line.contains("`stockport help options`"));
        assert_eq!(pointers.count(), 1, "{path:?}: one line names the global options");
    }
    let written = crate::readme::text("src/cli/examples.txt");
    let written = written.lines().filter(|line| line.starts_with("stockport "));
    assert_eq!(all, written.count(), "examples of what is no command");
}

#[test]
fn the_short_help_of_every_command_fits_on_a_screen() {
    let stockport = Stockport::new();
    for (path, help) in &helps(&stockport) {
        let args: Vec<&str> = path.iter().map(String::as_str).chain(["-h"]).collect();
        let short = stockport.run(args).ok().stdout;
        let most = if path.is_empty() { SCREEN.0 } else { SCREEN.1 };
        let lines = short.lines().count();
        assert!(
            lines <= most,
            "{path:?}: -h has {lines} lines, at most {most}:\n{short}"
        );
        // A usage is a line, however long.
        let mut texts = short.lines().filter(|line| !line.starts_with("Usage:"));
        let wide = texts.find(|line| line.chars().count() > COLUMNS);
        assert_eq!(wide, None, "{path:?}: -h is too wide");
        assert!(short.contains("`stockport help options`"), "{path:?}: {short}");
        assert!(!short.contains("Examples:"), "{path:?}: -h shows examples");
        assert!(lines < help.lines().count(), "{path:?}: -h is no shorter");
    }
}

#[test]
fn a_command_that_knows_no_organization_points_to_no_option_that_names_one() {
    let stockport = Stockport::new();
    for (args, names) in [
        (&["convert", "--help"][..], false),
        (&["schedule", "list", "-h"], false),
        (&["backup", "prune", "--help"], false),
        (&["import", "-h"], true),
        (&["backup", "create", "--help"], true),
    ] {
        let help = stockport.run(args).ok().stdout;
        let line = help.lines().find(|line| line.starts_with("Global options")).unwrap();
        assert_eq!(line.contains("--org"), names, "{args:?}: {line}");
    }
}

#[test]
fn the_command_line_is_well_formed_and_no_command_has_the_name_of_a_topic() {
    let command = stockport::cli::command();
    command.clone().debug_assert();
    for topic in TOPICS {
        assert!(command.find_subcommand(topic.name).is_none(), "{}", topic.name);
    }
}

#[test]
fn the_own_help_names_every_command_and_every_topic_in_short_and_in_full() {
    let stockport = Stockport::new();
    let commands = crate::manual::listed(&stockport.run(["--help"]).ok().stdout);
    assert!(commands.len() > 15, "{commands:?}");
    for args in [
        &["-h"][..],
        &["--help"],
        &["help"],
        &["help", "--json"],
        &["--color", "never", "-h"],
    ] {
        let help = stockport.run(args).ok().stdout;
        let words: Vec<&str> = help.split([' ', ',', '\n', '.']).collect();
        let topics = TOPICS.iter().map(|topic| topic.name);
        for name in commands.iter().map(String::as_str).chain(topics) {
            assert!(words.contains(&name), "{args:?} lacks {name}:\n{help}");
        }
    }
}

#[test]
fn every_topic_is_shown_as_text_that_fits() {
    let stockport = Stockport::new();
    for topic in TOPICS {
        let run = stockport.run(["help", topic.name]).ok();
        assert_eq!(
            (run.stdout.lines().next(), run.stderr.as_str()),
            (Some(topic.title()), "")
        );
        for line in run.stdout.lines().filter(|line| !line.starts_with("    ")) {
            assert!(line.chars().count() <= COLUMNS, "{}: {line}", topic.name);
            for mark in ["#", "|---", "![", "](", "```", "**"] {
                assert!(
                    !line.trim_start().starts_with(mark) && !line.contains("]("),
                    "{}: {line}",
                    topic.name
                );
            }
        }
        let quiet = stockport.run(["help", topic.name, "-q"]).ok();
        assert_eq!(quiet.stdout, run.stdout, "a page that is asked for is data");
        let json = stockport.run(["help", topic.name, "--json"]).ok().json();
        assert_eq!(
            (&json["topic"], &json["text"]),
            (&topic.name.into(), &topic.text.into())
        );
    }
    let colored = stockport.run(["help", "exit-codes", "--color", "always"]).ok().stdout;
    assert!(colored.starts_with("\u{1b}[1mExit codes\u{1b}[0m\n"), "{colored}");
}

#[test]
fn the_help_of_a_command_is_the_same_by_its_word_and_by_its_option() {
    let stockport = Stockport::new();
    for (path, help) in &helps(&stockport) {
        let args: Vec<&str> = std::iter::once("help").chain(path.iter().map(String::as_str)).collect();
        assert_eq!(&stockport.run(args).ok().stdout, help, "{path:?}");
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
    let key = stockport.write("my.key", "a-key");
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
            if example == "migrate --check moved.json" {
                let moved = ["--from", ORG, "--to", "sandbox-branch", "--certificate", "moved"];
                stockport.run([&["migrate"][..], &moved].concat()).ok();
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
            let mut options = long_options(help);
            options.extend(global_options());
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
        for option in long_options(&help).into_iter().chain(global_options()) {
            let roff = format!("\\fB\\-\\-{}\\fR", option.replace('-', "\\-"));
            assert!(described.contains(&roff), "stockport{name} lacks --{option}:\n{page}");
        }
        for command in crate::manual::listed(&help) {
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
