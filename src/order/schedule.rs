//! When a panel is asked the next time about an order that it has accepted.
//!
//! The fixed rule doubles the gap up to a limit. The learned one places the questions where they pay: as
//! many to a second as the square root of the chance that the order is done in it, which is what keeps the
//! wait after a delivery shortest for a given number of questions (Barlow, Hunter and Proschan, "Optimum
//! checking procedures", 1963; in Keller's approximation). Where nothing is learned, and in the tail that
//! hardly any order reaches, the fixed rule holds. Pure.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{
    Decision, EventKind, Stage,
    delivery::{DeliveryTimes, Hazard},
};
use crate::backoff::Backoff;

/// No earlier than this after the purchase, and no closer together.
const EARLIEST: Duration = Duration::from_secs(2);
const CLOSEST: Duration = Duration::from_secs(1);
/// Of an order of which nothing is known: one question more than the fixed rule has.
const PROBE: Duration = Duration::from_secs(5);
/// With fewer deliveries nothing is known.
pub(crate) const ENOUGH: u64 = 30;
/// The part of a question that comes after the delivery, on average, and is not among those before it.
const LAST: f64 = 0.5;
/// Seconds from which on a wait of the same length counts for less.
const PATIENCE: f64 = 10.0;
/// By how much: 0 for not at all, 1 for in proportion.
const FELT: f64 = 0.9;
/// After so many doublings a delay is the longest, whatever it began with.
const DOUBLINGS: u32 = 32;
/// Where so few are still waited for, the fixed rule holds.
const TAIL: f64 = 0.01;
/// Share of the panel's rate that questions about waiting orders may take; purchases need the rest.
pub(crate) const SHARE: f64 = 0.7;
/// However many wait, and however slow the panel is.
const LONGEST_GAP: Duration = Duration::from_hours(1);

/// Which rule holds (`poll.schedule`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScheduleRule {
    Learned,
    Fixed,
}

/// How the questions about one order are placed.
#[derive(Clone, Debug)]
pub struct Schedule {
    pub rule: ScheduleRule,
    /// Questions about an order, on average.
    pub checks_per_order: f64,
    /// From sending to the first check, by the fixed rule.
    pub first_check_after: Duration,
    /// From one check to the next, by the fixed rule.
    pub backoff: Backoff,
}

/// What is known of the panel.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    pub times: Option<&'a DeliveryTimes>,
    /// Orders that wait there, where their questions would exceed its rate; requests per second that it takes.
    pub waiting: u64,
    pub rate: Option<f64>,
}

impl Known<'_> {
    /// No order is asked about more often than this, or the questions of all would exceed the rate.
    fn gap(&self) -> Duration {
        #[expect(clippy::cast_precision_loss, reason = "a count of orders")]
        let seconds = self
            .rate
            .map_or(0.0, |rate| self.waiting as f64 / (rate * SHARE));
        Duration::try_from_secs_f64(seconds)
            .unwrap_or(LONGEST_GAP)
            .min(LONGEST_GAP)
    }
}

impl Schedule {
    /// Moves the next question about an order that its panel has accepted to where it pays. `random` is
    /// in `0.0..=1.0`.
    pub(crate) fn apply(
        &self,
        decision: &mut Decision,
        known: Known<'_>,
        now: DateTime<Utc>,
        random: f64,
    ) {
        let waits = matches!(
            decision.event,
            EventKind::Accepted
                | EventKind::Processing
                | EventKind::Checked
                | EventKind::CheckFailed
        );
        let known_to_wait = waits && decision.watched.stage == Stage::Submitted;
        let Some(sent_at) = decision.watched.sent_at.filter(|_| known_to_wait) else {
            return;
        };
        // What is due at once is not put off. That no time is planned means that the fixed rule has used up its
        // checks, which come sooner by this one.
        if self.rule == ScheduleRule::Fixed || decision.due_at.is_some_and(|due| due <= now) {
            return;
        }

        let elapsed = (now - sent_at).to_std().unwrap_or_default();
        let mut delay = self.next(elapsed, known).saturating_sub(elapsed);
        if decision.event == EventKind::CheckFailed {
            // How often it was asked says nothing about a panel that has just failed.
            delay = delay.max(self.backoff.delay(decision.watched.errors, 0.5));
        }

        // Orders that were bought together are not asked about together. Never sooner: what is asked before its
        // time is asked again at its time.
        let due = super::decide::later(now, delay.mul_f64(random.mul_add(0.1, 1.0)));
        // The last check comes with the time limit.
        decision.due_at = Some(decision.watched.give_up_at.map_or(due, |end| due.min(end)));
    }

    /// The time of the next question, both times counted from the purchase.
    #[must_use]
    pub fn next(&self, elapsed: Duration, known: Known<'_>) -> Duration {
        let times = known.times.filter(|times| times.samples() >= ENOUGH);
        // Where hardly anything is delivered, the learned times alone would leave hours between two questions.
        let latest = elapsed + LONGEST_GAP;
        let learned = times.and_then(|times| self.learned(elapsed, times));
        let next = match learned {
            Some(next) => next.min(latest),
            None if times.is_none() && elapsed < PROBE => self.fixed(elapsed).min(PROBE),
            None => self.fixed(elapsed),
        };

        // A shop that asks sooner by its own setting knows why.
        let earliest = EARLIEST.min(self.first_check_after);
        next.max(earliest)
            .max(elapsed + CLOSEST.min(earliest))
            .max(elapsed + known.gap())
    }

    /// `None` where hardly any order waits so long.
    fn learned(&self, elapsed: Duration, times: &DeliveryTimes) -> Option<Duration> {
        let tail = tail(times).filter(|tail| elapsed < *tail)?;

        let hazards = times.hazards();
        let cost = |h: &Hazard| density(h) * (h.to - h.from) * h.waiting;
        let all: f64 = hazards.iter().map(cost).sum();
        let scale = (self.checks_per_order - LAST).max(1.0) / all;

        let (mut at, mut left) = (elapsed.as_secs_f64(), 1.0);
        for hazard in &hazards {
            if hazard.to <= at {
                continue;
            }
            let density = scale * density(hazard);
            let end = at.max(hazard.from) + left / density;
            if end <= hazard.to {
                let end = Duration::try_from_secs_f64(end).ok()?;
                return Some(end.min(tail));
            }
            left -= (hazard.to - at.max(hazard.from)) * density;
            at = hazard.to;
        }
        Some(tail)
    }

    /// The first question of the fixed rule after this time.
    #[must_use]
    pub fn fixed(&self, elapsed: Duration) -> Duration {
        let (mut at, mut checks) = (self.first_check_after, 0_u32);
        while at <= elapsed && checks < DOUBLINGS {
            checks += 1;
            // In the middle of its jitter.
            at += self.backoff.delay(checks, 0.5);
        }
        if at > elapsed {
            return at;
        }

        // From here on the delay is always the longest.
        let longest = self.backoff.delay(DOUBLINGS, 0.5);
        let more = elapsed.saturating_sub(at).div_duration_f64(longest).floor() + 1.0;
        at + longest.mul_f64(more)
    }
}

/// From here on the fixed rule holds.
pub(crate) fn tail(times: &DeliveryTimes) -> Option<Duration> {
    times.quantile(1.0 - TAIL)
}

/// Questions a second, but for a factor.
fn density(hazard: &Hazard) -> f64 {
    // Who has waited for twenty minutes feels ten seconds more less than who has waited for twenty.
    let middle = hazard.from.midpoint(hazard.to);
    let felt = (1.0 + middle / PATIENCE).powf(FELT);
    (hazard.rate / felt).sqrt()
}

#[cfg(test)]
mod tests;
