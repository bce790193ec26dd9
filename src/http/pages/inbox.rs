//! What needs review, with the evidence side by side.

use askama::Template;
use axum::response::Html;
use serde::Deserialize;
use serde_json::Value;

use super::{
    order,
    reader::{Chrome, Reader, Tab, html},
    retry_all, timeline,
    view::{Fact, Facts, Link, Show, Tag, cut},
    words,
};
use crate::{
    http::{extract::Query, pages::format::Format, problem::Problem},
    order::{HoldReason, WayOut},
    store::{InboxOrder, OrderCursor, cut_page},
};

/// Orders on one page.
const PAGE: i64 = 25;

#[derive(Deserialize)]
pub(super) struct Part {
    after: Option<OrderCursor>,
}

struct Case {
    id: String,
    /// What it can be selected by; nothing where it is decided on its own.
    select: Option<&'static str>,
    href: String,
    title: String,
    stage: Tag,
    why: &'static str,
    since: String,
    fix: Option<&'static str>,
    shop: Vec<Fact>,
    sent: Vec<Fact>,
    answer: Vec<Fact>,
    actions: Vec<Link>,
}

#[derive(Template)]
#[template(path = "inbox.html")]
struct InboxPage {
    c: Chrome,
    groups: Vec<Group>,
    cases: Vec<Case>,
    pages: Vec<Link>,
}

/// Orders that are held for the same reason.
struct Group {
    why: &'static str,
    orders: String,
    /// Its name.
    reason: &'static str,
    /// Where all of them are retried at once.
    retry: Option<String>,
}

/// `GET /inbox`
pub(super) async fn page(
    reader: Reader,
    Query(part): Query<Part>,
) -> Result<Html<String>, Problem> {
    // One more than is shown says whether there is another page.
    let mut orders = reader.world.store.inbox(part.after, PAGE + 1).await?;
    let more = cut_page(&mut orders, usize::try_from(PAGE).unwrap_or(usize::MAX));

    let words = reader.words();
    let mut pages = Vec::new();
    if part.after.is_some() {
        pages.push(Link::new("/inbox", words.page.back));
    }
    if let Some(last) = orders.last().filter(|_| more) {
        let href = format!("/inbox?after={}", last.cursor());
        pages.push(Link::new(href, words.page.more));
    }

    html(&InboxPage {
        c: reader.chrome(Tab::Inbox, words.page.inbox),
        groups: groups(&reader).await?,
        cases: orders
            .iter()
            .map(|order| case(order, &reader.format))
            .collect(),
        pages,
    })
}

/// What is held, by reason; nothing where each order has a reason of its own.
async fn groups(reader: &Reader) -> Result<Vec<Group>, Problem> {
    let reasons = reader.world.store.held_reasons().await?;
    if reasons.iter().all(|(_, orders)| *orders < 2) {
        return Ok(Vec::new());
    }

    let format = &reader.format;
    let groups = reasons.into_iter().map(|(reason, orders)| Group {
        why: reason.clause(format.lang),
        orders: format.count(orders),
        reason: reason.as_str(),
        retry: retry_all::path_of(reason),
    });
    Ok(groups.collect())
}

fn case(order: &InboxOrder, format: &Format) -> Case {
    // Those that are unconfirmed and not held yet are shown, too; they have no other reason.
    let reason = order.held.unwrap_or(HoldReason::Unconfirmed);
    Case {
        id: order.order.to_string(),
        select: order
            .held
            .filter(|held| held.way_out() == WayOut::Retry)
            .map(HoldReason::as_str),
        href: order::path_of(order.order),
        title: order::title(order.order, order.number.as_deref(), format),
        stage: timeline::stage_tag(order.stage, format),
        why: reason.clause(format.lang),
        since: format.distance(order.tracked_at),
        fix: Some(reason.fix(format.lang)),
        shop: shop_facts(order, format),
        sent: sent_facts(order, format),
        answer: answer_facts(order, format),
        actions: order::actions(order.order, order.stage, order.held, format),
    }
}

/// Nothing where the shop's row is gone.
fn shop_facts(order: &InboxOrder, format: &Format) -> Vec<Fact> {
    let page = &format.words().page;
    // The whole of a long one stands on the order's page.
    let name = |text: &Option<String>| text.as_deref().map(cut);
    let (package, player) = (name(&order.package), name(&order.player));
    let extra = name(&order.extra);
    // Our own stands with what was sent.
    let given = order
        .given
        .clone()
        .filter(|_| order.given != order.reference);

    Facts::default()
        .maybe(page.shop_status, order.status.as_deref(), |status| {
            order::shop_status(status, format)
        })
        .maybe(
            page.external_status,
            order.external_status.as_deref(),
            |status| order::external_status(status, format),
        )
        .text(page.package, package.as_deref())
        .maybe(page.quantity, order.quantity, |units| {
            Show::Num(format.count(units))
        })
        .text(page.player, player.as_deref())
        .text(page.extra, extra.as_deref())
        .maybe(page.message, order.message.as_deref(), |text| {
            Show::Text(words::shop_message(text, format.lang))
        })
        .maybe(page.created, order.created_at, |at| {
            Show::Time(format.moment(at))
        })
        .maybe(page.reference, given, Show::Code)
        .all()
}

/// Nothing where nothing was sent.
fn sent_facts(order: &InboxOrder, format: &Format) -> Vec<Fact> {
    let page = &format.words().page;
    let Some((reference, claimed_at)) = order.reference.clone().zip(order.claimed_at) else {
        return Vec::new();
    };
    let money = |amount| Show::Said(format.money(amount, "TRY"));
    let time = |at| Show::Time(format.moment(at));

    Facts::default()
        .with(page.reference, Show::Code(reference))
        .text(page.panel, order.panel.as_deref())
        .with(page.claimed, time(claimed_at))
        .maybe(page.outcome, order.outcome.as_deref(), |kind| {
            Show::Text(timeline::kind_name(kind, format))
        })
        .maybe(page.expected, order.expected, money)
        .maybe(page.cost, order.cost, money)
        .maybe(page.next_check, order.due_at, time)
        .all()
}

/// Nothing where the panel has not answered.
fn answer_facts(order: &InboxOrder, format: &Format) -> Vec<Fact> {
    let page = &format.words().page;
    let Some((kind, at)) = order.answer_kind.as_deref().zip(order.answered_at) else {
        return Vec::new();
    };
    let mut evidence = order.answer.clone().unwrap_or_default();

    // Some steps hold what the panel said one level down.
    if let Some(within) = evidence
        .get_mut("evidence")
        .filter(|value| value.is_object())
    {
        evidence = within.take();
    }
    if let Value::Object(facts) = &mut evidence {
        // Both stand beside it already.
        facts.remove("reason");
        facts.remove("next_check");
    }

    let mut facts = Facts::default()
        .with(page.state, Show::Text(timeline::kind_name(kind, format)))
        .with(page.answered, Show::Time(format.moment(at)))
        .all();
    facts.extend(timeline::facts(&evidence, format));
    facts
}
