//! The parts of the Trendyol store, as the configuration says.

use std::{sync::Arc, time::Duration};

use tokio::sync::Notify;

use super::{DaemonError, Parts};
use crate::{
    clock::Clock,
    config::Config,
    marketplace::trendyol::{AccountSettings, RateLimits, Trendyol},
    outbound::Http,
    store::Store,
    worker::{
        jobs::{NotAvailable, reconciler},
        shop::Shop,
        trendyol::{Doorbell, Pull, Seller, Sleep, Turns},
    },
};

/// A loop whose turn takes longer counts as stalled. More than other loops have: Trendyol's limits of pace
/// make a large store's pages take minutes.
const LONGEST_TURN: Duration = Duration::from_mins(30);

/// The loop that acts on changes between two passes.
const STOCK_TURNS: &str = "stock-turns";
/// The loop that reads the orders that Trendyol calls about.
const DOORBELL: &str = "order-calls";

/// The account that all parts of a daemon share, if one is configured.
pub(super) fn of_daemon(config: &Config, shop: &Shop) -> Result<Option<Seller>, DaemonError> {
    if !config.trendyol.enabled {
        return Ok(None);
    }
    seller(config, &shop.store, Arc::clone(&shop.clock)).map(Some)
}

pub(crate) fn seller(
    config: &Config,
    store: &Store,
    clock: Arc<dyn Clock>,
) -> Result<Seller, DaemonError> {
    let trendyol = &config.trendyol;
    if !trendyol.enabled {
        return Err(NotAvailable::NoStore.into());
    }
    let account = AccountSettings {
        seller_id: trendyol.seller_id.clone(),
        api_key: trendyol.api_key.clone(),
        api_secret: trendyol.api_secret.clone(),
        base_url: trendyol.base_url.to_string(),
        integrator: trendyol.integrator.clone(),
        store_front_code: trendyol.store_front_code.clone(),
    };

    let rates = RateLimits {
        orders: trendyol.orders.requests_per_minute,
        stream_every: trendyol.orders.page_interval,
        push: trendyol.stock.requests_per_minute,
        read: trendyol.stock.read_requests_per_minute,
        ..RateLimits::default()
    };
    // The time to connect is that of the panels; the whole of a request has a limit of its own.
    let http = Http::new(&config.znet.timeouts())?;
    let market = Trendyol::new(&account, &rates, http, trendyol.request_timeout)?
        .with_paths(trendyol.paths.clone());

    Ok(Seller {
        store: store.clone(),
        market: Arc::new(market),
        clock,
        rest: Arc::new(Sleep),
    })
}

/// Starts what acts on changes between two runs of the jobs.
pub(super) fn turns(config: &Config, seller: &Seller, parts: &mut Parts) {
    let stock = &config.trendyol.stock;
    if !stock.enabled {
        return;
    }

    let pulse = parts.pulses.add(STOCK_TURNS, LONGEST_TURN);
    // Unforced: only a person may set most of the stock to zero.
    let turns = Turns::new(reconciler(config, seller, false), stock.react, pulse);
    parts.spawn(STOCK_TURNS, turns.run(parts.stop.clone()));
}

/// Reads the orders that Trendyol calls about, if it does.
pub(super) fn doorbell(config: &Config, seller: &Seller, bell: &Arc<Notify>, parts: &mut Parts) {
    let trendyol = &config.trendyol;
    if !trendyol.webhook.enabled {
        return;
    }

    let pull = Pull::new(seller.clone(), trendyol.orders.overlap);
    let address = trendyol.webhook.address(&trendyol.seller_id);
    let doorbell = Doorbell::new(Arc::new(pull), Arc::clone(bell), address);

    let pulse = parts.pulses.add(DOORBELL, LONGEST_TURN);
    parts.spawn(DOORBELL, doorbell.run(pulse, parts.stop.clone()));
}
