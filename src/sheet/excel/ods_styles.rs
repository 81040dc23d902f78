//! What an ods document's styles say about numbers and sheets.
//!
//! Doesn't belong here: rows (`ods`), number styles (`ods_numbers`).

use std::collections::{HashMap, HashSet};

use quick_xml::events::BytesStart;

use super::ods_numbers::Numbers;
use super::package::attribute;
use crate::sheet::NumberFormat;

/// Styles may be based on others so often.
const MOST_PARENTS: usize = 16;

/// Styles as far as they bear on how a number or a sheet is shown.
#[derive(Default)]
pub(super) struct Styles {
    numbers: Numbers,
    /// The number style of a cell style, and the style that it is based on.
    cells: HashMap<String, (Option<String>, Option<String>)>,
    hidden_tables: HashSet<String>,
    table_style: Option<String>,
    /// Up to which column (excluded) which format is the default of the current table.
    columns: Vec<(usize, NumberFormat)>,
}

impl Styles {
    /// An element outside the tables.
    pub(super) fn start(&mut self, element: &BytesStart<'_>) {
        if self.numbers.start(element) {
            return;
        }
        match element.name().as_ref() {
            "style:style" => {
                let Some(name) = attribute(element, "style:name") else {
                    return;
                };
                let number = attribute(element, "style:data-style-name");
                let parent = attribute(element, "style:parent-style-name");
                if number.is_some() || parent.is_some() {
                    self.cells.insert(name.clone(), (number, parent));
                }
                self.table_style = Some(name);
            }
            "style:table-properties" => {
                let is_hidden = attribute(element, "table:display").is_some_and(|value| value == "false");
                if let Some(name) = self.table_style.take().filter(|_| is_hidden) {
                    self.hidden_tables.insert(name);
                }
            }
            _ => {}
        }
    }

    /// An element outside the tables is over.
    pub(super) fn end(&mut self, name: &str) {
        self.numbers.end(name);
    }

    /// Characters outside the tables.
    pub(super) fn text(&mut self, text: &str) {
        self.numbers.text(text);
    }

    pub(super) fn is_table_visible(&self, style: Option<&str>) -> bool {
        style.is_none_or(|style| !self.hidden_tables.contains(style))
    }

    pub(super) fn start_table(&mut self) {
        self.columns.clear();
    }

    /// The next columns of the current table have this style unless their cells have their own.
    pub(super) fn column(&mut self, repeat: u64, style: Option<&str>) {
        let start = self.columns.last().map_or(0, |(end, _)| *end);
        let end = start.saturating_add(usize::try_from(repeat).unwrap_or(usize::MAX));
        // The last ones run to the sheet's edge; further entries say nothing.
        if end > start {
            self.columns
                .push((end, style.map_or(NumberFormat::Plain, |style| self.format(style))));
        }
    }

    /// How a cell's number is shown: by its own style, else by its column's.
    pub(super) fn cell_format(&self, style: Option<&str>, column: usize) -> NumberFormat {
        if let Some(style) = style {
            self.format(style)
        } else {
            let place = self.columns.partition_point(|(end, _)| *end <= column);
            self.columns
                .get(place)
                .map_or(NumberFormat::Plain, |(_, format)| *format)
        }
    }

    fn format(&self, style: &str) -> NumberFormat {
        let mut style = style;
        for _ in 0..MOST_PARENTS {
            match self.cells.get(style) {
                Some((Some(number), _)) => return self.numbers.format(number),
                Some((None, Some(parent))) => style = parent,
                _ => break,
            }
        }
        NumberFormat::Plain
    }
}
