//! A pass that is killed at any moment, and repeated, ends as one that was not.
//!
//! A process leaves behind what the database and the store have taken, nothing else. So it is killed
//! before every change of the database (a statement of its own, or a `COMMIT`), before every request,
//! and after the store took the request: those are all states in which it can be found.

use std::{collections::HashMap, time::Duration};

use orderwatch::{
    outbound::Http,
    store::{PickAsk, Store},
    worker::trendyol::report_picking,
};
use sandbox::trendyol::{Endpoint, Product, Status};

use super::{
    rig::{Rig, http},
    warehouse::Warehouse,
};
use crate::process::{database::Database, proxy::Proxy, until};

const MINUTE: Duration = Duration::from_mins(1);

/// What is on sale in the end.
const ON_SALE: [&str; 6] = ["A 2", "B 8", "C 5", "D 10", "E 4", "F 9"];

/// Tables that must be the same, but for these columns: numbers, times that are later where a pass was
/// repeated, and how often something was tried or found to have changed.
const TABLES: [(&str, &str); 13] = [
    ("orders_created", "id,created_at,updated_at"),
    (
        "orders_picking",
        "id,created_at,updated_at,last_modified_date,picking_start_time",
    ),
    ("orders_shipped", "id,created_at,updated_at"),
    ("orders_delivered", "id,created_at,updated_at"),
    ("orders_cancelled", "id,created_at,updated_at"),
    ("central_stock", "updated_at,last_push_date"),
    ("raf_urunleri", "id"),
    ("return_orders", ""),
    ("return_products", ""),
    (
        "orderwatch.packages",
        "last_seen_at,taken_at,first_seen_at,recorded_at,changed_at,modified_ms,content,fingerprint",
    ),
    ("orderwatch.order_places", "put_at"),
    (
        "orderwatch.stock_items",
        "observed_at,sent_at,sent_batch,plan,touched_at,watched_until",
    ),
    ("orderwatch.picking_outbox", "reported_at,tries,trouble"),
];

/// Everything that the store is asked for.
#[derive(Clone, Copy, Debug)]
enum Work {
    /// Also follows what was sent before.
    Push,
    /// Also tells which packages are being picked, and follows what was sent.
    Pull,
    Returns,
    Verify,
    /// Also tells of it.
    Pick,
}

/// Where a process dies; so many go before.
#[derive(Clone, Copy, Debug)]
enum Death {
    Change(usize),
    Request(usize),
    Answer(usize),
}

/// A store and a warehouse in the middle of their day.
struct Day {
    rig: Rig,
    /// An order that waits to be picked.
    order: String,
}

/// What outlives a process.
struct World {
    /// Asks the database directly; its store, through the proxy.
    warehouse: Warehouse,
    proxy: Proxy,
    http: Http,
    _database: Database,
}

impl World {
    async fn new() -> Self {
        let database = Database::create().await;
        let mut proxy = Proxy::before(database.options()).await;
        proxy.open().await;
        let mut warehouse = Warehouse::new(database.pool.clone()).await;
        let url = proxy.url().into();
        warehouse.store = Store::connect_lazy(&url, 4, Duration::from_mins(1), None).unwrap();
        Self {
            warehouse,
            proxy,
            http: http(),
            _database: database,
        }
    }

    /// Something to raise, to lower, to put on sale; an order that was split, one that was cancelled,
    /// a new one, one that was picked without Trendyol's knowing it, one to pick, one that has been open
    /// for days, one that came back; and a request whose results were not read.
    async fn day(&self) -> Day {
        self.warehouse.clear().await;
        let rig = Rig::with(self.warehouse.clone(), self.http.clone(), |plan| {
            let products = ["A", "B", "C", "D", "E", "F"].iter();
            plan.products = products.map(|barcode| Product::new(*barcode, 9)).collect();
            plan.queue.delay = Duration::from_secs(3)..=Duration::from_secs(3);
        })
        .await;
        for (barcode, qty) in [("A", 9), ("B", 8), ("C", 9), ("D", 9), ("F", 9)] {
            rig.warehouse.stock(barcode, qty).await;
        }
        let back = rig.shop.sell("F", 2).unwrap().packages[0];
        rig.shop.move_to(back, Status::Delivered).unwrap();
        rig.push().await.unwrap();
        rig.wait(20 * MINUTE);
        let sold = [("A", 3), ("C", 2), ("C", 1), ("D", 1), ("C", 1)];
        let [split, gone, order, begun, long] = sold.map(|(b, n)| rig.shop.sell(b, n).unwrap());
        rig.pull.changes().await.unwrap();
        rig.wait(MINUTE);
        rig.shop.split(split.packages[0]).unwrap();
        rig.shop.cancel(gone.packages[0]).unwrap();
        rig.shop.sell("C", 2).unwrap();
        rig.shop.claim(back, "F", 2).unwrap();
        for (barcode, qty) in [("D", 11), ("A", 5), ("E", 4)] {
            rig.warehouse.stock(barcode, qty).await;
        }
        let days_ago = format!(
            "INSERT INTO raf_urunleri (raf_kodu, urun_barkodu, adet) VALUES ('R', 'C', 2), ('S', 'D', 3);
             UPDATE orderwatch.packages SET first_seen_at = first_seen_at - interval '6 days',
                 last_seen_at = last_seen_at - interval '1 day' WHERE order_number = '{}'",
            long.number
        );
        rig.warehouse.run(&days_ago).await;
        pick(&rig, &begun.number).await;
        rig.wait(MINUTE);
        let order = order.number;
        Day { rig, order }
    }

    /// Does the work until the process dies. False when it came to its end before.
    async fn killed(&mut self, day: &Day, work: Work, death: Death) -> bool {
        let (halt, count) = match death {
            Death::Change(count) => (self.proxy.changes(), count),
            Death::Request(count) => (&day.rig.market.calls, count),
            Death::Answer(count) => (&day.rig.market.answers, count),
        };
        halt.after(count);
        let killed = tokio::select! {
            biased;
            () = halt.reached() => true,
            () = day.does(work) => false,
        };
        halt.lift();
        // Its connections end with it.
        self.proxy.cut().await;
        self.proxy.open().await;
        self.nobody_is_left().await;
        killed
    }

    /// Waits until the server has noticed that a process is gone.
    async fn nobody_is_left(&self) {
        let locks = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                     WHERE l.locktype = 'advisory' AND d.datname = current_database()";
        until("the locks of the dead to be gone", || async {
            (self.warehouse.rows(locks).await == ["0"]).then_some(())
        })
        .await;
    }

    /// Kills the work at each of its moments.
    async fn killed_again(mut self, work: Work) {
        let day = self.day().await;
        day.does(work).await;
        let undisturbed = day.settled().await;
        assert_eq!(day.rig.on_sale(), ON_SALE);
        let kinds: [fn(usize) -> Death; 3] = [Death::Change, Death::Request, Death::Answer];
        for death in kinds {
            for count in 0.. {
                let (day, death) = (self.day().await, death(count));
                let killed = self.killed(&day, work, death).await;
                day.does(work).await;
                let differences = differences(&undisturbed, &day.settled().await);
                assert_eq!(differences, [""; 0], "{work:?} {death:?}");
                if !killed {
                    assert!(count > 0, "{work:?} {death:?}");
                    break;
                }
            }
        }
        self.warehouse.store.close().await;
    }
}

/// What only one of both has.
fn differences(before: &[String], after: &[String]) -> Vec<String> {
    let only = |left: &[String], right: &[String], mark: &str| -> Vec<String> {
        let only = left.iter().filter(|row| !right.contains(row));
        only.map(|row| format!("{mark} {row}")).collect()
    };
    [only(before, after, "-"), only(after, before, "+")].concat()
}

async fn pick(rig: &Rig, order: &str) {
    let ask = PickAsk {
        order,
        shelf: None,
        by: "Ayşe",
        dry_run: false,
        now: rig.now(),
    };
    rig.seller.store.pick(ask).await.unwrap();
}

impl Day {
    async fn does(&self, work: Work) {
        let rig = &self.rig;
        match work {
            Work::Push => drop(rig.push().await.unwrap()),
            Work::Pull => drop(rig.pull().await.unwrap()),
            Work::Returns => drop(rig.returns().await.unwrap()),
            Work::Verify => drop(rig.verify().await.unwrap()),
            Work::Pick => {
                pick(rig, &self.order).await;
                report_picking(&rig.seller).await.unwrap();
            }
        }
    }

    /// Everything that must be the same however the passes went, when nothing is left to do.
    async fn settled(&self) -> Vec<String> {
        let rig = &self.rig;
        for round in 0..12 {
            rig.wait(10 * MINUTE);
            rig.pull().await.unwrap();
            let pushed = rig.push().await.unwrap();
            // What was cancelled is held for a quarter of an hour.
            let idle = pushed.items == 0 && pushed.waiting.is_empty();
            if idle && round > 1 {
                break;
            }
        }
        rig.returns().await.unwrap();
        let ledger = rig.shop.ledger();
        assert_eq!(ledger.repeated_items(15 * MINUTE), []);
        assert_eq!(ledger.repeated_bodies(15 * MINUTE), []);
        self.told_once();
        self.is_logged().await;
        let mut state = rig.on_sale();
        for (table, but) in TABLES {
            let rows =
                format!("SELECT to_jsonb(t) - '{{{but}}}'::text[] AS r FROM {table} t ORDER BY r");
            let rows = rig.warehouse.rows(&rows).await.into_iter();
            state.extend(rows.map(|row| format!("{table} {row}")));
        }
        state
    }

    /// Everything that Trendyol took stands in one row of the warehouse's log.
    async fn is_logged(&self) {
        let logged =
            "SELECT sum(total_items), sum(total_quantity), sum(batch_count) FROM stock_push_log";
        let taken =
            "SELECT count(*), sum(quantity), count(DISTINCT batch) FROM orderwatch.stock_sends s
                     JOIN orderwatch.stock_batches b ON b.id = s.batch
                     WHERE b.state IN ('queued', 'settled', 'expired')";
        let warehouse = &self.rig.warehouse;
        assert_eq!(warehouse.rows(logged).await, warehouse.rows(taken).await);
    }

    /// A package moves to `Picking` once; that it has is told a second time at most.
    fn told_once(&self) {
        let mut told: HashMap<String, Vec<Option<u16>>> = HashMap::new();
        for request in self.rig.shop.ledger().requests_to(Endpoint::UpdatePackage) {
            told.entry(request.target).or_default().push(request.worked);
        }
        for (package, told) in told {
            let once = [Some(200)];
            assert!(
                told == once || told == [Some(200), Some(409)],
                "{package}: {told:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_push_may_be_killed_at_any_moment() {
    World::new().await.killed_again(Work::Push).await;
}

#[tokio::test]
async fn a_pull_of_orders_may_be_killed_at_any_moment() {
    World::new().await.killed_again(Work::Pull).await;
}

#[tokio::test]
async fn a_pull_of_returns_may_be_killed_at_any_moment() {
    World::new().await.killed_again(Work::Returns).await;
}

#[tokio::test]
async fn a_verification_may_be_killed_at_any_moment() {
    World::new().await.killed_again(Work::Verify).await;
}

#[tokio::test]
async fn a_pick_may_be_killed_at_any_moment() {
    World::new().await.killed_again(Work::Pick).await;
}
