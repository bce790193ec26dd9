//! All that is known around one order, in one reading: what explaining it and deciding about it
//! rest on.

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{EVERYWHERE, Store, StoreError, TrackedOrder};
use crate::{
    breaker::Reason,
    order::{
        IntegrationId, OrderId, Reference,
        delivery::DeliveryTimes,
        explain::{
            Ending, Facts, OpenBreaker, PanelFacts, Pause, Route, Settings, ShopFacts, Standing,
            TrackedFacts,
        },
        schedule::{ENOUGH, tail},
    },
    provider::kind::Kind,
};

/// Columns of one integration of the reading.
struct PanelRow {
    id: Option<IntegrationId>,
    name: Option<String>,
    kind: Option<String>,
    /// Absent in older databases.
    enabled: Option<bool>,
    own: Option<bool>,
    open_until: Option<DateTime<Utc>>,
    open_reason: Option<String>,
}

impl Store {
    /// What is known about an order and the rows around it.
    pub(crate) async fn facts(
        &self,
        order: OrderId,
        settings: Settings,
        now: DateTime<Utc>,
    ) -> Result<Facts, StoreError> {
        let row = sqlx::query_file!(
            "src/store/sql/around.sql",
            order.0,
            EVERYWHERE,
            self.buy_chained
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing("reading what is known about an order"))?;

        let routed = PanelRow {
            id: row.routed_id,
            name: row.routed_name,
            kind: row.routed_kind,
            enabled: row.routed_enabled,
            own: row.routed_own,
            open_until: row.routed_until,
            open_reason: row.routed_reason,
        }
        .facts()?;

        let panel = PanelRow {
            id: row.at_id,
            name: row.at_name,
            kind: row.at_kind,
            enabled: row.at_enabled,
            own: row.at_own,
            open_until: row.at_until,
            open_reason: row.at_reason,
        }
        .facts()?;

        // Some panels can be asked by other names than numbers.
        let naming = panel.as_ref().and_then(|panel| panel.naming);
        let asked_by = row.asked_by.and_then(|text| Reference::parse(&text).ok());
        let admitted = naming.zip(asked_by);
        let numbered = row.numbered || admitted.is_some_and(|(naming, name)| naming.admits(&name));

        // A fallback of another kind is named, but orderwatch cannot buy there.
        let fallback = row.spare_name.zip(row.spare_kind).map(|(name, kind)| {
            let usable = Kind::of(&kind).is_some();
            (name, kind, usable)
        });
        let route = row.mode.zip(row.provider_type);
        let route = route.map(|(mode, provider_type)| Route {
            mode,
            provider_type,
            panel: routed,
            fallback,
        });

        let shop = row.status.zip(row.external_status).zip(row.created_at);
        let shop = shop.map(|((status, external_status), created_at)| ShopFacts {
            status,
            external_status,
            provider_id: row.provider_id,
            external_order_id: row.external_order_id,
            names_other: row.names_other,
            pending: row.pending,
            // A decision comes first, whatever else the row says; then what may still be bought.
            standing: match (row.open, row.forwarded, row.unsent, row.in_flight) {
                (false, ..) => Standing::Decided,
                (true, _, true, _) => Standing::Unsent,
                (true, true, false, _) if !row.numbered => Standing::Forwarded,
                (true, _, false, true) => Standing::InFlight { numbered },
                (true, _, false, false) => Standing::Elsewhere,
            },
            sent_at: row.sent_at,
            created_at,
            route,
            provider: panel.clone(),
        });

        let ending = row.ending.map(|kind| Ending {
            kind,
            who: row.ended_by,
            why: row.ended_why,
            refusal: row.refusal,
        });

        let known = self.tracked(order).await?;
        let half_delivered_after = match &known {
            Some(known) if settings.learned => self.half_delivered_after(known).await?,
            _ => None,
        };
        let loss = self.loss_of(order, known.as_ref()).await?;
        let tracked = known.map(|known| TrackedFacts {
            half_delivered_after,
            loss,
            watched: known.watched,
            held: known.held,
            reference: known.reference,
            panel,
            due_at: known.due_at,
            claimed: row.claimed,
            claimed_at: row.claimed_at,
            fell_back: row.fell_back,
            finished_at: known.finished_at,
            ending,
        });

        Ok(Facts {
            now,
            settings,
            shop,
            tracked,
            pause: pause(row.pause_scope, row.pause_who, row.pause_why, row.pause_at),
        })
    }
}

impl Store {
    /// Of the order's package at its panel, or else of the panel, if enough was learned of it.
    async fn half_delivered_after(
        &self,
        known: &TrackedOrder,
    ) -> Result<Option<Duration>, StoreError> {
        let Some(panel) = known.integration else {
            return Ok(None);
        };
        let product = (panel, known.package.unwrap_or_default());
        let times = self.delivery_times_of(product).await?;
        let mut enough = times.iter().filter(|times| times.samples() >= ENOUGH);

        // Past the tail, and where the code is missing, the fixed rule holds.
        let since = known.waited_at.or(known.watched.sent_at);
        let waited = since.zip(known.watched.sent_at);
        let waited = waited.and_then(|(since, sent_at)| (since - sent_at).to_std().ok());
        let learned = |times: &&DeliveryTimes| {
            known.watched.unknowns == 0 && tail(times) > Some(waited.unwrap_or(Duration::MAX))
        };
        Ok(enough
            .next()
            .filter(learned)
            .and_then(|times| times.quantile(0.5)))
    }
}

fn pause(
    scope: Option<Uuid>,
    who: Option<String>,
    why: Option<String>,
    at: Option<DateTime<Utc>>,
) -> Option<Pause> {
    Some(Pause {
        everywhere: scope?.is_nil(),
        who: who?,
        why: why?,
        at: at?,
    })
}

impl PanelRow {
    fn facts(self) -> Result<Option<PanelFacts>, StoreError> {
        let (Some(id), Some(name), Some(kind)) = (self.id, self.name, self.kind) else {
            // An outer join without a match: the row names a panel that is gone, or none.
            return Ok(None);
        };

        let breaker = self.open_until.zip(self.open_reason);
        Ok(Some(PanelFacts {
            id,
            name,
            naming: Kind::of(&kind).map(|kind| kind.naming),
            kind,
            // Where the column is absent a panel cannot be disabled.
            enabled: self.enabled.unwrap_or(true),
            own: self.own.unwrap_or(false),
            breaker: breaker
                .map(|(until, reason)| open_breaker(id, until, reason))
                .transpose()?,
        }))
    }
}

fn open_breaker(
    panel: IntegrationId,
    until: DateTime<Utc>,
    reason: String,
) -> Result<OpenBreaker, StoreError> {
    match Reason::parse(&reason) {
        Some(reason) => Ok(OpenBreaker { until, reason }),
        None => Err(StoreError::Inconsistent {
            table: "orderwatch.panels",
            column: "open_reason",
            row: panel.to_string(),
            value: reason,
        }),
    }
}
