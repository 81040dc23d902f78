//! Items against an inventory: what to create, what to change, what to leave. Pure: no I/O, nothing is sent.
//!
//! The rules are the design's: a new item is posted with the fields that are known and no others; a stored
//! item with the fields that differ; a blank cell does what the policy says, and only for cells that the file has.
//!
//! Doesn't belong here: where items come from (`transfer`), plans that people read (`review`).

mod left;
mod part;
mod values;

use crate::columns::{Draft, DraftValue, FieldValue, Origin, Rejection, Straight, same, shows};
use crate::item::text::{Item, StoredValue, first_special};
use crate::item::{FIELDS, ITEM_ID, Object, field_named};
use values::Values;

pub use left::{changed_since, changed_since_the_plan, left, shown};
pub use part::{ChangeText, FIRST_SKIPPED, IdList, PlanPart, Refused, Skip};

/// What a cell that says nothing does to the stored value. (`reject` is decided while reading.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Blanks {
    /// The stored value stays.
    #[default]
    Keep,
    /// Null is posted.
    Clear,
}

/// Which rows may be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// New items are created, stored ones are updated.
    #[default]
    Upsert,
    /// New items only; rows of stored items are skipped.
    Create,
    /// Stored items only; rows of new items are skipped.
    Update,
}

/// How a plan is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policy {
    /// What blank cells do.
    pub blanks: Blanks,
    /// Which rows may be written.
    pub mode: Mode,
    /// Whether a new item gets nulls for the fields that are not known (as the vendor's documentation posts them).
    pub complete: bool,
}

/// What is done to one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The organization has no such item.
    Create,
    /// The organization has it, with other values.
    Update,
    /// It is taken away.
    Delete,
}

impl Action {
    /// Its name for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// A write that the plan asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What is done.
    pub action: Action,
    /// The item.
    pub id: String,
    /// What is posted, `item_id` included.
    pub body: Object,
    /// The stored values of the posted fields (a field that is not stored is absent); none for a new item.
    pub before: Option<Object>,
}

/// How many items a run may delete that were not named one by one, or how many rows it may reject.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MaxShare {
    /// So many.
    Items(u64),
    /// Such a share (0 to 1) of what the organization holds, or of the rows.
    Share(f64),
}

impl MaxShare {
    /// Whether it allows so many of all.
    #[must_use]
    pub fn allows(self, count: u64, all: u64) -> bool {
        match self {
            Self::Items(most) => count <= most,
            Self::Share(most) => count as f64 <= most * all as f64,
        }
    }
}

/// What is decided on an item whose values are trees.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Write it.
    Write(Change),
    /// All that is wanted is stored already.
    Unchanged,
    /// Left out on request.
    Skipped,
}

/// Where the fields of one draft stand: drafts of one table, and stored items, often have their fields in one order.
#[derive(Debug, Default)]
struct Places {
    /// The fields of the draft's values.
    fields: Vec<String>,
    /// The draft's values in the byte order of their fields; of one field's values the later one last.
    order: Vec<Place>,
    /// The places in the stored item of the fields that are posted.
    posted: Vec<usize>,
}

/// A field of a draft.
#[derive(Debug)]
struct Place {
    /// The value's place in the draft.
    at: usize,
    /// The field as a key of an object: `"name":`.
    key: String,
    /// Whether the key stands behind that of the id.
    is_behind_id: bool,
    /// Whether it is one of the API's fields.
    is_known: bool,
    /// How many further values the draft has for the same field.
    further: usize,
    /// The field's place in the stored item.
    stored: usize,
}

impl Places {
    fn fit(&mut self, values: &impl Values) {
        self.posted.clear();
        if self.fields.iter().map(String::as_str).eq(values.fields()) {
            return;
        }
        self.fields = values.fields().map(str::to_owned).collect();
        let mut order: Vec<(usize, &str)> = values.fields().enumerate().collect();
        order.sort_by_key(|(at, field)| (*field, *at));
        let place = |(number, (at, field)): (usize, &(usize, &str))| {
            let mut key = String::new();
            put_text(&mut key, field);
            key.push(':');
            let rest = order.iter().skip(number + 1);
            Place {
                at: *at,
                key,
                is_behind_id: *field > ITEM_ID,
                is_known: field_named(field).is_some(),
                further: rest.take_while(|(_, other)| other == field).count(),
                stored: 0,
            }
        };
        self.order = order.iter().enumerate().map(place).collect();
    }
}

/// Decides what to do with one item, given what the organization holds under its id, and adds it to `part`.
pub fn decide(origin: Origin, draft: &Draft<'_>, stored: Option<&Item<'_, '_>>, policy: &Policy, part: &mut PlanPart) {
    let misfits = misfits(draft, stored);
    if !misfits.is_empty() {
        part.refuse(origin, draft.id.clone().into_owned(), misfits);
        return;
    }
    let whole = (policy.complete && stored.is_none()).then(|| completed(draft));
    let Ok(()) = decide_on(origin, whole.as_ref().unwrap_or(draft), stored, policy, part);
}

/// Why an item is refused: it may be none and isn't stored, or a value isn't of its field's kind and isn't what is stored.
fn misfits(draft: &Draft<'_>, stored: Option<&Item<'_, '_>>) -> Vec<Rejection> {
    let mut place = 0;
    let is_refused = |(at, value): (usize, &DraftValue<'_>)| {
        let found = stored.and_then(|item| find(item, value.field, &mut place));
        let old = found.map(|(_, old)| old);
        let is_kept = is_stored(draft, (at, value.field), &value.value, old);
        value.misfit.as_deref().filter(|_| !is_kept).cloned()
    };
    let misfits = draft
        .values
        .iter()
        .enumerate()
        .filter(|(_, value)| value.misfit.is_some());
    let suspect = draft.suspect.as_deref().filter(|_| stored.is_none()).cloned();
    suspect.into_iter().chain(misfits.filter_map(is_refused)).collect()
}

/// The same on a row whose values are read only now. Returns false, and adds nothing, if that takes a draft of it.
#[must_use]
pub fn decide_straight(
    row: &Straight<'_>,
    stored: Option<&Item<'_, '_>>,
    policy: &Policy,
    part: &mut PlanPart,
) -> bool {
    let (table, line) = (row.table(), row.line());
    !policy.complete && decide_on(Origin { table, line }, row, stored, policy, part).is_ok()
}

fn decide_on<V: Values>(
    origin: Origin,
    values: &V,
    stored: Option<&Item<'_, '_>>,
    policy: &Policy,
    part: &mut PlanPart,
) -> Result<(), V::Refusal> {
    match (stored, policy.mode) {
        (Some(_), Mode::Create) | (None, Mode::Update) => {
            // A row with a value that is refused is rejected, whatever the mode skips.
            (0..values.fields().count()).try_for_each(|at| values.value(at, |_| ()).map(drop))?;
            let reason = if stored.is_some() {
                "it is stored already (--mode create)"
            } else {
                "it is not stored (--mode update)"
            };
            part.skip_because(origin, (values.id(), values.id()), || reason.to_owned());
            Ok(())
        }
        _ => write(origin, values, stored, policy, part),
    }
}

/// The draft with a blank value for each of the API's fields that it lacks: a complete new item.
fn completed<'a>(draft: &Draft<'a>) -> Draft<'a> {
    let is_given = |name| draft.values.iter().any(|value| value.field == name);
    let missing = FIELDS.iter().skip(1).filter(|field| !is_given(field.name));
    let blank = |field| DraftValue {
        field,
        value: FieldValue::Nothing,
        raw: None,
        index: None,
        misfit: None,
    };
    let mut draft = draft.clone();
    draft.values.extend(missing.map(|field| blank(field.name)));
    draft
}

/// Adds the create or update: the values that are known, or those that differ from what is stored.
fn write<V: Values>(
    origin: Origin,
    values: &V,
    stored: Option<&Item<'_, '_>>,
    policy: &Policy,
    part: &mut PlanPart,
) -> Result<(), V::Refusal> {
    let mut places = std::mem::take(&mut part.places);
    places.fit(values);
    let action = if stored.is_some() {
        Action::Update
    } else {
        Action::Create
    };
    let is_wanted = |place: &Place, value: &FieldValue<'_>| {
        *value != FieldValue::Nothing
            || policy.blanks == Blanks::Clear
            // A complete new item has a null for each of the API's fields that is blank.
            || (policy.complete && stored.is_none() && place.is_known)
    };
    let id = values.id();
    let is_written = part.change(origin, action, id, |text| {
        let begin = text.len();
        let mut is_identified = false;
        let mut order = places.order.as_mut_slice();
        while let Some((place, rest)) = order.split_first_mut() {
            order = rest;
            let field = places.fields.get(place.at).map_or("", String::as_str);
            // Of several values for one field the last one counts.
            let mut later = order.iter().take(place.further);
            let is_later =
                |later: &Place| matches!(values.value(later.at, |value| is_wanted(later, value)), Ok(Some(true)));
            if later.any(is_later) {
                continue;
            }
            values.value(place.at, |value| {
                if !is_wanted(place, value) {
                    return;
                }
                if let Some(item) = stored {
                    let found = find(item, field, &mut place.stored);
                    if is_stored(values, (place.at, field), value, found.map(|(_, old)| old)) {
                        return;
                    }
                    places.posted.extend(found.map(|(place, _)| place));
                }
                if !is_identified && place.is_behind_id {
                    is_identified = true;
                    put_text_field(text, begin, ITEM_ID, id);
                }
                text.push(if text.len() == begin { '{' } else { ',' });
                text.push_str(&place.key);
                put_value(text, value);
            })?;
        }
        if stored.is_some() && text.len() == begin {
            return Ok(false);
        }
        if !is_identified {
            put_text_field(text, begin, ITEM_ID, id);
        }
        text.push('}');
        Ok(true)
    });
    if let (Ok(true), Some(item)) = (&is_written, stored) {
        part.add_before(|text| {
            let begin = text.len();
            for (name, value) in places.posted.iter().filter_map(|place| item.fields.get(*place)) {
                put_name(text, begin, name);
                put_stored(text, value);
            }
            text.push_str(if text.len() == begin { "{}" } else { "}" });
        });
    }
    part.places = places;
    is_written.map(drop)
}

/// A field of the stored item and its place; `place` is where it stood in the item before.
fn find<'i, 'a>(item: &Item<'i, 'a>, name: &str, place: &mut usize) -> Option<(usize, &'i StoredValue<'a>)> {
    if item.fields.get(*place).is_none_or(|(own, _)| own != name) {
        *place = item.fields.iter().position(|(own, _)| own == name)?;
    }
    item.fields.get(*place).map(|(_, value)| (*place, value))
}

/// Whether the file's value is what is stored: by value, or because the cell's own text is what an export writes for
/// the stored value (`true`, `07/08/2021`), so that importing an export changes nothing.
fn is_stored(
    values: &impl Values,
    (at, field): (usize, &str),
    value: &FieldValue<'_>,
    old: Option<&StoredValue<'_>>,
) -> bool {
    let raw = values.own_text(at, value);
    let is_equal = match (value, old) {
        (FieldValue::Nothing, None | Some(StoredValue::Null)) => true,
        (FieldValue::Text(new), Some(StoredValue::Text(old))) if new == old => true,
        (FieldValue::Number(new), Some(StoredValue::Number(old))) => new == old,
        // An export's text of a text is that text, except where it is blank.
        (_, Some(StoredValue::Text(old))) => {
            raw.as_ref().is_some_and(|raw| raw == old) && !old.is_empty() && old != "None"
        }
        _ => false,
    };
    if is_equal {
        return true;
    }
    let old = old.map(StoredValue::to_value);
    same(field, Some(&value.to_json()), old.as_ref())
        || matches!((&raw, &old), (Some(raw), Some(old)) if shows(raw, old))
}

/// Adds a field's name to an object that begins here.
fn put_name(text: &mut String, begin: usize, name: &str) {
    text.push(if text.len() == begin { '{' } else { ',' });
    put_text(text, name);
    text.push(':');
}

fn put_text_field(text: &mut String, begin: usize, name: &str, value: &str) {
    put_name(text, begin, name);
    put_text(text, value);
}

fn put_value(text: &mut String, value: &FieldValue<'_>) {
    match value {
        FieldValue::Nothing => text.push_str("null"),
        FieldValue::Bool(true) => text.push_str("true"),
        FieldValue::Bool(false) => text.push_str("false"),
        FieldValue::Text(value) => put_text(text, value),
        FieldValue::Number(digits) if is_plain_number(digits) => text.push_str(digits),
        FieldValue::Number(_) | FieldValue::Json(_) => text.push_str(&value.to_json().to_string()),
    }
}

fn put_stored(text: &mut String, value: &StoredValue<'_>) {
    match value {
        StoredValue::Text(value) => put_text(text, value),
        StoredValue::Number(digits) => text.push_str(digits),
        other => text.push_str(&other.to_value().to_string()),
    }
}

/// A text in quotes, with escapes where it needs them.
fn put_text(text: &mut String, value: &str) {
    if first_special(value.as_bytes(), 0).is_some() {
        // Text can't fail to be written.
        text.push_str(&serde_json::to_string(value).unwrap_or_default());
        return;
    }
    text.reserve(value.len() + 2);
    text.push('"');
    text.push_str(value);
    text.push('"');
}

/// Whether these are digits, at most a sign before and a point between them, as JSON writes a number.
fn is_plain_number(digits: &str) -> bool {
    let unsigned = digits.strip_prefix('-').unwrap_or(digits);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let all = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    all(whole) && all(fraction) && (whole.len() == 1 || !whole.starts_with('0'))
}

#[cfg(test)]
mod tests;
