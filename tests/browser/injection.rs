//! Texts from outside are texts, whatever they look like.

use orderwatch::http::pages::lang::Lang;

use super::{process::world::PIN, stage::Stage};

const SCRIPT: &str =
    "<script>window.owned = 1</script><img src=x onerror=\"window.owned = 1\">'\"&amp;";

#[tokio::test(flavor = "multi_thread")]
async fn markup_in_the_shops_data_is_shown_as_text() {
    let Some(stage) = Stage::open(|settings| settings).await else {
        return;
    };
    let order = stage.world.shop.order(PIN, SCRIPT).await;
    stage.world.shop.completed(order).await;
    let held = stage.world.shop.order(PIN, "").await;
    stage
        .world
        .shop
        .wait_for(held, |row| row.stage.as_deref() == Some("held"))
        .await;
    let text = SCRIPT.replace('\'', "''");
    stage
        .sql(&format!(
            r#"UPDATE product_orders SET "lastMessage" = '{text}', "providerMessage" = '{text}',
                   "extraField" = '{text}', status = '{text}' WHERE id IN ('{order}', '{held}');
               UPDATE integrations SET name = '{text}';
               UPDATE product_packages SET name = '{text}' WHERE name = '2';
               INSERT INTO orderwatch.events (order_id, at, kind, detail)
                   VALUES ('{order}', now(), 'checked', jsonb_build_object('answer', 'html',
                       'body', '{text}', '{text}', '{text}', 'reason', '{text}'));
               INSERT INTO orderwatch.brakes (scope, who, why, at)
                   VALUES ('00000000-0000-0000-0000-000000000000', '{text}', '{text}', now());"#
        ))
        .await;
    let browser = &stage.browser;
    let search = format!("/orders?q={}", "%3Cscript%3E");
    let order_page = format!("/orders/{order}");
    let held_page = format!("/orders/{held}");
    for path in [
        "/",
        "/inbox",
        "/orders",
        &*search,
        &*order_page,
        &*held_page,
        "/panels",
        "/brakes/resume",
    ] {
        for lang in Lang::ALL {
            let sign = if path.contains('?') { '&' } else { '?' };
            stage.go(&format!("{path}{sign}lang={}", lang.code())).await;
            assert!(browser.eval("window.owned").await.is_null(), "{path}");
            let scripts = "document.querySelectorAll('script:not([src]), img').length";
            assert_eq!(browser.eval(scripts).await, 0, "{path}");
            browser.assert_quiet(path).await;
        }
    }
    stage.go(&order_page).await;
    assert!(
        browser
            .text()
            .await
            .contains("<script>window.owned = 1</script>")
    );
    stage.close().await;
}
