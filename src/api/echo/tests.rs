//! Echoes that prove a write, and those that don't.

use super::*;

fn verify(sent: &str, data: &str) -> Result<(), ApiError> {
    let answer = format!(r#" {{"data":{data},"success":true}} "#);
    Body::check(sent.as_bytes())?.verify(answer.as_bytes(), &Origin::for_tests())
}

fn fault(sent: &str, data: &str) -> EchoFault {
    match verify(sent, data) {
        Err(ApiError::WrongEcho(fault)) => fault,
        other => panic!("{sent} → {data}: {other:?}"),
    }
}

/// A field that differs, in this item alone.
fn field(number: usize, field: &str) -> EchoFault {
    EchoFault::Field {
        number,
        field: field.to_owned(),
        differing: if field == ITEM_ID { Vec::new() } else { vec![number] },
    }
}

#[test]
fn an_echo_may_be_spelled_otherwise_and_hold_more() {
    for (sent, data) in [
        (r#"{"item_id":"a","n":1}"#, r#"{"item_id":"a","n":1}"#),
        (
            r#"{"item_id":"a","n":1}"#,
            r#"{ "updated_by":"me", "n": 1.0, "item_id":"a", "updated_at":"now" }"#,
        ),
        (r#"{"item_id":"é\n"}"#, r#"{"item_id":"\u00e9\u000a"}"#),
        (
            r#"{"item_id":"a","n":1e2,"m":-0.0}"#,
            r#"{"item_id":"a","n":100,"m":0}"#,
        ),
        (r#"{"item_id":"a","n":0.1000}"#, r#"{"item_id":"a","n":0.1}"#),
        (
            r#"{"item_id":"a","m":{"x":{"y":[1,2]}}}"#,
            r#"{"item_id":"a","m":{"z":1,"x":{"y":[1.0,2]}}}"#,
        ),
        (
            r#"{"item_id":"a","updated_at":"then"}"#,
            r#"{"item_id":"a","updated_at":"now"}"#,
        ),
        (
            r#"{"item_id":"a","x":null,"y":""}"#,
            r#"{"y":"","x":null,"item_id":"a"}"#,
        ),
        (
            r#"[{"item_id":"a"},{"item_id":"b"}]"#,
            r#"[{"item_id":"a","x":1},{"item_id":"b"}]"#,
        ),
        ("[]", "[]"),
    ] {
        assert!(verify(sent, data).is_ok(), "{sent} → {data}");
    }
}

#[test]
fn an_echo_that_lacks_or_changes_something_is_none() {
    let two = r#"[{"item_id":"a","n":1},{"item_id":"b","n":2}]"#;
    assert_eq!(
        fault(two, r#"[{"item_id":"a","n":1}]"#),
        EchoFault::Count { sent: 2, got: 1 }
    );
    assert_eq!(
        fault(two, r#"[{"item_id":"b","n":2},{"item_id":"a","n":1}]"#),
        field(1, "item_id")
    );
    assert_eq!(
        fault(two, r#"[{"item_id":"a","n":1},{"item_id":"b","n":3}]"#),
        field(2, "n")
    );
    let all = EchoFault::Field {
        number: 1,
        field: "n".to_owned(),
        differing: vec![1, 2],
    };
    assert_eq!(fault(two, r#"[{"item_id":"a","n":3},{"item_id":"b","n":3}]"#), all);
    // Where one of the items is another, none of them is known to be saved.
    assert_eq!(
        fault(two, r#"[{"item_id":"a","n":3},{"item_id":"c","n":2}]"#),
        EchoFault::Field {
            number: 1,
            field: "n".to_owned(),
            differing: Vec::new()
        }
    );
    assert_eq!(fault(two, r#"{"item_id":"a","n":1}"#), EchoFault::Shape);
    assert_eq!(fault(r#"{"item_id":"a"}"#, r#"[{"item_id":"a"}]"#), EchoFault::Shape);
    assert_eq!(fault(r#"{"item_id":"a"}"#, "[]"), EchoFault::Shape);
    assert_eq!(fault(r#"{"item_id":"a"}"#, "{}"), field(1, "item_id"));
    assert_eq!(fault(r#"{"item_id":"a"}"#, "null"), EchoFault::Shape);
    for wrong in ["[{},]", "[{}", "[{} {}]", "[1]"] {
        // The answer as a whole isn't JSON, or its list holds something else than items.
        assert!(verify("[{}]", wrong).is_err(), "{wrong}");
    }
    // The order reversed, and an added field before each.
    let names: Vec<u32> = (0..300).collect();
    let sent: Vec<String> = names.iter().map(|n| format!(r#""f{n}":{n}"#)).collect();
    let got: Vec<String> = sent
        .iter()
        .rev()
        .enumerate()
        .map(|(n, field)| format!(r#""x{n}":0,{field}"#))
        .collect();
    let (sent, got) = (format!("{{{}}}", sent.join(",")), format!("{{{}}}", got.join(",")));
    assert!(verify(&sent, &got).is_ok());
    let unnamed = EchoFault::Field {
        number: 1,
        field: "f7".to_owned(),
        differing: Vec::new(),
    };
    assert_eq!(fault(&sent, &got.replace(r#""f7":7"#, r#""f7":8"#)), unnamed);
    assert_eq!(fault(&sent, &got.replace(r#""f7":7"#, r#""g7":7"#)), unnamed);
    for (sent, got) in [
        ("1", "\"1\""),
        ("null", "\"\""),
        ("9007199254740993", "9007199254740992"),
        ("0.1", "0.2"),
        ("[1,2]", "[1]"),
        ("{\"x\":1}", "{}"),
        ("true", "1"),
        ("\"a\"", "\"A\""),
    ] {
        let with = |value| format!(r#"{{"item_id":"a","v":{value}}}"#);
        assert_eq!(fault(&with(sent), &with(got)), field(1, "v"), "{sent} → {got}");
    }
}

#[test]
fn an_echo_that_holds_a_field_twice_is_none() {
    for (sent, data) in [
        (r#"{"item_id":"a","n":1}"#, r#"{"item_id":"a","n":2,"n":1}"#),
        (r#"{"item_id":"a","n":1}"#, r#"{"item_id":"a","n":1,"n":2}"#),
        (r#"{"item_id":"a","n":1}"#, r#"{"item_id":"b","n":1,"item_id":"a"}"#),
        (r#"{"item_id":"a","n":1}"#, r#"{"item_id":"a","n":1,"x":0,"x":1}"#),
        (r#"{"item_id":"a","m":{"x":1}}"#, r#"{"item_id":"a","m":{"x":2,"x":1}}"#),
        (
            r#"{"item_id":"a","m":[{"x":1.5}]}"#,
            r#"{"item_id":"a","m":[{"x":null,"x":1.5}]}"#,
        ),
        (r#"{"item_id":"é","n":1}"#, r#"{"item_id":"\u00e9","n":2,"\u006e":1}"#),
    ] {
        assert_eq!(fault(sent, data), EchoFault::Repeated(1), "{data}");
    }
    let nested = r#"{"item_id":"a","m":{"x":1e3,"y":{"x":true}},"l":[{"x":-1},{"x":"1"}],"s":"now"}"#;
    assert!(verify(r#"{"item_id":"a","m":{"x":1000}}"#, nested).is_ok());
}

#[test]
fn what_is_no_json_is_never_sent() {
    for body in [
        "",
        "x",
        "1",
        "null",
        r#"{"n":NaN}"#,
        r#"[{"n":Infinity}]"#,
        "[1]",
        r#"{"a":1"#,
        "{}x",
        "{}{}",
        "{},{}",
        "{}]",
        "[{}",
        "[{},]",
        "[,{}]",
        "[{}{}]",
        "[{}]x",
        "[]]",
        "[",
        "]",
    ] {
        assert!(matches!(Body::check(body.as_bytes()), Err(ApiError::BadBody)), "{body}");
    }
    assert!(matches!(Body::check(b"{\"a\":\"\xff\"}"), Err(ApiError::BadBody)));
}

#[test]
fn an_answer_that_is_no_success_is_told_from_one_of_an_unknown_shape() {
    let origin = Origin::for_tests();
    let of = |answer: &str| data_of(answer.as_bytes(), None, &origin, Asked::Other).map(|data| data.map(str::to_owned));
    assert_eq!(of(r#"{"success":true}"#).unwrap(), None);
    assert_eq!(of(r#"{"data":[]}"#).unwrap().as_deref(), Some("[]"));
    assert!(
        matches!(of(r#"{"success":false,"message":"no"}"#), Err(ApiError::Foreign(Oddity::NotSuccess(m))) if m == "no")
    );
    assert!(matches!(of("{}"), Err(ApiError::Foreign(Oddity::Shape(_)))));
    assert!(matches!(of("hello"), Err(ApiError::Foreign(Oddity::NotJson(_)))));
    assert!(matches!(of(r#"{"success":true,"da"#), Err(ApiError::Lost { .. })));
    assert!(matches!(
        of(r#"{"success":true}}"#),
        Err(ApiError::Foreign(Oddity::NotJson(_)))
    ));
}
