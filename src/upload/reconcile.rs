//! Unknown → known: what became of a batch, item by item, whatever the endpoint or the network did.
//!
//! By the design: 429, 5xx, a timeout, a reset, an answer that isn't the echo: post again with back-off (it merges);
//! when that goes on failing, read back, drop what is there, and halve what is missing until the bad item stands
//! alone. 400, 413 and 422 halve at once; so does 403 or 406, which a firewall gives for one value (`refused` tells that from
//! a missing permission). What can't go through at all stops the run.
//!
//! Doesn't belong here: when a batch is sent (`mod`), what an answer means (`api`).

use std::sync::atomic::Ordering;

use super::batch::{Batch, body};
use super::pace::Outcome;
use super::stored::stored_as;
use super::{Halt, MOST_IN_A_ROW, Worker};
use crate::api::{ApiError, Backoff, Fate};
use crate::item::Object;
use crate::journal::{Entry, State};

/// A share of a batch whose whole has failed to the end is tried this often more: enough to tell a bad item from a
/// passing fault, without paying the whole back-off again at every halving.
const SUSPECT_RETRIES: u32 = 2;

/// How the reason begins why an item failed of which nothing better is known.
const UNKNOWN: &str = "it is not known whether it was saved";

/// Some of a batch's changes.
type Part = Vec<Entry>;

/// A request that was made once already, and failed.
pub(super) struct Tried {
    /// How.
    pub(super) error: ApiError,
    /// It took so long that the same once more would be too much.
    pub(super) slow: bool,
    /// What came back with other values has been read back already.
    pub(super) is_read: bool,
}

/// How a request ended after all its repetitions.
pub(super) enum End {
    /// The endpoint holds what was sent.
    Saved,
    /// The content was refused: nothing of it was saved.
    Refused(ApiError),
    /// It is not known what was saved; the last failure. `is_echoed`: each item came back under its own id, some of them with
    /// other values, and reading those back tells whether the endpoint stores them differently.
    Unknown { error: ApiError, is_echoed: bool },
    /// Nothing can go through; whether an earlier attempt may have.
    Stopped { error: ApiError, perhaps_saved: bool },
}

impl Worker<'_> {
    /// Sends a batch and finds out what became of each of its items; it may have been tried, as a whole, already.
    pub(super) async fn settle(&self, batch: &Batch, tried: Option<Tried>) -> Result<(), Halt> {
        let mut rest = self.journal.entries(&batch.seqs).map_err(Halt::Journal)?;
        if batch.is_deletion {
            let is_first = batch.is_first_deletion;
            for entry in &rest {
                self.delete(entry, is_first).await?;
            }
            return Ok(());
        }
        // Parts of the batch that are still to be settled, and how often each may be repeated.
        let mut parts = Vec::new();
        // It was cut a little while ago, and the endpoint may have slowed down since.
        let most = self.pace.batch();
        while rest.len() > most && tried.is_none() {
            let later = rest.split_off(most);
            parts.push((rest, self.options.retries));
            rest = later;
        }
        parts.push((rest, self.options.retries));
        parts.reverse();
        let settled = self.settle_parts(&mut parts, tried).await;
        if settled.is_err() {
            // What is left was not sent, or is known not to be saved.
            self.withdraw(parts.into_iter().flat_map(|(part, _)| part))?;
        }
        settled
    }

    async fn settle_parts(&self, parts: &mut Vec<(Part, u32)>, mut tried: Option<Tried>) -> Result<(), Halt> {
        while let Some((part, retries)) = parts.pop() {
            if part.len() > 1 && tried.is_none() && self.singles_only.load(Ordering::Relaxed) {
                parts.extend(part.into_iter().rev().map(|entry| (vec![entry], retries)));
                continue;
            }
            let known = self.refusals.known();
            match self.post(&part, retries, tried.take()).await {
                End::Saved => {
                    if part.len() > 1 {
                        self.arrays_work.store(true, Ordering::Relaxed);
                    }
                    self.saved(part.iter().map(|entry| entry.seq), known)?;
                }
                End::Refused(error) if part.len() == 1 => self.refused(&part, error)?,
                End::Refused(ApiError::NoArrays { .. }) => {
                    self.singles_only.store(true, Ordering::Relaxed);
                    parts.push((part, retries));
                }
                End::Refused(error) if error.may_be_the_content() && !self.refusals.anything_saved() => {
                    parts.extend(samples(part, retries));
                }
                End::Refused(_) if !self.arrays_work.load(Ordering::Relaxed) => self.try_singles(part).await?,
                End::Refused(_) => parts.extend(halves(part, retries)),
                End::Unknown { error, is_echoed: true } if retries > 0 => {
                    let (missing, unread) = self.read_back(part, &error, true).await?;
                    parts.extend(unread.into_iter().map(|entry| (vec![entry], retries - 1)));
                    if !missing.is_empty() {
                        // A faulty answer, perhaps: they are sent again, as after any other failure.
                        parts.push((missing, retries - 1));
                        tried = Some(Tried {
                            error,
                            slow: false,
                            is_read: true,
                        });
                    }
                }
                End::Unknown { error, is_echoed } => {
                    let (missing, unread) = self.read_back(part, &error, is_echoed).await?;
                    let retries = retries.min(SUSPECT_RETRIES);
                    if missing.len() == 1 && unread.is_empty() {
                        self.fail_alone(&missing, error)?;
                    } else {
                        parts.extend(halves(missing, retries));
                    }
                    parts.extend(unread.into_iter().map(|entry| (vec![entry], retries)));
                }
                End::Stopped { error, perhaps_saved } => return self.stopped(part, error, perhaps_saved).await,
            }
        }
        Ok(())
    }

    /// The first array was refused, which may mean that the endpoint takes none: each item on its own tells.
    async fn try_singles(&self, part: Part) -> Result<(), Halt> {
        let mut refused = 0_usize;
        let mut rest = part.into_iter();
        let tried = self.try_each(&mut rest, &mut refused).await;
        if tried.is_err() {
            self.withdraw(rest)?;
        }
        tried?;
        if refused == 0 {
            // Nothing was wrong with any of them: it was the array.
            self.singles_only.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn try_each(&self, part: &mut impl Iterator<Item = Entry>, refused: &mut usize) -> Result<(), Halt> {
        for entry in part {
            let only = vec![entry];
            let known = self.refusals.known();
            match self.post(&only, self.options.retries, None).await {
                End::Saved => self.saved(only.iter().map(|entry| entry.seq), known)?,
                End::Refused(error) => {
                    *refused += 1;
                    self.refused(&only, error)?;
                }
                End::Unknown { error, is_echoed } => {
                    let (missing, _) = self.read_back(only, &error, is_echoed).await?;
                    self.fail_alone(&missing, error)?;
                }
                End::Stopped { error, perhaps_saved } => return self.stopped(only, error, perhaps_saved).await,
            }
        }
        Ok(())
    }

    async fn post(&self, part: &[Entry], retries: u32, tried: Option<Tried>) -> End {
        let body = body(part);
        self.repeat(part.len(), retries, tried, async || {
            self.client.post(body.clone()).await
        })
        .await
    }

    /// Makes a request, of so many items (a read has none), until it is answered for good, or the repetitions are used up.
    pub(super) async fn repeat(
        &self,
        items: usize,
        retries: u32,
        mut tried: Option<Tried>,
        mut request: impl AsyncFnMut() -> Result<(), ApiError>,
    ) -> End {
        let backoff = Backoff::new(retries);
        let mut random = fastrand::Rng::new();
        let mut perhaps_saved = false;
        let mut attempt = 0;
        loop {
            let Tried { error, slow, is_read } = if let Some(tried) = tried.take() {
                tried
            } else {
                let Some(permit) = self.pace.enter(items).await else {
                    let error = ApiError::Interrupted;
                    return End::Stopped { error, perhaps_saved };
                };
                match request().await {
                    Ok(()) => {
                        permit.ended(Outcome::Well);
                        return End::Saved;
                    }
                    Err(error) => {
                        let slow = permit.ended(verdict(&error));
                        Tried {
                            error,
                            slow,
                            is_read: false,
                        }
                    }
                }
            };
            if !is_read && error.differing().is_some() {
                return End::Unknown { error, is_echoed: true };
            }
            // A read, of no items, has no content.
            let is_refused = error.fate() == Fate::Halve || (items > 0 && error.may_be_the_content());
            match error.fate() {
                Fate::Halve | Fate::Stop if is_refused => {
                    // An earlier attempt may have saved what this one was refused for: then only a read can tell.
                    return if perhaps_saved {
                        End::Unknown {
                            error,
                            is_echoed: false,
                        }
                    } else {
                        End::Refused(error)
                    };
                }
                Fate::Halve | Fate::Stop => {
                    perhaps_saved |= matches!(error, ApiError::WaitTooLong { status, .. } if status != 429);
                    return End::Stopped { error, perhaps_saved };
                }
                Fate::Repeat { after } => {
                    perhaps_saved |= !error.is_unreachable() && error.status() != Some(429);
                    let Some(wait) = backoff.pause(attempt, after, &mut random) else {
                        return if error.is_unreachable() {
                            End::Stopped { error, perhaps_saved }
                        } else {
                            End::Unknown {
                                error,
                                is_echoed: false,
                            }
                        };
                    };
                    if slow && items > 1 && perhaps_saved {
                        // It is more than can be done in the time there is: the same once more would end the same.
                        return End::Unknown {
                            error,
                            is_echoed: false,
                        };
                    }
                    if !self.pace.sleep(wait, error.cause()).await {
                        let error = ApiError::Interrupted;
                        return End::Stopped { error, perhaps_saved };
                    }
                    self.client.count_retry();
                    self.progress.retried();
                    attempt += 1;
                }
            }
        }
    }

    /// Asks for each item of a part whose fate is unknown, and records those that are saved. Of items that came back with their
    /// answer, those with other values are asked for. Gives those that are missing, and those that can't be read though others
    /// can. One of these that is alone has failed.
    async fn read_back(&self, part: Part, cause: &ApiError, is_echoed: bool) -> Result<(Part, Part), Halt> {
        let is_alone = part.len() == 1;
        let mut there = Vec::new();
        let (mut missing, mut unread) = (Part::new(), Part::new());
        let differing = cause.differing().filter(|_| is_echoed);
        let mut rest = part.into_iter();
        for number in 1.. {
            let Some(entry) = rest.next() else { break };
            if differing.is_some_and(|differing| !differing.contains(&number)) {
                there.push((entry.seq, State::Done, None));
                continue;
            }
            match self.client.find(&entry.id).await {
                Ok(stored) => match saved_as(&entry, stored.as_ref(), differing.is_some()) {
                    Some(differing) => there.push((entry.seq, State::Done, differing)),
                    None => missing.push(entry),
                },
                Err(error) if self.client.is_about_one_item(&error).await => {
                    if !is_alone {
                        unread.push(entry);
                        continue;
                    }
                    let unknown = format!("{UNKNOWN}: {cause}; it can't be read either: {error}");
                    self.fail(&[entry], &unknown)?;
                    if self.too_many_in_a_row().is_some() {
                        return Err(halted(error));
                    }
                }
                Err(error) => {
                    // Neither written nor read: the endpoint is gone, not these rows bad.
                    self.ended(there)?;
                    let open = missing.into_iter().chain(unread).chain([entry]);
                    let unknown_part: Part = open.chain(rest).collect();
                    self.fail(&unknown_part, &format!("{UNKNOWN}: {cause}"))?;
                    return Err(halted(error));
                }
            }
        }
        self.ended(there)?;
        Ok((missing, unread))
    }

    /// The run ends with this part: what an earlier attempt may have saved is asked for where that makes sense.
    async fn stopped(&self, part: Part, error: ApiError, perhaps_saved: bool) -> Result<(), Halt> {
        if !perhaps_saved {
            // Known not to be saved, and so never attempted.
            self.withdraw(part)?;
            return Err(halted(error));
        }
        if matches!(error, ApiError::Interrupted) {
            // What is missing is known to be so, and is sent again by the next run.
            let (missing, unread) = self.read_back(part, &error, false).await?;
            self.withdraw(missing)?;
            self.fail(&unread, UNKNOWN)?;
            return Err(Halt::Interrupted);
        }
        self.fail(&part, &format!("{UNKNOWN}: {error}"))?;
        Err(halted(error))
    }

    /// A single item was refused.
    fn refused(&self, part: &[Entry], error: ApiError) -> Result<(), Halt> {
        match part.first() {
            // It was promised once, with its batch.
            Some(entry) if error.may_be_the_content() => self.refuse(entry, 1, error),
            _ => self.fail(part, &error.to_string()),
        }
    }

    /// An item failed by itself; too many of them in a row are no longer about the items.
    fn fail_alone(&self, part: &[Entry], error: ApiError) -> Result<(), Halt> {
        if part.is_empty() {
            return Ok(());
        }
        if error.may_be_the_content() {
            return self.refused(part, error);
        }
        self.fail(part, &error.to_string())?;
        match self.too_many_in_a_row() {
            Some(items) => Err(Halt::NothingSaved { items, cause: error }),
            None => Ok(()),
        }
    }

    /// Counts an item that failed by itself; gives how many have, where that is too many.
    pub(super) fn too_many_in_a_row(&self) -> Option<u64> {
        let items = self.in_a_row.fetch_add(1, Ordering::Relaxed) + 1;
        (items >= MOST_IN_A_ROW).then_some(items)
    }

    /// Takes back the promise of items of which nothing was saved, and that this run will not send: they count as not attempted.
    fn withdraw(&self, part: impl IntoIterator<Item = Entry>) -> Result<(), Halt> {
        let seqs: Vec<i64> = part.into_iter().map(|entry| entry.seq).collect();
        if seqs.is_empty() {
            return Ok(());
        }
        self.scribe.withdraw(seqs).map_err(Halt::Journal)
    }

    pub(super) fn fail(&self, part: &[Entry], reason: &str) -> Result<(), Halt> {
        if part.is_empty() {
            return Ok(());
        }
        self.ended(
            part.iter()
                .map(|entry| (entry.seq, State::Failed, Some(reason.to_owned())))
                .collect(),
        )
    }
}

/// What a failure says of the pace.
pub(super) fn verdict(error: &ApiError) -> Outcome {
    match error.fate() {
        Fate::Repeat { after } => Outcome::Strained(after.map(|after| (after, error.cause()))),
        // The content was refused, or everything is.
        Fate::Halve | Fate::Stop => Outcome::Neutral,
    }
}

/// What an error that ends the run means for it.
pub(super) fn halted(error: ApiError) -> Halt {
    match error {
        ApiError::Interrupted => Halt::Interrupted,
        error => Halt::Api(error),
    }
}

/// The two halves of a part, first half on top of a stack.
fn halves(mut part: Part, retries: u32) -> Vec<(Part, u32)> {
    let second = part.split_off(part.len().div_ceil(2));
    [(second, retries), (part, retries)]
        .into_iter()
        .filter(|(half, _)| !half.is_empty())
        .collect()
}

/// The first, the last and the middle item of a part alone, on top of a stack, with what lies between them below: two bad
/// items are not all of these.
fn samples(mut part: Part, retries: u32) -> Vec<(Part, u32)> {
    let last = part.split_off(part.len().saturating_sub(1));
    let mut middle = part.split_off(part.len().div_ceil(2));
    let later = middle.split_off(middle.len().min(1));
    let earlier = part.split_off(part.len().min(1));
    [later, earlier, middle, last, part]
        .into_iter()
        .filter(|some| !some.is_empty())
        .map(|some| (some, retries))
        .collect()
}

/// How a stored item that is saved differs from what was sent, as the journal records it; `None` if it is not saved.
#[expect(clippy::option_option, reason = "most items that are saved don't differ")]
fn saved_as(entry: &Entry, stored: Option<&Object>, echoed: bool) -> Option<Option<String>> {
    let sent: Object = serde_json::from_str(&entry.body).ok()?;
    let before = entry
        .before
        .as_deref()
        .and_then(|before| serde_json::from_str(before).ok());
    let differing = stored_as(&sent, before.as_ref(), stored?, echoed)?;
    // A map of JSON values has text keys and finite numbers only, so that writing it can't fail.
    Some((!differing.is_empty()).then(|| serde_json::to_string(&differing).unwrap_or_default()))
}
