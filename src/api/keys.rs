//! The key in use, and another one where it expires during a run. All clients of an endpoint share it.
//!
//! Belongs here: when a key is asked for again (once for each that has worked), and masking all keys that were used. Doesn't:
//! where keys come from (`config`), what a refused key means (`error`).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::Builder;

use reqwest::header::HeaderValue;
use tokio::sync::{Mutex, oneshot};

use super::Client;
use super::error::ApiError;
use super::key::Key;

/// Gives the endpoint's key as it is now, or why there is none.
#[derive(Clone)]
pub struct Again(pub Arc<dyn Fn() -> Result<Key, String> + Send + Sync>);

impl std::fmt::Debug for Again {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Again(…)")
    }
}

/// The keys of an endpoint.
pub(super) struct Keys {
    /// In the order of their use; the last one is in use. Their number names the key that a request was sent with.
    used: RwLock<Vec<Key>>,
    /// The last one that has worked, by its number.
    worked: AtomicU64,
    again: Option<Again>,
    /// The last one that another was asked for, by its number, and why there is none.
    asked: Mutex<(u64, Option<String>)>,
}

impl Keys {
    pub(super) fn new(key: Key, again: Option<Again>) -> Self {
        Self {
            used: RwLock::new(vec![key]),
            worked: AtomicU64::new(0),
            again,
            asked: Mutex::default(),
        }
    }

    fn read<T>(&self, read: impl FnOnce(&[Key]) -> T) -> T {
        read(&self.used.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The number of the key in use, from 1.
    pub(super) fn number(&self) -> u64 {
        self.read(|keys| keys.len() as u64)
    }

    /// The `Authorization` of the key in use.
    pub(super) fn header(&self) -> Result<HeaderValue, ApiError> {
        self.read(|keys| keys.last().map(Key::header))
            .unwrap_or(Err(ApiError::BadKey(super::KeyFault::Empty)))
    }

    /// The length of the longest; a cut of foreign text that is shorter than this may hide half of one.
    pub(super) fn longest(&self) -> usize {
        self.read(|keys| keys.iter().map(Key::len).max().unwrap_or_default())
    }

    /// The text with each occurrence of a key masked.
    pub(super) fn mask(&self, text: &str) -> String {
        self.read(|keys| keys.iter().fold(text.to_owned(), |text, key| key.mask(&text)))
    }

    /// Notes that the API has answered a request with this key.
    pub(super) fn has_worked(&self, number: u64) {
        self.worked.fetch_max(number, Ordering::Relaxed);
    }

    /// Whether another key than this refused one is in use now. Another is asked for where this one has worked before, once.
    pub(super) async fn renew(&self, number: u64) -> Result<bool, ApiError> {
        let Some(again) = &self.again else { return Ok(false) };
        let mut asked = self.asked.lock().await;
        if self.number() != number {
            return Ok(true);
        }
        if asked.0 != number {
            if self.worked.load(Ordering::Relaxed) < number {
                return Ok(false);
            }
            *asked = (number, None);
            match ask(again).await {
                Ok(key) if self.read(|keys| keys.contains(&key)) => {}
                Ok(key) => {
                    self.used.write().unwrap_or_else(PoisonError::into_inner).push(key);
                    return Ok(true);
                }
                Err(why) => asked.1 = Some(self.mask(&why)),
            }
        }
        asked.1.clone().map_or(Ok(false), |why| Err(ApiError::NoNewKey(why)))
    }
}

/// Asks on a thread of its own, as a command may take its time; on this one, where the system gives none.
async fn ask(again: &Again) -> Result<Key, String> {
    let (told, answer) = oneshot::channel();
    let ask = Arc::clone(&again.0);
    match Builder::new()
        .name("key".to_owned())
        .spawn(move || drop(told.send(ask())))
    {
        Ok(_) => answer.await.unwrap_or_else(|_| Err("it was not given".to_owned())),
        Err(_) => (again.0)(),
    }
}

impl Client {
    /// Does a request's work, again with another key where the one in use has expired.
    pub(super) async fn renewing<T>(&self, work: impl AsyncFn() -> Result<T, ApiError>) -> Result<T, ApiError> {
        let keys = &self.origin.keys;
        loop {
            let number = keys.number();
            match work().await {
                Ok(done) => {
                    keys.has_worked(number);
                    return Ok(done);
                }
                Err(ApiError::Unauthorized { .. }) if keys.renew(number).await? => self.count_retry(),
                Err(failure) => return Err(failure),
            }
        }
    }
}
