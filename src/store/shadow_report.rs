//! What would have been bought, had shadow mode not been on, beside what the shop did: by this people decide
//! whether orderwatch may take over.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{OrderCursor, Store, StoreError};
use crate::{
    order::{FieldRule, IntegrationId, OrderId, Player, PlayerRules, player_fields},
    provider::kind::Kind,
};

/// An order that would have been bought or held.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ShadowEntry {
    /// The order.
    #[schema(value_type = uuid::Uuid)]
    pub(crate) order: OrderId,
    /// Its number in the shop.
    pub(crate) number: Option<String>,
    /// Whether the shop's row is gone.
    #[serde(skip)]
    pub(crate) row_gone: bool,
    /// The panel's name.
    pub(crate) panel: Option<String>,
    /// When it was found.
    pub(crate) at: DateTime<Utc>,
    /// The name that the purchase would have had.
    pub(crate) reference: Option<String>,
    /// The product in the panel's own terms, such as `oyun` and `kupur`.
    #[serde(flatten)]
    #[schema(value_type = std::collections::BTreeMap<String, Value>)]
    pub(crate) product: Map<String, Value>,
    /// What would be sent about the player, by the rules of today where these say it; null for an order
    /// that would be held, or whose row is gone.
    pub(crate) player: Option<Player>,
    /// Its price in the panel's list, in TRY.
    pub(crate) expected: Option<String>,
    /// Why it would have been held.
    pub(crate) would_hold: Option<String>,
    /// What the shop itself did with it, if it sent it.
    pub(crate) sent_by_shop: Option<SentByShop>,
}

impl ShadowEntry {
    #[must_use]
    pub(crate) const fn cursor(&self) -> OrderCursor {
        OrderCursor {
            at: self.at,
            order: self.order,
        }
    }
}

/// The shop sent an order itself.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SentByShop {
    /// The panel's name, its id where that is no panel of the shop; null where the row names none.
    pub(crate) panel: Option<String>,
    /// Whether that is the panel at which orderwatch would have bought.
    pub(crate) same_panel: bool,
    /// Whether it was sent already when shadow mode first saw it.
    pub(crate) before_it_was_seen: bool,
}

/// What would have happened at one panel.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ShadowSum {
    /// The panel; null for orders that are routed to none.
    #[schema(value_type = Option<uuid::Uuid>)]
    pub(crate) integration: Option<IntegrationId>,
    /// Its name; null when its row is gone.
    pub(crate) panel: Option<String>,
    /// Orders that would have been bought.
    pub(crate) would_buy: i64,
    /// Orders that would have been held.
    pub(crate) would_hold: i64,
    /// The sum of their prices, as far as they are known.
    pub(crate) expected: String,
    /// Of `expected`.
    pub(crate) currency: &'static str,
    /// Orders that would have been bought at a price that is not known.
    pub(crate) price_unknown: i64,
}

impl Store {
    /// The sums per panel, of what was found since a time.
    pub(crate) async fn shadow_sums(
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

        let sums = rows.into_iter().map(|row| ShadowSum {
            integration: row.integration_id.map(IntegrationId),
            panel: row.panel,
            would_buy: row.bought,
            would_hold: row.held,
            expected: money(row.expected),
            // All panels charge in lira.
            currency: "TRY",
            price_unknown: row.unpriced,
        });

        Ok(sums.collect())
    }

    /// What shadow mode wrote down before one of its orders, newest first.
    pub(crate) async fn shadow_before(
        &self,
        since: Option<DateTime<Utc>>,
        before: Option<OrderCursor>,
        limit: i64,
        rules: &PlayerRules,
    ) -> Result<Vec<ShadowEntry>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT s.order_id, o."orderNo" AS "order_no?", o.id IS NULL AS "gone!",
                      i.name AS "panel?", s.reference,
                      s.at, s.product, s.player_fields AS "rule: FieldRule", i.provider AS "provider?", s.expected, s.held_reason, s.integration_id,
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
            before.map(|cursor| cursor.at),
            before.map(|cursor| cursor.order.0),
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading a page of shadow purchases"))?;

        let entries = rows.into_iter().map(|row| {
            // The rules of today, not of that day: what would be sent now is what somebody checks.
            let product = row.integration_id.map(IntegrationId).zip(row.package_id);
            let bought = product.filter(|_| row.held_reason.is_none());
            let player = bought.and_then(|(integration, package)| {
                let kind = row.provider.as_deref().and_then(Kind::of)?;
                let today = kind.rule(rules, integration, package, None);
                player_fields(
                    &today.or(row.rule)?,
                    row.user_identifier.as_deref(),
                    row.extra_field.as_deref(),
                )
            });
            ShadowEntry {
                order: OrderId(row.order_id),
                number: row.order_no.map(|number| number.to_string()),
                row_gone: row.gone,
                panel: row.panel,
                at: row.at,
                reference: row.reference,
                product: match row.product {
                    Some(Value::Object(product)) => product,
                    _ => Map::new(),
                },
                player,
                expected: row.expected.map(money),
                would_hold: row.held_reason,
                sent_by_shop: row.sent_before.map(|before| SentByShop {
                    panel: row.sent_to,
                    same_panel: row.same,
                    before_it_was_seen: before,
                }),
            }
        });

        Ok(entries.collect())
    }
}

fn money(amount: Decimal) -> String {
    format!("{amount:.2}")
}
