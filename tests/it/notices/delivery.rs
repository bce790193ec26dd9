//! What happens on the way: trouble, repetition, keys, restarts.

use super::*;

#[sqlx::test(migrations = false)]
async fn what_fails_is_tried_again_for_a_day_and_then_given_up_and_kept(pool: PgPool) {
    let trouble = Reply::Status("500 Internal Server Error", String::new());
    let receiver = Receiver::start(vec![trouble; 8]).await;
    let (shop, reseller) = telling(pool, vec![everyone("shop")]).await;
    let order = settle(&shop, &reseller, "2").await;
    let mut post = Post::new(&shop, vec![endpoint("shop", &receiver)]);
    assert_eq!(post.turn().await, 1, "at once");
    let waits = [
        5,
        5 * MINUTE,
        30 * MINUTE,
        2 * HOUR,
        5 * HOUR,
        10 * HOUR,
        10 * HOUR,
    ];
    for wait in waits {
        let row = shop.notice(order).await;
        assert_eq!(row["last_error"], "the address answered 500");
        shop.advance(Duration::from_millis(wait * 1000 - 1));
        assert_eq!(post.turn().await, 0, "before {wait} s");
        shop.advance(Duration::from_millis(1));
        assert_eq!(post.turn().await, 1, "after {wait} s");
    }
    let row = shop.notice(order).await;
    assert_eq!(
        (&row["attempts"], &row["due_at"]),
        (&json!(8), &Value::Null)
    );
    assert_eq!(row["delivered_at"], Value::Null);
    assert_ne!(row["given_up_at"], Value::Null);
    shop.advance(secs(1000 * HOUR));
    assert_eq!(post.turn().await, 0);
    let requests = receiver.requests();
    assert_eq!(requests.len(), 8);
    assert!(
        requests
            .iter()
            .all(|r| r.is_signed_with(KEY) && r.body == requests[0].body)
    );
    let ids: Vec<&str> = requests.iter().map(|r| r.header("webhook-id")).collect();
    assert_eq!(ids, [ids[0]; 8]);
}

#[sqlx::test(migrations = false)]
async fn a_redirect_is_not_followed_and_410_ends_the_tries(pool: PgPool) {
    let elsewhere = Receiver::start([]).await;
    let receiver = Receiver::start([
        Reply::Status(
            "307 Temporary Redirect",
            format!("location: {}\r\n", elsewhere.url()),
        ),
        Reply::Status("410 Gone", String::new()),
    ])
    .await;
    let (shop, reseller) = telling(pool, vec![everyone("shop")]).await;
    let order = settle(&shop, &reseller, "2").await;
    let mut post = Post::new(&shop, vec![endpoint("shop", &receiver)]);
    post.turn().await;
    assert_eq!(
        shop.notice(order).await["last_error"],
        "the address answered 307"
    );
    shop.advance(secs(5));
    post.turn().await;
    let row = shop.notice(order).await;
    assert_eq!(row["last_error"], "the address answered 410: it is gone");
    assert_ne!(row["given_up_at"], Value::Null);
    shop.advance(secs(1000 * HOUR));
    assert_eq!(post.turn().await, 0);
    assert_eq!(
        (receiver.requests().len(), elsewhere.requests().len()),
        (2, 0)
    );
}

#[sqlx::test(migrations = false)]
async fn an_address_that_is_slow_or_down_holds_up_no_other(pool: PgPool) {
    let slow = Receiver::start([Reply::Silence, Reply::Silence]).await;
    let down = Receiver::start([]).await;
    let quick = Receiver::start([]).await;
    let names = ["slow", "down", "quick"];
    let (shop, reseller) = telling(pool, names.map(everyone).to_vec()).await;
    let order = settle(&shop, &reseller, "2").await;
    let mut patient = endpoint("slow", &slow);
    patient.timeout = secs(600);
    let mut nobody = endpoint("down", &down);
    // Port 1 of this machine: nobody listens there.
    nobody.url = "http://127.0.0.1:1/hooks?auth=t0p-s3cr3t".parse().unwrap();
    let endpoints = vec![patient, nobody, endpoint("quick", &quick)];
    let post = Post::new(&shop, endpoints);
    assert_eq!(post.begin().await, 3);
    slow.arrived(1).await;
    quick.arrived(1).await;
    let second = settle(&shop, &reseller, "3").await;
    post.begin().await;
    slow.arrived(2).await;
    let last = quick.arrived(2).await.remove(1);
    assert_eq!(last.json()["data"]["order_id"], json!(second));
    assert!(!post.tasks.is_empty(), "the slow one is still waited for");
    drop(post);

    let mut impatient = endpoint("slow", &slow);
    impatient.timeout = Duration::from_millis(100);
    let silent = Receiver::start([Reply::Silence]).await;
    impatient.url = silent.url().parse().unwrap();
    // The claims of the daemon that is gone end some time.
    shop.advance(secs(HOUR));
    let mut post = Post::new(&shop, vec![impatient]);
    post.turn().await;
    let errors: Vec<Value> = shop
        .notices(order)
        .await
        .iter()
        .map(|n| n["last_error"].clone())
        .collect();
    assert!(
        errors.contains(&json!("no whole answer within the time-out")),
        "{errors:?}"
    );
}

#[sqlx::test(migrations = false)]
async fn no_error_holds_the_address(pool: PgPool) {
    let receiver = Receiver::start([]).await;
    let (shop, reseller) = telling(pool, vec![everyone("down")]).await;
    let order = settle(&shop, &reseller, "2").await;
    let mut nobody = endpoint("down", &receiver);
    nobody.url = "http://hook:p4ssw0rd@127.0.0.1:1/hooks?auth=t0p-s3cr3t"
        .parse()
        .unwrap();
    assert!(!format!("{nobody:?}").contains("s3cr3t"));
    Post::new(&shop, vec![nobody]).turn().await;
    let row = shop.notice(order).await.to_string();
    assert!(row.contains("the server refused the connection"), "{row}");
    assert!(
        !row.contains("s3cr3t") && !row.contains("p4ssw0rd"),
        "{row}"
    );
}

#[sqlx::test(migrations = false)]
async fn while_keys_are_changed_both_sign(pool: PgPool) {
    let receiver = Receiver::start([]).await;
    let (shop, reseller) = telling(pool, vec![everyone("shop")]).await;
    settle(&shop, &reseller, "2").await;
    let mut both = endpoint("shop", &receiver);
    let login = format!("http://hook:p%40ss@{}/", receiver.address);
    both.url = login.parse().unwrap();
    both.keys.push(Key::parse(OLD_KEY).unwrap());
    Post::new(&shop, vec![both]).turn().await;
    let request = receiver.requests().remove(0);
    assert!(request.is_signed_with(KEY) && request.is_signed_with(OLD_KEY));
    // hook:p@ss
    assert_eq!(request.header("authorization"), "Basic aG9vazpwQHNz");
    assert_eq!(request.line(), "POST / HTTP/1.1");
    assert_eq!(request.header("host"), receiver.address.to_string());
    let signatures: Vec<&str> = request.header("webhook-signature").split(' ').collect();
    assert_eq!(signatures.len(), 2);
    assert!(
        signatures
            .iter()
            .all(|signature| signature.starts_with("v1,"))
    );
}

#[sqlx::test(migrations = false)]
async fn a_restart_loses_no_notice_and_repeats_one_at_most_under_the_same_id(pool: PgPool) {
    let receiver = Receiver::start([]).await;
    let (shop, reseller) = telling(pool, vec![everyone("shop")]).await;
    let order = settle(&shop, &reseller, "2").await;
    // The daemon that settled it is gone; this one is killed before it can write down the delivery.
    let killed = Post::new(&shop, vec![endpoint("shop", &receiver)]);
    assert_eq!(killed.begin().await, 1);
    receiver.arrived(1).await;
    drop(killed);
    let mut next = Post::new(&shop, vec![endpoint("shop", &receiver)]);
    assert_eq!(next.turn().await, 0, "the claim still holds");
    shop.advance(secs(10 + 60));
    assert_eq!(next.turn().await, 1);
    let requests = receiver.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(
        requests[0].header("webhook-id"),
        requests[1].header("webhook-id")
    );
    assert_ne!(shop.notice(order).await["delivered_at"], Value::Null);
}

#[sqlx::test(migrations = false)]
async fn notices_of_an_address_that_is_gone_from_the_configuration_wait_and_are_counted(
    pool: PgPool,
) {
    let (stays, gone) = (Receiver::start([]).await, Receiver::start([]).await);
    let (mut shop, reseller) = telling(pool, vec![everyone("gone"), everyone("stays")]).await;
    let order = settle(&shop, &reseller, "2").await;
    shop.store = shop.store.clone().telling(vec![everyone("stays")]);
    let mut post = Post::new(&shop, vec![endpoint("stays", &stays)]);
    assert_eq!(post.turn().await, 1);
    assert_eq!((stays.requests().len(), gone.requests().len()), (1, 0));
    let retention = |shop: &Shop| Retention {
        store: shop.store.clone(),
        clock: Arc::clone(&shop.clock) as _,
        keep: config::Retention {
            events: secs(90 * 24 * HOUR),
            job_runs: secs(90 * 24 * HOUR),
            stats: secs(90 * 24 * HOUR),
        },
    };
    let report = retention(&shop).prune().await.unwrap();
    assert_eq!((report.notices, report.stranded), (0, 1));
    assert_eq!(shop.notices(order).await.len(), 2);

    // Back in the configuration, it gets what has waited.
    shop.store = shop
        .store
        .clone()
        .telling(vec![everyone("gone"), everyone("stays")]);
    let endpoints = vec![endpoint("stays", &stays), endpoint("gone", &gone)];
    assert_eq!(Post::new(&shop, endpoints).turn().await, 1);
    assert_eq!(gone.requests().len(), 1);
    shop.advance(secs(90 * 24 * HOUR + 1));
    let report = retention(&shop).prune().await.unwrap();
    assert_eq!((report.notices, report.stranded), (2, 0));
}
