//! `shadow`: what would have been bought or held, summed up per panel.

use sandbox::panel::Endpoint;
use serde_json::json;
use sqlx::PgPool;

use crate::{
    people::run,
    support::{Rig, Shop, iso},
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

#[sqlx::test(migrations = false)]
async fn the_report_holds_what_the_shop_sent_itself_against_what_would_have_been_bought(
    pool: PgPool,
) {
    let (shop, reseller) = Shop::open(pool).await;
    let other = shop.integration("znet", "http://127.0.0.1:1/").await;
    let package = reseller.package("2");
    let by_api = shop.place(package).await;
    let name = "5f0c1a52-0d3c-4e6e-9a55-6f1f3f1f0a01";
    let columns = format!(
        r#"status = 'PENDING', "providerId" = '{}', "externalOrderId" = '{name}',
           provider_referans = '{name}'"#,
        reseller.id
    );
    shop.set(by_api, &columns).await;
    // The shop sends these within the request, before anybody else can see them.
    let (here, there) = (shop.place(package).await, shop.place(package).await);
    for (order, panel, number) in [(here, reseller.id, 1), (there, other, 2)] {
        let columns = format!(
            r#"status = 'PENDING', "providerId" = '{panel}', "externalStatus" = 'sent',
               "externalOrderId" = id::text, provider_referans = '179564179949822{number}',
               "sentAt" = '{}'"#,
            iso(shop.now())
        );
        shop.set(order, &columns).await;
    }
    let chained = shop.place(package).await;
    shop.set(
        chained,
        r#""externalOrderId" = 'stub-' || gen_random_uuid()"#,
    )
    .await;
    let before = shop.version(here).await;
    let mut rig = Rig::with(&shop, &[("dispatch.mode", "shadow")]);
    for _ in 0..3 {
        rig.dispatch().await;
    }
    let report = run(&shop, "shadow --json").await.json();
    let Some(orders) = report["orders"].as_array() else {
        panic!("{report}");
    };
    assert_eq!(orders.len(), 3, "{report}");
    let of = |id: String| {
        let found = orders.iter().find(|order| order["order"] == id);
        found.map(|order| order["sent_by_shop"].clone())
    };
    assert_eq!(of(by_api.to_string()), Some(serde_json::Value::Null));
    let sent = |panel: &str, same: bool| {
        Some(json!({"panel": panel, "same_panel": same, "before_it_was_seen": true}))
    };
    assert_eq!(of(here.to_string()), sent("panel 0", true));
    assert_eq!(of(there.to_string()), sent("panel 1", false));
    let references = orders.iter().map(|order| order["reference"].as_str());
    assert!(references.flatten().eq(orders.iter().filter_map(|order| {
        let id = order["order"].as_str()?.parse().ok()?;
        Some(reseller.reference(orderwatch::order::OrderId(id)))
    })));
    assert_eq!(report["forwarded"], 1);
    let text = run(&shop, "shadow").await;
    assert!(text.fine().contains("sent first to panel 1"), "{text:?}");
    let forwarded = "1 orders were forwarded between tenants; the shop sends and follows these.";
    assert!(text.fine().ends_with(forwarded), "{text:?}");
    assert_eq!(shop.version(here).await, before);
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 0);
}
