//! Lists' answers, compared with what `serde_json` makes of the complete text.

use std::io;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::item::Object;

type Items = Vec<String>;

/// A reader of a few bytes at a time, as a network gives them.
struct Drip<'a>(&'a [u8], usize);

impl Read for Drip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = self.1.min(buffer.len());
        self.0.read(&mut buffer[..most])
    }
}

fn read_by(text: &[u8], most: usize) -> (Result<Answer, Fault<String>>, Items) {
    let mut seen = Items::new();
    let answer = read::<Items, String>(
        Drip(text, most),
        &AtomicBool::new(false),
        &|items, item| items.push(serde_json::to_string(&item.to_object()).unwrap()),
        &mut |items| {
            if items.iter().any(|item| item.contains("stop")) {
                return Err("stopped".to_owned());
            }
            seen.extend(items);
            Ok(())
        },
    );
    (answer, seen)
}

fn read_all(text: &str) -> (Result<Answer, Fault<String>>, Items) {
    read_by(text.as_bytes(), usize::MAX)
}

/// What a complete text holds: the items, or the other `data`; `success`.
type Expected = (Result<Items, Option<Value>>, Option<bool>);

fn expected(text: &[u8]) -> Result<Expected, serde_json::Error> {
    let whole: Object = serde_json::from_slice(text)?;
    let success = whole.get("success").map(|value| *value == Value::Bool(true));
    let data = match whole.get("data") {
        Some(Value::Array(items)) => {
            let objects: Vec<Object> = serde_json::from_value(Value::Array(items.clone()))?;
            Ok(objects
                .iter()
                .map(|item| serde_json::to_string(item).unwrap())
                .collect())
        }
        other => Err(other.cloned()),
    };
    Ok((data, success))
}

/// Asserts that an answer is read as `serde_json` reads it, in reads of any size; a text that ends early is called so.
fn agree(text: &[u8]) {
    let shown = String::from_utf8_lossy(text).chars().take(200).collect::<String>();
    for most in [usize::MAX, 1 + text.len() / 3] {
        match (read_by(text, most), expected(text)) {
            ((Ok(answer), seen), Ok((data, success))) => {
                assert_eq!(answer.success, success, "{shown}");
                match (answer.data, data) {
                    (Data::List(count), Ok(items)) => {
                        assert_eq!((count, &seen), (items.len() as u64, &items), "{shown}");
                    }
                    (Data::Missing, Err(None)) => {}
                    (Data::Other(text), Err(Some(other))) => {
                        assert_eq!(text.as_deref(), other.as_str(), "{shown}");
                    }
                    (got, wanted) => panic!("{got:?}, {wanted:?}: {shown}"),
                }
            }
            ((Err(Fault::Json(got)), _), Err(wanted)) => {
                assert!(got.is_eof() || !wanted.is_eof(), "{got}, {wanted}: {shown}");
                assert!(!got.is_io(), "{got}: {shown}");
            }
            ((Err(Fault::Trailing), _), Err(_)) => {}
            ((got, _), wanted) => panic!("{got:?}, {wanted:?}: {shown}"),
        }
    }
}

/// A list of several batches, whose items hold what looks like an end.
fn long(batches: usize, nested: &str) -> String {
    let mut text = String::from(r#"{"success": true, "data": ["#);
    let mut number = 0;
    while text.len() < batches * BATCH {
        let comma = if number == 0 { "" } else { ", " };
        text += &format!(
            r#"{comma}{{"id": "A{number}", "x": {nested}, "pad": "{}"}}"#,
            "y".repeat(number % 900)
        );
        number += 1;
    }
    text + r#"], "count": 7, "more": [{"a": 1}, {"a": 2}]}"#
}

#[test]
fn keys_may_come_in_any_order_with_others_between() {
    for text in [
        r#"{"success":true,"data":[{"id":"a"},{"id":"b","n":{"x":[1.50]}}]}"#,
        " {\n \"x\":[{}], \"data\" : [ {\"id\":\"a\"} , {\"id\":\"b\"} ] , \"success\" : true } \n",
        r#"{"x":{"data":[{"id":"z"}]},"y":"data","z":["data",[]],"data":[{"id":"a"},{"id":"b"}],"success":true}"#,
        r#"{"\"data\"":[1],"d\u0061ta":[{"id":"a"},{"id":"b"}],"Data":[],"success":true}"#,
    ] {
        let (answer, seen) = read_all(text);
        let answer = answer.unwrap();
        assert!(
            matches!(answer.data, Data::List(2)) && answer.success == Some(true),
            "{text}"
        );
        assert!(seen[0].contains("\"a\"") && seen[1].contains("\"b\""), "{text}");
        agree(text.as_bytes());
    }
}

#[test]
fn a_failure_is_found_before_and_behind_the_list_with_its_message() {
    for text in [
        r#"{"success":false,"message":"no","data":[{"id":"a"}]}"#,
        r#"{"data":[{"id":"a"}],"x":{"success":true},"detail":"no","success":false}"#,
        r#"{"data":[ ] , "success":"true","error":"no","message":7}"#,
    ] {
        let answer = read_all(text).0.unwrap();
        assert_eq!(
            (answer.success, answer.message.as_deref()),
            (Some(false), Some("no")),
            "{text}"
        );
    }
}

#[test]
fn a_data_that_is_no_list_is_reported_as_such() {
    for other in ["null", "true", "-1", "7", "1.5", "1e999", "{}", "{\"a\":{}}", "\"x\""] {
        let (answer, _) = read_all(&format!(r#"{{"success":true,"data":{other}}}"#));
        assert!(matches!(answer.unwrap().data, Data::Other(_)), "{other}");
    }
    assert!(matches!(read_all("{}").0.unwrap().data, Data::Missing));
}

#[test]
fn a_list_that_is_cut_anywhere_ends_early() {
    let whole = r#" {"success" : true,"data":[{"id":"a","n":[{},{}]} , {"id":"},{"},{"id":"c\""}] ,"x":{"y":[]},"message":"é"} "#;
    for end in 0..=whole.len() {
        agree(&whole.as_bytes()[..end]);
    }
    let cut = whole.trim_end().len();
    for end in (0..cut).filter(|end| whole.is_char_boundary(*end)) {
        match read_all(&whole[..end]).0 {
            Err(Fault::Json(error)) => assert!(error.is_eof(), "{end}: {error}"),
            other => panic!("{end}: {other:?}"),
        }
    }
    for trailing in ["x", "}", "{}", "[", "\0", r#"{"data":[{"id":"z"}]}"#] {
        assert!(
            matches!(read_all(&format!("{whole}{trailing}")).0, Err(Fault::Trailing)),
            "{trailing}"
        );
    }
}

#[test]
fn what_stands_between_and_around_items_is_checked() {
    for data in [
        "[{} {}]",
        "[{},]",
        "[,{}]",
        "[,]",
        "[{}}",
        "[{},,{}]",
        "[1]",
        "[null]",
        "[[]]",
        "[\"a\"]",
        "[{}]]",
        "[{}1]",
        "[{\"a\":01}]",
        "[{\"a\":[}]",
        "[{\"a\"]",
        "[{}{}]",
        "[{}x]",
        "[x{}]",
        "[{\"a\":1]}",
    ] {
        let (answer, _) = read_all(&format!(r#"{{"success":true,"data":{data}}}"#));
        assert!(
            matches!(&answer, Err(Fault::Json(error)) if !error.is_eof()) || data == "[{}]]",
            "{data}: {answer:?}"
        );
        assert!(answer.is_err(), "{data}");
    }
    for text in [
        "[]",
        "null",
        "7",
        "[true,[{}]]",
        r#"{"data":[],"data":[]}"#,
        r#"{"data":[{}],"data":[{}]}"#,
        r#"{"data":1,"data":[{}]}"#,
        r#"{"data":{"data":[{}]} [{}]}"#,
    ] {
        assert!(matches!(read_all(text).0, Err(Fault::Json(_))), "{text}");
    }
    for text in [
        "",
        "{",
        "{\"data\":[null]}",
        r#"{"success":true,"success":false,"data":[{}]}"#,
    ] {
        agree(text.as_bytes());
    }
    agree(b"{\"data\":[{\"a\":\"\xff\"}]}");
}

#[test]
fn a_fault_names_the_item() {
    let text = long(3, "1").replacen(r#""A2000""#, r#""A2000" 7"#, 1);
    let place = text.find(r#""A2000" 7"#).unwrap() + r#""A2000" "#.len();
    let told = format!("item 2001 ('A2000'), at byte {place} of the answer: expected `,` or `}}`");
    assert_eq!(fault_of(text.as_bytes()), told);
    // Across the batches, and in text that is none.
    let text = long(3, "1")
        .replacen(r#""A2000""#, "\"A2000\u{fffd}\"", 1)
        .replace('\u{fffd}', "\u{1}");
    let mut bytes = text.into_bytes();
    let place = bytes.iter().position(|byte| *byte == 1).unwrap();
    bytes[place] = 0xff;
    let told = format!("item 2001, at byte {place} of the answer: it isn't UTF-8 text");
    assert_eq!(fault_of(&bytes), told);
    for (list, told) in [
        (
            r#"{"item_id":"A1","n":NaN}"#,
            "item 2 ('A1'), at byte 37 of the answer: expected value",
        ),
        ("7", "item 2, at byte 17"),
        (
            r#"{"id":"b"} {"id":"c"}"#,
            "item 3 ('c'), at byte 28 of the answer: a comma is missing before it",
        ),
        ("", "item 2, at byte 17 of the answer: nothing follows the comma"),
    ] {
        let told_so = fault_of(format!(r#"{{"data":[{{"a":1}},{list}]}}"#).as_bytes());
        assert!(told_so.starts_with(told), "{told_so}");
    }
}

fn fault_of(text: &[u8]) -> String {
    match read_by(text, usize::MAX).0 {
        Err(Fault::Json(error)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_list_of_many_batches_is_read_as_the_complete_text() {
    let tricky = [
        r#""},{""#,
        r#"[{"a":"}"},{"b":"\"},{"},{"c":[{},{},{}]}]"#,
        r#""\\\\},{\\""#,
        r#"{"m":[{"id":"B"}, {"id":"C"}]}"#,
    ];
    for nested in tricky {
        let text = long(3, nested);
        agree(text.as_bytes());
        agree(&text.as_bytes()[..text.len() / 2]);
    }
    let large = format!(
        r#"{{"data":[{{"id":"a"}},{{"id":"b","x":"{}"}},{{"id":"c"}}]}}"#,
        "z\\\\".repeat(BATCH)
    );
    agree(large.as_bytes());
}

#[test]
fn a_list_that_comes_in_drops_is_the_same() {
    let text = long(2, r#"[{"a":1},{"b":"\"\\"}]"#);
    assert_eq!(read_by(text.as_bytes(), 997).1, read_all(&text).1);
    let short = r#"{"x":"\\\"","data":[{"id":"\\\"]}"},{"id":"b"}],"y":"\\"}"#;
    assert_eq!(read_by(short.as_bytes(), 1).1, read_all(short).1);
    assert_eq!(read_all(short).1.len(), 2);
}

#[test]
fn an_item_and_an_envelope_have_a_bound() {
    for (before, pad, after) in [
        (r#"{"data":[{"id":""#, "z", r#""}]}"#),
        (r#"{"x":""#, "z", r#"","data":[]}"#),
        ("{\"data\":[", "1,", "1]}"),
        (r#"{"data":[]}"#, " ", ""),
    ] {
        let text = [before, &pad.repeat(LARGEST / pad.len() + READ), after].concat();
        let (answer, _) = read_all(&text);
        assert!(
            matches!(&answer, Err(Fault::Json(error)) if error.to_string().contains("larger than 32 MiB")),
            "{before}: {answer:?}"
        );
    }
}

#[test]
fn a_refusal_of_the_taker_ends_the_list() {
    let text = long(3, "1").replacen("A3000", "stop", 1);
    let (answer, _) = read_all(&text);
    assert!(matches!(answer, Err(Fault::Taker(text)) if text == "stopped"));
}

/// A connection that breaks at the next read.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::ConnectionReset.into())
    }
}

#[test]
fn what_is_no_object_is_rejected_without_reading_on() {
    for begun in ["[{\"id\":\"a\"},", " \n[[", "nonsense", "\"data\":["] {
        let answer = read::<u64, ()>(
            begun.as_bytes().chain(Broken),
            &AtomicBool::new(false),
            &|_, _| {},
            &mut |_| Ok(()),
        );
        assert!(
            matches!(&answer, Err(Fault::Json(error)) if !error.is_eof()),
            "{answer:?}"
        );
    }
}

#[test]
fn a_connection_that_breaks_is_reported_after_the_items_before_it() {
    let text = long(3, "1");
    let mut count = 0;
    let half = &text.as_bytes()[..text.len() / 2];
    let goes_on = AtomicBool::new(false);
    let answer = read::<u64, ()>(half.chain(Broken), &goes_on, &|count, _| *count += 1, &mut |more| {
        count += more;
        Ok(())
    });
    assert!(matches!(answer, Err(Fault::Read(_))) && count > 0);
}

#[test]
fn numbers_keep_their_spelling_and_depth_has_a_bound() {
    let (_, seen) = read_all(r#"{"data":[{"n":0.10,"big":123456789012345678901234567890}]}"#);
    assert_eq!(seen, [r#"{"big":123456789012345678901234567890,"n":0.10}"#]);
    let deep = format!(r#"{{"data":[{{"x":{}{}}}]}}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert!(matches!(read_all(&deep).0, Err(Fault::Json(_))));
    let open = format!(r#"{{"data":[{{"x":{}"#, "[".repeat(100_000));
    assert!(matches!(read_all(&open).0, Err(Fault::Json(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn any_answer_is_read_as_the_complete_text(
        text in r#"\{("success": ?true, ?)?("x":("\\""|"data"|\[1\]), ?)?"data": ?\[?(\{("[ab]": ?("[a}{,]{0,3}"|[0-9]|"\\\\"|\[\{\},\{\}\]),?)*\},? ?){0,5}\]?(,"x":1)?\}?"#
    ) {
        agree(text.as_bytes());
    }
}
