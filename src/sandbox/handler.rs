//! The contract: what each request does and is answered. Everything the vendor's server was seen to do wrong is here
//! on purpose; the sentences quoted as traps are those of the API contract.
//!
//! Doesn't belong here: HTTP (`server`), Firestore's rules (`document`).

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{Method, Uri};
use axum::response::Response;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::accounts::Account;
use super::document::{self, Poison};
use super::listing::{self, Selection, Unservable, with_id};
use super::python::{self, Parsed};
use super::request::{Accept, Query, Received, Route, receive};
use super::store::{Posting, Stamp};
use super::{Flavour, SandboxError, Store, answer};
use crate::item::ITEM_ID;

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
    /// The documents that a list is to be made of, one for each character.
    items: Option<String>,
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
    match permit(&app, &head) {
        Err(answer) => *answer,
        Ok(permitted) if head.method == Method::GET => {
            if permitted.id.is_some() {
                get(app, permitted).await
            } else if permitted.items.is_some() {
                each(app, permitted).await
            } else {
                list(app, permitted).await
            }
        }
        Ok(permitted) => {
            let Received::Whole(body) = received else {
                return answer::bad_request();
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
    }
}

/// All that is decided without the body, in the order of the vendor's server: the path, the form of the answer, the
/// framework's own look at the header, the method, the key, the organization.
fn permit(app: &App, head: &Parts) -> Result<Permitted, Box<Response>> {
    let reads = matches!(head.method, Method::GET | Method::HEAD | Method::OPTIONS);
    let route = match Route::of(head.uri.path()) {
        Route::Slash(bare) => return refuse(answer::moved(&with_query(&bare, &head.uri))),
        Route::Index | Route::Console | Route::Unknown if !reads => return refuse(answer::forgery()),
        Route::Console => return refuse(answer::console()),
        Route::Unknown => return refuse(answer::server_error()),
        route => route,
    };
    let query = Query::of(head.uri.query());
    let accept = match Accept::of(&head.headers, query.get("format")) {
        Accept::Neither => return refuse(answer::not_acceptable()),
        Accept::NoFormat => return refuse(answer::no_such_format()),
        accept => accept,
    };
    let authorization = head.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    if authorization.is_some_and(is_basic) {
        return refuse(answer::bad_basic(accept));
    }
    if head.method == Method::OPTIONS {
        return refuse(answer::options(accept));
    }
    let only_read = !matches!(route, Route::Inventory | Route::Item(_));
    if head.method != Method::GET && (only_read || ![Method::POST, Method::DELETE].contains(&head.method)) {
        return refuse(answer::no_such_method(head.method.as_str(), accept));
    }
    let account = app.store.accounts().of(authorization);
    let id = match route {
        Route::Index => return refuse(answer::index(accept)),
        Route::Organization(name) => return refuse(organization(app, account.as_deref(), &name, accept)),
        Route::Item(id) => Some(id),
        _ => None,
    };
    let Some(account) = account else {
        return refuse(answer::not_authenticated(accept, &app.flavour));
    };
    let Some(org) = query.get("organization_id").map(str::to_owned) else {
        return refuse(answer::not_permitted(accept, &app.flavour, NO_ORGANIZATION));
    };
    if !account.may_use(&org) {
        return refuse(answer::not_permitted(accept, &app.flavour, NOT_YOURS));
    }
    let permitted = Permitted {
        items: query.get("items").filter(|items| !items.is_empty()).map(str::to_owned),
        account,
        org,
        id,
        query,
        accept,
    };
    if permitted.org.is_empty() {
        return nameless(permitted, &head.method);
    }
    Ok(permitted)
}

/// An answer that ends the decision early.
fn refuse(answer: Response) -> Result<Permitted, Box<Response>> {
    Err(Box::new(answer))
}

/// The empty text is inside of every organization's name, so that it passes the check. Reading then lists the account's
/// own inventory, whatever the path and `items` name; writing finds no document at a path with an empty part.
fn nameless(permitted: Permitted, method: &Method) -> Result<Permitted, Box<Response>> {
    let own = permitted.account.own().map(str::to_owned);
    match own {
        Some(org) if *method == Method::GET => Ok(Permitted {
            org,
            id: None,
            items: None,
            ..permitted
        }),
        _ => refuse(answer::server_error()),
    }
}

/// The framework reads these headers itself, before the vendor's code does: the first word decides.
fn is_basic(authorization: &str) -> bool {
    let scheme = authorization.split_ascii_whitespace().next();
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic"))
}

/// What the server knows of an organization. It trips where no account asks; the name has to be the whole one.
fn organization(app: &App, account: Option<&Account>, name: &str, accept: Accept) -> Response {
    let Some(account) = account else {
        return answer::server_error();
    };
    if !app.store.organizations().iter().any(|known| known.name == name) {
        answer::no_such_organization(accept)
    } else if account.belongs_to(name) {
        answer::organization(accept, name)
    } else {
        answer::private_organization(accept)
    }
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
        let item = one(&app, &org, &id.unwrap_or_default())?;
        Ok(item.map_or_else(answer::server_error, |item| answer::success(accept, &item)))
    };
    finish(spawn_blocking(work).await.ok())
}

/// A list of the documents that `items` names: the server goes through the text by its characters.
async fn each(app: Arc<App>, Permitted { org, items, accept, .. }: Permitted) -> Response {
    let work = move || {
        let mut list = b"[".to_vec();
        for name in items.unwrap_or_default().chars() {
            let Some(item) = one(&app, &org, &name.to_string())? else {
                return Ok(answer::server_error());
            };
            if list.len() > 1 {
                list.push(b',');
            }
            list.extend(item);
        }
        list.push(b']');
        Ok(answer::success(accept, &list))
    };
    finish(spawn_blocking(work).await.ok())
}

/// A document as an answer shows it, `{}` where there is none; none where the server fails: at a name that Firestore
/// refuses, and at a number that JSON has no word for.
fn one(app: &App, org: &str, id: &str) -> Result<Option<Vec<u8>>, SandboxError> {
    if document::place(id).is_err() {
        return Ok(None);
    }
    Ok(match app.store.get(org, id)? {
        None => Some(b"{}".to_vec()),
        Some((_, Poison(true))) => None,
        Some((body, _)) => {
            let mut item = Vec::with_capacity(body.len() + id.len() + 16);
            with_id(&mut item, id, &body);
            Some(item)
        }
    })
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
    let Some(Parsed { value, surrogates }) = python::parse(body) else {
        return Ok(answer::server_error());
    };
    let (items, is_array) = match value {
        Value::Object(_) => (vec![value], false),
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
    let posting = Posting {
        items,
        surrogates,
        stamp: stamp.as_ref(),
    };
    let posted = app.store.post(&org, posting)?;
    if posted.failed {
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

/// The body is read and parsed before anything else, even where the path names the item: without one, 500. What is
/// deleted is then logged with the whole body as the only change; an array there is an array in an array, so that
/// the server fails after the first item of any.
fn delete(app: &App, permitted: Permitted, body: &[u8]) -> Result<Response, SandboxError> {
    let Permitted {
        account,
        org,
        id,
        accept,
        ..
    } = permitted;
    let Some(Parsed { value, surrogates }) = python::parse(body) else {
        return Ok(answer::server_error());
    };
    if !account.may_delete(&org) {
        return Ok(answer::not_permitted(accept, &app.flavour, NOT_OWNER));
    }
    let named = |item: &Value| item.get(ITEM_ID).map(python::text);
    let id = match (id, &value) {
        (Some(id), _) => Some(id),
        (None, Value::Array(items)) => match items.first() {
            None => return Ok(answer::success(accept, b"[]")),
            Some(first) => named(first),
        },
        (None, Value::Object(_)) => named(&value),
        // Texts, numbers and the like name nothing, and nobody minds.
        (None, _) => return Ok(answer::success(accept, b"[]")),
    };
    let leads = |id: &String| !(surrogates && python::has_half_pair(&Value::from(id.as_str())));
    let Some(id) = id.filter(|id| leads(id) && document::place(id).is_ok()) else {
        return Ok(answer::server_error());
    };
    app.store.delete(&org, &id)?;
    Ok(if !surrogates && document::log_takes(value) {
        answer::success(accept, b"[]")
    } else {
        answer::server_error()
    })
}
