//! The order of an inventory: by the items' ids, byte by byte. Of items that share an id, or have none, the JSON with its
//! keys in byte order decides. Items without an id come first. Snapshots and exports have this order.
//!
//! Doesn't belong here: sorting as such (`sort`), where the items are kept (`store`).

use std::io::{self, Write as _};

use super::{ItemStore, Lines, PART, Receiver as _, each_item};
use crate::inventory::ascent::Ascent;
use crate::item::text::Item;
use crate::sort::{Entry, Sorter};

impl ItemStore {
    /// Whether the items have arrived in the order of their ids, each id once.
    #[must_use]
    pub fn ascends(&self) -> bool {
        self.ascent.holds()
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
        let (fields, unreadable) = (std::mem::take(&mut self.fields), std::mem::take(&mut self.unreadable));
        self.restart();
        (self.fields, self.unreadable) = (fields, unreadable);
        // The room is needed for the same items in their new order.
        self.file.flush()?;
        self.file.get_ref().set_len(0)?;
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_store_is_sorted_by_id_and_then_by_content_and_finds_its_items_afterwards() {
        let items = [
            r#"{"id":"B","n":1.50}"#,
            r#"{"z":1,"a":2}"#,
            r#"{"n":1e5,"id":"A"}"#,
            r#"{"a":1}"#,
            r#"{"id":"10"}"#,
            r#"{"id":"2","deep":{"b":1,"a":2}}"#,
        ];
        let mut lines = Vec::new();
        for turn in 0..items.len() {
            let mut store = ItemStore::new().unwrap();
            let turned: Vec<&str> = items.iter().copied().cycle().skip(turn).take(items.len()).collect();
            store.put_part(turned.join("\n").as_bytes()).unwrap();
            assert!(!store.ascends());
            store.sort::<io::Error>(&mut |_| Ok(())).unwrap();
            assert!(store.ascends() && store.count() == 6);
            assert_eq!(store.get("10").unwrap(), json!({"id": "10"}).as_object().cloned());
            let mut sorted = Vec::new();
            let taken = store.each_part::<Vec<String>, io::Error>(
                &|part, item| {
                    part.push(item.text.to_owned());
                    Ok(())
                },
                &mut |part| {
                    sorted.extend(part);
                    Ok(())
                },
            );
            taken.unwrap();
            assert_eq!(store.fields().len(), 5);
            lines.push(sorted);
        }
        assert_eq!(
            lines[0],
            [
                r#"{"a":1}"#,
                r#"{"a":2,"z":1}"#,
                r#"{"id":"10"}"#,
                r#"{"deep":{"a":2,"b":1},"id":"2"}"#,
                r#"{"id":"A","n":1e+5}"#,
                r#"{"id":"B","n":1.50}"#,
            ]
        );
        assert!(lines.iter().all(|other| *other == lines[0]));
    }
}
