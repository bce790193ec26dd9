//! One purchase is one request on one connection.

use std::{process::Command, time::Duration};

use orderwatch::{
    order::{FieldRule, NotSent, PlayerFields, PurchaseOutcome, player_fields},
    provider::{AnswerClass, HttpSettings, Provider},
};
use tokio::net::TcpListener;

use super::{
    BOUGHT, LOGIN, LONG,
    panel::{Panel, Then, gzip, http, ok},
    purchase, request, znet, znet_at,
};

use AnswerClass::{Cut, Empty, Html, Text};
use PurchaseOutcome::{SentBefore, Unsure};

const FINE: &str = "OK|10.12|980.88";

fn accepted() -> PurchaseOutcome {
    PurchaseOutcome::Accepted {
        cost: Some("10.12".parse().unwrap()),
        balance: Some("980.88".parse().unwrap()),
        ready: false,
    }
}

/// Buys once and looks at everything that came to the panel.
async fn buys_once(
    case: &str,
    answer: Vec<u8>,
    then: Then,
    outcome: PurchaseOutcome,
    class: AnswerClass,
) {
    let panel = Panel::answering(answer, then).await;
    let address = panel.address;
    let reply = znet(address).purchase(&purchase()).await;
    assert_eq!(
        panel.connections().await,
        [request(address, "pin_ekle", BOUGHT)],
        "{case}"
    );
    assert_eq!(reply.outcome, outcome, "{case}: {reply:?}");
    assert_eq!(reply.evidence.class, class, "{case}: {reply:?}");
}

/// The query of a purchase for this customer, by this rule.
async fn sent(fields: PlayerFields, user_identifier: &str, extra: Option<&str>) -> String {
    let panel = Panel::answering(ok(FINE), Then::Stay).await;
    let address = panel.address;
    let rule = FieldRule::Fixed(fields);
    let mut bought = purchase();
    bought.goods.player = player_fields(&rule, Some(user_identifier), extra).unwrap();
    assert_eq!(znet(address).purchase(&bought).await.outcome, accepted());
    let came = panel.connections().await.remove(0);
    let (_, query) = came.split_once(&format!("{LOGIN}&")).unwrap();
    let query = query.split_once(" HTTP").unwrap().0.to_owned();
    assert_eq!(
        came,
        request(address, "pin_ekle", &query),
        "nothing else differs"
    );
    query
}

/// What the shop's own adapter has put on the wire for the same orders, and what the sheet says.
#[tokio::test]
async fn player_fields_are_sent_to_the_byte_by_the_sheet_or_as_the_shop_sends_them() {
    for (user_identifier, extra, sheet, shop) in [
        (
            "both-0",
            None,
            "kupur=325&referans=2000000000000123&oyuncu_bilgi=both-0",
            "referans=2000000000000123&kupur=325&musteri_tel=both-0",
        ),
        (
            "51234567890",
            Some("987456"),
            "kupur=325&referans=2000000000000123&oyuncu_bilgi=987456%2051234567890",
            "referans=2000000000000123&kupur=325&musteri_tel=51234567890&oyuncu_bilgi=987456",
        ),
        (
            "987456",
            Some("+905551112233"),
            "kupur=325&referans=2000000000000123&oyuncu_bilgi=987456&musteri_tel=%2B905551112233",
            "referans=2000000000000123&kupur=325&musteri_tel=987456&oyuncu_bilgi=%2B905551112233",
        ),
        (
            " Şükrü & 1 ",
            Some(""),
            "kupur=325&referans=2000000000000123&oyuncu_bilgi=%C5%9E%C3%BCkr%C3%BC%20%26%201",
            "referans=2000000000000123&kupur=325&musteri_tel=+%C5%9E%C3%BCkr%C3%BC+%26+1+",
        ),
    ] {
        for (fields, want) in [(PlayerFields::Sheet, sheet), (PlayerFields::Shop, shop)] {
            let got = sent(fields, user_identifier, extra).await;
            assert_eq!(
                got,
                format!("oyun=9&{want}"),
                "{fields} {user_identifier:?} {extra:?}"
            );
        }
    }
}

#[tokio::test]
async fn an_answer_is_understood_and_asked_for_once() {
    let refused = PurchaseOutcome::Refused("Geçersiz oyuncu".into());
    let (turkish, _, _) = encoding_rs::WINDOWS_1254.encode("3|Geçersiz oyuncu");
    let packed = http(
        "200 OK",
        "content-encoding: gzip\r\n",
        gzip(FINE.as_bytes()),
    );
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nOK|\r\nc\r\n10.12|980.88\r\n0\r\n\r\n";
    let hints = [b"HTTP/1.1 103 Early Hints\r\n\r\n".to_vec(), ok(FINE)].concat();
    let go_on = [b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(), ok(FINE)].concat();
    let long_header = http(
        "200 OK",
        &format!("x-long: {}\r\n", "x".repeat(100 * 1024)),
        FINE,
    );
    for (case, answer, then, outcome, class) in [
        ("connection kept", ok(FINE), Then::Stay, accepted(), Text),
        ("connection closed", ok(FINE), Then::Close, accepted(), Text),
        ("half-closed", ok(FINE), Then::HalfClose, accepted(), Text),
        (
            "no length",
            b"HTTP/1.0 200 OK\r\n\r\nOK|10.12|980.88".to_vec(),
            Then::Close,
            accepted(),
            Text,
        ),
        ("in chunks", chunked.into(), Then::Stay, accepted(), Text),
        ("packed", packed, Then::Stay, accepted(), Text),
        ("early hints", hints, Then::Stay, accepted(), Text),
        ("continue", go_on, Then::Stay, accepted(), Text),
        ("100 KiB header", long_header, Then::Stay, accepted(), Text),
        (
            "marks before it",
            ok("\u{feff}\r\n\nok|10,12|980,88"),
            Then::Stay,
            accepted(),
            Text,
        ),
        ("turkish", ok(&turkish), Then::Stay, refused, Text),
        (
            "sent before",
            ok("4|Tekrar (12)"),
            Then::Stay,
            SentBefore,
            Text,
        ),
        ("trouble behind", ok("8|Bağlantı"), Then::Stay, Unsure, Text),
        ("empty", ok(""), Then::Stay, Unsure, Empty),
        ("page", ok("<html>OK|1|2</html>"), Then::Stay, Unsure, Html),
    ] {
        buys_once(case, answer, then, outcome, class).await;
    }
}

#[tokio::test]
async fn another_status_than_200_is_never_an_answer() {
    let location = |to: &str| http("302 Found", &format!("location: {to}\r\n"), "3|moved");
    let basic = "www-authenticate: Basic realm=\"x\"\r\n";
    let proxy = "proxy-authenticate: Basic realm=\"x\"\r\n";
    let retry = "retry-after: 0\r\n";
    for (case, answer) in [
        ("to itself", location("/servis/pin_ekle.php")),
        ("to nowhere", location("http://1.2.3.256/")),
        ("without address", http("301 Moved Permanently", "", "3|x")),
        ("see other", http("303 See Other", "location: /\r\n", "3|x")),
        (
            "temporary",
            http("307 Temporary Redirect", "location: ?again\r\n", FINE),
        ),
        (
            "permanent",
            http("308 Permanent Redirect", "location: /\r\n", FINE),
        ),
        (
            "not content",
            http("203 Non-Authoritative Information", "", FINE),
        ),
        ("bad request", http("400 Bad Request", "", "3|x")),
        ("login", http("401 Unauthorized", basic, "3|x")),
        ("forbidden", http("403 Forbidden", "", "3|x")),
        ("not found", http("404 Not Found", "", "3|x")),
        (
            "proxy login",
            http("407 Proxy Authentication Required", proxy, "3|x"),
        ),
        (
            "request time-out",
            http("408 Request Timeout", "connection: close\r\n", "3|x"),
        ),
        ("misdirected", http("421 Misdirected Request", "", "3|x")),
        ("too early", http("425 Too Early", retry, "3|x")),
        ("too many", http("429 Too Many Requests", retry, "3|x")),
        ("server error", http("500 Internal Server Error", "", FINE)),
        ("bad gateway", http("502 Bad Gateway", "", "3|x")),
        ("unavailable", http("503 Service Unavailable", retry, "3|x")),
    ] {
        for then in [Then::Stay, Then::Close] {
            let panel = Panel::answering(answer.clone(), then).await;
            let address = panel.address;
            let reply = znet(address).purchase(&purchase()).await;
            let wire = panel.connections().await;
            assert_eq!(wire, [request(address, "pin_ekle", BOUGHT)], "{case}");
            assert_eq!(reply.outcome, Unsure, "{case}: {reply:?}");
        }
    }
}

#[tokio::test]
async fn a_broken_answer_is_unsure_and_never_asked_for_again() {
    let whole = ok(FINE);
    let no_colon = format!(
        "HTTP/1.1 200 OK\r\n{}\r\n\r\n{FINE}",
        "x".repeat(100 * 1024)
    );
    let cut_chunks =
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nf\r\nOK|10.12|980.88\r\n";
    let long = http(
        "200 OK",
        "",
        format!("OK|10.12|980.88|{}", "x".repeat(256 * 1024)),
    );
    let packed = |body: &[u8]| http("200 OK", "content-encoding: gzip\r\n", body);
    let bomb = packed(&gzip(&[b"OK|1|2|".to_vec(), vec![b' '; 64 << 20]].concat()));
    let gz = gzip(FINE.as_bytes());
    let none = AnswerClass::None;
    for (case, answer, then, class) in [
        ("reset", vec![], Then::Reset, none),
        ("closed", vec![], Then::Close, none),
        ("half-closed", vec![], Then::HalfClose, none),
        (
            "half a status line",
            b"HTTP/1.1 2".to_vec(),
            Then::Close,
            none,
        ),
        (
            "half a head, reset",
            whole[..20].to_vec(),
            Then::Reset,
            none,
        ),
        ("not HTTP", b"OK|10.12|980.88".to_vec(), Then::Close, none),
        ("garbage header", no_colon.into(), Then::Close, none),
        ("cut", whole[..whole.len() - 1].to_vec(), Then::Close, Cut),
        (
            "cut, half-closed",
            whole[..whole.len() - 1].to_vec(),
            Then::HalfClose,
            Cut,
        ),
        ("cut in chunks", cut_chunks.to_vec(), Then::Close, Cut),
        ("too long", long, Then::Stay, Cut),
        ("bomb", bomb, Then::Stay, Cut),
        (
            "packed and cut",
            packed(&gz[..gz.len() - 9]),
            Then::Stay,
            Cut,
        ),
        (
            "packed and broken",
            packed(&[&gz[..10], &[0xff; 20]].concat()),
            Then::Stay,
            Cut,
        ),
    ] {
        buys_once(case, answer, then, Unsure, class).await;
    }
}

#[tokio::test]
async fn a_panel_that_hangs_gets_one_request() {
    let impatient = HttpSettings {
        request_timeout: Duration::from_secs(1),
        ..LONG
    };
    let begun = b"HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\nOK|10.12|980.8".to_vec();
    for (answer, class) in [(vec![], AnswerClass::None), (begun, Cut)] {
        let panel = Panel::answering(answer, Then::Stay).await;
        let address = panel.address;
        let znet = znet_at(&format!("http://{address}/"), impatient);
        let reply = znet.purchase(&purchase()).await;
        assert_eq!(
            panel.connections().await,
            [request(address, "pin_ekle", BOUGHT)]
        );
        assert_eq!(reply.outcome, Unsure, "{reply:?}");
        assert_eq!(reply.evidence.class, class);
        assert_eq!(
            reply.evidence.trouble,
            "no whole answer within the time-out"
        );
    }
}

#[tokio::test]
async fn each_purchase_has_a_connection_of_its_own() {
    for then in [Then::Stay, Then::Close, Then::HalfClose] {
        let panel = Panel::answering(ok(FINE), then).await;
        let address = panel.address;
        let znet = znet(address);
        for _ in 0..3 {
            assert_eq!(znet.purchase(&purchase()).await.outcome, accepted());
        }
        let one = request(address, "pin_ekle", BOUGHT);
        assert_eq!(panel.connections().await, [one.as_str(); 3]);
    }
}

#[tokio::test]
async fn what_was_surely_not_sent_is_told_apart() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    for (base, trouble) in [
        (
            format!("http://{closed}"),
            "the server refused the connection",
        ),
        (
            format!("https://{closed}"),
            "the server refused the connection",
        ),
        (
            "http://nonexistent.invalid".to_owned(),
            "the server's name could not be resolved",
        ),
        (
            "https://nonexistent.invalid".to_owned(),
            "the server's name could not be resolved",
        ),
    ] {
        let reply = znet_at(&base, LONG).purchase(&purchase()).await;
        assert_eq!(
            reply.outcome,
            PurchaseOutcome::NotSent(NotSent::Connect),
            "{base}"
        );
        assert_eq!(reply.evidence.trouble, trouble, "{base}");
        assert_eq!(reply.evidence.class, AnswerClass::None);
    }
}

#[tokio::test]
async fn without_encryption_nothing_is_sent() {
    let plain = http("400 Bad Request", "", "plain HTTP request expected");
    for (answer, then) in [
        (plain, Then::Stay),
        (vec![], Then::Close),
        (vec![], Then::HalfClose),
        (vec![], Then::Reset),
        (b"OK|10.12|980.88".to_vec(), Then::Close),
    ] {
        let panel = Panel::answering(answer, then).await;
        let znet = znet_at(&format!("https://{}", panel.address), LONG);
        let reply = znet.purchase(&purchase()).await;
        assert_eq!(
            reply.outcome,
            PurchaseOutcome::NotSent(NotSent::Tls),
            "{reply:?}"
        );
        let wire = panel.connections().await;
        assert_eq!(wire.len(), 1);
        assert!(!wire[0].contains("GET") && !wire[0].contains("canary"));
    }
}

#[tokio::test]
async fn a_time_out_before_the_connection_stands_is_not_sent_if_that_is_certain() {
    let short = Duration::from_millis(300);
    let connecting = HttpSettings {
        connect_timeout: short,
        ..LONG
    };
    let whole = HttpSettings {
        request_timeout: short,
        ..LONG
    };
    for (settings, outcome) in [
        (connecting, PurchaseOutcome::NotSent(NotSent::Connect)),
        // Which of the two phases took the time is not known then.
        (whole, Unsure),
    ] {
        // A panel that never answers the first words of a TLS handshake.
        let panel = Panel::answering(vec![], Then::Stay).await;
        let znet = znet_at(&format!("https://{}", panel.address), settings);
        let reply = znet.purchase(&purchase()).await;
        assert_eq!(reply.outcome, outcome, "{reply:?}");
        drop(znet);
        assert_eq!(panel.connections().await.len(), 1);
    }
}

#[test]
fn proxy_variables_are_ignored() {
    // Nothing listens there: were one of them used, the purchases of that test could not arrive.
    let nowhere = "http://127.0.0.1:1";
    let mut same = Command::new(std::env::current_exe().unwrap());
    same.args([
        "--exact",
        "panels::znet_wire::buying::each_purchase_has_a_connection_of_its_own",
    ]);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        same.env(name, nowhere).env(name.to_lowercase(), nowhere);
    }
    let run = same
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
}
