//! Who approves and rejects orders where the shop has wallets.

use super::process::world::World;

const WALLETS: &str = "CREATE TABLE wallet_transactions (id uuid PRIMARY KEY)";

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_with_wallets_is_not_settled_by_sql() {
    let world = World::new().await;
    sqlx::raw_sql(WALLETS)
        .execute(&world.database.pool)
        .await
        .unwrap();
    let settings = world.settings().text("orders.settle", "status");

    for args in [&["run"][..], &["once", "sweep"]] {
        let ended = world.program(&settings, args).run().await;
        assert_eq!(ended.code(), 1, "{args:?}: {ended:?}");
        for words in ["orders.settle", "wallet_transactions", "[[notify.webhook]]"] {
            assert!(ended.stderr.contains(words), "{args:?}: {}", ended.stderr);
        }
    }

    let ended = world.program(&settings, &["doctor"]).run().await;
    assert_eq!(ended.code(), 1, "{ended:?}");
    assert!(
        ended
            .stdout
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .contains("would refund nobody"),
        "{}",
        ended.stdout
    );
}
