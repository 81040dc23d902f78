//! `stockport sandbox`: the embedded inventory server, in the foreground.
//!
//! Doesn't belong here: serving (`sandbox`).

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;

use super::Context;
use crate::cli;
use crate::error::{Error, Exit};
use crate::sandbox::{Flavour, Sandbox};

/// Runs the command.
pub(super) fn run(context: &Context, options: &cli::Sandbox) -> Exit {
    match start(context, options) {
        Ok(sandbox) => {
            show(context, &sandbox);
            while !context.stop.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(100));
            }
            Exit::Done
        }
        Err(error) => context.fail(error),
    }
}

fn start(context: &Context, options: &cli::Sandbox) -> Result<Sandbox, Error> {
    let flavour = Flavour {
        hard_cut: options.hard_cut,
        unordered: options.no_order,
        integer_limit: options.integer_limit,
        no_arrays: options.no_arrays,
        lists_fail: options.lists_fail,
        no_stamps: options.no_stamps,
        newer_auth: options.newer_auth,
    };
    Ok(Sandbox::start(context.sandbox_options(
        options.port,
        context.wishes.orgs.clone(),
        flavour,
    )?)?)
}

/// The address, and what to set to use it from another terminal.
fn show(context: &Context, sandbox: &Sandbox) {
    let output = &context.output;
    let organizations = sandbox.organizations();
    // The keys are for the user of this terminal, not for a log.
    output.secret_document(&json!({
        "url": sandbox.url(),
        "organizations": organizations.iter().map(|org| json!({"org": org.name, "key": org.key})).collect::<Vec<_>>(),
    }));
    output.result(&format!("The sandbox listens at {} (Ctrl-C stops it)", sandbox.url()));
    for org in organizations {
        output.result(&format!("  organization {}, key {}", org.name, org.key));
    }
    if let Some(first) = organizations.first() {
        output.result("To use it from another terminal:");
        for (name, value) in [
            ("CANNLYTICS_API_URL", sandbox.url()),
            ("CANNLYTICS_API_KEY", &first.key),
            ("STOCKPORT_ORG", &first.name),
        ] {
            output.result(&format!("  {}", setting(name, value, cfg!(windows))));
        }
    }
}

/// The line that sets a variable: in a POSIX shell, or in PowerShell on Windows.
fn setting(name: &str, value: &str, windows: bool) -> String {
    if windows {
        format!("$env:{name} = \"{value}\"")
    } else {
        format!("export {name}={value}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_written_for_the_shell_of_the_system() {
        assert_eq!(setting("STOCKPORT_ORG", "a", false), "export STOCKPORT_ORG=a");
        assert_eq!(setting("STOCKPORT_ORG", "a", true), "$env:STOCKPORT_ORG = \"a\"");
    }
}
