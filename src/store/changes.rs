//! Whether anything has changed that a page shows: one cheap question, asked while somebody looks.

use super::{Store, StoreError};

impl Store {
    /// A text that differs whenever a step was taken, a person acted, a pass began or ended, stock
    /// was sent or a panel's state changed. Sequences are read where they stand: no table is
    /// counted. A sequence may move a moment before its row can be seen.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be asked.
    pub async fn change_mark(&self) -> Result<String, StoreError> {
        let mark = sqlx::query_scalar!(
            r#"SELECT concat_ws(' ',
                   (SELECT last_value FROM orderwatch.events_id_seq),
                   (SELECT last_value FROM orderwatch.actions_id_seq),
                   (SELECT concat_ws(' ', max(balance_at), max(opened_at), max(open_until),
                                     count(open_until)) FROM orderwatch.panels),
                   (SELECT string_agg(concat_ws('/', r.started_at, r.finished_at), ' ' ORDER BY j.job)
                    FROM (VALUES ('sweep'), ('balance'), ('retention'), ('pull-orders'),
                                 ('pull-returns')) AS j (job)
                    CROSS JOIN LATERAL (
                        SELECT started_at, finished_at FROM orderwatch.job_runs
                        WHERE job = j.job ORDER BY tick DESC LIMIT 1) r)) AS "mark!""#
        );
        let mark = mark.fetch_one(&self.pool).await;
        let mark = mark.map_err(StoreError::doing("looking for changes"))?;
        Ok(format!("{mark} {}", self.stock_mark().await?))
    }

    /// A text that differs whenever orders of the store were read, a pass over its stock began or
    /// ended, stock was sent or the results came: what was computed from the stock before is old
    /// then. Rows are read and no sequence, so all that the text tells of can be seen.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be asked.
    pub async fn stock_mark(&self) -> Result<String, StoreError> {
        sqlx::query_scalar!(
            r#"SELECT concat_ws(' ',
                   (SELECT concat_ws(' ', max(good_at), max(read_until)) FROM orderwatch.feeds),
                   (SELECT string_agg(concat_ws('/', b.id, b.state, b.failed, b.looks), ' '
                                      ORDER BY b.id)
                    FROM (SELECT id, state, failed, looks FROM orderwatch.stock_batches
                          ORDER BY id DESC LIMIT 20) b),
                   (SELECT string_agg(concat_ws('/', r.started_at, r.finished_at), ' ' ORDER BY j.job)
                    FROM (VALUES ('push-stock'), ('verify-stock')) AS j (job)
                    CROSS JOIN LATERAL (
                        SELECT started_at, finished_at FROM orderwatch.job_runs
                        WHERE job = j.job ORDER BY tick DESC LIMIT 1) r)) AS "mark!""#
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing("looking for changes of the stock"))
    }
}
