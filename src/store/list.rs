//! Tracked orders as a list, page by page, by the time since when they are tracked.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Store, StoreError, orders::inconsistent};
use crate::order::{HoldReason, OrderId, Stage, TenantId, explain::LATE};

/// Which orders.
#[derive(Clone, Copy, Debug, Default)]
pub struct OrderFilter {
    /// Those of one stage.
    pub stage: Option<Stage>,
    /// Those that are late, reckoned at this time.
    pub late_at: Option<DateTime<Utc>>,
    /// Those of one shop.
    pub tenant: Option<TenantId>,
}

/// Where the page before ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// `tracked_at` of its last order.
    pub at: DateTime<Utc>,
    /// That order.
    pub order: OrderId,
}

/// In which direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Newest first.
    Newest,
    /// Oldest first.
    Oldest,
}

/// One order of the list.
#[derive(Clone, Debug)]
pub struct ListedOrder {
    /// The order.
    pub order: OrderId,
    /// `"orderNo"`; `None` when the shop's row is gone.
    pub order_no: Option<i32>,
    /// Whose it is.
    pub tenant: TenantId,
    /// Where it stands.
    pub stage: Stage,
    /// Why it is held.
    pub held: Option<HoldReason>,
    /// The panel's name.
    pub panel: Option<String>,
    /// Its name there.
    pub reference: Option<String>,
    /// `status` of the shop's row; `None` when the row is gone.
    pub shop_status: Option<String>,
    /// Since when it is tracked.
    pub tracked_at: DateTime<Utc>,
    /// When it is looked at next by itself.
    pub due_at: Option<DateTime<Utc>>,
    /// When waiting ends.
    pub give_up_at: Option<DateTime<Utc>>,
    /// When it became final.
    pub finished_at: Option<DateTime<Utc>>,
}

struct Row {
    order_id: Uuid,
    order_no: Option<i32>,
    tenant_id: Uuid,
    stage: String,
    held_reason: Option<String>,
    panel: Option<String>,
    reference: Option<String>,
    shop_status: Option<String>,
    tracked_at: DateTime<Utc>,
    due_at: Option<DateTime<Utc>>,
    give_up_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

/// The list in one direction; the two differ in a comparison and in the order alone.
macro_rules! listed {
    ($store:expr, $filter:expr, $after:expr, $limit:expr, $beyond:literal, $order:literal) => {{
        let late = $filter.late_at;
        let patience = TimeDelta::from_std(LATE).unwrap_or_default();
        let overdue = late.and_then(|now| now.checked_sub_signed(patience));
        sqlx::query_as!(
            Row,
            r#"SELECT t.order_id, o."orderNo" AS "order_no?", t.tenant_id, t.stage, t.held_reason,
                      i.name AS "panel?", t.reference, o.status AS "shop_status?", t.tracked_at,
                      t.due_at, t.give_up_at, t.finished_at
               FROM orderwatch.orders t
               LEFT JOIN public.product_orders o ON o.id = t.order_id
               LEFT JOIN public.integrations i ON i.id = t.integration_id
               WHERE ($1::text IS NULL OR t.stage = $1)
                 AND ($2::uuid IS NULL OR t.tenant_id = $2)
                 AND ($3::timestamptz IS NULL
                      OR t.stage IN ('queued', 'dispatching', 'submitted', 'unconfirmed')
                         AND (t.due_at < $4 OR t.give_up_at < $3))
                 AND ($5::timestamptz IS NULL OR (t.tracked_at, t.order_id) "#
                + $beyond
                + " ($5, $6))
               ORDER BY "
                + $order
                + " LIMIT $7",
            $filter.stage.map(Stage::as_str),
            $filter.tenant.map(|tenant| tenant.0),
            late,
            overdue,
            $after.map(|place| place.at),
            $after.map(|place| place.order.0),
            $limit
        )
        .fetch_all(&$store.pool)
        .await
    }};
}

impl Store {
    /// A page of tracked orders, beginning after a place.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or a row cannot be understood.
    pub async fn list_orders(
        &self,
        filter: OrderFilter,
        direction: Direction,
        after: Option<Place>,
        limit: i64,
    ) -> Result<Vec<ListedOrder>, StoreError> {
        let rows = match direction {
            Direction::Newest => listed!(
                self,
                filter,
                after,
                limit,
                "<",
                "t.tracked_at DESC, t.order_id DESC"
            ),
            Direction::Oldest => {
                listed!(self, filter, after, limit, ">", "t.tracked_at, t.order_id")
            }
        };
        rows.map_err(StoreError::doing("listing orders"))?
            .into_iter()
            .map(ListedOrder::try_from)
            .collect()
    }
}

impl TryFrom<Row> for ListedOrder {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let held = row.held_reason.map(|name| {
            HoldReason::parse(&name).ok_or_else(|| inconsistent("held_reason", row.order_id, &name))
        });
        Ok(Self {
            order: OrderId(row.order_id),
            order_no: row.order_no,
            tenant: TenantId(row.tenant_id),
            stage: Stage::parse(&row.stage)
                .ok_or_else(|| inconsistent("stage", row.order_id, &row.stage))?,
            held: held.transpose()?,
            panel: row.panel,
            reference: row.reference,
            shop_status: row.shop_status,
            tracked_at: row.tracked_at,
            due_at: row.due_at,
            give_up_at: row.give_up_at,
            finished_at: row.finished_at,
        })
    }
}
