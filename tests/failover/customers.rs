//! Customers who order all the time, and again where the shop could not say whether it has their order.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio::{sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::process::{within, world::World};

/// From one order of a customer to the next.
const PAUSE: Duration = Duration::from_millis(800);
/// From one try to place an order to the next.
const AGAIN: Duration = Duration::from_millis(50);
/// The longest that a customer waits for the shop.
const PATIENCE: Duration = Duration::from_secs(5);

const ORDER: &str = r#"
    INSERT INTO product_orders (id, "tenantId", "packageId", "userIdentifier", price)
    SELECT $1, $2, id, $4, 49.99 FROM product_packages WHERE "tenantId" = $2 AND name = $3
    ON CONFLICT (id) DO NOTHING"#;

/// An order that the shop has confirmed: its commit was answered.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) order: Uuid,
    pub(super) player: String,
}

pub(super) struct Customers {
    placed: Arc<Book>,
    resting: watch::Sender<bool>,
    gone: CancellationToken,
    tasks: JoinSet<()>,
}

struct Book {
    orders: Mutex<Vec<Placed>>,
    /// Every order that was tried, by its id.
    players: Mutex<HashMap<String, String>>,
    count: watch::Sender<usize>,
}

impl Customers {
    /// One for each of these entries of a price list.
    pub(super) fn come(world: &World, entries: &[&'static str]) -> Self {
        let pool = PgPoolOptions::new()
            .acquire_timeout(Duration::from_secs(2))
            .connect_lazy_with(world.database.options());
        let placed = Arc::new(Book {
            orders: Mutex::default(),
            players: Mutex::default(),
            count: watch::Sender::new(0),
        });
        let (gone, resting) = (CancellationToken::new(), watch::Sender::new(false));
        let mut tasks = JoinSet::new();
        for (number, entry) in entries.iter().copied().enumerate() {
            let (book, pool) = (Arc::clone(&placed), pool.clone());
            let (tenant, gone) = (world.shop.tenant, gone.clone());
            let mut resting = resting.subscribe();
            tasks.spawn(async move {
                let mut turn = 0;
                while !gone.is_cancelled() {
                    turn += 1;
                    // An error means that all of them go.
                    drop(resting.wait_for(|resting| !resting).await);
                    let player = format!("player-{number}-{turn}-{entry}");
                    book.place(&pool, tenant, entry, player).await;
                    tokio::time::sleep(PAUSE).await;
                }
            });
        }
        Self {
            placed,
            resting,
            gone,
            tasks,
        }
    }

    /// Waits until they have placed so many more.
    pub(super) async fn place(&self, more: usize) {
        let mut count = self.placed.count.subscribe();
        let wanted = *count.borrow() + more;
        let placed = count.wait_for(|count| *count >= wanted);
        within("orders", placed).await.unwrap();
    }

    /// They place nothing more while this is done.
    pub(super) async fn rest_during(&self, work: impl Future<Output = ()>) {
        self.resting.send_replace(true);
        work.await;
        self.resting.send_replace(false);
    }

    /// What they have placed so far.
    pub(super) fn placed(&self) -> Vec<Placed> {
        self.placed.orders.lock().unwrap().clone()
    }

    /// Who ordered, by the order's id.
    pub(super) fn players(&self) -> HashMap<String, String> {
        self.placed.players.lock().unwrap().clone()
    }

    /// They place what they have begun, and go.
    pub(super) async fn leave(self) -> Vec<Placed> {
        self.gone.cancel();
        within("the last orders", self.tasks.join_all()).await;
        let orders = self.placed.orders.lock().unwrap();
        orders.clone()
    }
}

impl Book {
    /// Orders under one id until the shop says that it has the order.
    async fn place(&self, pool: &PgPool, tenant: Uuid, entry: &str, player: String) {
        let order = Uuid::new_v4();
        let known = (order.to_string(), player.clone());
        self.players.lock().unwrap().extend([known]);
        loop {
            let written = sqlx::query(ORDER)
                .bind(order)
                .bind(tenant)
                .bind(entry)
                .bind(&player)
                .execute(pool);
            if let Ok(Ok(_)) = tokio::time::timeout(PATIENCE, written).await {
                break;
            }
            tokio::time::sleep(AGAIN).await;
        }

        self.orders.lock().unwrap().push(Placed { order, player });
        self.count.send_modify(|count| *count += 1);
    }
}
