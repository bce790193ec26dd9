//! Tracked orders as a list, page by page, by the time since when they are tracked.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{OrderCursor, Store, StoreError};
use crate::order::{HoldReason, OrderId, Stage, TenantId, explain::LATE};

/// Which orders of the list; all of them where nothing is said.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OrderFilter {
    pub(crate) stage: Option<Stage>,
    pub(crate) held: Option<HoldReason>,
    pub(crate) late: bool,
    /// Finished, and the shop has not approved or rejected it.
    pub(crate) unsettled: bool,
    pub(crate) tenant: Option<TenantId>,
}

/// From which end of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Direction {
    /// Newest first.
    #[default]
    Newest,
    /// Oldest first: who has waited longest.
    Oldest,
}

/// One order of the list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ListedOrder {
    /// `product_orders.id`.
    #[schema(value_type = Uuid)]
    pub(crate) order: OrderId,
    /// Its number in the shop; null when the shop's row is gone.
    pub(crate) number: Option<String>,
    /// The tenant that sold it.
    #[schema(value_type = Uuid)]
    pub(crate) tenant: TenantId,
    /// Where it stands.
    pub(crate) stage: Stage,
    /// Why it is held.
    pub(crate) held: Option<HoldReason>,
    /// Whether it should have been checked and was not.
    pub(crate) late: bool,
    /// The panel's name.
    pub(crate) panel: Option<String>,
    /// Its reference at the panel.
    pub(crate) reference: Option<String>,
    /// `status` of the shop's row; null when the row is gone.
    pub(crate) shop_status: Option<String>,
    /// Since when it is tracked.
    pub(crate) tracked_at: DateTime<Utc>,
    /// When it is checked next by itself.
    pub(crate) due_at: Option<DateTime<Utc>>,
    /// When waiting ends.
    pub(crate) give_up_at: Option<DateTime<Utc>>,
    /// When it became final.
    pub(crate) finished_at: Option<DateTime<Utc>>,
}

impl ListedOrder {
    #[must_use]
    pub(crate) const fn cursor(&self) -> OrderCursor {
        OrderCursor {
            at: self.tracked_at,
            order: self.order,
        }
    }
}

/// Held orders that are read at once.
const HELD_PAGE: i64 = 500;

/// The list in one direction; the two differ in a comparison and in the order alone.
macro_rules! listed {
    ($store:expr, $filter:expr, $now:expr, $after:expr, $limit:expr, $beyond:literal, $order:literal) => {{
        let patience = TimeDelta::from_std(LATE).unwrap_or_default();
        let overdue = $now.checked_sub_signed(patience).unwrap_or($now);
        sqlx::query_as!(
            ListedOrder,
            r#"SELECT t.order_id AS "order: OrderId", o."orderNo"::text AS number,
                      t.tenant_id AS "tenant: TenantId", t.stage AS "stage: Stage",
                      t.held_reason AS "held: HoldReason", l.late AS "late!", i.name AS "panel?",
                      t.reference, o.status AS "shop_status?", t.tracked_at, t.due_at,
                      t.give_up_at, t.finished_at
               FROM orderwatch.orders t
               -- As `order::explain::is_late` says it of one order.
               CROSS JOIN LATERAL (
                   SELECT t.stage IN ('queued', 'dispatching', 'submitted', 'unconfirmed')
                      AND COALESCE(t.due_at < $4 OR t.give_up_at < $3, false) AS late
               ) l
               LEFT JOIN public.product_orders o ON o.id = t.order_id
               LEFT JOIN public.integrations i ON i.id = t.integration_id
               WHERE ($1::text IS NULL OR t.stage = $1)
                 AND ($2::uuid IS NULL OR t.tenant_id = $2)
                 AND ($9::text IS NULL OR t.held_reason = $9)
                 AND (NOT $8::bool OR l.late)
                 AND (NOT $10::bool OR t.order_id IN (SELECT u.order_id FROM orderwatch.unsettled u))
                 AND ($5::timestamptz IS NULL OR (t.tracked_at, t.order_id) "#
                + $beyond
                + " ($5, $6))
               ORDER BY "
                + $order
                + " LIMIT $7",
            $filter.stage.map(Stage::as_str),
            $filter.tenant.map(|tenant| tenant.0),
            $now,
            overdue,
            $after.map(|cursor| cursor.at),
            $after.map(|cursor| cursor.order.0),
            $limit,
            $filter.late,
            $filter.held.map(HoldReason::as_str),
            $filter.unsettled
        )
        .fetch_all(&$store.pool)
        .await
    }};
}

impl Store {
    /// A page of tracked orders, beginning after a cursor.
    pub(crate) async fn list_orders(
        &self,
        filter: OrderFilter,
        direction: Direction,
        now: DateTime<Utc>,
        after: Option<OrderCursor>,
        limit: i64,
    ) -> Result<Vec<ListedOrder>, StoreError> {
        // Two statements, since the planner cannot choose an index by a parameter.
        let orders = match direction {
            Direction::Newest => listed!(
                self,
                filter,
                now,
                after,
                limit,
                "<",
                "t.tracked_at DESC, t.order_id DESC"
            ),
            Direction::Oldest => listed!(
                self,
                filter,
                now,
                after,
                limit,
                ">",
                "t.tracked_at, t.order_id"
            ),
        };

        orders.map_err(StoreError::doing("listing orders"))
    }

    /// All orders that are held for a reason that is wanted, the one that has waited longest first.
    pub(crate) async fn held_for(
        &self,
        wanted: impl Fn(HoldReason) -> bool,
        now: DateTime<Utc>,
    ) -> Result<Vec<ListedOrder>, StoreError> {
        let filter = OrderFilter {
            stage: Some(Stage::Held),
            ..OrderFilter::default()
        };

        let mut held = Vec::new();
        let mut after = None;
        loop {
            let page = self
                .list_orders(filter, Direction::Oldest, now, after, HELD_PAGE)
                .await?;
            let Some(last) = page.last() else {
                return Ok(held);
            };
            after = Some(last.cursor());
            held.extend(
                page.into_iter()
                    .filter(|order| order.held.is_some_and(&wanted)),
            );
        }
    }

    /// The reasons for which orders are held, the one of most orders first, and how many.
    pub(crate) async fn held_reasons(&self) -> Result<Vec<(HoldReason, i64)>, StoreError> {
        let groups = sqlx::query!(
            r#"SELECT held_reason AS "reason!: HoldReason", count(*) AS "orders!"
               FROM orderwatch.orders WHERE stage = 'held'
               GROUP BY held_reason ORDER BY count(*) DESC, held_reason"#
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("counting held orders"))?;

        let groups = groups.into_iter().map(|group| (group.reason, group.orders));
        Ok(groups.collect())
    }
}
