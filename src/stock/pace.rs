//! How long sales may be hidden, by what was measured: from a sale to the moment at which the order feed
//! tells of it (the *order delay*), and how fast each barcode sells.

use chrono::{DateTime, TimeDelta, Utc};

/// A deficit that stands for so many mean order delays is no hidden sale.
const SETTLE_DELAYS: i32 = 6;
/// Within these bounds, whatever was measured.
const SETTLE: (TimeDelta, TimeDelta) = (TimeDelta::minutes(2), TimeDelta::minutes(15));
/// Sales of so many mean order delays may be hidden.
const HIDDEN_DELAYS: i32 = 4;
/// More are hidden with less than this probability.
const IMPROBABLE: f64 = 1e-4;
/// No more are ever held back.
const MOST_HIDDEN: i32 = 1000;
/// Half of what counts for the rate of sale is younger than this.
pub const SALES_HALF_LIFE: TimeDelta = TimeDelta::hours(6);
/// So many orders have to be measured before their delay is believed.
const ENOUGH: f64 = 5.0;

/// How long a deficit has to stand until it is raised whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Settle {
    /// By the measured order delay.
    #[default]
    Auto,
    /// As the configuration says.
    Fixed(std::time::Duration),
}

/// The measured order delay: decayed sums over the orders.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OrderDelay {
    /// Orders, the older ones for less.
    pub orders: f64,
    /// Their delays, in seconds.
    pub seconds: f64,
}

impl OrderDelay {
    /// `None` while too few orders were measured.
    #[must_use]
    pub fn mean(self) -> Option<TimeDelta> {
        let seconds = self.seconds / self.orders;
        let known = self.orders >= ENOUGH && seconds.is_finite() && seconds >= 0.0;
        #[expect(clippy::cast_possible_truncation, reason = "capped at a day")]
        known.then(|| TimeDelta::milliseconds((seconds.min(86_400.0) * 1000.0) as i64))
    }
}

/// How fast a barcode sells: decayed sums over its orders.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sales {
    /// Orders, the older ones for less.
    pub orders: f64,
    /// Their units.
    pub units: f64,
    /// As of when.
    pub at: Option<DateTime<Utc>>,
}

impl Sales {
    /// After another order.
    #[must_use]
    pub fn with(self, units: u32, at: DateTime<Utc>) -> Self {
        let newest = self.at.map_or(at, |before| before.max(at));
        let (old, new) = (self.decayed(newest), halved(newest - at));
        Self {
            orders: old.orders + new,
            units: old.units + new * f64::from(units),
            at: Some(newest),
        }
    }

    fn decayed(self, now: DateTime<Utc>) -> Self {
        let share = self.at.map_or(0.0, |at| halved(now - at));
        Self {
            orders: self.orders * share,
            units: self.units * share,
            at: Some(now),
        }
    }

    /// Orders that are to be expected within a time.
    fn expected(self, within: TimeDelta, now: DateTime<Utc>) -> f64 {
        let rate = self.decayed(now).orders * std::f64::consts::LN_2 / seconds(SALES_HALF_LIFE);
        rate * seconds(within)
    }

    /// Units of one order, rounded up.
    fn units_per_order(self) -> f64 {
        if self.orders > 0.0 {
            (self.units / self.orders).ceil().max(1.0)
        } else {
            1.0
        }
    }
}

/// What share of an order of this age counts.
fn halved(age: TimeDelta) -> f64 {
    (-seconds(age).max(0.0) / seconds(SALES_HALF_LIFE)).exp2()
}

fn seconds(time: TimeDelta) -> f64 {
    time.as_seconds_f64()
}

/// How long to wait for sales to become known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How long a deficit has to stand.
    pub settle: TimeDelta,
    /// How long a sale may be hidden; `None` while that is not known.
    window: Option<TimeDelta>,
}

impl Pace {
    /// By the measured delay and the configuration.
    #[must_use]
    pub fn of(delay: OrderDelay, settle: Settle) -> Self {
        let mean = delay.mean();
        let auto = mean.map_or(SETTLE.1, |mean| {
            (mean * SETTLE_DELAYS).clamp(SETTLE.0, SETTLE.1)
        });
        let settle = match settle {
            Settle::Auto => auto,
            Settle::Fixed(time) => TimeDelta::from_std(time).unwrap_or(SETTLE.1),
        };
        Self {
            settle,
            window: mean.map(|mean| mean * HIDDEN_DELAYS),
        }
    }

    /// Units that may have been sold without an order that tells of it; `None` when nobody knows.
    /// At least one: what has not sold for months may have been sold just now.
    #[must_use]
    pub fn hidden(self, sales: Sales, now: DateTime<Utc>) -> Option<i32> {
        let orders = quantile(sales.expected(self.window?, now)).max(1);
        #[expect(clippy::cast_possible_truncation, reason = "capped before")]
        let units =
            (f64::from(orders) * sales.units_per_order()).min(f64::from(MOST_HIDDEN)) as i32;
        Some(units)
    }
}

/// The smallest number that a Poisson variable exceeds with less than [`IMPROBABLE`].
fn quantile(mean: f64) -> i32 {
    let mut term = (-mean).exp();
    let mut below = term;
    let mut number = 0;
    while 1.0 - below >= IMPROBABLE && number < MOST_HIDDEN {
        number += 1;
        term *= mean / f64::from(number);
        below += term;
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::minutes(minutes)
    }

    #[test]
    fn what_may_be_hidden_grows_with_the_rate_of_sale() {
        for (mean, want) in [
            (0.0, 0),
            (0.00005, 0),
            (0.001, 1),
            (0.08, 2),
            (1.0, 6),
            (20.0, 39),
        ] {
            assert_eq!(quantile(mean), want, "{mean}");
        }
        assert_eq!(quantile(1e9), MOST_HIDDEN);
    }

    #[test]
    fn the_time_to_settle_follows_the_order_delay() {
        let of = |orders: f64, mean: f64| {
            let delay = OrderDelay {
                orders,
                seconds: orders * mean,
            };
            Pace::of(delay, Settle::Auto).settle.num_seconds()
        };
        assert_eq!(of(2.0, 10.0), 900, "too few to know");
        assert_eq!(of(9.0, 10.0), 120);
        assert_eq!(of(9.0, 60.0), 360);
        assert_eq!(of(9.0, 600.0), 900);
        assert_eq!(of(9.0, f64::NAN), 900);
    }

    #[test]
    fn sales_count_for_half_after_the_half_life() {
        let sales = Sales::default().with(2, at(0)).with(4, at(360));
        assert!((sales.orders - 1.5).abs() < 1e-9 && (sales.units - 5.0).abs() < 1e-9);
        let late = Sales::default().with(4, at(360)).with(2, at(0));
        assert_eq!(late, sales, "whatever comes first");
        assert!((sales.units_per_order() - 4.0).abs() < 1e-9);
    }

    #[test]
    fn nothing_is_raised_at_once_while_the_delay_is_not_known() {
        let unknown = Pace::of(OrderDelay::default(), Settle::Auto);
        assert_eq!(unknown.hidden(Sales::default(), at(0)), None);
        let delay = OrderDelay {
            orders: 9.0,
            seconds: 540.0,
        };
        let known = Pace::of(delay, Settle::Auto);
        assert_eq!(known.hidden(Sales::default(), at(0)), Some(1));
    }
}
