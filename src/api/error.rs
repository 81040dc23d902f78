//! Why a request failed, what that means for the one who asked, and what the user can do.
//!
//! Belongs here: the variants and their plain words. Doesn't: how an answer becomes a variant (`answer`).

use std::time::Duration;

use super::Fate;
use super::loss::Loss;
pub use super::oddity::Oddity;
use super::oddity::quoted;
pub use super::reach::{ProxyFault, Unreached};
use super::retry::LONGEST_OBEYED;
use super::wait::{Cause, span};
use crate::error::{Category, Code, Error, Interrupted, UserError, code};
use crate::item::IdFault;
use crate::output::counted_were;

/// Why a text can't be an API key. None of the words shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// Nothing, or white space.
    #[error("it is empty")]
    Empty,
    /// A line break inside.
    #[error("it holds a line break")]
    LineBreak,
    /// Another control character inside.
    #[error("it holds a control character")]
    Control,
    /// A letter outside ASCII.
    #[error("it holds a character that no key has (not ASCII)")]
    NotAscii,
}

/// Where an echo differs from what was posted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EchoFault {
    /// An object was posted and an array came back, or the other way round.
    #[error("its shape differs from what was sent")]
    Shape,
    /// Not as many items.
    #[error("{} sent and {got} returned", counted_were(*.sent as u64, "item"))]
    Count {
        /// Items sent.
        sent: usize,
        /// Items echoed.
        got: usize,
    },
    /// A field is missing, or has another value.
    #[error("item {number}: the field '{field}' was not returned as it was sent")]
    Field {
        /// Which item of the request, from 1.
        number: usize,
        /// The field's name.
        field: String,
        /// All items of the request with such a field, from 1, if each item came back under its own id; else none.
        differing: Vec<usize>,
    },
    /// A field of an item (counted from 1) came back twice, which leaves open what was saved.
    #[error("item {0}: a field is repeated")]
    Repeated(usize),
}

/// Why a request failed. Every `message` is the server's own, stripped to plain text, shortened, the key masked.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The base is not a URL, or not one a key may travel to.
    #[error("the API's address can't be used: {0}")]
    BadAddress(String),
    /// The key can't be a key.
    #[error("the API key can't be used: {0}")]
    BadKey(KeyFault),
    /// The organization's id can't be one.
    #[error("the organization can't be used: {0}")]
    BadOrganization(&'static str),
    /// The id can't be asked for, by the rules of the API; nothing was sent.
    #[error("{0}")]
    BadId(IdFault),
    /// What should be posted isn't JSON items; nothing was sent.
    #[error("the body to send is not a JSON object or array of objects")]
    BadBody,
    /// The connections can't be prepared (no certificates on this system, for one).
    #[error("secure connections can't be prepared on this system: {0}")]
    NoCertificates(String),
    /// The system gives no further thread or file descriptor.
    #[error("the system refuses a thread or an open file: {0}")]
    NoResources(String),
    /// 401: the key is missing or unknown.
    #[error("the API rejects this key (401){}", quoted(.message))]
    Unauthorized {
        /// The server's words.
        message: String,
    },
    /// 401 for a key that has worked, and no other can be had.
    #[error("the API rejects this key now (401), and it can't be read again: {0}")]
    NoNewKey(String),
    /// A JSON 403: no permission, or not this key's organization.
    #[error("the API refuses access to the organization '{org}' (403){}", quoted(.message))]
    Forbidden {
        /// The organization that was asked for.
        org: String,
        /// The server's words.
        message: String,
    },
    /// The list is empty, and the API says that there is no such organization.
    #[error("the API has no organization '{org}' (404); its list is empty")]
    NoOrganization {
        /// The organization that was asked for.
        org: String,
    },
    /// A 404, or an HTML 403 for a read: there is no inventory API at this address.
    #[error("there is no inventory API at {base} ({status}){}", quoted(.message))]
    NotFound {
        /// The base that was asked.
        base: String,
        /// The HTTP status.
        status: u16,
        /// The server's words.
        message: String,
    },
    /// An HTML 403 for a write. Each command reads before it writes, so that the address is right: a firewall refuses the
    /// content, or the key may not write.
    #[error("the API, or a firewall in front of it, refuses to save this (403){}", quoted(.message))]
    Blocked {
        /// The server's words.
        message: String,
    },
    /// 405: the address is right, but it doesn't take this kind of request.
    #[error("the API doesn't accept this kind of request (405){}", quoted(.message))]
    MethodNotAllowed {
        /// The server's words.
        message: String,
    },
    /// A redirect, which is never followed: a followed POST would become a GET that saves nothing.
    #[error("the API's address redirects to {to} ({status}); redirects are never followed")]
    Redirected {
        /// The host that it leads to, no more of it.
        to: String,
        /// The HTTP status.
        status: u16,
    },
    /// Another 4xx: the content is at fault (400, 413, 422), or the endpoint doesn't take it.
    #[error("the API refuses the request ({status}){}", quoted(.message))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The server's words.
        message: String,
    },
    /// The endpoint takes no arrays: post single objects (which is where halving ends as well).
    #[error("the API accepts no arrays of items ({status}){}", quoted(.message))]
    NoArrays {
        /// The HTTP status.
        status: u16,
        /// The server's words.
        message: String,
    },
    /// 429: too many requests.
    #[error("the API asks for fewer requests (429){}", quoted(.message))]
    TooManyRequests {
        /// What `Retry-After` asked for.
        retry_after: Option<Duration>,
        /// The server's words.
        message: String,
    },
    /// The answer asks for a longer pause than is kept. Whether something was saved is unknown, unless the status is 429.
    #[error("the API asks to wait {} ({status}), and {} is the longest pause{}", span(*.after), span(LONGEST_OBEYED), quoted(.message))]
    WaitTooLong {
        /// The HTTP status.
        status: u16,
        /// What `Retry-After` asked for.
        after: Duration,
        /// The server's words.
        message: String,
    },
    /// A 5xx, or a 4xx that means "later" (408, 409, 425). Whether something was saved is unknown.
    #[error("the API failed ({status}){}", quoted(.message))]
    ServerError {
        /// The HTTP status.
        status: u16,
        /// What `Retry-After` asked for.
        retry_after: Option<Duration>,
        /// A read was answered with a web page, which may mean a mistyped path; a write isn't answered so by one.
        html: bool,
        /// The server's words.
        message: String,
    },
    /// The request went out and no whole answer came. Whether something was saved is unknown.
    #[error("{how} (from {host})")]
    Lost {
        /// What happened.
        how: Loss,
        /// Who was asked.
        host: String,
    },
    /// No connection could be made; nothing was sent.
    #[error("{host} can't be reached: {why} ({detail})")]
    Unreachable {
        /// Who was asked.
        host: String,
        /// What happened.
        why: Unreached,
        /// The system's words.
        detail: String,
        /// A variable that names a proxy, which is not used.
        ignored: Option<&'static str>,
    },
    /// A proxy made no connection to the API; nothing was sent, or it was refused unread.
    #[error("{} {fault}", named(.proxy.as_deref()))]
    Proxy {
        /// The proxy's host and port; none where nobody configured one.
        proxy: Option<String>,
        /// What it did.
        fault: ProxyFault,
    },
    /// An answer with a good status that isn't the API's.
    #[error("{0}")]
    Foreign(Oddity),
    /// The answer to a post isn't the echo of what was sent.
    #[error("the answer isn't the echo of what was sent: {0}")]
    WrongEcho(EchoFault),
    /// The run was asked to stop while it was listing, or waiting for another try.
    #[error("interrupted")]
    Interrupted,
    /// The receiver of a list couldn't take an item (a full disk, for one).
    #[error("the list can't be stored: {}", received(.0.as_ref()))]
    ListNotKept(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A proxy's name in a message.
fn named(proxy: Option<&str>) -> String {
    proxy.map_or_else(
        || "a proxy in front of the API".to_owned(),
        |proxy| format!("the proxy {proxy}"),
    )
}

/// The words of a receiver of a list; the system's where it was the system that refused.
fn received(cause: &(dyn std::error::Error + Send + Sync + 'static)) -> String {
    cause
        .downcast_ref::<std::io::Error>()
        .map_or_else(|| cause.to_string(), crate::cause::io)
}

impl ApiError {
    /// What the failure means for the one who asked. A host that can't be reached is `Repeat` here, because a single
    /// refused connection may pass: whoever asked stops the run once the retries are used up ([`Self::is_unreachable`]).
    #[must_use]
    pub fn fate(&self) -> Fate {
        match self {
            Self::Refused {
                status: 400 | 413 | 422,
                ..
            }
            | Self::NoArrays { .. }
            | Self::BadId(_)
            | Self::BadBody => Fate::Halve,
            Self::BadAddress(_)
            | Self::BadKey(_)
            | Self::BadOrganization(_)
            | Self::NoCertificates(_)
            | Self::NoResources(_)
            | Self::Refused { .. }
            | Self::Unauthorized { .. }
            | Self::NoNewKey(_)
            | Self::Forbidden { .. }
            | Self::NoOrganization { .. }
            | Self::NotFound { .. }
            | Self::Blocked { .. }
            | Self::MethodNotAllowed { .. }
            | Self::Redirected { .. }
            | Self::WaitTooLong { .. }
            | Self::Interrupted
            | Self::ListNotKept(_) => Fate::Stop,
            Self::Proxy { fault, .. } if !fault.may_pass() => Fate::Stop,
            Self::TooManyRequests { retry_after, .. } | Self::ServerError { retry_after, .. } => {
                Fate::Repeat { after: *retry_after }
            }
            Self::Lost { .. }
            | Self::Unreachable { .. }
            | Self::Proxy { .. }
            | Self::Foreign(_)
            | Self::WrongEcho(_) => Fate::Repeat { after: None },
        }
    }

    /// Whether the status that stops everything may be about what was sent: a firewall refuses one value with 403 or 406, as
    /// a missing permission is refused. What becomes of other items tells which it is.
    #[must_use]
    pub fn may_be_the_content(&self) -> bool {
        matches!(
            self,
            Self::Forbidden { .. } | Self::Blocked { .. } | Self::NotFound { status: 403, .. } | Self::Refused { .. }
        )
    }

    /// Whether a read of one item may have failed for what is stored in that item, or for its id: the vendor's server answers
    /// 500 for an item that holds a NaN.
    #[must_use]
    pub fn may_be_one_items(&self) -> bool {
        match self {
            Self::ServerError { status, .. } => *status >= 500,
            Self::Foreign(_) | Self::Lost { how: Loss::Cut, .. } => true,
            error => error.fate() == Fate::Halve || error.may_be_the_content(),
        }
    }

    /// The server's own words, where there are any.
    #[must_use]
    pub fn words(&self) -> Option<&str> {
        match self {
            Self::Unauthorized { message }
            | Self::Forbidden { message, .. }
            | Self::NotFound { message, .. }
            | Self::Blocked { message }
            | Self::MethodNotAllowed { message }
            | Self::Refused { message, .. }
            | Self::NoArrays { message, .. }
            | Self::TooManyRequests { message, .. }
            | Self::WaitTooLong { message, .. }
            | Self::ServerError { message, .. } => Some(message.as_str()).filter(|words| !words.is_empty()),
            _ => None,
        }
    }

    /// Why there is a pause after this failure.
    #[must_use]
    pub fn cause(&self) -> Cause {
        match (self, self.fate(), self.status()) {
            (_, Fate::Repeat { after: Some(_) }, Some(status)) => Cause::Asked(status),
            (_, _, Some(status)) => Cause::Failed(status),
            (Self::Lost { how, .. }, ..) => Cause::Lost(*how),
            (Self::Unreachable { .. } | Self::Proxy { .. }, ..) => Cause::Unreachable,
            _ => Cause::Foreign,
        }
    }

    /// No connection could be made: nothing of this request has been saved, and the host may be gone.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Proxy { .. })
    }

    /// The HTTP status, where the failure is one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Unauthorized { .. } | Self::NoNewKey(_) => Some(401),
            Self::Forbidden { .. } | Self::Blocked { .. } => Some(403),
            Self::MethodNotAllowed { .. } => Some(405),
            Self::TooManyRequests { .. } => Some(429),
            Self::NotFound { status, .. }
            | Self::Redirected { status, .. }
            | Self::Refused { status, .. }
            | Self::NoArrays { status, .. }
            | Self::WaitTooLong { status, .. }
            | Self::ServerError { status, .. } => Some(*status),
            _ => None,
        }
    }
}

impl UserError for ApiError {
    fn code(&self) -> Code {
        match self {
            Self::Lost { how: Loss::Timeout, .. } => "api_timeout".into(),
            Self::Lost { .. } => "api_connection_lost".into(),
            Self::Foreign(Oddity::Page(_)) => "api_web_page".into(),
            Self::Foreign(_) => "api_foreign_answer".into(),
            _ => code("api", self),
        }
    }

    fn hint(&self) -> String {
        let hint = match self {
            Self::BadAddress(_) => "give it as https://HOST/api, in --api or CANNLYTICS_API_URL",
            Self::BadKey(KeyFault::Empty) => "put the key into CANNLYTICS_API_KEY, a .env file or a key file",
            Self::BadKey(_) => "copy the key once more, alone on its line, without quotes",
            Self::BadOrganization(_) => "give the organization's id as the console shows it, in --org or STOCKPORT_ORG",
            Self::NoCertificates(_) => {
                "install the system's certificates (the package is often called ca-certificates)"
            }
            Self::NoResources(_) => crate::cause::LIMITS,
            Self::NoNewKey(_) => "correct that, then run the same command again (an import with --resume)",
            Self::Unauthorized { .. } => "check that the key is complete and valid, and that it belongs to this API",
            Self::NoOrganization { .. } => "check the spelling of --org: the API matches a part of a name too",
            Self::Forbidden { .. } => "check the spelling of --org, the key and its role (only owners may delete)",
            Self::NotFound { .. } | Self::MethodNotAllowed { .. } => {
                "check the path in --api (or CANNLYTICS_API_URL): it usually ends in /api, without /inventory"
            }
            Self::Blocked { .. } => "look for markup or SQL in the values, or ask whether the key may write",
            Self::Redirected { .. } => "put the API's current address into --api",
            Self::TooManyRequests { .. } => "try again later, or lower --rate and --jobs",
            Self::WaitTooLong { .. } => "run the same command again after that time (an import with --resume)",
            // What a mistyped path answers to a GET, from the API contract; but an outage may look the same.
            Self::ServerError {
                html: true,
                status: 500,
                ..
            } => "check the path in --api (or CANNLYTICS_API_URL); if it is right, try again later",
            Self::ServerError {
                html: true,
                status: 502..=504,
                ..
            } => "try again later; if a proxy is in front of the API, pass it with --proxy",
            Self::ServerError { .. } => "try again later; the next run finds out what was saved",
            Self::Lost { how: Loss::Timeout, .. } => "try again later, or allow more time with --timeout",
            Self::Lost { .. } => "try again later",
            Self::Unreachable { why, ignored, .. } => return why.hint(*ignored),
            Self::Foreign(Oddity::Page(_)) => {
                "check --api; a login page, or a proxy (--proxy, --ca-file), may be in front of the API"
            }
            Self::Proxy { fault, .. } => fault.hint(),
            Self::WrongEcho(_) | Self::Foreign(Oddity::Status(_)) => "run it again: it finds out what was saved",
            Self::Foreign(_) => "check that --api names the inventory API; then try again",
            Self::Refused { .. } | Self::BadBody => {
                "correct the items in the reject file, or compare one with an export"
            }
            Self::NoArrays { .. } => "send one item per request: --batch 1",
            Self::BadId(_) => "correct the id in the source; this item was not sent",
            Self::Interrupted => "run the same command again",
            Self::ListNotKept(cause) => crate::cause::temporary(cause.downcast_ref()),
        };
        hint.to_owned()
    }

    fn category(&self) -> Category {
        match self {
            Self::Unauthorized { .. } | Self::Forbidden { .. } => Category::KeyRefused,
            _ => Category::Other,
        }
    }

    fn into_error(self) -> Error {
        match self {
            // Whatever notices it first, it is the user's wish.
            Self::Interrupted => Interrupted.into(),
            error => Error::of(error),
        }
    }
}
