//! The life of an order, phase by phase: every column of the shop's row, our own row, the ledger
//! and the timeline.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use orderwatch::{
    order::{OrderId, Stage},
    text::Lang,
};
use sandbox::{
    gates::Moment,
    panel::{Endpoint, Readiness},
    trouble::{Fault, Trouble},
};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{ACCOUNT, Reseller, Rig, Row, Shop, iso};

/// A shop whose panel says three times that it is working on an order.
async fn slow_shop(pool: PgPool) -> (Shop, Reseller) {
    Shop::open_at(pool, |plan| plan.readiness = Readiness::after_waits(3)).await
}

/// The notes of a row, with one more by the system.
fn with_note(before: &Row, text: &str, at: DateTime<Utc>) -> Value {
    let mut notes = before.get("notes").as_array().unwrap().clone();
    let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
    notes.push(json!({"by": "system", "text": text, "at": at}));
    Value::Array(notes)
}

#[sqlx::test(migrations = false)]
async fn an_order_goes_from_the_shop_to_its_pin_and_each_phase_writes_its_columns_alone(
    pool: PgPool,
) {
    let (shop, reseller) = slow_shop(pool).await;
    let order = shop.place(reseller.package("2")).await;
    let mut rig = Rig::new(&shop);
    let placed = shop.shop_row(order).await;
    assert_eq!(placed.text("externalStatus"), "not_sent");
    rig.dispatch().await;
    assert_eq!(shop.shop_row(order).await, placed, "the price list only");

    let gate = reseller.panel.hold(Endpoint::Purchase, Moment::BeforeWork);
    let claimed_at = shop.now();
    assert_eq!(rig.begin_dispatch().await.started, 1);
    gate.arrived(1).await;
    let queued = shop.shop_row(order).await;
    let reference = reseller.reference(order);
    let want = json!({
        "provider_referans": reference,
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
    let sent = shop.shop_row(order).await;
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
    assert_eq!(sent.changes(&queued), want);

    shop.advance(Duration::from_mins(1));
    rig.poll().await;
    let working = shop.shop_row(order).await;
    let text = "Processing at the panel.";
    let want = json!({
        "externalStatus": "processing",
        "lastSyncAt": iso(shop.now()),
        "lastMessage": text,
        "providerMessage": "İşlem sırada bekliyor",
        "notes": with_note(&sent, text, shop.now()),
        "notesCount": 3,
    });
    assert_eq!(working.changes(&sent), want);

    rig.run_out().await;
    let done_at = shop.now();
    let done = shop.shop_row(order).await;
    let pin = reseller.panel.pin_of(ACCOUNT.0, &reference);
    let want = json!({
        "externalStatus": "done",
        "pinCode": pin,
        "completedAt": iso(done_at),
        "durationMs": ((done_at - sent_at).num_microseconds().unwrap() + 500) / 1000,
        "lastSyncAt": iso(done_at),
        "lastMessage": "Completed.",
        "providerMessage": "İşlem başarılı",
        "notes": with_note(&working, "Completed.", done_at),
        "notesCount": 4,
    });
    assert_eq!(done.changes(&working), want);

    assert_books(&shop, &reseller, order, claimed_at, sent_at).await;
}

/// Our own side of an order that was completed after four questions.
async fn assert_books(
    shop: &Shop,
    reseller: &Reseller,
    order: OrderId,
    claimed_at: DateTime<Utc>,
    sent_at: DateTime<Utc>,
) {
    let reference = reseller.reference(order);
    let tracked = shop.tracked(order).await;
    assert_eq!(tracked.tenant, shop.tenant);
    assert_eq!(tracked.integration, Some(reseller.id));
    assert_eq!(tracked.reference.unwrap().as_str(), reference);
    assert_eq!(tracked.watched.stage, Stage::Completed);
    assert_eq!(tracked.watched.dispatched_at, Some(claimed_at));
    assert_eq!(tracked.watched.sent_at, Some(sent_at));
    assert_eq!(
        tracked.watched.give_up_at,
        Some(sent_at + Duration::from_hours(24))
    );
    assert_eq!(tracked.finished_at, Some(shop.now()));
    assert_eq!((tracked.held, tracked.due_at), (None, None));
    let pin = reseller.panel.pin_of(ACCOUNT.0, &reference);
    assert_eq!(shop.pin(order).await, Some(pin.clone()));

    let purchases = shop.purchases(order).await;
    assert_eq!(purchases.len(), 1);
    let want = json!({
        "reference": reference,
        "integration_id": reseller.id,
        "order_id": order,
        "round": 0,
        "claimed_at": iso(claimed_at),
        "outcome": "completed",
        "cost": "35",
        "expected": "35",
        "player_fields": "sheet",
        "recorded_at": iso(shop.now()),
        "answered_at": iso(sent_at),
        "balance": 999_965,
        "sold_for": 49.99,
    });
    assert_eq!(json!(purchases[0].0), want);

    let steps = ["claimed", "accepted", "processing", "checked", "completed"];
    assert_eq!(shop.events(order).await, steps);
    let evidence = shop.event(order, "completed").await.to_string();
    assert!(evidence.contains("OK|2|"), "{evidence}");
    assert!(!evidence.contains(&pin), "the code is masked");
    let ledger = reseller.panel.ledger();
    assert_eq!(ledger.count(Endpoint::Purchase), 1);
    assert_eq!(ledger.count(Endpoint::Status), 4);
    assert_eq!(ledger.sale_count(), 1);
}

#[sqlx::test(migrations = false)]
async fn a_check_without_news_does_not_touch_the_shops_row(pool: PgPool) {
    let (shop, reseller) = Shop::open_at(pool, |plan| plan.readiness = Readiness::NEVER).await;
    let order = shop.place(reseller.package("2")).await;
    let mut rig = Rig::new(&shop);
    rig.buy().await;
    assert!(rig.step().await);
    let version = shop.version(order).await;
    for asked in 2..=6 {
        assert!(rig.step().await);
        assert_eq!(reseller.panel.ledger().count(Endpoint::Status), asked);
        assert_eq!(shop.version(order).await, version, "check {asked}");
    }
    let tracked = shop.tracked(order).await;
    assert_eq!(tracked.watched.attempts, 5);
    assert_eq!(tracked.waited_at, Some(shop.now()));
    // The same answer again is counted, not written down again.
    let steps = ["claimed", "accepted", "processing", "checked"];
    assert_eq!(shop.events(order).await, steps);
}

#[sqlx::test(migrations = false)]
async fn a_top_up_is_completed_without_a_pin(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let order = shop.place(reseller.package("3")).await;
    let mut rig = Rig::new(&shop);
    rig.buy().await;
    let sent = shop.shop_row(order).await;
    rig.run_out().await;
    let done = shop.shop_row(order).await;
    let want = json!({
        "externalStatus": "done",
        "completedAt": iso(shop.now()),
        "durationMs": 60_000,
        "lastSyncAt": iso(shop.now()),
        "lastMessage": "Completed.",
        "providerMessage": "İşlem başarılı",
        "notes": with_note(&sent, "Completed.", shop.now()),
        "notesCount": 3,
    });
    assert_eq!(done.changes(&sent), want);
    assert_eq!(shop.pin(order).await, None);
}

#[sqlx::test(migrations = false)]
async fn an_order_that_the_panel_cancels_is_left_to_the_shop_to_refund(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let order = shop.place(reseller.package("4")).await;
    let mut rig = Rig::new(&shop);
    rig.buy().await;
    let sent = shop.shop_row(order).await;
    rig.run_out().await;
    let text = "Cancelled by the panel: İşlem iptal edildi, iade yapıldı";
    let want = json!({
        "externalStatus": "failed",
        "lastSyncAt": iso(shop.now()),
        "lastMessage": text,
        "providerMessage": "İşlem iptal edildi, iade yapıldı",
        "notes": with_note(&sent, text, shop.now()),
        "notesCount": 3,
    });
    assert_eq!(shop.shop_row(order).await.changes(&sent), want);
    assert_eq!(shop.stage(order).await, Stage::Failed);
}

#[sqlx::test(migrations = false)]
async fn the_shop_settles_unless_it_asks_for_the_status(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    for (settle, status) in [
        ("shop", ["pending", "pending"]),
        ("status", ["approved", "rejected"]),
    ] {
        let done = shop.place(reseller.package("2")).await;
        let cancelled = shop.place(reseller.package("4")).await;
        shop.set(cancelled, "status = 'PENDING'").await;
        let mut rig = Rig::with(&shop, &[("orders.settle", settle)]);
        rig.buy().await;
        rig.run_out().await;
        let row = shop.shop_row(done).await;
        assert_eq!(row.text("status"), status[0], "{settle}");
        assert_eq!(row.text("externalStatus"), "done");
        assert_ne!(row.text("pinCode"), "");
    }
}

#[sqlx::test(migrations = false)]
async fn what_customers_read_is_in_their_language(pool: PgPool) {
    let (mut shop, reseller) = Shop::open(pool).await;
    for (language, code, done, held) in [
        (Lang::Tr, "tr", "Tamamlandı.", "Beklemede: "),
        (Lang::Ar, "ar", "اكتمل.", "معلَّق: "),
    ] {
        shop.store = shop.store.clone().speaking(language);
        let order = shop.place(reseller.package("3")).await;
        let many = shop.place(reseller.package("2")).await;
        shop.set(many, "quantity = 2").await;
        let mut rig = Rig::with(&shop, &[("orders.customer_language", code)]);
        rig.buy().await;
        rig.run_out().await;
        let row = shop.shop_row(order).await;
        assert_eq!(row.text("lastMessage"), done);
        assert_eq!(row.notes().last(), Some(&done));
        let row = shop.shop_row(many).await;
        assert!(row.text("lastMessage").starts_with(held), "{row:?}");
        assert_eq!(shop.held(many).await, "quantity_not_one");
    }
}

/// Says that it is delivered, but not the code.
fn without_code() -> Fault {
    Fault::Instead(Trouble::says("OK|2| - |teslim edildi"))
}

#[sqlx::test(migrations = false)]
async fn a_product_that_always_had_a_code_is_not_completed_without_one(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let faults = reseller.panel.faults();
    // Nobody knows yet that it comes with a code.
    let first = shop.place(reseller.package("2")).await;
    rig.buy().await;
    faults.next(Endpoint::Status, without_code());
    rig.run_out().await;
    assert_eq!(shop.stage(first).await, Stage::Completed);

    shop.place_many(reseller.package("2"), 3).await;
    rig.buy().await;
    rig.run_out().await;
    let late = shop.place(reseller.package("2")).await;
    rig.buy().await;
    faults.next(Endpoint::Status, without_code());
    rig.run_out().await;
    let pin = reseller.panel.pin_of(ACCOUNT.0, &reseller.reference(late));
    assert_eq!(shop.shop_row(late).await.text("pinCode"), pin);
    let steps = ["claimed", "accepted", "code_missing", "completed"];
    assert_eq!(shop.events(late).await, steps);

    let never = shop.place(reseller.package("2")).await;
    let top_up = shop.place(reseller.package("3")).await;
    rig.buy().await;
    faults.stand(Endpoint::Status, without_code());
    rig.run_out().await;
    assert_eq!(shop.held(never).await, "delivered_without_code");
    assert_eq!(shop.stage(top_up).await, Stage::Completed);
    let row = shop.shop_row(never).await;
    assert_eq!(row.text("externalStatus"), "processing");
    assert_eq!(row.text("status"), "pending");
}

#[sqlx::test(migrations = false)]
async fn a_code_beside_waiting_is_kept_and_the_order_waits_on(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let order = shop.place(reseller.package("2")).await;
    rig.buy().await;
    let early = Fault::Instead(Trouble::says("OK|1|AB12-CD34-EF56-GH78|hazırlanıyor"));
    reseller.panel.faults().next(Endpoint::Status, early);
    assert!(rig.step().await);
    assert_eq!(shop.stage(order).await, Stage::Submitted);
    let kept = shop.pin(order).await;
    assert_eq!(kept.as_deref(), Some("AB12-CD34-EF56-GH78"));
    let row = shop.shop_row(order).await;
    assert_eq!(*row.get("pinCode"), Value::Null);
    assert!(!json!(row.0).to_string().contains("AB12"));
    let event = shop.event(order, "processing").await.to_string();
    assert!(!event.contains("AB12"), "masked: {event}");

    rig.run_out().await;
    let pin = reseller.panel.pin_of(ACCOUNT.0, &reseller.reference(order));
    assert_eq!(shop.shop_row(order).await.text("pinCode"), pin);
    assert_eq!(shop.pin(order).await, Some(pin));
}

#[sqlx::test(migrations = false)]
async fn notes_of_any_shape_keep_what_they_hold(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let cases = [
        ("null", json!([])),
        ("{}", json!([])),
        (
            r#"{"by": "ayşe", "text": "x"}"#,
            json!([{"by": "ayşe", "text": "x"}]),
        ),
        (r#""call first""#, json!(["call first"])),
        ("7", json!([7])),
        ("[]", json!([])),
        (r#"["a", {"b": 1}]"#, json!(["a", {"b": 1}])),
    ];
    let mut orders = Vec::new();
    for (notes, kept) in cases {
        let order = shop.place(reseller.package("2")).await;
        shop.set(order, &format!("notes = '{notes}', \"notesCount\" = 77"))
            .await;
        orders.push((order, notes, kept));
    }
    // The same for a note that is written without a purchase.
    let held = shop.place(reseller.package("2")).await;
    shop.set(held, "notes = 'null', quantity = 2").await;
    let mut rig = Rig::new(&shop);
    rig.buy().await;
    for (order, notes, kept) in orders {
        let row = shop.shop_row(order).await;
        let found = row.get("notes").as_array().unwrap();
        let (last, before) = found.split_last().unwrap();
        assert_eq!(json!(before), kept, "{notes}");
        assert_eq!(last["text"], "Sent to the panel.", "{notes}");
        assert_eq!(*row.get("notesCount"), json!(found.len()), "{notes}");
    }
    let row = shop.shop_row(held).await;
    assert_eq!(*row.get("notesCount"), json!(1));
    assert!(row.notes()[0].starts_with("Held: "), "{:?}", row.notes());
}

#[sqlx::test(migrations = false)]
async fn texts_longer_than_their_columns_are_cut_and_a_pin_never_is(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let long = shop.place(reseller.package("2")).await;
    let refused = shop.place(reseller.package("2")).await;
    let faults = reseller.panel.faults();
    let words = "ğ".repeat(400);
    let mut rig = Rig::new(&shop);
    rig.dispatch().await;
    faults.stand(
        Endpoint::Purchase,
        Fault::Instead(Trouble::says(format!("3|{words}"))),
    );
    shop.set(long, "status = 'approved'").await;
    rig.dispatch().await;
    faults.lift(Endpoint::Purchase);
    let row = shop.shop_row(refused).await;
    assert_eq!(row.text("lastMessage").chars().count(), 250);
    assert!(row.text("lastMessage").ends_with("ğğ…"));
    assert!(row.text("providerMessage").starts_with("ğğğ"));

    shop.set(long, "status = 'pending'").await;
    rig.dispatch().await;
    let pin = "A1B2".repeat(31);
    faults.stand(
        Endpoint::Status,
        Fault::Instead(Trouble::says(format!("OK|2|{pin}|İşlem başarılı"))),
    );
    rig.run_out().await;
    assert_eq!(shop.held(long).await, "pin_too_long");
    assert_eq!(shop.pin(long).await, Some(pin.clone()));
    let row = shop.shop_row(long).await;
    assert_eq!(row.text("externalStatus"), "done");
    assert_eq!(row.text("status"), "pending", "a person gives the code");
    assert_eq!(*row.get("pinCode"), Value::Null);
    assert!(!json!(row.0).to_string().contains(&pin[..60]));
}
