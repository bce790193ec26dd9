use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::stock::{
    listing::{ListingRow, ListingRows, ShelfRule},
    shelf::StockRow,
};

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::minutes(minutes)
}

fn rules(stale: bool) -> Rules {
    Rules {
        safety: 0,
        stale,
        blind: false,
        now: at(0),
    }
}

fn listed(quantity: i32) -> Known {
    Known {
        confirmed: Some((quantity, at(-60))),
        ..Known::default()
    }
}

fn checked(known: Known) -> Known {
    Known {
        checked: true,
        ..known
    }
}

fn new(known: Known) -> Known {
    Known {
        is_new: true,
        ..checked(known)
    }
}

fn told(known: Known, told: i32) -> Known {
    Known { told, ..known }
}

fn open(known: Known, quantity: i32, fate: Fate) -> Known {
    let open = Open {
        quantity,
        at: at(-1),
        fate,
    };
    Known {
        open: Some(open),
        ..known
    }
}

fn sent(known: Known, quantity: i32, minutes: i64) -> Known {
    let mut known = known;
    known.recent.push((quantity, at(minutes)));
    known
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn every_case_has_its_verdict() {
    use Fate::{Queued, Unknown};
    use Verdict::{Check, Settled, Wait};
    let send = |quantity| Verdict::Send { quantity };
    let repeated = |minutes| Wait(Why::Repeated { until: at(minutes) });
    let quarantined = Known {
        quarantine: Some((at(1), "locked".to_owned())),
        ..listed(9)
    };
    let over = Known {
        quarantine: Some((at(0), "locked".to_owned())),
        ..listed(9)
    };
    for (name, available, known, stale, want) in [
        ("never seen", 5, Known::default(), false, Check),
        (
            "never seen, nothing there",
            0,
            Known::default(),
            false,
            Check,
        ),
        (
            "not on sale so far",
            5,
            checked(Known::default()),
            false,
            send(5),
        ),
        (
            "never sent, old view",
            5,
            Known::default(),
            true,
            Wait(Why::StaleOrders),
        ),
        (
            "seen for the first time, more",
            5,
            new(listed(3)),
            false,
            Wait(Why::JustSeen),
        ),
        (
            "seen for the first time, fewer",
            2,
            new(listed(3)),
            false,
            send(2),
        ),
        ("the same", 5, listed(5), false, Settled),
        ("the same, old view", 5, listed(5), true, Settled),
        ("sold and cancelled", 5, told(listed(5), 2), false, Check),
        (
            "sold and cancelled, old view",
            5,
            told(listed(5), 2),
            true,
            Check,
        ),
        (
            "cancelled",
            5,
            Known {
                given_back: 1,
                ..listed(5)
            },
            false,
            Check,
        ),
        ("fewer", 4, listed(5), false, Check),
        ("more", 6, listed(5), false, Check),
        ("fewer, old view", 4, listed(5), true, Check),
        ("more, old view", 6, listed(5), true, Wait(Why::StaleOrders)),
        ("fewer, read back", 4, checked(listed(5)), false, send(4)),
        ("more, read back", 6, checked(listed(5)), false, send(6)),
        (
            "fewer, read back, old view",
            4,
            checked(listed(5)),
            true,
            send(4),
        ),
        (
            "more, read back, old view",
            6,
            checked(listed(5)),
            true,
            Wait(Why::StaleOrders),
        ),
        (
            "resting",
            4,
            quarantined,
            false,
            Wait(Why::Quarantined { until: at(1) }),
        ),
        ("rested", 4, over, false, Check),
        // A push is open: only less than it.
        (
            "queued",
            5,
            open(listed(3), 5, Queued),
            false,
            Wait(Why::InFlight),
        ),
        (
            "queued, more",
            6,
            open(listed(3), 5, Queued),
            false,
            Wait(Why::InFlight),
        ),
        (
            "queued, fewer",
            4,
            open(listed(3), 5, Queued),
            false,
            send(4),
        ),
        (
            "queued, fewer, old view",
            2,
            open(listed(3), 5, Queued),
            true,
            Wait(Why::InFlight),
        ),
        (
            "queued, nothing left, old view",
            0,
            open(listed(3), 5, Queued),
            true,
            send(0),
        ),
        ("lost", 5, open(listed(3), 5, Unknown), false, Check),
        (
            "lost, not there yet",
            5,
            checked(open(listed(3), 5, Unknown)),
            false,
            Wait(Why::Unknown),
        ),
        (
            "lost, fewer",
            2,
            checked(open(listed(3), 5, Unknown)),
            false,
            send(2),
        ),
        // The 15 minutes.
        (
            "repeated, more",
            6,
            sent(checked(listed(5)), 6, -1),
            false,
            repeated(15),
        ),
        (
            "repeated, fewer",
            4,
            sent(checked(listed(5)), 4, -1),
            false,
            send(3),
        ),
        (
            "repeated twice",
            4,
            sent(sent(checked(listed(5)), 4, -1), 3, -2),
            false,
            send(2),
        ),
        (
            "repeated, nothing left",
            0,
            sent(checked(listed(5)), 0, -1),
            false,
            repeated(15),
        ),
        (
            "repeated long ago",
            6,
            sent(checked(listed(5)), 6, -16),
            false,
            send(6),
        ),
        (
            "another quantity",
            6,
            sent(checked(listed(5)), 7, -1),
            false,
            send(6),
        ),
        (
            "first push repeated",
            5,
            sent(checked(Known::default()), 5, -1),
            false,
            repeated(15),
        ),
    ] {
        assert_eq!(verdict(available, &known, rules(stale)), want, "{name}");
    }
}

#[test]
fn sales_that_no_order_tells_of_stay_on_the_books_until_one_does() {
    let none = Missing::default();
    let one = none.after(moved(3, 2, 0), at(0));
    assert_eq!((one.units, one.since), (1, Some(at(0))));
    // More sales, all told of; then the late order; then the same look again.
    let still = one.after(moved(2, 2, 0), at(10));
    assert_eq!((still.units, still.since), (1, Some(at(0))));
    assert_eq!(still.after(moved(0, 1, 0), at(20)), none);
    assert_eq!(none.after(moved(0, 1, 0), at(30)), none);
    // Stock that came back, and a sale that was none.
    assert_eq!(one.after(moved(-1, 0, 0), at(10)), none);
    assert_eq!(one.after(moved(0, 0, 0), at(181)), none);
}

#[test]
fn what_was_put_back_on_sale_may_hide_as_many_sales() {
    let none = Missing::default();
    // Two orders of one unit, one of them cancelled. Put back, or not put back and nothing sold; or
    // put back and sold again, which looks like the second.
    assert_eq!(none.after(moved(1, 2, 1), at(0)), none);
    let doubted = none.after(moved(2, 2, 1), at(0));
    assert_eq!(doubted.units, 1);
    assert_eq!(doubted.still(at(60)).units, 1);
    assert_eq!(doubted.still(at(61)), none);
    // The order that it hid comes in late, or a sale is certain.
    assert_eq!(doubted.after(moved(0, 1, 0), at(10)), none);
    let certain = none.after(moved(3, 2, 1), at(0));
    assert_eq!((certain.units, certain.since), (2, Some(at(0))));
    assert_eq!(doubted.after(moved(1, 0, 0), at(30)).since, Some(at(30)));
    for (moved, explained) in [
        (moved(2, 2, 1), true),
        (moved(1, 2, 1), true),
        (moved(0, 2, 1), false),
        (moved(3, 2, 1), false),
    ] {
        assert_eq!(moved.is_explained(), explained, "{moved:?}");
    }
}

fn moved(fell: i32, told: i32, given_back: i32) -> Moved {
    Moved {
        fell,
        told,
        given_back,
    }
}

#[test]
fn what_trendyol_has_put_on_sale_by_itself_is_told_from_ours() {
    let cancelled = told(listed(0), 0);
    assert_eq!(cancelled.lifted_at(1), 1);
    let lifted = Known {
        lifted: 2,
        ..listed(3)
    };
    // Nothing new; one more; two sold, of which an order tells; all sold.
    assert_eq!(lifted.lifted_at(3), 2);
    assert_eq!(lifted.lifted_at(4), 3);
    assert_eq!(told(lifted.clone(), 2).lifted_at(1), 1);
    assert_eq!(lifted.lifted_at(0), 0);
    // Our push has come, or it has not.
    assert_eq!(open(lifted.clone(), 5, Fate::Unknown).lifted_at(5), 0);
    assert_eq!(open(lifted, 5, Fate::Unknown).lifted_at(3), 0);
    assert_eq!(Known::default().lifted_at(7), 0);
}

#[test]
fn a_sale_that_no_order_tells_of_is_not_put_back_on_sale() {
    // Two were sold, one is told of: 5 there, 1 reserved, 3 on sale.
    let mut known = checked(listed(3));
    known.missing = none_told(1);
    let shelves = [(barcode("a"), 4)].into();
    let known: HashMap<Barcode, Known> = [(barcode("a"), known)].into();
    let plan = plan(
        &shelves,
        &Reserved::default(),
        &known,
        &Listing::default(),
        rules(false),
    );
    let entry = &plan.entries[&barcode("a")];
    assert_eq!((entry.available, entry.missing), (4, 1));
    assert_eq!(entry.verdict, Verdict::Settled);
}

fn none_told(units: i32) -> Missing {
    Missing {
        units,
        since: Some(at(0)),
    }
}

#[test]
fn what_cannot_be_looked_at_is_only_taken_off_sale() {
    let blind = Rules {
        blind: true,
        ..rules(false)
    };
    for known in [listed(5), open(listed(5), 5, Fate::Unknown)] {
        assert_eq!(verdict(4, &known, blind), Verdict::Wait(Why::Unseen));
        assert_eq!(verdict(0, &known, blind), Verdict::Send { quantity: 0 });
    }
    for available in [0, 4] {
        let never = verdict(available, &Known::default(), blind);
        assert_eq!(never, Verdict::Wait(Why::Unseen));
    }
    let unseen = Verdict::Send { quantity: 4 };
    assert_eq!(verdict(4, &checked(listed(5)), blind), unseen);
    assert_eq!(verdict(5, &listed(5), blind), Verdict::Settled);
}

fn barcode(text: &str) -> Barcode {
    Barcode::parse(text).unwrap()
}

#[test]
fn what_the_warehouse_no_longer_has_is_taken_off_sale_and_lowered_stock_goes_first() {
    let shelves = [("a", 9), ("b", 1)].map(|(b, n)| (barcode(b), n)).into();
    let known: HashMap<Barcode, Known> = [
        (barcode("a"), checked(Known::default())),
        (barcode("b"), checked(listed(5))),
        (barcode("gone"), checked(listed(2))),
        (barcode("never"), listed(0)),
    ]
    .into();
    let plan = plan(
        &shelves,
        &Reserved::default(),
        &known,
        &Listing::default(),
        rules(false),
    );
    let names: Vec<&str> = plan.entries.keys().map(Barcode::as_str).collect();
    assert_eq!(names, ["a", "b", "gone"]);
    assert_eq!(plan.entries[&barcode("gone")].qty, None);
    let sends: Vec<(String, i32)> = plan
        .sends(&known)
        .into_iter()
        .map(|(b, n)| (b.as_str().to_owned(), n))
        .collect();
    let want = [("b", 1), ("gone", 0), ("a", 9)].map(|(b, n)| (b.to_owned(), n));
    assert_eq!(sends, want);
}

fn any_known() -> impl Strategy<Value = Known> {
    let quantity = 0..6_i32;
    (
        proptest::option::of(quantity.clone()),
        proptest::option::of((quantity.clone(), any::<bool>())),
        proptest::collection::vec((quantity, -20..0_i64), 0..4),
        any::<bool>(),
    )
        .prop_map(|(confirmed, open, recent, checked)| Known {
            confirmed: confirmed.map(|n| (n, at(-30))),
            open: open.map(|(quantity, queued)| Open {
                quantity,
                at: at(-1),
                fate: if queued { Fate::Queued } else { Fate::Unknown },
            }),
            recent: recent
                .into_iter()
                .map(|(n, minutes)| (n, at(minutes)))
                .collect(),
            checked,
            ..Known::default()
        })
}

proptest! {
    #[test]
    fn what_is_sent_is_there_and_was_not_sent_lately(available in 0..6_i32, known in any_known(), stale: bool) {
        if let Verdict::Send { quantity } = verdict(available, &known, rules(stale)) {
            prop_assert!((0..=available).contains(&quantity));
            let lately = |(n, when): &(i32, DateTime<Utc>)| *n == quantity && *when > at(-15);
            prop_assert!(!known.recent.iter().any(lately));
        }
    }

    #[test]
    fn an_old_view_never_raises_stock(available in 0..6_i32, known in any_known()) {
        if let Verdict::Send { quantity } = verdict(available, &known, rules(true)) {
            let most = known.confirmed.map(|(n, _)| n).max(known.open.map(|open| open.quantity));
            prop_assert!(most.is_some_and(|most| quantity < most));
        }
    }

    /// Left alone, every bar code that is not refused reaches what is available.
    #[test]
    fn it_ends_at_what_is_available(available in 0..6_i32, known in any_known()) {
        let mut known = known;
        let mut now = at(0);
        for _ in 0..20 {
            let rules = Rules { now, ..rules(false) };
            match verdict(available, &known, rules) {
                Verdict::Settled => return Ok(()),
                Verdict::Check => known.checked = true,
                Verdict::Send { quantity } => {
                    known.recent.push((quantity, now));
                    known.confirmed = Some((quantity, now));
                    known.open = None;
                    known.checked = false;
                }
                Verdict::Wait(_) => {
                    known.open = None;
                    known.checked = false;
                    now += TimeDelta::minutes(5);
                }
            }
        }
        prop_assert!(false, "{known:?}");
    }
}

#[test]
fn what_the_warehouse_keeps_off_sale_is_not_on_sale_and_what_is_made_to_order_always_is() {
    let row = |barcode: &str, extra_buffer, made_to_order| ListingRow {
        barcode: barcode.to_owned(),
        extra_buffer,
        made_to_order,
    };
    let on_shelf = |barcode: &str, qty| StockRow {
        barcode: barcode.to_owned(),
        qty,
    };
    let rows = ListingRows {
        rules: vec![
            row("extra", 2, false),
            row("made", 0, true),
            row("made.alone", 0, true),
            row("made", 5, false),
        ],
        shelves: vec![
            on_shelf("extra", 6),
            on_shelf("plain", 6),
            on_shelf("fewer", 2),
            on_shelf("more", 9),
        ],
        enforced: true,
    };
    let (listing, _) = Listing::read(rows, ShelfRule::Auto);
    let shelves = ["extra", "plain", "fewer", "more", "stale", "made"]
        .map(|name| (barcode(name), 6))
        .into();
    let mut sold = checked(listed(10));
    sold.missing = none_told(3);
    let known: HashMap<Barcode, Known> = [(barcode("made"), sold)].into();
    let rules = Rules {
        safety: 1,
        ..rules(false)
    };
    let plan = plan(&shelves, &Reserved::default(), &known, &listing, rules);
    let seen: Vec<(&str, i32, u32, Option<i32>, bool)> = plan
        .entries
        .iter()
        .map(|(barcode, e)| {
            let name = barcode.as_str();
            (
                name,
                e.available,
                e.extra_buffer,
                e.shelved,
                e.made_to_order,
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("extra", 3, 2, None, false),
            ("fewer", 1, 0, Some(2), false),
            ("made", 10, 0, None, true),
            ("made.alone", 10, 0, None, true),
            ("more", 5, 0, None, false),
            ("plain", 5, 0, None, false),
            ("stale", 0, 0, Some(0), false),
        ]
    );
    assert_eq!(plan.entries[&barcode("made")].verdict, Verdict::Settled);
}
