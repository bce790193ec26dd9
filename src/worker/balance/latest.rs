//! Balances that come with the answers to purchases: the latest of each account, written now and
//! then, so that a hundred purchases in a second are one write and none of them waits for it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Balances;
use crate::{order::IntegrationId, store::Balance};

/// Between two writes.
const PAUSE: Duration = Duration::from_secs(1);

/// The latest balances that are not written yet. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Latest(Arc<Told>);

#[derive(Debug, Default)]
struct Told {
    balances: Mutex<HashMap<IntegrationId, Balance>>,
    news: Notify,
}

impl Latest {
    /// Takes note of a balance, unless a newer one of the account is known.
    pub fn tell(&self, balance: Balance) {
        let mut balances = self.0.balances.lock();
        let known = balances.entry(balance.integration).or_insert(balance);
        if known.at <= balance.at {
            *known = balance;
        }
        drop(balances);
        self.0.news.notify_one();
    }

    /// Writes what comes until it is stopped. What comes later is left to [`Latest::write`].
    pub async fn run(self, balances: Balances, stop: CancellationToken) {
        while let Some(()) = stop.run_until_cancelled(self.0.news.notified()).await {
            self.write(&balances).await;
            stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
        }
    }

    /// Writes what has come so far. Should that fail, the next purchase or pass tells it anew.
    pub async fn write(&self, balances: &Balances) {
        let told: Vec<Balance> = {
            let mut told = self.0.balances.lock();
            told.drain().map(|(_, balance)| balance).collect()
        };
        if told.is_empty() {
            return;
        }
        if let Err(error) = balances.write(&told).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the balances that came with purchases could not be written"
            );
        }
    }
}
