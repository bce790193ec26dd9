//! What barakat's clients put on the wire, byte by byte, and what they make of a panel's faults.
//!
//! The one thing that must never fail: a purchase is one request on one connection, whatever the
//! panel does. No panel of this kind is known to refuse a repeated name.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests may stop at the first surprise, as tests do"
)]

mod asking;
mod buying;
mod secrets;

use std::{net::SocketAddr, time::Duration};

use orderwatch::{
    order::{FieldRule, Player, PlayerFields, Reference},
    provider::{
        Goods, Http, HttpSettings, Purchase,
        barakat::{Account, Barakat},
    },
};

use super::znet_wire::panel;

const TOKEN: &str = "canary-token-77";
const UUID: &str = "550e8400-e29b-41d4-a716-446655440000";
/// What [`purchase`] asks for, below `/client/api/`.
const BOUGHT: &str = "newOrder/501/params?qty=2&server=Asya%201\
    &uid=%C5%9E%C3%BCkr%C3%BC%20%26%20%C4%B0dil%2B1\
    &order_uuid=550e8400-e29b-41d4-a716-446655440000";

/// Long enough for a busy machine; no test waits for it.
const LONG: HttpSettings = HttpSettings {
    connect_timeout: Duration::from_secs(20),
    request_timeout: Duration::from_secs(30),
};

fn barakat_at(base: &str, settings: HttpSettings) -> Barakat {
    let account = Account::new(Some(base), Some(TOKEN)).unwrap();
    Barakat::new(account, Http::new(&settings).unwrap())
}

fn barakat(address: SocketAddr) -> Barakat {
    barakat_at(&format!("http://{address}"), LONG)
}

fn reference() -> Reference {
    Reference::parse(UUID).unwrap()
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    let owned = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    owned.into()
}

fn purchase() -> Purchase {
    Purchase {
        reference: reference(),
        goods: Goods {
            product: pairs([("product", "501"), ("qty", "2")]),
            player: Player {
                // Which rule has filled the values is not sent.
                fields: FieldRule::Fixed(PlayerFields::Sheet),
                values: pairs([("server", "Asya 1"), ("uid", "Şükrü & İdil+1")]),
            },
        },
    }
}

/// The one request that a call puts on the wire, to the byte.
fn request(address: SocketAddr, target: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "GET /client/api/{target} HTTP/1.1\r\n\
         api-token: {TOKEN}\r\n\
         accept: */*\r\n\
         user-agent: orderwatch/{version}\r\n\
         cache-control: no-store, no-cache\r\n\
         accept-encoding: gzip\r\n\
         host: {address}\r\n\r\n"
    )
}
