//! Questions about a purchase, and its end: the code, or the cancellation.

use Phase::{Before, Committed, Open};
use sandbox::{
    gates::Moment::{BeforeAnswer, BeforeWork},
    panel::Readiness,
};

use super::*;
use crate::process::world::{CANCELLED, PIN};

const QUESTION: [Point; 9] = [
    point(
        "claim for a question, not committed",
        statement(CLAIM_DUE, Open),
        End::Completed,
    ),
    point(
        "claim for a question, committed and not heard of",
        statement(CLAIM_DUE, Committed),
        End::Completed,
    ),
    point(
        "question, at the panel",
        At::Panel(Endpoint::Status, BeforeWork),
        End::Completed,
    ),
    point(
        "question, not answered",
        At::Panel(Endpoint::Status, BeforeAnswer),
        End::Completed,
    ),
    point(
        "first wait, not recorded",
        result(RECORD_SHOP, "processing", Before),
        End::Completed,
    ),
    point(
        "first wait, recorded and not heard of",
        result(RECORD_SHOP, "processing", Committed),
        End::Completed,
    ),
    point(
        "later wait, not recorded",
        result(RECORD, "checked", Before),
        End::Completed,
    ),
    point(
        "later wait, not committed",
        result(RECORD, "checked", Open),
        End::Completed,
    ),
    point(
        "later wait, recorded and not heard of",
        result(RECORD, "checked", Committed),
        End::Completed,
    ),
];

/// What the shop's row, its status, our row, the ledger and the notice say changes together.
const CODE: [Point; 3] = [
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

const CANCELLATION: [Point; 3] = [
    point(
        "cancellation, not recorded",
        result(RECORD_SHOP, "cancelled", Before),
        End::Cancelled,
    ),
    point(
        "cancellation, not committed",
        result(RECORD_SHOP, "cancelled", Open),
        End::Cancelled,
    ),
    point(
        "cancellation, committed and not heard of",
        result(RECORD_SHOP, "cancelled", Committed),
        End::Cancelled,
    ),
];

async fn ready_after(waits: u32) -> Scene {
    Scene::new(|plan| plan.readiness = Readiness::after_waits(waits)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_each_point_of_a_question() {
    let scene = async || ready_after(3).await;
    killed_at_each("question", &QUESTION, scene, PIN, async |_| {}).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_each_point_of_an_end() {
    let scene = async || ready_after(0).await;
    killed_at_each("code", &CODE, scene, PIN, async |_| {}).await;
    let scene = async || ready_after(0).await;
    killed_at_each(
        "cancellation",
        &CANCELLATION,
        scene,
        CANCELLED,
        async |_| {},
    )
    .await;
}
