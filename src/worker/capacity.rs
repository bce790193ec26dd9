//! How much a stream may have in flight, over all panels.

use std::sync::Arc;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::concurrency::Permit;

#[derive(Clone, Debug)]
pub struct Capacity {
    all: Arc<Semaphore>,
    size: usize,
    released: Arc<Notify>,
}

/// Capacity for one piece of work, at the stream and where it is done: for an order, at its panel.
/// Released when it is dropped.
#[derive(Debug)]
pub(crate) struct Reservation<P = Permit> {
    // Fields are dropped in this order: the stream is woken when there really is capacity.
    /// The place where it is done.
    pub(crate) permit: P,
    capacity: CapacityPermit,
}

/// Capacity for one piece of work at the stream alone.
#[derive(Debug)]
pub(crate) struct CapacityPermit {
    _permit: OwnedSemaphorePermit,
    _released: Released,
}

impl Reservation {
    /// Releases the panel, and keeps the capacity of the stream.
    #[must_use]
    pub(crate) fn release_panel(self) -> CapacityPermit {
        // An order whose result nobody has taken yet still uses memory.
        self.capacity
    }
}

/// Tells the stream that there is capacity again.
#[derive(Debug)]
struct Released(Arc<Notify>);

impl Drop for Released {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl Capacity {
    /// Capacity for `size` orders.
    #[must_use]
    pub fn new(size: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(size)),
            size,
            released: Arc::new(Notify::new()),
        }
    }

    /// How many more orders there is capacity for.
    #[must_use]
    pub(crate) fn free(&self) -> usize {
        self.all.available_permits()
    }

    /// How many orders there is capacity for altogether.
    #[must_use]
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Takes capacity for work that has a place where it is done.
    #[must_use]
    pub(crate) fn try_reserve<P>(&self, permit: P) -> Option<Reservation<P>> {
        let stream = Arc::clone(&self.all).try_acquire_owned().ok()?;
        Some(Reservation {
            permit,
            capacity: CapacityPermit {
                _released: Released(Arc::clone(&self.released)),
                _permit: stream,
            },
        })
    }

    /// Waits until some capacity was given back since the last call.
    pub(crate) async fn released(&self) {
        self.released.notified().await;
    }
}
