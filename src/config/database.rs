//! `[database]`

use std::{str::FromStr, time::Duration};

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sqlx::postgres::PgConnectOptions;

use super::{faults::Faults, fields};

/// A listener, both streams and the recorder each need a connection.
const FEWEST_CONNECTIONS: u32 = 4;
const MOST_CONNECTIONS: u32 = 1000;
const EXAMPLE: &str = "postgres://user:password@host:5432/name";

/// How to reach the shop's database.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Database {
    /// The address; a well-formed PostgreSQL URL.
    #[serde(deserialize_with = "fields::secret")]
    pub(crate) url: SecretString,
    /// Connections kept by one daemon.
    #[serde(deserialize_with = "fields::whole::<FEWEST_CONNECTIONS, MOST_CONNECTIONS, _>")]
    pub(crate) max_connections: u32,
    /// The longest wait for a free connection.
    #[serde(deserialize_with = "fields::duration")]
    pub(crate) acquire_timeout: Duration,
    /// Whether there is a pooler in between; `None` where the daemon finds out.
    #[serde(deserialize_with = "fields::optional_bool")]
    pub(crate) pooler: Option<bool>,
}

impl Database {
    /// The passwords in the address, as written and as meant, for the log to mask.
    #[must_use]
    pub(crate) fn secrets(&self) -> Vec<SecretString> {
        let Ok(url) = Url::parse(self.url.expose_secret()) else {
            return Vec::new();
        };

        let written = url.password().unwrap_or_default();
        // The driver takes the password from the query as well.
        let named = url.query_pairs().filter(|(name, _)| name == "password");
        let mut secrets: Vec<SecretString> =
            named.map(|(_, value)| value.as_ref().into()).collect();
        // Both forms: an error may repeat the address, or what was made of it.
        secrets.push(written.into());
        secrets.push(decode(written).into());
        secrets
    }

    pub(super) fn validate(&self, faults: &mut Faults<'_>) {
        const KEY: &str = "database.url";
        let url = self.url.expose_secret();

        if url.is_empty() {
            faults.missing(
                KEY,
                format!("is required; set it or url_file, or DATABASE_URL: {EXAMPLE}"),
            );
        } else if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            faults.add(KEY, format!("is not a PostgreSQL address; write {EXAMPLE}"));
        } else if PgConnectOptions::from_str(url).is_err() {
            // The driver's own words may repeat parts of the address, so they are left out.
            faults.add(
                KEY,
                format!(
                    "is not a well-formed PostgreSQL address; write {EXAMPLE} and percent-encode special characters"
                ),
            );
        }
    }
}

/// Percent-decodes; a plus sign stands for itself.
fn decode(text: &str) -> String {
    // As a query, since that is what the address parser decodes by itself.
    let query = format!("x:?v={}", text.replace('+', "%2B"));
    let url = Url::parse(&query).ok();
    let value = url.as_ref().and_then(|url| url.query_pairs().next());
    value.map_or_else(String::new, |(_, value)| value.into_owned())
}
