//! What waits for a person, with the evidence side by side.

use askama::Template;
use axum::response::Html;
use serde::Deserialize;
use serde_json::Value;

use super::{
    order,
    reader::{Chrome, Reader, Tab, html},
    timeline,
    view::{Fact, Facts, Link, Show, Tag, cut},
    words,
};
use crate::{
    http::{
        extract::Query,
        pages::{format::Format, place::Cursor},
        problem::Problem,
    },
    order::HoldReason,
    store::{InboxAnswer, InboxOrder, InboxPurchase, InboxShop},
};

/// Orders on one page.
const PAGE: i64 = 25;

#[derive(Deserialize)]
pub(super) struct Part {
    after: Option<Cursor>,
}

struct Case {
    id: String,
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
    cases: Vec<Case>,
    pages: Vec<Link>,
}

/// `GET /inbox`
pub(super) async fn page(
    reader: Reader,
    Query(part): Query<Part>,
) -> Result<Html<String>, Problem> {
    let after = part.after.map(|cursor| cursor.0);
    let mut orders = reader.world.store.inbox(after, PAGE + 1).await?;
    let words = reader.words();
    let size = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let more = orders.len() > size;
    orders.truncate(size);
    let mut pages = Vec::new();
    if after.is_some() {
        pages.push(Link::new("/inbox", words.page.back));
    }
    if let Some(last) = orders.last().filter(|_| more) {
        let cursor = Cursor::at(last.tracked_at, last.order);
        pages.push(Link::new(format!("/inbox?after={cursor}"), words.page.more));
    }
    html(&InboxPage {
        c: reader.chrome(Tab::Inbox, words.page.inbox),
        cases: orders
            .iter()
            .map(|order| case(order, &reader.format))
            .collect(),
        pages,
    })
}

fn case(case: &InboxOrder, format: &Format) -> Case {
    let number = case.shop.as_ref().and_then(|shop| shop.order_no);
    let reason = case.held.unwrap_or(HoldReason::Unconfirmed);
    Case {
        id: case.order.to_string(),
        href: order::path_of(case.order),
        title: order::title(case.order, number, format),
        stage: timeline::stage_tag(case.stage, format),
        why: reason.clause(format.lang),
        since: format.distance(case.tracked_at),
        fix: Some(reason.fix(format.lang)),
        shop: case
            .shop
            .as_ref()
            .map_or_else(Vec::new, |shop| shop_facts(shop, format)),
        sent: case
            .sent
            .as_ref()
            .map_or_else(Vec::new, |sent| sent_facts(sent, case, format)),
        answer: case
            .answer
            .as_ref()
            .map_or_else(Vec::new, |answer| answer_facts(answer, format)),
        actions: order::ways(case.order, case.stage, case.held, format),
    }
}

fn shop_facts(shop: &InboxShop, format: &Format) -> Vec<Fact> {
    let page = &format.words().page;
    // The whole of a long one stands on the order's page.
    let name = |text: &Option<String>| text.as_deref().map(cut);
    let (package, player, extra) = (name(&shop.package), name(&shop.player), name(&shop.extra));
    Facts::default()
        .with(page.shop_status, order::shop_status(&shop.status, format))
        .with(
            page.external_status,
            order::external_status(&shop.external_status, format),
        )
        .text(page.package, package.as_deref())
        .with(page.quantity, Show::Num(format.count(shop.quantity)))
        .text(page.player, player.as_deref())
        .text(page.extra, extra.as_deref())
        .maybe(page.message, shop.message.as_deref(), |text| {
            Show::Text(words::shop_message(text, format.lang))
        })
        .with(page.created, Show::Time(format.moment(shop.created_at)))
        .all()
}

fn sent_facts(sent: &InboxPurchase, case: &InboxOrder, format: &Format) -> Vec<Fact> {
    let page = &format.words().page;
    let money = |amount| Show::Said(format.money(amount, "TRY"));
    let outcome = sent.outcome.as_deref();
    Facts::default()
        .with(page.reference, Show::Code(sent.reference.clone()))
        .text(page.panel, case.panel.as_deref())
        .with(page.claimed, Show::Time(format.moment(sent.claimed_at)))
        .maybe(page.outcome, outcome, |kind| {
            Show::Text(timeline::kind_name(kind, format))
        })
        .maybe(page.expected, sent.expected, money)
        .maybe(page.cost, sent.cost, money)
        .maybe(page.next_look, case.due_at, |at| {
            Show::Time(format.moment(at))
        })
        .all()
}

fn answer_facts(answer: &InboxAnswer, format: &Format) -> Vec<Fact> {
    let page = &format.words().page;
    let evidence = answer
        .detail
        .get("evidence")
        .filter(|value| value.is_object());
    let mut evidence = evidence.unwrap_or(&answer.detail).clone();
    if let Value::Object(facts) = &mut evidence {
        // Said beside it.
        facts.remove("reason");
        facts.remove("next_look");
    }
    let mut facts = Facts::default()
        .with(
            page.state,
            Show::Text(timeline::kind_name(&answer.kind, format)),
        )
        .with(page.answered, Show::Time(format.moment(answer.at)))
        .all();
    facts.extend(timeline::facts(&evidence, format));
    facts
}
