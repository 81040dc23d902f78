#![no_main]

use stockport::item::Object;
use stockport::skim::{Room, Skimmer, Trouble};

// Two texts, the second in the room that the first leaves.
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let half = (0..=text.len() / 2).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let (first, second) = text.split_at(half);
    let room = items(first, Room::default());
    items(second, room);
    items(text, Room::default());
});

fn items(text: &str, room: Room) -> Room {
    let mut skimmer = Skimmer::within(text, room);
    let mut plain = serde_json::Deserializer::from_str(text).into_iter::<Object>();
    while skimmer.peek().is_some() {
        match (skimmer.item(), plain.next()) {
            (Ok(item), Some(Ok(object))) => assert_eq!(item.to_object(), object),
            (Err(Trouble::Cut), Some(Err(error))) if error.is_eof() => break,
            (Err(Trouble::Wrong(_)), Some(Err(error))) if !error.is_eof() => break,
            (skimmed, plain) => panic!("{:?} and {plain:?}", skimmed.map(|item| item.to_object())),
        }
    }
    skimmer.into_room()
}
