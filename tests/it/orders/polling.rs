//! When an accepted order is asked about, and how watching ends.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use orderwatch::order::{OrderId, Stage};
use sandbox::{
    panel::{Ending, Endpoint, Readiness},
    trouble::{Fault, Trouble},
};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{ACCOUNT, Reseller, Rig, Shop, iso};

const DAY: Duration = Duration::from_hours(24);

/// An order that the panel has accepted just now and never finishes by itself.
async fn accepted(pool: PgPool) -> (Shop, Reseller, Rig, OrderId) {
    let (shop, reseller) = Shop::open_at(pool, |plan| plan.readiness = Readiness::NEVER).await;
    let mut rig = Rig::new(&shop);
    let order = shop.place(reseller.package("2")).await;
    rig.buy().await;
    assert_eq!(shop.stage(order).await, Stage::Submitted);
    (shop, reseller, rig, order)
}

async fn due(shop: &Shop, order: OrderId) -> Option<DateTime<Utc>> {
    shop.tracked(order).await.due_at
}

/// From now to the next look, in seconds.
async fn wait(shop: &Shop, order: OrderId) -> f64 {
    let due = due(shop, order).await.unwrap();
    (due - shop.now()).as_seconds_f64()
}

fn near(seconds: f64, want: f64) -> bool {
    (want * 0.9..=want * 1.1).contains(&seconds)
}

/// Makes the order due at this moment, whatever was planned.
async fn look_at(shop: &Shop, rig: &mut Rig, order: OrderId, at: DateTime<Utc>) {
    shop.advance((at - shop.now()).to_std().unwrap());
    let at = iso(at);
    shop.sql(&format!(
        "UPDATE orderwatch.orders SET due_at = '{at}' WHERE order_id = '{order}'"
    ))
    .await;
    rig.poll().await;
}

#[sqlx::test(migrations = false)]
async fn checks_come_after_60_90_150_and_270_s_and_then_further_apart(pool: PgPool) {
    let (shop, reseller, mut rig, order) = accepted(pool).await;
    let first = due(&shop, order).await.unwrap();
    assert_eq!(first - shop.now(), TimeDelta::seconds(60), "no jitter");
    for (asked, want) in (1..).zip([30.0, 60.0, 120.0, 240.0, 480.0, 600.0, 600.0]) {
        rig.step().await;
        assert_eq!(reseller.panel.ledger().count(Endpoint::Status), asked);
        let wait = wait(&shop, order).await;
        assert!(near(wait, want), "after check {asked}: {wait} s");
        assert_eq!(shop.stage(order).await, Stage::Submitted);
    }
}

#[sqlx::test(migrations = false)]
async fn many_orders_of_one_moment_are_not_asked_about_at_one_moment(pool: PgPool) {
    let (shop, reseller) = Shop::open_at(pool, |plan| plan.readiness = Readiness::NEVER).await;
    let mut rig = Rig::with(&shop, &[("znet.max_in_flight", "0")]);
    let orders = shop.place_many(reseller.package("2"), 30).await;
    rig.buy().await;
    rig.step().await;
    let mut times = Vec::new();
    for order in orders {
        times.push(due(&shop, order).await.unwrap());
    }
    times.sort();
    let spread = (*times.last().unwrap() - times[0]).as_seconds_f64();
    assert!((1.0..=6.0).contains(&spread), "{spread} s of ±10 % of 30 s");
}

#[sqlx::test(migrations = false)]
async fn errors_of_the_panel_back_off_and_do_not_count_as_attempts(pool: PgPool) {
    let (shop, reseller, mut rig, order) = accepted(pool).await;
    rig.step().await;
    rig.step().await;
    let version = shop.version(order).await;
    let faults = [
        Trouble::Page(503),
        Trouble::Page(200),
        Trouble::Empty,
        Trouble::Reset,
        Trouble::Cut(3),
        Trouble::says("3|Bayi bulunamadı"),
        Trouble::says("8|Bağlantı hatası"),
        Trouble::says("OK"),
    ];
    for (errors, trouble) in (1..).zip(faults) {
        let fault = Fault::Instead(trouble.clone());
        reseller.panel.faults().next(Endpoint::Status, fault);
        rig.step().await;
        let tracked = shop.tracked(order).await;
        assert_eq!(tracked.watched.stage, Stage::Submitted, "{trouble:?}");
        assert_eq!(tracked.watched.attempts, 1, "{trouble:?}");
        assert_eq!(tracked.watched.errors, errors, "{trouble:?}");
        let want = f64::from(30_u32 << errors.max(2).saturating_sub(1)).min(600.0);
        let wait = wait(&shop, order).await;
        assert!(near(wait, want), "{trouble:?}: {wait} s, not {want} s");
        assert_eq!(shop.version(order).await, version, "{trouble:?}");
    }
    // The next answer takes the count of errors back.
    rig.step().await;
    let watched = shop.tracked(order).await.watched;
    assert_eq!((watched.attempts, watched.errors), (2, 0));
}

#[sqlx::test(migrations = false)]
async fn an_order_without_progress_is_parked_and_the_sweep_brings_it_back(pool: PgPool) {
    let (shop, reseller, mut rig, order) = accepted(pool).await;
    rig.run_out().await;
    let tracked = shop.tracked(order).await;
    assert_eq!(tracked.watched.stage, Stage::Submitted);
    assert_eq!((tracked.watched.attempts, tracked.due_at), (20, None));
    assert_eq!(reseller.panel.ledger().count(Endpoint::Status), 21);
    rig.poll().await;
    assert_eq!(reseller.panel.ledger().count(Endpoint::Status), 21);

    for asked in 22..=24 {
        shop.advance(Duration::from_mins(5));
        assert_eq!(rig.sweep().await.revived, 1);
        assert_eq!(due(&shop, order).await, Some(shop.now()));
        rig.poll().await;
        assert_eq!(reseller.panel.ledger().count(Endpoint::Status), asked);
        assert_eq!(due(&shop, order).await, None, "one look per sweep");
    }
    let reference = reseller.reference(order);
    assert!(reseller.panel.settle(ACCOUNT.0, &reference, Ending::Pin));
    rig.sweep().await;
    rig.poll().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    let events = shop.events(order).await;
    assert_eq!(events.iter().filter(|kind| *kind == "swept").count(), 4);
}

#[sqlx::test(migrations = false)]
async fn sweeps_and_checks_go_on_for_exactly_a_day(pool: PgPool) {
    let (shop, reseller, mut rig, order) = accepted(pool).await;
    let sent_at = shop.now();
    let end = sent_at + DAY;
    // A moment before the end is not the end, and the last look is planned for the end itself.
    look_at(&shop, &mut rig, order, end - Duration::from_micros(1)).await;
    assert_eq!(shop.stage(order).await, Stage::Submitted);
    assert_eq!(due(&shop, order).await, Some(end));
    let before = shop.shop_row(order).await;
    rig.step().await;
    assert_eq!(shop.now(), end);
    assert_eq!(reseller.panel.ledger().count(Endpoint::Status), 2);
    let row = shop.shop_row(order).await;
    let said = "Timeout: no response after 24h";
    let mut changes = row.changes(&before);
    changes.as_object_mut().unwrap().remove("notes");
    let want = json!({
        "externalStatus": "failed",
        "lastMessage": said,
        "lastSyncAt": iso(end),
        "notesCount": 4,
    });
    assert_eq!(changes, want, "status is left to a person");
    assert_eq!(row.notes().last(), Some(&said));
    let tracked = shop.tracked(order).await;
    assert_eq!(tracked.watched.stage, Stage::TimedOut);
    assert_eq!(tracked.finished_at, Some(end));
    assert_eq!(shop.event(order, "timed_out").await["answer"], "text");
    assert_eq!(rig.next_due().await, None);
}

#[sqlx::test(migrations = false)]
async fn the_last_check_of_a_day_may_still_bring_the_pin(pool: PgPool) {
    let (shop, reseller, mut rig, order) = accepted(pool).await;
    let end = shop.now() + DAY;
    let reference = reseller.reference(order);
    assert!(reseller.panel.settle(ACCOUNT.0, &reference, Ending::Pin));
    look_at(&shop, &mut rig, order, end + Duration::from_hours(3)).await;
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("externalStatus"), "done");
    assert_eq!(
        row.text("pinCode"),
        reseller.panel.pin_of(ACCOUNT.0, &reference)
    );
    assert_eq!(*row.get("durationMs"), json!(27 * 3_600_000));
}

#[sqlx::test(migrations = false)]
async fn a_panel_that_does_not_answer_at_the_end_of_the_day_is_asked_for_an_hour_more(
    pool: PgPool,
) {
    let (shop, reseller, mut rig, order) = accepted(pool).await;
    let end = shop.now() + DAY;
    let fault = Fault::Instead(Trouble::Page(503));
    reseller.panel.faults().stand(Endpoint::Status, fault);
    look_at(&shop, &mut rig, order, end).await;
    assert_eq!(shop.stage(order).await, Stage::Submitted);
    rig.run_out().await;
    assert_eq!(shop.now(), end + Duration::from_hours(1));
    assert_eq!(shop.stage(order).await, Stage::TimedOut);
    assert_eq!(shop.shop_row(order).await.text("status"), "pending");
    assert_eq!(rig.next_due().await, None);
}

#[sqlx::test(migrations = false)]
async fn only_a_sure_answer_ends_an_order(pool: PgPool) {
    let (shop, reseller, mut rig, order) = accepted(pool).await;
    let unclear = [
        "3|İşlem bulunamadı",
        "2",
        "2|Hatalı kullanıcı",
        "OK|4|?|bilinmeyen",
        "OK|0| |",
        "OK",
        "<html>OK|2|AB12-CD34-EF56-GH78|</html>",
        "",
    ];
    for text in unclear {
        let fault = Fault::Instead(Trouble::says(text));
        reseller.panel.faults().next(Endpoint::Status, fault);
        rig.step().await;
        let stage = shop.stage(order).await;
        let row = shop.shop_row(order).await;
        assert_eq!(row.text("status"), "pending", "{text}");
        assert_eq!(stage, Stage::Submitted, "{text}");
        assert_eq!(*row.get("pinCode"), Value::Null, "{text}");
    }
}

#[sqlx::test(migrations = false)]
async fn a_final_order_is_never_asked_about_or_written_again(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let mut orders = Vec::new();
    for entry in ["2", "3", "4"] {
        orders.push(shop.place(reseller.package(entry)).await);
    }
    rig.buy().await;
    rig.run_out().await;
    let asked = reseller.panel.ledger().count(Endpoint::Status);
    let mut versions = Vec::new();
    for order in &orders {
        versions.push(shop.version(*order).await);
    }
    for _ in 0..50 {
        shop.advance(Duration::from_mins(30));
        rig.sweep().await;
        rig.dispatch().await;
        rig.poll().await;
    }
    assert_eq!(reseller.panel.ledger().count(Endpoint::Status), asked);
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 3);
    for (order, version) in orders.iter().zip(versions) {
        assert_eq!(shop.version(*order).await, version);
    }
}

const LEARNED: [(&str, &str); 2] = [
    ("poll.schedule", "learned"),
    ("poll.first_check_after", "60s"),
];

/// Buys an order that the panel delivers after four seconds, and follows it. Returns how long its customer
/// waited after that.
async fn follow_quick_order(shop: &Shop, reseller: &Reseller, rig: &mut Rig) -> Duration {
    let order = shop.place(reseller.package("2")).await;
    rig.buy().await;
    let sent_at = shop.tracked(order).await.watched.sent_at.unwrap();
    loop {
        let tracked = shop.tracked(order).await;
        if tracked.watched.stage == Stage::Completed {
            let took = (tracked.finished_at.unwrap() - sent_at).to_std().unwrap();
            return took.saturating_sub(READY);
        }
        let due = tracked.due_at.unwrap();
        shop.advance((due - shop.now()).to_std().unwrap_or_default());
        let working = Trouble::says("OK|1| |bekliyor");
        if (due - sent_at).to_std().unwrap() < READY {
            let faults = reseller.panel.faults();
            faults.next(Endpoint::Status, Fault::Instead(working));
        }
        rig.poll().await;
    }
}

/// The panel's own time.
const READY: Duration = Duration::from_secs(4);

#[sqlx::test(migrations = false)]
async fn what_a_panel_takes_is_learned_kept_and_asked_by(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::with(&shop, &LEARNED);
    let first = follow_quick_order(&shop, &reseller, &mut rig).await;
    // Nothing is known: a probe after five seconds.
    assert!(first <= Duration::from_secs(2), "{first:?}");
    for _ in 0..40 {
        follow_quick_order(&shop, &reseller, &mut rig).await;
    }
    rig.workers.learning.pass().await.unwrap();
    let kept = "SELECT samples FROM orderwatch.delivery_times
                WHERE package_id = '00000000-0000-0000-0000-000000000000'";
    assert_eq!(shop.count(kept).await, 41);

    // Another replica asks by it from the beginning.
    let mut other = Rig::with(&shop, &LEARNED);
    other.workers.learning.pass().await.unwrap();
    let waited = follow_quick_order(&shop, &reseller, &mut other).await;
    assert!(waited <= Duration::from_secs(1), "{waited:?}");

    let order = shop.place(reseller.package("2")).await;
    other.buy().await;
    let said = crate::people::run(&shop, &format!("order explain {order}")).await;
    assert!(
        said.out.contains("half of the last deliveries took up to"),
        "{said:?}"
    );
    assert!(said.out.contains("as learned"), "{said:?}");
}
