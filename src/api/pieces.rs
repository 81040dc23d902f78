//! A list's answer, cut into pieces as it arrives and read on all processors.
//!
//! A cut is a guess: a piece ends behind a brace that a comma and another brace follow. Reading proves it. A piece that
//! begins where an item does is read item by item, and where its last item ends with it, so does the next piece begin
//! where an item does; else the guess was wrong, and what is left of the piece is put in front of the next one. Whatever
//! isn't the usual beginning of an answer, and whatever stands behind the list, is read by `stream`, which also finds the
//! words for what is wrong.
//!
//! Doesn't belong here: what is done with the items (`inventory`), threads (`parallel`).

use std::io::{self, Read};
use std::mem::take as taken;

use super::stream::{self, Answer, Data, Fault};
use crate::item::Object;
use crate::item::text::{Item, ItemFault, ItemParser, StoredField};
use crate::parallel::in_order;

/// How much is read on one processor at a time.
const PIECE: usize = 512 * 1024;

/// Puts an item into what is made of a piece.
pub(super) type Make<'m, P> = dyn Fn(&mut P, &Item<'_, '_>) + Sync + 'm;

/// Takes what was made of a piece, or of a part of one.
pub(super) type Take<'t, P, E> = dyn FnMut(P) -> Result<(), E> + 't;

/// A piece as it was cut.
struct Piece {
    bytes: Vec<u8>,
    /// The list begins with it: no item comes before its first.
    first: bool,
}

/// A piece that was read.
struct Done<P> {
    made: P,
    count: u64,
    end: End,
    piece: Piece,
}

/// How a piece ended.
#[derive(Clone, Copy)]
enum End {
    /// Behind an item.
    Item,
    /// With the list, whose bracket stands here.
    List(usize),
    /// Within an item; the last whole one ends here.
    Within(usize),
    /// In what is no list of items; the last whole one ends here.
    Wrong(usize),
}

/// Reads a list's answer to its end, making what `make` says of the items of each piece, and handing it on in the list's
/// order.
pub(super) fn read<P, E>(
    mut reader: impl Read + Send,
    make: &Make<'_, P>,
    take: &mut Take<'_, P, E>,
) -> Result<Answer, Fault<E>>
where
    P: Default + Send,
    E: Send,
{
    let mut bytes = Vec::new();
    let at_end = fill(&mut reader, &mut bytes)?;
    let Some(start) = list_start(&bytes) else {
        return read_plainly(io::Read::chain(bytes.as_slice(), reader), make, take);
    };
    let rest = bytes.split_off(start);
    let mut joined = Joined {
        head: bytes,
        carry: None,
        tail: None,
        count: 0,
        make,
    };
    in_order(
        |give| cut(reader, rest, at_end, give),
        |piece| work(make, piece),
        |done| joined.add(done, take),
    )?;
    joined.answer()
}

/// Adds to the bytes what is read, a piece at most; says whether the answer has come to its end.
fn fill<E>(reader: &mut impl Read, bytes: &mut Vec<u8>) -> Result<bool, Fault<E>> {
    let wanted = bytes.len() + PIECE;
    bytes.reserve_exact(PIECE);
    let most = u64::try_from(PIECE).unwrap_or(u64::MAX);
    reader.take(most).read_to_end(bytes).map_err(Fault::Read)?;
    Ok(bytes.len() < wanted)
}

/// Where the first item of the list begins, in an answer that begins as the API's do.
fn list_start(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    let mut word = |word: &str| {
        let after = rest.trim_ascii_start().strip_prefix(word.as_bytes());
        rest = after.unwrap_or(rest);
        after.is_some()
    };
    let begins = word("{")
        && (!word("\"success\"") || (word(":") && word("true") && word(",")))
        && word("\"data\"")
        && word(":")
        && word("[");
    begins.then(|| bytes.len() - rest.len())
}

fn cut<E>(
    mut reader: impl Read,
    mut bytes: Vec<u8>,
    mut at_end: bool,
    give: &mut dyn FnMut(Piece) -> bool,
) -> Result<(), Fault<E>> {
    let mut first = true;
    loop {
        let cut = if at_end { None } else { last_boundary(&bytes) };
        let rest = cut.map(|cut| bytes.split_off(cut)).unwrap_or_default();
        if (at_end || cut.is_some())
            && !give(Piece {
                bytes: taken(&mut bytes),
                first: taken(&mut first),
            })
        {
            return Ok(());
        }
        if at_end {
            return Ok(());
        }
        if cut.is_some() {
            bytes = rest;
        }
        at_end = fill(&mut reader, &mut bytes)?;
    }
}

/// The last place where an item may end and another follow.
fn last_boundary(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    while let Some(brace) = rest.iter().rposition(|byte| *byte == b'{') {
        rest = rest.get(..brace)?;
        let before = rest.trim_ascii_end();
        if let Some(before) = before.strip_suffix(b",")
            && before.trim_ascii_end().ends_with(b"}")
        {
            return Some(before.trim_ascii_end().len());
        }
    }
    None
}

fn work<P: Default>(make: &Make<'_, P>, piece: Piece) -> Done<P> {
    let mut made = P::default();
    let mut count = 0;
    let end = match std::str::from_utf8(&piece.bytes) {
        Ok(text) => items(text, piece.first, make, &mut made, &mut count),
        Err(_) => End::Wrong(0),
    };
    Done {
        made,
        count,
        end,
        piece,
    }
}

fn items<P>(text: &str, first: bool, make: &Make<'_, P>, made: &mut P, count: &mut u64) -> End {
    let mut parser = ItemParser::new(text);
    let mut whole = 0;
    loop {
        let begins = first && *count == 0;
        match parser.peek() {
            None if begins => return End::Within(whole),
            None => return End::Item,
            Some(b']') => return End::List(parser.at()),
            Some(b',') if !begins => {
                parser.skip();
                if parser.peek().is_none() {
                    return End::Within(whole);
                }
            }
            Some(_) if begins => {}
            Some(_) => return End::Wrong(whole),
        }
        match parser.item() {
            Ok(item) => make(made, &item),
            Err(ItemFault::Cut) => return End::Within(whole),
            Err(ItemFault::Wrong(_)) => return End::Wrong(whole),
        }
        *count += 1;
        whole = parser.at();
    }
}

/// What has been read, piece after piece.
struct Joined<'m, P> {
    /// The answer up to the list.
    head: Vec<u8>,
    /// The beginning of an item that a cut went through, or of what is wrong.
    carry: Option<Piece>,
    /// The answer from the list's end on.
    tail: Option<Vec<u8>>,
    count: u64,
    make: &'m Make<'m, P>,
}

impl<P: Default> Joined<'_, P> {
    fn add<E>(&mut self, done: Done<P>, take: &mut Take<'_, P, E>) -> Result<(), Fault<E>> {
        if let Some(tail) = &mut self.tail {
            tail.extend_from_slice(&done.piece.bytes);
            return Ok(());
        }
        let done = match self.carry.take() {
            None => done,
            // It began within an item, or so it may be.
            Some(mut piece) => {
                piece.bytes.extend_from_slice(&done.piece.bytes);
                work(self.make, piece)
            }
        };
        if done.count > 0 {
            take(done.made).map_err(Fault::Taker)?;
            self.count = self.count.saturating_add(done.count);
        }
        let Piece { mut bytes, first } = done.piece;
        let first = first && done.count == 0;
        match done.end {
            End::Item => {}
            End::List(at) => self.tail = Some(bytes.split_off(at)),
            End::Within(at) => {
                let bytes = bytes.split_off(at);
                self.carry = Some(Piece { bytes, first });
            }
            End::Wrong(at) => {
                let bytes = bytes.split_off(at);
                return Err(self.complaint(&bytes, first));
            }
        }
        Ok(())
    }

    /// What the plain reading says of these bytes, which stand where the next item should.
    fn complaint<E>(&self, bytes: &[u8], first: bool) -> Fault<E> {
        let before: &[u8] = if first { b"" } else { b"{}" };
        let text = [&self.head, before, bytes].concat();
        match stream::read(text.as_slice(), &mut |_| Ok(())) {
            Err(fault) => fault,
            Ok(_) => Fault::Json(serde::de::Error::custom("the list holds what is no item")),
        }
    }

    fn answer<E>(self) -> Result<Answer, Fault<E>> {
        let Some(tail) = &self.tail else {
            let carry = self.carry.as_ref();
            let (bytes, first) = carry.map_or((&[][..], self.count == 0), |piece| (&piece.bytes, piece.first));
            return Err(self.complaint(bytes, first));
        };
        let envelope = [self.head.as_slice(), tail].concat();
        let mut answer = stream::read(envelope.as_slice(), &mut |_| Ok(()))?;
        answer.data = Data::List(self.count);
        Ok(answer)
    }
}

/// One item after the other, by the plain parser.
fn read_plainly<P: Default, E>(
    reader: impl Read,
    make: &Make<'_, P>,
    take: &mut Take<'_, P, E>,
) -> Result<Answer, Fault<E>> {
    stream::read(io::BufReader::with_capacity(PIECE, reader), &mut |item: Object| {
        let text = serde_json::to_string(&item).unwrap_or_default();
        let fields: Vec<StoredField<'_>> = item
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        let mut made = P::default();
        make(
            &mut made,
            &Item {
                text: &text,
                fields: &fields,
                alike: false,
            },
        );
        take(made)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Ids = Vec<String>;

    fn in_pieces(text: &[u8], most: usize) -> (Result<Answer, Fault<String>>, Ids) {
        /// Gives a few bytes at a time, as a network does.
        struct Drip<'a>(&'a [u8], usize);
        impl Read for Drip<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let most = self.1.min(buffer.len());
                self.0.read(&mut buffer[..most])
            }
        }
        let mut seen = Ids::new();
        let answer = read::<Ids, String>(
            Drip(text, most),
            &|ids, item| ids.push(serde_json::to_string(&item.to_object()).unwrap()),
            &mut |ids| {
                if ids.iter().any(|id| id.contains("stop")) {
                    return Err("stopped".to_owned());
                }
                seen.extend(ids);
                Ok(())
            },
        );
        (answer, seen)
    }

    fn plainly(text: &[u8]) -> (Result<Answer, Fault<String>>, Ids) {
        let mut seen = Ids::new();
        let answer = stream::read(text, &mut |item| {
            seen.push(serde_json::to_string(&item).unwrap());
            Ok::<(), String>(())
        });
        (answer, seen)
    }

    /// The same items and the same end; where there is a failure, the items before it may be handed out or not.
    fn agree(text: &[u8]) {
        let shown = String::from_utf8_lossy(text).chars().take(200).collect::<String>();
        match (in_pieces(text, 1 << 20), plainly(text)) {
            ((Ok(fast), fast_ids), (Ok(plain), plain_ids)) => {
                assert_eq!(format!("{fast:?}"), format!("{plain:?}"), "{shown}");
                assert_eq!(fast_ids, plain_ids, "{shown}");
            }
            ((Err(fast), fast_ids), (Err(plain), plain_ids)) => {
                match (fast, plain) {
                    (Fault::Json(fast), Fault::Json(plain)) => {
                        assert_eq!(fast.classify(), plain.classify(), "{fast}, {plain}: {shown}");
                    }
                    (Fault::Trailing, Fault::Trailing) => {}
                    (fast, plain) => panic!("{fast:?}, {plain:?}: {shown}"),
                }
                assert!(plain_ids.starts_with(&fast_ids), "{shown}");
            }
            ((fast, _), (plain, _)) => panic!("{fast:?}, {plain:?}: {shown}"),
        }
    }

    /// A list of so many pieces, whose items hold what looks like a cut.
    fn long(pieces: usize, nested: &str) -> String {
        let mut text = String::from(r#"{"success": true, "data": ["#);
        let mut number = 0;
        while text.len() < pieces * PIECE {
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
    fn an_answer_is_read_as_the_plain_parser_reads_it_wherever_it_is_cut() {
        let whole = r#" {"success" : true,"data":[{"id":"a","n":[{},{}]} , {"id":"},{"},{"id":"c"}] ,"x":{"y":[]},"message":"é"} "#;
        for end in 0..=whole.len() {
            agree(&whole.as_bytes()[..end]);
        }
        for text in [
            r#"{"data":[]}"#,
            r#"{"data":[ ] , "success":false,"message":"no"}"#,
            r#"{"success":false,"data":[{"id":"a"}]}"#,
            r#"{"data":[{},]}"#,
            r#"{"data":[,{}]}"#,
            r#"{"data":[{}{}]}"#,
            r#"{"data":[{}}"#,
            r#"{"data":[1]}"#,
            r#"{"data":[[]]}"#,
            r#"{"data":[{}],"data":[]}"#,
            r#"{"success":true,"success":false,"data":[{}]}"#,
            r#"{"data":[{"a":01}]}"#,
            r#"{"data":{}}"#,
            r#"{"data":[{}]}x"#,
            r#"{"data":[{}]}{}"#,
            "[]",
            "",
            "{",
            "null",
            r#"{"data":[null]}"#,
            r#"{"x":1,"data":[{"id":"a"}]}"#,
        ] {
            agree(text.as_bytes());
        }
        agree(b"{\"data\":[{\"a\":\"\xff\"}]}");
    }

    #[test]
    fn a_list_of_many_pieces_is_read_as_the_plain_parser_reads_it() {
        let tricky = [
            r#""},{""#,
            r#"[{"a":"}"},{"b":"\"},{"},{"c":[{},{},{}]}]"#,
            r#""\\\\},{\\""#,
            "null",
            r#"{"m":[{"id":"B"}, {"id":"C"}]}"#,
        ];
        for nested in tricky {
            let text = long(4, nested);
            agree(text.as_bytes());
            agree(&text.as_bytes()[..text.len() / 2]);
            agree(
                text.replacen("A9\"", "A9\" ", 1)
                    .replacen("A1000\"", "A1000", 1)
                    .as_bytes(),
            );
        }
        let large = format!(
            r#"{{"data":[{{"id":"a"}},{{"id":"b","x":"{}"}},{{"id":"c"}}]}}"#,
            "z".repeat(3 * PIECE)
        );
        agree(large.as_bytes());
    }

    #[test]
    fn a_list_that_comes_in_drops_is_the_same() {
        let text = long(2, r#"[{"a":1},{"b":2}]"#);
        assert_eq!(in_pieces(text.as_bytes(), 1_000).1, plainly(text.as_bytes()).1);
    }

    #[test]
    fn a_refusal_of_the_taker_ends_the_list() {
        let text = long(3, "1").replacen("A3000", "stop", 1);
        let (answer, _) = in_pieces(text.as_bytes(), 1 << 20);
        assert!(matches!(answer, Err(Fault::Taker(text)) if text == "stopped"));
    }

    #[test]
    fn a_connection_that_breaks_is_told_after_what_came_before() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::ConnectionReset.into())
            }
        }
        let text = long(3, "1");
        let mut count = 0;
        let half = &text.as_bytes()[..text.len() / 2];
        let answer = read::<u64, ()>(half.chain(Broken), &|count, _| *count += 1, &mut |more| {
            count += more;
            Ok(())
        });
        assert!(matches!(answer, Err(Fault::Read(_))) && count > 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_answer_is_read_as_the_plain_parser_reads_it(
            text in r#"\{("success": ?true, ?)?"data": ?\[?(\{("[ab]": ?("[a}{,]{0,3}"|[0-9]|\[\{\},\{\}\]),?)*\},? ?){0,5}\]?(,"x":1)?\}?"#
        ) {
            agree(text.as_bytes());
        }
    }
}
