//! What claim answers become.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::*;

fn sample() -> Value {
    json!({
        "id": "f9da2317-876b-4b86-b8f7-0535c3b65731",
        "claimId": "f9da2317-876b-4b86-b8f7-0535c3b65731",
        "orderNumber": "10654411111",
        "orderDate": 1_762_253_333_685_i64,
        "claimDate": 1_762_865_408_581_i64,
        "lastModifiedDate": 1_762_865_408_999_i64,
        "customerFirstName": "canary-first",
        "customerLastName": "canary-last",
        "cargoProviderName": "Yurtiçi",
        "cargoSenderNumber": "210090",
        "orderShipmentPackageId": 11,
        "orderOutboundPackageId": 12,
        "items": [{
            "orderLine": {
                "id": 5,
                "productName": "Ayakkabı",
                "barcode": "8683772071724",
                "merchantSku": "SKU",
                "productColor": "Siyah",
                "productSize": " 42",
                "price": 498.90,
                "vatBaseAmount": 20,
            },
            "claimItems": [
                {
                    "id": "c1",
                    "orderLineItemId": 77,
                    "customerClaimItemReason": { "id": 1, "name": "Beğenmedim", "code": "DISLIKE" },
                    "claimItemStatus": { "name": "WaitingInAction" },
                    "customerNote": "canary-note",
                    "note": "",
                    "resolved": false,
                    "autoAccepted": null,
                },
                { "id": "c2", "claimItemStatus": "Accepted" },
            ],
        }],
    })
}

fn read(content: &[Value]) -> Page<Claim> {
    let text = json!({ "totalElements": 1, "totalPages": 1, "content": content });
    page(&text.to_string(), 0).unwrap()
}

#[test]
fn each_piece_is_an_item_with_its_product() {
    let page = read(&[sample()]);
    assert_eq!(page.unreadable, []);
    assert!(page.last);
    let claim = &page.records[0];
    assert_eq!(claim.id, "f9da2317-876b-4b86-b8f7-0535c3b65731");
    let asked = claim.claim_date.unwrap();
    assert_eq!(asked.timestamp_millis(), 1_762_865_408_581);
    assert_eq!(claim.cargo.sender_number.as_deref(), Some("210090"));
    assert_eq!(claim.unreadable, []);
    let [first, second] = &claim.items[..] else {
        panic!("{:?}", claim.items);
    };
    assert_eq!(first.status, ClaimStatus::WaitingInAction);
    assert_eq!(second.status, ClaimStatus::Accepted);
    assert_eq!(first.reason.as_deref(), Some("Beğenmedim"));
    assert_eq!(
        first.customer_note.as_ref().unwrap().expose(),
        "canary-note"
    );
    for item in &claim.items {
        assert_eq!(item.barcode.as_deref(), Some("8683772071724"));
        assert_eq!(item.product_size.as_deref(), Some("42"));
        assert_eq!(item.price, Some(Decimal::new(49_890, 2)));
    }
    let shown = format!("{page:?}");
    assert!(!shown.contains("canary"), "{shown}");
}

type Change = fn(&mut Value);

#[test]
fn what_cannot_be_read_is_named() {
    let cases: [(Change, &str); 4] = [
        (|c| c["items"] = Value::Null, "items: "),
        (|c| c["items"][0]["claimItems"] = Value::Null, "items#0: "),
        (|c| c["items"][0] = json!(3), "items#0: "),
        (
            |c| c["items"][0]["claimItems"][1] = json!({}),
            "items#0/claimItems#1: ",
        ),
    ];
    for (spoil, want) in cases {
        let mut claim = sample();
        spoil(&mut claim);
        let page = read(&[claim]);
        let named = page.records[0].unreadable[0].to_string();
        assert!(named.starts_with(want), "{named}");
    }
    let page = read(&[json!({ "orderNumber": "1" }), sample()]);
    assert_eq!(page.records.len(), 1);
    assert_eq!(page.unreadable[0].record, "#0");
}

#[test]
fn new_names_and_unknown_statuses_are_understood() {
    let mut claim = sample();
    claim["id"] = Value::Null;
    claim["items"][0]["claimItems"][0]["claimItemStatus"] = json!({ "name": "OnTheMoon" });
    let page = read(&[claim]);
    let claim = &page.records[0];
    assert_eq!(claim.id, "f9da2317-876b-4b86-b8f7-0535c3b65731");
    let item = &claim.items[0];
    assert_eq!(item.status, ClaimStatus::Unknown("OnTheMoon".into()));
}
