//! What is remembered of each barcode at the marketplace, and which barcodes are watched.
//!
//! Rows are locked in the order of their barcodes, by everybody who writes several of them.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgExecutor, types::Json};

use super::{Store, StoreError, Transaction};
use crate::stock::{
    Barcode,
    held::HeldLine,
    names::fold,
    pace::Sales,
    rule::{Answer, Deficit, Figure, Observed, Sent},
};

/// How long a barcode is watched after it was touched or sent.
pub(super) const WATCHED: TimeDelta = TimeDelta::minutes(10);

/// What the marketplace answered about a barcode.
#[derive(Clone, Debug)]
pub(crate) struct Observation {
    pub(crate) barcode: Barcode,
    pub(crate) answer: Answer,
    /// When the push that was known went out: one that went out meanwhile is not settled by this.
    pub(crate) sent_at: Option<DateTime<Utc>>,
    /// Whether that push is settled by this: it was applied, or its time is over.
    pub(crate) settles: bool,
}

/// A barcode of the whole catalogue.
#[derive(Clone, Debug)]
pub(crate) struct KnownItem {
    pub(crate) barcode: Barcode,
    /// When it was last observed.
    pub(crate) observed_at: Option<DateTime<Utc>>,
    /// Units on sale then.
    pub(crate) on_sale: i32,
    /// Whether a push of it is under way.
    pub(crate) is_open: bool,
}

impl Store {
    /// Writes down what was observed; `asked` is when the question went out.
    pub(crate) async fn record_observations(
        &self,
        observed: &[Observation],
        (asked, now): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<(), StoreError> {
        let barcodes: Vec<&str> = observed.iter().map(|o| o.barcode.as_str()).collect();
        let units: Vec<Option<i32>> = observed.iter().map(|o| units(&o.answer)).collect();
        let contradictory: Vec<bool> = observed
            .iter()
            .map(|o| o.answer == Answer::Contradictory)
            .collect();

        let sent_at: Vec<Option<DateTime<Utc>>> = observed.iter().map(|o| o.sent_at).collect();
        let settles: Vec<bool> = observed.iter().map(|o| o.settles).collect();

        // An older answer that comes late changes nothing, unless the other is from a time that is still to come: then
        // the clock was set back. And only the push that was known when the question went
        // out is settled by it.
        sqlx::query!(
            "WITH looks AS (
                 SELECT * FROM unnest($1::text[], $2::integer[], $3::boolean[], $4::timestamptz[], $5::boolean[])
                     AS l (barcode, observed, contradictory, sent_at, settles)
             )
             INSERT INTO orderwatch.stock_items AS i (barcode, observed, observed_at, contradictory)
             SELECT barcode, observed, $6, contradictory FROM looks ORDER BY barcode
             ON CONFLICT (barcode) DO UPDATE SET
                 observed = EXCLUDED.observed, observed_at = EXCLUDED.observed_at,
                 contradictory = EXCLUDED.contradictory,
                 open_until = CASE WHEN NOT EXISTS (
                     SELECT FROM looks l WHERE l.barcode = i.barcode AND l.settles AND l.sent_at = i.sent_at)
                     THEN i.open_until END
             WHERE i.observed_at IS NULL OR i.observed_at <= EXCLUDED.observed_at OR i.observed_at > $7",
            &barcodes as &[&str],
            &units as &[Option<i32>],
            &contradictory,
            &sent_at as &[Option<DateTime<Utc>>],
            &settles,
            asked,
            now
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("writing down what is on sale"))?;

        Ok(())
    }

    /// Writes down since when too few are on sale, and watches these barcodes until `until`.
    pub(crate) async fn record_deficits(
        &self,
        deficits: &[(Barcode, Option<Deficit>)],
        until: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        if deficits.is_empty() {
            return Ok(());
        }

        let barcodes: Vec<&str> = deficits.iter().map(|(name, _)| name.as_str()).collect();
        let units: Vec<Option<i32>> = deficits.iter().map(|(_, d)| d.map(|d| d.units)).collect();
        let since: Vec<Option<DateTime<Utc>>> =
            deficits.iter().map(|(_, d)| d.map(|d| d.since)).collect();

        // Locked in their order first: an UPDATE alone locks rows in any order.
        sqlx::query!(
            "WITH locked AS (
                 SELECT i.barcode, d.units, d.since
                 FROM orderwatch.stock_items i
                 JOIN unnest($1::text[], $2::integer[], $3::timestamptz[]) AS d (barcode, units, since)
                   ON d.barcode = i.barcode
                 ORDER BY i.barcode FOR UPDATE OF i
             )
             UPDATE orderwatch.stock_items i SET
                 deficit = l.units, deficit_since = l.since,
                 watched_until = CASE WHEN l.units IS NULL THEN i.watched_until
                                      ELSE GREATEST(i.watched_until, $4) END
             FROM locked l WHERE i.barcode = l.barcode",
            &barcodes as &[&str],
            &units as &[Option<i32>],
            &since as &[Option<DateTime<Utc>>],
            until
        )
        .execute(&self.pool)
        .await
        .map_err(StoreError::doing("writing deficits down"))?;

        Ok(())
    }

    /// Barcodes that something happened to are watched.
    pub async fn touch_items(
        &self,
        barcodes: &[&str],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        touch(&self.pool, barcodes, now).await
    }

    /// The watched barcodes: first those that were never observed or were touched since, then those that were
    /// observed longest ago.
    pub(crate) async fn watched_items(
        &self,
        now: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<Barcode>, StoreError> {
        let names = sqlx::query_scalar!(
            "SELECT barcode FROM orderwatch.stock_items WHERE watched_until > $1
             ORDER BY (observed_at IS NULL OR observed_at > $1 OR touched_at > observed_at) DESC NULLS LAST,
                      observed_at NULLS FIRST, barcode LIMIT $2",
            now,
            limit
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading which barcodes are watched"))?;
        names.into_iter().map(stored).collect()
    }

    /// Every barcode that is known.
    pub(crate) async fn known_items(&self) -> Result<Vec<KnownItem>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT barcode, observed_at, COALESCE(observed, 0) AS "on_sale!", open_until IS NOT NULL AS "is_open!"
               FROM orderwatch.stock_items"#
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading what is on sale"))?;

        let known = rows.into_iter().map(|row| {
            Ok(KnownItem {
                barcode: stored(row.barcode)?,
                observed_at: row.observed_at,
                on_sale: row.on_sale,
                is_open: row.is_open,
            })
        });

        known.collect()
    }

    /// Barcodes of `central_stock` that were changed after a time, by the warehouse's own clock, and the
    /// newest of these times.
    pub async fn changed_stock(
        &self,
        since: Option<chrono::NaiveDateTime>,
        limit: i64,
    ) -> Result<(Vec<String>, Option<chrono::NaiveDateTime>), StoreError> {
        let doing = StoreError::doing("looking for changes of central_stock");
        // The zone of the warehouse's clock is not known; what is more than a day ahead of it is no time, and nothing
        // would be newer.
        let newest = sqlx::query_scalar!(
            "SELECT max(updated_at) FROM public.central_stock
             WHERE updated_at < localtimestamp + interval '1 day'"
        )
        .fetch_one(&self.pool)
        .await
        .map_err(&doing)?;

        // The first time there is nothing to compare with; the newest time is where the next one starts.
        if since.is_none() || newest <= since {
            return Ok((Vec::new(), newest));
        }

        let changed = sqlx::query_scalar!(
            "SELECT barcode FROM public.central_stock WHERE updated_at > $1 AND updated_at <= $3 LIMIT $2",
            since,
            limit,
            newest
        )
        .fetch_all(&self.pool)
        .await
        .map_err(&doing)?;

        Ok((changed, newest))
    }
}

impl Store {
    /// Units of each barcode that were sold, and that were cancelled or came back, by the orders that
    /// became known or changed after a time.
    pub(crate) async fn moved_units(
        &self,
        barcodes: &[&str],
        since: DateTime<Utc>,
    ) -> Result<Vec<(String, i32, i32)>, StoreError> {
        // Folded, since an order may spell a barcode differently from the marketplace's list.
        let folded: Vec<String> = barcodes.iter().map(|barcode| fold(barcode)).collect();
        let rows = sqlx::query!(
            r#"SELECT package_id, effect, first_seen_at > $2 AS "is_new!", lines AS "lines: Json<Vec<HeldLine>>"
               FROM orderwatch.packages WHERE recorded_at > $2 AND (barcodes IS NULL OR barcodes && $1)"#,
            &folded,
            since
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("adding up what was sold"))?;

        let mut moved: BTreeMap<&str, (i32, i32)> = BTreeMap::new();

        for row in &rows {
            for line in &row.lines.0 {
                let name = fold(&line.barcode);
                let Some(at) = folded.iter().position(|known| *known == name) else {
                    continue;
                };
                let units = i32::try_from(line.quantity).unwrap_or(i32::MAX);
                let (sold, restored) = moved.entry(barcodes[at]).or_default();
                if row.is_new {
                    *sold = sold.saturating_add(units);
                }
                if matches!(row.effect.as_str(), "released" | "returned") {
                    *restored = restored.saturating_add(units);
                }
            }
        }

        let moved = moved.into_iter();
        let moved = moved.map(|(name, (sold, back))| (name.to_owned(), sold, back));
        Ok(moved.collect())
    }
}

/// Barcodes that something happened to are watched.
pub(super) async fn touch(
    executor: impl PgExecutor<'_>,
    barcodes: &[&str],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if barcodes.is_empty() {
        return Ok(());
    }

    // Each once: `ON CONFLICT` refuses to update a row twice in one statement.
    sqlx::query!(
        "INSERT INTO orderwatch.stock_items AS i (barcode, touched_at, watched_until)
         SELECT DISTINCT t.barcode, $2::timestamptz, $3::timestamptz FROM unnest($1::text[]) AS t (barcode)
         ORDER BY t.barcode
         ON CONFLICT (barcode) DO UPDATE SET
             touched_at = EXCLUDED.touched_at,
             watched_until = GREATEST(i.watched_until, EXCLUDED.watched_until)",
        barcodes as &[&str],
        now,
        now + WATCHED
    )
    .execute(executor)
    .await
    .map_err(StoreError::doing("noting which barcodes are watched"))?;

    Ok(())
}

/// Counts an order of a barcode for its rate of sale, and off the deficit that it explains.
pub(super) async fn count_sale(
    transaction: &mut Transaction<'_>,
    barcode: &Barcode,
    units: u32,
    sold_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let mut figure = sold_figure(transaction, barcode).await?;
    figure.note_order(units, sold_at);
    let sales = figure.sales.with(units, sold_at);

    sqlx::query!(
        "UPDATE orderwatch.stock_items SET
             sold_orders = $2, sold_units = $3, sold_at = $4, deficit = $5, deficit_since = $6
         WHERE barcode = $1",
        barcode.as_str(),
        sales.orders,
        sales.units,
        sales.at,
        figure.deficit.map(|deficit| deficit.units),
        figure.deficit.map(|deficit| deficit.since)
    )
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::doing("counting a sale"))?;

    Ok(())
}

/// What an order changes of a barcode, and what that depends on.
async fn sold_figure(
    transaction: &mut Transaction<'_>,
    barcode: &Barcode,
) -> Result<Figure, StoreError> {
    // Locked: of two orders of a product that are read at once both must count.
    let known = sqlx::query!(
        "SELECT sold_orders, sold_units, sold_at, observed, observed_at, deficit, deficit_since,
                sent, sent_at, open_until
         FROM orderwatch.stock_items WHERE barcode = $1 FOR UPDATE",
        barcode.as_str()
    )
    .fetch_optional(&mut *transaction)
    .await
    .map_err(StoreError::doing("counting a sale"))?;

    let Some(row) = known else {
        return Ok(Figure::default());
    };
    let answer = row.observed.map_or(Answer::NotListed, Answer::Units);
    let deficit = row.deficit.zip(row.deficit_since);
    let sent = row.sent.zip(row.sent_at);

    Ok(Figure {
        observed: row.observed_at.map(|at| Observed { at, answer }),
        deficit: deficit.map(|(units, since)| Deficit { units, since }),
        sent: sent.map(|(quantity, at)| Sent {
            quantity,
            at,
            open_until: row.open_until,
        }),
        sales: Sales {
            orders: row.sold_orders,
            units: row.sold_units,
            at: row.sold_at,
        },
        ..Figure::default()
    })
}

fn units(answer: &Answer) -> Option<i32> {
    match answer {
        Answer::Units(units) => Some(*units),
        Answer::NotListed | Answer::Contradictory => None,
    }
}

/// A barcode of our own table: written from one that was parsed, so it parses again.
pub(super) fn stored(barcode: String) -> Result<Barcode, StoreError> {
    Barcode::parse(&barcode).map_err(|_| StoreError::Inconsistent {
        table: "orderwatch.stock_items",
        column: "barcode",
        row: barcode.clone(),
        value: barcode,
    })
}
