//! Every page in every language and on every screen: it fits, it is quiet, it can be used by
//! everybody, and a picture of it is kept.

use orderwatch::text::Lang;
use sandbox::{
    panel::Endpoint,
    trendyol::ProductState,
    trouble::{Fault, Trouble},
};

use super::{
    accessibility::{assert_accessible, assert_tappable},
    browser::Screen,
    process::world::{CANCELLED, PIN, TOP_UP},
    stage::{PRODUCTS, Stage},
};

const PAGES: [(&str, &str); 9] = [
    ("overview", "/"),
    ("inbox", "/inbox"),
    ("orders", "/orders"),
    ("panels", "/panels"),
    ("jobs", "/jobs"),
    ("stock", "/stock"),
    ("packages", "/packages"),
    ("money", "/money"),
    ("charts", "/charts?range=1h"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_page_fits_and_is_quiet_and_accessible_in_every_language() {
    let slow = |settings: super::process::settings::Settings| {
        settings.with("dispatch.confirm_after", "[\"10m\"]")
    };
    let Some(stage) = Stage::open(slow).await else {
        return;
    };
    let order = fill(&stage).await;
    let order = format!("/orders/{order}");
    let browser = &stage.browser;
    for lang in Lang::ALL {
        for screen in Screen::ALL {
            browser.show_on(screen).await;
            let more = [
                ("order", &*order),
                ("search", "/orders?q=player"),
                ("retry-all", "/inbox/retry?reason=no_player_id"),
                ("missing", "/orders/00000000-0000-0000-0000-000000000000"),
            ];
            for (name, path) in PAGES.into_iter().chain(more) {
                let sign = if path.contains('?') { '&' } else { '?' };
                let place = format!("{name}-{}-{}", lang.code(), screen.width());
                stage.go(&format!("{path}{sign}lang={}", lang.code())).await;
                let html = browser
                    .eval("[document.documentElement.lang, document.documentElement.dir]")
                    .await;
                assert_eq!(
                    html,
                    serde_json::json!([lang.code(), lang.dir()]),
                    "{place}"
                );
                browser.assert_fits(screen, &place).await;
                assert_accessible(browser, &place).await;
                if screen == Screen::Phone {
                    assert_tappable(browser, &place).await;
                }
                browser.picture(screen, &place).await;
                // Of a page that is missing the browser tells by itself.
                if name == "missing" {
                    browser.forget().await;
                } else {
                    browser.assert_quiet(&place).await;
                }
            }
        }
    }
    stage.close().await;
}

/// Something of everything: bought, cancelled, held, unconfirmed, stock that is refused. Returns an
/// order with a code.
async fn fill(stage: &Stage) -> uuid::Uuid {
    let shop = &stage.world.shop;
    let done = shop.order(PIN, "player-1").await;
    for entry in [TOP_UP, CANCELLED] {
        shop.order(entry, "player-2").await;
    }
    shop.order(PIN, "").await;
    shop.settled().await;
    let cut = Fault::After(Trouble::Page(502));
    stage.world.panel.faults().next(Endpoint::Purchase, cut);
    let unsure = shop.order(PIN, "player-3").await;
    shop.wait_for(unsure, |row| row.stage.as_deref() == Some("unconfirmed"))
        .await;
    let [taken, refused] = [PRODUCTS[0], PRODUCTS[1]];
    super::stock::put_on_shelves(stage, [taken, refused]).await;
    let locked = ProductState::Locked;
    stage.store.set_state(refused.0, locked).unwrap();
    stage.store.sell(taken.0, 2).unwrap();
    super::stock::push(stage, Lang::En).await;
    super::stock::refusal_is_shown(&stage.browser, refused.0, Lang::En).await;
    done
}
