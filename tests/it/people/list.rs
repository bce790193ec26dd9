//! `order list`: filters, pages, and a table that people can read.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::{collections::BTreeSet, time::Duration};

use orderwatch::order::OrderId;
use serde_json::Value;
use sqlx::PgPool;

use crate::{
    people::run,
    support::{Rig, Shop},
};

/// The orders of a page, and where the next one begins.
async fn page(shop: &Shop, options: &str) -> (Vec<String>, Option<String>) {
    let said = run(shop, &format!("order list --json {options}"))
        .await
        .json();
    let orders = said["orders"].as_array().unwrap().iter();
    let ids = orders.map(|order| order["order"].as_str().unwrap().to_owned());
    (ids.collect(), said["next"].as_str().map(ToOwned::to_owned))
}

fn names(orders: &[OrderId]) -> Vec<String> {
    orders.iter().map(ToString::to_string).collect()
}

#[sqlx::test(migrations = false)]
async fn the_list_is_read_page_by_page_and_by_what_matters(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let mut placed = Vec::new();
    for _ in 0..5 {
        placed.push(shop.place(reseller.package("2")).await);
        rig.buy().await;
        shop.advance(Duration::from_millis(1));
    }
    let mut held = Vec::new();
    for _ in 0..2 {
        held.push(shop.place(reseller.package("2")).await);
        shop.set(held[held.len() - 1], "quantity = 2").await;
        rig.dispatch().await;
        shop.advance(Duration::from_millis(1));
    }
    let mut newest = names(&[placed.clone(), held.clone()].concat());
    newest.reverse();
    let (all, next) = page(&shop, "").await;
    assert_eq!((all, next), (newest.clone(), None));

    let (mut read, mut options) = (Vec::new(), "--limit 3".to_owned());
    loop {
        let (some, next) = page(&shop, &options).await;
        assert!(some.len() <= 3);
        read.extend(some);
        let Some(next) = next else { break };
        options = format!("--limit 3 --after {next}");
    }
    assert_eq!(read, newest, "no order twice, none left out");

    assert_eq!(page(&shop, "--held").await.0, names(&held), "oldest first");
    assert_eq!(page(&shop, "--stage completed").await.0, names(&[]));
    assert_eq!(page(&shop, "--stage submitted").await.0.len(), 5);
    let tenant = format!("--tenant {}", shop.tenant);
    assert_eq!(page(&shop, &tenant).await.0.len(), 7);
    let other = format!("--tenant {}", uuid::Uuid::new_v4());
    assert_eq!(page(&shop, &other).await.0.len(), 0);
    let nonsense = run(&shop, "order list --stage nonsense").await;
    assert_eq!(nonsense.code, 2);
}

#[sqlx::test(migrations = false)]
async fn late_is_what_is_due_for_more_than_a_minute_or_past_its_limit(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let orders = shop.place_many(reseller.package("2"), 5).await;
    rig.buy().await;
    let late: BTreeSet<OrderId> = [
        (orders[0], "due_at = now() - interval '2 minutes'"),
        (orders[1], "give_up_at = now() - interval '1 second'"),
    ]
    .map(|(order, _)| order)
    .into();
    for (order, change) in [
        (orders[0], "due_at = now() - interval '2 minutes'"),
        (orders[1], "give_up_at = now() - interval '1 second'"),
        (orders[2], "due_at = now()"),
        (
            orders[3],
            "due_at = NULL, stage = 'completed', finished_at = now(), give_up_at = now() - interval '1 hour'",
        ),
    ] {
        let sql = format!("UPDATE orderwatch.orders SET {change} WHERE order_id = '{order}'");
        assert_eq!(shop.sql(&sql).await, 1);
    }
    let found: BTreeSet<String> = page(&shop, "--late").await.0.into_iter().collect();
    assert_eq!(found, late.iter().map(ToString::to_string).collect());
    let said = run(&shop, "order list --json --late").await.json();
    let all_late = said["orders"].as_array().unwrap().iter();
    assert!(
        all_late
            .map(|order| &order["late"])
            .all(|late| *late == Value::Bool(true))
    );
}

#[sqlx::test(migrations = false)]
async fn the_table_names_what_a_person_looks_for(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    assert_eq!(run(&shop, "order list").await.fine(), "No orders.");
    shop.sql("UPDATE integrations SET name = 'Şükrü Epin'")
        .await;
    let order = shop.place(reseller.package("2")).await;
    shop.set(order, "quantity = 2").await;
    rig.dispatch().await;
    let said = run(&shop, "order list").await;
    let lines: Vec<&str> = said.fine().lines().collect();
    let [titles, row] = lines[..] else {
        panic!("{lines:?}");
    };
    let number = shop.shop_row(order).await.get("orderNo").to_string();
    for text in [
        &number,
        "held: quantity_not_one",
        "a person",
        "pending",
        "Şükrü Epin",
        &order.to_string(),
    ] {
        assert!(row.contains(text), "{text} in {row}");
    }
    let place = |line: &str, word: &str| line.split(word).next().unwrap().chars().count();
    assert_eq!(place(titles, "PANEL"), place(row, "Şükrü"));
    assert_eq!(place(titles, "ORDER"), place(row, &order.to_string()));
    shop.place(reseller.package("2")).await;
    rig.buy().await;
    let said = run(&shop, "order list --limit 1").await;
    assert!(
        said.fine().contains("\nThere are more: --after 1"),
        "{said:?}"
    );
}
