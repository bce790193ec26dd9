//! The stream in a daemon: woken by settlements, and set up by the configuration.

use super::*;
use crate::process::roles::{DAEMON, url_as};

#[sqlx::test(migrations = false)]
async fn a_settlement_wakes_the_stream(pool: PgPool) {
    let receiver = Receiver::start([]).await;
    let (shop, reseller) = telling(pool, vec![everyone("shop")]).await;
    let order = shop.place(reseller.package("2")).await;
    let mut rig = Rig::new(&shop);
    let (recorder, deliveries) =
        DeliveryRecorder::new(shop.store.clone(), Arc::clone(&rig.settled));
    let clock = Arc::clone(&shop.clock) as Arc<dyn Clock>;
    let notices = Notices::new(
        (shop.store.clone(), Arc::clone(&clock)),
        Http::new().unwrap(),
        vec![endpoint("shop", &receiver)],
        deliveries,
        TaskTracker::new(),
        Arc::clone(&rig.settled),
    );
    // It looks by itself once in a month.
    let stream = Stream {
        name: "notices",
        capacity: Capacity::new(4),
        wakeup: Arc::clone(&rig.settled),
        scan_interval: secs(30 * 24 * HOUR),
        pulse: Pulses::default().add("notices", secs(HOUR)),
        clock,
    };
    let stop = CancellationToken::new();
    let streaming = tokio::spawn(stream.run(notices, stop.clone()));
    let writing = tokio::spawn(recorder.run());
    rig.buy().await;
    rig.run_out().await;
    receiver.arrived(1).await;
    stop.cancel();
    streaming.await.unwrap();
    // Every delivery is written down before the writer ends.
    writing.await.unwrap();
    assert_ne!(shop.notice(order).await["delivered_at"], Value::Null);
}

/// The daemon as `orderwatch run` starts it, with an address in its file.
fn configured(pool: &PgPool, file: PathBuf) -> Config {
    let url = url_as(&pool.connect_options(), DAEMON);
    let environment = [
        ("DATABASE_URL", url.as_str()),
        ("ORDERWATCH__ZNET__REQUESTS_PER_SECOND", "0"),
        ("ORDERWATCH__POLL__FIRST_CHECK_AFTER", "10ms"),
        ("ORDERWATCH__POLL__BACKOFF_INITIAL", "10ms"),
        ("ORDERWATCH__BALANCE__INTERVAL", "10ms"),
        ("ORDERWATCH__HTTP__LISTEN", "127.0.0.1:0"),
    ];
    let sources = Sources::new(Some(file), environment, []);
    Config::load(&sources).unwrap().config
}

#[sqlx::test(migrations = false)]
async fn the_daemon_tells_delivers_and_asks_for_balances(pool: PgPool) {
    let receiver = Receiver::start([]).await;
    let (shop, reseller) = Shop::open(pool.clone()).await;
    let folder = tempfile::tempdir().unwrap();
    let config = configured(&pool, file(&receiver, &folder));
    let stop = Stop::default();
    let daemon = tokio::spawn({
        let stop = stop.clone();
        async move { daemon::run(&config, &stop).await }
    });
    let order = shop.place(reseller.package("2")).await;
    shop.set(order, r#""createdAt" = now()"#).await;
    let request = receiver.arrived(1).await.remove(0);
    assert!(request.is_signed_with(KEY));
    assert_eq!(request.json()["data"]["order_id"], json!(order));
    let asked = |ledger: &Ledger| ledger.count(PanelEndpoint::Balance) > 0;
    reseller.panel.wait_for(asked).await;
    stop.soft.cancel();
    daemon.await.unwrap().unwrap();
    assert_ne!(shop.notice(order).await["delivered_at"], Value::Null);
    let sql = "SELECT balance::text FROM orderwatch.panels WHERE integration_id = $1";
    let balance = sqlx::query_scalar(sql).bind(reseller.id.0);
    let balance: String = balance.fetch_one(&pool).await.unwrap();
    assert_eq!(balance, "999965");
}
