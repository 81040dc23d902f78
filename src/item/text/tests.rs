//! The parser's items compared with those of `serde_json`.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::item::id_of;

fn all(text: &str) -> Result<Vec<Object>, ItemFault> {
    let mut parser = ItemParser::new(text);
    let mut items = Vec::new();
    while parser.peek().is_some() {
        let item = parser.item()?;
        let object = item.to_object();
        assert_eq!(item.id(), id_of(&object));
        assert_eq!(serde_json::from_str::<Object>(item.text).unwrap(), object);
        items.push(object);
    }
    Ok(items)
}

fn plain(text: &str) -> Result<Vec<Object>, serde_json::Error> {
    serde_json::Deserializer::from_str(text).into_iter().collect()
}

/// Asserts the same items as `serde_json`, or a failure of the same kind.
fn agree(text: &str) {
    match (all(text), plain(text)) {
        (Ok(parsed), Ok(plain)) => assert_eq!(parsed, plain, "{text}"),
        (Err(ItemFault::Cut), Err(error)) => assert!(error.is_eof(), "{text}: {error}"),
        (Err(ItemFault::Wrong(_)), Err(error)) => assert!(!error.is_eof(), "{text}: {error}"),
        (parsed, plain) => panic!("{text}: {parsed:?}, {plain:?}"),
    }
}

const TEXTS: [&str; 24] = [
    r#"{"id":"a","n":1}{"id":"b","n":-0.50} {"id":"c","n":null}"#,
    r#"{"a":true,"b":false,"a":1} {"a":2,"b":3,"a":4}"#,
    r#"{"id":"\u00e9\n\"","tab\t":"\ud83c\udf3f"}"#,
    r#"{"id":7,"n":[1,{"x":[]}],"m":{"y":1e5},"e":1E5,"f":-0,"g":-0.0}"#,
    " {\n \"id\" : \"a\" ,\t\"n\" : 10 } \n {}",
    r#"{"a":01}"#,
    r#"{"a":1.}"#,
    r#"{"a":.5}"#,
    r#"{"a":-}"#,
    r#"{"a":+1}"#,
    r#"{"a":tru}"#,
    r#"{"a":nulll}"#,
    r#"{"a" "b"}"#,
    r#"{"a":1,}"#,
    "{,}",
    r#"{"a":"\ud800"}"#,
    r#"{"a":"\x"}"#,
    "{\"a\":\"\u{1}\"}",
    "{\"a\":\"line\nbreak\"}",
    "[]",
    "7",
    "null",
    r#"{"a":1]"#,
    r#"{"é":"大麻 🌿 and more text than eight bytes","":""}"#,
];

#[test]
fn items_are_read_as_the_plain_parser_reads_them_wherever_they_are_cut() {
    for text in TEXTS {
        for end in (0..=text.len()).filter(|end| text.is_char_boundary(*end)) {
            agree(&text[..end]);
        }
    }
}

#[test]
fn nesting_has_a_bound() {
    agree(&format!("{{\"a\":{}1{}}}", "[".repeat(100), "]".repeat(100)));
    agree(&format!("{{\"a\":{}", "[".repeat(100_000)));
}

#[test]
fn an_item_is_like_the_last_only_with_its_names_in_its_order() {
    let mut parser = ItemParser::new(r#"{"a":1,"b":2}{"a":3,"b":4}{"b":5,"a":6}{"b":7}{"b":8,"c":9}{"b":1,"c":2}"#);
    let mut alike = Vec::new();
    while parser.peek().is_some() {
        alike.push(parser.item().unwrap().alike);
    }
    assert_eq!(alike, [false, true, false, false, false, true]);
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|number| json!(number)),
        (-1e9..1e9).prop_map(|number: f64| json!(number)),
        ".{0,20}".prop_map(Value::String),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            prop::collection::btree_map(".{0,4}", inner, 0..3).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_items_are_read_as_the_plain_parser_reads_them(
        items in prop::collection::vec(prop::collection::btree_map("id|item_id|[a-c]|.{0,3}", value(), 0..6), 0..4),
        pretty in any::<bool>(), cut in 0.0..1.2_f64,
    ) {
        let text: String = items.iter().map(|item| {
            if pretty { serde_json::to_string_pretty(item) } else { serde_json::to_string(item) }.unwrap()
        }).collect();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let mut end = ((text.len() as f64 * cut) as usize).min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        agree(&text[..end]);
    }

    #[test]
    fn any_text_is_read_as_the_plain_parser_reads_it(text in r#"(\{?("[ab]"|[:,{}\[\]]|-?[0-9.eE]{0,3}|null|true|"\\?[nu"x]?"){0,12}\}?)*"#) {
        agree(&text);
    }

    #[test]
    fn the_first_special_byte_is_found(bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'"'), 0x1e_u8..0x24], 0..40), from in 0..10_usize) {
        let from = from.min(bytes.len());
        let slow = bytes.iter().skip(from).position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).map(|at| at + from);
        prop_assert_eq!(first_special(&bytes, from), slow);
    }
}

#[test]
fn buffers_of_another_parser_change_nothing() {
    let read = |text: &str, buffers: ParserBuffers| {
        let mut parser = ItemParser::within(text, buffers);
        let mut items = Vec::new();
        while parser.peek().is_some() {
            match parser.item() {
                Ok(item) => items.push(item.to_object()),
                Err(_) => break,
            }
        }
        (items, parser.into_buffers())
    };
    for first in TEXTS {
        for second in TEXTS {
            let (_, buffers) = read(first, ParserBuffers::default());
            assert_eq!(
                read(second, buffers).0,
                read(second, ParserBuffers::default()).0,
                "{first} {second}"
            );
        }
    }
}
