//! Gates hold requests at a chosen moment, so that a test can act exactly then.

use std::sync::{Arc, Mutex};

use tokio::sync::{Semaphore, watch};

use super::lock;

/// Where a request is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Moment {
    /// It has arrived; nothing was done for it.
    BeforeWork,
    /// Its work is done (a purchase is in the ledger); nothing was answered.
    BeforeAnswer,
}

/// The gates of one server.
#[derive(Debug)]
pub struct Gates<E> {
    shut: Mutex<Vec<(E, Moment, Arc<Barrier>)>>,
}

#[derive(Debug)]
struct Barrier {
    permits: Semaphore,
    arrived: watch::Sender<usize>,
}

/// A shut gate; dropping it opens it.
#[derive(Debug)]
#[must_use = "a gate that is dropped is open"]
pub struct CallBarrier {
    barrier: Arc<Barrier>,
}

impl<E> Default for Gates<E> {
    fn default() -> Self {
        Self {
            shut: Mutex::default(),
        }
    }
}

impl<E: Copy + Eq> Gates<E> {
    /// Holds every request to the endpoint at this moment until the gate opens.
    pub fn hold(&self, endpoint: E, moment: Moment) -> CallBarrier {
        let barrier = Arc::new(Barrier {
            permits: Semaphore::new(0),
            arrived: watch::Sender::new(0),
        });
        let mut shut = lock(&self.shut);
        shut.retain(|(_, _, other)| !other.permits.is_closed());
        shut.push((endpoint, moment, Arc::clone(&barrier)));
        CallBarrier { barrier }
    }

    /// Waits at the gate, if one is shut here.
    pub(super) async fn pass(&self, endpoint: E, moment: Moment) {
        let Some(barrier) = self.find(endpoint, moment) else {
            return;
        };
        barrier.arrived.send_modify(|n| *n += 1);
        // An error means that the gate is open for good.
        if let Ok(permit) = barrier.permits.acquire().await {
            permit.forget();
        }
    }

    fn find(&self, endpoint: E, moment: Moment) -> Option<Arc<Barrier>> {
        let shut = lock(&self.shut);
        let here = |(e, m, barrier): &&(E, Moment, Arc<Barrier>)| {
            *e == endpoint && *m == moment && !barrier.permits.is_closed()
        };
        shut.iter().find(here).map(|(_, _, b)| Arc::clone(b))
    }
}

impl CallBarrier {
    /// Waits until `count` requests have come to the gate since it was shut.
    pub async fn arrived(&self, count: usize) {
        let mut arrived = self.barrier.arrived.subscribe();
        // The sender lives as long as this gate, so the wait ends by the count alone.
        drop(arrived.wait_for(|n| *n >= count).await);
    }

    /// Lets one request through; the others and later ones stay.
    pub fn let_one_through(&self) {
        self.barrier.permits.add_permits(1);
    }

    pub fn open(self) {
        drop(self);
    }
}

impl Drop for CallBarrier {
    fn drop(&mut self) {
        self.barrier.permits.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn holds_until_it_opens_and_only_at_its_place() {
        let gates = Arc::new(Gates::<u8>::default());
        let gate = gates.hold(1, Moment::BeforeWork);
        gates.pass(1, Moment::BeforeAnswer).await;
        gates.pass(2, Moment::BeforeWork).await;

        let held: Vec<_> = (0..3)
            .map(|_| {
                let gates = Arc::clone(&gates);
                tokio::spawn(async move { gates.pass(1, Moment::BeforeWork).await })
            })
            .collect();

        gate.arrived(3).await;
        assert!(held.iter().all(|task| !task.is_finished()));
        gate.open();
        for task in held {
            task.await.unwrap();
        }

        gates.pass(1, Moment::BeforeWork).await;
    }

    #[tokio::test]
    async fn lets_one_through() {
        let gates = Gates::<u8>::default();
        let gate = gates.hold(1, Moment::BeforeWork);
        gate.let_one_through();
        gates.pass(1, Moment::BeforeWork).await;
        let next = gates.pass(1, Moment::BeforeWork);
        assert!(futures::poll!(std::pin::pin!(next)).is_pending());
    }
}
