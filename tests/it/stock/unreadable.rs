//! Records of the feed that cannot be read: nobody knows what was sold in them.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use sqlx::PgPool;

use super::{fed::Told, rig::Rig};

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

/// Nine of `A` lie there and are on sale, and orders are shown by a feed that the test writes.
async fn shop(pool: PgPool) -> (Rig, Arc<Mutex<Told>>) {
    let mut rig = Rig::new(pool, &[("A", 9)]).await;
    rig.warehouse.stock("A", 9).await;
    let told = rig.fed().await;
    rig.push().await.unwrap();
    rig.wait(10 * MINUTE);
    (rig, told)
}

impl Rig {
    /// Two of `A` are sold in this record of package 501.
    fn sold_in(&self, told: &Mutex<Told>, order: &Value, lines: &Value) {
        let left = self.shop.stock_of("A").unwrap() - 2;
        self.shop.drift("A", left).unwrap();
        told.lock().unwrap().records = vec![json!({
            "shipmentPackageId": 501, "orderNumber": order, "status": "Created",
            "lastModifiedDate": self.now().timestamp_millis(), "lines": lines,
        })];
    }

    /// What is on sale after a pass, whatever that says of it.
    async fn on_sale_after_a_pass(&self) -> Vec<String> {
        drop(self.push().await);
        self.on_sale()
    }
}

#[sqlx::test(migrations = false)]
async fn a_sale_that_cannot_be_read_is_not_put_back_on_sale(pool: PgPool) {
    let (rig, told) = shop(pool).await;
    rig.sold_in(&told, &json!("4711"), &Value::Null);
    for minute in (0..130).step_by(2) {
        if minute == 70 {
            let lines = json!([{ "lineId": 1, "barcode": "A", "quantity": 2 }]);
            told.lock().unwrap().records[0]["lines"] = lines;
        }
        let on_sale = rig.on_sale_after_a_pass().await;
        assert_eq!(on_sale, ["A 7"], "minute {minute}");
        rig.wait(2 * MINUTE);
    }

    assert_eq!(rig.push().await.unwrap().reserved, 2);
    rig.pull().await.unwrap();
    rig.warehouse.stock("A", 12).await;
    assert_eq!(rig.on_sale_after_a_pass().await, ["A 10"]);
}

#[sqlx::test(migrations = false)]
async fn what_stays_unreadable_is_named_all_day_and_stock_is_lowered_meanwhile(pool: PgPool) {
    let (rig, told) = shop(pool).await;
    rig.sold_in(&told, &Value::Null, &json!([]));
    let passed = rig.push().await.unwrap_err().to_string();
    assert_eq!(
        passed,
        "orders came that cannot be read, so stock is only lowered"
    );

    for hour in 0..24 {
        // Between two passes over a day nothing meets the record.
        for _ in 0..2 {
            let said = rig.pull().await.unwrap_err().to_string();
            assert!(said.contains("stock is only lowered until"), "{said}");
            rig.wait(HOUR / 2);
        }
        match hour {
            5 => rig.warehouse.stock("A", 5).await,
            6 => rig.warehouse.stock("A", 9).await,
            _ => {}
        }
        let want = if hour < 5 { "A 7" } else { "A 5" };
        assert_eq!(rig.on_sale_after_a_pass().await, [want], "hour {hour}");
    }

    rig.wait(HOUR);
    rig.pull().await.unwrap();
    assert_eq!(rig.on_sale_after_a_pass().await, ["A 9"]);
}
