//! `--missing FILE`: the items of the organization that the imported files don't hold, as an export.
//!
//! Doesn't belong here: which items these are (`inventory`), the rows that are written (`export`).

use std::path::{Path, PathBuf};

use super::super::{CommandError, Context, writing};
use crate::error::Error;
use crate::export::{Settings, Sink};
use crate::filter::Filter;
use crate::inventory::{Completeness, ItemStore, Listing, Receiver as _};
use crate::output::{About, counted};
use crate::sheet::write::{AtomicFile, Destination, Style};

/// The file, opened.
pub(super) struct Missing {
    path: PathBuf,
    sink: Sink,
}

impl Missing {
    /// Refuses a file that can't be written, or is there already.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        if writing::is_stdout(path) {
            return Err(CommandError::NoFormat("--missing -".to_owned()).into());
        }
        let target = writing::target(path, None)?;
        let settings = Settings {
            target,
            headers: writing::headers(&target, None),
            style: Style::default(),
            raw: false,
            fields: Vec::new(),
            filter: Filter::default(),
            by_id: true,
            changes: false,
        };
        Ok(Self {
            path: path.to_owned(),
            sink: Sink::new(settings, Destination::file(AtomicFile::create(path, false)?))?,
        })
    }

    /// Writes the items that the plan has not found in the files.
    pub(super) fn write(
        self,
        context: &Context,
        org: &str,
        listing: &Listing,
        stored: &mut ItemStore,
    ) -> Result<(), Error> {
        let Self { path, mut sink } = self;
        if matches!(listing.completeness, Completeness::Cut | Completeness::Unlisted) {
            context.output.warn(&About::MissingNotWritten.warning(format!(
                "{} is not written: the list of {org} is incomplete ({})",
                path.display(),
                listing.evidence
            )));
            return Ok(());
        }
        stored.each_not_found::<Error>(&mut |item| {
            context.go_on()?;
            Ok(sink.item(item)?)
        })?;
        let written = sink.finish(&context.output, &|| context.go_on())?;
        let line = format!(
            "{} of {org} not in the file: {}",
            counted(written.items, "item"),
            path.display()
        );
        context.output.result_naming(&line, &[&path]);
        Ok(())
    }
}
