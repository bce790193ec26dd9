//! Which settlements are told of, and what is said.

use super::*;

#[sqlx::test(migrations = false)]
async fn a_settlement_is_told_once_signed_and_without_the_code(pool: PgPool) {
    let receiver = Receiver::start([Reply::Long(1_000_000)]).await;
    let (shop, reseller) = telling(pool, vec![everyone("shop")]).await;
    let order = settle(&shop, &reseller, "2").await;
    let settled_at = shop.tracked(order).await.finished_at.unwrap();
    shop.advance(secs(90));
    let mut post = Post::new(&shop, vec![endpoint("shop", &receiver)]);
    assert_eq!(post.turn().await, 1);

    let request = receiver.requests().remove(0);
    assert_eq!(request.line(), "POST /hooks?auth=t0p-s3cr3t HTTP/1.1");
    assert_eq!(request.header("content-type"), "application/json");
    let timestamp = shop.now().timestamp().to_string();
    assert_eq!(request.header("webhook-timestamp"), timestamp);
    assert!(request.is_signed_with(KEY) && !request.is_signed_with(OLD_KEY));
    let want = json!({
        "type": "order.settled",
        "timestamp": settled_at.to_rfc3339_opts(SecondsFormat::Millis, true),
        "data": {
            "order_id": order,
            "tenant_id": shop.tenant,
            "stage": "completed",
            "outcome": "completed",
            "status": "pending",
            "external_status": "done",
            "provider_message": "İşlem başarılı",
            "reference": reseller.reference(order),
            "cost": "35",
            "currency": "TRY",
        },
    });
    assert_eq!(request.json(), want);
    let pin = shop.pin(order).await.unwrap();
    assert!(!request.body.contains(&pin) && !pin.is_empty());

    let row = shop.notice(order).await;
    assert_eq!(row["id"], request.header("webhook-id"));
    assert_eq!(
        (&row["attempts"], &row["last_error"]),
        (&json!(1), &Value::Null)
    );
    assert_eq!(row["due_at"], Value::Null);
    let delivered_at = row["delivered_at"].as_str().unwrap();
    assert_eq!(
        DateTime::parse_from_rfc3339(delivered_at).unwrap(),
        shop.now()
    );
    shop.advance(secs(48 * HOUR));
    assert_eq!(post.turn().await, 0);
    assert_eq!(receiver.requests().len(), 1);
}

#[sqlx::test(migrations = false)]
async fn every_final_outcome_is_told_and_nothing_else(pool: PgPool) {
    let (shop, reseller) = telling(pool, vec![everyone("shop")]).await;
    let cancelled = settle(&shop, &reseller, "4").await;
    let body = |row: &Value| row["body"]["data"].clone();
    let told = body(&shop.notice(cancelled).await);
    assert_eq!(
        (&told["stage"], &told["outcome"], &told["status"]),
        (&json!("failed"), &json!("cancelled"), &json!("pending"))
    );

    let refusal = Fault::Instead(Trouble::says("3|Stok yok"));
    reseller
        .panel
        .faults()
        .next(PanelEndpoint::Purchase, refusal);
    let refused = settle(&shop, &reseller, "2").await;
    let told = body(&shop.notice(refused).await);
    assert_eq!(
        (&told["stage"], &told["outcome"], &told["status"]),
        (&json!("failed"), &json!("refused"), &json!("pending"))
    );
    assert_eq!(told["provider_message"], "Stok yok");
    assert_eq!(
        (&told["cost"], &told["currency"]),
        (&Value::Null, &Value::Null)
    );

    let held = shop.place(reseller.package("2")).await;
    shop.set(held, "quantity = 2").await;
    let open = shop.place(reseller.package("2")).await;
    Rig::new(&shop).buy().await;
    assert_eq!(shop.stage(held).await, Stage::Held);
    assert_eq!(shop.stage(open).await, Stage::Submitted);
    for order in [held, open] {
        assert_eq!(shop.notices(order).await, Vec::<Value>::new());
    }
}

#[sqlx::test(migrations = false)]
async fn a_tenant_hears_of_its_own_orders_only(pool: PgPool) {
    let (mut shop, reseller) = telling(pool, Vec::new()).await;
    let before = settle(&shop, &reseller, "2").await;
    assert_eq!(shop.notices(before).await, Vec::<Value>::new());
    let only = |name: &str, tenant| Audience {
        endpoint: name.to_owned(),
        tenant: Some(tenant),
    };
    let audience = vec![
        everyone("all"),
        only("mine", shop.tenant),
        only("theirs", TenantId(Uuid::new_v4())),
    ];
    shop.store = shop.store.clone().telling(audience);
    let order = settle(&shop, &reseller, "2").await;
    let notices = shop.notices(order).await;
    let told: Vec<&str> = notices
        .iter()
        .filter_map(|row| row["endpoint"].as_str())
        .collect();
    assert_eq!(told, ["all", "mine"]);
    assert_ne!(notices[0]["id"], notices[1]["id"]);
}

#[sqlx::test(migrations = false)]
async fn what_a_person_settles_is_told_too(pool: PgPool) {
    let receiver = Receiver::start([]).await;
    let (shop, reseller) = telling(pool, vec![everyone("shop")]).await;
    let order = shop.place(reseller.package("2")).await;
    let lost = Fault::Instead(Trouble::Close);
    reseller.panel.faults().next(PanelEndpoint::Purchase, lost);
    let mut rig = Rig::new(&shop);
    rig.buy().await;
    rig.run_out().await;
    assert_eq!(shop.held(order).await, "unconfirmed");
    assert_eq!(shop.notices(order).await, Vec::<Value>::new());
    let folder = tempfile::tempdir().unwrap();
    let config = file(&receiver, &folder);
    let settle = format!(
        "--config {} order resolve {order} --not-bought --reason seen --yes",
        config.display()
    );
    run(&shop, &settle).await.fine();
    assert_eq!(
        Post::new(&shop, vec![endpoint("shop", &receiver)])
            .turn()
            .await,
        1
    );
    let want = json!({
        "order_id": order,
        "tenant_id": shop.tenant,
        "stage": "failed",
        "outcome": "not_bought",
        "status": "pending",
        "external_status": "failed",
        "provider_message": null,
        "reference": reseller.reference(order),
        "cost": "0",
        "currency": "TRY",
    });
    assert_eq!(receiver.requests()[0].json()["data"], want);
}

#[sqlx::test(migrations = false)]
async fn a_panel_that_repeats_the_code_in_its_words_does_not_tell_it(pool: PgPool) {
    let (shop, reseller) = telling(pool, vec![everyone("shop")]).await;
    let order = shop.place(reseller.package("2")).await;
    let mut rig = Rig::new(&shop);
    rig.buy().await;
    let repeats = Fault::Instead(Trouble::says("OK|2|Q7X9|Kod Q7X9 gönderildi"));
    reseller.panel.faults().next(PanelEndpoint::Status, repeats);
    rig.run_out().await;
    assert_eq!(shop.pin(order).await.as_deref(), Some("Q7X9"));
    let told = shop.notice(order).await["body"].to_string();
    assert!(!told.contains("Q7X9"), "{told}");
}

#[sqlx::test(migrations = false)]
async fn nothing_is_told_of_what_staff_had_decided_until_a_person_decides_again(pool: PgPool) {
    let (shop, reseller) = telling(pool, vec![everyone("shop")]).await;
    let receiver = Receiver::start([]).await;
    let folder = tempfile::tempdir().unwrap();
    let config = file(&receiver, &folder);
    for (how, told) in [("--give-code", 1), ("--keep-back", 0)] {
        let order = shop.place(reseller.package("2")).await;
        let mut rig = Rig::new(&shop);
        rig.buy().await;
        shop.set(order, "status = 'rejected'").await;
        rig.run_out().await;
        assert_eq!(shop.held(order).await, "decided_then_delivered");
        assert_eq!(shop.notices(order).await, Vec::<Value>::new());
        let line = format!(
            "--config {} order resolve {order} {how} --reason seen --yes",
            config.display()
        );
        run(&shop, &line).await.fine();
        let notices = shop.notices(order).await;
        assert_eq!(notices.len(), told, "{how}");
        for notice in notices {
            let data = &notice["body"]["data"];
            assert_eq!(
                (&data["outcome"], &data["status"]),
                (&json!("completed"), &json!("rejected"))
            );
        }
    }
}
