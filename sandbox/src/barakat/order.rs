//! What a purchase asks for, once it makes sense. What does not is refused, and nothing is sold.

use std::borrow::Cow;

use rust_decimal::Decimal;

use super::{Product, call::Call};

pub(super) struct Order<'a> {
    pub(super) token: &'a str,
    /// `order_uuid`; empty where none was sent, and then nobody can ask by it.
    pub(super) uuid: &'a str,
    pub(super) product: &'a Product,
    pub(super) quantity: u32,
    /// The parameters of the product, in its order; others that were sent are ignored.
    pub(super) params: Vec<(String, String)>,
}

impl<'a> Order<'a> {
    /// The order, or why there is none.
    pub(super) fn read(
        call: &'a Call<'_>,
        products: &'a [Product],
    ) -> Result<Self, Cow<'static, str>> {
        let product = products.iter().find(|p| p.id == call.product);
        let product = product.ok_or("Product not found")?;
        if !product.available {
            return Err("Product unavailable".into());
        }

        let quantity = call.field("qty").parse().ok();
        let quantity = quantity.filter(|qty| product.quantities.allow(*qty));
        let params = product.params.iter().map(|name| param(call, name));

        Ok(Self {
            token: call.token,
            uuid: call.field("order_uuid"),
            product,
            params: params.collect::<Result<_, _>>()?,
            quantity: quantity.ok_or("Invalid quantity")?,
        })
    }

    /// What the whole of it costs.
    pub(super) fn cost(&self) -> Decimal {
        self.product
            .price
            .saturating_mul(Decimal::from(self.quantity))
    }
}

fn param(call: &Call<'_>, name: &str) -> Result<(String, String), Cow<'static, str>> {
    let value = call.field(name);
    if value.trim().is_empty() {
        return Err(format!("missing param: {name}").into());
    }
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{super::Quantities, *};

    fn products() -> Vec<Product> {
        let price = Decimal::new(750, 2);
        vec![
            Product::new("1", "PUBG 60 UC", &["uid", "server"], price),
            Product::new("2", "Riot Points", &[], price).quantities(Quantities::Range(1..=5)),
            Product::new("3", "Steam", &[], price).quantities(Quantities::Listed(vec![10, 20])),
            Product::new("4", "Valorant", &[], price).unavailable(),
        ]
    }

    fn refusal(product: &str, query: &str) -> Option<String> {
        let products = products();
        let call = Call::new("t", product, query);
        Order::read(&call, &products).err().map(Cow::into_owned)
    }

    #[test]
    fn sells_only_what_is_there_with_all_that_it_needs() {
        for (product, query, want) in [
            ("1", "qty=1&uid=5&server=eu", None),
            ("1", "qty=1&uid=5", Some("missing param: server")),
            ("1", "qty=1&uid=+&server=eu", Some("missing param: uid")),
            ("1", "qty=2&uid=5&server=eu", Some("Invalid quantity")),
            ("1", "uid=5&server=eu", Some("Invalid quantity")),
            ("2", "qty=5", None),
            ("2", "qty=0", Some("Invalid quantity")),
            ("2", "qty=6", Some("Invalid quantity")),
            ("2", "qty=1.5", Some("Invalid quantity")),
            ("3", "qty=20", None),
            ("3", "qty=15", Some("Invalid quantity")),
            ("4", "qty=1", Some("Product unavailable")),
            ("5", "qty=1", Some("Product not found")),
        ] {
            assert_eq!(
                refusal(product, query).as_deref(),
                want,
                "{product} {query}"
            );
        }
    }

    #[test]
    fn keeps_the_parameters_of_the_product_and_multiplies_its_price() {
        let products = products();
        let query = "server=eu&note=x&qty=1&uid=5&order_uuid=a-1";
        let call = Call::new("t", "1", query);
        let order = Order::read(&call, &products).unwrap();
        let params = [("uid", "5"), ("server", "eu")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(order.params, params);
        assert_eq!((order.token, order.uuid), ("t", "a-1"));

        let call = Call::new("t", "2", "qty=3");
        let order = Order::read(&call, &products).unwrap();
        assert_eq!(order.cost(), Decimal::new(2250, 2));
    }
}
