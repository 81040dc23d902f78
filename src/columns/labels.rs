//! What reports write between and below their rows: totals, page lines, counts of rows, rules, lines that describe the
//! columns.
//!
//! Belongs here: what one text says. Doesn't: whether its row is an item (`suspects`).

use super::names::{fold, words};

/// What a text reads like, and whether it can be nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) kind: Kind,
    pub(super) is_certain: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `Subtotal`, `Grand Total:`; less certainly `A1 Total`.
    Total,
    /// `Page 1 of 3`; less certainly `Page 1`.
    Page,
    /// `(2 rows affected)`.
    Count,
    /// `*** END OF REPORT ***`.
    End,
}

const TOTALS: [&str; 16] = [
    "total",
    "totals",
    "subtotal",
    "subtotals",
    "totale",
    "totales",
    "totaux",
    "totaal",
    "subtotaal",
    "summe",
    "gesamt",
    "gesamtsumme",
    "zwischensumme",
    "endsumme",
    "somme",
    "suma",
];
/// Words that a total has beside that one.
const QUALIFIERS: [&str; 21] = [
    "grand",
    "sub",
    "overall",
    "page",
    "report",
    "running",
    "final",
    "net",
    "gross",
    "number",
    "of",
    "the",
    "in",
    "stock",
    "inventory",
    "all",
    "sous",
    "général",
    "general",
    "generale",
    "parcial",
];
const THINGS: [&str; 12] = [
    "item", "items", "record", "records", "row", "rows", "package", "packages", "unit", "units", "count", "quantity",
];
const PAGES: [&str; 6] = ["page", "pg", "seite", "página", "pagina", "blatt"];
const ROWS: [&str; 6] = ["row", "rows", "record", "records", "item", "items"];
const COUNTED: [&str; 10] = [
    "affected",
    "selected",
    "returned",
    "exported",
    "fetched",
    "retrieved",
    "listed",
    "found",
    "printed",
    "set",
];
const ENDED: [&str; 9] = [
    "report", "file", "list", "listing", "data", "document", "export", "table", "records",
];

/// What a text reads like; `folded` is its fold.
pub(super) fn label(text: &str, folded: &str) -> Option<Label> {
    // Nearly all texts have none of these.
    let may_be = [
        "total", "totaal", "totaux", "summe", "gesamt", "somme", "suma", "page", "pg", "seite", "gina", "blatt", "row",
        "record", "item", "endof",
    ];
    if folded != "sum" && !may_be.iter().any(|part| folded.contains(part)) {
        return None;
    }
    let words = words(text);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let label = |kind, is_certain| Some(Label { kind, is_certain });
    if let Some(is_certain) = total(text, &words) {
        return label(Kind::Total, is_certain);
    }
    match words.as_slice() {
        [page, one] if PAGES.contains(page) && is_number(one) => label(Kind::Page, false),
        [page, one, rest @ ..]
            if PAGES.contains(page) && is_number(one) && rest.last().is_some_and(|of| is_number(of)) =>
        {
            (rest.len() <= 2).then_some(Label {
                kind: Kind::Page,
                is_certain: true,
            })
        }
        ["end", "of", what] if ENDED.contains(what) => label(Kind::End, true),
        _ => counts_rows(text, &words).then_some(Label {
            kind: Kind::Count,
            is_certain: true,
        }),
    }
}

/// Whether a text reads like a total, and whether it is one for certain.
fn total(text: &str, words: &[&str]) -> Option<bool> {
    if words == ["sum"] {
        return Some(true);
    }
    if !words.iter().any(|word| TOTALS.contains(word)) {
        return None;
    }
    let has_thing = words.iter().any(|word| THINGS.contains(word));
    let may_count = has_thing || text.contains([':', '=', '(']);
    let belongs = |word: &&str| {
        TOTALS.contains(word) || QUALIFIERS.contains(word) || THINGS.contains(word) || (may_count && is_number(word))
    };
    if words.iter().all(belongs) {
        return Some(true);
    }
    let is_last = words.last().is_some_and(|last| TOTALS.contains(last));
    // Without a blank it may be a code: `TOTAL-1`.
    let leads = words.first().is_some_and(|first| TOTALS.contains(first)) && text.trim().contains(' ');
    (is_last || leads).then_some(false)
}

/// `2 rows affected`, `(2 rows)`, `2 row(s) selected.`, `2 rows in set (0.00 sec)`.
fn counts_rows(text: &str, words: &[&str]) -> bool {
    let words = words.strip_prefix(&["query", "ok"]).unwrap_or(words);
    let [number, thing, rest @ ..] = words else {
        return false;
    };
    let rest = rest.strip_prefix(&["s"]).unwrap_or(rest);
    let is_said = match rest {
        [] => text.trim().starts_with('(') && text.trim().ends_with(')'),
        ["in", "set", ..] => true,
        [said] => COUNTED.contains(said),
        _ => false,
    };
    is_number(number) && ROWS.contains(thing) && is_said
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text is a line between rows: `-----`, `=====`, `---+---`.
pub(super) fn is_rule(text: &str) -> bool {
    let text = text.trim();
    let drawn = |c: char| "-=_*+~|:–—―─━═".contains(c);
    text.chars().count() > 1 && text.chars().all(drawn) && text.chars().any(|c| !"|:+*".contains(c))
        || text.chars().count() > 2 && text.chars().all(|c| c == '*')
}

/// What a cell of a row says that describes the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    /// A type, a format, or whether the column is required: `text(50)`, `YYYY-MM-DD`, `(required)`.
    Describes,
    /// A unit, which may be a value as well: `g`.
    Unit,
}

const TYPES: [&str; 46] = [
    "text",
    "string",
    "str",
    "varchar",
    "nvarchar",
    "char",
    "character",
    "number",
    "numeric",
    "num",
    "integer",
    "int",
    "bigint",
    "float",
    "decimal",
    "double",
    "real",
    "date",
    "datetime",
    "timestamp",
    "time",
    "boolean",
    "bool",
    "enum",
    "list",
    "lookup",
    "dropdown",
    "alphanumeric",
    "uuid",
    "guid",
    "object",
    "array",
    "currency",
    "required",
    "optional",
    "mandatory",
    "recommended",
    "conditional",
    "notrequired",
    "requiredfield",
    "optionalfield",
    "primarykey",
    "unique",
    "readonly",
    "notnull",
    "nullable",
];
const UNITS: [&str; 32] = [
    "g",
    "gram",
    "grams",
    "mg",
    "milligram",
    "milligrams",
    "kg",
    "kilogram",
    "kilograms",
    "oz",
    "ounce",
    "ounces",
    "lb",
    "lbs",
    "pound",
    "pounds",
    "ml",
    "milliliter",
    "milliliters",
    "l",
    "liter",
    "liters",
    "floz",
    "each",
    "ea",
    "unit",
    "units",
    "count",
    "days",
    "usddollar",
    "percent",
    "dollar",
];

/// What a text says of its column, if it is one of the words for that.
pub(super) fn marker(text: &str) -> Option<Marker> {
    let text = text.trim();
    let folded = fold(text);
    let kind = folded.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_format = text.len() >= 4
        && text.chars().all(|c| "yYmMdDhHsS-/.: T".contains(c))
        && ["yy", "mm", "dd", "hh"].iter().any(|part| folded.contains(part));
    let is_bracketed = text.starts_with(['(', '[', '<']) && text.ends_with([')', ']', '>']);
    if TYPES.contains(&kind) || is_format {
        Some(Marker::Describes)
    } else if UNITS.contains(&folded.as_str()) {
        Some(if is_bracketed { Marker::Describes } else { Marker::Unit })
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(Kind, bool)> {
        label(text, &fold(text)).map(|label| (label.kind, label.is_certain))
    }

    #[test]
    fn what_reports_write_is_certain_only_where_it_can_be_nothing_else() {
        for text in [
            "TOTAL",
            "Totals:",
            "Sub-total",
            "SubTotal",
            "Grand Total",
            "Total items: 12",
            "Total (12)",
            "Sum",
            "Page Total",
            "Sous-total",
            "Total général",
            "Gesamtsumme:",
            "Zwischensumme",
            "Suma",
        ] {
            assert_eq!(read(text), Some((Kind::Total, true)), "{text}");
        }
        for text in [
            "A1 Total",
            "Total for VAULT A",
            "Total VAULT B",
            "Summe Lager 2",
            "Total 12",
            "Kush Subtotal",
        ] {
            assert_eq!(read(text), Some((Kind::Total, false)), "{text}");
        }
        for text in ["Page 1 of 1", "- Page 2 of 10 -", "page 3/4", "Seite 1 von 2"] {
            assert_eq!(read(text), Some((Kind::Page, true)), "{text}");
        }
        assert_eq!(read("Page 7"), Some((Kind::Page, false)));
        for text in [
            "(2 rows affected)",
            "(1 row)",
            "12 row(s) selected.",
            "2 rows in set (0.00 sec)",
            "Query OK, 2 rows affected",
        ] {
            assert_eq!(read(text), Some((Kind::Count, true)), "{text}");
        }
        assert_eq!(read("*** END OF REPORT ***"), Some((Kind::End, true)));
        for text in [
            "TOTAL-1",
            "Sumatra",
            "Page",
            "Item 7",
            "Rows",
            "Vault A",
            "Summer",
            "Front Page Kush",
            "12 items",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn rules_and_markers_are_told_from_values() {
        assert!(
            ["----", "=====", "--", "+---+", "***", ":---:", "———"]
                .iter()
                .all(|text| is_rule(text))
        );
        assert!(
            !["-", "—", "*", "A-1", "", "::", "...", "#"]
                .iter()
                .any(|text| is_rule(text))
        );
        for text in [
            "text",
            "varchar(255)",
            "(required)",
            "YYYY-MM-DD",
            "Optional",
            "(g)",
            "[mg]",
            "text 50",
        ] {
            assert_eq!(marker(text), Some(Marker::Describes), "{text}");
        }
        assert_eq!(marker("g"), Some(Marker::Unit));
        assert!(
            ["A1", "Gelato", "2024-01-02", "-", "mmm"]
                .iter()
                .all(|text| marker(text).is_none())
        );
    }
}
