//! From the claim of a new order to the record of what the panel answered.

use Phase::{Before, Committed, Open};
use sandbox::gates::Moment::{BeforeAnswer, BeforeWork};

use super::*;
use crate::process::world::PIN;

const POINTS: [Point; 8] = [
    point(
        "new order, not claimed",
        statement(CLAIM_NEW, Before),
        End::Completed,
    ),
    point(
        "claim, not committed",
        statement(CLAIM_NEW, Open),
        End::Completed,
    ),
    // Whoever finds it cannot know that nothing was sent.
    point(
        "claim, committed and not heard of",
        statement(CLAIM_NEW, Committed),
        End::Unconfirmed,
    ),
    point(
        "purchase, at the panel",
        At::Panel(Endpoint::Purchase, BeforeWork),
        End::Completed,
    ),
    point(
        "purchase, sold and not answered",
        At::Panel(Endpoint::Purchase, BeforeAnswer),
        End::Completed,
    ),
    point(
        "purchase, answered and not recorded",
        result(RECORD_SHOP, "accepted", Before),
        End::Completed,
    ),
    point(
        "record of a purchase, not committed",
        result(RECORD_SHOP, "accepted", Open),
        End::Completed,
    ),
    point(
        "record of a purchase, committed and not heard of",
        result(RECORD_SHOP, "accepted", Committed),
        End::Completed,
    ),
];

/// With a limit, the sum of what was spent and the claim are one transaction.
const WITHIN_A_LIMIT: [Point; 3] = [
    point(
        "spending, locked and summed",
        statement(CLAIM_NEW, Before),
        End::Completed,
    ),
    point(
        "claim within a limit, not committed",
        statement(CLAIM_NEW, Open),
        End::Completed,
    ),
    point(
        "claim within a limit, committed and not heard of",
        statement(CLAIM_NEW, Committed),
        End::Unconfirmed,
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_each_point_of_a_purchase() {
    let scene = async || Scene::new(|_| {}).await;
    killed_at_each("purchase", &POINTS, scene, PIN, async |_| {}).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_each_point_of_a_purchase_beside_another_process() {
    let scene = async || Scene::new(|_| {}).await.beside_another();
    let what = "purchase, beside another";
    killed_at_each(what, &POINTS, scene, PIN, async |_| {}).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_each_point_of_a_claim_within_a_limit() {
    let scene = async || {
        let mut scene = Scene::new(|_| {}).await;
        scene.settings = scene.settings.with("dispatch.daily_limit", "\"100000\"");
        scene
    };
    killed_at_each("limit", &WITHIN_A_LIMIT, scene, PIN, async |_| {}).await;
}
