//! Where settings come from: the file, its search order, and the environment.
//!
//! Everything is passed in, so nothing here depends on the process that runs it.

use std::{
    ffi::{OsStr, OsString},
    fs, io,
    path::{Path, PathBuf},
};

use config::{Value, ValueKind};

use super::{
    defaults::{Known, Stray},
    fault::{Fault, Origin, Place},
    layer::{self, Layer, Mark},
};

/// Names the configuration file.
const FILE_VARIABLE: &str = "ORDERWATCH_CONFIG";
/// Begins every variable that overrides a key.
const PREFIX: &str = "ORDERWATCH__";
/// Where a file is looked for when none is named.
const SEARCH: [&str; 2] = [
    "./config/orderwatch.toml",
    "/etc/orderwatch/orderwatch.toml",
];

#[derive(Clone, Default)]
pub struct Sources {
    file: Option<PathBuf>,
    environment: Vec<(String, OsString)>,
    search: Vec<PathBuf>,
}

impl Sources {
    /// `file` is the one named by `--config`; it wins over `$ORDERWATCH_CONFIG`, and both over the
    /// files in `search`, of which only one may exist.
    pub fn new<K, V>(
        file: Option<PathBuf>,
        environment: impl IntoIterator<Item = (K, V)>,
        search: impl IntoIterator<Item = PathBuf>,
    ) -> Self
    where
        K: Into<String>,
        V: Into<OsString>,
    {
        let environment = environment.into_iter();
        Self {
            file,
            environment: environment.map(|(k, v)| (k.into(), v.into())).collect(),
            search: search.into_iter().collect(),
        }
    }

    /// The environment of this process and the usual places.
    #[must_use]
    pub(crate) fn of_process(file: Option<PathBuf>) -> Self {
        // A name that is not Unicode cannot be one of ours.
        let ours = std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v)));
        Self::new(file, ours, SEARCH.map(PathBuf::from))
    }

    /// A variable that is set and not empty.
    pub(super) fn variable(&self, name: &str) -> Option<&OsStr> {
        let mut found = self.environment.iter().filter(|(key, _)| key == name);
        found
            .next_back()
            .map(|(_, value)| value.as_os_str())
            .filter(|value| !value.is_empty())
    }

    /// The text of the configuration file, if there is one.
    pub(super) fn read_file(&self) -> Result<Option<(PathBuf, String)>, Fault> {
        if let Some(path) = &self.file {
            return read_named(path, "--config").map(Some);
        }
        if let Some(path) = self.variable(FILE_VARIABLE) {
            return read_named(Path::new(path), &format!("${FILE_VARIABLE}")).map(Some);
        }
        // Unlike a file that was named, one that is only searched for need not exist.
        let exists = |path: &&PathBuf| path.try_exists().unwrap_or(true);
        let mut found = self.search.iter().filter(exists);
        match (found.next(), found.next()) {
            (None, _) => Ok(None),
            (Some(path), None) => match fs::read_to_string(path) {
                Ok(text) => Ok(Some((path.clone(), text))),
                Err(error) => Err(unreadable(path, &error, "")),
            },
            (Some(one), Some(other)) => Err(ambiguous(one, other)),
        }
    }

    pub(super) fn environment(&self, known: &Known, faults: &mut Vec<Fault>) -> Layer {
        let mut layer = Layer::default();
        for (name, value) in &self.environment {
            let Some(rest) = name.strip_prefix(PREFIX) else {
                continue;
            };
            // Two underscores separate, since names have single ones.
            let key = rest.to_ascii_lowercase().replace("__", ".");

            match variable(known, &key, name, value) {
                Ok(value) => {
                    layer.0.insert(key, value);
                }
                Err(message) => faults.push(Fault {
                    origin: Origin::Variable(name.clone()),
                    key,
                    message,
                }),
            }
        }
        layer
    }
}

fn read_named(path: &Path, named_by: &str) -> Result<(PathBuf, String), Fault> {
    match fs::read_to_string(path) {
        Ok(text) => Ok((path.to_owned(), text)),
        Err(error) => Err(unreadable(path, &error, &format!(", named by {named_by},"))),
    }
}

/// Whichever were taken, somebody would work with the other one's database without knowing it.
fn ambiguous(one: &Path, other: &Path) -> Fault {
    Fault {
        origin: Origin::File {
            path: one.to_owned(),
            place: None,
        },
        key: String::new(),
        message: format!(
            "there is {} as well; name one of them by --config or ${FILE_VARIABLE}, or go to another folder",
            other.display()
        ),
    }
}

fn unreadable(path: &Path, error: &io::Error, named: &str) -> Fault {
    Fault {
        origin: Origin::File {
            path: path.to_owned(),
            place: None,
        },
        key: String::new(),
        message: format!("this configuration file{named} cannot be read: {error}"),
    }
}

/// The layer of the file, or `None` when its syntax is wrong.
pub(super) fn file(
    known: &Known,
    path: &Path,
    text: &str,
    faults: &mut Vec<Fault>,
) -> Option<Layer> {
    let layer = match layer::parse(text, |place: Place| Mark::File(place)) {
        Ok(layer) => layer,
        Err(errors) => {
            faults.extend(errors.into_iter().map(|error| Fault {
                origin: Origin::File {
                    path: path.to_owned(),
                    place: error.place,
                },
                key: String::new(),
                message: format!("this is not TOML: {}", error.message),
            }));
            return None;
        }
    };

    let (kept, strays) = known.sift(&layer);
    let stray = |stray: Stray<'_>| Fault {
        origin: layer::origin(stray.value, Some(path)),
        key: stray.key,
        message: stray.message,
    };
    faults.extend(strays.into_iter().map(stray));
    Some(kept)
}

/// A variable's value in the type that its key has.
fn variable(known: &Known, key: &str, name: &str, value: &OsStr) -> Result<Value, String> {
    let spell = |key: &str| format!("{PREFIX}{}", key.to_ascii_uppercase().replace('.', "__"));
    if let Some(list) = known.list_of(key) {
        return Err(format!("cannot be set here; write [[{list}]] in the file"));
    }

    let Some(default) = known.find(key) else {
        return Err(known.unknown(key, spell));
    };
    let Some(text) = value.to_str() else {
        return Err("is not valid UTF-8".to_owned());
    };

    let mark = Mark::Variable(name).write();
    let text_value = || ValueKind::String(text.to_owned());
    let trimmed = text.trim();
    // What does not parse stays text, and is refused where it is read.
    let kind = match &default.kind {
        ValueKind::Table(_) => {
            return Err(format!(
                "is a section; set one of its keys: {}__KEY",
                spell(key)
            ));
        }
        ValueKind::Boolean(_) => trimmed
            .parse()
            .map_or_else(|_| text_value(), ValueKind::Boolean),
        ValueKind::I64(_) => trimmed
            .parse()
            .map_or_else(|_| text_value(), ValueKind::I64),
        ValueKind::Float(_) => trimmed
            .parse()
            .map_or_else(|_| text_value(), ValueKind::Float),
        ValueKind::Array(_) => ValueKind::Array(list(trimmed, &mark)),
        _ => text_value(),
    };

    Ok(Value::new(Some(&mark), kind))
}

/// `a, b, c`; nothing at all is an empty list.
fn list(text: &str, mark: &String) -> Vec<Value> {
    let items = text.split(',').map(str::trim);
    let items = items.filter(|_| !text.is_empty());
    items.map(|item| Value::new(Some(mark), item)).collect()
}
