//! The circuit breaker of a panel: a count of failures and a moment to try again.
//!
//! Pure. An open breaker lets nothing through; after the cool-down one probe decides (a question
//! about the balance, never a purchase). While it is open orders wait and nothing fails.

use std::{fmt, time::Duration};

use chrono::{DateTime, Utc};

use crate::text::{Lang, Say, sentences};

sentences!("breaker");

/// What one answer says about the panel, not about the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Signal {
    /// It answers.
    Fine,
    /// It did not answer, or not in words that mean something.
    Failure,
    /// It answers with nothing or with a page: account or address are blocked, or the address is
    /// wrong. No further call can do better.
    Blocked,
}

/// Why a breaker opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Too many failures in a row.
    Failures,
    /// An empty body or a page.
    Blocked,
}

impl Reason {
    pub(crate) const ALL: [Self; 2] = [Self::Failures, Self::Blocked];

    /// The reason of that name, or `None` when there is no such reason.
    #[must_use]
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }

    /// The name that the database, the command line and the page use.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Failures => "failures",
            Self::Blocked => "blocked",
        }
    }

    /// What is wrong.
    #[must_use]
    pub(crate) const fn said(self, lang: Lang) -> &'static str {
        lang.pick(reason(self))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The numbers of a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BreakerLimits {
    /// Failures in a row that open it; 0 means that they never do.
    pub(crate) failures: u32,
    /// From opening, or a failed probe, to the next probe.
    pub(crate) cooldown: Duration,
}

/// The breaker of one panel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Breaker {
    failures: u32,
    open_until: Option<DateTime<Utc>>,
}

impl Breaker {
    /// Takes an answer into account. Says why when this one opens it.
    #[must_use]
    pub(crate) fn after(&mut self, signal: Signal, limits: BreakerLimits) -> Option<Reason> {
        match signal {
            // Does not close it: an answer to an earlier call may come late, so that is left to the probe.
            Signal::Fine => {
                self.failures = 0;
                return None;
            }
            Signal::Failure | Signal::Blocked => self.failures = self.failures.saturating_add(1),
        }

        // Open already; a probe decides now.
        if self.open_until.is_some() {
            return None;
        }

        match signal {
            // Asking a panel that blocks us once more only makes it worse.
            Signal::Blocked => Some(Reason::Blocked),
            _ if limits.failures > 0 && self.failures >= limits.failures => Some(Reason::Failures),
            _ => None,
        }
    }

    /// Opens it until then.
    pub(crate) fn open(&mut self, until: DateTime<Utc>) {
        self.open_until = Some(until);
    }

    /// Closes it; failures are counted anew.
    pub(crate) fn close(&mut self) {
        *self = Self::default();
    }

    /// Until when it is open; also after that time, until a probe has closed it.
    #[must_use]
    pub(crate) fn open_until(&self) -> Option<DateTime<Utc>> {
        self.open_until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: BreakerLimits = BreakerLimits {
        failures: 3,
        cooldown: Duration::from_secs(30),
    };

    fn after(signals: &[Signal]) -> Vec<Option<Reason>> {
        let mut breaker = Breaker::default();
        signals
            .iter()
            .map(|&signal| {
                let reason = breaker.after(signal, LIMITS);
                if reason.is_some() {
                    breaker.open(DateTime::UNIX_EPOCH);
                }
                reason
            })
            .collect()
    }

    #[test]
    fn opens_on_failures_in_a_row_and_at_once_when_blocked() {
        use Signal::{Blocked, Failure, Fine};
        let failures = Some(Reason::Failures);
        assert_eq!(
            after(&[Failure, Failure, Failure, Failure]),
            [None, None, failures, None]
        );
        assert_eq!(
            after(&[Failure, Failure, Fine, Failure, Failure, Failure]),
            [None, None, None, None, None, failures]
        );
        assert_eq!(
            after(&[Fine, Blocked, Blocked]),
            [None, Some(Reason::Blocked), None]
        );
    }

    #[test]
    fn it_stays_open_until_it_is_closed_and_counts_anew_after_that() {
        let until = DateTime::UNIX_EPOCH;
        let mut breaker = Breaker::default();
        for _ in 0..2 {
            assert_eq!(breaker.after(Signal::Failure, LIMITS), None);
        }
        breaker.open(until);
        assert_eq!(breaker.after(Signal::Fine, LIMITS), None);
        assert_eq!(
            breaker.open_until(),
            Some(until),
            "a late answer closes nothing"
        );

        assert_eq!(breaker.after(Signal::Failure, LIMITS), None);
        breaker.close();
        assert_eq!(breaker.open_until(), None);
        for want in [None, None, Some(Reason::Failures)] {
            assert_eq!(breaker.after(Signal::Failure, LIMITS), want);
        }
    }

    #[test]
    fn a_reason_has_one_name_and_its_own_sentence() {
        for (reason, name) in [(Reason::Failures, "failures"), (Reason::Blocked, "blocked")] {
            assert_eq!(reason.to_string(), name);
            assert_eq!(Reason::parse(name), Some(reason));
        }
        assert_eq!(Reason::parse("asleep"), None);
        assert_eq!(Reason::Failures.said(Lang::En), "several failures in a row");
    }

    #[test]
    fn zero_failures_means_that_only_a_block_opens_it() {
        let limits = BreakerLimits {
            failures: 0,
            ..LIMITS
        };
        let mut breaker = Breaker::default();
        for _ in 0..100 {
            assert_eq!(breaker.after(Signal::Failure, limits), None);
        }
        assert_eq!(
            breaker.after(Signal::Blocked, limits),
            Some(Reason::Blocked)
        );
    }
}
