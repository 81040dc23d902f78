//! Tables that are exports of this program: their headers are the API's own names, to the letter.
//!
//! Doesn't belong here: what other headers mean (`matching`).

use super::{ColumnError, Purpose, Work};
use crate::item::{FIELDS, Field};

impl Work<'_> {
    /// Whether a header is a field's name to the letter, or its title where no other header is the name.
    pub(super) fn spells(&self, header: &str, field: &Field) -> bool {
        let is_name = |header: &str| header.trim() == field.name;
        is_name(header) || header.trim() == field.title && !self.columns.iter().any(|column| is_name(&column.header))
    }

    /// Whether the table is an export, which has all of the API's fields: other spellings of their names are fields of the
    /// organization's own.
    pub(super) fn is_own_export(&self) -> bool {
        let spells = |field: &Field| self.columns.iter().any(|column| self.spells(&column.header, field));
        FIELDS.iter().all(spells)
    }

    pub(super) fn refuse_repeated(&self) -> Result<(), ColumnError> {
        let is_own_export = self.is_own_export();
        for (at, column) in self.columns.iter().enumerate() {
            let name = column.header.trim();
            if is_own_export && !FIELDS.iter().any(|field| self.spells(name, field)) {
                continue;
            }
            let again = self
                .columns
                .iter()
                .enumerate()
                .skip(at + 1)
                .find(|(_, other)| other.header.trim() == name);
            if let Some((second, _)) = again
                && !self.rule(at).is_some_and(|rule| rule.purpose == Purpose::Ignore)
            {
                return Err(ColumnError::Repeated {
                    file: self.table.file.clone(),
                    first: self.place(at),
                    second: self.place(second),
                });
            }
        }
        Ok(())
    }
}
