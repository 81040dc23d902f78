//! How an import shows its plan, and asks a person to agree to it.
//!
//! Doesn't belong here: what a plan's lines say (`transfer`), how a question is put (`output`).

use std::path::PathBuf;

use super::files::Files;
use crate::cli::Import;
use crate::columns::Survey;
use crate::commands::Context;
use crate::commands::run::WritingRun;
use crate::error::Error;
use crate::inventory::ItemStore;
use crate::journal::Journal;
use crate::output::{counted, grouped};
use crate::transfer::{Showing, Supply as _, each_line};

/// How many items of each kind the plan names.
const SHOWN: usize = 10;

/// How the plan of this run is shown; `rejects` are the reject files that it may write.
pub(super) fn of(context: &Context, options: &Import, rejects: &[PathBuf]) -> Showing {
    let sends = !options.dry_run && options.plan_out.is_none();
    // Nothing of value is in the embedded server.
    if sends && !context.yes && !context.wishes.sandbox && context.output.can_ask() {
        let listed = "l lists them".to_owned();
        return Showing {
            creates: SHOWN,
            all_in: listed.clone(),
            all_rejects: listed,
            is_asked: true,
        };
    }
    Showing {
        creates: SHOWN,
        all_in: match &options.plan_out {
            Some(file) => format!("see {}", file.display()),
            None if sends => "`stockport runs last` lists them".to_owned(),
            None => "--plan-out FILE.xlsx lists them".to_owned(),
        },
        all_rejects: match rejects {
            [] => "--rejects FILE lists them".to_owned(),
            [file] => format!("see {}", file.display()),
            [first, ..] => format!("see {}, …", first.display()),
        },
        is_asked: false,
    }
}

/// Asks whether the plan is to be carried out, where somebody is to be asked and there is anything to send.
pub(super) fn ask(
    run: &WritingRun<'_>,
    files: &Files<'_>,
    journal: &Journal,
    stored: &mut ItemStore,
) -> Result<(), Error> {
    if !files.showing.is_asked {
        return Ok(());
    }
    let (create, update, _) = journal.open_by_kind()?;
    let Some(what) = question(create, update, &run.connected.org) else {
        return Ok(());
    };
    let supply = files.describe();
    run.context.consent_to_list(&what, &mut |take| {
        let mut goes_on = true;
        each_line(&supply, journal, stored, &mut |line| {
            goes_on = take(line);
            goes_on
        })?;
        if let (true, Some(survey)) = (goes_on, &*files.survey.borrow()) {
            list_aside(files, survey, take);
        }
        Ok(())
    })
}

/// `Create 8 and update 2 items in acme`; none where there is nothing to send.
fn question(create: u64, update: u64, org: &str) -> Option<String> {
    Some(match (create, update) {
        (0, 0) => return None,
        (_, 0) => format!("Create {} in {org}", counted(create, "item")),
        (0, _) => format!("Update {} in {org}", counted(update, "item")),
        _ => format!(
            "Create {} and update {} in {org}",
            grouped(create),
            counted(update, "item")
        ),
    })
}

/// Lists the rows that are set aside.
fn list_aside(files: &Files<'_>, survey: &Survey, take: &mut dyn FnMut(&str) -> bool) {
    let source = files.source.borrow();
    let mut rows = survey.set_aside.rows.iter().map(|row| {
        let place = source.address(row.origin, None);
        format!("  {place} ({:?}) {}", row.value, row.reason)
    });
    if let Some(first) = rows.next() {
        let lines = ["Ignored rows:".to_owned(), first].into_iter().chain(rows);
        let _ = lines.map(|line| take(&line)).find(|goes_on| !goes_on);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_counts_what_would_be_sent() {
        for (create, update, asked) in [
            (8, 2, "Create 8 and update 2 items in acme"),
            (1_200, 1, "Create 1,200 and update 1 item in acme"),
            (1, 0, "Create 1 item in acme"),
            (0, 3, "Update 3 items in acme"),
        ] {
            assert_eq!(question(create, update, "acme").as_deref(), Some(asked));
        }
        assert_eq!(question(0, 0, "acme"), None);
    }
}
