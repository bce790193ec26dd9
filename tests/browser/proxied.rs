//! Behind a proxy that shows the pages below a path.

use orderwatch::{order::Stage as OrderStage, text::Lang};

use super::{
    accessibility::assert_accessible,
    browser::Screen,
    flows::stage_word,
    process::{
        front::{Front, Handing},
        world::PIN,
    },
    stage::{Stage, TOKEN},
};

const BASE: &str = "/orderwatch";

#[tokio::test(flavor = "multi_thread")]
async fn below_a_path_somebody_signs_in_looks_and_acts_as_anywhere() {
    let below =
        |settings: super::process::settings::Settings| settings.text("http.base_path", BASE);
    let Some(stage) = Stage::open(below).await else {
        return;
    };
    let browser = &stage.browser;
    let (lang, page) = (Lang::Tr, &Lang::Tr.words().page);
    for handing in [Handing::Off, Handing::On] {
        let daemon = format!("127.0.0.1:{}", stage.port());
        let front = Front::before(daemon, BASE, handing).await;
        let at = |path: &str| format!("http://{}{BASE}{path}", front.address);

        // Signing in leads to the page that was asked for.
        browser.lose_cookies().await;
        browser.go(&at("/orders?stage=completed")).await;
        browser.fill("input[name=token]", TOKEN).await;
        browser.follow("main form button").await;
        let here = browser.eval("location.pathname + location.search").await;
        assert_eq!(here, format!("{BASE}/orders?stage=completed"));
        browser.follow("nav.langs a[lang=tr]").await;
        assert!(browser.text().await.contains(page.orders));

        // The first page is live and in its clothes.
        browser.follow("a.brand").await;
        let on = "document.querySelector('.live[data-state=on]')";
        browser.wait("the page is live", on).await;
        let order = stage.world.shop.order(PIN, "player-1").await;
        let link = format!("document.querySelector('a[href=\"{BASE}/orders/{order}\"]')");
        let done = stage_word(lang, OrderStage::Completed);
        let row = format!("{link} && {link}.closest('tr').innerText.includes({done:?})");
        browser.wait("the order's end", &row).await;
        let name = format!("proxied-{handing:?}").to_lowercase();
        browser.show_on(Screen::Desk).await;
        browser.picture(Screen::Desk, &name).await;
        assert_accessible(browser, "the first page below a path").await;

        // A step leads back to its page, and the name is remembered there.
        for step in ["pause", "resume"] {
            browser
                .follow(&format!("a[href='{BASE}/brakes/{step}']"))
                .await;
            browser.fill("#who", "Ayşe").await;
            browser.fill("#why", "behind a proxy").await;
            browser.follow("main form button").await;
            let here = browser.eval("location.pathname + location.search").await;
            assert_eq!(here, format!("{BASE}/?done={step}"));
        }
        browser.assert_quiet("below a path").await;

        // A page that is open when the session ends leads to the log-in.
        browser.lose_cookies().await;
        stage.world.shop.order(PIN, "player-2").await;
        let out = format!("location.pathname === '{BASE}/login'");
        browser.wait("the log-in", &out).await;
        browser.forget().await;
    }
    stage.close().await;
}
