//! The chain of a day: `orderwatch money`.

use std::time::Duration;

use orderwatch::order::OrderId;
use sandbox::{
    panel::Endpoint,
    trouble::{Fault, Trouble},
};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{DAY, ask, money, move_money};
use crate::{
    people::run,
    support::{Reseller, Rig, Shop},
};

/// What moved without a purchase, with its name.
fn moved(money: &Value) -> Vec<(&str, &str)> {
    let links = money["links"].as_array().unwrap();
    let movement = |link: &'static str, row: &'_ Value| row[link].as_str().is_some();
    links
        .iter()
        .filter(|row| movement("movement", row))
        .map(|row| {
            (
                row["movement"].as_str().unwrap(),
                row["moved"].as_str().unwrap(),
            )
        })
        .collect()
}

#[sqlx::test(migrations = false)]
async fn a_day_is_told_by_the_panels_own_answers(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    assert_eq!(ask(&shop, &rig).await, 0);
    // Three at once: their answers come in any order.
    for order in shop.place_many(reseller.package("2"), 3).await {
        shop.set(order, "\"orderNo\" = \"orderNo\" + 100").await;
    }
    rig.buy().await;
    assert_eq!(ask(&shop, &rig).await, 0);
    move_money(&reseller, -40);
    assert_eq!(ask(&shop, &rig).await, 1, "somebody else buys there");
    move_money(&reseller, 500);
    assert_eq!(ask(&shop, &rig).await, 0, "a top-up");

    let told = money(&shop).await;
    let sums = &told["panels"][0];
    let want = json!({
        "integration": reseller.id, "panel": "panel 0", "purchases": 3, "cost": "105.00",
        "at_list_price": 0, "cost_unknown": 0, "first": "1000000.00", "last": "1000355.00",
        "refunded": "0", "fell": "40.00", "rose": "500.00", "price_changes": 0, "losses": 0,
        "loss": "0", "price_unknown": 0,
    });
    assert_eq!(same(sums), same(&want));
    assert_eq!(moved(&told), [("-40.00", "fell"), ("500.00", "rose")]);
    let first = &told["links"][0];
    assert_eq!(first["kind"], "purchase");
    assert_eq!(first["sold_for"], "49.99");
    // before + movement − charge = after, and each begins with what the one before has left.
    assert_chained(&told);
}

/// Amounts without zeros at their end, which the database may add.
fn same(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), same(value)))
            .collect(),
        Value::String(text) => text
            .parse::<rust_decimal::Decimal>()
            .map_or_else(|_| value.clone(), |sum| json!(sum.normalize())),
        _ => value.clone(),
    }
}

fn assert_chained(money: &Value) {
    let sum = |value: &Value| {
        let text = value.as_str().unwrap_or("0");
        text.parse::<rust_decimal::Decimal>().unwrap()
    };
    let links = money["links"].as_array().unwrap();
    for pair in links.windows(2) {
        assert_eq!(sum(&pair[0]["after"]), sum(&pair[1]["before"]), "{pair:?}");
    }
    for link in links {
        let after = sum(&link["before"]) + sum(&link["movement"]) - sum(&link["charge"]);
        assert_eq!(after, sum(&link["after"]), "{link}");
    }
}

#[sqlx::test(migrations = false)]
async fn a_cancelled_purchase_comes_back_as_a_refund(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    assert_eq!(ask(&shop, &rig).await, 0);
    // Entry 4 is always cancelled, and paid back.
    shop.place(reseller.package("4")).await;
    rig.buy().await;
    rig.run_out().await;
    assert_eq!(ask(&shop, &rig).await, 0);
    let told = money(&shop).await;
    let named: Vec<&str> = moved(&told).iter().map(|(_, name)| *name).collect();
    assert_eq!(named, ["refunded"], "{told}");
    let sums = same(&told["panels"][0]);
    assert_eq!(sums["first"], sums["last"]);
    assert_eq!(sums["cost"], sums["refunded"]);
}

#[sqlx::test(migrations = false)]
async fn what_is_cancelled_and_paid_back_after_midnight_is_a_refund(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    assert_eq!(ask(&shop, &rig).await, 0);
    // Entry 4 is always cancelled; the panel takes its time.
    shop.place(reseller.package("4")).await;
    rig.buy().await;
    assert_eq!(ask(&shop, &rig).await, 0);
    // Longer than the chain of a day reaches back before it.
    shop.advance(Duration::from_hours(2));
    assert_eq!(ask(&shop, &rig).await, 0);
    shop.advance(Duration::from_hours(3));
    rig.run_out().await;
    assert_eq!(ask(&shop, &rig).await, 0);

    let told = run(&shop, "money --json --day 2030-03-18").await.json();
    let named: Vec<&str> = moved(&told).iter().map(|(_, name)| *name).collect();
    assert_eq!(named, ["refunded"], "{told}");
    assert_eq!(told["panels"][0]["rose"], "0.00", "{told}");
}

#[sqlx::test(migrations = false)]
async fn a_stored_balance_beyond_any_sum_of_money_stops_nothing(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let rig = Rig::new(&shop);
    assert_eq!(ask(&shop, &rig).await, 0);
    let now = shop.now().to_rfc3339();
    shop.sql(&format!(
        "INSERT INTO orderwatch.readings (integration_id, asked_at, answered_at, balance)
         SELECT id, '{now}'::timestamptz + at, '{now}'::timestamptz + at, sum
         FROM integrations, (VALUES ('1 s'::interval, 79000000000000000000000000000),
                                    ('2 s'::interval, -79000000000000000000000000000)) AS v (at, sum)"
    ))
    .await;
    move_money(&reseller, -40);
    assert_eq!(ask(&shop, &rig).await, 1, "the job still says what fell");
    let told = money(&shop).await;
    assert_eq!(moved(&told), [("-40.00", "fell")]);
}

#[sqlx::test(migrations = false)]
async fn another_price_than_the_list_is_named(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    assert_eq!(ask(&shop, &rig).await, 0);
    let order = shop.place(reseller.package("2")).await;
    rig.buy().await;
    // As if the list had said so when it was claimed.
    shop.sql("UPDATE orderwatch.purchases SET expected = 30")
        .await;
    assert_eq!(ask(&shop, &rig).await, 0);
    let told = money(&shop).await;
    assert_eq!(same(&told["links"][0])["price_change"], "5");
    assert_eq!(told["panels"][0]["price_changes"], 1);
    let text = run(&shop, &format!("money --day {DAY}")).await;
    let text = text.fine();
    assert!(text.contains("list price 30.00"), "{text}");
    assert!(
        text.contains("panel 0: 1 charged at another price than the list's"),
        "{text}"
    );
    assert!(shop.tracked(order).await.reference.is_some());
}

#[sqlx::test(migrations = false)]
async fn a_purchase_whose_answer_was_lost_is_no_alarm_and_counts_by_the_list(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    assert_eq!(ask(&shop, &rig).await, 0);
    let lost = Fault::After(Trouble::Reset);
    reseller.panel.faults().next(Endpoint::Purchase, lost);
    shop.place(reseller.package("2")).await;
    rig.buy().await;
    assert_eq!(ask(&shop, &rig).await, 0, "it is under way");
    rig.run_out().await;
    shop.advance(Duration::from_mins(11));
    assert_eq!(ask(&shop, &rig).await, 0);
    let told = money(&shop).await;
    assert_eq!(moved(&told), [], "{told}");
    assert_eq!(told["panels"][0]["at_list_price"], 1);
    assert_eq!(told["links"][0]["after"], Value::Null);
}

/// Buys, and takes the answer back: as long as it is under way, nobody knows it. Returns the order.
async fn under_way(shop: &Shop, reseller: &Reseller, rig: &mut Rig) -> OrderId {
    let order = shop.place(reseller.package("2")).await;
    rig.buy().await;
    shop.sql(&format!(
        "UPDATE orderwatch.purchases SET outcome = NULL, cost = NULL, recorded_at = NULL,
             answered_at = NULL WHERE order_id = '{order}';
         CREATE TABLE IF NOT EXISTS told (order_id uuid, balance numeric);
         INSERT INTO told SELECT order_id, balance FROM orderwatch.purchases WHERE order_id = '{order}';
         UPDATE orderwatch.purchases SET balance = NULL WHERE order_id = '{order}'"
    ))
    .await;
    order
}

#[sqlx::test(migrations = false)]
async fn a_panel_that_is_never_quiet_is_accounted_for_up_to_an_earlier_reading(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    assert_eq!(ask(&shop, &rig).await, 0);
    move_money(&reseller, -40);
    let order = under_way(&shop, &reseller, &mut rig).await;
    assert_eq!(ask(&shop, &rig).await, 0, "it may be the purchase");
    // That one is answered, and the next is under way.
    let now = shop.now().to_rfc3339();
    shop.sql(&format!(
        "UPDATE orderwatch.purchases p SET outcome = 'accepted', cost = 35, balance = t.balance,
             answered_at = '{now}', recorded_at = '{now}'
         FROM told t WHERE t.order_id = p.order_id AND p.order_id = '{order}'"
    ))
    .await;
    under_way(&shop, &reseller, &mut rig).await;
    assert_eq!(ask(&shop, &rig).await, 1, "what fell before is said");
    assert_eq!(ask(&shop, &rig).await, 0, "once");
}

#[sqlx::test(migrations = false)]
async fn it_is_printed_for_people_and_for_a_spreadsheet(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    shop.sql("UPDATE integrations SET name = '=cmd|x'").await;
    let mut rig = Rig::new(&shop);
    ask(&shop, &rig).await;
    let order = shop.place(reseller.package("2")).await;
    rig.buy().await;
    move_money(&reseller, -40);
    ask(&shop, &rig).await;

    let text = run(&shop, &format!("money --day {DAY}")).await;
    let lines: Vec<Vec<&str>> = text
        .fine()
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(
        lines[1],
        [
            "=cmd|x",
            "1",
            "35.00",
            "1000000.00",
            "0.00",
            "40.00",
            "0.00",
            "999925.00"
        ]
    );
    let sold = lines.iter().find(|words| words.contains(&"49.99"));
    assert_eq!(
        sold.unwrap()[3..],
        ["1000000.00", "-", "35.00", "999965.00", "49.99"]
    );
    assert!(text.fine().ends_with("fell"), "{text:?}");
    let sums = run(&shop, &format!("money --limit 0 --day {DAY}")).await;
    assert!(sums.fine().ends_with("2 more: --limit 2, or --csv"));

    let csv = run(&shop, &format!("money --csv --day {DAY}")).await;
    let rows: Vec<&str> = csv.fine().lines().collect();
    assert!(rows[0].starts_with("time,panel,kind,number,order,reference,package,before,"));
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert!(
        rows[1].starts_with("2030-03-17T20:4"),
        "local time: {}",
        rows[1]
    );
    assert!(rows[1].contains(",\"'=cmd|x\",purchase,"), "{}", rows[1]);
    assert!(rows[1].contains(&format!("\"{}\"", reseller.reference(order))));
    assert!(rows[2].contains(",reading,"), "{}", rows[2]);
    assert!(rows[2].contains(",fell,"), "{}", rows[2]);

    let none = run(&shop, "money --day 2030-03-19").await;
    assert_eq!(none.fine(), "No purchase and no balance on 2030-03-19.");
    let other = "00000000-0000-4000-8000-000000000000";
    let elsewhere = run(&shop, &format!("money --day {DAY} --integration {other}")).await;
    let refused = elsewhere.refused();
    assert!(
        refused.contains(&format!("no panel has the id \"{other}\"")),
        "{refused}"
    );
    assert!(
        refused.contains(&reseller.id.to_string()),
        "the ones that would do: {refused}"
    );
    let quiet = format!("money --day 2030-03-19 --integration {}", reseller.id);
    assert_eq!(
        run(&shop, &quiet).await.fine(),
        "No purchase and no balance on 2030-03-19."
    );
    assert_eq!(run(&shop, "money --day yesterday").await.code, 2);
}

#[sqlx::test(migrations = false)]
async fn readings_are_kept_as_long_as_events(pool: PgPool) {
    let (shop, _reseller) = Shop::open(pool).await;
    let rig = Rig::new(&shop);
    ask(&shop, &rig).await;
    ask(&shop, &rig).await;
    let readings = "SELECT count(*) FROM orderwatch.readings";
    assert_eq!(shop.count(readings).await, 2);
    shop.advance(Duration::from_hours(24 * 91));
    let retention = orderwatch::worker::jobs::retention::Retention {
        store: shop.store.clone(),
        clock: std::sync::Arc::clone(&shop.clock) as _,
        keep: orderwatch::config::Retention {
            events: Duration::from_hours(24 * 90),
            job_runs: Duration::from_hours(24 * 90),
            stats: Duration::from_hours(24 * 30),
        },
    };
    assert_eq!(retention.prune().await.unwrap().readings, 1);
    assert_eq!(
        shop.count(readings).await,
        1,
        "the next is compared with it"
    );
}
