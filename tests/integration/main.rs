//! Everything that is tested from outside, in one binary: a file a command or server, `support` for what they share.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends by failing, and so do the helpers that the clippy settings for tests don't reach"
)]

mod accounts;
mod airflow;
mod alike;
mod asks;
mod backup;
mod bad_input;
mod bare;
mod carried;
mod catalogue;
mod config;
mod contract;
mod convert;
mod counted;
mod delete;
mod diff;
mod doctor;
mod durable;
mod edges;
mod events;
mod export;
mod exports;
mod faulty;
mod guards;
mod help;
mod history;
mod house;
mod identity;
mod import;
mod inspect;
mod json;
mod kubernetes;
mod large;
mod layouts;
mod login;
mod manual;
mod mapped;
mod migrate;
mod network;
mod next;
mod notify;
mod office;
mod order;
mod packages;
mod pictures;
mod places;
mod plan_files;
mod plan_sheets;
mod proof;
mod quiet;
mod reading;
mod readme;
mod refused;
mod rejects;
mod report;
mod reported;
mod respelled;
mod results;
mod resume;
mod rows;
mod runs;
mod sandbox;
mod schedule;
mod secrets;
mod shard;
mod shown;
mod since;
mod support;
mod template;
mod terminal;
mod threads;
mod undo;
mod unreadable;
mod upload;
mod values;
mod waits;
mod workbooks;
mod writers;
mod yesterday;

#[test]
fn the_binary_answers_for_itself() {
    support::Stockport::new().run(["--version"]).ok();
}
