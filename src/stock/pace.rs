//! How long sales may be hidden, by what was measured: the time from a sale to the moment at which the order
//! feed shows it (the *order delay*), and how fast each barcode sells.
//!
//! What must stay true: while the delay is not known, nothing is assumed to be visible.

mod late;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use late::Late;

/// After this many mean order delays no sale is hidden any more: of ten thousand orders, one is later.
const SETTLE_DELAYS: i32 = 9;
/// Whatever was measured, a deficit that has stood for this long is no hidden sale.
const SETTLE_MOST: TimeDelta = TimeDelta::minutes(30);
/// How long a deficit has to stand while the order delay is not known.
const SETTLE_UNKNOWN: TimeDelta = TimeDelta::minutes(15);
/// No shorter order delay is believed: reading what is on sale and reading the orders are that far apart, and
/// what mostly takes a second takes longer now and then.
const SHORTEST_DELAY: TimeDelta = TimeDelta::seconds(20);
/// More sales than are allowed for are hidden with less than this probability. Each product is checked some
/// thousand times a day, and only the last units of a product can be sold twice.
const IMPROBABLE: f64 = 1e-4;
/// No more are ever held back.
const MOST_HIDDEN: i32 = 1000;
/// Half of what counts for the rate of sale is younger than this.
pub(crate) const SALES_HALF_LIFE: TimeDelta = TimeDelta::hours(6);
/// Orders that are added to the counted ones: what has not sold for months may be sold now.
const UNCOUNTED: f64 = 1.0;
/// This many orders have to be measured before their delay is believed.
const ENOUGH: f64 = 5.0;

/// How long a deficit has to stand until it is raised whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Settle {
    /// By the measured order delay.
    #[default]
    Auto,
    /// Set in the configuration.
    Fixed(std::time::Duration),
}

/// The measured order delay: decayed sums over the orders.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OrderDelay {
    /// Orders, the older ones for less.
    pub orders: f64,
    /// Their delays, in seconds.
    pub seconds: f64,
    /// The same by how long the delays are.
    pub(crate) bins: [DelayBin; DELAY_BINS.len()],
}

/// Upper bounds of the bins in which delays are counted, in seconds; the last one takes everything beyond.
pub(crate) const DELAY_BINS: [i32; 12] =
    [5, 10, 20, 30, 60, 120, 180, 300, 600, 1800, 3600, i32::MAX];

/// Orders whose delays are alike.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct DelayBin {
    /// Delays of up to so many seconds; `None` for everything beyond the others.
    pub(crate) up_to: Option<i32>,
    /// Orders, the older ones for less.
    pub(crate) orders: f64,
    /// Their delays, in seconds.
    pub(crate) seconds: f64,
}

impl Default for OrderDelay {
    fn default() -> Self {
        let bins = DELAY_BINS.map(|up_to| DelayBin {
            up_to: (up_to < i32::MAX).then_some(up_to),
            orders: 0.0,
            seconds: 0.0,
        });
        Self {
            orders: 0.0,
            seconds: 0.0,
            bins,
        }
    }
}

impl OrderDelay {
    #[must_use]
    pub(crate) fn of(bins: &[DelayBin]) -> Self {
        let mut sum = Self::default();

        for bin in bins {
            let own = &mut sum.bins[place(bin.up_to.map_or(f64::INFINITY, f64::from))];
            own.orders += bin.orders;
            own.seconds += bin.seconds;
            sum.orders += bin.orders;
            sum.seconds += bin.seconds;
        }

        sum
    }

    /// After another order, where those before count for `kept` of what they did.
    #[must_use]
    pub fn with(mut self, seconds: f64, kept: f64) -> Self {
        for bin in &mut self.bins {
            bin.orders *= kept;
            bin.seconds *= kept;
        }

        let bin = &mut self.bins[place(seconds)];
        bin.orders += 1.0;
        bin.seconds += seconds;
        Self::of(&self.bins)
    }

    /// `None` while too few orders were measured.
    #[must_use]
    pub fn mean(&self) -> Option<TimeDelta> {
        let seconds = self.seconds / self.orders;
        // Sums from the database: nothing keeps them from being damaged.
        let known = self.orders >= ENOUGH && seconds.is_finite() && seconds >= 0.0;
        #[expect(clippy::cast_possible_truncation, reason = "capped at a day")]
        known.then(|| TimeDelta::milliseconds((seconds.min(86_400.0) * 1000.0) as i64))
    }
}

/// Which bin counts a delay.
fn place(seconds: f64) -> usize {
    let shorter = DELAY_BINS.iter().filter(|bin| f64::from(**bin) < seconds);
    shorter.count().min(DELAY_BINS.len() - 1)
}

/// How fast a barcode sells: decayed sums over its orders.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sales {
    /// Orders, the older ones for less.
    pub(crate) orders: f64,
    /// Their units.
    pub(crate) units: f64,
    /// As of when.
    pub(crate) at: Option<DateTime<Utc>>,
}

impl Sales {
    /// After another order.
    #[must_use]
    pub fn with(self, units: u32, at: DateTime<Utc>) -> Self {
        // Orders may come late: an older one counts as it would if it had come in time.
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

    /// Orders in a second.
    fn rate(self, now: DateTime<Utc>) -> f64 {
        let orders = self.decayed(now).orders + UNCOUNTED;
        orders * std::f64::consts::LN_2 / seconds(SALES_HALF_LIFE)
    }

    /// The units that the hidden orders may have, if there are more of them than expected.
    fn units_of(self, hidden: f64) -> i32 {
        let orders = quantile(hidden);
        if orders == 0 {
            return 0;
        }

        // One order is taken for larger than the mean, so that a single order of two is not forgotten where most
        // are of one, and one of three not where it is the only one.
        let mean = (self.units + UNCOUNTED) / (self.orders + UNCOUNTED);
        let counted = self.units / self.orders;
        // Decayed sums are not exact.
        let mut largest = if counted.is_finite() {
            (counted - 1e-9).ceil().max(1.0)
        } else {
            1.0
        };
        // That none was larger among a few says little: the share of larger ones by Jeffreys' prior.
        if hidden * 0.5 / (self.orders + 1.0) >= IMPROBABLE {
            largest += 1.0;
        }

        let units = f64::from(orders - 1) * mean + largest;
        #[expect(clippy::cast_possible_truncation, reason = "capped before")]
        let units = units.ceil().min(f64::from(MOST_HIDDEN)) as i32;
        units
    }
}

/// What share of an order of this age counts.
fn halved(age: TimeDelta) -> f64 {
    (-seconds(age).max(0.0) / seconds(SALES_HALF_LIFE)).exp2()
}

fn seconds(time: TimeDelta) -> f64 {
    time.as_seconds_f64()
}

#[expect(clippy::cast_possible_truncation, reason = "half an hour at most")]
fn whole(seconds: f64) -> i64 {
    seconds.ceil() as i64
}

/// How long to wait for sales to become known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// How long a deficit has to stand until it is raised whole, however fast the barcode sells.
    pub(crate) settle: TimeDelta,
    /// Whether what sells seldom may settle earlier.
    early: bool,
    /// The mean order delay; `None` while that is not known.
    delay: Option<TimeDelta>,
    late: Late,
}

impl Pace {
    /// By the measured delay and the configuration.
    #[must_use]
    pub fn of(delay: OrderDelay, settle: Settle) -> Self {
        let late = Late::of(&delay.bins);
        let delay = delay.mean().map(|mean| mean.max(SHORTEST_DELAY));
        let auto = delay.map_or(SETTLE_UNKNOWN, |mean| {
            // Where most orders come soon and some late, the mean is short, and the late ones come after many of it.
            let longest = TimeDelta::seconds(whole(late.longest()));
            (mean * SETTLE_DELAYS).max(longest).min(SETTLE_MOST)
        });
        Self {
            settle: match settle {
                Settle::Auto => auto,
                Settle::Fixed(time) => TimeDelta::from_std(time).unwrap_or(SETTLE_MOST),
            },
            early: settle == Settle::Auto,
            delay,
            late,
        }
    }

    /// Units that may have been sold without an order that shows it, of sales for which the orders were read
    /// `age` later (below zero, the orders were not read since); `None` while the delay is not known.
    #[must_use]
    pub(crate) fn hidden_after(
        &self,
        age: TimeDelta,
        sales: Sales,
        now: DateTime<Utc>,
    ) -> Option<i32> {
        if age >= self.settle {
            return Some(0);
        }
        let delay = seconds(self.delay?);
        let unread = seconds(-age).max(0.0);
        // A time that was chosen is not shortened by what was measured.
        let read = if self.early {
            seconds(age).max(0.0)
        } else {
            0.0
        };

        // At any moment the hidden orders are Poisson distributed, with the rate of sale times the mean delay for
        // their mean.
        let hidden = sales.rate(now) * (self.hidden_seconds(delay, read) + unread);
        Some(sales.units_of(hidden))
    }

    /// Mean seconds for which an order stays hidden beyond the first `read`.
    fn hidden_seconds(&self, delay: f64, read: f64) -> f64 {
        // They become fewer by the exponential law, or as was measured, where more come late than by that.
        let by_law = delay * (-read / delay).exp();
        by_law.max(self.late.beyond(read))
    }

    /// How long a deficit of this barcode has to stand until no sale can be hidden in it.
    #[must_use]
    pub(crate) fn settled_after(&self, sales: Sales, now: DateTime<Utc>) -> TimeDelta {
        let Some(delay) = self.delay.filter(|_| self.early) else {
            return self.settle;
        };

        let (rate, delay) = (sales.rate(now), seconds(delay));
        let is_hidden = |after: i64| {
            let read = seconds(TimeDelta::seconds(after));
            quantile(rate * self.hidden_seconds(delay, read)) > 0
        };

        // The first second at which none is hidden: they only become fewer.
        let (mut from, mut to) = (0, self.settle.num_seconds());
        while from < to {
            let middle = i64::midpoint(from, to);
            if is_hidden(middle) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }

        if is_hidden(from) {
            self.settle
        } else {
            TimeDelta::seconds(from)
        }
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
                ..OrderDelay::default()
            };
            Pace::of(delay, Settle::Auto).settle.num_seconds()
        };
        assert_eq!(of(2.0, 10.0), 900, "too few to know");
        assert_eq!(of(9.0, 1.0), 180, "no shorter delay is believed in");
        assert_eq!(of(9.0, 60.0), 540);
        assert_eq!(of(9.0, 600.0), 1800);
        assert_eq!(of(9.0, f64::NAN), 900);
    }

    #[test]
    fn sales_count_for_half_after_the_half_life() {
        let sales = Sales::default().with(2, at(0)).with(4, at(360));
        assert!((sales.orders - 1.5).abs() < 1e-9 && (sales.units - 5.0).abs() < 1e-9);
        let late = Sales::default().with(4, at(360)).with(2, at(0));
        assert_eq!(late, sales, "whatever comes first");
    }

    #[test]
    fn one_order_of_those_that_may_be_hidden_is_larger_than_the_mean() {
        let of = |sales: Sales| [0.0, 0.0003, 0.001, 1.0].map(|hidden| sales.units_of(hidden));
        let singles = Sales::default().with(1, at(0)).with(1, at(1));
        assert_eq!(
            of(singles),
            [0, 1, 2, 7],
            "after two, a larger one is no surprise"
        );
        let mixed = singles.with(2, at(2));
        assert_eq!(of(mixed), [0, 2, 3, 10]);
        let many = (0..100).fold(Sales::default(), |sales, _| sales.with(1, at(0)));
        assert_eq!(of(many), [0, 1, 1, 7]);
        let four = singles.with(1, at(0)).with(1, at(0));
        assert_eq!(four.units_of(0.0009), 1, "after four, it would be one");
        assert_eq!(mixed.units_of(1e9), MOST_HIDDEN);
    }

    #[test]
    fn nothing_is_raised_at_once_while_the_delay_is_not_known() {
        let unknown = Pace::of(OrderDelay::default(), Settle::Auto);
        assert_eq!(
            unknown.hidden_after(TimeDelta::zero(), Sales::default(), at(0)),
            None
        );
        let known = Pace::of(minute(), Settle::Auto);
        assert_eq!(
            known.hidden_after(TimeDelta::zero(), Sales::default(), at(0)),
            Some(2)
        );
    }

    /// Nine orders with a mean delay of a minute.
    fn minute() -> OrderDelay {
        OrderDelay {
            orders: 9.0,
            seconds: 540.0,
            ..OrderDelay::default()
        }
    }

    #[test]
    fn the_longer_the_orders_are_read_the_fewer_sales_are_hidden() {
        let (seldom, often) = (Sales::default(), {
            let hour = (0..60).map(at);
            hour.fold(Sales::default(), |sales, minute| sales.with(1, minute))
        });
        let auto = Pace::of(minute(), Settle::Auto);
        let hidden = |sales, age| auto.hidden_after(TimeDelta::seconds(age), sales, at(60));

        let ages = [-600, 0, 60, 180, 300, 540];
        assert_eq!(
            ages.map(|age| hidden(seldom, age)),
            [3, 2, 2, 0, 0, 0].map(Some)
        );
        assert_eq!(
            ages.map(|age| hidden(often, age)),
            [8, 4, 3, 1, 1, 0].map(Some)
        );
        for sales in [seldom, often] {
            let settled = auto.settled_after(sales, at(60)).num_seconds();
            assert_eq!(hidden(sales, settled), Some(0));
            assert_ne!(hidden(sales, settled - 2), Some(0));
        }
    }

    #[test]
    fn where_one_order_of_twenty_comes_late_a_deficit_waits_for_that_one() {
        let soon = |delay: OrderDelay| (0..19).fold(delay, |delay, _| delay.with(20.0, 1.0));
        let late = (0..5).fold(OrderDelay::default(), |delay, _| {
            soon(delay).with(590.0, 1.0)
        });
        assert_eq!(late.mean(), Some(TimeDelta::milliseconds(48_500)));
        let pace = Pace::of(late, Settle::Auto);
        assert_eq!(pace.settle.num_seconds(), 600, "nine means are less");

        // Of what sells seldom as well.
        let hidden = |age| pace.hidden_after(TimeDelta::seconds(age), Sales::default(), at(0));
        let settled = pace.settled_after(Sales::default(), at(0)).num_seconds();
        assert!((500..600).contains(&settled), "{settled}");
        assert_eq!([0, settled - 1, settled].map(hidden), [2, 1, 0].map(Some));

        let all_soon = Pace::of(soon(OrderDelay::default()), Settle::Auto);
        assert_eq!(all_soon.settle.num_seconds(), 180);
        let settled = all_soon.settled_after(Sales::default(), at(0));
        assert!(settled.num_seconds() < 60, "{settled}");
    }

    #[test]
    fn a_time_to_settle_that_was_chosen_is_neither_shortened_nor_prolonged() {
        let ten = Settle::Fixed(std::time::Duration::from_mins(10));
        let pace = Pace::of(minute(), ten);
        assert_eq!(
            pace.settled_after(Sales::default(), at(0)).num_minutes(),
            10
        );
        let hidden = |age| pace.hidden_after(TimeDelta::seconds(age), Sales::default(), at(0));
        assert_eq!([0, 599, 600].map(hidden), [2, 2, 0].map(Some));
    }

    #[test]
    fn the_delay_is_that_of_all_orders_however_they_were_counted() {
        let bin = |orders, seconds| DelayBin {
            up_to: None,
            orders,
            seconds,
        };
        let all = OrderDelay::of(&[bin(2.0, 6.0), bin(3.0, 300.0), bin(5.0, 600.0)]);
        assert!((all.orders - 10.0).abs() < 1e-9 && (all.seconds - 906.0).abs() < 1e-9);
        assert_eq!(all.mean(), Some(TimeDelta::milliseconds(90_600)));
        assert_eq!(OrderDelay::of(&[]).mean(), None);
    }
}
