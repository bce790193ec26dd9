//! `orderwatch doctor`: each thing that keeps orders from flowing is found by its own check, with a
//! fix, and nothing is spent on finding it.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use rust_decimal::Decimal;
use sandbox::{
    panel::Endpoint,
    trendyol::{Endpoint as Market, StorePlan, TrendyolStore},
};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor};

use crate::process::{
    Ended,
    settings::Settings,
    world::{KOD, PIN, SIFRE, World},
};

async fn sql(world: &World, sql: &str) {
    world
        .database
        .pool
        .execute(AssertSqlSafe(sql.to_owned()))
        .await
        .unwrap();
}

async fn doctor_with(world: &World, settings: &Settings) -> (Ended, Value) {
    let ended = world.program(settings, &["doctor", "--json"]).run().await;
    for secret in [KOD, SIFRE, "kanarya"] {
        assert!(!ended.stdout.contains(secret), "{secret}: {ended:?}");
        assert!(!ended.stderr.contains(secret), "{secret}: {ended:?}");
    }
    let found = serde_json::from_str(&ended.stdout).unwrap_or(Value::Null);
    (ended, found)
}

async fn doctor(world: &World) -> (Ended, Value) {
    doctor_with(world, &world.settings()).await
}

/// The findings of a check, as `outcome: sentence`.
fn of<'v>(found: &'v Value, check: &str) -> Vec<(&'v str, &'v str)> {
    let findings = found["findings"].as_array().unwrap();
    findings
        .iter()
        .filter(|finding| finding["check"] == check)
        .map(|finding| {
            let text = |key| finding[key].as_str().unwrap_or_default();
            let fix = text("fix");
            let outcome = text("outcome");
            assert_eq!(
                fix.is_empty(),
                matches!(outcome, "ok" | "skipped"),
                "{finding}"
            );
            (outcome, text("sentence"))
        })
        .collect()
}

/// Checks that did not end well.
fn bad(found: &Value) -> Vec<String> {
    let findings = found["findings"].as_array().unwrap();
    let bad = findings
        .iter()
        .filter(|finding| matches!(finding["outcome"].as_str(), Some("warn" | "fail")));
    bad.map(|finding| format!("{} {}", finding["outcome"], finding["check"]).replace('"', ""))
        .collect()
}

/// What products that nobody has confirmed and a daemon that does not run always bring.
const USUAL: [&str; 2] = ["warn player fields", "warn daemon"];

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_shop_is_sound_and_nothing_is_spent_on_finding_it() {
    let world = World::new().await;
    let (ended, found) = doctor(&world).await;
    assert_eq!(ended.code(), 0, "{found:#}");
    assert_eq!(bad(&found), USUAL, "{found:#}");
    for check in [
        "config",
        "database",
        "clock",
        "migrations",
        "server",
        "statement timeout",
        "role",
        "rights",
        "indexes",
        "notices",
        "balance",
        "price list",
        "routing",
        "dispatch",
        "old orders",
        "second dispatcher",
    ] {
        let all = of(&found, check);
        assert!(all.iter().all(|(outcome, _)| *outcome == "ok"), "{all:?}");
        assert!(!all.is_empty(), "{check} was not looked at");
    }
    let fields = of(&found, "player fields")[0].1;
    assert!(
        fields.contains("sold with userIdentifier as oyuncu_bilgi"),
        "{fields}"
    );
    assert_eq!(world.panel.ledger().count(Endpoint::Purchase), 0);
    assert_eq!(world.panel.ledger().count(Endpoint::Status), 0);

    let text = world.command(&["doctor"]).await.good();
    assert!(
        text.contains("ok   balance: panel holds 1,000,000.00 TRY."),
        "{text}"
    );
    assert!(text.contains("Orders can flow; 2 warnings."), "{text}");
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    assert!(!text.contains('\u{1b}'), "{text:?}");
}

/// What is done to the rows, and the findings that it brings.
const ROWS: [(&str, &[&str], &str); 29] = [
    (
        r#"UPDATE package_routing SET "primaryProviderId" = gen_random_uuid()::text"#,
        &["fail routing"],
        "to no panel of this shop",
    ),
    (
        "DELETE FROM package_mappings",
        &["fail mapping"],
        "not mapped to a product",
    ),
    (
        r#"INSERT INTO package_mappings ("tenantId", our_package_id, provider_api_id, provider_package_id)
           SELECT "tenantId", our_package_id, provider_api_id, 'another' FROM package_mappings"#,
        &["fail mapping"],
        "mapped to several products",
    ),
    (
        "UPDATE package_mappings SET provider_package_id = 'unheard-of'",
        &["fail catalogue"],
        "that the panel does not list",
    ),
    (
        r#"UPDATE package_routing SET "fallbackProviderId" = "primaryProviderId""#,
        &["warn fallback"],
        "no other panel of this shop",
    ),
    (
        r#"INSERT INTO integrations ("tenantId", name, provider)
           SELECT "tenantId", 'spare', 'internal' FROM integrations;
           UPDATE package_routing SET "fallbackProviderId" =
               (SELECT id::text FROM integrations WHERE provider = 'internal')"#,
        &["warn fallback"],
        "with a fallback that orderwatch does not talk to",
    ),
    (
        // One package of three leads to a panel of another kind.
        r#"INSERT INTO integrations ("tenantId", name, provider)
           SELECT "tenantId", 'other', 'internal' FROM integrations;
           UPDATE package_routing SET "primaryProviderId" =
               (SELECT id::text FROM integrations WHERE provider = 'internal')
           WHERE package_id = (SELECT min(package_id::text)::uuid FROM package_routing)"#,
        &["warn routing"],
        "2 packages lead to a panel and a product.",
    ),
    (
        "UPDATE integrations SET sifre = 'wrong-kanarya'",
        &["fail balance"],
        "panel:",
    ),
    (
        "UPDATE integrations SET kod = ' '",
        &["fail account"],
        "integrations.kod is empty",
    ),
    (
        "UPDATE integrations SET enabled = false",
        &["warn routing"],
        "a panel that is disabled",
    ),
    (
        "INSERT INTO orderwatch.brakes VALUES ('00000000-0000-0000-0000-000000000000', 'ali', 'night', now())",
        &["warn paused", "warn paused"],
        "is paused",
    ),
    (
        "DROP INDEX orderwatch.orders_held",
        &["warn indexes"],
        "orders_held is gone",
    ),
    (
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'orderwatch.orders_held'::regclass",
        &["warn indexes"],
        "REINDEX INDEX CONCURRENTLY orderwatch.orders_held",
    ),
    (
        r#"UPDATE integrations SET "baseUrl" = 'http://panel.invalid'"#,
        &["fail account"],
        "is plain http, and znet.allow_plain_http does not name its host. Its orders are held.",
    ),
    (
        r#"UPDATE integrations SET "baseUrl" = 'https://169.254.169.254/'"#,
        &["fail account"],
        "link-local, multicast or of a metadata service: no server is there",
    ),
    (
        r"UPDATE integrations SET kod = kod || U&'\200B'",
        &["fail account"],
        "integrations.kod holds a character that no key has; enter it anew",
    ),
    (
        r"UPDATE integrations SET sifre = U&'\FEFF' || sifre",
        &["fail account"],
        "integrations.sifre holds a character that no key has; enter it anew",
    ),
    (
        r#"INSERT INTO product_orders ("tenantId", "packageId", "userIdentifier", "createdAt")
           SELECT "tenantId", package_id, 'old', now() - interval '1 year'
           FROM package_routing LIMIT 1"#,
        &["warn old orders"],
        "1 orders wait that are older",
    ),
    (
        // The session's own limit stands above what the server's owner has switched off.
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET statement_timeout = 0',
                                    current_database()); END $$",
        &[],
        "No statement can hang for ever",
    ),
    (
        // A server whose own functions are hidden by others says what no real one can be made to.
        "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql
             AS 'SELECT pg_catalog.clock_timestamp() + interval ''90 seconds''';
         DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog',
                                    current_database()); END $$",
        &["warn clock"],
        "seconds behind the database's",
    ),
    (
        "CREATE FUNCTION public.pg_notify(text, text) RETURNS void LANGUAGE sql AS '';
         DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog',
                                    current_database()); END $$",
        &["warn notices"],
        "LISTEN does not work: new orders are found by the scan, every 1s",
    ),
    (
        "CREATE FUNCTION public.pg_is_in_recovery() RETURNS boolean LANGUAGE sql AS 'SELECT true';
         DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog',
                                    current_database()); END $$",
        &["fail server"],
        "it is a standby",
    ),
    (
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on',
                                    current_database()); END $$",
        &["fail server"],
        "database.url lead to the primary",
    ),
    (
        "ALTER TABLE product_orders DISABLE TRIGGER orderwatch_new_order",
        &["warn trigger"],
        "gone or off",
    ),
    (
        // By hand, some time after it was placed.
        r#"INSERT INTO product_orders ("tenantId", "packageId", status, "createdAt", "sentAt",
                                       "externalStatus", "providerId", provider_referans)
           SELECT i."tenantId", r.package_id, 'PENDING', now() - interval '5 minutes', now(), 'sent', i.id::text,
                  '1795641799498220'
           FROM integrations i JOIN package_routing r ON r."tenantId" = i."tenantId" LIMIT 1"#,
        &["warn second dispatcher"],
        "The shop still dispatches: 1 order was sent by itself in the last hour.",
    ),
    (
        // Within the request that placed it, as the shop's own sender does.
        r#"INSERT INTO product_orders ("tenantId", "packageId", status, "createdAt", "sentAt",
                                       "externalStatus", "providerId", provider_referans)
           SELECT i."tenantId", r.package_id, 'PENDING', now(), now(), 'sent', i.id::text,
                  '1795641799498220'
           FROM integrations i JOIN package_routing r ON r."tenantId" = i."tenantId" LIMIT 1"#,
        &["fail second dispatcher"],
        "The shop's own sender is on beside a live orderwatch: 1 order was sent as it was placed",
    ),
    (
        // While buying there is paused, only the shop sends.
        r#"INSERT INTO product_orders ("tenantId", "packageId", status, "createdAt", "sentAt",
                                       "externalStatus", "providerId", provider_referans)
           SELECT i."tenantId", r.package_id, 'PENDING', now(), now(), 'sent', i.id::text,
                  '1795641799498220'
           FROM integrations i JOIN package_routing r ON r."tenantId" = i."tenantId" LIMIT 1;
           INSERT INTO orderwatch.brakes (scope, who, why, at)
           SELECT id, 'ayse', 'the patch has to wait', now() FROM integrations"#,
        &["warn paused", "warn second dispatcher"],
        "The shop still dispatches: 1 order was sent by itself in the last hour.",
    ),
    (
        "INSERT INTO orderwatch.overwritten
         SELECT gen_random_uuid(), id, '1', '2', '', now(), now() FROM integrations",
        &["fail second dispatcher"],
        "1 order of ours was written over in the last 24 hours",
    ),
    (
        "INSERT INTO orderwatch.overwritten
         SELECT gen_random_uuid(), id, '1', '2', '', now() - interval '1 min', now()
         FROM integrations;
         INSERT INTO orderwatch.actions (at, who, what, target, why)
         SELECT now(), 'ayse', 'resume', id::text, '' FROM integrations",
        &["warn second dispatcher"],
        "before buying was resumed; none since",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_in_the_rows_is_found_by_its_check() {
    for (change, wanted, words) in ROWS {
        let world = World::new().await;
        sql(&world, change).await;
        let (ended, found) = doctor(&world).await;
        let mut bad = bad(&found);
        bad.retain(|finding| !USUAL.contains(&finding.as_str()));
        assert_eq!(bad, wanted, "{change}: {found:#}");
        let fails = wanted.iter().any(|finding| finding.starts_with("fail"));
        assert_eq!(ended.code(), i32::from(fails), "{change}");
        assert!(ended.stdout.contains(words), "{change}: {found:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_that_is_permitted_is_named_by_doctor_status_and_log() {
    let world = World::new().await;
    sql(
        &world,
        r#"UPDATE integrations SET "baseUrl" = 'http://panel.invalid'"#,
    )
    .await;
    let settings = world
        .settings()
        .with("znet.allow_plain_http", r#"["panel.invalid"]"#);

    let (_, found) = doctor_with(&world, &settings).await;
    let mut bad = bad(&found);
    bad.retain(|finding| !USUAL.contains(&finding.as_str()));
    assert_eq!(bad, ["warn plain http", "fail balance"], "{found:#}");

    let process = world.start(&settings).await;
    process.wait_for_line("is called over plain http").await;
    let status = world.program(&settings, &["status"]).run().await.good();
    let status = status.split_whitespace().collect::<Vec<_>>().join(" ");
    let words =
        "NOTE panel is called over plain http: its account and its codes can be read on the way.";
    assert!(status.contains(words), "{status}");
    let ended = process.stop().await;
    for text in [&ended.stdout, &ended.stderr, &found.to_string()] {
        assert!(!text.contains("panel.invalid"), "{text}");
    }

    // Without the permission it is not in use, and nothing is said of its use.
    let status = world.command(&["status"]).await.good();
    assert!(!status.contains("plain http"), "{status}");
}

/// What is routed to the shop itself or goes from tenant to tenant, and what is said of it.
const OF_THE_SHOP: [(&str, &[&str], &str); 6] = [
    (
        r#"INSERT INTO package_routing ("tenantId", package_id, mode, "providerType")
           SELECT "tenantId", NULL, 'auto', unnest(ARRAY['internal', 'internal_codes'])
           FROM (SELECT * FROM package_routing LIMIT 1) r"#,
        &[],
        "left to it: 1 to \\\"internal\\\", 1 to \\\"internal_codes\\\".",
    ),
    (
        "UPDATE integrations SET provider = 'internal'",
        &["fail panels", "warn routing"],
        "does not talk to: left to the shop",
    ),
    (
        r#"UPDATE integrations SET "tenantId" = gen_random_uuid()"#,
        &["fail routing"],
        "routed to an account of another tenant: orders are held",
    ),
    (
        r#"INSERT INTO product_orders ("tenantId", "externalStatus", "externalOrderId")
           VALUES (gen_random_uuid(), 'forwarded', 'stub-' || gen_random_uuid())"#,
        &[],
        "1 orders of the last 7 days are part of a chain of tenants; the shop follows them.",
    ),
    (
        r#"INSERT INTO product_orders ("tenantId", "externalOrderId", "createdAt")
           VALUES (gen_random_uuid(), 'stub-' || gen_random_uuid(), now() - interval '1 hour')"#,
        &["warn forwarding"],
        "1 orders came along a chain of tenants and nobody has sent them",
    ),
    (
        r#"INSERT INTO product_orders ("tenantId", "packageId", "externalStatus", "externalOrderId")
           SELECT "tenantId", package_id, 'forwarded', 'stub-' || gen_random_uuid()
           FROM package_routing LIMIT 1"#,
        &["fail forwarding"],
        "an order may be bought by both",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_the_shop_serves_itself_is_named_and_left_to_it() {
    for (change, wanted, words) in OF_THE_SHOP {
        let world = World::new().await;
        sql(&world, change).await;
        let (ended, found) = doctor(&world).await;
        let mut bad = bad(&found);
        bad.retain(|finding| !USUAL.contains(&finding.as_str()));
        assert_eq!(bad, wanted, "{change}: {found:#}");
        assert!(ended.stdout.contains(words), "{change}: {found:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_keep_orders_from_flowing_are_found() {
    let world = World::with(|plan| plan.accounts[0].balance = Decimal::ZERO).await;
    let settings = world
        .settings()
        .text("dispatch.mode", "shadow")
        .with("poll.enabled", "false");
    let (ended, found) = doctor_with(&world, &settings).await;
    assert_eq!(ended.code(), 1);
    let mut bad = bad(&found);
    bad.retain(|finding| !USUAL.contains(&finding.as_str()));
    assert_eq!(
        bad,
        ["fail balance", "warn dispatch", "warn poll"],
        "{found:#}"
    );
    assert!(ended.stdout.contains("The account at panel is empty"));
}

/// The practice store, and the settings of somebody who sells there.
async fn seller(world: &World, secret: Option<&str>) -> (TrendyolStore, Settings) {
    let plan = StorePlan::new(7);
    let right = plan.api_secret.clone();
    let (id, key) = (plan.seller_id.to_string(), plan.api_key.clone());
    let store = TrendyolStore::start(plan).await.unwrap();
    let settings = world
        .settings()
        .with("trendyol.enabled", "true")
        .with("trendyol.stock.safety_stock", "0")
        .text("trendyol.base_url", &store.base_url())
        .text("trendyol.seller_id", &id)
        .text("trendyol.api_key", &key)
        .text("trendyol.api_secret", secret.unwrap_or(&right));
    (store, settings)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trendyol_account_is_tried_and_a_wrong_one_found() {
    let world = World::new().await;
    let (_store, settings) = seller(&world, None).await;
    let (ended, found) = doctor_with(&world, &settings).await;
    assert_eq!(ended.code(), 0, "{found:#}");
    assert_eq!(of(&found, "trendyol")[0].0, "ok", "{found:#}");
    let (_store, settings) = seller(&world, Some("kanarya-api-secret")).await;
    let (ended, found) = doctor_with(&world, &settings).await;
    assert_eq!(ended.code(), 1, "{found:#}");
    assert_eq!(of(&found, "trendyol")[0].0, "fail", "{found:#}");
    assert!(
        ended.stdout.contains("API key and secret anew"),
        "{found:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_tables_or_without_a_server_ends_the_search() {
    let world = World::new().await;
    world.command(&["migrate", "revert"]).await.good();
    let (ended, found) = doctor(&world).await;
    assert_eq!(ended.code(), 1);
    assert_eq!(bad(&found), ["fail migrations"], "{found:#}");
    assert!(ended.stdout.contains("orderwatch migrate"), "{found:#}");
    let settings = world
        .settings()
        .text("database.url", "postgres://u:kanarya@127.0.0.1:1/nothing");
    let (ended, found) = doctor_with(&world, &settings).await;
    assert_eq!(ended.code(), 1);
    assert_eq!(bad(&found), ["fail database"], "{found:#}");
    assert!(ended.stdout.contains("Connection refused"), "{found:#}");
}

/// A user who logs in, and is a member of the daemon's role.
async fn member(world: &World) -> (String, Settings) {
    let role = format!("doctor_{}", uuid::Uuid::new_v4().simple());
    let make = format!("CREATE ROLE {role} LOGIN PASSWORD 'x' IN ROLE orderwatch_daemon");
    sql(world, &make).await;
    let url = world.database.options().username(&role).password("x");
    let url = sqlx::ConnectOptions::to_url_lossy(&url).to_string();
    (role, world.settings().text("database.url", &url))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_of_the_daemons_role_has_the_rights_that_it_needs_and_no_more() {
    let world = World::new().await;
    let (role, settings) = member(&world).await;
    let (ended, found) = doctor_with(&world, &settings).await;
    sql(&world, &format!("DROP ROLE {role}")).await;
    assert_eq!(ended.code(), 0, "{found:#}");
    assert_eq!(bad(&found), USUAL, "{found:#}");
    let sentence = of(&found, "role")[0].1;
    assert!(sentence.contains(&role), "{sentence}");
}

/// What the daemon's role is given besides, and how that is told.
const BEYOND: [(&str, &str); 7] = [
    (
        "GRANT DELETE, TRUNCATE ON product_orders TO orderwatch_daemon",
        "needs: DELETE, TRUNCATE on public.product_orders.",
    ),
    (
        "GRANT UPDATE (price) ON product_orders TO orderwatch_daemon",
        "needs: UPDATE on public.product_orders.",
    ),
    (
        "GRANT SELECT ON users TO orderwatch_daemon",
        "needs: SELECT on public.users.",
    ),
    (
        "GRANT DELETE ON orderwatch.events TO orderwatch_daemon",
        "needs: DELETE on orderwatch.events.",
    ),
    (
        "CREATE TABLE public.wallets (id integer); GRANT SELECT, INSERT ON public.wallets TO PUBLIC",
        "needs: INSERT, SELECT on public.wallets.",
    ),
    (
        "ALTER TABLE integrations OWNER TO orderwatch_daemon",
        "needs: change and drop public.integrations, which it owns.",
    ),
    (
        "GRANT CREATE ON SCHEMA public TO orderwatch_daemon",
        "needs: make tables and functions in schema public.",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_the_role_may_do_besides_is_told_with_its_tables() {
    for (given, words) in BEYOND {
        let world = World::new().await;
        sql(&world, given).await;
        let (ended, found) = doctor(&world).await;
        assert_eq!(ended.code(), 0, "{given}: {found:#}");
        let [(outcome, sentence)] = of(&found, "role")[..] else {
            unreachable!("{given}: {found:#}");
        };
        assert_eq!(outcome, "warn", "{given}: {found:#}");
        assert!(sentence.ends_with(words), "{given}: {sentence}");
        assert!(ended.stdout.contains("config/roles.sql"), "{found:#}");
    }

    let world = World::new().await;
    let owner = world.database.owners_url();
    let settings = world.settings().text("database.url", &owner);
    let (_, found) = doctor_with(&world, &settings).await;
    let (outcome, sentence) = of(&found, "role")[0];
    assert_eq!(outcome, "warn");
    assert!(sentence.contains("it is a superuser"), "{sentence}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_is_missing_is_named_with_the_grant_that_gives_it() {
    for (less, words) in [
        (
            "REVOKE UPDATE ON public.product_orders FROM orderwatch_daemon;
             GRANT UPDATE (status) ON public.product_orders TO orderwatch_daemon;",
            r#"GRANT UPDATE ("pinCode") ON public.product_orders"#,
        ),
        (
            "REVOKE INSERT ON orderwatch.events FROM orderwatch_daemon;",
            "INSERT on orderwatch.events",
        ),
        (
            "REVOKE USAGE ON SEQUENCE orderwatch.stock_plans FROM orderwatch_daemon;
             REVOKE EXECUTE ON FUNCTION orderwatch.prune_events FROM orderwatch_daemon;",
            "lacks 2 on our own schema: EXECUTE on orderwatch.prune_events, USAGE on orderwatch.stock_plans.",
        ),
    ] {
        let world = World::new().await;
        sql(&world, less).await;
        let ended = world.command(&["doctor"]).await;
        let (json, found) = doctor(&world).await;
        assert_eq!((ended.code(), json.code()), (1, 1), "{ended:?}");
        assert!(!of(&found, "rights").is_empty());
        let text = ended
            .stdout
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        assert!(text.contains(words), "no {words:?} in\n{text}");
    }
}

/// A warehouse's database as its application makes it, and the settings of a store that sells from it.
async fn warehouse_alone(mirror: &str) -> (World, TrendyolStore, Settings) {
    let world = World::new().await;
    world.command(&["migrate", "revert"]).await.good();
    // What the world's shop has left behind is not there either.
    sql(&world, "DROP SCHEMA public CASCADE; CREATE SCHEMA public").await;
    sql(
        &world,
        include_str!("../../fixtures/warehouse-application.sql"),
    )
    .await;
    world.grant().await;
    let (store, settings) = seller(&world, None).await;
    let settings = settings
        .with("shop.enabled", "false")
        .with("trendyol.mirror", mirror);
    let migrated = world.program(&settings, &["migrate"]).run().await;
    assert_eq!(migrated.code(), 0, "{migrated:?}");
    world.grant().await;
    (world, store, settings)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warehouse_alone_is_sound_without_a_panel_once_it_is_said_who_keeps_its_rows() {
    let (world, _store, settings) = warehouse_alone("false").await;
    let (ended, found) = doctor_with(&world, &settings).await;
    assert_eq!(ended.code(), 0, "{found:#}");
    // Nothing is sent to a panel, so no player fields wait for a person.
    assert_eq!(bad(&found), ["warn daemon"], "{found:#}");
    assert_eq!(of(&found, "shop")[0].0, "skipped");
    for check in ["panels", "routing", "dispatch", "old orders"] {
        assert!(of(&found, check).is_empty(), "{check}: {found:#}");
    }
    assert!(
        ended.stdout.contains("ADD COLUMN \\\"last_push_date\\\""),
        "{found:#}"
    );

    let daemon = world.start(&settings).await;
    let status = world.program(&settings, &["status"]).run().await;
    assert_eq!(status.code(), 0, "{status:?}");
    assert!(
        !status.stdout.contains("Orders") && !status.stdout.contains("panel"),
        "{status:?}"
    );
    for command in [&["order", "list"][..], &["once", "sweep"], &["shadow"]] {
        let refused = world.program(&settings, command).run().await;
        assert_eq!(refused.code(), 1, "{refused:?}");
        assert!(
            refused.stderr.contains("shop.enabled = false"),
            "{refused:?}"
        );
    }
    drop(daemon);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_starts_before_it_is_said_who_keeps_the_warehouses_rows() {
    for (mirror, words) in [("\"\"", "has to be set"), ("true", "is refused")] {
        let (world, store, settings) = warehouse_alone(mirror).await;
        let (ended, found) = doctor_with(&world, &settings).await;
        assert_eq!(ended.code(), 1, "{found:#}");
        let (outcome, sentence) = of(&found, "mirror")[0];
        assert_eq!(outcome, "fail");
        for words in [words, "orders_hazirlaniyor", "stock_movement"] {
            assert!(sentence.contains(words), "{sentence}");
        }
        for command in [&["run"][..], &["once", "pull-orders"], &["stock", "push"]] {
            let refused = world.program(&settings, command).run().await;
            assert_eq!(refused.code(), 1, "{command:?}: {refused:?}");
            assert!(
                format!("{}{}", refused.stdout, refused.stderr).contains(words),
                "{refused:?}"
            );
        }
        assert_eq!(store.ledger().count(Market::PushStock), 0);
        assert_eq!(store.ledger().count(Market::OrderStream), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_is_missing_is_named_with_the_statement_that_mends_it() {
    let world = World::new().await;
    sql(
        &world,
        "ALTER TABLE product_orders DROP COLUMN \"lastSyncAt\"",
    )
    .await;
    let (ended, found) = doctor(&world).await;
    assert_eq!(ended.code(), 1, "{found:#}");
    assert_eq!(of(&found, "columns")[0].0, "fail", "{found:#}");
    let fix = "ALTER TABLE public.product_orders ADD COLUMN \\\"lastSyncAt\\\" timestamptz;";
    assert!(ended.stdout.contains(fix), "{found:#}");
    let refused = world.command(&["run"]).await;
    assert_eq!(refused.code(), 1, "{refused:?}");
    assert!(refused.stderr.contains("lastSyncAt"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_losses_that_cannot_hold_anything_is_named() {
    let world = World::new().await;
    let settings = world.settings().text("dispatch.max_loss", "0");
    let (_, found) = doctor(&world).await;
    assert_eq!(of(&found, "losses"), [], "nobody asked for it");

    // Its price is in dollars, and the shop has no rates.
    let process = world.start(&settings).await;
    let unknown = world.shop.order(PIN, "player-1").await;
    world.shop.completed(unknown).await;
    let (_, found) = doctor_with(&world, &settings).await;
    let [(outcome, sentence)] = of(&found, "losses")[..] else {
        panic!("{found:#}");
    };
    assert_eq!(outcome, "warn");
    assert!(sentence.contains("For 1 of 1 purchases"), "{sentence}");

    sql(&world, "UPDATE orderwatch.purchases SET sold_for = 50").await;
    let (_, found) = doctor_with(&world, &settings).await;
    assert_eq!(of(&found, "losses")[0].0, "ok", "{found:#}");
    process.stop().await;
}
