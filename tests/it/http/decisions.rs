//! What only a person can decide, over the API, seen in the rows.

use sandbox::{
    panel::Endpoint,
    trouble::{Fault, Trouble},
};
use serde_json::json;
use sqlx::Row as _;
use uuid::Uuid;

use super::{Site, TOKEN};
use crate::process::{
    until,
    world::{PIN, World},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_held_order_is_released_in_two_steps() {
    let world = World::new().await;
    let process = world.start(&world.settings()).await;
    let site = Site::of(&process).await;
    let order = world.shop.order(PIN, "").await;
    world
        .shop
        .wait_for(order, |row| row.held_reason.is_some())
        .await;
    let path = format!("/api/v1/orders/{order}");
    let explained = site.read(&format!("{path}/explain")).await;
    assert_eq!(
        (&explained["stage"], &explained["held"]),
        (&json!("held"), &json!("no_player_id"))
    );
    assert!(explained["fix"].is_string());
    sqlx::query(r#"UPDATE product_orders SET "userIdentifier" = 'player-1' WHERE id = $1"#)
        .bind(order)
        .execute(&world.database.pool)
        .await
        .unwrap();
    let retry = format!("{path}/retry");
    let mut body = json!({ "by": "Ayşe", "reason": "player asked" });
    let plan = site.post(&retry, &body).await.good();
    assert_eq!(
        (&plan["done"], &plan["to"]),
        (&json!(false), &json!("queued"))
    );
    assert_eq!(world.shop.row(order).await.stage.as_deref(), Some("held"));
    body["confirm"] = json!(true);
    body["seen"] = json!("held.unconfirmed.queued");
    assert_eq!(site.post(&retry, &body).await.problem(409), "changed");
    body["seen"] = plan["seen"].clone();
    assert_eq!(site.post(&retry, &body).await.good()["done"], true);
    let row = world.shop.completed(order).await;
    assert_eq!(plan["reference"].as_str(), row.referans.as_deref());
    assert_eq!(site.post(&retry, &body).await.problem(409), "refused");
    let kept = sqlx::query("SELECT who, why, what FROM orderwatch.actions")
        .fetch_all(&world.database.pool)
        .await
        .unwrap();
    let kept: Vec<(String, String, String)> = kept
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect();
    assert_eq!(
        kept,
        [("Ayşe".into(), "player asked".into(), "retry".into())]
    );
    assert!(
        world
            .shop
            .events(order)
            .await
            .contains(&"released".to_owned())
    );
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unconfirmed_order_is_settled_in_two_steps() {
    let world = World::new().await;
    let fault = Fault::Instead(Trouble::Close);
    world.panel.faults().next(Endpoint::Purchase, fault);
    let process = world.start(&world.settings()).await;
    let site = Site::of(&process).await;
    let order = world.shop.order(PIN, "player-1").await;
    world
        .shop
        .wait_for(order, |row| {
            row.held_reason.as_deref() == Some("unconfirmed")
        })
        .await;
    let path = format!("/api/v1/orders/{order}/resolve");
    let mut body = json!({ "verdict": "not-bought", "by": "Can", "reason": "not in the panel" });
    let plan = site.post(&path, &body).await.good();
    assert_eq!(
        (&plan["from"], &plan["to"]),
        (&json!("held"), &json!("failed"))
    );
    assert_eq!(plan["done"], false);

    // Sent again since the person looked, and unconfirmed once more: what was said is about the first try.
    let tries = "UPDATE orderwatch.purchases SET claimed_at = claimed_at + interval '1 minute'";
    sqlx::query(tries)
        .execute(&world.database.pool)
        .await
        .unwrap();
    body["confirm"] = json!(true);
    body["seen"] = plan["seen"].clone();
    assert_eq!(site.post(&path, &body).await.problem(409), "changed");
    assert_eq!(world.shop.row(order).await.stage.as_deref(), Some("held"));

    body["seen"] = site
        .post(
            &path,
            &json!({ "verdict": "not-bought", "by": "Can", "reason": "not in the panel" }),
        )
        .await
        .good()["seen"]
        .clone();
    let done = site.post(&path, &body).await.good();
    assert_eq!(done["done"], true);
    let row = world.shop.row(order).await;
    assert_eq!(row.stage.as_deref(), Some("failed"));
    assert_eq!(row.status, "pending", "staff decide");
    assert_eq!(world.panel.ledger().sales().len(), 0);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_shown_with_the_token_alone_and_that_is_written_down() {
    let world = World::new().await;
    let open = world.start(&world.settings()).await;
    let order = world.shop.order(PIN, "player-1").await;
    let row = world.shop.completed(order).await;
    let pin = row.pin_code.unwrap();
    let path = format!("/api/v1/orders/{order}/pin");
    let body = json!({ "by": "Ayşe", "reason": "customer lost it" });
    let site = Site::of(&open).await;
    assert_eq!(site.post(&path, &body).await.problem(403), "needs-token");
    assert!(
        !site
            .get(&format!("/api/v1/orders/{order}"))
            .await
            .body
            .contains(&pin)
    );
    open.stop().await;
    let settings = world.settings().text("http.token", TOKEN);
    let shut = world.start(&settings).await;
    let site = Site::of(&shut).await.with_token();
    assert_eq!(
        site.post(&path, &json!({ "by": "Ayşe" }))
            .await
            .problem(422),
        "invalid"
    );
    assert!(
        !world
            .shop
            .events(order)
            .await
            .contains(&"pin_shown".to_owned())
    );
    assert_eq!(site.post(&path, &body).await.good()["pin"], pin);
    let detail: serde_json::Value =
        sqlx::query_scalar("SELECT detail FROM orderwatch.events WHERE kind = 'pin_shown'")
            .fetch_one(&world.database.pool)
            .await
            .unwrap();
    let want = json!({ "where": "api", "by": "Ayşe", "why": "customer lost it" });
    assert_eq!(detail, want);
    let nobody = format!("/api/v1/orders/{}/pin", Uuid::new_v4());
    assert_eq!(site.post(&nobody, &body).await.problem(404), "not-found");
    let ended = shut.stop().await;
    assert!(!ended.stderr.contains(&pin));
}

#[tokio::test(flavor = "multi_thread")]
async fn purchases_are_paused_and_resumed() {
    let world = World::new().await;
    let process = world.start(&world.settings()).await;
    let site = Site::of(&process).await;
    let panel = world.shop.integration;
    let body = json!({ "panel": panel, "by": "Ayşe", "reason": "moving" });
    let paused = site.post("/api/v1/brakes/pause", &body).await.good();
    assert_eq!(
        (&paused["changed"], &paused["pauses"][0]["panel"]),
        (&json!(true), &json!(panel))
    );
    let again = site.post("/api/v1/brakes/pause", &body).await.good();
    assert_eq!(again["changed"], false);
    let order = world.shop.order(PIN, "player-1").await;
    until("the warning", || async {
        let whole = site.read("/api/v1/overview").await;
        let warnings = whole["warnings"].as_array().unwrap().clone();
        let kinds: Vec<_> = warnings.iter().map(|w| w["kind"].clone()).collect();
        kinds.contains(&json!("paused")).then_some(())
    })
    .await;
    assert_eq!(world.panel.ledger().sales().len(), 0);
    let nowhere = json!({ "panel": Uuid::new_v4(), "by": "A", "reason": "b" });
    assert_eq!(
        site.post("/api/v1/brakes/pause", &nowhere)
            .await
            .problem(404),
        "not-found"
    );
    let resumed = site.post("/api/v1/brakes/resume", &body).await.good();
    assert_eq!(resumed, json!({ "changed": true, "pauses": [] }));
    world.shop.completed(order).await;
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_is_run_by_hand_and_written_down() {
    let world = World::new().await;
    let settings = world
        .settings()
        .with("sweep.enabled", "false")
        .with("balance.enabled", "false");
    let process = world.start(&settings).await;
    let site = Site::of(&process).await;
    let body = json!({ "by": "Can", "reason": "looking" });
    for job in ["sweep", "balance", "retention"] {
        let path = format!("/api/v1/jobs/{job}/runs");
        let ran = site.post(&path, &body).await.good();
        assert_eq!(ran["state"], "done", "{job}");
        let runs = site.read(&path).await;
        assert_eq!(runs["items"][0]["outcome"], "done", "{job}");
        assert_eq!(runs["items"][0]["report"], ran["report"], "{job}");
    }
    let balance = &site.read("/api/v1/panels").await["panels"][0]["balance"];
    assert!(balance.is_string(), "{balance}");
    let store = site.post("/api/v1/jobs/push-stock/runs", &body).await;
    assert_eq!(store.problem(409), "refused");
    let forced = json!({ "by": "Can", "reason": "looking", "force": true });
    assert_eq!(
        site.post("/api/v1/stock/push", &forced).await.problem(409),
        "refused"
    );
    assert_eq!(
        site.post("/api/v1/jobs/nothing/runs", &body)
            .await
            .problem(400),
        "bad-request"
    );
    let kept: i64 =
        sqlx::query_scalar("SELECT count(*) FROM orderwatch.actions WHERE what = 'once'")
            .fetch_one(&world.database.pool)
            .await
            .unwrap();
    assert_eq!(kept, 3);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_job_runs_without_the_record_of_who_wanted_it() {
    let world = World::new().await;
    let settings = world.settings().with("sweep.enabled", "false");
    let process = world.start(&settings).await;
    let site = Site::of(&process).await;
    let refuse = "
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'full'; END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON orderwatch.actions
            FOR EACH ROW EXECUTE FUNCTION refuse();";
    sqlx::raw_sql(refuse)
        .execute(&world.database.pool)
        .await
        .unwrap();

    let runs = "/api/v1/jobs/sweep/runs";
    let body = json!({ "by": "Can", "reason": "looking" });
    assert_eq!(site.post(runs, &body).await.problem(500), "internal");
    let page = site.form("/jobs/sweep/run", "who=Can&why=looking").await;
    assert_eq!(page.status, 500, "{page:?}");

    sqlx::raw_sql("DROP TRIGGER refuse ON orderwatch.actions")
        .execute(&world.database.pool)
        .await
        .unwrap();
    assert_eq!(site.post(runs, &body).await.good()["state"], "done");
    let ran = site.read(runs).await;
    assert_eq!(ran["items"].as_array().unwrap().len(), 1, "{ran}");
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivered_order_confirms_the_player_fields_of_its_product() {
    let world = World::new().await;
    let process = world.start(&world.settings()).await;
    let site = Site::of(&process).await;
    let order = world.shop.order(PIN, "player-1").await;
    world.shop.completed(order).await;
    let path = format!("/api/v1/orders/{order}");
    let seen = site.read(&path).await;
    assert_eq!(seen["player"]["oyuncu_bilgi"], "player-1");
    assert_eq!(seen["player_confirmed"], false);
    let page = site.get(&format!("/orders/{order}")).await.body;
    let button = format!("/orders/{order}/confirm");
    assert!(page.contains(&button), "{page}");
    assert!(page.contains("oyuncu_bilgi=player-1"), "{page}");
    let asked = site.get(&button).await.body;
    assert!(asked.contains("count as confirmed"), "{asked}");

    let body = json!({ "by": "Ayşe", "reason": "the customer has it" });
    let confirm = format!("{path}/confirm");
    let done = site.post(&confirm, &body).await.good();
    assert_eq!(done, json!({ "fields": "sheet", "new": true }));
    let again = site.post(&confirm, &body).await.good();
    assert_eq!(again, json!({ "fields": "sheet", "new": false }));
    assert_eq!(site.read(&path).await["player_confirmed"], true);
    let page = site.get(&format!("/orders/{order}")).await.body;
    assert!(!page.contains(&button), "{page}");
    let held = world.shop.order(PIN, "").await;
    world
        .shop
        .wait_for(held, |row| row.held_reason.is_some())
        .await;
    let confirm = format!("/api/v1/orders/{held}/confirm");
    assert_eq!(site.post(&confirm, &body).await.problem(409), "refused");
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_held_orders_are_released_in_one_call_with_a_result_for_each() {
    let world = World::new().await;
    let process = world.start(&world.settings()).await;
    let site = Site::of(&process).await;
    let mut orders = Vec::new();
    for _ in 0..3 {
        let order = world.shop.order(PIN, "").await;
        let held = |row: &crate::process::shop::Row| row.held_reason.is_some();
        world.shop.wait_for(order, held).await;
        orders.push(order);
    }
    sqlx::query(r#"UPDATE product_orders SET "userIdentifier" = 'player-' || id WHERE id <> $1"#)
        .bind(orders[2])
        .execute(&world.database.pool)
        .await
        .unwrap();

    let unknown = uuid::Uuid::nil();
    let named = [orders[0], unknown, orders[1]];
    let retry = "/api/v1/orders/retry";
    let mut body = json!({ "orders": named, "by": "Ayşe", "reason": "players asked" });
    let plan = site.post(retry, &body).await.good();
    assert_eq!(plan[0]["step"]["done"], false, "{plan}");
    assert_eq!(
        world.shop.row(orders[0]).await.stage.as_deref(),
        Some("held")
    );

    // Who hands back what was said has the step refused where it would be another by now.
    body["confirm"] = json!(true);
    body["seen"] = json!([plan[0]["step"]["seen"], null]);
    assert_eq!(site.post(retry, &body).await.problem(422), "invalid");
    body["seen"] = json!([
        "held.sold_at_a_loss.another",
        null,
        "held.unconfirmed.another"
    ]);
    let refused = site.post(retry, &body).await.good();
    assert!(refused[0]["refused"].is_string() && refused[2]["refused"].is_string());
    body["seen"] = json!([plan[0]["step"]["seen"], null, null]);
    let done = site.post(retry, &body).await.good();
    for (place, order) in [(0, orders[0]), (2, orders[1])] {
        assert_eq!(done[place]["order"], json!(order));
        assert_eq!(done[place]["step"]["done"], true, "{done}");
        world.shop.completed(order).await;
    }
    assert_eq!(done[1]["tried"], true, "{done}");
    assert!(
        done[1]["refused"].is_string() && done[1]["step"].is_null(),
        "{done}"
    );
    // One that nobody named stays where it is.
    assert_eq!(
        world.shop.row(orders[2]).await.stage.as_deref(),
        Some("held")
    );

    // Somebody else may have bought it, so a person has to check each by itself.
    let foreign =
        "UPDATE orderwatch.orders SET held_reason = 'foreign_reference' WHERE order_id = $1";
    let foreign = sqlx::query(foreign).bind(orders[2]);
    foreign.execute(&world.database.pool).await.unwrap();
    body["orders"] = json!([orders[2]]);
    body["seen"] = json!(null);
    let refused = site.post(retry, &body).await.good();
    let why = refused[0]["refused"].as_str().unwrap_or_default();
    assert!(why.contains("check it at the panel"), "{refused}");
    let page = site.get("/inbox/retry?reason=foreign_reference").await;
    assert_eq!(page.status, 422);

    body["orders"] = json!([]);
    body["seen"] = json!([]);
    assert_eq!(site.post(retry, &body).await.problem(422), "invalid");
    process.stop().await;
}

async fn sell(world: &World, order: Uuid, price: &str) {
    sqlx::query(
        r#"UPDATE product_orders SET "sellPriceAmount" = $1::numeric, "sellPriceCurrency" = 'TRY'
           WHERE id = $2"#,
    )
    .bind(price)
    .bind(order)
    .execute(&world.database.pool)
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loss_is_shown_before_it_is_accepted_and_no_other_is() {
    let world = World::new().await;
    // Sold before anybody buys: it costs 35 TRY.
    let order = world.shop.order(PIN, "player-1").await;
    sell(&world, order, "30").await;
    let settings = world.settings().text("dispatch.max_loss", "0");
    let process = world.start(&settings).await;
    let site = Site::of(&process).await;
    let held = |row: &crate::process::shop::Row| row.held_reason.is_some();
    world.shop.wait_for(order, held).await;

    let page = format!("/orders/{order}/retry");
    for (lang, words) in [
        (
            "en",
            ["Listed price", "35.00 TRY", "30.00 TRY, loss 5.00 TRY"],
        ),
        (
            "tr",
            ["Listedeki fiyat", "35,00 TRY", "30,00 TRY, zarar 5,00 TRY"],
        ),
        ("ar", ["السعر في القائمة", "35.00 TRY", "5.00 TRY"]),
    ] {
        let shown = site.get(&format!("{page}?lang={lang}")).await.body;
        for part in words {
            assert!(shown.contains(part), "{part}: {shown}");
        }
    }
    let all = site.get("/inbox/retry?reason=sold_at_a_loss").await;
    assert!(all.body.contains("30.00 TRY, loss 5.00 TRY"), "{all:?}");
    let shown = site.get(&page).await;
    let seen = shown.field("seen").unwrap().to_owned();

    // Somebody else releases it, and it is held for a greater loss.
    sell(&world, order, "20").await;
    let retry = format!("/api/v1/orders/{order}/retry");
    let body = json!({ "by": "C", "reason": "D", "confirm": true });
    let step = site.post(&retry, &body).await.good();
    let sentence = step["sentence"].as_str().unwrap();
    assert!(sentence.contains("a loss of 5.00 TRY"), "{sentence}");
    world.shop.wait_for(order, held).await;

    let answer = site
        .form(&page, &format!("seen={seen}&who=Can&why=fine"))
        .await;
    assert_eq!(answer.status, 409, "{answer:?}");
    assert!(answer.body.contains("loss 15.00 TRY"), "{answer:?}");
    let orders = all.field("orders").unwrap();
    let answer = site
        .form("/inbox/retry", &format!("orders={orders}&who=Can&why=fine"))
        .await;
    assert!(answer.body.contains("0 of 1"), "{answer:?}");

    let all = site.get("/inbox/retry?reason=sold_at_a_loss").await;
    let orders = all.field("orders").unwrap();
    let answer = site
        .form("/inbox/retry", &format!("orders={orders}&who=Can&why=fine"))
        .await;
    assert!(answer.body.contains("1 of 1"), "{answer:?}");
    world.shop.completed(order).await;
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_selection_is_retried_for_the_reason_that_was_shown_and_for_no_other() {
    let world = World::new().await;
    let process = world.start(&world.settings()).await;
    let site = Site::of(&process).await;
    let order = world.shop.order(PIN, "").await;
    let held = |row: &crate::process::shop::Row| row.held_reason.is_some();
    world.shop.wait_for(order, held).await;
    sqlx::query(r#"UPDATE product_orders SET "userIdentifier" = 'player-1' WHERE id = $1"#)
        .bind(order)
        .execute(&world.database.pool)
        .await
        .unwrap();

    let ask = format!("/inbox/retry?order={order}");
    let confirm = async |page: &str| {
        let (_, rest) = page.split_once("name=\"orders\" value=\"").unwrap();
        let body = format!("orders={}&who=A&why=B", rest.split('"').next().unwrap());
        let headers = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Sec-Fetch-Site", "same-origin"),
        ];
        site.send("POST /inbox/retry", &headers, &body).await
    };
    let shown = site.get(&ask).await.body;
    // Released meanwhile, and held for its price.
    let reason = async |name: &str| {
        sqlx::query("UPDATE orderwatch.orders SET held_reason = $1 WHERE order_id = $2")
            .bind(name)
            .bind(order)
            .execute(&world.database.pool)
            .await
            .unwrap();
    };
    reason("sold_at_a_loss").await;

    let answer = confirm(&shown).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.body.contains("0 of 1"), "{answer:?}");
    let row = world.shop.row(order).await;
    assert_eq!(row.held_reason.as_deref(), Some("sold_at_a_loss"));
    assert_eq!(world.panel.ledger().count(Endpoint::Purchase), 0);

    let shown = site.get(&ask).await.body;
    let answer = confirm(&shown).await;
    assert!(answer.body.contains("1 of 1"), "{answer:?}");
    world.shop.completed(order).await;
    process.stop().await;
}
