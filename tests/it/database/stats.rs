//! Statistics over time: what several replicas write, and what the charts read.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first surprise, its helpers too"
)]

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use orderwatch::{
    metrics::series::{Key, OverTime, Series, Total},
    order::IntegrationId,
    store::{MOST_POINTS, Sides, Store},
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::process::roles::{self, DAEMON};

const MINUTE: Duration = Duration::from_mins(1);
const A: IntegrationId = IntegrationId(Uuid::from_u128(1));
const B: IntegrationId = IntegrationId(Uuid::from_u128(2));

/// On a full hour.
fn hour() -> DateTime<Utc> {
    DateTime::from_timestamp(1_900_000_800, 0).unwrap()
}

fn ms(time: u64) -> Duration {
    Duration::from_millis(time)
}

async fn migrated(pool: &PgPool) -> Store {
    Store::from_pool(roles::migrate(pool, Sides::BOTH).await)
}

/// What a replica has counted: purchases at one panel, checks at two, a push.
fn busy() -> Vec<(Key, Total)> {
    let counted = OverTime::default();
    for _ in 0..10 {
        counted.measure((Series::Purchases, Some(A)), ms(15), false);
        counted.measure((Series::Checks, Some(A)), ms(15), false);
    }
    counted.measure((Series::Checks, Some(B)), Duration::from_secs(20), true);
    counted.measure((Series::Dispatch, Some(A)), ms(4), false);
    counted.measure((Series::Code, Some(A)), Duration::from_secs(100), false);
    counted.measure((Series::Pushes, None), ms(300), false);
    counted.measure((Series::Pushes, None), ms(300), true);
    counted.count((Series::Items, None), 7, 2);
    counted.totals().into_iter().collect()
}

#[sqlx::test(migrations = false)]
async fn what_replicas_write_adds_up(pool: PgPool) {
    let store = migrated(&pool).await;
    let other = Store::from_pool(roles::pool_as(&pool, DAEMON));
    store
        .add_stats(hour() + TimeDelta::seconds(59), &busy())
        .await
        .unwrap();
    other.add_stats(hour(), &busy()).await.unwrap();
    other
        .add_stats(hour() + TimeDelta::minutes(2), &busy())
        .await
        .unwrap();

    let to = hour() + TimeDelta::minutes(3);
    let read = async |series, panel| {
        let points = store
            .series(series, panel, hour(), to, MINUTE)
            .await
            .unwrap();
        assert_eq!(points.step, MINUTE);
        let at = |n| hour() + TimeDelta::minutes(n);
        let times: Vec<_> = points.points.iter().map(|point| point.at).collect();
        assert_eq!(times, [at(0), at(1), at(2)]);
        points.points
    };
    let checks = read(Series::Checks, None).await;
    assert_eq!(
        [checks[0].count, checks[1].count, checks[2].count],
        [22, 0, 11]
    );
    assert_eq!([checks[0].errors, checks[1].errors], [2, 0]);
    let checks = read(Series::Checks, Some(B)).await;
    assert_eq!([checks[0].count, checks[0].errors], [2, 2]);
    let purchases = read(Series::Purchases, Some(A)).await;
    assert_eq!([purchases[0].count, purchases[0].errors], [20, 0]);
    assert_eq!(purchases[0].p50, Some(ms(15)));
    assert_eq!(purchases[0].mean, Some(ms(15)));
    assert_eq!((purchases[1].p50, purchases[1].mean), (None, None));
    assert_eq!(read(Series::Purchases, Some(B)).await[0].count, 0);
    let pushes = read(Series::Pushes, None).await;
    assert_eq!([pushes[2].count, pushes[2].errors], [2, 1]);
    let items = read(Series::Items, None).await;
    assert_eq!([items[0].count, items[0].errors], [14, 4]);
    assert_eq!(items[0].p95, None);
    let code = read(Series::Code, None).await;
    assert!(code[0].p95.is_some_and(|p95| p95 > Duration::from_secs(90)));
    assert_eq!(code[0].mean, Some(Duration::from_secs(100)));
}

#[sqlx::test(migrations = false)]
async fn a_panel_is_as_healthy_as_its_last_calls(pool: PgPool) {
    let store = migrated(&pool).await;
    store.add_stats(hour(), &busy()).await.unwrap();
    let after = hour() + TimeDelta::minutes(1);
    assert_eq!(store.panel_health(after).await.unwrap(), []);
    let before = hour() - TimeDelta::minutes(15);
    let health = store.panel_health(before).await.unwrap();
    let [a, b] = health.as_slice() else {
        unreachable!("{health:?}");
    };
    assert_eq!((a.integration, a.calls, a.errors), (A, 20, 0));
    assert_eq!(a.p50, Some(ms(15)));
    assert_eq!((b.integration, b.calls, b.errors), (B, 1, 1));
    assert!(b.error_share() > 0.99 && a.error_share() < 0.01);
}

#[sqlx::test(migrations = false)]
async fn a_long_time_is_told_in_longer_steps(pool: PgPool) {
    let store = migrated(&pool).await;
    store.add_stats(hour(), &busy()).await.unwrap();
    let from = hour() - TimeDelta::days(30);
    let points = store
        .series(
            Series::Purchases,
            None,
            from,
            hour() + TimeDelta::minutes(1),
            MINUTE,
        )
        .await
        .unwrap();
    assert!(points.points.len() <= usize::try_from(MOST_POINTS).unwrap() + 1);
    assert_eq!(points.step.as_secs() % 60, 0);
    let all: u64 = points.points.iter().map(|point| point.count).sum();
    assert_eq!(all, 10);
}

#[sqlx::test(migrations = false)]
async fn old_statistics_go_page_by_page(pool: PgPool) {
    let store = migrated(&pool).await;
    store.add_stats(hour(), &busy()).await.unwrap();
    store
        .add_stats(hour() + TimeDelta::minutes(1), &busy())
        .await
        .unwrap();
    let limit = hour() + TimeDelta::minutes(1);
    let rows = u64::try_from(busy().len()).unwrap();
    assert_eq!(store.prune_stats(limit, 2).await.unwrap(), 2);
    assert_eq!(store.prune_stats(limit, 500).await.unwrap(), rows - 2);
    assert_eq!(store.prune_stats(limit, 500).await.unwrap(), 0);
}
