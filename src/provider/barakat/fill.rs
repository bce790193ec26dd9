//! What a purchase says here: the product, how much of it, and its own parameters.
//!
//! Nothing is guessed: a parameter that no rule of the configuration fills holds the order.

use super::account::{ENTRY, QUANTITY};
use crate::{
    order::{HoldReason, Mapping, ShopOrder, player_fields},
    provider::{
        Goods,
        kind::{At, Listed},
    },
};

/// What is sent, or why nothing can be.
pub(super) fn fill(
    order: &ShopOrder,
    listed: Listed<'_>,
    at: At<'_>,
) -> Result<Option<Goods>, HoldReason> {
    let quantity = u32::try_from(order.quantity).ok().filter(|&n| n > 0);
    let quantity = quantity.ok_or(HoldReason::QuantityNotSold)?;

    let (product, Mapping::One { entry, .. }) = (listed, &order.mapping) else {
        return Ok(None);
    };
    let product = match product {
        Listed::Product(product) => product,
        // Its parameters are known from the list alone.
        Listed::Unread => return Ok(None),
        Listed::Incomplete(reason) => return Err(reason),
    };
    if !product.quantities.has(quantity) {
        return Err(HoldReason::QuantityNotSold);
    }

    let rule = at
        .rules
        .params(at.integration, order.package, &product.params);
    let rule = rule.map_err(|unfilled| {
        tracing::warn!(
            integration = %at.integration,
            package = %order.package,
            params = unfilled.join(", "),
            "nothing fills these parameters of the product; set [[barakat.param]]"
        );
        HoldReason::ParamNotMapped
    })?;

    let player = player_fields(
        &rule,
        order.user_identifier.as_deref(),
        order.extra_field.as_deref(),
    );
    let player = player.ok_or(HoldReason::ParamEmpty)?;

    let pair = |name: &str, value: String| (name.to_owned(), value);
    let product = vec![
        pair(ENTRY, entry.clone()),
        pair(QUANTITY, quantity.to_string()),
    ];
    Ok(Some(Goods { product, player }))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        order::{IntegrationId, OrderField, ParamRule, PlayerRules},
        provider::{Product, Quantities},
    };

    fn filled(change: impl FnOnce(&mut ShopOrder, &mut Product)) -> Result<String, HoldReason> {
        let mut order = ShopOrder {
            package: Uuid::nil(),
            quantity: 1,
            user_identifier: Some(" 77 ".into()),
            extra_field: Some("asia".into()),
            mapping: Mapping::One {
                entry: "501".into(),
                meta: None,
            },
        };
        let mut product = Product {
            params: vec!["uid".into(), "server".into()],
            ..Product::default()
        };
        change(&mut order, &mut product);

        let rule = |name: &str, field| ParamRule {
            integration: None,
            package: None,
            name: name.to_owned(),
            field,
        };
        let rules = PlayerRules {
            params: vec![
                rule("uid", OrderField::UserIdentifier),
                rule("server", OrderField::ExtraField),
            ],
            ..PlayerRules::default()
        };
        let at = At {
            integration: IntegrationId(Uuid::nil()),
            rules: &rules,
        };

        // Without a list nothing is certain but what the order itself lacks.
        let unread = fill(&order, Listed::Unread, at);
        assert!(matches!(
            unread,
            Ok(None) | Err(HoldReason::QuantityNotSold)
        ));
        let goods = fill(&order, Listed::Product(&product), at)?.unwrap();
        let product = goods
            .product
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        Ok(format!(
            "{} {}",
            product.collect::<Vec<_>>().join(" "),
            goods.player
        ))
    }

    #[test]
    fn a_purchase_says_what_the_product_asks_for() {
        assert_eq!(
            filled(|_, _| {}).unwrap(),
            "product=501 qty=1 server=asia uid=77"
        );
        let plain = filled(|order, product| {
            order.user_identifier = None;
            product.params.clear();
        });
        assert_eq!(plain.unwrap(), "product=501 qty=1 ");
    }

    #[test]
    fn what_is_missing_holds_the_order() {
        let unknown = filled(|_, product| product.params.push("zone".into()));
        assert_eq!(unknown, Err(HoldReason::ParamNotMapped));
        let empty = filled(|order, _| order.extra_field = Some(" ".into()));
        assert_eq!(empty, Err(HoldReason::ParamEmpty));
    }

    #[test]
    fn only_quantities_that_the_product_has_are_bought() {
        let range = Quantities::Range { min: 2, max: 4 };
        for (quantity, quantities, sold) in [
            (1, Quantities::One, true),
            (2, Quantities::One, false),
            (0, Quantities::One, false),
            (-1, range.clone(), false),
            (1, range.clone(), false),
            (2, range.clone(), true),
            (4, range.clone(), true),
            (5, range, false),
            (10, Quantities::OneOf(vec![10, 20]), true),
            (15, Quantities::OneOf(vec![10, 20]), false),
        ] {
            let got = filled(|order, product| {
                order.quantity = quantity;
                product.quantities = quantities.clone();
            });
            assert_eq!(got.is_ok(), sold, "{quantity} of {quantities:?}: {got:?}");
        }
    }
}
