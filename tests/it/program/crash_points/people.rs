//! An order that is held before it is sent, and the person who sends it on: the daemon is killed, and so is
//! that person's command.

use Phase::{Before, Committed, Open};
use sandbox::gates::Moment::BeforeAnswer;

use super::*;
use crate::process::world::PIN;

const HOLD_NEW: &str = "SELECT id, tenant_id, integration_id, 'held', reason, $5 FROM locked";
const PERSON: &str = "One step of a person";

/// At each the order is held after the next start, for the same reason and once.
const HOLD: [Point; 2] = [
    point(
        "order that cannot be sent, not held",
        statement(HOLD_NEW, Before),
        End::Completed,
    ),
    point(
        "hold, committed and not heard of",
        statement(HOLD_NEW, Committed),
        End::Completed,
    ),
];

/// The command dies; whoever gave it gives it again where the order is still held.
const COMMAND: [Point; 2] = [
    point(
        "release by a person, not written",
        statement(PERSON, Before),
        End::Completed,
    ),
    point(
        "release by a person, committed and not heard of",
        statement(PERSON, Committed),
        End::Completed,
    ),
];

const RELEASED: [Point; 4] = [
    point(
        "released, not claimed",
        statement(CLAIM_QUEUED, Before),
        End::Completed,
    ),
    point(
        "claim of what was released, not committed",
        statement(CLAIM_QUEUED, Open),
        End::Completed,
    ),
    point(
        "claim of what was released, committed and not heard of",
        statement(CLAIM_QUEUED, Committed),
        End::Unconfirmed,
    ),
    point(
        "purchase of what was released, sold and not answered",
        At::Panel(Endpoint::Purchase, BeforeAnswer),
        End::Completed,
    ),
];

/// Of an order without a player.
async fn is_held(scene: &Scene, order: Uuid) {
    let process = scene.world.start(&scene.settings).await;
    let is_held = |row: &Row| row.held_reason.as_deref() == Some("no_player_id");
    let row = scene.world.shop.wait_for(order, is_held).await;
    process.stop().await;
    assert_eq!(
        row.message.as_deref(),
        Some("Held: the player id is missing.")
    );
    assert_eq!(scene.world.shop.events(order).await, ["held"]);
}

async fn mend(scene: &Scene, order: Uuid, player: &str) {
    let sql = r#"UPDATE product_orders SET "userIdentifier" = $2 WHERE id = $1"#;
    let mended = sqlx::query(sql).bind(order).bind(player);
    mended.execute(&scene.world.database.pool).await.unwrap();
}

fn retry(order: Uuid) -> [String; 5] {
    let order = order.to_string();
    ["order", "retry", &order, "--reason", "mended"].map(str::to_owned)
}

async fn release(scene: &Scene, order: Uuid) {
    let args = retry(order);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let program = scene.world.program(&scene.settings, &args);
    program.run().await.good();
}

async fn held_before_it_is_sent(point: &Point) {
    let mut scene = Scene::new(|_| {}).await;
    for kill in 0..kills() {
        let place = async |world: &World| world.shop.order(PIN, "  ").await;
        let order = scene.dies(point, place).await;
        is_held(&scene, order).await;
        mend(&scene, order, &format!("player-{kill}")).await;
        release(&scene, order).await;
        scene.ends(point, order).await;
    }
    scene.audit().await;
}

async fn command_dies(point: &Point) {
    let mut scene = Scene::new(|_| {}).await;
    for kill in 0..kills() {
        let order = scene.world.shop.order(PIN, "  ").await;
        is_held(&scene, order).await;
        mend(&scene, order, &format!("player-{kill}")).await;

        scene.proxy.open().await;
        let trap = scene.lay(point.at);
        let args = retry(order);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let settings = scene.through_the_proxy();
        let command = scene.world.program(&settings, &args).spawn();
        scene.kill(command, trap, point).await;

        let row = scene.world.shop.row(order).await;
        let stands = row.stage.as_deref().unwrap_or_default();
        if stands == "held" {
            release(&scene, order).await;
        } else {
            assert_eq!(stands, "queued", "{}", point.name);
        }
        scene.ends(point, order).await;
    }
    scene.audit().await;
}

async fn dies_with_what_was_released(point: &Point) {
    let mut scene = Scene::new(|_| {}).await;
    for kill in 0..kills() {
        let order = scene.world.shop.order(PIN, "  ").await;
        is_held(&scene, order).await;
        mend(&scene, order, &format!("player-{kill}")).await;
        let settings = scene.settings.clone();
        let args = retry(order);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let release = async |world: &World| world.program(&settings, &args).run().await.good();
        scene.dies(point, release).await;
        scene.ends(point, order).await;
    }
    scene.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_each_point_of_a_hold_and_its_release() {
    each(&HOLD, held_before_it_is_sent).await;
    tell("hold", HOLD.len());
    each(&COMMAND, command_dies).await;
    each(&RELEASED, dies_with_what_was_released).await;
    tell("retry", COMMAND.len() + RELEASED.len());
}
