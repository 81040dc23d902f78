//! What an answer, or the lack of one, means: every status and every broken connection becomes one `ApiError`.
//!
//! Doesn't belong here: the errors themselves (`error`), what is done about one (`upload`, `inventory`).

use std::io::{self, Read};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use reqwest::StatusCode;
use reqwest::blocking::Response;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, LOCATION, RETRY_AFTER};

use super::address::Address;
use super::error::{ApiError, Loss, Oddity, Unreached};
use super::key::Key;
use super::{Endpoint, message, retry};

/// How much of a failure's body is read for its words.
const FAILURE_READ: usize = 64 * 1024;

/// How long an answer that isn't a list may be. The echo of a request can't be longer than a request (2.5 MiB), nor a
/// stored item than 1 MiB; spelled with escapes, six times that.
const ANSWER_READ: u64 = 32 * 1024 * 1024;

/// What the server says to an array it doesn't take, from the API contract.
const NO_ARRAYS: &str = "data not recognized";

/// What newer revisions say with `success: false`, from the API contract.
const NOT_AUTHENTICATED: &str = "authentication failed";

/// Who is asked, and as whom: what the meaning of an answer depends on.
pub(super) struct Origin {
    pub(super) address: Address,
    pub(super) org: String,
    pub(super) key: Key,
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

/// Why a request got no answer, as far as the libraries below say.
pub(super) struct Unsent<'e> {
    pub(super) error: &'e dyn std::error::Error,
    /// There was no connection.
    pub(super) is_connect: bool,
    /// Somebody's patience ended.
    pub(super) is_timeout: bool,
}

impl Origin {
    pub(super) fn new(endpoint: &Endpoint) -> Result<Self, ApiError> {
        let address = Address::new(&endpoint.base, &endpoint.org, &endpoint.key)?;
        Ok(Self {
            address,
            org: endpoint.org.clone(),
            key: endpoint.key.clone(),
        })
    }

    /// Lets a good status through, with its body unread; anything else is read and judged.
    pub(super) fn judge(&self, response: Response, asked: Asked) -> Result<Response, ApiError> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let headers = response.headers().clone();
        let mut body = Vec::new();
        // The status has said what matters; words that don't arrive are left out.
        let _ = response.take(FAILURE_READ as u64).read_to_end(&mut body);
        Err(self.failure(status, &headers, body, asked))
    }

    /// The same for an answer that isn't a list, and reads it, without a thread that waits.
    pub(super) async fn receive(&self, response: hyper::Response<Incoming>, asked: Asked) -> Result<Vec<u8>, ApiError> {
        let (head, mut pieces) = response.into_parts();
        let capacity = pieces.size_hint().lower().min(4 * 1024 * 1024);
        let mut body = Vec::with_capacity(usize::try_from(capacity).unwrap_or(0));
        let bad = !head.status.is_success();
        while let Some(piece) = pieces.frame().await {
            match piece {
                Ok(piece) => body.extend_from_slice(piece.data_ref().map(Bytes::as_ref).unwrap_or_default()),
                // The status has said what matters.
                Err(_) if bad => break,
                Err(error) => return Err(self.cut(&error)),
            }
            if bad && body.len() >= FAILURE_READ {
                break;
            }
            if body.len() as u64 >= ANSWER_READ {
                return Err(ApiError::Foreign(Oddity::TooLong));
            }
        }
        if bad {
            body.truncate(FAILURE_READ);
            return Err(self.failure(head.status, &head.headers, body, asked));
        }
        let page_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        self.no_page(page_type.unwrap_or_default(), &body)?;
        Ok(body)
    }

    fn failure(&self, status: StatusCode, headers: &HeaderMap, mut body: Vec<u8>, asked: Asked) -> ApiError {
        if body.len() >= FAILURE_READ {
            // A key that the cut went through can't be masked any more.
            body.truncate(body.len().saturating_sub(self.key.len()));
        }
        let body = body.as_slice();
        let header = |name| {
            headers
                .get(name)
                .and_then(|value: &reqwest::header::HeaderValue| value.to_str().ok())
        };
        let html = message::is_page(header(CONTENT_TYPE).unwrap_or_default(), body);
        let message = message::words(body, html, &self.key);
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
            // An HTML 403 is what a mistyped path answers to a POST; a JSON 403 speaks about the organization.
            403 if !html => ApiError::Forbidden {
                org: self.org.clone(),
                message,
            },
            403 | 404 => ApiError::WrongUrl {
                base: self.address.base.clone(),
                status,
                message,
            },
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
        message::plain(host.as_deref().unwrap_or("an unknown place"), &self.key)
    }

    /// Reads an answer that isn't a list, whole.
    pub(super) fn read(&self, response: Response) -> Result<Vec<u8>, ApiError> {
        let page_type = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        let capacity = response.content_length().unwrap_or(0).min(4 * 1024 * 1024);
        let mut body = Vec::with_capacity(usize::try_from(capacity).unwrap_or(0));
        response
            .take(ANSWER_READ)
            .read_to_end(&mut body)
            .map_err(|error| self.broken(&error))?;
        if body.len() as u64 >= ANSWER_READ {
            return Err(ApiError::Foreign(Oddity::TooLong));
        }
        self.no_page(&page_type, &body)?;
        Ok(body)
    }

    /// Refuses an answer that begins like a web page, or like nothing.
    pub(super) fn no_page(&self, content_type: &str, body: &[u8]) -> Result<(), ApiError> {
        if body.is_empty() {
            Err(ApiError::Foreign(Oddity::NotJson("nothing at all".to_owned())))
        } else if message::is_page(content_type, body) && body.trim_ascii_start().first() != Some(&b'{') {
            Err(ApiError::Foreign(Oddity::Page(message::words(body, true, &self.key))))
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
            ApiError::Foreign(Oddity::NotSuccess(message::plain(&message, &self.key)))
        }
    }

    pub(super) fn lost(&self, how: Loss) -> ApiError {
        ApiError::Lost {
            how,
            host: self.address.host.clone(),
        }
    }

    /// A request that got no answer.
    pub(super) fn unanswered(&self, unsent: &Unsent<'_>) -> ApiError {
        let texts = chain(unsent.error);
        let has = |words: &[&str]| texts.iter().any(|text| words.iter().any(|word| text.contains(word)));
        if unsent.is_connect {
            let why = if has(&["dns error", "lookup address"]) {
                Unreached::Name
            } else if has(&["certificate", "tls", "ssl", "handshake"]) {
                Unreached::Tls
            } else if has(&["refused"]) {
                Unreached::Refused
            } else if unsent.is_timeout {
                Unreached::Timeout
            } else {
                Unreached::Other
            };
            let detail = message::plain(texts.last().map_or("no reason is known", String::as_str), &self.key);
            return ApiError::Unreachable {
                host: self.address.host.clone(),
                why,
                detail,
            };
        }
        self.lost(if unsent.is_timeout { Loss::Timeout } else { Loss::Reset })
    }

    /// The same for a request of reqwest's.
    pub(super) fn unanswered_by(&self, error: &reqwest::Error) -> ApiError {
        if error.is_builder() {
            let texts = chain(error);
            return ApiError::Base(message::plain(texts.last().map_or("", String::as_str), &self.key));
        }
        self.unanswered(&Unsent {
            error,
            is_connect: error.is_connect(),
            is_timeout: error.is_timeout(),
        })
    }

    /// A client that can't be made ready.
    pub(super) fn no_setup(&self, error: reqwest::Error) -> ApiError {
        ApiError::Setup(message::plain(&error.without_url().to_string(), &self.key))
    }

    fn cut(&self, error: &hyper::Error) -> ApiError {
        self.lost(if error.is_timeout() { Loss::Timeout } else { Loss::Cut })
    }

    /// An answer that broke off while it was read.
    pub(super) fn broken(&self, error: &io::Error) -> ApiError {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<reqwest::Error>());
        let late = error.kind() == io::ErrorKind::TimedOut || inner.is_some_and(reqwest::Error::is_timeout);
        self.lost(if late { Loss::Timeout } else { Loss::Cut })
    }
}

/// The failure of an answer that means "later".
fn later(status: u16, retry_after: Option<Duration>, html: bool, message: String) -> ApiError {
    match retry_after {
        Some(after) if after > retry::LONGEST_OBEYED => ApiError::TooLong { status, after, message },
        retry_after if status == 429 => ApiError::TooMany { retry_after, message },
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
            key,
        }
    }
}
