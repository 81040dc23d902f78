//! Proxies and authorities of a profile, and what checks them.

use super::{API, Corporate, url};
use crate::backup::ORG;
use crate::edges::assert_told;
use crate::support::Stockport;
use crate::support::proxy::{Manner, TestProxy, pem};

/// A profile with its own way to the API.
fn profile(corporate: &Corporate, proxy: &str) -> Stockport {
    let stockport = Stockport::new().env("STOCKPORT_CONFIG", "config.toml");
    crate::config::write_key(&stockport, "own.key", corporate.server.sandbox.key_for(ORG).unwrap());
    crate::config::write_key(&stockport, "proxy.auth", "user:word");
    std::fs::copy(pem("ca.pem"), stockport.path("ca.pem")).unwrap();
    stockport.write(
        "config.toml",
        format!(
            "[profiles.default]\napi = \"{API}\"\norg = \"{ORG}\"\nkey_file = \"own.key\"\nproxy = \"{proxy}\"\n\
             proxy_auth_file = \"proxy.auth\"\nca_file = \"ca.pem\"\n"
        ),
    );
    stockport
}

#[test]
fn a_profile_has_its_own_way_and_a_flag_overrides_it() {
    let corporate = Corporate::new();
    let proxy = TestProxy::http(corporate.tls, Manner::Wants("dXNlcjp3b3Jk"));
    let stockport = profile(&corporate, &url("http", &proxy));
    stockport.run(["export", "-"]).ok();
    let seen = proxy.seen().len();
    let run = stockport
        .run(["export", "-", "--retries", "0", "--proxy", "none"])
        .exit(1);
    assert_told(&run, "its name can't be found", "--api");
    // The profile's user and password are for the profile's proxy.
    let other = TestProxy::http(corporate.tls, Manner::Wants("dXNlcjp3b3Jk"));
    let run = stockport
        .run(["export", "-", "--retries", "0", "--proxy", &url("http", &other)])
        .exit(1);
    assert_told(&run, "asks for a user and a password", "--proxy-auth-file");
    assert_eq!(proxy.seen().len(), seen);
    let run = stockport.run(["doctor", "--json"]).ok();
    let checks = run.json()["checks"].clone();
    let check = checks
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["name"] == "proxy")
        .unwrap();
    let detail = check["detail"].as_str().unwrap();
    assert!(
        detail.contains(&proxy.address.to_string()) && !run.stdout.contains("word"),
        "{check}"
    );
    let run = stockport.run(["config", "check", "--online"]).ok();
    assert!(
        run.stdout.contains(&url("http", &proxy)) && run.stdout.contains("ca.pem"),
        "{run:?}"
    );
}

#[test]
fn a_profile_with_a_wrong_way_is_refused_by_name() {
    let corporate = Corporate::new();
    for (proxy, why) in [
        ("socks4://proxy:1", "proxy has to be http://HOST:PORT"),
        ("http://user:s3cret@proxy:1", "proxy_auth_file names a file"),
    ] {
        let stockport = profile(&corporate, proxy);
        for line in [["export", "-"], ["config", "check"]] {
            let run = stockport.run(line).exit(1);
            assert_told(&run, why, "line");
            assert!(
                run.stderr.contains("config.toml, line 5") && !run.stderr.contains("s3cret"),
                "{run:?}"
            );
        }
    }
    let stockport = profile(&corporate, "http://127.0.0.1:9");
    crate::config::write_key(&stockport, "proxy.auth", "no colon");
    assert_told(&stockport.run(["export", "-"]).exit(1), "USER:PASSWORD", "colon");
    stockport.write("ca.pem", "nothing");
    let run = stockport.run(["config", "check"]).exit(1);
    assert!(format!("{run:?}").contains("no certificate"), "{run:?}");
}

#[cfg(unix)]
#[test]
fn a_profile_that_others_can_write_names_no_proxy_and_no_authority() {
    use std::os::unix::fs::PermissionsExt as _;
    let corporate = Corporate::new();
    for line in ["proxy = \"http://127.0.0.1:9\"", "ca_file = \"ca.pem\""] {
        let stockport = Stockport::new()
            .at(&corporate.server, ORG)
            .env("STOCKPORT_CONFIG", "config.toml");
        std::fs::copy(pem("ca.pem"), stockport.path("ca.pem")).unwrap();
        let path = stockport.write("config.toml", format!("[profiles.default]\n{line}\n"));
        stockport.run(["doctor", "--offline"]);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
        assert_told(&stockport.run(["export", "-"]).exit(1), "is not trusted", "chmod");
    }
}
