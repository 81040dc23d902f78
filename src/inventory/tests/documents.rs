//! Items whose stored field `id` hides their document's name, and others that don't tell it.

use super::*;

/// A server that does as the vendor's code: stored fields stand over the document's name, and lists are in the order of the
/// names. `cut` items are in a list, and a list that is asked for with an empty limit is cut too where `hard`.
#[derive(Clone)]
struct Documents {
    stored: std::collections::BTreeMap<String, Object>,
    cut: usize,
    hard: bool,
}

impl Documents {
    fn new(stored: &[(&str, serde_json::Value)]) -> Self {
        let object = |value: &serde_json::Value| value.as_object().unwrap().clone();
        let stored = stored.iter().map(|(name, value)| ((*name).to_owned(), object(value)));
        Self {
            stored: stored.collect(),
            cut: 1000,
            hard: false,
        }
    }

    fn shown(&self, name: &str) -> Option<Object> {
        let mut item = Object::from_iter([("id".to_owned(), Value::from(name))]);
        item.extend(self.stored.get(name)?.clone());
        Some(item)
    }

    fn answer(&self, seen: &Seen) -> Reply {
        let (path, query) = seen.target.split_once('?').unwrap();
        if let Some(name) = path.strip_prefix("/api/inventory/") {
            let name = name.replace("%20", " ");
            let data = self.shown(&name).unwrap_or_default();
            return json(200, &value!({"success": true, "data": data}).to_string());
        }
        let mut items: Vec<_> = self.stored.keys().filter_map(|name| self.shown(name)).collect();
        if query.contains("desc") {
            items.reverse();
        }
        if self.hard || !query.contains("limit=") {
            items.truncate(self.cut);
        }
        json(200, &value!({"success": true, "data": items}).to_string())
    }

    /// The listing, each item with the id by which it is known (none is blank), and how often it began anew.
    fn read(self) -> (Listing, Vec<(String, Object)>, usize, usize) {
        let server = Server::start(move |seen| self.answer(seen));
        let mut store = ItemStore::new().unwrap();
        let listing = read(&server.client(0), None, &mut store).unwrap();
        let mut items = Vec::new();
        store
            .each::<std::io::Error>(|item| {
                items.push((id_of(&item).map(Cow::into_owned).unwrap_or_default(), item));
                Ok(())
            })
            .unwrap();
        for (id, item) in items.iter().filter(|(id, _)| !id.is_empty()) {
            assert_eq!(store.get(id).unwrap().as_ref(), Some(item), "found by its id");
        }
        items.sort_by(|(a, _), (b, _)| a.cmp(b));
        assert_eq!(listing.count, items.len() as u64);
        let seen = server.seen();
        let (lists, singles) = seen
            .iter()
            .partition::<Vec<_>, _>(|seen| seen.target.starts_with("/api/inventory?"));
        (listing, items, lists.len(), singles.len())
    }
}

fn ids(items: &[(String, Object)]) -> Vec<&str> {
    items.iter().map(|(id, _)| id.as_str()).collect()
}

#[test]
fn an_item_whose_stored_id_hides_its_document_is_known_by_the_documents_name() {
    let documents = Documents::new(&[
        ("T0", value!({"item_id": "T0", "name": "original"})),
        ("T1", value!({"item_id": "T1", "name": "untouched"})),
        // Read, changed and posted, with the old `id` among its fields.
        ("copy", value!({"item_id": "copy", "id": "T0", "name": "copy"})),
        // A number of another system in `id`, and what is no text at all.
        ("own", value!({"item_id": "own", "id": "7731"})),
        ("number", value!({"item_id": "number", "id": 7731})),
        ("null", value!({"item_id": "null", "id": null})),
        ("blank", value!({"item_id": "blank", "id": ""})),
        ("map", value!({"item_id": "map", "id": {"a": 1}})),
    ]);
    let (listing, items, lists, singles) = documents.read();
    assert_eq!(
        ids(&items),
        ["T0", "T1", "blank", "copy", "map", "null", "number", "own"]
    );
    assert_eq!(items[3].1["name"], "copy");
    assert_eq!(items[3].1["id"], "T0", "the stored field is kept");
    assert_eq!(listing.completeness, Completeness::Proved, "{}", listing.evidence);
    assert_eq!((lists, singles), (3, 6), "one list, two ends, one question an item");
    let [doubt] = listing.doubts.as_slice() else {
        panic!("{:?}", listing.doubts);
    };
    assert!(doubt.starts_with("6 items with a stored field 'id'"), "{doubt}");
}

#[test]
fn an_item_whose_item_id_is_another_or_missing_is_known_by_its_document() {
    let documents = Documents::new(&[
        ("A", value!({"item_id": "other"})),
        ("B", value!({"name": "none"})),
        ("10", value!({"item_id": 10})),
        ("C", value!({"item_id": "D", "name": "c"})),
        ("D", value!({"item_id": "D", "name": "d"})),
    ]);
    let (listing, items, lists, singles) = documents.read();
    assert_eq!(ids(&items), ["10", "A", "B", "C", "D"]);
    assert_eq!(items[3].1["name"], "c");
    assert_eq!((listing.completeness, lists), (Completeness::Proved, 3));
    assert_eq!(singles, 5, "A and C are asked for by their item_id first");
    assert_eq!(listing.doubts, Vec::<String>::new());
}

#[test]
fn two_items_that_show_one_id_are_both_kept() {
    // Both claim to be A, and only one of them is.
    let documents = Documents::new(&[
        ("A", value!({"item_id": "A", "name": "the document A"})),
        (
            "hidden",
            value!({"item_id": "A", "id": "A", "name": "another document"}),
        ),
        ("B", value!({"item_id": "B"})),
    ]);
    let (listing, items, lists, _) = documents.read();
    assert_eq!(ids(&items), ["", "A", "B"]);
    assert_eq!(
        (&items[0].1["name"], &items[0].1["id"]),
        (&Value::from("another document"), &Value::from("A"))
    );
    assert_eq!(items[1].1["name"], "the document A");
    assert_eq!(lists, 4, "the list is asked for once more");
    assert!(listing.doubts[0].contains("can't be found"), "{:?}", listing.doubts);
    // A document whose fields are all another's: it is listed after that one, or before.
    for hidden in ["0", "z"] {
        let documents = Documents::new(&[
            ("Y", value!({"item_id": "Y", "id": "X"})),
            (hidden, value!({"item_id": "Y", "id": "Y"})),
            ("X", value!({"item_id": "X"})),
        ]);
        let (_, items, ..) = documents.read();
        assert_eq!(ids(&items), ["", "X", "Y"]);
        assert_eq!(items[2].1["id"], "X");
    }
}

#[test]
fn ends_that_hide_their_documents_prove_and_complete_a_list_all_the_same() {
    let name = |n: u32| format!("D{n:03}");
    let stored = |count: u32| -> Vec<(String, serde_json::Value)> {
        let item = |n: u32| {
            (
                name(n),
                value!({"item_id": name(n), "id": format!("{}", 9_000 - n), "n": n}),
            )
        };
        (0..count).map(item).collect()
    };
    let documents = |count, hard| {
        let stored = stored(count);
        let stored: Vec<_> = stored
            .iter()
            .map(|(name, item)| (name.as_str(), item.clone()))
            .collect();
        Documents {
            cut: 10,
            hard,
            ..Documents::new(&stored)
        }
    };
    let (listing, items, ..) = documents(30, false).read();
    assert_eq!((listing.completeness, items.len()), (Completeness::Proved, 30));
    let (listing, items, ..) = documents(15, true).read();
    assert_eq!(
        (listing.completeness, items.len()),
        (Completeness::Proved, 15),
        "{}",
        listing.evidence
    );
    assert!(listing.doubts[0].starts_with("15 items"), "{:?}", listing.doubts);
    let (listing, ..) = documents(30, true).read();
    assert_eq!(listing.completeness, Completeness::Cut);
    assert_eq!(listing.missing.first().map(String::as_str), Some("D020"));
}

#[test]
fn an_item_that_can_not_be_asked_for_is_kept_without_an_id() {
    for (status, body) in [
        (500, "<h1>Server Error (500)</h1>"),
        (200, r#"{"success":true,"data":{}}"#),
    ] {
        let documents = Documents::new(&[
            ("A", value!({"item_id": "A"})),
            ("B", value!({"item_id": "B", "id": "77"})),
        ]);
        let server = Server::start(move |seen| {
            if seen.target.starts_with("/api/inventory/") {
                return if status == 500 {
                    html(500, body)
                } else {
                    json(200, body)
                };
            }
            documents.answer(seen)
        });
        let (listing, kept) = read_from(&server, 0, None);
        assert_eq!(kept.ids, ["A", ""]);
        assert_eq!(listing.doubts.len(), 1);
    }
}
