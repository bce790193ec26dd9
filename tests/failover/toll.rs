//! What the failovers cost: the shop's rows held against both panels' ledgers.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fmt,
};

use rust_decimal::Decimal;
use sandbox::barakat::Barakat;
use sqlx::PgPool;
use uuid::Uuid;

use super::{
    CODE, TOKEN,
    customers::Placed,
    process::{
        audit::{audit_barakat, audit_known},
        shop::Row,
        world::World,
    },
};

/// Purchases that were written to a log, though nothing else knows their orders.
const LATE: &str =
    "SELECT count(DISTINCT order_id) FROM orderwatch.events WHERE order_id = ANY($1)";
/// Money that left the accounts and that no purchase explains, as `balance_unexplained` tells it.
const UNEXPLAINED: &str = "SELECT COALESCE(sum(amount), 0) FROM orderwatch.unexplained";

/// What was bought for orders that are gone, and is written down: the charge, or the list's price where the panel has
/// not named it, as `orderwatch money` counts it.
const NAMED: &str =
    "SELECT COALESCE(sum(COALESCE(p.cost, p.expected)), 0) FROM orderwatch.purchases p
    WHERE p.order_id = ANY($1)";

/// The others, each with its steps.
const SILENT: &str =
    "SELECT b.order_id || ': ' || COALESCE(string_agg(e.kind, ', ' ORDER BY e.id), 'no event')
    FROM unnest($1::uuid[]) AS b (order_id) LEFT JOIN orderwatch.events e USING (order_id)
    WHERE NOT EXISTS (SELECT FROM orderwatch.purchases p
                      WHERE p.order_id = b.order_id AND COALESCE(p.cost, p.expected) IS NOT NULL)
    GROUP BY b.order_id";

/// What orders may have cost of which nobody knows whether they were bought: it counts as explained.
const UNSURE: &str = "SELECT COALESCE(sum(p.expected), 0) FROM orderwatch.purchases p
    JOIN orderwatch.orders t USING (order_id) WHERE t.stage = 'held' AND p.cost IS NULL";

/// Nothing was bought twice, and every purchase has its order or is here.
pub(super) struct Toll {
    placed: usize,
    purchases: usize,
    pub(super) completed: usize,
    /// Orders that are there and not completed.
    pub(super) held: usize,
    /// Orders whose commit was confirmed and that are gone.
    pub(super) lost: BTreeSet<Uuid>,
    /// What was bought for those, and what it cost, in TRY.
    pub(super) bought_for_lost: HashMap<Uuid, Decimal>,
    late_answers: i64,
    /// Of it, what orderwatch names.
    pub(super) named: Decimal,
    /// What was bought and is named nowhere with its money, by what was written of it.
    pub(super) silent: Vec<String>,
    pub(super) unexplained: Decimal,
    pub(super) unsure: Decimal,
}

impl Toll {
    /// Holds everything against each other, once nobody works on any order.
    pub(super) async fn count(
        world: &World,
        barakat: &Barakat,
        placed: &[Placed],
        rows: Vec<Row>,
    ) -> Self {
        let there: HashSet<Uuid> = rows.iter().map(|row| row.id).collect();
        let lost = placed.iter().map(|placed| placed.order);
        let lost = lost.filter(|order| !there.contains(order)).collect();

        let count = rows.len();
        let is_other = |row: &Row| row.player.as_deref().unwrap_or_default().ends_with(CODE);
        let (other, here): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(is_other);
        let (tally, strays) = audit_known(&world.panel, &here);
        let (completed, other_strays) = audit_barakat(barakat, TOKEN, &other);
        let completed = tally.completed + completed;

        let players = placed.iter().map(|p| (p.player.as_str(), p.order));
        let players: HashMap<&str, Uuid> = players.collect();
        let mut bought_for_lost = HashMap::new();
        bought_for_lost.extend(strays.iter().map(|s| (players[s.player.as_str()], s.cost)));
        let named = |id: &str| id.parse::<Uuid>().unwrap();
        bought_for_lost.extend(other_strays.iter().map(|s| (named(&s.order_uuid), s.cost)));

        let pool = &world.database.pool;
        let bought: Vec<Uuid> = bought_for_lost.keys().copied().collect();
        Self {
            placed: placed.len(),
            purchases: world.panel.ledger().sale_count() + barakat.ledger().sales().len(),
            completed,
            held: count - completed,
            lost,
            silent: sqlx::query_scalar(SILENT)
                .bind(bought.clone())
                .fetch_all(pool)
                .await
                .unwrap(),
            named: sqlx::query_scalar(NAMED)
                .bind(bought.clone())
                .fetch_one(pool)
                .await
                .unwrap(),
            late_answers: late_answers(pool, bought).await,
            unexplained: sum(pool, UNEXPLAINED).await,
            unsure: sum(pool, UNSURE).await,
            bought_for_lost,
        }
    }

    /// What was spent for orders that are gone.
    pub(super) fn spent_for_lost(&self) -> Decimal {
        self.bought_for_lost.values().sum()
    }
}

async fn sum(pool: &PgPool, sql: &'static str) -> Decimal {
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

async fn late_answers(pool: &PgPool, orders: Vec<Uuid>) -> i64 {
    let count = sqlx::query_scalar(LATE).bind(orders);
    count.fetch_one(pool).await.unwrap()
}

impl fmt::Display for Toll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} orders placed, {} purchases, bought twice 0; {} completed, {} held; {} confirmed orders gone, {} of \
             them bought for {} TRY, of which {} TRY are reported as unexplained and {} TRY named; {} answers came after the \
             failover",
            self.placed,
            self.purchases,
            self.completed,
            self.held,
            self.lost.len(),
            self.bought_for_lost.len(),
            self.spent_for_lost(),
            self.unexplained,
            self.named,
            self.late_answers
        )
    }
}
