//! What a ledger of the warehouse ends, and what is said and looked up beside it.

use super::*;

/// What was taken for the order, of `a`.
fn taken(units: i32) -> Facts {
    Facts {
        movements: Some(vec![Movement {
            order: "4711".to_owned(),
            barcode: "a".to_owned(),
            units,
        }]),
        ..Facts::default()
    }
}

fn left(id: i64, unpicked: bool) -> HeldPackage {
    HeldPackage {
        unpicked,
        ..package(id, "Shipped", &[("a", 2)])
    }
}

/// Who holds units of `a`.
fn holders(packages: &[HeldPackage], facts: &Facts) -> Vec<Option<i64>> {
    let reserved = reserve(packages, &[], facts, at(0));
    let holders = reserved.holders(&Barcode::parse("a").unwrap());
    holders.iter().map(|holder| holder.package).collect()
}

#[test]
fn what_has_left_was_taken_before_what_is_open() {
    let open = package(1, "Created", &[("a", 2)]);
    assert_eq!(holders(&[open, left(2, true)], &taken(2)), [Some(1)]);
    // That it left without being taken was only an assumption; that it was picked was seen.
    assert_eq!(
        holders(&[left(1, true), left(2, false)], &taken(2)),
        [Some(1)]
    );
    let returned = package(2, "Returned", &[("a", 2)]);
    assert_eq!(holders(&[left(1, true), returned], &taken(2)), [Some(1)]);
}

#[test]
fn a_shipped_package_is_accounted_for_when_the_ledger_has_all_of_it() {
    let accounted = |package: HeldPackage, facts: &Facts| {
        let reserved = reserve(&[package], &[], facts, at(0));
        !reserved.accounted.is_empty()
    };
    assert!(accounted(left(1, true), &taken(2)));
    assert!(!accounted(left(1, true), &taken(1)), "one is still owed");
    assert!(!accounted(left(1, false), &taken(2)), "it was picked");
    let open = package(1, "Created", &[("a", 2)]);
    assert!(!accounted(open, &taken(2)), "it is not shipped");
    let known = HeldPackage {
        taken: true,
        ..left(1, true)
    };
    assert!(!accounted(known, &taken(2)), "known already");
    let empty = HeldPackage {
        lines: vec![],
        ..left(1, true)
    };
    assert!(!accounted(empty, &Facts::default()), "there is no ledger");
}

#[test]
fn nothing_is_left_to_take_of_a_row_that_the_ledger_accounts_for() {
    let row = details::OrderRow {
        table: "orders_created".to_owned(),
        id: 7,
        order_number: "4711".to_owned(),
        details: Some(r#"[{"barcode":"a","quantity":2}]"#.to_owned()),
        product_barcode: None,
        quantity: None,
    };
    let rows = [row];
    assert!(to_take(&[], &rows, &taken(2)).is_empty());
    assert_eq!(to_take(&[], &rows, &taken(1))["a"], 1);

    let open = package(1, "Created", &[("b", 1)]);
    let named = barcodes(&[open], &rows, &Names::default());
    assert_eq!(named.into_iter().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn a_product_is_held_under_its_main_barcode() {
    let alias = ("x".to_owned(), "a".to_owned());
    let facts = Facts {
        names: Arc::new(Names::new([alias], [])),
        movements: None,
    };
    let reserved = reserve(&[package(1, "Created", &[("x", 2)])], &[], &facts, at(0));
    for (barcode, is_main) in [("a", true), ("x", false)] {
        let barcode = Barcode::parse(barcode).unwrap();
        assert_eq!(reserved.is_main(&barcode), is_main, "{barcode}");
        assert_eq!(reserved.units(&barcode), 2, "{barcode}");
    }
}

#[test]
fn nothing_is_said_of_a_package_that_holds_nothing_unless_its_status_is_new() {
    let said = |package: HeldPackage| {
        let reserved = reserve(&[package], &[], &Facts::default(), at(100_000));
        !reserved.data_warnings.is_empty()
    };
    let asked = |package: HeldPackage| HeldPackage {
        asked_in_vain: 3,
        ..package
    };
    assert!(said(asked(package(1, "Created", &[("a", 1)]))));
    assert!(!said(asked(left(1, false))));
    assert!(said(package(1, "OnTheMoon", &[("a", 0)])));
    let taken = HeldPackage {
        taken: true,
        ..package(1, "OnTheMoon", &[("a", 1)])
    };
    assert!(!said(taken));
}
