//! What people and other programs do to the shop's rows meanwhile: it stands, and it stops nobody
//! else's order.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::time::Duration;

use orderwatch::order::{OrderId, Stage};
use sandbox::{
    gates::Moment,
    panel::{Endpoint, Readiness},
    trouble::{Fault, Trouble},
};
use serde_json::{Value, json};
use sqlx::{PgPool, Postgres, Transaction};

use crate::support::{ACCOUNT, Rig, Shop};

/// A transaction of somebody else who has locked the order's row and forgotten it.
async fn locked(shop: &Shop, order: OrderId) -> Transaction<'static, Postgres> {
    let mut holder = shop.pool.begin().await.unwrap();
    sqlx::query("SELECT FROM product_orders WHERE id = $1 FOR UPDATE")
        .bind(order.0)
        .execute(&mut *holder)
        .await
        .unwrap();
    holder
}

async fn delete(shop: &Shop, order: OrderId) {
    let sql = format!("DELETE FROM product_orders WHERE id = '{order}'");
    assert_eq!(shop.sql(&sql).await, 1);
}

#[sqlx::test(migrations = false)]
async fn what_staff_decided_stands_and_what_contradicts_it_is_held(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let cases = [
        ("2", "rejected", "decided_then_delivered"),
        ("2", "APPROVED", ""),
        ("4", "approved", "decided_then_cancelled"),
        ("4", "Rejected", ""),
    ];
    let mut orders = Vec::new();
    for (entry, staff, held) in cases {
        let order = shop.place(reseller.package(entry)).await;
        orders.push((order, entry, staff, held));
    }
    let mut rig = Rig::new(&shop);
    rig.buy().await;
    let mut before = Vec::new();
    for (order, _, staff, _) in &orders {
        shop.set(*order, &format!("status = '{staff}'")).await;
        before.push(shop.shop_row(*order).await);
    }
    rig.run_out().await;

    for ((order, entry, staff, held), before) in orders.into_iter().zip(before) {
        let what = format!("{staff} by hand, product {entry}");
        let row = shop.shop_row(order).await;
        assert_eq!(row.text("status"), staff, "{what}");
        assert_eq!(shop.held(order).await, held, "{what}");
        let code = reseller.panel.pin_of(ACCOUNT.0, &reseller.reference(order));
        let delivered = entry == "2";
        if held.is_empty() {
            let external = if delivered { "done" } else { "failed" };
            assert_eq!(row.text("externalStatus"), external, "{what}");
            assert_eq!(row.text("pinCode"), if delivered { &code } else { "" });
            let event = shop.event(order, "contradiction").await;
            assert_eq!(event, Value::Null, "{what}");
        } else {
            let looked = json!({"lastSyncAt": row.get("lastSyncAt")});
            assert_eq!(row.changes(&before), looked, "{what}");
            let event = shop.event(order, "contradiction").await;
            assert_eq!(event["shop"], staff, "{what}");
            let panel = if delivered { "completed" } else { "cancelled" };
            assert_eq!(event["panel"], panel, "{what}");
        }
        assert_eq!(shop.pin(order).await, delivered.then_some(code), "{what}");
    }
    assert_eq!(rig.sweep().await.settled, 0, "a person decides about those");
}

#[sqlx::test(migrations = false)]
async fn an_answer_on_the_way_changes_nothing_in_a_row_that_staff_have_decided(pool: PgPool) {
    let (shop, reseller) =
        Shop::open_at(pool, |plan| plan.readiness = Readiness::after_waits(1)).await;
    let order = shop.place(reseller.package("2")).await;
    let mut rig = Rig::new(&shop);
    rig.buy().await;
    shop.set(order, r#"status = 'rejected', "externalStatus" = 'failed'"#)
        .await;
    let before = shop.shop_row(order).await;

    shop.advance(Duration::from_mins(1));
    rig.poll().await;
    let row = shop.shop_row(order).await;
    let looked = json!({"lastSyncAt": row.get("lastSyncAt")});
    assert_eq!(
        row.changes(&before),
        looked,
        "the shop's own poller would ask again"
    );
    assert_eq!(shop.stage(order).await, Stage::Submitted);

    rig.run_out().await;
    assert_eq!(shop.held(order).await, "decided_then_delivered");
    assert_eq!(shop.shop_row(order).await.text("pinCode"), "");
}

#[sqlx::test(migrations = false)]
async fn what_somebody_else_made_final_or_delivered_is_held_for_review(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let cases = [
        (r#""externalStatus" = 'failed'"#, true),
        (r#""externalStatus" = 'done', status = 'approved'"#, false),
        (r#""pinCode" = 'from our own stock'"#, true),
        (r#""pinCode" = ' - '"#, false),
    ];
    let mut orders = Vec::new();
    for (columns, held) in cases {
        let order = shop.place(reseller.package("2")).await;
        orders.push((order, columns, held));
    }
    let mut rig = Rig::new(&shop);
    rig.buy().await;
    for (order, columns, _) in &orders {
        shop.set(*order, columns).await;
    }
    rig.run_out().await;
    for (order, columns, held) in orders {
        let code = reseller.panel.pin_of(ACCOUNT.0, &reseller.reference(order));
        let row = shop.shop_row(order).await;
        assert_eq!(row.text("pinCode") == code, !held, "{columns}");
        let why = if held { "decided_then_delivered" } else { "" };
        assert_eq!(shop.held(order).await, why, "{columns}");
    }
}

#[sqlx::test(migrations = false)]
async fn an_order_that_staff_decide_before_it_is_sent_again_is_withdrawn(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    shop.place(reseller.package("2")).await;
    rig.buy().await;
    let orders = shop.place_many(reseller.package("2"), 4).await;
    reseller.panel.pause_listening().await.unwrap();
    rig.dispatch().await;
    shop.set(orders[0], "status = 'approved'").await;
    shop.set(orders[1], r#""providerId" = 'another'"#).await;
    shop.set(orders[2], r#""externalOrderId" = '17'"#).await;
    delete(&shop, orders[3]).await;
    reseller.panel.resume_listening().await.unwrap();
    rig.run_out().await;
    for order in &orders {
        assert_eq!(shop.stage(*order).await, Stage::Withdrawn);
        let why = if *order == orders[3] {
            "row_gone"
        } else {
            "decided_by_hand"
        };
        assert_eq!(shop.event(*order, "withdrawn").await["why"], why);
    }
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 1);
    // An order that cannot be sent any more as it is waits for a person.
    let order = shop.place(reseller.package("2")).await;
    reseller.panel.pause_listening().await.unwrap();
    rig.dispatch().await;
    shop.set(order, "quantity = 2").await;
    reseller.panel.resume_listening().await.unwrap();
    rig.run_out().await;
    assert_eq!(shop.held(order).await, "quantity_not_one");
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 1);
}

#[sqlx::test(migrations = false)]
async fn a_row_deleted_while_its_order_is_bought_ends_it_and_the_purchase_stays_on_record(
    pool: PgPool,
) {
    let (shop, reseller) = Shop::open(pool).await;
    let order = shop.place(reseller.package("2")).await;
    let mut rig = Rig::new(&shop);
    rig.dispatch().await;
    let gate = reseller
        .panel
        .hold(Endpoint::Purchase, Moment::BeforeAnswer);
    rig.begin_dispatch().await;
    gate.arrived(1).await;
    delete(&shop, order).await;
    gate.open();
    rig.finish().await;
    assert_eq!(shop.stage(order).await, Stage::Withdrawn);
    assert_eq!(
        shop.events(order).await,
        ["claimed", "accepted", "withdrawn"]
    );
    assert_eq!(shop.event(order, "withdrawn").await["why"], "row_gone");
    assert_eq!(shop.purchases(order).await[0].text("cost"), "35");
    assert_eq!(rig.next_due().await, None);
}

#[sqlx::test(migrations = false)]
async fn a_row_deleted_while_its_order_is_watched_ends_it_and_its_code_is_kept(pool: PgPool) {
    let (shop, reseller) =
        Shop::open_at(pool, |plan| plan.readiness = Readiness::after_waits(3)).await;
    let mut rig = Rig::new(&shop);
    let early = shop.place(reseller.package("2")).await;
    rig.buy().await;
    delete(&shop, early).await;
    rig.step().await;
    assert_eq!(shop.stage(early).await, Stage::Withdrawn);
    let steps = ["claimed", "accepted", "processing", "withdrawn"];
    assert_eq!(shop.events(early).await, steps);

    let late = shop.place(reseller.package("2")).await;
    rig.buy().await;
    rig.step().await;
    assert_eq!(shop.stage(late).await, Stage::Submitted);
    delete(&shop, late).await;
    rig.run_out().await;
    assert_eq!(shop.stage(late).await, Stage::Completed);
    let pin = reseller.panel.pin_of(ACCOUNT.0, &reseller.reference(late));
    assert_eq!(shop.pin(late).await, Some(pin));
    assert_eq!(shop.purchases(late).await[0].text("outcome"), "completed");
}

#[sqlx::test(migrations = false)]
async fn a_row_deleted_while_its_purchase_is_open_leaves_what_may_have_been_bought_to_a_person(
    pool: PgPool,
) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let orders = shop.place_many(reseller.package("2"), 2).await;
    let faults = [Fault::After, Fault::Instead].map(|lost| Some(lost(Trouble::Close)));
    reseller.panel.faults().script(Endpoint::Purchase, faults);
    rig.buy().await;
    for order in &orders {
        assert_eq!(shop.stage(*order).await, Stage::Unconfirmed);
        delete(&shop, *order).await;
    }
    rig.run_out().await;
    for order in orders {
        let sold = reseller.panel.ledger().sold(&reseller.reference(order));
        let want = if sold { Stage::Completed } else { Stage::Held };
        assert_eq!(shop.stage(order).await, want);
    }
    assert_eq!(rig.next_due().await, None);
}

#[sqlx::test(migrations = false)]
async fn a_locked_row_delays_its_own_order_and_no_other(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let orders = shop.place_many(reseller.package("2"), 5).await;
    let stuck = orders[2];
    // While it is to be sent.
    let holder = locked(&shop, stuck).await;
    assert_eq!(rig.buy().await, 4);
    assert!(shop.find_tracked(stuck).await.is_none());
    holder.rollback().await.unwrap();
    assert_eq!(rig.buy().await, 1);
    // While its result is to be written.
    let holder = locked(&shop, stuck).await;
    shop.advance(Duration::from_mins(1));
    rig.poll().await;
    for order in &orders {
        let row = shop.shop_row(*order).await;
        let want = if *order == stuck { "sent" } else { "done" };
        assert_eq!(row.text("externalStatus"), want);
    }
    rig.record().await;
    assert_eq!(shop.stage(stuck).await, Stage::Submitted);
    holder.rollback().await.unwrap();
    rig.record().await;
    let row = shop.shop_row(stuck).await;
    assert_eq!(row.text("externalStatus"), "done");
    assert_eq!(reseller.panel.ledger().count(Endpoint::Status), 5);
    // While it is to be held.
    let order = shop.place(reseller.package("2")).await;
    shop.set(order, "quantity = 3").await;
    let holder = locked(&shop, order).await;
    rig.dispatch().await;
    assert!(shop.find_tracked(order).await.is_none());
    holder.rollback().await.unwrap();
    rig.dispatch().await;
    assert_eq!(shop.held(order).await, "quantity_not_one");
}

/// Makes the database refuse changes of one row of the shop.
async fn refuse(shop: &Shop, order: OrderId, when: &str) {
    shop.sql(&format!(
        r"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN RAISE EXCEPTION 'the bookkeeping is closed'; END $$;
           CREATE TRIGGER refuse BEFORE UPDATE ON product_orders FOR EACH ROW
           WHEN (NEW.id = '{order}' AND {when}) EXECUTE FUNCTION refuse()"
    ))
    .await;
}

#[sqlx::test(migrations = false)]
async fn a_result_that_the_database_refuses_is_held_and_the_others_are_written(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let orders = shop.place_many(reseller.package("2"), 7).await;
    rig.buy().await;
    refuse(&shop, orders[4], "NEW.\"externalStatus\" = 'done'").await;
    rig.run_out().await;
    rig.record().await;
    for order in &orders {
        let row = shop.shop_row(*order).await;
        if *order == orders[4] {
            assert_eq!(shop.held(*order).await, "shop_row_refused");
            assert_eq!(row.text("externalStatus"), "sent");
        } else {
            assert_eq!(row.text("externalStatus"), "done");
        }
    }
    let pin = reseller
        .panel
        .pin_of(ACCOUNT.0, &reseller.reference(orders[4]));
    assert_eq!(shop.pin(orders[4]).await, Some(pin.clone()), "kept whole");
    let event = shop.event(orders[4], "held").await;
    assert_eq!(event["database"], "the bookkeeping is closed");
    assert_eq!(event["result"], "completed");
    assert!(!event.to_string().contains(&pin));

    // Rejected in the shop, the customer has the money back, and the code is nobody's yet.
    shop.set(orders[4], "status = 'rejected'").await;
    rig.sweep().await;
    assert_eq!(shop.held(orders[4]).await, "decided_then_delivered");
    let event = shop.event(orders[4], "contradiction").await;
    assert_eq!(event["reason"], "decided_then_delivered");
}

#[sqlx::test(migrations = false)]
async fn what_was_charged_is_on_record_although_the_shops_row_refuses_it(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let orders = shop.place_many(reseller.package("2"), 3).await;
    refuse(&shop, orders[1], r#"NEW."externalStatus" = 'sent'"#).await;
    rig.buy().await;
    // The server says no a moment before it lets go of the rows: what met one of those is busy.
    rig.record().await;
    assert_eq!(
        shop.stage(orders[1]).await,
        Stage::Submitted,
        "it is watched on"
    );
    let event = shop.event(orders[1], "accepted").await;
    assert_eq!(event["database"], "the bookkeeping is closed");
    for order in orders {
        assert_eq!(shop.purchases(order).await[0].text("cost"), "35");
    }
}

#[sqlx::test(migrations = false)]
async fn an_order_whose_row_cannot_be_claimed_is_held_and_the_others_are_bought(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let orders = shop.place_many(reseller.package("2"), 7).await;
    // Another one that cannot be held in words either.
    shop.set(orders[5], "quantity = 2").await;
    let two = format!("'{}', '{}'", orders[2], orders[5]);
    shop.sql(&format!(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN RAISE EXCEPTION 'the bookkeeping is closed'; END $$;
         CREATE TRIGGER refuse BEFORE UPDATE ON product_orders FOR EACH ROW
         WHEN (NEW.id IN ({two})) EXECUTE FUNCTION refuse()"
    ))
    .await;
    // As above: a row that is let go of too late waits for the next turn.
    for _ in 0..4 {
        rig.buy().await;
    }
    rig.run_out().await;
    for (place, order) in orders.iter().enumerate() {
        if place == 2 || place == 5 {
            assert_eq!(shop.held(*order).await, "shop_row_refused");
            let event = shop.event(*order, "held").await;
            assert_eq!(event["database"], "the bookkeeping is closed");
            assert!(shop.purchases(*order).await.is_empty());
        } else {
            assert_eq!(shop.shop_row(*order).await.text("externalStatus"), "done");
        }
    }
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 5);
}
