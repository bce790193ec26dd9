//! `order resolve`: a person says what became of an order, in two steps, and it goes on from there.

use std::time::Duration;

use orderwatch::order::{OrderId, Stage};
use sandbox::{
    panel::Endpoint,
    trouble::{Fault, Trouble},
};
use serde_json::{Value, json};
use sqlx::{PgPool, postgres::PgListener};

use crate::{
    people::{PERSON, Said, run},
    support::{Reseller, Rig, Shop},
};

async fn resolve(shop: &Shop, order: OrderId, how: &str) -> Said {
    let line = format!("order resolve {order} {how} --reason seen_there --yes");
    run(shop, &line).await
}

/// An order whose purchase got no answer.
async fn unsure(shop: &Shop, reseller: &Reseller, rig: &mut Rig, fault: Fault) -> OrderId {
    let order = shop.place(reseller.package("2")).await;
    reseller.panel.faults().next(Endpoint::Purchase, fault);
    rig.buy().await;
    assert_eq!(shop.stage(order).await, Stage::Unconfirmed);
    order
}

/// An order that is held since the panel says that it does not know it; it was not sold.
async fn held(shop: &Shop, reseller: &Reseller, rig: &mut Rig) -> OrderId {
    let order = unsure(shop, reseller, rig, Fault::Instead(Trouble::Close)).await;
    rig.run_out().await;
    assert_eq!(shop.held(order).await, "unconfirmed");
    order
}

async fn open(pool: PgPool) -> (Shop, Reseller, Rig) {
    let (shop, reseller) = Shop::open(pool).await;
    let rig = Rig::new(&shop);
    (shop, reseller, rig)
}

#[sqlx::test(migrations = false)]
async fn without_yes_it_only_says_what_it_would_do(pool: PgPool) {
    let (shop, reseller, mut rig) = open(pool).await;
    let order = held(&shop, &reseller, &mut rig).await;
    let before = shop.state(order).await;
    let reference = reseller.reference(order);
    for (how, words) in [
        (
            "--bought",
            format!(
                "from held (unconfirmed) to submitted: The panel is checked for {reference} again"
            ),
        ),
        (
            "--not-bought",
            "to failed: The order ends as not bought".to_owned(),
        ),
        (
            "--not-bought --resend",
            format!(
                "to queued: The order is sent to the panel again with its reference {reference}"
            ),
        ),
    ] {
        let said = run(&shop, &format!("order resolve {order} {how} --reason seen")).await;
        assert_eq!((said.code, said.err.as_str()), (1, ""), "{said:?}");
        assert!(said.out.contains(&words), "{said:?}");
        assert!(
            said.out
                .contains("Nothing was done. Repeat with --yes to do it.")
        );
        assert_eq!(shop.state(order).await, before);
    }
    for how in ["", "--bought --not-bought", "--bought --resend", "--resend"] {
        let said = run(
            &shop,
            &format!("order resolve {order} {how} --reason seen --yes"),
        )
        .await;
        assert_eq!(said.code, 2, "{how}: {said:?}");
        assert_eq!(shop.state(order).await, before);
    }
}

#[sqlx::test(migrations = false)]
async fn what_was_bought_is_watched_again_until_its_pin_is_there(pool: PgPool) {
    let (shop, reseller, mut rig) = open(pool).await;
    // Sold, but the answer was lost, and for a day the panel said that it does not know it.
    let status = Fault::Instead(Trouble::says("3|Kayit bulunamadi"));
    reseller.panel.faults().stand(Endpoint::Status, status);
    let order = unsure(&shop, &reseller, &mut rig, Fault::After(Trouble::Close)).await;
    rig.run_out().await;
    assert_eq!(shop.held(order).await, "unconfirmed");
    reseller.panel.faults().lift(Endpoint::Status);

    let said = resolve(&shop, order, "--bought").await;
    assert!(
        said.fine()
            .starts_with("Done by ayse. from held (unconfirmed) to submitted")
    );
    let tracked = shop.tracked(order).await;
    assert_eq!(tracked.watched.stage, Stage::Submitted);
    assert!(!tracked.watched.may_resend);
    assert_eq!(tracked.watched.sent_at, tracked.watched.dispatched_at);
    assert!(tracked.due_at.unwrap() < tracked.watched.give_up_at.unwrap());
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("externalStatus"), "sent");
    assert_eq!(row.text("status"), "pending");
    let message = "Bought according to ayse: seen there. Checking with the panel again.";
    assert_eq!(row.text("lastMessage"), message);
    let want = json!({
        "who": PERSON, "why": "seen there", "what": "resolve bought", "from": "held",
        "held": "unconfirmed", "to": "submitted", "reference": reseller.reference(order),
        "integration": reseller.id,
    });
    assert_eq!(shop.event(order, "resolved").await, want);
    let action = [PERSON, "resolve bought", &order.to_string(), "seen there"];
    assert_eq!(shop.actions().await, [action.map(ToOwned::to_owned)]);

    shop.carry_over(order).await;
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("externalStatus"), "done");
    let pin = shop.pin(order).await.unwrap();
    assert_eq!(row.text("pinCode"), pin);
    assert_eq!(reseller.panel.ledger().sale_count(), 1);
    for command in ["explain", "show", "resolve --bought --reason again --yes"] {
        let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
        let said = run(&shop, &format!("order {verb} {order} {rest}")).await;
        assert!(
            !said.out.contains(&pin) && !said.err.contains(&pin),
            "{said:?}"
        );
    }
}

#[sqlx::test(migrations = false)]
async fn what_was_not_bought_ends_as_failed_and_the_shop_decides(pool: PgPool) {
    let (shop, reseller, mut rig) = open(pool).await;
    let order = held(&shop, &reseller, &mut rig).await;
    let mut settled = PgListener::connect_with(&shop.pool).await.unwrap();
    settled.listen("orderwatch_settled").await.unwrap();
    resolve(&shop, order, "--not-bought").await.fine();
    let notice = tokio::time::timeout(Duration::from_secs(30), settled.recv()).await;
    let notice: Value = serde_json::from_str(notice.unwrap().unwrap().payload()).unwrap();
    assert_eq!(
        notice,
        json!({
            "order_id": order, "tenant_id": shop.tenant, "stage": "failed",
            "outcome": "not_bought", "status": "pending",
        })
    );
    let tracked = shop.tracked(order).await;
    assert_eq!(tracked.watched.stage, Stage::Failed);
    assert!(tracked.finished_at.is_some());
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("externalStatus"), "failed");
    assert_eq!(row.text("status"), "pending", "staff decide");
    let message = "Resolved as not bought by ayse: seen there.";
    assert_eq!(row.text("lastMessage"), message);
    assert_eq!(row.notes().last(), Some(&message));
    let ledger = shop.purchases(order).await;
    assert_eq!(
        (ledger[0].text("cost"), ledger[0].text("outcome")),
        ("0", "resolved")
    );
    assert_eq!(rig.next_due().await, None);
    let explained = run(&shop, &format!("order explain {order}")).await;
    assert!(
        explained
            .fine()
            .starts_with("Resolved as not bought by ayse: seen there; final since")
    );
    let again = resolve(&shop, order, "--bought").await;
    assert!(again.refused().contains("The order is final: failed."));
}

#[sqlx::test(migrations = false)]
async fn what_is_sent_again_has_the_same_reference(pool: PgPool) {
    let (shop, reseller, mut rig) = open(pool).await;
    let order = held(&shop, &reseller, &mut rig).await;
    let reference = shop.tracked(order).await.reference;
    let mut notices = shop
        .store
        .listen(orderwatch::store::Channel::NewOrders)
        .await
        .unwrap();
    resolve(&shop, order, "--not-bought --resend").await.fine();
    let notice = tokio::time::timeout(Duration::from_secs(30), notices.next()).await;
    notice.unwrap().unwrap();
    let tracked = shop.tracked(order).await;
    assert_eq!(tracked.watched.stage, Stage::Queued);
    assert_eq!(tracked.reference, reference);
    shop.carry_over(order).await;
    assert_eq!(rig.buy().await, 1);
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Completed);
    assert_eq!(shop.tracked(order).await.reference, reference);
    assert_eq!(reseller.panel.ledger().sale_count(), 1);
    assert_eq!(shop.purchases(order).await.len(), 1);
}

#[sqlx::test(migrations = false)]
async fn an_order_may_be_settled_before_it_is_held_and_an_answer_on_its_way_is_late(pool: PgPool) {
    let (shop, reseller, mut rig) = open(pool).await;
    let order = unsure(&shop, &reseller, &mut rig, Fault::Instead(Trouble::Close)).await;
    let due = shop.tracked(order).await.due_at.unwrap();
    shop.advance((due - shop.now()).to_std().unwrap());
    rig.begin_poll().await;
    resolve(&shop, order, "--not-bought").await.fine();
    rig.finish().await;
    assert_eq!(shop.stage(order).await, Stage::Failed);
    let steps = ["claimed", "unsure", "resolved", "late_answer"];
    assert_eq!(shop.events(order).await, steps);
}

#[sqlx::test(migrations = false)]
async fn what_cannot_be_watched_ends_as_a_person_says(pool: PgPool) {
    let (shop, reseller, mut rig) = open(pool).await;
    let reasons = [
        "pin_too_long",
        "shop_row_refused",
        "no_reference",
        "reference_shared",
        "row_lost",
    ];
    for reason in reasons {
        for (how, stage, external) in [
            ("--bought", Stage::Completed, "done"),
            ("--not-bought", Stage::Failed, "failed"),
        ] {
            let order = shop.place(reseller.package("2")).await;
            rig.buy().await;
            let hold = format!(
                "UPDATE orderwatch.orders SET stage = 'held', held_reason = '{reason}', due_at = NULL
                 WHERE order_id = '{order}'"
            );
            assert_eq!(shop.sql(&hold).await, 1);
            let resend = resolve(&shop, order, "--not-bought --resend").await;
            assert!(resend.refused().contains("is not sent again"), "{resend:?}");
            resolve(&shop, order, how).await.fine();
            let tracked = shop.tracked(order).await;
            assert_eq!(tracked.watched.stage, stage, "{reason}");
            let row = shop.shop_row(order).await;
            assert_eq!(row.text("externalStatus"), external, "{reason}");
            assert_eq!(row.text("status"), "pending", "{reason}");
        }
    }
    assert_eq!(shop.actions().await.len(), 10);
}

#[sqlx::test(migrations = false)]
async fn a_code_that_the_shops_row_refused_is_in_it_once_a_person_settles_the_order(pool: PgPool) {
    let (shop, reseller, mut rig) = open(pool).await;
    for (code, given) in [("AB12-CD34".to_owned(), true), ("x".repeat(5000), false)] {
        let order = shop.place(reseller.package("2")).await;
        rig.buy().await;
        let hold = format!(
            "UPDATE orderwatch.orders SET stage = 'held', held_reason = 'shop_row_refused', due_at = NULL,
                    pin = '{code}' WHERE order_id = '{order}'"
        );
        assert_eq!(shop.sql(&hold).await, 1);
        resolve(&shop, order, "--bought").await.fine();
        let row = shop.shop_row(order).await;
        let there = row.0["pinCode"].as_str().is_some_and(|there| there == code);
        assert_eq!(there, given);
        assert_eq!(shop.stage(order).await, Stage::Completed);
        // What does not fit stays with us, whole.
        assert_eq!(shop.pin(order).await, Some(code));
    }
}

#[sqlx::test(migrations = false)]
async fn a_shop_that_refuses_its_part_does_not_keep_the_order_from_being_settled(pool: PgPool) {
    let (shop, reseller, mut rig) = open(pool).await;
    let order = held(&shop, &reseller, &mut rig).await;
    let before = shop.shop_row(order).await;
    shop.sql(r#"ALTER TABLE product_orders ADD CHECK ("externalStatus" <> 'failed')"#)
        .await;
    let said = resolve(&shop, order, "--not-bought").await;
    let hint = "The shop's database refused its part, so the shop's row is as it was.";
    assert!(said.fine().ends_with(hint), "{said:?}");
    assert_eq!(shop.stage(order).await, Stage::Failed);
    assert_eq!(shop.shop_row(order).await, before);
    assert_eq!(shop.event(order, "resolved").await["shop_row_left"], true);
    assert_eq!(shop.actions().await.len(), 1);
}

#[sqlx::test(migrations = false)]
async fn of_two_people_who_decide_at_once_one_wins(pool: PgPool) {
    let (shop, reseller, mut rig) = open(pool).await;
    for round in 1..=4 {
        let order = held(&shop, &reseller, &mut rig).await;
        let (one, other) = tokio::join!(
            resolve(&shop, order, "--bought --by one"),
            resolve(&shop, order, "--not-bought --by other"),
        );
        let (winner, stage, loser) = if one.code == 0 {
            ("one", Stage::Submitted, other)
        } else {
            ("other", Stage::Failed, one)
        };
        // Whoever came second read the order before or after the first had decided.
        let refusal = loser.refused();
        let known = [
            "changed meanwhile",
            "holds the shop's row",
            "is final",
            "continues automatically",
        ];
        assert!(
            known.iter().any(|words| refusal.contains(words)),
            "{refusal}"
        );
        assert_eq!(shop.stage(order).await, stage);
        let actions = shop.actions().await;
        assert_eq!(actions.len(), round, "one action each");
        assert_eq!(actions[round - 1][0], winner);
        let steps = shop.events(order).await;
        assert_eq!(steps.iter().filter(|step| *step == "resolved").count(), 1);
        shop.sql("DELETE FROM orderwatch.orders").await;
    }
}

#[sqlx::test(migrations = false)]
async fn a_row_that_somebody_holds_is_not_waited_for(pool: PgPool) {
    let (shop, reseller, mut rig) = open(pool).await;
    let order = held(&shop, &reseller, &mut rig).await;
    let before = shop.state(order).await;
    let mut staff = shop.pool.begin().await.unwrap();
    sqlx::query("SELECT id FROM product_orders FOR UPDATE")
        .execute(&mut *staff)
        .await
        .unwrap();
    let said = resolve(&shop, order, "--bought").await;
    assert!(
        said.refused()
            .contains("another process holds the shop's row"),
        "{said:?}"
    );
    staff.rollback().await.unwrap();
    assert_eq!(shop.state(order).await, before);
}

#[sqlx::test(migrations = false)]
async fn what_cannot_be_resolved_says_what_can_be_done_instead(pool: PgPool) {
    let (shop, reseller, mut rig) = open(pool).await;
    let submitted = shop.place(reseller.package("2")).await;
    rig.buy().await;
    let late = shop.place(reseller.package("2")).await;
    rig.buy().await;
    shop.sql(&format!(
        "UPDATE orderwatch.orders SET stage = 'timed_out', due_at = NULL, finished_at = now()
         WHERE order_id = '{late}'"
    ))
    .await;
    let unsent = shop.place(reseller.package("2")).await;
    shop.set(unsent, "quantity = 2").await;
    rig.dispatch().await;
    for (order, words) in [
        (
            submitted,
            "The order is submitted and continues automatically",
        ),
        (late, "approve or reject the order in the shop"),
        (
            unsent,
            "Fix the cause and retry it (`orderwatch order retry`)",
        ),
    ] {
        let before = shop.state(order).await;
        let said = resolve(&shop, order, "--bought").await;
        assert!(said.refused().contains(words), "{said:?}");
        assert_eq!(shop.state(order).await, before);
    }
}

/// An order that staff decided while it was under way, and that the panel ended otherwise.
async fn contradicted(
    shop: &Shop,
    reseller: &Reseller,
    rig: &mut Rig,
    (entry, columns): (&str, &str),
) -> OrderId {
    let order = shop.place(reseller.package(entry)).await;
    rig.buy().await;
    shop.set(order, columns).await;
    rig.run_out().await;
    assert_eq!(shop.stage(order).await, Stage::Held);
    order
}

#[sqlx::test(migrations = false)]
async fn a_code_that_came_after_staff_rejected_is_given_or_kept_back(pool: PgPool) {
    let (shop, reseller, mut rig) = open(pool).await;
    let rejected = ("2", "status = 'rejected'");
    let given = contradicted(&shop, &reseller, &mut rig, rejected).await;
    let pin = shop.pin(given).await.unwrap();
    for how in ["--bought", "--not-bought"] {
        let said = resolve(&shop, given, how).await;
        assert!(said.refused().contains("--give-code"), "{said:?}");
    }
    let shown = run(&shop, &format!("order explain {given}")).await;
    assert!(
        shown
            .fine()
            .starts_with("Decided by staff, yet delivered by the panel"),
        "{shown:?}"
    );
    let said = resolve(&shop, given, "--give-code").await;
    assert!(said.fine().contains("stays rejected"), "{said:?}");
    assert!(!said.out.contains(&pin));
    assert_eq!(shop.stage(given).await, Stage::Completed);
    let row = shop.shop_row(given).await;
    assert_eq!(row.text("pinCode"), pin);
    assert_eq!(row.text("externalStatus"), "done");
    assert_eq!(row.text("status"), "rejected", "the shop charges again");
    assert_ne!(*row.get("completedAt"), Value::Null);

    let kept = contradicted(&shop, &reseller, &mut rig, rejected).await;
    let before = shop.shop_row(kept).await;
    resolve(&shop, kept, "--keep-back").await.fine();
    assert_eq!(shop.shop_row(kept).await, before);
    assert_eq!(shop.stage(kept).await, Stage::Completed);
    assert!(shop.pin(kept).await.is_some(), "kept with us");
    assert_eq!(shop.event(kept, "resolved").await["what"], "keep back");
    assert_eq!(shop.purchases(kept).await[0].text("cost"), "35");

    let approved = ("4", "status = 'approved'");
    let nothing = contradicted(&shop, &reseller, &mut rig, approved).await;
    let said = resolve(&shop, nothing, "--give-code").await;
    assert!(said.refused().contains("nothing to give"), "{said:?}");
    let before = shop.shop_row(nothing).await;
    resolve(&shop, nothing, "--keep-back").await.fine();
    assert_eq!(shop.shop_row(nothing).await, before);
    assert_eq!(shop.stage(nothing).await, Stage::Failed);
}

#[sqlx::test(migrations = false)]
async fn a_second_code_is_given_beside_the_one_that_is_there(pool: PgPool) {
    let (shop, reseller, mut rig) = open(pool).await;
    let own = ("2", r#""pinCode" = 'OWN-1', status = 'approved'"#);
    let order = contradicted(&shop, &reseller, &mut rig, own).await;
    resolve(&shop, order, "--give-code").await.fine();
    let pin = shop.pin(order).await.unwrap();
    let row = shop.shop_row(order).await;
    assert_eq!(row.text("pinCode"), format!("OWN-1 / {pin}"));
}
