//! Where requests go: which bases a key may travel to, and how ids and organizations are put into an address.
//!
//! Doesn't belong here: what is sent there (`items`), where the base comes from (`config`).

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use reqwest::Url;

use super::error::ApiError;
use super::key::Key;
use super::{Limit, ListQuery};
use crate::item::{IdFault, check_id};

/// The addresses of one organization's inventory.
pub(super) struct Address {
    /// `BASE/inventory`, as text.
    inventory: String,
    /// `organization_id=ORG`, percent-encoded.
    organization: String,
    /// Items are created, updated and listed here.
    pub(super) collection: Url,
    /// The base, for messages.
    pub(super) base: String,
    /// Host and port, for messages.
    pub(super) host: String,
    /// Plain http (to loopback).
    pub(super) plain: bool,
}

impl Address {
    /// Checks base and organization.
    pub(super) fn new(base: &str, org: &str, key: &Key) -> Result<Self, ApiError> {
        let url = check_base(base, key)?;
        check_org(org)?;
        let base = url.as_str().trim_end_matches('/').to_owned();
        let inventory = format!("{base}/inventory");
        let organization = format!("organization_id={}", encode(org));
        let collection = parse(&format!("{inventory}?{organization}"))?;
        let host = match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (host, _) => host.unwrap_or_default().to_owned(),
        };
        Ok(Self {
            inventory,
            organization,
            collection,
            // A key that stands in the path by mistake isn't shown either.
            base: key.mask(&base),
            host,
            plain: url.scheme() == "http",
        })
    }

    /// The address of a list.
    pub(super) fn list(&self, query: &ListQuery) -> Result<Url, ApiError> {
        let mut text = format!("{}?{}", self.inventory, self.organization);
        // Writing into a string can't fail.
        let _ = match query.limit {
            Limit::Default => Ok(()),
            Limit::All => write!(text, "&limit="),
            Limit::Exactly(limit) => write!(text, "&limit={limit}"),
        };
        if let Some(field) = &query.order_by {
            let _ = write!(text, "&order_by={}", encode(field));
        }
        if query.descending {
            text.push_str("&desc=1");
        }
        parse(&text)
    }

    /// The address of the organization itself.
    pub(super) fn organization(&self) -> Result<Url, ApiError> {
        let id = self.organization.trim_start_matches("organization_id=");
        parse(&format!(
            "{}/organizations/{id}",
            self.inventory.trim_end_matches("/inventory")
        ))
    }

    /// The address of one item. An id that no item can have is refused before it becomes another path. A control character
    /// is no reason: nobody may save one any more, but what is stored with one can be read and deleted.
    pub(super) fn item(&self, id: &str) -> Result<Url, ApiError> {
        match check_id(id) {
            Ok(()) | Err(IdFault::Control) => {}
            Err(fault) => return Err(ApiError::BadId(fault)),
        }
        parse(&format!("{}/{}?{}", self.inventory, encode(id), self.organization))
    }
}

fn parse(text: &str) -> Result<Url, ApiError> {
    Url::parse(text).map_err(|error| ApiError::BadAddress(format!("it is not a URL ({error})")))
}

/// A base that a key may travel to: https anywhere, plain http to this machine only.
fn check_base(base: &str, key: &Key) -> Result<Url, ApiError> {
    let refuse = |why: String| Err(ApiError::BadAddress(why));
    let url = match Url::parse(base) {
        Ok(url) if matches!(url.scheme(), "https" | "http") => url,
        _ => {
            let shown: String = base.chars().filter(|c| !c.is_control()).take(100).collect();
            // Somebody may have put the key, or a password, here.
            let shown = if shown.contains('@') {
                "it".to_owned()
            } else {
                format!("'{}'", key.mask(&shown))
            };
            return refuse(format!("{shown} is not a URL that begins with https://"));
        }
    };
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("it holds a user name or a password; the key goes into a header, not into the address".into());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refuse("it holds a '?' or a '#'; use only the part before it".into());
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        let host = url.host_str().unwrap_or_default();
        return refuse(format!("a key is never sent over plain http to {host}; use https"));
    }
    Ok(url)
}

/// 127.0.0.0/8, `::1` and the name `localhost`.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let v6 = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    host == "localhost"
        || host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
        || v6
            .and_then(|h| h.parse::<Ipv6Addr>().ok())
            .is_some_and(|ip| ip.is_loopback())
}

/// The server takes any substring of an owner's name for an organization, so what is plainly no id is refused here.
fn check_org(org: &str) -> Result<(), ApiError> {
    if org.trim().is_empty() {
        Err(ApiError::BadOrganization("it is empty"))
    } else if org.chars().any(char::is_control) {
        Err(ApiError::BadOrganization("it holds a control character"))
    } else if org.trim() != org {
        Err(ApiError::BadOrganization("it begins or ends with a space"))
    } else {
        Ok(())
    }
}

/// Percent-encodes everything but RFC 3986's unreserved characters, so that a text stays one path segment, or one value.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing into a string can't fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(base: &str, org: &str) -> Result<Address, ApiError> {
        Address::new(base, org, &Key::new("s3cret").unwrap())
    }

    fn refusal(base: &str, org: &str) -> String {
        address(base, org).map(|a| a.base).unwrap_err().to_string()
    }

    #[test]
    fn a_key_travels_over_https_or_to_this_machine() {
        for base in [
            "https://console.cannlytics.com/api",
            "https://console.cannlytics.com/api/",
            "http://127.0.0.1:8000/api",
            "http://127.9.9.9/api",
            "http://[::1]:8000/api",
            "http://localhost:8000",
            "HTTP://LOCALHOST:8000",
        ] {
            assert!(address(base, "org").is_ok(), "{base}");
        }
        for base in [
            "http://console.cannlytics.com/api",
            "http://localhost.evil.com/api",
            "http://127.0.0.1.evil.com/api",
            "http://10.0.0.1/api",
            "http://[::2]/api",
            "http://0.0.0.0/api",
        ] {
            assert!(refusal(base, "org").contains("plain http"), "{base}");
        }
    }

    #[test]
    fn a_base_that_is_no_plain_address_is_refused_without_showing_secrets() {
        for base in [
            "",
            "console.cannlytics.com/api",
            "localhost:8000/api",
            "ftp://host/api",
            "https://",
            "file:///etc",
        ] {
            assert!(refusal(base, "org").contains("not a URL"), "{base}");
        }
        for base in [
            "https://user:hunter2@host/api",
            "https://hunter2@host/api",
            "https//hunter2@host",
        ] {
            assert!(!refusal(base, "org").contains("hunter2"), "{base}");
        }
        assert!(refusal("https://host/api?x=1", "org").contains('?'));
        assert!(refusal("https://host/api#x", "org").contains('#'));
        assert!(!refusal("s3cret", "org").contains("s3cret"));
    }

    #[test]
    fn an_organization_is_sent_to_the_letter_or_refused() {
        for org in ["", " ", " org", "org\n", "o\trg"] {
            assert!(refusal("https://host/api", org).contains("organization"), "{org:?}");
        }
        let address = address("https://host/api/", "a b&c=d/é+%").unwrap();
        assert_eq!(
            address.collection.as_str(),
            "https://host/api/inventory?organization_id=a%20b%26c%3Dd%2F%C3%A9%2B%25"
        );
    }

    #[test]
    fn an_id_is_one_segment_of_the_path_or_refused() {
        let address = address("https://host/api", "org").unwrap();
        let path = |id: &str| address.item(id).map(|url| url.path().to_owned());
        assert_eq!(path("a b?c#d%2F\\").unwrap(), "/api/inventory/a%20b%3Fc%23d%252F%5C");
        assert_eq!(path("a\tb\n").unwrap(), "/api/inventory/a%09b%0A");
        assert_eq!(path("...").unwrap(), "/api/inventory/...");
        assert_eq!(path("%2e%2e").unwrap(), "/api/inventory/%252e%252e");
        for id in ["", ".", "..", "a/b", "__x__"] {
            assert!(matches!(path(id), Err(ApiError::BadId(_))), "{id}");
        }
    }

    #[test]
    fn a_list_asks_for_what_the_query_says() {
        let address = address("https://host/api", "org").unwrap();
        let list = |limit, order_by: Option<&str>, descending| {
            let query = ListQuery {
                limit,
                order_by: order_by.map(str::to_owned),
                descending,
            };
            address.list(&query).unwrap().query().unwrap().to_owned()
        };
        assert_eq!(list(Limit::Default, None, false), "organization_id=org");
        assert_eq!(list(Limit::All, None, false), "organization_id=org&limit=");
        assert_eq!(list(Limit::Exactly(7), None, false), "organization_id=org&limit=7");
        assert_eq!(
            list(Limit::Default, Some("__name__"), true),
            "organization_id=org&order_by=__name__&desc=1"
        );
    }
}
