//! `pause` and `resume`: buying stops and goes on, watching does not stop, and all of it is kept.

use std::time::Duration;

use orderwatch::order::Stage;
use sqlx::PgPool;

use crate::{
    people::run,
    support::{Rig, Shop},
};

fn action(who: &str, what: &str, target: &str, why: &str) -> [String; 4] {
    [who, what, target, why].map(ToOwned::to_owned)
}

#[sqlx::test(migrations = false)]
async fn a_pause_stops_buying_everywhere_but_not_watching_until_it_is_taken_back(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let bought = shop.place(reseller.package("2")).await;
    rig.buy().await;
    let said = run(&shop, "pause --reason prices_look_wrong").await;
    let state = said.fine().to_owned();
    assert!(
        state.starts_with("Buying is paused for all panels since 20"),
        "{state}"
    );
    assert!(state.ends_with(" by ayse: prices look wrong"), "{state}");

    let waits = shop.place(reseller.package("2")).await;
    assert_eq!(rig.buy().await, 0);
    rig.run_out().await;
    assert_eq!(shop.stage(bought).await, Stage::Completed);
    assert!(shop.find_tracked(waits).await.is_none());

    let again = run(&shop, "pause --reason another --by mehmet").await;
    assert_eq!(
        again.fine(),
        format!("It was paused before; that stays.\n{state}")
    );

    let mut notices = shop
        .store
        .listen(orderwatch::store::Channel::NewOrders)
        .await
        .unwrap();
    let said = run(&shop, "resume --by mehmet").await;
    assert_eq!(said.fine(), "Buying is not paused anywhere.");
    let notice = tokio::time::timeout(Duration::from_secs(30), notices.next()).await;
    notice.unwrap().unwrap();
    let said = run(&shop, "resume").await;
    assert_eq!(
        said.fine(),
        "It was not paused.\nBuying is not paused anywhere."
    );
    let actions = [
        action("ayse", "pause", "all", "prices look wrong"),
        action("mehmet", "resume", "all", ""),
    ];
    assert_eq!(shop.actions().await, actions, "only what changed something");
    assert_eq!(rig.buy().await, 1);
    assert_eq!(shop.stage(waits).await, Stage::Submitted);
}

#[sqlx::test(migrations = false)]
async fn one_panel_is_paused_by_its_id_and_the_other_goes_on(pool: PgPool) {
    let (shop, first) = Shop::open(pool).await;
    let second = shop.reseller(|_| {}).await;
    let mut rig = Rig::new(&shop);
    let said = run(
        &shop,
        &format!("pause --integration {} --reason moving", first.id),
    )
    .await;
    let want = format!("Buying is paused at panel 0 ({}) since 20", first.id);
    assert!(said.fine().starts_with(&want), "{said:?}");
    let waits = shop.place(first.package("2")).await;
    let goes = shop.place(second.package("2")).await;
    rig.buy().await;
    assert!(shop.find_tracked(waits).await.is_none());
    assert_eq!(shop.stage(goes).await, Stage::Submitted);
    // Resuming everything is not resuming this one.
    let said = run(&shop, "resume").await;
    assert!(
        said.fine()
            .starts_with(&format!("It was not paused.\n{want}")),
        "{said:?}"
    );
    run(&shop, &format!("resume --integration {}", first.id))
        .await
        .fine();
    assert_eq!(rig.buy().await, 1);
}

#[sqlx::test(migrations = false)]
async fn an_unknown_panel_is_an_error_that_names_the_known_ones(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    shop.integration("internal", "http://localhost:1/").await;
    let unknown = uuid::Uuid::new_v4();
    for id in [
        unknown.to_string(),
        "panel".to_owned(),
        uuid::Uuid::nil().to_string(),
    ] {
        for verb in ["pause --reason x", "resume"] {
            let said = run(&shop, &format!("{verb} --integration {id}")).await;
            let known = format!("{}  panel 0 (tenant {})", reseller.id, shop.tenant);
            let refusal = said.refused();
            assert!(
                refusal.contains(&format!("no panel has the id {id:?}")),
                "{refusal}"
            );
            assert!(refusal.ends_with(&known), "{refusal}");
        }
    }
    assert!(shop.actions().await.is_empty());

    // A brake outlives its panel and comes off all the same.
    run(
        &shop,
        &format!("pause --integration {} --reason x", reseller.id),
    )
    .await
    .fine();
    shop.sql("DELETE FROM integrations WHERE provider = 'znet'")
        .await;
    let said = run(&shop, &format!("resume --integration {}", reseller.id)).await;
    assert_eq!(said.fine(), "Buying is not paused anywhere.");
}
