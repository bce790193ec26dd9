//! Who settles: what the shop has not settled is counted and said, and wallets are never bypassed.

use std::time::Duration;

use orderwatch::{order::Stage, store::Unsettled};
use sqlx::PgPool;

use crate::{
    people::{run, run_with},
    support::{Rig, Shop},
};

#[sqlx::test(migrations = false)]
async fn what_the_shop_has_not_settled_is_counted_until_it_is(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let orders = [
        shop.place(reseller.package("2")).await,
        shop.place(reseller.package("4")).await,
        shop.place(reseller.package("3")).await,
    ];
    rig.buy().await;
    rig.run_out().await;
    let ended = shop.tracked(orders[0]).await.finished_at;
    assert_eq!(
        shop.store.unsettled(shop.now()).await.unwrap(),
        Unsettled::default(),
        "a listener needs a moment"
    );
    shop.advance(Duration::from_mins(6));
    let unsettled = shop.store.unsettled(shop.now()).await.unwrap();
    assert_eq!((unsettled.orders, unsettled.since), (3, ended));

    // The shop's own function settles two of them; it says so in whichever case.
    shop.set(orders[0], "status = 'Approved'").await;
    shop.set(orders[1], "status = 'rejected'").await;
    let unsettled = shop.store.unsettled(shop.now()).await.unwrap();
    assert_eq!(unsettled.orders, 1, "the rows are what counts");
    rig.sweep().await;
    let sql = "SELECT count(*) FROM orderwatch.unsettled";
    let kept: i64 = sqlx::query_scalar(sql).fetch_one(&shop.pool).await.unwrap();
    assert_eq!(kept, 1, "what was settled is forgotten");
    shop.sql(&format!(
        "DELETE FROM product_orders WHERE id = '{}'",
        orders[2]
    ))
    .await;
    assert_eq!(shop.store.unsettled(shop.now()).await.unwrap().orders, 0);
}

#[sqlx::test(migrations = false)]
async fn status_and_doctor_name_what_is_not_settled_and_that_nobody_is_told(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let order = shop.place(reseller.package("2")).await;
    rig.buy().await;
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    shop.sql("UPDATE orderwatch.unsettled SET finished_at = now() - interval '1 hour'")
        .await;
    let status = run(&shop, "status").await.out;
    let said = "1 order has ended and the shop has not settled it; nobody is told of it";
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat(&status).contains(said), "{status}");
    let doctor = run(&shop, "doctor").await.out;
    let flat = flat(&doctor);
    assert!(
        flat.contains("1 final orders are not settled by the shop"),
        "{doctor}"
    );
    assert!(
        flat.contains("no [[notify.webhook]] tells it when"),
        "{doctor}"
    );
}

#[sqlx::test(migrations = false)]
async fn a_shop_with_wallets_is_never_settled_by_status(pool: PgPool) {
    let (shop, _) = Shop::open(pool).await;
    let by_status = [("ORDERS__SETTLE", "status")];
    run_with(&shop, &by_status, "once sweep").await.fine();
    shop.sql(
        "CREATE TABLE public.wallet_transactions (id serial PRIMARY KEY);
         CREATE TABLE public.dj_users (id serial PRIMARY KEY, balance numeric NOT NULL DEFAULT 0)",
    )
    .await;
    for command in ["run", "once sweep"] {
        let said = run_with(&shop, &by_status, command).await;
        assert_eq!(said.code, 1, "{said:?}");
        let words = "is not for a shop with wallets (dj_users.balance, wallet_transactions)";
        assert!(said.err.contains(words), "{said:?}");
    }
    let doctor = run_with(&shop, &by_status, "doctor").await;
    assert_eq!(doctor.code, 1);
    let flat = doctor.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        flat.contains("this shop has wallets (dj_users.balance, wallet_transactions)"),
        "{flat}"
    );
    for command in ["status", "migrate"] {
        run_with(&shop, &by_status, command).await.fine();
    }
    run(&shop, "once sweep").await.fine();
}
