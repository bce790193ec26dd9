//! What the columns of an account turn into, and what is refused.

use super::*;
use crate::order::Player;

fn account(base: &str) -> Account {
    Account::new(Some(base), Some("bayi 1"), Some("p&ş=+%")).unwrap()
}

#[test]
fn any_way_of_writing_the_base_works() {
    for (base, want) in [
        ("https://bayi.example", "https://bayi.example/servis/"),
        ("https://bayi.example/", "https://bayi.example/servis/"),
        (" https://bayi.example/ \n", "https://bayi.example/servis/"),
        (
            "HTTP://Bayi.Example:8080/alt",
            "http://bayi.example:8080/alt/servis/",
        ),
        (
            "http://127.0.0.1:81/a/b/",
            "http://127.0.0.1:81/a/b/servis/",
        ),
        (
            "https://bayiğ.example",
            "https://xn--bayi-3wa.example/servis/",
        ),
    ] {
        let url = account(base).balance();
        let query = "?kod=bayi%201&sifre=p%26%C5%9F%3D%2B%25";
        assert_eq!(
            url.as_str(),
            format!("{want}bakiye_kontrol.php{query}"),
            "{base}"
        );
    }
}

#[test]
fn an_unusable_column_is_named_and_not_quoted() {
    let good = Some("https://bayi.example");
    for (base, kod, sifre, want) in [
        (None, Some("k"), Some("s"), AccountError::NoBaseUrl),
        (Some("  "), Some("k"), Some("s"), AccountError::NoBaseUrl),
        (good, None, Some("s"), AccountError::NoKod),
        (good, Some(" \t"), Some("s"), AccountError::NoKod),
        (good, Some("k"), None, AccountError::NoSifre),
        (good, Some("k"), Some(""), AccountError::NoSifre),
        (
            good,
            Some("k\u{200b}"),
            Some("s"),
            AccountError::Character("kod"),
        ),
        (
            good,
            Some("\u{feff}k"),
            Some("s"),
            AccountError::Character("kod"),
        ),
        (
            good,
            Some("k\r\n"),
            Some("s"),
            AccountError::Character("kod"),
        ),
        (
            good,
            Some("１07"),
            Some("s"),
            AccountError::Character("kod"),
        ),
        (
            good,
            Some("k"),
            Some("\u{a0}s"),
            AccountError::Character("sifre"),
        ),
        (
            good,
            Some("k"),
            Some("s\u{ad}"),
            AccountError::Character("sifre"),
        ),
        (
            good,
            Some("k"),
            Some("\u{202e}s"),
            AccountError::Character("sifre"),
        ),
    ] {
        assert_eq!(Account::new(base, kod, sifre).unwrap_err(), want);
    }
    for (base, want) in [
        ("canary.example/x", BaseUrlFault::NotAbsolute),
        ("/canary", BaseUrlFault::NotAbsolute),
        ("http://", BaseUrlFault::NotAbsolute),
        ("https://canary:99999/", BaseUrlFault::NotAbsolute),
        ("ftp://canary.example/", BaseUrlFault::Scheme),
        ("canary:81", BaseUrlFault::Scheme),
        ("https://u@canary.example/", BaseUrlFault::UserInfo),
        ("https://:p@canary.example/", BaseUrlFault::UserInfo),
        ("https://canary.example/?a=1", BaseUrlFault::Query),
        ("https://canary.example/#/", BaseUrlFault::Query),
        ("\u{feff}https://canary.example/", BaseUrlFault::Character),
        ("https://canary.example/a\u{200b}/", BaseUrlFault::Character),
        ("https://can\nary.example/", BaseUrlFault::Character),
        ("http://169.254.169.254/canary", BaseUrlFault::Forbidden),
        ("https://[fd00:ec2::254]/canary", BaseUrlFault::Forbidden),
    ] {
        let error = Account::new(Some(base), Some("canary"), Some("canary")).unwrap_err();
        assert_eq!(error, AccountError::BaseUrl(want), "{base}");
        assert!(
            error.to_string().starts_with("integrations.\"baseUrl\" "),
            "{error}"
        );
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}

#[test]
fn a_purchase_carries_its_fields_encoded() {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let purchase = Purchase {
        reference: Reference::parse("2000000000000123").unwrap(),
        goods: Goods {
            product: vec![pair("oyun", "1"), pair("kupur", "325 UC")],
            player: Player {
                fields: FieldRule::Fixed(PlayerFields::Sheet),
                values: vec![
                    pair("oyuncu_bilgi", "Şükrü & #1+"),
                    pair("musteri_tel", "+905551112233"),
                ],
            },
        },
    };
    let url = account("https://bayi.example").purchase(&purchase);
    let query = url.query().unwrap().split_once("&oyun=").unwrap().1;
    assert_eq!(
        query,
        "1&kupur=325%20UC&referans=2000000000000123\
         &oyuncu_bilgi=%C5%9E%C3%BCkr%C3%BC%20%26%20%231%2B&musteri_tel=%2B905551112233"
    );
    assert_eq!(url.path(), "/servis/pin_ekle.php");
}

#[test]
fn every_spelling_of_the_account_is_redacted() {
    let account = account("https://bayi.Site.example:8443/alt");
    let url = account.balance();
    for text in [
        url.as_str(),
        "kod=bayi 1 sifre=p&ş=+%",
        "kod=bayi+1",
        "p&amp;ş=+%",
        "<a href='//www.site.example/'>",
        "BAYI.SITE.EXAMPLE",
    ] {
        let shown = account.redactor().clean(text).to_lowercase();
        for secret in ["bayi", "site", "p&", "p%26", "ş"] {
            assert!(!shown.contains(secret), "{text}: {shown}");
        }
    }
    assert_eq!(format!("{account:?}"), "Account { .. }");
}
