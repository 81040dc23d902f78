//! The variables of the environment that the program or its libraries read: one list, with what a scheduled run needs of
//! each. Every read goes through [`value`], which reads listed variables only.
//!
//! Doesn't belong here: what a value means, which is the reader's.

use std::ffi::OsString;

/// What a scheduled run needs of a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Its value, as it is.
    Text,
    /// Its value, which is a path and may be relative to the working folder.
    File,
    /// Its value, which is a list of paths.
    Files,
    /// Its value, where it is an absolute path: readers ignore others.
    Folder,
    /// The same as [`Role::Files`], but only where the run starts a shell command.
    Commands,
    /// Its value, a proxy's address, which may hold a password: such a one is refused.
    Proxy,
    /// The same of other programs' proxies, where the run uses them.
    OtherProxy,
    /// Nothing: it is a secret, which is never written down.
    Secret,
    /// Nothing: cron, systemd and launchd set it for each run themselves.
    Login,
    /// Nothing: systemd sets it for each run of a user's unit.
    UserManager,
    /// Nothing: it describes the terminal, this session or this machine.
    Session,
}

/// Every variable that is read, by its name.
pub const VARIABLES: &[(&str, Role)] = &[
    ("HOME", Role::Folder),
    ("XDG_CONFIG_HOME", Role::Folder),
    ("XDG_DATA_HOME", Role::Folder),
    ("XDG_STATE_HOME", Role::Folder),
    ("STOCKPORT_CONFIG", Role::File),
    ("STOCKPORT_KEY_FILE", Role::File),
    ("STOCKPORT_ORG", Role::Text),
    ("STOCKPORT_PROFILE", Role::Text),
    ("CANNLYTICS_API_URL", Role::Text),
    ("CANNLYTICS_API_KEY", Role::Secret),
    ("STOCKPORT_PROXY", Role::Proxy),
    ("STOCKPORT_PROXY_AUTH_FILE", Role::File),
    ("STOCKPORT_CA_FILE", Role::File),
    ("STOCKPORT_PROXY_USER", Role::Secret),
    ("STOCKPORT_PROXY_PASSWORD", Role::Secret),
    ("NO_PROXY", Role::Text),
    ("no_proxy", Role::Text),
    ("JOB_COMPLETION_INDEX", Role::Text),
    // Read by rustls-native-certs.
    ("SSL_CERT_FILE", Role::File),
    ("SSL_CERT_DIR", Role::Files),
    // Read by jiff.
    ("TZ", Role::Text),
    ("LC_ALL", Role::Text),
    ("LC_CTYPE", Role::Text),
    ("LANG", Role::Text),
    // Used by the shell that runs a `key_command` or a hook.
    ("PATH", Role::Commands),
    ("USER", Role::Login),
    ("LOGNAME", Role::Login),
    ("SHELL", Role::Login),
    ("XDG_RUNTIME_DIR", Role::UserManager),
    ("DBUS_SESSION_BUS_ADDRESS", Role::UserManager),
    // Other programs' proxies are used by `--proxy env` only; `doctor` reports them.
    ("HTTP_PROXY", Role::Session),
    ("http_proxy", Role::Session),
    ("HTTPS_PROXY", Role::OtherProxy),
    ("https_proxy", Role::OtherProxy),
    ("ALL_PROXY", Role::OtherProxy),
    ("all_proxy", Role::OtherProxy),
    // A folder of the session may be gone when the run starts.
    ("TMPDIR", Role::Session),
    ("COMPUTERNAME", Role::Session),
    ("PAGER", Role::Session),
    ("LESS", Role::Session),
    ("TERM", Role::Session),
    ("NO_COLOR", Role::Session),
    ("FORCE_HYPERLINK", Role::Session),
];

/// The value of a listed variable; none where it isn't set, or isn't listed.
#[must_use]
pub fn value(name: &str) -> Option<OsString> {
    VARIABLES.iter().find(|(known, _)| *known == name)?;
    std::env::var_os(name)
}

/// The value of a variable that the user names, whichever it is.
#[must_use]
pub fn value_of(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// The value of a listed variable, where it is set and not empty.
#[must_use]
pub fn filled(name: &str) -> Option<OsString> {
    value(name).filter(|value| !value.is_empty())
}

/// This machine's name, where it is known.
#[must_use]
pub fn host() -> Option<String> {
    #[cfg(unix)]
    let name = rustix::system::uname().nodename().to_str().ok().map(str::to_owned);
    #[cfg(not(unix))]
    let name = value("COMPUTERNAME").and_then(|name| name.into_string().ok());
    name.filter(|name| !name.is_empty())
}
