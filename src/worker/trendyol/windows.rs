//! Which spans of time a pass over the orders reads.
//!
//! What must stay true: there is no gap between two windows or two passes, and now is always within.

use chrono::{DateTime, TimeDelta, Utc};

use crate::marketplace::Window;

/// Request dates may be taken three hours off ("GMT+3"): the end is so far ahead that now is within.
const AHEAD: TimeDelta = TimeDelta::hours(3);
/// Trendyol cuts a window of more than 14 days silently, and its newest part is missing then.
const LONGEST: TimeDelta = TimeDelta::days(13);
/// Trendyol keeps three months.
const OLDEST: TimeDelta = TimeDelta::days(89);
/// What a wide pass reads.
const WIDE: TimeDelta = TimeDelta::hours(24);
/// A window that is not longer is not halved.
const SHORTEST: TimeDelta = TimeDelta::minutes(10);

/// The windows of a pass, the oldest first.
pub(super) fn windows(from: Option<DateTime<Utc>>, wide: bool, now: DateTime<Utc>) -> Vec<Window> {
    let mut start = from.unwrap_or(now + AHEAD - LONGEST).max(now - OLDEST);
    if wide {
        start = start.min(now - WIDE);
    }

    let last = now + AHEAD;
    let mut windows = Vec::new();
    while start < last {
        // The newest day by itself: were a long window cut short, what was just sold would be missing.
        let day = now - WIDE;
        let end = (start + LONGEST).min(if start < day { day } else { last });
        windows.push(Window { start, end });
        start = end;
    }

    windows
}

/// The older and the newer half of a window; `None` of one that is short.
pub(super) fn halves(window: Window) -> Option<[Window; 2]> {
    let length = window.end - window.start;
    (length > SHORTEST).then(|| {
        let middle = window.start + length / 2;
        [(window.start, middle), (middle, window.end)].map(|(start, end)| Window { start, end })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::hours(hours)
    }

    fn shown(from: Option<i64>, wide: bool) -> Vec<(i64, i64)> {
        let windows = windows(from.map(at), wide, at(0)).into_iter();
        windows
            .map(|w| ((w.start - at(0)).num_hours(), (w.end - at(0)).num_hours()))
            .collect()
    }

    #[test]
    fn a_pass_reads_without_a_gap_and_beyond_now() {
        assert_eq!(shown(Some(-1), false), [(-1, 3)]);
        assert_eq!(shown(Some(-1), true), [(-24, 3)]);
        assert_eq!(shown(Some(-30), true), [(-30, -24), (-24, 3)]);
        // The first pass: as much as one window may hold, and the newest day by itself.
        assert_eq!(shown(None, true), [(3 - 13 * 24, -24), (-24, 3)]);
        // After a month without one.
        assert_eq!(
            shown(Some(-720), false),
            [(-720, -408), (-408, -96), (-96, -24), (-24, 3)]
        );
        let long_and_ten_hours = -13 * 24 - 10;
        assert_eq!(
            shown(Some(long_and_ten_hours), false),
            [(long_and_ten_hours, -24), (-24, 3)]
        );
        let long = shown(Some(-100_000), false);
        assert_eq!(long[0].0, -89 * 24);
        assert!(long.windows(2).all(|pair| pair[0].1 == pair[1].0));
    }
}
