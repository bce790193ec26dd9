//! How long to wait: for the result of a push, for a barcode that is refused, for a repetition.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// The same item is not sent again within this time: Trendyol refuses it for 15 minutes.
pub const REPEAT_AFTER: TimeDelta = TimeDelta::minutes(16);
/// A push whose answer was lost may still be queued for this long; a quantity that is read back
/// earlier and differs proves nothing.
pub const MAY_STILL_APPLY: TimeDelta = TimeDelta::minutes(5);
/// After this time, what is not settled is read back instead of waited for.
pub(crate) const READ_BACK_AFTER: TimeDelta = TimeDelta::minutes(10);
/// The same for more than was on sale: Trendyol was seen to take 20 minutes, and what is raised twice is
/// sold twice.
pub(crate) const RAISED_WITHIN: TimeDelta = TimeDelta::minutes(25);
/// Results are kept by Trendyol for 4 hours.
pub(crate) const EXPIRES_AFTER: TimeDelta = TimeDelta::minutes(3 * 60 + 50);

/// From the push, or from the check before, to the next one.
const LOOKS: [TimeDelta; 4] = [
    TimeDelta::seconds(5),
    TimeDelta::seconds(10),
    TimeDelta::seconds(30),
    TimeDelta::seconds(60),
];
/// Between checks once the items are read back instead.
const SELDOM: TimeDelta = TimeDelta::minutes(10);

/// First pause of a barcode that was refused; it doubles,
const QUARANTINE: Duration = Duration::from_mins(30);
/// up to this.
const QUARANTINE_MAX: Duration = Duration::from_hours(24);

/// The pauses before a refused product is lowered again: at least this long,
const LOWERED_AGAIN: TimeDelta = TimeDelta::minutes(1);
/// and at most this long.
const LOWERED_AGAIN_WITHIN: TimeDelta = TimeDelta::minutes(10);

/// When the result of a push is asked for next, after `checks` checks; `None` when it has expired.
#[must_use]
pub fn next_check(
    sent_at: DateTime<Utc>,
    checks: u32,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let age = now - sent_at;
    if age >= EXPIRES_AFTER {
        return None;
    }
    let pause = if age >= READ_BACK_AFTER {
        SELDOM
    } else {
        let at = usize::try_from(checks).unwrap_or(usize::MAX);
        LOOKS[at.min(LOOKS.len() - 1)]
    };

    // One last time when it expires.
    Some((now + pause).min(sent_at + EXPIRES_AFTER))
}

/// How long a barcode rests after its `failures`-th refusal in a row; the first is 1.
#[must_use]
pub(crate) fn quarantine(failures: u32) -> TimeDelta {
    // The product may be archived, locked or unknown, which takes days to change; but it may be a passing fault.
    let doubled = 2_u32.saturating_pow(failures.saturating_sub(1).min(16));
    let rest = QUARANTINE.saturating_mul(doubled).min(QUARANTINE_MAX);
    TimeDelta::from_std(rest).unwrap_or(TimeDelta::MAX)
}

/// When a barcode that rests after its `failures`-th refusal is lowered again, having been refused last at `refused_at`.
#[must_use]
pub(crate) fn lowered_from(
    rests_until: DateTime<Utc>,
    failures: u32,
    refused_at: DateTime<Utc>,
) -> DateTime<Utc> {
    let began = rests_until - quarantine(failures);

    // As long again as it has been refused: a passing fault costs little, a lasting one few requests.
    let refused_for = refused_at - began;
    refused_at + refused_for.clamp(LOWERED_AGAIN, LOWERED_AGAIN_WITHIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_looked_at_soon_then_seldom_then_never() {
        let sent = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let mut now = sent;
        let mut pauses = Vec::new();
        for checks in 0.. {
            let Some(next) = next_check(sent, checks, now) else {
                break;
            };
            pauses.push((next - now).num_seconds());
            now = next;
        }
        assert_eq!(pauses[..6], [5, 10, 30, 60, 60, 60]);
        assert_eq!(now - sent, EXPIRES_AFTER);
        let seldom = pauses.iter().filter(|pause| **pause > 60).count();
        assert!((20..=23).contains(&seldom), "{pauses:?}");
    }

    #[test]
    fn a_lowering_is_tried_again_within_minutes_however_long_it_rests() {
        let began = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        for failures in [1, 7] {
            let rests_until = began + quarantine(failures);
            let mut refused_at = began;
            let pauses = std::array::from_fn(|_| {
                let again = lowered_from(rests_until, failures, refused_at);
                let pause = again - refused_at;
                refused_at = again;
                pause.num_minutes()
            });
            assert_eq!(pauses, [1, 1, 2, 4, 8, 10, 10], "{failures}");
        }
    }

    #[test]
    fn the_quarantine_grows_to_a_day() {
        let minutes: Vec<i64> = (1..=8).map(|n| quarantine(n).num_minutes()).collect();
        assert_eq!(minutes, [30, 60, 120, 240, 480, 960, 1440, 1440]);
        assert_eq!(quarantine(u32::MAX).num_hours(), 24);
    }
}
