//! One reseller account as people see it.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Bought, by_name};
use crate::{
    breaker::Reason,
    order::{IntegrationId, TenantId},
};

/// A panel.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PanelView {
    /// `integrations.id`.
    #[schema(value_type = uuid::Uuid)]
    pub(crate) id: IntegrationId,
    /// `integrations.name`.
    pub(crate) name: String,
    /// The tenant that owns it.
    #[schema(value_type = uuid::Uuid)]
    pub(crate) tenant: TenantId,
    /// `integrations.enabled`: whether the shop buys there.
    pub(crate) enabled: bool,
    /// Whether buying is paused, there or everywhere.
    pub(crate) paused: bool,
    /// Whether it is called over plain http, as the configuration permits.
    pub(crate) plain_http: bool,
    /// Its breaker, while it is open.
    pub(crate) breaker: Option<BreakerView>,
    /// In TRY, as the panel last said.
    #[schema(value_type = Option<String>)]
    pub(crate) balance: Option<Decimal>,
    /// When that was.
    pub(crate) balance_at: Option<DateTime<Utc>>,
    /// Purchases today.
    pub(crate) bought_today: Bought,
    /// Purchases in the last 24 hours, which the limit counts.
    pub(crate) bought_24h: Bought,
    /// What may be spent in 24 hours, in TRY; `None` for no limit.
    #[schema(value_type = Option<String>)]
    pub(crate) limit: Option<Decimal>,
    /// What tells of somebody else who buys there, in the last 24 hours.
    pub(crate) second: SecondView,
    /// Its orders.
    pub(crate) orders: PanelOrders,
}

/// Evidence of a second dispatcher at one panel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct SecondView {
    /// Orders of ours that somebody else wrote over, sent since a person last resumed buying there.
    pub(crate) overwritten: u64,
    /// When the first of them was noticed.
    pub(crate) since: Option<DateTime<Utc>>,
    /// What left the account and no purchase of ours explains, in TRY.
    #[schema(value_type = String)]
    pub(crate) unexplained: Decimal,
}

/// The orders of one panel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct PanelOrders {
    /// Being sent right now.
    pub(crate) dispatching: u64,
    /// Claimed from the shop and waiting to be sent.
    pub(crate) queued: u64,
    /// Accepted and watched.
    pub(crate) submitted: u64,
    /// May have been bought.
    pub(crate) unconfirmed: u64,
    /// Needing review.
    pub(crate) held: u64,
    /// Whose time to be sent or asked about has come.
    pub(crate) due: u64,
    /// Of those, the late ones.
    pub(crate) late: u64,
    /// In the shop's table and not claimed; at most [`MANY`](super::MANY) are counted.
    pub(crate) eligible: u64,
    /// When the oldest of those was created.
    pub(crate) eligible_since: Option<DateTime<Utc>>,
}

/// A breaker that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct BreakerView {
    /// Why.
    #[serde(serialize_with = "by_name")]
    #[schema(value_type = String)]
    pub(crate) reason: Reason,
    /// Since when.
    pub(crate) since: DateTime<Utc>,
    /// When it is tried next.
    pub(crate) until: DateTime<Utc>,
}

/// A pause of buying.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PauseView {
    /// The panel; `None` for all of them.
    #[schema(value_type = Option<uuid::Uuid>)]
    pub panel: Option<IntegrationId>,
    /// Its name; `None` for all of them, or when its row is gone.
    pub(crate) name: Option<String>,
    /// Who put it on.
    pub who: String,
    /// Why.
    pub(crate) why: String,
    /// When.
    pub(crate) at: DateTime<Utc>,
}

impl PanelOrders {
    /// Those that are open: neither final nor held.
    #[must_use]
    pub(crate) const fn open(&self) -> u64 {
        self.queued + self.dispatching + self.unconfirmed + self.submitted
    }
}

impl PanelView {
    /// Whether new orders are bought there, as far as the panel itself is concerned.
    #[must_use]
    pub(crate) const fn buys(&self) -> bool {
        self.enabled && !self.paused && self.breaker.is_none()
    }
}
