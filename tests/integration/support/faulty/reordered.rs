//! An answer in another order: its items, and the keys of each object.
//!
//! Doesn't belong here: which requests it strikes (`schedule`).

use fastrand::Rng;
use serde_json::Value;

use crate::support::wire::{WireAnswer, WireRequest};

/// A list in an order that the seed decides, unless the request asks for one; any other answer as it is.
pub(super) fn reordered(request: &WireRequest, mut answer: WireAnswer, seed: u64) -> WireAnswer {
    let Ok(mut body) = serde_json::from_slice::<Value>(&answer.body) else {
        return answer;
    };
    if request.query().contains("order_by") {
        return answer;
    }
    let mut random = Rng::with_seed(seed);
    if let Some(items) = body["data"].as_array_mut() {
        random.shuffle(items);
        let items: Vec<String> = items.iter().map(|item| text(item, &mut random)).collect();
        answer.body = format!(r#"{{"success":true,"data":[{}]}}"#, items.join(",")).into_bytes();
    }
    answer
}

fn text(value: &Value, random: &mut Rng) -> String {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<String> = fields
                .iter()
                .map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), text(value, random)))
                .collect();
            random.shuffle(&mut fields);
            format!("{{{}}}", fields.join(", "))
        }
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(|value| text(value, random)).collect();
            format!("[{}]", values.join(","))
        }
        other => other.to_string(),
    }
}
