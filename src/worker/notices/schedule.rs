//! When a notice is tried again, and when it is given up.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::super::after;
use crate::{
    store::{DueNotice, Fate},
    webhook::Answer,
};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// From a failed try to the next one; after the last of them a notice is given up. The schedule
/// that Standard Webhooks gives as its example: a little more than a day altogether.
const AGAIN_AFTER: [Duration; 7] = [
    Duration::from_secs(5),
    Duration::from_secs(5 * MINUTE),
    Duration::from_secs(30 * MINUTE),
    Duration::from_secs(2 * HOUR),
    Duration::from_secs(5 * HOUR),
    Duration::from_secs(10 * HOUR),
    Duration::from_secs(10 * HOUR),
];

/// What follows from an answer at `now`, which ended try number `tries`, counted from 1.
pub(super) fn fate(answer: &Answer, tries: u32, now: DateTime<Utc>) -> Fate {
    match answer {
        Answer::Accepted => Fate::Delivered,
        // 410 says that nobody wants notices there any more; repeating them changes nothing.
        Answer::Gone => Fate::GivenUp,
        Answer::Refused(_) | Answer::None(_) => {
            // A database that says 0 must not skip the first delay.
            let last = usize::try_from(tries).unwrap_or(usize::MAX).max(1) - 1;
            AGAIN_AFTER
                .get(last)
                .map_or(Fate::GivenUp, |delay| Fate::Again(after(now, *delay)))
        }
    }
}

/// Why a notice was not delivered.
pub(super) fn trouble(answer: &Answer) -> Option<String> {
    match answer {
        Answer::Accepted => None,
        Answer::Gone => Some("the address answered 410: it is gone".to_owned()),
        Answer::Refused(status) => Some(format!("the address answered {status}")),
        Answer::None(why) => Some(why.clone()),
    }
}

/// One sentence per try.
pub(super) fn say(due: &DueNotice, answer: &Answer, tries: u32, fate: Fate) {
    let trouble = trouble(answer).unwrap_or_default();
    macro_rules! say {
        ($level:ident, $sentence:literal) => {
            tracing::$level!(
                order = %due.order,
                notice = %due.id,
                endpoint = %due.endpoint,
                tries,
                trouble,
                $sentence
            )
        };
    }

    match fate {
        Fate::Delivered => say!(debug, "a settlement notice is delivered"),
        Fate::Again(_) => say!(warn, "a settlement notice is not delivered; it is retried"),
        Fate::GivenUp => say!(error, "a settlement notice is given up; it is kept"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(secs, 0).unwrap()
    }

    #[test]
    fn a_notice_is_tried_for_a_little_more_than_a_day() {
        let no_answer = Answer::None("no answer in time".to_owned());
        let mut now = at(0);
        let mut waits = Vec::new();
        for tries in 1.. {
            let Fate::Again(next) = fate(&no_answer, tries, now) else {
                break;
            };
            waits.push((next - now).num_seconds());
            now = next;
        }
        assert_eq!(waits, [5, 300, 1800, 7200, 18000, 36000, 36000]);
        assert_eq!(fate(&Answer::Refused(500), u32::MAX, now), Fate::GivenUp);
        assert_eq!(fate(&Answer::Refused(302), 0, at(0)), Fate::Again(at(5)));
    }

    #[test]
    fn what_is_accepted_or_gone_is_not_retried() {
        assert_eq!(fate(&Answer::Accepted, 8, at(0)), Fate::Delivered);
        assert_eq!(fate(&Answer::Gone, 1, at(0)), Fate::GivenUp);
    }
}
