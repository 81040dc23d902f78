//! Lines sorted by a key with bounded memory: sorted runs in a temporary file, then merged.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, ErrorKind, Read, Result, Seek, SeekFrom, Write};

/// How many bytes are held before a run is written.
const HELD: usize = 32 << 20;
/// How much of each run is read at once.
const READ: usize = 64 << 10;

/// A key and its line.
type Entry = (Vec<u8>, Vec<u8>);

/// Takes entries in any order.
pub(super) struct Sorter {
    held: Vec<Entry>,
    bytes: usize,
    most: usize,
    file: Option<BufWriter<File>>,
    /// Where each run begins; each ends where the next begins.
    runs: Vec<u64>,
    length: u64,
}

impl Sorter {
    pub(super) fn new() -> Self {
        Self::holding(HELD)
    }

    fn holding(most: usize) -> Self {
        Self {
            held: Vec::new(),
            bytes: 0,
            most,
            file: None,
            runs: Vec::new(),
            length: 0,
        }
    }

    pub(super) fn push(&mut self, key: &[u8], line: Vec<u8>) -> Result<()> {
        self.bytes += key.len() + line.len() + 64;
        self.held.push((key.to_vec(), line));
        if self.bytes >= self.most { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> Result<()> {
        self.held.sort_unstable();
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(BufWriter::with_capacity(READ, tempfile::tempfile()?)),
        };
        self.runs.push(self.length);
        for (key, line) in self.held.drain(..) {
            for part in [&key, &line] {
                let length = u32::try_from(part.len()).map_err(|_| std::io::Error::from(ErrorKind::FileTooLarge))?;
                file.write_all(&length.to_le_bytes())?;
            }
            file.write_all(&key)?;
            file.write_all(&line)?;
            self.length += (key.len() + line.len() + 8) as u64;
        }
        self.bytes = 0;
        Ok(())
    }

    /// Gives every line in the order of its key.
    pub(super) fn each(mut self, take: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        if self.file.is_none() {
            self.held.sort_unstable();
            return self.held.iter().try_for_each(|(_, line)| take(line));
        }
        self.spill()?;
        let Some(file) = self.file else { return Ok(()) };
        let file = file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        let ends = self.runs.iter().skip(1).copied().chain([self.length]);
        let mut runs: Vec<_> = self
            .runs
            .iter()
            .zip(ends)
            .map(|(at, end)| {
                BufReader::with_capacity(
                    READ,
                    Part {
                        file: &file,
                        at: *at,
                        end,
                    },
                )
            })
            .collect();
        let mut heads = BinaryHeap::with_capacity(runs.len());
        for (number, run) in runs.iter_mut().enumerate() {
            heads.extend(read(run)?.map(|entry| Reverse((entry, number))));
        }
        while let Some(Reverse(((_, line), number))) = heads.pop() {
            take(&line)?;
            if let Some(run) = runs.get_mut(number) {
                heads.extend(read(run)?.map(|entry| Reverse((entry, number))));
            }
        }
        Ok(())
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

fn read(run: &mut BufReader<Part<'_>>) -> Result<Option<Entry>> {
    if run.fill_buf()?.is_empty() {
        return Ok(None);
    }
    let mut lengths = [[0; 4]; 2];
    for length in &mut lengths {
        run.read_exact(length)?;
    }
    let [key, line] = lengths.map(u32::from_le_bytes);
    let mut part = |length: u32| {
        let mut bytes = vec![0; usize::try_from(length).map_err(std::io::Error::other)?];
        run.read_exact(&mut bytes).map(|()| bytes)
    };
    Ok(Some((part(key)?, part(line)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(most: usize, entries: &[(String, String)]) -> Vec<String> {
        let mut sorter = Sorter::holding(most);
        for (key, line) in entries {
            sorter.push(key.as_bytes(), line.clone().into_bytes()).unwrap();
        }
        let mut lines = Vec::new();
        sorter
            .each(&mut |line| {
                lines.push(String::from_utf8(line.to_vec()).unwrap());
                Ok(())
            })
            .unwrap();
        lines
    }

    #[test]
    fn lines_come_in_the_order_of_their_keys_however_little_is_held() {
        let mut random = fastrand::Rng::with_seed(3);
        let entries: Vec<_> = (0..2000)
            .map(|_| {
                let key = format!("{}", random.u32(0..5000));
                let line = format!("{key}:{}", "x".repeat(random.usize(0..300)));
                (key, line)
            })
            .collect();
        let mut expected = entries.clone();
        expected.sort();
        let expected: Vec<_> = expected.into_iter().map(|(_, line)| line).collect();
        for most in [1, 1_000, 50_000, usize::MAX] {
            assert_eq!(sorted(most, &entries), expected, "holding {most}");
        }
        assert!(sorted(1, &[]).is_empty());
    }
}
