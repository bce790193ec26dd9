//! What is known about an order and the rows around it: all that explaining it, and deciding about
//! it, rest on.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::{
    breaker::Reason,
    order::{HoldReason, IntegrationId, Naming, Reference, Watched, money::Loss},
};

/// All that the explanation of one order rests on.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// The time of the question.
    pub(crate) now: DateTime<Utc>,
    pub(crate) settings: Settings,
    /// The shop's row; `None` when it is gone.
    pub(crate) shop: Option<ShopFacts>,
    /// What orderwatch knows; `None` when it does not track the order.
    pub(crate) tracked: Option<TrackedFacts>,
    /// What stops buying, everywhere or at the order's panel.
    pub(crate) pause: Option<Pause>,
}

/// The settings that decide about waiting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) buying: Buying,
    /// Older orders are not bought.
    pub(crate) max_order_age: Duration,
    /// From sending to giving up.
    pub(crate) give_up_after: Duration,
    /// Between two sweeps; `None` when there are none.
    pub(crate) sweep: Option<Duration>,
    /// Whether checks follow what was learned of the panels.
    pub(crate) learned: bool,
}

/// Whether the daemon buys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Buying {
    On,
    /// `dispatch.enabled = false`.
    Off,
    /// `dispatch.mode = "shadow"`: it only writes down what it would buy.
    Shadow,
}

/// Where the shop's row stands, as the functions of `migrations/0002_order_rules.sql` see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
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
pub(crate) struct ShopFacts {
    /// `status`.
    pub(crate) status: String,
    /// `"externalStatus"`.
    pub(crate) external_status: String,
    /// `"providerId"`.
    pub(crate) provider_id: Option<String>,
    /// `"externalOrderId"`.
    pub(crate) external_order_id: Option<String>,
    /// Whether that is the name of somebody else's purchase.
    pub(crate) names_other: bool,
    /// Whether `status` says that it is pending, in whatever letters.
    pub(crate) pending: bool,
    pub(crate) standing: Standing,
    /// `"sentAt"`.
    pub(crate) sent_at: Option<DateTime<Utc>>,
    /// `"createdAt"`.
    pub(crate) created_at: DateTime<Utc>,
    /// How its package is routed; `None` when it has no package, or the package no route.
    pub(crate) route: Option<Route>,
    /// The integration that `"providerId"` names; where it names none, that of the route.
    pub(crate) provider: Option<PanelFacts>,
}

/// A row of `package_routing`.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// `mode`.
    pub(crate) mode: String,
    /// `"providerType"`.
    pub(crate) provider_type: String,
    /// The integration that `"primaryProviderId"` names.
    pub(crate) panel: Option<PanelFacts>,
    /// Name and kind of the integration that `"fallbackProviderId"` names, and whether orderwatch
    /// can talk to it.
    pub(crate) fallback: Option<(String, String, bool)>,
}

/// A row of `integrations`, and the state of its breaker.
#[derive(Clone, Debug)]
pub(crate) struct PanelFacts {
    /// `id`.
    pub(crate) id: IntegrationId,
    /// `name`.
    pub(crate) name: String,
    /// How purchases are named there; `None` for a kind that orderwatch does not talk to.
    pub(crate) naming: Option<Naming>,
    /// `provider`: its kind.
    pub(crate) kind: String,
    /// `enabled`; true where the column is absent.
    pub(crate) enabled: bool,
    /// Whether it belongs to the order's shop.
    pub(crate) own: bool,
    pub(crate) breaker: Option<OpenBreaker>,
}

impl PanelFacts {
    /// Whether it is of a kind that orderwatch can talk to.
    #[must_use]
    pub(crate) const fn is_usable(&self) -> bool {
        self.naming.is_some()
    }
}

/// An open breaker: nothing is sent to the panel until a probe succeeds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenBreaker {
    /// When the next probe is made.
    pub(crate) until: DateTime<Utc>,
    pub(crate) reason: Reason,
}

/// A brake that a person has put on.
#[derive(Clone, Debug)]
pub(crate) struct Pause {
    /// For all panels, not for this one alone.
    pub(crate) everywhere: bool,
    /// By whom.
    pub(crate) who: String,
    /// What for.
    pub(crate) why: String,
    /// Since when.
    pub(crate) at: DateTime<Utc>,
}

/// What orderwatch knows about the order.
#[derive(Clone, Debug)]
pub(crate) struct TrackedFacts {
    /// Stage, times and counters.
    pub(crate) watched: Watched,
    pub(crate) held: Option<HoldReason>,
    /// What it would lose, where it is held for that; `None` as well where an older version held it.
    pub(crate) loss: Option<Loss>,
    pub(crate) reference: Option<Reference>,
    /// Where it goes, or was sent to; `None` when there is none, or its row is gone.
    pub(crate) panel: Option<PanelFacts>,
    /// When it is checked next by itself; while it is claimed, when the claim ends.
    pub(crate) due_at: Option<DateTime<Utc>>,
    /// Whether somebody has it claimed.
    pub(crate) claimed: bool,
    /// When it was last claimed for sending, to whichever panel.
    pub(crate) claimed_at: Option<DateTime<Utc>>,
    /// Whether it went to the fallback panel.
    pub(crate) fell_back: bool,
    /// In which time half of the product's last orders were delivered, where the checks follow from it.
    pub(crate) half_delivered_after: Option<Duration>,
    /// When it became final.
    pub(crate) finished_at: Option<DateTime<Utc>>,
    /// What ended it, as its timeline says.
    pub(crate) ending: Option<Ending>,
}

/// The step that ended an order.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    /// [`EventKind::as_str`](crate::order::EventKind::as_str).
    pub(crate) kind: String,
    /// Who decided, if a person did; for a withdrawn order, the cause.
    pub(crate) who: Option<String>,
    /// What that person gave as the reason; for a withdrawn order, the cause.
    pub(crate) why: Option<String>,
    /// What a refusal was about ([`Refusal::as_str`](crate::order::Refusal::as_str)).
    pub(crate) refusal: Option<String>,
}
