//! Which of the contract's endpoints the sandbox plays.
//!
//! Doesn't belong here: what each answers (`handler`).

/// How the endpoint differs from the strict one, which is the default: the vendor's server as it was seen.
/// Each field is one of the poorer or newer deployments that the API contract names; they can be mixed.
#[expect(clippy::struct_excessive_bools, reason = "independent switches of one flag each")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flavour {
    /// No list has more than so many items, whatever `limit` says (and no `limit` is an error).
    pub hard_cut: Option<u64>,
    /// `order_by` and `desc` are ignored, and lists come in no order that means anything.
    pub unordered: bool,
    /// `limit=N` gives N items instead of a 500.
    pub integer_limit: bool,
    /// A posted array is refused: 400 "Data not recognized…", nothing saved.
    pub no_arrays: bool,
    /// Every list answers 500; single items can be read.
    pub lists_fail: bool,
    /// Items get no `updated_at` and `updated_by`, as in the answers of the vendor's documentation.
    pub no_stamps: bool,
    /// Failures of authentication and permission in the shape of the vendor's newer revisions.
    pub newer_auth: bool,
}
