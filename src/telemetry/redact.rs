//! The last line of defence: no secret in a log line, whoever put it there.
//!
//! Two nets. [`patterns()`] masks what stands where secrets stand (`sifre=…`, `://user:…@`). And
//! [`Secrets`] masks the values themselves, wherever they stand, once they are registered. Both cost
//! one scan of a line in which there is nothing to mask.
//!
//! A JSON line is masked as a document, not as text, so that it stays JSON.

mod patterns;

use std::{
    borrow::Cow,
    collections::BTreeSet,
    sync::{Arc, LazyLock},
};

use aho_corasick::{AhoCorasick, MatchKind};
use parking_lot::RwLock;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

pub(crate) use patterns::patterns;

/// What stands in the place of a secret.
pub(crate) const MASK: &str = "***";
/// Shorter values are words of every line.
const MIN_CHARS: usize = 4;

/// The values that must not be seen. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Secrets {
    known: Arc<RwLock<Known>>,
}

#[derive(Default)]
struct Known {
    values: BTreeSet<String>,
    search: Option<AhoCorasick>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

impl Secrets {
    /// Those of this process, which its log masks.
    #[must_use]
    pub(crate) fn process() -> Self {
        static PROCESS: LazyLock<Secrets> = LazyLock::new(Secrets::default);
        PROCESS.clone()
    }

    /// Masks these values from now on, also as they look in a URL and in quotes. Values of fewer
    /// than four characters are left out. Give many at once: each call that brings something new
    /// builds the search anew.
    pub(crate) fn register<'a>(&self, secrets: impl IntoIterator<Item = &'a SecretString>) {
        let secrets = secrets.into_iter().map(ExposeSecret::expose_secret);
        let long = secrets.filter(|secret| secret.chars().count() >= MIN_CHARS);
        let looks: Vec<String> = long.flat_map(looks).collect();

        let mut known = self.known.write();
        let before = known.values.len();
        known.values.extend(looks);
        if known.values.len() > before {
            known.search = search(&known.values);
        }
    }

    /// Masks a line of text.
    #[must_use]
    pub(crate) fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.mask_values(text) {
            Cow::Borrowed(text) => patterns(text),
            Cow::Owned(text) => Cow::Owned(patterns(&text).into_owned()),
        }
    }

    /// Masks a line of JSON; it stays JSON.
    #[must_use]
    pub(crate) fn mask_json<'t>(&self, line: &'t str) -> Cow<'t, str> {
        if !self.is_suspect(line) {
            return Cow::Borrowed(line);
        }

        // What is no JSON is masked as text rather than not at all.
        let Ok(mut document) = serde_json::from_str::<Value>(line) else {
            return self.mask(line);
        };
        if !self.mask_document(&mut document) {
            return Cow::Borrowed(line);
        }

        let end = if line.ends_with('\n') { "\n" } else { "" };
        Cow::Owned(format!("{document}{end}"))
    }

    /// Like the functions below, it says whether anything was masked.
    fn mask_document(&self, document: &mut Value) -> bool {
        let Value::Object(fields) = document else {
            return self.mask_node(document);
        };
        // Both are ours, and a log that cannot be sorted by them is of no use.
        let ours = ["timestamp", "level"];
        let fields = fields
            .iter_mut()
            .filter(|(name, _)| !ours.contains(&name.as_str()));
        any(fields, |(name, value)| self.mask_field(name, value))
    }

    fn mask_field(&self, name: &str, value: &mut Value) -> bool {
        // That there is no value is no secret.
        if patterns::is_secret_name(name) && !value.is_null() {
            *value = Value::from(MASK);
            return true;
        }
        self.mask_node(value)
    }

    fn mask_node(&self, node: &mut Value) -> bool {
        let masked = match node {
            Value::Null | Value::Bool(_) => return false,
            Value::Array(items) => return any(items, |item| self.mask_node(item)),
            Value::Object(fields) => {
                return any(fields, |(name, value)| self.mask_field(name, value));
            }
            Value::String(text) => self.mask(text).into_owned(),
            Value::Number(number) => {
                // A secret of digits may be logged as a number.
                let text = number.to_string();
                match self.mask_values(&text) {
                    Cow::Borrowed(_) => return false,
                    Cow::Owned(masked) => masked,
                }
            }
        };

        let changed = node.as_str() != Some(&masked);
        *node = Value::from(masked);
        changed
    }

    fn is_suspect(&self, line: &str) -> bool {
        let known = self.known.read();
        known.is_in(line) || patterns::is_marked(line)
    }

    fn mask_values<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let known = self.known.read();
        if known.is_in(text) {
            Cow::Owned(known.mask(text))
        } else {
            Cow::Borrowed(text)
        }
    }
}

impl Known {
    fn is_in(&self, text: &str) -> bool {
        match &self.search {
            Some(search) => search.is_match(text),
            None => self.values.iter().any(|value| text.contains(value)),
        }
    }

    fn mask(&self, text: &str) -> String {
        let Some(search) = &self.search else {
            let mask = |text: String, value: &String| text.replace(value, MASK);
            // Backwards: of two values that begin alike, the longer one comes first.
            return self.values.iter().rev().fold(text.to_owned(), mask);
        };

        let mut masked = String::with_capacity(text.len());
        search.replace_all_with(text, &mut masked, |_, _, out| {
            out.push_str(MASK);
            true
        });
        masked
    }
}

/// Visits all of them, unlike `Iterator::any`.
fn any<I: IntoIterator>(items: I, mut visit: impl FnMut(I::Item) -> bool) -> bool {
    items.into_iter().fold(false, |any, item| visit(item) | any)
}

/// A value as it is, percent-encoded as in a query, and escaped as between quotes.
fn looks(secret: &str) -> [String; 4] {
    let query = reqwest::Url::parse_with_params("x:", [("v", secret)]);
    let query = query.ok().and_then(|url| {
        let query = url.query()?.strip_prefix("v=")?;
        Some(query.to_owned())
    });
    let query = query.unwrap_or_else(|| secret.to_owned());

    let quoted = Value::from(secret).to_string();
    let escaped = quoted.trim_start_matches('"');
    let escaped = escaped.strip_suffix('"').unwrap_or(escaped).to_owned();

    // A blank in a query is written in either way.
    [secret.to_owned(), query.replace('+', "%20"), query, escaped]
}

/// `None` when there is nothing to search for, or more than the search can hold; then each value is
/// searched for by itself.
fn search(values: &BTreeSet<String>) -> Option<AhoCorasick> {
    if values.is_empty() {
        return None;
    }
    AhoCorasick::builder()
        // A secret that begins with another one is masked whole.
        .match_kind(MatchKind::LeftmostLongest)
        .build(values)
        .ok()
}
