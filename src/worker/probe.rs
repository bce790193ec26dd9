//! Finds out whether a panel whose circuit is open works again.
//!
//! The question is about the balance: it spends nothing. One replica asks, once per cool-down.

use std::{sync::Arc, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{panels::Panel, pulse::Pulse, shop::Shop};
use crate::{
    provider::{AnswerClass, Provider, ReadError},
    store::StoreError,
    telemetry::chain,
};

/// Between two checks of the breakers.
const STEP: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct Probe {
    pub shop: Shop,
    /// Runs the calls.
    pub tasks: TaskTracker,
}

impl Probe {
    /// Checks the breakers until it is stopped.
    pub(crate) async fn run(self, pulse: Pulse, stop: CancellationToken) {
        while let Some(()) = stop.run_until_cancelled(tokio::time::sleep(STEP)).await {
            if let Err(error) = self.look().await {
                tracing::debug!(
                    error = chain(&error),
                    "the circuit breakers cannot be checked now"
                );
            }
            pulse.beat();
        }
    }

    /// Begins a probe of each panel whose cool-down is over. Costs nothing while all are closed.
    pub async fn look(&self) -> Result<(), StoreError> {
        let now = self.shop.clock.now();
        for panel in self.shop.panels.known().iter() {
            panel.breaker.record(&self.shop.store).await?;
            if panel.breaker.open_until().is_none_or(|until| now < until) {
                continue;
            }

            let next = panel.breaker.next_probe(now);
            if self.shop.store.claim_probe(panel.id(), now, next).await? {
                // Or the next step, a second later, would ask the database again.
                panel.breaker.follow(Some(next));
                let probe = ask(self.shop.clone(), Arc::clone(panel));
                self.tasks.spawn(probe);
            }
        }
        Ok(())
    }
}

/// Whether the panel answers in words that mean something.
async fn answers(provider: &dyn Provider) -> Result<(), ReadError> {
    match provider.balance().await {
        // An account that may not ask for its balance has an answer, too.
        Ok(_) | Err(ReadError::Refused { .. }) => Ok(()),
        // A balance in words of the panel's own, or nothing, as an account gets that lacks the right to ask for it:
        // the price list settles it, and spends nothing either.
        Err(unclear @ ReadError::Unreadable { class, .. })
            if matches!(class, AnswerClass::Text | AnswerClass::Empty) =>
        {
            match provider.catalogue().await {
                Ok(_) => Ok(()),
                // Nothing is what a blocked address gets as well, and that may be why the list is refused.
                Err(ReadError::Refused { .. }) if class == AnswerClass::Text => Ok(()),
                Err(_) => Err(unclear),
            }
        }
        Err(silent) => Err(silent),
    }
}

async fn ask(shop: Shop, panel: Arc<Panel>) {
    let Ok(provider) = &panel.provider else {
        return;
    };

    if let Err(error) = answers(&**provider).await {
        tracing::warn!(
            panel = panel.name(),
            integration = %panel.id(),
            error = chain(&error),
            "the panel does not work yet; it is tried again after the cool-down"
        );
        return;
    }

    match shop.store.close_breaker(panel.id()).await {
        Ok(_) => {
            panel.breaker.follow(None);
            tracing::info!(
                panel = panel.name(),
                integration = %panel.id(),
                "the panel works again; its orders go on"
            );
            // Its orders have waited, and need not wait for the next scan as well.
            shop.checks.wake();
            shop.sends.wake();
        }
        Err(error) => tracing::warn!(
            integration = %panel.id(),
            error = chain(&error),
            "the panel works again, but its breaker cannot be closed now"
        ),
    }
}
