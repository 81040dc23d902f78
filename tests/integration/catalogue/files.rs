//! Files that can't be read, understood or written.

use std::io;

use stockport::columns::{ColumnError, MappingError};
use stockport::export::since::SinceError;
use stockport::filter::FilterError;
use stockport::place::PlaceError;
use stockport::sheet::ReadError;
use stockport::sheet::write::WriteError;

use super::{Catalogue, variants};

variants!(read of ReadError as "ReadError":
    Missing, Directory, Empty, Blank, Io, Changed, PasswordProtected, Damaged, NotASpreadsheet, HtmlNotWorkbook,
    OtherFormat, TooLarge, NoSuchSheet, NoSheets, HeaderRow, UnknownEncoding, BadDelimiter, NotText, OpenQuote,
    StrayQuote, MixedDelimiters, Json,
    DuplicateKey,
);
variants!(columns of ColumnError as "ColumnError": Read, NoHeader, NoId, UnknownHeader, Repeated, TwoColumns, Mapping);
variants!(mapping of MappingError as "MappingError":
    Read, Syntax, UnknownKey, UnknownField, Value, Twice, Unfit, Differ, NoColumn,
);
variants!(write of WriteError as "WriteError":
    Io, File, Exists, Directory, NoFolder, UnknownEncoding, Unencodable, TooLong, TooManyColumns, Workbook,
);
variants!(filter of FilterError as "FilterError": NoCondition, NoField, NoNumber, NoFields, Twice);
variants!(since of SinceError as "SinceError": Unknown, OtherOrganization);
variants!(place of PlaceError as "PlaceError": NoOrganization, TwiceStdin);

fn denied() -> io::Error {
    io::Error::from(io::ErrorKind::PermissionDenied)
}

fn full() -> io::Error {
    io::Error::from(io::ErrorKind::StorageFull)
}

/// Headers of a real sheet of another kind.
fn headers() -> Vec<String> {
    let headers = [
        "Customer name",
        "Customer's address, first line",
        "Town",
        "State",
        "Zip",
        "Telephone",
        "Date of the order",
        "Total",
        "Paid",
        "Shipped",
        "Carrier",
        "Tracking number",
        "Note",
        "Agent",
    ];
    headers.map(str::to_owned).to_vec()
}

#[expect(clippy::too_many_lines, reason = "a table, an entry an error")]
pub(super) fn add(all: &mut Catalogue) {
    let file = || "count.xlsx".to_owned();
    all.take(vec![
        ReadError::Missing("count.xlsx".into()),
        ReadError::Directory("counts".into()),
        ReadError::Empty(file()),
        ReadError::Blank(file()),
        ReadError::Io {
            file: file(),
            cause: denied(),
        },
        ReadError::Changed(file()),
        ReadError::PasswordProtected(file()),
        ReadError::Damaged {
            file: file(),
            what: "it ends in the middle of sheet \"Inventory\"".to_owned(),
        },
        ReadError::NotASpreadsheet {
            file: "scan.pdf".to_owned(),
            what: "a PDF document".to_owned(),
        },
        ReadError::HtmlNotWorkbook("report.xls".to_owned()),
        ReadError::OtherFormat {
            file: "report.xls".to_owned(),
            what: "an Excel 2003 XML file (SpreadsheetML)",
        },
        ReadError::TooLarge {
            file: file(),
            what: "it unpacks to more than 2 GiB".to_owned(),
        },
        ReadError::NoSuchSheet {
            file: file(),
            sheet: "Inventroy".to_owned(),
            known: vec!["Inventory".to_owned(), "Notes".to_owned()],
        },
        ReadError::NoSheets {
            file: "count.csv".to_owned(),
            sheet: "Inventory".to_owned(),
            what: "delimited text",
        },
        ReadError::HeaderRow {
            file: file(),
            row: 400,
            why: "the file has fewer rows",
        },
        ReadError::UnknownEncoding("latin-9000".to_owned()),
        ReadError::BadDelimiter(b'x'),
        ReadError::NotText {
            file: "count.csv".to_owned(),
            line: 12,
            encoding: "UTF-8",
        },
        ReadError::StrayQuote {
            file: "count.csv".to_owned(),
            opens: 12,
            closes: 14,
        },
        ReadError::MixedDelimiters {
            file: "count.csv".to_owned(),
            header: b',',
            rows: b';',
        },
        ReadError::OpenQuote {
            file: "count.csv".to_owned(),
            line: 12,
        },
        ReadError::Json {
            file: "count.json".to_owned(),
            line: 12,
            what: "it ends too early".to_owned(),
        },
        ReadError::DuplicateKey {
            file: "count.json".to_owned(),
            line: 12,
            key: "name".to_owned(),
        },
    ]);
    all.take(vec![
        ColumnError::Read(ReadError::Empty(file())),
        ColumnError::NoHeader {
            file: "orders.csv".to_owned(),
            row: "line 1".to_owned(),
            headers: headers(),
            tags: None,
        },
        ColumnError::NoId {
            has_tags: false,
            file: "orders.csv".to_owned(),
            row: "line 1".to_owned(),
            headers: headers(),
            guess: Some("Tracking number".to_owned()),
        },
        ColumnError::UnknownHeader {
            file: file(),
            header: "Descripton".to_owned(),
            row: "line 1".to_owned(),
            headers: vec!["Tag".to_owned(), "Description".to_owned()],
            nearest: Some("Description".to_owned()),
        },
        ColumnError::Repeated {
            file: file(),
            first: "Inventory!B7 \"Item ID\"".to_owned(),
            second: "Inventory!F7 \"Item ID\"".to_owned(),
        },
        ColumnError::TwoColumns {
            file: file(),
            field: "item_id".to_owned(),
            first: "Inventory!B7 \"Tag\"".to_owned(),
            second: "Inventory!F7 \"Package Label\"".to_owned(),
        },
        ColumnError::Mapping(MappingError::NoColumn {
            file: file(),
            header: "Counted on".to_owned(),
        }),
    ]);
    let map = || "map.toml".to_owned();
    let outer = |error| ColumnError::from(error).into();
    all.nested(
        vec![
            MappingError::Read {
                file: "map.toml".into(),
                cause: io::Error::from(io::ErrorKind::NotFound),
            },
            MappingError::Syntax {
                file: map(),
                line: 3,
                message: "invalid basic string".to_owned(),
            },
            MappingError::UnknownKey {
                file: map(),
                line: 3,
                key: "feild".to_owned(),
                nearest: Some("field".to_owned()),
            },
            MappingError::UnknownField {
                file: map(),
                line: 3,
                field: "quantiy".to_owned(),
                nearest: Some("quantity".to_owned()),
            },
            MappingError::Value {
                file: map(),
                line: 3,
                key: "dates".to_owned(),
                expected: "mdy, dmy or ymd",
            },
            MappingError::Twice {
                file: map(),
                line: 3,
                field: "item_id".to_owned(),
            },
            MappingError::Unfit {
                map: "count.rejects.toml".to_owned(),
                file: "count.rejects.csv".to_owned(),
                header: "Counted on".to_owned(),
            },
            MappingError::Differ {
                first: "count.rejects.csv".to_owned(),
                second: "more.csv".to_owned(),
                key: "blanks".to_owned(),
                value: "clear".to_owned(),
            },
            MappingError::NoColumn {
                file: file(),
                header: "Counted on".to_owned(),
            },
        ],
        outer,
    );
    let unknown = |nearest| {
        ColumnError::from(MappingError::UnknownKey {
            file: map(),
            line: 3,
            key: "zzz".to_owned(),
            nearest,
        })
    };
    all.also("MappingError::UnknownKey, like none", unknown(None));
    let unknown = MappingError::UnknownField {
        file: map(),
        line: 3,
        field: "price".to_owned(),
        nearest: None,
    };
    all.also("MappingError::UnknownField, like none", ColumnError::from(unknown));
    let unknown = ColumnError::UnknownHeader {
        file: file(),
        header: "Price".to_owned(),
        row: "line 1".to_owned(),
        headers: vec!["Tag".to_owned()],
        nearest: None,
    };
    all.also("ColumnError::UnknownHeader, like none", unknown);
    let no_header = ColumnError::NoHeader {
        file: "orders.csv".to_owned(),
        row: "line 1".to_owned(),
        headers: headers(),
        tags: Some("Tracking number".to_owned()),
    };
    all.also("ColumnError::NoHeader, with tags", no_header);
    let no_id = |guess: Option<&str>| ColumnError::NoId {
        file: "orders.csv".to_owned(),
        row: "line 1".to_owned(),
        headers: headers(),
        guess: guess.map(str::to_owned),
        has_tags: guess.is_some(),
    };
    all.also("ColumnError::NoId, with tags", no_id(Some("Tracking number")));
    all.also("ColumnError::NoId, like none", no_id(None));
    all.take(vec![
        WriteError::Io(full()),
        WriteError::File {
            path: "out.csv".into(),
            doing: "created",
            cause: denied(),
        },
        WriteError::Exists("out.csv".into()),
        WriteError::Directory("out".into()),
        WriteError::NoFolder("done".into()),
        WriteError::UnknownEncoding("latin-9000".to_owned()),
        WriteError::Unencodable {
            row: 12,
            column: "Name".to_owned(),
            character: '麻',
            encoding: "windows-1252",
        },
        WriteError::TooLong {
            cell: "Inventory!B7".to_owned(),
            length: 40_000,
        },
        WriteError::TooManyColumns(20_000),
        WriteError::Workbook("a worksheet's name is too long".to_owned()),
    ]);
    let vanished = io::Error::from(io::ErrorKind::NotFound);
    all.also(
        "WriteError::File, for another reason",
        WriteError::File {
            path: "out.csv".into(),
            doing: "replaced",
            cause: vanished,
        },
    );
    all.take(vec![
        FilterError::NoCondition("status".to_owned()),
        FilterError::NoField {
            field: "quantiy".to_owned(),
            nearest: Some("quantity".to_owned()),
        },
        FilterError::NoNumber {
            field: "quantity".to_owned(),
            value: "many".to_owned(),
        },
        FilterError::NoFields,
        FilterError::Twice("name".to_owned()),
    ]);
    all.take(vec![PlaceError::NoOrganization, PlaceError::TwiceStdin]);
    all.take(vec![
        SinceError::Unknown("yesterday".to_owned()),
        SinceError::OtherOrganization(
            "snapshot backups/north/2026-11-22T02-00-00Z".to_owned(),
            "north at https://console.cannlytics.com/api".to_owned(),
            "south at https://console.cannlytics.com/api".to_owned(),
        ),
    ]);
}
