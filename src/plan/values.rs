//! The values of one item that is to be written, as they are decided on one after the other.
//!
//! Doesn't belong here: what is decided on them (`plan`), what a cell means (`columns`).

use std::borrow::Cow;
use std::convert::Infallible;

use crate::columns::{Draft, FieldValue, NeedsDraft, Straight};

/// The values of one item: those of a draft, or those of a row, which are read only now.
pub(super) trait Values {
    /// Why a value is refused, and with it the item.
    type Refusal;
    /// The item's id.
    fn id(&self) -> &str;
    /// The fields of the values, in their order.
    fn fields(&self) -> impl Iterator<Item = &str>;
    /// Gives `take` the value of this place; `None` if there is none.
    fn value<T>(&self, at: usize, take: impl FnOnce(&FieldValue<'_>) -> T) -> Result<Option<T>, Self::Refusal>;
    /// The own text of that value's cell, where it may be how an export shows what is stored (`DraftValue::raw`).
    fn own_text<'v>(&'v self, at: usize, value: &FieldValue<'_>) -> Option<Cow<'v, str>>;
}

impl Values for Draft<'_> {
    type Refusal = Infallible;

    fn id(&self) -> &str {
        &self.id
    }

    fn fields(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(|value| value.field)
    }

    fn value<T>(&self, at: usize, take: impl FnOnce(&FieldValue<'_>) -> T) -> Result<Option<T>, Infallible> {
        Ok(self.values.get(at).map(|value| take(&value.value)))
    }

    fn own_text<'v>(&'v self, at: usize, _: &FieldValue<'_>) -> Option<Cow<'v, str>> {
        self.values.get(at)?.raw.as_deref().map(Cow::Borrowed)
    }
}

impl Values for Straight<'_> {
    type Refusal = NeedsDraft;

    fn id(&self) -> &str {
        self.id()
    }

    fn fields(&self) -> impl Iterator<Item = &str> {
        self.fields()
    }

    fn value<T>(&self, at: usize, take: impl FnOnce(&FieldValue<'_>) -> T) -> Result<Option<T>, NeedsDraft> {
        self.with_value(at, take)
    }

    fn own_text<'v>(&'v self, at: usize, value: &FieldValue<'_>) -> Option<Cow<'v, str>> {
        self.own_text(at, value)
    }
}
