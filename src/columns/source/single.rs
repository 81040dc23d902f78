//! One pass in place of two: the rows are surveyed and read in one go, as if what needs whole columns had been settled as
//! the first piece of each table suggests. What was read counts only if the whole of the tables bears that out.
//!
//! Belongs here: what is assumed, and whether it held. Doesn't: the survey's findings (`survey`), what becomes of a row
//! (`source`).

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::cells::Style;
use super::super::duplicates::{FirstLook, PartialLook, Spot};
use super::super::error::ColumnError;
use super::super::layout::Layout;
use super::super::looks::Looks;
use super::super::survey::TableSurvey;
use super::super::{DateOrder, Incoming, NumberStyle, Survey};
use super::Source;
use super::parts::{Surveyed, TakePart, TakeStraight};
use crate::parallel::in_order;
use crate::sheet::{Passed, Piece, ReadError, Row, RowReader, Table};

/// What becomes of the rows while they are surveyed. Nothing that comes of it may be seen before the survey has said that
/// it stands.
pub struct Reader<'a, P, E> {
    /// Takes a row straight, as in `Source::read_parts`.
    pub straight: Option<&'a TakeStraight<'a, P, E>>,
    /// Takes any other row.
    pub part: &'a TakePart<'a, P, E>,
    /// Takes what was made of the rows, in the file's order; false if that leads nowhere: then the rows are surveyed only.
    pub take: &'a mut dyn FnMut(P) -> bool,
}

/// How many rows are looked at before anything is assumed.
const ASSUMED_OF: usize = 2048;

/// A piece, the first rows of which may have been read already.
struct Job {
    by: Arc<Layout>,
    rows: Vec<Row>,
    rest: Result<Piece, ReadError>,
}

/// What has been made of a piece.
struct Done<P> {
    found: TableSurvey,
    look: PartialLook,
    rows: u64,
    passed: Passed,
    /// What was made of the rows.
    made: P,
}

impl Source {
    /// Surveys the tables like `survey`, and reads their rows in the same pass. Gives whether that stands; where it
    /// doesn't, all that the reader has taken is void, and the rows are to be read again by one of the other ways.
    pub fn survey_reading<P, E>(&mut self, reader: &mut Reader<'_, P, E>) -> Result<(Survey, bool), ColumnError>
    where
        P: Default + Send,
        E: Send,
    {
        let void = AtomicBool::new(false);
        let mut assumed = Vec::new();
        let survey = self.survey_by(&mut |source, at, look| {
            let (Some(table), Some(layout)) = (source.tables.get(at), source.layouts.get(at)) else {
                return Ok(None);
            };
            let pass = Pass {
                source,
                at,
                table,
                layout,
                void: &void,
                blank: look.part(),
            };
            let (surveyed, by) = pass.run(look, reader)?;
            assumed.push(by);
            Ok(Some(surveyed))
        })?;
        let mut pairs = assumed.iter().zip(&self.layouts);
        let holds = pairs.all(|(assumed, settled)| {
            decisions(assumed) == decisions(settled) && settled.guard.is_borne_out(&assumed.guard)
        });
        let stands = !void.into_inner() && self.groups.is_empty() && holds && assumed.len() == self.layouts.len();
        Ok((survey, stands))
    }
}

/// What the values of whole columns decide.
fn decisions(layout: &Layout) -> Vec<(NumberStyle, DateOrder, Option<Vec<DateOrder>>)> {
    let styles = layout.targets.iter().map(|target| &target.style);
    let mixed = |style: &Style| style.mixed.as_ref().map(|mixed| mixed.orders.clone());
    styles.map(|style| (style.numbers, style.dates, mixed(style))).collect()
}

/// One table's pass.
struct Pass<'a> {
    source: &'a Source,
    at: usize,
    table: &'a Table,
    /// As it is before anything is settled, which is how it is surveyed.
    layout: &'a Layout,
    /// Set once the reading leads nowhere.
    void: &'a AtomicBool,
    blank: PartialLook,
}

impl Pass<'_> {
    /// What the survey found, and the layout by which the rows were read.
    fn run<P, E>(
        &self,
        look: &mut FirstLook,
        reader: &mut Reader<'_, P, E>,
    ) -> Result<(Surveyed, Arc<Layout>), ColumnError>
    where
        P: Default + Send,
        E: Send,
    {
        let mut all = Surveyed::new(self.layout, self.table);
        let mut passed_by_cutting = Passed::default();
        let mut assumed = Arc::new(self.layout.clone());
        let (straight, part) = (reader.straight, reader.part);
        let mut before = 0;
        in_order::<_, _, ColumnError>(
            |give| {
                let mut pieces = self.table.pieces()?;
                let first = pieces.next()?.map(first_rows).unwrap_or_default();
                assumed = Arc::new(self.assume(&first.0));
                let mut next = first.1.map(|rest| (first.0, rest));
                while let Some((rows, rest)) = next {
                    let by = Arc::clone(&assumed);
                    if !give(Job { by, rows, rest }) {
                        break;
                    }
                    next = pieces.next()?.map(|piece| (Vec::new(), Ok(piece)));
                }
                passed_by_cutting = pieces.passed();
                Ok(())
            },
            |job| self.piece(job, straight, part),
            |done| {
                let done = done?;
                if !self.is_void() && !(reader.take)(done.made) {
                    self.give_up();
                }
                all.passed.join(done.passed);
                all.found.join(done.found);
                look.join(done.look, before);
                all.starts.push(before);
                before += done.rows;
                Ok(())
            },
        )?;
        all.passed.join(passed_by_cutting);
        Ok((all, assumed))
    }

    /// The layout as these rows by themselves would settle it.
    fn assume(&self, rows: &[Row]) -> Layout {
        let mut assumed = self.layout.clone();
        let (mut found, mut looks) = (TableSurvey::new(self.layout, self.table), Looks::new(self.layout));
        for row in rows {
            looks.look_at(row);
            found.row(self.layout, self.table, row, &looks);
        }
        found.settle(
            &mut assumed,
            (self.at, self.table),
            &self.source.options,
            &mut Survey::default(),
        );
        assumed
    }

    fn piece<P: Default, E>(
        &self,
        job: Job,
        straight: Option<&TakeStraight<'_, P, E>>,
        part: &TakePart<'_, P, E>,
    ) -> Result<Done<P>, ColumnError> {
        let mut done = Done {
            found: TableSurvey::new(self.layout, self.table),
            look: self.blank.clone(),
            rows: 0,
            passed: Passed::default(),
            made: P::default(),
        };
        let mut looks = Looks::new(&job.by);
        let mut take = |row: &Row| {
            done.rows += 1;
            let spot = Spot {
                table: self.at,
                number: done.rows,
                line: row.line,
            };
            looks.look_at(row);
            if !done.found.row(self.layout, self.table, row, &looks) {
                return;
            }
            let id = Source::id_of(&job.by, self.table, row);
            if let Some(id) = &id {
                done.found.id(id, row.line);
                done.look.add(&id.text, spot);
            }
            if self.is_void() {
                return;
            }
            let sound = id.filter(|_| straight.is_some());
            let sound = sound.and_then(|id| self.source.straight(&job.by, self.at, row, id, looks.seen()));
            let taken = match (straight, sound) {
                (Some(straight), Some(sound)) => straight(&mut done.made, &sound),
                _ => Ok(false),
            };
            let taken = match taken {
                Ok(false) => {
                    let mut held = HashMap::new();
                    let mut take = |row: &Row, incoming: Incoming<'_>| part(&mut done.made, row, incoming);
                    self.source
                        .incoming(&job.by, self.table, spot, row, &mut held, &mut take)
                }
                taken => taken.map(|_| ()),
            };
            // Whatever is the matter with what becomes of the rows, it shows again when they are read once more.
            if taken.is_err() {
                self.give_up();
            }
        };
        job.rows.iter().for_each(&mut take);
        let mut rest = job.rest?;
        let mut row = Row::new();
        while rest.next(&mut row)? {
            take(&row);
        }
        done.passed = rest.passed();
        Ok(done)
    }

    fn is_void(&self) -> bool {
        self.void.load(Ordering::Relaxed)
    }

    fn give_up(&self) {
        self.void.store(true, Ordering::Relaxed);
    }
}

/// Reads the first rows of a piece; what is left of it, or why there is nothing.
fn first_rows(mut piece: Piece) -> (Vec<Row>, Option<Result<Piece, ReadError>>) {
    let mut rows = Vec::new();
    while rows.len() < ASSUMED_OF {
        let mut row = Row::new();
        match piece.next(&mut row) {
            Ok(true) => rows.push(row),
            Ok(false) => break,
            Err(failure) => return (rows, Some(Err(failure))),
        }
    }
    (rows, Some(Ok(piece)))
}
