//! Plans as text: what [`decide`] decides, for the many items that need no tree of values to decide on.
//!
//! A new item's body is written as it is read, and a stored item that holds just what the file says is recognized in its
//! text. Everything else is decided on trees. Properties hold each to `decide`.
//!
//! Doesn't belong here: any rule of its own (`plan`).

use std::borrow::Cow;

use super::{Action, Blanks, Change, Decision, Mode, Policy, decide};
use crate::columns::{Draft, DraftValue, FieldValue, Origin, Rejection};
use crate::item::text::{Item, StoredValue};
use crate::item::{FIELDS, ITEM_ID};
use crate::sheet::write::Buffer;

/// A change as the journal keeps it. Its texts are UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangeText<'a> {
    /// Where the item stands.
    pub origin: Origin,
    /// What is done.
    pub action: Action,
    /// The item.
    pub id: &'a [u8],
    /// What is posted: a JSON object, its fields in byte order.
    pub body: &'a [u8],
    /// The stored values of the posted fields; none for a new item.
    pub before: Option<&'a [u8]>,
}

/// Where a change's texts stand among those of its part: each behind the one before it.
#[derive(Debug)]
struct Placed {
    origin: Origin,
    action: Action,
    begin: usize,
    id_end: usize,
    body_end: usize,
    before_end: Option<usize>,
}

/// What the plan makes of some items that stand one after the other.
#[derive(Debug, Default)]
pub struct PlanPart {
    /// How many rows there were.
    pub rows: u64,
    /// How many need nothing.
    pub unchanged: u64,
    /// How many are left out on request.
    pub skipped: u64,
    /// What is refused, and why.
    pub rejects: Vec<(Origin, Rejection)>,
    /// What is to be written.
    changes: Vec<Placed>,
    /// The changes' texts, in one piece: made on one thread and dropped on another, they would each cost both.
    text: Buffer,
    /// Where the fields of the last stored item stood.
    pub(super) places: Vec<usize>,
}

impl PlanPart {
    /// What is to be written.
    pub fn changes(&self) -> impl Iterator<Item = ChangeText<'_>> {
        let text = |begin, end| self.text.as_slice().get(begin..end).unwrap_or_default();
        self.changes.iter().map(move |change| ChangeText {
            origin: change.origin,
            action: change.action,
            id: text(change.begin, change.id_end),
            body: text(change.id_end, change.body_end),
            before: change.before_end.map(|end| text(change.body_end, end)),
        })
    }

    /// Adds a change whose body `write` adds to a text, which says whether it has done so. Nothing is added where not, nor
    /// where what was written is no text.
    pub(super) fn change<E>(
        &mut self,
        origin: Origin,
        action: Action,
        id: &str,
        write: impl FnOnce(&mut Buffer) -> Result<bool, E>,
    ) -> Result<bool, E> {
        let begin = self.text.len();
        self.text.extend_from_slice(id.as_bytes());
        let id_end = self.text.len();
        let written = write(&mut self.text);
        let body = self.text.as_slice().get(id_end..).unwrap_or_default();
        if !matches!(written, Ok(true)) || simdutf8::basic::from_utf8(body).is_err() {
            self.text.truncate(begin);
            return written.map(|_| false);
        }
        self.changes.push(Placed {
            origin,
            action,
            begin,
            id_end,
            body_end: self.text.len(),
            before_end: None,
        });
        Ok(true)
    }

    /// Adds a change that was decided on trees.
    fn change_of(&mut self, origin: Origin, change: &Change) {
        let begin = self.text.len();
        // A map of JSON values has text keys and finite numbers only, so that writing it can't fail.
        let mut add = |text: &[u8]| {
            self.text.extend_from_slice(text);
            self.text.len()
        };
        let id_end = add(change.id.as_bytes());
        let mut add_object = |object| add(&serde_json::to_vec(object).unwrap_or_default());
        let body_end = add_object(&change.body);
        let before_end = change.before.as_ref().map(add_object);
        self.changes.push(Placed {
            origin,
            action: change.action,
            begin,
            id_end,
            body_end,
            before_end,
        });
    }

    /// Decides on one item, given its stored text.
    pub fn decide(&mut self, origin: Origin, draft: &Draft<'_>, stored: Option<&Item<'_, '_>>, policy: &Policy) {
        self.rows += 1;
        if let (None, Mode::Upsert | Mode::Create) = (stored, policy.mode)
            && let Ok(true) = self.change(origin, Action::Create, &draft.id, |out| {
                out.append(|out| body(draft, policy, out)).map(|()| true).ok_or(())
            })
        {
            return;
        }
        if let (Some(stored), Mode::Upsert | Mode::Update) = (stored, policy.mode)
            && is_plainly_stored(draft, stored, policy)
        {
            self.unchanged += 1;
            return;
        }
        match decide(draft, stored.map(Item::to_object).as_ref(), policy) {
            Decision::Unchanged => self.unchanged += 1,
            Decision::Skipped(_) => self.skipped += 1,
            Decision::Write(change) => self.change_of(origin, &change),
        }
    }
}

/// Writes a new item's body; none where that takes a tree.
fn body(draft: &Draft<'_>, policy: &Policy, body: &mut Vec<u8>) -> Option<()> {
    let id = FieldValue::Text(Cow::Borrowed(&draft.id));
    let mut fields: Vec<(&str, &FieldValue<'_>)> = Vec::with_capacity(draft.values.len() + 1);
    fields.push((ITEM_ID, &id));
    if policy.complete {
        fields.extend(FIELDS.iter().skip(1).map(|field| (field.name, &FieldValue::Nothing)));
    }
    let wanted = |value: &&DraftValue<'_>| value.value != FieldValue::Nothing || policy.blanks == Blanks::Clear;
    fields.extend(
        draft
            .values
            .iter()
            .filter(wanted)
            .map(|value| (value.field, &value.value)),
    );
    // In the order of a map's keys; of two values the later counts.
    fields.sort_by_key(|(name, _)| *name);
    let mut fields = fields.into_iter().peekable();
    let mut mark = b'{';
    while let Some((name, value)) = fields.next() {
        if fields.peek().is_some_and(|(next, _)| *next == name) {
            continue;
        }
        body.push(std::mem::replace(&mut mark, b','));
        text(body, name)?;
        body.push(b':');
        match value {
            FieldValue::Nothing => body.extend_from_slice(b"null"),
            FieldValue::Bool(true) => body.extend_from_slice(b"true"),
            FieldValue::Bool(false) => body.extend_from_slice(b"false"),
            FieldValue::Text(value) => text(body, value)?,
            FieldValue::Number(digits) if is_plain_number(digits) => body.extend_from_slice(digits.as_bytes()),
            FieldValue::Number(_) | FieldValue::Json(_) => serde_json::to_writer(&mut *body, &value.to_json()).ok()?,
        }
    }
    body.push(b'}');
    Some(())
}

/// A text in quotes, with escapes where it needs them.
fn text(out: &mut Vec<u8>, text: &str) -> Option<()> {
    if text.bytes().any(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)) {
        return serde_json::to_writer(out, text).ok();
    }
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
    Some(())
}

/// Whether these are digits, at most a sign before and a point between them, as JSON writes a number.
pub(super) fn is_plain_number(digits: &str) -> bool {
    let unsigned = digits.strip_prefix('-').unwrap_or(digits);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let all = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    all(whole) && all(fraction) && (whole.len() == 1 || !whole.starts_with('0'))
}

/// Whether the stored item holds what the file says, to the letter; `decide` knows more ways of being the same.
fn is_plainly_stored(draft: &Draft<'_>, stored: &Item<'_, '_>, policy: &Policy) -> bool {
    let mut at = 0;
    draft.values.iter().all(|value| {
        if value.value == FieldValue::Nothing && policy.blanks == Blanks::Keep {
            return true;
        }
        // Files and items often have their fields in one order, with gaps.
        let place = place_of(stored, value.field, at);
        at = place.map_or(at, |place| place + 1);
        let old = place.and_then(|place| stored.fields.get(place)).map(|(_, old)| old);
        is_plainly_the_same(&value.value, value.raw.as_deref(), old)
    })
}

/// Whether a stored value is what a cell says, to the letter; `raw` is the cell's own text, where it has one.
pub(super) fn is_plainly_the_same(new: &FieldValue<'_>, raw: Option<&str>, old: Option<&StoredValue<'_>>) -> bool {
    match (new, old) {
        (FieldValue::Nothing, None | Some(StoredValue::Null)) => true,
        (FieldValue::Text(new), Some(StoredValue::Text(old))) if new == old => true,
        (FieldValue::Number(new), Some(StoredValue::Number(old))) if new == old => true,
        (FieldValue::Bool(new), Some(StoredValue::Bool(old))) => new == old,
        (_, Some(StoredValue::Text(old))) => is_shown(raw, old),
        _ => false,
    }
}

/// Whether the cell's own text is what an export shows of a stored text.
pub(super) fn is_shown(raw: Option<&str>, old: &str) -> bool {
    raw.is_some_and(|raw| !raw.is_empty() && raw != "None" && raw == old)
}

/// Where a field stands, looked for from `from` on and then before it.
pub(super) fn place_of(item: &Item<'_, '_>, name: &str, from: usize) -> Option<usize> {
    let find = |(place, (own, _)): (usize, &crate::item::text::StoredField<'_>)| (own == name).then_some(place);
    let mut fields = item.fields.iter().enumerate();
    fields
        .clone()
        .skip(from)
        .find_map(find)
        .or_else(|| fields.by_ref().take(from).find_map(find))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::item::Object;
    use crate::item::text::ItemParser;

    const ORIGIN: Origin = Origin { table: 0, line: 7 };

    fn value() -> impl Strategy<Value = (&'static str, FieldValue<'static>, Option<Cow<'static, str>>)> {
        let names = [
            "name",
            "quantity",
            "status",
            "approved_at",
            "dose",
            "\"own\n",
            "item_idx",
        ];
        let texts = [
            "",
            "None",
            "Kush",
            "é\"\\",
            "07/08/2021",
            "2021-07-08",
            "1,234.50",
            "12",
            "true",
        ];
        let digits = ["12", "-0.50", "1234.50", "0", "1e5", "10E-2", "-0", "00"];
        let value = prop_oneof![
            Just(FieldValue::Nothing),
            prop::sample::select(texts.to_vec()).prop_map(|text| FieldValue::Text(text.into())),
            prop::sample::select(digits.to_vec()).prop_map(|text| FieldValue::Number(text.into())),
            any::<bool>().prop_map(FieldValue::Bool),
        ];
        let raw = prop::option::of(prop::sample::select(texts.to_vec()).prop_map(Cow::Borrowed));
        (prop::sample::select(names.to_vec()), value, raw)
    }

    fn stored() -> impl Strategy<Value = Object> {
        let values = [
            json!(null),
            json!(""),
            json!("None"),
            json!("Kush"),
            json!("07/08/2021"),
            json!("1,234.50"),
            json!(12),
            json!(12.0),
            json!("12"),
            json!(true),
            json!([1]),
            json!({"a": 1}),
            json!(1e5),
            json!("é\"\\"),
            json!(-0.5),
        ];
        let names = "name|quantity|status|approved_at|dose|other";
        prop::collection::btree_map(names, prop::sample::select(values.to_vec()), 0..6)
            .prop_map(|map| map.into_iter().collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn what_is_decided_on_text_is_what_is_decided_on_trees(
            values in prop::collection::vec(value(), 0..6), stored in prop::option::of(stored()), alike in any::<bool>(),
            clear in any::<bool>(), complete in any::<bool>(), mode in prop::sample::select(vec![Mode::Upsert, Mode::Create, Mode::Update]),
        ) {
            let values = values.into_iter().map(|(field, value, raw)| DraftValue { field, value, raw, index: None });
            let draft = Draft { id: "A \"1\"".into(), values: values.collect() };
            let policy = Policy { blanks: if clear { Blanks::Clear } else { Blanks::Keep }, mode, complete };
            // Half of the time what is stored is what the file says.
            let stored = stored.map(|stored| if alike {
                draft.values.iter().map(|value| (value.field.to_owned(), value.value.to_json())).collect()
            } else {
                stored
            });
            let text = stored.as_ref().map(|stored| serde_json::to_string(stored).unwrap());
            let mut parser = text.as_deref().map(ItemParser::new);
            let item = parser.as_mut().map(|parser| parser.item().unwrap());
            let mut part = PlanPart::default();
            part.decide(ORIGIN, &draft, item.as_ref(), &policy);
            let counts = (part.unchanged, part.skipped, part.changes.len());
            match decide(&draft, stored.as_ref(), &policy) {
                Decision::Unchanged => prop_assert_eq!(counts, (1, 0, 0)),
                Decision::Skipped(_) => prop_assert_eq!(counts, (0, 1, 0)),
                Decision::Write(change) => {
                    prop_assert_eq!(counts, (0, 0, 1));
                    let text = |object: Object| Value::Object(object).to_string();
                    let (body, before) = (text(change.body), change.before.map(text));
                    prop_assert_eq!(part.changes().next(), Some(ChangeText {
                        origin: ORIGIN, action: change.action, id: change.id.as_bytes(), body: body.as_bytes(),
                        before: before.as_deref().map(str::as_bytes),
                    }));
                }
            }
        }
    }
}
