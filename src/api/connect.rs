//! The connections that many posts go through at once: hyper's own client, without what reqwest puts around it. That asks of
//! each request whether a redirect is to be followed, and parses and copies for it; here none is ever followed, and no proxy
//! asked. Certificates are judged as reqwest judges them: by what the system trusts.
//!
//! Doesn't belong here: what is sent (`posts`), what an answer means (`answer`).

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error as Failed};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;

use super::answer::Unsent;
use super::{CONNECTING, IDLE};

/// How long a connection may be silent before it is asked whether it is still there.
const ALIVE: Duration = Duration::from_secs(15);

/// Keeps connections, and makes new ones.
pub(super) type Connections = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Connections to hosts of https; `plain` ones need no certificate, and get none. At most so many idle ones are kept.
pub(super) fn connections(plain: bool, timeout: Duration, most: usize) -> Result<Connections, rustls::Error> {
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    tcp.set_keepalive(Some(ALIVE));
    tcp.set_connect_timeout(Some(timeout.min(CONNECTING)));
    // The other connector looks at the scheme.
    tcp.enforce_http(false);
    let builder = HttpsConnectorBuilder::new().with_tls_config(trust(plain)?);
    let builder = if plain {
        builder.https_or_http()
    } else {
        builder.https_only()
    };
    Ok(Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(most)
        .build(builder.enable_http1().wrap_connector(tcp)))
}

fn trust(plain: bool) -> Result<ClientConfig, rustls::Error> {
    let builder =
        ClientConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions()?;
    let builder = if plain {
        builder.with_root_certificates(RootCertStore::empty())
    } else {
        builder.with_platform_verifier()?
    };
    Ok(builder.with_no_client_auth())
}

/// Why a request got no answer.
pub(super) fn unsent(failed: &Failed) -> Unsent<'_> {
    Unsent {
        error: failed,
        is_connect: failed.is_connect(),
        is_timeout: is_timeout(failed),
    }
}

/// Whether somebody's patience ended.
fn is_timeout(failed: &Failed) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = failed.source();
    while let Some(error) = cause {
        let timed_out = |error: &io::Error| error.kind() == io::ErrorKind::TimedOut;
        if error.downcast_ref().is_some_and(timed_out) || error.downcast_ref().is_some_and(hyper::Error::is_timeout) {
            return true;
        }
        cause = error.source();
    }
    false
}
