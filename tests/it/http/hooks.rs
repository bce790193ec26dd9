//! Trendyol calls: who is heard, what is written down before the answer, and what is read.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sandbox::trendyol::Endpoint;
use serde_json::{Value, json};
use sqlx::Executor as _;

use super::{Answer, Site};
use crate::process::{
    Process, market::Market, proxy::Proxy, settings::Settings, until, world::World,
};

const USER: &str = "trendyol-calls";
const PASSWORD: &str = "kanarya-parola-4711-hook";
const OURS: &str = "/hooks/orders/107703";

fn settings(market: &Market, settings: Settings) -> Settings {
    market
        .settings(settings)
        .with("trendyol.webhook.enabled", "true")
        .text("trendyol.webhook.public_url", "https://orders.shop.example")
        .text("trendyol.webhook.user", USER)
        .text("trendyol.webhook.password", PASSWORD)
        // No order comes with a pull after the first one.
        .text("trendyol.orders.interval", "1h")
        .text("trendyol.stock.interval", "1h")
}

/// A daemon whose first pull is over.
async fn open() -> (World, Market, Process, Site) {
    let world = World::new().await;
    let market = Market::open(&[("A", 3)]).await;
    let process = world.start(&settings(&market, world.settings())).await;
    let site = Site::of(&process).await;
    pulled(&world).await;
    (world, market, process, site)
}

async fn pulled(world: &World) {
    const DONE: &str = "SELECT count(*) FROM orderwatch.job_runs
                        WHERE job = 'pull-orders' AND outcome = 'done'";
    until("the first pull", || async {
        (count(world, DONE).await > 0).then_some(())
    })
    .await;
}

async fn count(world: &World, sql: &'static str) -> i64 {
    let count = sqlx::query_scalar(sql);
    count.fetch_one(&world.database.pool).await.unwrap()
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

async fn call(site: &Site, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    site.send(&format!("POST {path}"), headers, body).await
}

fn named(order: &str) -> String {
    json!({ "content": [{ "orderNumber": order }] }).to_string()
}

/// What `orderwatch trendyol ARGS --json` prints.
async fn trendyol(world: &World, settings: &Settings, args: &[&str]) -> Value {
    let args = [&["trendyol"], args, &["--json"]].concat();
    let printed = world.program(settings, &args).run().await.good();
    assert!(!printed.contains(PASSWORD), "{printed}");
    serde_json::from_str(&printed).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_read_as_soon_as_trendyol_calls() {
    let (world, market, process, site) = open().await;
    let url = format!("http://{}", site.address);
    let settings = settings(&market, world.settings()).text("trendyol.webhook.public_url", &url);
    let register = &["webhook", "register"][..];
    let first = trendyol(&world, &settings, register).await;
    assert_eq!(first["outcome"], "registered");
    let again = trendyol(&world, &settings, register).await;
    assert_eq!(
        (&again["outcome"], &again["id"]),
        (&json!("updated"), &first["id"])
    );
    let listed = trendyol(&world, &settings, &["webhook", "list"]).await;
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed:#}");
    assert_eq!(
        (&listed[0]["ours"], &listed[0]["active"], &listed[0]["url"]),
        (&json!(true), &json!(true), &json!(format!("{url}{OURS}")))
    );

    let order = market.store.sell("A", 1).unwrap();
    assert_eq!(market.store.deliver_hooks().await, 1);
    assert_eq!(
        market.store.ledger().hook_deliveries()[0].answered,
        Some(200)
    );
    let path = format!("/api/v1/packages?number={}", order.number);
    until("the order to be read", || async {
        let found = site.read(&path).await;
        let found = found["items"].as_array().is_some_and(|all| !all.is_empty());
        found.then_some(())
    })
    .await;
    until("the call to be done with", || async {
        let open = count(&world, "SELECT count(*) FROM orderwatch.order_calls").await;
        (open == 0).then_some(())
    })
    .await;

    let removed = trendyol(&world, &settings, &["webhook", "remove"]).await;
    assert_eq!(removed["id"], first["id"]);
    let listed = trendyol(&world, &settings, &["webhook", "list"]).await;
    assert_eq!(listed, json!([]));
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_show_the_password_is_not_heard() {
    let (world, _market, process, site) = open().await;
    let right = basic(USER, PASSWORD);
    for wrong in [
        &[][..],
        &[("Authorization", &*basic(USER, "wrong-wrong-wrong-wrong"))],
        &[("Authorization", &*basic("somebody", PASSWORD))],
        &[("Authorization", &*format!("Bearer {PASSWORD}"))],
        &[("Authorization", "Basic %%%")],
        &[("x-api-key", "")],
        &[("x-api-key", &PASSWORD[1..])],
        // A wrong key is not made good by the login.
        &[("x-api-key", "wrong"), ("Authorization", &*right)],
    ] {
        let answer = call(&site, OURS, wrong, &named("1")).await;
        assert_eq!((answer.status, &*answer.body), (401, ""), "{wrong:?}");
    }
    let login = [("Authorization", &*right)];
    for path in [
        "/hooks/orders/2738",
        "/hooks/orders/",
        "/hooks/orders/107703/x",
    ] {
        let answer = call(&site, path, &login, &named("1")).await;
        assert!(matches!(answer.status, 403 | 404), "{path}: {answer:?}");
    }
    assert_eq!(
        call(&site, "/hooks/orders/2738", &login, "")
            .await
            .problem(404),
        "not-found"
    );
    for garbage in ["", "{}", "not json", r#"{"content":[{"id":7}]}"#] {
        let answer = call(&site, OURS, &login, garbage).await;
        assert_eq!(answer.problem(400), "bad-request", "{garbage}");
    }
    // Of two MiB the first is read, and the rest is not waited for.
    let large = [login[0], ("Content-Length", "2097152")];
    let body = " ".repeat(1024 * 1024 + 1);
    assert_eq!(
        call(&site, OURS, &large, &body).await.problem(413),
        "too-large"
    );
    let rows = "SELECT count(*) FROM orderwatch.order_calls";
    assert_eq!(count(&world, rows).await, 0);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_calls_about_one_order_is_one_row_and_nothing_of_them_is_believed() {
    let (world, market, process, site) = open().await;
    let key = [("x-api-key", PASSWORD)];
    let forged = json!({ "orderNumber": "777", "status": "Created",
        "lines": [{ "barcode": "A", "quantity": 3 }] });
    for _ in 0..30 {
        let answer = call(&site, OURS, &key, &forged.to_string()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    until("Trendyol to be asked", || async {
        let asked = market.store.ledger().requests_to(Endpoint::Orders);
        asked
            .iter()
            .any(|request| request.target.contains("777"))
            .then_some(())
    })
    .await;
    let rows = "SELECT count(*) FROM orderwatch.order_calls";
    assert_eq!(count(&world, rows).await, 1);
    assert_eq!(
        count(&world, "SELECT count(*) FROM orderwatch.packages").await,
        0
    );
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_the_database_does_not_take_is_repeated() {
    let world = World::new().await;
    let market = Market::open(&[("A", 3)]).await;
    let mut proxy = Proxy::before(world.database.options()).await;
    proxy.open().await;
    let through = settings(&market, world.settings()).text("database.url", &proxy.url());
    let process = world.start(&through).await;
    let site = Site::of(&process).await;
    pulled(&world).await;
    let key = [("x-api-key", PASSWORD)];
    let order = market.store.sell("A", 1).unwrap();
    proxy.cut().await;
    let answer = call(&site, OURS, &key, &named(&order.number)).await;
    assert_eq!(answer.problem(503), "unavailable");
    proxy.open().await;
    until("the repeated call to be taken", || async {
        let answer = call(&site, OURS, &key, &named(&order.number)).await;
        (answer.status == 200).then_some(())
    })
    .await;
    until("the order to be read", || async {
        let read = count(&world, "SELECT count(*) FROM orderwatch.packages").await;
        (read == 1).then_some(())
    })
    .await;
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_enabled_webhook_there_is_nothing() {
    let world = World::new().await;
    let market = Market::open(&[("A", 3)]).await;
    let off = settings(&market, world.settings()).with("trendyol.webhook.enabled", "false");
    let process = world.start(&off).await;
    let site = Site::of(&process).await;
    let answer = call(&site, OURS, &[("x-api-key", PASSWORD)], &named("1")).await;
    assert_eq!(answer.problem(404), "not-found");
    let refused = world
        .program(&off, &["trendyol", "webhook", "register"])
        .run()
        .await;
    assert_eq!(refused.code(), 1);
    assert!(
        refused
            .stderr
            .contains("set trendyol.webhook.enabled first"),
        "{refused:?}"
    );
    process.stop().await;
}

/// What `doctor` says of the webhook.
async fn diagnosed(world: &World, settings: &Settings) -> (String, String) {
    let ended = world.program(settings, &["doctor", "--json"]).run().await;
    let found: Value = serde_json::from_str(&ended.stdout).unwrap();
    let findings = found["findings"].as_array().unwrap();
    let finding = findings
        .iter()
        .find(|finding| finding["check"] == "webhook");
    let finding = finding.unwrap_or_else(|| panic!("{found:#}"));
    let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    (text("outcome"), text("fix"))
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_names_the_command_when_trendyol_does_not_call() {
    const REGISTER: &str = "`orderwatch trendyol webhook register`";
    let world = World::new().await;
    let market = Market::open(&[("A", 3)]).await;
    let settings = settings(&market, world.settings());
    let (outcome, fix) = diagnosed(&world, &settings).await;
    assert_eq!(outcome, "warn");
    assert!(fix.contains(REGISTER), "{fix}");

    // Registered where nobody answers, so Trendyol gives it up.
    let dead = settings
        .clone()
        .text("trendyol.webhook.public_url", "http://127.0.0.1:1");
    trendyol(&world, &dead, &["webhook", "register"]).await;
    assert_eq!(diagnosed(&world, &dead).await.0, "ok");
    let id = trendyol(&world, &dead, &["webhook", "list"]).await[0]["id"].clone();
    deactivate(&market, id.as_str().unwrap()).await;
    let (outcome, fix) = diagnosed(&world, &dead).await;
    assert_eq!(outcome, "warn");
    assert!(fix.contains(REGISTER), "{fix}");
    let again = trendyol(&world, &dead, &["webhook", "register"]).await;
    assert_eq!(again["outcome"], "activated");
    assert_eq!(diagnosed(&world, &dead).await.0, "ok");
}

/// What Trendyol does after 13 calls in vain.
async fn deactivate(market: &Market, id: &str) {
    let [_, _, login] = Market::secrets();
    let store = Site {
        address: market.store.base_url().replace("http://", ""),
        token: None,
    };
    let headers = [
        ("Authorization", &*format!("Basic {login}")),
        ("User-Agent", "107703 - SelfIntegration"),
        ("Content-Type", "application/json"),
    ];
    let line = format!("PUT /integration/webhook/sellers/107703/webhooks/{id}/deactivate");
    let answer = store.send(&line, &headers, "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_seller_on_the_same_database_is_refused_until_the_first_is_forgotten() {
    let (world, market, process, _site) = open().await;
    process.stop().await;
    let first = settings(&market, world.settings());
    let other = first.clone().text("trendyol.seller_id", "2738");
    let elsewhere = first
        .clone()
        .text("trendyol.base_url", "https://stageapigw.trendyol.com");
    for (settings, said) in [
        (&other, "names seller 2738 at local"),
        (&elsewhere, "names seller 107703 at stageapigw.trendyol.com"),
    ] {
        for args in [&["run"][..], &["once", "pull-orders"], &["stock", "push"]] {
            let ended = world.program(settings, args).run().await;
            assert_eq!(ended.code(), 1, "{args:?}: {ended:?}");
            for said in [
                said,
                "of seller 107703 at local",
                "forget-account --seller 107703 --yes",
            ] {
                assert!(ended.stderr.contains(said), "{args:?} {said}: {ended:?}");
            }
        }
        let ended = world.program(settings, &["doctor", "--json"]).run().await;
        let found: Value = serde_json::from_str(&ended.stdout).unwrap();
        let mut findings = found["findings"].as_array().unwrap().iter();
        let fails =
            |finding: &&Value| finding["check"] == "account" && finding["outcome"] == "fail";
        assert!(findings.any(|finding| fails(&finding)), "{found:#}");
    }

    world
        .database
        .pool
        .execute("INSERT INTO orderwatch.stock_items (barcode) VALUES ('A')")
        .await
        .unwrap();
    let forget = |seller: &'static str, yes: bool| {
        let mut args = vec!["trendyol", "forget-account", "--seller", seller];
        args.extend(yes.then_some("--yes"));
        world.program(&other, &args).run()
    };
    for (seller, yes, said) in [
        ("2738", true, "not of 2738; nothing was forgotten"),
        ("107703", false, "say --yes"),
    ] {
        let ended = forget(seller, yes).await;
        assert_eq!(ended.code(), 1);
        assert!(ended.stderr.contains(said), "{ended:?}");
    }
    // What is known of the stock is not the daemon's to delete.
    let args = ["trendyol", "forget-account", "--seller", "107703", "--yes"];
    let daemon = world
        .program(&other, &args)
        .env("ORDERWATCH__DATABASE__URL", world.database.url());
    let ended = daemon.run().await;
    assert_eq!(ended.code(), 1, "{ended:?}");
    assert!(
        ended.stderr.contains("a member of orderwatch_migrator"),
        "{ended:?}"
    );
    let told = forget("107703", true).await.good();
    assert!(
        told.contains("Seller 107703 at local is forgotten"),
        "{told}"
    );
    for sql in [
        "SELECT count(*) FROM orderwatch.stock_items",
        "SELECT count(*) FROM orderwatch.feeds",
        "SELECT count(*) FROM orderwatch.trendyol_account",
    ] {
        assert_eq!(count(&world, sql).await, 0, "{sql}");
    }
    world.start(&other).await.stop().await;
    assert_eq!(
        count(
            &world,
            "SELECT count(*) FROM orderwatch.trendyol_account WHERE seller_id = '2738'"
        )
        .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_not_forgotten_under_a_running_daemon() {
    let (world, market, process, _site) = open().await;
    let settings = settings(&market, world.settings());
    let args = ["trendyol", "forget-account", "--seller", "107703", "--yes"];
    let ended = world.program(&settings, &args).run().await;
    assert_eq!(ended.code(), 1);
    assert!(ended.stderr.contains("stop it first"), "{ended:?}");
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_wrong_passwords_costs_little_and_keeps_nobody_out() {
    let (world, _market, process, site) = open().await;
    let mut refused = [0, 0];
    for _ in 0..40 {
        let wrong = [("x-api-key", "wrong-wrong-wrong-wrong")];
        let answer = call(&site, OURS, &wrong, &named("1")).await;
        if answer.status == 401 {
            refused[0] += 1;
            continue;
        }
        assert_eq!(answer.problem(429), "too-many-requests");
        assert!(answer.head.contains("retry-after: 60"), "{answer:?}");
        refused[1] += 1;
    }
    // At least so many in a minute; a slow machine may have given some back.
    assert!(refused[0] >= 10 && refused[1] > 0, "{refused:?}");
    assert_eq!(
        count(&world, "SELECT count(*) FROM orderwatch.order_calls").await,
        0
    );
    assert_eq!(process.count_lines("wrong credentials were shown"), 1);
    let metrics = site.get("/metrics").await.body;
    for (reason, count) in ["wrong", "limited"].into_iter().zip(refused) {
        let labels = format!("door=\"webhook\",reason=\"{reason}\"");
        let line = format!("orderwatch_refused_credentials_total{{{labels}}} {count}\n");
        assert!(metrics.contains(&line), "{line}: {metrics}");
    }

    // Trendyol calls from the same address, by either way of showing the password.
    let right = basic(USER, PASSWORD);
    for right in [("x-api-key", PASSWORD), ("Authorization", &*right)] {
        let answer = call(&site, OURS, &[right], &named("1")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    process.stop().await;
}
