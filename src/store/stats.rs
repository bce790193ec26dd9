//! Statistics over time: what every replica has counted and measured, per minute.
//!
//! They are shown and decide nothing, so a crash may lose the last seconds of them.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Store, StoreError};
use crate::{
    metrics::series::{Key, Measured, SHORT, Series, Total, quantile},
    order::IntegrationId,
};

/// Stands for no panel.
const NO_PANEL: Uuid = Uuid::nil();
/// Maximum number of points in one answer; a longer time comes in longer steps.
pub const MOST_POINTS: u32 = 1500;

/// One step of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// When the step begins; a multiple of the step's length.
    pub at: DateTime<Utc>,
    pub count: u64,
    pub errors: u64,
    /// Half of them took at most this long, estimated; `None` when there were none, or the series
    /// has no times.
    pub p50: Option<Duration>,
    /// Nineteen out of twenty took at most this long, estimated.
    pub p95: Option<Duration>,
    /// How long they took on average.
    pub mean: Option<Duration>,
}

/// What was asked for, as it was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Points {
    /// The length of a step: a whole number of minutes, at least what was asked for.
    pub step: Duration,
    /// One point for each step, in the order of time, also for those in which nothing happened.
    pub points: Vec<Point>,
}

/// How a panel has answered lately.
#[derive(Clone, Debug, PartialEq)]
pub struct PanelHealth {
    pub integration: IntegrationId,
    /// Purchases and questions.
    pub calls: u64,
    /// How many of them had no answer, or none that means something.
    pub errors: u64,
    /// Half of them took at most this long, estimated.
    pub p50: Option<Duration>,
    /// Nineteen out of twenty took at most this long, estimated.
    pub(crate) p95: Option<Duration>,
}

impl PanelHealth {
    /// The share of calls that failed, from 0 to 1.
    #[must_use]
    pub fn error_share(&self) -> f64 {
        // A cast from `u64` to `f64` may lose digits; from `u32` it cannot.
        let real = |number: u64| u32::try_from(number).map_or(f64::from(u32::MAX), f64::from);
        if self.calls == 0 {
            return 0.0;
        }
        real(self.errors) / real(self.calls)
    }
}

impl Store {
    /// Adds what this replica has counted to the minute that holds `at`. What the replicas write
    /// adds up.
    pub async fn add_stats(
        &self,
        at: DateTime<Utc>,
        news: &[(Key, Total)],
    ) -> Result<(), StoreError> {
        let c = Columns::of(news);

        sqlx::query_file!(
            "src/store/sql/stats_add.sql",
            minute(at),
            &c.series,
            &c.panels,
            &c.counts,
            &c.errors,
            &c.sums,
            &c.buckets
        )
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(StoreError::doing("writing statistics"))
    }

    /// A series from `from` until before `to`, in steps of `step`, of one panel or (`None`) of all
    /// of them together. Steps are whole minutes and begin at multiples of their length, the first
    /// of them at or before `from`; they are longer than asked for when there would be more than
    /// [`MOST_POINTS`].
    ///
    /// ```text
    /// store.series(Series::Dispatch, None, now - TimeDelta::hours(24), now, Duration::from_mins(10))
    /// ```
    pub async fn series(
        &self,
        series: Series,
        panel: Option<IntegrationId>,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        step: Duration,
    ) -> Result<Points, StoreError> {
        let steps = Steps::of(from, to, step);
        let rows = sqlx::query_file_as!(
            Row,
            "src/store/sql/stats_series.sql",
            series.as_str(),
            panel.map(|panel| panel.0),
            steps.first,
            to,
            steps.length.as_secs_f64()
        )
        .fetch_all(&self.pool)
        .await
        .map_err(StoreError::doing("reading statistics"))?;

        // A step in which nothing happened has no row.
        let mut rows = rows.into_iter().peekable();
        let point = |at| match rows.next_if(|row| row.at == at) {
            Some(row) => row.point(series),
            None => Point::nothing(at),
        };

        Ok(Points {
            step: steps.length,
            points: steps.all(to).map(point).collect(),
        })
    }

    /// How the panels have answered from `since` on; one that was not called is not in the list.
    pub async fn panel_health(&self, since: DateTime<Utc>) -> Result<Vec<PanelHealth>, StoreError> {
        let calls = [Series::Purchases, Series::Checks].map(|series| series.as_str().to_owned());
        // Rows are whole minutes: the one that holds `since` counts in full.
        let rows = sqlx::query_file!("src/store/sql/stats_panels.sql", &calls, minute(since))
            .fetch_all(&self.pool)
            .await
            .map_err(StoreError::doing("reading how panels have answered"))?;

        let health = rows.into_iter().map(|row| {
            let times = measured(&row.buckets, row.sum_us, Series::Checks);
            let at = |share| quantile(share, &times.buckets, SHORT);
            PanelHealth {
                integration: IntegrationId(row.integration_id),
                calls: whole(row.count),
                errors: whole(row.errors),
                p50: at(0.5),
                p95: at(0.95),
            }
        });

        Ok(health.collect())
    }

    /// Deletes a page of statistics from before `limit`. Returns how many rows there were.
    pub async fn prune_stats(&self, limit: DateTime<Utc>, page: i64) -> Result<u64, StoreError> {
        sqlx::query!(
            "DELETE FROM orderwatch.stats WHERE (series, minute, integration_id) IN (
                 SELECT series, minute, integration_id FROM orderwatch.stats
                 WHERE minute < $1 LIMIT $2)",
            limit,
            page
        )
        .execute(&self.pool)
        .await
        .map(|gone| gone.rows_affected())
        .map_err(StoreError::doing("deleting old statistics"))
    }
}

/// The steps of an answer.
struct Steps {
    first: DateTime<Utc>,
    length: Duration,
}

impl Steps {
    fn of(from: DateTime<Utc>, to: DateTime<Utc>, asked: Duration) -> Self {
        const MINUTE: u64 = 60;
        let whole = (to - from).to_std().unwrap_or_default();
        // Longer steps rather than more points: an answer must stay small.
        let shortest = whole / MOST_POINTS;
        let length = asked.max(shortest).as_secs_f64().ceil();
        let length = Duration::from_secs_f64(length).as_secs().max(1);
        let length = length.div_ceil(MINUTE) * MINUTE;

        let seconds = i64::try_from(length).unwrap_or(i64::MAX);
        // At multiples of the length, so that the picture does not shift with every look.
        let first = from.timestamp().div_euclid(seconds) * seconds;

        Self {
            first: DateTime::from_timestamp(first, 0).unwrap_or(from),
            length: Duration::from_secs(length),
        }
    }

    fn all(&self, to: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> + use<> {
        let length = TimeDelta::from_std(self.length).unwrap_or(TimeDelta::MAX);
        let next = move |at: &DateTime<Utc>| at.checked_add_signed(length);
        std::iter::successors(Some(self.first), next).take_while(move |at| *at < to)
    }
}

struct Row {
    at: DateTime<Utc>,
    count: i64,
    errors: i64,
    sum_us: i64,
    buckets: Vec<Option<i64>>,
}

impl Row {
    fn point(self, series: Series) -> Point {
        let times = measured(&self.buckets, self.sum_us, series);
        let at = |share| quantile(share, &times.buckets, series.bounds());
        let mean = times.sum.checked_div(times.count());
        Point {
            at: self.at,
            count: whole(self.count),
            errors: whole(self.errors),
            p50: at(0.5),
            p95: at(0.95),
            mean: mean.map(Duration::from_micros),
        }
    }
}

impl Point {
    const fn nothing(at: DateTime<Utc>) -> Self {
        Self {
            at,
            count: 0,
            errors: 0,
            p50: None,
            p95: None,
            mean: None,
        }
    }
}

fn measured(buckets: &[Option<i64>], sum: i64, series: Series) -> Measured {
    let stored: Vec<u64> = buckets.iter().map(|n| whole(n.unwrap_or(0))).collect();
    Measured::from_stored(&stored, whole(sum), series.bounds())
}

fn whole(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// The minute that holds this time.
fn minute(at: DateTime<Utc>) -> DateTime<Utc> {
    let seconds = at.timestamp().div_euclid(60) * 60;
    DateTime::from_timestamp(seconds, 0).unwrap_or(at)
}

/// Totals as columns for `unnest`.
#[derive(Default)]
struct Columns {
    series: Vec<String>,
    panels: Vec<Uuid>,
    counts: Vec<i64>,
    errors: Vec<i64>,
    sums: Vec<i64>,
    buckets: Vec<String>,
}

impl Columns {
    fn of(news: &[(Key, Total)]) -> Self {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let mut columns = Self::default();
        for ((series, panel), total) in news {
            let stored = total.times.to_stored(series.bounds());
            let stored: Vec<String> = stored.iter().map(u64::to_string).collect();
            columns.series.push(series.as_str().to_owned());
            columns.panels.push(panel.map_or(NO_PANEL, |panel| panel.0));
            columns.counts.push(number(total.count));
            columns.errors.push(number(total.errors));
            columns.sums.push(number(total.times.sum));
            // An array of arrays would have to be rectangular, and `unnest` would take it apart.
            columns.buckets.push(format!("{{{}}}", stored.join(",")));
        }

        columns
    }
}
