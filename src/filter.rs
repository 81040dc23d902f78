//! `--where field=value`: which items of an inventory are meant. Pure; used by whatever takes a part of an inventory.
//!
//! Belongs here: conditions, and whether an item meets them. Doesn't: how values are shown or stored.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::Value;

use crate::columns::{as_text, compare_numbers, fold, is_nothing, nearest_field, same};
use crate::error::{Code, Exit, UserError, code};
use crate::inventory::id_of;
use crate::item::{FIELDS, ITEM_ID, Kind, Object, field_named};

/// How a stored value is held against the condition's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    Different,
    Below,
    AtMost,
    Above,
    AtLeast,
    Holds,
}

/// The operators as they are written; of two that begin alike the longer one comes first.
const OPERATORS: [(&str, Operator); 7] = [
    ("!=", Operator::Different),
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("=", Operator::Equal),
    ("<", Operator::Below),
    (">", Operator::Above),
    ("~", Operator::Holds),
];

/// One condition: a field, an operator, a value.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    field: String,
    operator: Operator,
    value: String,
    /// The value in lower case, for `~`.
    folded: String,
}

/// Conditions that an item has to meet, all of them. None at all is met by every item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    conditions: Vec<Condition>,
}

/// Why a condition, or a list of fields, can't be understood. All of them are the command line's fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// There is no operator in it, or no field before it.
    #[error("{0:?} is not a condition")]
    NoCondition(String),
    /// No item has such a field, and the API knows none.
    #[error("there is no field {field:?}{}", or_nearest(.nearest.as_deref()))]
    NoField {
        /// The field as it was named.
        field: String,
        /// The field that comes nearest.
        nearest: Option<String>,
    },
    /// A number field is compared with what is not a number.
    #[error("{field} is a number field, and {value:?} is not a number")]
    NoNumber {
        /// The field.
        field: String,
        /// What was to be compared.
        value: String,
    },
    /// A list of fields names none.
    #[error("the list of fields is empty")]
    NoFields,
    /// A list of fields names one twice.
    #[error("the list of fields has {0} twice")]
    Twice(String),
}

fn or_nearest(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; the nearest is {name:?}"))
}

impl UserError for FilterError {
    fn code(&self) -> Code {
        match self {
            Self::NoField { .. } => "filter_unknown_field".into(),
            Self::NoNumber { .. } => "filter_not_a_number".into(),
            Self::Twice(_) => "filter_field_twice".into(),
            _ => code("filter", self),
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::NoCondition(_) => {
                "write field=value; also !=, <, <=, >, >= and ~ (holds the text); in quotes, so that the shell doesn't change it"
            }
            Self::NoField { .. } => {
                "`stockport fields` lists all fields; `stockport export - --format csv` also shows those of your own"
            }
            Self::NoNumber { .. } => "compare with a number such as 12.5, or use = or ~ for text",
            Self::NoFields | Self::Twice(_) => {
                "give each field once, separated by commas: --fields item_id,name,quantity"
            }
        }
        .to_owned()
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

impl Filter {
    /// Reads the conditions as they stand on the command line.
    pub fn parse<T: AsRef<str>>(conditions: &[T]) -> Result<Self, FilterError> {
        let conditions = conditions.iter().map(|text| Condition::parse(text.as_ref()));
        Ok(Self {
            conditions: conditions.collect::<Result<_, _>>()?,
        })
    }

    /// Whether every item meets it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }

    /// Checks that each field is one of the 27, or one that an item of the inventory has; `present` are those. Of an
    /// inventory without any item nothing can be told.
    pub fn check(&self, present: &BTreeSet<String>) -> Result<(), FilterError> {
        self.conditions
            .iter()
            .try_for_each(|condition| known(&condition.field, present).map(drop))
    }

    /// Whether an item, as stored, meets all conditions.
    #[must_use]
    pub fn matches(&self, item: &Object) -> bool {
        self.conditions.iter().all(|condition| condition.matches(item))
    }
}

/// The fields of `--fields a,b`, in that order: each one of the 27 (in any case and punctuation) or one that an item has.
pub fn fields(list: &[String], present: &BTreeSet<String>) -> Result<Vec<String>, FilterError> {
    let mut fields: Vec<String> = Vec::new();
    for name in list.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
        let name = known(&canonical(name), present)?;
        if fields.contains(&name) {
            return Err(FilterError::Twice(name));
        }
        fields.push(name);
    }
    if fields.is_empty() {
        return Err(FilterError::NoFields);
    }
    Ok(fields)
}

/// A field's own name, where what was written is one of the 27 but for case and punctuation.
fn canonical(name: &str) -> String {
    let folded = fold(name);
    let field = field_named(name).or_else(|| FIELDS.iter().find(|field| fold(field.name) == folded));
    field.map_or(name, |field| field.name).to_owned()
}

fn known(name: &str, present: &BTreeSet<String>) -> Result<String, FilterError> {
    if field_named(name).is_some() || name == "id" || present.is_empty() || present.contains(name) {
        return Ok(name.to_owned());
    }
    Err(FilterError::NoField {
        field: name.to_owned(),
        nearest: nearest_field(name, present.iter().map(String::as_str)).map(str::to_owned),
    })
}

impl Condition {
    fn parse(text: &str) -> Result<Self, FilterError> {
        let wrong = || FilterError::NoCondition(text.to_owned());
        // The first operator counts: a value may hold any of them.
        let at = text.find(['!', '<', '>', '=', '~']).ok_or_else(wrong)?;
        let (field, rest) = text.split_at_checked(at).ok_or_else(wrong)?;
        let (sign, operator) = OPERATORS
            .into_iter()
            .find(|(sign, _)| rest.starts_with(sign))
            .ok_or_else(wrong)?;
        let (field, value) = (field.trim(), rest.get(sign.len()..).unwrap_or_default().trim());
        if field.is_empty() {
            return Err(wrong());
        }
        let condition = Self {
            field: canonical(field),
            operator,
            value: value.to_owned(),
            folded: value.to_lowercase(),
        };
        let ordered = !matches!(operator, Operator::Equal | Operator::Different | Operator::Holds);
        if ordered && condition.is_numeric() && compare_numbers(value, value).is_none() {
            return Err(FilterError::NoNumber {
                field: condition.field,
                value: condition.value,
            });
        }
        Ok(condition)
    }

    fn is_numeric(&self) -> bool {
        field_named(&self.field).is_some_and(|field| field.kind == Kind::Number)
    }

    fn matches(&self, item: &Object) -> bool {
        // What an item is known by is the document's id, whatever it says of itself.
        let id = (self.field == ITEM_ID)
            .then(|| id_of(item))
            .flatten()
            .map(|id| Value::String(id.into_owned()));
        let stored = id.as_ref().or_else(|| item.get(&self.field));
        match self.operator {
            Operator::Equal => self.equals(stored),
            Operator::Different => !self.equals(stored),
            Operator::Holds => {
                stored.is_some_and(|stored| as_text(stored).to_lowercase().contains(&self.folded))
                    || (self.value.is_empty() && is_nothing(stored))
            }
            Operator::Below => self.order(stored) == Some(Ordering::Less),
            Operator::Above => self.order(stored) == Some(Ordering::Greater),
            Operator::AtMost => matches!(self.order(stored), Some(Ordering::Less | Ordering::Equal)),
            Operator::AtLeast => matches!(self.order(stored), Some(Ordering::Greater | Ordering::Equal)),
        }
    }

    /// Nothing equals nothing (`status=` finds items without a status); numbers are equal by value.
    fn equals(&self, stored: Option<&Value>) -> bool {
        let wanted = Value::String(self.value.clone());
        if same(&self.field, stored, Some(&wanted)) {
            return true;
        }
        match stored {
            Some(Value::Number(number)) => compare_numbers(&number.to_string(), &self.value) == Some(Ordering::Equal),
            Some(Value::Bool(stored)) => self.folded == if *stored { "true" } else { "false" },
            Some(stored) if !is_nothing(Some(stored)) => as_text(stored) == self.value,
            _ => false,
        }
    }

    /// How the stored value stands to the condition's; what is nothing, or no number in a number field, stands nowhere.
    fn order(&self, stored: Option<&Value>) -> Option<Ordering> {
        let stored = stored.filter(|stored| !is_nothing(Some(stored)))?;
        let text = as_text(stored);
        if self.is_numeric() || matches!(stored, Value::Number(_)) {
            return compare_numbers(text.trim(), &self.value);
        }
        Some(text.as_ref().cmp(self.value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn meets(condition: &str, item: Value) -> bool {
        let Value::Object(item) = item else { panic!("no item") };
        Filter::parse(&[condition]).unwrap().matches(&item)
    }

    #[test]
    fn numbers_are_compared_by_value_and_text_as_text() {
        for condition in [
            "quantity=12.50",
            "quantity>9",
            "quantity>=12.5",
            "quantity<100",
            "quantity!=12",
        ] {
            assert!(meets(condition, json!({"quantity": 12.5})), "{condition}");
            assert!(meets(condition, json!({"quantity": "12.5"})), "{condition}");
        }
        assert!(!meets("quantity>9", json!({"quantity": "many"})));
        assert!(meets("quantity<-1", json!({"quantity": -2})));
        assert!(meets("shelf<10", json!({"shelf": 9})), "a number is one in any field");
        assert!(meets("moved_at>=2021-07", json!({"moved_at": "2021-07-08"})));
        assert!(!meets("moved_at<2021-07", json!({"moved_at": "2021-07-08"})));
        assert!(meets("approved=true", json!({"approved": true})));
        assert!(meets("name=a=b", json!({"name": "a=b"})), "the first operator counts");
    }

    #[test]
    fn nothing_is_equal_to_nothing_and_stands_in_no_order() {
        for item in [
            json!({}),
            json!({"status": null}),
            json!({"status": ""}),
            json!({"status": "None"}),
        ] {
            assert!(meets("status=", item.clone()), "{item}");
            assert!(!meets("status!=", item.clone()), "{item}");
            assert!(meets("status!=Active", item.clone()), "{item}");
            assert!(!meets("status<Z", item.clone()) && !meets("quantity<5", item));
        }
    }

    #[test]
    fn a_text_is_held_in_any_case() {
        assert!(meets("name~KUSH", json!({"name": "OG Kush 5"})));
        assert!(!meets("name~kush", json!({"name": "Haze"})) && !meets("name~kush", json!({})));
    }

    #[test]
    fn the_documents_id_is_what_an_item_is_known_by() {
        assert!(meets("item_id=A", json!({"id": "A", "item_id": "B"})));
        assert!(meets("Item ID=A", json!({"item_id": "A"})));
    }

    #[test]
    fn what_is_no_condition_is_refused_with_the_nearest_field() {
        assert!(matches!(Filter::parse(&["name"]), Err(FilterError::NoCondition(_))));
        assert!(matches!(Filter::parse(&["=5"]), Err(FilterError::NoCondition(_))));
        assert!(matches!(
            Filter::parse(&["quantity>many"]),
            Err(FilterError::NoNumber { .. })
        ));
        let present = BTreeSet::from(["item_id".to_owned(), "supplier".to_owned()]);
        let error = Filter::parse(&["quantitty=5"]).unwrap().check(&present).unwrap_err();
        assert!(error.to_string().ends_with("the nearest is \"quantity\""), "{error}");
        assert_eq!(Filter::parse(&["supplier=5"]).unwrap().check(&present), Ok(()));
    }

    #[test]
    fn a_list_of_fields_keeps_its_order() {
        let present = BTreeSet::from(["item_id".to_owned(), "supplier".to_owned()]);
        let list = |text: &str| {
            let list: Vec<String> = text.split(',').map(str::to_owned).collect();
            fields(&list, &present)
        };
        assert_eq!(
            list("supplier, Quantity,item_id").unwrap(),
            ["supplier", "quantity", "item_id"]
        );
        assert_eq!(list("name,Name"), Err(FilterError::Twice("name".into())));
        assert!(matches!(list("suplier"), Err(FilterError::NoField { nearest: Some(n), .. }) if n == "supplier"));
        assert_eq!(list(" ,"), Err(FilterError::NoFields));
    }
}
