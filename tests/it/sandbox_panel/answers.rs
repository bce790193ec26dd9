//! The four endpoints, and the ways in which panels write differently.

use encoding_rs::WINDOWS_1254;
use rust_decimal::Decimal;
use sandbox::{
    http::Framing,
    panel::{Account, CatalogueText, Decimals, Encoding, Endpoint, OkWord, Readiness, Said, Style},
};
use serde_json::json;

use super::{ask, buy, start, wire};

const WRONG: &str = "kod=bayi&sifre=falsch";

#[tokio::test]
async fn sells_asks_and_counts_down_the_balance() {
    let panel = start(|plan| {
        plan.accounts = vec![Account::new("bayi", "gizli", Decimal::new(9000, 2))];
        plan.readiness = Readiness::after_waits(2);
    })
    .await;
    assert_eq!(buy(&panel, "1000").await.text(), "OK|35.00|55.00");
    assert_eq!(buy(&panel, "1001").await.text(), "OK|35.00|20.00");
    let short = buy(&panel, "1002").await;
    assert!(short.text().starts_with("8|"), "{short:?}");
    assert_eq!(
        buy(&panel, "1000").await.text(),
        "4|Bu referans daha önce gönderilmiş (100001)"
    );
    for _ in 0..2 {
        let waiting = ask(&panel, "1000").await;
        assert_eq!(waiting.text(), "OK|1| |İşlem sırada bekliyor");
    }
    let pin = panel.pin_of("bayi", "1000");
    for _ in 0..2 {
        let done = ask(&panel, "1000").await;
        assert_eq!(done.text(), format!("OK|2|{pin}|İşlem başarılı"));
    }
    assert_eq!(ask(&panel, "1002").await.text(), "3|İşlem bulunamadı");
    let balance = "/servis/bakiye_kontrol.php?kod=bayi&sifre=gizli";
    assert_eq!(wire::get(&panel, balance).await.text(), "OK|20.00");
    assert_eq!(panel.ledger().charged("bayi"), Decimal::new(7000, 2));
    assert_eq!(panel.ledger().sale_count(), 2);
}

#[tokio::test]
async fn a_top_up_ends_without_a_pin_and_a_cancellation_pays_back() {
    let panel = start(|_| {}).await;
    let order = |fields: &str, reference: &str| {
        let rest = format!("oyuncu_bilgi=5&referans={reference}");
        format!("/servis/pin_ekle.php?kod=bayi&sifre=gizli&{fields}&{rest}")
    };
    wire::get(&panel, &order("oyun=7&kupur=86", "1")).await;
    assert_eq!(ask(&panel, "1").await.text(), "OK|2| |İşlem başarılı");
    let sold = wire::get(&panel, &order("oyun=9&kupur=50", "2")).await;
    assert_eq!(sold.text(), "OK|51.90|999937.98");
    let cancelled = ask(&panel, "2").await;
    assert!(cancelled.text().starts_with("OK|3| |"), "{cancelled:?}");
    let left = panel.ledger().balance("bayi");
    assert_eq!(left, Some(Decimal::new(99_998_988, 2)));
}

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
async fn an_unknown_account_learns_nothing() {
    let panel = start(|_| {}).await;
    for (file, want) in [
        ("pin_ekle.php", ""),
        ("bakiye_kontrol.php", ""),
        ("pin_kontrol.php", "3|Bayi bulunamadı"),
        (
            "pin_listesi.php",
            r#"{"success":false,"result":null,"error":"Bayi kodu veya şifre hatalı"}"#,
        ),
    ] {
        let seen = wire::get(&panel, &format!("/servis/{file}?{WRONG}")).await;
        assert_eq!((seen.status(), seen.text()), (200, want), "{file}");
    }
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
async fn the_price_list_has_strings_for_numbers() {
    let list: serde_json::Value = serde_json::from_str(&catalogue(Style::default()).await).unwrap();
    assert_eq!(list["success"], json!(true));
    assert_eq!(list["error"], json!(null));
    assert_eq!(
        list["result"][0],
        json!({"id": "2", "adi": "PUBG Mobile 325 UC", "oyun_id": "101", "oyun_adi": "PUBG",
               "aciklama": "PUBG Mobile 325 UC (dijital ürün, anında teslimat)",
               "fiyat": "35.00", "kupur": "325", "oyun_bilgi_id": "1"})
    );
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
