//! Panels whose row in the shop names an address or an account that must not be used: their orders are held, and
//! nothing leaves.

use orderwatch::order::Stage;
use sandbox::{barakat::Endpoint as Barakat, panel::Endpoint};
use sqlx::PgPool;

use crate::support::{Reseller, Rig, Shop};

/// Panels are called where their rows say; the price list cannot be read there, so the mapping names both numbers.
async fn open(pool: PgPool) -> (Shop, Reseller) {
    let (shop, reseller) = Shop::open(pool).await;
    shop.sql(r#"UPDATE package_mappings SET meta = '{"oyun": "1", "kupur": "325"}'"#)
        .await;
    (shop, reseller)
}

async fn move_to(shop: &Shop, address: &str) {
    let account = format!(r#"UPDATE integrations SET "baseUrl" = '{address}'"#);
    assert_eq!(shop.sql(&account).await, 1);
}

#[sqlx::test(migrations = false)]
async fn a_panel_is_called_over_plain_http_only_where_the_configuration_names_its_host(
    pool: PgPool,
) {
    let (shop, reseller) = open(pool).await;
    move_to(&shop, "http://panel.invalid").await;
    for hosts in ["", "other.invalid", "www.panel.invalid", "invalid"] {
        let mut rig = Rig::with(&shop, &[("znet.allow_plain_http", hosts)]);
        let order = shop.place(reseller.package("2")).await;
        assert_eq!(rig.buy().await, 0, "{hosts}");
        assert_eq!(shop.held(order).await, "integration_incomplete", "{hosts}");
        assert_eq!(
            shop.shop_row(order).await.text("externalStatus"),
            "not_sent"
        );
    }

    // Nobody is there, so that it is called is seen by how that ends.
    let mut rig = Rig::with(
        &shop,
        &[("znet.allow_plain_http", "other.invalid, Panel.Invalid")],
    );
    let order = shop.place(reseller.package("2")).await;
    rig.buy().await;
    let said = shop.event(order, "not_sent").await;
    assert_eq!(said["trouble"], "the server's name could not be resolved");
    assert_eq!(shop.stage(order).await, Stage::Queued);
}

#[sqlx::test(migrations = false)]
async fn a_metadata_service_is_never_called_whatever_is_permitted(pool: PgPool) {
    let (shop, reseller) = open(pool).await;
    let permitted = "169.254.169.254, fd00:ec2::254, ::ffff:169.254.169.254, 0.0.0.0";
    let mut rig = Rig::with(&shop, &[("znet.allow_plain_http", permitted)]);
    for address in [
        "http://169.254.169.254",
        "https://169.254.169.254/",
        "http://2852039166/latest/",
        "http://[::ffff:169.254.169.254]/",
        "http://[fd00:ec2::254]/",
        "http://0.0.0.0:80/",
    ] {
        move_to(&shop, address).await;
        let order = shop.place(reseller.package("2")).await;
        assert_eq!(rig.buy().await, 0, "{address}");
        assert_eq!(
            shop.held(order).await,
            "integration_incomplete",
            "{address}"
        );
    }
}

#[sqlx::test(migrations = false)]
async fn an_account_that_was_pasted_with_what_cannot_be_seen_is_held_and_not_sent(pool: PgPool) {
    let (shop, znet) = Shop::open(pool).await;
    let barakat = shop.barakat(|_| {}).await;
    let mut rig = Rig::new(&shop);
    for (change, back, package) in [
        (
            r"kod = kod || U&'\200B'",
            "kod = left(kod, -1)",
            znet.package("2"),
        ),
        (
            r"kod = U&'\FEFF' || kod",
            "kod = right(kod, -1)",
            znet.package("2"),
        ),
        (
            r"kod = kod || U&'\FF11'",
            "kod = left(kod, -1)",
            znet.package("2"),
        ),
        (
            r"sifre = sifre || U&'\00A0'",
            "sifre = left(sifre, -1)",
            znet.package("2"),
        ),
        (
            r"sifre = sifre || E'\n'",
            "sifre = left(sifre, -1)",
            znet.package("2"),
        ),
        (
            r#""apiToken" = U&'\2060' || "apiToken""#,
            r#""apiToken" = right("apiToken", -1)"#,
            barakat.package("501"),
        ),
    ] {
        shop.sql(&format!("UPDATE integrations SET {change}")).await;
        let order = shop.place(package).await;
        rig.buy().await;
        assert_eq!(shop.held(order).await, "integration_incomplete", "{change}");
        shop.sql(&format!("UPDATE integrations SET {back}")).await;
    }
    assert_eq!(znet.panel.ledger().count(Endpoint::Purchase), 0);
    assert_eq!(barakat.count(Barakat::Purchase), 0);

    // Entered anew, it buys.
    let order = shop.place(znet.package("2")).await;
    assert_eq!(rig.buy().await, 1);
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
}
