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

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &[&str]) -> Result<Vec<String>, String> {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        Help { words }.line().map_err(|error| error.to_string())
    }

    #[test]
    fn a_command_is_found_by_its_words() {
        assert_eq!(
            line(&["backup", "create"]).unwrap(),
            ["stockport", "backup", "create", "--help"]
        );
        assert_eq!(line(&[]).unwrap(), ["stockport", "--help"]);
    }

    #[test]
    fn what_is_neither_a_command_nor_a_topic_has_a_nearest_name() {
        for (words, nearest) in [
            (&["raeding"][..], "\"reading\""),
            (&["imprt"], "\"import\""),
            (&["exitcodes"], "\"exit-codes\""),
            (&["backup", "creat"], "\"backup create\""),
        ] {
            let error = line(words).unwrap_err();
            assert!(error.ends_with(nearest), "{error}");
        }
        // A topic stands alone.
        assert!(line(&["import", "reading"]).is_err());
    }

    #[test]
    fn no_command_has_the_name_of_a_topic() {
        let all = Cli::command();
        for topic in TOPICS {
            assert!(all.find_subcommand(topic.name).is_none(), "{}", topic.name);
        }
    }
}
