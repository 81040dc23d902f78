//! How much of a file that isn't a table is read. A file without an end (a device, a pipe) meets its bound.
//!
//! Doesn't belong here: the bounds of tables (`sheet::limits`) and of the API's answers (`api`).

/// A key, in a file or printed by a command.
pub(crate) const KEY: u64 = 64 << 10;

/// A note of the program's own: who holds a lock, which run was the last.
pub(crate) const NOTE: u64 = 64 << 10;

/// Settings that people write: the config file, `.env`, a mapping file, a schedule's unit.
pub(crate) const SETTINGS: u64 = 16 << 20;

/// A snapshot's manifest.
pub(crate) const MANIFEST: u64 = 64 << 20;

/// A list of ids, a plan file, a certificate: some hundred bytes an item, of a million items.
pub(crate) const PLAN: u64 = 1 << 30;

/// What is wrong with a file that is longer.
pub(crate) fn exceeded(most: u64) -> String {
    format!(
        "it holds more than {}, the most that is read of such a file",
        size(most)
    )
}

/// A number of bytes as people write it.
pub(crate) fn size(bytes: u64) -> String {
    for (shift, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")] {
        if bytes >= 1 << shift && bytes.trailing_zeros() >= shift {
            return format!("{} {unit}", bytes >> shift);
        }
    }
    format!("{bytes} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_reads_as_people_write_it() {
        assert_eq!(
            [KEY, SETTINGS, 2 << 30, 1000, 1536 << 20].map(size),
            ["64 KiB", "16 MiB", "2 GiB", "1000 bytes", "1536 MiB"]
        );
    }
}
