//! A shop with a panel of each kind: each order has the names and words of the panel that it is at, what
//! one refuses the other may sell once, and one that fails holds up no order of the other.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::time::Duration;

use orderwatch::order::{OrderId, Stage};
use rust_decimal::Decimal;
use sandbox::{
    barakat, panel,
    trouble::{Fault, Trouble},
};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::{
    people::{run, run_by},
    support::{ACCOUNT, BarakatReseller, PARAMS, Reseller, Rig, Shop, TOKEN},
};

fn says(text: &'static str) -> Fault {
    Fault::Instead(Trouble::says(text))
}

/// What a panel of either kind says to an account without money.
fn no_money_at_znet() -> Fault {
    says("3|Yetersiz bakiye")
}

fn no_money_at_barakat() -> Fault {
    says(r#"{"status":"ERROR","message":"Insufficient balance"}"#)
}

/// The package that znet sells as 2 is barakat's 501, and the other way round.
async fn two_kinds(pool: PgPool) -> (Shop, Reseller, BarakatReseller) {
    let (shop, znet) = Shop::open_at(pool, |plan| plan.refuses_duplicates = false).await;
    let barakat = shop.barakat(|_| {}).await;
    shop.fall_back(znet.package("2"), barakat.id, "501").await;
    shop.fall_back(barakat.package("501"), znet.id, "2").await;
    (shop, znet, barakat)
}

/// Purchases that came to each of them.
fn bought(znet: &Reseller, barakat: &BarakatReseller) -> (u64, u64) {
    (
        znet.panel.ledger().count(panel::Endpoint::Purchase),
        barakat.count(barakat::Endpoint::Purchase),
    )
}

/// What the spend ledger has of an order: where, under which name, how it ended, what it cost.
async fn on_record(shop: &Shop, order: OrderId) -> Vec<Value> {
    let purchases = shop.purchases(order).await;
    let facts = purchases.iter().map(|row| {
        json!([
            row.get("integration_id"),
            row.get("reference"),
            row.get("outcome"),
            row.get("cost"),
        ])
    });
    facts.collect()
}

#[sqlx::test(migrations = false)]
async fn what_znet_refuses_is_bought_once_at_barakat_under_the_orders_id(pool: PgPool) {
    let (shop, znet, barakat) = two_kinds(pool).await;
    let mut rig = Rig::new(&shop);
    let order = shop.place(znet.package("2")).await;
    let faults = znet.panel.faults();
    faults.next(panel::Endpoint::Purchase, no_money_at_znet());
    rig.dispatch().await;
    assert_eq!(rig.dispatch().await.started, 1);

    let tracked = shop.tracked(order).await;
    assert_eq!(tracked.watched.stage, Stage::Queued);
    assert_eq!(tracked.integration, Some(barakat.id));
    assert_eq!(tracked.reference.unwrap().as_str(), order.to_string());
    let event = shop.event(order, "fell_back").await;
    assert_eq!(event["refusal"], "balance");
    rig.run_out().await;

    let steps = ["claimed", "fell_back", "claimed", "accepted", "completed"];
    assert_eq!(shop.events(order).await, steps);
    let sale = barakat.sale(order).unwrap();
    assert_eq!(sale.product, "501", "what is mapped there");
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("providerId"), barakat.id.to_string());
    assert_eq!(row.text("provider_referans"), order.to_string());
    assert_eq!(row.text("externalOrderId"), order.to_string());
    assert_eq!(row.text("externalStatus"), "done");
    assert_eq!(row.text("costAmount"), "35.00");
    assert_eq!(row.text("pinCode"), barakat.pin(order));

    let facts = on_record(&shop, order).await;
    let refused = json!([znet.id, znet.reference(order), "fell_back", null]);
    let completed = json!([barakat.id, order, "completed", "35"]);
    assert_eq!(facts.len(), 2, "{facts:?}");
    assert!(facts.contains(&refused), "{facts:?}");
    assert!(facts.contains(&completed), "{facts:?}");
    assert_eq!(bought(&znet, &barakat), (1, 1));
    assert_eq!(znet.panel.ledger().sale_count(), 0);
    assert_eq!(barakat.panel.ledger().sale_count(), 1);
}

#[sqlx::test(migrations = false)]
async fn what_barakat_refuses_is_bought_once_at_znet_under_a_number(pool: PgPool) {
    let (shop, znet, barakat) = two_kinds(pool).await;
    assert!(barakat.panel.set_balance(TOKEN, Decimal::ZERO));
    let mut rig = Rig::new(&shop);
    let order = shop.place(barakat.package("501")).await;
    rig.buy().await;
    rig.run_out().await;
    let steps = ["claimed", "fell_back", "claimed", "accepted", "completed"];
    assert_eq!(shop.events(order).await, steps);

    let number = znet.reference(order);
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("providerId"), znet.id.to_string());
    assert_eq!(row.text("provider_referans"), number);
    assert_eq!(row.text("externalOrderId"), order.to_string());
    let pin = znet.panel.pin_of(ACCOUNT.0, &number);
    assert_eq!(row.text("pinCode"), pin);

    let facts = on_record(&shop, order).await;
    let refused = json!([barakat.id, order, "fell_back", null]);
    let completed = json!([znet.id, number, "completed", "35"]);
    assert_eq!(facts.len(), 2, "{facts:?}");
    assert!(facts.contains(&refused), "{facts:?}");
    assert!(facts.contains(&completed), "{facts:?}");
    assert_eq!(bought(&znet, &barakat), (1, 1));
    assert_eq!(barakat.panel.ledger().sale_count(), 0);
    // Nobody is taken for a second dispatcher because of the two names.
    assert_eq!(rig.sweep().await.overwritten, 0);
}

#[sqlx::test(migrations = false)]
async fn an_order_that_both_refuse_has_failed_and_does_not_come_back(pool: PgPool) {
    let (shop, znet, barakat) = two_kinds(pool).await;
    let mut rig = Rig::new(&shop);
    for package in [znet.package("2"), barakat.package("501")] {
        let (znet_before, barakat_before) = bought(&znet, &barakat);
        let order = shop.place(package).await;
        let faults = znet.panel.faults();
        faults.next(panel::Endpoint::Purchase, no_money_at_znet());
        let faults = barakat.panel.faults();
        faults.next(barakat::Endpoint::Purchase, no_money_at_barakat());
        rig.buy().await;
        rig.run_out().await;
        rig.buy().await;
        assert_eq!(shop.stage(order).await, Stage::Failed);
        let steps = ["claimed", "fell_back", "claimed", "refused"];
        assert_eq!(shop.events(order).await, steps);
        assert_eq!(shop.shop_row(order).await.text("status"), "pending");
        let once = (znet_before + 1, barakat_before + 1);
        assert_eq!(bought(&znet, &barakat), once);
    }
}

/// What barakat says, and whether znet is tried.
const REFUSALS: [(&str, bool); 6] = [
    (
        r#"{"status":"ERROR","message":"Insufficient balance"}"#,
        true,
    ),
    (
        r#"{"status":"ERROR","message":"Product unavailable"}"#,
        true,
    ),
    (r#"{"status":"error","error":"Bakiye yetersiz"}"#, true),
    (r#"{"status":"ERROR","message":"Invalid player"}"#, false),
    (
        r#"{"status":"ERROR","message":"missing param: server"}"#,
        false,
    ),
    (r#"{"status":"ERROR","message":"Invalid token"}"#, false),
];

#[sqlx::test(migrations = false)]
async fn only_want_of_money_or_of_the_product_is_taken_to_the_other_kind(pool: PgPool) {
    let (shop, znet, barakat) = two_kinds(pool).await;
    let mut rig = Rig::new(&shop);
    let mut tried = 0;
    for (answer, elsewhere) in REFUSALS {
        let order = shop.place(barakat.package("501")).await;
        let faults = barakat.panel.faults();
        faults.next(barakat::Endpoint::Purchase, says(answer));
        rig.buy().await;
        rig.run_out().await;
        tried += u64::from(elsewhere);
        assert_eq!(bought(&znet, &barakat).0, tried, "{answer}");
        let stage = if elsewhere {
            Stage::Completed
        } else {
            Stage::Failed
        };
        assert_eq!(shop.stage(order).await, stage, "{answer}");
        if !elsewhere {
            assert_eq!(shop.event(order, "refused").await["refusal"], "other");
        }
    }
    assert_eq!(barakat.panel.ledger().sale_count(), 0);
}

#[sqlx::test(migrations = false)]
async fn whatever_leaves_it_open_whether_barakat_sold_never_leads_to_znet(pool: PgPool) {
    let (shop, znet, barakat) = two_kinds(pool).await;
    let settings = [
        ("znet.request_timeout", "1s"),
        ("znet.breaker_failures", "0"),
    ];
    let mut rig = Rig::with(&shop, &settings);
    let open = [
        Trouble::Close,
        Trouble::Hang,
        Trouble::Cut(12),
        Trouble::Page(500),
        Trouble::Empty,
        Trouble::says(r#"{"status":"OK"}"#),
        Trouble::says(r#"{"status":"ERROR","message":"Gateway timeout"}"#),
        Trouble::says(r#"{"status":"ERROR","message":"Insufficient balance","order_id":"1"}"#),
    ];
    let mut orders = Vec::new();
    for trouble in open {
        let order = shop.place(barakat.package("501")).await;
        let fault = Fault::Instead(trouble.clone());
        barakat
            .panel
            .faults()
            .next(barakat::Endpoint::Purchase, fault);
        while rig.buy().await == 0 {
            shop.advance(Duration::from_secs(30));
            rig.probe().await;
        }
        orders.push((order, trouble));
    }
    rig.run_out().await;
    for (order, trouble) in &orders {
        assert_eq!(shop.held(*order).await, "unconfirmed", "{trouble:?}");
    }
    assert_eq!(bought(&znet, &barakat), (0, 8));
    assert_eq!(znet.panel.connections(), 0);
}

#[sqlx::test(migrations = false)]
async fn a_panel_whose_circuit_is_open_holds_up_no_order_of_the_other_kind(pool: PgPool) {
    let (shop, znet, barakat) = two_kinds(pool).await;
    let mut rig = Rig::new(&shop);
    let page = || Fault::Instead(Trouble::Page(200));
    let faults = barakat.panel.faults();
    faults.next(barakat::Endpoint::Status, page());
    let waits = shop.place(barakat.package("501")).await;
    rig.buy().await;
    assert_eq!(shop.stage(waits).await, Stage::Queued);
    assert_eq!(shop.breaker(barakat.id).await.unwrap().1, "blocked");
    assert_eq!(shop.breaker(znet.id).await, None);
    let goes = shop.place(znet.package("2")).await;
    let stays = shop.place(barakat.package("501")).await;
    assert_eq!(rig.buy().await, 1);
    assert_eq!(shop.stage(goes).await, Stage::Submitted);
    assert!(shop.find_tracked(stays).await.is_none());

    // And the other way round.
    rig.run_out().await;
    rig.buy().await;
    rig.run_out().await;
    for order in [waits, goes, stays] {
        assert_eq!(shop.stage(order).await, Stage::Completed);
    }
    let faults = znet.panel.faults();
    faults.next(panel::Endpoint::Purchase, page());
    let open = shop.place(znet.package("2")).await;
    rig.buy().await;
    assert_eq!(shop.stage(open).await, Stage::Unconfirmed);
    assert_eq!(shop.breaker(znet.id).await.unwrap().1, "blocked");
    assert_eq!(shop.breaker(barakat.id).await, None);
    let goes = shop.place(barakat.package("501")).await;
    assert_eq!(rig.buy().await, 1);
    assert_eq!(shop.stage(goes).await, Stage::Submitted);
}

#[sqlx::test(migrations = false)]
async fn shadow_mode_notes_each_purchase_in_its_panels_own_terms(pool: PgPool) {
    let (shop, znet, barakat) = two_kinds(pool).await;
    let mut rig = Rig::with(&shop, &[("dispatch.mode", "shadow")]);
    let here = shop.place(barakat.package("501")).await;
    let there = shop.place(znet.package("2")).await;
    let held = shop.place(barakat.package("502")).await;
    let before = shop.version(here).await;
    for _ in 0..3 {
        rig.dispatch().await;
    }
    let noted = async |order: OrderId| -> Value {
        let sql = "SELECT jsonb_build_object('product', product, 'rule', player_fields,
                'reference', reference, 'held', held_reason)
            FROM orderwatch.shadow WHERE order_id = $1";
        let noted = sqlx::query_scalar(sql).bind(order.0);
        noted.fetch_one(&shop.pool).await.unwrap()
    };
    let want = json!({
        "product": {"product": "501", "qty": "1"},
        "rule": r#"{"uid":"userIdentifier"}"#,
        "reference": here,
        "held": null,
    });
    assert_eq!(noted(here).await, want);
    let of_znet = noted(there).await;
    assert_eq!(of_znet["rule"], "sheet");
    assert_eq!(of_znet["reference"], znet.reference(there));
    assert!(of_znet["product"]["kupur"].is_string(), "{of_znet}");
    assert_eq!(noted(held).await["held"], "param_empty");
    // Nobody is asked before a purchase that is not made.
    assert_eq!(bought(&znet, &barakat), (0, 0));
    assert_eq!(barakat.count(barakat::Endpoint::Status), 0);
    assert_eq!(shop.version(here).await, before);

    let report = run_by(&shop, PARAMS, "shadow --json").await.json();
    let orders = report["orders"].as_array().unwrap();
    let of = |id: OrderId| orders.iter().find(|order| order["order"] == json!(id));
    let shown = of(here).unwrap();
    assert_eq!(shown["product"], "501");
    assert_eq!(shown["qty"], "1");
    assert_eq!(shown["expected"], "35.00");
    assert_eq!(of(held).unwrap()["would_hold"], "param_empty");
}

/// The findings of a check that did not end well.
fn faults_of(doctor: &str, check: &str) -> Vec<String> {
    let found: Value = serde_json::from_str(doctor).unwrap();
    let findings = found["findings"].as_array().unwrap().iter();
    let bad = findings.filter(|finding| {
        let outcome = finding["outcome"].as_str();
        finding["check"] == check && matches!(outcome, Some("warn" | "fail"))
    });
    bad.map(|finding| finding["sentence"].as_str().unwrap().to_owned())
        .collect()
}

#[sqlx::test(migrations = false)]
async fn doctor_names_each_parameter_that_nothing_fills(pool: PgPool) {
    let (shop, _panel) = Shop::open_barakat(pool, |_| {}).await;
    let said = run(&shop, "doctor --json").await;
    assert_eq!(said.code, 1, "{said:?}");
    let faults = faults_of(&said.out, "parameters");
    assert_eq!(faults.len(), 1, "{said:?}");
    for named in ["\"501 (uid)\"", "\"502 (uid, server)\"", "\"504 (uid)\""] {
        assert!(faults[0].contains(named), "{named}: {faults:?}");
    }
    assert!(!faults[0].contains("505"), "{faults:?}");
    assert!(said.out.contains("[[barakat.param]]"), "{said:?}");
    assert!(!said.out.contains(TOKEN), "{said:?}");

    let half = "[[barakat.param]]\nname = \"uid\"\n";
    let said = run_by(&shop, half, "doctor --json").await;
    let faults = faults_of(&said.out, "parameters");
    assert_eq!(faults.len(), 1, "{said:?}");
    assert!(faults[0].contains("\"502 (server)\""), "{faults:?}");
    assert!(!faults[0].contains("501"), "{faults:?}");

    let said = run_by(&shop, PARAMS, "doctor --json").await;
    assert_eq!(faults_of(&said.out, "parameters"), [] as [&str; 0]);
    let fields = faults_of(&said.out, "player fields").concat();
    assert!(fields.contains("userIdentifier as uid"), "{fields}");
}

#[sqlx::test(migrations = false)]
async fn doctor_finds_an_account_whose_token_is_wrong_or_missing(pool: PgPool) {
    let (shop, _panel) = Shop::open_barakat(pool, |_| {}).await;
    for (token, check, words) in [
        ("NULL", "account", "integrations.\"apiToken\" is empty"),
        ("'another-token'", "balance", "Invalid token"),
    ] {
        let sql = format!(r#"UPDATE integrations SET "apiToken" = {token}"#);
        shop.sql(&sql).await;
        let said = run_by(&shop, PARAMS, "doctor --json").await;
        assert_eq!(said.code, 1, "{said:?}");
        let faults = faults_of(&said.out, check);
        assert_eq!(faults.len(), 1, "{said:?}");
        assert!(faults[0].contains(words), "{faults:?}");
        assert!(!said.out.contains("another-token"), "{said:?}");
    }
}

#[sqlx::test(migrations = false)]
async fn status_shows_the_balance_of_each(pool: PgPool) {
    let (shop, znet, barakat) = two_kinds(pool).await;
    let (at_znet, at_barakat) = (Decimal::new(123_456, 2), Decimal::new(4_355, 2));
    assert!(znet.panel.set_balance(ACCOUNT.0, at_znet));
    assert!(barakat.panel.set_balance(TOKEN, at_barakat));
    run(&shop, "once balance").await.fine();
    let status = run(&shop, "status --json").await.json();
    let panels = status["panels"].as_array().unwrap();
    for (id, want) in [(znet.id, at_znet), (barakat.id, at_barakat)] {
        let panel = panels.iter().find(|panel| panel["id"] == json!(id));
        let shown = panel.unwrap()["balance"].as_str().unwrap();
        assert_eq!(shown.parse::<Decimal>().unwrap(), want);
    }
}
