//! The way to a host: through a proxy or directly, and which certificate authorities are trusted beside the system's.
//!
//! Belongs here: a proxy's address, the list of hosts that are reached directly, certificates in PEM, and how every client is
//! set up. Doesn't: where these settings are read (`config`), what a failed connection means (`answer`).

use std::fmt;
use std::net::IpAddr;

use reqwest::redirect::Policy;
use reqwest::{Certificate, ClientBuilder, Url};
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::address::{encode, is_loopback};
use super::error::{ApiError, ProxyFault};
use super::names::Names;

/// The `User-Agent` of every request.
const AGENT: &str = concat!("stockport/", env!("CARGO_PKG_VERSION"));

/// The schemes of proxies, with their ports.
const SCHEMES: [(&str, u16); 4] = [("http", 80), ("https", 443), ("socks5", 1080), ("socks5h", 1080)];

/// How hosts are reached; by default directly, with the system's certificate authorities.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// The proxy.
    pub proxy: Option<Proxy>,
    /// The hosts that are reached without it, as `NO_PROXY` lists them.
    pub direct: String,
    /// The authorities that are trusted beside the system's.
    pub authorities: Authorities,
    /// A variable that names a proxy which is not used.
    pub ignored: Option<&'static str>,
}

/// A proxy. Its user and password can't be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    scheme: &'static str,
    /// `host:port`.
    address: String,
    /// `user:password`, percent-encoded; empty without one.
    login: String,
    is_loopback: bool,
}

/// Certificates of authorities.
#[derive(Clone, Debug, Default)]
pub struct Authorities(Vec<Certificate>);

/// Why a file gives no authorities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaFault {
    /// It holds none.
    #[error("it holds no certificate in PEM format (-----BEGIN CERTIFICATE-----)")]
    Empty,
    /// It is a certificate in binary form.
    #[error("it is in binary format (DER); PEM is needed")]
    Der,
    /// One can't be read, counted from 1.
    #[error("its certificate number {0} is damaged")]
    Damaged(usize),
}

impl Network {
    /// The proxy that a request to this address goes through.
    pub(super) fn proxy_for(&self, url: &Url) -> Option<&Proxy> {
        self.proxy.as_ref().filter(|_| !is_listed(&self.direct, url))
    }

    /// How a request to this base goes, for a person; none where the base is no URL.
    #[must_use]
    pub fn way_to(&self, base: &str) -> Option<&Proxy> {
        self.proxy_for(&Url::parse(base).ok()?)
    }

    /// A client of this address, with what all clients have in common: the proxy, the certificates, no redirects, no
    /// repetitions of its own. Plain http is never sent through a proxy on another machine, as the proxy could read it.
    pub(super) fn builder(&self, url: &Url) -> Result<ClientBuilder, ApiError> {
        // An error means that an earlier client of this process has installed it.
        let _ = ring::default_provider().install_default();
        let is_plain = url.scheme() == "http";
        let mut builder = reqwest::Client::builder()
            .user_agent(AGENT)
            .dns_resolver(Names)
            .no_proxy()
            .redirect(Policy::none())
            // Whether a request is sent again is decided elsewhere (`retry`). Told so in numbers, it
            // makes no copy of each to send again.
            .retry(reqwest::retry::never().max_retries_per_request(0))
            .referer(false);
        let proxy = self.proxy_for(url);
        if let Some(proxy) = proxy {
            if is_plain && !proxy.is_loopback {
                return Err(ApiError::proxy(Some(proxy), ProxyFault::Plain));
            }
            let proxy = reqwest::Proxy::all(proxy.url());
            builder = builder.proxy(proxy.map_err(|error| ApiError::NoCertificates(error.without_url().to_string()))?);
        }
        Ok(if is_plain && proxy.is_none_or(|proxy| proxy.scheme != "https") {
            // No certificate is ever looked at, so a system without any is no obstacle.
            builder.tls_certs_only([])
        } else {
            let authorities = self.authorities.0.iter().cloned();
            builder.https_only(!is_plain).tls_certs_merge(authorities)
        })
    }
}

impl ApiError {
    /// What a proxy did; one that nobody configured has no name.
    pub(super) fn proxy(proxy: Option<&Proxy>, fault: ProxyFault) -> Self {
        let proxy = proxy.map(ToString::to_string);
        Self::Proxy { proxy, fault }
    }
}

impl Proxy {
    /// Reads an address; without a scheme it is http, as other programs read it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.trim().split_once("://").unwrap_or(("http", text.trim()));
        let known = SCHEMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(scheme));
        let (scheme, usual) = known?;
        // The same form for all schemes, so that the host is checked in the same way.
        let url = Url::parse(&format!("http://{rest}")).ok()?;
        let host = url.host_str().unwrap_or_default();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
        let is_more = url.path() != "/" || url.query().is_some() || url.fragment().is_some();
        if host.is_empty() || !host.chars().all(is_plain) || is_more {
            return None;
        }
        // A URL of http loses its usual port.
        let port = match url.port() {
            None if rest.trim_end_matches('/').ends_with(":80") => 80,
            port => port.unwrap_or(*usual),
        };
        let login = match (url.username(), url.password()) {
            ("", None) => String::new(),
            (user, password) => format!("{user}:{}", password.unwrap_or_default()),
        };
        Some(Self {
            scheme,
            address: format!("{host}:{port}"),
            login,
            is_loopback: is_loopback(&url),
        })
    }

    /// The same proxy with this user and password.
    #[must_use]
    pub fn with_login(self, user: &str, password: &str) -> Self {
        Self {
            login: format!("{}:{}", encode(user), encode(password)),
            ..self
        }
    }

    /// Whether it is given a user and a password.
    #[must_use]
    pub fn has_login(&self) -> bool {
        !self.login.is_empty()
    }

    /// Whether it forwards requests of plain http, instead of opening a connection to their host.
    pub(super) fn forwards(&self) -> bool {
        self.scheme.starts_with("http")
    }

    fn url(&self) -> String {
        let at = if self.has_login() { "@" } else { "" };
        format!("{}://{}{at}{}", self.scheme, self.login, self.address)
    }
}

/// The address, without user and password.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({}://{self})", self.scheme)
    }
}

impl Authorities {
    /// Reads certificates in PEM.
    pub fn parse(text: &[u8]) -> Result<Self, CaFault> {
        // A certificate's DER begins with a sequence of a length in two bytes.
        if text.starts_with(&[0x30, 0x82]) {
            return Err(CaFault::Der);
        }
        let mut all = Vec::new();
        let mut store = RootCertStore::empty();
        for (index, found) in CertificateDer::pem_slice_iter(text).enumerate() {
            let damaged = CaFault::Damaged(index.saturating_add(1));
            let found = found.map_err(|_| damaged)?;
            all.push(Certificate::from_der(&found).map_err(|_| damaged)?);
            store.add(found).map_err(|_| damaged)?;
        }
        if all.is_empty() {
            return Err(CaFault::Empty);
        }
        Ok(Self(all))
    }
}

/// Whether a list like that of `NO_PROXY` names the host of an address: by its name, a domain above it (`example.com` and
/// `.example.com`), its IP address, a range of these (`10.0.0.0/8`), or `*`; each may end in the port that it is meant for.
fn is_listed(list: &str, url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let host = host.trim_matches(['[', ']']).trim_end_matches('.');
    let ip = host.parse::<IpAddr>().ok();
    let entries = list.split(|c: char| c == ',' || c.is_whitespace());
    entries.filter(|entry| !entry.is_empty()).any(|entry| {
        // A colon inside an address of IPv6 begins no port.
        let is_port = |name: &str| !name.contains(':') || name.ends_with(']');
        let (name, port) = match entry.rsplit_once(':') {
            Some((name, port)) if is_port(name) => (name, Some(port)),
            _ => (entry, None),
        };
        if port.is_some_and(|port| port.parse().ok() != url.port_or_known_default()) {
            return false;
        }
        let name = name.trim_matches(['[', ']']).to_ascii_lowercase();
        let domain = name.trim_start_matches('*').trim_start_matches('.');
        match ip {
            _ if name == "*" => true,
            Some(ip) => is_within(ip, &name),
            None => {
                !domain.is_empty() && (host == domain || host.strip_suffix(domain).is_some_and(|h| h.ends_with('.')))
            }
        }
    })
}

/// Whether an address is this one, or of this range.
fn is_within(ip: IpAddr, range: &str) -> bool {
    let (first, bits) = range.split_once('/').unwrap_or((range, "128"));
    let (Ok(first), Ok(bits)) = (first.parse::<IpAddr>(), bits.parse::<u32>()) else {
        return false;
    };
    // The bits of both kinds begin at the left.
    let number = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => u128::from(u32::from(ip)) << 96,
        IpAddr::V6(ip) => u128::from(ip),
    };
    let differing = number(ip) ^ number(first);
    ip.is_ipv4() == first.is_ipv4() && differing.leading_zeros() >= bits.min(128)
}
