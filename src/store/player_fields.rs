//! Which rule filled the player fields of a product's orders, and whether a person has seen that the
//! goods reached the right account.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Person, Store, StoreError};
use crate::{
    order::{
        EventKind, FieldRule, IntegrationId, OrderId, Player, PlayerRules, Stage, player_fields,
    },
    provider::kind::Kind,
};

/// A product and a rule by which it was sold.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SoldAs {
    pub(crate) integration: IntegrationId,
    /// `product_packages.id`.
    pub(crate) package: Uuid,
    pub(crate) fields: FieldRule,
    /// Whether a person has confirmed it by an order.
    pub(crate) confirmed: bool,
}

/// What is sent about an order's player, or would be.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PlayerOf {
    #[serde(flatten)]
    pub(crate) player: Player,
    /// Whether it was sent; otherwise it would be, by the rules of today.
    pub(crate) sent: bool,
    /// Whether a person has confirmed for this product that these fields are right.
    pub(crate) confirmed: bool,
}

/// What an order says about the player, in the shop's words.
pub(super) struct PlayerView {
    /// Where it goes, or went.
    integration: IntegrationId,
    /// `integrations.provider`.
    provider: String,
    /// `product_packages.id`.
    package: Uuid,
    /// The rule by which it was sent; `None` while it was not.
    sent_as: Option<FieldRule>,
    user_identifier: Option<String>,
    extra_field: Option<String>,
    /// Rules that a person has confirmed for the product.
    confirmed: Vec<FieldRule>,
    completed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Confirmed {
    /// The product counts as confirmed with this rule.
    Done(FieldRule),
    /// It did before.
    Before(FieldRule),
    /// The order does not tell: it was not delivered.
    NotDelivered(Stage),
    /// The order does not tell: orderwatch did not send it, or its package is gone.
    NotOurs,
}

impl PlayerView {
    /// The rule by which it was sent, otherwise the one by which it would be, where that can be said.
    fn rule(&self, rules: &PlayerRules) -> Option<FieldRule> {
        // What was sent is a fact; the rules may have changed since.
        let would = || Kind::of(&self.provider)?.rule(rules, self.integration, self.package, None);
        self.sent_as.clone().or_else(would)
    }

    /// What is sent about the player; `None` where nothing can be, or where it cannot be said yet.
    pub(super) fn player(&self, rules: &PlayerRules) -> Option<PlayerOf> {
        Some(PlayerOf {
            player: player_fields(
                &self.rule(rules)?,
                self.user_identifier.as_deref(),
                self.extra_field.as_deref(),
            )?,
            sent: self.sent_as.is_some(),
            confirmed: self.is_confirmed(rules),
        })
    }

    pub(super) fn is_confirmed(&self, rules: &PlayerRules) -> bool {
        let rule = self.rule(rules);
        rule.is_some_and(|rule| self.confirmed.contains(&rule))
    }

    /// Whether this order can confirm its rule.
    pub(super) fn may_confirm(&self) -> bool {
        // Only a delivered order shows that the goods arrived, and only a new rule needs to be confirmed.
        let new = |rule| !self.confirmed.contains(rule);
        self.completed && self.sent_as.as_ref().is_some_and(new)
    }
}

impl Store {
    /// Products that were sold, by the rule that filled their player fields.
    pub(crate) async fn sold_as(&self) -> Result<Vec<SoldAs>, StoreError> {
        sqlx::query_as!(
            SoldAs,
            r#"SELECT integration_id AS "integration: IntegrationId", package_id AS package,
                      fields AS "fields: FieldRule", confirmed_at IS NOT NULL AS "confirmed!"
               FROM orderwatch.player_fields"#
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading the rules of the player fields"))
    }

    /// What an order says about the player; `None` when its row or its panel is gone.
    pub(super) async fn player_view(
        &self,
        order: OrderId,
    ) -> Result<Option<PlayerView>, StoreError> {
        let view = sqlx::query_as!(
            PlayerView,
            r#"SELECT i.id AS "integration: IntegrationId", i.provider, o."packageId" AS "package!",
                      p.player_fields AS "sent_as?: FieldRule",
                      o."userIdentifier" AS user_identifier, o."extraField" AS extra_field,
                      COALESCE(t.stage = 'completed', false) AS "completed!",
                      ARRAY(SELECT f.fields FROM orderwatch.player_fields f
                            WHERE f.integration_id = i.id AND f.package_id = o."packageId"
                              AND f.confirmed_at IS NOT NULL) AS "confirmed!: Vec<FieldRule>"
               FROM public.product_orders o
               LEFT JOIN orderwatch.orders t ON t.order_id = o.id
               LEFT JOIN orderwatch.purchases p
                 ON (p.reference, p.integration_id) = (t.reference, t.integration_id)
               JOIN public.integrations i ON i.provider = ANY($2) AND i.id::text = COALESCE(
                   t.integration_id::text,
                   (SELECT r."primaryProviderId" FROM public.package_routing r
                    WHERE r."tenantId" = o."tenantId" AND r.package_id = o."packageId"
                      AND r.mode = 'auto' AND r."providerType" = 'external' LIMIT 1))
               WHERE o.id = $1 AND o."packageId" IS NOT NULL"#,
            order.0,
            Kind::names()
        )
        .fetch_optional(&self.pool)
        .await;

        view.map_err(StoreError::doing("reading an order's player fields"))
    }

    /// A person has seen that the goods of this order reached the right account.
    pub(crate) async fn confirm_player_fields(
        &self,
        order: OrderId,
        person: &Person,
        now: DateTime<Utc>,
    ) -> Result<Confirmed, StoreError> {
        // The first confirmation of a product and rule stays: it names the order by which it was seen.
        let row = sqlx::query!(
            r#"WITH found AS MATERIALIZED (
                   SELECT t.order_id, t.stage, t.integration_id, o."packageId" AS package_id,
                          p.player_fields AS fields
                   FROM orderwatch.orders t
                   LEFT JOIN orderwatch.purchases p
                     ON (p.reference, p.integration_id) = (t.reference, t.integration_id)
                   LEFT JOIN public.product_orders o ON o.id = t.order_id
                   WHERE t.order_id = $1
               ), done AS (
                   INSERT INTO orderwatch.player_fields AS f
                       (integration_id, package_id, fields, sold_at,
                        confirmed_order, confirmed_by, confirmed_at)
                   SELECT integration_id, package_id, fields, $4, order_id, $2, $4 FROM found
                   WHERE stage = 'completed' AND fields IS NOT NULL AND package_id IS NOT NULL
                   ON CONFLICT (integration_id, package_id, fields) DO UPDATE
                   SET confirmed_order = EXCLUDED.confirmed_order,
                       confirmed_by = EXCLUDED.confirmed_by, confirmed_at = EXCLUDED.confirmed_at
                   WHERE f.confirmed_at IS NULL
                   RETURNING fields
               ), acted AS (
                   INSERT INTO orderwatch.actions (at, who, what, target, why)
                   SELECT $4, $2, 'confirm player fields', $1::text, $3 FROM done
               ), noted AS (
                   INSERT INTO orderwatch.events (order_id, at, kind, detail)
                   SELECT $1, $4, $5, jsonb_build_object('who', $2::text, 'why', $3::text,
                                                         'fields', fields)
                   FROM done
               )
               SELECT f.stage AS "stage: Stage", f.fields AS "fields: FieldRule",
                      f.package_id IS NOT NULL AS "packaged!",
                      EXISTS (SELECT FROM done) AS "done!"
               FROM found f"#,
            order.0,
            person.who,
            person.why,
            now,
            EventKind::Confirmed.as_str()
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(StoreError::doing("confirming player fields"))?;

        // Without a purchase of ours or its package, the order tells nothing about the rule.
        let Some((done, stage, fields)) = row.and_then(|row| {
            let fields = row.fields.filter(|_| row.packaged)?;
            Some((row.done, row.stage, fields))
        }) else {
            return Ok(Confirmed::NotOurs);
        };

        Ok(match (done, stage) {
            (true, _) => Confirmed::Done(fields),
            (false, Stage::Completed) => Confirmed::Before(fields),
            (false, stage) => Confirmed::NotDelivered(stage),
        })
    }
}
