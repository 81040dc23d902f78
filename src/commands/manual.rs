//! `stockport completions` and `stockport man`: what the command line's definition gives.
//!
//! Doesn't belong here: generating (`cli::manual`).

use serde_json::{Value, json};

use super::Context;
use crate::cli::{self, Completions, Man, UsageError};
use crate::columns::nearest;
use crate::error::{Error, Exit};
use crate::output::counted;
use crate::sheet::write::WriteError;

/// Prints a shell's completions.
pub(super) fn completions(context: &Context, options: &Completions) -> Exit {
    let script = cli::completions(options.shell);
    context.output.data(&script);
    context
        .output
        .document(&json!({"script": script, "error": Value::Null}));
    Exit::Done
}

/// Prints a manual page, or writes them all.
pub(super) fn man(context: &Context, options: &Man) -> Exit {
    match pages(context, options) {
        Ok(()) => Exit::Done,
        Err(error) => context.fail(error),
    }
}

fn pages(context: &Context, options: &Man) -> Result<(), Error> {
    let pages = cli::pages()?;
    let output = &context.output;
    let Some(dir) = &options.dir else {
        let words = std::iter::once("stockport").chain(options.command.iter().map(String::as_str));
        let wanted = words.collect::<Vec<_>>().join("-");
        let Some((_, page)) = pages.iter().find(|(name, _)| *name == wanted) else {
            let names = pages.iter().map(|(name, _)| name.as_str());
            return Err(Error::from(UsageError::UnknownCommand {
                nearest: nearest(&wanted, names).map(spaced),
                given: spaced(&wanted),
                within: "stockport".to_owned(),
            }));
        };
        output.data(page);
        output.document(&json!({"page": page, "error": Value::Null}));
        return Ok(());
    };
    let refused = |path: &std::path::Path, doing| {
        let path = path.to_owned();
        move |cause| WriteError::File { path, doing, cause }
    };
    std::fs::create_dir_all(dir).map_err(refused(dir, "created"))?;
    for (name, page) in &pages {
        let path = dir.join(format!("{name}.1"));
        std::fs::write(&path, page).map_err(refused(&path, "written"))?;
    }
    output.result_naming(
        &format!("Wrote {} into {}", counted(pages.len() as u64, "page"), dir.display()),
        &[dir],
    );
    output.document(&json!({"pages": pages.len(), "dir": dir.to_string_lossy(), "error": Value::Null}));
    Ok(())
}

/// `backup create` for `stockport-backup-create`: no command's name has a hyphen of its own.
fn spaced(name: &str) -> String {
    name.trim_start_matches("stockport")
        .trim_start_matches('-')
        .replace('-', " ")
}
