//! A list as the server gives it: which items, in which order, cut where; written piece by piece, never held whole.
//!
//! Doesn't belong here: where the items are kept (`store`).

use rusqlite::Connection;
use serde_json::Value;

use super::store::{Store, object};
use super::{Flavour, SandboxError};
use super::{document, field_path};

/// Where the server cuts a list that asks for no limit, and says nothing.
const DEFAULT_LIMIT: u64 = 1000;

/// How many bytes a piece of the answer has, about.
const PIECE_BYTES: usize = 64 * 1024;

/// In which order items come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// By the document's id: the default, and `__name__`.
    Name,
    /// By a field, given as the names of its path; items that lack it drop out.
    Field(Vec<String>),
    /// In none that means anything.
    Unsorted,
}

/// What a list request comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Selection {
    pub(super) order: Order,
    pub(super) descending: bool,
    /// None for everything.
    pub(super) limit: Option<u64>,
}

/// The request can't be served: 500.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unservable;

impl Selection {
    /// Reads `limit`, `order_by` and `desc` as the server does. `limit` reaches Firestore as text, which refuses it;
    /// the empty text is no limit. Any text in `desc` is true to Python, `0` and `false` included.
    pub(super) fn of(
        limit: Option<&str>,
        order_by: Option<&str>,
        desc: Option<&str>,
        flavour: &Flavour,
    ) -> Result<Self, Unservable> {
        if flavour.lists_fail {
            return Err(Unservable);
        }
        let asked = match limit {
            None => Some(DEFAULT_LIMIT),
            Some("") => None,
            Some(number) if flavour.integer_limit => Some(number.parse().map_err(|_| Unservable)?),
            Some(_) if flavour.hard_cut.is_some() => None,
            Some(_) => return Err(Unservable),
        };
        let limit = match (asked, flavour.hard_cut) {
            (Some(asked), Some(cut)) => Some(asked.min(cut)),
            (asked, cut) => asked.or(cut),
        };
        let order = match order_by {
            _ if flavour.unordered => Order::Unsorted,
            None | Some("" | "__name__") => Order::Name,
            Some(path) => Order::Field(field_path::names(path).map_err(|_| Unservable)?),
        };
        let ordered = order_by.is_some_and(|field| !field.is_empty());
        let descending = ordered && desc.is_some_and(|text| !text.is_empty());
        Ok(Self {
            order,
            descending,
            limit,
        })
    }
}

/// Writes the list's JSON to `take` piece by piece, the first one with `{"success":true,…`; the consumer's `false` ends it.
/// Says `Unservable` before anything is written where a number among the items is not finite. All is read in one
/// transaction, so that a write in between can't tear the list.
pub(super) fn write(
    store: &Store,
    org: &str,
    selection: &Selection,
    take: &mut dyn FnMut(Vec<u8>) -> bool,
) -> Result<Result<(), Unservable>, SandboxError> {
    store.read(|db| {
        let snapshot = db.unchecked_transaction()?;
        let outcome = write_from(&snapshot, org, selection, take);
        snapshot.commit()?;
        outcome
    })
}

fn write_from(
    db: &Connection,
    org: &str,
    selection: &Selection,
    take: &mut dyn FnMut(Vec<u8>) -> bool,
) -> rusqlite::Result<Result<(), Unservable>> {
    let limit = selection
        .limit
        .map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
    let direction = if selection.descending { "DESC" } else { "ASC" };
    let mut pieces = Pieces::new(take);
    if selection.order == Order::Name {
        let chosen = format!("FROM items WHERE org = ?1 ORDER BY id {direction} LIMIT ?2");
        let any: bool = db.query_row(
            "SELECT EXISTS (SELECT 1 FROM items WHERE org = ?1 AND poison)",
            [org],
            |row| row.get(0),
        )?;
        if any
            && db.query_row(
                &format!("SELECT ifnull(max(poison), 0) FROM (SELECT poison {chosen})"),
                (org, limit),
                |row| row.get(0),
            )?
        {
            return Ok(Err(Unservable));
        }
        let mut statement = db.prepare(&format!("SELECT id, body {chosen}"))?;
        let mut rows = statement.query((org, limit))?;
        while let Some(row) = rows.next()? {
            if !pieces.item(row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?) {
                return Ok(Ok(()));
            }
        }
    } else {
        let Some(chosen) = choose(db, org, selection)? else {
            return Ok(Err(Unservable));
        };
        let mut statement = db.prepare("SELECT id, body FROM items WHERE seq = ?1")?;
        for seq in chosen {
            let more = statement.query_row([seq], |row| {
                Ok(pieces.item(row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?))
            })?;
            if !more {
                return Ok(Ok(()));
            }
        }
    }
    pieces.finish();
    Ok(Ok(()))
}

/// The rows of an order that `SQLite` can't give; none where one of them is poisoned.
fn choose(db: &Connection, org: &str, selection: &Selection) -> rusqlite::Result<Option<Vec<i64>>> {
    let limit = selection
        .limit
        .map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let mut keyed: Vec<(Value, i64, bool)> = Vec::new();
    let mut statement = db.prepare("SELECT id, body, seq, poison FROM items WHERE org = ?1 ORDER BY id")?;
    let mut rows = statement.query([org])?;
    while let Some(row) = rows.next()? {
        let (seq, poison) = (row.get(2)?, row.get(3)?);
        let key = match &selection.order {
            Order::Field(path) => object(row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?)
                .ok()
                .and_then(|item| field_path::value(item, path)),
            // Far enough from any order, and always the same.
            Order::Unsorted | Order::Name => Some(Value::from(seq % 7)),
        };
        keyed.extend(key.map(|key| (key, seq, poison)));
    }
    // Both sorts are stable: equal values stay in the order of their ids, which is turned round with them.
    if selection.descending && selection.order != Order::Unsorted {
        keyed.reverse();
        keyed.sort_by(|(a, ..), (b, ..)| document::compare(b, a));
    } else {
        keyed.sort_by(|(a, ..), (b, ..)| document::compare(a, b));
    }
    keyed.truncate(limit);
    if keyed.iter().any(|(.., poison)| *poison) {
        return Ok(None);
    }
    Ok(Some(keyed.into_iter().map(|(_, seq, _)| seq).collect()))
}

/// Collects the answer's text and hands it on in pieces.
struct Pieces<'a> {
    take: &'a mut dyn FnMut(Vec<u8>) -> bool,
    piece: Vec<u8>,
    first: bool,
}

impl<'a> Pieces<'a> {
    fn new(take: &'a mut dyn FnMut(Vec<u8>) -> bool) -> Self {
        Self {
            take,
            piece: b"{\"success\":true,\"data\":[".to_vec(),
            first: true,
        }
    }

    fn item(&mut self, id: &str, body: &str) -> bool {
        if !std::mem::take(&mut self.first) {
            self.piece.push(b',');
        }
        with_id(&mut self.piece, id, body);
        if self.piece.len() < PIECE_BYTES {
            return true;
        }
        (self.take)(std::mem::replace(
            &mut self.piece,
            Vec::with_capacity(PIECE_BYTES + PIECE_BYTES / 4),
        ))
    }

    fn finish(mut self) {
        self.piece.extend_from_slice(b"]}");
        (self.take)(self.piece);
    }
}

/// Writes a stored item with the document's `id` before its fields. A stored field `id` takes its place there, as in
/// Python's `{"id": doc.id, **stored}`.
pub(super) fn with_id(out: &mut Vec<u8>, id: &str, body: &str) {
    // A quote within a text is escaped, so that this is a field's name, here or deeper.
    if body.contains("\"id\":")
        && let Ok(mut stored) = object(id, body)
        && let Some(hiding) = stored.remove("id")
    {
        return with_first(out, &hiding, &Value::Object(stored).to_string());
    }
    with_first(out, &Value::from(id), body);
}

fn with_first(out: &mut Vec<u8>, id: &Value, body: &str) {
    out.extend_from_slice(b"{\"id\":");
    out.extend_from_slice(id.to_string().as_bytes());
    let fields = body.strip_prefix('{').unwrap_or(body);
    if fields != "}" {
        out.push(b',');
    }
    out.extend_from_slice(fields.as_bytes());
}
