//! Addresses of proxies, the list of `NO_PROXY`, certificates in PEM, and text as PowerShell writes it.

use std::fs;

use stockport::api::{Authorities, CaFault, Network, Proxy};

use crate::backup::ORG;
use crate::edges::assert_told;
use crate::support::{Stockport, TestSandbox};

#[test]
fn a_proxys_address_is_read_as_other_programs_read_it() {
    for (text, address) in [
        ("http://proxy.corp:3128", "proxy.corp:3128"),
        ("proxy.corp:3128/", "proxy.corp:3128"),
        ("HTTP://PROXY.corp", "proxy.corp:80"),
        ("https://proxy:80", "proxy:80"),
        ("https://proxy", "proxy:443"),
        ("socks5://[::1]", "[::1]:1080"),
        ("socks5h://10.0.0.1:9", "10.0.0.1:9"),
        (" http://u:p%40%25@proxy:1 ", "proxy:1"),
    ] {
        let proxy = Proxy::parse(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(proxy.to_string(), address, "{text}");
        assert_eq!(proxy.has_login(), text.contains('@'), "{text}");
        assert!(!format!("{proxy:?}").contains("p%40"), "{proxy:?}");
    }
    for text in [
        "",
        "http://",
        "socks4://proxy:1",
        "ftp://proxy",
        "http://proxy:99999",
        "http://proxy/path",
        "http://proxy?x",
        "http://pro xy",
        "socks5://a%20b:1",
    ] {
        assert_eq!(Proxy::parse(text), None, "{text}");
    }
}

#[test]
fn hosts_that_are_listed_are_reached_directly() {
    let is_direct = |list: &str, url: &str| {
        let network = Network {
            proxy: Proxy::parse("http://proxy:1"),
            direct: list.to_owned(),
            ..Network::default()
        };
        network.way_to(url).is_none()
    };
    for (list, url) in [
        ("*", "https://api.corp.test/"),
        ("corp.test", "https://api.corp.test/"),
        (".corp.test", "https://corp.test/"),
        ("*.corp.test", "https://api.corp.test/"),
        ("a, CORP.test", "https://API.corp.test:8443/"),
        ("a b corp.test:8443", "https://corp.test:8443/"),
        ("corp.test:443", "https://corp.test/"),
        ("10.0.0.0/8", "https://10.1.2.3/"),
        ("10.1.2.3", "https://10.1.2.3/"),
        ("0.0.0.0/0", "https://10.1.2.3/"),
        ("fd00::/8", "https://[fd00::1]/"),
        ("[::1]:80", "http://[::1]/"),
        ("::1", "http://[::1]:99/"),
    ] {
        assert!(is_direct(list, url), "{list} {url}");
    }
    for (list, url) in [
        ("", "https://corp.test/"),
        (",", "https://corp.test/"),
        (".", "https://corp.test/"),
        ("corp.test", "https://notcorp.test/"),
        ("api.corp.test", "https://corp.test/"),
        ("corp.test:8443", "https://corp.test/"),
        ("10.0.0.0/8", "https://11.1.2.3/"),
        ("10.1.2.3/33x", "https://10.1.2.3/"),
        ("0.0.0.0/0", "https://[::1]/"),
        ("0.0.0.0/0", "https://corp.test/"),
    ] {
        assert!(!is_direct(list, url), "{list} {url}");
    }
}

#[test]
fn a_file_without_a_certificate_says_what_it_is() {
    let fault = |text: &[u8]| Authorities::parse(text).map(drop).unwrap_err();
    let block = |body: &str| format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
    assert_eq!(fault(b""), CaFault::Empty);
    assert_eq!(fault(b"s3cret"), CaFault::Empty);
    assert_eq!(fault(&[0x30, 0x82, 1, 2]), CaFault::Der);
    assert_eq!(fault(block("AAAA").as_bytes()), CaFault::Damaged(1));
    assert_eq!(fault(block("!!!").as_bytes()), CaFault::Damaged(1));
}

/// A text in each form in which a shell, or an editor of Windows, saves it.
fn saved(text: &str) -> Vec<Vec<u8>> {
    let lines = text.replace('\n', "\r\n");
    let low = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let high = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    let marked = format!("\u{feff}{lines}");
    vec![
        lines.clone().into_bytes(),
        marked.clone().into_bytes(),
        low(&marked),
        high(&marked),
        low(&lines),
        high(&lines),
    ]
}

#[test]
fn keys_and_settings_are_read_in_each_form_that_powershell_writes() {
    let server = TestSandbox::new();
    let (key, url) = (server.sandbox.key_for(ORG).unwrap(), server.sandbox.url());
    let stockport = Stockport::new()
        .env("CANNLYTICS_API_URL", url)
        .env("STOCKPORT_ORG", ORG)
        .env("STOCKPORT_CONFIG", "config.toml");
    stockport.write("config.toml", "");
    let write = |name: &str, bytes: &[u8]| {
        crate::config::write_key(&stockport, name, "");
        fs::write(stockport.path(name), bytes).unwrap();
    };
    let works = |more: &[&str]| drop(stockport.run([&["export", "-"], more].concat()).ok());
    let print = if cfg!(windows) { "type" } else { "cat" };
    for bytes in saved(&format!("{key}\n")) {
        write("own.key", &bytes);
        works(&["--key-file", "own.key"]);
        let command = format!("[profiles.a]\napi = \"{url}\"\nkey_command = \"{print} own.key\"\n");
        stockport.write("config.toml", command);
        works(&["--profile", "a"]);
    }
    for bytes in saved(&format!(
        "# Schlüssel\nexport CANNLYTICS_API_KEY=\"{key}\" # of the account\n"
    )) {
        write(".env", &bytes);
        works(&[]);
    }
    fs::remove_file(stockport.path(".env")).unwrap();
    stockport.write("own.key", key);
    for bytes in saved(&format!(
        "[profiles.a]\n# für den Export\napi = \"{url}\"\nkey_file = \"own.key\"\n"
    )) {
        stockport.write("config.toml", bytes);
        works(&["--profile", "a"]);
    }
    for (bytes, why) in [
        (&[0xFF, 0xFE, b'k', 0, b'e'][..], "damaged UTF-16"),
        (&[b'k', 0xE9, b'y'][..], "not UTF-8"),
    ] {
        write("own.key", bytes);
        assert_told(
            &stockport.run(["export", "-", "--key-file", "own.key"]).exit(1),
            why,
            "",
        );
    }
}
