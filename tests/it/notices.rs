//! Settlement notices: from the settlement to the shop's own server, on the wire and in the outbox.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

mod delivery;
mod receiver;
mod running;
mod told;

use std::{path::PathBuf, sync::Arc, time::Duration};

use chrono::{DateTime, SecondsFormat};
use orderwatch::{
    clock::Clock,
    config::{self, Config, Sources},
    daemon,
    order::{OrderId, Stage, TenantId},
    shutdown::Stop,
    store::Audience,
    webhook::{Endpoint, Http, Key},
    worker::{
        capacity::Capacity,
        jobs::retention::Retention,
        notices::{DeliveryRecorder, Notices},
        pulse::Pulses,
        stream::{Stream, Turn},
        wakeup::Wakeup,
    },
};
use sandbox::{
    panel::{Endpoint as PanelEndpoint, Ledger},
    trouble::{Fault, Trouble},
};
use serde_json::{Value, json};
use sqlx::PgPool;
use tempfile::TempDir;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use self::receiver::{Receiver, Reply};
use crate::{
    people::run,
    support::{Reseller, Rig, Shop},
};

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OLD_KEY: &str = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0";
const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn endpoint(name: &str, receiver: &Receiver) -> Endpoint {
    Endpoint {
        name: name.to_owned(),
        url: receiver.url().parse().unwrap(),
        keys: vec![Key::parse(KEY).unwrap()],
        timeout: secs(10),
    }
}

fn everyone(name: &str) -> Audience {
    Audience {
        endpoint: name.to_owned(),
        tenant: None,
    }
}

/// A shop whose settlements are told to these.
async fn telling(pool: PgPool, audience: Vec<Audience>) -> (Shop, Reseller) {
    let (mut shop, reseller) = Shop::open(pool).await;
    shop.store = shop.store.clone().telling(audience);
    (shop, reseller)
}

/// Buys an order of an entry of the price list and watches it to its end.
async fn settle(shop: &Shop, reseller: &Reseller, entry: &str) -> OrderId {
    let order = shop.place(reseller.package(entry)).await;
    let mut rig = Rig::new(shop);
    rig.buy().await;
    rig.run_out().await;
    assert!(shop.stage(order).await.is_final());
    order
}

/// The delivering part of a daemon, whose turns are taken by the test.
struct Post {
    notices: Notices,
    recorder: DeliveryRecorder,
    tasks: TaskTracker,
    capacity: Capacity,
}

impl Post {
    fn new(shop: &Shop, endpoints: Vec<Endpoint>) -> Self {
        let wakeup = Arc::<Wakeup>::default();
        let (recorder, deliveries) = DeliveryRecorder::new(shop.store.clone(), Arc::clone(&wakeup));
        let tasks = TaskTracker::new();
        tasks.close();
        let sources = (
            shop.store.clone(),
            Arc::clone(&shop.clock) as Arc<dyn Clock>,
        );
        let http = Http::new().unwrap();
        let notices = Notices::new(sources, http, endpoints, deliveries, tasks.clone(), wakeup);
        Self {
            notices,
            recorder,
            tasks,
            capacity: Capacity::new(100),
        }
    }

    /// A turn whose deliveries go on by themselves; how many there are.
    async fn begin(&self) -> usize {
        self.notices.take(&self.capacity).await.unwrap().started
    }

    /// A turn; its deliveries are done and written down.
    async fn turn(&mut self) -> usize {
        let started = self.begin().await;
        self.tasks.wait().await;
        self.recorder.drain().await;
        started
    }
}

impl Shop {
    /// The notices about an order, by endpoint.
    async fn notices(&self, order: OrderId) -> Vec<Value> {
        let sql =
            "SELECT to_jsonb(n) FROM orderwatch.notices n WHERE order_id = $1 ORDER BY endpoint";
        let rows = sqlx::query_scalar(sql).bind(order.0);
        rows.fetch_all(&self.pool).await.unwrap()
    }

    /// The one notice about an order.
    async fn notice(&self, order: OrderId) -> Value {
        let mut notices = self.notices(order).await;
        assert_eq!(notices.len(), 1);
        notices.remove(0)
    }
}

/// A configuration file with this address.
fn file(receiver: &Receiver, folder: &TempDir) -> PathBuf {
    let file = folder.path().join("orderwatch.toml");
    let block = format!(
        "[[notify.webhook]]\nname = \"shop\"\nurl = \"{}\"\nsecret = \"{KEY}\"\n",
        receiver.url()
    );
    std::fs::write(&file, block).unwrap();
    file
}
