//! The page below a path of a proxy, as a browser and a program get it.

use std::collections::{BTreeSet, VecDeque};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{Answer, Site, TOKEN};
use crate::process::{
    Process,
    front::{Front, Handing},
    market::Market,
    within,
    world::{PIN, World},
};

const BASE: &str = "/orderwatch";
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const OWN: (&str, &str) = ("Sec-Fetch-Site", "same-origin");

/// A daemon with something on each page, and a proxy before it.
struct Behind {
    world: World,
    process: Process,
    _market: Market,
    _front: Front,
    /// The daemon itself.
    direct: Site,
    /// The same through the proxy.
    site: Site,
}

async fn open(handing: Handing) -> Behind {
    let world = World::new().await;
    let market = Market::open(&[("A", 3)]).await;
    let settings = market.settings(world.settings());
    let settings = settings
        .text("http.token", TOKEN)
        .text("http.base_path", BASE);
    let process = world.start(&settings).await;
    let direct = Site::of(&process).await.with_token();
    let front = Front::before(direct.address.clone(), BASE, handing).await;
    let site = Site {
        address: front.address.clone(),
        token: Some(TOKEN),
    };
    Behind {
        world,
        process,
        _market: market,
        _front: front,
        direct,
        site,
    }
}

/// The addresses that a page names.
fn links(page: &Answer) -> Vec<String> {
    let marks = ["href=\"", "src=\"", "action=\""];
    let found = marks.iter().flat_map(|mark| {
        let rest = page.body.split(mark).skip(1);
        rest.filter_map(|rest| rest.split('"').next())
    });
    let found = found.filter(|link| !link.starts_with('#'));
    found.map(|link| link.replace("&#38;", "&")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_link_leads_to_an_answer_whatever_the_proxy_does_with_the_path() {
    for handing in [Handing::Off, Handing::On] {
        let behind = open(handing).await;
        let (world, site) = (&behind.world, &behind.site);
        world.shop.order(PIN, "player-1").await;
        for _ in 0..2 {
            world.shop.order(PIN, "").await;
        }
        world.shop.settled().await;
        let mut seen = BTreeSet::new();
        // A product is linked where its figures differ.
        let first = ["/", "/stock/product?barcode=A", "/api/openapi.json"];
        let mut next: VecDeque<_> = first.map(|path| format!("{BASE}{path}")).into();
        while let Some(path) = next.pop_front() {
            let page = site.get(&path).await;
            // A form that is not filled in leads back to its page.
            let led = page.head.contains(&format!("location: {BASE}/"));
            let good = page.status == 200 || page.status == 303 && led;
            let sent_only = path.ends_with("/logout");
            assert!(good || sent_only, "{handing:?} {path}: {page:?}");
            for link in links(&page) {
                let path = link.split('#').next().unwrap().to_owned();
                assert!(path.starts_with(&format!("{BASE}/")), "{path} of {page:?}");
                // A page is the same in each language.
                let other = path.contains("lang=") && seen.len() > 20;
                if !other && seen.insert(path.clone()) {
                    next.push_back(path);
                }
            }
        }
        for part in ["/static/app-", "/inbox/retry?reason=", "/charts?range=7d"] {
            assert!(
                seen.iter().any(|link| link.contains(part)),
                "{part} {seen:?}"
            );
        }
        for part in ["/stock/push", "/orders/", "/jobs/sweep/run"] {
            assert!(
                seen.iter().any(|link| link.contains(part)),
                "{part} {seen:?}"
            );
        }
        behind.process.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_cookies_and_actions_stay_below_the_path() {
    for handing in [Handing::Off, Handing::On] {
        let behind = open(handing).await;
        let site = &behind.site;
        let html = ("Accept", "text/html");
        // Whoever sends this header is nobody whom we know.
        let evil = ("X-Forwarded-Prefix", "//evil.example");
        let page = site
            .send(&format!("GET {BASE}/orders?q=a"), &[html, evil], "")
            .await;
        assert_eq!(page.status, 303);
        let to = format!("location: {BASE}/login?next=%2forders%3fq%3da\r\n");
        assert!(page.head.contains(&to), "{page:?}");

        let log_in = format!("POST {BASE}/login");
        let body = format!("token={TOKEN}&next=%2Forders%3Fq%3Da");
        let origin = format!("http://{}", site.address);
        for ours in [OWN, ("Origin", &*origin)] {
            let answer = site.send(&log_in, &[FORM, ours, evil], &body).await;
            assert_eq!(answer.status, 303, "{answer:?}");
            let to = format!("location: {BASE}/orders?q=a\r\n");
            assert!(answer.head.contains(&to), "{answer:?}");
            let path = format!("; path={BASE}\r\n");
            assert!(answer.head.contains(&path), "{answer:?}");
            assert_eq!(answer.head.matches("path=").count(), 1, "{answer:?}");
        }

        let token = format!("Bearer {TOKEN}");
        let known = ("Authorization", &*token);
        let pause = format!("POST {BASE}/brakes/pause");
        let answer = site
            .send(&pause, &[FORM, known], "who=Ay%C5%9Fe&why=prices")
            .await;
        let to = format!("location: {BASE}/?done=pause\r\n");
        assert!(answer.head.contains(&to), "{answer:?}");
        assert!(answer.head.contains(&format!("; path={BASE}\r\n")));
        let turkish = site.get(&format!("{BASE}/?done=pause&lang=tr")).await;
        assert!(turkish.body.contains("<html lang=\"tr\""), "{turkish:?}");
        let choice = format!("samesite=lax; path={BASE}\r\n");
        assert!(turkish.head.contains(&choice), "{turkish:?}");
        let missing = site
            .send(&format!("GET {BASE}/nowhere"), &[html, known], "")
            .await;
        let back = format!("<a class=\"button plain\" href=\"{BASE}/\"");
        assert!(missing.body.contains(&back), "{missing:?}");
        behind.process.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_and_live_pages_go_through_and_the_port_itself_answers_as_ever() {
    for handing in [Handing::Off, Handing::On] {
        let behind = open(handing).await;
        let description = behind.site.read(&format!("{BASE}/api/openapi.json")).await;
        assert_eq!(description["servers"][0]["url"], BASE);
        let overview = format!("{BASE}/api/v1/overview");
        assert!(behind.site.read(&overview).await.is_object());
        assert_eq!(behind.site.get("/orders").await.status, 404);
        for path in [
            "/livez",
            "/metrics",
            "/api/v1/overview",
            "/orderwatch/readyz",
        ] {
            assert_eq!(behind.direct.get(path).await.status, 200, "{path}");
        }

        let mut stream = TcpStream::connect(&behind.site.address).await.unwrap();
        let ask =
            format!("GET {BASE}/live HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\r\n");
        stream.write_all(ask.as_bytes()).await.unwrap();
        let mut said = Vec::new();
        let first = async {
            while !String::from_utf8_lossy(&said).contains("event: changed") {
                assert_ne!(stream.read_buf(&mut said).await.unwrap(), 0);
            }
        };
        within("the first event", first).await;
        drop(stream);
        behind.process.stop().await;
    }
}
