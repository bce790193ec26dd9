//! A panel that fails or blocks us is left alone: its orders wait, nothing fails, nothing is sent,
//! and one question about the balance decides when it goes on.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::time::Duration;

use chrono::TimeDelta;
use orderwatch::order::{OrderId, Stage};
use sandbox::{
    gates::Moment,
    panel::{Ending, Endpoint, Readiness},
    trouble::{Fault, Trouble},
};
use sqlx::PgPool;

use crate::support::{ACCOUNT, Reseller, Rig, Shop};

/// The shipped cool-down.
const COOLDOWN: Duration = Duration::from_secs(30);
const ALMOST: Duration = Duration::from_micros(29_999_999);
const WAIT: TimeDelta = TimeDelta::seconds(30);
const THREE: &[(&str, &str)] = &[("znet.breaker_failures", "3")];

fn page(status: u16) -> Fault {
    Fault::Instead(Trouble::Page(status))
}

fn requests(reseller: &Reseller) -> [u64; 4] {
    Endpoint::ALL.map(|endpoint| reseller.panel.ledger().count(endpoint))
}

/// An order is bought while every purchase meets this; returns it.
async fn buy_with(shop: &Shop, reseller: &Reseller, rig: &mut Rig, fault: Fault) -> OrderId {
    let order = shop.place(reseller.package("2")).await;
    reseller.panel.faults().next(Endpoint::Purchase, fault);
    assert_eq!(rig.buy().await, 1);
    order
}

/// A panel that has just blocked the order of this.
async fn blocked(shop: &Shop, reseller: &Reseller, rig: &mut Rig) -> OrderId {
    let order = buy_with(shop, reseller, rig, Fault::Instead(Trouble::Empty)).await;
    let (until, why) = shop.breaker(reseller.id).await.unwrap();
    assert_eq!((until - shop.now(), why.as_str()), (WAIT, "blocked"));
    order
}

#[sqlx::test(migrations = false)]
async fn it_opens_after_failures_in_a_row_and_orders_wait_untouched(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::with(&shop, THREE);
    let mut orders = Vec::new();
    for _ in 0..2 {
        orders.push(buy_with(&shop, &reseller, &mut rig, page(502)).await);
    }
    // An answer that means something ends the row of failures, a refusal too.
    let refusal = Fault::Instead(Trouble::says("3|Oyuncu bulunamadı"));
    buy_with(&shop, &reseller, &mut rig, refusal).await;
    for _ in 0..2 {
        orders.push(buy_with(&shop, &reseller, &mut rig, page(503)).await);
        assert_eq!(shop.breaker(reseller.id).await, None);
    }
    orders.push(buy_with(&shop, &reseller, &mut rig, page(500)).await);
    let (until, why) = shop.breaker(reseller.id).await.unwrap();
    assert_eq!((until - shop.now(), why.as_str()), (WAIT, "failures"));

    // While it is open nothing arrives at the panel: no purchase, no question, no price list.
    let waiting = shop.place_many(reseller.package("2"), 3).await;
    let versions = [
        shop.version(waiting[0]).await,
        shop.version(waiting[1]).await,
    ];
    let before = requests(&reseller);
    shop.advance(ALMOST);
    for _ in 0..3 {
        rig.probe().await;
        assert_eq!(rig.buy().await, 0);
        assert_eq!(rig.poll().await.started, 0);
        rig.sweep().await;
    }
    assert_eq!(requests(&reseller), before);
    for (order, version) in waiting.iter().zip(versions) {
        assert!(shop.find_tracked(*order).await.is_none());
        assert_eq!(shop.version(*order).await, version);
    }
    for order in &orders {
        assert_eq!(shop.stage(*order).await, Stage::Unconfirmed);
    }
    shop.advance(Duration::from_micros(1));
    rig.probe().await;
    assert_eq!(shop.breaker(reseller.id).await, None);
    rig.buy().await;
    rig.run_out().await;
    for order in waiting {
        assert_eq!(shop.stage(order).await, Stage::Completed);
    }
    assert_eq!(reseller.panel.ledger().players_sold_twice().len(), 0);
    assert_eq!(reseller.panel.ledger().sale_count(), 3);
}

#[sqlx::test(migrations = false)]
async fn nothing_or_a_page_opens_it_at_once_and_no_order_fails(pool: PgPool) {
    let shop = Shop::bare(pool).await;
    let blocks = [
        Trouble::Empty,
        Trouble::Page(200),
        Trouble::Page(403),
        Trouble::Page(404),
        Trouble::Redirect,
    ];
    for trouble in blocks {
        let what = format!("{trouble:?}");
        let reseller = shop.reseller(|_| {}).await;
        let mut rig = Rig::new(&shop);
        let fault = Fault::Instead(trouble.clone());
        let first = buy_with(&shop, &reseller, &mut rig, fault.clone()).await;
        let (_, why) = shop.breaker(reseller.id).await.unwrap();
        assert_eq!(why, "blocked", "{what}");
        let second = shop.place(reseller.package("2")).await;
        assert_eq!(rig.buy().await, 0, "{what}");
        assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 1);
        assert_eq!(shop.stage(first).await, Stage::Unconfirmed, "{what}");
        assert!(shop.find_tracked(second).await.is_none(), "{what}");
        // A probe that gets such an answer too keeps it shut.
        for endpoint in [Endpoint::Balance, Endpoint::Catalogue] {
            reseller.panel.faults().stand(endpoint, fault.clone());
        }
        shop.advance(COOLDOWN);
        rig.probe().await;
        assert!(shop.breaker(reseller.id).await.is_some(), "{what}");
        for endpoint in [Endpoint::Balance, Endpoint::Catalogue] {
            reseller.panel.faults().lift(endpoint);
        }
        shop.advance(COOLDOWN);
        rig.probe().await;
        assert_eq!(rig.buy().await, 1, "{what}");
        rig.run_out().await;
        assert_eq!(shop.held(first).await, "unconfirmed", "{what}");
        assert_eq!(shop.stage(second).await, Stage::Completed, "{what}");
    }
}

#[sqlx::test(migrations = false)]
async fn an_empty_answer_to_a_question_opens_it_too_and_the_order_is_watched_on(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let orders = shop.place_many(reseller.package("2"), 2).await;
    rig.buy().await;
    let empty = Fault::Instead(Trouble::Empty);
    reseller.panel.faults().stand(Endpoint::Status, empty);
    shop.advance(Duration::from_mins(1));
    rig.poll().await;
    assert_eq!(shop.breaker(reseller.id).await.unwrap().1, "blocked");
    let asked = reseller.panel.ledger().count(Endpoint::Status);
    reseller.panel.faults().lift(Endpoint::Status);
    shop.advance(ALMOST);
    rig.poll().await;
    assert_eq!(reseller.panel.ledger().count(Endpoint::Status), asked);
    rig.run_out().await;
    for order in orders {
        assert_eq!(shop.stage(order).await, Stage::Completed);
        let row = shop.shop_row(order).await;
        let pin = reseller.panel.pin_of(ACCOUNT.0, &reseller.reference(order));
        assert_eq!(row.text("pinCode"), pin);
    }
}

#[sqlx::test(migrations = false)]
async fn orders_that_were_claimed_with_the_blocked_one_are_not_sent_in_vain(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    // The question before each purchase is where this test can hold them.
    let mut rig = Rig::with(&shop, &[("dispatch.ask_first", "true")]);
    let orders = shop.place_many(reseller.package("2"), 3).await;
    rig.dispatch().await;
    let gate = reseller.panel.hold(Endpoint::Status, Moment::BeforeAnswer);
    let empty = Fault::Instead(Trouble::Empty);
    reseller.panel.faults().next(Endpoint::Purchase, empty);
    assert_eq!(rig.begin_dispatch().await.started, 3);
    gate.arrived(3).await;
    gate.let_one_through();
    while shop.breaker(reseller.id).await.is_none() {
        tokio::task::yield_now().await;
    }
    gate.open();
    rig.finish().await;
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 1);
    let mut stages = Vec::new();
    for order in &orders {
        let tracked = shop.tracked(*order).await;
        stages.push(tracked.watched.stage);
        if tracked.watched.stage == Stage::Queued {
            assert_eq!(shop.events(*order).await, ["claimed", "not_sent"]);
            assert_eq!(tracked.watched.dispatched_at, None, "surely not bought");
            let row = shop.shop_row(*order).await;
            assert_eq!(row.text("status"), "pending");
            assert_eq!(row.text("provider_referans"), reseller.reference(*order));
        }
    }
    stages.sort_by_key(|stage| stage.as_str());
    assert_eq!(stages, [Stage::Queued, Stage::Queued, Stage::Unconfirmed]);
    rig.run_out().await;
    let ledger = reseller.panel.ledger();
    assert_eq!(ledger.sale_count(), 2);
    assert_eq!(ledger.references_sent_twice(), Vec::<String>::new());
}

#[sqlx::test(migrations = false)]
async fn other_panels_go_on_buying_and_asking(pool: PgPool) {
    let shop = Shop::bare(pool).await;
    let bad = shop.reseller(|_| {}).await;
    let good = shop
        .reseller(|plan| plan.readiness = Readiness::after_waits(2))
        .await;
    let mut rig = Rig::new(&shop);
    let stuck = blocked(&shop, &bad, &mut rig).await;
    for endpoint in [Endpoint::Balance, Endpoint::Catalogue] {
        let fault = Fault::Instead(Trouble::Empty);
        bad.panel.faults().stand(endpoint, fault);
    }
    let waiting = shop.place(bad.package("2")).await;
    let orders = shop.place_many(good.package("2"), 3).await;
    assert_eq!(rig.buy().await, 3);
    for _ in 0..20 {
        shop.advance(Duration::from_mins(1));
        rig.probe().await;
        rig.poll().await;
    }
    for order in orders {
        assert_eq!(shop.stage(order).await, Stage::Completed);
    }
    assert!(shop.find_tracked(waiting).await.is_none());
    assert_eq!(shop.stage(stuck).await, Stage::Unconfirmed);
    assert_eq!(bad.panel.ledger().count(Endpoint::Purchase), 1);
    assert_eq!(bad.panel.ledger().count(Endpoint::Status), 0);
    assert_eq!(good.panel.ledger().count(Endpoint::Balance), 0);
}

#[sqlx::test(migrations = false)]
async fn one_replica_of_two_asks_for_the_balance_once_in_a_cool_down(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let (mut one, mut two) = (Rig::new(&shop), Rig::new(&shop));
    blocked(&shop, &reseller, &mut one).await;
    let ledger = reseller.panel.ledger();
    // The other one has not met the trouble itself and leaves the panel alone all the same.
    let waiting = shop.place(reseller.package("2")).await;
    assert_eq!(two.buy().await, 0);
    reseller.panel.faults().stand(Endpoint::Balance, page(503));
    for asked in 0..4 {
        assert_eq!(ledger.count(Endpoint::Balance), asked);
        shop.advance(ALMOST);
        futures::join!(one.probe(), two.probe());
        assert_eq!(ledger.count(Endpoint::Balance), asked, "too early");
        shop.advance(Duration::from_micros(1));
        futures::join!(one.probe(), two.probe());
        let (until, why) = shop.breaker(reseller.id).await.unwrap();
        assert_eq!((until - shop.now(), why.as_str()), (WAIT, "blocked"));
    }
    assert_eq!(ledger.count(Endpoint::Purchase), 1);
    assert_eq!(ledger.count(Endpoint::Status), 0);
    reseller.panel.faults().lift(Endpoint::Balance);
    shop.advance(COOLDOWN);
    futures::join!(one.probe(), two.probe());
    assert_eq!(shop.breaker(reseller.id).await, None);
    // Whoever probed, both go on.
    let other = shop.place(reseller.package("2")).await;
    let bought = one.buy().await + two.buy().await;
    assert_eq!(bought, 2);
    one.run_out().await;
    for order in [waiting, other] {
        assert_eq!(shop.stage(order).await, Stage::Completed);
    }
}

#[sqlx::test(migrations = false)]
async fn a_daemon_that_starts_anew_finds_it_open_and_closes_it_by_a_probe(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut before = Rig::new(&shop);
    blocked(&shop, &reseller, &mut before).await;
    drop(before);
    let order = shop.place(reseller.package("2")).await;
    let requests_before = requests(&reseller);
    let mut rig = Rig::new(&shop);
    for _ in 0..3 {
        rig.probe().await;
        assert_eq!(rig.buy().await, 0);
        assert_eq!(rig.poll().await.started, 0);
    }
    assert_eq!(requests(&reseller), requests_before);
    shop.advance(COOLDOWN);
    rig.probe().await;
    assert_eq!(rig.buy().await, 1);
    assert_eq!(shop.stage(order).await, Stage::Submitted);
}

#[sqlx::test(migrations = false)]
async fn an_order_whose_time_limit_passes_while_its_panel_is_left_alone_ends_visibly(pool: PgPool) {
    let (shop, reseller) = Shop::open_at(pool, |plan| plan.readiness = Readiness::NEVER).await;
    let mut rig = Rig::new(&shop);
    let accepted = shop.place(reseller.package("2")).await;
    rig.buy().await;
    let unsure = blocked(&shop, &reseller, &mut rig).await;
    reseller.panel.faults().stand(Endpoint::Balance, page(503));
    shop.advance(Duration::from_hours(24));
    rig.probe().await;
    // What was bought may be delivered there: it waits, but not for ever.
    assert_eq!(rig.sweep().await.orphans, 1);
    assert_eq!(shop.held(unsure).await, "unconfirmed");
    shop.advance(Duration::from_hours(5 * 24));
    rig.probe().await;
    assert_eq!(rig.sweep().await.orphans, 0);
    assert_eq!(shop.stage(accepted).await, Stage::Submitted);
    shop.advance(Duration::from_hours(24));
    rig.probe().await;
    rig.sweep().await;
    shop.advance(Duration::from_hours(1));
    rig.probe().await;
    assert_eq!(rig.sweep().await.orphans, 1);
    assert_eq!(shop.stage(accepted).await, Stage::TimedOut);
    let row = shop.shop_row(accepted).await;
    assert_eq!(row.text("externalStatus"), "failed");
    assert_eq!(row.text("status"), "pending", "a person decides");
    let known = reseller
        .panel
        .settle(ACCOUNT.0, &reseller.reference(accepted), Ending::Pin);
    assert!(known, "it was bought, and the row says where to look");
    assert_eq!(row.text("provider_referans"), reseller.reference(accepted));
}

#[sqlx::test(migrations = false)]
async fn what_was_delivered_while_its_panel_was_left_alone_arrives_after_the_time_limit(
    pool: PgPool,
) {
    let (shop, reseller) = Shop::open_at(pool, |plan| plan.readiness = Readiness::NEVER).await;
    let mut rig = Rig::new(&shop);
    let order = shop.place(reseller.package("2")).await;
    rig.buy().await;
    blocked(&shop, &reseller, &mut rig).await;
    reseller.panel.faults().stand(Endpoint::Balance, page(503));
    let reference = reseller.reference(order);
    assert!(reseller.panel.settle(ACCOUNT.0, &reference, Ending::Pin));
    shop.advance(Duration::from_hours(30));
    rig.probe().await;
    rig.sweep().await;
    assert_eq!(shop.stage(order).await, Stage::Submitted);

    reseller.panel.faults().lift(Endpoint::Balance);
    shop.advance(COOLDOWN);
    rig.probe().await;
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    let pin = reseller.panel.pin_of(ACCOUNT.0, &reference);
    assert_eq!(shop.shop_row(order).await.text("pinCode"), pin);
}

#[sqlx::test(migrations = false)]
async fn any_sure_answer_to_the_probe_closes_it(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let says = |text| Fault::Instead(Trouble::says(text));
    let mut rig = Rig::new(&shop);
    for (balance, list, closes) in [
        (
            says(r#"{"balance":"12.755,23","currency":"TRY"}"#),
            None,
            true,
        ),
        (says(r#"{"data":{"bakiye":0}}"#), None, true),
        // The panel works, whatever this account may ask.
        (says("3|Yetki yok"), None, true),
        // Not a balance: the price list tells.
        (says("bakiye hesaplanamadı"), None, true),
        (
            says("bakiye hesaplanamadı"),
            Some(Fault::Instead(Trouble::Page(503))),
            false,
        ),
        // An account without the right to ask for its balance gets nothing: the price list tells.
        (Fault::Instead(Trouble::Empty), None, true),
        (
            Fault::Instead(Trouble::Empty),
            Some(Fault::Instead(Trouble::Empty)),
            false,
        ),
        // But it is also what a blocked address gets.
        (
            Fault::Instead(Trouble::Empty),
            Some(says(r#"{"success":false,"error":"Bayi hatalı"}"#)),
            false,
        ),
        (Fault::Instead(Trouble::Close), None, false),
    ] {
        blocked(&shop, &reseller, &mut rig).await;
        reseller
            .panel
            .faults()
            .next(Endpoint::Balance, balance.clone());
        if let Some(list) = list {
            reseller.panel.faults().next(Endpoint::Catalogue, list);
        }
        shop.advance(COOLDOWN);
        rig.probe().await;
        let open = shop.breaker(reseller.id).await.is_some();
        assert_eq!(open, !closes, "{balance:?}");
        if open {
            shop.advance(COOLDOWN);
            rig.probe().await;
            assert_eq!(shop.breaker(reseller.id).await, None, "{balance:?}");
        }
    }
}

#[sqlx::test(migrations = false)]
async fn a_circuit_that_opens_while_the_database_is_away_stays_open_and_is_told_later(
    pool: PgPool,
) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    shop.sql("ALTER TABLE orderwatch.panels RENAME COLUMN open_reason TO gone")
        .await;
    buy_with(&shop, &reseller, &mut rig, Fault::Instead(Trouble::Empty)).await;
    shop.sql("ALTER TABLE orderwatch.panels RENAME COLUMN gone TO open_reason")
        .await;
    assert_eq!(shop.breaker(reseller.id).await, None, "nobody else knows");

    // The panels are read anew, and the row says nothing of it.
    let order = shop.place(reseller.package("2")).await;
    rig.buy().await;
    assert_eq!(shop.events(order).await, Vec::<String>::new());

    rig.probe().await;
    assert!(shop.breaker(reseller.id).await.is_some());
    shop.advance(COOLDOWN);
    rig.probe().await;
    assert_eq!(shop.breaker(reseller.id).await, None);
    rig.buy().await;
    assert_eq!(shop.stage(order).await, Stage::Submitted);
}
