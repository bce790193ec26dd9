//! Looking for a second dispatcher: somebody else who buys the orders that orderwatch buys.
//!
//! It is known by what it does. The shop's own dispatcher writes its reference over ours as soon as
//! its panel has answered, so the newest purchases are compared with the shop's rows before every
//! few claims, and the sweep compares all that are open. What is found pauses the panel in the same
//! statement, for every replica, until a person resumes it.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};

use super::{before, panels::Panels};
use crate::{
    order::{EventKind, SecondPolicy},
    store::{Overwritten, Scan, Store, StoreError},
};

/// Purchases that are younger than this are compared in every look.
const NEW: Duration = Duration::from_mins(15);
/// The shortest time between two looks at the newest ones.
const PAUSE: Duration = Duration::from_secs(1);
/// Why buying is paused, in `orderwatch.brakes`.
const WHY: &str = "somebody else buys too: the shop's row of an order that orderwatch sent names \
                   another purchase; switch the shop's own sending off, then resume";

/// A look at what became of our references in the shop's rows.
#[derive(Debug)]
pub struct SecondDispatcherCheck {
    store: Store,
    panels: Arc<Panels>,
    what: SecondPolicy,
    pause: Duration,
    looked: Mutex<Option<DateTime<Utc>>>,
}

impl SecondDispatcherCheck {
    /// `scan_interval` is the longest time between two looks of a dispatcher; it takes no more of
    /// them than one in a second.
    #[must_use]
    pub fn new(
        store: Store,
        panels: Arc<Panels>,
        what: SecondPolicy,
        scan_interval: Duration,
    ) -> Self {
        Self {
            store,
            panels,
            what,
            pause: scan_interval.min(PAUSE),
            looked: Mutex::default(),
        }
    }

    /// Compares the newest purchases, if the last look was long enough ago.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn newest(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        if self.looked_since(before(now, self.pause), now) {
            return Ok(0);
        }
        let since = before(now, NEW);
        self.find(Scan::Newest { since }, now).await
    }

    /// Compares every order that is open.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn open(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        self.find(Scan::Open, now).await
    }

    /// Whether there was a look after that time; from now on there was one.
    fn looked_since(&self, since: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let lately = looked.is_some_and(|at| at > since && at <= now);
        if !lately {
            *looked = Some(now);
        }
        lately
    }

    async fn find(&self, scan: Scan, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let pause = (self.what == SecondPolicy::Pause).then_some(WHY);
        let found = self.store.find_overwritten(scan, pause, now).await?;
        for order in &found {
            self.panels.meter().step(EventKind::Overwritten);
            say(order);
        }
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
