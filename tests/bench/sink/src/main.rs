//! An inventory endpoint to measure against: it reads whole bodies, counts, echoes, and lists a file as fast as it can.
//!
//! Usage: `sink PORT [--delay MILLISECONDS] [--list FILE]`. FILE holds one JSON array of flat objects without white space
//! between them, each with an `item_id`; `/api/inventory` answers it as the list of an organization, complete and in both
//! orders, and `/list.json` as it stands. `/stats` answers what has arrived since `/reset`.

use std::convert::Infallible;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};

/// How long a list is that says nothing of its limit, as the API cuts it.
const CUT: usize = 1000;

#[derive(Default)]
struct Sink {
    delay: Duration,
    list: List,
    posts: AtomicU64,
    items: AtomicU64,
    connections: AtomicU64,
}

/// Answers to the lists that a client asks for.
struct List {
    plain: Bytes,
    all: Bytes,
    ascending: Bytes,
    descending: Bytes,
}

impl Default for List {
    fn default() -> Self {
        Self::new(Bytes::from_static(b"[]"))
    }
}

impl List {
    fn new(plain: Bytes) -> Self {
        let starts: Vec<usize> = memchr::memmem::find_iter(&plain, b"},{").map(|at| at + 1).collect();
        let mut items: Vec<&[u8]> = Vec::with_capacity(starts.len() + 1);
        let mut from = 1;
        for comma in starts.into_iter().chain([plain.len().saturating_sub(1)]) {
            items.push(plain.get(from..comma).unwrap_or_default());
            from = comma + 1;
        }
        items.retain(|item| !item.is_empty());
        items.sort_unstable_by_key(|item| id(item));
        let some =
            |items: &mut dyn Iterator<Item = &[u8]>| envelope(&items.take(CUT).collect::<Vec<_>>().join(&b","[..]));
        let (ascending, descending) = (some(&mut items.iter().copied()), some(&mut items.iter().rev().copied()));
        let inner = plain.get(1..plain.len().saturating_sub(1)).unwrap_or_default();
        Self {
            all: envelope(inner),
            ascending,
            descending,
            plain,
        }
    }
}

fn id(item: &[u8]) -> &[u8] {
    const KEY: &[u8] = b"\"item_id\":\"";
    let from = memchr::memmem::find(item, KEY).map_or(item.len(), |at| at + KEY.len());
    let rest = item.get(from..).unwrap_or_default();
    rest.get(..memchr::memchr(b'"', rest).unwrap_or(0)).unwrap_or_default()
}

fn envelope(items: &[u8]) -> Bytes {
    Bytes::from([b"{\"success\":true,\"data\":[", items, b"]}"].concat())
}

impl Sink {
    async fn answer(&self, request: Request<Incoming>) -> Bytes {
        if request.method() == Method::POST {
            let Ok(body) = request.into_body().collect().await.map(|body| body.to_bytes()) else {
                return Bytes::new();
            };
            self.posts.fetch_add(1, Relaxed);
            let items = memchr::memmem::find_iter(&body, b"\"item_id\"").count() as u64;
            self.items.fetch_add(items, Relaxed);
            if !self.delay.is_zero() {
                tokio::time::sleep(self.delay).await;
            }
            let mut echo = Vec::with_capacity(body.len() + 32);
            echo.extend_from_slice(b"{\"success\":true,\"data\":");
            echo.extend_from_slice(&body);
            echo.push(b'}');
            return echo.into();
        }
        let query = request.uri().query().unwrap_or_default();
        match request.uri().path() {
            "/reset" => {
                for count in [&self.posts, &self.items, &self.connections] {
                    count.store(0, Relaxed);
                }
                Bytes::from_static(b"{}")
            }
            "/stats" => format!(
                "{{\"posts\":{},\"items\":{},\"connections\":{}}}",
                self.posts.load(Relaxed),
                self.items.load(Relaxed),
                self.connections.load(Relaxed)
            )
            .into(),
            "/list.json" => self.list.plain.clone(),
            "/api/inventory" if query.contains("desc=1") => self.list.descending.clone(),
            "/api/inventory" if query.contains("limit=") => self.list.all.clone(),
            "/api/inventory" => self.list.ascending.clone(),
            _ => Bytes::from_static(b"{\"success\":true,\"data\":{}}"),
        }
    }
}

async fn serve(sink: Arc<Sink>, port: u16) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        sink.connections.fetch_add(1, Relaxed);
        let sink = Arc::clone(&sink);
        let answer = service_fn(move |request| {
            let sink = Arc::clone(&sink);
            async move {
                let mut response = Response::new(Full::new(sink.answer(request).await));
                let json = hyper::header::HeaderValue::from_static("application/json");
                response.headers_mut().insert(hyper::header::CONTENT_TYPE, json);
                Ok::<_, Infallible>(response)
            }
        });
        tokio::spawn(async move {
            // A client that goes away is its own affair.
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), answer)
                .await;
        });
    }
}

fn options() -> Option<(u16, Sink)> {
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next()?.parse().ok()?;
    let mut sink = Sink::default();
    while let Some(option) = arguments.next() {
        let value = arguments.next()?;
        match option.as_str() {
            "--delay" => sink.delay = Duration::from_millis(value.parse().ok()?),
            "--list" => sink.list = List::new(std::fs::read(value).ok()?.into()),
            _ => return None,
        }
    }
    Some((port, sink))
}

fn main() -> ExitCode {
    let Some((port, sink)) = options() else {
        eprintln!("sink PORT [--delay MILLISECONDS] [--list FILE]");
        return ExitCode::from(2);
    };
    // One thread, so that a client keeps the other processors to itself.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    match runtime.and_then(|runtime| runtime.block_on(serve(Arc::new(sink), port))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
