//! Answers about what is on sale that do not match their question.

use orderwatch::{
    stock::rule::{Verdict, Wait},
    worker::trendyol::Forecast,
};
use sandbox::trendyol::{AnswerQuirks, Endpoint, Product};
use sqlx::PgPool;

use super::{rig::Rig, warehouse::Warehouse};

/// A is to be raised and B to be lowered; they are the last of many products.
async fn shop(pool: PgPool, change: impl FnOnce(&mut AnswerQuirks)) -> Rig {
    let rig = Rig::over(Warehouse::new(pool).await, |plan| {
        plan.products = (0..400).map(|n| Product::sample(n, 1)).collect();
        for (barcode, stock) in [("A", 2), ("B", 9)] {
            let mut product = Product::new(barcode, stock);
            product.content_id += 1000;
            plan.products.push(product);
        }
        change(&mut plan.quirks.answers);
    })
    .await;
    rig.warehouse.stock("A", 5).await;
    rig.warehouse.stock("B", 4).await;
    rig
}

/// Nothing is sent, and the plan says why.
async fn is_named(rig: &Rig, wait: Wait) {
    for _ in 0..3 {
        rig.push().await.unwrap();
        rig.wait(std::time::Duration::from_mins(10));
    }
    assert_eq!(rig.shop.ledger().count(Endpoint::PushStock), 0);
    assert_eq!(rig.on_sale()[400..], ["A 2", "B 9"]);
    let (store, rules) = (&rig.warehouse.store, rig.rules);
    let forecast = Forecast::read(store, rules, rig.now()).await.unwrap();
    for product in forecast.products() {
        assert_eq!(product.entry.verdict, Verdict::Wait(wait));
        assert_eq!(product.entry.on_sale, None);
    }
    assert_eq!(forecast.plan().entries.len(), 2);
}

#[sqlx::test(migrations = false)]
async fn two_quantities_in_one_answer_are_none(pool: PgPool) {
    let rig = shop(pool, |answers| answers.answered_twice = 1.0).await;
    is_named(&rig, Wait::Contradictory).await;
}

#[sqlx::test(migrations = false)]
async fn an_answer_about_other_products_says_nothing(pool: PgPool) {
    let rig = shop(pool, |answers| answers.ignored_barcodes = 1.0).await;
    is_named(&rig, Wait::Contradictory).await;
}

#[sqlx::test(migrations = false)]
async fn what_is_not_listed_is_not_sent(pool: PgPool) {
    let rig = shop(pool, |answers| answers.left_out = 1.0).await;
    is_named(&rig, Wait::NotListed).await;
}
