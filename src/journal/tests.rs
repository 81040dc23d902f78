//! Names of runs, and a plan that others look at while it is written.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::columns::Rejection;

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
                let origin = Origin { table: 0, line };
                plan.put(&Planned::Reject {
                    origin,
                    rejection: &rejection,
                })?;
            }
            Ok(())
        });
        let scribe = journal.scribe().and_then(|scribe| {
            scribe.sending(vec![1, 2, 3])?;
            scribe.close()
        });
        over.store(true, Ordering::Relaxed);
        planned.and(scribe).unwrap();
    });
    assert_eq!(journal.rejected().unwrap(), 20_000);
    let mode = journal.with(|c| c.query_row("PRAGMA journal_mode", [], |row| row.get::<_, String>(0)));
    assert_eq!(mode.unwrap(), "wal");
}

#[test]
fn runs_of_one_second_have_names_in_their_order() {
    let at = |milliseconds| name_at(jiff::Timestamp::from_millisecond(milliseconds).unwrap());
    let names: Vec<String> = (0..2_000).map(|n| at(1_790_000_000_000 + n)).collect();
    assert!(names.is_sorted());
    assert!(names[7].starts_with("2026-09-21T14-13-20-007Z-"), "{}", names[7]);
}
