//! A plain HTTP client that shows what a server says, and does nothing of its own: no retries, no redirects.

use reqwest::Method;
use reqwest::blocking::{Client, ClientBuilder, RequestBuilder};
use reqwest::redirect::Policy;
use serde_json::Value;

/// A client for one organization with one key.
#[derive(Clone)]
pub(crate) struct Http {
    client: Client,
    base: String,
    org: String,
    key: String,
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) location: Option<String>,
    pub(crate) text: String,
}

/// The beginning of every client of the tests: no proxies, no redirects.
pub(crate) fn client() -> ClientBuilder {
    // An error means that another test has installed it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().redirect(Policy::none())
}

impl Http {
    pub(crate) fn new(base: &str, org: &str, key: &str) -> Self {
        let client = client().build().unwrap();
        Self {
            client,
            base: base.to_owned(),
            org: org.to_owned(),
            key: key.to_owned(),
        }
    }

    pub(crate) fn with_org(&self, org: &str) -> Self {
        Self {
            org: org.to_owned(),
            ..self.clone()
        }
    }

    pub(crate) fn with_key(&self, key: &str) -> Self {
        Self {
            key: key.to_owned(),
            ..self.clone()
        }
    }

    /// A request to a path below the base, with the organization and the key.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let joint = if path.contains('?') { '&' } else { '?' };
        let url = format!("{}{path}{joint}organization_id={}", self.base, self.org);
        self.client.request(method, url).bearer_auth(&self.key)
    }

    /// A request to a path below the base, with nothing added.
    pub(crate) fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// A request to a path of the host, outside of the API, with the key.
    pub(crate) fn host(&self, method: Method, path: &str) -> RequestBuilder {
        let host = self.base.strip_suffix("/api").unwrap();
        self.client
            .request(method, format!("{host}{path}"))
            .bearer_auth(&self.key)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path))
    }

    pub(crate) fn post(&self, body: impl Into<reqwest::blocking::Body>) -> Answer {
        let request = self
            .request(Method::POST, "/inventory")
            .header("Content-Type", "application/json");
        Answer::of(request.body(body))
    }

    pub(crate) fn post_json(&self, body: &Value) -> Answer {
        self.post(body.to_string())
    }

    pub(crate) fn delete(&self, path: &str, body: &str) -> Answer {
        let request = self
            .request(Method::DELETE, path)
            .header("Content-Type", "application/json");
        Answer::of(request.body(body.to_owned()))
    }

    /// A list's items.
    pub(crate) fn list(&self, query: &str) -> Vec<Value> {
        let answer = self.get(&format!("/inventory{query}"));
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["data"].as_array().unwrap().clone()
    }

    /// The ids of a list's items.
    pub(crate) fn ids(&self, query: &str) -> Vec<String> {
        self.list(query)
            .iter()
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// One item as the API answers it.
    pub(crate) fn item(&self, id: &str) -> Value {
        let answer = self.get(&format!("/inventory/{id}"));
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["data"].clone()
    }
}

impl Answer {
    pub(crate) fn of(request: RequestBuilder) -> Self {
        let response = request.send().unwrap();
        let header = |name: &str| {
            response
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap().to_owned())
        };
        Self {
            status: response.status().as_u16(),
            content_type: header("content-type").unwrap_or_default(),
            location: header("location"),
            text: response.text().unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn is_html(&self) -> bool {
        self.content_type.starts_with("text/html") && self.text.contains("<html")
    }
}
