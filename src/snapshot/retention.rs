//! Which snapshots are kept: restic's rules (`internal/restic/snapshot_policy.go`), to the letter. Pure.
//!
//! Going from the newest to the oldest, a rule keeps the first snapshot it meets of each day (ISO week, month, year), until
//! it has kept as many as it may; days without a snapshot don't count. A rule that has some left when it comes to the
//! oldest snapshot of all keeps that one too. A snapshot stays if any rule keeps it. Days are those of UTC, as the names are.
//!
//! Doesn't belong here: removing files (`mod`).

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// How many snapshots a rule keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Count {
    /// The rule is not used.
    #[default]
    None,
    /// So many.
    Of(u32),
    /// All of them (restic's -1).
    All,
}

/// The rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// The newest ones.
    pub last: Count,
    /// The newest of each of the last days that have one.
    pub daily: Count,
    /// The same of ISO weeks.
    pub weekly: Count,
    /// The same of months.
    pub monthly: Count,
    /// The same of years.
    pub yearly: Count,
}

impl Policy {
    /// Whether there is no rule at all, which would keep nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let rules = [self.last, self.daily, self.weekly, self.monthly, self.yearly];
        rules.iter().all(|count| matches!(count, Count::None | Count::Of(0)))
    }
}

/// The rule by which a snapshot stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is one of the newest.
    Last,
    /// It is a day's newest.
    Daily,
    /// A week's.
    Weekly,
    /// A month's.
    Monthly,
    /// A year's.
    Yearly,
}

impl Reason {
    /// The reason for a person.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Last => "last snapshot",
            Self::Daily => "daily snapshot",
            Self::Weekly => "weekly snapshot",
            Self::Monthly => "monthly snapshot",
            Self::Yearly => "yearly snapshot",
        }
    }
}

/// A rule while it is applied: what it counts by, and what it met last.
struct Rule {
    reason: Reason,
    left: Count,
    met: Option<(i16, i16)>,
}

/// The reasons for which each snapshot stays, in the order of `newest_first`; none for those that go.
#[must_use]
pub fn apply(newest_first: &[Timestamp], policy: &Policy) -> Vec<Vec<Reason>> {
    let mut rules = [
        (Reason::Last, policy.last),
        (Reason::Daily, policy.daily),
        (Reason::Weekly, policy.weekly),
        (Reason::Monthly, policy.monthly),
        (Reason::Yearly, policy.yearly),
    ]
    .map(|(reason, left)| Rule {
        reason,
        left,
        met: None,
    });
    let mut all = Vec::with_capacity(newest_first.len());
    for (place, moment) in newest_first.iter().enumerate() {
        let is_oldest = place + 1 == newest_first.len();
        let kept = rules
            .iter_mut()
            .filter_map(|rule| rule.keeps(*moment, is_oldest).then_some(rule.reason));
        all.push(kept.collect());
    }
    all
}

impl Rule {
    fn keeps(&mut self, moment: Timestamp, is_oldest: bool) -> bool {
        if matches!(self.left, Count::None | Count::Of(0)) {
            return false;
        }
        let span = self.span(moment);
        if span.is_some() && span == self.met && !is_oldest {
            return false;
        }
        self.met = span;
        if let Count::Of(left) = &mut self.left {
            *left -= 1;
        }
        true
    }

    /// The day, week, month or year of a moment; none where each snapshot is one of its own.
    fn span(&self, moment: Timestamp) -> Option<(i16, i16)> {
        let date = TimeZone::UTC.to_datetime(moment).date();
        match self.reason {
            Reason::Last => None,
            Reason::Daily => Some((date.year(), date.day_of_year())),
            Reason::Weekly => {
                let week = date.iso_week_date();
                Some((week.year(), i16::from(week.week())))
            }
            Reason::Monthly => Some((date.year(), i16::from(date.month()))),
            Reason::Yearly => Some((date.year(), 0)),
        }
    }
}

#[cfg(test)]
#[path = "retention_tests.rs"]
mod tests;
