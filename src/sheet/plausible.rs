//! Which of the character sets of DOS and the Mac a text may be in that is read as another one: by how plausible its
//! letters and marks are where they stand.
//!
//! Doesn't belong here: the statistics of languages (chardetng), what a file's bytes are (`encoding`).

use encoding_rs::{IBM866, MACINTOSH};

use super::charset::{Charset, PAGES};

/// Letters beyond ASCII that Western languages use every day.
const COMMON: &str = "áàâäãåæçéèêëíìîïñóòôöõøœßúùûüýÁÀÂÄÃÅÆÇÉÈÊËÍÌÎÏÑÓÒÔÖÕØŒÚÙÛÜÝ";

/// The set in which this text reads clearly better than in the one that it seems to be in. `bare_returns`: its lines end in
/// CR alone, as those of the old Mac did, so that its own set needs only be as good.
pub(super) fn better(text: &[u8], seems: Charset, bare_returns: bool) -> Option<Charset> {
    let seen = rate(&seems.text_of(text));
    let pages = PAGES.iter().map(Charset::Page);
    let sets = [Charset::Whatwg(MACINTOSH)].into_iter().chain(pages);
    let mut best: Option<(Charset, Rating)> = None;
    for set in sets.chain([Charset::Whatwg(IBM866)]) {
        let rating = rate(&set.text_of(text));
        // More than one point a character, or half a one where only this set has no fault: a single doubtful place proves
        // nothing.
        let ahead = rating.points - seen.points;
        let is_better = ahead > rating.characters.max(1)
            || (seen.faults > 1 && rating.faults == 0 && ahead * 2 > rating.characters);
        let is_macs = bare_returns && set.is(MACINTOSH) && ahead >= 0;
        if (is_better || is_macs) && best.is_none_or(|(_, leader)| rating.points > leader.points) {
            best = Some((set, rating));
        }
    }
    best.map(|(set, _)| set)
}

#[derive(Clone, Copy, Default)]
struct Rating {
    points: i64,
    /// How many characters beyond ASCII there are.
    characters: i64,
    /// How many of them are implausible.
    faults: i64,
}

/// How plausible the characters beyond ASCII are, each beside its neighbours.
fn rate(text: &str) -> Rating {
    let text: Vec<char> = text.chars().collect();
    let mut rating = Rating::default();
    for (at, character) in text.iter().enumerate() {
        if character.is_ascii() {
            continue;
        }
        let place = Place { text: &text, at };
        rating.characters += 1;
        let points = place.points(*character);
        rating.points += points;
        rating.faults += i64::from(points < 0);
    }
    rating
}

/// A place in a text.
struct Place<'t> {
    text: &'t [char],
    at: usize,
}

impl Place<'_> {
    fn before(&self, by: usize) -> char {
        let at = self.at.checked_sub(by);
        at.and_then(|at| self.text.get(at)).copied().unwrap_or(' ')
    }

    fn behind(&self, by: usize) -> char {
        self.text.get(self.at + by).copied().unwrap_or(' ')
    }

    fn points(&self, character: char) -> i64 {
        let (left, right) = (self.before(1), self.behind(1));
        let is_within = left.is_alphabetic() && right.is_alphabetic();
        let (opens, closes) = (
            !left.is_alphanumeric() && right.is_alphanumeric(),
            left.is_alphanumeric() && !right.is_alphanumeric(),
        );
        match character {
            '\u{80}'..='\u{9f}' | char::REPLACEMENT_CHARACTER => -3,
            '\u{2500}'..='\u{25ff}' => -2,
            '\u{a0}' => 1,
            '’' => self.apostrophe(is_within, closes),
            '–' | '—' if is_within => self.dash(),
            '–' | '—' if !left.is_alphabetic() && !right.is_alphabetic() => 2,
            _ if is_within && !character.is_alphabetic() => -2,
            '“' | '‘' | '«' | '¿' | '¡' => 2 * i64::from(opens),
            '”' | '…' | '™' | '®' | '»' => 2 * i64::from(closes),
            '°' | '½' | '¼' | '¾' | '²' | '³' | '€' | '£' | '¢' | 'µ' | '×' | '±' => {
                1 + i64::from(left.is_ascii_digit() || right.is_ascii_digit())
            }
            '©' | '§' | '•' | '·' | 'ª' | 'º' => i64::from(!right.is_alphabetic()),
            _ if character.is_alphabetic() => self.letter(character),
            _ => -1,
        }
    }

    /// `Jack’s`, `l’or`, `dogs’`.
    fn apostrophe(&self, is_within: bool, closes: bool) -> i64 {
        let ending: String = (1..4)
            .map(|by| self.behind(by))
            .take_while(|c| c.is_alphabetic())
            .collect();
        let is_english = [
            "s", "t", "d", "m", "ll", "re", "ve", "S", "T", "D", "M", "LL", "RE", "VE",
        ];
        match is_within {
            true if is_english.contains(&ending.as_str()) || !self.before(2).is_alphabetic() => 3,
            true => 1,
            false => 1 + i64::from(closes),
        }
    }

    /// Between two words, not inside of one (`Jalape–o`).
    fn dash(&self) -> i64 {
        let word = |side: fn(&Self, usize) -> char| (1..4).all(|by| side(self, by).is_alphabetic());
        if word(Self::before) && word(Self::behind) {
            1
        } else {
            -1
        }
    }

    fn letter(&self, letter: char) -> i64 {
        let (left, right) = (self.before(1), self.behind(1));
        if !left.is_alphabetic() && !right.is_alphabetic() || left.is_ascii_digit() {
            return -1;
        }
        let is_foreign = |c: char| c > '\u{24f}' && c.is_alphabetic();
        let is_mixed = [left, right]
            .iter()
            .any(|c| c.is_alphabetic() && is_foreign(*c) != is_foreign(letter));
        if is_mixed || (letter.is_uppercase() && left.is_lowercase()) {
            return -2;
        }
        let breaks_capitals = right.is_uppercase() || (left.is_uppercase() && self.before(2).is_uppercase());
        if letter.is_lowercase() && breaks_capitals {
            return -1;
        }
        1 + i64::from(is_foreign(letter) || COMMON.contains(letter))
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::{Encoding, WINDOWS_1252};

    use super::*;

    fn found(text: &[u8], bare_returns: bool) -> Option<&'static str> {
        better(text, Charset::Whatwg(WINDOWS_1252), bare_returns).map(Charset::name)
    }

    #[test]
    fn what_windows_1252_writes_stays_in_it() {
        let texts = [
            "Château",
            "Gâteau",
            "Forêt",
            "Tête",
            "Naïve",
            "Café",
            "½ oz",
            "Piña – cured",
            "Jack’s Kush",
            "l’eau d’or",
            "O’Brien",
            "Hawai’i",
            "“blue dream”",
            "“Blue Dream”",
            "dogs’",
            "more…",
            "Indica—dominant",
            "Sativa–Indica",
            "Kush™",
            "Kush®",
            "© 2026",
            "20°C",
            "€20",
            "3½g",
            "CAFÉ",
            "Éclair",
            "CRÈME BRÛLÉE",
            "JALAPEÑO",
            "MONTAÑOSO",
            "LIMÕES",
            "Blue\u{a0}Dream",
            "blue\u{a0}dream",
            "10\u{a0}g",
            "5 µg",
            "don’t",
            "we’ll",
            "Más",
            "Œuvre",
            "œuf",
            "Žižek",
            "Škoda",
            "naïve",
            "3.5” wide",
            "A–Z",
            "£5",
            "2–3",
            "¿Qué?",
            "Straße",
            "N’Djamena",
            "rock ’n’ roll",
        ];
        for text in texts {
            let bytes = WINDOWS_1252.encode(text).0;
            for times in [1, 50] {
                let many: Vec<u8> = [&bytes[..], b"\n"].concat().repeat(times);
                assert_eq!(found(&many, false), None, "{text}");
            }
        }
    }

    #[test]
    fn mac_roman_is_told_by_its_letters() {
        for text in [
            "Café",
            "Jalapeño",
            "Crème brûlée",
            "Piña",
            "Jack’s",
            "Crème",
            "Corazón",
            "Château",
            "Señor",
            "Gâteau",
        ] {
            assert_eq!(found(&MACINTOSH.encode(text).0, false), Some("macintosh"), "{text}");
        }
        assert_eq!(found(&MACINTOSH.encode("Jardín").0, false), None);
        assert_eq!(found(&MACINTOSH.encode("Jardín").0, true), Some("macintosh"));
    }

    #[test]
    fn code_pages_are_told_by_their_letters() {
        for (text, name) in [
            (&b"Caf\x82"[..], "IBM437"),
            (b"CAF\x90", "IBM437"),
            (b"Jalape\xa4o", "IBM437"),
            (b"Cr\x8ame br\x96l\x82e", "IBM437"),
            (b"S\xc6o Jo\xc6o, lim\xe4es", "IBM850"),
            (b"\xb5rbol, CAF\x90", "IBM850"),
            (b"P\xfd\xa1li\xe7 \xa7lu\x9cou\x9fk\xec", "IBM852"),
            (b"\x91\xa8\xad\xa8\xa9 \xaa\xa0\xac\xa5\xad\xec", "IBM866"),
        ] {
            assert_eq!(found(text, false), Some(name), "{text:?}");
        }
    }

    #[test]
    fn texts_of_other_scripts_stay_in_the_sets_that_they_seem_to_be_in() {
        for (label, text) in [
            ("windows-1251", "Синий камень, ЗЕЛЁНЫЙ"),
            ("koi8-r", "Синий камень"),
            ("windows-1253", "Αθήνα και μέλι"),
            ("windows-1250", "Příliš žluťoučký kůň"),
            ("windows-1254", "Yeşil çiğ köfte ışık"),
            ("shift_jis", "大麻の花"),
            ("windows-1255", "פרח ירוק"),
        ] {
            let encoding = Encoding::for_label(label.as_bytes()).unwrap();
            let better = better(&encoding.encode(text).0, Charset::Whatwg(encoding), false);
            assert!(better.is_none(), "{label}: {better:?}");
        }
    }
}
