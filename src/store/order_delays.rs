//! From a sale to the moment at which the feed shows it: what overselling is made of.
//!
//! A decaying histogram: what was measured a day before counts for half.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgExecutor;

use super::{StoreError, Transaction};
use crate::stock::pace::{DELAY_BINS, DelayBin, OrderDelay};

/// Half of what counts is younger than this, in seconds.
const HALF_LIFE: f64 = 86_400.0;
/// An order that was made while nobody read the feed says nothing about the feed.
const READ_LATELY: TimeDelta = TimeDelta::minutes(5);

/// The mean delay, as far as it was measured.
pub(super) async fn order_delay(
    transaction: &mut Transaction<'_>,
    now: DateTime<Utc>,
) -> Result<OrderDelay, StoreError> {
    Ok(OrderDelay::of(&bins(&mut *transaction, now).await?))
}

/// The measured delays, the shortest first.
pub(super) async fn bins(
    executor: impl PgExecutor<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<DelayBin>, StoreError> {
    // Decayed as it is read, so that no row is touched while nothing is sold.
    let rows = sqlx::query!(
        r#"SELECT seconds_up_to, orders * d.share AS "orders!", seconds * d.share AS "seconds!"
           FROM orderwatch.order_delays,
                LATERAL (SELECT power(0.5, GREATEST(extract(epoch FROM $1::timestamptz - at), 0)::float8 / $2)
                                AS share) d
           ORDER BY seconds_up_to"#,
        now,
        HALF_LIFE
    )
    .fetch_all(executor)
    .await
    .map_err(StoreError::doing("reading how late orders become known"))?;

    let bins = rows.into_iter().map(|row| DelayBin {
        // The last bin has no upper end.
        up_to: (row.seconds_up_to < i32::MAX).then_some(row.seconds_up_to),
        orders: row.orders,
        seconds: row.seconds,
    });

    Ok(bins.collect())
}

/// Measures an order that became known just now, while the feeds were read.
pub(super) async fn measure(
    transaction: &mut Transaction<'_>,
    sold_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    // The marketplace's clock may be ahead of ours.
    let seconds = (now - sold_at).as_seconds_f64().max(0.0);
    let bin = DELAY_BINS
        .into_iter()
        .find(|bin| seconds <= f64::from(*bin));

    sqlx::query!(
        "INSERT INTO orderwatch.order_delays AS d (seconds_up_to, orders, seconds, at)
         SELECT $1, 1, $2, $3
         WHERE EXISTS (SELECT FROM orderwatch.feeds WHERE good_at > $5)
         ON CONFLICT (seconds_up_to) DO UPDATE SET
             orders = d.orders * power(0.5, GREATEST(extract(epoch FROM $3 - d.at), 0)::float8 / $4) + 1,
             seconds = d.seconds * power(0.5, GREATEST(extract(epoch FROM $3 - d.at), 0)::float8 / $4) + $2,
             at = GREATEST(d.at, $3)",
        bin.unwrap_or(i32::MAX),
        seconds,
        now,
        HALF_LIFE,
        now - READ_LATELY
    )
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::doing("measuring how late an order became known"))?;

    Ok(())
}
