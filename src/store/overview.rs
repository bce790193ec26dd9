//! The figures of the whole. They are read again and again while a page is open, so each is counted from an
//! index; what is large is counted without reading the rows, or not to its end.

use std::{cmp::Reverse, collections::HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use uuid::Uuid;

use super::{
    Store, StoreError, Transaction, notices, order_delays, panel_views::Addresses,
    second_dispatcher, settling,
};
use crate::{
    order::{HoldReason, IntegrationId, explain::LATE},
    overview::{
        Bought, Endings, HeldGroup, LossGroup, MANY, Market, NoticeQueue, Orders, PanelOrders,
        PanelView, SecondView, StockPause,
    },
    provider::kind::Kind,
    stock::pace::OrderDelay,
};

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question<'a> {
    pub(crate) now: DateTime<Utc>,
    /// The beginning of "today".
    pub(crate) today_since: DateTime<Utc>,
    /// Orders that were created before are ignored.
    pub(crate) created_after: DateTime<Utc>,
    /// The feed that tells of the marketplace's orders, and the job that sends stock to it; `None`
    /// where there is no marketplace.
    pub(crate) market: Option<(&'a str, &'a str)>,
}

/// The figures.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overview {
    pub(crate) orders: Orders,
    /// By name.
    pub(crate) panels: Vec<PanelView>,
    pub(crate) addresses: Addresses,
    pub(crate) notices: Vec<NoticeQueue>,
    pub(crate) market: Option<Market>,
}

/// One group of open orders.
struct Group {
    integration_id: Option<Uuid>,
    /// `watched`, `queued`, `dispatching`, `unconfirmed` or `held`.
    part: String,
    reason: Option<String>,
    orders: i64,
    due: i64,
    late: i64,
    since: Option<DateTime<Utc>>,
}

impl Store {
    /// The figures of the whole, as of one moment.
    pub(crate) async fn overview(&self, question: Question<'_>) -> Result<Overview, StoreError> {
        let doing = StoreError::doing("reading the figures");
        // By the index: until the server has statistics it would read whole tables for every figure.
        let mut transaction = self.by_index().await.map_err(&doing)?;

        let (panels, addresses) = if self.sides.shop {
            super::panel_views::panels(&mut transaction).await?
        } else {
            Default::default()
        };
        let mut overview = Overview {
            panels,
            addresses,
            notices: self.notice_queues(&mut transaction, question.now).await?,
            ..Overview::default()
        };

        overview.count_open(groups(&mut transaction, question.now).await?)?;
        if self.sides.shop {
            overview
                .count_eligible(&mut transaction, question, self.buy_chained)
                .await?;

            let unsettled = settling::unsettled(&mut transaction, question.now).await?;
            overview.orders.unsettled = unsettled.orders;
            overview.orders.unsettled_since = unsettled.since;
        }

        overview.count_bought(&mut transaction, question).await?;
        if self.sides.shop {
            overview.orders.losses = losses(&mut transaction, question.now).await?;
        }
        overview.count_endings(&mut transaction, question).await?;

        if self.sides.shop {
            let since = second_dispatcher::shown_since(question.now);
            let evidence = second_dispatcher::evidence(&mut transaction, since).await?;
            for panel in &mut overview.panels {
                if let Some(found) = evidence.get(&panel.id) {
                    panel.second = SecondView {
                        overwritten: count(found.orders),
                        since: found.since,
                        unexplained: found.unexplained,
                    };
                }
            }
        }

        if let Some((feed, job)) = question.market {
            overview.market = Some(market(&mut transaction, feed, job, question.now).await?);
        }
        transaction.commit().await.map_err(&doing)?;
        Ok(overview)
    }

    async fn notice_queues(
        &self,
        transaction: &mut Transaction<'_>,
        now: DateTime<Utc>,
    ) -> Result<Vec<NoticeQueue>, StoreError> {
        // Configured ones also without notices, and others that notices still wait for.
        let (configured, _) = notices::columns(&self.audience);
        let rows = sqlx::query!(
            r#"WITH waiting AS (
                   SELECT endpoint, count(*) AS waiting,
                          count(*) FILTER (WHERE attempts > 0) AS failing, min(created_at) AS since
                   FROM orderwatch.notices WHERE due_at IS NOT NULL GROUP BY endpoint
               ), given_up AS (
                   SELECT endpoint, count(*) AS given_up FROM orderwatch.notices
                   WHERE given_up_at > $1 GROUP BY endpoint
               )
               SELECT endpoint AS "endpoint!", COALESCE(w.waiting, 0) AS "waiting!",
                      COALESCE(w.failing, 0) AS "failing!", w.since,
                      COALESCE(g.given_up, 0) AS "given_up!"
               FROM (SELECT unnest($2::text[]) AS endpoint
                     UNION SELECT endpoint FROM waiting
                     UNION SELECT endpoint FROM given_up) e
               LEFT JOIN waiting w USING (endpoint) LEFT JOIN given_up g USING (endpoint)
               ORDER BY endpoint"#,
            now - TimeDelta::hours(24),
            &configured
        )
        .fetch_all(&mut *transaction)
        .await
        .map_err(StoreError::doing("counting notices"))?;

        let queues = rows.into_iter().map(|row| NoticeQueue {
            configured: configured.contains(&row.endpoint),
            waiting: count(row.waiting),
            failing: count(row.failing),
            since: row.since,
            given_up_24h: count(row.given_up),
            endpoint: row.endpoint,
        });

        Ok(queues.collect())
    }
}

/// What was sold at a loss in the last 24 hours.
async fn losses(
    transaction: &mut Transaction<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<LossGroup>, StoreError> {
    // What was surely not bought (see spending.rs), or was cancelled and paid back, has lost nothing. Panel by panel, as
    // the index has them: one of its own would be written anew with every charge.
    let rows = sqlx::query!(
        r#"SELECT k.name AS "package?", count(*) AS "orders!",
                  sum(COALESCE(p.cost, p.expected) - p.sold_for) AS "loss!"
           FROM (SELECT integration_id AS id FROM orderwatch.panels
                 UNION SELECT id FROM public.integrations WHERE provider = ANY($2)) a
           CROSS JOIN LATERAL (
               SELECT p.* FROM orderwatch.purchases p
               WHERE p.integration_id = a.id AND p.claimed_at > $1 OFFSET 0
           ) p
           LEFT JOIN orderwatch.orders t ON t.order_id = p.order_id
           LEFT JOIN public.product_packages k ON k.id = t.package_id
           WHERE COALESCE(p.cost, p.expected) > p.sold_for
             AND COALESCE(p.outcome, '') <> 'cancelled'
             AND (p.cost IS NOT NULL
                  OR COALESCE(p.outcome, '') NOT IN ('refused', 'fell_back', 'not_sent'))
           GROUP BY t.package_id, k.name
           ORDER BY 3 DESC, k.name"#,
        now - TimeDelta::hours(24),
        Kind::names()
    )
    .fetch_all(&mut *transaction)
    .await
    .map_err(StoreError::doing("summing up what was sold at a loss"))?;

    let groups = rows.into_iter().map(|row| LossGroup {
        package: row.package,
        orders: count(row.orders),
        loss: row.loss,
    });
    Ok(groups.collect())
}

async fn groups(
    transaction: &mut Transaction<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<Group>, StoreError> {
    let patience = TimeDelta::from_std(LATE).unwrap_or_default();
    sqlx::query_file_as!(Group, "src/store/sql/count_open.sql", now, now - patience)
        .fetch_all(&mut *transaction)
        .await
        .map_err(StoreError::doing("counting open orders"))
}

impl Overview {
    fn count_open(&mut self, mut groups: Vec<Group>) -> Result<(), StoreError> {
        // The watched ones include two other parts, which are taken off again after it.
        groups.sort_by_key(|group| group.part != "watched");

        let mut held: HashMap<_, HeldGroup> = HashMap::new();
        // Orders of panels whose rows are gone.
        let mut elsewhere = PanelOrders::default();

        for group in groups {
            let panel = find(&mut self.panels, group.integration_id);
            let orders = panel.map_or(&mut elsewhere, |panel| &mut panel.orders);
            group.add_to(orders);
            let all = &mut self.orders;
            match &*group.part {
                "held" => {
                    let reason = group.reason()?;
                    let since = group.since.unwrap_or_default();
                    let whole = held.entry(reason).or_insert(HeldGroup {
                        reason,
                        orders: 0,
                        since,
                    });
                    whole.orders += count(group.orders);
                    whole.since = whole.since.min(since);
                }
                "unconfirmed" => {
                    all.unconfirmed_since = earlier(all.unconfirmed_since, group.since);
                }
                "dispatching" => {}
                _ => all.due_since = earlier(all.due_since, group.since),
            }
        }

        self.orders.held = held.into_values().collect();
        self.orders
            .held
            .sort_by_key(|group| (Reverse(group.orders), group.reason.as_str()));

        let panels = self.panels.iter().map(|panel| &panel.orders);
        for orders in panels.chain([&elsewhere]) {
            self.orders.queued += orders.queued;
            self.orders.dispatching += orders.dispatching;
            self.orders.unconfirmed += orders.unconfirmed;
            self.orders.submitted += orders.submitted;
            self.orders.due += orders.due;
            self.orders.late += orders.late;
        }

        Ok(())
    }

    async fn count_eligible(
        &mut self,
        transaction: &mut Transaction<'_>,
        question: Question<'_>,
        buy_chained: bool,
    ) -> Result<(), StoreError> {
        let rows = sqlx::query_file!(
            "src/store/sql/count_eligible.sql",
            question.created_after,
            Kind::names(),
            i64::try_from(MANY).unwrap_or(i64::MAX),
            buy_chained
        )
        .fetch_all(&mut *transaction)
        .await
        .map_err(StoreError::doing("counting new orders"))?;

        for row in rows {
            let orders = count(row.orders);
            self.orders.eligible += orders;
            self.orders.eligible_since = earlier(self.orders.eligible_since, row.since);
            if let Some(panel) = find(&mut self.panels, Some(row.integration_id)) {
                panel.orders.eligible = orders;
                panel.orders.eligible_since = row.since;
            }
        }

        Ok(())
    }

    /// What counts as bought is what counts as spent: see spending.rs.
    async fn count_bought(
        &mut self,
        transaction: &mut Transaction<'_>,
        question: Question<'_>,
    ) -> Result<(), StoreError> {
        let day = question.now - TimeDelta::hours(24);
        let panels: Vec<Uuid> = self.panels.iter().map(|panel| panel.id.0).collect();

        // The last day begins after its time, today at its time: the earlier bound is a microsecond less.
        let rows = sqlx::query!(
            r#"SELECT integration_id, count(*) FILTER (WHERE claimed_at > $2) AS "day!",
                      COALESCE(sum(COALESCE(cost, expected, 0)) FILTER (WHERE claimed_at > $2), 0)
                          AS "day_money!",
                      count(*) FILTER (WHERE claimed_at >= $3) AS "today!",
                      COALESCE(sum(COALESCE(cost, expected, 0)) FILTER (WHERE claimed_at >= $3), 0)
                          AS "today_money!"
               FROM orderwatch.purchases
               WHERE integration_id = ANY($1) AND claimed_at > $4
                 AND (cost IS NOT NULL
                      OR COALESCE(outcome, '') NOT IN ('refused', 'fell_back', 'not_sent'))
               GROUP BY integration_id"#,
            &panels,
            day,
            question.today_since,
            day.min(question.today_since - TimeDelta::microseconds(1))
        )
        .fetch_all(&mut *transaction)
        .await
        .map_err(StoreError::doing("summing up what was bought"))?;

        for row in rows {
            let today = Bought {
                orders: count(row.today),
                money: row.today_money,
            };
            let day = Bought {
                orders: count(row.day),
                money: row.day_money,
            };
            self.orders.bought_today.add(today);
            self.orders.bought_24h.add(day);
            if let Some(panel) = find(&mut self.panels, Some(row.integration_id)) {
                panel.bought_today = today;
                panel.bought_24h = day;
            }
        }

        Ok(())
    }

    async fn count_endings(
        &mut self,
        transaction: &mut Transaction<'_>,
        question: Question<'_>,
    ) -> Result<(), StoreError> {
        let day = question.now - TimeDelta::hours(24);
        let rows = sqlx::query!(
            r#"SELECT stage, count(*) FILTER (WHERE finished_at > $1) AS "day!",
                      count(*) FILTER (WHERE finished_at >= $2) AS "today!"
               FROM orderwatch.orders
               WHERE finished_at IS NOT NULL AND finished_at >= $3
               GROUP BY stage"#,
            day,
            question.today_since,
            day.min(question.today_since)
        )
        .fetch_all(&mut *transaction)
        .await
        .map_err(StoreError::doing("counting what has ended"))?;

        for row in rows {
            self.orders.ended_24h.add(&row.stage, count(row.day));
            self.orders.ended_today.add(&row.stage, count(row.today));
        }

        Ok(())
    }
}

/// The warehouse may write down a little later what it took.
const UNTAKEN_AFTER: TimeDelta = TimeDelta::hours(1);
/// Whether Trendyol calls is asked every hour.
const WEBHOOK_CHECKED_WITHIN: TimeDelta = TimeDelta::hours(3);

async fn market(
    transaction: &mut Transaction<'_>,
    feed: &str,
    job: &str,
    now: DateTime<Utc>,
) -> Result<Market, StoreError> {
    // The last pass and the last good one: a failure must not hide how old the figures at the marketplace are.
    let row = sqlx::query!(
        r#"SELECT (SELECT count(*) FROM orderwatch.packages
                   WHERE effect IN ('reserved', 'unknown') AND taken_at IS NULL) AS "open!",
                  untaken.packages AS "untaken!", untaken.since AS untaken_since,
                  ARRAY(SELECT relation::text FROM orderwatch.order_tables()
                        WHERE NOT known) AS "unknown_tables!",
                  (SELECT good_at FROM orderwatch.feeds WHERE feed = $1) AS read_at,
                  (SELECT count(*) FROM orderwatch.stock_items WHERE open_until IS NOT NULL) AS "pending!",
                  (SELECT count(*) FROM orderwatch.stock_items
                   WHERE rests_until IS NOT NULL) AS "resting!",
                  (SELECT count(*) FROM orderwatch.stock_items WHERE watched_until > $4) AS "watched!",
                  (SELECT count(*) FROM orderwatch.stock_items WHERE deficit IS NOT NULL) AS "in_deficit!",
                  -- What nobody checks any more is no warning: the webhook was switched off.
                  (SELECT webhook_silent_since FROM orderwatch.trendyol_account
                   WHERE webhook_checked_at > $5) AS webhook_silent_since,
                  p.who AS "who?", p.why AS "why?", p.at AS "paused_at?",
                  last.finished_at AS "pushed_at?", last.outcome = 'done' AS push_ok,
                  last.report ->> 'error' AS push_error,
                  (last.report ->> 'items')::bigint AS items,
                  (SELECT g.finished_at FROM orderwatch.job_runs g
                   WHERE g.job = $2 AND g.outcome = 'done'
                   ORDER BY g.tick DESC LIMIT 1) AS good_at
           FROM (SELECT count(*) AS packages, min(changed_at) AS since FROM orderwatch.packages
                 WHERE unpicked AND taken_at IS NULL AND changed_at < $3) AS untaken
           LEFT JOIN orderwatch.stock_pauses p ON p.resumed_at IS NULL
           LEFT JOIN LATERAL (
               SELECT r.finished_at, r.outcome, r.report FROM orderwatch.job_runs r
               WHERE r.job = $2 AND r.outcome IS NOT NULL
               ORDER BY r.tick DESC LIMIT 1) last ON true"#,
        feed,
        job,
        now - UNTAKEN_AFTER,
        now,
        now - WEBHOOK_CHECKED_WITHIN
    )
    .fetch_one(&mut *transaction)
    .await
    .map_err(StoreError::doing("reading the figures of the marketplace"))?;

    let order_delays = order_delays::bins(&mut *transaction, now).await?;
    Ok(Market {
        open_packages: count(row.open),
        shipped_untaken: count(row.untaken),
        shipped_untaken_since: row.untaken_since,
        unknown_order_tables: row.unknown_tables,
        orders_read_at: row.read_at,
        order_delay_seconds: OrderDelay::of(&order_delays)
            .mean()
            .map(TimeDelta::as_seconds_f64),
        order_delays,
        items_watched: count(row.watched),
        items_in_deficit: count(row.in_deficit),
        items_pending: count(row.pending),
        items_resting: count(row.resting),
        pushed_at: row.pushed_at,
        push_ok: row.push_ok,
        push_error: row.push_error,
        push_good_at: row.good_at,
        pushed_items: count(row.items.unwrap_or(0)),
        webhook_silent_since: row.webhook_silent_since,
        paused: match (row.who, row.why, row.paused_at) {
            (Some(who), Some(why), Some(at)) => Some(StockPause { who, why, at }),
            _ => None,
        },
    })
}

impl Group {
    fn add_to(&self, panel: &mut PanelOrders) {
        let orders = count(self.orders);
        panel.due += count(self.due);
        panel.late += count(self.late);

        match &*self.part {
            "held" => panel.held += orders,
            "queued" => panel.queued += orders,
            // Counted among those that are watched, too.
            "dispatching" => {
                panel.dispatching += orders;
                panel.submitted = panel.submitted.saturating_sub(orders);
            }
            "unconfirmed" => {
                panel.unconfirmed += orders;
                panel.submitted = panel.submitted.saturating_sub(orders);
            }
            _ => panel.submitted += orders,
        }
    }

    fn reason(&self) -> Result<HoldReason, StoreError> {
        let name = self.reason.as_deref().unwrap_or_default();
        HoldReason::parse(name).ok_or_else(|| StoreError::Inconsistent {
            table: "orderwatch.orders",
            column: "held_reason",
            row: "one that is held".to_owned(),
            value: name.to_owned(),
        })
    }
}

fn find(panels: &mut [PanelView], id: Option<Uuid>) -> Option<&mut PanelView> {
    let id = IntegrationId(id?);
    panels.iter_mut().find(|panel| panel.id == id)
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn earlier(a: Option<DateTime<Utc>>, b: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    a.into_iter().chain(b).min()
}

impl Bought {
    fn add(&mut self, more: Self) {
        self.orders += more.orders;
        self.money += more.money;
    }
}

impl Endings {
    fn add(&mut self, stage: &str, orders: u64) {
        match stage {
            "completed" => self.completed += orders,
            "failed" => self.failed += orders,
            "timed_out" => self.timed_out += orders,
            _ => self.withdrawn += orders,
        }
    }
}
