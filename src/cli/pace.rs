//! The throttling of an upload and its safety limits: arguments of every command that writes.
//!
//! Doesn't belong here: what they do to an upload (`upload`).

use std::num::NonZeroU32;

use clap::Args;

use super::THROTTLING;
use super::usage::whole;
use crate::plan::MaxShare;
use crate::upload::MaxFailures;

/// How fast an upload is.
#[derive(Args, Clone, Copy, Debug)]
pub struct Pace {
    /// The maximum number of concurrent requests
    #[arg(long, value_name = "N", default_value_t = 8, help_heading = THROTTLING,
          value_parser = whole::<u16, 1, 512>)]
    pub jobs: u16,
    /// The maximum number of items per request
    #[arg(long, value_name = "N", default_value_t = 100, help_heading = THROTTLING,
          value_parser = whole::<u16, 1, 5_000>)]
    pub batch: u16,
    /// The maximum number of items per second
    #[arg(long, value_name = "N", help_heading = THROTTLING, value_parser = rate)]
    pub rate: Option<NonZeroU32>,
    /// Stop when more items than this fail: a number, or a share (5%)
    #[arg(long, value_name = "N|N%", help_heading = THROTTLING, value_parser = max_failures)]
    pub max_failures: Option<MaxFailures>,
}

/// Surprises that stop a run unless they are allowed.
#[derive(Args, Clone, Copy, Debug)]
pub struct Brakes {
    /// Continue if the organization is empty although an earlier run found items
    #[arg(long, help_heading = "Safety limits")]
    pub allow_empty: bool,
    /// Continue if the organization holds less than half of what an earlier run found
    #[arg(long, help_heading = "Safety limits")]
    pub allow_shrink: bool,
}

/// What becomes of items that can't be read.
#[derive(Args, Clone, Copy, Debug)]
pub struct Unreadable {
    /// Post items that the API can't read (500) although it reads others; by default they fail
    #[arg(long, help_heading = "Safety limits")]
    pub post_unreadable: bool,
}

fn rate(text: &str) -> Result<NonZeroU32, String> {
    whole::<u32, 1, { u32::MAX as u64 }>(text).and_then(|rate| NonZeroU32::new(rate).ok_or_else(String::new))
}

fn max_failures(text: &str) -> Result<MaxFailures, String> {
    let wrong = || "give a number of items (20) or a share (5%)".to_owned();
    match text.strip_suffix('%') {
        Some(share) => match share.trim().parse::<f64>() {
            Ok(share) if (0.0..=100.0).contains(&share) => Ok(MaxFailures::Share(share / 100.0)),
            _ => Err(wrong()),
        },
        None => text.parse().map(MaxFailures::Items).map_err(|_| wrong()),
    }
}

pub(super) fn max_delete(text: &str) -> Result<MaxShare, String> {
    Ok(match max_failures(text)? {
        MaxFailures::Items(most) => MaxShare::Items(most),
        MaxFailures::Share(most) => MaxShare::Share(most),
    })
}
