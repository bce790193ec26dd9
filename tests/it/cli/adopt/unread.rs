//! What the database does not show yet, or not to everybody, and the side of the warehouse.

use serde_json::{Value, json};

use super::{adopt, adopt_with, said, sql, step};
use crate::process::{
    roles::READER,
    world::{PIN, World},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_not_migrated_is_told_about_from_the_shops_tables_alone() {
    let world = World::new().await;
    let order = world.shop.order(PIN, "player").await;
    sql(&world, "DROP SCHEMA orderwatch CASCADE").await;
    sql(
        &world,
        "ALTER TABLE product_orders DROP COLUMN provider_referans",
    )
    .await;
    sql(
        &world,
        &format!("UPDATE product_orders SET status = 'PENDING' WHERE id = '{order}'"),
    )
    .await;

    // Of the application itself: the daemon's role comes with the migrations.
    let settings = world
        .settings()
        .text("database.url", &world.database.owners_url());
    let (ended, found) = adopt_with(&world, &settings, &["--ask-panels"]).await;
    let shop = &found["shop"];
    assert_eq!(ended.code(), 1, "{found:#}");
    assert_eq!(shop["orders"], Value::Null, "{shop:#}");
    let kind = &shop["kinds"][0];
    assert_eq!(
        (&kind["status"], &kind["orders"]),
        (&json!("PENDING"), &json!(1)),
        "{kind:#}"
    );
    assert_eq!(
        (&kind["route"], &kind["provider"]),
        (&json!("external"), &json!("znet"))
    );
    assert_eq!(
        said(shop, "columns"),
        ["ok: The tables take what is written into them."]
    );
    let migrate = said(shop, "migrate").concat();
    assert!(
        migrate.contains("product_orders.provider_referans"),
        "{migrate}"
    );
    assert!(migrate.contains("orderwatch_new_order"), "{migrate}");
    assert_eq!(
        step(&shop["switch_off"], "Run `orderwatch migrate`").0,
        "open"
    );
    assert_eq!(step(&shop["way_back"], "Nothing").0, "done");
    assert_eq!(world.panel.ledger().requests().len(), 0);

    sql(
        &world,
        r#"ALTER TABLE product_orders DROP COLUMN "pinCode""#,
    )
    .await;
    sql(
        &world,
        "ALTER TABLE product_orders ALTER COLUMN quantity TYPE bigint",
    )
    .await;
    // Older shops cannot disable a panel.
    sql(&world, "ALTER TABLE integrations DROP COLUMN enabled").await;
    let (_, found) = adopt_with(&world, &settings, &[]).await;
    assert_eq!(said(&found["shop"], "shop"), [""; 0], "{found:#}");
    let missing = said(&found["shop"], "columns").concat();
    assert!(
        missing.contains("fail: public.product_orders has no column \\pinCode\\"),
        "{missing}"
    );
    let types = said(&found["shop"], "column types").concat();
    assert!(
        types.contains("is bigint, and integer is expected"),
        "{types}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_not_see_customers_gets_the_counts_and_hears_why_it_gets_no_more() {
    let world = World::new().await;
    world.shop.order(PIN, "player").await;
    let settings = world
        .settings()
        .text("database.url", &world.database.url_as(READER));
    let (ended, found) = adopt_with(&world, &settings, &[]).await;
    let shop = &found["shop"];
    assert_eq!(ended.code(), 1, "{found:#}");
    assert_eq!(shop["kinds"][0]["orders"], 1, "{found:#}");
    assert_eq!(shop["orders"], Value::Null, "{found:#}");
    let orders = said(shop, "orders").concat();
    assert!(orders.contains("permission denied"), "{orders}");

    let steps = &shop["switch_off"];
    assert_eq!(
        step(steps, "Choose the player fields").0,
        "unseen",
        "{shop:#}"
    );
    // What it may read is told all the same.
    let wait = step(&shop["way_back"], "Wait until nothing");
    assert_eq!(wait, ("done", "Nothing is under way."), "{shop:#}");
    let by_hand = step(&shop["way_back"], "Send in the shop, by hand");
    assert_eq!(by_hand.0, "open", "{shop:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_read_is_never_said_to_be_done() {
    let world = World::new().await;
    world.shop.order(PIN, "player").await;
    for table in ["orders", "brakes", "notices"] {
        let revoke = format!("REVOKE ALL ON orderwatch.{table} FROM orderwatch_daemon");
        sql(&world, &revoke).await;
    }

    let (ended, found) = adopt(&world).await;
    assert_eq!(ended.code(), 1, "{found:#}");
    let shop = &found["shop"];
    assert_eq!(shop["under_way"], Value::Null, "{shop:#}");
    for begins in [
        "`orderwatch pause",
        "Wait until nothing",
        "Resolve what is held",
        "Wait until the shop has heard",
        "Send in the shop, by hand",
    ] {
        let step = step(&shop["way_back"], begins);
        assert_eq!(step.0, "unseen", "{shop:#}");
        assert!(step.1.contains("could not be read"), "{shop:#}");
    }
    let patch = step(&shop["switch_off"], "Patch the shop");
    assert_eq!(patch.0, "unseen", "{shop:#}");

    // Migrations that are missing hide it as well.
    sql(
        &world,
        "DELETE FROM orderwatch.migrations WHERE version = (SELECT max(version) FROM orderwatch.migrations)",
    )
    .await;
    let (_, found) = adopt(&world).await;
    let back = &found["shop"]["way_back"];
    assert_eq!(
        step(back, "Run `orderwatch migrate`").0,
        "unseen",
        "{back:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warehouse_is_planned_and_whoever_sends_its_stock_is_named() {
    let world = World::new().await;
    for statement in [
        "INSERT INTO central_stock (barcode, qty) VALUES ('8690000000017', 5), ('8690000000024', 1), ('8690000000031', 0)",
        "CREATE TABLE public.platform_configs (platform varchar, is_active boolean, extra_config json)",
        "CREATE TABLE public.sync_sessions (platform varchar, created_at timestamp)",
        "INSERT INTO platform_configs VALUES ('global', true)",
        "INSERT INTO sync_sessions VALUES ('trendyol', now() AT TIME ZONE 'UTC')",
        "ALTER TABLE orders_created ADD COLUMN shelf_note varchar NOT NULL",
    ] {
        sql(&world, statement).await;
    }
    world.grant().await;

    let (_, found) = adopt(&world).await;
    let warehouse = &found["warehouse"];
    let stock = &warehouse["stock"];
    assert_eq!(
        [
            &stock["same"],
            &stock["fewer"],
            &stock["zero"],
            &stock["more"]
        ],
        [&json!(1), &json!(1), &json!(1), &json!(0)],
        "{warehouse:#}"
    );
    let columns = said(warehouse, "columns").concat();
    assert!(
        columns.contains("orders_created demands a value for \\shelf_note\\"),
        "{columns}"
    );
    let (state, evidence) = step(
        &warehouse["switch_off"],
        "Switch the application's stock job off",
    );
    assert_eq!(state, "open", "{evidence}");
    assert!(
        evidence.contains("says that it is on. It last sent stock"),
        "{evidence}"
    );

    sql(&world, "UPDATE platform_configs SET is_active = false").await;
    let (_, found) = adopt(&world).await;
    let steps = &found["warehouse"]["switch_off"];
    assert_eq!(
        step(steps, "Switch the application's stock job off").0,
        "done",
        "{steps:#}"
    );
}
