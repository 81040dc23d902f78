//! Cutting the plan into requests: by number of items, by bytes, in the plan's order.
//!
//! Doesn't belong here: how large a batch may be (`pace`).

use std::collections::VecDeque;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::journal::{Entry, Journal, JournalError, Scribe};
use crate::plan::Action;

/// The largest body that is sent. The server keeps each body in a log document of at most 1 MiB, and answers 500 to
/// a body over about 0.9 MiB although everything is saved (API contract).
pub(super) const MOST_BYTES: usize = 900_000;

/// How many changes are read from the journal at a time.
const PAGE: usize = 2_000;

/// So many items, at least, are promised together: a promise costs a wait for the disk.
const PROMISED: usize = 32;

/// And so many at most: what is promised and not yet known when a process dies has to be asked for.
const MOST_PROMISED: usize = 4_000;

/// Nor more than so many bytes, which wait in memory.
const MOST_WAITING: usize = 8 * 1024 * 1024;

/// A promise that is used up sooner than this is followed by one twice as large, so that promises cost little of the time
/// however quick the endpoint is; one that lasts much longer by a smaller one.
const PROMISE_LASTS: Duration = Duration::from_millis(20);

/// A share of the plan that goes into one request.
pub(super) type Batch = Vec<Entry>;

/// The plan's changes, cut into batches in its order.
struct Cutter<'a> {
    journal: &'a Journal,
    waiting: VecDeque<Entry>,
    last: i64,
    exhausted: bool,
    /// Some may have ended in an earlier part of the run.
    joined: bool,
}

impl<'a> Cutter<'a> {
    /// The whole plan, from its start.
    fn new(journal: &'a Journal) -> Result<Self, JournalError> {
        Ok(Self {
            journal,
            waiting: VecDeque::new(),
            last: 0,
            exhausted: false,
            joined: journal.has_outcomes()?,
        })
    }

    /// The next batch of at most `most` items and `MOST_BYTES`; none at the plan's end. A deletion is a batch of its
    /// own: the API deletes one item a request.
    fn next(&mut self, most: usize) -> Result<Option<Batch>, JournalError> {
        let mut batch = Batch::new();
        let mut bytes = 2;
        loop {
            if self.waiting.is_empty() && !self.exhausted {
                let page = self.journal.after(self.last, PAGE, self.joined)?;
                self.exhausted = page.len() < PAGE;
                self.last = page.last().map_or(self.last, |entry| entry.seq);
                self.waiting.extend(page);
            }
            let Some(next) = self.waiting.front() else { break };
            let fits = bytes + next.body.len() < MOST_BYTES && batch.len() < most;
            let alone = next.action == Action::Delete || batch.first().is_some_and(|e| e.action == Action::Delete);
            if !batch.is_empty() && (!fits || alone) {
                break;
            }
            bytes += next.body.len() + 1;
            batch.extend(self.waiting.pop_front());
        }
        Ok((!batch.is_empty()).then_some(batch))
    }
}

/// Cuts and promises the plan's batches ahead of the workers, so that none of them waits for the journal.
pub(super) struct Feeder<'a> {
    journal: &'a Journal,
    scribe: &'a Scribe,
    ready: Sender<Result<VecDeque<Batch>, JournalError>>,
    ahead: usize,
}

/// Batches that are promised and wait for a worker.
pub(super) struct Feed {
    /// What is left of the last promise, and where the next one comes from: whole, so that the feeder is woken once a
    /// promise, not once a batch.
    waiting: std::sync::Mutex<VecDeque<Batch>>,
    ready: Mutex<Receiver<Result<VecDeque<Batch>, JournalError>>>,
}

/// A feeder for so many workers, and what it feeds.
#[must_use]
pub(super) fn feed<'a>(journal: &'a Journal, scribe: &'a Scribe, workers: usize) -> (Feeder<'a>, Feed) {
    let ahead = workers.max(1);
    let (ready, waiting) = channel(1);
    let feeder = Feeder {
        journal,
        scribe,
        ready,
        ahead,
    };
    let feed = Feed {
        waiting: std::sync::Mutex::default(),
        ready: Mutex::new(waiting),
    };
    (feeder, feed)
}

impl Feeder<'_> {
    /// Feeds until the plan's end, or until nobody takes any more; `most` says how many items a batch may have now, none
    /// when the run is to end.
    pub(super) fn run(self, most: &dyn Fn() -> Option<usize>) {
        if let Err(error) = self.feed(most) {
            // Where nobody takes it, the run has ended for another reason.
            let _ = self.ready.blocking_send(Err(error));
        }
    }

    fn feed(&self, most: &dyn Fn() -> Option<usize>) -> Result<(), JournalError> {
        let mut cutter = Cutter::new(self.journal)?;
        let mut promised = PROMISED;
        loop {
            let begun = Instant::now();
            let mut group = VecDeque::new();
            let (mut items, mut bytes) = (0, 0);
            while (group.len() < self.ahead || items < promised && bytes < MOST_WAITING)
                && let Some(most) = most()
                && let Some(batch) = cutter.next(most)?
            {
                items += batch.len();
                bytes += batch.iter().map(|entry| entry.body.len()).sum::<usize>();
                group.push_back(batch);
            }
            if group.is_empty() {
                return Ok(());
            }
            self.scribe.sending(seqs(&group))?;
            if let Err(unwanted) = self.ready.blocking_send(Ok(group)) {
                return unwanted.0.map_or(Ok(()), |group| self.scribe.withdraw(seqs(&group)));
            }
            promised = match begun.elapsed() {
                lasted if lasted < PROMISE_LASTS => (promised * 2).min(MOST_PROMISED),
                lasted if lasted > PROMISE_LASTS * 10 => (promised / 2).max(PROMISED),
                _ => promised,
            };
        }
    }
}

impl Feed {
    /// The next batch; none at the plan's end.
    pub(super) async fn next(&self) -> Result<Option<Batch>, JournalError> {
        if let Some(batch) = self.left().pop_front() {
            return Ok(Some(batch));
        }
        let mut ready = self.ready.lock().await;
        loop {
            // Another worker may have fetched more meanwhile.
            if let Some(batch) = self.left().pop_front() {
                return Ok(Some(batch));
            }
            match ready.recv().await.transpose()? {
                Some(group) => self.left().extend(group),
                None => return Ok(None),
            }
        }
    }

    fn left(&self) -> std::sync::MutexGuard<'_, VecDeque<Batch>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes back the promises of what no worker has taken, until the feeder has ended.
    pub(super) fn close(self, scribe: &Scribe) -> Result<(), JournalError> {
        let left = std::mem::take(&mut *self.left());
        if !left.is_empty() {
            scribe.withdraw(seqs(&left))?;
        }
        let mut ready = self.ready.into_inner();
        while let Some(group) = ready.blocking_recv() {
            if let Ok(group) = group {
                scribe.withdraw(seqs(&group))?;
            }
        }
        Ok(())
    }
}

fn seqs(group: &VecDeque<Batch>) -> Vec<i64> {
    group.iter().flatten().map(|entry| entry.seq).collect()
}

/// The request's body: the object itself for one item (the documentation's form), else an array.
#[must_use]
pub(super) fn body(batch: &[Entry]) -> Vec<u8> {
    if let [only] = batch {
        return only.body.clone().into_bytes();
    }
    let mut body = Vec::with_capacity(batch.iter().map(|entry| entry.body.len() + 1).sum::<usize>() + 1);
    for entry in batch {
        body.push(if body.is_empty() { b'[' } else { b',' });
        body.extend_from_slice(entry.body.as_bytes());
    }
    body.push(b']');
    body
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::columns::Origin;
    use crate::journal::Planned;
    use crate::plan::Change;

    fn journal(sizes: &[usize]) -> Journal {
        let journal = Journal::temporary().unwrap();
        journal
            .plan::<JournalError>(false, |plan| {
                for (line, size) in (1..).zip(sizes) {
                    let body = json!({"item_id": format!("A{line}"), "name": "x".repeat(*size)});
                    let body = body.as_object().unwrap().clone();
                    let change = Change {
                        action: Action::Create,
                        id: format!("A{line}"),
                        body,
                        before: None,
                    };
                    plan.put(&Planned::Change {
                        origin: Origin { table: 0, line },
                        change: &change,
                    })?;
                }
                Ok(())
            })
            .unwrap();
        journal
    }

    /// Waits on this thread.
    fn now<T>(work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(work)
    }

    #[test]
    fn the_plan_is_cut_by_number_and_every_item_is_handed_out_once_in_order() {
        let journal = journal(&vec![1; 4_500]);
        let scribe = journal.scribe().unwrap();
        let (feeder, feed) = feed(&journal, &scribe, 2);
        let mut seen = Vec::new();
        std::thread::scope(|scope| {
            scope.spawn(|| feeder.run(&|| Some(100)));
            while let Some(batch) = now(feed.next()).unwrap() {
                assert!(batch.len() <= 100);
                seen.extend(batch.into_iter().map(|entry| entry.seq));
            }
        });
        assert_eq!(seen, (1..=4_500).collect::<Vec<i64>>());
    }

    #[test]
    fn no_body_of_several_items_passes_the_limit() {
        let journal = journal(&[400_000, 400_000, 400_000, 1_000_000, 10]);
        let mut cutter = Cutter::new(&journal).unwrap();
        let mut lengths = Vec::new();
        while let Some(batch) = cutter.next(100).unwrap() {
            assert!(batch.len() == 1 || body(&batch).len() < MOST_BYTES);
            lengths.push(batch.len());
        }
        assert_eq!(lengths, [2, 1, 1, 1]);
    }

    #[test]
    fn what_no_worker_takes_is_promised_no_more() {
        let journal = journal(&vec![1; 1_000]);
        let scribe = journal.scribe().unwrap();
        let (feeder, feed) = feed(&journal, &scribe, 2);
        let taken = std::thread::scope(|scope| {
            scope.spawn(|| feeder.run(&|| Some(10)));
            let taken: usize = (0..3).map(|_| now(feed.next()).unwrap().unwrap().len()).sum();
            feed.close(&scribe).unwrap();
            taken
        });
        scribe.close().unwrap();
        assert_eq!(journal.changed_count().unwrap(), taken as u64);
    }

    #[test]
    fn a_single_item_is_posted_as_an_object_and_several_as_an_array() {
        let journal = journal(&[1, 1]);
        let batch = Cutter::new(&journal).unwrap().next(100).unwrap().unwrap();
        assert_eq!(body(&batch[..1]), br#"{"item_id":"A1","name":"x"}"#);
        assert_eq!(
            body(&batch),
            br#"[{"item_id":"A1","name":"x"},{"item_id":"A2","name":"x"}]"#
        );
    }
}
