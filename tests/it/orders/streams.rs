//! Many panels at once: none starves another, none slows another down, none is asked for more than
//! it takes.

use std::time::Duration;

use orderwatch::order::Stage;
use sandbox::{
    gates::Moment,
    panel::{Endpoint, Readiness, StatusMode},
};
use sqlx::PgPool;

use crate::support::{Reseller, Rig, Shop, iso};

/// Little room, so that it is scarce.
const NARROW: &[(&str, &str)] = &[("dispatch.max_in_flight", "4"), ("poll.max_in_flight", "4")];

/// Many orders at once, oldest first.
async fn flood(shop: &Shop, reseller: &Reseller, count: usize) {
    let (tenant, package) = (shop.tenant, reseller.package("2"));
    let now = iso(shop.now());
    shop.sql(&format!(
        r#"INSERT INTO product_orders ("tenantId", "packageId", "userIdentifier", "createdAt")
           SELECT '{tenant}', '{package}', 'flood-' || n,
                  '{now}'::timestamptz - interval '10 min' + n * interval '1 ms'
           FROM generate_series(1, {count}) AS n"#
    ))
    .await;
}

/// Many orders that are to be asked about, overdue for a minute.
async fn flood_of_checks(shop: &Shop, reseller: &Reseller, count: usize) {
    let (tenant, panel) = (shop.tenant, reseller.id);
    let now = iso(shop.now());
    shop.sql(&format!(
        "INSERT INTO orderwatch.orders (order_id, tenant_id, integration_id, reference, stage,
                                        due_at, tracked_at, sent_at, give_up_at)
         SELECT gen_random_uuid(), '{tenant}', '{panel}', n::text, 'submitted',
                '{now}'::timestamptz - interval '1 min', '{now}', '{now}',
                '{now}'::timestamptz + interval '1 day'
         FROM generate_series(1, {count}) AS n"
    ))
    .await;
}

/// A shop with two panels whose price lists are known to the rig.
async fn two_panels(pool: PgPool, settings: &[(&str, &str)]) -> (Shop, [Reseller; 2], Rig) {
    let shop = Shop::bare(pool).await;
    let one = shop
        .reseller(|plan| plan.status = StatusMode::AlwaysWaiting)
        .await;
    let two = shop.reseller(|_| {}).await;
    let mut rig = Rig::with(&shop, settings);
    for reseller in [&one, &two] {
        shop.place(reseller.package("3")).await;
    }
    assert_eq!(rig.buy().await, 2);
    (shop, [one, two], rig)
}

#[sqlx::test(migrations = false)]
async fn a_thousand_orders_at_one_panel_do_not_starve_a_single_one_at_another(pool: PgPool) {
    let (shop, [big, small], mut rig) = two_panels(pool, NARROW).await;
    flood(&shop, &big, 1000).await;
    rig.dispatch().await;
    for _ in 0..5 {
        // One place is kept for a panel that may have something.
        assert_eq!(rig.dispatch().await.started, 3);
    }
    for _ in 0..3 {
        let order = shop.place(small.package("2")).await;
        let started = rig.dispatch().await.started + rig.dispatch().await.started;
        assert_eq!(shop.stage(order).await, Stage::Submitted);
        assert!(started >= 6, "the rest of the room serves the other panel");
    }
    let sold = big.panel.ledger().sale_count();
    assert!((30..40).contains(&sold), "{sold}");
}

#[sqlx::test(migrations = false)]
async fn a_thousand_checks_at_one_panel_do_not_starve_a_single_one_at_another(pool: PgPool) {
    let (shop, [big, small], mut rig) = two_panels(pool, NARROW).await;
    flood_of_checks(&shop, &big, 1000).await;
    let order = shop.place(small.package("2")).await;
    rig.buy().await;
    shop.advance(Duration::from_mins(1));
    rig.poll().await;
    rig.poll().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
}

#[sqlx::test(migrations = false)]
async fn a_panel_that_does_not_answer_does_not_hold_up_the_others(pool: PgPool) {
    let (shop, [slow, quick], mut rig) = two_panels(pool, &[]).await;
    let gates = [Endpoint::Purchase, Endpoint::Status]
        .map(|endpoint| slow.panel.hold(endpoint, Moment::BeforeWork));
    let stuck = shop.place_many(slow.package("2"), 20).await;
    let asked = slow.panel.ledger().count(Endpoint::Status);
    rig.begin_dispatch().await;
    // As many as a panel takes at once, no more.
    gates[0].arrived(8).await;
    for _ in 0..3 {
        let order = shop.place(quick.package("2")).await;
        rig.begin_dispatch().await;
        let reference = quick.reference(order);
        quick.panel.wait_for(|ledger| ledger.sold(&reference)).await;
    }
    assert_eq!(slow.panel.ledger().count(Endpoint::Purchase), 1 + 8);
    assert_eq!(slow.panel.ledger().count(Endpoint::Status), asked);
    for gate in gates {
        gate.open();
    }
    rig.finish().await;
    rig.buy().await;
    for order in stuck {
        assert_eq!(shop.stage(order).await, Stage::Submitted);
    }
}

#[sqlx::test(migrations = false)]
async fn no_panel_ever_has_more_in_flight_than_it_takes_buying_and_asking_together(pool: PgPool) {
    let shop = Shop::bare(pool).await;
    let mut panels = Vec::new();
    for _ in 0..3 {
        panels.push(
            shop.reseller(|plan| plan.readiness = Readiness::after_waits(1))
                .await,
        );
    }
    let mut rig = Rig::with(&shop, &[("znet.max_in_flight", "3")]);
    for panel in &panels {
        shop.place_many(panel.package("2"), 15).await;
    }
    rig.begin_dispatch().await;
    rig.finish().await;
    let gates: Vec<_> = panels
        .iter()
        .map(|reseller| {
            reseller
                .panel
                .hold(Endpoint::Purchase, Moment::BeforeAnswer)
        })
        .collect();
    for _ in 0..4 {
        rig.begin_dispatch().await;
        rig.begin_poll().await;
    }
    for (gate, reseller) in gates.iter().zip(&panels) {
        gate.arrived(3).await;
        assert_eq!(reseller.panel.ledger().in_flight(), 3);
    }
    drop(gates);
    rig.finish().await;
    // Everything at once, until all is done.
    for _ in 0..200 {
        rig.begin_dispatch().await;
        rig.begin_poll().await;
        rig.finish().await;
        shop.advance(Duration::from_secs(10));
    }
    for reseller in &panels {
        let ledger = reseller.panel.ledger();
        assert_eq!(ledger.max_in_flight(), 3);
        assert_eq!(ledger.sale_count(), 15);
    }
    let open =
        "SELECT count(*) FROM product_orders WHERE \"externalStatus\" NOT IN ('done', 'failed')";
    let open: i64 = sqlx::query_scalar(open)
        .fetch_one(&shop.pool)
        .await
        .unwrap();
    assert_eq!(open, 0);
}

#[sqlx::test(migrations = false)]
async fn no_more_is_claimed_than_is_sent_at_once(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    shop.place(reseller.package("2")).await;
    rig.buy().await;
    shop.place_many(reseller.package("2"), 30).await;
    let gate = reseller.panel.hold(Endpoint::Purchase, Moment::BeforeWork);
    for _ in 0..3 {
        rig.begin_dispatch().await;
    }
    gate.arrived(8).await;
    let claimed = "SELECT count(*) FROM orderwatch.orders WHERE stage = 'dispatching'";
    let claimed: i64 = sqlx::query_scalar(claimed)
        .fetch_one(&shop.pool)
        .await
        .unwrap();
    assert_eq!(claimed, 8, "a claim that waits would lose its lease");
    gate.open();
    rig.finish().await;
}
