//! The journal's own thread: it gathers what the workers report and commits it together, so that a promise
//! costs one wait for one commit, however many batches it covers, and an outcome costs none.
//!
//! Doesn't belong here: what is reported to it (`upload`).

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, params};
use tokio::sync::oneshot;

use super::check::set_before;
use super::{JournalError, State, lock};

/// How many reports one commit may hold, so that nobody waits long for its turn.
const MOST_PER_COMMIT: usize = 512;

/// How long an outcome may wait for a commit that comes anyway.
const OUTCOMES_WAIT: Duration = Duration::from_millis(50);

/// How a change ended, and why, where it failed.
pub(super) type Outcome = (i64, State, Option<String>);

enum Report {
    /// Changes that are about to be sent.
    Sending {
        seqs: Vec<i64>,
        durable: oneshot::Sender<()>,
    },
    /// A deletion that is about to be sent, and the stored item that it is about where that isn't what the journal holds.
    Deleting {
        seq: i64,
        before: Option<String>,
        durable: oneshot::Sender<()>,
    },
    /// Changes that were promised in this part of the run and have not been sent.
    Withdrawn(Vec<i64>),
}

/// What is shared with the thread.
#[derive(Default)]
struct Shared {
    /// Outcomes that are in no commit yet.
    outcomes: Mutex<Vec<Outcome>>,
    broken: OnceLock<String>,
    unsent: Arc<Unsent>,
}

/// Changes that were promised and not sent, where the journal can't be written any more to take the promise back.
pub(super) type Unsent = Mutex<Vec<i64>>;

/// Records batches and outcomes while an upload runs; shared by its workers.
pub struct Scribe {
    path: PathBuf,
    reports: Option<Sender<Report>>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
}

impl Scribe {
    pub(super) fn start(path: PathBuf, connection: Connection, unsent: Arc<Unsent>) -> Result<Self, JournalError> {
        let (reports, inbox) = channel();
        let shared = Arc::new(Shared {
            unsent,
            ..Shared::default()
        });
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || keep(connection, &inbox, &theirs))
            .map_err(JournalError::Thread)?;
        Ok(Self {
            path,
            reports: Some(reports),
            thread: Some(thread),
            shared,
        })
    }

    /// Promises that these changes are about to be sent, and returns when the promise is on disk.
    pub fn sending(&self, seqs: Vec<i64>) -> Result<(), JournalError> {
        let (durable, wait) = oneshot::channel();
        self.report(Report::Sending { seqs, durable })?;
        wait.blocking_recv().map_err(|_| self.stopped())
    }

    /// Promises that this deletion is about to be sent, and returns when the promise is on disk. `before` is the stored item
    /// as it was just read, where it is not the one that the journal holds: it is the one that undoing has to restore.
    pub async fn deleting(&self, seq: i64, before: Option<String>) -> Result<(), JournalError> {
        let (durable, wait) = oneshot::channel();
        self.report(Report::Deleting { seq, before, durable })?;
        wait.await.map_err(|_| self.stopped())
    }

    /// Takes back the promise of changes that have not been sent.
    pub fn withdraw(&self, seqs: Vec<i64>) -> Result<(), JournalError> {
        let unheard = match &self.reports {
            Some(reports) => reports.send(Report::Withdrawn(seqs)).err().map(|unheard| unheard.0),
            None => Some(Report::Withdrawn(seqs)),
        };
        match unheard {
            None => Ok(()),
            Some(report) => {
                self.shared.keep_unsent([report]);
                Err(self.stopped())
            }
        }
    }

    /// Records how changes ended; on disk soon, at the latest when the scribe is closed.
    pub fn ended(&self, outcomes: Vec<Outcome>) -> Result<(), JournalError> {
        lock(&self.shared.outcomes).extend(outcomes);
        if self.shared.broken.get().is_some() {
            Err(self.stopped())
        } else {
            Ok(())
        }
    }

    /// Writes what is left and stops.
    pub fn close(mut self) -> Result<(), JournalError> {
        self.join();
        if self.shared.broken.get().is_some() {
            Err(self.stopped())
        } else {
            Ok(())
        }
    }

    fn report(&self, report: Report) -> Result<(), JournalError> {
        self.reports
            .as_ref()
            .and_then(|reports| reports.send(report).ok())
            .ok_or_else(|| self.stopped())
    }

    fn stopped(&self) -> JournalError {
        let cause = self
            .shared
            .broken
            .get()
            .cloned()
            .unwrap_or_else(|| "it is closed".to_owned());
        JournalError::Stopped {
            path: self.path.clone(),
            cause,
        }
    }

    fn join(&mut self) {
        self.reports = None;
        if let Some(thread) = self.thread.take() {
            // A panic there would have shown itself as reports that nobody takes.
            let _ = thread.join();
        }
    }
}

impl Drop for Scribe {
    fn drop(&mut self) {
        self.join();
    }
}

impl Shared {
    /// Remembers what can't be recorded of these reports: which changes were not sent.
    fn keep_unsent(&self, reports: impl IntoIterator<Item = Report>) {
        let mut unsent = lock(&self.unsent);
        for report in reports {
            if let Report::Withdrawn(seqs) = report {
                unsent.extend(seqs);
            }
        }
    }
}

fn keep(mut connection: Connection, inbox: &Receiver<Report>, shared: &Shared) {
    let mut batch = connection
        .query_row("SELECT coalesce(max(batch), 0) FROM batches", [], |row| {
            row.get::<_, i64>(0)
        })
        .unwrap_or_default();
    let mut open = true;
    while open {
        let mut group = Vec::new();
        match inbox.recv_timeout(OUTCOMES_WAIT) {
            Ok(first) => {
                group.push(first);
                group.extend(inbox.try_iter().take(MOST_PER_COMMIT));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => open = false,
        }
        let mut outcomes = std::mem::take(&mut *lock(&shared.outcomes));
        // Those of one change stay in their order.
        outcomes.sort_by_key(|(seq, _, _)| *seq);
        if group.is_empty() && outcomes.is_empty() {
            continue;
        }
        match commit(&mut connection, &group, &outcomes, &mut batch) {
            Ok(()) => {
                for report in group {
                    if let Report::Sending { durable, .. } | Report::Deleting { durable, .. } = report {
                        // Who waits is gone only when the run is being torn down.
                        let _ = durable.send(());
                    }
                }
            }
            Err(cause) => {
                // From here on no promise can be kept: dropping the inbox fails every later report.
                let _ = shared.broken.set(crate::cause::sqlite(&cause));
                shared.keep_unsent(group.into_iter().chain(inbox.try_iter()));
                return;
            }
        }
    }
}

fn commit(
    connection: &mut Connection,
    group: &[Report],
    outcomes: &[Outcome],
    batch: &mut i64,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .ok()
        .and_then(|d| i64::try_from(d.as_millis()).ok())
        .unwrap_or_default();
    for report in group {
        match report {
            Report::Sending { seqs, .. } => {
                *batch += 1;
                promise(&transaction, seqs, *batch, now)?;
            }
            Report::Deleting { seq, before, .. } => {
                *batch += 1;
                promise(&transaction, &[*seq], *batch, now)?;
                if let Some(before) = before {
                    set_before(&transaction, *seq, before)?;
                }
            }
            Report::Withdrawn(seqs) => {
                for (first, last) in ranges(seqs) {
                    uncover(&transaction, first, last)?;
                }
            }
        }
    }
    record(&transaction, outcomes)?;
    transaction.commit()
}

/// Records that these changes are about to be sent, as the batch of this number.
fn promise(connection: &Connection, seqs: &[i64], batch: i64, now: i64) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached("INSERT INTO batches VALUES (?1, ?2)")?;
    let mut cover = connection.prepare_cached("INSERT INTO ranges VALUES (?1, ?2, ?3)")?;
    insert.execute([batch, now])?;
    for (first, last) in ranges(seqs) {
        cover.execute([first, last, batch])?;
    }
    Ok(())
}

/// Records how changes ended. Nearly all of them ended well, and most side by side: such are recorded in one go.
fn record(connection: &Connection, outcomes: &[Outcome]) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached("INSERT OR REPLACE INTO outcomes VALUES (?1, ?2, ?3)")?;
    let mut insert_all = connection.prepare_cached(
        "INSERT OR REPLACE INTO outcomes SELECT seq, ?3, NULL FROM changes WHERE seq BETWEEN ?1 AND ?2",
    )?;
    let go_on = |(one, state, reason): &Outcome, (other, next_state, next_reason): &Outcome| {
        one.checked_add(1) == Some(*other) && state == next_state && reason.is_none() && next_reason.is_none()
    };
    for alike in outcomes.chunk_by(go_on) {
        match alike {
            [(first, state, _), .., (last, _, _)] => insert_all.execute(params![first, last, *state as i64])?,
            rest => rest.iter().try_fold(0, |_, (seq, state, reason)| {
                insert.execute(params![seq, *state as i64, reason])
            })?,
        };
    }
    Ok(())
}

/// Takes these changes out of the promise that was made of them last: an earlier part of the run may have sent the same.
fn uncover(connection: &Connection, first: i64, last: i64) -> rusqlite::Result<()> {
    let covering: Option<[i64; 4]> = connection
        .prepare_cached(
            "DELETE FROM ranges WHERE rowid = (SELECT max(rowid) FROM ranges WHERE first <= ?1 AND last >= ?2)
             RETURNING rowid, first, last, batch",
        )?
        .query_row([first, last], |row| {
            Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])
        })
        .optional()?;
    let Some([_, from, to, batch]) = covering else {
        return Ok(());
    };
    let mut cover = connection.prepare_cached("INSERT INTO ranges VALUES (?1, ?2, ?3)")?;
    for (from, to) in [(from, first - 1), (last + 1, to)] {
        if from <= to {
            cover.execute([from, to, batch])?;
        }
    }
    Ok(())
}

/// The runs of consecutive numbers, each as its first and last.
fn ranges(seqs: &[i64]) -> impl Iterator<Item = (i64, i64)> {
    let mut rest = seqs.iter().copied().peekable();
    std::iter::from_fn(move || {
        let first = rest.next()?;
        let mut last = first;
        while let Some(next) = rest.next_if(|next| last.checked_add(1) == Some(*next)) {
            last = next;
        }
        Some((first, last))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Waits on this thread.
    fn now<T>(work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(work)
    }

    #[test]
    fn what_is_withdrawn_is_taken_out_of_the_last_promise_alone() {
        let folder = tempfile::tempdir().unwrap();
        let journal = super::super::Journal::create(folder.path(), "run").unwrap();
        let scribe = journal.scribe().unwrap();
        scribe.sending((1..=20).collect()).unwrap();
        scribe.sending((11..=40).chain(50..=60).collect()).unwrap();
        for withdrawn in [vec![40], vec![15, 16], vec![11], (50..=60).collect(), vec![99]] {
            scribe.withdraw(withdrawn).unwrap();
        }
        scribe.close().unwrap();
        let promised = journal.with(|c| {
            let mut select = c.prepare("SELECT batch, first, last FROM ranges ORDER BY batch, first")?;
            let ranges = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            ranges.collect::<rusqlite::Result<Vec<(i64, i64, i64)>>>()
        });
        assert_eq!(promised.unwrap(), [(1, 1, 20), (2, 12, 14), (2, 17, 39)]);
    }

    #[test]
    fn what_is_recorded_together_is_what_is_recorded_one_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let journal = super::super::Journal::create(folder.path(), "run").unwrap();
        let why = || Some("refused".to_owned());
        let outcomes = vec![
            (1, State::Done, None),
            (2, State::Done, None),
            (3, State::Done, None),
            (4, State::Failed, why()),
            (5, State::Failed, why()),
            (6, State::Failed, None),
            (8, State::Failed, None),
            (9, State::Done, None),
            // The later one counts.
            (9, State::Failed, why()),
            (10, State::Done, None),
        ];
        let recorded = journal.with(|c| {
            for seq in 1..=20 {
                c.execute("INSERT INTO changes VALUES (?1, 0, ?1, 1, 'A')", [seq])?;
            }
            // Another part of the run has tried it before.
            c.execute("INSERT INTO outcomes VALUES (2, ?1, 'lost')", [State::Failed as i64])?;
            record(c, &outcomes)?;
            let mut select = c.prepare("SELECT seq, state, reason FROM outcomes ORDER BY seq")?;
            let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            rows.collect::<rusqlite::Result<Vec<(i64, i64, Option<String>)>>>()
        });
        let mut wanted = outcomes.clone();
        wanted.remove(7);
        let wanted: Vec<_> = wanted
            .into_iter()
            .map(|(seq, state, why)| (seq, state as i64, why))
            .collect();
        assert_eq!(recorded.unwrap(), wanted);
    }

    #[test]
    fn a_deletion_is_promised_with_the_item_as_it_was_read_and_only_one_that_was_sent_can_be_undone() {
        let folder = tempfile::tempdir().unwrap();
        let journal = super::super::Journal::create(folder.path(), "run").unwrap();
        journal
            .with(|c| {
                for seq in 1..=7 {
                    c.execute("INSERT INTO changes VALUES (?1, 0, ?1, 3, ?1)", [seq])?;
                    c.execute(
                        "INSERT INTO bodies VALUES (?1, '{}', '{\"name\":\"planned\"}', 0)",
                        [seq],
                    )?;
                }
                Ok(())
            })
            .unwrap();
        let scribe = journal.scribe().unwrap();
        let read = r#"{"name":"read"}"#;
        now(scribe.deleting(1, Some(read.to_owned()))).unwrap();
        // It is on disk before the request is sent.
        let other = super::super::Journal::open_existing(journal.path()).unwrap();
        assert_eq!(other.entries(&[1]).unwrap()[0].before.as_deref(), Some(read));
        for seq in [2, 3, 4, 5, 6, 6] {
            now(scribe.deleting(seq, None)).unwrap();
        }
        let why = |why: &str| Some(why.to_owned());
        scribe
            .ended(vec![
                (1, State::Done, None),
                (2, State::Left, why("it has changed")),
                (3, State::Gone, None),
                (4, State::Failed, why("refused")),
                (5, State::Failed, why("it is not known whether it was deleted")),
            ])
            .unwrap();
        // Promised twice, and known not to have been done.
        scribe.withdraw(vec![6, 6]).unwrap();
        scribe.close().unwrap();
        let mut changed = Vec::new();
        let take = &mut |one: super::super::Changed| {
            changed.push((one.seq, one.change.before.unwrap()["name"].clone()));
            Ok::<_, JournalError>(())
        };
        journal.changed(take).unwrap();
        assert_eq!(changed, [(1, "read".into()), (5, "planned".into())]);
        assert_eq!(journal.changed_count().unwrap(), 2);
        let should = |seq: i64| journal.should_be_stored(&seq.to_string()).unwrap();
        assert_eq!([1, 2, 3, 4, 7].map(should), [true, false, true, false, false]);
    }

    #[test]
    fn consecutive_numbers_are_one_range() {
        let of = |seqs: &[i64]| ranges(seqs).collect::<Vec<_>>();
        assert_eq!(of(&[]), []);
        assert_eq!(of(&[5]), [(5, 5)]);
        assert_eq!(of(&[1, 2, 3, 7, 9, 10]), [(1, 3), (7, 7), (9, 10)]);
    }
}
