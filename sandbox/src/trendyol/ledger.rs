//! What really happened at the store, for those who want to prove something about a client.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use super::{Endpoint, HookDelivery, RequestRecord, Sale, state::State, times::span};
use crate::lock;

/// What sales and requests are read from; clones see the same ones.
#[derive(Clone)]
pub struct Ledger {
    shared: Arc<Shared>,
}

struct Shared {
    state: Arc<Mutex<State>>,
    requests: Mutex<Vec<RequestRecord>>,
    keeps_requests: bool,
    counts: [AtomicU64; Endpoint::ALL.len()],
    strays: AtomicU64,
    changed: Notify,
}

/// Two requests of which the second repeats the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repetition {
    /// `seq` of the earlier one.
    pub first: usize,
    /// `seq` of the later one.
    pub second: usize,
    /// What is repeated: a barcode, or nothing for the whole body.
    pub barcode: Option<String>,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("requests", &self.total())
            .finish_non_exhaustive()
    }
}

impl Ledger {
    pub(super) fn new(state: Arc<Mutex<State>>, keeps_requests: bool) -> Self {
        let shared = Shared {
            state,
            requests: Mutex::default(),
            keeps_requests,
            counts: Default::default(),
            strays: AtomicU64::new(0),
            changed: Notify::new(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Every sale, in order.
    #[must_use]
    pub fn sales(&self) -> Vec<Sale> {
        lock(&self.shared.state).sales.clone()
    }

    /// How many pieces of a barcode were sold, cancelled ones included.
    #[must_use]
    pub fn pieces_sold(&self, barcode: &str) -> u32 {
        let state = lock(&self.shared.state);
        let sales = state.sales.iter().filter(|sale| sale.barcode == barcode);
        sales.map(|sale| sale.pieces).sum()
    }

    /// Every try to send a change to a webhook, in order.
    #[must_use]
    pub fn hook_deliveries(&self) -> Vec<HookDelivery> {
        lock(&self.shared.state).webhooks.deliveries().to_vec()
    }

    /// Every kept request, in order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestRecord> {
        lock(&self.shared.requests).clone()
    }

    /// Kept requests to an endpoint, in order of arrival.
    #[must_use]
    pub fn requests_to(&self, endpoint: Endpoint) -> Vec<RequestRecord> {
        let requests = lock(&self.shared.requests);
        let here = requests.iter().filter(|r| r.endpoint == endpoint);
        here.cloned().collect()
    }

    /// How many requests came to an endpoint, kept or not.
    #[must_use]
    pub fn count(&self, endpoint: Endpoint) -> u64 {
        self.shared.counts[endpoint as usize].load(Ordering::SeqCst)
    }

    /// How many requests came to all endpoints.
    #[must_use]
    pub fn total(&self) -> u64 {
        Endpoint::ALL.into_iter().map(|e| self.count(e)).sum()
    }

    /// How many requests came to no endpoint of the store, or by the wrong method.
    #[must_use]
    pub fn strays(&self) -> u64 {
        self.shared.strays.load(Ordering::SeqCst)
    }

    /// Stock reports with the body of an earlier one that may have been accepted less than
    /// `within` before.
    #[must_use]
    pub fn repeated_bodies(&self, within: Duration) -> Vec<Repetition> {
        let mut seen: HashMap<u64, (usize, DateTime<Utc>)> = HashMap::new();
        let mut found = Vec::new();

        for push in self.requests_to(Endpoint::PushStock) {
            if let Some((first, at)) = seen.get(&push.body)
                && push.at - *at < span(within)
            {
                found.push(Repetition {
                    first: *first,
                    second: push.seq,
                    barcode: None,
                });
            }
            if push.may_count() {
                seen.insert(push.body, (push.seq, push.at));
            }
        }

        found
    }

    /// Items with the quantity that the same barcode was last given, less than `within` before,
    /// by a report that may have been accepted.
    #[must_use]
    pub fn repeated_items(&self, within: Duration) -> Vec<Repetition> {
        let mut last: HashMap<String, (i64, usize, DateTime<Utc>)> = HashMap::new();
        let mut found = Vec::new();

        for push in self.requests_to(Endpoint::PushStock) {
            for (barcode, quantity) in &push.items {
                if let Some((before, first, at)) = last.get(barcode)
                    && before == quantity
                    && push.at - *at < span(within)
                {
                    found.push(Repetition {
                        first: *first,
                        second: push.seq,
                        barcode: Some(barcode.clone()),
                    });
                }
                if push.may_count() {
                    last.insert(barcode.clone(), (*quantity, push.seq, push.at));
                }
            }
        }

        found
    }

    /// Waits until the ledger is as wanted. Looks again after every change of it.
    pub async fn wait_for(&self, mut wanted: impl FnMut(&Self) -> bool) {
        loop {
            let mut changed = std::pin::pin!(self.shared.changed.notified());
            // Before looking, so that no change falls between the look and the wait.
            changed.as_mut().enable();
            if wanted(self) {
                return;
            }
            changed.await;
        }
    }

    pub(super) fn stray(&self) {
        self.shared.strays.fetch_add(1, Ordering::SeqCst);
        self.changed();
    }

    /// Counts a request and keeps it, if requests are kept. Returns its place.
    pub(super) fn arrived(
        &self,
        endpoint: Endpoint,
        record: impl FnOnce(usize) -> RequestRecord,
    ) -> Option<usize> {
        self.shared.counts[endpoint as usize].fetch_add(1, Ordering::SeqCst);
        let seq = self.shared.keeps_requests.then(|| {
            let mut requests = lock(&self.shared.requests);
            let seq = requests.len();
            requests.push(record(seq));
            seq
        });
        self.changed();

        seq
    }

    /// Adds to what is kept about a request.
    pub(super) fn note(&self, seq: Option<usize>, change: impl FnOnce(&mut RequestRecord)) {
        let mut requests = lock(&self.shared.requests);
        if let Some(record) = seq.and_then(|seq| requests.get_mut(seq)) {
            change(record);
        }
        drop(requests);
        self.changed();
    }

    pub(super) fn changed(&self) {
        self.shared.changed.notify_waiters();
    }
}
