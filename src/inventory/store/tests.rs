//! Items that are stored, found and read back.

use serde_json::json;

use super::*;

fn item(id: &str, name: &str) -> Object {
    json!({"id": id, "item_id": id, "name": name})
        .as_object()
        .unwrap()
        .clone()
}

fn store(items: &[Object]) -> ItemStore {
    let mut store = ItemStore::new().unwrap();
    for item in items {
        store.item(item.clone()).unwrap();
    }
    store
}

#[test]
fn an_item_is_found_by_its_id_and_read_back_as_it_arrived() {
    let items = [item("A", "one"), item("B", "two\nlines"), item("Ü/ /", "three")];
    let mut store = store(&items);
    assert_eq!(store.get("B").unwrap().as_ref(), Some(&items[1]));
    assert_eq!(store.get("Ü/ /").unwrap().as_ref(), Some(&items[2]));
    assert_eq!(store.get("b").unwrap(), None);
    let mut all = Vec::new();
    store
        .each::<std::io::Error>(|item| {
            all.push(item);
            Ok(())
        })
        .unwrap();
    assert_eq!(all, items);
}

#[test]
fn items_are_found_in_any_order_and_after_more_have_come() {
    let items: Vec<Object> = (0..2_000)
        .map(|n: usize| item(&format!("A{n}"), &"é\\".repeat(n * 7919 % 5_000)))
        .collect();
    let mut store = store(&items);
    let order = (0..2_000)
        .chain((0..2_000).rev())
        .chain((0..2_000).map(|n| n * 7919 % 2_000));
    for at in order {
        assert_eq!(store.get(&format!("A{at}")).unwrap().as_ref(), Some(&items[at]));
    }
    store.item(item("B", "late")).unwrap();
    assert_eq!(store.get("B").unwrap(), Some(item("B", "late")));
    let mut names = Vec::new();
    let each = store.each_part::<Vec<Object>, std::io::Error>(
        &|part, item| {
            part.push(item.to_object());
            Ok(())
        },
        &mut |part| {
            names.extend(part);
            Ok(())
        },
    );
    each.unwrap();
    assert_eq!((names.len(), &names[..2_000]), (2_001, &items[..]));
}

#[test]
fn a_listing_that_begins_anew_leaves_nothing_of_the_first() {
    let mut store = ItemStore::new().unwrap();
    for id in ["A", "B", "C"] {
        store.item(item(id, "first")).unwrap();
    }
    store.restart();
    store.item(item("B", "second")).unwrap();
    assert_eq!(store.count(), 1);
    assert_eq!(store.get("A").unwrap(), None);
    assert_eq!(store.get("B").unwrap(), Some(item("B", "second")));
}

#[test]
fn items_that_share_a_hash_are_all_found_and_the_first_of_an_id_counts() {
    let mut store = store(&[item("A", "first"), item("B", "second"), item("A", "third")]);
    // As if the id "B" had the hash of "A".
    let hash = store.hasher.hash_one("A");
    let place = store.places.remove(&store.hasher.hash_one("B")).unwrap();
    store.others.insert(0, (hash, place.into_inner()));
    let mut find = |id: &str| {
        let (lookup, mut window) = (store.lookup().unwrap(), Window::default());
        let found = lookup.with_hash(hash, id, &mut window, |item| item.map(Item::to_object));
        found.unwrap()
    };
    assert_eq!(find("A"), Some(item("A", "first")));
    assert_eq!(find("B"), Some(item("B", "second")));
    assert_eq!(find("C"), None);
    assert_eq!(store.count(), 3);
}
