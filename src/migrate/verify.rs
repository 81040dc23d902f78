//! Reading the target back: every item that was to be moved is there, equal by value and by hash.
//!
//! Doesn't belong here: writing down what it found (`certificate`).

use super::difference::{difference, digest, share};
use super::{Migration, Wanted, whole};
use crate::api::Client;
use crate::error::Error;
use crate::inventory::{ItemStore, Listing, read_into};
use crate::journal::Journal;
use crate::output::events::Event;
use crate::output::{Output, grouped};

/// How many differences are named on the screen.
const SHOWN: u64 = 20;

/// An item that was found to be equal in both organizations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proved {
    /// Its id in the target.
    pub id: String,
    /// Its id in the source, where that is another.
    pub source: Option<String>,
    /// The SHA-256 of its canonical form, the same on both sides.
    pub sha256: [u8; 32],
}

/// What reading the target back has shown.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The items that are equal, in the order of their ids.
    pub equal: Vec<Proved>,
    /// The items that should be equal and aren't: the id, and what differs.
    pub differences: Vec<(String, String)>,
    /// How many items were not to be equal: left out on request, rejected, or not gone through, as the equation tells.
    pub left: u64,
    /// The list that was read.
    pub listing: Listing,
}

/// Reads the target again and compares it with what was read of the source.
pub fn verify(output: &Output, client: &Client, migration: &Migration, journal: &Journal) -> Result<Proof, Error> {
    let mut target = ItemStore::new()?;
    let listing = read_into(output, client, None, &mut target)?;
    whole(client.org(), &listing)?;
    let mut proof = Proof {
        equal: Vec::new(),
        differences: Vec::new(),
        left: 0,
        listing,
    };
    let left = migration.noticed().left;
    migration.each(&mut |_, _, wanted| {
        let Wanted::Item { source, id, body } = wanted else {
            proof.left += 1;
            return Ok(());
        };
        if left.contains(&id) || !journal.should_be_stored(&id)? {
            proof.left += 1;
            return Ok(());
        }
        match compare(&body, target.get(&id)?.as_ref()) {
            Ok(sha256) => proof.equal.push(Proved {
                source: (source != id).then_some(source),
                id,
                sha256,
            }),
            Err(what) => proof.differences.push((id, what)),
        }
        Ok(())
    })?;
    proof.equal.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    proof.show(output, client.org());
    Ok(proof)
}

/// The hash of an item that is equal on both sides, or what differs.
fn compare(wanted: &crate::item::Object, stored: Option<&crate::item::Object>) -> Result<[u8; 32], String> {
    let Some(stored) = stored else {
        return Err("it is not there".to_owned());
    };
    let found = difference(wanted, stored);
    if !found.body.is_empty() {
        let fields: Vec<&str> = found.body.keys().map(String::as_str).collect();
        return Err(fields.join(", "));
    }
    let hash = digest(wanted);
    // Two ways to compare that were written apart: should they ever disagree, nothing is certified.
    if hash == digest(&share(wanted, stored)) {
        Ok(hash)
    } else {
        Err("its hash".to_owned())
    }
}

impl Proof {
    fn show(&self, output: &Output, org: &str) {
        for (id, what) in self.differences.iter().take(usize::try_from(SHOWN).unwrap_or_default()) {
            output.warn(&format!("not as it should be in {org}: {id} ({what})"));
        }
        let differing = self.differences.len() as u64;
        if differing > SHOWN {
            output.warn(&format!("… and {} more", grouped(differing - SHOWN)));
        }
        output.tell(Event::Verified {
            compared: differing + self.equal.len() as u64,
            differing,
        });
    }
}
