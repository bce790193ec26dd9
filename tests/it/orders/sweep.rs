//! What fell through: orders that the shop sent itself, and orders whose checks ran out.

use std::{collections::HashSet, time::Duration};

use chrono::TimeDelta;
use orderwatch::{
    order::{OrderId, Stage},
    store::Revived,
    worker::jobs::sweep::SweepReport,
};
use sandbox::panel::{Endpoint, Readiness, StatusMode};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{ACCOUNT, Reseller, Rig, Shop, iso};

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

/// An order that the shop has sent by itself so long ago, by this reference.
async fn sent_by_shop(shop: &Shop, reseller: &Reseller, ago: Duration, columns: &str) -> OrderId {
    let order = shop.place(reseller.package("2")).await;
    let (panel, at) = (reseller.id, iso(shop.now() - ago));
    let common = format!(
        r#""providerId" = '{panel}', "externalStatus" = 'sent', "sentAt" = '{at}',
           "createdAt" = '{at}'::timestamptz - interval '2 s'"#
    );
    shop.set(order, &common).await;
    shop.set(order, columns).await;
    order
}

/// The report of a sweep that found so much and nothing else. The shop sends beside us in all of
/// these tests, so what it says about that is left out.
fn found(report: SweepReport, adopted: u64, held: u64) {
    let want = SweepReport {
        adopted,
        held,
        sent_by_others: report.sent_by_others,
        ..SweepReport::default()
    };
    assert_eq!(report, want);
}

#[sqlx::test(migrations = false)]
async fn orders_that_the_shop_sent_are_watched_under_the_number_that_it_gave_them(pool: PgPool) {
    let (shop, reseller) = Shop::open_at(pool, |plan| plan.status = StatusMode::AlwaysDone).await;
    let numbers = [
        ("provider_referans = '1614823567123456'", "1614823567123456"),
        (
            r#""externalOrderId" = '1614823567123457'"#,
            "1614823567123457",
        ),
        (
            r#"provider_referans = '77', "externalOrderId" = 'no number'"#,
            "77",
        ),
        (r#"provider_referans = ' ', "externalOrderId" = '78'"#, "78"),
    ];
    let mut orders = Vec::new();
    for (columns, reference) in numbers {
        let order = sent_by_shop(&shop, &reseller, MINUTE * 3, columns).await;
        orders.push((order, reference, shop.version(order).await));
    }
    let mut rig = Rig::new(&shop);
    found(rig.sweep().await, 4, 0);
    for (order, reference, version) in &orders {
        assert_eq!(shop.version(*order).await, *version, "nothing to say yet");
        let tracked = shop.tracked(*order).await;
        assert_eq!(tracked.watched.stage, Stage::Submitted);
        let sent_at = shop.now() - MINUTE * 3;
        assert_eq!(tracked.watched.sent_at, Some(sent_at));
        assert_eq!(tracked.watched.give_up_at, Some(sent_at + DAY));
        assert!(!tracked.watched.may_resend);
        assert_eq!(tracked.reference.unwrap().as_str(), *reference);
        let wait = tracked.due_at.unwrap() - shop.now();
        assert!(wait <= TimeDelta::seconds(5) && wait >= TimeDelta::zero());
        assert_eq!(shop.events(*order).await, ["adopted"]);
    }
    found(rig.sweep().await, 0, 0);
    rig.run_out().await;
    for (order, reference, _) in &orders {
        let row = shop.shop_row(*order).await;
        assert_eq!(row.text("externalStatus"), "done");
        let pin = reseller.panel.pin_of(ACCOUNT.0, reference);
        assert_eq!(row.text("pinCode"), pin);
        assert_eq!(
            row.text("sentAt"),
            iso(shop.tracked(*order).await.watched.sent_at.unwrap())
        );
    }
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 0);
}

#[sqlx::test(migrations = false)]
async fn an_order_that_the_shop_saw_in_progress_is_taken_over_as_such(pool: PgPool) {
    let (shop, reseller) =
        Shop::open_at(pool, |plan| plan.status = StatusMode::AlwaysWaiting).await;
    let mut orders = Vec::new();
    for status in ["sent", "pending", "PROCESSING"] {
        let columns = format!(
            r#"provider_referans = '{}', "externalStatus" = '{status}'"#,
            orders.len() + 1
        );
        orders.push(sent_by_shop(&shop, &reseller, MINUTE * 3, &columns).await);
    }
    let mut rig = Rig::new(&shop);
    found(rig.sweep().await, 3, 0);
    let versions = [shop.version(orders[2]).await];
    shop.advance(MINUTE);
    rig.poll().await;
    assert_eq!(shop.version(orders[2]).await, versions[0], "known already");
    for order in &orders {
        let row = shop.shop_row(*order).await;
        assert_eq!(row.text("externalStatus").to_lowercase(), "processing");
    }
}

/// `status` and `"externalStatus"` as the real shop leaves them in an order that it has sent.
const WORDS: [(&str, &str); 8] = [
    ("pending", "sent"),
    ("PENDING", "sent"),
    ("PENDING", "processing"),
    ("PENDING", "unknown"),
    ("pending", "unknown"),
    ("sent", "sent"),
    ("sent", "processing"),
    ("Sent", "SENT"),
];

#[sqlx::test(migrations = false)]
async fn what_the_shop_sent_is_watched_to_its_end_whatever_words_its_row_carries(pool: PgPool) {
    let (shop, reseller) = Shop::open_at(pool, |plan| plan.status = StatusMode::AlwaysDone).await;
    let mut orders = Vec::new();
    for (status, external) in WORDS {
        for panel in [r#""providerId""#, "NULL", "' '"] {
            let columns = format!(
                r#"status = '{status}', "externalStatus" = '{external}', "providerId" = {panel},
                   "externalOrderId" = id::text, provider_referans = '{}'"#,
                1_795_641_799_498_000_u64 + u64::try_from(orders.len()).unwrap_or_default()
            );
            orders.push(sent_by_shop(&shop, &reseller, MINUTE * 3, &columns).await);
        }
    }
    let mut rig = Rig::new(&shop);
    let all = u64::try_from(orders.len()).unwrap_or_default();
    found(rig.sweep().await, all, 0);
    rig.run_out().await;
    for order in orders {
        assert_eq!(shop.stage(order).await, Stage::Completed);
        let row = shop.shop_row(order).await;
        let reference = shop.tracked(order).await.reference.unwrap();
        let pin = reseller.panel.pin_of(ACCOUNT.0, reference.as_str());
        assert_eq!(row.text("pinCode"), pin);
        assert_eq!(row.text("externalOrderId"), order.to_string());
        let events = shop.events(order).await;
        assert!(!events.contains(&"contradiction".to_owned()), "{events:?}");
    }
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 0);
}

#[sqlx::test(migrations = false)]
async fn staff_who_sent_an_order_by_its_own_number_are_asked_for_the_panels(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let columns = r#""externalOrderId" = "orderNo"::text"#;
    let order = sent_by_shop(&shop, &reseller, MINUTE * 3, columns).await;
    let mut rig = Rig::new(&shop);
    found(rig.sweep().await, 0, 1);
    assert_eq!(shop.held(order).await, "no_reference");
}

#[sqlx::test(migrations = false)]
async fn an_order_without_a_number_to_ask_by_waits_for_a_person(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let columns = [
        r#""externalOrderId" = 'b3c1f0de-0000-4000-8000-000000000000'"#,
        r#""externalOrderId" = NULL"#,
        "provider_referans = '12 34'",
        "provider_referans = '-5'",
        "provider_referans = '123456789012345678901234567890123'",
    ];
    let mut orders = Vec::new();
    for columns in columns {
        let order = sent_by_shop(&shop, &reseller, MINUTE * 3, columns).await;
        orders.push((order, shop.shop_row(order).await));
    }
    let mut rig = Rig::new(&shop);
    found(rig.sweep().await, 0, 5);
    found(rig.sweep().await, 0, 0);
    for (order, before) in orders {
        assert_eq!(shop.held(order).await, "no_reference");
        assert_eq!(shop.events(order).await, ["held"]);
        let changes = shop.shop_row(order).await.changes(&before);
        let said = "Held: it was sent before without a usable reference, so its status cannot be checked at the panel.";
        let want = json!({"lastMessage": said, "lastSyncAt": iso(shop.now())});
        assert_eq!(changes, want);
    }
    assert_eq!(reseller.panel.ledger().count(Endpoint::Status), 0);
}

#[sqlx::test(migrations = false)]
async fn a_number_that_two_orders_have_belongs_to_the_one_that_was_sent_first(pool: PgPool) {
    let (shop, reseller) = Shop::open_at(pool, |plan| plan.status = StatusMode::AlwaysDone).await;
    let other = shop
        .reseller(|plan| plan.status = StatusMode::AlwaysDone)
        .await;
    let columns = "provider_referans = '500'";
    let second = sent_by_shop(&shop, &reseller, MINUTE * 3, columns).await;
    let first = sent_by_shop(&shop, &reseller, MINUTE * 4, columns).await;
    let elsewhere = sent_by_shop(&shop, &other, MINUTE * 2, columns).await;
    let mut rig = Rig::new(&shop);
    found(rig.sweep().await, 2, 1);
    rig.run_out().await;
    assert_eq!(shop.held(second).await, "reference_shared");
    assert_eq!(*shop.shop_row(second).await.get("pinCode"), Value::Null);
    for order in [first, elsewhere] {
        assert_eq!(shop.stage(order).await, Stage::Completed);
    }
}

#[sqlx::test(migrations = false)]
async fn a_number_by_which_the_shop_has_a_code_already_brings_no_second_order_that_code(
    pool: PgPool,
) {
    let (shop, reseller) = Shop::open_at(pool, |plan| plan.status = StatusMode::AlwaysDone).await;
    let columns = r#"provider_referans = '500', status = 'approved', "externalStatus" = 'done',
                     "pinCode" = 'AB12'"#;
    sent_by_shop(&shop, &reseller, MINUTE * 4, columns).await;
    let second = sent_by_shop(&shop, &reseller, MINUTE * 3, "provider_referans = '500'").await;
    let mut rig = Rig::new(&shop);
    found(rig.sweep().await, 0, 1);
    assert_eq!(shop.held(second).await, "reference_shared");
    assert_eq!(reseller.panel.ledger().count(Endpoint::Status), 0);
}

#[sqlx::test(migrations = false)]
async fn only_orders_of_the_right_age_state_and_panel_are_taken_over(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let micro = Duration::from_micros(1);
    let other = shop.integration("internal", "http://panel.example/").await;
    let cases = [
        ("a minute old", MINUTE, "quantity = 1", true),
        (
            "too young",
            MINUTE.saturating_sub(micro),
            "quantity = 1",
            false,
        ),
        ("a day old", DAY, "quantity = 1", true),
        ("too old", DAY + micro, "quantity = 1", false),
        ("approved", MINUTE * 9, "status = 'approved'", false),
        ("rejected", MINUTE * 9, "status = 'rejected'", false),
        ("never sent", MINUTE * 9, r#""sentAt" = NULL"#, false),
        (
            "done",
            MINUTE * 9,
            r#""externalStatus" = 'completed'"#,
            false,
        ),
        (
            "failed",
            MINUTE * 9,
            r#""externalStatus" = 'failed'"#,
            false,
        ),
        ("queued", MINUTE * 9, r#""externalStatus" = 'queued'"#, true),
        (
            "at a panel of no kind",
            MINUTE * 9,
            r#""providerId" = 'x'"#,
            false,
        ),
        (
            "at no panel, and routed by hand",
            MINUTE * 9,
            r#""providerId" = NULL, "packageId" = NULL"#,
            false,
        ),
        (
            "approved in capitals",
            MINUTE * 9,
            "status = 'APPROVED'",
            false,
        ),
        (
            "done in the shop's word",
            MINUTE * 9,
            r#""externalStatus" = 'Done'"#,
            false,
        ),
        (
            "forwarded",
            MINUTE * 9,
            r#""externalStatus" = 'forwarded'"#,
            false,
        ),
        (
            "another shop's",
            MINUTE * 9,
            r#""tenantId" = gen_random_uuid()"#,
            false,
        ),
    ];
    let mut orders = Vec::new();
    for (number, (name, ago, columns, taken)) in cases.into_iter().enumerate() {
        let columns = format!("provider_referans = '{}', {columns}", 100 + number);
        let order = sent_by_shop(&shop, &reseller, ago, &columns).await;
        orders.push((order, name, taken));
    }
    let elsewhere = format!(r#"provider_referans = '9', "providerId" = '{other}'"#);
    let order = sent_by_shop(&shop, &reseller, MINUTE * 9, &elsewhere).await;
    orders.push((order, "at another kind of panel", false));
    let chained = r#""externalOrderId" = 'stub-' || gen_random_uuid()"#;
    let order = sent_by_shop(&shop, &reseller, MINUTE * 9, chained).await;
    orders.push((order, "along a chain of tenants", false));
    let mut rig = Rig::new(&shop);
    found(rig.sweep().await, 3, 0);
    for (order, name, taken) in orders {
        let tracked = shop.find_tracked(order).await;
        assert_eq!(tracked.is_some(), taken, "{name}");
    }
}

#[sqlx::test(migrations = false)]
async fn a_sweep_takes_pages_until_none_is_left_and_spreads_what_it_makes_due(pool: PgPool) {
    let (shop, reseller) =
        Shop::open_at(pool, |plan| plan.status = StatusMode::AlwaysWaiting).await;
    for number in 0..23 {
        // Several of one moment: the pages go on by id.
        let ago = MINUTE * (2 + number / 5);
        let columns = format!("provider_referans = '{}'", 1000 + number);
        sent_by_shop(&shop, &reseller, ago, &columns).await;
    }
    let mut rig = Rig::with(
        &shop,
        &[("sweep.batch_size", "4"), ("poll.max_attempts", "1")],
    );
    found(rig.sweep().await, 23, 0);
    rig.run_out().await;
    shop.advance(MINUTE);
    let report = rig.sweep().await;
    assert_eq!(report.revived, 23);
    let dues: Vec<chrono::DateTime<chrono::Utc>> =
        sqlx::query_scalar("SELECT due_at FROM orderwatch.orders ORDER BY due_at")
            .fetch_all(&shop.pool)
            .await
            .unwrap();
    assert_eq!(dues.len(), 23);
    let ahead = |at: &chrono::DateTime<chrono::Utc>| *at - shop.now();
    assert_eq!(dues.first().map(ahead), Some(TimeDelta::zero()));
    assert!(dues.last().map(ahead) < Some(TimeDelta::seconds(5)));
    assert_eq!(
        dues.iter().collect::<HashSet<_>>().len(),
        4,
        "spread in each page"
    );
}

#[sqlx::test(migrations = false)]
async fn an_order_is_made_due_once_in_a_sweep_however_quickly_it_is_parked_again(pool: PgPool) {
    let (shop, reseller) = Shop::open_at(pool, |plan| plan.readiness = Readiness::NEVER).await;
    let settings = [("poll.max_attempts", "1"), ("znet.max_in_flight", "0")];
    let mut rig = Rig::with(&shop, &settings);
    shop.place_many(reseller.package("2"), 10).await;
    rig.buy().await;
    rig.run_out().await;
    let mut seen = 0;
    let mut last = None;
    let pages = [4, 4, 2, 0];
    for page in pages {
        let revived = shop.store.revive(shop.now(), Duration::ZERO, last, 4).await;
        let Revived { revived, last: end } = revived.unwrap();
        assert_eq!(revived, page);
        seen += revived;
        last = end;
        // Meanwhile the poller asks, and parks them again.
        rig.poll().await;
    }
    assert_eq!(seen, 10);
    assert_eq!(rig.next_due().await, None);
}

#[sqlx::test(migrations = false)]
async fn a_row_that_refuses_to_be_held_does_not_stop_the_sweep(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let closed = sent_by_shop(&shop, &reseller, MINUTE * 5, r#""externalOrderId" = 'x'"#).await;
    let next = sent_by_shop(&shop, &reseller, MINUTE * 4, r#""externalOrderId" = 'y'"#).await;
    let last = sent_by_shop(&shop, &reseller, MINUTE * 3, "provider_referans = '5'").await;
    shop.sql(&format!(
        "ALTER TABLE product_orders ADD CONSTRAINT closed
         CHECK (id <> '{closed}' OR \"lastMessage\" IS NULL)"
    ))
    .await;
    let mut rig = Rig::new(&shop);
    found(rig.sweep().await, 1, 2);
    assert_eq!(shop.held(closed).await, "shop_row_refused");
    assert_eq!(shop.held(next).await, "no_reference");
    assert_eq!(shop.stage(last).await, Stage::Submitted);
}

#[sqlx::test(migrations = false)]
async fn held_orders_that_staff_settled_in_the_shop_wait_for_nobody(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let orders = shop.place_many(reseller.package("2"), 3).await;
    for order in &orders {
        shop.set(*order, "quantity = 2").await;
    }
    rig.dispatch().await;
    shop.set(orders[0], "status = 'rejected'").await;
    shop.sql(&format!(
        "DELETE FROM product_orders WHERE id = '{}'",
        orders[1]
    ))
    .await;
    let report = rig.sweep().await;
    assert_eq!(report.settled, 2);
    for (order, why) in [(orders[0], "decided_by_hand"), (orders[1], "row_gone")] {
        assert_eq!(shop.stage(order).await, Stage::Withdrawn);
        assert_eq!(shop.event(order, "withdrawn").await["why"], why);
    }
    assert_eq!(shop.held(orders[2]).await, "quantity_not_one");
    assert_eq!(rig.sweep().await.settled, 0);
}

#[sqlx::test(migrations = false)]
async fn a_held_order_that_the_shop_then_sends_or_forwards_is_watched_or_let_go(pool: PgPool) {
    let (shop, reseller) = Shop::open_at(pool, |plan| plan.status = StatusMode::AlwaysDone).await;
    let mut rig = Rig::new(&shop);
    let (sent, forwarded) = (
        shop.place(reseller.package("2")).await,
        shop.place(reseller.package("2")).await,
    );
    for order in [sent, forwarded] {
        shop.set(order, "quantity = 2").await;
    }
    rig.dispatch().await;
    shop.advance(MINUTE * 3);
    let columns = format!(
        r#"status = 'PENDING', "externalStatus" = 'sent', "providerId" = '{}',
           provider_referans = '1795641799498220', "sentAt" = '{}'"#,
        reseller.id,
        iso(shop.now() - MINUTE)
    );
    shop.set(sent, &columns).await;
    let chain =
        r#""externalStatus" = 'forwarded', "externalOrderId" = 'stub-' || gen_random_uuid()"#;
    shop.set(forwarded, chain).await;
    let report = rig.sweep().await;
    assert_eq!((report.adopted, report.settled), (1, 1));
    let report = rig.sweep().await;
    assert_eq!((report.adopted, report.held, report.settled), (0, 0, 0));
    rig.run_out().await;
    assert_eq!(shop.stage(sent).await, Stage::Completed);
    assert_eq!(shop.events(sent).await[..2], ["held", "adopted"]);
    assert_eq!(shop.stage(forwarded).await, Stage::Withdrawn);
    let pin = reseller.panel.pin_of(ACCOUNT.0, "1795641799498220");
    assert_eq!(shop.shop_row(sent).await.text("pinCode"), pin);
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 0);
}

#[sqlx::test(migrations = false)]
async fn an_order_that_grew_too_old_while_buying_was_paused_is_held_and_not_forgotten(
    pool: PgPool,
) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    shop.sql(
        "INSERT INTO orderwatch.brakes (scope, who, why, at)
         VALUES ('00000000-0000-0000-0000-000000000000', 'owner', 'stocktaking', now())",
    )
    .await;
    let order = shop.place(reseller.package("2")).await;
    rig.dispatch().await;
    assert_eq!(rig.sweep().await.stale, 0, "it is young");
    rig.advance(Duration::from_hours(1));
    assert_eq!(rig.sweep().await.stale, 1);
    assert_eq!(shop.held(order).await, "waited_too_long");
    let row = shop.shop_row(order).await;
    assert!(
        row.text("lastMessage")
            .starts_with("Held: it waited too long")
    );
    assert_eq!(rig.sweep().await.stale, 0);
    assert_eq!(reseller.panel.ledger().sale_count(), 0);
}

#[sqlx::test(migrations = false)]
async fn a_row_that_refuses_holds_up_no_other_order_that_grew_too_old(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    shop.pause(None).await;
    let refused = shop.place(reseller.package("2")).await;
    let other = shop.place(reseller.package("2")).await;
    let refuse = format!(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN RAISE EXCEPTION 'the bookkeeping is closed'; END $$;
         CREATE TRIGGER refuse BEFORE UPDATE ON product_orders FOR EACH ROW
         WHEN (NEW.id = '{refused}') EXECUTE FUNCTION refuse()"
    );
    shop.sql(&refuse).await;
    rig.dispatch().await;
    rig.advance(Duration::from_hours(1));
    rig.sweep().await;
    // The server says that a statement failed before it lets go of its rows: another connection may still find one locked.
    rig.sweep().await;
    assert_eq!(shop.held(other).await, "waited_too_long");
    assert_eq!(shop.held(refused).await, "shop_row_refused");
}
