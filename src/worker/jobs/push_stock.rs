//! Sends what differs to the Trendyol store.

use std::{sync::Arc, time::Duration};

use super::{Force, JobSpec, Needs};
use crate::{
    config::Config,
    worker::{
        schedule::Schedule,
        trendyol::{Pull, PushStock, Reconciler, Seller},
    },
};

pub(crate) const PUSH_STOCK: &str = "push-stock";

pub(crate) static JOB: JobSpec = JobSpec {
    name: PUSH_STOCK,
    about: "Send stock to the Trendyol store",
    progress: "reading orders and sending stock",
    needs: Needs::Store,
    // Reading back 100,000 barcodes at Trendyol's pace takes three minutes.
    longest_run: Duration::from_mins(30),
    schedule: |config| {
        let stock = &config.trendyol.stock;
        let schedule = Schedule::Every {
            interval: stock.interval,
            first_after: stock.first_run_after,
        };
        stock.enabled.then_some(schedule)
    },
    build: |context, force| {
        let reconciler = reconciler(&context.shop.config, context.seller()?, force);
        Ok(Arc::new(PushStock(reconciler)))
    },
};

/// What checks stock and sends what differs.
#[must_use]
pub(crate) fn reconciler(config: &Config, seller: &Seller, force: Force) -> Arc<Reconciler> {
    let pull = Pull::new(seller.clone(), config.trendyol.orders.overlap);
    Arc::new(Reconciler::new(
        Arc::new(pull),
        config.trendyol.stock,
        force,
    ))
}
