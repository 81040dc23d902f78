//! SHA-256, by which files, snapshots, certificates and locks are known; and tables whose keys are hashes already.
//!
//! The library is the one that TLS brings along: where the processor has no instructions for it, its code takes little more
//! than half the time of portable code. Only this room names it.
//!
//! Doesn't belong here: what is hashed, and what for.

use std::hash::Hasher;

use ring::digest::{Context, SHA256};

/// A hash that is being taken.
#[derive(Clone)]
pub(crate) struct Sha256(Context);

impl Sha256 {
    /// Of nothing yet.
    pub(crate) fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    /// The hash of these bytes.
    pub(crate) fn digest(bytes: impl AsRef<[u8]>) -> [u8; 32] {
        let mut hash = Self::new();
        hash.update(bytes);
        hash.finish()
    }

    /// Takes further bytes in.
    pub(crate) fn update(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.update(bytes.as_ref());
    }

    /// The hash of all that was taken in.
    pub(crate) fn finish(self) -> [u8; 32] {
        let mut hash = [0; 32];
        for (to, from) in hash.iter_mut().zip(self.0.finish().as_ref()) {
            *to = *from;
        }
        hash
    }
}

/// Bytes in hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |hex, byte| {
        hex + &format!("{byte:02x}")
    })
}

/// The hasher of tables whose keys are hashes already: it passes a key on as it is.
#[derive(Default)]
pub(crate) struct Prehashed(u64);

impl Hasher for Prehashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Only numbers of 64 bits come here.
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_the_one_that_another_library_makes() {
        for length in [0_usize, 1, 55, 56, 63, 64, 65, 100_000] {
            let bytes: Vec<u8> = (0..=255).cycle().take(length).collect();
            let mut in_parts = Sha256::new();
            bytes.chunks(7).for_each(|part| in_parts.update(part));
            let theirs: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(&bytes).into();
            assert_eq!(
                (Sha256::digest(&bytes), in_parts.finish()),
                (theirs, theirs),
                "{length}"
            );
        }
    }

    #[test]
    fn digits_are_hexadecimal() {
        assert_eq!(hex(&[0, 0x0a, 0xff]), "000aff");
    }
}
