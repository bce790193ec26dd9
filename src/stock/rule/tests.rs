//! Property tests of the decision, and the course of a deficit.

mod course;

use chrono::TimeDelta;
use proptest::{collection::vec, option, prelude::*};

use super::*;
use crate::stock::pace::{OrderDelay, Settle};

/// Seconds since some time.
fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
}

/// The time of every decision; everything else is before it, or a little after.
const NOW: i64 = 10_000;

fn times() -> impl Strategy<Value = DateTime<Utc>> {
    (NOW - 4000..NOW).prop_map(at)
}

fn answers() -> impl Strategy<Value = Answer> {
    prop_oneof![
        6 => (0..15).prop_map(Answer::Units),
        1 => Just(Answer::NotListed),
        1 => Just(Answer::Contradictory),
    ]
}

fn pushes() -> impl Strategy<Value = Sent> {
    let open = option::weighted(0.3, (NOW..NOW + 300).prop_map(at));
    (0..15, times(), open).prop_map(|(quantity, at, open_until)| Sent {
        quantity,
        at,
        open_until,
    })
}

fn refused(until: i64, lowered_from: i64) -> Quarantine {
    Quarantine {
        until: at(until),
        lowered_from: at(lowered_from),
        words: "refused".to_owned(),
    }
}

prop_compose! {
    fn figures()(
        observed in option::weighted(0.9, (times(), answers())),
        deficit in option::of((1..15, times())),
        sent in option::of(pushes()),
        quarantine in option::weighted(0.2, (NOW - 100..NOW + 100, NOW - 100..NOW + 100)),
        recent in vec((0..15, times()), 0..10),
        sold in vec((1_u32..3, times()), 0..10),
        unread in prop::bool::weighted(0.2),
    ) -> Figure {
        Figure {
            observed: observed.map(|(at, answer)| Observed { at, answer }),
            deficit: deficit.map(|(units, since)| Deficit { units, since }),
            sent,
            quarantine: quarantine.map(|(until, lowered_from)| refused(until, lowered_from)),
            recent,
            sales: sold.into_iter().fold(Sales::default(), |sales, (units, at)| sales.with(units, at)),
            unread,
        }
    }
}

prop_compose! {
    fn circumstances()(
        read in option::weighted(0.9, times()),
        stale in prop::bool::weighted(0.2),
        delay in (0.0..20.0, 0.0..5000.0),
        fixed in option::of(0_u64..1200),
    ) -> Rules {
        let settle = fixed.map_or(Settle::Auto, |seconds| {
            Settle::Fixed(std::time::Duration::from_secs(seconds))
        });
        let (orders, seconds) = delay;
        let delay = OrderDelay { orders, seconds, ..OrderDelay::default() };
        Rules {
            now: at(NOW),
            orders_read_at: read,
            stale,
            looked_since: None,
            pace: Pace::of(delay, settle),
        }
    }
}

fn sent(verdict: Verdict) -> Option<i32> {
    match verdict {
        Verdict::Send { quantity, .. } => Some(quantity),
        Verdict::InSync | Verdict::Wait(_) => None,
    }
}

/// Whether it rests, and also from being lowered.
fn quarantined(figure: &Figure) -> (bool, bool) {
    figure.quarantine.as_ref().map_or((false, false), |rest| {
        let rests = rest.until > at(NOW);
        (rests, rests && rest.lowered_from > at(NOW))
    })
}

proptest! {
    // More where PROPTEST_CASES asks for more.
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(1000)))]

    #[test]
    fn never_more_is_sent_than_should_be_on_sale(
        desired in 0..15, figure in figures(), rules in circumstances(),
    ) {
        if let Some(quantity) = sent(decide(desired, &figure, &rules)) {
            prop_assert!((0..=desired).contains(&quantity));
        }
    }

    #[test]
    fn nothing_is_raised_while_too_little_is_known(
        desired in 0..15, figure in figures(), rules in circumstances(),
    ) {
        let quantity = sent(decide(desired, &figure, &rules));
        let (rests, rests_whole) = quarantined(&figure);
        if rests && quantity.is_some() {
            prop_assert!(!rests_whole && figure.on_sale() > quantity);
        } else if let (Some(open), Some(quantity)) = (figure.open(), quantity) {
            prop_assert!(quantity < open.quantity);
        } else if let Some(quantity) = quantity {
            let on_sale = figure.on_sale();
            prop_assert!(on_sale.is_some(), "unseen, not listed or contradictory");
            let known = !rules.stale && !figure.unread && rules.orders_read_at.is_some();
            prop_assert!(known || on_sale > Some(quantity));
        }
    }

    #[test]
    fn a_lowering_waits_only_for_itself_a_look_an_unused_number_or_a_short_rest(
        desired in 0..15, more in 1..5, mut figure in figures(), rules in circumstances(),
    ) {
        figure.observed = Some(Observed {
            at: rules.now,
            answer: Answer::Units(desired + more),
        });
        let quantity = sent(decide(desired, &figure, &rules));
        let used = |units: i32| used_until(&figure, units, &rules).is_some();
        if quantity.is_none() {
            let (_, rests) = quarantined(&figure);
            let is_under_way = figure.open().is_some_and(|open| open.quantity <= desired);
            prop_assert!(rests || is_under_way || figure.unread && desired > 0 || (0..=desired).all(used));
        }
    }

    #[test]
    fn a_push_under_way_is_replaced_by_no_more_than_is_on_sale_or_cannot_be_hidden(
        desired in 0..15, on_sale in 0..15, open in pushes(), figure in figures(), rules in circumstances(),
    ) {
        let figure = Figure {
            observed: Some(Observed { at: rules.now, answer: Answer::Units(on_sale) }),
            sent: Some(Sent { open_until: Some(at(NOW + 60)), ..open }),
            ..figure
        };
        if let Some(quantity) = sent(decide(desired, &figure, &rules)) {
            let age = rules.orders_read_at.map(|read| read - rules.now);
            let hidden = age.and_then(|age| rules.pace.hidden_after(age, figure.sales, rules.now));
            let visible = hidden.map_or(0, |hidden| desired - hidden);
            let most = if rules.stale { on_sale } else { on_sale.max(visible) };
            prop_assert!(quantity <= most);
        }
    }

    #[test]
    fn of_an_old_look_no_more_is_sent_than_what_cannot_be_hidden(
        desired in 0..15, figure in figures(), rules in circumstances(),
    ) {
        let rules = Rules { looked_since: Some(at(NOW + 1)), ..rules };
        if let Some(quantity) = sent(decide(desired, &figure, &rules)).filter(|units| *units > 0) {
            let age = rules.orders_read_at.map(|read| read - rules.now);
            let hidden = age.and_then(|age| rules.pace.hidden_after(age, figure.sales, rules.now));
            prop_assert!(hidden.is_some_and(|hidden| quantity <= desired - hidden));
        }
    }

    #[test]
    fn no_quantity_is_sent_again_within_sixteen_minutes(
        desired in 0..15, figure in figures(), rules in circumstances(),
    ) {
        if let Some(quantity) = sent(decide(desired, &figure, &rules)) {
            let repeated = figure.recent.iter().any(|(units, sent)| {
                *units == quantity && at(NOW) - *sent < TimeDelta::minutes(16)
            });
            prop_assert!(!repeated);
        }
    }

    #[test]
    fn a_deficit_that_grows_starts_anew_and_one_that_shrinks_does_not(
        desired in 0..15, mut figure in figures(),
    ) {
        figure.sent = None;
        let (before, after) = (figure.deficit, figure.deficit_of(desired, at(NOW)));
        if let (Some(before), Some(after)) = (before, after) {
            let kept = after.units <= before.units && before.since <= at(NOW);
            let since = if kept { before.since } else { at(NOW) };
            prop_assert_eq!(after.since, since);
        }
    }
}

/// A product that sells seldom, with a mean order delay of a minute, looked at now.
fn lacking(units: i32, on_sale: i32) -> (Figure, Rules) {
    let figure = Figure {
        observed: Some(Observed {
            at: at(NOW),
            answer: Answer::Units(on_sale),
        }),
        deficit: Some(Deficit {
            units,
            since: at(NOW),
        }),
        ..Figure::default()
    };
    let delay = OrderDelay {
        orders: 10.0,
        seconds: 600.0,
        ..OrderDelay::default()
    };
    let rules = Rules {
        now: at(NOW),
        orders_read_at: Some(at(NOW)),
        stale: false,
        looked_since: None,
        pace: Pace::of(delay, Settle::Auto),
    };
    (figure, rules)
}

#[test]
fn all_but_an_order_are_raised_at_once_and_that_one_when_the_orders_were_read_long_enough() {
    let (figure, rules) = lacking(6, 4);
    // Of a barcode that nobody has counted yet, one order may be of two.
    let at_once = Verdict::Send {
        quantity: 8,
        reason: Reason::Raise,
    };
    assert_eq!(decide(10, &figure, &rules), at_once);

    let (one, mut rules) = lacking(1, 9);
    let until = at(NOW) + TimeDelta::seconds(178);
    assert_eq!(
        decide(10, &one, &rules),
        Verdict::Wait(Wait::Settling { until })
    );

    // Time alone proves nothing.
    rules.now = at(NOW + 600);
    assert_eq!(decide(10, &one, &rules), Verdict::Wait(Wait::OrdersToRead));

    rules.orders_read_at = Some(until);
    let settled = Verdict::Send {
        quantity: 10,
        reason: Reason::RaiseSettled,
    };
    assert_eq!(decide(10, &one, &rules), settled);
}
