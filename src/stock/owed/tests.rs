mod sources;

use proptest::prelude::*;

use super::*;
use crate::stock::{Barcode, PackageStatus, held::HeldLine, ledger::Facts, reserve::reserve};

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::minutes(minutes)
}

/// `createdBy`, status, and units of `a`.
fn package(id: i64, by: &str, status: &str, units: u32) -> HeldPackage {
    HeldPackage {
        package_id: id,
        order_number: "4711".to_owned(),
        status: PackageStatus::parse(status),
        created_by: (!by.is_empty()).then(|| CreatedBy::parse(by)),
        since: at(0),
        lines: vec![line("a", units, None)],
        origins: Vec::new(),
        taken: false,
        unpicked: false,
        released: false,
        transferred: by == "transfer",
        asked_in_vain: 0,
    }
}

fn line(barcode: &str, quantity: u32, line_id: Option<i64>) -> HeldLine {
    HeldLine {
        barcode: barcode.to_owned(),
        quantity,
        line_id,
        status: None,
    }
}

fn of(origin: i64, package: HeldPackage) -> HeldPackage {
    HeldPackage {
        origins: vec![origin],
        ..package
    }
}

fn taken(package: HeldPackage) -> HeldPackage {
    HeldPackage {
        taken: true,
        ..package
    }
}

fn units(packages: &[HeldPackage], minutes: i64) -> u64 {
    let reserved = reserve(packages, &[], &Facts::default(), at(minutes));
    reserved.units(&Barcode::parse("a").unwrap())
}

/// A day later, so nothing depends on how soon the parts come.
const DAY: i64 = 24 * 60;

#[test]
fn a_sibling_of_the_order_is_not_taken_for_a_part() {
    let origin = package(501, "", "UnPacked", 2);
    let sibling = package(502, "order-creation", "Created", 2);
    let first = package(503, "split", "Created", 1);
    let second = package(504, "split", "Created", 1);
    let before = HeldPackage {
        status: PackageStatus::Created,
        ..origin.clone()
    };
    let all = [origin, sibling, first, second];
    // In whatever order they are told, and whichever are told.
    for told in 0..4 {
        let mut known = vec![all[0].clone(), all[1].clone()];
        known.extend(all[2..].iter().take(told).cloned());
        assert_eq!(units(&known, 0), 4);
        assert_eq!(units(&known, DAY), 4);
        known[0] = before.clone();
        assert_eq!(units(&known, DAY), 4, "the parts first");
        known.reverse();
        assert_eq!(units(&known, DAY), 4);
    }
}

#[test]
fn a_package_that_begins_the_order_is_a_sale_and_a_part_is_none() {
    let held = |by, origins: &[i64], line_id| {
        let mut part = package(602, by, "Created", 2);
        part.origins = origins.to_vec();
        part.lines[0].line_id = line_id;
        let mut known = package(601, "order-creation", "Created", 3);
        known.lines[0].line_id = Some(7);
        let begins = settle(&[known.clone(), part.clone()]).begins;
        (units(&[known, part], DAY), begins.contains(&602))
    };
    for (by, origins, line_id, want) in [
        ("order-creation", vec![], Some(7), (5, true)),
        ("", vec![], None, (5, true)),
        ("SomethingNew", vec![], Some(8), (5, true)),
        // An origin that nobody knows says nothing.
        ("", vec![99], None, (5, true)),
        ("split", vec![], None, (3, false)),
        ("cancel", vec![], None, (3, false)),
        ("split", vec![601], None, (3, false)),
        ("", vec![601], None, (3, false)),
        // One line is in one place.
        ("", vec![], Some(7), (3, false)),
        ("SomethingNew", vec![], Some(7), (3, false)),
        // Received from another seller, or a part of what was never told of: one reservation more.
        ("transfer", vec![99], None, (5, false)),
        ("transfer", vec![], None, (5, false)),
        ("split", vec![99], None, (5, false)),
    ] {
        assert_eq!(
            held(by, &origins, line_id),
            want,
            "{by:?} {origins:?} {line_id:?}"
        );
    }
    // All alone.
    for by in ["transfer", "split", "cancel", ""] {
        assert_eq!(
            units(&[of(99, package(1, by, "Created", 2))], DAY),
            2,
            "{by}"
        );
    }
}

#[test]
fn parts_may_themselves_be_dissolved_and_be_told_of_before_their_origin() {
    let chain = [
        package(1, "order-creation", "UnPacked", 4),
        package(2, "split", "UnPacked", 3),
        package(3, "split", "Created", 1),
        package(4, "split", "UnPacked", 2),
        package(5, "split", "Created", 1),
        package(6, "split", "Created", 1),
        package(7, "split", "Created", 1),
    ];
    // Every subset with the package that began the order.
    for told in 0..64_u32 {
        let known: Vec<HeldPackage> = chain
            .iter()
            .enumerate()
            .filter(|(at, _)| *at == 0 || told >> (at - 1) & 1 == 1)
            .map(|(_, package)| package.clone())
            .collect();
        assert_eq!(units(&known, DAY), 4, "{told:b}");
    }
    assert!(settle(&chain).owing.is_empty());
    // What is in no other package yet.
    assert!(!settle(&chain[..5]).owing.is_empty());
    // All that is seen of an order older than the view.
    assert_eq!(units(&chain[5..], DAY), 2);
}

#[test]
fn the_rest_of_a_cancelled_part_ends_when_it_has_rested() {
    for (status, name) in [
        ("UnPacked", "ends UnPacked"),
        ("Cancelled", "ends Cancelled"),
    ] {
        let origin = package(1, "order-creation", status, 3);
        let rest = package(2, "cancel", "Created", 1);
        for rest in [rest.clone(), of(1, rest)] {
            let both = [origin.clone(), rest];
            assert_eq!(units(&both, 14), 3, "{name}");
            assert_eq!(units(&both, 15), 1, "{name}");
            assert!(settle(&both).owing.is_empty(), "{name}");
        }
        // A second package of the order is cancelled whole.
        let other = package(3, "order-creation", "Cancelled", 2);
        let rest = of(1, package(4, "cancel", "Created", 1));
        assert_eq!(units(&[origin, other, rest], 15), 1, "{name}");
    }
    // It names the first package of the order, not the last.
    let chain = [
        package(1, "order-creation", "UnPacked", 4),
        package(2, "split", "Cancelled", 3),
        package(3, "split", "Created", 1),
        of(1, package(4, "cancel", "Created", 2)),
    ];
    assert_eq!((units(&chain, 14), units(&chain, 15)), (4, 3));
}

#[test]
fn what_was_taken_stays_taken_in_what_carries_it_on() {
    for named in [false, true] {
        let make = |id, by, status, units| {
            let part = package(id, by, status, units);
            if named { of(1, part) } else { part }
        };
        // Picked, and split afterwards; the parts are told of before and after that.
        for status in ["Picking", "UnPacked"] {
            let parts = [
                make(2, "split", "Created", 1),
                make(3, "split", "Created", 2),
            ];
            let mut known = vec![taken(package(1, "order-creation", status, 3))];
            known.extend(parts);
            assert_eq!(units(&known, DAY), 0, "{status}");
            assert_eq!(settle(&known).taken, [2, 3], "{status}");
        }
    }
    // A sibling of the order was sold and not picked.
    let known = [
        taken(package(1, "order-creation", "UnPacked", 3)),
        package(2, "order-creation", "Created", 2),
        package(3, "split", "Created", 3),
    ];
    assert_eq!((units(&known, DAY), settle(&known).taken), (2, vec![3]));
    // What a person has released was not taken: a part of it that comes all the same is to be sent.
    let released = HeldPackage {
        released: true,
        ..taken(package(1, "order-creation", "UnPacked", 3))
    };
    let known = [released, package(2, "split", "Created", 1)];
    assert_eq!((units(&known, DAY), settle(&known).taken), (1, vec![]));
}

#[test]
fn what_stands_for_an_order_goes_when_its_packages_have_come() {
    let mut stands = package(-4711, "", "Awaiting", 2);
    stands.lines.push(line("b", 1, None));
    assert_eq!(settle(&[stands.clone()]).replaced, [0_i64; 0]);
    let first = package(5, "order-creation", "Created", 2);
    let known = [stands, first];
    assert_eq!(units(&known, DAY), 2);
    assert_eq!(
        settle(&known).replaced,
        [0_i64; 0],
        "b is in no package yet"
    );
    let mut second = package(6, "", "Created", 1);
    second.lines = vec![line("b", 1, None)];
    let known = [known[0].clone(), known[1].clone(), second];
    assert_eq!(settle(&known).replaced, [-4711]);
}

/// What truly happened to an order: packages with units of two products, and what they came of.
#[derive(Clone, Debug)]
struct Truth {
    packages: Vec<(HeldPackage, Option<usize>)>,
}

/// What happens next, to the package that the number picks.
#[derive(Clone, Copy, Debug)]
enum Event {
    Split(usize, u32, bool),
    CancelPart(usize, u32, bool, bool),
    Cancel(usize),
    Ship(usize),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (any::<usize>(), 0..4_u32, any::<bool>()).prop_map(|(p, n, own)| Event::Split(p, n, own)),
        2 => (any::<usize>(), 0..4_u32, any::<bool>(), any::<bool>())
            .prop_map(|(p, n, own, dissolves)| Event::CancelPart(p, n, own, dissolves)),
        1 => any::<usize>().prop_map(Event::Cancel),
        1 => any::<usize>().prop_map(Event::Ship),
    ]
}

/// How the origins of parts are told.
#[derive(Clone, Copy, Debug)]
enum Naming {
    Never,
    Last,
    First,
}

impl Truth {
    fn begin(parcels: &[[u32; 2]]) -> Self {
        let mut truth = Self {
            packages: Vec::new(),
        };
        for units in parcels {
            truth.add("order-creation", *units, None, [None, None]);
        }
        truth
    }

    fn add(&mut self, by: &str, units: [u32; 2], from: Option<usize>, ids: [Option<i64>; 2]) {
        let id = i64::try_from(self.packages.len()).unwrap() + 1;
        let fresh = [10 * id, 10 * id + 1];
        let lines = ["a", "b"]
            .into_iter()
            .zip(units)
            .zip(ids.into_iter().zip(fresh));
        let lines = lines.filter(|((_, units), _)| *units > 0);
        let held = HeldPackage {
            lines: lines
                .map(|((barcode, units), (id, fresh))| {
                    line(barcode, units, Some(id.unwrap_or(fresh)))
                })
                .collect(),
            ..package(id, by, "Created", 0)
        };
        self.packages.push((held, from));
    }

    fn is_open(package: &HeldPackage) -> bool {
        package.status == PackageStatus::Created
    }

    fn open(&self, pick: usize) -> Option<usize> {
        let open = (0..self.packages.len()).filter(|at| Self::is_open(&self.packages[*at].0));
        let open: Vec<usize> = open.collect();
        (!open.is_empty()).then(|| open[pick % open.len()])
    }

    fn end(&mut self, at: usize, status: PackageStatus) -> ([u32; 2], [Option<i64>; 2]) {
        self.packages[at].0.status = status;
        let lines = &self.packages[at].0.lines;
        let found = ["a", "b"].map(|barcode| lines.iter().find(|line| line.barcode == barcode));
        (
            found.map(|line| line.map_or(0, |line| line.quantity)),
            found.map(|line| line.and_then(|line| line.line_id)),
        )
    }

    fn happen(&mut self, event: Event) {
        let (pick, share, keeps) = match event {
            Event::Split(pick, share, keeps) | Event::CancelPart(pick, share, keeps, _) => {
                (pick, share, keeps)
            }
            Event::Cancel(pick) | Event::Ship(pick) => (pick, 0, false),
        };
        let Some(at) = self.open(pick) else { return };
        let (all, ids) = {
            let mut copy = self.clone();
            copy.end(at, PackageStatus::Created)
        };
        let part = all.map(|units| units * share / 3);
        let rest = [all[0] - part[0], all[1] - part[1]];
        let ids = if keeps { ids } else { [None, None] };
        match event {
            Event::Ship(_) => drop(self.end(at, PackageStatus::Shipped)),
            Event::Cancel(_) => drop(self.end(at, PackageStatus::Cancelled)),
            _ if part == [0, 0] || rest == [0, 0] => {}
            Event::Split(..) => {
                self.end(at, PackageStatus::UnPacked);
                self.add("split", part, Some(at), ids);
                self.add("split", rest, Some(at), ids);
            }
            Event::CancelPart(_, _, _, dissolves) => {
                let ends = if dissolves {
                    PackageStatus::UnPacked
                } else {
                    PackageStatus::Cancelled
                };
                self.end(at, ends);
                self.add("cancel", rest, Some(at), ids);
            }
        }
    }

    /// The record of a package; one that is not told of lately is told as it was.
    fn told(&self, at: usize, naming: Naming, lately: bool) -> HeldPackage {
        let (package, from) = &self.packages[at];
        let mut told = package.clone();
        let mut origin = *from;
        if let Naming::First = naming {
            while let Some(earlier) = origin.and_then(|at| self.packages[at].1) {
                origin = Some(earlier);
            }
        }
        let named = origin.filter(|_| !matches!(naming, Naming::Never));
        told.origins = named
            .map(|at| self.packages[at].0.package_id)
            .into_iter()
            .collect();
        if !lately {
            told.status = PackageStatus::Created;
        }
        told
    }

    fn owed(&self, barcode: &str) -> u64 {
        let open = self
            .packages
            .iter()
            .filter(|(package, _)| Self::is_open(package));
        let lines = open.flat_map(|(package, _)| &package.lines);
        let lines = lines.filter(|line| line.barcode == barcode);
        lines.map(|line| u64::from(line.quantity)).sum()
    }

    fn is_cut(&self) -> bool {
        self.packages.iter().any(|(package, _)| {
            package.is_rest() || package.status.stock_effect() == StockEffect::Released
        })
    }
}

fn held(packages: &[HeldPackage], barcode: &str, minutes: i64) -> u64 {
    let reserved = reserve(packages, &[], &Facts::default(), at(minutes));
    reserved.units(&Barcode::parse(barcode).unwrap())
}

proptest! {
    // More where PROPTEST_CASES asks for more.
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(1000)))]

    /// Whatever happens to an order, and whatever of it is told in whatever order: as long as the
    /// packages that began it are known, no fewer units are held than are owed, for ever where nothing
    /// of it was cancelled, and until that has rested where it was. When all is told and has rested,
    /// exactly those are held.
    #[test]
    fn units_are_conserved_whatever_is_told(
        parcels in proptest::collection::vec([0..4_u32, 0..4_u32], 1..4),
        events in proptest::collection::vec(event(), 0..7),
        naming in proptest::collection::vec(
            prop_oneof![Just(Naming::Never), Just(Naming::Last), Just(Naming::First)], 24),
        telling in Just((0..24).collect::<Vec<usize>>()).prop_shuffle(),
        lately in proptest::collection::vec(any::<bool>(), 24),
    ) {
        let mut truth = Truth::begin(&parcels);
        let begun = truth.packages.len();
        for event in events {
            truth.happen(event);
        }
        let all = truth.packages.len();
        let record = |at: usize, lately| truth.told(at, naming[at], lately);
        let mut known: Vec<HeldPackage> = (0..begun).map(|at| record(at, lately[at])).collect();
        let begins = settle(&known).begins.len();
        prop_assert_eq!(begins, begun);
        for at in telling.into_iter().filter(|at| *at < all) {
            let told = record(at, true);
            known.retain(|package| package.package_id != told.package_id);
            known.push(told);
            for barcode in ["a", "b"] {
                let owed = truth.owed(barcode);
                prop_assert!(held(&known, barcode, 14) >= owed, "{barcode} {known:?}");
                if !truth.is_cut() {
                    prop_assert!(held(&known, barcode, DAY) >= owed, "{barcode} {known:?}");
                }
            }
        }
        for barcode in ["a", "b"] {
            prop_assert_eq!(held(&known, barcode, DAY), truth.owed(barcode), "{:?}", known);
        }
        prop_assert!(settle(&known).owing.is_empty());
    }
}

#[test]
fn units_beyond_every_number_are_added_up_all_the_same() {
    let mut huge = package(1, "order-creation", "Created", u32::MAX);
    huge.lines.push(line("a", u32::MAX, None));
    let none = Settled {
        begins: vec![1],
        ..Settled::default()
    };
    assert_eq!(settle(&[huge]), none);
}
