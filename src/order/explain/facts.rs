//! What is known about an order and the rows around it: all that explaining it, and deciding about
//! it, rest on.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::{
    breaker::Reason,
    order::{HoldReason, IntegrationId, Reference, Watched},
};

/// All that the explanation of one order rests on.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The time of the question.
    pub now: DateTime<Utc>,
    pub settings: Settings,
    /// The shop's row; `None` when it is gone.
    pub shop: Option<ShopFacts>,
    /// What orderwatch knows; `None` when it does not track the order.
    pub tracked: Option<TrackedFacts>,
    /// What stops buying, everywhere or at the order's panel.
    pub pause: Option<Pause>,
}

/// The settings that decide about waiting.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub buying: Buying,
    /// Older orders are not bought.
    pub max_order_age: Duration,
    /// From sending to giving up.
    pub give_up_after: Duration,
    /// Between two sweeps; `None` when there are none.
    pub sweep: Option<Duration>,
}

/// Whether the daemon buys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buying {
    On,
    /// `dispatch.enabled = false`.
    Off,
    /// `dispatch.mode = "shadow"`: it only writes down what it would buy.
    Shadow,
}

/// Where the shop's row stands, as the functions of `migrations/0002_order_rules.sql` see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has sent it.
    Unsent,
    /// The shop has forwarded it to another tenant, or got it from one along a chain.
    Forwarded,
    /// Somebody has sent it and waits for the result.
    InFlight {
        /// Whether there is a number to ask the panel by.
        numbered: bool,
    },
    /// Its row names a provider or a purchase, and does not say that it waits for one.
    Elsewhere,
    /// Staff or the shop have decided it.
    Decided,
}

/// What the shop's row and the rows around it say.
#[derive(Clone, Debug)]
pub struct ShopFacts {
    /// `status`.
    pub status: String,
    /// `"externalStatus"`.
    pub external_status: String,
    /// `"providerId"`.
    pub provider_id: Option<String>,
    /// `"externalOrderId"`.
    pub external_order_id: Option<String>,
    /// Whether that is the name of somebody else's purchase.
    pub names_other: bool,
    /// Whether `status` says that it is pending, in whatever letters.
    pub pending: bool,
    pub standing: Standing,
    /// `"sentAt"`.
    pub sent_at: Option<DateTime<Utc>>,
    /// `"createdAt"`.
    pub created_at: DateTime<Utc>,
    /// How its package is routed; `None` when it has no package, or the package no route.
    pub route: Option<Route>,
    /// The integration that `"providerId"` names; where it names none, that of the route.
    pub provider: Option<PanelFacts>,
}

/// A row of `package_routing`.
#[derive(Clone, Debug)]
pub struct Route {
    /// `mode`.
    pub mode: String,
    /// `"providerType"`.
    pub provider_type: String,
    /// The integration that `"primaryProviderId"` names.
    pub panel: Option<PanelFacts>,
    /// Name and kind of the integration that `"fallbackProviderId"` names, and whether orderwatch
    /// can talk to it.
    pub fallback: Option<(String, String, bool)>,
}

/// A row of `integrations`, and the state of its breaker.
#[derive(Clone, Debug)]
pub struct PanelFacts {
    /// `id`.
    pub id: IntegrationId,
    /// `name`.
    pub name: String,
    /// Whether it is of a kind that orderwatch can talk to.
    pub usable: bool,
    /// `provider`: its kind.
    pub kind: String,
    /// `enabled`; true where the column is absent.
    pub enabled: bool,
    /// Whether it belongs to the order's shop.
    pub own: bool,
    pub breaker: Option<OpenBreaker>,
}

/// An open breaker: nothing is sent to the panel until a probe succeeds.
#[derive(Clone, Copy, Debug)]
pub struct OpenBreaker {
    /// When the next probe is made.
    pub until: DateTime<Utc>,
    pub reason: Reason,
}

/// A brake that a person has put on.
#[derive(Clone, Debug)]
pub struct Pause {
    /// For all panels, not for this one alone.
    pub everywhere: bool,
    /// By whom.
    pub who: String,
    /// What for.
    pub why: String,
    /// Since when.
    pub at: DateTime<Utc>,
}

/// What orderwatch knows about the order.
#[derive(Clone, Debug)]
pub struct TrackedFacts {
    /// Stage, times and counters.
    pub watched: Watched,
    pub held: Option<HoldReason>,
    pub reference: Option<Reference>,
    /// Where it goes, or was sent to; `None` when there is none, or its row is gone.
    pub panel: Option<PanelFacts>,
    /// When it is checked next by itself; while it is claimed, when the claim ends.
    pub due_at: Option<DateTime<Utc>>,
    /// Whether somebody has it claimed.
    pub claimed: bool,
    /// Whether it went to the fallback panel.
    pub fell_back: bool,
    /// When it became final.
    pub finished_at: Option<DateTime<Utc>>,
    /// What ended it, as its timeline says.
    pub ending: Option<Ending>,
}

/// The step that ended an order.
#[derive(Clone, Debug)]
pub struct Ending {
    /// [`EventKind::as_str`](crate::order::EventKind::as_str).
    pub kind: String,
    /// Who decided, if a person did; for a withdrawn order, the cause.
    pub who: Option<String>,
    /// What that person gave as the reason; for a withdrawn order, the cause.
    pub why: Option<String>,
    /// What a refusal was about ([`Refusal::as_str`](crate::order::Refusal::as_str)).
    pub refusal: Option<String>,
}
