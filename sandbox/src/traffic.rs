//! How busy a practice server is: requests by endpoint, those in flight, and who waits for a change.
//!
//! What must stay true: every change is announced, otherwise somebody waits for ever for what is
//! already there.

use std::{
    array,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use tokio::sync::Notify;

pub(super) struct Traffic<const ENDPOINTS: usize> {
    counts: [AtomicU64; ENDPOINTS],
    strays: AtomicU64,
    in_flight: AtomicUsize,
    max_in_flight: AtomicUsize,
    changed: Notify,
}

/// A request that is not answered yet.
pub(super) struct InFlight<const ENDPOINTS: usize>(Arc<Traffic<ENDPOINTS>>);

impl<const ENDPOINTS: usize> Drop for InFlight<ENDPOINTS> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
        self.0.announce();
    }
}

impl<const ENDPOINTS: usize> Traffic<ENDPOINTS> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            counts: array::from_fn(|_| AtomicU64::new(0)),
            strays: AtomicU64::new(0),
            in_flight: AtomicUsize::new(0),
            max_in_flight: AtomicUsize::new(0),
            changed: Notify::new(),
        })
    }

    /// Counts a request to the endpoint with this index. The caller announces it, once it is
    /// recorded as well.
    pub(super) fn add(&self, endpoint: usize) {
        self.counts[endpoint].fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn count(&self, endpoint: usize) -> u64 {
        self.counts[endpoint].load(Ordering::SeqCst)
    }

    /// Counts a request to no endpoint.
    pub(super) fn stray(&self) {
        self.strays.fetch_add(1, Ordering::SeqCst);
        self.announce();
    }

    pub(super) fn strays(&self) -> u64 {
        self.strays.load(Ordering::SeqCst)
    }

    /// Counts a request as in flight until the ticket is dropped.
    pub(super) fn enter(self: &Arc<Self>) -> InFlight<ENDPOINTS> {
        let now = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        self.max_in_flight.fetch_max(now, Ordering::SeqCst);
        self.announce();

        InFlight(Arc::clone(self))
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::SeqCst)
    }

    pub(super) fn max_in_flight(&self) -> usize {
        self.max_in_flight.load(Ordering::SeqCst)
    }

    /// Wakes those who wait for a change.
    pub(super) fn announce(&self) {
        self.changed.notify_waiters();
    }

    /// Waits until it is as wanted. Looks again after every change.
    pub(super) async fn wait_until(&self, mut wanted: impl FnMut() -> bool) {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            // Before looking, so that no change falls between the look and the wait.
            changed.as_mut().enable();
            if wanted() {
                return;
            }
            changed.await;
        }
    }
}
