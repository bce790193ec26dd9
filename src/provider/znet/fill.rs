//! What a purchase says here: the product's two numbers, and who it is for.
//!
//! Nothing is guessed: a wrong number buys another product, or for another player.

use serde_json::Value;

use crate::{
    order::{HoldReason, ShopOrder, player_fields},
    provider::{
        Goods, Product,
        kind::{At, Listed},
    },
};

/// `oyun_bilgi_id` of an entry, and the denomination.
const NUMBERS: [&str; 2] = ["oyun", "kupur"];

/// The product of these numbers.
pub(super) fn product(oyun: String, kupur: String) -> Product {
    Product {
        numbers: NUMBERS
            .map(str::to_owned)
            .into_iter()
            .zip([oyun, kupur])
            .collect(),
        ..Product::default()
    }
}

/// What is sent, or why nothing can be.
pub(super) fn fill(
    order: &ShopOrder,
    listed: Listed<'_>,
    at: At<'_>,
) -> Result<Option<Goods>, HoldReason> {
    // The protocol knows no quantity: one call buys one unit.
    if order.quantity != 1 {
        return Err(HoldReason::QuantityNotOne);
    }
    let player = player_fields(
        &at.rules.fixed(at.integration, order.package),
        order.user_identifier.as_deref(),
        order.extra_field.as_deref(),
    );
    let player = player.ok_or(HoldReason::NoPlayerId)?;

    let product = match listed {
        Listed::Product(product) => Some(product.numbers.clone()),
        // A person may have named both numbers in the mapping. Then no list is needed, and its orders do not
        // wait for one.
        Listed::Unread => mapped_product(order),
        Listed::Incomplete(reason) => Some(mapped_product(order).ok_or(reason)?),
    };
    Ok(product.map(|product| Goods { product, player }))
}

/// The numbers that the mapping itself names, if it names both.
fn mapped_product(order: &ShopOrder) -> Option<Vec<(String, String)>> {
    let meta = order.meta()?;
    let pairs = NUMBERS.map(|name| Some((name.to_owned(), number(meta.get(name)?)?)));
    pairs.into_iter().collect()
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
