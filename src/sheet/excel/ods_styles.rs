//! What an ods document's styles say about numbers and sheets.
//!
//! Doesn't belong here: rows (`ods`).

use std::collections::{HashMap, HashSet};

use quick_xml::events::BytesStart;

use super::package::attribute;
use crate::sheet::NumberFormat;

/// Styles as far as they bear on how a number or a sheet is shown.
#[derive(Default)]
pub(super) struct Styles {
    /// Number styles by name.
    numbers: HashMap<String, NumberFormat>,
    /// The number style of a cell style.
    cells: HashMap<String, String>,
    hidden_tables: HashSet<String>,
    /// The number style that is being read, and what is known of it.
    number: Option<(String, NumberFormat)>,
    /// It shows letters beside the digits, so padding isn't all there is to see.
    has_text: bool,
    table_style: Option<String>,
    /// Up to which column (excluded) which format is the default of the current table.
    columns: Vec<(usize, NumberFormat)>,
}

impl Styles {
    /// An element outside the tables.
    pub(super) fn start(&mut self, element: &BytesStart<'_>) {
        match element.name().as_ref() {
            "number:number-style" => {
                self.number = attribute(element, "style:name").map(|name| (name, NumberFormat::Plain));
                self.has_text = false;
            }
            "number:scientific-number" => {
                if let Some((_, format)) = &mut self.number {
                    *format = NumberFormat::Scientific;
                }
            }
            "number:number" => {
                let count = |name| {
                    attribute(element, name)
                        .and_then(|value| value.parse::<u8>().ok())
                        .unwrap_or(0)
                };
                let digits = count("number:min-integer-digits");
                let is_grouped = attribute(element, "number:grouping").is_some_and(|value| value == "true");
                if let Some((_, format)) = &mut self.number
                    && digits >= 2
                    && count("number:decimal-places") == 0
                    && !is_grouped
                {
                    *format = NumberFormat::Padded(digits);
                }
            }
            "number:text" => self.has_text = true,
            "style:style" => {
                let Some(name) = attribute(element, "style:name") else {
                    return;
                };
                if let Some(number) = attribute(element, "style:data-style-name") {
                    self.cells.insert(name.clone(), number);
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
        if name == "number:number-style"
            && let Some((name, format)) = self.number.take()
        {
            let is_only_padding = !self.has_text || !matches!(format, NumberFormat::Padded(_));
            self.numbers
                .insert(name, if is_only_padding { format } else { NumberFormat::Plain });
        }
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
        self.cells
            .get(style)
            .and_then(|number| self.numbers.get(number))
            .copied()
            .unwrap_or_default()
    }
}
