//! Beside the shop's own sender: what it has bought is watched by the name that it gave it, and a sender
//! that buys what orderwatch has bought is noticed.

use std::time::Duration;

use orderwatch::order::{OrderId, Stage};
use sandbox::barakat::{Endpoint, Readiness};
use serde_json::Value;
use sqlx::PgPool;

use super::{asked, purchases};
use crate::support::{BarakatReseller, Rig, Shop, iso};

const MINUTE: Duration = Duration::from_mins(1);

/// An order that the shop has sent itself three minutes ago, and what the panel calls it.
async fn sent_by_shop(shop: &Shop, reseller: &BarakatReseller) -> (OrderId, String) {
    let order = shop.place(reseller.package("501")).await;
    let player = shop.player(order).await;
    let sale = reseller
        .sell_to_shop(&order.to_string(), "501", &[("uid", &player)])
        .await;
    let (panel, at) = (reseller.id, iso(shop.now() - MINUTE * 3));
    let columns = format!(
        r#"status = 'PENDING', "providerId" = '{panel}', "externalStatus" = 'sent', "sentAt" = '{at}',
           "externalOrderId" = id::text, "createdAt" = '{at}'::timestamptz - interval '2 s'"#
    );
    shop.set(order, &columns).await;
    (order, sale.number.to_string())
}

async fn named(shop: &Shop, order: OrderId, name: &str) {
    shop.set(order, &format!("provider_referans = '{name}'"))
        .await;
}

#[sqlx::test(migrations = false)]
async fn what_the_shop_sent_is_asked_about_by_what_stands_in_its_row(pool: PgPool) {
    let shop = Shop::bare(pool).await;
    for by_uuid in [false, true] {
        let reseller = shop
            .barakat(|plan| plan.readiness = Readiness::after_waits(1))
            .await;
        let (order, number) = sent_by_shop(&shop, &reseller).await;
        let name = if by_uuid { order.to_string() } else { number };
        named(&shop, order, &name).await;
        let mut rig = Rig::new(&shop);
        let report = rig.sweep().await;
        assert_eq!((report.adopted, report.held), (1, 0), "{name}");
        assert_eq!(report.overwritten, 0, "{name}");
        let tracked = shop.tracked(order).await;
        // By its own id the shop marks, too, what was refused or got no answer.
        let stage = if by_uuid {
            Stage::Unconfirmed
        } else {
            Stage::Submitted
        };
        assert_eq!(tracked.watched.stage, stage, "{name}");
        assert!(!tracked.watched.may_resend, "{name}");
        assert_eq!(shop.events(order).await, ["adopted"], "{name}");

        rig.run_out().await;
        assert_eq!(shop.stage(order).await, Stage::Completed, "{name}");
        let row = shop.shop_row(order).await;
        assert_eq!(row.text("externalStatus"), "done", "{name}");
        assert_eq!(row.text("pinCode"), reseller.pin(order), "{name}");
        assert_eq!(row.text("provider_referans"), name, "left as it was");
        let asks = (Endpoint::Status, by_uuid);
        let bought = (Endpoint::Purchase, false);
        assert_eq!(asked(&reseller), [bought, asks, asks], "{name}");
        let about = reseller
            .panel
            .ledger()
            .requests_about(Endpoint::Status, &name);
        assert_eq!(about.len(), 2, "{name}");
    }
}

#[sqlx::test(migrations = false)]
async fn without_a_reference_of_its_own_the_orders_id_serves_where_the_shop_left_it(pool: PgPool) {
    let (shop, reseller) = Shop::open_barakat(pool, |_| {}).await;
    let (order, _) = sent_by_shop(&shop, &reseller).await;
    let mut rig = Rig::new(&shop);
    assert_eq!(rig.sweep().await.adopted, 1);
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    assert_eq!(purchases(&reseller, order), 1, "the shop's own");
}

#[sqlx::test(migrations = false)]
async fn a_number_that_two_orders_have_belongs_to_the_one_that_was_sent_first(pool: PgPool) {
    let (shop, reseller) = Shop::open_barakat(pool, |_| {}).await;
    let (first, number) = sent_by_shop(&shop, &reseller).await;
    shop.advance(MINUTE);
    let (second, _) = sent_by_shop(&shop, &reseller).await;
    for order in [first, second] {
        named(&shop, order, &number).await;
    }
    let mut rig = Rig::new(&shop);
    let report = rig.sweep().await;
    assert_eq!((report.adopted, report.held), (1, 1));
    rig.run_out().await;
    assert_eq!(shop.held(second).await, "reference_shared");
    assert_eq!(*shop.shop_row(second).await.get("pinCode"), Value::Null);
    let row = shop.shop_row(first).await;
    assert_eq!(row.text("pinCode"), reseller.pin(first));
}

#[sqlx::test(migrations = false)]
async fn a_second_sender_that_writes_over_our_reference_pauses_buying_there(pool: PgPool) {
    let shop = Shop::bare(pool).await;
    let here = shop.barakat(|plan| plan.readiness = Readiness::NEVER).await;
    let there = shop.barakat(|_| {}).await;
    let mut rig = Rig::new(&shop);
    let order = shop.place(here.package("501")).await;
    assert_eq!(rig.buy().await, 1);
    // The same name is no evidence: the shop would have given it, too.
    named(&shop, order, &order.to_string()).await;
    assert_eq!(rig.sweep().await.overwritten, 0);

    // It has bought again, and writes the panel's number where our name stood.
    let player = shop.player(order).await;
    here.sell_to_shop(&order.to_string(), "501", &[("uid", &player)])
        .await;
    named(&shop, order, "67891").await;
    let waits = shop.place(here.package("501")).await;
    let goes = shop.place(there.package("501")).await;
    assert_eq!(rig.buy().await, 1, "the other panel goes on");
    assert!(shop.find_tracked(waits).await.is_none());
    assert_eq!(shop.stage(goes).await, Stage::Submitted);
    let event = shop.event(order, "overwritten").await;
    assert_eq!(event["found_reference"], "67891");
    assert_eq!(event["reference"], order.to_string());
    let brakes = shop.store.brakes().await.unwrap();
    let paused: Vec<_> = brakes
        .into_iter()
        .map(|brake| (brake.who, brake.panel))
        .collect();
    assert_eq!(paused, [("orderwatch".to_owned(), Some(here.id))]);
}
