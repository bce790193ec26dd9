//! The warehouse's side: its tables, what would be on sale, who sends stock now, and how that is given back.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    super::{Finding, Findings, keeping, warehouse},
    Scene, Step, StepState, asked, not_migrated, obstacles, only, schema,
    step::span,
};
use crate::{
    config::Config,
    overview::StockPause,
    stock::{
        DataWarning,
        plan::{Entry, PlannedItem},
    },
    store::{Sides, StoreError, WarehouseStock},
    telemetry::Secrets,
    worker::trendyol::Forecast,
};

/// Whoever pushed within this time still pushes: the application does every few minutes.
const LATELY: TimeDelta = TimeDelta::hours(1);
const PAGE: &str = "docs/trendyol.md";

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WarehouseSide {
    pub(crate) findings: Vec<Finding>,
    /// Products of `central_stock`; null where it cannot be read.
    pub(crate) products: Option<i64>,
    /// Of which there is at least one.
    pub(crate) in_stock: Option<i64>,
    /// What would be on sale; null before `orderwatch migrate`.
    pub(crate) stock: Option<StockForecast>,
    /// In this order.
    pub(crate) switch_off: Vec<Step>,
    /// In this order.
    pub(crate) way_back: Vec<Step>,
}

/// What would be on sale of each product, held against `central_stock`: how many products, by what is done.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(crate) struct StockForecast {
    /// As many as `central_stock` says.
    pub(crate) same: usize,
    /// Fewer: reserved, kept back, or not on a shelf.
    pub(crate) fewer: usize,
    /// None, although `central_stock` has some.
    pub(crate) zero: usize,
    /// More: made to order.
    pub(crate) more: usize,
    /// Units that orders hold.
    pub(crate) reserved: u64,
    /// Records that could not be read, or not as they stand.
    pub(crate) data_warnings: Vec<DataWarning>,
    /// Each product with what led to it, where they were wanted.
    pub(crate) list: Option<Vec<PlannedItem>>,
}

impl WarehouseSide {
    pub(super) fn in_the_way(&self) -> usize {
        obstacles(&self.findings, &self.switch_off)
    }
}

/// What the steps rest on.
struct Seen {
    stock: WarehouseStock,
    /// Whether the application's own job is on.
    pushes: Option<bool>,
    /// When it last sent stock.
    pushed: Option<DateTime<Utc>>,
    /// Whether it is settled who keeps the rows; `None` where that could not be read.
    keeps: Option<bool>,
    pause: Option<StockPause>,
    /// Pushes and picks that Trendyol is still to answer.
    open: (i64, i64),
}

pub(super) async fn side(scene: Scene<'_>, there: bool) -> WarehouseSide {
    let mut findings = Findings::default();
    let mut side = WarehouseSide {
        findings: Vec::new(),
        products: None,
        in_stock: None,
        stock: None,
        switch_off: Vec::new(),
        way_back: Vec::new(),
    };

    if switched_on(scene.patient.config, there, &mut findings) {
        let warehouse = Sides {
            shop: false,
            warehouse: true,
        };
        schema::check(scene, &only(scene.patient.store, warehouse), &mut findings).await;
        look(scene, &mut side, &mut findings).await;
    }

    side.findings = findings.masked(&Secrets::process()).0;
    side
}

fn switched_on(config: &Config, there: bool, findings: &mut Findings) -> bool {
    if !there {
        findings.fail(
            "warehouse",
            "trendyol.enabled is true, and the database has no central_stock: migrating would make the tables of an empty warehouse.",
            "Set trendyol.enabled = false where there is only a shop; otherwise check database.url.",
        );
    } else if !config.trendyol.enabled {
        findings.warn(
            "warehouse",
            "The database has a warehouse, and trendyol.enabled is false: no stock would be sent.",
            "Set trendyol.enabled = true with seller and key, if its stock is to be sent.",
        );
    }
    there
}

async fn look(scene: Scene<'_>, side: &mut WarehouseSide, findings: &mut Findings) {
    let pace = scene.patient.pace;
    let mut keeps = None;
    if let Some((found, settled)) = asked(pace, "mirror", findings, keeper(scene)).await {
        findings.append(found);
        keeps = Some(settled);
    }
    if scene.migrated {
        side.stock = asked(pace, "stock", findings, forecast(scene)).await;
    }

    if let Some(seen) = asked(pace, "warehouse", findings, seen(scene)).await {
        let seen = Seen { keeps, ..seen };
        side.products = Some(seen.stock.products);
        side.in_stock = Some(seen.stock.in_stock);
        side.switch_off = switch_off(scene, &seen);
        side.way_back = way_back(scene, &seen);
    }
}

/// Who keeps the warehouse's rows, and what of it orderwatch does not know.
async fn keeper(scene: Scene<'_>) -> Result<(Findings, bool), StoreError> {
    let (config, store) = (scene.patient.config, scene.patient.store);
    let mut findings = Findings::default();
    keeping::check(config, store, &mut findings).await?;
    if scene.migrated {
        warehouse::check(store, config, &mut findings).await?;
    }
    let settled = keeping::keeping_fault(config, store).await?.is_none();
    Ok((findings, settled))
}

/// The plan of `orderwatch stock plan`, held against what the warehouse counts.
async fn forecast(scene: Scene<'_>) -> Result<StockForecast, StoreError> {
    let rules = scene.patient.config.trendyol.stock;
    let forecast = Forecast::read(scene.patient.store, rules, scene.now).await?;

    let mut found = StockForecast {
        data_warnings: forecast.data_warnings().to_vec(),
        list: scene.wanted.list.then(|| forecast.products().collect()),
        ..StockForecast::default()
    };
    for entry in forecast.entries().values() {
        count(entry, &mut found);
    }
    Ok(found)
}

fn count(entry: &Entry, found: &mut StockForecast) {
    let counted = entry.qty.unwrap_or(0).max(0);
    *match entry.desired {
        desired if desired == counted => &mut found.same,
        0 => &mut found.zero,
        desired if desired < counted => &mut found.fewer,
        _ => &mut found.more,
    } += 1;
    found.reserved += entry.reserved;
}

async fn seen(scene: Scene<'_>) -> Result<Seen, StoreError> {
    let store = scene.patient.store;
    let (mut pause, mut open) = (None, (0, 0));
    if scene.migrated {
        pause = store.stock_pause().await?;
        open = store.market_work_open().await?;
    }

    Ok(Seen {
        stock: store.warehouse_stock().await?,
        pushes: store.application_pushes().await?,
        pushed: store.application_pushed().await?,
        keeps: None,
        pause,
        open,
    })
}

fn switch_off(scene: Scene<'_>, seen: &Seen) -> Vec<Step> {
    let trendyol = &scene.patient.config.trendyol;
    // As long as nobody has said it, the application goes on.
    let pull = if trendyol.mirrors() && seen.keeps == Some(true) {
        "Switch the application's own pull of orders and returns off: trendyol.mirror writes these rows."
    } else {
        "Leave the application's own pull of orders and returns on: with trendyol.mirror = false it keeps these rows."
    };

    let mut steps = vec![
        Step::done_if("Run `orderwatch migrate`.", scene.migrated).first(),
        Step::known(
            "Say in trendyol.mirror who keeps the rows of orders and returns.",
            seen.keeps,
        )
        .first()
        .see(PAGE),
        Step::new(pull, StepState::Unseen).see(PAGE),
        pusher(seen, scene.now),
    ];
    if let Some(pause) = &seen.pause {
        let why = format!("Paused by {}: {}", pause.who, pause.why);
        steps.push(Step::new("`orderwatch stock resume`.", StepState::Open).seen(why));
    }
    let on = "Set trendyol.enabled = true, and start or reload the daemon.";
    steps.push(Step::done_if(on, trendyol.enabled).see(PAGE));
    steps
}

/// The application's stock job: its switch, and otherwise what it has written.
fn pusher(seen: &Seen, now: DateTime<Utc>) -> Step {
    let what = "Switch the application's stock job off: is_active = false in platform_configs for platform 'global', or DISABLE_JOBS_IDS=stock_sync_auto. Both also end what it sends to Amazon and Shopify.";
    let lately = seen.pushed.is_some_and(|at| now - at < LATELY);
    let state = match seen.pushes {
        // Switched off a moment ago counts: its next pass is a few minutes away.
        Some(false) => StepState::Done,
        _ if lately => StepState::Open,
        // The environment switches it off as well, which nobody sees from here.
        Some(true) | None => StepState::Unseen,
    };

    let switch = match seen.pushes {
        Some(false) => "platform_configs says that it is off.",
        Some(true) => "platform_configs says that it is on.",
        None => "platform_configs is not there, or the role may not read is_active.",
    };
    let pushed = seen.pushed.map_or_else(
        || "When it last sent stock, the database does not say.".to_owned(),
        |at| format!("It last sent stock {} ago.", span(now, at)),
    );
    let step = Step::new(what, state)
        .seen(format!("{switch} {pushed}"))
        .see(PAGE);
    match state {
        // A second pusher that nobody sees here is found by what it sends.
        StepState::Unseen => step,
        _ => step.first(),
    }
}

fn way_back(scene: Scene<'_>, seen: &Seen) -> Vec<Step> {
    if !scene.migrated {
        return not_migrated(scene.installed);
    }

    let (batches, picks) = seen.open;
    vec![
        Step::done_if(
            "`orderwatch stock pause --reason TEXT`: orders are read on, and no stock is sent.",
            seen.pause.as_ref().is_some_and(|pause| !pause.lets_lower()),
        ),
        Step::done_if("Wait until Trendyol has answered.", batches + picks == 0).seen(format!(
            "{batches} pushes without a result, {picks} picks not reported."
        )),
        Step::new(
            "Stop the daemon; `orderwatch trendyol webhook remove`, where Trendyol calls it.",
            StepState::Unseen,
        ),
        Step::new(
            "Switch the application's stock job on again, and its pull, if it was off. Its next pass sends every product.",
            StepState::Unseen,
        )
        .see(PAGE),
        Step::new(
            "`orderwatch migrate revert`, where orderwatch is to go for good. The warehouse's rows stay as they are.",
            StepState::Unseen,
        ),
    ]
}
