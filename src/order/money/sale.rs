//! What an order brings, in the currency that the panels charge.

use std::{collections::HashMap, fmt};

use rust_decimal::Decimal;

use crate::{order::TenantId, text::format::Format};

/// The names that the lira has in the shop's rows.
const LIRA: [&str; 2] = ["TRY", "TL"];
const DOLLAR: &str = "USD";

/// A rate of the shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) tenant: TenantId,
    /// In capitals.
    pub(crate) currency: String,
    /// Units for a dollar.
    pub(crate) units: Decimal,
}

/// The shop's own rates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rates(HashMap<TenantId, HashMap<String, Decimal>>);

impl Rates {
    pub(crate) fn new(rates: impl Iterator<Item = Rate>) -> Self {
        let mut all: HashMap<TenantId, HashMap<String, Decimal>> = HashMap::new();
        for rate in rates {
            let of_tenant = all.entry(rate.tenant).or_default();
            of_tenant.insert(rate.currency, rate.units);
        }
        Self(all)
    }

    /// Units of a currency for a dollar; `None` where the shop does not say.
    pub(crate) fn units(&self, tenant: TenantId, currency: &str) -> Option<Decimal> {
        if currency == DOLLAR {
            return Some(Decimal::ONE);
        }
        let units = self.0.get(&tenant)?.get(currency)?;
        Some(*units).filter(|units| *units > Decimal::ZERO)
    }

    /// Lira for a dollar.
    pub(crate) fn lira(&self, tenant: TenantId) -> Option<Decimal> {
        self.units(tenant, LIRA[0])
    }
}

/// What the customer paid, as the shop's row says it.
///
/// The shop's `fx_usd_try_at_order` is no rate to compare by: until an order is approved it holds the rate of
/// the customer's own currency, 1 for dollars.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sale {
    /// `"sellPriceAmount"`, for the whole quantity.
    pub(crate) price: Option<Decimal>,
    /// `"sellPriceCurrency"`.
    pub(crate) currency: Option<String>,
}

impl Sale {
    /// The price and its currency, in capitals.
    fn paid(&self) -> Option<(Decimal, String)> {
        // 0 is the column's default, not a gift.
        let price = self.price.filter(|price| *price > Decimal::ZERO)?;
        let currency = self.currency.as_deref()?.trim().to_uppercase();
        Some((price, currency))
    }

    /// Whether its price in lira depends on a rate.
    #[must_use]
    pub(crate) fn needs_rates(&self) -> bool {
        self.paid()
            .is_some_and(|(_, currency)| !LIRA.contains(&&*currency))
    }

    /// What the customer paid, in TRY; `None` when the price or a rate is not known.
    #[must_use]
    pub(crate) fn in_lira(&self, tenant: TenantId, rates: &Rates) -> Option<Decimal> {
        let (price, currency) = self.paid()?;
        if LIRA.contains(&&*currency) {
            return Some(price);
        }

        let units = rates.units(tenant, &currency)?;
        let lira = price.checked_mul(rates.lira(tenant)?)?.checked_div(units)?;
        Some(lira.round_dp(4))
    }
}

/// What would cost more than the customer paid, in TRY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Loss {
    pub(crate) cost: Decimal,
    pub(crate) sold_for: Decimal,
}

impl Loss {
    /// The loss of more than that. What is not known loses nothing.
    #[must_use]
    pub(crate) fn beyond(
        sold_for: Option<Decimal>,
        cost: Option<Decimal>,
        most: Decimal,
    ) -> Option<Self> {
        loss(sold_for, cost).filter(|loss| *loss > most)?;
        Some(Self {
            cost: cost?,
            sold_for: sold_for?,
        })
    }

    #[must_use]
    pub(crate) fn amount(self) -> Decimal {
        self.cost.saturating_sub(self.sold_for)
    }

    /// Both sums, to be compared.
    #[must_use]
    pub(crate) fn seen(self) -> String {
        format!("{}-{}", self.cost.normalize(), self.sold_for.normalize())
    }
}

/// By how much a cost exceeds the price; `None` when it does not, or when one of them is not known.
#[must_use]
pub(super) fn loss(sold_for: Option<Decimal>, cost: Option<Decimal>) -> Option<Decimal> {
    let loss = cost?.checked_sub(sold_for?)?;
    (loss > Decimal::ZERO).then_some(loss)
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let money = |amount| Format::PLAIN.money(amount, LIRA[0]);
        let (cost, sold_for) = (money(self.cost), money(self.sold_for));
        let loss = money(self.amount());
        write!(
            f,
            "a loss of {loss} (listed price {cost}, sold for {sold_for})"
        )
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn sum(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    /// A price in a currency, by a shop that has these rates.
    fn in_lira(price: &str, currency: &str, rates: &[(&str, &str)]) -> Option<Decimal> {
        let tenant = TenantId(Uuid::nil());
        let rates = rates.iter().map(|(currency, units)| Rate {
            tenant,
            currency: (*currency).to_owned(),
            units: sum(units),
        });
        let sale = Sale {
            price: Some(sum(price)),
            currency: Some(currency.to_owned()),
        };
        sale.in_lira(tenant, &Rates::new(rates))
    }

    #[test]
    fn a_price_is_compared_in_lira() {
        let rates = [("TRY", "41.50"), ("SYP", "13000")];
        assert_eq!(in_lira("1.20", "usd ", &rates), Some(sum("49.80")));
        assert_eq!(in_lira("13000", "SYP", &rates), Some(sum("41.5")));
        for lira in ["TRY", " tl"] {
            let price = in_lira("49.80", lira, &[]);
            assert_eq!(price, Some(sum("49.80")), "whatever the rates");
        }
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        for (price, currency, rates) in [
            ("1.20", "EUR", [("TRY", "41.5")]),
            ("1.20", "USD", [("EUR", "0.9")]),
            ("1.20", "EUR", [("EUR", "0.9")]),
            ("0", "USD", [("TRY", "41.5")]),
            ("1.20", "", [("TRY", "41.5")]),
        ] {
            let price = in_lira(price, currency, &rates);
            assert_eq!(price, None, "{currency}");
            assert_eq!(Loss::beyond(price, Some(sum("1000")), Decimal::ZERO), None);
        }
        let elsewhere = Rates::new(std::iter::once(Rate {
            tenant: TenantId(Uuid::max()),
            currency: "TRY".to_owned(),
            units: sum("40"),
        }));
        assert_eq!(
            elsewhere.lira(TenantId(Uuid::nil())),
            None,
            "another tenant's"
        );
        assert_eq!(Loss::beyond(Some(sum("1")), None, Decimal::ZERO), None);
    }

    #[test]
    fn a_loss_is_held_against_what_is_allowed() {
        let loses = |cost: &str, most: &str| {
            Loss::beyond(Some(sum("40")), Some(sum(cost)), sum(most)).is_some()
        };
        assert!(!loses("40", "0"), "nothing is lost");
        assert!(loses("40.01", "0"));
        assert!(!loses("42", "2"));
        assert!(loses("42.01", "2"));
    }
}
