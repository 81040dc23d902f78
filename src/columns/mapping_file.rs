//! Writing a mapping file from what the columns were understood to mean. What the user has written stays, comments
//! included; only columns that it does not name yet are added.
//!
//! Doesn't belong here: reading one (`mapping`).

use std::fmt::Write as _;

use toml_edit::{DocumentMut, Key, Table, value};

use super::mapping::Mapping;
use crate::columns::matching::{By, ColumnMatch, Matching};

const HEAD: &str = r#"# A stockport mapping file: what the columns of a spreadsheet mean. Use it with --map.
#
# extra = "keep"              keep columns that map to no field under their own name (lot_number); "drop" ignores them
#
# dates = "dmy"               the same as --dates dmy, which wins over it; numbers, duplicates, blanks and mode are as
#                             the options of these names, and so are lenient = true and complete = true
#
# [columns]                   a header, and the field that it maps to
# "Lot No" = "item_id"
# "Notes" = false             this column is left out
# "Price" = { field = "quantity", currency = true }
#     field = "quantity"      one of the 27 fields (with extra = "keep" beside it, any other name)
#     extra = "keep"          keep this column under its own name
#     blanks = ["none", "?"]  the words that mean a blank cell in this column, instead of the usual ones
#     dates = "dmy"           03/04/2021 is 3 April here ("mdy": March 4; "ymd": the year first)
#     dates = ["mdy", "dmy"]  it has both: a date that is valid in both is rejected, others are read in their own order
#     numbers = "eu"          1.234,50 ("us": 1,234.50)
#     currency = true         $74.69 is 74.69
#     percent = true          25% is 0.25
#     digits = 10             with field = "item_id": an id of fewer digits gets its leading zeros back
#     split = ["approved_at", "approved_at_time"]   one column holds both the day and the time of day
#
# [constants]                 every item gets this value
# units = "Grams"
#
# [join]                      two columns, the day and the time of day, make one field
# moved_at = ["Moved Date", "Moved Time"]
"#;

impl Mapping {
    /// The text of a mapping file for these columns. Columns that are only offered, or mean nothing known, stand in
    /// it as comments, ready to be said yes to. `earlier` is kept as it is, and only added to.
    #[must_use]
    pub fn text_for(matching: &Matching, earlier: Option<&Self>) -> String {
        let mut text = match earlier {
            Some(earlier) if earlier.has_no_file() => format!("{HEAD}\n{}", earlier.with_columns(matching)),
            Some(earlier) => earlier.with_columns(matching),
            None => format!("{HEAD}\n{}", fresh(matching)),
        };
        let offered: Vec<&ColumnMatch> = matching
            .columns
            .iter()
            .filter(|column| {
                !column.is_taken()
                    && !matches!(column.by, By::Ignored | By::Mapping | By::Option)
                    && column.key.is_none()
            })
            .filter(|column| earlier.is_none_or(|earlier| !earlier.text.contains(&key(&column.header))))
            .collect();
        if !offered.is_empty() {
            text.push_str("\n# Ignored. To import one, write its line under [columns] without the `#`.\n");
            for column in offered {
                let key = key(&column.header);
                // Writing to a String can't fail.
                let _ = match &column.field {
                    Some(field) if column.weak => {
                        writeln!(text, "# {key} = {}   # suggested: {}", value(field), column.by)
                    }
                    Some(field) => writeln!(text, "# {key} = {}", value(field)),
                    None => writeln!(
                        text,
                        "# {key} = {{ extra = \"keep\" }}   # a field of your own, under the column's name"
                    ),
                };
            }
        }
        text
    }

    fn with_columns(&self, matching: &Matching) -> String {
        let Ok(mut document) = self.text.parse::<DocumentMut>() else {
            return self.text.clone();
        };
        let new: Vec<&ColumnMatch> = taken(matching)
            .filter(|column| self.rule(&column.header).is_none())
            .collect();
        if new.is_empty() {
            return self.text.clone();
        }
        if let Some(columns) = document
            .entry("columns")
            .or_insert_with(toml_edit::table)
            .as_table_like_mut()
        {
            for column in new {
                columns.insert(&column.header, value(column.field.as_deref().unwrap_or_default()));
            }
        }
        document.to_string()
    }
}

fn taken(matching: &Matching) -> impl Iterator<Item = &ColumnMatch> {
    matching
        .columns
        .iter()
        .filter(|column| column.is_taken() && column.key.is_none())
}

fn fresh(matching: &Matching) -> String {
    let mut columns = Table::new();
    for column in taken(matching) {
        columns.insert(&column.header, value(column.field.as_deref().unwrap_or_default()));
    }
    let mut document = DocumentMut::new();
    document.insert("columns", columns.into());
    document.to_string()
}

/// A header as a TOML key, on one line.
fn key(header: &str) -> String {
    Key::new(header).display_repr().into_owned()
}
