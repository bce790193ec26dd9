//! What a panel and the way to it do in a bad year.
//!
//! | fault | proved by |
//! |---|---|
//! | name not resolved, no encryption | here |
//! | connection refused | `orders::outcomes`: `what_surely_was_not_sent_…`; bytes in `panels::znet_wire::buying` |
//! | reset, close, hang, cut body, 5xx, with and without a sale | `orders::outcomes`: `an_unsure_answer_…`, `resending_…`; bytes in `panels::znet_wire::buying` |
//! | an answer that comes twice | `panels::znet_wire::asking`: `an_answer_that_comes_twice_…`; under load: `faults::chaos`, `faults::both_kinds` |
//! | empty body, page, redirect | `brakes::breaker`: `nothing_or_a_page_opens_it_at_once_…` |
//! | unknown words, huge and broken bodies | here, as evidence; their meaning in `orders::outcomes`, `orders::polling`: `only_a_sure_answer_…` |
//! | "reference already used" | `orders::outcomes` (`4|`); `orders::reference`: `after_a_backup_…`; `brakes::fallback`: `whatever_leaves_it_open_…` |
//! | "no such order" | `orders::unconfirmed`: `the_panel_is_asked_after_10_s_…` |
//! | `kill -9` before, during and after a purchase, under load | `program::crash`, `program::crash_points`; between two panels: `brakes::fallback` |
//! | several daemons | `program::orders`: `two_processes_…`; `orders::leases`; `faults::chaos` |
//! | another dispatcher beside us | `brakes::beside`, `brakes::shadow` |
//! | SIGTERM while it buys, log blocked | `program::lifecycle`: `a_stop_…`, `a_second_signal_…`; while the purchase hangs: `a_call_that_hangs_…`; `program::command_line`: `a_log_that_nobody_reads_…` |
//! | SIGHUP with a faulty file | `faults::reload` |
//! | the database, its disk | `faults::database` |
//! | clocks | `faults::clock` |

use std::time::Duration;

use orderwatch::order::Stage;
use sandbox::{
    panel::Endpoint,
    trouble::{Fault, Trouble},
};
use sqlx::PgPool;

use crate::support::{ACCOUNT, Rig, Shop};

/// Far less than the 256 KiB that an answer may have.
const EVIDENCE: usize = 6 * 1024;

#[sqlx::test(migrations = false)]
async fn without_a_way_to_the_panel_nothing_is_sent_and_the_name_of_the_purchase_stays(
    pool: PgPool,
) {
    let (shop, reseller) = Shop::open(pool).await;
    // The price list cannot be read either, so the mapping names both numbers.
    shop.sql(r#"UPDATE package_mappings SET meta = '{"oyun": "1", "kupur": "325"}'"#)
        .await;
    let good = reseller.panel.base_url();
    let plain_only = good.replace("http://", "https://");
    let mut rig = Rig::with(&shop, &[("znet.breaker_failures", "0")]);
    let mut orders = Vec::new();
    for (address, trouble) in [
        ("https://panel.invalid", "could not be resolved"),
        (plain_only.as_str(), "encrypt"),
    ] {
        let account = format!(r#"UPDATE integrations SET "baseUrl" = '{address}'"#);
        shop.sql(&account).await;
        let order = shop.place(reseller.package("2")).await;
        rig.buy().await;
        let tracked = shop.tracked(order).await;
        assert_eq!(tracked.watched.stage, Stage::Queued, "{address}");
        assert_eq!(tracked.watched.dispatched_at, None, "{address}");
        assert_eq!(shop.events(order).await, ["claimed", "not_sent"]);
        let event = shop.event(order, "not_sent").await;
        let said = event["trouble"].as_str().unwrap_or_default();
        assert!(said.contains(trouble), "{address}: {said}");
        assert_eq!(event["answer"], "none", "{address}");
        let row = shop.shop_row(order).await;
        assert_eq!(row.text("status"), "pending", "{address}");
        assert_eq!(row.text("provider_referans"), reseller.reference(order));
        orders.push(order);
    }
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 0);
    shop.sql(&format!(r#"UPDATE integrations SET "baseUrl" = '{good}'"#))
        .await;
    rig.run_out().await;
    for order in orders {
        assert_eq!(shop.stage(order).await, Stage::Completed);
        let purchases = shop.purchases(order).await;
        assert_eq!(purchases.len(), 1);
        assert_eq!(purchases[0].text("reference"), reseller.reference(order));
    }
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 2);
}

/// Answers that mean nothing, and how the timeline classes them.
fn meaningless() -> Vec<(Trouble, &'static str)> {
    vec![
        (Trouble::says("7|Bilinmeyen durum"), "text"),
        (Trouble::says("TAMAM|9|yeni|durum"), "text"),
        (Trouble::says("{\"status\": \"2\"}"), "text"),
        (Trouble::Garbage, "text"),
        (Trouble::Huge, "cut"),
        (Trouble::Cut(2), "cut"),
        (Trouble::GzipBomb, "cut"),
        (Trouble::Page(500), "html"),
        (Trouble::NotHttp, "none"),
        (Trouble::Reset, "none"),
    ]
}

#[sqlx::test(migrations = false)]
async fn what_means_nothing_is_kept_as_evidence_in_bounds_without_the_code(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::with(&shop, &[("znet.breaker_failures", "0")]);
    for (trouble, class) in meaningless() {
        let what = format!("{trouble:?}");
        let order = shop.place(reseller.package("2")).await;
        let fault = Fault::After(trouble);
        reseller
            .panel
            .faults()
            .next(Endpoint::Purchase, fault.clone());
        while rig.buy().await == 0 {}
        assert_eq!(shop.stage(order).await, Stage::Unconfirmed, "{what}");
        let bought = shop.event(order, "unsure").await;
        // The same in place of the answer that would have brought the code.
        reseller.panel.faults().next(Endpoint::Status, fault);
        shop.advance(Duration::from_secs(10));
        rig.poll().await;
        assert_eq!(shop.stage(order).await, Stage::Unconfirmed, "{what}");
        let asked = shop.event(order, "check_failed").await;
        let pin = reseller.panel.pin_of(ACCOUNT.0, &reseller.reference(order));
        for event in [bought, asked] {
            assert_eq!(event["answer"], class, "{what}: {event}");
            let text = event.to_string();
            assert!(text.len() <= EVIDENCE, "{what}: {} bytes", text.len());
            assert!(!text.contains(&pin), "{what}");
            assert!(!text.contains(ACCOUNT.1), "{what}");
        }
        rig.run_out().await;
        assert_eq!(shop.stage(order).await, Stage::Completed, "{what}");
        assert_eq!(shop.shop_row(order).await.text("pinCode"), pin, "{what}");
    }
    assert!(reseller.panel.ledger().players_sold_twice().is_empty());
}
