//! Returns, as the warehouse's application keeps them.
//!
//! Ids are made of the claim's, so a return that is read twice is written once. What the warehouse's
//! people decide (`processed_by`, `notes`, `approval_reason`, `return_category`) is never touched,
//! nor a status that they have set since.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::{Value, json};
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::{Store, StoreError, pool::whole};

/// A return.
#[derive(Clone, Debug, Default)]
pub struct NewReturn {
    /// The claim's name at the marketplace.
    pub claim_id: String,
    /// `return_orders.id`.
    pub id: Uuid,
    /// The order.
    pub order_number: Option<String>,
    /// Where it stands.
    pub status: String,
    /// When the customer asked for it; UTC.
    pub return_date: Option<NaiveDateTime>,
    /// When it last changed, once it is settled; UTC.
    pub process_date: Option<NaiveDateTime>,
    /// Who sends it.
    pub first_name: Option<String>,
    /// Who sends it.
    pub last_name: Option<String>,
    /// The parcel.
    pub tracking_number: Option<String>,
    /// The parcel service.
    pub provider_name: Option<String>,
    /// Its number for the sender.
    pub sender_number: Option<String>,
    /// Where the parcel is followed.
    pub tracking_link: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// What the customer wrote.
    pub explanation: Option<String>,
    /// What the pieces cost.
    pub refund: Option<f64>,
    /// When the marketplace last changed it.
    pub modified_at: Option<DateTime<Utc>>,
    /// What comes back, piece by piece.
    pub pieces: Vec<ReturnedPiece>,
}

/// A piece that comes back.
#[derive(Clone, Debug, Default)]
pub struct ReturnedPiece {
    /// `return_products.id`.
    pub id: Uuid,
    /// The marketplace's name of it.
    pub claim_item: String,
    /// The product.
    pub barcode: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its size.
    pub size: Option<String>,
    /// Its colour.
    pub color: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

impl Store {
    /// Writes a return down. False when there is nothing new, or the warehouse's application keeps them.
    ///
    /// # Errors
    /// [`StoreError::Database`] when it cannot be written; nothing is then.
    pub async fn record_return(
        &self,
        new: &NewReturn,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        if !self.mirror {
            return Ok(false);
        }
        let work = async {
            let doing = StoreError::doing("writing a return down");
            let mut transaction = self.pool.begin().await.map_err(&doing)?;
            let before = sqlx::query_scalar!(
                "SELECT status FROM orderwatch.claims WHERE claim_id = $1 FOR UPDATE",
                new.claim_id
            )
            .fetch_optional(&mut *transaction)
            .await
            .map_err(&doing)?;
            let (id, pieces) = write(&mut transaction, new, before.as_deref()).await?;
            sqlx::query!(
            "INSERT INTO orderwatch.claims (claim_id, return_order_id, status, modified_at, seen_at)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (claim_id) DO UPDATE SET
                 status = EXCLUDED.status, modified_at = EXCLUDED.modified_at,
                 seen_at = EXCLUDED.seen_at",
            new.claim_id,
            id,
            new.status,
            new.modified_at,
            now
        )
            .execute(&mut *transaction)
            .await
            .map_err(&doing)?;
            transaction.commit().await.map_err(&doing)?;
            Ok(pieces > 0 || before.as_deref() != Some(&new.status))
        };
        whole(work, "writing a return down").await
    }
}

/// The return with its pieces. Returns its id, and how many pieces were new.
pub(super) async fn write(
    transaction: &mut Transaction<'_, Postgres>,
    new: &NewReturn,
    before: Option<&str>,
) -> Result<(Uuid, u64), StoreError> {
    let id = upsert(transaction, new, before).await?;
    Ok((id, add_pieces(transaction, new, id).await?))
}

/// A status that somebody in the warehouse has set since ours stands.
async fn upsert(
    transaction: &mut Transaction<'_, Postgres>,
    new: &NewReturn,
    before: Option<&str>,
) -> Result<Uuid, StoreError> {
    sqlx::query_scalar!(
        "INSERT INTO public.return_orders AS r
             (id, order_number, return_request_number, status, return_date, process_date,
              customer_first_name, customer_last_name, cargo_tracking_number,
              cargo_provider_name, cargo_sender_number, cargo_tracking_link, return_reason,
              customer_explanation, refund_amount)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         ON CONFLICT (return_request_number) DO UPDATE SET
             status = CASE WHEN r.status IS NULL OR r.status = $16 THEN EXCLUDED.status
                           ELSE r.status END,
             process_date = COALESCE(r.process_date, EXCLUDED.process_date),
             cargo_tracking_number =
                 COALESCE(EXCLUDED.cargo_tracking_number, r.cargo_tracking_number),
             cargo_provider_name = COALESCE(EXCLUDED.cargo_provider_name, r.cargo_provider_name),
             cargo_sender_number = COALESCE(EXCLUDED.cargo_sender_number, r.cargo_sender_number),
             cargo_tracking_link = COALESCE(EXCLUDED.cargo_tracking_link, r.cargo_tracking_link),
             refund_amount = COALESCE(EXCLUDED.refund_amount, r.refund_amount)
         RETURNING id",
        new.id,
        new.order_number,
        new.claim_id,
        new.status,
        new.return_date,
        new.process_date,
        new.first_name,
        new.last_name,
        new.tracking_number,
        new.provider_name,
        new.sender_number,
        new.tracking_link,
        new.reason,
        new.explanation,
        new.refund,
        before
    )
    .fetch_one(&mut **transaction)
    .await
    .map_err(StoreError::doing("writing a return down"))
}

/// Adds the pieces that are missing; none where the warehouse's application has written its own.
async fn add_pieces(
    transaction: &mut Transaction<'_, Postgres>,
    new: &NewReturn,
    id: Uuid,
) -> Result<u64, StoreError> {
    let ids: Vec<Uuid> = new.pieces.iter().map(|piece| piece.id).collect();
    let doing = StoreError::doing("writing returned pieces down");
    let others = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM public.return_products p
                          WHERE p.return_order_id = $1 AND p.id <> ALL ($2)) AS "others!""#,
        id,
        &ids
    )
    .fetch_one(&mut **transaction)
    .await
    .map_err(&doing)?;
    if others {
        return Ok(0);
    }

    let mut added = 0;
    for piece in &new.pieces {
        let is_new = sqlx::query_scalar!(
            r#"SELECT orderwatch.add_row('public.return_products', $1) AS "new!""#,
            row(piece, id)
        )
        .fetch_one(&mut **transaction)
        .await
        .map_err(&doing)?;
        added += u64::from(is_new);
    }
    let names: Vec<String> = new.pieces.iter().map(|p| p.claim_item.clone()).collect();
    sqlx::query!(
        r#"SELECT orderwatch.name_pieces($1, $2) AS "named!: ()""#,
        &ids,
        &names
    )
    .execute(&mut **transaction)
    .await
    .map_err(StoreError::doing("naming returned pieces"))?;
    Ok(added)
}

/// The columns of a piece, as far as the table has them. Nothing is on a shelf yet: what somebody holds in
/// his hands, the warehouse's people say.
fn row(piece: &ReturnedPiece, id: Uuid) -> Value {
    json!({
        "id": piece.id,
        "return_order_id": id,
        "barcode": piece.barcode,
        "product_name": piece.name,
        "size": piece.size,
        "color": piece.color,
        "quantity": 1,
        "reason": piece.reason,
        "return_to_stock": false,
    })
}
