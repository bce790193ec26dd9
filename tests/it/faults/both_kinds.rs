//! Both kinds of panel at once, each going wrong in every known way, short of money now and then, and
//! each the fallback of the other; daemons die with answers in their hands. At the end both ledgers and
//! the shop's rows say the same: nothing was bought twice, nothing is lost, every code has arrived.
//!
//! `ORDERWATCH_ORDERS` sets how many orders. One seed repeats the amount of each fault.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::{collections::HashMap, time::Duration};

use orderwatch::order::IntegrationId;
use sandbox::{
    barakat::{self, BarakatPlan, SoldWord},
    faults::Chance,
    panel::{self, PanelPlan, Readiness},
    seed::Seed,
    trouble::{Fault, Trouble},
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    process::figures,
    support::{BarakatReseller, Reseller, Rig, Shop},
};

const ORDERS: &str = "ORDERWATCH_ORDERS";
/// Orders placed at a time.
const BATCH: usize = 20;
/// Share of the panels' answers that go wrong.
const TROUBLE: f64 = 0.2;
/// Share of the purchases that are refused for want of money, besides.
const REFUSED: f64 = 0.15;
/// As long as it takes a circuit to be tried again.
const PAUSE: Duration = Duration::from_secs(30);
/// Far more than it takes: without an end the test has failed.
const ROUNDS: usize = 3_000;

const SETTINGS: [(&str, &str); 2] = [("znet.request_timeout", "1s"), ("znet.max_in_flight", "0")];

fn orders() -> usize {
    std::env::var(ORDERS).map_or(200, |orders| orders.parse().unwrap())
}

fn refusal<E>(endpoint: E, words: &'static str) -> Chance<E> {
    Chance {
        endpoint,
        fault: Fault::Instead(Trouble::says(words)),
        share: REFUSED,
    }
}

fn bad_znet(plan: &mut PanelPlan, seed: u64) {
    plan.seed = seed;
    plan.refuses_duplicates = false;
    plan.readiness = Readiness::after_waits(1);
    plan.faults = panel::unreliable(TROUBLE);
    let refusal = refusal(panel::Endpoint::Purchase, "3|Yetersiz bakiye");
    plan.faults.chances.push(refusal);
}

/// Of some products the code comes with the purchase.
fn bad_barakat(plan: &mut BarakatPlan, seed: u64) {
    plan.seed = seed;
    plan.readiness = Readiness::after_waits(1);
    plan.style.sold = SoldWord::Instant;
    for product in &mut plan.products {
        if product.id == "501" {
            product.readiness = Some(Readiness::default());
        }
    }
    plan.faults = barakat::unreliable(TROUBLE);
    let words = r#"{"status":"ERROR","message":"Insufficient balance"}"#;
    let refusal = refusal(barakat::Endpoint::Purchase, words);
    plan.faults.chances.push(refusal);
}

/// A shop with a bad panel of each kind, and the one daemon that lives.
struct Storm {
    shop: Shop,
    znet: Reseller,
    barakat: BarakatReseller,
    rig: Rig,
}

impl Storm {
    async fn begin(pool: PgPool, seed: u64) -> Self {
        let (shop, znet) = Shop::open_at(pool, |plan| bad_znet(plan, seed)).await;
        let barakat = shop.barakat(|plan| bad_barakat(plan, seed)).await;
        shop.fall_back(znet.package("2"), barakat.id, "501").await;
        shop.fall_back(barakat.package("501"), znet.id, "2").await;
        shop.fall_back(barakat.package("504"), znet.id, "2").await;
        let rig = fresh(&shop, &znet, &barakat);
        Self {
            shop,
            znet,
            barakat,
            rig,
        }
    }

    /// Half of them for each kind.
    async fn place(&self) {
        for number in 0..BATCH / 2 {
            let entry = ["2", "2", "3", "2", "4"][number % 5];
            self.shop.place(self.znet.package(entry)).await;
            let entry = ["501", "504", "502", "501", "503"][number % 5];
            let order = self.shop.place(self.barakat.package(entry)).await;
            if entry == "502" {
                self.shop.set(order, r#""extraField" = 'asia'"#).await;
            }
        }
    }

    /// Everything that can be sent and asked now, and a step in time.
    async fn pass(&mut self) {
        self.rig.probe().await;
        self.rig.buy().await;
        while self.rig.poll().await.started > 0 {}

        let due = self.rig.next_due().await;
        let ahead = due.map(|due| (due - self.shop.now()).to_std().unwrap_or_default());
        let ahead = ahead.map_or(PAUSE, |ahead| ahead.min(PAUSE));
        self.shop.advance(ahead.max(Duration::from_secs(1)));
    }

    /// The daemon dies with purchases and questions answered and nothing of it written; another comes.
    async fn crash(&mut self) {
        let other = fresh(&self.shop, &self.znet, &self.barakat);
        let dying = std::mem::replace(&mut self.rig, other);
        dying.begin_dispatch().await;
        dying.begin_poll().await;
        dying.die().await;
    }

    async fn open(&self) -> i64 {
        let sql = "SELECT count(*) FROM product_orders o
            LEFT JOIN orderwatch.orders t ON t.order_id = o.id
            WHERE t.stage IS NULL
               OR t.stage IN ('queued', 'dispatching', 'submitted', 'unconfirmed')";
        self.shop.count(sql).await
    }

    async fn run_out(&mut self) {
        for _ in 0..ROUNDS {
            if self.open().await == 0 {
                return;
            }
            self.pass().await;
        }
        panic!("{} orders are never settled", self.open().await);
    }
}

/// A daemon that can read both price lists: it would be real time until it tried them again.
fn fresh(shop: &Shop, znet: &Reseller, barakat: &BarakatReseller) -> Rig {
    let faults = znet.panel.faults();
    faults.script(panel::Endpoint::Catalogue, [None]);
    let faults = barakat.panel.faults();
    faults.script(barakat::Endpoint::Catalogue, [None]);
    Rig::with(shop, &SETTINGS)
}

/// A sale at either panel.
#[derive(Debug)]
struct Sold {
    panel: IntegrationId,
    reference: String,
    pin: Option<String>,
    charged_back: bool,
}

/// What was sold to each player; each order has a player of its own.
fn sales(znet: &Reseller, barakat: &BarakatReseller) -> HashMap<String, Vec<Sold>> {
    let mut all: HashMap<String, Vec<Sold>> = HashMap::new();
    for sale in znet.panel.ledger().sales() {
        all.entry(sale.player).or_default().push(Sold {
            panel: znet.id,
            reference: sale.reference,
            pin: sale.pin,
            charged_back: sale.settled == Some(panel::Ending::Cancelled),
        });
    }
    for sale in barakat.panel.ledger().sales() {
        let player = sale.player().unwrap().to_owned();
        all.entry(player).or_default().push(Sold {
            panel: barakat.id,
            reference: sale.order_uuid,
            pin: sale.pin,
            charged_back: sale.settled == Some(barakat::Ending::Cancelled),
        });
    }
    all
}

#[derive(Debug, sqlx::FromRow)]
struct Row {
    id: Uuid,
    player: String,
    panel: Option<String>,
    reference: Option<String>,
    external: String,
    pin: Option<String>,
    stage: String,
    held_reason: Option<String>,
}

const ROWS: &str = r#"
    SELECT o.id, o."userIdentifier" AS player, o."providerId" AS panel,
           o.provider_referans AS reference, o."externalStatus" AS external, o."pinCode" AS pin,
           t.stage, t.held_reason
    FROM product_orders o JOIN orderwatch.orders t ON t.order_id = o.id"#;

/// How the orders ended.
#[derive(Debug, Default)]
struct Tally {
    completed: usize,
    failed: usize,
    held: usize,
}

/// The row says what the ledgers say.
fn check(row: &Row, sold: &[Sold], tally: &mut Tally) {
    let about = || format!("{row:?}, {sold:?}");
    let kept: Vec<&Sold> = sold.iter().filter(|sale| !sale.charged_back).collect();
    match (row.stage.as_str(), kept.as_slice()) {
        ("completed", [sale]) => {
            tally.completed += 1;
            assert_eq!(row.external, "done", "{}", about());
            assert_eq!(row.pin, sale.pin, "{}", about());
            assert_eq!(row.reference.as_ref(), Some(&sale.reference), "{}", about());
            assert_eq!(row.panel, Some(sale.panel.to_string()), "{}", about());
        }
        ("failed", []) => {
            tally.failed += 1;
            assert_eq!(row.external, "failed", "{}", about());
            assert_eq!(row.pin, None, "{}", about());
        }
        ("held", []) => {
            tally.held += 1;
            let reason = row.held_reason.as_deref();
            assert_eq!(reason, Some("unconfirmed"), "{}", about());
            assert!(sold.is_empty(), "{}", about());
        }
        _ => panic!("an order ended badly: {}", about()),
    }

    // Barakat knows an order by its id, znet by a number.
    for sale in sold {
        let by_id = sale.reference == row.id.to_string();
        let by_number = sale.reference.bytes().all(|b| b.is_ascii_digit());
        assert!(by_id != by_number, "{}", about());
    }
}

/// Steps that must not have happened, and orders with more than one purchase at a panel.
const WRONG: &str = "
    SELECT (SELECT count(*) FROM orderwatch.events
            WHERE kind IN ('contradiction', 'overwritten', 'resend', 'timed_out'))
         + (SELECT count(*) FROM (SELECT order_id FROM orderwatch.purchases
            GROUP BY order_id, integration_id HAVING count(*) > 1) twice)
         + (SELECT count(*) FROM orderwatch.orders WHERE due_at IS NOT NULL)";

#[sqlx::test(migrations = false)]
async fn nothing_is_bought_twice_or_lost_at_two_bad_panels_of_two_kinds(pool: PgPool) {
    let seed = Seed::of_test("nothing_is_bought_twice_or_lost_at_two_bad_panels", ORDERS);
    let mut storm = Storm::begin(pool, seed.number()).await;
    let placed = orders().next_multiple_of(BATCH);
    for batch in 0..placed / BATCH {
        storm.place().await;
        if batch % 3 == 2 {
            storm.crash().await;
        }
        storm.pass().await;
        assert_eq!(storm.rig.sweep().await.overwritten, 0);
    }
    storm.run_out().await;

    let Storm {
        shop,
        znet,
        barakat,
        ..
    } = storm;
    let mut sold = sales(&znet, &barakat);
    let rows: Vec<Row> = sqlx::query_as(ROWS).fetch_all(&shop.pool).await.unwrap();
    let mut tally = Tally::default();
    for row in &rows {
        let sold = sold.remove(&row.player).unwrap_or_default();
        check(row, &sold, &mut tally);
    }
    assert!(sold.is_empty(), "sold to nobody's order: {sold:?}");
    assert_eq!(rows.len(), placed);
    assert_eq!(shop.count(WRONG).await, 0);

    // Nothing was even sent twice.
    let sent_twice = znet.panel.ledger().references_sent_twice();
    assert_eq!(sent_twice, Vec::<String>::new());
    let sent_twice = barakat.panel.ledger().references_sent_twice();
    assert_eq!(sent_twice, Vec::<String>::new());

    assert!(tally.completed > placed / 3, "{tally:?}");
    figures(&format!(
        "a znet and a barakat panel with {TROUBLE} of the answers wrong, each the fallback of the other: \
         {placed} orders, {} completed, {} failed, {} held, 0 bought twice, 0 lost",
        tally.completed, tally.failed, tally.held
    ));
    if placed >= 200 {
        let fell_back = "SELECT count(*) FROM orderwatch.purchases WHERE outcome = 'fell_back'";
        assert!(shop.count(fell_back).await > 0, "too quiet: {tally:?}");
        assert!(tally.held > 0 && tally.failed > 0, "{tally:?}");
    }
}
