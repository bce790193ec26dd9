//! `[database]`

use std::{str::FromStr, time::Duration};

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;

use super::read::Section;

/// A listener, both streams and the recorder each need a connection.
const FEWEST_CONNECTIONS: u32 = 4;
const MOST_CONNECTIONS: u32 = 1000;
const EXAMPLE: &str = "postgres://user:password@host:5432/name";

/// How to reach the shop's database.
#[derive(Clone, Debug)]
pub struct Database {
    /// The address; a well-formed PostgreSQL URL.
    pub url: SecretString,
    /// Connections kept by one daemon.
    pub max_connections: u32,
    /// The longest wait for a free connection.
    pub acquire_timeout: Duration,
}

impl Database {
    /// The passwords in the address, as written and as meant, for the log to mask.
    #[must_use]
    pub fn secrets(&self) -> Vec<SecretString> {
        let Ok(url) = Url::parse(self.url.expose_secret()) else {
            return Vec::new();
        };
        let written = url.password().unwrap_or_default();
        let named = url.query_pairs().filter(|(name, _)| name == "password");
        let mut secrets: Vec<SecretString> =
            named.map(|(_, value)| value.as_ref().into()).collect();
        secrets.push(written.into());
        secrets.push(decode(written).into());
        secrets
    }

    pub(super) fn read(mut section: Section<'_, '_>) -> Option<Self> {
        let url = read_url(&mut section);
        let max_connections =
            section.count("max_connections", FEWEST_CONNECTIONS..=MOST_CONNECTIONS);
        let acquire_timeout = section.duration("acquire_timeout");
        Some(Self {
            url: url?,
            max_connections,
            acquire_timeout,
        })
    }
}

/// Percent-decodes; a plus sign stands for itself.
fn decode(text: &str) -> String {
    let query = format!("x:?v={}", text.replace('+', "%2B"));
    let url = Url::parse(&query).ok();
    let value = url.as_ref().and_then(|url| url.query_pairs().next());
    value.map_or_else(String::new, |(_, value)| value.into_owned())
}

fn read_url(section: &mut Section<'_, '_>) -> Option<SecretString> {
    let before = section.reader().fault_count();
    let Some((url, name)) = section.secret("url") else {
        // Anything else was said already.
        if section.reader().fault_count() == before {
            section.missing(
                "url",
                format!("is required; set it or url_file, or DATABASE_URL: {EXAMPLE}"),
            );
        }
        return None;
    };
    match check(url.expose_secret()) {
        Ok(()) => Some(url),
        Err(message) => {
            section.fault(&name, message);
            None
        }
    }
}

/// The driver's own words may repeat parts of the address, so they are left out.
fn check(url: &str) -> Result<(), String> {
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(format!("is not a PostgreSQL address; write {EXAMPLE}"));
    }
    PgConnectOptions::from_str(url)
        .map(drop)
        .map_err(|_| format!("is not a well-formed PostgreSQL address; write {EXAMPLE} and percent-encode special characters"))
}
