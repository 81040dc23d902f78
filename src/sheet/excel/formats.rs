//! The styles of the binary workbooks (xls, xlsb): a cell names a style, the style a number format, and most formats that
//! Excel has built in are not in the file.
//!
//! Doesn't belong here: what a number means under its format (`cells`).

use std::collections::HashMap;

use calamine::{DataRef, ExcelDateTime, ExcelDateTimeType};

use super::cells::{number_format, put};
use crate::sheet::{NumberFormat, Row};

/// What a cell's style says about its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Style {
    format: NumberFormat,
    counts: Counts,
}

/// What a number counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Counts {
    #[default]
    Units,
    /// Days since the epoch: a date, a time of day, or both.
    Days,
    /// Days that have passed (`[h]:mm`).
    Elapsed,
}

impl Style {
    fn of(code: &str) -> Self {
        Self {
            format: number_format(code),
            counts: counts(code),
        }
    }

    /// Sets a cell of `row` from its number.
    pub(super) fn put(self, row: &mut Row, column: usize, value: f64, is_1904: bool) {
        let moment = |kind| DataRef::DateTime(ExcelDateTime::new(value, kind, is_1904));
        let value = match self.counts {
            Counts::Units => DataRef::Float(value),
            Counts::Days => moment(ExcelDateTimeType::DateTime),
            Counts::Elapsed => moment(ExcelDateTimeType::TimeDelta),
        };
        put(row, column, &value, self.format, is_1904);
    }
}

/// The formats and styles of a workbook while they are read.
#[derive(Debug, Default)]
pub(super) struct Formats {
    /// The formats that the file gives, by their numbers.
    own: HashMap<u16, Style>,
    /// The styles' formats.
    styles: Vec<u16>,
}

impl Formats {
    pub(super) fn format(&mut self, number: u16, code: &str) {
        self.own.insert(number, Style::of(code));
    }

    pub(super) fn style(&mut self, format: u16) {
        self.styles.push(format);
    }

    /// The styles by their numbers.
    pub(super) fn styles(&self) -> Vec<Style> {
        let built_in = |number: u16| Style::of(built_in(number));
        let style = |number: &u16| self.own.get(number).copied().unwrap_or_else(|| built_in(*number));
        self.styles.iter().map(style).collect()
    }
}

/// Excel's own formats that matter to a number's meaning (ECMA-376 part 1, 18.8.30; MS-XLS 2.4.126).
fn built_in(number: u16) -> &'static str {
    match number {
        9 => "0%",
        10 => "0.00%",
        11 => "0.00E+00",
        14 => "mm-dd-yy",
        15 => "d-mmm-yy",
        16 => "d-mmm",
        17 => "mmm-yy",
        18 => "h:mm AM/PM",
        19 => "h:mm:ss AM/PM",
        20 => "h:mm",
        21 | 32 | 33 => "h:mm:ss",
        22 => "m/d/yy h:mm",
        // Dates of East Asian languages, which differ in their order.
        27..=31 | 34..=36 | 50..=58 => "yyyy-mm-dd",
        45 => "mm:ss",
        46 => "[h]:mm:ss",
        47 => "mm:ss.0",
        48 => "##0.0E+0",
        49 => "@",
        _ => "General",
    }
}

/// What the first section of a format shows.
fn counts(code: &str) -> Counts {
    // `General` may stand beside other characters.
    let code = code.to_ascii_lowercase().replace("general", "");
    let mut chars = code.chars().peekable();
    while let Some(letter) = chars.next() {
        match letter {
            '\\' | '_' | '*' => drop(chars.next()),
            '"' => chars.by_ref().take_while(|&c| c != '"').for_each(drop),
            '[' => {
                let inner: String = chars.by_ref().take_while(|&c| c != ']').collect();
                let of = |unit: char| !inner.is_empty() && inner.chars().all(|c| c == unit);
                if ['h', 'm', 's'].into_iter().any(of) {
                    return Counts::Elapsed;
                }
            }
            ';' => return Counts::Units,
            'd' | 'm' | 'y' | 'h' | 's' => return Counts::Days,
            // A year of an era, and not the exponent of `0.00E+00`.
            'e' if !matches!(chars.peek(), Some('+' | '-')) => return Counts::Days,
            _ => {}
        }
    }
    Counts::Units
}

/// The error values of the binary workbooks (MS-XLS 2.5.10, MS-XLSB 2.5.97.2).
pub(super) fn error_value(code: u8) -> &'static str {
    match code {
        0x00 => "#NULL!",
        0x07 => "#DIV/0!",
        0x0F => "#VALUE!",
        0x17 => "#REF!",
        0x1D => "#NAME?",
        0x24 => "#NUM!",
        0x2A => "#N/A",
        0x2B => "#GETTING_DATA",
        _ => "#UNKNOWN!",
    }
}

/// A number packed in 30 bits (MS-XLS 2.5.217, MS-XLSB 2.5.123).
pub(super) fn rk_number(packed: u32) -> f64 {
    let value = if packed & 2 == 0 {
        f64::from_bits(u64::from(packed & !3) << 32)
    } else {
        f64::from(packed.cast_signed() >> 2)
    };
    if packed & 1 == 0 { value } else { value / 100.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_of_days_and_of_time_that_has_passed_are_recognized() {
        for code in [
            "m/d/yy",
            "yyyy\\-mm\\-dd",
            "[$-409]d\\-mmm\\-yy;@",
            "h:mm AM/PM",
            "[Red]dd.mm.yyyy",
            "YYYY-MM-DD",
            "ss.0",
            "[$-411]ggge\"年\"m\"月\"",
        ] {
            assert_eq!(counts(code), Counts::Days, "{code}");
        }
        for code in ["[h]:mm", "[HH]:MM:SS", "[mm]:ss", "[Blue][s]"] {
            assert_eq!(counts(code), Counts::Elapsed, "{code}");
        }
        for code in [
            "General",
            "GENERAL\" kg\"",
            "0.00E+00",
            "##0.0E+0",
            "0\" days\"",
            "\\d0",
            "_d0",
            "*m0",
            "#,##0.00;[Red]d",
            "[Red]0",
            "@",
            "",
        ] {
            assert_eq!(counts(code), Counts::Units, "{code}");
        }
    }

    #[test]
    fn a_format_of_the_file_comes_before_the_one_that_excel_has() {
        let mut formats = Formats::default();
        formats.format(14, "0.00");
        // Numbers above 382 are for programs that need many.
        formats.format(500, "yyyy-mm-dd");
        for format in [14, 500, 15, 0, 46] {
            formats.style(format);
        }
        let counts: Vec<Counts> = formats.styles().iter().map(|style| style.counts).collect();
        assert_eq!(
            counts,
            [
                Counts::Units,
                Counts::Days,
                Counts::Days,
                Counts::Units,
                Counts::Elapsed
            ]
        );
    }

    #[test]
    fn packed_numbers_are_whole_or_the_upper_half_of_a_double() {
        for (packed, value) in [
            (0x3FF0_0000, 1.0),
            (0x3FF0_0001, 0.01),
            (4_936 << 2 | 2, 4936.0),
            ((1250 << 2) | 3, 12.5),
            ((-3_i32 << 2).cast_unsigned() | 2, -3.0),
        ] {
            assert!((rk_number(packed) - value).abs() < f64::EPSILON, "{packed:x}");
        }
    }
}
