//! What an answer, or the lack of one, means: every status and every broken connection becomes one `ApiError`.
//!
//! Doesn't belong here: the errors themselves (`error`), what is done about one (`upload`, `inventory`).

use std::time::{Duration, SystemTime};

use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, LOCATION, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use tokio::time::{Instant, timeout_at};

use super::address::Address;
use super::error::{ApiError, Oddity, ProxyFault, Unreached};
#[cfg(test)]
use super::key::Key;
use super::keys::Keys;
use super::loss::Loss;
use super::network::{Network, Proxy};
use super::{Endpoint, message, retry};

/// How much of a failure's body is read for its words.
const FAILURE_READ: usize = 64 * 1024;

/// How long an answer that isn't a list may be. The echo of a request can't be longer than a request (2.5 MiB), nor a
/// stored item than 1 MiB; spelled with escapes, six times that.
const ANSWER_READ: usize = 32 * 1024 * 1024;

/// The most memory that is reserved because of a Content-Length, in bytes.
const MOST_RESERVED: usize = 4 * 1024 * 1024;

/// The good statuses whose answer can prove something: 200 and 201, and 203, by which a proxy owns up to having changed
/// what doesn't matter here. 202 only promises, 204 has no answer, 206 is a part, and so on.
const PROVING: [StatusCode; 3] = [
    StatusCode::OK,
    StatusCode::CREATED,
    StatusCode::NON_AUTHORITATIVE_INFORMATION,
];

/// What the server says to an array it doesn't take, from the API contract.
const NO_ARRAYS: &str = "data not recognized";

/// What newer revisions say with `success: false`, from the API contract.
const NOT_AUTHENTICATED: &str = "authentication failed";

/// Who is asked, and as whom: what the meaning of an answer depends on.
pub(super) struct Origin {
    pub(super) address: Address,
    pub(super) org: String,
    pub(super) keys: Keys,
    pub(super) network: Network,
    /// Who is asked, and through which proxy, for messages.
    host: String,
}

/// What was asked, as far as the meaning of a refusal depends on it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// To read: one item or a list.
    Read,
    /// To save an array.
    Array,
    /// To save one object, or to delete.
    Other,
}

impl Origin {
    pub(super) fn new(endpoint: &Endpoint) -> Result<Self, ApiError> {
        let address = Address::new(&endpoint.base, &endpoint.org, &endpoint.key)?;
        let network = endpoint.network.clone();
        let mut host = address.host.clone();
        if let Some(proxy) = network.proxy_for(&address.collection) {
            host += &format!(" through the proxy {proxy}");
        }
        Ok(Self {
            address,
            org: endpoint.org.clone(),
            keys: Keys::new(endpoint.key.clone(), endpoint.again.clone()),
            network,
            host,
        })
    }

    /// The proxy that requests go through.
    fn proxy(&self) -> Option<&Proxy> {
        self.network.proxy_for(&self.address.collection)
    }

    /// Lets a status that can prove something through, with its body unread; of any other that isn't good the body is
    /// read, until the deadline, and judged.
    pub(super) async fn judge(
        &self,
        mut response: Response,
        asked: Asked,
        deadline: Instant,
    ) -> Result<Response, ApiError> {
        let status = response.status();
        if PROVING.contains(&status) {
            return Ok(response);
        }
        if status.is_success() {
            return Err(ApiError::Foreign(Oddity::Status(status.as_u16())));
        }
        let mut body = Vec::new();
        // The status decides. A body that breaks off or comes too late is used as far as it came.
        while body.len() < FAILURE_READ
            && let Ok(Ok(Some(piece))) = timeout_at(deadline, response.chunk()).await
        {
            body.extend_from_slice(&piece);
        }
        body.truncate(FAILURE_READ);
        Err(self.failure(status, response.headers(), body, asked))
    }

    fn failure(&self, status: StatusCode, headers: &HeaderMap, mut body: Vec<u8>, asked: Asked) -> ApiError {
        if body.len() >= FAILURE_READ {
            // A key that the cut went through can't be masked any more.
            body.truncate(body.len().saturating_sub(self.keys.longest()));
        }
        let body = body.as_slice();
        let header = |name| text(headers, name);
        let html = message::is_page(header(CONTENT_TYPE).unwrap_or_default(), body);
        let message = message::words(body, html, &self.keys);
        let retry_after =
            || header(RETRY_AFTER).and_then(|value| retry::retry_after(value, header(DATE), SystemTime::now()));
        let status = status.as_u16();
        match status {
            300..=399 => ApiError::Redirected {
                to: self.redirect_host(header(LOCATION)),
                status,
            },
            400 | 403 if asked == Asked::Array && message.to_lowercase().contains(NO_ARRAYS) => {
                ApiError::NoArrays { status, message }
            }
            401 => ApiError::Unauthorized { message },
            // A JSON 403 speaks about the organization. A mistyped path answers an HTML one, but each command reads first.
            403 if !html => ApiError::Forbidden {
                org: self.org.clone(),
                message,
            },
            403 if asked != Asked::Read => ApiError::Blocked { message },
            403 | 404 => ApiError::NotFound {
                base: self.address.base.clone(),
                status,
                message,
            },
            407 => ApiError::proxy(
                self.proxy(),
                ProxyFault::login(self.proxy().is_some_and(Proxy::has_login)),
            ),
            405 => ApiError::MethodNotAllowed { message },
            408 | 409 | 425 | 429 | 500.. => later(status, retry_after(), html && asked == Asked::Read, message),
            _ => ApiError::Refused { status, message },
        }
    }

    /// The host that a redirect leads to; paths and queries may hold what isn't for a screen.
    fn redirect_host(&self, location: Option<&str>) -> String {
        let target = location.and_then(|to| self.address.collection.join(to).ok());
        let host = match &target {
            Some(url)
                if url.host() == self.address.collection.host() && url.scheme() == self.address.collection.scheme() =>
            {
                return "another path of the same host".to_owned();
            }
            Some(url) => url.host_str().map(|host| format!("{}://{host}", url.scheme())),
            None => None,
        };
        message::plain(host.as_deref().unwrap_or("an unknown place"), &self.keys)
    }

    /// Reads the complete answer of a request that isn't a list.
    pub(super) async fn read(&self, mut response: Response) -> Result<Vec<u8>, ApiError> {
        let length = response
            .content_length()
            .and_then(|length| usize::try_from(length).ok());
        let mut body = Vec::with_capacity(length.unwrap_or(0).min(MOST_RESERVED));
        while let Some(piece) = response.chunk().await.map_err(|error| self.broken(&error))? {
            body.extend_from_slice(&piece);
            if body.len() >= ANSWER_READ {
                return Err(ApiError::Foreign(Oddity::TooLong(ANSWER_READ as u64)));
            }
        }
        self.no_page(content_type(&response), &body)?;
        Ok(body)
    }

    /// Refuses an answer that begins like a web page, or like nothing.
    pub(super) fn no_page(&self, content_type: &str, body: &[u8]) -> Result<(), ApiError> {
        if body.is_empty() {
            Err(ApiError::Foreign(Oddity::Shape("it is empty".to_owned())))
        } else if message::is_page(content_type, body) && body.trim_ascii_start().first() != Some(&b'{') {
            Err(ApiError::Foreign(Oddity::Page(message::words(body, true, &self.keys))))
        } else {
            Ok(())
        }
    }

    /// What `success: false` under a good status means.
    pub(super) fn not_success(&self, message: String, asked: Asked) -> ApiError {
        let folded = message.to_lowercase();
        if folded.contains(NOT_AUTHENTICATED) {
            ApiError::Unauthorized { message }
        } else if asked == Asked::Array && folded.contains(NO_ARRAYS) {
            ApiError::NoArrays { status: 200, message }
        } else {
            ApiError::Foreign(Oddity::NotSuccess(message::plain(&message, &self.keys)))
        }
    }

    pub(super) fn lost(&self, how: Loss) -> ApiError {
        ApiError::Lost {
            how,
            host: self.host.clone(),
        }
    }

    /// A request that got no answer.
    pub(super) fn unanswered(&self, error: &reqwest::Error) -> ApiError {
        let texts = chain(error);
        let last = |default| message::plain(texts.last().map_or(default, String::as_str), &self.keys);
        if error.is_builder() {
            return ApiError::BadAddress(last(""));
        }
        if !error.is_connect() {
            return self.lost(if error.is_timeout() { Loss::Timeout } else { Loss::Reset });
        }
        let why = Unreached::of(&texts, error.is_timeout());
        if let Some(proxy) = self.proxy() {
            let forwards = self.address.plain && proxy.forwards();
            let host = &self.address.host;
            if let Some(fault) = ProxyFault::of(&texts, why, host, forwards, proxy.has_login()) {
                return ApiError::proxy(Some(proxy), fault);
            }
        }
        ApiError::Unreachable {
            host: self.host.clone(),
            why,
            detail: last("no reason is known"),
            ignored: self.network.ignored.filter(|_| !self.address.plain),
        }
    }

    /// A client that can't be made ready.
    pub(super) fn no_setup(&self, error: reqwest::Error) -> ApiError {
        ApiError::NoCertificates(message::plain(&error.without_url().to_string(), &self.keys))
    }

    /// An answer that broke off while it was read.
    pub(super) fn broken(&self, error: &reqwest::Error) -> ApiError {
        self.lost(if error.is_timeout() { Loss::Timeout } else { Loss::Cut })
    }
}

/// The content type that the answer declares; empty without one.
pub(super) fn content_type(response: &Response) -> &str {
    text(response.headers(), CONTENT_TYPE).unwrap_or_default()
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The failure of an answer that means "later".
fn later(status: u16, retry_after: Option<Duration>, html: bool, message: String) -> ApiError {
    match retry_after {
        Some(after) if after > retry::LONGEST_OBEYED => ApiError::WaitTooLong { status, after, message },
        retry_after if status == 429 => ApiError::TooManyRequests { retry_after, message },
        retry_after => ApiError::ServerError {
            status,
            retry_after,
            html,
            message,
        },
    }
}

/// What an error and its causes say, in lower case, the last cause last. The first says no more than the address.
fn chain(error: &dyn std::error::Error) -> Vec<String> {
    let mut texts = Vec::new();
    let mut cause = error.source();
    while let Some(source) = cause {
        texts.push(source.to_string().to_lowercase());
        cause = source.source();
    }
    texts
}

#[cfg(test)]
impl Origin {
    /// An origin that is never asked, with the key `s3cret`.
    pub(super) fn for_tests() -> Self {
        let key = Key::new("s3cret").unwrap();
        Self {
            address: Address::new("https://host/api", "org", &key).unwrap(),
            org: "org".to_owned(),
            keys: Keys::new(key, None),
            network: Network::default(),
            host: "host".to_owned(),
        }
    }
}
