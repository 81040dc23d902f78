//! A list's answer as a reader: each read waits for the next bytes of the connection, at most as long as the timeout, and
//! ends with [`ApiError::Interrupted`] once the run is asked to stop.
//!
//! Doesn't belong here: what the bytes mean (`stream`); answers that fit in memory (`answer`).

use std::io::{self, Read};

use bytes::{Buf as _, Bytes};
use reqwest::Response;
use tokio::time::timeout;

use super::loss::Loss;
use super::{ApiError, Client};

/// The unread rest of an answer.
pub(super) struct ListBody<'c> {
    client: &'c Client,
    response: Response,
    piece: Bytes,
}

impl<'c> ListBody<'c> {
    pub(super) fn new(client: &'c Client, response: Response) -> Self {
        Self {
            client,
            response,
            piece: Bytes::new(),
        }
    }

    /// The next bytes of the connection; none at the answer's end.
    fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        let Self { client, response, .. } = self;
        let origin = &client.origin;
        let next = async { timeout(client.timeout, response.chunk()).await };
        let next = client.block_on(client.unless_stopped(next))?;
        let next = next.map_err(|_| origin.lost(Loss::Timeout))?;
        next.map_err(|error| origin.broken(&error))
    }
}

impl Read for ListBody<'_> {
    /// The error of a read holds the `ApiError`; [`api_error`] takes it out.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.next().map_err(io::Error::other)? {
                Some(piece) => self.piece = piece,
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
