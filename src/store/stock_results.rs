//! Results of pushes that were written down.

use std::collections::HashSet;

use super::{Store, StoreError};

impl Store {
    /// Bar codes of a batch whose result is known.
    ///
    /// # Errors
    /// [`StoreError::Database`] when they cannot be read.
    pub async fn results_before(&self, batch: i64) -> Result<HashSet<String>, StoreError> {
        let known = sqlx::query_scalar!(
            "SELECT barcode FROM orderwatch.stock_sends WHERE batch = $1 AND result IS NOT NULL",
            batch
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("looking for results that are known"))?;
        Ok(known.into_iter().collect())
    }
}
