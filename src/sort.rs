//! Records in the order of their keys, however many: sorted runs in a temporary file, merged while they are read.
//!
//! Belongs here: sorting with bounded memory. Doesn't: what a record is, or how two are compared.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, ErrorKind, Read, Result, Seek, SeekFrom, Write};

/// How many bytes are held before a run is written. Two sorters, as the sides of a comparison need them, together stay below a hundred megabytes.
const HELD: usize = 24 << 20;
/// How much of each run is read at once.
const READ: usize = 32 << 10;
/// What an entry costs beside its own bytes.
const OVERHEAD: usize = 64;

/// A key, and the bytes that belong to it.
pub type Entry = (Vec<u8>, Vec<u8>);

/// Takes records in any order.
pub struct Sorter {
    held: Vec<Entry>,
    bytes: usize,
    most: usize,
    file: Option<BufWriter<File>>,
    /// Where each run begins; it ends where the next one does, the last one at `length`.
    runs: Vec<u64>,
    length: u64,
    count: u64,
}

impl Default for Sorter {
    fn default() -> Self {
        Self::holding(HELD)
    }
}

impl Sorter {
    /// A sorter that holds about so many bytes in memory.
    #[must_use]
    pub fn holding(most: usize) -> Self {
        Self {
            held: Vec::new(),
            bytes: 0,
            most,
            file: None,
            runs: Vec::new(),
            length: 0,
            count: 0,
        }
    }

    /// Takes one record.
    pub fn push(&mut self, key: &[u8], record: Vec<u8>) -> Result<()> {
        self.bytes += key.len() + record.len() + OVERHEAD;
        self.count += 1;
        self.held.push((key.to_vec(), record));
        if self.bytes >= self.most { self.spill() } else { Ok(()) }
    }

    /// All that was taken counts for nothing.
    pub fn clear(&mut self) {
        *self = Self::holding(self.most);
    }

    fn spill(&mut self) -> Result<()> {
        self.held.sort_unstable();
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(BufWriter::with_capacity(READ, tempfile::tempfile()?)),
        };
        self.runs.push(self.length);
        for (key, record) in self.held.drain(..) {
            for part in [&key, &record] {
                let length = u32::try_from(part.len()).map_err(|_| std::io::Error::from(ErrorKind::FileTooLarge))?;
                file.write_all(&length.to_le_bytes())?;
            }
            file.write_all(&key)?;
            file.write_all(&record)?;
            self.length += (key.len() + record.len() + 8) as u64;
        }
        self.bytes = 0;
        Ok(())
    }

    /// What was taken, sorted. What fits into memory never touches the disk.
    pub fn finish(mut self) -> Result<Sorted> {
        self.held.sort_unstable();
        let file = match self.file {
            None => None,
            Some(file) => Some(file.into_inner().map_err(std::io::IntoInnerError::into_error)?),
        };
        Ok(Sorted {
            held: self.held,
            file,
            runs: self.runs,
            length: self.length,
            count: self.count,
        })
    }
}

/// Records that have been sorted.
pub struct Sorted {
    /// The run that never left memory.
    held: Vec<Entry>,
    file: Option<File>,
    runs: Vec<u64>,
    length: u64,
    count: u64,
}

impl Sorted {
    /// How many records there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How many runs lie on disk.
    #[cfg(test)]
    fn runs_on_disk(&self) -> usize {
        self.runs.len()
    }

    /// Every record in the order of the keys (byte order); of one key, in the order of the records' bytes.
    #[must_use]
    pub fn iter(&self) -> Merge<'_> {
        let ends = self.runs.iter().skip(1).copied().chain([self.length]);
        let parts = self.runs.iter().zip(ends).filter_map(|(at, end)| {
            let file = self.file.as_ref()?;
            let part = Part { file, at: *at, end };
            Some(Run::Disk(BufReader::with_capacity(READ, part)))
        });
        Merge {
            runs: parts.chain([Run::Held(self.held.iter())]).collect(),
            heads: BinaryHeap::new(),
            begun: false,
        }
    }
}

impl<'s> IntoIterator for &'s Sorted {
    type Item = Result<Entry>;
    type IntoIter = Merge<'s>;

    fn into_iter(self) -> Merge<'s> {
        self.iter()
    }
}

enum Run<'s> {
    Disk(BufReader<Part<'s>>),
    Held(std::slice::Iter<'s, Entry>),
}

/// The merge of all runs.
pub struct Merge<'s> {
    runs: Vec<Run<'s>>,
    /// The next entry of each run, and which run it is of.
    heads: BinaryHeap<Reverse<(Entry, usize)>>,
    begun: bool,
}

impl Merge<'_> {
    fn step(&mut self) -> Result<Option<Entry>> {
        if !std::mem::replace(&mut self.begun, true) {
            for (number, run) in self.runs.iter_mut().enumerate() {
                self.heads.extend(read(run)?.map(|entry| Reverse((entry, number))));
            }
        }
        let Some(Reverse((entry, number))) = self.heads.pop() else {
            return Ok(None);
        };
        if let Some(run) = self.runs.get_mut(number) {
            self.heads.extend(read(run)?.map(|entry| Reverse((entry, number))));
        }
        Ok(Some(entry))
    }
}

impl Iterator for Merge<'_> {
    type Item = Result<Entry>;

    fn next(&mut self) -> Option<Result<Entry>> {
        self.step().transpose()
    }
}

/// A part of a file that others read too: each read goes to its own place first.
struct Part<'f> {
    file: &'f File,
    at: u64,
    end: u64,
}

impl Read for Part<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let most = left.min(buffer.len());
        let mut file = self.file;
        file.seek(SeekFrom::Start(self.at))?;
        let read = file.read(buffer.get_mut(..most).unwrap_or_default())?;
        self.at += read as u64;
        Ok(read)
    }
}

fn read(run: &mut Run<'_>) -> Result<Option<Entry>> {
    let run = match run {
        Run::Held(entries) => return Ok(entries.next().cloned()),
        Run::Disk(run) => run,
    };
    if run.fill_buf()?.is_empty() {
        return Ok(None);
    }
    let mut lengths = [[0; 4]; 2];
    for length in &mut lengths {
        run.read_exact(length)?;
    }
    let [key, record] = lengths.map(u32::from_le_bytes);
    let mut part = |length: u32| {
        let mut bytes = vec![0; usize::try_from(length).map_err(std::io::Error::other)?];
        run.read_exact(&mut bytes).map(|()| bytes)
    };
    Ok(Some((part(key)?, part(record)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(most: usize, entries: &[(String, String)]) -> Sorted {
        let mut sorter = Sorter::holding(most);
        for (id, record) in entries {
            sorter.push(id.as_bytes(), record.clone().into_bytes()).unwrap();
            assert!(sorter.bytes < most.max(1), "more is held than was allowed");
        }
        sorter.finish().unwrap()
    }

    fn text((id, record): Entry) -> (String, String) {
        (String::from_utf8(id).unwrap(), String::from_utf8(record).unwrap())
    }

    #[test]
    fn records_come_in_the_order_of_their_ids_however_little_is_held() {
        let mut random = fastrand::Rng::with_seed(5);
        let entries: Vec<_> = (0..3_000)
            .map(|_| {
                let id = random.u32(0..5_000).to_string();
                let record = format!("{id}:{}", "x".repeat(random.usize(0..300)));
                (id, record)
            })
            .collect();
        let mut expected = entries.clone();
        expected.sort();
        for most in [1, 1_000, 100_000, usize::MAX] {
            let sorted = sorted(most, &entries);
            assert_eq!(sorted.count(), 3_000);
            assert_eq!(sorted.runs_on_disk() == 0, most == usize::MAX, "holding {most}");
            for _ in 0..2 {
                let all: Vec<_> = sorted.iter().map(|entry| text(entry.unwrap())).collect();
                assert_eq!(all, expected, "holding {most}");
            }
        }
        assert!(sorted(1, &[]).iter().next().is_none());
    }

    #[test]
    fn a_hundred_thousand_records_are_sorted_while_a_hundredth_of_them_is_held() {
        let entries: Vec<_> = (0..100_000_u32)
            .map(|number| (format!("{:06}", (number * 7_919) % 100_000), "y".repeat(100)))
            .collect();
        let sorted = sorted(170_000, &entries);
        assert!(sorted.runs_on_disk() >= 100, "{}", sorted.runs_on_disk());
        assert!(sorted.held.len() <= 1_000, "{}", sorted.held.len());
        for (number, entry) in sorted.iter().enumerate() {
            assert_eq!(text(entry.unwrap()).0, format!("{number:06}"));
        }
    }

    #[test]
    fn what_is_cleared_leaves_nothing() {
        let mut sorter = Sorter::holding(10);
        sorter.push(b"A", vec![1; 20]).unwrap();
        sorter.clear();
        sorter.push(b"B", vec![2]).unwrap();
        let all: Vec<_> = sorter.finish().unwrap().iter().map(Result::unwrap).collect();
        assert_eq!(all, [(b"B".to_vec(), vec![2])]);
    }
}
