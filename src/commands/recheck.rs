//! `stockport migrate --check`: both ends of a migration, held against its certificate again.
//!
//! Doesn't belong here: the comparison (`migrate::check`), migrating (`commands::migrate`).

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::ends::Ends;
use super::{Context, runs_folder};
use crate::api::Client;
use crate::cli;
use crate::config::{Wishes, is_same_api};
use crate::error::{Error, Exit};
use crate::inventory::{ItemStore, read_into};
use crate::migrate::{ChangeSince as Change, Checked, Claim, ClaimedEnd, MigrateError, whole};
use crate::output::{Tone, counted, grouped};
use crate::runs::Runs;
use crate::transfer::show_listing;

/// What the name of an embedded server's API begins with.
const SANDBOX: &str = "sandbox:";

/// Runs the command.
pub(super) fn run(context: &Context, options: &cli::Migrate, certificate: &Path) -> Exit {
    match check(context, options, certificate) {
        Ok(exit) => exit,
        Err(error) => context.fail(error),
    }
}

fn check(context: &Context, options: &cli::Migrate, path: &Path) -> Result<Exit, Error> {
    let claim = Claim::load(path)?;
    for (given, end) in [(&options.from, &claim.from), (&options.to, &claim.to)] {
        if let Some(given) = given.as_ref().filter(|given| **given != end.org) {
            let why = format!("it is for {}, not for {given}", end.org);
            return Err(MigrateError::Certificate { path: path.into(), why }.into());
        }
    }
    let context = &context.at_the_sandbox_of(&claim);
    let ends = context.connect_ends(&cli::Migrate {
        from: Some(claim.from.org.clone()),
        to: Some(claim.to.org.clone()),
        ..options.clone()
    })?;
    check_apis(&claim, &ends)?;
    let output = &context.output;
    let runs = Runs::new(runs_folder(false)?);
    let known = |end: &ClaimedEnd| runs.known(&end.api, &end.org).at_least;
    let (listing, mut source) = ends.from.read(output, known(&claim.from))?;
    whole(&claim.from.org, &listing)?;
    show_listing(output, &claim.from.org, &listing);
    let mut target = ItemStore::new()?;
    let listing = read_into(output, &ends.to.client, known(&claim.to), &mut target)?;
    whole(&claim.to.org, &listing)?;
    show_listing(output, &claim.to.org, &listing);
    let checked = claim.check(&mut source, &mut target)?;
    let (requests, _) = ends.from.requests();
    show(
        context,
        (&claim, path),
        &checked,
        requests + Client::requests(&ends.to.client),
    );
    Ok(if checked.changed.is_empty() {
        Exit::Done
    } else {
        Exit::Different
    })
}

/// A key goes to the API that the command line, the environment or its profile names, never to one that only a file names.
fn check_apis(claim: &Claim, ends: &Ends) -> Result<(), MigrateError> {
    let places = [(&claim.from, &ends.from.place), (&claim.to, &ends.to.place)];
    for (end, place) in places {
        if !is_same_api(&end.api, place) {
            return Err(MigrateError::OtherApi {
                org: end.org.clone(),
                api: end.api.clone(),
                given: place.clone(),
            });
        }
    }
    Ok(())
}

fn show(context: &Context, (claim, path): (&Claim, &Path), checked: &Checked, requests: u64) {
    let output = &context.output;
    let mut document = json!({
        "certificate": path.to_string_lossy(), "run": claim.run, "source": claim.from.org, "target": claim.to.org,
        "requests": requests, "error": Value::Null,
    });
    if let (Value::Object(document), Value::Object(found)) = (&mut document, checked.document()) {
        document.extend(found);
    }
    output.document(&document);
    for item in &checked.changed {
        if !output.is_closed() {
            output.fault(Tone::Plain, &item.line(), &[]);
        }
    }
    let named = counted(checked.named, "item");
    let (tone, line) = if checked.changed.is_empty() {
        let line = format!(
            "Nothing has changed since the certificate of run {}: {named}",
            claim.run
        );
        (Tone::Good, line)
    } else {
        let count = |change| grouped(checked.count(change));
        let line = format!(
            "Since the certificate of run {}, which names {named}: {} missing, {} different, {} new",
            claim.run,
            count(Change::Missing),
            count(Change::Differs),
            count(Change::New)
        );
        (Tone::Bad, line)
    };
    if checked.changed.is_empty() {
        output.result(&output.paint(tone, &line));
    } else {
        output.fault(tone, &line, &[]);
    }
}

impl Context {
    /// The same context, with the embedded server that the certificate names where it names one: that takes no key.
    fn at_the_sandbox_of(&self, claim: &Claim) -> Self {
        let folder = |end: &ClaimedEnd| {
            end.api
                .strip_prefix(SANDBOX)
                .map(PathBuf::from)
                .filter(|folder| folder.is_dir())
        };
        let mut wishes = self.wishes.clone();
        if let (Some(from), Some(to)) = (folder(&claim.from), folder(&claim.to))
            && from == to
            && !wishes.sandbox
        {
            wishes = Wishes {
                sandbox: true,
                sandbox_dir: Some(from),
                ..wishes
            };
        }
        self.with(wishes)
    }
}
