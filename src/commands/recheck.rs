//! `stockport migrate --check`: both ends of a migration, held against its certificate again.
//!
//! Doesn't belong here: the comparison (`migrate::check`), migrating (`commands::migrate`).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::ends::Ends;
use super::{Context, runs_folder};
use crate::api::Client;
use crate::cli;
use crate::config::{Wishes, is_same_api};
use crate::error::{Error, Exit};
use crate::inventory::{ItemStore, id_of, read_into};
use crate::item::Object;
use crate::migrate::{ChangeSince as Change, ChangedItem, Checked, Claim, ClaimedEnd, MigrateError, whole};
use crate::output::{Tone, counted, grouped};
use crate::runs::Runs;
use crate::snapshot::find;
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
    let read = ends.from.read(output, known(&claim.from));
    let (listing, mut source) = read.map_err(|error| context.of_source(options, Some(&claim.from.org), error))?;
    whole(&claim.from.org, &listing)?;
    show_listing(output, &claim.from.org, &listing);
    let mut target = ItemStore::new()?;
    let listing = read_into(output, &ends.to.client, known(&claim.to), &mut target)
        .map_err(|error| context.of_target(options, Some(&claim.to.org), error.into()))?;
    whole(&claim.to.org, &listing)?;
    show_listing(output, &claim.to.org, &listing);
    let mut checked = claim.check(&mut source, &mut target, &BTreeMap::new())?;
    if let Some(as_read) = as_read(&claim, &checked) {
        checked = claim.check(&mut source, &mut target, &as_read)?;
    }
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

/// The changed items as they were read of the source, from the snapshot that the certificate names; none where this machine
/// doesn't have it. The check itself trusts no item of it that doesn't match the certificate's hash.
fn as_read(claim: &Claim, checked: &Checked) -> Option<BTreeMap<String, Object>> {
    let ids: BTreeSet<&str> = checked.changed.iter().map(ChangedItem::source_id).collect();
    let path = claim.from.snapshot.as_ref().filter(|_| !ids.is_empty())?;
    let snapshot = find(path).ok()?.one(path).ok()?.snapshot;
    let mut items = BTreeMap::new();
    let read = snapshot.each::<Error>(|item| {
        if let Some(id) = id_of(&item).map(Cow::into_owned).filter(|id| ids.contains(id.as_str())) {
            items.insert(id, item);
        }
        Ok(())
    });
    read.ok().map(|()| items)
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
