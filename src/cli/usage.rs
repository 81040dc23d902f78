//! What is wrong with a command line, in the words that all other errors are told in.
//!
//! Belongs here: what clap refuses, told as what, where and what to do. Doesn't: what a command refuses once it is understood.

mod words;

use std::ffi::OsString;
use std::path::Path;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use words::{alike, belongs, either, joined};

use super::manual::command;
use crate::columns;
use crate::error::{Code, Exit, UserError, code};

/// Why a command line can't be understood.
#[derive(Debug, thiserror::Error)]
pub enum UsageError {
    /// There is no such command.
    #[error("there is no command {given:?}{}", alike(.nearest.as_ref().map(|name| format!("{name:?}"))))]
    UnknownCommand {
        /// What was named, with the commands that it stands in.
        given: String,
        /// The command that is most like it.
        nearest: Option<String>,
        /// The command that it was looked for in.
        within: String,
    },
    /// Help was asked for on what is neither a command nor a topic.
    #[error("there is no help on {given:?}{}", alike(.nearest.as_ref().map(|name| format!("{name:?}"))))]
    UnknownTopic {
        /// What was named.
        given: String,
        /// The command or topic that is most like it.
        nearest: Option<String>,
    },
    /// A command that consists of others was given by itself.
    #[error("`{within}` needs a command: {}", either(.known))]
    NoCommand {
        /// That command.
        within: String,
        /// Those that it consists of.
        known: Vec<String>,
    },
    /// There is no such option here.
    #[error("`{within}` has no option {given}{}{}", alike(.nearest.clone()), belongs(.elsewhere))]
    UnknownOption {
        /// What was named.
        given: String,
        /// The option that is most like it.
        nearest: Option<String>,
        /// Commands that have an option of this name.
        elsewhere: Vec<String>,
        /// A file of this name, which is none for its first letter.
        file: Option<String>,
        /// The command.
        within: String,
    },
    /// One argument more than the command takes.
    #[error("`{within}` doesn't take the argument {given:?}")]
    Surplus {
        /// The first one too many.
        given: String,
        /// The command.
        within: String,
        /// How the command is written.
        form: String,
    },
    /// Something that the command can't do without.
    #[error("`{within}` needs {}", joined(.lacking, "and"))]
    Missing {
        /// What is missing, as it would be written.
        lacking: Vec<String>,
        /// The command.
        within: String,
        /// How the command is written.
        form: String,
    },
    /// An option that takes one of a few words.
    #[error("{option} can't be {given:?}{}", alike(.nearest.as_ref().map(|name| format!("{name:?}"))))]
    UnknownValue {
        /// The option.
        option: String,
        /// What it was given.
        given: String,
        /// The word that is most like it.
        nearest: Option<String>,
        /// The words that it takes.
        known: Vec<String>,
    },
    /// A value of the wrong kind.
    #[error("{option} can't be {given:?}")]
    Value {
        /// The option.
        option: String,
        /// What it was given.
        given: String,
        /// What to give instead.
        wanted: String,
    },
    /// An option whose value is missing.
    #[error("{option} needs a value")]
    NoValue {
        /// The option, as it would be written.
        option: String,
        /// The words that it takes, where they are few.
        known: Vec<String>,
        /// The command.
        within: String,
    },
    /// A switch that was given a value.
    #[error("{option} takes no value, and was given {given:?}")]
    NeedlessValue {
        /// The switch.
        option: String,
        /// The value.
        given: String,
    },
    /// Two options that exclude each other.
    #[error("{} and {} can't be used together", .0, .1)]
    Conflict(String, String),
    /// Two options that name the same file to write.
    #[error("{} and {} name the same file", .0, .1)]
    SameFile(String, String),
    /// An option of one value that was given twice.
    #[error("{0} is given more than once")]
    Twice(String),
    /// An argument that has to be text and is none.
    #[error("an argument of `{within}` isn't valid UTF-8")]
    NotText {
        /// The command.
        within: String,
    },
    /// What else there may be.
    #[error("the command line of `{within}` can't be parsed: {what}")]
    Malformed {
        /// The command.
        within: String,
        /// The parser's own sentence.
        what: String,
    },
}

impl UsageError {
    /// Two options, by their names, that exclude each other.
    #[must_use]
    pub fn conflict(a: &str, b: &str) -> Self {
        Self::Conflict(format!("--{a}"), format!("--{b}"))
    }

    /// Two options, by their names, that name the same file to write.
    #[must_use]
    pub fn same_file(a: &str, b: &str) -> Self {
        Self::SameFile(format!("--{a}"), format!("--{b}"))
    }

    /// What clap complains of in this command line.
    #[must_use]
    pub fn of(error: &clap::Error, args: &[OsString]) -> Self {
        let within = Within::of(args);
        let list = |kind| list(error, kind);
        let text = |kind| list(kind).into_iter().next();
        let option = || text(ContextKind::InvalidArg).map_or_else(String::new, |arg| bare(&arg));
        let name = within.name.clone();
        match error.kind() {
            ErrorKind::InvalidSubcommand => {
                let given = text(ContextKind::InvalidSubcommand).unwrap_or_default();
                let known = within.commands();
                // The most alike comes last; of the commands that help is asked about there are none.
                let nearest = list(ContextKind::SuggestedSubcommand).pop();
                let nearest =
                    nearest.or_else(|| columns::nearest(&given, known.iter().map(String::as_str)).map(str::to_owned));
                Self::UnknownCommand {
                    nearest: nearest.map(|nearest| within.below(&nearest)),
                    given: within.below(&given),
                    within: name,
                }
            }
            ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Self::NoCommand {
                within: name,
                known: within.commands(),
            },
            ErrorKind::UnknownArgument => {
                let given = text(ContextKind::InvalidArg).unwrap_or_default();
                if !given.starts_with('-') || given == "-" {
                    return Self::Surplus {
                        given,
                        within: name,
                        form: within.form(),
                    };
                }
                let elsewhere = having(given.trim_start_matches('-'));
                Self::UnknownOption {
                    // Who writes another command's option to the letter means that one.
                    nearest: within.option_like(&given).filter(|_| elsewhere.is_empty()),
                    elsewhere,
                    file: args
                        .iter()
                        .filter_map(|arg| arg.to_str())
                        .find(|arg| arg.starts_with(&given) && Path::new(arg).is_file())
                        .map(str::to_owned),
                    given,
                    within: name,
                }
            }
            ErrorKind::MissingRequiredArgument => Self::Missing {
                form: with_options(within.form(), &list(ContextKind::InvalidArg)),
                lacking: list(ContextKind::InvalidArg).iter().map(|arg| written(arg)).collect(),
                within: name,
            },
            ErrorKind::InvalidValue => {
                let known = list(ContextKind::ValidValue);
                match text(ContextKind::InvalidValue).filter(|given| !given.is_empty()) {
                    Some(given) => Self::UnknownValue {
                        option: option(),
                        given,
                        nearest: text(ContextKind::SuggestedValue),
                        known,
                    },
                    None => Self::NoValue {
                        option: text(ContextKind::InvalidArg).map_or_else(String::new, |arg| written(&arg)),
                        known,
                        within: name,
                    },
                }
            }
            ErrorKind::ValueValidation => Self::Value {
                option: option(),
                given: text(ContextKind::InvalidValue).unwrap_or_default(),
                wanted: std::error::Error::source(error).map_or_else(String::new, ToString::to_string),
            },
            ErrorKind::TooManyValues => Self::NeedlessValue {
                option: option(),
                given: text(ContextKind::InvalidValue).unwrap_or_default(),
            },
            ErrorKind::ArgumentConflict => {
                let other = list(ContextKind::PriorArg).first().map(|arg| bare(arg));
                match other.filter(|other| *other != option()) {
                    Some(other) => Self::Conflict(option(), other),
                    None => Self::Twice(option()),
                }
            }
            ErrorKind::InvalidUtf8 => Self::NotText { within: name },
            _ => Self::Malformed {
                within: name,
                what: sentence(error),
            },
        }
    }
}

impl UserError for UsageError {
    fn code(&self) -> Code {
        match self {
            Self::Surplus { .. } => "usage_surplus_argument".into(),
            Self::Missing { .. } => "usage_missing_argument".into(),
            Self::Value { .. } => "usage_bad_value".into(),
            Self::Twice(_) => "usage_option_twice".into(),
            _ => code("usage", self),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::UnknownCommand { within, .. } => format!("`{within} --help` lists the commands"),
            Self::UnknownTopic { .. } => "`stockport --help` lists the commands and the topics".to_owned(),
            Self::NoCommand { within, .. } => format!("`{within} --help` lists them"),
            Self::UnknownOption { file: Some(file), .. } => {
                format!("if you mean the file of that name, write ./{file}")
            }
            Self::UnknownOption { within, .. } => format!("`{within} --help` lists the options"),
            Self::Surplus { form, within, .. } | Self::Missing { form, within, .. } => {
                format!("write {form}; see `{within} --help`")
            }
            Self::Value { wanted, .. } => wanted.clone(),
            Self::NoValue { known, within, .. } if known.is_empty() => format!("`{within} --help` shows its values"),
            Self::UnknownValue { known, .. } | Self::NoValue { known, .. } => format!("give {}", either(known)),
            Self::NeedlessValue { option, .. } => format!("write {option} without a value"),
            Self::SameFile(..) => "give each option another file".to_owned(),
            Self::Conflict(..) | Self::Twice(_) => "remove one of them".to_owned(),
            Self::NotText { .. } => "only names of files and folders may hold bytes that are not UTF-8".to_owned(),
            Self::Malformed { within, .. } => format!("`{within} --help` shows how it is written"),
        }
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

/// The command that a command line means, as far as it can be told.
struct Within {
    command: Command,
    /// With those that it stands in: `stockport backup create`.
    name: String,
}

impl Within {
    fn of(args: &[OsString]) -> Self {
        let mut all = command();
        all.build();
        let mut within = Self {
            name: all.get_name().to_owned(),
            command: all,
        };
        for arg in args.iter().skip(1) {
            let below = arg.to_str().and_then(|arg| within.command.find_subcommand(arg));
            if let Some(below) = below.filter(|below| below.get_name() != "help").cloned() {
                within.name = format!("{} {}", within.name, below.get_name());
                within.command = below;
            }
        }
        within
    }

    /// A command in this one, as it would be written behind `stockport`.
    fn below(&self, name: &str) -> String {
        match self.name.split_once(' ') {
            Some((_, path)) => format!("{path} {name}"),
            None => name.to_owned(),
        }
    }

    fn commands(&self) -> Vec<String> {
        let names = self.command.get_subcommands().map(|below| below.get_name().to_owned());
        names.filter(|name| name != "help").collect()
    }

    /// Its option that is most like this one.
    fn option_like(&self, given: &str) -> Option<String> {
        let name = given.trim_start_matches('-').split('=').next()?;
        let options = self.command.get_arguments().filter_map(clap::Arg::get_long);
        columns::nearest(name, options).map(|nearest| format!("--{nearest}"))
    }

    /// How it is written, without options.
    fn form(&self) -> String {
        let usage = self.command.clone().render_usage().to_string();
        // Where there is more than one form, the first is that of the command itself.
        let line = usage.lines().next().unwrap_or_default();
        line.trim_start_matches("Usage:").trim().replace(" [OPTIONS]", "")
    }
}

/// The form of a command with the options that it lacks, where the form doesn't name them.
fn with_options(form: String, lacking: &[String]) -> String {
    let options = lacking
        .iter()
        .filter(|arg| arg.starts_with("--") && !form.contains(arg.as_str()));
    options.fold(form.clone(), |form, option| format!("{form} {option}"))
}

/// The commands that have an option of this name.
fn having(name: &str) -> Vec<String> {
    fn search(command: &Command, path: &str, name: &str, found: &mut Vec<String>) {
        for below in command.get_subcommands() {
            let path = format!("{path} {}", below.get_name());
            if below.get_arguments().any(|arg| arg.get_long() == Some(name)) {
                found.push(path.clone());
            }
            search(below, &path, name, found);
        }
    }
    let name = name.split('=').next().unwrap_or(name);
    let all = command();
    let mut found = Vec::new();
    search(&all, all.get_name(), name, &mut found);
    found
}

fn list(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    }
}

/// `--mode` of `--mode <MODE>`, `FILE` of `[FILE]...`.
fn bare(arg: &str) -> String {
    let first = arg.split(' ').next().unwrap_or(arg);
    first
        .trim_end_matches("...")
        .trim_matches(['<', '>', '[', ']'])
        .split(['=', '['])
        .next()
        .unwrap_or(first)
        .to_owned()
}

/// An argument as it would be written: `--from ORG` of `--from <ORG>`, `FILE...` of `<FILE>...`, and of a group of which one is
/// needed `--ids A,B or --file FILE`.
fn written(arg: &str) -> String {
    let choices = arg
        .strip_prefix('<')
        .and_then(|arg| arg.strip_suffix('>'))
        .filter(|arg| arg.starts_with('-'));
    let plain = |arg: &str| arg.replace(['<', '>'], "");
    match choices {
        Some(choices) => either(&choices.split('|').map(plain).collect::<Vec<_>>()),
        None => plain(arg),
    }
}

/// The parser's sentence, without the usage that follows it.
fn sentence(error: &clap::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

/// A whole number within bounds, whose refusal says which they are.
pub(super) fn whole<N: TryFrom<u64>, const FROM: u64, const TO: u64>(text: &str) -> Result<N, String> {
    let number = text.trim().parse::<u64>().ok().filter(|n| (FROM..=TO).contains(n));
    number.and_then(|n| N::try_from(n).ok()).ok_or_else(|| {
        let (from, to) = (crate::output::grouped(FROM), crate::output::grouped(TO));
        match (FROM, TO) {
            // A bound that nobody comes near is no news.
            (0, 0xFFFF_FFFF..) => "give a whole number".to_owned(),
            (_, 0xFFFF_FFFF..) => format!("give a whole number, {from} or more"),
            _ => format!("give a whole number from {from} to {to}"),
        }
    })
}
