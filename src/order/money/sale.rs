//! What an order brings, in the currency that the panels charge.

use rust_decimal::Decimal;

/// What the customer paid, as the shop's row says it, and the shop's rates.
///
/// The shop's `fx_usd_try_at_order` is no rate to compare by: until an order is approved it holds the rate of
/// the customer's own currency, 1 for dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sale {
    /// `"sellPriceAmount"`, for the whole quantity.
    pub(crate) price: Option<Decimal>,
    /// Units of the price's currency for a dollar.
    pub(crate) units_per_dollar: Option<Decimal>,
    /// Lira for a dollar.
    pub(crate) lira_per_dollar: Option<Decimal>,
    /// Whether the price is in lira, which needs no rate.
    pub(crate) is_lira: bool,
}

impl Sale {
    /// What the customer paid, in TRY; `None` when the price or a rate is not known.
    #[must_use]
    pub(crate) fn in_lira(&self) -> Option<Decimal> {
        // 0 is the column's default, not a gift.
        let price = self.price.filter(|price| *price > Decimal::ZERO)?;
        if self.is_lira {
            return Some(price);
        }

        let units = self.units_per_dollar.filter(|rate| *rate > Decimal::ZERO)?;
        let lira = price
            .checked_mul(self.lira_per_dollar?)?
            .checked_div(units)?;
        Some(lira.round_dp(4))
    }

    /// Whether it would cost more than the customer paid, by more than that. What is not known loses nothing.
    #[must_use]
    pub(crate) fn loses_more(&self, cost: Option<Decimal>, most: Decimal) -> bool {
        loss(self.in_lira(), cost).is_some_and(|loss| loss > most)
    }
}

/// By how much a cost exceeds the price; `None` when it does not, or when one of them is not known.
#[must_use]
pub(super) fn loss(sold_for: Option<Decimal>, cost: Option<Decimal>) -> Option<Decimal> {
    let loss = cost?.checked_sub(sold_for?)?;
    (loss > Decimal::ZERO).then_some(loss)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn sale(price: &str, units: Option<&str>, lira: Option<&str>) -> Sale {
        Sale {
            price: Some(sum(price)),
            units_per_dollar: units.map(sum),
            lira_per_dollar: lira.map(sum),
            is_lira: false,
        }
    }

    #[test]
    fn a_price_is_compared_in_lira() {
        let dollars = sale("1.20", Some("1"), Some("41.50"));
        assert_eq!(dollars.in_lira(), Some(sum("49.80")));
        let pounds = sale("13000", Some("13000"), Some("41.5"));
        assert_eq!(pounds.in_lira(), Some(sum("41.5")));
        let lira = Sale {
            is_lira: true,
            ..sale("49.80", None, None)
        };
        assert_eq!(lira.in_lira(), Some(sum("49.80")), "whatever the rates");
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        for sale in [
            sale("1.20", None, Some("41.5")),
            sale("1.20", Some("1"), None),
            sale("1.20", Some("0"), Some("41.5")),
            sale("0", Some("1"), Some("41.5")),
            Sale::default(),
        ] {
            assert_eq!(sale.in_lira(), None, "{sale:?}");
            assert!(!sale.loses_more(Some(sum("1000")), Decimal::ZERO));
        }
        let known = sale("1", Some("1"), Some("40"));
        assert!(!known.loses_more(None, Decimal::ZERO), "the cost");
    }

    #[test]
    fn a_loss_is_held_against_what_is_allowed() {
        let sale = sale("1", Some("1"), Some("40"));
        let loses = |cost: &str, most: &str| sale.loses_more(Some(sum(cost)), sum(most));
        assert!(!loses("40", "0"), "nothing is lost");
        assert!(loses("40.01", "0"));
        assert!(!loses("42", "2"));
        assert!(loses("42.01", "2"));
    }
}
