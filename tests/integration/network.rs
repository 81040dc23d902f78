//! The way to the API: proxies of each kind, with and without a user and a password; hosts that are reached without one;
//! certificate authorities of a file. What a proxy does wrong stands in `network/faults.rs`; keys that
//! expire, in `network/keys.rs`.

mod faults;
mod keys;
mod settings;
mod values;

use std::fs;
use std::net::SocketAddr;

use crate::backup::{ORG, fill};
use crate::edges::assert_told;
use crate::support::proxy::{Manner, TestProxy, pem, tls_before};
use crate::support::{Run, Stockport, TestSandbox};

/// An address that no test resolves: only the proxy knows the way there.
const API: &str = "https://api.corp.test/api";

/// A sandbox behind TLS, and the binary that is told of it by a name that nobody resolves.
struct Corporate {
    server: TestSandbox,
    tls: SocketAddr,
    stockport: Stockport,
}

impl Corporate {
    fn new() -> Self {
        let server = TestSandbox::new();
        let tls = tls_before(server.sandbox.url());
        let stockport = Stockport::new()
            .at(&server, ORG)
            .env("CANNLYTICS_API_URL", API)
            .env("STOCKPORT_CA_FILE", pem("ca.pem").to_str().unwrap());
        stockport.write("x.csv", "item_id,name\nA1,Kush\nA2,Haze\n");
        Self { server, tls, stockport }
    }

    fn import(&self, proxy: &str, more: &[&str]) -> Run {
        let line = ["import", "x.csv", "--yes", "--retries", "0", "--json", "--proxy", proxy];
        self.stockport.run([&line, more].concat())
    }
}

fn url(scheme: &str, proxy: &TestProxy) -> String {
    format!("{scheme}://{}", proxy.address)
}

#[test]
fn each_kind_of_proxy_leads_to_the_api() {
    let corporate = Corporate::new();
    let http = TestProxy::http(corporate.tls, Manner::Good);
    let socks = TestProxy::socks5(corporate.tls, Manner::Good);
    let before = corporate.server.http(ORG).ids("?limit=").len();
    let report = corporate.import(&url("http", &http), &[]).ok().json();
    assert_eq!(
        (&report["created"], &report["read"]),
        (&2.into(), &2.into()),
        "{report}"
    );
    assert!(
        http.seen().iter().all(|seen| seen == "CONNECT api.corp.test:443"),
        "{:?}",
        http.seen()
    );
    let report = corporate.import(&url("socks5h", &socks), &[]).ok().json();
    assert_eq!(report["unchanged"], 2, "{report}");
    assert!(
        socks.seen().iter().all(|seen| seen == "api.corp.test:443"),
        "{:?}",
        socks.seen()
    );
    assert_eq!(corporate.server.http(ORG).ids("?limit=").len(), before + 2);
    // Names are resolved here with socks5, which can be done for localhost alone.
    let local = format!("https://localhost:{}/api", corporate.tls.port());
    corporate.import(&url("socks5", &socks), &["--api", &local]).ok();
    assert!(
        socks
            .seen()
            .last()
            .unwrap()
            .ends_with(&corporate.tls.port().to_string())
    );
    let run = corporate.import(&url("socks5", &socks), &[]).exit(1);
    assert!(run.stderr.contains("its name can't be found"), "{run:?}");
}

#[test]
fn a_proxy_of_this_machine_forwards_plain_http_to_this_machine() {
    let server = TestSandbox::new();
    let to = server
        .sandbox
        .url()
        .trim_start_matches("http://")
        .trim_end_matches("/api")
        .parse()
        .unwrap();
    let stockport = Stockport::new().at(&server, ORG);
    for (scheme, proxy) in [
        ("http", TestProxy::http(to, Manner::Good)),
        ("socks5", TestProxy::socks5(to, Manner::Good)),
    ] {
        stockport.run(["export", "-", "--proxy", &url(scheme, &proxy)]).ok();
        assert!(proxy.seen()[0].contains("127.0.0.1"), "{:?}", proxy.seen());
    }
    // TLS to the proxy itself, whose certificate is trusted by the file.
    let tls = tls_before(server.sandbox.url());
    let proxy = format!("https://localhost:{}", tls.port());
    let ca = pem("ca.pem");
    let line = ["export", "-", "--proxy", &proxy, "--retries", "0"];
    stockport
        .run(line.iter().chain(&["--ca-file", ca.to_str().unwrap()]))
        .ok();
    assert_told(&stockport.run(line).exit(1), "the proxy localhost", "--proxy");
    // The key is for the API alone, and plain http is readable on the way.
    let run = stockport
        .run(["export", "-", "--proxy", "http://192.0.2.1:3128"])
        .exit(1);
    assert_told(&run, "could read the key", "NO_PROXY");
}

#[test]
fn a_user_and_a_password_come_from_a_file_or_the_environment() {
    let corporate = Corporate::new();
    // user:p@ss%41 word
    let http = TestProxy::http(corporate.tls, Manner::Wants("dXNlcjpwQHNzJTQxIHdvcmQ="));
    let socks = TestProxy::socks5(corporate.tls, Manner::Wants("user:p@ss%41 word"));
    crate::config::write_key(&corporate.stockport, "proxy.auth", "user:p@ss%41 word\r\n");
    for (scheme, proxy) in [("http", &http), ("socks5h", &socks)] {
        let at = url(scheme, proxy);
        let run = corporate.import(&at, &[]).exit(1);
        assert_told(
            &run,
            &format!("the proxy {} asks for a user", proxy.address),
            "--proxy-auth-file",
        );
        corporate.import(&at, &["--proxy-auth-file", "proxy.auth"]).ok();
        let run = |variables: &[(&str, &str)]| {
            let mut command = corporate
                .stockport
                .command(["export", "-", "--retries", "0", "--api", API]);
            let output = command.envs(variables.iter().copied()).output().unwrap();
            let shown = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
            assert!(!shown.contains("p@ss") && !shown.contains("p%40ss"), "{shown}");
            (output.status.code(), shown)
        };
        let login = [
            ("STOCKPORT_PROXY_USER", "user"),
            ("STOCKPORT_PROXY_PASSWORD", "p@ss%41 word"),
        ];
        let (code, shown) = run(&[("STOCKPORT_PROXY", &at), login[0], login[1]]);
        assert_eq!(code, Some(0), "{shown}");
        let with_login = at.replace("://", "://user:p%40ss%2541%20word@");
        assert_eq!(run(&[("STOCKPORT_PROXY", &with_login)]).0, Some(0));
        assert_eq!(
            run(&[("STOCKPORT_PROXY", "env"), ("HTTPS_PROXY", &with_login)]).0,
            Some(0)
        );
        let (code, shown) = run(&[("STOCKPORT_PROXY", &with_login), ("STOCKPORT_PROXY_PASSWORD", "wrong")]);
        assert!(
            code == Some(1) && shown.contains("rejects the user or the password"),
            "{shown}"
        );
    }
}

#[test]
fn a_password_on_the_command_line_is_refused_and_not_shown() {
    let stockport = Stockport::new();
    for line in [
        vec!["export", "-", "--proxy", "http://user:s3cret@proxy:3128"],
        vec!["export", "-", "--proxy=socks5://s3cret@proxy:1080", "--json"],
        vec![
            "schedule",
            "daily",
            "--",
            "backup",
            "create",
            "b",
            "--proxy",
            "user:s3cret@proxy",
        ],
        vec!["sandbox", "--proxy", "http://user:s3cret@proxy:3128"],
    ] {
        let run = stockport.run(&line).exit(2);
        let shown = format!("{}{}", run.stdout, run.stderr);
        assert!(
            !shown.contains("s3cret") && shown.contains("--proxy-auth-file"),
            "{shown}"
        );
    }
}

#[test]
fn no_proxy_lists_hosts_that_are_reached_directly() {
    let server = TestSandbox::new();
    fill(&server, ORG, 2);
    let stockport = |list: &str| {
        let stockport = Stockport::new().at(&server, ORG).env("NO_PROXY", list);
        stockport.run(["export", "-", "--proxy", "http://127.0.0.1:9", "--retries", "0"])
    };
    let port = server
        .sandbox
        .url()
        .rsplit(':')
        .next()
        .unwrap()
        .trim_end_matches("/api")
        .to_owned();
    for list in [
        "*",
        "127.0.0.1",
        "127.0.0.0/8",
        "a.b, 127.0.0.1",
        &format!("127.0.0.1:{port}"),
    ] {
        stockport(list).ok();
    }
    for list in ["", "localhost", "10.0.0.0/8", "127.0.0.1:9"] {
        assert_told(
            &stockport(list).exit(1),
            "the proxy 127.0.0.1:9 can't be reached",
            "--proxy none",
        );
    }
}

#[test]
fn the_environments_proxy_is_used_only_where_it_is_asked_for() {
    let corporate = Corporate::new();
    let proxy = TestProxy::http(corporate.tls, Manner::Good);
    let Corporate { stockport, server, .. } = corporate;
    let stockport = stockport.env("HTTPS_PROXY", &url("http", &proxy));
    let line = ["export", "-", "--retries", "0"];
    assert_told(
        &stockport.run(line).exit(1),
        "api.corp.test can't be reached",
        "HTTPS_PROXY is set and not used",
    );
    assert_eq!(proxy.seen(), Vec::<String>::new());
    stockport.run(line.iter().chain(&["--proxy", "env"])).ok();
    assert_eq!(proxy.seen()[0], "CONNECT api.corp.test:443");
    // This machine is reached without it, and so is the embedded server, whatever is asked for.
    let count = proxy.seen().len();
    stockport
        .run(line.iter().chain(&["--proxy", "env", "--api", server.sandbox.url()]))
        .ok();
    let elsewhere = [
        "export",
        "-",
        "--sandbox",
        "--org",
        "sandbox-company",
        "--proxy",
        "http://192.0.2.1:9",
    ];
    Stockport::new().run(elsewhere).ok();
    assert_eq!(proxy.seen().len(), count);
    let stockport = stockport.env("HTTPS_PROXY", "ftp://user:s3cret@proxy");
    let run = stockport.run(line.iter().chain(&["--proxy", "env"])).exit(2);
    assert_told(&run, "the proxy of HTTPS_PROXY can't be used", "http://HOST:PORT");
    assert!(!run.stderr.contains("s3cret"), "{run:?}");
}

#[test]
fn an_authority_that_is_not_known_is_named_and_a_file_makes_it_known() {
    let corporate = Corporate::new();
    let http = TestProxy::http(corporate.tls, Manner::Good);
    let at = url("http", &http);
    let own = Stockport::new()
        .at(&corporate.server, ORG)
        .env("CANNLYTICS_API_URL", API);
    let run = own.run(["export", "-", "--retries", "0", "--proxy", &at]).exit(1);
    // A machine without any certificates says so at once.
    if !run.stderr.contains("secure connections can't be prepared") {
        assert_told(&run, "no secure connection could be made", "--ca-file");
    }
    let bundle = fs::read_to_string(pem("server.pem")).unwrap() + &fs::read_to_string(pem("ca.pem")).unwrap();
    let utf16: Vec<u8> = bundle.encode_utf16().flat_map(u16::to_le_bytes).collect();
    own.write("bundle.pem", bundle.replace('\n', "\r\n"));
    own.write("utf16.pem", [&[0xFF, 0xFE][..], &utf16].concat());
    for file in ["bundle.pem", "utf16.pem"] {
        own.run(["export", "-", "--proxy", &at, "--ca-file", file]).ok();
    }
    let seen = http.seen().len();
    own.write("key.pem", fs::read(pem("server.key")).unwrap());
    own.write("empty.pem", "");
    own.write("binary.der", [0x30, 0x82, 1, 2, 0xFF]);
    own.write("broken.pem", bundle.replacen("MII", "!!!", 1));
    for (file, why) in [
        ("key.pem", "no certificate"),
        ("empty.pem", "no certificate"),
        ("binary.der", "binary format (DER)"),
        ("broken.pem", "number 1 is damaged"),
        ("absent.pem", "no such file"),
        (".", "folder"),
    ] {
        let run = own.run(["export", "-", "--proxy", &at, "--ca-file", file]).exit(1);
        assert_told(&run, why, "PEM");
        assert!(run.stderr.contains(file), "{run:?}");
    }
    assert_eq!(http.seen().len(), seen, "nothing was sent");
}
