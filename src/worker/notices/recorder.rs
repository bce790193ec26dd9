//! Writes what became of deliveries, in groups: what has come while the group before was written.

use std::{sync::Arc, time::Duration};

use tokio::sync::mpsc;

use super::super::wakeup::Wakeup;
use crate::metrics::{METRICS, label::Delivery};
use crate::store::{Fate, NoticeOutcome, Store};
use crate::telemetry::chain;

/// Maximum number of results in one statement.
const GROUP: usize = 200;
/// Between tries while the database is away.
const AWAY: Duration = Duration::from_millis(500);

/// Takes the results of deliveries.
#[derive(Clone, Debug)]
pub struct Deliveries(mpsc::Sender<NoticeOutcome>);

/// The one writer of them.
#[derive(Debug)]
pub struct DeliveryRecorder {
    store: Store,
    wakeup: Arc<Wakeup>,
    inbox: mpsc::Receiver<NoticeOutcome>,
}

impl Deliveries {
    /// Submits a result; waits when too many are waiting already.
    pub(crate) async fn submit(&self, outcome: NoticeOutcome) {
        if let Err(lost) = self.0.send(outcome).await {
            tracing::error!(
                notice = %lost.0.id,
                "a delivery ended after its recorder had stopped; it will be repeated"
            );
        }
    }
}

impl DeliveryRecorder {
    /// A recorder, and the way to it. `wakeup` learns when something is to be retried.
    #[must_use]
    pub fn new(store: Store, wakeup: Arc<Wakeup>) -> (Self, Deliveries) {
        let (deliveries, inbox) = mpsc::channel(GROUP);
        let recorder = Self {
            store,
            wakeup,
            inbox,
        };
        (recorder, Deliveries(deliveries))
    }

    /// Writes until every [`Deliveries`] is gone.
    pub async fn run(mut self) {
        let mut group = Vec::with_capacity(GROUP);
        while self.inbox.recv_many(&mut group, GROUP).await > 0 {
            self.write(&group).await;
            group.clear();
        }
    }

    /// Writes what has come so far; for turns that are taken by hand.
    pub async fn drain(&mut self) {
        let mut group = Vec::new();
        while let Ok(outcome) = self.inbox.try_recv() {
            group.push(outcome);
        }
        self.write(&group).await;
    }

    fn written(&self, group: &[NoticeOutcome]) {
        for outcome in group {
            METRICS.delivery(match outcome.fate {
                Fate::Delivered => Delivery::Delivered,
                Fate::Again(_) => Delivery::Again,
                Fate::GivenUp => Delivery::GivenUp,
            });

            if let Fate::Again(at) = outcome.fate {
                self.wakeup.due(at);
            }
        }
    }

    async fn write(&self, group: &[NoticeOutcome]) {
        loop {
            match self.store.record_notices(group).await {
                Ok(_) => return self.written(group),
                Err(error) if error.is_transient() => {
                    tracing::warn!(
                        results = group.len(),
                        error = chain(&error),
                        "results of deliveries cannot be written now; retrying"
                    );
                    tokio::time::sleep(AWAY).await;
                }
                // Refused once, refused again: the claims end, and the notices are delivered once more.
                Err(error) => {
                    return tracing::error!(
                        results = group.len(),
                        error = chain(&error),
                        "the database refuses results of deliveries; they will be repeated"
                    );
                }
            }
        }
    }
}
