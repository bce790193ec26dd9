//! A warehouse whose goods all lie on the practice shelves: one that somebody else has filled is
//! never cleared.

use chrono::{DateTime, Utc};

use super::Database;

/// Shelves of the practice warehouse begin with this.
const SHELVES: &str = "PRACTICE-";

impl Database {
    /// Whether the warehouse's tables are empty, or hold the practice warehouse alone.
    pub(super) async fn is_practice_warehouse(&self) -> sqlx::Result<bool> {
        sqlx::query_scalar(
            "SELECT NOT EXISTS (SELECT FROM public.raf_urunleri WHERE NOT starts_with(raf_kodu, $1))
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
                        AND NOT EXISTS (SELECT FROM public.stock_push_log))",
        )
        .bind(SHELVES)
        .fetch_one(&self.pool)
        .await
    }

    /// Fills the warehouse afresh: barcodes with their pieces, on two shelves each.
    pub(in crate::demo) async fn open_warehouse(
        &self,
        goods: &[(String, i32)],
    ) -> sqlx::Result<()> {
        let mut transaction = self.pool.begin().await?;
        sqlx::raw_sql(
            "TRUNCATE orderwatch.packages, orderwatch.order_places, orderwatch.feeds,
                 orderwatch.stock_sends, orderwatch.stock_batches, orderwatch.stock_items,
                 orderwatch.picking_outbox, orderwatch.claims, orderwatch.order_delays,
                 orderwatch.order_calls, public.orders_created, public.orders_picking,
                 public.orders_shipped, public.orders_delivered, public.orders_cancelled,
                 public.return_products, public.return_orders, public.stock_push_log,
                 public.raf_urunleri, public.central_stock CASCADE",
        )
        .execute(&mut *transaction)
        .await?;

        let (barcodes, pieces): (Vec<String>, Vec<i32>) = goods.iter().cloned().unzip();
        sqlx::query(
            "WITH goods AS (
                 SELECT * FROM unnest($1::text[], $2::integer[]) AS t (barcode, pieces)
             ), stock AS (
                 INSERT INTO public.central_stock (barcode, qty) SELECT barcode, pieces FROM goods
             )
             INSERT INTO public.raf_urunleri (raf_kodu, urun_barkodu, adet)
             SELECT $3 || 'A', barcode, pieces / 2 FROM goods
             UNION ALL SELECT $3 || 'B', barcode, pieces - pieces / 2 FROM goods",
        )
        .bind(barcodes)
        .bind(pieces)
        .bind(SHELVES)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await
    }

    /// Puts pieces of a product on the first shelf, or takes them away where that many lie there.
    /// Returns whether it did.
    pub(in crate::demo) async fn move_goods(
        &self,
        barcode: &str,
        pieces: i32,
    ) -> sqlx::Result<bool> {
        let moved = sqlx::query(
            "WITH shelf AS (
                 UPDATE public.raf_urunleri SET adet = adet + $2
                 WHERE raf_kodu = $3 || 'A' AND urun_barkodu = $1 AND adet + $2 >= 0
                 RETURNING urun_barkodu
             )
             UPDATE public.central_stock c SET qty = c.qty + $2, updated_at = now() AT TIME ZONE 'UTC'
             FROM shelf s WHERE c.barcode = s.urun_barkodu",
        )
        .bind(barcode)
        .bind(pieces)
        .bind(SHELVES)
        .execute(&self.pool)
        .await?;

        Ok(moved.rows_affected() > 0)
    }

    /// The order that has waited longest to be picked.
    pub(in crate::demo) async fn order_to_pick(&self) -> sqlx::Result<Option<String>> {
        sqlx::query_scalar("SELECT order_number FROM public.orders_created ORDER BY id LIMIT 1")
            .fetch_optional(&self.pool)
            .await
    }

    pub(in crate::demo) async fn stock(&self) -> sqlx::Result<Vec<(String, i32)>> {
        sqlx::query_as("SELECT barcode, qty FROM public.central_stock")
            .fetch_all(&self.pool)
            .await
    }

    /// Returns that were written down, and passes over the stock.
    pub(in crate::demo) async fn returns_and_passes(&self) -> sqlx::Result<(i64, i64)> {
        sqlx::query_as(
            "SELECT (SELECT count(*) FROM public.return_orders),
                    (SELECT count(*) FROM public.stock_push_log)",
        )
        .fetch_one(&self.pool)
        .await
    }

    /// Whether orderwatch has read the orders since, has pushed, and knows what became of every push.
    pub(in crate::demo) async fn knows_all(&self, since: DateTime<Utc>) -> sqlx::Result<bool> {
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM orderwatch.feeds WHERE feed = 'trendyol orders' AND good_at > $1)
                AND EXISTS (SELECT FROM public.stock_push_log)
                AND NOT EXISTS (SELECT FROM orderwatch.stock_batches
                                WHERE state IN ('sending', 'queued', 'unknown'))",
        )
        .bind(since)
        .fetch_one(&self.pool)
        .await
    }
}
