//! The command line: parse, run, print the error, exit.
//!
//! Doesn't belong here: anything of a single command (`commands`).

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(stockport::commands::main())
}
