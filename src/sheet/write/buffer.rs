//! Bytes that are put together, with room behind them for blocks that are written without a look at their length.
//!
//! Doesn't belong here: what is written (`object`, and each format's encoder).

/// Bytes, and room behind them that was cleared once, not for each row: more of it is cleared than is ever written.
#[derive(Clone, Debug, Default)]
pub struct Buffer {
    /// What has been written, and the room behind it.
    bytes: Vec<u8>,
    /// How much has been written.
    length: usize,
    /// For what is written to a vector first.
    aside: Vec<u8>,
}

/// The least by which it grows.
const GROWTH: usize = 4096;

impl Buffer {
    /// What has been written.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// How much has been written.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether nothing has been written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// How many bytes it holds memory for.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Forgets what was written behind so many bytes; the room stays.
    pub fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    /// Adds bytes.
    pub fn extend_from_slice(&mut self, more: &[u8]) {
        let end = self.length + more.len();
        if end > self.bytes.len() {
            self.make_room(self.length, more.len());
        }
        if let Some(room) = self.bytes.get_mut(self.length..end) {
            room.copy_from_slice(more);
        }
        self.length = end;
    }

    /// Adds what is written to the end of a vector, whatever that holds.
    pub fn append<T>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        if self.bytes.len() == self.length {
            let written = write(&mut self.bytes);
            self.length = self.bytes.len();
            return written;
        }
        // What is behind it would have to be cleared once more.
        let mut aside = std::mem::take(&mut self.aside);
        let written = write(&mut aside);
        self.extend_from_slice(&aside);
        aside.clear();
        self.aside = aside;
        written
    }

    /// The next `N` bytes of room at this place.
    #[inline]
    pub(super) fn window<const N: usize>(&mut self, at: usize) -> Option<&mut [u8; N]> {
        self.bytes.get_mut(at..)?.first_chunk_mut()
    }

    /// Makes room for so many bytes at this place.
    #[cold]
    pub(super) fn make_room(&mut self, at: usize, count: usize) {
        let least = (self.bytes.len() * 2).max(at + count).max(at + GROWTH);
        self.bytes.resize(least, 0);
    }

    /// Puts a byte in the place of one that has been written.
    pub(super) fn put(&mut self, at: usize, byte: u8) {
        if let Some(place) = self.bytes.get_mut(at) {
            *place = byte;
        }
    }

    /// Everything up to this place has been written.
    pub(super) fn written_to(&mut self, at: usize) {
        self.length = at.min(self.bytes.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_any_way_stands_one_behind_the_other() {
        let mut buffer = Buffer::default();
        buffer.extend_from_slice(b"one ");
        buffer.append(|out| out.extend_from_slice(b"two "));
        buffer.make_room(buffer.len(), 6);
        let at = buffer.len();
        buffer.window::<6>(at).unwrap().copy_from_slice(b"threeX");
        buffer.written_to(at + 5);
        assert_eq!(buffer.as_slice(), b"one two three");
        buffer.truncate(3);
        buffer.extend_from_slice(&[b'.'; 5000]);
        assert_eq!((buffer.len(), buffer.as_slice().get(..5)), (5003, Some(&b"one.."[..])));
        buffer.truncate(0);
        assert!(buffer.is_empty() && buffer.capacity() >= 5003);
        assert!(buffer.window::<1>(usize::MAX).is_none());
    }
}
