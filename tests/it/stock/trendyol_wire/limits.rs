//! A refusal for too many calls holds its own group back, and no other.

use std::time::Duration;

use orderwatch::{
    marketplace::{BatchId, MarketError, Marketplace, PushNotSent, PushOutcome, StockItem},
    stock::Barcode,
};

use super::{trendyol, window};
use crate::panels::znet_wire::panel::{Panel, Then, http};

#[tokio::test]
async fn after_a_429_its_group_waits_and_the_others_do_not() {
    let slow = http(
        "429 Too Many Requests",
        "retry-after: 3600\r\n",
        r#"{"message":"too.many.requests"}"#,
    );
    let panel = Panel::answering(slow, Then::Close).await;
    let trendyol = trendyol(panel.address);
    let refused = trendyol.claims(window(), 0).await.unwrap_err();
    let two_minutes = Duration::from_mins(2);
    assert_eq!(
        refused,
        MarketError::RateLimited {
            retry_after: two_minutes
        },
        "a wish has its limit"
    );
    {
        let again = trendyol.claims(window(), 0);
        tokio::pin!(again);
        assert!(futures::poll!(&mut again).is_pending());
    }
    // Of another group, so it is sent at once and refused by itself.
    let other = trendyol.batch_result(&BatchId("x".into())).await;
    assert!(matches!(other, Err(MarketError::RateLimited { .. })));
    assert_eq!(
        panel.connections().await.len(),
        2,
        "the one that waited was not sent"
    );
}

#[tokio::test]
async fn a_push_does_not_wait_until_its_figures_are_old() {
    let slow = http("429 Too Many Requests", "retry-after: 90\r\n", "");
    let panel = Panel::answering(slow, Then::Close).await;
    let trendyol = trendyol(panel.address);
    let items = [StockItem {
        barcode: Barcode::parse("8683772071724").unwrap(),
        quantity: 7,
    }];
    let permit = trendyol.push_permit().await.unwrap();
    let refused = trendyol.push(permit, &items).await;
    assert!(matches!(refused, PushOutcome::RateLimited { .. }));
    let again = trendyol.push_permit().await;
    let is_told = matches!(again, Err(PushNotSent::NotYet(_)));
    assert!(is_told, "{again:?}");
    assert_eq!(panel.connections().await.len(), 1);
}
