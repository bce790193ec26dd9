//! Many orders that need review: selecting some of them, or all of one reason, and one step for all.

use orderwatch::text::Lang;
use serde_json::json;

use super::{
    accessibility::{assert_accessible, assert_tappable},
    browser::Screen,
    flows::READERS,
    process::{until, world::PIN},
    stage::Stage,
};

/// Orders without a player id, and of two units.
const HELD: [(&str, i32, i32); 2] = [("", 1, 28), ("player-1", 2, 12)];

/// Forty orders, held for two reasons, in turns.
async fn fill(stage: &Stage) {
    for (player, quantity, orders) in HELD {
        let sql = format!(
            r#"INSERT INTO product_orders ("tenantId", "packageId", "userIdentifier", price, quantity)
               SELECT "tenantId", id, '{player}', 49.99, {quantity}
               FROM product_packages, generate_series(1, {orders}) WHERE name = '{PIN}'"#
        );
        stage.sql(&sql).await;
    }
    let pool = &stage.world.database.pool;
    until("forty held orders", || async {
        let held = "SELECT count(*) FROM orderwatch.orders WHERE stage = 'held'";
        let held: i64 = sqlx::query_scalar(held).fetch_one(pool).await.unwrap();
        (held == 40).then_some(())
    })
    .await;
    stage
        .sql("UPDATE orderwatch.orders SET tracked_at = tracked_at - random() * interval '1 hour'")
        .await;
}

/// Ticks an order, after scrolling to it: the bar may lie over what is at the lower edge.
async fn tick(stage: &Stage, reason: &str) {
    let order = format!("input[type=checkbox][data-reason={reason}]");
    let scroll = format!("document.querySelector('{order}').scrollIntoView({{ block: 'center' }})");
    stage.browser.run(&scroll).await;
    stage.browser.click(&order).await;
}

async fn count(stage: &Stage) -> serde_json::Value {
    let count = "document.querySelector('#selected .count').textContent";
    stage.browser.eval(count).await
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_selected_and_retried_together_on_every_screen() {
    let Some(stage) = Stage::open(|settings| settings).await else {
        return;
    };
    fill(&stage).await;
    let browser = &stage.browser;
    for (lang, screen) in READERS {
        let words = &lang.words().act;
        let place = format!("inbox-many-{}-{}", lang.code(), screen.width());
        browser.show_on(screen).await;
        stage.go(&format!("/inbox?lang={}", lang.code())).await;
        let bar = "document.querySelector('#selected').getBoundingClientRect()";
        let seen = format!("{bar}.bottom <= innerHeight && {bar}.height > 0 && scrollY === 0");
        assert_eq!(browser.eval(&seen).await, true, "{place}");
        assert_accessible(browser, &place).await;
        browser.assert_fits(screen, &place).await;
        if screen == Screen::Phone {
            assert_tappable(browser, &place).await;
        }

        // All of one reason, and back.
        assert_eq!(count(&stage).await, "0");
        let shown = "document.querySelectorAll('[data-reason=no_player_id][type=checkbox]').length";
        let shown = browser.eval(shown).await;
        browser.click("button[data-reason=no_player_id]").await;
        assert_eq!(count(&stage).await, json!(shown.to_string()));
        browser.picture(screen, &place).await;
        browser.click("button[data-reason='']").await;
        assert_eq!(count(&stage).await, "0");

        // One of each reason by the keyboard's own means; they stay selected while the page goes on.
        for reason in ["no_player_id", "quantity_not_one"] {
            tick(&stage, reason).await;
        }
        assert_eq!(count(&stage).await, "2");
        browser
            .run("window.first = document.querySelector('#inbox article')")
            .await;
        stage.world.shop.order(PIN, "").await;
        browser
            .wait("another picture", "!window.first.isConnected")
            .await;
        assert_eq!(count(&stage).await, "2");

        stage
            .sql(r#"UPDATE product_orders SET "userIdentifier" = 'player-1', quantity = 1"#)
            .await;
        browser.follow("#selected button[type=submit]").await;
        assert!(browser.text().await.contains(words.not_yet));
        browser.assert_fits(screen, "the second step").await;
        browser
            .picture(
                screen,
                &format!("confirm-many-{}-{}", lang.code(), screen.width()),
            )
            .await;
        browser.fill("#why", "their causes are fixed").await;
        browser.fill("#who", "Ayşe").await;
        browser.follow("main form button").await;
        let text = browser.text().await;
        assert!(text.contains(&words.did_retry_all("2", "2")), "{text}");
        assert_eq!(text.matches(words.did_retry).count(), 2, "{text}");
        browser.assert_fits(screen, "what became of each").await;
        browser.assert_quiet("what became of each").await;
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_orders_are_selected_as_well() {
    let Some(stage) = Stage::open(|settings| settings).await else {
        return;
    };
    fill(&stage).await;
    let browser = &stage.browser;
    browser.let_scripts_run(false).await;
    browser.show_on(Screen::Phone).await;
    stage.go("/inbox?lang=tr").await;
    let words = &Lang::Tr.words().act;
    let shown = "document.querySelector('#selected .scripted').offsetHeight";
    assert_eq!(browser.eval(shown).await, 0);
    browser.follow("#selected button[type=submit]").await;
    assert!(browser.text().await.contains(words.none_selected));
    tick(&stage, "quantity_not_one").await;
    browser.follow("#selected button[type=submit]").await;
    browser.fill("#who", "Ayşe").await;
    browser.fill("#why", "one at a time").await;
    browser.follow("main form button").await;
    // Its cause still stands: it is released, and will be held again.
    let text = browser.text().await;
    assert!(text.contains(&words.did_retry_all("1", "1")), "{text}");
    stage.close().await;
}
