//! `stockport help`: a topic, or the help of a command.
//!
//! Doesn't belong here: the topics (`help`), how a page is laid out (`output`).

use serde_json::{Value, json};

use super::{Context, ending};
use crate::cli;
use crate::error::Exit;
use crate::help::Topic;

/// Shows a topic, or a command's help.
pub(super) fn run(context: &Context, options: &cli::Help) -> Exit {
    let output = &context.output;
    if let [name] = options.words.as_slice()
        && let Some(topic) = Topic::named(name)
    {
        output.markdown(topic.text);
        output.document(&json!({"topic": topic.name, "text": topic.text, "error": Value::Null}));
        return Exit::Done;
    }
    let line = match options.line() {
        Ok(line) => line,
        Err(error) => return context.fail(error.into()),
    };
    match cli::command().try_get_matches_from(line) {
        Err(help) => ending::helped(output, &help),
        // A command line that ends with --help runs nothing.
        Ok(_) => Exit::Done,
    }
}
