//! Sends what differs to the Trendyol store.

use std::{sync::Arc, time::Duration};

use super::{Force, JobSpec, Needs};
use crate::{
    config::Config,
    worker::{
        schedule::Schedule,
        trendyol::{Pull, PushRules, PushStock, Reconciler, Seller},
    },
};

pub const PUSH_STOCK: &str = "push-stock";

pub static JOB: JobSpec = JobSpec {
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
pub fn reconciler(config: &Config, seller: &Seller, force: Force) -> Arc<Reconciler> {
    let pull = Pull::new(seller.clone(), config.trendyol.orders.overlap);
    Arc::new(Reconciler::new(Arc::new(pull), push_rules(config, force)))
}

/// How stock is sent.
#[must_use]
pub fn push_rules(config: &Config, force: Force) -> PushRules {
    let stock = &config.trendyol.stock;
    PushRules {
        batch_size: usize::try_from(stock.batch_size).unwrap_or(1),
        safety_stock: stock.safety_stock,
        shelves: stock.shelves,
        on_second_pusher: stock.on_second_pusher,
        max_order_age: stock.max_order_age_for_push,
        settle: stock.settle,
        interval: stock.interval,
        force,
    }
}
