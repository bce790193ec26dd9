//! Returns, as the warehouse's application keeps them.
//!
//! Ids are made of the claim's, so a return that is read twice is written once. What the warehouse's
//! people decide (`processed_by`, `notes`, `approval_reason`, `return_category`) is never touched,
//! nor a status that they have set since.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use uuid::Uuid;

use super::{Store, StoreError, Transaction, pool::whole};
use crate::stock::{Claim, ClaimItem, Personal, claim_uuid};

impl Store {
    /// Writes a return down. False when there is nothing new, or the warehouse's application keeps them. When
    /// the database fails, nothing is written.
    pub(crate) async fn record_return(
        &self,
        claim: &Claim,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        if !self.mirror {
            return Ok(false);
        }

        let work = async {
            let doing = StoreError::doing("writing a return down");
            let status = claim.status().as_str();
            let mut transaction = self.pool.begin().await.map_err(&doing)?;
            // What we wrote last tells a status of ours from one that the warehouse's people have set since.
            let before = sqlx::query_scalar!(
                "SELECT status FROM orderwatch.claims WHERE claim_id = $1 FOR UPDATE",
                claim.id
            )
            .fetch_optional(&mut transaction)
            .await
            .map_err(&doing)?;

            let (id, pieces) = write(&mut transaction, claim, before.as_deref()).await?;
            sqlx::query!(
            "INSERT INTO orderwatch.claims (claim_id, return_order_id, status, modified_at, seen_at)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (claim_id) DO UPDATE SET
                 status = EXCLUDED.status, modified_at = EXCLUDED.modified_at,
                 seen_at = EXCLUDED.seen_at",
            claim.id,
            id,
            status,
            claim.last_modified,
            now
        )
            .execute(&mut transaction)
            .await
            .map_err(&doing)?;

            transaction.commit().await.map_err(&doing)?;
            Ok(pieces > 0 || before.as_deref() != Some(status))
        };

        whole(work, "writing a return down").await
    }
}

/// The return with its pieces. Returns its id, and how many pieces were new.
pub(super) async fn write(
    transaction: &mut Transaction<'_>,
    claim: &Claim,
    before: Option<&str>,
) -> Result<(Uuid, u64), StoreError> {
    let id = upsert(transaction, claim, before).await?;
    Ok((id, add_pieces(transaction, claim, id).await?))
}

async fn upsert(
    transaction: &mut Transaction<'_>,
    claim: &Claim,
    before: Option<&str>,
) -> Result<Uuid, StoreError> {
    // A status that somebody in the warehouse has set since ours stands, and what the marketplace leaves out
    // this time does not erase what is known.
    let id = sqlx::query_scalar!(
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
        claim_uuid(&claim.id),
        claim.order_number,
        claim.id,
        claim.status().as_str(),
        claim.claim_date.map(|at| at.naive_utc()),
        claim.settled_at().map(|at| at.naive_utc()),
        personal(claim.customer.first_name.as_ref()),
        personal(claim.customer.last_name.as_ref()),
        claim.cargo.tracking_number,
        claim.cargo.provider_name,
        claim.cargo.sender_number,
        personal(claim.cargo.tracking_link.as_ref()),
        claim.items.iter().find_map(|item| item.reason.as_deref()),
        claim
            .items
            .iter()
            .find_map(|item| personal(item.customer_note.as_ref())),
        claim.refund(),
        before
    )
    .fetch_one(&mut *transaction)
    .await;

    id.map_err(StoreError::doing("writing a return down"))
}

/// Adds the pieces that are missing; none where the warehouse's application has written its own.
async fn add_pieces(
    transaction: &mut Transaction<'_>,
    claim: &Claim,
    id: Uuid,
) -> Result<u64, StoreError> {
    let ids: Vec<Uuid> = claim
        .items
        .iter()
        .map(|item| claim_uuid(&item.id))
        .collect();
    let doing = StoreError::doing("writing returned pieces down");
    // The application has ids of its own: beside its pieces, ours would be the same goods a second time.
    let others = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM public.return_products p
                          WHERE p.return_order_id = $1 AND p.id <> ALL ($2)) AS "others!""#,
        id,
        &ids
    )
    .fetch_one(&mut *transaction)
    .await
    .map_err(&doing)?;
    if others {
        return Ok(0);
    }

    let mut added = 0;
    for item in &claim.items {
        let is_new = sqlx::query_scalar!(
            r#"SELECT orderwatch.add_row('public.return_products', $1) AS "new!""#,
            row(item, id)
        )
        .fetch_one(&mut *transaction)
        .await
        .map_err(&doing)?;
        added += u64::from(is_new);
    }

    let names: Vec<String> = claim.items.iter().map(|item| item.id.clone()).collect();
    // The application finds a piece by the marketplace's name, and adds it again where that is missing.
    sqlx::query!(
        r#"SELECT orderwatch.name_pieces($1, $2) AS "named!: ()""#,
        &ids,
        &names
    )
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::doing("naming returned pieces"))?;

    Ok(added)
}

/// The columns of a piece, as far as the table has them. Nothing is on a shelf yet: what somebody holds in
/// his hands, the warehouse's people say.
fn row(item: &ClaimItem, return_order: Uuid) -> Value {
    json!({
        "id": claim_uuid(&item.id),
        "return_order_id": return_order,
        "barcode": item.barcode,
        "product_name": item.product_name,
        "size": item.product_size,
        "color": item.product_color,
        "quantity": 1,
        "reason": item.reason,
        "return_to_stock": false,
    })
}

fn personal(text: Option<&Personal>) -> Option<&str> {
    text.map(Personal::expose)
}
