//! The figures of the demo while it runs: one definition for the screen and for the lines.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use anyhow::bail;
use rust_decimal::Decimal;

use super::{
    books::{Books, StockFigures},
    database::Database,
    events::{Events, Latest},
    panels::{Kind, Panels, Sale, State, bought_twice},
};

/// What is called "per second" is an average of so long.
const AVERAGED: Duration = Duration::from_secs(10);

/// Reads everything again and again.
pub(super) struct Watcher {
    database: Database,
    panels: Panels,
    books: Books,
    events: Events,
    began: Instant,
    /// Orders that had ended, at the last looks.
    ended: VecDeque<(Instant, u64)>,
}

/// Everything at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Sight {
    pub(super) elapsed: Duration,
    pub(super) orders: OrderFigures,
    pub(super) panels: PanelFigures,
    pub(super) stock: StockFigures,
    pub(super) latest: Latest,
}

/// The shop's orders, each in one place.
#[derive(Clone, Debug, Default)]
pub(super) struct OrderFigures {
    pub(super) new: u64,
    pub(super) queued: u64,
    pub(super) in_flight: u64,
    pub(super) approved: u64,
    pub(super) rejected: u64,
    pub(super) held: u64,
    /// Orders that ended.
    pub(super) per_second: f64,
}

/// What the panels' ledgers say together.
#[derive(Clone, Debug, Default)]
pub(super) struct PanelFigures {
    pub(super) at_znet: usize,
    pub(super) at_barakat: usize,
    pub(super) bought_twice: usize,
    pub(super) charged: Decimal,
    pub(super) waiting: usize,
}

/// Figures that belong together.
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) figures: Vec<Figure>,
}

pub(super) struct Figure {
    pub(super) name: &'static str,
    pub(super) value: String,
    /// Whether it proves that something went wrong.
    pub(super) is_alarming: bool,
}

impl Watcher {
    pub(super) fn new(database: Database, panels: Panels, books: Books) -> Self {
        Self {
            database,
            panels,
            books,
            events: Events::default(),
            began: Instant::now(),
            ended: VecDeque::new(),
        }
    }

    pub(super) async fn look(&mut self) -> anyhow::Result<Sight> {
        let mut orders = self.orders().await?;
        orders.per_second = self.per_second(orders.approved + orders.rejected, Instant::now());
        Ok(Sight {
            elapsed: self.began.elapsed(),
            orders,
            panels: PanelFigures::of(&self.panels.sales()),
            stock: self.books.figures().await?,
            latest: self.events.look(&self.books).await?,
        })
    }

    async fn orders(&self) -> anyhow::Result<OrderFigures> {
        let mut figures = OrderFigures::default();
        for (stage, orders) in self.database.stages().await? {
            *match stage.as_deref() {
                None => &mut figures.new,
                Some("queued") => &mut figures.queued,
                Some("dispatching" | "submitted" | "unconfirmed") => &mut figures.in_flight,
                Some("completed") => &mut figures.approved,
                Some("failed" | "timed_out" | "withdrawn") => &mut figures.rejected,
                Some("held") => &mut figures.held,
                Some(other) => bail!("there is no stage {other}"),
            } += u64::try_from(orders)?;
        }

        Ok(figures)
    }

    /// How fast orders have ended lately.
    fn per_second(&mut self, ended: u64, now: Instant) -> f64 {
        self.ended.push_back((now, ended));
        while self
            .ended
            .get(1)
            .is_some_and(|(at, _)| now.duration_since(*at) >= AVERAGED)
        {
            self.ended.pop_front();
        }

        let Some((at, before)) = self.ended.front() else {
            return 0.0;
        };
        let seconds = now.duration_since(*at).as_secs_f64();
        if seconds == 0.0 {
            return 0.0;
        }
        let more = u32::try_from(ended.saturating_sub(*before)).unwrap_or(u32::MAX);

        f64::from(more) / seconds
    }
}

impl PanelFigures {
    fn of(sales: &[Sale]) -> Self {
        let count = |wanted: &dyn Fn(&Sale) -> bool| sales.iter().filter(|s| wanted(s)).count();
        Self {
            at_znet: count(&|sale| sale.kind == Kind::Znet),
            at_barakat: count(&|sale| sale.kind == Kind::Barakat),
            bought_twice: bought_twice(sales),
            charged: sales.iter().map(|sale| sale.cost).sum(),
            waiting: count(&|sale| sale.state == State::Waiting),
        }
    }
}

impl Sight {
    /// All figures, under names that no two of them share.
    pub(super) fn groups(&self) -> [Group; 4] {
        let (orders, panels, stock) = (&self.orders, &self.panels, &self.stock);
        [
            Group::new("Orders")
                .with("new", orders.new)
                .with("queued", orders.queued)
                .with("in flight", orders.in_flight)
                .with("approved", orders.approved)
                .with("rejected", orders.rejected)
                .with("held", orders.held)
                .with("per second", format_args!("{:.1}", orders.per_second)),
            Group::new("Panels")
                .with("purchases", panels.at_znet + panels.at_barakat)
                .alarming("bought twice", panels.bought_twice)
                .with("at znet", panels.at_znet)
                .with("at barakat", panels.at_barakat)
                .with("charged", format_args!("{:.2}", panels.charged))
                .with("waiting", panels.waiting),
            Group::new("Stock")
                .with("products", stock.products)
                .with("right", stock.right)
                .with("fewer on sale", stock.fewer)
                .with("more on sale", stock.more)
                .alarming("oversold", stock.oversold),
            Group::new("Store")
                .with("sales", stock.sales)
                .with("open packages", stock.open_packages)
                .with("pushes", stock.pushes)
                .with("looks", stock.looks),
        ]
    }

    /// The figures in one line for programs and logs: `name=value`, always the same names.
    pub(super) fn line(&self) -> String {
        let mut line = format!("seconds={}", self.elapsed.as_secs());
        for figure in self.groups().into_iter().flat_map(|group| group.figures) {
            let name = figure.name.replace(' ', "_");
            line.extend([" ", &name, "=", &figure.value]);
        }
        line
    }
}

impl Group {
    const fn new(title: &'static str) -> Self {
        Self {
            title,
            figures: Vec::new(),
        }
    }

    fn with(mut self, name: &'static str, value: impl std::fmt::Display) -> Self {
        self.figures.push(Figure {
            name,
            value: value.to_string(),
            is_alarming: false,
        });
        self
    }

    /// A figure that has to be zero.
    fn alarming(mut self, name: &'static str, count: usize) -> Self {
        self.figures.push(Figure {
            name,
            value: count.to_string(),
            is_alarming: count > 0,
        });
        self
    }
}
