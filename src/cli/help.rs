//! The arguments of `stockport help`, and the command whose help they ask for.
//!
//! Doesn't belong here: what is done with them (`commands::help`), the topics' texts (`help`).

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Args, CommandFactory as _};

use super::Cli;
use super::usage::UsageError;
use crate::columns;
use crate::help::TOPICS;

/// `stockport help`
#[derive(Args, Debug)]
pub struct Help {
    /// A command, or a topic [default: stockport itself]
    #[arg(value_name = "COMMAND|TOPIC", value_parser = Asked, hide_possible_values = true)]
    pub words: Vec<String>,
}

impl Help {
    /// The command line that shows the help of the command asked for.
    pub fn line(&self) -> Result<Vec<String>, UsageError> {
        let mut command = Cli::command();
        for (place, word) in self.words.iter().enumerate() {
            let Some(below) = command.find_subcommand(word).cloned() else {
                let topics = TOPICS.iter().map(|topic| topic.name).filter(|_| place == 0);
                let known: Vec<&str> = command
                    .get_subcommands()
                    .map(clap::Command::get_name)
                    .chain(topics)
                    .collect();
                let path = |word: &str| [&self.words[..place], &[word.to_owned()]].concat().join(" ");
                return Err(UsageError::UnknownTopic {
                    given: path(word),
                    nearest: columns::nearest(word, known.into_iter()).map(path),
                });
            };
            command = below;
        }
        let words = std::iter::once("stockport").chain(self.words.iter().map(String::as_str));
        Ok(words.chain(["--help"]).map(str::to_owned).collect())
    }
}

/// Any text, of which shells complete the commands and the topics. What is neither is refused later, with the nearest name.
#[derive(Clone)]
struct Asked;

impl TypedValueParser for Asked {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(TOPICS.iter().map(|topic| PossibleValue::new(topic.name))))
    }
}
