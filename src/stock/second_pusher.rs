//! Whether somebody else sends stock to Trendyol, by what is found on sale.
//!
//! Trendyol itself lowers a figure by what it sells and may raise it by what is cancelled. What neither explains
//! was sent by somebody: the warehouse's own application, another integration, a person in the seller panel.
//! What must stay true: one product proves nothing, so several must agree.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use super::Barcode;

/// More on sale than orderwatch put there, of this many products: no sale raises a figure.
const RAISED: usize = 3;
/// Fewer on sale than orders explain, of this many products that were picked by chance. Sales that no order shows
/// yet look the same, but do not hit more than half of all products at once.
const LOWERED: usize = 5;
/// What was confirmed longer ago may have been changed unobserved, such as in a downtime.
const FRESH: TimeDelta = TimeDelta::hours(36);
/// Who pauses by what is found here, in the records.
pub(crate) const WHO: &str = "orderwatch";
/// How each finding begins.
const FOUND: &str = "somebody else sends stock to Trendyol";
/// Maximum number of products that are named.
const NAMED: usize = 5;

/// What is to be done when somebody else sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnSecondPusher {
    /// Stop sending until a person resumes: two that overwrite each other sell what is not there.
    #[default]
    Pause,
    /// Say it and go on.
    Warn,
}

/// A product that was observed while no push of it was under way.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(crate) barcode: Barcode,
    /// What was on sale before, as Trendyol confirmed or listed it.
    pub(crate) ours: i32,
    pub(crate) ours_at: DateTime<Utc>,
    /// The most that was sent of it within the last hours: Trendyol's queue may hang, and apply it then.
    pub(crate) sent_lately: i32,
    /// Units that the orders say were sold since.
    pub(crate) sold: i32,
    /// Units that Trendyol may have put back: of packages that are cancelled.
    pub(crate) restored: i32,
    /// Units of orders that are open, whose cancellation may not be known yet.
    pub(crate) open: i32,
    /// What is on sale now.
    pub(crate) observed: i32,
}

impl Look {
    fn is_raised(&self) -> bool {
        // Everything that could have raised the figure counts: a wrong alarm stops all sending.
        let explained = self
            .ours
            .max(self.sent_lately)
            .saturating_add(self.restored)
            .saturating_add(self.open);
        self.observed > explained
    }

    fn is_lowered(&self) -> bool {
        self.observed < self.ours.saturating_sub(self.sold)
    }
}

/// Under what circumstances the products were observed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances {
    /// Whether the products were picked by chance, or are all that there are. What was observed
    /// because it differed says nothing about the others.
    pub(crate) by_chance: bool,
    /// Whether the orders were read lately: otherwise there are sales that nobody has counted.
    pub(crate) orders_known: bool,
    /// What is known from before is not evidence: a person has resumed since.
    pub(crate) since: Option<DateTime<Utc>>,
    pub(crate) now: DateTime<Utc>,
}

/// Somebody else sends stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SecondPusher {
    /// Products of which more is on sale than anything explains.
    pub(crate) raised: usize,
    /// Products of which fewer are on sale than anything explains.
    pub(crate) lowered: usize,
    /// Products that were observed.
    pub(crate) of: usize,
    /// Some of them: barcode, what orderwatch knew to be on sale, what is.
    pub(crate) examples: Vec<(Barcode, i32, i32)>,
}

/// Whether a pause was set because of a finding. The words count besides the name, which a person may have, too.
#[must_use]
pub(crate) fn has_paused(who: &str, why: &str) -> bool {
    who == WHO && why.starts_with(FOUND)
}

#[must_use]
pub(crate) fn find(looks: &[Look], circumstances: Circumstances) -> Option<SecondPusher> {
    // What nobody has counted explains anything: a sale that came back raises a figure, too.
    if !circumstances.orders_known {
        return None;
    }

    let Circumstances { since, now, .. } = circumstances;
    let is_evidence = |look: &&Look| {
        let resumed = since.is_some_and(|since| look.ours_at <= since);
        !resumed && now - look.ours_at <= FRESH
    };

    let looks: Vec<&Look> = looks.iter().filter(is_evidence).collect();
    let raised: Vec<&Look> = looks.iter().copied().filter(|l| l.is_raised()).collect();
    let lowered: Vec<&Look> = looks.iter().copied().filter(|l| l.is_lowered()).collect();
    // What is sold out cannot fall, so it says nothing for or against.
    let could_fall = looks.iter().filter(|look| look.ours > look.sold).count();

    let all_fall =
        circumstances.by_chance && lowered.len() >= LOWERED && lowered.len() * 2 > could_fall;
    if raised.len() < RAISED && !all_fall {
        return None;
    }

    let shown = raised.iter().chain(lowered.iter().filter(|_| all_fall));
    Some(SecondPusher {
        examples: shown
            .take(NAMED)
            .map(|look| (look.barcode.clone(), look.ours, look.observed))
            .collect(),
        raised: raised.len(),
        lowered: if all_fall { lowered.len() } else { 0 },
        of: looks.len(),
    })
}

impl fmt::Display for SecondPusher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let examples: Vec<String> = self
            .examples
            .iter()
            .map(|(barcode, ours, observed)| format!("{barcode} has {observed} instead of {ours}"))
            .collect();

        write!(
            f,
            "{FOUND}: of {} products, {} have more on sale than any push of \
             orderwatch or cancellation explains and {} fewer than any sale explains ({}). Switch the \
             other one off. The warehouse's own application: is_active = false in platform_configs for \
             platform 'global', or DISABLE_JOBS_IDS=stock_sync_auto in its environment; either also \
             ends what it sends to Amazon and Shopify, and its repair of central_stock from the shelves",
            self.of,
            self.raised,
            self.lowered,
            examples.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::minutes(minutes)
    }

    fn look(number: usize, ours: i32, observed: i32) -> Look {
        Look {
            barcode: Barcode::parse(&format!("b{number}")).unwrap(),
            ours,
            ours_at: at(0),
            sent_lately: 0,
            sold: 0,
            restored: 0,
            open: 0,
            observed,
        }
    }

    fn calm() -> Circumstances {
        Circumstances {
            by_chance: true,
            orders_known: true,
            since: None,
            now: at(20),
        }
    }

    /// So many products, of which some differ.
    fn shop(products: usize, differ: usize, change: impl Fn(&mut Look)) -> Vec<Look> {
        let mut looks: Vec<Look> = (0..products).map(|n| look(n, 8, 8)).collect();
        looks.iter_mut().take(differ).for_each(change);
        looks
    }

    #[test]
    fn what_trendyol_does_by_itself_is_no_second_pusher() {
        for (name, looks, circumstances) in [
            ("nothing differs", shop(40, 0, |_| ()), calm()),
            (
                "sold",
                shop(40, 40, |l| (l.observed, l.sold) = (6, 2)),
                calm(),
            ),
            (
                "a few sold unheard",
                shop(40, 9, |l| l.observed = 7),
                calm(),
            ),
            (
                "four sold unheard in a small shop",
                shop(4, 4, |l| l.observed = 7),
                calm(),
            ),
            (
                "cancelled",
                shop(40, 9, |l| (l.observed, l.restored) = (9, 1)),
                calm(),
            ),
            (
                "cancelled unheard",
                shop(40, 9, |l| (l.observed, l.open) = (9, 1)),
                calm(),
            ),
            (
                "two raised by hand",
                shop(40, 2, |l| l.observed = 99),
                calm(),
            ),
            (
                "ours came late",
                shop(40, 9, |l| (l.observed, l.sent_lately) = (9, 9)),
                calm(),
            ),
            (
                "the orders are not read",
                shop(40, 40, |l| l.observed = 6),
                Circumstances {
                    orders_known: false,
                    ..calm()
                },
            ),
            (
                "raised while the orders are not read",
                shop(9, 9, |l| l.observed = 9),
                Circumstances {
                    orders_known: false,
                    ..calm()
                },
            ),
            (
                "only what differed was observed",
                shop(9, 9, |l| l.observed = 6),
                Circumstances {
                    by_chance: false,
                    ..calm()
                },
            ),
            (
                "from before it was resumed",
                shop(40, 40, |l| l.observed = 99),
                Circumstances {
                    since: Some(at(1)),
                    ..calm()
                },
            ),
            (
                "from before a long downtime",
                shop(40, 40, |l| l.observed = 99),
                Circumstances {
                    now: at(37 * 60),
                    ..calm()
                },
            ),
            (
                "sold out",
                shop(40, 40, |l| (l.ours, l.observed) = (0, 0)),
                calm(),
            ),
        ] {
            assert_eq!(find(&looks, circumstances), None, "{name}");
        }
    }

    #[test]
    fn what_it_does_not_is() {
        for (name, looks, circumstances, want) in [
            (
                "raised",
                shop(40, 3, |l| l.observed = 9),
                calm(),
                (3, 0, 40),
            ),
            (
                "raised over what cancellations explain",
                shop(40, 3, |l| (l.observed, l.restored, l.open) = (11, 1, 1)),
                calm(),
                (3, 0, 40),
            ),
            (
                "raised, of what was not picked by chance",
                shop(9, 9, |l| l.observed = 9),
                Circumstances {
                    by_chance: false,
                    ..calm()
                },
                (9, 0, 9),
            ),
            (
                "a buffer less",
                shop(40, 38, |l| l.observed = 7),
                calm(),
                (0, 38, 40),
            ),
            (
                "resumed, and it goes on",
                shop(40, 38, |l| l.observed = 7),
                Circumstances {
                    since: Some(at(-1)),
                    ..calm()
                },
                (0, 38, 40),
            ),
        ] {
            let found = find(&looks, circumstances).expect(name);
            assert_eq!((found.raised, found.lowered, found.of), want, "{name}");
            assert!(
                found.examples.len() <= NAMED && !found.examples.is_empty(),
                "{name}"
            );
        }
        let said = find(&shop(40, 3, |l| l.observed = 9), calm())
            .unwrap()
            .to_string();
        assert!(
            said.contains("of 40 products, 3 have more") && said.contains("b0 has 9 instead of 8"),
            "{said}"
        );

        assert!(has_paused(WHO, &said));
        assert!(!has_paused(WHO, "stocktaking"), "a person may be named so");
        assert!(!has_paused("ayse", &said));
    }

    #[test]
    fn more_than_half_of_what_could_fall_must_have_fallen() {
        let fallen = |look: &mut Look| look.observed = 7;
        assert_eq!(find(&shop(40, 20, fallen), calm()), None);
        let found = find(&shop(40, 21, fallen), calm()).unwrap();
        assert_eq!(found.lowered, 21);

        // What is sold out could not.
        let mut looks = shop(10, 6, fallen);
        looks.extend(shop(30, 30, |look| (look.ours, look.observed) = (0, 0)));
        assert_eq!(find(&looks, calm()).unwrap().lowered, 6);
    }
}
