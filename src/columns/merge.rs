//! Several rows of one id → one item (`--duplicates merge`): a later cell wins unless it says nothing.
//!
//! Belongs here: keeping what earlier rows said. Doesn't: which rows belong together (`duplicates`).

use std::borrow::Cow;

use serde_json::Value;

use super::{Draft, DraftValue, FieldValue};

/// One field that an earlier row gave.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    field: String,
    value: FieldValue<'static>,
    json: Option<Value>,
    raw: Option<String>,
    index: Option<usize>,
}

impl Held {
    fn of(value: &DraftValue<'_>) -> Self {
        let mut json = None;
        let kept = match &value.value {
            FieldValue::Nothing => FieldValue::Nothing,
            FieldValue::Bool(value) => FieldValue::Bool(*value),
            FieldValue::Text(text) => FieldValue::Text(Cow::Owned(text.clone().into_owned())),
            FieldValue::Number(text) => FieldValue::Number(Cow::Owned(text.clone().into_owned())),
            FieldValue::Json(value) => {
                json = Some((*value).clone());
                FieldValue::Nothing
            }
        };
        Self {
            field: value.field.to_owned(),
            value: kept,
            json,
            raw: value.raw.as_deref().map(str::to_owned),
            index: value.index,
        }
    }

    fn says_nothing(&self) -> bool {
        self.value == FieldValue::Nothing && self.json.is_none()
    }

    fn view(&self) -> DraftValue<'_> {
        DraftValue {
            field: &self.field,
            value: self.json.as_ref().map_or_else(|| self.value.clone(), FieldValue::Json),
            raw: self.raw.as_deref().map(Cow::Borrowed),
            index: self.index,
            misfit: None,
        }
    }
}

/// Adds what a row says to what earlier rows of its id have said.
pub(crate) fn hold(held: &mut Vec<Held>, draft: &Draft<'_>) {
    for value in &draft.values {
        let new = Held::of(value);
        match held.iter_mut().find(|earlier| earlier.field == value.field) {
            Some(earlier) if !new.says_nothing() => *earlier = new,
            Some(_) => {}
            None => held.push(new),
        }
    }
}

/// The last row of an id, with what earlier rows said where it says nothing.
pub(crate) fn merge<'a>(held: &'a [Held], mut draft: Draft<'a>) -> Draft<'a> {
    for earlier in held {
        match draft.values.iter_mut().find(|value| value.field == earlier.field) {
            Some(value) if value.value == FieldValue::Nothing && !earlier.says_nothing() => *value = earlier.view(),
            Some(_) => {}
            None => draft.values.push(earlier.view()),
        }
    }
    draft
}
