//! Orders that may be sent: the shop's new ones, and tracked ones whose time has come.
//!
//! They are read without a lock. Their product is looked up outside of any transaction, and
//! [`Store::claim_new`] then locks them and checks them again.
//!
//! What makes them eligible is said once, in `migrations/0002_order_rules.sql`. New orders are named
//! as a stretch of the index `orderwatch_unsent`, rows compared with rows:
//! no other index has that order. Asked for a tenant, a package and a time, the server may go
//! through the shop's own index by time, and so through all that the other tenants wait for.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::Value;
use uuid::Uuid;

use super::{Release, Share, Store, StoreError};
use crate::{
    order::{
        HoldCause, HoldReason, IntegrationId, Mapping, Naming, OrderId, Reference, ShopOrder,
        Stage, TenantId, Watched,
        money::{Loss, Sale},
    },
    provider::kind::Kind,
};

/// An order of the shop that may be sent.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) order: OrderId,
    pub(crate) tenant: TenantId,
    /// Where its package is routed to.
    pub(crate) integration: IntegrationId,
    pub(crate) shop: ShopOrder,
    /// Where it may go when the panel certainly refuses it.
    pub(crate) fallback: Option<IntegrationId>,
    /// `provider_referans`, where it names a purchase that we do not know of.
    pub(crate) given: Option<String>,
    /// `"createdAt"` of the shop's row, as long as there is one.
    pub(crate) created_at: Option<DateTime<Utc>>,
    pub(crate) sale: Sale,
    /// What the customer paid, in TRY; `None` until the shop's rates say so.
    pub(crate) sold_for: Option<Decimal>,
}

/// A tracked order that is to be sent, or sent again.
#[derive(Clone, Debug)]
pub(crate) struct QueuedCandidate {
    pub(crate) candidate: Candidate,
    /// Provider reference, given before.
    pub(crate) reference: Reference,
    pub(crate) watched: Watched,
    /// Why the shop no longer wants it from us, if so.
    pub(crate) unwanted: Option<Release>,
    /// Whether a person has released it although it is sold at a loss.
    pub(crate) loss_accepted: bool,
    /// The loss that was shown then; `None` where an older version held it.
    pub(crate) shown_loss: Option<Loss>,
}

impl QueuedCandidate {
    /// Why it is held before its product is looked for, at a panel that names purchases like this.
    pub(crate) fn hold(&self, naming: Naming) -> Option<HoldCause> {
        // Named for a panel of another kind: the account has changed its own since.
        let foreign = !naming.is_of(&self.reference, self.candidate.order);
        let cause = HoldCause::from(HoldReason::ForeignReference);
        foreign.then(|| self.watched.held_for(cause))
    }

    /// What it may lose where others may lose `most`; `None` for any loss.
    pub(crate) fn max_loss(&self, most: Option<Decimal>) -> Option<Decimal> {
        // One that may have been bought costs what it costs: aside, a person would reject it in the shop.
        if !self.watched.may_resend {
            return None;
        }

        match (self.loss_accepted, self.shown_loss) {
            (false, _) => most,
            (true, None) => None,
            // A person has accepted what was shown, not what the panel asks since.
            (true, Some(shown)) => most.map(|most| most.max(shown.amount())),
        }
    }
}

/// An order that is routed automatically and cannot be sent.
#[derive(Clone, Debug)]
pub(crate) struct Unroutable {
    pub(crate) order: OrderId,
    pub(crate) tenant: TenantId,
    pub(crate) reason: HoldReason,
}

struct Row {
    order_id: Uuid,
    tenant_id: Uuid,
    integration_id: Uuid,
    package_id: Uuid,
    quantity: i32,
    user_identifier: Option<String>,
    extra_field: Option<String>,
    mappings: i64,
    entry: Option<String>,
    meta: Option<Value>,
    fallback: Option<Uuid>,
    given: Option<String>,
    created_at: Option<DateTime<Utc>>,
    price: Option<Decimal>,
    currency: Option<String>,
}

impl Store {
    /// When the server that answers was started: another one after a failover.
    pub(crate) async fn server_started_at(&self) -> Result<DateTime<Utc>, StoreError> {
        sqlx::query_scalar!(r#"SELECT pg_postmaster_start_time() AS "at!""#)
            .fetch_one(&self.pool)
            .await
            .map_err(StoreError::doing("asking which server answers"))
    }

    /// `"createdAt"` of the newest order that may still be sent.
    pub(crate) async fn newest_order(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        sqlx::query_scalar!(
            r#"SELECT max(n.at) FROM (
                   SELECT max(o."createdAt") AS at FROM public.product_orders o
                   WHERE orderwatch.is_unsent(o.status, o."externalStatus", o."sentAt" IS NULL,
                                              o."externalOrderId", o.provider_referans, $1)
                   UNION ALL
                   SELECT max(o."createdAt") FROM orderwatch.orders t
                   JOIN public.product_orders o ON o.id = t.order_id
                   WHERE t.stage IN ('queued', 'dispatching', 'submitted', 'unconfirmed')
                   UNION ALL
                   SELECT max(o."createdAt") FROM orderwatch.orders t
                   JOIN public.product_orders o ON o.id = t.order_id
                   WHERE t.stage = 'held'
               ) n"#,
            self.buy_chained
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing("looking for the newest order"))
    }

    /// Eligible orders that nobody tracks yet, oldest first, at most `share.limit` per panel. In
    /// shadow mode those are left out that were written down before.
    pub(crate) async fn new_candidates(
        &self,
        shares: &[Share],
        created_after: DateTime<Utc>,
        shadow: bool,
    ) -> Result<Vec<Candidate>, StoreError> {
        let (ids, tenants, limits) = Share::columns(shares);
        // `OFFSET 0` keeps each check of a row a step of its own: joined, the server may read all that is tracked.
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT o.id AS "order_id!", p.tenant_id AS "tenant_id!", p.id AS "integration_id!",
                      o."packageId" AS "package_id!", o.quantity AS "quantity!", o."userIdentifier" AS user_identifier,
                      o."extraField" AS extra_field, m.mappings AS "mappings!", m.entry, m.meta,
                      (SELECT i.id FROM public.integrations i
                       WHERE i."tenantId" = p.tenant_id AND i.id::text = o.fallback AND i.id <> p.id
                         AND EXISTS (
                             SELECT FROM public.package_mappings f
                             WHERE f."tenantId" = p.tenant_id
                               AND f.our_package_id = o."packageId"::text
                               AND f.provider_api_id = o.fallback)) AS fallback,
                      orderwatch.given_reference(o.provider_referans, o."externalOrderId") AS given,
                      o."createdAt" AS "created_at?", o."sellPriceAmount" AS "price?",
                      o."sellPriceCurrency" AS currency
               FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS p (id, tenant_id, free)
               CROSS JOIN LATERAL (
                   SELECT n.*, r."fallbackProviderId" AS fallback FROM public.package_routing r
                   CROSS JOIN LATERAL (
                       SELECT o.id, o.quantity, o."userIdentifier", o."extraField", o."packageId",
                              o."createdAt", o.provider_referans, o."externalOrderId",
                              o."sellPriceAmount", o."sellPriceCurrency"
                       FROM public.product_orders o
                       WHERE orderwatch.is_unsent(o.status, o."externalStatus", o."sentAt" IS NULL,
                                                  o."externalOrderId", o.provider_referans, $7)
                         AND orderwatch.may_go_to(o."providerId", r."primaryProviderId")
                         AND (o."tenantId", o."packageId", o."createdAt")
                             > (r."tenantId", r.package_id, $4)
                         AND (o."tenantId", o."packageId", o."createdAt")
                             <= (r."tenantId", r.package_id, 'infinity')
                         AND NOT EXISTS (
                             SELECT FROM orderwatch.orders t WHERE t.order_id = o.id OFFSET 0)
                         AND NOT ($5 AND EXISTS (
                             SELECT FROM orderwatch.shadow s WHERE s.order_id = o.id OFFSET 0))
                       ORDER BY o."tenantId", o."packageId", o."createdAt" LIMIT $6
                   ) n
                   WHERE r."tenantId" = p.tenant_id AND r.mode = 'auto'
                     AND r."providerType" = 'external' AND r."primaryProviderId" = p.id::text
                   ORDER BY n."createdAt" LIMIT p.free
               ) o
               CROSS JOIN LATERAL (
                   SELECT count(DISTINCT m.provider_package_id) AS mappings,
                          min(m.provider_package_id) AS entry, (array_agg(m.meta))[1] AS meta
                   FROM public.package_mappings m
                   WHERE m."tenantId" = p.tenant_id AND m.our_package_id = o."packageId"::text
                     AND m.provider_api_id = p.id::text
               ) m"#,
            &ids,
            &tenants,
            &limits,
            created_after,
            shadow,
            // A number that the planner knows: with one of each row's own it would expect a tenth
            // of all that there is.
            limits.iter().copied().max(),
            self.buy_chained
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("looking for new orders"))?;

        Ok(rows.into_iter().map(Candidate::from).collect())
    }

    /// Orders that the shop sent itself before shadow mode saw them, and what orderwatch would have
    /// bought for them: the shop sends within the request that places the order.
    pub(crate) async fn sent_candidates(
        &self,
        shares: &[Share],
        sent_after: DateTime<Utc>,
    ) -> Result<Vec<Candidate>, StoreError> {
        let (ids, tenants, limits) = Share::columns(shares);
        // Only for comparison with what the shop did: neither a fallback nor an earlier reference is of interest.
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT o.id AS "order_id!", p.tenant_id AS "tenant_id!", p.id AS "integration_id!",
                      o."packageId" AS "package_id!",
                      o.quantity AS "quantity!", o."userIdentifier" AS user_identifier,
                      o."extraField" AS extra_field, m.mappings AS "mappings!", m.entry, m.meta,
                      NULL::uuid AS fallback, NULL::text AS given, o."createdAt" AS "created_at?",
                      o."sellPriceAmount" AS "price?",
                      o."sellPriceCurrency" AS currency
               FROM public.product_orders o
               JOIN public.package_routing r
                 ON r."tenantId" = o."tenantId" AND r.package_id = o."packageId"
                AND r.mode = 'auto' AND r."providerType" = 'external'
               JOIN unnest($1::uuid[], $2::uuid[]) AS p (id, tenant_id)
                 ON p.tenant_id = r."tenantId" AND p.id::text = r."primaryProviderId"
               CROSS JOIN LATERAL (
                   SELECT count(DISTINCT m.provider_package_id) AS mappings,
                          min(m.provider_package_id) AS entry, (array_agg(m.meta))[1] AS meta
                   FROM public.package_mappings m
                   WHERE m."tenantId" = p.tenant_id AND m.our_package_id = o."packageId"::text
                     AND m.provider_api_id = p.id::text
               ) m
               WHERE orderwatch.is_in_flight(o.status, o."externalStatus") AND o."sentAt" > $3
                 AND NOT orderwatch.is_forwarded(o.id, o."externalStatus", o."externalOrderId")
                 AND NOT EXISTS (SELECT FROM orderwatch.orders t WHERE t.order_id = o.id)
                 AND NOT EXISTS (SELECT FROM orderwatch.shadow s WHERE s.order_id = o.id)
               ORDER BY o."sentAt" LIMIT $4"#,
            &ids,
            &tenants,
            sent_after,
            limits.iter().copied().max()
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("looking for orders that the shop sent"))?;

        Ok(rows.into_iter().map(Candidate::from).collect())
    }

    /// Tracked orders whose time to be sent has come, at most `share.limit` per panel. One past its
    /// time limit is not sent any more; the sweep ends it.
    pub(crate) async fn queued_candidates(
        &self,
        shares: &[Share],
        now: DateTime<Utc>,
    ) -> Result<Vec<QueuedCandidate>, StoreError> {
        let (ids, _, limits) = Share::columns(shares);
        let rows = sqlx::query_file!(
            "src/store/sql/queued.sql",
            &ids,
            &limits,
            now,
            self.buy_chained,
            // The row is gone then, and nothing is sent.
            Uuid::nil()
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("looking for orders to be sent again"))?;

        let accepted = rows.iter().filter(|row| row.loss_accepted);
        let accepted: Vec<OrderId> = accepted.map(|row| OrderId(row.order_id)).collect();
        let losses = self.losses(&accepted).await?;

        rows.into_iter()
            .map(|row| {
                Ok(QueuedCandidate {
                    shown_loss: losses.get(&OrderId(row.order_id)).copied(),
                    reference: super::orders::reference(row.order_id, &row.reference)?,
                    watched: Watched {
                        stage: Stage::Dispatching,
                        // The first sending counts; a repetition under the same reference does not move it.
                        dispatched_at: row.dispatched_at.or(Some(now)),
                        sent_at: None,
                        give_up_at: row.give_up_at,
                        processing: false,
                        attempts: 0,
                        errors: u32::try_from(row.errors).unwrap_or(0),
                        unknowns: 0,
                        may_resend: row.may_resend,
                    },
                    // A row that is gone says nothing about what staff decided, so that comes first.
                    unwanted: match (row.row_gone, row.wanted) {
                        (true, _) => Some(Release::RowGone),
                        (false, false) => Some(Release::DecidedByHand),
                        (false, true) => None,
                    },
                    loss_accepted: row.loss_accepted,
                    candidate: Candidate::from(Row {
                        order_id: row.order_id,
                        tenant_id: row.tenant_id,
                        integration_id: row.integration_id,
                        package_id: row.package_id,
                        quantity: row.quantity,
                        user_identifier: row.user_identifier,
                        extra_field: row.extra_field,
                        mappings: row.mappings,
                        entry: row.entry,
                        meta: row.meta,
                        fallback: row.fallback,
                        given: row.given,
                        created_at: row.created_at,
                        price: row.price,
                        currency: row.currency,
                    }),
                })
            })
            .collect()
    }

    /// Orders that would have been sent had they not waited longer than `until`: created after
    /// `from` and after orderwatch came to this database, and still untouched.
    pub(crate) async fn stale(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<Unroutable>, StoreError> {
        // Never from before orderwatch was installed: an old database is full of orders that nobody wants any more.
        let rows = sqlx::query!(
            r#"SELECT o.id AS "order_id!", o."tenantId" AS "tenant_id!"
               FROM public.package_routing r
               JOIN public.integrations i
                 ON i."tenantId" = r."tenantId" AND i.id::text = r."primaryProviderId"
               CROSS JOIN LATERAL (
                   SELECT o.id, o."tenantId" FROM public.product_orders o
                   WHERE orderwatch.is_unsent(o.status, o."externalStatus", o."sentAt" IS NULL,
                                              o."externalOrderId", o.provider_referans, $5)
                     AND orderwatch.may_go_to(o."providerId", r."primaryProviderId")
                     AND (o."tenantId", o."packageId", o."createdAt")
                         > (r."tenantId", r.package_id,
                            GREATEST($1, (SELECT at FROM orderwatch.installed)))
                     AND (o."tenantId", o."packageId", o."createdAt")
                         <= (r."tenantId", r.package_id, $2)
                     AND NOT EXISTS (
                         SELECT FROM orderwatch.orders t WHERE t.order_id = o.id OFFSET 0)
                   ORDER BY o."tenantId", o."packageId", o."createdAt" LIMIT $3
               ) o
               WHERE r.mode = 'auto' AND r."providerType" = 'external' AND i.provider = ANY($4)
               LIMIT $3"#,
            from,
            until,
            limit,
            Kind::names(),
            self.buy_chained
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("looking for orders that waited too long"))?;

        Ok(rows
            .into_iter()
            .map(|row| Unroutable {
                order: OrderId(row.order_id),
                tenant: TenantId(row.tenant_id),
                reason: HoldReason::WaitedTooLong,
            })
            .collect())
    }

    /// Orders that are routed automatically to an integration that their tenant does not have.
    pub(crate) async fn unroutable(
        &self,
        created_after: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<Unroutable>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT o.id AS "order_id!", o."tenantId" AS "tenant_id!",
                      EXISTS (SELECT FROM public.integrations i
                              WHERE i.id::text = r."primaryProviderId") AS "another!"
               FROM public.package_routing r
               CROSS JOIN LATERAL (
                   SELECT o.id, o."tenantId" FROM public.product_orders o
                   WHERE orderwatch.is_unsent(o.status, o."externalStatus", o."sentAt" IS NULL,
                                              o."externalOrderId", o.provider_referans, $3)
                     AND orderwatch.may_go_to(o."providerId", r."primaryProviderId")
                     AND (o."tenantId", o."packageId", o."createdAt")
                         > (r."tenantId", r.package_id, $1)
                     AND (o."tenantId", o."packageId", o."createdAt")
                         <= (r."tenantId", r.package_id, 'infinity')
                     AND NOT EXISTS (
                         SELECT FROM orderwatch.orders t WHERE t.order_id = o.id OFFSET 0)
                   ORDER BY o."tenantId", o."packageId", o."createdAt" LIMIT $2
               ) o
               WHERE r.mode = 'auto' AND r."providerType" = 'external'
                 AND NOT EXISTS (
                     SELECT FROM public.integrations i
                     WHERE i."tenantId" = r."tenantId" AND i.id::text = r."primaryProviderId")
               LIMIT $2"#,
            created_after,
            limit,
            self.buy_chained
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("looking for orders without a route"))?;

        Ok(rows
            .into_iter()
            .map(|row| Unroutable {
                order: OrderId(row.order_id),
                tenant: TenantId(row.tenant_id),
                // A panel of another tenant is fixed in another way than a route that leads nowhere.
                reason: if row.another {
                    HoldReason::PanelOfAnother
                } else {
                    HoldReason::ContradictoryRouting
                },
            })
            .collect())
    }
}

impl From<Row> for Candidate {
    fn from(row: Row) -> Self {
        let mapping = match (row.mappings, row.entry) {
            (1, Some(entry)) => Mapping::One {
                entry,
                meta: row.meta,
            },
            (0, _) | (_, None) => Mapping::None,
            // Which of several to buy is never guessed; the order is held.
            _ => Mapping::Several,
        };

        Self {
            order: OrderId(row.order_id),
            tenant: TenantId(row.tenant_id),
            integration: IntegrationId(row.integration_id),
            shop: ShopOrder {
                package: row.package_id,
                quantity: row.quantity,
                user_identifier: row.user_identifier,
                extra_field: row.extra_field,
                mapping,
            },
            fallback: row.fallback.map(IntegrationId),
            given: row.given,
            created_at: row.created_at,
            sale: Sale {
                price: row.price,
                currency: row.currency,
            },
            sold_for: None,
        }
    }
}
