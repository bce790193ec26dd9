//! How long to wait before the next try: a validated value and a pure function of it.

use std::time::Duration;

/// Exponential growth from `initial` to `max`, spread by `jitter`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    initial: Duration,
    max: Duration,
    jitter: f64,
}

/// The three numbers do not make a backoff.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBackoff {
    /// A delay of nothing would ask without pause.
    #[error("the initial delay must be longer than zero")]
    ZeroInitial,
    /// The cap must not be below the start.
    #[error("the longest delay is shorter than the initial one")]
    MaxBelowInitial,
    /// Jitter is a share of the delay.
    #[error("the jitter must be at least 0 and below 1")]
    JitterOutOfRange,
}

impl Backoff {
    /// Always the same delay.
    #[must_use]
    pub(crate) const fn fixed(delay: Duration) -> Self {
        Self {
            initial: delay,
            max: delay,
            jitter: 0.0,
        }
    }

    /// Checks the three numbers. `jitter` is a share: `0.1` means ±10 %.
    ///
    /// # Errors
    /// [`InvalidBackoff`] names what is wrong with them.
    pub fn new(initial: Duration, max: Duration, jitter: f64) -> Result<Self, InvalidBackoff> {
        if initial.is_zero() {
            return Err(InvalidBackoff::ZeroInitial);
        }
        if max < initial {
            return Err(InvalidBackoff::MaxBelowInitial);
        }
        if !(0.0..1.0).contains(&jitter) {
            return Err(InvalidBackoff::JitterOutOfRange);
        }

        Ok(Self {
            initial,
            max,
            jitter,
        })
    }

    /// The delay after `tries` tries (0 counts as 1): `min(initial · 2^(tries−1), max)`, then
    /// moved by the jitter. `random` is a random number in `0.0..=1.0`; 0.5 leaves the delay as it is.
    #[must_use]
    pub(crate) fn delay(&self, tries: u32, random: f64) -> Duration {
        let doublings = tries.saturating_sub(1);
        // A shift by 32 and more has no result; the delay is at its maximum long before.
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        let delay = self.initial.saturating_mul(factor).min(self.max);

        // No number leaves the delay as it is.
        let random = if random.is_finite() {
            random.clamp(0.0, 1.0)
        } else {
            0.5
        };
        let spread = self.jitter.mul_add(random.mul_add(2.0, -1.0), 1.0);
        delay.mul_f64(spread)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn doubles_up_to_the_cap_and_never_overflows() {
        let backoff = Backoff::new(secs(30), secs(600), 0.1).unwrap();
        for (tries, want) in [
            (0, 30),
            (1, 30),
            (2, 60),
            (3, 120),
            (4, 240),
            (5, 480),
            (6, 600),
            (20, 600),
            (32, 600),
            (33, 600),
            (u32::MAX, 600),
        ] {
            assert_eq!(backoff.delay(tries, 0.5), secs(want), "after {tries}");
        }
    }

    #[test]
    fn contradictions_are_refused() {
        let cases = [
            (secs(0), secs(1), 0.1, InvalidBackoff::ZeroInitial),
            (secs(2), secs(1), 0.1, InvalidBackoff::MaxBelowInitial),
            (secs(1), secs(1), 1.0, InvalidBackoff::JitterOutOfRange),
            (secs(1), secs(1), -0.1, InvalidBackoff::JitterOutOfRange),
            (secs(1), secs(1), f64::NAN, InvalidBackoff::JitterOutOfRange),
        ];
        for (initial, max, jitter, want) in cases {
            assert_eq!(Backoff::new(initial, max, jitter), Err(want));
        }
    }

    proptest! {
        #[test]
        fn stays_within_the_jitter(tries: u32, random in 0.0..=1.0_f64) {
            let backoff = Backoff::new(secs(30), secs(600), 0.1).unwrap();
            let delay = backoff.delay(tries, random);
            prop_assert!(delay >= secs(27) && delay <= secs(660));
        }
    }
}
