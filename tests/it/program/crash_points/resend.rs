//! An order that was perhaps sent and that the panel does not know, sent once more where that is wanted.

use Phase::{Before, Committed, Open};
use sandbox::{
    gates::Moment::BeforeAnswer,
    trouble::{Fault, Trouble},
};

use super::*;
use crate::process::world::PIN;

const POINTS: [Point; 5] = [
    point(
        "decision to send again, not recorded",
        result(RECORD_SHOP, "resend", Before),
        End::Completed,
    ),
    point(
        "decision to send again, committed and not heard of",
        result(RECORD_SHOP, "resend", Committed),
        End::Completed,
    ),
    point(
        "claim for sending again, not committed",
        statement(CLAIM_QUEUED, Open),
        End::Completed,
    ),
    // It is sent again once, whatever becomes of that.
    point(
        "claim for sending again, committed and not heard of",
        statement(CLAIM_QUEUED, Committed),
        End::Unconfirmed,
    ),
    point(
        "sent again, sold and not answered",
        At::Panel(Endpoint::Purchase, BeforeAnswer),
        End::Completed,
    ),
];

/// The panel gets the first request and does nothing.
#[tokio::test(flavor = "multi_thread")]
async fn killed_at_each_point_of_sending_again() {
    let kill_at = async |point: &Point| {
        let mut scene = Scene::new(|_| {}).await;
        scene.settings = scene.settings.text("dispatch.unconfirmed", "resend");
        for kill in 0..kills() {
            let player = format!("player-{kill}");
            let order = killed(&mut scene, point, &player).await;
            scene.ends(point, order).await;
        }
        assert_sold_once(&scene).await;
    };
    each(&POINTS, kill_at).await;
    tell("resend", POINTS.len());
}

async fn killed(scene: &mut Scene, point: &Point, player: &str) -> Uuid {
    let faults = scene.world.panel.faults();
    faults.next(Endpoint::Purchase, Fault::Instead(Trouble::Reset));
    scene.proxy.open().await;
    let process = scene.world.start(&scene.through_the_proxy()).await;
    let order = scene.world.shop.order(PIN, player).await;
    // The gate is for the second request.
    let shop = &scene.world.shop;
    let is_unsure = |row: &Row| row.stage.as_deref() == Some("unconfirmed");
    shop.wait_for(order, is_unsure).await;
    let trap = scene.lay(point.at);
    scene.kill(process, trap, point).await;
    order
}

async fn assert_sold_once(scene: &Scene) {
    let ledger = scene.world.panel.ledger();
    assert_eq!(ledger.players_sold_twice(), Vec::<String>::new());
    let rows = scene.world.shop.rows().await;
    let completed = rows.iter().filter(|row| row.is_completed());
    assert_eq!(ledger.sale_count(), completed.count());
    for sale in ledger.sales() {
        let bought = |row: &&Row| row.player.as_deref() == Some(&sale.player);
        let row = rows.iter().find(bought).unwrap();
        assert_eq!(row.pin_code, sale.pin, "{row:?}");
        assert_eq!(row.referans.as_ref(), Some(&sale.reference), "{row:?}");
    }
}
