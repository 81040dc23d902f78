//! `stockport login`: asks for an API, an organization and a key, tries them, and writes a profile.
//!
//! Doesn't belong here: the terminal (`output`), the files (`config::write`).

use std::ffi::OsStr;

use serde_json::{Value, json};

use super::doctor::online::quick;
use super::{CommandError, Context, shell};
use crate::api::Key;
use crate::cli::Login;
use crate::config::write::{New, Target};
use crate::config::{self as settings, ConfigError, DEFAULT_API, Wishes, key, pasted};
use crate::environment;
use crate::error::{Error, Exit};
use crate::output::{About, Warning};
use crate::report::Next;

/// The profile that is used where none is named.
const DEFAULT: &str = "default";

/// How often a question is asked again that got a blank answer: text that is pasted may begin with line breaks.
const AGAIN: usize = 3;

/// Runs the command. `name` is the profile's.
pub(super) fn run(context: &Context, options: &Login, name: Option<&str>) -> Exit {
    let name = name.filter(|name| !name.trim().is_empty()).unwrap_or(DEFAULT);
    match login(context, options, name) {
        Ok(()) => Exit::Done,
        Err(error) => context.fail(error),
    }
}

fn login(context: &Context, options: &Login, name: &str) -> Result<(), Error> {
    if context.wishes.sandbox {
        return Err(CommandError::NoLogin.into());
    }
    let target = Target::open()?;
    let is_replaced = target.profile(name).is_some();
    if is_replaced && !options.force && !context.yes {
        let what = format!("The profile {name} of {} will be replaced", target.path.display());
        if !context.output.confirm(&what, &context.stop) {
            context.go_on()?;
            return Err(CommandError::ProfileExists(name.to_owned()).into());
        }
    }
    let wishes = answers(context, &target, name)?;
    let org = wishes.org.clone().unwrap_or_default();
    let api = wishes.base();
    let endpoint = match asked_key(context)? {
        Some(key) => wishes.remote(api.clone(), org.clone(), key)?,
        None => wishes.endpoint(Some(&org))?,
    };
    pasted::refuse_answers(&[("--org", &org), ("--api", &api), ("--profile", name)], &endpoint.key)?;
    let client = context.client(&endpoint)?;
    client.check_access()?;
    context.go_on()?;
    let key_file = target.write(&New {
        name,
        api: &api,
        org: &org,
        key: &endpoint.key,
    })?;
    let is_chosen = target.is_chosen(name);
    let mut warnings = Vec::new();
    if is_chosen && environment::filled(settings::KEY_VARIABLE).is_some() {
        warnings.push(About::KeyVariable.warning(format!(
            "{} is set and overrides the key of a default profile: unset it, or pass --profile {name}",
            settings::KEY_VARIABLE
        )));
    }
    let mut words = ["stockport", "doctor"].map(OsStr::new).to_vec();
    if !is_chosen {
        words.extend(["--profile", name].map(OsStr::new));
    }
    let next = [Next::new("To check the setup:", shell::line(&words))];
    let output = &context.output;
    output.result(&format!("{org} answers at {api}"));
    let line = format!("Wrote the profile {name} to {}", target.path.display());
    output.result_naming(&line, &[&target.path]);
    let line = format!("Wrote its key to {}, which only you can read", key_file.display());
    output.result_naming(&line, &[&key_file]);
    for warning in &warnings {
        output.warn(warning);
    }
    output.document(&json!({
        "profile": name, "api": api, "org": org, "config": target.path.to_string_lossy(),
        "key_file": key_file.to_string_lossy(), "replaced": is_replaced, "chosen": is_chosen, "warnings": warnings,
        "warning_codes": Warning::codes(&warnings),
        "next": Next::document(&next), "error": Value::Null,
    }));
    Next::show(&next, output);
    Ok(())
}

/// API and organization: as options or the environment name them, else as the user answers. What the profile says already is
/// the answer of a user who gives none.
fn answers(context: &Context, target: &Target, name: &str) -> Result<Wishes, Error> {
    let before = target.profile(name);
    let mut wishes = quick(context, context.wishes.clone());
    wishes.api = wishes.api.filter(|api| !api.trim().is_empty());
    wishes.org = wishes.org.filter(|org| !org.trim().is_empty());
    // The way to the API stays in the profile.
    if let Some(before) = before.filter(|_| wishes.proxy.is_none()) {
        wishes.proxy.clone_from(&before.proxy);
        wishes.proxy_auth_file = wishes.proxy_auth_file.or(before.proxy_auth_file.clone());
    }
    wishes.ca_file = wishes.ca_file.or(before.and_then(|before| before.ca_file.clone()));
    let asks = context.output.can_ask();
    if !asks && (wishes.org.is_none() || (wishes.key_file.is_none() && !key::is_in_environment())) {
        return Err(CommandError::NoTerminal.into());
    }
    if asks && wishes.api.is_none() {
        let usual = before.and_then(|before| before.api.as_deref()).unwrap_or(DEFAULT_API);
        wishes.api = Some(answer(context, "API", Some(usual))?.ok_or(CommandError::NoTerminal)?);
    }
    if wishes.org.is_none() {
        let usual = before.and_then(|before| before.org.as_deref());
        wishes.org = Some(answer(context, "Organization", usual)?.ok_or(ConfigError::NoOrganization)?);
    }
    Ok(wishes)
}

/// The answer to a question, or the usual one where it is blank.
fn answer(context: &Context, what: &str, usual: Option<&str>) -> Result<Option<String>, Error> {
    let shown = usual.map(|usual| format!(" [{usual}]")).unwrap_or_default();
    for _ in 0..AGAIN {
        let answer = context.output.ask(&format!("{what}{shown}: "), &context.stop);
        context.go_on()?;
        let Some(answer) = answer else { return Ok(None) };
        let answer = answer.trim();
        if !answer.is_empty() {
            return Ok(Some(answer.to_owned()));
        }
        if usual.is_some() {
            break;
        }
    }
    Ok(usual.map(str::to_owned))
}

/// The key, as it is typed or pasted. None where a file holds it, or nobody can be asked and the environment has it.
fn asked_key(context: &Context) -> Result<Option<Key>, Error> {
    if context.wishes.key_file.is_some() || !context.output.can_ask() {
        return Ok(None);
    }
    for _ in 0..AGAIN {
        let answer = context.output.ask_secret("API key (not shown): ", &context.stop);
        context.go_on()?;
        let Some(answer) = answer else { break };
        let key = unquoted(&answer);
        if !key.is_empty() {
            return Ok(Some(Key::new(key)?));
        }
    }
    Err(ConfigError::NoKey.into())
}

/// A pasted key without the quotes and the white space around it.
fn unquoted(pasted: &str) -> &str {
    let outer = |c: char| c.is_whitespace() || c == '\u{feff}';
    let mut key = pasted.trim_matches(outer);
    for (open, close) in [('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”')] {
        if let Some(inner) = key.strip_prefix(open).and_then(|key| key.strip_suffix(close)) {
            key = inner.trim_matches(outer);
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_line_breaks_around_a_pasted_key_are_no_part_of_it() {
        for pasted in [
            "s3cret\n",
            "\u{feff} s3cret\r\n",
            "\"s3cret\"\n",
            "'s3cret'",
            " \" s3cret \" ",
            "`s3cret`",
            "“s3cret”",
        ] {
            assert_eq!(unquoted(pasted), "s3cret", "{pasted:?}");
        }
        assert_eq!(unquoted("\"s3cret"), "\"s3cret");
        assert_eq!(unquoted("\"\"\n"), "");
    }
}
