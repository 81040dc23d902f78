//! The first pass over one table: what needs a whole column (date order, number style) or the whole table.
//!
//! Belongs here: taking the rows, and what is said of them. Doesn't: single columns (`evidence`), ids compared across
//! tables (`duplicates`), single cells (`cells`).

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::cells::{Blanks, Concern, Meaning, Part, Style, bare_number};
use super::census::Census;
use super::dates;
use super::evidence::{Evidence, Tally, first};
use super::id_findings::IdFindings;
use super::ids::Id;
use super::layout::{Layout, Target};
use super::looks::{Look, Looks};
use super::matching::column_place;
use super::numbers::is_plain_integer;
use super::set_aside::Asides;
use super::suspects::{Doubt, HeaderLike};
use super::texts::{bare, is_blank, unguard};
use super::vocabulary::REJECT_COLUMNS;
use super::{ColumnOptions, Survey};
use crate::item::Kind;
use crate::output::{About, counted, counted_are as are, counted_have as have, counted_were};
use crate::sheet::{Cell, Moment, Row, Table};

/// What one pass over a table has found.
pub(crate) struct TableSurvey {
    evidence: Vec<Evidence>,
    concerns: BTreeMap<(usize, Concern), Tally>,
    unnamed: BTreeMap<usize, Tally>,
    ids: IdFindings,
    errors_left_out: Tally,
    rows: u64,
    short: Tally,
    census: Census,
    aside: Asides,
    /// Lines of headers, those of the table's own only behind others; and whether they are its own.
    headers: Vec<(u64, bool)>,
    has_odd_ids: bool,
    /// The columns that no field reads, and whether they have a header.
    beside: Vec<(usize, bool)>,
}

impl TableSurvey {
    pub(crate) fn new(layout: &Layout, table: &Table) -> Self {
        let mut named = vec![false; layout.width];
        let mut read_by = named.clone();
        for cell in &table.header.cells {
            if let Some(named) = named.get_mut(cell.index) {
                *named = true;
            }
            // A reject file's own columns tell of values that were refused.
            if let Some(read) = read_by.get_mut(cell.index) {
                *read = REJECT_COLUMNS.contains(&cell.name.trim());
            }
        }
        let indexes = layout
            .targets
            .iter()
            .flat_map(|target| [Some(target.index), target.joined])
            .flatten();
        for index in indexes.chain(layout.id.as_ref().map(|id| id.index)) {
            if let Some(read) = read_by.get_mut(index) {
                *read = true;
            }
        }
        let beside = read_by.iter().zip(&named).enumerate();
        let beside = beside
            .filter(|(_, (read, _))| !**read)
            .map(|(index, (_, named))| (index, *named));
        Self {
            beside: beside.collect(),
            evidence: vec![Evidence::default(); layout.targets.len()],
            concerns: BTreeMap::new(),
            unnamed: BTreeMap::new(),
            ids: IdFindings::default(),
            errors_left_out: Tally::default(),
            rows: 0,
            short: Tally::default(),
            census: Census::default(),
            aside: Asides::default(),
            headers: Vec::new(),
            has_odd_ids: false,
        }
    }

    /// Adds what was found further down.
    pub(crate) fn join(&mut self, further: Self) {
        for (evidence, further) in self.evidence.iter_mut().zip(further.evidence) {
            evidence.join(further);
        }
        for (concern, tally) in further.concerns {
            self.concerns.entry(concern).or_default().join(tally);
        }
        for (index, tally) in further.unnamed {
            self.unnamed.entry(index).or_default().join(tally);
        }
        self.ids.join(further.ids);
        self.errors_left_out.join(further.errors_left_out);
        self.short.join(further.short);
        self.has_odd_ids |= further.has_odd_ids;
        self.census.join(&further.census);
        self.aside.join(further.aside);
        for (line, is_own) in further.headers {
            self.header(line, is_own);
        }
        self.rows += further.rows;
    }

    /// How many rows there are that may be items.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Takes a row. Returns whether it counts as one: false where it is set aside.
    /// `looks`: what one look shows of its cells.
    pub(crate) fn row(&mut self, layout: &Layout, table: &Table, row: &Row, looks: &Looks) -> bool {
        let looked = layout.guard.look(row);
        if let Some(doubt) = &looked.doubt {
            return self.doubtful(layout, row, doubt);
        }
        layout.guard.count(&looked, &mut self.census);
        self.rows += 1;
        if layout.is_short(row) {
            self.short.add(row.line, "");
        }
        self.look_beside(table, row);
        // Text needs no decision.
        for at in looks.telling().iter().copied() {
            let look = looks.seen().get(at).map_or(Look::Other, |seen| seen.look);
            let Some(target) = layout.targets.get(at) else { continue };
            match (look, row.text_at(target.index), self.evidence.get_mut(at)) {
                (Look::Decimal, Some(text), Some(evidence)) => evidence.decimal(row.line, text),
                (Look::Either, Some(text), Some(evidence)) => evidence.either(row.line, text),
                (Look::ZeroLed, Some(text), _) => self.raise((at, Concern::LeadingZero), row.line, text),
                (Look::Triple, Some(text), Some(evidence)) => {
                    if let Some(triple) = dates::usual_triple(text.as_bytes()) {
                        evidence.triple(row.line, text, triple);
                    }
                }
                _ => self.cell(layout, row, at, target),
            }
        }
        true
    }

    /// Takes a row that is no item, or may be none.
    fn doubtful(&mut self, layout: &Layout, row: &Row, doubt: &Doubt) -> bool {
        if let Some(header) = layout.guard.header(row) {
            self.header(row.line, header == HeaderLike::Same);
        }
        match doubt {
            Doubt::Aside(aside) => self.aside.add(row, *aside),
            Doubt::Suspect(_) => self.rows += 1,
        }
        matches!(doubt, Doubt::Suspect(_))
    }

    /// Whether a text of the column of ids means another item than that of this very id, or none.
    pub(crate) fn has_odd_ids(&self) -> bool {
        self.has_odd_ids
    }

    /// Notes whether the text of a row's id is read as another id, or as none.
    pub(crate) fn note_odd_id(&mut self, layout: &Layout, row: &Row, id: Option<&Id<'_>>) {
        if let Some(text) = layout.id_text(row) {
            self.has_odd_ids |= id.is_none_or(|id| id.text != text);
        }
    }

    fn header(&mut self, line: u64, is_own: bool) {
        if self.headers.last().map_or(!is_own, |(_, last)| *last != is_own) {
            self.headers.push((line, is_own));
        }
    }

    /// Takes a row's id.
    pub(crate) fn id(&mut self, id: &Id<'_>, line: u64) {
        self.ids.add(id, line);
    }

    /// Cells that no field reads: values under no header, error values in ignored columns.
    fn look_beside(&mut self, table: &Table, row: &Row) {
        for (index, named) in &self.beside {
            let (index, named, cell) = (*index, *named, row.cell(*index));
            if is_blank(cell) {
                continue;
            }
            if let Cell::Error(text) = cell {
                self.errors_left_out
                    .add(row.line, &format!("{} {text}", table.address(row.line, index)));
            } else if !named {
                self.unnamed.entry(index).or_default().add(row.line, "");
            }
        }
    }

    fn cell(&mut self, layout: &Layout, row: &Row, at: usize, target: &Target) {
        let cell = layout.cell(row, target.index);
        let style = &target.style;
        if let Cell::Text(text) = cell
            && target.joined.is_none()
            && style.part == Part::Whole
            && shows_nothing(text, style)
        {
            return;
        }
        if let (Cell::Text(text), Some(evidence)) = (cell, self.evidence.get_mut(at)) {
            let settled = match style.kind {
                Kind::Text => true,
                Kind::Number if style.blanks.is_nothing(text) => false,
                Kind::Number => {
                    let text = if layout.untyped {
                        unguard(text)
                    } else {
                        Cow::Borrowed(text)
                    };
                    if !evidence.number(row.line, &text, &bare_number(&text, style)) {
                        return self.concern(layout, row, at, target);
                    }
                    true
                }
                Kind::Date => {
                    evidence.date(row.line, text);
                    false
                }
                Kind::Time => false,
            };
            if settled {
                return;
            }
        } else if style.kind == Kind::Text && !matches!(cell, Cell::Moment(..)) {
            return;
        } else if let (Cell::Moment(Moment::Date(date), _), Kind::Date, Some(evidence)) =
            (cell, style.kind, self.evidence.get_mut(at))
        {
            evidence.date_cell(row.line, date);
        } else if let (Cell::Moment(Moment::DateTime(stamp), _), Kind::Date, Some(evidence)) =
            (cell, style.kind, self.evidence.get_mut(at))
        {
            evidence.date_cell(row.line, stamp.date());
        }
        self.concern(layout, row, at, target);
    }

    fn concern(&mut self, layout: &Layout, row: &Row, at: usize, target: &Target) {
        let (Meaning::Nothing(Some(concern)) | Meaning::Value(_, Some(concern))) = layout.read(row, target) else {
            return;
        };
        // Told from the evidence, once the column's order is known.
        if concern != Concern::OtherOrder {
            let value = match layout.cell(row, target.index) {
                Cell::Text(text) => text,
                _ => "",
            };
            self.raise((at, concern), row.line, value);
        }
    }

    fn raise(&mut self, concern: (usize, Concern), line: u64, value: &str) {
        self.concerns.entry(concern).or_default().add(line, value);
    }

    /// Settles each column's order and style, and says so.
    pub(crate) fn settle(
        &mut self,
        layout: &mut Layout,
        (at, table): (usize, &Table),
        options: &ColumnOptions,
        survey: &mut Survey,
    ) {
        layout.guard.settle(&self.census, &self.headers);
        self.aside.report(at, &mut survey.set_aside);
        for (target, evidence) in layout.targets.iter_mut().zip(&self.evidence) {
            let column = column_place(table, &target.header, target.index);
            match target.style.kind {
                Kind::Number => evidence.numbers(target, table, &column, options.numbers, survey),
                Kind::Date => evidence.dates(target, table, &column, options.dates, survey),
                Kind::Text | Kind::Time => {}
            }
        }
        self.warn(layout, table, options, survey);
    }

    fn warn(&self, layout: &Layout, table: &Table, options: &ColumnOptions, survey: &mut Survey) {
        for ((at, concern), tally) in &self.concerns {
            let Some(target) = layout.targets.get(*at) else {
                continue;
            };
            let column = column_place(table, &target.header, target.index);
            let first = first(table, tally, target.index);
            let n = tally.count;
            let fate = if options.lenient {
                "posted as text"
            } else {
                "rejected unless it equals the stored value (--lenient posts it as text)"
            };
            let text = match concern {
                Concern::NotANumber => format!("{column}: {} not a number, {fate} {first}", are(n, "value")),
                Concern::TextForNumber => format!("{column}: {} not a number, posted as text {first}", are(n, "value")),
                Concern::LeadingZero => {
                    format!("{column}: {} a leading zero, posted as text {first}", have(n, "value"))
                }
                Concern::NotADate => format!("{column}: {} not a date, {fate} {first}", are(n, "value")),
                Concern::NotATime => format!("{column}: {} not a time of day, {fate} {first}", are(n, "value")),
                Concern::ShortYear => format!(
                    "{column}: {} a year of two digits, read as 20yy {first}",
                    have(n, "date")
                ),
                Concern::FarYear => {
                    format!("{column}: {} a year before 1970 or after 2100 {first}", have(n, "date"))
                }
                Concern::DateInText => format!(
                    "{column}: {} a date or a time of day in a column of text, posted as the cell shows it {first}",
                    are(n, "value")
                ),
                Concern::Dash => {
                    format!(
                        "{column}: {} only a dash, read as blank; accounting formats show zero as a dash {first}",
                        are(n, "cell")
                    )
                }
                Concern::OtherOrder => continue,
            };
            survey.warnings.push(concern.about().warning(text));
        }
        self.ids.tell(layout, table, survey);
        for (index, tally) in &self.unnamed {
            let place = table.address(tally.line, *index);
            survey.warnings.push(About::NoHeader.warning(format!(
                "{}: {} under no header and ignored (first: {place})",
                table.file,
                are(tally.count, "value")
            )));
        }
        if self.errors_left_out.count > 0 {
            let tally = &self.errors_left_out;
            survey.warnings.push(About::ErrorValues.warning(format!(
                "{}: {} in ignored columns (first: {})",
                table.file,
                are(tally.count, "error value"),
                tally.value
            )));
        }
        if self.short.count > 0 {
            let n = self.short.count;
            survey.warnings.push(About::ShortRows.warning(format!(
                "{}: {} shorter than the header; the missing cells change nothing (first: {})",
                table.file,
                are(n, "row"),
                table.row_address(self.short.line)
            )));
        }
        if let Some(declared) = table.declared_rows.filter(|declared| *declared != self.rows) {
            let by = if table.format.is_json() {
                "TotalRecords"
            } else {
                "NumberRecords"
            };
            survey.warnings.push(About::CountDiffers.warning(format!(
                "{}: the file declares {} ({by}), but {} read",
                table.file,
                counted(declared, "record"),
                counted_were(self.rows, "row")
            )));
        }
        // What is certainly no item is no fault of the file.
        survey.decisions.extend(self.aside.sentence(table));
    }
}

/// Whether a text is as usual in its column: it shows nothing of a style or an order, and raises no concern.
fn shows_nothing(text: &str, style: &Style) -> bool {
    match style.kind {
        Kind::Text => true,
        Kind::Number => {
            is_plain_integer(text.as_bytes()) || (style.blanks.is_nothing(text) && !matches!(bare(text), "-" | "—"))
        }
        // Blanks of the mapping file's own may be dates.
        Kind::Date => {
            dates::is_as_written(text.as_bytes())
                || (style.blanks == Blanks::default() && style.blanks.is_nothing(text))
        }
        Kind::Time => dates::is_time_as_written(text.as_bytes()) || style.blanks.is_nothing(text),
    }
}
