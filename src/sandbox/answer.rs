//! What the server says, and in which shape: JSON, a page around the same JSON, or the framework's own pages.
//!
//! Doesn't belong here: when it says so (`handler`).

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::header::{ALLOW, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use futures_core::Stream;
use serde_json::{Value, json};
use tokio::sync::mpsc::Receiver;

use super::request::Accept;
use super::{Flavour, SandboxError};

const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";

/// The methods of the inventory.
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, DELETE, OPTIONS");

/// The page around JSON that a browser gets.
const PAGE_START: &str = "<!DOCTYPE html>\n<html><head><title>Inventory</title></head><body><pre>";
const PAGE_END: &str = "</pre></body></html>\n";

fn respond(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// JSON in the form that was asked for.
pub(super) fn json_text(status: StatusCode, accept: Accept, json: Vec<u8>) -> Response {
    if accept == Accept::Html {
        let mut page = PAGE_START.as_bytes().to_vec();
        page.extend(escape(&json));
        page.extend_from_slice(PAGE_END.as_bytes());
        respond(status, HTML, page)
    } else {
        respond(status, JSON, json)
    }
}

fn json_value(status: StatusCode, accept: Accept, value: &Value) -> Response {
    json_text(status, accept, value.to_string().into_bytes())
}

/// A failure's page: what the framework answers where the code below it didn't.
fn page(status: StatusCode, title: &str) -> Response {
    let body =
        format!("<!doctype html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n");
    respond(status, HTML, body)
}

/// 500, which doesn't show what was saved; for a mistyped path too.
pub(super) fn server_error() -> Response {
    page(StatusCode::INTERNAL_SERVER_ERROR, "Server Error (500)")
}

/// 400 for a body over the limit, or one that broke off.
pub(super) fn bad_request() -> Response {
    page(StatusCode::BAD_REQUEST, "Bad Request (400)")
}

/// 403 to whoever writes where no API is: the framework's forgery check comes before everything else there.
pub(super) fn forgery() -> Response {
    page(StatusCode::FORBIDDEN, "403 Forbidden")
}

/// 200 with the console's own page.
pub(super) fn console() -> Response {
    page(StatusCode::OK, "Inventory | Console")
}

/// 200: the API introduces itself.
pub(super) fn index(accept: Accept) -> Response {
    let words = json!({ "success": true, "message": "This is stockport's sandbox of the inventory API." });
    json_value(StatusCode::OK, accept, &words)
}

/// 301 to the path without its slash.
pub(super) fn moved(location: &str) -> Response {
    let mut response = respond(StatusCode::MOVED_PERMANENTLY, HTML, Body::empty());
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// 405, in the shape of the framework.
pub(super) fn no_such_method(method: &str, accept: Accept) -> Response {
    let detail = json!({ "detail": format!("Method \"{method}\" not allowed.") });
    let mut response = json_value(StatusCode::METHOD_NOT_ALLOWED, accept, &detail);
    response.headers_mut().insert(ALLOW, METHODS);
    response
}

/// 200 to OPTIONS: what the framework tells of a view.
pub(super) fn options(accept: Accept) -> Response {
    let described = json!({
        "name": "Inventory", "description": "Get, create, or update inventory.",
        "renders": [JSON, "text/html"], "parses": [JSON],
    });
    let mut response = json_value(StatusCode::OK, accept, &described);
    response.headers_mut().insert(ALLOW, METHODS);
    response
}

/// 406, in the shape of the framework.
pub(super) fn not_acceptable() -> Response {
    let detail = json!({ "detail": "Could not satisfy the request Accept header." });
    json_value(StatusCode::NOT_ACCEPTABLE, Accept::Json, &detail)
}

/// 404: `format` names no format that there is. In the shape of the framework.
pub(super) fn no_such_format() -> Response {
    json_value(StatusCode::NOT_FOUND, Accept::Json, &json!({ "detail": "Not found." }))
}

/// 403: the framework looks at `Basic` headers itself, and knows no user. In its own shape.
pub(super) fn bad_basic(accept: Accept) -> Response {
    let detail = json!({ "detail": "Invalid basic header, or invalid username/password." });
    json_value(StatusCode::FORBIDDEN, accept, &detail)
}

/// 200 with what is known of an organization. This route says no `success`.
pub(super) fn organization(accept: Accept, name: &str) -> Response {
    let data = json!({ "id": name, "organization_id": name, "name": name, "type": "lab", "public": false });
    json_value(StatusCode::OK, accept, &json!({ "data": data }))
}

/// 404: there is no organization of that name.
pub(super) fn no_such_organization(accept: Accept) -> Response {
    let body = json!({ "error": true, "message": "No organization exists with the given ID." });
    json_value(StatusCode::NOT_FOUND, accept, &body)
}

/// 400: there is such an organization, and the account isn't of its team.
pub(super) fn private_organization(accept: Accept) -> Response {
    let message = "This is a private organization and you are not a team member. Request to join before continuing.";
    json_value(
        StatusCode::BAD_REQUEST,
        accept,
        &json!({ "error": true, "message": message }),
    )
}

/// 401: no key, or none that is known.
pub(super) fn not_authenticated(accept: Accept, flavour: &Flavour) -> Response {
    let body = if flavour.newer_auth {
        json!({ "success": false, "data": "Authentication failed." })
    } else {
        json!({ "error": true, "message": "The request was not authenticated. Check that it carries a valid API key." })
    };
    json_value(StatusCode::UNAUTHORIZED, accept, &body)
}

/// 403: no organization, one that isn't the account's, or a deletion by somebody who owns nothing there.
pub(super) fn not_permitted(accept: Accept, flavour: &Flavour, message: &str) -> Response {
    let body = if flavour.newer_auth {
        json!({ "success": false, "data": null, "message": message })
    } else {
        json!({ "error": true, "message": message })
    };
    json_value(StatusCode::FORBIDDEN, accept, &body)
}

/// 400: neither an object nor an array of objects.
pub(super) fn not_recognized(accept: Accept) -> Response {
    let message = "Data not recognized. Please post either a singular object or an array of objects.";
    json_value(
        StatusCode::BAD_REQUEST,
        accept,
        &json!({ "error": true, "message": message }),
    )
}

/// 200 with `data`, which is JSON already.
pub(super) fn success(accept: Accept, data: &[u8]) -> Response {
    let mut json = b"{\"success\":true,\"data\":".to_vec();
    json.extend_from_slice(data);
    json.push(b'}');
    json_text(StatusCode::OK, accept, json)
}

/// 200 with JSON that comes in pieces; an error among them cuts the answer short, which is all that HTTP leaves.
pub(super) fn stream(accept: Accept, first: Vec<u8>, rest: Receiver<Result<Vec<u8>, SandboxError>>) -> Response {
    let html = accept == Accept::Html;
    let pieces = PieceStream {
        first: Some(first),
        rest,
        html,
        started: false,
        ended: false,
    };
    respond(
        StatusCode::OK,
        if html { HTML } else { JSON },
        Body::from_stream(pieces),
    )
}

struct PieceStream {
    first: Option<Vec<u8>>,
    rest: Receiver<Result<Vec<u8>, SandboxError>>,
    html: bool,
    started: bool,
    ended: bool,
}

impl Stream for PieceStream {
    type Item = Result<Bytes, SandboxError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.html && !std::mem::replace(&mut this.started, true) {
            return Poll::Ready(Some(Ok(Bytes::from_static(PAGE_START.as_bytes()))));
        }
        let next = match this.first.take() {
            Some(first) => Some(Ok(first)),
            None => std::task::ready!(this.rest.poll_recv(context)),
        };
        Poll::Ready(match next {
            Some(Ok(piece)) if this.html => Some(Ok(escape(&piece).into())),
            Some(Ok(piece)) => Some(Ok(piece.into())),
            Some(Err(error)) => Some(Err(error)),
            None if this.html && !std::mem::replace(&mut this.ended, true) => {
                Some(Ok(Bytes::from_static(PAGE_END.as_bytes())))
            }
            None => None,
        })
    }
}

/// JSON made safe for a page.
fn escape(json: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len());
    for byte in json {
        match byte {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            other => out.push(*other),
        }
    }
    out
}
