//! A worksheet of an xlsx or xlsm, read from its XML once: its rows packed, its hidden rows and merged cells.
//!
//! Belongs here: the way from the parts to there, for sheets as programs write them. A sheet that is out of the ordinary,
//! broken or beyond a bound is none of them, and `xlsx` reads it: it knows every case and the sentence for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Extras;
use super::blocks;
use super::markup::Halt;
use super::package::SheetEntry;
use super::packing::Packing;
use super::probe::{self, Probe};
use super::scan::SheetScan;
use super::source::Source;
use super::spool::{ChunkRows, Shelf, Spool};
use super::stream::apart;
use super::strings::{StringScan, Strings};
use crate::sheet::{Limits, ReadError, Row, RowReader};

/// A sheet that has been read.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) spool: Spool,
    pub(super) extras: Arc<Extras>,
}

/// The sheets of a workbook that have been read, and what they have in common.
#[derive(Debug, Default)]
pub(super) struct Sheets(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    shelf: Arc<Shelf>,
    tried: bool,
    book: Option<Arc<Book>>,
    sheets: HashMap<String, Option<Arc<Parsed>>>,
}

#[derive(Debug)]
struct Book {
    probe: Probe,
    strings: Arc<Strings>,
}

impl Sheets {
    /// The sheet, if it is one that can be read so; read when it is first asked for.
    pub(super) fn get(
        &self,
        source: &Source,
        all: &[SheetEntry],
        entry: &SheetEntry,
        limits: &Limits,
    ) -> Option<Arc<Parsed>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.sheets.get(&entry.name) {
            return found.clone();
        }
        if !known.tried {
            let (source, all) = (source.clone(), all.to_vec());
            known.book = calmly(move || open(&source, &all)).map(Arc::new);
            known.tried = true;
        }
        let found = known.book.clone().and_then(|book| {
            let (source, entry, limits, shelf) = (source.clone(), entry.clone(), *limits, Arc::clone(&known.shelf));
            calmly(move || parse(&source, &book, &entry, limits, shelf).ok()).map(Arc::new)
        });
        known.sheets.insert(entry.name.clone(), found.clone());
        found
    }
}

/// Runs what may panic inside calamine or the zip reader; then it was all in vain.
fn calmly<T: Send + 'static>(work: impl FnOnce() -> Option<T> + Send + 'static) -> Option<T> {
    apart("", move || Ok(work())).ok().flatten()
}

fn open(source: &Source, all: &[SheetEntry]) -> Option<Book> {
    let probe = probe::ask(source, all)?;
    let mut scan = StringScan::default();
    if let Some(part) = probe.strings {
        blocks::read(source, part, |text| scan.step(text)).ok()?;
    }
    Some(Book {
        probe,
        strings: Arc::new(scan.finish()),
    })
}

fn parse(source: &Source, book: &Book, entry: &SheetEntry, limits: Limits, shelf: Arc<Shelf>) -> Result<Parsed, Halt> {
    let part = *book.probe.parts.get(&entry.name).ok_or(Halt::Unusual)?;
    let packing = Packing::new(limits, shelf, Arc::clone(&book.strings));
    let mut scan = SheetScan::new(&book.probe.styles, book.probe.is_1904, packing, limits.cells);
    blocks::read(source, part, |text| scan.step(text))?;
    let (packing, extras) = scan.finish();
    Ok(Parsed {
        spool: packing.finish()?,
        extras: Arc::new(extras),
    })
}

/// The rows of a sheet that has been read, some hundred at a time. A copy goes on where this one stands.
#[derive(Clone)]
pub(in crate::sheet) struct Chunks {
    file: String,
    parsed: Arc<Parsed>,
    next: usize,
}

impl Chunks {
    pub(super) fn new(file: &str, parsed: Arc<Parsed>) -> Self {
        Self {
            file: file.to_owned(),
            parsed,
            next: 0,
        }
    }

    /// The next of them, which may be read on any thread.
    pub(in crate::sheet) fn next(&mut self) -> Result<Option<ChunkRows>, ReadError> {
        let chunk = self.parsed.spool.chunk(self.next, &self.file)?;
        self.next += 1;
        Ok(chunk)
    }
}

/// The same, one after the other.
pub(super) struct ParsedRows {
    chunks: Chunks,
    chunk: Option<ChunkRows>,
}

impl ParsedRows {
    pub(super) fn new(chunks: Chunks) -> Self {
        Self { chunks, chunk: None }
    }
}

impl RowReader for ParsedRows {
    fn next(&mut self, row: &mut Row) -> Result<bool, ReadError> {
        loop {
            if let Some(chunk) = &mut self.chunk
                && chunk.next(row)?
            {
                return Ok(true);
            }
            self.chunk = self.chunks.next()?;
            if self.chunk.is_none() {
                return Ok(false);
            }
        }
    }
}
