//! Reads merged settings into types and collects every fault on the way.
//!
//! A value that cannot be used is replaced by a placeholder so that reading goes on and finds the
//! next fault. Placeholders never get out: [`Reader::finish`] gives the faults instead.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};

use config::{Value, ValueKind};
use rust_decimal::Decimal;

use super::{
    fault::{Fault, Origin},
    known::Known,
    tree,
    value::{SHORTEST, duration, shown, wanted},
};

pub(super) struct Reader<'a> {
    known: &'a Known,
    root: &'a Value,
    file: Option<&'a Path>,
    trusted: Vec<PathBuf>,
    faults: Vec<Fault>,
    /// Good durations and numbers by key, for the rules that span sections.
    durations: BTreeMap<String, Duration>,
    numbers: BTreeMap<String, f64>,
}

impl<'a> Reader<'a> {
    /// `trusted` are folders whose secret files others may read, because the system made them.
    pub(super) fn new(
        known: &'a Known,
        root: &'a Value,
        file: Option<&'a Path>,
        trusted: Vec<PathBuf>,
    ) -> Self {
        Self {
            known,
            root,
            file,
            trusted,
            faults: Vec::new(),
            durations: BTreeMap::new(),
            numbers: BTreeMap::new(),
        }
    }

    pub(super) fn section(&mut self, name: &'static str) -> Section<'_, 'a> {
        Section {
            reader: self,
            name: Cow::Borrowed(name),
        }
    }

    /// How many sections a list of sections has.
    pub(super) fn entries(&self, list: &str) -> usize {
        tree::find(self.root, list).map_or(0, |value| tree::entries(value).len())
    }

    /// One of them, counted from 1.
    pub(super) fn entry(&mut self, list: &str, number: usize) -> Section<'_, 'a> {
        Section {
            reader: self,
            name: Cow::Owned(format!("{list}[{number}]")),
        }
    }

    pub(super) fn finish(self) -> Vec<Fault> {
        self.faults
    }

    pub(super) fn fault_count(&self) -> usize {
        self.faults.len()
    }

    /// A duration that was read and is good.
    pub(super) fn duration(&self, key: &str) -> Option<Duration> {
        self.durations.get(key).copied()
    }

    /// A number that was read and is good.
    pub(super) fn number(&self, key: &str) -> Option<f64> {
        self.numbers.get(key).copied()
    }

    pub(super) fn origin(&self, key: &str) -> Origin {
        let of = |key| tree::find(self.root, key).map(|value| tree::origin(value, self.file));
        match (of(key), key.rsplit_once('.')) {
            // What an entry leaves out is blamed on the entry.
            (Some(Origin::Default), Some((entry, _))) if entry.ends_with(']') => {
                of(entry).unwrap_or(Origin::Default)
            }
            (origin, _) => origin.unwrap_or(Origin::Unset),
        }
    }

    pub(super) fn fault(&mut self, key: &str, message: impl Into<String>) {
        self.faults.push(Fault {
            origin: self.origin(key),
            key: key.to_owned(),
            message: message.into(),
        });
    }

    /// Values that cannot stand together: blamed on the first that is not a default.
    pub(super) fn contradiction(&mut self, keys: &[&str], message: impl Into<String>) {
        let written = |key: &&&str| self.origin(key) != Origin::Default;
        let blamed = keys.iter().find(written).or(keys.first());
        if let Some(key) = blamed.copied() {
            self.fault(key, message);
        }
    }

    pub(super) fn file(&self) -> Option<&Path> {
        self.file
    }

    pub(super) fn trusted(&self) -> &[PathBuf] {
        &self.trusted
    }
}

/// The keys of one section.
pub(super) struct Section<'r, 'a> {
    reader: &'r mut Reader<'a>,
    name: Cow<'static, str>,
}

impl<'a> Section<'_, 'a> {
    pub(super) fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.name)
    }

    pub(super) fn reader(&mut self) -> &mut Reader<'a> {
        self.reader
    }

    pub(super) fn fault(&mut self, name: &str, message: impl Into<String>) {
        let key = self.key(name);
        self.reader.fault(&key, message);
    }

    /// Whether a text was given, by whomever.
    pub(super) fn is_set(&self, name: &str) -> bool {
        let value = tree::find(self.reader.root, &self.key(name));
        value.is_some_and(|v| !matches!(&v.kind, ValueKind::String(text) if text.is_empty()))
    }

    /// A key that somebody has to set.
    pub(super) fn missing(&mut self, name: &str, message: impl Into<String>) {
        let fault = Fault {
            origin: Origin::Unset,
            key: self.key(name),
            message: message.into(),
        };
        self.reader.faults.push(fault);
    }

    pub(super) fn bool(&mut self, name: &str) -> bool {
        self.read(name, false, |kind| match kind {
            ValueKind::Boolean(value) => Ok(*value),
            _ => Err("must be true or false".to_owned()),
        })
    }

    /// True, false, or left open (empty text).
    pub(super) fn optional_bool(&mut self, name: &str) -> Option<bool> {
        self.read(name, None, |kind| match kind {
            ValueKind::Boolean(value) => Ok(Some(*value)),
            // The environment knows texts only.
            ValueKind::String(text) if text.is_empty() => Ok(None),
            ValueKind::String(text) => {
                let value = text.parse().map_err(|_| "must be true or false".to_owned());
                value.map(Some)
            }
            _ => Err("must be true or false".to_owned()),
        })
    }

    pub(super) fn text(&mut self, name: &str) -> String {
        self.read(name, String::new(), |kind| match kind {
            ValueKind::String(text) => Ok(text.clone()),
            _ => Err("must be text in quotes".to_owned()),
        })
    }

    pub(super) fn count(&mut self, name: &str, range: RangeInclusive<u32>) -> u32 {
        let value = self.read(name, 0, |kind| {
            let value = match kind {
                ValueKind::I64(value) => u32::try_from(*value).ok(),
                _ => None,
            };
            value
                .filter(|value| range.contains(value))
                .ok_or_else(|| wanted("must be a whole number", &range))
        });
        if range.contains(&value) {
            let key = self.key(name);
            self.reader.numbers.insert(key, f64::from(value));
        }
        value
    }

    pub(super) fn float(&mut self, name: &str, range: RangeInclusive<f64>) -> f64 {
        let value = self.read(name, f64::NAN, |kind| {
            let value = match kind {
                ValueKind::Float(value) => Some(*value),
                // TOML has two kinds of numbers; people do not.
                ValueKind::I64(value) => i32::try_from(*value).ok().map(f64::from),
                _ => None,
            };
            value
                .filter(|value| range.contains(value))
                .ok_or_else(|| wanted("must be a number", &range))
        });
        if range.contains(&value) {
            let key = self.key(name);
            self.reader.numbers.insert(key, value);
        }
        value
    }

    /// A duration that must not be zero.
    pub(super) fn duration(&mut self, name: &str) -> Duration {
        self.duration_from(name, SHORTEST)
    }

    pub(super) fn duration_from(&mut self, name: &str, shortest: Duration) -> Duration {
        let value = self.read(name, None, |kind| duration(kind, shortest).map(Some));
        if let Some(value) = value {
            let key = self.key(name);
            self.reader.durations.insert(key, value);
        }
        value.unwrap_or_default()
    }

    /// At least one duration, each longer than the one before.
    pub(super) fn ascending_durations(&mut self, name: &str) -> Vec<Duration> {
        self.read(name, Vec::new(), |kind| {
            let ValueKind::Array(items) = kind else {
                return Err("must be a list of durations, such as [\"10s\", \"30s\"]".to_owned());
            };
            let durations = items.iter().map(|item| duration(&item.kind, SHORTEST));
            let durations: Vec<Duration> = durations.collect::<Result<_, _>>()?;
            if durations.is_empty() {
                Err("must name at least one duration".to_owned())
            } else if durations.is_sorted_by(|a, b| a < b) {
                Ok(durations)
            } else {
                Err("must be ascending: each duration longer than the one before".to_owned())
            }
        })
    }

    /// Text with rules of its own.
    pub(super) fn parsed<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.read(name, None, |kind| match kind {
            ValueKind::String(text) => parse(text).map(Some),
            _ => Err("must be text in quotes".to_owned()),
        })
    }

    /// Digits, in quotes or as a number.
    pub(super) fn digits<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.read(name, None, |kind| {
            let text = match kind {
                ValueKind::String(text) => text.clone(),
                ValueKind::I64(_) | ValueKind::U64(_) | ValueKind::I128(_) | ValueKind::U128(_) => {
                    kind.to_string()
                }
                _ => return Err("must be digits, with or without quotes".to_owned()),
            };
            parse(&text).map(Some)
        })
    }

    /// A sum of money in TRY, as text so that it stays exact; `None` for zero.
    pub(super) fn money(&mut self, name: &str) -> Option<Decimal> {
        let sum = self.parsed(name, |text| {
            Decimal::from_str_exact(text)
                .ok()
                .filter(|sum| !sum.is_sign_negative())
                .ok_or_else(|| "must be a sum of money, such as \"2500.00\"".to_owned())
        });
        sum.filter(|sum| !sum.is_zero())
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&mut self, name: &str, placeholder: T, words: &[(&str, T)]) -> T {
        self.read(name, placeholder, |kind| {
            let given = match kind {
                ValueKind::String(text) => words.iter().find(|(word, _)| word == text),
                _ => None,
            };
            given.map(|(_, value)| *value).ok_or_else(|| {
                let words: Vec<String> =
                    words.iter().map(|(word, _)| format!("{word:?}")).collect();
                format!("must be {}", words.join(" or "))
            })
        })
    }

    /// Reads one key. The message of a fault repeats the value unless it is a secret.
    fn read<T>(
        &mut self,
        name: &str,
        placeholder: T,
        parse: impl FnOnce(&ValueKind) -> Result<T, String>,
    ) -> T {
        let key = self.key(name);
        let Some(value) = tree::find(self.reader.root, &key) else {
            self.fault(name, "is missing from the shipped file");
            return placeholder;
        };
        parse(&value.kind).unwrap_or_else(|message| {
            let secret = self.reader.known.is_secret(&key);
            let message = if secret {
                message
            } else {
                format!("{message}, not {}", shown(&value.kind))
            };
            self.reader.fault(&key, message);
            placeholder
        })
    }
}
