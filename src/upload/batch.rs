//! Cutting the plan into requests: by number of items, by bytes, in the plan's order.
//!
//! Doesn't belong here: how large a batch may be (`pace`).

use std::collections::VecDeque;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::journal::{Entry, Journal, JournalError, Scribe};
use crate::plan::Action;

/// The largest body that is sent. The server keeps each body in a log document of at most 1 MiB, and answers 500 to
/// a body over about 0.9 MiB although everything is saved (API contract).
pub(super) const MOST_BYTES: usize = 900_000;

/// So many items, at least, are promised together: a promise costs a wait for the disk.
const PROMISED: usize = 32;

/// And so many at most: what is promised and not yet known when a process dies has to be asked for.
const MOST_PROMISED: usize = 4_000;

/// Nor more than so many bytes, which wait in memory.
const MOST_WAITING: usize = 8 * 1024 * 1024;

/// A promise that is used up sooner than this is followed by one twice as large, so that promises cost little of the time
/// however quick the endpoint is; one that lasts much longer by a smaller one.
const PROMISE_LASTS: Duration = Duration::from_millis(20);

/// How many items and bytes a batch has room for from its beginning.
const MOST_ROOM: (usize, usize) = (128, 64 * 1024);

/// A share of the plan that goes into one request. Only what a request that goes through takes of it is kept; what goes
/// wrong reads its changes from the journal again.
#[derive(Debug)]
pub(super) struct Batch {
    /// The changes' numbers in the plan.
    pub(super) seqs: Vec<i64>,
    /// Whether it is a deletion, which is a batch of its own: the API deletes one item a request.
    pub(super) is_deletion: bool,
    /// Whether it is the first deletion that is handed out.
    pub(super) is_first_deletion: bool,
    /// The items as an array, but for its closing bracket.
    text: Vec<u8>,
}

impl Batch {
    /// A batch that begins with a body of this length, of at most so many items.
    fn begin(action: Action, most: usize, length: usize) -> Self {
        let room = most.saturating_mul(length.saturating_add(1)).saturating_add(1);
        Self {
            seqs: Vec::with_capacity(most.min(MOST_ROOM.0)),
            is_deletion: action == Action::Delete,
            is_first_deletion: false,
            text: Vec::with_capacity(room.min(MOST_ROOM.1).max(length.saturating_add(2))),
        }
    }

    fn fits(&self, action: Action, body: &[u8], most: usize) -> bool {
        let alone = self.is_deletion || action == Action::Delete;
        !alone && self.seqs.len() < most && self.text.len() + body.len() + 2 < MOST_BYTES
    }

    fn push(&mut self, seq: i64, body: &[u8]) {
        self.seqs.push(seq);
        self.text.push(if self.text.is_empty() { b'[' } else { b',' });
        self.text.extend_from_slice(body);
    }

    /// Its changes that are promised before a worker takes them. A deletion is promised by its worker, once the item has
    /// been read (`delete`): an item that somebody else deletes while it waits is no deletion of this run, even where the
    /// process is killed meanwhile.
    pub(super) fn promised(&self) -> &[i64] {
        if self.is_deletion { &[] } else { &self.seqs }
    }

    /// How many items it has.
    pub(super) fn len(&self) -> usize {
        self.seqs.len()
    }

    /// Takes the request's body out of it: the object itself for one item (the documentation's form), else an array.
    pub(super) fn take_body(&mut self) -> Bytes {
        let mut text = std::mem::take(&mut self.text);
        if self.seqs.len() == 1 {
            return Bytes::from(text).slice(1..);
        }
        text.push(b']');
        text.into()
    }
}

/// The plan's changes, cut into batches in its order.
struct Cutter<'a> {
    journal: &'a Journal,
    last: i64,
    /// Some may have ended in an earlier part of the run.
    joined: bool,
    /// A deletion has been handed out.
    deletes: bool,
}

impl<'a> Cutter<'a> {
    /// The whole plan, from its start.
    fn new(journal: &'a Journal) -> Result<Self, JournalError> {
        Ok(Self {
            journal,
            last: 0,
            joined: journal.has_outcomes()?,
            deletes: false,
        })
    }

    /// The next batches, of at most `most` items and `MOST_BYTES` each, until there are enough of them (given their number,
    /// their items and bytes); `most` is asked before each, and gives none where there is to be no more. None at the plan's
    /// end.
    fn next(
        &mut self,
        most: &dyn Fn() -> Option<usize>,
        enough: &dyn Fn(usize, usize, usize) -> bool,
    ) -> Result<VecDeque<Batch>, JournalError> {
        let mut group = VecDeque::<Batch>::new();
        let (mut limit, mut items, mut bytes) = (0, 0, 0);
        let (last, deletes) = (&mut self.last, &mut self.deletes);
        self.journal.each_after(*last, self.joined, &mut |seq, action, body| {
            let fits = group.back().is_some_and(|batch| batch.fits(action, body, limit));
            if !fits {
                if enough(group.len(), items, bytes) {
                    return false;
                }
                let Some(most) = most() else { return false };
                limit = most;
                let mut batch = Batch::begin(action, most, body.len());
                batch.is_first_deletion = batch.is_deletion && !*deletes;
                *deletes |= batch.is_deletion;
                group.push_back(batch);
            }
            if let Some(batch) = group.back_mut() {
                batch.push(seq, body);
            }
            items += 1;
            bytes += body.len();
            *last = seq;
            true
        })?;
        Ok(group)
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
            let group = cutter.next(most, &|batches, items, bytes| {
                batches >= self.ahead && (items >= promised || bytes >= MOST_WAITING)
            })?;
            if group.is_empty() {
                return Ok(());
            }
            let seqs = to_promise(&group);
            if !seqs.is_empty() {
                self.scribe.sending(seqs)?;
            }
            if let Err(unwanted) = self.ready.blocking_send(Ok(group)) {
                return unwanted
                    .0
                    .map_or(Ok(()), |group| self.scribe.withdraw(to_promise(&group)));
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
        let mut withdrawn = if left.is_empty() {
            Ok(())
        } else {
            scribe.withdraw(to_promise(&left))
        };
        let mut ready = self.ready.into_inner();
        while let Some(group) = ready.blocking_recv() {
            if let Ok(group) = group {
                // Each of them, also where the journal can't be written any more: the scribe remembers them.
                withdrawn = scribe.withdraw(to_promise(&group)).and(withdrawn);
            }
        }
        withdrawn
    }
}

fn to_promise(group: &VecDeque<Batch>) -> Vec<i64> {
    group.iter().flat_map(Batch::promised).copied().collect()
}

/// The request's body for these changes.
#[must_use]
pub(super) fn body(part: &[Entry]) -> Bytes {
    let length = part.first().map_or(0, |entry| entry.body.len());
    let mut batch = Batch::begin(Action::Create, part.len(), length);
    for entry in part {
        batch.push(entry.seq, entry.body.as_bytes());
    }
    batch.take_body()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::columns::Origin;
    use crate::plan::{Change, Decision, PlanPart};

    fn journal(sizes: &[usize]) -> Journal {
        let journal = Journal::temporary().unwrap();
        let planned = journal.plan::<JournalError>(false, |plan| {
            let mut part = PlanPart::default();
            for (line, size) in (1..).zip(sizes) {
                let id = format!("A{line}");
                let body = json!({"item_id": id, "name": "x".repeat(*size)});
                let change = Change {
                    action: Action::Create,
                    id: id.clone(),
                    body: body.as_object().unwrap().clone(),
                    before: None,
                };
                part.put(Origin { table: 0, line }, &id, Ok(Decision::Write(change)));
            }
            plan.put_part(&part, &mut |_| true).map(|_| true)
        });
        assert!(planned.unwrap());
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
                seen.extend(batch.seqs);
            }
        });
        assert_eq!(seen, (1..=4_500).collect::<Vec<i64>>());
    }

    #[test]
    fn no_body_of_several_items_passes_the_limit() {
        let journal = journal(&[400_000, 400_000, 400_000, 1_000_000, 10]);
        let mut cutter = Cutter::new(&journal).unwrap();
        let mut lengths = Vec::new();
        while let Some(mut batch) = cutter
            .next(&|| Some(100), &|batches, _, _| batches == 1)
            .unwrap()
            .pop_front()
        {
            assert!(batch.take_body().len() < MOST_BYTES || batch.len() == 1);
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
        let array: &[u8] = br#"[{"item_id":"A1","name":"x"},{"item_id":"A2","name":"x"}]"#;
        let mut group = Cutter::new(&journal)
            .unwrap()
            .next(&|| Some(100), &|_, _, _| false)
            .unwrap();
        assert_eq!(group.pop_front().unwrap().take_body(), array);
        let part = journal.entries(&[1, 2]).unwrap();
        assert_eq!(body(&part[..1]), &br#"{"item_id":"A1","name":"x"}"#[..]);
        assert_eq!(body(&part), array);
    }
}
