//! The database: reached, up to date, with the rights that the work needs and no more.

use std::time::Duration;

use super::{finding::Findings, out};
use crate::{
    clock::DatabaseClock,
    config::Config,
    store::{Right, SchemaFault, Store, StoreError},
};

/// The oldest server that the statements work on.
const OLDEST_SERVER: i32 = 140_000;
/// The longest wait for the first answer.
const REACH: Duration = Duration::from_secs(15);
/// The longest wait for a notice.
const NOTICE: Duration = Duration::from_secs(5);
/// More than this between this machine's clock and the database's confuses people who read logs.
const SKEW_MS: i64 = 2000;

const fn right(table: &'static str, column: &'static str, privilege: &'static str) -> Right {
    Right {
        table,
        column: Some(column),
        privilege,
    }
}

const fn whole(table: &'static str, privilege: &'static str) -> Right {
    Right {
        table,
        column: None,
        privilege,
    }
}

const ORDERS: &str = "public.product_orders";
const STOCK: &str = "public.central_stock";

/// What the purchases need.
const SHOP_RIGHTS: [Right; 24] = [
    whole(ORDERS, "SELECT"),
    right(ORDERS, "status", "UPDATE"),
    right(ORDERS, "providerId", "UPDATE"),
    right(ORDERS, "externalOrderId", "UPDATE"),
    right(ORDERS, "externalStatus", "UPDATE"),
    right(ORDERS, "provider_referans", "UPDATE"),
    right(ORDERS, "lastMessage", "UPDATE"),
    right(ORDERS, "providerMessage", "UPDATE"),
    right(ORDERS, "pinCode", "UPDATE"),
    right(ORDERS, "notes", "UPDATE"),
    right(ORDERS, "notesCount", "UPDATE"),
    right(ORDERS, "sentAt", "UPDATE"),
    right(ORDERS, "lastSyncAt", "UPDATE"),
    right(ORDERS, "completedAt", "UPDATE"),
    right(ORDERS, "durationMs", "UPDATE"),
    right(ORDERS, "costAmount", "UPDATE"),
    right(ORDERS, "costCurrency", "UPDATE"),
    whole("public.integrations", "SELECT"),
    right("public.integrations", "balance", "UPDATE"),
    right("public.integrations", "balanceUpdatedAt", "UPDATE"),
    whole("public.package_routing", "SELECT"),
    whole("public.package_mappings", "SELECT"),
    whole("public.product_packages", "SELECT"),
    whole("public.product", "SELECT"),
];

/// What the Trendyol store needs besides.
const STORE_RIGHTS: [Right; 32] = [
    whole(STOCK, "SELECT"),
    right(STOCK, "last_push_date", "UPDATE"),
    right(STOCK, "qty", "UPDATE"),
    right(STOCK, "updated_at", "UPDATE"),
    whole("public.stock_push_log", "SELECT"),
    whole("public.stock_push_log", "INSERT"),
    whole("public.raf_urunleri", "SELECT"),
    right("public.raf_urunleri", "adet", "UPDATE"),
    whole("public.orders_created", "SELECT"),
    whole("public.orders_created", "INSERT"),
    whole("public.orders_created", "UPDATE"),
    whole("public.orders_created", "DELETE"),
    whole("public.orders_picking", "SELECT"),
    whole("public.orders_picking", "INSERT"),
    whole("public.orders_picking", "UPDATE"),
    whole("public.orders_picking", "DELETE"),
    whole("public.orders_shipped", "SELECT"),
    whole("public.orders_shipped", "INSERT"),
    whole("public.orders_shipped", "UPDATE"),
    whole("public.orders_shipped", "DELETE"),
    whole("public.orders_delivered", "SELECT"),
    whole("public.orders_delivered", "INSERT"),
    whole("public.orders_delivered", "UPDATE"),
    whole("public.orders_delivered", "DELETE"),
    whole("public.orders_cancelled", "SELECT"),
    whole("public.orders_cancelled", "INSERT"),
    whole("public.orders_cancelled", "UPDATE"),
    whole("public.orders_cancelled", "DELETE"),
    whole("public.return_orders", "SELECT"),
    whole("public.return_orders", "INSERT"),
    whole("public.return_orders", "UPDATE"),
    whole("public.return_products", "INSERT"),
];

/// Whether it can be asked anything at all.
pub(super) async fn basics(store: &Store, findings: &mut Findings) -> bool {
    let reached = tokio::time::timeout(REACH, store.now()).await;
    let (now, round_trip) = match reached {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => {
            findings.fail(
                "database",
                out::chain(&anyhow::Error::new(error)),
                "Look at database.url (`orderwatch config check`), and whether the server runs and lets this machine in.",
            );
            return false;
        }
        Err(_) => {
            findings.fail(
                "database",
                "The database did not answer in 15 seconds.",
                "Look at database.url (`orderwatch config check`), and for a firewall on the way.",
            );
            return false;
        }
    };
    findings.ok(
        "database",
        format!("It answers in {} ms.", round_trip.as_millis()),
    );
    // What a clock that knew this machine's time alone has to be moved by.
    let skew = DatabaseClock::new().set(now, round_trip).num_milliseconds();
    if skew.abs() > SKEW_MS {
        findings.warn(
            "clock",
            format!(
                "This machine's clock differs from the database's by {:.1} seconds. The daemon follows the database's.",
                seconds(skew.abs())
            ),
            "Let both follow a time server (`timedatectl`).",
        );
    } else {
        findings.ok("clock", "This machine's clock and the database's agree.");
    }
    match store.missing_migrations().await {
        Ok(0) => {
            findings.ok("migrations", "All are applied.");
            true
        }
        Ok(missing) => {
            findings.fail(
                "migrations",
                format!("{missing} are missing."),
                "Run `orderwatch migrate`; it is safe on a live database.",
            );
            false
        }
        Err(error) => {
            findings.fail(
                "migrations",
                out::chain(&anyhow::Error::new(error)),
                "Give the role USAGE on schema orderwatch and SELECT on orderwatch.migrations, or run `orderwatch migrate` first.",
            );
            false
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn seconds(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1000.0
}

/// Everything about it that may keep the work from being done.
pub(super) async fn details(store: &Store, config: &Config) -> Result<Findings, StoreError> {
    let mut findings = Findings::default();
    server(store, &mut findings).await?;
    rights(store, config, &mut findings).await?;
    schema(store, &mut findings).await?;
    listen(store, config, &mut findings).await;
    Ok(findings)
}

async fn server(store: &Store, findings: &mut Findings) -> Result<(), StoreError> {
    let facts = store.server_facts().await?;
    if facts.standby || facts.read_only {
        findings.fail(
            "server",
            "Nothing can be written here: it is a standby, or read-only.",
            "Let database.url lead to the primary.",
        );
    } else if facts.version < OLDEST_SERVER {
        findings.fail(
            "server",
            format!("Postgres {} is too old.", facts.version / 10_000),
            "Use Postgres 14 or newer.",
        );
    } else {
        let version = facts.version / 10_000;
        findings.ok(
            "server",
            format!("Postgres {version}, which can be written."),
        );
    }
    if facts.has_statement_timeout {
        findings.ok("statement timeout", "No statement can hang for ever.");
    } else {
        findings.warn(
            "statement timeout",
            "The session's limits do not hold: a pooler seems to drop them.",
            format!("ALTER ROLE {} SET statement_timeout = '30s';", facts.role),
        );
    }
    if facts.superuser || facts.may_delete {
        findings.warn(
            "role",
            format!(
                "The role {} may {}; orderwatch never needs that.",
                facts.role,
                if facts.superuser {
                    "do everything"
                } else {
                    "delete the shop's orders or accounts"
                }
            ),
            "Run the daemon under a role of its own that may read the shop's tables and write the columns it needs; migrate as the owner.",
        );
    } else {
        let role = format!("The role {} cannot delete the shop's orders.", facts.role);
        findings.ok("role", role);
    }
    Ok(())
}

async fn rights(store: &Store, config: &Config, findings: &mut Findings) -> Result<(), StoreError> {
    let mut wanted = SHOP_RIGHTS.to_vec();
    if config.trendyol.enabled {
        wanted.extend(STORE_RIGHTS);
    }
    let missing = store.missing_rights(&wanted).await?;
    let own = store.missing_own_rights().await?;
    if missing.is_empty() && own.is_empty() {
        findings.ok("rights", "The role has every right that the work needs.");
    }
    for Right {
        table,
        column,
        privilege,
    } in missing
    {
        let (place, grant) = match column {
            Some(column) => (
                format!("{table}.\"{column}\""),
                format!("{privilege} (\"{column}\")"),
            ),
            None => (table.to_owned(), privilege.to_owned()),
        };
        findings
            .fail(
                "rights",
                format!("The role may not {privilege} {place}."),
                format!("GRANT {grant} ON {table} TO the role of database.url;"),
            )
            .about(table);
    }
    if !own.is_empty() {
        findings.fail(
            "rights",
            format!("The role lacks {} on our own schema: {}.", own.len(), own.join(", ")),
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA orderwatch TO the role of database.url;",
        );
    }
    Ok(())
}

async fn schema(store: &Store, findings: &mut Findings) -> Result<(), StoreError> {
    let faults = store.schema_faults().await?;
    if faults.is_empty() {
        findings.ok("indexes", "All are there and valid, and so is the trigger.");
    }
    for fault in faults {
        match fault {
            SchemaFault::IndexMissing(name) => findings
                .warn(
                    "indexes",
                    format!("The index {name} is gone: the larger the shop, the slower the work."),
                    "Create it anew as its file in migrations/ says (CREATE INDEX CONCURRENTLY).",
                )
                .about(name),
            SchemaFault::IndexInvalid(name) => findings
                .warn(
                    "indexes",
                    format!("The building of the index {name} was interrupted; it is not used."),
                    format!("REINDEX INDEX CONCURRENTLY {name};"),
                )
                .about(name),
            SchemaFault::NoTrigger => {
                findings.warn(
                    "trigger",
                    "The trigger on product_orders that tells of new orders is gone or off: they are found by the scan only.",
                    "ALTER TABLE public.product_orders ENABLE TRIGGER orderwatch_new_order; or run the migration anew.",
                );
            }
        }
    }
    Ok(())
}

async fn listen(store: &Store, config: &Config, findings: &mut Findings) {
    let scan = humantime::format_duration(config.dispatch.scan_interval);
    match store.notices_arrive(NOTICE).await {
        Ok(true) => {
            findings.ok("notices", "LISTEN works: new orders are bought at once.");
        }
        Ok(false) | Err(_) => {
            findings.warn(
                "notices",
                format!("LISTEN does not work: new orders are found by the scan, every {scan}."),
                "A pooler in transaction mode does not pass notices on; let database.url lead to the server itself, or to a pool in session mode.",
            );
        }
    }
}
