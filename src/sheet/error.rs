//! Why a file can't be read.
//!
//! Doesn't belong here: why a file can't be written (`write`), why its columns can't be matched (`columns`).

use std::path::{Path, PathBuf};

use crate::error::{Category, Code, UserError, code};

/// Why a file can't be read. Every one of these comes up before anything is sent.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// No such file.
    #[error("{} does not exist", .0.display())]
    Missing(PathBuf),
    /// A folder where a file was expected.
    #[error("{} is a folder, not a file", .0.display())]
    Directory(PathBuf),
    /// A file of zero bytes.
    #[error("{0} is empty: it has no header row and no items")]
    Empty(String),
    /// A file, or every visible sheet of a workbook, with nothing but blank rows.
    #[error("{0} has only blank rows: no header row and no items")]
    Blank(String),
    /// The operating system refused.
    #[error("{file} can't be read: {}", crate::cause::io(.cause))]
    Io {
        /// The file, as the user named it.
        file: String,
        /// The system's own words.
        cause: std::io::Error,
    },
    /// The file was written to between the passes over it.
    #[error("{0} was changed while it was being read")]
    Changed(String),
    /// An encrypted workbook.
    #[error("{0} is password-protected")]
    PasswordProtected(String),
    /// The file says it is one thing and breaks that thing's rules, or ends too early.
    #[error("{file} is damaged: {what}")]
    Damaged {
        /// The file, as the user named it.
        file: String,
        /// Which part, and how it shows.
        what: String,
    },
    /// The file is of no kind that can be read (a picture, a PDF, a zip archive without a workbook).
    #[error("{file} is not a spreadsheet: it looks like {what}")]
    NotASpreadsheet {
        /// The file, as the user named it.
        file: String,
        /// What it looks like (`a PDF document`).
        what: String,
    },
    /// A web page, often named `.xls` by the program that wrote it.
    #[error("{0} is a web page (HTML), not a workbook, despite its name")]
    HtmlNotWorkbook(String),
    /// A format that spreadsheet programs read and stockport does not (SYLK, DIF, Excel 2003 XML).
    #[error("{file} is {what}, which stockport doesn't read")]
    OtherFormat {
        /// The file, as the user named it.
        file: String,
        /// The format (`a SYLK file`).
        what: &'static str,
    },
    /// More than the limits allow ([`super::Limits`]).
    #[error("{file} is too large: {what}")]
    TooLarge {
        /// The file, as the user named it.
        file: String,
        /// Which bound it goes beyond (`it unpacks to more than 2 GiB`).
        what: String,
    },
    /// The sheet that was asked for.
    #[error("{file} has no sheet {sheet:?}; it has {}", names(.known))]
    NoSuchSheet {
        /// The file, as the user named it.
        file: String,
        /// The sheet asked for.
        sheet: String,
        /// The sheets there are.
        known: Vec<String>,
    },
    /// A sheet was asked for in a file that has none.
    #[error("{file} has no sheet {sheet:?}: it is {what}, not a workbook")]
    NoSheets {
        /// The file, as the user named it.
        file: String,
        /// The sheet asked for.
        sheet: String,
        /// What the file is (`delimited text`).
        what: &'static str,
    },
    /// `--header-row` names a row that can't be one.
    #[error("row {row} of {file} can't be the header row: {why}")]
    HeaderRow {
        /// The file, as the user named it, with the sheet where there is one.
        file: String,
        /// The row asked for.
        row: u64,
        /// Why not.
        why: &'static str,
    },
    /// `--encoding` names none.
    #[error("{0:?} is not the name of a text encoding")]
    UnknownEncoding(String),
    /// `--delimiter` can't be one.
    #[error("{:?} can't separate columns", char::from(*.0))]
    BadDelimiter(u8),
    /// Bytes that are no text in the file's encoding. Nothing is ever replaced.
    #[error("line {line} of {file} holds bytes that are not {encoding} text")]
    NotText {
        /// The file, as the user named it.
        file: String,
        /// The line, from 1.
        line: u64,
        /// The encoding in which the file was read.
        encoding: &'static str,
    },
    /// A quotation mark that nothing closes.
    #[error("a quotation mark that opens in line {line} of {file} is never closed")]
    OpenQuote {
        /// The file, as the user named it.
        file: String,
        /// The line in which it opens, from 1.
        line: u64,
    },
    /// A quotation mark that opens by mistake: text follows the next one, lines further down.
    #[error(
        "the quotation mark that opens in line {opens} of {file} closes in line {closes}, in the middle of a cell: \
         the rows between can't be separated"
    )]
    StrayQuote {
        /// The file, as the user named it.
        file: String,
        /// The line in which it opens, from 1.
        opens: u64,
        /// The line in which it closes.
        closes: u64,
    },
    /// The rows are separated by another character than the header's cells.
    #[error("the header of {file} is separated by {}, but its rows by {}", character(*.header), character(*.rows))]
    MixedDelimiters {
        /// The file, as the user named it.
        file: String,
        /// The header's delimiter.
        header: u8,
        /// That of the rows below.
        rows: u8,
    },
    /// A JSON file that isn't a list of objects or of arrays.
    #[error("line {line} of {file} is not JSON that can be read as rows: {what}")]
    Json {
        /// The file, as the user named it.
        file: String,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
    /// One key twice in one JSON object: which one counts, nobody knows.
    #[error("the object at line {line} of {file} has the key {key:?} twice")]
    DuplicateKey {
        /// The file, as the user named it.
        file: String,
        /// The line at which the object begins, from 1.
        line: u64,
        /// The key.
        key: String,
    },
}

/// A delimiter for a sentence.
fn character(delimiter: u8) -> String {
    match delimiter {
        b',' => "commas".to_owned(),
        b';' => "semicolons".to_owned(),
        b'\t' => "tabs".to_owned(),
        b'|' => "vertical bars".to_owned(),
        other => format!("{:?}", char::from(other)),
    }
}

/// A list of names for a sentence.
fn names(names: &[String]) -> String {
    names
        .iter()
        .map(|name| format!("{name:?}"))
        .collect::<Vec<_>>()
        .join(", ")
}

impl UserError for ReadError {
    fn code(&self) -> Code {
        match self {
            Self::Directory(_) => "read_is_folder".into(),
            Self::Io { .. } => "read_failed".into(),
            Self::HtmlNotWorkbook(_) => "read_web_page".into(),
            Self::Json { .. } => "read_bad_json".into(),
            _ => code("read", self),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::Missing(_) => "check the path and the spelling",
            Self::Directory(_) => "name a file in it",
            Self::Empty(_) | Self::Blank(_) => "export the spreadsheet again and check that it holds rows",
            Self::Io { .. } => "check that the file can be opened",
            Self::Changed(_) => "wait until the other program has finished writing it, then try again",
            Self::PasswordProtected(_) => {
                "open it in Excel, remove the password (File, Info, Protect Workbook), and save it again"
            }
            Self::Damaged { .. } => {
                "fetch or export it again; if it opens in Excel or LibreOffice, save it from there as .xlsx or .csv"
            }
            Self::NotASpreadsheet { .. } => "export the inventory as .xlsx, .csv or .json, and name that file",
            Self::HtmlNotWorkbook(_) | Self::OtherFormat { .. } => {
                "open it in Excel or LibreOffice and save it as .xlsx or .csv"
            }
            Self::TooLarge { .. } => {
                "check that it is the right file; if it is, raise the limit (--max-unpacked, --max-cells, \
                 --max-columns, \
                 --max-row)"
            }
            Self::NoSuchSheet { .. } => "name one of those with --sheet, or omit --sheet",
            Self::NoSheets { .. } => "omit --sheet",
            Self::HeaderRow { .. } => {
                "name the row with --header-row as the spreadsheet program numbers it, from 1, or omit it"
            }
            Self::UnknownEncoding(_) => {
                "use a name such as utf-8, windows-1252, macintosh, cp437 or utf-16le, or omit --encoding"
            }
            Self::BadDelimiter(_) => "use a comma, a semicolon, a tab or a vertical bar",
            Self::NotText { .. } => {
                "save the file as UTF-8, or name its encoding with --encoding (windows-1252, macintosh, cp437, …)"
            }
            Self::OpenQuote { .. } => {
                "close the quotation mark in that line, or double it where it is part of the text"
            }
            Self::StrayQuote { .. } => {
                "double the quotation mark where it is part of the text (\"12\"\" pipe\"), or remove it"
            }
            Self::MixedDelimiters { .. } => "separate the header and the rows by the same character",
            Self::Json { .. } => {
                "the file must be an array of objects or arrays, {\"items\": [...]}, or one object a line (pandas: \
                 orient=\"records\"); export it again if it is truncated"
            }
            Self::DuplicateKey { .. } => "remove one of the two",
        }
        .to_owned()
    }

    fn place(&self) -> Option<&Path> {
        match self {
            Self::Directory(path) => path.to_str().map(Path::new),
            Self::Empty(file)
            | Self::Blank(file)
            | Self::Changed(file)
            | Self::PasswordProtected(file)
            | Self::HtmlNotWorkbook(file)
            | Self::Io { file, .. }
            | Self::Damaged { file, .. }
            | Self::NotASpreadsheet { file, .. }
            | Self::OtherFormat { file, .. }
            | Self::TooLarge { file, .. }
            | Self::NoSuchSheet { file, .. }
            | Self::NoSheets { file, .. }
            | Self::HeaderRow { file, .. }
            | Self::NotText { file, .. }
            | Self::OpenQuote { file, .. }
            | Self::StrayQuote { file, .. }
            | Self::MixedDelimiters { file, .. }
            | Self::Json { file, .. }
            | Self::DuplicateKey { file, .. } => Some(Path::new(file)),
            Self::Missing(_) | Self::UnknownEncoding(_) | Self::BadDelimiter(_) => None,
        }
    }

    fn category(&self) -> Category {
        match self {
            Self::NotText { .. } => Category::NotText,
            _ => Category::Unread,
        }
    }
}
