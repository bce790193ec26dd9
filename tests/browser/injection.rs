//! Texts from outside are texts, whatever they look like.

use orderwatch::text::Lang;

use super::{
    flows::READERS,
    process::{until, world::PIN},
    stage::Stage,
};

const SCRIPT: &str =
    "<script>window.owned = 1</script><img src=x onerror=\"window.owned = 1\">'\"&amp;";
/// Turns everything behind it around, where nothing holds it back.
const TURNED: &str = "\u{202e}turned\u{2069}\u{2069}\u{2067} محمد";

/// So much of a text as a column takes.
fn long(length: usize) -> String {
    let text = format!("{SCRIPT}{TURNED}");
    text.chars()
        .chain(std::iter::repeat('w'))
        .take(length)
        .collect()
}

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
    let text = |length| long(length).replace('\'', "''");
    let [endless, wide, name] = [2000, 250, 120].map(text);
    let key = SCRIPT.replace('\'', "''");
    stage
        .sql(&format!(
            r#"UPDATE product_orders SET "lastMessage" = '{wide}', "providerMessage" = '{endless}',
                   "userIdentifier" = '{endless}', "extraField" = '{endless}'
                   WHERE id IN ('{order}', '{held}');
               UPDATE product_orders SET status = '{key}' WHERE id = '{order}';
               UPDATE integrations SET name = '{name}';
               UPDATE product_packages SET name = '{name}' WHERE name = '2';
               INSERT INTO orderwatch.events (order_id, at, kind, detail)
                   VALUES ('{order}', now(), 'checked', jsonb_build_object('answer', 'html',
                       'body', '{endless}', '{key}', '{endless}', 'reason', '{endless}'));
               INSERT INTO orderwatch.brakes (scope, who, why, at)
                   VALUES ('00000000-0000-0000-0000-000000000000', '{wide}', '{wide}', now());"#
        ))
        .await;
    let browser = &stage.browser;
    // The first page is read anew about once a second, for all who look.
    until("the texts on the first page", || async {
        stage.go("/").await;
        browser.text().await.contains(SCRIPT).then_some(())
    })
    .await;
    let search = format!("/orders?q={}", "%3Cscript%3E");
    let order_page = format!("/orders/{order}");
    let held_page = format!("/orders/{held}");
    for (name, path) in [
        ("overview", "/"),
        ("inbox", "/inbox"),
        ("orders", "/orders"),
        ("search", &*search),
        ("order", &*order_page),
        ("held", &*held_page),
        ("panels", "/panels"),
        ("resume", "/brakes/resume"),
    ] {
        for (lang, screen) in READERS {
            browser.show_on(screen).await;
            let sign = if path.contains('?') { '&' } else { '?' };
            stage.go(&format!("{path}{sign}lang={}", lang.code())).await;
            assert!(browser.eval("window.owned").await.is_null(), "{path}");
            let scripts = "document.querySelectorAll('script:not([src]), img').length";
            assert_eq!(browser.eval(scripts).await, 0, "{path}");
            let turned = "document.body.innerText.includes('\\u202e')";
            assert_eq!(browser.eval(turned).await, false, "{path} is turned around");
            let place = format!("{path} in {} at {}", lang.code(), screen.width());
            browser.assert_fits(screen, &place).await;
            browser.assert_quiet(&place).await;
            if lang != Lang::Tr {
                let name = format!("outside-{name}-{}-{}", lang.code(), screen.width());
                browser.picture(screen, &name).await;
            }
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
