//! Trendyol called because something happened to an order: the order is read at once.
//!
//! What must stay true: what a call says of an order is never believed, only that there is something to read;
//! and a call that is lost loses nothing, since the pass over the orders reads everything all the same.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{Pull, Seller, pull_report::PullReport};
use crate::{
    backoff::Backoff,
    marketplace::MarketError,
    store::{Channel, OrderCall, StoreError},
    telemetry::chain,
    worker::{after, job::JobError, pulse::Pulse},
};

/// The lock under which one replica asks.
const LEAD: &str = "read-called-orders";
/// Orders of one pass.
const MOST: i64 = 20;
/// Between two scans for what is due where no call comes; also after a failure.
const SCAN: Duration = Duration::from_secs(5);
/// Between two tries to listen.
const LISTEN_AGAIN: Duration = Duration::from_secs(30);
/// Between two checks whether Trendyol calls: it gives up an address that fails, with no more than a mail.
const CHECK: Duration = Duration::from_hours(1);
/// An order that Trendyol does not find yet, although it called about it, is asked about after these.
const NOT_YET: [Duration; 3] = [
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_mins(1),
];
/// The first pause after a question that was not answered; it doubles,
const PAUSE: Duration = Duration::from_secs(5);
/// up to this.
const PAUSE_MAX: Duration = Duration::from_mins(5);
const JITTER: f64 = 0.2;
/// What was called about this long before the orders were read whole was read with them.
const READ_ANYWAY: TimeDelta = TimeDelta::minutes(15);

/// Reads the orders that were called about.
pub struct Doorbell {
    pull: Arc<Pull>,
    bell: Arc<Notify>,
    /// The address that Trendyol should call.
    address: Option<String>,
}

/// What a pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// Orders that were read.
    pub read: usize,
    /// Orders that are asked about again.
    pub later: usize,
    /// Orders that the pass over all orders has read, or will.
    pub left: usize,
}

impl Doorbell {
    /// `bell` is rung by whoever writes a call down in this process.
    #[must_use]
    pub fn new(pull: Arc<Pull>, bell: Arc<Notify>, address: Option<String>) -> Self {
        Self {
            pull,
            bell,
            address,
        }
    }

    /// Asks Trendyol whom it calls, and writes down whether it calls here.
    pub async fn check(&self) -> Result<(), JobError> {
        let Seller {
            store,
            market,
            clock,
            ..
        } = self.seller();

        let (Some(address), Some(hooks)) = (&self.address, market.hooks()) else {
            return Ok(());
        };

        let listed = hooks.webhooks().await?;
        let calls = listed
            .iter()
            .any(|hook| hook.url == *address && hook.active);

        if !calls {
            tracing::warn!(
                address,
                "Trendyol does not call about orders; `orderwatch trendyol webhook list` shows whom it calls"
            );
        }

        Ok(store.note_webhook(calls, clock.now()).await?)
    }

    /// Runs until it is stopped.
    pub(crate) async fn run(self, pulse: Pulse, stop: CancellationToken) {
        // Beside each other: neither a lost connection nor Trendyol's webhook list may delay what is due.
        tokio::join!(
            stop.run_until_cancelled(self.listen()),
            stop.run_until_cancelled(self.check_hourly()),
            stop.run_until_cancelled(self.answer(&pulse))
        );
    }

    /// Hears of the calls that another replica has taken.
    async fn listen(&self) {
        loop {
            if let Err(error) = self.hear().await {
                tracing::warn!(
                    error = chain(&error),
                    "LISTEN unavailable for calls about orders, falling back to polling every {SCAN:?}"
                );
            }
            tokio::time::sleep(LISTEN_AGAIN).await;
        }
    }

    async fn check_hourly(&self) {
        loop {
            if let Err(error) = self.check().await {
                tracing::warn!(error = chain(&error), "Trendyol did not tell whom it calls");
            }
            tokio::time::sleep(CHECK).await;
        }
    }

    async fn hear(&self) -> Result<(), StoreError> {
        let mut notices = self.seller().store.listen(Channel::OrderCalls).await?;
        loop {
            // Also right after listening began: a call may have come just before.
            self.bell.notify_one();
            notices.next().await?;
        }
    }

    async fn answer(&self, pulse: &Pulse) {
        loop {
            // By a finished turn, not by a timer: a loop that hangs must be noticed.
            pulse.beat();

            match self.pass().await {
                // More may be due than one pass reads.
                Ok(answered) if answered != Answered::default() => {}
                Ok(_) => {
                    // Rung or not, a scan costs one question to the database.
                    let rung = self.bell.notified();
                    drop(tokio::time::timeout(SCAN, rung).await);
                }
                Err(error) => {
                    tracing::warn!(
                        error = chain(&error),
                        "an order that Trendyol called about could not be read; it is tried again"
                    );
                    tokio::time::sleep(SCAN).await;
                }
            }
        }
    }

    /// Reads what is due, unless another replica does.
    pub async fn pass(&self) -> Result<Answered, JobError> {
        let Seller { store, clock, .. } = self.seller();
        // Before the lock is asked for: most scans find nothing.
        if store.due_order_calls(clock.now(), 1).await?.is_empty() {
            return Ok(Answered::default());
        }

        let Some(lead) = store.lead(LEAD).await? else {
            return Ok(Answered::default());
        };

        let answered = self.due().await;
        lead.resign().await;
        answered
    }

    async fn due(&self) -> Result<Answered, JobError> {
        let Seller { store, clock, .. } = self.seller();
        let mut answered = Answered::default();

        // After an outage they may be many, and the pass over the orders needs the same requests.
        if let Some(until) = store.order_feed().await?.read_until {
            let old = store
                .end_order_calls_before(until.min(clock.now()) - READ_ANYWAY)
                .await?;
            answered.left += usize::try_from(old).unwrap_or(usize::MAX);
        }

        for call in store.due_order_calls(clock.now(), MOST).await? {
            self.one(&call, &mut answered).await?;
        }

        Ok(answered)
    }

    async fn one(&self, call: &OrderCall, answered: &mut Answered) -> Result<(), JobError> {
        let order = call.order_number.as_str();

        match self.pull.order(order, &mut PullReport::default()).await {
            Ok(true) => {
                answered.read += 1;
                Ok(self.seller().store.end_order_call(call).await?)
            }
            Ok(false) => self.not_yet(call, answered).await,
            // Ends the pass: the next order would be answered in the same way.
            Err(JobError::Market(error)) if error.is_passing() => {
                self.put_off(call, pause(call.tries)).await?;
                Err(error.into())
            }
            // One order that cannot be asked about must not keep the others from it.
            Err(JobError::Market(error)) => {
                refused(order, &error);
                self.not_yet(call, answered).await
            }
            Err(error) => Err(error),
        }
    }

    /// Trendyol calls before its own lists contain the order.
    async fn not_yet(&self, call: &OrderCall, answered: &mut Answered) -> Result<(), JobError> {
        let tries = usize::try_from(call.tries).unwrap_or(usize::MAX);
        if let Some(pause) = NOT_YET.get(tries) {
            answered.later += 1;
            return Ok(self.put_off(call, *pause).await?);
        }

        answered.left += 1;
        tracing::debug!(
            order = call.order_number,
            "not found; left to the next pull"
        );
        Ok(self.seller().store.end_order_call(call).await?)
    }

    async fn put_off(&self, call: &OrderCall, pause: Duration) -> Result<(), StoreError> {
        let Seller { store, clock, .. } = self.seller();
        store
            .put_off_order_call(call, after(clock.now(), pause))
            .await
    }

    fn seller(&self) -> &Seller {
        self.pull.seller()
    }
}

fn pause(tries: i32) -> Duration {
    let tries = u32::try_from(tries).unwrap_or(0).saturating_add(1);
    Backoff::new(PAUSE, PAUSE_MAX, JITTER)
        .map_or(PAUSE_MAX, |backoff| backoff.delay(tries, fastrand::f64()))
}

fn refused(order: &str, error: &MarketError) {
    tracing::warn!(
        order,
        error = chain(error),
        "an order that Trendyol called about cannot be asked about"
    );
}
