mod ledger;

use chrono::TimeDelta;

use super::*;
use crate::stock::{CreatedBy, PackageStatus, held::HeldLine, ledger::Movement};

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::minutes(minutes)
}

fn package(id: i64, status: &str, lines: &[(&str, u32)]) -> HeldPackage {
    HeldPackage {
        package_id: id,
        order_number: "4711".to_owned(),
        status: PackageStatus::parse(status),
        created_by: None,
        since: at(0),
        lines: lines
            .iter()
            .map(|(barcode, units)| line(barcode, *units, ""))
            .collect(),
        origins: Vec::new(),
        taken: false,
        unpicked: false,
        released: false,
        transferred: false,
        asked_in_vain: 0,
    }
}

fn line(barcode: &str, quantity: u32, status: &str) -> HeldLine {
    HeldLine {
        barcode: barcode.to_owned(),
        quantity,
        line_id: None,
        status: (!status.is_empty()).then(|| status.to_owned()),
    }
}

fn units(packages: &[HeldPackage], minutes: i64) -> u64 {
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
        // Never picked here, and back again: people decide.
        ("UnDeliveredAndReturned", 0),
        ("Reset", 2),
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
        new.data_warnings[0].to_string(),
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
fn a_cancelled_package_holds_its_units_until_the_rest_of_it_would_have_come() {
    for status in ["Cancelled", "UnSupplied"] {
        let ended = || package(1, status, &[("a", 3)]);
        let rest = HeldPackage {
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
    let part = |id, status, n| HeldPackage {
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
    let take = to_take(&packages, &[], &Facts::default());
    let take: Vec<_> = take.into_iter().collect();
    assert_eq!(take, [("a".to_owned(), 1), ("b".to_owned(), 1)]);
}

#[test]
fn a_cancelled_line_of_a_package_that_lives_on_is_freed_as_a_cancelled_package_is() {
    for (of_line, soon, later) in [
        ("Picking", 2, 2),
        ("Cancelled", 2, 1),
        ("UnSupplied", 2, 1),
        // The marketplace lags behind itself: nothing is freed for that.
        ("Delivered", 2, 2),
        ("OnTheMoon", 2, 2),
        // Moved to another package, which is not known yet.
        ("UnPacked", 2, 2),
    ] {
        let lines = || vec![line("a", 1, ""), line("a", 1, of_line)];
        let live = HeldPackage {
            lines: lines(),
            ..package(1, "Picking", &[])
        };
        let left = HeldPackage {
            unpicked: true,
            lines: lines(),
            ..package(1, "Shipped", &[])
        };
        assert_eq!(units(std::slice::from_ref(&live), 14), soon, "{of_line}");
        assert_eq!(units(std::slice::from_ref(&live), 15), later, "{of_line}");
        assert_eq!(units(&[left], 15), later, "{of_line}");
        let take = to_take(&[live], &[], &Facts::default());
        assert_eq!(u64::from(take["a"]), later, "{of_line}");
    }
}

#[test]
fn what_stays_open_is_named_and_stays_reserved() {
    let named = |packages: &[HeldPackage], minutes| {
        let reserved = reserve(packages, &[], &Facts::default(), at(minutes));
        let said: Vec<String> = reserved
            .data_warnings
            .iter()
            .map(ToString::to_string)
            .collect();
        (reserved.total(), said)
    };
    let todo = "stay reserved: look the order up in the seller panel, then pick it, or end the \
                reservation with `orderwatch stock release 4711` (counted)";

    let dissolved = package(1, "UnPacked", &[("a", 3), ("b", 1)]);
    let part = HeldPackage {
        created_by: Some(CreatedBy::Split),
        ..package(2, "Created", &[("a", 1)])
    };
    let split = [dissolved, part];
    assert_eq!(named(&split, 59), (4, vec![]));
    let want =
        "package 1 (order 4711): it was dissolved, and no package of the order carries this on";
    assert_eq!(
        named(&split, 60),
        (4, vec![format!("{want}; 2 × a, 1 × b {todo}")])
    );

    let passed_on = HeldPackage {
        transferred: true,
        ..package(1, "Created", &[("a", 3)])
    };
    let want = "package 1 (order 4711): the marketplace passes it on between sellers, and does not say \
                whether to or from this one";
    assert_eq!(named(std::slice::from_ref(&passed_on), 59), (3, vec![]));
    assert_eq!(
        named(&[passed_on], 60),
        (3, vec![format!("{want}; 3 × a {todo}")])
    );

    let silent = |asked_in_vain| HeldPackage {
        asked_in_vain,
        ..package(-4711, "Created", &[("a", 3)])
    };
    let want = "order 4711 (no package id yet): it is open, and the marketplace does not answer about it \
                any more";
    assert_eq!(named(&[silent(2)], 9999), (3, vec![]));
    assert_eq!(
        named(&[silent(3)], 9999),
        (3, vec![format!("{want}; 3 × a {todo}")])
    );
    let ended = HeldPackage {
        taken: true,
        released: true,
        ..silent(3)
    };
    assert_eq!(named(&[ended], 9999), (0, vec![]));
}

#[test]
fn rows_that_no_package_backs_hold_what_their_details_say() {
    let row = details::OrderRow {
        table: "orders_created".to_owned(),
        id: 9,
        order_number: "4712".to_owned(),
        details: Some(r#"[{"barcode":" a ","quantity":"2"},{"barcode":null}]"#.to_owned()),
        ..details::OrderRow::default()
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
    let said: Vec<String> = reserved
        .data_warnings
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        said,
        [
            "package 1 (order 4711): 4 units of \"b/c\": the barcode holds '/', which Trendyol does not take (not counted)",
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
    let left = |id, units, unpicked| HeldPackage {
        unpicked,
        ..package(id, "Shipped", &[("a", units)])
    };
    let open = |id, units| package(id, "Picking", &[("a", units)]);
    let taken = |held: HeldPackage| HeldPackage {
        taken: true,
        ..held
    };
    let released = |held: HeldPackage| HeldPackage {
        released: true,
        ..taken(held)
    };
    let rest = HeldPackage {
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
        let needed = to_take(&packages, &[], &facts);
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
    let row = |order: &str| details::OrderRow {
        order_number: order.to_owned(),
        details: Some(r#"[{"barcode":"A","quantity":2},{"barcode":"b","quantity":1}]"#.to_owned()),
        ..details::OrderRow::default()
    };
    let mut facts = with_ledger(&[("1", "a", 1), ("1", "b", 1), ("2", "a", 1)]);
    facts.names = Names::new([], ["a".to_owned()]).into();
    let reserved = reserve(&[], &[row("1"), row("2"), row("3")], &facts, at(0));
    let units = |barcode: &str| reserved.units(&Barcode::parse(barcode).unwrap());
    assert_eq!((units("a"), units("A"), units("b")), (4, 4, 2));
    assert_eq!(reserved.total(), 6);
}
