//! The daemons that run, by what each writes about itself: any number of them share one database.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::order::explain::Buying;

/// A daemon without a heartbeat for this long is gone: it writes one every 20 seconds.
pub(crate) const GONE_AFTER: Duration = Duration::from_secs(90);

/// What a daemon says of itself.
#[derive(Clone, Debug)]
pub(crate) struct Daemon {
    /// Drawn when it starts.
    pub(crate) id: Uuid,
    pub(crate) version: String,
    pub(crate) started_at: DateTime<Utc>,
    pub(crate) buying: Buying,
    /// Whether it asks the panels about orders.
    pub(crate) watching: bool,
    /// Its workers that are stalled: no turn finished in time.
    pub(crate) stuck: Vec<String>,
}

/// A daemon as it was last seen.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct DaemonView {
    /// Drawn when it started.
    pub(crate) id: Uuid,
    /// The program's version.
    pub(crate) version: String,
    /// When it started.
    pub(crate) started_at: DateTime<Utc>,
    /// Its last heartbeat.
    pub(crate) seen_at: DateTime<Utc>,
    /// When it ended properly.
    pub(crate) stopped_at: Option<DateTime<Utc>>,
    /// Whether it runs: not stopped, and seen within [`GONE_AFTER`].
    pub(crate) alive: bool,
    /// Whether it buys.
    #[serde(serialize_with = "buying")]
    #[schema(value_type = String)]
    pub(crate) buying: Buying,
    /// Whether it asks the panels about orders.
    pub(crate) watching: bool,
    /// Its workers that are stalled: no turn finished in time.
    pub(crate) stuck: Vec<String>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference"
)]
fn buying<S: serde::Serializer>(value: &Buying, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(buying_name(*value))
}

/// The name that the database and JSON use.
pub(crate) const fn buying_name(buying: Buying) -> &'static str {
    match buying {
        Buying::On => "live",
        Buying::Shadow => "shadow",
        Buying::Off => "off",
    }
}

/// The same, read back.
pub(crate) fn buying_named(name: &str) -> Option<Buying> {
    [Buying::On, Buying::Shadow, Buying::Off]
        .into_iter()
        .find(|buying| buying_name(*buying) == name)
}
