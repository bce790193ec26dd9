//! What order answers become: current and older names, odd values, and records that cannot be read.

use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::*;

fn read(package: &Value) -> Package {
    let text = json!({ "hasMore": false, "content": [package] }).to_string();
    let mut page = stream(&text, None).unwrap();
    assert_eq!(page.unreadable, []);
    page.packages.remove(0)
}

fn stage_package() -> Value {
    json!({
        "shipmentPackageId": 92_051_595,
        "orderNumber": "625788652",
        "shipmentNumber": 606_575_251,
        "status": "Invoiced",
        "orderDate": 1_779_551_403_247_i64,
        "lastModifiedDate": 1_779_704_857_541_i64,
        "agreedDeliveryDate": 1_779_799_832_488_i64,
        "originShipmentDate": 1_779_540_605_218_i64,
        "estimatedDeliveryStartDate": 0,
        "cargoTrackingNumber": 7_260_000_167_168_666_i64,
        "cargoProviderName": "Trendyol Express",
        "createdBy": "order-creation",
        "originPackageIds": null,
        "packageHistories": [
            { "createdDate": 1_779_540_605_218_i64, "status": "Created" },
            { "createdDate": 1_779_704_857_541_i64, "status": "Invoiced" },
        ],
        "customerId": 99,
        "customerFirstName": "Ayşe",
        "customerLastName": "Yılmaz",
        "shipmentAddress": { "fullAddress": "Bir Sokak 1 Kadıköy İstanbul" },
        "packageTotalPrice": 85,
        "currencyCode": "TRY",
        "someNewField": { "deep": [1, 2, 3] },
        "lines": [{
            "lineId": 10_300_819,
            "barcode": " 96968574858745 ",
            "stockCode": "V10Test",
            "quantity": 1,
            "lineUnitPrice": 85,
            "vatRate": 20,
            "productSize": " M",
            "contentId": 123_456,
            "orderLineItemStatusName": "Invoiced",
        }],
    })
}

#[test]
fn a_package_of_today_is_read_whole() {
    let package = read(&stage_package());
    assert_eq!(package.shipment_package_id, 92_051_595);
    assert_eq!(package.order_number, "625788652");
    assert_eq!(package.status, PackageStatus::Invoiced);
    let ordered = package.order_date.unwrap();
    assert_eq!(ordered.timestamp_millis(), 1_779_540_603_247);
    assert_eq!(package.last_modified_ms, 1_779_704_857_541);
    assert_eq!(package.created_by, Some(CreatedBy::OrderCreation));
    assert_eq!(package.origin_package_ids, [] as [i64; 0]);
    assert_eq!(package.history.len(), 2);
    let tracking = package.cargo.tracking_number.as_deref();
    assert_eq!(tracking, Some("7260000167168666"));
    assert_eq!(package.customer.first_name.unwrap().expose(), "Ayşe");
    let address = package.customer.address.unwrap();
    assert_eq!(address.expose(), "Bir Sokak 1 Kadıköy İstanbul");
    assert_eq!(package.amounts.net, Some(Decimal::new(85, 0)));
    assert!(package.agreed_delivery_date.is_some());
    assert_eq!(package.estimated_delivery_start, None);
    assert_eq!(package.unreadable, []);
    let [line] = &package.lines[..] else {
        panic!("{:?}", package.lines);
    };
    assert_eq!(line.id, Some(10_300_819));
    assert_eq!(line.barcode, "96968574858745");
    assert_eq!(line.quantity, 1);
    assert_eq!(line.stock_code.as_deref(), Some("V10Test"));
    assert_eq!(line.product_size.as_deref(), Some("M"));
    assert_eq!(line.product_code.as_deref(), Some("123456"));
    assert_eq!(line.status, Some(PackageStatus::Invoiced));
}

#[test]
fn older_names_are_understood() {
    let package = read(&json!({
        "id": "3330111111",
        "orderNumber": 10_654_411_111_i64,
        "shipmentPackageStatus": "Created",
        "grossAmount": 498.90,
        "totalDiscount": "10.00",
        "totalTyDiscount": 1,
        "totalPrice": 487.90,
        "lines": [{
            "id": 4_765_111_111_i64,
            "barcode": 8_683_772_071_724_i64,
            "merchantSku": "sku",
            "productCode": 7,
            "quantity": "2",
            "amount": 249.45,
            "discount": 5,
            "tyDiscount": 0.5,
            "price": 243.95,
            "vatBaseAmount": 20,
        }],
    }));
    assert_eq!(package.shipment_package_id, 3_330_111_111);
    assert_eq!(package.order_number, "10654411111");
    assert_eq!(package.status, PackageStatus::Created);
    let sum = |text: &str| text.parse::<Decimal>().ok();
    assert_eq!(package.amounts.gross, sum("498.90"));
    assert_eq!(package.amounts.net, sum("487.90"));
    let line = &package.lines[0];
    assert_eq!(line.id, Some(4_765_111_111));
    assert_eq!(line.barcode, "8683772071724");
    assert_eq!(line.quantity, 2);
    assert_eq!(line.stock_code.as_deref(), Some("sku"));
    assert_eq!(line.product_code.as_deref(), Some("7"));
    assert_eq!(line.amounts.gross, sum("249.45"));
    assert_eq!(line.amounts.net, sum("243.95"));
}

type Change = fn(&mut Value);

#[test]
fn odd_values_do_not_cost_a_package() {
    let with = |change: Change| {
        let mut package = stage_package();
        change(&mut package);
        read(&package)
    };
    let unknown = with(|p| p["status"] = json!("OnTheMoon"));
    assert_eq!(unknown.status, PackageStatus::Unknown("OnTheMoon".into()));
    let none = with(|p| p["status"] = Value::Null);
    assert_eq!(none.status, PackageStatus::Unknown(String::new()));
    let split = with(|p| p["originPackageIds"] = json!([1, "2", 3.0]));
    assert_eq!(split.origin_package_ids, [1, 2, 3]);
    let scalar = with(|p| p["originPackageIds"] = json!(7));
    assert_eq!(scalar.origin_package_ids, [7]);
    let odd = with(|p| p["originPackageIds"] = json!([1, {}]));
    assert_eq!(odd.origin_package_ids, [1]);
    assert_eq!(odd.unreadable[0].record, "originPackageIds#1");
    let undated = with(|p| p["lastModifiedDate"] = Value::Null);
    assert_eq!(undated.last_modified_ms, 1_779_704_857_541);
    let timeless = with(|p| {
        p["lastModifiedDate"] = json!("soon");
        p["packageHistories"] = json!([{}]);
        p["orderDate"] = json!(false);
    });
    assert_eq!(timeless.last_modified_ms, 0);
    assert_eq!(timeless.last_modified(), None);
    let parts = with(|p| p["shipmentAddress"] = json!({ "address1": "A", "city": "B" }));
    assert_eq!(parts.customer.address.unwrap().expose(), "A B");
}

/// The official sample of an order whose payment is pending.
fn awaiting(order: &str) -> Value {
    json!({
        "id": 0,
        "orderNumber": order,
        "shipmentPackageStatus": "Approved",
        "packageHistories": [{ "createdDate": 0, "status": "Awaiting" }],
        "createdBy": "",
        "orderDate": 1_779_551_403_247_i64,
        "lines": [{
            "id": 1, "barcode": "a", "quantity": 1, "orderLineItemStatusName": "Approved",
        }],
    })
}

#[test]
fn approved_is_the_payment_and_the_newest_of_the_history_is_the_status() {
    let status = |history: Value| {
        let mut package = awaiting("9001");
        package["packageHistories"] = history;
        read(&package).status
    };
    let step = |at: i64, status: &str| json!({ "createdDate": at, "status": status });
    assert_eq!(
        status(json!([step(0, "Awaiting")])),
        PackageStatus::Awaiting
    );
    let paid = json!([step(2, "Created"), step(1, "Awaiting")]);
    assert_eq!(status(paid), PackageStatus::Created);
    let unknown = PackageStatus::Unknown("Approved".into());
    assert_eq!(status(json!([])), unknown);
    assert_eq!(status(Value::Null), unknown);
    let package = read(&awaiting("9001"));
    // The time of the order is none of a change.
    assert_eq!((package.last_modified_ms, package.created_by), (0, None));
    assert!(package.sold_at.is_some());
}

#[test]
fn an_id_that_is_none_is_that_of_the_order() {
    let id = |order: &str, change: Change| {
        let mut package = awaiting(order);
        change(&mut package);
        read(&package).shipment_package_id
    };
    let nones: [Change; 9] = [
        |_| (),
        |p| p["id"] = json!("0"),
        |p| p["id"] = json!(-7),
        |p| p["id"] = Value::Null,
        |p| p["id"] = json!(""),
        |p| p["id"] = json!("null"),
        |p| p["id"] = json!({}),
        |p| p["shipmentPackageId"] = json!("0"),
        |p| p["shipmentPackageId"] = Value::Null,
    ];
    for change in nones {
        assert_eq!(id("9001", change), -9001);
    }
    assert_eq!(id("9001", |p| p["shipmentPackageId"] = json!("7")), 7);
    assert_eq!(id("9001", |p| p["id"] = json!(8)), 8);
    // No two orders meet, whatever their numbers look like.
    let orders = [
        "9001",
        "9002",
        "09001",
        "+9001",
        "TY-9001",
        "9001 ",
        "99999999999999999999",
        "0",
    ];
    let mut ids: Vec<i64> = orders.iter().map(|order| id(order, |_| ())).collect();
    assert_eq!(ids[0], ids[5], "blanks around it are no part of it");
    ids.remove(5);
    assert!(ids.iter().all(|id| *id < 0), "{ids:?}");
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), orders.len() - 1);
}

/// A page as production gives it: numbers where texts were promised, nulls, fields that nobody knows.
#[test]
fn a_page_of_production_is_read_whole() {
    let page = stream(include_str!("page.json"), None).unwrap();
    assert_eq!((page.unreadable, page.next), (vec![], Next::End));
    let read: Vec<String> = page
        .packages
        .iter()
        .map(|p| {
            let lines = p.lines.iter().map(|line| {
                let own = line.status.as_ref().map(PackageStatus::as_str);
                format!("{}×{} {}", line.barcode, line.quantity, own.unwrap_or("-"))
            });
            let lines: Vec<String> = lines.collect();
            let by = p.created_by.as_ref().map_or("-", CreatedBy::as_str);
            let (id, status) = (p.shipment_package_id, p.status.as_str());
            format!(
                "{id} {status} {by} {:?} {}",
                p.origin_package_ids,
                lines.join(", ")
            )
        })
        .collect();
    assert_eq!(
        read,
        [
            "3330111111 Picking order-creation [] 8683772071724×1 Picking, 8683772071731×2 Cancelled",
            "3330111118 UnDeliveredAndReturned order-creation [] 8683772071724×1 UnDeliveredAndReturned",
            "3330111120 Created cancel [3330111099] KÜP-01 38×1 Created",
            "-10654411999 Awaiting - [] 8683772071724×3 Approved",
        ]
    );
    let cancelled = &page.packages[0].lines[1];
    assert_eq!(cancelled.cancel_reason.as_deref(), Some("Vazgeçtim"));
    assert_eq!(
        (cancelled.commission, cancelled.id),
        (None, Some(4_765_111_112))
    );
}

#[test]
fn a_parcel_number_longer_than_64_bits_keeps_its_digits() {
    let text = r#"{"hasMore":false,"content":[{"shipmentPackageId":1,"orderNumber":"2","lines":[],
        "cargoTrackingNumber":72602420957047272632}]}"#;
    let page = stream(text, None).unwrap();
    let number = page.packages[0].cargo.tracking_number.as_deref();
    assert_eq!(number, Some("72602420957047272632"));
}

#[test]
fn what_cannot_be_read_is_named_and_loses_no_neighbour() {
    let text = json!({
        "hasMore": false,
        "content": [
            { "shipmentPackageId": 4, "orderNumber": " ", "lines": [] },
            "nonsense",
            { "shipmentPackageId": 5, "lines": [] },
            stage_package(),
        ],
    });
    let page = stream(&text.to_string(), None).unwrap();
    assert_eq!(page.packages.len(), 1);
    let named: Vec<String> = page.unreadable.iter().map(ToString::to_string).collect();
    assert_eq!(
        named,
        [
            "4: orderNumber is missing or cannot be read",
            "#1: it is no JSON object that can be read",
            "5: orderNumber is missing or cannot be read",
        ]
    );

    let mut package = stage_package();
    package["lines"] = json!([
        { "lineId": 1, "barcode": "  ", "quantity": 1 },
        { "barcode": "a", "quantity": -1 },
        { "lineId": 3, "barcode": "a", "quantity": 1.5 },
        { "lineId": 4, "barcode": "a", "quantity": 3 },
    ]);
    let package = read(&package);
    let named: Vec<String> = package.unreadable.iter().map(ToString::to_string).collect();
    assert_eq!(
        named,
        [
            "1: barcode is missing or cannot be read",
            "a: quantity is missing or cannot be read; 1 reserved",
            "3: quantity is missing or cannot be read; 2 reserved",
        ]
    );
    assert!(package.lines_missing);
    let mut package = stage_package();
    package["lines"] = Value::Null;
    let package = read(&package);
    assert_eq!(package.unreadable[0].record, "lines");
    assert!(package.lines_missing);
}

#[test]
fn a_line_whose_quantity_cannot_be_read_stands_for_one_piece_at_least() {
    for (quantity, pieces, is_named) in [
        (json!(null), 1, true),
        (json!(-1), 1, true),
        (json!(1.5), 2, true),
        (json!("2,5"), 1, true),
        (json!("2.5"), 3, true),
        (json!(1e15), 1, true),
        (json!(0), 0, false),
        (json!("2"), 2, false),
    ] {
        let mut package = stage_package();
        package["lines"][0]["quantity"] = quantity.clone();
        let package = read(&package);
        let [line] = &package.lines[..] else {
            panic!("{quantity}: {:?}", package.lines);
        };
        assert_eq!(line.quantity, pieces, "{quantity}");
        assert_eq!(
            package.unreadable.len(),
            usize::from(is_named),
            "{quantity}"
        );
        assert!(!package.lines_missing, "{quantity}");
    }
    let mut package = stage_package();
    package["lines"][0]
        .as_object_mut()
        .unwrap()
        .remove("quantity");
    assert_eq!(read(&package).lines[0].quantity, 1);
}

#[test]
fn the_end_of_a_stream_is_never_guessed() {
    let cursor = Cursor("c1".into());
    let more = |to: &str| Next::More(Cursor(to.into()));
    for (text, want) in [
        (
            r#"{"hasMore":true,"nextCursor":"c2","content":[]}"#,
            more("c2"),
        ),
        (r#"{"nextCursor":"c2","content":[]}"#, more("c2")),
        (r#"{"hasMore":true,"nextCursor":7,"content":[]}"#, more("7")),
        (
            r#"{"hasMore":false,"nextCursor":"","content":[]}"#,
            Next::End,
        ),
        (
            r#"{"hasMore":false,"nextCursor":"c2","content":[]}"#,
            Next::End,
        ),
        (r#"{"hasMore":false,"content":null}"#, Next::End),
        (r#"{"content":[]}"#, Next::End),
        (r#"{"hasMore":true,"content":[]}"#, Next::Lost),
        (
            r#"{"hasMore":true,"nextCursor":"c1","content":[]}"#,
            Next::Lost,
        ),
    ] {
        let page = stream(text, Some(&cursor)).unwrap();
        assert_eq!(page.next, want, "{text}");
    }
    let full = json!({ "content": vec![stage_package(); PAGE_SIZE] }).to_string();
    assert_eq!(stream(&full, None).unwrap().next, Next::Lost);
    for text in [
        "",
        "[]",
        "<html>",
        r#"{"hasMore":true}"#,
        r#"{"errors":[]}"#,
        "{",
    ] {
        assert!(stream(text, None).is_err(), "{text}");
    }
}

#[test]
fn the_last_page_of_a_list_is_known() {
    let list = |pages: Value, count: usize| {
        let content = vec![stage_package(); count];
        json!({ "totalElements": 401, "totalPages": pages, "content": content }).to_string()
    };
    for (text, number, last) in [
        (list(json!(3), 200), 0, false),
        (list(json!(3), 1), 2, true),
        (list(json!(3), 0), 1, true),
        (list(Value::Null, 200), 0, false),
        (list(Value::Null, 1), 0, true),
    ] {
        let page = page(&text, number).unwrap();
        assert_eq!(page.last, last);
        assert_eq!(page.total, Some(401));
    }
    assert!(page(r#"{"totalElements":0}"#, 0).unwrap().last);
    assert!(page(r#"{"totalElements":3}"#, 0).is_err());
}

#[test]
fn a_package_shows_whether_its_order_date_is_ahead() {
    assert_eq!(is_ahead(&read(&stage_package())), Some(true));
    let mut corrected = stage_package();
    corrected["orderDate"] = json!(1_779_540_603_247_i64);
    assert_eq!(is_ahead(&read(&corrected)), Some(false));
    corrected["createdBy"] = json!("split");
    assert_eq!(is_ahead(&read(&corrected)), None);
}

#[test]
fn the_sale_is_when_it_was_ordered_whatever_clock_that_is_told_by() {
    let sold = |change: fn(&mut Value)| {
        let mut package = stage_package();
        change(&mut package);
        read(&package).sold_at.map(|at| at.timestamp_millis())
    };
    assert_eq!(sold(|_| ()), Some(1_779_540_603_247));
    let in_utc = |p: &mut Value| p["orderDate"] = json!(1_779_540_603_247_i64);
    assert_eq!(sold(in_utc), Some(1_779_540_603_247));
    let undated = |p: &mut Value| p["orderDate"] = Value::Null;
    assert_eq!(sold(undated), Some(1_779_540_605_218));
}

#[test]
fn nothing_about_a_customer_is_in_debug_output() {
    let mut package = stage_package();
    package["cargoTrackingLink"] = json!("https://kargo.example/canary");
    let shown = format!("{:?}", read(&package));
    for personal in ["Ayşe", "Yılmaz", "Sokak", "canary"] {
        assert!(!shown.contains(personal), "{shown}");
    }
}

proptest! {
    // More where PROPTEST_CASES asks for more.
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(400)))]

    /// Whatever stands in the fields, a package is read or named, and so is each of its lines.
    #[test]
    fn no_package_and_no_line_is_dropped_in_silence(
        spoils in prop::collection::vec((0..40_usize, any_value()), 0..6),
        line_spoils in prop::collection::vec((0..40_usize, any_value()), 0..4),
    ) {
        let mut package = stage_package();
        spoil(&mut package["lines"][0], line_spoils);
        spoil(&mut package, spoils);
        let lines = package["lines"].as_array().map(Vec::len);
        let text = json!({ "hasMore": false, "content": [package, stage_package()] });
        let page = stream(&text.to_string(), None).unwrap();
        prop_assert_eq!(page.packages.len() + page.unreadable.len(), 2);
        for package in &page.packages {
            prop_assert!(package.lines.iter().all(|l| l.quantity >= 0 && !l.barcode.is_empty()));
        }
        if let (Some(lines), 2) = (lines, page.packages.len()) {
            let first = &page.packages[0];
            let named = first.unreadable.iter().filter(|u| !u.record.starts_with("origin") && !u.still_reserves());
            prop_assert_eq!(first.lines.len() + named.count(), lines);
        }
    }

    #[test]
    fn any_text_is_a_page_or_an_error(text in "[\\[\\]{}:,\"a-z0-9\\\\ ]{0,80}") {
        let _ = stream(&text, None);
        let _ = page(&text, 0);
    }
}

/// Puts values into fields chosen by number.
fn spoil(object: &mut Value, spoils: Vec<(usize, Value)>) {
    let fields = object.as_object_mut().unwrap();
    for (number, value) in spoils {
        let at = number % fields.len();
        let name = fields.keys().nth(at).unwrap().clone();
        fields.insert(name, value);
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!("1e999999999")),
        Just(json!("9999-12-31T23:59:59Z")),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::hash_map("[a-z]{1,5}", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// What the warehouse's own application makes of a package, field by field (`row.json`): its row and
/// ours stand in the same tables, and both write them in turn.
#[test]
fn the_row_of_a_package_is_the_one_that_the_application_writes() {
    use crate::stock::{
        mirror::{Content, Shown, facts},
        order_table::OrderTable,
    };

    let case: Value = serde_json::from_str(include_str!("row.json")).unwrap();
    let package = read(&case["package"]);
    let shown = Shown {
        status: package.status.clone(),
        changed_at: package.last_modified().unwrap(),
        content: Content::of(&package),
    };
    let number = package.order_number.as_str();
    let now = package.last_modified().unwrap();
    let row = facts(number, &[shown], OrderTable::Created, true, now);
    let details: Value = serde_json::from_str(row["details"].as_str().unwrap()).unwrap();
    for (column, want) in case["row"].as_object().unwrap() {
        match column.as_str() {
            // Only where the table has it.
            "source" => {}
            "details" => {
                let want = want.as_array().unwrap();
                assert_eq!(details.as_array().unwrap().len(), want.len());
                for (line, want) in details.as_array().unwrap().iter().zip(want) {
                    for (key, want) in want.as_object().unwrap() {
                        assert!(alike(&line[key], want), "{key}: {} {want}", line[key]);
                    }
                }
            }
            _ => assert!(
                alike(&row[column], want),
                "{column}: {} {want}",
                row[column]
            ),
        }
    }
}

/// Sums alike to the last digit that money has, times however many digits their seconds have.
fn alike(ours: &Value, theirs: &Value) -> bool {
    let time = |value: &Value| value.as_str()?.parse::<chrono::NaiveDateTime>().ok();
    match (ours, theirs) {
        (Value::Number(ours), Value::Number(theirs)) => {
            let apart = ours.as_f64().unwrap() - theirs.as_f64().unwrap();
            apart.abs() < 0.000_1
        }
        (Value::String(ours), Value::Number(theirs)) => *ours == theirs.to_string(),
        _ if time(theirs).is_some() => time(ours) == time(theirs),
        _ => ours == theirs,
    }
}
