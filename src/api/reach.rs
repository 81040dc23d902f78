//! Why no connection to the API came about: what the system, TLS or a proxy did.
//!
//! Belongs here: the reasons, what to do about them, and how the libraries' words become one. Doesn't: the error that holds
//! the reason (`error`), answers (`answer`).

/// Why a host can't be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreached {
    /// The name can't be resolved.
    #[error("its name can't be found")]
    Name,
    /// Nobody listens there.
    #[error("it refuses the connection")]
    Refused,
    /// Nobody answers there.
    #[error("it doesn't answer")]
    Timeout,
    /// No secure connection could be agreed on.
    #[error("no secure connection could be made")]
    Tls,
    /// Anything else on the way.
    #[error("the connection failed")]
    Other,
}

/// What a proxy did with a connection to the API. Each names the API's host where the proxy is not at fault alone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyFault {
    /// It can't be reached itself.
    #[error("can't be reached: {0}")]
    Unreached(Unreached),
    /// It asks for a user and a password, and none are configured (407).
    #[error("asks for a user and a password (407)")]
    Login,
    /// It doesn't accept the user and the password (407).
    #[error("rejects the user or the password")]
    Rejected,
    /// It opens no connection to this host.
    #[error("opens no connection to {0}")]
    Refused(String),
    /// It closed the connection before the one to this host was open.
    #[error("closed the connection before the one to {0} was open")]
    Closed(String),
    /// It gave no answer in time.
    #[error("opened no connection to {0} in time")]
    Timeout(String),
    /// It speaks another protocol.
    #[error("doesn't answer as a proxy of this kind")]
    Kind,
    /// The key would be readable for it; nothing was sent.
    #[error("would read the key, because the API's address is plain http")]
    Plain,
}

impl Unreached {
    /// By what an error and its causes say, in lower case.
    pub(super) fn of(texts: &[String], is_timeout: bool) -> Self {
        if has(texts, &["dns error", "lookup address"]) {
            Self::Name
        } else if has(texts, &["certificate", "tls", "ssl", "handshake"]) {
            Self::Tls
        } else if has(texts, &["refused"]) {
            Self::Refused
        } else if is_timeout {
            Self::Timeout
        } else {
            Self::Other
        }
    }

    /// What to do; `ignored` is a variable that names a proxy which is not used.
    pub(super) fn hint(self, ignored: Option<&str>) -> String {
        let hint = match (self, ignored) {
            (_, Some(variable)) => {
                return format!(
                    "{variable} is set and not used; --proxy env uses it, and --ca-file names its certificate"
                );
            }
            (Self::Name, None) => "check the spelling of the host in --api, and the network",
            (Self::Tls, None) => {
                "check --api and this machine's clock; a proxy that opens connections needs its certificate in --ca-file"
            }
            _ => "check the host and port in --api, and the network; then run it again",
        };
        hint.to_owned()
    }
}

impl ProxyFault {
    /// By the words of hyper-util's `TunnelError`, `SocksError`, `SocksV5Error` and `AuthError`; none where the proxy has
    /// connected, or was not asked. `forwards`: it forwards requests as they are, and opens no connection for them.
    pub(super) fn of(texts: &[String], why: Unreached, host: &str, forwards: bool, has_login: bool) -> Option<Self> {
        let has = |words: &[&str]| has(texts, words);
        let host = || host.to_owned();
        Some(
            if has(&["authorization required", "credentials not accepted", "authentication"]) {
                Self::login(has_login)
            } else if has(&["underlying connection"]) || forwards {
                Self::Unreached(why)
            } else if has(&["unexpected end of file", "io error", "handshake eof", "reset by peer"]) {
                Self::Closed(host())
            } else if has(&["failed parsing", "headers too long"]) {
                Self::Kind
            } else if has(&["tunnel error", "socks error"]) {
                Self::Refused(host())
            } else if why == Unreached::Timeout {
                Self::Timeout(host())
            } else {
                return None;
            },
        )
    }

    /// What a proxy means that asks for a user and a password.
    pub(super) fn login(has_login: bool) -> Self {
        if has_login { Self::Rejected } else { Self::Login }
    }

    /// Whether another try may find it otherwise.
    pub(super) fn may_pass(&self) -> bool {
        !matches!(self, Self::Login | Self::Rejected | Self::Plain)
    }

    /// What to do.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::Login => {
                "name a file that holds USER:PASSWORD with --proxy-auth-file; `stockport help network` shows other ways"
            }
            Self::Rejected => "correct them where they are configured (see `stockport help network`)",
            Self::Refused(_) => {
                "check that the proxy allows this host; hosts listed in NO_PROXY are reached without the proxy"
            }
            Self::Plain => "list the API's host in NO_PROXY, or pass --proxy none",
            _ => "check the scheme, host and port of --proxy (or the profile's), or pass --proxy none",
        }
    }
}

fn has(texts: &[String], words: &[&str]) -> bool {
    texts.iter().any(|text| words.iter().any(|word| text.contains(word)))
}
