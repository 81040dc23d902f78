//! Each kind of endpoint that the API contract names, and the grade that its lists earn.

mod documents;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use super::*;
use crate::api::testserver::{Reply, Seen, Server, html, json};
use crate::error::UserError as _;
use serde_json::{Value, json as value};

/// What an endpoint does with a `limit`.
#[derive(Clone, Copy, PartialEq)]
enum Takes {
    /// Understands it.
    Limit,
    /// Takes no notice: the default cut.
    Nothing,
    /// 500.
    Failure,
    /// 400.
    Refusal,
}

/// An endpoint, as poor as a test wants it.
#[derive(Clone)]
struct Endpoint {
    ids: Vec<String>,
    cut: usize,
    empty: Takes,
    integer: Takes,
    order: Takes,
    plain: Takes,
}

impl Endpoint {
    fn with(count: usize) -> Self {
        let ids = (0..count).map(|n| format!("id-{n:05}")).collect();
        let (empty, integer, order, plain) = (Takes::Limit, Takes::Failure, Takes::Limit, Takes::Limit);
        Self {
            ids,
            cut: 1000,
            empty,
            integer,
            order,
            plain,
        }
    }

    fn answer(&self, seen: &Seen) -> Reply {
        let (path, query) = seen.target.split_once('?').unwrap();
        if path != "/api/inventory" {
            return json(200, r#"{"success":true,"data":{}}"#);
        }
        let query: HashMap<_, _> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        assert_eq!(query.get("organization_id"), Some(&"org"));
        let mut ids = self.ids.clone();
        let (takes, cut) = match query.get("limit") {
            None => (self.plain, self.cut),
            Some(&"") => (self.empty, usize::MAX),
            Some(limit) => (self.integer, limit.parse().unwrap()),
        };
        if query.contains_key("order_by") {
            match self.order {
                Takes::Limit if query.contains_key("desc") => ids.sort_by(|a, b| b.cmp(a)),
                Takes::Limit => ids.sort(),
                Takes::Nothing => {}
                Takes::Failure => return html(500, "<title>no index</title>"),
                Takes::Refusal => return json(400, r#"{"message":"no order"}"#),
            }
        }
        match takes {
            Takes::Limit => ids.truncate(cut),
            Takes::Nothing => ids.truncate(self.cut),
            Takes::Failure => return html(500, "<title>TypeError</title>"),
            Takes::Refusal => return json(400, r#"{"message":"no limit"}"#),
        }
        list(&ids)
    }

    fn read(self, known: Option<u64>) -> (Listing, Kept) {
        let server = Server::start(move |seen| self.answer(seen));
        read_from(&server, 1, known)
    }
}

fn list(ids: &[String]) -> Reply {
    let items: Vec<_> = ids.iter().map(|id| value!({ "id": id, "item_id": id })).collect();
    json(200, &value!({ "success": true, "data": items }).to_string())
}

#[derive(Default)]
struct Kept {
    ids: Vec<String>,
    restarts: usize,
}

impl Receiver for Kept {
    type Made = ();
    fn restart(&mut self) {
        assert!(!self.ids.is_empty(), "a restart without cause");
        self.ids.clear();
        self.restarts += 1;
    }

    fn item(&mut self, item: Object) -> Result<(), ApiError> {
        self.ids.push(id_of(&item).map(Cow::into_owned).unwrap_or_default());
        Ok(())
    }
}

fn read_from(server: &Server, retries: u32, known: Option<u64>) -> (Listing, Kept) {
    let mut kept = Kept::default();
    let listing = read(&server.client(retries), known, &mut kept).unwrap();
    assert_eq!(listing.count, kept.ids.len() as u64, "{listing:?}");
    let once: HashSet<&String> = kept.ids.iter().collect();
    assert_eq!(once.len(), kept.ids.len(), "an id came twice");
    (listing, kept)
}

fn failure(server: &Server, retries: u32) -> ApiError {
    read(&server.client(retries), None, &mut Kept::default()).unwrap_err()
}

#[test]
fn a_list_that_holds_both_ends_is_proved_whole() {
    for count in [0, 1, 2, 999, 1000, 1001, 2500] {
        let (listing, kept) = Endpoint::with(count).read(None);
        assert_eq!(
            (listing.completeness, kept.restarts),
            (Completeness::Proved, 0),
            "{count}"
        );
        assert_eq!(listing.count, count as u64);
    }
}

#[test]
fn two_ends_that_overlap_are_the_whole_behind_a_hard_cut() {
    for count in [1001, 1500, 1999] {
        let (listing, _) = Endpoint {
            empty: Takes::Nothing,
            integer: Takes::Nothing,
            ..Endpoint::with(count)
        }
        .read(None);
        assert_eq!(listing.completeness, Completeness::Proved, "{count}");
        assert_eq!(listing.count, count as u64);
        assert!(listing.missing.is_empty());
    }
    let (listing, _) = Endpoint {
        empty: Takes::Nothing,
        integer: Takes::Nothing,
        cut: 10,
        ..Endpoint::with(19)
    }
    .read(None);
    assert_eq!((listing.completeness, listing.count), (Completeness::Proved, 19));
}

#[test]
fn a_list_is_proved_whole_though_others_create_items_all_the_while() {
    for cut in [1000, 7] {
        let mut endpoint = Endpoint {
            cut,
            ..Endpoint::with(5_000)
        };
        let mut next = 0;
        let server = Server::start(move |seen| {
            let reply = endpoint.answer(seen);
            next += 1;
            for new in [format!("aa-{:05}", 99_999 - next), format!("zz-{next:05}")] {
                endpoint.ids.push(new);
            }
            reply
        });
        let (listing, _) = read_from(&server, 1, None);
        assert_eq!(listing.completeness, Completeness::Proved, "{listing:?}");
        assert!(listing.evidence.contains("requested before it"), "{}", listing.evidence);
        assert!(listing.count >= 5_010, "{}", listing.count);
    }
    // A cut is none the less one.
    let mut endpoint = Endpoint {
        empty: Takes::Nothing,
        integer: Takes::Nothing,
        ..Endpoint::with(5_000)
    };
    let mut next = 0;
    let server = Server::start(move |seen| {
        let reply = endpoint.answer(seen);
        next += 1;
        endpoint.ids.push(format!("zz-{next:05}"));
        reply
    });
    let (listing, _) = read_from(&server, 1, None);
    assert_eq!(listing.completeness, Completeness::Cut, "{listing:?}");
}

#[test]
fn two_ends_that_do_not_overlap_show_what_is_missing() {
    let (listing, kept) = Endpoint {
        empty: Takes::Nothing,
        integer: Takes::Nothing,
        ..Endpoint::with(2000)
    }
    .read(None);
    assert_eq!((listing.completeness, listing.count), (Completeness::Cut, 1000));
    assert_eq!(listing.missing.len(), 1000);
    assert_eq!(listing.missing.first().map(String::as_str), Some("id-01000"));
    assert_eq!(kept.ids.last().map(String::as_str), Some("id-00999"));
}

#[test]
fn an_integer_limit_is_used_where_an_empty_one_brings_too_little_or_nothing() {
    for empty in [Takes::Nothing, Takes::Failure, Takes::Refusal] {
        let (listing, _) = Endpoint {
            empty,
            integer: Takes::Limit,
            ..Endpoint::with(3000)
        }
        .read(None);
        assert_eq!((listing.completeness, listing.count), (Completeness::Proved, 3000));
    }
    let unordered = Endpoint {
        empty: Takes::Nothing,
        integer: Takes::Limit,
        order: Takes::Failure,
        ..Endpoint::with(3000)
    };
    assert_eq!(unordered.read(None).0.completeness, Completeness::Plausible);
}

#[test]
fn the_default_list_is_used_where_no_limit_is_taken() {
    let poor = Endpoint {
        empty: Takes::Failure,
        integer: Takes::Refusal,
        ..Endpoint::with(700)
    };
    let (listing, _) = poor.clone().read(None);
    assert_eq!((listing.completeness, listing.count), (Completeness::Proved, 700));
    let (listing, _) = Endpoint {
        ids: Endpoint::with(5000).ids,
        ..poor
    }
    .read(None);
    assert_eq!((listing.completeness, listing.count), (Completeness::Cut, 1000));
    assert_eq!(listing.missing.len(), 1000);
}

#[test]
fn an_endpoint_that_does_not_order_is_plausible_unless_its_length_is_suspicious() {
    for order in [Takes::Nothing, Takes::Failure, Takes::Refusal] {
        let read = |count, known| {
            Endpoint {
                order,
                ..Endpoint::with(count)
            }
            .read(known)
            .0
            .completeness
        };
        assert_eq!(read(700, None), Completeness::Plausible);
        assert_eq!(read(700, Some(700)), Completeness::Plausible);
        assert_eq!(read(700, Some(701)), Completeness::Cut);
        assert_eq!(read(1000, None), Completeness::Cut);
        assert_eq!(read(3000, None), Completeness::Plausible);
        let hard = Endpoint {
            order,
            empty: Takes::Nothing,
            integer: Takes::Nothing,
            ..Endpoint::with(3000)
        };
        assert_eq!(hard.read(None).0.completeness, Completeness::Cut);
    }
}

#[test]
fn a_disordered_list_that_shows_other_items_is_cut() {
    // The list's first thousand, and a thousand others when an order is asked for that isn't kept.
    let ids = Endpoint::with(900).ids;
    let server = Server::start(move |seen| {
        if seen.target.contains("order_by") {
            list(&["b", "a", "c"].map(str::to_owned))
        } else {
            list(&ids)
        }
    });
    let (listing, _) = read_from(&server, 0, None);
    assert_eq!(listing.completeness, Completeness::Cut);
    assert_eq!(listing.missing, ["a", "b", "c"]);
}

#[test]
fn somebody_who_writes_meanwhile_makes_it_begin_anew() {
    let mut lists = 0;
    let server = Server::start(move |seen| {
        lists += usize::from(seen.target.contains("limit="));
        let mut endpoint = Endpoint::with(5);
        if lists == 1 && seen.target.contains("limit=") {
            endpoint.ids.truncate(4);
        }
        endpoint.answer(seen)
    });
    let (listing, kept) = read_from(&server, 0, None);
    assert_eq!(
        (listing.completeness, listing.count, kept.restarts),
        (Completeness::Proved, 5, 1)
    );
    assert_eq!(server.seen().len(), 6);
}

#[test]
fn an_id_that_comes_twice_is_asked_about_again_and_taken_once() {
    let mut endpoint = Endpoint::with(3);
    endpoint.ids.push("id-00001".to_owned());
    endpoint.order = Takes::Nothing;
    let (listing, kept) = endpoint.read(None);
    assert_eq!((listing.count, kept.restarts), (3, 1));
    assert!(listing.evidence.contains("listed twice"), "{}", listing.evidence);
}

#[test]
fn an_inventory_that_only_listing_fails_on_is_unlisted() {
    let endpoint = Endpoint {
        empty: Takes::Failure,
        plain: Takes::Failure,
        ..Endpoint::with(9)
    };
    let (listing, _) = endpoint.read(None);
    assert_eq!((listing.completeness, listing.count), (Completeness::Unlisted, 0));
}

#[test]
fn a_list_that_breaks_off_each_time_leaves_nothing_behind() {
    let server = Server::start(|seen| match seen.target.split_once('?') {
        Some(("/api/inventory", _)) => Reply::Close(
            b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"success\":true,\"data\":[{\"id\":\"a\"}".to_vec(),
        ),
        _ => json(200, r#"{"success":true,"data":{}}"#),
    });
    let (listing, kept) = read_from(&server, 1, None);
    assert_eq!((listing.completeness, listing.count), (Completeness::Unlisted, 0));
    assert!(kept.ids.is_empty());
}

#[test]
fn a_list_that_breaks_off_once_is_asked_for_again() {
    let endpoint = Endpoint::with(7);
    let mut asked = 0;
    let server = Server::start(move |seen| {
        asked += 1;
        match (asked, endpoint.answer(seen)) {
            // Each of the three lists breaks off the first time.
            (1 | 3 | 5, Reply::Raw(bytes)) => Reply::Close(bytes[..bytes.len() - 10].to_vec()),
            (_, whole) => whole,
        }
    });
    let (listing, kept) = read_from(&server, 1, None);
    assert_eq!(
        (listing.completeness, listing.count, kept.restarts),
        (Completeness::Proved, 7, 1)
    );
    assert_eq!(server.seen().len(), 6);
}

#[test]
fn a_host_that_fails_as_a_whole_is_an_error() {
    let busy = Server::start(|_| json(429, "{}"));
    assert!(matches!(failure(&busy, 2), ApiError::TooManyRequests { .. }));
    assert_eq!(busy.seen().len(), 3);
    let silent = Server::start(|_| Reply::Close(Vec::new()));
    assert!(matches!(failure(&silent, 1), ApiError::Lost { how: Loss::Reset, .. }));
    let mistyped = Server::start(|_| html(500, "<title>Server Error</title>"));
    let error = failure(&mistyped, 0);
    assert!(matches!(error, ApiError::ServerError { html: true, .. }));
    assert!(error.hint().contains("path"));
    let stranger = Server::start(|_| json(401, r#"{"error":true,"message":"no"}"#));
    assert!(matches!(failure(&stranger, 5), ApiError::Unauthorized { .. }));
    assert_eq!(stranger.seen().len(), 1);
}

#[test]
fn a_host_that_tires_between_the_lists_is_an_error_and_no_weaker_grade() {
    for status in [429, 502, 503, 504] {
        let endpoint = Endpoint::with(7);
        let server = Server::start(move |seen| {
            if seen.target.contains("order_by") {
                json(status, "{}")
            } else {
                endpoint.answer(seen)
            }
        });
        assert_eq!(failure(&server, 1).status(), Some(status));
    }
}

#[test]
fn a_receiver_that_can_take_no_more_ends_the_reading() {
    struct Full;
    impl Receiver for Full {
        type Made = ();
        fn restart(&mut self) {}
        fn item(&mut self, _: Object) -> Result<(), ApiError> {
            Err(ApiError::ListNotKept("the disk is full".into()))
        }
    }
    let endpoint = Endpoint::with(3);
    let server = Server::start(move |seen| endpoint.answer(seen));
    let error = read(&server.client(3), None, &mut Full).unwrap_err();
    assert_eq!(error.to_string(), "the list can't be stored: the disk is full");
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn an_item_is_known_by_its_documents_id() {
    let id = |item: serde_json::Value| match item {
        Value::Object(item) => id_of(&item).map(Cow::into_owned),
        _ => None,
    };
    assert_eq!(id(value!({ "id": "a", "item_id": "b" })).as_deref(), Some("a"));
    assert_eq!(id(value!({ "item_id": "b" })).as_deref(), Some("b"));
    assert_eq!(id(value!({ "id": 10001, "item_id": "b" })).as_deref(), Some("10001"));
    assert_eq!(id(value!({ "id": null, "item_id": "b" })).as_deref(), Some("b"));
    assert_eq!(id(value!({ "id": "", "item_id": true })), None);
}

#[test]
fn items_without_an_id_are_handed_out_and_prove_nothing() {
    for items in [r#"{"name":"x"},{"name":"y"}"#, r#"{"id":"a"},{"name":"y"},{"id":"b"}"#] {
        let server = Server::start(move |_| json(200, &format!(r#"{{"success":true,"data":[{items}]}}"#)));
        let mut kept = Kept::default();
        let listing = read(&server.client(0), None, &mut kept).unwrap();
        assert_eq!(listing.count, items.matches('{').count() as u64);
        assert_eq!(listing.count, kept.ids.len() as u64);
        assert_eq!(listing.completeness, Completeness::Plausible);
    }
}

#[test]
fn whatever_one_request_in_five_does_the_listing_is_whole() {
    let mut random = fastrand::Rng::with_seed(11);
    let endpoint = Endpoint::with(1200);
    let faults = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&faults);
    let server = Server::start(move |seen| {
        if random.u8(0..5) > 0 {
            return endpoint.answer(seen);
        }
        *counted.lock().unwrap() += 1;
        match (random.u8(0..5), endpoint.answer(seen)) {
            (0, _) => json(429, "{}"),
            (1, _) => html(500, "<title>x</title>"),
            (2, _) => Reply::Close(Vec::new()),
            (3, Reply::Raw(bytes)) => Reply::Close(bytes[..bytes.len() / 2].to_vec()),
            _ => html(200, "<title>proxy</title>"),
        }
    });
    for _ in 0..10 {
        let (listing, _) = read_from(&server, 12, None);
        assert_eq!((listing.completeness, listing.count), (Completeness::Proved, 1200));
    }
    assert!(*faults.lock().unwrap() > 3);
}
