//! What everything that buys and watches the shop's orders works with.

use std::sync::Arc;

use super::{
    balance::{Balances, Latest},
    learning::Learning,
    panels::Panels,
    recorder::{Recorder, Results},
    wakeup::Wakeup,
};
use crate::{
    clock::Clock,
    config::{Config, DispatchMode},
    order::{Rules, explain::Buying},
    provider::HttpError,
    store::Store,
};

/// Shared by the streams and jobs of one process; cheap to clone. The recorder works for as long as a clone
/// is there, since any of them may still submit a result.
#[derive(Clone, Debug)]
pub struct Shop {
    pub(crate) config: Arc<Config>,
    pub(crate) rules: Arc<Rules>,
    pub(crate) store: Store,
    pub clock: Arc<dyn Clock>,
    pub panels: Arc<Panels>,
    pub(crate) balances: Balances,
    /// Balances that came with purchases and are not written yet.
    pub latest: Latest,
    /// Where the next question about an order is placed.
    pub learning: Arc<Learning>,
    /// Where the outcomes of calls go.
    pub(crate) results: Results,
    /// Wakes the dispatcher.
    pub(crate) sends: Arc<Wakeup>,
    /// Wakes the poller.
    pub(crate) checks: Arc<Wakeup>,
    /// Woken by every settlement.
    pub settled: Arc<Wakeup>,
}

impl Shop {
    /// What the workers share, and the recorder of their results.
    pub fn new(
        config: Arc<Config>,
        store: Store,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, Recorder), HttpError> {
        let panels = Panels::new(Arc::clone(&config), store.clone(), Arc::clone(&clock))?;
        let panels = Arc::new(panels);
        let (recorder, results) = Recorder::new(store.clone(), Arc::clone(&clock));

        let learning = Learning::new(
            config.poll.schedule(),
            config.znet.requests_per_second,
            store.clone(),
            Arc::clone(&clock),
        );
        let shop = Self {
            learning: Arc::new(learning),
            rules: Arc::new(config.rules()),
            balances: Balances {
                store: store.clone(),
                panels: Arc::clone(&panels),
                warn_below: config.balance.warn_below.unwrap_or_default(),
            },
            latest: recorder.balances.clone(),
            // Of the recorder: whoever waits for a result goes on when it is written, not before.
            sends: Arc::clone(&recorder.sends),
            checks: Arc::clone(&recorder.checks),
            settled: Arc::clone(&recorder.settled),
            config,
            store,
            clock,
            panels,
            results,
        };
        Ok((shop, recorder))
    }
}

/// Whether a daemon with this configuration buys.
#[must_use]
pub(crate) fn buying(config: &Config) -> Buying {
    match (config.dispatch.enabled, config.dispatch.mode) {
        (false, _) => Buying::Off,
        (true, DispatchMode::Shadow) => Buying::Shadow,
        (true, DispatchMode::Live) => Buying::On,
    }
}
