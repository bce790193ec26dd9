//! Collects what is wrong with the settings, by key.

use std::{collections::BTreeSet, path::Path};

use config::Value;

use super::{
    defaults::Known,
    fault::{Fault, Origin},
    layer,
    quote::shown,
};

pub(super) struct Faults<'a> {
    known: &'a Known,
    root: &'a Value,
    file: Option<&'a Path>,
    found: Vec<Fault>,
    /// Keys whose value is only a placeholder: no rule is applied to them.
    faulty: BTreeSet<String>,
    /// Secrets that were given by their `_file` twin, which is to blame then.
    by_file: BTreeSet<String>,
}

impl<'a> Faults<'a> {
    pub(super) fn new(
        known: &'a Known,
        root: &'a Value,
        file: Option<&'a Path>,
        found: Vec<Fault>,
    ) -> Self {
        Self {
            known,
            root,
            file,
            found,
            faulty: BTreeSet::new(),
            by_file: BTreeSet::new(),
        }
    }

    pub(super) fn into_found(self) -> Vec<Fault> {
        self.found
    }

    pub(super) fn is_faulty(&self, key: &str) -> bool {
        self.faulty.contains(key)
    }

    /// From here on the value of a secret is that of its file.
    pub(super) fn read_from_file(&mut self, key: &str) {
        self.by_file.insert(key.to_owned());
    }

    /// From here on a key counts as faulty, because another one is.
    pub(super) fn taint(&mut self, key: &str) {
        self.faulty.insert(key.to_owned());
    }

    /// A key is wrong, unless something was said about it before.
    pub(super) fn add(&mut self, key: &str, message: impl Into<String>) {
        // The first fault of a key is the cause; what else is wrong with it mostly follows.
        if !self.faulty.insert(key.to_owned()) {
            return;
        }

        let given_as = if self.by_file.contains(key) {
            format!("{key}_file")
        } else {
            key.to_owned()
        };
        self.push(&given_as, message);
    }

    /// A key is wrong; its value is repeated unless it is a secret.
    pub(super) fn wrong(&mut self, key: &str, message: &str) {
        let value = layer::find(self.root, key).filter(|_| !self.known.is_secret(key));
        let not = value.map_or_else(String::new, |value| format!(", not {}", shown(&value.kind)));
        self.add(key, format!("{message}{not}"));
    }

    /// A key that somebody has to set.
    pub(super) fn missing(&mut self, key: &str, message: impl Into<String>) {
        if self.faulty.insert(key.to_owned()) {
            self.found.push(Fault {
                origin: Origin::Unset,
                key: key.to_owned(),
                message: message.into(),
            });
        }
    }

    /// Values that cannot stand together: blamed on the first that is not a default. Nothing is said
    /// where one of them is faulty by itself.
    pub(super) fn contradiction(&mut self, keys: &[&str], message: impl Into<String>) {
        // A placeholder contradicts nothing that anybody has written.
        if keys.iter().any(|key| self.is_faulty(key)) {
            return;
        }

        let written = |key: &&&str| self.origin(key) != Origin::Default;
        if let Some(key) = keys.iter().find(written).or(keys.first()) {
            self.push(key, message);
        }
    }

    fn push(&mut self, key: &str, message: impl Into<String>) {
        self.found.push(Fault {
            origin: self.origin(key),
            key: key.to_owned(),
            message: message.into(),
        });
    }

    pub(super) fn origin(&self, key: &str) -> Origin {
        let of = |key| layer::find(self.root, key).map(|value| layer::origin(value, self.file));
        match (of(key), key.rsplit_once('.')) {
            // What an entry leaves out is blamed on the entry.
            (Some(Origin::Default), Some((entry, _))) if entry.ends_with(']') => {
                of(entry).unwrap_or(Origin::Default)
            }
            (origin, _) => origin.unwrap_or(Origin::Unset),
        }
    }
}
