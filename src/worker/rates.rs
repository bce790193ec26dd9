//! The shop's rates, read once a minute at most and only where a price needs one.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use crate::{
    order::money::Rates,
    store::{Candidate, Store},
    telemetry::chain,
};

/// Also after a failure: buying must not wait for the table with every turn.
const KEPT: Duration = Duration::from_mins(1);

#[derive(Debug, Default)]
pub(crate) struct RatesCache(Mutex<Option<(Arc<Rates>, Instant)>>);

impl RatesCache {
    /// Says of each order what the customer paid in TRY, as far as that is known.
    pub(crate) async fn price<'a>(
        &self,
        store: &Store,
        candidates: impl Iterator<Item = &'a mut Candidate>,
    ) {
        let candidates: Vec<&mut Candidate> = candidates.collect();
        let rates = if candidates.iter().any(|order| order.sale.needs_rates()) {
            self.current(store).await
        } else {
            Arc::default()
        };

        for order in candidates {
            order.sold_for = order.sale.in_lira(order.tenant, &rates);
        }
    }

    async fn current(&self, store: &Store) -> Arc<Rates> {
        let known = self.0.lock().clone();
        if let Some((rates, read)) = known
            && read.elapsed() < KEPT
        {
            return rates;
        }

        // An error means that no rate is known: what an old one says may be a loss that is none.
        let rates = store.rates().await.unwrap_or_else(|error| {
            tracing::warn!(
                error = chain(&error),
                "prices in other currencies than TRY are not compared with what they cost"
            );
            Rates::default()
        });

        let rates = Arc::new(rates);
        *self.0.lock() = Some((Arc::clone(&rates), Instant::now()));
        rates
    }
}
