//! What would have been bought, had shadow mode not been on.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{Store, StoreError};
use crate::order::{IntegrationId, OrderId, Player, PlayerRules, player_fields};

/// An order that would have been bought or held.
#[derive(Clone, Debug)]
pub struct ShadowEntry {
    /// The order.
    pub order: OrderId,
    /// `"orderNo"`.
    pub order_no: Option<i32>,
    /// Whether the shop's row is gone.
    pub row_gone: bool,
    /// The panel's name.
    pub panel: Option<String>,
    /// The name that the purchase would have had.
    pub reference: Option<String>,
    /// When it was found.
    pub at: DateTime<Utc>,
    /// `oyun` of the product.
    pub oyun: Option<String>,
    /// `kupur` of the product.
    pub kupur: Option<String>,
    /// Its panel and its package, for the rule of the player fields; `None` when the row is gone.
    pub product: Option<(IntegrationId, Uuid)>,
    /// `"userIdentifier"`.
    pub user_identifier: Option<String>,
    /// `"extraField"`.
    pub extra_field: Option<String>,
    /// Its price in the panel's list, in TRY.
    pub expected: Option<Decimal>,
    /// Why it would have been held ([`HoldReason::as_str`](crate::order::HoldReason::as_str)).
    pub held: Option<String>,
    /// What the shop itself did with it meanwhile, if it sent it.
    pub shop: Option<ShopDid>,
}

/// The shop sent an order itself.
#[derive(Clone, Debug)]
pub struct ShopDid {
    /// The panel's name; its id where that is no panel of the shop, `None` where the row names none.
    pub panel: Option<String>,
    /// Whether that is the panel at which orderwatch would have bought.
    pub same: bool,
    /// Whether it was sent already when shadow mode first saw it.
    pub before: bool,
}

/// What would have happened at one panel.
#[derive(Clone, Debug)]
pub struct ShadowSum {
    /// The panel; `None` for orders that are routed to none.
    pub integration: Option<IntegrationId>,
    /// Its name; `None` when its row is gone.
    pub panel: Option<String>,
    /// Orders that would have been bought.
    pub bought: i64,
    /// Orders that would have been held.
    pub held: i64,
    /// The sum of their prices, in TRY, as far as they are known.
    pub expected: Decimal,
    /// Orders that would have been bought at a price that is not known.
    pub unpriced: i64,
}

impl ShadowEntry {
    /// What would be sent about the player, by the rules of today; `None` for an order that would
    /// be held, or whose row is gone.
    #[must_use]
    pub fn player(&self, rules: &PlayerRules) -> Option<Player> {
        let (integration, package) = self.product.filter(|_| self.held.is_none())?;
        player_fields(
            rules.of(integration, package),
            self.user_identifier.as_deref(),
            self.extra_field.as_deref(),
        )
    }
}

impl Store {
    /// The sums per panel, of what was found since a time.
    ///
    /// # Errors
    /// [`StoreError::Database`] when they cannot be read.
    pub async fn shadow_sums(
        &self,
        since: Option<DateTime<Utc>>,
    ) -> Result<Vec<ShadowSum>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT s.integration_id, min(i.name) AS panel,
                      count(*) FILTER (WHERE s.held_reason IS NULL) AS "bought!",
                      count(s.held_reason) AS "held!",
                      COALESCE(sum(s.expected) FILTER (WHERE s.held_reason IS NULL), 0)
                          AS "expected!",
                      count(*) FILTER (WHERE s.held_reason IS NULL AND s.expected IS NULL)
                          AS "unpriced!"
               FROM orderwatch.shadow s
               LEFT JOIN public.integrations i ON i.id = s.integration_id
               WHERE $1::timestamptz IS NULL OR s.at >= $1
               GROUP BY s.integration_id ORDER BY min(i.name), s.integration_id"#,
            since
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("adding up the shadow purchases"))?;
        Ok(rows
            .into_iter()
            .map(|row| ShadowSum {
                integration: row.integration_id.map(IntegrationId),
                panel: row.panel,
                bought: row.bought,
                held: row.held,
                expected: row.expected,
                unpriced: row.unpriced,
            })
            .collect())
    }

    /// What shadow mode wrote down before one of its orders, newest first.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be read.
    pub async fn shadow_before(
        &self,
        since: Option<DateTime<Utc>>,
        before: Option<(DateTime<Utc>, OrderId)>,
        limit: i64,
    ) -> Result<Vec<ShadowEntry>, StoreError> {
        struct Row {
            order_id: Uuid,
            order_no: Option<i32>,
            gone: bool,
            panel: Option<String>,
            reference: Option<String>,
            at: DateTime<Utc>,
            oyun: Option<String>,
            kupur: Option<String>,
            expected: Option<Decimal>,
            held_reason: Option<String>,
            sent_to: Option<String>,
            same: bool,
            sent_before: Option<bool>,
            integration_id: Option<Uuid>,
            package_id: Option<Uuid>,
            user_identifier: Option<String>,
            extra_field: Option<String>,
        }
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT s.order_id, o."orderNo" AS "order_no?", o.id IS NULL AS "gone!",
                      i.name AS "panel?", s.reference,
                      s.at, s.oyun, s.kupur, s.expected, s.held_reason, s.integration_id,
                      o."packageId" AS "package_id?", o."userIdentifier" AS "user_identifier?",
                      o."extraField" AS "extra_field?",
                      COALESCE(b.name, NULLIF(btrim(o."providerId"), '')) AS sent_to,
                      COALESCE(o."providerId" = s.integration_id::text, false) AS "same!",
                      o."sentAt" <= s.at AS sent_before
               FROM orderwatch.shadow s
               LEFT JOIN public.product_orders o ON o.id = s.order_id
               LEFT JOIN public.integrations i ON i.id = s.integration_id
               LEFT JOIN public.integrations b ON b.id::text = o."providerId"
               WHERE ($1::timestamptz IS NULL OR s.at >= $1)
                 AND ($2::timestamptz IS NULL OR (s.at, s.order_id) < ($2, $3))
               ORDER BY s.at DESC, s.order_id DESC LIMIT $4"#,
            since,
            before.map(|(at, _)| at),
            before.map(|(_, order)| order.0),
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading a page of shadow purchases"))?;
        Ok(rows
            .into_iter()
            .map(|row| ShadowEntry {
                order: OrderId(row.order_id),
                order_no: row.order_no,
                row_gone: row.gone,
                panel: row.panel,
                reference: row.reference,
                at: row.at,
                oyun: row.oyun,
                kupur: row.kupur,
                product: row.integration_id.map(IntegrationId).zip(row.package_id),
                user_identifier: row.user_identifier,
                extra_field: row.extra_field,
                expected: row.expected,
                held: row.held_reason,
                shop: row.sent_before.map(|before| ShopDid {
                    panel: row.sent_to,
                    same: row.same,
                    before,
                }),
            })
            .collect())
    }
}
