//! From the shop's order to a purchase, or to the reason why there is none.
//!
//! Nothing is guessed: a wrong number buys another product, or for another player.

use rust_decimal::Decimal;
use serde_json::Value;

use crate::{
    order::{HoldReason, Player, PlayerFields, player_fields},
    provider::{Catalogue, MissingNumber, Product},
    store::{Mapping, ShopOrder},
};

/// What the panel's price list said.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Prices<'a> {
    List(&'a Catalogue),
    /// It cannot be read now.
    Unreadable,
}

/// What can be done with an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Resolution {
    /// It can be bought.
    Ready {
        product: Product,
        player: Player,
        /// Its price in the panel's list, in TRY.
        expected: Option<Decimal>,
    },
    /// A person has to fix it.
    Hold(HoldReason),
    /// Only the price list is missing.
    Later,
}

/// The entry of the price list that the order needs, or the reason to hold it whatever the list says.
pub(crate) fn needed_entry(order: &ShopOrder, fields: PlayerFields) -> Result<&str, HoldReason> {
    // The protocol knows no quantity: one call buys one unit.
    if order.quantity != 1 {
        return Err(HoldReason::QuantityNotOne);
    }
    if player(order, fields).is_none() {
        return Err(HoldReason::NoPlayerId);
    }

    match &order.mapping {
        Mapping::None => Err(HoldReason::NoMapping),
        Mapping::Several => Err(HoldReason::AmbiguousMapping),
        Mapping::One { entry, .. } => Ok(entry),
    }
}

/// Says what can be done with an order.
#[must_use]
pub(crate) fn resolve(order: &ShopOrder, prices: Prices<'_>, fields: PlayerFields) -> Resolution {
    let entry = match needed_entry(order, fields) {
        Ok(entry) => entry,
        Err(reason) => return Resolution::Hold(reason),
    };
    let Some(player) = player(order, fields) else {
        return Resolution::Hold(HoldReason::NoPlayerId);
    };

    match prices {
        Prices::List(list) => match list.products.get(entry) {
            Some(product) => Resolution::Ready {
                product: product.clone(),
                player,
                expected: list.prices.get(entry).copied(),
            },
            None => incomplete(order, entry, list, player),
        },
        // A mapping that names both numbers needs no list, so its orders do not wait for one.
        Prices::Unreadable => match mapped_product(&order.mapping) {
            Some(product) => Resolution::Ready {
                product,
                player,
                expected: None,
            },
            None => Resolution::Later,
        },
    }
}

/// An entry that the list has not, or has without a number: a person may have named both numbers in
/// the mapping.
fn incomplete(order: &ShopOrder, entry: &str, list: &Catalogue, player: Player) -> Resolution {
    // Not on sale, whatever the mapping says.
    let Some(missing) = list.incomplete.get(entry) else {
        return Resolution::Hold(HoldReason::NotInCatalogue);
    };

    match (mapped_product(&order.mapping), missing) {
        (Some(product), _) => Resolution::Ready {
            product,
            player,
            expected: None,
        },
        (None, MissingNumber::Oyun) => Resolution::Hold(HoldReason::ListedWithoutOyun),
        (None, MissingNumber::Kupur) => Resolution::Hold(HoldReason::ListedWithoutKupur),
    }
}

fn player(order: &ShopOrder, fields: PlayerFields) -> Option<Player> {
    player_fields(
        fields,
        order.user_identifier.as_deref(),
        order.extra_field.as_deref(),
    )
}

/// The product that the mapping itself names: used only while the list cannot be read or lacks a
/// number, and only when it names both.
fn mapped_product(mapping: &Mapping) -> Option<Product> {
    let Mapping::One {
        meta: Some(meta), ..
    } = mapping
    else {
        return None;
    };

    Some(Product {
        oyun: number(meta.get("oyun")?)?,
        kupur: number(meta.get("kupur")?)?,
    })
}

/// A number that is written as a number or as text.
fn number(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    const SHEET: PlayerFields = PlayerFields::Sheet;

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
        let product = Product {
            oyun: "1".into(),
            kupur: "325".into(),
        };
        Catalogue {
            products: [("2".to_owned(), product)].into(),
            prices: [].into(),
            incomplete: [
                ("3".to_owned(), MissingNumber::Oyun),
                ("4".to_owned(), MissingNumber::Kupur),
            ]
            .into(),
        }
    }

    #[test]
    fn each_fault_of_an_order_has_its_reason() {
        let list = list();
        let good = resolve(&order(), Prices::List(&list), SHEET);
        assert!(matches!(good, Resolution::Ready { product, .. } if product.kupur == "325"));
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
            let got = resolve(&order, Prices::List(&list), SHEET);
            assert_eq!(got, Resolution::Hold(reason), "{order:?}");
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
            match resolve(&order, Prices::List(&list), SHEET) {
                Resolution::Ready { product, .. } => {
                    assert_eq!((want, &*product.kupur), (None, "325"), "{entry}");
                }
                held => assert_eq!(Some(held), want.map(Resolution::Hold), "{entry}"),
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
            let got = resolve(&order, Prices::Unreadable, SHEET);
            assert_eq!(matches!(got, Resolution::Ready { .. }), ready, "{meta:?}");
            assert!(ready || got == Resolution::Later);
        }
    }
}
