//! Account, password, address and codes stay where they belong, whatever goes wrong and however
//! much is logged.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::fmt::Write as _;

use futures::{StreamExt as _, stream};
use orderwatch::text::Lang;
use sandbox::{
    http::Answer,
    panel::{Endpoint, PanelPlan},
    trendyol::Endpoint as StoreEndpoint,
    trouble::{Fault, Trouble},
};
use sqlx::{AssertSqlSafe, ConnectOptions, Row as _};

use crate::{
    http::{Site, TOKEN},
    process::{
        market::Market,
        proxy::Proxy,
        roles::{DAEMON, url_as},
        settings::Settings,
        shop::{Row, Shop},
        until,
        world::{KOD, PIN, SIFRE, World},
    },
};

/// A code that the panel repeats in its words.
const CODE: &str = "KNRY-4411-QQ77-ZZ90";
const DATABASE_PASSWORD: &str = "KanaryaVeritabani77";
const HOST: &str = "kanarya-sunucu.invalid";
const PREFIX: &str = "/kanarya-yol";
const URL_PASSWORD: &str = "KanaryaAdres99";

/// Everything that can go wrong on the wire.
fn troubles() -> Vec<Trouble> {
    vec![
        Trouble::Reset,
        Trouble::Close,
        Trouble::Hang,
        Trouble::Cut(3),
        Trouble::Page(200),
        Trouble::Page(404),
        Trouble::Page(502),
        Trouble::Empty,
        Trouble::Redirect,
        Trouble::Huge,
        Trouble::Garbage,
        Trouble::NotHttp,
        Trouble::BrokenGzip,
        Trouble::GzipBomb,
    ]
}

/// Words in which a panel repeats what it was sent.
fn echoes(base_url: &str) -> Vec<String> {
    let encoded = "Kanarya%2Fsifre%26%255%2B%C3%BC";
    vec![
        format!("Hatalı giriş: kod {KOD}, sifre {SIFRE}"),
        format!("GET {base_url}/servis/pin_ekle.php?kod={KOD}&sifre={encoded}&oyun=1"),
        format!("{{\"kod\":\"{KOD}\",\"sifre\":\"{SIFRE}\"}}"),
    ]
}

/// Faults of purchases, one order each.
fn purchases(base_url: &str) -> Vec<Option<Fault>> {
    let both = |trouble: Trouble| [Fault::Instead(trouble.clone()), Fault::After(trouble)];
    let mut faults: Vec<Fault> = troubles().into_iter().flat_map(both).collect();
    for echo in echoes(base_url) {
        for text in [
            format!("3|{echo}"),
            format!("8|{echo}"),
            format!("7|{echo}"),
            format!("<html><body>{echo}</body></html>"),
            format!("OK|{echo}"),
        ] {
            faults.push(Fault::Instead(Trouble::says(text)));
        }
    }
    faults.into_iter().map(Some).collect()
}

/// Faults of questions.
fn questions(base_url: &str) -> Vec<Option<Fault>> {
    let mut faults: Vec<Fault> = troubles().into_iter().map(Fault::Instead).collect();
    for echo in echoes(base_url) {
        for text in [
            format!("3|{echo}"),
            format!("OK|1| |{echo}"),
            format!("OK|2|{CODE}|Kodunuz {CODE}, {echo}"),
            format!("OK|3| |{echo}"),
            format!("Warning: {echo} on line 5"),
        ] {
            faults.push(Fault::Instead(Trouble::says(text)));
        }
    }
    faults.into_iter().map(Some).collect()
}

/// A store with something to sell and somebody who bought, which repeats the account in its errors.
async fn market(world: &World) -> Market {
    let market = Market::open(&[("KASKOL-1", 3), ("KASKOL-2", 4)]).await;
    let pool = &world.database.pool;
    sqlx::query(
        "INSERT INTO central_stock (barcode, qty) VALUES ('KASKOL-1', 50), ('KASKOL-2', 70)",
    )
    .execute(pool)
    .await
    .unwrap();
    for barcode in ["KASKOL-1", "KASKOL-2"] {
        market.store.sell(barcode, 1).unwrap();
    }
    let faults = market.store.faults();
    let echo = |status, echo: &String| {
        let answer = Answer::new(status, "application/json", echo.as_str());
        Some(Fault::Instead(Trouble::Answer(answer)))
    };
    let echoes = Market::echoes();
    for status in [401, 400, 500] {
        let answers = echoes.iter().map(|words| echo(status, words));
        faults.script(StoreEndpoint::OrderStream, answers);
    }
    // What is refused rests before it is sent again.
    faults.script(StoreEndpoint::PushStock, [echo(400, &echoes[1])]);
    market
}

/// Waits until the store has said all that it was to say, and its orders were read.
async fn traded(world: &World, market: &Market) {
    until("the store's errors and orders to have come", || async {
        let faults = market.store.faults();
        let left =
            faults.scripted(StoreEndpoint::OrderStream) + faults.scripted(StoreEndpoint::PushStock);
        let read: i64 = sqlx::query_scalar("SELECT count(*) FROM orders_created")
            .fetch_one(&world.database.pool)
            .await
            .unwrap();
        (left == 0 && read == 2).then_some(())
    })
    .await;
}

/// A panel whose orders are sent although its price list cannot be read.
async fn unreachable(world: &World, base_url: &str) {
    let pool = &world.database.pool;
    let shop = Shop::open(pool, base_url, (KOD, SIFRE), &[PIN]).await;
    sqlx::query(
        r#"UPDATE package_mappings SET meta = '{"oyun":"1","kupur":"325"}' WHERE "tenantId" = $1"#,
    )
    .bind(shop.tenant)
    .execute(pool)
    .await
    .unwrap();
    shop.order(PIN, "player-nowhere").await;
}

/// All that is in the database, but for the places where secrets belong.
async fn stored(world: &World) -> String {
    let pool = &world.database.pool;
    let tables = sqlx::query(
        "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables
         WHERE table_schema IN ('public', 'orderwatch')
           AND table_name NOT IN ('integrations', 'migrations')",
    );
    let mut all = String::new();
    for table in tables.fetch_all(pool).await.unwrap() {
        let table: String = table.get(0);
        let sql = format!("SELECT (to_jsonb(t) - 'pinCode' - 'pin')::text FROM {table} t");
        let rows = sqlx::query(AssertSqlSafe(sql))
            .fetch_all(pool)
            .await
            .unwrap();
        for row in rows {
            writeln!(all, "{table}: {}", row.get::<String, _>(0)).unwrap();
        }
    }
    all
}

/// Pages that are of no single order.
const PAGES: [&str; 22] = [
    "/",
    "/inbox",
    "/orders",
    "/orders?q=player",
    "/orders?q=kanarya",
    "/panels",
    "/jobs",
    "/jobs/sweep/run",
    "/jobs/balance/run",
    "/jobs/retention/run",
    "/stock",
    "/stock/push",
    "/stock/push?force=yes",
    "/packages",
    "/packages?q=1",
    "/charts",
    "/charts?range=1h",
    "/brakes/pause",
    "/brakes/resume",
    "/login",
    "/nowhere",
    "/orders/00000000-0000-0000-0000-000000000000",
];

/// What programs read.
const DATA: [&str; 25] = [
    "/metrics",
    "/livez",
    "/readyz",
    "/nowhere",
    "/api/openapi.json",
    "/api/v1/nowhere",
    "/api/v1/overview",
    "/api/v1/warnings",
    "/api/v1/panels",
    "/api/v1/orders?limit=500",
    "/api/v1/orders/search?q=player",
    "/api/v1/brakes",
    "/api/v1/jobs",
    "/api/v1/jobs/balance/runs",
    "/api/v1/shadow",
    "/api/v1/shadow/orders",
    "/api/v1/jobs/pull-orders/runs",
    "/api/v1/jobs/push-stock/runs",
    "/api/v1/stock/plan?settled=true",
    "/api/v1/stock/log",
    "/api/v1/stock/batches",
    "/api/v1/stock/batches/1/items",
    "/api/v1/stock/batches/2/items",
    "/api/v1/stock/refused",
    "/api/v1/packages",
];

/// Every page with its second steps, without their language.
async fn pages(world: &World, rows: &[Row]) -> Vec<String> {
    let mut pages = PAGES.map(str::to_owned).to_vec();
    for row in rows {
        let order = format!("/orders/{}", row.id);
        pages.extend(["", "/code", "/retry"].map(|step| format!("{order}{step}")));
        pages.extend(
            ["bought", "not-bought", "send-again"]
                .map(|verdict| format!("{order}/resolve?verdict={verdict}")),
        );
    }
    let panels: Vec<uuid::Uuid> = sqlx::query_scalar("SELECT id FROM integrations")
        .fetch_all(&world.database.pool)
        .await
        .unwrap();
    for panel in panels {
        pages.extend(["pause", "resume"].map(|step| format!("/brakes/{step}?panel={panel}")));
    }
    pages
}

/// All that the server shows without being asked for a code.
async fn answers(world: &World, site: &Site, rows: &[Row]) -> Vec<String> {
    let mut paths = DATA.map(str::to_owned).to_vec();
    for row in rows {
        for part in ["", "/events", "/explain"] {
            paths.push(format!("/api/v1/orders/{}{part}", row.id));
        }
    }
    let mut texts = Vec::new();
    for path in paths {
        let answer = site.get(&path).await;
        assert!(answer.status < 500, "{path}: {answer:?}");
        assert_ne!(answer.status, 401, "{path}");
        texts.push(answer.head + &answer.body);
    }
    let found = site.post("/api/v1/doctor", &serde_json::json!({})).await;
    assert_eq!(found.status, 200, "{found:?}");
    texts.push(found.body);
    let pages = pages(world, rows).await;
    for lang in Lang::ALL {
        let wanted = pages.iter().map(|path| {
            let joint = if path.contains('?') { '&' } else { '?' };
            page(site, format!("{path}{joint}lang={}", lang.code()), lang)
        });
        let read: Vec<String> = stream::iter(wanted).buffered(4).collect().await;
        texts.extend(read);
    }
    texts
}

/// A page in that language, as a browser reads it.
async fn page(site: &Site, path: String, lang: Lang) -> String {
    let bearer = format!("Bearer {TOKEN}");
    let mut headers = vec![("Accept", "text/html")];
    // The log-in is for who has shown nothing.
    if !path.starts_with("/login") {
        headers.push(("Authorization", &bearer));
    }
    let mut answer = site.send(&format!("GET {path}"), &headers, "").await;
    // One step leads back to the order.
    if answer.status == 303 {
        return answer.head + &answer.body;
    }
    assert!(answer.status < 500, "{path}: {answer:?}");
    let html = format!("<html lang=\"{}\"", lang.code());
    assert!(answer.body.contains(&html), "{path}: {answer:?}");
    answer.head.push_str(&answer.body);
    answer.head
}

/// A code is shown to who asks for it, so what was looked for before could have been there.
async fn a_code_is_shown(site: &Site, rows: &[Row]) {
    let row = rows.iter().find(|row| row.pin_code.is_some()).unwrap();
    let pin = row.pin_code.as_deref().unwrap();
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("Accept", "text/html"), ("Authorization", &*bearer)];
    let line = format!("POST /orders/{}/code", row.id);
    let answer = site.send(&line, &headers, "").await;
    assert!(answer.body.contains(pin), "{answer:?}");
}

/// The line with a secret in it, if there is one.
fn leak<'t>(text: &'t str, secrets: &[String]) -> Option<(&'t str, String)> {
    text.lines().find_map(|line| {
        let small = line.to_lowercase();
        let found = secrets
            .iter()
            .find(|secret| small.contains(&secret.to_lowercase()));
        found.map(|secret| (line, secret.clone()))
    })
}

fn assert_none(level: &str, texts: &[String], secrets: &[String]) {
    for text in texts {
        if let Some((line, secret)) = leak(text, secrets) {
            panic!("at {level}, {secret:?} in: {line}");
        }
    }
}

/// Accounts and codes, wherever they come from.
fn canaries(rows: &[Row]) -> Vec<String> {
    let mut secrets = [
        "kanarya-kod",
        "Kanarya/sifre",
        "Kanarya%2Fsifre",
        CODE,
        DATABASE_PASSWORD,
        URL_PASSWORD,
        TOKEN,
    ]
    .map(str::to_owned)
    .to_vec();
    secrets.extend(Market::secrets());
    let known = secrets.len();
    secrets.extend(rows.iter().filter_map(|row| row.pin_code.clone()));
    assert!(secrets.len() > known + 6, "hardly an order got its code");
    secrets
}

async fn run(level: &str, and_addresses: bool) {
    let world = World::with(|plan: &mut PanelPlan| PREFIX.clone_into(&mut plan.path_prefix)).await;
    let base_url = world.panel.base_url();
    let orders = purchases(&base_url);
    let count = orders.len();
    world.panel.faults().script(Endpoint::Purchase, orders);
    world
        .panel
        .faults()
        .script(Endpoint::Status, questions(&base_url));
    let port = base_url
        .trim_end_matches(PREFIX)
        .rsplit(':')
        .next()
        .unwrap();
    let bad = [
        format!("http://{HOST}{PREFIX}"),
        format!("https://127.0.0.1:{port}{PREFIX}"),
        format!("http://127.0.0.1:1{PREFIX}"),
        format!("http://bayi:{URL_PASSWORD}@127.0.0.1:{port}{PREFIX}"),
        format!("kanarya-yol: {URL_PASSWORD}"),
        format!("ftp://{HOST}/?sifre={URL_PASSWORD}"),
    ];
    for base_url in &bad {
        unreachable(&world, base_url).await;
    }
    world.shop.orders(PIN, "player", count).await;

    let market = market(&world).await;
    let mut proxy = Proxy::before(world.database.options()).await;
    let settings = market.settings(settings(&world, &proxy, level));
    let process = world.program(&settings, &["run"]).spawn();
    process.wait_for_line("waiting for the database").await;
    proxy.open().await;
    process.wait_for_lines("this panel cannot be used", 2).await;
    let faults = world.panel.faults();
    until("all faults to be met", || async {
        let left = faults.scripted(Endpoint::Purchase) + faults.scripted(Endpoint::Status);
        (left == 0).then_some(())
    })
    .await;
    proxy.cut().await;
    process.wait_for_line("cannot look for work").await;
    proxy.open().await;
    let rows = world.shop.settled().await;
    traded(&world, &market).await;
    let site = Site::of(&process).await.with_token();
    let mut texts = answers(&world, &site, &rows).await;
    a_code_is_shown(&site, &rows).await;
    let ended = process.stop().await;

    let addresses = [HOST.to_owned(), format!("127.0.0.1:{port}")];
    let mut secrets = canaries(&rows);
    if and_addresses {
        secrets.extend(addresses.clone());
    }
    let of_server = texts.len();
    // Whatever the libraries log, the server shows no panel's address.
    let mut shown = secrets.clone();
    shown.extend(addresses);
    shown.push(PREFIX.to_owned());
    assert_none(level, &texts, &shown);
    // The warehouse's tables hold the customers; nothing else does.
    let log = [ended.stdout.clone(), ended.stderr.clone()];
    for texts in [&texts[..], &log] {
        assert_none(level, texts, &Market::personal());
    }
    texts.extend([ended.stdout, ended.stderr, stored(&world).await]);
    for row in &rows {
        let name = row.id.to_string();
        for args in [
            &["order", "show", &name][..],
            &["order", "show", &name, "--json"],
        ] {
            let shown = world.command(args).await;
            texts.extend([shown.stdout, shown.stderr]);
        }
    }
    assert_none(level, &texts, &secrets);
    // What is looked for can be found: the answers and the steps are there.
    assert!(texts[of_server + 1].contains("the panel refused the order"));
    assert!(texts[of_server + 2].contains("Hatalı giriş"));
    let said = |texts: &[String], words: &str| texts.iter().any(|text| text.contains(words));
    assert!(said(&texts[..of_server], "Hatalı giriş"));
    assert!(said(&texts, "key ***, secret ***"));
    assert!(said(&texts[..of_server], "KASKOL-2"));
}

fn settings(world: &World, proxy: &Proxy, level: &str) -> Settings {
    let options: sqlx::postgres::PgConnectOptions = proxy.url().parse().unwrap();
    let options = if options.to_url_lossy().password().is_none() {
        options.password(DATABASE_PASSWORD)
    } else {
        options
    };
    let url = url_as(&options, DAEMON);
    world
        .settings()
        .text("database.url", &url)
        .text("log.level", level)
        .text("http.token", TOKEN)
        .text("znet.request_timeout", "1s")
        // So that the unreachable one is called, and what comes of it is logged.
        .with("znet.allow_plain_http", format!("[{HOST:?}]"))
        // Some answers are lies that the panel does not know of afterwards.
        .text("poll.give_up_after", "12s")
        .text("trendyol.request_timeout", "2s")
        .text("trendyol.orders.interval", "1s")
        .with("trendyol.orders.requests_per_minute", "1000")
        .text("trendyol.stock.interval", "1s")
        .text("trendyol.stock.first_run_after", "0s")
        .text("trendyol.stock.react", "1s")
        .text("trendyol.stock.settle", "0s")
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_logged_or_stored_at_info() {
    run("info", true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_logged_or_stored_at_trace() {
    // Which has every line of "debug" in it.
    run("trace", true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_account_or_code_is_logged_even_when_the_libraries_are_named() {
    // Whoever names them gets to see where they connect to.
    let level = "trace,hyper=trace,hyper_util=trace,reqwest=trace,rustls=trace,sqlx=trace";
    run(level, false).await;
}
