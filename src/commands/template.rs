//! `stockport template`: a workbook to fill in and import, empty or with the organization's items.
//!
//! Doesn't belong here: what it explains and offers (`export`), formats (`sheet`).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Context, export, writing};
use crate::cli::{Brakes, Export, Notify, Order, Template, UsageError};
use crate::error::{Error, Exit};
use crate::export::{Headers, Layout, form};
use crate::sheet::write::{Style, writer};

/// Runs the command.
pub(super) fn run(context: &Context, options: &Template) -> Exit {
    let ending = options.file.extension();
    if !ending.is_some_and(|ending| ending.eq_ignore_ascii_case("xlsx")) {
        let error = UsageError::Value {
            option: "FILE".to_owned(),
            given: options.file.to_string_lossy().into_owned(),
            wanted: "a template is a workbook: use the extension .xlsx".to_owned(),
        };
        return context.fail(error.into());
    }
    if options.with_data {
        let all = Export {
            file: options.file.clone(),
            format: None,
            headers: None,
            fields: Vec::new(),
            conditions: Vec::new(),
            since: None,
            raw: false,
            excel_safe: false,
            order: Order::Id,
            force: options.force,
            notify: Notify::default(),
            brakes: Brakes {
                allow_empty: false,
                allow_shrink: false,
            },
        };
        return export::run(context, &all, Some(form()));
    }
    match empty(options) {
        Ok(()) => {
            let line = format!("A workbook to fill in: {}", options.file.display());
            context.output.result_naming(&line, &[&options.file]);
            context
                .output
                .document(&json!({"target": options.file.to_string_lossy(), "items": 0, "error": Value::Null}));
            Exit::Done
        }
        Err(error) => context.fail(error),
    }
}

/// Writes the workbook without rows.
fn empty(options: &Template) -> Result<(), Error> {
    let target = writing::target(&options.file, None)?;
    let columns = Layout::new(&BTreeSet::new()).columns(Headers::Title);
    let style = Style {
        form: Some(form()),
        ..Style::default()
    };
    let destination = writing::open(&options.file, options.force)?;
    writer(&target, &columns, &style, destination.bytes()?)?.finish()?;
    Ok(destination.commit()?)
}
