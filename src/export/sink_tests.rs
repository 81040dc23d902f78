//! Rows of items that come in batches and from the store.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::*;
use crate::item::text::ItemParser;
use crate::output::Style as Look;
use crate::sheet::write::AtomicFile;

fn settings(form: &str) -> Settings {
    Settings {
        target: Target::for_path(form.as_ref()).unwrap(),
        headers: Headers::Field,
        style: Style::default(),
        raw: true,
        fields: Vec::new(),
        filter: Filter::default(),
        by_id: true,
        changes: false,
    }
}

fn sink(settings: Settings, path: &Path) -> Sink {
    let file = AtomicFile::create(path, true).unwrap();
    Sink::new(settings, Destination::file(file)).unwrap()
}

/// A batch as it was when it was parsed.
type Parsed = (Lines, Batch);

fn parsed(sink: &Sink, items: &[Value]) -> Parsed {
    let text: String = items.iter().map(Value::to_string).collect();
    let maker = sink.maker().unwrap();
    let (mut lines, mut batch) = Parsed::default();
    let mut parser = ItemParser::new(&text);
    while parser.peek().is_some() {
        let item = parser.item().unwrap();
        lines.add(&item, &RandomState::new());
        maker(&mut batch, &item);
    }
    (lines, batch)
}

fn take(sink: &mut Sink, (lines, batch): Parsed) {
    sink.lines(lines, Some(batch)).unwrap();
}

fn finish(sink: Sink) -> Result<Written, Error> {
    sink.finish(&Output::new(Look::default()), &|| Ok(()))
}

fn is_writing(sink: &Sink) -> bool {
    matches!(sink.state, State::Writing(_))
}

#[test]
fn rows_are_written_while_batches_come_whenever_they_were_parsed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.jsonl");
    let mut sink = sink(settings("out.jsonl"), &path);
    let item = |id: &str| json!({"id": id, "item_id": id, "n": 1.5});
    // The second batch is parsed before the first is taken, so before there are columns.
    let (first, second) = (parsed(&sink, &[item("A"), item("B")]), parsed(&sink, &[item("C")]));
    take(&mut sink, first);
    take(&mut sink, second);
    let third = parsed(&sink, &[json!({"item_id": "X", "id": "D"})]);
    assert_eq!(third.1.written.items, 1);
    take(&mut sink, third);
    // An item's id came before: what was made of its batch isn't used.
    let (lines, _) = parsed(&sink, &[item("E")]);
    sink.lines(lines, None).unwrap();
    assert!(is_writing(&sink));
    let written = finish(sink).unwrap();
    assert_eq!(
        (written.items, written.id_mismatches, &*written.mismatched),
        (5, 1, &["D".to_owned()][..])
    );
    let rows = ["A", "B", "C"].map(|id| format!("{{\"id\":\"{id}\",\"item_id\":\"{id}\",\"n\":1.5}}\n"));
    let expected = rows.concat() + "{\"id\":\"D\",\"item_id\":\"X\"}\n{\"id\":\"E\",\"item_id\":\"E\",\"n\":1.5}\n";
    assert_eq!(fs::read_to_string(&path).unwrap(), expected);
}

#[test]
fn an_interrupt_while_a_workbook_is_compressed_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.xlsx");
    let mut sink = sink(settings("out.xlsx"), &path);
    let batch = parsed(&sink, &[json!({"id": "A", "item_id": "A"})]);
    take(&mut sink, batch);
    assert!(is_writing(&sink));
    let interrupted = || Err(io::Error::from(io::ErrorKind::Interrupted).into());
    let error = sink.finish(&Output::new(Look::default()), &interrupted).unwrap_err();
    assert!(!error.to_string().is_empty());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn an_interrupt_while_items_are_sorted_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut sink = sink(settings("out.csv"), &folder.path().join("out.csv"));
    let batch = parsed(&sink, &[json!({"id": "B"}), json!({"id": "A"})]);
    take(&mut sink, batch);
    let interrupted = || Err(crate::error::Interrupted.into());
    let error = sink.finish(&Output::new(Look::default()), &interrupted).unwrap_err();
    assert_eq!(error.exit(), crate::error::Exit::Interrupted);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_later_field_starts_the_rows_again_and_fields_that_were_chosen_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.csv");
    let batches = [vec![json!({"id": "A", "b": 1})], vec![json!({"id": "B", "a": 2})]];
    for (fields, expected, stays) in [
        (vec![], "a,b,id\n,1,A\n2,,B\n", false),
        (vec!["id".to_owned(), "a".to_owned()], "id,a\nA,\nB,2\n", true),
    ] {
        let chosen = Settings {
            fields,
            ..settings("out.csv")
        };
        let mut sink = sink(chosen, &path);
        for items in &batches {
            let batch = parsed(&sink, items);
            take(&mut sink, batch);
        }
        assert_eq!(is_writing(&sink), stays);
        let after = parsed(&sink, &batches[0]);
        assert_eq!(after.1.written.items, u64::from(stays), "no row is encoded in vain");
        finish(sink).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), expected);
    }
}

#[test]
fn a_list_that_begins_anew_leaves_nothing_of_the_first_and_its_batches_are_encoded_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.csv");
    let mut sink = sink(settings("out.csv"), &path);
    let first = parsed(&sink, &[json!({"id": "A", "b": 1})]);
    take(&mut sink, first);
    let of_the_first = parsed(&sink, &[json!({"id": "A", "b": 1})]);
    sink.restart();
    let second = parsed(&sink, &[json!({"id": "A", "c": 1})]);
    take(&mut sink, second);
    assert!(is_writing(&sink));
    assert!(!Arc::ptr_eq(
        of_the_first.1.assumed.as_ref().unwrap(),
        sink.rows.assumed.lock().unwrap().as_ref().unwrap()
    ));
    assert_eq!(finish(sink).unwrap().items, 1);
    assert_eq!(fs::read_to_string(&path).unwrap(), "c,id\n1,A\n");
}

#[test]
fn items_that_meet_no_condition_leave_the_columns_of_the_others_in_their_places() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.csv");
    let items = [
        json!({"id": "A", "m": 1, "n": "a"}),
        json!({"id": "B", "n": "no"}),
        json!({"id": "C", "n": "a"}),
    ];
    for from_list in [true, false] {
        let filter = Filter::parse(&["n=a"]).unwrap();
        let mut sink = sink(
            Settings {
                filter,
                ..settings("out.csv")
            },
            &path,
        );
        if from_list {
            let batch = parsed(&sink, &items[..1]);
            take(&mut sink, batch);
            let batch = parsed(&sink, &items[1..]);
            take(&mut sink, batch);
        } else {
            for item in &items {
                sink.item(item.as_object().unwrap().clone()).unwrap();
            }
        }
        assert_eq!(is_writing(&sink), from_list);
        assert_eq!(finish(sink).unwrap().items, 2);
        assert_eq!(fs::read_to_string(&path).unwrap(), "id,m,n\nA,1,a\nC,,a\n");
    }
}

#[test]
fn a_form_whose_rows_depend_on_each_other_gets_them_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.csv");
    let style = Style {
        encoding: Some("windows-1252"),
        ..Style::default()
    };
    let filter = Filter::parse(&["n!=no"]).unwrap();
    let mut sink = sink(
        Settings {
            style,
            filter,
            ..settings("out.csv")
        },
        &path,
    );
    let batch = parsed(&sink, &[json!({"id": "A", "n": "é"}), json!({"id": "B", "n": "no"})]);
    take(&mut sink, batch);
    let batch = parsed(&sink, &[json!({"id": "C"}), json!({"id": "D", "n": "ü"})]);
    take(&mut sink, batch);
    assert!(is_writing(&sink));
    assert_eq!(finish(sink).unwrap().items, 3);
    assert_eq!(fs::read(&path).unwrap(), b"id,n\nA,\xe9\nC,\nD,\xfc\n");
}

#[test]
fn a_field_that_no_item_has_is_refused_and_there_is_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.csv");
    let fields = Settings {
        fields: vec!["shelf".to_owned()],
        ..settings("out.csv")
    };
    let filter = Settings {
        filter: Filter::parse(&["shelf=1"]).unwrap(),
        ..settings("out.csv")
    };
    for wrong in [fields, filter] {
        let mut sink = sink(wrong, &path);
        let batch = parsed(&sink, &[json!({"id": "A", "n": 1})]);
        take(&mut sink, batch);
        assert!(finish(sink).unwrap_err().to_string().contains("no field \"shelf\""));
        assert!(!path.exists());
    }
}
