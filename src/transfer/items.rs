//! Items of a plan as lines: what is created, how each field changes, what is skipped, how many more there are.
//!
//! Doesn't belong here: the counts of a plan (`render`), which items are shown (`events`).

use crate::output::events::{Items, NamedItem, Plan, Update};
use crate::output::{Tone, and_more};
use crate::plan::shown;

/// Lines for standard output.
pub(super) type Lines = Vec<(Tone, String)>;

/// The first items of each kind, with the counts of the others.
pub(super) fn first_lines(plan: &Plan) -> Lines {
    let mut lines = Lines::new();
    let mut add = |first: Vec<String>, count: u64, noun: &str, place: &str| {
        let more = if first.is_empty() {
            0
        } else {
            count.saturating_sub(first.len() as u64)
        };
        lines.extend(first.into_iter().map(|line| (Tone::Plain, format!("  {line}"))));
        lines.extend(more_line(more, noun, place));
    };
    let all_in = &plan.all_in;
    let creates = plan.creates.iter().map(|item| item_line('+', item)).collect();
    add(creates, plan.create, "new item", all_in);
    add(
        plan.updates.iter().map(update_line).collect(),
        plan.update,
        "update",
        all_in,
    );
    let skips = plan.skips.iter().map(|skip| {
        let item = if skip.item.is_empty() {
            String::new()
        } else {
            format!("{} ", skip.item)
        };
        format!("{item}({}) is skipped: {}", skip.place, skip.reason)
    });
    add(skips.collect(), plan.skip, "skipped row", "");
    lines
}

/// `~ A1 "Kush": quantity 12 → 10.5, name "Kush" → "Kush 2"`
pub(super) fn update_line(update: &Update) -> String {
    let fields = update.fields.iter().map(|field| {
        let (before, after) = (shown(field.before.as_ref()), shown(Some(&field.after)));
        format!("{} {before} → {after}", field.field)
    });
    let name = update.name.as_ref().map(|name| format!(" {}", shown(Some(name))));
    let fields = fields.collect::<Vec<_>>().join(", ");
    format!("~ {}{}: {fields}", update.item, name.unwrap_or_default())
}

/// `+ A1 "Kush", quantity 12`
pub(super) fn item_line(sign: char, named: &NamedItem) -> String {
    let name = named.name.as_ref().map(|name| format!(" {}", shown(Some(name))));
    let quantity = named
        .quantity
        .as_ref()
        .map(|quantity| format!(", quantity {}", shown(Some(quantity))));
    let (name, quantity) = (name.unwrap_or_default(), quantity.unwrap_or_default());
    format!("{sign} {}{name}{quantity}", named.item)
}

pub(super) fn item_lines(items: &Items) -> Lines {
    let sign = if items.action == "delete" { '-' } else { '+' };
    let line = |named: &NamedItem| (Tone::Plain, format!("  {}", item_line(sign, named)));
    let mut lines: Lines = items.first.iter().map(line).collect();
    lines.extend(more_line(
        items.count.saturating_sub(items.first.len() as u64),
        "item",
        "",
    ));
    lines
}

fn more_line(more: u64, noun: &str, place: &str) -> Option<(Tone, String)> {
    and_more(more, (noun, ""), place).map(|line| (Tone::Dim, format!("  {line}")))
}
