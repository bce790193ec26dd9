//! Any configuration file: it is in force as a whole or refused with its faults, and its secrets are seen nowhere.

use std::{env, fs, process};

use super::{Config, Known, Loaded, Sources, defaults::SHIPPED, layer};
use crate::oracle::hides;
use config::{Value, ValueKind};

/// The bytes of a file.
pub(crate) fn file(data: &[u8]) {
    let path = env::temp_dir().join(format!("orderwatch-fuzzing-{}.toml", process::id()));
    if fs::write(&path, data).is_err() {
        return;
    }
    let sources = Sources::new(
        Some(path.clone()),
        [("DATABASE_URL", "postgres://a@b/c")],
        [],
    );
    let loaded = Config::load(&sources);
    let again = Config::load(&sources);
    drop(fs::remove_file(&path));

    let secrets = secrets(&String::from_utf8_lossy(data));
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    match (loaded, again) {
        (Ok(loaded), Ok(again)) => {
            is_in_force(&loaded, &secrets);
            assert_eq!(loaded.settings, again.settings);
        }
        (Err(fault), Err(again)) => {
            assert_eq!(fault, again);
            hides(&fault.to_string(), &secrets);
            assert!(!fault.to_string().trim().is_empty());
        }
        (one, other) => unreachable!("{:?} and {:?}", one.is_ok(), other.is_ok()),
    }
}

fn is_in_force(loaded: &Loaded, secrets: &[&str]) {
    // As it stands in a log, and as `config check` lists it.
    hides(&format!("{:?}", loaded.config), secrets);
    for setting in &loaded.settings {
        hides(&setting.value, secrets);
    }
    // Each value is checked against the others where it is loaded.
    assert!(loaded.config.dispatch.lease > loaded.config.znet.longest_call());
    assert!(loaded.config.poll.give_up_after > loaded.config.poll.first_check_after);
}

/// The values of the file's secret keys that stand nowhere else in it.
fn secrets(text: &str) -> Vec<String> {
    let known = Known::shipped();
    let (Ok(known), Ok(layer)) = (known, layer::parse(text, layer::Mark::File)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (name, value) in &layer.0 {
        collect(&known, name, value, &mut found);
    }
    found.retain(|secret| is_secret(secret) && text.matches(secret.as_str()).count() == 1);
    found
}

/// Nothing that may stand in a message by chance.
fn is_secret(text: &str) -> bool {
    let has = |what: fn(&char) -> bool| text.chars().any(|c| what(&c));
    text.len() >= 8
        && has(char::is_ascii_alphabetic)
        && has(char::is_ascii_digit)
        && !SHIPPED.contains(text)
}

/// The password of an address.
fn password(address: &str) -> Option<String> {
    let (_, rest) = address.split_once("://")?;
    let (login, _) = rest.split_once('@')?;
    let (_, password) = login.split_once(':')?;
    Some(password.to_owned())
}

fn collect(known: &Known, key: &str, value: &Value, found: &mut Vec<String>) {
    match &value.kind {
        ValueKind::String(text) if known.is_secret(key) => {
            found.extend(password(text));
            found.push(text.trim().to_owned());
        }
        ValueKind::Table(table) => {
            for (name, value) in table {
                collect(known, &format!("{key}.{name}"), value, found);
            }
        }
        ValueKind::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                collect(known, &format!("{key}[{}]", at + 1), item, found);
            }
        }
        _ => {}
    }
}
