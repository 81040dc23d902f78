//! How much is printed, and how: the switches of the command line, and what a piece of text is.
//!
//! Doesn't belong here: colours' codes (`terminal`).

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How much is said, and how.
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches of the command line, each on its own"
)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// One JSON document on standard output instead of text.
    pub json: bool,
    /// Events on standard error as JSON, one a line, instead of text.
    pub json_log: bool,
    /// Errors and warnings only; no results in text.
    pub quiet: bool,
    /// More of the reasons.
    pub verbose: bool,
    /// Colours.
    pub color: Color,
    /// No bar and no progress lines.
    pub no_progress: bool,
}

/// What a piece of text is, which decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Plain text.
    Plain,
    /// Good news, or something new.
    Good,
    /// Something to look at.
    Warning,
    /// An error.
    Bad,
    /// Something of less weight.
    Dim,
    /// A heading.
    Strong,
}
