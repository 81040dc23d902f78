#![no_main]

use stockport::item::Object;
use stockport::item::text::{ParserBuffers, ItemParser, ItemFault};

// Two texts, the second with the buffers of the first.
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let half = (0..=text.len() / 2).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let (first, second) = text.split_at(half);
    let buffers = items(first, ParserBuffers::default());
    items(second, buffers);
    items(text, ParserBuffers::default());
});

fn items(text: &str, buffers: ParserBuffers) -> ParserBuffers {
    let mut parser = ItemParser::within(text, buffers);
    let mut plain = serde_json::Deserializer::from_str(text).into_iter::<Object>();
    while parser.peek().is_some() {
        match (parser.item(), plain.next()) {
            (Ok(item), Some(Ok(object))) => assert_eq!(item.to_object(), object),
            (Err(ItemFault::Cut), Some(Err(error))) if error.is_eof() => break,
            (Err(ItemFault::Wrong(_)), Some(Err(error))) if !error.is_eof() => break,
            (parsed, plain) => panic!("{:?} and {plain:?}", parsed.map(|item| item.to_object())),
        }
    }
    parser.into_buffers()
}
