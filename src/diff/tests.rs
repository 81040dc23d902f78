//! What of two places is equal, different, or on one side only.

use std::convert::Infallible;

use serde_json::json;

use super::load::Stored;
use super::*;

fn record(id: &str, item: Value) -> Record {
    Record {
        id: id.to_owned(),
        item: item.as_object().unwrap().clone(),
        raw: BTreeMap::new(),
    }
}

fn columns(names: &[&str]) -> Coverage {
    Coverage::Columns(names.iter().map(|name| (*name).to_owned()).collect())
}

fn whole(ignore: &[&str]) -> Rules {
    let ignore = ignore.iter().map(|name| (*name).to_owned());
    Rules::new(Coverage::Whole, Coverage::Whole, ignore)
}

fn compared(a: &[Record], b: &[Record], rules: &Rules) -> (Counts, Vec<Entry>) {
    let mut entries = Vec::new();
    let all = |side: &[Record]| side.iter().cloned().map(Ok::<_, Infallible>).collect::<Vec<_>>();
    let counts = compare(all(a).into_iter(), all(b).into_iter(), rules, &mut |entry| {
        entries.push(entry);
        Ok(())
    });
    (counts.unwrap(), entries)
}

/// The differing fields of two items under one id.
fn fields(a: Value, b: Value, rules: &Rules) -> Vec<String> {
    let (_, entries) = compared(&[record("A", a)], &[record("A", b)], rules);
    entries[0].fields.iter().map(|change| change.field.clone()).collect()
}

#[test]
fn every_item_stands_on_one_side_or_on_both() {
    let a = [
        record("A", json!({"name": "1"})),
        record("B", json!({"name": "2", "quantity": 12})),
        record("D", json!({})),
    ];
    let b = [
        record("B", json!({"name": "2", "quantity": 10.5})),
        record("C", json!({})),
        record("D", json!({"name": null})),
        record("Ü", json!({})),
    ];
    let (counts, entries) = compared(&a, &b, &whole(&[]));
    let marks: Vec<(&str, Mark)> = entries.iter().map(|e| (e.item_id.as_str(), e.change)).collect();
    assert_eq!(
        marks,
        [
            ("A", Mark::Removed),
            ("B", Mark::Changed),
            ("C", Mark::Added),
            ("D", Mark::Equal),
            ("Ü", Mark::Added)
        ]
    );
    assert_eq!(
        (counts.equal, counts.changed, counts.removed, counts.added),
        (1, 1, 1, 2)
    );
    assert_eq!(
        entries[1].fields,
        [FieldChange {
            field: "quantity".into(),
            a: json!(12),
            b: json!(10.5)
        }]
    );
    assert!(counts.differ() && !compared(&a, &a, &whole(&[])).0.differ());
}

#[test]
fn the_servers_fields_and_those_named_are_left_out() {
    let a = json!({"id": "A", "updated_at": "1", "updated_by": "x", "note": "a", "extra": {"x": 1, "y": 2}});
    let b = json!({"id": "B", "updated_at": "2", "updated_by": "y", "note": "b", "extra": {"x": 3, "y": 4}});
    assert_eq!(
        fields(a.clone(), b.clone(), &whole(&[])),
        ["extra.x", "extra.y", "note"]
    );
    assert_eq!(fields(a, b, &whole(&["note", "extra.y"])), ["extra.x"]);
}

#[test]
fn null_blank_none_and_absent_are_equal_and_numbers_are_by_value() {
    let a = json!({"name": null, "status": "", "units": "None", "quantity": "5.0", "extra": {"a": null}});
    let b = json!({"quantity": 5, "extra": {}});
    assert!(fields(a, b, &whole(&[])).is_empty());
    assert_eq!(fields(json!({"name": "5"}), json!({"name": 5}), &whole(&[])), ["name"]);
}

#[test]
fn fields_that_one_side_has_no_column_for_are_not_compared_and_named() {
    let rules = Rules::new(columns(&["item_id", "name"]), Coverage::Whole, []);
    let a = json!({"item_id": "A", "name": "x"});
    assert!(fields(a.clone(), json!({"item_id": "B", "name": "x", "quantity": 5}), &rules).is_empty());
    assert_eq!(fields(a, json!({"quantity": 5}), &rules), ["name"]);
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let lacking = rules.not_compared(
        &names(&["item_id", "name"]),
        &names(&["id", "item_id", "name", "quantity"]),
    );
    assert_eq!(lacking, (vec![], vec!["quantity".to_owned()]));
}

#[test]
fn an_item_that_says_another_id_of_itself_differs_where_both_sides_are_as_stored() {
    let a = json!({"id": "10", "item_id": "10"});
    assert!(fields(a.clone(), json!({"id": "10", "item_id": 10}), &whole(&[])).is_empty());
    assert_eq!(
        fields(a.clone(), json!({"id": "10", "item_id": "11"}), &whole(&[])),
        ["item_id"]
    );
    assert_eq!(fields(a, json!({"id": "10"}), &whole(&[])), ["item_id"]);
}

#[test]
fn a_cell_that_reads_as_an_export_writes_the_value_is_no_difference() {
    let rules = Rules::new(columns(&["approved_at"]), Coverage::Whole, []);
    let mut a = record("A", json!({"approved_at": "2021-07-08"}));
    let b = record("A", json!({"approved_at": "07/08/2021"}));
    assert!(
        compared(std::slice::from_ref(&a), std::slice::from_ref(&b), &rules)
            .0
            .differ()
    );
    a.raw.insert("approved_at".into(), "07/08/2021".into());
    assert!(
        !compared(std::slice::from_ref(&a), std::slice::from_ref(&b), &rules)
            .0
            .differ()
    );
    assert!(
        !compared(&[b], &[a], &Rules::new(Coverage::Whole, columns(&["approved_at"]), []))
            .0
            .differ()
    );
}

#[test]
fn an_id_that_comes_twice_on_one_side_is_not_passed_over() {
    let twice = [record("A", json!({"name": "1"})), record("A", json!({"name": "2"}))];
    let (counts, entries) = compared(&twice, &twice[..1], &whole(&[]));
    assert_eq!((counts.equal, counts.removed), (1, 1));
    assert_eq!(entries[1].item_id, "A");
}

#[test]
fn an_error_of_either_side_comes_out_at_once() {
    for broken in 0..2 {
        let mut sides = [vec![Ok(record("A", json!({})))], vec![Ok(record("A", json!({})))]];
        sides[broken].insert(0, Err("a full disk"));
        let [a, b] = sides;
        let result = compare(a.into_iter(), b.into_iter(), &whole(&[]), &mut |_| Ok(()));
        assert_eq!(result, Err("a full disk"));
    }
}

#[test]
fn stored_items_are_known_by_their_documents_id_and_come_sorted() {
    let mut stored = Stored::default();
    for item in [
        json!({"id": "B", "item_id": "x"}),
        json!({"item_id": 7}),
        json!({"name": "no id"}),
    ] {
        stored.push(item.as_object().unwrap().clone()).unwrap();
    }
    let side = stored.finish().unwrap();
    let ids: Vec<String> = side.records().map(|record| record.unwrap().id).collect();
    assert_eq!(ids, ["7", "B"]);
    assert_eq!((side.left_out.rejected, side.left_out.reasons.len()), (1, 1));
    assert!(side.fields.contains("item_id") && !side.fields.contains("name"));
}
