//! What each answer to a purchase does to the order, and that it is bought once whatever comes.
//!
//! The panels here sell again under a reference that they know: a second request would show as a
//! second sale.

use std::time::Duration;

use orderwatch::order::{OrderId, Stage};
use sandbox::{
    http::Greeting,
    panel::{Ending, Endpoint},
    trouble::{Fault, Pace, Trouble},
};
use serde_json::Value;
use sqlx::PgPool;

use crate::support::{ACCOUNT, Reseller, Rig, Row, Shop};

/// Short enough for panels that never answer.
const QUICK: &[(&str, &str)] = &[("znet.request_timeout", "400ms")];

/// Everything that leaves it open whether the panel has sold.
fn unsure() -> Vec<Trouble> {
    vec![
        Trouble::Reset,
        Trouble::Close,
        Trouble::Hang,
        Trouble::Cut(0),
        Trouble::Cut(4),
        Trouble::Page(200),
        Trouble::Page(404),
        Trouble::Page(500),
        Trouble::Page(502),
        Trouble::Page(503),
        Trouble::Empty,
        Trouble::Redirect,
        Trouble::Huge,
        Trouble::Garbage,
        Trouble::NotHttp,
        Trouble::BrokenGzip,
        Trouble::GzipBomb,
        Trouble::says("8|Bağlantı hatası, işlemi kontrol ediniz"),
        Trouble::says("7|Bilinmeyen durum"),
        Trouble::says("4|Bu referans daha önce gönderilmiş (100001)"),
        Trouble::says("OK"),
        Trouble::says("3"),
        Trouble::says("Fatal error: Uncaught mysqli_sql_exception"),
    ]
}

/// Both: it happened instead of the sale, and it happened to the answer after the sale.
fn sold_or_not() -> Vec<Fault> {
    let troubles = unsure().into_iter();
    troubles
        .flat_map(|trouble| [Fault::Instead(trouble.clone()), Fault::After(trouble)])
        .collect()
}

async fn shop(pool: PgPool) -> (Shop, Reseller) {
    Shop::open_at(pool, |plan| plan.refuses_duplicates = false).await
}

/// Buys one order after another, each with its own fault.
async fn buy_with(
    shop: &Shop,
    reseller: &Reseller,
    rig: &mut Rig,
    faults: Vec<Fault>,
) -> Vec<(OrderId, Fault)> {
    let mut orders = Vec::new();
    for fault in faults {
        let order = shop.place(reseller.package("2")).await;
        reseller
            .panel
            .faults()
            .next(Endpoint::Purchase, fault.clone());
        // After a page or an empty body the panel is left alone for a moment.
        while rig.buy().await == 0 {
            shop.advance(Duration::from_secs(30));
            rig.probe().await;
        }
        orders.push((order, fault));
    }
    orders
}

fn requests(reseller: &Reseller, order: OrderId) -> usize {
    let reference = reseller.reference(order);
    let ledger = reseller.panel.ledger();
    ledger.requests_about(Endpoint::Purchase, &reference).len()
}

/// The row of an order that was claimed and whose purchase is open.
fn assert_open(row: &Row, what: &str) {
    assert_eq!(row.text("status"), "pending", "{what}");
    assert_eq!(row.text("externalStatus"), "queued", "{what}");
    let said = "No definite answer from the panel; the order's status is being checked.";
    assert_eq!(row.text("lastMessage"), said, "{what}");
    assert_eq!(row.notes(), ["VIP", said], "{what}");
    for column in ["sentAt", "pinCode", "completedAt", "durationMs"] {
        assert_eq!(*row.get(column), Value::Null, "{what}: {column}");
    }
    assert_eq!(row.text("costAmount"), "1.25", "{what}");
}

/// The order is settled as the panel's ledger has it.
async fn assert_true(shop: &Shop, reseller: &Reseller, order: OrderId, sold: bool, what: &str) {
    let reference = reseller.reference(order);
    let sale = reseller.panel.ledger().sale(&reference);
    assert_eq!(sale.is_some(), sold, "{what}");
    let row = shop.shop_row(order).await;
    if sold {
        assert_eq!(shop.stage(order).await, Stage::Completed, "{what}");
        assert_eq!(row.text("externalStatus"), "done", "{what}");

        let pin = reseller.panel.pin_of(ACCOUNT.0, &reference);
        assert_eq!(row.text("pinCode"), pin, "{what}");
        let dispatched = shop.tracked(order).await.watched.dispatched_at;
        let dispatched = dispatched.map(crate::support::iso).unwrap_or_default();
        assert_eq!(row.text("sentAt"), dispatched, "{what}");
    } else {
        assert_eq!(shop.held(order).await, "unconfirmed", "{what}");
        assert_eq!(row.text("status"), "pending", "{what}");
        assert_eq!(row.text("externalStatus"), "queued", "{what}");
        assert_eq!(*row.get("pinCode"), Value::Null, "{what}");
        assert!(row.text("lastMessage").starts_with("Held: "), "{what}");
    }
    assert_eq!(shop.purchases(order).await.len(), 1, "{what}");
}

#[sqlx::test(migrations = false)]
async fn an_unsure_answer_is_asked_about_and_the_order_bought_once_whatever_it_was(pool: PgPool) {
    let (shop, reseller) = shop(pool).await;
    let mut rig = Rig::with(&shop, QUICK);
    let orders = buy_with(&shop, &reseller, &mut rig, sold_or_not()).await;
    for (order, fault) in &orders {
        let what = format!("{fault:?}");
        assert_eq!(shop.stage(*order).await, Stage::Unconfirmed, "{what}");
        assert_eq!(shop.events(*order).await, ["claimed", "unsure"], "{what}");
        assert_open(&shop.shop_row(*order).await, &what);
        assert_eq!(requests(&reseller, *order), 1, "{what}");
    }
    rig.run_out().await;
    for (order, fault) in &orders {
        let what = format!("{fault:?}");
        assert_true(&shop, &reseller, *order, fault.works(), &what).await;
        assert_eq!(requests(&reseller, *order), 1, "{what}");
    }
    let ledger = reseller.panel.ledger();
    assert_eq!(ledger.sale_count(), unsure().len());
    assert!(ledger.players_sold_twice().is_empty());
    assert_eq!(
        usize::try_from(ledger.count(Endpoint::Purchase)).ok(),
        Some(orders.len())
    );
}

#[sqlx::test(migrations = false)]
async fn resending_sends_once_more_with_the_same_name_and_only_what_was_not_sold(pool: PgPool) {
    let (shop, reseller) = shop(pool).await;
    let settings = [QUICK[0], ("dispatch.unconfirmed", "resend")];
    let mut rig = Rig::with(&shop, &settings);
    let orders = buy_with(&shop, &reseller, &mut rig, sold_or_not()).await;
    rig.run_out().await;
    for (order, fault) in &orders {
        let what = format!("{fault:?}");
        // After `4|` the panel has known the name once: that is never sent again.
        let sent_before = matches!(fault,
            Fault::Instead(Trouble::Says(text)) if text.starts_with("4|"));
        let resent = !fault.works() && !sent_before;
        assert_eq!(
            requests(&reseller, *order),
            1 + usize::from(resent),
            "{what}"
        );
        let sold = !sent_before;
        let reference = reseller.reference(*order);
        assert_eq!(reseller.panel.ledger().sold(&reference), sold, "{what}");
        let stage = shop.stage(*order).await;
        let want = if sold { Stage::Completed } else { Stage::Held };
        assert_eq!(stage, want, "{what}");
    }
    assert!(reseller.panel.ledger().players_sold_twice().is_empty());
}

#[sqlx::test(migrations = false)]
async fn a_refusal_fails_the_order_and_leaves_its_status_to_staff(pool: PgPool) {
    let (shop, reseller) = shop(pool).await;
    let mut rig = Rig::new(&shop);
    let refusal = Fault::Instead(Trouble::says("3|Oyuncu bulunamadı"));
    let orders = buy_with(&shop, &reseller, &mut rig, vec![refusal]).await;
    let order = orders[0].0;
    rig.run_out().await;
    rig.buy().await;
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("status"), "pending");
    assert_eq!(row.text("externalStatus"), "failed");
    assert_eq!(row.text("providerMessage"), "Oyuncu bulunamadı");
    let said = "Refused by the panel: Oyuncu bulunamadı";
    assert_eq!(row.text("lastMessage"), said);
    assert_eq!(row.notes(), ["VIP", said]);
    assert_eq!(*row.get("sentAt"), Value::Null);
    assert_eq!(shop.stage(order).await, Stage::Failed);
    assert_eq!(shop.events(order).await, ["claimed", "refused"]);
    assert_eq!(requests(&reseller, order), 1);
    assert_eq!(reseller.panel.ledger().count(Endpoint::Status), 0);
    let purchases = shop.purchases(order).await;
    assert_eq!(purchases[0].text("outcome"), "refused");
    assert_eq!(*purchases[0].get("cost"), Value::Null);
}

#[sqlx::test(migrations = false)]
async fn a_late_or_dripping_answer_is_an_answer(pool: PgPool) {
    let (shop, reseller) = shop(pool).await;
    let mut rig = Rig::new(&shop);
    let pace = Duration::from_millis(5);
    let faults = [Pace::Before(pace), Pace::After(pace), Pace::Drip(pace)];
    let faults = faults.map(Fault::Slow).to_vec();
    for (order, fault) in buy_with(&shop, &reseller, &mut rig, faults).await {
        assert_eq!(shop.stage(order).await, Stage::Submitted, "{fault:?}");
        let row = shop.shop_row(order).await;
        assert_eq!(row.text("costAmount"), "35.00", "{fault:?}");
    }
}

#[sqlx::test(migrations = false)]
async fn what_surely_was_not_sent_is_sent_later_with_the_same_name(pool: PgPool) {
    let (shop, reseller) = shop(pool).await;
    let mut rig = Rig::new(&shop);
    shop.place(reseller.package("2")).await;
    rig.buy().await;
    let order = shop.place(reseller.package("2")).await;
    reseller
        .panel
        .pause_listening()
        .await
        .unwrap_or_else(|e| panic!("{e}"));
    rig.buy().await;
    let tracked = shop.tracked(order).await;
    assert_eq!(tracked.watched.stage, Stage::Queued);
    assert_eq!(tracked.watched.dispatched_at, None);
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("externalStatus"), "queued");
    let said = "Panel unreachable; the order will be sent when it is back.";
    assert_eq!(row.notes(), ["VIP", said]);
    // The second failure is known already: the shop's row stays as it is.
    let version = shop.version(order).await;
    rig.step().await;
    assert_eq!(shop.version(order).await, version);
    assert_eq!(shop.tracked(order).await.watched.errors, 2);
    // Still surely not bought: for the spending limit, the money page and the losses.
    let purchase = &shop.purchases(order).await[0];
    assert_eq!(purchase.text("outcome"), "not_sent");
    reseller
        .panel
        .resume_listening()
        .await
        .unwrap_or_else(|e| panic!("{e}"));
    rig.run_out().await;
    assert_true_sale(&shop, &reseller, order).await;
}

async fn assert_true_sale(shop: &Shop, reseller: &Reseller, order: OrderId) {
    let reference = reseller.reference(order);
    assert_eq!(requests(reseller, order), 1);
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("provider_referans"), reference);
    assert_eq!(row.text("externalStatus"), "done");
    let purchases = shop.purchases(order).await;
    assert_eq!(purchases.len(), 1);
    assert_eq!(purchases[0].text("cost"), "35");
}

#[sqlx::test(migrations = false)]
async fn a_panel_that_stays_away_ends_the_order_at_its_time_limit_unbought(pool: PgPool) {
    let (shop, reseller) = shop(pool).await;
    let mut rig = Rig::with(&shop, &[("znet.breaker_failures", "0")]);
    shop.place(reseller.package("2")).await;
    rig.buy().await;
    let order = shop.place(reseller.package("2")).await;
    reseller
        .panel
        .stop()
        .await
        .unwrap_or_else(|e| panic!("{e}"));
    let placed = shop.now();
    rig.buy().await;
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Queued);
    // The one that was bought is asked about for an hour more.
    assert_eq!(shop.now() - placed, chrono::TimeDelta::hours(25));
    assert_eq!(rig.sweep().await.orphans, 1);
    assert_eq!(shop.stage(order).await, Stage::TimedOut);
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("externalStatus"), "failed");
    assert_eq!(row.text("status"), "pending");
    let said = "Timeout: could not be sent within 24h; nothing was bought.";
    assert_eq!(row.text("lastMessage"), said);
    let purchase = &shop.purchases(order).await[0];
    assert_eq!(purchase.text("outcome"), "not_sent", "and so it counts");
}

#[sqlx::test(migrations = false)]
async fn a_connection_that_is_closed_unread_may_still_have_bought(pool: PgPool) {
    let (shop, reseller) = shop(pool).await;
    let mut rig = Rig::new(&shop);
    shop.place(reseller.package("3")).await;
    rig.buy().await;
    let order = shop.place(reseller.package("2")).await;
    reseller.panel.faults().next_connection(Greeting::Close);
    rig.buy().await;
    assert_eq!(shop.stage(order).await, Stage::Unconfirmed);
    rig.run_out().await;
    assert_eq!(shop.held(order).await, "unconfirmed");
    assert_eq!(requests(&reseller, order), 0);
}

#[sqlx::test(migrations = false)]
async fn a_sale_that_the_panel_makes_after_nobody_waited_any_more_is_found(pool: PgPool) {
    let (shop, reseller) = shop(pool).await;
    let mut rig = Rig::with(&shop, QUICK);
    let order = shop.place(reseller.package("2")).await;
    rig.buy().await;
    let late = shop.place(reseller.package("2")).await;
    let moment = sandbox::gates::Moment::BeforeWork;
    let gate = reseller.panel.hold(Endpoint::Purchase, moment);
    rig.dispatch().await;
    assert_eq!(shop.stage(late).await, Stage::Unconfirmed);
    rig.step().await;
    assert_eq!(shop.tracked(late).await.watched.unknowns, 1);
    gate.open();
    let reference = reseller.reference(late);
    reseller
        .panel
        .wait_for(|ledger| ledger.sold(&reference))
        .await;
    let known = reseller.panel.settle(ACCOUNT.0, &reference, Ending::Pin);
    assert!(known);
    rig.run_out().await;
    assert_true(&shop, &reseller, late, true, "late").await;
    assert_true_sale(&shop, &reseller, order).await;
}
