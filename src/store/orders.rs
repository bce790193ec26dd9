//! One order as it is read, for workers and for people. No reading but [`Store::pin`] takes its code along.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use secrecy::SecretString;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Store, StoreError,
    player_fields::{PlayerOf, PlayerView},
};
use crate::order::{
    HoldReason, IntegrationId, OrderId, PlayerRules, Reference, Stage, TenantId, Watched,
};

/// All that is known about an order but its code.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OrderDetail {
    /// `product_orders.id`.
    #[schema(value_type = Uuid)]
    pub(crate) order: OrderId,
    /// The shop's row; null when it is gone.
    pub(crate) shop: Option<ShopRow>,
    /// What orderwatch knows; null when it does not track the order.
    pub(crate) tracked: Option<TrackedOrder>,
    /// What is sent about the player, or would be; null where nothing can be.
    pub(crate) player: Option<PlayerOf>,
    /// Whether a person has confirmed for this product that these fields are right.
    pub(crate) player_confirmed: bool,
    /// Whether this order can confirm them.
    #[serde(skip)]
    pub(crate) may_confirm: bool,
}

/// What orderwatch knows of an order: a row of `orderwatch.orders`, without the PIN.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TrackedOrder {
    #[serde(skip)]
    pub(crate) order: OrderId,
    /// The tenant that sold it.
    #[schema(value_type = Uuid)]
    pub tenant: TenantId,
    /// The panel, by its row in `integrations`; null while it is held without one.
    #[schema(value_type = Option<Uuid>)]
    pub integration: Option<IntegrationId>,
    /// Its reference at the panel.
    #[schema(value_type = Option<String>)]
    pub reference: Option<Reference>,
    #[serde(flatten)]
    pub watched: Watched,
    /// Why it is held.
    pub held: Option<HoldReason>,
    /// When it is checked next by itself.
    pub due_at: Option<DateTime<Utc>>,
    /// Since when it is tracked.
    pub(crate) tracked_at: DateTime<Utc>,
    /// When it became final.
    pub finished_at: Option<DateTime<Utc>>,
    #[serde(skip)]
    pub(crate) package: Option<Uuid>,
    /// When the panel last said that it was still working on it.
    pub waited_at: Option<DateTime<Utc>>,
    #[serde(skip)]
    pub(crate) answer: Option<i64>,
}

/// What the shop's own row shows of an order. The API tells what orderwatch writes there; the page, to
/// staff, the rest as well.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ShopRow {
    /// Its number in the shop.
    pub(crate) number: Option<String>,
    /// `status`.
    pub(crate) status: String,
    /// `externalStatus`.
    pub(crate) external_status: String,
    /// `lastMessage`.
    pub(crate) message: Option<String>,
    /// `"providerMessage"`.
    #[serde(skip)]
    pub(crate) provider_message: Option<String>,
    /// `"userIdentifier"`.
    #[serde(skip)]
    pub(crate) player: Option<String>,
    /// `"extraField"`.
    #[serde(skip)]
    pub(crate) extra: Option<String>,
    /// The package's name.
    #[serde(skip)]
    pub(crate) package: Option<String>,
    #[serde(skip)]
    pub(crate) quantity: i32,
    /// `costAmount`.
    #[schema(value_type = String)]
    pub(crate) cost: Decimal,
    /// `costCurrency`.
    pub(crate) currency: String,
    /// Whether a code was delivered.
    pub(crate) has_pin: bool,
    /// When it was ordered.
    pub(crate) created_at: DateTime<Utc>,
    /// `"sentAt"`.
    #[serde(skip)]
    pub(crate) sent_at: Option<DateTime<Utc>>,
    /// When it was completed.
    pub(crate) completed_at: Option<DateTime<Utc>>,
}

impl OrderDetail {
    /// Whether the shop or orderwatch knows an order of this id.
    #[must_use]
    pub(crate) const fn is_known(&self) -> bool {
        self.shop.is_some() || self.tracked.is_some()
    }
}

/// The columns of `orderwatch.orders` that every reader takes.
pub(super) struct Row {
    pub(super) order_id: Uuid,
    pub(super) tenant_id: Uuid,
    pub(super) integration_id: Option<Uuid>,
    pub(super) reference: Option<String>,
    pub(super) stage: String,
    pub(super) held_reason: Option<String>,
    pub(super) due_at: Option<DateTime<Utc>>,
    pub(super) tracked_at: DateTime<Utc>,
    pub(super) dispatched_at: Option<DateTime<Utc>>,
    pub(super) sent_at: Option<DateTime<Utc>>,
    pub(super) give_up_at: Option<DateTime<Utc>>,
    pub(super) finished_at: Option<DateTime<Utc>>,
    pub(super) processing: bool,
    pub(super) attempts: i32,
    pub(super) errors: i32,
    pub(super) unknowns: i32,
    pub(super) may_resend: bool,
    pub(super) package_id: Option<Uuid>,
    pub(super) waited_at: Option<DateTime<Utc>>,
    pub(super) answer: Option<i64>,
}

impl Store {
    /// All that is known about an order; its player fields by the rules of today.
    pub(crate) async fn order_detail(
        &self,
        order: OrderId,
        rules: &PlayerRules,
    ) -> Result<OrderDetail, StoreError> {
        let player = self.player_view(order).await?;

        Ok(OrderDetail {
            order,
            shop: self.shop_row(order).await?,
            tracked: self.tracked(order).await?,
            player_confirmed: player.as_ref().is_some_and(|view| view.is_confirmed(rules)),
            may_confirm: player.as_ref().is_some_and(PlayerView::may_confirm),
            player: player.and_then(|view| view.player(rules)),
        })
    }

    /// The tracked order, or `None` when orderwatch does not know it.
    pub async fn tracked(&self, order: OrderId) -> Result<Option<TrackedOrder>, StoreError> {
        let row = sqlx::query_as!(
            Row,
            r#"SELECT order_id, tenant_id, integration_id, reference, stage, held_reason, due_at,
                      tracked_at, dispatched_at, sent_at, give_up_at, finished_at, processing,
                      attempts, errors, unknowns, may_resend, package_id, waited_at, answer
               FROM orderwatch.orders WHERE order_id = $1"#,
            order.0
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(StoreError::doing("reading a tracked order"))?;
        row.map(TrackedOrder::try_from).transpose()
    }

    /// What the shop's row shows, or `None` when there is no such row.
    pub(crate) async fn shop_row(&self, order: OrderId) -> Result<Option<ShopRow>, StoreError> {
        sqlx::query_as!(
            ShopRow,
            r#"SELECT o."orderNo"::text AS number, o.status,
                      o."externalStatus" AS external_status, o."lastMessage" AS message,
                      o."providerMessage" AS provider_message, o."userIdentifier" AS player,
                      o."extraField" AS extra, k.name AS "package?", o.quantity,
                      o."costAmount" AS cost, o."costCurrency" AS currency,
                      COALESCE(o."pinCode", '') <> '' AS "has_pin!", o."createdAt" AS created_at,
                      o."sentAt" AS sent_at, o."completedAt" AS completed_at
               FROM public.product_orders o
               LEFT JOIN public.product_packages k ON k.id = o."packageId"
               WHERE o.id = $1"#,
            order.0
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(StoreError::doing("reading the shop's order"))
    }

    /// Whether orderwatch keeps a code of the order.
    pub(crate) async fn has_pin(&self, order: OrderId) -> Result<bool, StoreError> {
        sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM orderwatch.orders
                              WHERE order_id = $1 AND COALESCE(pin, '') <> '') AS "has!""#,
            order.0
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing("reading whether there is a code"))
    }

    /// The whole code of an order, if it has one.
    pub async fn pin(&self, order: OrderId) -> Result<Option<SecretString>, StoreError> {
        let pin = sqlx::query_scalar!(
            "SELECT pin FROM orderwatch.orders WHERE order_id = $1",
            order.0
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(StoreError::doing("reading a code"))?;
        Ok(pin.flatten().map(SecretString::from))
    }

    /// Orders that people may mean by a text: an order's id, a reference, or the shop's number.
    pub(crate) async fn find_orders(&self, text: &str) -> Result<Vec<OrderId>, StoreError> {
        // What the text cannot be is NULL, which finds nothing.
        let id = Uuid::parse_str(text).ok();
        let number = text.parse::<i32>().ok();

        sqlx::query_scalar!(
            r#"SELECT id AS "id!: OrderId" FROM public.product_orders
               WHERE id = $1 OR provider_referans = $2 OR "orderNo" = $3
               UNION SELECT order_id FROM orderwatch.orders WHERE order_id = $1
               UNION SELECT order_id FROM orderwatch.purchases WHERE reference = $2
               LIMIT 20"#,
            id,
            text,
            number
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("finding an order"))
    }
}

impl TryFrom<Row> for TrackedOrder {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let unknown = |column, value: &str| inconsistent(column, row.order_id, value);
        let stage = Stage::parse(&row.stage).ok_or_else(|| unknown("stage", &row.stage))?;
        let held = row
            .held_reason
            .as_deref()
            .map(|name| HoldReason::parse(name).ok_or_else(|| unknown("held_reason", name)));
        let reference = row.reference.as_deref();
        let reference = reference.map(|text| self::reference(row.order_id, text));

        Ok(Self {
            order: OrderId(row.order_id),
            tenant: TenantId(row.tenant_id),
            integration: row.integration_id.map(IntegrationId),
            reference: reference.transpose()?,
            watched: Watched {
                stage,
                dispatched_at: row.dispatched_at,
                sent_at: row.sent_at,
                give_up_at: row.give_up_at,
                processing: row.processing,
                attempts: count(row.attempts),
                errors: count(row.errors),
                unknowns: count(row.unknowns),
                may_resend: row.may_resend,
            },
            held: held.transpose()?,
            due_at: row.due_at,
            tracked_at: row.tracked_at,
            finished_at: row.finished_at,
            package: row.package_id,
            waited_at: row.waited_at,
            answer: row.answer,
        })
    }
}

/// A counter that never was negative.
fn count(value: i32) -> u32 {
    u32::try_from(value).unwrap_or(0)
}

pub(super) fn reference(order: Uuid, text: &str) -> Result<Reference, StoreError> {
    Reference::parse(text).map_err(|_| inconsistent("reference", order, text))
}

pub(super) fn inconsistent(column: &'static str, order: Uuid, value: &str) -> StoreError {
    StoreError::Inconsistent {
        table: "orderwatch.orders",
        column,
        row: order.to_string(),
        value: value.to_owned(),
    }
}
