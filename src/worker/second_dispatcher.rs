//! Detects a second dispatcher: somebody else who buys the orders that orderwatch buys.
//!
//! It is known by what it does. The shop's own dispatcher writes its reference over ours as soon as
//! its panel has answered, so the newest purchases are compared with the shop's rows before every
//! few claims, and the sweep compares all that are open. What is found pauses the panel in the same
//! statement, for every replica, until a person resumes it.

use std::{collections::BTreeSet, time::Duration};

use chrono::{DateTime, Utc};
use parking_lot::Mutex;

use super::{before, shop::Shop};
use crate::{
    metrics::METRICS,
    order::{EventKind, SecondPolicy},
    store::{Overwritten, Scan, StoreError},
};

/// Purchases that are younger than this are compared in every check.
const NEW: Duration = Duration::from_mins(15);
/// The shortest time between two checks of the newest ones.
const PAUSE: Duration = Duration::from_secs(1);
/// Why buying is paused, in `orderwatch.brakes`.
const WHY: &str = "somebody else buys too: the shop's row of an order that orderwatch sent names \
                   another purchase; switch the shop's own sending off, then resume";

/// Compares the shop's rows with our references.
#[derive(Debug)]
pub(crate) struct SecondDispatcherCheck {
    shop: Shop,
    checked_at: Mutex<Option<DateTime<Utc>>>,
}

impl SecondDispatcherCheck {
    #[must_use]
    pub(crate) fn new(shop: Shop) -> Self {
        Self {
            shop,
            checked_at: Mutex::default(),
        }
    }

    /// Compares the newest purchases, if the last check was long enough ago.
    pub(crate) async fn newest(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        // A dispatcher that scans more often than once in a second need not check more often, too.
        let pause = self.shop.config.dispatch.scan_interval.min(PAUSE);
        if self.checked_since(before(now, pause), now) {
            return Ok(0);
        }

        let since = before(now, NEW);
        self.find(Scan::Newest { since }, now).await
    }

    /// Compares every order that is open.
    pub(crate) async fn open(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        self.find(Scan::Open, now).await
    }

    /// Whether there was a check after that time; from now on there was one.
    fn checked_since(&self, since: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        let mut checked_at = self.checked_at.lock();
        let lately = checked_at.is_some_and(|at| at > since && at <= now);
        if !lately {
            *checked_at = Some(now);
        }
        lately
    }

    async fn find(&self, scan: Scan, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let pause =
            (self.shop.config.dispatch.on_second_dispatcher == SecondPolicy::Pause).then_some(WHY);
        // One statement finds and pauses, so that no replica claims anything in between.
        let found = self.shop.store.find_overwritten(scan, pause, now).await?;

        for order in &found {
            METRICS.result(EventKind::Overwritten);
            say(order);
        }

        // A pause is reported once per panel, however many orders led to it.
        let paused: BTreeSet<_> = found
            .iter()
            .filter(|order| order.pauses)
            .map(|order| order.integration.0)
            .collect();
        for integration in paused {
            tracing::error!(
                %integration,
                "buying at this panel is paused: a second dispatcher is at work; switch it off, \
                 then `orderwatch resume --integration`"
            );
        }

        Ok(u64::try_from(found.len()).unwrap_or(u64::MAX))
    }
}

fn say(found: &Overwritten) {
    tracing::error!(
        order = %found.order,
        reference = %found.reference,
        integration = %found.integration,
        found_reference = found.found_reference,
        found_provider = found.found_provider,
        "somebody else has sent this order too: the shop's row names another purchase"
    );
}
