//! Everything at once: panels of which every fifth answer goes wrong, sessions of the database that
//! end in the middle, two processes that are killed and stopped and started again, and a thousand
//! orders. At the end the panels' ledgers and the shop's rows say the same.
//!
//! `ORDERWATCH_ORDERS` sets how many orders, `ORDERWATCH_SEEDS` how many runs, `ORDERWATCH_SEED` the seed
//! of the first one. A seed repeats who is hurt and when by the orders placed, not each moment.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::time::Duration;

use fastrand::Rng;
use rust_decimal::Decimal;
use sandbox::{
    panel::{Account, Panel, PanelPlan, Readiness, unreliable},
    seed::Runs,
};

use crate::process::{
    Process, Signal,
    audit::{Tally, audit},
    figures,
    settings::Settings,
    shop::Shop,
    world::{CANCELLED, KOD, PIN, SIFRE, TOP_UP, World},
};

const ORDERS: &str = "ORDERWATCH_ORDERS";
/// Panels, each with a shop of its own.
const PANELS: u64 = 4;
/// Orders placed at a time.
const BATCH: usize = 20;
/// Share of the panels' answers that go wrong.
const TROUBLE: f64 = 0.2;

fn orders() -> usize {
    std::env::var(ORDERS).map_or(1000, |orders| orders.parse().unwrap())
}

/// A panel that misbehaves in every known way.
fn bad_panel(plan: &mut PanelPlan, seed: u64) {
    plan.seed = seed;
    plan.accounts = vec![Account::new(KOD, SIFRE, Decimal::from(1_000_000))];
    plan.refuses_duplicates = false;
    plan.readiness = Readiness::after_waits(1);
    plan.faults = unreliable(TROUBLE);
    plan.faults.closed_unread = 0.01;
    plan.faults.latency = Duration::ZERO..=Duration::from_millis(5);
}

/// Shops with an account each, at a bad panel each, in one database.
struct Chaos {
    world: World,
    others: Vec<(Panel, Shop)>,
    settings: Settings,
    dice: Rng,
    replicas: [Process; 2],
    restarts: usize,
    ended_sessions: usize,
}

impl Chaos {
    async fn begin(seed: u64) -> Self {
        let world = World::with(|plan| bad_panel(plan, seed)).await;
        let pool = &world.database.pool;
        let mut others = Vec::new();
        for other in 1..PANELS {
            let mut plan = PanelPlan::sample(seed);
            bad_panel(&mut plan, seed + 1000 * other);
            let panel = Panel::start(plan).await.unwrap();
            let entries = [PIN, TOP_UP, CANCELLED];
            let shop = Shop::open(pool, &panel.base_url(), (KOD, SIFRE), &entries).await;
            others.push((panel, shop));
        }
        // Prices cannot always be read; the mapping names what to buy then.
        let numbers = r#"UPDATE package_mappings SET meta = CASE provider_package_id
            WHEN '2' THEN '{"oyun": "1", "kupur": "325"}'
            WHEN '3' THEN '{"oyun": "7", "kupur": "86"}'
            ELSE '{"oyun": "9", "kupur": "50"}' END::jsonb"#;
        sqlx::query(numbers).execute(pool).await.unwrap();
        let settings = world
            .settings()
            .text("znet.request_timeout", "1s")
            .with("znet.max_in_flight", "48")
            // Longer than a loaded machine may keep a request under way.
            .with("dispatch.confirm_after", r#"["500ms", "2s", "4s"]"#);
        let spawn = || world.program(&settings, &["run"]).spawn();
        Self {
            replicas: [spawn(), spawn()],
            settings,
            world,
            others,
            dice: Rng::with_seed(seed),
            restarts: 0,
            ended_sessions: 0,
        }
    }

    /// Some orders, and something bad.
    async fn round(&mut self, place: usize) {
        let entry = *[PIN, PIN, PIN, TOP_UP, CANCELLED]
            .get(self.dice.usize(0..5))
            .unwrap();
        let name = format!("player-{place}");
        let shop = self.dice.usize(0..=self.others.len());
        let (panel, shop) = match self.others.get(shop) {
            Some((panel, shop)) => (panel.clone(), shop),
            None => (self.world.panel.clone(), &self.world.shop),
        };
        shop.orders(entry, &name, BATCH).await;
        let pause = Duration::from_millis(self.dice.u64(0..500));
        tokio::time::sleep(pause).await;
        match self.dice.u32(0..4) {
            0 => self.restart(self.place()).await,
            1 => {
                let share = self.dice.f64();
                let ended = self.world.database.end_some_sessions(share, &mut self.dice);
                self.ended_sessions += ended.await;
            }
            2 => panel.drop_connections(),
            _ => {}
        }
    }

    fn place(&self) -> usize {
        self.restarts % 2
    }

    /// Kills one of the two, or stops it, and starts it again.
    async fn restart(&mut self, place: usize) {
        let fresh = self.world.program(&self.settings, &["run"]).spawn();
        let mut old = std::mem::replace(&mut self.replicas[place], fresh);
        assert!(old.is_running(), "it ended by itself:\n{}", old.written());
        if self.dice.bool() {
            old.kill().await;
        } else {
            old.signal(Signal::TERM);
            let ended = old.ended().await;
            assert_eq!(ended.code(), 0, "{ended:?}");
        }
        self.restarts += 1;
    }

    /// Waits until nobody works on any order, and compares rows and ledgers.
    async fn end(self) -> Tally {
        let mut rows = vec![(&self.world.panel, self.world.shop.settled().await)];
        for (panel, shop) in &self.others {
            rows.push((panel, shop.settled().await));
        }
        for mut process in self.replicas {
            assert!(process.is_running(), "{}", process.written());
            let log = process.stop().await.stderr;
            assert!(!log.contains("panicked"), "{log}");
        }
        let mut all = Tally::default();
        for (panel, rows) in rows {
            let tally = audit(panel, &rows);
            all.completed += tally.completed;
            all.cancelled += tally.cancelled;
            all.held += tally.held;
        }
        let pool = &self.world.database.pool;
        let wrong: Vec<String> = sqlx::query_scalar(CONTRADICTIONS)
            .fetch_all(pool)
            .await
            .unwrap();
        assert_eq!(wrong, Vec::<String>::new());
        all
    }
}

/// Orders whose purchases or events do not fit their stage.
const CONTRADICTIONS: &str = "
    SELECT t.order_id || ' ' || t.stage || ': ' || coalesce(string_agg(e.kind, ' ' ORDER BY e.id), '')
    FROM orderwatch.orders t LEFT JOIN orderwatch.events e ON e.order_id = t.order_id
    GROUP BY t.order_id
    HAVING count(*) FILTER (WHERE e.kind IN ('completed', 'cancelled', 'timed_out'))
               <> CASE WHEN t.stage IN ('completed', 'failed') THEN 1 ELSE 0 END
        OR count(*) FILTER (WHERE e.kind = 'contradiction') > 0
        OR (SELECT count(*) FROM orderwatch.purchases p WHERE p.order_id = t.order_id) <> 1
        OR t.due_at IS NOT NULL";

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_orders_through_everything_at_once() {
    let orders = orders();
    let set = format!("{ORDERS}={orders} ");
    let runs = Runs::of_test("a_thousand_orders_through_everything_at_once", &set, 1);
    for number in runs.numbers() {
        let seed = runs.seed(number);
        let mut chaos = Chaos::begin(seed.number()).await;
        for place in (0..orders).step_by(BATCH) {
            chaos.round(place).await;
        }
        let (restarts, ended) = (chaos.restarts, chaos.ended_sessions);
        let tally = chaos.end().await;
        let placed = orders.next_multiple_of(BATCH);
        let settled = tally.completed + tally.cancelled + tally.held;
        assert_eq!(settled, placed, "{tally:?}");
        figures(&format!(
            "{PANELS} znet panels with {TROUBLE} of the answers wrong, {restarts} kills and stops of two processes, \
             {ended} sessions ended: {placed} orders, {} completed, {} cancelled, {} held, 0 bought twice, 0 lost",
            tally.completed, tally.cancelled, tally.held
        ));
        assert!(tally.completed > placed / 3, "{tally:?}");
        if orders >= 1000 {
            assert!(
                restarts > 3 && ended > 10,
                "{restarts} and {ended}: too quiet"
            );
        }
    }
}
