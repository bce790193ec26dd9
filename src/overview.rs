//! The state of everything: the figures that the command line, the page, the API and the
//! metrics share.
//!
//! Pure data. The store fills it, `attention` judges it, and everything else shows it, so
//! that no two places show different numbers. Names in JSON are those of the API.

mod daemons;
mod jobs;
mod panels;

use chrono::{DateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

pub use daemons::{Daemon, DaemonView, GONE_AFTER};
pub(crate) use daemons::{buying_name, buying_named};
pub use jobs::{JobView, RunView};
pub use panels::{BreakerView, PanelOrders, PanelView, PauseView, SecondView};

use crate::{
    order::{HoldReason, IntegrationId},
    stock::pace::DelayBin,
};

/// Everything, as of one moment.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Situation {
    /// When it was read, by the database's clock.
    pub at: DateTime<Utc>,
    /// Whether there is a shop whose orders are bought; without one the figures about orders and panels
    /// are empty.
    pub shop: bool,
    /// The beginning of "today".
    pub today_since: DateTime<Utc>,
    /// Orders.
    pub orders: Orders,
    /// Panels, by name.
    pub panels: Vec<PanelView>,
    /// Periodic jobs, in the order of the configuration.
    pub jobs: Vec<JobView>,
    /// Pauses of buying that are on, that of all panels first.
    pub pauses: Vec<PauseView>,
    /// Daemons that run or have run lately, the one seen last first.
    pub daemons: Vec<DaemonView>,
    /// Whether the daemon that answers runs on older settings than those that it was asked to apply.
    #[serde(skip)]
    pub reload_refused: bool,
    /// Settlement notices, by the address's name in the configuration.
    pub notices: Vec<NoticeQueue>,
    /// The Trendyol store; `None` when none is configured.
    pub market: Option<Market>,
}

/// The orders of all panels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Orders {
    /// Claimed from the shop, surely not at the panel.
    pub queued: u64,
    /// Being sent right now.
    pub dispatching: u64,
    /// May have been bought; the panel is asked.
    pub unconfirmed: u64,
    /// Since when the oldest of those is not sure.
    pub unconfirmed_since: Option<DateTime<Utc>>,
    /// Accepted by the panel and watched.
    pub submitted: u64,
    /// Those that need review, by reason; the largest group first.
    pub held: Vec<HeldGroup>,
    /// Whose time to be sent or asked about has come.
    pub due: u64,
    /// Of those, the ones that are due for more than [`LATE`](crate::order::explain::LATE), or past
    /// their time limit.
    pub late: u64,
    /// Since when the one that is due the longest is due.
    pub due_since: Option<DateTime<Utc>>,
    /// In the shop's table, to be bought, and not claimed; at most [`MANY`] per panel are counted.
    pub eligible: u64,
    /// When the oldest of those was created.
    pub eligible_since: Option<DateTime<Utc>>,
    /// Products that were sold with player fields that no person has confirmed.
    pub unproven_products: u64,
    /// Have ended minutes ago at least, and the shop has neither approved nor rejected them; at most
    /// [`MANY`] are counted.
    pub unsettled: u64,
    /// When the oldest of those ended.
    pub unsettled_since: Option<DateTime<Utc>>,
    /// Endings today.
    pub ended_today: Endings,
    /// Endings in the last 24 hours.
    pub ended_24h: Endings,
    /// Purchases today.
    pub bought_today: Bought,
    /// Purchases in the last 24 hours.
    pub bought_24h: Bought,
}

/// More eligible orders than this are not counted one by one.
pub const MANY: u64 = 1000;

/// Orders that need review for the same reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct HeldGroup {
    /// Why.
    #[serde(serialize_with = "by_name")]
    #[schema(value_type = String)]
    pub reason: HoldReason,
    /// How many.
    pub orders: u64,
    /// Since when the oldest of them is tracked.
    pub since: DateTime<Utc>,
}

/// How orders ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Endings {
    /// Delivered.
    pub completed: u64,
    /// Refused or cancelled by the panel.
    pub failed: u64,
    /// No final answer within the time limit.
    pub timed_out: u64,
    /// No longer wanted by the shop.
    pub withdrawn: u64,
}

/// What was bought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Bought {
    /// Purchases: those that were charged, and those that may have been.
    pub orders: u64,
    /// In TRY: what was charged, or the listed price where that is not known.
    #[schema(value_type = String)]
    pub money: Decimal,
}

/// The notices to one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct NoticeQueue {
    /// The address's name in the configuration.
    pub endpoint: String,
    /// Whether it is in the configuration; otherwise nobody delivers these.
    pub configured: bool,
    /// Not delivered yet.
    pub waiting: u64,
    /// Of those, the ones that were tried at least once.
    pub failing: u64,
    /// When the oldest of those that wait was written.
    pub since: Option<DateTime<Utc>>,
    /// Never tried again, in the last 24 hours.
    pub given_up_24h: u64,
}

/// The Trendyol store.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Market {
    /// Packages that may hold units.
    pub open_packages: u64,
    /// Packages that were shipped more than an hour ago although nobody has taken their units from the
    /// shelves; these stay reserved.
    pub shipped_untaken: u64,
    /// When the first of those was shipped.
    pub shipped_untaken_since: Option<DateTime<Utc>>,
    /// The warehouse's tables of orders that orderwatch does not know.
    pub unknown_order_tables: Vec<String>,
    /// When the orders were last read whole.
    pub orders_read_at: Option<DateTime<Utc>>,
    /// Mean seconds from a sale to the moment at which the orders tell of it; none while too few orders
    /// were measured.
    pub order_delay_seconds: Option<f64>,
    /// The same as a histogram, the shortest delays first.
    pub order_delays: Vec<DelayBin>,
    /// Barcodes that are checked often, because something happened to them.
    pub items_watched: u64,
    /// Barcodes of which fewer are on sale than should be.
    pub items_in_deficit: u64,
    /// Barcodes that were sent and whose result is not known yet.
    pub items_pending: u64,
    /// Barcodes that Trendyol refused and that rest until they are sent again.
    pub items_resting: u64,
    /// When the last push ended.
    pub pushed_at: Option<DateTime<Utc>>,
    /// Whether it went well.
    pub push_ok: Option<bool>,
    /// What went wrong with it.
    pub push_error: Option<String>,
    /// When the last one that went well ended.
    pub push_good_at: Option<DateTime<Utc>>,
    /// Items of the last one that Trendyol took.
    pub pushed_items: u64,
    /// Since when Trendyol does not call about orders although it should.
    pub webhook_silent_since: Option<DateTime<Utc>>,
    /// Since when, by whom and why no stock is sent at all.
    pub paused: Option<StockPause>,
}

/// No stock is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct StockPause {
    /// Who wants it so; orderwatch itself where somebody else sends, too.
    pub who: String,
    /// Why.
    pub why: String,
    /// Since when.
    pub at: DateTime<Utc>,
}

impl Orders {
    /// Those that need review.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.held.iter().map(|group| group.orders).sum()
    }

    /// Those that are open: neither final nor held.
    #[must_use]
    pub const fn open(&self) -> u64 {
        self.queued + self.dispatching + self.unconfirmed + self.submitted
    }
}

impl Endings {
    #[must_use]
    pub const fn all(self) -> u64 {
        self.completed + self.failed + self.timed_out + self.withdrawn
    }
}

impl Situation {
    /// The daemons that are at work.
    pub fn alive(&self) -> impl Iterator<Item = &DaemonView> {
        self.daemons.iter().filter(|daemon| daemon.alive)
    }

    #[must_use]
    pub fn panel(&self, id: IntegrationId) -> Option<&PanelView> {
        self.panels.iter().find(|panel| panel.id == id)
    }
}

/// When the day began in a zone.
#[must_use]
pub fn start_of_day(now: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
    let today = now.with_timezone(&zone).date_naive();
    // Where the clocks skip midnight, it began with the first hour that there is.
    let hours = (0..24).filter_map(|hour| NaiveTime::from_hms_opt(hour, 0, 0));
    let mut moments = hours.filter_map(|time| {
        let local = zone.from_local_datetime(&today.and_time(time));
        local.earliest().map(|moment| moment.to_utc())
    });
    moments.next().unwrap_or(now)
}

/// For types whose name in the database is their name in JSON.
pub(crate) fn by_name<T: std::fmt::Display, S: Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

#[cfg(test)]
mod tests {
    use chrono_tz::{Africa::Cairo, Europe::Istanbul, UTC};

    use super::*;

    #[test]
    fn a_day_begins_at_midnight_of_the_zone() {
        for (zone, now, want) in [
            (Istanbul, "2026-11-20T20:59:59Z", "2026-11-19T21:00:00Z"),
            (Istanbul, "2026-11-20T21:00:00Z", "2026-11-20T21:00:00Z"),
            (UTC, "2026-11-20T21:00:00Z", "2026-11-20T00:00:00Z"),
            // On this day the clocks in Cairo went from 00:00 to 01:00.
            (Cairo, "2026-04-24T10:00:00Z", "2026-04-23T22:00:00Z"),
        ] {
            let now: DateTime<Utc> = now.parse().unwrap();
            let want: DateTime<Utc> = want.parse().unwrap();
            assert_eq!(start_of_day(now, zone), want, "{zone} {now}");
        }
    }
}
