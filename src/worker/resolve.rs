//! From the shop's order to a purchase, or to the reason why there is none.
//!
//! Nothing is guessed: a wrong number buys another product, or for another player.

use rust_decimal::Decimal;

use super::{catalogue::Look, panels::Panel};
use crate::{
    order::{HoldCause, HoldReason, Mapping, PlayerRules, ShopOrder, money::Loss},
    provider::{
        Catalogue, Goods,
        kind::{At, Kind, Listed},
    },
    store::Candidate,
};

/// Rounds of a reference that are tried when another order has it.
pub(crate) const ROUNDS: u16 = 3;

/// What can be done with an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Resolution {
    /// It can be bought.
    Ready {
        goods: Goods,
        /// Its price in the panel's list, in TRY.
        expected: Option<Decimal>,
    },
    /// A person has to fix it.
    Hold(HoldCause),
    /// Only the price list is missing.
    Later,
}

/// By which an order is bought.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms<'a> {
    pub(crate) player: &'a PlayerRules,
    /// What a sale may lose at most, in TRY; `None` where that is not asked.
    pub(crate) max_loss: Option<Decimal>,
}

/// Says what becomes of an order of the shop at its panel; `prices` looks for the panel's list.
pub(crate) fn at_panel(
    panel: &Panel,
    candidate: &Candidate,
    terms: Terms<'_>,
    prices: impl FnOnce(&str) -> Look,
) -> Resolution {
    let product = product_at(panel, candidate, terms.player, prices);
    let loss = match (terms.max_loss, &product) {
        (Some(most), Resolution::Ready { expected, .. }) => {
            Loss::beyond(candidate.sold_for, *expected, most)
        }
        _ => None,
    };
    loss.map_or(product, |loss| Resolution::Hold(loss.into()))
}

fn product_at(
    panel: &Panel,
    candidate: &Candidate,
    rules: &PlayerRules,
    prices: impl FnOnce(&str) -> Look,
) -> Resolution {
    if panel.provider.is_err() {
        return Resolution::Hold(HoldReason::IntegrationIncomplete.into());
    }
    if has_foreign_reference(candidate, panel) {
        return Resolution::Hold(HoldReason::ForeignReference.into());
    }

    let (kind, shop) = (panel.kind(), &candidate.shop);
    let at = At {
        integration: panel.id(),
        rules,
    };
    let entry = match needed_entry(shop, kind, at) {
        Ok(entry) => entry,
        Err(reason) => return Resolution::Hold(reason.into()),
    };

    match prices(entry) {
        Look::List(list) => resolve(shop, Some(&list), kind, at),
        Look::Failed => resolve(shop, None, kind, at),
        Look::Fetch | Look::Wait => Resolution::Later,
    }
}

/// Whether somebody else has named the purchase: it may have been bought under that name.
fn has_foreign_reference(candidate: &Candidate, panel: &Panel) -> bool {
    candidate.given.as_deref().is_some_and(|given| {
        // We may have given it ourselves, before the database was restored from a backup.
        let ours = |round| panel.reference(candidate.order, round);
        !(0..ROUNDS).any(|round| ours(round).as_str() == given)
    })
}

/// The entry of the price list that the order needs, or the reason to hold it whatever the list says.
pub(crate) fn needed_entry<'a>(
    order: &'a ShopOrder,
    kind: &Kind,
    at: At<'_>,
) -> Result<&'a str, HoldReason> {
    kind.fill(order, Listed::Unread, at)?;

    match &order.mapping {
        Mapping::None => Err(HoldReason::NoMapping),
        Mapping::Several => Err(HoldReason::AmbiguousMapping),
        Mapping::One { entry, .. } => Ok(entry),
    }
}

/// Says what can be done with an order; without a list, when it cannot be read now.
#[must_use]
pub(crate) fn resolve(
    order: &ShopOrder,
    list: Option<&Catalogue>,
    kind: &Kind,
    at: At<'_>,
) -> Resolution {
    let entry = match needed_entry(order, kind, at) {
        Ok(entry) => entry,
        Err(reason) => return Resolution::Hold(reason.into()),
    };
    // Not on sale, whatever the mapping says.
    let Some(listed) = list.map_or(Some(Listed::Unread), |list| listed(list, entry)) else {
        return Resolution::Hold(HoldReason::NotInCatalogue.into());
    };

    match kind.fill(order, listed, at) {
        Ok(Some(goods)) => Resolution::Ready {
            goods,
            expected: list.and_then(|list| price(list, entry, order.quantity)),
        },
        Ok(None) => Resolution::Later,
        Err(reason) => Resolution::Hold(reason.into()),
    }
}

fn listed<'a>(list: &'a Catalogue, entry: &str) -> Option<Listed<'a>> {
    let product = list.products.get(entry).map(Listed::Product);
    let incomplete = || list.incomplete.get(entry).copied();
    product.or_else(|| incomplete().map(Listed::Incomplete))
}

/// The list names the price of one.
fn price(list: &Catalogue, entry: &str, quantity: i32) -> Option<Decimal> {
    let price = list.prices.get(entry)?;
    price.checked_mul(Decimal::from(quantity))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::{
        order::{IntegrationId, PlayerRules},
        provider::Product,
    };

    /// What becomes of an order at the panel whose price list is below.
    fn resolved(order: &ShopOrder, list: Option<&Catalogue>) -> Resolution {
        let rules = PlayerRules::default();
        let at = At {
            integration: IntegrationId(Uuid::nil()),
            rules: &rules,
        };
        resolve(order, list, Kind::of("znet").unwrap(), at)
    }

    fn kupur(goods: &Goods) -> &str {
        &goods.product[1].1
    }

    fn order() -> ShopOrder {
        ShopOrder {
            package: Uuid::nil(),
            quantity: 1,
            user_identifier: Some("player".into()),
            extra_field: None,
            mapping: Mapping::One {
                entry: "2".into(),
                meta: None,
            },
        }
    }

    fn list() -> Catalogue {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let product = Product {
            numbers: vec![pair("oyun", "1"), pair("kupur", "325")],
            ..Product::default()
        };
        Catalogue {
            products: [("2".to_owned(), product)].into(),
            prices: [].into(),
            incomplete: [
                ("3".to_owned(), HoldReason::ListedWithoutOyun),
                ("4".to_owned(), HoldReason::ListedWithoutKupur),
            ]
            .into(),
        }
    }

    #[test]
    fn each_fault_of_an_order_has_its_reason() {
        let list = list();
        let good = resolved(&order(), Some(&list));
        assert!(matches!(good, Resolution::Ready { goods, .. } if kupur(&goods) == "325"));
        let cases = [
            (
                ShopOrder {
                    quantity: 2,
                    ..order()
                },
                HoldReason::QuantityNotOne,
            ),
            (
                ShopOrder {
                    quantity: 0,
                    ..order()
                },
                HoldReason::QuantityNotOne,
            ),
            (
                ShopOrder {
                    user_identifier: None,
                    ..order()
                },
                HoldReason::NoPlayerId,
            ),
            (
                ShopOrder {
                    mapping: Mapping::None,
                    ..order()
                },
                HoldReason::NoMapping,
            ),
            (
                ShopOrder {
                    mapping: Mapping::Several,
                    ..order()
                },
                HoldReason::AmbiguousMapping,
            ),
            (
                ShopOrder {
                    mapping: Mapping::One {
                        entry: "9".into(),
                        meta: None,
                    },
                    ..order()
                },
                HoldReason::NotInCatalogue,
            ),
        ];
        for (order, reason) in cases {
            let got = resolved(&order, Some(&list));
            assert_eq!(got, Resolution::Hold(reason.into()), "{order:?}");
        }
    }

    #[test]
    fn what_the_list_lacks_is_named_and_only_the_mapping_may_say_it() {
        let list = list();
        for (entry, meta, want) in [
            ("3", None, Some(HoldReason::ListedWithoutOyun)),
            ("4", None, Some(HoldReason::ListedWithoutKupur)),
            (
                "4",
                Some(json!({"oyun": 9})),
                Some(HoldReason::ListedWithoutKupur),
            ),
            ("4", Some(json!({"oyun": 9, "kupur": "325"})), None),
            // What the list has whole stands, whatever the mapping says.
            ("2", Some(json!({"oyun": 9, "kupur": "9"})), None),
            (
                "5",
                Some(json!({"oyun": 9, "kupur": "325"})),
                Some(HoldReason::NotInCatalogue),
            ),
        ] {
            let order = ShopOrder {
                mapping: Mapping::One {
                    entry: entry.to_owned(),
                    meta,
                },
                ..order()
            };
            match resolved(&order, Some(&list)) {
                Resolution::Ready { goods, .. } => {
                    assert_eq!((want, kupur(&goods)), (None, "325"), "{entry}");
                }
                held => {
                    let want = want.map(|reason| Resolution::Hold(reason.into()));
                    assert_eq!(Some(held), want, "{entry}");
                }
            }
        }
    }

    #[test]
    fn without_a_list_only_a_mapping_that_names_both_numbers_serves() {
        for (meta, ready) in [
            (None, false),
            (Some(json!({"oyun": "1"})), false),
            (Some(json!({"oyun": "1", "kupur": " "})), false),
            (Some(json!({"oyun": null, "kupur": 325})), false),
            (Some(json!([])), false),
            (Some(json!({"oyun": 1, "kupur": "325"})), true),
        ] {
            let order = ShopOrder {
                mapping: Mapping::One {
                    entry: "2".into(),
                    meta: meta.clone(),
                },
                ..order()
            };
            let got = resolved(&order, None);
            assert_eq!(matches!(got, Resolution::Ready { .. }), ready, "{meta:?}");
            assert!(ready || got == Resolution::Later);
        }
    }
}
