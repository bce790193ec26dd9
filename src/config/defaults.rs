//! The keys that exist: those of the shipped file, which is also where the defaults come from.
//!
//! A list of sections (`[[a.b]]`) has no entry by default, so it stands in the shipped file as a
//! block that is commented out: `#` and no blank. That block is the pattern of every entry, with the
//! defaults of its keys.

use std::{borrow::Cow, cmp::Reverse};

use config::{Map, Value, ValueKind};

use super::{
    fault::{Fault, Origin, Place},
    layer::{self, Layer, Mark, Syntax},
};

pub(super) const SHIPPED: &str = include_str!("../../config/orderwatch.toml");

/// Keys of earlier versions, and what to write instead.
const REPLACED: &[(&str, &str)] = &[(
    "orders.settle_status",
    "is gone; write orders.settle = \"shop\" for false, \"status\" for true",
)];

/// How far a mistyped key may be from the real one.
const MAX_TYPOS: usize = 3;

/// The tree of known keys with their defaults.
pub(super) struct Known {
    root: Value,
}

/// A key that cannot be taken over, and why.
pub(super) struct Stray<'a> {
    pub(super) key: String,
    pub(super) value: &'a Value,
    pub(super) message: String,
}

impl Known {
    pub(super) fn shipped() -> Result<Self, Vec<Fault>> {
        match layer::parse(&with_patterns(SHIPPED), |place: Place| Mark::Default(place)) {
            Ok(layer) => Ok(Self {
                root: Value::new(None, layer.0),
            }),
            Err(errors) => Err(errors.into_iter().map(in_defaults).collect()),
        }
    }

    /// The defaults as the lowest layer.
    pub(super) fn layer(&self) -> Layer {
        match &self.root.kind {
            ValueKind::Table(table) => Layer(without_patterns(table)),
            _ => Layer::default(),
        }
    }

    pub(super) fn find(&self, key: &str) -> Option<&Value> {
        layer::find(&self.root, &pattern_key(key))
    }

    /// The keys of a list of sections, in the order of the shipped file; none for anything else.
    pub(super) fn entry_keys(&self, list: &str) -> Vec<String> {
        let mut keys = Vec::new();
        if let Some(pattern) = self
            .find(list)
            .and_then(|value| layer::entries(value).first())
        {
            leaves(pattern, "", &mut keys);
        }
        keys.sort();
        keys.into_iter().map(|(_, key)| key).collect()
    }

    /// The list of sections that a key is in, or is itself.
    pub(super) fn list_of<'k>(&self, key: &'k str) -> Option<&'k str> {
        let ends = key.match_indices('.').map(|(end, _)| end);
        let mut paths = ends.chain([key.len()]).map(|end| &key[..end]);
        paths.find(|path| {
            self.find(path)
                .is_some_and(|v| !layer::entries(v).is_empty())
        })
    }

    /// A key with a `_file` twin is a secret.
    pub(super) fn is_secret(&self, key: &str) -> bool {
        self.find(&format!("{key}_file")).is_some()
    }

    /// Every key, in the order of the shipped file.
    pub(super) fn keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        leaves(&self.root, "", &mut keys);
        // By line: the tree has lost the order of the file.
        keys.sort();
        keys.into_iter().map(|(_, key)| key).collect()
    }

    /// Keeps what is known of a layer and names the rest.
    pub(super) fn sift<'a>(&self, layer: &'a Layer) -> (Layer, Vec<Stray<'a>>) {
        let mut strays = Vec::new();
        let kept = match &self.root.kind {
            ValueKind::Table(known) => self.sift_table(known, &layer.0, "", &mut strays),
            _ => Map::new(),
        };
        (Layer(kept), strays)
    }

    fn sift_table<'a>(
        &self,
        known: &Map<String, Value>,
        given: &'a Map<String, Value>,
        prefix: &str,
        strays: &mut Vec<Stray<'a>>,
    ) -> Map<String, Value> {
        let mut kept = Map::new();
        for (name, value) in given {
            let key = join(prefix, name);
            let wanted = known.get(name).map(|known| &known.kind);

            if let Some(pattern) = known
                .get(name)
                .and_then(|known| layer::entries(known).first())
            {
                let entries = self.sift_list(pattern, value, &key, strays);
                kept.insert(name.clone(), entries);
                continue;
            }

            let message = match (wanted, &value.kind) {
                (Some(ValueKind::Table(known)), ValueKind::Table(given)) => {
                    let inner = self.sift_table(known, given, &key, strays);
                    kept.insert(name.clone(), Value::new(None, inner));
                    continue;
                }
                (Some(ValueKind::Table(_)), _) => format!("is a section; write [{key}]"),
                (Some(_), ValueKind::Table(_)) => "is a key, not a section".to_owned(),
                // Of the right type or not: the section that reads it says that better.
                (Some(_), _) => {
                    kept.insert(name.clone(), value.clone());
                    continue;
                }
                (None, _) => self.unknown(&key, str::to_owned),
            };

            strays.push(Stray {
                key,
                value,
                message,
            });
        }

        kept
    }

    fn sift_list<'a>(
        &self,
        pattern: &Value,
        given: &'a Value,
        key: &str,
        strays: &mut Vec<Stray<'a>>,
    ) -> Value {
        let items = match &given.kind {
            ValueKind::Array(items) => items.as_slice(),
            _ => std::slice::from_ref(given),
        };
        // [a.b] in the place of [[a.b]] is a mistake that is easily made: it is named, not taken for one entry.
        let in_list = matches!(given.kind, ValueKind::Array(_));

        let mut entries = Vec::new();
        for (index, item) in items.iter().enumerate() {
            match (&pattern.kind, &item.kind) {
                (ValueKind::Table(known), ValueKind::Table(table)) if in_list => {
                    let key = format!("{key}[{}]", index + 1);
                    // An entry begins as its pattern, which has the defaults of the keys that it leaves out.
                    let mut entry = known.clone();
                    entry.extend(self.sift_table(known, table, &key, strays));
                    entries.push(layer::like(item, ValueKind::Table(entry)));
                }
                _ => strays.push(Stray {
                    key: key.to_owned(),
                    value: item,
                    message: format!("is a list of sections; write [[{key}]]"),
                }),
            }
        }

        layer::like(given, ValueKind::Array(entries))
    }

    /// What to say about an unknown key; `spell` writes the suggestion as the reader would.
    pub(super) fn unknown(&self, key: &str, spell: impl Fn(&str) -> String) -> String {
        if let Some((_, now)) = REPLACED.iter().find(|(before, _)| *before == key) {
            return (*now).to_owned();
        }
        match self.suggestion(key) {
            Some(near) => format!("is not known; did you mean {}?", spell(&near)),
            None => "is not known; remove it".to_owned(),
        }
    }

    /// The known key or section nearest to a mistyped one, or the same name in another section.
    fn suggestion(&self, key: &str) -> Option<String> {
        let key = &*unnumbered(key);
        let depth = key.matches('.').count();
        let candidates = || self.paths().into_iter();
        // In a short key three typos would make almost any other.
        let allowed = MAX_TYPOS.min(key.chars().count() / 3);
        let near = candidates()
            .filter(|path| path.matches('.').count() == depth)
            .map(|path| (strsim::osa_distance(key, &path), path))
            .filter(|(distance, _)| *distance <= allowed)
            .min();

        let name = |path: &str| path.rsplit('.').next().map(str::to_owned);
        near.map(|(_, path)| path)
            .or_else(|| candidates().find(|path| name(path) == name(key)))
    }

    /// Keys and sections.
    fn paths(&self) -> Vec<String> {
        let mut keys = self.keys();
        for list in self.keys() {
            let entry = self.entry_keys(&list).into_iter();
            keys.extend(entry.map(|name| join(&list, &name)));
        }

        let mut paths: Vec<String> = keys
            .iter()
            .filter_map(|key| key.rsplit_once('.'))
            .map(|(section, _)| section.to_owned())
            .collect();
        paths.dedup();
        paths.extend(keys);
        // The deepest first: where only the name fits, a key is meant rather than a section.
        paths.sort_by_key(|path| Reverse(path.matches('.').count()));
        paths
    }
}

/// The shipped file with its commented-out blocks put in; every line stays where it is.
fn with_patterns(shipped: &str) -> String {
    let uncomment = |line: &str| match line.strip_prefix('#') {
        // A blank after # begins a comment for people.
        Some(setting) if !setting.starts_with([' ', '#']) => setting.to_owned(),
        _ => line.to_owned(),
    };
    let lines: Vec<String> = shipped.lines().map(uncomment).collect();
    lines.join("\n")
}

/// The defaults alone: lists of sections are empty.
fn without_patterns(table: &Map<String, Value>) -> Map<String, Value> {
    let defaults = table.iter().map(|(name, value)| {
        let kind = match &value.kind {
            ValueKind::Table(inner) => ValueKind::Table(without_patterns(inner)),
            _ if !layer::entries(value).is_empty() => ValueKind::Array(Vec::new()),
            kind => kind.clone(),
        };
        (name.clone(), layer::like(value, kind))
    });
    defaults.collect()
}

/// The key in the pattern for a key in any entry.
fn pattern_key(key: &str) -> String {
    let names = key.split('.').map(|name| match layer::numbered(name) {
        Some((list, _)) => format!("{list}[1]"),
        None => name.to_owned(),
    });
    names.collect::<Vec<_>>().join(".")
}

/// A key without the number of its entry.
fn unnumbered(key: &str) -> Cow<'_, str> {
    if !key.contains('[') {
        return Cow::Borrowed(key);
    }
    let names = key.split('.');
    let names = names.map(|name| layer::numbered(name).map_or(name, |(list, _)| list));
    Cow::Owned(names.collect::<Vec<_>>().join("."))
}

fn in_defaults(error: Syntax) -> Fault {
    Fault {
        origin: Origin::Default,
        key: String::new(),
        message: error.message,
    }
}

fn leaves(value: &Value, key: &str, found: &mut Vec<(usize, String)>) {
    match &value.kind {
        ValueKind::Table(table) => {
            for (name, value) in table {
                leaves(value, &join(key, name), found);
            }
        }
        _ => found.push((layer::line(value), key.to_owned())),
    }
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}.{name}")
    }
}
