//! The contract: what each request does and is answered. Everything the vendor's server was seen to do wrong is here
//! on purpose; the sentences quoted as traps are those of the API contract.
//!
//! Doesn't belong here: HTTP (`server`), Firestore's rules (`document`).

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{Method, Uri};
use axum::response::Response;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::accounts::Account;
use super::document::{self, Poison};
use super::listing::{self, Selection, Unservable, with_id};
use super::request::{Accept, Query, Received, Route, receive};
use super::store::Stamp;
use super::{Flavour, SandboxError, Store, answer};
use crate::item::ITEM_ID;

/// Above this, the log document that holds the whole body is too large for Firestore: 500 with every item saved.
const MAX_LOGGED_BYTES: usize = 943_718;

/// How many pieces of a list wait for a slow reader.
const PIECES_AHEAD: usize = 4;

const NOT_YOURS: &str =
    "You must be an owner, quality assurance, or a team member of this organization to manage inventory.";
const NO_ORGANIZATION: &str = "An organization_id is needed to manage inventory.";
const NOT_OWNER: &str = "You must be an owner or quality assurance to delete inventory.";

/// What every request is answered from.
struct App {
    store: Arc<Store>,
    flavour: Flavour,
}

/// A request that may be served: by whom, where, on what.
struct Permitted {
    account: Arc<Account>,
    org: String,
    id: Option<String>,
    query: Query,
    accept: Accept,
}

/// The server's routes on a store, for a server of one's own (the tests put theirs in front of it).
pub fn router(store: Arc<Store>, flavour: Flavour) -> Router {
    Router::new()
        .fallback(handle)
        .with_state(Arc::new(App { store, flavour }))
}

async fn handle(State(app): State<Arc<App>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    // Read first, whatever the answer: a client that is still sending wouldn't see it.
    let received = receive(body).await;
    let reads = matches!(head.method, Method::GET | Method::HEAD);
    let id = match Route::of(head.uri.path()) {
        Route::Inventory => None,
        Route::Item(id) => Some(id),
        Route::Slash(bare) => return answer::moved(&with_query(&bare, &head.uri)),
        Route::Unknown => return answer::no_such_path(reads),
    };
    let accept = match Accept::of(&head.headers) {
        Accept::Neither => return answer::not_acceptable(),
        accept => accept,
    };
    if !reads && head.method != Method::POST && head.method != Method::DELETE {
        return answer::no_such_method(head.method.as_str(), accept);
    }
    let authorization = head.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(account) = app.store.accounts().of(authorization) else {
        return answer::not_authenticated(accept, &app.flavour);
    };
    let query = Query::of(head.uri.query());
    let org = query.get("organization_id").unwrap_or_default().to_owned();
    if org.is_empty() {
        return answer::not_permitted(accept, &app.flavour, NO_ORGANIZATION);
    }
    if !account.may_use(&org) {
        return answer::not_permitted(accept, &app.flavour, NOT_YOURS);
    }
    let permitted = Permitted {
        account,
        org,
        id,
        query,
        accept,
    };
    if reads {
        return if permitted.id.is_some() {
            get(app, permitted).await
        } else {
            list(app, permitted).await
        };
    }
    let body = match received {
        Received::Whole(body) => body,
        Received::TooLarge | Received::Lost => return answer::bad_request(),
    };
    let work = move || {
        if head.method == Method::POST {
            post(&app, permitted, &body)
        } else {
            delete(&app, permitted, &body)
        }
    };
    finish(spawn_blocking(work).await.ok())
}

fn with_query(path: &str, uri: &Uri) -> String {
    uri.query()
        .map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"))
}

/// The sandbox's own failures (a full disk, say) are the server's failures.
fn finish(outcome: Option<Result<Response, SandboxError>>) -> Response {
    outcome.and_then(Result::ok).unwrap_or_else(answer::server_error)
}

async fn get(app: Arc<App>, Permitted { org, id, accept, .. }: Permitted) -> Response {
    let work = move || {
        let id = id.unwrap_or_default();
        if document::place(&id).is_err() {
            return Ok(answer::server_error());
        }
        Ok(match app.store.get(&org, &id)? {
            None => answer::success(accept, b"{}"),
            // JSON has no word for such a number, and the server finds none.
            Some((_, Poison(true))) => answer::server_error(),
            Some((body, _)) => {
                let mut item = Vec::with_capacity(body.len() + id.len() + 16);
                with_id(&mut item, &id, &body);
                answer::success(accept, &item)
            }
        })
    };
    finish(spawn_blocking(work).await.ok())
}

async fn list(app: Arc<App>, Permitted { org, query, accept, .. }: Permitted) -> Response {
    let selection = Selection::of(
        query.get("limit"),
        query.get("order_by"),
        query.get("desc"),
        &app.flavour,
    );
    let Ok(selection) = selection else {
        return answer::server_error();
    };
    let (sender, mut receiver) = mpsc::channel(PIECES_AHEAD);
    spawn_blocking(move || {
        let mut take = |piece: Vec<u8>| sender.blocking_send(Ok(piece)).is_ok();
        match listing::write(&app.store, &org, &selection, &mut take) {
            // Nothing was sent: the closed channel says so.
            Ok(Ok(()) | Err(Unservable)) => {}
            // A reader that has gone away doesn't hear of it.
            Err(error) => drop(sender.blocking_send(Err(error))),
        }
    });
    match receiver.recv().await {
        Some(Ok(first)) if first.ends_with(b"]}") && receiver.is_closed() && receiver.is_empty() => {
            answer::json_text(axum::http::StatusCode::OK, accept, first)
        }
        Some(Ok(first)) => answer::stream(accept, first, receiver),
        Some(Err(_)) | None => answer::server_error(),
    }
}

fn post(app: &App, permitted: Permitted, body: &[u8]) -> Result<Response, SandboxError> {
    let Permitted {
        account, org, accept, ..
    } = permitted;
    let Some(data) = document::parse(body) else {
        return Ok(answer::server_error());
    };
    let (items, is_array) = match data {
        Value::Object(_) => (vec![data], false),
        Value::Array(items) if !app.flavour.no_arrays => (items, true),
        _ => return Ok(answer::not_recognized(accept)),
    };
    // The server looks for the last item's id afterwards, and finds none.
    if items.is_empty() {
        return Ok(answer::server_error());
    }
    let stamp = (!app.flavour.no_stamps).then(|| Stamp {
        updated_at: local_time(),
        updated_by: account.uid.clone(),
    });
    let posted = app.store.post(&org, items, stamp.as_ref())?;
    if posted.failed || body.len() > MAX_LOGGED_BYTES {
        return Ok(answer::server_error());
    }
    let echo = posted.echo.join(",");
    let data = if is_array { format!("[{echo}]") } else { echo };
    Ok(answer::success(accept, data.as_bytes()))
}

/// Local time without an offset, to the microsecond, as Python's `datetime.now().isoformat()` writes it.
fn local_time() -> String {
    jiff::ZonedDateTime::now().strftime("%Y-%m-%dT%H:%M:%S.%6f").to_string()
}

/// The body is read and parsed before anything else, even where the path names the item: without one, 500.
fn delete(app: &App, permitted: Permitted, body: &[u8]) -> Result<Response, SandboxError> {
    let Permitted {
        account,
        org,
        id,
        accept,
        ..
    } = permitted;
    let Some(data) = document::parse(body) else {
        return Ok(answer::server_error());
    };
    if !account.may_delete(&org) {
        return Ok(answer::not_permitted(accept, &app.flavour, NOT_OWNER));
    }
    let is_array = data.is_array();
    let named = match (id, &data) {
        (Some(id), _) => Some(id),
        (None, Value::Array(items)) => items
            .first()
            .and_then(|item| item.get(ITEM_ID))
            .and_then(document::id_text),
        (None, data) => data.get(ITEM_ID).and_then(document::id_text),
    };
    let Some(place) = named.as_deref().map(document::place) else {
        // Text, numbers and the like are passed over in silence; an object or array has to name an item.
        let passed_over = !data.is_object() && !is_array;
        return Ok(if passed_over {
            answer::success(accept, b"[]")
        } else {
            answer::server_error()
        });
    };
    if place.is_err() {
        return Ok(answer::server_error());
    }
    app.store.delete(&org, named.as_deref().unwrap_or_default())?;
    // An array loses its first item, and the server trips over the second round.
    Ok(if is_array {
        answer::server_error()
    } else {
        answer::success(accept, b"[]")
    })
}
