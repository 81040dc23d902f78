//! JSON and JSON Lines as a whole: keys, values, and documents that are cut short or broken.

use super::*;

fn what(error: &ReadError) -> (u64, &str) {
    match error {
        ReadError::Json { line, what, .. } => (*line, what),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_keys_of_all_objects_are_the_header_in_their_first_order() {
    let text = "[\n {\"name\": \"a\", \"item_id\": \"1\"},\n\n {\"item_id\": \"2\",\n \"x\": null}\n]\n";
    let read = read("a.csv", text);
    assert_eq!((&read.format, read.header.line), (&Format::Json, 0));
    assert_eq!((read.names(), read.lines()), (vec!["name", "item_id", "x"], vec![2, 4]));
    assert_eq!(read.row(0), ["a", "1"]);
    assert_eq!(
        read.row(1),
        ["(absent)", "2", ""],
        "a missing key is absent, null is empty"
    );
}

#[test]
fn values_keep_their_types_and_numbers_their_digits() {
    let read = read(
        "a.json",
        r#"[{"a":1.50,"b":true,"c":[1,{"d":null}],"e":"x","f":12345678901234567890123}]"#,
    );
    assert_eq!(
        read.row(0),
        [
            "json 1.50",
            "Bool(true)",
            "json [1,{\"d\":null}]",
            "x",
            "json 12345678901234567890123"
        ]
    );
}

#[test]
fn an_answer_of_the_api_is_read_with_its_envelope() {
    for text in [
        r#"{"data":[{"item_id":"1"},{"item_id":"2"}]}"#,
        r#"{"success":true,"data":[{"item_id":"1"},{"item_id":"2"}],"message":"{]"}"#,
    ] {
        let read = read("a.json", text);
        assert_eq!((&read.format, read.rows.len()), (&Format::Json, 2));
    }
    assert!(read("a.json", r#"{"success":true,"data":[]}"#).rows.is_empty());
    assert!(read("a.json", "[]").rows.is_empty());
}

#[test]
fn json_lines_give_a_row_a_line() {
    let read = read(
        "a.txt",
        "{\"item_id\":\"1\",\"data\":[1]}\n\n{\"item_id\":\"{\\\"\",\"name\":\"é\"}\r\n",
    );
    assert_eq!((&read.format, read.lines()), (&Format::JsonLines, vec![1, 3]));
    assert_eq!(read.row(1), ["{\"", "(absent)", "é"]);
}

#[test]
fn json_in_utf_16_is_read() {
    assert_eq!(
        read("a.json", utf16("\u{feff}[{\"item_id\":\"é\"}]", true)).row(0),
        ["é"]
    );
}

#[test]
fn a_document_that_was_cut_short_is_refused_wherever_it_was_cut() {
    let whole = r#"{"success":true,"data":[{"item_id":"1","name":"a"},{"item_id":"2"}],"n":1}"#;
    for end in 1..whole.len() {
        // A few cuts leave what is no JSON at all; none may be read as if it were whole.
        let cut = &whole[..end];
        match read_with("a.json", cut, &ReadOptions::default()) {
            Err(_) => {}
            Ok(read) => assert!(read.header.by == HeaderBy::Guessed, "{cut} was read"),
        }
    }
    for text in [
        "[{\"a\":1}",
        "[{\"a\":1},",
        "[{\"a\":1},]",
        "[{\"a\":1}{\"a\":2}]",
        "[{\"a\":1}] x",
        "{\"a\":1}\n{\"a\":",
    ] {
        what(&refusal("a.json", text));
    }
}

#[test]
fn a_broken_object_is_told_by_its_line() {
    assert_eq!(what(&refusal("a.json", "[\n{\"a\":1},\n{\"a\":\n tru}]")).0, 4);
    assert_eq!(
        what(&refusal("a.json", "[\n{\"a\":1},\n5]")),
        (3, "it is a number, but a row of this file is an object")
    );
}

#[test]
fn a_key_that_comes_twice_is_refused() {
    let error = refusal(
        "a.jsonl",
        "{\"item_id\":\"1\"}\n{\"item_id\":\"2\",\"item_id\":\"3\"}\n",
    );
    assert!(
        matches!(&error, ReadError::DuplicateKey { line: 2, key, .. } if key == "item_id"),
        "{error:?}"
    );
}

#[test]
fn deep_nesting_is_a_sentence_and_no_crash() {
    let deep = format!("[{{\"a\":{}}}]", "[".repeat(500_000) + &"]".repeat(500_000));
    assert!(what(&refusal("a.json", deep)).1.contains("nested"));
}

#[test]
fn an_object_without_an_end_does_not_fill_the_memory() {
    let limits = Limits {
        row_bytes: 1000,
        ..Limits::default()
    };
    let options = ReadOptions {
        limits,
        ..ReadOptions::default()
    };
    let endless = format!("[{{\"a\":\"{}\"}}]", "x".repeat(100_000));
    assert!(matches!(
        read_with("a.json", endless, &options),
        Err(ReadError::TooLarge { .. })
    ));
}

#[test]
fn a_delimiter_makes_it_delimited_text() {
    let options = ReadOptions {
        delimiter: Some(b','),
        ..ReadOptions::default()
    };
    assert!(matches!(
        read_with("a.csv", "[{x},item_id\n1,2\n", &options).unwrap().format,
        Format::Delimited { .. }
    ));
}

#[test]
fn arrays_are_rows_and_the_header_is_one_of_them() {
    for text in [
        r#"[["item_id","quantity"],["A1",1],["A2",null]]"#,
        "[\n[\"item_id\", \"quantity\"],\n[],\n[\"A1\", 1],\n[\"A2\"]\n]\n",
        "[[\"Stock of July\"],[\"item_id\",\"quantity\"],[\"A1\",1],[\"A2\",null]]",
        "[\"item_id\",\"quantity\"]\n[\"A1\",1]\n[\"A2\",null]\n",
        r#"{"page":1,"rows":[["item_id","quantity"],["A1",1],["A2",null]],"n":[1,2]}"#,
        r#"{"data":[["item_id","quantity"],["A1",1],["A2",null]]}"#,
    ] {
        let read = read("a.json", text);
        assert_eq!(
            (&read.format, read.names()),
            (&Format::JsonArrays, vec!["item_id", "quantity"]),
            "{text}"
        );
        assert_eq!((read.row(0), read.rows.len()), (vec!["A1", "json 1"], 2), "{text}");
        assert_eq!(read.row(1)[0], "A2", "{text}");
    }
    let options = ReadOptions {
        header_row: Some(2),
        ..ReadOptions::default()
    };
    let read = read_with("a.json", r#"[["x","y"],["p","q"],["A1",1]]"#, &options).unwrap();
    assert_eq!((read.names(), read.lines()), (vec!["p", "q"], vec![3]));
}

#[test]
fn the_one_list_of_objects_in_an_object_holds_the_rows() {
    for text in [
        r#"{"items":[{"item_id":"1"},{"item_id":"2"}]}"#,
        r#"{"total":2,"page":{"n":[{"a":1}]},"tags":["a"],"inventory":[{"item_id":"1"},{"item_id":"2"}],"errors":[]}"#,
        r#"{"Id":"request-1","Name":"x","packages":[{"tag":"1","name":"a","quantity":1},{"tag":"2"}]}"#,
        r#"{"results":[{"a":1},{"a":2}]}"#,
    ] {
        let read = read("a.json", text);
        assert_eq!((&read.format, read.rows.len()), (&Format::Json, 2), "{text}");
    }
    assert!(read("a.json", r#"{"items":[],"total":0}"#).rows.is_empty());
    let one = r#"{"item_id":"1","name":"a","history":[{"item_id":"1","quantity":2}]}"#;
    assert_eq!(read("a.json", one).names(), ["item_id", "name", "history"]);
    let lines = format!("{one}\n{one}\n");
    assert_eq!(read("a.json", lines).rows.len(), 2);
}

#[test]
fn two_lists_of_objects_are_refused_by_name() {
    let long = format!(
        r#"{{"items":[{}{{"item_id":"z"}}],"#,
        r#"{"item_id":"1","name":"abcdefghij"},"#.repeat(5000)
    );
    for text in [
        r#"{"items":[{"item_id":"1"}],"total":1,"areas":[{"name":"x"}]}"#.to_owned(),
        r#"{"items":[{"item_id":"1"}],"areas":[ {"name":"x"#.to_owned(),
        long + r#""areas":[{"name":"x"}]}"#,
    ] {
        let error = refusal("a.json", text);
        assert_eq!(what(&error).1, "it has two lists, \"items\" and \"areas\"");
    }
}

#[test]
fn json_of_another_shape_is_refused_with_what_was_seen() {
    for (text, seen) in [
        ("[1,2,3]", "it is a number, but a row"),
        ("[\"A1\",\"A2\"]", "it is a text, but a row"),
        ("[null,{\"item_id\":\"1\"}]", "it is null, but a row"),
        ("[{\"item_id\":\"1\"},[\"A2\"]]", "it is an array, but a row"),
        ("[[\"item_id\"],{\"item_id\":\"1\"}]", "it is an object, but a row"),
        ("[[\"item_id\"],[\"A1\",tru]]", "an array is not valid"),
        ("[['item_id'],['A1']]", "an array is not valid"),
        ("[{'item_id':'A1'}]", "an object is not valid"),
        ("{'item_id':'A1','name':'x'}", "an object is not valid"),
        (
            "{item_id:\"A1\",name:\"x\"}\n{item_id:\"A2\",name:\"x\"}\n",
            "an object is not valid",
        ),
        ("[[\"item_id\"],[\"A1\"]", "the file ends before"),
        ("[\"item_id\",\"quantity\"", "it is a text, but a row"),
        ("{\"items\":[5]}\n5\n", "it is a number, but a row"),
    ] {
        let error = refusal("a.json", text);
        assert!(what(&error).1.contains(seen), "{text}: {error}");
    }
    for text in [
        "[Item ID],[Name]\n1,2\n",
        "[2024] stock\nitem_id,name\n1,2\n",
        "{x},item_id\n1,2\n",
    ] {
        assert!(matches!(read("a.csv", text).format, Format::Delimited { .. }), "{text}");
    }
}

#[test]
fn the_number_of_records_in_metrcs_wrapper_is_declared() {
    for text in [
        r#"{"Data":[{"Label":"1"}],"Total":1,"TotalRecords":57,"PageSize":20}"#,
        r#"{"total_records":57,"data":[{"label":"1"}]}"#,
    ] {
        let read = read("a.json", text);
        assert_eq!((read.rows.len(), read.declared), (1, Some(57)), "{text}");
    }
}

#[test]
fn a_row_of_more_values_than_an_item_has_room_for_is_refused() {
    let row = |count: usize| format!("{{\"item_id\":\"1\",\"x\":[{}0]}}", "0,".repeat(count));
    for (text, last) in [(row(600_000), 1), (format!("[\n{}]", row(600_000)), 2)] {
        let error = read_with("a.json", text.into_bytes(), &ReadOptions::default()).unwrap_err();
        let why = format!("a.json is too large: a row at line {last} has more than 524288 values");
        assert!(error.to_string().ends_with(&why), "{error}");
    }
    assert_eq!(read("a.json", row(500_000)).rows.len(), 1);
}
