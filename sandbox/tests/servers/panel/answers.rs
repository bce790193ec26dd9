//! The four endpoints, and the ways in which panels write differently.

use encoding_rs::WINDOWS_1254;
use rust_decimal::Decimal;
use sandbox::{
    http::Framing,
    panel::{Account, CatalogueText, Decimals, Encoding, Endpoint, OkWord, Product, Said, Style},
};
use serde_json::json;

use super::{ask, buy, start, wire};

#[tokio::test]
async fn refuses_what_makes_no_sense_and_sells_nothing() {
    let panel = start(|_| {}).await;
    let good = [
        ("oyun", "1"),
        ("kupur", "325"),
        ("referans", "5"),
        ("oyuncu_bilgi", "p"),
    ];
    for (key, value, want) in [
        ("referans", "0b7a-uuid", "3|Referans sayısal olmalıdır"),
        ("referans", "", "3|Referans sayısal olmalıdır"),
        ("oyuncu_bilgi", "+", "3|Oyuncu bilgisi boş olamaz"),
        ("oyun", "101", "3|Oyun veya küpür bulunamadı"),
        ("kupur", "60", "3|Oyun veya küpür bulunamadı"),
    ] {
        let fields: Vec<String> = good
            .iter()
            .map(|(k, v)| format!("{k}={}", if *k == key { value } else { v }))
            .collect();
        let query = format!("kod=bayi&sifre=gizli&{}", fields.join("&"));
        let seen = wire::get(&panel, &format!("/servis/pin_ekle.php?{query}")).await;
        assert_eq!(seen.text(), want, "{key}={value}");
    }
    assert_eq!(panel.ledger().sale_count(), 0);
    assert_eq!(panel.ledger().purchases_without_sale().len(), 5);
    let requests = panel.ledger().requests();
    assert!(requests.iter().all(|r| r.said == Some(Said::Refused)));
}

#[tokio::test]
async fn a_product_that_is_not_available_is_listed_and_not_sold() {
    let panel = start(|plan| {
        let products = plan.products.drain(..);
        plan.products = products.map(Product::unavailable).collect();
    })
    .await;
    assert_eq!(buy(&panel, "77").await.text(), "3|Ürün stokta yok");
    assert_eq!(panel.ledger().sale_count(), 0);

    let list = wire::get(&panel, "/servis/pin_listesi.php?kod=bayi&sifre=gizli").await;
    assert!(list.text().contains("PUBG Mobile 325 UC"));
}

#[tokio::test]
async fn accounts_have_their_own_references_and_balances() {
    let panel = start(|plan| {
        let second = Account::new("ikinci", "x", Decimal::from(100));
        plan.accounts.push(second);
    })
    .await;
    buy(&panel, "77").await;
    let other = super::buying("77").replace("kod=bayi&sifre=gizli", "kod=ikinci&sifre=x");
    assert_eq!(wire::get(&panel, &other).await.text(), "OK|35.00|65.00");
    assert!(panel.ledger().references_sold_twice().is_empty());
    assert_eq!(panel.ledger().players_sold_twice(), ["player-77"]);
}

#[tokio::test]
async fn a_wrong_address_shows_a_page_and_counts_as_a_stray() {
    let panel = start(|plan| plan.path_prefix = "/bayi".into()).await;
    let list = "/servis/pin_listesi.php?kod=bayi&sifre=gizli";
    assert!(panel.base_url().ends_with("/bayi"));
    let stray = wire::get(&panel, list).await;
    assert_eq!(stray.status(), 404);
    assert!(stray.text().starts_with("<!DOCTYPE html>"));
    assert_eq!(
        wire::get(&panel, &format!("/bayi{list}")).await.status(),
        200
    );
    assert_eq!(panel.ledger().strays(), 1);
    assert_eq!(panel.ledger().count(Endpoint::Catalogue), 1);
}

async fn catalogue(style: Style) -> String {
    let panel = start(|plan| plan.style = style).await;
    let target = "/servis/pin_listesi.php?kod=bayi&sifre=gizli";
    wire::get(&panel, target).await.text().to_owned()
}

#[tokio::test]
async fn the_price_list_can_lack_fields_or_be_no_json() {
    let of = |catalogue| Style {
        catalogue,
        ..Style::default()
    };
    let sparse = catalogue(of(CatalogueText::Sparse)).await;
    let sparse: serde_json::Value = serde_json::from_str(&sparse).unwrap();
    assert_eq!(
        sparse["result"][0],
        json!({"id": "2", "adi": "PUBG Mobile 325 UC", "kupur": "325", "oyun_bilgi_id": "1"})
    );
    let broken = catalogue(of(CatalogueText::MissingComma)).await;
    assert!(serde_json::from_str::<serde_json::Value>(&broken).is_err());
    assert!(
        broken.contains(r#""oyun_adi":"PUBG""fiyat":"35.00","#),
        "{broken}"
    );
}

#[tokio::test]
async fn writes_turkish_without_saying_in_which_encoding() {
    let style = Style {
        encoding: Encoding::Windows1254,
        no_charset: true,
        bom: true,
        blank_lines: 2,
        ok: OkWord::Lower,
        decimals: Decimals::Comma,
        ..Style::default()
    };
    let panel = start(|plan| plan.style = style).await;
    let sold = buy(&panel, "9").await;
    assert_eq!(sold.body(), b"\xef\xbb\xbf\r\n\r\nok|35,00|999965,00");
    assert_eq!(sold.header("Content-Type").unwrap(), "text/html");
    let seen = ask(&panel, "8").await;
    let body = seen.body().strip_prefix(b"\xef\xbb\xbf").unwrap();
    assert!(std::str::from_utf8(body).is_err(), "it is not UTF-8");
    assert_eq!(WINDOWS_1254.decode(body).0, "\r\n\r\n3|İşlem bulunamadı");
}

#[tokio::test]
async fn marks_the_end_of_a_body_in_each_way() {
    for (framing, wanted) in [
        (Framing::Chunked, "\r\n\r\nd\r\nOK|1000000.00\r\n0\r\n\r\n"),
        (Framing::UntilClose, "\r\n\r\nOK|1000000.00"),
    ] {
        let panel = start(|plan| plan.style.framing = framing).await;
        let target = "/servis/bakiye_kontrol.php?kod=bayi&sifre=gizli";
        let seen = wire::get(&panel, target).await;
        let raw = String::from_utf8(seen.raw.clone()).unwrap();
        assert!(raw.ends_with(wanted), "{raw}");
        assert_eq!(seen.header("Content-Length"), None);
    }
}

#[tokio::test]
async fn packs_only_for_those_who_unpack() {
    let panel = start(|plan| plan.style.gzip = true).await;
    let target = "/servis/bakiye_kontrol.php?kod=bayi&sifre=gizli";
    assert_eq!(wire::get(&panel, target).await.text(), "OK|1000000.00");
    let packed = wire::get_with(&panel, target, "Accept-Encoding: gzip\r\n").await;
    assert_eq!(packed.header("Content-Encoding").unwrap(), "gzip");
    assert!(packed.body().starts_with(b"\x1f\x8b"), "{packed:?}");
}
