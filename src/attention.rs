//! What needs somebody's attention: decided here, once, for the command line, the page, the API and
//! the metrics.
//!
//! Pure: a [`Situation`](crate::overview::Situation) comes in, [`Warning`]s come out. A warning is a
//! value before it is a sentence, so that a page can say it in another language by its variant. What must stay true:
//! nothing that costs money or loses orders is silent, and what is well raises no warning.

mod assess;
#[cfg(test)]
pub(crate) mod tests;
mod words;

use std::{fmt, time::Duration};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;

pub use assess::assess;
pub(crate) use words::money;

use crate::{
    breaker::Reason,
    order::IntegrationId,
    overview::{HeldGroup, by_name},
};

/// The numbers from which on something is worth a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// In TRY; a balance below it is low. `None` where only an empty one is.
    pub warn_below: Option<Decimal>,
    /// An older view of the marketplace's orders is stale.
    pub stale_after: Duration,
    /// Stock that could not be sent for this long is critical.
    pub push_critical_after: Duration,
}

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Orders do not flow, or money is at stake: now.
    Critical,
    /// Somebody has to look at it today.
    Warning,
    /// Somebody wanted it so; it should not be forgotten.
    Notice,
}

/// Something that needs attention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// What.
    pub condition: Condition,
    /// How much it matters.
    pub severity: Severity,
    /// Since when, where that is known.
    pub since: Option<DateTime<Utc>>,
}

/// A panel in a warning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Panel {
    /// `integrations.id`.
    pub id: IntegrationId,
    /// `integrations.name`.
    pub name: String,
}

/// What may need attention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Condition {
    /// No daemon is at work.
    NoDaemon {
        /// When one was last seen.
        seen_at: Option<DateTime<Utc>>,
    },
    /// Parts of a daemon have not finished a turn in time.
    DaemonStuck {
        /// Which.
        loops: Vec<String>,
    },
    /// The daemon runs on older settings than those that it was told to apply.
    ReloadRefused {},
    /// Orders of the shop wait to be bought and nobody takes them up.
    NotTakenUp {
        /// How many, at least.
        orders: u64,
    },
    /// Tracked orders whose time has come long ago, or is over.
    Late {
        /// How many.
        orders: u64,
    },
    /// Orders that may have been bought; the panels are being asked.
    Unconfirmed {
        /// How many.
        orders: u64,
    },
    /// Orders that wait for a person.
    Held {
        /// How many, by reason.
        groups: Vec<HeldGroup>,
    },
    /// Orders have ended, and the shop has neither approved nor rejected them.
    Unsettled {
        /// How many, at most [`MANY`](crate::overview::MANY).
        orders: u64,
        /// Whether somebody is told of settlements: an address is configured.
        told: bool,
    },
    /// Bought orders wait for an answer, and no daemon asks the panels.
    NotWatched {
        /// How many.
        orders: u64,
    },
    /// A panel is left alone.
    BreakerOpen {
        /// Which.
        panel: Panel,
        /// Why.
        #[serde(serialize_with = "by_name")]
        reason: Reason,
        /// When it is asked next whether it works again.
        until: DateTime<Utc>,
    },
    /// An account holds too little.
    BalanceLow {
        /// Whose.
        panel: Panel,
        /// In TRY.
        balance: Decimal,
        /// In TRY; `None` where it is empty.
        limit: Option<Decimal>,
    },
    /// Most of what may be spent was spent.
    SpendingNear {
        /// Where.
        panel: Panel,
        /// In the last 24 hours, in TRY.
        spent: Decimal,
        /// In TRY.
        limit: Decimal,
    },
    /// All that may be spent was spent: new orders are held.
    SpendingReached {
        /// Where.
        panel: Panel,
        /// In the last 24 hours, in TRY.
        spent: Decimal,
        /// In TRY.
        limit: Decimal,
    },
    /// Somebody else has bought orders that orderwatch bought too.
    SecondDispatcher {
        /// Where.
        panel: Panel,
        /// Orders whose row in the shop names another purchase than ours.
        orders: u64,
    },
    /// An account fell by more than was bought.
    BalanceUnexplained {
        /// Whose.
        panel: Panel,
        /// In the last 24 hours, in TRY.
        amount: Decimal,
    },
    /// Products are sold with player fields that no person has confirmed.
    PlayerFields {
        /// How many.
        products: u64,
    },
    /// Somebody has paused buying.
    Paused {
        /// Where; `None` everywhere.
        panel: Option<String>,
        /// Who.
        who: String,
        /// Why.
        why: String,
    },
    /// The daemons do not buy.
    NotBuying {
        /// Whether they write down what they would buy.
        shadow: bool,
    },
    /// A periodic job does not come.
    JobMissing {
        /// Its name.
        job: &'static str,
        /// When it was expected.
        expected: DateTime<Utc>,
    },
    /// The last pass of a periodic job has failed.
    JobFailing {
        /// Its name.
        job: &'static str,
        /// What went wrong.
        error: Option<String>,
    },
    /// Stock could not be sent.
    PushFailing {
        /// What went wrong.
        error: Option<String>,
        /// When it last went well.
        good_at: Option<DateTime<Utc>>,
    },
    /// No stock is sent until a person resumes.
    StockPaused {
        /// Who wants it so.
        who: String,
        /// Why.
        why: String,
    },
    /// The marketplace does not call about orders although a webhook is configured.
    WebhookSilent {},
    /// The marketplace's orders were read too long ago.
    OrdersStale {
        /// When they were last read whole.
        read_at: Option<DateTime<Utc>>,
    },
    /// Packages were shipped although nobody has taken their units from the shelves.
    ShippedUntaken {
        /// How many.
        packages: u64,
    },
    /// The warehouse has tables of orders that orderwatch does not know.
    UnknownOrderTables {
        /// Which.
        tables: Vec<String>,
    },
    /// Bar codes that the marketplace has refused.
    Quarantine {
        /// How many.
        items: u64,
    },
    /// Notices are not taken by their address.
    NoticesFailing {
        /// Its name.
        endpoint: String,
        /// How many wait after at least one try.
        notices: u64,
    },
    /// Notices were given up.
    NoticesGivenUp {
        /// Whose.
        endpoint: String,
        /// How many in the last 24 hours.
        notices: u64,
    },
    /// Notices wait for an address that is not in the configuration.
    NoticesStranded {
        /// Its name.
        endpoint: String,
        /// How many.
        notices: u64,
    },
}

macro_rules! kinds {
    ($($kind:ident => $name:literal),+ $(,)?) => {
        /// The kinds of conditions, by which metrics count them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind { $($kind),+ }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind),+];

            /// The name in JSON and in the metrics.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $name),+ }
            }
        }

        impl Condition {
            /// Its kind.
            #[must_use]
            pub const fn kind(&self) -> Kind {
                match self { $(Self::$kind { .. } => Kind::$kind),+ }
            }
        }
    };
}

kinds! {
    NoDaemon => "no_daemon",
    DaemonStuck => "daemon_stuck",
    ReloadRefused => "reload_refused",
    NotTakenUp => "not_taken_up",
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
    PlayerFields => "player_fields",
    Paused => "paused",
    NotBuying => "not_buying",
    JobMissing => "job_missing",
    JobFailing => "job_failing",
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
    pub const fn as_str(self) -> &'static str {
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

impl Serialize for Warning {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;
        let mut warning = serializer.serialize_struct("Warning", 7)?;
        warning.serialize_field("kind", self.condition.kind().as_str())?;
        warning.serialize_field("severity", &self.severity)?;
        warning.serialize_field("subject", &self.condition.subject())?;
        warning.serialize_field("since", &self.since)?;
        warning.serialize_field("sentence", &self.condition.sentence())?;
        warning.serialize_field("remedy", &self.condition.remedy())?;
        warning.serialize_field("detail", &self.condition)?;
        warning.end()
    }
}
