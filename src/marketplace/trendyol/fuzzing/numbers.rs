//! Numbers of a body, to the digit.

use std::collections::HashMap;

use serde_json::{Value, value::RawValue};

use crate::{
    marketplace::trendyol::wire::{self, Fields},
    oracle::Exact,
};

/// Every field of every object that is read as a number is the one that was written.
pub(super) fn are_exact(text: &str) {
    let Ok(raw) = serde_json::from_str::<&RawValue>(text) else {
        return;
    };
    // A body of this depth has records, their lines and their parts.
    fields_of(raw, 4);
}

fn fields_of(raw: &RawValue, depth: usize) {
    if depth == 0 {
        return;
    }
    if let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(raw.get()) {
        for raw in list {
            fields_of(raw, depth);
        }
        return;
    }

    let names: HashMap<String, &RawValue> = serde_json::from_str(raw.get()).unwrap_or_default();
    let Some(fields) = Fields::of(raw) else {
        return;
    };
    for (name, raw) in names {
        let written = wire::text(raw).and_then(|text| Exact::of(&text));
        let same = |read: Exact| assert_eq!(Some(read), written, "{name}: {}", raw.get());
        fields
            .decimal(&[&name])
            .map(Exact::from)
            .into_iter()
            .for_each(same);
        let int = fields
            .int(&[&name])
            .and_then(|int| Exact::of(&int.to_string()));
        int.into_iter().for_each(same);
        let count = fields
            .count(&[&name])
            .and_then(|count| Exact::of(&count.to_string()));
        count.into_iter().for_each(same);
        fields_of(raw, depth - 1);
    }
}

/// Whether a number or a text is this many.
pub(super) fn is(value: &Value, units: i32) -> bool {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return false,
    };
    Exact::of(&text) == Exact::of(&units.to_string())
}
