//! When a periodic job runs: every so often, or once a day at a time of day.
//!
//! Replicas agree on the tick that a moment belongs to, whatever their own runs take. A tick that
//! was missed is not made up for.

use std::{fmt, time::Duration};

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::after;

/// Share of the interval by which replicas spread their runs.
const JITTER: f64 = 0.02;
/// A run that comes later than this is overdue, however long the interval.
const LONGEST_PATIENCE: Duration = Duration::from_hours(1);
/// A run takes a while, and so does a restart.
const SHORTEST_PATIENCE: Duration = Duration::from_mins(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Schedule {
    Every {
        /// From the start of a run to that of the next one.
        interval: Duration,
        /// From the start of the daemon to the first run.
        first_after: Duration,
    },
    /// Once a day, at this time by the clocks of the zone.
    Daily { at: NaiveTime, zone: Tz },
}

impl Schedule {
    /// From the start of the daemon to the first run.
    pub(super) fn first(self, now: DateTime<Utc>) -> Duration {
        match self {
            Self::Every { first_after, .. } => jittered(first_after),
            Self::Daily { at, zone } => until(next_time(at, zone, now), now),
        }
    }

    /// From the end of a run, which took a while, to the next one.
    pub(super) fn next(self, now: DateTime<Utc>, took: Duration) -> Duration {
        match self {
            Self::Every { interval, .. } => jittered(interval.saturating_sub(took)),
            Self::Daily { at, zone } => until(next_time(at, zone, now), now),
        }
    }

    /// When the run after the last one (its scheduled time, and when it began) is expected from
    /// daemons of which the first was started at `since`.
    #[must_use]
    pub(crate) fn expected(
        self,
        last: Option<(DateTime<Utc>, DateTime<Utc>)>,
        since: DateTime<Utc>,
    ) -> DateTime<Utc> {
        match self {
            Self::Every {
                interval,
                first_after,
            } => match last {
                // A run of an earlier daemon says nothing about when this one begins.
                Some((_, began)) if began >= since => after(began, interval),
                _ => after(since, first_after),
            },
            Self::Daily { at, zone } => {
                let from = last.map_or(since, |(tick, _)| tick.max(since));
                next_time(at, zone, from)
            }
        }
    }

    /// How late a run may be before it counts as overdue.
    #[must_use]
    pub(crate) fn patience(self) -> TimeDelta {
        match self {
            Self::Every { interval, .. } => {
                TimeDelta::from_std(interval.clamp(SHORTEST_PATIENCE, LONGEST_PATIENCE))
            }
            Self::Daily { .. } => TimeDelta::from_std(LONGEST_PATIENCE),
        }
        .unwrap_or(TimeDelta::MAX)
    }

    /// The scheduled time that `now` belongs to, the same for all replicas: a multiple of the
    /// interval, or the last time of day.
    #[must_use]
    pub(crate) fn slot(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Every { interval, .. } => multiple(now, interval),
            // A clock that follows another one may be a little behind when its time has come.
            Self::Daily { at, zone } => last_time(at, zone, now + TimeDelta::minutes(1)),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every { interval, .. } => {
                write!(f, "every {}", humantime::format_duration(*interval))
            }
            Self::Daily { at, zone } => write!(f, "daily at {} {zone}", at.format("%H:%M")),
        }
    }
}

fn jittered(wait: Duration) -> Duration {
    wait.mul_f64(1.0 + JITTER * fastrand::f64())
}

fn until(then: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    (then - now).to_std().unwrap_or_default()
}

fn multiple(now: DateTime<Utc>, interval: Duration) -> DateTime<Utc> {
    let step = i64::try_from(interval.as_millis())
        .unwrap_or(i64::MAX)
        .max(1);
    let millis = now.timestamp_millis();
    DateTime::from_timestamp_millis(millis - millis.rem_euclid(step)).unwrap_or(now)
}

/// The first time of day after `now`.
fn next_time(at: NaiveTime, zone: Tz, now: DateTime<Utc>) -> DateTime<Utc> {
    let today = now.with_timezone(&zone).date_naive();
    let days = (0..3).filter_map(|ahead| today.checked_add_days(Days::new(ahead)));
    let mut times = days.filter_map(|day| moment(day, at, zone));
    times
        .find(|time| *time > now)
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// The last time of day up to `now`.
fn last_time(at: NaiveTime, zone: Tz, now: DateTime<Utc>) -> DateTime<Utc> {
    let today = now.with_timezone(&zone).date_naive();
    let days = (0..3).filter_map(|back| today.checked_sub_days(Days::new(back)));
    let mut times = days.filter_map(|day| moment(day, at, zone));
    times.find(|time| *time <= now).unwrap_or(now)
}

/// A time of day. Where the clocks go back it is the first of two; where they go forward over it, it
/// is when they do.
fn moment(day: NaiveDate, at: NaiveTime, zone: Tz) -> Option<DateTime<Utc>> {
    let mut local = day.and_time(at);
    // No clock has ever been put forward by more than a day.
    for _ in 0..=24 * 60 {
        if let Some(time) = zone.from_local_datetime(&local).earliest() {
            return Some(time.to_utc());
        }
        local = local.checked_add_signed(TimeDelta::minutes(1))?;
    }
    None
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::{Berlin, Istanbul};

    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn at(text: &str) -> NaiveTime {
        NaiveTime::parse_from_str(text, "%H:%M").unwrap()
    }

    #[test]
    fn replicas_agree_on_the_slot() {
        let five = Schedule::Every {
            interval: Duration::from_mins(5),
            first_after: Duration::ZERO,
        };
        let at = |secs| DateTime::from_timestamp(secs, 0).unwrap();
        assert_eq!(five.slot(at(1_800_000_000)), at(1_800_000_000));
        assert_eq!(five.slot(at(1_800_000_299)), at(1_800_000_000));
        assert_eq!(five.slot(at(1_800_000_300)), at(1_800_000_300));
        assert_eq!(five.slot(at(-1)), at(-300));
    }

    #[test]
    fn a_pass_is_expected_after_the_last_one_or_after_the_start() {
        let every = Schedule::Every {
            interval: Duration::from_mins(10),
            first_after: Duration::from_mins(3),
        };
        let daily = Schedule::Daily {
            at: at("23:50"),
            zone: Istanbul,
        };
        let (start, later) = (utc("2026-11-20T10:00:00Z"), utc("2026-11-20T10:30:30Z"));
        let tick = utc("2026-11-20T10:30:00Z");
        for (schedule, last, since, want) in [
            (every, None, start, "2026-11-20T10:03:00Z"),
            (every, Some((tick, later)), start, "2026-11-20T10:40:30Z"),
            (every, Some((start, start)), later, "2026-11-20T10:33:30Z"),
            (daily, None, start, "2026-11-20T20:50:00Z"),
            // It may begin a moment before its time.
            (
                daily,
                Some((utc("2026-11-20T20:50:00Z"), utc("2026-11-20T20:49:59Z"))),
                start,
                "2026-11-21T20:50:00Z",
            ),
            (daily, Some((start, start)), later, "2026-11-20T20:50:00Z"),
        ] {
            assert_eq!(
                schedule.expected(last, since),
                utc(want),
                "{schedule} {last:?}"
            );
        }
        assert_eq!(every.patience(), TimeDelta::minutes(10));
        assert_eq!(every.to_string(), "every 10m");
        assert_eq!(daily.to_string(), "daily at 23:50 Europe/Istanbul");
    }

    #[test]
    fn a_time_of_day_comes_once_a_day_also_when_the_clocks_change() {
        for (zone, time, now, want) in [
            (
                Istanbul,
                "23:50",
                "2026-11-20T10:00:00Z",
                "2026-11-20T20:50:00Z",
            ),
            (
                Istanbul,
                "23:50",
                "2026-11-20T20:49:59Z",
                "2026-11-20T20:50:00Z",
            ),
            (
                Istanbul,
                "23:50",
                "2026-11-20T20:50:00Z",
                "2026-11-21T20:50:00Z",
            ),
            (
                Istanbul,
                "00:10",
                "2026-12-31T22:00:00Z",
                "2027-01-01T21:10:00Z",
            ),
            // Before Turkey gave up summer time.
            (
                Istanbul,
                "23:50",
                "2015-01-10T10:00:00Z",
                "2015-01-10T21:50:00Z",
            ),
            // 02:30 does not exist on this day, and exists twice on that one.
            (
                Berlin,
                "02:30",
                "2026-03-28T12:00:00Z",
                "2026-03-29T01:00:00Z",
            ),
            (
                Berlin,
                "02:30",
                "2026-03-29T01:00:00Z",
                "2026-03-30T00:30:00Z",
            ),
            (
                Berlin,
                "02:30",
                "2026-10-24T12:00:00Z",
                "2026-10-25T00:30:00Z",
            ),
            (
                Berlin,
                "02:30",
                "2026-10-25T00:30:00Z",
                "2026-10-26T01:30:00Z",
            ),
        ] {
            assert_eq!(
                next_time(at(time), zone, utc(now)),
                utc(want),
                "{zone} {time} {now}"
            );
        }
    }

    #[test]
    fn a_daily_pass_belongs_to_the_time_at_which_it_was_due() {
        let daily = Schedule::Daily {
            at: at("23:50"),
            zone: Istanbul,
        };
        let due = utc("2026-11-20T20:50:00Z");
        assert_eq!(
            daily.first(utc("2026-11-20T20:40:00Z")),
            Duration::from_mins(10)
        );
        for now in [
            "2026-11-20T20:49:30Z",
            "2026-11-20T20:50:00Z",
            "2026-11-21T10:00:00Z",
        ] {
            assert_eq!(daily.slot(utc(now)), due, "{now}");
        }
        let day = Duration::from_hours(24);
        assert_eq!(daily.next(due, Duration::from_mins(3)), day);
    }
}
