//! What people do: watch an order go through, find it, release, resolve, pause and resume.

use orderwatch::{
    order::{EventKind, Stage as OrderStage},
    text::Lang,
};
use sandbox::{
    panel::Endpoint,
    trouble::{Fault, Trouble},
};

use super::{
    accessibility::assert_accessible,
    browser::Screen,
    process::world::{KOD, PIN},
    stage::Stage,
};

/// Every language on every screen.
pub(crate) const READERS: [(Lang, Screen); 6] = [
    (Lang::Tr, Screen::Phone),
    (Lang::Tr, Screen::Desk),
    (Lang::Ar, Screen::Phone),
    (Lang::Ar, Screen::Desk),
    (Lang::En, Screen::Phone),
    (Lang::En, Screen::Desk),
];

/// The word for a stage in that language.
pub(crate) fn stage_word(lang: Lang, stage: OrderStage) -> &'static str {
    lang.pick(orderwatch::http::pages::words::stage(stage))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_goes_through_before_the_eyes_of_who_looks() {
    let Some(stage) = Stage::open(|settings| settings).await else {
        return;
    };
    let browser = &stage.browser;
    for (lang, screen) in READERS {
        browser.show_on(screen).await;
        stage.go(&format!("/?lang={}", lang.code())).await;
        browser
            .wait(
                "the page is live",
                "document.querySelector('.live[data-state=on]')",
            )
            .await;
        browser.run("window.same = true").await;
        let order = stage
            .world
            .shop
            .order(PIN, &format!("player-{}-{}", lang.code(), screen.width()))
            .await;
        let link = format!("document.querySelector('a[href=\"/orders/{order}\"]')");
        browser.wait("the new order", &link).await;
        let done = stage_word(lang, OrderStage::Completed);
        let row = format!("{link}.closest('tr').innerText.includes({done:?})");
        browser.wait("its end", &row).await;
        assert_eq!(
            browser.eval("window.same").await,
            true,
            "the page was loaded anew"
        );

        // Found by its reference, on the page of search.
        let row = stage.world.shop.row(order).await;
        let reference = row.referans.unwrap();
        stage.go("/orders").await;
        browser.fill("#q", &reference).await;
        browser.follow("form[role=search] button").await;
        let found = browser
            .eval("document.querySelectorAll('#found tbody tr').length")
            .await;
        assert_eq!(found, 1);
        browser.follow("#found tbody a").await;
        let text = browser.text().await;
        assert!(text.contains(&reference) && text.contains(done), "{text}");
        let words = orderwatch::http::pages::words::event(EventKind::Completed);
        assert!(text.contains(lang.pick(words)), "{text}");

        // The code is masked until it is asked for, and that it was is written down.
        let pin = stage.world.panel.pin_of(KOD, &reference);
        assert!(
            !browser
                .eval("document.documentElement.outerHTML")
                .await
                .to_string()
                .contains(&pin)
        );
        browser.follow("form[action$='/code'] button").await;
        assert!(browser.text().await.contains(&pin));
        let events = stage.world.shop.events(order).await;
        assert_eq!(
            events.last().map(String::as_str),
            Some(EventKind::PinShown.as_str())
        );
        assert_accessible(browser, "an order with its code").await;
        browser.assert_fits(screen, "an order").await;
        browser.assert_quiet("an order").await;
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_order_is_released_in_two_steps() {
    let Some(stage) = Stage::open(|settings| settings).await else {
        return;
    };
    let browser = &stage.browser;
    let shop = &stage.world.shop;
    let mut orders = Vec::new();
    for _ in READERS {
        orders.push(shop.order(PIN, "").await);
    }
    for ((lang, screen), order) in READERS.into_iter().zip(orders) {
        browser.show_on(screen).await;
        shop.wait_for(order, |row| row.stage.as_deref() == Some("held"))
            .await;
        stage.go(&format!("/inbox?lang={}", lang.code())).await;
        let case = format!("a[href='/orders/{order}/retry']");
        browser.follow(&case).await;
        // The cause is still there: nothing is sent, and the page says who may do what.
        stage
            .sql(&format!(
                r#"UPDATE product_orders SET "userIdentifier" = 'player-1' WHERE id = '{order}'"#
            ))
            .await;
        browser.fill("#why", "the player id was entered").await;
        browser.fill("#who", "Ayşe").await;
        browser.follow("form[action$='/retry'] button").await;
        assert!(browser.text().await.contains(lang.words().act.did_retry));
        browser
            .wait_for_text(stage_word(lang, OrderStage::Completed))
            .await;
        stage.world.shop.completed(order).await;
        let events = stage.world.shop.events(order).await;
        assert!(events.contains(&"released".to_owned()), "{events:?}");
        browser.assert_fits(screen, "a released order").await;
        browser.assert_quiet("a released order").await;
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_orders_of_one_reason_are_retried_in_two_steps() {
    let Some(stage) = Stage::open(|settings| settings).await else {
        return;
    };
    let browser = &stage.browser;
    let shop = &stage.world.shop;
    let (lang, screen) = (Lang::Ar, Screen::Phone);
    let mut orders = Vec::new();
    for _ in 0..3 {
        orders.push(shop.order(PIN, "").await);
    }
    for order in &orders {
        shop.wait_for(*order, |row| row.stage.as_deref() == Some("held"))
            .await;
    }
    browser.show_on(screen).await;
    stage.go(&format!("/inbox?lang={}", lang.code())).await;
    browser.assert_fits(screen, "a grouped inbox").await;
    browser.follow("a[href^='/inbox/retry']").await;

    // One was held after the page was shown, though it is tracked longer than the others.
    let late = shop.order(PIN, "").await;
    shop.wait_for(late, |row| row.stage.as_deref() == Some("held"))
        .await;
    let older =
        "UPDATE orderwatch.orders SET tracked_at = tracked_at - interval '1 day' WHERE order_id";
    stage.sql(&format!("{older} = '{late}'")).await;
    for order in &orders {
        let sql = r#"UPDATE product_orders SET "userIdentifier" = 'player-1' WHERE id"#;
        stage.sql(&format!("{sql} = '{order}'")).await;
    }
    browser.fill("#why", "the player ids were entered").await;
    browser.fill("#who", "Ayşe").await;
    browser.follow("form[action$='/retry'] button").await;

    let words = &lang.words().act;
    let text = browser.text().await;
    let said = words.did_retry_all("3", "3");
    assert!(text.contains(&said), "{said}: {text}");
    assert_eq!(text.matches(words.did_retry).count(), 3, "{text}");
    for order in &orders {
        shop.completed(*order).await;
    }
    assert_eq!(shop.row(late).await.stage.as_deref(), Some("held"));
    browser.assert_fits(screen, "what became of each").await;
    browser.assert_quiet("what became of each").await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unconfirmed_order_is_resolved_in_two_steps() {
    // Nobody asks the panel by itself while the test decides.
    let slow = |settings: super::process::settings::Settings| {
        settings.with("dispatch.confirm_after", "[\"10m\"]")
    };
    let Some(stage) = Stage::open(slow).await else {
        return;
    };
    let browser = &stage.browser;
    let mut orders = Vec::new();
    for _ in READERS {
        let cut = Fault::After(Trouble::Reset);
        stage.world.panel.faults().next(Endpoint::Purchase, cut);
        let order = stage.world.shop.order(PIN, "player-1").await;
        let unsure = |row: &super::process::shop::Row| row.stage.as_deref() == Some("unconfirmed");
        orders.push(stage.world.shop.wait_for(order, unsure).await);
    }
    for ((lang, screen), row) in READERS.into_iter().zip(orders) {
        let order = row.id;
        browser.show_on(screen).await;
        stage.go(&format!("/inbox?lang={}", lang.code())).await;
        let text = browser.text().await;
        assert!(text.contains(&row.referans.unwrap()), "{text}");
        browser
            .follow(&format!("a[href='/orders/{order}/resolve?verdict=bought']"))
            .await;
        browser
            .picture(
                screen,
                &format!("confirm-{}-{}", lang.code(), screen.width()),
            )
            .await;
        assert_accessible(browser, "the second step").await;
        assert!(browser.text().await.contains(lang.words().act.not_yet));
        // A step without a reason is not taken.
        browser.run("document.querySelector('#why').required = false; document.querySelector('#why').value = '  ';").await;
        browser.fill("#who", "Ayşe").await;
        browser.follow("main form button").await;
        assert!(browser.text().await.contains(lang.words().act.incomplete));
        browser.fill("#why", "seen in the panel").await;
        browser.follow("main form button").await;
        assert!(browser.text().await.contains(lang.words().act.did_resolve));
        browser
            .wait_for_text(stage_word(lang, OrderStage::Completed))
            .await;
        let row = stage.world.shop.completed(order).await;
        assert!(row.pin_code.is_some());
        browser.assert_fits(screen, "a resolved order").await;
        browser.assert_quiet("a resolved order").await;
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn buying_is_paused_and_resumed() {
    let Some(stage) = Stage::open(|settings| settings).await else {
        return;
    };
    let browser = &stage.browser;
    for (lang, screen) in READERS {
        let words = lang.words();
        browser.show_on(screen).await;
        stage.go(&format!("/?lang={}", lang.code())).await;
        browser.follow("a[href='/brakes/pause']").await;
        browser.fill("#who", "Ayşe").await;
        browser.fill("#why", "prices look wrong").await;
        browser.follow("main form button").await;
        let text = browser.text().await;
        assert!(text.contains(words.act.did_pause), "{text}");
        assert!(text.contains(words.page.paused_all) && text.contains("prices look wrong"));
        assert_accessible(browser, "the overview while buying is paused").await;
        let order = stage.world.shop.order(PIN, "player-1").await;
        stage.go(&format!("/orders/{order}")).await;
        assert!(browser.text().await.contains("prices look wrong"));
        stage.go("/").await;
        browser.follow("a[href='/brakes/resume']").await;
        browser.fill("#why", "prices are right").await;
        // The name is remembered.
        assert_eq!(
            browser.eval("document.querySelector('#who').value").await,
            "Ayşe"
        );
        browser.follow("main form button").await;
        assert!(browser.text().await.contains(words.act.did_resume));
        stage.world.shop.completed(order).await;
        browser.assert_fits(screen, "the overview").await;
        browser.assert_quiet("the overview").await;
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_says_when_it_is_not_live_and_keeps_what_is_typed() {
    let Some(stage) = Stage::open(|settings| settings).await else {
        return;
    };
    let browser = &stage.browser;
    stage.go("/orders?lang=en").await;
    browser
        .wait(
            "the page is live",
            "document.querySelector('.live[data-state=on]')",
        )
        .await;
    browser.fill("#q", "half a refer").await;
    let order = stage.world.shop.order(PIN, "player-1").await;
    let link = format!("document.querySelector('a[href=\"/orders/{order}\"]')");
    browser.wait("the new order", &link).await;
    let typed = browser
        .eval("[document.activeElement.id, document.querySelector('#q').value]")
        .await;
    assert_eq!(typed, serde_json::json!(["q", "half a refer"]));
    browser.assert_quiet("before the end").await;
    let browser = stage.end_daemon().await;
    browser
        .wait(
            "it says so",
            "document.querySelector('.live[data-state=off]')",
        )
        .await;
    assert!(
        browser
            .text()
            .await
            .contains(Lang::En.words().page.not_live)
    );
    browser.leave().await;
}
