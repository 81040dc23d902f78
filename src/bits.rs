//! A word with a bit for each of many bytes, so that what was found out about all of them is looked at in one piece.
//!
//! Doesn't belong here: what was found out (`sheet::marks`, `columns::looks`).

/// Packs eight bytes of 0 or 1 into eight bits; the lowest is the first.
#[inline]
pub(crate) fn packed(bytes: u64) -> u64 {
    // Moves the lowest bit of the byte of place n to the bit 56 + n; no two of the products meet.
    bytes.wrapping_mul(0x0102_0408_1020_4080) >> 56
}
