//! A scripted HTTP server for the tests of this crate: it answers what a test tells it to, broken answers included, and
//! remembers what it was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Backoff, Client, Endpoint, Key, Network};

/// The key that test clients send.
pub(crate) const KEY: &str = "s3cret-k3y";

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// `GET`, `POST`, `DELETE`.
    pub(crate) method: String,
    /// Path and query, as sent.
    pub(crate) target: String,
    /// The header lines, as sent.
    pub(crate) headers: Vec<String>,
    /// The body.
    pub(crate) body: String,
}

impl Seen {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// What the server does with a request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Writes these bytes and keeps the connection.
    Raw(Vec<u8>),
    /// Writes these bytes and closes the connection.
    Close(Vec<u8>),
    /// Writes these bytes one at a time.
    Drip(Vec<u8>),
    /// Writes these bytes, then a blank now and then, until the test ends.
    Trickle(Vec<u8>),
    /// Writes these pieces, with a pause before each.
    Pieces(Vec<Vec<u8>>, Duration),
    /// Writes these bytes, then nothing more, until the test ends.
    Hang(Vec<u8>),
}

/// A JSON answer.
pub(crate) fn json(status: u16, body: &str) -> Reply {
    with(status, "Content-Type: application/json\r\n", body)
}

/// A web page.
pub(crate) fn html(status: u16, body: &str) -> Reply {
    with(status, "Content-Type: text/html\r\n", body)
}

/// An answer with these header lines (each ended by CR LF).
pub(crate) fn with(status: u16, headers: &str, body: &str) -> Reply {
    let head = format!(
        "HTTP/1.1 {status} Status\r\nContent-Length: {}\r\n{headers}\r\n",
        body.len()
    );
    Reply::Raw([head.as_bytes(), body.as_bytes()].concat())
}

type Script = Box<dyn FnMut(&Seen) -> Reply + Send>;

/// The server; it ends when it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    over: Arc<AtomicBool>,
    connections: Arc<AtomicUsize>,
}

impl Server {
    /// Answers each request by the script.
    pub(crate) fn start(script: impl FnMut(&Seen) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let over = Arc::new(AtomicBool::new(false));
        let script: Arc<Mutex<Script>> = Arc::new(Mutex::new(Box::new(script)));
        let connections = Arc::new(AtomicUsize::new(0));
        let (log, done, accepted) = (Arc::clone(&seen), Arc::clone(&over), Arc::clone(&connections));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                accepted.fetch_add(1, Ordering::Relaxed);
                let (script, log, done) = (Arc::clone(&script), Arc::clone(&log), Arc::clone(&done));
                std::thread::spawn(move || serve(stream, &script, &log, &done));
            }
        });
        Self {
            address,
            seen,
            over,
            connections,
        }
    }

    /// Answers the requests with these replies, in turn; where they are used up, connections are closed unanswered.
    pub(crate) fn replies(replies: impl IntoIterator<Item = Reply>) -> Self {
        let mut replies = replies.into_iter().collect::<Vec<_>>().into_iter();
        Self::start(move |_| replies.next().unwrap_or(Reply::Close(Vec::new())))
    }

    /// What has been asked.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// How many connections have been made.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// The base for a client.
    pub(crate) fn base(&self) -> String {
        format!("http://{}/api", self.address)
    }

    /// An endpoint here: organization `org`, no retries, a patience that no test waits for.
    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint {
            base: self.base(),
            org: "org".to_owned(),
            key: Key::new(KEY).unwrap(),
            again: None,
            timeout: Duration::from_secs(30),
            retries: 0,
            connections: 2,
            network: Network::default(),
        }
    }

    /// A client of this server that repeats at once, so many times.
    pub(crate) fn client(&self, retries: u32) -> Client {
        let backoff = Backoff {
            base: Duration::ZERO,
            ceiling: Duration::ZERO,
            retries,
        };
        Client::new(&Endpoint {
            retries,
            ..self.endpoint()
        })
        .unwrap()
        .with_backoff(backoff)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // Wakes the listener, which then sees that it is over.
        drop(TcpStream::connect(self.address));
    }
}

fn serve(mut stream: TcpStream, script: &Mutex<Script>, log: &Mutex<Vec<Seen>>, over: &AtomicBool) {
    let Ok(copy) = stream.try_clone() else { return };
    let mut reader = BufReader::new(copy);
    while let Some(seen) = request(&mut reader) {
        log.lock().unwrap().push(seen.clone());
        let reply = (script.lock().unwrap())(&seen);
        match reply {
            Reply::Raw(bytes) => {
                if stream.write_all(&bytes).is_err() {
                    return;
                }
            }
            Reply::Drip(bytes) => {
                for byte in bytes {
                    if stream.write_all(&[byte]).and_then(|()| stream.flush()).is_err() {
                        return;
                    }
                }
            }
            Reply::Trickle(bytes) => {
                let mut written = stream.write_all(&bytes);
                while written.is_ok() && !over.load(Ordering::Relaxed) {
                    std::thread::sleep(Duration::from_millis(20));
                    written = stream.write_all(b" ");
                }
                return;
            }
            Reply::Pieces(pieces, pause) => {
                for piece in pieces {
                    std::thread::sleep(pause);
                    if stream.write_all(&piece).is_err() {
                        return;
                    }
                }
            }
            Reply::Close(bytes) => {
                let _ = stream.write_all(&bytes);
                return;
            }
            Reply::Hang(bytes) => {
                let _ = stream.write_all(&bytes);
                while !over.load(Ordering::Relaxed) {
                    std::thread::sleep(Duration::from_millis(5));
                }
                return;
            }
        }
    }
}

fn request(reader: &mut impl BufRead) -> Option<Seen> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        headers.push(line.to_owned());
    }
    let mut seen = Seen {
        method,
        target,
        headers,
        body: String::new(),
    };
    let length = seen.header("content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
    reader.take(length).read_to_string(&mut seen.body).ok()?;
    Some(seen)
}
