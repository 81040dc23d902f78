//! The rules against tables that were made by another program from restic's own: one snapshot a day for 400 days.

use std::collections::BTreeMap;

use super::*;

const NONE: Policy = Policy {
    last: Count::None,
    daily: Count::None,
    weekly: Count::None,
    monthly: Count::None,
    yearly: Count::None,
};

/// What is kept of the 400 days that end on 2026-11-23, and why: l, d, w, m, y for last, daily, weekly, monthly, yearly;
/// in capitals for the oldest of all that a rule keeps because it has some left.
const TABLES: [(Policy, &[(&str, &str)]); 3] = [
    (
        Policy {
            last: Count::Of(3),
            daily: Count::Of(7),
            weekly: Count::Of(5),
            monthly: Count::Of(12),
            yearly: Count::Of(3),
        },
        &[
            ("2026-11-23", "ldwmy"),
            ("2026-11-22", "ldw"),
            ("2026-11-21", "ld"),
            ("2026-11-20", "d"),
            ("2026-11-19", "d"),
            ("2026-11-18", "d"),
            ("2026-11-17", "d"),
            ("2026-11-15", "w"),
            ("2026-11-08", "w"),
            ("2026-11-01", "w"),
            ("2026-10-31", "m"),
            ("2026-09-30", "m"),
            ("2026-08-31", "m"),
            ("2026-07-31", "m"),
            ("2026-06-30", "m"),
            ("2026-05-31", "m"),
            ("2026-04-30", "m"),
            ("2026-03-31", "m"),
            ("2026-02-28", "m"),
            ("2026-01-31", "m"),
            ("2025-12-31", "my"),
            ("2025-10-20", "Y"),
        ],
    ),
    (
        Policy {
            daily: Count::Of(14),
            weekly: Count::Of(8),
            monthly: Count::All,
            ..NONE
        },
        &[
            ("2026-11-23", "dwm"),
            ("2026-11-22", "dw"),
            ("2026-11-21", "d"),
            ("2026-11-20", "d"),
            ("2026-11-19", "d"),
            ("2026-11-18", "d"),
            ("2026-11-17", "d"),
            ("2026-11-16", "d"),
            ("2026-11-15", "dw"),
            ("2026-11-14", "d"),
            ("2026-11-13", "d"),
            ("2026-11-12", "d"),
            ("2026-11-11", "d"),
            ("2026-11-10", "d"),
            ("2026-11-08", "w"),
            ("2026-11-01", "w"),
            ("2026-10-31", "m"),
            ("2026-10-25", "w"),
            ("2026-10-18", "w"),
            ("2026-10-11", "w"),
            ("2026-09-30", "m"),
            ("2026-08-31", "m"),
            ("2026-07-31", "m"),
            ("2026-06-30", "m"),
            ("2026-05-31", "m"),
            ("2026-04-30", "m"),
            ("2026-03-31", "m"),
            ("2026-02-28", "m"),
            ("2026-01-31", "m"),
            ("2025-12-31", "m"),
            ("2025-11-30", "m"),
            ("2025-10-31", "m"),
            ("2025-10-20", "M"),
        ],
    ),
    (
        Policy {
            yearly: Count::Of(10),
            ..NONE
        },
        &[("2026-11-23", "y"), ("2025-12-31", "y"), ("2025-10-20", "Y")],
    ),
];

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn days(count: i64) -> Vec<Timestamp> {
    let newest = moment("2026-11-23T02:00:00Z").as_second();
    (0..count)
        .map(|day| Timestamp::from_second(newest - day * 86_400).unwrap())
        .collect()
}

/// A rule's letter, in capitals where the snapshot is the oldest of all and not its day's newest.
fn letters(reasons: &[Reason]) -> String {
    let letter = |reason: &Reason| match reason.text().strip_prefix("oldest ") {
        Some(rule) => rule.to_ascii_uppercase().chars().next(),
        None => reason.text().chars().next(),
    };
    reasons.iter().filter_map(letter).collect()
}

#[test]
fn four_hundred_days_are_kept_as_restic_keeps_them() {
    let days = days(400);
    for (policy, table) in TABLES {
        let table: BTreeMap<&str, &str> = table.iter().copied().collect();
        for (day, reasons) in days.iter().zip(apply(&days, &policy)) {
            let date = day.strftime("%F").to_string();
            assert_eq!(
                letters(&reasons),
                table.get(date.as_str()).copied().unwrap_or_default(),
                "{date}"
            );
        }
    }
}

#[test]
fn of_several_snapshots_a_day_the_newest_is_the_days() {
    let moments: Vec<_> = [
        "2026-11-23T20:00:00Z",
        "2026-11-23T02:00:00Z",
        "2026-11-22T23:59:59Z",
        "2026-11-22T00:00:00Z",
    ]
    .map(moment)
    .into();
    let kept = |policy| {
        apply(&moments, &policy)
            .iter()
            .map(|reasons| letters(reasons))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        kept(Policy {
            daily: Count::Of(2),
            ..NONE
        }),
        ["d", "", "d", ""]
    );
    assert_eq!(
        kept(Policy {
            daily: Count::Of(3),
            ..NONE
        }),
        ["d", "", "d", "D"],
        "the oldest, as one is left"
    );
    assert_eq!(
        kept(Policy {
            last: Count::Of(2),
            ..NONE
        }),
        ["l", "l", "", ""]
    );
    assert_eq!(
        kept(Policy {
            last: Count::All,
            ..NONE
        }),
        ["l", "l", "l", "l"]
    );
}

#[test]
fn days_without_a_snapshot_do_not_count() {
    let moments: Vec<_> = [
        "2026-11-23T02:00:00Z",
        "2026-08-01T02:00:00Z",
        "2024-02-29T02:00:00Z",
        "2020-01-01T02:00:00Z",
    ]
    .map(moment)
    .into();
    let kept = apply(
        &moments,
        &Policy {
            daily: Count::Of(3),
            ..NONE
        },
    );
    assert_eq!(
        kept.iter().map(|reasons| letters(reasons)).collect::<Vec<_>>(),
        ["d", "d", "d", ""]
    );
}

#[test]
fn weeks_are_those_of_iso_and_cross_the_year() {
    // 2026-12-31 and 2027-01-01 are of one week, 2026-W53.
    let moments: Vec<_> = [
        "2027-01-01T02:00:00Z",
        "2026-12-31T02:00:00Z",
        "2026-12-27T02:00:00Z",
        "2026-12-26T02:00:00Z",
    ]
    .map(moment)
    .into();
    let kept = apply(
        &moments,
        &Policy {
            weekly: Count::Of(2),
            ..NONE
        },
    );
    assert_eq!(
        kept.iter().map(|reasons| letters(reasons)).collect::<Vec<_>>(),
        ["w", "", "w", ""]
    );
}

#[test]
fn a_day_that_comes_up_again_after_a_jump_of_the_clock_counts_once() {
    let moments: Vec<_> = [
        "2026-11-23T20:00:00Z",
        "1970-01-01T00:00:10Z",
        "2026-11-23T02:00:00Z",
        "2026-11-22T02:00:00Z",
        "2026-11-21T02:00:00Z",
    ]
    .map(moment)
    .into();
    let kept = apply(
        &moments,
        &Policy {
            daily: Count::Of(3),
            yearly: Count::Of(2),
            ..NONE
        },
    );
    assert_eq!(
        kept.iter().map(|reasons| letters(reasons)).collect::<Vec<_>>(),
        ["dy", "dy", "", "d", ""]
    );
}

#[test]
fn the_reasons_are_in_restics_words() {
    let moments: Vec<_> = ["2026-11-23T20:00:00Z", "2026-11-23T02:00:00Z"].map(moment).into();
    let all = Policy {
        last: Count::Of(1),
        daily: Count::Of(7),
        weekly: Count::Of(5),
        monthly: Count::All,
        yearly: Count::Of(1),
    };
    let texts = |reasons: &Vec<Reason>| reasons.iter().map(|reason| reason.text()).collect::<Vec<_>>();
    let kept = apply(&moments, &all);
    assert_eq!(
        texts(&kept[0]),
        [
            "last snapshot",
            "daily snapshot",
            "weekly snapshot",
            "monthly snapshot",
            "yearly snapshot"
        ]
    );
    assert_eq!(
        texts(&kept[1]),
        [
            "oldest daily snapshot",
            "oldest weekly snapshot",
            "oldest monthly snapshot"
        ]
    );
}

#[test]
fn no_rule_at_all_is_told() {
    assert!(
        NONE.is_empty()
            && Policy {
                last: Count::Of(0),
                ..NONE
            }
            .is_empty()
    );
    assert!(
        !Policy {
            yearly: Count::All,
            ..NONE
        }
        .is_empty()
    );
    assert!(apply(&[], &NONE).is_empty());
}
