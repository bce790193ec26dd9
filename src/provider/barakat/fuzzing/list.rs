//! Price lists: what is sold is what every entry of it says.

use serde_json::Value;

use super::json::{is_same, scalar};
use crate::provider::{Catalogue, Quantities};

pub(super) fn is_listed(list: &Catalogue, json: &Value) {
    let entries = json.as_array().map(Vec::as_slice).unwrap_or_default();
    let of = |id: &str| {
        let id = id.to_owned();
        entries
            .iter()
            .filter(move |entry| scalar(&entry["id"]).as_ref() == Some(&id))
    };

    for (id, product) in &list.products {
        assert!(!list.incomplete.contains_key(id));
        assert!(
            !product
                .params
                .iter()
                .any(|name| name == "qty" || name == "order_uuid")
        );
        assert!(of(id).next().is_some());
        for entry in of(id) {
            let named = entry["params"]
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default();
            let named: Vec<String> = named.iter().filter_map(scalar).collect();
            assert_eq!(named, product.params);
            assert_eq!(
                entry["qty_values"].is_null(),
                product.quantities == Quantities::One
            );
        }
    }
    for (id, price) in &list.prices {
        let mut prices = of(id).filter_map(|entry| scalar(&entry["price"]));
        assert!(prices.any(|text| is_same(&text, *price)), "{id}: {price}");
    }
}
