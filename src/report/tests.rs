//! The closing equation.
//!
//! Doesn't belong here: what a run shows, and its exit code, which `tests/integration` has.

use super::*;

#[test]
fn the_equation_holds_where_every_row_has_ended_once() {
    let (created, unchanged, rejected) = (1_000, 7, 3);
    let of = |read| Tally {
        read,
        created,
        unchanged,
        rejected,
        ..Tally::default()
    };
    assert!(of(1_010).holds() && !of(1_011).holds() && !of(1_009).holds());
    let equation = "1,010 read = 1,000 created + 7 unchanged + 3 rejected";
    assert_eq!(of(1_010).equation(), equation);
}
