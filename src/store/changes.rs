//! Whether anything has changed that a page shows. It is asked every second or so while a page is open, so
//! it must stay cheap: nothing is counted, and each part is one step into an index.

use super::{Store, StoreError};

impl Store {
    /// A text that differs whenever a step was taken, a person acted, a pass began or ended, stock
    /// was sent or a panel's state changed.
    pub(crate) async fn change_mark(&self) -> Result<String, StoreError> {
        // Sequences are read where they stand, without counting a table. One may move a moment before its row can be
        // seen. The passes are read job by job: the newest of each is one step into the index.
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
    /// then. All that the text reports can be seen already.
    pub(crate) async fn stock_mark(&self) -> Result<String, StoreError> {
        // Rows and no sequence: what was computed before a row could be seen must not pass for new.
        sqlx::query_scalar!(
            r#"SELECT concat_ws(' ',
                   (SELECT concat_ws(' ', max(good_at), max(read_until)) FROM orderwatch.feeds),
                   (SELECT string_agg(concat_ws('/', b.id, b.state, b.failed, b.checks), ' '
                                      ORDER BY b.id)
                    FROM (SELECT id, state, failed, checks FROM orderwatch.stock_batches
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
