//! The shop's side: its tables, its orders, who sends them now, and how the work is given back.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::{
    super::{Finding, Findings, Lists, Outcome, panels, routes, running, settling, tenants},
    ForeseenOrders, Scene, Step, asked, obstacles, only, orders, schema,
    shop_steps::{Seen, switch_off},
    spending,
    way_back::{MANY_UNSENT, waits_since, way_back},
};
use crate::{
    config::Config,
    store::{OrderKind, Sides, StoreError, UnderWay, shown_since},
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
    /// Orders of the last seven days that are not decided, as their rows say it; null where they cannot be read.
    pub(crate) kinds: Option<Vec<OrderKind>>,
    /// What would become of them; null before `orderwatch migrate`.
    pub(crate) orders: Option<ForeseenOrders>,
    /// What orderwatch has not ended from before; null where that is not known.
    pub(crate) under_way: Option<Vec<UnderWay>>,
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
        kinds: None,
        orders: None,
        under_way: None,
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
    side.kinds = asked(pace, "orders", findings, store.order_kinds(now - WEEK)).await;

    let lists = prices(scene, findings).await;
    let ways = asked(pace, "routing", findings, routing(scene, &lists)).await;
    let unconfirmed = ways.map(|(found, unconfirmed)| {
        findings.append(found);
        unconfirmed
    });

    if scene.migrated {
        side.orders = asked(pace, "orders", findings, orders::foresee(scene, lists)).await;
        if let Some(found) = &side.orders {
            let limited = asked(
                pace,
                "daily limit",
                findings,
                spending::limited(scene, found),
            );
            let limited = limited.await.unwrap_or_default();
            findings.append(limited);
        }
        if let Some(found) = asked(pace, "others", findings, others(scene)).await {
            findings.append(found);
        }
    }

    let settler = asked(pace, "settling", findings, settler(scene)).await;
    let settles = settler.map(|(found, settles)| {
        findings.append(found);
        settles
    });

    let mut seen = seen(scene, findings).await;
    (seen.settles, seen.unconfirmed) = (settles, unconfirmed);
    side.switch_off = switch_off(scene, &seen);
    side.way_back = way_back(scene, &seen);
    side.under_way = seen.under_way;
}

/// The panels' price lists, where they are wanted.
async fn prices(scene: Scene<'_>, findings: &mut Findings) -> Lists {
    let (patient, asks) = (scene.patient, scene.wanted.ask_panels);
    if asks && scene.migrated {
        let until = Instant::now() + patient.pace.whole;
        let (accounts, lists) = panels::check(&patient, until).await;
        findings.append(accounts);
        return lists;
    }

    if asks {
        findings.skip("panels", "They are asked once the database is migrated.");
    }
    Lists::new()
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
    running::others(&scene.patient, scene.now, &mut findings).await?;
    tenants::check(scene.patient.store, scene.now, &mut findings).await?;
    Ok(findings)
}

async fn settler(scene: Scene<'_>) -> Result<(Findings, bool), StoreError> {
    let mut findings = Findings::default();
    let settles = settling::settler(&scene.patient, &mut findings).await?;
    Ok((findings, settles))
}

/// Each by itself: what cannot be read is not known, and keeps nothing else from being seen.
async fn seen(scene: Scene<'_>, findings: &mut Findings) -> Seen {
    let (store, pace, now) = (scene.patient.store, scene.patient.pace, scene.now);
    let mut seen = Seen::default();
    let mut panels = Vec::new();
    if scene.migrated {
        let brakes = asked(pace, "paused", findings, store.brakes()).await;
        let everywhere = brakes.iter().flatten().find(|brake| brake.panel.is_none());
        let since = waits_since(scene.patient.config, everywhere.map(|brake| brake.at), now);
        seen.paused = brakes.as_ref().map(|_| everywhere.is_some());
        of_orderwatch(scene, since, &mut seen, findings).await;
        panels = brakes
            .into_iter()
            .flatten()
            .filter_map(|brake| brake.panel)
            .collect();
    }

    let (since, before) = (now - LATELY, now - SENT_WITHIN);
    let activity = store.shop_activity(since, before, scene.migrated, &panels);
    seen.activity = asked(pace, "shop", findings, activity).await;
    seen.tasks = asked(pace, "celery", findings, store.beat_tasks())
        .await
        .flatten();
    seen
}

/// What our own tables say; orders that nobody has sent are counted from `waits_since` on.
async fn of_orderwatch(
    scene: Scene<'_>,
    waits_since: DateTime<Utc>,
    seen: &mut Seen,
    findings: &mut Findings,
) {
    let (store, pace, now) = (scene.patient.store, scene.patient.pace, scene.now);
    let second = store.second_dispatchers(shown_since(now));
    let second = asked(pace, "others", findings, second).await;
    seen.overwritten = second.map(|panels| panels.values().map(|found| found.orders).sum());

    let week = asked(
        pace,
        "forwarding",
        findings,
        store.forwarded(now - WEEK, now),
    );
    seen.chained = week.await.map(|found| found.orders);

    seen.notices = asked(pace, "notices", findings, store.notices_waiting()).await;
    seen.under_way = asked(pace, "under way", findings, store.under_way()).await;
    let left = store.left_unsent(waits_since, MANY_UNSENT);
    seen.left_unsent = asked(pace, "unsent", findings, left).await;
}
