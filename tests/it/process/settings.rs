//! A configuration file with intervals that suit a test.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
};

/// Keys and their values as TOML.
#[derive(Clone)]
pub(crate) struct Settings(BTreeMap<String, String>);

/// Short intervals, and no limits at the panel. Longer than a loaded machine needs where a delay
/// would change the result.
const QUICK: [(&str, &str); 24] = [
    // The tests run beside each other.
    ("http.listen", "\"127.0.0.1:0\""),
    ("database.max_connections", "6"),
    ("database.acquire_timeout", "\"3s\""),
    ("log.format", "\"json\""),
    // The tests' shop has no wallets, and nobody who settles.
    ("orders.settle", "\"status\""),
    ("orders.customer_language", "\"en\""),
    ("dispatch.scan_interval", "\"1s\""),
    ("dispatch.lease", "\"5s\""),
    (
        "dispatch.confirm_after",
        "[\"200ms\", \"400ms\", \"800ms\"]",
    ),
    ("poll.first_check_after", "\"100ms\""),
    ("poll.backoff_initial", "\"100ms\""),
    ("poll.backoff_max", "\"1s\""),
    ("poll.max_attempts", "200"),
    ("poll.give_up_after", "\"1h\""),
    ("poll.lease", "\"5s\""),
    ("sweep.interval", "\"2s\""),
    ("sweep.min_age", "\"1s\""),
    ("sweep.spread", "\"0s\""),
    ("znet.connect_timeout", "\"1s\""),
    ("znet.request_timeout", "\"3s\""),
    ("znet.requests_per_second", "0"),
    ("znet.max_in_flight", "16"),
    ("znet.catalog_ttl", "\"10m\""),
    ("znet.breaker_cooldown", "\"200ms\""),
];

impl Settings {
    /// Nothing but the defaults.
    pub(crate) fn empty() -> Self {
        Self(BTreeMap::new())
    }

    /// Short intervals.
    pub(crate) fn quick() -> Self {
        let mut settings = Self::empty();
        for (key, value) in QUICK {
            settings = settings.with(key, value);
        }
        settings
    }

    /// Sets a key; the value is TOML.
    pub(crate) fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.0.insert(key.to_owned(), value.into());
        self
    }

    /// Sets a key to a text.
    pub(crate) fn text(self, key: &str, value: &str) -> Self {
        self.with(key, format!("{value:?}"))
    }

    /// The same with another word in all values.
    pub(crate) fn renaming(&self, from: &str, to: &str) -> Self {
        let values = self.0.iter();
        Self(
            values
                .map(|(key, value)| (key.clone(), value.replace(from, to)))
                .collect(),
        )
    }

    /// The file's text.
    pub(crate) fn toml(&self) -> String {
        let mut sections: BTreeMap<&str, String> = BTreeMap::new();
        for (key, value) in &self.0 {
            let (section, name) = key.split_once('.').unwrap();
            let text = sections.entry(section).or_default();
            writeln!(text, "{name} = {value}").unwrap();
        }
        let mut text = String::new();
        for (section, keys) in sections {
            writeln!(text, "[{section}]\n{keys}").unwrap();
        }
        text
    }

    /// Writes the file.
    pub(crate) fn write(&self, folder: &Path) -> PathBuf {
        let path = folder.join("orderwatch.toml");
        // In one step: a process that was just started may be reading it.
        let written = path.with_extension("written");
        std::fs::write(&written, self.toml()).unwrap();
        std::fs::rename(written, &path).unwrap();
        path
    }
}
