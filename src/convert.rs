//! Items as a file describes them → rows of another file: which columns a conversion has, and how an item fills them.
//!
//! Belongs here: the shape of what `convert` writes. Doesn't: formats (`sheet::write`), what cells mean (`columns`).

use crate::columns::{Draft, Slots, Source, Straight};
use crate::export::{Headers, column};
use crate::item::{FIELDS, ITEM_ID, field_named};
use crate::sheet::Cell;
use crate::sheet::write::{Buffer, Column, RowEncoder, WriteError};

/// The columns of a conversion: those of the 27 fields that the file has a column for, in the order of an export, then
/// the columns that the mapping file keeps, in the file's order.
#[derive(Clone, Debug)]
pub struct Layout {
    fields: Vec<String>,
    /// For each table, its fields in the order in which its items give them, each with its column.
    places: Vec<Vec<(String, usize)>>,
    /// For each table, what its rows put where; none where two fields share a column.
    straight: Vec<Option<Slots>>,
}

impl Layout {
    /// The layout for what these tables describe.
    #[must_use]
    pub fn new(source: &Source) -> Self {
        let present = source.fields();
        let known = FIELDS.iter().map(|field| field.name);
        let known = known.filter(|name| *name == ITEM_ID || present.contains(name));
        let others = present.iter().copied().filter(|name| field_named(name).is_none());
        let fields: Vec<String> = known.chain(others).map(str::to_owned).collect();
        let place = |name: &str| {
            let at = fields.iter().position(|field| field == name)?;
            Some((name.to_owned(), at))
        };
        let places: Vec<Vec<(String, usize)>> = (0..source.tables.len())
            .map(|table| source.fields_of(table).filter_map(place).collect())
            .collect();
        let straight = |given: &Vec<(String, usize)>| {
            let values = given.iter().map(|(_, column)| *column).zip(0..);
            source.slots(fields.len(), values)
        };
        Self {
            straight: places.iter().map(straight).collect(),
            fields,
            places,
        }
    }

    /// The columns, for a writer.
    #[must_use]
    pub fn columns(&self, headers: Headers) -> Vec<Column> {
        self.fields.iter().map(|name| column(name, headers)).collect()
    }

    /// Makes a row's bytes straight from its values; false if it can't be made so, and nothing is added.
    pub fn encode(&self, row: &Straight<'_>, encoder: &dyn RowEncoder, out: &mut Buffer) -> Result<bool, WriteError> {
        let Some(Some(slots)) = self.straight.get(row.table()) else {
            return Ok(false);
        };
        if let Some(objects) = encoder.as_objects() {
            return row.write_object(slots, objects, out);
        }
        let encoded = row.in_slots(slots, |cells| encoder.encode(cells, out));
        encoded.transpose().map(|encoded| encoded.is_some())
    }

    /// An item's cells, in the columns' order. What the file has no cell for (the missing end of a short row, a key that
    /// a JSON object lacks) is absent, for it says nothing of the field; a cell that says nothing is empty.
    #[must_use]
    pub fn cells<'a>(&self, table: usize, draft: &'a Draft<'a>) -> Vec<Cell<'a>> {
        let mut cells = vec![Cell::Absent; self.fields.len()];
        if let Some(id) = cells.first_mut() {
            *id = Cell::Text(&draft.id);
        }
        let places = self.places.get(table).map(Vec::as_slice).unwrap_or_default();
        let mut ahead = places;
        for value in &draft.values {
            // Values come in the table's order, with gaps; only merged rows give some out of it.
            let found = match ahead.iter().position(|(field, _)| field == value.field) {
                Some(at) => {
                    let found = ahead.get(at);
                    ahead = ahead.get(at + 1..).unwrap_or_default();
                    found
                }
                None => places.iter().find(|(field, _)| field == value.field),
            };
            if let Some(slot) = found.and_then(|(_, at)| cells.get_mut(*at)) {
                *slot = value.value.cell();
            }
        }
        cells
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use proptest::prelude::*;

    use crate::columns::{ColumnOptions, DraftValue, Duplicates, FieldValue, Reader, Reading, Survey};
    use crate::sheet::Table;
    use crate::sheet::write::{ByteSink, Style, Target, writer};

    fn all(source: &mut Source) -> Vec<Vec<String>> {
        source.survey().unwrap();
        let layout = Layout::new(source);
        let columns = layout.columns(Headers::Field).into_iter().map(|column| column.name);
        let mut seen = vec![columns.collect::<Vec<_>>()];
        source
            .read::<crate::error::Error>(&mut |_, incoming| {
                if let crate::columns::Reading::Item(draft) = incoming.reading.without_stored() {
                    let cells = layout.cells(incoming.origin.table, &draft);
                    seen.push(cells.iter().map(|cell| format!("{cell:?}")).collect());
                }
                Ok(())
            })
            .unwrap();
        seen
    }

    const CELLS: [&[&str]; 5] = [
        &[
            "A1", "A1 ", "b2", "00123", "1E10", "", "TOTAL", "X1", "X2", "X3", "a/b", "=",
        ],
        &[
            "", "None", "1,5", "1.234,50", "12.50", "007", "12", "-", "some", "#REF!", "1e3", " 5 ", "'=1",
        ],
        &[
            "",
            "03/04/2021",
            "13/04/2021",
            "2021-04-05",
            "2021-04-05T06:07:08Z",
            "2021-02-29",
            "1/2/03",
            "never",
            "n/a",
        ],
        &["", "09:05:00", "9:05 PM", "24:00:00", "NULL", "noon"],
        &[
            "",
            "None",
            "none ",
            "—",
            "say \"hi\"",
            "a\\b",
            "line\nbreak",
            "\u{7f}\u{1}",
            "Crème",
            "=\"007\"",
            "#N/A",
            "#3",
            "eight by",
            "nine byte",
            "12345678\t",
        ],
    ];

    /// The same of a source that is surveyed meanwhile; with the survey, and whether it all stands.
    fn written_early(source: &mut Source) -> ((Vec<u8>, Vec<String>), Survey, bool) {
        let layout = Layout::new(source);
        let target = Target::for_path(std::path::Path::new("x.jsonl")).unwrap();
        let columns = layout.columns(Headers::Field);
        let mut out = writer(
            &target,
            &columns,
            &Style::default(),
            ByteSink::without_file(Box::new(std::io::sink())),
        )
        .unwrap();
        let encoder = out.in_parts().unwrap().encoder();
        let (mut bytes, mut refused) = (Vec::new(), Vec::new());
        let (survey, stands) = source
            .survey_reading::<(Buffer, Vec<String>), crate::error::Error>(&mut Reader {
                straight: Some(&|part, row| Ok(layout.encode(row, &*encoder, &mut part.0)?)),
                part: &|part, _, incoming| {
                    match incoming.reading.without_stored() {
                        Reading::Item(draft) => {
                            encoder.encode(&layout.cells(incoming.origin.table, &draft), &mut part.0)?;
                        }
                        other => part.1.push(format!("{other:?}")),
                    }
                    Ok(())
                },
                take: &mut |part| {
                    bytes.extend_from_slice(part.0.as_slice());
                    refused.extend(part.1);
                    true
                },
            })
            .unwrap();
        ((bytes, refused), survey, stands)
    }

    /// The bytes of the items and the reasons of the refused rows, in order.
    fn written(source: &Source, straight: bool) -> (Vec<u8>, Vec<String>) {
        let layout = Layout::new(source);
        let target = Target::for_path(std::path::Path::new("x.jsonl")).unwrap();
        let columns = layout.columns(Headers::Field);
        let mut out = writer(
            &target,
            &columns,
            &Style::default(),
            ByteSink::without_file(Box::new(std::io::sink())),
        )
        .unwrap();
        let encoder = out.in_parts().unwrap().encoder();
        let (mut bytes, mut refused) = (Vec::new(), Vec::new());
        source
            .read_parts::<(Buffer, Vec<String>), crate::error::Error>(
                Some(&|part, row| Ok(straight && layout.encode(row, &*encoder, &mut part.0)?)),
                &|part, _, incoming| {
                    match incoming.reading.without_stored() {
                        Reading::Item(draft) => {
                            encoder.encode(&layout.cells(incoming.origin.table, &draft), &mut part.0)?;
                        }
                        other => part.1.push(format!("{other:?}")),
                    }
                    Ok(())
                },
                &mut |part| {
                    bytes.extend_from_slice(part.0.as_slice());
                    refused.extend(part.1);
                    Ok(())
                },
            )
            .unwrap();
        (bytes, refused)
    }

    proptest! {
        #[test]
        fn a_row_taken_straight_is_written_like_any_other(
            rows in prop::collection::vec((0..12_usize, 0..13_usize, 0..9_usize, 0..6_usize, 0..15_usize, 1..8_usize), 0..30),
            duplicates in prop::sample::select(vec![
                Duplicates::Reject, Duplicates::First, Duplicates::Last, Duplicates::Merge,
            ]),
            lenient in any::<bool>(),
            blanks_reject in any::<bool>(),
        ) {
            let rows: Vec<Vec<&str>> = rows
                .into_iter()
                .map(|(id, quantity, moved, time, name, width)| {
                    let mut row = vec![CELLS[1][quantity], CELLS[0][id], CELLS[4][name], CELLS[2][moved], CELLS[3][time], "", "long"];
                    row.truncate(width);
                    row
                })
                .collect();
            let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
            let names = ["quantity", "item_id", "name", "moved_at", "moved_at_time", "status"];
            let options = ColumnOptions { duplicates, lenient, blanks_reject, ..ColumnOptions::default() };
            let mut source = Source::new(vec![Table::of_texts(&names, &rows)], options).unwrap();
            source.survey().unwrap();
            let (bytes, refused) = written(&source, true);
            for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                prop_assert!(serde_json::from_slice::<serde_json::Value>(line).is_ok());
            }
            prop_assert_eq!((bytes, refused), written(&source, false));
        }
    }

    proptest! {
        #[test]
        fn one_pass_is_as_good_as_two_where_it_stands(
            rows in prop::collection::vec(
                (0..90_usize, 0..13_usize, 0..9_usize, 0..6_usize, 0..15_usize, 4..9_usize), 0..60,
            ),
            // So that the first rows, and what is assumed of them, say less than the others.
            plain in 0..60_usize,
            together in 1..20_usize,
            second in any::<bool>(),
            duplicates in prop::sample::select(vec![
                Duplicates::Reject, Duplicates::First, Duplicates::Last, Duplicates::Merge,
            ]),
            lenient in any::<bool>(),
        ) {
            let ids: Vec<String> = (0..rows.len()).map(|at| format!("unique-{at}")).collect();
            let rows: Vec<Vec<&str>> = rows
                .into_iter()
                .enumerate()
                .map(|(at, (id, quantity, moved, time, name, width))| {
                    let id = CELLS[0].get(id).copied().unwrap_or(&ids[at]);
                    let (quantity, moved) = if at < plain { (6, 3 * (at % 2)) } else { (quantity, moved) };
                    let mut row = vec![CELLS[1][quantity], id, CELLS[4][name], CELLS[2][moved], CELLS[3][time], "", "long"];
                    row.truncate(width.min(7));
                    row
                })
                .collect();
            let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
            let names = ["quantity", "item_id", "name", "moved_at", "moved_at_time", "status"];
            let source = || {
                let options = ColumnOptions { duplicates, lenient, ..ColumnOptions::default() };
                let half = if second { rows.len() / 2 } else { rows.len() };
                let mut tables = vec![Table::of_texts(&names, &rows[..half]).in_pieces_of(together)];
                if second {
                    tables.push(Table::of_texts(&names, &rows[half..]).in_pieces_of(together));
                }
                Source::new(tables, options).unwrap()
            };
            let (mut one, mut two) = (source(), source());
            let (early, survey, stands) = written_early(&mut one);
            let plain = two.survey().unwrap();
            prop_assert_eq!((survey.rows, survey.decisions, survey.warnings), (plain.rows, plain.decisions, plain.warnings));
            let late = written(&two, true);
            if stands {
                prop_assert_eq!(early, late.clone());
            }
            // What has been surveyed so can be read like any other.
            prop_assert_eq!(written(&one, true), late);
        }
    }

    #[test]
    fn one_pass_stands_where_the_first_rows_say_what_all_do_and_no_id_comes_twice() {
        let early = |rows: &[&[&str]]| {
            let table = Table::of_texts(&["item_id", "moved_at", "quantity"], rows).in_pieces_of(2);
            let mut source = Source::new(vec![table], ColumnOptions::default()).unwrap();
            let ((bytes, _), survey, stands) = written_early(&mut source);
            (String::from_utf8(bytes).unwrap(), survey.rows, stands)
        };
        let first: [&[&str]; 2] = [&["A", "13/04/2021", "1"], &["B", "01/02/2021", "1,50"]];
        let (bytes, read, stands) = early(&[first[0], first[1], &["C", "03/04/2021", "2,5"], &["Total", "", "5"]]);
        assert!(stands, "a sum at the end");
        assert_eq!((read, bytes.lines().count()), (3, 3));
        assert!(
            bytes.contains("\"C\",\"quantity\":2.5,\"moved_at\":\"2021-04-03\""),
            "{bytes}"
        );
        let (bytes, read, stands) = early(&[&["A", "13/04/2021", "1,50"], &["Total", "", "5"], &["B", "", "1"]]);
        assert!(stands, "a sum between the items");
        assert_eq!((read, bytes.lines().count()), (2, 2));
        let full: &[&str] = &["A1", "13/04/2021", "1"];
        let (bytes, read, stands) = early(&[full, &["A2", "", "1"], full, &["VAULT A", "", ""]]);
        assert!(read == 4 && !stands, "an id that comes twice, and a title: {bytes}");
        let (bytes, read, stands) = early(&[full, &["A2", "13/04/2021", "1"], &["VAULT A", "", ""]]);
        assert!(stands && bytes.lines().count() == 2 && read == 3, "a title: {bytes}");
        let (_, read, stands) = early(&[first[0], first[1], &["C", "", "1"], &["A", "", "1"]]);
        assert!(read == 4 && !stands, "an id that comes twice");
        let (_, read, stands) = early(&[&["A", "01/02/2021", "1"], &["B", "", ""], &["C", "13/04/2021", "1"]]);
        assert!(read == 3 && !stands, "an order that shows late");
    }

    #[test]
    fn tables_of_other_columns_in_another_order_become_one() {
        let first = Table::of_texts(&["quantity", "item_id", "name"], &[&["5", "A", "Kush"]]);
        let second = Table::of_texts(&["name", "status", "item_id"], &[&["Haze", "None", "B"]]);
        let mut source = Source::new(vec![first, second], ColumnOptions::default()).unwrap();
        assert_eq!(
            all(&mut source),
            [
                ["item_id", "name", "status", "quantity"],
                ["Text(\"A\")", "Text(\"Kush\")", "Absent", "Digits(\"5\")"],
                ["Text(\"B\")", "Text(\"Haze\")", "Empty", "Absent"],
            ]
        );
    }

    #[test]
    fn a_row_that_was_merged_with_a_longer_one_keeps_all_of_it() {
        let rows: &[&[&str]] = &[&["A", "Kush", "Active"], &["A"]];
        let options = ColumnOptions {
            duplicates: Duplicates::Merge,
            ..ColumnOptions::default()
        };
        let mut source = Source::new(vec![Table::of_texts(&["item_id", "name", "status"], rows)], options).unwrap();
        assert_eq!(
            all(&mut source)[1..],
            [["Text(\"A\")", "Text(\"Kush\")", "Text(\"Active\")"]]
        );
    }

    #[test]
    fn values_out_of_their_order_find_their_columns() {
        let source = Source::new(
            vec![Table::of_texts(&["item_id", "name", "status"], &[])],
            ColumnOptions::default(),
        )
        .unwrap();
        let value = |field, text: &'static str| DraftValue {
            field,
            value: FieldValue::Text(Cow::Borrowed(text)),
            raw: None,
            index: None,
            misfit: None,
        };
        let draft = Draft {
            id: Cow::Borrowed("A"),
            suspect: None,
            values: vec![value("status", "s"), value("name", "n")],
        };
        let layout = Layout::new(&source);
        assert_eq!(
            layout.cells(0, &draft),
            [Cell::Text("A"), Cell::Text("n"), Cell::Text("s")]
        );
    }
}
