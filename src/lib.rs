//! stockport moves inventory between places: a spreadsheet, an organization behind the
//! Cannlytics inventory API, or a backup. Every command is the same short journey:
//! read → match columns → normalize → check → plan → write → account.

pub mod api;
pub mod audit;
pub mod backup;
pub mod cause;
pub mod cli;
pub mod columns;
pub mod commands;
pub mod config;
pub mod convert;
pub mod delete;
pub mod diff;
pub mod error;
pub mod export;
pub mod filter;
pub mod inventory;
pub mod item;
pub mod journal;
pub mod migrate;
pub mod output;
mod parallel;
pub mod place;
pub mod plan;
pub mod progress;
pub mod report;
pub mod restore;
pub mod review;
pub mod runs;
pub mod sandbox;
pub mod schedule;
pub mod shard;
pub mod sheet;
pub mod skim;
pub mod snapshot;
pub mod transfer;
pub mod undo;
pub mod upload;
