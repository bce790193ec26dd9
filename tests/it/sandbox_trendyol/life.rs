//! Sales and what chance makes of them: the books must always agree.

use std::{collections::HashSet, time::Duration};

use fastrand::Rng;
use sandbox::trendyol::{Package, Status, StoreError, TrendyolStore};

use super::{FIRST, SECOND, start, wire::accepted};

#[tokio::test]
async fn nobody_buys_more_than_the_store_shows() {
    let store = start(|_| {}).await;
    store.sell(FIRST, 7).unwrap();
    let sold_out = StoreError::SoldOut {
        barcode: FIRST.into(),
        asked: 4,
        stock: 3,
    };
    assert_eq!(store.sell(FIRST, 4), Err(sold_out.clone()));
    // The whole order fails, split over packages or not.
    assert_eq!(
        store.sell_parcels(&[&[(SECOND, 1), (FIRST, 2)], &[(FIRST, 2)]]),
        Err(sold_out)
    );
    assert_eq!(
        store.sell("x", 1),
        Err(StoreError::UnknownProduct("x".into()))
    );
    assert_eq!(store.sell_parcels(&[]), Err(StoreError::Empty));
    accepted(&store, &[(FIRST, 1)]).await;
    store.sell(FIRST, 1).unwrap();
    let shown: Vec<_> = store
        .ledger()
        .sales()
        .iter()
        .map(|s| (s.pieces, s.shown))
        .collect();
    assert_eq!(shown, [(7, 10), (1, 1)]);
    assert_eq!(
        (store.ledger().pieces_sold(FIRST), store.stock_of(FIRST)),
        (8, Some(0))
    );
    assert_eq!(store.stock_of(SECOND), Some(10));
}

#[tokio::test]
async fn cancellations_give_pieces_back_only_where_the_plan_says_so() {
    for (restocks, left) in [(false, 6), (true, 10)] {
        let store = start(|plan| plan.restocks = restocks).await;
        let id = store.sell(FIRST, 4).unwrap().packages[0];
        store.cancel(id).unwrap();
        assert_eq!(store.stock_of(FIRST), Some(left));
    }
}

#[tokio::test]
async fn orders_may_begin_unpaid() {
    let store = start(|plan| plan.awaiting = 1.0).await;
    let id = store.sell(FIRST, 1).unwrap().packages[0];
    let status = |store: &TrendyolStore| store.package(id).unwrap().status;
    assert_eq!(
        (status(&store), store.stock_of(FIRST)),
        (Status::Awaiting, Some(9))
    );
    store.move_to(id, Status::Created).unwrap();
    assert_eq!(status(&store), Status::Created);
}

/// Pieces in packages that no other package has taken the place of.
fn pieces(packages: &[Package], counts: impl Fn(&Package) -> bool) -> u32 {
    let replaced: HashSet<i64> = packages.iter().flat_map(|p| p.origins.clone()).collect();
    let last = packages.iter().filter(|p| !replaced.contains(&p.id));
    last.filter(|p| counts(p)).map(Package::pieces).sum()
}

async fn lived(seed: u64) -> (TrendyolStore, Vec<String>) {
    let store = start(|plan| {
        plan.seed = seed;
        plan.awaiting = 0.3;
        plan.restocks = true;
        plan.feed_delay = Duration::ZERO..=Duration::from_secs(90);
    })
    .await;
    let mut rng = Rng::with_seed(seed);
    for _ in 0..80 {
        store.advance(Duration::from_secs(20));
        if rng.bool() {
            store.sell_random(&mut rng);
        } else {
            store.live(&mut rng);
        }
    }
    let told = |p: &Package| format!("{} {} {}", p.id, p.status, p.pieces());
    let packages = store.packages().iter().map(told).collect();
    (store, packages)
}

#[tokio::test]
async fn whatever_happens_no_piece_is_lost_or_made() {
    for seed in 0..20 {
        let (store, ends) = lived(seed).await;
        assert_eq!(lived(seed).await.1, ends, "seed {seed}");
        let sales = store.ledger().sales();
        assert!(sales.iter().all(|sale| sale.pieces <= sale.shown));
        let sold: u32 = sales.iter().map(|sale| sale.pieces).sum();
        let packages = store.packages();
        assert_eq!(pieces(&packages, |_| true), sold, "seed {seed}");
        let given_back = |p: &Package| matches!(p.status, Status::Cancelled | Status::UnSupplied);
        let left: u32 = store.stocks().iter().map(|(_, stock)| stock).sum();
        assert_eq!(
            left + sold - pieces(&packages, given_back),
            60,
            "seed {seed}"
        );
    }
}
