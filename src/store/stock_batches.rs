//! Requests that send stock: written down before they go out, and followed to their items.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Store, StoreError, pool::whole, stock_items::note_pushed};
use crate::stock::patience::REPEAT_AFTER;

/// A request whose answer has not come after this time was sent by a process that died.
const ANSWERED_WITHIN: TimeDelta = TimeDelta::minutes(1);

/// A request that was taken and is not settled.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Our number.
    pub id: i64,
    /// The marketplace's name for it.
    pub name: String,
    /// When it went out.
    pub sent_at: DateTime<Utc>,
    /// How often its result was asked for.
    pub looks: i32,
}

/// What came back from a request.
#[derive(Clone, Debug)]
pub enum Answered {
    /// Taken: its name, and when to look at its result.
    Queued {
        /// The marketplace's name for it.
        name: String,
        /// First look.
        look_at: DateTime<Utc>,
    },
    /// Perhaps taken.
    Unknown(String),
    /// Surely not taken.
    Refused(String),
}

/// The result of one item.
#[derive(Clone, Debug)]
pub struct ItemResult {
    /// Which, as it was sent.
    pub barcode: String,
    /// `Err` with the marketplace's words when it was refused; `Ok(true)` when it is on sale,
    /// `Ok(false)` when the same was sent before and it is not known what became of that.
    pub result: Result<bool, String>,
}

impl Store {
    /// Writes a request down before it goes out. `None` when the same went out minutes ago.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be written; then nothing may be sent.
    pub async fn begin_push(
        &self,
        items: &[(String, i32)],
        fingerprint: &[u8],
        now: DateTime<Utc>,
    ) -> Result<Option<i64>, StoreError> {
        let work = async {
            let doing = StoreError::doing("writing a push down");
            let (barcodes, quantities) = columns(items);
            let mut transaction = self.pool.begin().await.map_err(&doing)?;
            let begun = sqlx::query_scalar!(
                "INSERT INTO orderwatch.stock_batches (fingerprint, sent_at, state, items)
             SELECT $1, $2, 'sending', $3
             WHERE NOT EXISTS (SELECT FROM orderwatch.stock_batches
                               WHERE sent_at > $4 AND fingerprint = $1 AND state <> 'refused')
             RETURNING id",
                fingerprint,
                now,
                i32::try_from(items.len()).unwrap_or(i32::MAX),
                now - REPEAT_AFTER
            )
            .fetch_optional(&mut *transaction)
            .await
            .map_err(&doing)?;
            let Some(batch) = begun else {
                return Ok(None);
            };
            // One that overtakes another whose fate is open is read back, whatever its result says.
            sqlx::query!(
                "WITH items AS (
                 SELECT * FROM unnest($2::text[], $3::integer[]) AS t (barcode, quantity)
             ), sends AS (
                 INSERT INTO orderwatch.stock_sends (batch, barcode, quantity, looked_at)
                 SELECT $1, n.barcode, n.quantity, COALESCE(i.looked_at, '-infinity')
                 FROM items n LEFT JOIN orderwatch.stock_items i ON i.barcode = n.barcode
             )
             INSERT INTO orderwatch.stock_items AS i (barcode, sent, sent_at, sent_batch, fate)
             SELECT barcode, quantity, $4, $1, 'queued' FROM items ORDER BY barcode
             ON CONFLICT (barcode) DO UPDATE SET
                 sent = EXCLUDED.sent, sent_at = EXCLUDED.sent_at, sent_batch = EXCLUDED.sent_batch,
                 fate = CASE WHEN i.sent IS NULL THEN 'queued' ELSE 'unknown' END",
                batch,
                &barcodes,
                &quantities,
                now
            )
            .execute(&mut *transaction)
            .await
            .map_err(&doing)?;
            transaction.commit().await.map_err(&doing)?;
            Ok(Some(batch))
        };
        whole(work, "writing a push down").await
    }

    /// Writes down what came back from a request.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be written; the request counts as perhaps taken then.
    pub async fn push_answered(&self, batch: i64, answer: &Answered) -> Result<(), StoreError> {
        let (state, name, look_at, note) = match answer {
            Answered::Queued { name, look_at } => ("queued", Some(name), Some(*look_at), None),
            Answered::Unknown(note) => ("unknown", None, None, Some(note)),
            Answered::Refused(note) => ("refused", None, None, Some(note)),
        };
        sqlx::query!(
            "WITH answered AS (
                 UPDATE orderwatch.stock_batches
                 SET state = $2, name = $3, look_at = $4, note = $5
                 WHERE id = $1 AND state = 'sending' RETURNING id
             )
             UPDATE orderwatch.stock_items i SET
                 sent = CASE WHEN $2 = 'refused' THEN NULL ELSE sent END,
                 sent_at = CASE WHEN $2 = 'refused' THEN NULL ELSE sent_at END,
                 fate = CASE WHEN $2 = 'unknown' THEN 'unknown' END
             FROM answered a
             WHERE i.sent_batch = a.id AND i.fate = 'queued' AND $2 <> 'queued'",
            batch,
            state,
            name,
            look_at,
            note
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("writing the answer to a push down"))?;
        Ok(())
    }

    /// Requests whose process died before their answer was written down: perhaps taken. Returns how
    /// many there were.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be written.
    pub async fn orphaned_pushes(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let orphans = sqlx::query!(
            "WITH orphans AS (
                 UPDATE orderwatch.stock_batches SET state = 'unknown', note = 'no answer written down'
                 WHERE state = 'sending' AND sent_at < $1 RETURNING id
             ), items AS (
                 UPDATE orderwatch.stock_items i SET fate = 'unknown'
                 FROM orphans o WHERE i.sent_batch = o.id AND i.sent IS NOT NULL
             )
             SELECT id FROM orphans",
            now - ANSWERED_WITHIN
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("looking for pushes without an answer"))?;
        Ok(u64::try_from(orphans.len()).unwrap_or(u64::MAX))
    }

    /// Requests whose result is to be asked for now, the longest waiting first.
    ///
    /// # Errors
    /// [`StoreError::Database`] when they cannot be read.
    pub async fn batches_to_look_at(&self, now: DateTime<Utc>) -> Result<Vec<Batch>, StoreError> {
        sqlx::query_as!(
            Batch,
            r#"SELECT id, name AS "name!", sent_at, looks FROM orderwatch.stock_batches
               WHERE state = 'queued' AND look_at <= $1 ORDER BY look_at, id"#,
            now
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("looking for results to ask for"))
    }

    /// When the next result is to be asked for.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be read.
    pub async fn next_batch_look(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        sqlx::query_scalar!(
            "SELECT min(look_at) FROM orderwatch.stock_batches WHERE state = 'queued'"
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing("looking for results to ask for"))
    }

    /// How often each of these was refused in a row until now.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be read.
    pub async fn refusals(&self, barcodes: &[String]) -> Result<Vec<(String, i32)>, StoreError> {
        let rows = sqlx::query!(
            "SELECT barcode, failures FROM orderwatch.stock_items WHERE barcode = ANY($1)",
            barcodes
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("counting refusals"))?;
        Ok(rows
            .into_iter()
            .map(|row| (row.barcode, row.failures))
            .collect())
    }

    /// Writes down the results of items, and when the batch is looked at next; `None` when it is
    /// settled. `rests` says until when each refused item rests. Returns how many items of the batch
    /// have no result yet.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be written.
    pub async fn batch_results(
        &self,
        batch: &Batch,
        results: &[ItemResult],
        rests: &[(String, DateTime<Utc>)],
        look_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<i64, StoreError> {
        let work = async {
            let doing = StoreError::doing("writing results down");
            let barcodes: Vec<String> = results.iter().map(|r| r.barcode.clone()).collect();
            let words: Vec<Option<String>> = results
                .iter()
                .map(|r| r.result.as_ref().err().cloned())
                .collect();
            let kinds: Vec<String> = results.iter().map(|r| kind(&r.result).to_owned()).collect();
            let rest_names: Vec<String> =
                rests.iter().map(|(barcode, _)| barcode.clone()).collect();
            let rest_until: Vec<DateTime<Utc>> = rests.iter().map(|(_, until)| *until).collect();
            let mut transaction = self.pool.begin().await.map_err(&doing)?;
            sqlx::query!(
            "WITH results AS (
                 SELECT * FROM unnest($2::text[], $3::text[], $4::text[]) AS t (barcode, result, words)
             ), rests AS (
                 SELECT * FROM unnest($5::text[], $6::timestamptz[]) AS t (barcode, until)
             ), new AS (
                 UPDATE orderwatch.stock_sends s
                 SET result = r.result, settled_at = CASE WHEN r.result = 'success' THEN $7::timestamptz END
                 FROM results r
                 WHERE s.batch = $1 AND s.barcode = r.barcode AND s.result IS NULL
                 RETURNING s.barcode, s.quantity, s.result, r.words
             )
             UPDATE orderwatch.stock_items i SET
                 confirmed = CASE WHEN n.result = 'success' THEN n.quantity ELSE i.confirmed END,
                 confirmed_at = CASE WHEN n.result = 'success' THEN $7 ELSE i.confirmed_at END,
                 lifted = CASE WHEN n.result = 'success' THEN 0 ELSE i.lifted END,
                 -- It has overwritten what was sold since the look.
                 told_since_look = CASE WHEN n.result = 'success' THEN 0 ELSE i.told_since_look END,
                 doubted = i.doubted + CASE WHEN n.result = 'success' THEN i.told_since_look ELSE 0 END,
                 sent = CASE WHEN n.result = 'repeated' THEN i.sent END,
                 sent_at = CASE WHEN n.result = 'repeated' THEN i.sent_at END,
                 fate = CASE WHEN n.result = 'repeated' THEN 'unknown' END,
                 failures = CASE n.result WHEN 'failed' THEN i.failures + 1
                                          WHEN 'success' THEN 0 ELSE i.failures END,
                 rests_until = CASE n.result WHEN 'failed' THEN q.until
                                             WHEN 'success' THEN NULL ELSE i.rests_until END,
                 refused = CASE n.result WHEN 'failed' THEN n.words
                                         WHEN 'success' THEN NULL ELSE i.refused END
             FROM new n LEFT JOIN rests q ON q.barcode = n.barcode
             WHERE i.barcode = n.barcode AND i.sent_batch = $1
               AND (i.fate = 'queued' OR n.result = 'failed' AND i.sent IS NOT NULL)",
            batch.id,
            &barcodes,
            &kinds,
            &words as &[Option<String>],
            &rest_names,
            &rest_until,
            now
        )
        .execute(&mut *transaction)
        .await
        .map_err(&doing)?;
            let confirmed = sqlx::query_scalar!(
                "SELECT barcode FROM orderwatch.stock_sends
                 WHERE batch = $1 AND barcode = ANY($2) AND result = 'success' AND settled_at = $3",
                batch.id,
                &barcodes,
                now
            )
            .fetch_all(&mut *transaction)
            .await
            .map_err(&doing)?;
            let confirmed: Vec<_> = confirmed.into_iter().map(|name| (name, now)).collect();
            note_pushed(&mut transaction, &confirmed).await?;
            let open = sqlx::query_scalar!(
                r#"UPDATE orderwatch.stock_batches b SET
                   looks = b.looks + 1, look_at = CASE WHEN c.open > 0 THEN $2::timestamptz END,
                   failed = c.failed,
                   state = CASE WHEN c.open = 0 THEN 'settled'
                                WHEN $2::timestamptz IS NULL THEN 'expired' ELSE 'queued' END
               FROM (SELECT count(*) FILTER (WHERE result IS NULL)::integer AS open,
                            count(*) FILTER (WHERE result = 'failed')::integer AS failed
                     FROM orderwatch.stock_sends WHERE batch = $1) c
               WHERE b.id = $1 AND b.state = 'queued'
               RETURNING c.open AS "open!""#,
                batch.id,
                look_at
            )
            .fetch_optional(&mut *transaction)
            .await
            .map_err(&doing)?;
            transaction.commit().await.map_err(&doing)?;
            Ok(open.unwrap_or(0).into())
        };
        whole(work, "writing results down").await
    }

    /// What a batch has not told is read back instead.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be written.
    pub async fn read_back_instead(&self, batch: i64) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE orderwatch.stock_items SET fate = 'unknown'
             WHERE sent_batch = $1 AND fate = 'queued'",
            batch
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("noting what is read back"))?;
        Ok(())
    }

    /// A bar code that the marketplace does not take at all rests.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be written.
    pub async fn rest_item(
        &self,
        barcode: &str,
        until: DateTime<Utc>,
        words: &str,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "INSERT INTO orderwatch.stock_items AS i (barcode, failures, rests_until, refused)
             VALUES ($1, 1, $2, $3)
             ON CONFLICT (barcode) DO UPDATE SET
                 failures = i.failures + 1, rests_until = EXCLUDED.rests_until,
                 refused = EXCLUDED.refused",
            barcode,
            until,
            words
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("noting a refusal"))?;
        Ok(())
    }

    /// Forgets requests from before a time that are settled. Returns how many.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be written.
    pub async fn forget_pushes(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let gone = sqlx::query!(
            "DELETE FROM orderwatch.stock_batches
             WHERE sent_at < $1 AND state NOT IN ('sending', 'queued')",
            before
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("forgetting old pushes"))?;
        Ok(gone.rows_affected())
    }
}

fn kind(result: &Result<bool, String>) -> &'static str {
    match result {
        Ok(true) => "success",
        Ok(false) => "repeated",
        Err(_) => "failed",
    }
}

pub(super) fn columns(items: &[(String, i32)]) -> (Vec<String>, Vec<i32>) {
    items.iter().cloned().unzip()
}
