//! Balances that come with the answers to purchases: the latest of each account, written now and
//! then, so that a hundred purchases in a second are one write and none of them waits for it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Balances;
use crate::telemetry::chain;
use crate::{order::IntegrationId, store::Balance};

/// Between two writes.
const PAUSE: Duration = Duration::from_secs(1);

/// The latest balances that are not written yet. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Latest(Arc<Unwritten>);

#[derive(Debug, Default)]
struct Unwritten {
    balances: Mutex<HashMap<IntegrationId, Balance>>,
    news: Notify,
}

impl Latest {
    /// Takes note of a balance, unless a newer one of the account is known.
    pub(crate) fn tell(&self, balance: Balance) {
        let mut balances = self.0.balances.lock();
        let known = balances.entry(balance.integration).or_insert(balance);
        // A result whose row was busy comes after newer ones.
        if known.at <= balance.at {
            *known = balance;
        }
        drop(balances);
        self.0.news.notify_one();
    }

    /// Writes what comes until it is stopped. What comes later is left to [`Latest::write`].
    pub(crate) async fn run(self, balances: Balances, stop: CancellationToken) {
        while let Some(()) = stop.run_until_cancelled(self.0.news.notified()).await {
            self.write(&balances).await;
            // What comes meanwhile is one write.
            stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
        }
    }

    /// Writes what has come so far.
    pub async fn write(&self, balances: &Balances) {
        let unwritten: Vec<Balance> = {
            let mut unwritten = self.0.balances.lock();
            unwritten.drain().map(|(_, balance)| balance).collect()
        };
        if unwritten.is_empty() {
            return;
        }

        // Not tried again: the next purchase, or the job `balance`, brings a newer figure.
        if let Err(error) = balances.write(&unwritten).await {
            tracing::warn!(
                error = chain(&error),
                "the balances that came with purchases could not be written"
            );
        }
    }
}
