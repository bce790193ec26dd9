//! Somebody pauses buying: it stops at once for every replica, and what was bought is watched on.

use std::time::Duration;

use orderwatch::{
    order::{FieldRule, OrderId, PlayerFields, Reference, Stage},
    store::{Claim, Lease},
};
use sandbox::panel::Endpoint;
use sqlx::PgPool;
use uuid::Uuid;

use crate::support::{Reseller, Rig, Shop};

async fn waits_untouched(shop: &Shop, order: OrderId, version: &str) {
    assert!(shop.find_tracked(order).await.is_none());
    assert_eq!(shop.version(order).await, version);
}

#[sqlx::test(migrations = false)]
async fn a_pause_everywhere_stops_buying_and_not_asking_until_it_is_lifted(pool: PgPool) {
    let shop = Shop::bare(pool).await;
    let panels = [shop.reseller(|_| {}).await, shop.reseller(|_| {}).await];
    let (mut one, mut two) = (Rig::new(&shop), Rig::new(&shop));
    let bought = shop.place(panels[0].package("2")).await;
    one.buy().await;
    shop.pause(None).await;
    let mut waiting = Vec::new();
    for reseller in &panels {
        let order = shop.place(reseller.package("2")).await;
        waiting.push((order, shop.version(order).await));
    }
    shop.advance(Duration::from_mins(1));
    assert_eq!(one.buy().await + two.buy().await, 0);
    assert_eq!(two.poll().await.started, 1);
    assert_eq!(shop.stage(bought).await, Stage::Completed);
    // A daemon that starts now is bound by it too.
    drop((one, two));
    let mut rig = Rig::new(&shop);
    assert_eq!(rig.buy().await, 0);
    for (order, version) in &waiting {
        waits_untouched(&shop, *order, version).await;
    }
    shop.resume(None).await;
    assert_eq!(rig.buy().await, 2);
    rig.run_out().await;
    for (order, _) in waiting {
        assert_eq!(shop.stage(order).await, Stage::Completed);
    }
}

#[sqlx::test(migrations = false)]
async fn a_pause_of_one_panel_leaves_the_others_alone(pool: PgPool) {
    let shop = Shop::bare(pool).await;
    let (paused, open) = (shop.reseller(|_| {}).await, shop.reseller(|_| {}).await);
    let mut rig = Rig::new(&shop);
    let watched = shop.place(paused.package("2")).await;
    rig.buy().await;
    shop.pause(Some(paused.id)).await;
    let waiting = shop.place(paused.package("2")).await;
    let version = shop.version(waiting).await;
    let other = shop.place(open.package("2")).await;
    rig.buy().await;
    rig.run_out().await;
    for order in [watched, other] {
        assert_eq!(shop.stage(order).await, Stage::Completed);
    }
    waits_untouched(&shop, waiting, &version).await;
    // Lifting the pause of another scope changes nothing; of this one, everything.
    shop.pause(None).await;
    shop.resume(None).await;
    assert_eq!(rig.buy().await, 0);
    shop.resume(Some(paused.id)).await;
    assert_eq!(rig.buy().await, 1);
}

#[sqlx::test(migrations = false)]
async fn an_order_that_is_to_be_sent_again_waits_too(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    shop.place(reseller.package("2")).await;
    rig.buy().await;
    let order = shop.place(reseller.package("2")).await;
    reseller.panel.pause_listening().await.unwrap();
    rig.buy().await;
    assert_eq!(shop.stage(order).await, Stage::Queued);
    reseller.panel.resume_listening().await.unwrap();
    shop.pause(Some(reseller.id)).await;
    shop.advance(Duration::from_hours(1));
    assert_eq!(rig.buy().await, 0);
    assert_eq!(shop.stage(order).await, Stage::Queued);
    shop.resume(Some(reseller.id)).await;
    assert_eq!(rig.buy().await, 1);
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 2);
}

fn claim(reseller: &Reseller, order: OrderId) -> Claim {
    Claim {
        order,
        integration: reseller.id,
        reference: Reference::derive(order, reseller.id, 0),
        round: 0,
        expected: None,
        sold_for: None,
        product: (reseller.package("2"), FieldRule::Fixed(PlayerFields::Sheet)),
    }
}

#[sqlx::test(migrations = false)]
async fn a_pause_between_look_and_claim_holds(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    shop.place(reseller.package("2")).await;
    rig.buy().await;
    let queued = shop.place(reseller.package("2")).await;
    reseller.panel.pause_listening().await.unwrap();
    rig.buy().await;
    let new = shop.place(reseller.package("2")).await;
    shop.advance(Duration::from_mins(10));
    // Whoever claims now has looked before.
    let now = shop.now();
    let lease = Lease {
        token: Uuid::new_v4(),
        now,
        until: now + Duration::from_mins(2),
        give_up_at: now + Duration::from_hours(24),
    };
    for scope in [None, Some(reseller.id)] {
        shop.pause(scope).await;
        let claims = [claim(&reseller, new)];
        let claimed = shop.store.claim_new(&claims, lease, None).await.unwrap();
        assert_eq!(claimed.orders, [], "{scope:?}");
        let claims = [claim(&reseller, queued)];
        let claimed = shop.store.claim_queued(&claims, lease, None).await.unwrap();
        assert_eq!(claimed.orders, [], "{scope:?}");
        shop.resume(scope).await;
    }
    assert!(shop.find_tracked(new).await.is_none());
    assert!(shop.purchases(new).await.is_empty());
    let claims = [claim(&reseller, queued)];
    let claimed = shop.store.claim_queued(&claims, lease, None).await.unwrap();
    assert_eq!(claimed.orders, [queued]);
}
