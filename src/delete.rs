//! Deleting items: those of a list of ids, of a file, or those that meet conditions.
//!
//! Belongs here: which items are meant, what deleting wants of each, and what has to be true before the first one goes.
//! Doesn't: how it is planned, sent and accounted for (`transfer`), asking and copying (`commands`).

use std::cell::RefCell;
use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::columns::{Origin, Reading, Rejection, Source};
use crate::error::{Code, Error, Exit, UserError, code};
use crate::filter::Filter;
use crate::inventory::{ItemStore, Lookup, id_of};
use crate::item::{ITEM_ID, Object, check_id};
use crate::journal::Journal;
use crate::output::{counted, grouped};
use crate::plan::{Action, Change, Decision};
use crate::report::{Rejects, write_ids};
use crate::transfer::{Description, Each, Pass, Supply, TakePart};

/// Where the ids of a list that did not go through are written.
const REJECTS: &str = "delete.rejects.csv";

/// Why a deletion is not even planned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeleteError {
    /// Nobody can be asked, and nobody has agreed beforehand.
    #[error("a deletion needs confirmation, and there is no terminal to ask on")]
    NobodyToAsk,
    /// `--ids` is blank.
    #[error("the list of ids is empty")]
    NoIds,
    /// More would be deleted than is allowed without further ado.
    #[error("{} of {} would be deleted, which is more than --max-delete allows", grouped(*.count), counted(*.held, "item"))]
    TooMany {
        /// How many.
        count: u64,
        /// How many there are.
        held: u64,
    },
}

impl UserError for DeleteError {
    fn code(&self) -> Code {
        code("delete", self)
    }

    fn hint(&self) -> String {
        match self {
            Self::NobodyToAsk => "check the plan with --dry-run, then pass --yes",
            Self::NoIds => "separate ids with commas: --ids A1,A2; put ids that contain a comma into a file (--file)",
            Self::TooMany { .. } => "check them with --dry-run; to delete them, raise --max-delete (20%)",
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        match self {
            Self::NobodyToAsk | Self::NoIds => Exit::Usage,
            Self::TooMany { .. } => Exit::Stopped,
        }
    }
}

/// Ids in their order, on disk, so that memory stays flat.
pub struct Ids {
    file: RefCell<BufWriter<File>>,
    count: u64,
}

impl Ids {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            file: RefCell::new(BufWriter::new(tempfile::tempfile()?)),
            count: 0,
        })
    }

    /// The ids of a command line, each once, without the white space around them.
    pub fn named(list: &[String]) -> Result<Self, Error> {
        let mut ids = Self::new()?;
        let mut seen = std::collections::BTreeSet::new();
        for id in list.iter().map(|id| id.trim()).filter(|id| !id.is_empty()) {
            if seen.insert(id) {
                ids.push(id)?;
            }
        }
        if ids.count == 0 {
            return Err(DeleteError::NoIds.into());
        }
        Ok(ids)
    }

    /// The ids of the items that meet the conditions.
    pub fn matching(filter: &Filter, stored: &mut ItemStore) -> Result<Self, Error> {
        let mut ids = Self::new()?;
        stored.each::<Error>(|item| {
            if filter.matches(&item)
                && let Some(id) = id_of(&item)
            {
                ids.push(&id)?;
            }
            Ok(())
        })?;
        Ok(ids)
    }

    fn push(&mut self, id: &str) -> std::io::Result<()> {
        let file = self.file.get_mut();
        // As JSON: an id may hold a line break.
        serde_json::to_writer(&mut *file, id)?;
        file.write_all(b"\n")?;
        self.count += 1;
        Ok(())
    }

    fn each(&self, take: &mut dyn FnMut(u64, String) -> Result<(), Error>) -> Result<(), Error> {
        let mut writer = self.file.borrow_mut();
        writer.flush()?;
        let mut file = writer.get_ref();
        file.rewind()?;
        let mut lines = BufReader::new(file);
        let mut line = String::new();
        let mut number = 0;
        while lines.read_line(&mut line)? > 0 {
            number += 1;
            take(number, serde_json::from_str(&line).map_err(std::io::Error::from)?)?;
            line.clear();
        }
        Ok(())
    }
}

/// A file whose column of ids says which items are meant.
pub struct IdFile<'a> {
    source: &'a Source,
    paths: &'a [PathBuf],
    /// Its rows, but for those whose id stood in an earlier one.
    count: u64,
}

impl<'a> IdFile<'a> {
    /// The ids of a source that has been surveyed and is read for its ids alone; `paths` are the files of its tables.
    pub fn new(source: &'a Source, paths: &'a [PathBuf]) -> Result<Self, Error> {
        let mut count = 0;
        source.read::<Error>(&mut |_, incoming| {
            count += u64::from(!matches!(incoming.reading, Reading::Skipped(_)));
            Ok(())
        })?;
        Ok(Self { source, paths, count })
    }
}

/// Which items are meant.
pub enum Which<'a> {
    /// Those of these ids; with conditions that they still have to meet, where that is how they were found.
    Ids(Ids, Option<&'a Filter>),
    /// Those of a file.
    File(IdFile<'a>),
}

/// The items that are to go.
pub struct Delete<'a> {
    /// Which they are.
    pub which: Which<'a>,
    /// Where ids that don't go through are written.
    pub rejects: Option<&'a Path>,
}

impl Supply for Delete<'_> {
    fn items(&self, take: &mut dyn FnMut(&str) -> Result<(), Error>) -> Result<(), Error> {
        match &self.which {
            Which::Ids(ids, _) => ids.each(&mut |_, id| if check_id(&id).is_ok() { take(&id) } else { Ok(()) }),
            Which::File(file) => {
                file.source
                    .read::<Error>(&mut |_, incoming| match incoming.reading.without_stored() {
                        Reading::Item(draft) => take(&draft.id),
                        Reading::Rejected(_) | Reading::Skipped(_) => Ok(()),
                    })
            }
        }
    }

    fn decide(&self, stored: &Lookup<'_>, take: &mut TakePart<'_>) -> Result<Pass, Error> {
        let mut each = Each::new(stored, take);
        match &self.which {
            Which::Ids(ids, filter) => ids.each(&mut |line, id| {
                let decision = match check_id(&id) {
                    Err(fault) => Err(vec![refused(&id, &fault.to_string())]),
                    Ok(()) => readable(&id, &mut each)?.map(|stored| decide(&id, stored, *filter)),
                };
                each.put(Origin { table: 0, line }, &id, decision)
            }),
            Which::File(file) => {
                file.source
                    .read::<Error>(&mut |_, incoming| match incoming.reading.without_stored() {
                        Reading::Item(draft) => {
                            let decision =
                                readable(&draft.id, &mut each)?.map(|stored| decide(&draft.id, stored, None));
                            each.put(incoming.origin, &draft.id, decision)
                        }
                        Reading::Rejected(reasons) => each.put(incoming.origin, "", Err(reasons)),
                        // The id has been asked for already, and counts once.
                        Reading::Skipped(_) => Ok(()),
                    })
            }
        }?;
        each.end()
    }

    fn rejects(&self, journal: &Journal) -> Result<Vec<PathBuf>, Error> {
        match &self.which {
            Which::Ids(..) => write_ids(journal, self.rejects.unwrap_or(Path::new(REJECTS))),
            Which::File(file) => {
                let wanted = self.rejects;
                Rejects {
                    wanted,
                    ..Rejects::default()
                }
                .write(file.source, file.paths, journal)
            }
        }
    }

    fn describe(&self) -> Description<'_> {
        match &self.which {
            Which::Ids(ids, condition) => Description {
                count: Some(ids.count),
                address: Box::new(|origin, _| Some(format!("id {}", origin.line))),
                condition: *condition,
                ..Description::default()
            },
            Which::File(file) => Description {
                count: Some(file.count),
                tables: file.source.tables.len(),
                address: Box::new(|origin, index| Some(file.source.address(origin, index))),
                ..Description::default()
            },
        }
    }
}

/// What is stored under an id; an item that can't be read is refused, since nothing would bring it back.
fn readable(id: &str, each: &mut Each<'_, '_>) -> Result<Result<Option<Object>, Vec<Rejection>>, Error> {
    if let Some(reason) = each.unreadable(id) {
        let why = format!("the item can't be read, so it is not deleted: {reason}");
        return Ok(Err(vec![refused(id, &why)]));
    }
    Ok(Ok(each.stored(id)?))
}

/// What is to become of one id, given what is stored under it.
fn decide(id: &str, stored: Option<Object>, filter: Option<&Filter>) -> Decision {
    match stored {
        // Gone already, which is what was wanted.
        None => Decision::Unchanged,
        // It doesn't meet the conditions any more.
        Some(item) if filter.is_some_and(|filter| !filter.matches(&item)) => Decision::Skipped,
        Some(item) => {
            let mut body = Object::new();
            body.insert(ITEM_ID.to_owned(), Value::String(id.to_owned()));
            Decision::Write(Change {
                action: Action::Delete,
                id: id.to_owned(),
                body,
                // The whole of it, so that it can be created again.
                before: Some(item),
            })
        }
    }
}

fn refused(id: &str, reason: &str) -> Rejection {
    Rejection {
        column: None,
        index: None,
        value: id.to_owned(),
        reason: format!("{reason} ({id:?})"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Object {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn what_is_there_is_deleted_with_all_of_it_kept_and_what_is_not_is_unchanged() {
        let stored = object(json!({"id": "A1", "item_id": "A1", "name": "x", "extra": {"a": 1}}));
        let Decision::Write(change) = decide("A1", Some(stored.clone()), None) else {
            panic!("not deleted")
        };
        assert_eq!((change.action, change.before), (Action::Delete, Some(stored.clone())));
        assert_eq!(Value::Object(change.body), json!({"item_id": "A1"}));
        assert_eq!(decide("A1", None, None), Decision::Unchanged);
        let filter = Filter::parse(&["name=y"]).unwrap();
        assert_eq!(decide("A1", Some(stored), Some(&filter)), Decision::Skipped);
    }

    #[test]
    fn ids_are_taken_once_each_in_their_order_and_survive_any_character() {
        let list = ["B", " A ", "", "B", "two\nlines"].map(str::to_owned);
        let ids = Ids::named(&list).unwrap();
        for _ in 0..2 {
            let mut all = Vec::new();
            ids.each(&mut |number, id| {
                all.push((number, id));
                Ok(())
            })
            .unwrap();
            assert_eq!(all, [(1, "B".into()), (2, "A".into()), (3, "two\nlines".into())]);
        }
        let Err(error) = Ids::named(&[" ".to_owned()]) else {
            panic!("a list of blanks names an id");
        };
        assert_eq!(error.to_string(), DeleteError::NoIds.to_string());
    }
}
