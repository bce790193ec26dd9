//! Orders as support looks for them: by what names one exactly, or by a part of a text among those
//! that were tracked lately.
//!
//! A part of a text has no index. It is looked for in a window of the orders tracked before a place,
//! newest first, so that no search takes long however many orders there are; the next window begins
//! where this one ended.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Place, Store, StoreError, orders::inconsistent};
use crate::order::{HoldReason, OrderId, Stage};

/// Orders in one window.
pub const WINDOW: i64 = 20_000;
/// Orders of one player that are found by the whole player id.
const OF_PLAYER: i64 = 50;

/// What is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// An id, number, reference or player id, or a part of a player id or message.
    pub text: Option<String>,
    /// Only orders of this stage.
    pub stage: Option<Stage>,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Orders, newest first.
    pub orders: Vec<FoundOrder>,
    /// Where there may be more; `None` when everything was looked at.
    pub next: Option<Place>,
    /// Whether `next` is the end of a window rather than of a page.
    pub window_over: bool,
}

/// One order of the answer.
#[derive(Clone, Debug)]
pub struct FoundOrder {
    /// The order.
    pub order: OrderId,
    /// `"orderNo"`; `None` when the shop's row is gone.
    pub order_no: Option<i32>,
    /// Where it stands; `None` when it is not tracked.
    pub stage: Option<Stage>,
    /// Why it is held.
    pub held: Option<HoldReason>,
    /// The panel's name.
    pub panel: Option<String>,
    /// Its name there.
    pub reference: Option<String>,
    /// `status` of the shop's row; `None` when the row is gone.
    pub shop_status: Option<String>,
    /// `"userIdentifier"`.
    pub player: Option<String>,
    /// `"lastMessage"`.
    pub message: Option<String>,
    /// Since when it is tracked; when it was ordered where it is not.
    pub since: Option<DateTime<Utc>>,
    /// When it is looked at next by itself.
    pub due_at: Option<DateTime<Utc>>,
    /// When waiting ends.
    pub give_up_at: Option<DateTime<Utc>>,
    /// When it became final.
    pub finished_at: Option<DateTime<Utc>>,
}

struct Row {
    id: Uuid,
    order_no: Option<i32>,
    stage: Option<String>,
    held_reason: Option<String>,
    panel: Option<String>,
    reference: Option<String>,
    shop_status: Option<String>,
    player: Option<String>,
    message: Option<String>,
    since: Option<DateTime<Utc>>,
    due_at: Option<DateTime<Utc>>,
    give_up_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

impl Store {
    /// A page of orders. The first page of a text begins with the orders that it names exactly.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or a row cannot be understood.
    pub async fn search_orders(
        &self,
        search: &Search,
        after: Option<Place>,
        limit: i64,
    ) -> Result<Found, StoreError> {
        let mut orders = match &search.text {
            Some(text) if after.is_none() => self.named_exactly(text, search.stage).await?,
            _ => Vec::new(),
        };
        let narrow = search.text.is_some() || search.stage.is_some();
        let window = if narrow { WINDOW } else { limit + 1 };
        let mut listed = self.in_window(search, after, window, limit + 1).await?;
        let more = i64::try_from(listed.len()).is_ok_and(|found| found > limit);
        listed.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let last = listed.last().and_then(FoundOrder::place);
        let next = match (more, narrow) {
            (true, _) => last,
            (false, true) => self.window_end(after, window).await?,
            (false, false) => None,
        };
        listed.retain(|order| orders.iter().all(|known| known.order != order.order));
        orders.append(&mut listed);
        Ok(Found {
            orders,
            next,
            window_over: !more,
        })
    }

    /// Orders that the text names: by id, number, reference, or the whole player id.
    async fn named_exactly(
        &self,
        text: &str,
        stage: Option<Stage>,
    ) -> Result<Vec<FoundOrder>, StoreError> {
        let ids = self.find_orders(text).await?;
        let mut ids: Vec<Uuid> = ids.into_iter().map(|order| order.0).collect();
        let of_player = sqlx::query_scalar!(
            r#"SELECT id FROM public.product_orders WHERE "userIdentifier" = $1
               ORDER BY "createdAt" DESC LIMIT $2"#,
            text,
            OF_PLAYER
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("looking for a player's orders"))?;
        ids.extend(of_player);
        ids.sort_unstable();
        ids.dedup();
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT asked.id AS "id!", o."orderNo" AS "order_no?", t.stage AS "stage?",
                      t.held_reason, i.name AS "panel?",
                      COALESCE(t.reference, o.provider_referans) AS reference,
                      o.status AS "shop_status?", o."userIdentifier" AS player,
                      o."lastMessage" AS message, COALESCE(t.tracked_at, o."createdAt") AS since,
                      t.due_at, t.give_up_at, t.finished_at
               FROM unnest($1::uuid[]) AS asked (id)
               LEFT JOIN orderwatch.orders t ON t.order_id = asked.id
               LEFT JOIN public.product_orders o ON o.id = asked.id
               LEFT JOIN public.integrations i ON i.id = t.integration_id
               WHERE $2::text IS NULL OR t.stage = $2
               ORDER BY COALESCE(t.tracked_at, o."createdAt") DESC NULLS LAST, asked.id"#,
            &ids,
            stage.map(Stage::as_str)
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading the orders that were found"))?;
        rows.into_iter().map(FoundOrder::try_from).collect()
    }

    /// Of the window behind a place, the orders that fit.
    async fn in_window(
        &self,
        search: &Search,
        after: Option<Place>,
        window: i64,
        limit: i64,
    ) -> Result<Vec<FoundOrder>, StoreError> {
        let doing = StoreError::doing("searching orders");
        let pattern = search.text.as_deref().map(pattern);
        // Otherwise the planner reads all of the shop's orders rather than those of the window.
        let mut transaction = self.by_index().await.map_err(&doing)?;
        let rows = sqlx::query_as!(
            Row,
            r#"WITH lately AS MATERIALIZED (
                   SELECT t.order_id, t.tracked_at FROM orderwatch.orders t
                   WHERE $1::timestamptz IS NULL OR (t.tracked_at, t.order_id) < ($1, $2::uuid)
                   ORDER BY t.tracked_at DESC, t.order_id DESC LIMIT $3)
               SELECT t.order_id AS "id!", o."orderNo" AS "order_no?", t.stage AS "stage?",
                      t.held_reason, i.name AS "panel?", t.reference,
                      o.status AS "shop_status?", o."userIdentifier" AS player,
                      o."lastMessage" AS message, t.tracked_at AS "since?", t.due_at, t.give_up_at,
                      t.finished_at
               FROM lately l
               JOIN orderwatch.orders t ON t.order_id = l.order_id
               LEFT JOIN public.product_orders o ON o.id = l.order_id
               LEFT JOIN public.integrations i ON i.id = t.integration_id
               WHERE ($4::text IS NULL OR t.stage = $4)
                 AND ($5::text IS NULL OR o."userIdentifier" ILIKE $5 OR o."lastMessage" ILIKE $5
                      OR o."providerMessage" ILIKE $5)
               ORDER BY l.tracked_at DESC, l.order_id DESC LIMIT $6"#,
            after.map(|place| place.at),
            after.map(|place| place.order.0),
            window,
            search.stage.map(Stage::as_str),
            pattern,
            limit
        )
        .fetch_all(&mut *transaction)
        .await
        .map_err(&doing)?;
        transaction.rollback().await.map_err(&doing)?;
        rows.into_iter().map(FoundOrder::try_from).collect()
    }

    /// The last order of a full window; `None` when there is nothing behind it.
    async fn window_end(
        &self,
        after: Option<Place>,
        window: i64,
    ) -> Result<Option<Place>, StoreError> {
        let row = sqlx::query!(
            "SELECT t.tracked_at, t.order_id FROM orderwatch.orders t
             WHERE $1::timestamptz IS NULL OR (t.tracked_at, t.order_id) < ($1, $2::uuid)
             ORDER BY t.tracked_at DESC, t.order_id DESC OFFSET $3 LIMIT 1",
            after.map(|place| place.at),
            after.map(|place| place.order.0),
            window - 1
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(StoreError::doing("looking how far a search went"))?;
        Ok(row.map(|row| Place {
            at: row.tracked_at,
            order: OrderId(row.order_id),
        }))
    }
}

/// The text anywhere, as it stands.
fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

impl FoundOrder {
    fn place(&self) -> Option<Place> {
        self.since.map(|at| Place {
            at,
            order: self.order,
        })
    }
}

impl TryFrom<Row> for FoundOrder {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let stage = row
            .stage
            .map(|name| Stage::parse(&name).ok_or_else(|| inconsistent("stage", row.id, &name)));
        let held = row.held_reason.map(|name| {
            HoldReason::parse(&name).ok_or_else(|| inconsistent("held_reason", row.id, &name))
        });
        Ok(Self {
            order: OrderId(row.id),
            order_no: row.order_no,
            stage: stage.transpose()?,
            held: held.transpose()?,
            panel: row.panel,
            reference: row.reference,
            shop_status: row.shop_status,
            player: row.player,
            message: row.message,
            since: row.since,
            due_at: row.due_at,
            give_up_at: row.give_up_at,
            finished_at: row.finished_at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::pattern;

    #[test]
    fn a_text_is_looked_for_as_it_stands() {
        assert_eq!(pattern(r"50%_a\b"), r"%50\%\_a\\b%");
    }
}
