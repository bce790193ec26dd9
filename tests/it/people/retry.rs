//! `order retry`: held orders go on once their cause is mended, and nothing else does.

use std::time::Duration;

use chrono::TimeDelta;
use orderwatch::order::{OrderId, Stage};
use sandbox::{
    panel::Endpoint,
    trouble::{Fault, Trouble},
};
use serde_json::json;
use sqlx::PgPool;

use crate::{
    people::{PERSON, run},
    support::{Reseller, Rig, Shop},
};

const REASON: &str = "--reason package_mapped";

async fn retry(shop: &Shop, order: OrderId) -> crate::people::Said {
    run(shop, &format!("order retry {order} {REASON}")).await
}

async fn unmap(shop: &Shop) {
    shop.sql("DELETE FROM package_mappings").await;
}

async fn map(shop: &Shop, reseller: &Reseller, package: sqlx::types::Uuid) {
    let (tenant, panel) = (shop.tenant, reseller.id);
    let sql = format!(
        r#"INSERT INTO package_mappings
               ("tenantId", our_package_id, provider_api_id, provider_package_id)
           VALUES ('{tenant}', '{package}', '{panel}', '2')"#
    );
    assert_eq!(shop.sql(&sql).await, 1);
}

/// An order that is held since its package is not mapped.
async fn held(shop: &Shop, reseller: &Reseller, rig: &mut Rig) -> OrderId {
    unmap(shop).await;
    let order = shop.place(reseller.package("2")).await;
    rig.dispatch().await;
    assert_eq!(shop.held(order).await, "no_mapping");
    order
}

#[sqlx::test(migrations = false)]
async fn a_held_order_is_bought_once_its_cause_is_mended_and_released(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let order = held(&shop, &reseller, &mut rig).await;
    let before = shop.shop_row(order).await;
    map(&shop, &reseller, reseller.package("2")).await;

    let mut notices = shop
        .store
        .listen(orderwatch::store::Channel::NewOrders)
        .await
        .unwrap();
    let reference = reseller.reference(order);
    let said = retry(&shop, order).await;
    let want = format!("Released by {PERSON}: it will be sent to panel 0 as {reference}.");
    assert_eq!(said.fine(), want);
    let notice = tokio::time::timeout(Duration::from_secs(30), notices.next()).await;
    notice.unwrap().unwrap();

    let tracked = shop.tracked(order).await;
    assert_eq!(tracked.watched.stage, Stage::Queued);
    assert_eq!(tracked.integration, Some(reseller.id));
    assert_eq!(tracked.reference.unwrap().as_str(), reference);
    let patience = tracked.watched.give_up_at.unwrap() - tracked.due_at.unwrap();
    assert_eq!(patience, TimeDelta::hours(24));
    let after = shop.shop_row(order).await;
    let message = format!("Released by {PERSON}: package mapped. It will be sent.");
    assert_eq!(after.text("lastMessage"), message);
    assert_eq!(after.notes().last(), Some(&message.as_str()));
    let mut changed: Vec<String> =
        serde_json::from_value::<serde_json::Map<_, _>>(after.changes(&before))
            .unwrap()
            .into_iter()
            .map(|(column, _)| column)
            .collect();
    changed.sort();
    assert_eq!(
        changed,
        ["lastMessage", "lastSyncAt", "notes", "notesCount"]
    );
    let want = json!({
        "who": PERSON, "why": "package mapped", "what": "retry", "from": "held",
        "held": "no_mapping", "to": "queued", "reference": reference, "integration": reseller.id,
    });
    assert_eq!(shop.event(order, "released").await, want);
    let action = [PERSON, "retry", &order.to_string(), "package mapped"];
    assert_eq!(shop.actions().await, [action.map(ToOwned::to_owned)]);

    shop.carry_over(order).await;
    assert_eq!(rig.buy().await, 1);
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    assert_eq!(reseller.panel.ledger().sale_count(), 1);
    assert!(reseller.panel.ledger().sold(&reference));
    let ledger = shop.purchases(order).await;
    assert_eq!(ledger.len(), 1);
    assert_eq!(ledger[0].text("cost"), "35");
    let steps = shop.events(order).await;
    assert_eq!(steps[..4], ["held", "released", "claimed", "accepted"]);
}

#[sqlx::test(migrations = false)]
async fn an_order_whose_cause_is_still_there_is_held_again(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let order = held(&shop, &reseller, &mut rig).await;
    retry(&shop, order).await.fine();
    shop.carry_over(order).await;
    assert_eq!(rig.buy().await, 0);
    assert_eq!(shop.held(order).await, "no_mapping");
    assert_eq!(shop.events(order).await, ["held", "released", "held"]);
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 0);
}

#[sqlx::test(migrations = false)]
async fn what_was_surely_not_sent_goes_to_the_panel_that_the_package_is_routed_to_now(
    pool: PgPool,
) {
    let (shop, first) = Shop::open(pool).await;
    let second = shop.reseller(|_| {}).await;
    let mut rig = Rig::new(&shop);
    let package = first.package("2");
    let order = shop.place(package).await;
    rig.dispatch().await; // reads the price list
    first.panel.pause_listening().await.unwrap();
    rig.dispatch().await;
    assert_eq!(shop.stage(order).await, Stage::Queued, "not reached");
    unmap(&shop).await;
    rig.step().await;
    assert_eq!(shop.held(order).await, "no_mapping");
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("providerId"), first.id.to_string());

    let route = format!(
        r#"UPDATE package_routing SET "primaryProviderId" = '{}'"#,
        second.id
    );
    shop.sql(&route).await;
    map(&shop, &second, package).await;
    retry(&shop, order).await.fine();
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("providerId"), second.id.to_string());
    assert_eq!(row.text("provider_referans"), second.reference(order));
    shop.carry_over(order).await;
    assert_eq!(rig.buy().await, 1);
    assert_eq!(shop.stage(order).await, Stage::Submitted);
    assert!(second.panel.ledger().sold(&second.reference(order)));
    assert_eq!(first.panel.ledger().sale_count(), 0);
}

#[sqlx::test(migrations = false)]
async fn what_may_have_been_sent_stays_at_its_panel_also_when_the_route_has_changed(pool: PgPool) {
    let (shop, first) = Shop::open(pool).await;
    let second = shop.reseller(|_| {}).await;
    let mut rig = Rig::with(&shop, &[("dispatch.unconfirmed", "resend")]);
    let package = first.package("2");
    let order = shop.place(package).await;
    // Bought, and the answer is lost; then the panel says that it does not know it.
    let faults = first.panel.faults();
    faults.next(Endpoint::Purchase, Fault::After(Trouble::Close));
    faults.stand(
        Endpoint::Status,
        Fault::Instead(Trouble::says("3|Kayit bulunamadi")),
    );
    rig.buy().await;
    while shop.stage(order).await == Stage::Unconfirmed {
        unmap(&shop).await;
        assert!(rig.step().await);
    }
    rig.dispatch().await;
    // It was sold: whoever rejected it for the mapping alone would lose it.
    assert_eq!(shop.held(order).await, "unconfirmed");
    assert_eq!(shop.event(order, "held").await["cause"], "no_mapping");
    faults.lift(Endpoint::Status);

    let route = format!(
        r#"UPDATE package_routing SET "primaryProviderId" = '{}'"#,
        second.id
    );
    shop.sql(&route).await;
    map(&shop, &first, package).await;
    map(&shop, &second, package).await;
    let resend = format!("order resolve {order} --not-bought --resend --yes {REASON}");
    run(&shop, &resend).await.fine();
    shop.carry_over(order).await;
    rig.buy().await;
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    assert_eq!(first.panel.ledger().sale_count(), 1);
    assert_eq!(second.panel.ledger().count(Endpoint::Purchase), 0);
}

#[sqlx::test(migrations = false)]
async fn a_retry_that_cannot_be_is_refused_and_changes_nothing(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let done = shop.place(reseller.package("2")).await;
    rig.buy().await;
    rig.run_out().await;
    let unsure = shop.place(reseller.package("2")).await;
    let fault = Fault::Instead(Trouble::Close);
    reseller.panel.faults().next(Endpoint::Purchase, fault);
    rig.buy().await;
    let decided = held(&shop, &reseller, &mut rig).await;
    shop.set(decided, "status = 'rejected'").await;
    let elsewhere = held(&shop, &reseller, &mut rig).await;
    shop.set(elsewhere, r#""externalOrderId" = 'X-17'"#).await;
    let manual = held(&shop, &reseller, &mut rig).await;
    shop.sql("UPDATE package_routing SET mode = 'manual'").await;
    let untracked = shop.place(reseller.package("2")).await;
    for (order, words) in [
        (done, "The order is final: completed."),
        (unsure, "(`orderwatch order resolve`)"),
        (
            decided,
            "Staff decided the order in the shop (status rejected)",
        ),
        (elsewhere, "sent another way (externalOrderId \"X-17\")"),
        (manual, "routed manual; set it to auto"),
        (untracked, "orderwatch does not track this order"),
    ] {
        let before = shop.state(order).await;
        let said = retry(&shop, order).await;
        let refusal = said.refused();
        assert!(refusal.contains(words), "{refusal}");
        assert_eq!(shop.state(order).await, before);
    }
    let said = run(&shop, &format!("order retry {manual} --reason _")).await;
    assert_eq!(said.code, 2, "a reason says something: {said:?}");
    let said = run(&shop, &format!("order retry 404040 {REASON}")).await;
    assert!(
        said.refused()
            .contains("no order has the id, number or reference \"404040\"")
    );
}

#[sqlx::test(migrations = false)]
async fn all_orders_of_one_reason_are_retried_in_two_steps_each_with_a_result(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let package = reseller.package("2");
    let mut orders = Vec::new();
    for _ in 0..3 {
        orders.push(held(&shop, &reseller, &mut rig).await);
    }
    map(&shop, &reseller, package).await;
    let other = shop.place(package).await;
    shop.set(other, r#""userIdentifier" = NULL"#).await;
    rig.dispatch().await;
    assert_eq!(shop.held(other).await, "no_player_id");
    shop.set(orders[1], "status = 'rejected'").await;

    let all = "order retry --reason-code no__mapping --all --reason mapped";
    let before = [shop.state(orders[0]).await, shop.state(other).await];
    let said = run(&shop, all).await;
    assert_eq!((said.code, &*said.err), (1, ""), "{said:?}");
    for order in &orders {
        assert!(said.out.contains(&order.to_string()), "{said:?}");
    }
    let last = "Held for no_mapping: 3. Nothing was done. Repeat with --yes to retry them.";
    assert!(said.out.trim_end().ends_with(last), "{said:?}");
    assert!(!said.out.contains(&other.to_string()), "{said:?}");
    assert_eq!(
        [shop.state(orders[0]).await, shop.state(other).await],
        before
    );

    let said = run(&shop, &format!("{all} --yes")).await;
    // One of them was decided by staff.
    assert_eq!((said.code, &*said.err), (1, ""), "{said:?}");
    let refused = "not released: Staff decided the order in the shop (status rejected)";
    assert!(said.out.contains(refused), "{said:?}");
    let last = format!("Released by {PERSON}: 2 of 3.");
    assert!(said.out.trim_end().ends_with(&last), "{said:?}");
    for (order, want) in orders
        .iter()
        .zip([Stage::Queued, Stage::Held, Stage::Queued])
    {
        assert_eq!(shop.stage(*order).await, want);
    }
    assert_eq!(shop.held(other).await, "no_player_id");

    for order in [orders[0], orders[2]] {
        shop.carry_over(order).await;
    }
    assert_eq!(rig.buy().await, 2);
    assert_eq!(reseller.panel.ledger().sale_count(), 2);
}

#[sqlx::test(migrations = false)]
async fn a_retry_of_many_names_a_reason_that_can_be_fixed(pool: PgPool) {
    let (shop, _) = Shop::open(pool).await;
    let none = "order retry --reason-code not__in__catalogue --all --reason listed";
    let said = run(&shop, none).await;
    assert_eq!(said.fine(), "No order is held for not_in_catalogue.");

    for wrong in [
        "--reason x",
        "--reason-code no__mapping --reason x",
        "--all --reason x",
        "1042 --yes --reason x",
        "1042 --reason-code no__mapping --all --reason x",
        // What may have been bought is decided one by one.
        "--reason-code unconfirmed --all --reason x",
        "--reason-code foreign__reference --all --reason x",
    ] {
        let said = run(&shop, &format!("order retry {wrong}")).await;
        assert_eq!(said.code, 2, "{wrong}: {said:?}");
    }
}

#[sqlx::test(migrations = false)]
async fn a_number_that_two_shops_use_is_not_guessed(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let order = held(&shop, &reseller, &mut rig).await;
    shop.sql(
        r#"INSERT INTO product_orders ("tenantId", "orderNo")
           SELECT gen_random_uuid(), "orderNo" FROM product_orders"#,
    )
    .await;
    let number = shop.shop_row(order).await.get("orderNo").to_string();
    let said = run(&shop, &format!("order retry {number} {REASON}")).await;
    assert!(said.refused().contains("2 orders are called"), "{said:?}");
    assert!(said.err.contains(&order.to_string()), "{said:?}");
    assert_eq!(shop.stage(order).await, Stage::Held);
    let reference = run(&shop, &format!("order retry {order} {REASON} --by mehmet")).await;
    assert!(reference.fine().starts_with("Released by mehmet"));
    assert_eq!(shop.actions().await[0][0], "mehmet");
}

#[sqlx::test(migrations = false)]
async fn what_the_shop_refused_before_it_was_sent_is_released_once_the_shop_is_mended(
    pool: PgPool,
) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    shop.sql(
        r#"ALTER TABLE product_orders ADD CONSTRAINT shut CHECK ("externalStatus" <> 'queued')"#,
    )
    .await;
    let order = shop.place(reseller.package("2")).await;
    rig.buy().await;
    assert_eq!(shop.held(order).await, "shop_row_refused");
    shop.sql("ALTER TABLE product_orders DROP CONSTRAINT shut")
        .await;
    retry(&shop, order).await.fine();
    shop.carry_over(order).await;
    assert_eq!(rig.buy().await, 1);
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    assert_eq!(reseller.panel.ledger().sale_count(), 1);
    // Once it was sent, the same reason is for a person to settle.
    let sent = shop.place(reseller.package("2")).await;
    shop.sql(r#"ALTER TABLE product_orders ADD CONSTRAINT shut CHECK ("externalStatus" <> 'done') NOT VALID"#)
        .await;
    rig.buy().await;
    rig.run_out().await;
    assert_eq!(shop.held(sent).await, "shop_row_refused");
    let refusal = retry(&shop, sent).await;
    assert!(
        refusal.refused().contains("A retry cannot fix this"),
        "{refusal:?}"
    );
}
