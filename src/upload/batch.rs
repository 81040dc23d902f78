//! Cutting the plan into requests: by number of items, by bytes, in the plan's order.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::journal::{Entry, Journal, JournalError};
use crate::plan::Action;

/// The largest body that is sent. The server keeps each body in a log document of at most 1 MiB, and answers 500 to
/// a body over about 0.9 MiB although everything is saved (API contract).
pub(super) const MOST_BYTES: usize = 900_000;

/// How many changes are read from the journal at a time.
const PAGE: usize = 2_000;

/// A share of the plan that goes into one request.
pub(super) type Batch = Vec<Entry>;

/// Hands out the plan's changes to the workers, once each.
pub(super) struct Feed<'a> {
    journal: &'a Journal,
    waiting: Mutex<Waiting>,
}

struct Waiting {
    entries: VecDeque<Entry>,
    last: i64,
    exhausted: bool,
}

impl<'a> Feed<'a> {
    /// The whole plan, from its start.
    #[must_use]
    pub(super) fn new(journal: &'a Journal) -> Self {
        Self {
            journal,
            waiting: Mutex::new(Waiting {
                entries: VecDeque::new(),
                last: 0,
                exhausted: false,
            }),
        }
    }

    /// The next batch of at most `most` items and `MOST_BYTES`; none at the plan's end. A deletion is a batch of its
    /// own: the API deletes one item a request.
    pub(super) fn next(&self, most: usize) -> Result<Option<Batch>, JournalError> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut batch = Batch::new();
        let mut bytes = 2;
        loop {
            if waiting.entries.is_empty() && !waiting.exhausted {
                let page = self.journal.after(waiting.last, PAGE)?;
                waiting.exhausted = page.len() < PAGE;
                waiting.last = page.last().map_or(waiting.last, |entry| entry.seq);
                waiting.entries.extend(page);
            }
            let Some(next) = waiting.entries.front() else { break };
            let fits = bytes + next.body.len() < MOST_BYTES && batch.len() < most;
            let alone = next.action == Action::Delete || batch.first().is_some_and(|e| e.action == Action::Delete);
            if !batch.is_empty() && (!fits || alone) {
                break;
            }
            bytes += next.body.len() + 1;
            batch.extend(waiting.entries.pop_front());
        }
        Ok((!batch.is_empty()).then_some(batch))
    }
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

    #[test]
    fn the_plan_is_cut_by_number_and_every_item_is_handed_out_once_in_order() {
        let journal = journal(&vec![1; 4_500]);
        let feed = Feed::new(&journal);
        let mut seen = Vec::new();
        while let Some(batch) = feed.next(100).unwrap() {
            assert!(batch.len() <= 100);
            seen.extend(batch.into_iter().map(|entry| entry.seq));
        }
        assert_eq!(seen, (1..=4_500).collect::<Vec<i64>>());
    }

    #[test]
    fn no_body_of_several_items_passes_the_limit() {
        let journal = journal(&[400_000, 400_000, 400_000, 1_000_000, 10]);
        let feed = Feed::new(&journal);
        let mut lengths = Vec::new();
        while let Some(batch) = feed.next(100).unwrap() {
            assert!(batch.len() == 1 || body(&batch).len() < MOST_BYTES);
            lengths.push(batch.len());
        }
        assert_eq!(lengths, [2, 1, 1, 1]);
    }

    #[test]
    fn a_single_item_is_posted_as_an_object_and_several_as_an_array() {
        let journal = journal(&[1, 1]);
        let feed = Feed::new(&journal);
        let batch = feed.next(100).unwrap().unwrap();
        assert_eq!(body(&batch[..1]), br#"{"item_id":"A1","name":"x"}"#);
        assert_eq!(
            body(&batch),
            br#"[{"item_id":"A1","name":"x"},{"item_id":"A2","name":"x"}]"#
        );
    }
}
