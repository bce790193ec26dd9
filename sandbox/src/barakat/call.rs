//! Reading a call: which endpoint, which account, which parameters, which orders it asks about.

use std::borrow::Cow;

/// The four calls that a panel knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `newOrder/{id}/params`: buys.
    Purchase,
    /// `check`: asks about purchases.
    Status,
    /// `products`: reads the price list.
    Catalogue,
    /// `profile`: reads the balance.
    Balance,
}

impl Endpoint {
    pub const ALL: [Self; 4] = [Self::Purchase, Self::Status, Self::Catalogue, Self::Balance];

    /// The endpoint at a path below the prefix, and the product that a purchase names in it.
    pub(super) fn at<'a>(path: &'a str, prefix: &str) -> Option<(Self, &'a str)> {
        let rest = path.strip_prefix(prefix)?.strip_prefix("/client/api/")?;
        let product = rest
            .strip_prefix("newOrder/")
            .and_then(|rest| rest.strip_suffix("/params"))
            .filter(|id| !id.is_empty() && !id.contains('/'));

        match rest {
            "check" => Some((Self::Status, "")),
            "products" => Some((Self::Catalogue, "")),
            "profile" => Some((Self::Balance, "")),
            _ => product.map(|id| (Self::Purchase, id)),
        }
    }
}

pub(super) struct Call<'a> {
    pub(super) token: &'a str,
    /// The product of a purchase, as the path has it.
    pub(super) product: &'a str,
    /// Every parameter, decoded, in the order in which they were sent.
    pub(super) query: Vec<(String, String)>,
}

/// Which orders a call to [`Endpoint::Status`] asks about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Question<'a> {
    /// Whether they are named by `order_uuid`, not by the panel's own number.
    pub(super) by_uuid: bool,
    pub(super) orders: Vec<&'a str>,
}

impl<'a> Call<'a> {
    pub(super) fn new(token: &'a str, product: &'a str, query: &str) -> Self {
        let pairs = form_urlencoded::parse(query.as_bytes());
        Self {
            token,
            product,
            query: pairs.map(|(k, v)| (owned(k), owned(v))).collect(),
        }
    }

    /// The first value of a parameter; one that is not there is empty.
    pub(super) fn field(&self, name: &str) -> &str {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value)
    }

    /// The orders that are asked about, unless they are not in brackets.
    pub(super) fn question(&self) -> Option<Question<'_>> {
        let list = self.field("orders").trim();
        let inside = list.strip_prefix('[')?.strip_suffix(']')?;
        let orders = inside.split(',').map(unquoted);

        Some(Question {
            by_uuid: self.field("uuid") == "1",
            orders: orders.filter(|order| !order.is_empty()).collect(),
        })
    }

    /// What the call names its orders by: the `order_uuid` of a purchase, each element of a question.
    pub(super) fn references(&self, endpoint: Endpoint) -> Vec<String> {
        let orders = match endpoint {
            Endpoint::Purchase => vec![self.field("order_uuid")],
            Endpoint::Status => self.question().map(|q| q.orders).unwrap_or_default(),
            Endpoint::Catalogue | Endpoint::Balance => Vec::new(),
        };
        let named = orders.into_iter().filter(|order| !order.is_empty());

        named.map(str::to_owned).collect()
    }
}

fn owned(text: Cow<'_, str>) -> String {
    text.into_owned()
}

fn unquoted(element: &str) -> &str {
    let element = element.trim();
    let inside = element.strip_prefix('"').and_then(|e| e.strip_suffix('"'));
    inside.unwrap_or(element)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_endpoint_below_its_prefix_only() {
        for (path, prefix, want) in [
            ("/client/api/profile", "", Some((Endpoint::Balance, ""))),
            ("/client/api/products", "", Some((Endpoint::Catalogue, ""))),
            ("/b/client/api/check", "/b", Some((Endpoint::Status, ""))),
            (
                "/client/api/newOrder/501/params",
                "",
                Some((Endpoint::Purchase, "501")),
            ),
            ("/client/api/newOrder//params", "", None),
            ("/client/api/newOrder/5/01/params", "", None),
            ("/client/api/newOrder/501", "", None),
            ("/client/api/check/", "", None),
            ("/client/api/check", "/b", None),
            ("/b/client/api/check", "", None),
            ("/", "", None),
        ] {
            assert_eq!(Endpoint::at(path, prefix), want, "{path} below {prefix:?}");
        }
    }

    #[test]
    fn keeps_every_parameter_decoded_and_in_order() {
        let call = Call::new("t", "501", "qty=1&uid=x+y%26z&uid=2&order_uuid=%C5%9F");
        let pairs: Vec<(&str, &str)> = call
            .query
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();

        assert_eq!(
            pairs,
            [
                ("qty", "1"),
                ("uid", "x y&z"),
                ("uid", "2"),
                ("order_uuid", "ş")
            ]
        );
        assert_eq!((call.field("uid"), call.field("server")), ("x y&z", ""));
        assert_eq!(call.references(Endpoint::Purchase), ["ş"]);
    }

    #[test]
    fn reads_the_orders_of_a_question() {
        for (query, by_uuid, orders) in [
            ("orders=%5B67890%5D", false, &["67890"][..]),
            ("orders=[67890]&uuid=0", false, &["67890"]),
            (
                "orders=%5Ba-1%2C+%22b-2%22%5D&uuid=1",
                true,
                &["a-1", "b-2"],
            ),
            ("uuid=1&orders=[]", true, &[]),
        ] {
            let call = Call::new("t", "", query);
            let orders = orders.to_vec();
            assert_eq!(
                call.question(),
                Some(Question { by_uuid, orders }),
                "{query}"
            );
        }

        for query in ["", "orders=", "orders=67890", "orders=[67890", "uuid=1"] {
            let call = Call::new("t", "", query);
            assert_eq!(call.question(), None, "{query}");
            assert!(call.references(Endpoint::Status).is_empty(), "{query}");
        }
    }
}
