//! Why a run can't begin: no organization, no key, a config file that can't be used.
//!
//! Doesn't belong here: what is wrong inside the config file (`file`).

use std::path::{Path, PathBuf};

use super::file::Fault;
use super::folder::NoHome;
use crate::error::{Category, Code, Exit, UserError, code};
use crate::files;
use crate::files::trust::Distrust;

/// The variable that holds the key, as in the vendor's documentation.
pub const KEY_VARIABLE: &str = "CANNLYTICS_API_KEY";

/// Why a run can't begin.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No organization is named.
    #[error("no organization is named")]
    NoOrganization,
    /// Several organizations are named, where one has to be meant.
    #[error("several organizations are named, and this command works with one: {}", .0.join(", "))]
    SeveralOrganizations(Vec<String>),
    /// The embedded server has no such organization.
    #[error("the sandbox has no organization {org:?}; it has {}", known.join(", "))]
    NotInSandbox {
        /// The organization that was named.
        org: String,
        /// The ones there are.
        known: Vec<String>,
    },
    /// No key is to be found.
    #[error("there is no API key")]
    NoKey,
    /// `.env` can't be read.
    #[error("the file .env can't be read: {0}")]
    DotEnv(String),
    /// The variable is no text.
    #[error("{KEY_VARIABLE} is not text")]
    KeyNotText,
    /// The config file can't be read.
    #[error("the config file {} can't be read: {}", .path.display(), crate::cause::io(.cause))]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's own words.
        cause: std::io::Error,
    },
    /// The config file, or a key file beside it, can't be written.
    #[error("{} can't be written: {}", .path.display(), crate::cause::io(.cause))]
    Write {
        /// The file or the folder.
        path: PathBuf,
        /// The system's own words.
        cause: std::io::Error,
    },
    /// A profile can't be written into the config file without a change of something else.
    #[error("the profile {profile:?} can't be written into {} without changing its other settings", .path.display())]
    NotChanged {
        /// The file.
        path: PathBuf,
        /// The profile.
        profile: String,
    },
    /// Something in it is wrong.
    #[error("{}, line {line}: {fault}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        fault: Fault,
    },
    /// There is no such profile.
    #[error("the config file has no profile {name:?}{}", nearest.as_ref().map_or_else(String::new, |name| format!("; the nearest is {name:?}")))]
    NoProfile {
        /// What was named.
        name: String,
        /// The profile that is most like it.
        nearest: Option<String>,
    },
    /// There is no config file to take a profile from.
    #[error("there is no config file {}", .0.display())]
    NoFile(PathBuf),
    /// The profile's key would travel to another host than the profile's.
    #[error("the key of the profile {profile:?} belongs to {own}, and is not sent to {other}")]
    OtherHost {
        /// The profile.
        profile: String,
        /// Its host.
        own: String,
        /// The host that flags or environment name.
        other: String,
    },
    /// A key file can't be read.
    #[error("the key file {} can't be read: {}", .path.display(), crate::cause::io(.cause))]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// The system's own words.
        cause: std::io::Error,
    },
    /// A key file that others can read.
    #[error("the key file {} can be read by others", .0.display())]
    OpenKeyFile(PathBuf),
    /// A file that others could have written would decide where a key goes, or which command is run.
    #[error("{} is not trusted with a key: {why}", .path.display())]
    Distrusted {
        /// The file.
        path: PathBuf,
        /// Why.
        why: Distrust,
    },
    /// A key stands where a name belongs.
    #[error("{0} holds an API key, or what looks like one; it was not used")]
    PastedKey(String),
    /// The command that prints the key failed.
    #[error("the key_command {command:?} {why}")]
    KeyCommand {
        /// The command.
        command: String,
        /// What happened.
        why: String,
    },
    /// A proxy's address, which isn't shown, as it may hold a password: by the option, the variable or the profile.
    #[error("the proxy of {0} can't be used: it is not http://HOST:PORT, nor the same with https, socks5 or socks5h")]
    Proxy(String),
    /// A proxy's password on the command line, where others can read it.
    #[error("--proxy holds a user name or a password; it was not used")]
    PastedLogin,
    /// The file of a proxy's user and password has another form.
    #[error("{} doesn't hold one line USER:PASSWORD for the proxy", .0.display())]
    ProxyLogin(PathBuf),
    /// A file gives no certificate authorities.
    #[error("the CA file {} can't be used: {why}", .path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// There is no folder to look for the config file in.
    #[error("there is no folder for the config file: {0}")]
    NoConfigFolder(NoHome),
    /// There is no folder to keep journals in.
    #[error("there is no folder for the journals of runs: {0}")]
    NoStateFolder(NoHome),
    /// There is no folder to keep copies of organizations in.
    #[error("there is no folder for safety copies: {0}")]
    NoDataFolder(NoHome),
}

impl UserError for ConfigError {
    fn code(&self) -> Code {
        match self {
            Self::DotEnv(_) => "config_dotenv".into(),
            Self::Read { .. } => "config_unreadable".into(),
            Self::Write { .. } => "config_not_written".into(),
            Self::File { .. } => "config_invalid".into(),
            Self::NoProfile { .. } => "config_unknown_profile".into(),
            Self::OtherHost { .. } => "config_key_of_other_host".into(),
            Self::OpenKeyFile(_) => "config_key_file_open".into(),
            Self::NoConfigFolder(_) => "config_no_folder".into(),
            _ => code("config", self),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::NoOrganization => "name it with --org ID or STOCKPORT_ORG, or pass --sandbox to try stockport without one",
            Self::SeveralOrganizations(_) => "name one; `backup create` takes several",
            Self::NotInSandbox { .. } => {
                "check the spelling of --org, or omit it; `stockport sandbox --org NAME` adds one"
            }
            Self::NoKey => {
                "run `stockport login`, set CANNLYTICS_API_KEY, write it into a file .env in this folder, or name a --key-file; --sandbox needs none"
            }
            Self::DotEnv(_) => "write one line into it, CANNLYTICS_API_KEY=…, or set that variable",
            Self::KeyNotText => "set it again; a key is letters and digits",
            Self::Read { .. } => "check the file's permissions, or set STOCKPORT_CONFIG to another one",
            Self::Write { .. } => "check the folder's permissions and its free space, or set STOCKPORT_CONFIG to \
                                   another file",
            Self::NotChanged { .. } => "nothing was written: add the profile by hand, with api, org and key_file",
            Self::File {
                fault: Fault::NoHome { .. },
                ..
            } => "write the complete path, or set HOME to an absolute path",
            Self::File { .. } => "correct the line; `stockport config check` shows how the file is read",
            Self::NoProfile { .. } => "`stockport config check` lists the profiles",
            Self::NoFile(_) => "`stockport login` writes one; or omit --profile",
            Self::OtherHost { .. } => {
                "omit --api and CANNLYTICS_API_URL, or name the other host's key with --key-file FILE"
            }
            Self::KeyFile { cause, .. } => files::hint(cause).unwrap_or("check the path and the permissions"),
            Self::Distrusted { why, .. } => why.hint(),
            Self::PastedKey(_) => {
                "the key goes into CANNLYTICS_API_KEY, .env or a --key-file; the shell's history may hold this one, so replace it"
            }
            Self::OpenKeyFile(_) => "make it readable by you only: chmod 600 FILE (a mounted Secret: defaultMode 0440)",
            Self::KeyCommand { .. } => "run the command alone: it has to print the key and nothing else",
            Self::Proxy(_) => "give http://HOST:PORT; or `env` for HTTPS_PROXY, or `none`",
            Self::PastedLogin => {
                "name a file that holds USER:PASSWORD with --proxy-auth-file, or set STOCKPORT_PROXY_USER and STOCKPORT_PROXY_PASSWORD"
            }
            Self::ProxyLogin(_) => "write the user, a colon and the password into it, and nothing else",
            Self::CaFile { .. } => {
                "name a PEM file; `openssl x509 -inform der -in FILE -out FILE.pem` converts a binary one"
            }
            Self::NoConfigFolder(_) => {
                "set STOCKPORT_CONFIG to the path of a config file, or XDG_CONFIG_HOME or HOME to the absolute path of a folder"
            }
            Self::NoStateFolder(_) => {
                "set XDG_STATE_HOME to the absolute path of a folder that can be written, or set HOME"
            }
            Self::NoDataFolder(_) => {
                "set XDG_DATA_HOME to the absolute path of a folder that can be written, or set HOME"
            }
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::NoOrganization
            | Self::SeveralOrganizations(_)
            | Self::NoProfile { .. }
            | Self::NoFile(_)
            | Self::PastedKey(_)
            | Self::PastedLogin
            | Self::Proxy(_) => Exit::Usage,
            _ => Exit::Stopped,
        }
    }

    fn category(&self) -> Category {
        match self {
            Self::NoKey => Category::NoKey,
            _ => Category::Other,
        }
    }

    fn place(&self) -> Option<&Path> {
        match self {
            Self::Read { path, .. }
            | Self::Write { path, .. }
            | Self::NotChanged { path, .. }
            | Self::File { path, .. }
            | Self::KeyFile { path, .. }
            | Self::Distrusted { path, .. }
            | Self::CaFile { path, .. }
            | Self::ProxyLogin(path)
            | Self::OpenKeyFile(path) => Some(path),
            _ => None,
        }
    }
}
