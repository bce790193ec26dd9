//! Which shelves the units of an order are taken from.
//!
//! What must stay true: no shelf gives more than it holds.

use serde::Serialize;
use utoipa::ToSchema;

/// A row of `raf_urunleri`: units of one product on one shelf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OnShelf {
    pub(crate) id: i32,
    pub(crate) shelf: String,
    /// `adet`; nothing is 0.
    pub(crate) units: i32,
}

/// Units taken from one shelf.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct PickShelf {
    /// `raf_urunleri.id`.
    #[serde(skip)]
    pub(crate) id: i32,
    /// Its code.
    pub(crate) shelf: String,
    /// How many.
    pub(crate) units: i32,
}

/// Takes `units` from the named shelf first, then from the fullest. Fewer come back when the shelves
/// do not hold as many.
pub(crate) fn take(units: i32, named: Option<&str>, shelves: &[OnShelf]) -> Vec<PickShelf> {
    let mut order: Vec<&OnShelf> = shelves.iter().collect();
    let named = named.map(scanned);
    let is_named = |shelf: &OnShelf| named.as_ref().is_some_and(|n| scanned(&shelf.shelf) == *n);
    // The fullest first leaves the fewest places to walk to; the id makes the order the same every time.
    order.sort_by_key(|shelf| (!is_named(shelf), -i64::from(shelf.units), shelf.id));

    let mut missing = units;
    let mut takes = Vec::new();
    for shelf in order {
        let units = shelf.units.min(missing);
        if units > 0 {
            missing -= units;
            takes.push(PickShelf {
                id: shelf.id,
                shelf: shelf.shelf.clone(),
                units,
            });
        }
    }

    takes
}

/// A shelf's code as a scanner may type it: some keyboards send `=` or `*` for `-`.
fn scanned(code: &str) -> String {
    code.trim().to_uppercase().replace(['=', '*'], "-")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn on(id: i32, shelf: &str, units: i32) -> OnShelf {
        OnShelf {
            id,
            shelf: shelf.to_owned(),
            units,
        }
    }

    #[test]
    fn the_named_shelf_first_then_the_fullest() {
        let shelves = [on(1, "A", 2), on(2, "B", 5), on(3, "C", 3), on(4, "D", 0)];
        let taken = |units, named| -> Vec<(String, i32)> {
            let takes = take(units, named, &shelves);
            takes.into_iter().map(|t| (t.shelf, t.units)).collect()
        };
        assert_eq!(taken(1, None), [("B".to_owned(), 1)]);
        assert_eq!(
            taken(3, Some(" A ")),
            [("A".to_owned(), 2), ("B".to_owned(), 1)]
        );
        let dashed = take(2, Some("a*1"), &[on(1, "B", 9), on(2, "A-1", 3)]);
        assert_eq!(dashed[0].shelf, "A-1");
        assert_eq!(taken(1, Some("Z")), [("B".to_owned(), 1)]);
        assert_eq!(taken(99, Some("D")).iter().map(|t| t.1).sum::<i32>(), 10);
        assert_eq!(taken(0, None), []);
    }

    proptest! {
        #[test]
        fn no_shelf_gives_more_than_it_holds(
            units in -5..50_i32, held in proptest::collection::vec(-3..20_i32, 0..6),
        ) {
            let shelves: Vec<OnShelf> = (0..).zip(&held).map(|(id, n)| on(id, "x", *n)).collect();
            let takes = take(units, None, &shelves);
            let there: i32 = held.iter().filter(|n| **n > 0).sum();
            prop_assert_eq!(takes.iter().map(|t| t.units).sum::<i32>(), units.clamp(0, there));
            for t in &takes {
                prop_assert!(t.units <= shelves[usize::try_from(t.id).unwrap()].units);
            }
        }
    }
}
