//! What a switch-over does to a database, before it happens.
//!
//! What must stay true:
//!
//! * nothing is written: the server itself refuses it ([`Store::reading_only`]),
//! * what would become of an order is decided by what dispatches and sweeps, never by a rule of its own,
//! * a database that orderwatch has not migrated is described as far as the applications' tables say,
//! * no panel is asked anything unless it is wanted, and none is ever asked to sell.

mod foreseen;
mod orders;
mod schema;
mod shop;
mod shop_steps;
mod spending;
mod step;
mod warehouse;
mod way_back;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Findings, Outcome, Pace, Patient, database, finding::Finding};
use crate::{
    store::{Sides, Store, StoreError},
    telemetry::{Secrets, chain},
};
pub(crate) use foreseen::{Fate, ForeseenOrder, ForeseenOrders};
pub(crate) use shop::ShopSide;
pub(crate) use step::{Step, StepState};
pub(crate) use warehouse::{StockForecast, WarehouseSide};

/// What is wanted besides.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wanted {
    /// Whether each order and product is listed.
    pub(crate) list: bool,
    /// Whether the panels are asked for balance and price list.
    pub(crate) ask_panels: bool,
}

/// What will happen, by the application that it happens to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SwitchOver {
    /// About the database as a whole.
    pub(crate) findings: Vec<Finding>,
    /// Null where neither the configuration nor the database has a shop.
    pub(crate) shop: Option<ShopSide>,
    /// Null where neither has a warehouse.
    pub(crate) warehouse: Option<WarehouseSide>,
    /// How many findings and steps stand in the way.
    pub(crate) in_the_way: usize,
}

/// What is known about the database when its sides are examined.
#[derive(Clone, Copy)]
struct Scene<'a> {
    patient: Patient<'a>,
    wanted: Wanted,
    now: DateTime<Utc>,
    migrated: bool,
    /// Whether there are tables of orderwatch, of whatever version; `None` where the database did not say.
    installed: Option<bool>,
}

pub(crate) async fn foresee(patient: Patient<'_>, wanted: Wanted) -> SwitchOver {
    let mut findings = Findings::default();
    let (mut shop, mut warehouse) = (None, None);

    if let Some((scene, there)) = scene(patient, wanted, &mut findings).await {
        let sides = patient.config.sides();
        if sides.shop || there.shop {
            shop = Some(shop::side(scene, there.shop).await);
        }
        if sides.warehouse || there.warehouse {
            warehouse = Some(warehouse::side(scene, there.warehouse).await);
        }
        if shop.is_none() && warehouse.is_none() {
            findings.fail(
                "sides",
                "Both sides are switched off, and the database has the tables of neither.",
                "Check database.url, shop.enabled and trendyol.enabled.",
            );
        }
    }

    let of_sides = [
        shop.as_ref().map(ShopSide::in_the_way),
        warehouse.as_ref().map(WarehouseSide::in_the_way),
    ];
    SwitchOver {
        in_the_way: failed(&findings.0) + of_sides.into_iter().flatten().sum::<usize>(),
        findings: findings.masked(&Secrets::process()).0,
        shop,
        warehouse,
    }
}

/// What holds for both sides, and which there are; `None` where the database does not answer.
async fn scene<'a>(
    patient: Patient<'a>,
    wanted: Wanted,
    findings: &mut Findings,
) -> Option<(Scene<'a>, Sides)> {
    let Patient { store, pace, .. } = patient;
    let now = database::reached(store, pace, findings).await?;
    let migrated = database::migrated(store, pace, findings).await;

    let there = asked(pace, "database", findings, store.applications()).await?;
    let installed = asked(pace, "database", findings, store.installed()).await;
    let scene = Scene {
        patient,
        wanted,
        now,
        migrated,
        installed,
    };
    Some((scene, there))
}

/// An answer of the database; a question that fails or takes too long is a finding.
async fn asked<T>(
    pace: Pace,
    part: &'static str,
    findings: &mut Findings,
    question: impl Future<Output = Result<T, StoreError>>,
) -> Option<T> {
    const FIX: &str = "See what the database says. Run it with the database user of the daemon or of the application: others may not be allowed to read everything.";
    match tokio::time::timeout(pace.part, question).await {
        Ok(Ok(answer)) => Some(answer),
        Ok(Err(error)) => {
            findings.fail(part, chain(&error), FIX);
            None
        }
        Err(_) => {
            findings.fail(
                part,
                "No answer came in time.",
                "Check whether the database is overloaded, or a connection to it hangs.",
            );
            None
        }
    }
}

/// The way back of a database that cannot be asked what orderwatch has under way in it.
fn not_migrated(installed: Option<bool>) -> Vec<Step> {
    if installed == Some(false) {
        let nothing = "Nothing: orderwatch has made nothing in this database yet.";
        return vec![Step::new(nothing, StepState::Done)];
    }

    let what = "Run `orderwatch migrate`, and `orderwatch adopt` again: as long as migrations are missing, what is under way is not known.";
    vec![Step::new(what, StepState::Unseen).first()]
}

/// The store of one side alone: what is asked about the tables is asked about its own.
fn only(store: &Store, sides: Sides) -> Store {
    store.clone().having(sides)
}

fn failed(findings: &[Finding]) -> usize {
    let fails = |finding: &&Finding| finding.outcome == Outcome::Fail;
    findings.iter().filter(fails).count()
}

/// What stands in the way of a side.
fn obstacles(findings: &[Finding], steps: &[Step]) -> usize {
    let open = steps.iter().filter(|step| step.stands_in_the_way());
    failed(findings) + open.count()
}
