//! An ods document's number styles (`OpenDocument` 1.3 part 3, 16.29) as format codes of workbooks, so that one function
//! renders both.
//!
//! Doesn't belong here: which cell has which style (`ods_styles`), rendering (`number_format`).

use std::collections::HashMap;

use quick_xml::events::BytesStart;

use super::package::attribute;
use crate::sheet::NumberFormat;

/// The number styles that were read.
#[derive(Default)]
pub(super) struct Numbers {
    codes: HashMap<String, String>,
    open: Option<Open>,
}

/// The style that is being read.
#[derive(Default)]
struct Open {
    name: String,
    code: String,
    /// Conditions, and the codes of the styles that stand for them.
    maps: Vec<(String, String)>,
    /// Where the next characters belong.
    text: Option<Text>,
    is_percent: bool,
    /// Hours count on beyond a day.
    is_elapsed: bool,
    whole: Whole,
}

#[derive(Clone, Copy)]
enum Text {
    Literal,
    /// So many digits before the point.
    Embedded(usize),
}

/// The places before the point, which may have texts between them.
#[derive(Default)]
struct Whole {
    digits: usize,
    grouped: bool,
    rest: String,
    texts: Vec<(usize, String)>,
}

impl Numbers {
    /// An element outside the tables begins; whether it belongs to a number style.
    pub(super) fn start(&mut self, element: &BytesStart<'_>) -> bool {
        let tag = element.name();
        let Some(kind) = tag.as_ref().strip_prefix("number:") else {
            return self.map(element);
        };
        if kind.ends_with("-style") {
            self.begin(kind, element);
            return true;
        }
        if let Some(open) = &mut self.open {
            open.part(kind, element);
        }
        true
    }

    fn begin(&mut self, kind: &str, element: &BytesStart<'_>) {
        let mut open = Open {
            name: attribute(element, "style:name").unwrap_or_default(),
            is_percent: kind == "percentage-style",
            is_elapsed: is(element, "number:truncate-on-overflow", "false"),
            ..Open::default()
        };
        if let Some(language) = attribute(element, "number:language").filter(|language| !language.is_empty()) {
            open.code = format!("[$-{language}]");
        }
        self.open = Some(open);
    }

    /// A style that stands for this one under a condition.
    fn map(&mut self, element: &BytesStart<'_>) -> bool {
        let (Some(open), "style:map") = (&mut self.open, element.name().as_ref()) else {
            return false;
        };
        let condition = attribute(element, "style:condition").unwrap_or_default();
        let applied = attribute(element, "style:apply-style-name").unwrap_or_default();
        if let (Some(condition), Some(code)) = (condition.strip_prefix("value()"), self.codes.get(&applied)) {
            open.maps.push((condition.replace("!=", "<>"), code.clone()));
        }
        true
    }

    /// An element outside the tables ends.
    pub(super) fn end(&mut self, name: &str) {
        let Some(open) = &mut self.open else { return };
        match name {
            "number:number" => open.finish_whole(),
            "number:text" | "number:currency-symbol" | "number:embedded-text" => open.text = None,
            name if name.starts_with("number:") && name.ends_with("-style") => {
                if let Some(open) = self.open.take() {
                    let (name, code) = open.finish();
                    self.codes.insert(name, code);
                }
            }
            _ => {}
        }
    }

    /// Characters outside the tables.
    pub(super) fn text(&mut self, text: &str) {
        let Some(open) = &mut self.open else { return };
        match open.text {
            None => {}
            // The value of a percentage is a fraction.
            Some(Text::Literal) if open.is_percent && text.trim() == "%" => open.code.push('%'),
            Some(Text::Literal) => open.code.push_str(&quoted(text)),
            Some(Text::Embedded(place)) => open.whole.texts.push((place, text.to_owned())),
        }
    }

    /// The format that a number style is.
    pub(super) fn format(&self, name: &str) -> NumberFormat {
        self.codes
            .get(name)
            .map_or(NumberFormat::Plain, |code| NumberFormat::of(code))
    }
}

impl Open {
    fn part(&mut self, kind: &str, element: &BytesStart<'_>) {
        let count = |name| {
            let value = attribute(element, name)?;
            // No spreadsheet program shows more.
            Some(value.parse::<usize>().ok()?.min(127))
        };
        let is_long = is(element, "number:style", "long");
        let of = |short: &str, long: &str| if is_long { long } else { short }.to_owned();
        let code = match kind {
            "number" => {
                let decimals = count("number:decimal-places").unwrap_or(0);
                let least = count("number:min-decimal-places").unwrap_or(decimals).min(decimals);
                let point = if decimals > 0 { "." } else { "" };
                self.whole = Whole {
                    digits: count("number:min-integer-digits").unwrap_or(1),
                    grouped: is(element, "number:grouping", "true"),
                    rest: format!("{point}{}{}", "0".repeat(least), "#".repeat(decimals - least)),
                    texts: Vec::new(),
                };
                // General has no number of decimals.
                if count("number:decimal-places").is_none() && self.whole.digits <= 1 && !self.whole.grouped {
                    "General".clone_into(&mut self.whole.rest);
                }
                return;
            }
            "embedded-text" => {
                self.text = Some(Text::Embedded(count("number:position").unwrap_or(0)));
                return;
            }
            "text" | "currency-symbol" => {
                self.text = Some(Text::Literal);
                return;
            }
            "scientific-number" => {
                let decimals = count("number:decimal-places").unwrap_or(0);
                let point = if decimals > 0 { "." } else { "" };
                let digits = "0".repeat(count("number:min-integer-digits").unwrap_or(1).max(1));
                let power = "0".repeat(count("number:min-exponent-digits").unwrap_or(2).max(1));
                format!("{digits}{point}{}E+{power}", "0".repeat(decimals))
            }
            "fraction" => "# ?/?".to_owned(),
            "text-content" => "@".to_owned(),
            "boolean" => "\"TRUE\";\"TRUE\";\"FALSE\"".to_owned(),
            "day" => of("d", "dd"),
            "month" if is(element, "number:textual", "true") => of("mmm", "mmmm"),
            "year" => of("yy", "yyyy"),
            "day-of-week" => of("ddd", "dddd"),
            "hours" if self.is_elapsed => of("[h]", "[hh]"),
            "hours" => of("h", "hh"),
            "minutes" if self.is_elapsed && !self.code.contains('[') => of("[m]", "[mm]"),
            "month" | "minutes" => of("m", "mm"),
            "seconds" => {
                let decimals = count("number:decimal-places").unwrap_or(0);
                let point = if decimals > 0 { "." } else { "" };
                of("s", "ss") + point + &"0".repeat(decimals)
            }
            "am-pm" => "AM/PM".to_owned(),
            // What is repeated to fill the cell isn't part of the text.
            "fill-character" => return,
            // Eras, quarters and weeks.
            _ => "[DBNum1]".to_owned(),
        };
        self.code.push_str(&code);
    }

    /// The places before the point, now that the texts between them are known.
    fn finish_whole(&mut self) {
        let whole = std::mem::take(&mut self.whole);
        if whole.rest == "General" && whole.texts.is_empty() {
            self.code.push_str("General");
            return;
        }
        let last = whole.texts.iter().map(|(place, _)| place + 1).max().unwrap_or(0);
        let least = if whole.grouped { 4 } else { 1 };
        for place in (0..whole.digits.max(last).max(least)).rev() {
            self.code.push(if place < whole.digits { '0' } else { '#' });
            for (_, text) in whole.texts.iter().filter(|(at, _)| *at == place && place > 0) {
                self.code.push_str(&quoted(text));
            }
            if whole.grouped && place == 3 {
                self.code.push(',');
            }
        }
        if whole.rest != "General" {
            self.code.push_str(&whole.rest);
        }
    }

    fn finish(self) -> (String, String) {
        let conditions: Vec<&str> = self.maps.iter().map(|(condition, _)| condition.as_str()).collect();
        // Of two sections the second is for negative numbers, of three the third is for zero.
        let is_usual = matches!(conditions.as_slice(), [">=0"] | [">0", "<0"] | [">0", "<0", "=0"]);
        let mut code = String::new();
        for (condition, section) in &self.maps {
            if !is_usual {
                code.push_str(&format!("[{condition}]"));
            }
            code.push_str(section);
            code.push(';');
        }
        (self.name, code + &self.code)
    }
}

fn is(element: &BytesStart<'_>, name: &str, value: &str) -> bool {
    attribute(element, name).is_some_and(|found| found == value)
}

/// A text that is shown as it is.
fn quoted(text: &str) -> String {
    if text.contains('"') {
        text.chars().flat_map(|letter| ['\\', letter]).collect()
    } else {
        format!("\"{text}\"")
    }
}
