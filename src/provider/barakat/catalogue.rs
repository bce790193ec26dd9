//! The price list (`products`): what can be bought, in which quantities, and what each product wants to
//! know about the player.
//!
//! What must stay true: a product whose parameters or quantities are not understood is not sold, and an
//! id that stands for two products stands for none.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::{
    order::HoldReason,
    provider::{
        AnswerClass, Catalogue, Product, Quantities, ReadError, number::decimal, redact::Redactor,
    },
};

/// Names in a purchase that are ours to fill.
const RESERVED: [&str; 2] = ["qty", "order_uuid"];

/// Reads a whole answer to `products`.
///
/// # Errors
/// [`ReadError::Refused`] when the panel says so, [`ReadError::Unreadable`] when it is no list.
pub(super) fn parse(text: &str, redactor: &Redactor) -> Result<Catalogue, ReadError> {
    let unreadable = |detail: String| ReadError::Unreadable {
        class: AnswerClass::Text,
        detail,
    };

    let list: Value = serde_json::from_str(text)
        .map_err(|error| unreadable(format!("the JSON does not parse: {error}")))?;
    match list {
        Value::Array(entries) => Ok(products(&entries)),
        // As it answers to a wrong token.
        Value::Object(answer) if answer.contains_key("status") => {
            let said = ["message", "error"]
                .into_iter()
                .find_map(|name| text_of(answer.get(name)?));
            Err(ReadError::Refused {
                text: redactor.evidence(&said.unwrap_or_default(), ""),
            })
        }
        _ => Err(unreadable("the JSON is not an array".to_owned())),
    }
}

fn products(entries: &[Value]) -> Catalogue {
    let mut list = Catalogue::default();
    let mut ambiguous = HashSet::new();
    for entry in entries {
        // Without an id no order leads to it.
        let Some(id) = entry.get("id").and_then(text_of) else {
            continue;
        };
        let Some(product) = product(entry) else {
            list.incomplete.insert(id, HoldReason::ListedUnreadable);
            continue;
        };

        let price = entry.get("price").and_then(text_of);
        if let Some(price) = price.and_then(|price| decimal(&price)) {
            list.prices.insert(id.clone(), price);
        }
        let known = list
            .products
            .entry(id.clone())
            .or_insert_with(|| product.clone());
        if *known != product {
            ambiguous.insert(id);
        }
    }

    without(&mut list.products, &list.incomplete, &ambiguous);
    list
}

/// Leaves out what the list contradicts itself about.
fn without(
    products: &mut HashMap<String, Product>,
    incomplete: &HashMap<String, HoldReason>,
    ambiguous: &HashSet<String>,
) {
    products.retain(|id, _| !ambiguous.contains(id) && !incomplete.contains_key(id));
}

fn product(entry: &Value) -> Option<Product> {
    let params = match entry.get("params") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(names)) => names.iter().map(text_of).collect::<Option<_>>()?,
        Some(_) => return None,
    };
    // Given twice in an address, the player's id could become the quantity.
    if params
        .iter()
        .any(|name: &String| RESERVED.contains(&name.as_str()))
    {
        return None;
    }

    Some(Product {
        numbers: Vec::new(),
        params,
        quantities: quantities(entry.get("qty_values"))?,
    })
}

fn quantities(values: Option<&Value>) -> Option<Quantities> {
    match values {
        None | Some(Value::Null) => Some(Quantities::One),
        Some(Value::Object(range)) => Some(Quantities::Range {
            min: range.get("min").and_then(whole)?,
            max: range.get("max").and_then(whole)?,
        }),
        Some(Value::Array(all)) => {
            let all = all.iter().map(whole).collect::<Option<_>>()?;
            Some(Quantities::OneOf(all))
        }
        Some(_) => None,
    }
}

fn whole(value: &Value) -> Option<u32> {
    text_of(value)?.parse().ok()
}

/// A text that is not blank, or a number as text.
fn text_of(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Catalogue, ReadError> {
        parse(text, &Redactor::new(["gizli-token".to_owned()]))
    }

    fn list(text: &str) -> Vec<String> {
        let list = read(text).unwrap();
        let shown = list.products.iter().map(|(id, product)| {
            let price = list
                .prices
                .get(id)
                .map_or_else(|| "?".to_owned(), ToString::to_string);
            let Product {
                params, quantities, ..
            } = product;
            format!("{id} {price} {} {quantities:?}", params.join("+"))
        });
        let mut shown: Vec<_> = shown.collect();
        shown.sort();
        shown
    }

    #[test]
    fn the_documents_own_entry_is_read() {
        let text = r#"[{"id":"12345","name":"PUBG Mobile 60 UC","price":"45.50","category_name":"PUBG Mobile",
            "available":true,"params":["uid","server"],"product_type":"package","qty_values":null}]"#;
        assert_eq!(list(text), ["12345 45.5 uid+server One"]);
    }

    #[test]
    fn oddities_are_read_and_what_is_not_understood_is_not_sold() {
        for (text, want) in [
            (r#"[{"id":7,"price":1.5}]"#, vec!["7 1.5  One"]),
            (
                r#"[{"id":7,"qty_values":{"min":"1","max":100},"price":"x"}]"#,
                vec!["7 ?  Range { min: 1, max: 100 }"],
            ),
            (
                r#"[{"id":7,"qty_values":["10",20],"params":null}]"#,
                vec!["7 ?  OneOf([10, 20])"],
            ),
            (r#"[{"id":7,"qty_values":"many"}]"#, vec![]),
            (r#"[{"id":7,"qty_values":{"min":1}}]"#, vec![]),
            (r#"[{"id":7,"qty_values":[1.5]}]"#, vec![]),
            (r#"[{"id":7,"params":"uid"}]"#, vec![]),
            (r#"[{"id":7,"params":["uid",null]}]"#, vec![]),
            (r#"[{"id":7,"params":["qty"]}]"#, vec![]),
            (
                r#"[{"id":7,"params":["uid"]},{"id":"7","params":[]}]"#,
                vec![],
            ),
            (r#"[{"id":7},{"id":7,"params":{}}]"#, vec![]),
            (r#"[{"id":7},{"id":"7"}]"#, vec!["7 ?  One"]),
            (r#"[{"id":" "},{"name":"x"},null,5]"#, vec![]),
            ("[]", vec![]),
        ] {
            assert_eq!(list(text), want, "{text}");
        }
    }

    #[test]
    fn a_refusal_is_told_and_what_is_no_list_is_an_error() {
        let refused = read(r#"{"status":"ERROR","message":"Invalid token gizli-token"}"#);
        assert!(matches!(refused, Err(ReadError::Refused { text }) if text == "Invalid token ***"));
        for text in ["{}", "7", "[", "<html>", r#"{"data":[]}"#] {
            assert!(
                matches!(read(text), Err(ReadError::Unreadable { .. })),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_list_or_an_error(text in "(\\PC|[{}\\[\\]\":,0-9a-z\n]){0,80}") {
            let _ = read(&text);
        }
    }
}
