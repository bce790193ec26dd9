//! The warehouse of the practice shop, for `demo`: rows as its real application writes them.
//!
//! A warehouse counts as the practice one when every product of it lies on the practice shelves, so
//! one that somebody else has filled is never cleared.

use super::{Store, StoreError, market_account::forget_market};

/// Shelves of the practice warehouse begin with this.
const SHELVES: &str = "PRACTICE-";

impl Store {
    /// Whether the warehouse's tables are empty, or hold the practice warehouse alone.
    pub(super) async fn is_practice_warehouse(&self) -> Result<bool, StoreError> {
        sqlx::query_scalar!(
            r#"SELECT NOT EXISTS (SELECT FROM public.raf_urunleri WHERE NOT starts_with(raf_kodu, $1))
                  AND NOT EXISTS (
                      SELECT FROM public.central_stock c
                      WHERE NOT EXISTS (SELECT FROM public.raf_urunleri r
                                        WHERE r.urun_barkodu = c.barcode))
                  AND (EXISTS (SELECT FROM public.raf_urunleri)
                       OR NOT EXISTS (SELECT FROM public.orders_created)
                          AND NOT EXISTS (SELECT FROM public.orders_picking)
                          AND NOT EXISTS (SELECT FROM public.orders_shipped)
                          AND NOT EXISTS (SELECT FROM public.orders_delivered)
                          AND NOT EXISTS (SELECT FROM public.orders_cancelled)
                          AND NOT EXISTS (SELECT FROM public.return_orders)
                          AND NOT EXISTS (SELECT FROM public.stock_push_log)) AS "is!""#,
            SHELVES
        )
        .fetch_one(&self.pool)
        .await
        .map_err(StoreError::doing("looking for a warehouse"))
    }

    /// Fills the practice warehouse afresh: bar codes with their pieces, on two shelves each.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be written.
    pub async fn open_practice_warehouse(&self, goods: &[(String, i32)]) -> Result<(), StoreError> {
        self.clear_practice_warehouse().await?;
        let (barcodes, pieces): (Vec<String>, Vec<i32>) = goods.iter().cloned().unzip();
        sqlx::query!(
            "WITH goods AS (
                 SELECT * FROM unnest($1::text[], $2::integer[]) AS t (barcode, pieces)
             ), stock AS (
                 INSERT INTO public.central_stock (barcode, qty) SELECT barcode, pieces FROM goods
             )
             INSERT INTO public.raf_urunleri (raf_kodu, urun_barkodu, adet)
             SELECT $3 || 'A', barcode, pieces / 2 FROM goods
             UNION ALL SELECT $3 || 'B', barcode, pieces - pieces / 2 FROM goods",
            &barcodes,
            &pieces,
            SHELVES
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("filling the practice warehouse"))?;
        Ok(())
    }

    /// Forgets all that the warehouse holds, and what orderwatch knows of it.
    async fn clear_practice_warehouse(&self) -> Result<(), StoreError> {
        let doing = StoreError::doing("clearing the practice warehouse");
        let mut transaction = self.pool.begin().await.map_err(&doing)?;
        sqlx::query!(
            "WITH a AS (DELETE FROM public.orders_created), b AS (DELETE FROM public.orders_picking),
                  c AS (DELETE FROM public.orders_shipped), d AS (DELETE FROM public.orders_delivered),
                  e AS (DELETE FROM public.orders_cancelled), f AS (DELETE FROM public.return_products),
                  g AS (DELETE FROM public.return_orders), h AS (DELETE FROM public.stock_push_log),
                  i AS (DELETE FROM public.raf_urunleri)
             DELETE FROM public.central_stock"
        )
        .execute(&mut *transaction)
        .await
        .map_err(&doing)?;
        forget_market(&mut transaction).await?;
        transaction.commit().await.map_err(doing)
    }

    /// Puts pieces of a product on the first shelf, or takes them away where that many lie there.
    /// Returns whether it did.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be written.
    pub async fn move_practice_goods(
        &self,
        barcode: &str,
        pieces: i32,
    ) -> Result<bool, StoreError> {
        let moved = sqlx::query!(
            "WITH shelf AS (
                 UPDATE public.raf_urunleri SET adet = adet + $2
                 WHERE raf_kodu = $3 || 'A' AND urun_barkodu = $1 AND adet + $2 >= 0
                 RETURNING urun_barkodu
             )
             UPDATE public.central_stock c SET qty = c.qty + $2, updated_at = now() AT TIME ZONE 'UTC'
             FROM shelf s WHERE c.barcode = s.urun_barkodu",
            barcode,
            pieces,
            SHELVES
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("moving goods"))?;
        Ok(moved.rows_affected() > 0)
    }

    /// Orders that wait to be picked, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Database`] when they cannot be read.
    pub async fn practice_orders_to_pick(&self) -> Result<Vec<String>, StoreError> {
        sqlx::query_scalar!("SELECT order_number FROM public.orders_created ORDER BY id")
            .fetch_all(&self.pool)
            .await
            .map_err(StoreError::doing("reading orders_created"))
    }

    /// What lies there.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be read.
    pub async fn practice_stock(&self) -> Result<Vec<(String, i32)>, StoreError> {
        let rows = sqlx::query!("SELECT barcode, qty FROM public.central_stock")
            .fetch_all(&self.pool)
            .await
            .map_err(StoreError::doing("reading central_stock"))?;
        Ok(rows.into_iter().map(|row| (row.barcode, row.qty)).collect())
    }

    /// Returns that were written down.
    ///
    /// # Errors
    /// [`StoreError::Database`] when they cannot be counted.
    pub async fn practice_returns(&self) -> Result<i64, StoreError> {
        sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM public.return_orders"#)
            .fetch_one(&self.pool)
            .await
            .map_err(StoreError::doing("counting returns"))
    }
}
