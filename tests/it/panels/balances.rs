//! The panels' balances: asked for, told by purchases, shown in the shop, warned about.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::{sync::Arc, time::Duration};

use orderwatch::{
    order::IntegrationId,
    store::{Balance, Balanced},
    worker::{
        balance::Balances,
        jobs::balance::{BalanceJob, BalanceReport},
    },
};
use rust_decimal::Decimal;
use sandbox::{
    gates::Moment,
    panel::Endpoint,
    trouble::{Fault, Trouble},
};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::{
    people::run_with,
    process::roles,
    support::{ACCOUNT, Rig, Shop, iso},
};

fn sum(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn balances(shop: &Shop, rig: &Rig, warn_below: &str) -> Balances {
    Balances {
        store: shop.store.clone(),
        panels: Arc::clone(&rig.panels),
        warn_below: sum(warn_below),
    }
}

fn job(rig: &Rig) -> BalanceJob {
    BalanceJob {
        shop: rig.workers.clone(),
        accounting: false,
    }
}

/// Balance and time in our schema and, where there are columns, in the shop's.
async fn shown(shop: &Shop, panel: IntegrationId) -> Value {
    let sql = "SELECT jsonb_build_object('ours', p.balance::text, 'at', p.balance_at,
            'shop', to_jsonb(i) ->> 'balance', 'shop_at', to_jsonb(i) ->> 'balanceUpdatedAt')
        FROM integrations i LEFT JOIN orderwatch.panels p ON p.integration_id = i.id
        WHERE i.id = $1";
    let mut shown: Value = sqlx::query_scalar(sql)
        .bind(panel.0)
        .fetch_one(&shop.pool)
        .await
        .unwrap();
    for at in ["at", "shop_at"] {
        if let Some(text) = shown[at].as_str() {
            shown[at] = json!(iso(text.parse().unwrap()));
        }
    }
    shown
}

#[sqlx::test(migrations = false)]
async fn every_panel_is_asked_and_one_that_is_slow_or_down_holds_up_no_other(pool: PgPool) {
    let (shop, first) = Shop::open(pool).await;
    let (slow, broken, unused) = (
        shop.reseller(|_| {}).await,
        shop.reseller(|_| {}).await,
        shop.reseller(|_| {}).await,
    );
    shop.sql(&format!(
        "UPDATE integrations SET enabled = false WHERE id = '{}'",
        unused.id
    ))
    .await;
    shop.integration("znet", "not an address").await;
    assert!(first.panel.set_balance(ACCOUNT.0, sum("1234.56")));
    let nothing = Fault::Instead(Trouble::Empty);
    broken.panel.faults().stand(Endpoint::Balance, nothing);
    let gate = slow.panel.hold(Endpoint::Balance, Moment::BeforeWork);
    let rig = Rig::new(&shop);
    let job = job(&rig);
    let pass = tokio::spawn(async move { job.ask_all().await });
    gate.arrived(1).await;
    let at = iso(shop.now());
    while shown(&shop, first.id).await["ours"].is_null() {
        tokio::task::yield_now().await;
    }
    gate.open();
    let report = pass.await.unwrap().unwrap();
    let want = BalanceReport {
        reported: 2,
        failed: 1,
        busy: 0,
        written: 2,
        low: 0,
        unexplained: 0,
    };
    assert_eq!(report, want);
    let want = json!({"ours": "1234.56", "at": at, "shop": "1234.560", "shop_at": at});
    assert_eq!(shown(&shop, first.id).await, want);
    assert_eq!(shown(&shop, slow.id).await["shop"], "1000000.000");
    assert_eq!(shown(&shop, broken.id).await["ours"], Value::Null);
    assert_eq!(unused.panel.ledger().count(Endpoint::Balance), 0);
}

#[sqlx::test(migrations = false)]
async fn a_pass_by_hand_says_what_it_did(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let said = run_with(&shop, &[("BALANCE__WARN_BELOW", "2000000")], "once balance").await;
    let report: Value = serde_json::from_str(&said.out).unwrap();
    let want =
        json!({"reported": 1, "failed": 0, "busy": 0, "written": 1, "low": 1, "unexplained": 0});
    assert_eq!((said.code, report), (0, want), "{said:?}");
    assert_eq!(shown(&shop, reseller.id).await["ours"], "1000000");
    let again = [("BALANCE__WARN_BELOW", "2000000"), ("LOG__LEVEL", "warn")];
    let quiet = run_with(&shop, &again, "once balance").await;
    assert!(!quiet.err.contains("is low"), "said once a day: {quiet:?}");
    shop.sql("UPDATE orderwatch.panels SET low_warned_at = NULL")
        .await;
    let said = run_with(&shop, &again, "once balance").await;
    assert!(
        said.err.contains("the balance at this panel is low"),
        "{said:?}"
    );
}

#[sqlx::test(migrations = false)]
async fn a_full_panel_is_asked_when_it_has_room(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::with(&shop, &[("znet.max_in_flight", "1")]);
    shop.place(reseller.package("2")).await;
    // The price list only.
    rig.dispatch().await;
    let gate = reseller.panel.hold(Endpoint::Purchase, Moment::BeforeWork);
    rig.begin_dispatch().await;
    gate.arrived(1).await;
    let job = job(&rig);
    let mut pass = tokio::spawn(async move { job.ask_all().await });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(futures::poll!(&mut pass).is_pending());
    assert_eq!(reseller.panel.ledger().count(Endpoint::Balance), 0);
    gate.open();
    assert_eq!(pass.await.unwrap().unwrap().reported, 1);
}

#[sqlx::test(migrations = false)]
async fn the_shop_s_columns_are_written_as_far_as_they_are_there(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let rig = Rig::new(&shop);
    let job = job(&rig);
    let want = |shown: &Value, shop, shop_at| {
        assert_eq!((&shown["shop"], &shown["shop_at"]), (&shop, &shop_at));
        assert_eq!(shown["ours"], "1000000");
    };
    shop.sql("ALTER TABLE integrations DROP COLUMN balance")
        .await;
    job.ask_all().await.unwrap();
    want(
        &shown(&shop, reseller.id).await,
        Value::Null,
        json!(iso(shop.now())),
    );
    shop.sql(
        r#"ALTER TABLE integrations DROP COLUMN "balanceUpdatedAt", ADD balance numeric(18,3)"#,
    )
    .await;
    // A column that comes later is nobody's to write until the rights are given anew.
    roles::grant(&shop.pool).await;
    shop.advance(Duration::from_mins(10));
    job.ask_all().await.unwrap();
    want(
        &shown(&shop, reseller.id).await,
        json!("1000000.000"),
        Value::Null,
    );
    shop.sql("ALTER TABLE integrations DROP COLUMN balance, DROP COLUMN enabled")
        .await;
    shop.advance(Duration::from_mins(10));
    job.ask_all().await.unwrap();
    let shown = shown(&shop, reseller.id).await;
    want(&shown, Value::Null, Value::Null);
    assert_eq!(shown["at"], json!(iso(shop.now())));
}

#[sqlx::test(migrations = false)]
async fn purchases_tell_the_balance_and_the_newer_figure_wins(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let balances = balances(&shop, &rig, "0");
    shop.place_many(reseller.package("2"), 2).await;
    rig.buy().await;
    rig.latest.write(&balances).await;
    let bought_at = iso(shop.now());
    let want =
        json!({"ours": "999930", "at": bought_at, "shop": "999930.000", "shop_at": bought_at});
    assert_eq!(shown(&shop, reseller.id).await, want);

    let older = Balance {
        integration: reseller.id,
        amount: sum("5"),
        at: shop.now() - Duration::from_secs(1),
    };
    assert_eq!(balances.write(&[older]).await.unwrap(), []);
    assert_eq!(shown(&shop, reseller.id).await, want);
    // One more than the column of the shop takes: kept by us alone.
    shop.advance(Duration::from_secs(1));
    let huge = Balance {
        amount: sum("1000000000000000"),
        at: shop.now(),
        ..older
    };
    assert_eq!(balances.write(&[huge]).await.unwrap().len(), 1);
    let shown = shown(&shop, reseller.id).await;
    assert_eq!(
        (&shown["ours"], &shown["shop"]),
        (&json!("1000000000000000"), &json!("999930.000"))
    );
}

#[sqlx::test(migrations = false)]
async fn a_row_that_somebody_holds_is_left_for_the_next_time(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let rig = Rig::new(&shop);
    let mut holder = shop.pool.begin().await.unwrap();
    sqlx::query("SELECT FROM integrations FOR UPDATE")
        .execute(&mut *holder)
        .await
        .unwrap();
    let job = job(&rig);
    job.ask_all().await.unwrap();
    let held = shown(&shop, reseller.id).await;
    assert_eq!(
        (&held["ours"], &held["shop"]),
        (&json!("1000000"), &Value::Null)
    );
    holder.rollback().await.unwrap();
    shop.advance(Duration::from_mins(10));
    job.ask_all().await.unwrap();
    assert_eq!(shown(&shop, reseller.id).await["shop"], "1000000.000");
}

#[sqlx::test(migrations = false)]
async fn a_low_balance_is_warned_about_once_and_again_every_day(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let rig = Rig::new(&shop);
    let limited = balances(&shop, &rig, "100");
    let never = balances(&shop, &rig, "0");
    let minute = Duration::from_mins(1);
    for (wait, amount, low, warn) in [
        (minute, "100", false, false),
        (minute, "99.99", true, true),
        (minute, "50", true, false),
        (minute * (24 * 60 - 2), "40", true, false),
        (minute, "30", true, true),
        (minute, "20", true, false),
        (minute, "100.01", false, false),
        (minute, "-5", true, true),
    ] {
        shop.advance(wait);
        let balance = Balance {
            integration: reseller.id,
            amount: sum(amount),
            at: shop.now(),
        };
        let want = Balanced {
            integration: reseller.id,
            low,
            warn,
        };
        assert_eq!(limited.write(&[balance]).await.unwrap(), [want], "{amount}");
    }
    shop.advance(minute);
    let balance = Balance {
        integration: reseller.id,
        amount: sum("1"),
        at: shop.now(),
    };
    let written = never.write(&[balance]).await.unwrap();
    assert!(written.iter().all(|written| !written.low && !written.warn));
}
