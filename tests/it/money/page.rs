//! The page, its CSV and the API.

use serde_json::Value;

use crate::{
    http::Site,
    process::world::{PIN, World},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_day_is_a_page_a_file_and_an_operation() {
    let world = World::new().await;
    let process = world.start(&world.settings()).await;
    let site = Site::of(&process).await;
    let mut references = Vec::new();
    for player in ["player-1", "player-2", "player-3"] {
        let order = world.shop.order(PIN, player).await;
        references.push(world.shop.completed(order).await.referans.unwrap());
    }

    let whole = site.read("/api/v1/money").await;
    assert_eq!(whole["panels"][0]["purchases"], 3, "{whole}");
    assert!(whole["panels"][0]["cost"].is_string());
    assert_eq!(whole["time_zone"], "Europe/Istanbul");
    let mut seen = Vec::new();
    let mut path = "/api/v1/money?limit=2".to_owned();
    loop {
        let page = site.read(&path).await;
        let chain = &page["chain"];
        let of = |link: &Value| link["reference"].as_str().map(str::to_owned);
        seen.extend(chain["items"].as_array().unwrap().iter().filter_map(of));
        let Some(next) = chain["next"].as_str() else {
            break;
        };
        path = format!("/api/v1/money?limit=2&cursor={next}");
    }
    seen.sort();
    references.sort();
    assert_eq!(seen, references, "each once");

    for (lang, heading, sums) in [
        ("en", "Money", "The day at each panel."),
        ("tr", "Para", "Panel panel gün."),
        ("ar", "الأموال", "اليوم في كل لوحة."),
    ] {
        let page = site.get(&format!("/money?lang={lang}")).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains(&format!("<h1>{heading}</h1>")));
        assert!(page.body.contains(sums));
        assert!(page.body.contains("/money.csv?day="));
    }
    let day = whole["day"].as_str().unwrap();
    let file = site.get(&format!("/money.csv?day={day}")).await;
    assert!(file.head.contains("text/csv"));
    assert!(file.head.contains(&format!("money-{day}.csv")));
    for reference in &references {
        assert!(file.body.contains(reference), "{}", file.body);
    }
    let empty = site.get("/money?day=2001-01-01&lang=en").await;
    assert!(empty.body.contains("Nothing on this day."));
    // A panel that is not there is not one that sold nothing.
    let unknown = format!("integration={}", uuid::Uuid::nil());
    for (wrong, status) in [
        ("day=yesterday", 400),
        ("integration=7", 400),
        (&unknown, 404),
    ] {
        for path in ["/money", "/money.csv", "/api/v1/money"] {
            let answer = site.get(&format!("{path}?{wrong}")).await;
            assert_eq!(answer.status, status, "{path}?{wrong}: {}", answer.body);
        }
    }
    process.stop().await;
}
