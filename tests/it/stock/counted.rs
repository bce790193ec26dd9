//! What a pass did, as it is counted.

use std::time::Duration;

use orderwatch::meter::label::{Group, Item, Reply};
use sandbox::{
    trendyol::{Endpoint, Product, ProductState, Unfinished, trouble},
    trouble::{Fault, Trouble},
};
use sqlx::PgPool;

use super::{rig::Rig, warehouse::Warehouse};

impl Rig {
    /// Items that were pushed, confirmed, refused.
    fn items(&self) -> [u64; 3] {
        [Item::Pushed, Item::Confirmed, Item::Refused].map(|item| self.seller.meter.items.get(item))
    }

    /// Requests by outcome: good, one too many, refused, without an answer.
    fn answers(&self, group: Group) -> [u64; 4] {
        let replies = [
            Reply::Ok,
            Reply::RateLimited,
            Reply::Refused,
            Reply::NoAnswer,
        ];
        replies.map(|reply| self.seller.meter.market.get((group, reply)))
    }
}

#[sqlx::test(migrations = false)]
async fn every_item_is_counted_once_however_often_its_result_is_looked_at(pool: PgPool) {
    for unfinished in [Unfinished::Missing, Unfinished::InProgress] {
        let warehouse = Warehouse::new(pool.clone()).await;
        warehouse.clear().await;
        let rig = Rig::over(warehouse, |plan| {
            let products = ["A", "B", "C", "D"].iter();
            plan.products = products.map(|barcode| Product::new(*barcode, 0)).collect();
            // A quarter of the items each five seconds.
            plan.queue.delay = Duration::from_secs(20)..=Duration::from_secs(20);
            plan.quirks.unfinished = unfinished;
        })
        .await;
        rig.shop.set_state("A", ProductState::Locked).unwrap();
        for barcode in ["A", "B", "C", "D"] {
            rig.warehouse.stock(barcode, 3).await;
        }
        rig.push().await.unwrap();
        let mut refused = Vec::new();
        for _ in 0..12 {
            rig.wait(Duration::from_secs(6));
            refused.extend(rig.push().await.err().map(|error| error.to_string()));
        }
        assert_eq!(refused.len(), 1, "{refused:?}");
        assert!(refused[0].starts_with("Trendyol refuses A"), "{refused:?}");
        assert!(rig.shop.ledger().count(Endpoint::BatchResult) > 2);
        assert_eq!(rig.items(), [4, 3, 1], "{unfinished:?}");
        assert_eq!(rig.on_sale(), ["A 0", "B 3", "C 3", "D 3"]);
    }
}

#[sqlx::test(migrations = false)]
async fn requests_are_counted_by_what_came_of_them(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 0)]).await;
    rig.warehouse.stock("A", 3).await;
    let faults = [
        (
            Endpoint::OrderStream,
            trouble::system_error(Endpoint::OrderStream, 500),
        ),
        (
            Endpoint::PushStock,
            trouble::too_many(Endpoint::PushStock, Some(Duration::from_secs(1))),
        ),
        (Endpoint::Claims, Trouble::Reset),
    ];
    for (endpoint, trouble) in faults {
        rig.shop.faults().next(endpoint, Fault::Instead(trouble));
    }
    rig.pull().await.unwrap_err();
    let error = rig.push().await.unwrap_err().to_string();
    assert!(error.contains("asks to slow down"), "{error}");
    rig.returns().await.unwrap_err();
    rig.wait(Duration::from_mins(1));
    rig.push().await.unwrap();
    let came = |endpoint| rig.shop.ledger().count(endpoint);
    let reads = came(Endpoint::ReadBack) + came(Endpoint::BatchResult);
    assert_eq!(
        rig.answers(Group::Orders),
        [came(Endpoint::OrderStream) - 1, 0, 1, 0]
    );
    // It was sent once more after a while.
    assert_eq!(rig.answers(Group::Push), [1, 1, 0, 0]);
    assert_eq!(rig.answers(Group::Read), [reads, 0, 0, 0]);
    assert_eq!(rig.answers(Group::Claims), [0, 0, 0, 1]);
    assert_eq!(rig.answers(Group::Packages), [0; 4]);
    assert_eq!(rig.items(), [1, 1, 0]);
}
