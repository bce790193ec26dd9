//! A product whose push is under way, and the moments at which a wait ends.

use super::*;

/// Five are on sale, and a push of five is under way.
fn under_way() -> (Figure, Rules) {
    let (mut figure, rules) = lacking(0, 5);
    figure.deficit = None;
    figure.sent = Some(Sent {
        quantity: 5,
        at: at(NOW - 10),
        open_until: Some(at(NOW + 290)),
    });
    (figure, rules)
}

#[test]
fn only_a_lowering_overtakes_a_push_that_is_under_way() {
    let waits = Verdict::Wait(Wait::UnderWay {
        until: at(NOW + 290),
    });
    let lowered = |quantity| Verdict::Send {
        quantity,
        reason: Reason::Lower,
    };
    let (figure, rules) = under_way();
    for (desired, want) in [(3, lowered(3)), (5, waits), (6, waits)] {
        assert_eq!(decide(desired, &figure, &rules), want, "{desired}");
    }
}

#[test]
fn without_the_orders_a_push_under_way_is_replaced_by_no_more_than_is_on_sale() {
    let (mut figure, rules) = under_way();
    figure.sent = figure.sent.map(|sent| Sent {
        quantity: 9,
        ..sent
    });
    let mut stale = Rules {
        stale: true,
        ..rules
    };
    for (desired, want) in [(3, Some(3)), (7, Some(5)), (9, None), (0, Some(0))] {
        assert_eq!(sent(decide(desired, &figure, &stale)), want, "{desired}");
    }

    // Of an old look, only that nothing is left is certain.
    stale.looked_since = Some(at(NOW + 1));
    for (desired, want) in [(3, None), (0, Some(0))] {
        assert_eq!(sent(decide(desired, &figure, &stale)), want, "{desired}");
    }
}

#[test]
fn a_push_under_way_leaves_the_deficit_as_it_was() {
    let (mut figure, _) = under_way();
    assert_eq!(figure.deficit_of(9, at(NOW)), None);
    let before = Some(Deficit {
        units: 2,
        since: at(NOW - 60),
    });
    figure.deficit = before;
    assert_eq!(figure.deficit_of(9, at(NOW)), before);

    figure.sent = None;
    assert_eq!(figure.deficit_of(5, at(NOW)), None, "as many as should be");
}

#[test]
fn as_many_sales_as_have_become_known_do_not_look_as_old_as_these() {
    let deficit = |units, second| {
        Some(Deficit {
            units,
            since: at(second),
        })
    };
    // Two were sold, and the look showed it. Their order comes, and two more are sold.
    let (mut figure, rules) = lacking(2, 8);
    figure.deficit = deficit(2, NOW - 600);
    figure.observed = figure.observed.map(|observed| Observed {
        at: at(NOW - 20),
        ..observed
    });
    figure.note_order(2, at(NOW - 20));
    figure.observed = Some(Observed {
        at: at(NOW),
        answer: Answer::Units(6),
    });
    assert_eq!(figure.deficit_of(8, at(NOW)), deficit(2, NOW));
    assert!(matches!(
        decide(8, &figure, &rules),
        Verdict::Wait(Wait::Settling { .. })
    ));

    for (sold, pushed, left) in [
        (NOW - 60, None, deficit(3, NOW - 600)),
        // The next look shows it, and the deficit is as it was.
        (NOW + 10, None, deficit(5, NOW - 600)),
        // What is pushed was planned without it.
        (NOW + 10, Some(at(NOW + 300)), deficit(3, NOW - 600)),
    ] {
        figure.deficit = deficit(5, NOW - 600);
        figure.sent = Some(Sent {
            quantity: 9,
            at: at(NOW),
            open_until: pushed,
        });
        figure.note_order(2, at(sold));
        assert_eq!(figure.deficit, left, "{sold} {pushed:?}");
    }
    assert_eq!(figure.deficit.and_then(|left| left.less_order(3)), None);
}

#[test]
fn without_a_look_a_product_is_only_taken_off_sale() {
    let (mut figure, rules) = lacking(0, 5);
    figure.unread = true;
    assert_eq!(decide(3, &figure, &rules), Verdict::Wait(Wait::Unseen));
    assert_eq!(sent(decide(0, &figure, &rules)), Some(0));
}

#[test]
fn an_old_look_raises_nothing_and_lowers_to_what_is_surely_left() {
    let (mut figure, mut rules) = lacking(6, 4);
    figure.deficit = Some(Deficit {
        units: 6,
        since: at(NOW - 3000),
    });
    let looked_at = |figure: &mut Figure, second| {
        figure.observed = Some(Observed {
            at: at(second),
            answer: Answer::Units(4),
        });
    };
    rules.looked_since = Some(at(NOW - 60));

    looked_at(&mut figure, NOW - 61);
    assert_eq!(decide(10, &figure, &rules), Verdict::Wait(Wait::Unseen));
    // All four may be sold by now, of which one order of two may be hidden.
    for (desired, want) in [(3, 1), (2, 0), (0, 0)] {
        let got = sent(decide(desired, &figure, &rules));
        assert_eq!(got, Some(want), "{desired}");
    }
    looked_at(&mut figure, NOW - 60);
    assert_eq!(sent(decide(10, &figure, &rules)), Some(10));
    assert_eq!(sent(decide(3, &figure, &rules)), Some(3));
}

#[test]
fn an_old_look_lowers_to_zero_alone_while_nobody_knows_how_late_orders_come() {
    let (mut figure, mut rules) = lacking(0, 5);
    rules.looked_since = Some(at(NOW + 1));
    rules.pace = Pace::of(OrderDelay::default(), Settle::Auto);
    assert_eq!(decide(3, &figure, &rules), Verdict::Wait(Wait::Unseen));
    assert_eq!(sent(decide(0, &figure, &rules)), Some(0));

    figure.sent = Some(Sent {
        quantity: 5,
        at: at(NOW - 10),
        open_until: Some(at(NOW + 290)),
    });
    assert_eq!(sent(decide(3, &figure, &rules)), None);
    assert_eq!(sent(decide(0, &figure, &rules)), Some(0));
}

#[test]
fn times_that_are_still_to_come_settle_nothing() {
    let (mut figure, mut rules) = lacking(6, 4);
    let hour = TimeDelta::hours(1);
    let new = decide(10, &figure, &rules);
    assert_eq!(sent(new), Some(8));
    rules.orders_read_at = Some(rules.now + hour);
    assert_eq!(decide(10, &figure, &rules), new);
    figure.deficit = Some(Deficit {
        units: 6,
        since: rules.now + hour,
    });
    assert_eq!(decide(10, &figure, &rules), new);
}

#[test]
fn a_wait_ends_with_its_time() {
    let (mut figure, rules) = lacking(0, 5);
    for (desired, rest, want) in [
        (3, refused(NOW + 1, NOW + 1), None),
        (3, refused(NOW + 1, NOW), Some(3)),
        (3, refused(NOW, NOW + 1), Some(3)),
        (9, refused(NOW + 1, NOW), None),
        (9, refused(NOW, NOW), Some(7)),
    ] {
        figure.quarantine = Some(rest.clone());
        let got = sent(decide(desired, &figure, &rules));
        assert_eq!(got, want, "{desired} {rest:?}");
    }

    figure.quarantine = None;
    let sixteen = 16 * 60;
    for (sent_at, want) in [(NOW - sixteen + 1, 2), (NOW - sixteen, 3)] {
        figure.recent = vec![(3, at(sent_at))];
        assert_eq!(sent(decide(3, &figure, &rules)), Some(want), "{sent_at}");
    }
}

#[test]
fn people_and_history_are_told_what_is_done_and_until_when() {
    let until = at(NOW);
    for wait in [
        Wait::UnderWay { until },
        Wait::Settling { until },
        Wait::Quarantined { until },
        Wait::Repeated { until },
    ] {
        assert_eq!(wait.until(), Some(until));
    }
    assert_eq!(Wait::StaleOrders.until(), None);

    let refused = Verdict::Wait(Wait::Quarantined { until });
    let said = refused.sentence(&Format::PLAIN);
    assert_eq!(
        said,
        "refused by Trendyol; retried at 2027-01-15 10:46:40 UTC"
    );
    let lowered = Verdict::Send {
        quantity: 3,
        reason: Reason::Lower,
    };
    assert!(lowered.sentence(&Format::PLAIN).contains('3'));
    let names = [Reason::Lower, Reason::Raise, Reason::RaiseSettled].map(Reason::as_str);
    assert_eq!(names, ["lower", "raise", "raise_settled"]);
}
