//! Names of runs, and a plan that others look at while it is written.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::columns::{Draft, Rejection};
use crate::plan::{Decision, PlanPart, Policy, decide};

#[test]
fn a_plan_is_written_whole_while_other_processes_look_at_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::create(folder.path(), "run").unwrap();
    journal.note("held", "0").unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let facts = Journal::open_existing(journal.path()).unwrap().facts().unwrap();
                    assert_eq!(facts["held"], "0");
                }
            });
        }
        let planned = journal.plan::<JournalError>(false, |plan| {
            for line in 1..=20_000 {
                let rejection = Rejection {
                    column: None,
                    index: None,
                    value: "x".repeat(200),
                    reason: "for the test".to_owned(),
                };
                let mut part = PlanPart::default();
                part.refuse(Origin { table: 0, line }, String::new(), vec![rejection]);
                plan.put_part(&part, &mut |_| true)?;
            }
            Ok(true)
        });
        let scribe = journal.scribe().and_then(|scribe| {
            scribe.sending(vec![1, 2, 3])?;
            scribe.close()
        });
        over.store(true, Ordering::Relaxed);
        assert!(planned.unwrap());
        scribe.unwrap();
    });
    assert_eq!(journal.rejected().unwrap(), 20_000);
    let mode = journal.with(|c| c.query_row("PRAGMA journal_mode", [], |row| row.get::<_, String>(0)));
    assert_eq!(mode.unwrap(), "wal");
}

/// A part with so many changes, the first of them of this number.
fn part(first: usize, count: usize) -> PlanPart {
    let mut part = PlanPart::default();
    for at in first..first + count {
        let draft = Draft {
            id: format!("ID-{at}").into(),
            suspect: None,
            values: Vec::new(),
        };
        let line = u64::try_from(at).unwrap();
        decide(Origin { table: 0, line }, &draft, None, &Policy::default(), &mut part);
    }
    part
}

#[test]
fn changes_of_parts_of_any_size_stand_in_their_order() {
    let journal = Journal::temporary().unwrap();
    let counts = [0, 1, 15, 16, 17, 47, 48, 100];
    let planned = journal.plan::<JournalError>(false, |plan| {
        let mut first = 1;
        for count in counts {
            plan.put_part(&part(first, count), &mut |_| true)?;
            first += count;
        }
        Ok(true)
    });
    assert!(planned.unwrap());
    let all: usize = counts.iter().sum();
    let seqs: Vec<i64> = (1..).take(all).collect();
    let mut seen = Vec::new();
    let each = journal.each_after(0, false, &mut |seq, action, body| {
        assert_eq!(
            (action, body),
            (Action::Create, format!("{{\"item_id\":\"ID-{seq}\"}}").as_bytes())
        );
        seen.push(seq);
        true
    });
    each.unwrap();
    assert_eq!(seen, seqs);
    let entries = journal.entries(&seqs).unwrap();
    assert!(entries.iter().all(|entry| entry.id == format!("ID-{}", entry.seq)));
    assert_eq!(journal.planned().unwrap(), (all as u64, 0, 0));
}

#[test]
fn a_plan_that_is_void_leaves_nothing_and_another_can_follow() {
    let journal = Journal::temporary().unwrap();
    let plan = |count, stands| {
        let fill = |plan: &mut Plan<'_>| plan.put_part(&part(1, count), &mut |_| true).map(|_| stands);
        journal.plan::<JournalError>(false, fill).unwrap()
    };
    assert!(!plan(100, false));
    assert_eq!(journal.planned().unwrap(), (0, 0, 0));
    assert!(plan(20, true));
    assert_eq!(journal.planned().unwrap(), (20, 0, 0));
    assert_eq!(journal.entries(&[1, 20]).unwrap().len(), 2);
}

#[test]
fn a_journal_that_is_discarded_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::create(folder.path(), "run").unwrap();
    journal.note("held", "0").unwrap();
    journal.discard();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn changes_that_are_not_allowed_are_left_out_and_count_as_skipped() {
    let journal = Journal::temporary().unwrap();
    let mut counts = (0, 0);
    let planned = journal.plan::<JournalError>(false, |plan| {
        let mut part = part(1, 20);
        part.put(Origin { table: 0, line: 21 }, "B", Ok(Decision::Unchanged));
        part.skip("C");
        counts = plan.put_part(&part, &mut |change| change.id != "ID-7")?;
        Ok(true)
    });
    assert!(planned.unwrap());
    assert_eq!((counts, journal.planned().unwrap()), ((1, 2), (19, 0, 0)));
}
