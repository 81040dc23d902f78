//! Which of a workbook's sheets are read, and why the others are not.
//!
//! Doesn't belong here: reading the sheets (`excel`).

use std::sync::Arc;

use super::excel::{Chunks, Merge, Workbook};
use super::header::{self, Found, SEARCHED_ROWS};
use super::pieces::{Piece, PieceReader};
use super::rows::{DataRows, DataRule, looks_real};
use super::source::Source;
use super::{
    FIRST_BELOW, Format, Header, HeaderJudge, Opener, ReadError, ReadOptions, Row, RowReader, SheetChoice, Table,
    TextForm,
};
use crate::output::{are, counted};

/// A sheet, looked at.
struct Candidate {
    sheet: String,
    found: Option<Found>,
    above: Vec<Row>,
    has_data: bool,
}

/// What the first rows that are kept may take in memory: each may be as long as `Limits::row_bytes` allows.
const FIRST_BYTES: usize = 16 << 20;

/// The first rows of a sheet or file: enough to find the header, and up to the row that `--header-row` names and the first
/// below it.
pub(super) fn first_rows(reader: &mut dyn RowReader, until: Option<u64>) -> Result<Vec<Row>, ReadError> {
    let (mut rows, mut below, mut bytes) = (Vec::new(), 0, 0_usize);
    let mut row = Row::new();
    while reader.next(&mut row)? {
        let past = until.is_some_and(|line| row.line >= line);
        if row.is_blank() && (!past || below > 0) {
            continue;
        }
        let is_full = rows.len() >= SEARCHED_ROWS || bytes >= FIRST_BYTES;
        if until.is_none() || past || !is_full {
            bytes = bytes.saturating_add(row.weight());
            rows.push(row.clone());
        }
        below += usize::from(past);
        let is_full = rows.len() >= SEARCHED_ROWS || bytes >= FIRST_BYTES;
        if below > FIRST_BELOW || (until.is_none() || below > 1) && is_full {
            break;
        }
    }
    Ok(rows)
}

/// The header among the first rows, by the user's word or by its names; none where no name is known.
pub(super) fn find(
    rows: &[Row],
    merges: &[Merge],
    asked: Option<u64>,
    file: &str,
    judge: &dyn HeaderJudge,
) -> Result<Option<Found>, ReadError> {
    let Some(line) = asked else {
        return Ok(header::recognize(rows, merges, judge));
    };
    let refuse = |why| ReadError::HeaderRow {
        file: file.to_owned(),
        row: line,
        why,
    };
    match rows.iter().find(|row| row.line >= line) {
        Some(row) if row.line == line => header::taken(row, judge).ok_or_else(|| refuse("it is blank")).map(Some),
        Some(_) => Err(refuse("it is blank, or inside a row that begins above it")),
        None => Err(refuse("the rows end before it")),
    }
}

/// A note on what stands above the header, if anything does.
pub(super) fn preamble_note(found: &Found, above: &[Row]) -> Option<String> {
    let count = above
        .iter()
        .filter(|row| row.line < found.header.line && !row.is_blank())
        .count();
    // Of a header of two rows, the upper one is no preamble.
    let count = (count as u64).saturating_sub(found.header.rows.len() as u64 - 1);
    let rows = |count| format!("{} above the header {} ignored", counted(count, "row"), are(count));
    (count > 0).then(|| rows(count))
}

/// Opens a workbook's tables.
pub(super) fn tables(source: Source, options: &ReadOptions, judge: &dyn HeaderJudge) -> Result<Vec<Table>, ReadError> {
    let workbook = Workbook::open(source.path(), &source.file, &options.limits)?;
    let parts = Arc::new((source, workbook));
    let (source, workbook) = (&parts.0, &parts.1);
    let mut notes = Vec::new();
    let chosen = match &options.sheet {
        SheetChoice::Named(name) => {
            let sheet = named(workbook, name, &source.file)?;
            vec![look(workbook, &sheet, options, judge, &source.file)?]
        }
        SheetChoice::Best => best(workbook, options, judge, &source.file, &mut notes)?,
        SheetChoice::All => all(workbook, options, judge, &source.file, &mut notes)?,
    };
    let mut tables = Vec::new();
    for candidate in chosen {
        let own_notes = if tables.is_empty() {
            std::mem::take(&mut notes)
        } else {
            Vec::new()
        };
        tables.push(table(&parts, candidate, own_notes)?);
    }
    Ok(tables)
}

/// The sheet of this name; failing that, of this name in another case.
fn named(workbook: &Workbook, name: &str, file: &str) -> Result<String, ReadError> {
    let sheets = workbook.sheets();
    let alike = |sheet: &&super::excel::SheetInfo| sheet.name.trim().to_lowercase() == name.trim().to_lowercase();
    let found = sheets
        .iter()
        .find(|sheet| sheet.name == name)
        .or_else(|| sheets.iter().find(alike));
    found
        .map(|sheet| sheet.name.clone())
        .ok_or_else(|| ReadError::NoSuchSheet {
            file: file.to_owned(),
            sheet: name.to_owned(),
            known: sheets.iter().map(|sheet| sheet.name.clone()).collect(),
        })
}

/// Finds a sheet's header and whether there is data below it. With no sheet named and a header row asked for, the row
/// counts in each sheet, and a sheet that lacks it is no candidate.
fn look(
    workbook: &Workbook,
    sheet: &str,
    options: &ReadOptions,
    judge: &dyn HeaderJudge,
    file: &str,
) -> Result<Candidate, ReadError> {
    let above = first_rows(workbook.rows(sheet)?.as_mut(), options.header_row)?;
    let merges = workbook.merges(sheet)?;
    let place = format!("sheet {sheet:?} of {file}");
    let found = match find(&above, &merges, options.header_row, &place, judge) {
        Err(ReadError::HeaderRow { .. }) if !matches!(options.sheet, SheetChoice::Named(_)) => None,
        found => found?,
    };
    let mut has_data = false;
    if let Some(found) = &found {
        let rule = DataRule {
            found: found.clone(),
            hidden: Arc::default(),
        };
        let mut rows = DataRows::new(workbook.rows(sheet)?, rule);
        let mut row = Row::new();
        while !has_data && rows.next(&mut row)? {
            has_data = looks_real(&row);
        }
    }
    Ok(Candidate {
        sheet: sheet.to_owned(),
        found,
        above,
        has_data,
    })
}

fn look_at_all(
    workbook: &Workbook,
    options: &ReadOptions,
    judge: &dyn HeaderJudge,
    file: &str,
    notes: &mut Vec<String>,
) -> Result<Vec<Candidate>, ReadError> {
    let mut candidates = Vec::new();
    for sheet in workbook.sheets() {
        if sheet.visible {
            candidates.push(look(workbook, &sheet.name, options, judge, file)?);
        } else {
            notes.push(format!("sheet {:?} is ignored: it is hidden", sheet.name));
        }
    }
    Ok(candidates)
}

/// The visible sheet whose header is known best, among those with data if any has some; of equals the first.
fn best(
    workbook: &Workbook,
    options: &ReadOptions,
    judge: &dyn HeaderJudge,
    file: &str,
    notes: &mut Vec<String>,
) -> Result<Vec<Candidate>, ReadError> {
    let mut candidates = look_at_all(workbook, options, judge, file, notes)?;
    let rating = |candidate: &Candidate| {
        let score = candidate.found.as_ref().map(|found| found.score);
        (score.is_some(), candidate.has_data, score, !candidate.above.is_empty())
    };
    let highest = candidates.iter().map(rating).max();
    let Some(at) = candidates
        .iter()
        .position(|candidate| Some(rating(candidate)) == highest)
    else {
        return Err(ReadError::Blank(file.to_owned()));
    };
    let chosen = candidates.remove(at);
    let further = continuations(&chosen, &mut candidates);
    for sheet in &further {
        notes.push(format!(
            "sheet {:?} has the header of {:?} and continues it: both are read",
            sheet.sheet, chosen.sheet
        ));
    }
    for other in &candidates {
        let why = match &other.found {
            _ if other.above.is_empty() => "it is blank",
            None => "no header row is recognized in it",
            Some(_) if !other.has_data => "it has no row that looks like data",
            Some(found) if is_header_of(&chosen, found) => {
                "another sheet has the same header (--sheet '*' reads every sheet)"
            }
            Some(_) => "the header of another sheet matches as well or better",
        };
        notes.push(format!("sheet {:?} is ignored: {why}", other.sheet));
    }
    if let (None, Some(row)) = (&chosen.found, options.header_row) {
        let why = "no visible sheet has text there";
        return Err(ReadError::HeaderRow {
            file: file.to_owned(),
            row,
            why,
        });
    }
    Ok(std::iter::once(chosen).chain(further).collect())
}

/// Whether a header is that of a sheet, column by column.
fn is_header_of(sheet: &Candidate, other: &Found) -> bool {
    let cells = |found: &Found| -> Vec<(usize, String)> {
        let cells = found.header.cells.iter();
        cells.map(|cell| (cell.index, cell.name.trim().to_owned())).collect()
    };
    sheet.found.as_ref().is_some_and(|found| cells(found) == cells(other))
}

/// Takes the sheets that continue the chosen one, as a writer makes them whose rows don't fit into one sheet: of the same
/// header, and of its name with a number behind it, from 2.
fn continuations(chosen: &Candidate, others: &mut Vec<Candidate>) -> Vec<Candidate> {
    let mut further: Vec<Candidate> = Vec::new();
    loop {
        let name = format!("{} {}", chosen.sheet, further.len() + 2);
        let continues = |other: &Candidate| {
            other.sheet == name && other.found.as_ref().is_some_and(|found| is_header_of(chosen, found))
        };
        match others.iter().position(continues) {
            Some(at) => further.push(others.remove(at)),
            None => return further,
        }
    }
}

/// Every visible sheet with a recognizable header; where there is none, the one that `best` would take.
fn all(
    workbook: &Workbook,
    options: &ReadOptions,
    judge: &dyn HeaderJudge,
    file: &str,
    notes: &mut Vec<String>,
) -> Result<Vec<Candidate>, ReadError> {
    let candidates = look_at_all(workbook, options, judge, file, notes)?;
    if candidates.iter().all(|candidate| candidate.found.is_none()) {
        notes.clear();
        return best(workbook, options, judge, file, notes);
    }
    let (chosen, others): (Vec<_>, Vec<_>) = candidates.into_iter().partition(|candidate| candidate.found.is_some());
    for other in &others {
        notes.push(format!(
            "sheet {:?} is ignored: no header row is recognized in it",
            other.sheet
        ));
    }
    Ok(chosen)
}

fn table(parts: &Arc<(Source, Workbook)>, candidate: Candidate, mut notes: Vec<String>) -> Result<Table, ReadError> {
    let (source, workbook) = (&parts.0, &parts.1);
    let Candidate {
        sheet, found, above, ..
    } = candidate;
    let found = found.or_else(|| header::guess(&above));
    let found = found.ok_or_else(|| ReadError::Blank(format!("sheet {sheet:?} of {}", source.file)))?;
    notes.extend(preamble_note(&found, &above));
    let mut hidden = workbook.hidden_rows(&sheet)?;
    hidden.sort_unstable();
    let declared_rows = declared(&found, &above);
    let header = found.header.clone();
    let first = first_below(&header, &above);
    let rule = DataRule {
        found,
        hidden: hidden.into(),
    };
    let (shared, name) = (Arc::clone(parts), sheet.clone());
    let pieces = pieces(workbook.chunks(&sheet)?, &rule);
    Ok(Table {
        file: source.file.clone(),
        format: Format::Workbook(workbook.kind()),
        text: TextForm::default(),
        sheet: Some(sheet),
        header,
        declared_rows,
        notes,
        warnings: Vec::new(),
        first,
        opener: Box::new(move || Ok(Box::new(DataRows::new(shared.1.rows(&name)?, rule.clone())))),
        pieces: Some(pieces),
    })
}

fn pieces(chunks: Chunks, rule: &DataRule) -> Opener<dyn PieceReader> {
    let rule = rule.clone();
    Box::new(move || {
        Ok(Box::new(SheetPieces {
            chunks: chunks.clone(),
            rule: rule.clone(),
        }))
    })
}

/// A sheet's data rows, a chunk of its rows at a time.
struct SheetPieces {
    chunks: Chunks,
    rule: DataRule,
}

impl PieceReader for SheetPieces {
    fn next(&mut self) -> Result<Option<Piece>, ReadError> {
        let chunk = self.chunks.next()?;
        Ok(chunk.map(|rows| Box::new(DataRows::new(rows, self.rule.clone())) as Piece))
    }
}

/// The first rows below the header.
pub(super) fn first_below(header: &Header, rows: &[Row]) -> Vec<Row> {
    let below = rows.iter().filter(|row| row.line > header.line && !row.is_blank());
    below.take(FIRST_BELOW).cloned().collect()
}

/// The row count that the rows above the header declare.
pub(super) fn declared(found: &Found, above: &[Row]) -> Option<u64> {
    let end = above.iter().take_while(|row| row.line < found.header.line).count();
    header::declared_rows(above.get(..end)?)
}
