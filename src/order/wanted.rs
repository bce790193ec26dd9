//! What the shop's row says about what to buy, before it is put into a panel's terms.

use serde_json::Value;
use uuid::Uuid;

#[derive(Clone, Debug)]
pub(crate) struct ShopOrder {
    /// `product_packages.id`.
    pub(crate) package: Uuid,
    pub(crate) quantity: i32,
    pub(crate) user_identifier: Option<String>,
    pub(crate) extra_field: Option<String>,
    /// The panel's product that its package is mapped to.
    pub(crate) mapping: Mapping,
}

/// Where `package_mappings` leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mapping {
    /// Nowhere.
    None,
    /// To more than one product.
    Several,
    /// To one product of the panel.
    One {
        /// `provider_package_id`.
        entry: String,
        meta: Option<Value>,
    },
}

impl ShopOrder {
    /// What the mapping itself says about the product.
    #[must_use]
    pub(crate) const fn meta(&self) -> Option<&Value> {
        match &self.mapping {
            Mapping::One { meta, .. } => meta.as_ref(),
            Mapping::None | Mapping::Several => None,
        }
    }
}
