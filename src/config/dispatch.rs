//! `[shop]`, `[orders]` and `[dispatch]`

use std::time::Duration;

use rust_decimal::Decimal;

use super::{MAX_IN_FLIGHT, read::Section};
use crate::{
    order::{SecondPolicy, Settle, UnconfirmedPolicy},
    text::Lang,
};

/// The shop.
#[derive(Clone, Copy, Debug)]
pub struct Shop {
    /// Whether there is one in this database.
    pub enabled: bool,
}

impl Shop {
    pub(super) fn read(mut section: Section<'_, '_>) -> Self {
        Self {
            enabled: section.bool("enabled"),
        }
    }
}

/// What is written into the shop's rows.
#[derive(Clone, Copy, Debug)]
pub struct Orders {
    /// Who settles an order that has ended.
    pub settle: Settle,
    /// The language of what customers read.
    pub customer_language: Lang,
}

impl Orders {
    pub(super) fn read(mut section: Section<'_, '_>) -> Self {
        Self {
            settle: section.choice(
                "settle",
                Settle::Shop,
                &[("shop", Settle::Shop), ("status", Settle::Status)],
            ),
            customer_language: section.choice(
                "customer_language",
                Lang::Tr,
                &Lang::ALL.map(|language| (language.code(), language)),
            ),
        }
    }
}

/// Whether orders are really sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DispatchMode {
    /// Yes.
    Live,
    /// No; what would have been bought is written down.
    Shadow,
}

/// How orders are bought.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// Whether they are.
    pub enabled: bool,
    /// From one search for new orders to the next.
    pub scan_interval: Duration,
    /// Older orders are left alone.
    pub max_order_age: Duration,
    /// Purchases under way at once, over all panels.
    pub max_in_flight: u32,
    /// Whether orders are really sent.
    pub mode: DispatchMode,
    /// What follows when somebody else is found to buy our orders too.
    pub on_second_dispatcher: SecondPolicy,
    /// Whether the panel is asked about a reference before it is bought.
    pub ask_first: bool,
    /// Whether orders that came along a chain of tenants are bought, and not left to the shop.
    pub buy_chained: bool,
    /// What may be spent in 24 hours at one panel, in TRY; `None` for no limit.
    pub daily_limit: Option<Decimal>,
    /// How long a claim lasts; longer than the longest call.
    pub lease: Duration,
    /// What follows when the panel keeps saying that it does not know an order.
    pub unconfirmed: UnconfirmedPolicy,
    /// When an unconfirmed order is asked about, from the unsure answer; ascending, never empty.
    pub confirm_after: Vec<Duration>,
}

impl Dispatch {
    pub(super) fn read(mut section: Section<'_, '_>) -> Self {
        Self {
            enabled: section.bool("enabled"),
            scan_interval: section.duration("scan_interval"),
            max_order_age: section.duration("max_order_age"),
            max_in_flight: section.count("max_in_flight", 1..=MAX_IN_FLIGHT),
            mode: section.choice(
                "mode",
                DispatchMode::Live,
                &[
                    ("live", DispatchMode::Live),
                    ("shadow", DispatchMode::Shadow),
                ],
            ),
            on_second_dispatcher: section.choice(
                "on_second_dispatcher",
                SecondPolicy::Pause,
                &[("pause", SecondPolicy::Pause), ("warn", SecondPolicy::Warn)],
            ),
            ask_first: section.bool("ask_first"),
            buy_chained: section.bool("buy_chained"),
            daily_limit: section.money("daily_limit"),
            lease: section.duration("lease"),
            unconfirmed: section.choice(
                "unconfirmed",
                UnconfirmedPolicy::Hold,
                &[
                    ("hold", UnconfirmedPolicy::Hold),
                    ("resend", UnconfirmedPolicy::Resend),
                ],
            ),
            confirm_after: section.ascending_durations("confirm_after"),
        }
    }
}
