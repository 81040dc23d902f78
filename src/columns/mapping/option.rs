//! `--column HEADER=FIELD`: what the command line says of a column, written into the mapping in force.
//!
//! Doesn't belong here: what a field's name may be (`parse`), whether a file has the column (`columns::tell`).

use std::fmt;
use std::str::FromStr;

use toml_edit::{DocumentMut, Item, TableLike, value};

use super::parse::is_field;
use super::{Mapping, MappingError, Rule, find};
use crate::columns::vocabulary::nearest_field;

/// What stands for the file's name where there is only the command line.
const NAME: &str = "--column";
/// The word in place of a field for a column that is left out, as in a mapping file.
const IGNORE: &str = "false";

/// A column and the field that it means, as `[columns]` of a mapping file has them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ColumnOption {
    /// The header.
    pub header: String,
    /// The field, or `false`.
    pub field: String,
}

/// The option that maps a column, to be copied into a shell. White space and quotation marks make no other header.
pub(in crate::columns) fn suggested(header: &str, field: &str) -> String {
    let header: String = header.chars().filter(|letter| !"\"\\'".contains(*letter)).collect();
    let header = header.split_whitespace().collect::<Vec<_>>().join(" ");
    let quote = if header.contains(['$', '`', '!']) { '\'' } else { '"' };
    format!("--column {quote}{header}={field}{quote}")
}

impl FromStr for ColumnOption {
    type Err = String;

    /// A header may hold `=`, and no field does: the last one counts.
    fn from_str(text: &str) -> Result<Self, String> {
        let (header, field) = text.rsplit_once('=').unwrap_or_default();
        let (header, field) = (header.trim(), field.trim());
        if header.is_empty() || field.is_empty() {
            return Err("give a header and its field, such as \"Description=name\"".to_owned());
        }
        if field != IGNORE && !is_field(field, false) {
            let nearest = nearest_field(field, std::iter::empty());
            let nearest = nearest.map_or_else(String::new, |name| format!("did you mean {name:?}? "));
            return Err(format!(
                "{nearest}{field:?} is not an inventory field; `stockport fields` lists all"
            ));
        }
        Ok(Self {
            header: header.to_owned(),
            field: field.to_owned(),
        })
    }
}

impl fmt::Display for ColumnOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--column {}={}", self.header, self.field)
    }
}

impl Mapping {
    /// The mapping with these columns in place of what it says of them and of their fields.
    pub fn with_options(base: Option<Self>, options: &[ColumnOption]) -> Result<Option<Self>, MappingError> {
        if options.is_empty() {
            return Ok(base);
        }
        let base = base.map_or_else(|| Self::parse(NAME, ""), Ok)?;
        // It has been parsed before.
        let mut document = base.text.parse::<DocumentMut>().unwrap_or_default();
        let is_given = |header: &str| options.iter().any(|option| option.header == header.trim());
        for option in options {
            for section in ["constants", "join"] {
                if let Some(section) = document.get_mut(section).and_then(Item::as_table_like_mut) {
                    section.remove(&option.field);
                }
            }
            let columns = document.entry("columns").or_insert_with(toml_edit::table);
            if let Some(columns) = columns.as_table_like_mut() {
                option.write(columns, &base.rules, is_given);
            }
        }
        let mut mapping = Self::parse(&base.file, &document.to_string())?;
        for (header, rule) in &mut mapping.rules {
            rule.is_option = is_given(header);
        }
        Ok(Some(mapping))
    }

    /// Whether there is no mapping file, only the command line.
    pub(crate) fn has_no_file(&self) -> bool {
        self.file == NAME
    }

    /// The headers that the command line maps.
    pub(crate) fn option_headers(&self) -> impl Iterator<Item = &str> {
        let rules = self.rules.iter().filter(|(_, rule)| rule.is_option);
        rules.map(|(header, _)| header.as_str())
    }
}

impl ColumnOption {
    /// Writes the column into `[columns]`. What is said there of how its cells are read stays.
    fn write(&self, columns: &mut dyn TableLike, rules: &[(String, Rule)], is_given: impl Fn(&str) -> bool) {
        let headers: Vec<String> = columns.iter().map(|(header, _)| header.to_owned()).collect();
        for header in headers.iter().filter(|header| !is_given(header)) {
            let Some(item) = columns.get_mut(header) else { continue };
            if item.as_str() == Some(&self.field) {
                columns.remove(header);
            } else if let Some(keys) = item.as_table_like_mut()
                && gives(keys, &self.field)
            {
                keys.remove("field");
                keys.remove("split");
            }
        }
        let earlier = find(rules, &self.header).and_then(|at| rules.get(at));
        let mut item = earlier.and_then(|(header, _)| columns.remove(header));
        let field = if self.field == IGNORE {
            value(false)
        } else {
            value(&self.field)
        };
        let keys = item.as_mut().and_then(Item::as_table_like_mut);
        let item = match (keys, self.field == IGNORE) {
            (Some(keys), false) => {
                keys.remove("split");
                keys.remove("extra");
                keys.insert("field", field);
                item.unwrap_or_default()
            }
            _ => field,
        };
        columns.insert(&self.header, item);
    }
}

fn gives(keys: &dyn TableLike, field: &str) -> bool {
    let halves = keys.get("split").and_then(Item::as_array);
    let mut halves = halves.into_iter().flatten();
    keys.get("field").and_then(Item::as_str) == Some(field) || halves.any(|half| half.as_str() == Some(field))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::mapping::Purpose;

    fn options(texts: &[&str]) -> Vec<ColumnOption> {
        texts.iter().map(|text| text.parse().expect(text)).collect()
    }

    fn over(base: &str, texts: &[&str]) -> Mapping {
        let base = Mapping::parse("map.toml", base).expect(base);
        Mapping::with_options(Some(base), &options(texts))
            .expect("a mapping")
            .expect("options")
    }

    fn purpose(mapping: &Mapping, header: &str) -> Purpose {
        let rule = mapping.rule(header);
        rule.map_or(Purpose::Unsaid, |rule| rule.purpose.clone())
    }

    fn field(name: &str) -> Purpose {
        Purpose::Field(name.to_owned())
    }

    #[test]
    fn the_last_equals_sign_parts_header_and_field() {
        let read = |text: &str| text.parse::<ColumnOption>().map(|option| (option.header, option.field));
        let pair = |a: &str, b: &str| Ok((a.to_owned(), b.to_owned()));
        assert_eq!(read("Description=name"), pair("Description", "name"));
        assert_eq!(read(" A = B = item_id "), pair("A = B", "item_id"));
        assert_eq!(read("Notes=false"), pair("Notes", "false"));
        for text in ["Description", "=name", "Description=", "", "="] {
            assert!(
                read(text).is_err_and(|wanted| wanted.contains("Description=name")),
                "{text}"
            );
        }
        let wanted = read("Count=quantitty").expect_err("no field");
        assert!(wanted.starts_with("did you mean \"quantity\"?"), "{wanted}");
        let wanted = read("Count=QOH").expect_err("no field");
        assert!(wanted.starts_with("did you mean \"quantity\"?"), "{wanted}");
        assert!(read("Count=zzz").is_err_and(|wanted| wanted.contains("`stockport fields` lists all")));
        assert!(read("Count=id").is_err());
    }

    #[test]
    fn an_option_wins_over_whatever_the_mapping_says_of_its_column_and_field() {
        let base = r#"
[columns]
Old = "name"
Both = { split = ["approved_at", "approved_at_time"], blanks = ["?"] }
Description = { field = "status", blanks = ["x"] }
[constants]
units = "Grams"
[join]
moved_at = ["Day", "Hour"]
"#;
        let mapping = over(
            base,
            &[
                "description=name",
                "UOM=units",
                "Moved=moved_at",
                "Approved=approved_at",
            ],
        );
        assert_eq!(purpose(&mapping, "Description"), field("name"));
        assert_eq!(
            mapping.rule("Description").and_then(|rule| rule.blanks.clone()),
            Some(vec!["x".to_owned()])
        );
        assert_eq!(purpose(&mapping, "Old"), Purpose::Unsaid);
        assert_eq!(purpose(&mapping, "Both"), Purpose::Unsaid);
        assert_eq!(purpose(&mapping, "UOM"), field("units"));
        assert_eq!(purpose(&mapping, "Day"), Purpose::Unsaid);
        assert!(mapping.constants.is_empty() && mapping.joins.is_empty());
        assert_eq!(mapping.option_headers().count(), 4);
    }

    #[test]
    fn without_a_mapping_file_the_options_are_the_mapping() {
        let mapping = Mapping::with_options(None, &options(&["Description=name", "Notes=false"]))
            .expect("a mapping")
            .expect("options");
        assert_eq!(purpose(&mapping, "DESCRIPTION"), field("name"));
        assert_eq!(purpose(&mapping, "Notes"), Purpose::Ignore);
        assert!(!mapping.is_of_rejects());
        assert!(Mapping::with_options(None, &[]).expect("none").is_none());
    }
}
