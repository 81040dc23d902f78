//! What the fuzz targets share: reading bytes as a user's file would be read, under tight limits, and keeping to the
//! findings that count.
//!
//! A finding is a panic, a read of more than 25 seconds, or memory beyond the bounds below. An error, whatever it says,
//! is none.

pub mod memory;
pub mod mutate;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::Once;

use stockport::columns::{
    ColumnError, ColumnOptions, DateOrder, Duplicates, Judge, Mapping, NumberStyle, Source, inspect,
};
use stockport::error::UserError as _;
use stockport::sheet::{HeaderJudge, Input, Limits, ReadError, ReadOptions, Row, SheetChoice, Table, open};
use tempfile::NamedTempFile;

/// Far below the program's own, so that what escapes them shows within a second.
#[must_use]
pub fn limits() -> Limits {
    Limits {
        expanded_bytes: 64 << 20,
        cells: 1_000_000,
        ..Limits::default()
    }
}

/// Puts temporary files in memory, and lets the program do its own catching: it runs the workbook libraries on threads
/// named `workbook` and takes their panics for damaged files. Panics of our own code count, wherever they come up.
fn begin() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| {
        let memory = Path::new("/dev/shm");
        if memory.is_dir() {
            // A second override is refused; there is none.
            let _ = tempfile::env::override_temp_dir(memory);
        }
        let stop = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let of_a_library = panic.location().is_some_and(|at| at.file().contains("/registry/src/"));
            if !(of_a_library && std::thread::current().name() == Some("workbook")) {
                stop(panic);
            }
        }));
    });
}

/// Knows a few names. The program's own judge compares every text with every synonym, a letter pair at a time, and
/// libFuzzer follows each comparison: with it a reader gets five inputs a second. The target `columns` has the real one.
struct FewNames;

impl HeaderJudge for FewNames {
    fn weight(&self, name: &str) -> u32 {
        match name.trim() {
            "item_id" => 3,
            "item_name" | "quantity" | "units" | "Lot #" => 2,
            "Notes" => 1,
            _ => 0,
        }
    }
}

/// The tables of these bytes in a file; an error is put into words, as the program would, and then forgotten.
fn tables(file: &Path, sheet: SheetChoice, judge: &dyn HeaderJudge) -> Option<Vec<Table>> {
    let options = ReadOptions {
        sheet,
        limits: limits(),
        ..ReadOptions::default()
    };
    told(open(&Input::Path(file.to_owned()), &options, judge))
}

fn told<T>(outcome: Result<T, ReadError>) -> Option<T> {
    outcome.map_err(|error| format!("{error} {}", error.hint())).ok()
}

fn written(bytes: &[u8]) -> NamedTempFile {
    begin();
    let mut file = NamedTempFile::new().expect("a temporary file");
    file.write_all(bytes).expect("room for a temporary file");
    file
}

/// Reads every row of every table twice, and says where each stands.
pub fn read(bytes: &[u8]) {
    let file = written(bytes);
    let best = tables(file.path(), SheetChoice::Best, &FewNames);
    let is_workbook = bytes.starts_with(b"PK") || bytes.starts_with(b"\xd0\xcf");
    let all = if is_workbook {
        tables(file.path(), SheetChoice::All, &FewNames)
    } else {
        None
    };
    for table in all.or(best).unwrap_or_default() {
        let first = rows(&table);
        let second = rows(&table);
        // A pass that ended in an error need not end at the same row: rows come in batches.
        if let (Some(first), Some(second)) = (first, second) {
            assert_eq!(first, second, "two passes see different rows");
        }
    }
}

/// How many rows and cells there are, if they can be read to the end.
fn rows(table: &Table) -> Option<(u64, u64)> {
    let mut reader = told(table.rows())?;
    let (mut row, mut count, mut cells, mut place) = (Row::new(), 0_u64, 0_u64, String::new());
    while told(reader.next(&mut row))? {
        assert!(row.line > table.header.line, "a data row above the header");
        count += 1;
        cells += row.len() as u64;
        for (index, cell) in row.cells().enumerate().take(3) {
            place.clear();
            // Writing to a String can't fail.
            let _ = write!(place, "{cell:?} {}", table.address(row.line, index));
        }
    }
    drop(reader.passed().notes());
    Some((count, cells))
}

/// Takes a file of any kind through the matching of columns, the survey and the reading of rows. The last byte says
/// with which options, so that a sample is a seed as it is.
pub fn items(bytes: &[u8]) {
    let file = written(bytes);
    let bits = bytes.last().copied().unwrap_or_default();
    let options = ColumnOptions {
        duplicates: match bits & 3 {
            0 => Duplicates::Reject,
            1 => Duplicates::First,
            2 => Duplicates::Last,
            _ => Duplicates::Merge,
        },
        dates: (bits & 4 != 0).then_some(DateOrder::Dmy),
        numbers: (bits & 8 != 0).then_some(NumberStyle::Eu),
        strict: bits & 16 != 0,
        blanks_reject: bits & 32 != 0,
    };
    let judge = Judge::new();
    if let Some(tables) = tables(file.path(), SheetChoice::Best, &judge) {
        through(tables, &options, None);
    }
    for table in tables(file.path(), SheetChoice::Best, &judge).unwrap_or_default() {
        // What stops it is a sentence of its own.
        let _ = inspect(table, options.clone(), None).map_err(|error| format!("{error} {}", error.hint()));
    }
}

/// The two passes over some tables.
pub fn through(tables: Vec<Table>, options: &ColumnOptions, mapping: Option<&Mapping>) {
    let outcome = || -> Result<(), ColumnError> {
        let mut source = Source::with_mapping(tables, options.clone(), mapping)?;
        source.survey()?;
        source.read(&mut |_, incoming| {
            drop(format!("{:?}", incoming.reading));
            Ok::<(), ColumnError>(())
        })
    };
    // What stops it is a sentence of its own.
    let _ = outcome().map_err(|error| format!("{error} {}", error.hint()));
}
