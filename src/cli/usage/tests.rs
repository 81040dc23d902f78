//! What a refused command line is answered with.

use super::*;
use crate::cli::Cli;
use clap::FromArgMatches as _;

fn refused(line: &str) -> (String, String) {
    let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
    let parsed = command()
        .try_get_matches_from(&args)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let error = UsageError::of(&parsed.unwrap_err(), &args);
    (error.to_string(), error.hint())
}

#[test]
fn every_choice_of_a_group_is_named() {
    let (message, _) = refused("stockport delete");
    assert_eq!(
        message,
        "`stockport delete` needs --ids A,B, --file FILE or --where CONDITION"
    );
}

#[test]
fn an_option_of_another_command_is_found_there() {
    let (message, _) = refused("stockport export --mirror x");
    assert_eq!(
        message,
        "`stockport export` has no option --mirror; `stockport migrate` has it"
    );
}

#[test]
fn a_number_says_its_bounds() {
    let (message, hint) = refused("stockport import x --jobs 9999");
    assert_eq!(
        (message.as_str(), hint.as_str()),
        ("--jobs can't be \"9999\"", "give a whole number from 1 to 512")
    );
    assert_eq!(whole::<u16, 0, 65_535>("8080"), Ok(8080));
    assert!(whole::<u64, 1, { u64::MAX }>("0").is_err());
    assert!(whole::<u64, 0, { u64::MAX }>("-1").is_err());
}
