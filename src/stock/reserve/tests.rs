use proptest::prelude::*;

use super::*;
use crate::stock::ledger::Movement;

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::minutes(minutes)
}

fn package(id: i64, status: &str, lines: &[(&str, u32)]) -> Held {
    Held {
        package_id: id,
        order_number: "4711".to_owned(),
        status: PackageStatus::parse(status),
        changed_at: at(0),
        lines: lines
            .iter()
            .map(|(barcode, quantity)| Line {
                barcode: (*barcode).to_owned(),
                quantity: *quantity,
                line_id: None,
            })
            .collect(),
        origins: Vec::new(),
        taken: false,
        unpicked: false,
        released: false,
    }
}

fn units(packages: &[Held], minutes: i64) -> u64 {
    reserve(packages, &[], &Facts::default(), at(minutes)).units(&Barcode::parse("a").unwrap())
}

#[test]
fn a_status_decides_whether_units_are_held() {
    for (status, held) in [
        ("Awaiting", 2),
        ("Verified", 2),
        ("Created", 2),
        ("Picking", 2),
        ("Invoiced", 2),
        ("Repack", 2),
        ("ReadyToShip", 2),
        // Unknown: kept, and named.
        ("OnTheMoon", 2),
        ("", 2),
        ("Shipped", 0),
        ("AtCollectionPoint", 0),
        ("Delivered", 0),
        ("UnDelivered", 0),
        ("Returned", 0),
    ] {
        let mut open = package(1, status, &[("a", 1), (" a ", 0), ("a", 1)]);
        assert_eq!(units(&[open.clone()], 0), held, "{status}");
        assert_eq!(
            units(&[open.clone()], 100_000),
            held,
            "{status}, much later"
        );
        open.taken = true;
        assert_eq!(units(&[open], 0), 0, "{status}, taken");
    }
    let new = reserve(
        &[package(1, "OnTheMoon", &[("a", 1)])],
        &[],
        &Facts::default(),
        at(0),
    );
    assert_eq!(
        new.oddities[0].to_string(),
        "package 1 (order 4711): its status \"OnTheMoon\" is new to orderwatch (counted)"
    );
}

#[test]
fn a_package_that_left_unpicked_holds_its_units_for_ever() {
    let mut left = package(1, "Shipped", &[("a", 2)]);
    left.unpicked = true;
    assert_eq!(units(&[left.clone()], 0), 2);
    assert_eq!(units(&[left.clone()], 1_000_000), 2);
    left.taken = true;
    assert_eq!(units(&[left], 0), 0);
}

#[test]
fn a_split_holds_each_unit_once_in_whatever_order_it_becomes_known() {
    let origin = |status| package(1, status, &[("a", 3)]);
    let part = |id, n| Held {
        origins: vec![1],
        ..package(id, "Created", &[("a", n)])
    };
    // The new ones first, one of them, none of them, all.
    assert_eq!(units(&[origin("Created")], 0), 3);
    assert_eq!(units(&[origin("Created"), part(2, 1)], 0), 3);
    assert_eq!(units(&[origin("Created"), part(2, 1), part(3, 2)], 0), 3);
    assert_eq!(units(&[part(2, 1), part(3, 2)], 0), 3);
    assert_eq!(units(&[origin("UnPacked")], 0), 3);
    assert_eq!(units(&[origin("UnPacked"), part(2, 1)], 0), 3);
    assert_eq!(units(&[origin("UnPacked"), part(2, 1), part(3, 2)], 0), 3);
    // What does not come within the hour was cancelled.
    assert_eq!(units(&[origin("UnPacked"), part(2, 1)], 61), 1);
}

#[test]
fn a_cancelled_package_holds_its_units_until_the_rest_of_it_would_have_come() {
    for status in ["Cancelled", "UnSupplied"] {
        let ended = || package(1, status, &[("a", 3)]);
        let rest = Held {
            origins: vec![1],
            ..package(2, "Created", &[("a", 1)])
        };
        assert_eq!(units(&[ended()], 14), 3);
        assert_eq!(units(&[ended()], 15), 0);
        assert_eq!(units(&[ended(), rest.clone()], 14), 3);
        assert_eq!(units(&[ended(), rest], 15), 1);
    }
}

#[test]
fn what_is_taken_for_an_order_is_what_will_be_sent() {
    let part = |id, status, n| Held {
        origins: vec![1],
        ..package(id, status, &[("a", n), ("b/c", 9)])
    };
    let mut left = package(5, "Shipped", &[("b", 1)]);
    left.unpicked = true;
    let mut taken = package(6, "Created", &[("b", 7)]);
    taken.taken = true;
    let packages = [
        package(1, "Cancelled", &[("a", 3)]),
        part(2, "Created", 1),
        part(3, "Cancelled", 1),
        package(4, "Delivered", &[("b", 5)]),
        left,
        taken,
    ];
    let take = to_take(&packages, &[], &Facts::default(), at(0));
    let take: Vec<_> = take.into_iter().collect();
    assert_eq!(take, [("a".to_owned(), 1), ("b".to_owned(), 1)]);
}

#[test]
fn a_split_that_does_not_name_its_origin_is_reconciled_by_its_order() {
    let later = package(2, "Created", &[("a", 3)]);
    assert_eq!(
        units(&[package(1, "UnPacked", &[("a", 3)]), later.clone()], 0),
        3
    );
    // Two packages of one order that are both open are two packages.
    assert_eq!(units(&[package(1, "Created", &[("a", 3)]), later], 0), 6);
}

#[test]
fn rows_that_no_package_backs_hold_what_their_details_say() {
    let row = details::Row {
        table: "orders_created".to_owned(),
        id: 9,
        order_number: "4712".to_owned(),
        details: Some(r#"[{"barcode":" a ","quantity":"2"},{"barcode":null}]"#.to_owned()),
        ..details::Row::default()
    };
    let reserved = reserve(
        &[package(1, "Created", &[("a", 1), ("b/c", 4)])],
        &[row],
        &Facts::default(),
        at(0),
    );
    let barcode = Barcode::parse("a").unwrap();
    assert_eq!((reserved.units(&barcode), reserved.total()), (3, 3));
    let holders: Vec<_> = reserved
        .holders(&barcode)
        .iter()
        .map(|h| (h.order.as_str(), h.package, h.units))
        .collect();
    assert_eq!(holders, [("4711", Some(1), 1), ("4712", None, 2)]);
    let said: Vec<String> = reserved.oddities.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "package 1 (order 4711): 4 units of \"b/c\": the bar code holds '/', which Trendyol does not take (not counted)",
            "orders_created 9 (order 4712): line 2: it has no barcode (not counted)",
        ]
    );
}

fn with_ledger(movements: &[(&str, &str, i32)]) -> Facts {
    let movement = |(order, barcode, units): &(&str, &str, i32)| Movement {
        order: (*order).to_owned(),
        barcode: (*barcode).to_owned(),
        units: *units,
    };
    Facts {
        movements: Some(movements.iter().map(movement).collect()),
        ..Facts::default()
    }
}

#[test]
fn the_ledger_says_what_was_taken_of_an_order() {
    let left = |id, units, unpicked| Held {
        unpicked,
        ..package(id, "Shipped", &[("a", units)])
    };
    let open = |id, units| package(id, "Picking", &[("a", units)]);
    let taken = |held: Held| Held {
        taken: true,
        ..held
    };
    let released = |held: Held| Held {
        released: true,
        ..taken(held)
    };
    let rest = Held {
        origins: vec![1],
        ..open(2, 1)
    };
    for (packages, out, want) in [
        (vec![open(1, 2)], 0, 2),
        (vec![open(1, 2)], 1, 1),
        (vec![open(1, 2)], 2, 0),
        // More came back than had left.
        (vec![open(1, 2)], -1, 2),
        (vec![left(1, 2, true)], 0, 2),
        (vec![left(1, 2, true)], 1, 1),
        (vec![left(1, 2, true)], 5, 0),
        // Shipped before orderwatch knew of it: its movement is not that of the rest.
        (vec![left(1, 2, false), open(2, 1)], 2, 1),
        (vec![left(1, 2, false), open(2, 1)], 3, 0),
        (vec![left(1, 2, true), open(2, 1)], 2, 1),
        (vec![taken(open(1, 2)), open(2, 1)], 2, 1),
        // Not taken from here, so the movement is that of the other one.
        (vec![released(left(1, 2, true)), open(2, 2)], 2, 0),
        // Half of a package was cancelled; the rest of it was picked.
        (vec![package(1, "Cancelled", &[("a", 2)]), rest], 1, 1),
    ] {
        let facts = with_ledger(&[("4711", "a", out), ("4712", "a", 9), ("4711", "b", 9)]);
        let reserved = reserve(&packages, &[], &facts, at(0));
        let units = reserved.units(&Barcode::parse("a").unwrap());
        assert_eq!(units, want, "{out}: {packages:?}");
        let needed = to_take(&packages, &[], &facts, at(0));
        assert!(needed.values().all(|units| u64::from(*units) <= want));
        let unaccounted = packages.iter().filter(|held| {
            held.unpicked && !held.taken && !reserved.accounted.contains(&held.package_id)
        });
        let named = reserved.shipped().map(|(_, holder)| holder.package);
        assert_eq!(
            named.collect::<Vec<_>>(),
            unaccounted
                .map(|held| Some(held.package_id))
                .collect::<Vec<_>>()
        );
    }
}

#[test]
fn rows_hold_what_the_ledger_does_not_account_for() {
    let row = |order: &str| details::Row {
        order_number: order.to_owned(),
        details: Some(r#"[{"barcode":"A","quantity":2},{"barcode":"b","quantity":1}]"#.to_owned()),
        ..details::Row::default()
    };
    let mut facts = with_ledger(&[("1", "a", 1), ("1", "b", 1), ("2", "a", 1)]);
    facts.names = Names::new([], ["a".to_owned()]);
    let reserved = reserve(&[], &[row("1"), row("2"), row("3")], &facts, at(0));
    let units = |barcode: &str| reserved.units(&Barcode::parse(barcode).unwrap());
    assert_eq!((units("a"), units("A"), units("b")), (4, 4, 2));
    assert_eq!(reserved.total(), 6);
}

proptest! {
    /// However a package is split, and whichever records of it are known: never fewer units are
    /// held than are still to be sent, and never more than twice as many.
    #[test]
    fn a_split_never_frees_units(
        parts in proptest::collection::vec(1..5_u32, 1..5),
        known in proptest::collection::vec(any::<bool>(), 5),
        origin in prop_oneof![Just("Created"), Just("UnPacked"), Just("Picking")],
    ) {
        let all: u32 = parts.iter().sum();
        let mut packages = vec![package(1, origin, &[("a", all)])];
        for (at, units) in parts.iter().enumerate().filter(|(at, _)| known[*at]) {
            let id = i64::try_from(at).unwrap() + 2;
            packages.push(Held { origins: vec![1], ..package(id, "Created", &[("a", *units)]) });
        }
        prop_assert_eq!(units(&packages, 0), u64::from(all));
    }
}
