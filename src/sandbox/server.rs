//! A sandbox that runs: a listener on loopback, a thread of its own, a clean end.
//!
//! Doesn't belong here: what is answered (`handler`).

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::serve::ListenerExt;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use crate::parallel::guarded;

use super::{DEFAULT_ORG, Options, Organization, SandboxError, Store, router};

/// How long the end waits for requests that are still being answered.
const FAREWELL: Duration = Duration::from_secs(2);

/// How long a thread of the pool waits for work: longer than any run.
const FOREVER: Duration = Duration::from_secs(10 * 365 * 24 * 3_600);

/// An inventory server on 127.0.0.1, which ends when this value does.
#[derive(Debug)]
pub struct Sandbox {
    url: String,
    store: Arc<Store>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sandbox {
    /// Opens the folder and listens; returns when requests are taken.
    pub fn start(options: Options) -> Result<Self, SandboxError> {
        let store = Arc::new(Store::open(&options.dir, &options.orgs)?);
        let port = options.port;
        let refused = |cause| SandboxError::Port { port, cause };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(refused)?;
        listener.set_nonblocking(true).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let runtime = runtime().map_err(SandboxError::Start)?;
        let listener = {
            let _guard = runtime.enter();
            tokio::net::TcpListener::from_std(listener).map_err(SandboxError::Start)?
        };
        let routes = router(Arc::clone(&store), options.traits);
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("sandbox".to_owned())
            .spawn(move || serve(runtime, listener, routes, stopped))
            .map_err(SandboxError::Start)?;
        Ok(Self {
            url: format!("http://{address}/api"),
            store,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The API's base, without a trailing slash (`http://127.0.0.1:8000/api`).
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its organizations, in the order in which they were added; each with the key of an account that owns it.
    /// The first one's key owns all of them, so that one account can migrate; every other key owns just its own.
    #[must_use]
    pub fn organizations(&self) -> &[Organization] {
        self.store.organizations()
    }

    /// The organization that is meant where none is named.
    #[must_use]
    pub fn default_org(&self) -> &str {
        DEFAULT_ORG
    }

    /// The key to use for an organization; none where the sandbox has no such organization.
    #[must_use]
    pub fn key_for(&self, org: &str) -> Option<&str> {
        self.organizations()
            .iter()
            .find(|known| known.name == org)
            .map(|known| known.key.as_str())
    }

    /// What it keeps, for whoever wants to look or put past HTTP.
    #[must_use]
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Blocks for as long as the server runs, which is until the process ends.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has ended too.
            drop(thread.join());
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // A server that has ended already doesn't listen.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// The threads of a server: the one that calls it does the HTTP, and a pool of others the work on the store. tokio panics where
/// not even the pool's first thread can be started, and queues the work where later ones can't: so the first one is started
/// here, and stays.
fn runtime() -> io::Result<Runtime> {
    let runtime = Builder::new_current_thread()
        .thread_name("sandbox")
        .thread_keep_alive(FOREVER)
        .enable_all()
        .build()?;
    match guarded(|| drop(runtime.spawn_blocking(|| ()))) {
        Some(()) => Ok(runtime),
        None => Err(io::Error::other("the system refuses a thread")),
    }
}

fn serve(runtime: Runtime, listener: tokio::net::TcpListener, routes: axum::Router, stopped: oneshot::Receiver<()>) {
    // Without this, small answers wait for the client's acknowledgement of the last one. Where it can't be set, they wait.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    runtime.block_on(async move {
        let (say_stop, hear_stop) = oneshot::channel::<()>();
        let server = axum::serve(listener, routes).with_graceful_shutdown(async {
            drop(hear_stop.await);
        });
        let server = tokio::spawn(async move { server.await });
        drop(stopped.await);
        drop(say_stop);
        drop(tokio::time::timeout(FAREWELL, server).await);
    });
    runtime.shutdown_timeout(FAREWELL);
}
