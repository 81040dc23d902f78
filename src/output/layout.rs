//! How text stands on a terminal: its width in columns, lines that break between words, columns that line up, numbers.
//!
//! Belongs here: pure functions of a text and a width, or of a number. Doesn't: asking how wide the terminal is, printing (`output`).

use std::time::Duration;

use console::{measure_text_width, strip_ansi_codes};

/// Narrower than this, lines are left to the terminal: nothing would be pleasant there.
const NARROWEST: usize = 20;
/// How much further in than its first line the rest of a broken line stands.
const HANG: usize = 2;

/// How many columns a text takes on a terminal: two for a CJK character or an emoji, none for a colour.
#[must_use]
pub fn width(text: &str) -> usize {
    measure_text_width(text)
}

/// The text with blanks behind it, so that it takes so many columns.
#[must_use]
pub fn padded(text: &str, columns: usize) -> String {
    let blanks = columns.saturating_sub(width(text));
    format!("{text}{:blanks$}", "")
}

/// As much of the text as stands in so many columns, with `…` at its end where that is not all of it.
#[must_use]
pub fn shortened(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut taken = 0;
    let mut buffer = [0; 4];
    for c in text.chars() {
        taken += width(c.encode_utf8(&mut buffer));
        if taken + 1 > columns {
            break;
        }
        short.push(c);
    }
    short.push('…');
    short
}

/// The text in lines of at most so many columns, broken between words. What follows a break stands further in than the
/// line's beginning; a word that is too long for a line (a path, which a terminal can open as long as it is whole) is kept.
#[must_use]
pub fn wrapped(text: &str, columns: usize) -> String {
    let lines: Vec<String> = text.split('\n').map(|line| broken(line, columns)).collect();
    lines.join("\n")
}

fn broken(line: &str, columns: usize) -> String {
    if columns < NARROWEST || width(line) <= columns {
        return line.to_owned();
    }
    // A colour may begin before the blanks.
    let plain = strip_ansi_codes(line);
    let indent = plain.len() - plain.trim_start_matches(' ').len();
    let hang = (indent + HANG).min(columns / 3);
    let mut out = String::with_capacity(line.len() + line.len() / columns * (hang + 1));
    let mut at = 0;
    let mut gap = 0;
    for (place, word) in line.split(' ').enumerate() {
        gap += usize::from(place > 0);
        if word.is_empty() {
            continue;
        }
        let wide = width(word);
        if at > 0 && at + gap + wide > columns {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', hang));
            at = hang + wide;
        } else {
            out.extend(std::iter::repeat_n(' ', gap));
            at += gap + wide;
        }
        gap = 0;
        out.push_str(word);
    }
    out
}

/// A duration for a person: `0.4 s`, `12 s`, `3 min 5 s`, `1 h 12 min`.
#[must_use]
pub fn human(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 9.95 {
        return format!("{seconds:.1} s");
    }
    let whole = (duration + Duration::from_millis(500)).as_secs();
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// A number with its thousands set apart: 12,345.
#[must_use]
pub fn grouped(number: u64) -> String {
    grouped_digits(&number.to_string())
}

/// A rate, rounded, with its thousands set apart: 1,204.
#[must_use]
pub fn rounded(rate: f64) -> String {
    grouped_digits(&format!("{:.0}", rate.max(0.0)))
}

fn grouped_digits(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 item`, `12,345 items`.
#[must_use]
pub fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(number))
}

/// Where the rest of a list is that a screen shows the first of: `… and 7,490 more rows failed: see count.rejects.csv`. The
/// noun, what follows it, and the place may be blank; none if there is no rest.
#[must_use]
pub fn and_more(more: u64, (noun, end): (&str, &str), place: &str) -> Option<String> {
    let what = if noun.is_empty() {
        format!("{} more", grouped(more))
    } else {
        counted(more, &format!("more {noun}"))
    };
    let end = if end.is_empty() {
        String::new()
    } else {
        format!(" {end}")
    };
    let place = if place.is_empty() {
        String::new()
    } else {
        format!(": {place}")
    };
    (more > 0).then(|| format!("… and {what}{end}{place}"))
}

/// A count with its verb: `1 item is`, `2 items are`, `0 items are`.
#[must_use]
pub fn counted_are(number: u64, noun: &str) -> String {
    format!("{} {}", counted(number, noun), are(number))
}

/// The same in the past: `1 item was`.
#[must_use]
pub fn counted_were(number: u64, noun: &str) -> String {
    format!("{} {}", counted(number, noun), if number == 1 { "was" } else { "were" })
}

/// The same with what it has: `1 item has`.
#[must_use]
pub fn counted_have(number: u64, noun: &str) -> String {
    format!("{} {}", counted(number, noun), have(number))
}

/// `has` for one, else `have`.
#[must_use]
pub fn have(number: u64) -> &'static str {
    if number == 1 { "has" } else { "have" }
}

/// `is` for one, else `are`.
#[must_use]
pub fn are(number: u64) -> &'static str {
    if number == 1 { "is" } else { "are" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(grouped),
            ["0", "999", "1,000", "1,234,567"]
        );
    }

    #[test]
    fn one_is_and_several_are() {
        assert_eq!(counted_are(1, "item"), "1 item is");
        assert_eq!(counted_are(2, "item"), "2 items are");
        assert_eq!(counted_are(0, "row"), "0 rows are");
    }

    #[test]
    fn the_rest_of_a_list_is_counted_with_its_place() {
        assert_eq!(and_more(0, ("item", ""), "see a.csv"), None);
        assert_eq!(and_more(1, ("item", ""), "").as_deref(), Some("… and 1 more item"));
        assert_eq!(
            and_more(7_490, ("", "failed"), "see a.csv").as_deref(),
            Some("… and 7,490 more failed: see a.csv")
        );
    }

    #[test]
    fn a_line_that_fits_stays_as_it_is() {
        assert_eq!(wrapped("  12   of  them", 40), "  12   of  them");
    }

    #[test]
    fn a_long_line_breaks_between_words_and_goes_on_further_in() {
        let line = "  A1: quantity 12 → 10.5, name \"Kush\" → \"Kush 2\", area_name \"Vault\" → \"Room 4\"";
        let told = wrapped(line, 40);
        assert_eq!(
            told,
            "  A1: quantity 12 → 10.5, name \"Kush\" →\n    \"Kush 2\", area_name \"Vault\" → \"Room\n    4\""
        );
        for columns in [20, 40, 80, 200] {
            assert!(wrapped(line, columns).lines().all(|line| width(line) <= columns));
        }
    }

    #[test]
    fn a_line_that_begins_with_a_colour_breaks_as_the_plain_one() {
        let line = "     Blue Dream · 麻の花 大阪 · Party mix";
        let colored = wrapped(&format!("\u{1b}[2m{line}\u{1b}[0m"), 24);
        assert_eq!(strip_ansi_codes(&colored), wrapped(line, 24));
    }

    #[test]
    fn wide_characters_count_as_the_terminal_draws_them() {
        assert_eq!(
            (width("麻"), width("🌿"), width("é"), width("\u{1b}[32mok\u{1b}[0m")),
            (2, 2, 1, 2)
        );
        let line = "麻 麻 麻 麻 麻 麻 麻 麻 麻 麻 麻 麻";
        assert!(wrapped(line, 20).lines().all(|line| width(line) <= 20));
        assert_eq!(
            (padded("麻麻", 6).as_str(), padded("abcd", 6).as_str()),
            ("麻麻  ", "abcd  ")
        );
        assert_eq!(
            (shortened("麻麻麻", 5).as_str(), shortened("abc", 3).as_str()),
            ("麻麻…", "abc")
        );
    }

    #[test]
    fn a_path_is_never_broken() {
        let path = "/home/ana/Documents/inventory/2026/november/count.rejects.csv";
        let told = wrapped(&format!("Rows that did not go through: {path}"), 40);
        assert!(told.lines().any(|line| line.trim() == path), "{told}");
    }

    #[test]
    fn colours_take_no_room_and_are_kept() {
        let line = format!("\u{1b}[33mwarning:\u{1b}[0m {}", "word ".repeat(12));
        let told = wrapped(line.trim_end(), 40);
        assert!(told.starts_with("\u{1b}[33mwarning:\u{1b}[0m word"), "{told}");
        assert!(told.lines().all(|line| width(line) <= 40));
    }

    #[test]
    fn a_duration_reads_as_people_say_it() {
        let told = |seconds: f64| human(Duration::from_secs_f64(seconds));
        assert_eq!(told(0.04), "0.0 s");
        assert_eq!(told(9.94), "9.9 s");
        assert_eq!(told(59.4), "59 s");
        assert_eq!(told(59.9), "1 min");
        assert_eq!(told(185.0), "3 min 5 s");
        assert_eq!(told(4_320.0), "1 h 12 min");
    }
}
