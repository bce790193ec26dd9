//! One product: what is there, what is on sale and why, and what was sent of it.

use askama::Template;
use axum::response::Html;
use serde::Deserialize;

use super::{
    format::Format,
    orders::query,
    overview::or_nothing,
    reader::{Chrome, Reader, Tab, html},
    stock::reserved,
    view::{Fact, Facts, Link, Show, Table},
};
use crate::{
    http::{extract::Query, problem::Problem},
    stock::{Barcode, plan::PlannedItem, reserve::Holder},
    store::SentFigure,
    worker::trendyol::ProductHistory,
};

/// Pushes shown.
const SENT: i64 = 50;
/// Longest barcode, in characters.
const LONGEST: usize = 100;

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    barcode: String,
}

#[derive(Template)]
#[template(path = "product.html")]
struct ProductPage {
    c: Chrome,
    text: String,
    facts: Vec<Fact>,
    sent: Table,
    links: Vec<Link>,
}

/// Where a product is shown.
pub(super) fn href(barcode: &str) -> String {
    format!(
        "/stock/product?{}",
        query(&[("barcode", barcode.to_owned())])
    )
}

/// `GET /stock/product`
pub(super) async fn page(
    reader: Reader,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, Problem> {
    let text: String = asked.barcode.trim().chars().take(LONGEST).collect();
    let (world, format) = (&reader.world, &reader.format);
    let mut history = ProductHistory::default();
    // What is no barcode finds nothing, like one that is not known.
    if let Ok(barcode) = Barcode::parse(&text) {
        let (rules, now) = (world.config.trendyol.stock, world.clock.now());
        history = ProductHistory::read(&world.store, &barcode, rules, SENT, now).await?;
    }

    let words = reader.words();
    html(&ProductPage {
        c: reader.chrome(Tab::Stock, words.page.stock),
        text,
        facts: history
            .now
            .map_or_else(Vec::new, |row| product(&row, format)),
        sent: sent_table(&history.sent, format),
        links: vec![Link::new("/stock", words.page.plan)],
    })
}

fn product(row: &PlannedItem, format: &Format) -> Vec<Fact> {
    let page = &format.words().page;
    let entry = &row.entry;
    let number = |units: i32| Show::Num(format.count(units));
    let time = |at| Show::Time(format.moment(at));

    Facts::default()
        .maybe(page.in_stock, entry.qty, number)
        .with(page.reserved, reserved(row, format, holder))
        .with(page.buffer, Show::Num(format.count(row.safety)))
        .with(page.desired, number(entry.desired))
        .maybe(page.on_sale, entry.on_sale, number)
        .maybe(page.looked_at, row.observed_at, time)
        .maybe(page.deficit_since, row.deficit_since, time)
        .maybe(page.last_sent, row.sent, number)
        .maybe(page.sent, row.sent_at, time)
        .with(page.what, Show::Said(entry.verdict.sentence(format)))
        .text(page.refused_why, row.refused.as_deref())
        .all()
}

fn holder(holder: &Holder) -> String {
    format!("{} × {} ({})", holder.units, holder.order, holder.status)
}

fn sent_table(sent: &[SentFigure], format: &Format) -> Table {
    let page = &format.words().page;
    let number = |units| or_nothing(units, format, |units: i32| Show::Num(format.count(units)));
    let rows = sent.iter().map(|figure| {
        vec![
            Show::Time(format.moment(figure.sent_at)),
            Show::Num(format.count(figure.quantity)),
            number(figure.desired),
            number(figure.observed),
            Show::Said(why(figure, format).to_owned()),
            came_back(figure, format),
        ]
    });

    Table {
        caption: page.sent_history,
        heads: vec![
            page.sent,
            page.units,
            page.desired,
            page.on_sale,
            page.why,
            page.came_back,
        ],
        rows: rows.collect(),
        empty: page.sent_none,
    }
}

fn why(figure: &SentFigure, format: &Format) -> &'static str {
    let page = &format.words().page;
    match figure.reason.as_deref() {
        Some("lower") => page.sent_lower,
        Some("raise") => page.sent_raise,
        Some("raise_settled") => page.sent_settled,
        // Sent before reasons were kept.
        _ => page.nothing,
    }
}

fn came_back(figure: &SentFigure, format: &Format) -> Show {
    let page = &format.words().page;
    // The result of the item before that of the request that it was in.
    match (figure.result.as_deref(), figure.state.as_str()) {
        (Some("success"), _) => Show::Said(page.on_sale.to_owned()),
        (Some("failed"), _) | (_, "refused") => Show::text_or(figure.refused.clone(), page.nothing),
        (Some("repeated"), _) => Show::Said(page.sent_repeated.to_owned()),
        _ => Show::Said(page.sent_open.to_owned()),
    }
}
