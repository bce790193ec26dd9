//! Finding out whether a panel that was left alone works again.
//!
//! The question is about the balance: it spends nothing. One replica asks, once per cool-down.

use std::{sync::Arc, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    panels::{Panel, Panels},
    pulse::Pulse,
    wakeup::Wakeup,
};
use crate::{
    clock::Clock,
    provider::{AnswerClass, Provider, ReadError},
    store::{Store, StoreError},
};

/// Between two looks at the breakers.
const STEP: Duration = Duration::from_secs(1);

/// The prober.
#[derive(Debug)]
pub struct Probe {
    store: Store,
    panels: Arc<Panels>,
    clock: Arc<dyn Clock>,
    tasks: TaskTracker,
    wake: [Arc<Wakeup>; 2],
}

impl Probe {
    /// A prober over these panels; it wakes the streams when one works again.
    #[must_use]
    pub fn new(
        (store, panels, clock): (Store, Arc<Panels>, Arc<dyn Clock>),
        tasks: TaskTracker,
        wake: [Arc<Wakeup>; 2],
    ) -> Self {
        Self {
            store,
            panels,
            clock,
            tasks,
            wake,
        }
    }

    /// Looks at the breakers until it is stopped.
    pub async fn run(self, pulse: Pulse, stop: CancellationToken) {
        while let Some(()) = stop.run_until_cancelled(tokio::time::sleep(STEP)).await {
            if let Err(error) = self.look().await {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "the breakers cannot be looked at now"
                );
            }
            pulse.beat();
        }
    }

    /// Begins a probe of each panel whose cool-down is over. Costs nothing while all are closed.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn look(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        for panel in self.panels.known().iter() {
            if panel.breaker.open_until().is_none_or(|until| now < until) {
                continue;
            }
            let next = panel.breaker.next_probe(now);
            if self.store.claim_probe(panel.id(), now, next).await? {
                panel.breaker.follow(Some(next));
                let probe = ask(self.store.clone(), Arc::clone(panel), self.wake.clone());
                self.tasks.spawn(probe);
            }
        }
        Ok(())
    }
}

/// Whether the panel answers in words that mean something: any sure answer does, also that this
/// account may not ask for its balance, and a price list where the balance is not understood. Neither
/// question spends anything.
async fn answers(provider: &dyn Provider) -> Result<(), ReadError> {
    match provider.balance().await {
        Ok(_) | Err(ReadError::Refused { .. }) => Ok(()),
        Err(
            unclear @ ReadError::Unreadable {
                class: AnswerClass::Text,
                ..
            },
        ) => match provider.catalogue().await {
            Ok(_) | Err(ReadError::Refused { .. }) => Ok(()),
            Err(_) => Err(unclear),
        },
        Err(silent) => Err(silent),
    }
}

async fn ask(store: Store, panel: Arc<Panel>, wake: [Arc<Wakeup>; 2]) {
    let Ok(provider) = &panel.provider else {
        return;
    };
    if let Err(error) = answers(&**provider).await {
        tracing::warn!(
            panel = panel.name(),
            integration = %panel.id(),
            error = &error as &dyn std::error::Error,
            "the panel does not work yet; it is tried again after the cool-down"
        );
        return;
    }
    match store.close_breaker(panel.id()).await {
        Ok(_) => {
            panel.breaker.follow(None);
            tracing::info!(
                panel = panel.name(),
                integration = %panel.id(),
                "the panel works again; its orders go on"
            );
            for wakeup in &wake {
                wakeup.wake();
            }
        }
        Err(error) => tracing::warn!(
            integration = %panel.id(),
            error = &error as &dyn std::error::Error,
            "the panel works again, but its breaker cannot be closed now"
        ),
    }
}
