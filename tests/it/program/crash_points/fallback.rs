//! A refusal, and the second panel to which the order goes under another name.

use Phase::{Before, Committed, Open};
use rust_decimal::Decimal;
use sandbox::{
    gates::Moment::{BeforeAnswer, BeforeWork},
    panel::Account,
    trouble::{Fault, Trouble},
};

use super::*;
use crate::process::world::{KOD, PIN, SIFRE};

const POINTS: [Point; 9] = [
    // The refusal died with it; a panel that does not know an order may be slow to.
    point(
        "refusal, not recorded",
        result(RECORD_SHOP, "fell_back", Before),
        End::Unconfirmed,
    ),
    point(
        "refusal, not committed",
        result(RECORD_SHOP, "fell_back", Open),
        End::Unconfirmed,
    ),
    point(
        "refusal, committed and not heard of",
        result(RECORD_SHOP, "fell_back", Committed),
        End::Completed,
    ),
    point(
        "queued for the fallback, not claimed",
        statement(CLAIM_QUEUED, Before),
        End::Completed,
    ),
    point(
        "claim for the fallback, not committed",
        statement(CLAIM_QUEUED, Open),
        End::Completed,
    ),
    point(
        "claim for the fallback, committed and not heard of",
        statement(CLAIM_QUEUED, Committed),
        End::Unconfirmed,
    ),
    point(
        "purchase, at the fallback",
        At::Fallback(Endpoint::Purchase, BeforeWork),
        End::Completed,
    ),
    point(
        "purchase, sold by the fallback and not answered",
        At::Fallback(Endpoint::Purchase, BeforeAnswer),
        End::Completed,
    ),
    point(
        "purchase at the fallback, answered and not recorded",
        result(RECORD_SHOP, "accepted", Before),
        End::Completed,
    ),
];

async fn two_panels() -> Scene {
    let mut scene = Scene::new(|_| {}).await;
    let mut plan = PanelPlan::sample(8);
    plan.accounts = vec![Account::new(KOD, SIFRE, Decimal::from(1_000_000))];
    plan.refuses_duplicates = false;
    let second = Panel::start(plan).await.unwrap();
    let shop = &scene.world.shop;
    shop.fall_back(PIN, &second.base_url(), (KOD, SIFRE)).await;
    scene.second = Some(second);
    scene
}

async fn refuse_the_next(scene: &Scene) {
    let refusal = Fault::Instead(Trouble::says("3|Yetersiz bakiye"));
    let faults = scene.world.panel.faults();
    faults.next(Endpoint::Purchase, refusal);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_each_point_of_a_fallback() {
    killed_at_each("fallback", &POINTS, two_panels, PIN, refuse_the_next).await;
}
