//! The spending limit: what one panel may cost in 24 hours, however many daemons spend.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::time::Duration;

use chrono::{DateTime, Utc};
use orderwatch::order::{IntegrationId, OrderId, Stage};
use rust_decimal::Decimal;
use sandbox::{
    panel::Endpoint,
    trouble::{Fault, Trouble},
};
use sqlx::PgPool;

use crate::people::run;
use crate::support::{ACCOUNT, Reseller, Rig, Shop};

/// Two orders at 35 TRY fit below it, a third does not; the second reaches four fifths of it.
const LIMIT: &[(&str, &str)] = &[("dispatch.daily_limit", "87.5")];
const DAY: Duration = Duration::from_hours(24);
const ALMOST_A_DAY: Duration = Duration::from_micros(86_399_999_999);

/// When it was last warned that the limit is near.
async fn warned(shop: &Shop, panel: IntegrationId) -> Option<DateTime<Utc>> {
    let sql = "SELECT limit_warned_at FROM orderwatch.panels WHERE integration_id = $1";
    let warned = sqlx::query_scalar(sql).bind(panel.0);
    warned.fetch_optional(&shop.pool).await.unwrap().flatten()
}

async fn buy(shop: &Shop, reseller: &Reseller, rig: &mut Rig) -> OrderId {
    let order = shop.place(reseller.package("2")).await;
    rig.buy().await;
    order
}

async fn assert_over(shop: &Shop, order: OrderId) {
    assert_eq!(shop.held(order).await, "daily_limit");
    let row = shop.shop_row(order).await;
    let said = "Held: the spending limit of this panel is reached.";
    assert_eq!(row.text("lastMessage"), said);
    assert_eq!(row.text("externalStatus"), "not_sent");
    assert_eq!(row.text("status"), "pending");
    assert_eq!(row.text("provider_referans"), "");
    assert_eq!(shop.events(order).await, ["held"]);
    assert_eq!(shop.event(order, "held").await["reason"], "daily_limit");
    assert!(shop.purchases(order).await.is_empty());
}

#[sqlx::test(migrations = false)]
async fn what_would_exceed_it_is_held_and_it_warns_once_when_it_is_near(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::with(&shop, LIMIT);
    buy(&shop, &reseller, &mut rig).await;
    assert_eq!(warned(&shop, reseller.id).await, None);
    shop.advance(Duration::from_mins(1));
    buy(&shop, &reseller, &mut rig).await;
    let first = warned(&shop, reseller.id).await;
    assert_eq!(first, Some(shop.now()));
    shop.advance(Duration::from_mins(1));
    let third = buy(&shop, &reseller, &mut rig).await;
    assert_over(&shop, third).await;
    // Something that still fits is bought, and what was bought is watched.
    let small = shop.place(reseller.package("3")).await;
    rig.buy().await;
    assert_eq!(shop.stage(small).await, Stage::Submitted);
    rig.run_out().await;
    assert_eq!(shop.stage(small).await, Stage::Completed);
    assert_over(&shop, third).await;
    assert_eq!(warned(&shop, reseller.id).await, first, "once");
    let charged = reseller.panel.ledger().charged(ACCOUNT.0);
    assert_eq!(charged, Decimal::new(8012, 2));
}

#[sqlx::test(migrations = false)]
async fn what_is_older_than_a_day_does_not_count(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::with(&shop, LIMIT);
    for _ in 0..2 {
        buy(&shop, &reseller, &mut rig).await;
    }
    let bought = shop.now();
    let near = warned(&shop, reseller.id).await;
    shop.advance(ALMOST_A_DAY);
    let early = buy(&shop, &reseller, &mut rig).await;
    assert_over(&shop, early).await;
    shop.advance(Duration::from_micros(1));
    let late = buy(&shop, &reseller, &mut rig).await;
    assert_eq!(shop.stage(late).await, Stage::Submitted);
    assert_eq!(warned(&shop, reseller.id).await, near, "35 of 87.5");
    buy(&shop, &reseller, &mut rig).await;
    let again = warned(&shop, reseller.id).await;
    assert_eq!(again, Some(bought + DAY), "a new day, a new warning");
    assert_over(&shop, early).await;
}

#[sqlx::test(migrations = false)]
async fn a_charge_that_is_not_known_counts_with_the_list_price_and_a_refusal_with_nothing(
    pool: PgPool,
) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::with(&shop, LIMIT);
    let answers = [
        Fault::Instead(Trouble::says("3|Oyuncu bulunamadı")),
        Fault::Instead(Trouble::Close),
        Fault::After(Trouble::Close),
    ];
    let mut orders = Vec::new();
    for fault in answers {
        reseller.panel.faults().next(Endpoint::Purchase, fault);
        orders.push(buy(&shop, &reseller, &mut rig).await);
    }
    assert_eq!(shop.stage(orders[0]).await, Stage::Failed);
    for order in &orders[1..] {
        assert_eq!(shop.stage(*order).await, Stage::Unconfirmed);
        let purchase = &shop.purchases(*order).await[0];
        assert_eq!(purchase.text("expected"), "35");
        assert_eq!(*purchase.get("cost"), serde_json::Value::Null);
    }
    let over = buy(&shop, &reseller, &mut rig).await;
    assert_over(&shop, over).await;
    // What was surely not sent costs nothing either.
    shop.advance(DAY);
    let order = shop.place(reseller.package("2")).await;
    reseller.panel.pause_listening().await.unwrap();
    rig.buy().await;
    assert_eq!(shop.stage(order).await, Stage::Queued);
    reseller.panel.resume_listening().await.unwrap();
    for _ in 0..2 {
        buy(&shop, &reseller, &mut rig).await;
    }
    assert_eq!(reseller.panel.ledger().sale_count(), 3);
    // Its own turn comes when the limit is reached: it is put aside, not sent, and says so.
    while shop.stage(order).await == Stage::Queued {
        assert!(rig.step().await || shop.held(order).await == "daily_limit");
    }
    assert_eq!(shop.held(order).await, "daily_limit");
    assert_eq!(
        shop.events(order).await,
        ["claimed", "not_sent", "held"],
        "nothing of it is at the panel"
    );
    assert_eq!(reseller.panel.ledger().sale_count(), 3);

    // Nor once somebody lets it go on.
    let retry = format!("order retry {order} --reason limit_raised");
    run(&shop, &retry).await.fine();
    let purchase = &shop.purchases(order).await[0];
    assert_eq!(purchase.text("outcome"), "not_sent");
}

#[sqlx::test(migrations = false)]
async fn what_is_sent_once_more_counts_once(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::with(&shop, &[LIMIT[0], ("dispatch.unconfirmed", "resend")]);
    let lost = Fault::Instead(Trouble::Close);
    reseller.panel.faults().next(Endpoint::Purchase, lost);
    let order = buy(&shop, &reseller, &mut rig).await;
    assert_eq!(shop.stage(order).await, Stage::Unconfirmed);
    buy(&shop, &reseller, &mut rig).await;

    // 70 are spent or may be, and 35 of them are its own.
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    let charged = reseller.panel.ledger().charged(ACCOUNT.0);
    assert_eq!(charged, Decimal::from(70));
}

#[sqlx::test(migrations = false)]
async fn two_daemons_together_never_exceed_it(pool: PgPool) {
    let shop = Shop::bare(pool).await;
    let panels = [shop.reseller(|_| {}).await, shop.reseller(|_| {}).await];
    let settings = [("dispatch.daily_limit", "350"), ("znet.max_in_flight", "3")];
    let (mut one, mut two) = (Rig::with(&shop, &settings), Rig::with(&shop, &settings));
    let mut orders = Vec::new();
    for reseller in &panels {
        orders.extend(shop.place_many(reseller.package("2"), 18).await);
    }
    let untracked = "SELECT count(*) FROM product_orders o WHERE NOT EXISTS (
        SELECT FROM orderwatch.orders t WHERE t.order_id = o.id)";
    while shop.count(untracked).await > 0 {
        futures::join!(one.dispatch(), two.dispatch());
    }
    let mut held = 0;
    for order in &orders {
        if shop.stage(*order).await == Stage::Held {
            assert_over(&shop, *order).await;
            held += 1;
        }
    }
    assert_eq!(held, 16);
    for reseller in &panels {
        let charged = reseller.panel.ledger().charged(ACCOUNT.0);
        assert_eq!(charged, Decimal::from(350), "each panel has its own limit");
        assert_eq!(warned(&shop, reseller.id).await, Some(shop.now()));
    }
}
