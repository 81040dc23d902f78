//! Items → the rows of a file, in one pass: the first batch of a list suggests the columns, and rows are written while the
//! list arrives. If the list turns out otherwise (a later field, a list that is asked for again), the sink starts again, and takes
//! the same items from the store. Rows out of order are moved at the end (`order`) where a format's rows can be; in others the
//! sink starts again with the sorted items.
//!
//! Doesn't belong here: the columns and cells (`export`), whether the list is complete (`inventory`), formats
//! (`sheet::write`).

use std::collections::BTreeSet;
use std::hash::RandomState;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::order::{Noted, RowIndex};
use super::since::{Changes, NAMES};
use super::written::Written;
use super::{Headers, Layout, Places};
use crate::api::ApiError;
use crate::columns::{CHANGE, ReadBack};
use crate::error::Error;
use crate::filter::{self, Filter, FilterError};
use crate::inventory::{ItemStore, Lines, Maker, Receiver, each_item};
use crate::item::Object;
use crate::item::text::Item;
use crate::output::Output;
use crate::progress::Progress;
use crate::sheet::write::{
    Buffer, Compression, Destination, OutFormat, RowEncoder, Style, TableWriter, Target, WriteError, writer,
};

/// What is exported, and in which form.
pub struct Settings {
    /// The format.
    pub target: Target,
    /// The names of the columns.
    pub headers: Headers,
    /// The form of delimited text.
    pub style: Style,
    /// Whether values are written as they are stored.
    pub raw: bool,
    /// The fields that are written, in this order; all fields if empty.
    pub fields: Vec<String>,
    /// Which items are written.
    pub filter: Filter,
    /// Whether rows come in the order of the ids, whatever order the list has.
    pub by_id: bool,
    /// Whether only changes are written, which [`Sink::since`] finds.
    pub changes: bool,
}

impl Settings {
    /// The columns for items that have these fields.
    fn layout(&self, present: &BTreeSet<String>) -> Layout {
        let all = if self.raw {
            Layout::raw(present)
        } else {
            Layout::new(present)
        };
        let mut layout = if self.fields.is_empty() {
            all
        } else {
            all.only(self.fields.clone())
        };
        if self.changes && !self.fields.iter().any(|field| field == CHANGE) {
            layout.fields.retain(|field| field != CHANGE);
            layout.fields.insert(0, CHANGE.to_owned());
        }
        layout
    }

    /// Whether the file is its rows, one behind the other, so that they can be put in order once they are written.
    fn has_movable_rows(&self) -> bool {
        let is_text = matches!(self.target.format, OutFormat::Csv | OutFormat::Tsv | OutFormat::Jsonl);
        self.by_id && is_text && self.target.compression == Compression::None
    }

    /// Whether the layout stays the same if there are these fields too.
    fn is_settled(&self, layout: &Layout, names: &BTreeSet<String>) -> bool {
        !self.fields.is_empty() || layout.covers(names)
    }

    /// Checks that every field that is named is one of the API's or of some item.
    fn check(&self, present: &BTreeSet<String>) -> Result<(), FilterError> {
        self.filter.check(present)?;
        if !self.fields.is_empty() {
            filter::fields(&self.fields, present)?;
        }
        Ok(())
    }
}

/// Keeps the items of a list, and writes their rows.
pub struct Sink {
    store: ItemStore,
    rows: Arc<Rows>,
    destination: Destination,
    state: State,
}

enum State {
    /// Nothing has arrived since the start, or since the list began anew.
    Ready,
    /// The rows of all items that have arrived are written.
    Writing(Begun),
    /// Items have arrived that the rows lack.
    Behind,
}

/// Makes rows of items, on the threads that parse them.
struct Rows {
    settings: Settings,
    /// What batches are encoded for; if there is nothing, they aren't encoded.
    assumed: Mutex<Option<Arc<Assumed>>>,
}

/// Columns, and what encodes their rows.
struct Assumed {
    layout: Layout,
    back: ReadBack,
    /// None for a format whose writer takes only cells.
    encoder: Option<Box<dyn RowEncoder>>,
}

/// An output that has begun.
struct Begun {
    writer: Box<dyn TableWriter>,
    assumed: Arc<Assumed>,
    /// The number of items, those too that don't meet the conditions.
    read: u64,
    written: Written,
    /// Where the rows are, if they can be put in order.
    index: Option<RowIndex>,
}

/// The rows of a batch of items.
#[derive(Default)]
pub struct Batch {
    assumed: Option<Arc<Assumed>>,
    places: Places,
    read: u64,
    written: Written,
    /// Encoded rows; without an encoder the text of the items.
    bytes: Buffer,
    /// The length and the id of each row, where the rows can be put in order.
    index: Noted,
    fault: Option<WriteError>,
}

impl Rows {
    fn assume(&self, assumed: Option<&Arc<Assumed>>) {
        *self.assumed.lock().unwrap_or_else(PoisonError::into_inner) = assumed.cloned();
    }

    /// Adds an item to a batch. All items of a batch are encoded for the same columns.
    fn add(&self, batch: &mut Batch, item: &Item<'_, '_>) {
        if batch.read == 0 {
            let assumed = self.assumed.lock().unwrap_or_else(PoisonError::into_inner);
            batch.assumed.clone_from(&assumed);
        }
        batch.read += 1;
        let Some(assumed) = &batch.assumed else { return };
        batch.places.follow(&assumed.layout, item);
        let filter = &self.settings.filter;
        if !filter.is_empty() && !filter.matches(&item.to_object()) {
            return;
        }
        let id = item.id();
        batch.written.note(item, id.as_deref());
        let mut cells = Vec::with_capacity(32);
        assumed.layout.fill(item, id.as_deref(), &batch.places, &mut cells);
        batch.written.note_lost(&assumed.back, &cells, id.as_deref());
        let Some(encoder) = &assumed.encoder else {
            batch.bytes.extend_from_slice(item.text.as_bytes());
            return;
        };
        let before = batch.bytes.len();
        if let Err(fault) = encoder.encode(&cells, &mut batch.bytes) {
            batch.fault = Some(fault);
        }
        if self.settings.has_movable_rows() {
            batch.index.add(batch.bytes.len() - before, id.as_deref());
        }
    }
}

impl Begun {
    /// Completes the output.
    fn finish(self) -> Result<(Written, Option<RowIndex>), WriteError> {
        let mut written = self.written;
        written.notes = self.writer.notes();
        self.writer.finish()?;
        Ok((written, self.index))
    }

    /// Writes a batch that was encoded for the same columns.
    fn put(&mut self, batch: Batch) -> Result<(), WriteError> {
        if let Some(fault) = batch.fault {
            return Err(fault);
        }
        self.read += batch.read;
        self.written.add(batch.written);
        if let Some(index) = &mut self.index {
            index.add(&batch.index)?;
        }
        if let Some(parts) = self.writer.in_parts() {
            return parts.encoded(batch.bytes.as_slice());
        }
        let mut places = Places::default();
        each_item(batch.bytes.as_slice(), &mut |item| {
            places.follow(&self.assumed.layout, item);
            let (id, mut cells) = (item.id(), Vec::with_capacity(32));
            self.assumed.layout.fill(item, id.as_deref(), &places, &mut cells);
            self.writer.row(&cells)
        })
    }
}

impl Sink {
    /// Writes nothing before the first items.
    pub fn new(settings: Settings, destination: Destination) -> io::Result<Self> {
        let store = if settings.changes {
            ItemStore::new()
        } else {
            ItemStore::sequential()
        };
        Ok(Self {
            store: store?,
            rows: Arc::new(Rows {
                settings,
                assumed: Mutex::default(),
            }),
            destination,
            state: State::Ready,
        })
    }

    /// Keeps only what `find` finds changed among the items, once the list is known to be complete; gives [`Changes::counts`]
    /// and [`Changes::local`]. The fields stay those of all items, so that the columns don't depend on what has changed.
    pub fn since(
        &mut self,
        go_on: &dyn Fn() -> Result<(), Error>,
        find: impl FnOnce(&mut ItemStore, &mut Changes<'_>) -> Result<(), Error>,
    ) -> Result<([u64; NAMES.len()], u64), Error> {
        let mut changes = Changes::new(self.rows.settings.filter.clone(), go_on)?;
        find(&mut self.store, &mut changes)?;
        let told = (changes.counts, changes.local);
        let all = std::mem::replace(&mut self.store, changes.store);
        let fields = all.fields().iter().cloned();
        self.store.add_fields(fields.chain([CHANGE.to_owned()]));
        Ok(told)
    }

    /// Completes the output, once the list is known to be complete. `go_on` fails if the user interrupts.
    pub fn finish(mut self, output: &Output, go_on: &dyn Fn() -> Result<(), Error>) -> Result<Written, Error> {
        let settings = &self.rows.settings;
        settings.check(self.store.fields())?;
        let layout = settings.layout(self.store.fields());
        let is_current = |begun: &Begun| begun.read == self.store.count() && begun.assumed.layout == layout;
        let written = match std::mem::replace(&mut self.state, State::Behind) {
            State::Writing(begun) if is_current(&begun) => self.put_in_order(begun, go_on)?,
            _ => None,
        };
        let written = if let Some(written) = written {
            written
        } else {
            if self.is_unsorted() {
                self.sort(output, go_on)?;
            }
            self.write_stored(layout, output, go_on)?.finish()?.0
        };
        // A workbook of a million rows is compressed for some seconds.
        go_on()?;
        self.destination.commit()?;
        Ok(written)
    }

    /// Completes the rows that were written in the order of the list, and moves those that are out of order; none where that
    /// takes more than an index of them.
    fn put_in_order(&mut self, begun: Begun, go_on: &dyn Fn() -> Result<(), Error>) -> Result<Option<Written>, Error> {
        let (written, index) = begun.finish()?;
        if !self.is_unsorted() {
            return Ok(Some(written));
        }
        go_on()?;
        let pieces = index
            .map(RowIndex::pieces)
            .transpose()
            .map_err(WriteError::from)?
            .flatten();
        let Some(pieces) = pieces else { return Ok(None) };
        self.destination.rearrange(&pieces)?;
        Ok(Some(written))
    }

    /// Whether the stored items have another order than is wanted.
    fn is_unsorted(&self) -> bool {
        self.rows.settings.by_id && !self.store.ascends()
    }

    fn sort(&mut self, output: &Output, go_on: &dyn Fn() -> Result<(), Error>) -> Result<(), Error> {
        let progress = Progress::begin(output, "Sorting", Some(self.store.count()));
        let sorted = self.store.sort::<Error>(&mut |count| {
            progress.done(count);
            go_on()
        });
        progress.clear();
        sorted
    }

    fn write_stored(
        &mut self,
        layout: Layout,
        output: &Output,
        go_on: &dyn Fn() -> Result<(), Error>,
    ) -> Result<Begun, Error> {
        let mut begun = self.begin(layout)?;
        let progress = Progress::begin(output, "Writing", Some(self.store.count()));
        let rows = &self.rows;
        let written = self.store.each_part::<Batch, Error>(
            &|batch, item| {
                rows.add(batch, item);
                Ok(())
            },
            &mut |batch| {
                go_on()?;
                progress.done(batch.read);
                Ok(begun.put(batch)?)
            },
        );
        progress.clear();
        written?;
        Ok(begun)
    }

    /// Begins the output, from its start.
    fn begin(&mut self, layout: Layout) -> Result<Begun, WriteError> {
        self.destination.restart()?;
        let settings = &self.rows.settings;
        let columns = layout.columns(settings.headers);
        let mut writer = writer(&settings.target, &columns, &settings.style, self.destination.bytes()?)?;
        let encoder = writer.in_parts().map(|parts| parts.encoder());
        let back = ReadBack::new(settings.target.format, &layout.fields, &columns);
        let assumed = Arc::new(Assumed { layout, back, encoder });
        self.rows.assume(Some(&assumed));
        let index = self.rows.settings.has_movable_rows().then(RowIndex::new).transpose()?;
        Ok(Begun {
            writer,
            assumed,
            read: 0,
            written: Written::default(),
            index,
        })
    }

    /// Writes the rows of a batch; returns false if its items have other fields than the columns.
    fn write(&mut self, lines: &Lines, made: Option<Batch>) -> Result<bool, WriteError> {
        if matches!(self.state, State::Ready) && self.destination.can_restart() && !self.rows.settings.changes {
            let layout = self.rows.settings.layout(&lines.names);
            self.state = State::Writing(self.begin(layout)?);
        }
        let State::Writing(begun) = &mut self.state else {
            return Ok(false);
        };
        if !self.rows.settings.is_settled(&begun.assumed.layout, &lines.names) {
            return Ok(false);
        }
        let is_current = |batch: &Batch| {
            let assumed = batch.assumed.as_ref();
            assumed.is_some_and(|assumed| Arc::ptr_eq(assumed, &begun.assumed))
        };
        let batch = if let Some(batch) = made.filter(is_current) {
            batch
        } else {
            // The first batches, which were parsed before there were columns.
            let mut batch = Batch::default();
            each_item::<io::Error>(&lines.bytes, &mut |item| {
                self.rows.add(&mut batch, item);
                Ok(())
            })?;
            batch
        };
        begun.put(batch)?;
        Ok(true)
    }

    fn fall_behind(&mut self) {
        self.state = State::Behind;
        self.rows.assume(None);
    }
}

impl Receiver for Sink {
    type Made = Batch;

    fn restart(&mut self) {
        self.fall_behind();
        self.state = State::Ready;
        self.store.restart();
    }

    fn item(&mut self, item: Object) -> Result<(), ApiError> {
        self.fall_behind();
        self.store.item(item)
    }

    fn begin(&mut self, hasher: &RandomState) {
        self.store.begin(hasher);
    }

    fn maker(&self) -> Option<Maker<Batch>> {
        let rows = Arc::clone(&self.rows);
        Some(Arc::new(move |batch: &mut Batch, item: &Item<'_, '_>| {
            rows.add(batch, item);
        }))
    }

    fn lines(&mut self, lines: Lines, made: Option<Batch>) -> Result<(), ApiError> {
        // A fault of the output shows again, and is reported, when the stored items are written.
        let is_written = matches!(self.write(&lines, made), Ok(true));
        self.store.lines(lines, None)?;
        if !is_written || (self.is_unsorted() && !self.rows.settings.has_movable_rows()) {
            self.fall_behind();
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "sink_tests.rs"]
mod tests;
