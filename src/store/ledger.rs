//! The warehouse's tables that not every warehouse has: its ledger, its aliases, its other order tables.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};

use super::{Person, Store, StoreError, Transaction, packages::lock_order, pool::whole};
use crate::stock::{
    details::OrderRow,
    ledger::{Facts, Movement},
    names::Names,
    order_table::OrderTable,
    owed::ASKED_IN_VAIN,
};

impl Store {
    /// Order tables of the warehouse that orderwatch does not know. What stands there counts as sold.
    pub async fn unknown_order_tables(&self) -> Result<Vec<String>, StoreError> {
        sqlx::query_scalar!(
            r#"SELECT relation::text AS "name!" FROM orderwatch.order_tables() WHERE NOT known"#
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("looking for order tables"))
    }

    /// Notes that the ledger accounts for all units of these packages, which were shipped.
    pub(crate) async fn packages_were_taken(
        &self,
        packages: &[i64],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        // Only what was shipped: an open package is ended by its own pick.
        sqlx::query!(
            "UPDATE orderwatch.packages SET taken_at = $2
             WHERE package_id = ANY($1) AND taken_at IS NULL AND effect = 'left'",
            packages,
            now
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("noting what the ledger accounts for"))?;
        Ok(())
    }

    /// Ends the reservation of an order's packages that nothing else ends: a person says that their units
    /// were not, or will not be, taken from these shelves. They were shipped although nobody has picked
    /// them, dissolved without other packages that carry them on, passed on between sellers, or the
    /// marketplace does not answer about them any more. Returns their ids.
    pub async fn release_packages(
        &self,
        order: &str,
        person: &Person,
        now: DateTime<Utc>,
    ) -> Result<Vec<i64>, StoreError> {
        let work = async {
            let doing = StoreError::doing("releasing packages");
            let mut transaction = self.pool.begin().await.map_err(&doing)?;
            // Against a record of the same order that is being written.
            lock_order(&mut transaction, order).await?;
            // Only what nothing else ends; all others are ended by what the marketplace reports.
            let released = sqlx::query_scalar!(
                "UPDATE orderwatch.packages
                 SET taken_at = $2, released_at = $2, released_by = $3, release_reason = $4
                 WHERE order_number = $1 AND taken_at IS NULL
                   AND (effect = 'left' AND unpicked OR owing
                        OR effect IN ('reserved', 'unknown') AND (transferred OR asked_in_vain >= $5))
                 RETURNING package_id",
                order,
                now,
                person.who,
                person.why,
                ASKED_IN_VAIN
            )
            .fetch_all(&mut transaction)
            .await
            .map_err(&doing)?;

            transaction.commit().await.map_err(&doing)?;
            Ok(released)
        };

        whole(work, "releasing packages").await
    }
}

/// The names of the products, and what the ledger says of these orders.
pub(super) async fn facts(
    transaction: &mut Transaction<'_>,
    orders: &[String],
) -> Result<Facts, StoreError> {
    Ok(Facts {
        names: Arc::new(names(transaction).await?),
        movements: movements(transaction, orders).await?,
    })
}

pub(super) async fn names(transaction: &mut Transaction<'_>) -> Result<Names, StoreError> {
    let doing = StoreError::doing("reading the names of the products");
    let aliases = sqlx::query!(
        r#"SELECT alias AS "alias!", main AS "main!" FROM orderwatch.barcode_aliases()"#
    )
    .fetch_all(&mut *transaction)
    .await
    .map_err(&doing)?;

    // Only those with letters: a number is written in one way.
    let barcodes =
        sqlx::query_scalar!(r#"SELECT barcode AS "barcode!" FROM orderwatch.lettered_barcodes()"#)
            .fetch_all(&mut *transaction)
            .await
            .map_err(&doing)?;

    Ok(Names::new(
        aliases.into_iter().map(|row| (row.alias, row.main)),
        barcodes,
    ))
}

/// `None` where the warehouse keeps no ledger.
pub(super) async fn movements(
    transaction: &mut Transaction<'_>,
    orders: &[String],
) -> Result<Option<Vec<Movement>>, StoreError> {
    let doing = StoreError::doing("reading the ledger");
    let kept = sqlx::query_scalar!(r#"SELECT orderwatch.has_ledger() AS "kept!""#)
        .fetch_one(&mut *transaction)
        .await
        .map_err(&doing)?;

    // Not an empty list: without a ledger the place of an order's row says what was taken.
    if !kept {
        return Ok(None);
    }

    let movements = sqlx::query_as!(
        Movement,
        r#"SELECT order_number AS "order!", barcode AS "barcode!", units AS "units!"
           FROM orderwatch.movements($1)"#,
        orders
    )
    .fetch_all(&mut *transaction)
    .await
    .map_err(&doing)?;

    Ok(Some(movements))
}

/// A row of an order table, and whether the application has collected its order there.
pub(super) struct FoundRow {
    place: OrderTable,
    collected: bool,
    row: OrderRow,
}

/// Rows of orders that are not shipped: those of the numbers, or all that no package stands behind.
pub(super) async fn found_rows(
    transaction: &mut Transaction<'_>,
    orders: Option<&[String]>,
) -> Result<Vec<FoundRow>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT place AS "place!", collected AS "collected!", id AS "id!",
                  order_number AS "order_number!", details, product_barcode, quantity
           FROM orderwatch.order_rows($1) WHERE order_number IS NOT NULL ORDER BY id"#,
        orders as _
    )
    .fetch_all(&mut *transaction)
    .await
    .map_err(StoreError::doing("reading the warehouse's orders"))?;

    let found = rows.into_iter().map(|row| FoundRow {
        place: OrderTable::of_table(&row.place),
        collected: row.collected,
        row: OrderRow {
            table: format!("orders_{}", row.place),
            id: row.id,
            order_number: row.order_number,
            details: row.details,
            product_barcode: row.product_barcode,
            quantity: row.quantity,
        },
    });

    Ok(found.collect())
}

/// The orders of rows, each once.
pub(super) fn orders_of(found: &[FoundRow]) -> HashSet<String> {
    found
        .iter()
        .map(|row| row.row.order_number.clone())
        .collect()
}

/// The rows whose units are owed. An order in two tables counts once, where it is furthest; one that
/// the application has collected is taken, unless the ledger knows better.
pub(super) fn owed_rows(found: Vec<FoundRow>, facts: &Facts) -> Vec<OrderRow> {
    let mut furthest: HashMap<String, OrderTable> = HashMap::new();

    for row in &found {
        let place = furthest
            .entry(row.row.order_number.clone())
            .or_insert(row.place);
        *place = row.place.max(*place);
    }

    let moved = moved_orders(facts);
    found
        .into_iter()
        .filter(|row| furthest.get(&row.row.order_number) == Some(&row.place))
        // Where the ledger knows the order, its movements count instead of the mark.
        .filter(|row| !row.collected || moved.contains(row.row.order_number.as_str()))
        .map(|row| row.row)
        .collect()
}

/// Orders of which the ledger knows anything.
pub(super) fn moved_orders(facts: &Facts) -> HashSet<&str> {
    let movements = facts.movements.iter().flatten();
    movements.map(|movement| movement.order.as_str()).collect()
}
