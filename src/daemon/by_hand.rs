//! The passes that a person may ask for, whether or not they are scheduled.

use std::sync::Arc;

use super::{
    Job, Parts,
    build::Shared,
    jobs,
    trendyol::{self, StoreJob},
};
use crate::{
    config::Config,
    worker::{
        by_hand::{ByHand, Passes, Runner, runner},
        trendyol::Seller,
    },
};

/// Starts the desk that runs them.
pub(super) fn start(
    config: &Config,
    shared: &Shared,
    seller: Option<&Seller>,
    parts: &mut Parts,
) -> Runner {
    let (runner, desk) = runner(passes(config, shared, seller));
    let serve = desk.serve(
        shared.store.clone(),
        Arc::clone(&shared.clock),
        parts.stop.clone(),
    );
    parts.spawn("the desk of passes by hand", serve);
    runner
}

fn passes(config: &Config, shared: &Shared, seller: Option<&Seller>) -> Passes {
    let orders = [
        (ByHand::Sweep, Job::Sweep),
        (ByHand::Balance, Job::Balance),
        (ByHand::Retention, Job::Retention),
    ];
    let push = |force| (ByHand::PushStock { force }, StoreJob::PushStock { force });
    let store = [
        (ByHand::PullOrders, StoreJob::PullOrders),
        push(false),
        push(true),
        (ByHand::PullReturns, StoreJob::PullReturns),
        (ByHand::VerifyStock, StoreJob::VerifyStock),
    ];
    let orders = orders
        .into_iter()
        .filter(|(_, job)| config.shop.enabled || *job == Job::Retention)
        .map(|(by_hand, job)| (by_hand, jobs::pass(config, shared, job)));
    let store = seller.into_iter().flat_map(|seller| {
        store
            .into_iter()
            .filter(|(_, job)| config.trendyol.mirrors() || *job != StoreJob::PullReturns)
            .map(|(by_hand, job)| (by_hand, trendyol::pass(config, seller, job)))
    });
    orders.chain(store).collect()
}
