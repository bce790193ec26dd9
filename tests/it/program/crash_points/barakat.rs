//! An order at a panel of the kind barakat, which sells again what is sent to it again: it is asked before it is
//! bought from.

use Phase::{Before, Committed, Open};
use sandbox::{
    barakat::{Barakat, BarakatPlan, Endpoint},
    gates::Moment::{BeforeAnswer, BeforeWork},
};

use super::*;

pub(super) const TOKEN: &str = "practice-token-1234";
/// It asks for nothing about the player.
const CODE: &str = "505";

const POINTS: [Point; 14] = [
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
    // From here to the purchase nobody can know whether it was sent, and a panel that does not know an order may
    // be slow to.
    point(
        "claim, committed and not heard of",
        statement(CLAIM_NEW, Committed),
        End::Unconfirmed,
    ),
    point(
        "question before the purchase, at the panel",
        At::Barakat(Endpoint::Status, BeforeWork),
        End::Unconfirmed,
    ),
    point(
        "question before the purchase, not answered",
        At::Barakat(Endpoint::Status, BeforeAnswer),
        End::Unconfirmed,
    ),
    point(
        "purchase, at the panel",
        At::Barakat(Endpoint::Purchase, BeforeWork),
        End::Completed,
    ),
    point(
        "purchase, sold and not answered",
        At::Barakat(Endpoint::Purchase, BeforeAnswer),
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
    point(
        "claim for a question, committed and not heard of",
        statement(CLAIM_DUE, Committed),
        End::Completed,
    ),
    point(
        "code, not recorded",
        result(RECORD_SHOP, "completed", Before),
        End::Completed,
    ),
    point(
        "code, not committed",
        result(RECORD_SHOP, "completed", Open),
        End::Completed,
    ),
    point(
        "code, committed and not heard of",
        result(RECORD_SHOP, "completed", Committed),
        End::Completed,
    ),
];

async fn at_barakat() -> Scene {
    let mut scene = Scene::new(|_| {}).await;
    let barakat = Barakat::start(BarakatPlan::sample(7)).await.unwrap();
    let shop = &scene.world.shop;
    shop.barakat(&barakat.base_url(), TOKEN, CODE).await;
    scene.barakat = Some(barakat);
    scene
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_each_point_of_an_order_at_barakat() {
    killed_at_each("barakat", &POINTS, at_barakat, CODE, async |_| {}).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_each_point_of_an_order_at_barakat_beside_another_process() {
    let scene = async || at_barakat().await.beside_another();
    let what = "barakat, beside another";
    killed_at_each(what, &POINTS, scene, CODE, async |_| {}).await;
}
