//! The journal's own thread: it gathers what the workers report and commits it together, so that a promise
//! costs each of them one wait for one commit, however many there are.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use rusqlite::{Connection, params};

use super::{JournalError, State};

/// How many reports one commit may hold, so that no worker waits long for its turn.
const MOST_PER_COMMIT: usize = 512;

enum Report {
    Sending {
        seqs: Vec<i64>,
        durable: SyncSender<()>,
    },
    Ended {
        outcomes: Vec<(i64, State, Option<String>)>,
    },
}

/// Records batches and outcomes while an upload runs; shared by its workers.
pub struct Scribe {
    path: PathBuf,
    reports: Option<Sender<Report>>,
    thread: Option<JoinHandle<()>>,
    broken: Arc<OnceLock<String>>,
}

impl Scribe {
    pub(super) fn start(path: PathBuf, connection: Connection) -> Result<Self, JournalError> {
        let (reports, inbox) = channel();
        let broken = Arc::new(OnceLock::new());
        let flag = Arc::clone(&broken);
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || keep(connection, &inbox, &flag))
            .map_err(|cause| JournalError::Create {
                path: path.clone(),
                cause,
            })?;
        Ok(Self {
            path,
            reports: Some(reports),
            thread: Some(thread),
            broken,
        })
    }

    /// Promises that these changes are about to be sent, and returns when the promise is on disk.
    pub fn sending(&self, seqs: Vec<i64>) -> Result<(), JournalError> {
        let (durable, wait) = sync_channel(1);
        self.report(Report::Sending { seqs, durable })?;
        wait.recv().map_err(|_| self.stopped())
    }

    /// Records how changes ended; on disk with the next commit, at the latest when the scribe is closed.
    pub fn ended(&self, outcomes: Vec<(i64, State, Option<String>)>) -> Result<(), JournalError> {
        self.report(Report::Ended { outcomes })
    }

    /// Writes what is left and stops.
    pub fn close(mut self) -> Result<(), JournalError> {
        self.join();
        if self.broken.get().is_some() {
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
        let cause = self.broken.get().cloned().unwrap_or_else(|| "it is closed".to_owned());
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

fn keep(mut connection: Connection, inbox: &Receiver<Report>, broken: &OnceLock<String>) {
    let mut batch = connection
        .query_row("SELECT coalesce(max(batch), 0) FROM batches", [], |row| {
            row.get::<_, i64>(0)
        })
        .unwrap_or_default();
    while let Ok(first) = inbox.recv() {
        let mut group = vec![first];
        group.extend(inbox.try_iter().take(MOST_PER_COMMIT));
        match commit(&mut connection, &group, &mut batch) {
            Ok(()) => {
                for report in group {
                    if let Report::Sending { durable, .. } = report {
                        // The worker is gone only when the run is being torn down.
                        let _ = durable.send(());
                    }
                }
            }
            Err(cause) => {
                // From here on no promise can be kept: dropping the inbox fails every later report.
                let _ = broken.set(cause.to_string());
                return;
            }
        }
    }
}

fn commit(connection: &mut Connection, group: &[Report], batch: &mut i64) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    for report in group {
        match report {
            Report::Sending { seqs, .. } => {
                *batch += 1;
                let now = std::time::SystemTime::now()
                    .duration_since(std::time::UNIX_EPOCH)
                    .ok()
                    .and_then(|d| i64::try_from(d.as_millis()).ok())
                    .unwrap_or_default();
                transaction
                    .prepare_cached("INSERT INTO batches VALUES (?1, ?2)")?
                    .execute(params![*batch, now])?;
                let mut insert = transaction.prepare_cached("INSERT INTO sent VALUES (?1, ?2)")?;
                for seq in seqs {
                    insert.execute(params![seq, *batch])?;
                }
            }
            Report::Ended { outcomes } => {
                let mut insert = transaction.prepare_cached("INSERT OR REPLACE INTO outcomes VALUES (?1, ?2, ?3)")?;
                for (seq, state, reason) in outcomes {
                    insert.execute(params![seq, *state as i64, reason])?;
                }
            }
        }
    }
    transaction.commit()
}
