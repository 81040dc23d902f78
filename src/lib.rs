//! stockport moves inventory between places: a spreadsheet, an organization behind the
//! Cannlytics inventory API, or a backup. Every command is the same short journey:
//! read → match columns → normalize → check → plan → write → account.
//!
//! A row's way, from a workbook to an organization (`stockport import`):
//!
//! 1. [`commands`] turns the arguments of [`cli`] into a source, a target and a policy; [`config`] settles where and with
//!    which key.
//! 2. [`sheet`] opens the file by its content, finds the header row, and gives the row with its file, sheet and line.
//! 3. [`columns`] says which column is which field and why, and makes an item of the cells: numbers, dates, ids, what says
//!    nothing. A row that can't be an item is rejected here, by its cell. A first pass settles what takes a whole column.
//! 4. [`inventory`] reads the whole of the organization through [`api`], and proves that it is the whole.
//! 5. [`plan`] holds the item against what is stored: create, update the fields that differ, or leave unchanged.
//! 6. [`transfer`] is the journey itself: it shows the plan, has it written, verified and accounted for. [`journal`] keeps
//!    what the run promises before it is sent, and what became of it; [`runs`] finds it again.
//! 7. [`upload`] sends in batches, in step with what the API bears, and makes every unknown outcome a known one.
//! 8. [`report`] proves with the closing equation that the row has ended just once, and writes those that did not go
//!    through into the reject file.
//!
//! Whatever is said on the way goes through [`output`] and [`progress`]; each room says what a user can do about its
//! failures, in the form that [`error`] gives them. Other commands leave out steps, or take another place for one end:
//! [`export`], [`convert`], [`diff`], [`migrate`], [`backup`] with [`snapshot`], [`restore`], [`delete`], [`undo`].
//! [`sandbox`] is a server that behaves as the API does.

pub mod api;
pub mod audit;
pub mod backup;
mod bits;
pub mod cause;
pub mod cli;
pub mod columns;
pub mod commands;
pub mod config;
pub mod convert;
mod counter;
pub mod delete;
pub mod diff;
pub mod environment;
pub mod error;
pub mod export;
pub mod files;
pub mod filter;
mod hash;
pub mod help;
pub mod inventory;
pub mod item;
pub mod journal;
pub mod migrate;
pub mod notify;
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
pub mod snapshot;
pub mod sort;
pub mod transfer;
pub mod undo;
pub mod upload;
