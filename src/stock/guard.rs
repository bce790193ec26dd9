//! Stops a pass that would take most of the shop off sale: an empty `central_stock` is a broken import, not a
//! sold-out shop.

/// More than half of what is on sale would be set to zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{zeroed} of {on_sale} products on sale would be set to zero; check central_stock, and repeat \
     with `orderwatch stock push --force` if it is right"
)]
pub struct Zeroing {
    /// Products on sale of which nothing is in the warehouse any more.
    pub(crate) zeroed: usize,
    pub(crate) on_sale: usize,
}

/// Takes, of each barcode that Trendyol may have on sale, the units that it has and those in the warehouse.
pub(crate) fn check(on_sale: impl IntoIterator<Item = (i32, i32)>) -> Result<(), Zeroing> {
    let mut found = Zeroing {
        zeroed: 0,
        on_sale: 0,
    };

    for (_, qty) in on_sale.into_iter().filter(|(listed, _)| *listed > 0) {
        found.on_sale += 1;
        // By what is in the warehouse, not by what is free: what orders have used up is no broken import.
        found.zeroed += usize::from(qty <= 0);
    }

    if found.zeroed * 2 > found.on_sale {
        Err(found)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_may_sell_out_but_not_more() {
        assert_eq!(check([]), Ok(()));
        assert_eq!(check([(5, 0), (5, 5)]), Ok(()));
        assert_eq!(check([(0, 0), (0, -1), (5, 1)]), Ok(()));
        let stopped = check([(5, 0), (5, -1), (5, 5), (0, 0)]).unwrap_err();
        assert_eq!((stopped.zeroed, stopped.on_sale), (2, 3));
    }
}
