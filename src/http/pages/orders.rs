//! Search: orders by what names them, page by page.

use askama::Template;
use axum::response::Html;
use serde::Deserialize;

use super::{
    format::Format,
    order,
    reader::{Chrome, Reader, Tab, html},
    timeline,
    view::{Link, Show, Table, Tag},
    words,
};
use crate::{
    http::{extract::Query, problem::Problem},
    order::{Stage, explain::is_late},
    store::{Found, FoundOrder, OrderCursor, Search, WINDOW},
};

/// Orders on one page.
const PAGE: i64 = 50;
/// Characters of a text that is looked for.
const LONGEST: usize = 200;

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    stage: String,
    after: Option<OrderCursor>,
}

struct StageChoice {
    value: &'static str,
    name: &'static str,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "orders.html")]
struct OrdersPage {
    c: Chrome,
    text: String,
    stages: Vec<StageChoice>,
    orders: Table,
    how: Option<String>,
    pages: Vec<Link>,
    first_page: bool,
}

/// `GET /orders`
pub(super) async fn page(
    reader: Reader,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, Problem> {
    let text: String = asked.q.trim().chars().take(LONGEST).collect();
    let search = Search {
        text: (!text.is_empty()).then(|| text.clone()),
        stage: Stage::parse(&asked.stage),
    };

    let after = asked.after;
    let found = reader
        .world
        .store
        .search_orders(&search, after, PAGE)
        .await?;

    let format = &reader.format;
    let words = format.words();
    let stages = Stage::ALL.into_iter().map(|stage| StageChoice {
        value: stage.as_str(),
        name: format.lang.pick(words::stage(stage)),
        chosen: search.stage == Some(stage),
    });
    let window = format.count(WINDOW);

    html(&OrdersPage {
        c: reader.chrome(Tab::Orders, words.page.orders),
        stages: stages.collect(),
        orders: table(&found.orders, words.page.orders, format),
        how: search.text.is_some().then(|| words.page.searched(&window)),
        pages: pages(&search, &found, after.is_some(), format),
        first_page: after.is_none(),
        text,
    })
}

fn pages(search: &Search, found: &Found, is_later: bool, format: &Format) -> Vec<Link> {
    let page = &format.words().page;
    let address = |after: Option<OrderCursor>| {
        let mut pairs: Vec<(&str, String)> = Vec::new();
        pairs.extend(search.text.clone().map(|text| ("q", text)));
        pairs.extend(
            search
                .stage
                .map(|stage| ("stage", stage.as_str().to_owned())),
        );
        pairs.extend(after.map(|cursor| ("after", cursor.to_string())));
        format!("/orders?{}", query(&pairs))
    };

    let mut pages = Vec::new();
    if is_later {
        pages.push(Link::new(address(None), page.newest));
    }
    if let Some(next) = found.next {
        // The part that was searched is over, not the orders: the link searches the next part.
        let text = if found.window_over {
            page.search_on
        } else {
            page.older
        };
        pages.push(Link::new(address(Some(next)), text));
    }

    pages
}

/// Pairs as the query of an address.
pub(super) fn query(pairs: &[(&str, String)]) -> String {
    let escaped = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", escaped(value)))
        .collect();
    pairs.join("&")
}

/// Orders as a table; the overview has the same.
pub(super) fn table(orders: &[FoundOrder], caption: &'static str, format: &Format) -> Table {
    let page = &format.words().page;
    Table {
        caption,
        heads: vec![
            page.order,
            page.stage,
            page.next_check,
            page.tracked,
            page.player,
            page.panel,
            page.reference,
            page.message,
        ],
        rows: orders.iter().map(|order| row(order, format)).collect(),
        empty: page.found_none,
    }
}

fn row(found: &FoundOrder, format: &Format) -> Vec<Show> {
    let none = || Show::Text(format.words().page.nothing.to_owned());
    let name = found.number.clone();
    let name = name.unwrap_or_else(|| found.order.to_string());
    let tag = |stage| Show::Tag(timeline::stage_tag(stage, format));
    let since = |at| Show::Brief(format.distance(at));
    let message = |text| Show::Text(words::shop_message(text, format.lang));

    let nothing = format.words().page.nothing;
    vec![
        Show::Link(Link::new(order::path_of(found.order), name)),
        found.stage.map_or_else(none, tag),
        next_check(found, format),
        found.since.map_or_else(none, since),
        Show::name_or(found.player.as_deref(), nothing),
        Show::name_or(found.panel.as_deref(), nothing),
        found.reference.clone().map_or_else(none, Show::Code),
        found.message.as_deref().map_or_else(none, message),
    ]
}

fn next_check(order: &FoundOrder, format: &Format) -> Show {
    let page = &format.words().page;
    let Some(stage) = order.stage else {
        return Show::Text(page.nothing.to_owned());
    };
    if order.finished_at.is_some() {
        return Show::Brief(page.final_at.to_owned());
    }
    if is_late(stage, order.due_at, order.give_up_at, format.now) {
        let since = order.due_at.into_iter().chain(order.give_up_at).min();
        let span = format.since(since.unwrap_or(format.now));
        return Show::Tag(Tag::new(page.late_by(&span), "bad"));
    }

    Show::Brief(match order.due_at {
        Some(due) if due > format.now => format.distance(due),
        // Due and not late yet: it is checked at any moment.
        Some(_) => format.distance(format.now),
        None if stage == Stage::Held => page.waits_person.to_owned(),
        None => page.waits_sweep.to_owned(),
    })
}
