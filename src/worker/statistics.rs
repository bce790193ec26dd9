//! Writes what this process counts into the database, for the charts.
//!
//! Once in a while, and only when there is something: one statement for everything. What cannot be
//! written is added to what is written next; what a crash loses is the last seconds.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    metrics::{
        METRICS,
        series::{Key, Total},
    },
    store::{Store, StoreError},
    telemetry::chain,
};

/// Between two writes, an even part of a minute: the figures of one minute are written before the next
/// one begins.
const EVERY: Duration = Duration::from_secs(15);
/// At the end, the database gets this long to take the last figures.
const LAST: Duration = Duration::from_secs(3);
/// How long before the end of a minute its figures are written, in milliseconds.
const MOMENT: u64 = 200;

/// The writer of statistics, one for a process.
#[derive(Debug)]
pub(crate) struct Statistics {
    store: Store,
    clock: Arc<dyn Clock>,
    written: BTreeMap<Key, Total>,
}

impl Statistics {
    /// A writer of what this process counts from now on.
    #[must_use]
    pub(crate) fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            clock,
            written: METRICS.over_time.totals(),
        }
    }

    /// Writes until it is stopped, and the rest then.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        loop {
            let rest = stop.run_until_cancelled(tokio::time::sleep(self.rest()));
            let stopped = rest.await.is_none();

            // With a deadline: a database that is away must not hold up the end of the process.
            let writing = tokio::time::timeout(LAST, self.write());
            if let Ok(Err(error)) = writing.await {
                tracing::debug!(
                    error = chain(&error),
                    "statistics cannot be written now; they are added to the next ones"
                );
            }

            if stopped {
                return;
            }
        }
    }

    /// Writes what has come since the last time. Asks the database nothing when nothing has.
    pub(crate) async fn write(&mut self) -> Result<(), StoreError> {
        let totals = METRICS.over_time.totals();
        let nothing = Total::default();
        let since = |(key, total): (&Key, &Total)| {
            let news = total.since(self.written.get(key).unwrap_or(&nothing))?;
            Some((*key, news))
        };
        let news: Vec<(Key, Total)> = totals.iter().filter_map(since).collect();

        if !news.is_empty() {
            self.store.add_stats(self.clock.now(), &news).await?;
            // Only now: what could not be written is part of the next difference.
            self.written = totals;
        }
        Ok(())
    }

    /// Until the next part of a minute ends, a moment before: what came belongs to this minute.
    fn rest(&self) -> Duration {
        let part = u64::try_from(EVERY.as_millis()).unwrap_or(u64::MAX);
        let now = self.clock.now().timestamp_millis().rem_euclid(60_000);
        let now = u64::try_from(now).unwrap_or(0) + MOMENT;
        Duration::from_millis(part - now % part)
    }
}
