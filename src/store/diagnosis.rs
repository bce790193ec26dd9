//! What `doctor` asks the database: indexes, notices, routes. Everything here only reads.

use std::{collections::BTreeSet, time::Duration};

use chrono::{DateTime, Utc};
use regex::Regex;
use sqlx::{Executor, postgres::PgListener};
use tokio::time::timeout;
use uuid::Uuid;

use super::{Sides, Store, StoreError, migrate, pool::Reach};
use crate::{order::IntegrationId, provider::kind::Kind};

/// Channel of the trial of notices; nobody else listens there.
const TRIAL: &str = "orderwatch_trial";
/// By the rule of `orderwatch.notify_new_order` and `orderwatch.notify_stock`.
const TRY: &str = "SELECT pg_notify($1, $2)
    WHERE pg_notification_queue_usage() < 0.5 AND current_setting('max_prepared_transactions') = '0'";
/// Maximum number of routes that are checked one by one.
const MANY_ROUTES: i64 = 20_000;
/// More orders than this are not counted.
pub(crate) const MANY_OLD: i64 = 1000;

/// What the server says of itself and of this session.
#[derive(Clone, Debug)]
pub(crate) struct ServerFacts {
    /// Such as 160004.
    pub(crate) version: i32,
    /// Whether it is a standby.
    pub(crate) standby: bool,
    /// Whether nothing may be written.
    pub(crate) read_only: bool,
    /// Whether a statement that takes too long is ended.
    pub(crate) has_statement_timeout: bool,
    pub(crate) role: String,
    /// The share of the server's queue of notices that is taken; at 1 every commit that sends one fails.
    pub(crate) notices_waiting: f64,
}

/// A package that is routed automatically to an external panel.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// `product_packages.id`.
    pub(crate) package_id: Uuid,
    /// The package's name, or its id where it has none.
    pub(crate) package: String,
    /// The panel that the route names; `None` when there is no such row of this tenant.
    pub(crate) panel: Option<RoutedPanel>,
    /// Whether there is one of another tenant instead.
    pub(crate) another_tenant: bool,
    /// Products of that panel that the package is mapped to.
    pub(crate) mappings: i64,
    /// The first of them.
    pub(crate) entry: Option<String>,
    /// Whether the mapping itself names `oyun` and `kupur`.
    pub(crate) names_numbers: bool,
    /// Where it may go when the panel refuses.
    pub(crate) fallback: Fallback,
}

/// Where a route leads to.
#[derive(Clone, Debug)]
pub(crate) struct RoutedPanel {
    /// `integrations.id`.
    pub(crate) id: IntegrationId,
    /// `None` for one that orderwatch does not talk to.
    pub(crate) kind: Option<&'static Kind>,
    /// `integrations.enabled`.
    pub(crate) enabled: bool,
}

/// What `"fallbackProviderId"` of a route leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fallback {
    /// Nothing, and it says so.
    None,
    /// A panel that the package is mapped to.
    Usable,
    /// No panel of this tenant, or the same one.
    Nowhere,
    /// A panel that the package is not mapped to.
    Unmapped,
    /// An account of a kind that orderwatch does not talk to.
    OtherKind,
}

/// Something is wrong with an index or with the trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaFault {
    /// An index that the migrations made is gone.
    IndexMissing(String),
    /// The building of an index was interrupted; its name with its schema.
    IndexInvalid(String),
    /// The trigger that tells of new orders is gone or switched off.
    NoTrigger,
}

impl Store {
    pub(crate) async fn server_facts(&self) -> Result<ServerFacts, StoreError> {
        sqlx::query_as!(
            ServerFacts,
            r#"SELECT current_setting('server_version_num')::int AS "version!",
                      pg_is_in_recovery() AS "standby!",
                      current_setting('default_transaction_read_only')::boolean AS "read_only!",
                      (SELECT setting::bigint > 0 FROM pg_settings
                       WHERE name = 'statement_timeout') AS "has_statement_timeout!",
                      current_user::text AS "role!",
                      pg_notification_queue_usage() AS "notices_waiting!""#
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing("asking the server about itself"))
    }

    /// That the server takes changes.
    ///
    /// # Errors
    /// [`StoreError::ReadOnly`] where it does not.
    pub(crate) async fn must_be_writable(&self) -> Result<(), StoreError> {
        let read_only = sqlx::query_scalar!(
            r#"SELECT pg_is_in_recovery()
                      OR current_setting('default_transaction_read_only')::boolean AS "read_only!""#
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing("asking whether the server is a standby"))?;

        if read_only {
            return Err(StoreError::ReadOnly);
        }
        Ok(())
    }

    /// Whether a notice that is sent over one connection, where the triggers of the applications' tables send theirs,
    /// arrives at another within this time.
    pub(crate) async fn notices_arrive(&self, patience: Duration) -> Result<bool, StoreError> {
        let doing = StoreError::doing("trying a notice");
        if self.pool.reach().await.map_err(&doing)? == Reach::Pooler {
            return Ok(false);
        }

        let mut listener = PgListener::connect_with(self.pool.inner())
            .await
            .map_err(&doing)?;

        // First, or a notice could arrive before anybody listens.
        listener.listen(TRIAL).await.map_err(&doing)?;
        // Another doctor may be trying at the same time.
        let mine = Uuid::new_v4().to_string();
        // Over another connection, as the shop's insert would send it.
        let sql = sqlx::query(TRY).bind(TRIAL).bind(&mine);
        let sent = (&self.pool).execute(sql).await.map_err(&doing)?;
        if sent.rows_affected() == 0 {
            return Ok(false);
        }

        let arrives = async {
            while let Ok(notice) = listener.recv().await {
                if notice.payload() == mine {
                    return true;
                }
            }
            false
        };

        Ok(timeout(patience, arrives).await.unwrap_or(false))
    }

    /// What is wrong with the indexes and the trigger that the migrations made.
    pub async fn schema_faults(&self) -> Result<Vec<SchemaFault>, StoreError> {
        let doing = StoreError::doing("looking at the indexes");
        let there = sqlx::query!(
            r#"SELECT n.nspname AS "schema!", c.relname AS "name!", i.indisvalid AS "valid!"
               FROM pg_index i
               JOIN pg_class c ON c.oid = i.indexrelid
               JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = 'orderwatch'
                  OR n.nspname = 'public' AND c.relname LIKE 'orderwatch\_%'"#
        )
        .fetch_all(&self.pool)
        .await
        .map_err(&doing)?;

        let trigger = sqlx::query_scalar!(
            r#"SELECT EXISTS (
                   SELECT FROM pg_trigger
                   WHERE tgrelid = to_regclass('public.product_orders')
                     AND tgname = 'orderwatch_new_order' AND tgenabled <> 'D') AS "there!""#
        )
        .fetch_one(&self.pool)
        .await
        .map_err(&doing)?;

        // Read from the migrations themselves: no second list can be forgotten.
        let mut faults: Vec<SchemaFault> = expected_indexes(self.sides)
            .into_iter()
            .filter(|name| !there.iter().any(|index| index.name == *name))
            .map(SchemaFault::IndexMissing)
            .collect();

        let invalid = there.into_iter().filter(|index| !index.valid);
        faults
            .extend(invalid.map(|index| {
                SchemaFault::IndexInvalid(format!("{}.{}", index.schema, index.name))
            }));

        // Without the shop there is no table for it to be on.
        if self.sides.shop && !trigger {
            faults.push(SchemaFault::NoTrigger);
        }

        Ok(faults)
    }

    /// The packages that are routed automatically to an external panel.
    pub(crate) async fn routes(&self) -> Result<Vec<Route>, StoreError> {
        // `enabled` is absent in older databases: read through JSON it is NULL there.
        let rows = sqlx::query!(
            r#"SELECT r.package_id AS "package_id!",
                      COALESCE(p.name, r.package_id::text, '?') AS "package!",
                      i.id IS NULL AND EXISTS (
                          SELECT FROM public.integrations x
                          WHERE x.id::text = r."primaryProviderId") AS "another_tenant!",
                      i.id AS "panel?", i.provider AS "provider?",
                      COALESCE((to_jsonb(i) ->> 'enabled')::boolean, true) AS "enabled!",
                      m.mappings AS "mappings!", m.entry,
                      m.names_numbers AS "names_numbers!",
                      NULLIF(btrim(r."fallbackProviderId"), '') IS NOT NULL AS "falls_back!",
                      f.id IS NOT NULL AS "fallback_there!",
                      COALESCE(f.provider = ANY($1), false) AS "fallback_known!",
                      EXISTS (SELECT FROM public.package_mappings x
                              WHERE x."tenantId" = r."tenantId"
                                AND x.our_package_id = r.package_id::text
                                AND x.provider_api_id = f.id::text) AS "fallback_mapped!"
               FROM public.package_routing r
               LEFT JOIN public.product_packages p ON p.id = r.package_id
               LEFT JOIN public.integrations i
                   ON i."tenantId" = r."tenantId" AND i.id::text = r."primaryProviderId"
               LEFT JOIN public.integrations f
                   ON f."tenantId" = r."tenantId" AND f.id::text = r."fallbackProviderId"
                      AND f.id IS DISTINCT FROM i.id
               CROSS JOIN LATERAL (
                   SELECT count(DISTINCT m.provider_package_id) AS mappings,
                          min(m.provider_package_id) AS entry,
                          COALESCE(bool_or(m.meta ->> 'oyun' <> '' AND m.meta ->> 'kupur' <> ''),
                                   false) AS names_numbers
                   FROM public.package_mappings m
                   WHERE m."tenantId" = r."tenantId" AND m.our_package_id = r.package_id::text
                     AND m.provider_api_id = i.id::text
               ) m
               WHERE r.mode = 'auto' AND r."providerType" = 'external'
               ORDER BY r."tenantId", r.package_id LIMIT $2"#,
            Kind::names(),
            MANY_ROUTES
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading the routes"))?;

        Ok(rows
            .into_iter()
            .map(|row| Route {
                package_id: row.package_id,
                package: row.package,
                another_tenant: row.another_tenant,
                panel: row.panel.map(|id| RoutedPanel {
                    id: IntegrationId(id),
                    kind: row.provider.as_deref().and_then(Kind::of),
                    enabled: row.enabled,
                }),
                mappings: row.mappings,
                entry: row.entry,
                names_numbers: row.names_numbers,
                fallback: match (row.falls_back, row.fallback_there, row.fallback_mapped) {
                    (false, ..) => Fallback::None,
                    (true, false, _) => Fallback::Nowhere,
                    (true, true, _) if !row.fallback_known => Fallback::OtherKind,
                    (true, true, false) => Fallback::Unmapped,
                    (true, true, true) => Fallback::Usable,
                },
            })
            .collect())
    }

    /// Orders that are routed automatically, wait, and were created too long ago to be bought; at
    /// most [`MANY_OLD`] are counted.
    pub(crate) async fn too_old(&self, created_before: DateTime<Utc>) -> Result<i64, StoreError> {
        // Each route is counted no further than the whole: an old database has years of such orders.
        sqlx::query_scalar!(
            r#"SELECT count(*) AS "orders!" FROM (
                   SELECT FROM public.package_routing r
                   CROSS JOIN LATERAL (
                       SELECT FROM public.product_orders o
                       WHERE o."tenantId" = r."tenantId" AND o."packageId" = r.package_id
                         AND orderwatch.is_unsent(o.status, o."externalStatus", o."sentAt" IS NULL,
                                                  o."externalOrderId", o.provider_referans, $3)
                         AND orderwatch.may_go_to(o."providerId", r."primaryProviderId")
                         AND o."createdAt" <= $1
                         AND NOT EXISTS (SELECT FROM orderwatch.orders t WHERE t.order_id = o.id)
                       LIMIT $2) o
                   WHERE r.mode = 'auto' AND r."providerType" = 'external'
                   LIMIT $2) n"#,
            created_before,
            MANY_OLD,
            self.buy_chained
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing("counting old orders"))
    }
}

/// The statements of the migrations that make an index by name.
const STEP: &str = r"(?m)^CREATE (?:UNIQUE )?INDEX(?: CONCURRENTLY)?(?: IF NOT EXISTS)? (\w+)\s+ON";

/// The indexes that are there once all migrations have run, as their texts say.
fn expected_indexes(sides: Sides) -> BTreeSet<String> {
    // It is a constant; a test runs it.
    let Ok(step) = Regex::new(STEP) else {
        return BTreeSet::new();
    };
    let made = migrate::up_texts(sides).flat_map(|sql| step.captures_iter(sql));
    made.filter_map(|found| found.get(1))
        .map(|name| name.as_str().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Sides, expected_indexes};

    #[test]
    fn the_migrations_name_their_indexes() {
        let names = expected_indexes(Sides::BOTH);
        for name in [
            "orders_to_check",
            "orderwatch_unsent",
            "stock_pause_in_force",
        ] {
            assert!(names.contains(name), "{name}: {names:?}");
        }
        assert!(
            !names.iter().any(|name| name.starts_with("idx_")),
            "{names:?}"
        );
    }
}
