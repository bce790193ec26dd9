//! Puts the parts together as the configuration says.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Notify, task::JoinSet};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{DaemonError, Parts, jobs, settings, trendyol};
use crate::{
    clock::{Clock, DatabaseClock},
    config::{Config, size},
    http::World,
    store::{Channel, Store},
    systemd::LONGEST_TURN,
    telemetry::chain,
    webhook::{self, Endpoint},
    worker::{
        capacity::Capacity,
        dispatch::Dispatch,
        jobs::{JobContext, runner::Runner},
        notices::{self, DeliveryRecorder, Notices},
        poll::Poll,
        probe::Probe,
        pulse::Pulses,
        recorder::Recorder,
        shop::Shop,
        stream::Stream,
        trendyol::Seller,
        wakeup::Wakeup,
    },
};

/// Between two readings of the database's clock.
const CLOCK_INTERVAL: Duration = Duration::from_secs(30);
/// Between two tries to listen for new orders.
const LISTEN_AGAIN: Duration = Duration::from_secs(30);

/// Builds what the workers share, and the recorder that their results go to.
pub(super) fn shop(
    config: &Config,
    store: &Store,
    clock: Arc<dyn Clock>,
) -> Result<(Shop, Recorder), DaemonError> {
    let store = store
        .clone()
        .telling(config.notify.audience())
        .having(config.sides())
        .mirroring(config.trendyol.mirrors())
        .buying_chained(config.dispatch.buy_chained)
        .speaking(config.orders.customer_language);
    Ok(Shop::new(Arc::new(config.clone()), store, clock)?)
}

/// Builds and starts the loops that are enabled.
pub(super) fn parts(
    config: &Config,
    store: &Store,
    clock: &Arc<DatabaseClock>,
    pulses: Pulses,
) -> Result<(Parts, World), DaemonError> {
    let started_at = clock.now();
    let (shop, recorder) = shop(config, store, Arc::clone(clock) as _)?;

    let mut parts = Parts {
        loops: JoinSet::new(),
        writers: JoinSet::new(),
        balances: (shop.latest.clone(), shop.balances.clone()),
        calls: TaskTracker::new(),
        stop: CancellationToken::new(),
        pulses,
    };

    // Apart from the loops: it ends only once the last sender of results is gone.
    parts.writers.spawn(recorder.run());
    let follow = follow_clock(store.clone(), Arc::clone(clock), parts.stop.clone());
    parts.spawn("the clock", follow);

    if config.dispatch.enabled {
        dispatch(config, &shop, &mut parts);
    }
    if config.poll.enabled {
        poll(config, &shop, &mut parts);
    }
    // Whoever buys places the first check.
    if config.dispatch.enabled || config.poll.enabled {
        let learning = Arc::clone(&shop.learning);
        parts.spawn("the schedule", learning.run(parts.stop.clone()));
    }
    // Also where nothing is bought here: checks and other replicas open circuits, too.
    if config.shop.enabled {
        probe(&shop, &mut parts);
    }
    if config.shop.enabled && !config.notify.webhooks.is_empty() {
        notices(config, &shop, &mut parts)?;
    }

    let latest = shop.latest.clone();
    let latest = latest.run(shop.balances.clone(), parts.stop.clone());
    parts.spawn("the writer of balances", latest);

    // One for all, since it keeps to Trendyol's limits and is measured.
    let seller = trendyol::of_daemon(config, &shop)?;
    let bell = Arc::<Notify>::default();
    if let Some(seller) = &seller {
        trendyol::turns(config, seller, &mut parts);
        trendyol::doorbell(config, seller, &bell, &mut parts);
    }

    let context = JobContext {
        shop: shop.clone(),
        seller: seller.clone(),
        started_at,
    };
    let runner = jobs::start(&context, &mut parts)?;

    let world = world(config, &shop, (seller, bell, runner), &parts);
    Ok((parts, world))
}

/// What requests see of it.
fn world(
    config: &Config,
    shop: &Shop,
    (seller, bell, runner): (Option<Seller>, Arc<Notify>, Runner),
    parts: &Parts,
) -> World {
    World {
        config: config.clone(),
        // Single parts of the shop: the whole holds a sender of results, for which the recorder would wait.
        store: shop.store.clone(),
        clock: Arc::clone(&shop.clock),
        sends: Arc::clone(&shop.sends),
        checks: Arc::clone(&shop.checks),
        pulses: parts.pulses.clone(),
        asking: settings::asking(config),
        limits: settings::limits(config),
        means: settings::means(config),
        runner,
        bell,
        seller,
    }
}

fn dispatch(config: &Config, shop: &Shop, parts: &mut Parts) {
    let turn = Dispatch::new(shop.clone(), parts.calls.clone());
    let capacity = size(config.dispatch.max_in_flight);
    let stream = stream("dispatch", capacity, &shop.sends, config, shop, parts);
    parts.spawn("dispatch", stream.run(turn, parts.stop.clone()));

    // Only new orders come from outside; what is due for a check is known by its time.
    let listen = listen(
        shop.store.clone(),
        Arc::clone(&shop.sends),
        parts.stop.clone(),
    );
    parts.spawn("the listener", listen);
}

/// Finds out when a panel works again.
fn probe(shop: &Shop, parts: &mut Parts) {
    let probe = Probe {
        shop: shop.clone(),
        tasks: parts.calls.clone(),
    };
    let pulse = parts.pulses.add("the prober", LONGEST_TURN);
    parts.spawn("the prober", probe.run(pulse, parts.stop.clone()));
}

fn poll(config: &Config, shop: &Shop, parts: &mut Parts) {
    let turn = Poll::new(shop.clone(), parts.calls.clone());
    let capacity = size(config.poll.max_in_flight);
    let stream = stream("poll", capacity, &shop.checks, config, shop, parts);
    parts.spawn("poll", stream.run(turn, parts.stop.clone()));
}

fn stream(
    name: &'static str,
    capacity: usize,
    wakeup: &Arc<Wakeup>,
    config: &Config,
    shop: &Shop,
    parts: &Parts,
) -> Stream {
    Stream {
        name,
        capacity: Capacity::new(capacity),
        wakeup: Arc::clone(wakeup),
        // One key for all: behind each wake-up stands the same safety net.
        scan_interval: config.dispatch.scan_interval,
        pulse: parts.pulses.add(name, LONGEST_TURN),
        clock: Arc::clone(&shop.clock),
    }
}

fn notices(config: &Config, shop: &Shop, parts: &mut Parts) -> Result<(), DaemonError> {
    let (recorder, deliveries) =
        DeliveryRecorder::new(shop.store.clone(), Arc::clone(&shop.settled));
    let endpoints: Vec<Endpoint> = config.notify.endpoints().cloned().collect();
    // As much as all addresses may have at once: one that hangs takes none of the others.
    let capacity = endpoints.len() * notices::AT_ONCE;
    let turn = Notices::new(
        (shop.store.clone(), Arc::clone(&shop.clock)),
        webhook::Http::new()?,
        endpoints,
        deliveries,
        parts.calls.clone(),
        Arc::clone(&shop.settled),
    );

    parts.writers.spawn(recorder.run());
    let stream = stream("notices", capacity, &shop.settled, config, shop, parts);
    parts.spawn("notices", stream.run(turn, parts.stop.clone()));
    Ok(())
}

/// Keeps the clock in step with the database's.
async fn follow_clock(store: Store, clock: Arc<DatabaseClock>, stop: CancellationToken) {
    while let Some(()) = stop
        .run_until_cancelled(tokio::time::sleep(CLOCK_INTERVAL))
        .await
    {
        // After a slow answer the time is not known well; the next one will do.
        match stop.run_until_cancelled(store.now()).await {
            Some(Ok((now, round_trip))) if round_trip < Duration::from_millis(200) => {
                let moved = clock.set(now, round_trip);

                // Drift is far smaller: a whole second is another server, or a clock that was set.
                if moved.num_milliseconds().abs() > 1000 {
                    tracing::warn!(
                        moved_ms = moved.num_milliseconds(),
                        "the database's clock has jumped"
                    );
                }
            }
            Some(Ok(_)) | None => {}
            // No warning: the clock goes on from the last reading.
            Some(Err(error)) => tracing::debug!(
                error = chain(&error),
                "the database's clock cannot be read now"
            ),
        }
    }
}

/// Wakes the dispatcher when an order is inserted. Where that is not possible, the scan serves.
async fn listen(store: Store, sends: Arc<Wakeup>, stop: CancellationToken) {
    // Said once: behind a pooler in transaction mode it would be said for ever, and the scan serves.
    let mut said = false;
    while !stop.is_cancelled() {
        let Some(result) = stop
            .run_until_cancelled(wake_on_notice(&store, &sends))
            .await
        else {
            return;
        };

        if let Err(error) = result
            && !std::mem::replace(&mut said, true)
        {
            tracing::warn!(
                error = chain(&error),
                retry_s = LISTEN_AGAIN.as_secs(),
                "LISTEN unavailable, falling back to polling (dispatch.scan_interval)"
            );
        }

        stop.run_until_cancelled(tokio::time::sleep(LISTEN_AGAIN))
            .await;
    }
}

async fn wake_on_notice(store: &Store, sends: &Wakeup) -> Result<(), crate::store::StoreError> {
    let mut notices = store.listen(Channel::NewOrders).await?;
    loop {
        // Also right after listening began: an order may have come just before.
        sends.wake();
        notices.next().await?;
    }
}
