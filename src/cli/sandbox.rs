//! The arguments of `stockport sandbox`.
//!
//! Doesn't belong here: what is done with them (`commands::sandbox`).

use clap::Args;

use super::usage::whole;

/// `stockport sandbox`
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches of the command line, each on its own"
)]
#[derive(Args, Debug)]
pub struct Sandbox {
    /// The port on 127.0.0.1 [default: a free one]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = whole::<u16, 0, 65_535>)]
    pub port: u16,
    /// Truncate every list at N items
    #[arg(long, value_name = "N", help_heading = "Simulated faults", value_parser = whole::<u64, 0, { u64::MAX }>)]
    pub hard_cut: Option<u64>,
    /// Ignore `order_by`: list in no order
    #[arg(long, help_heading = "Simulated faults")]
    pub no_order: bool,
    /// Apply an integer limit, as some deployments do
    #[arg(long, help_heading = "Simulated faults")]
    pub integer_limit: bool,
    /// Refuse arrays of items
    #[arg(long, help_heading = "Simulated faults")]
    pub no_arrays: bool,
    /// Answer 500 to every list; single items can be read
    #[arg(long, help_heading = "Simulated faults")]
    pub lists_fail: bool,
    /// Answer without `updated_at` and `updated_by`
    #[arg(long, help_heading = "Simulated faults")]
    pub no_stamps: bool,
    /// Report failed authentication in the newer format
    #[arg(long, help_heading = "Simulated faults")]
    pub newer_auth: bool,
}
