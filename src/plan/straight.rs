//! Plans made straight from rows: most rows of a file are new items, or items that are stored as the file has them, and
//! either can be told without reading the whole row into a draft first.
//!
//! Whatever takes more than that is left to [`PlanPart::decide`], and a property holds the two to the same plan.
//!
//! Doesn't belong here: any rule of its own (`plan`), what a row says (`columns`).

use super::text::{PlanPart, is_plain_number, is_plainly_the_same, is_shown, place_of};
use super::{Action, Blanks, Mode, Policy};
use crate::columns::{FieldValue, Slots, Source, Straight};
use crate::item::text::{Item, StoredValue};
use crate::item::{FIELDS, ITEM_ID, field_named};
use crate::sheet::Cell;
use crate::sheet::write::{ObjectEncoder, WriteError, object_encoder};

/// How the rows of a source become plans.
pub struct Straightway {
    policy: Policy,
    /// Makes the bodies that are posted, their fields in byte order.
    encoder: ObjectEncoder,
    /// For each table, what its rows give; none where two of its columns give one field.
    tables: Vec<Option<Given>>,
}

/// What a table's rows give.
struct Given {
    /// The fields, in the rows' order.
    fields: Vec<String>,
    /// What the rows put where in a body.
    slots: Slots,
}

impl Straightway {
    /// The way for these tables.
    pub fn new(source: &Source, policy: &Policy) -> Result<Self, WriteError> {
        let mut fields = source.fields();
        fields.push(ITEM_ID);
        if policy.complete {
            fields.extend(FIELDS.iter().map(|field| field.name));
        }
        fields.sort_unstable();
        fields.dedup();
        let slot = |name: &str| fields.binary_search(&name).unwrap_or_default();
        // A new item has each field that the policy wants of it, even where the file says nothing.
        let is_always = |name: &&str| policy.complete && field_named(name).is_some();
        let given = |table| {
            let given: Vec<String> = source.fields_of(table).map(str::to_owned).collect();
            let values = given.iter().map(|field| slot(field)).zip(0..);
            let skips_nothing = policy.blanks == Blanks::Keep;
            let slots = source.slots(fields.iter().map(is_always), slot(ITEM_ID), values, skips_nothing)?;
            Some(Given { fields: given, slots })
        };
        Ok(Self {
            policy: *policy,
            encoder: object_encoder(&fields)?,
            tables: (0..source.tables.len()).map(given).collect(),
        })
    }

    /// Decides on a row, given its stored text; false if that takes a draft, and nothing is decided.
    pub fn decide(
        &self,
        row: &Straight<'_>,
        stored: Option<&Item<'_, '_>>,
        part: &mut PlanPart,
    ) -> Result<bool, WriteError> {
        let Some(Some(given)) = self.tables.get(row.table()) else {
            return Ok(false);
        };
        match (stored, self.policy.mode) {
            (None, Mode::Upsert | Mode::Create) => self.create(row, given, part),
            (Some(stored), Mode::Upsert | Mode::Update) if self.is_stored(row, given, stored, &mut part.places) => {
                part.rows += 1;
                part.unchanged += 1;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn create(&self, row: &Straight<'_>, given: &Given, part: &mut PlanPart) -> Result<bool, WriteError> {
        let wanted = |value: &FieldValue<'_>| match value {
            FieldValue::Number(digits) => is_plain_number(digits),
            FieldValue::Json(_) => false,
            FieldValue::Nothing | FieldValue::Text(_) | FieldValue::Bool(_) => true,
        };
        let taken = part.change(row.origin(), Action::Create, row.id(), |body| {
            row.write_object(&given.slots, wanted, &self.encoder, body)
        })?;
        part.rows += u64::from(taken);
        Ok(taken)
    }

    /// Whether the stored item holds what the row says, to the letter. `places` is where the fields stood in the item
    /// before: items often have theirs in one order.
    fn is_stored(&self, row: &Straight<'_>, given: &Given, stored: &Item<'_, '_>, places: &mut Vec<usize>) -> bool {
        places.resize(given.fields.len(), 0);
        let mut fields = given.fields.iter().zip(places).enumerate();
        fields.all(|(place, (field, at))| {
            let plain = row.plain(place);
            if plain == Some(Cell::Empty) && self.policy.blanks == Blanks::Keep {
                return true;
            }
            let before = stored.fields.get(*at).filter(|(name, _)| name == field);
            let old = before.or_else(|| {
                let found = place_of(stored, field, 0)?;
                *at = found;
                stored.fields.get(found)
            });
            let old = old.map(|(_, old)| old);
            match plain {
                Some(Cell::Text(new)) => matches!(old, Some(StoredValue::Text(old)) if old == new),
                Some(Cell::Digits(new)) => match old {
                    Some(StoredValue::Number(old)) => *old == new,
                    Some(StoredValue::Text(old)) => is_shown(row.own_text(place), old),
                    _ => false,
                },
                Some(Cell::Empty) => is_plainly_the_same(&FieldValue::Nothing, row.own_text(place), old),
                Some(_) => false,
                None => match row.value(place) {
                    Ok(None) => true,
                    Ok(Some(FieldValue::Nothing)) if self.policy.blanks == Blanks::Keep => true,
                    Ok(Some(value)) => is_plainly_the_same(&value, row.own_text(place), old),
                    Err(_) => false,
                },
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use proptest::prelude::*;

    use super::*;
    use crate::columns::{ColumnOptions, Origin, Reading, Rejection};
    use crate::error::Error;
    use crate::item::text::ItemParser;
    use crate::sheet::Table;

    const NAMES: [&str; 6] = ["quantity", "name", "item_id", "moved_at", "approved", "status"];
    const CELLS: [&[&str]; 6] = [
        &[
            "", "None", "12", "1.5", "1,5", "1.234,50", "-0.50", "007", "1e3", "some", "1E400", "-", " 5 ",
        ],
        &[
            "",
            "n/a",
            "Kush",
            "é\"\\",
            "line\nbreak",
            "'=1",
            "#REF!",
            "12",
            "Kush ",
            "=\"007\"",
            "TOTAL",
        ],
        &[
            "A1", "b2", "A/1", "", "00123", "A1 ", "1E10", "C\"3", "TOTAL", "D4", "E5", "F6",
        ],
        &[
            "",
            "03/04/2021",
            "13/04/2021",
            "2021-04-05",
            "2021-04-05T06:07:08Z",
            "2021-02-29",
            "never",
            "NULL",
        ],
        &["", "true", "FALSE", "yes", "1", "None", "maybe"],
        &["", "active", "None", "Active"],
    ];

    fn source(rows: &[Vec<&str>], options: ColumnOptions) -> Source {
        let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
        let table = Table::of_texts(&NAMES, &rows);
        let mut source = Source::new(vec![table], options).unwrap();
        source.survey().unwrap();
        source
    }

    /// What the parts of a plan come to.
    #[derive(Debug, Default, PartialEq)]
    struct Plan {
        counts: (u64, u64, u64),
        changes: Vec<Planned>,
        rejects: Vec<(Origin, Rejection)>,
    }

    #[derive(Debug, PartialEq)]
    struct Planned {
        origin: Origin,
        action: Action,
        id: String,
        body: String,
        before: Option<String>,
    }

    impl Plan {
        fn add(&mut self, part: PlanPart) {
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            self.changes.extend(part.changes().map(|change| Planned {
                origin: change.origin,
                action: change.action,
                id: text(change.id),
                body: text(change.body),
                before: change.before.map(text),
            }));
            self.counts.0 += part.rows;
            self.counts.1 += part.unchanged;
            self.counts.2 += part.skipped;
            self.rejects.extend(part.rejects);
        }
    }

    /// The plan, and how many rows were taken straight.
    fn planned(source: &Source, stored: &[(String, String)], policy: &Policy, straight: bool) -> (Plan, u64) {
        let way = Straightway::new(source, policy).unwrap();
        let with = |id: &str, take: &mut dyn FnMut(Option<&Item<'_, '_>>)| {
            let text = stored.iter().find(|(own, _)| own == id).map(|(_, text)| text.as_str());
            let mut parser = text.map(ItemParser::new);
            take(parser.as_mut().map(|parser| parser.item().unwrap()).as_ref());
        };
        let mut plan = Plan::default();
        let taken = AtomicU64::new(0);
        source
            .read_parts_straight::<PlanPart, Error>(
                &|part, row| {
                    let mut decided = Ok(false);
                    if straight {
                        with(row.id(), &mut |item| decided = way.decide(row, item, part));
                    }
                    taken.fetch_add(u64::from(matches!(decided, Ok(true))), Ordering::Relaxed);
                    Ok(decided?)
                },
                &|part, _, incoming| {
                    match incoming.reading {
                        Reading::Item(draft) => {
                            with(&draft.id, &mut |item| {
                                part.decide(incoming.origin, &draft, item, policy);
                            });
                        }
                        Reading::Rejected(reasons) => {
                            part.rows += 1;
                            part.rejects
                                .extend(reasons.into_iter().map(|reason| (incoming.origin, reason)));
                        }
                        Reading::Skipped(_) => {
                            part.rows += 1;
                            part.skipped += 1;
                        }
                    }
                    Ok(())
                },
                &mut |part| {
                    plan.add(part);
                    Ok(())
                },
            )
            .unwrap();
        (plan, taken.into_inner())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]
        #[test]
        fn what_is_planned_straight_is_what_is_planned_of_drafts(
            rows in prop::collection::vec((0..13_usize, 0..11_usize, 0..12_usize, 0..8_usize, 0..7_usize, 0..4_usize, 3..8_usize), 1..12),
            // What is stored of a row: nothing, what the file says, or something near it.
            stored in prop::collection::vec((0..6_usize, 0..13_usize, 0..4_usize), 12),
            clear in any::<bool>(), complete in any::<bool>(), strict in any::<bool>(), blanks_reject in any::<bool>(),
            mode in prop::sample::select(vec![Mode::Upsert, Mode::Create, Mode::Update]),
        ) {
            let rows: Vec<Vec<&str>> = rows.into_iter().map(|(a, b, c, d, e, f, width)| {
                let mut row: Vec<&str> = [a, b, c, d, e, f].iter().zip(CELLS).map(|(at, cells)| cells[*at]).collect();
                row.push("beyond");
                row.truncate(width);
                row
            }).collect();
            let policy = Policy { blanks: if clear { Blanks::Clear } else { Blanks::Keep }, mode, complete };
            let source = source(&rows, ColumnOptions { strict, blanks_reject, ..ColumnOptions::default() });
            let every = Policy { mode: Mode::Upsert, ..policy };
            let (new, _) = planned(&source, &[], &every, false);
            let stored: Vec<(String, String)> = new.changes.iter().zip(stored).filter_map(|(change, (which, cell, status))| {
                let mut item: crate::item::Object = serde_json::from_str(&change.body).unwrap();
                match which {
                    0 => return None,
                    1 => {}
                    2 => { item.insert("quantity".to_owned(), CELLS[0][cell].into()); }
                    3 => { item.insert("status".to_owned(), CELLS[5][status].into()); }
                    // As the file shows it.
                    4 => { item.insert("moved_at".to_owned(), CELLS[3][cell % 8].into()); }
                    _ => { item.remove("quantity"); }
                }
                Some((change.id.clone(), serde_json::to_string(&item).unwrap()))
            }).collect();
            let (plan, _) = planned(&source, &stored, &policy, true);
            let (plain, _) = planned(&source, &stored, &policy, false);
            prop_assert_eq!(plan, plain);
        }
    }

    #[test]
    fn new_and_unchanged_rows_are_taken_straight() {
        let rows = [
            vec!["12", "Kush", "A1", "2021-04-05", "true", ""],
            vec!["1.5", "Haze \"1\"", "b2", "13/04/2021", "", "None"],
        ];
        let source = source(&rows, ColumnOptions::default());
        let policy = Policy::default();
        let (plan, taken) = planned(&source, &[], &policy, true);
        assert_eq!(taken, 2);
        assert_eq!(
            plan.changes[0].body,
            r#"{"approved":"true","item_id":"A1","moved_at":"2021-04-05","name":"Kush","quantity":12}"#
        );
        let stored: Vec<_> = plan
            .changes
            .into_iter()
            .map(|change| (change.id, change.body))
            .collect();
        let (plan, taken) = planned(&source, &stored, &policy, true);
        assert_eq!((taken, plan.counts), (2, (2, 2, 0)));
    }
}
