//! Two processes that send stock, the first of which has lost its lead without noticing (case 7).

use std::{sync::Arc, time::Duration};

use orderwatch::{
    marketplace::{StockItem, fingerprint},
    stock::{Barcode, rule::Reason},
    store::PlannedPush,
    worker::{
        job::JobError,
        trendyol::{Pull, PushReport, Reconciler, Seller},
    },
};
use sandbox::{
    gates::Moment,
    trendyol::{Endpoint, trouble},
    trouble::Fault,
};
use sqlx::PgPool;
use tokio::task::JoinHandle;

use super::{rig::Rig, unsteady::Unsteady};
use crate::process::halt::Halt;

const MINUTE: Duration = Duration::from_mins(1);

/// Both are on sale; a request has one item.
async fn shop(pool: PgPool) -> Rig {
    let mut rig = Rig::new(pool, &[("A", 9), ("B", 9)]).await;
    rig.rules.batch_size = 1;
    for barcode in ["A", "B"] {
        rig.warehouse.stock(barcode, 9).await;
    }
    rig.push().await.unwrap();
    rig
}

impl Rig {
    async fn changed(&self, barcode: &str, qty: i32) {
        self.warehouse.stock(barcode, qty).await;
        let store = &self.seller.store;
        store.touch_items(&[barcode], self.now()).await.unwrap();
    }

    /// A turn of another process, held after its look and its plan, before its first request leaves; its
    /// lead is gone.
    async fn overtaken(
        &self,
    ) -> (
        Arc<Unsteady>,
        JoinHandle<Result<Option<PushReport>, JobError>>,
    ) {
        self.overtaken_at(|market| {
            market.calls.after(1);
            &market.calls
        })
        .await
    }

    /// The same, held at another moment.
    async fn overtaken_at(
        &self,
        halt: impl FnOnce(&Unsteady) -> &Halt,
    ) -> (
        Arc<Unsteady>,
        JoinHandle<Result<Option<PushReport>, JobError>>,
    ) {
        let market = Arc::new(Unsteady::new(
            Arc::clone(&self.market) as _,
            Arc::new(|_| ()),
        ));
        let stopped = halt(&market);
        let seller = Seller {
            market: Arc::clone(&market) as _,
            ..self.seller.clone()
        };
        let pull = Arc::new(Pull::new(seller, 15 * MINUTE));
        let reconciler = Reconciler::new(pull, self.rules, self.force);
        let turn = tokio::spawn(async move { reconciler.turn().await });
        stopped.reached().await;
        let ended = self
            .warehouse
            .rows(
                "SELECT pg_terminate_backend(l.pid, 10000) FROM pg_locks l
                 JOIN pg_database d ON d.oid = l.database
                 WHERE l.locktype = 'advisory' AND d.datname = current_database()",
            )
            .await;
        assert_eq!(ended, ["true"]);
        (market, turn)
    }

    /// What was sent, one after the other.
    fn sent(&self) -> Vec<String> {
        let requests = self
            .shop
            .ledger()
            .requests_to(Endpoint::PushStock)
            .into_iter();
        let items = requests.flat_map(|request| request.items);
        items
            .map(|(name, units)| format!("{name} {units}"))
            .collect()
    }
}

#[sqlx::test(migrations = false)]
async fn who_has_lost_the_lead_sends_nothing_more(pool: PgPool) {
    let rig = shop(pool).await;
    rig.changed("A", 5).await;
    rig.changed("B", 8).await;
    let (market, overtaken) = rig.overtaken().await;
    rig.changed("B", 2).await;
    rig.turn().await.unwrap();
    assert_eq!(rig.sent(), ["B 2"]);

    market.calls.lift();
    let lost = overtaken.await.unwrap().unwrap_err();
    assert!(matches!(lost, JobError::LostLead), "{lost}");
    assert_eq!(rig.sent(), ["B 2", "A 5"]);
    assert_eq!(rig.on_sale(), ["A 5", "B 2"]);
}

#[sqlx::test(migrations = false)]
async fn who_lost_the_lead_while_a_push_waited_for_its_turn_does_not_send_it(pool: PgPool) {
    let rig = shop(pool).await;
    rig.changed("A", 5).await;
    let (market, overtaken) = rig
        .overtaken_at(|market| {
            market.permits.after(0);
            &market.permits
        })
        .await;
    rig.changed("A", 2).await;
    rig.turn().await.unwrap();

    market.permits.lift();
    let lost = overtaken.await.unwrap().unwrap_err();
    assert!(matches!(lost, JobError::LostLead), "{lost}");
    assert_eq!(rig.sent(), ["A 2"]);
}

#[sqlx::test(migrations = false)]
async fn an_old_figure_that_was_on_its_way_is_taken_back(pool: PgPool) {
    let rig = shop(pool).await;
    rig.changed("A", 5).await;
    let (market, overtaken) = rig.overtaken().await;
    rig.changed("A", 2).await;
    rig.turn().await.unwrap();
    assert_eq!(rig.on_sale(), ["A 2", "B 9"]);
    market.calls.lift();
    overtaken.await.unwrap().unwrap();
    assert_eq!(rig.on_sale(), ["A 5", "B 9"]);

    // As soon as the result of the newer one is known, it is looked at; its number was used just now.
    rig.wait(Duration::from_secs(10));
    rig.reconciler().follow_results().await.unwrap();
    rig.turn().await.unwrap();
    assert_eq!(rig.on_sale(), ["A 1", "B 9"]);
    rig.wait(17 * MINUTE);
    rig.push().await.unwrap();
    assert_eq!(rig.on_sale(), ["A 2", "B 9"]);
}

#[sqlx::test(migrations = false)]
async fn a_plan_that_grew_old_while_it_was_sent_is_made_anew(pool: PgPool) {
    let rig = shop(pool).await;
    rig.changed("A", 5).await;
    rig.changed("B", 8).await;
    rig.weather(|weather| weather.push_takes = Duration::from_secs(40));
    let error = rig.turn().await.unwrap_err().to_string();
    assert_eq!(error, "a plan grew old before all of it was sent");
    assert_eq!(rig.sent(), ["A 5"]);

    rig.warehouse.stock("B", 3).await;
    rig.weather(|weather| weather.push_takes = Duration::ZERO);
    rig.wait(Duration::from_secs(20));
    rig.turn().await.unwrap();
    assert_eq!(rig.sent(), ["A 5", "B 3"]);
}

#[sqlx::test(migrations = false)]
async fn what_was_refused_reopens_nothing_whose_result_is_known(pool: PgPool) {
    let rig = shop(pool).await;
    rig.changed("A", 5).await;
    rig.turn().await.unwrap();
    rig.wait(Duration::from_secs(10));
    rig.reconciler().follow_results().await.unwrap();

    rig.changed("A", 3).await;
    let slow = Fault::Instead(trouble::too_many(Endpoint::PushStock, None));
    rig.shop.faults().next(Endpoint::PushStock, slow);
    rig.turn().await.unwrap_err();
    let sent = "SELECT sent, open_until IS NULL FROM orderwatch.stock_items WHERE barcode = 'A'";
    assert_eq!(rig.warehouse.rows(sent).await, ["5|true"]);
}

#[sqlx::test(migrations = false)]
async fn an_answer_that_was_given_up_is_written_down_all_the_same(pool: PgPool) {
    let rig = shop(pool).await;
    rig.changed("A", 5).await;
    let gate = rig.shop.hold(Endpoint::PushStock, Moment::BeforeAnswer);
    let (turn, ()) = tokio::join!(rig.turn(), async {
        gate.arrived(1).await;
        let given_up = "UPDATE orderwatch.stock_batches SET state = 'unknown'";
        rig.warehouse.run(given_up).await;
        gate.open();
    });
    turn.unwrap();
    let state = "SELECT state, name IS NULL FROM orderwatch.stock_batches";
    assert_eq!(rig.warehouse.rows(state).await, ["queued|false"]);
}

fn planned(barcode: &str, quantity: i32) -> PlannedPush {
    PlannedPush {
        barcode: Barcode::parse(barcode).unwrap(),
        quantity,
        desired: quantity,
        observed: Some(9),
        reason: Reason::Lower,
        left: None,
    }
}

fn print(items: &[PlannedPush]) -> [u8; 32] {
    let items: Vec<StockItem> = items
        .iter()
        .map(|item| StockItem {
            barcode: item.barcode.clone(),
            quantity: item.quantity,
        })
        .collect();
    fingerprint(&items)
}

#[sqlx::test(migrations = false)]
async fn an_older_plan_is_refused_for_what_a_newer_one_has_sent(pool: PgPool) {
    let rig = shop(pool).await;
    let (store, now) = (&rig.seller.store, rig.now());
    let older = store.new_plan().await.unwrap();
    let newer = store.new_plan().await.unwrap();
    let begin = |items, plan| store.begin_push(items, plan, print, now);
    begin(vec![planned("A", 2)], newer).await.unwrap().unwrap();

    let both = vec![planned("A", 5), planned("B", 8)];
    let (_, left) = begin(both, older).await.unwrap().unwrap();
    let left: Vec<&str> = left.iter().map(|item| item.barcode.as_str()).collect();
    assert_eq!(left, ["B"]);
    assert!(begin(vec![planned("A", 5)], older).await.unwrap().is_none());
    let sent = "SELECT barcode, sent FROM orderwatch.stock_items ORDER BY barcode";
    assert_eq!(rig.warehouse.rows(sent).await, ["A|2", "B|8"]);
    // The same plan goes on.
    begin(vec![planned("A", 1)], newer).await.unwrap().unwrap();
}
