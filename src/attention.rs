//! What needs somebody's attention: decided here, once, for the command line, the page, the API and
//! the metrics.
//!
//! Pure: a [`Situation`](crate::overview::Situation) comes in, [`Warning`]s come out. A warning is a
//! value before it is a sentence, so that a page can say it in another language by its variant.
//!
//! What must stay true: nothing that costs money or loses orders is silent, and what is well raises no
//! warning.

mod assess;
#[cfg(test)]
pub(crate) mod tests;
mod words;

use std::{fmt, time::Duration};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use assess::assess;
pub(crate) use words::{job_name, trouble};

use crate::{
    breaker::Reason,
    order::IntegrationId,
    overview::{HeldGroup, LossGroup, by_name},
    text::{Lang, format::Format},
};

/// The numbers from which on something is worth a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// In TRY; a balance below it is low. `None` where only an empty one is.
    pub(crate) warn_below: Option<Decimal>,
    /// An older view of the marketplace's orders is stale.
    pub(crate) stale_after: Duration,
    /// Stock that could not be sent for this long is critical.
    pub(crate) push_critical_after: Duration,
}

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Severity {
    /// Orders do not flow, or money is at stake: now.
    Critical,
    /// Somebody has to check it today.
    Warning,
    /// Somebody wanted it so; it should not be forgotten.
    Notice,
}

/// Something that needs attention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "WarningItem")]
pub(crate) struct Warning {
    pub(crate) condition: Condition,
    pub(crate) severity: Severity,
    /// Since when, where that is known.
    pub(crate) since: Option<DateTime<Utc>>,
}

/// A warning in JSON.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WarningItem {
    /// What, for programs.
    kind: &'static str,
    /// `critical`, `warning` or `notice`.
    severity: &'static str,
    /// Whose, where there may be several: a panel, a job, an address.
    subject: Option<String>,
    /// Since when, where that is known.
    since: Option<DateTime<Utc>>,
    /// What, for people.
    sentence: String,
    /// How to fix it.
    fix: &'static str,
    /// The facts.
    #[schema(value_type = Object)]
    detail: Condition,
}

impl From<Warning> for WarningItem {
    fn from(warning: Warning) -> Self {
        let condition = warning.condition;
        Self {
            kind: condition.kind().as_str(),
            severity: warning.severity.as_str(),
            subject: condition.subject().map(ToString::to_string),
            since: warning.since,
            sentence: condition.sentence(&Format::PLAIN),
            fix: condition.fix(Lang::En),
            detail: condition,
        }
    }
}

/// A panel in a warning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Panel {
    /// `integrations.id`.
    pub(crate) id: IntegrationId,
    /// `integrations.name`.
    pub(crate) name: String,
}

/// What may need attention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Condition {
    /// No daemon is at work.
    NoDaemon {
        /// When one was last seen.
        seen_at: Option<DateTime<Utc>>,
    },
    /// Workers of a daemon are stalled.
    WorkerStalled { loops: Vec<String> },
    /// The daemon runs on older settings than those that it was asked to apply.
    ReloadRefused {},
    /// Orders of the shop wait to be bought and nobody claims them.
    NotClaimed { orders: u64 },
    /// Tracked orders whose time has come long ago, or is over.
    Late { orders: u64 },
    /// Orders that may have been bought; the panels are being asked.
    Unconfirmed { orders: u64 },
    /// Orders that need review.
    Held { groups: Vec<HeldGroup> },
    /// Orders have ended, and the shop has neither approved nor rejected them.
    Unsettled {
        /// How many, at most [`MANY`](crate::overview::MANY).
        orders: u64,
        /// Whether settlements are reported to somebody: an address is configured.
        reported: bool,
    },
    /// Bought orders wait for an answer, and no daemon asks the panels.
    NotWatched { orders: u64 },
    /// A panel's circuit is open.
    BreakerOpen {
        panel: Panel,
        #[serde(serialize_with = "by_name")]
        reason: Reason,
        /// When it is tried next.
        until: DateTime<Utc>,
    },
    /// An account holds too little.
    BalanceLow {
        panel: Panel,
        balance: Decimal,
        /// In TRY; `None` where it is empty.
        limit: Option<Decimal>,
    },
    /// Most of what may be spent was spent.
    SpendingNear {
        panel: Panel,
        /// In the last 24 hours, in TRY.
        spent: Decimal,
        limit: Decimal,
    },
    /// All that may be spent was spent: new orders are held.
    SpendingReached {
        panel: Panel,
        /// In the last 24 hours, in TRY.
        spent: Decimal,
        limit: Decimal,
    },
    /// Somebody else has bought orders that orderwatch bought too.
    SecondDispatcher {
        panel: Panel,
        /// Orders whose row in the shop names another purchase than ours.
        orders: u64,
    },
    /// An account fell by more than was bought.
    BalanceUnexplained {
        panel: Panel,
        /// In the last 24 hours, in TRY.
        amount: Decimal,
    },
    /// Purchases of the last 24 hours have cost more than the customers paid.
    SoldAtALoss {
        /// By package.
        groups: Vec<LossGroup>,
    },
    /// Products are sold with player fields that no person has confirmed.
    PlayerFields { products: u64 },
    /// Somebody has paused buying.
    Paused {
        /// Where; `None` everywhere.
        panel: Option<String>,
        who: String,
        why: String,
    },
    /// A panel is called over plain HTTP, as the configuration permits.
    PlainHttp { panel: Panel },
    /// The daemons do not buy.
    NotBuying {
        /// Whether they write down what they would buy.
        shadow: bool,
    },
    /// A periodic job is overdue.
    JobOverdue {
        job: &'static str,
        expected: DateTime<Utc>,
    },
    /// The last pass of a periodic job has failed.
    JobFailing {
        job: &'static str,
        error: Option<String>,
    },
    /// The marketplace answers this machine as it answers an address that it does not serve.
    AddressBlocked {
        job: &'static str,
        error: Option<String>,
    },
    /// Stock could not be sent.
    PushFailing {
        error: Option<String>,
        /// When it last went well.
        good_at: Option<DateTime<Utc>>,
    },
    /// No stock is sent until a person resumes; it is lowered all the same where orderwatch itself paused.
    StockPaused { who: String, why: String },
    /// The marketplace does not call about orders although a webhook is configured.
    WebhookSilent {},
    /// The marketplace's orders were read too long ago.
    OrdersStale {
        /// When they were last read whole.
        read_at: Option<DateTime<Utc>>,
    },
    /// Packages were shipped although nobody has taken their units from the shelves.
    ShippedUntaken { packages: u64 },
    /// The warehouse has tables of orders that orderwatch does not know.
    UnknownOrderTables { tables: Vec<String> },
    /// Barcodes that the marketplace has refused.
    Quarantine { items: u64 },
    /// Notices are not taken by their address.
    NoticesFailing {
        endpoint: String,
        /// How many wait after at least one try.
        notices: u64,
    },
    /// Notices were given up.
    NoticesGivenUp {
        endpoint: String,
        /// How many in the last 24 hours.
        notices: u64,
    },
    /// Notices wait for an address that is not in the configuration.
    NoticesStranded { endpoint: String, notices: u64 },
}

macro_rules! kinds {
    ($($kind:ident => $name:literal),+ $(,)?) => {
        /// The kinds of conditions, by which metrics count them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(crate) enum Kind { $($kind),+ }

        impl Kind {
            pub(crate) const ALL: &[Self] = &[$(Self::$kind),+];

            /// The name in JSON and in the metrics.
            #[must_use]
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $name),+ }
            }
        }

        impl Condition {
            #[must_use]
            pub(crate) const fn kind(&self) -> Kind {
                match self { $(Self::$kind { .. } => Kind::$kind),+ }
            }
        }
    };
}

kinds! {
    NoDaemon => "no_daemon",
    WorkerStalled => "worker_stalled",
    ReloadRefused => "reload_refused",
    NotClaimed => "not_claimed",
    Late => "late",
    Unconfirmed => "unconfirmed",
    Held => "held",
    Unsettled => "unsettled",
    NotWatched => "not_watched",
    BreakerOpen => "breaker_open",
    BalanceLow => "balance_low",
    SpendingNear => "spending_near",
    SpendingReached => "spending_reached",
    SecondDispatcher => "second_dispatcher",
    BalanceUnexplained => "balance_unexplained",
    SoldAtALoss => "sold_at_a_loss",
    PlayerFields => "player_fields",
    Paused => "paused",
    PlainHttp => "plain_http",
    NotBuying => "not_buying",
    JobOverdue => "job_overdue",
    JobFailing => "job_failing",
    AddressBlocked => "address_blocked",
    PushFailing => "push_failing",
    StockPaused => "stock_paused",
    WebhookSilent => "webhook_silent",
    OrdersStale => "orders_stale",
    ShippedUntaken => "shipped_untaken",
    UnknownOrderTables => "unknown_order_tables",
    Quarantine => "quarantine",
    NoticesFailing => "notices_failing",
    NoticesGivenUp => "notices_given_up",
    NoticesStranded => "notices_stranded",
}

impl Severity {
    /// The name in JSON and in the metrics.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
