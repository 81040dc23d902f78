//! An export that is written while the list still arrives, in the hope that the first list is the whole and that its
//! first items have all the fields that any has.
//!
//! Where the hope fails (an id came twice, the list was asked for again, a later item has another field), nothing of it
//! counts: the items are in the store as well, from which the file is written anew.
//!
//! Doesn't belong here: how rows look (`export`), whether the list is whole (`inventory`), files and their endings (`sheet::write`).

use std::any::Any;
use std::collections::BTreeSet;
use std::hash::RandomState;
use std::io::Write;
use std::sync::{Arc, OnceLock};

use super::export::{Looks, Written, options_of, table, whole_layout};
use crate::api::ApiError;
use crate::cli::Export;
use crate::export::{Layout, TextFill, says_another_id};
use crate::inventory::{Beside, ItemStore, Lines, Receiver};
use crate::item::Object;
use crate::item::text::Item;
use crate::sheet::write::{Buffer, RowEncoder, TableWriter, Target, WriteError};

/// Keeps the items, and writes what was made of them.
pub(super) struct Early<'a> {
    store: &'a mut ItemStore,
    rows: Arc<Rows>,
    out: Out<'a>,
    written: Written,
}

/// The file.
enum Out<'a> {
    Ready(Box<dyn Write + Send + 'a>),
    Begun(Box<dyn TableWriter + 'a>),
    /// Nothing in it counts.
    Void,
}

/// Makes rows of items.
struct Rows {
    looks: Looks,
    /// The fields that are wanted; all where there are none.
    fields: Vec<String>,
    known: OnceLock<Option<Known>>,
}

/// What is known with the first item.
struct Known {
    layout: Arc<Layout>,
    encoder: Box<dyn RowEncoder>,
}

/// The rows of a piece of the list.
struct Part {
    written: Written,
    fill: TextFill<Arc<Layout>>,
    bytes: Buffer,
    failed: bool,
}

impl<'a> Early<'a> {
    /// Without an output nothing is written early.
    pub(super) fn new(
        options: &Export,
        target: &Target,
        store: &'a mut ItemStore,
        out: Option<Box<dyn Write + Send + 'a>>,
    ) -> Self {
        Self {
            store,
            rows: Arc::new(Rows {
                looks: options_of(options, target),
                fields: options.fields.clone(),
                known: OnceLock::new(),
            }),
            out: out.map_or(Out::Void, Out::Ready),
            written: Written::default(),
        }
    }

    /// The names of all fields that any item has.
    pub(super) fn fields(&self) -> &BTreeSet<String> {
        self.store.fields()
    }

    /// What was written, where all that is in the store was, and as it is to be laid out. Whatever went wrong otherwise
    /// comes up again where it is written from the store.
    pub(super) fn finish(self, layout: &Layout) -> Option<Written> {
        let Out::Begun(out) = self.out else { return None };
        let known = self.rows.known.get()?.as_ref()?;
        let is_whole = *known.layout == *layout && self.written.items == self.store.count();
        (is_whole && out.finish().is_ok()).then_some(self.written)
    }

    fn write(&mut self, part: Part) -> Result<(), WriteError> {
        if let Out::Ready(_) = self.out
            && let Some(Some(known)) = self.rows.known.get()
            && let Out::Ready(out) = std::mem::replace(&mut self.out, Out::Void)
        {
            self.out = Out::Begun(table(self.rows.looks, &known.layout, out)?);
        }
        if let Out::Begun(out) = &mut self.out
            && let Some(parts) = out.in_parts()
        {
            parts.encoded(part.bytes.as_slice())?;
            self.written.add(part.written);
        }
        Ok(())
    }
}

impl Rows {
    /// Takes the first item's fields for those of all.
    fn known(&self, item: &Item<'_, '_>) -> Option<&Known> {
        let learn = || {
            let present = item.fields.iter().map(|(name, _)| name.clone().into_owned()).collect();
            let layout = self.layout(&present)?;
            let mut like = table(self.looks, &layout, Box::new(std::io::sink())).ok()?;
            let encoder = like.in_parts()?.encoder();
            Some(Known {
                layout: Arc::new(layout),
                encoder,
            })
        };
        self.known.get_or_init(learn).as_ref()
    }

    /// None where a wanted field isn't among these.
    fn layout(&self, present: &BTreeSet<String>) -> Option<Layout> {
        let layout = whole_layout(self.looks.raw, present);
        if self.fields.is_empty() {
            return Some(layout);
        }
        Some(layout.only(crate::filter::fields(&self.fields, present).ok()?))
    }

    /// Whether the layout that the first item asked for is still the one that these fields ask for.
    fn still_fits(&self, present: &BTreeSet<String>) -> bool {
        match self.known.get() {
            Some(Some(known)) => self.layout(present).is_some_and(|layout| layout == *known.layout),
            Some(None) | None => true,
        }
    }
}

impl Beside for Rows {
    fn add(&self, made: &mut Option<Box<dyn Any + Send>>, item: &Item<'_, '_>) {
        let Some(known) = self.known(item) else { return };
        let made = made.get_or_insert_with(|| {
            Box::new(Part {
                written: Written::default(),
                fill: TextFill::new(Arc::clone(&known.layout)),
                bytes: Buffer::default(),
                failed: false,
            })
        });
        let Some(part) = made.downcast_mut::<Part>() else {
            return;
        };
        let id = item.id();
        let id = id.as_deref();
        part.written.note(id, says_another_id(item, id));
        let mut cells = Vec::with_capacity(32);
        part.fill.fill(item, id, &mut cells);
        part.failed |= known.encoder.encode(&cells, &mut part.bytes).is_err();
    }
}

impl Receiver for Early<'_> {
    fn restart(&mut self) {
        self.out = Out::Void;
        self.store.restart();
    }

    fn item(&mut self, item: Object) -> Result<(), ApiError> {
        self.out = Out::Void;
        self.store.item(item)
    }

    fn begin(&mut self, hasher: &RandomState) {
        self.store.begin(hasher);
    }

    fn lines(&mut self, mut lines: Lines) -> Result<(), ApiError> {
        let made = lines.made.take().and_then(|made| made.downcast::<Part>().ok());
        let known = self.store.fields().len();
        self.store.lines(lines)?;
        // A field that comes late makes all of it void: then the rest isn't worth its work.
        let fits = self.store.fields().len() == known || self.rows.still_fits(self.store.fields());
        let is_written = match made {
            Some(part) if fits && !part.failed => self.write(*part).is_ok(),
            _ => false,
        };
        if !is_written {
            self.out = Out::Void;
        }
        Ok(())
    }

    fn beside(&self) -> Option<Arc<dyn Beside>> {
        match self.out {
            Out::Void => None,
            _ => Some(Arc::clone(&self.rows) as Arc<dyn Beside>),
        }
    }
}
