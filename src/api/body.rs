//! A list's answer as a reader, which ends with [`ApiError::Interrupted`] once the run is asked to stop.
//!
//! The timeout bounds how long the reads wait for the connection, together, between two signs that the list goes on. A host
//! that sends a byte now and then doesn't prolong that, nor does a receiver that takes its time.
//!
//! Doesn't belong here: what the bytes mean (`stream`); answers that fit in memory (`answer`).

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use reqwest::Response;
use tokio::time::Instant;

use super::error::Oddity;
use super::loss::Loss;
use super::wait::{Cause, SHORT};
use super::{ApiError, Client};

/// The most that is read of a list, unpacked: some million items. A list that unpacks without end stops here.
const LIST_MOST: u64 = 4 << 30;

/// The unread rest of an answer.
pub(super) struct ListBody<'c> {
    client: &'c Client,
    response: Response,
    piece: Bytes,
    /// Set by whoever follows the list, once a further item is there.
    goes_on: &'c AtomicBool,
    /// How long the reads have waited since.
    waited: Duration,
    budget: Budget,
}

/// How much more of an answer is read.
struct Budget {
    most: u64,
    left: u64,
}

impl Budget {
    fn new(most: u64) -> Self {
        Self { most, left: most }
    }

    fn spend(&mut self, bytes: usize) -> Result<(), ApiError> {
        match self.left.checked_sub(bytes as u64) {
            Some(left) => self.left = left,
            None => return Err(ApiError::Foreign(Oddity::TooLong(self.most))),
        }
        Ok(())
    }
}

impl<'c> ListBody<'c> {
    pub(super) fn new(client: &'c Client, response: Response, goes_on: &'c AtomicBool) -> Self {
        Self {
            client,
            response,
            piece: Bytes::new(),
            goes_on,
            waited: Duration::ZERO,
            budget: Budget::new(LIST_MOST),
        }
    }

    /// The next bytes of the connection; none at the answer's end.
    fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        if self.goes_on.swap(false, Ordering::Relaxed) {
            self.waited = Duration::ZERO;
        }
        let Self { client, response, .. } = self;
        let origin = &client.origin;
        let begun = Instant::now();
        let until = begun + client.timeout.saturating_sub(self.waited);
        let silent = SHORT.saturating_sub(self.waited);
        let next = async {
            let next = client.waits.answer(response.chunk(), (silent, until), Cause::Stalled);
            next.await
        };
        let next = client.block_on(client.unless_stopped(next))?;
        self.waited += begun.elapsed();
        let next = next.ok_or_else(|| origin.lost(Loss::Timeout))?;
        next.map_err(|error| origin.broken(&error))
    }
}

impl Read for ListBody<'_> {
    /// The error of a read holds the `ApiError`; [`api_error`] takes it out.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.next().map_err(io::Error::other)? {
                Some(piece) => {
                    self.budget.spend(piece.len()).map_err(io::Error::other)?;
                    self.piece = piece;
                }
                None => return Ok(0),
            }
        }
        let length = self.piece.len().min(buffer.len());
        if let Some(to) = buffer.get_mut(..length) {
            self.piece.copy_to_slice(to);
        }
        Ok(length)
    }
}

/// Why a read of a list's answer failed. Decompression may put the reader's error into one of its own; such an answer is
/// cut off.
pub(super) fn api_error(error: io::Error, client: &Client) -> ApiError {
    error.downcast().unwrap_or_else(|_| client.origin.lost(Loss::Cut))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_without_end_meets_a_bound_that_the_error_says() {
        let mut budget = Budget::new(1 << 20);
        budget.spend(1 << 19).unwrap();
        budget.spend(1 << 19).unwrap();
        let error = io::Error::other(budget.spend(1).unwrap_err());
        let error: ApiError = error.downcast().unwrap();
        assert!(error.to_string().contains("more than 1 MiB"), "{error}");
        assert_eq!(LIST_MOST, 4 << 30);
    }
}
