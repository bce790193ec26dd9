//! What happens meanwhile: customers order, staff move goods, Trendyol sells.

use std::{
    fmt,
    time::{Duration, Instant},
};

use fastrand::Rng;
use sandbox::trendyol::TrendyolStore;
use sqlx::{Connection, PgConnection};

use crate::{
    PRODUCTS,
    seller::barcode,
    support::database::{Database, Shop},
};

/// Of one big shop in its busiest hour, each second.
const ORDERS: f64 = 500.0 / 3600.0;
const SALES: f64 = 200.0 / 3600.0;
const CHANGES: f64 = 360.0 / 3600.0;

/// How much of it.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    shops: f64,
    shop: Shop,
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minute = |each: f64| self.shops * each * 60.0;
        write!(
            f,
            "{:.0} orders, {:.0} sales at the store and {:.0} changes in the warehouse a minute",
            minute(ORDERS),
            minute(SALES),
            minute(CHANGES)
        )
    }
}

impl Load {
    pub(crate) fn of(shops: f64, shop: Shop) -> Self {
        Self { shops, shop }
    }

    /// Goes on for so long; returns how many orders were placed.
    pub(crate) async fn run(
        self,
        database: &Database,
        store: &TrendyolStore,
        time: Duration,
        mut dice: Rng,
    ) -> anyhow::Result<usize> {
        let mut connection = database.connect().await?;
        let began = Instant::now();
        let (mut orders, mut sales, mut changes) = (0, 0, 0);
        while began.elapsed() < time {
            // What is due by now, so that a slow moment is made up for.
            let due = |each: f64, done: u32| {
                let until_now = began.elapsed().as_secs_f64() * self.shops * each;
                until_now > f64::from(done)
            };
            if due(ORDERS, orders) {
                self.order(&mut connection, orders).await?;
                orders += 1;
            }
            if due(CHANGES, changes) {
                change(&mut connection, &mut dice).await?;
                changes += 1;
            }
            if due(SALES, sales) {
                // What is sold out cannot be sold, there as here.
                drop(store.sell(&barcode(dice.u32(..PRODUCTS)), 1));
                sales += 1;
            }
            tokio::time::sleep(Duration::from_millis(dice.u64(5..50))).await;
        }
        connection.close().await?;
        Ok(usize::try_from(orders)?)
    }

    async fn order(self, connection: &mut PgConnection, number: u32) -> anyhow::Result<()> {
        sqlx::query(
            r#"INSERT INTO public.product_orders
                   ("tenantId", "packageId", "userIdentifier", "sellPriceCurrency", "sellPriceAmount", price)
               VALUES ($1, $2, $3, 'TRY', 49.99, 49.99)"#,
        )
        .bind(self.shop.tenant)
        .bind(self.shop.package)
        .bind(format!("player-{number}"))
        .execute(connection)
        .await?;
        Ok(())
    }
}

/// Goods come in or go out.
async fn change(connection: &mut PgConnection, dice: &mut Rng) -> anyhow::Result<()> {
    sqlx::query("UPDATE public.central_stock SET qty = $2 WHERE barcode = $1")
        .bind(barcode(dice.u32(..PRODUCTS)))
        .bind(dice.i32(1..40))
        .execute(connection)
        .await?;
    Ok(())
}
