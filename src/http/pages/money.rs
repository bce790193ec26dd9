//! Money at the panels: a day's purchases as a chain of balances, what else moved the accounts, and what was
//! sold at a loss.

use askama::Template;
use axum::{
    http::header,
    response::{Html, IntoResponse, Response},
};
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    format::Format,
    order::path_of,
    orders::query,
    reader::{Chrome, Reader, Tab, html},
    view::{Link, Show, Table, Tag},
};
use crate::{
    http::{
        extract::Query,
        problem::{Code, Problem},
    },
    order::{
        IntegrationId,
        money::{LinkKind, Money, MoneyLink, Moved, PanelMoney, csv::csv},
    },
    worker::money::{day_of, money_of, today},
};

/// Links on one page.
const PAGE: usize = 100;
/// By which a spreadsheet knows that the letters are UTF-8.
const BYTE_ORDER_MARK: char = '\u{feff}';

#[derive(Deserialize)]
pub(super) struct Asked {
    /// A form without a choice sends an empty text.
    #[serde(default)]
    day: String,
    #[serde(default)]
    integration: String,
    /// Links that the pages before have shown.
    #[serde(default)]
    from: usize,
}

struct PanelChoice {
    value: String,
    name: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "money.html")]
struct MoneyPage {
    c: Chrome,
    day: String,
    panels: Vec<PanelChoice>,
    sums: Table,
    chain: Table,
    pages: Vec<Link>,
    csv: Link,
}

/// What was asked for, read.
struct Question {
    date: NaiveDate,
    only: Option<IntegrationId>,
}

impl Question {
    fn of(asked: &Asked, reader: &Reader) -> Result<Self, Problem> {
        let wrong = |parameter: &'static str, detail: &'static str| Problem {
            parameter: Some(parameter.into()),
            ..Problem::new(Code::BadRequest, detail)
        };
        let date = match asked.day.as_str() {
            "" => today(reader.now(), reader.format.zone),
            day => day
                .parse()
                .map_err(|_| wrong("day", "day must be a date such as 2026-11-27"))?,
        };
        let only = match asked.integration.as_str() {
            "" => None,
            id => Some(
                id.parse::<Uuid>()
                    .map_err(|_| wrong("integration", "integration must be the id of a panel"))?,
            ),
        };

        Ok(Self {
            date,
            only: only.map(IntegrationId),
        })
    }

    async fn read(&self, reader: &Reader) -> Result<Money, Problem> {
        let day = day_of(self.date, reader.format.zone)
            .ok_or_else(|| Problem::new(Code::BadRequest, "there is no such day"))?;
        let money = money_of(&reader.world.store, day, self.only).await?;
        money.ok_or_else(Problem::no_such_panel)
    }

    /// The address of this day and panel.
    fn address(&self, path: &str, more: &[(&str, String)]) -> String {
        let mut pairs = vec![("day", self.date.to_string())];
        pairs.extend(self.only.map(|id| ("integration", id.to_string())));
        pairs.extend(more.iter().cloned());
        format!("{path}?{}", query(&pairs))
    }
}

/// `GET /money`
pub(super) async fn page(
    reader: Reader,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, Problem> {
    let question = Question::of(&asked, &reader)?;
    let money = question.read(&reader).await?;

    let page = &reader.words().page;
    let links = money.links.iter().skip(asked.from).take(PAGE);
    let shown = asked.from.saturating_add(PAGE);
    let mut pages = Vec::new();
    if asked.from > 0 {
        pages.push(Link::new(question.address("/money", &[]), page.money_first));
    }
    if money.links.len() > shown {
        let href = question.address("/money", &[("from", shown.to_string())]);
        pages.push(Link::new(href, page.money_later));
    }

    html(&MoneyPage {
        c: reader.chrome(Tab::Money, page.money),
        day: question.date.to_string(),
        panels: choices(&reader, question.only).await?,
        sums: sums(&money.panels, &reader.format),
        chain: chain(links, &reader.format),
        pages,
        csv: Link::new(question.address("/money.csv", &[]), page.money_csv),
    })
}

/// `GET /money.csv`
pub(super) async fn table(reader: Reader, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    let question = Question::of(&asked, &reader)?;
    let money = question.read(&reader).await?;

    let name = format!("attachment; filename=\"money-{}.csv\"", question.date);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    let text = format!("{BYTE_ORDER_MARK}{}", csv(&money, reader.format.zone));
    Ok((headers, text).into_response())
}

async fn choices(
    reader: &Reader,
    only: Option<IntegrationId>,
) -> Result<Vec<PanelChoice>, Problem> {
    let names = reader.world.store.panel_names().await?;
    let choices = names.into_iter().map(|(id, name)| PanelChoice {
        value: id.to_string(),
        name,
        chosen: Some(id) == only,
    });
    Ok(choices.collect())
}

fn sums(panels: &[PanelMoney], format: &Format) -> Table {
    let page = &format.words().page;
    Table {
        caption: page.money_sums,
        heads: vec![
            page.panel,
            page.money_purchases,
            page.cost,
            page.money_opening,
            page.money_closing,
            page.money_refunded,
            page.money_fell,
            page.money_rose,
            page.money_price_changes,
            page.money_losses,
        ],
        rows: panels.iter().map(|panel| sum(panel, format)).collect(),
        empty: page.money_none,
    }
}

fn sum(panel: &PanelMoney, format: &Format) -> Vec<Show> {
    let page = &format.words().page;
    let gone = page.panel_gone(&panel.integration.to_string());
    let mut cost = vec![format.money(panel.cost, "TRY")];
    if panel.at_list_price > 0 {
        cost.push(page.money_at_list_price(&format.count(panel.at_list_price)));
    }
    if panel.cost_unknown > 0 {
        cost.push(page.money_cost_unknown(&format.count(panel.cost_unknown)));
    }
    let losses = page.money_lost(
        &format.count(panel.losses),
        &format.money(panel.loss, "TRY"),
    );

    vec![
        Show::name_or(Some(panel.panel.as_deref().unwrap_or(&gone)), page.nothing),
        Show::Num(format.count(panel.purchases)),
        Show::Said(cost.join("; ")),
        amount(panel.first, format),
        amount(panel.last, format),
        some(panel.refunded, "", format),
        some(panel.fell, "bad", format),
        some(panel.rose, "info", format),
        Show::Num(format.count(panel.price_changes)),
        if panel.losses > 0 {
            Show::Tag(Tag::new(losses, "bad"))
        } else {
            Show::Text(page.nothing.to_owned())
        },
    ]
}

fn chain<'a>(links: impl Iterator<Item = &'a MoneyLink>, format: &Format) -> Table {
    let page = &format.words().page;
    Table {
        caption: page.money_chain,
        heads: vec![
            page.time,
            page.panel,
            page.order,
            page.money_before,
            page.money_movement,
            page.money_charge,
            page.money_after,
            page.money_sold_for,
        ],
        rows: links.map(|link| row(link, format)).collect(),
        empty: page.money_none,
    }
}

fn row(link: &MoneyLink, format: &Format) -> Vec<Show> {
    let page = &format.words().page;
    let order = link.order.map(|order| {
        let name = link.number.clone().unwrap_or_else(|| order.to_string());
        Show::Link(Link::new(path_of(order), name))
    });

    vec![
        Show::Time(format.moment(link.at)),
        Show::name_or(link.panel.as_deref(), page.nothing),
        order.unwrap_or_else(|| Show::Said(page.money_reading.to_owned())),
        amount(link.before, format),
        movement(link, format),
        charge(link, format),
        amount(link.after, format),
        sold_for(link, format),
    ]
}

fn movement(link: &MoneyLink, format: &Format) -> Show {
    let page = &format.words().page;
    let (Some(amount), Some(moved)) = (link.movement, link.moved) else {
        return Show::Text(page.nothing.to_owned());
    };

    let amount = format.money(amount, "TRY");
    Show::Tag(match moved {
        Moved::Fell => Tag::new(page.money_is_fall(&amount), "bad"),
        Moved::Rose => Tag::new(page.money_is_rise(&amount), "info"),
        Moved::Refunded => Tag::new(page.money_is_refund(&amount), ""),
    })
}

fn charge(link: &MoneyLink, format: &Format) -> Show {
    let page = &format.words().page;
    let Some(charge) = link.charge else {
        let unknown = link.kind == LinkKind::Purchase;
        let word = if unknown {
            page.money_unknown
        } else {
            page.nothing
        };
        return Show::Text(word.to_owned());
    };

    let charge = format.money(charge, "TRY");
    match link.price_change {
        _ if !link.charged => Show::Said(page.money_by_list(&charge)),
        Some(difference) => {
            let difference = format.money(difference, "TRY");
            Show::Tag(Tag::new(page.money_changed(&charge, &difference), "warn"))
        }
        None => Show::Num(charge),
    }
}

fn sold_for(link: &MoneyLink, format: &Format) -> Show {
    let page = &format.words().page;
    if link.kind == LinkKind::Reading {
        return Show::Text(page.nothing.to_owned());
    }
    let Some(sold_for) = link.sold_for else {
        return Show::Text(page.money_unknown.to_owned());
    };

    let sold_for = format.money(sold_for, "TRY");
    match link.loss {
        Some(loss) => {
            let loss = format.money(loss, "TRY");
            Show::Tag(Tag::new(page.money_is_loss(&sold_for, &loss), "bad"))
        }
        None => Show::Num(sold_for),
    }
}

fn amount(amount: Option<Decimal>, format: &Format) -> Show {
    let page = &format.words().page;
    amount.map_or_else(
        || Show::Text(page.nothing.to_owned()),
        |amount| Show::Num(format.money(amount, "TRY")),
    )
}

/// A sum that is worth a look where it is not zero.
fn some(sum: Decimal, tone: &'static str, format: &Format) -> Show {
    if sum.is_zero() {
        amount(None, format)
    } else {
        Show::Tag(Tag::new(format.money(sum, "TRY"), tone))
    }
}
