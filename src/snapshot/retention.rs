//! Which snapshots are kept: restic's rules (`internal/restic/snapshot_policy.go`), to the letter. Pure.
//!
//! Going from the newest to the oldest, a rule keeps the first snapshot it meets of each day (ISO week, month, year), until
//! it has kept as many as it may; days without a snapshot don't count. A rule that has some left when it comes to the
//! oldest snapshot of all keeps that one too. A snapshot stays if any rule keeps it. Days are those of UTC, as the names are.
//!
//! restic sorts by date; here the order is given (`order`), so that after a jump of the clock a day may come up twice. It
//! still counts once.
//!
//! Doesn't belong here: removing files (`mod`).

use std::collections::BTreeSet;

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
    /// The same for months.
    pub monthly: Count,
    /// The same for years.
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

/// What a rule counts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// Each snapshot is one of its own.
    Last,
    /// Days.
    Daily,
    /// ISO weeks.
    Weekly,
    /// Months.
    Monthly,
    /// Years.
    Yearly,
}

/// The rule by which a snapshot stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The rule.
    pub span: Span,
    /// It is not its day's newest, but the oldest of all, and the rule has some left.
    pub is_oldest: bool,
}

impl Reason {
    /// The reason for a person, in restic's words.
    #[must_use]
    pub fn text(self) -> &'static str {
        match (self.span, self.is_oldest) {
            (Span::Last, _) => "last snapshot",
            (Span::Daily, false) => "daily snapshot",
            (Span::Weekly, false) => "weekly snapshot",
            (Span::Monthly, false) => "monthly snapshot",
            (Span::Yearly, false) => "yearly snapshot",
            (Span::Daily, true) => "oldest daily snapshot",
            (Span::Weekly, true) => "oldest weekly snapshot",
            (Span::Monthly, true) => "oldest monthly snapshot",
            (Span::Yearly, true) => "oldest yearly snapshot",
        }
    }
}

/// A rule while it is applied.
struct Rule {
    span: Span,
    left: Count,
    /// The days, weeks, months or years of which it has kept a snapshot.
    met: BTreeSet<(i16, i16)>,
}

/// The reasons for which each snapshot stays, in the order of `newest_first`; none for those that go.
#[must_use]
pub fn apply(newest_first: &[Timestamp], policy: &Policy) -> Vec<Vec<Reason>> {
    let mut rules = [
        (Span::Last, policy.last),
        (Span::Daily, policy.daily),
        (Span::Weekly, policy.weekly),
        (Span::Monthly, policy.monthly),
        (Span::Yearly, policy.yearly),
    ]
    .map(|(span, left)| Rule {
        span,
        left,
        met: BTreeSet::new(),
    });
    let mut all = Vec::with_capacity(newest_first.len());
    for (place, moment) in newest_first.iter().enumerate() {
        let is_oldest = place + 1 == newest_first.len();
        let kept = rules.iter_mut().filter_map(|rule| rule.keeps(*moment, is_oldest));
        all.push(kept.collect());
    }
    all
}

impl Rule {
    fn keeps(&mut self, moment: Timestamp, is_oldest: bool) -> Option<Reason> {
        if matches!(self.left, Count::None | Count::Of(0)) {
            return None;
        }
        let is_new = self.period(moment).is_none_or(|period| self.met.insert(period));
        if !is_new && !is_oldest {
            return None;
        }
        if let Count::Of(left) = &mut self.left {
            *left -= 1;
        }
        Some(Reason {
            span: self.span,
            is_oldest: !is_new,
        })
    }

    /// The day, week, month or year of a moment; none where each snapshot is one of its own.
    fn period(&self, moment: Timestamp) -> Option<(i16, i16)> {
        let date = TimeZone::UTC.to_datetime(moment).date();
        match self.span {
            Span::Last => None,
            Span::Daily => Some((date.year(), date.day_of_year())),
            Span::Weekly => {
                let week = date.iso_week_date();
                Some((week.year(), i16::from(week.week())))
            }
            Span::Monthly => Some((date.year(), i16::from(date.month()))),
            Span::Yearly => Some((date.year(), 0)),
        }
    }
}

#[cfg(test)]
#[path = "retention_tests.rs"]
mod tests;
