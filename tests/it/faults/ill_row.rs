//! One row that the server does not manage to write, among many that it does.

use orderwatch::order::Stage;
use sandbox::panel::Endpoint;
use sqlx::PgPool;

use crate::support::{Rig, Shop};

#[sqlx::test(migrations = false)]
async fn one_row_that_cannot_be_written_does_not_hold_up_the_others(pool: PgPool) {
    let (shop, reseller) = Shop::open(pool).await;
    let mut rig = Rig::new(&shop);
    let orders = shop.place_many(reseller.package("2"), 5).await;
    let ill = orders[2];
    // As a page of the table that cannot be read, or a trigger that outlasts the statement's time.
    let refuse = format!(
        r#"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN RAISE EXCEPTION 'invalid page' USING ERRCODE = 'XX001'; END $$;
           CREATE TRIGGER refuse BEFORE UPDATE ON product_orders FOR EACH ROW
           WHEN (NEW.id = '{ill}' AND NEW."externalStatus" = 'sent') EXECUTE FUNCTION refuse()"#
    );
    shop.sql(&refuse).await;
    rig.dispatch().await;
    rig.dispatch().await;
    for order in &orders {
        let want = if *order == ill {
            Stage::Dispatching
        } else {
            Stage::Submitted
        };
        assert_eq!(shop.stage(*order).await, want);
    }

    shop.sql("DROP TRIGGER refuse ON product_orders").await;
    rig.record().await;
    assert_eq!(shop.stage(ill).await, Stage::Submitted);
    assert_eq!(reseller.panel.ledger().count(Endpoint::Purchase), 5);
}
