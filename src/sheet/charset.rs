//! The character sets a text may be in: those of the WHATWG (`encoding_rs`) and DOS's code pages 437, 850 and 852, which
//! are not among them.
//!
//! Doesn't belong here: which of them a file is in (`encoding`, `plausible`).

use encoding_rs::{Decoder, DecoderResult, Encoding, MACINTOSH};

/// A character set.
#[derive(Clone, Copy, Debug)]
pub(super) enum Charset {
    Whatwg(&'static Encoding),
    Page(&'static CodePage),
}

/// A code page whose lower half is ASCII.
#[derive(Debug)]
pub(super) struct CodePage {
    /// The name that IANA has for it.
    name: &'static str,
    /// Other names, in lower case and without punctuation.
    labels: &'static [&'static str],
    /// The characters of the bytes 0x80 to 0xFF.
    high: &'static str,
}

pub(super) static PAGES: [CodePage; 3] = [
    CodePage {
        name: "IBM437",
        labels: &["437", "cp437", "ibm437", "cspc8codepage437"],
        high: "\
           ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒ\
           áíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
           └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀\
           αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}",
    },
    CodePage {
        name: "IBM850",
        labels: &["850", "cp850", "ibm850", "cspc850multilingual"],
        high: "\
           ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒ\
           áíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
           └┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀\
           ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}",
    },
    CodePage {
        name: "IBM852",
        labels: &["852", "cp852", "ibm852", "cspcp852"],
        high: "\
           ÇüéâäůćçłëŐőîŹÄĆÉĹĺôöĽľŚśÖÜŤťŁ×č\
           áíóúĄąŽžĘę¬źČş«»░▒▓│┤ÁÂĚŞ╣║╗╝Żż┐\
           └┴┬├─┼Ăă╚╔╩╦╠═╬¤đĐĎËďŇÍÎě┘┌█▄ŢŮ▀\
           ÓßÔŃńňŠšŔÚŕŰýÝţ´\u{ad}˝˛ˇ˘§÷¸°¨˙űŘř■\u{a0}",
    },
];

impl Charset {
    /// The character set of this name; none where nobody knows it.
    pub(super) fn named(label: &str) -> Option<Self> {
        let label = label.trim();
        let mut plain = label.to_ascii_lowercase();
        plain.retain(|c| !matches!(c, '-' | '_' | ' '));
        let page = PAGES.iter().find(|page| page.labels.contains(&plain.as_str()));
        match plain.as_str() {
            "macroman" | "macosroman" | "xmacroman" => Some(Self::Whatwg(MACINTOSH)),
            _ => page.map(Self::Page).or_else(|| {
                let known = Encoding::for_label_no_replacement(label.as_bytes());
                known.map(Self::Whatwg)
            }),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Whatwg(encoding) => encoding.name(),
            Self::Page(page) => page.name,
        }
    }

    pub(super) fn is(self, encoding: &'static Encoding) -> bool {
        matches!(self, Self::Whatwg(own) if own == encoding)
    }

    pub(super) fn decoder(self) -> Decoding {
        match self {
            Self::Whatwg(encoding) => Decoding::Whatwg(encoding.new_decoder_without_bom_handling()),
            Self::Page(page) => Decoding::Page(Box::new(page.table())),
        }
    }

    /// A text that may have bytes which are none in this set.
    pub(super) fn text_of(self, bytes: &[u8]) -> String {
        match self {
            Self::Whatwg(encoding) => encoding.decode_without_bom_handling(bytes).0.into_owned(),
            Self::Page(page) => {
                let table = page.table();
                bytes.iter().map(|byte| character(&table, *byte)).collect()
            }
        }
    }
}

/// The characters of a code page's upper half.
type Half = [char; 128];

impl CodePage {
    fn table(&self) -> Half {
        let mut table = [char::REPLACEMENT_CHARACTER; 128];
        for (slot, character) in table.iter_mut().zip(self.high.chars()) {
            *slot = character;
        }
        table
    }
}

fn character(table: &Half, byte: u8) -> char {
    let high = usize::from(byte).checked_sub(128).and_then(|at| table.get(at));
    high.copied().unwrap_or(char::from(byte))
}

/// Decodes a text piece by piece.
pub(super) enum Decoding {
    Whatwg(Decoder),
    Page(Box<Half>),
}

impl Decoding {
    /// As `Decoder::decode_to_utf8_without_replacement`.
    pub(super) fn decode(&mut self, input: &[u8], output: &mut [u8], last: bool) -> (DecoderResult, usize, usize) {
        let table = match self {
            Self::Whatwg(decoder) => return decoder.decode_to_utf8_without_replacement(input, output, last),
            Self::Page(table) => table,
        };
        let (mut read, mut written) = (0, 0);
        for byte in input {
            let character = character(table, *byte);
            let Some(slot) = output.get_mut(written..written + character.len_utf8()) else {
                return (DecoderResult::OutputFull, read, written);
            };
            written += character.encode_utf8(slot).len();
            read += 1;
        }
        (DecoderResult::InputEmpty, read, written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_page_has_a_character_for_every_byte() {
        for page in &PAGES {
            assert_eq!(page.high.chars().count(), 128, "{}", page.name);
            let text = Charset::Page(page).text_of(&(0..=255).collect::<Vec<u8>>());
            assert!(
                text.starts_with('\0') && text.contains("~\u{7f}Ç") && text.ends_with('\u{a0}'),
                "{text}"
            );
        }
    }

    #[test]
    fn names_are_known_with_and_without_punctuation() {
        for (label, name) in [
            ("cp437", "IBM437"),
            ("CP-850", "IBM850"),
            ("ibm852", "IBM852"),
            ("852", "IBM852"),
            ("cp866", "IBM866"),
            ("macintosh", "macintosh"),
            ("Mac Roman", "macintosh"),
            ("mac_roman", "macintosh"),
            ("latin1", "windows-1252"),
        ] {
            assert_eq!(Charset::named(label).map(Charset::name), Some(name), "{label}");
        }
        assert!(Charset::named("klingon").is_none());
    }

    #[test]
    fn a_code_page_is_decoded_piece_by_piece() {
        let mut decoding = Charset::Page(&PAGES[0]).decoder();
        let mut output = [0; 4];
        let (result, read, written) = decoding.decode(b"\xb0\x82a", &mut output, true);
        assert_eq!((result, read, written), (DecoderResult::OutputFull, 1, 3));
        let (result, read, written) = decoding.decode(b"\x82a", &mut output, true);
        assert_eq!(
            (result, read, &output[..written]),
            (DecoderResult::InputEmpty, 2, "éa".as_bytes())
        );
    }
}
