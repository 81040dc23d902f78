//! The account of a run: the equation, the exit code and the document for programs.
//!
//! Doesn't belong here: files of rejects, results and reports.

use super::*;

fn tally() -> Tally {
    Tally {
        read: 1_010,
        created: 1_000,
        unchanged: 7,
        rejected: 3,
        ..Tally::default()
    }
}

#[test]
fn the_equation_is_checked_and_shown_without_its_zeros() {
    assert!(tally().holds());
    assert_eq!(
        tally().equation(),
        "1,010 read = 1,000 created + 7 unchanged + 3 rejected"
    );
    assert_eq!(Tally::default().equation(), "0 read = 0");
    assert!(!Tally { read: 1_011, ..tally() }.holds());
}

#[test]
fn the_exit_code_remembers_rejected_and_failed_rows() {
    let summary = |tally| Summary {
        tally: Some(tally),
        ..Summary::default()
    };
    assert_eq!(
        summary(Tally {
            read: 1,
            created: 1,
            ..Tally::default()
        })
        .exit(),
        Exit::Done
    );
    assert_eq!(summary(tally()).exit(), Exit::Partial);
    assert_eq!(
        summary(Tally {
            read: 1,
            failed: 1,
            ..Tally::default()
        })
        .exit(),
        Exit::Partial
    );
    let stopped = Summary {
        error: Some(crate::error::Interrupted.into()),
        tally: Some(tally()),
        ..Summary::default()
    };
    assert_eq!(stopped.exit(), Exit::Interrupted);
}
