//! Results of pushes: when each is asked for, and what became of the items.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Store, StoreError, Transaction, pool::whole, stock_items::touch};
use crate::stock::{Barcode, deadlines::quarantine, push_result::BatchItem};

/// Every result is asked for sooner: one that is due later was sent before the clock was set back.
const CHECKED_WITHIN: TimeDelta = TimeDelta::minutes(15);

/// A request that was taken and is not settled.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) id: i64,
    /// `batchRequestId`.
    pub(crate) name: String,
    pub(crate) sent_at: DateTime<Utc>,
    /// How often its result was asked for.
    pub(crate) checks: i32,
}

impl Store {
    /// Requests whose result is to be asked for now, the longest waiting first.
    pub(crate) async fn batches_to_look_at(
        &self,
        now: DateTime<Utc>,
    ) -> Result<Vec<Batch>, StoreError> {
        sqlx::query_as!(
            Batch,
            r#"SELECT id, name AS "name!", sent_at, checks FROM orderwatch.stock_batches
               WHERE state = 'queued' AND (check_at <= $1 OR check_at > $2) ORDER BY check_at, id"#,
            now,
            now + CHECKED_WITHIN
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("looking for results to ask for"))
    }

    /// When the next result is to be asked for.
    pub(crate) async fn next_batch_look(
        &self,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        sqlx::query_scalar!(
            "SELECT min(CASE WHEN check_at > $2 THEN $1 ELSE check_at END)
             FROM orderwatch.stock_batches WHERE state = 'queued'",
            now,
            now + CHECKED_WITHIN
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing("looking for results to ask for"))
    }

    /// Writes down the results of items, and when the batch is asked about next; `None` when that is over.
    /// Each answer has all items again: returns those whose result was not known before.
    pub(crate) async fn batch_results(
        &self,
        batch: &Batch,
        mut items: Vec<BatchItem>,
        check_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Vec<BatchItem>, StoreError> {
        // An item without a result yet is asked about again.
        items.retain(|item| item.status.name().is_some());
        let work = async {
            let doing = StoreError::doing("writing results down");
            let mut transaction = self.pool.begin().await.map_err(&doing)?;
            let new = write_results(&mut transaction, batch.id, &items, now).await?;
            items.retain(|item| new.iter().any(|name| name == item.barcode.as_str()));

            // Another push may have overtaken it: an observation tells which was applied last.
            let names: Vec<&str> = new.iter().map(String::as_str).collect();
            touch(&mut transaction, &names, now).await?;
            write_items(&mut transaction, batch.id, &items, now).await?;
            close(&mut transaction, batch.id, check_at).await?;
            transaction.commit().await.map_err(&doing)?;
            Ok(items)
        };

        whole(work, "writing results down").await
    }

    /// A barcode that the marketplace does not take at all is in quarantine.
    pub(crate) async fn quarantine_item(
        &self,
        barcode: &Barcode,
        words: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let doing = StoreError::doing("noting a refusal");
        let mut transaction = self.pool.begin().await.map_err(&doing)?;
        let until = quarantines(&mut transaction, &[barcode.as_str()], now).await?;
        sqlx::query!(
            "UPDATE orderwatch.stock_items
             SET failures = failures + (rests_until IS DISTINCT FROM $2)::integer, rests_until = $2, refused = $3 WHERE barcode = $1",
            barcode.as_str(),
            until.get(barcode.as_str()),
            words
        )
        .execute(&mut transaction)
        .await
        .map_err(&doing)?;

        transaction.commit().await.map_err(&doing)
    }
}

/// Until when each of these rests if it is refused now: longer after each rest in a row.
async fn quarantines(
    transaction: &mut Transaction<'_>,
    barcodes: &[&str],
    now: DateTime<Utc>,
) -> Result<HashMap<String, DateTime<Utc>>, StoreError> {
    // Locked until the count is written: two refusals must not get the same pause.
    let rows = sqlx::query!(
        "SELECT barcode, failures, rests_until FROM orderwatch.stock_items WHERE barcode = ANY($1)
         ORDER BY barcode FOR UPDATE",
        barcodes as &[&str]
    )
    .fetch_all(&mut *transaction)
    .await
    .map_err(StoreError::doing("counting refusals"))?;

    let rows = rows.into_iter().map(|row| {
        let failures = u32::try_from(row.failures).unwrap_or(0).saturating_add(1);
        // A lowering is tried while it rests; that it is refused, too, must not put a raise off for longer.
        let rests = row.rests_until.filter(|until| *until > now);
        (
            row.barcode,
            rests.unwrap_or_else(|| now + quarantine(failures)),
        )
    });

    Ok(rows.collect())
}

/// Returns the barcodes whose result is new.
async fn write_results(
    transaction: &mut Transaction<'_>,
    batch: i64,
    results: &[BatchItem],
    now: DateTime<Utc>,
) -> Result<Vec<String>, StoreError> {
    let barcodes: Vec<&str> = results.iter().map(|r| r.barcode.as_str()).collect();
    let kinds: Vec<Option<&str>> = results.iter().map(|r| r.status.name()).collect();
    let words: Vec<Option<String>> = results.iter().map(|r| r.status.words()).collect();

    // Only the first result counts: each answer has all items again.
    sqlx::query_scalar!(
        "UPDATE orderwatch.stock_sends s SET result = r.result, result_at = $5, refused = r.words
         FROM unnest($2::text[], $3::text[], $4::text[]) AS r (barcode, result, words)
         WHERE s.batch = $1 AND s.barcode = r.barcode AND s.result IS NULL
         RETURNING s.barcode",
        batch,
        &barcodes as &[&str],
        &kinds as &[Option<&str>],
        &words as &[Option<String>],
        now
    )
    .fetch_all(&mut *transaction)
    .await
    .map_err(StoreError::doing("writing results down"))
}

/// What was applied is on sale as it was sent, unless another push has overtaken it: then an observation
/// shows what is.
async fn write_items(
    transaction: &mut Transaction<'_>,
    batch: i64,
    results: &[BatchItem],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let doing = StoreError::doing("writing results down");
    let barcodes: Vec<&str> = results.iter().map(|r| r.barcode.as_str()).collect();
    let kinds: Vec<Option<&str>> = results.iter().map(|r| r.status.name()).collect();
    let words: Vec<Option<String>> = results.iter().map(|r| r.status.words()).collect();
    let quarantines = quarantines(transaction, &barcodes, now).await?;
    let until: Vec<Option<DateTime<Utc>>> = barcodes
        .iter()
        .map(|name| quarantines.get(*name).copied())
        .collect();

    // Observed when it was sent, not now: what was sold since then is not in the figure. A refusal that leaves the
    // rest as it is was that of a lowering tried meanwhile, and is not counted.
    let applied = sqlx::query_scalar!(
        r#"WITH results AS (
             SELECT r.* FROM unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[])
                 AS r (barcode, result, words, until)
             JOIN orderwatch.stock_items i ON i.barcode = r.barcode ORDER BY r.barcode FOR UPDATE OF i
         )
         UPDATE orderwatch.stock_items i SET
             observed = CASE r.result WHEN 'success' THEN i.sent ELSE i.observed END,
             observed_at = CASE r.result WHEN 'success' THEN i.sent_at ELSE i.observed_at END,
             open_until = CASE r.result WHEN 'repeated' THEN i.open_until END,
             failures = CASE r.result WHEN 'failed'
                                          THEN i.failures + (i.rests_until IS DISTINCT FROM r.until)::integer
                                      WHEN 'success' THEN 0 ELSE i.failures END,
             rests_until = CASE r.result WHEN 'failed' THEN r.until
                                         WHEN 'success' THEN NULL ELSE i.rests_until END,
             refused = CASE r.result WHEN 'failed' THEN r.words
                                     WHEN 'success' THEN NULL ELSE i.refused END
         FROM results r WHERE i.barcode = r.barcode AND i.sent_batch = $1
         RETURNING CASE r.result WHEN 'success' THEN i.barcode END AS "applied?""#,
        batch,
        &barcodes as &[&str],
        &kinds as &[Option<&str>],
        &words as &[Option<String>],
        &until as &[Option<DateTime<Utc>>]
    )
    .fetch_all(&mut *transaction)
    .await
    .map_err(&doing)?;

    let applied: Vec<String> = applied.into_iter().flatten().collect();
    if applied.is_empty() {
        return Ok(());
    }

    let times = vec![now; applied.len()];
    sqlx::query!(
        r#"SELECT orderwatch.note_pushed($1, $2) AS "noted!: ()""#,
        &applied,
        &times
    )
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::doing("writing last_push_date"))?;

    Ok(())
}

async fn close(
    transaction: &mut Transaction<'_>,
    batch: i64,
    check_at: Option<DateTime<Utc>>,
) -> Result<(), StoreError> {
    // Expired where it is not asked about again: what is on sale is read back instead.
    sqlx::query!(
        "UPDATE orderwatch.stock_batches b SET
             checks = b.checks + 1, check_at = CASE WHEN c.open > 0 THEN $2::timestamptz END,
             failed = c.failed,
             state = CASE WHEN c.open = 0 THEN 'settled'
                          WHEN $2::timestamptz IS NULL THEN 'expired' ELSE 'queued' END
         FROM (SELECT count(*) FILTER (WHERE result IS NULL)::integer AS open,
                      count(*) FILTER (WHERE result = 'failed')::integer AS failed
               FROM orderwatch.stock_sends WHERE batch = $1) c
         WHERE b.id = $1 AND b.state = 'queued'",
        batch,
        check_at
    )
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::doing("writing results down"))?;

    Ok(())
}
