//! Many posts under way from one thread: what an upload sends most of its items through.
//!
//! A post means the same here as in [`Client::post`], and is judged by the same; only nobody's thread waits for it. The
//! connections belong to the thread that drives them.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use tokio::runtime::{Builder, Runtime};

use super::answer::Asked;
use super::echo::Body;
use super::{ApiError, Client, connecting};

/// One thread's connections.
pub struct Posts<'c> {
    client: &'c Client,
    http: reqwest::Client,
    runtime: Runtime,
}

impl Client {
    /// Prepares connections for posts that one thread drives; sends nothing.
    pub fn posts(&self) -> Result<Posts<'_>, ApiError> {
        let http = connecting(&self.origin, self.timeout, self.connections)?
            .timeout(self.timeout)
            .build()
            .map_err(|error| self.origin.no_setup(error))?;
        let runtime = Builder::new_current_thread().enable_all().build();
        Ok(Posts {
            client: self,
            http,
            runtime: runtime.map_err(|cause| ApiError::Setup(cause.to_string()))?,
        })
    }
}

impl Posts<'_> {
    /// Does what these connections are for, until it is done; the thread does nothing else meanwhile.
    pub fn drive<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Posts one object or an array of objects, once; see [`Client::post`].
    pub async fn post(&self, body: Bytes) -> Result<(), ApiError> {
        let sent = Body::check(&body)?;
        let asked = if sent.is_array { Asked::Array } else { Asked::Other };
        let origin = &self.client.origin;
        let request = self
            .http
            .post(origin.address.collection.clone())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(body.clone());
        self.client.requests.fetch_add(1, Ordering::Relaxed);
        let response = request.send().await.map_err(|error| origin.unanswered(&error))?;
        let answer = origin.receive(response, asked).await?;
        sent.verify(&answer, origin)
    }
}
