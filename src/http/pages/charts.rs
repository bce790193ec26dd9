//! Charts over time, from the statistics of all replicas.

use std::{collections::HashMap, time::Duration};

use askama::Template;
use axum::{Extension, response::Html};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use super::{
    chart::Scale,
    format::Format,
    overview::or_nothing,
    reader::{Chrome, Reader, Tab, html},
    shared::Pages,
    view::{Show, Table},
};
use crate::{
    http::{extract::Query, problem::Problem},
    metrics::series::Series,
    store::{Point, Points, Store, StoreError},
};

/// Marks along the time.
const ALONG: usize = 4;
/// Maximum number of rows in the table of numbers.
const ROWS: usize = 24;

/// How far back; its place is that among the pictures that are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Range {
    #[default]
    Hour,
    Day,
    Week,
}

impl Range {
    const ALL: [Self; 3] = [Self::Hour, Self::Day, Self::Week];

    /// Its name in the address, its length, and the step of its lines.
    const fn shape(self) -> (&'static str, TimeDelta, Duration) {
        // Longer steps for longer ranges: each line has between 60 and 100 points.
        match self {
            Self::Hour => ("1h", TimeDelta::hours(1), Duration::from_mins(1)),
            Self::Day => ("24h", TimeDelta::hours(24), Duration::from_mins(15)),
            Self::Week => ("7d", TimeDelta::days(7), Duration::from_hours(2)),
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
}

/// The series of one range.
#[derive(Debug)]
pub(crate) struct ChartPicture(HashMap<Series, Points>);

impl ChartPicture {
    pub(super) async fn read(
        store: &Store,
        range: Range,
        now: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        let (_, length, step) = range.shape();
        let mut series = HashMap::new();
        for one in Series::ALL {
            let points = store.series(one, None, now - length, now, step).await?;
            series.insert(one, points);
        }
        Ok(Self(series))
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
    path: String,
}

struct Mark {
    at: String,
    text: String,
}

impl Mark {
    fn new(at: f64, text: String) -> Self {
        let at = format!("{at:.1}");
        Self { at, text }
    }
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
    let range = Range::ALL
        .into_iter()
        .find(|it| it.shape().0 == asked.range);
    let range = range.unwrap_or_default();
    let seen = pages.charts(&reader.world, range).await?;

    let format = &reader.format;
    let ranges = Range::ALL.into_iter().map(|it| RangeLink {
        href: format!("/charts?range={}", it.shape().0),
        name: it.name(format),
        current: it == range,
    });
    let plots = plots(format);
    let charts = plots.iter().filter_map(|plot| {
        let points = seen.value.0.get(&plot.series)?;
        Some(plot.draw(&points.points, range, format))
    });

    html(&ChartsPage {
        c: reader.chrome_of(Tab::Charts, format.words().page.charts, seen.at),
        ranges: ranges.collect(),
        charts: charts.collect(),
    })
}

/// What a chart shows.
struct Plot {
    id: &'static str,
    title: &'static str,
    series: Series,
    unit: Unit,
    lines: [Curve; 2],
}

/// A line's name, and its value of a step.
type Curve = (&'static str, fn(&Point) -> Option<f64>);

#[derive(Clone, Copy)]
enum Unit {
    Milliseconds,
    Count,
}

fn plots(format: &Format) -> [Plot; 7] {
    let page = &format.words().page;
    let times = |id, title, series| Plot {
        id,
        title,
        series,
        unit: Unit::Milliseconds,
        lines: [
            (page.p50, |point| millis(point.p50)),
            (page.p95, |point| millis(point.p95)),
        ],
    };

    let counts = |id, title, series, all, wrong| Plot {
        id,
        title,
        series,
        unit: Unit::Count,
        lines: [
            (all, |point| Some(number(point.count))),
            (wrong, |point| Some(number(point.errors))),
        ],
    };

    let (bought, checks, items) = (page.bought, page.checks, page.items);
    let (requests, errors) = (page.requests, page.errors);
    [
        times("dispatch", page.chart_dispatch, Series::Dispatch),
        times("time-to-code", page.chart_code, Series::Code),
        counts(
            "purchases",
            page.chart_orders,
            Series::Purchases,
            bought,
            errors,
        ),
        counts("checks", page.chart_checks, Series::Checks, checks, errors),
        times("answers", page.chart_latency, Series::Checks),
        counts(
            "items",
            page.chart_pushes,
            Series::Items,
            items,
            page.refused,
        ),
        counts(
            "pushes",
            page.chart_requests,
            Series::Pushes,
            requests,
            errors,
        ),
    ]
}

fn millis(length: Option<Duration>) -> Option<f64> {
    length.map(|length| length.as_secs_f64() * 1000.0)
}

fn number(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

impl Plot {
    fn draw(&self, points: &[Point], range: Range, format: &Format) -> Chart {
        let values = self
            .lines
            .map(|(_, of)| points.iter().map(of).collect::<Vec<_>>());
        // One scale for both lines, so that they can be compared.
        let most = values.iter().flatten().flatten().copied();
        let scale = Scale::new(points.len(), most.fold(0.0, f64::max));

        let lines = self.lines.iter().zip(&values).zip(["one", "two"]);
        let lines = lines.map(|(((name, _), values), class)| Line {
            class,
            name,
            path: scale.path(values),
        });

        let page = &format.words().page;
        let top = self.value(scale.most, format);
        Chart {
            id: self.id,
            title: self.title,
            description: page.chart_axis(self.title, range.name(format), &top),
            empty: values.iter().flatten().flatten().all(|value| *value <= 0.0),
            lines: lines.collect(),
            across: self.across(scale, format),
            along: along(scale, points, range, format),
            table: self.table(points, format),
        }
    }

    fn value(&self, value: f64, format: &Format) -> String {
        match self.unit {
            Unit::Milliseconds => format.millis(value),
            Unit::Count => format.count(value.round()),
        }
    }

    fn across(&self, scale: Scale, format: &Format) -> Vec<Mark> {
        let half = scale.most / 2.0;
        let mut marks = vec![Mark::new(scale.y(0.0), "0".to_owned())];
        // No mark where the number on it would have to be rounded.
        let shown = [half, scale.most]
            .into_iter()
            .skip(usize::from(half.fract() > 0.0));
        marks.extend(shown.map(|value| Mark::new(scale.y(value), self.value(value, format))));
        marks
    }

    /// The last steps in which something happened, newest first.
    fn table(&self, points: &[Point], format: &Format) -> Table {
        let page = &format.words().page;
        let busy = points.iter().rev();
        // Quiet steps would push the others out of the table.
        let busy = busy.filter(|point| point.count > 0 || point.errors > 0);
        let rows = busy.take(ROWS).map(|point| {
            let mut row = vec![Show::Time(format.moment(point.at))];
            row.extend(self.lines.iter().map(|(_, of)| {
                or_nothing(of(point), format, |found| {
                    Show::Num(self.value(found, format))
                })
            }));
            row
        });

        let names = self.lines.iter().map(|(name, _)| *name);
        Table {
            caption: self.title,
            heads: [page.time].into_iter().chain(names).collect(),
            rows: rows.collect(),
            empty: page.chart_none,
        }
    }
}

fn along(scale: Scale, points: &[Point], range: Range, format: &Format) -> Vec<Mark> {
    let last = points.len().saturating_sub(1);
    // Not at the very ends, where a label would not fit.
    let steps = (0..ALONG).map(|mark| last * (2 * mark + 1) / (2 * ALONG));
    let marks = steps.filter_map(|step| {
        let point = points.get(step)?;
        let text = match range {
            Range::Hour | Range::Day => format.clock(point.at),
            Range::Week => format.day(point.at),
        };
        Some(Mark::new(scale.x(step), text))
    });
    marks.collect()
}
