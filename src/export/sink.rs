//! Items → the rows of a file, in one pass: the first batch of a list suggests the columns, and rows are written while the
//! list arrives. If the list turns out otherwise (a later field, a list that is asked for again), the sink starts again,
//! and takes the same items from the store.
//!
//! Doesn't belong here: the columns and cells (`export`), whether the list is complete (`inventory`), formats
//! (`sheet::write`).

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::RandomState;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Headers, Layout, Places};
use crate::api::ApiError;
use crate::columns::ReadBack;
use crate::error::Error;
use crate::filter::{self, Filter, FilterError};
use crate::inventory::{ItemStore, Lines, Maker, Receiver, each_item};
use crate::item::text::Item;
use crate::item::{ITEM_ID, IdFault, Object, check_id, is_other_id};
use crate::output::{Output, Warning};
use crate::progress::Progress;
use crate::sheet::Cell;
use crate::sheet::write::{Buffer, Destination, RowEncoder, Style, TableWriter, Target, WriteError, writer};

/// The number of items with another `item_id` than their id that are named.
const NAMED: usize = 5;

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
}

impl Settings {
    /// The columns for items that have these fields.
    fn layout(&self, present: &BTreeSet<String>) -> Layout {
        let all = if self.raw {
            Layout::raw(present)
        } else {
            Layout::new(present)
        };
        if self.fields.is_empty() {
            all
        } else {
            all.only(self.fields.clone())
        }
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

/// What was written.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The number of items that meet the conditions.
    pub items: u64,
    /// How many of them have another `item_id` than the id that they are stored under, or none.
    pub id_mismatches: u64,
    /// The ids of the first of these.
    pub mismatched: Vec<String>,
    /// How many have an id that no import takes.
    pub refused_ids: u64,
    /// The first of these, each with the reason.
    pub refused: Vec<String>,
    /// What a person has to know of the file, in sentences.
    pub notes: Vec<Warning>,
    /// The fields whose values are not all kept by the format, by name.
    pub lost: BTreeMap<String, Lost>,
}

/// Values of one field that an import of the file reads as something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// How many items have such a value.
    pub items: u64,
    /// The id of the first of them.
    pub first: String,
    /// What its value is read as, and which format keeps it.
    pub how: String,
}

impl Written {
    fn note(&mut self, item: &Item<'_, '_>, id: Option<&str>) {
        self.items += 1;
        let fault = id.map_or(Err(IdFault::Empty), check_id).err();
        if let Some(fault) = fault {
            self.refused_ids += 1;
            if self.refused.len() < NAMED {
                self.refused.push(format!("{:?} ({fault})", id.unwrap_or_default()));
            }
        }
        if is_other_id(item.id_in(ITEM_ID).as_deref(), id) {
            self.id_mismatches += 1;
            if self.mismatched.len() < NAMED {
                self.mismatched.push(id.unwrap_or_default().to_owned());
            }
        }
    }

    fn note_lost(&mut self, back: &ReadBack, cells: &[Cell<'_>], id: Option<&str>) {
        for column in back.lost(cells) {
            if let Some(lost) = self.lost.get_mut(back.field(column)) {
                lost.items += 1;
            } else if let Some(cell) = cells.get(column) {
                let lost = Lost {
                    items: 1,
                    first: id.unwrap_or_default().to_owned(),
                    how: back.how(column, cell),
                };
                self.lost.insert(back.field(column).to_owned(), lost);
            }
        }
    }

    fn add(&mut self, more: Self) {
        for (field, more) in more.lost {
            match self.lost.entry(field) {
                Entry::Occupied(mut lost) => lost.get_mut().items += more.items,
                Entry::Vacant(none) => {
                    none.insert(more);
                }
            }
        }
        self.items += more.items;
        self.id_mismatches += more.id_mismatches;
        let room = NAMED.saturating_sub(self.mismatched.len());
        self.mismatched.extend(more.mismatched.into_iter().take(room));
        self.refused_ids += more.refused_ids;
        let room = NAMED.saturating_sub(self.refused.len());
        self.refused.extend(more.refused.into_iter().take(room));
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
        if let Err(fault) = encoder.encode(&cells, &mut batch.bytes) {
            batch.fault = Some(fault);
        }
    }
}

impl Begun {
    /// Writes a batch that was encoded for the same columns.
    fn put(&mut self, batch: Batch) -> Result<(), WriteError> {
        if let Some(fault) = batch.fault {
            return Err(fault);
        }
        self.read += batch.read;
        self.written.add(batch.written);
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
        Ok(Self {
            store: ItemStore::sequential()?,
            rows: Arc::new(Rows {
                settings,
                assumed: Mutex::default(),
            }),
            destination,
            state: State::Ready,
        })
    }

    /// Completes the output, once the list is known to be complete. `go_on` fails if the user interrupts.
    pub fn finish(mut self, output: &Output, go_on: &dyn Fn() -> Result<(), Error>) -> Result<Written, Error> {
        let settings = &self.rows.settings;
        settings.check(self.store.fields())?;
        let layout = settings.layout(self.store.fields());
        let begun = match std::mem::replace(&mut self.state, State::Behind) {
            State::Writing(begun) if begun.read == self.store.count() && begun.assumed.layout == layout => begun,
            before => {
                drop(before);
                self.write_stored(layout, output, go_on)?
            }
        };
        let mut written = begun.written;
        written.notes = begun.writer.notes();
        begun.writer.finish()?;
        // A workbook of a million rows is compressed for some seconds.
        go_on()?;
        self.destination.commit()?;
        Ok(written)
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
        Ok(Begun {
            writer,
            assumed,
            read: 0,
            written: Written::default(),
        })
    }

    /// Writes the rows of a batch; returns false if its items have other fields than the columns.
    fn write(&mut self, lines: &Lines, made: Option<Batch>) -> Result<bool, WriteError> {
        if matches!(self.state, State::Ready) && self.destination.can_restart() {
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
        if !matches!(self.write(&lines, made), Ok(true)) {
            self.fall_behind();
        }
        self.store.lines(lines, None)
    }
}

#[cfg(test)]
#[path = "sink_tests.rs"]
mod tests;
