//! Orders that may have been bought: asked about by their id, settled by what the panel says, and never
//! bought a second time.

use std::time::Duration;

use orderwatch::{
    order::{FieldRule, OrderId, PlayerFields, Reference, Stage},
    store::{Claim, Lease},
};
use sandbox::{
    barakat::{Endpoint, Readiness},
    gates::Moment,
    trouble::{Fault, Trouble},
};
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use super::purchases;
use crate::support::{BarakatReseller, Rig, Shop, TOKEN, iso};

/// The shipped length of both leases.
const LEASE: Duration = Duration::from_mins(2);

/// An order whose purchase met this fault.
async fn bought_with(
    shop: &Shop,
    reseller: &BarakatReseller,
    rig: &mut Rig,
    fault: Fault,
) -> OrderId {
    let order = shop.place(reseller.package("501")).await;
    reseller.panel.faults().next(Endpoint::Purchase, fault);
    // After a page or an empty body the panel is left alone for a moment.
    while rig.buy().await == 0 {
        shop.advance(Duration::from_secs(30));
        rig.probe().await;
    }
    order
}

/// The order has its code, and the panel one sale.
async fn assert_bought_once(shop: &Shop, reseller: &BarakatReseller, order: OrderId, what: &str) {
    assert_eq!(shop.stage(order).await, Stage::Completed, "{what}");
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("externalStatus"), "done", "{what}");
    assert_eq!(row.text("pinCode"), reseller.pin(order), "{what}");
    assert_eq!(purchases(reseller, order), 1, "{what}");
    let twice = reseller.panel.ledger().references_sold_twice();
    assert!(twice.is_empty(), "{what}: {twice:?}");
}

#[sqlx::test(migrations = false)]
async fn a_lost_answer_is_found_by_the_orders_id(pool: PgPool) {
    let (shop, reseller) = Shop::open_barakat(pool, |_| {}).await;
    let mut rig = Rig::new(&shop);
    let lost = Fault::After(Trouble::Close);
    let order = bought_with(&shop, &reseller, &mut rig, lost).await;
    assert_eq!(shop.stage(order).await, Stage::Unconfirmed);
    let since = shop.now();
    assert!(rig.step().await);
    assert_bought_once(&shop, &reseller, order, "lost").await;
    assert_eq!(shop.events(order).await, ["claimed", "unsure", "completed"]);
    assert_eq!(shop.shop_row(order).await.text("sentAt"), iso(since));
    assert_eq!(reseller.panel.ledger().sale_count(), 1);
    rig.run_out().await;
    assert_eq!(reseller.count(Endpoint::Purchase), 1);
}

#[sqlx::test(migrations = false)]
async fn a_lost_request_is_asked_about_then_held_and_never_bought_again(pool: PgPool) {
    let shop = Shop::bare(pool).await;
    for (unknown_is_error, unconfirmed) in [
        (false, "hold"),
        (true, "hold"),
        // Where a repeated name is not known to be refused, nothing is sent a second time.
        (false, "resend"),
        (true, "resend"),
    ] {
        let what = format!("{unknown_is_error} {unconfirmed}");
        let reseller = shop
            .barakat(|plan| plan.style.unknown_is_error = unknown_is_error)
            .await;
        let mut rig = Rig::with(&shop, &[("dispatch.unconfirmed", unconfirmed)]);
        let lost = Fault::Instead(Trouble::Close);
        let order = bought_with(&shop, &reseller, &mut rig, lost).await;
        rig.run_out().await;
        assert_eq!(shop.held(order).await, "unconfirmed", "{what}");
        let steps = [
            "claimed",
            "unsure",
            "not_known",
            "not_known",
            "not_known",
            "held",
        ];
        assert_eq!(shop.events(order).await, steps, "{what}");
        let row = shop.shop_row(order).await;
        assert_eq!(row.text("externalStatus"), "queued", "{what}");
        assert_eq!(row.text("status"), "pending", "{what}");
        assert_eq!(*row.get("pinCode"), Value::Null, "{what}");

        for _ in 0..3 {
            shop.advance(Duration::from_mins(10));
            rig.sweep().await;
            rig.buy().await;
            rig.poll().await;
        }
        assert_eq!(shop.held(order).await, "unconfirmed", "{what}");
        assert_eq!(purchases(&reseller, order), 1, "{what}");
        assert_eq!(reseller.panel.ledger().sale_count(), 0, "{what}");
        // Twice before the purchase, the first time about a name that nobody has, and four times after it.
        assert_eq!(reseller.count(Endpoint::Status), 6, "{what}");
    }
}

/// Everything that leaves it open whether the panel has sold.
fn open() -> Vec<Trouble> {
    vec![
        Trouble::Reset,
        Trouble::Close,
        Trouble::Hang,
        Trouble::Cut(0),
        Trouble::Cut(12),
        Trouble::Page(200),
        Trouble::Page(404),
        Trouble::Page(500),
        Trouble::Page(502),
        Trouble::Empty,
        Trouble::Redirect,
        Trouble::Huge,
        Trouble::Garbage,
        Trouble::NotHttp,
        Trouble::BrokenGzip,
        Trouble::GzipBomb,
        Trouble::says(r#"{"status":"OK"}"#),
        Trouble::says(r#"{"status":"OK","data":null}"#),
        Trouble::says(r#"{"status":"ERROR"}"#),
        Trouble::says(r#"{"status":"ERROR","message":"Internal server error, try again"}"#),
        Trouble::says(r#"{"status":"ERROR","message":"order_uuid already exists"}"#),
        Trouble::says(r#"{"status":"ERROR","message":"Insufficient balance","order_id":"1"}"#),
        Trouble::says("Insufficient balance"),
    ]
}

#[sqlx::test(migrations = false)]
async fn whatever_leaves_it_open_is_settled_as_the_ledger_has_it(pool: PgPool) {
    let (shop, reseller) = Shop::open_barakat(pool, |_| {}).await;
    let settings = [
        ("znet.request_timeout", "1s"),
        ("znet.breaker_failures", "0"),
        ("dispatch.unconfirmed", "resend"),
    ];
    let mut rig = Rig::with(&shop, &settings);
    let both = |trouble: Trouble| [Fault::Instead(trouble.clone()), Fault::After(trouble)];
    let mut orders = Vec::new();
    for fault in open().into_iter().flat_map(both) {
        let order = bought_with(&shop, &reseller, &mut rig, fault.clone()).await;
        orders.push((order, fault));
    }
    rig.run_out().await;
    for (order, fault) in orders {
        let what = format!("{fault:?}");
        assert_eq!(purchases(&reseller, order), 1, "{what}");
        assert_eq!(reseller.sale(order).is_some(), fault.works(), "{what}");
        if fault.works() {
            assert_bought_once(&shop, &reseller, order, &what).await;
        } else {
            assert_eq!(shop.held(order).await, "unconfirmed", "{what}");
        }
    }
    assert!(reseller.panel.ledger().players_sold_twice().is_empty());
}

#[sqlx::test(migrations = false)]
async fn what_the_shop_has_bought_already_is_found_before_it_is_bought(pool: PgPool) {
    let shop = Shop::bare(pool).await;
    for (readiness, entry, stage, external) in [
        (Readiness::default(), "501", Stage::Completed, "done"),
        (Readiness::default(), "502", Stage::Completed, "done"),
        (Readiness::default(), "503", Stage::Failed, "failed"),
        (
            Readiness::after_waits(2),
            "501",
            Stage::Submitted,
            "processing",
        ),
    ] {
        let what = format!("{entry} {readiness:?}");
        let reseller = shop.barakat(|plan| plan.readiness = readiness).await;
        let order = shop.place(reseller.package(entry)).await;
        shop.set(order, r#""extraField" = 'asia'"#).await;
        let player = shop.player(order).await;
        let params = [("uid", &*player), ("server", "asia")];
        let id = order.to_string();
        reseller.sell_to_shop(&id, entry, &params).await;

        let claimed_at = shop.now();
        let mut rig = Rig::new(&shop);
        assert_eq!(rig.buy().await, 1, "{what}");
        assert_eq!(shop.stage(order).await, stage, "{what}");
        let row = shop.shop_row(order).await;
        assert_eq!(row.text("externalStatus"), external, "{what}");
        assert_eq!(row.text("sentAt"), iso(claimed_at), "bought by then");
        assert_eq!(row.text("provider_referans"), id, "{what}");
        rig.run_out().await;
        let row = shop.shop_row(order).await;
        let pin = if entry == "501" {
            reseller.pin(order)
        } else {
            String::new()
        };
        assert_eq!(row.text("pinCode"), pin, "{what}");
        // The shop's own purchase, and no other.
        assert_eq!(purchases(&reseller, order), 1, "{what}");
        assert_eq!(reseller.panel.ledger().sale_count(), 1, "{what}");
    }
}

#[sqlx::test(migrations = false)]
async fn without_an_answer_that_means_something_nothing_is_bought_until_there_is_one(pool: PgPool) {
    let (shop, reseller) = Shop::open_barakat(pool, |_| {}).await;
    let mut rig = Rig::with(&shop, &[("znet.request_timeout", "1s")]);
    let order = shop.place(reseller.package("501")).await;
    let troubles = [
        Trouble::Reset,
        Trouble::Hang,
        Trouble::Page(502),
        Trouble::says(r#"{"status":"OK","data":[{"order_id":"7","status":"yolda"}]}"#),
        Trouble::says(r#"{"status":"ERROR","message":"Invalid token"}"#),
        Trouble::Cut(1),
        Trouble::Empty,
    ];
    for (asked, trouble) in troubles.into_iter().enumerate() {
        let what = format!("{trouble:?}");
        let fault = Fault::Instead(trouble);
        reseller.panel.faults().next(Endpoint::Status, fault);
        if asked == 0 {
            rig.buy().await;
        } else {
            rig.step().await;
        }
        let tracked = shop.tracked(order).await;
        assert_eq!(tracked.watched.stage, Stage::Queued, "{what}");
        // The shop may have bought it under the same name.
        assert!(!tracked.watched.may_resend, "{what}");
        assert_eq!(reseller.count(Endpoint::Purchase), 0, "{what}");
    }
    rig.run_out().await;
    assert_bought_once(&shop, &reseller, order, "at last").await;
    assert_eq!(shop.purchases(order).await.len(), 1);
}

/// Takes an order for sending and then dies before the call.
async fn claim_and_die(shop: &Shop, reseller: &BarakatReseller, order: OrderId) {
    let claim = Claim {
        order,
        integration: reseller.id,
        reference: Reference::parse(&order.to_string()).unwrap(),
        round: 0,
        expected: None,
        sold_for: None,
        product: (
            reseller.package("501"),
            FieldRule::Fixed(PlayerFields::Sheet),
        ),
    };
    let now = shop.now();
    let lease = Lease {
        token: Uuid::new_v4(),
        now,
        until: now + LEASE,
        give_up_at: now + Duration::from_hours(24),
    };
    let claimed = shop.store.claim_new(&[claim], lease, None).await;
    assert_eq!(claimed.unwrap().orders, [order]);
}

#[sqlx::test(migrations = false)]
async fn a_sender_that_dies_before_the_call_leaves_an_order_that_is_asked_about_not_sent(
    pool: PgPool,
) {
    let (shop, reseller) = Shop::open_barakat(pool, |_| {}).await;
    let order = shop.place(reseller.package("501")).await;
    claim_and_die(&shop, &reseller, order).await;
    let mut rig = Rig::with(&shop, &[("dispatch.unconfirmed", "resend")]);
    // As long as the lease lasts it may still be on its way.
    shop.advance(LEASE.saturating_sub(Duration::from_micros(1)));
    rig.buy().await;
    rig.poll().await;
    assert_eq!(shop.stage(order).await, Stage::Dispatching);
    assert_eq!(reseller.count(Endpoint::Status), 0);
    shop.advance(Duration::from_micros(1));
    rig.buy().await;
    rig.poll().await;
    assert_eq!(
        shop.events(order).await,
        ["claimed", "lease_expired", "not_known"]
    );
    rig.run_out().await;
    assert_eq!(shop.held(order).await, "unconfirmed");
    assert_eq!(reseller.count(Endpoint::Purchase), 0);
}

#[sqlx::test(migrations = false)]
async fn a_sender_that_dies_with_the_answer_has_its_order_settled_by_another(pool: PgPool) {
    let (shop, reseller) = Shop::open_barakat(pool, |_| {}).await;
    let order = shop.place(reseller.package("501")).await;
    let mut dying = Rig::new(&shop);
    dying.dispatch().await;
    assert_eq!(dying.begin_dispatch().await.started, 1);
    dying.die().await;
    assert_eq!(shop.stage(order).await, Stage::Dispatching);
    shop.advance(LEASE);
    let mut rig = Rig::new(&shop);
    rig.buy().await;
    rig.poll().await;
    assert_bought_once(&shop, &reseller, order, "by another").await;
    let steps = ["claimed", "lease_expired", "completed"];
    assert_eq!(shop.events(order).await, steps);
}

#[sqlx::test(migrations = false)]
async fn an_answer_that_comes_after_another_has_settled_the_order_changes_nothing(pool: PgPool) {
    let (shop, reseller) = Shop::open_barakat(pool, |_| {}).await;
    let order = shop.place(reseller.package("501")).await;
    let mut slow = Rig::new(&shop);
    slow.dispatch().await;
    let gate = reseller
        .panel
        .hold(Endpoint::Purchase, Moment::BeforeAnswer);
    slow.begin_dispatch().await;
    gate.arrived(1).await;
    shop.advance(LEASE);
    let mut rig = Rig::new(&shop);
    rig.buy().await;
    rig.poll().await;
    assert_bought_once(&shop, &reseller, order, "by another").await;
    let version = shop.version(order).await;

    gate.open();
    slow.finish().await;
    assert_eq!(shop.version(order).await, version);
    let steps = ["claimed", "lease_expired", "completed", "late_answer"];
    assert_eq!(shop.events(order).await, steps);
    let late = shop.event(order, "late_answer").await;
    assert_eq!(late["result"], "accepted");
    assert_eq!(reseller.panel.ledger().sale_count(), 1);
}

#[sqlx::test(migrations = false)]
async fn what_was_bought_before_a_backup_was_put_back_is_not_bought_again(pool: PgPool) {
    let (shop, reseller) = Shop::open_barakat(pool, |_| {}).await;
    let order = shop.place(reseller.package("501")).await;
    Rig::new(&shop).buy().await;
    shop.sql("TRUNCATE orderwatch.orders, orderwatch.purchases, orderwatch.events")
        .await;
    let columns = r#""providerId" = NULL, "externalOrderId" = NULL, provider_referans = NULL,
        "externalStatus" = 'not_sent', "sentAt" = NULL"#;
    shop.set(order, columns).await;
    let mut rig = Rig::new(&shop);
    assert_eq!(rig.buy().await, 1);
    rig.run_out().await;
    assert_bought_once(&shop, &reseller, order, "forgotten").await;
    let charged = reseller.panel.ledger().charged(TOKEN);
    assert_eq!(charged.to_string(), "35.00");
}

#[sqlx::test(migrations = false)]
async fn nothing_is_bought_where_the_panel_answers_about_an_order_that_nobody_placed(pool: PgPool) {
    let (shop, reseller) = Shop::open_barakat(pool, |_| {}).await;
    let stranger =
        Trouble::says(r#"{"status":"OK","data":[{"order_id":"7","status":"success","pin":"X1"}]}"#);
    let faults = reseller.panel.faults();
    faults.stand(Endpoint::Status, Fault::Instead(stranger));
    let mut rig = Rig::new(&shop);
    let order = shop.place(reseller.package("501")).await;
    rig.buy().await;
    for _ in 0..3 {
        rig.step().await;
    }
    assert_eq!(reseller.count(Endpoint::Purchase), 0);
    assert_eq!(shop.stage(order).await, Stage::Queued);
    assert_eq!(*shop.shop_row(order).await.get("pinCode"), Value::Null);
    let event = shop.event(order, "not_sent").await.to_string();
    assert!(event.contains("nobody has placed"), "{event}");
}
