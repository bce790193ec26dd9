//! Where scripts are switched off, everything can be read and done all the same.

use orderwatch::{order::Stage as OrderStage, text::Lang};
use serde_json::json;

use super::{
    browser::Screen,
    flows::stage_word,
    process::{
        until,
        world::{KOD, PIN},
    },
    stage::Stage,
};

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_everything_can_be_read() {
    let Some(stage) = Stage::open(|settings| settings).await else {
        return;
    };
    let browser = &stage.browser;
    let shop = &stage.world.shop;
    let done = shop.order(PIN, "player-1").await;
    let held = shop.order(PIN, "").await;
    shop.settled().await;
    let reference = shop.row(done).await.referans.unwrap();
    browser.let_scripts_run(false).await;
    // The first page is read anew about once a second, for all who look.
    until("the order on the first page", || async {
        stage.go("/").await;
        browser.text().await.contains(&reference).then_some(())
    })
    .await;
    for (lang, screen) in super::flows::READERS {
        browser.show_on(screen).await;
        main_facts(&stage, lang, &reference).await;
        let (orders, page) = (format!("/orders/{done}"), &lang.words().page);
        // An order, and its code after the button was pressed.
        stage.go(&orders).await;
        assert_reads(
            &stage,
            &[&reference, stage_word(lang, OrderStage::Completed)],
        )
        .await;
        browser.follow("form[action$='/code'] button").await;
        assert_reads(&stage, &[&stage.world.panel.pin_of(KOD, &reference)]).await;
        // The inbox leads to the second step.
        stage.go("/inbox").await;
        browser
            .follow(&format!("a[href='/orders/{held}/retry']"))
            .await;
        assert_reads(&stage, &[lang.words().act.not_yet]).await;
        for (path, title) in [
            ("/panels", page.panels),
            ("/jobs", page.jobs),
            ("/stock", page.stock),
            ("/packages", page.packages),
            ("/money", page.money),
            ("/charts?range=1h", page.charts),
        ] {
            stage.go(path).await;
            assert_reads(&stage, &[title]).await;
            browser.assert_fits(screen, path).await;
        }
    }
    // The switch does something: the same page is live as soon as scripts run.
    browser.show_on(Screen::Desk).await;
    stage.go("/").await;
    let mark = "document.querySelector('.live').dataset.state ?? null";
    assert_eq!(browser.eval(mark).await, json!(null));
    browser.let_scripts_run(true).await;
    stage.go("/").await;
    browser
        .wait(
            "the page is live",
            "document.querySelector('.live[data-state=on]')",
        )
        .await;
    stage.close().await;
}

/// The first page, and the search for a reference.
async fn main_facts(stage: &Stage, lang: Lang, reference: &str) {
    let browser = &stage.browser;
    let page = &lang.words().page;
    stage.go(&format!("/?lang={}", lang.code())).await;
    assert_reads(
        stage,
        &[
            page.in_flight,
            page.spent_today,
            page.brakes,
            reference,
            stage_word(lang, OrderStage::Held),
        ],
    )
    .await;
    stage.go("/orders").await;
    browser.fill("#q", reference).await;
    browser.follow("form[role=search] button").await;
    let found = browser
        .eval("document.querySelectorAll('#found tbody tr').length")
        .await;
    assert_eq!(found, 1);
}

async fn assert_reads(stage: &Stage, texts: &[&str]) {
    let all = stage.browser.text().await;
    for text in texts {
        assert!(all.contains(text), "no {text:?} in {all}");
    }
}
