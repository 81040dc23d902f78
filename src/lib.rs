//! stockport moves inventory between places: a spreadsheet, an organization behind the
//! Cannlytics inventory API, or a backup. Every command is the same short journey:
//! read → match columns → normalize → check → plan → write → account.

pub mod api;
pub mod columns;
pub mod inventory;
pub mod item;
pub mod sandbox;
pub mod sheet;
