//! What was sent of one barcode, why, and what came back: the answer to "why is this figure on sale?".

use chrono::{DateTime, Utc};

use super::{Store, StoreError};

/// A quantity that was sent of a barcode.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub(crate) struct SentFigure {
    /// When the request went out.
    pub(crate) sent_at: DateTime<Utc>,
    /// Units that were sent.
    pub(crate) quantity: i32,
    /// Units that should have been on sale.
    pub(crate) desired: Option<i32>,
    /// Units that were on sale.
    pub(crate) observed: Option<i32>,
    /// `lower`; `raise`: at once, without what may have been sold unheard of; `raise_settled`: the rest,
    /// once the deficit had stood. Null for what was sent before this was kept.
    pub(crate) reason: Option<String>,
    /// What became of the request: `sending`, `queued`, `unknown`, `refused`, `settled` or `expired`.
    pub(crate) state: String,
    /// `success`, `failed` or `repeated`; null while there is no result.
    pub(crate) result: Option<String>,
    /// When the result was read.
    pub(crate) result_at: Option<DateTime<Utc>>,
    /// The store's words, where it was refused.
    pub(crate) refused: Option<String>,
}

impl Store {
    /// What was sent of a barcode, the newest first.
    pub(crate) async fn sent_figures(
        &self,
        barcode: &str,
        limit: i64,
    ) -> Result<Vec<SentFigure>, StoreError> {
        sqlx::query_as!(
            SentFigure,
            "SELECT b.sent_at, s.quantity, s.desired, s.observed, s.reason, b.state, s.result, s.result_at,
                    COALESCE(s.refused, b.note) AS refused
             FROM orderwatch.stock_sends s JOIN orderwatch.stock_batches b ON b.id = s.batch
             WHERE s.barcode = $1 ORDER BY s.batch DESC LIMIT $2",
            barcode,
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading what was sent of a barcode"))
    }
}
