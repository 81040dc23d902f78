//! The API, the way to it, its settings, and the embedded server.

use std::io;
use std::time::Duration;

use stockport::api::{ApiError, CaFault, EchoFault, KeyFault, Loss, Oddity, PingError, ProxyFault, Unreached};
use stockport::config::ConfigError;
use stockport::config::file::Fault;
use stockport::config::folder::NoHome;
use stockport::error::Error;
use stockport::files::trust::Distrust;
use stockport::item::IdFault;
use stockport::sandbox::SandboxError;

use super::{Catalogue, variants};

variants!(api of ApiError as "ApiError":
    BadAddress, BadKey, BadOrganization, BadId, BadBody, NoCertificates, NoResources, Unauthorized, NoNewKey, Forbidden, NoOrganization, NotFound, Blocked, MethodNotAllowed, Redirected,
    Refused,
    NoArrays, TooManyRequests, WaitTooLong, ServerError, Lost, Unreachable, Proxy, Foreign, WrongEcho, Interrupted, ListNotKept,
);
variants!(key of KeyFault as "KeyFault": Empty, LineBreak, Control, NotAscii);
variants!(loss of Loss as "Loss": Timeout, Reset, Cut);
variants!(unreached of Unreached as "Unreached": Name, Refused, Timeout, Tls, Other);
variants!(proxy of ProxyFault as "ProxyFault": Unreached, Login, Rejected, Refused, Closed, Timeout, Kind, Plain);
variants!(ca of CaFault as "CaFault": Empty, Der, Damaged);
variants!(oddity of Oddity as "Oddity":
    Page, NotJson, NotSuccess, NotAList, Shape, Trailing, OtherItem, TooLong, Status,
);
variants!(echo of EchoFault as "EchoFault": Shape, Count, Field, Repeated);
variants!(id of IdFault as "IdFault": Empty, Dots, Reserved, TooLong, Slash, Control);
variants!(config of ConfigError as "ConfigError":
    NoOrganization, SeveralOrganizations, NotInSandbox, NoKey, DotEnv, KeyNotText, Read, Write, NotChanged, File, NoProfile, NoFile,
    OtherHost, KeyFile, OpenKeyFile, Distrusted, PastedKey, KeyCommand, Proxy, PastedLogin, ProxyLogin, CaFile, NoConfigFolder,
    NoStateFolder, NoDataFolder,
);
variants!(fault of Fault as "config::Fault": Syntax, UnknownKey, Key, Value, Login, TwoKeys, NoHome, NoProfile);
variants!(sandbox of SandboxError as "SandboxError":
    NoHome, Folder, File, Damaged, Refused, OrganizationName, Port, Start,
);

const HOST: &str = "console.cannlytics.com";

/// The longest that the vendor's server says.
fn words() -> String {
    "You must be an owner, quality assurance, or a team member of this organization to manage inventory.".to_owned()
}

fn denied() -> io::Error {
    io::Error::from(io::ErrorKind::PermissionDenied)
}

fn lost(how: Loss) -> Error {
    ApiError::Lost {
        how,
        host: HOST.to_owned(),
    }
    .into()
}

fn unreachable(why: Unreached) -> Error {
    let detail = "tcp connect error: deadline has elapsed".to_owned();
    ApiError::Unreachable {
        host: HOST.to_owned(),
        why,
        detail,
        ignored: None,
    }
    .into()
}

fn refused_by(proxy: &str, fault: ProxyFault) -> ApiError {
    ApiError::Proxy {
        proxy: Some(proxy.to_owned()),
        fault,
    }
}

#[expect(clippy::too_many_lines, reason = "a table, an entry an error")]
pub(super) fn add(all: &mut Catalogue) {
    all.take(vec![
        ApiError::BadAddress("it is no web address".to_owned()),
        ApiError::BadKey(KeyFault::LineBreak),
        ApiError::BadOrganization("it begins or ends with a space"),
        ApiError::BadId(IdFault::Slash),
        ApiError::BadBody,
        ApiError::NoCertificates("no certificates were found".to_owned()),
        ApiError::NoResources("Resource temporarily unavailable".to_owned()),
        ApiError::Unauthorized {
            message: "The request was not authenticated. Check that it carries a valid API key.".to_owned(),
        },
        ApiError::NoNewKey("the key_command \"pass show cannlytics\" ended with code 1".to_owned()),
        ApiError::Forbidden {
            org: "green-valley-wellness".to_owned(),
            message: words(),
        },
        ApiError::NoOrganization {
            org: "green-valley-wellnes".to_owned(),
        },
        ApiError::NotFound {
            base: "https://console.cannlytics.com/inventory".to_owned(),
            status: 404,
            message: "Not Found".to_owned(),
        },
        ApiError::Blocked { message: words() },
        ApiError::MethodNotAllowed { message: words() },
        ApiError::Redirected {
            to: "www.cannlytics.com".to_owned(),
            status: 301,
        },
        ApiError::Refused {
            status: 422,
            message: words(),
        },
        ApiError::NoArrays {
            status: 400,
            message: words(),
        },
        ApiError::TooManyRequests {
            retry_after: Some(Duration::from_secs(30)),
            message: words(),
        },
        ApiError::WaitTooLong {
            status: 429,
            after: Duration::from_secs(36 * 60 * 60),
            message: words(),
        },
        ApiError::ServerError {
            status: 503,
            retry_after: None,
            html: false,
            message: words(),
        },
        ApiError::Lost {
            how: Loss::Reset,
            host: HOST.to_owned(),
        },
        ApiError::Unreachable {
            host: HOST.to_owned(),
            why: Unreached::Other,
            detail: "network is unreachable".to_owned(),
            ignored: Some("HTTPS_PROXY"),
        },
        refused_by("10.0.0.1:3128", ProxyFault::Kind),
        ApiError::Foreign(Oddity::Trailing),
        ApiError::WrongEcho(EchoFault::Shape),
        ApiError::Interrupted,
        ApiError::ListNotKept(Box::new(io::Error::from(io::ErrorKind::StorageFull))),
    ]);
    all.also("PingError", PingError);
    all.also(
        "ApiError::ServerError, a page",
        ApiError::ServerError {
            status: 500,
            retry_after: None,
            html: true,
            message: "Server fault".to_owned(),
        },
    );
    all.nested(
        vec![
            KeyFault::Empty,
            KeyFault::LineBreak,
            KeyFault::Control,
            KeyFault::NotAscii,
        ],
        |fault| ApiError::BadKey(fault).into(),
    );
    all.nested(vec![Loss::Timeout, Loss::Reset, Loss::Cut], lost);
    all.nested(
        vec![
            Unreached::Name,
            Unreached::Refused,
            Unreached::Timeout,
            Unreached::Tls,
            Unreached::Other,
        ],
        unreachable,
    );
    all.also(
        "ApiError::Proxy, none of ours",
        ApiError::Proxy {
            proxy: None,
            fault: ProxyFault::Login,
        },
    );
    all.also(
        "ApiError::ServerError, a proxy's page",
        ApiError::ServerError {
            status: 503,
            retry_after: None,
            html: true,
            message: "Service Unavailable".to_owned(),
        },
    );
    all.nested(
        vec![
            ProxyFault::Unreached(Unreached::Refused),
            ProxyFault::Login,
            ProxyFault::Rejected,
            ProxyFault::Refused(HOST.to_owned()),
            ProxyFault::Closed(HOST.to_owned()),
            ProxyFault::Timeout(HOST.to_owned()),
            ProxyFault::Kind,
            ProxyFault::Plain,
        ],
        |fault| refused_by("proxy.example.com:3128", fault).into(),
    );
    all.nested(vec![CaFault::Empty, CaFault::Der, CaFault::Damaged(3)], |fault| {
        ConfigError::CaFile {
            path: "/etc/ssl/corporate.pem".into(),
            why: fault.to_string(),
        }
        .into()
    });
    all.nested(
        vec![
            Oddity::Page("Sign in to the guest network of the airport".to_owned()),
            Oddity::NotJson("upstream connect error or disconnect/reset before headers".to_owned()),
            Oddity::NotSuccess(words()),
            Oddity::NotAList(words()),
            Oddity::Shape("'data' is missing".to_owned()),
            Oddity::Trailing,
            Oddity::OtherItem,
            Oddity::TooLong(32 << 20),
            Oddity::Status(202),
        ],
        |oddity| ApiError::Foreign(oddity).into(),
    );
    all.nested(
        vec![
            EchoFault::Shape,
            EchoFault::Count { sent: 100, got: 99 },
            EchoFault::Field {
                number: 7,
                field: "quantity".to_owned(),
                differing: vec![7],
            },
            EchoFault::Repeated(7),
        ],
        |fault| ApiError::WrongEcho(fault).into(),
    );
    all.nested(
        vec![
            IdFault::Empty,
            IdFault::Dots,
            IdFault::Reserved,
            IdFault::TooLong,
            IdFault::Slash,
            IdFault::Control,
        ],
        |fault| ApiError::BadId(fault).into(),
    );
    let path = || "/home/ana/.config/stockport/config.toml".into();
    all.take(vec![
        ConfigError::NoOrganization,
        ConfigError::SeveralOrganizations(vec!["north".to_owned(), "south".to_owned()]),
        ConfigError::NotInSandbox {
            org: "nobody".to_owned(),
            known: vec!["sandbox-company".to_owned(), "sandbox-branch".to_owned()],
        },
        ConfigError::NoKey,
        ConfigError::DotEnv("one of its lines is not of the form NAME=value".to_owned()),
        ConfigError::KeyNotText,
        ConfigError::Read {
            path: path(),
            cause: denied(),
        },
        ConfigError::Write {
            path: path(),
            cause: denied(),
        },
        ConfigError::NotChanged {
            path: path(),
            profile: "main".to_owned(),
        },
        ConfigError::File {
            path: path(),
            line: 3,
            fault: Fault::Key,
        },
        ConfigError::NoProfile {
            name: "mian".to_owned(),
            nearest: Some("main".to_owned()),
        },
        ConfigError::NoFile(path()),
        ConfigError::OtherHost {
            profile: "main".to_owned(),
            own: "https://console.cannlytics.com".to_owned(),
            other: "https://inventory.example".to_owned(),
        },
        ConfigError::KeyFile {
            path: "stockport.key".into(),
            cause: io::Error::from(io::ErrorKind::NotFound),
        },
        ConfigError::OpenKeyFile("stockport.key".into()),
        ConfigError::Distrusted {
            path: "config.toml".into(),
            why: Distrust::Writable,
        },
        ConfigError::Distrusted {
            path: "stockport.key".into(),
            why: Distrust::Foreign,
        },
        ConfigError::Distrusted {
            path: "/srv/shared/config.toml".into(),
            why: Distrust::Folder("/srv/shared".to_owned()),
        },
        ConfigError::PastedKey("--org".to_owned()),
        ConfigError::KeyCommand {
            command: "pass show cannlytics".to_owned(),
            why: "ended with code 1".to_owned(),
        },
        ConfigError::Proxy("--proxy".to_owned()),
        ConfigError::PastedLogin,
        ConfigError::ProxyLogin("proxy.auth".into()),
        ConfigError::CaFile {
            path: "ca.pem".into(),
            why: "permission denied".to_owned(),
        },
        ConfigError::NoConfigFolder(NoHome),
        ConfigError::NoStateFolder(NoHome),
        ConfigError::NoDataFolder(NoHome),
    ]);
    all.nested(
        vec![
            Fault::Syntax("invalid basic string".to_owned()),
            Fault::UnknownKey {
                key: "ogr".to_owned(),
                place: "of a profile",
                nearest: Some("org"),
            },
            Fault::Key,
            Fault::Value {
                key: "jobs".to_owned(),
                expected: "a number from 1 to 512",
            },
            Fault::Login,
            Fault::TwoKeys("main".to_owned()),
            Fault::NoHome {
                key: "key_file".to_owned(),
            },
            Fault::NoProfile("mian".to_owned()),
        ],
        |fault| {
            ConfigError::File {
                path: path(),
                line: 3,
                fault,
            }
            .into()
        },
    );
    let file = || "/home/ana/.local/share/stockport/sandbox/sandbox.sqlite".into();
    let full = || rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(13), None);
    all.take(vec![
        SandboxError::NoHome,
        SandboxError::Folder {
            dir: "/srv/sandbox".into(),
            cause: denied(),
        },
        SandboxError::File {
            file: file(),
            cause: full(),
        },
        SandboxError::Damaged { id: "A1".to_owned() },
        SandboxError::Refused { id: "A/1".to_owned() },
        SandboxError::OrganizationName { name: "a/b".to_owned() },
        SandboxError::Port {
            port: 8080,
            cause: io::Error::from(io::ErrorKind::AddrInUse),
        },
        SandboxError::Start(io::Error::from(io::ErrorKind::WouldBlock)),
    ]);
}
