//! A server that misbehaves on a schedule ([`schedule`]): a thin front before a real sandbox. It breaks what it is told to break,
//! the same way every time, writes down every request, and fails the test when nobody called it.

mod reordered;
mod schedule;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::BufReader;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use reqwest::blocking::Client;
use serde_json::{Map, Value, json};
use stockport::sandbox::Flavour;

pub(crate) use schedule::{Done, Fault, Rule};

use super::TestSandbox;
use super::http::{Http, client};
use super::wire::{WireAnswer, WireRequest};

/// Longer than any test lasts.
pub(crate) const FOR_EVER: Duration = Duration::from_secs(600);

/// One request, as it was written down.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    /// The time of its arrival, from the server's start.
    pub(crate) at: Duration,
    /// The ids of the items in its body, in their order.
    pub(crate) ids: Vec<String>,
    /// The size of its body.
    pub(crate) bytes: usize,
    /// How many requests were being answered when it came, itself included.
    pub(crate) in_flight: usize,
    /// The status of its answer; none where there was no answer (yet).
    pub(crate) status: Option<u16>,
    /// The fault that it met.
    pub(crate) fault: Option<Fault>,
}

/// The server. When it goes and nobody has called it, the test fails.
pub(crate) struct Faulty {
    url: String,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    sandbox: TestSandbox,
    client: Client,
    runtime: tokio::runtime::Runtime,
    started: Instant,
    rules: Mutex<Vec<Rule>>,
    poisoned: Mutex<BTreeSet<String>>,
    spoiled: Mutex<Option<Value>>,
    meanwhile: Mutex<Vec<Changed>>,
    log: Mutex<Vec<Request>>,
    in_flight: AtomicUsize,
    busy_above: AtomicUsize,
    /// Keys, each with the number of requests that it is still good for.
    expiring: Mutex<Vec<(String, usize)>>,
    /// A key that is as good as that of this organization.
    accepted: Mutex<Option<(String, String)>>,
    connections: Mutex<HashMap<usize, TcpStream>>,
    ended: AtomicBool,
    silence_expected: AtomicBool,
}

/// An organization, one of its ids, and the item that is stored there; none where it is taken away.
type Changed = (String, String, Option<Value>);

impl Faulty {
    /// A server that behaves, until rules say otherwise.
    pub(crate) fn new() -> Self {
        Self::with(Flavour::default())
    }

    /// A server before a sandbox of this flavour.
    pub(crate) fn with(flavour: Flavour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/api", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            sandbox: TestSandbox::with(flavour),
            client: client().timeout(None).build().unwrap(),
            runtime: tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_io()
                .build()
                .unwrap(),
            started: Instant::now(),
            rules: Mutex::default(),
            poisoned: Mutex::default(),
            spoiled: Mutex::default(),
            meanwhile: Mutex::default(),
            log: Mutex::default(),
            in_flight: AtomicUsize::new(0),
            busy_above: AtomicUsize::new(usize::MAX),
            expiring: Mutex::default(),
            accepted: Mutex::default(),
            connections: Mutex::default(),
            ended: AtomicBool::new(false),
            silence_expected: AtomicBool::new(false),
        });
        let acceptor = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || accept(&listener, &shared))
        };
        Self {
            url,
            shared,
            acceptor: Some(acceptor),
        }
    }

    /// Adds a rule; where several would strike, the one added first does.
    pub(crate) fn rule(self, rule: Rule) -> Self {
        self.shared.rules.lock().unwrap().push(rule);
        self
    }

    /// Adds a rule to a server that is in use.
    pub(crate) fn add_rule(&self, rule: Rule) {
        self.shared.rules.lock().unwrap().push(rule);
    }

    /// Takes all rules, poisons and limits back: from now on it behaves.
    pub(crate) fn behave(&self) {
        self.shared.rules.lock().unwrap().clear();
        self.shared.poisoned.lock().unwrap().clear();
        self.shared.busy_above.store(usize::MAX, Ordering::SeqCst);
    }

    /// From now on a request that writes any of these ids saves the items before it and answers 500.
    pub(crate) fn poison<I: Into<String>>(self, ids: impl IntoIterator<Item = I>) -> Self {
        self.shared
            .poisoned
            .lock()
            .unwrap()
            .extend(ids.into_iter().map(Into::into));
        self
    }

    /// From now on so many requests with this key are served; any other is answered 401.
    pub(crate) fn revoke_after(&self, key: &str, requests: usize) {
        self.shared.expiring.lock().unwrap().push((key.to_owned(), requests));
    }

    /// From now on this key is as good as that of an organization.
    #[cfg(unix)]
    pub(crate) fn accept(&self, key: &str, org: &str) {
        *self.shared.accepted.lock().unwrap() = Some((key.to_owned(), self.key(org).to_owned()));
    }

    /// From now on a request is answered 429 while more than so many are being answered.
    pub(crate) fn busy_above(self, requests: usize) -> Self {
        self.shared.busy_above.store(requests, Ordering::SeqCst);
        self
    }

    /// From now on it has time for any number of requests.
    pub(crate) fn not_busy(&self) {
        self.shared.busy_above.store(usize::MAX, Ordering::SeqCst);
    }

    /// It is right that nobody calls: the test fails if somebody does.
    pub(crate) fn expects_silence(self) -> Self {
        self.shared.silence_expected.store(true, Ordering::SeqCst);
        self
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The key of an organization.
    pub(crate) fn key(&self, org: &str) -> &str {
        self.shared.sandbox.sandbox.key_for(org).unwrap()
    }

    /// A plain client of this server.
    pub(crate) fn http(&self, org: &str) -> Http {
        Http::new(&self.url, org, self.key(org))
    }

    /// Everything that was asked, in the order of arrival.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.log.lock().unwrap().clone()
    }

    /// How many requests have come.
    pub(crate) fn seen(&self) -> usize {
        self.shared.log.lock().unwrap().len()
    }

    /// Waits until nothing is being answered any more.
    pub(crate) fn settle(&self) {
        while self.shared.in_flight.load(Ordering::SeqCst) > 0 {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// The requests that wrote, or tried to.
    pub(crate) fn posts(&self) -> Vec<Request> {
        self.requests()
            .into_iter()
            .filter(|request| request.method == "POST")
            .collect()
    }

    /// What is stored, past HTTP.
    pub(crate) fn items(&self, org: &str) -> BTreeMap<String, Map<String, Value>> {
        self.shared.sandbox.sandbox.store().items(org).unwrap()
    }

    /// How many items are stored, past HTTP.
    pub(crate) fn count(&self, org: &str) -> u64 {
        self.shared.sandbox.sandbox.store().count(org).unwrap()
    }

    /// As soon as this item is posted, somebody else stores it so, past HTTP.
    pub(crate) fn spoil(self, item: &Value) -> Self {
        *self.shared.spoiled.lock().unwrap() = Some(item.clone());
        self
    }

    /// As soon as anything is posted, somebody else stores these items of an organization so, or takes them away, past HTTP.
    pub(crate) fn meanwhile(&self, org: &str, items: &[(&str, Option<Value>)]) {
        let changes = items
            .iter()
            .map(|(id, item)| (org.to_owned(), (*id).to_owned(), item.clone()));
        self.shared.meanwhile.lock().unwrap().extend(changes);
    }

    /// Stores items as they are, past HTTP.
    pub(crate) fn fill(&self, org: &str, items: &BTreeMap<String, Map<String, Value>>) {
        for (id, item) in items {
            self.shared.sandbox.sandbox.store().put(org, id, item.clone()).unwrap();
        }
    }

    /// Takes an item away, past HTTP.
    pub(crate) fn remove(&self, org: &str, id: &str) {
        self.shared.sandbox.sandbox.store().delete(org, id).unwrap();
    }

    /// Stores an item as it is under this id, past HTTP.
    pub(crate) fn put_as(&self, org: &str, id: &str, item: &Value) {
        let store = self.shared.sandbox.sandbox.store();
        store.put(org, id, item.as_object().unwrap().clone()).unwrap();
    }

    /// Stores an item as it is, past HTTP; its id is its `item_id`.
    pub(crate) fn put(&self, org: &str, item: &Value) {
        let id = item["item_id"].as_str().unwrap();
        self.shared
            .sandbox
            .sandbox
            .store()
            .put(org, id, item.as_object().unwrap().clone())
            .unwrap();
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        // Wakes the acceptor, which sees that it is over.
        drop(TcpStream::connect(
            self.url.trim_start_matches("http://").trim_end_matches("/api"),
        ));
        if let Some(acceptor) = self.acceptor.take() {
            drop(acceptor.join());
        }
        for stream in self.shared.connections.lock().unwrap().values() {
            drop(stream.shutdown(Shutdown::Both));
        }
        if thread::panicking() {
            return;
        }
        let calls = self.requests().len();
        if self.shared.silence_expected.load(Ordering::SeqCst) {
            assert_eq!(calls, 0, "somebody called the server: {:#?}", self.requests());
        } else {
            assert_ne!(calls, 0, "nobody called the server");
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for (number, stream) in listener.incoming().enumerate() {
        if shared.ended.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let Ok(kept) = stream.try_clone() else { continue };
        shared.connections.lock().unwrap().insert(number, kept);
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            shared.serve(stream);
            shared.connections.lock().unwrap().remove(&number);
        });
    }
}

/// What becomes of a connection after a request.
enum End {
    KeepOpen,
    /// Nothing more is said, for as long as a test could last.
    Hold,
    Close,
    Reset,
}

impl Shared {
    fn serve(&self, stream: TcpStream) {
        stream.set_nodelay(true).unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while let Ok(Some(request)) = WireRequest::read(&mut reader) {
            let in_flight = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
            let end = self.answer(&request, in_flight, &stream);
            self.in_flight.fetch_sub(1, Ordering::SeqCst);
            match end {
                End::KeepOpen => {}
                End::Hold => thread::sleep(FOR_EVER),
                End::Close => {
                    drop(stream.shutdown(Shutdown::Both));
                    return;
                }
                End::Reset => return self.reset(stream),
            }
        }
    }

    /// Ends a connection by a reset, for which the standard library has no words.
    fn reset(&self, stream: TcpStream) {
        let _guard = self.runtime.enter();
        stream.set_nonblocking(true).unwrap();
        let stream = tokio::net::TcpStream::from_std(stream).unwrap();
        stream.set_zero_linger().unwrap();
    }

    fn answer(&self, request: &WireRequest, in_flight: usize, mut stream: &TcpStream) -> End {
        let busy = in_flight > self.busy_above.load(Ordering::SeqCst);
        let fault = if busy {
            Some(Fault::TooMany)
        } else if self.is_expired(request) {
            Some(Fault::BlockedJson(401))
        } else {
            // Every rule counts every request, whether or not another strikes first.
            let mut rules = self.rules.lock().unwrap();
            let about = about(request);
            let struck = rules.iter_mut().map(|rule| rule.fault(&request.method, &about));
            let struck: Vec<Option<Fault>> = struck.collect();
            struck.into_iter().flatten().next()
        };
        let number = self.note(request, in_flight, fault.clone());
        let mut promised = None;
        let (answer, end) = self.misbehave(request, fault.as_ref(), &mut promised);
        let Some(answer) = answer else { return end };
        let promised = promised.unwrap_or(answer.body.len());
        // Before it is written, so that whoever has read it finds it noted.
        self.log.lock().unwrap()[number].status = Some(answer.status);
        match answer.write(&mut stream, promised) {
            Ok(()) => end,
            Err(_) => End::Close,
        }
    }

    fn is_expired(&self, request: &WireRequest) -> bool {
        let key = request.header("authorization").unwrap_or_default();
        let mut expiring = self.expiring.lock().unwrap();
        let Some((_, left)) = expiring.iter_mut().find(|(expires, _)| key.ends_with(expires.as_str())) else {
            return false;
        };
        let is_expired = *left == 0;
        *left = left.saturating_sub(1);
        is_expired
    }

    fn note(&self, request: &WireRequest, in_flight: usize, fault: Option<Fault>) -> usize {
        let mut log = self.log.lock().unwrap();
        log.push(Request {
            method: request.method.clone(),
            path: request.path().to_owned(),
            query: request.query().to_owned(),
            at: self.started.elapsed(),
            ids: ids(&request.body),
            bytes: request.body.len(),
            in_flight,
            status: None,
            fault,
        });
        log.len() - 1
    }

    /// The answer to give, if any, and what becomes of the connection; `promised` is the length to claim where it is
    /// not the true one.
    fn misbehave(
        &self,
        request: &WireRequest,
        fault: Option<&Fault>,
        promised: &mut Option<usize>,
    ) -> (Option<WireAnswer>, End) {
        let too_many = || WireAnswer::json(429, r#"{"detail":"Request was throttled."}"#);
        let answer = match fault {
            Some(Fault::TooMany) => too_many(),
            Some(Fault::TooManySeconds(seconds)) => too_many().with("retry-after", &seconds.to_string()),
            Some(Fault::TooManyDate(seconds)) => {
                let date = SystemTime::now() + Duration::from_secs(*seconds);
                too_many().with("retry-after", &httpdate::fmt_http_date(date))
            }
            Some(Fault::TooManyBySlowClock(seconds)) => {
                let clock = SystemTime::now() - Duration::from_secs(3600);
                let date = clock + Duration::from_secs(*seconds);
                too_many()
                    .with("date", &httpdate::fmt_http_date(clock))
                    .with("retry-after", &httpdate::fmt_http_date(date))
            }
            Some(Fault::Clock(seconds)) => {
                let (now, by) = (SystemTime::now(), Duration::from_secs(seconds.unsigned_abs()));
                let clock = if *seconds < 0 { now - by } else { now + by };
                self.forward(request).with("date", &httpdate::fmt_http_date(clock))
            }
            Some(Fault::ErrorAfter) => {
                self.forward(request);
                WireAnswer::html(500, "Server Error (500)")
            }
            Some(Fault::UnavailableAfter(seconds)) => {
                self.forward(request);
                let page = WireAnswer::html(503, "503 Service Unavailable");
                page.with("retry-after", &seconds.to_string())
            }
            Some(Fault::DroppedAfter) => {
                self.forward(request);
                return (None, End::Close);
            }
            Some(Fault::Reset) => return (None, End::Reset),
            Some(Fault::CutBody) => {
                let mut answer = self.forward(request);
                *promised = Some(answer.body.len());
                answer.body.truncate(answer.body.len() / 2);
                return (Some(answer), End::Close);
            }
            Some(Fault::CutJson) => {
                let mut answer = self.forward(request);
                answer.body.truncate(answer.body.len() / 2);
                answer
            }
            Some(Fault::Stalled) => {
                let mut answer = self.forward(request);
                *promised = Some(answer.body.len());
                answer.body.truncate(answer.body.len() / 2);
                return (Some(answer), End::Hold);
            }
            Some(Fault::Slow(pause)) => {
                let answer = self.forward(request);
                thread::sleep(*pause);
                answer
            }
            Some(Fault::SlowBefore(pause)) => {
                thread::sleep(*pause);
                self.forward(request)
            }
            Some(Fault::SlowAbove(items, pause)) => {
                let answer = self.forward(request);
                if ids(&request.body).len() > *items {
                    thread::sleep(*pause);
                }
                answer
            }
            Some(Fault::NoArrays) if request.method == "POST" && request.body.trim_ascii_start().starts_with(b"[") => {
                let message = "Data not recognized. Please post either a singular object or an array of objects.";
                WireAnswer::json(400, &json!({ "error": true, "message": message }).to_string())
            }
            Some(Fault::WrongItems) if request.method == "POST" => wrong_items(self.forward(request)),
            Some(Fault::NoBodyDelete(status)) if request.is_deletion(false) => refused_deletion(*status),
            Some(Fault::NoPathDelete(status)) if request.is_deletion(true) => refused_deletion(*status),
            Some(Fault::NoDelete) if request.method == "DELETE" => refused_deletion(200),
            Some(Fault::Stores(items)) => {
                let store = self.sandbox.sandbox.store();
                for item in items {
                    let id = item["item_id"].as_str().unwrap();
                    store.put(org(request), id, item.as_object().unwrap().clone()).unwrap();
                }
                self.forward(request)
            }
            Some(Fault::Removes(ids)) => {
                for id in ids {
                    self.sandbox.sandbox.store().delete(org(request), id).unwrap();
                }
                self.forward(request)
            }
            Some(Fault::Swapped(from, to)) => {
                let mut answer = self.forward(request);
                answer.body = String::from_utf8(answer.body).unwrap().replace(from, to).into_bytes();
                answer
            }
            Some(Fault::Answered(status, template, done)) => self.answered(request, *status, template, *done),
            Some(Fault::Reordered(seed)) => reordered::reordered(request, self.forward(request), *seed),
            Some(Fault::Hides(ids)) => without(self.forward(request), ids),
            // One of an answer of its own, or one that is about other requests.
            fault => fault.and_then(refusal).unwrap_or_else(|| self.respell(request, fault)),
        };
        (Some(answer), End::KeepOpen)
    }

    /// Does a post in the server's own spelling, or pretends to; whatever strikes another kind of request leaves it as it is.
    fn respell(&self, request: &WireRequest, fault: Option<&Fault>) -> WireAnswer {
        if request.method != "POST" {
            return self.forward(request);
        }
        let spelled = || respelled(&request.body);
        match fault {
            Some(Fault::EchoesRespelled) => echo(&spelled()),
            Some(Fault::Respells) => self.pass_on(request, spelled()),
            Some(Fault::RespellsUnanswered) => {
                self.pass_on(request, spelled());
                WireAnswer::html(503, "503 Service Unavailable")
            }
            Some(Fault::RespellsSilently) => {
                self.pass_on(request, spelled());
                echo(&request.body)
            }
            _ => self.forward(request),
        }
    }

    /// An answer of this status and text, whatever was done.
    fn answered(&self, request: &WireRequest, status: u16, template: &str, done: Done) -> WireAnswer {
        let data = match done {
            Done::All => self.forward(request).data(),
            Done::Nothing => String::from_utf8_lossy(&request.body).into_owned(),
        };
        WireAnswer::json(status, &template.replace("DATA", &data))
    }

    /// Has the sandbox do it, with what is poisoned left out.
    fn forward(&self, request: &WireRequest) -> WireAnswer {
        let poisoned = self.poisoned.lock().unwrap().clone();
        let writes = request.method == "POST" || request.method == "DELETE";
        if writes
            && !poisoned.is_empty()
            && let Some(place) = ids(&request.body).iter().position(|id| poisoned.contains(id))
        {
            if let Ok(Value::Array(mut items)) = serde_json::from_slice(&request.body) {
                items.truncate(place);
                if !items.is_empty() && request.method == "POST" {
                    self.pass_on(request, Value::Array(items).to_string().into_bytes());
                }
            }
            return WireAnswer::html(500, "Server Error (500)");
        }
        self.pass_on(request, request.body.clone())
    }

    fn change_meanwhile(&self) {
        let store = self.sandbox.sandbox.store();
        for (org, id, item) in self.meanwhile.lock().unwrap().drain(..) {
            match item {
                Some(item) => store.put(&org, &id, item.as_object().unwrap().clone()).unwrap(),
                None => store.delete(&org, &id).unwrap(),
            }
        }
    }

    fn spoil(&self, request: &WireRequest) {
        let mut spoiled = self.spoiled.lock().unwrap();
        let Some(item) = spoiled.take_if(|item| ids(&request.body).iter().any(|id| item["item_id"] == id.as_str()))
        else {
            return;
        };
        let id = item["item_id"].as_str().unwrap();
        let store = self.sandbox.sandbox.store();
        store.put(org(request), id, item.as_object().unwrap().clone()).unwrap();
    }

    fn pass_on(&self, request: &WireRequest, body: Vec<u8>) -> WireAnswer {
        let origin = self.sandbox.sandbox.url().trim_end_matches("/api").to_owned();
        let method = reqwest::Method::from_bytes(request.method.as_bytes()).unwrap();
        let mut onward = self
            .client
            .request(method, format!("{origin}{}", request.target))
            .body(body);
        for name in ["authorization", "accept", "content-type"] {
            if let Some(value) = request.header(name) {
                let accepted = self.accepted.lock().unwrap().clone();
                let known = accepted.filter(|(key, _)| name == "authorization" && value.ends_with(key.as_str()));
                let value = known.map_or(value.to_owned(), |(_, own)| format!("Bearer {own}"));
                onward = onward.header(name, value);
            }
        }
        let answer = onward.send().unwrap();
        if request.method == "POST" {
            self.spoil(request);
            self.change_meanwhile();
        }
        let status = answer.status().as_u16();
        let headers = ["content-type", "location"].into_iter().filter_map(|name| {
            let value = answer.headers().get(name)?.to_str().ok()?;
            Some((name.to_owned(), value.to_owned()))
        });
        let headers = headers.collect();
        WireAnswer {
            status,
            headers,
            body: answer.bytes().unwrap().to_vec(),
        }
    }
}

/// The answer of a fault that does nothing.
fn refusal(fault: &Fault) -> Option<WireAnswer> {
    Some(match fault {
        Fault::ErrorBefore => WireAnswer::json(
            500,
            r#"{"success":false,"data":null,"message":"The database is busy."}"#,
        ),
        Fault::HtmlErrorBefore => WireAnswer::html(500, "Server Error (500)"),
        Fault::Unavailable => WireAnswer::html(503, "503 Service Unavailable"),
        Fault::Blocked(status) => WireAnswer::html(*status, "Request blocked."),
        Fault::BlockedJson(status) => WireAnswer::json(*status, r#"{"message":"Request blocked."}"#),
        Fault::Redirect => WireAnswer::html(302, "Found").with("location", "/api/elsewhere"),
        Fault::ProxyPage => WireAnswer::html(200, "Sign in to the guest network"),
        _ => return None,
    })
}

fn refused_deletion(status: u16) -> WireAnswer {
    match status {
        200 => WireAnswer::json(200, r#"{"success":true,"data":[]}"#),
        status => WireAnswer::json(status, r#"{"success":false,"message":"Not like this."}"#),
    }
}

/// The organization that a request names.
fn org(request: &WireRequest) -> &str {
    let mut parts = request.query().split('&');
    parts.find_map(|part| part.strip_prefix("organization_id=")).unwrap()
}

/// The ids of the items that a request names, in its path or its body.
fn about(request: &WireRequest) -> Vec<String> {
    let named = request.path().split_once("/inventory/").map(|(_, id)| id.to_owned());
    named.into_iter().chain(ids(&request.body)).collect()
}

/// The ids of the items in a body, in their order.
fn ids(body: &[u8]) -> Vec<String> {
    let id = |item: &Value| item.get("item_id").and_then(Value::as_str).map(str::to_owned);
    match serde_json::from_slice(body) {
        Ok(Value::Array(items)) => items.iter().filter_map(id).collect(),
        Ok(item) => id(&item).into_iter().collect(),
        Err(_) => Vec::new(),
    }
}

/// A list without these items; any other answer as it is.
fn without(mut answer: WireAnswer, ids: &[String]) -> WireAnswer {
    if let Ok(mut body) = serde_json::from_slice::<Value>(&answer.body)
        && let Some(items) = body["data"].as_array_mut()
    {
        items.retain(|item| !ids.iter().any(|id| item["item_id"] == id.as_str()));
        answer.body = body.to_string().into_bytes();
    }
    answer
}

/// The answer to a post of this body.
fn echo(body: &[u8]) -> WireAnswer {
    let data: Value = serde_json::from_slice(body).unwrap();
    WireAnswer::json(200, &json!({"success": true, "data": data}).to_string())
}

/// A posted body with every value in the server's own spelling.
fn respelled(body: &[u8]) -> Vec<u8> {
    let mut body: Value = serde_json::from_slice(body).unwrap();
    let items: Vec<&mut Value> = match &mut body {
        Value::Array(items) => items.iter_mut().collect(),
        item => vec![item],
    };
    for item in items {
        let fields = item.as_object_mut().unwrap().iter_mut();
        for (_, value) in fields.filter(|(field, _)| field.as_str() != "item_id") {
            *value = match value.clone() {
                Value::String(text) => json!(text.trim().to_uppercase()),
                Value::Number(number) => json!((number.as_f64().unwrap() * 10.0).round() / 10.0),
                other => other,
            };
        }
    }
    body.to_string().into_bytes()
}

/// The echo of a post, as if others had been posted.
fn wrong_items(mut answer: WireAnswer) -> WireAnswer {
    let Ok(mut body) = serde_json::from_slice::<Value>(&answer.body) else {
        return answer;
    };
    let items = match &mut body["data"] {
        Value::Array(items) => items.as_mut_slice(),
        item => std::slice::from_mut(item),
    };
    for (n, item) in items.iter_mut().enumerate() {
        item["item_id"] = json!(format!("somebody-elses-{n}"));
    }
    answer.body = body.to_string().into_bytes();
    answer
}
