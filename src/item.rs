//! What an inventory item is: its identity, the field table, and what counts as the same value.
//!
//! Belongs here: facts about items that hold wherever they come from or go to. Doesn't: anything
//! that reads or writes (no I/O), and anything about how spreadsheets spell things (`columns`).

pub mod text;

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

/// A JSON object as the API stores and answers it; keys in byte order, so that it writes stably.
pub type Object = serde_json::Map<String, Value>;

/// What kind of value a field holds, which decides how a spreadsheet's cell is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text, kept to the letter.
    Text,
    /// A number where the cell is one, else text (with a warning).
    Number,
    /// A date, or a date and a time of day (`*_at`).
    Date,
    /// A time of day (`*_at_time`).
    Time,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Date => "date",
            Self::Time => "time",
        })
    }
}

/// One of the 27 fields of the API's inventory item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The API's name, as in the vendor's documentation (`area_name`).
    pub name: &'static str,
    /// The header for people, as in the vendor's workbook (`Area Name`).
    pub title: &'static str,
    /// How its cells are read.
    pub kind: Kind,
    /// What it means, in a phrase.
    pub meaning: &'static str,
}

/// The name of the field that is an item's identity.
pub const ITEM_ID: &str = "item_id";

/// Where an item carries its document's name if its own fields don't give it: a stored field `id` hides the name, which the
/// API answers as `id`. Null if the name isn't known. No stored field has this name, since Firestore refuses `__x__`.
pub const NAME: &str = "__name__";

/// Fields that aren't the user's; never posted, and left out of comparisons.
pub const SERVER_FIELDS: [&str; 4] = ["id", "updated_at", "updated_by", NAME];
/// Number fields that hold text too, as a rule: `1 gummy`.
pub const NUMBERS_OR_TEXT: [&str; 2] = ["dose_number", "serving_size"];

const fn field(name: &'static str, title: &'static str, kind: Kind, meaning: &'static str) -> Field {
    Field {
        name,
        title,
        kind,
        meaning,
    }
}

/// The 27 fields, in the order in which exports write them: what a person looks for first comes first.
pub const FIELDS: [Field; 27] = [
    field(ITEM_ID, "Item ID", Kind::Text, "the id by which the item is stored"),
    field("name", "Name", Kind::Text, "what the item is called"),
    field("item_type", "Item Type", Kind::Text, "the kind of item or package"),
    field("category_name", "Category Name", Kind::Text, "the product category"),
    field(
        "category_type",
        "Category Type",
        Kind::Text,
        "the group of the product category",
    ),
    field("strain_name", "Strain Name", Kind::Text, "the strain"),
    field("status", "Status", Kind::Text, "the item's state, such as Active"),
    field("quantity", "Quantity", Kind::Number, "how much there is, in units"),
    field(
        "quantity_type",
        "Quantity Type",
        Kind::Text,
        "how the quantity is measured, such as WeightBased",
    ),
    field("units", "Units", Kind::Text, "the unit of the quantity"),
    field("area_id", "Area ID", Kind::Text, "the id of the area where it is kept"),
    field(
        "area_name",
        "Area Name",
        Kind::Text,
        "the name of the area where it is kept",
    ),
    field("approved", "Approved", Kind::Text, "the approval, such as Approved"),
    field("approved_at", "Approved At", Kind::Date, "the date of the approval"),
    field(
        "approved_at_time",
        "Approved At Time",
        Kind::Time,
        "the time of day of the approval",
    ),
    field("moved_at", "Moved At", Kind::Date, "the date of the last move"),
    field(
        "moved_at_time",
        "Moved At Time",
        Kind::Time,
        "the time of day of the last move",
    ),
    field("weight", "Weight", Kind::Number, "the weight of one unit"),
    field("weight_units", "Weight Units", Kind::Text, "the unit of the weight"),
    field("volume", "Volume", Kind::Number, "the volume of one unit"),
    field("volume_units", "Volume Units", Kind::Text, "the unit of the volume"),
    field(
        "admin_method",
        "Admin Method",
        Kind::Text,
        "how it is administered, such as Oral",
    ),
    field("dose", "Dose", Kind::Number, "the amount of one dose"),
    field(
        "dose_number",
        "Dose Number",
        Kind::Number,
        "how many doses one unit has",
    ),
    field("dose_units", "Dose Units", Kind::Text, "the unit of the dose"),
    field(
        "serving_size",
        "Serving Size",
        Kind::Number,
        "the size of one serving, such as 1 gummy",
    ),
    field(
        "supply_duration_days",
        "Supply Duration Days",
        Kind::Number,
        "how many days one unit lasts",
    ),
];

/// The field of this name, if it is one of the 27.
#[must_use]
pub fn field_named(name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|f| f.name == name)
}

/// Why an id can't be sent: the API would save it elsewhere, lose it, or answer 500
/// (the rules of the API contract; Firestore's limits on document names).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdFault {
    /// There is no id.
    Empty,
    /// `.` or `..`, which are path segments to the server.
    Dots,
    /// `__x__`: reserved by Firestore.
    Reserved,
    /// Over 1,500 bytes, Firestore's limit.
    TooLong,
    /// A `/`: with one the server answers 500, with two it answers 200 and the item is lost.
    Slash,
    /// A control character, which no id has on purpose and no person can see.
    Control,
}

impl fmt::Display for IdFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the item id is empty",
            Self::Dots => "an item id can't be '.' or '..'",
            Self::Reserved => "an item id can't begin and end with two underscores",
            Self::TooLong => "the item id is longer than 1,500 bytes",
            Self::Slash => "an item id can't hold '/': the API would lose the item",
            Self::Control => "the item id holds a control character",
        })
    }
}

/// Checks an id against the rules of the API, before anything is sent.
pub fn check_id(id: &str) -> Result<(), IdFault> {
    if id.is_empty() {
        Err(IdFault::Empty)
    } else if id == "." || id == ".." {
        Err(IdFault::Dots)
    } else if id.len() >= 4 && id.starts_with("__") && id.ends_with("__") {
        Err(IdFault::Reserved)
    } else if id.len() > 1500 {
        Err(IdFault::TooLong)
    } else if id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        // Nearly every id, so that it is passed with one look.
        Ok(())
    } else if id.contains('/') {
        Err(IdFault::Slash)
    } else if id.chars().any(char::is_control) {
        Err(IdFault::Control)
    } else {
        Ok(())
    }
}

/// By what a stored item is known: its document's name, which is in [`NAME`] if that is there, else in `id`; if the item
/// has no `id`, its `item_id`. A number is its own text, to the letter. None if the name isn't known, and if neither field is
/// a text or a number, or both are empty.
#[must_use]
pub fn id_of(item: &Object) -> Option<Cow<'_, str>> {
    if item.contains_key(NAME) {
        return id_in(item, NAME);
    }
    ["id", ITEM_ID].into_iter().find_map(|name| id_in(item, name))
}

/// Records in which document an item is stored, unless its fields give just that; `None` if it isn't known.
pub fn set_name(item: &mut Object, name: Option<&str>) {
    item.remove(NAME);
    if id_of(item).as_deref() != name {
        item.insert(NAME.to_owned(), name.map_or(Value::Null, Value::from));
    }
}

/// Whether an item's fields leave open which document it is: it shows an `id`, and `item_id` isn't the same. A stored field
/// `id` may hide the document's name then.
#[must_use]
pub fn is_doubtful(item: &Object) -> bool {
    item.get("id")
        .is_some_and(|_| is_other_id(id_in(item, ITEM_ID).as_deref(), id_in(item, "id").as_deref()))
}

/// The id that this field holds.
pub(crate) fn id_in<'a>(item: &'a Object, name: &str) -> Option<Cow<'a, str>> {
    match item.get(name)? {
        Value::String(text) if !text.is_empty() => Some(Cow::Borrowed(text.as_str())),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        _ => None,
    }
}

/// Whether the `item_id` of a stored item isn't the id that the item is stored under. A number with the same digits is the
/// same id.
#[must_use]
pub fn has_other_item_id(item: &Object) -> bool {
    is_other_id(id_in(item, ITEM_ID).as_deref(), id_of(item).as_deref())
}

/// The same for an item's text.
pub(crate) fn is_other_id(own: Option<&str>, id: Option<&str>) -> bool {
    own.is_none() || own != id
}
