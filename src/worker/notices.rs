//! The notices stream: tells the configured addresses what became of orders.
//!
//! A notice is written with the settlement and lives in the database until it is delivered or given
//! up, so a restart loses none. It may arrive twice, under the same id. Every address has permits of
//! its own: one that is slow or down holds up no other.

mod recorder;
mod schedule;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

pub(crate) use recorder::Deliveries;
pub use recorder::DeliveryRecorder;

use super::{
    after,
    capacity::{Capacity, Reservation},
    stream::{Taken, Turn},
    wakeup::Wakeup,
};
use crate::{
    clock::Clock,
    store::{DueNotice, NoticeOutcome, NoticeShare, Store, StoreError},
    webhook::{Answer, Endpoint, Http, Notice},
};

/// Deliveries to one address at once.
pub(crate) const AT_ONCE: usize = 4;
/// What a claim lasts beyond the longest delivery, for the result to be written.
const TO_WRITE: Duration = Duration::from_mins(1);

#[derive(Debug)]
pub struct Notices {
    store: Store,
    clock: Arc<dyn Clock>,
    http: Http,
    addresses: Vec<Address>,
    deliveries: Deliveries,
    tasks: TaskTracker,
    wakeup: Arc<Wakeup>,
}

/// An address, and the permits for deliveries to it.
#[derive(Debug)]
struct Address {
    endpoint: Arc<Endpoint>,
    permits: Arc<Semaphore>,
}

impl Notices {
    /// A stream to these addresses, which rests on `wakeup`. Deliveries run on `tasks`, their
    /// results go to `deliveries`.
    #[must_use]
    pub fn new(
        (store, clock): (Store, Arc<dyn Clock>),
        http: Http,
        endpoints: Vec<Endpoint>,
        deliveries: Deliveries,
        tasks: TaskTracker,
        wakeup: Arc<Wakeup>,
    ) -> Self {
        let address = |endpoint| Address {
            endpoint: Arc::new(endpoint),
            permits: Arc::new(Semaphore::new(AT_ONCE)),
        };

        Self {
            store,
            clock,
            http,
            addresses: endpoints.into_iter().map(address).collect(),
            deliveries,
            tasks,
            wakeup,
        }
    }

    /// How many more deliveries each address may get now.
    fn shares(&self) -> Vec<NoticeShare> {
        let now = self.clock.now();
        let share = |address: &Address| NoticeShare {
            endpoint: address.endpoint.name.clone(),
            limit: address.permits.available_permits(),
            lease_until: after(now, address.endpoint.timeout + TO_WRITE),
        };

        let shares = self.addresses.iter().map(share);
        shares.filter(|share| share.limit > 0).collect()
    }

    /// Starts a delivery, if there is a permit for it.
    fn start(&self, due: DueNotice, token: Uuid, capacity: &Capacity) -> bool {
        let mut addresses = self.addresses.iter();
        // Gone from the configuration since the claim: the claim ends, and the notice counts as stranded.
        let Some(address) = addresses.find(|address| address.endpoint.name == due.endpoint) else {
            return false;
        };

        let permit = Arc::clone(&address.permits).try_acquire_owned().ok();
        // Left claimed: it comes back when the claim ends.
        let Some(reservation) = permit.and_then(|permit| capacity.try_reserve(permit)) else {
            return false;
        };

        let delivery = Delivery {
            due,
            token,
            endpoint: Arc::clone(&address.endpoint),
            http: self.http.clone(),
            clock: Arc::clone(&self.clock),
            deliveries: self.deliveries.clone(),
            wakeup: Arc::clone(&self.wakeup),
        };
        self.tasks.spawn(delivery.run(reservation));
        true
    }
}

#[async_trait]
impl Turn for Notices {
    async fn take(&self, capacity: &Capacity) -> Result<Taken, StoreError> {
        let shares = self.shares();
        let token = Uuid::new_v4();
        let claimed = self
            .store
            .claim_notices(&shares, token, self.clock.now())
            .await?;

        let mut started = 0;
        for due in claimed {
            started += usize::from(self.start(due, token, capacity));
        }

        // A saturated address is not waited for: a delivery that ends wakes the stream.
        let names: Vec<String> = self.shares().into_iter().map(|s| s.endpoint).collect();
        Ok(Taken {
            started,
            more: false,
            next: self.store.next_notice(&names).await?,
        })
    }
}

/// One try.
struct Delivery {
    due: DueNotice,
    token: Uuid,
    endpoint: Arc<Endpoint>,
    http: Http,
    clock: Arc<dyn Clock>,
    deliveries: Deliveries,
    wakeup: Arc<Wakeup>,
}

impl Delivery {
    async fn run(self, reservation: Reservation<OwnedSemaphorePermit>) {
        let notice = Notice {
            id: self.due.id.to_string(),
            body: self.due.body.clone(),
        };

        let now = self.clock.now().timestamp();
        let answer = self.http.deliver(&self.endpoint, &notice, now).await;
        let outcome = self.outcome(&answer);

        // The permit is released only once the result is submitted: a database that is away stops
        // deliveries whose results could not be kept.
        self.deliveries.submit(outcome).await;
        drop(reservation);
        // More may be due at an address that was saturated until now.
        self.wakeup.wake();
    }

    fn outcome(&self, answer: &Answer) -> NoticeOutcome {
        let at = self.clock.now();
        let tries = self.due.attempts.saturating_add(1);
        let fate = schedule::fate(answer, tries, at);
        schedule::say(&self.due, answer, tries, fate);

        NoticeOutcome {
            id: self.due.id,
            token: self.token,
            fate,
            error: schedule::trouble(answer),
            at,
        }
    }
}
