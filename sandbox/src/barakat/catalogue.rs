//! The price list as the panel sends it.

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{Product, Quantities, Style};

#[derive(Serialize)]
struct Entry<'a> {
    id: Value,
    name: &'a str,
    price: Value,
    category_name: &'a str,
    available: bool,
    params: &'a [String],
    product_type: &'a str,
    qty_values: &'a Quantities,
}

#[derive(Serialize)]
struct Range {
    min: u32,
    max: u32,
}

/// `null`, `{"min":1,"max":100}` or `["10","20"]`.
impl Serialize for Quantities {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One => serializer.serialize_none(),
            Self::Range(range) => Range {
                min: *range.start(),
                max: *range.end(),
            }
            .serialize(serializer),
            Self::Listed(all) => serializer.collect_seq(all.iter().map(u32::to_string)),
        }
    }
}

/// The whole list.
pub(super) fn list(products: &[Product], style: &Style) -> serde_json::Result<String> {
    let entries = products.iter().map(|product| entry(product, style));
    serde_json::to_string(&entries.collect::<Vec<_>>())
}

fn entry<'a>(product: &'a Product, style: &Style) -> Entry<'a> {
    Entry {
        id: style.id(&product.id),
        name: &product.name,
        price: style.amount(product.price),
        category_name: &product.category,
        available: product.available,
        params: &product.params,
        product_type: &product.kind,
        qty_values: &product.quantities,
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;
    use crate::barakat::Scalar;

    fn product() -> Product {
        let price = Decimal::new(4550, 2);
        Product::new("12345", "PUBG 60 UC", &["uid", "server"], price)
    }

    #[test]
    fn writes_an_entry_with_every_key() {
        let text = list(&[product()], &Style::default()).unwrap();
        assert_eq!(
            text,
            r#"[{"id":"12345","name":"PUBG 60 UC","price":"45.50","category_name":"PUBG","available":true,"params":["uid","server"],"product_type":"package","qty_values":null}]"#
        );
    }

    #[test]
    fn writes_quantities_availability_and_numbers() {
        let style = Style {
            ids: Scalar::Number,
            amounts: Scalar::Number,
            ..Style::default()
        };

        for (quantities, want) in [
            (Quantities::Range(1..=100), r#"{"min":1,"max":100}"#),
            (Quantities::Listed(vec![10, 20]), r#"["10","20"]"#),
        ] {
            let product = product().quantities(quantities).unavailable();
            let text = list(&[product], &style).unwrap();
            assert!(text.starts_with(r#"[{"id":12345,"name":"PUBG 60 UC","price":45.5,"#));
            assert!(text.contains(r#""available":false"#), "{text}");
            assert!(
                text.ends_with(&format!(r#""qty_values":{want}}}]"#)),
                "{text}"
            );
        }

        assert_eq!(list(&[], &style).unwrap(), "[]");
    }
}
