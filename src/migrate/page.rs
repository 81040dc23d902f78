//! The certificate as a page to read, print, sign and keep.
//!
//! Doesn't belong here: what it certifies (`verify`, `since`), the certificate for programs (`certificate`).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::certificate::{Certificate, HOW, Side, grade};
use super::difference::FieldPair;
use super::quantities::Quantities;
use super::{Stays, hex, moment};
use crate::inventory::Listing;
use crate::output::{counted, grouped};
use crate::plan::shown;

/// How many items the page lists one by one; the JSON lists all.
const LISTED: usize = 1_000;

impl Certificate<'_> {
    pub(super) fn page(&self, sum: &str) -> String {
        let mut page = String::new();
        let title = format!("Migration {} → {}", escaped(&self.from.org), escaped(&self.to.org));
        let verdict = self.verdict();
        let class = match (verdict.is_whole(), verdict.is_bad()) {
            (true, _) => "good",
            (_, true) => "bad",
            (false, false) => "part",
        };
        let _ = write!(
            page,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        );
        for sentence in verdict.sentences() {
            let _ = writeln!(page, "<p class=\"{class}\">{}</p>", escaped(&sentence));
        }
        table(&mut page, &self.facts());
        page.push_str("<h2>Counts</h2>\n");
        table(&mut page, &self.counts());
        self.sums(&mut page);
        self.differences(&mut page);
        let _ = write!(
            page,
            "<h2>Hashes</h2>\n<p>Over all items: <code>{sum}</code></p>\n<p>{}</p>\n",
            escaped(HOW)
        );
        if self.proof.equal.len() <= LISTED {
            let rows = self.proof.equal.iter();
            let rows = rows.map(|item| (item.id.as_str(), hex(&item.sha256)));
            table(&mut page, &rows.collect::<Vec<_>>());
        } else {
            let count = grouped(self.proof.equal.len() as u64);
            let _ = writeln!(
                page,
                "<p>The hash of each of the {count} items stands in the JSON beside this page.</p>"
            );
        }
        page.push_str(SIGNED);
        page.push_str("</body>\n</html>\n");
        page
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
            ("Items of the target that keep fields of their own", self.noticed.kept),
        ];
        counts.map(|(name, count)| (name, grouped(count))).into()
    }

    /// A line for each unit, with the sums of both sides: of the items that were asked for, and of all.
    fn sums(&self, page: &mut String) {
        let ([asked, there], [of_source, of_target]) = (&self.proof.quantities, &self.proof.now.quantities);
        let columns = [
            ("Asked for, in the source", asked),
            ("The same, in the target", there),
            ("All of the source", of_source),
            ("All of the target", of_target),
        ];
        let units: BTreeSet<&str> = columns
            .iter()
            .flat_map(|(_, column)| Quantities::units(column))
            .collect();
        page.push_str("<h2>Sums of quantity by unit</h2>\n<table>\n<tr><td>Unit</td>");
        for (name, _) in columns {
            let _ = write!(page, "<td>{name}</td>");
        }
        page.push_str("</tr>\n");
        for unit in units {
            let name = if unit.is_empty() { "(no unit)" } else { unit };
            let _ = write!(page, "<tr><th>{}</th>", escaped(name));
            for (_, column) in columns {
                let _ = write!(page, "<td>{}</td>", escaped(&column.told(unit)));
            }
            page.push_str("</tr>\n");
        }
        page.push_str("</table>\n");
    }

    /// What differs, item by item.
    fn differences(&self, page: &mut String) {
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

/// Where somebody signs.
const SIGNED: &str = "<h2>Signed</h2>\n<table class=\"sign\">\n<tr><th>Name</th><td></td></tr>\n<tr><th>Date</th><td></td></tr>\n<tr><th>Signature</th><td></td></tr>\n</table>\n";

const STYLE: &str = "body{font:11pt/1.4 sans-serif;max-width:48em;margin:2em auto;padding:0 1em;color:#111}table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.2em .8em .2em 0;border-bottom:1px solid #ccc;overflow-wrap:anywhere}th{font-weight:normal;color:#555;width:40%}p.good,p.bad,p.part{font-weight:bold;border-left:.4em solid #2a7;padding-left:.8em}p.bad{border-color:#c22}p.part{border-color:#c80}table.sign td{height:2.5em;border-color:#111}table.sign th{width:8em}code{overflow-wrap:anywhere}";

/// A heading and an item a line, as far as a page has room; \"None.\" where there is no item.
fn list<'i>(page: &mut String, title: &str, items: impl Iterator<Item = (&'i str, String)>) {
    let _ = writeln!(page, "<h2>{title}</h2>");
    let mut items = items.peekable();
    if items.peek().is_none() {
        page.push_str("<p>None.</p>\n");
        return;
    }
    let rows: Vec<(&str, String)> = items.by_ref().take(LISTED).collect();
    table(page, &rows);
    let more = items.count() as u64;
    if more > 0 {
        let more = counted(more, "more item");
        let _ = writeln!(page, "<p>… and {more}, which the JSON beside this page names.</p>");
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
        "{}, {} to be all: {}",
        counted(listing.count, "item"),
        grade(listing),
        listing.evidence
    )
}

fn table(page: &mut String, rows: &[(&str, String)]) {
    page.push_str("<table>\n");
    for (name, value) in rows {
        let _ = writeln!(page, "<tr><th>{}</th><td>{}</td></tr>", escaped(name), escaped(value));
    }
    page.push_str("</table>\n");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
