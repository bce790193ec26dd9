//! What is shown while nothing can be read: not old figures as if they were new. Once there is
//! something to read again, the page comes back by itself.

use orderwatch::text::Lang;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use uuid::Uuid;

use super::{
    accessibility::assert_accessible,
    browser::{Browser, Screen, Window},
    line::Line,
    process::{Signal, database::Database, until, world::PIN},
    stage::Stage,
};

const IS_LIVE: &str = "document.querySelector('.live[data-state=on]') \
                       && document.querySelector('#cut').hidden \
                       && !document.body.classList.contains('old')";
const IS_CUT: &str = "document.querySelector('.live[data-state=off]') \
                      && !document.querySelector('#cut').hidden \
                      && document.body.classList.contains('old')";

/// The page says that it is old, in its language, and everybody can read that.
async fn assert_says_so(browser: &Browser, lang: Lang, place: &str) {
    let words = &lang.words().page;
    let text = browser.text().await;
    let said = words.cut_off("{time}");
    let (before, after) = said.split_once("{time}").unwrap();
    for part in [before.trim(), after.trim(), words.not_live] {
        assert!(text.contains(part), "{place}: no {part:?} in {text}");
    }
    assert_accessible(browser, place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_says_that_the_daemon_is_gone_and_comes_back_with_it() {
    let Some(mut stage) = Stage::open(|settings| settings).await else {
        return;
    };
    // The page of the log-in would look for the first daemon for ever.
    stage.browser.go("about:blank").await;
    let line = Line::to(stage.port()).await;
    let mut windows = Vec::new();
    for lang in Lang::ALL {
        windows.push((lang, stage.browser.open_window().await));
    }
    for screen in Screen::ALL {
        watch(&stage.browser, &line, &windows, screen).await;
        stage.kill_daemon().await;
        // Nobody takes it up yet.
        let order = stage.world.shop.order(PIN, "player-1").await;
        assert_all_old(&stage.browser, &windows, screen).await;
        stage.start_daemon().await;
        line.lead_to(stage.port());
        assert_all_back(&stage.browser, &windows, order).await;
    }
    stage.close().await;
}

/// In each language one window shows the first page.
async fn watch(browser: &Browser, line: &Line, windows: &[(Lang, Window)], screen: Screen) {
    for (lang, window) in windows {
        browser.look_at(window).await;
        browser.show_on(screen).await;
        browser
            .go(&line.at(&format!("/?lang={}", lang.code())))
            .await;
        browser.wait("the page is live", IS_LIVE).await;
        browser.run("window.same = true").await;
    }
    browser.assert_quiet("before the end").await;
}

async fn assert_all_old(browser: &Browser, windows: &[(Lang, Window)], screen: Screen) {
    for (lang, window) in windows {
        browser.look_at(window).await;
        browser.wait("it says that it is old", IS_CUT).await;
        let place = format!("cut-{}-{}", lang.code(), screen.width());
        assert_says_so(browser, *lang, &place).await;
        browser.assert_fits(screen, &place).await;
        browser.picture(screen, &place).await;
    }
}

/// They show what has happened meanwhile, and were not loaded anew.
async fn assert_all_back(browser: &Browser, windows: &[(Lang, Window)], order: Uuid) {
    let link = format!("document.querySelector('a[href=\"/orders/{order}\"]')");
    for (_, window) in windows {
        browser.look_at(window).await;
        browser.wait("it is live again", IS_LIVE).await;
        browser.wait("what happened meanwhile", &link).await;
        assert_eq!(browser.eval("window.same").await, true);
    }
    // The browser has complained of each try that failed.
    browser.forget().await;
}

/// Lets sessions into the database, or refuses them.
async fn let_in(database: &Database, allow: bool) {
    let name: String = sqlx::query_scalar("SELECT current_database()")
        .fetch_one(&database.pool)
        .await
        .unwrap();
    // Nobody may do that to the database in which he is.
    let other = database.options().database("postgres");
    let mut server = PgConnection::connect_with(&other).await.unwrap();
    let sql = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {allow}");
    server.execute(AssertSqlSafe(sql)).await.unwrap();
    server.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_hears_nothing_any_more_does_not_pass_for_live() {
    let Some(stage) = Stage::open(|settings| settings).await else {
        return;
    };
    let browser = &stage.browser;
    stage.go("/?lang=tr").await;
    browser.wait("the page is live", IS_LIVE).await;
    browser.run("window.same = true").await;
    // Its connections stay open, and nothing comes through them for a minute.
    stage.signal_daemon(Signal::STOP);
    let later = "const now = Date.now; Date.now = () => now.call(Date) + 60000;";
    browser.run(later).await;
    browser.wait("it says that it is old", IS_CUT).await;
    let order = stage.world.shop.order(PIN, "player-1").await;
    stage.signal_daemon(Signal::CONT);
    browser.wait("it is live again", IS_LIVE).await;
    let link = format!("document.querySelector('a[href=\"/orders/{order}\"]')");
    browser.wait("what happened meanwhile", &link).await;

    // A page that nobody saw for a while is up to date when it is seen again.
    see(browser, false).await;
    let order = stage.world.shop.order(PIN, "player-2").await;
    stage.world.shop.completed(order).await;
    let link = format!("document.querySelector('a[href=\"/orders/{order}\"]')");
    see(browser, true).await;
    browser.wait("what happened meanwhile", &link).await;
    browser.wait("the page is live", IS_LIVE).await;
    assert_eq!(browser.eval("window.same").await, true);
    browser.assert_quiet("the end").await;
    stage.close().await;
}

/// The page is seen from here on, or is not.
async fn see(browser: &Browser, seen: bool) {
    let hidden = format!(
        "Object.defineProperty(document, 'hidden', {{ value: {}, configurable: true }});
         document.dispatchEvent(new Event('visibilitychange'));",
        !seen
    );
    browser.run(&hidden).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_says_that_the_database_does_not_answer_and_asks_who_was_signed_out() {
    let Some(stage) = Stage::open(|settings| settings).await else {
        return;
    };
    let browser = &stage.browser;
    stage.go("/?lang=tr").await;
    browser.wait("the page is live", IS_LIVE).await;
    browser.run("window.same = true").await;
    let database = &stage.world.database;
    let_in(database, false).await;
    until("the end of its sessions", || async {
        // One that was on its way in may have come meanwhile.
        let ended = database.end_sessions().await;
        let cut = browser.eval(&format!("Boolean({IS_CUT})")).await;
        (ended == 0 && cut == true).then_some(())
    })
    .await;
    assert_says_so(browser, Lang::Tr, "without a database").await;
    let_in(database, true).await;
    browser.wait("it is live again", IS_LIVE).await;
    assert_eq!(browser.eval("window.same").await, true);
    browser.forget().await;

    // Whoever is not signed in any more is asked to, and comes back to the same page.
    browser.lose_cookies().await;
    stage.world.shop.order(PIN, "player-1").await;
    let token = "document.querySelector('input[name=token]')";
    browser.wait("the log-in", token).await;
    assert_accessible(browser, "the log-in").await;
    stage.show_token().await;
    browser.wait("the page is live", IS_LIVE).await;
    let at = browser.eval("location.pathname + location.search").await;
    assert_eq!(at, "/?lang=tr");
    // The stream of the page was refused meanwhile.
    browser.forget().await;
    stage.close().await;
}
