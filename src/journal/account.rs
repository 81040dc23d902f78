//! The account of a run: how many changes were planned and how they ended, and the rows that did not go through.
//!
//! Everything here is counted from what was recorded, and from nothing else. No outcome stands without its change.
//!
//! Doesn't belong here: what the counts have to add up to (`report`).

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Journal, JournalError, State, action, code, count, lock, place_of, store};
use crate::columns::{Origin, Rejection};
use crate::plan::Action;

/// How many changes ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// New items that are stored now.
    pub created: u64,
    /// Stored items that hold the new values now.
    pub updated: u64,
    /// Items that are gone now.
    pub deleted: u64,
    /// Refused by the endpoint.
    pub failed: u64,
    /// Sent, or about to be, and not known to be saved: the answer was lost, or could not be recorded.
    pub unknown: u64,
    /// To be deleted, and left because they have changed since the plan.
    pub left: u64,
    /// To be deleted, and deleted by somebody else since the plan: nothing was sent.
    pub gone: u64,
    /// Planned, and never sent.
    pub not_attempted: u64,
}

/// A row that did not go through, for the reject file; ordered by where the row stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where the row stands.
    pub origin: Origin,
    /// Why.
    pub rejection: Rejection,
}

/// How the reason of a failure begins whose outcome is not known.
const UNKNOWN: &str = "it is not known";

/// Every row of a table that was rejected or left, has failed, or was never sent.
const PROBLEMS: &str = "
    SELECT source, line, column_name, column_index, value, reason FROM rejects WHERE source = ?1
    UNION ALL
    SELECT source, line, NULL, NULL, id, CASE
        WHEN reason IS NOT NULL THEN reason
        WHEN state IS NULL AND seq IN (SELECT seq FROM sent)
            THEN 'it is not known whether it was saved: the run stopped before the answer was recorded'
        ELSE 'not attempted: the run stopped before it' END
    FROM changes LEFT JOIN outcomes USING (seq) WHERE source = ?1 AND (state IS NULL OR state IN (?2, ?3))";

/// How many changes were promised, and have no outcome: a batch is recorded before it is sent, so that only these can have left
/// the machine.
const UNRECORDED: &str = "
    SELECT count(DISTINCT seq) FROM sent WHERE NOT EXISTS (SELECT 1 FROM outcomes WHERE outcomes.seq = sent.seq)";

/// The number of planned changes: as noted with a complete plan (a check at the journal's opening compares it with the
/// table), counted without such a note. Counting reads the whole table.
const PLANNED: &str = "coalesce(
    (SELECT CAST(value AS INTEGER) FROM run WHERE key = 'changes'), (SELECT count(*) FROM changes))";

/// The fact that holds what is done to every item of a plan, where it is the same for all.
pub(super) const ONLY_ACTION: &str = "only action";

impl Journal {
    /// How many changes of each kind are planned: (create, update, delete).
    pub fn planned(&self) -> Result<(u64, u64, u64), JournalError> {
        self.with(|c| {
            if let Some(only) = only_action(c)? {
                let all = c.query_row(&format!("SELECT {PLANNED}"), [], |row| count(row, 0))?;
                let of = |kind| if only == kind { all } else { 0 };
                return Ok((of(Action::Create), of(Action::Update), of(Action::Delete)));
            }
            let of = |action| format!("coalesce(sum(action = {}), 0)", code(action));
            let sums = [of(Action::Create), of(Action::Update), of(Action::Delete)].join(", ");
            c.query_row(&format!("SELECT {sums} FROM changes"), [], |row| {
                Ok((count(row, 0)?, count(row, 1)?, count(row, 2)?))
            })
        })
    }

    /// How the planned changes ended, counted from what was recorded and from nothing else.
    pub fn outcomes(&self) -> Result<Outcomes, JournalError> {
        self.with(|c| {
            let mut outcomes = match only_action(c)? {
                Some(action) => outcomes_of(c, action),
                None => outcomes_of_all(c),
            }?;
            // As a rule nothing is open, or nothing was sent yet.
            if outcomes.not_attempted > 0 {
                let unrecorded = c.query_row(UNRECORDED, [], |row| count(row, 0))?;
                outcomes.unknown += unrecorded;
                outcomes.not_attempted = outcomes.not_attempted.saturating_sub(unrecorded);
            }
            Ok(outcomes)
        })
    }

    /// Lets the planned change of an item fail before anything is sent, if there is one.
    pub fn fail_planned(&self, id: &str, reason: &str) -> Result<(), JournalError> {
        self.with(|c| {
            c.prepare_cached("INSERT OR REPLACE INTO outcomes SELECT seq, ?2, ?3 FROM changes WHERE id = ?1")?
                .execute(params![id, State::Failed as i64, reason])?;
            Ok(())
        })
    }

    /// How many planned changes have not ended yet.
    pub fn open_changes(&self) -> Result<u64, JournalError> {
        self.with(|c| {
            let open = format!("SELECT {PLANNED} - (SELECT count(*) FROM outcomes)");
            c.query_row(&open, [], |row| count(row, 0))
        })
    }

    /// Whether an item should be as the plan wants it: nothing was planned for it, or what was planned is done, be it by
    /// somebody else.
    pub fn should_be_stored(&self, id: &str) -> Result<bool, JournalError> {
        self.with(|c| {
            let mut select = c.prepare_cached(
                "SELECT NOT EXISTS (SELECT 1 FROM changes LEFT JOIN outcomes USING (seq)
                 WHERE id = ?1 AND (state IS NULL OR state NOT IN (?2, ?3)))",
            )?;
            select.query_row(params![id, State::Done as i64, State::Gone as i64], |row| row.get(0))
        })
    }

    /// How many rows were rejected while they were planned; what was left later is among the outcomes.
    pub fn rejected(&self) -> Result<u64, JournalError> {
        self.with(|c| {
            c.query_row(
                "SELECT count(*) FROM (SELECT DISTINCT source, line FROM rejects)",
                [],
                |row| count(row, 0),
            )
        })
    }

    /// Whether any row of a table did not go through.
    pub fn has_problems(&self, table: usize) -> Result<bool, JournalError> {
        self.with(|c| {
            // As a rule all went well, which takes no look at any change.
            let all_done = format!(
                "SELECT NOT EXISTS (SELECT 1 FROM rejects) AND {PLANNED} = (SELECT count(*) FROM outcomes) AND
                NOT EXISTS (SELECT 1 FROM outcomes WHERE state <> ?1)"
            );
            if c.query_row(&all_done, [State::Done as i64], |row| row.get(0))? {
                return Ok(false);
            }
            c.query_row(&format!("SELECT EXISTS ({PROBLEMS})"), problems_of(table), |row| {
                row.get(0)
            })
        })
    }

    /// The rows of a table that did not go through (rejected, left, failed, not attempted), in the order of the file.
    /// A row may have several problems.
    pub fn problems<E: From<JournalError>>(
        &self,
        table: usize,
        take: &mut dyn FnMut(Problem) -> Result<(), E>,
    ) -> Result<(), E> {
        let connection = lock(&self.connection);
        let failed = |cause| E::from(store(&self.path, cause));
        let mut select = connection
            .prepare(&format!("{PROBLEMS} ORDER BY line"))
            .map_err(failed)?;
        let mut rows = select.query(problems_of(table)).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            take(problem(row).map_err(failed)?)?;
        }
        Ok(())
    }

    /// Gives every rejection of a table made while the plan was made, in the order of the file.
    pub fn each_rejection<E: From<JournalError>>(
        &self,
        table: usize,
        take: &mut dyn FnMut(Problem) -> Result<bool, E>,
    ) -> Result<(), E> {
        let connection = lock(&self.connection);
        let failed = |cause| E::from(store(&self.path, cause));
        let mut select = connection
            .prepare(
                "SELECT source, line, column_name, column_index, value, reason FROM rejects
                 WHERE source = ?1 ORDER BY line",
            )
            .map_err(failed)?;
        let mut rows = select.query([place_of(table)]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            if !take(problem(row).map_err(failed)?)? {
                break;
            }
        }
        Ok(())
    }

    /// Gives every item that was to be deleted and was left, in the plan's order.
    pub fn each_left(&self, take: &mut dyn FnMut(Problem)) -> Result<(), JournalError> {
        self.with(|c| {
            let mut select = c.prepare(
                "SELECT source, line, NULL, NULL, id, coalesce(reason, '') FROM outcomes JOIN changes USING (seq)
                 WHERE state = ?1 ORDER BY seq",
            )?;
            let mut rows = select.query([State::Left as i64])?;
            while let Some(row) = rows.next()? {
                take(problem(row)?);
            }
            Ok(())
        })
    }
}

/// Whether a failure has this reason because nobody knows its outcome.
pub(super) fn unknown_reason(reason: Option<&str>) -> bool {
    reason.is_some_and(|reason| reason.starts_with(UNKNOWN))
}

/// What is done to every item, if it is the same for all.
fn only_action(c: &Connection) -> rusqlite::Result<Option<Action>> {
    let noted = c.query_row("SELECT value FROM run WHERE key = ?1", [ONLY_ACTION], |row| {
        row.get::<_, String>(0)
    });
    if let Some(noted) = noted.optional()?.and_then(|noted| noted.parse().ok()) {
        return Ok(Some(action(noted)));
    }
    let first = c.query_row("SELECT action FROM changes LIMIT 1", [], |row| row.get::<_, i64>(0));
    let Some(first) = first.optional()? else {
        return Ok(None);
    };
    let other = "SELECT EXISTS (SELECT 1 FROM changes WHERE action <> ?1)";
    let is_mixed: bool = c.query_row(other, [first], |row| row.get(0))?;
    Ok((!is_mixed).then(|| action(first)))
}

/// How changes of one kind ended: no change has to be looked up for its outcome, since there is none without a change.
fn outcomes_of(c: &Connection, action: Action) -> rusqlite::Result<Outcomes> {
    let mut outcomes = Outcomes::default();
    let select = format!("SELECT {PLANNED}, (SELECT count(*) FROM outcomes)");
    let (planned, ended) = c.query_row(&select, [], |row| Ok((count(row, 0)?, count(row, 1)?)))?;
    outcomes.not_attempted = planned.saturating_sub(ended);
    // As a rule there are few of these.
    let mut select = c.prepare(&format!(
        "SELECT state, count(*), coalesce(sum(reason LIKE '{UNKNOWN}%'), 0) FROM outcomes WHERE state <> ?1 GROUP BY state"
    ))?;
    let mut others = select.query([State::Done as i64])?;
    let mut done = ended;
    while let Some(row) = others.next()? {
        let (state, all, unknown): (i64, u64, u64) = (row.get(0)?, count(row, 1)?, count(row, 2)?);
        done = done.saturating_sub(all);
        if state == State::Left as i64 {
            outcomes.left = all;
        } else if state == State::Gone as i64 {
            outcomes.gone = all;
        } else {
            outcomes.failed += all.saturating_sub(unknown);
            outcomes.unknown += unknown;
        }
    }
    *match action {
        Action::Create => &mut outcomes.created,
        Action::Update => &mut outcomes.updated,
        Action::Delete => &mut outcomes.deleted,
    } = done;
    Ok(outcomes)
}

fn outcomes_of_all(c: &Connection) -> rusqlite::Result<Outcomes> {
    let of = |state| format!("coalesce(sum(state = {}), 0)", state as i64);
    let done = |action| {
        format!(
            "coalesce(sum(state = {} AND action = {}), 0)",
            State::Done as i64,
            code(action)
        )
    };
    let sums = [
        done(Action::Create),
        done(Action::Update),
        done(Action::Delete),
        of(State::Failed),
        format!(
            "coalesce(sum(state = {} AND reason LIKE '{UNKNOWN}%'), 0)",
            State::Failed as i64
        ),
        of(State::Left),
        of(State::Gone),
        "coalesce(sum(state IS NULL), 0)".to_owned(),
    ];
    let select = format!("SELECT {} FROM changes LEFT JOIN outcomes USING (seq)", sums.join(", "));
    c.query_row(&select, [], |row| {
        let unknown = count(row, 4)?;
        Ok(Outcomes {
            created: count(row, 0)?,
            updated: count(row, 1)?,
            deleted: count(row, 2)?,
            failed: count(row, 3)?.saturating_sub(unknown),
            unknown,
            left: count(row, 5)?,
            gone: count(row, 6)?,
            not_attempted: count(row, 7)?,
        })
    })
}

pub(super) fn problem(row: &rusqlite::Row<'_>) -> rusqlite::Result<Problem> {
    let index: Option<i64> = row.get(3)?;
    Ok(Problem {
        origin: origin(row)?,
        rejection: Rejection {
            column: row.get(2)?,
            index: index.and_then(|index| usize::try_from(index).ok()),
            value: row.get(4)?,
            reason: row.get(5)?,
        },
    })
}

/// The place that the first two columns tell.
pub(super) fn origin(row: &rusqlite::Row<'_>) -> rusqlite::Result<Origin> {
    let (source, line): (i64, i64) = (row.get(0)?, row.get(1)?);
    Ok(Origin {
        table: usize::try_from(source).unwrap_or_default(),
        line: u64::try_from(line).unwrap_or_default(),
    })
}

fn problems_of(table: usize) -> [i64; 3] {
    [place_of(table), State::Failed as i64, State::Left as i64]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::journal::check::{PLANNED_CHANGES, note};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_short_ways_of_counting_count_the_same(
            actions in prop::sample::select(vec![vec![1], vec![2], vec![3], vec![1, 2, 3]]),
            // Of each change: which kind it is of, and how it ended.
            ended in prop::collection::vec((0..3_usize, prop::option::of(0..4_i64), any::<bool>()), 0..8),
            is_rejected in any::<bool>(),
            is_noted in any::<bool>(),
        ) {
            let journal = Journal::temporary().unwrap();
            journal.with(|c| {
                for (seq, (kind, state, is_unknown)) in (1..).zip(&ended) {
                    let action = actions[*kind % actions.len()];
                    c.execute("INSERT INTO changes VALUES (?1, 0, ?1, ?2, 'A')", params![seq, action])?;
                    if let Some(state) = state {
                        let why = (*is_unknown && *state == State::Failed as i64).then_some("it is not known why");
                        c.execute("INSERT INTO outcomes VALUES (?1, ?2, ?3)", params![seq, state, why])?;
                    } else if *is_unknown {
                        // Promised twice, and never answered.
                        c.execute("INSERT INTO ranges VALUES (?1, ?1, 1), (?1, ?1, 2)", [seq])?;
                    }
                }
                if is_noted {
                    note(c, PLANNED_CHANGES, &ended.len().to_string())?;
                }
                if is_rejected {
                    c.execute("INSERT INTO rejects VALUES (0, 99, NULL, NULL, '', 'bad')", [])?;
                }
                Ok(())
            }).unwrap();
            let unanswered = ended.iter().filter(|(_, state, is_unknown)| state.is_none() && *is_unknown).count() as u64;
            let mut counted = journal.with(outcomes_of_all).unwrap();
            counted.unknown += unanswered;
            counted.not_attempted -= unanswered;
            prop_assert_eq!(journal.outcomes().unwrap(), counted);
            let open = ended.iter().filter(|(_, state, _)| state.is_none()).count() as u64;
            prop_assert_eq!(journal.open_changes().unwrap(), open);
            let mut problems = 0;
            let mut unknown = 0;
            journal.problems::<JournalError>(0, &mut |problem| {
                problems += 1;
                unknown += u64::from(problem.rejection.reason.starts_with(UNKNOWN));
                Ok(())
            }).unwrap();
            prop_assert_eq!(unknown, journal.outcomes().unwrap().unknown);
            prop_assert_eq!(journal.has_problems(0).unwrap(), problems > 0);
            let outcomes = journal.outcomes().unwrap();
            let all = [outcomes.created, outcomes.updated, outcomes.deleted, outcomes.failed, outcomes.unknown,
                outcomes.left, outcomes.gone, outcomes.not_attempted];
            prop_assert_eq!(all.iter().sum::<u64>(), ended.len() as u64);
            let through =
                [outcomes.failed, outcomes.unknown, outcomes.left, outcomes.not_attempted].iter().sum::<u64>();
            prop_assert_eq!(problems, through + u64::from(is_rejected));
            let mut left = 0;
            journal.each_left(&mut |_| left += 1).unwrap();
            prop_assert_eq!(left, outcomes.left);
            prop_assert!(!journal.has_problems(1).unwrap());
        }
    }
}
