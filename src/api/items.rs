//! The four requests: list, get, post, delete.
//!
//! Doesn't belong here: trying again on a larger scale (`upload`), whether a list is whole (`inventory`).

use std::io::{Cursor, Read as _};

use bytes::Bytes;
use reqwest::Method;
use reqwest::blocking::{RequestBuilder, Response};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

use super::answer::Asked;
use super::echo::{self, Body};
use super::error::{ApiError, Loss, Oddity};
use super::stream::{self, Data, Fault, Make, Take};
use super::{Client, DeleteForm, ListQuery};
use crate::item::text::Item;
use crate::item::{ITEM_ID, Object};

/// How much of a list is looked at before it is read.
const FIRST: usize = 8 * 1024;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

impl Client {
    /// Lists items as they arrive, one call of `take` an item; gives their number once the answer has been proved whole
    /// (well-formed JSON to its end). Repeated with back-off until an item has been handed out, never after that.
    ///
    /// A list may take as long as it takes, if only it goes on: the timeout is for each wait.
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
        loop {
            let failure = match self.list_once(query, make, &mut |made| {
                if self.stopped() {
                    return Err(ApiError::Interrupted);
                }
                handed_out = true;
                take(made)
            }) {
                Ok(count) => return Ok(count),
                Err(_) if self.stopped() => return Err(ApiError::Interrupted),
                Err(failure) => failure,
            };
            if handed_out {
                return Err(failure);
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
        let request = self.http.request(Method::GET, origin.address.list(query)?);
        self.requests.fetch_add(1, Ordering::Relaxed);
        let response = self.patiently(move || request.send())?;
        let response = origin.judge(response.map_err(|error| origin.unanswered_by(&error))?, Asked::Read)?;
        let page_type = content_type(&response);
        let mut response = self.patient(response)?;
        // So much tells a page from a list.
        let mut first = vec![0; FIRST];
        let length = response.read(&mut first).map_err(|error| origin.broken(&error))?;
        first.truncate(length);
        origin.no_page(&page_type, &first)?;
        let answer = stream::read(Cursor::new(first).chain(response), make, take);
        let answer = answer.map_err(|fault| match fault {
            Fault::Taker(refusal) => refusal,
            Fault::Trailing => ApiError::Foreign(Oddity::Trailing),
            Fault::Read(error) => origin.broken(&error),
            Fault::Json(error) if error.is_io() => origin.broken(&error.into()),
            Fault::Json(error) if error.is_eof() => origin.lost(Loss::Cut),
            Fault::Json(error) => ApiError::Foreign(Oddity::Shape(error.to_string())),
        })?;
        let told = |message: &str| super::message::plain(message, &origin.key);
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

    /// The stored item of this id, with retries; none where the endpoint has none (`{}`, null or nothing in `data`).
    pub fn get(&self, id: &str) -> Result<Option<Object>, ApiError> {
        let mut attempt = 0;
        loop {
            match self.get_once(id) {
                Ok(item) => return Ok(item),
                Err(failure) => self.pause_after(failure, attempt)?,
            }
            attempt = attempt.saturating_add(1);
        }
    }

    /// The same, asked once.
    pub fn get_once(&self, id: &str) -> Result<Option<Object>, ApiError> {
        let request = self
            .http
            .request(Method::GET, self.origin.address.item(id)?)
            .timeout(self.timeout);
        let body = self.origin.read(self.send(request, Asked::Read)?)?;
        let Some(data) = echo::data_of(&body, &self.origin, Asked::Read)? else {
            return Ok(None);
        };
        match serde_json::from_str(data.get()) {
            Ok(Value::Object(item)) if !item.is_empty() => {
                if is_about(&item, id) {
                    Ok(Some(item))
                } else {
                    Err(ApiError::Foreign(Oddity::OtherItem))
                }
            }
            Ok(Value::Null | Value::Object(_)) => Ok(None),
            Ok(Value::Array(list)) if list.is_empty() => Ok(None),
            _ => Err(ApiError::Foreign(Oddity::Shape("its 'data' is no item".to_owned()))),
        }
    }

    /// Posts one object or an array of objects, once. Succeeds only where the answer echoes what was sent: as many
    /// items, in the same order, each sent field with the sent value (`updated_at` and `updated_by` may be added).
    ///
    /// A body that isn't a JSON object or array of objects (a NaN, for one) is refused before it is sent.
    pub fn post(&self, body: Bytes) -> Result<(), ApiError> {
        let sent = Body::check(&body)?;
        let asked = if sent.is_array { Asked::Array } else { Asked::Other };
        let request = self
            .http
            .request(Method::POST, self.origin.address.collection.clone())
            .timeout(self.timeout)
            .header(CONTENT_TYPE, JSON)
            .body(body.clone());
        let answer = self.origin.read(self.send(request, asked)?)?;
        sent.verify(&answer, &self.origin)
    }

    /// Deletes one item, once. The endpoint answers the same where there was none.
    pub fn delete(&self, id: &str, form: DeleteForm) -> Result<(), ApiError> {
        // Both forms carry a body: without one the endpoint answers 500 and deletes nothing.
        let item = self.origin.address.item(id)?;
        let (url, body) = match form {
            DeleteForm::Body => (
                self.origin.address.collection.clone(),
                json!({ ITEM_ID: id }).to_string(),
            ),
            DeleteForm::Path => (item, "{}".to_owned()),
        };
        let request = self
            .http
            .request(Method::DELETE, url)
            .timeout(self.timeout)
            .header(CONTENT_TYPE, JSON)
            .body(body);
        let answer = self.origin.read(self.send(request, Asked::Other)?)?;
        echo::data_of(&answer, &self.origin, Asked::Other).map(|_| ())
    }

    fn send(&self, request: RequestBuilder, asked: Asked) -> Result<Response, ApiError> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let response = request.send().map_err(|error| self.origin.unanswered_by(&error))?;
        self.origin.judge(response, asked)
    }
}

fn content_type(response: &Response) -> String {
    response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned()
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
