#![no_main]

use stockport::columns::{ColumnOptions, Mapping, Source};
use stockport::sheet::{Cell, Format, Header, HeaderBy, HeaderCell, Row, Table};

/// Columns that a mapping file may speak of, in a table of one row.
const COLUMNS: [(&str, &str); 6] = [
    ("Lot No", "0042"),
    ("Price", "$1,234.50"),
    ("Moved Date", "03/04/2021"),
    ("Moved Time", "10:30"),
    ("Approved", "2021-04-03 10:30"),
    ("Notes", "none"),
];

fn table() -> Table {
    let cells = COLUMNS.iter().enumerate();
    let header = Header {
        line: 1,
        by: HeaderBy::Recognized,
        cells: cells
            .map(|(index, (name, _))| HeaderCell {
                index,
                name: (*name).to_owned(),
            })
            .collect(),
    };
    let mut row = Row::new();
    row.clear(2);
    COLUMNS.iter().for_each(|(_, value)| row.push(Cell::Text(value)));
    let format = Format::Delimited {
        delimiter: b',',
        encoding: "UTF-8",
    };
    Table::from_rows("lots.csv", format, None, header, vec![row])
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mapping = match Mapping::parse("map.toml", text) {
        Ok(mapping) => mapping,
        Err(error) => {
            drop(format!("{error} {}", error.hint()));
            return;
        }
    };
    stockport_fuzz::through(vec![table()], &ColumnOptions::default(), Some(&mapping));
    // What is saved can be read again.
    if let Ok(source) = Source::with_mapping(vec![table()], ColumnOptions::default(), Some(&mapping)) {
        for matching in source.matchings() {
            let saved = Mapping::text_for(matching, Some(&mapping));
            assert!(Mapping::parse("map.toml", &saved).is_ok(), "{saved}");
        }
    }
});
