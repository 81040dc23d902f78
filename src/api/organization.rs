//! Whether the API knows the organization, where an empty list can't tell: the server's check of an organization is a
//! substring test, so a truncated name reads as an empty inventory.
//!
//! Doesn't belong here: when it is asked (`inventory`).

use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::Client;
use super::error::ApiError;

/// What the server says of an organization that it doesn't have, from the API contract.
const NO_ORGANIZATION: &str = "No organization exists with the given ID.";

/// How long an answer is read for these words.
const READ: usize = 16 * 1024;

impl Client {
    /// Whether this key reaches this organization: one item is asked for, and the organization itself.
    pub fn check_access(&self) -> Result<(), ApiError> {
        self.block_on(self.probe())?;
        self.check_organization()
    }

    /// Asks `GET /organizations/<id>`, once. Only a JSON 404 with the server's own words is an answer; any other failure, and
    /// any other answer, proves nothing.
    pub fn check_organization(&self) -> Result<(), ApiError> {
        let origin = &self.origin;
        let request = super::items::request(Method::GET, origin.address.organization()?, None);
        let deadline = Instant::now() + self.timeout;
        let request = self.signed(request)?;
        let answer = self.block_on(self.unless_stopped(async {
            let response = timeout_at(deadline, self.http.execute(request)).await.ok()?.ok()?;
            timeout_at(deadline, words(response)).await.ok()?
        }))?;
        match answer {
            Some(words) if words == NO_ORGANIZATION => Err(ApiError::NoOrganization {
                org: origin.org.clone(),
            }),
            _ => Ok(()),
        }
    }
}

/// The message of a JSON 404.
async fn words(mut response: Response) -> Option<String> {
    if response.status() != StatusCode::NOT_FOUND {
        return None;
    }
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.ok()? {
        body.extend_from_slice(&piece);
        if body.len() > READ {
            return None;
        }
    }
    let answer: Value = serde_json::from_slice(&body).ok()?;
    Some(answer.get("message")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use crate::api::ApiError;
    use crate::api::testserver::{Reply, Server, html, json};

    #[test]
    fn only_a_json_404_with_the_servers_words_says_that_there_is_no_organization() {
        let ask = |reply: fn(&'static str) -> Reply| {
            let server = Server::start(move |seen| {
                assert!(seen.target.starts_with("/api/organizations/org"), "{}", seen.target);
                reply(r#"{"error":true,"message":"No organization exists with the given ID."}"#)
            });
            server.client(3).check_organization().map(|()| server.seen().len())
        };
        assert!(matches!(ask(|says| json(404, says)), Err(ApiError::NoOrganization { org }) if org == "org"));
        let others: [fn(&'static str) -> Reply; 9] = [
            |says| json(200, says),
            |says| json(403, says),
            |says| json(500, says),
            |_| html(404, "<title>No organization exists with the given ID.</title>"),
            |_| json(404, r#"{"detail":"Not found."}"#),
            |_| json(404, r#"{"message":"Not Found"}"#),
            |_| json(404, "[]"),
            |_| json(200, r#"{"success":true,"data":{}}"#),
            |_| Reply::Close(Vec::new()),
        ];
        for other in others {
            assert!(matches!(ask(other), Ok(1)), "asked once, and no answer is no proof");
        }
    }
}
