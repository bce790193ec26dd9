//! Puts the parts together as the configuration says.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Notify, task::JoinSet};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    DaemonError, Parts, by_hand, jobs,
    limits::{self, size},
    planned, trendyol,
};
use crate::{
    clock::{Clock, DatabaseClock},
    config::Config,
    http::World,
    meter::Meter,
    order::Rules,
    provider::znet::Http,
    store::{Channel, Store},
    systemd::LONGEST_TURN,
    webhook::{self, Endpoint},
    worker::{
        balance::{Balances, Latest},
        capacity::Capacity,
        dispatch::Dispatch,
        notices::{self, DeliveryRecorder, Notices},
        panels::Panels,
        poll::Poll,
        probe::Probe,
        pulse::Pulses,
        recorder::{Recorder, Results},
        stream::Stream,
        trendyol::Seller,
        wakeup::Wakeup,
    },
};

/// Between two readings of the database's clock.
const CLOCK_INTERVAL: Duration = Duration::from_secs(30);
/// Between two tries to listen for new orders.
const LISTEN_AGAIN: Duration = Duration::from_secs(30);

/// What the workers share.
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) panels: Arc<Panels>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) meter: Arc<Meter>,
    pub(crate) rules: Arc<Rules>,
    pub(crate) checks: Arc<Wakeup>,
    pub(crate) sends: Arc<Wakeup>,
    pub(crate) results: Results,
    /// Woken by every settlement.
    pub(crate) settled: Arc<Wakeup>,
    /// Balances that come with purchases.
    pub(crate) latest: Latest,
    pub(crate) balances: Balances,
}

/// Builds what the workers share, and the recorder that their results go to.
pub(crate) fn shared(
    config: &Config,
    store: &Store,
    clock: Arc<dyn Clock>,
    meter: Arc<Meter>,
) -> Result<(Shared, Recorder), DaemonError> {
    let store = store
        .clone()
        .telling(config.notify.audience())
        .having(config.sides())
        .mirroring(config.trendyol.mirrors())
        .buying_chained(config.dispatch.buy_chained)
        .speaking(config.orders.customer_language);
    let http = Http::new(&limits::http(config))?;
    let panels = Panels::new(
        store.clone(),
        Arc::clone(&clock),
        http,
        limits::panels(config),
        config.dispatch.scan_interval,
    );
    let panels = Arc::new(panels.metered(Arc::clone(&meter)));
    let (checks, sends) = (Arc::<Wakeup>::default(), Arc::<Wakeup>::default());
    let (settled, latest) = (Arc::<Wakeup>::default(), Latest::default());
    let (recorder, results) = Recorder::new(
        store.clone(),
        Arc::clone(&clock),
        Arc::clone(&checks),
        Arc::clone(&sends),
    );
    let recorder = recorder
        .telling(Arc::clone(&settled), latest.clone())
        .metered(Arc::clone(&meter));
    let warn_below = config.balance.warn_below.unwrap_or_default();
    let shared = Shared {
        balances: Balances::new(store.clone(), Arc::clone(&panels), warn_below),
        store,
        panels,
        clock,
        meter,
        settled,
        latest,
        rules: Arc::new(config.rules()),
        checks,
        sends,
        results,
    };
    Ok((shared, recorder))
}

/// Builds and starts the loops that are enabled.
pub(super) fn parts(
    config: &Config,
    store: &Store,
    clock: &Arc<DatabaseClock>,
    meter: &Arc<Meter>,
    pulses: Pulses,
) -> Result<(Parts, World), DaemonError> {
    let (shared, recorder) = shared(config, store, Arc::clone(clock) as _, Arc::clone(meter))?;
    let mut parts = Parts {
        loops: JoinSet::new(),
        writers: JoinSet::new(),
        balances: (shared.latest.clone(), shared.balances.clone()),
        calls: TaskTracker::new(),
        stop: CancellationToken::new(),
        pulses,
    };
    parts.writers.spawn(recorder.run());
    let follow = follow_clock(store.clone(), Arc::clone(clock), parts.stop.clone());
    parts.spawn("the clock", follow);
    if config.dispatch.enabled {
        dispatch(config, &shared, &mut parts);
    }
    if config.poll.enabled {
        poll(config, &shared, &mut parts);
    }
    if config.shop.enabled {
        probe(&shared, &mut parts);
    }
    if config.shop.enabled && !config.notify.webhooks.is_empty() {
        notices(config, &shared, &mut parts)?;
    }
    let latest = shared.latest.clone();
    let latest = latest.run(shared.balances.clone(), parts.stop.clone());
    parts.spawn("the writer of balances", latest);
    jobs::all(config, &shared, &mut parts);
    // One for all, since it keeps to Trendyol's limits and is measured.
    let seller = trendyol::of_daemon(config, &shared)?;
    let bell = Arc::<Notify>::default();
    if let Some(seller) = &seller {
        trendyol::jobs(config, seller, &mut parts);
        trendyol::doorbell(config, seller, &bell, &mut parts);
    }
    let world = world(config, &shared, (seller, bell), &mut parts);
    Ok((parts, world))
}

/// What requests see of it. Nothing in it keeps the recorder waiting for results.
fn world(
    config: &Config,
    shared: &Shared,
    (seller, bell): (Option<Seller>, Arc<Notify>),
    parts: &mut Parts,
) -> World {
    World {
        config: config.clone(),
        store: shared.store.clone(),
        clock: Arc::clone(&shared.clock),
        meter: Arc::clone(&shared.meter),
        panels: Arc::clone(&shared.panels),
        sends: Arc::clone(&shared.sends),
        checks: Arc::clone(&shared.checks),
        pulses: parts.pulses.clone(),
        asking: planned::asking(config),
        limits: planned::limits(config),
        push_rules: trendyol::push_rules(config, false),
        means: planned::means(config),
        runner: by_hand::start(config, shared, seller.as_ref(), parts),
        bell,
        seller,
    }
}

fn dispatch(config: &Config, shared: &Shared, parts: &mut Parts) {
    let turn = Dispatch::new(
        shared.sources(),
        Arc::clone(&shared.rules),
        limits::dispatch(config),
        shared.results.clone(),
        parts.calls.clone(),
        Arc::clone(&shared.sends),
    );
    let room = size(config.dispatch.max_in_flight);
    let stream = stream("dispatch", room, &shared.sends, config, shared, parts);
    parts.spawn("dispatch", stream.run(turn, parts.stop.clone()));
    let listen = listen(
        shared.store.clone(),
        Arc::clone(&shared.sends),
        parts.stop.clone(),
    );
    parts.spawn("the listener", listen);
}

/// Finds out when a panel works again.
fn probe(shared: &Shared, parts: &mut Parts) {
    let probe = Probe::new(
        shared.sources(),
        parts.calls.clone(),
        [Arc::clone(&shared.checks), Arc::clone(&shared.sends)],
    );
    let pulse = parts.pulses.add("the prober", LONGEST_TURN);
    parts.spawn("the prober", probe.run(pulse, parts.stop.clone()));
}

fn poll(config: &Config, shared: &Shared, parts: &mut Parts) {
    let turn = Poll::new(
        shared.sources(),
        Arc::clone(&shared.rules),
        config.poll.lease,
        shared.results.clone(),
        parts.calls.clone(),
    );
    let room = size(config.poll.max_in_flight);
    let stream = stream("poll", room, &shared.checks, config, shared, parts);
    parts.spawn("poll", stream.run(turn, parts.stop.clone()));
}

fn stream(
    name: &'static str,
    room: usize,
    wakeup: &Arc<Wakeup>,
    config: &Config,
    shared: &Shared,
    parts: &Parts,
) -> Stream {
    Stream {
        name,
        capacity: Capacity::new(room),
        wakeup: Arc::clone(wakeup),
        scan_interval: config.dispatch.scan_interval,
        pulse: parts.pulses.add(name, LONGEST_TURN),
        clock: Arc::clone(&shared.clock),
    }
}

/// The deliveries of notices.
fn notices(config: &Config, shared: &Shared, parts: &mut Parts) -> Result<(), DaemonError> {
    let (recorder, deliveries) =
        DeliveryRecorder::new(shared.store.clone(), Arc::clone(&shared.settled));
    let recorder = recorder.metered(Arc::clone(&shared.meter));
    let endpoints: Vec<Endpoint> = config.notify.endpoints().cloned().collect();
    let room = endpoints.len() * notices::AT_ONCE;
    let turn = Notices::new(
        (shared.store.clone(), Arc::clone(&shared.clock)),
        webhook::Http::new()?,
        endpoints,
        deliveries,
        parts.calls.clone(),
        Arc::clone(&shared.settled),
    );
    parts.writers.spawn(recorder.run());
    let stream = stream("notices", room, &shared.settled, config, shared, parts);
    parts.spawn("notices", stream.run(turn, parts.stop.clone()));
    Ok(())
}

impl Shared {
    pub(super) fn sources(&self) -> (Store, Arc<Panels>, Arc<dyn Clock>) {
        (
            self.store.clone(),
            Arc::clone(&self.panels),
            Arc::clone(&self.clock),
        )
    }
}

/// Keeps the clock in step with the database's.
async fn follow_clock(store: Store, clock: Arc<DatabaseClock>, stop: CancellationToken) {
    while let Some(()) = stop
        .run_until_cancelled(tokio::time::sleep(CLOCK_INTERVAL))
        .await
    {
        // A slow answer would tell the time badly; the next one will do.
        match stop.run_until_cancelled(store.now()).await {
            Some(Ok((now, round_trip))) if round_trip < Duration::from_millis(200) => {
                let moved = clock.set(now, round_trip);
                if moved.num_milliseconds().abs() > 1000 {
                    tracing::warn!(
                        moved_ms = moved.num_milliseconds(),
                        "the database's clock has jumped"
                    );
                }
            }
            Some(Ok(_)) | None => {}
            Some(Err(error)) => tracing::debug!(
                error = &error as &dyn std::error::Error,
                "the database's clock cannot be read now"
            ),
        }
    }
}

/// Wakes the dispatcher when an order is inserted. Where that is not possible, the scan serves.
async fn listen(store: Store, sends: Arc<Wakeup>, stop: CancellationToken) {
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
                error = &error as &dyn std::error::Error,
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
