//! Ids that a person or a spreadsheet program takes for one: the fold that makes them the same text, and how they are shown
//! apart.
//!
//! Doesn't belong here: which ids are compared (`duplicates`, `transfer`), reading one (`ids`).

use icu_normalizer::ComposingNormalizerBorrowed;

/// NFKC: composed and decomposed letters are one, as are letters of full width, and white space of any width.
const NORMALIZER: ComposingNormalizerBorrowed<'_> = ComposingNormalizerBorrowed::new_nfkc();

/// Writes the fold of an id: without case, white space, invisible characters, leading zeros and apostrophes, and the decimals
/// of an integer (`10001.0`); with one kind of dash. Two ids with the same fold are nearly the same.
pub(crate) fn fold_id_into(id: &str, folded: &mut String) {
    folded.clear();
    if id.is_ascii() {
        if id.bytes().all(|byte| byte.is_ascii_graphic()) {
            folded.push_str(id);
        } else {
            folded.extend(id.chars().filter(char::is_ascii_graphic));
        }
        folded.make_ascii_lowercase();
    } else {
        let letters = NORMALIZER.normalize(id);
        let letters = letters.chars().filter(|letter| !is_unseen(*letter)).map(dashed);
        // Upper case first: it makes one of letters that have no lower case of their own (ß, ſ).
        let upper = letters.flat_map(char::to_uppercase);
        folded.extend(upper.flat_map(char::to_lowercase));
    }
    if let Some((digits, decimals)) = folded.split_once('.')
        && !digits.is_empty()
        && !decimals.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && decimals.bytes().all(|byte| byte == b'0')
    {
        folded.truncate(digits.len());
    }
    let led = folded.trim_start_matches('\'');
    let bare = led.trim_start_matches('0').len();
    // Of zeros alone one stays.
    let bare = if bare == 0 { led.len().min(1) } else { bare };
    folded.drain(..folded.len() - bare);
}

/// The fold of an id.
pub(crate) fn fold_id(id: &str) -> String {
    let mut folded = String::new();
    fold_id_into(id, &mut folded);
    folded
}

/// White space, control characters, and characters that take no room on the screen (of Unicode's property
/// `Default_Ignorable_Code_Point`).
fn is_unseen(letter: char) -> bool {
    letter.is_whitespace()
        || letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{e0000}'..='\u{e0fff}')
}

fn dashed(letter: char) -> char {
    match letter {
        '\u{2010}'..='\u{2015}' | '\u{2043}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}' => '-',
        other => other,
    }
}

/// An id in quotes, with escapes for whatever can't be seen or told apart: white space other than a single inner space,
/// invisible and control characters, combining marks, and letters and dashes that look like others.
pub(crate) fn spelled(id: &str) -> String {
    let mut shown = String::from("\"");
    let mut before = None;
    let mut letters = id.chars().peekable();
    while let Some(letter) = letters.next() {
        let is_inner =
            before.is_some_and(|before: char| before != ' ') && letters.peek().is_some_and(|next| *next != ' ');
        let escaped = match letter {
            '"' | '\\' => Some(letter.escape_default().to_string()),
            ' ' => (!is_inner).then(|| "\\u{20}".to_owned()),
            _ if is_unseen(letter) || is_variant(letter) => Some(letter.escape_unicode().to_string()),
            // The quotes of characters are none of texts.
            '\'' => None,
            _ => {
                let debug = letter.escape_debug();
                (debug.len() > 1).then(|| debug.to_string())
            }
        };
        match escaped {
            Some(escaped) => shown.push_str(&escaped),
            None => shown.push(letter),
        }
        before = Some(letter);
    }
    shown.push('"');
    shown
}

/// Whether a letter is another spelling of one that looks the same, or nearly so.
fn is_variant(letter: char) -> bool {
    let mut bytes = [0; 4];
    let text: &str = letter.encode_utf8(&mut bytes);
    !letter.is_ascii() && (NORMALIZER.normalize(text) != text || dashed(letter) != letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_a_person_takes_for_one_have_one_fold() {
        for (a, b) in [
            ("1A4FF01", "1a4ff01"),
            (" B2 ", "B2"),
            ("\u{a0}B2\t", "B2"),
            ("B 2", "B\u{a0}2"),
            ("B  2", "B 2"),
            ("B\u{200b}2", "B2"),
            ("\u{feff}B2", "B2"),
            ("B2\u{200e}", "B2"),
            ("B\u{ad}2", "B2"),
            ("\u{fc}1", "u\u{308}1"),
            ("\u{c5}ngstr\u{f6}m", "\u{212b}NGSTRO\u{308}M"),
            ("112", "00112"),
            ("112", "112.0"),
            ("'00112", "112"),
            ("0A1", "A1"),
            ("\u{ff21}1", "A1"),
            ("A-1", "A\u{2013}1"),
            ("A-1", "A\u{2011}1"),
            ("STRASSE", "stra\u{df}e"),
            ("0", "000"),
        ] {
            assert_eq!(fold_id(a), fold_id(b), "{a:?} {b:?}");
            assert_ne!(spelled(a), spelled(b), "{a:?} {b:?}");
        }
        for (a, b) in [
            ("A1", "A2"),
            ("A1", "A-1"),
            ("100", "1"),
            ("1.5", "15"),
            ("\u{fc}1", "u1"),
            ("0", "A"),
            ("112.0", "1120"),
        ] {
            assert_ne!(fold_id(a), fold_id(b), "{a:?} {b:?}");
        }
    }

    #[test]
    fn what_can_not_be_seen_is_spelled_as_an_escape() {
        for (id, shown) in [
            ("A 1", r#""A 1""#),
            (" A  1", r#""\u{20}A\u{20}\u{20}1""#),
            ("A\u{a0}1\u{200b}", r#""A\u{a0}1\u{200b}""#),
            ("u\u{308}1", r#""u\u{308}1""#),
            ("\u{fc}1", "\"\u{fc}1\""),
            ("A\u{2013}1", r#""A\u{2013}1""#),
            ("it's \"x\"", r#""it's \"x\"""#),
            ("\u{1b}[31m", r#""\u{1b}[31m""#),
        ] {
            assert_eq!(spelled(id), shown, "{id:?}");
        }
    }
}
