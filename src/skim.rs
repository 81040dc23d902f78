//! Items read from their JSON text field by field, without building a tree of values.
//!
//! Belongs here: the syntax of one object after the other, at the speed of large inventories. Doesn't: what the fields
//! mean. What is out of the ordinary (nested values, exponents, control characters, errors) is left to `serde_json`, so
//! that an item is taken, refused and valued exactly as it would be there.

use std::borrow::Cow;

use serde_json::Value;

use crate::item::{ITEM_ID, Object};

/// A field's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Skimmed<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it is spelled.
    Number(&'a str),
    /// A text.
    Text(Cow<'a, str>),
    /// Whatever takes a tree: arrays, maps, numbers with an exponent.
    Other(Value),
}

impl Skimmed<'_> {
    /// The value as a tree.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            // Digits that were checked by the grammar are a number.
            Self::Number(digits) => serde_json::from_str(digits).unwrap_or_default(),
            Self::Text(text) => Value::String(text.clone().into_owned()),
            Self::Other(value) => value.clone(),
        }
    }
}

impl From<Value> for Skimmed<'_> {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::String(text) => Self::Text(Cow::Owned(text)),
            other => Self::Other(other),
        }
    }
}

/// A field: its name and its value.
pub type Field<'a> = (Cow<'a, str>, Skimmed<'a>);

/// An item as its text says it. No name comes twice: of two values the later counts.
#[derive(Clone, Copy, Debug)]
pub struct Item<'i, 'a> {
    /// The text, from the opening to the closing brace.
    pub text: &'a str,
    /// The fields, in the text's order.
    pub fields: &'i [Field<'a>],
    /// Whether it has the very names of the item before it, in the same order.
    pub alike: bool,
}

impl<'a> Item<'_, 'a> {
    /// The value of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Skimmed<'a>> {
        self.fields.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// By what the item is known, as [`crate::inventory::id_of`] says.
    #[must_use]
    pub fn id(&self) -> Option<Cow<'_, str>> {
        ["id", ITEM_ID].into_iter().find_map(|name| match self.get(name)? {
            Skimmed::Text(text) if !text.is_empty() => Some(Cow::Borrowed(text.as_ref())),
            Skimmed::Number(digits) => Some(Cow::Borrowed(*digits)),
            Skimmed::Other(Value::Number(number)) => Some(Cow::Owned(number.to_string())),
            _ => None,
        })
    }

    /// The item as a tree.
    #[must_use]
    pub fn to_object(&self) -> Object {
        let fields = self.fields.iter();
        fields
            .map(|(name, value)| (name.clone().into_owned(), value.to_value()))
            .collect()
    }
}

/// Why there is no item where one should begin.
#[derive(Debug)]
pub enum Trouble {
    /// The text ends within it.
    Cut,
    /// It is no JSON object.
    Wrong(serde_json::Error),
}

/// Reads the items of a text.
pub struct Skimmer<'a> {
    text: &'a str,
    at: usize,
    /// The names of the last item as they stand in the text, quotes left aside; none where one came twice.
    names: Vec<&'a str>,
    /// Room for the next names.
    spare: Vec<&'a str>,
    fields: Vec<Field<'a>>,
}

impl<'a> Skimmer<'a> {
    /// Reads this text from its start.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            names: Vec::new(),
            spare: Vec::new(),
            fields: Vec::new(),
        }
    }

    /// Where the reading has come to.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// Skips white space, and gives the byte that comes then.
    pub fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let blank = rest
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t'))
            .count();
        self.at += blank;
        rest.get(blank).copied()
    }

    /// Skips the byte that was peeked at.
    pub fn skip(&mut self) {
        self.at += 1;
    }

    /// Reads the item that begins here.
    pub fn item(&mut self) -> Result<Item<'_, 'a>, Trouble> {
        self.peek();
        let start = self.at;
        let alike = if let Some(alike) = self.plain() {
            alike
        } else {
            self.at = start;
            self.any()?;
            false
        };
        Ok(Item {
            text: self.text.get(start..self.at).unwrap_or_default(),
            fields: &self.fields,
            alike,
        })
    }

    /// Reads an item of the usual kind, and says whether it is like the last one; none where it isn't of that kind.
    fn plain(&mut self) -> Option<bool> {
        let known = std::mem::take(&mut self.names);
        let mut names = std::mem::take(&mut self.spare);
        names.clear();
        let mut alike = true;
        self.fields.clear();
        self.expect(b'{')?;
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(known.is_empty());
        }
        loop {
            let expected = known.get(names.len()).filter(|name| alike && self.is_next(name));
            let name = if let Some(name) = expected {
                self.at += name.len() + 2;
                *name
            } else {
                alike = false;
                self.peek()?;
                self.string()?
            };
            names.push(name);
            self.expect(b':')?;
            let value = self.value()?;
            self.fields.push((unescaped(name)?, value));
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => break,
                _ => return None,
            }
            self.peek()?;
        }
        self.at += 1;
        alike &= names.len() == known.len();
        if alike || !self.drop_repeated() {
            self.names = names;
        }
        self.spare = known;
        Some(alike)
    }

    /// Of fields with one name the last counts; says whether there were any.
    fn drop_repeated(&mut self) -> bool {
        if self.fields.is_sorted_by(|(name, _), (next, _)| name < next) {
            return false;
        }
        let count = self.fields.len();
        let mut at = 0;
        while let Some((name, _)) = self.fields.get(at) {
            if self.fields.iter().skip(at + 1).any(|(later, _)| later == name) {
                self.fields.remove(at);
            } else {
                at += 1;
            }
        }
        self.fields.len() < count
    }

    /// Reads any item.
    fn any(&mut self) -> Result<(), Trouble> {
        self.names.clear();
        self.fields.clear();
        let rest = self.text.get(self.at..).unwrap_or_default();
        let mut items = serde_json::Deserializer::from_str(rest).into_iter::<Object>();
        match items.next() {
            Some(Ok(item)) => {
                self.at += items.byte_offset();
                let fields = item.into_iter();
                self.fields
                    .extend(fields.map(|(name, value)| (Cow::Owned(name), value.into())));
                Ok(())
            }
            Some(Err(error)) if !error.is_eof() => Err(Trouble::Wrong(error)),
            Some(Err(_)) | None => Err(Trouble::Cut),
        }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// Whether this name, in quotes, comes next.
    fn is_next(&self, name: &str) -> bool {
        let rest = self.rest();
        rest.first() == Some(&b'"')
            && rest.get(1 + name.len()) == Some(&b'"')
            && rest.get(1..=name.len()) == Some(name.as_bytes())
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        if self.peek()? != byte {
            return None;
        }
        self.at += 1;
        Some(())
    }

    fn value(&mut self) -> Option<Skimmed<'a>> {
        Some(match self.peek()? {
            b'"' => Skimmed::Text(unescaped(self.string()?)?),
            b'n' => self.word("null", Skimmed::Null)?,
            b't' => self.word("true", Skimmed::Bool(true))?,
            b'f' => self.word("false", Skimmed::Bool(false))?,
            _ => match self.number() {
                Some(number) => number,
                None => self.tree()?,
            },
        })
    }

    fn word(&mut self, word: &str, value: Skimmed<'a>) -> Option<Skimmed<'a>> {
        if !self.rest().starts_with(word.as_bytes()) {
            return None;
        }
        self.at += word.len();
        Some(value)
    }

    /// The text between the quotes here and those that end it, escapes as they stand.
    fn string(&mut self) -> Option<&'a str> {
        let bytes = self.text.as_bytes();
        if bytes.get(self.at) != Some(&b'"') {
            return None;
        }
        let start = self.at + 1;
        let mut end = start;
        loop {
            end = first_special(bytes, end)?;
            match bytes.get(end)? {
                b'"' => break,
                b'\\' => end += 2,
                _ => return None,
            }
        }
        self.at = end + 1;
        self.text.get(start..end)
    }

    /// A number without an exponent (RFC 8259), as it stands.
    fn number(&mut self) -> Option<Skimmed<'a>> {
        let rest = self.rest();
        let digits = |from: usize| {
            let digits = rest.get(from..).unwrap_or_default().iter();
            digits.take_while(|byte| byte.is_ascii_digit()).count()
        };
        let sign = usize::from(rest.first() == Some(&b'-'));
        let whole = digits(sign);
        if whole == 0 || (whole > 1 && rest.get(sign) == Some(&b'0')) {
            return None;
        }
        let mut end = sign + whole;
        if rest.get(end) == Some(&b'.') {
            let fraction = digits(end + 1);
            if fraction == 0 {
                return None;
            }
            end += 1 + fraction;
        }
        // At the end of the text more of it may be missing.
        if matches!(rest.get(end)?, b'e' | b'E') {
            return None;
        }
        let number = self.text.get(self.at..self.at + end)?;
        self.at += end;
        Some(Skimmed::Number(number))
    }

    fn tree(&mut self) -> Option<Skimmed<'a>> {
        let rest = self.text.get(self.at..)?;
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        let value = values.next()?.ok()?;
        self.at += values.byte_offset();
        Some(value.into())
    }
}

/// What a text between quotes says.
fn unescaped(inner: &str) -> Option<Cow<'_, str>> {
    if !inner.as_bytes().contains(&b'\\') {
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str(&format!("\"{inner}\"")).ok().map(Cow::Owned)
}

/// Where, from `at`, the first quote, backslash or control character stands. Eight bytes are looked at together: the
/// lowest byte whose high bit is set in the sum is the first of them, since a borrow can only spoil those above it.
fn first_special(bytes: &[u8], mut at: usize) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = ONES * 0x80;
    let zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let mut words = bytes.get(at..)?.chunks_exact(8);
    for word in words.by_ref() {
        let mut eight = [0; 8];
        eight.copy_from_slice(word);
        let word = u64::from_le_bytes(eight);
        let quote = zero(word ^ (ONES * u64::from(b'"')));
        let backslash = zero(word ^ (ONES * u64::from(b'\\')));
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let found = (quote | backslash | control) & HIGH;
        if found != 0 {
            return Some(at + usize::try_from(found.trailing_zeros() / 8).unwrap_or_default());
        }
        at += 8;
    }
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    words.remainder().iter().position(special).map(|more| at + more)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::inventory::id_of;

    fn all(text: &str) -> Result<Vec<Object>, Trouble> {
        let mut skimmer = Skimmer::new(text);
        let mut items = Vec::new();
        while skimmer.peek().is_some() {
            let item = skimmer.item()?;
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

    /// Both ways come to the same: the same items, or a failure of the same kind.
    fn agree(text: &str) {
        match (all(text), plain(text)) {
            (Ok(skimmed), Ok(plain)) => assert_eq!(skimmed, plain, "{text}"),
            (Err(Trouble::Cut), Err(error)) => assert!(error.is_eof(), "{text}: {error}"),
            (Err(Trouble::Wrong(_)), Err(error)) => assert!(!error.is_eof(), "{text}: {error}"),
            (skimmed, plain) => panic!("{text}: {skimmed:?}, {plain:?}"),
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
        let mut skimmer = Skimmer::new(r#"{"a":1,"b":2}{"a":3,"b":4}{"b":5,"a":6}{"b":7}{"b":8,"c":9}{"b":1,"c":2}"#);
        let mut alike = Vec::new();
        while skimmer.peek().is_some() {
            alike.push(skimmer.item().unwrap().alike);
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
                prop::collection::btree_map(".{0,4}", inner, 0..3)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
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
}
