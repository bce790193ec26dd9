//! Who is let in, and whose requests may change something.

use serde_json::json;

use super::{Site, TOKEN};
use crate::process::{Process, world::World};

const JSON: (&str, &str) = ("Content-Type", "application/json");
const PAUSE: &str = "POST /api/v1/brakes/pause";

fn pause() -> String {
    json!({ "by": "Ayşe", "reason": "prices look wrong" }).to_string()
}

async fn open(token: bool) -> (World, Process, Site) {
    let world = World::new().await;
    let mut settings = world.settings().with("dispatch.enabled", "false");
    if token {
        settings = settings.text("http.token", TOKEN);
    }
    let process = world.start(&settings).await;
    let site = Site::of(&process).await;
    (world, process, site)
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_token_nothing_is_answered_without_it() {
    let (_world, process, site) = open(true).await;
    let right = format!("Bearer {TOKEN}");
    let wrong = format!("Bearer {TOKEN}x");
    for path in [
        "/",
        "/api/v1/overview",
        "/api/openapi.json",
        "/metrics",
        "/nowhere",
    ] {
        let get = format!("GET {path}");
        for headers in [
            &[][..],
            &[("Authorization", &*wrong)],
            &[("Authorization", "Basic a2FuYXJ5YQ==")],
            &[("Authorization", TOKEN)],
            &[("Cookie", "orderwatch_session=9999999999.AAAA")],
        ] {
            let answer = site.send(&get, headers, "").await;
            assert_eq!(answer.problem(401), "unauthorized");
            assert!(
                answer.head.contains("www-authenticate: bearer"),
                "{answer:?}"
            );
        }
        let answer = site.send(&get, &[("Authorization", &right)], "").await;
        assert_ne!(answer.status, 401, "{path}");
    }
    let page = site
        .send("GET /orders?a=b", &[("Accept", "text/html")], "")
        .await;
    assert_eq!(page.status, 303);
    assert!(
        page.head
            .contains("location: /login?next=%2forders%3fa%3db"),
        "{page:?}"
    );
    for path in ["/livez", "/readyz", "/login"] {
        assert_eq!(site.get(path).await.status, 200, "{path}");
    }
    // Another name is fine: whoever has the token is meant.
    let host = [("Host", "orders.shop.example"), ("Authorization", &right)];
    assert_eq!(site.send("GET /api/v1/brakes", &host, "").await.status, 200);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_shows_the_token_itself_may_act_from_anywhere() {
    let (_world, process, site) = open(true).await;
    let right = format!("Bearer {TOKEN}");
    let headers = [
        JSON,
        ("Authorization", &right),
        ("Origin", "https://elsewhere.example"),
        ("Sec-Fetch-Site", "cross-site"),
    ];
    let answer = site.send(PAUSE, &headers, &pause()).await;
    assert_eq!(answer.good()["changed"], true);
    let pauses = answer.good()["pauses"].clone();
    assert_eq!(pauses[0]["who"], "Ayşe");
    assert_eq!(
        site.send(PAUSE, &[JSON], &pause()).await.problem(401),
        "unauthorized"
    );
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_in_is_a_session_of_our_own_pages() {
    let (_world, process, site) = open(true).await;
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let own = ("Sec-Fetch-Site", "same-origin");
    let log_in = "POST /login";
    let wrong = site
        .send(log_in, &[form, own], "token=wrong-wrong-wrong")
        .await;
    assert_eq!(wrong.status, 401);
    assert!(!wrong.head.contains("set-cookie"), "{wrong:?}");
    let body = format!("token={TOKEN}&next=%2F%2Fevil.example");
    assert_eq!(
        site.send(log_in, &[form], &body).await.problem(403),
        "foreign"
    );
    let https = ("X-Forwarded-Proto", "https");
    let right = site.send(log_in, &[form, own, https], &body).await;
    assert_eq!(right.status, 303, "{right:?}");
    assert!(right.head.contains("location: /\r\n"), "{right:?}");
    for part in [
        "httponly",
        "samesite=strict",
        "secure",
        "max-age=43200",
        "path=/",
    ] {
        assert!(right.head.contains(part), "{part}: {right:?}");
    }
    // In small letters it would be another one.
    let again = site.raw_login(&body).await;
    let cookie = ("Cookie", &*again);
    assert_eq!(
        site.send("GET /api/v1/brakes", &[cookie], "").await.status,
        200
    );
    for (headers, status) in [
        (vec![cookie, JSON, own], 200),
        (
            vec![
                cookie,
                JSON,
                ("Origin", &*format!("http://{}", site.address)),
            ],
            200,
        ),
        (vec![cookie, JSON], 200),
        (vec![cookie, JSON, ("Sec-Fetch-Site", "cross-site")], 403),
        (vec![cookie, JSON, ("Sec-Fetch-Site", "same-site")], 403),
        (vec![cookie, JSON, ("Sec-Fetch-Site", "none")], 403),
        (
            vec![cookie, JSON, ("Origin", "https://elsewhere.example")],
            403,
        ),
        (vec![cookie, JSON, ("Origin", "null")], 403),
        (vec![cookie, form], 403),
        (vec![cookie], 403),
    ] {
        let answer = site.send(PAUSE, &headers, &pause()).await;
        assert_eq!(answer.status, status, "{headers:?} {answer:?}");
    }
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_wrong_log_ins_are_slowed_down_and_right_ones_never() {
    let (_world, process, site) = open(true).await;
    let right = format!("token={TOKEN}");
    for _ in 0..30 {
        assert_eq!(site.form("/login", &right).await.status, 303);
    }

    let mut refused = [0, 0];
    for _ in 0..40 {
        let answer = site.form("/login", "token=guess-guess-guess").await;
        match answer.status {
            401 => refused[0] += 1,
            _ => refused[1] += usize::from(answer.problem(429) == "too-many-requests"),
        }
    }
    // At least so many in a minute, which the right ones before have not used up.
    assert!(refused[0] >= 10 && refused[1] > 0, "{refused:?}");

    // Others behind the same proxy have the same address.
    assert_eq!(site.form("/login", &right).await.status, 303);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_wrong_tokens_are_slowed_down_and_right_ones_never() {
    let (_world, process, site) = open(true).await;
    let right = format!("Bearer {TOKEN}");
    let right = [("Authorization", &*right)];
    let get = "GET /api/v1/brakes";
    for _ in 0..100 {
        assert_eq!(site.send(get, &right, "").await.status, 200);
    }

    let wrong = [("Authorization", "Bearer guess-guess-guess-guess")];
    let mut refused = [0, 0];
    for _ in 0..150 {
        let answer = site.send(get, &wrong, "").await;
        match answer.status {
            401 => refused[0] += 1,
            _ => refused[1] += usize::from(answer.problem(429) == "too-many-requests"),
        }
    }
    assert!(refused[0] >= 60 && refused[1] > 0, "{refused:?}");
    assert_eq!(process.count_lines("wrong credentials were shown"), 1);

    // Neither programs with the right token, nor people, nor those who show none.
    assert_eq!(site.send(get, &right, "").await.status, 200);
    assert_eq!(site.send(get, &[], "").await.problem(401), "unauthorized");
    let page = site.send("GET /login", &wrong, "").await;
    assert_eq!(page.status, 200, "{page:?}");
    let log_in = site.form("/login", &format!("token={TOKEN}")).await;
    assert_eq!(log_in.status, 303, "{log_in:?}");
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_only_this_machine_is_answered_and_no_other_site_may_act() {
    let (_world, process, site) = open(false).await;
    let port = site.address.rsplit_once(':').unwrap().1.to_owned();
    for (host, status) in [
        (format!("localhost:{port}"), 200),
        (format!("[::1]:{port}"), 200),
        ("shop.example".to_owned(), 403),
        (format!("127.0.0.1.shop.example:{port}"), 403),
        ("192.0.2.7".to_owned(), 403),
    ] {
        let answer = site
            .send("GET /api/v1/overview", &[("Host", &host)], "")
            .await;
        assert_eq!(answer.status, status, "{host}");
    }
    let own = format!("http://{}", site.address);
    for (headers, status) in [
        (vec![JSON], 200),
        (vec![JSON, ("Origin", &*own)], 200),
        (vec![JSON, ("Sec-Fetch-Site", "same-origin")], 200),
        (vec![JSON, ("Origin", "https://elsewhere.example")], 403),
        (vec![JSON, ("Sec-Fetch-Site", "cross-site")], 403),
        (vec![JSON, ("Host", "shop.example")], 403),
        (vec![("Content-Type", "text/plain")], 403),
        (vec![], 403),
    ] {
        let answer = site.send(PAUSE, &headers, &pause()).await;
        assert_eq!(answer.status, status, "{headers:?} {answer:?}");
    }
    // No state is changed by GET, and no other site is told that it may ask.
    let get = site.get("/api/v1/brakes/resume").await;
    assert_eq!(get.problem(405), "method-not-allowed");
    assert!(get.head.contains("allow: post"), "{get:?}");
    let origin = [("Origin", "https://elsewhere.example")];
    let answer = site.send("GET /api/v1/brakes", &origin, "").await;
    assert!(!answer.head.contains("access-control"), "{answer:?}");
    assert_eq!(answer.good()["pauses"].as_array().unwrap().len(), 1);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_the_headers() {
    let (_world, process, site) = open(false).await;
    for path in [
        "/",
        "/livez",
        "/api/v1/overview",
        "/nowhere",
        "/api/v1/orders?limit=0",
    ] {
        let answer = site.get(path).await;
        for part in [
            "content-security-policy: default-src 'none'; script-src 'self'",
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
            "cache-control: no-store",
        ] {
            assert!(answer.head.contains(part), "{path} {part}: {answer:?}");
        }
    }
    process.stop().await;
}

impl Site {
    /// The cookie of a log-in, as it was set.
    async fn raw_login(&self, body: &str) -> String {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(&self.address).await.unwrap();
        let request = format!(
            "POST /login HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nSec-Fetch-Site: same-origin\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (_, rest) = answer.split_once("set-cookie: ").unwrap();
        rest.split(';').next().unwrap().to_owned()
    }
}
