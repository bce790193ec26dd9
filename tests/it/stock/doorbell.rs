//! Orders that Trendyol calls about: read within one pass, asked about again when they are not there
//! yet, and never lost where a call is.

use std::{sync::Arc, time::Duration};

use orderwatch::{
    marketplace::Registration,
    store::MarketAccount,
    worker::trendyol::{Answered, Doorbell},
};
use sandbox::trendyol::{Endpoint, Product, trouble};
use sandbox::trouble::Fault;
use sqlx::PgPool;

use super::{rig::Rig, warehouse::Warehouse};

const ADDRESS: &str = "https://orders.shop.example/hooks/orders/107703";
const CALLS: &str = "SELECT order_number, tries FROM orderwatch.order_calls";

fn doorbell(rig: &Rig) -> Doorbell {
    Doorbell::new(
        Arc::clone(&rig.pull),
        Arc::default(),
        Some(ADDRESS.to_owned()),
    )
}

async fn called(rig: &Rig, order: &str) {
    let (store, now) = (&rig.seller.store, rig.now());
    let orders = [order.to_owned()];
    store.note_order_calls(&orders, now).await.unwrap();
}

async fn packages(rig: &Rig) -> usize {
    let packages = "SELECT package_id FROM orderwatch.packages";
    rig.warehouse.rows(packages).await.len()
}

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[sqlx::test(migrations = false)]
async fn an_order_is_read_within_one_pass(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 9)]).await;
    let order = rig.shop.sell_parcels(&[&[("A", 1)], &[("A", 2)]]).unwrap();
    called(&rig, &order.number).await;
    called(&rig, &order.number).await;
    let read = Answered {
        read: 1,
        ..Answered::default()
    };
    assert_eq!(doorbell(&rig).pass().await.unwrap(), read);
    assert_eq!(packages(&rig).await, 2);
    assert!(rig.warehouse.rows(CALLS).await.is_empty());
    assert_eq!(doorbell(&rig).pass().await.unwrap(), Answered::default());
}

#[sqlx::test(migrations = false)]
async fn an_order_that_is_not_there_yet_is_asked_about_again(pool: PgPool) {
    let late = secs(70);
    let rig = Rig::over(Warehouse::new(pool).await, |plan| {
        plan.products = vec![Product::new("A", 9)];
        plan.feed_delay = late..=late;
    })
    .await;
    let order = rig.shop.sell("A", 1).unwrap();
    called(&rig, &order.number).await;
    let later = Answered {
        later: 1,
        ..Answered::default()
    };
    for pause in [5, 15, 60] {
        assert_eq!(doorbell(&rig).pass().await.unwrap(), later);
        rig.wait(secs(pause - 1));
        assert_eq!(doorbell(&rig).pass().await.unwrap(), Answered::default());
        rig.wait(secs(1));
    }
    assert_eq!(doorbell(&rig).pass().await.unwrap().read, 1);
    assert_eq!(packages(&rig).await, 1);

    // One that never comes is left to the pull.
    called(&rig, "777").await;
    for pause in [5, 15, 60] {
        assert_eq!(doorbell(&rig).pass().await.unwrap(), later);
        rig.wait(secs(pause));
    }
    let left = Answered {
        left: 1,
        ..Answered::default()
    };
    assert_eq!(doorbell(&rig).pass().await.unwrap(), left);
    assert!(rig.warehouse.rows(CALLS).await.is_empty());
}

#[sqlx::test(migrations = false)]
async fn an_answer_that_fails_is_asked_for_again(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 9)]).await;
    let order = rig.shop.sell("A", 1).unwrap();
    called(&rig, &order.number).await;
    let down = Fault::Instead(trouble::system_error(Endpoint::Orders, 503));
    rig.shop.faults().next(Endpoint::Orders, down);
    doorbell(&rig).pass().await.unwrap_err();
    assert_eq!(
        rig.warehouse.rows(CALLS).await,
        [format!("{}|1", order.number)]
    );
    // A new call about it does not wait for the old one's pause.
    called(&rig, &order.number).await;
    assert_eq!(doorbell(&rig).pass().await.unwrap().read, 1);
    assert_eq!(packages(&rig).await, 1);
}

#[sqlx::test(migrations = false)]
async fn a_call_that_is_lost_loses_nothing(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 9)]).await;
    rig.pull().await.unwrap();
    rig.shop.sell("A", 1).unwrap();
    rig.wait(secs(60));
    rig.pull().await.unwrap();
    assert_eq!(packages(&rig).await, 1);
}

#[sqlx::test(migrations = false)]
async fn what_the_pull_has_read_long_since_is_not_asked_about(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 9)]).await;
    let order = rig.shop.sell("A", 1).unwrap();
    called(&rig, &order.number).await;
    rig.wait(Duration::from_mins(16));
    rig.pull().await.unwrap();
    let asked = rig.shop.ledger().count(Endpoint::Orders);
    let left = Answered {
        left: 1,
        ..Answered::default()
    };
    assert_eq!(doorbell(&rig).pass().await.unwrap(), left);
    assert_eq!(rig.shop.ledger().count(Endpoint::Orders), asked);
}

#[sqlx::test(migrations = false)]
async fn one_replica_asks(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 9)]).await;
    let order = rig.shop.sell("A", 1).unwrap();
    called(&rig, &order.number).await;
    let lead = rig.seller.store.lead("read-called-orders").await.unwrap();
    assert_eq!(doorbell(&rig).pass().await.unwrap(), Answered::default());
    lead.unwrap().resign().await;
    assert_eq!(doorbell(&rig).pass().await.unwrap().read, 1);
}

#[sqlx::test(migrations = false)]
async fn it_is_known_since_when_trendyol_does_not_call(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 9)]).await;
    let account = MarketAccount {
        seller_id: "107703".to_owned(),
        environment: "local".to_owned(),
        since: rig.now(),
    };
    let store = &rig.seller.store;
    store.adopt_market_account(&account).await.unwrap();
    let silent = "SELECT webhook_silent_since IS NOT NULL FROM orderwatch.trendyol_account";
    doorbell(&rig).check().await.unwrap();
    assert_eq!(rig.warehouse.rows(silent).await, ["true"]);

    let registration = Registration {
        url: ADDRESS.to_owned(),
        user: "orderwatch".to_owned(),
        password: "a-password-of-the-hook".into(),
    };
    let hooks = rig.seller.market.hooks().unwrap();
    hooks.register(None, &registration).await.unwrap();
    doorbell(&rig).check().await.unwrap();
    assert_eq!(rig.warehouse.rows(silent).await, ["false"]);
}
