//! Somebody else buys the orders that orderwatch buys: found by what the shop's rows and the accounts
//! say, said at once, and buying pauses there until a person resumes it.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::time::Duration;

use orderwatch::{
    order::{IntegrationId, OrderId, Stage},
    store::{Person, Scope},
    worker::jobs::balance::BalanceJob,
};
use rust_decimal::Decimal;
use sandbox::{
    panel::{Endpoint, StatusMode},
    trouble::{Fault, Trouble},
};
use sqlx::PgPool;

use crate::{
    people::run,
    support::{ACCOUNT, Reseller, Rig, Shop},
};

/// What the real shop writes when its own dispatcher has sent an order.
async fn dispatched_by_shop(shop: &Shop, order: OrderId, panel: IntegrationId, reference: &str) {
    shop.set(
        order,
        &format!(
            r#""providerId" = '{panel}', provider_referans = '{reference}', "externalStatus" = 'sent'"#
        ),
    )
    .await;
}

/// An order that orderwatch has bought.
async fn bought(shop: &Shop, reseller: &Reseller, rig: &mut Rig) -> OrderId {
    let order = shop.place(reseller.package("2")).await;
    assert_eq!(rig.buy().await, 1);
    order
}

/// Who paused buying, where, and how often that was done.
async fn paused_by(shop: &Shop) -> Vec<(String, IntegrationId)> {
    let brakes = shop.store.brakes().await.unwrap();
    brakes
        .into_iter()
        .filter_map(|brake| Some((brake.who, brake.panel?)))
        .collect()
}

async fn resume(shop: &Shop, panel: IntegrationId) {
    shop.advance(Duration::from_secs(5));
    let person = Person {
        who: "ayşe".to_owned(),
        why: String::new(),
    };
    let scope = Scope::Panel(panel);
    let resumed = shop.store.resume(scope, None, &person, shop.now()).await;
    assert!(resumed.unwrap());
    shop.advance(Duration::from_secs(5));
}

#[sqlx::test(migrations = false)]
async fn a_row_that_was_written_over_pauses_its_panel_until_a_person_resumes_it(pool: PgPool) {
    let shop = Shop::bare(pool).await;
    let (here, there) = (shop.reseller(|_| {}).await, shop.reseller(|_| {}).await);
    let mut rig = Rig::new(&shop);
    let order = bought(&shop, &here, &mut rig).await;
    let calm = run(&shop, "status").await;
    assert!(!calm.out.contains("Somebody else"), "{calm:?}");
    dispatched_by_shop(&shop, order, here.id, "1795641799498220").await;

    let waits = shop.place(here.package("2")).await;
    let goes = shop.place(there.package("2")).await;
    assert_eq!(rig.buy().await, 1, "the other panel goes on");
    assert!(shop.find_tracked(waits).await.is_none());
    assert_eq!(shop.stage(goes).await, Stage::Submitted);
    assert_eq!(paused_by(&shop).await, [("orderwatch".to_owned(), here.id)]);
    let event = shop.event(order, "overwritten").await;
    assert_eq!(event["found_reference"], "1795641799498220");
    assert_eq!(event["reference"], here.reference(order));
    let status = run(&shop, "status").await.out.replace('\n', " ");
    let status: String = status.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        status.contains("our orders that name another purchase in the shop: 1."),
        "{status}"
    );
    assert!(status.contains("is paused by orderwatch"), "{status}");

    // The same row is no news, neither to the dispatcher nor to the sweep.
    resume(&shop, here.id).await;
    assert_eq!(rig.buy().await, 1);
    assert_eq!(shop.stage(waits).await, Stage::Submitted);
    assert_eq!(rig.sweep().await.overwritten, 0);
    // Nor is another change of what was sent before: the person knew of it.
    dispatched_by_shop(&shop, order, here.id, "1795641799498221").await;
    assert_eq!(rig.sweep().await.overwritten, 1);
    assert_eq!(paused_by(&shop).await, []);
    // What was sent since is.
    dispatched_by_shop(&shop, waits, here.id, "1795641799498222").await;
    rig.buy().await;
    assert_eq!(paused_by(&shop).await, [("orderwatch".to_owned(), here.id)]);
    assert_eq!(
        shop.event(order, "overwritten").await["reference"],
        here.reference(order)
    );
}

#[sqlx::test(migrations = false)]
async fn another_panel_in_the_row_is_evidence_too_and_the_sweep_finds_what_comes_late(
    pool: PgPool,
) {
    let (shop, reseller) =
        Shop::open_at(pool, |plan| plan.status = StatusMode::AlwaysWaiting).await;
    let other = shop.reseller(|_| {}).await;
    let mut rig = Rig::new(&shop);
    let order = bought(&shop, &reseller, &mut rig).await;
    shop.advance(Duration::from_mins(20));
    shop.set(order, &format!(r#""providerId" = '{}'"#, other.id))
        .await;
    rig.buy().await;
    assert_eq!(paused_by(&shop).await, [], "too old for a quick look");
    assert_eq!(rig.sweep().await.overwritten, 1);
    assert_eq!(
        paused_by(&shop).await,
        [("orderwatch".to_owned(), reseller.id)]
    );
}

#[sqlx::test(migrations = false)]
async fn with_warn_it_is_said_and_buying_goes_on(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::with(&shop, &[("dispatch.on_second_dispatcher", "warn")]);
    let order = bought(&shop, &reseller, &mut rig).await;
    dispatched_by_shop(&shop, order, reseller.id, "1795641799498220").await;
    bought(&shop, &reseller, &mut rig).await;
    assert_eq!(paused_by(&shop).await, []);
    assert_eq!(
        shop.event(order, "overwritten").await["found_reference"],
        "1795641799498220"
    );
}

#[sqlx::test(migrations = false)]
async fn what_buys_nothing_twice_is_no_evidence(pool: PgPool) {
    let (shop, reseller) =
        Shop::open_at(pool, |plan| plan.status = StatusMode::AlwaysWaiting).await;
    let mut rig = Rig::new(&shop);
    // The shop's own code clears these without sending anything.
    for columns in [
        r#""providerId" = NULL, mode = 'MANUAL', status = 'PENDING'"#,
        "provider_referans = NULL",
        "provider_referans = ' '",
        r#""providerId" = upper("providerId")"#,
        "status = 'rejected'",
    ] {
        shop.sql(
            "ALTER TABLE product_orders ADD COLUMN IF NOT EXISTS mode varchar(16);
             ALTER TABLE product_orders ALTER COLUMN status TYPE text",
        )
        .await;
        let order = bought(&shop, &reseller, &mut rig).await;
        shop.set(order, columns).await;
    }
    // Staff send what the panel has refused, and what waits for them, another way.
    let refused = shop.place(reseller.package("2")).await;
    let fault = Fault::Instead(Trouble::says("3|Oyuncu bulunamadı"));
    reseller.panel.faults().next(Endpoint::Purchase, fault);
    rig.buy().await;
    assert_eq!(shop.stage(refused).await, Stage::Failed);
    dispatched_by_shop(&shop, refused, reseller.id, "1795641799498221").await;
    // What the shop has sent before orderwatch came is the shop's.
    let sent = shop.place(reseller.package("2")).await;
    dispatched_by_shop(&shop, sent, reseller.id, "1795641799498223").await;
    rig.buy().await;
    assert_eq!(rig.sweep().await.overwritten, 0);
    assert_eq!(paused_by(&shop).await, []);
}

#[sqlx::test(migrations = false)]
async fn money_that_leaves_an_account_without_us_is_said_and_pauses_nothing(pool: PgPool) {
    let (shop, reseller) =
        Shop::open_at(pool, |plan| plan.status = StatusMode::AlwaysWaiting).await;
    let mut rig = Rig::new(&shop);
    let job = BalanceJob {
        shop: rig.workers.clone(),
        accounting: true,
    };
    let unexplained = async |shop: &Shop| {
        shop.advance(Duration::from_mins(11));
        job.ask_all().await.unwrap().unexplained
    };
    assert_eq!(unexplained(&shop).await, 0, "the first reading");
    bought(&shop, &reseller, &mut rig).await;
    bought(&shop, &reseller, &mut rig).await;
    assert_eq!(unexplained(&shop).await, 0, "two purchases of ours");
    let left = reseller.panel.ledger().balance(ACCOUNT.0).unwrap();
    let topped_up = left + Decimal::from(500);
    assert!(reseller.panel.set_balance(ACCOUNT.0, topped_up));
    assert_eq!(unexplained(&shop).await, 0, "a top-up");
    let left = reseller.panel.ledger().balance(ACCOUNT.0).unwrap();
    bought(&shop, &reseller, &mut rig).await;
    let spent = left - reseller.panel.ledger().balance(ACCOUNT.0).unwrap();
    let taken = left - spent - Decimal::from(40);
    assert!(reseller.panel.set_balance(ACCOUNT.0, taken));
    assert_eq!(unexplained(&shop).await, 1);
    assert_eq!(unexplained(&shop).await, 0, "said once");
    assert_eq!(paused_by(&shop).await, []);
    let status = run(&shop, "status").await.out;
    let status: String = status.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        status.contains("fell by 40.00 TRY in 24 hours without a purchase by orderwatch"),
        "{status}"
    );
}

#[sqlx::test(migrations = false)]
async fn money_that_leaves_an_account_is_said_beside_a_purchase_whose_charge_nobody_told(
    pool: PgPool,
) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let job = BalanceJob {
        shop: rig.workers.clone(),
        accounting: true,
    };
    let unexplained = async |shop: &Shop| {
        shop.advance(Duration::from_mins(11));
        job.ask_all().await.unwrap().unexplained
    };
    assert_eq!(unexplained(&shop).await, 0, "the first reading");

    // The answer to a question names no charge, as after a failover that lost the claim.
    let lost = Fault::After(Trouble::Reset);
    reseller
        .panel
        .faults()
        .next(Endpoint::Purchase, lost.clone());
    let order = bought(&shop, &reseller, &mut rig).await;
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    assert!(shop.purchases(order).await[0].get("cost").is_null());
    assert_eq!(unexplained(&shop).await, 0, "it cost what the list says");

    reseller.panel.faults().next(Endpoint::Purchase, lost);
    bought(&shop, &reseller, &mut rig).await;
    rig.run_out().await;
    let left = reseller.panel.ledger().balance(ACCOUNT.0).unwrap();
    let taken = left - Decimal::from(40);
    assert!(reseller.panel.set_balance(ACCOUNT.0, taken));
    assert_eq!(unexplained(&shop).await, 1, "somebody else took 40 TRY");
}
