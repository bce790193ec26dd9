//! A pass that is killed at any moment, and repeated, ends as one that was not.

use std::{
    collections::BTreeSet,
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

use orderwatch::{
    outbound::Http,
    sandbox::{
        gates::Moment,
        trendyol::{Endpoint, Product},
    },
};
use sqlx::PgPool;

use super::{
    rig::{Rig, http},
    warehouse::Warehouse,
};

const MINUTE: Duration = Duration::from_mins(1);

/// A store in the middle of its day: something to raise, to lower, to put on sale and to take off,
/// an order that was split, one that was cancelled, and a new one.
async fn busy(warehouse: &Warehouse, http: &Http) -> Rig {
    warehouse.clear().await;
    let rig = Rig::with(warehouse.clone(), http.clone(), |plan| {
        let products = ["A", "B", "C", "D", "E"].iter();
        plan.products = products.map(|barcode| Product::new(*barcode, 9)).collect();
        plan.queue.delay = 3 * Duration::from_secs(1)..=3 * Duration::from_secs(1);
    })
    .await;
    for (barcode, qty) in [("A", 9), ("B", 8), ("C", 7), ("D", 6)] {
        rig.warehouse.stock(barcode, qty).await;
    }
    rig.push().await.unwrap();
    rig.wait(20 * MINUTE);
    let split = rig.shop.sell("A", 3).unwrap();
    let gone = rig.shop.sell("B", 2).unwrap();
    rig.shop.sell("C", 1).unwrap();
    rig.pull().await.unwrap();
    rig.wait(MINUTE);
    rig.shop.split(split.packages[0]).unwrap();
    rig.shop.cancel(gone.packages[0]).unwrap();
    rig.shop.sell("C", 2).unwrap();
    rig.warehouse.stock("D", 11).await;
    rig.warehouse.stock("A", 5).await;
    rig.warehouse.stock("E", 4).await;
    rig
}

/// Polls a future so many times at most; `None` when it was dropped before its end.
async fn polled<T>(times: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = times;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

/// Everything that must be the same, however the passes went.
async fn state(rig: &Rig) -> Vec<String> {
    let mut state = rig.on_sale();
    state.extend(rig.warehouse.orders().await);
    state.extend(
        rig.warehouse
            .rows(
                "SELECT barcode, confirmed, sent, failures FROM orderwatch.stock_items ORDER BY 1",
            )
            .await,
    );
    state.extend(
        rig.warehouse
            .rows("SELECT package_id, status, taken_at, unpicked, late FROM orderwatch.packages ORDER BY 1")
            .await,
    );
    state
}

/// The requests that are not settled.
async fn batches(rig: &Rig) -> Vec<String> {
    rig.warehouse
        .rows("SELECT state FROM orderwatch.stock_batches WHERE state <> 'settled' ORDER BY 1")
        .await
}

/// Passes until nothing is left to do.
async fn settled(rig: &Rig) -> Vec<String> {
    for round in 0..12 {
        rig.wait(10 * MINUTE);
        rig.pull().await.unwrap();
        let pushed = rig.push().await.unwrap();
        // What was cancelled is held for a quarter of an hour.
        let idle = pushed.requests + pushed.missing == 0 && pushed.waiting.is_empty();
        if idle && round > 1 {
            break;
        }
    }
    assert_eq!(rig.shop.ledger().repeated_items(15 * MINUTE), []);
    assert_eq!(rig.shop.ledger().repeated_bodies(15 * MINUTE), []);
    state(rig).await
}

#[sqlx::test(migrations = false)]
async fn a_pass_may_be_killed_at_any_moment(pool: PgPool) {
    let options = pool.connect_options().as_ref().clone();
    let quick = options.options([("synchronous_commit", "off")]);
    let warehouse = Warehouse::new(PgPool::connect_with(quick).await.unwrap()).await;
    let http = http();
    let rig = busy(&warehouse, &http).await;
    rig.push().await.unwrap();
    let undisturbed = settled(&rig).await;
    assert_eq!(&undisturbed[..5], ["A 2", "B 8", "C 4", "D 11", "E 4"]);
    let mut moments = BTreeSet::new();
    for times in 1.. {
        let rig = busy(&warehouse, &http).await;
        let ended = polled(times, rig.push()).await;
        moments.insert(batches(&rig).await);
        assert_eq!(
            settled(&rig).await,
            undisturbed,
            "killed after {times} polls"
        );
        if ended.is_some() {
            break;
        }
    }
    // How often a pass is polled, and how far a request has come by then, differs from run to run.
    let killed = |state: &[&str]| moments.iter().any(|batches| *batches == state);
    assert!(killed(&[]), "before it began to send: {moments:?}");
    assert!(killed(&["sending"]), "between POST and record: {moments:?}");
    warehouse.store.close().await;
}

#[sqlx::test(migrations = false)]
async fn a_push_that_went_out_without_being_recorded_is_not_repeated(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 0), ("B", 0)]).await;
    rig.warehouse.stock("A", 5).await;
    rig.warehouse.stock("B", 6).await;
    // The process dies while Trendyol's answer is on its way.
    let gate = rig.shop.hold(Endpoint::PushStock, Moment::BeforeAnswer);
    tokio::select! {
        _ = rig.push() => panic!("the answer was held back"),
        () = gate.arrived(1) => {}
    }
    gate.open();
    let state = || {
        rig.warehouse
            .rows("SELECT state, name FROM orderwatch.stock_batches")
    };
    assert_eq!(state().await, ["sending|-"]);
    rig.wait(Duration::from_secs(30));
    assert_eq!(rig.push().await.unwrap().waiting["in_flight"], 2);
    rig.wait(MINUTE);
    let pushed = rig.push().await.unwrap();
    assert_eq!((pushed.items, pushed.read_back), (0, 2));
    assert_eq!(state().await, ["unknown|-"]);
    assert_eq!(rig.on_sale(), ["A 5", "B 6"]);
    assert_eq!(rig.shop.ledger().count(Endpoint::PushStock), 1);
}
