//! The styles of the binary workbooks (xls, xlsb): a cell names a style, the style a number format, and most formats that
//! Excel has built in are not in the file.
//!
//! Doesn't belong here: what a number means under its format (`cells`).

use std::collections::HashMap;

use super::packing::Packing;
use crate::sheet::number_format::built_in;
use crate::sheet::{Cell, NumberFormat, ReadError};

/// The formats and styles of a workbook while they are read.
#[derive(Debug, Default)]
pub(super) struct Formats {
    /// The formats that the file gives, by their numbers.
    own: HashMap<u16, NumberFormat>,
    /// The styles' formats.
    styles: Vec<u16>,
}

impl Formats {
    pub(super) fn format(&mut self, number: u16, code: &str) {
        self.own.insert(number, NumberFormat::of(code));
    }

    pub(super) fn style(&mut self, format: u16) {
        self.styles.push(format);
    }

    /// The number formats of the styles by their numbers.
    pub(super) fn styles(&self) -> Vec<NumberFormat> {
        let built_in = |number: u16| built_in(number.into()).map_or(NumberFormat::Plain, NumberFormat::of);
        let style = |number: &u16| self.own.get(number).copied().unwrap_or_else(|| built_in(*number));
        self.styles.iter().map(style).collect()
    }
}

/// Sets a cell to a text, with what its format adds to it.
pub(super) fn set_text(
    at: (u32, u32),
    text: &str,
    format: NumberFormat,
    packing: &mut Packing,
) -> Result<(), ReadError> {
    match format.show_text(text) {
        Some(shown) => packing.set(at, Cell::Text(&shown)),
        None => packing.set(at, Cell::Text(text)),
    }
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
    fn a_format_of_the_file_comes_before_the_one_that_excel_has() {
        let mut formats = Formats::default();
        formats.format(14, "0.00");
        // Numbers above 382 are for programs that need many.
        formats.format(500, "yyyy-mm-dd");
        for format in [14, 500, 15, 0, 46] {
            formats.style(format);
        }
        let codes: Vec<&str> = formats.styles().into_iter().map(NumberFormat::code).collect();
        assert_eq!(codes, ["0.00", "yyyy-mm-dd", "d-mmm-yy", "General", "[h]:mm:ss"]);
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
