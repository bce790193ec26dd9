//! A failover to a server that lags behind takes rows while the panel is at work: whatever it took, the answer finds its
//! order, or makes one that a person sees.

use std::time::Duration;

use orderwatch::order::{OrderId, Stage};
use sandbox::{
    gates::{CallBarrier, Moment},
    panel::{Endpoint, Readiness},
    trouble::{Fault, Trouble},
};
use serde_json::Value;
use sqlx::PgPool;

use crate::{
    people::run,
    support::{ACCOUNT, Reseller, Rig, Shop},
};

/// What the failover took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// The claim: the shop's row is as it was when the customer ordered.
    Claim,
    /// The customer's order, too.
    Order,
}

pub(super) async fn lose(shop: &Shop, order: OrderId, lost: Lost) {
    let ours = format!(
        "DELETE FROM orderwatch.orders WHERE order_id = '{order}';
         DELETE FROM orderwatch.purchases WHERE order_id = '{order}';
         DELETE FROM orderwatch.events WHERE order_id = '{order}'"
    );
    shop.sql(&ours).await;
    match lost {
        Lost::Claim => {
            let columns = r#"provider_referans = NULL, "providerId" = NULL, "externalOrderId" = NULL,
                             "externalStatus" = 'not_sent', "sentAt" = NULL"#;
            shop.set(order, columns).await;
        }
        Lost::Order => {
            let row = format!("DELETE FROM product_orders WHERE id = '{order}'");
            assert_eq!(shop.sql(&row).await, 1);
        }
    }
}

/// What a standby has got so far.
pub(super) async fn copy_to_standby(shop: &Shop) {
    let copy = "CREATE SCHEMA standby;
                CREATE TABLE standby.orders AS TABLE orderwatch.orders;
                CREATE TABLE standby.purchases AS TABLE orderwatch.purchases;
                CREATE TABLE standby.events AS TABLE orderwatch.events";
    shop.sql(copy).await;
}

/// Of an order that was claimed there, everything that came later is gone.
pub(super) async fn fail_over_to_standby(shop: &Shop, order: OrderId) {
    let back = "DELETE FROM orderwatch.events;
                DELETE FROM orderwatch.purchases;
                DELETE FROM orderwatch.orders;
                INSERT INTO orderwatch.orders SELECT * FROM standby.orders;
                INSERT INTO orderwatch.purchases SELECT * FROM standby.purchases;
                INSERT INTO orderwatch.events OVERRIDING SYSTEM VALUE SELECT * FROM standby.events";
    shop.sql(back).await;
    let columns = r#""externalStatus" = 'queued', "sentAt" = NULL"#;
    shop.set(order, columns).await;
}

/// A shop whose order is being bought while the panel holds its answer.
pub(super) async fn buying(
    shop: &Shop,
    reseller: &Reseller,
    entry: &str,
) -> (Rig, CallBarrier, OrderId) {
    let mut rig = Rig::new(shop);
    let order = shop.place(reseller.package(entry)).await;
    // This turn fetches the price list alone.
    rig.dispatch().await;
    let gate = reseller
        .panel
        .hold(Endpoint::Purchase, Moment::BeforeAnswer);
    rig.begin_dispatch().await;
    gate.arrived(1).await;
    (rig, gate, order)
}

#[sqlx::test(migrations = false)]
async fn an_order_whose_claim_was_lost_goes_on_with_the_answer(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let (mut rig, gate, order) = buying(&shop, &reseller, "2").await;
    let claimed = shop.shop_row(order).await;
    lose(&shop, order, Lost::Claim).await;
    gate.open();
    rig.finish().await;
    assert_eq!(shop.stage(order).await, Stage::Submitted);
    assert_eq!(shop.events(order).await, ["restored", "accepted"]);
    let row = shop.shop_row(order).await;
    for column in ["provider_referans", "providerId", "externalOrderId"] {
        assert_eq!(row.get(column), claimed.get(column), "{column}");
    }
    assert_eq!(row.text("externalStatus"), "sent");
    // The dispatcher does not see a new order in it.
    rig.buy().await;
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    let pin = reseller.panel.pin_of(ACCOUNT.0, &reseller.reference(order));
    assert_eq!(shop.shop_row(order).await.text("pinCode"), pin);
    assert_eq!(shop.purchases(order).await[0].text("cost"), "35");
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 1);
}

#[sqlx::test(migrations = false)]
async fn what_was_bought_for_an_order_that_is_gone_is_watched_and_held_with_its_code(pool: PgPool) {
    let (shop, reseller) =
        Shop::open_at(pool, |plan| plan.readiness = Readiness::after_waits(2)).await;
    let (mut rig, gate, order) = buying(&shop, &reseller, "2").await;
    lose(&shop, order, Lost::Order).await;
    gate.open();
    rig.finish().await;
    assert_eq!(shop.stage(order).await, Stage::Submitted);
    assert_eq!(shop.event(order, "restored").await["shop_row_lost"], true);

    rig.run_out().await;
    assert_eq!(shop.held(order).await, "row_lost");
    let steps = [
        "restored",
        "accepted",
        "processing",
        "checked",
        "completed",
        "held",
    ];
    assert_eq!(shop.events(order).await, steps);
    let tracked = shop.tracked(order).await;
    assert_eq!(tracked.tenant, shop.tenant);
    assert_eq!(tracked.integration, Some(reseller.id));
    let reference = tracked.reference.unwrap();
    assert_eq!(reference.as_str(), reseller.reference(order));
    let pin = reseller.panel.pin_of(ACCOUNT.0, reference.as_str());
    assert_eq!(shop.pin(order).await.as_ref(), Some(&pin));
    let purchase = &shop.purchases(order).await[0];
    assert_eq!(purchase.text("cost"), "35");
    // Also where the panel names no charge, it counts with what it was expected to cost.
    assert_eq!(purchase.text("expected"), "35");

    // It waits for a person, however often it is swept.
    rig.sweep().await;
    assert_eq!(shop.held(order).await, "row_lost");
    assert_eq!(rig.next_due().await, None);
    assert_eq!(reseller.panel.ledger().sale_count(), 1);
}

#[sqlx::test(migrations = false)]
async fn support_finds_an_order_that_is_gone_by_its_reference_and_settles_it(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let (mut rig, gate, order) = buying(&shop, &reseller, "2").await;
    lose(&shop, order, Lost::Order).await;
    gate.open();
    rig.finish().await;
    rig.run_out().await;
    let reference = reseller.reference(order);
    let say = async |what: &str| run(&shop, &format!("order {what} {reference}")).await;

    let shown = say("show --pin").await;
    let pin = reseller.panel.pin_of(ACCOUNT.0, &reference);
    assert!(shown.fine().contains(&pin), "{shown:?}");
    let explained = say("explain").await;
    let lost = "The database lost the shop's order after it was sent to the panel";
    assert!(explained.fine().contains(lost), "{explained:?}");

    let retried = say("retry --reason wanted").await;
    assert!(
        retried.refused().contains("shop's order lost"),
        "{retried:?}"
    );
    say("resolve --bought --yes --reason entered_by_hand")
        .await
        .fine();
    assert_eq!(shop.stage(order).await, Stage::Completed);
    assert_eq!(shop.pin(order).await, Some(pin));
    rig.buy().await;
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 1);
}

#[sqlx::test(migrations = false)]
async fn an_answer_to_a_check_of_an_order_that_is_gone_is_held_at_once(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let order = shop.place(reseller.package("2")).await;
    let mut rig = Rig::new(&shop);
    rig.buy().await;
    shop.advance(Duration::from_mins(2));
    let gate = reseller.panel.hold(Endpoint::Status, Moment::BeforeAnswer);
    rig.begin_poll().await;
    gate.arrived(1).await;
    lose(&shop, order, Lost::Order).await;
    gate.open();
    rig.finish().await;
    assert_eq!(shop.held(order).await, "row_lost");
    assert_eq!(shop.events(order).await, ["restored", "completed", "held"]);
    let pin = reseller.panel.pin_of(ACCOUNT.0, &reseller.reference(order));
    assert_eq!(shop.pin(order).await, Some(pin));
}

#[sqlx::test(migrations = false)]
async fn whoever_bought_it_completes_what_another_one_has_restored(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let order = shop.place(reseller.package("2")).await;
    let (mut buyer, mut other) = (Rig::new(&shop), Rig::new(&shop));
    buyer.buy().await;
    shop.advance(Duration::from_mins(2));
    let gate = reseller.panel.hold(Endpoint::Status, Moment::BeforeAnswer);
    other.begin_poll().await;
    gate.arrived(1).await;
    lose(&shop, order, Lost::Order).await;
    gate.open();
    other.finish().await;
    assert_eq!(shop.held(order).await, "row_lost");
    let purchase = &shop.purchases(order).await[0];
    assert_eq!(
        (purchase.get("cost"), purchase.get("expected")),
        (&Value::Null, &Value::Null)
    );

    buyer.look_back().await;
    let purchase = &shop.purchases(order).await[0];
    assert_eq!(
        (purchase.text("cost"), purchase.text("expected")),
        ("35", "35")
    );
}

#[sqlx::test(migrations = false)]
async fn a_purchase_that_was_claimed_anew_does_not_get_a_balance_of_before(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let order = shop.place(reseller.package("2")).await;
    let mut buyer = Rig::new(&shop);
    buyer.buy().await;
    lose(&shop, order, Lost::Claim).await;
    shop.advance(Duration::from_secs(20));
    let mut other = Rig::with(&shop, &[("dispatch.ask_first", "true")]);
    other.buy().await;
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 1);

    buyer.look_back().await;
    let purchase = &shop.purchases(order).await[0];
    let said = (purchase.get("cost"), purchase.get("balance"));
    assert_eq!(said, (&Value::Null, &Value::Null));
    assert_eq!(purchase.text("expected"), "35", "it is known by its price");
}

#[sqlx::test(migrations = false)]
async fn what_may_have_been_bought_for_an_order_that_is_gone_is_asked_about(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    for (fault, held) in [
        (Fault::After(Trouble::Close), "row_lost"),
        (Fault::Instead(Trouble::Close), "unconfirmed"),
    ] {
        reseller
            .panel
            .faults()
            .script(Endpoint::Purchase, [Some(fault)]);
        let (mut rig, gate, order) = buying(&shop, &reseller, "2").await;
        lose(&shop, order, Lost::Order).await;
        gate.open();
        rig.finish().await;
        assert_eq!(shop.stage(order).await, Stage::Unconfirmed);
        rig.run_out().await;
        rig.sweep().await;
        assert_eq!(shop.held(order).await, held);
        assert_eq!(
            shop.pin(order).await.is_some(),
            held == "row_lost",
            "{held}"
        );
    }
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 2);
}

#[sqlx::test(migrations = false)]
async fn an_order_that_is_gone_and_was_not_bought_leaves_an_event(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let refusal = Fault::Instead(Trouble::says("3|Yetersiz bakiye"));
    reseller
        .panel
        .faults()
        .script(Endpoint::Purchase, [Some(refusal)]);
    let (mut rig, gate, order) = buying(&shop, &reseller, "2").await;
    lose(&shop, order, Lost::Order).await;
    gate.open();
    rig.finish().await;
    assert!(shop.find_tracked(order).await.is_none());
    assert_eq!(shop.events(order).await, ["late_answer"]);
    assert_eq!(shop.event(order, "late_answer").await["result"], "refused");
    assert_eq!(reseller.panel.ledger().sale_count(), 0);
}

#[sqlx::test(migrations = false)]
async fn a_cancelled_purchase_of_an_order_that_is_gone_needs_nobody(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let (mut rig, gate, order) = buying(&shop, &reseller, "4").await;
    lose(&shop, order, Lost::Order).await;
    gate.open();
    rig.finish().await;
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Failed);
}

#[sqlx::test(migrations = false)]
async fn an_order_that_was_claimed_again_meanwhile_belongs_to_the_new_claim(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let (mut rig, gate, order) = buying(&shop, &reseller, "2").await;
    lose(&shop, order, Lost::Claim).await;
    let mut other = Rig::with(&shop, &[("dispatch.ask_first", "true")]);
    other.dispatch().await;
    other.begin_dispatch().await;
    gate.open();
    other.finish().await;
    rig.finish().await;
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    assert!(shop.events(order).await.contains(&"late_answer".to_owned()));
    assert!(!shop.events(order).await.contains(&"restored".to_owned()));
    assert_eq!(reseller.panel.ledger().sale_count(), 1);
}

#[sqlx::test(migrations = false)]
async fn what_staff_decided_about_an_order_whose_claim_was_lost_stands(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let (mut rig, gate, order) = buying(&shop, &reseller, "2").await;
    lose(&shop, order, Lost::Claim).await;
    shop.set(order, "status = 'rejected'").await;
    gate.open();
    rig.finish().await;
    rig.run_out().await;
    assert_eq!(shop.held(order).await, "decided_then_delivered");
    assert_eq!(*shop.shop_row(order).await.get("pinCode"), Value::Null);
}

#[sqlx::test(migrations = false)]
async fn a_row_that_the_shop_holds_delays_what_is_restored(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let (mut rig, gate, order) = buying(&shop, &reseller, "2").await;
    lose(&shop, order, Lost::Claim).await;
    let mut holder = shop.pool.begin().await.unwrap();
    sqlx::query("SELECT FROM product_orders WHERE id = $1 FOR UPDATE")
        .bind(order.0)
        .execute(&mut *holder)
        .await
        .unwrap();
    gate.open();
    rig.finish().await;
    assert!(shop.find_tracked(order).await.is_none());
    holder.rollback().await.unwrap();
    rig.record().await;
    assert_eq!(shop.stage(order).await, Stage::Submitted);
}

#[sqlx::test(migrations = false)]
async fn what_was_written_before_the_failover_and_is_gone_is_written_again(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let orders = shop.place_many(reseller.package("2"), 4).await;
    rig.buy().await;
    rig.run_out().await;
    let [kept, lost, gone, old] = orders[..] else {
        unreachable!("four were placed")
    };
    let events = shop.events(kept).await;
    lose(&shop, lost, Lost::Claim).await;
    lose(&shop, gone, Lost::Order).await;
    rig.look_back().await;
    assert_eq!(shop.events(kept).await, events);
    for (order, stage) in [(lost, Stage::Completed), (gone, Stage::Held)] {
        assert_eq!(shop.stage(order).await, stage);
        let pin = reseller.panel.pin_of(ACCOUNT.0, &reseller.reference(order));
        assert_eq!(shop.pin(order).await, Some(pin));
        // The answer to the purchase had named it, the last one did not.
        assert_eq!(shop.purchases(order).await[0].text("cost"), "35");
    }
    assert_eq!(shop.shop_row(lost).await.text("externalStatus"), "done");

    // Not for ever: what is older was copied to the standby long ago.
    shop.advance(Duration::from_mins(6));
    rig.look_back().await;
    lose(&shop, old, Lost::Order).await;
    rig.look_back().await;
    assert!(shop.find_tracked(old).await.is_none());
    assert_eq!(reseller.panel.ledger().sale_count(), 4);
}

#[sqlx::test(migrations = false)]
async fn an_order_whose_claim_was_lost_is_not_bought_as_a_new_one(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let (mut rig, gate, order) = buying(&shop, &reseller, "2").await;
    lose(&shop, order, Lost::Claim).await;
    assert_eq!(rig.begin_dispatch().await.started, 0, "on its way");
    gate.open();
    rig.finish().await;
    assert_eq!(shop.stage(order).await, Stage::Submitted);

    lose(&shop, order, Lost::Claim).await;
    assert_eq!(rig.begin_dispatch().await.started, 0, "bought");
    rig.look_back().await;
    assert_eq!(shop.stage(order).await, Stage::Submitted);
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 1);
}

#[sqlx::test(migrations = false)]
async fn a_result_that_was_lost_where_its_claim_was_not_is_written_again(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let (mut rig, gate, order) = buying(&shop, &reseller, "2").await;
    copy_to_standby(&shop).await;
    gate.open();
    rig.finish().await;
    let (events, bought) = (shop.events(order).await, shop.purchases(order).await);
    fail_over_to_standby(&shop, order).await;
    assert_eq!(shop.stage(order).await, Stage::Dispatching);

    rig.look_back().await;
    assert_eq!(shop.stage(order).await, Stage::Submitted);
    assert_eq!(shop.events(order).await, events);
    assert_eq!(shop.purchases(order).await, bought);
    assert_eq!(bought[0].text("cost"), "35");
    assert_eq!(shop.shop_row(order).await.text("externalStatus"), "sent");
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 1);
}

#[sqlx::test(migrations = false)]
async fn what_was_bought_is_watched_although_the_shops_row_refuses_the_claim(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let (mut rig, gate, order) = buying(&shop, &reseller, "2").await;
    lose(&shop, order, Lost::Claim).await;
    let refuse = r#"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
                    BEGIN RAISE EXCEPTION 'the bookkeeping is closed'; END $$;
                    CREATE TRIGGER refuse BEFORE UPDATE ON product_orders FOR EACH ROW
                    WHEN (NEW."externalStatus" = 'queued') EXECUTE FUNCTION refuse()"#;
    shop.sql(refuse).await;
    gate.open();
    rig.finish().await;
    // The server says no a moment before it lets go of the row.
    for _ in 0..500 {
        if shop.find_tracked(order).await.is_some() {
            break;
        }
        rig.record().await;
    }
    assert_eq!(shop.stage(order).await, Stage::Submitted);
    assert_eq!(shop.events(order).await, ["restored", "accepted"]);
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    assert_eq!(shop.shop_row(order).await.text("externalStatus"), "done");
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 1);
}

#[sqlx::test(migrations = false)]
async fn a_second_try_that_was_lost_is_not_made_a_third_time(pool: PgPool) {
    let (shop, reseller) = Shop::open_at(pool, |plan| plan.refuses_duplicates = false).await;
    let mut rig = Rig::new(&shop);
    // The price list.
    rig.dispatch().await;
    let order = shop.place(reseller.package("2")).await;
    rig.dispatch().await;
    reseller.panel.pause_listening().await.unwrap();
    rig.buy().await;
    assert_eq!(shop.stage(order).await, Stage::Queued);
    copy_to_standby(&shop).await;

    // Sold, and the answer is lost; then the claim as well.
    reseller.panel.resume_listening().await.unwrap();
    let lost = Fault::After(Trouble::Close);
    reseller.panel.faults().next(Endpoint::Purchase, lost);
    while shop.stage(order).await == Stage::Queued {
        assert!(rig.step().await);
    }
    assert_eq!(shop.stage(order).await, Stage::Unconfirmed);
    fail_over_to_standby(&shop, order).await;
    assert_eq!(shop.stage(order).await, Stage::Queued);

    assert_eq!(rig.begin_dispatch().await.started, 0);
    rig.look_back().await;
    assert_eq!(shop.stage(order).await, Stage::Unconfirmed);
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    assert_eq!(reseller.panel.ledger().sale_count(), 1);
}

/// What a person sends once more was claimed before, so its first claim is older than the one that was lost.
#[sqlx::test(migrations = false)]
async fn a_lost_claim_of_what_a_person_sent_again_is_written_again(pool: PgPool) {
    let (shop, reseller) = Shop::open_at(pool, |plan| plan.refuses_duplicates = false).await;
    let mut rig = Rig::new(&shop);
    rig.dispatch().await;
    let order = shop.place(reseller.package("2")).await;
    let lost = Fault::Instead(Trouble::Close);
    reseller.panel.faults().next(Endpoint::Purchase, lost);
    rig.buy().await;
    assert_eq!(shop.stage(order).await, Stage::Unconfirmed);
    let again = format!(
        "UPDATE orderwatch.orders SET stage = 'queued', may_resend = false, due_at = '{}' WHERE order_id = '{order}'",
        shop.now()
    );
    assert_eq!(shop.sql(&again).await, 1);
    copy_to_standby(&shop).await;

    // Sold, and the answer is lost; then the second claim as well.
    shop.advance(Duration::from_secs(1));
    let lost = Fault::After(Trouble::Close);
    reseller.panel.faults().next(Endpoint::Purchase, lost);
    rig.buy().await;
    assert_eq!(shop.stage(order).await, Stage::Unconfirmed);
    fail_over_to_standby(&shop, order).await;
    assert_eq!(shop.stage(order).await, Stage::Queued);

    rig.look_back().await;
    assert_eq!(shop.stage(order).await, Stage::Unconfirmed);
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    assert_eq!(reseller.panel.ledger().sale_count(), 1);
}

#[sqlx::test(migrations = false)]
async fn a_purchase_that_was_lost_and_refused_to_the_next_claim_is_a_contradiction(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    rig.dispatch().await;
    let order = shop.place(reseller.package("2")).await;
    rig.buy().await;
    assert_eq!(shop.stage(order).await, Stage::Submitted);
    lose(&shop, order, Lost::Claim).await;

    // The purchase that nobody knows of took the money.
    let poor = Fault::Instead(Trouble::says("3|Yetersiz bakiye"));
    reseller.panel.faults().next(Endpoint::Purchase, poor);
    let mut other = Rig::new(&shop);
    other.buy().await;
    assert_eq!(shop.stage(order).await, Stage::Failed);

    rig.look_back().await;
    let said = shop.event(order, "contradiction").await;
    assert_eq!(said["reference"], reseller.reference(order));
    assert_eq!(shop.purchases(order).await[0].text("cost"), "35");
}
