//! Help that fits on a screen: which options a command's help lists, and stockport's own list of commands and topics.
//!
//! Doesn't belong here: what an option is for (its doc comment), examples (`examples`), completions and manual pages
//! (`manual`), which name every option.

use clap::Command;

use super::THROTTLING;
use crate::help::TOPICS;

/// Groups of options that the short help leaves to the long one.
const ONLY_IN_LONG_HELP: [&str; 5] = [THROTTLING, "Safety limits", "Reading", "Monitoring", "Simulated faults"];
/// Options of these groups that the short help lists all the same.
const ALWAYS: [&str; 3] = ["sheet", "column", "map"];
/// Others that it leaves to the long one.
const SELDOM: [&str; 6] = ["wait", "format", "complete", "shard", "missing", "allow_other_ids"];

/// Commands that stockport's short help names without a line of their own.
const ASIDE: [&str; 7] = ["fields", "config", "doctor", "sandbox", "completions", "man", "help"];

/// Commands that work with files or this machine only. `--org` and the like have no use there.
const LOCAL: [&str; 14] = [
    "inspect",
    "convert",
    "fields",
    "runs",
    "schedule",
    "config",
    "completions",
    "man",
    "help",
    "list",
    "check",
    "history",
    "prune",
    "template",
];

/// Commands that may ask before they write.
const ASKING: [&str; 5] = ["import", "delete", "undo", "migrate", "restore"];

/// How wide a line of text is that the help is given.
const WIDTH: usize = 80;

/// The command line with help that fits.
pub(super) fn fitted(command: Command) -> Command {
    let command = command.mut_args(|arg| {
        let is_global = arg.is_global_set();
        arg.hide_short_help(is_global).hide_long_help(is_global)
    });
    let (short, long) = overview(&command);
    let command = below(command, "");
    command
        .help_template("{about-with-newline}\n{usage-heading} {usage}{after-help}")
        .after_help(short)
        .after_long_help(long)
}

/// The commands inside one, each with a help that fits.
fn below(command: Command, path: &str) -> Command {
    command.mut_subcommands(|inner| {
        let path = format!("{path} {}", inner.get_name());
        let inner = inner.mut_args(|arg| {
            let id = arg.get_id().as_str();
            let group = arg.get_help_heading().unwrap_or_default();
            let hides = (ONLY_IN_LONG_HELP.contains(&group) && !ALWAYS.contains(&id)) || SELDOM.contains(&id);
            if hides { arg.hide_short_help(true) } else { arg }
        });
        let global = global_line(&path);
        let all = format!("All options, with examples: `stockport{path} --help`\n{global}");
        below(inner, &path).after_help(all).after_long_help(global)
    })
}

/// The one line about the options that every command takes. It names those that the command has a use for.
fn global_line(path: &str) -> String {
    let mut named = vec!["--json"];
    if !path.split(' ').any(|word| LOCAL.contains(&word)) {
        named.splice(0..0, ["--org", "--sandbox"]);
    }
    if path.rsplit(' ').next().is_some_and(|name| ASKING.contains(&name)) {
        named.insert(0, "--yes");
    }
    format!("Global options ({}, …): `stockport help options`", named.join(", "))
}

/// The lists below stockport's own usage: short, and in full.
fn overview(all: &Command) -> (String, String) {
    let commands: Vec<&Command> = all.get_subcommands().collect();
    let (aside, listed): (Vec<&Command>, Vec<&Command>) =
        commands.iter().partition(|command| ASIDE.contains(&command.get_name()));
    let names: Vec<&str> = aside.iter().map(|command| command.get_name()).collect();
    let topics: Vec<&str> = TOPICS.iter().map(|topic| topic.name).collect();
    let short = format!(
        "Commands (`stockport COMMAND -h` lists the options of one):\n{}\n  Also: {}\n\n{}\nGlobal options: `stockport help options`. More: `stockport --help`.",
        lines(listed.iter().map(|command| entry(command))),
        names.join(", "),
        filled(&format!("Topics (`stockport help TOPIC`): {}", topics.join(", "))),
    );
    let long = format!(
        "Commands:\n{}\n\nTopics (`stockport help TOPIC`):\n{}\n\nOptions:\n{}\n\n{}",
        lines(commands.iter().map(|command| entry(command))),
        lines(
            TOPICS
                .iter()
                .map(|topic| (topic.name.to_owned(), topic.title().to_owned()))
        ),
        lines([
            ("-h, --help".to_owned(), "Print help (-h: on one screen)".to_owned()),
            ("-V, --version".to_owned(), "Print the version".to_owned()),
        ]),
        "Global options (--org, --sandbox, --json, …): `stockport help options`"
    );
    (short, long)
}

fn entry(command: &Command) -> (String, String) {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    (command.get_name().to_owned(), about)
}

/// Names and what they are for, in two columns.
fn lines(entries: impl IntoIterator<Item = (String, String)>) -> String {
    let entries: Vec<(String, String)> = entries.into_iter().collect();
    let widest = entries.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let lines = entries.iter().map(|(name, about)| format!("  {name:widest$}  {about}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The text in lines that fit, the later ones further in.
fn filled(text: &str) -> String {
    crate::output::wrapped(text, WIDTH)
}
