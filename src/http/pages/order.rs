//! One order: what it is, why it waits, what has happened, and what can be done about it.

use askama::Template;
use axum::{
    extract::State,
    response::{Html, IntoResponse, Redirect, Response},
};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::{
    done::Done,
    format::Format,
    reader::{Chrome, Reader, Tab, html},
    timeline::{self, Step},
    view::{Fact, Facts, Link, Show, Tag},
    words,
};
use crate::{
    http::{
        AppState,
        decide::{detail, facts},
        extract::{Path, Query},
        problem::{Code as ProblemCode, Problem},
    },
    order::{
        EventKind, HoldReason, OrderId, Stage, WayOut,
        explain::{self, Explanation},
        person::Verdict,
    },
    store::{Event, PlayerOf, ShopRow, StoredEvent, TrackedOrder, cut_page},
};

/// Steps on one page of the timeline.
const STEPS: i64 = 50;

#[derive(Deserialize)]
pub(super) struct Part {
    before: Option<i64>,
}

/// What is shown of the code.
enum Code {
    None,
    Masked,
    NeedsToken,
    Shown(String),
}

#[derive(Template)]
#[template(path = "order.html")]
struct OrderPage {
    c: Chrome,
    path: String,
    stage: Option<Tag>,
    state: String,
    fix: Option<&'static str>,
    actions: Vec<Link>,
    facts: Vec<Fact>,
    shop: Vec<Fact>,
    code: Code,
    steps: Vec<Step>,
    pages: Vec<Link>,
    first_page: bool,
}

/// `GET /orders/{id}`
pub(super) async fn page(
    reader: Reader,
    Path(id): Path<Uuid>,
    Query(part): Query<Part>,
) -> Result<Html<String>, Problem> {
    show(&reader, OrderId(id), part.before, None).await
}

/// `POST /orders/{id}/code`: shows the code once, after writing down that it was.
pub(super) async fn code(
    State(state): State<AppState>,
    reader: Reader,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    // Without a token, everybody on this machine could read codes.
    if !reader.caller.showed_token() {
        return Err(Problem::new(
            ProblemCode::NeedsToken,
            "codes are shown only to who has shown the token",
        ));
    }

    let order = OrderId(id);
    let store = &reader.world.store;
    let Some(pin) = store.pin(order).await? else {
        return Ok(Redirect::to(&Done::NoCode.shown_at(&path_of(order))).into_response());
    };

    // Before it is shown: a look that nobody knows of must not happen.
    let event = Event {
        order,
        kind: EventKind::PinShown,
        detail: json!({ "where": "page" }),
    };
    store.append_events(&[event], state.clock().now()).await?;

    let shown = pin.expose_secret().to_owned();
    let page = show(&reader, order, None, Some(shown)).await?;
    Ok(page.into_response())
}

/// `GET /orders/{id}/code`: somebody has loaded the page with the code anew.
pub(super) async fn code_again(Path(id): Path<Uuid>) -> Redirect {
    Redirect::to(&path_of(OrderId(id)))
}

/// The address of an order's page.
pub(super) fn path_of(order: OrderId) -> String {
    format!("/orders/{order}")
}

/// What an order is called: by its number, otherwise by its id.
pub(super) fn title(order: OrderId, number: Option<&str>, format: &Format) -> String {
    let number = number.map_or_else(|| order.to_string(), ToOwned::to_owned);
    format.words().page.order_of(&number)
}

async fn show(
    reader: &Reader,
    order: OrderId,
    before: Option<i64>,
    pin: Option<String>,
) -> Result<Html<String>, Problem> {
    let (store, format) = (&reader.world.store, &reader.format);
    let detail = detail(&reader.world, order).await?;
    let facts = facts(&reader.world, order).await?;
    let explanation = explain::explain(&facts);
    // One more than is shown says whether there is another page.
    let events = store.events_before(order, before, STEPS + 1).await?;

    let number = detail.shop.as_ref().and_then(|shop| shop.number.as_deref());
    let mut chrome = reader.chrome(Tab::Orders, title(order, number, format));
    // Loading the page with the code anew leads back to the order.
    chrome.address = pin.is_some().then(|| path_of(order));
    let code = match pin {
        Some(pin) => Code::Shown(pin),
        // A code is not read to say that there is one.
        None if !store.has_pin(order).await? => Code::None,
        None if reader.caller.showed_token() => Code::Masked,
        None => Code::NeedsToken,
    };

    let tracked = detail.tracked.as_ref();
    let mut actions = tracked.map_or_else(Vec::new, |known| {
        actions(order, known.watched.stage, known.held, format)
    });
    if detail.may_confirm {
        let href = format!("{}/confirm", path_of(order));
        actions.push(Link::new(href, format.words().act.confirm_fields));
    }

    let panel = facts.tracked.and_then(|known| known.panel);
    let mut ours = our_facts(
        order,
        tracked,
        panel.map(|panel| panel.name),
        &explanation,
        format,
    );
    ours.extend(player_facts(detail.player.as_ref(), format));
    let (steps, pages) = steps(order, events, before, format);

    html(&OrderPage {
        c: chrome,
        path: path_of(order),
        stage: tracked.map(|known| timeline::stage_tag(known.watched.stage, format)),
        state: explanation.sentence(format),
        fix: explanation.why.fix(format.lang),
        actions,
        facts: ours,
        shop: detail
            .shop
            .as_ref()
            .map_or_else(Vec::new, |shop| shop_facts(shop, format)),
        code,
        steps,
        pages,
        first_page: before.is_none(),
    })
}

fn steps(
    order: OrderId,
    mut events: Vec<StoredEvent>,
    before: Option<i64>,
    format: &Format,
) -> (Vec<Step>, Vec<Link>) {
    let page = &format.words().page;
    let more = cut_page(&mut events, usize::try_from(STEPS).unwrap_or(usize::MAX));

    let mut pages = Vec::new();
    if before.is_some() {
        pages.push(Link::new(path_of(order), page.newest));
    }
    if let Some(last) = events.last().filter(|_| more) {
        let href = format!("{}?before={}#steps", path_of(order), last.id);
        pages.push(Link::new(href, page.older));
    }

    let steps = events.iter().map(|event| timeline::step(event, format));
    (steps.collect(), pages)
}

/// What a person may do, each beginning with a page that says what would happen.
pub(super) fn actions(
    order: OrderId,
    stage: Stage,
    held: Option<HoldReason>,
    format: &Format,
) -> Vec<Link> {
    let path = path_of(order);
    let retry =
        held.is_some_and(|held| matches!(held.way_out(), WayOut::Retry | WayOut::RetryAlone));
    let retry = retry.then(|| Link::new(format!("{path}/retry"), format.words().act.retry));

    let verdicts = Verdict::of(stage, held).iter().map(|verdict| {
        let href = format!("{path}/resolve?verdict={verdict}");
        Link::new(href, verdict_label(*verdict, format))
    });
    retry.into_iter().chain(verdicts).collect()
}

pub(super) const fn verdict_label(verdict: Verdict, format: &Format) -> &'static str {
    let act = &format.words().act;
    match verdict {
        Verdict::Bought => act.bought,
        Verdict::NotBought => act.not_bought,
        Verdict::SendAgain => act.send_again,
        Verdict::GiveCode => act.give_code,
        Verdict::KeepBack => act.keep_back,
    }
}

fn our_facts(
    order: OrderId,
    tracked: Option<&TrackedOrder>,
    panel: Option<String>,
    explanation: &Explanation,
    format: &Format,
) -> Vec<Fact> {
    let page = &format.words().page;
    let time = |at| Show::Time(format.moment(at));
    let facts = Facts::default();
    let Some(tracked) = tracked else {
        return facts
            .with(page.stage, Show::Text(page.not_tracked.to_owned()))
            .with(page.order_id, Show::Code(order.to_string()))
            .all();
    };

    let watched = &tracked.watched;
    let reference = tracked.reference.as_ref();
    facts
        .maybe(page.reference, reference, |name| {
            Show::Code(name.to_string())
        })
        .maybe(page.panel, panel, Show::Text)
        .maybe(page.next_check, explanation.next_check(), time)
        .with(page.tracked, time(tracked.tracked_at))
        .maybe(page.sent, watched.sent_at, time)
        .maybe(page.gives_up, watched.give_up_at, time)
        .maybe(page.final_at, tracked.finished_at, time)
        .with(page.check_count, Show::Num(format.count(watched.attempts)))
        .maybe(page.still_working, tracked.waited_at, time)
        .with(page.order_id, Show::Code(order.to_string()))
        .with(page.tenant, Show::Code(tracked.tenant.to_string()))
        .all()
}

/// What is sent about the player, and whether that is known to be right.
fn player_facts(of: Option<&PlayerOf>, format: &Format) -> Vec<Fact> {
    let page = &format.words().page;
    let Some(PlayerOf {
        player, confirmed, ..
    }) = of
    else {
        return Vec::new();
    };

    let confirmed = if *confirmed {
        page.fields_confirmed
    } else {
        page.fields_not_confirmed
    };

    Facts::default()
        .with(page.player_fields, Show::Code(player.to_string()))
        .with(
            page.fields_rule,
            Show::Text(format!("{}, {confirmed}", player.fields)),
        )
        .all()
}

fn shop_facts(shop: &ShopRow, format: &Format) -> Vec<Fact> {
    let page = &format.words().page;
    let time = |at| Show::Time(format.moment(at));
    let panel_says = shop.provider_message.clone();
    let panel_says = panel_says.filter(|text| !text.trim().is_empty());

    Facts::default()
        .maybe(page.number, shop.number.clone(), Show::Code)
        .with(page.shop_status, shop_status(&shop.status, format))
        .with(
            page.external_status,
            external_status(&shop.external_status, format),
        )
        .text(page.package, shop.package.as_deref())
        .with(page.quantity, Show::Num(format.count(shop.quantity)))
        .text(page.player, shop.player.as_deref())
        .text(page.extra, shop.extra.as_deref())
        .with(
            page.cost,
            Show::Said(format.money(shop.cost, &shop.currency)),
        )
        .maybe(page.message, shop.message.as_deref(), |text| {
            Show::Text(words::shop_message(text, format.lang))
        })
        .maybe(page.panel_says, panel_says, Show::Long)
        .with(page.created, time(shop.created_at))
        .maybe(page.sent, shop.sent_at, time)
        .maybe(page.completed, shop.completed_at, time)
        .all()
}

/// `product_orders.status` in words, or as it stands.
pub(super) fn shop_status(status: &str, format: &Format) -> Show {
    Show::Said(format.named(words::shop_status(status), status))
}

/// `"externalStatus"` in words, or as it stands.
pub(super) fn external_status(status: &str, format: &Format) -> Show {
    Show::Said(format.named(words::external_status(status), status))
}
