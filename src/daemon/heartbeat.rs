//! The daemon's heartbeat in the database, so that its absence is seen.
//!
//! It is no proof that it works: stalled workers are named with it.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Parts;
use crate::{
    clock::{Clock, DatabaseClock},
    config::Config,
    overview::Daemon,
    store::Store,
    telemetry::chain,
    worker::shop::buying,
};

/// Well below [`GONE_AFTER`](crate::overview::GONE_AFTER).
const INTERVAL: Duration = Duration::from_secs(20);

/// This run of the daemon.
#[derive(Clone, Copy, Debug)]
pub(super) struct Me {
    id: Uuid,
    started_at: DateTime<Utc>,
}

impl Me {
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        Self {
            id: Uuid::new_v4(),
            started_at: now,
        }
    }

    fn daemon(self, config: &Config) -> Daemon {
        Daemon {
            id: self.id,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: self.started_at,
            buying: buying(config),
            watching: config.poll.enabled,
            stuck: Vec::new(),
        }
    }

    pub(super) fn beat(
        self,
        config: &Config,
        store: &Store,
        clock: &Arc<DatabaseClock>,
        parts: &Parts,
    ) -> impl Future<Output = ()> + Send + use<> {
        let mut daemon = self.daemon(config);
        let (store, clock) = (store.clone(), Arc::clone(clock));
        let (pulses, stop) = (parts.pulses.clone(), parts.stop.clone());

        async move {
            while !stop.is_cancelled() {
                // A process that beats may still do no work, so the stalled workers go along.
                daemon.stuck = pulses.stuck().into_iter().map(str::to_owned).collect();
                // The absence of the beat is what tells the others; the next one tries again.
                if let Err(error) = store.daemon_seen(&daemon, clock.now()).await {
                    tracing::debug!(error = chain(&error), "the heartbeat cannot be written now");
                }

                stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await;
            }
        }
    }

    pub(super) async fn stopped(self, store: &Store, clock: &dyn Clock) {
        // Without it the daemon counts as gone once its beats are missing.
        if let Err(error) = store.daemon_stopped(self.id, clock.now()).await {
            tracing::debug!(
                error = chain(&error),
                "the end of the daemon cannot be written"
            );
        }
    }
}
