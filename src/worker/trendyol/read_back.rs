//! What is on sale, as Trendyol lists it: the truth about everything that was ever sent.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::Seller;
use crate::{
    marketplace::{Barcode, MAX_READ_BACK},
    stock::{
        patience::MAY_STILL_APPLY,
        plan::{Fate, Known, Missing, Moved},
        second_pusher::Look,
    },
    store::Listed,
    worker::periodic::JobError,
};

/// What a read-back has found.
#[derive(Clone, Debug, Default)]
pub(super) struct Compared {
    /// Bar codes that were asked about.
    pub(super) asked: usize,
    /// Bar codes of which something else is on sale than was known.
    pub(super) differ: usize,
    /// Bar codes that Trendyol does not list.
    pub(super) unlisted: usize,
    /// Requests.
    pub(super) requests: usize,
    /// What it says about who else sends.
    pub(super) looks: Vec<Look>,
}

impl Seller {
    /// Reads back what is on sale of some bar codes, and writes it down. `known` is brought up to
    /// date, too; it was read from the database at `view`.
    pub(super) async fn read_back(
        &self,
        barcodes: &[Barcode],
        known: &mut HashMap<Barcode, Known>,
        view: DateTime<Utc>,
    ) -> Result<Compared, JobError> {
        let mut compared = Compared::default();
        for chunk in barcodes.chunks(MAX_READ_BACK) {
            compared.requests += 1;
            let asked = self.clock.now();
            let answer = self.market.read_back(chunk).await?;
            let now = self.clock.now();
            let quantities: HashMap<Barcode, i32> = answer
                .listed
                .iter()
                .filter_map(|item| Some((Barcode::parse(&item.barcode).ok()?, item.quantity)))
                .collect();
            let mut listed = Vec::new();
            for barcode in chunk {
                let known = known.entry(barcode.clone()).or_default();
                let quantity = quantities.get(barcode).copied();
                compared.asked += 1;
                compared.unlisted += usize::from(quantity.is_none());
                compared.looks.extend(look(barcode, quantity, known));
                known.checked = true;
                known.is_new = known.confirmed.is_none() && known.open.is_none();
                if let Some(found) = compare(barcode, quantity, known, now) {
                    let differs = known.confirmed.map(|(n, _)| n) != quantity;
                    compared.differ += usize::from(differs);
                    known.confirmed = quantity.map(|n| (n, view));
                    known.open = None;
                    known.missing = found.missing;
                    known.lifted = found.lifted;
                    known.told = 0;
                    known.told_since = 0;
                    known.doubted = 0;
                    known.given_back = 0;
                    listed.push(found);
                }
            }
            self.store
                .listed(&listed, view, asked, self.clock.now())
                .await?;
        }
        Ok(compared)
    }
}

/// What a look says about who else sends; nothing while a push of ours is under way.
fn look(barcode: &Barcode, quantity: Option<i32>, known: &Known) -> Option<Look> {
    let (ours, ours_at) = known.confirmed.filter(|_| known.open.is_none())?;
    Some(Look {
        barcode: barcode.clone(),
        ours,
        ours_at,
        sent_lately: known.recent.iter().map(|(n, _)| *n).max().unwrap_or(0),
        sold: known.told_in_all(),
        given_back: known.given_back,
        open: 0,
        observed: quantity?,
    })
}

/// Sales that no order tells of, after this look, and whether the push that was open has applied.
fn missing(quantity: Option<i32>, known: &Known, now: DateTime<Utc>) -> (Missing, bool) {
    let (Some(quantity), Some((listed, _))) = (quantity, known.confirmed) else {
        let pushed = known.open.map(|open| open.quantity);
        return (
            known.missing.still(now),
            quantity.is_some() && quantity == pushed,
        );
    };
    let moved = |before: i32, told: i32| Moved {
        fell: before.saturating_sub(quantity),
        told,
        given_back: known.given_back,
    };
    // What was sold since the last look is overwritten by a push that applied.
    let lost = moved(listed, known.told_in_all());
    let Some(open) = known.open else {
        return (known.missing.after(lost, now), false);
    };
    let applied = moved(open.quantity, known.told);
    if quantity == open.quantity {
        return (known.missing.after(applied, now), true);
    }
    // Either the push was lost, or it applied and its product was sold since. Where the orders explain
    // one of both, that is it; otherwise the worse is assumed.
    let (if_lost, if_applied) = (
        known.missing.after(lost, now),
        known.missing.after(applied, now),
    );
    let was_lost =
        lost.is_explained() || !applied.is_explained() && if_lost.units > if_applied.units;
    if was_lost {
        (if_lost, false)
    } else {
        (if_applied, true)
    }
}

/// What is to be written down of one bar code; `None` when it proves nothing yet.
fn compare(
    barcode: &Barcode,
    quantity: Option<i32>,
    known: &Known,
    now: DateTime<Utc>,
) -> Option<Listed> {
    let (missing, applied) = missing(quantity, known, now);
    let mut listed = Listed {
        told: known.told,
        told_since: known.told_since,
        doubted: known.doubted,
        applied,
        given_back: known.given_back,
        missing,
        lifted: quantity.map_or(0, |quantity| known.lifted_at(quantity)),
        barcode: barcode.as_str().to_owned(),
        quantity,
        open: None,
        settles: true,
        pushed: false,
    };
    if let Some(open) = known.open {
        listed.open = Some(open.at);
        listed.pushed = quantity == Some(open.quantity);
        // Its batch will tell.
        let waits = open.fate == Fate::Queued;
        // Sent and not there: it may still be queued.
        let may_come = !listed.pushed && now - open.at < MAY_STILL_APPLY;
        if waits || may_come {
            return None;
        }
    } else if quantity.is_none() {
        // Not listed, and nothing sent: whether it exists shows when it is sent.
        return known.confirmed.is_some().then_some(listed);
    }
    Some(listed)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::stock::plan::Open;

    #[test]
    fn an_open_push_is_settled_by_what_is_on_sale_or_by_time() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let barcode = Barcode::parse("a").unwrap();
        let open = |fate, minutes| Known {
            confirmed: Some((3, now)),
            open: Some(Open {
                quantity: 5,
                at: now - TimeDelta::minutes(minutes),
                fate,
            }),
            ..Known::default()
        };
        for (name, known, quantity, want) in [
            (
                "nothing open",
                Known::default(),
                Some(5),
                Some((true, false)),
            ),
            ("never heard of", Known::default(), None, None),
            ("its batch tells", open(Fate::Queued, 9), Some(5), None),
            (
                "it came",
                open(Fate::Unknown, 1),
                Some(5),
                Some((true, true)),
            ),
            ("it may still come", open(Fate::Unknown, 4), Some(3), None),
            (
                "it was lost",
                open(Fate::Unknown, 5),
                Some(3),
                Some((true, false)),
            ),
            (
                "gone from the list",
                open(Fate::Unknown, 5),
                None,
                Some((true, false)),
            ),
        ] {
            let listed = compare(&barcode, quantity, &known, now);
            let listed = listed.map(|listed| (listed.settles, listed.pushed));
            assert_eq!(listed, want, "{name}");
        }
    }

    #[test]
    fn an_order_explains_a_fall_only_where_no_push_has_overwritten_it() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let known = |listed, open: Option<i32>, [told, told_since, doubted]: [i32; 3]| Known {
            confirmed: Some((listed, now)),
            open: open.map(|quantity| Open {
                quantity,
                at: now,
                fate: Fate::Unknown,
            }),
            told,
            told_since,
            doubted,
            ..Known::default()
        };
        for (name, known, quantity, want) in [
            ("nobody tells", known(5, None, [0; 3]), 4, (1, false)),
            (
                "sold before the last look",
                known(5, None, [1, 0, 0]),
                4,
                (0, false),
            ),
            ("sold since", known(5, None, [0, 1, 0]), 4, (0, false)),
            (
                "overwritten, and another one sold",
                known(5, None, [0, 0, 1]),
                4,
                (1, false),
            ),
            (
                "overwritten by what is on sale now",
                known(5, Some(7), [0, 1, 0]),
                7,
                (0, true),
            ),
            (
                "overwritten, and another one sold from what was sent",
                known(5, Some(7), [0, 1, 0]),
                6,
                (1, true),
            ),
            (
                "the push was lost",
                known(7, Some(5), [0, 1, 0]),
                6,
                (0, false),
            ),
            (
                "it applied, and one from before the look was told meanwhile",
                known(5, Some(7), [1, 0, 0]),
                6,
                (0, true),
            ),
        ] {
            let (missing, applied) = missing(Some(quantity), &known, now);
            assert_eq!((missing.units, applied), want, "{name}");
        }
    }
}
