//! The looks of cells: number formats, each plain and for a cell at fault, and their places among the workbook's styles.
//!
//! Doesn't belong here: which look a value takes (`cells`).

use rust_xlsxwriter::{Color, Format};

/// A number format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    General,
    Text,
    /// With no format of its own `LibreOffice` shows a truth value as 1.
    Bool,
    Date,
    DateTime,
    Time,
    Duration,
    Scientific,
    Percent,
}

/// All of them, in the order of their styles.
const LOOKS: [Look; 9] = [
    Look::General,
    Look::Text,
    Look::Bool,
    Look::Date,
    Look::DateTime,
    Look::Time,
    Look::Duration,
    Look::Scientific,
    Look::Percent,
];

/// The style of the headers; 0 is a cell without a style.
pub(super) const HEADER_STYLE: usize = 1;

impl Look {
    fn code(self) -> &'static str {
        match self {
            Self::General => "General",
            Self::Text => "@",
            Self::Bool => "\"TRUE\";\"TRUE\";\"FALSE\"",
            Self::Date => "yyyy-mm-dd",
            Self::DateTime => "yyyy-mm-dd hh:mm:ss",
            Self::Time => "hh:mm:ss",
            Self::Duration => "[hh]:mm:ss",
            Self::Scientific => "0.00E+00",
            Self::Percent => "0.00%",
        }
    }

    /// The place among the styles.
    pub(super) fn style(self, marked: bool) -> usize {
        let place = LOOKS.iter().position(|look| *look == self).unwrap_or_default();
        match (place, marked) {
            (0, false) => 0,
            _ => style_at(place, marked),
        }
    }
}

/// The style of the padded format that was met as the so many-th, from 0.
pub(super) fn padded_style(place: usize, marked: bool) -> usize {
    style_at(LOOKS.len() + place, marked)
}

fn style_at(place: usize, marked: bool) -> usize {
    HEADER_STYLE + 2 * place + usize::from(marked)
}

/// The format of headers.
pub(super) fn header() -> Format {
    Format::new().set_bold().set_num_format("@")
}

/// The format of ids.
pub(super) fn text() -> Format {
    Format::new().set_num_format(Look::Text.code())
}

/// All styles but that of a cell without one, in their order, where numbers padded to these widths were met.
pub(super) fn styles(padded: &[u8]) -> Vec<Format> {
    let looks = LOOKS.iter().map(|look| look.code().to_owned());
    let padded = padded.iter().map(|digits| "0".repeat(usize::from(*digits)));
    let mut styles = vec![header()];
    for (place, code) in looks.chain(padded).enumerate() {
        let plain = Format::new().set_num_format(code);
        if place > 0 {
            styles.push(plain.clone());
        }
        // Excel's own "bad" colours: readable on screen and in print.
        let marked = plain.set_background_color(Color::RGB(0xFF_C7CE));
        styles.push(marked.set_font_color(Color::RGB(0x9C_0006)));
    }
    styles
}
