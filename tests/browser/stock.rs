//! A push of stock with items that are refused, watched on the page.

use orderwatch::{http::pages::lang::Lang, store::Store};
use sandbox::trendyol::ProductState;

use super::{
    browser::{Browser, Screen},
    process::until,
    stage::{PRODUCTS, Stage},
};

/// What lies in the warehouse: of each product one more than is on sale.
pub(crate) async fn put_on_shelves<const N: usize>(stage: &Stage, products: [(&str, u32); N]) {
    let rows = products.map(|(barcode, units)| format!("('{barcode}', {})", units + 1));
    let rows = rows.join(", ");
    stage
        .sql(&format!(
            "INSERT INTO central_stock (barcode, qty) VALUES {rows}"
        ))
        .await;
}

/// Sends stock from the page, whose end is shown by the page that follows.
pub(crate) async fn push(stage: &Stage, lang: Lang) {
    let browser = &stage.browser;
    // Two passes are never run at once: one that is asked for meanwhile is not begun.
    until("the end of the pass before", || async {
        let running = "SELECT count(*) FROM orderwatch.job_runs
                       WHERE job = 'push-stock' AND finished_at IS NULL";
        let pool = &stage.world.database.pool;
        let running: i64 = sqlx::query_scalar(running).fetch_one(pool).await.unwrap();
        (running == 0).then_some(())
    })
    .await;
    stage.go(&format!("/stock?lang={}", lang.code())).await;
    browser.follow("a[href='/stock/push']").await;
    browser.fill("#who", "Ayşe").await;
    browser.fill("#why", "new goods").await;
    browser.follow("main form button").await;
    assert!(browser.text().await.contains(lang.words().act.did_start));
}

/// Waits until the page names the product among those that are refused.
pub(crate) async fn refusal_is_shown(browser: &Browser, barcode: &str, lang: Lang) {
    let refused = lang.words().page.quarantine;
    let row = format!(
        "[...document.querySelectorAll('#stock table')].some((table) => \
         table.caption.innerText.includes({refused:?}) && table.innerText.includes({barcode:?}))",
    );
    browser.wait("the refused product", &row).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_with_refused_items_is_watched() {
    let Some(stage) = Stage::open(|settings| settings).await else {
        return;
    };
    let browser = &stage.browser;
    let phone = browser.window().await;
    let desk = browser.open_window().await;
    for (lang, products) in Lang::ALL.into_iter().zip(PRODUCTS.chunks_exact(2)) {
        let (taken, refused) = (products[0], products[1]);
        put_on_shelves(&stage, [taken, refused]).await;
        let locked = ProductState::Locked;
        stage.store.set_state(refused.0, locked).unwrap();
        // The desk watches what is begun on the phone.
        browser.look_at(&desk).await;
        browser.show_on(Screen::Desk).await;
        stage.go(&format!("/stock?lang={}", lang.code())).await;
        browser.run("window.same = true").await;
        browser.look_at(&phone).await;
        browser.show_on(Screen::Phone).await;
        push(&stage, lang).await;
        browser.run("window.same = true").await;
        for (window, screen) in [(&phone, Screen::Phone), (&desk, Screen::Desk)] {
            browser.look_at(window).await;
            refusal_is_shown(browser, refused.0, lang).await;
            let same = browser.eval("window.same").await;
            assert_eq!(same, true, "the page was loaded anew");
            let place = format!("stock-watched-{}-{}", lang.code(), screen.width());
            browser.assert_fits(screen, &place).await;
            browser.picture(screen, &place).await;
            super::accessibility::assert_accessible(browser, &place).await;
            browser.assert_quiet(&place).await;
        }
        assert_eq!(stage.store.stock_of(taken.0), Some(taken.1 + 1));
        assert_eq!(stage.store.stock_of(refused.0), Some(refused.1));
    }
    assert_not_begun_twice(&stage).await;
    stage.close().await;
}

/// A job that is run by somebody else is not begun again, and the page does not say that it was.
async fn assert_not_begun_twice(stage: &Stage) {
    let browser = &stage.browser;
    let store = Store::from_pool(stage.world.database.pool.clone());
    let lead = || async { store.lead("balance").await.unwrap() };
    let leader = until("the lead of the job", lead).await;
    for lang in Lang::ALL {
        // A slow machine may not know within the moment that the page waits.
        until("it is running already", || async {
            let page = format!("/jobs/balance/run?lang={}", lang.code());
            stage.go(&page).await;
            browser.fill("#who", "Ayşe").await;
            browser.fill("#why", "to see it").await;
            browser.follow("main form button").await;
            let said = lang.words().act.did_run_before;
            browser.text().await.contains(said).then_some(())
        })
        .await;
    }
    browser.assert_quiet("a job that runs already").await;
    leader.resign().await;
}
