//! The loop of the turns: what happened in the warehouse, in the orders or to a push is acted on within seconds.
//! Results of pushes are asked for beside it, each at its own time.

use std::{collections::HashSet, sync::Arc, time::Duration};

use chrono::NaiveDateTime;
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::Reconciler;
use crate::{
    stock::Barcode,
    store::{Channel, Notices, StoreError},
    telemetry::chain,
    worker::{job::JobError, pulse::Pulse},
};

/// The lock under which one replica takes turns.
const TURNS: &str = "stock-turns";
/// Changes that belong together come within this time.
const TOGETHER: Duration = Duration::from_millis(200);
/// Names that are collected at once; the others are heard right after them.
const HEARD: usize = 5000;
/// The longest rest: longer ones would look like a loop that is stuck.
const LONGEST_REST: Duration = Duration::from_secs(5);
/// Between two tries to listen.
const LISTEN_AGAIN: Duration = Duration::from_secs(30);
/// Changes of `central_stock` that one scan reads; a pass finds the rest.
const SCAN: i64 = 5000;

pub(crate) struct Turns {
    reconciler: Arc<Reconciler>,
    /// From one turn to the next where nothing happens; zero for no turns.
    react: Duration,
    pulse: Pulse,
}

impl Turns {
    /// `pulse` feeds the watchdog.
    #[must_use]
    pub(crate) fn new(reconciler: Arc<Reconciler>, react: Duration, pulse: Pulse) -> Self {
        Self {
            reconciler,
            react,
            pulse,
        }
    }

    /// Takes turns until it is stopped.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let changed = Notify::new();
        tokio::join!(
            self.listen(&changed, &stop),
            self.take_turns(&changed, &stop),
            // Beside the turns: a result that does not come must not keep stock from being lowered.
            stop.run_until_cancelled(self.follow_results())
        );
    }

    /// Asks for the results of pushes, each at its own time.
    async fn follow_results(&self) {
        loop {
            tokio::time::sleep(self.until_result().await).await;
            if let Err(error) = self.reconciler.follow_results().await {
                complain(&error, "results of pushes could not be read");
            }
        }
    }

    /// Watches what changes in the warehouse, and wakes the turns.
    async fn listen(&self, changed: &Notify, stop: &CancellationToken) {
        if self.react.is_zero() {
            return;
        }

        let work = async {
            loop {
                if let Err(error) = self.hear(changed).await {
                    tracing::warn!(
                        error = chain(&error),
                        react = ?self.react,
                        "LISTEN unavailable for stock, falling back to polling"
                    );
                }
                tokio::time::sleep(LISTEN_AGAIN).await;
            }
        };

        stop.run_until_cancelled(work).await;
    }

    async fn hear(&self, changed: &Notify) -> Result<(), StoreError> {
        let seller = self.reconciler.seller();
        let mut notices = seller.store.listen(Channel::Stock).await?;

        loop {
            let names = together(&mut notices).await?;
            // Before the wake-up, or the turn would not find them.
            self.note(&names).await?;
            changed.notify_one();
        }
    }

    /// Adds what changed in the warehouse to what is watched.
    async fn note(&self, changed: &[String]) -> Result<(), StoreError> {
        // A row of the warehouse may name several, with commas between them.
        let barcodes = changed.iter().flat_map(|names| names.split(','));
        let barcodes = barcodes.filter_map(|name| Barcode::parse(name).ok());
        let barcodes: Vec<Barcode> = barcodes.collect();
        let names: Vec<&str> = barcodes.iter().map(Barcode::as_str).collect();
        let seller = self.reconciler.seller();
        seller.store.touch_items(&names, seller.clock.now()).await
    }

    async fn take_turns(&self, changed: &Notify, stop: &CancellationToken) {
        let mut due = Instant::now();
        let mut seen = None;

        while !stop.is_cancelled() {
            self.pulse.beat();
            let woken = tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(self.rest(due)) => false,
                () = changed.notified() => true,
            };

            if self.react.is_zero() || !woken && Instant::now() < due {
                continue;
            }

            due = Instant::now() + self.react;
            match stop.run_until_cancelled(self.turn(&mut seen)).await {
                Some(Ok(false)) => {}
                // More is watched than one turn compares.
                Some(Ok(true)) => due = Instant::now() + LONGEST_REST.min(self.react),
                Some(Err(error)) => {
                    complain(&error, "a stock turn failed; the next one tries again");
                }
                None => return,
            }
        }
    }

    /// Until the next turn, or the next sign of life.
    fn rest(&self, due: Instant) -> Duration {
        if self.react.is_zero() {
            return LONGEST_REST;
        }
        due.saturating_duration_since(Instant::now())
            .min(LONGEST_REST)
    }

    /// Until the next result is to be asked for.
    async fn until_result(&self) -> Duration {
        let seller = self.reconciler.seller();
        let result = match seller.store.next_batch_look(seller.clock.now()).await {
            Ok(Some(at)) => (at - seller.clock.now()).to_std().unwrap_or_default(),
            // Whatever fails here fails in the turn, too, which says so.
            Ok(None) | Err(_) => LONGEST_REST,
        };

        result.clamp(TOGETHER, LONGEST_REST)
    }

    /// True when more is watched than one turn compares.
    async fn turn(&self, seen: &mut Option<NaiveDateTime>) -> Result<bool, JobError> {
        let store = &self.reconciler.seller().store;
        // What the warehouse changed, where its notices do not get through.
        let (changed, newest) = store.changed_stock(*seen, SCAN).await?;
        self.note(&changed).await?;
        // After it was written down: a failure has the same changes read again.
        *seen = newest;

        let Some(lead) = store.lead(TURNS).await? else {
            return Ok(false);
        };

        let turn = self.reconciler.turn().await;
        lead.resign().await;
        let Some(pushed) = turn? else {
            return Ok(false);
        };

        if pushed.items > 0 {
            tracing::info!(items = pushed.items, checks = pushed.checks, "stock turn");
        }
        Ok(pushed.is_full)
    }
}

/// Where notices come from.
trait Source {
    fn next(&mut self) -> impl Future<Output = Result<Option<String>, StoreError>> + Send;
}

impl Source for Notices {
    async fn next(&mut self) -> Result<Option<String>, StoreError> {
        Self::next(self).await
    }
}

/// The next notice, and those that come soon after it. However many come, they end.
async fn together(notices: &mut impl Source) -> Result<Vec<String>, StoreError> {
    let mut names: HashSet<String> = notices.next().await?.into_iter().collect();
    let until = Instant::now() + TOGETHER;
    // The time by itself: what is there at once never runs out of it.
    while names.len() < HEARD && Instant::now() < until {
        let Ok(more) = timeout_at(until, notices.next()).await else {
            break;
        };
        names.extend(more?);
    }
    Ok(names.into_iter().collect())
}

fn complain(error: &JobError, what: &'static str) {
    tracing::warn!(error = chain(error), "{what}");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Notices that come with this pause between them, and never end.
    struct Endless(Duration, usize);

    impl Source for Endless {
        async fn next(&mut self) -> Result<Option<String>, StoreError> {
            if !self.0.is_zero() {
                tokio::time::sleep(self.0).await;
            }
            self.1 += 1;
            Ok(Some(self.1.to_string()))
        }
    }

    async fn heard(pause: Duration) -> (usize, Duration) {
        let start = Instant::now();
        let names = together(&mut Endless(pause, 0)).await.unwrap();
        (names.len(), start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn notices_without_an_end_are_acted_on_all_the_same() {
        let (names, took) = heard(Duration::from_millis(50)).await;
        assert!((4..=5).contains(&names), "{names}");
        assert!(took <= Duration::from_millis(260), "{took:?}");
        // Nothing passes between these.
        assert_eq!(heard(Duration::ZERO).await.0, HEARD);
    }
}
