//! Shipment packages: which are known, and which need to be asked about.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::{Store, StoreError, Transaction};
use crate::stock::{owed::RESTED_AFTER, package_record::PackageRecord};

/// A package that was news.
#[derive(Debug)]
pub(crate) struct RecordedPackage {
    /// Whether it begins an order that was not known.
    pub(crate) begins: bool,
    /// Why the warehouse's table does not take the order's row; its units are reserved all the same.
    pub(crate) not_shown: Option<StoreError>,
}

impl Store {
    /// Of the given records, the positions of those that are known as they are, or better: one package may
    /// come twice. All of them are noted as seen.
    pub(crate) async fn known_packages(
        &self,
        records: &[PackageRecord],
        now: DateTime<Utc>,
    ) -> Result<HashSet<usize>, StoreError> {
        let doing = StoreError::doing("looking packages up");
        let ids: Vec<i64> = records.iter().map(|record| record.package_id).collect();
        let modified: Vec<i64> = records.iter().map(|record| record.modified_ms).collect();
        let prints = records.iter().map(|record| record.fingerprint.to_vec());
        let prints: Vec<Vec<u8>> = prints.collect();

        // Also those that are no news: the feed shows that they live, so nobody has to ask about them.
        sqlx::query!(
            "UPDATE orderwatch.packages SET last_seen_at = $2, asked_in_vain = 0
             WHERE package_id = ANY($1) AND effect IN ('reserved', 'unknown') AND last_seen_at < $2",
            &ids,
            now
        )
        .execute(&self.pool)
        .await
        .map_err(&doing)?;

        let places = sqlx::query_scalar!(
            r#"SELECT t.place AS "place!" FROM orderwatch.packages p
             JOIN unnest($1::bigint[], $2::bigint[], $3::bytea[])
                  WITH ORDINALITY AS t (id, modified_ms, fingerprint, place) ON t.id = p.package_id
             WHERE t.modified_ms > 0 AND p.modified_ms > t.modified_ms
                OR p.fingerprint = t.fingerprint AND p.mirrored"#,
            &ids,
            &modified,
            &prints
        )
        .fetch_all(&self.pool)
        .await
        .map_err(&doing)?;

        // `WITH ORDINALITY` counts from 1.
        let places = places
            .into_iter()
            .filter_map(|place| usize::try_from(place - 1).ok());

        Ok(places.collect())
    }

    /// Orders whose packages have been open for long and that the feed has not shown lately, and those
    /// that the warehouse's tables did not take: what is read of them again is shown again.
    pub(crate) async fn forgotten_orders(
        &self,
        seen_before: DateTime<Utc>,
        told_before: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<String>, StoreError> {
        // Last those of which only a status that nobody knows is open: there may be many, and asking does not
        // end them. From the third question without an answer on, the pause grows by 12 hours, to a week.
        sqlx::query_scalar!(
            "SELECT order_number FROM orderwatch.packages
             WHERE effect IN ('reserved', 'unknown')
               AND (first_seen_at < $1 AND last_seen_at < $2 OR NOT mirrored)
               AND (asked_in_vain = 0 OR last_seen_at < $2 - interval '12 hours' * LEAST(GREATEST(asked_in_vain - 2, 0), 14))
             GROUP BY order_number
             ORDER BY bool_and(effect = 'unknown'), min(last_seen_at), order_number LIMIT $3",
            seen_before,
            told_before,
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("looking for packages that are open long"))
    }

    /// Orders with an open package whose row the warehouse's tables did not take.
    pub(crate) async fn unshown_orders(&self) -> Result<Vec<String>, StoreError> {
        sqlx::query_scalar!(
            "SELECT DISTINCT order_number FROM orderwatch.packages
             WHERE effect IN ('reserved', 'unknown') AND NOT mirrored ORDER BY 1"
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("looking for orders that are not shown"))
    }

    /// Writes down that the marketplace was asked about an order at a time, and which open packages were
    /// not in its answer.
    pub(crate) async fn order_was_asked(
        &self,
        order: &str,
        asked_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        // What the answer named was recorded after the question went out; only the rest was asked in vain.
        sqlx::query!(
            "UPDATE orderwatch.packages
             SET last_seen_at = $3,
                 asked_in_vain = CASE WHEN last_seen_at < $2 AND effect IN ('reserved', 'unknown')
                                      THEN asked_in_vain + 1 ELSE 0 END
             WHERE order_number = $1",
            order,
            asked_at,
            now
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("noting that an order was asked about"))?;

        Ok(())
    }

    /// Forgets packages that ended before a time, and where their orders were put. Returns how many.
    pub(crate) async fn forget_packages(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        // However old, nothing that may still hold units.
        let gone = sqlx::query!(
            "WITH gone AS (
                 DELETE FROM orderwatch.packages
                 WHERE effect NOT IN ('reserved', 'unknown') AND changed_at < $1 AND first_seen_at < $1
                   AND (taken_at IS NOT NULL OR NOT unpicked AND NOT owing)
                 RETURNING order_number
             ), places AS (
                 DELETE FROM orderwatch.order_places o
                 WHERE o.order_number IN (SELECT order_number FROM gone) AND o.put_at < $1
             )
             SELECT order_number FROM gone",
            before
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("forgetting old packages"))?;

        Ok(u64::try_from(gone.len()).unwrap_or(u64::MAX))
    }
}

/// One writer per order, whatever it writes.
pub(super) async fn lock_order(
    transaction: &mut Transaction<'_>,
    order: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        r#"SELECT pg_advisory_xact_lock(hashtextextended('orderwatch order ' || $1, 0)) AS "locked!: ()""#,
        order
    )
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::doing("waiting for an order"))?;
    Ok(())
}

/// Since when a package that ended may still hold what other packages carry on.
pub(super) fn closed_since(now: DateTime<Utc>) -> DateTime<Utc> {
    now - RESTED_AFTER
}
