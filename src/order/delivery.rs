//! How long a panel takes to deliver, learned from its own answers.
//!
//! An answer tells that an order was done at some time between the question before and this one. So a
//! sample is a stretch, and it is shared out over the bins of a histogram in the proportion that the
//! histogram has already: short stretches, which early questions bring, teach where in the long ones the
//! deliveries are. Older samples fade. Pure.

use std::time::Duration;

/// The first bin ends at one second; after it there are two to each doubling, to more than a day.
pub const BINS: usize = 36;
/// Samples after which one counts for about a third.
const MEMORY: f64 = 300.0;
/// Weight of a bin in which nothing was seen yet, so that a change of the panel's habits is noticed.
const UNSEEN: f64 = 0.01;

/// The times from a purchase to its delivery, newer ones counting for more.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliveryTimes {
    weights: [f64; BINS],
    samples: u64,
}

impl Default for DeliveryTimes {
    fn default() -> Self {
        Self {
            weights: [0.0; BINS],
            samples: 0,
        }
    }
}

impl DeliveryTimes {
    /// What was kept; `None` when it is no such histogram.
    #[must_use]
    pub(crate) fn of(weights: &[f64], samples: u64) -> Option<Self> {
        let sound = weights.iter().all(|w| w.is_finite() && *w >= 0.0);
        let weights = weights.try_into().ok().filter(|_| sound)?;
        Some(Self { weights, samples })
    }

    /// How many deliveries it was learned from.
    #[must_use]
    pub const fn samples(&self) -> u64 {
        self.samples
    }

    /// An order was not done after the first of these times, and was after the second. Returns what one
    /// sample adds, for the one who keeps it.
    pub fn learn(&mut self, after: Duration, until: Duration) -> [f64; BINS] {
        let added = self.shared(after.as_secs_f64(), until.as_secs_f64());
        self.fade(1);
        self.add(&added, 1);
        added
    }

    /// Makes older samples count for less.
    pub(crate) fn fade(&mut self, samples: u32) {
        let kept = kept(samples);
        for weight in &mut self.weights {
            *weight *= kept;
        }
    }

    pub(crate) fn add(&mut self, added: &[f64; BINS], samples: u64) {
        for (weight, more) in self.weights.iter_mut().zip(added) {
            *weight += more;
        }
        self.samples = self.samples.saturating_add(samples);
    }

    /// One sample, over the bins that its stretch touches.
    fn shared(&self, after: f64, until: f64) -> [f64; BINS] {
        let mut shares = [0.0; BINS];
        for (bin, share) in shares.iter_mut().enumerate() {
            let (from, to) = (edge(bin), edge(bin + 1));
            let overlap = (until.min(to) - after.max(from)).max(0.0);
            *share = (self.weights[bin] + UNSEEN) * overlap / (to - from);
        }

        let sum: f64 = shares.iter().sum();
        if sum > 0.0 {
            for share in &mut shares {
                *share /= sum;
            }
        } else {
            // Two answers at one moment, or the clock was set back.
            shares[bin_of(until)] = 1.0;
        }
        shares
    }

    /// When so much of the deliveries is done; `None` while nothing is known.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let all: f64 = self.weights.iter().sum();
        if all <= 0.0 {
            return None;
        }

        let mut before = 0.0;
        for (bin, weight) in self.weights.iter().enumerate() {
            let wanted = share.clamp(0.0, 1.0).mul_add(all, -before);
            if *weight > 0.0 && *weight >= wanted {
                let part = wanted / weight;
                let seconds = part.mul_add(edge(bin + 1) - edge(bin), edge(bin));
                return Duration::try_from_secs_f64(seconds.max(0.0)).ok();
            }
            before += weight;
        }
        Duration::try_from_secs_f64(edge(BINS)).ok()
    }

    /// Each bin: where it begins, where it ends, how many are still waited for in its middle, as a share,
    /// and how likely one of these is to be done within the next second.
    pub(super) fn hazards(&self) -> [Hazard; BINS] {
        let weight = |bin: usize| self.weights[bin] + UNSEEN;
        let all: f64 = (0..BINS).map(weight).sum();

        let mut left = all;
        std::array::from_fn(|bin| {
            let here = weight(bin);
            let (from, to) = (edge(bin), edge(bin + 1));
            let waiting = here.mul_add(-0.5, left);
            left -= here;
            Hazard {
                from,
                to,
                waiting: waiting / all,
                rate: here / (to - from) / waiting,
            }
        })
    }
}

/// One bin, as one who waits sees it. Seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hazard {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) waiting: f64,
    pub(super) rate: f64,
}

/// What is left of a sample's weight after so many newer ones.
#[must_use]
pub(crate) fn kept(samples: u32) -> f64 {
    (1.0 - 1.0 / MEMORY).powf(f64::from(samples))
}

/// Where a bin begins, in seconds.
fn edge(bin: usize) -> f64 {
    match u32::try_from(bin) {
        Ok(0) | Err(_) => 0.0,
        Ok(bin) => (f64::from(bin - 1) / 2.0).exp2(),
    }
}

fn bin_of(seconds: f64) -> usize {
    let inside = |bin: &usize| seconds < edge(bin + 1);
    (0..BINS).find(inside).unwrap_or(BINS - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn bins_are_as_described() {
        for (seconds, bin) in [(0.0, 0), (0.9, 0), (1.0, 1), (1.5, 2), (2.0, 3), (4.0, 5)] {
            assert_eq!(bin_of(seconds), bin, "{seconds}");
        }
        assert!(edge(BINS) > 86_400.0);
        assert_eq!(bin_of(1e9), BINS - 1);
    }

    #[test]
    fn short_stretches_teach_where_the_deliveries_of_long_ones_are() {
        let mut times = DeliveryTimes::default();
        for _ in 0..50 {
            times.learn(secs(0), secs(60));
        }
        let blurred = times.quantile(0.9).unwrap();
        for _ in 0..50 {
            times.learn(secs(4), secs(6));
            times.learn(secs(0), secs(60));
        }
        let (early, late) = (times.quantile(0.2).unwrap(), times.quantile(0.8).unwrap());
        assert!(blurred > secs(30), "{blurred:?}");
        assert!(early >= secs(3) && late <= secs(12), "{early:?} {late:?}");
        assert_eq!(times.samples(), 150);
    }

    #[test]
    fn a_panel_that_becomes_slower_is_believed_within_some_hundred_orders() {
        let mut times = DeliveryTimes::default();
        for _ in 0..1000 {
            times.learn(secs(4), secs(6));
        }
        for _ in 0..400 {
            times.learn(secs(200), secs(300));
        }
        assert!(times.quantile(0.5).unwrap() > secs(180));
    }

    #[test]
    fn deliveries_are_spread_evenly_over_their_bin() {
        let mut weights = [0.0; BINS];
        // From four seconds to the square root of two times as many.
        weights[5] = 3.0;
        let times = DeliveryTimes::of(&weights, 3).unwrap();
        let end = 4.0 * std::f64::consts::SQRT_2;
        for (share, want) in [(0.0, 4.0), (0.5, f64::midpoint(4.0, end)), (1.0, end)] {
            let got = times.quantile(share).unwrap().as_secs_f64();
            assert!((got - want).abs() < 1e-6, "{share}: {got} and not {want}");
        }
    }

    #[test]
    fn of_as_many_in_each_bin_fewer_wait_with_each_and_one_of_these_is_the_next() {
        let times = DeliveryTimes::of(&[1.0; BINS], 36).unwrap();
        let mut waiting = f64::from(36_u8);
        for (bin, hazard) in times.hazards().into_iter().enumerate() {
            assert_eq!((hazard.from, hazard.to), (edge(bin), edge(bin + 1)));
            // Those in its own bin are half done in its middle.
            let middle = waiting - 0.5;
            assert!((hazard.waiting - middle / 36.0).abs() < 1e-9, "{bin}");
            let rate = 1.0 / middle / (hazard.to - hazard.from);
            assert!((hazard.rate / rate - 1.0).abs() < 1e-9, "{bin}");
            waiting -= 1.0;
        }
    }

    #[test]
    fn where_nothing_was_seen_yet_a_little_is_expected() {
        let mut weights = [0.0; BINS];
        weights[5] = 1.0;
        let times = DeliveryTimes::of(&weights, 1).unwrap();
        let first = times.hazards()[0];
        // A hundredth in each of the 36 bins, half of it in the first one by its middle.
        assert!((first.waiting - (1.0 - 0.005 / 1.36)).abs() < 1e-9);
        assert!((first.rate - 0.01 / 1.355).abs() < 1e-9);
    }

    #[test]
    fn a_sample_counts_for_a_third_after_three_hundred_newer_ones() {
        assert!((kept(0) - 1.0).abs() < 1e-9);
        assert!((kept(1) - 299.0 / 300.0).abs() < 1e-9);
        assert!((kept(300) - 0.367).abs() < 1e-3);
    }

    #[test]
    fn nothing_is_known_of_nothing_and_rubbish_is_not_read() {
        assert_eq!(DeliveryTimes::default().quantile(0.5), None);
        for weights in [
            vec![],
            vec![1.0; BINS - 1],
            vec![f64::NAN; BINS],
            vec![-1.0; BINS],
        ] {
            assert_eq!(DeliveryTimes::of(&weights, 1), None);
        }
        let kept = DeliveryTimes::of(&[1.0; BINS], 7).unwrap();
        assert_eq!((kept.weights, kept.samples()), ([1.0; BINS], 7));
    }

    proptest! {
        #[test]
        fn a_sample_is_one_sample_whatever_its_stretch(
            stretches in prop::collection::vec((0_u64..200_000_000, 0_u64..200_000_000), 1..60),
        ) {
            let mut times = DeliveryTimes::default();
            for (after, until) in stretches {
                let (after, until) = (Duration::from_millis(after), Duration::from_millis(until));
                let added: f64 = times.learn(after, until).iter().sum();
                prop_assert!((added - 1.0).abs() < 1e-9);
                prop_assert!(times.weights.iter().all(|w| w.is_finite() && *w >= 0.0));
            }
            let quantiles: Vec<_> = [0.0, 0.25, 0.5, 0.9, 1.0].map(|q| times.quantile(q)).into();
            prop_assert!(quantiles.is_sorted());
        }
    }
}
