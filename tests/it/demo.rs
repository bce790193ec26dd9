//! `sandbox demo` as a new user runs it, and how it keeps its hands off somebody's shop.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise, its helpers too"
)]

use sqlx::{AssertSqlSafe, Executor, PgPool, Row as _};

use crate::process::{
    Ended, Program, Signal, database::Database, terminal::OnTerminal, until, world::World,
};

const LEGACY: [&str; 2] = [
    include_str!("../fixtures/legacy-schema.sql"),
    include_str!("../fixtures/legacy-rows.sql"),
];

fn program(database: &Database, args: &[&str]) -> Program {
    let args = ["demo"].iter().chain(args).copied();
    Program::sandbox(args).env("DATABASE_URL", database.owners_url())
}

async fn demo(database: &Database, args: &[&str]) -> Ended {
    program(database, args).run().await
}

/// On a terminal of 80 columns and 24 rows.
fn on_terminal(database: &Database, args: &[&str]) -> OnTerminal {
    program(database, args)
        .env("TERM", "xterm-256color")
        .on_terminal(80, 24)
}

/// The lines of figures, each as its names and values.
fn figures(text: &str) -> Vec<Vec<(&str, f64)>> {
    let lines = text.lines().filter(|line| line.starts_with("seconds="));
    let pair = |word: &'_ str| -> Option<(usize, f64)> {
        let at = word.find('=')?;
        Some((at, word[at + 1..].parse().ok()?))
    };
    lines
        .map(|line| {
            let words = line.split(' ');
            words
                .map(|word| {
                    let (at, value) = pair(word).unwrap_or_else(|| panic!("{word:?} in {line}"));
                    (&word[..at], value)
                })
                .collect()
        })
        .collect()
}

/// A figure of the summary.
fn figure(text: &str, name: &str) -> usize {
    let line = text.lines().find_map(|line| line.trim().strip_prefix(name));
    let line = line.unwrap_or_else(|| panic!("no {name:?} in\n{text}"));
    line.trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_sells_and_ends_by_itself_with_a_sound_summary() {
    let database = Database::create().await;
    let mut fallbacks = Vec::new();
    for seed in ["7", "8"] {
        // The second one finds what the first one left.
        let text = demo(&database, &["--for", "8s", "--seed", seed])
            .await
            .good();
        let number = |name| figure(&text, name);
        assert!(number("orders") >= 10, "{text}");
        assert!(number("completed") >= 5, "{text}");
        assert!(number("at znet") > 0 && number("at barakat") > 0, "{text}");
        assert_eq!((number("bought twice"), number("lost")), (0, 0), "{text}");
        assert_eq!(
            (
                number("products"),
                number("oversold"),
                number("on sale wrong")
            ),
            (40, 0, 0),
            "{text}"
        );
        assert!(number("sales") > 0 && number("stock passes") > 0, "{text}");
        let ends = ["completed", "failed", "held", "under way"].map(number);
        assert_eq!(ends.iter().sum::<usize>(), number("orders"), "{text}");
        let running: i64 =
            sqlx::query_scalar("SELECT count(*) FROM orderwatch.daemons WHERE stopped_at IS NULL")
                .fetch_one(&database.pool)
                .await
                .unwrap();
        assert_eq!(running, 0, "a daemon was dropped instead of stopped");
        fallbacks.extend(sold_at_a_fallback(&database).await);
    }

    fallbacks.sort();
    fallbacks.dedup();
    assert_eq!(fallbacks, ["barakat", "znet"]);
}

/// The kinds of the panels that sold what another one had refused.
async fn sold_at_a_fallback(database: &Database) -> Vec<String> {
    let kinds = sqlx::query_scalar(
        r#"SELECT DISTINCT i.provider::text FROM public.product_orders o
           JOIN public.package_routing r ON r.package_id = o."packageId"
           JOIN public.integrations i ON i.id::text = r."fallbackProviderId"
           WHERE o."providerId" = i.id::text AND o.status = 'approved'"#,
    );
    kinds.fetch_all(&database.pool).await.unwrap()
}

/// Without a terminal: where the page is, a line per second with the same figures, the summary.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_terminal_it_prints_a_line_of_figures_per_second() {
    let database = Database::create().await;
    let ended = demo(&database, &["--for", "8s"]).await;
    let (log, text) = (ended.stderr.clone(), ended.good());
    assert!(
        text.starts_with("The page is at http://127.0.0.1:"),
        "{text}"
    );
    assert!(!text.contains('\u{1b}'), "{text:?}");
    // What is no warning is not in the log.
    assert!(!log.contains(" INFO "), "{log}");

    let lines = figures(&text);
    let (first, last) = (lines.first().unwrap(), lines.last().unwrap());
    assert!(lines.len() > 1, "{text}");
    for line in &lines {
        assert!(
            line.iter()
                .map(|(name, _)| name)
                .eq(first.iter().map(|(name, _)| name)),
            "{text}"
        );
    }
    let times = lines.iter().map(|line| line[0].1);
    assert!(times.is_sorted(), "{text}");
    for name in [
        "approved",
        "purchases",
        "at_znet",
        "at_barakat",
        "charged",
        "sales",
        "looks",
        "products",
    ] {
        let found = last.iter().find(|(other, _)| *other == name);
        assert!(
            found.is_some_and(|(_, value)| *value > 0.0),
            "{name}: {text}"
        );
    }
    let summary = text.find("Summary").unwrap();
    assert!(text.rfind("seconds=").unwrap() < summary, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_with_a_number_of_orders_and_on_a_signal() {
    let database = Database::create().await;
    let text = demo(&database, &["--orders", "5"]).await.good();
    assert_eq!(figure(&text, "orders"), 5, "{text}");

    for signal in [Signal::TERM, Signal::INT] {
        let mut process = program(&database, &[]).spawn();
        until("a line of figures", || async {
            process.written().contains("seconds=").then_some(())
        })
        .await;
        process.signal(signal);
        sound(&process.ended().await.good());
    }
}

/// `--log`: the log instead of figures, on a terminal too.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_takes_the_place_of_the_figures() {
    let database = Database::create().await;
    let process = program(&database, &["--log"]).spawn();
    process.wait_for_line("the order is completed").await;
    let text = process.stop().await.stdout;
    assert!(figures(&text).is_empty(), "{text}");
    sound(&text);

    let terminal = on_terminal(&database, &["--log", "--orders", "2"]);
    let text = terminal.ended().await.good();
    assert!(text.contains("the order is completed"), "{text}");
    assert!(!text.contains(ENTERS), "{text:?}");
    sound(&text);
}

/// Enters the screen that is drawn in place.
const ENTERS: &str = "\u{1b}[?1049h";

fn sound(text: &str) {
    assert_eq!(
        (
            figure(text, "bought twice"),
            figure(text, "lost"),
            figure(text, "oversold")
        ),
        (0, 0, 0),
        "{text}"
    );
}

/// One screen with the page's address and both halves, and the summary below what stood there before.
#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_shows_both_halves_on_one_screen_and_then_the_summary() {
    let database = Database::create().await;
    // Ended by a key once all was seen, however long a busy machine takes for that.
    let mut terminal = on_terminal(&database, &["--for", "120s"]);
    let lines = terminal
        .shows(&[
            "Shop and panels",
            "approved",
            "bought twice",
            "Warehouse and store",
            "oversold",
            "open packages",
            "Last events",
            " sold, ",
            "approved, ",
        ])
        .await;
    let first = &lines[0];
    assert!(
        first.contains("q or Ctrl-C ends it") && first.contains(" left"),
        "{lines:#?}"
    );
    let address = first.strip_prefix("http://").unwrap();
    let address = address.split('/').next().unwrap();
    // Somebody listens there.
    drop(tokio::net::TcpStream::connect(address).await.unwrap());

    // Cut, not wrapped.
    terminal.resize(30, 12);
    let small = terminal
        .shows_what("screen of 30 columns", |lines| {
            lines.len() == 12
                && lines[1].starts_with("Shop and panels")
                && lines[6].starts_with("Warehouse and store")
                && lines[11].starts_with("Last events")
        })
        .await;
    assert!(small[0].starts_with(&first[..24]), "{small:#?}");
    terminal.resize(80, 24);
    terminal.shows(&["Last events", "approved, "]).await;

    terminal.press("q");
    let text = terminal.ended().await.good();
    assert!(figures(&text).is_empty(), "{text}");
    assert!(figure(&text, "completed") > 0, "{text}");
    sound(&text);
}

/// Keys and signals end it softly, and the terminal is as it was.
#[tokio::test(flavor = "multi_thread")]
async fn keys_and_signals_end_the_screen() {
    let database = Database::create().await;
    for key in ["q", "\u{3}"] {
        let mut terminal = on_terminal(&database, &[]);
        terminal.shows(&["purchases"]).await;
        terminal.press(key);
        sound(&terminal.ended().await.good());
    }
    for signal in [Signal::INT, Signal::TERM] {
        let terminal = on_terminal(&database, &[]);
        terminal.shows(&["purchases"]).await;
        terminal.signal(signal);
        sound(&terminal.ended().await.good());
    }
}

/// On a terminal that cannot move its cursor there are lines, as without one.
#[tokio::test(flavor = "multi_thread")]
async fn a_dumb_terminal_gets_lines() {
    let database = Database::create().await;
    let terminal = program(&database, &["--orders", "2"])
        .env("TERM", "dumb")
        .on_terminal(80, 24);
    let text = terminal.ended().await.good();
    assert!(!text.contains('\u{1b}'), "{text:?}");
    assert!(!figures(&text).is_empty(), "{text}");
    sound(&text);
}

/// Every relation and every row outside of the system's schemas.
async fn everything(pool: &PgPool) -> Vec<String> {
    let tables = sqlx::query(
        "SELECT c.relkind::text, format('%I.%I', n.nspname, c.relname)
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') ORDER BY 2",
    );
    let mut all = Vec::new();
    for relation in tables.fetch_all(pool).await.unwrap() {
        let (kind, name): (String, String) = (relation.get(0), relation.get(1));
        all.push(format!("{kind} {name}"));
        if kind == "r" {
            let sql = format!("SELECT t::text FROM {name} t ORDER BY 1");
            let rows = sqlx::query(AssertSqlSafe(sql))
                .fetch_all(pool)
                .await
                .unwrap();
            all.extend(rows.iter().map(|row| row.get(0)));
        }
    }
    all
}

async fn refused(database: &Database) {
    let before = everything(&database.pool).await;
    let ended = demo(database, &["--for", "3s"]).await;
    assert_eq!(ended.code(), 1, "{ended:?}");
    let error = ended.stderr.lines().last().unwrap();
    assert!(
        error.contains("there is a shop in this database"),
        "{error}"
    );
    assert_eq!(everything(&database.pool).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_leaves_a_migrated_shop_untouched() {
    let world = World::new().await;
    world
        .shop
        .order(crate::process::world::PIN, "player-1")
        .await;
    refused(&world.database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_leaves_a_shop_untouched_that_has_never_heard_of_it() {
    let database = Database::create().await;
    for sql in LEGACY {
        database.pool.execute(sql).await.unwrap();
    }
    refused(&database).await;
}
