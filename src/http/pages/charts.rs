//! Charts over time, from the statistics of all replicas.

use std::time::Duration;

use askama::Template;
use axum::{Extension, response::Html};
use chrono::TimeDelta;
use serde::Deserialize;

use super::{
    chart::{Dot, Scale, place},
    format::Format,
    reader::{Chrome, Reader, Tab, html},
    shared::Pages,
    view::{Show, Table},
    words::fill,
};
use crate::{
    http::{extract::Query, problem::Problem},
    metrics::series::Series,
    store::{Point, Points, Store, StoreError},
};

/// Marks along the time.
const ALONG: usize = 4;
/// Rows of the table of numbers at most.
const ROWS: usize = 24;

/// How far back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Range {
    /// One hour.
    #[default]
    Hour,
    /// A day.
    Day,
    /// A week.
    Week,
}

impl Range {
    const ALL: [Self; 3] = [Self::Hour, Self::Day, Self::Week];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::Day => "24h",
            Self::Week => "7d",
        }
    }

    const fn name(self, format: &Format) -> &'static str {
        let range = &format.words().range;
        match self {
            Self::Hour => range.hour,
            Self::Day => range.day,
            Self::Week => range.week,
        }
    }

    const fn length(self) -> TimeDelta {
        match self {
            Self::Hour => TimeDelta::hours(1),
            Self::Day => TimeDelta::hours(24),
            Self::Week => TimeDelta::days(7),
        }
    }

    const fn step(self) -> Duration {
        match self {
            Self::Hour => Duration::from_mins(1),
            Self::Day => Duration::from_mins(15),
            Self::Week => Duration::from_hours(2),
        }
    }

    /// Its place among the pictures that are kept.
    pub(super) const fn index(self) -> usize {
        match self {
            Self::Hour => 0,
            Self::Day => 1,
            Self::Week => 2,
        }
    }
}

/// The series of one range.
#[derive(Debug)]
pub struct ChartPicture {
    dispatch: Points,
    code: Points,
    purchases: Points,
    checks: Points,
    pushes: Points,
    items: Points,
}

impl ChartPicture {
    pub(super) async fn read(
        store: &Store,
        range: Range,
        now: chrono::DateTime<chrono::Utc>,
    ) -> Result<Self, StoreError> {
        let from = now - range.length();
        let read = |series| store.series(series, None, from, now, range.step());
        Ok(Self {
            dispatch: read(Series::Dispatch).await?,
            code: read(Series::Code).await?,
            purchases: read(Series::Purchases).await?,
            checks: read(Series::Checks).await?,
            pushes: read(Series::Pushes).await?,
            items: read(Series::Items).await?,
        })
    }
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    range: String,
}

struct RangeLink {
    href: String,
    name: &'static str,
    current: bool,
}

struct Line {
    class: &'static str,
    name: &'static str,
    runs: Vec<String>,
    dots: Vec<Dot>,
}

struct Mark {
    at: String,
    text: String,
}

struct Chart {
    id: &'static str,
    title: &'static str,
    description: String,
    empty: bool,
    lines: Vec<Line>,
    across: Vec<Mark>,
    along: Vec<Mark>,
    table: Table,
}

#[derive(Template)]
#[template(path = "charts.html")]
struct ChartsPage {
    c: Chrome,
    ranges: Vec<RangeLink>,
    charts: Vec<Chart>,
}

/// `GET /charts?range=`
pub(super) async fn page(
    reader: Reader,
    Extension(pages): Extension<Pages>,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, Problem> {
    let range = Range::ALL.into_iter().find(|it| it.as_str() == asked.range);
    let range = range.unwrap_or_default();
    let seen = pages.charts(&reader.world, range).await?;
    let format = &reader.format;
    let ranges = Range::ALL.into_iter().map(|it| RangeLink {
        href: format!("/charts?range={}", it.as_str()),
        name: it.name(format),
        current: it == range,
    });
    html(&ChartsPage {
        c: reader.chrome_of(Tab::Charts, format.words().page.charts, seen.at),
        ranges: ranges.collect(),
        charts: charts(&seen.value, range, format),
    })
}

/// One line of a chart: what it is called, and its value of a step.
type Curve = (&'static str, fn(&Point) -> Option<f64>);

/// What the values are.
#[derive(Clone, Copy)]
enum Kind {
    Time,
    Count,
}

fn charts(picture: &ChartPicture, range: Range, format: &Format) -> Vec<Chart> {
    let page = &format.words().page;
    let times: [Curve; 2] = [(page.p50, p50), (page.p95, p95)];
    let counts = |all, wrong| -> [Curve; 2] { [(all, count), (wrong, errors)] };
    let draw = |id, title, points: &Points, kind, curves: &[Curve]| {
        chart(id, title, points, kind, curves, range, format)
    };
    vec![
        draw(
            "dispatch",
            page.chart_dispatch,
            &picture.dispatch,
            Kind::Time,
            &times,
        ),
        draw(
            "time-to-code",
            page.chart_code,
            &picture.code,
            Kind::Time,
            &times,
        ),
        draw(
            "purchases",
            page.chart_orders,
            &picture.purchases,
            Kind::Count,
            &counts(page.bought, page.errors),
        ),
        draw(
            "checks",
            page.chart_checks,
            &picture.checks,
            Kind::Count,
            &counts(page.checks, page.errors),
        ),
        draw(
            "answers",
            page.chart_latency,
            &picture.checks,
            Kind::Time,
            &times,
        ),
        draw(
            "items",
            page.chart_pushes,
            &picture.items,
            Kind::Count,
            &counts(page.items, page.refused),
        ),
        draw(
            "pushes",
            page.chart_requests,
            &picture.pushes,
            Kind::Count,
            &counts(page.requests, page.errors),
        ),
    ]
}

fn p50(point: &Point) -> Option<f64> {
    point.p50.map(|time| time.as_secs_f64() * 1000.0)
}

fn p95(point: &Point) -> Option<f64> {
    point.p95.map(|time| time.as_secs_f64() * 1000.0)
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "a curve may have gaps; this one has none"
)]
fn count(point: &Point) -> Option<f64> {
    Some(number(point.count))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "a curve may have gaps; this one has none"
)]
fn errors(point: &Point) -> Option<f64> {
    Some(number(point.errors))
}

fn number(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

fn chart(
    id: &'static str,
    title: &'static str,
    points: &Points,
    kind: Kind,
    curves: &[Curve],
    range: Range,
    format: &Format,
) -> Chart {
    const CLASSES: [&str; 3] = ["one", "two", "three"];
    let values = |curve: &Curve| points.points.iter().map(curve.1).collect::<Vec<_>>();
    let all = curves.iter().flat_map(values).flatten();
    let most = all.fold(0.0, f64::max);
    let scale = Scale::new(points.points.len(), most);
    let lines = curves.iter().zip(CLASSES).map(|(curve, class)| {
        let drawn = scale.draw(&values(curve));
        Line {
            class,
            name: curve.0,
            runs: drawn.runs,
            dots: drawn.dots,
        }
    });
    let top = value(scale.most(), kind, format);
    let page = &format.words().page;
    Chart {
        id,
        title,
        description: fill(
            page.chart_axis,
            &[
                ("title", title),
                ("most", &top),
                ("range", range.name(format)),
            ],
        ),
        empty: most <= 0.0,
        lines: lines.collect(),
        across: across(scale, kind, format),
        along: along(scale, points, range, format),
        table: table(title, points, kind, curves, format),
    }
}

fn value(value: f64, kind: Kind, format: &Format) -> String {
    match kind {
        Kind::Time => format.millis(value),
        Kind::Count => format.count(value.round()),
    }
}

fn across(scale: Scale, kind: Kind, format: &Format) -> Vec<Mark> {
    let most = scale.most();
    // No mark where the number on it would have to be rounded.
    let parts: &[f64] = if (most / 2.0).fract() > 0.0 {
        &[0.0, 1.0]
    } else {
        &[0.0, 0.5, 1.0]
    };
    parts
        .iter()
        .map(|part| Mark {
            at: place(scale.y(most * part)),
            text: if *part > 0.0 {
                value(most * part, kind, format)
            } else {
                "0".to_owned()
            },
        })
        .collect()
}

fn along(scale: Scale, points: &Points, range: Range, format: &Format) -> Vec<Mark> {
    let last = points.points.len().saturating_sub(1);
    (0..ALONG)
        // Not at the very ends, where a label would not fit.
        .map(|mark| last * (2 * mark + 1) / (2 * ALONG))
        .filter_map(|step| Some((step, points.points.get(step)?)))
        .map(|(step, point)| Mark {
            at: place(scale.x(step)),
            text: match range {
                Range::Hour | Range::Day => format.clock(point.at),
                Range::Week => format.day(point.at),
            },
        })
        .collect()
}

/// The last steps in which something happened, newest first.
fn table(
    caption: &'static str,
    points: &Points,
    kind: Kind,
    curves: &[Curve],
    format: &Format,
) -> Table {
    let page = &format.words().page;
    let busy = points
        .points
        .iter()
        .rev()
        .filter(|point| point.count > 0 || point.errors > 0);
    let rows = busy.take(ROWS).map(|point| {
        let mut row = vec![Show::Time(format.moment(point.at))];
        row.extend(curves.iter().map(|(_, of)| match of(point) {
            Some(found) => Show::Num(value(found, kind, format)),
            None => Show::Text(page.nothing.to_owned()),
        }));
        row
    });
    let mut heads = vec![page.time];
    heads.extend(curves.iter().map(|(name, _)| *name));
    Table {
        caption,
        heads,
        rows: rows.collect(),
        empty: page.chart_none,
    }
}
