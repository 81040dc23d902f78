//! What is generated from the command line's definition: help with examples, completions for shells, manual pages.
//!
//! Doesn't belong here: the commands and options themselves, the examples (`examples.txt`), which options a help lists
//! (`overview`).

use std::any::TypeId;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, PathBufValueParser, TypedValueParser as _};
use clap::{Arg, Args, Command, CommandFactory as _};
use clap_complete::Shell;

use super::Cli;
use super::overview::fitted;
use crate::place::{Place, on_this_machine};

/// `stockport completions`
#[derive(Args, Debug)]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: Shell,
}

/// `stockport man`
#[derive(Args, Debug)]
pub struct Man {
    /// The command whose page is printed [default: stockport's own]
    #[arg(value_name = "COMMAND")]
    pub command: Vec<String>,
    /// Write all pages into this folder
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    pub dir: Option<PathBuf>,
}

/// The command line as it is parsed, with its examples and help that fits.
#[must_use]
pub fn command() -> Command {
    fitted(taught(Cli::command(), "stockport"))
}

/// Commands with their examples, the uses that people come for: each a line on its purpose, and the command line.
fn examples() -> impl Iterator<Item = (&'static str, &'static str)> {
    let sections = include_str!("examples.txt").split("## ");
    sections.filter_map(|section| {
        let (command, examples) = section.split_once('\n')?;
        Some((command.trim(), examples.trim()))
    })
}

fn taught(command: Command, path: &str) -> Command {
    let examples = examples().find(|(command, _)| *command == path);
    let mut command = command.mut_args(|arg| {
        let arg = of_this_machine(arg);
        // `--jobs -1` is a wrong value of --jobs, not an option -1.
        let takes_value = arg.get_action().takes_values() && !arg.is_positional();
        if takes_value {
            arg.allow_negative_numbers(true)
        } else {
            arg
        }
    });
    if let Some(about) = command.get_about().map(ToString::to_string) {
        let mut long = format!("{}.", about.trim_end_matches('.'));
        let more = command.get_long_about().map(ToString::to_string);
        if let Some((_, more)) = more.as_deref().and_then(|more| more.split_once("\n\n")) {
            long += &format!("\n\n{more}");
        }
        if let Some((_, examples)) = examples {
            let lines = examples.lines().map(|line| format!("\n  {line}"));
            long += &format!("\n\nExamples:{}", lines.collect::<String>());
        }
        command = command.long_about(long);
    }
    command.mut_subcommands(|below| {
        let path = format!("{path} {}", below.get_name());
        taught(below, &path)
    })
}

/// The same argument. Where it takes the name of a file or a folder, it refuses an address.
fn of_this_machine(arg: Arg) -> Arg {
    let kind = arg.get_value_parser().type_id();
    if kind == TypeId::of::<PathBuf>() {
        let checked = |path: PathBuf| on_this_machine(path.as_os_str()).map(|()| path);
        arg.value_parser(PathBufValueParser::new().try_map(checked))
    } else if kind == TypeId::of::<OsString>() {
        let checked = |name: OsString| Place::check(&name).map(|()| name);
        arg.value_parser(OsStringValueParser::new().try_map(checked))
    } else {
        arg
    }
}

/// The script that completes commands and options in a shell.
#[must_use]
pub fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), "stockport", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// Every manual page, by its name (`stockport-backup-create`).
pub fn pages() -> io::Result<Vec<(String, String)>> {
    let mut all = taught(Cli::command(), "stockport");
    all.build();
    let mut pages = Vec::new();
    add_pages(&all, &mut pages)?;
    Ok(pages)
}

fn add_pages(command: &Command, pages: &mut Vec<(String, String)>) -> io::Result<()> {
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    pages.push((name, String::from_utf8_lossy(&page).into_owned()));
    command.get_subcommands().try_for_each(|below| add_pages(below, pages))
}
