//! The packages of the store: what each means for the stock, and what of it cannot be read.

use askama::Template;
use axum::response::Html;
use chrono::DateTime;
use serde::Deserialize;

use super::{
    format::Format,
    orders::query,
    reader::{Chrome, Reader, Tab, html},
    view::{Link, Show, Table, Tag},
    words,
};
use crate::{
    http::{extract::Query, problem::Problem},
    store::PackageView,
};

/// Packages on one page.
const PAGE: i64 = 50;
/// Characters of a number.
const LONGEST: usize = 100;

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
    /// Microseconds and number of the last package of the page before.
    #[serde(default)]
    before: String,
}

#[derive(Template)]
#[template(path = "packages.html")]
struct PackagesPage {
    c: Chrome,
    text: String,
    packages: Table,
    pages: Vec<Link>,
    first_page: bool,
}

/// `GET /packages`
pub(super) async fn page(
    reader: Reader,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, Problem> {
    let text: String = asked.q.trim().chars().take(LONGEST).collect();
    let number = (!text.is_empty()).then_some(text.as_str());
    let before = asked.before.split_once('_').and_then(|(at, id)| {
        let at = DateTime::from_timestamp_micros(at.parse().ok()?)?;
        Some((at, id.parse().ok()?))
    });

    let store = &reader.world.store;
    let mut packages = store.package_views(number, before, PAGE + 1).await?;
    let size = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let more = packages.len() > size;
    packages.truncate(size);

    let page = &reader.words().page;
    let mut pages = Vec::new();
    if before.is_some() || number.is_some() {
        pages.push(Link::new("/packages", page.newest));
    }
    if let Some(last) = packages.last().filter(|_| more) {
        let place = format!("{}_{}", last.changed_at.timestamp_micros(), last.package);
        let mut asked = vec![("before", place)];
        asked.extend(number.map(|number| ("q", number.to_owned())));
        let href = format!("/packages?{}", query(&asked));
        pages.push(Link::new(href, page.older));
    }

    html(&PackagesPage {
        c: reader.chrome(Tab::Packages, page.packages),
        packages: table(&packages, &reader.format),
        pages,
        first_page: before.is_none(),
        text,
    })
}

fn table(packages: &[PackageView], format: &Format) -> Table {
    let page = &format.words().page;
    Table {
        caption: page.packages_note,
        heads: vec![
            page.package_number,
            page.order,
            page.state,
            page.effect,
            page.place,
            page.lines,
            page.taken,
            page.changed,
        ],
        rows: packages
            .iter()
            .map(|package| row(package, format))
            .collect(),
        empty: page.none,
    }
}

fn row(package: &PackageView, format: &Format) -> Vec<Show> {
    let page = &format.words().page;
    let none = page.nothing;
    let pick = |say: Option<crate::text::Say>, word: &str| {
        say.map_or_else(|| word.to_owned(), |say| format.lang.pick(say).to_owned())
    };

    let mut stock = vec![Tag::new(
        pick(words::package_effect(&package.effect), &package.effect),
        match package.effect.as_str() {
            "reserved" => "info",
            "unknown" => "warn",
            _ => "",
        },
    )];
    if !package.unreadable.is_empty() {
        stock.push(Tag::new(page.unreadable, "bad"));
    }

    let lines: Vec<String> = package
        .lines
        .iter()
        .map(|line| format!("{} × {}", line.quantity, line.barcode))
        .collect();
    let place = package.place.as_deref();

    vec![
        Show::Code(package.package.to_string()),
        Show::Code(package.order.clone()),
        Show::Text(pick(
            words::package_status(&package.status),
            &package.status,
        )),
        Show::Tags(stock),
        Show::text_or(place.map(|place| pick(words::place(place), place)), none),
        Show::Long(lines.join("\n")),
        package.taken_at.map_or_else(
            || Show::Text(none.to_owned()),
            |at| Show::Brief(format.distance(at)),
        ),
        Show::Time(format.moment(package.changed_at)),
    ]
}
