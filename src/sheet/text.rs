//! Text files: what kind of text it is, and the tables of delimited text.
//!
//! Doesn't belong here: its rows (`delimited`, `chunks`), its encoding (`encoding`).

use std::sync::Arc;

use super::arrangement::Arrangement;
use super::chunks::{Chunks, Text};
use super::delimited::DelimitedReader;
use super::delimiter::{Sample, declared_delimiter, delimiter_note};
use super::encoding::{By, TextEncoding};
use super::pieces::Chained;
use super::quoting::dialect_of;
use super::rows::DataRule;
use super::source::Source;
use super::workbook::{declared, find, first_below, first_rows, preamble_note};
use super::{
    Format, HeaderBy, HeaderJudge, ReadError, ReadOptions, SheetChoice, Table, TextForm, arrangement, arrays, header,
    json,
};

/// How much text is looked at to tell JSON from delimited text and to find the delimiter.
const SAMPLE: u64 = 1 << 16;

/// Opens the one table of a text or JSON file.
pub(super) fn tables(source: Source, options: &ReadOptions, judge: &dyn HeaderJudge) -> Result<Vec<Table>, ReadError> {
    let encoding = TextEncoding::of(&source, options.encoding.as_deref(), options.trusting)?;
    let (sample, whole) = encoding.sample(&source, SAMPLE)?;
    refuse_markup(&source, &sample)?;
    refuse_interchange(&source, &sample)?;
    let json = match options.delimiter {
        // Who names a delimiter says that it is delimited text.
        Some(_) => None,
        None => arrangement::of(&sample, judge)
            .transpose()
            .map_err(|what| ReadError::Json {
                file: source.file.clone(),
                line: 1,
                what,
            })?,
    };
    if let SheetChoice::Named(sheet) = &options.sheet {
        let what = if json.is_some() { "JSON" } else { "delimited text" };
        return Err(ReadError::NoSheets {
            file: source.file,
            sheet: sheet.clone(),
            what,
        });
    }
    let doubt = encoding.doubt(&source)?;
    let mut table = match json {
        Some(Arrangement { shape, arrays: true }) => arrays::table(source, encoding, shape, options, judge)?,
        Some(Arrangement { shape, arrays: false }) => json::table(source, encoding, shape, options)?,
        None => delimited(source, encoding, (&sample, whole), options, judge)?,
    };
    if encoding.by == By::Bytes {
        let name = encoding.name();
        table.notes.push(format!(
            "the text is read as {name}, as its bytes suggest (--encoding overrides)"
        ));
    }
    table.warnings.extend(doubt);
    Ok(vec![table])
}

/// Web pages and XML are often named `.xls` by the programs that write them.
fn refuse_markup(source: &Source, sample: &str) -> Result<(), ReadError> {
    let start: String = sample
        .trim_start()
        .chars()
        .take(2048)
        .collect::<String>()
        .to_ascii_lowercase();
    if !start.starts_with('<') {
        return Ok(());
    }
    let other = |what| ReadError::OtherFormat {
        file: source.file.clone(),
        what,
    };
    let pages = [
        "<!doctype html",
        "<html",
        "<head",
        "<body",
        "<table",
        "<meta",
        "<style",
        "<div",
        "<script",
    ];
    if pages.iter().any(|page| start.starts_with(page)) || (start.starts_with("<?xml") && start.contains("<html")) {
        return Err(ReadError::HtmlNotWorkbook(source.file.clone()));
    }
    if start.contains("urn:schemas-microsoft-com:office:spreadsheet") || start.contains("progid=\"excel.sheet\"") {
        return Err(other("an Excel 2003 XML file (SpreadsheetML)"));
    }
    if start.contains("urn:oasis:names:tc:opendocument:xmlns:office") {
        return Err(other("a flat OpenDocument file (.fods)"));
    }
    if start.starts_with("<?xml") || start.contains("xmlns") || start.starts_with("<!--") {
        return Err(other("an XML file"));
    }
    Ok(())
}

/// Text formats of older spreadsheet programs, whose lines aren't rows.
fn refuse_interchange(source: &Source, sample: &str) -> Result<(), ReadError> {
    let lines: Vec<&str> = sample.lines().map(str::trim_end).take(20).collect();
    let is_record = |line: &&str| {
        let kind = line.split(';').next().unwrap_or_default();
        matches!(
            kind,
            "ID" | "P" | "F" | "B" | "C" | "O" | "NN" | "NE" | "NU" | "NL" | "W" | "E"
        )
    };
    let what = match lines.as_slice() {
        [first, second, ..] if first.eq_ignore_ascii_case("TABLE") && second.trim() == "0,1" => "a DIF file",
        [first, rest @ ..] if first.starts_with("ID;P") && !rest.is_empty() && rest.iter().all(is_record) => {
            "a SYLK file (.slk)"
        }
        _ => return Ok(()),
    };
    Err(ReadError::OtherFormat {
        file: source.file.clone(),
        what,
    })
}

fn delimited(
    source: Source,
    encoding: TextEncoding,
    (text, is_whole): (&str, bool),
    options: &ReadOptions,
    judge: &dyn HeaderJudge,
) -> Result<Table, ReadError> {
    let limits = options.limits;
    let is_crlf = text.find('\n').is_some_and(|end| text[..end].ends_with('\r'));
    let sample = Sample {
        text,
        is_whole,
        limits: &limits,
    };
    let declared_here = declared_delimiter(text);
    let skip = u64::from(declared_here.is_some());
    let delimiter = match options.delimiter.or(declared_here) {
        Some(byte) if !byte.is_ascii() || byte.is_ascii_alphanumeric() || b"\"\r\n\0".contains(&byte) => {
            return Err(ReadError::BadDelimiter(byte));
        }
        Some(byte) => byte,
        None => sample.delimiter(&|row| header::rate(row, judge)),
    };
    let dialect = dialect_of(sample, delimiter);
    let source = Arc::new(source);
    let name = encoding.name();
    let physical = {
        let source = Arc::clone(&source);
        move || -> Result<_, ReadError> {
            let input = dialect.rewritten(delimiter, encoding.reader(&source)?);
            Ok(DelimitedReader::new(&source.file, name, delimiter, &limits, input).skipping(skip))
        }
    };
    let above = first_rows(&mut physical()?, options.header_row)?;
    let found = match find(&above, &[], options.header_row, &source.file, judge)? {
        Some(found) => found,
        None => header::guess(&above).ok_or_else(|| ReadError::Blank(source.file.clone()))?,
    };
    let named = options.delimiter.or(declared_here);
    if named.is_none() && found.header.by == HeaderBy::Recognized {
        let header = (found.header.line, found.width());
        if let Some(rows) = sample.other_delimiter(delimiter, header) {
            return Err(ReadError::MixedDelimiters {
                file: source.file.clone(),
                header: delimiter,
                rows,
            });
        }
    }
    let delimiter_note = named.map_or_else(|| delimiter_note(delimiter), |_| None);
    let notes = preamble_note(&found, &above).into_iter();
    let notes = notes.chain(delimiter_note).chain(dialect.notes()).collect();
    let text = TextForm {
        mark: encoding.is_marked(),
        crlf: is_crlf,
    };
    let rule = DataRule {
        found,
        hidden: Arc::default(),
    };
    let chunks = {
        let (source, rule) = (Arc::clone(&source), rule.clone());
        let text = Text {
            file: source.file.clone(),
            encoding: name,
            delimiter,
            limits,
            skip,
        };
        move || -> Result<Chunks, ReadError> {
            let input = dialect.rewritten(delimiter, encoding.reader(&source)?);
            Ok(Chunks::new(text.clone(), rule.clone(), input))
        }
    };
    let pieces = chunks.clone();
    Ok(Table {
        file: source.file.clone(),
        format: Format::Delimited {
            delimiter,
            encoding: name,
        },
        text,
        sheet: None,
        header: rule.found.header.clone(),
        declared_rows: declared(&rule.found, &above),
        notes,
        warnings: Vec::new(),
        first: first_below(&rule.found.header, &above),
        opener: Box::new(move || Ok(Box::new(Chained::new(chunks()?)))),
        pieces: Some(Box::new(move || Ok(Box::new(pieces()?)))),
    })
}
