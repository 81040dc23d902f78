//! Host names become addresses by the system's resolver, on a thread of its own, because it blocks.
//!
//! tokio's own way panics where the system gives no thread. Here the thread that waits for the answer resolves the name
//! itself in that case.
//!
//! Doesn't belong here: connections.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::thread::Builder;
use std::vec::IntoIter;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::oneshot;

/// The system's resolver.
pub(super) struct Names;

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let (found, answer) = oneshot::channel();
            let resolving = Builder::new().name("names".to_owned()).spawn(move || {
                // A request that was given up waits for no answer.
                let _ = found.send(addresses(&host));
            });
            let addresses = match resolving {
                Ok(_) => answer.await?,
                Err(_) => addresses(name.as_str()),
            };
            Ok(Box::new(addresses?) as Addrs)
        })
    }
}

/// The addresses of a host. The port is the URL's, which replaces this one.
fn addresses(host: &str) -> io::Result<IntoIter<SocketAddr>> {
    (host, 0).to_socket_addrs()
}
