//! A monitor that expects a request when a command begins, succeeds or fails, in the manner of healthchecks.io.
//!
//! Its address is a secret: nothing but its host is shown. It is given no key.
//!
//! Doesn't belong here: when it is asked (`notify`).

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::{Client, StatusCode, Url};
use tokio::runtime::Builder;
use tokio::time::{sleep, timeout};

use super::address::is_loopback;
use super::{GLANCE, Network};
use crate::error::{Code, Exit, UserError};

/// The deadline of one request.
const DEADLINE: Duration = Duration::from_secs(10);
/// The pauses before the second and the third request.
const PAUSES: [Duration; 3] = [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(2)];

/// A monitor.
#[derive(Clone, PartialEq, Eq)]
pub struct Ping(Url);

/// The address of `--ping` is none that is asked. It isn't shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the address of --ping must begin with https:// (http:// for this machine only)")]
pub struct PingError;

impl UserError for PingError {
    fn code(&self) -> Code {
        "ping_bad_address".into()
    }

    fn hint(&self) -> String {
        "give the monitor's complete address, such as https://hc-ping.com/UUID".to_owned()
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

/// What a monitor is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The command begins.
    Start,
    /// It has succeeded.
    Success,
    /// It has failed.
    Failure,
}

impl Ping {
    /// Reads an address.
    pub fn parse(text: &str) -> Result<Self, PingError> {
        let mut url = Url::parse(text.trim()).map_err(|_| PingError)?;
        let is_allowed = url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url);
        url.set_fragment(None);
        is_allowed.then_some(Self(url)).ok_or(PingError)
    }

    /// The monitor's host, for messages.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Tells the monitor, in up to three requests; or says why it wasn't reached. Once `is_last` is set it isn't asked again,
    /// and once `stop` is, it is given up.
    pub fn tell(&self, network: &Network, told: Told, is_last: &AtomicBool, stop: &AtomicBool) -> Result<(), String> {
        let client = network.builder(&self.0).map_err(|error| error.to_string())?;
        let client = client.timeout(DEADLINE).build();
        let client = client.map_err(|error| error.without_url().to_string())?;
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|cause| crate::cause::io(&cause))?;
        runtime.block_on(async {
            let mut work = pin!(self.ask(&client, told, is_last));
            loop {
                match timeout(GLANCE, work.as_mut()).await {
                    Ok(result) => return result,
                    Err(_) if stop.load(Ordering::Relaxed) => return Err("interrupted".to_owned()),
                    Err(_) => {}
                }
            }
        })
    }

    async fn ask(&self, client: &Client, told: Told, is_last: &AtomicBool) -> Result<(), String> {
        let mut fault = String::new();
        for pause in PAUSES {
            if !pause.is_zero() && is_last.load(Ordering::Relaxed) {
                break;
            }
            sleep(pause).await;
            fault = match client.get(self.address(told)).send().await {
                Ok(answer) if answer.status().is_success() => return Ok(()),
                Ok(answer) => {
                    let status = answer.status();
                    let fault = format!("it answered {}", status.as_u16());
                    let may_pass = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
                    if !may_pass {
                        return Err(fault);
                    }
                    fault
                }
                Err(error) if error.is_timeout() => format!("no answer within {} seconds", DEADLINE.as_secs()),
                // The causes name the host at most; the error itself names the address.
                Err(error) => innermost(&error.without_url()),
            };
        }
        Err(fault)
    }

    fn address(&self, told: Told) -> Url {
        let end = match told {
            Told::Start => "/start",
            Told::Success => return self.0.clone(),
            Told::Failure => "/fail",
        };
        let mut url = self.0.clone();
        url.set_path(&format!("{}{end}", self.0.path().trim_end_matches('/')));
        url
    }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
