//! Identifiers that must not be mixed up: each is a UUID in the shop's tables.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// `product_orders.id`.
    OrderId
}
id! {
    /// `integrations.id`: one reseller account of one tenant.
    IntegrationId
}
id! {
    /// `"tenantId"` of the shop's tables.
    TenantId
}
