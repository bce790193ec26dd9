//! What znet's clients put on the wire, byte by byte, and what they make of a panel's faults.
//!
//! The one thing that must never fail: a purchase is one request on one connection, whatever the
//! panel does.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests may stop at the first surprise, as tests do"
)]

mod asking;
mod buying;
pub(crate) mod panel;
mod secrets;

use std::{net::SocketAddr, time::Duration};

use orderwatch::{
    order::{FieldRule, Player, PlayerFields, Reference},
    provider::{
        Goods, Http, HttpSettings, Purchase,
        znet::{Account, Znet},
    },
};

const KOD: &str = "canary-kod";
const SIFRE: &str = "canary+şifre &1";
const REFERENCE: &str = "2000000000000123";
/// `kod` and `sifre` as they have to be sent.
const LOGIN: &str = "kod=canary-kod&sifre=canary%2B%C5%9Fifre%20%261";
/// The query of [`purchase`], without its account.
const BOUGHT: &str = "oyun=9&kupur=325&referans=2000000000000123\
    &oyuncu_bilgi=%C5%9E%C3%BCkr%C3%BC%20%26%20%C4%B0dil%2B1&musteri_tel=%2B905551112233";

/// Long enough for a busy machine; no test waits for it.
const LONG: HttpSettings = HttpSettings {
    connect_timeout: Duration::from_secs(20),
    request_timeout: Duration::from_secs(30),
};

fn znet_at(base: &str, settings: HttpSettings) -> Znet {
    let account = Account::new(Some(base), Some(KOD), Some(SIFRE)).unwrap();
    Znet::new(account, Http::new(&settings).unwrap())
}

fn znet(address: SocketAddr) -> Znet {
    znet_at(&format!("http://{address}"), LONG)
}

fn reference() -> Reference {
    Reference::parse(REFERENCE).unwrap()
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    let owned = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    owned.into()
}

fn purchase() -> Purchase {
    Purchase {
        reference: reference(),
        goods: Goods {
            product: pairs([("oyun", "9"), ("kupur", "325")]),
            player: Player {
                fields: FieldRule::Fixed(PlayerFields::Sheet),
                values: pairs([
                    ("oyuncu_bilgi", "Şükrü & İdil+1"),
                    ("musteri_tel", "+905551112233"),
                ]),
            },
        },
    }
}

/// The one request that a call puts on the wire, to the byte.
fn request(address: SocketAddr, endpoint: &str, query: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let and = if query.is_empty() { "" } else { "&" };
    format!(
        "GET /servis/{endpoint}.php?{LOGIN}{and}{query} HTTP/1.1\r\n\
         accept: */*\r\n\
         user-agent: orderwatch/{version}\r\n\
         cache-control: no-store, no-cache\r\n\
         accept-encoding: gzip\r\n\
         host: {address}\r\n\r\n"
    )
}
