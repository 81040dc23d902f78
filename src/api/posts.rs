//! Many posts under way from one thread: what an upload sends most of its items through.
//!
//! A post means the same here as in [`Client::post`], and is judged by the same; only nobody's thread waits for it. The
//! connections belong to the thread that drives them (`connect`).

use std::sync::atomic::Ordering;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request, Uri};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use super::answer::Asked;
use super::connect::{Connections, connections, unsent};
use super::echo::Body;
use super::error::Loss;
use super::{AGENT, ApiError, Client, own_headers};

/// One thread's connections.
pub struct Posts<'c> {
    client: &'c Client,
    connections: Connections,
    /// Where every post goes.
    uri: Uri,
    /// What every post says of itself.
    headers: HeaderMap,
    runtime: Runtime,
}

impl Client {
    /// Prepares connections for posts that one thread drives; sends nothing.
    pub fn posts(&self) -> Result<Posts<'_>, ApiError> {
        let address = &self.origin.address;
        let mut headers = own_headers(&self.origin)?;
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // A URL is a URI.
        let uri = address.collection.as_str().parse();
        let uri: Uri = uri.map_err(|_| ApiError::Base(address.base.clone()))?;
        let connections = connections(address.plain, self.timeout, self.connections);
        let runtime = Builder::new_current_thread().enable_all().build();
        Ok(Posts {
            client: self,
            connections: connections.map_err(|cause| ApiError::Setup(cause.to_string()))?,
            uri,
            headers,
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
        let mut request = Request::new(Full::new(body.clone()));
        *request.method_mut() = Method::POST;
        request.uri_mut().clone_from(&self.uri);
        request.headers_mut().clone_from(&self.headers);
        self.client.requests.fetch_add(1, Ordering::Relaxed);
        let exchange = async {
            let response = self.connections.request(request).await;
            let response = response.map_err(|error| origin.unanswered(&unsent(&error)))?;
            origin.receive(response, asked).await
        };
        let answer = timeout(self.client.timeout, exchange).await;
        let answer = answer.unwrap_or_else(|_| Err(origin.lost(Loss::Timeout)))?;
        sent.verify(&answer, origin)
    }
}
