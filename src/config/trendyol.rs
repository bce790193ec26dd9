//! `[trendyol]` and its parts

mod paths;
mod webhook;

use std::{net::IpAddr, time::Duration};

use chrono::NaiveTime;
use chrono_tz::Tz;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

pub use self::{
    paths::TrendyolPaths,
    webhook::{HOOKS_PATH, TrendyolWebhook},
};
use super::{read::Section, value::human};
use crate::stock::{listing::ShelfRule, pace::Settle, second_pusher::OnSecondPusher};

const MAX_BATCH: u32 = 1000;
const MAX_RATE: u32 = 10_000;
const MAX_SAFETY: u32 = 20_000;
/// `User-Agent` takes no longer name.
const MAX_INTEGRATOR: usize = 30;
/// More is a question for each day of half a year.
const LONGEST_WINDOW: Duration = Duration::from_hours(180 * 24);
/// A page of 200 packages takes Trendyol seconds.
const SHORTEST_TIMEOUT: Duration = Duration::from_secs(1);
/// Less would lose orders between two passes.
const SHORTEST_OVERLAP: Duration = Duration::from_mins(1);

/// The store on Trendyol.
#[derive(Clone, Debug)]
pub struct Trendyol {
    /// Whether there is one.
    pub enabled: bool,
    /// Whether the warehouse's orders and returns are written here; `None` where nobody has said so.
    pub mirror: Option<bool>,
    /// The seller's number; digits. Empty only while it is not enabled.
    pub seller_id: String,
    /// The key.
    pub api_key: SecretString,
    /// Its secret.
    pub api_secret: SecretString,
    /// Production or test environment.
    pub base_url: Url,
    /// Who calls.
    pub integrator: String,
    /// `storeFrontCode`, if it is sent.
    pub store_front_code: Option<String>,
    /// For one request, from its beginning to the last byte of the answer.
    pub request_timeout: Duration,
    /// Where each call goes.
    pub paths: TrendyolPaths,
    /// How Trendyol calls when an order changes.
    pub webhook: TrendyolWebhook,
    /// How orders are read.
    pub orders: TrendyolOrders,
    /// How stock is sent.
    pub stock: TrendyolStock,
    /// How returns are read.
    pub returns: TrendyolReturns,
}

/// How orders are read.
#[derive(Clone, Copy, Debug)]
pub struct TrendyolOrders {
    /// Whether they are.
    pub enabled: bool,
    /// From one pass to the next.
    pub interval: Duration,
    /// What every pass reads again.
    pub overlap: Duration,
    /// Requests that read orders.
    pub requests_per_minute: u32,
    /// From one page of the stream to the next.
    pub page_interval: Duration,
}

/// How stock is sent.
#[derive(Clone, Copy, Debug)]
pub struct TrendyolStock {
    /// Whether it is.
    pub enabled: bool,
    /// From one pass to the next.
    pub interval: Duration,
    /// From the start to the first pass.
    pub first_run_after: Duration,
    /// Items of one request.
    pub batch_size: u32,
    /// Requests that send stock.
    pub requests_per_minute: u32,
    /// Requests that read results and what is on sale.
    pub read_requests_per_minute: u32,
    /// Units of each product that are never put on sale.
    pub safety_stock: u32,
    /// Whether a product is sold that no shelf has.
    pub shelves: ShelfRule,
    /// What follows when somebody else sends stock.
    pub on_second_pusher: OnSecondPusher,
    /// The oldest view of the orders by which stock may be raised.
    pub max_order_age_for_push: Duration,
    /// From one turn over what is watched to the next; zero for none.
    pub react: Duration,
    /// How long a deficit stands until it is raised whole.
    pub settle: Settle,
    /// When everything on sale is compared, in [`TrendyolReturns::time_zone`].
    pub verify_at: NaiveTime,
}

/// How returns are read.
#[derive(Clone, Copy, Debug)]
pub struct TrendyolReturns {
    /// Whether they are.
    pub enabled: bool,
    /// When, once a day.
    pub at: NaiveTime,
    /// Of all times of day.
    pub time_zone: Tz,
    /// What is read again each day.
    pub window: Duration,
}

impl Trendyol {
    /// Whether the warehouse's orders and returns are written here.
    #[must_use]
    pub fn mirrors(&self) -> bool {
        self.mirror.unwrap_or(true)
    }

    /// The environment that the account is of: the host, with the port where it is not the usual one.
    /// This machine is one environment, whatever its ports.
    #[must_use]
    pub fn environment(&self) -> String {
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
    pub fn secrets(&self) -> Vec<SecretString> {
        vec![
            self.api_key.clone(),
            self.api_secret.clone(),
            self.webhook.password.clone(),
        ]
    }

    /// `None` only together with a fault.
    pub(super) fn read(
        mut section: Section<'_, '_>,
        (paths, webhook, orders, stock, returns): (
            Option<TrendyolPaths>,
            Option<TrendyolWebhook>,
            TrendyolOrders,
            Option<TrendyolStock>,
            Option<TrendyolReturns>,
        ),
    ) -> Option<Self> {
        let enabled = section.bool("enabled");
        let mirror = section.optional_bool("mirror");
        let seller_id = section.digits("seller_id", seller_id);
        let (key, secret) = (
            account(&mut section, "api_key"),
            account(&mut section, "api_secret"),
        );
        let base_url = section.parsed("base_url", base_url);
        let integrator = section.parsed("integrator", integrator);
        let front = section.parsed("store_front_code", store_front_code);
        let request_timeout = section.duration_from("request_timeout", SHORTEST_TIMEOUT);
        if enabled {
            required(
                &mut section,
                seller_id.as_deref(),
                (key.is_some(), secret.is_some()),
            );
        }
        Some(Self {
            enabled,
            mirror,
            seller_id: seller_id?,
            api_key: key.unwrap_or_default(),
            api_secret: secret.unwrap_or_default(),
            base_url: base_url?,
            integrator: integrator?,
            store_front_code: front?,
            request_timeout,
            paths: paths?,
            webhook: webhook?,
            orders,
            stock: stock?,
            returns: returns?,
        })
    }
}

impl TrendyolOrders {
    pub(super) fn read(mut section: Section<'_, '_>) -> Self {
        Self {
            enabled: section.bool("enabled"),
            interval: section.duration("interval"),
            overlap: section.duration_from("overlap", SHORTEST_OVERLAP),
            requests_per_minute: section.count("requests_per_minute", 1..=MAX_RATE),
            page_interval: section.duration_from("page_interval", Duration::ZERO),
        }
    }
}

impl TrendyolStock {
    pub(super) fn read(mut section: Section<'_, '_>) -> Option<Self> {
        let enabled = section.bool("enabled");
        let interval = section.duration("interval");
        let first_run_after = section.duration_from("first_run_after", Duration::ZERO);
        let batch_size = section.count("batch_size", 1..=MAX_BATCH);
        let requests_per_minute = section.count("requests_per_minute", 1..=MAX_RATE);
        let read_requests_per_minute = section.count("read_requests_per_minute", 1..=MAX_RATE);
        let safety_stock = section.count("safety_stock", 0..=MAX_SAFETY);
        let shelves = section.choice(
            "shelves",
            ShelfRule::Auto,
            &[
                ("auto", ShelfRule::Auto),
                ("limit", ShelfRule::Limit),
                ("ignore", ShelfRule::Ignore),
            ],
        );
        let on_second_pusher = section.choice(
            "on_second_pusher",
            OnSecondPusher::Pause,
            &[
                ("pause", OnSecondPusher::Pause),
                ("warn", OnSecondPusher::Warn),
            ],
        );
        let max_order_age_for_push = section.duration("max_order_age_for_push");
        let react = section.duration_from("react", Duration::ZERO);
        let settle = section.parsed("settle", settle);
        let verify_at = section.parsed("verify_at", time_of_day);
        Some(Self {
            enabled,
            interval,
            first_run_after,
            batch_size,
            requests_per_minute,
            read_requests_per_minute,
            safety_stock,
            shelves,
            on_second_pusher,
            max_order_age_for_push,
            react,
            settle: settle?,
            verify_at: verify_at?,
        })
    }
}

impl TrendyolReturns {
    pub(super) fn read(mut section: Section<'_, '_>) -> Option<Self> {
        let enabled = section.bool("enabled");
        let at = section.parsed("at", time_of_day);
        let time_zone = section.parsed("time_zone", |text| {
            text.parse::<Tz>().map_err(|_| {
                "must be the name of a time zone, such as \"Europe/Istanbul\"".to_owned()
            })
        });
        let window = section.duration("window");
        if window > LONGEST_WINDOW {
            section.fault(
                "window",
                format!(
                    "must be at most {}, not {}",
                    human(LONGEST_WINDOW),
                    human(window)
                ),
            );
        }
        Some(Self {
            enabled,
            at: at?,
            time_zone: time_zone?,
            window,
        })
    }
}

fn account(section: &mut Section<'_, '_>, name: &'static str) -> Option<SecretString> {
    let (secret, given_as) = section.secret(name)?;
    let strange = |c: &char| !c.is_ascii_graphic();
    let Some(c) = secret.expose_secret().chars().find(strange) else {
        return Some(secret);
    };
    section.fault(&given_as, no_key_has(c));
    // Named already, so not missing, too.
    Some(secret)
}

/// What an enabled store cannot do without. A faulty secret was named already.
fn required(section: &mut Section<'_, '_>, seller: Option<&str>, (key, secret): (bool, bool)) {
    if seller == Some("") {
        section.missing("seller_id", "is required while trendyol.enabled is true");
    }
    for (name, is_set) in [("api_key", key), ("api_secret", secret)] {
        let twin = format!("{name}_file");
        let named = !section.text(&twin).is_empty();
        if !is_set && !named {
            let message = format!("is required while trendyol.enabled is true; set it or {twin}");
            section.missing(name, message);
        }
    }
}

fn seller_id(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.chars().find(|c| !c.is_ascii_digit()) {
        None => Ok(text.to_owned()),
        Some(c) if c.is_ascii() => Err("must be the seller's number, such as 107703".to_owned()),
        Some(c) => Err(no_key_has(c)),
    }
}

/// Names a character by its number: most of them cannot be seen.
pub(super) fn no_key_has(c: char) -> String {
    let code = u32::from(c);
    format!("holds a character that no key has (U+{code:04X}): copy it anew")
}

fn store_front_code(text: &str) -> Result<Option<String>, String> {
    let text = text.trim();
    if text.chars().all(|c| c.is_ascii_alphanumeric()) {
        Ok((!text.is_empty()).then(|| text.to_owned()))
    } else {
        Err("must be letters and digits, or empty".to_owned())
    }
}

fn integrator(text: &str) -> Result<String, String> {
    let fits = (1..=MAX_INTEGRATOR).contains(&text.len());
    if fits && text.chars().all(|c| c.is_ascii_alphanumeric()) {
        Ok(text.to_owned())
    } else {
        Err(format!("must be 1 to {MAX_INTEGRATOR} letters and digits"))
    }
}

/// The key travels with every request, so not in the clear, except to this machine.
fn base_url(text: &str) -> Result<Url, String> {
    address(text, "https://apigw.trendyol.com")
}

/// An https address, or one of this machine.
fn address(text: &str, example: &str) -> Result<Url, String> {
    let refuse = || Err(format!("must be an https address, such as \"{example}\""));
    let Ok(url) = Url::parse(text.trim()) else {
        return refuse();
    };
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let plain = url.scheme() == "http" && local;
    let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    if (url.scheme() == "https" || plain) && url.host_str().is_some() && bare {
        Ok(url)
    } else {
        refuse()
    }
}

fn settle(text: &str) -> Result<Settle, String> {
    match text.trim() {
        "auto" => Ok(Settle::Auto),
        time => humantime::parse_duration(time)
            .map(Settle::Fixed)
            .map_err(|_| "must be \"auto\" or a duration, such as \"5m\"".to_owned()),
    }
}

fn time_of_day(text: &str) -> Result<NaiveTime, String> {
    NaiveTime::parse_from_str(text.trim(), "%H:%M")
        .map_err(|_| "must be a time of day, such as \"23:50\"".to_owned())
}
