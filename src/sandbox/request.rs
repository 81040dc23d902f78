//! What a request asks for: its path, its query, what it accepts, its body.
//!
//! Doesn't belong here: what is done about it (`handler`).

use std::pin::Pin;

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use futures_core::Stream;

/// The server's limit on a body; Django's own default.
const MAX_BODY_BYTES: usize = 2_621_440;

/// How much of a body that is too large is read all the same: a client that is cut off while it still sends sees a
/// lost connection and never the answer.
const MAX_READ_BYTES: usize = 256 * 1024 * 1024;

const INVENTORY: &str = "/api/inventory";

/// Where a path leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// `/api/inventory`
    Inventory,
    /// `/api/inventory/<id>`, the id decoded.
    Item(String),
    /// `/api/organizations/<id>`, the id decoded.
    Organization(String),
    /// One of these with a trailing slash; the path without it.
    Slash(String),
    /// `/api/`, where the API introduces itself.
    Index,
    /// `/inventory`: a page of the vendor's console, on the same host.
    Console,
    /// Anywhere else: mistyped.
    Unknown,
}

impl Route {
    /// Reads a path. An encoded slash is a slash to the server, so that an id can't hold one here.
    pub(super) fn of(path: &str) -> Self {
        match path {
            "/api/" => return Self::Index,
            "/inventory" => return Self::Console,
            _ => {}
        }
        let (bare, slash) = path.strip_suffix('/').map_or((path, false), |bare| (bare, true));
        let below = |start: &str| {
            let id = decode(bare.strip_prefix(start)?.strip_prefix('/')?, false);
            (!id.is_empty() && !id.contains('/')).then_some(id)
        };
        let route = if bare == INVENTORY {
            Self::Inventory
        } else if let Some(id) = below(INVENTORY) {
            Self::Item(id)
        } else {
            below("/api/organizations").map_or(Self::Unknown, Self::Organization)
        };
        if slash && route != Self::Unknown {
            Self::Slash(bare.to_owned())
        } else {
            route
        }
    }
}

/// A query's parameters. Where one is given twice, the last counts.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn of(text: Option<&str>) -> Self {
        let pairs = text.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let decoded = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name, true), decode(value, true))
        });
        Self(decoded.collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .rev()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Percent-decoding; what is no escape stays, what is no UTF-8 becomes U+FFFD.
fn decode(text: &str, plus_is_space: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match (first, tail) {
            (b'%', [high, low, after @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push(high << 4 | low);
                    rest = after;
                }
                _ => bytes.push(b'%'),
            },
            (b'+', _) if plus_is_space => bytes.push(b' '),
            (other, _) => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn digit(hex: u8) -> Option<u8> {
    char::from(hex).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// In which form an answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Accept {
    /// JSON: asked for, or nothing in particular.
    Json,
    /// A page for a person; what a browser asks for.
    Html,
    /// Something else: 406.
    Neither,
    /// `format` names no format that there is: 404.
    NoFormat,
}

impl Accept {
    /// The form that the header and the parameter `format` agree on. The parameter leaves one form to choose from.
    pub(super) fn of(headers: &HeaderMap, format: Option<&str>) -> Self {
        match format {
            None | Some("") => Self::negotiate(headers, &[Self::Json, Self::Html]),
            Some("json") => Self::negotiate(headers, &[Self::Json]),
            Some("api") => Self::negotiate(headers, &[Self::Html]),
            Some(_) => Self::NoFormat,
        }
    }

    fn negotiate(headers: &HeaderMap, offered: &[Self]) -> Self {
        let mut types: Vec<String> = Vec::new();
        for list in headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()) {
            types.extend(
                list.split(',')
                    .map(|one| one.split(';').next().unwrap_or("").trim().to_ascii_lowercase()),
            );
        }
        if types.iter().all(String::is_empty) {
            types = vec!["*/*".to_owned()];
        }
        let asks = |name: &str| types.iter().any(|one| one == name);
        let chosen = |named: [&str; 2]| {
            let asked = |form: &&Self| asks(if **form == Self::Json { named[0] } else { named[1] });
            offered.iter().find(asked).copied()
        };
        chosen(["application/json", "text/html"])
            .or_else(|| chosen(["application/*", "text/*"]))
            .or_else(|| chosen(["*/*", "*/*"]))
            .unwrap_or(Self::Neither)
    }
}

/// A request's body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// All of it; empty where there is none.
    Whole(Vec<u8>),
    /// More than the server takes.
    TooLarge,
    /// The connection was lost before its end.
    Lost,
}

pub(super) async fn receive(body: Body) -> Received {
    let mut stream = body.into_data_stream();
    let mut whole = Vec::new();
    let mut length = 0usize;
    loop {
        let next: Option<Result<Bytes, _>> =
            std::future::poll_fn(|context| Pin::new(&mut stream).poll_next(context)).await;
        match next {
            None if length > MAX_BODY_BYTES => return Received::TooLarge,
            None => return Received::Whole(whole),
            Some(Err(_)) => return Received::Lost,
            Some(Ok(piece)) => {
                length = length.saturating_add(piece.len());
                if length > MAX_READ_BYTES {
                    return Received::TooLarge;
                }
                if length <= MAX_BODY_BYTES {
                    whole.extend_from_slice(&piece);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn paths_lead_to_the_inventory_an_item_or_nowhere() {
        let item = |id: &str| Route::Item(id.to_owned());
        let slash = |path: &str| Route::Slash(path.to_owned());
        for (path, route) in [
            ("/api/inventory", Route::Inventory),
            ("/api/inventory/a", item("a")),
            ("/api/inventory/a%20b+c", item("a b+c")),
            ("/api/inventory/100%", item("100%")),
            ("/api/inventory/%zz", item("%zz")),
            ("/api/inventory/%FF", item("\u{FFFD}")),
            ("/api/inventory/", slash("/api/inventory")),
            ("/api/inventory/a/", slash("/api/inventory/a")),
            ("/api/inventory/a%2Fb", Route::Unknown),
            ("/api/inventory/a/b", Route::Unknown),
            ("/api/inventory//", Route::Unknown),
            ("/api/inventories", Route::Unknown),
            ("/api/", Route::Index),
            ("/inventory", Route::Console),
            ("/inventory/", Route::Unknown),
            ("/api/organizations/a%20b", Route::Organization("a b".to_owned())),
            ("/api/organizations/a/", slash("/api/organizations/a")),
            ("/api/organizations/a/b", Route::Unknown),
            ("/api/organizations", Route::Unknown),
            ("/api/Inventory", Route::Unknown),
            ("/api/v1/inventory", Route::Unknown),
            ("/api", Route::Unknown),
            ("/", Route::Unknown),
        ] {
            assert_eq!(Route::of(path), route, "{path}");
        }
    }

    #[test]
    fn the_last_of_two_parameters_counts_and_an_empty_one_is_there() {
        let query = Query::of(Some("a=1&limit=&a=%32+3&b"));
        assert_eq!(query.get("a"), Some("2 3"));
        assert_eq!(query.get("limit"), Some(""));
        assert_eq!(query.get("b"), Some(""));
        assert_eq!(query.get("c"), None);
        assert_eq!(Query::of(None).get("a"), None);
    }

    #[test]
    fn json_is_answered_unless_a_page_is_asked_for() {
        let of = |accept: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            Accept::of(&headers, None)
        };
        assert_eq!(Accept::of(&HeaderMap::new(), None), Accept::Json);
        for accept in [
            "*/*",
            "application/json, text/plain, */*",
            "text/html, application/json",
            "application/*;q=0.5",
            "",
        ] {
            assert_eq!(of(accept), Accept::Json, "{accept}");
        }
        for accept in ["text/html", "Text/HTML;q=0.9, */*", "text/*", "text/*, */*"] {
            assert_eq!(of(accept), Accept::Html, "{accept}");
        }
        assert_eq!(of("text/csv"), Accept::Neither);
    }

    #[test]
    fn a_format_leaves_one_form_to_choose_from() {
        for (accept, format, form) in [
            ("application/json", "json", Accept::Json),
            ("text/html, */*", "json", Accept::Json),
            ("text/html", "json", Accept::Neither),
            ("application/json", "api", Accept::Neither),
            ("application/json, */*", "api", Accept::Html),
            ("*/*", "api", Accept::Html),
            ("text/html", "", Accept::Html),
            ("*/*", "zzz", Accept::NoFormat),
            ("text/csv", "JSON", Accept::NoFormat),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(Accept::of(&headers, Some(format)), form, "{accept} {format}");
        }
    }
}
