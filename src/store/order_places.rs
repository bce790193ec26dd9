//! The warehouse's row of an order: in which table it stands, where orderwatch has put it, and the
//! writing of it.

use chrono::{DateTime, Utc};
use sqlx::{Postgres, Transaction};

use super::{StoreError, packages::Put};
use crate::stock::place::Place;

/// Where the row is, and where we put it. Of several rows the furthest counts.
pub(super) async fn places(
    transaction: &mut Transaction<'_, Postgres>,
    order: &str,
) -> Result<(Option<Place>, Option<Place>), StoreError> {
    let row = sqlx::query!(
        r#"SELECT ARRAY(
               SELECT 'created' FROM public.orders_created WHERE order_number = $1
               UNION ALL SELECT 'picking' FROM public.orders_picking WHERE order_number = $1
               UNION ALL SELECT 'shipped' FROM public.orders_shipped WHERE order_number = $1
               UNION ALL SELECT 'delivered' FROM public.orders_delivered WHERE order_number = $1
               UNION ALL SELECT 'cancelled' FROM public.orders_cancelled WHERE order_number = $1
           ) AS "stands!",
           (SELECT place FROM orderwatch.order_places WHERE order_number = $1) AS ours"#,
        order
    )
    .fetch_one(&mut **transaction)
    .await
    .map_err(StoreError::doing("looking for an order's row"))?;
    let stands = row.stands.iter().filter_map(|place| Place::parse(place));
    Ok((stands.max(), row.ours.as_deref().and_then(Place::parse)))
}

/// Whether the warehouse has moved the row to where orders are whose units were taken.
pub(super) fn is_moved(stands: Option<Place>, ours: Option<Place>) -> bool {
    stands.is_some_and(|stands| {
        stands.is_taken() && (stands == Place::Picking || ours != Some(stands))
    })
}

pub(super) async fn show(
    transaction: &mut Transaction<'_, Postgres>,
    order: &str,
    stands: Option<Place>,
    put: &Put,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    put_order(transaction, order, stands, put, now).await?;
    mirrored(transaction, order).await
}

/// Writes the row where it belongs, and remembers where that is.
pub(super) async fn put_order(
    transaction: &mut Transaction<'_, Postgres>,
    order: &str,
    stands: Option<Place>,
    put: &Put,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let doing = StoreError::doing("writing an order into the warehouse's table");
    sqlx::query!(
        r#"SELECT orderwatch.put_order($1, $2, $3, $4) AS "put!: ()""#,
        order,
        stands.map(Place::as_str),
        put.place.as_str(),
        put.facts
    )
    .execute(&mut **transaction)
    .await
    .map_err(&doing)?;
    sqlx::query!(
        "INSERT INTO orderwatch.order_places AS o (order_number, place, put_at)
         SELECT $1, $2, $3 WHERE $4::text IS DISTINCT FROM $2 OR $2 = 'created'
         ON CONFLICT (order_number) DO UPDATE SET place = EXCLUDED.place, put_at = EXCLUDED.put_at
         WHERE o.place <> EXCLUDED.place",
        order,
        put.place.as_str(),
        now,
        // A row that the warehouse has put there stays marked as such.
        stands.map(Place::as_str)
    )
    .execute(&mut **transaction)
    .await
    .map_err(&doing)?;
    Ok(())
}

pub(super) async fn mirrored(
    transaction: &mut Transaction<'_, Postgres>,
    order: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE orderwatch.packages SET mirrored = true WHERE order_number = $1 AND NOT mirrored",
        order
    )
    .execute(&mut **transaction)
    .await
    .map_err(StoreError::doing("noting that an order is shown"))?;
    Ok(())
}
