//! What the marketplace has on sale, as it was read back.

use chrono::{DateTime, Utc};
use sqlx::{Postgres, Transaction};

use super::{Store, StoreError, pool::whole};
use crate::stock::plan::Missing;

/// A bar code as the marketplace lists it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Which.
    pub barcode: String,
    /// Units on sale; `None` when the marketplace does not list it.
    pub quantity: Option<i32>,
    /// The push that was open when it was read, by its time.
    pub open: Option<DateTime<Utc>>,
    /// Whether that push is settled by this.
    pub settles: bool,
    /// Whether what is on sale is what was pushed.
    pub pushed: bool,
    /// Units of the orders that were known when it was compared: those sold before the look before.
    pub told: i32,
    /// The same of those sold since.
    pub told_since: i32,
    /// Those of which it was not known whether a push has overwritten them.
    pub doubted: i32,
    /// Whether the push that was open is, or was, on sale: it has overwritten what was sold meanwhile.
    pub applied: bool,
    /// Units of the packages that were known to be cancelled then.
    pub given_back: i32,
    /// Sales that no order tells of yet.
    pub missing: Missing,
    /// Units of `quantity` that the marketplace has put on sale by itself.
    pub lifted: i32,
}

impl Store {
    /// Writes down what was read back; `at` is when the orders were added up, `asked` when the question
    /// went out. A push that went out meanwhile is not touched. Returns how many were written.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be written.
    pub async fn listed(
        &self,
        listed: &[Listed],
        at: DateTime<Utc>,
        asked: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let doing = StoreError::doing("writing down what is on sale");
        let barcodes: Vec<String> = listed.iter().map(|l| l.barcode.clone()).collect();
        let quantities: Vec<Option<i32>> = listed.iter().map(|l| l.quantity).collect();
        let opens: Vec<Option<DateTime<Utc>>> = listed.iter().map(|l| l.open).collect();
        let settles: Vec<bool> = listed.iter().map(|l| l.settles).collect();
        let told: Vec<i32> = listed.iter().map(|l| l.told).collect();
        let told_since: Vec<i32> = listed.iter().map(|l| l.told_since).collect();
        let doubted: Vec<i32> = listed.iter().map(|l| l.doubted).collect();
        let applied: Vec<bool> = listed.iter().map(|l| l.applied).collect();
        let given_back: Vec<i32> = listed.iter().map(|l| l.given_back).collect();
        let raised: Vec<i32> = listed.iter().map(|l| l.lifted).collect();
        let missing: Vec<i32> = listed.iter().map(|l| l.missing.units).collect();
        let missing_since: Vec<Option<DateTime<Utc>>> =
            listed.iter().map(|l| l.missing.since).collect();
        let work = async {
            let mut transaction = self.pool.begin().await.map_err(&doing)?;
            let written = sqlx::query!(
            "WITH listed AS (
                 SELECT * FROM unnest($1::text[], $2::integer[], $3::timestamptz[], $4::boolean[],
                                      $7::integer[], $8::timestamptz[], $9::integer[],
                                      $10::integer[], $11::integer[], $12::integer[], $13::boolean[],
                                      $5::integer[])
                     AS t (barcode, quantity, open, settles, missing, missing_since, told, given_back,
                           lifted, told_since, applied, doubted)
             ), overwrote AS (
                 UPDATE orderwatch.stock_sends s SET settled_at = $15
                 FROM listed l JOIN orderwatch.stock_items i ON i.barcode = l.barcode
                 WHERE l.applied AND l.settles AND i.sent_at = l.open
                   AND s.batch = i.sent_batch AND s.barcode = i.barcode
             )
             INSERT INTO orderwatch.stock_items AS i
                 (barcode, confirmed, confirmed_at, missing, missing_since, lifted, looked_at)
             SELECT barcode, quantity, $6, missing, missing_since, lifted, $14 FROM listed
             ON CONFLICT (barcode) DO UPDATE SET
                 confirmed = EXCLUDED.confirmed, confirmed_at = EXCLUDED.confirmed_at,
                 missing = EXCLUDED.missing, missing_since = EXCLUDED.missing_since,
                 lifted = EXCLUDED.lifted, looked_at = EXCLUDED.looked_at,
                 -- Orders that became known meanwhile are for the next look.
                 told = i.told - (SELECT l.told FROM listed l WHERE l.barcode = EXCLUDED.barcode),
                 told_since_look = (SELECT CASE WHEN l.applied THEN 0 ELSE i.told_since_look - l.told_since END
                                    FROM listed l WHERE l.barcode = EXCLUDED.barcode),
                 doubted = i.doubted - (SELECT l.doubted FROM listed l WHERE l.barcode = EXCLUDED.barcode),
                 given_back = i.given_back
                     - (SELECT l.given_back FROM listed l WHERE l.barcode = EXCLUDED.barcode),
                 sent = NULL, sent_at = NULL, fate = NULL
             WHERE i.sent_at IS NOT DISTINCT FROM
                       (SELECT l.open FROM listed l WHERE l.barcode = EXCLUDED.barcode)
               AND (i.sent IS NULL
                    OR (SELECT l.settles FROM listed l WHERE l.barcode = EXCLUDED.barcode))",
            &barcodes,
            &quantities as &[Option<i32>],
            &opens as &[Option<DateTime<Utc>>],
            &settles,
            &doubted,
            at,
            &missing,
            &missing_since as &[Option<DateTime<Utc>>],
            &told,
            &given_back,
            &raised,
            &told_since,
            &applied,
            asked,
            now
        )
        .execute(&mut *transaction)
        .await
        .map_err(&doing)?;
            let pushed = listed.iter().filter(|l| l.pushed && l.settles);
            let pushed: Vec<_> = pushed
                .filter_map(|l| Some((l.barcode.clone(), l.open?)))
                .collect();
            note_pushed(&mut transaction, &pushed).await?;
            transaction.commit().await.map_err(&doing)?;
            Ok(written.rows_affected())
        };
        whole(work, "writing down what is on sale").await
    }
}

/// Tells the warehouse when each product was last confirmed, where it has a column for it.
pub(super) async fn note_pushed(
    transaction: &mut Transaction<'_, Postgres>,
    pushed: &[(String, DateTime<Utc>)],
) -> Result<(), StoreError> {
    if pushed.is_empty() {
        return Ok(());
    }
    let (barcodes, times): (Vec<String>, Vec<DateTime<Utc>>) = pushed.iter().cloned().unzip();
    sqlx::query!(
        r#"SELECT orderwatch.note_pushed($1, $2) AS "noted!: ()""#,
        &barcodes,
        &times
    )
    .execute(&mut **transaction)
    .await
    .map_err(StoreError::doing("writing last_push_date"))?;
    Ok(())
}
