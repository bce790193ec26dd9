//! A push of stock with items that are refused, watched on the page.

use orderwatch::{http::pages::lang::Lang, sandbox::trendyol::ProductState};

use super::{
    browser::Screen,
    stage::{PRODUCTS, Stage},
};

/// What lies in the warehouse: of each product one more than is on sale.
pub(crate) fn shelves() -> String {
    let rows = PRODUCTS.map(|(barcode, units)| format!("('{barcode}', {})", units + 1));
    format!(
        "INSERT INTO central_stock (barcode, qty) VALUES {}",
        rows.join(", ")
    )
}

/// Sends stock from the page, and waits until the page shows that it was.
pub(crate) async fn push(stage: &Stage, lang: Lang) {
    let browser = &stage.browser;
    stage.go(&format!("/stock?lang={}", lang.code())).await;
    browser.follow("a[href='/stock/push']").await;
    browser.fill("#who", "Ayşe").await;
    browser.fill("#why", "new goods").await;
    browser.follow("main form button").await;
    assert!(browser.text().await.contains(lang.words().act.did_start));
    browser
        .wait(
            "the request",
            "document.querySelector('#stock .tag.warn, #stock .tag.good')",
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_with_refused_items_is_watched() {
    let Some(stage) = Stage::open(|_| {}, |settings| settings).await else {
        return;
    };
    stage.sql(&shelves()).await;
    stage
        .store
        .set_state(PRODUCTS[2].0, ProductState::Locked)
        .unwrap();
    let browser = &stage.browser;
    browser.show_on(Screen::Phone).await;
    push(&stage, Lang::Tr).await;
    browser.run("window.same = true").await;
    let refused = Lang::Tr.words().page.quarantine;
    let row = format!(
        "[...document.querySelectorAll('#stock table')].some((table) => \
         table.caption.innerText.includes({refused:?}) && table.innerText.includes({:?}))",
        PRODUCTS[2].0
    );
    browser.wait("the refused product", &row).await;
    assert_eq!(
        browser.eval("window.same").await,
        true,
        "the page was loaded anew"
    );
    for (barcode, units) in &PRODUCTS[..2] {
        assert_eq!(stage.store.stock_of(barcode), Some(units + 1));
    }
    browser.assert_fits(Screen::Phone, "the stock").await;
    browser.assert_quiet("the stock").await;
    stage.close().await;
}
