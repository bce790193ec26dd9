//! Two daemons on one database: an order belongs to one of them at a time, and what the other one
//! knows of it is not lost.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::{collections::HashSet, time::Duration};

use orderwatch::{
    order::{FieldRule, OrderId, PlayerFields, Reference, Stage},
    store::{Claim, Lease, Share},
};
use sandbox::{
    gates::Moment,
    panel::{Endpoint, Readiness},
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::support::{ACCOUNT, Reseller, Rig, Shop};

/// The shipped length of both leases.
const LEASE: Duration = Duration::from_mins(2);

/// Takes an order for sending and then dies, before or after the call.
async fn claim_and_die(shop: &Shop, reseller: &Reseller, order: OrderId) {
    let claim = Claim {
        order,
        integration: reseller.id,
        reference: Reference::derive(order, reseller.id, 0),
        round: 0,
        expected: None,
        sold_for: None,
        product: (reseller.package("2"), FieldRule::Fixed(PlayerFields::Sheet)),
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
async fn two_dispatchers_at_one_moment_buy_each_order_once(pool: PgPool) {
    let (shop, reseller) = Shop::open_at(pool, |plan| plan.refuses_duplicates = false).await;
    let unlimited = [("znet.max_in_flight", "0")];
    let (mut one, mut two) = (Rig::with(&shop, &unlimited), Rig::with(&shop, &unlimited));
    shop.place(reseller.package("3")).await;
    one.buy().await;
    shop.place(reseller.package("3")).await;
    two.buy().await;
    let mut placed = 2;
    for round in 0..12 {
        let count = 10 + 7 * (round % 3);
        shop.place_many(reseller.package("2"), count).await;
        placed += count;
        loop {
            let (one, two) = futures::join!(one.dispatch(), two.dispatch());
            if one.started + two.started == 0 {
                break;
            }
        }
    }
    let ledger = reseller.panel.ledger();
    assert_eq!(ledger.sale_count(), placed);
    assert!(ledger.references_sent_twice().is_empty());
    assert!(ledger.players_sold_twice().is_empty());
    // The same for what is to be asked.
    let before = ledger.count(Endpoint::Status);
    shop.advance(Duration::from_mins(1));
    loop {
        let (one, two) = futures::join!(one.poll(), two.poll());
        if one.started + two.started == 0 {
            break;
        }
    }
    let asked = ledger.count(Endpoint::Status) - before;
    assert_eq!(usize::try_from(asked).unwrap(), placed);
    let left: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM product_orders WHERE \"externalStatus\" NOT IN ('done', 'failed')",
    )
    .fetch_one(&shop.pool)
    .await
    .unwrap();
    assert_eq!(left, 0);
}

#[sqlx::test(migrations = false)]
async fn claims_of_the_same_due_orders_at_one_moment_are_disjoint(pool: PgPool) {
    let (shop, reseller) = Shop::open_at(pool, |plan| plan.readiness = Readiness::NEVER).await;
    let mut rig = Rig::with(&shop, &[("znet.max_in_flight", "0")]);
    let orders = shop.place_many(reseller.package("2"), 60).await;
    rig.buy().await;
    shop.advance(Duration::from_mins(1));
    let share = Share {
        integration: reseller.id,
        tenant: shop.tenant,
        limit: 25,
    };
    let now = shop.now();
    let claim = |token| {
        shop.store
            .claim_due(std::slice::from_ref(&share), token, now, now + LEASE)
    };
    let tokens = std::array::from_fn::<_, 4, _>(|_| Uuid::new_v4());
    let claims = futures::join!(
        claim(tokens[0]),
        claim(tokens[1]),
        claim(tokens[2]),
        claim(tokens[3])
    );
    let mut seen = HashSet::new();
    for claimed in [claims.0, claims.1, claims.2, claims.3] {
        let claimed = claimed.unwrap();
        assert!(claimed.len() <= 25);
        for due in claimed {
            assert!(seen.insert(due.unwrap().order), "claimed twice");
        }
    }
    assert!(seen.len() <= orders.len());
    assert!(seen.len() >= 25, "at least one got all that it asked for");
}

#[sqlx::test(migrations = false)]
async fn a_sender_that_dies_before_the_call_leaves_an_order_that_is_asked_about_not_sent(
    pool: PgPool,
) {
    let (shop, reseller) = Shop::open(pool).await;
    let order = shop.place(reseller.package("2")).await;
    claim_and_die(&shop, &reseller, order).await;
    let mut rig = Rig::new(&shop);
    // As long as the lease lasts it may still be on its way.
    shop.advance(LEASE.saturating_sub(Duration::from_micros(1)));
    rig.buy().await;
    rig.poll().await;
    assert_eq!(shop.stage(order).await, Stage::Dispatching);
    assert_eq!(reseller.panel.ledger().count(Endpoint::Status), 0);
    shop.advance(Duration::from_micros(1));
    rig.buy().await;
    rig.poll().await;
    assert_eq!(shop.stage(order).await, Stage::Unconfirmed);
    assert_eq!(
        shop.events(order).await,
        ["claimed", "lease_expired", "not_known"]
    );
    rig.run_out().await;
    assert_eq!(shop.held(order).await, "unconfirmed");
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 0);
}

#[sqlx::test(migrations = false)]
async fn a_sender_that_dies_after_the_call_has_its_order_settled_by_another(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let order = shop.place(reseller.package("2")).await;
    let mut lost = Rig::new(&shop);
    lost.dispatch().await;
    let gate = reseller
        .panel
        .hold(Endpoint::Purchase, Moment::BeforeAnswer);
    lost.begin_dispatch().await;
    gate.arrived(1).await;
    shop.advance(LEASE);
    let mut rig = Rig::new(&shop);
    rig.buy().await;
    rig.poll().await;
    let row = shop.shop_row(order).await;
    let pin = reseller.panel.pin_of(ACCOUNT.0, &reseller.reference(order));
    assert_eq!(row.text("pinCode"), pin);
    let version = shop.version(order).await;

    // It was not dead, only slow: its answer comes now, and changes nothing.
    gate.open();
    lost.finish().await;
    assert_eq!(shop.version(order).await, version);
    let steps = ["claimed", "lease_expired", "completed", "late_answer"];
    assert_eq!(shop.events(order).await, steps);
    let late = shop.event(order, "late_answer").await;
    assert_eq!(late["result"], "accepted");
    assert_eq!(late["evidence"]["cost"], "35");
    assert_eq!(reseller.panel.ledger().sale_count(), 1);
}

#[sqlx::test(migrations = false)]
async fn a_question_whose_lease_ended_loses_against_the_newer_one(pool: PgPool) {
    let (shop, reseller) =
        Shop::open_at(pool, |plan| plan.readiness = Readiness::after_waits(1)).await;
    let order = shop.place(reseller.package("2")).await;
    let (mut slow, mut quick) = (Rig::new(&shop), Rig::new(&shop));
    slow.buy().await;
    shop.advance(Duration::from_mins(1));
    let gate = reseller.panel.hold(Endpoint::Status, Moment::BeforeAnswer);
    slow.begin_poll().await;
    gate.arrived(1).await;
    // While the lease lasts nobody else asks.
    quick.poll().await;
    assert_eq!(reseller.panel.ledger().count(Endpoint::Status), 1);
    shop.advance(LEASE);
    quick.begin_poll().await;
    gate.arrived(2).await;
    gate.open();
    quick.finish().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    let row = shop.shop_row(order).await;
    slow.finish().await;
    assert_eq!(shop.shop_row(order).await, row, "not back to processing");
    assert_eq!(shop.stage(order).await, Stage::Completed);
    let late = shop.event(order, "late_answer").await;
    assert_eq!(late["result"], "processing");
}

#[sqlx::test(migrations = false)]
async fn an_answer_that_was_written_before_is_written_once(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let order = shop.place(reseller.package("2")).await;
    let mut rig = Rig::new(&shop);
    rig.buy().await;
    shop.advance(Duration::from_mins(1));
    // The lock makes the recorder keep the result; it is written after the lock is gone.
    let mut holder = shop.pool.begin().await.unwrap();
    sqlx::query("SELECT FROM product_orders WHERE id = $1 FOR UPDATE")
        .bind(order.0)
        .execute(&mut *holder)
        .await
        .unwrap();
    rig.poll().await;
    rig.record().await;
    assert_eq!(shop.stage(order).await, Stage::Submitted);
    holder.rollback().await.unwrap();
    for _ in 0..3 {
        rig.record().await;
    }
    assert_eq!(
        shop.events(order).await,
        ["claimed", "accepted", "completed"]
    );
    let row = shop.shop_row(order).await;
    assert_eq!(row.notes(), ["VIP", "Sent to the panel.", "Completed."]);
}

#[sqlx::test(migrations = false)]
async fn one_process_leads_a_job_until_it_resigns_or_its_connection_ends(pool: PgPool) {
    let shop = Shop::bare(pool).await;
    let lead = || async { shop.store.lead("sweep").await.unwrap() };
    let leader = lead().await.unwrap();
    assert!(lead().await.is_none());
    let other = shop.store.lead("retention").await.unwrap();
    assert!(other.is_some(), "another job has its own leader");
    leader.resign().await;
    let leader = lead().await.unwrap();
    let ended = "SELECT pg_terminate_backend(pid) FROM pg_locks
                 WHERE locktype = 'advisory'
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    shop.sql(ended).await;
    while lead().await.is_none() {}
    leader.resign().await;
}
