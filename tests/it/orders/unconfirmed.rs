//! Orders that may have been bought: when the panel is asked, and what follows from its silence.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use orderwatch::order::{OrderId, Stage};
use sandbox::{
    panel::{Endpoint, Readiness},
    trouble::{Fault, Trouble},
};
use sqlx::PgPool;

use crate::support::{Reseller, Rig, Shop};

const RESEND: &[(&str, &str)] = &[("dispatch.unconfirmed", "resend")];

/// An order whose purchase got no answer; returns when that was.
async fn unsure(
    shop: &Shop,
    reseller: &Reseller,
    rig: &mut Rig,
    fault: Fault,
) -> (OrderId, DateTime<Utc>) {
    let order = shop.place(reseller.package("2")).await;
    reseller.panel.faults().next(Endpoint::Purchase, fault);
    rig.buy().await;
    assert_eq!(shop.stage(order).await, Stage::Unconfirmed);
    (order, shop.now())
}

fn unsold() -> Fault {
    Fault::Instead(Trouble::Close)
}

#[sqlx::test(migrations = false)]
async fn the_panel_is_asked_after_10_s_30_s_2_min_and_5_min_and_then_a_person(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let (order, since) = unsure(&shop, &reseller, &mut rig, unsold()).await;
    let version = shop.version(order).await;
    for (asked, seconds) in [10, 30, 120, 300].into_iter().enumerate() {
        let due = shop.tracked(order).await.due_at.unwrap();
        assert_eq!(due - since, TimeDelta::seconds(seconds));
        assert_eq!(shop.version(order).await, version, "nothing new to say");
        // A microsecond before it is due nobody asks.
        let ahead = due - shop.now() - TimeDelta::microseconds(1);
        shop.advance(ahead.to_std().unwrap());
        rig.poll().await;
        let count = reseller.panel.ledger().count(Endpoint::Status);
        assert_eq!(usize::try_from(count).unwrap(), asked);
        shop.advance(Duration::from_micros(1));
        rig.poll().await;
    }
    let tracked = shop.tracked(order).await;
    assert_eq!(tracked.watched.unknowns, 4);
    assert_eq!(tracked.due_at, None);
    assert_eq!(shop.held(order).await, "unconfirmed");
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("externalStatus"), "queued");
    assert_eq!(row.text("status"), "pending");
    let said = "Held: it may have been bought; the panel gives no definite answer.";
    assert_eq!(row.text("lastMessage"), said);
    let steps = [
        "claimed",
        "unsure",
        "not_known",
        "not_known",
        "not_known",
        "held",
    ];
    assert_eq!(shop.events(order).await, steps);
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 1);
}

#[sqlx::test(migrations = false)]
async fn a_panel_that_cannot_be_asked_has_not_said_that_it_does_not_know(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let (order, _) = unsure(&shop, &reseller, &mut rig, unsold()).await;
    let silence = [
        Trouble::Page(503),
        Trouble::Page(200),
        Trouble::Empty,
        Trouble::Close,
        Trouble::Garbage,
        Trouble::says("8|Bağlantı hatası"),
    ];
    for (errors, trouble) in (1..).zip(silence) {
        let fault = Fault::Instead(trouble.clone());
        reseller.panel.faults().next(Endpoint::Status, fault);
        rig.step().await;
        let tracked = shop.tracked(order).await;
        assert_eq!(tracked.watched.stage, Stage::Unconfirmed, "{trouble:?}");
        assert_eq!(tracked.watched.unknowns, 0, "{trouble:?}");
        assert_eq!(tracked.watched.errors, errors, "{trouble:?}");
        let wait = tracked.due_at.unwrap() - shop.now();
        let most = TimeDelta::seconds(660).min(TimeDelta::seconds(33 * (1 << (errors - 1))));
        assert!(
            wait >= TimeDelta::seconds(27) && wait <= most,
            "{trouble:?}: {wait}"
        );
    }
    // Now it answers, four times.
    for unknowns in 1..=3 {
        rig.step().await;
        assert_eq!(shop.tracked(order).await.watched.unknowns, unknowns);
        assert_eq!(shop.tracked(order).await.watched.errors, 0);
    }
    rig.step().await;
    assert_eq!(shop.held(order).await, "unconfirmed");
}

#[sqlx::test(migrations = false)]
async fn a_panel_that_is_silent_for_a_day_leaves_the_order_to_a_person(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let settings = [RESEND[0], ("znet.breaker_failures", "0")];
    let mut rig = Rig::with(&shop, &settings);
    let (order, since) = unsure(&shop, &reseller, &mut rig, unsold()).await;
    let fault = Fault::Instead(Trouble::Page(502));
    reseller.panel.faults().stand(Endpoint::Status, fault);
    rig.run_out().await;
    assert_eq!(shop.now() - since, TimeDelta::hours(24));
    assert_eq!(shop.held(order).await, "unconfirmed");
    assert_eq!(shop.shop_row(order).await.text("status"), "pending");
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 1);
}

#[sqlx::test(migrations = false)]
async fn a_sold_order_is_settled_by_the_first_question(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let sold = Fault::After(Trouble::Close);
    let (order, since) = unsure(&shop, &reseller, &mut rig, sold).await;
    rig.step().await;
    assert_eq!(shop.now() - since, TimeDelta::seconds(10));
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("externalStatus"), "done");
    assert_eq!(row.text("sentAt"), crate::support::iso(since));
    assert_eq!(*row.get("durationMs"), serde_json::json!(10_000));
}

#[sqlx::test(migrations = false)]
async fn a_sold_order_that_is_not_ready_is_watched_like_any_other(pool: PgPool) {
    let (shop, reseller) =
        Shop::open_at(pool, |plan| plan.readiness = Readiness::after_waits(2)).await;
    let mut rig = Rig::with(&shop, RESEND);
    let sold = Fault::After(Trouble::Reset);
    let (order, since) = unsure(&shop, &reseller, &mut rig, sold).await;
    rig.step().await;
    let tracked = shop.tracked(order).await;
    assert_eq!(tracked.watched.stage, Stage::Submitted);
    assert_eq!(tracked.watched.sent_at, Some(since));
    assert!(!tracked.watched.may_resend);
    assert_eq!(
        shop.shop_row(order).await.text("externalStatus"),
        "processing"
    );
    // From here on "not known" is a failed question, and never leads to a second purchase.
    let fault = Fault::Instead(Trouble::says("3|İşlem bulunamadı"));
    let faults = std::iter::repeat_n(Some(fault), 6);
    reseller.panel.faults().script(Endpoint::Status, faults);
    for errors in 1..=6 {
        rig.step().await;
        assert_eq!(shop.tracked(order).await.watched.errors, errors);
    }
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 1);
}

#[sqlx::test(migrations = false)]
async fn what_is_sent_again_keeps_its_name_and_is_sent_again_once(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::with(&shop, RESEND);
    let (order, since) = unsure(&shop, &reseller, &mut rig, unsold()).await;
    let reference = reseller.reference(order);
    for _ in 0..4 {
        rig.step().await;
    }
    let tracked = shop.tracked(order).await;
    assert_eq!(tracked.watched.stage, Stage::Queued);
    assert_eq!(tracked.due_at, Some(since + Duration::from_mins(5)));
    assert_eq!(
        shop.shop_row(order).await.text("lastMessage"),
        "The panel does not know the order; sending it again with the same reference: İşlem bulunamadı"
    );
    // The second one gets no sure answer either, and nothing is sold: a person has to look.
    reseller.panel.faults().next(Endpoint::Purchase, unsold());
    rig.run_out().await;
    assert_eq!(shop.held(order).await, "unconfirmed");
    let ledger = reseller.panel.ledger();
    assert_eq!(
        ledger.requests_about(Endpoint::Purchase, &reference).len(),
        2
    );
    assert_eq!(ledger.count(Endpoint::Purchase), 2);
    assert_eq!(ledger.count(Endpoint::Status), 8);
    assert_eq!(ledger.sale_count(), 0);
    assert_eq!(shop.purchases(order).await.len(), 1);
}

#[sqlx::test(migrations = false)]
async fn an_order_that_waits_to_be_sent_again_may_have_been_bought(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::with(&shop, RESEND);
    let (order, since) = unsure(&shop, &reseller, &mut rig, unsold()).await;
    for _ in 0..4 {
        rig.step().await;
    }
    // The panel is away when it is sent again: the time of the first try is kept.
    reseller.panel.pause_listening().await.unwrap();
    rig.dispatch().await;
    let tracked = shop.tracked(order).await;
    assert_eq!(tracked.watched.stage, Stage::Queued);
    assert_eq!(tracked.watched.dispatched_at, Some(since));
    assert!(!tracked.watched.may_resend);
    reseller.panel.resume_listening().await.unwrap();
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    assert_eq!(reseller.panel.ledger().sale_count(), 1);
}

#[sqlx::test(migrations = false)]
async fn the_refusal_of_a_second_sending_is_none_of_the_first(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::with(&shop, RESEND);
    let faults = reseller.panel.faults();
    let unknown = Fault::Instead(Trouble::says("3|Kayit bulunamadi"));
    faults.stand(Endpoint::Status, unknown);
    let sold = Fault::After(Trouble::Close);
    let (order, _) = unsure(&shop, &reseller, &mut rig, sold).await;
    for _ in 0..4 {
        rig.step().await;
    }
    assert_eq!(shop.stage(order).await, Stage::Queued);

    // The first one took the money that the second one would need.
    let refusal = Fault::Instead(Trouble::says("3|Yetersiz bakiye"));
    faults.next(Endpoint::Purchase, refusal);
    rig.buy().await;
    assert_eq!(shop.stage(order).await, Stage::Unconfirmed);
    faults.lift(Endpoint::Status);
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    assert_eq!(reseller.panel.ledger().sale_count(), 1);
}

#[sqlx::test(migrations = false)]
async fn another_word_of_the_shop_decides_nothing_about_what_may_have_been_bought(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let (order, _) = unsure(&shop, &reseller, &mut rig, unsold()).await;
    rig.run_out().await;
    assert_eq!(shop.held(order).await, "unconfirmed");

    shop.set(order, "status = 'processing'").await;
    assert_eq!(rig.sweep().await.settled, 0);
    assert_eq!(shop.held(order).await, "unconfirmed");
    shop.set(order, "status = 'rejected'").await;
    assert_eq!(rig.sweep().await.settled, 1);
}
