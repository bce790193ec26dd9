//! A large warehouse, as its application would have left it.

use sqlx::{AssertSqlSafe, Connection};

use crate::support::database::Database;

/// Pieces that lie there of each product.
pub(crate) const PIECES: u32 = 5;

/// How much there is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// Barcodes.
    pub(crate) products: u32,
    /// Open packages of one piece each, of the first products.
    pub(crate) packages: u32,
}

impl Size {
    /// What is on sale of product number `n` before anything changes.
    pub(crate) fn on_sale(self, n: u32) -> u32 {
        PIECES - u32::from(n < self.packages)
    }
}

/// Puts the products in, [`PIECES`] of each.
pub(crate) async fn stock(database: &Database, products: u32) -> anyhow::Result<()> {
    let sql = format!(
        "INSERT INTO public.central_stock (barcode, qty)
         SELECT (8683772000000 + n)::text, {PIECES} FROM generate_series(0, {products} - 1) n;
         ANALYZE"
    );
    run(database, &sql).await
}

/// Puts all of it in.
pub(crate) async fn fill(database: &Database, size: Size) -> anyhow::Result<()> {
    stock(database, size.products).await?;
    let packages = size.packages;
    let sql = format!(
        "INSERT INTO orderwatch.packages (package_id, order_number, status, effect, modified_ms,
             changed_at, first_seen_at, last_seen_at, mirrored, lines, barcodes, content)
         SELECT n, n::text, 'Created', 'reserved', 1, now(), now(), now(), true,
                jsonb_build_array(jsonb_build_object('barcode', (8683772000000 + n)::text,
                                                     'quantity', 1, 'line_id', n)),
                ARRAY[(8683772000000 + n)::text], '{{}}'
         FROM generate_series(0, {packages} - 1) n;
         INSERT INTO public.orders_created (order_number, status, details, created_at, updated_at)
         SELECT n::text, 'Created', '[]', now(), now() FROM generate_series(0, {packages} - 1) n;
         ANALYZE"
    );
    run(database, &sql).await
}

/// Goods come in for every hundredth product.
pub(crate) async fn change(database: &Database) -> anyhow::Result<()> {
    let sql = "UPDATE public.central_stock SET qty = qty + 1
               WHERE (barcode::bigint - 8683772000000) % 100 = 1";
    run(database, sql).await
}

pub(crate) async fn run(database: &Database, sql: &str) -> anyhow::Result<()> {
    let mut connection = database.connect().await?;
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(&mut connection)
        .await?;
    Ok(connection.close().await?)
}
