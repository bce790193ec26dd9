use proptest::prelude::*;

use super::*;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
}

fn lira(amount: i64) -> Decimal {
    Decimal::from(amount)
}

/// A purchase that told the balance.
fn bought(from: i64, until: i64, charge: i64, balance: i64) -> Fact {
    Fact {
        from: at(from),
        until: at(until),
        charge: Some(lira(charge)),
        named: true,
        balance: Some(lira(balance)),
        refunded: false,
    }
}

/// A purchase that did not.
fn silent(from: i64, until: i64, charge: Option<i64>) -> Fact {
    Fact {
        charge: charge.map(lira),
        balance: None,
        ..bought(from, until, 0, 0)
    }
}

fn read(second: i64, balance: i64) -> Fact {
    bought(second, second, 0, balance)
}

/// What moved, and at which fact it was seen.
fn moved(facts: &[Fact]) -> Vec<(usize, Decimal, bool)> {
    moved_owing(facts, &[])
}

/// Likewise, where the panel owed something before.
fn moved_owing(facts: &[Fact], owed: &[Decimal]) -> Vec<(usize, Decimal, bool)> {
    let links = chain(facts, owed);
    assert_eq!(links.len(), facts.len(), "each fact is one link");
    let movement = |link: &Link| {
        let movement = link.movement?;
        Some((link.fact, movement.amount, movement.refund))
    };
    links.iter().filter_map(movement).collect()
}

#[test]
fn purchases_explain_what_they_cost() {
    let facts = [
        read(0, 1000),
        bought(10, 12, 30, 970),
        bought(20, 22, 50, 920),
        read(60, 920),
    ];
    assert_eq!(moved(&facts), []);
    let links = chain(&facts, &[]);
    assert_eq!(links[0].before, None);
    assert_eq!(links[2].before, Some(lira(970)));
    assert!(links.iter().all(|link| link.quiet));
}

#[test]
fn answers_that_come_back_out_of_order_are_no_movement() {
    let facts = [
        read(0, 1000),
        // Charged first, answered last.
        bought(10, 40, 30, 970),
        bought(10, 20, 50, 920),
        bought(11, 15, 20, 900),
        read(60, 900),
    ];
    assert_eq!(moved(&facts), []);
    let order: Vec<usize> = chain(&facts, &[]).iter().map(|link| link.fact).collect();
    assert_eq!(order, [0, 1, 2, 3, 4], "as the panel charged them");
}

#[test]
fn a_balance_that_a_refund_brings_back_is_met_in_the_order_of_the_answers() {
    let cancelled = Fact {
        refunded: true,
        ..bought(5, 7, 50, 1000)
    };
    let facts = [
        read(0, 1050),
        cancelled,
        bought(10, 13, 20, 980),
        bought(10, 14, 30, 950),
        // The refund has made it 1000 again.
        bought(12, 15, 10, 990),
        read(60, 990),
    ];
    assert_eq!(moved(&facts), [(4, lira(50), true)]);
}

#[test]
fn a_foreign_purchase_is_named_with_its_amount() {
    let facts = [
        read(0, 1000),
        bought(10, 12, 30, 970),
        bought(30, 32, 50, 880),
    ];
    assert_eq!(moved(&facts), [(2, lira(-40), false)]);
    let since = chain(&facts, &[])[2]
        .movement
        .map(|movement| movement.since);
    assert_eq!(since, Some(at(12)));
    // Also amid purchases of ours that overlap.
    let facts = [
        read(0, 1000),
        bought(10, 20, 30, 970),
        bought(10, 20, 50, 880),
        bought(10, 20, 10, 870),
    ];
    assert_eq!(moved(&facts), [(2, lira(-40), false)]);
}

#[test]
fn a_top_up_hides_nothing() {
    let facts = [
        read(0, 100),
        bought(10, 12, 30, 30),
        read(20, 530),
        bought(30, 32, 30, 500),
    ];
    let seen = [(1, lira(-40), false), (2, lira(500), false)];
    assert_eq!(moved(&facts), seen);
}

#[test]
fn what_a_cancelled_purchase_cost_comes_back_as_a_refund() {
    let cancelled = Fact {
        refunded: true,
        ..bought(10, 12, 30, 970)
    };
    let facts = [read(0, 1000), cancelled, read(60, 1000), read(90, 1030)];
    let seen = [(2, lira(30), true), (3, lira(30), false)];
    assert_eq!(moved(&facts), seen, "once");
    // Two in one sum.
    let other = Fact {
        refunded: true,
        ..bought(14, 16, 55, 915)
    };
    let facts = [read(0, 1000), cancelled, other, read(60, 1000)];
    assert_eq!(moved(&facts), [(3, lira(85), true)]);
}

#[test]
fn what_was_owed_before_comes_back_as_a_refund_once() {
    let facts = [read(0, 1000), read(60, 1035), read(90, 1070)];
    let owed = [lira(20), lira(35)];
    let seen = [(1, lira(35), true), (2, lira(35), false)];
    assert_eq!(moved_owing(&facts, &owed), seen);
    let facts = [read(0, 1000), read(60, 1055)];
    assert_eq!(
        moved_owing(&facts, &owed),
        [(1, lira(55), true)],
        "in one sum"
    );
}

#[test]
fn another_charge_than_the_list_is_no_movement_when_the_panel_names_it() {
    let facts = [read(0, 1000), bought(10, 12, 33, 967), read(60, 967)];
    assert_eq!(moved(&facts), []);
    // The panel took more than it said.
    let facts = [read(0, 1000), bought(10, 12, 30, 967), read(60, 967)];
    assert_eq!(moved(&facts), [(1, lira(-3), false)]);
    let rounded = Fact {
        balance: Some(Decimal::new(96_998, 2)),
        ..bought(10, 12, 30, 0)
    };
    assert_eq!(moved(&[read(0, 1000), rounded]), [], "rounding");
}

#[test]
fn a_purchase_that_told_no_balance_explains_its_price_once_its_time_is_over() {
    let facts = [read(0, 1000), silent(10, 20, Some(30)), read(60, 970)];
    assert_eq!(moved(&facts), []);
    let facts = [read(0, 1000), silent(10, 20, Some(30)), read(60, 930)];
    assert_eq!(moved(&facts), [(2, lira(-40), false)]);
    let facts = [read(0, 1000), silent(10, 20, Some(30)), read(60, 1000)];
    assert_eq!(moved(&facts), [(2, lira(30), false)], "never charged");
    let facts = [read(0, 1000), silent(10, 20, None), read(60, 930)];
    assert_eq!(moved(&facts), [], "nobody knows its price");
}

#[test]
fn nothing_is_said_while_a_purchase_is_under_way() {
    let under_way = silent(10, 100, Some(30));
    // Not yet, or exactly that, or that and a part of something else.
    for (balance, later) in [(1000, 970), (970, 970), (960, 930)] {
        let facts = [
            read(0, 1000),
            under_way,
            read(60, balance),
            read(200, later),
        ];
        let links = chain(&facts, &[]);
        let first = links.iter().find(|link| link.fact == 2);
        assert_eq!(first.and_then(|link| link.movement), None, "{balance}");
        assert_eq!(first.map(|link| link.quiet), Some(false));
        let left = later - 970;
        let seen = (left != 0).then(|| (3, lira(left), false));
        assert_eq!(moved(&facts), Vec::from_iter(seen), "{balance}");
    }
}

#[test]
fn a_lost_answer_amid_others_explains_the_gap_that_it_leaves() {
    let facts = [
        read(0, 1000),
        silent(10, 600, Some(70)),
        bought(10, 20, 30, 970),
        bought(10, 21, 50, 850),
        read(60, 850),
    ];
    assert_eq!(moved(&facts), []);
}

#[test]
fn a_claim_that_was_lost_explains_what_its_purchase_took_before_it_was_made_again() {
    let found_again = Fact {
        named: false,
        ..silent(40, 60, Some(70))
    };
    // The panel charged 70 between the first two, and the database has forgotten who claimed it.
    let facts = [
        read(0, 1000),
        bought(10, 20, 30, 900),
        found_again,
        read(90, 900),
    ];
    assert_eq!(moved(&facts), []);
    let named = Fact {
        named: true,
        ..found_again
    };
    let facts = [facts[0], facts[1], named, facts[3]];
    let seen = [(1, lira(-70), false), (3, lira(70), false)];
    assert_eq!(moved(&facts), seen, "a named one was charged when it says");
}

/// A purchase of a history: its charge, how long before and after its moment it was under way, and
/// whether it told the balance.
type Drawn = (i64, i64, i64, bool);

/// What a panel would say of purchases that it charged one after the other, ten seconds apart.
fn history(drawn: &[Drawn], foreign: Option<(usize, i64)>) -> Vec<Fact> {
    let mut balance = 10_000_000_000;
    let mut facts = vec![read(-10_000, balance)];

    for (place, (charge, before, after, tells)) in drawn.iter().enumerate() {
        if let Some((_, amount)) = foreign.filter(|(at, _)| *at == place) {
            balance -= amount;
        }
        balance -= charge;
        let moment = i64::try_from(place).unwrap() * 10;
        let (from, until) = (moment - before, moment + after);
        facts.push(if *tells {
            bought(from, until, *charge, balance)
        } else {
            silent(from, until, Some(*charge))
        });
    }

    facts.push(read(20_000, balance));
    facts
}

fn drawn(silent: bool) -> impl Strategy<Value = Vec<Drawn>> {
    let one = (1_i64..5000, 1_i64..200, 1_i64..200, any::<bool>());
    prop::collection::vec(one, 1..40).prop_map(move |mut drawn| {
        for (place, one) in drawn.iter_mut().enumerate() {
            if silent && !one.3 && place < 10 {
                // Sums that no other purchases make up.
                one.0 = 1_000_000 << place;
            } else {
                one.3 = true;
            }
        }
        drawn
    })
}

proptest! {
    #[test]
    fn our_own_purchases_are_never_a_movement(drawn in drawn(true)) {
        prop_assert_eq!(moved(&history(&drawn, None)), vec![]);
    }

    #[test]
    fn what_leaves_without_us_is_found_to_the_penny(
        drawn in drawn(true), place in 0_usize..40, amount in 1_i64..90_000,
    ) {
        let place = place % drawn.len();
        let seen = moved(&history(&drawn, Some((place, amount))));
        let sum: Decimal = seen.iter().map(|(_, amount, _)| *amount).sum();
        prop_assert_eq!(sum, lira(-amount));
    }

    #[test]
    fn what_is_owed_from_before_explains_no_purchase_and_hides_no_fall(
        drawn in drawn(true), place in 0_usize..40, amount in 1_i64..90_000, owed in 1_i64..5000,
    ) {
        let place = place % drawn.len();
        prop_assert_eq!(moved_owing(&history(&drawn, None), &[lira(owed)]), vec![]);
        let seen = moved_owing(&history(&drawn, Some((place, amount))), &[lira(owed)]);
        let sum: Decimal = seen.iter().map(|(_, amount, _)| *amount).sum();
        prop_assert_eq!(sum, lira(-amount));
    }

    #[test]
    fn where_every_purchase_tells_it_is_found_at_its_place(
        drawn in drawn(false), place in 0_usize..40, amount in 6_000_i64..90_000,
    ) {
        let place = place % drawn.len();
        let seen = moved(&history(&drawn, Some((place, amount))));
        // The first fact is a reading.
        prop_assert_eq!(seen, vec![(place + 1, lira(-amount), false)]);
    }
}
