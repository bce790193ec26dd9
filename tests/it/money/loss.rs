//! What costs more than the customer paid: warned about, and held where `dispatch.max_loss` says so.

use orderwatch::order::{OrderId, Stage};
use sandbox::{
    panel::Endpoint,
    trouble::{Fault, Trouble},
};
use serde_json::json;
use sqlx::PgPool;

use super::money;
use crate::{
    people::{run, run_with},
    support::{Reseller, Rig, Shop},
};

/// An order of what costs 35 TRY at the panel, sold for this.
async fn sold(shop: &Shop, reseller: &Reseller, price: &str, currency: &str) -> OrderId {
    let order = shop.place(reseller.package("2")).await;
    let columns = format!(r#""sellPriceAmount" = {price}, "sellPriceCurrency" = '{currency}'"#);
    shop.set(order, &columns).await;
    order
}

/// The shop's own rates.
async fn rates(shop: &Shop) {
    shop.sql(&format!(
        r#"CREATE TABLE public.currencies (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), "tenantId" uuid,
               code varchar(16), rate numeric(10,4), "isActive" boolean);
           INSERT INTO public.currencies ("tenantId", code, rate, "isActive") VALUES
               ('{0}', 'TRY', 40, true), ('{0}', 'SYP', 13000, true), ('{0}', 'EUR', 0.9, false),
               (gen_random_uuid(), 'TRY', 1, true);
           GRANT SELECT ON public.currencies TO PUBLIC"#,
        shop.tenant
    ))
    .await;
}

#[sqlx::test(migrations = false)]
async fn a_sale_below_its_cost_is_bought_and_warned_about(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let order = sold(&shop, &reseller, "30", "TRY").await;
    let fine = sold(&shop, &reseller, "35", "TRY").await;
    rig.buy().await;
    let said = shop.event(order, "sold_at_a_loss").await;
    assert_eq!(said, json!({"cost": "35", "sold_for": "30.00"}));
    assert!(
        !shop
            .events(fine)
            .await
            .contains(&"sold_at_a_loss".to_owned())
    );
    rig.run_out().await;
    let events = shop.events(order).await;
    let times = events.iter().filter(|kind| *kind == "sold_at_a_loss");
    assert_eq!(times.count(), 1, "{events:?}");

    let status = run(&shop, "status").await.out;
    let status: String = status.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        status.contains("Sold at a loss in 24 hours: 1, 5.00 TRY in all (2: 1, 5.00 TRY)."),
        "{status}"
    );
    let told = money(&shop).await;
    assert_eq!(told["panels"][0]["losses"], 1);
    assert_eq!(told["panels"][0]["loss"], "5.00");
}

#[sqlx::test(migrations = false)]
async fn what_would_be_sold_at_a_loss_is_held_until_a_person_releases_it(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::with(&shop, &[("dispatch.max_loss", "0")]);
    let order = sold(&shop, &reseller, "34.99", "TRY").await;
    let fine = sold(&shop, &reseller, "35.00", "TRY").await;
    rig.buy().await;
    assert_eq!(shop.held(order).await, "sold_at_a_loss");
    assert_eq!(shop.stage(fine).await, Stage::Submitted);
    let row = shop.shop_row(order).await;
    assert_eq!(
        row.text("lastMessage"),
        "Held: the panel asks more for this product than it was sold for."
    );
    assert!(shop.purchases(order).await.is_empty());

    let loss = "a loss of 0.01 TRY (listed price 35.00 TRY, sold for 34.99 TRY)";
    let all = "order retry --reason-code sold__at__a__loss --all --reason good__customer";
    let preview = run(&shop, all).await;
    assert!(preview.out.contains(loss), "{preview:?}");
    let said = run(
        &shop,
        &format!("order retry {order} --reason good__customer"),
    )
    .await;
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains(loss), "{said:?}");
    shop.carry_over(order).await;
    rig.buy().await;
    assert_eq!(
        shop.stage(order).await,
        Stage::Submitted,
        "bought all the same"
    );
    assert_eq!(shop.purchases(order).await.len(), 1);
}

#[sqlx::test(migrations = false)]
async fn a_loss_is_accepted_as_far_as_it_was_shown(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::with(&shop, &[("dispatch.max_loss", "0")]);
    let order = sold(&shop, &reseller, "34", "TRY").await;
    rig.buy().await;
    let retry = format!("order retry {order} --reason good__customer");
    let said = run(&shop, &retry).await;
    assert!(said.fine().contains("a loss of 1.00 TRY"), "{said:?}");

    // It brings less by the time that it is bought.
    shop.set(order, r#""sellPriceAmount" = 33"#).await;
    shop.carry_over(order).await;
    rig.buy().await;
    assert_eq!(shop.held(order).await, "sold_at_a_loss");
    let held = shop.event(order, "held").await;
    assert_eq!(
        held,
        json!({"reason": "sold_at_a_loss", "cost": "35", "sold_for": "33.00"})
    );

    let said = run(&shop, &retry).await;
    assert!(said.fine().contains("a loss of 2.00 TRY"), "{said:?}");
    // More than the customer paid before, and less than was accepted.
    shop.set(order, r#""sellPriceAmount" = 33.5"#).await;
    shop.carry_over(order).await;
    rig.buy().await;
    assert_eq!(shop.stage(order).await, Stage::Submitted);
}

#[sqlx::test(migrations = false)]
async fn a_loss_within_the_limit_is_bought(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::with(&shop, &[("dispatch.max_loss", "5")]);
    let within = sold(&shop, &reseller, "30", "TRY").await;
    let beyond = sold(&shop, &reseller, "29.99", "TRY").await;
    rig.buy().await;
    assert_eq!(shop.stage(within).await, Stage::Submitted);
    assert_eq!(shop.held(beyond).await, "sold_at_a_loss");
}

#[sqlx::test(migrations = false)]
async fn another_currency_is_compared_by_the_shops_own_rates(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    rates(&shop).await;
    let mut rig = Rig::with(&shop, &[("dispatch.max_loss", "0")]);
    // 35 TRY are 0.875 dollars or 11,375 pounds.
    let cheap = [
        sold(&shop, &reseller, "0.87", "USD").await,
        sold(&shop, &reseller, "11374", "SYP").await,
    ];
    let fine = [
        sold(&shop, &reseller, "0.88", "USD").await,
        sold(&shop, &reseller, "11375", "SYP").await,
        // No rate that is in force, and no price: not known is not a loss.
        sold(&shop, &reseller, "0.01", "EUR").await,
        sold(&shop, &reseller, "0", "TRY").await,
    ];
    rig.buy().await;
    for order in cheap {
        assert_eq!(shop.held(order).await, "sold_at_a_loss");
    }
    for order in fine {
        assert_eq!(shop.stage(order).await, Stage::Submitted);
    }
}

#[sqlx::test(migrations = false)]
async fn what_is_not_known_is_bought(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::with(&shop, &[("dispatch.max_loss", "0")]);
    let no_rates = sold(&shop, &reseller, "0.01", "USD").await;
    rig.buy().await;
    assert_eq!(shop.stage(no_rates).await, Stage::Submitted);
    // A table of that name that is another one, and one that nobody may read.
    shop.sql("CREATE TABLE public.currencies (name text)").await;
    let mut rig = Rig::with(&shop, &[("dispatch.max_loss", "0")]);
    let other_table = sold(&shop, &reseller, "0.01", "USD").await;
    rig.buy().await;
    assert_eq!(shop.stage(other_table).await, Stage::Submitted);
    shop.sql("DROP TABLE public.currencies").await;
    rates(&shop).await;
    shop.sql("REVOKE ALL ON public.currencies FROM PUBLIC")
        .await;
    let mut rig = Rig::with(&shop, &[("dispatch.max_loss", "0")]);
    let not_readable = sold(&shop, &reseller, "0.01", "USD").await;
    rig.buy().await;
    assert_eq!(shop.stage(not_readable).await, Stage::Submitted);
}

#[sqlx::test(migrations = false)]
async fn somebody_who_changes_the_rates_stops_no_purchase(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    rates(&shop).await;
    let mut rig = Rig::with(&shop, &[("dispatch.max_loss", "0")]);
    let mut orders = Vec::new();
    for _ in 0..10 {
        orders.push(sold(&shop, &reseller, "0.01", "USD").await);
    }
    let mut change = shop.pool.begin().await.unwrap();
    sqlx::query("ALTER TABLE public.currencies ADD COLUMN note text")
        .execute(&mut *change)
        .await
        .unwrap();
    rig.buy().await;
    for order in orders {
        assert_eq!(shop.stage(order).await, Stage::Submitted);
        assert!(shop.purchases(order).await[0].get("sold_for").is_null());
    }
    change.rollback().await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn what_may_have_been_bought_is_not_put_aside_for_a_loss(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let settings = [
        ("dispatch.max_loss", "0"),
        ("dispatch.unconfirmed", "resend"),
    ];
    let mut rig = Rig::with(&shop, &settings);
    let order = sold(&shop, &reseller, "40", "TRY").await;
    let lost = Fault::Instead(Trouble::Close);
    reseller.panel.faults().next(Endpoint::Purchase, lost);
    rig.buy().await;
    shop.set(order, r#""sellPriceAmount" = 30"#).await;
    while shop.stage(order).await == Stage::Unconfirmed {
        rig.step().await;
    }
    reseller.panel.pause_listening().await.unwrap();
    for _ in 0..2 {
        rig.step().await;
        assert_eq!(shop.stage(order).await, Stage::Queued);
        let purchase = &shop.purchases(order).await[0];
        let outcome = purchase.text("outcome");
        assert_eq!(outcome, "unsure", "the first try may have bought it");
    }
    reseller.panel.resume_listening().await.unwrap();
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
}

#[sqlx::test(migrations = false)]
async fn the_setting_is_a_sum_or_nothing(pool: PgPool) {
    let (shop, _reseller) = Shop::open(pool).await;
    for (value, code) in [("", 0), ("0", 0), ("2.50", 0), ("-1", 2), ("much", 2)] {
        let said = run_with(&shop, &[("DISPATCH__MAX_LOSS", value)], "config check").await;
        assert_eq!(said.code, code, "{value:?}: {said:?}");
    }
}
