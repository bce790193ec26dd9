//! The first page: the orders in flight, due, late and held, what was bought today, what needs
//! attention, and whether buying is paused.

use std::time::Duration;

use askama::Template;
use axum::{Extension, response::Html};

use super::{
    format::Format,
    orders, panels,
    reader::{Chrome, Reader, Tab, html},
    shared::{Pages, WholePicture},
    view::{Figure, Link, Show, Table, cut},
};
use crate::{
    attention::{Kind, Severity, Warning},
    http::problem::Problem,
    overview::{PauseView, Situation},
};

/// A warning, with what to do.
struct Shown {
    tone: &'static str,
    text: String,
    fix: Option<&'static str>,
    href: Option<&'static str>,
}

/// A brake that is on.
pub(super) struct Paused {
    pub(super) what: String,
    pub(super) signed: String,
}

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    c: Chrome,
    shop: bool,
    warnings: Vec<Shown>,
    figures: Vec<Figure>,
    pauses: Vec<Paused>,
    brakes: Vec<Link>,
    panels: Table,
    orders: Table,
}

/// `GET /`
pub(super) async fn page(
    reader: Reader,
    Extension(pages): Extension<Pages>,
) -> Result<Html<String>, Problem> {
    let whole = pages.whole(&reader.world).await?;
    let WholePicture {
        situation,
        warnings,
        health,
        latest,
    } = &whole.value;
    let format = &reader.format;
    let page = &format.words().page;

    html(&OverviewPage {
        c: reader.chrome_of(Tab::Overview, page.overview, whole.at),
        shop: situation.shop,
        warnings: warnings.iter().map(|it| shown(it, format)).collect(),
        figures: figures(situation, format),
        pauses: situation
            .pauses
            .iter()
            .map(|it| paused(it, format))
            .collect(),
        brakes: brakes(situation, format),
        panels: panels::table(&situation.panels, health, format),
        orders: orders::table(latest, page.latest, format),
    })
}

fn shown(warning: &Warning, format: &Format) -> Shown {
    let mut text = warning.condition.sentence(format);
    if let Some(since) = warning.since {
        text.push_str(" (");
        text.push_str(&format.distance(since));
        text.push(')');
    }
    Shown {
        tone: severity(warning.severity),
        text,
        fix: Some(warning.condition.fix(format.lang)),
        href: details(warning.condition.kind()),
    }
}

/// The colour of a warning.
const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "bad",
        Severity::Warning => "warn",
        Severity::Notice => "info",
    }
}

/// The page that shows more of it, where there is one.
const fn details(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        // Their sentences say all that there is, or the first page itself shows the rest.
        Kind::NoDaemon
        | Kind::WorkerStalled
        | Kind::ReloadRefused
        | Kind::NotBuying
        | Kind::NoticesFailing
        | Kind::NoticesGivenUp
        | Kind::NoticesStranded
        | Kind::NotWatched
        | Kind::Paused => return None,

        Kind::NotClaimed | Kind::Late | Kind::Unsettled | Kind::PlayerFields => "/orders",
        Kind::SoldAtALoss => "/money",
        Kind::Unconfirmed | Kind::Held => "/inbox",
        Kind::BreakerOpen
        | Kind::SecondDispatcher
        | Kind::BalanceUnexplained
        | Kind::BalanceLow
        | Kind::PlainHttp
        | Kind::SpendingNear
        | Kind::SpendingReached => "/panels",
        Kind::JobOverdue | Kind::JobFailing | Kind::AddressBlocked => "/jobs",
        Kind::PushFailing
        | Kind::StockPaused
        | Kind::WebhookSilent
        | Kind::OrdersStale
        | Kind::ShippedUntaken
        | Kind::UnknownOrderTables
        | Kind::Quarantine => "/stock",
    })
}

/// A brake in words: where, since when, by whom, why.
pub(super) fn paused(pause: &PauseView, format: &Format) -> Paused {
    let page = &format.words().page;
    let gone = |id: &crate::order::IntegrationId| page.panel_gone(&id.to_string());
    let what = match (&pause.panel, &pause.name) {
        (None, _) => page.paused_all.to_owned(),
        (Some(_), Some(name)) => page.paused_at(&format.outside(name)),
        (Some(id), None) => page.paused_at(&gone(id)),
    };

    let time = format.time(pause.at);
    let (who, why) = (format.outside(&pause.who), format.outside(&pause.why));
    Paused {
        what,
        signed: page.paused_by(&time, &who, &why),
    }
}

fn figures(situation: &Situation, format: &Format) -> Vec<Figure> {
    let page = &format.words().page;
    let orders = &situation.orders;
    let ended = orders.ended_today;
    let spent = format.money(orders.bought_today.money, "TRY");
    let count = |name, count: u64| Figure::new(name, format.count(count));
    let alarm = |name, count: u64, tone| {
        // A zero in colour would look like an alarm.
        Figure::new(name, format.count(count)).tone(if count > 0 { tone } else { "" })
    };

    let mut figures = vec![
        count(page.in_flight, orders.open()).href("/orders"),
        count(page.due, orders.due),
        alarm(page.late, orders.late, "bad").href("/orders"),
        alarm(page.held, orders.held(), "warn").href("/inbox"),
        alarm(page.unconfirmed, orders.unconfirmed, "warn").href("/inbox"),
        count(page.bought_today, orders.bought_today.orders),
        Figure {
            wide: true,
            ..Figure::new(page.spent_today, spent)
        },
        count(page.completed_today, ended.completed).href("/orders?stage=completed"),
        alarm(page.failed_today, ended.failed + ended.timed_out, "warn")
            .href("/orders?stage=failed"),
    ];

    figures.extend(situation.market.as_ref().map(|market| {
        let delay = market.order_delay_seconds.map_or_else(
            || page.nothing.to_owned(),
            |seconds| format.span(Duration::from_secs_f64(seconds.round())),
        );
        Figure::new(page.order_delay, delay).href("/stock")
    }));
    figures
}

/// What can be done about buying as a whole, and about panels that are paused.
fn brakes(situation: &Situation, format: &Format) -> Vec<Link> {
    let act = &format.words().act;
    let everywhere = situation.pauses.iter().any(|pause| pause.panel.is_none());
    let mut links = vec![if everywhere {
        Link::new("/brakes/resume", act.resume)
    } else {
        Link::new("/brakes/pause", act.pause)
    }];

    // A panel's own pause outlasts that of all panels, so it has a link of its own.
    for pause in &situation.pauses {
        let Some(id) = pause.panel else { continue };
        let name = pause.name.clone().unwrap_or_else(|| id.to_string());
        let text = format!("{}: {}", act.resume, format.outside(&cut(&name)));
        links.push(Link::new(format!("/brakes/resume?panel={id}"), text));
    }
    links
}

/// Nothing, or the value.
pub(super) fn or_nothing<T>(
    value: Option<T>,
    format: &Format,
    show: impl FnOnce(T) -> Show,
) -> Show {
    value.map_or_else(|| Show::Text(format.words().page.nothing.to_owned()), show)
}
