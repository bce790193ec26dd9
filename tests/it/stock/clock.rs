//! The clock jumps, as it does where somebody sets it or a database moves to another machine.

use std::time::Duration;

use chrono::TimeDelta;
use sqlx::PgPool;

use super::rig::Rig;

const MINUTE: Duration = Duration::from_mins(1);

#[sqlx::test(migrations = false)]
async fn an_hour_back_or_forward_loses_no_order_and_raises_nothing_on_an_old_view(pool: PgPool) {
    let rig = Rig::new(pool, &[("A", 9), ("B", 9)]).await;
    rig.warehouse.stock("A", 9).await;
    rig.warehouse.stock("B", 9).await;
    rig.push().await.unwrap();
    rig.wait(20 * MINUTE);
    rig.push().await.unwrap();

    let (mut qty, mut on_sale) = (9, 9);
    for jump in [TimeDelta::hours(-1), TimeDelta::hours(1)] {
        rig.clock.set(rig.now() + jump);
        let before = format!("A {qty}");
        qty += 3;
        rig.warehouse.stock("A", qty).await;
        rig.weather(|weather| weather.feed_out = true);
        rig.push().await.unwrap_err();
        assert_eq!(rig.on_sale()[0], before, "{jump}");

        rig.weather(|weather| weather.feed_out = false);
        let order = rig.shop.sell("B", 2).unwrap();
        on_sale -= 2;
        rig.wait(MINUTE);
        rig.push().await.unwrap();
        let known = format!("{} created Created B×2", order.number);
        assert!(rig.warehouse.orders().await.contains(&known), "{jump}");
        assert_eq!(
            rig.on_sale(),
            [format!("A {qty}"), format!("B {on_sale}")],
            "{jump}"
        );
        let seen = format!(
            "SELECT observed, observed_at = '{}' FROM orderwatch.stock_items WHERE barcode = 'B'",
            rig.now()
        );
        let want = format!("{on_sale}|true");
        assert_eq!(rig.warehouse.rows(&seen).await, [want], "{jump}");

        rig.wait(20 * MINUTE);
        rig.push().await.unwrap();
    }
}
