//! The panels: what they hold, how they answer, and whether buying goes on there.

use std::time::Duration;

use askama::Template;
use axum::{Extension, response::Html};

use super::{
    format::Format,
    overview::{Paused, or_nothing, paused},
    reader::{Chrome, Reader, Tab, html},
    shared::Pages,
    view::{Fact, Facts, Link, Show, Table, Tag, cut},
};
use crate::{
    http::problem::Problem,
    order::IntegrationId,
    overview::{PanelView, PauseView},
    store::PanelHealth,
};

struct Card {
    id: String,
    name: String,
    tags: Vec<Tag>,
    facts: Vec<Fact>,
    actions: Vec<Link>,
}

#[derive(Template)]
#[template(path = "panels.html")]
struct PanelsPage {
    c: Chrome,
    pauses: Vec<Paused>,
    panels: Vec<Card>,
}

/// `GET /panels`
pub(super) async fn page(
    reader: Reader,
    Extension(pages): Extension<Pages>,
) -> Result<Html<String>, Problem> {
    let whole = pages.whole(&reader.world).await?;
    let situation = &whole.value.situation;
    let format = &reader.format;
    let cards = situation.panels.iter().map(|panel| Card {
        id: panel.id.to_string(),
        name: panel.name.clone(),
        tags: tags(panel, format),
        facts: facts(panel, of(&whole.value.health, panel.id), format),
        actions: actions(panel, &situation.pauses, format),
    });

    html(&PanelsPage {
        c: reader.chrome_of(Tab::Panels, format.words().page.panels, whole.at),
        pauses: situation
            .pauses
            .iter()
            .map(|it| paused(it, format))
            .collect(),
        panels: cards.collect(),
    })
}

fn of(health: &[PanelHealth], id: IntegrationId) -> Option<&PanelHealth> {
    health.iter().find(|health| health.integration == id)
}

fn tags(panel: &PanelView, format: &Format) -> Vec<Tag> {
    let page = &format.words().page;
    let mut tags = Vec::new();
    if !panel.enabled {
        tags.push(Tag::new(page.switched_off, "warn"));
    }

    if panel.paused {
        tags.push(Tag::new(page.paused, "warn"));
    }

    if let Some(breaker) = panel.breaker {
        let time = format.distance(breaker.until);
        let text = page.breaker_open(&time);
        tags.push(Tag::new(format!("{}: {text}", page.breaker), "bad"));
    }

    if tags.is_empty() {
        tags.push(Tag::new(page.switched_on, "good"));
    }
    tags
}

fn actions(panel: &PanelView, pauses: &[PauseView], format: &Format) -> Vec<Link> {
    let act = &format.words().act;
    let is_paused = |place| pauses.iter().any(|it| it.panel == place);
    let link = |step, text| {
        vec![Link::new(
            format!("/brakes/{step}?panel={}", panel.id),
            text,
        )]
    };

    if is_paused(Some(panel.id)) {
        link("resume", act.resume)
    } else if is_paused(None) {
        // A pause of all panels is resumed on the first page, not panel by panel.
        Vec::new()
    } else {
        link("pause", act.pause)
    }
}

fn facts(panel: &PanelView, health: Option<&PanelHealth>, format: &Format) -> Vec<Fact> {
    let page = &format.words().page;
    let breaker = panel.breaker.map_or_else(
        || Show::Text(page.breaker_closed.to_owned()),
        |breaker| Show::Text(breaker.reason.said(format.lang).to_owned()),
    );

    let orders = panel.orders;
    let count = |count: u64| Show::Num(format.count(count));
    Facts::default()
        .with(page.balance, balance(panel, format))
        .with(page.breaker, breaker)
        .with(page.latency, latency(health, format))
        .with(page.errors, errors(health, format))
        .with(page.in_flight, count(orders.open()))
        .with(page.due, count(orders.due))
        .with(page.late, count(orders.late))
        .with(page.held, count(orders.held))
        .with(page.bought_today, bought(panel, format))
        .with(page.spent, spent(panel, format))
        .with(page.order_panel_id, Show::Code(panel.id.to_string()))
        .with(page.tenant, Show::Code(panel.tenant.to_string()))
        .all()
}

fn balance(panel: &PanelView, format: &Format) -> Show {
    or_nothing(panel.balance, format, |balance| {
        let amount = format.money(balance, "TRY");
        // Its age belongs to it: the panel is asked from time to time only.
        Show::Said(match panel.balance_at {
            Some(at) => format!("{amount} ({})", format.distance(at)),
            None => amount,
        })
    })
}

fn bought(panel: &PanelView, format: &Format) -> Show {
    let bought = panel.bought_today;
    let money = format.money(bought.money, "TRY");
    Show::Said(format!("{} · {money}", format.count(bought.orders)))
}

fn spent(panel: &PanelView, format: &Format) -> Show {
    let page = &format.words().page;
    // Of 24 hours and not of today, because the limit counts them.
    let spent = format.money(panel.bought_24h.money, "TRY");
    Show::Said(match panel.limit {
        Some(limit) => {
            let limit = format.money(limit, "TRY");
            page.spent_of(&spent, &limit)
        }
        None => format!("{spent} ({})", page.no_limit),
    })
}

/// The median and the slow end of the last hour.
fn latency(health: Option<&PanelHealth>, format: &Format) -> Show {
    let page = &format.words().page;
    let times = health.and_then(|health| health.p50.zip(health.p95));
    or_nothing(times, format, |(p50, p95)| {
        Show::Said(page.latencies(&span(p50, format), &span(p95, format)))
    })
}

fn span(length: Duration, format: &Format) -> String {
    format.millis(length.as_secs_f64() * 1000.0)
}

/// Calls of the last hour, and how many of them failed.
fn errors(health: Option<&PanelHealth>, format: &Format) -> Show {
    or_nothing(health, format, |health| {
        let share = (health.error_share() * 100.0).round();
        let text = format!(
            "{} / {} ({share} %)",
            format.count(health.errors),
            format.count(health.calls)
        );
        if health.errors == 0 {
            Show::Said(text)
        } else {
            Show::Tag(Tag::new(text, if share >= 20.0 { "bad" } else { "warn" }))
        }
    })
}

/// The panels on the first page.
pub(super) fn table(panels: &[PanelView], health: &[PanelHealth], format: &Format) -> Table {
    let page = &format.words().page;
    let rows = panels.iter().map(|panel| {
        let health = of(health, panel.id);
        vec![
            Show::Link(Link::new("/panels", cut(&panel.name))),
            Show::Tags(tags(panel, format)),
            balance(panel, format),
            Show::Num(format.count(panel.orders.open())),
            bought(panel, format),
            latency(health, format),
            errors(health, format),
        ]
    });

    Table {
        caption: page.panels,
        heads: vec![
            page.panel,
            page.state,
            page.balance,
            page.in_flight,
            page.bought_today,
            page.latency,
            page.errors_last_hour,
        ],
        rows: rows.collect(),
        empty: page.none,
    }
}
