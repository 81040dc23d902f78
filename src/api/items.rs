//! The four requests: list, get, post, delete.
//!
//! Doesn't belong here: trying again on a larger scale (`upload`), whether a list is whole (`inventory`).

use std::io::{Cursor, Read as _};
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Request, Response, Url};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::answer::{Asked, content_type};
use super::body::{ListBody, api_error};
use super::echo::{self, Body};
use super::error::{ApiError, Oddity};
use super::loss::Loss;
use super::stream::{self, Data, Fault, Make, Take};
use super::wait::{Cause, SHORT};
use super::{Client, DeleteForm, ListQuery};
use crate::item::text::Item;
use crate::item::{ITEM_ID, Object, set_name};

/// How much of a list is looked at before it is read.
const FIRST: usize = 8 * 1024;

/// An id that no inventory holds.
const PROBE: &str = "stockport-probe-of-an-item-that-is-not-there";

const JSON: HeaderValue = HeaderValue::from_static("application/json");

const PLAIN: HeaderValue = HeaderValue::from_static("identity");

impl Client {
    /// Lists items as they arrive, one call of `take` an item; gives their number once the answer has been read to its end
    /// (well-formed JSON to its end). Repeated with back-off until an item has been handed out, never after that.
    ///
    /// A list may take as long as it takes, if only it goes on: the timeout is for its first byte, for each further item, and
    /// for what follows the last one.
    pub fn list(
        &self,
        query: &ListQuery,
        take: &mut dyn FnMut(Object) -> Result<(), ApiError>,
    ) -> Result<u64, ApiError> {
        let make = |items: &mut Vec<Object>, item: &Item<'_, '_>| items.push(item.to_object());
        self.list_texts(query, &make, &mut |items| {
            items.into_iter().try_for_each(|item| {
                if self.stopped() {
                    Err(ApiError::Interrupted)
                } else {
                    take(item)
                }
            })
        })
    }

    /// The same for lists that may be long: `make` puts items, as text and on any thread, into what `take` is given some
    /// items at a time, in the list's order.
    pub fn list_texts<P: Default + Send>(
        &self,
        query: &ListQuery,
        make: &(dyn Fn(&mut P, &Item<'_, '_>) + Sync),
        take: &mut dyn FnMut(P) -> Result<(), ApiError>,
    ) -> Result<u64, ApiError> {
        let mut handed_out = false;
        let mut attempt = 0;
        let keys = &self.origin.keys;
        loop {
            let number = keys.number();
            let failure = match self.list_once(query, make, &mut |made| {
                if self.stopped() {
                    return Err(ApiError::Interrupted);
                }
                handed_out = true;
                take(made)
            }) {
                Ok(count) => {
                    keys.has_worked(number);
                    return Ok(count);
                }
                Err(_) if self.stopped() => return Err(ApiError::Interrupted),
                Err(failure) => failure,
            };
            if handed_out {
                return Err(failure);
            }
            if matches!(failure, ApiError::Unauthorized { .. }) && self.block_on(keys.renew(number))? {
                self.count_retry();
                continue;
            }
            self.pause_after(failure, attempt)?;
            attempt = attempt.saturating_add(1);
        }
    }

    fn list_once<P: Default + Send>(
        &self,
        query: &ListQuery,
        make: &Make<'_, P>,
        take: &mut Take<'_, P, ApiError>,
    ) -> Result<u64, ApiError> {
        let origin = &self.origin;
        let request = request(Method::GET, origin.address.list(query)?, None);
        let response = self.send(request, Asked::Read, Instant::now() + self.timeout);
        let response = self.block_on(self.unless_stopped(response))??;
        let page_type = content_type(&response).to_owned();
        let goes_on = AtomicBool::new(false);
        let mut response = ListBody::new(self, response, &goes_on);
        // The beginning tells a web page from a list.
        let mut first = vec![0; FIRST];
        let length = response.read(&mut first).map_err(|error| api_error(error, self))?;
        first.truncate(length);
        origin.no_page(&page_type, &first)?;
        let answer = stream::read(Cursor::new(first).chain(response), &goes_on, make, take);
        let answer = answer.map_err(|fault| match fault {
            Fault::Taker(refusal) => refusal,
            Fault::Trailing => ApiError::Foreign(Oddity::Trailing),
            Fault::Read(error) => api_error(error, self),
            Fault::Json(error) if error.is_io() => api_error(error.into(), self),
            Fault::Json(error) if error.is_eof() => origin.lost(Loss::Cut),
            Fault::Json(error) => ApiError::Foreign(Oddity::Shape(error.to_string())),
        })?;
        let told = |message: &str| super::message::plain(message, &origin.keys);
        let message = told(&answer.message.unwrap_or_default());
        match answer.data {
            Data::List(count) if answer.success != Some(false) => Ok(count),
            Data::List(_) => Err(origin.not_success(message, Asked::Read)),
            Data::Other(Some(text)) if answer.success == Some(false) => {
                Err(origin.not_success(if message.is_empty() { told(&text) } else { message }, Asked::Read))
            }
            _ if answer.success == Some(false) => Err(origin.not_success(message, Asked::Read)),
            Data::Other(text) => Err(ApiError::Foreign(Oddity::NotAList(told(&text.unwrap_or(message))))),
            Data::Missing => Err(ApiError::Foreign(Oddity::NotAList(message))),
        }
    }

    /// [`Self::find`], on a thread that waits for it.
    pub fn get(&self, id: &str) -> Result<Option<Object>, ApiError> {
        self.block_on(self.find(id))
    }

    /// The stored item of this id, with retries; none where the endpoint has none (`{}`, null or nothing in `data`).
    pub async fn find(&self, id: &str) -> Result<Option<Object>, ApiError> {
        let mut attempt = 0;
        loop {
            match self.find_once(id).await {
                Ok(item) => return Ok(item),
                Err(failure) => self.before_retry(failure, attempt).await?,
            }
            attempt = attempt.saturating_add(1);
        }
    }

    /// Asks for an id that no inventory holds, which shows whether single items can be read.
    pub async fn probe(&self) -> Result<(), ApiError> {
        self.find(PROBE).await.map(drop)
    }

    /// Whether a read that failed so is about the one item that was asked for: others can still be read.
    pub async fn is_about_one_item(&self, failure: &ApiError) -> bool {
        failure.may_be_one_items() && self.probe().await.is_ok()
    }

    /// An item, asked for once.
    pub async fn find_once(&self, id: &str) -> Result<Option<Object>, ApiError> {
        self.renewing(async || self.find_with_key(id).await).await
    }

    async fn find_with_key(&self, id: &str) -> Result<Option<Object>, ApiError> {
        let request = request(Method::GET, self.origin.address.item(id)?, None);
        let body = self.exchange(request, Asked::Read).await?;
        let Some(data) = echo::data_of(&body, None, &self.origin, Asked::Read)? else {
            return Ok(None);
        };
        match serde_json::from_str(data) {
            Ok(Value::Object(mut item)) if !item.is_empty() => {
                if is_about(&item, id) {
                    // The document that was asked for, also where a stored field `id` says otherwise.
                    set_name(&mut item, Some(id));
                    Ok(Some(item))
                } else {
                    Err(ApiError::Foreign(Oddity::OtherItem))
                }
            }
            Ok(Value::Null | Value::Object(_)) => Ok(None),
            Ok(Value::Array(list)) if list.is_empty() => Ok(None),
            _ => Err(ApiError::Foreign(Oddity::Shape("its 'data' is not an item".to_owned()))),
        }
    }

    /// Posts one object or an array of objects, once. Succeeds only where the answer echoes what was sent: as many
    /// items, in the same order, each sent field with the sent value (`updated_at` and `updated_by` may be added).
    ///
    /// A body that isn't a JSON object or array of objects (a NaN, for one) is refused before it is sent.
    pub async fn post(&self, body: Bytes) -> Result<(), ApiError> {
        let sent = Body::check(&body)?;
        let asked = if sent.is_array { Asked::Array } else { Asked::Other };
        let post = || request(Method::POST, self.origin.address.collection.clone(), Some(body.clone()));
        let posting = async || sent.verify(&self.exchange(post(), asked).await?, &self.origin);
        self.renewing(posting).await
    }

    /// Deletes one item, once. The endpoint answers the same where there was none.
    pub async fn delete(&self, id: &str, form: DeleteForm) -> Result<(), ApiError> {
        // Both forms carry a body: without one the endpoint answers 500 and deletes nothing.
        let item = self.origin.address.item(id)?;
        let (url, body) = match form {
            DeleteForm::Body => (
                self.origin.address.collection.clone(),
                json!({ ITEM_ID: id }).to_string(),
            ),
            DeleteForm::Path => (item, "{}".to_owned()),
        };
        let body = Bytes::from(body);
        self.renewing(async || {
            let request = request(Method::DELETE, url.clone(), Some(body.clone()));
            let answer = self.exchange(request, Asked::Other).await?;
            echo::data_of(&answer, None, &self.origin, Asked::Other).map(|_| ())
        })
        .await
    }

    /// Sends a request, once, and reads the complete answer before the deadline.
    async fn exchange(&self, request: Request, asked: Asked) -> Result<Vec<u8>, ApiError> {
        let deadline = Instant::now() + self.timeout;
        let response = self.send(request, asked, deadline).await?;
        let body = self.origin.read(response);
        let answer = self.waits.answer(body, (SHORT, deadline), Cause::Unanswered).await;
        answer.unwrap_or_else(|| Err(self.origin.lost(Loss::Timeout)))
    }

    /// Sends a request, once, and lets through a good status, with the answer's body unread.
    async fn send(&self, request: Request, asked: Asked, deadline: Instant) -> Result<Response, ApiError> {
        let origin = &self.origin;
        let response = self.http.execute(self.signed(request)?);
        let response = self.waits.answer(response, (SHORT, deadline), Cause::Unanswered).await;
        let response = response.ok_or_else(|| origin.lost(Loss::Timeout))?;
        let response = response.map_err(|error| origin.unanswered(&error))?;
        origin.judge(response, asked, deadline).await
    }
}

pub(super) fn request(method: Method, url: Url, body: Option<Bytes>) -> Request {
    let mut request = Request::new(method, url);
    if let Some(body) = body {
        request.headers_mut().insert(CONTENT_TYPE, JSON);
        // Only reads are worth the time of compression: the answer to a write repeats what was sent.
        request.headers_mut().insert(ACCEPT_ENCODING, PLAIN);
        *request.body_mut() = Some(body.into());
    }
    request
}

/// Whether an item may be the answer to a question about this id: its `id` or its `item_id` says so, or neither says
/// anything. (A stored field `id` may hide the server's own, so either is enough.)
fn is_about(item: &Object, id: &str) -> bool {
    let mut names = ["id", ITEM_ID].into_iter().filter_map(|name| match item.get(name) {
        Some(Value::String(text)) => Some(text == id),
        Some(Value::Number(number)) => Some(number.to_string() == id),
        _ => None,
    });
    names.clone().next().is_none() || names.any(|same| same)
}
