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
        (3, "there is a value that is not an object")
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
