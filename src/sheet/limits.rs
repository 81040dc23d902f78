//! How much of a file is read before it is taken for hostile or broken.
//!
//! Doesn't belong here: keeping to it, which each reader does.

/// Bounds on what a file may make the program do. The defaults are far above any real inventory
/// (its records are below 1 MiB each, and an organization holds some hundred thousand) and far below
/// what would exhaust a laptop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes that a compressed file (gzip, zstd, the parts of a workbook together) may unpack to, a pipe may give, and the
    /// texts of one sheet's cells may come to. Default: 2 GiB.
    pub expanded_bytes: u64,
    /// Cells that one sheet may hold. Default: 50 million, which is a million rows of 50 columns.
    pub cells: u64,
    /// Columns that one row may have. Default: 16,384, the width of an Excel sheet.
    pub columns: usize,
    /// Bytes that one row of text, one JSON object, or the texts of one row of a sheet may take. Default: 16 MiB; the
    /// API refuses an item above 1 MiB, so a longer row is a quotation mark that was never closed, or one text repeated.
    pub row_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            expanded_bytes: 2 << 30,
            cells: 50_000_000,
            columns: 16_384,
            row_bytes: 16 << 20,
        }
    }
}
