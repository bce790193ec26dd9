//! The warehouse's row of an order: in which table it stands, where orderwatch has put it, and the writing
//! of it. An order has one row, and what the warehouse's people did with it stands.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::{StoreError, Transaction};
use crate::stock::{mirror::OrderRowWrite, order_table::OrderTable};

/// Where the row of an order is, and what that says.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Standing {
    /// Where it is; of several rows the furthest counts.
    pub(super) stands: Option<OrderTable>,
    /// Where orderwatch put it last.
    pub(super) ours: Option<OrderTable>,
    /// Whether the application has collected the order where it stands.
    pub(super) collected: bool,
    /// Whether the warehouse keeps a ledger.
    pub(super) ledger: bool,
    /// Whether the ledger knows the order.
    pub(super) in_ledger: bool,
}

impl Standing {
    /// Whether the place of the row says that the units were taken.
    pub(super) fn is_taken(self) -> bool {
        if self.collected && !self.in_ledger {
            return true;
        }
        // With a ledger only that says it: the application also moves rows because Trendyol says so, without anybody
        // taking anything. Where we put the row ourselves, its place proves nothing; `orders_picking` does, since
        // only the warehouse and `pick` put it there.
        !self.ledger
            && self.stands.is_some_and(|stands| {
                stands.is_taken() && (stands == OrderTable::Picking || self.ours != Some(stands))
            })
    }

    /// Whether the order still waits to be collected by the warehouse.
    pub(super) fn waits(self) -> bool {
        use OrderTable::{Created, Preparing, ReadyToShip};
        !self.collected && matches!(self.stands, Some(Created | Preparing | ReadyToShip))
    }
}

pub(super) async fn standing(
    transaction: &mut Transaction<'_>,
    order: &str,
) -> Result<Standing, StoreError> {
    let found = standings(transaction, &[order.to_owned()]).await?;
    Ok(found.get(order).copied().unwrap_or_default())
}

pub(super) async fn standings(
    transaction: &mut Transaction<'_>,
    orders: &[String],
) -> Result<HashMap<String, Standing>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT o.number AS "number!", orderwatch.has_ledger() AS "ledger!", p.place AS "ours?",
                  COALESCE(s.places, '{}') AS "stands!", COALESCE(s.collected, false) AS "collected!",
                  m.order_number IS NOT NULL AS "in_ledger!"
           FROM unnest($1::text[]) AS o (number)
           LEFT JOIN (SELECT order_number, array_agg(place) AS places, bool_or(collected) AS collected
                      FROM orderwatch.order_standings($1) GROUP BY 1) s ON s.order_number = o.number
           LEFT JOIN (SELECT DISTINCT order_number FROM orderwatch.movements($1)) m
             ON m.order_number = o.number
           LEFT JOIN orderwatch.order_places p ON p.order_number = o.number"#,
        orders
    )
    .fetch_all(&mut *transaction)
    .await
    .map_err(StoreError::doing("looking for an order's row"))?;

    let found = rows.into_iter().map(|row| {
        let stands = row.stands.iter().map(|place| OrderTable::of_table(place));
        let standing = Standing {
            stands: stands.max(),
            ours: row.ours.as_deref().and_then(OrderTable::parse),
            collected: row.collected,
            ledger: row.ledger,
            in_ledger: row.in_ledger,
        };
        (row.number, standing)
    });

    Ok(found.collect())
}

pub(super) async fn show(
    transaction: &mut Transaction<'_>,
    order: &str,
    stands: Option<OrderTable>,
    row: &OrderRowWrite,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    // Only from before shipping: what has left the house comes back as a return.
    if row.table == OrderTable::Cancelled && stands.is_some_and(OrderTable::is_before_shipping) {
        return_cancelled(transaction, order, now).await?;
    }
    put_order(transaction, order, stands, row, now).await?;
    mirrored(transaction, order).await
}

/// What was picked for an order goes back to the shelves when it is cancelled. The application does it
/// when it moves the row, and sees nothing to do once the row was moved: so whoever moves it does it,
/// in the same transaction and under the application's key, which lets only one of them.
async fn return_cancelled(
    transaction: &mut Transaction<'_>,
    order: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let returned = sqlx::query!(
        r#"SELECT barcode AS "barcode!", units AS "units!", shelf
           FROM orderwatch.return_cancelled($1, $2)"#,
        order,
        now.naive_utc()
    )
    .fetch_all(&mut *transaction)
    .await
    .map_err(StoreError::doing(
        "putting a cancelled order back on the shelves",
    ))?;

    for line in returned {
        let (barcode, units) = (line.barcode, line.units);
        if let Some(shelf) = line.shelf {
            tracing::info!(
                order,
                barcode,
                units,
                shelf,
                "a cancelled order is back on its shelf"
            );
        } else {
            tracing::error!(
                order,
                barcode,
                units,
                "a cancelled order was picked, and no shelf has its product: put it back by hand"
            );
        }
    }

    Ok(())
}

/// Writes the row where it belongs, and remembers where that is.
pub(super) async fn put_order(
    transaction: &mut Transaction<'_>,
    order: &str,
    stands: Option<OrderTable>,
    row: &OrderRowWrite,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let doing = StoreError::doing("writing an order into the warehouse's table");
    sqlx::query!(
        r#"SELECT orderwatch.put_order($1, $2, $3, $4) AS "put!: ()""#,
        order,
        stands.map(OrderTable::as_str),
        row.table.as_str(),
        row.columns
    )
    .execute(&mut *transaction)
    .await
    .map_err(&doing)?;

    // After the row: a history that refuses its entry does not keep the order from the warehouse.
    sqlx::query!(
        r#"SELECT orderwatch.audit_order($1, $2, $3, $4) AS "written!: ()""#,
        order,
        stands.map(OrderTable::as_str),
        row.table.as_str(),
        row.columns
    )
    .execute(&mut *transaction)
    .await
    .map_err(&doing)?;

    sqlx::query!(
        "INSERT INTO orderwatch.order_places AS o (order_number, place, put_at)
         SELECT $1, $2, $3 WHERE $4::text IS DISTINCT FROM $2 OR $2 = 'created'
         ON CONFLICT (order_number) DO UPDATE SET place = EXCLUDED.place, put_at = EXCLUDED.put_at
         WHERE o.place <> EXCLUDED.place",
        order,
        row.table.as_str(),
        now,
        // A row that the warehouse has put there stays marked as such.
        stands.map(OrderTable::as_str)
    )
    .execute(&mut *transaction)
    .await
    .map_err(&doing)?;

    Ok(())
}

pub(super) async fn mirrored(
    transaction: &mut Transaction<'_>,
    order: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE orderwatch.packages SET mirrored = true WHERE order_number = $1 AND NOT mirrored",
        order
    )
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::doing("noting that an order is shown"))?;
    Ok(())
}
