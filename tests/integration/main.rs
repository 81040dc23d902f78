//! Everything that is tested from outside, in one binary: a file a command or server, `support` for what they share.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends by failing, and so do the helpers that the clippy settings for tests don't reach"
)]

mod export;
mod faulty;
mod import;
mod kubernetes;
mod migrate;
mod sandbox;
mod shard;
mod support;

#[test]
fn the_binary_answers_for_itself() {
    support::Stockport::new().run(["--version"]).ok();
}
