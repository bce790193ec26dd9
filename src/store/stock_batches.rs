//! Requests that send stock: written down before they go out, and what came back from them.
//!
//! [`Store::begin_push`] is the fence: a plan that is older than the one by which a barcode was last sent
//! is refused, whoever made it. So a process that has lost its lead without noticing sends nothing stale.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    PushLog, Store, StoreError, Transaction, pool::whole, stock_items::WATCHED, stock_log,
};
use crate::stock::{
    Barcode,
    deadlines::{MAY_STILL_APPLY, RAISED_WITHIN, READ_BACK_AFTER, REPEAT_AFTER},
    rule::{Deficit, Reason},
};

/// A request whose answer has not come after this time was sent by a process that died.
const ANSWERED_WITHIN: TimeDelta = TimeDelta::minutes(1);

/// A barcode that is to be sent, and why.
#[derive(Clone, Debug)]
pub struct PlannedPush {
    pub barcode: Barcode,
    pub quantity: i32,
    /// What should be on sale.
    pub desired: i32,
    /// What was, when it was last observed.
    pub observed: Option<i32>,
    pub reason: Reason,
    /// The part of the deficit that is left when it is applied.
    pub left: Option<Deficit>,
}

/// What came back from a request.
#[derive(Clone, Debug)]
pub(crate) enum PushAnswer {
    /// Accepted.
    Queued {
        /// `batchRequestId`.
        name: String,
        /// When its result is asked for first.
        check_at: DateTime<Utc>,
    },
    /// Perhaps taken.
    Unknown(String),
    /// Surely not taken.
    Refused(String),
}

impl Store {
    /// The number of a plan, drawn before its facts are read.
    pub async fn new_plan(&self) -> Result<i64, StoreError> {
        sqlx::query_scalar!(r#"SELECT nextval('orderwatch.stock_plans') AS "plan!""#)
            .fetch_one(&self.pool)
            .await
            .map_err(StoreError::doing("numbering a plan"))
    }

    /// Writes a request down before it goes out; without the items that a newer plan has sent. Returns its
    /// number and the items that may be sent; `None` when none is left, or when the same request went out
    /// minutes ago.
    ///
    /// When it cannot be written, nothing may be sent.
    pub async fn begin_push(
        &self,
        mut items: Vec<PlannedPush>,
        plan: i64,
        fingerprint: impl Fn(&[PlannedPush]) -> [u8; 32] + Send,
        now: DateTime<Utc>,
    ) -> Result<Option<(i64, Vec<PlannedPush>)>, StoreError> {
        let work = async {
            let doing = StoreError::doing("writing a push down");
            let mut transaction = self.pool.begin().await.map_err(&doing)?;
            // Under the rows' locks: a newer plan is either seen here or waits for this one.
            let overtaken = overtaken(&mut transaction, &items, plan).await?;
            items.retain(|item| !overtaken.iter().any(|name| name == item.barcode.as_str()));
            if items.is_empty() {
                return Ok(None);
            }

            // The marketplace refuses a repetition for some minutes; what it refused may be sent again at once.
            let started = sqlx::query_scalar!(
                "INSERT INTO orderwatch.stock_batches (fingerprint, sent_at, state, items)
                 SELECT $1, $2, 'sending', $3
                 WHERE NOT EXISTS (SELECT FROM orderwatch.stock_batches
                                   WHERE sent_at > $4 AND fingerprint = $1 AND state <> 'refused')
                 RETURNING id",
                &fingerprint(&items),
                now,
                i32::try_from(items.len()).unwrap_or(i32::MAX),
                now - REPEAT_AFTER
            )
            .fetch_optional(&mut transaction)
            .await
            .map_err(&doing)?;

            let Some(id) = started else {
                return Ok(None);
            };

            write_items(&mut transaction, id, &items, plan, now).await?;
            transaction.commit().await.map_err(&doing)?;
            Ok(Some((id, items)))
        };

        whole(work, "writing a push down").await
    }

    /// Writes down what came back from a request, together with what `stock_push_log` says of it: the
    /// number of the row that is there, and the row. Returns the number of the row.
    ///
    /// When it cannot be written, the request counts as perhaps taken.
    pub(crate) async fn push_answered(
        &self,
        batch: i64,
        answer: &PushAnswer,
        log: Option<(Option<i32>, &PushLog)>,
    ) -> Result<Option<i32>, StoreError> {
        let work = async {
            let doing = StoreError::doing("writing the answer to a push down");
            let mut transaction = self.pool.begin().await.map_err(&doing)?;
            write_answer(&mut transaction, batch, answer).await?;
            let row = match log {
                Some((row, pass)) => Some(stock_log::log(&mut transaction, row, pass).await?),
                None => None,
            };

            transaction.commit().await.map_err(&doing)?;
            Ok(row)
        };

        whole(work, "writing the answer to a push down").await
    }

    /// Requests whose process died before their answer was written down: perhaps taken. Returns how
    /// many there were.
    pub(crate) async fn orphaned_pushes(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        // Perhaps taken: only an observation shows that, so nothing is sent again on suspicion.
        let orphans = sqlx::query!(
            "UPDATE orderwatch.stock_batches SET state = 'unknown', note = 'no answer written down'
             WHERE state = 'sending' AND sent_at < $1",
            now - ANSWERED_WITHIN
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("looking for pushes without an answer"))?;
        Ok(orphans.rows_affected())
    }

    /// The most that was sent of each barcode after a time.
    pub(crate) async fn largest_sends(
        &self,
        barcodes: &[&str],
        since: DateTime<Utc>,
    ) -> Result<Vec<(String, i32)>, StoreError> {
        let sends = sqlx::query!(
            r#"SELECT s.barcode, max(s.quantity) AS "most!"
               FROM orderwatch.stock_sends s JOIN orderwatch.stock_batches b ON b.id = s.batch
               WHERE s.barcode = ANY($1) AND b.sent_at > $2 AND b.state <> 'refused' GROUP BY s.barcode"#,
            barcodes as &[&str],
            since
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("looking for what was sent lately"))?;
        Ok(sends
            .into_iter()
            .map(|row| (row.barcode, row.most))
            .collect())
    }

    /// Forgets requests from before a time that are settled. Returns how many.
    pub(crate) async fn forget_pushes(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        // What still waits for its answer or result is kept, however old.
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

async fn write_answer(
    transaction: &mut Transaction<'_>,
    batch: i64,
    answer: &PushAnswer,
) -> Result<(), StoreError> {
    let (state, name, check_at, note) = match answer {
        PushAnswer::Queued { name, check_at } => ("queued", Some(name), Some(*check_at), None),
        PushAnswer::Unknown(note) => ("unknown", None, None, Some(note)),
        PushAnswer::Refused(note) => ("refused", None, None, Some(note)),
    };

    // Late, it still says more than that nothing is known.
    sqlx::query_scalar!(
        "UPDATE orderwatch.stock_batches SET state = $2, name = $3, check_at = $4, note = $5
         WHERE id = $1 AND state IN ('sending', 'unknown') RETURNING id",
        batch,
        state,
        name,
        check_at,
        note
    )
    .fetch_one(&mut *transaction)
    .await
    .map_err(StoreError::doing("writing the answer to a push down"))?;

    match answer {
        PushAnswer::Queued { .. } => Ok(()),
        PushAnswer::Unknown(_) => wait_for_lost(transaction, batch).await,
        PushAnswer::Refused(_) => take_back(transaction, batch).await,
    }
}

/// What was perhaps taken is waited for, a raise as long as one that was.
async fn wait_for_lost(transaction: &mut Transaction<'_>, batch: i64) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE orderwatch.stock_items i SET open_until = LEAST(i.open_until, i.sent_at + $2::interval)
         FROM orderwatch.stock_sends s
         WHERE s.batch = $1 AND s.barcode = i.barcode AND i.sent_batch = $1
           AND i.open_until IS NOT NULL AND s.reason = 'lower'",
        batch,
        interval(MAY_STILL_APPLY)
    )
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::doing("writing the answer to a push down"))?;

    Ok(())
}

/// What was refused was not sent: what went out before it is the last push again, and under way unless its result
/// is known.
async fn take_back(transaction: &mut Transaction<'_>, batch: i64) -> Result<(), StoreError> {
    sqlx::query!(
        "WITH before AS (
             SELECT DISTINCT ON (s.barcode) s.barcode, s.quantity, s.batch, b.sent_at,
                    CASE WHEN s.result IS NULL THEN
                        b.sent_at + CASE s.reason WHEN 'lower' THEN $2::interval ELSE $3::interval END
                    END AS open_until
             FROM orderwatch.stock_items i
             JOIN orderwatch.stock_sends s ON s.barcode = i.barcode
             JOIN orderwatch.stock_batches b ON b.id = s.batch
             WHERE i.sent_batch = $1 AND s.batch < $1 AND b.state <> 'refused'
             ORDER BY s.barcode, s.batch DESC
         )
         UPDATE orderwatch.stock_items i SET
             sent = b.quantity, sent_at = b.sent_at, sent_batch = b.batch,
             open_until = CASE WHEN b.open_until > i.sent_at THEN b.open_until END
         FROM orderwatch.stock_items n LEFT JOIN before b ON b.barcode = n.barcode
         WHERE n.barcode = i.barcode AND i.sent_batch = $1",
        batch,
        interval(READ_BACK_AFTER),
        interval(RAISED_WITHIN)
    )
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::doing("writing the answer to a push down"))?;
    Ok(())
}

/// Locks the rows and returns those that a newer plan has sent.
async fn overtaken(
    transaction: &mut Transaction<'_>,
    items: &[PlannedPush],
    plan: i64,
) -> Result<Vec<String>, StoreError> {
    let barcodes: Vec<&str> = items.iter().map(|item| item.barcode.as_str()).collect();
    // In the order of the barcodes, as everybody who locks several of them.
    let rows = sqlx::query!(
        "SELECT barcode, plan FROM orderwatch.stock_items WHERE barcode = ANY($1) ORDER BY barcode FOR UPDATE",
        &barcodes as &[&str]
    )
    .fetch_all(&mut *transaction)
    .await
    .map_err(StoreError::doing("writing a push down"))?;

    let overtaken: Vec<String> = rows
        .into_iter()
        .filter(|row| row.plan > plan)
        .map(|row| row.barcode)
        .collect();

    if !overtaken.is_empty() {
        tracing::warn!(
            plan,
            barcodes = overtaken.len(),
            "a newer plan has sent these barcodes; this one was made under a lead that is lost"
        );
    }

    Ok(overtaken)
}

async fn write_items(
    transaction: &mut Transaction<'_>,
    batch: i64,
    items: &[PlannedPush],
    plan: i64,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let barcodes: Vec<&str> = items.iter().map(|item| item.barcode.as_str()).collect();
    let quantities: Vec<i32> = items.iter().map(|item| item.quantity).collect();
    let desired: Vec<i32> = items.iter().map(|item| item.desired).collect();
    let observed: Vec<Option<i32>> = items.iter().map(|item| item.observed).collect();
    let open_until: Vec<DateTime<Utc>> = items
        .iter()
        .map(|item| now + applied_within(item.reason))
        .collect();

    let reasons: Vec<&str> = items.iter().map(|item| item.reason.as_str()).collect();
    // A raise may leave a part of the deficit for later: it goes on standing since the same time.
    let left: Vec<Option<i32>> = items
        .iter()
        .map(|item| item.left.map(|d| d.units))
        .collect();

    let since: Vec<Option<DateTime<Utc>>> = items
        .iter()
        .map(|item| item.left.map(|d| d.since))
        .collect();

    sqlx::query!(
        "WITH items AS (
             SELECT * FROM unnest($2::text[], $3::integer[], $4::integer[], $5::integer[], $6::text[],
                                  $7::integer[], $8::timestamptz[], $11::timestamptz[])
                 AS t (barcode, quantity, desired, observed, reason, deficit, since, open_until)
         ), sends AS (
             INSERT INTO orderwatch.stock_sends (batch, barcode, quantity, desired, observed, reason)
             SELECT $1, barcode, quantity, desired, observed, reason FROM items
         )
         UPDATE orderwatch.stock_items i SET
             sent = n.quantity, sent_at = $9, sent_batch = $1, plan = $10, open_until = n.open_until,
             watched_until = GREATEST(i.watched_until, $12), deficit = n.deficit, deficit_since = n.since
         FROM items n WHERE i.barcode = n.barcode",
        batch,
        &barcodes as &[&str],
        &quantities,
        &desired,
        &observed as &[Option<i32>],
        &reasons as &[&str],
        &left as &[Option<i32>],
        &since as &[Option<DateTime<Utc>>],
        now,
        plan,
        &open_until,
        now + WATCHED
    )
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::doing("writing a push down"))?;

    Ok(())
}

/// After this time an observation shows what is on sale, whatever the request says.
fn applied_within(reason: Reason) -> TimeDelta {
    match reason {
        Reason::Lower => READ_BACK_AFTER,
        Reason::Raise | Reason::RaiseSettled => RAISED_WITHIN,
    }
}

fn interval(time: TimeDelta) -> sqlx::postgres::types::PgInterval {
    sqlx::postgres::types::PgInterval {
        months: 0,
        days: 0,
        microseconds: time.num_microseconds().unwrap_or(i64::MAX),
    }
}
