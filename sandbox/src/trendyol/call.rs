//! Reading a call: which endpoint, which seller, which fields.

use std::borrow::Cow;

use super::answer::Problem;

/// The calls that the store knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `POST …/products/price-and-inventory`: reports stock.
    PushStock,
    /// `GET …/products/batch-requests/{id}`: what became of a report.
    BatchResult,
    /// `GET …/products/approved/inventory-and-price`: what is on sale.
    ReadBack,
    /// `GET …/v2/orders`: packages, page by page.
    Orders,
    /// `GET …/orders/stream`: packages, cursor by cursor.
    OrderStream,
    /// `GET …/orders`: the retired version; answers 426.
    RetiredOrders,
    /// `GET …/claims`: returns.
    Claims,
    /// `PUT …/shipment-packages/{id}`: reports progress of a package.
    UpdatePackage,
    /// `…/webhooks`: registers who is called about changes.
    Webhooks,
}

impl Endpoint {
    pub const ALL: [Self; 9] = [
        Self::PushStock,
        Self::BatchResult,
        Self::ReadBack,
        Self::Orders,
        Self::OrderStream,
        Self::RetiredOrders,
        Self::Claims,
        Self::UpdatePackage,
        Self::Webhooks,
    ];

    /// The methods that it is called with.
    #[must_use]
    pub const fn methods(self) -> &'static [&'static str] {
        match self {
            Self::PushStock => &["POST"],
            Self::UpdatePackage => &["PUT"],
            Self::Webhooks => &["GET", "POST", "PUT", "DELETE"],
            _ => &["GET"],
        }
    }

    /// Whether it reads packages or claims, whose errors are written another way.
    pub(super) const fn is_about_orders(self) -> bool {
        !matches!(self, Self::PushStock | Self::BatchResult | Self::ReadBack)
    }
}

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    pub(super) endpoint: Endpoint,
    pub(super) seller: &'a str,
    /// The number or name at the end of the path, for a webhook with the verb behind it; empty
    /// where there is none.
    pub(super) id: &'a str,
}

impl<'a> Target<'a> {
    pub(super) fn at(path: &'a str) -> Option<Self> {
        let (area, rest) = path
            .strip_prefix("/integration/")?
            .split_once("/sellers/")?;
        let (seller, rest) = rest.split_once('/')?;

        let (endpoint, id) = match (area, rest) {
            ("inventory", "products/price-and-inventory") => (Endpoint::PushStock, ""),
            ("product", "products/approved/inventory-and-price") => (Endpoint::ReadBack, ""),
            ("product", rest) => {
                let id = rest.strip_prefix("products/batch-requests/")?;
                (Endpoint::BatchResult, id)
            }
            ("order", "v2/orders") => (Endpoint::Orders, ""),
            ("order", "orders/stream") => (Endpoint::OrderStream, ""),
            ("order", "orders") => (Endpoint::RetiredOrders, ""),
            ("order", "claims") => (Endpoint::Claims, ""),
            ("webhook", "webhooks") => (Endpoint::Webhooks, ""),
            ("webhook", rest) => (Endpoint::Webhooks, rest.strip_prefix("webhooks/")?),
            ("order", rest) => (
                Endpoint::UpdatePackage,
                rest.strip_prefix("shipment-packages/")?,
            ),
            _ => return None,
        };

        let verb = |(_, verb)| matches!(verb, "activate" | "deactivate");
        let known = match endpoint {
            Endpoint::Webhooks => id.split_once('/').is_none_or(verb),
            _ => !id.contains('/'),
        };

        known.then_some(Self {
            endpoint,
            seller,
            id,
        })
    }
}

/// The fields after the question mark.
pub(super) struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Query<'a> {
    pub(super) fn read(query: &'a str) -> Self {
        Self(form_urlencoded::parse(query.as_bytes()).collect())
    }

    /// The value of a field; one without a value counts as absent.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let mut fields = self.0.iter();
        let found = fields.find(|(name, value)| name == key && !value.is_empty());
        found.map(|(_, value)| &**value)
    }

    /// The values of a field that may be written as a list or several times.
    pub(super) fn all<'s>(&'s self, key: &'s str) -> impl Iterator<Item = &'s str> {
        let fields = self.0.iter().filter(move |(name, _)| name == key);
        let values = fields.flat_map(|(_, value)| value.split(','));
        values.map(str::trim).filter(|value| !value.is_empty())
    }

    /// A whole number.
    pub(super) fn number(&self, key: &'static str) -> Result<Option<i64>, Problem> {
        let parse = |text: &str| text.parse().map_err(|_| Problem::invalid(key));
        self.get(key).map(parse).transpose()
    }

    /// A count from 0 up.
    pub(super) fn count(&self, key: &'static str) -> Result<Option<usize>, Problem> {
        let number = self.number(key)?;
        let count = |n: i64| usize::try_from(n).map_err(|_| Problem::invalid(key));
        number.map(count).transpose()
    }

    /// The number of entries of a page, 1 to `most`.
    pub(super) fn size(&self, default: usize, most: usize) -> Result<usize, Problem> {
        match self.count("size")?.unwrap_or(default) {
            size if (1..=most).contains(&size) => Ok(size),
            _ => Err(Problem::invalid("size")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_endpoint_at_its_own_path_only() {
        for (path, want) in [
            (
                "/integration/inventory/sellers/7/products/price-and-inventory",
                Some((Endpoint::PushStock, "")),
            ),
            (
                "/integration/product/sellers/7/products/price-and-inventory",
                None,
            ),
            (
                "/integration/product/sellers/7/products/batch-requests/a-1",
                Some((Endpoint::BatchResult, "a-1")),
            ),
            (
                "/integration/product/sellers/7/products/batch-requests/a/b",
                None,
            ),
            (
                "/integration/order/sellers/7/v2/orders",
                Some((Endpoint::Orders, "")),
            ),
            ("/integration/order/sellers/7/v2/orders/stream", None),
            (
                "/integration/order/sellers/7/shipment-packages/12",
                Some((Endpoint::UpdatePackage, "12")),
            ),
            ("/sapigw/suppliers/7/orders", None),
            ("/", None),
        ] {
            let found = Target::at(path).map(|t| (t.endpoint, t.id));
            assert_eq!(found, want, "{path}");
        }
    }

    #[test]
    fn reads_lists_written_either_way() {
        let query = Query::read("a=1%2C2&a=3&b=&size=201");
        assert_eq!(query.all("a").collect::<Vec<_>>(), ["1", "2", "3"]);
        assert_eq!(query.get("b"), None);
        assert!(query.size(50, 200).is_err());
    }
}
