//! A proxy that does as it is told: HTTP (CONNECT, and plain requests that it forwards) or SOCKS5, with or without a user and
//! a password; and a server that speaks TLS before a server that doesn't.

use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::wire::WireRequest;

/// What a proxy does.
#[derive(Clone, Debug)]
pub(crate) enum Manner {
    /// Connects, and forwards.
    Good,
    /// Asks for the user and the password, `user:password` in Base64 for HTTP and as it is for SOCKS5.
    Wants(&'static str),
    /// Answers each request with this.
    Says(&'static str),
    /// Reads the request, and closes the connection.
    Closes,
    /// Says nothing.
    Silent,
    /// Connects, and closes both connections after so many bytes of answers.
    DiesAfter(usize),
}

/// A proxy of this machine. Whatever host it is asked for, it connects to `to`.
pub(crate) struct TestProxy {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    manner: Arc<Mutex<Manner>>,
}

impl TestProxy {
    pub(crate) fn http(to: SocketAddr, manner: Manner) -> Self {
        Self::start(to, manner, http)
    }

    pub(crate) fn socks5(to: SocketAddr, manner: Manner) -> Self {
        Self::start(to, manner, socks5)
    }

    fn start(to: SocketAddr, manner: Manner, serve: fn(TcpStream, SocketAddr, &Manner, &Mutex<Vec<String>>)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, manner) = (Arc::<Mutex<Vec<String>>>::default(), Arc::new(Mutex::new(manner)));
        let (log, current) = (Arc::clone(&seen), Arc::clone(&manner));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, manner) = (Arc::clone(&log), current.lock().unwrap().clone());
                thread::spawn(move || serve(stream, to, &manner, &log));
            }
        });
        Self { address, seen, manner }
    }

    /// What the connections asked for so far: `CONNECT api.corp.test:443`.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// What it does with connections from now on.
    pub(crate) fn behave(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }
}

fn http(stream: TcpStream, to: SocketAddr, manner: &Manner, seen: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let Ok(Some(request)) = WireRequest::read(&mut reader) else {
        return;
    };
    seen.lock()
        .unwrap()
        .push(format!("{} {}", request.method, request.target));
    let say = |text: &str| drop((&stream).write_all(text.as_bytes()));
    let is_welcome = match manner {
        Manner::Wants(login) => request.header("proxy-authorization") == Some(&format!("Basic {login}")),
        _ => true,
    };
    match manner {
        Manner::Says(text) => return say(text),
        Manner::Closes => return,
        Manner::Silent => thread::sleep(super::faulty::FOR_EVER),
        _ if !is_welcome => {
            return say(
                "HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\ncontent-length: 0\r\n\r\n",
            );
        }
        _ => {}
    }
    let Ok(onward) = TcpStream::connect(to) else { return };
    if request.method == "CONNECT" {
        say("HTTP/1.1 200 Connection established\r\n\r\n");
    } else {
        (&onward).write_all(&raw(&request)).unwrap();
    }
    join(stream, onward, manner);
}

fn socks5(stream: TcpStream, to: SocketAddr, manner: &Manner, seen: &Mutex<Vec<String>>) {
    let Ok(asked) = agreed(&stream, manner) else { return };
    seen.lock().unwrap().push(asked);
    let say = |bytes: &[u8]| drop((&stream).write_all(bytes));
    match manner {
        // Its own words, as the reply to a request: refused by rules (2), say.
        Manner::Says(code) => return say(&[5, code.parse().unwrap(), 0, 1, 0, 0, 0, 0, 0, 0]),
        Manner::Closes => return,
        Manner::Silent => thread::sleep(super::faulty::FOR_EVER),
        _ => say(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
    }
    let Ok(onward) = TcpStream::connect(to) else { return };
    join(stream, onward, manner);
}

/// The host and port that a client asks for, once the two have agreed on a user or none (RFC 1928, RFC 1929).
fn agreed(mut stream: &TcpStream, manner: &Manner) -> io::Result<String> {
    let mut answer = stream.try_clone()?;
    let mut bytes = |length: usize| {
        let mut bytes = vec![0; length];
        stream.read_exact(&mut bytes).map(|()| bytes)
    };
    let methods = bytes(2)?[1];
    let methods = bytes(methods.into())?;
    if let Manner::Wants(login) = manner {
        if !methods.contains(&2) {
            answer.write_all(&[5, 0xFF])?;
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        answer.write_all(&[5, 2])?;
        let user = bytes(2)?[1];
        let user = bytes(user.into())?;
        let password = bytes(1)?[0];
        let password = bytes(password.into())?;
        let given = [user, password].map(|part| String::from_utf8(part).unwrap()).join(":");
        answer.write_all(&[1, u8::from(given != *login)])?;
    } else {
        answer.write_all(&[5, 0])?;
    }
    let host = match bytes(4)?[3] {
        1 => bytes(4)?.iter().map(u8::to_string).collect::<Vec<_>>().join("."),
        3 => {
            let length = bytes(1)?[0];
            String::from_utf8(bytes(length.into())?).unwrap()
        }
        _ => format!("{:?}", bytes(16)?),
    };
    let port = bytes(2)?;
    Ok(format!("{host}:{}", u16::from_be_bytes([port[0], port[1]])))
}

/// Passes bytes both ways until one end closes.
fn join(client: TcpStream, server: TcpStream, manner: &Manner) {
    let (mut from_client, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || {
        drop(io::copy(&mut from_client, &mut to_server));
        drop(to_server.shutdown(Shutdown::Write));
    });
    let most = match manner {
        Manner::DiesAfter(bytes) => *bytes as u64,
        _ => u64::MAX,
    };
    drop(io::copy(&mut (&server).take(most), &mut &client));
    for stream in [client, server] {
        drop(stream.shutdown(Shutdown::Both));
    }
}

/// A request as it came.
fn raw(request: &WireRequest) -> Vec<u8> {
    let mut head = format!("{} {} HTTP/1.1\r\n", request.method, request.target);
    for (name, value) in &request.headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    let mut all = (head + "\r\n").into_bytes();
    all.extend_from_slice(&request.body);
    all
}

/// A file beside the server's certificate: `ca.pem` signed it; it is for `api.corp.test`, `localhost` and `127.0.0.1`.
pub(crate) fn pem(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/integration/support/tls")
        .join(name)
}

/// Speaks TLS before a server of plain http, one request a connection.
pub(crate) fn tls_before(server: &str) -> SocketAddr {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let server: SocketAddr = server
        .trim_start_matches("http://")
        .trim_end_matches("/api")
        .parse()
        .unwrap();
    let certificate = CertificateDer::from_pem_file(pem("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(pem("server.key")).unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    let config = Arc::new(config.with_single_cert(vec![certificate], key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            thread::spawn(move || drop(answer(StreamOwned::new(tls, stream), server)));
        }
    });
    address
}

fn answer(stream: StreamOwned<ServerConnection, TcpStream>, server: SocketAddr) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let Some(request) = WireRequest::read(&mut reader)? else {
        return Ok(());
    };
    let mut onward = TcpStream::connect(server)?;
    let mut request = request;
    request.headers.push(("connection".to_owned(), "close".to_owned()));
    onward.write_all(&raw(&request))?;
    let mut answer = BufReader::new(onward);
    let (mut head, mut length) = (String::new(), None);
    while answer.read_line(&mut head)? > 2 {
        let line = head.lines().next_back().unwrap_or_default().to_ascii_lowercase();
        if let Some(text) = line.strip_prefix("content-length:") {
            length = Some(text.trim().parse().unwrap());
        }
    }
    let mut body = vec![0; length.unwrap_or(0)];
    match length {
        Some(_) => answer.read_exact(&mut body)?,
        None => drop(answer.read_to_end(&mut body)?),
    }
    let stream = reader.get_mut();
    let head = head.trim_end().to_owned() + "\r\nconnection: close\r\n\r\n";
    stream.write_all(&[head.as_bytes(), &body].concat())?;
    stream.conn.send_close_notify();
    stream.flush()?;
    stream.sock.set_read_timeout(Some(Duration::from_secs(1)))?;
    stream.sock.shutdown(Shutdown::Write)
}
