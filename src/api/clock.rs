//! The API's clock, as the `Date` of its answers tells it.
//!
//! Doesn't belong here: pauses that an answer asks for (`retry`).

use std::time::{Duration, SystemTime};

use reqwest::Method;
use reqwest::header::DATE;
use tokio::time::{Instant, timeout_at};

use super::Client;
use super::error::ApiError;
use super::loss::Loss;

/// Two clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skew {
    /// This machine's clock is ahead.
    Ahead(Duration),
    /// This machine's clock is behind.
    Behind(Duration),
}

impl Skew {
    /// How far the clocks are apart.
    #[must_use]
    pub fn span(self) -> Duration {
        match self {
            Self::Ahead(span) | Self::Behind(span) => span,
        }
    }
}

impl Client {
    /// Asks once, and compares the answer's `Date`, whatever its status, with the middle of the time that it took. None where
    /// the answer has no date.
    pub fn clock_skew(&self) -> Result<Option<Skew>, ApiError> {
        let origin = &self.origin;
        let request = super::items::request(Method::GET, origin.address.organization()?, None);
        let deadline = Instant::now() + self.timeout;
        let asked = SystemTime::now();
        let request = self.signed(request)?;
        let response =
            self.block_on(self.unless_stopped(async { timeout_at(deadline, self.http.execute(request)).await }))?;
        let response = response.map_err(|_| origin.lost(Loss::Timeout))?;
        let response = response.map_err(|error| origin.unanswered(&error))?;
        let took = asked.elapsed().unwrap_or_default();
        let date = response.headers().get(DATE).and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| httpdate::parse_http_date(date).ok());
        Ok(date.map(|date| skew(asked + took / 2, date)))
    }
}

fn skew(own: SystemTime, other: SystemTime) -> Skew {
    match own.duration_since(other) {
        Ok(ahead) => Skew::Ahead(ahead),
        Err(behind) => Skew::Behind(behind.duration()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_ahead_of_an_earlier_one_and_behind_a_later_one() {
        let (then, hour) = (SystemTime::UNIX_EPOCH, Duration::from_secs(3600));
        assert_eq!(skew(then + hour, then), Skew::Ahead(hour));
        assert_eq!(skew(then, then + hour), Skew::Behind(hour));
    }
}
