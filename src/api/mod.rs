//! One organization's inventory endpoint: requests, answers, and what an answer proves.
//!
//! Belongs here: HTTP, the wire's shapes, the key, deadlines, which failure means what. Doesn't: plans, files,
//! and when to try again on a larger scale (`upload`). The only room that names reqwest.

use std::time::Duration;

use crate::item::Object;

/// An API key. It can't be printed: not by `Debug`, not in an error, not in a log.
#[derive(Clone)]
pub struct Key(String);

/// Where one organization's inventory is, and how to ask for it.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The API's base (`https://console.cannlytics.com/api`), without a trailing slash.
    pub base: String,
    /// The organization's id, to the letter.
    pub org: String,
    /// The key of an account that may use it.
    pub key: Key,
    /// The deadline of one request, answer included.
    pub timeout: Duration,
    /// How often a request that may go through later is repeated.
    pub retries: u32,
    /// How many connections are kept.
    pub connections: usize,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

/// How much of the inventory a list asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Limit {
    /// No `limit` parameter: the endpoint's default (1000, cut silently).
    Default,
    /// `limit=`: everything.
    All,
    /// `limit=N`, for endpoints that honour one.
    Exactly(u64),
}

/// What a list asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListQuery {
    /// How many.
    pub limit: Limit,
    /// The field to order by (`__name__` is the document's id).
    pub order_by: Option<String>,
    /// Descending.
    pub descending: bool,
}

/// One organization's endpoint, ready to be asked. Shared by threads.
pub struct Client {
    _endpoint: Endpoint,
}

/// What a failure means for the one who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It may go through later, and it is not known whether it was saved: 429, 5xx, timeouts, lost or foreign answers.
    Repeat {
        /// What `Retry-After` asked for.
        after: Option<Duration>,
    },
    /// The content is at fault (400, 413, 422): halve it until the bad item stands alone.
    Halve,
    /// Nothing more can go through (401, 403, 404, 405, a redirect, a host that can't be reached): stop in order.
    Stop,
}

/// How the endpoint wants an item deleted; the vendor's documentation shows both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteForm {
    /// `DELETE /inventory` with `{"item_id": …}` (the documentation's Python).
    Body,
    /// `DELETE /inventory/<id>` with a JSON body (the documentation's JavaScript).
    Path,
}

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The base is no URL, or not one a key may travel to.
    #[error("{0}")]
    Base(String),
}

impl ApiError {
    /// What the failure means for the one who asked.
    #[must_use]
    pub fn fate(&self) -> Fate {
        todo!()
    }

    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        todo!()
    }
}

impl Client {
    /// Checks the endpoint (scheme, host, organization, key) and prepares the connections; sends nothing.
    pub fn new(_endpoint: &Endpoint) -> Result<Self, ApiError> {
        todo!()
    }

    /// Lists items as they arrive, one call of `take` an item; gives their number once the answer has been proved whole
    /// (well-formed JSON to its end). Not repeated here once an item has been handed out.
    pub fn list(
        &self,
        _query: &ListQuery,
        _take: &mut dyn FnMut(Object) -> Result<(), ApiError>,
    ) -> Result<u64, ApiError> {
        todo!()
    }

    /// The stored item of this id, with retries; none where the endpoint has none.
    pub fn get(&self, _id: &str) -> Result<Option<Object>, ApiError> {
        todo!()
    }

    /// Posts one object or an array of objects, once. Succeeds only where the answer echoes what was sent: as many
    /// items, in the same order, each sent field with the sent value (`updated_at` and `updated_by` may be added).
    pub fn post(&self, _body: &[u8]) -> Result<(), ApiError> {
        todo!()
    }

    /// Deletes one item, once. The endpoint answers the same where there was none.
    pub fn delete(&self, _id: &str, _form: DeleteForm) -> Result<(), ApiError> {
        todo!()
    }
}
