//! Stock reports: accepted, worked off later, failed item by item, refused as repeated, lost.

use std::time::Duration;

use sandbox::{
    trendyol::{
        Endpoint, Expired, Product, ProductState, Repeats, TrendyolStore, Unfinished,
        trouble::no_batch_id,
    },
    trouble::{Fault, Trouble},
};
use serde_json::{Value, json};

use super::{
    FIRST, SECOND, THIRD, start,
    wire::{self, accepted, call, get, outcomes, path, push, push_path, read, result},
};

const MINUTE: Duration = Duration::from_mins(1);

fn fixed(seconds: u64) -> std::ops::RangeInclusive<Duration> {
    Duration::from_secs(seconds)..=Duration::from_secs(seconds)
}

#[tokio::test]
async fn a_report_is_worked_off_after_its_delay_and_says_so_item_by_item() {
    let store = start(|plan| plan.queue.delay = fixed(80)).await;
    let items = [(FIRST, 3), (SECOND, 0), (THIRD, 20_000), ("none", 1)];
    let id = accepted(&store, &items).await;
    let done = async |seconds| {
        store.advance(Duration::from_secs(seconds));
        outcomes(&result(&store, &id).await).len()
    };
    assert_eq!((done(0).await, done(40).await), (0, 0));
    assert_eq!((done(10).await, done(10).await), (1, 2));
    assert_eq!(store.stock_of(FIRST), Some(3));
    assert_eq!(store.stock_of(THIRD), Some(10));
    assert_eq!((store.reports_waiting(), done(20).await), (1, 4));
    assert_eq!(store.reports_waiting(), 0);
    let stocks = [FIRST, SECOND, THIRD].map(|b| store.stock_of(b));
    assert_eq!(stocks, [Some(3), Some(0), Some(20_000)]);
    let said = result(&store, &id).await;
    let of = |barcode: &str, status: &str, why: &str| {
        (barcode.to_owned(), status.to_owned(), why.to_owned())
    };
    let want = [
        of(FIRST, "SUCCESS", ""),
        of(SECOND, "SUCCESS", ""),
        of(THIRD, "SUCCESS", ""),
        of("none", "FAILED", "Ürün sistemde bulunamadı"),
    ];
    assert_eq!(outcomes(&said), want);
}

#[tokio::test]
async fn a_result_looks_as_documented_and_has_no_status_of_its_own() {
    let store = start(|_| {}).await;
    let id = accepted(&store, &[(FIRST, 100)]).await;
    let at = store.now();
    let day = at.format("%Y-%m-%dT%H:%M:%S%.3f+00:00").to_string();
    let millis = at.timestamp_millis();
    let want = json!({
        "batchRequestId": id,
        "items": [{
            "requestItem": {"updateRequestDate": day, "quantity": 100, "salePrice": null,
                "barcode": FIRST, "listPrice": null},
            "status": "SUCCESS", "failureReasons": []
        }],
        "creationDate": millis, "lastModification": millis, "sourceType": "API",
        "itemCount": 1, "failedItemCount": 0, "batchRequestType": "ProductInventoryUpdate"
    });
    assert_eq!(result(&store, &id).await, want);
    let forgotten = (at.timestamp() + 4 * 3600).to_string();
    assert_eq!(id.rsplit_once('-').unwrap().1, forgotten);
}

#[tokio::test]
async fn unfinished_items_and_a_status_are_shown_where_the_plan_says_so() {
    let store = start(|plan| {
        plan.queue.delay = fixed(60);
        plan.quirks.unfinished = Unfinished::InProgress;
        plan.quirks.batch_status = true;
    })
    .await;
    let id = accepted(&store, &[(FIRST, 1)]).await;
    let said = result(&store, &id).await;
    assert_eq!(
        (&said["status"], &outcomes(&said)[0].1),
        (&json!("IN_PROGRESS"), &"PROCESSING".into())
    );
    store.advance(MINUTE);
    let said = result(&store, &id).await;
    assert_eq!(
        (&said["status"], &outcomes(&said)[0].1),
        (&json!("COMPLETED"), &"SUCCESS".into())
    );
}

#[tokio::test]
async fn what_is_not_on_sale_fails_alone_and_keeps_its_stock() {
    for state in [
        ProductState::Archived,
        ProductState::Locked,
        ProductState::Unapproved,
    ] {
        let store = start(|_| {}).await;
        store.set_state(FIRST, state).unwrap();
        let id = accepted(&store, &[(FIRST, 5), (SECOND, 5), (FIRST, 6)]).await;
        let said = result(&store, &id).await;
        let states: Vec<_> = outcomes(&said).into_iter().map(|(_, s, _)| s).collect();
        assert_eq!(states, ["FAILED", "SUCCESS", "FAILED"], "{state:?}");
        assert_eq!(said["failedItemCount"], 2);
        assert_eq!(store.stock_of(FIRST), Some(10));
        assert_eq!(store.stock_of(SECOND), Some(5));
    }
}

#[tokio::test]
async fn items_fail_by_chance() {
    let store = start(|plan| plan.queue.item_failures = 1.0).await;
    let id = accepted(&store, &[(FIRST, 5)]).await;
    assert_eq!(outcomes(&result(&store, &id).await)[0].1, "FAILED");
    assert_eq!(store.stock_of(FIRST), Some(10));
}

#[tokio::test]
async fn a_report_that_makes_no_sense_is_refused_whole() {
    let store = start(|_| {}).await;
    let seen = call(&store, "POST", &push_path(), r#"{"items":[]}"#).await;
    assert_eq!(seen.status(), 400);
    assert_eq!(wire::json(&seen)["errors"][0]["errorCode"], "400");
    let many: Vec<(String, i64)> = (0..1001).map(|n| (format!("b{n}"), 1)).collect();
    let many: Vec<(&str, i64)> = many.iter().map(|(b, q)| (b.as_str(), *q)).collect();
    assert_eq!(push(&store, &many).await.status(), 400);
    assert_eq!(push(&store, &many[..1000]).await.status(), 200);
}

const REFUSAL: &str = "15 dakika boyunca aynı isteği tekrarlı olarak atamazsınız!";

#[tokio::test]
async fn a_repeated_body_is_refused_for_15_minutes() {
    for status in [400, 409, 429] {
        let store = start(|plan| plan.quirks.repeat_status = status).await;
        accepted(&store, &[(FIRST, 5)]).await;
        accepted(&store, &[(FIRST, 4)]).await;
        store.advance(MINUTE * 14);
        let seen = push(&store, &[(FIRST, 5)]).await;
        assert_eq!(seen.status(), status);
        assert_eq!(wire::json(&seen)["errors"][0]["message"], REFUSAL);
        assert_eq!(store.stock_of(FIRST), Some(4));
        store.advance(MINUTE);
        accepted(&store, &[(FIRST, 5)]).await;
        let refused = store.ledger().requests().into_iter().filter(|r| r.repeated);
        assert_eq!(refused.map(|r| r.seq).collect::<Vec<_>>(), [2]);
    }
}

#[tokio::test]
async fn a_repeated_item_fails_where_the_rule_is_about_items() {
    let store = start(|plan| plan.quirks.repeats = Repeats::Item).await;
    accepted(&store, &[(FIRST, 5), (SECOND, 5)]).await;
    let id = accepted(&store, &[(FIRST, 5), (SECOND, 6)]).await;
    let said = outcomes(&result(&store, &id).await);
    assert_eq!((&*said[0].2, &*said[1].1), (REFUSAL, "SUCCESS"));
}

#[tokio::test]
async fn a_lost_answer_may_have_been_worked_off_or_not() {
    let store = start(|_| {}).await;
    let faults = store.faults();
    faults.next(Endpoint::PushStock, Fault::After(Trouble::Reset));
    faults.next(Endpoint::PushStock, Fault::Instead(Trouble::Reset));
    assert!(push(&store, &[(FIRST, 1)]).await.raw.is_empty());
    assert!(push(&store, &[(SECOND, 1)]).await.raw.is_empty());
    assert_eq!(
        [FIRST, SECOND].map(|b| store.stock_of(b)),
        [Some(1), Some(10)]
    );
    // The same again: the first is refused as repeated, the second never came in.
    assert_eq!(push(&store, &[(FIRST, 1)]).await.status(), 400);
    assert_eq!(push(&store, &[(SECOND, 1)]).await.status(), 200);
    let records = store.ledger().requests();
    let seen: Vec<_> = records.iter().map(|r| (r.worked, r.answered)).collect();
    let (ok, no) = (Some(200), Some(400));
    assert_eq!(seen, [(ok, None), (None, None), (no, no), (ok, ok)]);
    assert!(records[0].batch.is_some());
}

#[tokio::test]
async fn a_good_answer_may_lack_its_id() {
    let store = start(|_| {}).await;
    store
        .faults()
        .next(Endpoint::PushStock, Fault::After(no_batch_id()));
    let seen = push(&store, &[(FIRST, 1)]).await;
    assert_eq!((seen.status(), seen.text()), (200, "{}"));
    assert_eq!(store.stock_of(FIRST), Some(1));
}

#[tokio::test]
async fn a_swallowed_report_is_never_worked_off() {
    let store = start(|_| {}).await;
    store.swallow(1);
    let id = accepted(&store, &[(FIRST, 1)]).await;
    store.advance(MINUTE * 60);
    let said = result(&store, &id).await;
    assert_eq!((&said["itemCount"], outcomes(&said).len()), (&json!(1), 0));
    accepted(&store, &[(FIRST, 2)]).await;
    assert_eq!(store.stock_of(FIRST), Some(2));
}

#[tokio::test]
async fn reports_keep_their_order_or_overtake_each_other() {
    for keeps_order in [true, false] {
        let mut overtaken = false;
        for seed in 0..8 {
            let store = start(|plan| {
                plan.seed = seed;
                plan.queue.delay = Duration::ZERO..=MINUTE * 5;
                plan.queue.keeps_order = keeps_order;
            })
            .await;
            accepted(&store, &[(FIRST, 1)]).await;
            accepted(&store, &[(FIRST, 2)]).await;
            store.advance(MINUTE * 20);
            overtaken |= store.stock_of(FIRST) != Some(2);
        }
        assert_eq!(overtaken, !keeps_order);
    }
}

#[tokio::test]
async fn a_sale_made_while_a_report_waits_is_overwritten() {
    let store = start(|plan| plan.queue.delay = fixed(60)).await;
    accepted(&store, &[(FIRST, 10)]).await;
    store.sell(FIRST, 4).unwrap();
    assert_eq!(store.stock_of(FIRST), Some(6));
    store.advance(MINUTE);
    assert_eq!(store.stock_of(FIRST), Some(10));
}

#[tokio::test]
async fn results_are_forgotten_after_four_hours() {
    let nothing = |id: &str| json!({"batchRequestId": id, "status": "PROCESSING", "items": []});
    for (expired, status) in [
        (Expired::Processing, 200),
        (Expired::Blank, 200),
        (Expired::NotFound, 404),
    ] {
        let store = start(|plan| plan.quirks.expired = expired).await;
        let id = accepted(&store, &[(FIRST, 1)]).await;
        store.advance(MINUTE * 239);
        assert_eq!(outcomes(&result(&store, &id).await).len(), 1);
        store.advance(MINUTE);
        let seen = get(&store, &wire::result_path(&id)).await;
        assert_eq!(seen.status(), status, "{expired:?}");
        match expired {
            Expired::Processing => assert_eq!(wire::json(&seen), nothing(&id)),
            Expired::Blank => assert_eq!(wire::json(&seen), json!({})),
            Expired::NotFound => assert!(seen.text().contains("batch.request.not.found")),
        }
        let never = result(&store, "1-2-3").await;
        assert_eq!(never, nothing("1-2-3"));
    }
}

async fn read_back(store: &TrendyolStore, query: &str) -> Value {
    let rest = format!("products/approved/inventory-and-price?{query}");
    read(store, &path("product", &rest)).await
}

fn on_sale(page: &Value) -> Vec<(String, u64)> {
    let contents = page["content"].as_array().unwrap().iter();
    let variants = contents.flat_map(|c| c["variants"].as_array().unwrap());
    variants
        .map(|v| {
            let barcode = v["barcode"].as_str().unwrap().to_owned();
            (barcode, v["quantity"].as_u64().unwrap())
        })
        .collect()
}

#[tokio::test]
async fn the_read_back_shows_what_is_on_sale() {
    let store = start(|_| {}).await;
    accepted(&store, &[(SECOND, 4)]).await;
    let page = read_back(&store, &format!("barcodes={FIRST},{SECOND},none")).await;
    assert_eq!(on_sale(&page), [(FIRST.into(), 10), (SECOND.into(), 4)]);
    let variants = &page["content"][0]["variants"];
    assert_eq!(variants[0]["stockLastModifiedDate"], Value::Null);
    assert_eq!(
        variants[1]["stockLastModifiedDate"],
        store.now().timestamp_millis()
    );
    assert_eq!(variants[1]["stockCode"], format!("SKU-{SECOND}"));
    store.set_state(FIRST, ProductState::Archived).unwrap();
    let target = format!("barcodes={FIRST}");
    assert!(on_sale(&read_back(&store, &target).await).is_empty());
    let archived = read_back(&store, "status=archived").await;
    assert_eq!(on_sale(&archived), [(FIRST.into(), 10)]);
}

#[tokio::test]
async fn the_read_back_goes_page_by_page_and_then_by_token() {
    let store = start(|plan| *plan = sandbox::trendyol::StorePlan::sample(7, 30_300)).await;
    let page = read_back(&store, "size=100&page=99").await;
    assert_eq!(
        (&page["totalElements"], on_sale(&page).len()),
        (&json!(10_100), 300)
    );
    let token = page["nextPageToken"].as_str().unwrap();
    let last = read_back(&store, &format!("size=100&nextPageToken={token}")).await;
    assert_eq!(
        (on_sale(&last).len(), &last["nextPageToken"]),
        (300, &Value::Null)
    );
    let fifty_one: Vec<String> = (0..51).map(|n| format!("b{n}")).collect();
    for query in [
        "size=101",
        "size=100&page=100",
        &format!("barcodes={}", fifty_one.join(",")),
    ] {
        let rest = format!("products/approved/inventory-and-price?{query}");
        assert_eq!(
            get(&store, &path("product", &rest)).await.status(),
            400,
            "{query}"
        );
    }
}

#[tokio::test]
async fn products_come_and_stock_drifts_without_any_report() {
    let store = start(|_| {}).await;
    store.put(Product::new("İĞDİR-1", 3));
    store.put(Product::new(FIRST, 2).state(ProductState::Locked));
    store.drift(SECOND, 77).unwrap();
    assert!(store.drift("none", 1).is_err());
    assert_eq!(store.stocks().len(), 7);
    let query = format!("status=onSale&barcodes=İĞDİR-1,{FIRST},{SECOND}");
    let page = read_back(&store, &query.replace('İ', "%C4%B0").replace('Ğ', "%C4%9E")).await;
    assert_eq!(on_sale(&page), [(SECOND.into(), 77), ("İĞDİR-1".into(), 3)]);
    assert_eq!(store.ledger().sales(), []);
}

#[tokio::test]
async fn the_ledger_finds_repetitions_that_the_client_should_have_avoided() {
    let store = start(|plan| plan.quirks.repeats = Repeats::Allowed).await;
    let window = MINUTE * 15;
    store.faults().script(
        Endpoint::PushStock,
        [
            None,
            None,
            None,
            Some(Fault::Instead(Trouble::Page(403))),
            None,
        ],
    );
    for quantity in [5, 4, 5] {
        accepted(&store, &[(FIRST, quantity), (SECOND, quantity)]).await;
        store.advance(MINUTE);
    }
    // Refused for sure, so that it may come again.
    push(&store, &[(THIRD, 1)]).await;
    push(&store, &[(THIRD, 1)]).await;
    let ledger = store.ledger();
    let bodies: Vec<_> = ledger
        .repeated_bodies(window)
        .iter()
        .map(|r| (r.first, r.second))
        .collect();
    assert_eq!(bodies, [(0, 2)]);
    assert!(ledger.repeated_bodies(MINUTE).is_empty());
    assert!(ledger.repeated_items(window).is_empty());
    accepted(&store, &[(SECOND, 5), (FIRST, 6)]).await;
    let items = ledger.repeated_items(window);
    assert_eq!(
        (items.len(), items[0].barcode.as_deref()),
        (1, Some(SECOND))
    );
    assert_eq!(ledger.count(Endpoint::PushStock), 6);
    assert_eq!(
        ledger.requests()[0].items,
        [(FIRST.into(), 5), (SECOND.into(), 5)]
    );
}
