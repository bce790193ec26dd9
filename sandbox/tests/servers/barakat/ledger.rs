//! The ledger: what tests of a client read, and what it must not give away.

use rust_decimal::Decimal;
use sandbox::barakat::{Account, Endpoint, Said};

use super::{
    TOKEN, ask, buy, buying, start,
    wire::{call, get},
};

#[tokio::test]
async fn proves_who_sends_twice() {
    let panel = start(|_| {}).await;
    for uuid in ["u-1", "u-2", "u-1"] {
        buy(&panel, uuid).await;
    }
    let ledger = panel.ledger();
    assert_eq!(ledger.references_sold_twice(), ["u-1"]);
    assert_eq!(ledger.references_sent_twice(), ["u-1"]);
    assert_eq!(ledger.players_sold_twice(), ["player-u-1"]);
    assert_eq!(ledger.requests_about(Endpoint::Purchase, "u-1").len(), 2);
    assert_eq!(ledger.charged(TOKEN), Decimal::from(105));
}

#[tokio::test]
async fn what_names_neither_order_nor_player_is_not_taken_for_the_same() {
    let panel = start(|_| {}).await;
    for _ in 0..2 {
        get(&panel, "/client/api/newOrder/505/params?qty=1").await;
    }
    let ledger = panel.ledger();
    assert_eq!(ledger.sale_count(), 2);
    assert!(ledger.players_sold_twice().is_empty());
    assert!(ledger.references_sold_twice().is_empty());
    assert!(ledger.references_sent_twice().is_empty());
}

#[tokio::test]
async fn records_what_was_sent_and_said() {
    let panel = start(|_| {}).await;
    let target = "/client/api/newOrder/502/params?uid=a+b%26c&qty=1&server=%C5%9F&order_uuid=u-1";
    get(&panel, target).await;
    get(&panel, "/client/api/check?orders=%5B67890%2C%22x%22%5D").await;
    get(&panel, "/client/api/profile").await;

    let [bought, asked, read] = &panel.ledger().requests()[..] else {
        unreachable!("three requests");
    };
    let query = [
        ("uid", "a b&c"),
        ("qty", "1"),
        ("server", "ş"),
        ("order_uuid", "u-1"),
    ];
    assert_eq!(
        bought.query,
        query.map(|(k, v)| (k.to_owned(), v.to_owned()))
    );
    assert_eq!((&*bought.account, &*bought.product), ("shop", "502"));
    assert_eq!((bought.said, bought.sold()), (Some(Said::Accepted), true));
    assert_eq!(bought.param("server"), Some("ş"));
    assert_eq!(bought.references, ["u-1"]);

    assert_eq!(asked.references, ["67890", "x"]);
    assert_eq!(asked.said, Some(Said::Done));
    let about = panel.ledger().requests_about(Endpoint::Status, "67890");
    assert_eq!(about.len(), 1);
    assert_eq!((read.seq, read.said), (2, Some(Said::Balance)));

    let sale = panel.ledger().sale("u-1").unwrap();
    assert_eq!(sale.player(), Some("a b&c"));
    assert_eq!(sale.params[1], ("server".to_owned(), "ş".to_owned()));
}

#[tokio::test]
async fn accounts_have_their_own_orders_and_balances() {
    let panel = start(|plan| {
        let second = Account::new("second", "token-2", 100.into());
        plan.accounts.push(second);
        plan.refuses_duplicates = true;
    })
    .await;
    buy(&panel, "u-1").await;
    let other = call(&panel, "GET", &buying("u-1"), "token-2").await;
    assert!(other.text().contains(r#""order_id":"67891""#));
    assert_eq!(panel.ledger().balance("token-2"), Some(65.into()));
    assert!(panel.ledger().references_sold_twice().is_empty());
    assert_eq!(panel.ledger().players_sold_twice(), ["player-u-1"]);

    let hers = "/client/api/check?orders=%5B67891%5D";
    assert!(get(&panel, hers).await.text().contains(r#""data":[]"#));
    let own = call(&panel, "GET", hers, "token-2").await;
    assert!(own.text().contains(&panel.pin_of("token-2", "u-1")));
}

#[tokio::test]
async fn nothing_secret_is_printed() {
    let panel = start(|_| {}).await;
    buy(&panel, "u-1").await;
    ask(&panel, "u-1").await;
    let ledger = panel.ledger();
    let sale = ledger.sale("u-1").unwrap();
    let pin = sale.pin.clone().unwrap();

    let printed = format!("{panel:?} {ledger:?} {sale:?} {:?}", ledger.requests());
    for secret in ["shop", TOKEN, &pin, &panel.base_url()] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
}
