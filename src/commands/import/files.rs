//! The rows of files as what is wanted of an organization.
//!
//! Doesn't belong here: reading rows (`columns`), what is decided on them (`plan`).

use std::cell::RefCell;
use std::path::PathBuf;

use crate::columns::{Incoming, Origin, Reader, Reading, Source, Straight, Survey};
use crate::error::{Category, Error};
use crate::inventory::{ItemStore, Listing, Lookup, Window};
use crate::item::text::Item;
use crate::journal::Journal;
use crate::output::Output;
use crate::plan::{self, PlanPart, Policy, Straightway, Verdict};
use crate::report::Rejects;
use crate::shard::Shard;
use crate::sheet::Stop;
use crate::transfer::{Holds, Supply, Take, show_reading};

/// The rows of the files that the user named.
pub(super) struct Files<'a> {
    pub(super) source: RefCell<Source>,
    /// What the first pass has settled; none until it has been made.
    pub(super) survey: RefCell<Option<Survey>>,
    /// Opens the files once more, where a text was taken for UTF-8 that is none.
    pub(super) reopen: &'a dyn Fn() -> Result<Source, Error>,
    /// The file that each table came from.
    pub(super) paths: &'a [PathBuf],
    pub(super) rejects: Rejects<'a>,
    pub(super) reading: &'a Stop,
    pub(super) policy: Policy,
    /// The share of the rows that is this process's own; others aren't counted.
    pub(super) shard: Option<Shard>,
    /// How many rows are of this share.
    pub(super) count: Option<u64>,
}

impl Files<'_> {
    /// Every row that is this process's own, in order.
    fn read(&self, take: &mut dyn FnMut(Incoming<'_>) -> Result<(), Error>) -> Result<(), Error> {
        self.source.borrow().read::<Error>(&mut |_, incoming| match self.shard {
            Some(shard) if !is_own(shard, &incoming) => Ok(()),
            _ => take(incoming),
        })
    }

    /// The same with their number, which takes a reading of its own where it isn't the number of all.
    pub(super) fn counted(mut self) -> Result<Self, Error> {
        if self.shard.is_some() {
            let mut count = 0;
            self.read(&mut |_| {
                count += 1;
                Ok(())
            })?;
            self.count = Some(count);
        }
        Ok(self)
    }

    fn decider<'d>(&'d self, source: &Source, stored: &'d Lookup<'d>) -> Result<Decider<'d>, Error> {
        Ok(Decider {
            stored,
            straightway: Straightway::new(source, &self.policy)?,
            policy: &self.policy,
            shard: self.shard,
        })
    }

    /// How many rows there are, those of others too; nothing before the first pass.
    pub(super) fn all(&self) -> u64 {
        self.survey.borrow().as_ref().map_or(0, |survey| survey.rows)
    }

    /// What the first pass warns of.
    pub(super) fn warnings(&self) -> Vec<String> {
        let survey = self.survey.borrow();
        survey.as_ref().map_or_else(Vec::new, |survey| survey.warnings.clone())
    }
}

/// Whether a row is of this share: by its id, or by its place where it has none that counts.
fn is_own(shard: Shard, incoming: &Incoming<'_>) -> bool {
    match &incoming.reading {
        Reading::Item(draft) => shard.has_id(&draft.id),
        Reading::Rejected(_) | Reading::Skipped(_) => shard.has_place(incoming.origin.table, incoming.origin.line),
    }
}

/// What is decided on rows, on any thread.
struct Decider<'a> {
    stored: &'a Lookup<'a>,
    straightway: Straightway,
    policy: &'a Policy,
    shard: Option<Shard>,
}

/// What is made of some rows, one after the other.
type Part = (PlanPart, Window);

impl Decider<'_> {
    /// Decides on a row without reading all of it, where that can be; false where it can't.
    fn straight(&self, (part, window): &mut Part, row: &Straight<'_>) -> Result<bool, Error> {
        // A row that turns out to be refused is another process's than its id says.
        if self.shard.is_some_and(|shard| !shard.has_id(row.id())) {
            return Ok(false);
        }
        let decide = |item: Option<&Item<'_, '_>>| self.straightway.decide(row, item, part);
        Ok(self.stored.with(row.id(), window, decide)??)
    }

    fn any(&self, (part, window): &mut Part, incoming: Incoming<'_>) -> Result<(), Error> {
        if self.shard.is_some_and(|shard| !is_own(shard, &incoming)) {
            return Ok(());
        }
        let origin = incoming.origin;
        match incoming.reading {
            Reading::Item(draft) => {
                self.stored.with(&draft.id, window, |item| {
                    part.decide(origin, &draft, item, self.policy);
                })?;
            }
            Reading::Rejected(reasons) => {
                part.rows += 1;
                part.rejects.extend(reasons.into_iter().map(|reason| (origin, reason)));
            }
            Reading::Skipped(_) => {
                part.rows += 1;
                part.skipped += 1;
            }
        }
        Ok(())
    }
}

impl Supply for Files<'_> {
    fn count(&self) -> u64 {
        self.count.unwrap_or_else(|| self.all())
    }

    fn is_surveyed(&self) -> bool {
        self.survey.borrow().is_some()
    }

    fn survey(&self) -> Result<(), Error> {
        if self.is_surveyed() {
            return Ok(());
        }
        let mut source = self.source.borrow_mut();
        let survey = match source.survey().map_err(Error::from) {
            Err(error) if error.category() == Category::NotText => {
                *source = (self.reopen)()?;
                source.survey()?
            }
            surveyed => surveyed?,
        };
        self.survey.replace(Some(survey));
        Ok(())
    }

    fn show_survey(&self, output: &Output) {
        if let Some(survey) = &*self.survey.borrow() {
            show_reading(output, &self.source.borrow().tables, survey);
        }
    }

    fn ids(&self, take: &mut dyn FnMut(&str) -> Result<(), Error>) -> Result<(), Error> {
        self.read(&mut |incoming| match incoming.reading {
            Reading::Item(draft) => take(&draft.id),
            Reading::Rejected(_) | Reading::Skipped(_) => Ok(()),
        })
    }

    fn decide(&self, holds: &mut Holds<'_>, take: &mut Take<'_>) -> Result<(), Error> {
        self.read(&mut |incoming| {
            let origin = incoming.origin;
            let (id, decision) = match incoming.reading {
                Reading::Item(draft) => {
                    let stored = holds(&draft.id)?;
                    let decision = plan::decide(&draft, stored.as_ref(), &self.policy);
                    (draft.id.into_owned(), Ok(decision))
                }
                Reading::Rejected(reasons) => (String::new(), Err(reasons)),
                Reading::Skipped(_) => (String::new(), Ok(plan::Decision::Skipped("another row stands for it"))),
            };
            take(Verdict { origin, id, decision })
        })
    }

    fn decide_in_parts(
        &self,
        stored: &Lookup<'_>,
        take: &mut dyn FnMut(PlanPart) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        let source = self.source.borrow();
        let decider = self.decider(&source, stored)?;
        source.read_parts_straight::<Part, Error>(
            &|part, row| decider.straight(part, row),
            &|part, _, incoming| decider.any(part, incoming),
            &mut |(part, _)| take(part),
        )?;
        Ok(true)
    }

    fn decide_in_one_pass(
        &self,
        stored: &Lookup<'_>,
        take: &mut dyn FnMut(PlanPart) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        let mut source = self.source.borrow_mut();
        let decider = self.decider(&source, stored)?;
        let mut taken = Ok(());
        let surveyed = source.survey_reading::<Part, Error>(&mut Reader {
            straight: &|part, row| decider.straight(part, row),
            part: &|part, _, incoming| decider.any(part, incoming),
            take: &mut |(part, _)| {
                taken = take(part);
                taken.is_ok()
            },
        });
        taken?;
        match surveyed.map_err(Error::from) {
            Ok((survey, stands)) => {
                self.survey.replace(Some(survey));
                Ok(stands)
            }
            Err(error) if error.category() == Category::NotText => {
                *source = (self.reopen)()?;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    fn address(&self, origin: Origin, index: Option<usize>) -> String {
        match (self.source.borrow().tables.get(origin.table), index) {
            (Some(table), Some(index)) => format!("{}, {}", table.file, table.address(origin.line, index)),
            (Some(table), None) => format!("{}, {}", table.file, table.row_address(origin.line)),
            (None, _) => format!("line {}", origin.line),
        }
    }

    fn tables(&self) -> usize {
        self.source.borrow().tables.len()
    }

    fn approve(&self, _listing: &Listing, _stored: &mut ItemStore) -> Result<(), Error> {
        // What is stopped from here on has to account for every row.
        self.reading.ignore();
        Ok(())
    }

    fn write_rejects(&self, journal: &Journal) -> Result<Vec<PathBuf>, Error> {
        self.rejects.write(&self.source.borrow(), self.paths, journal)
    }
}
