//! The shop's side: its tables, its orders, who sends them now, and how the work is given back.

use chrono::TimeDelta;
use rust_decimal::Decimal;
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::{
    super::{Finding, Findings, Lists, Outcome, panels, routes, running, settling, tenants},
    ForeseenOrders, Scene, Step, asked, obstacles, only, orders, schema,
    shop_steps::{Seen, switch_off, way_back},
};
use crate::{
    config::Config,
    store::{OrderKind, Sides, Store, StoreError},
    telemetry::Secrets,
};

/// An order that the shop sent within this time shows that it still dispatches.
const LATELY: TimeDelta = TimeDelta::hours(1);
/// What is older would be sent by now, if the shop sent it.
const SENT_WITHIN: TimeDelta = TimeDelta::minutes(5);
/// Orders of a week are counted by what their rows say.
const WEEK: TimeDelta = TimeDelta::days(7);

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShopSide {
    pub(crate) findings: Vec<Finding>,
    /// Orders of the last seven days that are not decided, as their rows say it.
    pub(crate) kinds: Vec<OrderKind>,
    /// What would become of them; null before `orderwatch migrate`.
    pub(crate) orders: Option<ForeseenOrders>,
    /// In this order.
    pub(crate) switch_off: Vec<Step>,
    /// In this order.
    pub(crate) way_back: Vec<Step>,
}

impl ShopSide {
    pub(super) fn in_the_way(&self) -> usize {
        obstacles(&self.findings, &self.switch_off)
    }
}

pub(super) async fn side(scene: Scene<'_>, there: bool) -> ShopSide {
    let mut findings = Findings::default();
    let mut side = ShopSide {
        findings: Vec::new(),
        kinds: Vec::new(),
        orders: None,
        switch_off: Vec::new(),
        way_back: Vec::new(),
    };

    let config = scene.patient.config;
    if switched_on(config, there, &mut findings) {
        let shop = Sides {
            shop: true,
            warehouse: false,
        };
        schema::check(scene, &only(scene.patient.store, shop), &mut findings).await;
        look(scene, &mut side, &mut findings).await;
    }

    side.findings = findings.masked(&Secrets::process()).0;
    side
}

/// Whether there is something to examine.
fn switched_on(config: &Config, there: bool, findings: &mut Findings) -> bool {
    if !there {
        findings.fail(
            "shop",
            "shop.enabled is true, and the database has no product_orders: migrating would make the tables of an empty shop.",
            "Set shop.enabled = false where there is only a warehouse; otherwise check database.url.",
        );
    } else if !config.shop.enabled {
        findings.warn(
            "shop",
            "The database has a shop, and shop.enabled is false: nothing of it would be touched.",
            "Set shop.enabled = true, if its orders are to be bought.",
        );
    }
    there
}

async fn look(scene: Scene<'_>, side: &mut ShopSide, findings: &mut Findings) {
    let Scene { patient, now, .. } = scene;
    let (store, pace) = (patient.store, patient.pace);

    let kinds = asked(pace, "orders", findings, store.order_kinds(now - WEEK)).await;
    side.kinds = kinds.unwrap_or_default();

    let mut lists = Lists::new();
    if scene.wanted.ask_panels && !scene.migrated {
        findings.skip("panels", "They are asked once the database is migrated.");
    } else if scene.wanted.ask_panels {
        let (accounts, read) = panels::check(&patient, Instant::now() + pace.whole).await;
        findings.append(accounts);
        lists = read;
    }

    let ways = asked(pace, "routing", findings, routing(scene, &lists)).await;
    let (ways, unconfirmed) = ways.unwrap_or_default();
    findings.append(ways);

    if scene.migrated {
        side.orders = asked(pace, "orders", findings, orders::foresee(scene, lists)).await;
        if let Some(found) = &side.orders {
            limited(patient.config, found, findings);
        }
        if let Some(found) = asked(pace, "others", findings, others(scene)).await {
            findings.append(found);
        }
    }

    let settler = asked(pace, "settling", findings, settler(scene)).await;
    let (settling, settles) = settler.unwrap_or_default();
    findings.append(settling);

    let mut chained = None;
    if scene.migrated {
        let week = store.forwarded(now - WEEK, now);
        let found = asked(pace, "forwarding", findings, week).await;
        chained = found.map(|found| found.orders);
    }

    if let Some(seen) = asked(pace, "shop", findings, seen(scene)).await {
        let seen = Seen {
            chained,
            settles,
            unconfirmed,
            ..seen
        };
        side.switch_off = switch_off(scene, &seen);
        side.way_back = way_back(scene, &seen, side.orders.as_ref());
    }
}

/// What a panel would have to sell at once is more than it may sell in a day.
fn limited(config: &Config, found: &ForeseenOrders, findings: &mut Findings) {
    let Some(limit) = config.dispatch.daily_limit else {
        return;
    };
    for sum in &found.panels {
        let expected = sum.expected.parse::<Decimal>().unwrap_or_default();
        if expected > limit {
            let panel = sum.panel.as_deref().unwrap_or("no panel");
            findings.warn(
                "daily limit",
                format!(
                    "What would be bought at {panel} costs {expected} TRY, and dispatch.daily_limit is {limit}: what exceeds it is held."
                ),
                "Raise it for the first day, or retry these orders on the next one.",
            );
        }
    }
}

/// Where the routes lead to, and what nobody has confirmed of the player fields.
async fn routing(scene: Scene<'_>, lists: &Lists) -> Result<(Findings, Vec<String>), StoreError> {
    let (store, rules) = (scene.patient.store, &scene.patient.config.player);
    let (mut findings, mut players) = (Findings::default(), Findings::default());
    let routes = routes::ways(store, rules, lists, &mut findings).await?;
    let sold = if scene.migrated {
        store.sold_as().await?
    } else {
        Vec::new()
    };

    routes::players(&routes, &sold, rules, lists, &mut players);
    let open = players.as_slice().iter();
    let open = open.filter(|finding| finding.outcome == Outcome::Warn);
    Ok((
        findings,
        open.map(|finding| finding.sentence.clone()).collect(),
    ))
}

async fn others(scene: Scene<'_>) -> Result<Findings, StoreError> {
    let mut findings = Findings::default();
    running::others(scene.patient.store, scene.now, &mut findings).await?;
    tenants::check(scene.patient.store, scene.now, &mut findings).await?;
    Ok(findings)
}

async fn settler(scene: Scene<'_>) -> Result<(Findings, bool), StoreError> {
    let mut findings = Findings::default();
    let settles = settling::settler(&scene.patient, &mut findings).await?;
    Ok((findings, settles))
}

async fn seen(scene: Scene<'_>) -> Result<Seen, StoreError> {
    let Scene { now, migrated, .. } = scene;
    let store: &Store = scene.patient.store;
    let (mut paused, mut notices) = (false, 0);
    if migrated {
        paused = store
            .brakes()
            .await?
            .iter()
            .any(|brake| brake.panel.is_none());
        notices = store.notices_waiting().await?;
    }

    Ok(Seen {
        activity: store
            .shop_activity(now - LATELY, now - SENT_WITHIN, migrated)
            .await?,
        tasks: store.beat_tasks().await?,
        chained: None,
        settles: false,
        unconfirmed: Vec::new(),
        paused,
        notices,
    })
}
