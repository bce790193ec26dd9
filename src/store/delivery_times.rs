//! How long panels take to deliver, as all replicas have learned it together.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Store, StoreError};
use crate::order::{
    IntegrationId,
    delivery::{BINS, DeliveryTimes, kept},
};

/// A panel, and one of its packages; nil for all of them.
pub(crate) type Product = (IntegrationId, Uuid);

/// What one process has learned since it last wrote.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DeliveryNews {
    pub(crate) added: [f64; BINS],
    pub(crate) samples: u32,
}

/// The orders that wait at a panel for a question, and those of them that are due within a minute.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PanelLoad {
    pub(crate) waiting: u64,
    pub(crate) next_minute: u32,
}

impl DeliveryNews {
    pub(crate) const NONE: Self = Self {
        added: [0.0; BINS],
        samples: 0,
    };

    /// Adds newer ones, before which these fade.
    pub(crate) fn join(&mut self, newer: &Self) {
        let kept = kept(newer.samples);
        for (weight, more) in self.added.iter_mut().zip(newer.added) {
            *weight = weight.mul_add(kept, more);
        }
        self.samples = self.samples.saturating_add(newer.samples);
    }
}

impl Store {
    /// All that is known.
    pub(crate) async fn delivery_times(
        &self,
    ) -> Result<HashMap<Product, DeliveryTimes>, StoreError> {
        let rows = sqlx::query!(
            "SELECT integration_id, package_id, weights, samples FROM orderwatch.delivery_times"
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading how long panels take"))?;

        Ok(rows
            .into_iter()
            .filter_map(|row| {
                let samples = u64::try_from(row.samples).unwrap_or(0);
                // Bins of another build: learned anew.
                let times = DeliveryTimes::of(&row.weights, samples)?;
                Some(((IntegrationId(row.integration_id), row.package_id), times))
            })
            .collect())
    }

    /// Adds what was learned to what all know.
    pub(crate) async fn add_delivery_times(
        &self,
        (panel, package): Product,
        news: &DeliveryNews,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        // Two replicas may add at once: each makes what is there fade and adds its own.
        sqlx::query!(
            "INSERT INTO orderwatch.delivery_times AS t
                 (integration_id, package_id, weights, samples, updated_at)
             VALUES ($1, $2, $3, $4, $6)
             ON CONFLICT (integration_id, package_id) DO UPDATE
             SET updated_at = EXCLUDED.updated_at,
                 samples = EXCLUDED.samples + CASE
                     WHEN cardinality(t.weights) <> cardinality(EXCLUDED.weights) THEN 0
                     ELSE t.samples END,
                 weights = CASE
                     WHEN cardinality(t.weights) <> cardinality(EXCLUDED.weights) THEN EXCLUDED.weights
                     -- A product of two numbers that becomes too small for one is an error here.
                     ELSE ARRAY(SELECT CASE WHEN old < 1e-100 THEN 0 ELSE old * $5::float8 END + new
                                FROM unnest(t.weights, EXCLUDED.weights)
                                     WITH ORDINALITY AS w (old, new, place)
                                ORDER BY place) END",
            panel.0,
            package,
            &news.added,
            i64::from(news.samples),
            kept(news.samples),
            now
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("writing how long a panel takes"))?;

        Ok(())
    }

    /// What is known of one package of a panel, or else of the panel.
    pub(crate) async fn delivery_times_of(
        &self,
        (panel, package): Product,
    ) -> Result<Vec<DeliveryTimes>, StoreError> {
        let rows = sqlx::query!(
            "SELECT weights, samples FROM orderwatch.delivery_times
             WHERE integration_id = $1 AND package_id IN ($2, $3) ORDER BY package_id = $3",
            panel.0,
            package,
            Uuid::nil()
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading how long a panel takes"))?;

        let of = |weights: &[f64], samples: i64| {
            DeliveryTimes::of(weights, u64::try_from(samples).unwrap_or(0))
        };
        let times = rows.iter().filter_map(|row| of(&row.weights, row.samples));
        Ok(times.collect())
    }

    /// How many orders wait at each panel for a question.
    pub(crate) async fn waiting_by_panel(
        &self,
    ) -> Result<HashMap<IntegrationId, PanelLoad>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT integration_id AS "panel!", count(*) AS "orders!",
                      count(*) FILTER (WHERE due_at < now() + interval '1 minute') AS "soon!"
               FROM orderwatch.orders
               WHERE due_at IS NOT NULL AND stage IN ('dispatching', 'submitted', 'unconfirmed')
               GROUP BY integration_id"#
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("counting what waits at the panels"))?;

        let counts = rows.into_iter().map(|row| {
            let load = PanelLoad {
                waiting: u64::try_from(row.orders).unwrap_or(0),
                next_minute: u32::try_from(row.soon).unwrap_or(u32::MAX),
            };
            (IntegrationId(row.panel), load)
        });
        Ok(counts.collect())
    }
}
