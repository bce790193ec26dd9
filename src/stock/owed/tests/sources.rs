//! From which packages the units of a later one come, where several could have given them.

use super::*;

fn begins(id: i64, status: &str, units: u32) -> HeldPackage {
    package(id, "order-creation", status, units)
}

fn numbered(package: HeldPackage, line_id: i64) -> HeldPackage {
    let mut package = package;
    package.lines[0].line_id = Some(line_id);
    package
}

#[test]
fn the_rest_of_a_cancelled_package_comes_of_the_one_that_it_names() {
    let cancelled = begins(1, "Cancelled", 3);
    let dissolved = begins(2, "UnPacked", 2);
    let rest = of(1, package(3, "cancel", "Created", 1));
    let known = [cancelled, dissolved, rest];
    assert_eq!(units(&known, DAY), 3, "the dissolved one is still owed");
    assert_eq!(settle(&known).owing, [2]);
}

#[test]
fn of_each_cancelled_package_one_rest_is_left() {
    // As Trendyol does, the second rest names the first package of the order.
    let second = of(1, package(4, "cancel", "Created", 1));
    let first = of(1, package(3, "cancel", "Created", 1));
    let known = [
        begins(1, "Cancelled", 3),
        begins(2, "UnPacked", 3),
        first.clone(),
        second.clone(),
    ];
    assert_eq!((units(&known, 14), units(&known, DAY)), (6, 2));

    // Two lines of one rest are one rest.
    let mut both = first.clone();
    both.lines.push(line("a", 1, None));
    let known = [begins(1, "Cancelled", 3), begins(2, "UnPacked", 3), both];
    assert_eq!(units(&known, DAY), 5);

    // Where nothing else could have given it, it is the rest of the same package all the same.
    let known = [
        taken(begins(1, "Cancelled", 3)),
        begins(2, "Cancelled", 3),
        first,
        second,
    ];
    assert_eq!(settle(&known).taken, [3, 4]);
}

#[test]
fn a_rest_that_names_nothing_comes_of_a_dissolved_package() {
    let known = [
        begins(1, "Cancelled", 3),
        begins(2, "UnPacked", 3),
        package(3, "cancel", "Created", 1),
    ];
    assert_eq!(units(&known, DAY), 1);
}

#[test]
fn a_split_comes_of_a_dissolved_package_whatever_it_names() {
    let known = [
        begins(1, "Cancelled", 3),
        begins(2, "UnPacked", 2),
        of(1, package(3, "split", "Created", 1)),
    ];
    assert_eq!(units(&known, DAY), 2);
    // One that names a package which never came is a part of the order, too.
    for by in ["split", "cancel"] {
        let known = [
            begins(1, "UnPacked", 2),
            of(99, package(2, by, "Created", 2)),
        ];
        assert_eq!(units(&known, 0), 2, "{by}");
    }
}

#[test]
fn what_comes_from_another_seller_is_no_part_of_what_was_dissolved_here() {
    for status in ["UnPacked", "Cancelled"] {
        let received = of(99, package(2, "transfer", "Created", 2));
        assert_eq!(units(&[begins(1, status, 2), received], 0), 4, "{status}");
        // It says nothing of where it came from, or has a line of the dissolved one.
        let nameless = package(2, "transfer", "Created", 2);
        assert_eq!(units(&[begins(1, status, 2), nameless], 0), 2, "{status}");
        let same_line = [
            numbered(begins(1, status, 2), 7),
            numbered(of(99, package(2, "transfer", "Created", 2)), 7),
        ];
        assert_eq!(units(&same_line, 0), 2, "{status}");
    }
}

#[test]
fn a_line_comes_of_the_package_in_which_it_was() {
    let origin = |line_id| {
        let known = [
            numbered(taken(begins(1, "UnPacked", 2)), 7),
            numbered(begins(2, "UnPacked", 2), 8),
            numbered(package(3, "split", "Created", 2), line_id),
        ];
        settle(&known).taken
    };
    assert_eq!(origin(7), [3], "picked with the first");
    assert_eq!(origin(8), [0_i64; 0]);
}

#[test]
fn units_of_an_open_package_are_not_freed_by_a_guess() {
    let open = begins(1, "Created", 3);
    let shipped = package(2, "split", "Shipped", 2);
    assert_eq!(units(&[open.clone(), shipped.clone()], DAY), 3);
    assert_eq!(units(&[open, of(1, shipped)], DAY), 1, "it says so itself");
}

#[test]
fn what_was_sent_is_sent_again_in_another_package_only_where_that_says_so() {
    let mut left = begins(1, "Shipped", 2);
    left.unpicked = true;
    let part = package(2, "split", "Created", 1);
    assert_eq!(units(&[left.clone(), part.clone()], DAY), 3);
    assert_eq!(units(&[left, of(1, part)], DAY), 2);
}

#[test]
fn a_placeholder_goes_with_its_package_and_not_before() {
    let stands = package(-4711, "", "Awaiting", 2);
    let shipped = [stands.clone(), begins(5, "Shipped", 2)];
    assert_eq!(units(&shipped, DAY), 0);
    assert_eq!(settle(&shipped).replaced, [-4711]);

    let nothing_known = HeldPackage {
        lines: vec![],
        ..stands
    };
    assert_eq!(settle(&[nothing_known]).replaced, [0_i64; 0]);
}

#[test]
fn nothing_is_written_down_twice() {
    let carried_on = [begins(1, "UnPacked", 2), package(2, "split", "Created", 2)];
    let settled = settle(&carried_on);
    assert_eq!((settled.replaced, settled.taken), (vec![], vec![]));
    let known_as_taken = [
        taken(begins(1, "UnPacked", 3)),
        taken(package(2, "split", "Created", 3)),
    ];
    assert_eq!(settle(&known_as_taken).taken, [0_i64; 0]);
}

#[test]
fn the_warehouse_is_shown_each_unit_where_it_is_now() {
    let shown = |packages: &[HeldPackage]| {
        let units = super::super::shown(packages);
        let in_order = packages
            .iter()
            .map(|package| units[&package.package_id].clone());
        in_order.collect::<Vec<_>>()
    };
    let dissolved = begins(1, "UnPacked", 3);
    let split = package(2, "split", "Created", 1);
    assert_eq!(shown(&[dissolved.clone(), split]), [[2], [1]]);
    let rest = package(2, "cancel", "Created", 1);
    assert_eq!(shown(&[dissolved, rest.clone()]), [[0], [1]]);
    assert_eq!(shown(&[begins(1, "Cancelled", 3), rest]), [[2], [1]]);

    let mut part_cancelled = begins(1, "Created", 1);
    part_cancelled.lines.push(HeldLine {
        status: Some("Cancelled".to_owned()),
        ..line("a", 2, None)
    });
    assert_eq!(shown(&[part_cancelled]), [[1, 0]]);
}
