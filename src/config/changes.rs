//! What a new configuration changes, and what of it has to wait for a restart.

use secrecy::ExposeSecret;

use super::Loaded;

/// Sections and keys that a running daemon cannot change: connections and the shape of the
/// log are made once.
const FIXED: [&str; 2] = ["database.", "log.format"];

/// The keys that differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// In force at once.
    pub applied: Vec<String>,
    /// In force after the next start.
    pub need_restart: Vec<String>,
}

impl Changes {
    /// Compares what is in force with what was read now. Values of secrets are compared, not shown.
    #[must_use]
    pub fn between(old: &Loaded, new: &Loaded) -> Self {
        let mut changes = Self::default();
        for setting in &new.settings {
            let before = old.settings.iter().find(|other| other.key == setting.key);
            if before.is_some_and(|before| before.value == setting.value) {
                continue;
            }
            changes.add(&setting.key);
        }
        for setting in &old.settings {
            if !new.settings.iter().any(|other| other.key == setting.key) {
                changes.add(&setting.key);
            }
        }
        let address = |loaded: &Loaded| loaded.config.database.url.expose_secret().to_owned();
        if address(old) != address(new) {
            changes.add("database.url");
        }
        let token = |loaded: &Loaded| {
            let token = loaded.config.http.token.as_ref();
            token.map(|token| token.expose_secret().to_owned())
        };
        if token(old) != token(new) {
            changes.add("http.token");
        }
        if old.config.notify != new.config.notify {
            changes.add("notify.webhook");
        }
        changes
    }

    fn add(&mut self, key: &str) {
        let list = if FIXED.iter().any(|fixed| key.starts_with(fixed)) {
            &mut self.need_restart
        } else {
            &mut self.applied
        };
        if !list.iter().any(|known| known == key) {
            list.push(key.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Sources};

    fn load(changed: &[(&str, &str)]) -> Loaded {
        let url = ("DATABASE_URL", "postgres://shop:one@localhost/shop");
        let environment = changed.iter().copied().chain([url]);
        Config::load(&Sources::new(None, environment, Vec::new())).unwrap()
    }

    #[test]
    fn says_what_is_in_force_and_what_waits_for_a_restart() {
        let old = load(&[]);
        assert_eq!(Changes::between(&old, &load(&[])), Changes::default());
        let new = load(&[
            ("ORDERWATCH__POLL__FIRST_CHECK_AFTER", "50s"),
            ("ORDERWATCH__LOG__LEVEL", "debug"),
            ("ORDERWATCH__LOG__FORMAT", "json"),
            (
                "ORDERWATCH__DATABASE__URL",
                "postgres://shop:two@localhost/shop",
            ),
        ]);
        let changes = Changes::between(&old, &new);
        assert_eq!(changes.applied, ["log.level", "poll.first_check_after"]);
        assert_eq!(changes.need_restart, ["log.format", "database.url"]);
    }
}
