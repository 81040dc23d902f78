//! The order of an inventory: by the items' ids, byte by byte. Of items that share an id, or have none, the JSON with its
//! keys in byte order decides. Items without an id come first. Snapshots and exports have this order.
//!
//! Doesn't belong here: sorting as such (`sort`), where the items are kept (`store`).

use std::io;

use super::{Ascent, ItemStore, Lines, PART, Receiver as _, each_item};
use crate::item::text::Item;
use crate::sort::{Entry, Sorter};

impl ItemStore {
    /// Whether the items have arrived in the order of their ids, each id once.
    #[must_use]
    pub fn ascends(&self) -> bool {
        !self.ascent.broken
    }

    /// Puts the items in the order of their ids. Nothing is done where they have arrived so. `go_on` is called with the number
    /// of items that have been sorted since the last call.
    pub fn sort<E: From<io::Error> + Send>(&mut self, go_on: &mut dyn FnMut(u64) -> Result<(), E>) -> Result<(), E> {
        if self.ascends() {
            return Ok(());
        }
        let mut sorter = Sorter::default();
        let key = |part: &mut Vec<Entry>, item: &Item<'_, '_>| -> Result<(), E> {
            let mut line = serde_json::to_vec(&item.to_object()).map_err(io::Error::from)?;
            line.push(b'\n');
            part.push((item.id().map(|id| id.as_bytes().to_vec()).unwrap_or_default(), line));
            Ok(())
        };
        self.each_part::<Vec<Entry>, E>(&key, &mut |part| {
            let count = part.len() as u64;
            for (id, line) in part {
                sorter.push(&id, line)?;
            }
            go_on(count)
        })?;
        let sorted = sorter.finish()?;
        // The same items, in their new order, take the place of the old ones.
        let (fields, unreadable) = (std::mem::take(&mut self.fields), std::mem::take(&mut self.unreadable));
        self.restart();
        (self.fields, self.unreadable) = (fields, unreadable);
        let mut part = Vec::new();
        for entry in &sorted {
            part.extend(entry?.1);
            if part.len() >= PART {
                self.put_part(&std::mem::take(&mut part))?;
                go_on(0)?;
            }
        }
        self.put_part(&part)?;
        self.ascent = Ascent::default();
        Ok(())
    }

    fn put_part(&mut self, part: &[u8]) -> io::Result<()> {
        let (mut lines, hasher) = (Lines::default(), self.hasher.clone());
        each_item::<io::Error>(part, &mut |item| {
            lines.add(item, &hasher);
            Ok(())
        })?;
        self.put_lines(lines)
    }
}
