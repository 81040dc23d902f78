//! A snapshot held against an organization: against the live one, or against a throw-away sandbox that it is restored into
//! (a drill).
//!
//! Belongs here: comparing whole inventories. Doesn't: whether a snapshot's bytes are right (`snapshot`).

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::api::{Client, Endpoint, Key, Network};
use crate::columns::same;
use crate::error::Error;
use crate::files::leftovers::Scratch;
use crate::inventory::{Completeness, ItemStore, id_of, read_into};
use crate::item::{ITEM_ID, Object, SERVER_FIELDS};
use crate::journal::Journal;
use crate::output::Output;
use crate::report::Summary;
use crate::restore::Restore;
use crate::runs::Known;
use crate::sandbox::{DEFAULT_ORG, Flavour, Options, Sandbox};
use crate::snapshot::{Snapshot, SnapshotError};
use crate::transfer::{Purpose, Transfer};
use crate::upload;

/// How many differences are named.
const NAMED: usize = 20;

/// Where a snapshot and an organization differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// How many items the snapshot has and the organization lacks.
    pub missing: u64,
    /// How many items the organization has and the snapshot lacks.
    pub added: u64,
    /// How many items both have, with other values.
    pub changed: u64,
    /// The first of them, for a person.
    pub named: Vec<String>,
}

impl Differences {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.missing + self.added + self.changed == 0
    }

    fn name(&mut self, difference: impl FnOnce() -> String) {
        if self.named.len() < NAMED {
            self.named.push(difference());
        }
    }
}

/// Compares a snapshot with what its organization holds now; a list that isn't whole is no ground for that.
pub fn against(output: &Output, client: &Client, snapshot: &Snapshot) -> Result<Differences, Error> {
    let mut store = ItemStore::new()?;
    let listing = read_into(output, client, None, &mut store)?;
    if matches!(listing.completeness, Completeness::Cut | Completeness::Unlisted) {
        return Err(crate::backup::incomplete(
            client.org(),
            &listing.evidence,
            &listing.missing,
        ));
    }
    compare(snapshot, &mut store)
}

/// Restores a snapshot into a sandbox that is thrown away, and compares. What of the snapshot can't be restored shows as a
/// difference.
pub fn drill(output: &Output, snapshot: &Snapshot, stop: &AtomicBool) -> Result<Differences, Error> {
    let dir = Scratch::new()?;
    let sandbox = Sandbox::start(Options {
        dir: dir.path("sandbox"),
        port: 0,
        orgs: Vec::new(),
        traits: Flavour::default(),
    })?;
    let jobs = 4;
    let endpoint = Endpoint {
        base: sandbox.url().to_owned(),
        org: DEFAULT_ORG.to_owned(),
        key: Key::new(sandbox.key_for(DEFAULT_ORG).unwrap_or_default())?,
        again: None,
        timeout: Duration::from_secs(300),
        retries: 5,
        connections: jobs,
        network: Network::default(),
    };
    let client = Client::new(&endpoint)?;
    let restore = Restore {
        snapshot,
        items: snapshot.manifest()?.items,
        only: BTreeSet::new(),
        exact: false,
        doomed: Vec::new(),
        rejects: dir.path("rejects.jsonl"),
        kept: RefCell::default(),
    };
    let quiet = Output::new(crate::output::Style {
        quiet: true,
        json: true,
        ..crate::output::Style::default()
    });
    let transfer = Transfer {
        output: &quiet,
        client: &client,
        org: DEFAULT_ORG,
        upload: upload::Options {
            jobs,
            batch: 100,
            retries: 5,
            rate: None,
            max_failures: None,
        },
        purpose: Purpose::Write,
        rejects_anyway: false,
        post_unreadable: false,
        max_rejects: None,
        verify: false,
        known: Known::default(),
        read: None,
        approve: &|_, _| Ok(()),
        stop,
    };
    let mut summary = Summary::default();
    transfer.run(&restore, &Journal::temporary()?, None, &mut summary);
    if let Some(error) = summary.error {
        return Err(error);
    }
    against(output, &client, snapshot)
}

/// Compares item by item, by the rules of the API: nulls and what isn't there are the same, what the server sets itself
/// isn't looked at.
fn compare(snapshot: &Snapshot, live: &mut ItemStore) -> Result<Differences, Error> {
    let mut found = Differences::default();
    let mut seen = 0_u64;
    snapshot.each::<Error>(|item| {
        let id = id_of(&item).unwrap_or_default().into_owned();
        match live.get(&id)? {
            None => {
                found.missing += 1;
                found.name(|| format!("{id:?} is only in the snapshot"));
            }
            Some(stored) => {
                seen += 1;
                let fields = differing(&item, &stored);
                if !fields.is_empty() {
                    found.changed += 1;
                    found.name(|| format!("{id:?} differs in {}", fields.join(", ")));
                }
            }
        }
        Ok(())
    })?;
    found.added = live.count().saturating_sub(seen);
    if found.added > 0 && found.named.len() < NAMED {
        name_added(snapshot, live, &mut found)?;
    }
    Ok(found)
}

fn name_added(snapshot: &Snapshot, live: &mut ItemStore, found: &mut Differences) -> Result<(), Error> {
    let mut known = BTreeSet::new();
    snapshot.each::<SnapshotError>(|item| {
        known.extend(id_of(&item).map(std::borrow::Cow::into_owned));
        Ok(())
    })?;
    live.each::<Error>(|item| {
        let id = id_of(&item).unwrap_or_default();
        if !known.contains(id.as_ref()) {
            found.name(|| format!("{id:?} is only in the organization"));
        }
        Ok(())
    })
}

fn differing(a: &Object, b: &Object) -> Vec<String> {
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let differs = |name: &&&String| {
        let field = name.as_str();
        let (a, b) = (a.get(field), b.get(field));
        // A number with the same digits is no difference in an id: it is sent as text.
        let same_id = field == ITEM_ID && matches!((a, b), (Some(a), Some(b)) if digits(a) == digits(b));
        !SERVER_FIELDS.contains(&field) && !same(field, a, b) && !same_id
    };
    names.iter().filter(differs).map(|name| (*name).clone()).collect()
}

fn digits(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
