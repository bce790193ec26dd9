//! The configuration: one TOML file, the environment over it, and no surprises.
//!
//! `config/orderwatch.toml` is embedded and is the only list of keys and defaults: a key that is not
//! in there does not exist. What must stay true:
//!
//! * every fault is found in one go, with its key, the place where it was written, and what to do,
//! * nothing that is wrong is replaced by a default,
//! * no message and no listing holds a secret: a key with a `_file` twin is never shown.
//!
//! A new key is a line in the shipped file and a field of its section's struct, and a rule in the
//! section's `validate` where its type does not say it all; a new section is one more field of
//! [`Config`].

mod balance;
mod barakat;
mod base_path;
mod database;
mod defaults;
mod dispatch;
mod explain;
mod fault;
mod faults;
mod fields;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod http;
mod layer;
mod layers;
mod log;
mod notify;
mod poll;
mod quote;
mod read;
mod secret;
mod sources;
#[cfg(test)]
mod tests;
mod trendyol;
mod znet;

use std::{
    num::NonZeroU32,
    path::{Path, PathBuf},
    time::Duration,
};

pub(crate) use balance::Balance;
pub use balance::Retention;
pub(crate) use barakat::Barakat;
pub(crate) use base_path::BasePath;
pub(crate) use database::Database;
pub(crate) use dispatch::{Dispatch, DispatchMode, Orders, Shop};
pub(crate) use fault::{ConfigError, Origin};
pub(crate) use http::Http;
pub(crate) use log::Log;
pub(crate) use notify::Notify;
pub(crate) use poll::{Poll, Sweep};
pub use sources::Sources;
pub use trendyol::TrendyolStock;
pub(crate) use trendyol::{HOOKS_PATH, Trendyol, TrendyolWebhook};
pub(crate) use znet::Znet;

use crate::{
    order::{PlayerRules, Rules},
    store::Sides,
};
use config::{Value, ValueKind};
use defaults::Known;
use faults::Faults;
use fields::human;
use layers::Merged;
use secrecy::SecretString;
use secret::Folders;
use serde::Deserialize;

/// More calls at once than one daemon has any use for.
const MAX_IN_FLIGHT: u32 = 10_000;

/// Everything that can be set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub(crate) database: Database,
    pub(crate) http: Http,
    pub(crate) log: Log,
    pub(crate) shop: Shop,
    /// What is written into the shop's rows.
    pub(crate) orders: Orders,
    pub dispatch: Dispatch,
    pub poll: Poll,
    pub(crate) sweep: Sweep,
    pub(crate) znet: Znet,
    pub(crate) barakat: Barakat,
    pub(crate) balance: Balance,
    pub(crate) retention: Retention,
    /// Who is notified when an order is settled.
    pub(crate) notify: Notify,
    pub trendyol: Trendyol,
    /// Which fields of a purchase hold what the customer typed, at panels of all kinds.
    #[serde(skip)]
    pub(crate) player: PlayerRules,
}

/// A configuration that is in force.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub config: Config,
    /// The file that was read; `None` when there was none.
    pub(crate) file: Option<PathBuf>,
    /// Every setting with its origin, in the order of the shipped file.
    pub(crate) settings: Vec<Setting>,
}

/// One setting as it is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// The key, such as `dispatch.lease`.
    pub(crate) key: String,
    /// The value in TOML's notation; `***` for a secret that is set.
    pub(crate) value: String,
    pub(crate) origin: Origin,
}

impl Config {
    /// Reads all sources and checks everything: an error holds every fault, not the first one.
    pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
        let known = Known::shipped().map_err(ConfigError::new)?;
        let merged = Merged::read(sources, &known).map_err(ConfigError::new)?;
        let file = merged.file.as_deref();
        let mut faults = Faults::new(&known, &merged.root, file, merged.faults);

        let keys = keys(&known, &merged.root);
        let mut values = read::json(&merged.root);
        Folders::new(sources, file).resolve(&keys, &mut values, &known, &mut faults);
        let mut config = read::read(values, &known, &mut faults);
        // Also with placeholders in it: every fault is to be found in one go.
        if let Some(config) = &mut config {
            config.validate(&mut faults);
        }

        let faults = faults.into_found();
        match config {
            Some(config) if faults.is_empty() => Ok(Loaded {
                config: config.of_its_sides(),
                settings: settings(keys, &known, &merged.root, file),
                file: merged.file,
            }),
            _ => Err(ConfigError::new(faults)),
        }
    }

    fn validate(&mut self, faults: &mut Faults<'_>) {
        self.database.validate(faults);
        self.http.validate(faults);
        self.poll.validate(faults);
        self.znet.validate(faults, &mut self.player);
        self.barakat.validate(faults, &mut self.player);
        self.notify.validate(faults);
        self.trendyol.validate(faults);

        // What spans sections: each value may be fine; together they would do harm.
        self.validate_lease("dispatch.lease", self.dispatch.lease, faults);
        self.validate_lease("poll.lease", self.poll.lease, faults);

        let give_up = ("poll.give_up_after", self.poll.give_up_after);
        let first_check = ("poll.first_check_after", self.poll.first_check_after);
        shorter(
            first_check,
            give_up,
            "no order would ever be checked",
            faults,
        );
        let min_age = ("sweep.min_age", self.sweep.min_age);
        shorter(min_age, give_up, "the sweep would find no order", faults);

        if self.trendyol.webhook.enabled && !self.http.enabled {
            faults.contradiction(
                &["trendyol.webhook.enabled", "http.enabled"],
                "does not fit: nothing listens for the calls while http.enabled is false",
            );
        }
        if self.trendyol.webhook.enabled && !self.trendyol.orders.enabled {
            faults.contradiction(
                &["trendyol.webhook.enabled", "trendyol.orders.enabled"],
                "does not fit: no order is read while trendyol.orders.enabled is false",
            );
        }
        // A faulty trendyol.enabled stands as its default, false, which nobody has written.
        if !self.shop.enabled && !self.trendyol.enabled && !faults.is_faulty("trendyol.enabled") {
            faults.add(
                "shop.enabled",
                "is false, and so is trendyol.enabled: nothing would be left to do",
            );
        }
    }

    /// A lease that ends during a call gives the order to a second daemon while the first still has it.
    fn validate_lease(&self, key: &'static str, lease: Duration, faults: &mut Faults<'_>) {
        // Without a limit, everything under way may wait for the rate of the same panel.
        let queue = self.znet.max_in_flight.map_or_else(
            || self.dispatch.max_in_flight + self.poll.max_in_flight,
            NonZeroU32::get,
        );

        let rate = self.znet.requests_per_second;
        let wait = rate.map_or(0.0, |rate| f64::from(queue) / rate);
        let wait = Duration::try_from_secs_f64(wait).unwrap_or(Duration::MAX);

        let call = wait.saturating_add(self.znet.longest_call());
        if lease > call {
            return;
        }

        let keys = [
            key,
            "znet.request_timeout",
            "znet.connect_timeout",
            "znet.requests_per_second",
            "znet.max_in_flight",
            "dispatch.max_in_flight",
            "poll.max_in_flight",
        ];

        // Up, so that the length that is named is not below the one that is meant.
        let (lease, call) = (human(lease), human(round_up(call)));
        faults.contradiction(
            &keys,
            format!(
                "does not fit: {key} ({lease}) must be longer than the longest call ({call}: znet.connect_timeout, \
                 znet.request_timeout and the wait for znet.requests_per_second), otherwise an order could be \
                 claimed a second time while it is being sent or asked about"
            ),
        );
    }

    fn of_its_sides(mut self) -> Self {
        // So that nobody else has to ask for shop.enabled beside the switch of a part.
        let shop = self.shop.enabled;
        self.dispatch.enabled &= shop;
        self.poll.enabled &= shop;
        self.sweep.enabled &= shop;
        self.balance.enabled &= shop;
        self
    }

    /// Whose tables the database has.
    #[must_use]
    pub(crate) fn sides(&self) -> Sides {
        Sides {
            shop: self.shop.enabled,
            warehouse: self.trendyol.enabled,
        }
    }

    /// Everything in here that must not be seen, for the log to mask.
    #[must_use]
    pub(crate) fn secrets(&self) -> Vec<SecretString> {
        let mut secrets = self.database.secrets();
        secrets.extend(self.http.token.clone());
        secrets.extend(self.notify.secrets());
        secrets.extend(self.trendyol.secrets());
        secrets
    }

    /// The numbers by which orders are watched.
    #[must_use]
    pub(crate) fn rules(&self) -> Rules {
        Rules {
            player: self.player.clone(),
            backoff: self.poll.backoff(),
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

/// A count as a size in memory.
#[must_use]
pub(crate) fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn shorter(
    (short, small): (&str, Duration),
    (long, large): (&str, Duration),
    otherwise: &str,
    faults: &mut Faults<'_>,
) {
    if small >= large {
        faults.contradiction(
            &[short, long],
            format!(
                "does not fit: {short} ({}) must be shorter than {long} ({}), otherwise {otherwise}",
                human(small),
                human(large)
            ),
        );
    }
}

fn round_up(duration: Duration) -> Duration {
    let millis = duration.as_nanos().div_ceil(1_000_000);
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

fn settings(keys: Vec<String>, known: &Known, root: &Value, file: Option<&Path>) -> Vec<Setting> {
    let setting = |key: String| {
        let value = layer::find(root, &key)?;
        // A secret that is not set is shown as empty: that is often what somebody is looking for.
        let set = !matches!(&value.kind, ValueKind::String(text) if text.is_empty());
        Some(Setting {
            value: if set && known.is_secret(&key) {
                "***".to_owned()
            } else {
                quote::presentable(&value.kind)
            },
            origin: layer::origin(value, file),
            key,
        })
    };
    keys.into_iter().filter_map(setting).collect()
}

/// Every key that has a value, in the order of the shipped file.
fn keys(known: &Known, root: &Value) -> Vec<String> {
    let keys = known.keys().into_iter();
    keys.flat_map(|key| with_entries(known, root, key))
        .collect()
}

/// A list of sections as the keys of its entries; any other key as it is.
fn with_entries(known: &Known, root: &Value, key: String) -> Vec<String> {
    let entries = layer::find(root, &key).map_or(0, |value| layer::entries(value).len());
    if entries == 0 {
        // A list without entries is shown as an empty one.
        return vec![key];
    }

    let names = known.entry_keys(&key);
    let of = |number| names.iter().map(move |name| (number, name));
    let all = (1..=entries).flat_map(of);
    all.map(|(number, name)| format!("{key}[{number}].{name}"))
        .collect()
}
