//! The settings of the demo: of the environment only the database counts.

use anyhow::Context as _;

use crate::config::{Config, Sources};

/// Where the database is.
const DATABASE: &str = "DATABASE_URL";
const NO_DATABASE: &str = "\
the demo needs a Postgres database that is empty, in $DATABASE_URL, such as postgres://user@localhost/demo;
in the source's folder `scripts/with-postgres` starts one for a command: scripts/with-postgres orderwatch demo";

/// What differs from the shipped settings: shorter intervals, so that there is something to see.
const SETTINGS: [(&str, &str); 27] = [
    ("ORDERWATCH__HTTP__LISTEN", "127.0.0.1:0"),
    ("ORDERWATCH__LOG__FORMAT", "pretty"),
    // The small shop has neither wallets nor a listener.
    ("ORDERWATCH__ORDERS__SETTLE", "status"),
    ("ORDERWATCH__ORDERS__CUSTOMER_LANGUAGE", "en"),
    ("ORDERWATCH__DISPATCH__LEASE", "12s"),
    (
        "ORDERWATCH__DISPATCH__CONFIRM_AFTER",
        "300ms,800ms,1500ms,2500ms",
    ),
    ("ORDERWATCH__POLL__FIRST_CHECK_AFTER", "700ms"),
    ("ORDERWATCH__POLL__BACKOFF_INITIAL", "500ms"),
    ("ORDERWATCH__POLL__BACKOFF_MAX", "2s"),
    ("ORDERWATCH__POLL__GIVE_UP_AFTER", "10m"),
    ("ORDERWATCH__POLL__LEASE", "12s"),
    ("ORDERWATCH__SWEEP__INTERVAL", "5s"),
    ("ORDERWATCH__SWEEP__MIN_AGE", "2s"),
    ("ORDERWATCH__SWEEP__SPREAD", "1s"),
    ("ORDERWATCH__ZNET__CONNECT_TIMEOUT", "1s"),
    ("ORDERWATCH__ZNET__REQUEST_TIMEOUT", "2s"),
    ("ORDERWATCH__ZNET__REQUESTS_PER_SECOND", "100"),
    ("ORDERWATCH__ZNET__MAX_IN_FLIGHT", "32"),
    ("ORDERWATCH__ZNET__BREAKER_COOLDOWN", "1s"),
    ("ORDERWATCH__TRENDYOL__ORDERS__INTERVAL", "2s"),
    ("ORDERWATCH__TRENDYOL__ORDERS__REQUESTS_PER_MINUTE", "600"),
    ("ORDERWATCH__TRENDYOL__ORDERS__PAGE_INTERVAL", "0s"),
    // A question for each day; the sales stand still meanwhile, and nothing here is older.
    ("ORDERWATCH__TRENDYOL__RETURNS__WINDOW", "1d"),
    ("ORDERWATCH__TRENDYOL__STOCK__INTERVAL", "10s"),
    ("ORDERWATCH__TRENDYOL__STOCK__REACT", "1s"),
    // Many times the delay of its orders, as with "auto", which never takes less than three minutes.
    ("ORDERWATCH__TRENDYOL__STOCK__SETTLE", "10s"),
    ("ORDERWATCH__TRENDYOL__STOCK__FIRST_RUN_AFTER", "1s"),
];

/// A setting, as in the environment.
pub(super) type Setting = (&'static str, String);

/// The shipped settings with shorter intervals, and `more`.
pub(super) fn settings(more: impl IntoIterator<Item = Setting>) -> anyhow::Result<Config> {
    let database = std::env::var_os(DATABASE);
    let missing = database.is_none();
    let database = database.map(|value| (DATABASE.to_owned(), value));
    let own = SETTINGS.map(|(name, value)| (name.to_owned(), value.into()));
    let more = more.into_iter();
    let more = more.map(|(name, value)| (name.to_owned(), value.into()));
    let environment = own.into_iter().chain(more).chain(database);
    let loaded = Config::load(&Sources::new(None, environment, Vec::new()));
    match loaded {
        Ok(loaded) => Ok(loaded.config),
        // One sentence, rather than the three ways that the daemon has.
        Err(error) if missing => Err(error).context(NO_DATABASE),
        Err(error) => Err(error.into()),
    }
}
