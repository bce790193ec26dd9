//! The daemon says in the database that it is there, so that its absence is seen.
//!
//! It is not proof that it works: the loops that do not turn are named with it.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    clock::Clock,
    config::Config,
    overview::Daemon,
    store::Store,
    worker::{pulse::Pulses, shop::buying},
};

/// Well below [`GONE_AFTER`](crate::overview::GONE_AFTER).
const INTERVAL: Duration = Duration::from_secs(20);

/// This process, whatever configuration is in force.
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

    /// Says that it is there, again and again, until it is stopped.
    pub(super) fn beat(
        self,
        config: &Config,
        store: Store,
        clock: Arc<dyn Clock>,
        pulses: Pulses,
        stop: CancellationToken,
    ) -> impl Future<Output = ()> + Send + 'static {
        let mut daemon = self.daemon(config);
        async move {
            while !stop.is_cancelled() {
                daemon.stuck = pulses.stuck().into_iter().map(str::to_owned).collect();
                if let Err(error) = store.daemon_seen(&daemon, clock.now()).await {
                    tracing::debug!(
                        error = &error as &dyn std::error::Error,
                        "the daemon cannot say that it is there"
                    );
                }
                stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await;
            }
        }
    }

    /// Says that it has ended properly.
    pub(super) async fn stopped(self, store: &Store, clock: &dyn Clock) {
        if let Err(error) = store.daemon_stopped(self.id, clock.now()).await {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "the daemon cannot say that it has ended"
            );
        }
    }
}
