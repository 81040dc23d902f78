//! The workbook to fill in: what the notes of its columns say, which values they offer, and what its second sheet explains.
//!
//! Doesn't belong here: how a workbook holds this (`sheet::write`).

use std::sync::OnceLock;

use crate::columns::names_of;
use crate::item::{FIELDS, Field, Kind};
use crate::sheet::write::{Form, FormColumn};

/// The fields with examples, in the order of the field table.
const EXAMPLES: [(&str, &str); 27] = [
    ("item_id", "1A4FF0100000022000000001"),
    ("name", "Blue Dream 3.5 g"),
    ("item_type", "Package"),
    ("category_name", "Buds"),
    ("category_type", "Flower"),
    ("strain_name", "Blue Dream"),
    ("status", "Active"),
    ("quantity", "12.5"),
    ("quantity_type", "WeightBased"),
    ("units", "Grams"),
    ("area_id", "area-1"),
    ("area_name", "Vault A"),
    ("approved", "Approved"),
    ("approved_at", "2026-07-22"),
    ("approved_at_time", "15:52:00"),
    ("moved_at", "2026-07-22"),
    ("moved_at_time", "15:52:00"),
    ("weight", "3.5"),
    ("weight_units", "Grams"),
    ("volume", "30"),
    ("volume_units", "Milliliters"),
    ("admin_method", "Oral"),
    ("dose", "10"),
    ("dose_number", "10"),
    ("dose_units", "Milligrams"),
    ("serving_size", "1 gummy"),
    ("supply_duration_days", "30"),
];

const WEIGHTS: [&str; 5] = ["Grams", "Kilograms", "Milligrams", "Ounces", "Pounds"];
const VOLUMES: [&str; 7] = [
    "Milliliters",
    "Liters",
    "Fluid Ounces",
    "Pints",
    "Quarts",
    "Gallons",
    "Microliters",
];

/// The values that a field's cells offer.
fn list(field: &str) -> Vec<&'static str> {
    match field {
        "units" => ["Each"].into_iter().chain(WEIGHTS).chain(VOLUMES).collect(),
        "weight_units" => WEIGHTS.to_vec(),
        "volume_units" => VOLUMES.to_vec(),
        "dose_units" => ["Each"].into_iter().chain(WEIGHTS).chain(["Milliliters"]).collect(),
        "status" => vec!["Active", "Inactive", "On Hold", "Finished"],
        "approved" => vec!["Approved", "Pending", "Rejected"],
        "quantity_type" => vec!["WeightBased", "CountBased", "VolumeBased"],
        _ => Vec::new(),
    }
}

fn example(field: &str) -> &'static str {
    let found = EXAMPLES.iter().find(|(name, _)| *name == field);
    found.map_or("", |(_, example)| example)
}

/// How a cell of this kind is written.
fn manner(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Number => "a number",
        Kind::Date => "a date (YYYY-MM-DD)",
        Kind::Time => "a time of day (HH:MM:SS)",
    }
}

fn column(field: &Field) -> FormColumn {
    let list = list(field.name);
    let mut note = format!(
        "{}: {}. Example: {}",
        field.meaning,
        manner(field.kind),
        example(field.name)
    );
    if field.name == "item_id" {
        note.push_str(". Every row needs one.");
    }
    FormColumn {
        name: field.title.to_owned(),
        note,
        list,
    }
}

/// The form of an inventory.
pub fn form() -> &'static Form {
    static FORM: OnceLock<Form> = OnceLock::new();
    FORM.get_or_init(|| {
        let header = [
            "Column and field",
            "What it holds",
            "Meaning",
            "Example",
            "Also read under these headers",
        ];
        let rows = FIELDS.iter().map(|field| {
            vec![
                // No cell is a field's name alone: the sheet is no table of items to whoever reads the workbook.
                format!("{} = {}", field.title, field.name),
                field.kind.to_string(),
                format!("Holds {}", field.meaning),
                format!("e.g. {}", example(field.name)),
                format!("also: {}", names_of(field.name).0.join(", ")),
            ]
        });
        Form {
            columns: FIELDS.iter().map(column).collect(),
            guide: "Fields",
            rows: std::iter::once(header.map(str::to_owned).to_vec())
                .chain(rows)
                .collect(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheet::HeaderJudge as _;

    #[test]
    fn every_field_has_an_example_and_no_list_is_longer_than_a_workbook_holds() {
        for field in FIELDS {
            assert!(!example(field.name).is_empty(), "{}", field.name);
            assert!(list(field.name).join(",").len() <= 255, "{}", field.name);
        }
        let judge = crate::columns::Judge::new();
        for row in &form().rows {
            let known = row.iter().filter(|cell| judge.weight(cell) > 0).count();
            assert!(known <= 1, "{row:?} reads like a header");
        }
    }
}
