//! The configuration: one TOML file, the environment over it, and no surprises.
//!
//! `config/orderwatch.toml` is embedded and is the only list of keys and defaults: a key that is not
//! in there does not exist. What must stay true:
//!
//! * every fault is found in one go, with its key, the place where it was written, and what to do,
//! * nothing that is wrong is replaced by a default,
//! * no message and no listing holds a secret: a key with a `_file` twin is never shown.
//!
//! A new key is a line in the shipped file and a line in its section's `read`; a new section is one
//! more struct and a line in `Config::read`. Nested tables are keys of their own
//! (`section("a.b")`).

mod balance;
mod contradiction;
mod database;
mod dispatch;
mod explain;
mod fault;
mod http;
mod known;
mod log;
mod merged;
mod notify;
mod poll;
mod read;
mod secret;
mod sources;
#[cfg(test)]
mod tests;
mod tree;
mod trendyol;
mod value;
mod znet;

use std::path::{Path, PathBuf};

pub use balance::{Balance, Retention};
pub use database::Database;
pub use dispatch::{Dispatch, DispatchMode, Orders, Shop};
pub use fault::{ConfigError, Fault, Origin, Place};
pub use http::Http;
pub use log::Log;
pub(crate) use notify::is_private;
pub use notify::{Notify, Webhook};
pub use poll::{Poll, Sweep};
pub use sources::Sources;
pub use trendyol::{
    HOOKS_PATH, Trendyol, TrendyolOrders, TrendyolPaths, TrendyolReturns, TrendyolStock,
    TrendyolWebhook,
};
pub use znet::Znet;

use crate::{order::Rules, store::Sides};
use config::{Value, ValueKind};
use known::Known;
use merged::Merged;
use read::Reader;
use secrecy::SecretString;

/// More calls at once than one daemon has any use for.
const MAX_IN_FLIGHT: u32 = 10_000;

/// Everything that can be set.
#[derive(Clone, Debug)]
pub struct Config {
    /// How to reach the shop's database.
    pub database: Database,
    /// The page, the API and the metrics.
    pub http: Http,
    /// What is logged.
    pub log: Log,
    /// The shop.
    pub shop: Shop,
    /// What is written into the shop's rows.
    pub orders: Orders,
    /// How orders are bought.
    pub dispatch: Dispatch,
    /// How bought orders are watched.
    pub poll: Poll,
    /// How forgotten orders are found.
    pub sweep: Sweep,
    /// How panels are called.
    pub znet: Znet,
    /// How the panels' balances are watched.
    pub balance: Balance,
    /// How long things are kept.
    pub retention: Retention,
    /// Who is told when an order is settled.
    pub notify: Notify,
    /// The store on Trendyol.
    pub trendyol: Trendyol,
}

/// A configuration that is in force.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// The file that was read; `None` when there was none.
    pub file: Option<PathBuf>,
    /// Every setting with its origin, in the order of the shipped file.
    pub settings: Vec<Setting>,
}

/// One setting as it is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The key, such as `dispatch.lease`.
    pub key: String,
    /// The value in TOML's notation; `***` for a secret that is set.
    pub value: String,
    /// Where it was written.
    pub origin: Origin,
}

impl Config {
    /// Reads all sources and checks everything.
    ///
    /// # Errors
    /// [`ConfigError`] with every fault that was found.
    pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
        let known = Known::shipped().map_err(ConfigError::new)?;
        let merged = Merged::read(sources, &known).map_err(ConfigError::new)?;
        let file = merged.file.as_deref();
        let mut reader = Reader::new(&known, &merged.root, file, trusted(sources));
        let config = Self::read(&mut reader);
        contradiction::check(&mut reader);
        let mut faults = merged.faults;
        faults.extend(reader.finish());
        match config {
            Some(config) if faults.is_empty() => Ok(Loaded {
                config,
                settings: settings(&known, &merged.root, merged.file.as_deref()),
                file: merged.file,
            }),
            _ => Err(ConfigError::new(faults)),
        }
    }

    /// `None` only together with a fault.
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let database = Database::read(reader.section("database"));
        let http = Http::read(reader.section("http"));
        let log = Log::read(reader.section("log"));
        let shop = Shop::read(reader.section("shop"));
        let orders = Orders::read(reader.section("orders"));
        let dispatch = Dispatch::read(reader.section("dispatch"));
        let poll = Poll::read(reader.section("poll"));
        let sweep = Sweep::read(reader.section("sweep"));
        let znet = Znet::read(reader);
        let balance = Balance::read(reader.section("balance"));
        let retention = Retention::read(reader.section("retention"));
        let notify = Notify::read(reader);
        let trendyol = (
            TrendyolPaths::read(reader.section("trendyol.paths")),
            TrendyolWebhook::read(reader.section("trendyol.webhook")),
            TrendyolOrders::read(reader.section("trendyol.orders")),
            TrendyolStock::read(reader.section("trendyol.stock")),
            TrendyolReturns::read(reader.section("trendyol.returns")),
        );
        let trendyol = Trendyol::read(reader.section("trendyol"), trendyol);
        let read = Self {
            database: database?,
            http: http?,
            log: log?,
            shop,
            orders,
            dispatch,
            poll: poll?,
            sweep,
            znet: znet?,
            balance,
            retention,
            notify: notify?,
            trendyol: trendyol?,
        };
        // A switch that cannot be read has a fault of its own.
        let readable = reader.fault_count() == 0;
        if readable && read.trendyol.webhook.enabled && !read.http.enabled {
            reader.contradiction(
                &["trendyol.webhook.enabled", "http.enabled"],
                "does not fit: nothing listens for the calls while http.enabled is false",
            );
        }
        if readable && read.trendyol.webhook.enabled && !read.trendyol.orders.enabled {
            reader.contradiction(
                &["trendyol.webhook.enabled", "trendyol.orders.enabled"],
                "does not fit: no order is read while trendyol.orders.enabled is false",
            );
        }
        if readable && !read.shop.enabled && !read.trendyol.enabled {
            reader.fault(
                "shop.enabled",
                "is false, and so is trendyol.enabled: nothing would be left to do",
            );
        }
        Some(read.of_its_sides())
    }

    /// Nothing of the shop is at work where it is switched off.
    fn of_its_sides(mut self) -> Self {
        let shop = self.shop.enabled;
        self.dispatch.enabled &= shop;
        self.poll.enabled &= shop;
        self.sweep.enabled &= shop;
        self.balance.enabled &= shop;
        self
    }

    /// Whose tables the database has.
    #[must_use]
    pub fn sides(&self) -> Sides {
        Sides {
            shop: self.shop.enabled,
            warehouse: self.trendyol.enabled,
        }
    }

    /// Everything in here that must not be seen, for the log to mask.
    #[must_use]
    pub fn secrets(&self) -> Vec<SecretString> {
        let mut secrets = self.database.secrets();
        secrets.extend(self.http.secrets());
        secrets.extend(self.notify.secrets().cloned());
        secrets.extend(self.trendyol.secrets());
        secrets
    }

    /// The numbers by which orders are watched.
    #[must_use]
    pub fn rules(&self) -> Rules {
        Rules {
            player: self.znet.player.clone(),
            backoff: self.poll.backoff,
            first_check_after: self.poll.first_check_after,
            max_attempts: self.poll.max_attempts,
            give_up_after: self.poll.give_up_after,
            confirm_after: self.dispatch.confirm_after.clone(),
            unconfirmed: self.dispatch.unconfirmed,
            settle: self.orders.settle,
            language: self.orders.customer_language,
        }
    }
}

/// Folders whose files may be readable by others, because the system keeps others out of them.
fn trusted(sources: &Sources) -> Vec<PathBuf> {
    let credentials = sources.variable(secret::CREDENTIALS_VARIABLE);
    let credentials = credentials.map(PathBuf::from).into_iter();
    credentials
        .chain([PathBuf::from(secret::CONTAINER_SECRETS)])
        .collect()
}

fn settings(known: &Known, root: &Value, file: Option<&Path>) -> Vec<Setting> {
    let setting = |key: String| {
        let value = tree::find(root, &key)?;
        let set = !matches!(&value.kind, ValueKind::String(text) if text.is_empty());
        Some(Setting {
            value: if set && known.is_secret(&key) {
                "***".to_owned()
            } else {
                value::presentable(&value.kind)
            },
            origin: tree::origin(value, file),
            key,
        })
    };
    let keys = known.keys().into_iter();
    keys.flat_map(|key| with_entries(known, root, key))
        .filter_map(setting)
        .collect()
}

/// A list of sections as the keys of its entries; any other key as it is.
fn with_entries(known: &Known, root: &Value, key: String) -> Vec<String> {
    let entries = tree::find(root, &key).map_or(0, |value| tree::entries(value).len());
    if entries == 0 {
        return vec![key];
    }
    let names = known.entry_keys(&key);
    let of = |number| names.iter().map(move |name| (number, name));
    let all = (1..=entries).flat_map(of);
    all.map(|(number, name)| format!("{key}[{number}].{name}"))
        .collect()
}
