//! The certificate as a page to read, print, sign and keep.
//!
//! Doesn't belong here: what it certifies (`verify`, `since`), the certificate for programs (`certificate`), how a page looks (`output::page`).

use std::collections::BTreeSet;

use super::certificate::{Certificate, HOW, Side};
use super::difference::FieldPair;
use super::quantities::Quantities;
use super::{Stays, hex, moment};
use crate::inventory::{Completeness, Listing};
use crate::output::events::{COMPLETE, PROBABLY_COMPLETE};
use crate::output::page::{Page, Verdict};
use crate::output::{counted, grouped};
use crate::plan::shown;

/// How many items the page lists one by one; the JSON lists all.
const LISTED: usize = 1_000;

impl Certificate<'_> {
    pub(super) fn page(&self, sum: &str) -> String {
        let mut page = Page::new(&format!("Migration {} → {}", self.from.org, self.to.org));
        let verdict = self.verdict();
        let grade = match (verdict.is_whole(), verdict.is_bad()) {
            (true, _) => Verdict::Good,
            (_, true) => Verdict::Bad,
            (false, false) => Verdict::Part,
        };
        for sentence in verdict.sentences() {
            page.verdict(grade, &sentence);
        }
        page.facts(&self.facts());
        page.heading("Counts");
        page.facts(&self.counts());
        self.sums(&mut page);
        self.differences(&mut page);
        page.heading("Hashes");
        page.code("Over all items:", sum);
        page.text(HOW);
        if self.proof.equal.len() <= LISTED {
            let rows = self.proof.equal.iter();
            let rows = rows.map(|item| (item.id.as_str(), hex(&item.sha256)));
            page.facts(&rows.collect::<Vec<_>>());
        } else {
            page.text("The hash of each item is in the JSON beside this page.");
        }
        page.signature();
        page.finish()
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let [began, _, ended] = &self.times;
        let mut facts = vec![
            ("Began", moment(began)),
            ("Ended", moment(ended)),
            ("Run", self.run.to_owned()),
            ("Tool", concat!("stockport ", env!("CARGO_PKG_VERSION")).to_owned()),
            ("Items asked for", self.choice.join("; ")),
            ("Source", side(self.from)),
            ("Target", side(self.to)),
            ("Target, read back", listed(&self.proof.listing)),
        ];
        facts.push((
            "Source, listed again",
            match &self.proof.now.since {
                Ok(since) => listed(&since.listing),
                Err(why) => format!("no: {why}"),
            },
        ));
        facts
    }

    fn counts(&self) -> Vec<(&'static str, String)> {
        let (tally, proof) = (&self.tally, self.proof);
        let counts = [
            ("Read from the source", tally.read),
            ("Created", tally.created),
            ("Updated", tally.updated),
            ("Unchanged", tally.unchanged),
            ("Deleted", tally.deleted),
            ("Skipped on request", tally.skipped),
            ("Rejected", tally.rejected),
            ("Failed", tally.failed),
            ("Not attempted", tally.not_attempted),
            (
                "Compared when read back",
                proof.equal.len() as u64 + proof.differences.len() as u64,
            ),
            ("Differences", proof.differences.len() as u64),
            ("Conflicts that were skipped", proof.conflicts.len() as u64),
            ("Items that only the target has", proof.now.only_there.count),
            (
                "Items that an earlier migration moved and the source no longer has",
                self.proof.gone.len() as u64,
            ),
            ("Items with fields that only the target has", self.noticed.kept),
        ];
        counts.map(|(name, count)| (name, grouped(count))).into()
    }

    /// A line for each unit, with the sums of both sides: of the items that were asked for, and of all.
    fn sums(&self, page: &mut Page) {
        let ([asked, there], [of_source, of_target]) = (&self.proof.quantities, &self.proof.now.quantities);
        let columns = [asked, there, of_source, of_target];
        let units: BTreeSet<&str> = columns.iter().flat_map(|column| Quantities::units(column)).collect();
        let header = [
            "Unit",
            "Asked for, in the source",
            "The same, in the target",
            "All of the source",
            "All of the target",
        ];
        let row = |unit: &str| {
            let name = if unit.is_empty() { "(no unit)" } else { unit };
            let sums = columns.iter().map(|column| column.told(unit));
            std::iter::once(name.to_owned()).chain(sums).collect::<Vec<_>>()
        };
        page.heading("Sums of quantity by unit");
        page.table(&header, units.into_iter().map(row));
    }

    /// What differs, item by item.
    fn differences(&self, page: &mut Page) {
        let proof = self.proof;
        let differences = proof.differences.iter();
        let differences = differences.map(|(id, what)| (id.as_str(), what.clone()));
        list(page, "Differences", differences);
        let conflicts = proof.conflicts.iter();
        let conflicts = conflicts.map(|kept| (kept.id.as_str(), told(&kept.fields, ["source", "target"])));
        list(page, "Conflicts that were skipped", conflicts);
        if let Ok(since) = &proof.now.since {
            let changed = since.changed.iter();
            let changed = changed.map(|changed| (changed.id.as_str(), told(&changed.fields, ["read", "now"])));
            let added = since.added.iter().map(|id| (id.as_str(), "new".to_owned()));
            let removed = since
                .removed
                .iter()
                .map(|id| (id.as_str(), "no longer there".to_owned()));
            list(
                page,
                "Changes in the source since it was read",
                changed.chain(added).chain(removed),
            );
        }
        let gone = proof.gone.iter().map(|gone| {
            let why = match &gone.stays {
                None => String::new(),
                Some(Stays::Changed(why)) => format!("; {why}"),
                Some(Stays::Older) => "; the target had it before".to_owned(),
            };
            (gone.id.as_str(), format!("moved by run {}{why}", gone.run))
        });
        list(page, "Moved earlier, and no longer in the source", gone);
        let deleted = proof.deleted.iter();
        list(
            page,
            "Deleted in the target",
            deleted.map(|id| (id.as_str(), String::new())),
        );
        let only = proof.now.only_there.ids.iter();
        list(page, "Only in the target", only.map(|id| (id.as_str(), String::new())));
    }
}

/// A heading and an item a line, as far as a page has room; \"None.\" where there is no item.
fn list<'i>(page: &mut Page, title: &str, items: impl Iterator<Item = (&'i str, String)>) {
    page.heading(title);
    let mut items = items.peekable();
    if items.peek().is_none() {
        page.text("None.");
        return;
    }
    let rows: Vec<(&str, String)> = items.by_ref().take(LISTED).collect();
    page.facts(&rows);
    let more = items.count() as u64;
    if more > 0 {
        let more = counted(more, "more item");
        page.text(&format!("… and {more}: see the JSON beside this page."));
    }
}

/// Fields with both values: `quantity: source 5, target 6; …`.
fn told(fields: &[FieldPair], [a, b]: [&str; 2]) -> String {
    let fields = fields.iter();
    let fields = fields.map(|pair| {
        format!(
            "{}: {a} {}, {b} {}",
            pair.field,
            shown(Some(&pair.a)),
            shown(Some(&pair.b))
        )
    });
    fields.collect::<Vec<_>>().join("; ")
}

fn side(side: &Side) -> String {
    let snapshot = side.snapshot.as_ref();
    let snapshot = snapshot.map(|snapshot| format!("; a snapshot from before: {}", snapshot.display()));
    format!(
        "{} at {}: {}{}",
        side.org,
        side.api,
        listed(&side.before),
        snapshot.unwrap_or_default()
    )
}

fn listed(listing: &Listing) -> String {
    format!(
        "{}, {}: {}",
        counted(listing.count, "item"),
        match listing.completeness {
            Completeness::Proved => COMPLETE,
            Completeness::Plausible => PROBABLY_COMPLETE,
            Completeness::Cut | Completeness::Unlisted => "not known to be complete",
        },
        listing.evidence
    )
}
