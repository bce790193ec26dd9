//! From the merged layers to the sections.
//!
//! serde stops at its first fault. So a value that cannot be used is reported, replaced by the shipped
//! one, and everything is read once more: in the end every fault is known.

use config::{Value, ValueKind};
use serde_json::{Map, Value as Json};
use serde_path_to_error::{Path, Segment};

use super::{Config, defaults::Known, faults::Faults, layer};

/// `None` only together with a fault. Values that are reported are only placeholders in what is returned.
pub(super) fn read(mut settings: Json, known: &Known, faults: &mut Faults<'_>) -> Option<Config> {
    loop {
        let error = match serde_path_to_error::deserialize::<_, Config>(&settings) {
            Ok(config) => return Some(config),
            Err(error) => error,
        };

        let key = key(error.path());
        faults.wrong(&key, &message(&error.inner().to_string()));

        let shipped = json(known.find(&key)?);
        let value = at(&mut settings, &key)?;
        if *value == shipped {
            // The shipped value cannot be read: only a fault of the program leads here.
            return None;
        }
        // Read once more with a value that can be read: serde stops at its first fault.
        *value = shipped;
    }
}

/// A path as a key; entries of lists are counted from 1.
fn key(path: &Path) -> String {
    let mut key = String::new();
    for segment in path {
        match segment {
            Segment::Map { key: name } if key.is_empty() => key.push_str(name),
            Segment::Map { key: name } => key.extend([".", name]),
            Segment::Seq { index } => key.extend(["[", &(index + 1).to_string(), "]"]),
            // Inside of a value.
            Segment::Enum { .. } | Segment::Unknown => break,
        }
    }
    key
}

/// What serde says, in the words of the other faults and without the value.
fn message(said: &str) -> String {
    // serde repeats the value before these words, and it may be a secret.
    let Some((_, expected)) = said.rsplit_once(", expected ") else {
        return said.to_owned();
    };
    match expected {
        "a boolean" => "must be true or false".to_owned(),
        "a string" | "string or map" => "must be text in quotes".to_owned(),
        words => {
            let words = words.trim_start_matches("one of ");
            format!(
                "must be {}",
                words.replace("`, `", "` or `").replace('`', "\"")
            )
        }
    }
}

/// The value of a dotted key.
pub(super) fn at<'a>(root: &'a mut Json, key: &str) -> Option<&'a mut Json> {
    key.split('.')
        .try_fold(root, |value, name| match layer::numbered(name) {
            Some((list, number)) => value.get_mut(list)?.get_mut(number.checked_sub(1)?),
            None => value.get_mut(name),
        })
}

/// Without the origins.
pub(super) fn json(value: &Value) -> Json {
    match &value.kind {
        ValueKind::Nil => Json::Null,
        ValueKind::Boolean(value) => Json::from(*value),
        ValueKind::I64(number) => Json::from(*number),
        ValueKind::Float(number) => Json::from(*number),
        ValueKind::String(text) => Json::from(text.as_str()),
        ValueKind::Array(items) => Json::Array(items.iter().map(json).collect()),
        ValueKind::Table(table) => {
            let entries = table
                .iter()
                .map(|(name, value)| (name.clone(), json(value)));
            Json::Object(entries.collect::<Map<_, _>>())
        }
        // The parser makes no others.
        other => Json::from(other.to_string()),
    }
}
