//! One layer of settings as a tree of values that remember where they were written.
//!
//! The layers are merged by the `config` crate; its values carry an origin as text, so the place in
//! the file or the variable's name travels in there ([`Mark`]).

use std::{ops::Range, path::Path};

use config::{ConfigError, Map, Source, Value, ValueKind};
use toml::de::{DeArray, DeTable, DeValue};

use super::fault::{Origin, Place};

/// A layer: sections and keys, or dotted keys.
#[derive(Clone, Default)]
pub(super) struct Layer(pub(super) Map<String, Value>);

impl std::fmt::Debug for Layer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The values may be secret.
        f.debug_tuple("Layer").finish_non_exhaustive()
    }
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.0.clone())
    }
}

/// An origin in the form that a value carries.
pub(super) enum Mark<'a> {
    Default(Place),
    File(Place),
    Variable(&'a str),
}

impl Mark<'_> {
    pub(super) fn write(&self) -> String {
        match self {
            Self::Default(Place { line, column }) => format!("default {line} {column}"),
            Self::File(Place { line, column }) => format!("file {line} {column}"),
            Self::Variable(name) => format!("variable {name}"),
        }
    }

    fn read(text: &str) -> Option<Mark<'_>> {
        let (kind, rest) = text.split_once(' ')?;
        if kind == "variable" {
            return Some(Mark::Variable(rest));
        }
        let (line, column) = rest.split_once(' ')?;
        let place = Place {
            line: line.parse().ok()?,
            column: column.parse().ok()?,
        };
        match kind {
            "default" => Some(Mark::Default(place)),
            "file" => Some(Mark::File(place)),
            _ => None,
        }
    }
}

/// Where a value was written. `file` is the configuration file, if there is one.
pub(super) fn origin(value: &Value, file: Option<&Path>) -> Origin {
    match (value.origin().and_then(Mark::read), file) {
        (Some(Mark::File(place)), Some(path)) => Origin::File {
            path: path.to_owned(),
            place: Some(place),
        },
        (Some(Mark::Variable(name)), _) => Origin::Variable(name.to_owned()),
        _ => Origin::Default,
    }
}

/// Another value in the same place.
pub(super) fn like(place: &Value, kind: ValueKind) -> Value {
    let origin = place.origin().map(str::to_owned);
    Value::new(origin.as_ref(), kind)
}

/// The line at which a value stands in its file; 0 for a variable.
pub(super) fn line(value: &Value) -> usize {
    match value.origin().and_then(Mark::read) {
        Some(Mark::File(place) | Mark::Default(place)) => place.line,
        _ => 0,
    }
}

/// The value of a dotted key. `list[1].name` is in the first entry of a list of sections.
pub(super) fn find<'a>(root: &'a Value, key: &str) -> Option<&'a Value> {
    key.split('.').try_fold(root, |value, name| {
        let ValueKind::Table(table) = &value.kind else {
            return None;
        };
        let Some((list, number)) = numbered(name) else {
            return table.get(name);
        };
        match &table.get(list)?.kind {
            // People count from 1.
            ValueKind::Array(entries) => entries.get(number.checked_sub(1)?),
            _ => None,
        }
    })
}

/// `list[2]` as its two parts.
pub(super) fn numbered(name: &str) -> Option<(&str, usize)> {
    let (list, number) = name.strip_suffix(']')?.split_once('[')?;
    Some((list, number.parse().ok()?))
}

/// The sections of a list of sections; none for anything else.
pub(super) fn entries(value: &Value) -> &[Value] {
    match &value.kind {
        ValueKind::Array(items) if items.iter().any(is_section) => items,
        _ => &[],
    }
}

fn is_section(value: &Value) -> bool {
    matches!(value.kind, ValueKind::Table(_))
}

/// Reads TOML. Faults of its syntax come with their place and never quote the text, which may hold a password.
pub(super) fn parse(text: &str, mark: fn(Place) -> Mark<'static>) -> Result<Layer, Vec<Syntax>> {
    // Recoverable, so that every fault of the syntax is found in one go.
    let (table, errors) = DeTable::parse_recoverable(text);
    let parser = Parser { text, mark };
    if errors.is_empty() {
        Ok(Layer(parser.table(table.into_inner())))
    } else {
        Err(errors.iter().map(|error| parser.syntax(error)).collect())
    }
}

pub(super) struct Syntax {
    pub(super) place: Option<Place>,
    pub(super) message: String,
}

struct Parser<'a> {
    text: &'a str,
    mark: fn(Place) -> Mark<'static>,
}

impl Parser<'_> {
    fn table(&self, table: DeTable<'_>) -> Map<String, Value> {
        let entries = table.into_iter().map(|(key, value)| {
            let value = self.value(&key.span(), value.into_inner());
            (key.into_inner().into_owned(), value)
        });
        entries.collect()
    }

    fn array(&self, span: &Range<usize>, array: DeArray<'_>) -> Vec<Value> {
        let items = array.into_iter();
        items
            .map(|item| {
                // A section has a place of its own.
                let own = matches!(item.get_ref(), DeValue::Table(_)).then(|| item.span());
                self.value(&own.unwrap_or_else(|| span.clone()), item.into_inner())
            })
            .collect()
    }

    fn value(&self, span: &Range<usize>, value: DeValue<'_>) -> Value {
        // A number too large for us stays text and is refused where it is read, with its key.
        let kind = match value {
            DeValue::String(text) => ValueKind::String(text.into_owned()),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| ValueKind::String(number.to_string()), ValueKind::I64),
            DeValue::Float(number) => number
                .as_str()
                .parse()
                .map_or_else(|_| ValueKind::String(number.to_string()), ValueKind::Float),
            DeValue::Boolean(value) => ValueKind::Boolean(value),
            DeValue::Datetime(time) => ValueKind::String(time.to_string()),
            DeValue::Array(array) => ValueKind::Array(self.array(span, array)),
            DeValue::Table(table) => ValueKind::Table(self.table(table)),
        };

        let mark = (self.mark)(self.place(span.start));
        Value::new(Some(&mark.write()), kind)
    }

    fn syntax(&self, error: &toml::de::Error) -> Syntax {
        Syntax {
            place: error.span().map(|span| self.place(span.start)),
            message: error.message().to_owned(),
        }
    }

    fn place(&self, offset: usize) -> Place {
        let before = self.text.get(..offset).unwrap_or(self.text);

        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Place {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}
