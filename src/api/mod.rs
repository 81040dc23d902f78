//! One organization's inventory endpoint: requests, answers, and what an answer proves.
//!
//! Belongs here: HTTP, the wire's shapes, the key, deadlines, which failure means what. Doesn't: plans, files,
//! and when to try again on a larger scale (`upload`). The only room that names reqwest and rustls.
//!
//! A request is built from an `address`, sent by `items`, judged by `answer`; a list's `body` goes through `stream`, a post's
//! through `echo`, both through `envelope`; `names` resolves hosts; `message` makes the server's words fit for a person;
//! `retry` computes pauses, `wait` keeps and reports them.
//!
//! Every request goes through reqwest, set up in one place. A [`Client`] has a pool of connections and a current-thread
//! runtime. The runtime has no thread: the threads that wait for an answer drive it, one at a time. A thread that sends many
//! requests at once gets a client of its own ([`Client::for_worker`]), so that no other thread drives its connections.

mod address;
mod answer;
mod bad_item;
mod body;
mod clock;
mod echo;
mod envelope;
mod error;
mod items;
mod key;
mod keys;
mod loss;
mod message;
mod names;
mod network;
mod oddity;
mod organization;
mod ping;
mod reach;
pub mod retry;
mod stream;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod testserver;
pub mod wait;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use reqwest::Request;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;
use tokio::time::timeout;

pub use clock::Skew;
pub use error::{ApiError, EchoFault, KeyFault, Oddity, ProxyFault, Unreached};
pub use key::Key;
pub use keys::Again;
pub use loss::Loss;
pub use network::{Authorities, CaFault, Network, Proxy};
pub use ping::{Ping, PingError, Told};
pub use retry::Backoff;
pub use wait::Waits;

use answer::Origin;

/// How long a connection may take to come about, at most; a host that is up answers sooner. It is less than the request's
/// deadline, so that what sends nothing is told from what gets no answer.
const CONNECTING: Duration = Duration::from_secs(15);

/// How long an unused connection is kept. Hosts close idle ones after a minute or so; a request that meets the closing is
/// lost, so ours is the shorter patience.
const IDLE: Duration = Duration::from_secs(30);

/// The longest deadline that is kept; far more overflows the clocks of the libraries below.
const DEADLINE: Duration = Duration::from_secs(24 * 60 * 60);

/// How often a pause looks whether the run was asked to stop.
const GLANCE: Duration = Duration::from_millis(50);

/// Where one organization's inventory is, and how to ask for it.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The API's base (`https://console.cannlytics.com/api`), without a trailing slash.
    pub base: String,
    /// The organization's id, to the letter.
    pub org: String,
    /// The key of an account that may use it.
    pub key: Key,
    /// Where another key comes from, if this one expires.
    pub again: Option<Again>,
    /// The deadline of one request, from the connection to the end of the answer; for lists, which may rightly take longer, the
    /// longest wait for the beginning, for each further item, and for the end.
    pub timeout: Duration,
    /// How often a request that may go through later is repeated.
    pub retries: u32,
    /// How many connections are kept.
    pub connections: usize,
    /// The way there.
    pub network: Network,
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
    http: reqwest::Client,
    runtime: Runtime,
    origin: Arc<Origin>,
    timeout: Duration,
    connections: usize,
    backoff: Backoff,
    stop: Option<Arc<AtomicBool>>,
    waits: Arc<Waits>,
    counts: Arc<Counts>,
}

/// What has been sent.
#[derive(Default)]
struct Counts {
    requests: AtomicU64,
    retries: AtomicU64,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("base", &self.origin.address.base)
            .field("org", &self.origin.org)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Checks the endpoint (scheme, host, organization, key) and prepares the connections; sends nothing.
    ///
    /// A proxy is used where the endpoint names one. Redirects are handed back, never followed.
    pub fn new(endpoint: &Endpoint) -> Result<Self, ApiError> {
        let origin = Arc::new(Origin::new(endpoint)?);
        let timeout = endpoint.timeout.min(DEADLINE);
        let connections = endpoint.connections.max(1);
        let (http, runtime) = connect(&origin, timeout, connections)?;
        Ok(Self {
            http,
            runtime,
            origin,
            timeout,
            connections,
            backoff: Backoff::new(endpoint.retries),
            stop: None,
            waits: Arc::default(),
            counts: Arc::default(),
        })
    }

    /// A client of the same endpoint with connections and a runtime of its own. The stop flag, the pauses and the counts are
    /// shared with this one.
    pub fn for_worker(&self) -> Result<Self, ApiError> {
        let (http, runtime) = connect(&self.origin, self.timeout, self.connections)?;
        Ok(Self {
            http,
            runtime,
            origin: Arc::clone(&self.origin),
            stop: self.stop.clone(),
            waits: Arc::clone(&self.waits),
            counts: Arc::clone(&self.counts),
            ..*self
        })
    }

    /// Obeys this flag: once it is set, pauses between retries and lists that are under way end with
    /// [`ApiError::Interrupted`], however long the host stays silent. Single requests are finished, so that what is in flight can become known.
    #[must_use]
    pub fn with_stop(mut self, stop: Arc<AtomicBool>) -> Self {
        self.stop = Some(stop);
        self
    }

    /// Keeps its pauses there, together with others who are asked to wait; without this they are not reported.
    #[must_use]
    pub fn with_waits(mut self, waits: Arc<Waits>) -> Self {
        self.waits = waits;
        self
    }

    /// Where its pauses are kept.
    pub fn waits(&self) -> &Waits {
        &self.waits
    }

    /// Keeps other pauses than the usual ones between its own retries (of lists and single reads).
    #[must_use]
    pub fn with_backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// How many requests have been sent, retries included.
    pub fn requests(&self) -> u64 {
        self.counts.requests.load(Ordering::Relaxed)
    }

    /// How many requests were repetitions: the client's own, and those that were counted by [`Self::count_retry`].
    pub fn retries(&self) -> u64 {
        self.counts.retries.load(Ordering::Relaxed)
    }

    /// Puts the key into a request that is about to be sent, and counts it.
    fn signed(&self, mut request: Request) -> Result<Request, ApiError> {
        request.headers_mut().insert(AUTHORIZATION, self.origin.keys.header()?);
        self.counts.requests.fetch_add(1, Ordering::Relaxed);
        Ok(request)
    }

    /// Counts a repetition that its caller decided on; posts and deletes are never repeated here.
    pub fn count_retry(&self) {
        self.counts.retries.fetch_add(1, Ordering::Relaxed);
    }

    /// The organization that is asked.
    pub fn org(&self) -> &str {
        &self.origin.org
    }

    /// The deadline of one request.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The pauses that are kept between retries.
    pub fn backoff(&self) -> Backoff {
        self.backoff
    }

    /// Whether the run was asked to stop.
    fn stopped(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed))
    }

    /// Waits on this thread for the result, and drives the connections meanwhile, unless another thread already does.
    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(async {
            // Connections that the host closed while no thread was waiting must leave the pool before a request is sent
            // through one: the first turn fetches the system's events, the second lets the connections handle them.
            yield_now().await;
            yield_now().await;
            work.await
        })
    }

    /// The work's result, unless the run is asked to stop first.
    async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Result<T, ApiError> {
        let mut work = pin!(work);
        loop {
            match timeout(GLANCE, work.as_mut()).await {
                Ok(result) => return Ok(result),
                Err(_) if self.stopped() => return Err(ApiError::Interrupted),
                Err(_) => {}
            }
        }
    }

    /// [`Self::before_retry`], on a thread that waits for it.
    pub(crate) fn pause_after(&self, failure: ApiError, attempt: u32) -> Result<(), ApiError> {
        self.block_on(self.before_retry(failure, attempt))
    }

    /// Keeps the pause before another try after this failure, and counts the try; gives the failure back where there is
    /// no other try.
    async fn before_retry(&self, failure: ApiError, attempt: u32) -> Result<(), ApiError> {
        let Fate::Repeat { after } = failure.fate() else {
            return Err(failure);
        };
        let Some(pause) = self.backoff.pause(attempt, after, &mut fastrand::Rng::new()) else {
            return Err(failure);
        };
        if !self.waits.keep(pause, failure.cause(), || self.stopped()).await {
            return Err(ApiError::Interrupted);
        }
        self.count_retry();
        Ok(())
    }
}

/// A pool of connections, and the runtime that drives them.
fn connect(origin: &Origin, timeout: Duration, connections: usize) -> Result<(reqwest::Client, Runtime), ApiError> {
    let http = connecting(origin, timeout, connections)?.build();
    let http = http.map_err(|error| origin.no_setup(error))?;
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|cause| ApiError::NoResources(crate::cause::io(&cause)))?;
    Ok((http, runtime))
}

/// How connections are made and kept. Deadlines are not set here: lists and other requests have different ones.
fn connecting(origin: &Origin, timeout: Duration, connections: usize) -> Result<reqwest::ClientBuilder, ApiError> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let builder = origin.network.builder(&origin.address.collection)?;
    Ok(builder
        .default_headers(headers)
        .gzip(true)
        .tcp_nodelay(true)
        .pool_max_idle_per_host(connections)
        .pool_idle_timeout(IDLE)
        .connect_timeout((timeout / 10 * 9).min(CONNECTING)))
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
    /// Nothing more can go through (401, 403, 404, 405, a redirect, a pause that is too long): stop in order. So it is for a host that can't be reached,
    /// once the retries are used up ([`ApiError::is_unreachable`]).
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
