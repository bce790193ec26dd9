//! The state of everything: the figures that the command line, the page, the API and the
//! metrics share.
//!
//! Pure data. The store fills it, `attention` judges it, and everything else shows it, so
//! that no two places show different numbers. Names in JSON are those of the API.

mod daemons;
mod jobs;
mod panels;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

pub(crate) use daemons::{Daemon, DaemonView, GONE_AFTER};
pub(crate) use daemons::{buying_name, buying_named};
pub(crate) use jobs::{JobView, RunView};
pub(crate) use panels::{BreakerView, PanelOrders, PanelView, PauseView, SecondView};

use crate::{
    order::HoldReason,
    stock::{pace::DelayBin, second_pusher},
};

/// Everything, as of one moment.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Situation {
    /// When it was read, by the database's clock.
    pub(crate) at: DateTime<Utc>,
    /// Whether there is a shop whose orders are bought; without one the figures about orders and panels
    /// are empty.
    pub(crate) shop: bool,
    /// The beginning of "today".
    pub(crate) today_since: DateTime<Utc>,
    /// Orders.
    pub(crate) orders: Orders,
    /// Panels, by name.
    pub(crate) panels: Vec<PanelView>,
    /// Periodic jobs, in the order of the configuration.
    pub(crate) jobs: Vec<JobView>,
    /// Pauses of buying that are on, that of all panels first.
    pub(crate) pauses: Vec<PauseView>,
    /// Daemons that run or have run lately, the one seen last first.
    pub(crate) daemons: Vec<DaemonView>,
    /// Whether the daemon that answers runs on older settings than those that it was asked to apply.
    #[serde(skip)]
    pub(crate) reload_refused: bool,
    /// Settlement notices, by the address's name in the configuration.
    pub(crate) notices: Vec<NoticeQueue>,
    /// The Trendyol store; `None` when none is configured.
    pub(crate) market: Option<Market>,
}

/// The orders of all panels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Orders {
    /// Claimed from the shop, surely not at the panel.
    pub(crate) queued: u64,
    /// Being sent right now.
    pub(crate) dispatching: u64,
    /// May have been bought; the panel is asked.
    pub(crate) unconfirmed: u64,
    /// Since when the oldest of those is not sure.
    pub(crate) unconfirmed_since: Option<DateTime<Utc>>,
    /// Accepted by the panel and watched.
    pub(crate) submitted: u64,
    /// Those that need review, by reason; the largest group first.
    pub(crate) held: Vec<HeldGroup>,
    /// Whose time to be sent or asked about has come.
    pub(crate) due: u64,
    /// Of those, the ones that are due for more than [`LATE`](crate::order::explain::LATE), or past
    /// their time limit.
    pub(crate) late: u64,
    /// Since when the one that is due the longest is due.
    pub(crate) due_since: Option<DateTime<Utc>>,
    /// In the shop's table, to be bought, and not claimed; at most [`MANY`] per panel are counted.
    pub(crate) eligible: u64,
    /// When the oldest of those was created.
    pub(crate) eligible_since: Option<DateTime<Utc>>,
    /// Products that were sold with player fields that no person has confirmed.
    pub(crate) unproven_products: u64,
    /// Have ended minutes ago at least, and the shop has neither approved nor rejected them; at most
    /// [`MANY`] are counted.
    pub(crate) unsettled: u64,
    /// When the oldest of those ended.
    pub(crate) unsettled_since: Option<DateTime<Utc>>,
    /// Purchases of the last 24 hours that cost more than the customer paid, by package; the largest loss first.
    pub(crate) losses: Vec<LossGroup>,
    /// Endings today.
    pub(crate) ended_today: Endings,
    /// Endings in the last 24 hours.
    pub(crate) ended_24h: Endings,
    /// Purchases today.
    pub(crate) bought_today: Bought,
    /// Purchases in the last 24 hours.
    pub(crate) bought_24h: Bought,
}

/// Purchases of one package that cost more than the customers paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct LossGroup {
    /// Name of the shop's package; null when its row is gone.
    pub(crate) package: Option<String>,
    /// How many.
    pub(crate) orders: u64,
    /// How much more, in TRY.
    #[schema(value_type = String)]
    pub(crate) loss: Decimal,
}

/// More eligible orders than this are not counted one by one.
pub(crate) const MANY: u64 = 1000;

/// Orders that need review for the same reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct HeldGroup {
    /// Why.
    #[serde(serialize_with = "by_name")]
    #[schema(value_type = String)]
    pub(crate) reason: HoldReason,
    /// How many.
    pub(crate) orders: u64,
    /// Since when the oldest of them is tracked.
    pub(crate) since: DateTime<Utc>,
}

/// How orders ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Endings {
    /// Delivered.
    pub(crate) completed: u64,
    /// Refused or cancelled by the panel.
    pub(crate) failed: u64,
    /// No final answer within the time limit.
    pub(crate) timed_out: u64,
    /// No longer wanted by the shop.
    pub(crate) withdrawn: u64,
}

/// What was bought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Bought {
    /// Purchases: those that were charged, and those that may have been.
    pub(crate) orders: u64,
    /// In TRY: what was charged, or the listed price where that is not known.
    #[schema(value_type = String)]
    pub(crate) money: Decimal,
}

/// The notices to one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct NoticeQueue {
    /// The address's name in the configuration.
    pub(crate) endpoint: String,
    /// Whether it is in the configuration; otherwise nobody delivers these.
    pub(crate) configured: bool,
    /// Not delivered yet.
    pub(crate) waiting: u64,
    /// Of those, the ones that were tried at least once.
    pub(crate) failing: u64,
    /// When the oldest of those that wait was written.
    pub(crate) since: Option<DateTime<Utc>>,
    /// Never tried again, in the last 24 hours.
    pub(crate) given_up_24h: u64,
}

/// The Trendyol store.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub(crate) struct Market {
    /// Packages that may hold units.
    pub(crate) open_packages: u64,
    /// Packages that were shipped more than an hour ago although nobody has taken their units from the
    /// shelves; these stay reserved.
    pub(crate) shipped_untaken: u64,
    /// When the first of those was shipped.
    pub(crate) shipped_untaken_since: Option<DateTime<Utc>>,
    /// The warehouse's tables of orders that orderwatch does not know.
    pub(crate) unknown_order_tables: Vec<String>,
    /// When the orders were last read whole.
    pub(crate) orders_read_at: Option<DateTime<Utc>>,
    /// Mean seconds from a sale to the moment at which the orders tell of it; none while too few orders
    /// were measured.
    pub(crate) order_delay_seconds: Option<f64>,
    /// The same as a histogram, the shortest delays first.
    pub(crate) order_delays: Vec<DelayBin>,
    /// Barcodes that are checked often, because something happened to them.
    pub(crate) items_watched: u64,
    /// Barcodes of which fewer are on sale than should be.
    pub(crate) items_in_deficit: u64,
    /// Barcodes that were sent and whose result is not known yet.
    pub(crate) items_pending: u64,
    /// Barcodes that Trendyol refused and that rest until they are sent again.
    pub(crate) items_resting: u64,
    /// When the last push ended.
    pub(crate) pushed_at: Option<DateTime<Utc>>,
    /// Whether it went well.
    pub(crate) push_ok: Option<bool>,
    /// What went wrong with it.
    pub(crate) push_error: Option<String>,
    /// When the last one that went well ended.
    pub(crate) push_good_at: Option<DateTime<Utc>>,
    /// Items of the last one that Trendyol took.
    pub(crate) pushed_items: u64,
    /// Since when Trendyol does not call about orders although it should.
    pub(crate) webhook_silent_since: Option<DateTime<Utc>>,
    /// Since when, by whom and why no stock is sent.
    pub(crate) paused: Option<StockPause>,
}

/// No stock is sent; where orderwatch itself paused it, stock is lowered all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct StockPause {
    /// Who wants it so; orderwatch itself where somebody else sends, too.
    pub(crate) who: String,
    /// Why.
    pub(crate) why: String,
    /// Since when.
    pub(crate) at: DateTime<Utc>,
}

impl StockPause {
    /// Whether stock is lowered all the same: that somebody else sends, too, may be a mistake of orderwatch's, and what
    /// is sold out would be sold on until a person comes.
    #[must_use]
    pub(crate) fn lets_lower(&self) -> bool {
        second_pusher::has_paused(&self.who, &self.why)
    }
}

impl Orders {
    /// Those that need review.
    #[must_use]
    pub(crate) fn held(&self) -> u64 {
        self.held.iter().map(|group| group.orders).sum()
    }

    /// Those that are open: neither final nor held.
    #[must_use]
    pub(crate) const fn open(&self) -> u64 {
        self.queued + self.dispatching + self.unconfirmed + self.submitted
    }
}

impl Situation {
    /// The daemons that are at work.
    pub(crate) fn alive(&self) -> impl Iterator<Item = &DaemonView> {
        self.daemons.iter().filter(|daemon| daemon.alive)
    }
}

/// When the day began in a zone.
#[must_use]
pub(crate) fn start_of_day(now: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
    let today = now.with_timezone(&zone).date_naive();
    day_begins(today, zone).unwrap_or(now)
}

/// When a day begins in a zone.
#[must_use]
pub(crate) fn day_begins(day: NaiveDate, zone: Tz) -> Option<DateTime<Utc>> {
    // Where the clocks skip midnight, it begins with the first hour that there is.
    let hours = (0..24).filter_map(|hour| NaiveTime::from_hms_opt(hour, 0, 0));
    let mut moments = hours.filter_map(|time| {
        let local = zone.from_local_datetime(&day.and_time(time));
        local.earliest().map(|moment| moment.to_utc())
    });
    moments.next()
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
