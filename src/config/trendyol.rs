//! `[trendyol]` and its parts

mod webhook;

use std::{net::IpAddr, time::Duration};

use chrono::NaiveTime;
use chrono_tz::Tz;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

pub(crate) use self::webhook::{HOOKS_PATH, TrendyolWebhook};
use super::{
    faults::Faults,
    fields::{self, human, no_key_has},
};
use crate::{
    marketplace::trendyol::Paths,
    stock::{listing::ShelfRule, pace::Settle, second_pusher::OnSecondPusher},
};

/// Trendyol takes no more items in one request.
const MAX_BATCH: u32 = 1000;
const MAX_RATE: u32 = 10_000;
/// Trendyol puts no more units of a product on sale.
const MAX_SAFETY: u32 = 20_000;
/// `User-Agent` takes no longer name.
const MAX_INTEGRATOR: usize = 30;
/// More is a question for each day of half a year.
const LONGEST_WINDOW: Duration = Duration::from_hours(180 * 24);
/// A page of 200 packages takes Trendyol seconds.
const SHORTEST_TIMEOUT_MS: u64 = 1000;
/// Less would lose orders between two passes.
const SHORTEST_OVERLAP_MS: u64 = 60_000;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trendyol {
    pub(crate) enabled: bool,
    /// Whether the warehouse's orders and returns are written here; `None` where nobody has said so.
    #[serde(deserialize_with = "fields::optional_bool")]
    pub(crate) mirror: Option<bool>,
    /// The seller's number; digits. Empty only while it is not enabled.
    #[serde(deserialize_with = "seller_id")]
    pub(crate) seller_id: String,
    #[serde(deserialize_with = "fields::secret")]
    pub(crate) api_key: SecretString,
    #[serde(deserialize_with = "fields::secret")]
    pub(crate) api_secret: SecretString,
    /// Production or test environment.
    #[serde(deserialize_with = "base_url")]
    pub(crate) base_url: Url,
    /// Who calls.
    #[serde(deserialize_with = "integrator")]
    pub(crate) integrator: String,
    /// `storeFrontCode`, if it is sent.
    #[serde(deserialize_with = "store_front_code")]
    pub(crate) store_front_code: Option<String>,
    /// For one request, from its beginning to the last byte of the answer.
    #[serde(deserialize_with = "fields::at_least::<SHORTEST_TIMEOUT_MS, _>")]
    pub(crate) request_timeout: Duration,
    /// Where each call goes.
    pub(crate) paths: Paths,
    pub(crate) webhook: TrendyolWebhook,
    pub(crate) orders: TrendyolOrders,
    pub stock: TrendyolStock,
    pub(crate) returns: TrendyolReturns,
}

/// How orders are read.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrendyolOrders {
    pub(crate) enabled: bool,
    /// From one pass to the next.
    #[serde(deserialize_with = "fields::duration")]
    pub(crate) interval: Duration,
    /// What every pass reads again.
    #[serde(deserialize_with = "fields::at_least::<SHORTEST_OVERLAP_MS, _>")]
    pub(crate) overlap: Duration,
    /// Requests that read orders.
    #[serde(deserialize_with = "fields::whole::<1, MAX_RATE, _>")]
    pub(crate) requests_per_minute: u32,
    /// From one page of the stream to the next.
    #[serde(deserialize_with = "fields::at_least::<0, _>")]
    pub(crate) page_interval: Duration,
}

/// How stock is sent.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrendyolStock {
    pub enabled: bool,
    /// From one pass to the next.
    #[serde(deserialize_with = "fields::duration")]
    pub interval: Duration,
    /// From the start to the first pass.
    #[serde(deserialize_with = "fields::at_least::<0, _>")]
    pub first_run_after: Duration,
    /// Items of one request.
    #[serde(deserialize_with = "fields::whole::<1, MAX_BATCH, _>")]
    pub batch_size: u32,
    /// Requests that send stock.
    #[serde(deserialize_with = "fields::whole::<1, MAX_RATE, _>")]
    pub requests_per_minute: u32,
    /// Requests that read results and what is on sale.
    #[serde(deserialize_with = "fields::whole::<1, MAX_RATE, _>")]
    pub read_requests_per_minute: u32,
    /// Units of each product that are never put on sale.
    #[serde(deserialize_with = "fields::whole::<0, MAX_SAFETY, _>")]
    pub safety_stock: u32,
    /// Whether a product is sold that no shelf has.
    pub shelves: ShelfRule,
    /// What follows when somebody else sends stock.
    pub on_second_pusher: OnSecondPusher,
    /// The oldest view of the orders by which stock may be raised.
    #[serde(deserialize_with = "fields::duration")]
    pub max_order_age_for_push: Duration,
    /// From one turn over what is watched to the next; zero for none.
    #[serde(deserialize_with = "fields::at_least::<0, _>")]
    pub react: Duration,
    /// How long a deficit stands until it is raised whole.
    #[serde(deserialize_with = "settle")]
    pub settle: Settle,
    /// When everything on sale is compared, in [`TrendyolReturns::time_zone`].
    #[serde(deserialize_with = "fields::time_of_day")]
    pub verify_at: NaiveTime,
}

/// How returns are read.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrendyolReturns {
    pub(crate) enabled: bool,
    /// When, once a day.
    #[serde(deserialize_with = "fields::time_of_day")]
    pub(crate) at: NaiveTime,
    /// Of all times of day.
    #[serde(deserialize_with = "fields::time_zone")]
    pub(crate) time_zone: Tz,
    /// What is read again each day.
    #[serde(deserialize_with = "fields::duration")]
    pub(crate) window: Duration,
}

impl Trendyol {
    /// Whether the warehouse's orders and returns are written here.
    #[must_use]
    pub(crate) fn mirrors(&self) -> bool {
        // Where the application does more than write rows, an unset one is refused at the start.
        self.mirror.unwrap_or(true)
    }

    /// The environment that the account is of: the host, with the port where it is not the usual one.
    /// This machine is one environment, whatever its ports.
    #[must_use]
    pub(crate) fn environment(&self) -> String {
        let host = self.base_url.host_str().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let local = bare
            .parse::<IpAddr>()
            .map_or(host == "localhost", |ip| ip.to_canonical().is_loopback());

        match self.base_url.port() {
            _ if local => "local".to_owned(),
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// Key, secret and password, for the log to mask.
    #[must_use]
    pub(crate) fn secrets(&self) -> Vec<SecretString> {
        vec![
            self.api_key.clone(),
            self.api_secret.clone(),
            self.webhook.password.clone(),
        ]
    }

    pub(super) fn validate(&self, faults: &mut Faults<'_>) {
        for (name, secret) in [("api_key", &self.api_key), ("api_secret", &self.api_secret)] {
            let key = format!("trendyol.{name}");
            let secret = secret.expose_secret();
            // A copied key brings invisible characters along, and Trendyol would answer each call with 401.
            if let Some(c) = secret.chars().find(|c| !c.is_ascii_graphic()) {
                faults.add(&key, no_key_has(c));
            }
            if self.enabled && secret.is_empty() {
                let message =
                    format!("is required while trendyol.enabled is true; set it or {name}_file");
                faults.missing(&key, message);
            }
        }

        if self.enabled && self.seller_id.is_empty() {
            faults.missing(
                "trendyol.seller_id",
                "is required while trendyol.enabled is true",
            );
        }

        if self.returns.window > LONGEST_WINDOW {
            let message = format!(
                "must be at most {}, not {}",
                human(LONGEST_WINDOW),
                human(self.returns.window)
            );
            faults.add("trendyol.returns.window", message);
        }

        self.webhook.validate(faults);
    }
}

fn seller_id<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    fields::digits(from, |text| {
        let text = text.trim();
        match text.chars().find(|c| !c.is_ascii_digit()) {
            None => Ok(text.to_owned()),
            Some(c) if c.is_ascii() => {
                Err("must be the seller's number, such as 107703".to_owned())
            }
            Some(c) => Err(no_key_has(c)),
        }
    })
}

fn store_front_code<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    fields::text(from, |text| {
        let text = text.trim();
        if text.chars().all(|c| c.is_ascii_alphanumeric()) {
            Ok((!text.is_empty()).then(|| text.to_owned()))
        } else {
            Err("must be letters and digits, or empty".to_owned())
        }
    })
}

fn integrator<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    fields::text(from, |text| {
        let fits = (1..=MAX_INTEGRATOR).contains(&text.len());
        if fits && text.chars().all(|c| c.is_ascii_alphanumeric()) {
            Ok(text.to_owned())
        } else {
            Err(format!("must be 1 to {MAX_INTEGRATOR} letters and digits"))
        }
    })
}

fn base_url<'de, D: Deserializer<'de>>(from: D) -> Result<Url, D::Error> {
    fields::text(from, |text| {
        fields::https(text, "https://apigw.trendyol.com")
    })
}

fn settle<'de, D: Deserializer<'de>>(from: D) -> Result<Settle, D::Error> {
    fields::text(from, |text| match text.trim() {
        "auto" => Ok(Settle::Auto),
        time => humantime::parse_duration(time)
            .map(Settle::Fixed)
            .map_err(|_| "must be \"auto\" or a duration, such as \"5m\"".to_owned()),
    })
}
