//! What is sent, and what pushes, batches and read-backs become.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::stock::Barcode;

fn stock(barcode: &str, quantity: i32) -> StockItem {
    let barcode = Barcode::parse(barcode).unwrap();
    StockItem { barcode, quantity }
}

#[test]
fn only_barcodes_and_quantities_are_sent() {
    let body = push(&[stock("TSH-201", 0), stock("0012", 20_000)]).unwrap();
    assert_eq!(
        String::from_utf8(body).unwrap(),
        r#"{"items":[{"barcode":"TSH-201","quantity":0},{"barcode":"0012","quantity":20000}]}"#
    );
}

#[test]
fn a_request_that_trendyol_cannot_take_is_not_sent() {
    let many: Vec<_> = (0..=1000).map(|n| stock(&n.to_string(), 1)).collect();
    assert!(push(&many[..1000]).is_ok());
    for (items, want) in [
        (vec![], PushNotSent::Empty),
        (many, PushNotSent::TooMany(1001)),
        (
            vec![stock("a", 1), stock("b", 1), stock(" a", 2)],
            PushNotSent::Twice(Barcode::parse("a").unwrap()),
        ),
        (
            vec![stock("a", -1)],
            PushNotSent::Quantity(Barcode::parse("a").unwrap()),
        ),
        (
            vec![stock("a", 20_001)],
            PushNotSent::Quantity(Barcode::parse("a").unwrap()),
        ),
    ] {
        assert_eq!(push(&items), Err(want));
    }
}

#[test]
fn only_a_batch_means_that_a_push_was_taken() {
    let id = "fa75dfd5-6ce6-4730-a09e-97563500000-1529854840";
    let taken = pushed(&format!(r#"{{"batchRequestId":"{id}"}}"#));
    let batch = BatchId(id.to_owned());
    assert_eq!(taken, PushOutcome::Accepted { batch });
    for body in [
        "",
        "{}",
        "OK",
        "<html>",
        r#"{"batchRequestId":null}"#,
        r#"{"batchRequestId":" "}"#,
        r#"{"batchRequestId":{}}"#,
        r#"{"batchRequestId":"x""#,
        r#"{"errors":[{"message":"x"}]}"#,
    ] {
        let outcome = pushed(body);
        assert!(matches!(outcome, PushOutcome::Unknown { .. }), "{body}");
    }
    let refused = r#"{"errors":[{"message":"15 dakika boyunca aynı isteği ..."}]}"#;
    assert_eq!(pushed(refused), PushOutcome::DuplicateWindow);
}

fn one(item: &Value) -> BatchItem {
    let text = json!({ "items": [item] }).to_string();
    let mut result = batch(&text).unwrap();
    assert_eq!(result.unreadable, []);
    result.items.remove(0)
}

#[test]
fn the_official_sample_is_complete_without_a_status() {
    let result = batch(
        r#"{"batchRequestId":"c57e3453-2c00-11f0-aa3a-be9298facace-1746718627",
        "items":[{"requestItem":{"updateRequestDate":"2025-05-08T11:37:07.950+00:00",
        "quantity":100,"salePrice":100,"barcode":"11111111111","listPrice":100},
        "status":"SUCCESS","failureReasons":[]}],"creationDate":1746704227943,
        "lastModification":1746704227943,"sourceType":"API","itemCount":1,"failedItemCount":0,
        "batchRequestType":"ProductInventoryUpdate"}"#,
    )
    .unwrap();
    let want = BatchItem {
        barcode: Barcode::parse("11111111111").unwrap(),
        status: ItemStatus::Success,
    };
    assert_eq!(result.items, [want]);
}

#[test]
fn an_item_without_a_final_result_is_pending() {
    let item = |status: &str| json!({ "requestItem": { "barcode": "a" }, "status": status });
    let body = json!({ "items": [item("SUCCESS"), item("IN_PROGRESS"), item(""), {}] });
    let result = batch(&body.to_string()).unwrap();
    let statuses: Vec<Option<&str>> = result.items.iter().map(|i| i.status.name()).collect();
    assert_eq!(statuses, [Some("success"), None, None]);
    assert_eq!(result.unreadable.len(), 1);
    for body in [
        json!({ "items": [], "status": "COMPLETED" }),
        json!({ "items": null, "status": "PROCESSING" }),
        json!({}),
    ] {
        assert_eq!(batch(&body.to_string()).unwrap().items, [], "{body}");
    }
    assert!(batch("<html>").is_err());
}

#[test]
fn reasons_are_read_in_every_shape() {
    for (reasons, want) in [
        (json!(["a", "b"]), vec!["a", "b"]),
        (json!(null), vec![]),
        (json!("a"), vec!["a"]),
        (
            json!([null, 7, { "message": "m" }, { "x": 1 }]),
            vec!["7", "m", r#"{"x":1}"#],
        ),
    ] {
        let item = json!({
            "requestItem": { "barcode": "a" }, "status": "failed", "failureReasons": reasons,
        });
        let reasons = want.into_iter().map(str::to_owned).collect();
        assert_eq!(one(&item).status, ItemStatus::Failed { reasons });
    }
    let item = json!({
        "barcode": "a", "status": "FAILED",
        "failureReasons": ["15 dakika boyunca aynı isteği tekrarlı olarak atamazsınız!"],
    });
    assert_eq!(one(&item).status, ItemStatus::DuplicateWindow);
    let item = json!({ "barcode": "a", "status": "PENDING" });
    assert_eq!(one(&item).status, ItemStatus::Pending("PENDING".into()));
}

#[test]
fn a_read_back_finds_every_variant() {
    let text = json!({
        "totalElements": 2,
        "content": [
            { "contentId": 1, "variants": [
                { "barcode": "a", "quantity": 5, "stockLastModifiedDate": 1_762_865_408_581_i64 },
                { "barcode": "b", "quantity": 0, "stockLastModifiedDate": null },
                { "barcode": "c" },
            ] },
            { "contentId": 2 },
        ],
    });
    let read = listed(&text.to_string(), &asked(&["a", "b", "c"])).unwrap();
    let answer = |name: &str| read.answers[&Barcode::parse(name).unwrap()].clone();
    assert_eq!(
        [answer("a"), answer("b")],
        [Answer::Units(5), Answer::Units(0)]
    );
    let named: Vec<_> = read.unreadable.iter().map(|u| u.record.as_str()).collect();
    assert_eq!(named, ["c", "#1"]);
    assert_eq!(
        answer("c"),
        Answer::Contradictory,
        "it is listed, but unreadable"
    );
    let none = listed(r#"{"totalElements":0,"content":[]}"#, &asked(&["a"])).unwrap();
    assert_eq!(none.answers[&asked(&["a"])[0]], Answer::NotListed);
    assert!(listed("{}", &asked(&["a"])).is_err());
}

fn asked(texts: &[&str]) -> Vec<Barcode> {
    texts
        .iter()
        .map(|text| Barcode::parse(text).unwrap())
        .collect()
}

/// What a read-back of `a`, `b` and `Ş` brings: quantities, what is unknown, what is named.
fn read_back(answered: &[(&str, i32)]) -> (Vec<(String, i32)>, Vec<Barcode>, Vec<String>) {
    let variants: Vec<_> = answered
        .iter()
        .map(|(barcode, quantity)| json!({ "barcode": barcode, "quantity": quantity }))
        .collect();
    let text = json!({ "content": [{ "variants": variants }] }).to_string();
    let read = listed(&text, &asked(&["a", "b", "Ş"])).unwrap();
    let order = asked(&["a", "b", "Ş"]);
    let known = order
        .iter()
        .filter_map(|barcode| match read.answers[barcode] {
            Answer::Units(units) => Some((barcode.to_string(), units)),
            Answer::NotListed | Answer::Contradictory => None,
        });
    let unknown = order
        .iter()
        .filter(|b| read.answers[*b] == Answer::Contradictory);
    (
        known.collect(),
        unknown.cloned().collect(),
        read.unreadable.into_iter().map(|u| u.record).collect(),
    )
}

#[test]
fn a_read_back_is_held_against_its_question() {
    let known = |list: &[(&str, i32)]| -> Vec<(String, i32)> {
        list.iter().map(|(b, n)| ((*b).to_owned(), *n)).collect()
    };
    for (name, answered, want, unknown, named) in [
        (
            "b is not on sale",
            vec![("a", 1), ("Ş", 2)],
            known(&[("a", 1), ("Ş", 2)]),
            vec![],
            vec![],
        ),
        (
            "twice the same",
            vec![("a", 1), ("a", 1)],
            known(&[("a", 1)]),
            vec![],
            vec![],
        ),
        (
            "written otherwise",
            vec![("S\u{327}", 4), (" a", 1)],
            known(&[("a", 1), ("Ş", 4)]),
            vec![],
            vec![],
        ),
        (
            "twice, and not the same",
            vec![("a", 1), ("b", 3), ("a", 2)],
            known(&[("b", 3)]),
            vec!["a"],
            vec![],
        ),
        (
            "back to the first",
            vec![("a", 1), ("a", 2), ("a", 1)],
            vec![],
            vec!["a"],
            vec![],
        ),
        (
            "beside the question",
            vec![("x", 1), ("b", 3), ("y", 1), ("z", 1), ("w", 1)],
            known(&[("b", 3)]),
            vec!["a", "Ş"],
            vec!["x, y, z and 1 more"],
        ),
    ] {
        let named: Vec<String> = named.into_iter().map(str::to_owned).collect();
        assert_eq!(
            read_back(&answered),
            (want, asked(&unknown), named),
            "{name}"
        );
    }
}

proptest! {
    #[test]
    fn any_text_is_an_answer_or_an_error(text in "[\\[\\]{}:,\"a-zA-Z0-9\\\\ ]{0,80}") {
        let _ = pushed(&text);
        let _ = batch(&text);
        let _ = listed(&text, &asked(&["a"]));
    }
}
