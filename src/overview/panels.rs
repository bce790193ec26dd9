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
pub struct PanelView {
    /// `integrations.id`.
    #[schema(value_type = uuid::Uuid)]
    pub id: IntegrationId,
    /// `integrations.name`.
    pub name: String,
    /// The tenant that owns it.
    #[schema(value_type = uuid::Uuid)]
    pub tenant: TenantId,
    /// `integrations.enabled`: whether the shop buys there.
    pub enabled: bool,
    /// Whether buying is paused, there or everywhere.
    pub paused: bool,
    /// Its breaker, while it is open.
    pub breaker: Option<BreakerView>,
    /// In TRY, as the panel last said.
    #[schema(value_type = Option<String>)]
    pub balance: Option<Decimal>,
    /// When that was.
    pub balance_at: Option<DateTime<Utc>>,
    /// Purchases today.
    pub bought_today: Bought,
    /// Purchases in the last 24 hours, which the limit counts.
    pub bought_24h: Bought,
    /// What may be spent in 24 hours, in TRY; `None` for no limit.
    #[schema(value_type = Option<String>)]
    pub limit: Option<Decimal>,
    /// What tells of somebody else who buys there, in the last 24 hours.
    pub second: SecondView,
    /// Its orders.
    pub orders: PanelOrders,
}

/// Evidence of a second dispatcher at one panel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct SecondView {
    /// Orders of ours that somebody else wrote over, sent since a person last resumed buying there.
    pub overwritten: u64,
    /// When the first of them was noticed.
    pub since: Option<DateTime<Utc>>,
    /// What left the account and no purchase of ours explains, in TRY.
    #[schema(value_type = String)]
    pub unexplained: Decimal,
}

/// The orders of one panel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct PanelOrders {
    /// Being sent right now.
    pub dispatching: u64,
    /// Claimed from the shop and waiting to be sent.
    pub queued: u64,
    /// Accepted and watched.
    pub submitted: u64,
    /// May have been bought.
    pub unconfirmed: u64,
    /// Needing review.
    pub held: u64,
    /// Whose time to be sent or asked about has come.
    pub due: u64,
    /// Of those, the late ones.
    pub late: u64,
    /// In the shop's table and not claimed; at most [`MANY`](super::MANY) are counted.
    pub eligible: u64,
    /// When the oldest of those was created.
    pub eligible_since: Option<DateTime<Utc>>,
}

/// A breaker that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BreakerView {
    /// Why.
    #[serde(serialize_with = "by_name")]
    #[schema(value_type = String)]
    pub reason: Reason,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it is tried next.
    pub until: DateTime<Utc>,
}

/// A pause of buying.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PauseView {
    /// The panel; `None` for all of them.
    #[schema(value_type = Option<uuid::Uuid>)]
    pub panel: Option<IntegrationId>,
    /// Its name; `None` for all of them, or when its row is gone.
    pub name: Option<String>,
    /// Who put it on.
    pub who: String,
    /// Why.
    pub why: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl PanelOrders {
    /// Those that are open: neither final nor held.
    #[must_use]
    pub const fn open(&self) -> u64 {
        self.queued + self.dispatching + self.unconfirmed + self.submitted
    }
}

impl PanelView {
    /// Whether new orders are bought there, as far as the panel itself is concerned.
    #[must_use]
    pub const fn buys(&self) -> bool {
        self.enabled && !self.paused && self.breaker.is_none()
    }
}
