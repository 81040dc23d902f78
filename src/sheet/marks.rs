//! Where the bytes stand that give delimited text its structure: delimiters, line breaks, quotation marks. Fields are short,
//! so that a search for the end of each costs more than one look at sixty-four bytes at a time.
//!
//! Belongs here: finding these bytes. Doesn't: what they mean (`chunks`).

use crate::bits::packed;

/// How many bytes are looked at together: a bit for each fits into one word.
const BLOCK: usize = u64::BITS as usize;

/// Further than any text reaches.
const NOWHERE: usize = usize::MAX / 2;

/// Finds marks from the front to the back, and remembers the block that was looked at last.
#[derive(Clone)]
pub(super) struct Marks {
    delimiter: u8,
    /// Where the block begins.
    base: usize,
    /// A bit for each of the block's bytes that is a mark, the lowest for the first.
    bits: u64,
    /// Whether JSON escapes any of the block's bytes, marks aside; and of those before it since `forget_escapes`.
    escapes: (bool, bool),
}

impl Marks {
    pub(super) fn new(delimiter: u8) -> Self {
        Self {
            delimiter,
            base: NOWHERE,
            bits: 0,
            escapes: (false, false),
        }
    }

    /// Whether JSON may escape a byte that is no mark, of all that has been looked at since `forget_escapes`: backslashes,
    /// control characters.
    pub(super) fn has_escapes(&self) -> bool {
        self.escapes.0 | self.escapes.1
    }

    /// Forgets what stands before the block that was looked at last.
    pub(super) fn forget_escapes(&mut self) {
        self.escapes.1 = false;
    }

    /// The marks that have been found at or behind `from` already: a bit for each, the lowest for `from` itself.
    #[inline]
    pub(super) fn found(&self, from: usize) -> u64 {
        let ahead = from.wrapping_sub(self.base);
        if ahead < BLOCK { self.bits >> ahead } else { 0 }
    }

    /// The first mark at or behind `from`; the text's length if there is none. Always to be asked of one text.
    #[inline]
    pub(super) fn at_or_behind(&mut self, text: &[u8], from: usize) -> usize {
        let ahead = from.wrapping_sub(self.base);
        if ahead < BLOCK {
            let bits = self.bits >> ahead;
            if bits != 0 {
                return from + bits.trailing_zeros() as usize;
            }
        }
        self.further(text, from)
    }

    /// The same, where the block that was looked at last has none.
    #[inline(never)]
    fn further(&mut self, text: &[u8], from: usize) -> usize {
        let ahead = from.wrapping_sub(self.base);
        let mut from = if ahead < BLOCK { self.base + BLOCK } else { from };
        while from < text.len() {
            self.base = from / BLOCK * BLOCK;
            self.escapes.1 |= self.escapes.0;
            (self.bits, self.escapes.0) = self.look(text.get(self.base..).unwrap_or_default());
            let bits = self.bits >> (from - self.base);
            if bits != 0 {
                return from + bits.trailing_zeros() as usize;
            }
            from = self.base + BLOCK;
        }
        text.len()
    }

    /// Looks at the first block.
    fn look(&self, text: &[u8]) -> (u64, bool) {
        if let Some(block) = text.first_chunk::<BLOCK>() {
            return bits(block, self.delimiter);
        }
        // What fills up the last block is no mark and needs no escape.
        let mut block = [if self.delimiter == b'.' { b':' } else { b'.' }; BLOCK];
        for (to, from) in block.iter_mut().zip(text) {
            *to = *from;
        }
        bits(&block, self.delimiter)
    }
}

/// A bit for each byte that is a mark, and whether JSON escapes any of the others.
fn bits(block: &[u8; BLOCK], delimiter: u8) -> (u64, bool) {
    // One byte for each, 0 or 1: a loop that compilers turn into a few instructions for all of them.
    let (mut hits, mut escapes) = ([0; BLOCK], [0; BLOCK]);
    for ((hit, escape), byte) in hits.iter_mut().zip(&mut escapes).zip(block) {
        *hit = u8::from(*byte == delimiter)
            | u8::from(*byte == b'\n')
            | u8::from(*byte == b'\r')
            | u8::from(*byte == b'"');
        *escape = u8::from(*byte < b' ') & !*hit | u8::from(*byte == b'\\');
    }
    let (words, _) = hits.as_chunks::<8>();
    let bits = words
        .iter()
        .rev()
        .fold(0, |bits, word| bits << 8 | packed(u64::from_le_bytes(*word)));
    let (words, _) = escapes.as_chunks::<8>();
    let escapes = words.iter().fold(0, |all, word| all | u64::from_le_bytes(*word));
    (bits, escapes != 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_mark_is_found_and_nothing_else(
            text in prop::collection::vec(prop::sample::select(b"aaaaaaab;,\n\r\"\xc3\x01\\".to_vec()), 0..300),
            from in 0_usize..300,
        ) {
            let mut marks = Marks::new(b';');
            let mut at = from.min(text.len());
            let mut found = Vec::new();
            loop {
                at = marks.at_or_behind(&text, at);
                if at == text.len() {
                    break;
                }
                found.push(at);
                at += 1;
            }
            let is_escaped = |byte: &u8| matches!(byte, b'\\' | 0..b' ') && !b";\n\r\"".contains(byte);
            prop_assert!(marks.has_escapes() || !text[from.min(text.len())..].iter().any(is_escaped));
            let expected: Vec<usize> =
                (from.min(text.len())..text.len()).filter(|at| b";\n\r\"".contains(&text[*at])).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
