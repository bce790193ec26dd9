//! Orders that may have gone to their fallback panel already, says a database that has lost it.
//!
//! An order that the first panel refused is bought at its fallback. When a failover takes that back, it looks unsent,
//! and the first panel, which may sell by then, knows nothing of it. So where a server answers that was not there
//! before, orders of before that time, and all that are there then, are asked about at their fallback panel first
//! (`dispatch.ask_first`).

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use parking_lot::Mutex;

use super::sort::Round;
use crate::{
    order::Reroute,
    provider::Provider,
    store::{Candidate, Store, StoreError},
    worker::{after, panels::Panel},
};

/// By how much the clocks of the shop's host and of this one may differ.
const SKEW: Duration = Duration::from_mins(5);

/// The panel at which an order may be known.
pub(super) struct Elsewhere {
    pub(super) panel: Arc<Panel>,
    pub(super) provider: Arc<dyn Provider>,
    pub(super) route: Reroute,
}

/// Which server answers, and since when.
#[derive(Debug, Default)]
pub(super) struct ServerWatch(Mutex<Option<Seen>>);

#[derive(Clone, Copy, Debug)]
struct Seen {
    /// `pg_postmaster_start_time()`, by which two servers differ.
    server: DateTime<Utc>,
    /// Since when, or when the newest order was placed that was there already.
    since: DateTime<Utc>,
}

impl ServerWatch {
    /// Orders of before this time may have been sent without the database knowing it. To be asked after the orders
    /// were read: a failover in between is noticed then.
    pub(super) async fn doubt_before(
        &self,
        store: &Store,
        now: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, StoreError> {
        let server = store.server_started_at().await?;

        let seen = *self.0.lock();
        if let Some(seen) = seen.filter(|seen| seen.server == server) {
            return Ok(after(seen.since, SKEW));
        }

        // Whoever has placed them has a clock of its own, which may be ahead of this server's by any time.
        let newest = store.newest_order().await?;
        let since = newest.map_or(now, |newest| newest.max(now));
        *self.0.lock() = Some(Seen { server, since });
        Ok(after(since, SKEW))
    }
}

/// Whether an order is of that time.
pub(super) fn is_doubtful(candidate: &Candidate, round: &Round<'_>) -> bool {
    let placed_at = candidate.created_at;
    round
        .doubt_before
        .is_some_and(|before| placed_at.is_none_or(|at| at < before))
}

/// Whether an order of that time may be at a panel that cannot be asked, as its account is not usable: it waits.
pub(super) fn is_out_of_reach(candidate: &Candidate, round: &Round<'_>) -> bool {
    let fallback = candidate.fallback.and_then(|panel| round.all.get(&panel));
    fallback.is_some_and(|panel| panel.provider.is_err()) && is_doubtful(candidate, round)
}

/// Where an order of that time is to be asked about before it is bought.
pub(super) fn elsewhere(candidate: &Candidate, round: &Round<'_>) -> Option<Elsewhere> {
    if !is_doubtful(candidate, round) {
        return None;
    }

    // Also one that is paused or out of reach now.
    let panel = round.all.get(&candidate.fallback?)?;
    Some(Elsewhere {
        provider: Arc::clone(panel.provider.as_ref().ok()?),
        route: Reroute {
            integration: panel.id(),
            reference: panel.reference(candidate.order, 0),
        },
        panel: Arc::clone(panel),
    })
}
