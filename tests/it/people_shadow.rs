//! `shadow`: what would have been bought or held, summed up per panel.

use orderwatch::sandbox::panel::Endpoint;
use serde_json::json;
use sqlx::PgPool;

use crate::{
    people::run,
    support::{Rig, Shop},
};

#[sqlx::test(migrations = false)]
async fn the_report_sums_up_what_would_have_been_bought_and_held(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::with(&shop, &[("dispatch.mode", "shadow")]);
    let said = run(&shop, "shadow").await;
    assert!(
        said.fine().starts_with("Nothing was written down."),
        "{said:?}"
    );
    let order = shop.place(reseller.package("2")).await;
    shop.place(reseller.package("2")).await;
    let held = shop.place(reseller.package("2")).await;
    shop.set(held, "quantity = 2").await;
    for _ in 0..3 {
        rig.dispatch().await;
    }
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 0);

    let report = run(&shop, "shadow --json").await.json();
    let panels = json!([{
        "integration": reseller.id, "panel": "panel 0", "would_buy": 2, "would_hold": 1,
        "expected": "70.00", "currency": "TRY", "price_unknown": 0,
    }]);
    assert_eq!(report["panels"], panels);
    let Some(orders) = report["orders"].as_array() else {
        panic!("{report}");
    };
    assert_eq!(orders.len(), 3);
    let of = |id: &str| orders.iter().find(|order| order["order"] == id);
    let bought = of(&order.to_string());
    assert_eq!(
        bought.map(|b| &b["reference"]),
        Some(&json!(reseller.reference(order)))
    );
    assert_eq!(bought.map(|b| &b["expected"]), Some(&json!("35.00")));
    let kept = of(&held.to_string());
    assert_eq!(
        kept.map(|h| &h["would_hold"]),
        Some(&json!("quantity_not_one"))
    );

    let text = run(&shop, "shadow --limit 1").await;
    let lines: Vec<&str> = text.fine().lines().collect();
    let words: Vec<&str> = lines[1].split_whitespace().collect();
    assert_eq!(words, ["panel", "0", "2", "70.00", "0", "1"]);
    assert_eq!(lines.len(), 5, "sums, and one order: {lines:?}");

    // The tests' clock is years ahead, so nothing of it is older than a day; this is.
    shop.sql("UPDATE orderwatch.shadow SET at = now() - interval '2 days'")
        .await;
    let recent = run(&shop, "shadow --json --since 24h").await.json();
    assert_eq!(recent["panels"], json!([]));
    assert_eq!(run(&shop, "shadow --since yesterday").await.code, 2);
}
