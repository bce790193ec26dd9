//! The life of an order, phase by phase: every column of the shop's row, our own row, the ledger and
//! the timeline.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use orderwatch::order::{OrderId, Stage};
use rust_decimal::Decimal;
use sandbox::{
    barakat::{CodeKey, DoneWord, Endpoint, Product, Readiness, Scalar, SoldWord, WaitingWord},
    gates::Moment,
};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{asked, says};
use crate::support::{BarakatReseller, Rig, Row, Shop, TOKEN, iso};

/// The notes of a row, with one more by the system.
fn with_note(before: &Row, text: &str, at: DateTime<Utc>) -> Value {
    let mut notes = before.get("notes").as_array().unwrap().clone();
    let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
    notes.push(json!({"by": "system", "text": text, "at": at}));
    Value::Array(notes)
}

/// What a purchase said, in the order in which it was sent.
fn sent(reseller: &BarakatReseller, order: OrderId) -> Vec<(String, String)> {
    let ledger = reseller.panel.ledger();
    let mut requests = ledger.requests_about(Endpoint::Purchase, &order.to_string());
    assert_eq!(requests.len(), 1);
    requests.remove(0).query
}

fn query(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

#[sqlx::test(migrations = false)]
async fn an_order_goes_from_the_shop_to_its_code_under_its_own_id(pool: PgPool) {
    let (shop, reseller) =
        Shop::open_barakat(pool, |plan| plan.readiness = Readiness::after_waits(1)).await;
    let order = shop.place(reseller.package("501")).await;
    let mut rig = Rig::new(&shop);
    let placed = shop.shop_row(order).await;
    rig.dispatch().await;
    assert_eq!(shop.shop_row(order).await, placed, "the price list only");

    let gate = reseller.panel.hold(Endpoint::Purchase, Moment::BeforeWork);
    let claimed_at = shop.now();
    assert_eq!(rig.begin_dispatch().await.started, 1);
    gate.arrived(1).await;
    let queued = shop.shop_row(order).await;
    let want = json!({
        "provider_referans": order,
        "providerId": reseller.id,
        "externalOrderId": order,
        "externalStatus": "queued",
    });
    assert_eq!(queued.changes(&placed), want);
    assert_eq!(shop.stage(order).await, Stage::Dispatching);

    shop.advance(Duration::from_secs(2));
    gate.open();
    rig.finish().await;
    let sent_at = shop.now();
    let bought = shop.shop_row(order).await;
    let want = json!({
        "externalStatus": "sent",
        "sentAt": iso(sent_at),
        "lastSyncAt": iso(sent_at),
        "lastMessage": "Sent to the panel.",
        "costAmount": "35.00",
        "notes": with_note(&queued, "Sent to the panel.", sent_at),
        "notesCount": 2,
        "costCurrency": "TRY",
    });
    assert_eq!(bought.changes(&queued), want);

    shop.advance(Duration::from_mins(1));
    rig.poll().await;
    let working = shop.shop_row(order).await;
    let text = "Processing at the panel.";
    let want = json!({
        "externalStatus": "processing",
        "lastSyncAt": iso(shop.now()),
        "lastMessage": text,
        "providerMessage": "Processing",
        "notes": with_note(&bought, text, shop.now()),
        "notesCount": 3,
    });
    assert_eq!(working.changes(&bought), want);

    rig.run_out().await;
    let done_at = shop.now();
    let want = json!({
        "externalStatus": "done",
        "pinCode": reseller.pin(order),
        "completedAt": iso(done_at),
        "durationMs": ((done_at - sent_at).num_microseconds().unwrap() + 500) / 1000,
        "lastSyncAt": iso(done_at),
        "lastMessage": "Completed.",
        "providerMessage": "Completed",
        "notes": with_note(&working, "Completed.", done_at),
        "notesCount": 4,
    });
    assert_eq!(shop.shop_row(order).await.changes(&working), want);
    assert_books(&shop, &reseller, order, claimed_at).await;
}

/// Our own side of an order that was completed after two questions.
async fn assert_books(
    shop: &Shop,
    reseller: &BarakatReseller,
    order: OrderId,
    claimed_at: DateTime<Utc>,
) {
    let tracked = shop.tracked(order).await;
    assert_eq!(tracked.integration, Some(reseller.id));
    assert_eq!(tracked.reference.unwrap().as_str(), order.to_string());
    assert_eq!(tracked.watched.stage, Stage::Completed);
    assert_eq!(shop.pin(order).await, Some(reseller.pin(order)));

    let purchases = shop.purchases(order).await;
    assert_eq!(purchases.len(), 1);
    let want = json!({
        "reference": order,
        "integration_id": reseller.id,
        "order_id": order,
        "round": 0,
        "claimed_at": iso(claimed_at),
        "outcome": "completed",
        "cost": "35",
        "expected": "35",
        "player_fields": r#"{"uid":"userIdentifier"}"#,
        "recorded_at": iso(shop.now()),
        // The panel names no balance with a purchase.
        "balance": null,
        "answered_at": purchases[0].0["answered_at"],
        "sold_for": 49.99,
    });
    assert!(purchases[0].0["answered_at"].is_string());
    assert_eq!(json!(purchases[0].0), want);

    let steps = ["claimed", "accepted", "processing", "completed"];
    assert_eq!(shop.events(order).await, steps);
    let event = shop.event(order, "completed").await;
    let body = event["body"].as_str().unwrap();
    assert!(body.contains(r#""pin":"****""#), "{body}");
    assert!(!event.to_string().contains(&reseller.pin(order)));

    // Asked before it is bought, and always by our name for it; once before that about a name that nobody
    // has.
    let (asks, buys) = ((Endpoint::Status, true), (Endpoint::Purchase, false));
    assert_eq!(asked(reseller), [asks, asks, buys, asks, asks]);
    let player = shop.player(order).await;
    let id = order.to_string();
    let want = query(&[("qty", "1"), ("uid", &player), ("order_uuid", &id)]);
    assert_eq!(sent(reseller, order), want);
    assert_eq!(reseller.panel.ledger().strays(), 0);
}

#[sqlx::test(migrations = false)]
async fn a_top_up_is_sent_with_each_of_its_parameters_and_completed_without_a_code(pool: PgPool) {
    let (shop, reseller) = Shop::open_barakat(pool, |_| {}).await;
    let order = shop.place(reseller.package("502")).await;
    shop.set(
        order,
        r#""userIdentifier" = ' Şükrü & 1 ', "extraField" = 'Asya+2'"#,
    )
    .await;
    let mut rig = Rig::new(&shop);
    rig.buy().await;
    let id = order.to_string();
    let want = query(&[
        ("qty", "1"),
        ("server", "Asya+2"),
        ("uid", "Şükrü & 1"),
        ("order_uuid", &id),
    ]);
    assert_eq!(sent(&reseller, order), want);

    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("externalStatus"), "done");
    assert_eq!(row.text("costAmount"), "10.12");
    assert_eq!(*row.get("pinCode"), Value::Null);
    assert_eq!(shop.pin(order).await, None);
}

#[sqlx::test(migrations = false)]
async fn an_order_that_the_panel_cancels_is_left_to_the_shop_to_refund(pool: PgPool) {
    let (shop, reseller) = Shop::open_barakat(pool, |_| {}).await;
    let order = shop.place(reseller.package("503")).await;
    let mut rig = Rig::new(&shop);
    rig.buy().await;
    let sent = shop.shop_row(order).await;
    rig.run_out().await;
    let text = "Cancelled by the panel: Cancelled, balance returned";
    let want = json!({
        "externalStatus": "failed",
        "lastSyncAt": iso(shop.now()),
        "lastMessage": text,
        "providerMessage": "Cancelled, balance returned",
        "notes": with_note(&sent, text, shop.now()),
        "notesCount": 3,
    });
    assert_eq!(shop.shop_row(order).await.changes(&sent), want);
    assert_eq!(shop.stage(order).await, Stage::Failed);
}

#[sqlx::test(migrations = false)]
async fn three_pieces_are_one_purchase_and_cost_three_prices(pool: PgPool) {
    let (shop, reseller) = Shop::open_barakat(pool, |_| {}).await;
    let order = shop.place(reseller.package("504")).await;
    shop.set(order, "quantity = 3").await;
    let mut rig = Rig::new(&shop);
    assert_eq!(rig.buy().await, 1);
    rig.run_out().await;
    let sale = reseller.sale(order).unwrap();
    assert_eq!((sale.quantity, sale.cost), (3, Decimal::new(2250, 2)));
    assert_eq!(sent(&reseller, order)[0], ("qty".into(), "3".into()));
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("costAmount"), "22.50");
    assert_eq!(row.text("pinCode"), reseller.pin(order));
    let purchases = shop.purchases(order).await;
    assert_eq!(purchases[0].text("expected"), "22.5");
    assert_eq!(purchases[0].text("cost"), "22.5");
    assert_eq!(reseller.panel.ledger().sale_count(), 1);
}

#[sqlx::test(migrations = false)]
async fn a_product_without_parameters_needs_no_player(pool: PgPool) {
    let (shop, reseller) = Shop::open_barakat(pool, |_| {}).await;
    let order = shop.place(reseller.package("505")).await;
    shop.set(order, r#""userIdentifier" = NULL"#).await;
    let mut rig = Rig::new(&shop);
    rig.buy().await;
    rig.run_out().await;
    let id = order.to_string();
    let want = query(&[("qty", "1"), ("order_uuid", &id)]);
    assert_eq!(sent(&reseller, order), want);
    assert_eq!(
        shop.shop_row(order).await.text("pinCode"),
        reseller.pin(order)
    );
    assert_eq!(shop.purchases(order).await[0].text("player_fields"), "{}");
}

#[sqlx::test(migrations = false)]
async fn a_code_that_came_with_the_purchase_is_given_with_delivered_though_that_has_none(
    pool: PgPool,
) {
    let (shop, reseller) =
        Shop::open_barakat(pool, |plan| plan.style.sold = SoldWord::Instant).await;
    let order = shop.place(reseller.package("501")).await;
    let later = says(
        r#"{"status":"OK","data":[{"order_id":"67890","status":"success","note":"Completed"}]}"#,
    );
    // The first two questions are those before the purchase.
    let faults = reseller.panel.faults();
    faults.script(Endpoint::Status, [None, None, Some(later)]);
    let mut rig = Rig::new(&shop);
    rig.buy().await;

    // Kept, and given to nobody before the panel says delivered.
    assert_eq!(shop.stage(order).await, Stage::Submitted);
    assert_eq!(shop.pin(order).await, Some(reseller.pin(order)));
    let row = shop.shop_row(order).await;
    assert_eq!(*row.get("pinCode"), Value::Null);
    assert!(!json!(row.0).to_string().contains(&reseller.pin(order)));
    let event = shop.event(order, "accepted").await.to_string();
    assert!(!event.contains(&reseller.pin(order)), "masked: {event}");

    // The panel is through with it, so it is asked at once.
    rig.poll().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("pinCode"), reseller.pin(order));
    assert_eq!(row.text("externalStatus"), "done");
    assert_eq!(reseller.panel.ledger().sale_count(), 1);
}

#[sqlx::test(migrations = false)]
async fn a_purchase_that_is_rejected_at_once_is_asked_about_and_never_bought_elsewhere(
    pool: PgPool,
) {
    let product = Product::new("507", "Riot 400 Points", &["uid"], Decimal::new(2500, 2));
    let (shop, reseller) =
        Shop::open_barakat(pool, |plan| plan.products.push(product.rejected())).await;
    let other = shop.barakat(|plan| plan.seed = 8).await;
    let package = reseller.package("507");
    shop.fall_back(package, other.id, "501").await;
    let order = shop.place(package).await;
    let mut rig = Rig::new(&shop);
    rig.buy().await;
    assert_eq!(shop.stage(order).await, Stage::Submitted);
    rig.poll().await;
    assert_eq!(shop.stage(order).await, Stage::Failed);
    let steps = ["claimed", "accepted", "cancelled"];
    assert_eq!(shop.events(order).await, steps);
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("externalStatus"), "failed");
    assert_eq!(row.text("status"), "pending", "the shop refunds");
    assert_eq!(other.panel.connections(), 0);
    assert_eq!(
        reseller.panel.ledger().balance(TOKEN),
        Some(Decimal::from(1_000_000))
    );
}

#[sqlx::test(migrations = false)]
async fn apstore_is_a_name_of_the_kind_and_other_words_mean_the_same(pool: PgPool) {
    let shop = Shop::bare(pool).await;
    let reseller = shop
        .barakat_as("apstore", |plan| {
            plan.path_prefix = "/bayi".to_owned();
            plan.readiness = Readiness::after_waits(1);
            plan.style.ids = Scalar::Number;
            plan.style.amounts = Scalar::Number;
            plan.style.waiting = WaitingWord::Accepted;
            plan.style.done = DoneWord::Completed;
            plan.style.code_key = CodeKey::Voucher;
            plan.style.names_uuid = true;
            plan.style.unknown_is_error = true;
        })
        .await;
    let orders = [
        shop.place(reseller.package("501")).await,
        shop.place(reseller.package("505")).await,
    ];
    let mut rig = Rig::new(&shop);
    assert_eq!(rig.buy().await, 2);
    rig.run_out().await;
    for order in orders {
        assert_eq!(shop.stage(order).await, Stage::Completed);
        let row = shop.shop_row(order).await;
        assert_eq!(row.text("pinCode"), reseller.pin(order));
        assert_eq!(row.text("provider_referans"), order.to_string());
    }
    assert_eq!(reseller.panel.ledger().sale_count(), 2);
}

#[sqlx::test(migrations = false)]
async fn the_token_is_in_no_row_of_ours_or_of_an_order(pool: PgPool) {
    let (shop, reseller) = Shop::open_barakat(pool, |_| {}).await;
    let mut rig = Rig::new(&shop);
    let words = format!("api-token: {TOKEN} of {}", reseller.panel.base_url());
    for (endpoint, answer) in [
        (
            Endpoint::Purchase,
            format!(r#"{{"status":"ERROR","message":"{words}"}}"#),
        ),
        (Endpoint::Purchase, format!("Warning: {words} on line 5")),
        (
            Endpoint::Status,
            format!(
                r#"{{"status":"OK","data":[{{"order_id":"67890","status":"wait","note":"{words}"}}]}}"#
            ),
        ),
    ] {
        shop.place(reseller.package("501")).await;
        reseller.panel.faults().next(endpoint, says(answer));
        rig.buy().await;
        rig.run_out().await;
    }
    for table in ["orderwatch.events", "orderwatch.orders", "product_orders"] {
        let holding = |text: &str| {
            format!("SELECT count(*) FROM {table} t WHERE to_jsonb(t)::text LIKE '%{text}%'")
        };
        assert_eq!(shop.count(&holding("practice-token")).await, 0, "{table}");
        assert_eq!(shop.count(&holding("127.0.0.1")).await, 0, "{table}");
    }
    // What is looked for was there.
    let repeated = "SELECT count(*) FROM orderwatch.events WHERE detail::text LIKE '%***%'";
    assert!(shop.count(repeated).await >= 3);
}
