//! The arguments of `stockport fields`.
//!
//! Doesn't belong here: what is done with them (`commands::fields`).

use clap::Args;

/// `stockport fields`
#[derive(Args, Debug)]
pub struct Fields {}
