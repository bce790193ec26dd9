//! Which orders of the shop are bought, which are held and why, and which are left alone.
#![expect(
    clippy::panic,
    reason = "a test stops at the first surprise, its helpers too"
)]

use orderwatch::{order::OrderId, sandbox::panel::Endpoint};
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use crate::support::{Reseller, Rig, Row, Shop, iso};

/// What has to become of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Bought,
    LeftAlone,
    Held(&'static str),
}

use Fate::{Bought, Held, LeftAlone};

/// One condition that differs from an order which is bought. In the statements, `$o` is the order,
/// `$p` its package, `$t` the tenant, and a name in braces an integration of [`others`].
const CASES: &[(&str, &str, Fate)] = &[
    ("nothing", "SELECT 1", Bought),
    (
        "just young enough",
        r#"UPDATE product_orders SET "createdAt" = "createdAt" - interval '59:59.999999' WHERE id = $o"#,
        Bought,
    ),
    (
        "the same mapping twice",
        r#"INSERT INTO package_mappings ("tenantId", our_package_id, provider_api_id, provider_package_id)
           SELECT "tenantId", our_package_id, provider_api_id, provider_package_id
           FROM package_mappings WHERE our_package_id = $p::text"#,
        Bought,
    ),
    (
        "a mapping to another panel too",
        r#"INSERT INTO package_mappings ("tenantId", our_package_id, provider_api_id, provider_package_id)
           VALUES ($t, $p::text, '{disabled}', '9')"#,
        Bought,
    ),
    (
        "a reference that somebody else gave",
        "UPDATE product_orders SET provider_referans = '1614823567123456' WHERE id = $o",
        Held("foreign_reference"),
    ),
    (
        "a blank reference",
        "UPDATE product_orders SET provider_referans = ' ' WHERE id = $o",
        Bought,
    ),
    (
        "routed by hand",
        "UPDATE package_routing SET mode = 'manual' WHERE package_id = $p",
        LeftAlone,
    ),
    (
        "not routed",
        "DELETE FROM package_routing WHERE package_id = $p",
        LeftAlone,
    ),
    (
        "routed by another shop",
        r#"UPDATE package_routing SET "tenantId" = gen_random_uuid() WHERE package_id = $p"#,
        LeftAlone,
    ),
    (
        "codes of its own",
        r#"UPDATE package_routing SET "providerType" = 'internal_codes' WHERE package_id = $p"#,
        LeftAlone,
    ),
    (
        "provider type manual",
        r#"UPDATE package_routing SET "providerType" = 'manual' WHERE package_id = $p"#,
        LeftAlone,
    ),
    (
        "a disabled panel",
        r#"UPDATE package_routing SET "primaryProviderId" = '{disabled}' WHERE package_id = $p"#,
        LeftAlone,
    ),
    (
        "another kind of panel",
        r#"UPDATE package_routing SET "primaryProviderId" = '{barakat}' WHERE package_id = $p"#,
        LeftAlone,
    ),
    (
        "too old",
        r#"UPDATE product_orders SET "createdAt" = "createdAt" - interval '1 hour' WHERE id = $o"#,
        LeftAlone,
    ),
    (
        "approved",
        "UPDATE product_orders SET status = 'approved' WHERE id = $o",
        LeftAlone,
    ),
    (
        "rejected",
        "UPDATE product_orders SET status = 'rejected' WHERE id = $o",
        LeftAlone,
    ),
    (
        "sent to some provider",
        r#"UPDATE product_orders SET "providerId" = 'x' WHERE id = $o"#,
        LeftAlone,
    ),
    (
        "known elsewhere",
        r#"UPDATE product_orders SET "externalOrderId" = '17' WHERE id = $o"#,
        LeftAlone,
    ),
    (
        "without a package",
        r#"UPDATE product_orders SET "packageId" = NULL WHERE id = $o"#,
        LeftAlone,
    ),
    (
        "routed to nothing",
        r#"UPDATE package_routing SET "primaryProviderId" = NULL WHERE package_id = $p"#,
        Held("contradictory_routing"),
    ),
    (
        "routed to garbage",
        r#"UPDATE package_routing SET "primaryProviderId" = 'znet' WHERE package_id = $p"#,
        Held("contradictory_routing"),
    ),
    (
        "routed to a panel that is gone",
        r#"UPDATE package_routing SET "primaryProviderId" = gen_random_uuid()::text WHERE package_id = $p"#,
        Held("contradictory_routing"),
    ),
    (
        "routed to another shop's panel",
        r#"UPDATE package_routing SET "primaryProviderId" = '{foreign}' WHERE package_id = $p"#,
        Held("contradictory_routing"),
    ),
    (
        "not mapped",
        "DELETE FROM package_mappings WHERE our_package_id = $p::text",
        Held("no_mapping"),
    ),
    (
        "mapped by another shop",
        r#"UPDATE package_mappings SET "tenantId" = gen_random_uuid() WHERE our_package_id = $p::text"#,
        Held("no_mapping"),
    ),
    (
        "mapped at another panel",
        "UPDATE package_mappings SET provider_api_id = '{disabled}' WHERE our_package_id = $p::text",
        Held("no_mapping"),
    ),
    (
        "mapped to two products",
        r#"INSERT INTO package_mappings ("tenantId", our_package_id, provider_api_id, provider_package_id)
           SELECT "tenantId", our_package_id, provider_api_id, '3'
           FROM package_mappings WHERE our_package_id = $p::text"#,
        Held("ambiguous_mapping"),
    ),
    (
        "not in the price list",
        "UPDATE package_mappings SET provider_package_id = '99' WHERE our_package_id = $p::text",
        Held("not_in_catalogue"),
    ),
    (
        "no player",
        r#"UPDATE product_orders SET "userIdentifier" = NULL WHERE id = $o"#,
        Held("no_player_id"),
    ),
    (
        "a blank player",
        r#"UPDATE product_orders SET "userIdentifier" = E' \t ' WHERE id = $o"#,
        Held("no_player_id"),
    ),
    (
        "a telephone is no player",
        r#"UPDATE product_orders SET "userIdentifier" = '', "extraField" = '+905551112233' WHERE id = $o"#,
        Held("no_player_id"),
    ),
    (
        "two units",
        "UPDATE product_orders SET quantity = 2 WHERE id = $o",
        Held("quantity_not_one"),
    ),
    (
        "no unit",
        "UPDATE product_orders SET quantity = 0 WHERE id = $o",
        Held("quantity_not_one"),
    ),
    (
        "a panel without address",
        r#"UPDATE package_routing SET "primaryProviderId" = '{no_address}' WHERE package_id = $p"#,
        Held("integration_incomplete"),
    ),
    (
        "a panel with half an address",
        r#"UPDATE package_routing SET "primaryProviderId" = '{half_address}' WHERE package_id = $p"#,
        Held("integration_incomplete"),
    ),
    (
        "a panel without account",
        r#"UPDATE package_routing SET "primaryProviderId" = '{no_account}' WHERE package_id = $p"#,
        Held("integration_incomplete"),
    ),
    (
        "a panel without password",
        r#"UPDATE package_routing SET "primaryProviderId" = '{no_password}' WHERE package_id = $p"#,
        Held("integration_incomplete"),
    ),
];

/// Integrations that nothing can be bought at, each for one reason.
const OTHERS: &[(&str, &str, &str)] = &[
    ("disabled", "znet", "enabled = false"),
    ("barakat", "barakat", "name = 'barakat'"),
    ("foreign", "znet", r#""tenantId" = gen_random_uuid()"#),
    ("no_address", "znet", r#""baseUrl" = NULL"#),
    ("half_address", "znet", r#""baseUrl" = 'panel.example/'"#),
    ("no_account", "znet", "kod = ' '"),
    ("no_password", "znet", "sifre = NULL"),
];

async fn others(shop: &Shop, reseller: &Reseller) -> Vec<(&'static str, String)> {
    let mut ids = Vec::new();
    for (name, provider, difference) in OTHERS {
        let base_url = reseller.panel.base_url();
        let id = shop.integration(provider, &base_url).await;
        shop.sql(&format!(
            "UPDATE integrations SET {difference} WHERE id = '{id}'"
        ))
        .await;
        ids.push((*name, id.to_string()));
    }
    ids
}

/// The statement with its names filled in.
fn filled(sql: &str, shop: &Shop, order: OrderId, package: Uuid, ids: &[(&str, String)]) -> String {
    let sql = sql
        .replace("$o", &format!("'{order}'"))
        .replace("$p", &format!("'{package}'"))
        .replace("$t", &format!("'{}'", shop.tenant));
    ids.iter().fold(sql, |sql, (name, id)| {
        sql.replace(&format!("{{{name}}}"), id)
    })
}

#[sqlx::test(migrations = false)]
async fn each_condition_alone_decides_whether_an_order_is_bought_held_or_left_alone(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let ids = others(&shop, &reseller).await;
    let mut orders = Vec::new();
    for (name, sql, fate) in CASES {
        let package = shop.package(reseller.id, "2").await;
        let order = shop.place(package).await;
        shop.sql(&filled(sql, &shop, order, package, &ids)).await;
        let (row, version) = (shop.shop_row(order).await, shop.version(order).await);
        orders.push((order, *name, *fate, row, version));
    }
    let mut rig = Rig::new(&shop);
    let bought = orders.iter().filter(|case| case.2 == Bought).count();
    assert_eq!(rig.buy().await, bought);
    // Again, as every turn does: nothing is said twice.
    rig.dispatch().await;
    for (order, name, fate, before, version) in &orders {
        match fate {
            Bought => {
                let row = shop.shop_row(*order).await;
                assert_eq!(row.text("externalStatus"), "sent", "{name}");
                let reference = reseller.reference(*order);
                assert!(reseller.panel.ledger().sold(&reference), "{name}");
            }
            LeftAlone => {
                assert_eq!(shop.version(*order).await, *version, "{name}");
                assert!(shop.find_tracked(*order).await.is_none(), "{name}");
                assert!(shop.events(*order).await.is_empty(), "{name}");
            }
            Held(reason) => assert_held(&shop, *order, name, reason, before).await,
        }
    }
    let ledger = reseller.panel.ledger();
    assert_eq!(ledger.sale_count(), bought);
    assert_eq!(
        usize::try_from(ledger.count(Endpoint::Purchase)).ok(),
        Some(bought)
    );
}

/// Held: the shop's row says why and nothing else of it has changed.
async fn assert_held(shop: &Shop, order: OrderId, name: &str, reason: &str, before: &Row) {
    assert_eq!(shop.held(order).await, reason, "{name}");
    assert_eq!(shop.events(order).await, ["held"], "{name}");
    assert_eq!(shop.event(order, "held").await["reason"], reason, "{name}");
    assert!(shop.purchases(order).await.is_empty(), "{name}");
    let row = shop.shop_row(order).await;
    let sentence = row.text("lastMessage").to_owned();
    assert!(sentence.starts_with("Held: "), "{name}: {sentence}");
    let mut changes = row.changes(before);
    let notes = changes.as_object_mut().and_then(|row| row.remove("notes"));
    let notes = notes.unwrap_or_else(|| panic!("{name} has no note"));
    assert_eq!(notes[0]["text"], "VIP", "{name}");
    assert_eq!(notes[1]["text"], sentence, "{name}");
    let want = json!({
        "lastMessage": sentence,
        "lastSyncAt": iso(shop.now()),
        "notesCount": 2,
    });
    assert_eq!(changes, want, "{name}");
}

#[sqlx::test(migrations = false)]
async fn an_order_is_sent_when_its_panel_is_enabled_again(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let order = shop.place(reseller.package("2")).await;
    let mut rig = Rig::new(&shop);
    shop.sql("UPDATE integrations SET enabled = false").await;
    assert_eq!(rig.buy().await, 0);
    shop.sql("UPDATE integrations SET enabled = true").await;
    assert_eq!(rig.buy().await, 1);
    // What was bought is watched, whatever the shop does with its panel.
    shop.sql("UPDATE integrations SET enabled = false").await;
    rig.run_out().await;
    assert_eq!(shop.shop_row(order).await.text("status"), "approved");
}

#[sqlx::test(migrations = false)]
async fn an_older_database_without_the_three_columns_of_integrations_serves(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let older = r#"ALTER TABLE integrations
        DROP COLUMN enabled, DROP COLUMN balance, DROP COLUMN "balanceUpdatedAt""#;
    shop.sql(older).await;
    let order = shop.place(reseller.package("2")).await;
    let mut rig = Rig::new(&shop);
    rig.buy().await;
    rig.run_out().await;
    assert_eq!(shop.shop_row(order).await.text("status"), "approved");
    assert_eq!(
        rig.sweep().await,
        orderwatch::worker::sweep::SweepReport::default()
    );
}

#[sqlx::test(migrations = false)]
async fn the_player_fields_reach_the_panel_as_the_customer_typed_them(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let cases = [
        ("'5123'", "NULL", "5123", None),
        ("' 5123 '", "'+905551112233'", "5123", Some("+905551112233")),
        ("'şükrü & co'", "'Zone 2'", "Zone 2 şükrü & co", None),
    ];
    let mut orders = Vec::new();
    for (player, extra, want, phone) in cases {
        let order = shop.place(reseller.package("2")).await;
        let columns = format!(r#""userIdentifier" = {player}, "extraField" = {extra}"#);
        shop.set(order, &columns).await;
        orders.push((order, want, phone));
    }
    Rig::new(&shop).buy().await;
    for (order, want, phone) in orders {
        let sale = reseller.panel.ledger().sale(&reseller.reference(order));
        let sale = sale.unwrap_or_else(|| panic!("{want} was not bought"));
        assert_eq!(sale.player, want);
        assert_eq!(sale.phone.as_deref(), phone);
    }
}
