//! `[shop]`, `[orders]` and `[dispatch]`

use std::time::Duration;

use rust_decimal::Decimal;
use serde::Deserialize;

use super::{MAX_IN_FLIGHT, fields};
use crate::{
    order::{SecondPolicy, Settle, UnconfirmedPolicy},
    text::Lang,
};

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shop {
    /// Whether there is one in this database whose orders are bought.
    pub(crate) enabled: bool,
}

/// What is written into the shop's rows.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Orders {
    /// Who settles an order that has ended.
    pub(crate) settle: Settle,
    /// The language of what customers read.
    pub(crate) customer_language: Lang,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DispatchMode {
    Live,
    /// Nothing is sent; what would have been bought is written down.
    Shadow,
}

/// How orders are bought.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dispatch {
    pub(crate) enabled: bool,
    /// From one search for new orders to the next. The loops rest no longer than this, and count as stalled
    /// after three minutes without a turn.
    #[serde(deserialize_with = "fields::up_to::<60, _>")]
    pub scan_interval: Duration,
    /// Older orders are not bought: a first start on an old database buys nothing old.
    #[serde(deserialize_with = "fields::duration")]
    pub(crate) max_order_age: Duration,
    /// Purchases under way at once, over all panels.
    #[serde(deserialize_with = "fields::whole::<1, MAX_IN_FLIGHT, _>")]
    pub max_in_flight: u32,
    pub(crate) mode: DispatchMode,
    /// What follows when somebody else is found to buy our orders too.
    pub(crate) on_second_dispatcher: SecondPolicy,
    /// Whether the panel is asked about a reference before it is bought.
    pub(crate) ask_first: bool,
    /// Whether orders that came along a chain of tenants are bought, and not left to the shop.
    pub buy_chained: bool,
    /// What may be spent in 24 hours at one panel, in TRY; `None` for no limit.
    #[serde(deserialize_with = "fields::money")]
    pub(crate) daily_limit: Option<Decimal>,
    /// By how much a purchase may cost more than the customer paid, in TRY; `None` for any loss.
    #[serde(deserialize_with = "fields::optional_money")]
    pub(crate) max_loss: Option<Decimal>,
    /// How long a claim lasts; longer than the longest call.
    #[serde(deserialize_with = "fields::duration")]
    pub(crate) lease: Duration,
    /// What follows when the panel keeps saying that it does not know an order.
    pub(crate) unconfirmed: UnconfirmedPolicy,
    /// When an unconfirmed order is asked about, from the unsure answer; ascending, never empty.
    #[serde(deserialize_with = "fields::ascending_durations")]
    pub(crate) confirm_after: Vec<Duration>,
}
