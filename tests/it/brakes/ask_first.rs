//! `dispatch.ask_first`: after a backup was put back, an order may be at the panel already. It is
//! asked for before it is bought, and bought only if the panel says that it does not know it.

use orderwatch::order::{OrderId, Stage};
use sandbox::{
    panel::{Endpoint, Readiness},
    trouble::{Fault, Trouble},
};
use sqlx::PgPool;

use crate::support::{ACCOUNT, Reseller, Rig, Shop, iso};

const ASK_FIRST: &[(&str, &str)] = &[("dispatch.ask_first", "true")];

/// A panel that sells again under a name that it knows, so that only the question protects us.
async fn shop(pool: PgPool, readiness: Readiness) -> (Shop, Reseller) {
    Shop::open_at(pool, |plan| {
        plan.refuses_duplicates = false;
        plan.readiness = readiness;
    })
    .await
}

/// Orders that were bought, in a database that has forgotten it.
async fn forgotten(shop: &Shop, reseller: &Reseller, entries: &[&str]) -> Vec<OrderId> {
    let mut orders = Vec::new();
    for entry in entries {
        orders.push(shop.place(reseller.package(entry)).await);
    }
    Rig::new(shop).buy().await;
    shop.sql("TRUNCATE orderwatch.orders, orderwatch.purchases, orderwatch.events")
        .await;
    for order in &orders {
        let columns = r#""providerId" = NULL, "externalOrderId" = NULL, provider_referans = NULL,
            "externalStatus" = 'not_sent', "sentAt" = NULL"#;
        shop.set(*order, columns).await;
    }
    orders
}

fn count(reseller: &Reseller, endpoint: Endpoint) -> u64 {
    reseller.panel.ledger().count(endpoint)
}

#[sqlx::test(migrations = false)]
async fn what_the_panel_does_not_know_is_bought(pool: PgPool) {
    let (shop, reseller) = shop(pool, Readiness::default()).await;
    let mut rig = Rig::with(&shop, ASK_FIRST);
    let orders = shop.place_many(reseller.package("2"), 3).await;
    assert_eq!(rig.buy().await, 3);
    assert_eq!(count(&reseller, Endpoint::Status), 3);
    rig.run_out().await;
    for order in orders {
        assert_eq!(
            shop.events(order).await,
            ["claimed", "accepted", "completed"]
        );
        assert_eq!(shop.purchases(order).await[0].text("cost"), "35");
    }
    assert_eq!(count(&reseller, Endpoint::Purchase), 3);
}

#[sqlx::test(migrations = false)]
async fn what_the_panel_knows_is_taken_over_as_it_stands_there_and_not_bought(pool: PgPool) {
    let (shop, reseller) = shop(pool, Readiness::default()).await;
    let orders = forgotten(&shop, &reseller, &["2", "3", "4"]).await;
    let claimed = shop.now();
    let mut rig = Rig::with(&shop, ASK_FIRST);
    assert_eq!(rig.buy().await, 3);
    let endings = [
        (Stage::Completed, "done"),
        (Stage::Completed, "done"),
        (Stage::Failed, "failed"),
    ];
    for (order, (stage, external)) in orders.iter().zip(endings) {
        assert_eq!(shop.stage(*order).await, stage);
        let row = shop.shop_row(*order).await;
        assert_eq!(row.text("externalStatus"), external);
        assert_eq!(row.text("sentAt"), iso(claimed), "bought by then");
        assert_eq!(row.text("provider_referans"), reseller.reference(*order));
    }
    let pin = reseller
        .panel
        .pin_of(ACCOUNT.0, &reseller.reference(orders[0]));
    assert_eq!(shop.shop_row(orders[0]).await.text("pinCode"), pin);
    rig.run_out().await;
    assert_eq!(count(&reseller, Endpoint::Purchase), 3, "once each");
    assert!(reseller.panel.ledger().players_sold_twice().is_empty());
}

#[sqlx::test(migrations = false)]
async fn what_the_panel_is_working_on_is_watched(pool: PgPool) {
    let (shop, reseller) = shop(pool, Readiness::after_waits(2)).await;
    let order = forgotten(&shop, &reseller, &["2"]).await[0];
    let mut rig = Rig::with(&shop, ASK_FIRST);
    rig.buy().await;
    assert_eq!(shop.stage(order).await, Stage::Submitted);
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("externalStatus"), "processing");
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    assert_eq!(count(&reseller, Endpoint::Purchase), 1);
}

#[sqlx::test(migrations = false)]
async fn without_an_answer_that_means_something_nothing_is_bought_until_there_is_one(pool: PgPool) {
    let (shop, reseller) = shop(pool, Readiness::default()).await;
    let settings = [ASK_FIRST[0], ("znet.request_timeout", "400ms")];
    let mut rig = Rig::with(&shop, &settings);
    let order = shop.place(reseller.package("2")).await;
    let troubles = [
        Trouble::Reset,
        Trouble::Hang,
        Trouble::Page(502),
        Trouble::says("OK|7|?|bilinmeyen"),
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
        // Of the daemon's first minutes: another one may have bought it before.
        assert!(!tracked.watched.may_resend, "{what}");
        assert!(tracked.due_at.unwrap() > shop.now(), "{what}");
        assert_eq!(count(&reseller, Endpoint::Purchase), 0, "{what}");
        let event = shop.event(order, "not_sent").await;
        assert!(event["answer"].is_string(), "{what}: {event}");
    }
    assert_eq!(shop.breaker(reseller.id).await.unwrap().1, "blocked");
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    assert_eq!(count(&reseller, Endpoint::Purchase), 1);
    assert_eq!(shop.purchases(order).await.len(), 1);
}
