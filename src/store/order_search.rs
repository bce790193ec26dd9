//! Orders as support looks for them: by what names one exactly, or by a part of a text among those
//! that were tracked lately.
//!
//! A part of a text has no index. It is looked for in a window of the orders tracked before a place,
//! newest first, so that no search takes long however many orders there are; the next window begins
//! where this one ended.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{OrderCursor, Store, StoreError, order_cursor::cut_page};
use crate::order::{HoldReason, OrderId, Stage};

/// Orders in one window.
pub(crate) const WINDOW: i64 = 20_000;
/// Orders of one player that are found by the whole player id.
const OF_PLAYER: i64 = 50;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Search {
    /// An id, number, reference or player id, or a part of a player id or message.
    pub(crate) text: Option<String>,
    /// Only orders of this stage.
    pub(crate) stage: Option<Stage>,
}

/// A page of what was found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// Newest first.
    pub(crate) orders: Vec<FoundOrder>,
    /// Where there may be more; `None` when everything was searched.
    pub(crate) next: Option<OrderCursor>,
    /// Whether `next` is the end of a window rather than of a page.
    pub(crate) window_over: bool,
}

/// An order that was found.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FoundOrder {
    /// `product_orders.id`.
    #[schema(value_type = Uuid)]
    pub(crate) order: OrderId,
    /// Its number in the shop; null when the shop's row is gone.
    pub(crate) number: Option<String>,
    /// Where it stands; null when it is not tracked.
    pub(crate) stage: Option<Stage>,
    /// Why it is held.
    pub(crate) held: Option<HoldReason>,
    /// The panel's name.
    pub(crate) panel: Option<String>,
    /// Its reference at the panel.
    pub(crate) reference: Option<String>,
    /// `status` of the shop's row; null when the row is gone.
    pub(crate) shop_status: Option<String>,
    /// `userIdentifier`.
    pub(crate) player: Option<String>,
    /// `lastMessage` of the shop's row.
    pub(crate) message: Option<String>,
    /// Since when it is tracked; when it was ordered where it is not.
    pub(crate) since: Option<DateTime<Utc>>,
    /// When it is checked next by itself.
    pub(crate) due_at: Option<DateTime<Utc>>,
    /// When waiting ends.
    #[serde(skip)]
    pub(crate) give_up_at: Option<DateTime<Utc>>,
    /// When it became final.
    pub(crate) finished_at: Option<DateTime<Utc>>,
}

impl Store {
    /// A page of orders. The first page of a text begins with the orders that it names exactly.
    pub(crate) async fn search_orders(
        &self,
        search: &Search,
        after: Option<OrderCursor>,
        limit: i64,
    ) -> Result<Found, StoreError> {
        let named = match &search.text {
            Some(text) => self.named_exactly(text, search.stage).await?,
            None => Vec::new(),
        };

        // Without a condition the first rows of the list are the page, so nothing more is read.
        let narrow = search.text.is_some() || search.stage.is_some();
        let window = if narrow { WINDOW } else { limit + 1 };
        // One more than wanted tells whether there is another page.
        let mut listed = self.in_window(search, after, window, limit + 1).await?;
        let more = cut_page(&mut listed, usize::try_from(limit).unwrap_or(usize::MAX));
        let last = listed.last().and_then(FoundOrder::cursor);
        let next = match (more, narrow) {
            (true, _) => last,
            (false, true) => self.window_end(after, window).await?,
            (false, false) => None,
        };

        // What the text names exactly stands on the first page, before the list, and on no other.
        listed.retain(|order| named.iter().all(|known| known.order != order.order));
        let mut orders = if after.is_none() { named } else { Vec::new() };
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
        let found = self.find_orders(text).await?;
        let mut ids: Vec<Uuid> = found.into_iter().map(|order| order.0).collect();
        let of_player = sqlx::query_scalar!(
            r#"SELECT id FROM public.product_orders WHERE "userIdentifier" = $1
               ORDER BY "createdAt" DESC LIMIT $2"#,
            text,
            OF_PLAYER
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("looking for a player's orders"))?;

        // The same order may be found by its number and by its player id.
        ids.extend(of_player);
        ids.sort_unstable();
        ids.dedup();

        sqlx::query_as!(
            FoundOrder,
            r#"SELECT asked.id AS "order!: OrderId", o."orderNo"::text AS number,
                      t.stage AS "stage?: Stage", t.held_reason AS "held: HoldReason",
                      i.name AS "panel?",
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
        .map_err(StoreError::doing("reading the orders that were found"))
    }

    /// Of the window behind a place, the orders that fit.
    async fn in_window(
        &self,
        search: &Search,
        after: Option<OrderCursor>,
        window: i64,
        limit: i64,
    ) -> Result<Vec<FoundOrder>, StoreError> {
        let doing = StoreError::doing("searching orders");
        let pattern = search.text.as_deref().map(pattern);
        // Otherwise the planner reads all of the shop's orders rather than those of the window.
        let mut transaction = self.by_index().await.map_err(&doing)?;

        let found = sqlx::query_as!(
            FoundOrder,
            r#"WITH lately AS MATERIALIZED (
                   SELECT t.order_id, t.tracked_at FROM orderwatch.orders t
                   WHERE $1::timestamptz IS NULL OR (t.tracked_at, t.order_id) < ($1, $2::uuid)
                   ORDER BY t.tracked_at DESC, t.order_id DESC LIMIT $3)
               SELECT t.order_id AS "order!: OrderId", o."orderNo"::text AS number,
                      t.stage AS "stage?: Stage", t.held_reason AS "held: HoldReason",
                      i.name AS "panel?", t.reference,
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
            after.map(|cursor| cursor.at),
            after.map(|cursor| cursor.order.0),
            window,
            search.stage.map(Stage::as_str),
            pattern,
            limit
        )
        .fetch_all(&mut transaction)
        .await
        .map_err(&doing)?;

        // Nothing was written, so there is nothing to commit.
        transaction.rollback().await.map_err(&doing)?;
        Ok(found)
    }

    /// The last order of a full window; `None` when there is nothing behind it.
    async fn window_end(
        &self,
        after: Option<OrderCursor>,
        window: i64,
    ) -> Result<Option<OrderCursor>, StoreError> {
        sqlx::query_as!(
            OrderCursor,
            r#"SELECT t.tracked_at AS at, t.order_id AS "order: OrderId" FROM orderwatch.orders t
             WHERE $1::timestamptz IS NULL OR (t.tracked_at, t.order_id) < ($1, $2::uuid)
             ORDER BY t.tracked_at DESC, t.order_id DESC OFFSET $3 LIMIT 1"#,
            after.map(|cursor| cursor.at),
            after.map(|cursor| cursor.order.0),
            window - 1
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(StoreError::doing("reading how far a search went"))
    }
}

/// The text anywhere, as it stands.
fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for letter in text.chars() {
        // A wildcard in the text means itself.
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

impl FoundOrder {
    fn cursor(&self) -> Option<OrderCursor> {
        self.since.map(|at| OrderCursor {
            at,
            order: self.order,
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
