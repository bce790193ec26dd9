//! The Trendyol client at the practice store: written apart from each other, they must agree.
#![expect(
    clippy::panic,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::time::Duration;

use chrono::TimeDelta;
use orderwatch::{
    marketplace::{
        BatchId, MarketError, Marketplace, Next, PackageQuery, PushOutcome, StockItem, Window,
        trendyol::{AccountSettings, RateLimits, Trendyol},
    },
    outbound::{Http, HttpSettings},
    stock::{Barcode, push_result::ItemStatus, rule::Answer},
};
use sandbox::{
    trendyol::{
        Endpoint, Errors, Expired, Names, NoClaims, StorePlan, TrendyolStore, Unfinished,
        trouble::{moved_path, no_batch_id, no_such_path, system_error},
    },
    trouble::{Fault, Trouble},
};

/// Barcodes of the first three products of [`start`].
const FIRST: &str = "8683772000000";
const SECOND: &str = "8683772000001";
const THIRD: &str = "8683772000002";

/// A store with six products, ten pieces of each on sale.
async fn start(change: impl FnOnce(&mut StorePlan)) -> TrendyolStore {
    let mut plan = StorePlan::sample(7, 6);
    change(&mut plan);
    TrendyolStore::start(plan).await.unwrap()
}

/// A client without limits of its own.
fn client(store: &TrendyolStore) -> Trendyol {
    let account = AccountSettings {
        seller_id: "107703".into(),
        api_key: "anahtar".into(),
        api_secret: "gizli-anahtar".into(),
        base_url: store.base_url(),
        integrator: "SelfIntegration".into(),
        store_front_code: None,
    };
    let limits = RateLimits {
        orders: 0,
        stream_every: Duration::ZERO,
        push: 0,
        read: 0,
        claims: 0,
        packages: 0,
        path: 0,
    };
    let patience = Duration::from_secs(30);
    let http = Http::new(&HttpSettings {
        connect_timeout: patience,
        request_timeout: patience,
    });
    Trendyol::new(&account, &limits, http.unwrap(), patience).unwrap()
}

/// A store and its client, in the present and in the older dialect.
async fn dialects() -> [(TrendyolStore, Trendyol); 2] {
    let old = |plan: &mut StorePlan| {
        plan.quirks.names = Names::Old;
        plan.quirks.errors = Errors::Classic;
        plan.quirks.unfinished = Unfinished::InProgress;
        plan.quirks.batch_status = true;
        plan.quirks.expired = Expired::NotFound;
        plan.quirks.no_claims = NoClaims::NotFound;
    };
    let (new, old) = (start(|_| {}).await, start(old).await);
    let clients = [client(&new), client(&old)];
    let [first, second] = clients;
    [(new, first), (old, second)]
}

/// The last day and the coming hour.
fn window(store: &TrendyolStore) -> Window {
    Window {
        start: store.now() - TimeDelta::days(1),
        end: store.now() + TimeDelta::hours(1),
    }
}

fn items(wanted: &[(&str, i32)]) -> Vec<StockItem> {
    let item = |&(barcode, quantity): &(&str, i32)| StockItem {
        barcode: Barcode::parse(barcode).unwrap(),
        quantity,
    };
    wanted.iter().map(item).collect()
}

async fn push(client: &Trendyol, wanted: &[(&str, i32)]) -> PushOutcome {
    let permit = client.push_permit().await.unwrap();
    client.push(permit, &items(wanted)).await
}

async fn pushed(client: &Trendyol, wanted: &[(&str, i32)]) -> BatchId {
    match push(client, wanted).await {
        PushOutcome::Accepted { batch } => batch,
        other => panic!("not accepted: {other:?}"),
    }
}

#[tokio::test]
async fn the_client_reads_every_package_as_it_is() {
    for (store, client) in dialects().await {
        let order = store.sell_parcels(&[&[(FIRST, 2), (SECOND, 1)]]).unwrap();
        store.split(order.packages[0]).unwrap();
        store
            .cancel(store.sell(THIRD, 1).unwrap().packages[0])
            .unwrap();
        let page = client.package_stream(window(&store), None).await.unwrap();
        assert_eq!((page.next, page.unreadable), (Next::End, vec![]));
        assert_eq!(page.packages.len(), 4);
        for read in page.packages {
            let real = store.package(read.shipment_package_id).unwrap();
            assert_eq!(read.order_number, real.order_number);
            assert_eq!(read.status.as_str(), real.status.as_str());
            assert_eq!(read.order_date, Some(real.ordered), "in true time");
            assert_eq!(read.last_modified(), Some(real.last_modified));
            assert_eq!(read.origin_package_ids, real.origins);
            assert_eq!(read.cargo.tracking_number, Some(real.tracking()));
            assert_eq!(read.unreadable, []);
            for (line, real) in read.lines.iter().zip(&real.lines) {
                assert_eq!(line.id, Some(real.id));
                assert_eq!(line.barcode, real.product.barcode);
                assert_eq!(line.quantity, i32::try_from(real.quantity).unwrap());
                assert_eq!(line.stock_code.as_ref(), Some(&real.product.stock_code));
                assert_eq!(line.amounts.net, Some(real.price));
            }
        }
        let query = PackageQuery::Order(order.number);
        let looked_up = client.packages(&query, 0).await.unwrap();
        assert_eq!((looked_up.records.len(), looked_up.last), (3, true));
    }
}

#[tokio::test]
async fn the_client_walks_the_whole_stream() {
    let store = start(|plan| {
        plan.products[0].stock = 500;
        plan.quirks.answers.base64_cursors = true;
    })
    .await;
    let client = client(&store);
    for _ in 0..450 {
        store.sell(FIRST, 1).unwrap();
    }
    let (window, mut cursor, mut sizes) = (window(&store), None, Vec::new());
    loop {
        let page = client
            .package_stream(window, cursor.as_ref())
            .await
            .unwrap();
        sizes.push(page.packages.len());
        match page.next {
            Next::More(next) => cursor = Some(next),
            end => break assert_eq!(end, Next::End),
        }
    }
    assert_eq!(sizes, [200, 200, 50]);
}

#[tokio::test]
async fn the_client_names_answers_that_do_not_match_its_question() {
    let asked: Vec<Barcode> = [FIRST, SECOND]
        .map(|barcode| Barcode::parse(barcode).unwrap())
        .into();
    let store = start(|plan| plan.quirks.answers.answered_twice = 1.0).await;
    let back = client(&store).read_back(&asked).await.unwrap();
    assert!(
        asked
            .iter()
            .all(|b| back.answers[b] == Answer::Contradictory)
    );
    let store = start(|plan| {
        plan.quirks.answers.ignored_barcodes = 1.0;
        plan.products.remove(1);
    })
    .await;
    let back = client(&store).read_back(&asked).await.unwrap();
    assert!(matches!(back.answers[&asked[0]], Answer::Units(_)));
    assert_eq!(
        back.answers[&asked[1]],
        Answer::Contradictory,
        "not simply unlisted"
    );
    assert_eq!(back.unreadable.len(), 1);
}

#[tokio::test]
async fn the_client_does_not_take_a_path_that_has_moved_for_no_returns() {
    let store = start(|_| {}).await;
    let client = client(&store);
    let path = "/integration/order/sellers/107703/claims";
    for gone in [no_such_path(path), moved_path(path)] {
        store.faults().next(Endpoint::Claims, Fault::Instead(gone));
        let error = client.claims(window(&store), 0).await.unwrap_err();
        assert!(error.to_string().contains(path), "{error}");
        assert!(matches!(error, MarketError::Gone { status: 404, .. }));
    }
}

#[tokio::test]
async fn the_client_reads_with_every_quirk_on() {
    for seed in 0..20 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let store = start(|plan| {
            plan.turn_quirks_on(&mut rng);
            plan.feed_delay = Duration::ZERO..=Duration::ZERO;
        })
        .await;
        let client = client(&store);
        for _ in 0..50 {
            drop(store.sell_random(&mut rng));
            drop(store.live(&mut rng));
            store.advance(Duration::from_mins(1));
        }
        // Dates may be read as the clock of Istanbul.
        let mut window = window(&store);
        window.end += TimeDelta::hours(3);
        let page = client.package_stream(window, None).await.unwrap();
        assert!(!page.packages.is_empty(), "seed {seed}");
        for package in &page.packages {
            assert!(!package.lines.is_empty(), "seed {seed}");
        }
    }
}

#[tokio::test]
async fn the_client_follows_a_push_to_its_items() {
    for (store, client) in dialects().await {
        store.swallow(1);
        let batch = pushed(&client, &[(FIRST, 9)]).await;
        let items = client.batch_result(&batch).await.unwrap().items;
        assert!(items.iter().all(|i| i.status != ItemStatus::Success));
        let batch = pushed(&client, &[(FIRST, 3), (SECOND, 0), ("none", 1)]).await;
        let result = client.batch_result(&batch).await.unwrap();
        assert_eq!((result.items.len(), result.unreadable), (3, vec![]));
        let failed = result
            .items
            .iter()
            .filter(|i| i.status != ItemStatus::Success);
        let failed: Vec<_> = failed.map(|item| item.barcode.as_str()).collect();
        assert_eq!(failed, ["none"]);
        let asked = [FIRST, SECOND, THIRD, "none"].map(|name| Barcode::parse(name).unwrap());
        let back = client.read_back(&asked).await.unwrap();
        let answers = asked.map(|barcode| back.answers[&barcode].clone());
        let units = [3, 0, 10].map(Answer::Units);
        assert_eq!(answers[..3], units);
        assert_eq!(answers[3], Answer::NotListed);
        store.advance(Duration::from_hours(4));
        assert_eq!(client.batch_result(&batch).await.unwrap().items, []);
    }
}

#[tokio::test]
async fn the_client_classes_what_becomes_of_a_push() {
    for (store, client) in dialects().await {
        let lost = [
            Fault::Instead(Trouble::Reset),
            Fault::After(Trouble::Reset),
            Fault::After(Trouble::Cut(5)),
            Fault::After(no_batch_id()),
            Fault::Instead(Trouble::Page(556)),
            Fault::After(system_error(Endpoint::PushStock, 500)),
        ];
        for (fault, quantity) in lost.into_iter().zip(20..) {
            store.faults().next(Endpoint::PushStock, fault.clone());
            let outcome = push(&client, &[(FIRST, quantity)]).await;
            assert!(
                matches!(outcome, PushOutcome::Unknown { .. }),
                "{fault:?}: {outcome:?}"
            );
            let stock = store.stock_of(FIRST) == Some(quantity.unsigned_abs());
            assert_eq!(stock, fault.works(), "{fault:?}");
        }
        pushed(&client, &[(FIRST, 1)]).await;
        let again = push(&client, &[(FIRST, 1)]).await;
        assert_eq!(again, PushOutcome::DuplicateWindow);
        let edge = Fault::Instead(Trouble::Page(403));
        store.faults().next(Endpoint::PushStock, edge);
        let outcome = push(&client, &[(FIRST, 2)]).await;
        assert!(
            matches!(outcome, PushOutcome::Forbidden { .. }),
            "{outcome:?}"
        );
    }
}

/// Lets time pass for the client alone: real answers are waited for in between.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn minutes_of_556_are_said_to_be_a_blocked_address() {
    for only in [None, Some(Endpoint::Orders)] {
        let store = start(|_| {}).await;
        let client = client(&store);
        store.block(only, Duration::from_hours(2));
        let orders = async || {
            let changed = PackageQuery::Changed(window(&store));
            client.packages(&changed, 0).await.unwrap_err().to_string()
        };

        let fault = orders().await;
        assert!(fault.contains("has a fault (status 556)"), "{fault}");
        let returns = client.claims(window(&store), 0).await;
        assert_eq!(returns.is_err(), only.is_none(), "{returns:?}");
        pass(Duration::from_mins(7)).await;
        let blocked = orders().await;
        let words = "this address may be blocked: try the same key from another network \
                     (status 556: orders has answered with it alone for 7 minutes)";
        assert_eq!(blocked, words, "{only:?}");

        // Each path by itself: one that is served says nothing of the other.
        let returns = client.claims(window(&store), 0).await;
        let said = returns.map(drop).map_err(|error| error.to_string());
        assert_eq!(said.is_ok(), only.is_some(), "{said:?}");
        assert!(
            said.err()
                .is_none_or(|error| error.contains("may be blocked"))
        );

        store.advance(Duration::from_hours(2));
        let served = client
            .packages(&PackageQuery::Changed(window(&store)), 0)
            .await;
        assert!(served.is_ok(), "{served:?}");
    }
}

#[tokio::test]
async fn the_client_picks_and_reads_returns() {
    for (store, client) in dialects().await {
        let none = client.claims(window(&store), 0).await.unwrap();
        assert_eq!((none.records.len(), none.last), (0, true));
        let id = store.sell(FIRST, 3).unwrap().packages[0];
        let lines = [(store.package(id).unwrap().lines[0].id, 3)];
        client.set_picking(id, &lines).await.unwrap();
        assert_eq!(store.package(id).unwrap().status.as_str(), "Picking");
        let again = client.set_picking(id, &lines).await.unwrap_err();
        assert!(
            matches!(again, MarketError::Rejected { status: 409, .. }),
            "{again:?}"
        );
        let unknown = client.set_picking(1, &lines).await.unwrap_err();
        assert!(matches!(unknown, MarketError::Auth { .. }), "{unknown:?}");
        let claim = store.claim(id, FIRST, 2).unwrap();
        let page = client.claims(window(&store), 0).await.unwrap();
        let read = &page.records[0];
        assert_eq!((&read.id, read.items.len()), (&claim.to_string(), 2));
        assert_eq!(read.claim_date, Some(store.now()));
        assert_eq!(read.items[0].barcode.as_deref(), Some(FIRST));
        assert_eq!(page.unreadable, []);
    }
}
