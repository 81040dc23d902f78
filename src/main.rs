//! The command line: parse, run, print the error, exit.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(stockport::commands::main())
}
