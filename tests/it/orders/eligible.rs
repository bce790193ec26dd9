//! Which orders of the shop are bought, which are held and why, and which are left alone.
#![expect(
    clippy::panic,
    reason = "a test stops at the first surprise, its helpers too"
)]

use orderwatch::order::OrderId;
use sandbox::panel::Endpoint;
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use crate::support::{Reseller, Rig, Row, Shop, iso};

/// What has to become of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Bought,
    Untouched,
    Held(&'static str),
}

use Fate::{Bought, Held, Untouched};

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
        "pending in capitals, as the shop writes it",
        r#"UPDATE product_orders SET status = 'PENDING', "externalStatus" = 'NOT_SENT' WHERE id = $o"#,
        Bought,
    ),
    (
        "the route's own panel is named already",
        r#"UPDATE product_orders SET "providerId" = r."primaryProviderId" FROM package_routing r
           WHERE r.package_id = $p AND product_orders.id = $o"#,
        Bought,
    ),
    (
        "a blank provider",
        r#"UPDATE product_orders SET "providerId" = ' ', "externalOrderId" = ' ' WHERE id = $o"#,
        Bought,
    ),
    (
        "the Client API, as the customer named the order",
        r#"UPDATE product_orders SET status = 'PENDING', "providerId" = r."primaryProviderId",
               "externalOrderId" = '5f0c1a52-0d3c-4e6e-9a55-6f1f3f1f0a01',
               provider_referans = '5f0c1a52-0d3c-4e6e-9a55-6f1f3f1f0a01'
           FROM package_routing r WHERE r.package_id = $p AND product_orders.id = $o"#,
        Bought,
    ),
    (
        "the Client API, without a column for references",
        r#"UPDATE product_orders SET "externalOrderId" = '5f0c1a52-0d3c-4e6e-9a55-6f1f3f1f0a02' WHERE id = $o"#,
        Bought,
    ),
    (
        "a customer's name that is no uuid",
        r#"UPDATE product_orders SET "externalOrderId" = 'ORD-15', provider_referans = 'ORD-15' WHERE id = $o"#,
        Bought,
    ),
    (
        "a customer's name that looks like a purchase",
        r#"UPDATE product_orders SET "externalOrderId" = '1614', provider_referans = '1614' WHERE id = $o"#,
        Held("foreign_reference"),
    ),
    (
        "a customer's name, and a purchase",
        r#"UPDATE product_orders SET provider_referans = '1614823567123456',
               "externalOrderId" = '5f0c1a52-0d3c-4e6e-9a55-6f1f3f1f0a03' WHERE id = $o"#,
        Held("foreign_reference"),
    ),
    (
        "the name of another provider's order",
        r#"UPDATE product_orders SET "externalOrderId" = 'ID_4711' WHERE id = $o"#,
        Untouched,
    ),
    (
        "sent by the shop, then marked as manual",
        r#"UPDATE product_orders SET status = 'PENDING', mode = 'MANUAL', "sentAt" = "createdAt" WHERE id = $o"#,
        Untouched,
    ),
    (
        "an external status of the shop",
        r#"UPDATE product_orders SET "externalStatus" = 'unknown' WHERE id = $o"#,
        Untouched,
    ),
    (
        "queued by somebody",
        r#"UPDATE product_orders SET "externalStatus" = 'queued' WHERE id = $o"#,
        Untouched,
    ),
    (
        "sent to another tenant",
        "UPDATE product_orders SET status = 'sent' WHERE id = $o",
        Untouched,
    ),
    (
        "forwarded along a chain of tenants",
        r#"UPDATE product_orders SET "externalStatus" = 'forwarded', mode = 'CHAIN_FORWARD',
               "externalOrderId" = 'stub-' || gen_random_uuid() WHERE id = $o"#,
        Untouched,
    ),
    (
        "come along a chain of tenants",
        r#"UPDATE product_orders SET "externalOrderId" = 'stub-' || gen_random_uuid(),
               mode = 'CHAIN_FORWARD', notes = '{}' WHERE id = $o"#,
        Untouched,
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
        Untouched,
    ),
    (
        "not routed",
        "DELETE FROM package_routing WHERE package_id = $p",
        Untouched,
    ),
    (
        "routed by another shop",
        r#"UPDATE package_routing SET "tenantId" = gen_random_uuid() WHERE package_id = $p"#,
        Untouched,
    ),
    (
        "codes of its own",
        r#"UPDATE package_routing SET "providerType" = 'internal_codes' WHERE package_id = $p"#,
        Untouched,
    ),
    (
        "provider type manual",
        r#"UPDATE package_routing SET "providerType" = 'manual' WHERE package_id = $p"#,
        Untouched,
    ),
    (
        "a disabled panel",
        r#"UPDATE package_routing SET "primaryProviderId" = '{disabled}' WHERE package_id = $p"#,
        Untouched,
    ),
    (
        "another kind of panel",
        r#"UPDATE package_routing SET "primaryProviderId" = '{other}' WHERE package_id = $p"#,
        Untouched,
    ),
    (
        "too old",
        r#"UPDATE product_orders SET "createdAt" = "createdAt" - interval '1 hour' WHERE id = $o"#,
        Untouched,
    ),
    (
        "approved",
        "UPDATE product_orders SET status = 'approved' WHERE id = $o",
        Untouched,
    ),
    (
        "rejected",
        "UPDATE product_orders SET status = 'rejected' WHERE id = $o",
        Untouched,
    ),
    (
        "sent to some provider",
        r#"UPDATE product_orders SET "providerId" = 'x' WHERE id = $o"#,
        Untouched,
    ),
    (
        "known elsewhere",
        r#"UPDATE product_orders SET "externalOrderId" = '17' WHERE id = $o"#,
        Untouched,
    ),
    (
        "without a package",
        r#"UPDATE product_orders SET "packageId" = NULL WHERE id = $o"#,
        Untouched,
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
        Held("panel_of_another_tenant"),
    ),
    (
        "of the Client API, routed to another shop's panel",
        r#"WITH route AS (UPDATE package_routing SET "primaryProviderId" = '{foreign}' WHERE package_id = $p)
           UPDATE product_orders SET "providerId" = '{foreign}' WHERE id = $o"#,
        Held("panel_of_another_tenant"),
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
    ("other", "internal", "name = 'other'"),
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
    chain_columns(&shop).await;
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
            Untouched => {
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

/// The columns that only the newer shop has.
async fn chain_columns(shop: &Shop) {
    shop.sql("ALTER TABLE product_orders ADD mode varchar(50), ADD root_order_id uuid")
        .await;
}

/// As the shop inserts an order that came by its Client API.
async fn by_client_api(shop: &Shop, reseller: &Reseller, name: &str) -> OrderId {
    let order = shop.place(reseller.package("2")).await;
    let columns = format!(
        r#""providerId" = '{}', "externalOrderId" = '{name}', provider_referans = '{name}',
           notes = '[]', "notesCount" = 0"#,
        reseller.id
    );
    shop.set(order, &columns).await;
    order
}

#[sqlx::test(migrations = false)]
async fn an_order_of_the_client_api_is_bought_once_and_keeps_the_customers_name(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let name = "5f0c1a52-0d3c-4e6e-9a55-6f1f3f1f0a01";
    let order = by_client_api(&shop, &reseller, name).await;
    let mut rig = Rig::new(&shop);
    assert_eq!(rig.buy().await, 1);
    // Between the claim and the answer, the shop marks every order as manual.
    shop.set(order, r#"status = 'PENDING', "providerId" = NULL"#)
        .await;
    rig.run_out().await;
    rig.sweep().await;
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("externalOrderId"), name);
    assert_eq!(row.text("provider_referans"), reseller.reference(order));
    let pin = reseller
        .panel
        .pin_of(crate::support::ACCOUNT.0, &reseller.reference(order));
    assert_eq!(row.text("pinCode"), pin);
    assert_eq!(shop.stage(order).await, orderwatch::order::Stage::Completed);
    let events = shop.events(order).await;
    assert!(
        !events.iter().any(|kind| kind == "contradiction"),
        "{events:?}"
    );
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 1);
}

#[sqlx::test(migrations = false)]
async fn an_order_of_the_client_api_that_could_not_be_sent_is_sent_later_by_the_same_name(
    pool: PgPool,
) {
    let (shop, reseller) = Shop::open(pool).await;
    let order = by_client_api(&shop, &reseller, "ORD-15").await;
    // As after a call that never left: queued under its reference.
    let queued = format!(
        "INSERT INTO orderwatch.orders (order_id, tenant_id, integration_id, reference, stage,
                                        due_at, tracked_at)
         VALUES ('{order}', '{}', '{}', '{}', 'queued', '{now}', '{now}')",
        shop.tenant,
        reseller.id,
        reseller.reference(order),
        now = iso(shop.now())
    );
    shop.sql(&queued).await;
    shop.set(order, "status = 'PENDING'").await;
    let mut rig = Rig::new(&shop);
    assert_eq!(rig.buy().await, 1);
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("externalOrderId"), "ORD-15");
    assert_eq!(row.text("provider_referans"), reseller.reference(order));
    assert_eq!(row.text("externalStatus"), "sent");
}

#[sqlx::test(migrations = false)]
async fn an_order_that_waits_to_be_sent_again_is_not_sent_when_the_shop_has_bought_it(
    pool: PgPool,
) {
    let (shop, reseller) = Shop::open(pool).await;
    let order = shop.place(reseller.package("2")).await;
    let queued = format!(
        "INSERT INTO orderwatch.orders (order_id, tenant_id, integration_id, reference, stage,
                                        due_at, tracked_at)
         VALUES ('{order}', '{}', '{}', '{}', 'queued', '{now}', '{now}')",
        shop.tenant,
        reseller.id,
        reseller.reference(order),
        now = iso(shop.now())
    );
    shop.sql(&queued).await;
    // The shop's own sender keeps the order's id and writes its number beside it.
    let theirs = format!(
        r#""providerId" = '{}', "externalOrderId" = id::text, "externalStatus" = 'sent',
           provider_referans = '1795641799498220', "sentAt" = '{}'"#,
        reseller.id,
        iso(shop.now())
    );
    shop.set(order, &theirs).await;
    let mut rig = Rig::new(&shop);
    assert_eq!(rig.buy().await, 0);
    assert_eq!(shop.held(order).await, "foreign_reference");
    let held = shop.event(order, "held").await;
    assert_eq!(held["reference"], "1795641799498220");
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 0);
}

#[sqlx::test(migrations = false)]
async fn what_came_along_a_chain_of_tenants_is_bought_where_that_is_wanted(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let (come, gone, held) = (
        shop.place(reseller.package("2")).await,
        shop.place(reseller.package("2")).await,
        shop.place(reseller.package("2")).await,
    );
    let stub = r#""externalOrderId" = 'stub-' || gen_random_uuid(), notes = '{}'"#;
    for order in [come, gone, held] {
        shop.set(order, stub).await;
    }
    shop.set(gone, r#""externalStatus" = 'forwarded'"#).await;
    shop.set(held, "quantity = 2").await;
    let mut rig = Rig::with(&shop, &[("dispatch.buy_chained", "true")]);
    assert_eq!(rig.buy().await, 1);
    rig.run_out().await;
    assert_eq!(rig.sweep().await.settled, 0, "a person has to act");
    assert_eq!(shop.held(held).await, "quantity_not_one");
    let row = shop.shop_row(come).await;
    assert_eq!(
        row.text("externalOrderId"),
        come.to_string(),
        "as the shop's own sender does"
    );
    assert_eq!(shop.stage(come).await, orderwatch::order::Stage::Completed);
    assert!(shop.find_tracked(gone).await.is_none());
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 1);
}

#[sqlx::test(migrations = false)]
async fn pending_is_read_in_a_database_of_turkish_letters_too(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    // lower('PENDING') has a dotless i there.
    shop.sql(
        r#"ALTER TABLE product_orders ALTER status TYPE varchar COLLATE "tr-x-icu",
           ALTER "externalStatus" TYPE varchar COLLATE "tr-x-icu""#,
    )
    .await;
    let order = shop.place(reseller.package("2")).await;
    let capitals = r#"status = 'PENDING', "externalStatus" = 'NOT_SENT'"#;
    shop.set(order, capitals).await;
    let mut rig = Rig::new(&shop);
    assert_eq!(rig.buy().await, 1);
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
    assert_eq!(shop.shop_row(order).await.text("externalStatus"), "done");
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
    assert_eq!(shop.shop_row(order).await.text("externalStatus"), "done");
    assert_eq!(
        rig.sweep().await,
        orderwatch::worker::jobs::sweep::SweepReport::default()
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
