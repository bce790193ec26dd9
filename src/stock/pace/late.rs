//! The orders that come late, by the measured histogram: a mean says little of them where most come soon.

use super::{DELAY_BINS, DelayBin, SETTLE_MOST, seconds};

/// A smaller share of the orders is no reason to wait.
const RARE: f64 = 1e-3;

/// The share of the orders in one bin, and between what bounds and around what mean their delays lie, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Part {
    share: f64,
    from: f64,
    mean: f64,
    up_to: f64,
}

/// How late orders are, without what is rare.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Late([Part; DELAY_BINS.len()]);

impl Late {
    pub(super) fn of(bins: &[DelayBin; DELAY_BINS.len()]) -> Self {
        let all: f64 = bins.iter().map(|bin| bin.orders).sum();
        let mut late = Self::default();
        let mut from = 0.0;

        for (part, bin) in late.0.iter_mut().zip(bins) {
            *part = Part::of(bin, from, all);
            from = bound(bin.up_to);
        }

        late
    }

    /// No order that is not rare is later, in seconds.
    pub(super) fn longest(&self) -> f64 {
        self.0.iter().map(|part| part.up_to).fold(0.0, f64::max)
    }

    /// Mean seconds by which orders are later than `time`; those that are not count as zero.
    pub(super) fn beyond(&self, time: f64) -> f64 {
        let parts = self.0.iter();
        parts.map(|part| part.share * part.beyond(time)).sum()
    }
}

impl Part {
    fn of(bin: &DelayBin, from: f64, all: f64) -> Self {
        let (share, mean) = (bin.orders / all, bin.seconds / bin.orders);
        // Sums from the database: nothing keeps them from being damaged.
        if !share.is_finite() || !mean.is_finite() || share < RARE {
            return Self::default();
        }

        let up_to = bound(bin.up_to);
        Self {
            share,
            from,
            mean: mean.clamp(from, up_to),
            up_to,
        }
    }

    fn beyond(&self, time: f64) -> f64 {
        if time <= self.from {
            return self.mean - time;
        }
        if time >= self.up_to {
            return 0.0;
        }
        // However they lie between the bounds, it is no more than if all of them lay at one of the two.
        (self.mean - self.from) * (self.up_to - time) / (self.up_to - self.from)
    }
}

/// No deficit waits for orders that come later still.
fn bound(up_to: Option<i32>) -> f64 {
    let most = seconds(SETTLE_MOST);
    up_to.map_or(most, |up_to| f64::from(up_to).min(most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stock::pace::OrderDelay;

    fn late(delays: &[(usize, f64)]) -> Late {
        let mut measured = OrderDelay::default();
        for (orders, seconds) in delays {
            for _ in 0..*orders {
                measured = measured.with(*seconds, 1.0);
            }
        }
        Late::of(&measured.bins)
    }

    #[test]
    fn the_longest_delay_is_the_end_of_the_last_bin_that_is_not_rare() {
        for (delays, want) in [
            (&[][..], 0.0),
            (&[(10, 20.0)], 20.0),
            (&[(95, 20.0), (5, 590.0)], 600.0),
            (&[(998, 20.0), (1, 590.0)], 600.0),
            (&[(1100, 20.0), (1, 590.0)], 20.0),
            (&[(9, 20.0), (1, 9_000.0)], 1800.0),
        ] {
            let longest = late(delays).longest();
            assert!((longest - want).abs() < 1e-9, "{delays:?}: {longest}");
        }
    }

    #[test]
    fn what_is_beyond_a_time_is_the_mean_first_and_less_and_less_then() {
        let delays = late(&[(95, 20.0), (5, 450.0), (1, 40_000.0)]);
        let at = |time| delays.beyond(time);
        let near = |got: f64, want: f64| assert!((got - want).abs() < 1e-6, "{got} {want}");
        // All that is later than half an hour is as late as that.
        near(at(0.0), (95.0 * 20.0 + 5.0 * 450.0 + 1800.0) / 101.0);
        near(at(100.0), (5.0 * 350.0 + 1700.0) / 101.0);
        near(at(600.0), 1200.0 / 101.0);
        near(at(1800.0), 0.0);
        // At most, whether they lie in the middle of their bin or at its ends.
        near(at(450.0), (5.0 * 75.0 + 1350.0) / 101.0);

        let times = (0..1900).map(|second| at(f64::from(second)));
        let times: Vec<f64> = times.collect();
        assert!(times.windows(2).all(|pair| pair[0] >= pair[1]));
    }

    #[test]
    fn damaged_sums_are_no_delay() {
        let mut bins = OrderDelay::default().with(20.0, 1.0).bins;
        bins[0].orders = f64::NAN;
        assert_eq!(Late::of(&bins), Late::default());
    }
}
